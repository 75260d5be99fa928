// Exact line searches (Hedberg 5.1): bracketing, golden section, and Brent's methods without and
// with derivatives (Brent, Algorithms for Minimization without Derivatives, 1973).
#include "optim/line_minimum.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace cnn {

namespace {

constexpr int kTrials = 100;
constexpr double kGolden = 0.3819660112501051;  // 2 - phi
constexpr double kGrowth = 1.618033988749895;
constexpr double kFarthest = 10;  // times the last stretch

class MinimumSearch {
  public:
    MinimumSearch(Line &line, const LineSettings &settings, const LinePoint &start)
        : line_(line),
          settings_(settings),
          start_(start),
          left_(start),
          lowest_(start),
          right_(start) {}

    LineResult run(double first) {
        if (!bracket(first))
            return {any_lost_ && !any_finite_ ? LineOutcome::not_finite : LineOutcome::none,
                    start_};
        if (enclosed_) {
            if (settings_.kind == LineSearch::golden)
                golden();
            else if (settings_.kind == LineSearch::brent)
                brent();
            else
                brent_slope();
        }
        const LinePoint held = line_.hold(lowest_);
        if (!all_finite(held.value, held.slope)) return {LineOutcome::not_finite, start_};
        return {enclosed_ ? LineOutcome::found : LineOutcome::lower, held};
    }

  private:
    bool slopes() const { return settings_.kind == LineSearch::brent_slope; }

    // What isn't finite is above everything.
    LinePoint evaluate(double a) {
        ++trials_;
        LinePoint p = slopes() ? line_.at(a) : line_.value(a);
        if (std::isfinite(p.value) && (!slopes() || std::isfinite(p.slope))) {
            any_finite_ = any_finite_ || p.value != start_.value;
        } else {
            any_lost_ = true;
            p = {a, std::numeric_limits<double>::infinity(), 0};
        }
        return p;
    }

    // left < lowest < right with the lowest value in the middle. False: no lower point was found.
    bool bracket(double first) {
        LinePoint b = evaluate(first);
        while (!(b.value < start_.value)) {
            if (trials_ >= kTrials || b.a <= 0) return false;
            right_ = b;
            b = evaluate(std::isfinite(b.value) ? shorter(b) : 0.1 * b.a);
        }
        lowest_ = b;
        enclosed_ = right_.a > lowest_.a;
        while (!enclosed_ && trials_ < kTrials) {
            const LinePoint c = evaluate(farther());
            if (c.value >= lowest_.value) {
                right_ = c;
                enclosed_ = true;
            } else {
                left_ = lowest_;
                lowest_ = c;
            }
        }
        return true;
    }

    double shorter(const LinePoint &p) const {
        const double parabola =
            -start_.slope * p.a * p.a / (2 * (p.value - start_.value - start_.slope * p.a));
        return std::clamp(parabola, 0.05 * p.a, kGolden * p.a);
    }

    // By the parabola through the three latest points, no less than a golden stretch.
    double farther() const {
        const double stretch = lowest_.a - left_.a;
        const double slope_now = (lowest_.value - left_.value) / stretch;
        double step = kGrowth * stretch;
        if (left_.a == 0) {
            const double curvature = (slope_now - start_.slope) / stretch;
            const double to = curvature > 0 ? -start_.slope / (2 * curvature) : step + lowest_.a;
            step = std::max(step, 1.1 * (to - lowest_.a));
        }
        return lowest_.a + std::min(step, kFarthest * stretch);
    }

    // Keeps the bracket around the lower of two inner points.
    void take(const LinePoint &p) {
        if (p.value < lowest_.value) {
            (p.a > lowest_.a ? left_ : right_) = lowest_;
            lowest_ = p;
        } else {
            (p.a > lowest_.a ? right_ : left_) = p;
        }
    }

    bool narrow() const {
        return right_.a - left_.a <= 2 * settings_.tolerance * std::abs(lowest_.a) ||
               trials_ >= kTrials;
    }

    double section() const {
        const double to_right = right_.a - lowest_.a, to_left = lowest_.a - left_.a;
        return to_right > to_left ? lowest_.a + kGolden * to_right : lowest_.a - kGolden * to_left;
    }

    void golden() {
        while (!narrow()) take(evaluate(section()));
    }

    // Parabolas through the three lowest points, golden sections where they don't help.
    void brent() {
        LinePoint second = left_.value < right_.value ? left_ : right_;
        LinePoint third = left_.value < right_.value ? right_ : left_;
        double step = 0, step_before = right_.a - left_.a;
        while (!narrow()) {
            const double x = lowest_.a, least = settings_.tolerance * std::abs(x);
            double next = parabola(second, third);
            const bool useful =
                next > left_.a && next < right_.a && std::abs(next - x) < std::abs(step_before) / 2;
            if (!useful) {
                next = section();
                step_before = next > x ? right_.a - x : left_.a - x;
            } else {
                step_before = step;
            }
            step = next - x;
            if (std::abs(step) < least) step = std::copysign(least, step);
            next = std::clamp(x + step, left_.a, right_.a);
            if (next == left_.a || next == right_.a) next = section();
            const LinePoint p = evaluate(next), before = lowest_;
            take(p);
            if (p.value < before.value) {
                third = second;
                second = before;
            } else if (p.value <= second.value || second.a == before.a) {
                third = second;
                second = p;
            } else if (p.value <= third.value) {
                third = p;
            }
            if (std::abs(middle() - lowest_.a) <= 2 * least - (right_.a - left_.a) / 2) return;
        }
    }

    double middle() const { return (left_.a + right_.a) / 2; }

    double parabola(const LinePoint &second, const LinePoint &third) const {
        const double x = lowest_.a;
        const double r = (x - second.a) * (lowest_.value - third.value);
        const double q = (x - third.a) * (lowest_.value - second.value);
        const double divisor = 2 * (q - r);
        if (divisor == 0 || !std::isfinite(divisor)) return right_.a;
        return x - ((x - third.a) * q - (x - second.a) * r) / divisor;
    }

    // The sign of the slope says which side, secants of slopes say how far.
    void brent_slope() {
        LinePoint second = std::isfinite(left_.value) ? left_ : start_;
        while (!narrow()) {
            const double x = lowest_.a;
            if (std::abs(lowest_.slope) <= settings_.tolerance * std::abs(start_.slope)) return;
            const double end = lowest_.slope < 0 ? right_.a : left_.a;
            const double secant =
                x - lowest_.slope * (second.a - x) / (second.slope - lowest_.slope);
            const double middle = (x + end) / 2;
            const bool useful = std::min(x, end) < secant && secant < std::max(x, end) &&
                                std::abs(secant - x) < std::abs(last_step_) / 2;
            const double least = settings_.tolerance * std::abs(x);
            double next = useful ? secant : middle;
            if (std::abs(next - x) < least) next = x + std::copysign(least, end - x);
            last_step_ = useful ? next - x : end - x;
            const LinePoint p = evaluate(next), before = lowest_;
            take(p);
            second = p.value < before.value ? before : p;
        }
    }

    Line &line_;
    const LineSettings &settings_;
    LinePoint start_, left_, lowest_, right_;
    double last_step_ = std::numeric_limits<double>::infinity();
    int trials_ = 0;
    bool enclosed_ = false, any_finite_ = false, any_lost_ = false;
};

}  // namespace

LineResult line_minimum(Line &line, const LineSettings &settings, const LinePoint &start,
                        double first) {
    return MinimumSearch(line, settings, start).run(first);
}

}  // namespace cnn

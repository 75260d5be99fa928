// Inexact line searches: backtracking to Armijo's condition, and Wolfe's conditions by More's and
// Thuente's algorithm (ACM Transactions on Mathematical Software 20, 1994).
#include "optim/line_search.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/text.h"
#include "optim/line_minimum.h"

namespace cnn {

namespace {

constexpr int kTrials = 40;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kLongest = 1e20;

bool finite(const LinePoint &p) {
    return all_finite(p.value, p.slope);
}

// Not only by being as good as the same point.
bool differs(const LinePoint &p, const LinePoint &start) {
    return p.value != start.value || p.slope != start.slope;
}

// Where the cubic through two points with their slopes has its minimum; NaN: nowhere.
double cubic_minimum(const LinePoint &p, const LinePoint &q) {
    const double width = q.a - p.a;
    const double theta = 3 * (p.value - q.value) / width + p.slope + q.slope;
    const double scale = std::max({std::abs(theta), std::abs(p.slope), std::abs(q.slope)});
    if (scale == 0) return (p.a + q.a) / 2;
    const double t = theta / scale;
    const double root = t * t - (p.slope / scale) * (q.slope / scale);
    if (root < 0) return std::numeric_limits<double>::quiet_NaN();
    const double gamma = std::copysign(scale * std::sqrt(root), width);
    return p.a + width * (gamma - p.slope + theta) / (2 * gamma - p.slope + q.slope);
}

// Of the parabola with p's value and slope and q's value.
double parabola_minimum(const LinePoint &p, const LinePoint &q) {
    const double width = q.a - p.a;
    return p.a + p.slope / ((p.value - q.value) / width + p.slope) / 2 * width;
}

// Where the slope, taken as linear, is zero.
double secant_root(const LinePoint &p, const LinePoint &q) {
    return p.a + p.slope / (p.slope - q.slope) * (q.a - p.a);
}

// The interval of the search: the best point so far, and the other end once the minimum is
// enclosed.
class Interval {
  public:
    explicit Interval(const LinePoint &start) : best_(start), other_(start) {}

    const LinePoint &best() const { return best_; }
    const LinePoint &other() const { return other_; }
    bool enclosed() const { return enclosed_; }
    double width() const { return std::abs(other_.a - best_.a); }
    double middle() const { return (best_.a + other_.a) / 2; }

    // Takes in a trial and gives the next, within [low, high] while nothing is enclosed.
    double next(const LinePoint &trial, double low, double high) {
        const double step = propose(trial, low, high);
        const bool opposite = trial.slope * best_.slope < 0;
        if (trial.value > best_.value) {
            other_ = trial;
            enclosed_ = true;
        } else {
            if (opposite) {
                other_ = best_;
                enclosed_ = true;
            }
            best_ = trial;
        }
        return step;
    }

    // The values of the auxiliary function, f less the line of Armijo's condition.
    void tilt(double slope) {
        for (LinePoint *p : {&best_, &other_}) {
            p->value -= slope * p->a;
            p->slope -= slope;
        }
    }

  private:
    double propose(const LinePoint &trial, double low, double high) const {
        const auto nearer = [](double from, double one, double two) {
            return std::abs(one - from) < std::abs(two - from) ? one : two;
        };
        const auto farther = [](double from, double one, double two) {
            return std::abs(one - from) > std::abs(two - from) ? one : two;
        };
        if (trial.value > best_.value) {
            const double cubic = cubic_minimum(best_, trial);
            const double parabola = parabola_minimum(best_, trial);
            if (std::abs(cubic - best_.a) < std::abs(parabola - best_.a)) return cubic;
            return std::isnan(cubic) ? parabola : (cubic + parabola) / 2;
        }
        if (trial.slope * best_.slope < 0) {
            const double secant = secant_root(trial, best_);
            const double cubic = cubic_minimum(trial, best_);
            return std::isnan(cubic) ? secant : farther(trial.a, cubic, secant);
        }
        const bool ahead = trial.a > best_.a;
        if (std::abs(trial.slope) < std::abs(best_.slope)) {
            const double secant = secant_root(trial, best_);
            const double cubic = beyond(trial, ahead ? high : low);
            if (!enclosed_) return std::clamp(farther(trial.a, cubic, secant), low, high);
            // No farther than two thirds of the way to the other end.
            const double most = trial.a + 0.66 * (other_.a - trial.a);
            const double step = nearer(trial.a, cubic, secant);
            return ahead ? std::min(most, step) : std::max(most, step);
        }
        if (!enclosed_) return ahead ? high : low;
        const double cubic = cubic_minimum(trial, other_);
        return std::isnan(cubic) ? (trial.a + other_.a) / 2 : cubic;
    }

    // The cubic's minimum where it lies beyond the trial, else the end.
    double beyond(const LinePoint &trial, double end) const {
        const double cubic = cubic_minimum(best_, trial);
        if (std::isnan(cubic)) return end;
        return (cubic - trial.a) * (trial.a - best_.a) > 0 ? cubic : end;
    }

    LinePoint best_, other_;
    bool enclosed_ = false;
};

class WolfeSearch {
  public:
    WolfeSearch(Line &line, const LineSettings &settings, const LinePoint &start)
        : line_(line), settings_(settings), start_(start), interval_(start), lowest_(start) {
        // What rounding alone may add to a value.
        noise_ = 4 * line.epsilon() * std::abs(start.value);
    }

    LineResult run(double first) {
        double a = std::min(first, kLongest);
        bool any_finite = false, any_lost = false;
        for (int i = 0; i < kTrials; ++i) {
            const LinePoint trial = line_.at(a);
            if (!finite(trial)) {
                any_lost = true;
                // Beyond the domain: nothing there is tried again.
                limit_ = std::min(limit_, a);
                a = interval_.best().a + 0.2 * (a - interval_.best().a);
                if (a <= 0 || a == interval_.best().a) break;
                continue;
            }
            any_finite = any_finite || differs(trial, start_);
            if (trial.value < lowest_.value) lowest_ = trial;
            if (accepts(trial)) return {LineOutcome::found, trial};
            const double next = advance(trial);
            if (exhausted_ || next == a) break;
            a = next;
        }
        if (lowest_.value < start_.value) {
            const LinePoint held = line_.hold(lowest_);
            if (finite(held)) return {LineOutcome::lower, held};
        }
        return {any_lost && !any_finite ? LineOutcome::not_finite : LineOutcome::none, start_};
    }

  private:
    bool accepts(const LinePoint &p) const {
        const double s0 = start_.slope;
        const bool flat = settings_.kind == LineSearch::wolfe
                              ? p.slope >= settings_.c2 * s0
                              : std::abs(p.slope) <= settings_.c2 * std::abs(s0);
        if (!flat) return false;
        if (p.value <= start_.value + settings_.c1 * p.a * s0) return true;
        // Where values differ by rounding alone the slopes tell the same (Hager, Zhang 2005).
        return p.value <= start_.value + noise_ && p.slope <= (2 * settings_.c1 - 1) * s0;
    }

    // The next a after a trial that isn't it.
    double advance(const LinePoint &trial) {
        const double tilt = settings_.c1 * start_.slope;
        const bool armijo = trial.value <= start_.value + tilt * trial.a;
        if (armijo && trial.slope >= 0) second_stage_ = true;
        // How far it may go while the minimum isn't enclosed.
        const double reach = trial.a - interval_.best().a;
        const double low = interval_.enclosed() || first_ ? 0 : trial.a + 1.1 * reach;
        first_ = false;
        double high = interval_.enclosed() ? kLongest : trial.a + 4 * reach;
        if (limit_ < kInfinity) high = std::min(high, trial.a + 0.7 * (limit_ - trial.a));
        double next;
        const bool tilted = !second_stage_ && trial.value <= interval_.best().value && !armijo;
        if (tilted) {
            interval_.tilt(tilt);
            next = interval_.next({trial.a, trial.value - tilt * trial.a, trial.slope - tilt},
                                  std::min(low, high), high);
            interval_.tilt(-tilt);
        } else {
            next = interval_.next(trial, std::min(low, high), high);
        }
        return narrow(next);
    }

    double narrow(double next) {
        if (!interval_.enclosed()) {
            if (next >= kLongest || next <= 0) exhausted_ = true;
            return next;
        }
        const double width = interval_.width();
        if (width >= 0.66 * width_two_ago_) next = interval_.middle();
        width_two_ago_ = width_before_;
        width_before_ = width;
        const double low = std::min(interval_.best().a, interval_.other().a);
        const double high = std::max(interval_.best().a, interval_.other().a);
        if (!(next > low && next < high)) next = interval_.middle();
        if (width <= line_.epsilon() * high) exhausted_ = true;
        return next;
    }

    Line &line_;
    const LineSettings &settings_;
    LinePoint start_;
    Interval interval_;
    LinePoint lowest_;
    double noise_;
    double limit_ = kInfinity;
    double width_before_ = kInfinity, width_two_ago_ = kInfinity;
    bool first_ = true, second_stage_ = false, exhausted_ = false;
};

LineResult backtrack(Line &line, const LineSettings &settings, const LinePoint &start,
                     double first) {
    double a = std::min(first, kLongest);
    bool any_finite = false, any_lost = false;
    for (int i = 0; i < kTrials; ++i) {
        const LinePoint trial = line.at(a);
        double shorter = 0.1 * a;
        any_lost = any_lost || !finite(trial);
        if (finite(trial)) {
            any_finite = any_finite || differs(trial, start);
            // Lower too, where the condition's decrease is lost to rounding.
            if (trial.value < start.value &&
                trial.value <= start.value + settings.c1 * a * start.slope)
                return {LineOutcome::found, trial};
            shorter = std::clamp(parabola_minimum(start, trial), 0.1 * a, 0.5 * a);
        }
        a = shorter;
    }
    return {any_lost && !any_finite ? LineOutcome::not_finite : LineOutcome::none, start};
}

}  // namespace

LinePoint Line::at(double a) {
    VectorSpace &space = run_.space();
    space.combine(trial_, 1, x_, a, d_);
    const double value = run_.value_and_gradient(trial_, gradient_);
    held_ = {a, value, space.dot(gradient_, d_)};
    return held_;
}

LinePoint Line::value(double a) {
    run_.space().combine(trial_, 1, x_, a, d_);
    held_.a = -1;
    return {a, run_.value(trial_), std::numeric_limits<double>::quiet_NaN()};
}

LinePoint Line::hold(const LinePoint &point) {
    return held_.a == point.a ? held_ : at(point.a);
}

LineSettings line_settings(const HyperParameters &keys) {
    LineSettings settings;
    settings.kind = static_cast<LineSearch>(static_cast<int32_t>(keys[Key::line_search]));
    settings.c1 = keys[Key::c1];
    settings.c2 = keys[Key::c2];
    return settings;
}

void check_line_search(const Optimizer &optimizer) {
    if (!optimizer.has(Key::c2) || optimizer.value_or_zero(Key::search_period) > 0) return;
    const LineSettings settings = line_settings(optimizer);
    if (settings.kind != LineSearch::strong_wolfe && settings.kind != LineSearch::wolfe) return;
    if (settings.c1 < settings.c2 && settings.c2 < 1) return;
    fail(Status::out_of_range,
         text("minimize: ", optimizer.name(), ": c1 is ", settings.c1, " and c2 is ", settings.c2,
              ", but a search for Wolfe's conditions needs c1 < c2 < 1"));
}

LineResult search_line(Line &line, const LineSettings &settings, const LinePoint &start,
                       double first) {
    switch (settings.kind) {
        case LineSearch::strong_wolfe:
        case LineSearch::wolfe:
            return WolfeSearch(line, settings, start).run(first);
        case LineSearch::armijo:
            return backtrack(line, settings, start, first);
        case LineSearch::golden:
        case LineSearch::brent:
        case LineSearch::brent_slope:
            return line_minimum(line, settings, start, first);
    }
    return {LineOutcome::none, start};
}

}  // namespace cnn

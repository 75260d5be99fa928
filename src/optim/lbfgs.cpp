// L-BFGS: the two-loop recursion on the latest pairs of steps and gradient differences (Hedberg
// algorithms 2-3, corrected; Nocedal 1980). Trial points live in the pair that comes next, so that
// it works in 2 m + 3 vectors.
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "optim/descent.h"

namespace cnn {

namespace {

constexpr std::array kKeys = {
    KeyInfo{Key::history, "history", 8, 1, 1000, true},
    kLineSearchKey,
    kC1Key,
    c2_key(0.9),
    kCurvatureEpsilonKey,
    kCurvatureGuardKey,
    kL2Key,
    kL1Key,
};

struct Pair {
    std::unique_ptr<Vector> s, y;
    double ys = 0, yy = 0, gamma = 0;
};

class Run {
  public:
    Run(Minimization &run, const HyperParameters &keys, std::unique_ptr<Vector> &x)
        : run_(run),
          keys_(keys),
          space_(run.space()),
          at_(run, x),
          d_(space_.create()),
          history_(static_cast<size_t>(keys[Key::history])) {}

    [[noreturn]] void loop() {
        const LineSettings settings = line_settings(keys_);
        at_.start();
        while (true) {
            direct();
            double slope = space_.dot(*d_, at_.gradient());
            if (!(slope < 0) && count_ > 0) {
                restart();
                slope = space_.dot(*d_, at_.gradient());
            }
            const double first = count_ > 0 ? 1 : at_.first_step();
            const size_t used = count_;
            Pair &next = next_pair();
            const LineResult result = at_.search(*d_, slope, first, settings, next.s, next.y);
            if (result.outcome == LineOutcome::none || result.outcome == LineOutcome::not_finite) {
                if (used == 0) at_.give_up(result);
                ++run_.report().restarts;
                count_ = 0;
                continue;
            }
            learn(next, result.point.a, slope);
            at_.iterate(*d_, result.point.a);
        }
    }

  private:
    // The i-th latest pair.
    Pair &latest(size_t i) { return pairs_[(head_ + pairs_.size() - 1 - i) % pairs_.size()]; }

    // d = -H g.
    void direct() {
        space_.copy(*d_, at_.gradient());
        for (size_t i = 0; i < count_; ++i) {
            Pair &pair = latest(i);
            pair.gamma = space_.dot(*pair.s, *d_) / pair.ys;
            space_.add(*d_, -pair.gamma, *pair.y);
        }
        space_.scale(*d_, count_ > 0 ? -latest(0).ys / latest(0).yy : -1);
        for (size_t i = count_; i-- > 0;) {
            Pair &pair = latest(i);
            const double beta = space_.dot(*pair.y, *d_) / pair.ys;
            // d is negative already, and so is beta.
            space_.add(*d_, -pair.gamma - beta, *pair.s);
        }
    }

    void restart() {
        ++run_.report().restarts;
        count_ = 0;
        direct();
    }

    // The pair that the search works in: a new one, else the oldest, which is forgotten.
    Pair &next_pair() {
        if (count_ == pairs_.size() && pairs_.size() < history_) {
            // In order of age, so that the new one comes after the latest.
            std::rotate(pairs_.begin(), pairs_.begin() + static_cast<std::ptrdiff_t>(head_),
                        pairs_.end());
            head_ = pairs_.size();
            pairs_.push_back({space_.create(), space_.create(), 0, 0, 0});
        } else if (count_ == pairs_.size()) {
            --count_;
        }
        return pairs_[head_];
    }

    // From the point and gradient before, which the pair holds after a search.
    void learn(Pair &pair, double a, double slope) {
        space_.combine(*pair.s, 1, at_.x(), -1, *pair.s);
        space_.combine(*pair.y, 1, at_.gradient(), -1, *pair.y);
        pair.ys = space_.dot(*pair.y, *pair.s);
        pair.yy = space_.dot(*pair.y, *pair.y);
        const double ss = space_.dot(*pair.s, *pair.s);
        if (keys_[Key::curvature_guard] != 0) damp(pair, a, slope);
        const double least = keys_[Key::epsilon] * std::sqrt(pair.yy * ss);
        if (!(pair.ys > least) || !std::isfinite(pair.ys)) return;
        head_ = (head_ + 1) % pairs_.size();
        ++count_;
    }

    // Powell's: y becomes so much of B s that y^T s is a fifth of s^T B s. As s = -a H g before it,
    // B s is -a g.
    void damp(Pair &pair, double a, double slope) {
        const double sbs = -a * a * slope;
        if (pair.ys >= 0.2 * sbs) return;
        const double part = 0.8 * sbs / (sbs - pair.ys);
        // g before is g - y.
        space_.combine(*pair.y, part + (1 - part) * a, *pair.y, -(1 - part) * a, at_.gradient());
        pair.ys = space_.dot(*pair.y, *pair.s);
        pair.yy = space_.dot(*pair.y, *pair.y);
    }

    Minimization &run_;
    const HyperParameters &keys_;
    VectorSpace &space_;
    Descent at_;
    std::unique_ptr<Vector> d_;
    size_t history_;
    std::vector<Pair> pairs_;
    size_t head_ = 0;   // the next to be written
    size_t count_ = 0;  // of the latest ones that are in use
};

class Lbfgs final : public Minimizer {
  public:
    int32_t kind() const override { return 24; }
    const char *name() const override { return "lbfgs"; }
    std::span<const KeyInfo> keys() const override { return kKeys; }
    void minimize(Minimization &run, const HyperParameters &keys,
                  std::unique_ptr<Vector> &x) const override {
        Run(run, keys, x).loop();
    }
};

}  // namespace

const Minimizer *lbfgs_minimizer() {
    static const Lbfgs minimizer;
    return &minimizer;
}

}  // namespace cnn

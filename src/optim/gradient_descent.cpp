// Gradient descent by line search (Hedberg 118-119), with directions averaged and searches only now
// and then as options (Hedberg 8).
#include <algorithm>
#include <array>
#include <cmath>

#include "optim/descent.h"

namespace cnn {

namespace {

constexpr std::array kKeys = {
    kLineSearchKey,
    kC1Key,
    c2_key(0.1),
    KeyInfo{Key::average, "average", 0, 0, 0.999},
    KeyInfo{Key::search_period, "search_period", 0, 0, 1e9, true},
    kL2Key,
    kL1Key,
};

class Run {
  public:
    Run(Minimization &run, const HyperParameters &keys, std::unique_ptr<Vector> &x)
        : run_(run),
          keys_(keys),
          space_(run.space()),
          at_(run, x),
          d_(space_.create()),
          trial_(space_.create()),
          trial_gradient_(space_.create()) {}

    [[noreturn]] void loop() {
        at_.start();
        for (int64_t k = 0;;) {
            const bool accurate = period() > 0 && k % period() == 0;
            double slope = direct(k > 0 && !accurate);
            const LineResult result = at_.search(*d_, slope, first(slope, k, accurate),
                                                 settings(accurate), trial_, trial_gradient_);
            if (result.outcome == LineOutcome::none || result.outcome == LineOutcome::not_finite) {
                if (steepest_) at_.give_up(result);
                ++run_.report().restarts;
                k = 0;
                continue;
            }
            if (accurate) step_ = result.point.a;
            ++k;
            at_.iterate(*d_, result.point.a);
        }
    }

  private:
    int64_t period() const { return static_cast<int64_t>(keys_[Key::search_period]); }

    // -g, or the mean where it still descends. Gives the slope.
    double direct(bool averaged) {
        const double kept = averaged ? keys_[Key::average] : 0;
        space_.combine(*d_, kept, *d_, -(1 - kept), at_.gradient());
        steepest_ = kept == 0;
        const double slope = space_.dot(*d_, at_.gradient());
        if (slope < 0 || steepest_) return slope;
        ++run_.report().restarts;
        return direct(false);
    }

    double first(double slope, int64_t k, bool accurate) {
        if (k == 0) return at_.first_step();
        return period() > 0 && !accurate ? step_ : at_.step_like_latest(slope);
    }

    // Between accurate searches the step is kept and shortened only where it doesn't descend.
    LineSettings settings(bool accurate) const {
        LineSettings settings = line_settings(keys_);
        if (period() == 0) return settings;
        settings.kind = accurate ? LineSearch::brent : LineSearch::armijo;
        if (accurate) settings.tolerance = 1e-6;
        return settings;
    }

    Minimization &run_;
    const HyperParameters &keys_;
    VectorSpace &space_;
    Descent at_;
    std::unique_ptr<Vector> d_, trial_, trial_gradient_;
    double step_ = 0;
    bool steepest_ = true;
};

class GradientDescent final : public Minimizer {
  public:
    int32_t kind() const override { return 20; }
    const char *name() const override { return "gradient_descent"; }
    std::span<const KeyInfo> keys() const override { return kKeys; }
    void minimize(Minimization &run, const HyperParameters &keys,
                  std::unique_ptr<Vector> &x) const override {
        Run(run, keys, x).loop();
    }
};

}  // namespace

const Minimizer *gradient_descent_minimizer() {
    static const GradientDescent minimizer;
    return &minimizer;
}

}  // namespace cnn

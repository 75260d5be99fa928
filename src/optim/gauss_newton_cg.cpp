// Gauss-Newton-CG (Hessian-free): truncated conjugate gradients on products with the damped
// Gauss-Newton matrix, damping by the gain ratio.
#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"
#include "base/text.h"
#include "optim/linear_cg.h"

namespace cnn {

namespace {

constexpr std::array kKeys = {
    KeyInfo{Key::damping, "damping", 1e-3, 1e-16, 1e16},
    KeyInfo{Key::cg_iterations, "cg_iterations", 100, 1, 1e9, true},
    KeyInfo{Key::cg_tolerance, "cg_tolerance", 0.1, 0, 1},
    KeyInfo{Key::sample_fraction, "sample_fraction", 1, 1e-6, 1},
    kL2Key,
    kL1Key,
};

constexpr double kLeastGain = 1e-4;
constexpr double kMostDamping = 1e40, kLeastDamping = 1e-40;

class Run {
  public:
    Run(Minimization &run, const HyperParameters &keys, std::unique_ptr<Vector> &x)
        : run_(run),
          keys_(keys),
          space_(run.space()),
          x_(x),
          gradient_(space_.create()),
          step_(space_.create()),
          residual_(space_.create()),
          direction_(space_.create()),
          product_(space_.create()),
          trial_(space_.create()) {}

    [[noreturn]] void loop() {
        value_ = run_.value_and_gradient(*x_, *gradient_);
        run_.start({value_, space_.max_abs(*gradient_), 0, 0});
        first_norm_ = norm(space_, *gradient_);
        set_damping();
        while (true) iterate();
    }

  private:
    void multiply(const Vector &v, Vector &out) {
        run_.product(*x_, v, keys_[Key::sample_fraction], part_, out);
    }

    // The key is relative to the curvature along the gradient, so that it has no unit.
    void set_damping() {
        multiply(*gradient_, *product_);
        const double curvature = space_.dot(*gradient_, *product_) / (first_norm_ * first_norm_);
        lambda_ = keys_[Key::damping] * (curvature > 0 && std::isfinite(curvature) ? curvature : 1);
    }

    // The step of the damped model and its predicted reduction, without the damping's share.
    double solve() {
        space_.combine(*residual_, -1, *gradient_, 0, *gradient_);
        space_.combine(*step_, 0, *gradient_, 0, *gradient_);
        LinearSystem system;
        system.product = [this](const Vector &v, Vector &y) {
            multiply(v, y);
            space_.add(y, lambda_, v);
        };
        const double length = norm(space_, *gradient_);
        LinearLimits limits;
        limits.residual_norm =
            std::min(keys_[Key::cg_tolerance], std::sqrt(length / first_norm_)) * length;
        limits.iterations = static_cast<int64_t>(keys_[Key::cg_iterations]);
        LinearStep at{0, 0, 0};
        conjugate_gradient(space_, system, limits,
                           {residual_.get(), direction_.get(), product_.get(), nullptr}, *step_,
                           at);
        return -at.value + lambda_ * space_.dot(*step_, *step_) / 2;
    }

    void iterate() {
        bool any_finite = false, any_lost = false;
        // Every iteration's products see another part of the data, its repetitions the same.
        part_ = static_cast<uint64_t>(run_.report().iterations);
        while (lambda_ < kMostDamping) {
            const double reduction = solve();
            const double length = norm(space_, *step_);
            if (!(length > 0) || length <= 1e-3 * space_.epsilon() * norm(space_, *x_)) break;
            space_.combine(*trial_, 1, *x_, 1, *step_);
            // The residual of the solve isn't needed any more.
            const double value = run_.value_and_gradient(*trial_, *residual_);
            const double steepest = space_.max_abs(*residual_);
            const bool finite = all_finite(value, steepest);
            any_finite = any_finite || (finite && value != value_);
            any_lost = any_lost || !finite;
            const double gain = (value_ - value) / reduction;
            if (finite && gain > kLeastGain) return accept(value, steepest, gain, length);
            lambda_ *= growth_;
            growth_ *= 2;
        }
        if (any_finite || !any_lost) Minimization::stop(StopReason::no_decrease);
        fail(Status::not_finite,
             text("minimize: by gauss_newton_cg no step leads to a finite value and gradient, "
                  "after ",
                  run_.report().iterations, " iterations; x is the best point so far"));
    }

    void accept(double value, double steepest, double gain, double length) {
        x_.swap(trial_);
        gradient_.swap(residual_);
        value_ = value;
        const double cubed = std::pow(2 * std::min(gain, 1.0) - 1, 3);
        lambda_ = std::max(kLeastDamping, lambda_ * std::max(1.0 / 3, 1 - cubed));
        growth_ = 2;
        run_.iterate({value_, steepest, length, norm(space_, *x_), lambda_});
    }

    Minimization &run_;
    const HyperParameters &keys_;
    VectorSpace &space_;
    std::unique_ptr<Vector> &x_;
    std::unique_ptr<Vector> gradient_, step_, residual_, direction_, product_, trial_;
    double value_ = 0, lambda_ = 0, growth_ = 2, first_norm_ = 0;
    uint64_t part_ = 0;
};

class GaussNewtonCg final : public Minimizer {
  public:
    int32_t kind() const override { return 26; }
    const char *name() const override { return "gauss_newton_cg"; }
    std::span<const KeyInfo> keys() const override { return kKeys; }
    void check(const Objective &objective) const override {
        if (const Lack lack = objective.lacks_products(); !lack.why.empty())
            fail_at(lack.node, lack.status,
                    text("minimize: gauss_newton_cg needs Gauss-Newton products, but ", lack.why));
    }
    void minimize(Minimization &run, const HyperParameters &keys,
                  std::unique_ptr<Vector> &x) const override {
        Run(run, keys, x).loop();
    }
};

}  // namespace

const Minimizer *gauss_newton_cg_minimizer() {
    static const GaussNewtonCg minimizer;
    return &minimizer;
}

}  // namespace cnn

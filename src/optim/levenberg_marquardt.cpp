// Levenberg-Marquardt (Hedberg 104-117, corrected): Cholesky of the damped normal equations scaled
// by their diagonal; where that is ill-conditioned, the singular values of the Jacobian's
// triangular factor. Damping by the gain ratio (Nielsen 1999).
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "optim/dense.h"
#include "optim/free_elements.h"
#include "optim/minimize.h"

namespace cnn {

namespace {

constexpr std::array kKeys = {
    KeyInfo{Key::damping, "damping", 1e-3, 1e-16, 1e16},
    KeyInfo{Key::norm_residual, "norm_residual", 0, 0, 1, true},
    kL2Key,
    kL1Key,
};

constexpr double kFaded = 1e-4;
constexpr double kLeastGain = 1e-4;
constexpr double kMostDamping = 1e40, kLeastDamping = 1e-40;
// Below it the normal equations have lost the solution to rounding.
constexpr double kIllConditioned = 1e-14;
// Decreases below this part of the value are judged by the gradient too: rounding of the residuals
// may hide them.
constexpr double kJudgeable = 1e-8;
// Then a step must bring the gradient down to this part: in the metric of the inverse normal
// equations, in which linear convergence, as with large residuals, is a fall at each step. (Its
// elements may well rise on the way.)
constexpr double kGradientFalls = 0.95;
// Up to here the condition at the end is worth its n^3.
constexpr size_t kMostForCondition = 512;

// A sample's rows as one: r = |rows|, its derivative rows^T J / r, and 0 at 0, where it has none.
class NormResidual {
  public:
    ResidualBlock collapse(const ResidualBlock &block) {
        const auto rows = static_cast<size_t>(block.rows);
        const auto group = static_cast<size_t>(block.group);
        const size_t samples = rows / group;
        const size_t columns = rows > 0 ? block.jacobian.size() / rows : 0;
        residuals_.assign(samples, 0.0);
        jacobian_.assign(samples * columns, 0.0);
        for (size_t s = 0; s < samples; ++s) {
            double square = 0;
            for (size_t k = s * group; k < (s + 1) * group; ++k)
                square += block.residuals[k] * block.residuals[k];
            residuals_[s] = std::sqrt(square);
            if (residuals_[s] < std::numeric_limits<double>::min()) continue;
            for (size_t p = 0; p < columns; ++p) {
                double sum = 0;
                for (size_t k = s * group; k < (s + 1) * group; ++k)
                    sum += block.residuals[k] * block.jacobian[p * rows + k];
                jacobian_[p * samples + s] = sum / residuals_[s];
            }
        }
        return {static_cast<int64_t>(samples), 1, residuals_, jacobian_};
    }

  private:
    std::vector<double> residuals_, jacobian_;
};

class Run {
  public:
    Run(Minimization &run, const HyperParameters &keys, std::unique_ptr<Vector> &x)
        : run_(run),
          space_(run.space()),
          x_(x),
          free_(run.objective()),
          n_(free_.count()),
          norm_residual_(keys[Key::norm_residual] != 0),
          lambda_(keys[Key::damping]),
          equations_(static_cast<int64_t>(n_)),
          next_equations_(static_cast<int64_t>(n_)),
          trial_(space_.create()),
          step_(n_),
          next_step_(n_),
          scale_(n_),
          most_(n_) {}

    void loop() {
        value_ = jacobian_at(*x_, equations_);
        run_.start(iterate_of(0));
        try {
            while (true) iterate();
        } catch (const Stopped &) {
            finish();
            throw;
        }
    }

  private:
    template <class Take>
    void each_block(const ResidualBlock &block, const Take &take) {
        take(norm_residual_ ? norm_.collapse(block) : block);
    }

    double jacobian_at(const Vector &x, NormalEquations &equations) {
        equations.reset();
        return run_.residual_blocks(x, true, [&](const ResidualBlock &block) {
            each_block(block, [&](const ResidualBlock &rows) { equations.add(rows); });
        });
    }

    // |J^T r| in the metric of S^-1; S must be that of equations_.
    double scaled_gradient(const NormalEquations &equations) const {
        double square = 0;
        for (size_t i = 0; i < n_; ++i) {
            const double g = equations.gradient()[i] / scale_[i];
            square += g * g;
        }
        return std::sqrt(square);
    }

    Iterate iterate_of(double step_norm) {
        double largest = 0, cosine = 0;
        const double length = std::sqrt(2 * value_);
        for (size_t i = 0; i < n_; ++i) {
            const double g = std::abs(equations_.gradient()[i]);
            const double column = std::sqrt(equations_.diagonal(static_cast<int64_t>(i)));
            largest = std::max(largest, g);
            if (column > 0 && length > 0) cosine = std::max(cosine, g / column / length);
        }
        if (!equations_.finite()) largest = std::numeric_limits<double>::quiet_NaN();
        Iterate at{value_, largest, step_norm, norm(space_, *x_), lambda_, cosine};
        return at;
    }

    // S: the roots of the diagonal, floored relative to the largest element, and to the most that
    // the element itself has been: a parameter whose column fades isn't let go to infinity.
    void set_scale() {
        double largest = 0;
        for (size_t i = 0; i < n_; ++i) {
            const double d = equations_.diagonal(static_cast<int64_t>(i));
            most_[i] = std::max(most_[i], d);
            largest = std::max(largest, d);
        }
        const double least = std::max(largest * std::numeric_limits<double>::epsilon(),
                                      std::numeric_limits<double>::min());
        for (size_t i = 0; i < n_; ++i)
            scale_[i] = std::sqrt(
                std::max({least, kFaded * most_[i], equations_.diagonal(static_cast<int64_t>(i))}));
    }

    double threshold() {
        // In float a singular value is known to 1e-7 of the largest (Hedberg 4.2).
        if (space_.epsilon() > 1e-10) return 1e-7;
        const auto size =
            static_cast<double>(std::max(run_.objective().residuals(), static_cast<int64_t>(n_)));
        return std::max(1e-15, size * 2.2e-16);
    }

    void factorise() {
        factor_ = std::make_unique<TriangularFactor>(static_cast<int64_t>(n_));
        run_.objective().residual_blocks(*x_, true, [&](const ResidualBlock &block) {
            each_block(block, [&](const ResidualBlock &rows) { factor_->add(rows); });
        });
        factor_->decompose(scale_, threshold());
    }

    void solve() {
        if (!factor_) {
            if (equations_.solve(lambda_, scale_, step_) > kIllConditioned) return;
            factorise();
        }
        factor_->solve(lambda_, step_);
    }

    // The reduction of the linear model by a step: step^T (lambda D step - J^T r) / 2.
    double predicted(const NormalEquations &equations, std::span<const double> step) const {
        double sum = 0;
        for (size_t i = 0; i < n_; ++i) {
            const double scaled = scale_[i] * step[i];
            sum += lambda_ * scaled * scaled - step[i] * equations.gradient()[i];
        }
        return sum / 2;
    }

    // Whether the gradient at the trial point is less by so much that the step, of which the linear
    // model at x promised this reduction, is progress.
    bool gradient_falls(double reduction) {
        if (!factor_ && next_equations_.solve(lambda_, scale_, next_step_) > kIllConditioned)
            return predicted(next_equations_, next_step_) <=
                   kGradientFalls * kGradientFalls * reduction;
        return scaled_gradient(next_equations_) <= kGradientFalls * scaled_gradient(equations_);
    }

    // One accepted step, or the end of the run.
    void iterate() {
        set_scale();
        bool any_finite = false, any_lost = false;
        while (lambda_ < kMostDamping) {
            solve();
            free_.scatter(step_, *trial_);
            const double length = norm(space_, *trial_);
            if (any_finite && length <= space_.epsilon() * 1e-3 * norm(space_, *x_)) break;
            space_.add(*trial_, 1, *x_);
            const double reduction = predicted(equations_, step_);
            const double value = run_.residual_blocks(*trial_, false, [](const ResidualBlock &) {});
            any_lost = any_lost || !std::isfinite(value);
            any_finite = any_finite || (std::isfinite(value) && value != value_);
            const double gain = (value_ - value) / reduction;
            if (std::isfinite(value) && gain > kLeastGain) {
                if (accept(value, gain, length)) return;
            } else if ((any_finite || !any_lost) && reduction <= kJudgeable * value_ &&
                       value <= value_ * (1 + kJudgeable)) {
                if (accept_by_gradient(reduction, length)) return;
                if (reduction <= 100 * space_.epsilon() * value_)
                    Minimization::stop(StopReason::no_decrease);
            }
            lambda_ *= growth_;
            growth_ *= 2;
        }
        if (any_finite || !any_lost) Minimization::stop(StopReason::no_decrease);
        fail(Status::not_finite,
             text("minimize: by levenberg_marquardt no step leads to finite residuals and "
                  "Jacobian, after ",
                  run_.report().iterations, " iterations; x is the best point so far"));
    }

    // False where the Jacobian there isn't finite.
    bool accept(double value, double gain, double length) {
        jacobian_at(*trial_, next_equations_);
        if (!next_equations_.finite()) return false;
        const double cubed = std::pow(2 * std::min(gain, 1.0) - 1, 3);
        lambda_ = std::max(kLeastDamping, lambda_ * std::max(1.0 / 3, 1 - cubed));
        move(value, length, false);
        return true;
    }

    bool accept_by_gradient(double reduction, double length) {
        const double value = jacobian_at(*trial_, next_equations_);
        if (!next_equations_.finite() || !gradient_falls(reduction)) return false;
        lambda_ = std::max(kLeastDamping, lambda_ / 3);
        move(value, length, true);
        return true;
    }

    void move(double value, double length, bool by_gradient) {
        x_.swap(trial_);
        std::swap(equations_, next_equations_);
        factor_.reset();
        value_ = value;
        growth_ = 2;
        Iterate at = iterate_of(length);
        at.by_gradient = by_gradient;
        run_.iterate(at);
    }

    // Condition and rank at the end, where they cost no more than a step.
    void finish() {
        if (n_ > kMostForCondition) return;
        set_scale();
        std::vector<double> unused(n_);
        const double reciprocal = equations_.solve(0, scale_, unused);
        MinimizeReport &report = run_.report();
        if (reciprocal > 1e-10) {
            report.rank = static_cast<int64_t>(n_);
            report.condition = 1 / std::sqrt(reciprocal);
            return;
        }
        if (!factor_) factorise();
        report.rank = factor_->rank();
        report.condition = factor_->condition();
    }

    Minimization &run_;
    VectorSpace &space_;
    std::unique_ptr<Vector> &x_;
    FreeElements free_;
    size_t n_;
    bool norm_residual_;
    NormResidual norm_;
    double lambda_, growth_ = 2, value_ = 0;
    NormalEquations equations_, next_equations_;
    std::unique_ptr<TriangularFactor> factor_;  // at x, once it was needed there
    std::unique_ptr<Vector> trial_;
    std::vector<double> step_, next_step_, scale_, most_;
};

class LevenbergMarquardt final : public Minimizer {
  public:
    int32_t kind() const override { return 25; }
    const char *name() const override { return "levenberg_marquardt"; }
    std::span<const KeyInfo> keys() const override { return kKeys; }
    // Of cosines: an angle is known to rounding.
    double gradient_tolerance(double epsilon) const override { return 100 * epsilon; }
    void check(const Objective &objective) const override {
        if (const Lack lack = objective.lacks_residuals(); !lack.why.empty())
            fail_at(lack.node, lack.status,
                    text("minimize: levenberg_marquardt needs residuals, but ", lack.why));
    }
    void minimize(Minimization &run, const HyperParameters &keys,
                  std::unique_ptr<Vector> &x) const override {
        Run(run, keys, x).loop();
    }
};

}  // namespace

const Minimizer *levenberg_marquardt_minimizer() {
    static const LevenbergMarquardt minimizer;
    return &minimizer;
}

}  // namespace cnn

// Nonlinear conjugate gradients (Hedberg 164-169): Polak-Ribiere+ or Fletcher-Reeves, restarted
// (Powell 1977), with a diagonal preconditioner as an option.
#include <algorithm>
#include <array>
#include <cmath>

#include "optim/descent.h"

namespace cnn {

namespace {

constexpr std::array kKeys = {
    KeyInfo{Key::cg_update, "cg_update", 0, 0, 1, true},
    KeyInfo{Key::restart, "restart", 0, 0, 1e9, true},
    KeyInfo{Key::preconditioner, "preconditioner", 0, 0, 1, true},
    kLineSearchKey,
    kC1Key,
    c2_key(0.1),
    kL2Key,
    kL1Key,
};

// Successive gradients with |g^T g'| above this |g'|^2 are far from orthogonal.
constexpr double kOrthogonal = 0.2;
// A diagonal element is at least this part of the largest.
constexpr double kFloor = 1e-8;

// The diagonal of BFGS's update of a diagonal matrix.
class Diagonal {
  public:
    explicit Diagonal(VectorSpace &space)
        : space_(space), diagonal_(space.create()), work_(space.create()) {
        ExpressionBuilder product;
        product.result(product.times(product.operand(0), product.operand(1)));
        product_ = product.take();
        ExpressionBuilder quotient;
        quotient.result(quotient.over(quotient.operand(0), quotient.operand(1)));
        quotient_ = quotient.take();
        ExpressionBuilder b;
        const auto y = b.minus(b.operand(1), b.operand(2));
        const auto t = b.operand(3);
        const auto gain = b.times(b.times(y, y), b.scalar(0));
        const auto loss = b.times(b.times(t, t), b.scalar(1));
        b.result(b.minus(b.plus(b.operand(0), gain), loss));
        update_ = b.take();
        ExpressionBuilder f;
        f.result(f.call(Fn::max, f.operand(0), f.scalar(0)));
        floor_ = f.take();
    }

    // z = D^-1 g.
    void solve(const Vector &g, Vector &z) {
        if (!known_) return space_.copy(z, g);
        const Vector *operands[] = {&g, diagonal_.get()};
        Vector *results[] = {&z};
        space_.apply(quotient_, operands, {}, results);
    }

    // From a step a d between two gradients.
    void learn(const Vector &d, double a, const Vector &g, const Vector &before) {
        space_.combine(*work_, 1, g, -1, before);
        const double ys = a * space_.dot(*work_, d);
        const double yy = space_.dot(*work_, *work_);
        const double ss = a * a * space_.dot(d, d);
        if (!(ys > 1e-8 * std::sqrt(yy * ss))) return;
        if (!known_) set_all(yy / ys);
        const Vector *factors[] = {diagonal_.get(), &d};
        Vector *product[] = {work_.get()};
        space_.apply(product_, factors, {}, product);
        const double scalars[] = {1 / ys, 1 / space_.dot(*work_, d)};
        const Vector *operands[] = {diagonal_.get(), &g, &before, work_.get()};
        Vector *results[] = {diagonal_.get()};
        space_.apply(update_, operands, scalars, results);
        const double least[] = {kFloor * space_.max_abs(*diagonal_)};
        const Vector *floored[] = {diagonal_.get()};
        space_.apply(floor_, floored, least, results);
        known_ = true;
    }

  private:
    void set_all(double value) {
        ExpressionBuilder b;
        b.result(b.scalar(0));
        Vector *results[] = {diagonal_.get()};
        const double scalars[] = {value};
        const Vector *operands[] = {diagonal_.get()};
        space_.apply(b.take(), operands, scalars, results);
    }

    VectorSpace &space_;
    std::unique_ptr<Vector> diagonal_, work_;
    Expression product_, quotient_, update_, floor_;
    bool known_ = false;
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
          trial_gradient_(space_.create()) {
        if (keys[Key::preconditioner] != 0) {
            diagonal_ = std::make_unique<Diagonal>(space_);
            z_ = space_.create();
        }
    }

    [[noreturn]] void loop() {
        const LineSettings settings = line_settings(keys_);
        at_.start();
        begin();
        while (true) {
            double slope = space_.dot(*d_, at_.gradient());
            if (!(slope < 0)) slope = anew();
            const double first = moved_ ? at_.step_like_latest(slope) : at_.first_step();
            const LineResult result =
                at_.search(*d_, slope, first, settings, trial_, trial_gradient_);
            if (result.outcome == LineOutcome::none || result.outcome == LineOutcome::not_finite) {
                if (steps_ == 0 && !diagonal_) at_.give_up(result);
                diagonal_.reset();
                moved_ = moved_ && steps_ > 0;
                anew();
                continue;
            }
            moved_ = true;
            at_.iterate(*d_, result.point.a);
            turn(result.point.a);
        }
    }

  private:
    const Vector &preconditioned() {
        if (!diagonal_) return at_.gradient();
        diagonal_->solve(at_.gradient(), *z_);
        return *z_;
    }

    void begin() {
        const Vector &z = preconditioned();
        space_.combine(*d_, -1, z, 0, z);
        gz_ = space_.dot(at_.gradient(), z);
        steps_ = 0;
    }

    double anew() {
        ++run_.report().restarts;
        begin();
        return -gz_;
    }

    // The next direction; trial_gradient_ is the gradient before.
    void turn(double a) {
        if (diagonal_) diagonal_->learn(*d_, a, at_.gradient(), *trial_gradient_);
        const Vector &z = preconditioned();
        const double gz_before = gz_;
        gz_ = space_.dot(at_.gradient(), z);
        const double across = space_.dot(*trial_gradient_, z);
        const double every = keys_[Key::restart];
        const auto most = every > 0 ? static_cast<int64_t>(every) : space_.size();
        ++steps_;
        const bool polak = keys_[Key::cg_update] == 0;
        const double beta = polak ? std::max(0.0, (gz_ - across) / gz_before) : gz_ / gz_before;
        if (steps_ >= std::max<int64_t>(most, 2) || std::abs(across) > kOrthogonal * gz_ ||
            !std::isfinite(beta)) {
            anew();
            return;
        }
        space_.combine(*d_, -1, z, beta, *d_);
    }

    Minimization &run_;
    const HyperParameters &keys_;
    VectorSpace &space_;
    Descent at_;
    std::unique_ptr<Vector> d_, trial_, trial_gradient_, z_;
    std::unique_ptr<Diagonal> diagonal_;
    double gz_ = 0;      // of the point d_ began at
    int64_t steps_ = 0;  // since the latest start
    bool moved_ = false;
};

class NonlinearCg final : public Minimizer {
  public:
    int32_t kind() const override { return 22; }
    const char *name() const override { return "nonlinear_cg"; }
    std::span<const KeyInfo> keys() const override { return kKeys; }
    void minimize(Minimization &run, const HyperParameters &keys,
                  std::unique_ptr<Vector> &x) const override {
        Run(run, keys, x).loop();
    }
};

}  // namespace

const Minimizer *nonlinear_cg_minimizer() {
    static const NonlinearCg minimizer;
    return &minimizer;
}

}  // namespace cnn

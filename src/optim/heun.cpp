// Heun's method on the gradient flow: x -= a/2 (g(x) + g(x - a g(x))) (after Delmas 12, corrected).
// On a curvature l it is stable for a l in (0, 2), as gradient descent is.
#include <array>

#include "optim/walk.h"

namespace cnn {

namespace {

constexpr std::array kKeys = {
    KeyInfo{Key::learning_rate, "learning_rate", 0.01, 0, 1e6},
    kL2Key,
    kL1Key,
};

class HeunWalk final : public Walk {
  public:
    HeunWalk(Minimization &run, const HyperParameters &keys, std::unique_ptr<Vector> &x)
        : Walk(run, "heun", keys[Key::learning_rate], x),
          rate_(keys[Key::learning_rate]),
          ahead_(space_.create()),
          ahead_gradient_(space_.create()) {}

  private:
    void move(int64_t) override {
        gradient_step_ = rate_ * norm(space_, *gradient_);
        space_.combine(*ahead_, 1, *x_, -rate_, *gradient_);
        run_.value_and_gradient(*ahead_, *ahead_gradient_);
        space_.add(*gradient_, 1, *ahead_gradient_);
        space_.add(*x_, -rate_ / 2, *gradient_);
    }

    // Where g(x - a g(x)) is -g(x), x stays though it is no minimum.
    double gradient_step() const override { return gradient_step_; }

    double rate_, gradient_step_ = 0;
    std::unique_ptr<Vector> ahead_, ahead_gradient_;
};

class Heun final : public Minimizer {
  public:
    int32_t kind() const override { return 21; }
    const char *name() const override { return "heun"; }
    std::span<const KeyInfo> keys() const override { return kKeys; }
    void minimize(Minimization &run, const HyperParameters &keys,
                  std::unique_ptr<Vector> &x) const override {
        HeunWalk(run, keys, x).run();
    }
};

}  // namespace

const Minimizer *heun_minimizer() {
    static const Heun minimizer;
    return &minimizer;
}

}  // namespace cnn

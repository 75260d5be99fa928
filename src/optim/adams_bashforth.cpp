// The two-step Adams-Bashforth method on theta' = -g: theta -= a (3/2 g - 1/2 g of the step
// before), the first step by Euler, a g (for Delmas 12-14, whose own higher-order steps diverge).
// On a curvature l it is stable for a l in (0, 1), half of what Euler allows.
#include <array>

#include "optim/optimizer.h"

namespace cnn {

namespace {

constexpr std::array kKeys = {
    KeyInfo{Key::learning_rate, "learning_rate", 0.01, 0, 1e6},
    KeyInfo{Key::l2, "l2", 0, 0, 1e6},
    KeyInfo{Key::l1, "l1", 0, 0, 1e6},
    KeyInfo{Key::clip_norm, "clip_norm", 0, 0, 1e30},
};

class AdamsBashforth final : public OptimizerRule {
  public:
    int32_t kind() const override { return 6; }
    const char *name() const override { return "adams_bashforth"; }
    std::span<const KeyInfo> keys() const override { return kKeys; }
    int state_count() const override { return 1; }

    void scalars(const HyperParameters &, int64_t step, double,
                 std::span<double> out) const override {
        out[0] = step == 1 ? 1 : 1.5;
        out[1] = step == 1 ? 0 : 0.5;
    }

    void update(ExpressionBuilder &b, const Operands &in, Value &theta,
                std::vector<Value> &states) const override {
        const Value g = in.gradient;
        const Value slope =
            b.minus(b.times(in.scalars[0], g), b.times(in.scalars[1], in.states[0]));
        theta = b.minus(in.theta, b.times(in.rate, slope));
        states[0] = g;
    }
};

}  // namespace

const OptimizerRule *adams_bashforth_rule() {
    static const AdamsBashforth rule;
    return &rule;
}

}  // namespace cnn

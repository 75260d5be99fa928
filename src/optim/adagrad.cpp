// AdaGrad: v += g^2; theta -= a g / (sqrt(v) + epsilon) (Duchi, Hazan, Singer 2011), or with
// mean_squares v / t under the root, t steps (Delmas 9), which is the first at the rate a sqrt(t).
#include <array>

#include "optim/optimizer.h"

namespace cnn {

namespace {

constexpr std::array kKeys = {
    KeyInfo{Key::learning_rate, "learning_rate", 0.01, 0, 1e6},
    // Not zero: where a gradient is, the step would be 0 / 0.
    KeyInfo{Key::epsilon, "epsilon", 1e-8, 1e-16, 1},
    KeyInfo{Key::mean_squares, "mean_squares", 0, 0, 1, true},
    KeyInfo{Key::l2, "l2", 0, 0, 1e6},
    KeyInfo{Key::l1, "l1", 0, 0, 1e6},
    KeyInfo{Key::clip_norm, "clip_norm", 0, 0, 1e30},
};

class AdaGrad final : public OptimizerRule {
  public:
    int32_t kind() const override { return 4; }
    const char *name() const override { return "adagrad"; }
    std::span<const KeyInfo> keys() const override { return kKeys; }
    int state_count() const override { return 1; }

    void scalars(const HyperParameters &values, int64_t step, double,
                 std::span<double> out) const override {
        out[0] = values[Key::mean_squares] != 0 ? 1 / static_cast<double>(step) : 1;
        out[1] = values[Key::epsilon];
    }

    void update(ExpressionBuilder &b, const Operands &in, Value &theta,
                std::vector<Value> &states) const override {
        const Value v = b.plus(in.states[0], b.times(in.gradient, in.gradient));
        const Value root = b.call(Fn::sqrt, b.times(v, in.scalars[0]));
        const Value step = b.over(in.gradient, b.plus(root, in.scalars[1]));
        theta = b.minus(in.theta, b.times(in.rate, step));
        states[0] = v;
    }
};

}  // namespace

const OptimizerRule *adagrad_rule() {
    static const AdaGrad rule;
    return &rule;
}

}  // namespace cnn

// RMSProp: v = b2 v + (1 - b2) g^2; m = p m + g / (sqrt(v) + epsilon); theta -= a m (Delmas 10,
// with the epsilon it lacks). v starts biased to zero; bias_correction divides it by 1 - b2^t.
#include <array>
#include <cmath>

#include "optim/optimizer.h"

namespace cnn {

namespace {

constexpr std::array kKeys = {
    KeyInfo{Key::learning_rate, "learning_rate", 1e-3, 0, 1e6},
    KeyInfo{Key::momentum, "momentum", 0, 0, 1},
    KeyInfo{Key::beta2, "beta2", 0.9, 0, 0.999999999},
    // Not zero: where a gradient is, the step would be 0 / 0.
    KeyInfo{Key::epsilon, "epsilon", 1e-8, 1e-16, 1},
    KeyInfo{Key::bias_correction, "bias_correction", 0, 0, 1, true},
    KeyInfo{Key::l2, "l2", 0, 0, 1e6},
    KeyInfo{Key::l1, "l1", 0, 0, 1e6},
    KeyInfo{Key::clip_norm, "clip_norm", 0, 0, 1e30},
};

class RmsProp final : public OptimizerRule {
  public:
    int32_t kind() const override { return 5; }
    const char *name() const override { return "rmsprop"; }
    std::span<const KeyInfo> keys() const override { return kKeys; }
    int state_count() const override { return 2; }

    void scalars(const HyperParameters &values, int64_t step, double,
                 std::span<double> out) const override {
        const double b2 = values[Key::beta2];
        const bool corrected = values[Key::bias_correction] != 0;
        out[0] = b2;
        out[1] = 1 - b2;
        out[2] = corrected ? 1 / std::sqrt(1 - std::pow(b2, static_cast<double>(step))) : 1;
        out[3] = values[Key::epsilon];
        out[4] = values[Key::momentum];
    }

    void update(ExpressionBuilder &b, const Operands &in, Value &theta,
                std::vector<Value> &states) const override {
        const auto &s = in.scalars;
        const Value g = in.gradient;
        const Value v = b.plus(b.times(s[0], in.states[0]), b.times(s[1], b.times(g, g)));
        const Value root = b.plus(b.times(b.call(Fn::sqrt, v), s[2]), s[3]);
        const Value m = b.plus(b.times(s[4], in.states[1]), b.over(g, root));
        theta = b.minus(in.theta, b.times(in.rate, m));
        states = {v, m};
    }
};

}  // namespace

const OptimizerRule *rmsprop_rule() {
    static const RmsProp rule;
    return &rule;
}

}  // namespace cnn

// Adam: m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; theta -= a m^ / (sqrt(v^) + epsilon) with
// m^ = m / (1 - b1^t), v^ = v / (1 - b2^t) (Delmas 11, corrected; Kingma, Ba 2015), and AdamW,
// which also takes a decay theta off (Loshchilov, Hutter 2019).
#include <array>
#include <cmath>

#include "optim/optimizer.h"

namespace cnn {

namespace {

constexpr KeyInfo kRate{Key::learning_rate, "learning_rate", 1e-3, 0, 1e6};
constexpr KeyInfo kBeta1{Key::beta1, "beta1", 0.9, 0, 0.999999};
constexpr KeyInfo kBeta2{Key::beta2, "beta2", 0.999, 0, 0.999999999};
// Not zero: where a gradient is, the step would be 0 / 0.
constexpr KeyInfo kEpsilon{Key::epsilon, "epsilon", 1e-8, 1e-16, 1};
constexpr KeyInfo kL2{Key::l2, "l2", 0, 0, 1e6};
constexpr KeyInfo kClip{Key::clip_norm, "clip_norm", 0, 0, 1e30};
constexpr KeyInfo kL1{Key::l1, "l1", 0, 0, 1e6};
constexpr KeyInfo kDecay{Key::weight_decay, "weight_decay", 0.01, 0, 1e6};
constexpr std::array kAdamKeys = {kRate, kBeta1, kBeta2, kEpsilon, kL2, kL1, kClip};
constexpr std::array kAdamWKeys = {kRate, kBeta1, kBeta2, kEpsilon, kDecay, kL2, kL1, kClip};

class Adam : public OptimizerRule {
  public:
    int32_t kind() const override { return 2; }
    const char *name() const override { return "adam"; }
    std::span<const KeyInfo> keys() const override { return kAdamKeys; }
    int state_count() const override { return 2; }

    void scalars(const HyperParameters &values, int64_t step, double,
                 std::span<double> out) const override {
        const double b1 = values[Key::beta1];
        const double b2 = values[Key::beta2];
        const auto t = static_cast<double>(step);
        out[0] = b1;
        out[1] = 1 - b1;
        out[2] = b2;
        out[3] = 1 - b2;
        out[4] = 1 / (1 - std::pow(b1, t));
        out[5] = 1 / std::sqrt(1 - std::pow(b2, t));
        out[6] = values[Key::epsilon];
    }

    void update(ExpressionBuilder &b, const Operands &in, Value &theta,
                std::vector<Value> &states) const override {
        const auto &s = in.scalars;
        const Value g = in.gradient;
        const Value m = b.plus(b.times(s[0], in.states[0]), b.times(s[1], g));
        const Value v = b.plus(b.times(s[2], in.states[1]), b.times(s[3], b.times(g, g)));
        const Value root = b.plus(b.times(b.call(Fn::sqrt, v), s[5]), s[6]);
        theta = b.minus(in.theta, b.times(in.rate, b.over(b.times(m, s[4]), root)));
        states = {m, v};
    }
};

class AdamW final : public Adam {
  public:
    int32_t kind() const override { return 3; }
    const char *name() const override { return "adamw"; }
    std::span<const KeyInfo> keys() const override { return kAdamWKeys; }
};

}  // namespace

const OptimizerRule *adam_rule() {
    static const Adam rule;
    return &rule;
}

const OptimizerRule *adamw_rule() {
    static const AdamW rule;
    return &rule;
}

}  // namespace cnn

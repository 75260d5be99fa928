// Stochastic gradient descent with momentum p: m = p m + g; theta -= a m, or by Nesterov
// theta -= a (g + p m). (Hedberg 121, Delmas 7 in its usual form.) Weight decay w makes the first
// theta (1 - a w) theta (Delmas 4).
#include <array>

#include "optim/optimizer.h"

namespace cnn {

namespace {

constexpr std::array kKeys = {
    KeyInfo{Key::learning_rate, "learning_rate", 0.01, 0, 1e6},
    KeyInfo{Key::momentum, "momentum", 0.9, 0, 1},
    KeyInfo{Key::nesterov, "nesterov", 0, 0, 1, true},
    KeyInfo{Key::weight_decay, "weight_decay", 0, 0, 1e6},
    KeyInfo{Key::l2, "l2", 0, 0, 1e6},
    KeyInfo{Key::l1, "l1", 0, 0, 1e6},
    KeyInfo{Key::clip_norm, "clip_norm", 0, 0, 1e30},
};

class Sgd final : public OptimizerRule {
  public:
    int32_t kind() const override { return 1; }
    const char *name() const override { return "sgd"; }
    std::span<const KeyInfo> keys() const override { return kKeys; }
    int state_count() const override { return 1; }

    // The step is a (k g + l m) with k = 0, l = 1, and by Nesterov k = 1, l = p.
    void scalars(const HyperParameters &values, int64_t, double,
                 std::span<double> out) const override {
        const bool nesterov = values[Key::nesterov] != 0;
        out[0] = values[Key::momentum];
        out[1] = nesterov ? 1 : 0;
        out[2] = nesterov ? values[Key::momentum] : 1;
    }

    void update(ExpressionBuilder &b, const Operands &in, Value &theta,
                std::vector<Value> &states) const override {
        const Value m = b.plus(b.times(in.scalars[0], in.states[0]), in.gradient);
        const Value step = b.plus(b.times(in.scalars[1], in.gradient), b.times(in.scalars[2], m));
        theta = b.minus(in.theta, b.times(in.rate, step));
        states[0] = m;
    }
};

}  // namespace

const OptimizerRule *sgd_rule() {
    static const Sgd rule;
    return &rule;
}

}  // namespace cnn

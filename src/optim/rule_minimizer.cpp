// First-order rules on a whole objective: the update expression of training over all elements that
// may move.
#include <algorithm>
#include <array>
#include <vector>

#include "optim/walk.h"

namespace cnn {

namespace {

// Slots of the expression: as an update of training has them.
enum RuleSlot : int32_t {
    kSlotRate = kSlotUpdate,
    kSlotL2,
    kSlotL1,
    kSlotDecay,
    kSlotRule,
};

bool has_key(const OptimizerRule &rule, Key key) {
    const auto keys = rule.keys();
    return std::any_of(keys.begin(), keys.end(),
                       [&](const KeyInfo &info) { return info.key == key; });
}

// Operands: gradient, theta, the states, with `masked` 1 where an element may move, and the factors
// that there are.
Expression rule_expression(const OptimizerRule &rule, bool masked,
                           const Objective::RuleFactors &factors) {
    ExpressionBuilder b;
    const int count = rule.state_count();
    OptimizerRule::Operands in;
    const auto theta = b.operand(1), zero = b.constant(0), l1 = b.scalar(kSlotL1);
    int next_operand = 2 + count + (masked ? 1 : 0);
    in.rate = b.scalar(kSlotRate);
    auto decay = b.scalar(kSlotDecay);
    if (factors.rate) {
        const auto factor = b.operand(next_operand++);
        in.rate = b.times(in.rate, factor);
        decay = b.times(decay, factor);
    }
    if (factors.decay) decay = b.times(decay, b.operand(next_operand++));
    const auto away = factors.center ? b.minus(theta, b.operand(next_operand)) : theta;
    in.theta = b.minus(theta, b.times(decay, away));
    const auto below = b.select(b.call(Fn::less, theta, zero), b.call(Fn::negate, l1), zero);
    const auto sign = b.select(b.call(Fn::less, zero, theta), l1, below);
    const auto l2 = b.times(b.scalar(kSlotL2), theta);
    in.gradient = b.plus(b.operand(0), b.plus(l2, sign));
    for (int i = 0; i < count; ++i) in.states.push_back(b.operand(2 + i));
    for (int i = 0; i < kOptimizerScalars; ++i) in.scalars.push_back(b.scalar(kSlotRule + i));
    OptimizerRule::Value next{};
    std::vector<OptimizerRule::Value> states(static_cast<size_t>(count));
    rule.update(b, in, next, states);
    b.result(masked ? b.select(b.operand(2 + count), next, theta) : next);
    for (const auto &state : states) b.result(state);
    return b.take();
}

class RuleWalk final : public Walk {
  public:
    RuleWalk(Minimization &run, const OptimizerRule &rule, const HyperParameters &keys,
             std::unique_ptr<Vector> &x)
        : Walk(run, rule.name(), keys[Key::learning_rate], x),
          rule_(rule),
          keys_(keys),
          masked_(!run.objective().free().empty()),
          factors_(run.objective().rule_factors()),
          expression_(rule_expression(rule, masked_, factors_)) {
        for (int i = 0; i < rule.state_count(); ++i) states_.push_back(space_.create());
        if (masked_) make_mask();
        operands_ = {gradient_.get(), nullptr};
        results_ = {nullptr};
        for (const auto &state : states_) {
            operands_.push_back(state.get());
            results_.push_back(state.get());
        }
        if (masked_) operands_.push_back(mask_.get());
        for (const Vector *factor : {factors_.rate, factors_.decay, factors_.center})
            if (factor) operands_.push_back(factor);
    }

  private:
    void make_mask() {
        std::vector<double> values(static_cast<size_t>(space_.size()), 0.0);
        for (int64_t i : run_.objective().free()) values[static_cast<size_t>(i)] = 1;
        mask_ = space_.create();
        space_.write(*mask_, values);
    }

    double value_or_zero(Key key) const { return has_key(rule_, key) ? keys_[key] : 0; }

    void clip() {
        const double most = keys_[Key::clip_norm];
        if (most <= 0) return;
        const double length = norm(space_, *gradient_);
        if (length > most) space_.scale(*gradient_, most / length);
    }

    void move(int64_t t) override {
        clip();
        const double rate = keys_[Key::learning_rate];
        std::array<double, kSlotCount> scalars{};
        rule_.scalars(keys_, t, rate,
                      std::span<double>(scalars).subspan(kSlotRule, kOptimizerScalars));
        scalars[kSlotRate] = rate;
        const bool apart = run_.objective().penalized();
        scalars[kSlotL2] = apart ? 0 : value_or_zero(Key::l2);
        scalars[kSlotL1] = apart ? 0 : value_or_zero(Key::l1);
        scalars[kSlotDecay] = rate * value_or_zero(Key::weight_decay);
        operands_[1] = results_[0] = x_.get();
        space_.apply(expression_, operands_, scalars, results_);
    }

    const OptimizerRule &rule_;
    const HyperParameters &keys_;
    bool masked_;
    Objective::RuleFactors factors_;
    Expression expression_;
    std::unique_ptr<Vector> mask_;
    std::vector<std::unique_ptr<Vector>> states_;
    std::vector<const Vector *> operands_;
    std::vector<Vector *> results_;
};

}  // namespace

void minimize_by_rule(Minimization &run, const OptimizerRule &rule, const HyperParameters &keys,
                      std::unique_ptr<Vector> &x) {
    RuleWalk(run, rule, keys, x).run();
}

}  // namespace cnn

// The frame around the rules: hyper-parameters, states, and steps over segments of theta.
#include "optim/optimizer.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"
#include "base/text.h"

namespace cnn {

namespace {

// Slots of an update: this segment's rate, its regularisers, then the rule's own.
enum UpdateSlot : int32_t {
    kSlotRate = kSlotUpdate,
    kSlotL2,
    kSlotL1,
    kSlotDecay,  // weight decay times the rate
    kSlotRule,
};
static_assert(kSlotRule + kOptimizerScalars <= kSlotCount);

constexpr int32_t kSlotClip = kSlotUpdate;  // in the clipping kernel

// factor = clip / norm where the norm is above clip > 0, else 1.
Expression clip_expression() {
    ExpressionBuilder b;
    const auto clip = b.scalar(kSlotClip);
    const auto norm = b.call(Fn::sqrt, b.operand(0));
    const auto wanted = b.call(Fn::less, b.constant(0), clip);
    const auto above = b.times(wanted, b.call(Fn::less, clip, norm));
    b.result(b.select(above, b.over(clip, norm), b.constant(1)));
    return b.take();
}

std::unique_ptr<Kernel> prepare_best(Device &device, const FusedOp &group) {
    std::vector<Candidate> candidates;
    device.candidates(group, candidates);
    std::erase_if(candidates, [](const Candidate &c) {
        return !std::all_of(c.layouts.begin(), c.layouts.end(),
                            [](const Layout &layout) { return layout.is_plain(); });
    });
    if (candidates.empty())
        fail(Status::unsupported, text("optimizer: ", device.info().spec, " can't run its update"));
    const auto best = std::min_element(
        candidates.begin(), candidates.end(),
        [](const Candidate &a, const Candidate &b) { return a.seconds < b.seconds; });
    return device.prepare(group, *best);
}

}  // namespace

Optimizer::Optimizer(const OptimizerKind &kind) : kind_(kind) {
    for (const KeyInfo &key : kind.keys()) {
        values_.push_back(key.default_value);
        places_[static_cast<size_t>(key.key)] = static_cast<int8_t>(values_.size());
    }
}

const OptimizerRule &Optimizer::rule(const char *operation) const {
    if (const OptimizerRule *rule = kind_.rule()) return *rule;
    fail(Status::unsupported, text(operation, ": optimizer ", name(),
                                   " takes no single steps: it minimises over all samples at once; "
                                   "call cnn_net_minimize, or cnn_minimize for a function"));
}

const KeyInfo &Optimizer::info(Key key) const {
    if (const size_t place = place_of(key)) return kind_.keys()[place - 1];
    fail(Status::not_found, text("optimizer ", name(), " has no key ", key));
}

double Optimizer::operator[](Key key) const {
    const size_t place = place_of(key);
    if (place == 0) info(key);
    return values_[place - 1];
}

void Optimizer::set(Key key, double value) {
    const KeyInfo &bounds = info(key);
    if (!(value >= bounds.minimum && value <= bounds.maximum))
        fail(Status::out_of_range, text("optimizer ", name(), ": ", bounds.name, " is ", value,
                                        ", but must be ", bounds.minimum, " to ", bounds.maximum));
    if (bounds.whole && value != std::floor(value))
        fail(Status::out_of_range, text("optimizer ", name(), ": ", bounds.name, " is ", value,
                                        ", but must be a whole number"));
    values_[static_cast<size_t>(&bounds - kind_.keys().data())] = value;
}

void Optimizer::reset() {
    steps_ = 0;
    position_ = {};
    owner_.reset();
    updates_.clear();
    clip_.reset();
    states_.clear();
    queue_.reset();
    device_.reset();
}

void Optimizer::bind(const std::shared_ptr<const void> &owner, int64_t parameters) {
    // What keeps nothing from call to call serves any net.
    if (owner_ == owner || !kind_.rule()) return;
    if (owner_)
        fail(Status::bad_state,
             text("optimizer ", name(), " is bound to another net; cnn_optimizer_reset frees it"));
    std::vector<FlatVector> states;
    for (int i = 0; i < state_count(); ++i) states.emplace_back(parameters);
    states_ = std::move(states);
    owner_ = owner;
}

bool Optimizer::has(Key key) const {
    return place_of(key) > 0;
}

// Operands: gradient, gate, clipping factor, the centre where there is one, then theta and the
// states, which are written.
Expression Optimizer::update_expression(const Terms &terms) const {
    ExpressionBuilder b;
    const int count = state_count();
    const int first = terms.centered ? 4 : 3;
    const auto gate = b.operand(1), theta = b.operand(first);
    const auto away = terms.centered ? b.minus(theta, b.operand(3)) : theta;
    OptimizerRule::Operands in;
    in.rate = b.scalar(kSlotRate);
    in.theta = has(Key::weight_decay) ? b.minus(theta, b.times(b.scalar(kSlotDecay), away)) : theta;
    in.gradient = b.plus(b.times(b.operand(0), b.operand(2)), b.times(b.scalar(kSlotL2), away));
    if (terms.l1) {
        const auto zero = b.constant(0), l1 = b.scalar(kSlotL1);
        const auto negative = b.select(b.call(Fn::less, away, zero), b.call(Fn::negate, l1), zero);
        in.gradient = b.plus(in.gradient, b.select(b.call(Fn::less, zero, away), l1, negative));
    }
    for (int i = 0; i < count; ++i) in.states.push_back(b.operand(first + 1 + i));
    for (int i = 0; i < kOptimizerScalars; ++i) in.scalars.push_back(b.scalar(kSlotRule + i));
    OptimizerRule::Value next{};
    std::vector<OptimizerRule::Value> states(static_cast<size_t>(count));
    kind_.rule()->update(b, in, next, states);
    b.result(b.select(gate, next, theta));
    for (size_t i = 0; i < states.size(); ++i) b.result(b.select(gate, states[i], in.states[i]));
    return b.take();
}

FusedOp Optimizer::update_group(int64_t count, const Terms &terms) const {
    const auto vector = [&](Space space) {
        Tensor tensor;
        tensor.shape = {count};
        tensor.space = space;
        return tensor;
    };
    Tensor single = vector(Space::status);
    single.shape = {1};
    FusedOp group;
    group.tensors = {vector(Space::gradient), single, single};
    if (terms.centered) group.tensors.push_back(vector(Space::parameter));
    group.inputs = static_cast<int32_t>(group.tensors.size());
    group.outputs = 1 + state_count();
    group.tensors.push_back(vector(Space::parameter));
    for (int i = 0; i < state_count(); ++i) group.tensors.push_back(vector(Space::state));
    Op op;
    op.kind = OpKind::pointwise;
    for (int32_t id = 0; id < group.operands(); ++id) {
        op.inputs.push_back(id);
        if (id >= group.inputs) op.outputs.push_back(id);
    }
    op.attributes = PointwiseAttributes{update_expression(terms)};
    group.ops.push_back(std::move(op));
    return group;
}

void Optimizer::prepare(const std::shared_ptr<Device> &device, std::span<const Segment> segments,
                        bool centered) {
    const Terms terms{centered, value_or_zero(Key::l1) != 0};
    const auto same = [&](const Update &update, const Segment &segment) {
        return update.segment == segment;
    };
    if (device == device_ && terms == terms_ &&
        std::equal(updates_.begin(), updates_.end(), segments.begin(), segments.end(), same))
        return;
    std::vector<Update> updates;
    for (const Segment &segment : segments)
        updates.push_back({segment, prepare_best(*device, update_group(segment.count, terms))});

    Tensor single;
    single.shape = {1};
    single.space = Space::status;
    FusedOp clip;
    clip.tensors = {single};
    clip.outputs = 1;
    clip.ops.push_back({OpKind::pointwise, -1, {0}, {0}, PointwiseAttributes{clip_expression()}});
    auto clip_kernel = prepare_best(*device, clip);

    refs_.resize(5 + states_.size());
    if (device != device_) {
        auto queue = device->create_queue();
        // All of them or none.
        std::vector<FlatVector> states;
        for (const FlatVector &state : states_)
            states.push_back(state.copied_to(device, *queue, states_queue()));
        queue->finish();
        updates_.clear();
        clip_.reset();
        states_ = std::move(states);
        queue_ = std::move(queue);
        device_ = device;
    }
    updates_ = std::move(updates);
    terms_ = terms;
    clip_ = std::move(clip_kernel);
}

void Optimizer::step(Queue &queue, const StepMemory &memory, double rate) {
    std::array<double, kSlotCount> scalars{};
    Launch launch;
    launch.n = 1;
    launch.scalars = scalars.data();

    launch.operands = refs_.data();
    // The gate is 1 where a step changes anything: the factor where nothing clips.
    const double clip = (*this)[Key::clip_norm];
    const Ref factor = clip > 0 ? memory.squared_norm : memory.gate;
    if (clip > 0) {
        scalars[kSlotClip] = clip;
        refs_[0] = memory.squared_norm;
        clip_->launch(queue, launch);
    }

    kind_.rule()->scalars(*this, steps_ + 1, rate,
                          std::span<double>(scalars).subspan(kSlotRule, kOptimizerScalars));
    const double l2 = (*this)[Key::l2], l1 = value_or_zero(Key::l1);
    const double decay = rate * value_or_zero(Key::weight_decay);
    const int64_t real = device_->real_bytes();
    const auto at = [&](Ref ref, const Segment &segment) {
        return Ref{ref.buffer, ref.offset + segment.offset * real};
    };
    for (Update &update : updates_) {
        const Segment &segment = update.segment;
        scalars[kSlotRate] = rate * segment.rate;
        scalars[kSlotL2] = segment.regularization * l2;
        scalars[kSlotL1] = segment.regularization * l1;
        scalars[kSlotDecay] = segment.regularization * segment.rate * decay;
        size_t next = 0;
        refs_[next++] = at(memory.gradient, segment);
        refs_[next++] = memory.gate;
        refs_[next++] = factor;
        if (terms_.centered) refs_[next++] = at(memory.center, segment);
        refs_[next++] = at(memory.theta, segment);
        for (const FlatVector &state : states_) refs_[next++] = at(state.at(), segment);
        update.kernel->launch(queue, launch);
    }
    ++steps_;
}

}  // namespace cnn

// The frame around the rules: hyper-parameters, states, and steps over segments of theta.
#include "optim/optimizer.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"
#include "base/text.h"

namespace cnn {

namespace {

// Slots of an update: this segment's rate, its decays, then the rule's own.
enum UpdateSlot : int32_t {
    kSlotRate = kSlotUpdate,
    kSlotL2,
    kSlotDecay,
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

Optimizer::Optimizer(const OptimizerRule &rule) : rule_(rule) {
    for (const KeyInfo &key : rule.keys()) values_.push_back(key.default_value);
}

const KeyInfo &Optimizer::info(Key key) const {
    for (const KeyInfo &info : rule_.keys())
        if (info.key == key) return info;
    fail(Status::not_found, text("optimizer ", rule_.name(), " has no key ", key));
}

double Optimizer::operator[](Key key) const {
    return values_[static_cast<size_t>(&info(key) - rule_.keys().data())];
}

void Optimizer::set(Key key, double value) {
    const KeyInfo &bounds = info(key);
    if (!(value >= bounds.minimum && value <= bounds.maximum))
        fail(Status::out_of_range,
             text("optimizer ", rule_.name(), ": ", bounds.name, " is ", value, ", but must be ",
                  bounds.minimum, " to ", bounds.maximum));
    if (key == Key::nesterov && value != 0 && value != 1)
        fail(Status::out_of_range,
             text("optimizer ", rule_.name(), ": nesterov is ", value, ", but must be 0 or 1"));
    values_[static_cast<size_t>(&bounds - rule_.keys().data())] = value;
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
    if (owner_ == owner) return;
    if (owner_)
        fail(Status::bad_state, text("optimizer ", rule_.name(),
                                     " is bound to another net; cnn_optimizer_reset frees it"));
    std::vector<FlatVector> states;
    for (int i = 0; i < rule_.state_count(); ++i) states.emplace_back(parameters);
    states_ = std::move(states);
    owner_ = owner;
}

Expression Optimizer::update_expression() const {
    ExpressionBuilder b;
    const int count = rule_.state_count();
    // Operands: gradient, gate, clipping factor, then theta and the states, which are written.
    OptimizerRule::Operands in;
    const auto gate = b.operand(1);
    in.theta = b.operand(3);
    in.gradient = b.plus(b.times(b.operand(0), b.operand(2)), b.times(b.scalar(kSlotL2), in.theta));
    in.rate = b.scalar(kSlotRate);
    in.decay = b.scalar(kSlotDecay);
    for (int i = 0; i < count; ++i) in.states.push_back(b.operand(4 + i));
    for (int i = 0; i < kOptimizerScalars; ++i) in.scalars.push_back(b.scalar(kSlotRule + i));
    OptimizerRule::Value theta{};
    std::vector<OptimizerRule::Value> states(static_cast<size_t>(count));
    rule_.update(b, in, theta, states);
    b.result(b.select(gate, theta, in.theta));
    for (size_t i = 0; i < states.size(); ++i) b.result(b.select(gate, states[i], in.states[i]));
    return b.take();
}

FusedOp Optimizer::update_group(int64_t count) const {
    const auto vector = [&](Space space) {
        Tensor tensor;
        tensor.shape = {count};
        tensor.space = space;
        return tensor;
    };
    Tensor single = vector(Space::status);
    single.shape = {1};
    FusedOp group;
    group.tensors = {vector(Space::gradient), single, single, vector(Space::parameter)};
    Op op;
    op.kind = OpKind::pointwise;
    op.inputs = {0, 1, 2, 3};
    op.outputs = {3};
    for (int i = 0; i < rule_.state_count(); ++i) {
        group.tensors.push_back(vector(Space::state));
        op.inputs.push_back(4 + i);
        op.outputs.push_back(4 + i);
    }
    op.attributes = PointwiseAttributes{update_expression()};
    group.inputs = 3;
    group.outputs = 1 + rule_.state_count();
    group.ops.push_back(std::move(op));
    return group;
}

void Optimizer::prepare(const std::shared_ptr<Device> &device, std::span<const Segment> segments) {
    const auto same = [&](const Update &update, const Segment &segment) {
        return update.segment == segment;
    };
    if (device == device_ &&
        std::equal(updates_.begin(), updates_.end(), segments.begin(), segments.end(), same))
        return;
    std::vector<Update> updates;
    for (const Segment &segment : segments)
        updates.push_back({segment, prepare_best(*device, update_group(segment.count))});

    Tensor single;
    single.shape = {1};
    single.space = Space::status;
    FusedOp clip;
    clip.tensors = {single};
    clip.outputs = 1;
    clip.ops.push_back({OpKind::pointwise, -1, {0}, {0}, PointwiseAttributes{clip_expression()}});
    auto clip_kernel = prepare_best(*device, clip);

    refs_.resize(4 + states_.size());
    if (device != device_) {
        auto queue = device->create_queue();
        // All of them or none.
        std::vector<FlatVector> states;
        for (const FlatVector &state : states_) {
            std::vector<float> values(static_cast<size_t>(state.elements()));
            state.read(states_queue(), 0, values.data(), state.elements());
            FlatVector &moved = states.emplace_back();
            moved.append(values);
            moved.move_to(device, *queue, nullptr);
        }
        queue->finish();
        updates_.clear();
        clip_.reset();
        states_ = std::move(states);
        queue_ = std::move(queue);
        device_ = device;
    }
    updates_ = std::move(updates);
    clip_ = std::move(clip_kernel);
}

void Optimizer::step(Queue &queue, const StepMemory &memory, double rate) {
    std::array<double, kSlotCount> scalars{};
    Launch launch;
    launch.n = 1;
    launch.scalars = scalars.data();

    scalars[kSlotClip] = (*this)[Key::clip_norm];
    refs_[0] = memory.squared_norm;
    launch.operands = refs_.data();
    clip_->launch(queue, launch);

    rule_.scalars(*this, steps_ + 1, rate,
                  std::span<double>(scalars).subspan(kSlotRule, kOptimizerScalars));
    const auto keys = rule_.keys();
    const bool has_decay = std::any_of(keys.begin(), keys.end(), [](const KeyInfo &info) {
        return info.key == Key::weight_decay;
    });
    const int64_t real = device_->real_bytes();
    const auto at = [&](Ref ref, const Segment &segment) {
        return Ref{ref.buffer, ref.offset + segment.offset * real};
    };
    for (Update &update : updates_) {
        const Segment &segment = update.segment;
        scalars[kSlotRate] = rate * segment.rate;
        scalars[kSlotL2] = segment.decays ? (*this)[Key::l2] : 0;
        scalars[kSlotDecay] = segment.decays && has_decay ? (*this)[Key::weight_decay] : 0;
        refs_[0] = at(memory.gradient, segment);
        refs_[1] = memory.gate;
        refs_[2] = memory.squared_norm;
        refs_[3] = at(memory.theta, segment);
        for (size_t i = 0; i < states_.size(); ++i) refs_[4 + i] = at(states_[i].at(), segment);
        update.kernel->launch(queue, launch);
    }
    ++steps_;
}

}  // namespace cnn

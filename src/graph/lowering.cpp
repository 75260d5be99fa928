// Lowering: asks every layer and loss of a net to emit its operations for a program's purpose.
#include <algorithm>

#include "base/text.h"
#include "graph/program.h"

namespace cnn {

namespace {

struct NodeTensors {
    TensorId output = kNoTensor;
    TensorId tangent = kNoTensor;     // zero
    std::vector<TensorId> gradients;  // contributions of the node's readers
    bool wants_gradient = false;
    std::vector<std::pair<int, TensorId>> saved;
};

class Lowering {
  public:
    Lowering(const Net &net, const ProgramKey &key) : net_(net), key_(key) {}

    Program lower();

  private:
    class LayerEmitter;
    class NodeLossEmitter;

    TensorId add(const Tensor &tensor) {
        program_.tensors.push_back(tensor);
        return static_cast<TensorId>(program_.tensors.size()) - 1;
    }
    const Tensor &tensor(TensorId id) const { return program_.tensors[static_cast<size_t>(id)]; }
    NodeTensors &at(int32_t node) { return nodes_[static_cast<size_t>(node)]; }
    // What the emitters of layers and losses share.
    TensorId temporary(const Tensor &like) {
        Tensor tensor = like;
        tensor.space = Space::activation;
        tensor.offset = 0;
        return add(tensor);
    }
    void emit(Op op) { program_.ops.push_back(std::move(op)); }
    TensorId activation(const Shape &sample);
    TensorId in_vector(Space space, const NetTensor &owner, const Shape &shape);
    TensorId status(StatusIndex index);
    TensorId feed(const Tensor &tensor);
    bool backward() const { return key_.purpose >= Purpose::gradient; }

    void begin_second_pass() { forward_ops_ = std::min(forward_ops_, program_.ops.size()); }
    void choose_nodes();
    void need(int32_t node);
    void forward();
    void losses();
    void host_gradients();
    void backward_pass();
    bool moves(const NetTensor &parameter) const;
    void tangent_pass();
    void residuals();
    void hessian_products();
    TensorId target_feed(size_t loss);
    void weights_feed();
    TensorId gradient_of(int32_t node);
    void outputs();
    void softmax_outputs();
    void gate();
    void update_state();

    const Net &net_;
    const ProgramKey &key_;
    Program program_;
    std::vector<NodeTensors> nodes_;
    std::vector<bool> needed_;
    struct StateUpdate {
        const NetTensor *state;
        TensorId value;
    };
    std::vector<StateUpdate> state_updates_;
    int32_t current_ = -1;
    size_t forward_ops_ = static_cast<size_t>(-1);  // those before the second pass
};

class Lowering::LayerEmitter final : public Emitter {
  public:
    LayerEmitter(Lowering &lowering, int32_t node)
        : l_(lowering), id_(node), node_(lowering.net_.node(node)) {}

    const Settings &settings() const override { return node_.settings; }
    bool training() const override { return l_.key_.training; }
    uint64_t seed() const override { return l_.net_.seed(); }
    int32_t node() const override { return id_; }
    std::string describe() const override { return l_.net_.describe(id_); }
    std::shared_ptr<const HostRecord> host() const override { return node_.host; }

    int input_count() const override { return static_cast<int>(node_.inputs.size()); }
    TensorId input(int i) override { return l_.at(node_.inputs[static_cast<size_t>(i)]).output; }
    TensorId output() override { return l_.at(id_).output; }
    TensorId parameter(int i, const Shape &shape) override {
        return l_.in_vector(Space::parameter, parameter_tensor(i), shape);
    }
    TensorId state(int i) override { return l_.in_vector(Space::state, state_tensor(i), {}); }
    Tensor tensor(TensorId id) const override { return l_.tensor(id); }

    TensorId temporary(const Tensor &like) override { return l_.temporary(like); }
    void emit(OpKind kind, std::vector<TensorId> inputs, std::vector<TensorId> outputs,
              Attributes attributes) override {
        l_.emit({kind, id_, std::move(inputs), std::move(outputs), std::move(attributes)});
    }
    void update_state(int i, TensorId value) override {
        if (l_.key_.purpose == Purpose::train)
            l_.state_updates_.push_back({&state_tensor(i), value});
    }

    void save(int key, TensorId id) override { l_.at(id_).saved.emplace_back(key, id); }
    TensorId saved(int key) override {
        for (const auto &[k, id] : l_.at(id_).saved)
            if (k == key) return id;
        fail_at(id_, Status::internal, text("nothing was saved under ", key));
    }

    TensorId output_gradient() override { return l_.gradient_of(id_); }
    TensorId parameter_gradient(int i, const Shape &shape) override {
        if (parameter_tensor(i).rate == 0) {
            // Frozen: written to where nobody reads, so that the operation is left out.
            Tensor unread;
            unread.shape = shape.rank > 0 ? shape : parameter_tensor(i).shape;
            return l_.add(unread);
        }
        return l_.in_vector(Space::gradient, parameter_tensor(i), shape);
    }
    bool wants_input_gradient(int i) override {
        return l_.at(node_.inputs[static_cast<size_t>(i)]).wants_gradient;
    }
    void give_input_gradient(int i, TensorId gradient) override {
        l_.at(node_.inputs[static_cast<size_t>(i)]).gradients.push_back(gradient);
    }

    TensorId input_tangent(int i) override {
        return l_.at(node_.inputs[static_cast<size_t>(i)]).tangent;
    }
    TensorId parameter_tangent(int i, const Shape &shape) override {
        const NetTensor &parameter = parameter_tensor(i);
        return l_.moves(parameter) ? l_.in_vector(Space::direction, parameter, shape) : kNoTensor;
    }
    void give_tangent(TensorId tangent) override { l_.at(id_).tangent = tangent; }

  private:
    const NetTensor &parameter_tensor(int i) const {
        return l_.net_.parameters()[static_cast<size_t>(node_.first_parameter + i)];
    }
    const NetTensor &state_tensor(int i) const {
        return l_.net_.state()[static_cast<size_t>(node_.first_state + i)];
    }

    Lowering &l_;
    int32_t id_;
    const Node &node_;
};

class Lowering::NodeLossEmitter final : public LossEmitter {
  public:
    NodeLossEmitter(Lowering &lowering, int32_t node, TensorId target)
        : l_(lowering), id_(node), node_(lowering.net_.node(node)), target_(target) {}

    TensorId prediction() override { return l_.at(node_.inputs[0]).output; }
    TensorId target() override { return target_; }
    TensorId weights() override { return l_.program_.weights; }
    double weight() const override { return node_.loss_weight; }
    const LossSettings &settings() const override { return node_.loss_settings; }
    TensorId output_weights() override {
        if (node_.state_count == 0) return kNoTensor;
        return l_.in_vector(Space::state, l_.net_.state()[static_cast<size_t>(node_.first_state)],
                            {});
    }
    Tensor tensor(TensorId id) const override { return l_.tensor(id); }
    TensorId temporary(const Tensor &like) override { return l_.temporary(like); }
    void emit(OpKind kind, std::vector<TensorId> inputs, std::vector<TensorId> outputs,
              Attributes attributes) override {
        l_.emit({kind, id_, std::move(inputs), std::move(outputs), std::move(attributes)});
    }
    void give_value(TensorId value) override { l_.program_.losses.push_back(value); }
    void give_correct(TensorId count) override {
        if (l_.program_.correct == kNoTensor) l_.program_.correct = count;
    }
    bool wants_gradient() const override {
        return l_.backward() && l_.at(node_.inputs[0]).wants_gradient;
    }
    void give_gradient(TensorId gradient) override {
        l_.at(node_.inputs[0]).gradients.push_back(gradient);
    }
    TensorId tangent() override { return l_.at(node_.inputs[0]).tangent; }
    void give_residuals(TensorId residuals) override { l_.program_.residuals.push_back(residuals); }
    void give_residual_tangents(TensorId tangents) override {
        l_.program_.residual_tangents.back() = tangents;
    }

  private:
    Lowering &l_;
    int32_t id_;
    const Node &node_;
    TensorId target_;
};

TensorId Lowering::activation(const Shape &sample) {
    Tensor tensor;
    tensor.shape = lifted(sample, key_.batch);
    tensor.batched = true;
    return add(tensor);
}

TensorId Lowering::in_vector(Space space, const NetTensor &owner, const Shape &shape) {
    Tensor tensor;
    tensor.shape = shape.rank > 0 ? shape : owner.shape;
    tensor.space = space;
    tensor.offset = owner.offset;
    // One id for each view, so that readers of the same view share a packed copy.
    for (size_t i = 0; i < program_.tensors.size(); ++i)
        if (program_.tensors[i] == tensor) return static_cast<TensorId>(i);
    return add(tensor);
}

TensorId Lowering::status(StatusIndex index) {
    NetTensor owner;
    owner.shape = {1};
    owner.offset = index;
    return in_vector(Space::status, owner, {});
}

TensorId Lowering::feed(const Tensor &tensor) {
    const TensorId id = add(tensor);
    program_.ops.push_back({OpKind::feed, current_, {}, {id}, {}});
    return id;
}

void Lowering::need(int32_t node) {
    if (needed_[static_cast<size_t>(node)]) return;
    needed_[static_cast<size_t>(node)] = true;
    for (int32_t input : net_.node(node).inputs) need(input);
}

// Only what the purpose reads is computed; gradients flow only to where parameters (or inputs whose
// gradient the host asks for) are.
void Lowering::choose_nodes() {
    const auto count = net_.nodes().size();
    nodes_.assign(count, {});
    needed_.assign(count, false);
    const bool from_losses = key_.purpose != Purpose::run && key_.purpose != Purpose::backward;
    for (int32_t id : from_losses ? net_.losses() : net_.outputs()) need(id);
    if (!backward()) return;
    for (size_t i = 0; i < count; ++i) {
        const Node &node = net_.nodes()[i];
        bool wants = node.is_input() && key_.purpose == Purpose::backward;
        for (int32_t p = 0; p < node.parameter_count; ++p)
            wants =
                wants || net_.parameters()[static_cast<size_t>(node.first_parameter + p)].rate != 0;
        for (int32_t input : node.inputs) wants = wants || at(input).wants_gradient;
        nodes_[i].wants_gradient = wants && needed_[i];
    }
}

void Lowering::forward() {
    for (size_t i = 0; i < net_.nodes().size(); ++i) {
        const Node &node = net_.nodes()[i];
        if (node.is_input()) {
            if (!needed_[i]) {
                program_.inputs.push_back(kNoTensor);
                continue;
            }
            Tensor tensor;
            tensor.shape = lifted(node.shape, key_.batch);
            tensor.batched = true;
            current_ = static_cast<int32_t>(i);
            nodes_[i].output = feed(tensor);
            program_.inputs.push_back(nodes_[i].output);
        } else if (node.layer && needed_[i]) {
            nodes_[i].output = activation(node.shape);
            LayerEmitter emitter(*this, static_cast<int32_t>(i));
            node.layer->forward(emitter);
        }
    }
}

void Lowering::weights_feed() {
    Tensor weights;
    weights.shape = {key_.batch};
    weights.batched = true;
    current_ = -1;
    program_.weights = feed(weights);
}

TensorId Lowering::target_feed(size_t loss) {
    current_ = net_.losses()[loss];
    Tensor target = tensor(at(net_.node(current_).inputs[0]).output);
    if (key_.label_targets >> loss & 1) {
        target.shape = label_shape(target.shape);
        target.type = Type::i32;
    }
    program_.targets.push_back(feed(target));
    return program_.targets.back();
}

void Lowering::losses() {
    weights_feed();
    for (size_t i = 0; i < net_.losses().size(); ++i) {
        NodeLossEmitter emitter(*this, net_.losses()[i], target_feed(i));
        net_.node(net_.losses()[i]).loss->emit(emitter);
    }
}

bool Lowering::moves(const NetTensor &parameter) const {
    return parameter.rate != 0 &&
           (key_.tensor < 0 || &parameter == &net_.parameters()[static_cast<size_t>(key_.tensor)]);
}

// Derivatives along the direction, of nodes that what moves reaches.
void Lowering::tangent_pass() {
    program_.repeated = program_.ops.size();
    begin_second_pass();
    for (size_t i = 0; i < net_.nodes().size(); ++i) {
        const Node &node = net_.nodes()[i];
        if (!node.layer || !needed_[i]) continue;
        bool reached = false;
        for (int32_t p = 0; p < node.parameter_count; ++p)
            reached =
                reached || moves(net_.parameters()[static_cast<size_t>(node.first_parameter + p)]);
        for (int32_t input : node.inputs) reached = reached || at(input).tangent != kNoTensor;
        if (!reached) continue;
        LayerEmitter emitter(*this, static_cast<int32_t>(i));
        node.layer->tangent(emitter);
    }
}

// Targets are fed, and residuals made, before what is repeated.
void Lowering::residuals() {
    weights_feed();
    std::vector<TensorId> targets;
    for (size_t i = 0; i < net_.losses().size(); ++i) targets.push_back(target_feed(i));
    for (size_t i = 0; i < targets.size(); ++i) {
        NodeLossEmitter emitter(*this, net_.losses()[i], targets[i]);
        net_.node(net_.losses()[i]).loss->emit_residuals(emitter);
    }
    tangent_pass();
    for (size_t i = 0; i < targets.size(); ++i) {
        NodeLossEmitter emitter(*this, net_.losses()[i], targets[i]);
        program_.residual_tangents.push_back(kNoTensor);
        if (emitter.tangent() != kNoTensor)
            net_.node(net_.losses()[i]).loss->emit_residual_tangents(emitter);
    }
}

void Lowering::hessian_products() {
    weights_feed();
    for (size_t i = 0; i < net_.losses().size(); ++i) {
        NodeLossEmitter emitter(*this, net_.losses()[i], target_feed(i));
        if (emitter.tangent() == kNoTensor ||
            !at(net_.node(net_.losses()[i]).inputs[0]).wants_gradient)
            continue;
        net_.node(net_.losses()[i]).loss->emit_hessian_product(emitter);
    }
}

// dL/dy of the host's, each sample's times its weight.
void Lowering::host_gradients() {
    weights_feed();
    for (int32_t id : net_.outputs()) {
        current_ = id;
        const Tensor like = tensor(at(id).output);
        const TensorId given = feed(like);
        program_.output_gradients.push_back(given);
        const TensorId weighted = add(like);
        ExpressionBuilder b;
        b.result(b.times(b.operand(0), b.operand(1)));
        program_.ops.push_back({OpKind::pointwise,
                                id,
                                {given, program_.weights},
                                {weighted},
                                PointwiseAttributes{b.take()}});
        if (at(id).wants_gradient) at(id).gradients.push_back(weighted);
    }
}

TensorId Lowering::gradient_of(int32_t node) {
    std::vector<TensorId> &gradients = at(node).gradients;
    if (gradients.size() > 1) {
        const TensorId total = add(tensor(gradients[0]));
        program_.ops.push_back({OpKind::pointwise,
                                node,
                                gradients,
                                {total},
                                add_attributes(static_cast<int>(gradients.size()))});
        gradients = {total};
    }
    return gradients[0];
}

void Lowering::backward_pass() {
    begin_second_pass();
    for (auto i = static_cast<int32_t>(net_.nodes().size()) - 1; i >= 0; --i) {
        const Node &node = net_.node(i);
        if (!node.layer || !at(i).wants_gradient || at(i).gradients.empty()) continue;
        LayerEmitter emitter(*this, i);
        node.layer->backward(emitter);
    }
}

void Lowering::softmax_outputs() {
    for (TensorId &output : program_.outputs) {
        const TensorId probabilities = add(tensor(output));
        program_.ops.push_back({OpKind::softmax, -1, {output}, {probabilities}, {}});
        output = probabilities;
    }
}

void Lowering::outputs() {
    if (key_.purpose == Purpose::run) {
        for (int32_t id : net_.outputs()) program_.outputs.push_back(at(id).output);
        if (key_.softmax) softmax_outputs();
    }
    if (key_.purpose == Purpose::backward)
        for (int32_t id : net_.inputs())
            program_.input_gradients.push_back(at(id).gradients.empty() ? kNoTensor
                                                                        : gradient_of(id));
}

// gate = gate and the loss and |gradient|^2 are finite; the step's loss joins the running sum
// (with what rounding loses, by Knuth's two-sum); good steps are counted. The squared norm is left
// in kStatusScale for the optimizer to turn into its clipping factor.
void Lowering::gate() {
    const TensorId norm = add(wide_scalar());
    NetTensor whole;
    whole.shape = {std::max<int64_t>(1, net_.theta().elements())};
    const TensorId gradient = in_vector(Space::gradient, whole, {});
    ExpressionBuilder square;
    square.result(square.times(square.operand(0), square.operand(0)));
    program_.ops.push_back(
        {OpKind::sum, -1, {gradient}, {norm}, PointwiseAttributes{square.take()}});

    const std::vector<TensorId> outputs{status(kStatusGate), status(kStatusGoodSteps),
                                        status(kStatusLoss), status(kStatusLossRest),
                                        status(kStatusScale)};
    std::vector<TensorId> inputs = outputs;
    inputs.push_back(norm);
    ExpressionBuilder b;
    auto loss = b.constant(0);
    for (TensorId id : program_.losses) {
        loss = b.plus(loss, b.operand(static_cast<int>(inputs.size())));
        inputs.push_back(id);
    }
    const auto squared = b.operand(5);
    const auto finite = b.times(b.call(Fn::finite, loss), b.call(Fn::finite, squared));
    const auto passes = b.times(b.operand(0), finite);
    const auto sum = b.operand(2);
    const auto total = b.plus(sum, loss);
    const auto part = b.minus(total, sum);
    const auto rest = b.plus(b.minus(sum, b.minus(total, part)), b.minus(loss, part));
    b.result(passes);
    b.result(b.plus(b.operand(1), passes));
    b.result(b.select(passes, total, sum));
    b.result(b.select(passes, b.plus(b.operand(3), rest), b.operand(3)));
    b.result(squared);
    program_.ops.push_back({OpKind::pointwise, -1, inputs, outputs, PointwiseAttributes{b.take()}});
}

void Lowering::update_state() {
    for (const StateUpdate &update : state_updates_) {
        const TensorId state = in_vector(Space::state, *update.state, {});
        ExpressionBuilder b;
        const auto passes = b.times(b.operand(2), b.call(Fn::finite, b.operand(0)));
        b.result(b.select(passes, b.operand(0), b.operand(1)));
        program_.ops.push_back({OpKind::pointwise,
                                update.state->node,
                                {update.value, state, status(kStatusGate)},
                                {state},
                                PointwiseAttributes{b.take()}});
    }
}

Program Lowering::lower() {
    choose_nodes();
    forward();
    switch (key_.purpose) {
        case Purpose::run:
            break;
        case Purpose::backward:
            host_gradients();
            break;
        case Purpose::jacobian:
            residuals();
            break;
        case Purpose::product:
            tangent_pass();
            hessian_products();
            break;
        default:
            losses();
    }
    if (backward()) backward_pass();
    outputs();
    if (key_.purpose == Purpose::train) {
        gate();
        update_state();
    }
    for (size_t i = forward_ops_; i < program_.ops.size(); ++i) program_.ops[i].second_pass = true;
    return std::move(program_);
}

}  // namespace

Program lower(const Net &net, const ProgramKey &key) {
    Program program = Lowering(net, key).lower();
    simplify(program);
    return program;
}

}  // namespace cnn

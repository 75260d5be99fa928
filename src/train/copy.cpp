// Cloning and copying.
#include "train/copy.h"

#include "base/fpenv.h"
#include "base/text.h"

namespace cnn {

int32_t add_like(const Node &node, std::vector<int32_t> inputs, Net &to) {
    if (node.is_input()) return to.add_input(node.name, node.shape);
    if (node.loss)
        return to.add_loss(*node.loss, node.name, node.loss_weight, inputs[0], node.loss_settings);
    return to.add_layer(*node.layer, node.name, node.settings, std::move(inputs), node.host);
}

void copy_factors(const Net &from, Net &to) {
    for (const NetTensor &tensor : from.parameters()) {
        if (tensor.rate != 1) to.set_rate(tensor.name, tensor.rate);
        if (tensor.regularization != tensor.default_regularization)
            to.set_regularization(tensor.name, tensor.regularization);
    }
}

void clone_nodes(Session &from, Session &to) {
    from.net().throw_mistake();
    for (const Node &node : from.net().nodes()) add_like(node, node.inputs, to.net());
    to.net().throw_mistake();
}

void clone_into(Session &from, Session &to) {
    clone_nodes(from, to);
    Net &net = to.net();
    for (int32_t output : from.net().declared_outputs()) net.add_output(output);
    net.throw_mistake();
    copy_factors(from.net(), net);
    if (from.net().center().elements() > 0) {
        std::vector<float> center(static_cast<size_t>(net.theta().elements()));
        from.read_center(center.data());
        to.set_center(center.data());
    }
    to.set_steps(from.steps());
    copy_parameters(from, to);
}

namespace {

void check_same(const char *call, const std::vector<NetTensor> &from,
                const std::vector<NetTensor> &to) {
    if (from.size() != to.size())
        fail(Status::shape_mismatch,
             text(call, ": the source has ", from.size(), " tensors, but the net has ", to.size()));
    for (size_t i = 0; i < from.size(); ++i)
        if (from[i].name != to[i].name || from[i].shape != to[i].shape)
            fail_at(to[i].node, Status::shape_mismatch,
                    text(call, ": the source has ", from[i].name, " ", to_text(from[i].shape),
                         " where the net has ", to[i].name, " ", to_text(to[i].shape)));
}

void check_same(const char *call, const Net &from, const Net &to) {
    check_same(call, from.parameters(), to.parameters());
    check_same(call, from.state(), to.state());
}

void write_vector(Session &to, VectorKind which, const std::vector<float> &values) {
    to.write(which, 0, values.data(), static_cast<int64_t>(values.size()));
}

}  // namespace

void copy_parameters(Session &from, Session &to) {
    check_same("copy parameters", from.net(), to.net());
    const SharedParameters::Values values = from.read_values();
    write_vector(to, VectorKind::parameters, values.theta);
    write_vector(to, VectorKind::state, values.s);
}

Net shared_net(Session &from) {
    const Net &net = from.net();
    net.throw_mistake();
    net.check_bound("share");
    std::shared_ptr<SharedParameters> values = net.shared();
    if (!values) values = std::make_shared<SharedParameters>(from.read_values());
    Net shared = net.sharing(std::move(values));
    if (net.center().elements() > 0) {
        std::vector<float> center(static_cast<size_t>(net.theta().elements()));
        from.read_center(center.data());
        shared.center().append(center);
    }
    return shared;
}

void hand_over(Session &from, const Session &to) {
    if (!to.net().shared())
        fail(Status::bad_state,
             "hand over: the net shares its parameters with none; cnn_net_share makes such nets");
    from.net().throw_mistake();
    check_same("hand over", from.net(), to.net());
    const DefaultFloatEnvironment environment;
    // Read before the set is held, for the source may be of a set too.
    to.net().shared()->hand_over(from.read_values());
}

}  // namespace cnn

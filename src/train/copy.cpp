// Cloning and copying.
#include "train/copy.h"

#include "base/text.h"

namespace cnn {

void clone_nodes(Session &from, Session &to) {
    from.net().throw_mistake();
    Net &net = to.net();
    for (const Node &node : from.net().nodes()) {
        if (node.is_input())
            net.add_input(node.name, node.shape);
        else if (node.loss)
            net.add_loss(*node.loss, node.name, node.loss_weight, node.inputs[0],
                         node.loss_settings);
        else
            net.add_layer(*node.layer, node.name, node.settings, node.inputs, node.host);
    }
    net.throw_mistake();
}

void clone_into(Session &from, Session &to) {
    clone_nodes(from, to);
    Net &net = to.net();
    for (int32_t output : from.net().declared_outputs()) net.add_output(output);
    net.throw_mistake();
    for (const NetTensor &tensor : from.net().parameters()) {
        if (tensor.rate != 1) net.set_rate(tensor.name, tensor.rate);
        if (tensor.regularization != tensor.default_regularization)
            net.set_regularization(tensor.name, tensor.regularization);
    }
    if (from.net().center().elements() > 0) {
        std::vector<float> center(static_cast<size_t>(net.theta().elements()));
        from.read_center(center.data());
        to.set_center(center.data());
    }
    to.set_steps(from.steps());
    copy_parameters(from, to);
}

namespace {

void check_same(const std::vector<NetTensor> &from, const std::vector<NetTensor> &to) {
    if (from.size() != to.size())
        fail(Status::shape_mismatch, text("copy parameters: the source has ", from.size(),
                                          " tensors, but the net has ", to.size()));
    for (size_t i = 0; i < from.size(); ++i)
        if (from[i].name != to[i].name || from[i].shape != to[i].shape)
            fail_at(
                to[i].node, Status::shape_mismatch,
                text("copy parameters: the source has ", from[i].name, " ", to_text(from[i].shape),
                     " where the net has ", to[i].name, " ", to_text(to[i].shape)));
}

}  // namespace

void copy_parameters(Session &from, Session &to) {
    check_same(from.net().parameters(), to.net().parameters());
    check_same(from.net().state(), to.net().state());
    for (const VectorKind which : {VectorKind::parameters, VectorKind::state}) {
        std::vector<float> values(static_cast<size_t>(from.elements(which)));
        from.read(which, 0, values.data(), from.elements(which));
        to.write(which, 0, values.data(), from.elements(which));
    }
}

}  // namespace cnn

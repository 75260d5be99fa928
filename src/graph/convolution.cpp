// Reading a conv2d's settings.
#include "graph/convolution.h"

#include "base/text.h"
#include "layers/connections.h"
#include "layers/registry.h"
#include "layers/window.h"

namespace cnn {

const NetTensor &weight_of(const Net &net, int32_t node) {
    return net.parameters()[static_cast<size_t>(net.node(node).first_parameter)];
}

Convolution convolution_of(const Net &net, int32_t id, const char *call) {
    net.throw_mistake();
    if (id < 0 || static_cast<size_t>(id) >= net.nodes().size())
        fail(Status::out_of_range,
             text(call, ": node ", id, ", but the net has ", net.nodes().size()));
    const Node &node = net.node(id);
    if (node.layer != conv2d_layer())
        fail_at(id, Status::invalid_argument, text(call, ": ", net.describe(id), " is no conv2d"));
    Convolution conv;
    conv.input = net.node(node.inputs[0]).shape;
    conv.output = node.shape;
    conv.window = window_of(node.settings, "kernel", true, conv.input);
    conv.groups = node.settings.integer("groups");
    conv.entries = weight_of(net, id).shape.elements();
    if (!Connections::given(node.settings)) return conv;
    const Connections connections(node.settings, conv.input[0], conv.output[0],
                                  {conv.window.kernel[0], conv.window.kernel[1]});
    conv.groups = connections.groups();
    if (const auto table = connections.table())
        for (size_t i = 0; i + 1 < table->starts.size(); ++i)
            conv.entry.push_back(table->starts[i] < table->starts[i + 1]
                                     ? table->columns[static_cast<size_t>(table->starts[i])]
                                     : -1);
    return conv;
}

}  // namespace cnn

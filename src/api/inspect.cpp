// Vectors, tensors, nodes and the summary.
#include <cmath>

#include "api/shim.h"
#include "graph/summary.h"
#include "train/copy.h"

using namespace cnn;
using namespace cnn::api;

namespace {

VectorKind vector_of(cnn_vector which, const char *call) {
    if (which < CNN_PARAMETERS || which > CNN_STATE)
        fail(Status::invalid_argument,
             text(call, ": which is ", which, ", which is none of cnn_vector"));
    return static_cast<VectorKind>(which);
}

void check_elements(const char *call, const std::string &what, int64_t given, int64_t expected) {
    if (given != expected)
        fail(Status::shape_mismatch,
             text(call, ": ", what, " has ", expected, " elements, but got ", given));
}

const NetTensor &find_tensor(const Session &session, VectorKind which, const char *name,
                             const char *call) {
    for (const NetTensor &tensor : session.tensors(which))
        if (tensor.name == name) return tensor;
    fail(Status::not_found, text(call, ": the net has no tensor \"", name, "\""));
}

}  // namespace

extern "C" {

int64_t cnn_net_vector_elements(const cnn_net *net, cnn_vector which) {
    if (!net || which < CNN_PARAMETERS || which > CNN_STATE) return -1;
    return net->session.elements(static_cast<VectorKind>(which));
}

cnn_status cnn_net_get_vector(cnn_net *net, cnn_vector which, float *values, int64_t elements,
                              cnn_error *error) {
    return guard(error, [&] {
        Session &session = need(net, "get vector", "net").session;
        const VectorKind kind = vector_of(which, "get vector");
        check_elements("get vector", "it", elements, session.elements(kind));
        if (elements > 0) session.read(kind, 0, &need(values, "get vector", "values"), elements);
    });
}

cnn_status cnn_net_set_vector(cnn_net *net, cnn_vector which, const float *values, int64_t elements,
                              cnn_error *error) {
    return guard(error, [&] {
        Session &session = need(net, "set vector", "net").session;
        session.check_changeable("set vector");
        const VectorKind kind = vector_of(which, "set vector");
        check_elements("set vector", "it", elements, session.elements(kind));
        if (elements > 0) session.write(kind, 0, &need(values, "set vector", "values"), elements);
    });
}

int32_t cnn_net_tensor_count(const cnn_net *net, cnn_vector which) {
    if (!net || which < CNN_PARAMETERS || which > CNN_STATE) return -1;
    return static_cast<int32_t>(net->session.tensors(static_cast<VectorKind>(which)).size());
}

cnn_status cnn_net_describe_tensor(const cnn_net *net, cnn_vector which, int32_t index,
                                   cnn_tensor_info *info, cnn_error *error) {
    return guard(error, [&] {
        const Session &session = need(net, "describe tensor", "net").session;
        need(info, "describe tensor", "info");
        const auto &tensors = session.tensors(vector_of(which, "describe tensor"));
        if (index < 0 || static_cast<size_t>(index) >= tensors.size())
            fail(Status::out_of_range,
                 text("describe tensor: index is ", index, ", but there are ", tensors.size()));
        const NetTensor &tensor = tensors[static_cast<size_t>(index)];
        *info = {};
        copy_text(info->name, tensor.name);
        info->offset = tensor.offset;
        info->elements = tensor.shape.elements();
        info->rank = tensor.shape.rank;
        std::copy_n(tensor.shape.dim.begin(), tensor.shape.rank, info->shape);
        info->node = tensor.node;
        info->rate = which == CNN_STATE ? 0 : tensor.rate;
        info->regularization = tensor.regularization;
    });
}

cnn_status cnn_net_get_tensor(cnn_net *net, cnn_vector which, const char *name, float *values,
                              int64_t elements, cnn_error *error) {
    return guard(error, [&] {
        Session &session = need(net, "get tensor", "net").session;
        const VectorKind kind = vector_of(which, "get tensor");
        const NetTensor &tensor =
            find_tensor(session, kind, &need(name, "get tensor", "name"), "get tensor");
        check_elements("get tensor", tensor.name, elements, tensor.shape.elements());
        session.read(kind, tensor.offset, &need(values, "get tensor", "values"), elements);
    });
}

cnn_status cnn_net_set_tensor(cnn_net *net, cnn_vector which, const char *name, const float *values,
                              int64_t elements, cnn_error *error) {
    return guard(error, [&] {
        Session &session = need(net, "set tensor", "net").session;
        session.check_changeable("set tensor");
        const VectorKind kind = vector_of(which, "set tensor");
        const NetTensor &tensor =
            find_tensor(session, kind, &need(name, "set tensor", "name"), "set tensor");
        check_elements("set tensor", tensor.name, elements, tensor.shape.elements());
        session.write(kind, tensor.offset, &need(values, "set tensor", "values"), elements);
    });
}

cnn_status cnn_net_set_rate(cnn_net *net, const char *name, double rate, cnn_error *error) {
    return guard(error, [&] {
        Session &session = need(net, "set rate", "net").session;
        session.check_changeable("set rate");
        session.net().set_rate(&need(name, "set rate", "name"), rate);
    });
}

cnn_status cnn_net_set_regularization(cnn_net *net, const char *name, double factor,
                                      cnn_error *error) {
    return guard(error, [&] {
        Session &session = need(net, "set regularization", "net").session;
        session.check_changeable("set regularization");
        session.net().set_regularization(&need(name, "set regularization", "name"), factor);
    });
}

cnn_status cnn_net_set_center(cnn_net *net, const float *values, int64_t elements,
                              cnn_error *error) {
    return guard(error, [&] {
        Session &session = need(net, "set center", "net").session;
        session.check_changeable("set center");
        const int64_t expected = session.elements(VectorKind::parameters);
        if (values || elements != 0) check_elements("set center", "it", elements, expected);
        if (elements > 0) need(values, "set center", "values");
        for (int64_t i = 0; i < elements; ++i)
            if (!std::isfinite(values[i]))
                fail(Status::out_of_range,
                     text("set center: value ", i, " is ", values[i], ", but must be finite"));
        session.set_center(elements > 0 ? values : nullptr);
    });
}

cnn_status cnn_net_get_center(cnn_net *net, float *values, int64_t elements, cnn_error *error) {
    return guard(error, [&] {
        Session &session = need(net, "get center", "net").session;
        check_elements("get center", "it", elements, session.elements(VectorKind::parameters));
        if (elements > 0) session.read_center(&need(values, "get center", "values"));
    });
}

cnn_status cnn_net_clone(cnn_net *net, cnn_net **clone, cnn_error *error) {
    return guard(error, [&] {
        need(clone, "clone", "clone");
        const Net &graph = need(net, "clone", "net").session.net();
        auto copy = std::make_unique<cnn_net>(graph.name(), graph.seed());
        clone_into(net->session, copy->session);
        *clone = copy.release();
    });
}

cnn_status cnn_net_copy_parameters(cnn_net *net, cnn_net *source, cnn_error *error) {
    return guard(error, [&] {
        Session &to = need(net, "copy parameters", "net").session;
        to.check_changeable("copy parameters");
        copy_parameters(need(source, "copy parameters", "source").session, to);
    });
}

int32_t cnn_net_node_count(const cnn_net *net) {
    return net ? static_cast<int32_t>(net->session.net().nodes().size()) : -1;
}

cnn_status cnn_net_describe_node(const cnn_net *net, cnn_node id, cnn_node_info *info,
                                 cnn_error *error) {
    return guard(error, [&] {
        const Net &graph = need(net, "describe node", "net").session.net();
        need(info, "describe node", "info");
        if (id < 0 || static_cast<size_t>(id) >= graph.nodes().size())
            fail(Status::out_of_range,
                 text("describe node: node ", id, ", but the net has ", graph.nodes().size()));
        const Node &node = graph.node(id);
        *info = {};
        copy_text(info->name, node.name);
        copy_text(info->kind, node.kind);
        info->input_count = static_cast<int32_t>(node.inputs.size());
        std::copy_n(node.inputs.begin(), std::min<size_t>(8, node.inputs.size()), info->inputs);
        info->rank = node.shape.rank;
        std::copy_n(node.shape.dim.begin(), node.shape.rank, info->shape);
        info->parameters = parameter_elements(graph, id);
        const auto outputs = graph.outputs();
        const auto place = std::find(outputs.begin(), outputs.end(), id);
        if (place != outputs.end())
            info->is_output = static_cast<int32_t>(place - outputs.begin()) + 1;
    });
}

cnn_node cnn_net_find_node(const cnn_net *net, const char *name) {
    if (!net || !name) return -CNN_INVALID_ARGUMENT;
    const cnn_node node = net->session.net().find(name);
    return node < 0 ? -CNN_NOT_FOUND : node;
}

cnn_status cnn_net_summary(const cnn_net *net, char *buffer, size_t capacity, size_t *needed,
                           cnn_error *error) {
    return guard(error, [&] {
        const std::string table = summary(need(net, "summary", "net").session.net());
        if (needed) *needed = table.size() + 1;
        if (capacity == 0) return;
        need(buffer, "summary", "buffer");
        const size_t length = std::min(table.size(), capacity - 1);
        std::memcpy(buffer, table.data(), length);
        buffer[length] = '\0';
    });
}

}  // extern "C"

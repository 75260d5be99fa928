// Building a net: descriptors become settings, with defaults filled in.
#include "api/shim.h"
#include "layers/registry.h"

using namespace cnn;
using namespace cnn::api;

namespace {

// A default for zero, and zero for a negative value.
double or_default(float value, double otherwise) {
    if (value == 0) return otherwise;
    return value < 0 ? 0 : static_cast<double>(value);
}

// A second size of 0 is as the first; both 0 are the default.
std::vector<int64_t> pair_of(const int64_t (&sizes)[2], int64_t otherwise) {
    const int64_t first = sizes[0] == 0 ? otherwise : sizes[0];
    return {first, sizes[1] == 0 ? first : sizes[1]};
}

std::vector<int64_t> four_of(const int64_t (&sizes)[4]) {
    return {sizes[0], sizes[1], sizes[2], sizes[3]};
}

template <class Descriptor>
void set_activation(Settings &settings, cnn_activation_kind kind, const Descriptor &d) {
    settings.set("activation", int64_t{kind});
    settings.set("slope", or_default(d.slope, 0.01));
}

template <class Descriptor>
void set_initializer(Settings &settings, const Descriptor &d) {
    settings.set("initializer", int64_t{d.initializer});
    // A constant has no default but zero.
    const double otherwise = d.initializer == CNN_INIT_CONSTANT ? 0 : 1;
    const auto scale = static_cast<double>(d.initializer_scale);
    settings.set("initializer_scale", scale == 0 ? otherwise : scale);
}

// What every add does: a mistake in the descriptor is recorded like any other.
template <class Descriptor, class Fill>
cnn_node add(cnn_net *net, const Layer &layer, std::vector<int32_t> inputs,
             const Descriptor *descriptor, const Fill &fill) noexcept {
    if (!net) return -CNN_INVALID_ARGUMENT;
    Net &graph = net->session.net();
    try {
        const Descriptor d = descriptor ? *descriptor : Descriptor{};
        Settings settings;
        try {
            check_reserved(d.reserved, text("add ", layer.kind()).c_str());
            fill(d, settings);
        } catch (const Error &error) {
            return graph.record(error);
        }
        return graph.add_layer(layer, text_or(d.name, ""), std::move(settings), std::move(inputs));
    } catch (const Error &error) {
        return -static_cast<cnn_node>(error.status);
    } catch (...) {
        return -CNN_OUT_OF_MEMORY;
    }
}

cnn_node add_plain(cnn_net *net, const Layer &layer, std::vector<int32_t> inputs,
                   const cnn_plain *descriptor) {
    return add(net, layer, std::move(inputs), descriptor, [](const cnn_plain &, Settings &) {});
}

cnn_node add_pool(cnn_net *net, const Layer &layer, cnn_node input, const cnn_pool2d *descriptor) {
    return add(net, layer, {input}, descriptor, [](const cnn_pool2d &d, Settings &s) {
        check_reserved(d.reserved32, "add pool2d");
        const std::vector<int64_t> window = pair_of(d.window, 0);
        std::vector<int64_t> stride = window;
        if (d.stride[0] != 0 || d.stride[1] != 0) stride = pair_of(d.stride, window[0]);
        s.set("window", window);
        s.set("stride", stride);
        s.set("padding", four_of(d.padding));
        s.set("padding_mode", int64_t{d.padding_mode});
        s.set("ceil_mode", int64_t{d.ceil_mode != 0});
        s.set("include_padding", int64_t{d.include_padding != 0});
    });
}

// The nodes of an array argument, or nothing for a bad one, which the layer then refuses.
std::vector<int32_t> nodes_of(const cnn_node *inputs, int32_t count) {
    if (!inputs || count < 1) return {};
    return {inputs, inputs + count};
}

}  // namespace

extern "C" {

cnn_net *cnn_net_create(const cnn_net_options *options) {
    cnn_net *net = nullptr;
    guard(nullptr, [&] {
        const cnn_net_options given = options ? *options : cnn_net_options{};
        check_reserved(given.reserved, "create net");
        net = new cnn_net(text_or(given.name, "net"), given.seed);
    });
    return net;
}

void cnn_net_destroy(cnn_net *net) {
    if (!net || net->session.in_callback()) return;
    delete net;
}

cnn_node cnn_net_input(cnn_net *net, const char *name, int32_t rank, const int64_t *shape) {
    if (!net) return -CNN_INVALID_ARGUMENT;
    cnn_node node = -CNN_OUT_OF_MEMORY;
    guard(nullptr, [&] {
        const bool fits = rank >= 1 && rank <= 3 && shape;
        const Shape sizes(fits ? std::span<const int64_t>(shape, static_cast<size_t>(rank))
                               : std::span<const int64_t>());
        node = net->session.net().add_input(text_or(name, ""), sizes);
    });
    return node;
}

cnn_node cnn_net_conv2d(cnn_net *net, cnn_node input, const cnn_conv2d *descriptor) {
    return add(net, *conv2d_layer(), {input}, descriptor, [](const cnn_conv2d &d, Settings &s) {
        s.set("filters", d.filters);
        s.set("kernel", pair_of(d.kernel, 0));
        s.set("stride", pair_of(d.stride, 1));
        s.set("dilation", pair_of(d.dilation, 1));
        s.set("padding", four_of(d.padding));
        s.set("padding_mode", int64_t{d.padding_mode});
        s.set("groups", d.groups == 0 ? 1 : d.groups);
        s.set("bias", int64_t{d.no_bias == 0});
        set_activation(s, d.activation, d);
        set_initializer(s, d);
    });
}

cnn_node cnn_net_dense(cnn_net *net, cnn_node input, const cnn_dense *descriptor) {
    return add(net, *dense_layer(), {input}, descriptor, [](const cnn_dense &d, Settings &s) {
        check_reserved(d.reserved32, "add dense");
        s.set("units", d.units);
        s.set("bias", int64_t{d.no_bias == 0});
        set_activation(s, d.activation, d);
        set_initializer(s, d);
    });
}

cnn_node cnn_net_max_pool2d(cnn_net *net, cnn_node input, const cnn_pool2d *descriptor) {
    return add_pool(net, *max_pool2d_layer(), input, descriptor);
}

cnn_node cnn_net_average_pool2d(cnn_net *net, cnn_node input, const cnn_pool2d *descriptor) {
    return add_pool(net, *average_pool2d_layer(), input, descriptor);
}

cnn_node cnn_net_global_average_pool2d(cnn_net *net, cnn_node input, const cnn_plain *descriptor) {
    return add_plain(net, *global_average_pool2d_layer(), {input}, descriptor);
}

cnn_node cnn_net_flatten(cnn_net *net, cnn_node input, const cnn_plain *descriptor) {
    return add_plain(net, *flatten_layer(), {input}, descriptor);
}

cnn_node cnn_net_activation(cnn_net *net, cnn_node input, const cnn_activation *descriptor) {
    return add(net, *activation_layer(), {input}, descriptor,
               [](const cnn_activation &d, Settings &s) { set_activation(s, d.kind, d); });
}

cnn_node cnn_net_softmax(cnn_net *net, cnn_node input, const cnn_plain *descriptor) {
    return add_plain(net, *softmax_layer(), {input}, descriptor);
}

cnn_node cnn_net_dropout(cnn_net *net, cnn_node input, const cnn_dropout *descriptor) {
    return add(net, *dropout_layer(), {input}, descriptor, [](const cnn_dropout &d, Settings &s) {
        check_reserved(d.reserved32, "add dropout");
        s.set("rate", static_cast<double>(d.rate));
    });
}

cnn_node cnn_net_batch_norm(cnn_net *net, cnn_node input, const cnn_batch_norm *descriptor) {
    return add(net, *batch_norm_layer(), {input}, descriptor,
               [](const cnn_batch_norm &d, Settings &s) {
                   s.set("momentum", or_default(d.momentum, 0.1));
                   s.set("epsilon", or_default(d.epsilon, 1e-5));
                   s.set("scale", int64_t{d.no_scale == 0});
                   s.set("shift", int64_t{d.no_shift == 0});
                   set_activation(s, d.activation, d);
               });
}

cnn_node cnn_net_add(cnn_net *net, const cnn_node *inputs, int32_t count,
                     const cnn_add *descriptor) {
    return add(net, *add_layer(), nodes_of(inputs, count), descriptor,
               [](const cnn_add &d, Settings &s) { set_activation(s, d.activation, d); });
}

cnn_node cnn_net_concat(cnn_net *net, const cnn_node *inputs, int32_t count,
                        const cnn_plain *descriptor) {
    return add_plain(net, *concat_layer(), nodes_of(inputs, count), descriptor);
}

cnn_node cnn_net_loss(cnn_net *net, cnn_node input, const cnn_loss *descriptor) {
    if (!net) return -CNN_INVALID_ARGUMENT;
    Net &graph = net->session.net();
    cnn_node node = -CNN_OUT_OF_MEMORY;
    guard(nullptr, [&] {
        const cnn_loss d = descriptor ? *descriptor : cnn_loss{};
        try {
            check_reserved(d.reserved, "add loss");
            const Loss *loss = find_loss(d.kind);
            if (!loss)
                fail(Status::invalid_argument,
                     text("add loss: kind is ", d.kind, ", which is none of cnn_loss_kind"));
            node = graph.add_loss(*loss, text_or(d.name, ""), or_default(d.weight, 1), input);
        } catch (const Error &error) {
            node = graph.record(error);
        }
    });
    return node;
}

cnn_status cnn_net_output(cnn_net *net, cnn_node node, cnn_error *error) {
    return guard(error, [&] { need(net, "output", "net").session.net().add_output(node); });
}

cnn_status cnn_net_error(const cnn_net *net, cnn_error *error) {
    return guard(error, [&] { need(net, "net error", "net").session.net().throw_mistake(); });
}

}  // extern "C"

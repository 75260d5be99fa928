// Building a net: descriptors become settings, with defaults filled in.
#include <limits>

#include "api/adding.h"
#include "layers/registry.h"

using namespace cnn;
using namespace cnn::api;

namespace {

// Pairs of sizes, each at least 1: the largest of each.
std::vector<int64_t> largest_of(const int64_t *sizes, int64_t count) {
    std::vector<int64_t> most(2, 0);
    for (int64_t i = 0; i < 2 * count; ++i)
        most[static_cast<size_t>(i % 2)] = std::max(most[static_cast<size_t>(i % 2)], sizes[i]);
    return most;
}

void check_count(const std::string &what, const void *array, int64_t count) {
    if (count < 0 || (count > 0) != (array != nullptr))
        fail(Status::invalid_argument,
             text(what, " is ", array ? "" : "not ", "NULL, but its count is ", count));
}

void check_connections(const std::string &of, const cnn_connections &c) {
    const std::string what = of + ": connections";
    check_reserved(c.reserved, what.c_str());
    check_reserved(c.reserved32, what.c_str());
    check_count(what + "' pairs", c.pairs, c.pair_count);
    check_count(what + "' kernel_sizes", c.kernel_sizes, c.kernel_size_count);
    if (c.pair_count > 0 && c.kind != CNN_CONNECT_CUSTOM)
        fail(Status::invalid_argument, what + "' pairs are of CNN_CONNECT_CUSTOM alone");
    if (c.fan_in != 0 && c.kind != CNN_CONNECT_RANDOM)
        fail(Status::invalid_argument,
             text(what, "' fan_in is ", c.fan_in, ", but is of CNN_CONNECT_RANDOM alone"));
}

// So many pairs at most can differ: those of a layer of `filters` maps (0: as many as channels) on
// `input`. 0 for an input or filters that are refused afterwards.
int64_t most_pairs(const Net &net, cnn_node input, int64_t filters) {
    constexpr int64_t kMost = std::numeric_limits<int32_t>::max();
    const auto &nodes = net.nodes();
    if (input < 0 || static_cast<size_t>(input) >= nodes.size() || net.node(input).loss) return 0;
    const int64_t channels = net.node(input).shape[0];
    const int64_t maps = filters == 0 ? channels : filters;
    return channels > kMost || maps < 0 || maps > kMost ? 0 : channels * maps;
}

void set_pairs(Settings &settings, const std::string &of, const cnn_connections &c, int64_t most) {
    if (most > 0 && c.pair_count > most)
        fail(Status::out_of_range,
             text(of, ": connections' pair_count is ", c.pair_count,
                  ", but input channels and filters make ", most, " pairs at most"));
    const int64_t count = most > 0 ? c.pair_count : 0;
    settings.set("connection_pairs", std::vector<int64_t>(c.pairs, c.pairs + 2 * count));
}

void set_connections(Settings &settings, const std::string &of, const cnn_connections &c,
                     int64_t most) {
    check_connections(of, c);
    settings.set("connections", int64_t{c.kind});
    settings.set("shared_kernel", int64_t{c.shared_kernel != 0});
    if (c.kind == CNN_CONNECT_RANDOM) {
        settings.set("connection_fan_in", c.fan_in);
        settings.set("connection_seed", static_cast<int64_t>(c.seed));
    }
    if (c.kind == CNN_CONNECT_CUSTOM) set_pairs(settings, of, c, most);
    if (c.kernel_size_count == 0) return;
    settings.set("kernel_sizes",
                 std::vector<int64_t>(c.kernel_sizes, c.kernel_sizes + 2 * c.kernel_size_count));
    settings.set("kernel_sizes_by_map", int64_t{c.kernel_sizes_by_map != 0});
}

// A table that says what holds without it.
bool is_plain(const cnn_connections &c) {
    return c.kind == CNN_CONNECT_FULL && c.shared_kernel == 0 && c.kernel_size_count == 0;
}

cnn_node add_plain(cnn_net *net, const Layer &layer, std::span<const cnn_node> inputs,
                   const cnn_plain *descriptor) {
    return add(net, layer, inputs, descriptor, [](const cnn_plain &, Settings &) {});
}

cnn_node add_pool(cnn_net *net, const Layer &layer, cnn_node input, const cnn_pool2d *descriptor) {
    return add(net, layer, one(input), descriptor, [](const cnn_pool2d &d, Settings &s) {
        const std::vector<int64_t> window = pair_of(d.window, 0);
        std::vector<int64_t> stride = window;
        if (d.stride[0] != 0 || d.stride[1] != 0) stride = pair_of(d.stride, window[0]);
        s.set("window", window);
        s.set("stride", stride);
        s.set("padding", four_of(d.padding));
        s.set("padding_mode", int64_t{d.padding_mode});
        s.set("ceil_mode", int64_t{d.ceil_mode != 0});
        s.set("include_padding", int64_t{d.include_padding != 0});
        if (d.exact != 0) s.set("exact", int64_t{1});
    });
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
    net->release();
}

cnn_node cnn_net_input(cnn_net *net, const char *name, int32_t rank, const int64_t *shape) {
    if (!net) return -CNN_INVALID_ARGUMENT;
    Net &graph = net->session.net();
    try {
        return graph.add_input(text_or(name, ""), rank, shape);
    } catch (...) {
        return graph.record_out_of_memory();
    }
}

cnn_node cnn_net_conv2d(cnn_net *net, cnn_node input, const cnn_conv2d *descriptor) {
    return add(net, *conv2d_layer(), one(input), descriptor, [&](const cnn_conv2d &d, Settings &s) {
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
        if (d.exact != 0) s.set("exact", int64_t{1});
        if (!d.connections) return;
        check_connections(adding("conv2d", d), *d.connections);
        // With groups it contradicts them, which the layer tells.
        if (is_plain(*d.connections) && d.groups <= 1) return;
        set_connections(s, adding("conv2d", d), *d.connections,
                        most_pairs(net->session.net(), input, d.filters));
        if (d.connections->kernel_size_count > 0 && d.kernel[0] == 0)
            s.set("kernel",
                  largest_of(d.connections->kernel_sizes, d.connections->kernel_size_count));
    });
}

cnn_node cnn_net_dense(cnn_net *net, cnn_node input, const cnn_dense *descriptor) {
    return add(net, *dense_layer(), one(input), descriptor, [](const cnn_dense &d, Settings &s) {
        s.set("units", d.units);
        s.set("bias", int64_t{d.no_bias == 0});
        set_activation(s, d.activation, d);
        set_initializer(s, d);
    });
}

cnn_node cnn_net_weighted_subsample2d(cnn_net *net, cnn_node input,
                                      const cnn_weighted_subsample2d *descriptor) {
    return add(net, *weighted_subsample2d_layer(), one(input), descriptor,
               [&](const cnn_weighted_subsample2d &d, Settings &s) {
                   s.set("filters", d.filters);
                   s.set("factor", pair_of(d.factor, 0));
                   s.set("bias", int64_t{d.no_bias == 0});
                   set_activation(s, d.activation, d);
                   set_initializer(s, d);
                   if (d.exact != 0) s.set("exact", int64_t{1});
                   if (!d.connections) return;
                   set_connections(s, adding("weighted_subsample2d", d), *d.connections,
                                   most_pairs(net->session.net(), input, d.filters));
                   if (d.connections->kernel_size_count > 0)
                       fail(Status::invalid_argument,
                            text(adding("weighted_subsample2d", d),
                                 ": connections have kernel_sizes, but an alpha has no size"));
               });
}

cnn_node cnn_net_subsample2d(cnn_net *net, cnn_node input, const cnn_subsample2d *descriptor) {
    return add(net, *subsample2d_layer(), one(input), descriptor,
               [](const cnn_subsample2d &d, Settings &s) {
                   s.set("factor", pair_of(d.factor, 0));
                   if (d.exact != 0) s.set("exact", int64_t{1});
               });
}

cnn_node cnn_net_radial_basis(cnn_net *net, cnn_node input, const cnn_radial_basis *descriptor) {
    return add(net, *radial_basis_layer(), one(input), descriptor,
               [](const cnn_radial_basis &d, Settings &s) {
                   s.set("units", d.units);
                   s.set("radial", int64_t{d.kind});
                   s.set("beta", decimal(d.beta));
                   set_initializer(s, d);
                   if (d.initializer == CNN_INIT_DEFAULT)
                       s.set("initializer", int64_t{CNN_INIT_NORMAL});
               });
}

cnn_node cnn_net_max_pool2d(cnn_net *net, cnn_node input, const cnn_pool2d *descriptor) {
    return add_pool(net, *max_pool2d_layer(), input, descriptor);
}

cnn_node cnn_net_average_pool2d(cnn_net *net, cnn_node input, const cnn_pool2d *descriptor) {
    return add_pool(net, *average_pool2d_layer(), input, descriptor);
}

cnn_node cnn_net_global_average_pool2d(cnn_net *net, cnn_node input, const cnn_plain *descriptor) {
    return add_plain(net, *global_average_pool2d_layer(), one(input), descriptor);
}

cnn_node cnn_net_flatten(cnn_net *net, cnn_node input, const cnn_plain *descriptor) {
    return add_plain(net, *flatten_layer(), one(input), descriptor);
}

cnn_node cnn_net_reshape(cnn_net *net, cnn_node input, const cnn_reshape *descriptor) {
    return add(
        net, *reshape_layer(), one(input), descriptor, [](const cnn_reshape &d, Settings &s) {
            const int32_t rank = std::clamp(d.rank, 0, 3);
            if (rank != d.rank || rank == 0)
                fail(Status::shape_mismatch,
                     text(adding("reshape", d), ": rank is ", d.rank, ", but must be 1 to 3"));
            s.set("shape", std::vector<int64_t>(d.shape, d.shape + rank));
        });
}

cnn_node cnn_net_activation(cnn_net *net, cnn_node input, const cnn_activation *descriptor) {
    return add(net, *activation_layer(), one(input), descriptor,
               [](const cnn_activation &d, Settings &s) { set_activation(s, d.kind, d); });
}

cnn_node cnn_net_softmax(cnn_net *net, cnn_node input, const cnn_plain *descriptor) {
    return add_plain(net, *softmax_layer(), one(input), descriptor);
}

cnn_node cnn_net_dropout(cnn_net *net, cnn_node input, const cnn_dropout *descriptor) {
    return add(net, *dropout_layer(), one(input), descriptor,
               [](const cnn_dropout &d, Settings &s) { s.set("rate", decimal(d.rate)); });
}

cnn_node cnn_net_batch_norm(cnn_net *net, cnn_node input, const cnn_batch_norm *descriptor) {
    return add(net, *batch_norm_layer(), one(input), descriptor,
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
               [&](const cnn_add &d, Settings &s) {
                   check_array("add", d, inputs, count);
                   set_activation(s, d.activation, d);
               });
}

cnn_node cnn_net_concat(cnn_net *net, const cnn_node *inputs, int32_t count,
                        const cnn_plain *descriptor) {
    return add(net, *concat_layer(), nodes_of(inputs, count), descriptor,
               [&](const cnn_plain &d, Settings &) { check_array("concat", d, inputs, count); });
}

cnn_node cnn_net_loss(cnn_net *net, cnn_node input, const cnn_loss *descriptor) {
    if (!net) return -CNN_INVALID_ARGUMENT;
    Net &graph = net->session.net();
    try {
        const cnn_loss d = descriptor ? *descriptor : cnn_loss{};
        check_descriptor("loss", d);
        const Loss *loss = find_loss(d.kind);
        if (!loss)
            fail(Status::invalid_argument,
                 text(adding("loss", d), ": kind is ", d.kind, ", which is none of cnn_loss_kind"));
        if ((d.output_weights != nullptr) != (d.output_weight_count != 0))
            fail(Status::invalid_argument,
                 text(adding("loss", d), ": output_weights is ", d.output_weights ? "" : "NULL",
                      d.output_weights ? "given" : "", ", but output_weight_count is ",
                      d.output_weight_count));
        const LossSettings settings{d.average_outputs != 0, d.output_weight_count};
        const std::span<const float> weights{
            d.output_weights, static_cast<size_t>(std::max<int64_t>(0, d.output_weight_count))};
        return graph.add_loss(*loss, text_or(d.name, ""), or_default(d.weight, 1), input, settings,
                              weights);
    } catch (Error &error) {
        return graph.record(std::move(error));
    } catch (...) {
        return graph.record_out_of_memory();
    }
}

cnn_status cnn_net_output(cnn_net *net, cnn_node node, cnn_error *error) {
    return guard(error, [&] { need(net, "output", "net").session.net().add_output(node); });
}

cnn_status cnn_net_error(const cnn_net *net, cnn_error *error) {
    return guard(error, [&] { need(net, "net error", "net").session.net().throw_mistake(); });
}

}  // extern "C"

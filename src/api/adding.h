// Adding nodes: what the functions that add one share.
#pragma once

#include <span>
#include <vector>

#include "api/shim.h"
#include "base/fpenv.h"
#include "layers/registry.h"

namespace cnn::api {

// The number that was written where the float came from: 0.1, not 0.10000000149011612, so that
// files and messages say what the host said.
inline double decimal(float value) {
    return parse_double(text(value)).value_or(static_cast<double>(value));
}

// A default for zero, and zero for a negative value.
inline double or_default(float value, double otherwise) {
    if (value == 0) return otherwise;
    return value < 0 ? 0 : decimal(value);
}

// A second size of 0 is as the first; both 0 are the default.
inline std::vector<int64_t> pair_of(const int64_t (&sizes)[2], int64_t otherwise) {
    const int64_t first = sizes[0] == 0 ? otherwise : sizes[0];
    return {first, sizes[1] == 0 ? first : sizes[1]};
}

inline std::vector<int64_t> four_of(const int64_t (&sizes)[4]) {
    return {sizes[0], sizes[1], sizes[2], sizes[3]};
}

template <class Descriptor>
void set_activation(Settings &settings, cnn_activation_kind kind, const Descriptor &d) {
    settings.set("activation", int64_t{kind});
    settings.set("slope", or_default(d.slope, kind == CNN_ELU ? 1 : 0.01));
}

template <class Descriptor>
void set_initializer(Settings &settings, const Descriptor &d) {
    settings.set("initializer", int64_t{d.initializer});
    // A constant has no default but zero.
    const double otherwise = d.initializer == CNN_INIT_CONSTANT ? 0 : 1;
    const double scale = decimal(d.initializer_scale);
    settings.set("initializer_scale", scale == 0 ? otherwise : scale);
}

inline std::span<const cnn_node> one(const cnn_node &input) {
    return {&input, 1};
}

// What was to be added, for mistakes found before it has a node.
template <class Descriptor>
std::string adding(const char *kind, const Descriptor &d) {
    return d.name ? text("add ", kind, " \"", d.name, "\"") : text("add ", kind);
}

// A newer caller's descriptor is refused.
template <class Descriptor>
void check_descriptor(const char *kind, const Descriptor &d) {
    const std::string what = adding(kind, d);
    check_reserved(d.reserved, what.c_str());
    if constexpr (requires { d.reserved32; }) check_reserved(d.reserved32, what.c_str());
}

// The word that default names begin with.
template <class Descriptor>
std::string_view word_of(const Layer &layer, const Descriptor &d) {
    if constexpr (requires { d.forward; })
        if (d.kind && *d.kind) return d.kind;
    return layer.kind();
}

// What every add does: a mistake in the descriptor is recorded like any other. `fill` makes the
// settings, or the record of a host-defined layer.
template <class Descriptor, class Fill>
cnn_node add(cnn_net *net, const Layer &layer, std::span<const cnn_node> inputs,
             const Descriptor *descriptor, const Fill &fill) noexcept {
    if (!net) return -CNN_INVALID_ARGUMENT;
    Net &graph = net->session.net();
    const DefaultFloatEnvironment environment;
    try {
        Descriptor d = descriptor ? *descriptor : Descriptor{};
        const std::string given = text_or(d.name, "");
        // Messages name the node also where its name is left to the library.
        const std::string name = given.empty() ? graph.default_name(word_of(layer, d)) : given;
        d.name = name.c_str();
        check_descriptor(layer.kind(), d);
        Settings settings;
        std::shared_ptr<const HostRecord> host;
        if constexpr (requires { fill(d, host); })
            fill(d, host);
        else
            fill(d, settings);
        return graph.add_layer(layer, given, std::move(settings), {inputs.begin(), inputs.end()},
                               std::move(host));
    } catch (Error &error) {
        return graph.record(std::move(error));
    } catch (...) {
        return graph.record_out_of_memory();
    }
}

// The nodes of an array argument; nothing for a bad one, which check_array then tells.
inline std::span<const cnn_node> nodes_of(const cnn_node *inputs, int32_t count) {
    if (!inputs || count < 1) return {};
    return {inputs, static_cast<size_t>(count)};
}

template <class Descriptor>
void check_array(const char *kind, const Descriptor &d, const cnn_node *inputs, int32_t count) {
    if (count < 1)
        fail(Status::invalid_argument,
             text(adding(kind, d), ": count is ", count, ", but must be at least 1"));
    if (!inputs) fail(Status::invalid_argument, text(adding(kind, d), ": inputs is NULL"));
}

}  // namespace cnn::api

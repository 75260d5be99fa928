// Building a net.
#include "graph/net.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <new>
#include <span>

#include "base/fpenv.h"
#include "base/philox.h"
#include "base/text.h"

namespace cnn {

namespace {

// Streams of the net's seed, so that initial values, shuffling and dropout never share numbers.
constexpr uint64_t kInitialStream = uint64_t{1} << 56;

constexpr size_t kLongestName = 1024;

// Values number `first`, first + 1, ... of a tensor.
void fill_initial(const Initializer &init, int64_t in, int64_t out, const RandomStream &stream,
                  size_t first, std::span<float> values) {
    const auto fan_in = static_cast<double>(in), fan_sum = fan_in + static_cast<double>(out);
    const auto normal = [&](double deviation) {
        for (size_t i = 0; i < values.size(); ++i)
            values[i] = static_cast<float>(deviation * stream.normal(first + i));
    };
    const auto uniform = [&](double bound) {
        for (size_t i = 0; i < values.size(); ++i)
            values[i] = static_cast<float>(
                bound * (2.0 * static_cast<double>(stream.uniform(first + i)) - 1.0));
    };
    switch (init.kind) {
        case InitKind::automatic:
        case InitKind::he:
            normal(init.scale * std::sqrt(2 / fan_in));
            break;
        case InitKind::xavier:
            uniform(init.scale * std::sqrt(6 / fan_sum));
            break;
        case InitKind::uniform:
            uniform(init.scale);
            break;
        case InitKind::normal:
            normal(init.scale);
            break;
        case InitKind::constant:
            std::fill(values.begin(), values.end(), static_cast<float>(init.scale));
            break;
    }
}

}  // namespace

std::vector<float> initial_values(const TensorSpec &spec, uint64_t seed, int64_t index) {
    const DefaultFloatEnvironment environment;
    const Initializer &init = spec.initializer;
    std::vector<float> values(static_cast<size_t>(spec.shape.elements()));
    const RandomStream stream(seed, kInitialStream + static_cast<uint64_t>(index));
    if (init.parts.empty()) {
        fill_initial(init, init.fan_in, init.fan_out, stream, 0, values);
        return values;
    }
    std::span<float> rest(values);
    for (const Initializer::Part &part : init.parts) {
        const auto count = static_cast<size_t>(part.elements);
        fill_initial(init, part.fan_in, part.fan_out, stream, values.size() - rest.size(),
                     rest.first(count));
        rest = rest.subspan(count);
    }
    return values;
}

Net::Net(std::string name, uint64_t seed) : name_(std::move(name)), seed_(seed) {
    last_node_.reserve(1);
    if (!valid_utf8(name_)) fail(Status::invalid_argument, "create net: name is not UTF-8");
}

Net Net::sharing(std::shared_ptr<SharedParameters> values) const {
    Net net(name_, seed_);
    net.nodes_ = nodes_;
    net.inputs_ = inputs_;
    net.outputs_ = outputs_;
    net.losses_ = losses_;
    net.last_node_ = last_node_;
    net.parameters_ = parameters_;
    net.state_tensors_ = state_tensors_;
    // Of their sizes, never read.
    net.theta_ = FlatVector(theta_.elements());
    net.s_ = FlatVector(s_.elements());
    net.shared_ = std::move(values);
    net.seal();
    return net;
}

std::string Net::describe(int32_t id) const {
    const Node &n = node(id);
    return text(n.kind, " \"", n.name, "\" (node ", id, ")");
}

int32_t Net::record(Error error) noexcept {
    if (sealed_) return -static_cast<int32_t>(Status::bad_state);
    if (!mistake_) {
        if (error.node < 0) error.node = static_cast<int32_t>(nodes_.size());
        mistake_ = std::move(error);
    }
    return -static_cast<int32_t>(mistake_->status);
}

int32_t Net::record_out_of_memory() noexcept {
    // Short enough to need no memory.
    return record(Error(Status::out_of_memory, -1, "out of memory"));
}

// Builds the next node, or records why it couldn't be.
template <class Build>
int32_t Net::attempt(const Build &build) {
    if (mistake_) return -static_cast<int32_t>(mistake_->status);
    if (sealed_) return -static_cast<int32_t>(Status::bad_state);
    try {
        return build(static_cast<int32_t>(nodes_.size()));
    } catch (Error &error) {
        return record(std::move(error));
    } catch (const std::bad_alloc &) {
        return record_out_of_memory();
    }
}

void Net::throw_mistake() const {
    if (mistake_) throw *mistake_;
}

void Net::check_building(std::string_view kind, std::string_view name) const {
    if (name.size() > kLongestName)
        fail(Status::invalid_argument,
             text("add ", kind, ": a name of ", name.size(), " bytes, at most ", kLongestName));
    if (!valid_utf8(name) || name.find('/') != std::string_view::npos)
        fail(Status::invalid_argument,
             text("add ", kind, ": the name ", valid_utf8(name) ? text("\"", name, "\" ") : "",
                  "must be UTF-8 without \"/\""));
}

std::string Net::default_name(std::string_view kind) const {
    int64_t count = 1;
    for (const Node &n : nodes_)
        if (n.kind == kind) ++count;
    std::string candidate = text(kind, "_", count);
    while (find(candidate) >= 0) candidate = text(kind, "_", ++count);
    return candidate;
}

std::string Net::unique_name(std::string_view kind, std::string_view name) const {
    if (name.empty()) return default_name(kind);
    if (const int32_t taken = find(name); taken >= 0)
        fail(Status::invalid_argument,
             text("add ", kind, " \"", name, "\": the name is taken by ", describe(taken)));
    return std::string(name);
}

void Net::check_input(int32_t input) const {
    if (input < 0 || input >= static_cast<int32_t>(nodes_.size()))
        fail(Status::invalid_argument,
             text("its input is node ", input, ", which this net never returned"));
    if (node(input).loss)
        fail(Status::invalid_argument, text("its input is ", describe(input), ", a loss"));
}

int32_t Net::add(Node node) {
    const auto id = static_cast<int32_t>(nodes_.size());
    nodes_.push_back(std::move(node));
    if (!nodes_.back().loss) last_node_.assign(1, id);
    return id;
}

int32_t Net::add_input(std::string_view name, int32_t rank, const int64_t *shape) {
    return attempt([&](int32_t id) {
        check_building("input", name);
        Node n;
        n.name = unique_name("input", name);
        n.kind = "input";
        try {
            if (rank < 1 || rank > 3)
                fail(Status::shape_mismatch, text("rank is ", rank, ", but must be 1 to 3"));
            if (!shape) fail(Status::invalid_argument, "shape is NULL");
            n.shape = Shape(std::span<const int64_t>(shape, static_cast<size_t>(rank)));
            checked_elements(n.shape);
        } catch (const Error &error) {
            fail_at(id, error.status,
                    text("input \"", n.name, "\" (node ", id, "): ", error.message));
        }
        inputs_.reserve(inputs_.size() + 1);
        add(std::move(n));
        inputs_.push_back(id);
        return id;
    });
}

namespace {

void check_expected(const std::string &name, const Shape &shape, int64_t most) {
    if (checked_elements(shape) > most)
        fail(Status::bad_file,
             text("tensor \"", name, "\" ", to_text(shape), " has ", shape.elements(),
                  " elements, but the file has ", most, " left"));
}

}  // namespace

// The tensors of the next node, after `first` others of `offset` elements, and how they start.
Net::Owned Net::own(const Node &node, const std::vector<TensorSpec> &specs, size_t first,
                    int64_t offset) const {
    Owned owned;
    for (const TensorSpec &spec : specs) {
        NetTensor tensor{text(node.name, "/", spec.name),
                         static_cast<int32_t>(nodes_.size()),
                         spec.shape,
                         offset + owned.elements,
                         spec.decays ? 1.0 : 0.0,
                         spec.decays ? 1.0 : 0.0,
                         1};
        // State never draws numbers, so parameters alone count.
        const auto index = static_cast<int64_t>(first + owned.tensors.size());
        if (expected_) {
            check_expected(tensor.name, spec.shape, *expected_ - tensor.offset);
        } else {
            const std::vector<float> values = initial_values(spec, seed_, index);
            owned.values.insert(owned.values.end(), values.begin(), values.end());
        }
        owned.elements += spec.shape.elements();
        owned.tensors.push_back(std::move(tensor));
    }
    return owned;
}

namespace {

// Makes room, so that adding can't fail halfway.
template <class T>
void reserve_more(std::vector<T> &vector, size_t count) {
    if (vector.capacity() - vector.size() < count)
        vector.reserve(std::max(vector.size() + count, 2 * vector.size()));
}

template <class T>
void append_to(std::vector<T> &vector, std::vector<T> &&more) {
    std::move(more.begin(), more.end(), std::back_inserter(vector));
}

}  // namespace

void Net::reserve(FlatVector &vector, const Owned &owned) {
    if (!owned.values.empty()) vector.reserve(vector.elements() + owned.elements);
}

void Net::append(FlatVector &vector, const Owned &owned) {
    if (owned.values.empty())
        vector.append_zeros(owned.elements);
    else
        vector.append(owned.values);
}

int32_t Net::add_layer(const Layer &layer, std::string_view name, Settings settings,
                       std::vector<int32_t> inputs, std::shared_ptr<const HostRecord> host) {
    return attempt([&](int32_t id) {
        const std::string_view kind = host ? std::string_view(host->kind) : layer.kind();
        check_building(kind, name);
        Node n;
        n.name = unique_name(kind, name);
        n.kind = kind;
        n.layer = &layer;
        n.host = std::move(host);
        n.settings = std::move(settings);
        n.inputs = std::move(inputs);
        std::vector<Shape> shapes;
        Inference inference{n.settings, {}, n.host.get(), {}, {}, {}};
        try {
            for (int32_t input : n.inputs) {
                check_input(input);
                shapes.push_back(node(input).shape);
            }
            if (shapes.size() != 1 && !layer.takes_many())
                fail(Status::invalid_argument,
                     text("it has ", shapes.size(), " inputs, but takes 1"));
            inference.inputs = shapes;
            layer.infer(inference);
        } catch (const Error &error) {
            std::string of;
            if (!shapes.empty() && shapes.size() == n.inputs.size())
                of = text("; its input is ", describe(n.inputs[0]), " of shape ",
                          to_text(node(n.inputs[0]).shape));
            fail_at(id, error.status,
                    text(n.kind, " \"", n.name, "\" (node ", id, "): ", error.message, of));
        }
        n.shape = inference.output;
        n.first_parameter = static_cast<int32_t>(parameters_.size());
        n.parameter_count = static_cast<int32_t>(inference.parameters.size());
        n.first_state = static_cast<int32_t>(state_tensors_.size());
        n.state_count = static_cast<int32_t>(inference.state.size());
        Owned theta = own(n, inference.parameters, parameters_.size(), theta_.elements());
        Owned s = own(n, inference.state, state_tensors_.size(), s_.elements());
        reserve_more(parameters_, theta.tensors.size());
        reserve_more(state_tensors_, s.tensors.size());
        reserve_more(nodes_, 1);
        reserve(theta_, theta);
        reserve(s_, s);
        // A centre given before is zero for what comes after.
        const int64_t center = center_.elements() > 0 ? theta.elements : 0;
        center_.reserve(center_.elements() + center);
        append(theta_, theta);
        center_.append_zeros(center);
        append(s_, s);
        append_to(parameters_, std::move(theta.tensors));
        append_to(state_tensors_, std::move(s.tensors));
        return add(std::move(n));
    });
}

namespace {

void check_output_weights(std::span<const float> weights) {
    for (size_t i = 0; i < weights.size(); ++i)
        if (!(weights[i] >= 0) || !std::isfinite(weights[i]))
            fail(Status::out_of_range, text("output weight ", i, " is ", weights[i],
                                            ", but must be finite and not negative"));
}

}  // namespace

int32_t Net::add_loss(const Loss &loss, std::string_view name, double weight, int32_t input,
                      const LossSettings &settings, std::span<const float> output_weights) {
    return attempt([&](int32_t id) {
        check_building("loss", name);
        Node n;
        n.name = unique_name(loss.name(), name);
        n.kind = loss.name();
        n.loss = &loss;
        n.loss_weight = weight;
        n.loss_settings = settings;
        n.inputs = {input};
        try {
            check_input(input);
            check_not_negative("weight", weight);
            if (settings.output_weights < 0)
                fail(Status::invalid_argument, text("output_weight_count is ",
                                                    settings.output_weights, ", but must be >= 0"));
            loss.check(node(input).shape, settings);
            check_output_weights(output_weights);
            if (losses_.size() == kMostLosses)
                fail(Status::unsupported, text("the net has ", kMostLosses, " losses already"));
        } catch (const Error &error) {
            fail_at(id, error.status,
                    text("loss ", n.kind, " \"", n.name, "\" (node ", id, "): ", error.message));
        }
        std::vector<TensorSpec> state;
        if (settings.output_weights > 0)
            state.push_back({"output_weights", {settings.output_weights}, {}, false});
        n.first_state = static_cast<int32_t>(state_tensors_.size());
        n.state_count = static_cast<int32_t>(state.size());
        Owned s = own(n, state, state_tensors_.size(), s_.elements());
        std::copy(output_weights.begin(), output_weights.end(), s.values.begin());
        reserve_more(state_tensors_, s.tensors.size());
        reserve_more(nodes_, 1);
        reserve(s_, s);
        losses_.reserve(losses_.size() + 1);
        append(s_, s);
        append_to(state_tensors_, std::move(s.tensors));
        add(std::move(n));
        losses_.push_back(id);
        return id;
    });
}

void Net::bind_host(std::string_view name, const Layer &layer,
                    std::shared_ptr<const HostRecord> host) {
    const std::string what = text("bind \"", name, "\"");
    throw_mistake();
    if (sealed_) fail(Status::bad_state, text(what, ": the net is compiled or shared"));
    const int32_t id = find(name);
    if (id < 0) fail(Status::not_found, text(what, ": the net has no node of that name"));
    Node &n = nodes_[static_cast<size_t>(id)];
    if (n.layer != &layer)
        fail_at(id, Status::invalid_argument,
                text(what, ": ", describe(id), " is no ", layer.kind()));
    try {
        check_same(*n.host, *host);
    } catch (const Error &error) {
        fail_at(id, error.status, text(what, ": ", describe(id), ": ", error.message));
    }
    n.host = std::move(host);
}

void Net::check_bound(const char *operation) const {
    for (size_t i = 0; i < nodes_.size(); ++i)
        if (nodes_[i].host && !nodes_[i].host->callbacks)
            fail_at(static_cast<int32_t>(i), Status::unsupported,
                    text(operation, ": ", describe(static_cast<int32_t>(i)),
                         " is the host's own, of kind \"", nodes_[i].kind,
                         "\", and a file doesn't keep its callbacks: give them back with "
                         "cnn_net_bind_",
                         nodes_[i].layer->kind()));
}

void Net::add_output(int32_t id) {
    throw_mistake();
    if (sealed_) fail(Status::bad_state, "output: the net is compiled or shared");
    if (id < 0 || id >= static_cast<int32_t>(nodes_.size()))
        fail(Status::invalid_argument,
             text("output: node ", id, ", which this net never returned"));
    if (node(id).loss)
        fail_at(id, Status::invalid_argument, text("output: ", describe(id), " is a loss"));
    if (std::find(outputs_.begin(), outputs_.end(), id) != outputs_.end())
        fail_at(id, Status::invalid_argument,
                text("output: ", describe(id), " is an output already"));
    outputs_.push_back(id);
}

int32_t Net::find(std::string_view name) const {
    for (size_t i = 0; i < nodes_.size(); ++i)
        if (nodes_[i].name == name) return static_cast<int32_t>(i);
    return -1;
}

template <class Set>
void Net::set_parameters(const char *call, std::string_view name, double value, const Set &set) {
    if (!(value >= 0) || !std::isfinite(value))
        fail(Status::out_of_range,
             text(call, " of \"", name, "\": ", value, ", but must be finite and >= 0"));
    bool found = false;
    // Names of nodes have no slash.
    const std::string_view of = name.substr(0, name.find('/'));
    const int32_t id = find(of);
    const int32_t count = id < 0 ? 0 : node(id).parameter_count;
    for (int32_t i = 0; i < count; ++i) {
        NetTensor &tensor = parameters_[static_cast<size_t>(node(id).first_parameter + i)];
        if (of != name && tensor.name != name) continue;
        set(tensor);
        found = true;
    }
    if (!found)
        fail(Status::not_found,
             text(call, ": no parameter tensor, nor node with any, is named \"", name, "\""));
}

void Net::set_rate(std::string_view name, double rate) {
    set_parameters("set rate", name, rate, [&](NetTensor &tensor) {
        if ((tensor.rate == 0) != (rate == 0)) ++frozen_version_;
        tensor.rate = rate;
    });
}

void Net::set_regularization(std::string_view name, double factor) {
    set_parameters("set regularization", name, factor,
                   [&](NetTensor &tensor) { tensor.regularization = factor; });
}

}  // namespace cnn

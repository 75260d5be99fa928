// Layers and activations of the host's own: its callbacks behind the interface that the graph
// knows.
#include "layers/host.h"

#include "api/adding.h"

using namespace cnn;
using namespace cnn::api;

namespace {

// The host's `user`, given back when nothing holds the callbacks any more.
class Lent {
  public:
    Lent(void *user, void (*released)(void *user)) : user_(user), released_(released) {}
    Lent(const Lent &) = delete;
    Lent &operator=(const Lent &) = delete;
    ~Lent() {
        if (taken_ && released_) released_(user_);
    }
    // From now on it is to be given back.
    void take() { taken_ = true; }
    void *user() const { return user_; }

  private:
    void *user_;
    void (*released_)(void *user);
    bool taken_ = false;
};

class LayerCallbacks final : public HostCallbacks {
  public:
    explicit LayerCallbacks(const cnn_host_layer &d)
        : lent(d.user, d.released), forward_(d.forward), backward_(d.backward) {}

    int32_t forward(const HostCall &call) const override {
        cnn_host_call given = common(call);
        given.output = call.result;
        return forward_(&given, lent.user());
    }
    int32_t backward(const HostCall &call) const override {
        cnn_host_call given = common(call);
        given.output = const_cast<float *>(call.output);
        given.output_gradient = call.output_gradient;
        given.input_gradients = call.input_gradients.data();
        given.parameter_gradients = call.parameter_gradients.data();
        return backward_(&given, lent.user());
    }

    Lent lent;

  private:
    static cnn_host_call common(const HostCall &call) {
        cnn_host_call given{};
        given.n = call.n;
        given.inputs = call.inputs.data();
        given.parameters = call.parameters.data();
        given.input_count = static_cast<int32_t>(call.inputs.size());
        given.parameter_count = static_cast<int32_t>(call.parameters.size());
        return given;
    }

    cnn_host_function forward_, backward_;
};

class ActivationCallbacks final : public HostCallbacks {
  public:
    explicit ActivationCallbacks(const cnn_host_activation &d)
        : lent(d.user, d.released),
          forward_(d.forward),
          backward_(d.backward),
          opencl_forward_(text_or(d.opencl_forward, "")),
          opencl_derivative_(text_or(d.opencl_derivative, "")) {}

    int32_t forward(const HostCall &call) const override {
        return forward_(call.elements, call.inputs[0], call.result, lent.user());
    }
    int32_t backward(const HostCall &call) const override {
        return backward_(call.elements, call.inputs[0], call.output, call.output_gradient,
                         call.input_gradients[0], lent.user());
    }
    std::string_view opencl_forward() const override { return opencl_forward_; }
    std::string_view opencl_derivative() const override { return opencl_derivative_; }

    Lent lent;

  private:
    decltype(cnn_host_activation::forward) forward_;
    decltype(cnn_host_activation::backward) backward_;
    std::string opencl_forward_, opencl_derivative_;
};

template <class Descriptor>
void check_callbacks(const Descriptor &d, const std::string &what) {
    if (!d.forward) fail(Status::invalid_argument, text(what, ": forward is NULL"));
    if (!d.backward) fail(Status::invalid_argument, text(what, ": backward is NULL"));
}

int64_t elements_of(const Shape &shape, const std::string &what) {
    try {
        return checked_elements(shape);
    } catch (const Error &error) {
        fail(error.status, text(what, ": ", error.message));
    }
}

TensorSpec spec_of(const cnn_host_parameter &p, const std::string &what) {
    check_reserved(p.reserved, what.c_str());
    if (p.rank < 1 || p.rank > 4)
        fail(Status::shape_mismatch, text(what, ": rank is ", p.rank, ", but must be 1 to 4"));
    if (p.initializer < CNN_INIT_DEFAULT || p.initializer > CNN_INIT_CONSTANT)
        fail(Status::invalid_argument,
             text(what, ": initializer is ", p.initializer, ", which is none of cnn_initializer"));
    if (p.fan_in < 0 || p.fan_out < 0)
        fail(Status::out_of_range, text(what, ": fan_in and fan_out must be >= 0"));
    TensorSpec spec;
    spec.name = text_or(p.name, "");
    spec.shape = Shape(std::span<const int64_t>(p.shape, static_cast<size_t>(p.rank)));
    const int64_t elements = elements_of(spec.shape, what);
    Initializer &init = spec.initializer;
    const bool constant = p.initializer == CNN_INIT_CONSTANT;
    init.kind =
        p.initializer == CNN_INIT_DEFAULT ? InitKind::xavier : static_cast<InitKind>(p.initializer);
    const double scale = decimal(p.initializer_scale);
    init.scale = scale == 0 && !constant ? 1 : scale;
    if (constant)
        check_finite(what + ": initializer_scale", init.scale);
    else
        check_not_negative(what + ": initializer_scale", init.scale);
    init.fan_in = p.fan_in == 0 ? elements / spec.shape[0] : p.fan_in;
    init.fan_out = p.fan_out == 0 ? spec.shape[0] : p.fan_out;
    spec.decays = p.decays != 0;
    return spec;
}

// `callbacks` is told apart so that it can be marked as taken.
struct Made {
    std::shared_ptr<HostRecord> record;
    Lent *lent = nullptr;
};

Made record_of(const cnn_host_layer &d, const std::string &what) {
    check_callbacks(d, what);
    if (d.output_rank < 0 || d.output_rank > 3)
        fail(Status::shape_mismatch,
             text(what, ": output_rank is ", d.output_rank, ", but must be 0 to 3"));
    if (d.parameter_count < 0 || (d.parameter_count > 0 && !d.parameters))
        fail(Status::invalid_argument,
             text(what, ": parameter_count is ", d.parameter_count, ", but parameters ",
                  d.parameters ? "isn't" : "is", " NULL"));
    auto record = std::make_shared<HostRecord>();
    record->kind = text_or(d.kind, "");
    record->output =
        Shape(std::span<const int64_t>(d.output_shape, static_cast<size_t>(d.output_rank)));
    for (int32_t i = 0; i < d.parameter_count; ++i) {
        const cnn_host_parameter &p = d.parameters[i];
        const std::string name = p.name ? text(" \"", p.name, "\"") : std::string();
        record->parameters.push_back(spec_of(p, text(what, ": parameter ", i, name)));
    }
    auto callbacks = std::make_shared<LayerCallbacks>(d);
    Lent *lent = &callbacks->lent;
    record->callbacks = std::move(callbacks);
    return {std::move(record), lent};
}

Made record_of(const cnn_host_activation &d, const std::string &what) {
    check_callbacks(d, what);
    const bool forward = d.opencl_forward && *d.opencl_forward;
    const bool derivative = d.opencl_derivative && *d.opencl_derivative;
    if (forward != derivative)
        fail(Status::invalid_argument,
             text(what, ": opencl_forward and opencl_derivative: both or neither"));
    auto record = std::make_shared<HostRecord>();
    record->kind = text_or(d.kind, "");
    auto callbacks = std::make_shared<ActivationCallbacks>(d);
    Lent *lent = &callbacks->lent;
    record->callbacks = std::move(callbacks);
    return {std::move(record), lent};
}

template <class Descriptor>
cnn_node add_host(cnn_net *net, const Layer &layer, std::span<const cnn_node> inputs,
                  const Descriptor *descriptor) {
    Lent *lent = nullptr;
    const cnn_node node = add(net, layer, inputs, descriptor,
                              [&](const Descriptor &d, std::shared_ptr<const HostRecord> &host) {
                                  const std::string what = adding(layer.kind(), d);
                                  Made made = record_of(d, what);
                                  if (!d.kind || !*d.kind)
                                      fail(Status::invalid_argument, what + ": kind is missing");
                                  lent = made.lent;
                                  host = std::move(made.record);
                              });
    if (node >= 0) lent->take();
    return node;
}

template <class Descriptor>
cnn_status bind(cnn_net *net, const char *name, const Layer &layer, const Descriptor *descriptor,
                cnn_error *error) {
    return guard(error, [&] {
        Session &session = need(net, "bind", "net").session;
        session.check_not_busy("bind");
        need(name, "bind", "name");
        const std::string what = text("bind \"", name, "\"");
        const Descriptor &d = need(descriptor, "bind", "descriptor");
        check_reserved(d.reserved, what.c_str());
        Made made = record_of(d, what);
        session.net().bind_host(name, layer, std::move(made.record));
        made.lent->take();
    });
}

}  // namespace

extern "C" {

cnn_node cnn_net_host_layer(cnn_net *net, const cnn_node *inputs, int32_t count,
                            const cnn_host_layer *descriptor) {
    return add_host(net, *host_layer(), nodes_of(inputs, count), descriptor);
}

cnn_node cnn_net_host_activation(cnn_net *net, cnn_node input,
                                 const cnn_host_activation *descriptor) {
    return add_host(net, *host_activation_layer(), one(input), descriptor);
}

cnn_status cnn_net_bind_host_layer(cnn_net *net, const char *name, const cnn_host_layer *descriptor,
                                   cnn_error *error) {
    return bind(net, name, *host_layer(), descriptor, error);
}

cnn_status cnn_net_bind_host_activation(cnn_net *net, const char *name,
                                        const cnn_host_activation *descriptor, cnn_error *error) {
    return bind(net, name, *host_activation_layer(), descriptor, error);
}

}  // extern "C"

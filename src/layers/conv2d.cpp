// conv2d: cross-correlation with bias and activation.
#include "base/error.h"
#include "base/text.h"
#include "layers/connections.h"
#include "layers/registry.h"
#include "layers/window.h"

namespace cnn {

namespace {

constexpr auto kSettings =
    joined(std::array{"filters", "kernel", "dilation", "groups", "bias", "exact"},
           kConnectionSettings, kWindowSettings, kActivationSettings, kInitializerSettings);

// Forward y = f(x * w + b); backward with dz = f' dy:
//   dw = x * dz, db = sum of dz over batch and space, dx = the gather of dz with w.
// With a table of connections w is gathered from the kernels there are, and dw back into theirs.
class Conv2d final : public Layer {
  public:
    const char *kind() const override { return "conv2d"; }
    std::span<const char *const> setting_names() const override { return kSettings; }

    void infer(Inference &inference) const override {
        const Settings &settings = inference.settings;
        const Shape &input = inference.inputs[0];
        const Window window = window_of(settings, "kernel", true, input);
        const int64_t filters = settings.integer("filters");
        const int64_t groups = settings.integer("groups");
        check_size("filters", filters, 1);
        check_size("groups", groups, 1);
        check_activation(settings);
        if (input[0] % groups != 0)
            fail(Status::shape_mismatch, text("groups is ", groups, ", but it must divide the ",
                                              input[0], " input channels"));
        if (filters % groups != 0)
            fail(Status::shape_mismatch,
                 text("groups is ", groups, ", but it must divide the ", filters, " filters"));
        inference.output =
            window_shape(window, input, filters, false, settings.integer_or("exact", 0) != 0);

        const Shape weight{filters, input[0] / groups, window.kernel[0], window.kernel[1]};
        checked_elements(weight);
        const int64_t taps = window.kernel[0] * window.kernel[1];
        TensorSpec spec{"weight", weight,
                        weight_initializer(settings, weight[1] * taps, filters / groups * taps),
                        true};
        if (Connections::given(settings)) {
            if (groups != 1)
                fail(Status::invalid_argument,
                     text("groups is ", groups, ", but connections say what connects"));
            const Connections connections(settings, input[0], filters,
                                          {window.kernel[0], window.kernel[1]});
            spec.shape = connections.weight();
            spec.initializer = connections.initializer(spec.initializer);
        }
        inference.parameters.push_back(std::move(spec));
        if (settings.flag("bias")) inference.parameters.push_back({"bias", {filters}, {}, false});
    }

    void forward(Emitter &e) const override {
        const TensorId before = before_activation(e, e.tensor(e.output()));
        const bool bias = e.settings().flag("bias");
        const TensorId product = bias ? e.temporary(e.tensor(e.output())) : before;
        const TensorId weights = weights_of(e, [&](const Shape &s) { return e.parameter(0, s); });
        e.save(kWeights, weights);
        e.emit(OpKind::convolution, {e.input(0), weights}, {product}, attributes(e));
        if (bias) e.emit(OpKind::pointwise, {product, e.parameter(1)}, {before}, bias_attributes());
        emit_activation(e, before);
    }

    void backward(Emitter &e) const override {
        const TensorId dz = emit_activation_backward(e);
        if (e.settings().flag("bias")) emit_bias_gradient(e, dz, e.parameter_gradient(1));
        const TensorId weights = e.saved(kWeights);
        if (Connections::given(e.settings()) && connections(e).gathers()) {
            const TensorId dense = e.temporary(e.tensor(weights));
            e.emit(OpKind::convolution_backward_weights, {e.input(0), dz}, {dense}, attributes(e));
            emit_compact_gradient(e, connections(e), dense, e.parameter_gradient(0));
        } else {
            e.emit(OpKind::convolution_backward_weights, {e.input(0), dz},
                   {e.parameter_gradient(0, e.tensor(weights).shape)}, attributes(e));
        }
        if (!e.wants_input_gradient(0)) return;
        const TensorId dx = e.temporary(e.tensor(e.input(0)));
        e.emit(OpKind::convolution_backward_data, {dz, weights}, {dx}, attributes(e));
        e.give_input_gradient(0, dx);
    }

    // dz = dx * w + x * dw + db
    void tangent(Emitter &e) const override {
        const TensorId dx = e.input_tangent(0), weights = e.saved(kWeights);
        const TensorId dw =
            weights_of(e, [&](const Shape &s) { return e.parameter_tangent(0, s); });
        const auto product = [&](TensorId x, TensorId w) {
            if (x == kNoTensor || w == kNoTensor) return kNoTensor;
            const TensorId dz = e.temporary(e.tensor(e.output()));
            e.emit(OpKind::convolution, {x, w}, {dz}, attributes(e));
            return dz;
        };
        const bool bias = e.settings().flag("bias");
        give_activation_tangent(e, emit_tangent_sum(e, e.tensor(e.output()),
                                                    {product(dx, weights), product(e.input(0), dw),
                                                     bias ? e.parameter_tangent(1) : kNoTensor}));
    }

  private:
    static constexpr int kWeights = 0;

    static Connections connections(Emitter &e) {
        const auto &kernel = e.settings().sizes("kernel", 2);
        return {e.settings(),
                e.tensor(e.input(0)).shape[1],
                e.settings().integer("filters"),
                {kernel[0], kernel[1]}};
    }

    // The convolution's weights by `parameter`, which gives parameter 0 or its tangent (none for
    // zero) under a shape.
    template <class Parameter>
    static TensorId weights_of(Emitter &e, const Parameter &parameter) {
        if (!Connections::given(e.settings())) return parameter(Shape{});
        const Connections table = connections(e);
        if (!table.gathers()) return parameter(table.dense());
        const TensorId compact = parameter(Shape{});
        return compact == kNoTensor ? compact : emit_dense_weights(e, table, compact);
    }

    static Attributes attributes(Emitter &e) {
        const Shape &x = e.tensor(e.input(0)).shape;
        const bool connected = Connections::given(e.settings());
        return ConvolutionAttributes{
            window_of(e.settings(), "kernel", true, {x[1], x[2], x[3]}),
            connected ? connections(e).groups() : e.settings().integer("groups")};
    }
};

}  // namespace

const Layer *conv2d_layer() {
    static const Conv2d layer;
    return &layer;
}

}  // namespace cnn

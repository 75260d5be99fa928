// conv2d: cross-correlation with bias and activation.
#include "base/error.h"
#include "base/text.h"
#include "layers/registry.h"
#include "layers/window.h"

namespace cnn {

namespace {

constexpr auto kSettings = joined(std::array{"filters", "kernel", "dilation", "groups", "bias"},
                                  kWindowSettings, kActivationSettings, kInitializerSettings);

// Forward y = f(x * w + b); backward with dz = f' dy:
//   dw = x * dz, db = sum of dz over batch and space, dx = the gather of dz with w.
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
        inference.output = window_shape(window, input, filters, false);

        const Shape weight{filters, input[0] / groups, window.kernel[0], window.kernel[1]};
        checked_elements(weight);
        const int64_t taps = window.kernel[0] * window.kernel[1];
        inference.parameters.push_back(
            {"weight", weight,
             weight_initializer(settings, weight[1] * taps, filters / groups * taps), true});
        if (settings.flag("bias")) inference.parameters.push_back({"bias", {filters}, {}, false});
    }

    void forward(Emitter &e) const override {
        const TensorId before = before_activation(e, e.tensor(e.output()));
        const bool bias = e.settings().flag("bias");
        const TensorId product = bias ? e.temporary(e.tensor(e.output())) : before;
        e.emit(OpKind::convolution, {e.input(0), e.parameter(0)}, {product}, attributes(e));
        if (bias) e.emit(OpKind::pointwise, {product, e.parameter(1)}, {before}, bias_attributes());
        emit_activation(e, before);
    }

    void backward(Emitter &e) const override {
        const TensorId dz = emit_activation_backward(e);
        if (e.settings().flag("bias")) emit_bias_gradient(e, dz, e.parameter_gradient(1));
        e.emit(OpKind::convolution_backward_weights, {e.input(0), dz}, {e.parameter_gradient(0)},
               attributes(e));
        if (!e.wants_input_gradient(0)) return;
        const TensorId dx = e.temporary(e.tensor(e.input(0)));
        e.emit(OpKind::convolution_backward_data, {dz, e.parameter(0)}, {dx}, attributes(e));
        e.give_input_gradient(0, dx);
    }

    // dz = dx * w + x * dw + db
    void tangent(Emitter &e) const override {
        const TensorId dx = e.input_tangent(0), dw = e.parameter_tangent(0);
        const auto product = [&](TensorId x, TensorId w) {
            if (x == kNoTensor || w == kNoTensor) return kNoTensor;
            const TensorId dz = e.temporary(e.tensor(e.output()));
            e.emit(OpKind::convolution, {x, w}, {dz}, attributes(e));
            return dz;
        };
        const bool bias = e.settings().flag("bias");
        give_activation_tangent(
            e, emit_tangent_sum(e, e.tensor(e.output()),
                                {product(dx, e.parameter(0)), product(e.input(0), dw),
                                 bias ? e.parameter_tangent(1) : kNoTensor}));
    }

  private:
    static Attributes attributes(Emitter &e) {
        const Shape &x = e.tensor(e.input(0)).shape;
        return ConvolutionAttributes{window_of(e.settings(), "kernel", true, {x[1], x[2], x[3]}),
                                     e.settings().integer("groups")};
    }
};

}  // namespace

const Layer *conv2d_layer() {
    static const Conv2d layer;
    return &layer;
}

}  // namespace cnn

// dense: a weighted sum of all inputs for each unit. It is a convolution whose kernel covers the
// input (Delmas 34-37 read backwards), so that it needs no kernel of its own and no flattening.
#include "layers/registry.h"

namespace cnn {

namespace {

constexpr auto kSettings =
    joined(std::array{"units", "bias"}, kActivationSettings, kInitializerSettings);

class Dense final : public Layer {
  public:
    const char *kind() const override { return "dense"; }
    std::span<const char *const> setting_names() const override { return kSettings; }

    void infer(Inference &inference) const override {
        const Settings &settings = inference.settings;
        const int64_t units = settings.integer("units");
        const int64_t inputs = checked_elements(inference.inputs[0]);
        check_size("units", units, 1);
        check_activation(settings);
        checked_elements({units, inputs});
        inference.output = {units};
        inference.parameters.push_back(
            {"weight", {units, inputs}, weight_initializer(settings, inputs, units), true});
        if (settings.flag("bias")) inference.parameters.push_back({"bias", {units}, {}, false});
    }

    void forward(Emitter &e) const override {
        const TensorId before = before_activation(e, e.tensor(e.output()));
        const bool bias = e.settings().flag("bias");
        const TensorId product = bias ? e.temporary(e.tensor(e.output())) : before;
        e.emit(OpKind::convolution, {e.input(0), e.parameter(0, kernel(e))}, {product},
               attributes(e));
        if (bias) e.emit(OpKind::pointwise, {product, e.parameter(1)}, {before}, bias_attributes());
        emit_activation(e, before);
    }

    void backward(Emitter &e) const override {
        const TensorId dz = emit_activation_backward(e);
        if (e.settings().flag("bias")) emit_bias_gradient(e, dz, e.parameter_gradient(1));
        e.emit(OpKind::convolution_backward_weights, {e.input(0), dz},
               {e.parameter_gradient(0, kernel(e))}, attributes(e));
        if (!e.wants_input_gradient(0)) return;
        const TensorId dx = e.temporary(e.tensor(e.input(0)));
        e.emit(OpKind::convolution_backward_data, {dz, e.parameter(0, kernel(e))}, {dx},
               attributes(e));
        e.give_input_gradient(0, dx);
    }

    // dz = W dx + dW x + db
    void tangent(Emitter &e) const override {
        const TensorId dx = e.input_tangent(0), dw = e.parameter_tangent(0, kernel(e));
        const auto product = [&](TensorId x, TensorId w) {
            if (x == kNoTensor || w == kNoTensor) return kNoTensor;
            const TensorId dz = e.temporary(e.tensor(e.output()));
            e.emit(OpKind::convolution, {x, w}, {dz}, attributes(e));
            return dz;
        };
        const bool bias = e.settings().flag("bias");
        give_activation_tangent(
            e, emit_tangent_sum(e, e.tensor(e.output()),
                                {product(dx, e.parameter(0, kernel(e))), product(e.input(0), dw),
                                 bias ? e.parameter_tangent(1) : kNoTensor}));
    }

  private:
    static Shape kernel(Emitter &e) {
        const Shape &x = e.tensor(e.input(0)).shape;
        return {e.settings().integer("units"), x[1], x[2], x[3]};
    }

    static Attributes attributes(Emitter &e) {
        const Shape &x = e.tensor(e.input(0)).shape;
        ConvolutionAttributes attributes;
        attributes.window.kernel = {x[2], x[3], 1};
        return attributes;
    }
};

}  // namespace

const Layer *dense_layer() {
    static const Dense layer;
    return &layer;
}

}  // namespace cnn

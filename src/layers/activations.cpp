// activation, softmax, dropout: layers that act on values in place.
#include <cmath>

#include "base/error.h"
#include "base/text.h"
#include "layers/registry.h"

namespace cnn {

namespace {

class ActivationLayer final : public Layer {
  public:
    const char *kind() const override { return "activation"; }
    std::span<const char *const> setting_names() const override { return kActivationSettings; }

    void infer(Inference &inference) const override {
        check_activation(inference.settings);
        inference.output = inference.inputs[0];
    }

    void forward(Emitter &e) const override {
        if (activation_of(e.settings()) == Activation::linear)
            e.emit(OpKind::reshape, {e.input(0)}, {e.output()});
        else
            emit_activation(e, e.input(0));
    }

    void backward(Emitter &e) const override {
        if (e.wants_input_gradient(0)) e.give_input_gradient(0, emit_activation_backward(e));
    }

    void tangent(Emitter &e) const override { give_activation_tangent(e, e.input_tangent(0)); }
};

class Softmax final : public Layer {
  public:
    const char *kind() const override { return "softmax"; }

    void infer(Inference &inference) const override { inference.output = inference.inputs[0]; }

    void forward(Emitter &e) const override { e.emit(OpKind::softmax, {e.input(0)}, {e.output()}); }

    void backward(Emitter &e) const override {
        if (!e.wants_input_gradient(0)) return;
        const TensorId dx = e.temporary(e.tensor(e.input(0)));
        e.emit(OpKind::softmax_backward, {e.output_gradient(), e.output()}, {dx});
        e.give_input_gradient(0, dx);
    }

    // The Jacobian is symmetric: y (u - y.u).
    void tangent(Emitter &e) const override {
        const TensorId dy = e.temporary(e.tensor(e.output()));
        e.emit(OpKind::softmax_backward, {e.input_tangent(0), e.output()}, {dy});
        e.give_tangent(dy);
    }
};

constexpr std::array kDropoutSettings{"rate"};

class Dropout final : public Layer {
  public:
    const char *kind() const override { return "dropout"; }
    std::span<const char *const> setting_names() const override { return kDropoutSettings; }

    void infer(Inference &inference) const override {
        const double rate = inference.settings.real("rate");
        if (!(rate >= 0 && rate < 1))
            fail(Status::out_of_range, text("rate is ", rate, ", but must be in [0, 1)"));
        inference.output = inference.inputs[0];
    }

    void forward(Emitter &e) const override { mask(e, e.input(0), e.output()); }

    void backward(Emitter &e) const override {
        if (!e.wants_input_gradient(0)) return;
        const TensorId dx = e.temporary(e.tensor(e.input(0)));
        mask(e, e.output_gradient(), dx);
        e.give_input_gradient(0, dx);
    }

    void tangent(Emitter &e) const override { e.give_tangent(e.input_tangent(0)); }

  private:
    // The mask is a function of position, so backward draws it again instead of keeping it.
    static void mask(Emitter &e, TensorId from, TensorId to) {
        const double rate = e.settings().real("rate");
        if (e.training() && rate > 0)
            e.emit(OpKind::dropout, {from}, {to},
                   DropoutAttributes{rate, e.seed(), static_cast<uint32_t>(e.node())});
        else
            e.emit(OpKind::reshape, {from}, {to});
    }
};

}  // namespace

const Layer *activation_layer() {
    static const ActivationLayer layer;
    return &layer;
}

const Layer *softmax_layer() {
    static const Softmax layer;
    return &layer;
}

const Layer *dropout_layer() {
    static const Dropout layer;
    return &layer;
}

}  // namespace cnn

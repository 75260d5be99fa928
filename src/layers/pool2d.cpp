// max_pool2d, average_pool2d, global_average_pool2d: a window's maximum or mean.
#include "base/error.h"
#include "base/text.h"
#include "layers/registry.h"
#include "layers/window.h"

namespace cnn {

namespace {

constexpr auto kPoolSettings =
    joined(std::array{"window", "ceil_mode", "include_padding", "exact"}, kWindowSettings);

Shape infer_pool(const Settings &settings, const Shape &input) {
    const Window window = window_of(settings, "window", false, input);
    for (size_t axis = 0; axis < 2; ++axis)
        // Else a window could lie in the padding alone, and have no maximum and no mean.
        if (std::max(window.pad_begin[axis], window.pad_end[axis]) >= window.kernel[axis])
            fail(Status::invalid_argument,
                 text("padding is ", std::max(window.pad_begin[axis], window.pad_end[axis]),
                      ", but must be less than the window's ", window.kernel[axis]));
    return window_shape(window, input, input[0], settings.flag("ceil_mode"),
                        settings.integer_or("exact", 0) != 0);
}

PoolAttributes pool_attributes(Emitter &e) {
    const Shape &x = e.tensor(e.input(0)).shape;
    return {window_of(e.settings(), "window", false, {x[1], x[2], x[3]}),
            e.settings().flag("include_padding")};
}

class MaxPool2d final : public Layer {
  public:
    const char *kind() const override { return "max_pool2d"; }
    std::span<const char *const> setting_names() const override { return kPoolSettings; }

    void infer(Inference &inference) const override {
        inference.output = infer_pool(inference.settings, inference.inputs[0]);
    }

    void forward(Emitter &e) const override {
        e.emit(OpKind::max_pool, {e.input(0)}, {e.output()}, pool_attributes(e));
    }

    void backward(Emitter &e) const override {
        if (!e.wants_input_gradient(0)) return;
        const TensorId dx = e.temporary(e.tensor(e.input(0)));
        e.emit(OpKind::max_pool_backward, {e.output_gradient(), e.input(0)}, {dx},
               pool_attributes(e));
        e.give_input_gradient(0, dx);
    }

    void tangent(Emitter &e) const override {
        const TensorId dy = e.temporary(e.tensor(e.output()));
        e.emit(OpKind::max_pool_tangent, {e.input_tangent(0), e.input(0)}, {dy},
               pool_attributes(e));
        e.give_tangent(dy);
    }
};

void emit_average(Emitter &e, const PoolAttributes &attributes) {
    e.emit(OpKind::average_pool, {e.input(0)}, {e.output()}, attributes);
}

void emit_average_backward(Emitter &e, const PoolAttributes &attributes) {
    if (!e.wants_input_gradient(0)) return;
    const TensorId dx = e.temporary(e.tensor(e.input(0)));
    e.emit(OpKind::average_pool_backward, {e.output_gradient()}, {dx}, attributes);
    e.give_input_gradient(0, dx);
}

void emit_average_tangent(Emitter &e, const PoolAttributes &attributes) {
    const TensorId dy = e.temporary(e.tensor(e.output()));
    e.emit(OpKind::average_pool, {e.input_tangent(0)}, {dy}, attributes);
    e.give_tangent(dy);
}

class AveragePool2d final : public Layer {
  public:
    const char *kind() const override { return "average_pool2d"; }
    std::span<const char *const> setting_names() const override { return kPoolSettings; }

    void infer(Inference &inference) const override {
        inference.output = infer_pool(inference.settings, inference.inputs[0]);
    }

    void forward(Emitter &e) const override { emit_average(e, pool_attributes(e)); }
    void backward(Emitter &e) const override { emit_average_backward(e, pool_attributes(e)); }
    void tangent(Emitter &e) const override { emit_average_tangent(e, pool_attributes(e)); }
};

class GlobalAveragePool2d final : public Layer {
  public:
    const char *kind() const override { return "global_average_pool2d"; }

    void infer(Inference &inference) const override {
        check_image(inference.inputs[0]);
        inference.output = {inference.inputs[0][0], 1, 1};
    }

    void forward(Emitter &e) const override { emit_average(e, whole(e)); }
    void backward(Emitter &e) const override { emit_average_backward(e, whole(e)); }
    void tangent(Emitter &e) const override { emit_average_tangent(e, whole(e)); }

  private:
    static PoolAttributes whole(Emitter &e) {
        const Shape &x = e.tensor(e.input(0)).shape;
        PoolAttributes attributes;
        attributes.window.kernel = {x[2], x[3], 1};
        return attributes;
    }
};

}  // namespace

const Layer *max_pool2d_layer() {
    static const MaxPool2d layer;
    return &layer;
}

const Layer *average_pool2d_layer() {
    static const AveragePool2d layer;
    return &layer;
}

const Layer *global_average_pool2d_layer() {
    static const GlobalAveragePool2d layer;
    return &layer;
}

}  // namespace cnn

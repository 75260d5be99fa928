// flatten, reshape, concat, add: layers that join or reshape.
#include "base/error.h"
#include "base/text.h"
#include "layers/registry.h"

namespace cnn {

namespace {

// The same elements under another shape.
class Reshaping : public Layer {
  public:
    void forward(Emitter &e) const override { e.emit(OpKind::reshape, {e.input(0)}, {e.output()}); }

    void backward(Emitter &e) const override {
        if (!e.wants_input_gradient(0)) return;
        const TensorId dx = e.temporary(e.tensor(e.input(0)));
        e.emit(OpKind::reshape, {e.output_gradient()}, {dx});
        e.give_input_gradient(0, dx);
    }

    void tangent(Emitter &e) const override {
        const TensorId dy = e.temporary(e.tensor(e.output()));
        e.emit(OpKind::reshape, {e.input_tangent(0)}, {dy});
        e.give_tangent(dy);
    }
};

class Flatten final : public Reshaping {
  public:
    const char *kind() const override { return "flatten"; }

    void infer(Inference &inference) const override {
        inference.output = {checked_elements(inference.inputs[0])};
    }
};

constexpr std::array kReshapeSettings{"shape"};

class Reshape final : public Reshaping {
  public:
    const char *kind() const override { return "reshape"; }
    std::span<const char *const> setting_names() const override { return kReshapeSettings; }

    void infer(Inference &inference) const override {
        const auto &sizes = inference.settings.list("shape");
        if (sizes.empty() || sizes.size() > 3)
            fail(Status::shape_mismatch, text("rank is ", sizes.size(), ", but must be 1 to 3"));
        const Shape shape{std::span<const int64_t>(sizes)};
        const int64_t wanted = checked_elements(inference.inputs[0]);
        if (checked_elements(shape) != wanted)
            fail(Status::shape_mismatch,
                 text("the shape ", to_text(shape), " has ", shape.elements(),
                      " elements, but the input has ", wanted));
        inference.output = shape;
    }
};

class Add final : public Layer {
  public:
    const char *kind() const override { return "add"; }
    std::span<const char *const> setting_names() const override { return kActivationSettings; }
    bool takes_many() const override { return true; }

    void infer(Inference &inference) const override {
        check_activation(inference.settings);
        const auto inputs = inference.inputs;
        if (inputs.size() < 2)
            fail(Status::invalid_argument,
                 text("it has ", inputs.size(), " inputs, but needs at least 2"));
        for (size_t i = 1; i < inputs.size(); ++i)
            if (inputs[i] != inputs[0])
                fail(Status::shape_mismatch, text("input ", i, "'s shape is ", to_text(inputs[i]),
                                                  ", but input 0's is ", to_text(inputs[0])));
        inference.output = inputs[0];
    }

    void forward(Emitter &e) const override {
        const TensorId before = before_activation(e, e.tensor(e.output()));
        std::vector<TensorId> inputs;
        for (int i = 0; i < e.input_count(); ++i) inputs.push_back(e.input(i));
        e.emit(OpKind::pointwise, inputs, {before}, add_attributes(e.input_count()));
        emit_activation(e, before);
    }

    void backward(Emitter &e) const override {
        const TensorId dz = emit_activation_backward(e);
        for (int i = 0; i < e.input_count(); ++i)
            if (e.wants_input_gradient(i)) e.give_input_gradient(i, dz);
    }

    void tangent(Emitter &e) const override {
        std::vector<TensorId> terms;
        for (int i = 0; i < e.input_count(); ++i) terms.push_back(e.input_tangent(i));
        give_activation_tangent(e, emit_tangent_sum(e, e.tensor(e.output()), std::move(terms)));
    }
};

class Concat final : public Layer {
  public:
    const char *kind() const override { return "concat"; }
    bool takes_many() const override { return true; }

    void infer(Inference &inference) const override {
        const auto inputs = inference.inputs;
        if (inputs.empty()) fail(Status::invalid_argument, "it has 0 inputs, but needs at least 1");
        Shape output = inputs[0];
        for (size_t i = 1; i < inputs.size(); ++i) {
            Shape expected = output;
            if (inputs[i].rank > 0) expected[0] = inputs[i][0];
            if (inputs[i] != expected)
                fail(Status::shape_mismatch,
                     text("input ", i, "'s shape is ", to_text(inputs[i]),
                          ", which differs from input 0's ", to_text(inputs[0]),
                          " in more than its channels"));
            output[0] += inputs[i][0];
        }
        inference.output = output;
        checked_elements(output);
    }

    void forward(Emitter &e) const override {
        std::vector<TensorId> inputs;
        for (int i = 0; i < e.input_count(); ++i) inputs.push_back(e.input(i));
        e.emit(OpKind::concat, inputs, {e.output()});
    }

    void backward(Emitter &e) const override {
        int64_t offset = 0;
        for (int i = 0; i < e.input_count(); ++i) {
            const Tensor like = e.tensor(e.input(i));
            if (e.wants_input_gradient(i)) {
                const TensorId dx = e.temporary(like);
                e.emit(OpKind::slice, {e.output_gradient()}, {dx}, SliceAttributes{offset});
                e.give_input_gradient(i, dx);
            }
            offset += like.shape[1];
        }
    }

    void tangent(Emitter &e) const override {
        std::vector<TensorId> parts;
        for (int i = 0; i < e.input_count(); ++i) {
            TensorId part = e.input_tangent(i);
            if (part == kNoTensor) part = emit_zeros(e, e.input(i));
            parts.push_back(part);
        }
        const TensorId dy = e.temporary(e.tensor(e.output()));
        e.emit(OpKind::concat, std::move(parts), {dy});
        e.give_tangent(dy);
    }

  private:
    static TensorId emit_zeros(Emitter &e, TensorId like) {
        const TensorId zeros = e.temporary(e.tensor(like));
        ExpressionBuilder b;
        b.result(b.constant(0));
        e.emit(OpKind::pointwise, {like}, {zeros}, PointwiseAttributes{b.take()});
        return zeros;
    }
};

}  // namespace

const Layer *flatten_layer() {
    static const Flatten layer;
    return &layer;
}

const Layer *reshape_layer() {
    static const Reshape layer;
    return &layer;
}

const Layer *add_layer() {
    static const Add layer;
    return &layer;
}

const Layer *concat_layer() {
    static const Concat layer;
    return &layer;
}

}  // namespace cnn

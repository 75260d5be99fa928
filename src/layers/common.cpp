// What layers share: the registry, checks, and the activation that ends many of them.
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/text.h"
#include "layers/layer.h"
#include "layers/registry.h"

namespace cnn {

const Layer *find_layer(std::string_view kind) {
    for (const Layer *layer : layers())
        if (kind == layer->kind()) return layer;
    return nullptr;
}

Shape lifted(const Shape &sample, int64_t batch) {
    switch (sample.rank) {
        case 1:
            return {batch, sample[0], 1, 1};
        case 2:
            return {batch, sample[0], 1, sample[1]};
        default:
            return {batch, sample[0], sample[1], sample[2]};
    }
}

Activation activation_of(const Settings &settings) {
    return static_cast<Activation>(settings.integer("activation"));
}

void check_activation(const Settings &settings) {
    const int64_t kind = settings.integer("activation");
    if (kind < 0 || kind > static_cast<int64_t>(kLastActivation))
        fail(Status::invalid_argument,
             text("activation is ", kind, ", which is none of cnn_activation_kind"));
    check_not_negative("slope", settings.real("slope"));
}

TensorId before_activation(Emitter &emitter, const Tensor &like) {
    const bool linear = activation_of(emitter.settings()) == Activation::linear;
    return linear ? emitter.output() : emitter.temporary(like);
}

namespace {

// Beside the layers' own, which count from 0.
constexpr int kActivationInput = -1;

}  // namespace

void emit_activation(Emitter &emitter, TensorId from) {
    if (from == emitter.output()) return;
    const Activation activation = activation_of(emitter.settings());
    emitter.emit(OpKind::pointwise, {from}, {emitter.output()},
                 activation_attributes(activation, emitter.settings().real("slope")));
    if (derives_from_input(activation)) emitter.save(kActivationInput, from);
}

TensorId activation_reference(Emitter &emitter) {
    const bool input = derives_from_input(activation_of(emitter.settings()));
    return input ? emitter.saved(kActivationInput) : emitter.output();
}

TensorId emit_activation_backward(Emitter &emitter) {
    const Activation activation = activation_of(emitter.settings());
    const TensorId dy = emitter.output_gradient();
    if (activation == Activation::linear) return dy;
    const TensorId dx = emitter.temporary(emitter.tensor(dy));
    emitter.emit(OpKind::pointwise, {dy, activation_reference(emitter)}, {dx},
                 activation_backward_attributes(activation, emitter.settings().real("slope")));
    return dx;
}

void Layer::tangent(Emitter &emitter) const {
    fail_at(emitter.node(), Status::unsupported,
            text("layer ", kind(), " has no derivative along a direction"));
}

TensorId emit_tangent_sum(Emitter &emitter, const Tensor &like, std::vector<TensorId> terms) {
    std::erase(terms, kNoTensor);
    if (terms.empty()) return kNoTensor;
    if (terms.size() == 1 && emitter.tensor(terms[0]).shape == like.shape) return terms[0];
    const TensorId total = emitter.temporary(like);
    const bool bias = terms.size() == 2 && emitter.tensor(terms[1]).shape != like.shape;
    const PointwiseAttributes attributes =
        bias ? bias_attributes() : add_attributes(static_cast<int>(terms.size()));
    emitter.emit(OpKind::pointwise, std::move(terms), {total}, attributes);
    return total;
}

void give_activation_tangent(Emitter &emitter, TensorId before) {
    if (before == kNoTensor) return;
    const Activation activation = activation_of(emitter.settings());
    if (activation == Activation::linear) {
        emitter.give_tangent(before);
        return;
    }
    const TensorId dy = emitter.temporary(emitter.tensor(emitter.output()));
    emitter.emit(OpKind::pointwise, {before, activation_reference(emitter)}, {dy},
                 activation_backward_attributes(activation, emitter.settings().real("slope")));
    emitter.give_tangent(dy);
}

void emit_bias_gradient(Emitter &emitter, TensorId dz, TensorId db) {
    ExpressionBuilder e;
    e.result(e.operand(0));
    emitter.emit(OpKind::channel_sum, {dz}, {db}, PointwiseAttributes{e.take()});
}

Initializer weight_initializer(const Settings &settings, int64_t fan_in, int64_t fan_out) {
    const int64_t kind = settings.integer("initializer");
    if (kind < 0 || kind > static_cast<int64_t>(InitKind::constant))
        fail(Status::invalid_argument,
             text("initializer is ", kind, ", which is none of cnn_initializer"));
    Initializer initializer{static_cast<InitKind>(kind), settings.real("initializer_scale"), fan_in,
                            fan_out};
    if (initializer.kind == InitKind::constant)
        check_finite("initializer_scale", initializer.scale);
    else
        check_not_negative("initializer_scale", initializer.scale);
    if (initializer.kind == InitKind::automatic) {
        const Activation activation = activation_of(settings);
        const bool rectified = activation == Activation::relu ||
                               activation == Activation::leaky_relu ||
                               (activation >= Activation::elu && activation <= Activation::silu);
        initializer.kind = rectified ? InitKind::he : InitKind::xavier;
    }
    return initializer;
}

void check_size(std::string_view name, int64_t value, int64_t minimum) {
    constexpr int64_t kMost = (int64_t{1} << 31) - 1;
    if (value < minimum || value > kMost)
        fail(Status::out_of_range,
             text(name, " is ", value, ", but must be ", minimum, " to ", kMost));
}

void check_finite(std::string_view name, double value) {
    // Backends compute with floats, in which larger numbers are infinite.
    if (!(std::abs(value) <= static_cast<double>(std::numeric_limits<float>::max())))
        fail(Status::out_of_range, text(name, " is ", value, ", but must be finite as a float"));
}

void check_not_negative(std::string_view name, double value) {
    check_finite(name, value);
    if (value < 0)
        fail(Status::out_of_range,
             text(name, " is ", value, ", but must be finite and not negative"));
}

int64_t checked_elements(const Shape &shape) {
    constexpr int64_t kMost = int64_t{1} << 40;
    int64_t product = 1;
    for (int64_t size : shape.sizes()) {
        if (size < 1 || product > kMost / size)
            fail(Status::shape_mismatch,
                 text("the shape ", to_text(shape), " must have 1 to 2^40 elements"));
        product *= size;
    }
    return product;
}

}  // namespace cnn

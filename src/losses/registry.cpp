// The losses there are, a row each.
#include <array>

#include "base/error.h"
#include "base/text.h"
#include "losses/loss.h"

namespace cnn {

void Loss::emit_residuals(LossEmitter &) const {
    fail(Status::unsupported, text("loss ", name(), " is no sum of squares"));
}

void Loss::emit_residual_tangents(LossEmitter &emitter) const {
    emit_residuals(emitter);
}

void Loss::emit_hessian_product(LossEmitter &) const {
    fail(Status::unsupported, text("loss ", name(), " has no second derivative"));
}

std::span<const Loss *const> losses() {
    static const std::array rows = {softmax_cross_entropy_loss(),
                                    sigmoid_cross_entropy_loss(),
                                    mse_loss(),
                                    half_mse_loss(),
                                    sum_of_squares_loss(),
                                    binary_cross_entropy_loss(),
                                    cross_entropy_loss()};
    return rows;
}

const Loss *find_loss(int32_t kind) {
    for (const Loss *loss : losses())
        if (loss->kind() == kind) return loss;
    return nullptr;
}

const Loss *find_loss(std::string_view name) {
    for (const Loss *loss : losses())
        if (loss->name() == name) return loss;
    return nullptr;
}

Shape label_shape(const Shape &prediction) {
    if (prediction.elements_after(1) == 1) return {prediction[0]};
    Shape shape = prediction;
    shape[1] = 1;
    return shape;
}

Tensor wide_scalar() {
    Tensor tensor;
    tensor.shape = {1};
    tensor.type = Type::wide;
    return tensor;
}

}  // namespace cnn

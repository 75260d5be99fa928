// What a loss is: how it checks what it is put on, and how it lowers itself to its value and
// gradient.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "ops/op.h"

namespace cnn {

enum class TargetForm : uint8_t { labels, values };

// What a loss's descriptor says beside its kind and weight.
struct LossSettings {
    bool average = false;        // over the outputs of a sample, whatever the kind does
    int64_t output_weights = 0;  // how many it has; 0: none

    bool operator==(const LossSettings &) const = default;
};

// How a loss emits its operations; tensors as layers see them ([N, C, H, W]).
class LossEmitter {
  public:
    virtual ~LossEmitter() = default;

    virtual TensorId prediction() = 0;
    virtual TensorId target() = 0;   // i32 of label_shape for labels, else as the prediction
    virtual TensorId weights() = 0;  // [N]
    virtual double weight() const = 0;
    virtual const LossSettings &settings() const = 0;
    virtual TensorId output_weights() = 0;  // [their count], or kNoTensor
    virtual Tensor tensor(TensorId id) const = 0;
    virtual TensorId temporary(const Tensor &like) = 0;
    virtual void emit(OpKind kind, std::vector<TensorId> inputs, std::vector<TensorId> outputs,
                      Attributes attributes = {}) = 0;

    // The value is weight() times the sum over samples of s_k l_k, times the run-time 1 / n; of
    // type wide. The count of right classes likewise, for losses that classify.
    virtual void give_value(TensorId value) = 0;
    virtual void give_correct(TensorId count) = 0;
    virtual bool wants_gradient() const = 0;
    virtual void give_gradient(TensorId gradient) = 0;

    // The prediction's derivative along the program's direction; kNoTensor where it is zero.
    virtual TensorId tangent() = 0;
    // Residuals r of the prediction's shape, with value = 1/2 |r|^2, and their derivative.
    virtual void give_residuals(TensorId residuals) = 0;
    virtual void give_residual_tangents(TensorId tangents) = 0;
};

class Loss {
  public:
    virtual ~Loss() = default;
    virtual int32_t kind() const = 0;  // cnn_loss_kind
    virtual const char *name() const = 0;
    // Throws Error where the loss can't be put on a node of this shape, or so.
    virtual void check(const Shape &prediction, const LossSettings &settings) const = 0;
    virtual TargetForm default_form() const = 0;
    virtual bool takes(TargetForm form, const Shape &prediction) const = 0;
    // Class labels of a sample, of which accuracy is; 0: it doesn't classify.
    virtual int64_t labels(const Shape &) const { return 0; }
    virtual void emit(LossEmitter &emitter) const = 0;
    // Losses that are sums of squares (of weight() >= 0): their residuals, and these' derivatives
    // where the prediction has a tangent.
    virtual bool has_residuals() const { return false; }
    virtual void emit_residuals(LossEmitter &emitter) const;
    virtual void emit_residual_tangents(LossEmitter &emitter) const;
    // The product of the loss's Hessian by its prediction with the prediction's tangent, given as
    // the gradient.
    virtual void emit_hessian_product(LossEmitter &emitter) const;
};

// The shape of what a loss has for each place of a prediction [N, C, H, W]: [N] where there is one
// place, else [N, 1, H, W].
Shape label_shape(const Shape &prediction);

// A tensor [1] of type wide: what a sum over everything gives.
Tensor wide_scalar();

// The losses there are. To add one: its file, its row in registry.cpp.
std::span<const Loss *const> losses();
const Loss *find_loss(int32_t kind);
const Loss *find_loss(std::string_view name);

const Loss *softmax_cross_entropy_loss();
const Loss *sigmoid_cross_entropy_loss();
const Loss *mse_loss();
const Loss *half_mse_loss();
const Loss *sum_of_squares_loss();
const Loss *binary_cross_entropy_loss();
const Loss *cross_entropy_loss();

}  // namespace cnn

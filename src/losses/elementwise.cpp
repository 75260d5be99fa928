// Losses that are a sum over elements: mean squared error with and without the half, and binary
// cross-entropy on logits. Each is an expression for its value and one for its derivative.
#include "base/error.h"
#include "losses/loss.h"

namespace cnn {

namespace {

using Value = ExpressionBuilder::Value;

class ElementwiseLoss : public Loss {
  public:
    void check(const Shape &) const override {}
    TargetForm default_form() const override { return TargetForm::values; }
    bool takes(TargetForm form, const Shape &) const override { return form == TargetForm::values; }

    void emit(LossEmitter &e) const override {
        const Tensor prediction = e.tensor(e.prediction());
        const double factor = e.weight() * this->factor(prediction.shape.elements_after(0));
        const std::vector<TensorId> inputs{e.prediction(), e.target(), e.weights()};

        const TensorId value = e.temporary(wide_scalar());
        ExpressionBuilder v;
        v.result(v.times(this->value(v, v.operand(0), v.operand(1)), share(v, factor)));
        e.emit(OpKind::sum, inputs, {value}, PointwiseAttributes{v.take()});
        e.give_value(value);

        if (!e.wants_gradient()) return;
        const TensorId gradient = e.temporary(prediction);
        ExpressionBuilder d;
        d.result(d.times(derivative(d, d.operand(0), d.operand(1)), share(d, factor)));
        e.emit(OpKind::pointwise, inputs, {gradient}, PointwiseAttributes{d.take()});
        e.give_gradient(gradient);
    }

    void emit_hessian_product(LossEmitter &e) const override {
        const Tensor prediction = e.tensor(e.prediction());
        const double factor = e.weight() * this->factor(prediction.shape.elements_after(0));
        const TensorId product = e.temporary(prediction);
        ExpressionBuilder b;
        const Value curvature = second_derivative(b, b.operand(0), b.operand(1));
        b.result(b.times(b.times(curvature, b.operand(3)), share(b, factor)));
        e.emit(OpKind::pointwise, {e.prediction(), e.target(), e.weights(), e.tangent()}, {product},
               PointwiseAttributes{b.take()});
        e.give_gradient(product);
    }

  protected:
    // l(y, t) of an element and dl/dy, both to be multiplied by factor(elements of a sample).
    virtual Value value(ExpressionBuilder &b, Value y, Value t) const = 0;
    virtual Value derivative(ExpressionBuilder &b, Value y, Value t) const = 0;
    virtual Value second_derivative(ExpressionBuilder &b, Value y, Value t) const = 0;
    virtual double factor(int64_t elements) const = 0;

    // s_k factor / n
    static Value share(ExpressionBuilder &b, double factor, int weights = 2) {
        return b.times(b.operand(weights),
                       b.times(b.scalar(kSlotInverseCount), b.constant(factor)));
    }
};

class SquaredError : public ElementwiseLoss {
  public:
    bool has_residuals() const override { return true; }

    // r = sqrt(2 factor s_k / n) (y - t)
    void emit_residuals(LossEmitter &e) const override {
        const Tensor prediction = e.tensor(e.prediction());
        const double factor = 2 * e.weight() * this->factor(prediction.shape.elements_after(0));
        const TensorId residuals = e.temporary(prediction);
        ExpressionBuilder b;
        b.result(b.times(b.minus(b.operand(0), b.operand(1)), b.call(Fn::sqrt, share(b, factor))));
        e.emit(OpKind::pointwise, {e.prediction(), e.target(), e.weights()}, {residuals},
               PointwiseAttributes{b.take()});
        e.give_residuals(residuals);
    }

    void emit_residual_tangents(LossEmitter &e) const override {
        const Tensor prediction = e.tensor(e.prediction());
        const double factor = 2 * e.weight() * this->factor(prediction.shape.elements_after(0));
        const TensorId tangents = e.temporary(prediction);
        ExpressionBuilder d;
        d.result(d.times(d.operand(0), d.call(Fn::sqrt, share(d, factor, 1))));
        e.emit(OpKind::pointwise, {e.tangent(), e.weights()}, {tangents},
               PointwiseAttributes{d.take()});
        e.give_residual_tangents(tangents);
    }

  protected:
    Value value(ExpressionBuilder &b, Value y, Value t) const override {
        const Value r = b.minus(y, t);
        return b.times(r, r);
    }
    Value derivative(ExpressionBuilder &b, Value y, Value t) const override {
        return b.times(b.constant(2), b.minus(y, t));
    }
    Value second_derivative(ExpressionBuilder &b, Value, Value) const override {
        return b.constant(2);
    }
};

class Mse final : public SquaredError {
  public:
    int32_t kind() const override { return 3; }
    const char *name() const override { return "mse"; }

  protected:
    double factor(int64_t elements) const override { return 1 / static_cast<double>(elements); }
};

class HalfMse final : public SquaredError {
  public:
    int32_t kind() const override { return 4; }
    const char *name() const override { return "half_mse"; }

  protected:
    double factor(int64_t) const override { return 0.5; }
};

class SigmoidCrossEntropy final : public ElementwiseLoss {
  public:
    int32_t kind() const override { return 2; }
    const char *name() const override { return "sigmoid_cross_entropy"; }

  protected:
    // max(y, 0) - y t + log(1 + exp(-|y|)) is -t log p - (1 - t) log(1 - p) without overflow.
    Value value(ExpressionBuilder &b, Value y, Value t) const override {
        const Value tail = b.call(Fn::exp, b.call(Fn::negate, b.call(Fn::abs, y)));
        const Value hinge = b.minus(b.call(Fn::max, y, b.constant(0)), b.times(y, t));
        return b.plus(hinge, b.call(Fn::log1p, tail));
    }
    Value derivative(ExpressionBuilder &b, Value y, Value t) const override {
        return b.minus(b.call(Fn::sigmoid, y), t);
    }
    Value second_derivative(ExpressionBuilder &b, Value y, Value) const override {
        const Value p = b.call(Fn::sigmoid, y);
        return b.times(p, b.minus(b.constant(1), p));
    }
    double factor(int64_t) const override { return 1; }
};

}  // namespace

const Loss *mse_loss() {
    static const Mse loss;
    return &loss;
}

const Loss *half_mse_loss() {
    static const HalfMse loss;
    return &loss;
}

const Loss *sigmoid_cross_entropy_loss() {
    static const SigmoidCrossEntropy loss;
    return &loss;
}

}  // namespace cnn

// Losses that are a sum over elements: squared errors, and cross-entropies on logits and on
// probabilities. Each is an expression for its value and one for its derivative.
#include "base/error.h"
#include "base/text.h"
#include "losses/loss.h"

namespace cnn {

namespace {

using Value = ExpressionBuilder::Value;

// What a sample's sum over its elements is divided by, unless all outputs are averaged over.
enum class Mean : uint8_t { none, places, elements };

// The operands of a loss's terms. Where the weights of outputs are one for each of several elements
// of a channel, everything is seen as [N, elements, 1, 1], for weights are read by channel.
class Terms {
  public:
    explicit Terms(LossEmitter &e) : e_(e), like_(e.tensor(e.prediction())) {
        const TensorId weights = e.output_weights();
        if (weights == kNoTensor || e.tensor(weights).shape[0] == like_.shape[1]) return;
        reshaped_ = true;
        like_.shape = {like_.shape[0], like_.shape.elements_after(0), 1, 1};
    }

    // Another operand, by its number.
    int add(TensorId id) {
        inputs_.push_back(reshaped_ ? reshaped(id, like_) : id);
        return static_cast<int>(inputs_.size()) - 1;
    }
    // s_k w_i factor / n of the loss's weights, which become operands.
    Value share(ExpressionBuilder &b, double factor) {
        inputs_.push_back(e_.weights());
        Value share = b.times(b.operand(static_cast<int>(inputs_.size()) - 1),
                              b.times(b.scalar(kSlotInverseCount), b.constant(factor)));
        if (e_.output_weights() == kNoTensor) return share;
        inputs_.push_back(e_.output_weights());
        return b.times(share, b.operand(static_cast<int>(inputs_.size()) - 1));
    }
    // The sum of an expression over everything; its values, of the prediction's shape.
    TensorId sum(ExpressionBuilder &b) {
        const TensorId value = e_.temporary(wide_scalar());
        e_.emit(OpKind::sum, inputs_, {value}, PointwiseAttributes{b.take()});
        return value;
    }
    TensorId values(ExpressionBuilder &b) {
        const TensorId result = e_.temporary(like_);
        e_.emit(OpKind::pointwise, inputs_, {result}, PointwiseAttributes{b.take()});
        return reshaped_ ? reshaped(result, e_.tensor(e_.prediction())) : result;
    }

  private:
    TensorId reshaped(TensorId id, const Tensor &like) {
        const TensorId view = e_.temporary(like);
        e_.emit(OpKind::reshape, {id}, {view});
        return view;
    }

    LossEmitter &e_;
    Tensor like_;
    bool reshaped_ = false;
    std::vector<TensorId> inputs_;
};

class ElementwiseLoss : public Loss {
  public:
    ElementwiseLoss(int32_t kind, const char *name, double scale, Mean mean)
        : kind_(kind), name_(name), scale_(scale), mean_(mean) {}

    int32_t kind() const override { return kind_; }
    const char *name() const override { return name_; }

    void check(const Shape &prediction, const LossSettings &settings) const override {
        const int64_t count = settings.output_weights, elements = prediction.elements();
        if (count != 0 && count != prediction[0] && count != elements)
            fail(Status::shape_mismatch, text("output_weight_count is ", count, ", but must be ",
                                              elements, ", the elements of ", to_text(prediction),
                                              ", or ", prediction[0], ", its channels"));
    }
    TargetForm default_form() const override { return TargetForm::values; }
    bool takes(TargetForm form, const Shape &) const override { return form == TargetForm::values; }

    void emit(LossEmitter &e) const override {
        ExpressionBuilder v;
        Terms value_terms(e);
        const Value y = v.operand(value_terms.add(e.prediction()));
        const Value t = v.operand(value_terms.add(e.target()));
        v.result(v.times(value(v, y, t), value_terms.share(v, factor(e))));
        e.give_value(value_terms.sum(v));

        if (!e.wants_gradient()) return;
        ExpressionBuilder d;
        Terms terms(e);
        const Value at = d.operand(terms.add(e.prediction()));
        const Value target = d.operand(terms.add(e.target()));
        d.result(d.times(derivative(d, at, target), terms.share(d, factor(e))));
        e.give_gradient(terms.values(d));
    }

    void emit_hessian_product(LossEmitter &e) const override {
        ExpressionBuilder b;
        Terms terms(e);
        const Value y = b.operand(terms.add(e.prediction()));
        const Value t = b.operand(terms.add(e.target()));
        const Value u = b.operand(terms.add(e.tangent()));
        b.result(b.times(b.times(second_derivative(b, y, t), u), terms.share(b, factor(e))));
        e.give_gradient(terms.values(b));
    }

  protected:
    // l(y, t) of an element and its derivatives by y.
    virtual Value value(ExpressionBuilder &b, Value y, Value t) const = 0;
    virtual Value derivative(ExpressionBuilder &b, Value y, Value t) const = 0;
    virtual Value second_derivative(ExpressionBuilder &b, Value y, Value t) const = 0;

    // What is common to all elements, but for 1 / n.
    double factor(LossEmitter &e) const {
        const Shape &shape = e.tensor(e.prediction()).shape;
        const Mean mean = e.settings().average ? Mean::elements : mean_;
        const int64_t divisor = mean == Mean::elements ? shape.elements_after(0)
                                : mean == Mean::places ? shape.elements_after(1)
                                                       : 1;
        return e.weight() * scale_ / static_cast<double>(divisor);
    }

  private:
    int32_t kind_;
    const char *name_;
    double scale_;
    Mean mean_;
};

class SquaredError final : public ElementwiseLoss {
  public:
    using ElementwiseLoss::ElementwiseLoss;

    bool has_residuals() const override { return true; }

    // r = sqrt(2 factor s_k w_i / n) (y - t)
    void emit_residuals(LossEmitter &e) const override {
        ExpressionBuilder b;
        Terms terms(e);
        const Value y = b.operand(terms.add(e.prediction()));
        const Value t = b.operand(terms.add(e.target()));
        const Value root = b.call(Fn::sqrt, terms.share(b, 2 * factor(e)));
        b.result(b.times(b.minus(y, t), root));
        e.give_residuals(terms.values(b));
    }

    void emit_residual_tangents(LossEmitter &e) const override {
        ExpressionBuilder b;
        Terms terms(e);
        const Value u = b.operand(terms.add(e.tangent()));
        b.result(b.times(u, b.call(Fn::sqrt, terms.share(b, 2 * factor(e)))));
        e.give_residual_tangents(terms.values(b));
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

class SigmoidCrossEntropy final : public ElementwiseLoss {
  public:
    SigmoidCrossEntropy() : ElementwiseLoss(2, "sigmoid_cross_entropy", 1, Mean::none) {}

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
};

// Probabilities are kept this far from 0, and from 1 where that matters, so that logarithms and
// quotients are finite; 1 - kLeast is the float before 1.
constexpr double kLeast = 0x1p-24;

class BinaryCrossEntropy final : public ElementwiseLoss {
  public:
    BinaryCrossEntropy() : ElementwiseLoss(6, "binary_cross_entropy", 1, Mean::none) {}

  protected:
    Value value(ExpressionBuilder &b, Value y, Value t) const override {
        const Value p = clamped(b, y);
        const Value yes = b.times(t, b.call(Fn::log, p));
        const Value no =
            b.times(b.minus(b.constant(1), t), b.call(Fn::log1p, b.call(Fn::negate, p)));
        return b.call(Fn::negate, b.plus(yes, no));
    }
    Value derivative(ExpressionBuilder &b, Value y, Value t) const override {
        const Value p = clamped(b, y);
        return b.over(b.minus(p, t), b.times(p, b.minus(b.constant(1), p)));
    }
    Value second_derivative(ExpressionBuilder &b, Value y, Value t) const override {
        const Value p = clamped(b, y), q = b.minus(b.constant(1), p);
        const Value no = b.over(b.minus(b.constant(1), t), b.times(q, q));
        return b.plus(b.over(t, b.times(p, p)), no);
    }

  private:
    static Value clamped(ExpressionBuilder &b, Value y) {
        return b.call(Fn::min, b.call(Fn::max, y, b.constant(kLeast)), b.constant(1 - kLeast));
    }
};

class CrossEntropy final : public ElementwiseLoss {
  public:
    CrossEntropy() : ElementwiseLoss(7, "cross_entropy", 1, Mean::places) {}

  protected:
    Value value(ExpressionBuilder &b, Value y, Value t) const override {
        return b.call(Fn::negate, b.times(t, b.call(Fn::log, clamped(b, y))));
    }
    Value derivative(ExpressionBuilder &b, Value y, Value t) const override {
        return b.call(Fn::negate, b.over(t, clamped(b, y)));
    }
    Value second_derivative(ExpressionBuilder &b, Value y, Value t) const override {
        const Value p = clamped(b, y);
        return b.over(t, b.times(p, p));
    }

  private:
    static Value clamped(ExpressionBuilder &b, Value y) {
        return b.call(Fn::max, y, b.constant(kLeast));
    }
};

}  // namespace

const Loss *mse_loss() {
    static const SquaredError loss(3, "mse", 1, Mean::elements);
    return &loss;
}

const Loss *half_mse_loss() {
    static const SquaredError loss(4, "half_mse", 0.5, Mean::none);
    return &loss;
}

const Loss *sum_of_squares_loss() {
    static const SquaredError loss(5, "sum_of_squares", 1, Mean::none);
    return &loss;
}

const Loss *sigmoid_cross_entropy_loss() {
    static const SigmoidCrossEntropy loss;
    return &loss;
}

const Loss *binary_cross_entropy_loss() {
    static const BinaryCrossEntropy loss;
    return &loss;
}

const Loss *cross_entropy_loss() {
    static const CrossEntropy loss;
    return &loss;
}

}  // namespace cnn

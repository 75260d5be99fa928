// Softmax cross-entropy: -sum_c t_c log softmax(y)_c, fused so that no logarithm of a rounded
// probability is taken; gradient softmax(y) sum(t) - t (Hedberg 27, table 3). On a map it is the
// mean over the places.
#include "base/error.h"
#include "base/text.h"
#include "losses/loss.h"

namespace cnn {

namespace {

class SoftmaxCrossEntropy final : public Loss {
  public:
    int32_t kind() const override { return 1; }
    const char *name() const override { return "softmax_cross_entropy"; }

    void check(const Shape &prediction, const LossSettings &settings) const override {
        if (prediction[0] < 2)
            fail(Status::shape_mismatch, text("the input's shape is ", to_text(prediction),
                                              ", but its first axis must have at least 2 classes"));
        if (settings.average || settings.output_weights != 0)
            fail(Status::unsupported,
                 "average_outputs and output_weights are for losses that are "
                 "a sum over outputs, which this isn't");
    }

    TargetForm default_form() const override { return TargetForm::labels; }

    bool takes(TargetForm, const Shape &) const override { return true; }
    int64_t labels(const Shape &prediction) const override {
        return prediction.elements() / prediction[0];
    }

    void emit(LossEmitter &e) const override {
        const Tensor prediction = e.tensor(e.prediction());
        const int64_t places = prediction.shape.elements_after(1);
        Tensor per_place;
        per_place.shape = label_shape(prediction.shape);
        per_place.batched = true;
        const TensorId loss = e.temporary(per_place);
        const TensorId correct = e.temporary(per_place);
        const TensorId gradient = e.wants_gradient() ? e.temporary(prediction) : kNoTensor;
        const double factor = e.weight() / static_cast<double>(places);
        e.emit(OpKind::softmax_cross_entropy, {e.prediction(), e.target(), e.weights()},
               {loss, correct, gradient}, CrossEntropyAttributes{factor, kSlotInverseCount});
        if (e.wants_gradient()) e.give_gradient(gradient);

        ExpressionBuilder b;
        const auto share = b.times(b.scalar(kSlotInverseCount), b.constant(factor));
        b.result(b.times(b.operand(0), share));
        const TensorId value = e.temporary(wide_scalar());
        e.emit(OpKind::sum, {loss}, {value}, PointwiseAttributes{b.take()});
        e.give_value(value);

        ExpressionBuilder c;
        c.result(c.operand(0));
        const TensorId count = e.temporary(wide_scalar());
        e.emit(OpKind::sum, {correct}, {count}, PointwiseAttributes{c.take()});
        e.give_correct(count);
    }

    // H u = sum(t) p (u - p.u) with p = softmax(y)
    void emit_hessian_product(LossEmitter &e) const override {
        const Tensor prediction = e.tensor(e.prediction());
        const double places = static_cast<double>(prediction.shape.elements_after(1));
        const TensorId p = e.temporary(prediction), product = e.temporary(prediction);
        e.emit(OpKind::softmax, {e.prediction()}, {p});
        e.emit(OpKind::softmax_backward, {e.tangent(), p}, {product});
        std::vector<TensorId> inputs{product, e.weights()};
        ExpressionBuilder b;
        auto value = b.times(b.operand(0), b.operand(1));
        if (e.tensor(e.target()).type != Type::i32) {
            inputs.push_back(emit_target_sums(e));
            value = b.times(value, b.operand(2));
        }
        b.result(
            b.times(value, b.times(b.scalar(kSlotInverseCount), b.constant(e.weight() / places))));
        const TensorId result = e.temporary(prediction);
        e.emit(OpKind::pointwise, std::move(inputs), {result}, PointwiseAttributes{b.take()});
        e.give_gradient(result);
    }

  private:
    // sum(t) at each of its classes: softmax's backward is y (t - sum(t y)), of ones t - sum(t).
    static TensorId emit_target_sums(LossEmitter &e) {
        const Tensor like = e.tensor(e.target());
        const TensorId ones = e.temporary(like), rest = e.temporary(like), sums = e.temporary(like);
        ExpressionBuilder one;
        one.result(one.constant(1));
        e.emit(OpKind::pointwise, {e.target()}, {ones}, PointwiseAttributes{one.take()});
        e.emit(OpKind::softmax_backward, {e.target(), ones}, {rest});
        ExpressionBuilder b;
        b.result(b.minus(b.operand(0), b.operand(1)));
        e.emit(OpKind::pointwise, {e.target(), rest}, {sums}, PointwiseAttributes{b.take()});
        return sums;
    }
};

}  // namespace

const Loss *softmax_cross_entropy_loss() {
    static const SoftmaxCrossEntropy loss;
    return &loss;
}

}  // namespace cnn

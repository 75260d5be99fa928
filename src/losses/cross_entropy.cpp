// Softmax cross-entropy: -sum_c t_c log softmax(y)_c, fused so that no logarithm of a rounded
// probability is taken; gradient softmax(y) sum(t) - t (Hedberg 27, table 3).
#include "base/error.h"
#include "base/text.h"
#include "losses/loss.h"

namespace cnn {

namespace {

class SoftmaxCrossEntropy final : public Loss {
  public:
    int32_t kind() const override { return 1; }
    const char *name() const override { return "softmax_cross_entropy"; }

    void check(const Shape &prediction) const override {
        if (prediction[0] < 2 || prediction.elements() != prediction[0])
            fail(Status::shape_mismatch,
                 text("the input's shape is ", to_text(prediction),
                      ", but must be [classes] or [classes, 1, 1] with at least 2 classes"));
    }

    TargetForm default_form() const override { return TargetForm::labels; }

    bool takes(TargetForm, const Shape &) const override { return true; }

    void emit(LossEmitter &e) const override {
        const Tensor prediction = e.tensor(e.prediction());
        Tensor per_sample;
        per_sample.shape = {prediction.shape[0]};
        per_sample.batched = true;
        const TensorId loss = e.temporary(per_sample);
        const TensorId correct = e.temporary(per_sample);
        const TensorId gradient = e.wants_gradient() ? e.temporary(prediction) : kNoTensor;
        e.emit(OpKind::softmax_cross_entropy, {e.prediction(), e.target(), e.weights()},
               {loss, correct, gradient}, CrossEntropyAttributes{e.weight(), kSlotInverseCount});
        if (e.wants_gradient()) e.give_gradient(gradient);

        ExpressionBuilder b;
        const auto share = b.times(b.scalar(kSlotInverseCount), b.constant(e.weight()));
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
};

}  // namespace

const Loss *softmax_cross_entropy_loss() {
    static const SoftmaxCrossEntropy loss;
    return &loss;
}

}  // namespace cnn

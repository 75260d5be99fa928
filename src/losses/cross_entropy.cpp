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

    // H u = sum(t) p (u - p.u) with p = softmax(y)
    void emit_hessian_product(LossEmitter &e) const override {
        const Tensor prediction = e.tensor(e.prediction());
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
        b.result(b.times(value, b.times(b.scalar(kSlotInverseCount), b.constant(e.weight()))));
        const TensorId result = e.temporary(prediction);
        e.emit(OpKind::pointwise, std::move(inputs), {result}, PointwiseAttributes{b.take()});
        e.give_gradient(result);
    }

  private:
    // sum(t) of each sample: as many times the average as there are classes.
    static TensorId emit_target_sums(LossEmitter &e) {
        Tensor row = e.tensor(e.target());
        const int64_t classes = row.shape[1];
        row.shape = {row.shape[0], 1, 1, classes};
        Tensor single = row, scalar = row;
        single.shape = {row.shape[0], 1, 1, 1};
        scalar.shape = {row.shape[0]};
        const TensorId targets = e.temporary(row), mean = e.temporary(single);
        const TensorId sums = e.temporary(scalar), per_sample = e.temporary(scalar);
        e.emit(OpKind::reshape, {e.target()}, {targets});
        PoolAttributes attributes;
        attributes.window.kernel = {1, classes, 1};
        e.emit(OpKind::average_pool, {targets}, {mean}, attributes);
        e.emit(OpKind::reshape, {mean}, {per_sample});
        ExpressionBuilder b;
        b.result(b.times(b.operand(0), b.constant(static_cast<double>(classes))));
        e.emit(OpKind::pointwise, {per_sample}, {sums}, PointwiseAttributes{b.take()});
        return sums;
    }
};

}  // namespace

const Loss *softmax_cross_entropy_loss() {
    static const SoftmaxCrossEntropy loss;
    return &loss;
}

}  // namespace cnn

// batch_norm: y = scale (x - mean) / sqrt(variance + epsilon) + shift for each channel.
// With m = n H W elements a channel, h = (x - mean) r, r = 1 / sqrt(variance + epsilon), dz the
// gradient before the activation:
//   dshift = sum dz, dscale = sum dz h, and
//   dx = scale r (dz - dshift / m - h dscale / m) on batch statistics, scale r dz on running ones.
#include "base/error.h"
#include "base/text.h"
#include "layers/registry.h"

namespace cnn {

namespace {

using Value = ExpressionBuilder::Value;

enum Saved { kMean, kInverseDeviation };

constexpr auto kSettings =
    joined(std::array{"momentum", "epsilon", "scale", "shift"}, kActivationSettings);

class BatchNorm final : public Layer {
  public:
    const char *kind() const override { return "batch_norm"; }
    std::span<const char *const> setting_names() const override { return kSettings; }

    void infer(Inference &inference) const override {
        const Settings &settings = inference.settings;
        const double momentum = settings.real("momentum");
        const double epsilon = settings.real("epsilon");
        if (!(momentum >= 0 && momentum <= 1))
            fail(Status::out_of_range, text("momentum is ", momentum, ", but must be 0 to 1"));
        check_not_negative("epsilon", epsilon);
        check_activation(settings);
        const Shape channels{inference.inputs[0][0]};
        const Initializer one{InitKind::constant, 1};
        if (settings.flag("scale")) inference.parameters.push_back({"scale", channels, one, false});
        if (settings.flag("shift")) inference.parameters.push_back({"shift", channels, {}, false});
        inference.state.push_back({"running_mean", channels, {}, false});
        inference.state.push_back({"running_variance", channels, one, false});
        inference.output = inference.inputs[0];
    }

    void forward(Emitter &e) const override {
        if (e.training())
            emit_batch_statistics(e);
        else
            emit_running_statistics(e);
        emit_normalise(e);
    }

    void backward(Emitter &e) const override {
        const TensorId dz = emit_activation_backward(e);
        const bool scale = e.settings().flag("scale");
        const TensorId dscale = scale ? e.parameter_gradient(0) : e.temporary(channels(e));
        const TensorId dshift = e.settings().flag("shift") ? e.parameter_gradient(scale ? 1 : 0)
                                                           : e.temporary(channels(e));
        emit_sums(e, dz, dshift, dscale);
        if (e.wants_input_gradient(0)) emit_input_gradient(e, dz, dshift, dscale);
    }

    // dz = scale r dx + dscale h + dshift
    void tangent(Emitter &e) const override {
        const bool scale = e.settings().flag("scale"), shift = e.settings().flag("shift");
        const TensorId dx = e.input_tangent(0);
        const TensorId dscale = scale ? e.parameter_tangent(0) : kNoTensor;
        const TensorId dshift = shift ? e.parameter_tangent(scale ? 1 : 0) : kNoTensor;
        if (dx == kNoTensor && dscale == kNoTensor && dshift == kNoTensor) return;
        ExpressionBuilder b;
        std::vector<TensorId> inputs;
        const auto next = [&](TensorId id) {
            inputs.push_back(id);
            return b.operand(static_cast<int>(inputs.size()) - 1);
        };
        // First, for it has the full shape.
        const Value x = next(dx == kNoTensor ? e.input(0) : dx);
        const Value r = next(e.saved(kInverseDeviation));
        Value dz = b.constant(0);
        if (dx != kNoTensor)
            dz = scale ? b.times(b.times(x, r), next(e.parameter(0))) : b.times(x, r);
        if (dscale != kNoTensor) {
            const Value value = dx == kNoTensor ? x : next(e.input(0));
            const Value h = b.times(b.minus(value, next(e.saved(kMean))), r);
            dz = b.plus(dz, b.times(h, next(dscale)));
        }
        if (dshift != kNoTensor) dz = b.plus(dz, next(dshift));
        b.result(dz);
        const TensorId before = e.temporary(e.tensor(e.output()));
        e.emit(OpKind::pointwise, inputs, {before}, PointwiseAttributes{b.take()});
        give_activation_tangent(e, before);
    }

  private:
    static Tensor channels(Emitter &e) {
        Tensor tensor;
        tensor.shape = {e.tensor(e.output()).shape[1]};
        return tensor;
    }

    // 1 / (n H W)
    static Value inverse_elements(Emitter &e, ExpressionBuilder &b) {
        const Shape &x = e.tensor(e.input(0)).shape;
        const auto area = static_cast<double>(x[2] * x[3]);
        return b.times(b.scalar(kSlotInverseBatch), b.constant(1 / area));
    }

    // old + momentum (value - old)
    static Value moved(Emitter &e, ExpressionBuilder &b, Value old, Value value) {
        const Value momentum = b.constant(e.settings().real("momentum"));
        return b.plus(old, b.times(momentum, b.minus(value, old)));
    }

    static void emit_batch_statistics(Emitter &e) {
        const TensorId total = e.temporary(channels(e));
        const TensorId mean = e.temporary(channels(e));
        const TensorId squares = e.temporary(channels(e));
        const TensorId inverse_deviation = e.temporary(channels(e));
        {
            ExpressionBuilder b;
            b.result(b.operand(0));
            emit_sum(e, {e.input(0)}, {total}, b);
        }
        {
            ExpressionBuilder b;
            const Value value = b.times(b.operand(0), inverse_elements(e, b));
            b.result(value);
            emit_statistic(e, total, mean, 0, b, value);
        }
        {
            ExpressionBuilder b;
            const Value d = b.minus(b.operand(0), b.operand(1));
            b.result(b.times(d, d));
            emit_sum(e, {e.input(0), mean}, {squares}, b);
        }
        {
            ExpressionBuilder b;
            const Value share = inverse_elements(e, b);
            const Value variance = b.times(b.operand(0), share);
            b.result(inverse_root(e, b, variance));
            // The running variance is the unbiased one, m / (m - 1) times; of one element, itself.
            const Value one = b.constant(1);
            const Value unbiased = b.over(variance, b.minus(one, share));
            emit_statistic(e, squares, inverse_deviation, 1, b,
                           b.select(b.call(Fn::less, share, one), unbiased, variance));
        }
        e.save(kMean, mean);
        e.save(kInverseDeviation, inverse_deviation);
    }

    static void emit_sum(Emitter &e, std::vector<TensorId> inputs, std::vector<TensorId> outputs,
                         ExpressionBuilder &b) {
        e.emit(OpKind::channel_sum, std::move(inputs), std::move(outputs),
               PointwiseAttributes{b.take()});
    }

    // `to` by b's result so far, and what running statistic `running` becomes when it meets
    // `value`.
    static void emit_statistic(Emitter &e, TensorId from, TensorId to, int running,
                               ExpressionBuilder &b, Value value) {
        const TensorId updated = e.temporary(channels(e));
        b.result(moved(e, b, b.operand(1), value));
        e.emit(OpKind::pointwise, {from, e.state(running)}, {to, updated},
               PointwiseAttributes{b.take()});
        e.update_state(running, updated);
    }

    static Value inverse_root(Emitter &e, ExpressionBuilder &b, Value variance) {
        const Value epsilon = b.constant(e.settings().real("epsilon"));
        return b.over(b.constant(1), b.call(Fn::sqrt, b.plus(variance, epsilon)));
    }

    static void emit_running_statistics(Emitter &e) {
        const TensorId inverse_deviation = e.temporary(channels(e));
        ExpressionBuilder b;
        b.result(inverse_root(e, b, b.operand(0)));
        e.emit(OpKind::pointwise, {e.state(1)}, {inverse_deviation}, PointwiseAttributes{b.take()});
        e.save(kMean, e.state(0));
        e.save(kInverseDeviation, inverse_deviation);
    }

    static void emit_normalise(Emitter &e) {
        const TensorId before = before_activation(e, e.tensor(e.output()));
        std::vector<TensorId> inputs{e.input(0), e.saved(kMean), e.saved(kInverseDeviation)};
        ExpressionBuilder b;
        Value y = b.times(b.minus(b.operand(0), b.operand(1)), b.operand(2));
        int parameter = 0;
        const auto next = [&] {
            inputs.push_back(e.parameter(parameter++));
            return b.operand(static_cast<int>(inputs.size()) - 1);
        };
        if (e.settings().flag("scale")) y = b.times(y, next());
        if (e.settings().flag("shift")) y = b.plus(y, next());
        b.result(y);
        // On running statistics it is the same function for all samples, which a device may fold.
        const PointwiseForm form = e.training() ? PointwiseForm::other : PointwiseForm::normalise;
        e.emit(OpKind::pointwise, inputs, {before}, PointwiseAttributes{b.take(), form});
        emit_activation(e, before);
    }

    static void emit_sums(Emitter &e, TensorId dz, TensorId dshift, TensorId dscale) {
        ExpressionBuilder b;
        const Value h = b.times(b.minus(b.operand(1), b.operand(2)), b.operand(3));
        b.result(b.operand(0));
        b.result(b.times(b.operand(0), h));
        emit_sum(e, {dz, e.input(0), e.saved(kMean), e.saved(kInverseDeviation)}, {dshift, dscale},
                 b);
    }

    static void emit_input_gradient(Emitter &e, TensorId dz, TensorId dshift, TensorId dscale) {
        const TensorId dx = e.temporary(e.tensor(e.input(0)));
        ExpressionBuilder b;
        Value factor = b.operand(1);
        Value d = b.operand(0);
        std::vector<TensorId> inputs{dz, e.saved(kInverseDeviation)};
        const auto next = [&](TensorId id) {
            inputs.push_back(id);
            return b.operand(static_cast<int>(inputs.size()) - 1);
        };
        if (e.settings().flag("scale")) factor = b.times(factor, next(e.parameter(0)));
        if (e.training()) {
            const Value share = inverse_elements(e, b);
            const Value x = next(e.input(0));
            const Value h = b.times(b.minus(x, next(e.saved(kMean))), b.operand(1));
            const Value shift_part = b.times(next(dshift), share);
            const Value scale_part = b.times(h, b.times(next(dscale), share));
            d = b.minus(b.minus(d, shift_part), scale_part);
        }
        b.result(b.times(factor, d));
        e.emit(OpKind::pointwise, inputs, {dx}, PointwiseAttributes{b.take()});
        e.give_input_gradient(0, dx);
    }
};

}  // namespace

const Layer *batch_norm_layer() {
    static const BatchNorm layer;
    return &layer;
}

}  // namespace cnn

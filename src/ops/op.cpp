// Names, shape rules and ready-made attributes of operations.
#include "ops/op.h"

#include <algorithm>
#include <numbers>

namespace cnn {

const char *name_of(OpKind kind) {
    switch (kind) {
        case OpKind::convolution:
            return "convolution";
        case OpKind::convolution_backward_data:
            return "convolution_backward_data";
        case OpKind::convolution_backward_weights:
            return "convolution_backward_weights";
        case OpKind::max_pool:
            return "max_pool";
        case OpKind::max_pool_backward:
            return "max_pool_backward";
        case OpKind::max_pool_tangent:
            return "max_pool_tangent";
        case OpKind::average_pool:
            return "average_pool";
        case OpKind::average_pool_backward:
            return "average_pool_backward";
        case OpKind::pointwise:
            return "pointwise";
        case OpKind::channel_sum:
            return "channel_sum";
        case OpKind::sum:
            return "sum";
        case OpKind::softmax:
            return "softmax";
        case OpKind::softmax_backward:
            return "softmax_backward";
        case OpKind::softmax_cross_entropy:
            return "softmax_cross_entropy";
        case OpKind::dropout:
            return "dropout";
        case OpKind::concat:
            return "concat";
        case OpKind::slice:
            return "slice";
        case OpKind::gather:
            return "gather";
        case OpKind::distance:
            return "distance";
        case OpKind::distance_tangent:
            return "distance_tangent";
        case OpKind::distance_backward_data:
            return "distance_backward_data";
        case OpKind::distance_backward_weights:
            return "distance_backward_weights";
        case OpKind::reshape:
            return "reshape";
        case OpKind::reorder:
            return "reorder";
        case OpKind::feed:
            return "feed";
        case OpKind::host:
            return "host";
    }
    return "unknown";
}

const char *name_of(Activation activation) {
    switch (activation) {
        case Activation::linear:
            return "linear";
        case Activation::relu:
            return "relu";
        case Activation::leaky_relu:
            return "leaky_relu";
        case Activation::sigmoid:
            return "sigmoid";
        case Activation::tanh:
            return "tanh";
        case Activation::scaled_tanh:
            return "scaled_tanh";
        case Activation::elu:
            return "elu";
        case Activation::gelu:
            return "gelu";
        case Activation::silu:
            return "silu";
        case Activation::soft_logistic:
            return "soft_logistic";
        case Activation::softsign:
            return "softsign";
        case Activation::algebraic:
            return "algebraic";
    }
    return "unknown";
}

Access access_of(const Tensor &operand, const Tensor &full) {
    if (operand.shape == full.shape && operand.batched == full.batched) return Access::element;
    if (!operand.batched && operand.shape.elements() == 1) return Access::scalar;
    if (operand.batched && operand.shape.rank == 1) return Access::sample;
    return Access::channel;
}

FusedOp single(const Op &op, const std::vector<Tensor> &tensors) {
    FusedOp group;
    std::vector<TensorId> ids;
    const auto local = [&](TensorId id) {
        if (id == kNoTensor) return kNoTensor;
        const auto found = std::find(ids.begin(), ids.end(), id);
        if (found != ids.end()) return static_cast<TensorId>(found - ids.begin());
        ids.push_back(id);
        group.tensors.push_back(tensors[static_cast<size_t>(id)]);
        return static_cast<TensorId>(ids.size()) - 1;
    };
    const auto written = [&](TensorId id) {
        return std::find(op.outputs.begin(), op.outputs.end(), id) != op.outputs.end();
    };
    for (TensorId id : op.inputs)
        if (!written(id)) local(id);
    group.inputs = static_cast<int32_t>(ids.size());
    for (TensorId id : op.outputs) local(id);
    group.outputs = static_cast<int32_t>(ids.size()) - group.inputs;

    group.ops.push_back(op);
    for (TensorId &id : group.ops[0].inputs) id = local(id);
    for (TensorId &id : group.ops[0].outputs) id = local(id);
    return group;
}

namespace {

double flops_of(const Op &op, const std::vector<Tensor> &tensors) {
    const auto shape = [&](TensorId id) -> const Shape & {
        return tensors[static_cast<size_t>(id)].shape;
    };
    switch (op.kind) {
        case OpKind::convolution:
        case OpKind::convolution_backward_data:
        case OpKind::convolution_backward_weights: {
            // Twice the elements of y times the elements of w per output channel.
            const bool forward = op.kind == OpKind::convolution;
            const bool weights = op.kind == OpKind::convolution_backward_weights;
            const Shape &y = shape(forward ? op.outputs[0] : weights ? op.inputs[1] : op.inputs[0]);
            const Shape &w = shape(weights ? op.outputs[0] : op.inputs[1]);
            return 2.0 * static_cast<double>(y.elements()) *
                   static_cast<double>(w.elements_after(0));
        }
        case OpKind::gather:
            return static_cast<double>(
                std::get<GatherAttributes>(op.attributes).table->columns.size());
        case OpKind::distance:
        case OpKind::distance_tangent:
        case OpKind::distance_backward_data:
        case OpKind::distance_backward_weights: {
            // A difference and a multiply-add for each sample, unit and element.
            const bool forward = op.kind == OpKind::distance || op.kind == OpKind::distance_tangent;
            const Shape &y = shape(forward ? op.outputs[0] : op.inputs[0]);
            const Shape &c = shape(forward ? op.inputs[1] : op.inputs[2]);
            return 3.0 * static_cast<double>(y.elements()) *
                   static_cast<double>(c.elements_after(0));
        }
        case OpKind::pointwise:
        case OpKind::channel_sum:
        case OpKind::sum: {
            const auto &code = std::get<PointwiseAttributes>(op.attributes).expression.code;
            int64_t largest = 0;
            for (TensorId id : op.inputs) largest = std::max(largest, shape(id).elements());
            return static_cast<double>(code.size()) * static_cast<double>(largest);
        }
        default: {
            double elements = 0;
            for (TensorId id : op.inputs) elements += static_cast<double>(shape(id).elements());
            return elements;
        }
    }
}

}  // namespace

SparseTable SparseTable::transposed() const {
    SparseTable result;
    result.column_count = static_cast<int32_t>(rows());
    result.starts.assign(static_cast<size_t>(column_count) + 1, 0);
    for (int32_t column : columns) ++result.starts[static_cast<size_t>(column) + 1];
    for (size_t i = 1; i < result.starts.size(); ++i) result.starts[i] += result.starts[i - 1];
    result.columns.resize(columns.size());
    std::vector<int32_t> next = result.starts;
    for (size_t row = 0; row + 1 < starts.size(); ++row)
        for (int32_t k = starts[row]; k < starts[row + 1]; ++k) {
            int32_t &place = next[static_cast<size_t>(columns[static_cast<size_t>(k)])];
            result.columns[static_cast<size_t>(place++)] = static_cast<int32_t>(row);
        }
    return result;
}

double flops_of(const FusedOp &group) {
    double flops = 0;
    for (const Op &op : group.ops) flops += flops_of(op, group.tensors);
    return flops;
}

double bytes_of(const FusedOp &group, int64_t real_bytes) {
    double bytes = 0;
    for (int32_t i = 0; i < group.operands(); ++i) {
        const Tensor &tensor = group.tensors[static_cast<size_t>(i)];
        bytes += static_cast<double>(tensor.shape.elements() * size_of(tensor.type, real_bytes));
    }
    return bytes;
}

int64_t window_output(const Window &window, int axis, int64_t input, bool ceil_mode) {
    const auto i = static_cast<size_t>(axis);
    const int64_t stride = window.stride[i];
    const int64_t span = window.dilation[i] * (window.kernel[i] - 1) + 1;
    const int64_t room = input + window.pad_begin[i] + window.pad_end[i] - span;
    if (room < 0) return 0;
    int64_t output = room / stride + 1;
    if (ceil_mode && room % stride != 0) {
        // A window must begin inside the input or its leading padding.
        if (output * stride < input + window.pad_begin[i]) ++output;
    }
    return output;
}

namespace {

using Value = ExpressionBuilder::Value;

constexpr double kScaledTanh = 1.7159;  // times tanh(2/3 x)

// Where x is so large that f has its limit, so that neither x^2 nor x / |x| is beyond numbers.
Value clamped(ExpressionBuilder &e, Value x) {
    constexpr double kLarge = 1e18;
    return e.call(Fn::min, e.call(Fn::max, x, e.constant(-kLarge)), e.constant(kLarge));
}

// 1 / (1 + |x|), 1 / sqrt(1 + x^2)
Value softsign_share(ExpressionBuilder &e, Value x) {
    return e.over(e.constant(1), e.plus(e.call(Fn::abs, x), e.constant(1)));
}
Value algebraic_share(ExpressionBuilder &e, Value x) {
    return e.over(e.constant(1), e.call(Fn::sqrt, e.plus(e.times(x, x), e.constant(1))));
}

// The distribution function of the normal distribution.
Value normal_distribution(ExpressionBuilder &e, Value x) {
    const Value error = e.call(Fn::erf, e.times(x, e.constant(std::numbers::sqrt2 / 2)));
    return e.times(e.constant(0.5), e.plus(e.constant(1), error));
}

// alpha (exp(x) - 1) = alpha 2 t / (1 - t) with t = tanh(x / 2), exact near 0; for x <= 0.
Value elu_below(ExpressionBuilder &e, Value x, double alpha) {
    const Value t = e.call(Fn::tanh, e.times(x, e.constant(0.5)));
    return e.over(e.times(e.constant(2 * alpha), t), e.minus(e.constant(1), t));
}

Value activated(ExpressionBuilder &e, Activation activation, double slope, Value x) {
    const Value zero = e.constant(0), one = e.constant(1);
    switch (activation) {
        case Activation::linear:
            break;
        case Activation::relu:
            return e.call(Fn::max, x, zero);
        case Activation::leaky_relu:
            return e.select(e.call(Fn::less, zero, x), x, e.times(x, e.constant(slope)));
        case Activation::sigmoid:
            return e.call(Fn::sigmoid, x);
        case Activation::tanh:
            return e.call(Fn::tanh, x);
        case Activation::scaled_tanh:
            return e.times(e.constant(kScaledTanh),
                           e.call(Fn::tanh, e.times(x, e.constant(2.0 / 3))));
        case Activation::elu:
            return e.select(e.call(Fn::less, zero, x), x, elu_below(e, x, slope));
        case Activation::gelu:
            return e.times(x, normal_distribution(e, x));
        case Activation::silu:
            return e.times(x, e.call(Fn::sigmoid, x));
        case Activation::soft_logistic: {
            // (|x| + x + 1) / (2 |x| + 2): |x| + x is exact, so small results keep their digits.
            const Value c = clamped(e, x), size = e.call(Fn::abs, c);
            const Value above = e.plus(e.plus(size, c), one);
            return e.over(above, e.times(e.constant(2), e.plus(size, one)));
        }
        case Activation::softsign: {
            const Value c = clamped(e, x);
            return e.over(c, e.plus(e.call(Fn::abs, c), one));
        }
        case Activation::algebraic: {
            const Value c = clamped(e, x);
            return e.over(c, e.call(Fn::sqrt, e.plus(e.times(c, c), one)));
        }
    }
    return x;
}

// f'(x) dy; `from` is y or, where derives_from_input, x.
Value derived(ExpressionBuilder &e, Activation activation, double slope, Value dy, Value from) {
    const Value zero = e.constant(0), one = e.constant(1);
    switch (activation) {
        case Activation::linear:
            break;
        case Activation::relu:
            return e.select(e.call(Fn::less, zero, from), dy, zero);
        case Activation::leaky_relu:
            // slope >= 0, so y and x have the same sign.
            return e.select(e.call(Fn::less, zero, from), dy, e.times(dy, e.constant(slope)));
        case Activation::sigmoid:
            return e.times(dy, e.times(from, e.minus(one, from)));
        case Activation::tanh:
            return e.times(dy, e.minus(one, e.times(from, from)));
        case Activation::scaled_tanh: {
            // 2/3 (A - y^2 / A)
            const Value square = e.times(e.constant(2.0 / 3 / kScaledTanh), e.times(from, from));
            return e.times(dy, e.minus(e.constant(2.0 / 3 * kScaledTanh), square));
        }
        case Activation::elu:
            return e.select(e.call(Fn::less, zero, from), dy,
                            e.times(dy, e.plus(from, e.constant(slope))));
        case Activation::gelu: {
            const Value square = e.times(from, from);
            const Value bell = e.call(Fn::exp, e.times(square, e.constant(-0.5)));
            const double height = std::numbers::inv_sqrtpi * std::numbers::sqrt2 / 2;
            const Value density = e.times(e.constant(height), bell);
            return e.times(dy, e.plus(normal_distribution(e, from), e.times(from, density)));
        }
        case Activation::silu: {
            const Value s = e.call(Fn::sigmoid, from);
            return e.times(dy, e.times(s, e.plus(one, e.times(from, e.minus(one, s)))));
        }
        case Activation::soft_logistic: {
            const Value share = softsign_share(e, clamped(e, from));
            return e.times(dy, e.times(e.constant(0.5), e.times(share, share)));
        }
        case Activation::softsign: {
            const Value share = softsign_share(e, clamped(e, from));
            return e.times(dy, e.times(share, share));
        }
        case Activation::algebraic: {
            const Value share = algebraic_share(e, clamped(e, from));
            return e.times(dy, e.times(share, e.times(share, share)));
        }
    }
    return dy;
}

}  // namespace

PointwiseAttributes activation_attributes(Activation activation, double slope) {
    ExpressionBuilder e;
    e.result(activated(e, activation, slope, e.operand(0)));
    return {e.take(), PointwiseForm::activation, activation, slope};
}

PointwiseAttributes activation_backward_attributes(Activation activation, double slope) {
    ExpressionBuilder e;
    const Value dy = e.operand(0), from = e.operand(1);
    e.result(derived(e, activation, slope, dy, from));
    return {e.take(), PointwiseForm::activation_backward, activation, slope};
}

PointwiseAttributes bias_attributes() {
    ExpressionBuilder e;
    e.result(e.plus(e.operand(0), e.operand(1)));
    return {e.take(), PointwiseForm::bias, Activation::linear, 0};
}

PointwiseAttributes affine_attributes() {
    ExpressionBuilder e;
    e.result(e.plus(e.times(e.operand(0), e.operand(1)), e.operand(2)));
    return {e.take(), PointwiseForm::affine, Activation::linear, 0};
}

PointwiseAttributes add_attributes(int count) {
    ExpressionBuilder e;
    auto total = e.operand(0);
    for (int i = 1; i < count; ++i) total = e.plus(total, e.operand(i));
    e.result(total);
    return {e.take(), PointwiseForm::add, Activation::linear, 0};
}

}  // namespace cnn

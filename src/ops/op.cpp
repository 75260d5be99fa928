// Names, shape rules and ready-made attributes of operations.
#include "ops/op.h"

#include <algorithm>

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

PointwiseAttributes activation_attributes(Activation activation, double slope) {
    ExpressionBuilder e;
    const auto x = e.operand(0);
    auto y = x;
    switch (activation) {
        case Activation::linear:
            break;
        case Activation::relu:
            y = e.call(Fn::max, x, e.constant(0));
            break;
        case Activation::leaky_relu:
            y = e.select(e.call(Fn::less, e.constant(0), x), x, e.times(x, e.constant(slope)));
            break;
        case Activation::sigmoid:
            y = e.call(Fn::sigmoid, x);
            break;
        case Activation::tanh:
            y = e.call(Fn::tanh, x);
            break;
    }
    e.result(y);
    return {e.take(), PointwiseForm::activation, activation, slope};
}

PointwiseAttributes activation_backward_attributes(Activation activation, double slope) {
    ExpressionBuilder e;
    const auto dy = e.operand(0);
    const auto y = e.operand(1);
    const auto one = e.constant(1);
    auto dx = dy;
    switch (activation) {
        case Activation::linear:
            break;
        case Activation::relu:
            dx = e.select(e.call(Fn::less, e.constant(0), y), dy, e.constant(0));
            break;
        case Activation::leaky_relu:
            // slope >= 0, so y and x have the same sign.
            dx = e.select(e.call(Fn::less, e.constant(0), y), dy, e.times(dy, e.constant(slope)));
            break;
        case Activation::sigmoid:
            dx = e.times(dy, e.times(y, e.minus(one, y)));
            break;
        case Activation::tanh:
            dx = e.times(dy, e.minus(one, e.times(y, y)));
            break;
    }
    e.result(dx);
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

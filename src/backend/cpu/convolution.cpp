// Convolutions: reads the group, and offers every way to run it.
#include "backend/cpu/convolution.h"

#include <numeric>
#include <span>

#include "backend/cpu/convolution_plan.h"
#include "base/error.h"
#include "base/text.h"

namespace cnn::cpu {

bool ConvolutionShape::is_dense() const {
    for (int a = 0; a < 3; ++a) {
        if (kernel[a] != in[a] || out[a] != 1 || pad[a] != 0) return false;
        if (kernel[a] > 1 && dilation[a] != 1) return false;
    }
    return true;
}

ConvolutionShape ConvolutionShape::flattened() const {
    ConvolutionShape flat;
    flat.batch = batch;
    flat.groups = groups;
    flat.filters = filters;
    flat.channels = channels * in_plane();
    return flat;
}

namespace {

const Tensor &tensor_of(const FusedOp &op, TensorId id) {
    return op.tensors[static_cast<size_t>(id)];
}

ConvolutionShape shape_of(const ConvolutionAttributes &attributes, const Shape &x, const Shape &w,
                          const Shape &y) {
    ConvolutionShape shape;
    const Window &window = attributes.window;
    shape.batch = x[0];
    shape.groups = attributes.groups;
    shape.channels = x[1] / attributes.groups;
    shape.filters = y[1] / attributes.groups;
    for (int i = 0; i < window.spatial; ++i) {
        const int axis = 3 - window.spatial + i;
        const auto from = static_cast<size_t>(i);
        shape.in[axis] = x[2 + i];
        shape.out[axis] = y[2 + i];
        shape.kernel[axis] = w[2 + i];
        shape.stride[axis] = window.stride[from];
        shape.dilation[axis] = window.dilation[from];
        shape.pad[axis] = window.pad_begin[from];
    }
    return shape;
}

TileActivation tile_activation(Activation activation) {
    switch (activation) {
        case Activation::relu:
            return TileActivation::relu;
        case Activation::leaky_relu:
            return TileActivation::leaky_relu;
        case Activation::sigmoid:
            return TileActivation::sigmoid;
        case Activation::tanh:
            return TileActivation::tanh;
        default:
            return TileActivation::linear;
    }
}

bool runs_in_tiles(Activation activation) {
    return tile_activation(activation) != TileActivation::linear ||
           activation == Activation::linear;
}

}  // namespace

ConvolutionGroup::ConvolutionGroup(const FusedOp &op) {
    const Op &head = op.head();
    TensorId ids[3] = {head.inputs[0], head.inputs[1], head.outputs[0]};  // x, w, y
    if (head.kind == OpKind::convolution_backward_data) {
        ids[0] = head.outputs[0];
        ids[2] = head.inputs[0];
    } else if (head.kind == OpKind::convolution_backward_weights) {
        ids[1] = head.outputs[0];
        ids[2] = head.inputs[1];
    }
    for (size_t i = 1; i < op.ops.size(); ++i) {
        const Op &next = op.ops[i];
        const auto &pointwise = std::get<PointwiseAttributes>(next.attributes);
        if (pointwise.form == PointwiseForm::bias) {
            bias_operand = next.inputs[1];
        } else if (pointwise.form == PointwiseForm::affine) {
            scale_operand = next.inputs[1];
            shift_operand = next.inputs[2];
        } else if (pointwise.form == PointwiseForm::add) {
            residual_operand = next.inputs[next.inputs[0] == ids[2] ? 1 : 0];
        } else {
            epilogue.activation = tile_activation(pointwise.activation);
            epilogue.slope = static_cast<float>(pointwise.slope);
        }
        ids[2] = next.outputs[0];
    }
    operands = op.operands();
    accept = op.accept;
    x_operand = ids[0];
    w_operand = ids[1];
    y_operand = ids[2];
    x = tensor_of(op, ids[0]).shape;
    w = tensor_of(op, ids[1]).shape;
    y = tensor_of(op, ids[2]).shape;
    shape = shape_of(std::get<ConvolutionAttributes>(head.attributes), x, w, y);
}

TileEpilogue ConvolutionGroup::epilogue_at(const Launch &launch) const {
    const auto place = [&](int index) { return index < 0 ? nullptr : operand(launch, index); };
    return {place(bias_operand),     place(scale_operand), place(shift_operand),
            place(residual_operand), epilogue.channels,    epilogue.activation,
            epilogue.slope};
}

std::vector<Segment> forward_segments(const ConvolutionShape &shape, int axis) {
    const int64_t kernel = shape.kernel[axis], dilation = shape.dilation[axis];
    const int64_t stride = shape.stride[axis], in = shape.in[axis];
    std::vector<Segment> segments;
    for (int64_t o = 0; o < shape.out[axis]; ++o) {
        const int64_t first = o * stride - shape.pad[axis];
        const int64_t begin = std::min(kernel, first < 0 ? divide_up(-first, dilation) : 0);
        const int64_t end =
            first >= in ? begin : std::clamp(divide_up(in - first, dilation), begin, kernel);
        if (!segments.empty() && segments.back().tap_begin == begin &&
            segments.back().taps == end - begin) {
            ++segments.back().count;
        } else {
            segments.push_back(
                {o, 1, 1, first + begin * dilation, stride, end - begin, begin, 1, dilation});
        }
    }
    return segments;
}

// The taps that reach input i: k with i + pad - k * dilation divisible by the stride, each in
// range. Inputs of one phase (equal modulo the stride) share them but for the range.
std::vector<Segment> backward_segments(const ConvolutionShape &shape, int axis) {
    const int64_t kernel = shape.kernel[axis], dilation = shape.dilation[axis];
    const int64_t stride = shape.stride[axis], out = shape.out[axis], pad = shape.pad[axis];
    const int64_t divisor = std::gcd(stride, dilation);
    const int64_t tap_step = stride / divisor, out_per_tap = dilation / divisor;
    std::vector<Segment> segments;
    for (int64_t phase = 0; phase < std::min(stride, shape.in[axis]); ++phase) {
        int64_t tap0 = 0;
        while (tap0 < kernel && (phase + pad - tap0 * dilation) % stride != 0) ++tap0;
        const int64_t taps =
            tap0 < kernel && tap0 < tap_step ? divide_up(kernel - tap0, tap_step) : 0;
        const size_t phase_begin = segments.size();
        for (int64_t i = phase; i < shape.in[axis]; i += stride) {
            const int64_t first = (i + pad - tap0 * dilation) / stride;  // exact where taps > 0
            int64_t begin = 0, end = taps;
            while (begin < end && first - begin * out_per_tap >= out) ++begin;
            while (end > begin && first - (end - 1) * out_per_tap < 0) --end;
            if (segments.size() > phase_begin && segments.back().taps == end - begin &&
                (begin == end || segments.back().tap_begin == tap0 + begin * tap_step)) {
                ++segments.back().count;
            } else {
                const int64_t from = begin == end ? 0 : first - begin * out_per_tap;
                segments.push_back({i, stride, 1, from, 1, end - begin, tap0 + begin * tap_step,
                                    tap_step, -out_per_tap});
            }
        }
    }
    return segments;
}

Range outputs_inside(const ConvolutionShape &shape, int axis, int64_t k, Range outputs) {
    const int64_t offset = k * shape.dilation[axis] - shape.pad[axis];
    const int64_t stride = shape.stride[axis], in = shape.in[axis];
    const int64_t begin = offset < 0 ? divide_up(-offset, stride) : 0;
    const int64_t end = in > offset ? (in - 1 - offset) / stride + 1 : 0;
    const int64_t from = std::clamp(begin, outputs.begin, outputs.end);
    return {from, std::clamp(end, from, outputs.end)};
}

Range columns_inside(const ConvolutionShape &shape, Range taps) {
    Range columns{0, shape.out[2]};
    for (int64_t k = taps.begin; k < taps.end; ++k) columns = outputs_inside(shape, 2, k, columns);
    return columns;
}

int64_t positions_of(const std::vector<Segment> &segments) {
    int64_t count = 0;
    for (const Segment &segment : segments) count += segment.count;
    return count;
}

double round_cycles(int64_t scalars, int64_t vectors, double far) {
    const double products = 0.5 * static_cast<double>(scalars * vectors);
    const double loads = 0.5 * static_cast<double>(scalars + vectors);
    return std::max({products, loads, far * static_cast<double>(vectors), 4.0}) + 0.4;
}

// L2 gives about 32 bytes a cycle.
double far_cycles(const Machine &machine, int64_t bytes) {
    return bytes <= machine.l1 * 5 / 8 ? 0 : machine.width() * 4 / 32.0;
}

double seconds_with_traffic(const Machine &machine, double one_core, double floats) {
    const double compute = one_core < kForkSeconds ? one_core : one_core / machine.pool.threads();
    const double traffic = machine.seconds_of_bytes(4 * floats);
    return std::max(compute, traffic) + 0.25 * std::min(compute, traffic);
}

Candidate make_candidate(const ConvolutionGroup &group, const char *algorithm, const Layout &x,
                         const Layout &w, const Layout &y, double seconds) {
    Candidate candidate;
    candidate.algorithm = algorithm;
    candidate.layouts.resize(static_cast<size_t>(group.operands));
    candidate.layouts[static_cast<size_t>(group.x_operand)] = x;
    candidate.layouts[static_cast<size_t>(group.w_operand)] = w;
    candidate.layouts[static_cast<size_t>(group.y_operand)] = y;
    if (group.residual_operand >= 0) {
        candidate.layouts[static_cast<size_t>(group.residual_operand)] = y;
    }
    candidate.seconds = seconds;
    return candidate;
}

namespace {

bool is_of_channels(const FusedOp &op, TensorId id) {
    const Tensor &tensor = tensor_of(op, id);
    return !tensor.batched && tensor.shape.rank == 1;
}

// The place of a pointwise operation in the order that an epilogue has, 0 for one that has none:
// bias, scale and shift, residual, activation.
int epilogue_stage(const FusedOp &op, const Op &next, TensorId from) {
    if (next.kind != OpKind::pointwise || next.outputs.size() != 1) return 0;
    const auto &pointwise = std::get<PointwiseAttributes>(next.attributes);
    const auto &in = next.inputs;
    switch (pointwise.form) {
        case PointwiseForm::bias:
            return in[0] == from && is_of_channels(op, in[1]) ? 1 : 0;
        case PointwiseForm::affine:
            return in[0] == from && is_of_channels(op, in[1]) && is_of_channels(op, in[2]) ? 2 : 0;
        case PointwiseForm::add: {
            if (in.size() != 2 || in[0] == in[1]) return 0;
            const Tensor &other = tensor_of(op, in[in[0] == from ? 1 : 0]);
            const Tensor &sum = tensor_of(op, from);
            return other.batched == sum.batched && other.shape == sum.shape ? 3 : 0;
        }
        case PointwiseForm::activation:
            return in[0] == from && runs_in_tiles(pointwise.activation) ? 4 : 0;
        default:
            return 0;
    }
}

}  // namespace

bool fuses_convolution(const FusedOp &op) {
    // The fused results in between live nowhere.
    if (op.head().kind != OpKind::convolution || op.outputs != 1) return false;
    int stage = 0;
    for (size_t i = 1; i < op.ops.size(); ++i) {
        const int next = epilogue_stage(op, op.ops[i], op.ops[i - 1].outputs[0]);
        if (next <= stage) return false;
        stage = next;
    }
    return true;
}

namespace {

void add_all(const Machine &machine, const FusedOp &op, std::span<const ConvolutionWay *const> ways,
             std::vector<Candidate> &out) {
    const ConvolutionGroup group(op);
    for (const ConvolutionWay *way : ways) way->candidates(machine, group, out);
}

std::unique_ptr<Kernel> prepare_one(Machine &machine, const FusedOp &op,
                                    std::span<const ConvolutionWay *const> ways,
                                    const Candidate &candidate) {
    const ConvolutionGroup group(op);
    for (const ConvolutionWay *way : ways) {
        if (auto kernel = way->prepare(machine, group, candidate)) return kernel;
    }
    fail(Status::internal, text("convolution: no algorithm \"", candidate.algorithm, "\""));
}

constexpr const ConvolutionWay *kForward[] = {&kDirectForward, &kWinogradForward,
                                              &kDepthwiseForward, &kRowsForward, &kPlainForward};
constexpr const ConvolutionWay *kBackwardData[] = {&kDirectBackwardData, &kWinogradBackwardData,
                                                   &kDepthwiseBackwardData, &kPlainBackwardData};
constexpr const ConvolutionWay *kBackwardWeights[] = {
    &kSamplesBackwardWeights,   &kChannelsBackwardWeights, &kWinogradBackwardWeights,
    &kDepthwiseBackwardWeights, &kDenseBackwardWeights,    &kPlainBackwardWeights};

template <const auto &Ways>
constexpr Implementation implementation() {
    return {[](const Machine &machine, const FusedOp &op, std::vector<Candidate> &out) {
                add_all(machine, op, Ways, out);
            },
            [](Machine &machine, const FusedOp &op, const Candidate &candidate) {
                return prepare_one(machine, op, Ways, candidate);
            }};
}

}  // namespace

const Implementation kConvolution = implementation<kForward>();
const Implementation kConvolutionBackwardData = implementation<kBackwardData>();
const Implementation kConvolutionBackwardWeights = implementation<kBackwardWeights>();

}  // namespace cnn::cpu

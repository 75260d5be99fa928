// Operation records: what layers emit, the planner orders and fuses, and backends run. An operation
// is logical: it says nothing of layouts, algorithms or memory.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ops/expression.h"
#include "ops/tensor.h"

namespace cnn {

using TensorId = int32_t;
inline constexpr TensorId kNoTensor = -1;

// Operands in order. [N, C, ...] tensors are batched; "x" is a forward input, "dy" a gradient.
enum class OpKind : uint8_t {
    // x [N, C, spatial], w [O, C / groups, kernel] -> y [N, O, spatial']. Dense layers are
    // convolutions whose kernel covers the input.
    convolution,
    convolution_backward_data,     // dy, w -> dx
    convolution_backward_weights,  // x, dy -> dw (overwritten)
    max_pool,                      // x -> y
    max_pool_backward,             // dy, x -> dx; the first maximum in row-major order gets it
    max_pool_tangent,              // dx, x -> dy, the tangent where the first maximum is
    average_pool,                  // x -> y
    average_pool_backward,         // dy -> dx
    // Expression over operands of the outputs' shape, or broadcast to it (see Access) -> results,
    // one
    // an output. An output may be an input too: it is updated in place.
    pointwise,
    // Expression as above -> sums over batch and space, one tensor [C] a result.
    channel_sum,
    // Expression as above -> sums over everything, one tensor [1] of type wide a result.
    sum,
    softmax,           // x -> y, over axis 1
    softmax_backward,  // dy, y -> dx = y (dy - sum(dy y))
    // logits [N, C, spatial], target (labels i32, one a place: [N], or [N, 1, spatial] where there
    // are several, or a distribution of logits' shape), weights [N]
    //   -> loss of each place (weight times -sum t log softmax(x)), correct of each place (1 or 0,
    //   of
    //   argmax against label or argmax of target),
    //      gradient (optional: kNoTensor) = (softmax(x) sum(t) - t) weight factor scalars[slot]
    softmax_cross_entropy,
    dropout,  // x -> y = x keep / (1 - rate); its own backward
    concat,   // inputs -> one after the other along axis 1
    slice,    // x -> the part of axis 1 from `offset` that fits the output
    // x -> y, neither batched: y[j] = sum of x[k] over the columns k of row j of a table of zeros
    // and ones. Its own backward, with the transposed table.
    gather,
    // x [N, K, ...], c [J, K, ...] -> y [N, J, 1, 1] = sum over k of (x[n, k] - c[j, k])^2.
    // Backward too is computed from the differences, so that close points lose no digits.
    distance,
    // x, c, dx, dc -> dy[n, j] = sum over k of 2 (x - c) (dx - dc)
    distance_tangent,
    distance_backward_data,     // dy, x, c -> dx[n, k] = sum over j of 2 dy[n, j] (x - c)
    distance_backward_weights,  // dy, x, c -> dc[j, k] = sum over n of -2 dy[n, j] (x - c)
    reshape,                    // x -> the same elements under another shape; batch stays axis 0
    reorder,                    // x -> the same tensor in another layout; the planner's own
    host,  // any inputs -> any outputs (each optional: kNoTensor), by the host's own code
    feed,  // -> a tensor from the host's memory (Launch::feed), real or i32
};

// A window slid over `spatial` axes; index formula: input = out * stride - pad_begin + k *
// dilation.
struct Window {
    int spatial = 2;
    std::array<int64_t, 3> kernel{1, 1, 1}, stride{1, 1, 1}, dilation{1, 1, 1};
    std::array<int64_t, 3> pad_begin{}, pad_end{};

    bool operator==(const Window &) const = default;
};

struct ConvolutionAttributes {
    Window window;
    int64_t groups = 1;
    bool operator==(const ConvolutionAttributes &) const = default;
};

struct PoolAttributes {
    Window window;
    bool include_padding = false;  // average over the whole window, else over what lies inside
    bool operator==(const PoolAttributes &) const = default;
};

enum class Activation : int32_t {
    linear = 0,
    relu = 1,
    leaky_relu = 2,
    sigmoid = 3,
    tanh = 4,
    scaled_tanh = 5,
    elu = 6,
    gelu = 7,
    silu = 8,
    soft_logistic = 9,
    softsign = 10,
    algebraic = 11,
};
inline constexpr Activation kLastActivation = Activation::algebraic;

// Whether f' is computed from x, for y doesn't tell it (well): it isn't monotonous, or comes so
// close to its limit that 1 - y has few digits left where f' has not vanished yet.
constexpr bool derives_from_input(Activation activation) {
    return activation >= Activation::gelu;
}

// What a pointwise operation is, for backends that fuse it or have a kernel of its own; the
// expression alone defines its result.
enum class PointwiseForm : uint8_t {
    other,
    bias,  // x + b[c]
    activation,
    activation_backward,
    add,        // of operands of one shape
    normalise,  // (x - mean[c]) inverse_deviation[c], then maybe times scale[c], plus shift[c]
    affine,     // x a[c] + b[c]
};

struct PointwiseAttributes {
    Expression expression;
    PointwiseForm form = PointwiseForm::other;
    Activation activation = Activation::linear;  // of forms activation and activation_backward
    double slope = 0;                            // of leaky_relu; alpha of elu
    bool operator==(const PointwiseAttributes &) const = default;
};

struct CrossEntropyAttributes {
    double factor = 1;
    int32_t slot = kSlotInverseCount;
    bool operator==(const CrossEntropyAttributes &) const = default;
};

// Element i (logical, row-major, batch included) is kept when
// uniform01(philox(key, {i / 4, stream << 32 | step... })[i % 4]) >= rate; see ops/dropout.h.
struct DropoutAttributes {
    double rate = 0;
    uint64_t seed = 0;
    uint32_t stream = 0;  // the node's index
    bool operator==(const DropoutAttributes &) const = default;
};

struct SliceAttributes {
    int64_t offset = 0;
    bool operator==(const SliceAttributes &) const = default;
};

// Code of the host's that an operation runs. Immutable, for all plans of a net share it; called by
// one thread at a time.
class HostFunction {
  public:
    virtual ~HostFunction() = default;
    // For messages: "gate "gate_1" (node 3): forward".
    virtual std::string name() const = 0;
    // On n samples of float32, row-major: the operation's inputs and outputs in order, null for an
    // output that nobody wants. Outputs are zeros. Non-zero asks to stop.
    virtual int32_t call(int64_t n, std::span<const float *const> inputs,
                         std::span<float *const> outputs) const = 0;
    // For an operation of one output that goes element by element: the same as an expression of
    // OpenCL C over floats x, y and dy, the inputs in order. Empty: there is none.
    virtual std::string_view expression() const { return {}; }
};

struct HostAttributes {
    std::shared_ptr<const HostFunction> function;
    bool operator==(const HostAttributes &) const = default;
};

// A matrix of zeros and ones, by rows: row j has ones in columns[starts[j]] to
// columns[starts[j + 1] - 1].
struct SparseTable {
    int32_t column_count = 0;
    std::vector<int32_t> starts{0};
    std::vector<int32_t> columns;

    int64_t rows() const { return static_cast<int64_t>(starts.size()) - 1; }
    // Columns of each row ascend.
    SparseTable transposed() const;
    bool operator==(const SparseTable &) const = default;
};

struct GatherAttributes {
    std::shared_ptr<const SparseTable> table;  // shared by copies of the operation
    bool operator==(const GatherAttributes &other) const {
        return table == other.table || (table && other.table && *table == *other.table);
    }
};

using Attributes = std::variant<std::monostate, ConvolutionAttributes, PoolAttributes,
                                PointwiseAttributes, CrossEntropyAttributes, DropoutAttributes,
                                SliceAttributes, HostAttributes, GatherAttributes>;

struct Op {
    OpKind kind = OpKind::pointwise;
    int32_t node = -1;  // the layer that emitted it, for messages and profiles
    std::vector<TensorId> inputs;
    std::vector<TensorId> outputs;
    Attributes attributes;
    bool second_pass = false;  // after the forward pass: of gradients or tangents
};

const char *name_of(OpKind kind);
const char *name_of(Activation activation);

// How a pointwise operand or a reduction's operand is read for an element of the full shape.
enum class Access : uint8_t {
    element,  // has the full shape
    channel,  // [C], not batched: by index on axis 1
    sample,   // [N], batched: by index on axis 0
    scalar,   // one element, not batched (of type wide: its first part)
};

// `full` is the shape of a pointwise operation's outputs, or the largest operand's of a reduction.
Access access_of(const Tensor &operand, const Tensor &full);

// Ways less accurate than the usual ones that the host may accept, bits by the numbers of
// CNN_ACCEPT_*.
inline constexpr int64_t kAcceptWinograd4x4 = 1;
inline constexpr int64_t kAcceptAll = kAcceptWinograd4x4;

// Operations that the backend runs as one kernel. Ids in `ops` index `tensors`: first what the
// group reads, then what it writes (and may read as well), then what lives only inside.
struct FusedOp {
    std::vector<Op> ops;
    std::vector<Tensor> tensors;
    int32_t inputs = 0;
    int32_t outputs = 0;
    int64_t accept = 0;  // the less accurate ways that may run it

    int32_t operands() const { return inputs + outputs; }
    const Op &head() const { return ops.front(); }
};

// A group of one operation over the given tensors: ids are renumbered to the order inputs, outputs.
FusedOp single(const Op &op, const std::vector<Tensor> &tensors);

// Arithmetic of a group, for n samples: floating-point operations, and bytes of its operands.
double flops_of(const FusedOp &op);
double bytes_of(const FusedOp &op, int64_t real_bytes);

// Output size of a window along one axis; < 1 when the window doesn't fit.
int64_t window_output(const Window &window, int axis, int64_t input, bool ceil_mode = false);

// The attributes of f(x), of f'(x) dy given dy and y = f(x) (or x: derives_from_input), of x +
// b[c], of x a[c] + b[c], of the sum of `count`.
PointwiseAttributes activation_attributes(Activation activation, double slope);
PointwiseAttributes activation_backward_attributes(Activation activation, double slope);
PointwiseAttributes bias_attributes();
PointwiseAttributes affine_attributes();
PointwiseAttributes add_attributes(int count);

}  // namespace cnn

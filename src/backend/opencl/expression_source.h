// OpenCL C for the expressions of pointwise operations and reductions.
#pragma once

#include <string>
#include <vector>

#include "backend/opencl/device.h"

namespace cnn::opencl {

// The operations of a group as one expression: Fn::operand's index is the operand's place in the
// group, and `stores` says which value each output gets (results of a reduction, in order).
struct GroupExpression {
    struct Store {
        TensorId operand;
        int32_t value;
    };
    std::vector<Instruction> code;
    std::vector<Store> stores;
    std::vector<int32_t> operands;  // that are read or stored, ascending
    std::vector<int32_t> slots;     // of scalars, ascending
    TensorId full = 0;              // the tensor whose shape the expression runs over

    bool reads(TensorId operand) const;
};

GroupExpression group_expression(const FusedOp &group);

// How a kernel walks over memory.
enum class Walk : uint8_t {
    flat,  // vectors of 16 along a plain tensor, the rest one by one
    rows,  // likewise within each row of a channel, so that channel and sample are constant there
    element,  // one float after the other
    block,    // blocks of 16 samples
};

struct ExpressionSource {
    const FusedOp &group;
    GroupExpression expression;
    Walk walk = Walk::element;

    Access access(TensorId operand) const;
    // Whether channel or sample indices are needed.
    bool indexed() const;

    // "__global float *x0, long x0_offset, ..., float s0, ": arguments, in the order that
    // set_arguments gives them, and the statement that applies the offsets.
    std::string parameters() const;
    std::string offsets() const;
    // Statements that compute every value at index i (channel c, sample or block a); `type` is
    // "float" or "float16".
    std::string values(const char *type) const;
    // A statement that stores every value at i. Blocked ones get zeros in the lanes past the batch.
    std::string stores(const char *type) const;
    std::string mask_values() const;
    std::string load(TensorId operand, bool vector) const;
};

// Sets parameters() from argument 0 on and returns the next argument's index.
cl_uint set_arguments(Function &function, const GroupExpression &expression, const Launch &launch);

// The tensor's extent in elements of a walk: samples (or their blocks), channels, and the rest.
struct Extent {
    int64_t samples = 1, channels = 1, inner = 1;
    int64_t rows() const { return samples * channels; }
    int64_t elements() const { return samples * channels * inner; }
};
Extent extent_of(const Tensor &tensor, int64_t n, bool blocked);

// Kernels count elements in int.
inline constexpr int64_t kMaxElements = int64_t{1} << 30;
bool fits(const FusedOp &group);

inline int32_t to_int(int64_t value) {
    return static_cast<int32_t>(value);
}
inline int64_t ceil_div(int64_t a, int64_t b) {
    return (a + b - 1) / b;
}

}  // namespace cnn::opencl

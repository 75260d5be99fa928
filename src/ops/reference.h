// The plain reference of every operation: loops over logical indices on row-major data, written to
// be read. It is what the operations mean; every backend is tested against it.
#pragma once

#include <cstdint>
#include <span>

#include "ops/op.h"

namespace cnn::reference {

// What a launch brings beside its operands.
struct Values {
    int64_t n = 0;                    // samples: axis 0 of batched tensors
    const double *scalars = nullptr;  // by Slot
    uint64_t step = 0;                // dropout's
};

// The shape a tensor has with n samples.
Shape shape_for(const Tensor &tensor, int64_t n);

// The tensor of `op` that has the shape its expression runs over: the first output of a pointwise
// operation, the largest operand of a reduction.
TensorId full_operand(const Op &op, std::span<const Tensor> tensors);

// Runs one operation of any kind but feed, whose host memory is the backend's matter. data[id] is
// where tensor id begins: Real, int32_t, or two Reals an element of type wide.
template <class Real>
void run(const Op &op, std::span<const Tensor> tensors, std::span<void *const> data,
         const Values &values);

extern template void run<float>(const Op &, std::span<const Tensor>, std::span<void *const>,
                                const Values &);
extern template void run<double>(const Op &, std::span<const Tensor>, std::span<void *const>,
                                 const Values &);

// One element of a convolution's result, of any direction: its value and the sum of its terms'
// magnitudes, which bounds what rounding may do to it. `element` counts row-major in the output.
struct Sampled {
    double value = 0, magnitude = 0;
    int64_t terms = 0;
};
Sampled convolution_element(const Op &op, std::span<const Tensor> tensors,
                            std::span<void *const> data, int64_t n, int64_t element);

// Brings elements of `element_bytes` from one layout to another; padding becomes zero. Reals in
// plain layout also to where filters are transformed.
void reorder(const Shape &shape, int64_t element_bytes, const Layout &from_layout, const void *from,
             const Layout &to_layout, void *to);

}  // namespace cnn::reference

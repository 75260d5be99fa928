// Kernels of squared distances and their gradients: with samples in the lanes of vectors
// ("block"), and over plain rows.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace cnn::cpu {

struct DistanceArguments {
    const float *dy;  // of backward
    const float *x, *c;
    const float *dx, *dc;  // of the tangent
    float *out;
    int64_t n, units, elements;
};

// Each writes [begin, end) of one index: units of sample or block `outer` (forward, tangent),
// elements of it (data), or elements of all units (weights, where `outer` is not used).
using DistanceKernel = void (*)(const DistanceArguments &a, int64_t outer, int64_t begin,
                                int64_t end);

struct DistanceKernels {
    DistanceKernel block, block_tangent, block_data, block_weights;
    DistanceKernel row, row_tangent, row_data, row_weights;
};

}  // namespace cnn::cpu

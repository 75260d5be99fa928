// The dropout kernel: which elements stay follows from their logical index (ops/dropout.h).
#pragma once

#include "backend/cpu/pointwise.h"

namespace cnn::cpu {

struct DropoutArguments {
    View view;
    uint64_t key, counter_hi;
    uint32_t threshold;  // kept are words whose upper 24 bits reach it
    float scale;
    const float *x;
    float *y;
};

struct DropoutKernels {
    // Over memory from `begin` to `end`, in units of four vectors.
    void (*run)(const DropoutArguments &a, int64_t begin, int64_t end);
};

}  // namespace cnn::cpu

// Kernels that bring elements from one order to another.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace cnn::cpu {

struct MoveKernels {
    // to[c * W + l] = rows[l][c] for each column c, zero for lanes from `count` on. `rows` are
    // W pointers, of which `count` are read.
    void (*rows_to_lanes)(const float *const *rows, int64_t count, int64_t columns, float *to);
    // rows[l][c] = from[c * step + l] for the first `count` lanes.
    void (*lanes_to_rows)(const float *from, int64_t step, float *const *rows, int64_t count,
                          int64_t columns);
    // to[i] = (from[i * stride] - mean) * scale
    void (*from_bytes)(const uint8_t *from, int64_t stride, int64_t count, float mean, float scale,
                       float *to);
    void (*from_floats)(const float *from, int64_t stride, int64_t count, float mean, float scale,
                        float *to);
};

}  // namespace cnn::cpu

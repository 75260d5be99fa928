// Pooling kernels over planes: one plane holds the pixels of one channel of one sample (plain) or
// of a vector of them (blocked on either axis).
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace cnn::cpu {

// Always three spatial axes; missing ones have size 1 and come first.
struct PoolGeometry {
    int64_t in[3], out[3];
    int64_t kernel[3], stride[3], dilation[3], pad_begin[3], pad_end[3];
    bool include_padding;
    bool halves;  // windows 2 x 2 without overlap or padding
};

struct PoolKernels {
    // Over planes [begin, end); of a vector a pixel when `lanes`, else of a float.
    void (*max)(const PoolGeometry &g, bool lanes, const float *x, float *y, int64_t begin,
                int64_t end);
    void (*max_backward)(const PoolGeometry &g, bool lanes, const float *dy, const float *x,
                         float *dx, int64_t begin, int64_t end);
    void (*max_tangent)(const PoolGeometry &g, bool lanes, const float *dx, const float *x,
                        float *dy, int64_t begin, int64_t end);
    void (*average)(const PoolGeometry &g, bool lanes, const float *x, float *y, int64_t begin,
                    int64_t end);
    void (*average_backward)(const PoolGeometry &g, bool lanes, const float *dy, float *dx,
                             int64_t begin, int64_t end);
};

}  // namespace cnn::cpu

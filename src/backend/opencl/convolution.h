// Convolutions of the OpenCL backend, all three directions; dense layers are convolutions whose
// kernel covers the input.
#pragma once

#include <cstdint>

#include "backend/opencl/operations.h"

namespace cnn::opencl {

// What a convolution works on: channels per group, and heights and widths (1-D: a height of 1).
struct ConvolutionShape {
    struct Axis {
        int64_t in = 1, out = 1, kernel = 1, stride = 1, dilation = 1, pad = 0;
    };
    int64_t batch = 0, groups = 1, outputs = 0, inputs = 0;
    Axis h, w;

    int64_t in_plane() const { return h.in * w.in; }
    int64_t out_plane() const { return h.out * w.out; }
    int64_t kernel_plane() const { return h.kernel * w.kernel; }
    int64_t weights_per_output() const { return inputs * kernel_plane(); }
    int64_t weights() const { return groups * outputs * weights_per_output(); }
    int64_t blocks(int64_t n) const {
        return (n + OpenClDevice::kLanes - 1) / OpenClDevice::kLanes;
    }
    // Every product that an output sums, padding included, for the whole batch.
    double flops() const;
};

}  // namespace cnn::opencl

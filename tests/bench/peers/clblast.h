// CLBlast's convolution, and its matrix product where the convolution is one.
#pragma once

#include <cstdint>

#include "backend/opencl/api.h"

namespace clblast {

struct Shape {
    int64_t batch, channels, height, width, filters, kernel_h, kernel_w, stride, pad, groups;

    int64_t out_h() const { return (height + 2 * pad - kernel_h) / stride + 1; }
    int64_t out_w() const { return (width + 2 * pad - kernel_w) / stride + 1; }
    int64_t x() const { return batch * channels * height * width; }
    int64_t w() const { return filters * channels / groups * kernel_h * kernel_w; }
    int64_t y() const { return batch * filters * out_h() * out_w(); }
    double flops() const {
        return 2.0 * static_cast<double>(y()) *
               static_cast<double>(channels / groups * kernel_h * kernel_w);
    }
    bool is_product() const { return height == 1 && width == 1; }
};

#ifdef CNN_BENCH_CLBLAST
inline bool runs(const Shape &shape) {
    return shape.groups == 1;
}
// Enqueues y = conv(x, w), all plain; false where CLBlast refuses.
bool run(const Shape &shape, cl_mem x, cl_mem w, cl_mem y, cl_command_queue queue);
#else
inline bool runs(const Shape &) {
    return false;
}
inline bool run(const Shape &, cl_mem, cl_mem, cl_mem, cl_command_queue) {
    return false;
}
#endif

}  // namespace clblast

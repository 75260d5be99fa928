// A convolution as the benchmarks speak of it, and the numbers that it is timed on.
#pragma once

#include <cstdint>
#include <string>

namespace cnn::bench {

enum class Direction { forward, backward_data, backward_weights };

inline constexpr Direction kDirections[] = {Direction::forward, Direction::backward_data,
                                            Direction::backward_weights};

// A two-dimensional convolution of n images; its output sizes follow.
struct ConvShape {
    std::string name;
    int64_t n = 1, groups = 1, in = 1, out = 1;
    int64_t height = 1, width = 1, kernel_h = 1, kernel_w = 1;
    int64_t stride_h = 1, stride_w = 1, dilation_h = 1, dilation_w = 1;
    int64_t top = 0, left = 0, bottom = 0, right = 0;

    static int64_t output(int64_t size, int64_t pads, int64_t kernel, int64_t dilation,
                          int64_t stride) {
        return (size + pads - dilation * (kernel - 1) - 1) / stride + 1;
    }
    int64_t out_height() const {
        return output(height, top + bottom, kernel_h, dilation_h, stride_h);
    }
    int64_t out_width() const {
        return output(width, left + right, kernel_w, dilation_w, stride_w);
    }
    int64_t input_elements() const { return n * in * height * width; }
    int64_t output_elements() const { return n * out * out_height() * out_width(); }
    int64_t weights() const { return out * (in / groups) * kernel_h * kernel_w; }
    double flops() const {
        return 2.0 * static_cast<double>(output_elements()) *
               static_cast<double>(in / groups * kernel_h * kernel_w);
    }
    // Of x, w and y, each moved once.
    double bytes() const {
        return 4.0 * static_cast<double>(input_elements() + output_elements() + weights());
    }
};

// Numbers that are neither all alike nor subnormal.
inline void fill(float *values, int64_t count) {
    for (int64_t i = 0; i < count; ++i) values[i] = static_cast<float>(i * 37 % 101 - 50) * 0.01F;
}

}  // namespace cnn::bench

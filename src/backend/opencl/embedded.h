// The OpenCL C sources of kernels/, which the build turns into arrays.
#pragma once

#include <cstddef>
#include <span>

namespace cnn::opencl {

struct EmbeddedKernel {
    const char *name;  // "pool.cl"
    const char *data;  // not terminated
    size_t size;
};

std::span<const EmbeddedKernel> embedded_kernels();

}  // namespace cnn::opencl

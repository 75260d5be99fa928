// Layers and activations that the host defines by callbacks: what a net keeps of one.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "layers/layer.h"

namespace cnn {

// Buffers of one call, float32 and row-major: n samples of what belongs to samples.
struct HostCall {
    int64_t n = 0;
    int64_t elements = 0;  // of the n samples of the output
    std::span<const float *const> inputs, parameters;
    float *result = nullptr;                 // forward's
    const float *output = nullptr;           // backward's, as forward left it
    const float *output_gradient = nullptr;  // backward's
    // Backward's, zeros to be filled; null where not wanted.
    std::span<float *const> input_gradients, parameter_gradients;
};

// The host's code. Non-zero cancels the computing call.
class HostCallbacks {
  public:
    virtual ~HostCallbacks() = default;
    virtual int32_t forward(const HostCall &call) const = 0;
    virtual int32_t backward(const HostCall &call) const = 0;
    // Of an activation: y in x, and dy/dx in x and y, as OpenCL C; both or neither.
    virtual std::string_view opencl_forward() const { return {}; }
    virtual std::string_view opencl_derivative() const { return {}; }
};

// Immutable, and shared by a net and its clones.
struct HostRecord {
    std::string kind;                                // the host's word for it
    Shape output;                                    // of a layer; rank 0: as its first input
    std::vector<TensorSpec> parameters;              // of a layer
    std::shared_ptr<const HostCallbacks> callbacks;  // null in a net from a file, until bound
};

// Throws Error unless both describe the same: kind, output and parameters.
void check_same(const HostRecord &node, const HostRecord &given);

}  // namespace cnn

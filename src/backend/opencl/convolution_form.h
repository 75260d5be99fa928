// What the ways to run a convolution on OpenCL share: its sizes, what is fused to it, split sums,
// and the row that each way is in the table of variants.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>
#include <variant>

#include "backend/opencl/operations.h"
#include "backend/opencl/variant.h"

namespace cnn::opencl {

inline int64_t divide_up(int64_t a, int64_t b) {
    return (a + b - 1) / b;
}

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
    // For the whole batch; products with padding count.
    double flops() const {
        return 2.0 * static_cast<double>(batch) * static_cast<double>(out_plane()) *
               static_cast<double>(weights());
    }
};

// The tensors of a convolution of any direction.
struct Tensors {
    const Tensor &x, &w, &y;
};

Tensors tensors_of(const FusedOp &group);
ConvolutionShape shape_of(const FusedOp &group);

// Whether ints hold a size, sums of two included.
bool fits(int64_t value);
// Whether the kernels' int arithmetic holds the sizes, with samples in blocks of `lanes`.
bool indexable(const ConvolutionShape &s, int64_t lanes);
// One input, output and tap a channel.
bool is_dense(const ConvolutionShape &s);

void set_ints(Function &function, cl_uint index, std::initializer_list<int64_t> values);

// The operands of a forward convolution or its data gradient, and what follows in its group:
// activation((sum + bias) * scale + shift + residual), as `finish` in common.cl has it.
struct Epilogue {
    static constexpr int32_t kBias = 1, kAffine = 2, kResidual = 4;

    size_t x = 0, w = 1, y = 2;
    // w (of a residual: x) where there is none: an argument must be something.
    size_t bias = 1, scale = 1, shift = 1, residual = 0;
    int32_t flags = 0;
    int32_t activation = 0;
    float slope = 0;

    // What programs with such an epilogue are built with.
    std::string options() const { return activation > 2 ? " -DSMOOTH" : ""; }
    // The arguments from `index` on that the kernels have last: scale, shift, residual, whose
    // elements have so many bytes.
    void set_last(Function &function, cl_uint index, const Launch &launch,
                  int64_t element_bytes) const {
        function.set(index, launch.operands[scale]);
        function.set(index + 2, launch.operands[shift]);
        function.set(index + 4, launch.operands[residual], element_bytes);
    }
};

Epilogue epilogue_of(const FusedOp &group);

// The last step of a split sum: parts in the workspace, added in order.
class Reduction {
  public:
    void prepare(OpenClDevice &device, int64_t size, int64_t parts) {
        size_ = size;
        parts_ = parts;
        group_ = device.group_items();
        if (parts > 1) function_ = device.function("convolution_reduce.cl", "convolution_reduce");
    }
    int64_t parts() const { return parts_; }
    // Where the parts go: the output itself when there is one.
    Ref target(const Launch &launch) const {
        return parts_ > 1 ? launch.workspace : launch.operands[2];
    }
    void launch(Queue &queue, const Launch &launch) {
        if (parts_ == 1) return;
        function_.set(0, launch.workspace);
        function_.set(2, launch.operands[2]);
        set_ints(function_, 4, {size_, parts_});
        const auto local = static_cast<size_t>(group_);
        const auto global =
            static_cast<size_t>(std::min<int64_t>(divide_up(size_, group_), 1024)) * local;
        function_.launch(queue, 1, &global, &local);
    }

  private:
    Function function_;
    int64_t size_ = 0, parts_ = 1, group_ = 1;
};

// What gathers sees a forward convolution, or a backward one with the sides exchanged.
struct Gather {
    ConvolutionShape shape;  // in and inputs: what is read
    bool backward = false;
    int64_t phases_h = 1, phases_w = 1;
    int64_t w_output = 0, w_input = 0;

    int64_t columns(int64_t blocks) const {
        return blocks * divide_up(shape.h.out, phases_h) * divide_up(shape.w.out, phases_w);
    }
    // Taps of one phase, on average.
    double taps() const {
        return static_cast<double>(shape.kernel_plane()) / static_cast<double>(phases_h * phases_w);
    }
};

Gather gather_of(const FusedOp &group);

// Arguments of a kernel over a gather: from 9 on its shape, where weights lie, the form's own, and
// what follows the sum.
void set_gather(Function &function, const Gather &gather, std::initializer_list<int64_t> own,
                const Epilogue &epilogue);

// Bytes of its parts.
int64_t reduction_workspace(int64_t size, int64_t parts);

// Seconds of a kernel with so many of arithmetic: with its launch, and no less than its traffic.
double predict(const OpenClDevice &device, const FusedOp &group, double seconds);

// A row of the table: an algorithm, its parameters with what is worth a try, the rule that a
// setting must obey, its predicted cost, and what builds it.
struct ConvolutionForm {
    std::string_view algorithm;
    bool blocked;  // samples in the lanes, else plain tensors
    std::span<const Parameter> parameters;
    // Whether it runs the group at all.
    bool (*runs)(const OpenClDevice &device, const FusedOp &group);
    // What it is built with where nothing was measured.
    Setting (*standard)(const OpenClDevice &device, const FusedOp &group);
    bool (*valid)(const OpenClDevice &device, const FusedOp &group, const Setting &setting);
    Cost (*cost)(const OpenClDevice &device, const FusedOp &group, const Setting &setting);
    std::unique_ptr<Kernel> (*prepare)(OpenClDevice &device, const FusedOp &group,
                                       const Setting &setting);
    // The block of lanes that the weights' transform has (Layout::winograd); 0: the weights are
    // plain.
    int winograd_block = 0;
};

// convolution_n16.cpp: processors, with 16 samples in the lanes.
std::span<const ConvolutionForm> n16_forms();
std::span<const ConvolutionForm> n16_weights_forms();
// convolution_depthwise.cpp: one input channel a group.
std::span<const ConvolutionForm> depthwise_forms();
// convolution_pixels.cpp: processors, with neighbouring pixels in the lanes.
std::span<const ConvolutionForm> pixels_forms();
// convolution_tiled.cpp: GPUs, by tiles in local memory.
std::span<const ConvolutionForm> tiled_forms();
std::span<const ConvolutionForm> tiled_weights_forms();
// convolution_winograd.cpp: 3x3 filters by Winograd's F(2x2, 3x3), on either class.
std::span<const ConvolutionForm> winograd_forms();
// convolution_plain.cpp: any device, simply.
std::span<const ConvolutionForm> plain_forms();
std::span<const ConvolutionForm> plain_weights_forms();

}  // namespace cnn::opencl

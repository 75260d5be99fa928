// Convolutions over plain tensors by simple kernels, for any device: what is left where nothing
// better runs.
#include <vector>

#include "backend/opencl/convolution_form.h"
#include "base/text.h"

namespace cnn::opencl {
namespace {

constexpr double kUnitFlops = 2.8e11;  // of float16 code on a CPU's compute unit

std::string group_option(const OpenClDevice &device) {
    return text("-DCONVOLUTION -DGROUP=", device.group_items());
}

class PlainKernel final : public Kernel {
  public:
    PlainKernel(OpenClDevice &device, const FusedOp &group, const Setting &)
        : shape_(shape_of(group)),
          backward_(group.head().kind == OpKind::convolution_backward_data),
          epilogue_(epilogue_of(group)) {
        const ConvolutionShape &s = shape_;
        function_ = device.function("convolution_plain.cl",
                                    backward_ ? "convolution_data_plain" : "convolution_plain",
                                    group_option(device) + epilogue_.options());
        group_ = device.group_items();
        const cl_uint first = backward_ ? 7 : 9;
        set_ints(
            function_, first,
            {s.groups, s.outputs, s.inputs, s.h.in, s.w.in, s.h.out, s.w.out, s.h.kernel,
             s.w.kernel, s.h.stride, s.w.stride, s.h.dilation, s.w.dilation, s.h.pad, s.w.pad});
        if (backward_) return;
        set_ints(function_, first + 15, {epilogue_.flags, epilogue_.activation});
        function_.set(first + 17, epilogue_.slope);
    }
    void launch(Queue &queue, const Launch &launch) override {
        const ConvolutionShape &s = shape_;
        const Ref *operands = launch.operands;
        const int64_t elements =
            launch.n * s.groups * (backward_ ? s.inputs * s.in_plane() : s.outputs * s.out_plane());
        cl_uint index = 0;
        const auto pass = [&](const Ref &ref) {
            function_.set(index, ref);
            index += 2;
        };
        pass(operands[epilogue_.x]);
        pass(operands[epilogue_.w]);
        if (!backward_) pass(operands[epilogue_.bias]);
        pass(operands[epilogue_.y]);
        function_.set(index, elements);
        if (!backward_) epilogue_.set_last(function_, 27, launch, 4);
        const auto global = static_cast<size_t>(divide_up(elements, group_) * group_);
        const auto local = static_cast<size_t>(group_);
        function_.launch(queue, 1, &global, &local);
    }

  private:
    Function function_;
    ConvolutionShape shape_;
    bool backward_;
    Epilogue epilogue_;
    int64_t group_ = 1;
};

// Work-groups enough to fill the device.
int64_t plain_weights_parts(const OpenClDevice &device, const ConvolutionShape &s) {
    const int64_t wanted = 32 * std::max(1, device.compute_units());
    return std::clamp<int64_t>(wanted / s.weights(), 1, s.batch);
}

class PlainWeightsKernel final : public Kernel {
  public:
    PlainWeightsKernel(OpenClDevice &device, const FusedOp &group, const Setting &)
        : shape_(shape_of(group)) {
        const ConvolutionShape &s = shape_;
        function_ = device.function("convolution_plain.cl", "convolution_weights_plain",
                                    group_option(device));
        group_ = device.group_items();
        reduction_.prepare(device, s.weights(), plain_weights_parts(device, s));
        set_ints(
            function_, 7,
            {s.groups, s.outputs, s.inputs, s.h.in, s.w.in, s.h.out, s.w.out, s.h.kernel,
             s.w.kernel, s.h.stride, s.w.stride, s.h.dilation, s.w.dilation, s.h.pad, s.w.pad});
    }
    void launch(Queue &queue, const Launch &launch) override {
        function_.set(0, launch.operands[0]);
        function_.set(2, launch.operands[1]);
        function_.set(4, reduction_.target(launch));
        function_.set(6, static_cast<int32_t>(launch.n));
        const size_t global[2] = {static_cast<size_t>(shape_.weights() * group_),
                                  static_cast<size_t>(reduction_.parts())};
        const size_t local[2] = {static_cast<size_t>(group_), 1};
        function_.launch(queue, 2, global, local);
        reduction_.launch(queue, launch);
    }

  private:
    Function function_;
    Reduction reduction_;
    ConvolutionShape shape_;
    int64_t group_ = 1;
};

// --- The table.

double plain_seconds(const OpenClDevice &device, const ConvolutionShape &s, bool weights) {
    if (!device.is_cpu_class()) return s.flops() / (0.1 * device.flops_per_second());
    // Scalar code, and for the weights' gradient also a work-group of barriers each.
    const double units = std::max(1, device.compute_units());
    const double seconds = s.flops() / (kUnitFlops * (weights ? 0.004 : 0.008) * units);
    return weights ? seconds + static_cast<double>(s.weights()) * 0.6e-6 / units : seconds;
}

bool runs_plain(const OpenClDevice &, const FusedOp &group) {
    const ConvolutionShape s = shape_of(group);
    // Sizes of one sample are ints; whole tensors are counted in longs.
    return fits(s.weights()) && fits(s.groups * s.inputs * s.in_plane()) &&
           fits(s.groups * s.outputs * s.out_plane()) && fits(s.batch);
}

Setting no_setting(const OpenClDevice &, const FusedOp &) {
    return {};
}

bool is_valid(const OpenClDevice &, const FusedOp &, const Setting &) {
    return true;
}

Cost plain_cost(const OpenClDevice &device, const FusedOp &group, const Setting &) {
    return {predict(device, group, plain_seconds(device, shape_of(group), false)), 0};
}

Cost plain_weights_cost(const OpenClDevice &device, const FusedOp &group, const Setting &) {
    const ConvolutionShape s = shape_of(group);
    return {predict(device, group, plain_seconds(device, s, true)),
            reduction_workspace(s.weights(), plain_weights_parts(device, s))};
}

template <class KernelType>
std::unique_ptr<Kernel> make(OpenClDevice &device, const FusedOp &group, const Setting &setting) {
    return std::make_unique<KernelType>(device, group, setting);
}

constexpr ConvolutionForm kForms[] = {
    {"plain", false, {}, runs_plain, no_setting, is_valid, plain_cost, make<PlainKernel>},
};
constexpr ConvolutionForm kWeightsForms[] = {
    {"plain",
     false,
     {},
     runs_plain,
     no_setting,
     is_valid,
     plain_weights_cost,
     make<PlainWeightsKernel>},
};

}  // namespace

std::span<const ConvolutionForm> plain_forms() {
    return kForms;
}

std::span<const ConvolutionForm> plain_weights_forms() {
    return kWeightsForms;
}

}  // namespace cnn::opencl

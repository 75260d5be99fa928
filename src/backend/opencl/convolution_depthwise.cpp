// Depthwise convolutions, forward and backward data: for processors with 16 samples in the lanes,
// for GPUs over plain tensors. Their memory is read as it lies, which the other forms, made for
// many channels a group, don't.
#include <vector>

#include "backend/opencl/convolution_form.h"

namespace cnn::opencl {
namespace {

constexpr int64_t kLanes = OpenClDevice::kLanes;
// Of float16 code on a CPU's compute unit, and what part of it, or of a GPU's rate, is reached.
constexpr double kUnitFlops = 2.8e11, kEfficiency = 0.12, kGpuEfficiency = 0.2;
constexpr int64_t kItemsPerUnit = 6;

constexpr int64_t kColumnValues[] = {2, 4, 7, 10, 14};
constexpr int64_t kItemValues[] = {2, 6, 16};
constexpr Parameter kParameters[] = {{"COLUMNS", kColumnValues}, {"ITEMS", kItemValues}};
constexpr std::span<const Parameter> kGpuParameters{kParameters, 1};
constexpr int64_t kMostColumns = 16;

bool is_depthwise(const ConvolutionShape &s) {
    return s.inputs == 1 && s.groups > 1;
}

bool runs_blocked(const OpenClDevice &device, const FusedOp &group) {
    const ConvolutionShape s = shape_of(group);
    return device.is_cpu_class() && is_depthwise(s) && indexable(s, kLanes);
}

bool runs_gpu(const OpenClDevice &device, const FusedOp &group) {
    const ConvolutionShape s = shape_of(group);
    return !device.is_cpu_class() && is_depthwise(s) && indexable(s, 1);
}

// The widest of the tiles that leave least of a row's last one empty.
int64_t standard_columns(const Gather &gather) {
    const int64_t width = divide_up(gather.shape.w.out, gather.phases_w);
    int64_t best = 1, least = 0;
    for (const int64_t columns : kColumnValues) {
        // What a tile costs besides its columns is about two of them.
        const int64_t cost = divide_up(width, columns) * (columns + 2);
        if (least == 0 || cost <= least) best = columns, least = cost;
    }
    return best;
}

Setting standard(const OpenClDevice &, const FusedOp &group) {
    return {standard_columns(gather_of(group)), kItemsPerUnit};
}

// What others report for GPUs; not measured.
Setting standard_gpu(const OpenClDevice &, const FusedOp &) {
    return {2};
}

bool is_valid(const OpenClDevice &, const FusedOp &group, const Setting &setting) {
    return setting[0] >= 1 && setting[0] <= kMostColumns &&
           setting[0] < 2 * gather_of(group).shape.w.out &&
           (setting.size() == 1 || setting[1] >= 1);
}

Cost cost(const OpenClDevice &device, const FusedOp &group, const Setting &setting) {
    const Gather gather = gather_of(group);
    const int64_t width = divide_up(gather.shape.w.out, gather.phases_w);
    const double waste = static_cast<double>(divide_up(width, setting[0]) * (setting[0] + 2)) /
                         static_cast<double>(width);
    const double rate = device.is_cpu_class() ? kUnitFlops * kEfficiency * device.compute_units()
                                              : kGpuEfficiency * device.flops_per_second();
    return {predict(device, group, shape_of(group).flops() * waste / 1.4 / rate), 0};
}

class DepthwiseKernel final : public Kernel {
  public:
    DepthwiseKernel(OpenClDevice &device, const FusedOp &group, const Setting &setting)
        : gather_(gather_of(group)),
          epilogue_(epilogue_of(group)),
          lanes_(device.is_cpu_class() ? kLanes : 1) {
        split(device, setting);
        const char *form =
            device.is_cpu_class() ? " -DCONVOLUTION -DCPU_CLASS -DBLOCKS" : " -DCONVOLUTION";
        function_ =
            device.function("convolution_depthwise.cl", "convolution_depthwise",
                            build_options(kParameters, setting, 1) + form + epilogue_.options());
        set_gather(function_, gather_, {items_, chunk_}, epilogue_);
    }

    void launch(Queue &queue, const Launch &launch) override {
        const int64_t bytes = 4 * lanes_;
        function_.set(0, launch.operands[epilogue_.x], bytes);
        function_.set(2, launch.operands[epilogue_.w]);
        function_.set(4, launch.operands[epilogue_.bias]);
        function_.set(6, launch.operands[epilogue_.y], bytes);
        function_.set(8, static_cast<int32_t>(divide_up(launch.n, lanes_)));
        epilogue_.set_last(function_, 32, launch, bytes);
        function_.launch_items(queue, items_ * gather_.phases_h * gather_.phases_w);
    }

  private:
    // On a GPU an item takes one unit, so that neighbours read neighbours.
    void split(const OpenClDevice &device, const Setting &setting) {
        const ConvolutionShape &s = gather_.shape;
        const int64_t rows = divide_up(s.h.out, gather_.phases_h);
        const int64_t tiles = divide_up(divide_up(s.w.out, gather_.phases_w), setting[0]);
        const int64_t units = divide_up(s.batch, lanes_) * s.groups * s.outputs * rows * tiles;
        if (lanes_ > 1)
            chunk_ = std::max<int64_t>(
                1, divide_up(units, setting[1] * std::max(1, device.compute_units())));
        items_ = divide_up(units, chunk_);
    }

    Function function_;
    Gather gather_;
    Epilogue epilogue_;
    int64_t lanes_, chunk_ = 1, items_ = 1;  // units an item, items a phase
};

std::unique_ptr<Kernel> make(OpenClDevice &device, const FusedOp &group, const Setting &setting) {
    return std::make_unique<DepthwiseKernel>(device, group, setting);
}

constexpr ConvolutionForm kForms[] = {
    {"depthwise_n16", true, kParameters, runs_blocked, standard, is_valid, cost, make},
    {"depthwise", false, kGpuParameters, runs_gpu, standard_gpu, is_valid, cost, make},
};

}  // namespace

std::span<const ConvolutionForm> depthwise_forms() {
    return kForms;
}

}  // namespace cnn::opencl

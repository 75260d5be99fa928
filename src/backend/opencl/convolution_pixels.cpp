// Convolutions for processors, forward and (of stride 1) backward data, with 16 neighbouring pixels
// of plain tensors in the lanes: where samples are too few for n16.
#include <array>
#include <utility>
#include <vector>

#include "backend/opencl/convolution_form.h"

namespace cnn::opencl {
namespace {

constexpr int64_t kLanes = OpenClDevice::kLanes;
constexpr double kUnitFlops = 2.8e11;   // of float16 code on a CPU's compute unit
constexpr double kItemSeconds = 30e-6;  // an item worth its scheduling

constexpr int64_t kRowValues[] = {1, 2, 3, 4, 6, 8};
constexpr int64_t kColumnValues[] = {1, 2, 3, 4, 6};
constexpr int64_t kItemValues[] = {2, 6, 16};
constexpr Parameter kParameters[] = {
    {"ROWS", kRowValues}, {"COLUMNS", kColumnValues}, {"ITEMS", kItemValues}};
constexpr size_t kDefines = 2;
constexpr int64_t kItemsPerUnit = 6, kMostSums = 28, kLeastSums = 2;

constexpr int64_t kMaxTaps = 128;  // of the kernel's table

// What the kernel sees: a picture with its padding, taken apart by the stride, and the positions of
// its output.
struct Pixels {
    Gather gather;
    int64_t sub_h = 0, pitch = 0, pad_h = 0, pad_w = 0;
    bool copied = false;

    explicit Pixels(const FusedOp &group) : gather(gather_of(group)) {
        const ConvolutionShape &s = gather.shape;
        const auto reach = [](const ConvolutionShape::Axis &a) {
            return (a.kernel - 1) * a.dilation;
        };
        sub_h = s.h.out + reach(s.h) / s.h.stride;
        pitch = s.w.out + reach(s.w) / s.w.stride;
        pad_h = gather.backward ? reach(s.h) - s.h.pad : s.h.pad;
        pad_w = gather.backward ? reach(s.w) - s.w.pad : s.w.pad;
        copied = parts() > 1 || sub_h != s.h.in || pitch != s.w.in || pad_h != 0 || pad_w != 0;
    }

    int64_t parts() const { return gather.shape.h.stride * gather.shape.w.stride; }
    int64_t plane() const { return parts() * sub_h * pitch; }
    int64_t positions() const { return (gather.shape.h.out - 1) * pitch + gather.shape.w.out; }
    int64_t vectors() const { return divide_up(positions(), kLanes); }
    int64_t planes(int64_t n) const { return n * gather.shape.groups * gather.shape.inputs; }
    int64_t workspace() const { return copied ? planes(gather.shape.batch) * plane() * 4 : 0; }
};

double efficiency(int64_t rows, int64_t columns) {
    const auto r = static_cast<double>(rows), c = static_cast<double>(columns);
    return 0.8 * std::min(1.0, r * c / 6) * r * c / (r * c + 0.5 * (r + c));
}

// Of a tile on one compute unit: its arithmetic, and its sums' way to memory.
double tile_seconds(const Pixels &p, const Setting &setting) {
    const ConvolutionShape &s = p.gather.shape;
    const auto sums = static_cast<double>(setting[0] * setting[1]);
    return 2 * static_cast<double>(s.inputs * s.kernel_plane()) * sums *
               static_cast<double>(kLanes) / (kUnitFlops * efficiency(setting[0], setting[1])) +
           sums * (p.pitch == s.w.out ? 3e-9 : 15e-9) + 20e-9;
}

bool runs_pixels(const OpenClDevice &device, const FusedOp &group) {
    if (!device.is_cpu_class()) return false;
    const Pixels p(group);
    const ConvolutionShape &s = p.gather.shape;
    return (!p.gather.backward || p.parts() == 1) && s.kernel_plane() <= kMaxTaps && p.pad_h >= 0 &&
           p.pad_w >= 0 && p.positions() >= kLanes && indexable(s, 1) &&
           fits(s.inputs * p.plane()) && fits(p.planes(s.batch));
}

Setting standard(const OpenClDevice &device, const FusedOp &group) {
    const bool wide = device.description().vector_floats >= kLanes;
    const bool one = gather_of(group).shape.outputs == 1;
    if (one) return {1, wide ? 6 : 4, kItemsPerUnit};
    return wide ? Setting{6, 4, kItemsPerUnit} : Setting{2, 3, kItemsPerUnit};
}

bool is_valid(const OpenClDevice &, const FusedOp &group, const Setting &setting) {
    const int64_t rows = setting[0], columns = setting[1];
    return rows >= 1 && columns >= 1 && setting[2] >= 1 && rows * columns <= kMostSums &&
           rows * columns >= kLeastSums && rows < 2 * gather_of(group).shape.outputs;
}

Cost cost(const OpenClDevice &device, const FusedOp &group, const Setting &setting) {
    const Pixels p(group);
    const ConvolutionShape &s = p.gather.shape;
    const int64_t tiles =
        s.batch * s.groups * divide_up(s.outputs, setting[0]) * divide_up(p.vectors(), setting[1]);
    double seconds =
        static_cast<double>(tiles) * tile_seconds(p, setting) / std::max(1, device.compute_units());
    if (p.copied)
        seconds += device.launch_seconds() +
                   2 * static_cast<double>(p.workspace()) / device.bytes_per_second();
    return {predict(device, group, seconds), p.workspace()};
}

class PixelsKernel final : public Kernel {
  public:
    PixelsKernel(OpenClDevice &device, const FusedOp &group, const Setting &setting)
        : pixels_(group), epilogue_(epilogue_of(group)) {
        const ConvolutionShape &s = pixels_.gather.shape;
        split(device, setting);
        const std::string options =
            build_options(kParameters, setting, kDefines) + " -DCONVOLUTION -DBLOCKS";
        function_ = device.function("convolution_pixels.cl", "convolution_pixels",
                                    options + epilogue_.options());
        set_ints(function_, 8,
                 {s.groups,
                  s.outputs,
                  s.inputs,
                  pixels_.plane(),
                  pixels_.pitch,
                  pixels_.positions(),
                  s.h.out,
                  s.w.out,
                  s.h.kernel,
                  s.w.kernel,
                  s.h.stride,
                  s.w.stride,
                  s.h.dilation,
                  s.w.dilation,
                  pixels_.gather.w_output,
                  pixels_.gather.w_input,
                  pixels_.gather.backward,
                  tiles_,
                  rows_,
                  epilogue_.flags,
                  epilogue_.activation});
        function_.set(29, epilogue_.slope);
        if (!pixels_.copied) return;
        pad_ = device.function("convolution_pixels.cl", "convolution_pad",
                               options + epilogue_.options());
        chunk_ = chunk_for(device, pixels_.planes(s.batch), 1);
        set_ints(pad_, 5,
                 {chunk_, s.h.in, s.w.in, pixels_.pad_h, pixels_.pad_w, s.h.stride, s.w.stride,
                  pixels_.sub_h, pixels_.pitch});
    }

    void launch(Queue &queue, const Launch &launch) override {
        const ConvolutionShape &s = pixels_.gather.shape;
        Ref x = launch.operands[epilogue_.x];
        if (pixels_.copied) {
            const int64_t planes = pixels_.planes(launch.n);
            pad_.set(0, x);
            pad_.set(2, launch.workspace);
            pad_.set(4, static_cast<int32_t>(planes));
            pad_.launch_single(queue, divide_up(planes, chunk_));
            x = launch.workspace;
        }
        function_.set(0, x);
        function_.set(2, launch.operands[epilogue_.w]);
        function_.set(4, launch.operands[epilogue_.bias]);
        function_.set(6, launch.operands[epilogue_.y]);
        epilogue_.set_last(function_, 30, launch, 4);
        const size_t global[3] = {static_cast<size_t>(row_items_),
                                  static_cast<size_t>(column_items_),
                                  static_cast<size_t>(launch.n * s.groups)};
        const size_t local[3] = {1, 1, 1};
        function_.launch(queue, 3, global, local);
    }

  private:
    // Items run long enough to be worth scheduling, and there are enough for every compute unit.
    void split(const OpenClDevice &device, const Setting &setting) {
        const ConvolutionShape &s = pixels_.gather.shape;
        const int64_t row_tiles = divide_up(s.outputs, setting[0]);
        const int64_t column_tiles = divide_up(pixels_.vectors(), setting[1]);
        const int64_t most = std::max<int64_t>(
            1, static_cast<int64_t>(kItemSeconds / tile_seconds(pixels_, setting)));
        const int64_t wanted = setting[2] * device.compute_units();
        const auto items = [&] {
            return s.batch * s.groups * divide_up(row_tiles, rows_) *
                   divide_up(column_tiles, tiles_);
        };
        rows_ = std::min(row_tiles, most);
        tiles_ = std::min(column_tiles, std::max<int64_t>(1, most / rows_));
        while (tiles_ > 1 && items() < wanted) tiles_ = divide_up(tiles_, 2);
        while (rows_ > 1 && items() < wanted) rows_ = divide_up(rows_, 2);
        row_items_ = divide_up(row_tiles, rows_);
        column_items_ = divide_up(column_tiles, tiles_);
    }

    Function function_, pad_;
    Pixels pixels_;
    Epilogue epilogue_;
    int64_t tiles_ = 1, rows_ = 1;  // tiles of positions and of channels, an item's
    int64_t row_items_ = 1, column_items_ = 1;
    int64_t chunk_ = 1;
};

std::unique_ptr<Kernel> make(OpenClDevice &device, const FusedOp &group, const Setting &setting) {
    return std::make_unique<PixelsKernel>(device, group, setting);
}

constexpr ConvolutionForm kForms[] = {
    {"pixels", false, kParameters, runs_pixels, standard, is_valid, cost, make},
};

}  // namespace

std::span<const ConvolutionForm> pixels_forms() {
    return kForms;
}

}  // namespace cnn::opencl

// Convolutions on OpenCL, all three directions: which forms there are, what they cost, and their
// launches. Dense layers are convolutions whose kernel covers the input.
#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "backend/opencl/operations.h"
#include "base/error.h"
#include "base/text.h"

namespace cnn::opencl {
namespace {

constexpr int64_t kLanes = OpenClDevice::kLanes;
constexpr int64_t kGroup = 64;          // work-group of the plain forms
constexpr int64_t kMaxTaps = 32;        // along an axis, of convolution_n16
constexpr double kUnitFlops = 2.8e11;   // of float16 code on a CPU's compute unit
constexpr double kItemSeconds = 30e-6;  // an item worth its scheduling
constexpr int64_t kItemsPerUnit = 6;    // so that the units end together
constexpr int64_t kDensePanel = 64;     // inputs of an item of the dense weights' gradient
constexpr int64_t kDenseRows = 6;
constexpr int64_t kDenseDataPanel = 96;  // likewise of the dense input's gradient
// Weights that leave the nearer caches between two passes.
constexpr int64_t kLargeWeights = int64_t{512} << 10;

constexpr std::string_view kBlocked = "n16";
constexpr std::string_view kDense = "dense_n16";
constexpr std::string_view kPlain = "plain";

int64_t divide_up(int64_t a, int64_t b) {
    return (a + b - 1) / b;
}

// --- Shapes.

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

int64_t axis_size(const Shape &shape, int axis) {
    return axis < shape.rank ? shape[axis] : 1;
}

ConvolutionShape::Axis axis_of(const Window &window, int axis, const Shape &x, const Shape &y) {
    const auto a = static_cast<size_t>(axis);
    return {axis_size(x, 2 + axis), axis_size(y, 2 + axis), window.kernel[a],
            window.stride[a],       window.dilation[a],     window.pad_begin[a]};
}

// Whether an axis's kernel takes the whole input to one output.
bool covers(const ConvolutionShape::Axis &axis) {
    return axis.out == 1 && axis.pad == 0 && axis.kernel == axis.in &&
           (axis.dilation == 1 || axis.kernel == 1);
}

bool is_pointwise(const ConvolutionShape::Axis &axis) {
    return axis.kernel == 1 && axis.stride == 1 && axis.pad == 0 && axis.in == axis.out;
}

// The tensors of a convolution of any direction.
struct Tensors {
    const Tensor &x, &w, &y;
};

Tensors tensors_of(const FusedOp &group) {
    const Op &op = group.head();
    const auto input = [&](size_t i) -> const Tensor & {
        return group.tensors[static_cast<size_t>(op.inputs[i])];
    };
    const Tensor &output = group.tensors[static_cast<size_t>(op.outputs[0])];
    switch (op.kind) {
        case OpKind::convolution_backward_data:
            return {output, input(1), input(0)};
        case OpKind::convolution_backward_weights:
            return {input(0), output, input(1)};
        default:
            return {input(0), input(1), output};
    }
}

ConvolutionShape shape_of(const FusedOp &group) {
    const auto &attributes = std::get<ConvolutionAttributes>(group.head().attributes);
    const Tensors tensors = tensors_of(group);
    const Shape &x = tensors.x.shape, &y = tensors.y.shape;
    ConvolutionShape s;
    s.batch = x[0];
    s.groups = attributes.groups;
    s.outputs = y[1] / s.groups;
    s.inputs = x[1] / s.groups;
    if (attributes.window.spatial == 1) {
        s.w = axis_of(attributes.window, 0, x, y);
    } else {
        s.h = axis_of(attributes.window, 0, x, y);
        s.w = axis_of(attributes.window, 1, x, y);
    }
    // The same arithmetic on the same memory with fewer axes: every input of a dense layer is a
    // channel, and a kernel of one pixel sees an image of one row.
    if (covers(s.h) && covers(s.w)) {
        s.inputs *= s.in_plane();
        s.h = s.w = {};
    } else if (is_pointwise(s.h) && is_pointwise(s.w)) {
        s.w.in *= s.h.in;
        s.w.out *= s.h.out;
        s.h = {};
    }
    return s;
}

bool fits(int64_t value) {
    return value <= std::numeric_limits<int32_t>::max() / 2;
}

// Whether the kernels' int arithmetic holds the sizes.
bool indexable(const ConvolutionShape &s, int64_t lanes) {
    const int64_t images = divide_up(s.batch, lanes) * s.groups;
    return fits(s.weights()) && fits(images * s.inputs * s.in_plane()) &&
           fits(images * s.outputs * s.out_plane());
}

bool is_dense(const ConvolutionShape &s) {
    return s.groups == 1 && s.in_plane() == 1 && s.out_plane() == 1 && s.kernel_plane() == 1;
}

void set_ints(Function &function, cl_uint index, std::initializer_list<int64_t> values) {
    for (const int64_t value : values) function.set(index++, static_cast<int32_t>(value));
}

// --- Fusion.

bool is_form(const Op &op, PointwiseForm form) {
    const auto *attributes = std::get_if<PointwiseAttributes>(&op.attributes);
    return op.kind == OpKind::pointwise && attributes != nullptr && attributes->form == form;
}

bool runs_activation(const Op &op) {
    if (!is_form(op, PointwiseForm::activation)) return false;
    const Activation kind = std::get<PointwiseAttributes>(op.attributes).activation;
    return kind == Activation::linear || kind == Activation::relu || kind == Activation::leaky_relu;
}

// The operands of a forward convolution or its data gradient, and what follows in its group.
struct Epilogue {
    size_t x = 0, w = 1, y = 2;
    size_t bias = 1;  // w where there is none: an argument must be something
    bool has_bias = false;
    int32_t activation = 0;
    float slope = 0;
};

Epilogue epilogue_of(const FusedOp &group) {
    const auto at = [](TensorId id) { return static_cast<size_t>(id); };
    Epilogue epilogue;
    epilogue.x = at(group.head().inputs[0]);
    epilogue.w = epilogue.bias = at(group.head().inputs[1]);
    TensorId sum = group.head().outputs[0];
    for (size_t i = 1; i < group.ops.size(); ++i) {
        const Op &op = group.ops[i];
        const auto &attributes = std::get<PointwiseAttributes>(op.attributes);
        if (attributes.form == PointwiseForm::bias) {
            epilogue.bias = at(op.inputs[0] == sum ? op.inputs[1] : op.inputs[0]);
            epilogue.has_bias = true;
        } else {
            epilogue.activation = static_cast<int32_t>(attributes.activation);
            epilogue.slope = static_cast<float>(attributes.slope);
        }
        sum = op.outputs[0];
    }
    epilogue.y = at(sum);
    return epilogue;
}

// --- Forward and backward data, samples in the lanes.

// A register tile of convolution_n16 and the part of the peak rate that it reaches.
struct Tile {
    int64_t rows, columns;
    double efficiency;
};
constexpr std::array<Tile, 2> kTiles{{{6, 4, 0.92}, {1, 14, 0.4}}};

// convolution_n16 sees a forward convolution, or a backward one with the sides exchanged.
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

Gather gather_of(const FusedOp &group) {
    Gather gather;
    ConvolutionShape &s = gather.shape = shape_of(group);
    const int64_t outer = s.weights_per_output(), inner = s.kernel_plane();
    gather.backward = group.head().kind == OpKind::convolution_backward_data;
    gather.w_output = gather.backward ? inner : outer;
    gather.w_input = gather.backward ? outer : inner;
    if (gather.backward) {
        std::swap(s.inputs, s.outputs);
        std::swap(s.h.in, s.h.out);
        std::swap(s.w.in, s.w.out);
        gather.phases_h = s.h.stride;
        gather.phases_w = s.w.stride;
    }
    return gather;
}

// Seconds of one tile on one compute unit: its arithmetic, what a tap costs besides, and its
// share of finding the columns and of the sums' way to memory.
double tile_seconds(const Gather &gather, const Tile &tile) {
    const double taps = gather.taps() * static_cast<double>(gather.shape.inputs);
    const double sums = static_cast<double>(tile.rows * tile.columns);
    return 2 * taps * sums * static_cast<double>(kLanes) / (kUnitFlops * tile.efficiency) +
           sums * 1.5e-9 + 20e-9;
}

double gather_seconds(const OpenClDevice &device, const Gather &gather, const Tile &tile) {
    const ConvolutionShape &s = gather.shape;
    const int64_t tiles = s.groups * divide_up(s.outputs, tile.rows) *
                          divide_up(gather.columns(s.blocks(s.batch)), tile.columns) *
                          gather.phases_h * gather.phases_w;
    return static_cast<double>(tiles) * tile_seconds(gather, tile) /
           std::max(1, device.compute_units());
}

const Tile &best_tile(const OpenClDevice &device, const Gather &gather) {
    return *std::min_element(kTiles.begin(), kTiles.end(), [&](const Tile &a, const Tile &b) {
        return gather_seconds(device, gather, a) < gather_seconds(device, gather, b);
    });
}

class GatherKernel final : public Kernel {
  public:
    GatherKernel(OpenClDevice &device, const FusedOp &group);
    void launch(Queue &queue, const Launch &launch) override;

  private:
    void split(const OpenClDevice &device, const Tile &tile);

    Function function_;
    Gather gather_;
    Epilogue epilogue_;
    int64_t tile_columns_ = 1;
    int64_t tiles_ = 1;      // of columns, an item's
    int64_t rows_ = 1;       // tiles of channels, an item's
    int64_t row_items_ = 1;  // items along the channels
};

GatherKernel::GatherKernel(OpenClDevice &device, const FusedOp &group)
    : gather_(gather_of(group)), epilogue_(epilogue_of(group)) {
    const ConvolutionShape &s = gather_.shape;
    const Tile &tile = best_tile(device, gather_);
    tile_columns_ = tile.columns;
    split(device, tile);
    function_ = device.function("convolution_n16.cl", "convolution_n16",
                                text("-DROWS=", tile.rows, " -DCOLUMNS=", tile.columns));
    set_ints(function_, 9,
             {s.groups,
              s.outputs,
              s.inputs,
              s.h.in,
              s.w.in,
              s.h.out,
              s.w.out,
              s.h.kernel,
              s.w.kernel,
              s.h.stride,
              s.w.stride,
              s.h.dilation,
              s.w.dilation,
              s.h.pad,
              s.w.pad,
              gather_.w_output,
              gather_.w_input,
              gather_.backward,
              tiles_,
              rows_,
              epilogue_.has_bias,
              epilogue_.activation});
    function_.set(31, epilogue_.slope);
}

// Items run long enough to be worth scheduling, all channels of a column together if they may, and
// there are enough of them for every compute unit.
void GatherKernel::split(const OpenClDevice &device, const Tile &tile) {
    const ConvolutionShape &s = gather_.shape;
    const double seconds = tile_seconds(gather_, tile);
    const int64_t most = std::max<int64_t>(1, static_cast<int64_t>(kItemSeconds / seconds));
    const int64_t row_tiles = s.groups * divide_up(s.outputs, tile.rows);
    const int64_t column_tiles = divide_up(gather_.columns(s.blocks(s.batch)), tile.columns);
    const int64_t wanted = kItemsPerUnit * device.compute_units();
    const int64_t phases = gather_.phases_h * gather_.phases_w;
    const auto items = [&] {
        return phases * divide_up(row_tiles, rows_) * divide_up(column_tiles, tiles_);
    };
    rows_ = std::min(row_tiles, most);
    tiles_ = std::min(column_tiles, std::max<int64_t>(1, most / rows_));
    while (tiles_ > 1 && items() < wanted) tiles_ = divide_up(tiles_, 2);
    while (rows_ > 1 && items() < wanted) rows_ = divide_up(rows_, 2);
    row_items_ = divide_up(row_tiles, rows_);
}

void GatherKernel::launch(Queue &queue, const Launch &launch) {
    const int64_t blocks = gather_.shape.blocks(launch.n);
    const int64_t column_tiles = divide_up(gather_.columns(blocks), tile_columns_);
    const Ref *operands = launch.operands;
    function_.set(0, operands[epilogue_.x], 4 * kLanes);
    function_.set(2, operands[epilogue_.w]);
    function_.set(4, operands[epilogue_.bias]);
    function_.set(6, operands[epilogue_.y], 4 * kLanes);
    function_.set(8, static_cast<int32_t>(blocks));
    const size_t global[3] = {static_cast<size_t>(row_items_),
                              static_cast<size_t>(divide_up(column_tiles, tiles_)),
                              static_cast<size_t>(gather_.phases_h * gather_.phases_w)};
    const size_t local[3] = {1, 1, 1};
    function_.launch(queue, 3, global, local);
}

// --- Backward weights.

// The last step of a split sum: parts in the workspace, added in order.
class Reduction {
  public:
    void prepare(OpenClDevice &device, int64_t size, int64_t parts) {
        size_ = size;
        parts_ = parts;
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
        const auto global = static_cast<size_t>(std::min<int64_t>(divide_up(size_, 64), 1024) * 64);
        const size_t local = 64;
        function_.launch(queue, 1, &global, &local);
    }

  private:
    Function function_;
    int64_t size_ = 0, parts_ = 1;
};

int64_t reduction_workspace(int64_t size, int64_t parts) {
    return parts > 1 ? size * parts * 4 : 0;
}

// A register tile of convolution_weights_n16 and the part of the peak rate that it reaches.
struct WeightsTile {
    int64_t rows, taps;
    double efficiency;
};
constexpr std::array<WeightsTile, 4> kWeightsTiles{
    {{4, 5, 0.88}, {4, 6, 0.84}, {6, 4, 0.84}, {1, 9, 0.4}}};
constexpr int64_t kMaxWeightsTiles = 16;  // of an item

struct WeightsPlan {
    WeightsTile tile{};
    int64_t row_tiles = 1;              // of a group's channels
    int64_t item_tiles = 1, items = 1;  // tiles an item, items along an output's weights
    int64_t parts = 1;
    double seconds = 0;
};

WeightsPlan weights_plan(const OpenClDevice &device, const ConvolutionShape &s,
                         const WeightsTile &tile) {
    const int64_t units = std::max(1, device.compute_units());
    const int64_t wanted = kItemsPerUnit * units;
    WeightsPlan plan;
    plan.tile = tile;
    plan.row_tiles = divide_up(s.outputs, tile.rows);
    const int64_t rows = s.groups * plan.row_tiles;
    const int64_t tap_tiles = divide_up(s.weights_per_output(), tile.taps);
    // As many tiles share a row of dy as leave enough items without splitting the samples.
    plan.item_tiles = std::clamp<int64_t>(rows * tap_tiles / wanted,
                                          std::min<int64_t>(tap_tiles, 5), kMaxWeightsTiles);
    plan.items = divide_up(tap_tiles, plan.item_tiles);
    plan.item_tiles = divide_up(tap_tiles, plan.items);
    const int64_t items = rows * plan.items;
    plan.parts = std::clamp<int64_t>(wanted / items, 1, s.blocks(s.batch));
    const auto sums = static_cast<double>(tile.rows * tile.taps);
    const double row =
        2 * sums * static_cast<double>(kLanes * s.w.out) / (kUnitFlops * tile.efficiency) +
        sums * 0.2e-9 + 4e-9;
    plan.seconds = static_cast<double>(rows * tap_tiles) *
                   (row * static_cast<double>(s.blocks(s.batch) * s.h.out) + sums * 4e-9) /
                   static_cast<double>(std::min(units, items * plan.parts));
    if (plan.parts > 1) plan.seconds += device.launch_seconds();
    return plan;
}

WeightsPlan best_weights_plan(const OpenClDevice &device, const ConvolutionShape &s) {
    WeightsPlan best = weights_plan(device, s, kWeightsTiles[0]);
    for (const WeightsTile &tile : kWeightsTiles) {
        const WeightsPlan plan = weights_plan(device, s, tile);
        if (plan.seconds < best.seconds) best = plan;
    }
    return best;
}

class WeightsKernel final : public Kernel {
  public:
    WeightsKernel(OpenClDevice &device, const FusedOp &group)
        : shape_(shape_of(group)), plan_(best_weights_plan(device, shape_)) {
        const ConvolutionShape &s = shape_;
        const WeightsTile &tile = plan_.tile;
        function_ = device.function("convolution_weights_n16.cl", "convolution_weights_n16",
                                    text("-DROWS=", tile.rows, " -DTAPS=", tile.taps));
        reduction_.prepare(device, s.weights(), plan_.parts);
        set_ints(function_, 7,
                 {s.groups, s.outputs, s.inputs, s.h.in, s.w.in, s.h.out, s.w.out, s.h.kernel,
                  s.w.kernel, s.h.stride, s.w.stride, s.h.dilation, s.w.dilation, s.h.pad, s.w.pad,
                  plan_.row_tiles, plan_.item_tiles});
    }
    void launch(Queue &queue, const Launch &launch) override {
        function_.set(0, launch.operands[0], 4 * kLanes);
        function_.set(2, launch.operands[1], 4 * kLanes);
        function_.set(4, reduction_.target(launch));
        function_.set(6, static_cast<int32_t>(shape_.blocks(launch.n)));
        const size_t global[3] = {static_cast<size_t>(shape_.groups * plan_.row_tiles),
                                  static_cast<size_t>(plan_.items),
                                  static_cast<size_t>(plan_.parts)};
        const size_t local[3] = {1, 1, 1};
        function_.launch(queue, 3, global, local);
        reduction_.launch(queue, launch);
    }

  private:
    Function function_;
    Reduction reduction_;
    ConvolutionShape shape_;
    WeightsPlan plan_;
};

class DenseDataKernel final : public Kernel {
  public:
    DenseDataKernel(OpenClDevice &device, const FusedOp &group)
        : operands_(epilogue_of(group)),
          shape_(shape_of(group)),
          panels_(divide_up(shape_.inputs, kDenseDataPanel)),
          block_items_(std::clamp<int64_t>(kItemsPerUnit * device.compute_units() / panels_, 1,
                                           shape_.blocks(shape_.batch))) {
        function_ = device.function("convolution_dense_data_n16.cl", "convolution_dense_data_n16");
        set_ints(function_, 7, {shape_.inputs, shape_.outputs});
    }
    void launch(Queue &queue, const Launch &launch) override {
        function_.set(0, launch.operands[operands_.x], 4 * kLanes);
        function_.set(2, launch.operands[operands_.w]);
        function_.set(4, launch.operands[operands_.y], 4 * kLanes);
        function_.set(6, static_cast<int32_t>(shape_.blocks(launch.n)));
        function_.launch_single(queue, panels_, block_items_);
    }

  private:
    Function function_;
    Epilogue operands_;
    ConvolutionShape shape_;
    int64_t panels_, block_items_;
};

class DenseWeightsKernel final : public Kernel {
  public:
    DenseWeightsKernel(OpenClDevice &device, const FusedOp &group)
        : shape_(shape_of(group)), panels_(divide_up(shape_.inputs, kDensePanel)) {
        const ConvolutionShape &s = shape_;
        // Each item turns its panel around itself: few items a panel.
        const int64_t wanted = kItemsPerUnit * device.compute_units();
        const int64_t row_tiles = divide_up(s.outputs, kDenseRows);
        row_items_ = std::clamp<int64_t>(divide_up(wanted, panels_), 1, divide_up(row_tiles, 8));
        const int64_t rows = divide_up(row_tiles, row_items_) * kDenseRows;
        row_items_ = divide_up(s.outputs, rows);
        function_ = device.function("convolution_dense_weights_n16.cl",
                                    "convolution_dense_weights_n16", text("-DROWS=", kDenseRows));
        set_ints(function_, 7, {s.inputs, s.outputs, rows});
    }
    void launch(Queue &queue, const Launch &launch) override {
        function_.set(0, launch.operands[0], 4 * kLanes);
        function_.set(2, launch.operands[1], 4 * kLanes);
        function_.set(4, launch.operands[2]);
        function_.set(6, static_cast<int32_t>(launch.n));
        function_.launch_single(queue, panels_, row_items_);
    }

  private:
    Function function_;
    ConvolutionShape shape_;
    int64_t panels_, row_items_ = 1;
};

// --- Plain tensors.

class PlainKernel final : public Kernel {
  public:
    PlainKernel(OpenClDevice &device, const FusedOp &group)
        : shape_(shape_of(group)),
          backward_(group.head().kind == OpKind::convolution_backward_data),
          epilogue_(epilogue_of(group)) {
        const ConvolutionShape &s = shape_;
        function_ = device.function("convolution_plain.cl",
                                    backward_ ? "convolution_data_plain" : "convolution_plain");
        const cl_uint first = backward_ ? 7 : 9;
        set_ints(
            function_, first,
            {s.groups, s.outputs, s.inputs, s.h.in, s.w.in, s.h.out, s.w.out, s.h.kernel,
             s.w.kernel, s.h.stride, s.w.stride, s.h.dilation, s.w.dilation, s.h.pad, s.w.pad});
        if (backward_) return;
        set_ints(function_, first + 15, {epilogue_.has_bias, epilogue_.activation});
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
        const auto global = static_cast<size_t>(divide_up(elements, kGroup) * kGroup);
        const auto local = static_cast<size_t>(kGroup);
        function_.launch(queue, 1, &global, &local);
    }

  private:
    Function function_;
    ConvolutionShape shape_;
    bool backward_;
    Epilogue epilogue_;
};

// Work-groups enough to fill the device.
int64_t plain_weights_parts(const OpenClDevice &device, const ConvolutionShape &s) {
    const int64_t wanted = 32 * std::max(1, device.compute_units());
    return std::clamp<int64_t>(wanted / s.weights(), 1, s.batch);
}

class PlainWeightsKernel final : public Kernel {
  public:
    PlainWeightsKernel(OpenClDevice &device, const FusedOp &group) : shape_(shape_of(group)) {
        const ConvolutionShape &s = shape_;
        function_ = device.function("convolution_plain.cl", "convolution_weights_plain");
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
        const size_t global[2] = {static_cast<size_t>(shape_.weights() * kGroup),
                                  static_cast<size_t>(reduction_.parts())};
        const size_t local[2] = {static_cast<size_t>(kGroup), 1};
        function_.launch(queue, 2, global, local);
        reduction_.launch(queue, launch);
    }

  private:
    Function function_;
    Reduction reduction_;
    ConvolutionShape shape_;
};

// --- Candidates.

// Batched operands in `activations`, all others plain.
Candidate candidate_of(const FusedOp &group, std::string_view algorithm,
                       const Layout &activations) {
    Candidate candidate;
    candidate.algorithm = algorithm;
    for (int32_t i = 0; i < group.operands(); ++i) {
        const bool batched = group.tensors[static_cast<size_t>(i)].batched;
        candidate.layouts.push_back(batched ? activations : Layout::plain());
    }
    return candidate;
}

double predict(const OpenClDevice &device, const FusedOp &group, double seconds) {
    return device.launch_seconds() +
           std::max(seconds, bytes_of(group, 4) / device.bytes_per_second());
}

// Whether the gradient of a dense layer's input should read the weights along their rows.
bool wants_rows(const FusedOp &group, const ConvolutionShape &s) {
    return group.head().kind == OpKind::convolution_backward_data && is_dense(s) &&
           s.inputs >= kDenseDataPanel && s.weights() * 4 > kLargeWeights;
}

void add_blocked(const OpenClDevice &device, const FusedOp &group, Candidates &out) {
    const ConvolutionShape s = shape_of(group);
    const bool weights = group.head().kind == OpKind::convolution_backward_weights;
    if (!indexable(s, kLanes)) return;
    const Layout layout = Layout::blocked(0, static_cast<int>(kLanes));
    if (!weights) {
        if (s.h.kernel > kMaxTaps || s.w.kernel > kMaxTaps) return;
        const Gather gather = gather_of(group);
        Candidate candidate = candidate_of(group, kBlocked, layout);
        double seconds = gather_seconds(device, gather, best_tile(device, gather));
        if (wants_rows(group, s)) {
            Candidate dense = candidate_of(group, kDense, layout);
            dense.seconds = predict(device, group, seconds);
            out.push_back(std::move(dense));
            seconds *= 1.6;
        }
        candidate.seconds = predict(device, group, seconds);
        out.push_back(std::move(candidate));
        return;
    }
    if (is_dense(s)) {
        Candidate candidate = candidate_of(group, kDense, layout);
        candidate.seconds =
            predict(device, group, s.flops() / (0.6 * kUnitFlops * device.compute_units()));
        out.push_back(std::move(candidate));
        return;
    }
    const WeightsPlan plan = best_weights_plan(device, s);
    Candidate candidate = candidate_of(group, kBlocked, layout);
    candidate.workspace = reduction_workspace(s.weights(), plan.parts);
    candidate.seconds = predict(device, group, plan.seconds);
    out.push_back(std::move(candidate));
}

double plain_seconds(const OpenClDevice &device, const ConvolutionShape &s, bool weights) {
    if (!device.is_cpu_class()) return s.flops() / (0.1 * device.flops_per_second());
    // Scalar code, and for the weights' gradient also a work-group of barriers each.
    const double units = std::max(1, device.compute_units());
    const double seconds = s.flops() / (kUnitFlops * (weights ? 0.004 : 0.008) * units);
    return weights ? seconds + static_cast<double>(s.weights()) * 0.6e-6 / units : seconds;
}

void add_plain(const OpenClDevice &device, const FusedOp &group, Candidates &out) {
    const ConvolutionShape s = shape_of(group);
    // Sizes of one sample are ints; whole tensors are counted in longs.
    if (!fits(s.weights()) || !fits(s.groups * s.inputs * s.in_plane()) ||
        !fits(s.groups * s.outputs * s.out_plane()) || !fits(s.batch)) {
        return;
    }
    Candidate candidate = candidate_of(group, kPlain, Layout::plain());
    const bool weights = group.head().kind == OpKind::convolution_backward_weights;
    candidate.seconds = predict(device, group, plain_seconds(device, s, weights));
    if (weights) {
        candidate.workspace = reduction_workspace(s.weights(), plain_weights_parts(device, s));
    }
    out.push_back(std::move(candidate));
}

}  // namespace

bool fuses_convolution(const OpenClDevice &, const FusedOp &group) {
    if (group.head().kind != OpKind::convolution || group.ops.size() > 3 || group.outputs != 1)
        return false;
    // Bias, activation, or the one and then the other.
    for (size_t i = 1; i < group.ops.size(); ++i) {
        if (i == 1 && is_form(group.ops[i], PointwiseForm::bias)) continue;
        if (i + 1 != group.ops.size() || !runs_activation(group.ops[i])) return false;
    }
    return true;
}

void convolution_candidates(const OpenClDevice &device, const FusedOp &group, Candidates &out) {
    if (std::get<ConvolutionAttributes>(group.head().attributes).window.spatial > 2) return;
    if (device.is_cpu_class()) add_blocked(device, group, out);
    add_plain(device, group, out);
}

std::unique_ptr<Kernel> prepare_convolution(OpenClDevice &device, const FusedOp &group,
                                            const Candidate &candidate) {
    const bool weights = group.head().kind == OpKind::convolution_backward_weights;
    if (candidate.algorithm == kDense && weights)
        return std::make_unique<DenseWeightsKernel>(device, group);
    if (candidate.algorithm == kDense) return std::make_unique<DenseDataKernel>(device, group);
    if (candidate.algorithm == kBlocked && weights)
        return std::make_unique<WeightsKernel>(device, group);
    if (candidate.algorithm == kBlocked) return std::make_unique<GatherKernel>(device, group);
    if (candidate.algorithm != kPlain)
        fail(Status::internal, text("OpenCL: no algorithm ", candidate.algorithm));
    if (weights) return std::make_unique<PlainWeightsKernel>(device, group);
    return std::make_unique<PlainKernel>(device, group);
}

}  // namespace cnn::opencl

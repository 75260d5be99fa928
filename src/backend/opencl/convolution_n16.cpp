// Convolutions for processors, with 16 samples in the lanes: forward and backward data by one
// kernel, the weights' gradient, and both gradients of dense layers.
#include <array>
#include <utility>
#include <vector>

#include "backend/opencl/convolution_form.h"

namespace cnn::opencl {
namespace {

constexpr int64_t kLanes = OpenClDevice::kLanes;
constexpr int64_t kMaxTaps = 32;        // along an axis, of convolution_n16
constexpr double kUnitFlops = 2.8e11;   // of float16 code on a CPU's compute unit
constexpr double kItemSeconds = 30e-6;  // an item worth its scheduling
constexpr int64_t kItemsPerUnit = 6;    // so that the units end together
constexpr int64_t kDensePanel = 64;     // inputs of an item of the dense weights' gradient
constexpr int64_t kDenseRows = 6;
constexpr int64_t kDenseDataPanel = 96;  // likewise of the dense input's gradient
// Weights that leave the nearer caches between two passes.
constexpr int64_t kLargeWeights = int64_t{512} << 10;
// More sums than these leave the registers.
constexpr int64_t kMostSums = 28, kLeastSums = 4;

// --- Forward and backward data.

// A register tile of convolution_n16.
struct Tile {
    int64_t rows, columns;
    double efficiency;  // the part of the peak rate that it reaches
};

// ROWS x COLUMNS is a tile; ITEMS are wanted of a compute unit.
constexpr int64_t kRowValues[] = {1, 2, 3, 4, 5, 6, 8, 12};
constexpr int64_t kColumnValues[] = {1, 2, 3, 4, 5, 6, 7, 8, 12, 14};
constexpr int64_t kItemValues[] = {2, 6, 16};
constexpr Parameter kGatherParameters[] = {
    {"ROWS", kRowValues}, {"COLUMNS", kColumnValues}, {"ITEMS", kItemValues}};
constexpr size_t kGatherDefines = 2;

// A processor's registers: with 512 bits there are 32, else 16, and a vector of 16 takes several.
struct Registers {
    explicit Registers(const OpenClDevice &device)
        : count(device.description().vector_floats >= kLanes ? 32 : 16),
          each(std::max<int64_t>(
              1, kLanes / std::max<int64_t>(4, device.description().vector_floats))) {}
    int64_t count, each;
};

// Sums, a factor broadcast for each row and a column's vector want registers; what is loaded for as
// many products takes time; and few sums wait for each other.
double tile_efficiency(const OpenClDevice &device, int64_t rows, int64_t columns) {
    const Registers registers(device);
    const auto fma = static_cast<double>(registers.each * rows * columns);
    const auto loads = static_cast<double>(rows + registers.each * columns);
    const auto wanted = fma + static_cast<double>(rows + registers.each);
    const double spilled = std::min(1.0, static_cast<double>(registers.count + 1) / wanted);
    const double waits = std::min(1.0, fma / 8);
    return 0.95 * waits * spilled * spilled / (1 + 0.7 * std::max(0.0, loads / fma - 0.3));
}

Tile tile_of(const OpenClDevice &device, int64_t rows, int64_t columns) {
    // As measured with vectors of 16.
    constexpr Tile kMeasured[] = {{6, 4, 0.92}, {1, 14, 0.4}};
    if (Registers(device).each == 1)
        for (const Tile &tile : kMeasured)
            if (tile.rows == rows && tile.columns == columns) return tile;
    return {rows, columns, tile_efficiency(device, rows, columns)};
}

// Tiles that are built where nothing was measured: for many channels, and for one.
std::array<Tile, 2> standard_tiles(const OpenClDevice &device) {
    if (Registers(device).each == 1) return {tile_of(device, 6, 4), tile_of(device, 1, 14)};
    return {tile_of(device, 2, 3), tile_of(device, 1, 6)};
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

Tile best_tile(const OpenClDevice &device, const Gather &gather) {
    const auto tiles = standard_tiles(device);
    return *std::min_element(tiles.begin(), tiles.end(), [&](const Tile &a, const Tile &b) {
        return gather_seconds(device, gather, a) < gather_seconds(device, gather, b);
    });
}

class GatherKernel final : public Kernel {
  public:
    GatherKernel(OpenClDevice &device, const FusedOp &group, const Setting &setting);
    void launch(Queue &queue, const Launch &launch) override;

  private:
    void split(const OpenClDevice &device, const Tile &tile, int64_t items_per_unit);

    Function function_;
    Gather gather_;
    Epilogue epilogue_;
    int64_t tile_columns_ = 1;
    int64_t tiles_ = 1;      // of columns, an item's
    int64_t rows_ = 1;       // tiles of channels, an item's
    int64_t row_items_ = 1;  // items along the channels
};

GatherKernel::GatherKernel(OpenClDevice &device, const FusedOp &group, const Setting &setting)
    : gather_(gather_of(group)), epilogue_(epilogue_of(group)) {
    const Tile tile = tile_of(device, setting[0], setting[1]);
    tile_columns_ = tile.columns;
    split(device, tile, setting[2]);
    function_ = device.function("convolution_n16.cl", "convolution_n16",
                                build_options(kGatherParameters, setting, kGatherDefines) +
                                    " -DCONVOLUTION -DBLOCKS" + epilogue_.options());
    set_gather(function_, gather_, {tiles_, rows_}, epilogue_);
}

// Items run long enough to be worth scheduling, all channels of a column together if they may, and
// there are enough of them for every compute unit.
void GatherKernel::split(const OpenClDevice &device, const Tile &tile, int64_t items_per_unit) {
    const ConvolutionShape &s = gather_.shape;
    const double seconds = tile_seconds(gather_, tile);
    const int64_t most = std::max<int64_t>(1, static_cast<int64_t>(kItemSeconds / seconds));
    const int64_t row_tiles = s.groups * divide_up(s.outputs, tile.rows);
    const int64_t column_tiles = divide_up(gather_.columns(s.blocks(s.batch)), tile.columns);
    const int64_t wanted = items_per_unit * device.compute_units();
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
    epilogue_.set_last(function_, 32, launch, 4 * kLanes);
    const size_t global[3] = {static_cast<size_t>(row_items_),
                              static_cast<size_t>(divide_up(column_tiles, tiles_)),
                              static_cast<size_t>(gather_.phases_h * gather_.phases_w)};
    const size_t local[3] = {1, 1, 1};
    function_.launch(queue, 3, global, local);
}

// --- Backward weights.

// A register tile of convolution_weights_n16 and the part of the peak rate that it reaches.
struct WeightsTile {
    int64_t rows, taps;
    double efficiency;
};
constexpr int64_t kMaxWeightsTiles = 16;  // of an item

constexpr int64_t kTapValues[] = {1, 2, 3, 4, 5, 6, 8, 9, 12};
constexpr Parameter kWeightsParameters[] = {
    {"ROWS", kRowValues}, {"TAPS", kTapValues}, {"ITEMS", kItemValues}};

WeightsTile weights_tile(const OpenClDevice &device, int64_t rows, int64_t taps) {
    // As measured with vectors of 16.
    constexpr WeightsTile kMeasured[] = {{4, 5, 0.88}, {4, 6, 0.84}, {6, 4, 0.84}, {1, 9, 0.4}};
    if (Registers(device).each == 1)
        for (const WeightsTile &tile : kMeasured)
            if (tile.rows == rows && tile.taps == taps) return tile;
    return {rows, taps, 0.9 * tile_efficiency(device, rows, taps)};
}

std::vector<WeightsTile> standard_weights_tiles(const OpenClDevice &device) {
    std::vector<std::array<int64_t, 2>> sizes{{4, 5}, {4, 6}, {6, 4}, {1, 9}};
    if (Registers(device).each > 1) sizes = {{2, 3}, {1, 5}};
    std::vector<WeightsTile> tiles;
    for (const auto &[rows, taps] : sizes) tiles.push_back(weights_tile(device, rows, taps));
    return tiles;
}

struct WeightsPlan {
    WeightsTile tile{};
    int64_t row_tiles = 1;              // of a group's channels
    int64_t item_tiles = 1, items = 1;  // tiles an item, items along an output's weights
    int64_t parts = 1;
    double seconds = 0;
};

WeightsPlan weights_plan(const OpenClDevice &device, const ConvolutionShape &s,
                         const WeightsTile &tile, int64_t items_per_unit = kItemsPerUnit) {
    const int64_t units = std::max(1, device.compute_units());
    const int64_t wanted = items_per_unit * units;
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
    const std::vector<WeightsTile> tiles = standard_weights_tiles(device);
    WeightsPlan best = weights_plan(device, s, tiles[0]);
    for (const WeightsTile &tile : tiles) {
        const WeightsPlan plan = weights_plan(device, s, tile);
        if (plan.seconds < best.seconds) best = plan;
    }
    return best;
}

WeightsPlan plan_of(const OpenClDevice &device, const ConvolutionShape &s, const Setting &setting) {
    return weights_plan(device, s, weights_tile(device, setting[0], setting[1]), setting[2]);
}

class WeightsKernel final : public Kernel {
  public:
    WeightsKernel(OpenClDevice &device, const FusedOp &group, const Setting &setting)
        : shape_(shape_of(group)), plan_(plan_of(device, shape_, setting)) {
        const ConvolutionShape &s = shape_;
        function_ = device.function("convolution_weights_n16.cl", "convolution_weights_n16",
                                    build_options(kWeightsParameters, setting, 2));
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
    DenseDataKernel(OpenClDevice &device, const FusedOp &group, const Setting &setting)
        : operands_(epilogue_of(group)),
          shape_(shape_of(group)),
          panels_(divide_up(shape_.inputs, kDenseDataPanel)),
          block_items_(std::clamp<int64_t>(setting[0] * device.compute_units() / panels_, 1,
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

constexpr int64_t kDenseRowValues[] = {2, 3, 4, 5, 6};
constexpr Parameter kDenseWeightsParameters[] = {{"ROWS", kDenseRowValues}, {"ITEMS", kItemValues}};
constexpr Parameter kDenseDataParameters[] = {{"ITEMS", kItemValues}};

class DenseWeightsKernel final : public Kernel {
  public:
    DenseWeightsKernel(OpenClDevice &device, const FusedOp &group, const Setting &setting)
        : shape_(shape_of(group)), panels_(divide_up(shape_.inputs, kDensePanel)) {
        const ConvolutionShape &s = shape_;
        // Each item turns its panel around itself: few items a panel.
        const int64_t wanted = setting[1] * device.compute_units();
        const int64_t row_tiles = divide_up(s.outputs, setting[0]);
        row_items_ = std::clamp<int64_t>(divide_up(wanted, panels_), 1, divide_up(row_tiles, 8));
        const int64_t rows = divide_up(row_tiles, row_items_) * setting[0];
        row_items_ = divide_up(s.outputs, rows);
        function_ =
            device.function("convolution_dense_weights_n16.cl", "convolution_dense_weights_n16",
                            build_options(kDenseWeightsParameters, setting, 1));
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

// --- The table.

bool runs_blocked(const OpenClDevice &device, const FusedOp &group) {
    return device.is_cpu_class() && indexable(shape_of(group), kLanes);
}

// Whether the gradient of a dense layer's input should read the weights along their rows.
bool wants_rows(const FusedOp &group, const ConvolutionShape &s) {
    return group.head().kind == OpKind::convolution_backward_data && is_dense(s) &&
           s.inputs >= kDenseDataPanel && s.weights() * 4 > kLargeWeights;
}

bool runs_gather(const OpenClDevice &device, const FusedOp &group) {
    const ConvolutionShape s = shape_of(group);
    return runs_blocked(device, group) && s.h.kernel <= kMaxTaps && s.w.kernel <= kMaxTaps;
}

Setting standard_gather(const OpenClDevice &device, const FusedOp &group) {
    const Tile tile = best_tile(device, gather_of(group));
    return {tile.rows, tile.columns, kItemsPerUnit};
}

bool is_tile(int64_t rows, int64_t columns, int64_t most_columns) {
    return rows >= 1 && columns >= 1 && columns <= most_columns && rows * columns <= kMostSums &&
           rows * columns >= kLeastSums;
}

bool is_valid_gather(const OpenClDevice &, const FusedOp &group, const Setting &setting) {
    constexpr int64_t kMostColumns = 31;  // bits of a mask
    const ConvolutionShape &s = gather_of(group).shape;
    return is_tile(setting[0], setting[1], kMostColumns) && setting[2] >= 1 &&
           setting[0] < 2 * s.outputs;
}

Cost gather_cost(const OpenClDevice &device, const FusedOp &group, const Setting &setting) {
    double seconds =
        gather_seconds(device, gather_of(group), tile_of(device, setting[0], setting[1]));
    if (wants_rows(group, shape_of(group))) seconds *= 1.6;
    return {predict(device, group, seconds), 0};
}

bool runs_dense_data(const OpenClDevice &device, const FusedOp &group) {
    return runs_blocked(device, group) && wants_rows(group, shape_of(group));
}

Cost dense_data_cost(const OpenClDevice &device, const FusedOp &group, const Setting &) {
    const Gather gather = gather_of(group);
    return {predict(device, group, gather_seconds(device, gather, best_tile(device, gather))), 0};
}

bool runs_weights(const OpenClDevice &device, const FusedOp &group) {
    return runs_blocked(device, group) && !is_dense(shape_of(group));
}

Setting standard_weights(const OpenClDevice &device, const FusedOp &group) {
    const WeightsTile tile = best_weights_plan(device, shape_of(group)).tile;
    return {tile.rows, tile.taps, kItemsPerUnit};
}

bool is_valid_weights(const OpenClDevice &, const FusedOp &group, const Setting &setting) {
    constexpr int64_t kMostTaps = 16;
    const ConvolutionShape s = shape_of(group);
    return is_tile(setting[0], setting[1], kMostTaps) && setting[2] >= 1 &&
           setting[0] < 2 * s.outputs && setting[1] < 2 * s.weights_per_output();
}

Cost weights_cost(const OpenClDevice &device, const FusedOp &group, const Setting &setting) {
    const ConvolutionShape s = shape_of(group);
    const WeightsPlan plan = plan_of(device, s, setting);
    return {predict(device, group, plan.seconds), reduction_workspace(s.weights(), plan.parts)};
}

bool runs_dense_weights(const OpenClDevice &device, const FusedOp &group) {
    return runs_blocked(device, group) && is_dense(shape_of(group));
}

bool is_valid_dense_weights(const OpenClDevice &, const FusedOp &, const Setting &setting) {
    return setting[0] >= 1 && setting[0] <= kDenseRows && setting[1] >= 1;
}

Cost dense_weights_cost(const OpenClDevice &device, const FusedOp &group, const Setting &setting) {
    const double efficiency = 0.1 * static_cast<double>(setting[0]);
    return {predict(device, group,
                    shape_of(group).flops() / (efficiency * kUnitFlops * device.compute_units())),
            0};
}

template <class KernelType>
std::unique_ptr<Kernel> make(OpenClDevice &device, const FusedOp &group, const Setting &setting) {
    return std::make_unique<KernelType>(device, group, setting);
}

constexpr ConvolutionForm kForms[] = {
    {"dense_n16", true, kDenseDataParameters, runs_dense_data,
     [](const OpenClDevice &, const FusedOp &) { return Setting{kItemsPerUnit}; },
     [](const OpenClDevice &, const FusedOp &, const Setting &setting) { return setting[0] >= 1; },
     dense_data_cost, make<DenseDataKernel>},
    {"n16", true, kGatherParameters, runs_gather, standard_gather, is_valid_gather, gather_cost,
     make<GatherKernel>},
};

constexpr ConvolutionForm kWeightsForms[] = {
    {"dense_n16", true, kDenseWeightsParameters, runs_dense_weights,
     [](const OpenClDevice &, const FusedOp &) {
         return Setting{kDenseRows, kItemsPerUnit};
     },
     is_valid_dense_weights, dense_weights_cost, make<DenseWeightsKernel>},
    {"n16", true, kWeightsParameters, runs_weights, standard_weights, is_valid_weights,
     weights_cost, make<WeightsKernel>},
};

}  // namespace

std::span<const ConvolutionForm> n16_forms() {
    return kForms;
}

std::span<const ConvolutionForm> n16_weights_forms() {
    return kWeightsForms;
}

}  // namespace cnn::opencl

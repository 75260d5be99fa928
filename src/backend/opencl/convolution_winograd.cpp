// Convolutions of 3x3 filters with stride 1 by Winograd's F(2x2, 3x3), and their gradients with
// respect to the input, which are convolutions of dy with the filters turned: 16 products of
// matrices in place of 36 multiplications an output tile and pair of channels. Their weights are
// the filters' transform, made once a change of them (Layout::winograd).
#include <vector>

#include "backend/opencl/tile.h"
#include "base/text.h"

namespace cnn::opencl {
namespace {

constexpr int64_t kLanes = OpenClDevice::kLanes;
constexpr int64_t kPoints = 16;

// A convolution as both kernels see it: "in" and "out" are x and y, or dy and dx.
struct Winograd {
    explicit Winograd(const FusedOp &group) {
        const Gather gather = gather_of(group);
        shape = gather.shape;
        if (gather.backward) {
            shape.h.pad = 2 - shape.h.pad;
            shape.w.pad = 2 - shape.w.pad;
        }
    }
    int64_t tiles(int64_t images) const {
        return images * divide_up(shape.h.out, 2) * divide_up(shape.w.out, 2);
    }
    // Arguments from `index` on that both kernels have.
    void set(Function &function, cl_uint index) const {
        const ConvolutionShape &s = shape;
        set_ints(function, index,
                 {s.outputs, s.inputs, s.h.in, s.w.in, s.h.out, s.w.out, s.h.pad, s.w.pad});
    }

    ConvolutionShape shape;
};

bool is_winograd(const FusedOp &group) {
    const auto is_three = [](const ConvolutionShape::Axis &a) {
        return a.kernel == 3 && a.stride == 1 && a.dilation == 1;
    };
    const ConvolutionShape s = shape_of(group);
    return s.groups == 1 && is_three(s.h) && is_three(s.w);
}

// --- Processors.

constexpr double kUnitFlops = 2.8e11;  // of float16 code on a CPU's compute unit
constexpr int64_t kFilterBlock = 8;

// ROWS filters x COLUMNS tiles are in registers; CHUNK such columns have their inputs' transforms
// in the cache at a time, and PANEL filters their products. ITEMS are wanted of a compute unit.
enum : size_t { kRows, kColumns, kChunk, kPanel, kItems };
constexpr int64_t kRowValues[] = {2, 4, 8};
constexpr int64_t kColumnValues[] = {2, 3, 4, 6};
constexpr int64_t kChunkValues[] = {1, 2, 4};
constexpr int64_t kPanelValues[] = {16, 32, 128};
constexpr int64_t kItemValues[] = {2, 6};
constexpr Parameter kBlockedParameters[] = {{"ROWS", kRowValues},
                                            {"COLUMNS", kColumnValues},
                                            {"CHUNK", kChunkValues},
                                            {"PANEL", kPanelValues},
                                            {"ITEMS", kItemValues}};
constexpr size_t kBlockedDefines = 2;
constexpr int64_t kMostSums = 28, kLeastSums = 4;
constexpr int64_t kMostWorkspace = int64_t{256} << 20;
// At which a compute unit reads filters that its nearer caches don't hold, as it multiplies by
// them.
constexpr double kFilterBytes = 2e10;

struct BlockedPlan {
    BlockedPlan(const OpenClDevice &device, const Winograd &winograd, const Setting &setting);

    int64_t workspace() const {
        return column_items * row_items * kPoints * (v_point + m_point) * kLanes * 4;
    }

    int64_t rows = 1, panel = 1;  // tiles of filters of an item, and of a panel
    int64_t column_items = 1, row_items = 1;
    int64_t v_point = 1, m_point = 1;  // vectors from point to point
};

BlockedPlan::BlockedPlan(const OpenClDevice &device, const Winograd &winograd,
                         const Setting &setting) {
    const ConvolutionShape &s = winograd.shape;
    const int64_t width = setting[kChunk] * setting[kColumns];
    const int64_t row_tiles = divide_up(s.outputs, setting[kRows]);
    const int64_t wanted = setting[kItems] * std::max(1, device.compute_units());
    column_items = std::min(wanted, divide_up(winograd.tiles(s.blocks(s.batch)), width));
    rows = divide_up(row_tiles, std::min(row_tiles, divide_up(wanted, column_items)));
    row_items = divide_up(row_tiles, rows);
    panel = std::clamp<int64_t>(setting[kPanel] / setting[kRows], 1, rows);
    v_point = (width * s.inputs) | 1;
    m_point = (width * panel * setting[kRows]) | 1;
}

class BlockedKernel final : public Kernel {
  public:
    BlockedKernel(OpenClDevice &device, const FusedOp &group, const Setting &setting)
        : winograd_(group), epilogue_(epilogue_of(group)), plan_(device, winograd_, setting) {
        function_ = device.function(
            "convolution_winograd_n16.cl", "convolution_winograd_n16",
            build_options(kBlockedParameters, setting, kBlockedDefines) +
                text(" -DFILTERS=", kFilterBlock, " -DCONVOLUTION -DWINOGRAD -DBLOCKS") +
                epilogue_.options());
        winograd_.set(function_, 11);
        set_ints(function_, 19,
                 {setting[kChunk], plan_.panel, plan_.rows, plan_.v_point, plan_.m_point,
                  epilogue_.flags, epilogue_.activation});
        function_.set(26, epilogue_.slope);
    }
    void launch(Queue &queue, const Launch &launch) override {
        const Ref *operands = launch.operands;
        function_.set(0, operands[epilogue_.x], 4 * kLanes);
        function_.set(2, operands[epilogue_.w]);
        function_.set(4, operands[epilogue_.bias]);
        function_.set(6, operands[epilogue_.y], 4 * kLanes);
        function_.set(8, launch.workspace, 4 * kLanes);
        function_.set(10, static_cast<int32_t>(winograd_.shape.blocks(launch.n)));
        epilogue_.set_last(function_, 27, launch, 4 * kLanes);
        function_.launch_single(queue, plan_.row_items, plan_.column_items);
    }

  private:
    Function function_;
    Winograd winograd_;
    Epilogue epilogue_;
    BlockedPlan plan_;
};

bool runs_blocked(const OpenClDevice &device, const FusedOp &group) {
    if (!device.is_cpu_class() || !is_winograd(group)) return false;
    const ConvolutionShape s = shape_of(group);
    return indexable(s, kLanes) && fits(2 * kPoints * s.weights());
}

Setting standard_blocked(const OpenClDevice &device, const FusedOp &) {
    const bool wide = device.description().vector_floats >= kLanes;
    return wide ? Setting{8, 3, 1, 32, 6} : Setting{2, 3, 1, 32, 6};
}

bool is_valid_blocked(const OpenClDevice &device, const FusedOp &group, const Setting &setting) {
    for (const int64_t value : setting)
        if (value < 1 || value > 1024) return false;
    const int64_t sums = setting[kRows] * setting[kColumns];
    return kFilterBlock % setting[kRows] == 0 && sums >= kLeastSums && sums <= kMostSums &&
           BlockedPlan(device, Winograd(group), setting).workspace() <= kMostWorkspace;
}

// Of one compute unit: a chunk's products, its transforms, and its way through all filters.
double chunk_seconds(const ConvolutionShape &s, const Setting &setting) {
    const auto width = static_cast<double>(setting[kChunk] * setting[kColumns]);
    const auto sums = static_cast<double>(setting[kRows] * setting[kColumns]);
    const auto loads = static_cast<double>(setting[kRows] + setting[kColumns]);
    const double efficiency = 0.95 * sums / (sums + 0.3 * loads) * std::min(1.0, sums / 8);
    const auto rows = static_cast<double>(divide_up(s.outputs, setting[kRows]) * setting[kRows]);
    const double filters = kPoints * rows * static_cast<double>(s.inputs);
    return 2 * filters * width * kLanes / (kUnitFlops * efficiency) +
           12e-9 * width * static_cast<double>(s.inputs + s.outputs) + filters * 4 / kFilterBytes;
}

double blocked_seconds(const OpenClDevice &device, const Winograd &winograd,
                       const Setting &setting) {
    const ConvolutionShape &s = winograd.shape;
    const int64_t width = setting[kChunk] * setting[kColumns];
    const int64_t chunks = divide_up(winograd.tiles(s.blocks(s.batch)), width);
    return static_cast<double>(chunks) * chunk_seconds(s, setting) /
           std::max(1, device.compute_units());
}

Cost blocked_cost(const OpenClDevice &device, const FusedOp &group, const Setting &setting) {
    const Winograd winograd(group);
    return {predict(device, group, blocked_seconds(device, winograd, setting)),
            BlockedPlan(device, winograd, setting).workspace()};
}

// --- GPUs.

constexpr int64_t kTiledFilterBlock = 16;
// Of V and M of the tiles that are taken at a time.
constexpr int64_t kTiledBytes = int64_t{64} << 20;
constexpr int64_t kTiledMultiple = 64;

// Tiles taken at a time.
int64_t tiled_width(const Winograd &winograd) {
    const ConvolutionShape &s = winograd.shape;
    const int64_t tile = 4 * kPoints * (s.inputs + s.outputs);
    const int64_t most = std::max<int64_t>(1, kTiledBytes / tile / kTiledMultiple) * kTiledMultiple;
    return std::min(winograd.tiles(s.batch), most);
}

// One of the launches' 16 products of matrices.
Product tiled_product(const Winograd &winograd) {
    Product p;
    p.m = static_cast<double>(winograd.shape.outputs);
    p.q = static_cast<double>(tiled_width(winograd));
    p.depth = static_cast<double>(winograd.shape.inputs);
    p.count = kPoints;
    return p;
}

class TiledKernel final : public Kernel {
  public:
    TiledKernel(OpenClDevice &device, const FusedOp &group, const Setting &setting)
        : winograd_(group),
          epilogue_(epilogue_of(group)),
          setting_(setting),
          width_(tiled_width(winograd_)) {
        const ConvolutionShape &s = winograd_.shape;
        constexpr const char *kFile = "convolution_winograd.cl";
        const std::string options = " -DCONVOLUTION -DWINOGRAD";
        in_ = device.function(kFile, "convolution_winograd_in", options);
        product_ = device.function(kFile, "convolution_winograd",
                                   build_options(kTileParameters, setting, kTileDefines) +
                                       text(" -DFILTERS=", kTiledFilterBlock) + options);
        out_ = device.function(kFile, "convolution_winograd_out", options + epilogue_.options());
        set_ints(in_, 6, {width_, s.inputs, s.h.in, s.w.in, s.h.out, s.w.out, s.h.pad, s.w.pad});
        set_ints(product_, 6, {s.outputs, s.inputs, width_});
        set_ints(out_, 8,
                 {width_, s.outputs, s.h.out, s.w.out, epilogue_.flags, epilogue_.activation});
        out_.set(14, epilogue_.slope);
        local_ = device.group_items();
    }
    void launch(Queue &queue, const Launch &launch) override {
        const int64_t tiles = winograd_.tiles(launch.n);
        Ref m = launch.workspace;
        m.offset += 4 * kPoints * winograd_.shape.inputs * width_;
        in_.set(0, launch.operands[epilogue_.x]);
        in_.set(2, launch.workspace);
        product_.set(0, launch.operands[epilogue_.w]);
        product_.set(2, launch.workspace);
        product_.set(4, m);
        out_.set(0, m);
        out_.set(2, launch.operands[epilogue_.bias]);
        out_.set(4, launch.operands[epilogue_.y]);
        epilogue_.set_last(out_, 15, launch, 4);
        for (int64_t first = 0; first < tiles; first += width_)
            launch_tiles(queue, first, std::min(width_, tiles - first));
    }

  private:
    void launch_tiles(Queue &queue, int64_t first, int64_t count) {
        const ConvolutionShape &s = winograd_.shape;
        const auto size = [](int64_t n) { return static_cast<size_t>(n); };
        set_ints(in_, 4, {first, count});
        set_ints(product_, 9, {count});
        set_ints(out_, 6, {first, count});
        const size_t each[2] = {size(local_), 1};
        const size_t along = size(divide_up(count, local_) * local_);
        const size_t ins[2] = {along, size(s.inputs)}, outs[2] = {along, size(s.outputs)};
        const size_t items[3] = {size(group_items(setting_)), 1, 1};
        const size_t products[3] = {size(divide_up(count, setting_[kTileQ])) * items[0],
                                    size(divide_up(s.outputs, setting_[kTileM])), size(kPoints)};
        in_.launch(queue, 2, ins, each);
        product_.launch(queue, 3, products, items);
        out_.launch(queue, 2, outs, each);
    }

    Function in_, product_, out_;
    Winograd winograd_;
    Epilogue epilogue_;
    Setting setting_;
    int64_t width_, local_ = 1;
};

bool runs_tiled(const OpenClDevice &device, const FusedOp &group) {
    if (device.is_cpu_class() || !is_winograd(group)) return false;
    const Winograd winograd(group);
    return indexable(winograd.shape, 1) && fits(2 * kPoints * winograd.shape.weights()) &&
           fits(winograd.tiles(winograd.shape.batch)) &&
           !best_tile(device, tiled_product(winograd), false).empty();
}

Setting standard_tiled(const OpenClDevice &device, const FusedOp &group) {
    return best_tile(device, tiled_product(Winograd(group)), false);
}

// The filters' blocks and tiles divide one another.
bool is_valid_tiled(const OpenClDevice &device, const FusedOp &group, const Setting &setting) {
    return fits_device(device, setting) && fills(tiled_product(Winograd(group)), setting) &&
           (setting[kTileM] % kTiledFilterBlock == 0 || kTiledFilterBlock % setting[kTileM] == 0);
}

// The products, and V and M written and read.
Cost tiled_cost(const OpenClDevice &device, const FusedOp &group, const Setting &setting) {
    const Winograd winograd(group);
    const ConvolutionShape &s = winograd.shape;
    const int64_t width = tiled_width(winograd), tiles = winograd.tiles(s.batch);
    const auto launches = static_cast<double>(divide_up(tiles, width));
    const int64_t tile = 4 * kPoints * (s.inputs + s.outputs);
    const double seconds = launches * (tile_seconds(device, tiled_product(winograd), setting, 1) +
                                       3 * device.launch_seconds()) +
                           2 * static_cast<double>(tile * tiles) / device.bytes_per_second();
    return {predict(device, group, seconds), tile * width};
}

template <class KernelType>
std::unique_ptr<Kernel> make(OpenClDevice &device, const FusedOp &group, const Setting &setting) {
    return std::make_unique<KernelType>(device, group, setting);
}

constexpr ConvolutionForm kForms[] = {
    {"winograd_n16", true, kBlockedParameters, runs_blocked, standard_blocked, is_valid_blocked,
     blocked_cost, make<BlockedKernel>, kFilterBlock},
    {"winograd_tiled", false, kWithoutParts, runs_tiled, standard_tiled, is_valid_tiled, tiled_cost,
     make<TiledKernel>, kTiledFilterBlock},
};

}  // namespace

std::span<const ConvolutionForm> winograd_forms() {
    return kForms;
}

}  // namespace cnn::opencl

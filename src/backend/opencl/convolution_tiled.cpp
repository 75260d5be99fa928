// Convolutions for GPUs as products of matrices in tiles, which work-groups hold in local memory:
// convolution_tiled.cl.
//
// What tiles cost is Hedberg's Algorithm 4 carried over to such a product: the traffic to global
// memory under the device's limits. A work-group reads (TILE_M + TILE_Q) depth elements for
// TILE_M x TILE_Q sums, whole tiles count where the edge needs but a part, its tile must fit into
// local memory and its items into a group, and groups should be as many as occupy every compute
// unit. The time is the traffic's or the arithmetic's, whichever is longer.
#include <array>
#include <cmath>
#include <vector>

#include "backend/opencl/tile.h"

namespace cnn::opencl {
namespace {

constexpr int64_t kLeastGroup = 16, kMostGroup = 256, kMostSums = 64, kLocalSlack = 512;
// Groups that a compute unit wants, so that one computes while another waits.
constexpr int64_t kGroupsPerUnit = 4;
constexpr int64_t kMostParts = 256;
// Of the device's: what such kernels reach, and how much more of the traffic its caches serve.
constexpr double kEfficiency = 0.7, kCacheFactor = 4;

// Bytes of local memory: both tiles and the tables.
int64_t local_bytes(const Setting &s) {
    return 4 * (s[kTileK] * (s[kTileM] + s[kTileQ] + 2 * s[kPad]) + 4 * s[kTileK] + 3 * s[kTileQ]);
}

}  // namespace

bool fits_device(const OpenClDevice &device, const Setting &s) {
    for (size_t i = 0; i < kPad; ++i)
        if (s[i] < 1 || s[i] > 1024) return false;
    if (s[kPad] < 0 || s[kPad] > 16 || (s[kVec] != 1 && s[kVec] != 2 && s[kVec] != 4)) return false;
    if (s[kTileM] % s[kItemM] || s[kTileQ] % s[kItemQ] || s[kItemM] % s[kVec] ||
        s[kItemQ] % s[kVec])
        return false;
    // Every item has a part in reading each tile: idle ones would gain nothing, and PoCL 3.1
    // computes wrongly where some skip the loop that reads A.
    if (group_items(s) > s[kTileK] * std::min(s[kTileM], s[kTileQ])) return false;
    const Description &limits = device.description();
    const int64_t most = std::min(kMostGroup, limits.largest_work_group);
    return group_items(s) >= std::min(kLeastGroup, most) && group_items(s) <= most &&
           s[kItemM] * s[kItemQ] <= kMostSums && local_bytes(s) + kLocalSlack <= limits.local_bytes;
}

namespace {

Product product_of(const FusedOp &group) {
    Product p;
    if (group.head().kind == OpKind::convolution_backward_weights) {
        const ConvolutionShape s = shape_of(group);
        p.m = static_cast<double>(s.outputs);
        p.q = static_cast<double>(s.weights_per_output());
        p.depth = static_cast<double>(s.batch * s.out_plane());
        p.count = static_cast<double>(s.groups);
        return p;
    }
    const Gather gather = gather_of(group);
    const ConvolutionShape &s = gather.shape;
    const auto phases = static_cast<double>(gather.phases_h * gather.phases_w);
    p.m = static_cast<double>(s.outputs);
    p.q = static_cast<double>(s.batch * s.out_plane()) / phases;
    p.depth = static_cast<double>(s.inputs) * gather.taps();
    p.count = static_cast<double>(s.groups) * phases;
    return p;
}

}  // namespace

double tile_seconds(const OpenClDevice &device, const Product &p, const Setting &s, int64_t parts) {
    const auto m = static_cast<double>(s[kTileM]), q = static_cast<double>(s[kTileQ]);
    const double k = static_cast<double>(s[kTileK]);
    const double depth = std::ceil(p.depth / static_cast<double>(parts) / k) * k;
    const double groups =
        std::ceil(p.m / m) * std::ceil(p.q / q) * p.count * static_cast<double>(parts);
    // Elements read from local memory for as many products.
    const auto item_m = static_cast<double>(s[kItemM]), item_q = static_cast<double>(s[kItemQ]);
    const double reads = (item_m + item_q) / (item_m * item_q) / static_cast<double>(s[kVec]);
    const double bank = s[kPad] == 0 ? 1.02 : 1;
    const double arithmetic =
        groups * 2 * m * q * depth * (1 + reads) * bank / (kEfficiency * device.flops_per_second());
    const double traffic =
        groups * (m + q) * depth * 4 / (kCacheFactor * device.bytes_per_second());
    const double units = std::max(1, device.compute_units());
    const double idle = std::max(1.0, units * kGroupsPerUnit / groups);
    const double sums = parts > 1 ? 4 * p.m * p.q * p.count * static_cast<double>(parts) * 2 /
                                            device.bytes_per_second() +
                                        device.launch_seconds()
                                  : 0;
    return std::max(arithmetic, traffic) * idle + sums;
}

namespace {

// Tiles to start from, the largest that pays first.
constexpr std::array<std::array<int64_t, kTileDefines>, 6> kStandard{{{128, 128, 16, 8, 8, 4, 4},
                                                                      {64, 128, 16, 8, 8, 4, 4},
                                                                      {64, 64, 16, 8, 4, 4, 4},
                                                                      {32, 64, 16, 4, 4, 4, 4},
                                                                      {16, 64, 16, 4, 4, 4, 4},
                                                                      {16, 32, 8, 4, 4, 4, 0}}};

int64_t standard_parts(const OpenClDevice &device, const Product &p, const Setting &s) {
    const double groups = std::ceil(p.m / static_cast<double>(s[kTileM])) *
                          std::ceil(p.q / static_cast<double>(s[kTileQ])) * p.count;
    const double wanted = kGroupsPerUnit * std::max(1, device.compute_units());
    // A part has a few slabs at least.
    const double slabs = p.depth / static_cast<double>(4 * s[kTileK]);
    return std::clamp(static_cast<int64_t>(std::min(wanted / groups, slabs)), int64_t{1},
                      kMostParts);
}

}  // namespace

Setting best_tile(const OpenClDevice &device, const Product &p, bool parts) {
    Setting best;
    double least = 0;
    for (const auto &tile : kStandard) {
        Setting setting(tile.begin(), tile.end());
        if (!fits_device(device, setting)) continue;
        const double seconds =
            tile_seconds(device, p, setting, parts ? standard_parts(device, p, setting) : 1);
        if (!best.empty() && seconds >= least) continue;
        best = setting;
        least = seconds;
    }
    return best;
}

bool fills(const Product &p, const Setting &setting) {
    return (setting[kTileM] == kTileMValues[0] || static_cast<double>(setting[kTileM]) < 2 * p.m) &&
           (setting[kTileQ] == kTileQValues[0] || static_cast<double>(setting[kTileQ]) < 2 * p.q);
}

namespace {

bool runs_tiled(const OpenClDevice &device, const FusedOp &group) {
    return !device.is_cpu_class() && indexable(shape_of(group), 1) &&
           !best_tile(device, product_of(group), false).empty();
}

Setting standard_data(const OpenClDevice &device, const FusedOp &group) {
    return best_tile(device, product_of(group), false);
}

Setting standard_weights(const OpenClDevice &device, const FusedOp &group) {
    Setting setting = best_tile(device, product_of(group), true);
    setting.push_back(standard_parts(device, product_of(group), setting));
    return setting;
}

bool is_valid_data(const OpenClDevice &device, const FusedOp &group, const Setting &setting) {
    return fits_device(device, setting) && fills(product_of(group), setting);
}

bool is_valid_weights(const OpenClDevice &device, const FusedOp &group, const Setting &setting) {
    const Product p = product_of(group);
    return is_valid_data(device, group, setting) && setting[kParts] >= 1 &&
           setting[kParts] <= kMostParts &&
           static_cast<double>(setting[kParts] * setting[kTileK]) <
               p.depth + static_cast<double>(setting[kTileK]);
}

Cost data_cost(const OpenClDevice &device, const FusedOp &group, const Setting &setting) {
    return {predict(device, group, tile_seconds(device, product_of(group), setting, 1)), 0};
}

Cost weights_cost(const OpenClDevice &device, const FusedOp &group, const Setting &setting) {
    const int64_t parts = setting[kParts];
    return {predict(device, group, tile_seconds(device, product_of(group), setting, parts)),
            reduction_workspace(shape_of(group).weights(), parts)};
}

// --- Kernels.

class TiledKernel final : public Kernel {
  public:
    TiledKernel(OpenClDevice &device, const FusedOp &group, const Setting &setting)
        : gather_(gather_of(group)), epilogue_(epilogue_of(group)), setting_(setting) {
        function_ = device.function("convolution_tiled.cl", "convolution_tiled",
                                    build_options(kTileParameters, setting, kTileDefines) +
                                        " -DCONVOLUTION" + epilogue_.options());
        set_gather(function_, gather_, {}, epilogue_);
    }
    void launch(Queue &queue, const Launch &launch) override {
        const ConvolutionShape &s = gather_.shape;
        function_.set(0, launch.operands[epilogue_.x]);
        function_.set(2, launch.operands[epilogue_.w]);
        function_.set(4, launch.operands[epilogue_.bias]);
        function_.set(6, launch.operands[epilogue_.y]);
        function_.set(8, static_cast<int32_t>(launch.n));
        epilogue_.set_last(function_, 30, launch, 4);
        const auto local = static_cast<size_t>(group_items(setting_));
        const size_t locals[3] = {local, 1, 1};
        const size_t global[3] = {
            static_cast<size_t>(divide_up(gather_.columns(launch.n), setting_[kTileQ])) * local,
            static_cast<size_t>(divide_up(s.outputs, setting_[kTileM])),
            static_cast<size_t>(s.groups * gather_.phases_h * gather_.phases_w)};
        function_.launch(queue, 3, global, locals);
    }

  private:
    Function function_;
    Gather gather_;
    Epilogue epilogue_;
    Setting setting_;
};

class TiledWeightsKernel final : public Kernel {
  public:
    TiledWeightsKernel(OpenClDevice &device, const FusedOp &group, const Setting &setting)
        : shape_(shape_of(group)), setting_(setting) {
        const ConvolutionShape &s = shape_;
        function_ = device.function(
            "convolution_tiled.cl", "convolution_weights_tiled",
            build_options(kTileParameters, setting, kTileDefines) + " -DCONVOLUTION");
        reduction_.prepare(device, s.weights(), setting[kParts]);
        set_ints(function_, 7,
                 {s.groups, s.outputs, s.inputs, s.h.in, s.w.in, s.h.out, s.w.out, s.h.kernel,
                  s.w.kernel, s.h.stride, s.w.stride, s.h.dilation, s.w.dilation, s.h.pad, s.w.pad,
                  setting[kParts]});
    }
    void launch(Queue &queue, const Launch &launch) override {
        const ConvolutionShape &s = shape_;
        function_.set(0, launch.operands[0]);
        function_.set(2, launch.operands[1]);
        function_.set(4, reduction_.target(launch));
        function_.set(6, static_cast<int32_t>(launch.n));
        const auto local = static_cast<size_t>(group_items(setting_));
        const size_t locals[3] = {local, 1, 1};
        const size_t global[3] = {
            static_cast<size_t>(divide_up(s.weights_per_output(), setting_[kTileQ])) * local,
            static_cast<size_t>(divide_up(s.outputs, setting_[kTileM])),
            static_cast<size_t>(s.groups * reduction_.parts())};
        function_.launch(queue, 3, global, locals);
        reduction_.launch(queue, launch);
    }

  private:
    Function function_;
    Reduction reduction_;
    ConvolutionShape shape_;
    Setting setting_;
};

template <class KernelType>
std::unique_ptr<Kernel> make(OpenClDevice &device, const FusedOp &group, const Setting &setting) {
    return std::make_unique<KernelType>(device, group, setting);
}

constexpr ConvolutionForm kForms[] = {
    {"tiled", false, kWithoutParts, runs_tiled, standard_data, is_valid_data, data_cost,
     make<TiledKernel>},
};
constexpr ConvolutionForm kWeightsForms[] = {
    {"tiled", false, kTileParameters, runs_tiled, standard_weights, is_valid_weights, weights_cost,
     make<TiledWeightsKernel>},
};

}  // namespace

std::span<const ConvolutionForm> tiled_forms() {
    return kForms;
}

std::span<const ConvolutionForm> tiled_weights_forms() {
    return kWeightsForms;
}

}  // namespace cnn::opencl

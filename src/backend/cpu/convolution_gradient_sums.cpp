// Slices of sums of gradients of weights: added, and transposed into the weights' order.
#include "backend/cpu/convolution_gradient_sums.h"

#include <array>

#include "backend/cpu/move.h"

namespace cnn::cpu {
namespace {

constexpr size_t kMostLanes = 16;

}  // namespace

void gather_block(const Machine &machine, const GradientSums &plan, int64_t index, float *sums,
                  float *dw) {
    const ConvolutionShape &s = plan.shape;
    float *const from = sums + index * plan.block_floats();
    for (int64_t slice = 1; slice < plan.slices; ++slice) {
        const float *const more = from + slice * plan.slice_floats();
        for (int64_t i = 0; i < plan.block_floats(); ++i) from[i] += more[i];
    }
    const int64_t block = index % plan.channel_blocks;
    const int64_t tile = index / plan.channel_blocks % plan.filter_tiles;
    const int64_t group = index / (plan.channel_blocks * plan.filter_tiles);
    const Range blocks = part_range(plan.filter_blocks, plan.filter_tiles, tile);
    const int64_t channel = block * plan.lanes;
    const int64_t columns = std::min(plan.lanes, s.channels - channel) * s.taps();
    for (int64_t v = blocks.begin; v < blocks.end; ++v) {
        const int64_t first = v * plan.width, count = std::min(plan.width, s.filters - first);
        std::array<float *, kMostLanes> rows{};
        for (int64_t f = 0; f < count; ++f)
            rows[static_cast<size_t>(f)] =
                dw + ((group * s.filters + first + f) * s.channels + channel) * s.taps();
        machine.simd.move->lanes_to_rows(from + (v - blocks.begin) * plan.width, plan.row_floats(),
                                         rows.data(), count, columns);
    }
}

void gather_blocks(Machine &machine, const GradientSums &plan, float *sums, float *dw) {
    const double seconds = static_cast<double>(plan.slices * plan.slice_floats()) * 0.5e-9;
    for_ranges(machine, plan.blocks_of_sums(), seconds, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) gather_block(machine, plan, i, sums, dw);
    });
}

}  // namespace cnn::cpu

// Direct convolution by product tiles, whatever the layouts: a description in strides, and its run.
//
//   out[b][g][f][row][col] = sum over r, i, j, l of w[g][f][r][i][j][l] * in[b][g][r][row, i][col,
//   j][l]
//
// where f counts filters (or blocks of them), r what is summed over (channels, or blocks of them),
// i and j the taps of a row's and column's segment, and l the lanes of a block of r. Positions are
// the vectors of the product tiles and filters its scalars, or the other way around.
#pragma once

#include "backend/cpu/convolution_plan.h"

namespace cnn::cpu {

struct DirectPlan {
    bool positions_are_vectors = true;
    bool batch_is_column = false;  // outputs of one pixel: samples (or blocks of them) are columns
    int64_t batches = 1, groups = 1, filters = 1, reductions = 1;
    // Of a block of r: all of a full block, and of the last.
    int64_t lanes = 1, last_lanes = 1;
    std::vector<Segment> rows, columns;

    // Strides in floats; w's row and column are of taps, the others of pixels.
    int64_t in_batch = 0, in_group = 0, in_reduction = 0, in_row = 0, in_column = 0, in_lane = 0;
    int64_t out_batch = 0, out_group = 0, out_filter = 0, out_row = 0, out_column = 0;
    int64_t w_group = 0, w_filter = 0, w_reduction = 0, w_row = 0, w_column = 0, w_lane = 0;
    int64_t bias_group = 0, bias_filter = 0;
    int64_t w_ahead = 0;  // how far ahead of a scalar weight to prefetch

    // Lanes in use of the last vector along filters or positions, and whether the rest is left
    // alone.
    int64_t out_lanes = 0;
    bool trim = false;
    // Outputs, whole vectors, are more than a cache holds: they are written past it, which spares
    // reading their lines first.
    bool stream = false;

    // Chosen by `choose_tiles`.
    int64_t filter_tile = 1, position_tile = 1;
    int64_t reduction_chunk = 1;  // summed at once, between visits to out
    int64_t filter_block = 1;     // tiles of filters swept at each position
    int64_t row_parts = 1, filter_parts = 1;
    int64_t batch_parts = 1;  // of `batches`
    double seconds = 0;       // of one core
};

// What a launch adds.
struct DirectArguments {
    int64_t batches = 0;  // in place of the plan's, or of its columns
    const float *in = nullptr, *w = nullptr;
    float *out = nullptr;
    TileEpilogue epilogue;
};

// Chooses tiles, blocks and parts, and predicts the seconds of one core.
void choose_tiles(const Machine &machine, DirectPlan &plan);
// Work is cut into this many units.
inline int64_t units_of(const DirectPlan &plan) {
    return plan.batch_parts * plan.groups * plan.row_parts * plan.filter_parts;
}
void run_unit(const ConvolutionKernels &kernels, const DirectPlan &plan,
              const DirectArguments &arguments, int64_t unit);
// All of it, by the pool where that pays.
void run_direct(Machine &machine, const DirectPlan &plan, const DirectArguments &arguments);

}  // namespace cnn::cpu

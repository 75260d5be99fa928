// What the ways to sum up gradients of weights with channels in the lanes have in common: slices of
// sums in the workspace, [tile of filters][block of x][lane][i][j][filters of the tile], and how
// they are brought to dw.
#pragma once

#include "backend/cpu/convolution_plan.h"

namespace cnn::cpu {

// A slice is a part of what is summed over whose sums are kept apart, so that there is enough to
// share among threads; slices are added in order.
struct GradientSums {
    ConvolutionShape shape;
    int64_t width = 1;
    int64_t lanes = 1;           // of a block of x: the width, or 1 where x is plain
    int64_t channel_blocks = 1;  // per group, as the others
    int64_t filter_blocks = 1, filter_tile = 1, filter_tiles = 1;
    int64_t slices = 1;

    int64_t row_floats() const { return filter_tile * width; }  // sums of one scalar
    int64_t block_floats() const { return shape.taps() * lanes * row_floats(); }
    int64_t slice_floats() const { return blocks_of_sums() * block_floats(); }
    int64_t blocks_of_sums() const { return shape.groups * filter_tiles * channel_blocks; }
};

// Adds the slices of a tile of filters and a block of x, and brings them to dw.
void gather_block(const Machine &machine, const GradientSums &plan, int64_t index, float *sums,
                  float *dw);
// The same of all blocks, by the pool where that pays.
void gather_blocks(Machine &machine, const GradientSums &plan, float *sums, float *dw);

}  // namespace cnn::cpu

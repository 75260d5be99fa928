// What the ways to run a convolution share: its sizes, where its windows lie, and what is fused to
// it.
#pragma once

#include <vector>

#include "backend/cpu/convolution.h"
#include "backend/cpu/machine.h"

namespace cnn::cpu {

// Sizes of a convolution; axes are depth, height, width, those that it lacks have size 1.
//   y[n][g F + f][o] = sum over c, k of w[g F + f][c][k] x[n][g C + c][o * stride - pad + k *
//   dilation]
struct ConvolutionShape {
    int64_t batch = 1, groups = 1;
    int64_t channels = 1, filters = 1;  // C and F: of x and y, per group
    int64_t in[3]{1, 1, 1}, out[3]{1, 1, 1}, kernel[3]{1, 1, 1};
    int64_t stride[3]{1, 1, 1}, dilation[3]{1, 1, 1}, pad[3]{0, 0, 0};

    int64_t in_plane() const { return in[0] * in[1] * in[2]; }
    int64_t out_plane() const { return out[0] * out[1] * out[2]; }
    int64_t taps() const { return kernel[0] * kernel[1] * kernel[2]; }
    int64_t weights() const { return groups * filters * channels * taps(); }
    // Depth plays no part: the kernels for planes apply.
    bool is_planar() const { return kernel[0] == 1 && in[0] == 1 && out[0] == 1; }
    // The window is the whole input.
    bool is_dense() const;
    // The same sums with the input's elements as channels of a 1x1 image: for layouts in which a
    // sample's elements lie as in a plain one.
    ConvolutionShape flattened() const;
};

// A group's operands: positions in FusedOp::operands(), -1 where there is none.
struct ConvolutionGroup {
    ConvolutionShape shape;
    Shape x, w, y;
    int x_operand = 0, w_operand = 0, y_operand = 0;
    int bias_operand = -1, scale_operand = -1, shift_operand = -1, residual_operand = -1;
    int operands = 0;
    int64_t accept = 0;     // the less accurate ways that may run it
    TileEpilogue epilogue;  // but for where its operands are

    explicit ConvolutionGroup(const FusedOp &op);
    // The epilogue at a launch, of channel 0.
    TileEpilogue epilogue_at(const Launch &launch) const;
};

// Consecutive outputs along an axis that read through the same taps: output
// out_begin + i * out_step reads input in_begin + i * in_step + t * in_tap_step through the
// kernel's tap tap_begin + t * tap_step, t < taps.
struct Segment {
    int64_t out_begin = 0, out_step = 1, count = 0;
    int64_t in_begin = 0, in_step = 1;
    int64_t taps = 0, tap_begin = 0, tap_step = 1, in_tap_step = 1;
};

// Axis `axis`: of the forward pass, and of backward_data, whose "input" is dy and "output" dx.
std::vector<Segment> forward_segments(const ConvolutionShape &shape, int axis);
std::vector<Segment> backward_segments(const ConvolutionShape &shape, int axis);
int64_t positions_of(const std::vector<Segment> &segments);

// Of the outputs along an axis, those that read through tap k inside the input.
Range outputs_inside(const ConvolutionShape &shape, int axis, int64_t k, Range outputs);
// Columns that read through all of these taps of a kernel's row inside the input.
Range columns_inside(const ConvolutionShape &shape, Range taps);

// Piece i of n items cut into pieces of at most `size`, as equal as can be.
inline int64_t pieces_of(int64_t n, int64_t size) {
    return divide_up(n, size);
}

// Seconds that a core needs for a cycle.
inline double cycle_seconds(const Machine &machine) {
    return 4.0 * machine.width() / machine.flops_per_second;
}

// From point to point of Winograd's transforms: an odd number of cache lines, so that the points of
// a tile don't compete for the same sets of the cache.
inline int64_t points_apart(int64_t floats) {
    return (divide_up(floats, 16) | 1) * 16;
}
// Whether Winograd's ways apply: planes, 3x3 filters side by side, of one group.
bool is_for_winograd(const ConvolutionShape &shape);

// Cycles of one round of a product tile: multiply-adds and loads at two a cycle, a chain of
// additions four cycles long, vectors that come from farther than L1 at `far` cycles each, and the
// loop.
double round_cycles(int64_t scalars, int64_t vectors, double far);
// Cycles that a vector of a set of so many bytes, passed again and again, needs beyond L1.
double far_cycles(const Machine &machine, int64_t bytes);

// Seconds of all cores where one would compute so long, with the traffic of so many floats.
double seconds_with_traffic(const Machine &machine, double one_core, double floats);

// The ways to run a group: what they cost and how they are prepared. Each adds its candidates, if
// it applies, and prepares those whose algorithm it knows; else gives null.
struct ConvolutionWay {
    void (*candidates)(const Machine &machine, const ConvolutionGroup &group,
                       std::vector<Candidate> &out);
    std::unique_ptr<Kernel> (*prepare)(Machine &machine, const ConvolutionGroup &group,
                                       const Candidate &candidate);
};
extern const ConvolutionWay kDirectForward, kDirectBackwardData;
extern const ConvolutionWay kDepthwiseForward, kDepthwiseBackwardData, kDepthwiseBackwardWeights;
extern const ConvolutionWay kRowsForward, kWinogradForward, kWinogradBackwardData;
extern const ConvolutionWay kSamplesBackwardWeights, kChannelsBackwardWeights;
extern const ConvolutionWay kDenseBackwardWeights, kWinogradBackwardWeights;
extern const ConvolutionWay kPlainForward, kPlainBackwardData, kPlainBackwardWeights;

// A candidate of a group's layouts, in the operands' order; a residual lies as y does, values by
// channel are plain.
Candidate make_candidate(const ConvolutionGroup &group, const char *algorithm, const Layout &x,
                         const Layout &w, const Layout &y, double seconds);

}  // namespace cnn::cpu

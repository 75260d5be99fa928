// Depthwise convolutions with channels in the lanes, in the three directions: x, y
// [N][C/W][H][W][W c], w [C/W][kH][kW][W c].
#include <cstdlib>

#include "backend/cpu/convolution_plan.h"

namespace cnn::cpu {
namespace {

constexpr const char *kDepthwise = "depthwise_c";

// From "in" to "out": x to y, or dy to dx through the segments of backward_segments.
struct DepthwisePlan {
    bool forward = true;
    std::vector<Segment> rows, columns;
    int64_t channels = 0, blocks = 0;  // of channels
    int64_t taps = 0, kernel_width = 0;
    int64_t in_width = 0, in_plane = 0, out_width = 0, out_plane = 0;
    double seconds = 0;
};

// The row that none has read before comes first, so that what it waits for is asked for early.
void start_at_last_row(Segment &rows) {
    if (rows.in_tap_step < 0 || rows.taps == 0) return;
    rows.in_begin += (rows.taps - 1) * rows.in_tap_step;
    rows.tap_begin += (rows.taps - 1) * rows.tap_step;
    rows.in_tap_step = -rows.in_tap_step;
    rows.tap_step = -rows.tap_step;
}

DepthwisePlan depthwise_plan(const Machine &machine, const ConvolutionShape &s, bool forward) {
    DepthwisePlan plan;
    plan.forward = forward;
    plan.rows = forward ? forward_segments(s, 1) : backward_segments(s, 1);
    for (Segment &segment : plan.rows) start_at_last_row(segment);
    plan.columns = forward ? forward_segments(s, 2) : backward_segments(s, 2);
    plan.channels = s.groups;
    plan.blocks = divide_up(s.groups, machine.width());
    plan.taps = s.taps();
    plan.kernel_width = s.kernel[2];
    plan.in_width = forward ? s.in[2] : s.out[2];
    plan.in_plane = forward ? s.in_plane() : s.out_plane();
    plan.out_width = forward ? s.out[2] : s.in[2];
    plan.out_plane = forward ? s.out_plane() : s.in_plane();
    // Multiply-adds go to the smaller of the two maps.
    const double pixels = static_cast<double>(s.batch * plan.blocks * s.out_plane());
    plan.seconds = pixels * (0.7 * static_cast<double>(s.taps()) + 4) * cycle_seconds(machine);
    return plan;
}

constexpr int64_t kPixels = ConvolutionKernels::kDepthwisePixels;

class DepthwiseRun {
  public:
    DepthwiseRun(const Machine &machine, const DepthwisePlan &plan, const ConvolutionGroup &group,
                 const Launch &launch)
        : kernels_(*machine.simd.convolution),
          plan_(plan),
          width_(machine.width()),
          in_(operand(launch, plan.forward ? group.x_operand : group.y_operand)),
          w_(operand(launch, group.w_operand)),
          out_(operand(launch, plan.forward ? group.y_operand : group.x_operand)),
          epilogue_(group.epilogue_at(launch)) {}

    // Block of channels `plane` % blocks of sample `plane` / blocks.
    void run(int64_t plane) const;

  private:
    int64_t run_window(const DepthwiseTile &tile, const Segment &column, const float *in,
                       float *out) const;
    void run_row(DepthwiseTile &tile, const Segment &column, const float *in, float *out) const;

    const ConvolutionKernels &kernels_;
    const DepthwisePlan &plan_;
    int64_t width_;
    const float *in_, *w_;
    float *out_;
    TileEpilogue epilogue_;
};

void DepthwiseRun::run(int64_t plane) const {
    const int64_t block = plane % plan_.blocks;
    const float *const in = in_ + plane * plan_.in_plane * width_;
    float *const out = out_ + plane * plan_.out_plane * width_;
    const float *const w = w_ + block * plan_.taps * width_;
    DepthwiseTile t;
    t.lanes = std::min(width_, plan_.channels - block * width_);
    t.epilogue = epilogue_.at(block * width_, 0);
    for (const Segment &row : plan_.rows) {
        t.row_taps = row.taps;
        t.w_row = row.tap_step * plan_.kernel_width * width_;
        t.x_row = row.in_tap_step * plan_.in_width * width_;
        for (int64_t r = 0; r < row.count; ++r) {
            const int64_t in_row = (row.in_begin + r * row.in_step) * plan_.in_width;
            const int64_t out_row = (row.out_begin + r * row.out_step) * plan_.out_width;
            for (const Segment &column : plan_.columns) {
                t.w = w + (row.tap_begin * plan_.kernel_width + column.tap_begin) * width_;
                run_row(t, column, in + in_row * width_, out + out_row * width_);
            }
        }
    }
}

// The pixels that depthwise_row takes of a row of those that read through the same taps; else 0.
int64_t DepthwiseRun::run_window(const DepthwiseTile &tile, const Segment &column, const float *in,
                                 float *out) const {
    const TileActivation activation = epilogue_.activation;
    const bool floored = activation == TileActivation::linear || activation == TileActivation::relu;
    if (tile.row_taps != 3 || column.taps != 3 || std::abs(column.in_tap_step) != 1 ||
        column.in_step > 2 || column.out_step != 1 || tile.lanes < width_ || !floored)
        return 0;
    DepthwiseRow row;
    row.pixels = column.count / kPixels * kPixels;
    if (row.pixels == 0) return 0;
    row.w = tile.w;
    row.w_row = tile.w_row;
    row.w_column = column.tap_step * width_;
    row.x = in + column.in_begin * width_;
    row.x_row = tile.x_row;
    // Backwards through the input is backwards through the taps.
    if (column.in_tap_step < 0) {
        row.w += 2 * row.w_column;
        row.w_column = -row.w_column;
        row.x -= 2 * width_;
    }
    row.out = out + column.out_begin * width_;
    row.epilogue = tile.epilogue;
    if (epilogue_.residual != nullptr)
        row.epilogue.residual = epilogue_.residual + (row.out - out_);
    kernels_.depthwise_row[column.in_step - 1](row);
    return row.pixels;
}

void DepthwiseRun::run_row(DepthwiseTile &tile, const Segment &column, const float *in,
                           float *out) const {
    tile.column_taps = column.taps;
    tile.w_column = column.tap_step * width_;
    tile.x_column = column.in_tap_step * width_;
    tile.x_stride = column.in_step * width_;
    tile.out_stride = column.out_step * width_;
    const int64_t done = run_window(tile, column, in, out);
    const int64_t left = column.count - done;
    const int64_t tiles = pieces_of(left, ConvolutionKernels::kMaxPixels);
    for (int64_t i = 0; i < tiles; ++i) {
        Range piece = part_range(left, tiles, i);
        piece.begin += done;
        piece.end += done;
        tile.x = in + (column.in_begin + piece.begin * column.in_step) * width_;
        tile.out = out + (column.out_begin + piece.begin * column.out_step) * width_;
        if (epilogue_.residual != nullptr) {
            tile.epilogue.residual = epilogue_.residual + (tile.out - out_);
        }
        kernels_.depthwise[piece.end - piece.begin - 1](tile);
    }
}

bool is_depthwise(const ConvolutionShape &s) {
    return s.is_planar() && s.channels == 1 && s.filters == 1;
}

template <bool Forward>
void candidates(const Machine &machine, const ConvolutionGroup &group,
                std::vector<Candidate> &out) {
    if (!is_depthwise(group.shape)) return;
    const Layout blocked = machine.c_blocked(), packed = Layout::blocked(0, machine.width());
    const double elements =
        static_cast<double>(blocked.elements(group.x) + blocked.elements(group.y));
    const double seconds = depthwise_plan(machine, group.shape, Forward).seconds;
    out.push_back(make_candidate(group, kDepthwise, blocked, packed, blocked,
                                 seconds_with_traffic(machine, seconds, elements)));
}

template <bool Forward>
std::unique_ptr<Kernel> prepare(Machine &machine, const ConvolutionGroup &group,
                                const Candidate &candidate) {
    if (candidate.algorithm != kDepthwise) return nullptr;
    ConvolutionGroup bound = group;
    bound.epilogue.channels = TileChannels::vectors;
    return make_kernel([&machine, bound, plan = depthwise_plan(machine, group.shape, Forward)](
                           const Launch &launch) {
        const DepthwiseRun run(machine, plan, bound, launch);
        for_ranges(machine, launch.n * plan.blocks, plan.seconds, [&](int64_t begin, int64_t end) {
            for (int64_t plane = begin; plane < end; ++plane) run.run(plane);
        });
    });
}

// --- The gradient of the weights; sums are [C/W][slice][taps][W c].

struct GradientPlan {
    ConvolutionShape shape;
    int64_t blocks = 1;    // of channels
    int64_t row_tile = 1;  // taps of a kernel's row at once
    bool whole_kernel = false;
    int64_t slices = 1;  // of samples
    double seconds = 0;
};

GradientPlan gradient_plan(const Machine &machine, const ConvolutionShape &s) {
    GradientPlan plan;
    plan.shape = s;
    plan.blocks = divide_up(s.groups, machine.width());
    plan.row_tile = ConvolutionKernels::kMaxVectors;
    while (machine.simd.convolution->weights[0][plan.row_tile - 1] == nullptr) --plan.row_tile;
    plan.row_tile = divide_up(s.kernel[2], pieces_of(s.kernel[2], plan.row_tile));
    plan.whole_kernel = s.stride[1] == 1 && s.dilation[1] == 1 && plan.row_tile == s.kernel[2] &&
                        s.kernel[1] <= ConvolutionKernels::kMaxScalars &&
                        machine.simd.convolution->weights[s.kernel[1] - 1][plan.row_tile - 1];
    const double columns = static_cast<double>(s.batch * plan.blocks * s.out_plane());
    const double pieces = static_cast<double>(pieces_of(s.kernel[2], plan.row_tile));
    const double rounds = plan.whole_kernel ? 1 : pieces * static_cast<double>(s.kernel[1]);
    const int64_t sums = plan.row_tile * (plan.whole_kernel ? s.kernel[1] : 1);
    const double cycles = std::max(4.0, 0.5 * static_cast<double>(sums)) + 0.5;
    plan.seconds = columns * rounds * cycles * cycle_seconds(machine);
    const int64_t wanted = part_count(kMaxParts / 2, plan.seconds);
    plan.slices = std::clamp<int64_t>(divide_up(wanted, plan.blocks), 1, s.batch);
    return plan;
}

// What tiles of sums have in common: `taps` of a kernel's row.
WeightsTile tile_of(const Machine &machine, const ConvolutionShape &s, Range taps) {
    const int64_t w = machine.width();
    const Range inner = columns_inside(s, taps);
    WeightsTile t;
    t.x_stride = s.dilation[2] * w;
    t.columns = s.out[2];
    t.inner_begin = inner.begin;
    t.inner_end = inner.end;
    t.x_column = s.stride[2] * w;
    t.first_column = taps.begin * s.dilation[2] - s.pad[2];
    t.column_step = s.stride[2];
    t.tap_step = s.dilation[2];
    t.in_columns = s.in[2];
    return t;
}

// A piece of a kernel's row over the samples of a slice.
void run_taps(const Machine &machine, const GradientPlan &plan, const float *x, const float *dy,
              float *sums, int64_t block, Range samples, int64_t tap_row, Range taps) {
    const ConvolutionShape &s = plan.shape;
    const int64_t w = machine.width();
    const Range rows = outputs_inside(s, 1, tap_row, {0, s.out[1]});
    const int64_t in_row = rows.begin * s.stride[1] - s.pad[1] + tap_row * s.dilation[1];
    WeightsTile t = tile_of(machine, s, taps);
    t.sums = sums;
    t.rows = rows.end - rows.begin;
    t.dy_row = s.out[2] * w;
    t.x_row = s.stride[1] * s.in[2] * w;
    for (int64_t n = samples.begin; n < samples.end; ++n) {
        const int64_t plane = n * plan.blocks + block;
        t.dy = dy + (plane * s.out_plane() + rows.begin * s.out[2]) * w;
        t.x = x + (plane * s.in_plane() + in_row * s.in[2] + t.first_column) * w;
        t.first = n == samples.begin;
        machine.simd.convolution->weights[0][taps.end - taps.begin - 1](t);
    }
}

// The rows of the kernel through which a row of x reaches dy, at strides and dilations of 1.
Range tap_rows_of(const ConvolutionShape &s, int64_t in_row) {
    const int64_t first = in_row + s.pad[1];  // the row of dy that it reaches through tap 0
    return {std::max<int64_t>(first - s.out[1] + 1, 0), std::min(first + 1, s.kernel[1])};
}

// All taps of whole kernels at once, which read x and dy once: a row of x is multiplied by the rows
// of dy that it reaches, the later the tap the earlier the row.
void run_kernel(const Machine &machine, const GradientPlan &plan, const float *x, const float *dy,
                float *sums, int64_t block, Range samples) {
    const ConvolutionShape &s = plan.shape;
    const int64_t w = machine.width();
    WeightsTile t = tile_of(machine, s, {0, s.kernel[2]});
    t.dy_stride = -s.out[2] * w;
    t.dy_row = s.out[2] * w;
    t.x_row = s.in[2] * w;
    t.first = false;
    std::fill_n(sums, s.taps() * w, 0.0f);
    for (int64_t n = samples.begin; n < samples.end; ++n) {
        const int64_t plane = n * plan.blocks + block;
        for (int64_t row = 0; row < s.in[1]; row += t.rows) {
            const Range taps = tap_rows_of(s, row);
            const int64_t count = taps.end - taps.begin;
            // Most rows have all taps.
            t.rows = count == s.kernel[1] ? s.out[1] - (row + s.pad[1] - taps.begin) : 1;
            t.rows = std::min(t.rows, s.in[1] - row);
            if (count <= 0) continue;
            t.sums = sums + taps.begin * s.kernel[2] * w;
            t.dy = dy + (plane * s.out_plane() + (row + s.pad[1] - taps.begin) * s.out[2]) * w;
            t.x = x + (plane * s.in_plane() + row * s.in[2] + t.first_column) * w;
            machine.simd.convolution->weights[count - 1][s.kernel[2] - 1](t);
        }
    }
}

void run_slice(const Machine &machine, const GradientPlan &plan, const ConvolutionGroup &group,
               const Launch &launch, int64_t block, int64_t slice) {
    const ConvolutionShape &s = plan.shape;
    const int64_t w = machine.width();
    float *const sums = at(launch.workspace) + (block * plan.slices + slice) * s.taps() * w;
    Range samples = part_range(s.batch, plan.slices, slice);
    samples.end = std::min(samples.end, launch.n);
    if (samples.begin >= samples.end) {
        std::fill_n(sums, s.taps() * w, 0.0f);
        return;
    }
    const float *const x = operand(launch, group.x_operand);
    const float *const dy = operand(launch, group.y_operand);
    if (plan.whole_kernel) return run_kernel(machine, plan, x, dy, sums, block, samples);
    const int64_t pieces = pieces_of(s.kernel[2], plan.row_tile);
    for (int64_t row = 0; row < s.kernel[1]; ++row) {
        for (int64_t i = 0; i < pieces; ++i) {
            const Range taps = part_range(s.kernel[2], pieces, i);
            run_taps(machine, plan, x, dy, sums + (row * s.kernel[2] + taps.begin) * w, block,
                     samples, row, taps);
        }
    }
}

void gather_channels(const Machine &machine, const GradientPlan &plan, const float *sums,
                     float *dw) {
    const ConvolutionShape &s = plan.shape;
    const int64_t w = machine.width(), taps = s.taps();
    for (int64_t c = 0; c < s.groups; ++c) {
        const float *const from = sums + c / w * plan.slices * taps * w + c % w;
        for (int64_t t = 0; t < taps; ++t) {
            float sum = 0;
            for (int64_t i = 0; i < plan.slices; ++i) sum += from[(i * taps + t) * w];
            dw[c * taps + t] = sum;
        }
    }
}

void gradient_candidates(const Machine &machine, const ConvolutionGroup &group,
                         std::vector<Candidate> &out) {
    const ConvolutionShape &s = group.shape;
    if (!is_depthwise(s)) return;
    const GradientPlan plan = gradient_plan(machine, s);
    const Layout blocked = machine.c_blocked();
    const double elements =
        static_cast<double>(blocked.elements(group.x) + blocked.elements(group.y));
    Candidate candidate = make_candidate(group, kDepthwise, blocked, Layout::plain(), blocked,
                                         seconds_with_traffic(machine, plan.seconds, elements));
    candidate.workspace = plan.blocks * plan.slices * s.taps() * machine.width() * 4;
    out.push_back(std::move(candidate));
}

std::unique_ptr<Kernel> prepare_gradient(Machine &machine, const ConvolutionGroup &group,
                                         const Candidate &candidate) {
    if (candidate.algorithm != kDepthwise) return nullptr;
    return make_kernel(
        [&machine, group, plan = gradient_plan(machine, group.shape)](const Launch &launch) {
            const int64_t units = plan.blocks * plan.slices;
            for_ranges(machine, units, plan.seconds, [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; ++i) {
                    run_slice(machine, plan, group, launch, i / plan.slices, i % plan.slices);
                }
            });
            gather_channels(machine, plan, at(launch.workspace), operand(launch, group.w_operand));
        });
}

}  // namespace

const ConvolutionWay kDepthwiseForward = {candidates<true>, prepare<true>};
const ConvolutionWay kDepthwiseBackwardData = {candidates<false>, prepare<false>};
const ConvolutionWay kDepthwiseBackwardWeights = {gradient_candidates, prepare_gradient};

}  // namespace cnn::cpu

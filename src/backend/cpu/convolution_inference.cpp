// Forward passes of small batches: depthwise convolutions with channels in the lanes, and dense
// layers of a few plain samples, whose weights are read once.
#include "backend/cpu/convolution_plan.h"

namespace cnn::cpu {
namespace {

constexpr const char *kDepthwise = "depthwise_c";
constexpr const char *kRows = "dense_rows";

double bounded_by(const Machine &machine, double one_core, double elements) {
    const double compute = one_core < kForkSeconds ? one_core : one_core / machine.pool.threads();
    const double traffic = machine.seconds_of_bytes(elements * 4);
    return std::max(compute, traffic) + 0.25 * std::min(compute, traffic);
}

// x, y [N][C/W][H][W][W c], w [C/W][kH][kW][W c].
struct DepthwisePlan {
    ConvolutionShape shape;
    std::vector<Segment> rows, columns;
    int64_t blocks = 0;  // of channels
    double seconds = 0;
};

DepthwisePlan depthwise_plan(const Machine &machine, const ConvolutionShape &s) {
    DepthwisePlan plan{s, forward_segments(s, 1), forward_segments(s, 2),
                       divide_up(s.groups, machine.width()), 0};
    const double pixels = static_cast<double>(s.batch * plan.blocks * s.out_plane());
    plan.seconds = pixels * (0.7 * static_cast<double>(s.taps()) + 4) * cycle_seconds(machine);
    return plan;
}

class DepthwiseRun {
  public:
    DepthwiseRun(const Machine &machine, const DepthwisePlan &plan, const ConvolutionGroup &group,
                 const Launch &launch)
        : kernels_(*machine.simd.convolution),
          plan_(plan),
          width_(machine.width()),
          x_(operand(launch, group.x_operand)),
          w_(operand(launch, group.w_operand)),
          y_(operand(launch, group.y_operand)),
          epilogue_(group.epilogue_at(launch)) {}

    // Block of channels `plane` % blocks of sample `plane` / blocks.
    void run(int64_t plane) const;

  private:
    void run_row(DepthwiseTile &tile, const Segment &column, const float *x, float *y) const;

    const ConvolutionKernels &kernels_;
    const DepthwisePlan &plan_;
    int64_t width_;
    const float *x_, *w_;
    float *y_;
    TileEpilogue epilogue_;
};

void DepthwiseRun::run(int64_t plane) const {
    const ConvolutionShape &s = plan_.shape;
    const int64_t block = plane % plan_.blocks;
    const float *const x = x_ + plane * s.in_plane() * width_;
    float *const y = y_ + plane * s.out_plane() * width_;
    DepthwiseTile t;
    t.lanes = std::min(width_, s.groups - block * width_);
    t.w_row = s.kernel[2] * width_;
    t.w_column = width_;
    t.x_row = s.dilation[1] * s.in[2] * width_;
    t.x_column = s.dilation[2] * width_;
    t.x_stride = s.stride[2] * width_;
    t.out_stride = width_;
    t.epilogue = epilogue_.at(block * width_, 0);
    for (const Segment &row : plan_.rows) {
        t.row_taps = row.taps;
        for (int64_t r = 0; r < row.count; ++r) {
            const int64_t in = (row.in_begin + r * row.in_step) * s.in[2] * width_;
            const int64_t out = (row.out_begin + r) * s.out[2] * width_;
            for (const Segment &column : plan_.columns) {
                t.w = w_ +
                      (block * s.taps() + row.tap_begin * s.kernel[2] + column.tap_begin) * width_;
                run_row(t, column, x + in, y + out);
            }
        }
    }
}

void DepthwiseRun::run_row(DepthwiseTile &tile, const Segment &column, const float *x,
                           float *y) const {
    tile.column_taps = column.taps;
    const int64_t tiles = pieces_of(column.count, ConvolutionKernels::kMaxPixels);
    for (int64_t i = 0; i < tiles; ++i) {
        const Range piece = part_range(column.count, tiles, i);
        tile.x = x + (column.in_begin + piece.begin * column.in_step) * width_;
        tile.out = y + (column.out_begin + piece.begin) * width_;
        if (epilogue_.residual != nullptr) {
            tile.epilogue.residual = epilogue_.residual + (tile.out - y_);
        }
        kernels_.depthwise[piece.end - piece.begin - 1](tile);
    }
}

void depthwise_candidates(const Machine &machine, const ConvolutionGroup &group,
                          std::vector<Candidate> &out) {
    const ConvolutionShape &s = group.shape;
    if (!s.is_planar() || s.channels != 1 || s.filters != 1) return;
    const Layout blocked = machine.c_blocked(), packed = Layout::blocked(0, machine.width());
    const double elements =
        static_cast<double>(blocked.elements(group.x) + blocked.elements(group.y));
    const double seconds = depthwise_plan(machine, s).seconds;
    out.push_back(make_candidate(group, kDepthwise, blocked, packed, blocked,
                                 bounded_by(machine, seconds, elements)));
}

std::unique_ptr<Kernel> prepare_depthwise(Machine &machine, const ConvolutionGroup &group,
                                          const Candidate &candidate) {
    if (candidate.algorithm != kDepthwise) return nullptr;
    ConvolutionGroup bound = group;
    bound.epilogue.channels = TileChannels::vectors;
    return make_kernel([&machine, bound,
                        plan = depthwise_plan(machine, group.shape)](const Launch &launch) {
        const DepthwiseRun run(machine, plan, bound, launch);
        for_ranges(machine, launch.n * plan.blocks, plan.seconds, [&](int64_t begin, int64_t end) {
            for (int64_t plane = begin; plane < end; ++plane) run.run(plane);
        });
    });
}

// Seconds of one core: a load for each weight, and its products.
double rows_seconds(const Machine &machine, const ConvolutionShape &flat) {
    const double weights = static_cast<double>(flat.weights()) / machine.width();
    const double samples = static_cast<double>(flat.batch);
    const double sums = static_cast<double>(flat.groups * flat.filters) * samples;
    return (weights * (0.8 * samples + 0.6) + 12 * sums) * cycle_seconds(machine);
}

void rows_candidates(const Machine &machine, const ConvolutionGroup &group,
                     std::vector<Candidate> &out) {
    if (!group.shape.is_dense() || group.residual_operand >= 0) return;
    const Layout plain = Layout::plain();
    const ConvolutionShape flat = group.shape.flattened();
    const double elements = static_cast<double>(flat.weights() + group.x.elements());
    out.push_back(make_candidate(group, kRows, plain, plain, plain,
                                 bounded_by(machine, rows_seconds(machine, flat), elements)));
}

// Filters [begin, end) of a group for all samples.
void run_rows(const Machine &machine, const ConvolutionShape &flat, int64_t n, RowsProduct t,
              Range filters) {
    constexpr int64_t rows = ConvolutionKernels::kMaxRows;
    constexpr int64_t samples = ConvolutionKernels::kMaxSamples;
    const RowsProduct first = t;
    for (int64_t f = filters.begin; f < filters.end; f += rows) {
        for (int64_t i = 0; i < n; i += samples) {
            t.w = first.w + f * flat.channels;
            t.x = first.x + i * t.x_stride;
            t.y = first.y + i * t.y_stride + f;
            t.epilogue = first.epilogue.at(f, 0);
            const int64_t r = std::min(rows, filters.end - f), c = std::min(samples, n - i);
            machine.simd.convolution->rows_product[r - 1][c - 1](t);
        }
    }
}

std::unique_ptr<Kernel> prepare_rows(Machine &machine, const ConvolutionGroup &group,
                                     const Candidate &candidate) {
    if (candidate.algorithm != kRows) return nullptr;
    const ConvolutionShape flat = group.shape.flattened();
    return make_kernel(
        [&machine, group, flat, seconds = rows_seconds(machine, flat)](const Launch &launch) {
            const int64_t tiles = divide_up(flat.filters, ConvolutionKernels::kMaxRows);
            for_ranges(machine, flat.groups * tiles, seconds, [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; ++i) {
                    const int64_t g = i / tiles, f = i % tiles * ConvolutionKernels::kMaxRows;
                    RowsProduct t;
                    t.w = operand(launch, group.w_operand) + g * flat.filters * flat.channels;
                    t.x = operand(launch, group.x_operand) + g * flat.channels;
                    t.y = operand(launch, group.y_operand) + g * flat.filters;
                    t.depth = t.w_stride = flat.channels;
                    t.x_stride = flat.groups * flat.channels;
                    t.y_stride = flat.groups * flat.filters;
                    t.epilogue = group.epilogue_at(launch).at(g * flat.filters, 0);
                    const int64_t end_f = std::min(flat.filters, f + ConvolutionKernels::kMaxRows);
                    run_rows(machine, flat, launch.n, t, {f, end_f});
                }
            });
        });
}

}  // namespace

const ConvolutionWay kDepthwiseForward = {depthwise_candidates, prepare_depthwise};
const ConvolutionWay kRowsForward = {rows_candidates, prepare_rows};

}  // namespace cnn::cpu

// Gradients of weights with samples in the lanes.
//
// Convolutions: tiles of filters times taps keep vectors of sums, over blocks of samples and rows
// small enough that the rows of dy stay in L1 while every tap passes; lanes are added up at the
// end. Dense layers: x is transposed so that its elements lie in the lanes, and dw is a product.
#include "backend/cpu/convolution_direct.h"

namespace cnn::cpu {
namespace {

constexpr const char *kSamples = "direct_n";
constexpr const char *kTransposed = "transposed_n";

// Taps of one kernel row that a tile takes: consecutive columns of one channel, or, for kernels a
// column wide, the same tap of consecutive channels.
struct TapTile {
    int64_t channel, row, column;
    int64_t count;
};

// A slice is a range of (block of samples, block of rows) whose sums are kept apart, so that there
// is enough to share among threads; slices are added in order.
struct GradientPlan {
    ConvolutionShape shape;
    bool along_channels = false;
    int64_t filter_tile = 1, filter_tiles = 1;  // per group
    std::vector<TapTile> taps;                  // of a group
    int64_t tap_chunk = 1, tap_chunks = 1;      // tiles whose sums are kept at once
    int64_t row_block = 1, row_blocks = 1;
    int64_t slices = 1;
    int64_t sums = 0;   // floats of a part's tile sums
    int64_t parts = 1;  // each with sums of its own
    double seconds = 0;

    int64_t units() const { return shape.groups * filter_tiles * tap_chunks * slices; }
    int64_t blocks(int64_t batches) const { return batches * row_blocks; }
    int64_t workspace() const { return parts * sums + (slices > 1 ? slices * shape.weights() : 0); }
};

void choose_tiles(const Machine &machine, GradientPlan &plan) {
    const ConvolutionShape &s = plan.shape;
    const ConvolutionKernels &kernels = *machine.simd.convolution;
    plan.along_channels = s.kernel[2] == 1;
    const int64_t line = plan.along_channels ? s.channels : s.kernel[2];
    double best = 0;
    int64_t tap_tile = 1;
    for (int64_t f = 1; f <= ConvolutionKernels::kMaxScalars; ++f) {
        for (int64_t t = 1; t <= ConvolutionKernels::kMaxVectors; ++t) {
            if (kernels.weights[f - 1][t - 1] == nullptr) continue;
            const int64_t tiles = divide_up(s.filters, f) * divide_up(line, t);
            const double ft = static_cast<double>(s.filters * line) / static_cast<double>(tiles);
            const double loads = 0.5 * static_cast<double>(f + t);
            // dy stays in L1 while taps pass; x comes from L2, and once for all taps of a row.
            const double far = static_cast<double>(t * machine.width()) * (4.0 / 21) /
                               static_cast<double>(s.kernel[2]);
            const double cycles =
                static_cast<double>(tiles) * (std::max({0.5 * ft, loads, 4.0}) + far + 0.5);
            if (best != 0 && cycles >= best) continue;
            best = cycles;
            plan.filter_tile = f;
            tap_tile = t;
        }
    }
    plan.filter_tiles = pieces_of(s.filters, plan.filter_tile);
    const int64_t pieces = pieces_of(line, tap_tile);
    const int64_t channels = plan.along_channels ? 1 : s.channels;
    for (int64_t c = 0; c < channels; ++c) {
        for (int64_t row = 0; row < s.kernel[1]; ++row) {
            for (int64_t i = 0; i < pieces; ++i) {
                const Range piece = part_range(line, pieces, i);
                const int64_t count = piece.end - piece.begin;
                plan.taps.push_back(plan.along_channels ? TapTile{piece.begin, row, 0, count}
                                                        : TapTile{c, row, piece.begin, count});
            }
        }
    }
    const int64_t batches = divide_up(s.batch, machine.width());
    const double positions = static_cast<double>(batches * s.out[1] * s.out[2]);
    const double rows = static_cast<double>(s.groups * channels * s.kernel[1]);
    plan.seconds = 1.2 * best * rows * positions * cycle_seconds(machine) +
                   static_cast<double>(s.weights()) * 10 * cycle_seconds(machine);
}

GradientPlan gradient_plan(const Machine &machine, const ConvolutionShape &shape) {
    GradientPlan plan;
    plan.shape = shape;
    choose_tiles(machine, plan);
    const int64_t w = machine.width();
    const int64_t tile = plan.filter_tile * ConvolutionKernels::kMaxVectors * w;
    const int64_t row = plan.filter_tile * shape.out[2] * w * 4;
    plan.row_block = std::clamp<int64_t>(machine.l1 * 3 / 4 / row, 1, shape.out[1]);
    plan.row_blocks = divide_up(shape.out[1], plan.row_block);
    plan.row_block = divide_up(shape.out[1], plan.row_blocks);
    const int64_t tiles = static_cast<int64_t>(plan.taps.size());
    plan.tap_chunks = divide_up(tiles, std::max<int64_t>(1, machine.l2 / 2 / (tile * 4)));
    plan.tap_chunk = divide_up(tiles, plan.tap_chunks);
    plan.sums = plan.tap_chunk * tile;
    const int64_t wanted = part_count(kMaxParts / 2, plan.seconds);
    const int64_t blocks = plan.blocks(divide_up(shape.batch, w));
    plan.slices = std::clamp<int64_t>(divide_up(wanted, plan.units()), 1, blocks);
    plan.parts = std::min(wanted, plan.units());
    return plan;
}

// One unit: a tile of filters times a chunk of taps over a slice.
class GradientRun {
  public:
    GradientRun(const Machine &machine, const GradientPlan &plan, const float *x, const float *dy)
        : machine_(machine), plan_(plan), x_(x), dy_(dy) {}

    // out: dw, or where a slice's sums are kept.
    void run(int64_t unit, int64_t batches, float *sums, float *out, int64_t out_slice);

  private:
    void run_block(int64_t block, bool first);
    void run_tap(const TapTile &tap, int64_t batch, Range rows, float *sums, bool first);
    void add_lanes(float *out) const;

    int64_t width() const { return machine_.width(); }

    const Machine &machine_;
    const GradientPlan &plan_;
    const float *x_, *dy_;
    int64_t group_ = 0;
    Range filters_{0, 0}, taps_{0, 0};
    float *sums_ = nullptr;
};

void GradientRun::run(int64_t unit, int64_t batches, float *sums, float *out, int64_t out_slice) {
    const int64_t chunk = unit % plan_.tap_chunks;
    const int64_t tile = unit / plan_.tap_chunks % plan_.filter_tiles;
    const int64_t outer = unit / (plan_.tap_chunks * plan_.filter_tiles);
    group_ = outer % plan_.shape.groups;
    const int64_t slice = outer / plan_.shape.groups;
    const int64_t tiles = static_cast<int64_t>(plan_.taps.size());
    taps_ = {chunk * plan_.tap_chunk, std::min(tiles, (chunk + 1) * plan_.tap_chunk)};
    filters_ = part_range(plan_.shape.filters, plan_.filter_tiles, tile);
    sums_ = sums;
    // Slices are of all blocks that the plan's batch has, so that sums don't depend on n.
    const int64_t all = plan_.blocks(divide_up(plan_.shape.batch, width()));
    const Range blocks = part_range(all, plan_.slices, slice);
    const int64_t end = std::min(blocks.end, plan_.blocks(batches));
    for (int64_t b = blocks.begin; b < end; ++b) run_block(b, b == blocks.begin);
    if (blocks.begin >= end) {
        const int64_t tile_size = plan_.filter_tile * ConvolutionKernels::kMaxVectors * width();
        std::fill_n(sums_, (taps_.end - taps_.begin) * tile_size, 0.0f);
    }
    add_lanes(out + slice * out_slice);
}

void GradientRun::run_block(int64_t block, bool first) {
    const int64_t batch = block / plan_.row_blocks;
    const int64_t begin = block % plan_.row_blocks * plan_.row_block;
    const Range rows{begin, std::min(plan_.shape.out[1], begin + plan_.row_block)};
    float *sums = sums_;
    for (int64_t i = taps_.begin; i < taps_.end; ++i) {
        const TapTile &tap = plan_.taps[static_cast<size_t>(i)];
        run_tap(tap, batch, rows, sums, first);
        sums += (filters_.end - filters_.begin) * tap.count * width();
    }
}

void GradientRun::run_tap(const TapTile &tap, int64_t batch, Range rows, float *sums, bool first) {
    const ConvolutionShape &s = plan_.shape;
    const int64_t w = width();
    const int64_t row_offset = tap.row * s.dilation[1] - s.pad[1];
    const int64_t column_offset = tap.column * s.dilation[2] - s.pad[2];
    const int64_t tap_step = plan_.along_channels ? 0 : s.dilation[2];
    const Range valid = outputs_inside(s, 1, tap.row, rows);
    const int64_t columns = plan_.along_channels ? 1 : tap.count;
    const Range inner = columns_inside(s, {tap.column, tap.column + columns});
    const int64_t filter = group_ * s.filters + filters_.begin;
    const int64_t channel = group_ * s.channels + tap.channel;

    WeightsTile t;
    t.sums = sums;
    t.first = first;
    t.dy_stride = s.out_plane() * w;
    t.x_stride = plan_.along_channels ? s.in_plane() * w : tap_step * w;
    t.rows = valid.end - valid.begin;
    t.dy_row = s.out[2] * w;
    t.x_row = s.stride[1] * s.in[2] * w;
    t.columns = s.out[2];
    t.inner_begin = inner.begin;
    t.inner_end = inner.end;
    t.x_column = s.stride[2] * w;
    t.first_column = column_offset;
    t.column_step = s.stride[2];
    t.tap_step = tap_step;
    t.in_columns = s.in[2];
    t.dy = dy_ +
           ((batch * s.groups * s.filters + filter) * s.out_plane() + valid.begin * s.out[2]) * w;
    t.x = x_ + ((batch * s.groups * s.channels + channel) * s.in_plane() +
                (valid.begin * s.stride[1] + row_offset) * s.in[2] + column_offset) *
                   w;
    const int64_t filters = filters_.end - filters_.begin;
    machine_.simd.convolution->weights[filters - 1][tap.count - 1](t);
}

void GradientRun::add_lanes(float *out) const {
    const ConvolutionShape &s = plan_.shape;
    const float *sums = sums_;
    const int64_t step = plan_.along_channels ? s.taps() : 1;
    for (int64_t i = taps_.begin; i < taps_.end; ++i) {
        const TapTile &tap = plan_.taps[static_cast<size_t>(i)];
        for (int64_t f = filters_.begin; f < filters_.end; ++f) {
            float *const to = out +
                              ((group_ * s.filters + f) * s.channels + tap.channel) * s.taps() +
                              tap.row * s.kernel[2] + tap.column;
            machine_.simd.convolution->sum_lanes(sums, tap.count, to, step);
            sums += tap.count * width();
        }
    }
}

void add_slices(Machine &machine, const GradientPlan &plan, const float *slices, float *dw) {
    const int64_t count = plan.shape.weights();
    const double seconds = static_cast<double>(count * plan.slices) / 8e9;
    for_ranges(machine, count, seconds, [&](int64_t begin, int64_t end) {
        std::copy(slices + begin, slices + end, dw + begin);
        for (int64_t slice = 1; slice < plan.slices; ++slice) {
            const float *const from = slices + slice * count;
            for (int64_t i = begin; i < end; ++i) dw[i] += from[i];
        }
    });
}

void run_gradient(Machine &machine, const GradientPlan &plan, int64_t batches, const float *x,
                  const float *dy, float *dw, float *workspace) {
    float *const slices = workspace + plan.parts * plan.sums;
    float *const out = plan.slices > 1 ? slices : dw;
    for_parts(machine, plan.parts, [&](int64_t part) {
        const Range units = part_range(plan.units(), plan.parts, part);
        GradientRun run(machine, plan, x, dy);
        for (int64_t unit = units.begin; unit < units.end; ++unit) {
            run.run(unit, batches, workspace + part * plan.sums, out, plan.shape.weights());
        }
    });
    if (plan.slices > 1) add_slices(machine, plan, slices, dw);
}

double floats_of(const Machine &machine, const ConvolutionGroup &group) {
    const Layout blocked = machine.n_blocked();
    return static_cast<double>(blocked.elements(group.x) + blocked.elements(group.y) +
                               group.shape.weights());
}

void gradient_candidates(const Machine &machine, const ConvolutionGroup &group,
                         std::vector<Candidate> &out) {
    if (!group.shape.is_planar()) return;
    const GradientPlan plan = gradient_plan(machine, group.shape);
    const Layout blocked = machine.n_blocked();
    Candidate candidate =
        make_candidate(group, kSamples, blocked, Layout::plain(), blocked,
                       seconds_with_traffic(machine, plan.seconds, floats_of(machine, group)));
    candidate.workspace = plan.workspace() * 4;
    out.push_back(std::move(candidate));
}

std::unique_ptr<Kernel> prepare_gradient(Machine &machine, const ConvolutionGroup &group,
                                         const Candidate &candidate) {
    if (candidate.algorithm != kSamples) return nullptr;
    return make_kernel(
        [&machine, group, plan = gradient_plan(machine, group.shape)](const Launch &launch) {
            run_gradient(machine, plan, divide_up(launch.n, machine.width()),
                         operand(launch, group.x_operand), operand(launch, group.y_operand),
                         operand(launch, group.w_operand), at(launch.workspace));
        });
}

// Dense: dw[f][k] = sum over n of dy[f][n] x[k][n], with x as [k / W][n][W k] in the workspace:
// filters are scalars, blocks of k are columns, blocks of samples are summed with their lanes.
DirectPlan transposed_plan(const Machine &machine, const ConvolutionShape &flat) {
    const int64_t w = machine.width();
    const int64_t batches = divide_up(flat.batch, w);
    DirectPlan plan;
    plan.groups = flat.groups;
    plan.filters = flat.filters;
    plan.reductions = batches;
    plan.lanes = plan.last_lanes = w;
    plan.rows = {{0, 1, 1, 0, 1, 1, 0, 1, 1}};
    plan.columns = {{0, 1, divide_up(flat.channels, w), 0, 1, 1, 0, 1, 1}};
    plan.in_column = batches * w * w;
    plan.in_reduction = w * w;
    plan.in_lane = w;
    plan.out_column = w;
    plan.out_filter = flat.channels;
    plan.w_reduction = flat.groups * flat.filters * w;
    plan.w_filter = w;
    plan.w_lane = 1;
    plan.w_group = flat.filters * w;
    plan.out_group = flat.filters * flat.channels;
    plan.in_group = plan.columns[0].count * plan.in_column;
    plan.out_lanes = flat.channels - (plan.columns[0].count - 1) * w;
    plan.trim = true;
    choose_tiles(machine, plan);
    return plan;
}

// Everything of one product: blocks [begin, end) of k of a group.
class TransposedRun {
  public:
    TransposedRun(const Machine &machine, const DirectPlan &plan, const ConvolutionShape &flat,
                  const Launch &launch, const ConvolutionGroup &group)
        : kernels_(*machine.simd.convolution),
          plan_(plan),
          flat_(flat),
          width_(machine.width()),
          batches_(divide_up(launch.n, width_)),
          x_(operand(launch, group.x_operand)),
          dy_(operand(launch, group.y_operand)),
          dw_(operand(launch, group.w_operand)),
          transposed_(at(launch.workspace)) {}

    void run(int64_t begin, int64_t end) const;

  private:
    void transpose(int64_t group, int64_t begin, int64_t end) const;
    void multiply(int64_t group, Range blocks) const;

    const ConvolutionKernels &kernels_;
    const DirectPlan &plan_;
    const ConvolutionShape &flat_;
    int64_t width_, batches_;
    const float *x_, *dy_;
    float *dw_, *transposed_;
};

void TransposedRun::run(int64_t begin, int64_t end) const {
    const int64_t each = plan_.columns[0].count;
    for (int64_t group = begin / each; group * each < end; ++group) {
        const int64_t from = std::max(begin - group * each, int64_t{0});
        const int64_t to = std::min(end - group * each, each);
        transpose(group, from, to);
        multiply(group, {from, to});
    }
}

void TransposedRun::transpose(int64_t group, int64_t begin, int64_t end) const {
    for (int64_t k = begin; k < end; ++k) {
        const int64_t rows = std::min(width_, flat_.channels - k * width_);
        for (int64_t b = 0; b < batches_; ++b) {
            const int64_t channel = (b * flat_.groups + group) * flat_.channels + k * width_;
            kernels_.transpose(x_ + channel * width_, rows,
                               transposed_ + group * plan_.in_group + k * plan_.in_column +
                                   b * plan_.in_reduction);
        }
    }
}

void TransposedRun::multiply(int64_t group, Range blocks) const {
    const int64_t filter_tiles = pieces_of(plan_.filters, plan_.filter_tile);
    const int64_t count = blocks.end - blocks.begin;
    const int64_t column_tiles = pieces_of(count, plan_.position_tile);
    ProductTile t;
    t.scalar_stride = plan_.w_filter;
    t.vector_stride = plan_.in_column;
    t.out_scalar_stride = plan_.out_filter;
    t.out_vector_stride = plan_.out_column;
    t.loops[2] = {batches_, plan_.w_reduction, plan_.in_reduction};
    t.loops[3] = {width_, plan_.w_lane, plan_.in_lane};
    t.trim = true;
    for (int64_t i = 0; i < column_tiles; ++i) {
        const Range columns = part_range(count, column_tiles, i);
        const int64_t begin = blocks.begin + columns.begin, end = blocks.begin + columns.end;
        t.vectors = transposed_ + group * plan_.in_group + begin * plan_.in_column;
        t.lanes = end == plan_.columns[0].count ? plan_.out_lanes : width_;
        for (int64_t j = 0; j < filter_tiles; ++j) {
            const Range filters = part_range(plan_.filters, filter_tiles, j);
            t.scalars = dy_ + group * plan_.w_group + filters.begin * plan_.w_filter;
            t.out = dw_ + group * plan_.out_group + filters.begin * plan_.out_filter +
                    begin * plan_.out_column;
            kernels_.product[filters.end - filters.begin - 1][columns.end - columns.begin - 1](t);
        }
    }
}

void transposed_candidates(const Machine &machine, const ConvolutionGroup &group,
                           std::vector<Candidate> &out) {
    if (!group.shape.is_dense()) return;
    const DirectPlan plan = transposed_plan(machine, group.shape.flattened());
    const Layout blocked = machine.n_blocked();
    Candidate candidate =
        make_candidate(group, kTransposed, blocked, Layout::plain(), blocked,
                       seconds_with_traffic(machine, plan.seconds, floats_of(machine, group)));
    candidate.workspace = 4 * plan.groups * plan.in_group;
    out.push_back(std::move(candidate));
}

std::unique_ptr<Kernel> prepare_transposed(Machine &machine, const ConvolutionGroup &group,
                                           const Candidate &candidate) {
    if (candidate.algorithm != kTransposed) return nullptr;
    const ConvolutionShape flat = group.shape.flattened();
    return make_kernel(
        [&machine, group, flat, plan = transposed_plan(machine, flat)](const Launch &launch) {
            const TransposedRun run(machine, plan, flat, launch, group);
            for_ranges(machine, plan.groups * plan.columns[0].count, plan.seconds,
                       [&](int64_t begin, int64_t end) { run.run(begin, end); });
        });
}

}  // namespace

const ConvolutionWay kSamplesBackwardWeights = {gradient_candidates, prepare_gradient};
const ConvolutionWay kDenseBackwardWeights = {transposed_candidates, prepare_transposed};

}  // namespace cnn::cpu

// Runs direct convolutions: which tiles, in which order.
#include "backend/cpu/convolution_direct.h"

#include <atomic>
#include <limits>

namespace cnn::cpu {
namespace {

// Of n items cut into equal pieces of at most `size`: calls fn(pieces, size of them) once or twice.
template <class Fn>
void for_piece_sizes(int64_t n, int64_t size, Fn fn) {
    const int64_t pieces = pieces_of(n, size);
    if (pieces == 0) return;
    const int64_t larger = n % pieces;
    if (larger > 0) fn(larger, n / pieces + 1);
    fn(pieces - larger, n / pieces);
}

int64_t most_taps(const std::vector<Segment> &segments) {
    int64_t taps = 0;
    for (const Segment &segment : segments) taps = std::max(taps, segment.taps);
    return taps;
}

// Beyond L1, of a vector: weights that don't stay there are streamed.
double far_cycles(const Machine &machine, const DirectPlan &plan) {
    if (plan.positions_are_vectors) return 0;
    return cpu::far_cycles(machine, plan.filter_tile * plan.reduction_chunk * plan.lanes *
                                        most_taps(plan.rows) * most_taps(plan.columns) *
                                        machine.width() * 4);
}

// Cycles that a round takes over all filters and all positions of a line.
double line_cycles(const DirectPlan &plan, int64_t positions, double far) {
    double cycles = 0;
    for_piece_sizes(plan.filters, plan.filter_tile, [&](int64_t filter_tiles, int64_t f) {
        for_piece_sizes(positions, plan.position_tile, [&](int64_t position_tiles, int64_t p) {
            const bool swapped = !plan.positions_are_vectors;
            cycles += static_cast<double>(filter_tiles * position_tiles) *
                      round_cycles(swapped ? p : f, swapped ? f : p, far);
        });
    });
    return cycles;
}

// Keeps what is reused in the caches: the pixels under a tile of positions in L1 while all filters
// pass (positions as vectors), or the weights of a tile of filters while all positions do. Those
// may come from L2, if visits to out, which cost too, would be short else.
void choose_blocks(const Machine &machine, DirectPlan &plan) {
    constexpr int64_t kLeastRounds = 96, kLongRounds = 384;  // of a visit
    const int64_t taps = std::max<int64_t>(most_taps(plan.rows) * most_taps(plan.columns), 1);
    const int64_t vector = machine.width() * 4;
    const int64_t rounds = taps * plan.lanes;
    int64_t bytes = 0;  // per reduction
    if (plan.positions_are_vectors) {
        const int64_t span = plan.columns.empty() ? 1 : plan.columns[0].in_step;
        const int64_t columns = (plan.position_tile - 1) * span + most_taps(plan.columns);
        const int64_t apart = std::min(plan.batches, plan.position_tile) * most_taps(plan.columns);
        bytes = most_taps(plan.rows) * std::max(columns, apart) * plan.lanes * vector;
    } else {
        bytes = plan.filter_tile * rounds * vector;
        // Rows that the next row of outputs reads again.
        const int64_t row_taps = most_taps(plan.rows);
        if (row_taps > 1) bytes += row_taps * plan.in_row * 4;
    }
    bytes = std::max<int64_t>(bytes, 1);
    const int64_t least = divide_up(kLeastRounds, rounds);
    int64_t fits = machine.l1 / 2 / bytes;
    if (!plan.positions_are_vectors) {
        const int64_t from_l2 = std::min(divide_up(kLongRounds, rounds), machine.l2 / 8 / bytes);
        // More places far apart than these, and what is read ahead of one is lost to another.
        const int64_t places = 16 / std::max<int64_t>(most_taps(plan.rows), 1);
        fits = std::min(std::max(fits, from_l2), places);
    }
    fits = std::max(fits, least);
    const int64_t chunks = divide_up(plan.reductions, std::min(fits, plan.reductions));
    plan.reduction_chunk = divide_up(plan.reductions, std::max<int64_t>(chunks, 1));
    if (plan.positions_are_vectors) {
        const int64_t tile = plan.filter_tile * rounds * plan.reduction_chunk * 4;
        plan.filter_block = std::max<int64_t>(1, machine.l2 / 3 / tile);
    } else {
        plan.filter_block = 1;
    }
}

// Along which of columns, rows and batches tiles of positions lie best: the longer, the fuller, but
// columns are next to each other in memory.
int line_axis(const DirectPlan &plan, const int64_t (&counts)[3]) {
    if (counts[1] == 1 && counts[2] == 1) return 0;
    int best_axis = 0;
    double best = 0;
    for (int axis = 0; axis < 3; ++axis) {
        const bool swapped = !plan.positions_are_vectors;
        double cycles = 0;
        for_piece_sizes(counts[axis], plan.position_tile, [&](int64_t tiles, int64_t p) {
            cycles += static_cast<double>(tiles) * round_cycles(swapped ? p : plan.filter_tile,
                                                                swapped ? plan.filter_tile : p, 0);
        });
        cycles *= (axis == 0 ? 1 : axis == 1 ? 1.02 : 1.1) / static_cast<double>(counts[axis]);
        if (axis == 0 || cycles < best) {
            best = cycles;
            best_axis = axis;
        }
    }
    return best_axis;
}

// Rounds of the innermost loop.
int64_t innermost(const DirectPlan &plan, const Segment &row, const Segment &column) {
    if (plan.lanes > 1) return plan.reductions > 1 ? plan.lanes : plan.last_lanes;
    if (column.taps > 1) return column.taps;
    return row.taps > 1 ? row.taps : plan.reductions;
}

double predict_seconds(const Machine &machine, const DirectPlan &plan) {
    double rounds = 0;  // cycles
    const double far = far_cycles(machine, plan);
    const auto tile = static_cast<double>(plan.filter_tile * plan.position_tile);
    for (const Segment &row : plan.rows) {
        for (const Segment &column : plan.columns) {
            const int64_t counts[3] = {column.count, row.count, plan.batches};
            const int64_t line = counts[line_axis(plan, counts)];
            const double lines = static_cast<double>(counts[0] * counts[1] * counts[2] / line);
            const double taps = static_cast<double>(row.taps * column.taps);
            const double each = line_cycles(plan, line, far);
            const double tiles = static_cast<double>(pieces_of(line, plan.position_tile) *
                                                     pieces_of(plan.filters, plan.filter_tile));
            const double sums =
                static_cast<double>((plan.reductions - 1) * plan.lanes + plan.last_lanes);
            const double visits =
                static_cast<double>(divide_up(plan.reductions, plan.reduction_chunk));
            const double loops = sums * taps / static_cast<double>(innermost(plan, row, column));
            rounds += lines * (each * taps * sums + tiles * (visits * (25 + tile) + loops * 5));
        }
    }
    return rounds * static_cast<double>(plan.groups) * cycle_seconds(machine) * 1.1 +
           Machine::kLaunchSeconds;
}

// Rows of a unit whose input stays in L2 while all filters pass, where they pass one after the
// other.
int64_t rows_that_stay(const Machine &machine, const DirectPlan &plan) {
    const int64_t rows = positions_of(plan.rows);
    if (plan.positions_are_vectors || plan.batch_is_column) return rows;
    const int64_t step = std::max<int64_t>(plan.rows[0].in_step, 1);
    const int64_t row = plan.reductions * plan.in_row * step * 4;
    return std::clamp<int64_t>(machine.l2 / 3 / row, 1, rows);
}

// Samples of a unit: borders' tiles lie along them. With pixels as scalars, as long as their input
// stays in L2 while all filters pass, and threads have enough to share.
int64_t samples_together(const Machine &machine, const DirectPlan &plan) {
    if (plan.positions_are_vectors) return plan.position_tile;
    const int64_t fits = machine.l2 / 3 / std::max<int64_t>(plan.in_batch * 4, 1);
    const int64_t most = plan.batches * plan.groups / (8 * machine.pool.threads());
    return std::clamp<int64_t>(std::min(fits, most), 1, plan.position_tile);
}

void choose_parts(const Machine &machine, DirectPlan &plan) {
    const int64_t samples = samples_together(machine, plan);
    plan.batch_parts = divide_up(plan.batches, samples);
    int64_t wanted = part_count(kMaxParts, plan.seconds);
    if (samples > 1 && !plan.positions_are_vectors) wanted = std::min(wanted, plan.batch_parts);
    const int64_t tiles = pieces_of(plan.filters, plan.filter_tile);
    const int64_t rows = positions_of(plan.rows);
    const auto missing = [&] { return divide_up(wanted, units_of(plan)); };
    // Rows cost their overlap, filters another pass over the input.
    plan.row_parts = std::clamp<int64_t>(missing(), 1, std::max<int64_t>(rows / 3, 1));
    plan.row_parts = std::max(plan.row_parts, divide_up(rows, rows_that_stay(machine, plan)));
    plan.filter_parts = std::clamp<int64_t>(missing(), 1, tiles);
    const int64_t enough = std::min<int64_t>(wanted, 4);
    if (units_of(plan) >= enough) return;
    plan.batch_parts = std::clamp<int64_t>(plan.batch_parts * missing(), 1, plan.batches);
    if (units_of(plan) < enough) plan.row_parts = std::clamp<int64_t>(enough, 1, rows);
}

}  // namespace

void choose_tiles(const Machine &machine, DirectPlan &plan) {
    const int64_t largest = machine.simd.convolution->accumulators;
    DirectPlan best = plan;
    best.seconds = std::numeric_limits<double>::infinity();
    for (int64_t s = 1; s <= ConvolutionKernels::kMaxScalars; ++s) {
        const int64_t v = std::min<int64_t>(largest / s, ConvolutionKernels::kMaxVectors);
        if (v == 0) continue;
        plan.filter_tile = plan.positions_are_vectors ? s : v;
        plan.position_tile = plan.positions_are_vectors ? v : s;
        choose_blocks(machine, plan);
        plan.seconds = predict_seconds(machine, plan);
        // Of equals the later: the more scalars, the less often vectors are read.
        if (plan.seconds <= best.seconds * 1.0001) best = plan;
    }
    plan = best;
    choose_parts(machine, plan);
}

namespace {

// For vectors of any width.
bool is_aligned(const float *p) {
    return reinterpret_cast<uintptr_t>(p) % 64 == 0;
}

// One unit's work: positions in `rows` and tiles in `filters` of one batch and group.
class UnitRun {
  public:
    UnitRun(const ConvolutionKernels &kernels, const DirectPlan &plan,
            const DirectArguments &arguments, int64_t unit);
    void run();

  private:
    void run_lanes(Range reductions, int64_t lanes, bool first, bool last);
    void run_box(const Segment &row, Range rows, const Segment &column);
    void set_loops(const Segment &row, const Segment &column);
    void prefetch(const float *weights, bool there) const;
    void run_line(int64_t in, int64_t out, int64_t w);
    void run_tiles(int64_t in, int64_t out, int64_t w, int64_t positions, bool at_end);

    const ConvolutionKernels &kernels_;
    const DirectPlan &plan_;
    TileEpilogue epilogue_;
    int64_t columns_;  // where batches are columns
    Range batches_{0, 1};
    const float *in_, *w_;
    float *out_;
    Range rows_, filters_;
    Range block_{0, 0};  // tiles of filters of the pass
    Range reductions_{0, 0};
    int64_t lanes_ = 0;  // per reduction in the pass
    bool stream_ = false;
    bool one_tap_ = false;  // of the box: what a tile reads no other does, so the next's is fetched
    int64_t positions_ = 0, in_step_ = 0, out_step_ = 0;  // of the line
    ProductTile tile_;
};

UnitRun::UnitRun(const ConvolutionKernels &kernels, const DirectPlan &plan,
                 const DirectArguments &arguments, int64_t unit)
    : kernels_(kernels), plan_(plan), epilogue_(arguments.epilogue), columns_(arguments.batches) {
    const int64_t filter_part = unit % plan.filter_parts;
    const int64_t row_part = unit / plan.filter_parts % plan.row_parts;
    const int64_t outer = unit / (plan.filter_parts * plan.row_parts);
    const int64_t group = outer % plan.groups;
    if (!plan.batch_is_column) {
        batches_ = part_range(plan.batches, plan.batch_parts, outer / plan.groups);
        batches_.end = std::min(batches_.end, arguments.batches);
    }
    in_ = arguments.in + group * plan.in_group;
    w_ = arguments.w + group * plan.w_group;
    out_ = arguments.out + group * plan.out_group;
    epilogue_ = epilogue_.at(group * plan.bias_group, group * plan.out_group);
    rows_ = part_range(positions_of(plan.rows), plan.row_parts, row_part);
    filters_ =
        part_range(pieces_of(plan.filters, plan.filter_tile), plan.filter_parts, filter_part);
    tile_.trim = plan.trim;
    stream_ = plan.stream && is_aligned(arguments.out);
}

// Filters outermost, so that what was summed so far of their outputs is still near when the next
// reductions come.
void UnitRun::run() {
    if (batches_.begin >= batches_.end) return;
    const int64_t full = plan_.last_lanes == plan_.lanes ? plan_.reductions : plan_.reductions - 1;
    for (int64_t f = filters_.begin; f < filters_.end; f += plan_.filter_block) {
        block_ = {f, std::min(filters_.end, f + plan_.filter_block)};
        for (int64_t r = 0; r < full; r += plan_.reduction_chunk) {
            const int64_t end = std::min(full, r + plan_.reduction_chunk);
            run_lanes({r, end}, plan_.lanes, r == 0, end == plan_.reductions);
        }
        if (full < plan_.reductions)
            run_lanes({full, plan_.reductions}, plan_.last_lanes, full == 0, true);
    }
    // What was written past the caches isn't ordered by what threads tell each other otherwise.
    if (stream_) std::atomic_thread_fence(std::memory_order_seq_cst);
}

void UnitRun::run_lanes(Range reductions, int64_t lanes, bool first, bool last) {
    reductions_ = reductions;
    lanes_ = lanes;
    tile_.first = first;
    tile_.last = last;
    tile_.stream = stream_ && first && last;
    int64_t before = 0;
    for (const Segment &row : plan_.rows) {
        const Range part{std::max<int64_t>(rows_.begin - before, 0),
                         std::min(rows_.end - before, row.count)};
        before += row.count;
        if (part.begin >= part.end) continue;
        for (const Segment &column : plan_.columns) run_box(row, part, column);
    }
}

// A box of positions that read through the same taps. Lines of tiles run along the side that fills
// tiles best, so that borders a pixel wide are cheap too.
void UnitRun::run_box(const Segment &row, Range rows, const Segment &column) {
    set_loops(row, column);
    const int64_t in = reductions_.begin * plan_.in_reduction + batches_.begin * plan_.in_batch +
                       (row.in_begin + rows.begin * row.in_step) * plan_.in_row +
                       column.in_begin * plan_.in_column;
    const int64_t out = batches_.begin * plan_.out_batch +
                        (row.out_begin + rows.begin * row.out_step) * plan_.out_row +
                        column.out_begin * plan_.out_column;
    const int64_t w = reductions_.begin * plan_.w_reduction + row.tap_begin * plan_.w_row +
                      column.tap_begin * plan_.w_column;
    const int64_t counts[3] = {plan_.batch_is_column ? columns_ : column.count,
                               rows.end - rows.begin, batches_.end - batches_.begin};
    const int64_t in_steps[3] = {column.in_step * plan_.in_column, row.in_step * plan_.in_row,
                                 plan_.in_batch};
    const int64_t out_steps[3] = {column.out_step * plan_.out_column, row.out_step * plan_.out_row,
                                  plan_.out_batch};
    const int line = line_axis(plan_, counts);
    const int inner = line == 0 ? 1 : 0, outer = line == 2 ? 1 : 2;
    positions_ = counts[line];
    in_step_ = in_steps[line];
    out_step_ = out_steps[line];
    for (int64_t i = 0; i < counts[outer]; ++i) {
        for (int64_t j = 0; j < counts[inner]; ++j) {
            run_line(in + i * in_steps[outer] + j * in_steps[inner],
                     out + i * out_steps[outer] + j * out_steps[inner], w);
        }
    }
}

void UnitRun::set_loops(const Segment &row, const Segment &column) {
    one_tap_ = row.taps * column.taps == 1;
    struct {
        int64_t count, in, w;
    } const all[] = {
        {reductions_.end - reductions_.begin, plan_.in_reduction, plan_.w_reduction},
        {row.taps, row.in_tap_step * plan_.in_row, row.tap_step * plan_.w_row},
        {column.taps, column.in_tap_step * plan_.in_column, column.tap_step * plan_.w_column},
        {lanes_, plan_.in_lane, plan_.w_lane},
    };
    // Loops of one round are left out; the others lie innermost.
    int next = ProductTile::kLoops;
    for (int i = 3; i >= 0; --i) {
        if (all[i].count == 1) continue;
        tile_.loops[--next] = plan_.positions_are_vectors
                                  ? TileLoop{all[i].count, all[i].w, all[i].in}
                                  : TileLoop{all[i].count, all[i].in, all[i].w};
    }
    while (next > 0) tile_.loops[--next] = TileLoop{};
}

void UnitRun::run_line(int64_t in, int64_t out, int64_t w) {
    const int64_t tiles = pieces_of(positions_, plan_.position_tile);
    for (int64_t i = 0; i < tiles; ++i) {
        const Range piece = part_range(positions_, tiles, i);
        run_tiles(in + piece.begin * in_step_, out + piece.begin * out_step_, w,
                  piece.end - piece.begin, i + 1 == tiles);
    }
}

// Long rows of weights, each read a chunk at a time, are too short for the processor to foresee:
// asks for the next tile's.
void UnitRun::prefetch(const float *weights, bool there) const {
    if (!there || rows_.end > 1) return;
    constexpr int64_t line = 16;
    for (int64_t f = 0; f < plan_.filter_tile; ++f) {
        for (int64_t i = 0; i < reductions_.end - reductions_.begin; i += line) {
            __builtin_prefetch(weights + f * plan_.w_filter + i);
        }
    }
}

void UnitRun::run_tiles(int64_t in, int64_t out, int64_t w, int64_t positions, bool at_end) {
    const int64_t tiles = pieces_of(plan_.filters, plan_.filter_tile);
    const bool swapped = !plan_.positions_are_vectors;
    tile_.scalar_stride = swapped ? in_step_ : plan_.w_filter;
    tile_.vector_stride = swapped ? plan_.w_filter : in_step_;
    tile_.out_scalar_stride = swapped ? out_step_ : plan_.out_filter;
    tile_.out_vector_stride = swapped ? plan_.out_filter : out_step_;
    tile_.scalar_ahead = !swapped ? plan_.w_ahead : one_tap_ ? positions * in_step_ : 0;
    for (int64_t i = block_.begin; i < block_.end; ++i) {
        const Range piece = part_range(plan_.filters, tiles, i);
        const float *const weights = w_ + w + piece.begin * plan_.w_filter;
        const int64_t count = piece.end - piece.begin;
        tile_.scalars = swapped ? in_ + in : weights;
        tile_.vectors = swapped ? weights : in_ + in;
        tile_.out = out_ + out + piece.begin * plan_.out_filter;
        const bool last = swapped ? i + 1 == tiles : at_end;
        tile_.lanes = last ? plan_.out_lanes : INT32_MAX;
        tile_.epilogue =
            epilogue_.at(piece.begin * plan_.bias_filter, out + piece.begin * plan_.out_filter);
        if (plan_.w_reduction == 1) prefetch(weights + count * plan_.w_filter, i + 1 < tiles);
        const int64_t s = swapped ? positions : count, v = swapped ? count : positions;
        kernels_.product[s - 1][v - 1](tile_);
    }
}

}  // namespace

void run_unit(const ConvolutionKernels &kernels, const DirectPlan &plan,
              const DirectArguments &arguments, int64_t unit) {
    UnitRun(kernels, plan, arguments, unit).run();
}

void run_direct(Machine &machine, const DirectPlan &plan, const DirectArguments &arguments) {
    const int64_t units = units_of(plan);
    const double share =
        static_cast<double>(arguments.batches) /
        static_cast<double>(plan.batch_is_column ? plan.columns[0].count : plan.batches);
    for_ranges(machine, units, plan.seconds * share, [&](int64_t begin, int64_t end) {
        for (int64_t unit = begin; unit < end; ++unit) {
            run_unit(*machine.simd.convolution, plan, arguments, unit);
        }
    });
}

}  // namespace cnn::cpu

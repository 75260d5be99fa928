// Convolutions of 3x3 filters by Winograd's F(m x m, 3x3), with channels in the lanes: (m + 2)^2
// products of matrices in place of 9 m^2 multiplications an output tile and pair of channels. m is
// 2 or, where the host accepts its error, 4. Forward, and the gradient of the input, which is a
// convolution of dy with the filters turned.
//
//   V[p][t][c] = (B^T x(t) B)[p],  M[p][t][f] = sum over c of U[p][c][f] V[p][t][c],
//   y(t) = A^T M[.][t] A
//
// where t counts m x m tiles of the output over all samples. Tiles are taken a chunk at a time, so
// that V and M stay in the cache.
#include "backend/cpu/convolution_plan.h"

namespace cnn::cpu {
namespace {

// A tile size: how its candidates are called, and the cycles that the transforms of a tile take a
// block of channels, of which it reads or writes a line a point.
struct TileSize {
    int64_t tile;
    const char *name;
    double transform_cycles;
};
constexpr TileSize kTileSizes[] = {{2, "winograd_c", 90}, {4, "winograd4_c", 250}};

bool is_accepted(const TileSize &size, int64_t accept) {
    return size.tile == 2 || (accept & kAcceptWinograd4x4) != 0;
}

// "in" and "out" are x and y, or dy and dx.
struct WinogradPlan {
    int64_t tile = 2, points = 16;
    double transform_cycles = 0;  // of a tile and block
    int64_t width = 1, batch = 1;
    int64_t channels = 1, filters = 1;  // of in and out
    int64_t channel_blocks = 1, filter_blocks = 1;
    int64_t in_rows = 1, in_columns = 1, out_rows = 1, out_columns = 1;
    int64_t pad_rows = 0, pad_columns = 0;
    int64_t tile_rows = 1, tile_columns = 1;  // of a sample
    int64_t chunk = 1;                        // tiles
    int64_t filter_parts = 1;
    int64_t scalars = 1, vectors = 1;  // of a product: tiles and blocks of filters
    int64_t parts = 1;                 // each with a scratch of its own
    double seconds = 0;                // of one core

    int64_t tiles(int64_t n) const { return n * tile_rows * tile_columns; }
    int64_t units(int64_t n) const { return divide_up(tiles(n), chunk) * filter_parts; }
    int64_t most_filter_blocks() const { return divide_up(filter_blocks, filter_parts); }
    int64_t v_row() const { return channel_blocks * width; }
    int64_t m_row() const { return most_filter_blocks() * width; }
    int64_t v_point() const { return points_apart(chunk * v_row()); }
    int64_t m_point() const { return points_apart(chunk * m_row()); }
    int64_t scratch() const { return points * (v_point() + m_point()); }
};

// Cycles that one point's products take for a tile and a channel, taking `scalars` tiles and the
// plan's blocks of filters at a time.
double product_cycles(const Machine &machine, const WinogradPlan &plan, int64_t scalars) {
    const int64_t passes = pieces_of(plan.filter_blocks, plan.vectors);
    const int64_t vectors = std::min(plan.vectors, plan.filter_blocks);
    const double far = far_cycles(machine, plan.vectors * plan.channels * plan.width * 4);
    return static_cast<double>(passes) * round_cycles(scalars, vectors, far) /
           static_cast<double>(scalars);
}

// The tile of a product that costs least over many tiles and all blocks of filters.
void choose_product(const Machine &machine, WinogradPlan &plan) {
    const ConvolutionKernels &kernels = *machine.simd.convolution;
    const int64_t largest = kernels.accumulators;
    WinogradPlan best = plan;
    double least = 0;
    for (int64_t s = 1; s <= std::min<int64_t>(largest, ConvolutionKernels::kMaxScalars); ++s) {
        plan.scalars = s;
        plan.vectors = std::min<int64_t>(largest / s, ConvolutionKernels::kMaxVectors);
        const double cycles = product_cycles(machine, plan, s);
        if (least != 0 && cycles >= least * 0.9999) continue;
        least = cycles;
        best = plan;
    }
    plan = best;
}

// Seconds of one core by the plan's chunks and parts of filters. Each chunk reads all filters,
// which the products hide; each part transforms the input again; and scratch that no core's own
// cache holds is written and read where it ends up.
double chunked_seconds(const Machine &machine, const WinogradPlan &plan) {
    const auto tiles = static_cast<double>(plan.tiles(plan.batch));
    const auto blocks =
        static_cast<double>(plan.filter_parts * plan.channel_blocks + plan.filter_blocks);
    const int64_t scalars = divide_up(plan.chunk, pieces_of(plan.chunk, plan.scalars));
    const double products =
        product_cycles(machine, plan, scalars) * static_cast<double>(plan.points * plan.channels);
    const double cycles = products + plan.transform_cycles * blocks;
    double seconds = 0.95 * tiles * cycles * cycle_seconds(machine);

    const double line = 4.0 * static_cast<double>(plan.points * plan.width);
    const double filters = line * static_cast<double>(plan.channels * plan.filter_blocks);
    const double scratch = 4.0 * static_cast<double>(plan.scratch());
    const double byte_seconds = machine.seconds_of_bytes(filters + scratch) / (filters + scratch);
    if (scratch > static_cast<double>(machine.l2) * 0.75)
        seconds += 2 * tiles * line * blocks * byte_seconds;
    if (filters > static_cast<double>(machine.l2) / 2) {
        const auto chunks = static_cast<double>(divide_up(plan.tiles(plan.batch), plan.chunk));
        const double read = chunks * filters * byte_seconds;
        seconds = std::max(seconds, read) + 0.25 * std::min(seconds, read);
    }
    return seconds;
}

// How many tiles a chunk has, and whether threads share chunks or filters.
void choose_chunk(const Machine &machine, WinogradPlan &plan) {
    const int64_t tiles = plan.tiles(plan.batch);
    plan.chunk = tiles;
    const bool forks = chunked_seconds(machine, plan) >= kForkSeconds;
    const int64_t threads = forks ? machine.pool.threads() : 1;
    const int64_t most_chunks = divide_up(tiles, 2 * plan.scalars);
    WinogradPlan best;
    double least = 0;
    const auto consider = [&](int64_t chunks, int64_t filter_parts) {
        plan.chunk = divide_up(tiles, chunks);
        plan.filter_parts = filter_parts;
        plan.seconds = chunked_seconds(machine, plan);
        const int64_t units = plan.units(plan.batch);
        const double idle =
            static_cast<double>(round_up(units, threads)) / static_cast<double>(units);
        if (least != 0 && plan.seconds * idle >= least * 0.9999) return;
        least = plan.seconds * idle;
        best = plan;
    };
    const int64_t most_parts = std::min(threads, pieces_of(plan.filter_blocks, plan.vectors));
    for (int64_t chunks = 1; chunks <= most_chunks; chunks = chunks * 5 / 4 + 1) {
        consider(std::min(round_up(chunks, threads), tiles), 1);
        if (most_parts > 1) consider(chunks, most_parts);
    }
    plan = best;
    plan.parts =
        std::min(part_count(4 * machine.pool.threads(), plan.seconds), plan.units(plan.batch));
}

WinogradPlan winograd_plan(const Machine &machine, const ConvolutionShape &s, const TileSize &size,
                           bool forward) {
    WinogradPlan plan;
    plan.tile = size.tile;
    plan.points = (size.tile + 2) * (size.tile + 2);
    plan.transform_cycles = size.transform_cycles;
    plan.width = machine.width();
    plan.batch = s.batch;
    plan.channels = forward ? s.channels : s.filters;
    plan.filters = forward ? s.filters : s.channels;
    plan.channel_blocks = divide_up(plan.channels, plan.width);
    plan.filter_blocks = divide_up(plan.filters, plan.width);
    plan.in_rows = forward ? s.in[1] : s.out[1];
    plan.in_columns = forward ? s.in[2] : s.out[2];
    plan.out_rows = forward ? s.out[1] : s.in[1];
    plan.out_columns = forward ? s.out[2] : s.in[2];
    plan.pad_rows = forward ? s.pad[1] : 2 - s.pad[1];
    plan.pad_columns = forward ? s.pad[2] : 2 - s.pad[2];
    plan.tile_rows = divide_up(plan.out_rows, plan.tile);
    plan.tile_columns = divide_up(plan.out_columns, plan.tile);
    choose_product(machine, plan);
    choose_chunk(machine, plan);
    return plan;
}

// Chunks of tiles times parts of the filters.
class WinogradRun {
  public:
    WinogradRun(const Machine &machine, const WinogradPlan &plan, const float *in, const float *u,
                float *out, const TileEpilogue &epilogue)
        : kernels_(*machine.simd.convolution),
          plan_(plan),
          in_(in),
          u_(u),
          out_(out),
          epilogue_(epilogue) {}

    void run(int64_t unit, int64_t n, float *scratch);

  private:
    void transform_in(int64_t tile, float *v) const;
    void multiply(const float *v, float *m) const;
    void transform_out(int64_t tile, const float *m) const;

    const ConvolutionKernels &kernels_;
    const WinogradPlan &plan_;
    const float *in_, *u_;
    float *out_;
    TileEpilogue epilogue_;
    Range tiles_{0, 0}, filters_{0, 0};  // of blocks of filters
};

void WinogradRun::run(int64_t unit, int64_t n, float *scratch) {
    const int64_t chunk = unit / plan_.filter_parts;
    filters_ = part_range(plan_.filter_blocks, plan_.filter_parts, unit % plan_.filter_parts);
    tiles_ = {chunk * plan_.chunk, std::min(plan_.tiles(n), (chunk + 1) * plan_.chunk)};
    float *const v = scratch, *const m = v + plan_.points * plan_.v_point();
    for (int64_t t = tiles_.begin; t < tiles_.end; ++t) {
        transform_in(t, v + (t - tiles_.begin) * plan_.v_row());
    }
    multiply(v, m);
    for (int64_t t = tiles_.begin; t < tiles_.end; ++t) {
        transform_out(t, m + (t - tiles_.begin) * plan_.m_row());
    }
}

void WinogradRun::transform_in(int64_t tile, float *v) const {
    const int64_t w = plan_.width, plane = plan_.in_rows * plan_.in_columns;
    const int64_t sample = tile / (plan_.tile_rows * plan_.tile_columns);
    const int64_t row = tile / plan_.tile_columns % plan_.tile_rows * plan_.tile - plan_.pad_rows;
    const int64_t column = tile % plan_.tile_columns * plan_.tile - plan_.pad_columns;
    WinogradInput t;
    t.x = in_ + (sample * plan_.channel_blocks * plane + row * plan_.in_columns + column) * w;
    t.out = v;
    t.blocks = plan_.channel_blocks;
    t.x_block = plane * w;
    t.row = plan_.in_columns * w;
    t.column = w;
    t.point = plan_.v_point();
    const int64_t side = plan_.tile + 2;
    t.top = std::clamp<int64_t>(-row, 0, side);
    t.bottom = std::clamp<int64_t>(plan_.in_rows - row, t.top, side);
    t.left = std::clamp<int64_t>(-column, 0, side);
    t.right = std::clamp<int64_t>(plan_.in_columns - column, t.left, side);
    kernels_.winograd_of(plan_.tile).input(t);
}

void WinogradRun::multiply(const float *v, float *m) const {
    const int64_t w = plan_.width;
    const int64_t tiles = tiles_.end - tiles_.begin, tile_pieces = pieces_of(tiles, plan_.scalars);
    const int64_t blocks = filters_.end - filters_.begin;
    const int64_t block_pieces = pieces_of(blocks, plan_.vectors);
    ProductTile t;
    t.scalar_stride = plan_.v_row();
    t.vector_stride = plan_.channels * w;
    t.out_scalar_stride = plan_.m_row();
    t.out_vector_stride = w;
    t.loops[3] = {plan_.channels, 1, w};
    t.last = false;
    t.lanes = w;
    for (int64_t p = 0; p < plan_.points; ++p) {
        const float *const v_point = v + p * plan_.v_point();
        const float *const u_point = u_ + p * plan_.filter_blocks * t.vector_stride;
        float *const m_point = m + p * plan_.m_point();
        for (int64_t i = 0; i < block_pieces; ++i) {
            const Range block = part_range(blocks, block_pieces, i);
            t.vectors = u_point + (filters_.begin + block.begin) * t.vector_stride;
            for (int64_t j = 0; j < tile_pieces; ++j) {
                const Range tile = part_range(tiles, tile_pieces, j);
                t.scalars = v_point + tile.begin * plan_.v_row();
                t.out = m_point + tile.begin * plan_.m_row() + block.begin * w;
                kernels_.product[tile.end - tile.begin - 1][block.end - block.begin - 1](t);
            }
        }
    }
}

void WinogradRun::transform_out(int64_t tile, const float *m) const {
    const int64_t w = plan_.width, plane = plan_.out_rows * plan_.out_columns;
    const int64_t sample = tile / (plan_.tile_rows * plan_.tile_columns);
    const int64_t row = tile / plan_.tile_columns % plan_.tile_rows * plan_.tile;
    const int64_t column = tile % plan_.tile_columns * plan_.tile;
    const int64_t block = sample * plan_.filter_blocks + filters_.begin;
    const int64_t at = (block * plane + row * plan_.out_columns + column) * w;
    const bool ends = filters_.end == plan_.filter_blocks;
    WinogradOutput t;
    t.in = m;
    t.out = out_ + at;
    t.blocks = filters_.end - filters_.begin;
    t.out_block = plane * w;
    t.row = plan_.out_columns * w;
    t.column = w;
    t.point = plan_.m_point();
    t.rows = plan_.out_rows - row;
    t.columns = plan_.out_columns - column;
    t.lanes = ends ? plan_.filters - (plan_.filter_blocks - 1) * w : w;
    t.epilogue = epilogue_.at(filters_.begin * w, at);
    kernels_.winograd_of(plan_.tile).output(t);
}

template <bool Forward>
Candidate candidate(const Machine &machine, const ConvolutionGroup &group, const TileSize &size) {
    const WinogradPlan plan = winograd_plan(machine, group.shape, size, Forward);
    const Layout blocked = machine.c_blocked();
    const Layout weights = Layout::winograd(static_cast<int>(size.tile), machine.width(), !Forward);
    // Transforms wait for the maps, which no products hide; what filters cost is in the plan's.
    const double floats =
        static_cast<double>(blocked.elements(group.x) + blocked.elements(group.y));
    const double seconds =
        seconds_with_traffic(machine, plan.seconds, 0) + machine.seconds_of_bytes(4 * floats);
    Candidate candidate = make_candidate(group, size.name, blocked, weights, blocked, seconds);
    candidate.workspace = plan.parts * plan.scratch() * 4;
    return candidate;
}

template <bool Forward>
void candidates(const Machine &machine, const ConvolutionGroup &group,
                std::vector<Candidate> &out) {
    if (!is_for_winograd(group.shape)) return;
    for (const TileSize &size : kTileSizes)
        if (is_accepted(size, group.accept))
            out.push_back(candidate<Forward>(machine, group, size));
}

template <bool Forward>
std::unique_ptr<Kernel> prepare(Machine &machine, const ConvolutionGroup &group,
                                const Candidate &candidate) {
    const auto *const size =
        std::find_if(std::begin(kTileSizes), std::end(kTileSizes),
                     [&](const TileSize &each) { return candidate.algorithm == each.name; });
    if (size == std::end(kTileSizes)) return nullptr;
    ConvolutionGroup bound = group;
    bound.epilogue.channels = TileChannels::vectors;
    return make_kernel(
        [&machine, bound,
         plan = winograd_plan(machine, group.shape, *size, Forward)](const Launch &launch) {
            const float *const x = operand(launch, Forward ? bound.x_operand : bound.y_operand);
            float *const y = operand(launch, Forward ? bound.y_operand : bound.x_operand);
            const TileEpilogue epilogue = Forward ? bound.epilogue_at(launch) : TileEpilogue{};
            const int64_t units = plan.units(launch.n);
            for_parts(machine, plan.parts, [&](int64_t part) {
                const Range range = part_range(units, plan.parts, part);
                float *const scratch = at(launch.workspace) + part * plan.scratch();
                WinogradRun run(machine, plan, x, operand(launch, bound.w_operand), y, epilogue);
                for (int64_t unit = range.begin; unit < range.end; ++unit) {
                    run.run(unit, launch.n, scratch);
                }
            });
        });
}

}  // namespace

bool is_for_winograd(const ConvolutionShape &s) {
    if (!s.is_planar() || s.groups != 1) return false;
    for (int axis = 1; axis < 3; ++axis) {
        if (s.kernel[axis] != 3 || s.stride[axis] != 1 || s.dilation[axis] != 1) return false;
    }
    return true;
}

int64_t less_accurate_ways(const FusedOp &op) {
    const OpKind kind = op.head().kind;
    if (kind != OpKind::convolution && kind != OpKind::convolution_backward_data) return 0;
    return is_for_winograd(ConvolutionGroup(op).shape) ? kAcceptWinograd4x4 : 0;
}

const ConvolutionWay kWinogradForward = {candidates<true>, prepare<true>};
const ConvolutionWay kWinogradBackwardData = {candidates<false>, prepare<false>};

}  // namespace cnn::cpu

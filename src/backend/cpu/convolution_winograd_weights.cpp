// Gradients of the weights of 3x3 convolutions by Winograd's F(3x3, 2x2), with channels in the
// lanes: 16 products of matrices in place of 36 multiplications for each 2x2 tile of dy.
//
//   V[p][c][t] = (B^T x(t) B)[p],  D[p][f][t] = (A dy(t) A^T)[p],
//   U[p][c][f] = sum over t of V[p][c][t] D[p][f][t],  dw[f][c] = G^T U[.][c][f] G
//
// where t counts 2x2 tiles of dy over all samples. A unit has a chunk of blocks of x and one of
// blocks of dy, chosen so that its U stays in L2, and takes the tiles of its slice a few at a time,
// so that V and D do too. Transforms are done anew for each chunk of the other operand: keeping
// them costs more memory than x and dy have.
//
// Its rms error against float64 is 0.4 to 2.7 of direct sums' on uniform data, 1 to 64 samples of
// 13x10 and 16 to 256 channels. What isn't finite may spread to other taps.
#include "backend/cpu/convolution_gradient_sums.h"

namespace cnn::cpu {
namespace {

constexpr const char *kWinograd = "winograd_c";
constexpr int64_t kPoints = 16;

struct WinogradWeightsPlan : GradientSums {
    int64_t tile_rows = 1, tile_columns = 1;  // of a sample
    int64_t channel_chunk = 1;                // blocks of x of a unit; filter_tile those of dy
    int64_t tiles_at_once = 1;
    int64_t scalars = 1, vectors = 1;  // of a product's tile
    int64_t parts = 1;                 // each with a scratch of its own
    double seconds = 0;                // of one core

    int64_t tiles(int64_t n) const { return n * tile_rows * tile_columns; }
    int64_t channel_chunks() const { return divide_up(channel_blocks, channel_chunk); }
    int64_t units() const { return slices * channel_chunks() * filter_tiles; }
    int64_t block() const { return tiles_at_once * width; }  // of V and D
    int64_t v_point() const { return points_apart(channel_chunk * block()); }
    int64_t d_point() const { return points_apart(filter_tile * block()); }
    int64_t u_point() const { return points_apart(channel_chunk * lanes * row_floats()); }
    int64_t scratch() const { return kPoints * (v_point() + d_point() + u_point()); }
    int64_t workspace() const { return parts * scratch() + slices * slice_floats(); }
};

// Cycles of one core for everything, with the plan's chunks.
double cycles_of(const Machine &machine, const WinogradWeightsPlan &plan) {
    const double tiles = static_cast<double>(plan.tiles(plan.shape.batch));
    const bool near = plan.scratch() * 4 <= machine.l1;
    const double rounds = static_cast<double>(pieces_of(plan.lanes, plan.scalars) *
                                              pieces_of(plan.filter_tile, plan.vectors)) *
                          static_cast<double>(plan.channel_blocks * plan.filter_tiles);
    const int64_t scalars = divide_up(plan.lanes, pieces_of(plan.lanes, plan.scalars));
    const int64_t vectors = divide_up(plan.filter_tile, pieces_of(plan.filter_tile, plan.vectors));
    const double products = rounds * round_cycles(scalars, vectors, 0);
    // What a visit to a tile of sums costs beside its products.
    const double visit = (40 + (near ? 1.0 : 3.0) * static_cast<double>(2 * scalars * vectors)) *
                         rounds / static_cast<double>(plan.tiles_at_once);
    const double transforms =
        (near ? 40.0 : 70.0) * static_cast<double>(plan.channel_blocks * plan.filter_tiles +
                                                   plan.filter_blocks * plan.channel_chunks());
    const double once = 60.0 * static_cast<double>(plan.slices * plan.channel_blocks * plan.lanes *
                                                   plan.filter_blocks);
    return tiles * (kPoints * (products + visit) + transforms) + once;
}

// Products' tiles: pieces of a block's lanes times blocks of filters.
void choose_product(const Machine &machine, WinogradWeightsPlan &plan) {
    const ConvolutionKernels &kernels = *machine.simd.convolution;
    const int64_t largest = kernels.accumulators;
    double best = 0;
    for (int64_t s = 1; s <= ConvolutionKernels::kMaxScalars; ++s) {
        const int64_t most = std::min<int64_t>(largest / s, ConvolutionKernels::kMaxVectors);
        for (int64_t v = 1; v <= std::min(most, plan.filter_tile); ++v) {
            const double rounds =
                static_cast<double>(pieces_of(plan.lanes, s) * pieces_of(plan.filter_tile, v));
            const double cycles = rounds * round_cycles(std::min(s, plan.lanes), v, 0);
            if (best != 0 && cycles >= best) continue;
            best = cycles;
            plan.scalars = s;
            plan.vectors = v;
        }
    }
}

// Tiles whose V and D fit beside U, at least a few.
void choose_tiles_at_once(const Machine &machine, WinogradWeightsPlan &plan) {
    constexpr int64_t kFew = 16, kMany = 128;
    const int64_t tile = kPoints * (plan.channel_chunk + plan.filter_tile) * plan.width * 4;
    const int64_t sums = kPoints * plan.channel_chunk * plan.lanes * plan.row_floats() * 4;
    const auto fits = [&](int64_t room) { return (room - sums) / tile; };
    const int64_t in_l1 = fits(machine.l1), in_l2 = fits(machine.l2 * 3 / 4);
    plan.tiles_at_once = std::clamp(in_l1 >= kFew ? in_l1 : in_l2, kFew, kMany);
}

WinogradWeightsPlan with_chunks(const Machine &machine, const ConvolutionShape &s,
                                int64_t channel_chunk, int64_t filter_chunk) {
    WinogradWeightsPlan plan;
    plan.shape = s;
    plan.width = plan.lanes = machine.width();
    plan.channel_blocks = divide_up(s.channels, plan.lanes);
    plan.filter_blocks = divide_up(s.filters, plan.width);
    plan.tile_rows = divide_up(s.out[1], 2);
    plan.tile_columns = divide_up(s.out[2], 2);
    plan.channel_chunk = channel_chunk;
    plan.filter_tiles = divide_up(plan.filter_blocks, filter_chunk);
    plan.filter_tile = divide_up(plan.filter_blocks, plan.filter_tiles);
    choose_product(machine, plan);
    choose_tiles_at_once(machine, plan);
    plan.seconds = cycles_of(machine, plan) * cycle_seconds(machine);
    return plan;
}

// Chunks of equal size, small enough for the sums to stay in L2.
WinogradWeightsPlan choose_chunks(const Machine &machine, const ConvolutionShape &s) {
    const int64_t w = machine.width();
    const int64_t channel_blocks = divide_up(s.channels, w),
                  filter_blocks = divide_up(s.filters, w);
    WinogradWeightsPlan best;
    for (int64_t i = 1; i <= channel_blocks; ++i) {
        const int64_t channels = divide_up(channel_blocks, i);
        if (divide_up(channel_blocks, channels) != i) continue;
        for (int64_t j = 1; j <= filter_blocks; ++j) {
            const int64_t filters = divide_up(filter_blocks, j);
            if (divide_up(filter_blocks, filters) != j) continue;
            const bool smallest = channels == 1 && filters == 1;
            const int64_t sums = kPoints * channels * filters * w * w * 4;
            if (sums > machine.l2 / 2 && !smallest) continue;
            const WinogradWeightsPlan plan = with_chunks(machine, s, channels, filters);
            if (best.seconds == 0 || plan.seconds < best.seconds) best = plan;
        }
    }
    return best;
}

// Slices where chunks alone don't occupy all threads; not so many that adding them counts.
int64_t choose_slices(const Machine &machine, const WinogradWeightsPlan &plan) {
    constexpr int64_t kLeastVisits = 4, kLeastTiles = 16;
    if (plan.seconds < kForkSeconds) return 1;
    const int64_t threads = machine.pool.threads(), tiles = plan.tiles(plan.shape.batch);
    const int64_t wanted = divide_up(part_count(kMaxParts / 4, plan.seconds), plan.units());
    const int64_t worth = tiles / (kLeastVisits * plan.tiles_at_once);
    const int64_t fits = machine.l3 / 2 / (plan.slice_floats() * 4);
    const int64_t enough = divide_up(2 * threads, plan.units());
    const int64_t slices = std::max(std::min({wanted, worth, fits}), enough);
    const int64_t even = plan.units() % threads == 0 ? slices : round_up(slices, threads);
    return std::clamp<int64_t>(even, 1, std::max<int64_t>(1, tiles / kLeastTiles));
}

WinogradWeightsPlan winograd_weights_plan(const Machine &machine, const ConvolutionShape &s) {
    WinogradWeightsPlan plan = choose_chunks(machine, s);
    plan.slices = choose_slices(machine, plan);
    plan.seconds = cycles_of(machine, plan) * cycle_seconds(machine);
    plan.parts = std::min(part_count(4 * machine.pool.threads(), plan.seconds), plan.units());
    return plan;
}

// One unit: a chunk of blocks of x and one of dy over a slice of the tiles.
class WinogradWeightsRun {
  public:
    WinogradWeightsRun(const Machine &machine, const WinogradWeightsPlan &plan, const float *x,
                       const float *dy, float *scratch, float *sums)
        : kernels_(*machine.simd.convolution),
          plan_(plan),
          x_(x),
          dy_(dy),
          v_(scratch),
          d_(v_ + kPoints * plan.v_point()),
          u_(d_ + kPoints * plan.d_point()),
          sums_(sums) {}

    // Gives the blocks of a slice whose sums these are.
    Range run(int64_t unit, int64_t n);

  private:
    void transform(Range tiles) const;
    void transform_run(int64_t tile, int64_t at, int64_t count) const;
    void multiply(int64_t tiles, bool first) const;
    void multiply_block(ProductTile t, int64_t lanes, int64_t vectors) const;
    void finish(float *out) const;

    // In use, of a block of x.
    int64_t lanes_of(int64_t block) const {
        return std::min(plan_.lanes, plan_.shape.channels - block * plan_.lanes);
    }

    const ConvolutionKernels &kernels_;
    const WinogradWeightsPlan &plan_;
    const float *x_, *dy_;
    float *v_, *d_, *u_, *sums_;
    Range channels_{0, 0}, filters_{0, 0};  // of blocks
};

Range WinogradWeightsRun::run(int64_t unit, int64_t n) {
    const int64_t chunk = unit % plan_.channel_chunks();
    const int64_t filter_tile = unit / plan_.channel_chunks() % plan_.filter_tiles;
    const int64_t slice = unit / (plan_.channel_chunks() * plan_.filter_tiles);
    channels_ = {chunk * plan_.channel_chunk,
                 std::min(plan_.channel_blocks, (chunk + 1) * plan_.channel_chunk)};
    filters_ = part_range(plan_.filter_blocks, plan_.filter_tiles, filter_tile);
    const int64_t first_block = filter_tile * plan_.channel_blocks + channels_.begin;
    const int64_t blocks = channels_.end - channels_.begin;
    float *const out = sums_ + slice * plan_.slice_floats() + first_block * plan_.block_floats();
    // Slices are of all tiles that the plan's batch has, so that sums don't depend on n.
    const Range tiles = part_range(plan_.tiles(plan_.shape.batch), plan_.slices, slice);
    const int64_t end = std::min(tiles.end, plan_.tiles(n));
    const int64_t visits = pieces_of(tiles.end - tiles.begin, plan_.tiles_at_once);
    for (int64_t i = 0; i < visits; ++i) {
        Range some = part_range(tiles.end - tiles.begin, visits, i);
        some = {tiles.begin + some.begin, std::min(tiles.begin + some.end, end)};
        if (some.begin >= some.end) break;
        transform(some);
        multiply(some.end - some.begin, i == 0);
    }
    if (tiles.begin < end) {
        finish(out);
    } else {
        std::fill_n(out, blocks * plan_.block_floats(), 0.0f);
    }
    return {first_block, first_block + blocks};
}

void WinogradWeightsRun::transform(Range tiles) const {
    for (int64_t tile = tiles.begin; tile < tiles.end;) {
        const int64_t left = plan_.tile_columns - tile % plan_.tile_columns;
        const int64_t count = std::min(left, tiles.end - tile);
        transform_run(tile, (tile - tiles.begin) * plan_.width, count);
        tile += count;
    }
}

// Tiles next to each other, of one row of tiles.
void WinogradWeightsRun::transform_run(int64_t tile, int64_t at, int64_t count) const {
    const ConvolutionShape &s = plan_.shape;
    const int64_t w = plan_.width;
    const int64_t sample = tile / (plan_.tile_rows * plan_.tile_columns);
    const int64_t row = tile / plan_.tile_columns % plan_.tile_rows * 2;
    const int64_t column = tile % plan_.tile_columns * 2;
    WinogradTiles t;
    t.tiles = count;
    t.out_block = plan_.block();

    const int64_t in_row = row - s.pad[1], in_column = column - s.pad[2];
    const int64_t x_block = sample * plan_.channel_blocks + channels_.begin;
    t.in = x_ + (x_block * s.in_plane() + in_row * s.in[2] + in_column) * w;
    t.out = v_ + at;
    t.blocks = channels_.end - channels_.begin;
    t.in_block = s.in_plane() * w;
    t.row = s.in[2] * w;
    t.point = plan_.v_point();
    t.top = -in_row;
    t.bottom = s.in[1] - in_row;
    t.left = -in_column;
    t.right = s.in[2] - in_column;
    kernels_.winograd_gradient_input(t);

    const int64_t dy_block = sample * plan_.filter_blocks + filters_.begin;
    t.in = dy_ + (dy_block * s.out_plane() + row * s.out[2] + column) * w;
    t.out = d_ + at;
    t.blocks = filters_.end - filters_.begin;
    t.in_block = s.out_plane() * w;
    t.row = s.out[2] * w;
    t.point = plan_.d_point();
    t.top = t.left = 0;
    t.bottom = s.out[1] - row;
    t.right = s.out[2] - column;
    kernels_.winograd_gradient_output(t);
}

void WinogradWeightsRun::multiply(int64_t tiles, bool first) const {
    const int64_t blocks = filters_.end - filters_.begin;
    const int64_t pieces = pieces_of(blocks, plan_.vectors);
    ProductTile t;
    t.scalar_stride = 1;
    t.vector_stride = plan_.block();
    t.out_scalar_stride = plan_.row_floats();
    t.out_vector_stride = plan_.width;
    t.loops[3] = {tiles, plan_.width, plan_.width};
    t.first = first;
    t.last = false;
    t.lanes = plan_.width;
    for (int64_t p = 0; p < kPoints; ++p) {
        for (int64_t i = 0; i < pieces; ++i) {
            const Range block = part_range(blocks, pieces, i);
            t.vectors = d_ + p * plan_.d_point() + block.begin * plan_.block();
            for (int64_t c = channels_.begin; c < channels_.end; ++c) {
                const int64_t at = c - channels_.begin;
                t.scalars = v_ + p * plan_.v_point() + at * plan_.block();
                t.out = u_ + p * plan_.u_point() + at * plan_.lanes * plan_.row_floats() +
                        block.begin * plan_.width;
                multiply_block(t, lanes_of(c), block.end - block.begin);
            }
        }
    }
}

void WinogradWeightsRun::multiply_block(ProductTile t, int64_t lanes, int64_t vectors) const {
    const float *const scalars = t.scalars;
    float *const out = t.out;
    const int64_t pieces = pieces_of(lanes, plan_.scalars);
    for (int64_t i = 0; i < pieces; ++i) {
        const Range lane = part_range(lanes, pieces, i);
        t.scalars = scalars + lane.begin;
        t.out = out + lane.begin * plan_.row_floats();
        kernels_.product[lane.end - lane.begin - 1][vectors - 1](t);
    }
}

void WinogradWeightsRun::finish(float *out) const {
    WinogradSums t;
    t.vectors = filters_.end - filters_.begin;
    t.in_row = t.tap = plan_.row_floats();
    t.out_row = plan_.shape.taps() * plan_.row_floats();
    t.point = plan_.u_point();
    for (int64_t c = channels_.begin; c < channels_.end; ++c) {
        const int64_t at = c - channels_.begin;
        t.rows = lanes_of(c);
        t.in = u_ + at * plan_.lanes * plan_.row_floats();
        t.out = out + at * plan_.block_floats();
        kernels_.winograd_gradient_filter(t);
    }
}

void candidates(const Machine &machine, const ConvolutionGroup &group,
                std::vector<Candidate> &out) {
    if (!is_for_winograd(group.shape)) return;
    const WinogradWeightsPlan plan = winograd_weights_plan(machine, group.shape);
    const Layout blocked = machine.c_blocked();
    const double floats =
        static_cast<double>(blocked.elements(group.x) * plan.filter_tiles +
                            blocked.elements(group.y) * plan.channel_chunks() +
                            group.shape.weights() + plan.slices * plan.slice_floats());
    Candidate candidate = make_candidate(group, kWinograd, blocked, Layout::plain(), blocked,
                                         seconds_with_traffic(machine, plan.seconds, floats));
    candidate.workspace = plan.workspace() * 4;
    out.push_back(std::move(candidate));
}

std::unique_ptr<Kernel> prepare(Machine &machine, const ConvolutionGroup &group,
                                const Candidate &candidate) {
    if (candidate.algorithm != kWinograd) return nullptr;
    return make_kernel([&machine, group,
                        plan = winograd_weights_plan(machine, group.shape)](const Launch &launch) {
        float *const scratch = at(launch.workspace), *const dw = operand(launch, group.w_operand);
        float *const sums = scratch + plan.parts * plan.scratch();
        for_parts(machine, plan.parts, [&](int64_t part) {
            const Range units = part_range(plan.units(), plan.parts, part);
            WinogradWeightsRun run(machine, plan, operand(launch, group.x_operand),
                                   operand(launch, group.y_operand),
                                   scratch + part * plan.scratch(), sums);
            for (int64_t unit = units.begin; unit < units.end; ++unit) {
                const Range blocks = run.run(unit, launch.n);
                for (int64_t i = blocks.begin; plan.slices == 1 && i < blocks.end; ++i)
                    gather_block(machine, plan, i, sums, dw);
            }
        });
        if (plan.slices > 1) gather_blocks(machine, plan, sums, dw);
    });
}

}  // namespace

const ConvolutionWay kWinogradBackwardWeights = {candidates, prepare};

}  // namespace cnn::cpu

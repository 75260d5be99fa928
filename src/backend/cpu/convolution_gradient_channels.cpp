// Gradients of weights with channels in the lanes.
//
//   dw[f][c][i][j] = sum over n, row, col of dy[n][f][row, col] x[n][c][row * s + i, col * s + j]
//
// where a tile has a few c of a block (or, of plain x, a few j) as scalars and blocks of f as
// vectors. Blocks of samples and rows are small enough that dy and x stay in L1 while every tap
// passes; what is summed up lies in the workspace in the tiles' order, [c][i][j] by vectors of f,
// and is transposed into the weights at the end.
#include "backend/cpu/convolution_direct.h"
#include "backend/cpu/convolution_gradient_sums.h"

namespace cnn::cpu {
namespace {

constexpr const char *kChannels = "direct_c";
constexpr const char *kPlainToChannels = "direct_plain_c";

// Scalars of a tile: `count` lanes of a block from `lane` on under one tap, or taps of a kernel's
// row from `column` on.
struct ScalarPiece {
    int64_t row, column, lane, count;
};

// A slice is a range of blocks: of samples, each cut into blocks of rows.
struct ChannelGradientPlan : GradientSums {
    std::vector<Range> pieces, last_pieces;  // of a block's lanes (or a kernel's row), the last's
    int64_t chunk = 1, chunks = 1;           // blocks of x whose sums are made at once
    int64_t sample_block = 1, sample_blocks = 1, row_block = 1, row_blocks = 1;
    double seconds = 0;

    int64_t units() const { return shape.groups * filter_tiles * chunks * slices; }
    int64_t blocks() const { return sample_blocks * row_blocks; }
};

// Scalars and vectors of a tile. Kernels wider than a tile, and blocks of lanes, are cut evenly.
int64_t choose_tile(const Machine &machine, ChannelGradientPlan &plan) {
    const ConvolutionKernels &kernels = *machine.simd.convolution;
    const int64_t line = plan.lanes > 1 ? plan.lanes : plan.shape.kernel[2];
    double best = 0;
    int64_t scalars = 1;
    for (int64_t s = 1; s <= ConvolutionKernels::kMaxScalars; ++s) {
        for (int64_t v = 1; v <= ConvolutionKernels::kMaxVectors; ++v) {
            if (kernels.product[s - 1][v - 1] == nullptr) continue;
            const double rounds =
                static_cast<double>(pieces_of(line, s) * pieces_of(plan.filter_blocks, v));
            const double cycles = rounds * round_cycles(std::min(s, line), v, 0);
            if (best != 0 && cycles >= best) continue;
            best = cycles;
            scalars = s;
            plan.filter_tile = v;
        }
    }
    const ConvolutionShape &s = plan.shape;
    const double rows = static_cast<double>(s.groups * plan.channel_blocks * s.kernel[1]) *
                        static_cast<double>(plan.lanes > 1 ? s.kernel[2] : 1);
    // Of plain input each scalar lies in a line of its own.
    const double scattered = plan.lanes > 1 ? 1.2 : 1.7;
    plan.seconds = scattered * best * rows * static_cast<double>(s.batch * s.out_plane()) *
                       cycle_seconds(machine) +
                   static_cast<double>(s.weights()) * 4 * cycle_seconds(machine);
    return scalars;
}

std::vector<Range> pieces_of_line(int64_t line, int64_t scalars) {
    std::vector<Range> all;
    const int64_t count = pieces_of(line, scalars);
    for (int64_t i = 0; i < count; ++i) all.push_back(part_range(line, count, i));
    return all;
}

// Passes of dy over taps and blocks of x that are worth fetching it.
constexpr int64_t kLeastRounds = 4;

// What stays in L1: the rows of dy under a tile and those of x that they read.
void choose_blocks(const Machine &machine, ChannelGradientPlan &plan) {
    const ConvolutionShape &s = plan.shape;
    const int64_t row = (plan.row_floats() * s.out[2] + plan.lanes * s.stride[1] * s.in[2]) * 4;
    const int64_t overlap = (s.kernel[1] - 1) * s.dilation[1] * s.in[2] * plan.lanes * 4;
    const int64_t room = std::max<int64_t>(machine.l1 * 7 / 8 - overlap, 0);
    plan.row_block = std::clamp<int64_t>(room / row, 1, s.out[1]);
    // A visit to the sums must be worth it.
    const int64_t least = divide_up(48, s.out[2]);
    plan.row_block = std::clamp(plan.row_block, std::min(least, s.out[1]), s.out[1]);
    plan.row_blocks = divide_up(s.out[1], plan.row_block);
    plan.row_block = divide_up(s.out[1], plan.row_blocks);
    if (plan.row_blocks == 1) {
        const int64_t plane = std::max<int64_t>(row * s.out[1] + overlap, 1);
        const int64_t few = divide_up(48, s.out_plane());
        plan.sample_block = std::clamp<int64_t>(machine.l1 * 7 / 8 / plane, few, s.batch + few);
        plan.sample_block = std::min(plan.sample_block, s.batch);
    }
    plan.sample_blocks = divide_up(s.batch, plan.sample_block);
    // Threads share blocks of x first: slices are to be added, another pass over dy costs less.
    const int64_t wanted = part_count(kMaxParts / 2, plan.seconds);
    const int64_t fits = std::max<int64_t>(1, machine.l2 / 2 / (plan.block_floats() * 4));
    const int64_t shared = divide_up(wanted, s.groups * plan.filter_tiles);
    const int64_t most_chunks = divide_up(plan.channel_blocks, divide_up(kLeastRounds, s.taps()));
    plan.chunks = std::max(divide_up(plan.channel_blocks, fits), std::min(shared, most_chunks));
    plan.chunk = divide_up(plan.channel_blocks, plan.chunks);
    plan.chunks = divide_up(plan.channel_blocks, plan.chunk);
    plan.slices = std::clamp<int64_t>(divide_up(wanted, plan.units()), 1, plan.blocks());
    // Sums that don't fit a cache cost more than an idle thread.
    const int64_t most = std::max<int64_t>(1, machine.l3 / 2 / (plan.slice_floats() * 4));
    const int64_t enough = divide_up(2 * machine.pool.threads(), plan.units());
    plan.slices = std::min(plan.slices, std::max(most, enough));
}

ChannelGradientPlan channel_gradient_plan(const Machine &machine, const ConvolutionShape &shape,
                                          bool plain_input) {
    ChannelGradientPlan plan;
    plan.shape = shape;
    plan.width = machine.width();
    plan.lanes = plain_input ? 1 : plan.width;
    plan.channel_blocks = divide_up(shape.channels, plan.lanes);
    plan.filter_blocks = divide_up(shape.filters, plan.width);
    const int64_t scalars = choose_tile(machine, plan);
    plan.filter_tiles = pieces_of(plan.filter_blocks, plan.filter_tile);
    const int64_t last = shape.channels - (plan.channel_blocks - 1) * plan.lanes;
    plan.pieces = pieces_of_line(plain_input ? shape.kernel[2] : plan.lanes, scalars);
    plan.last_pieces = plain_input ? plan.pieces : pieces_of_line(last, scalars);
    choose_blocks(machine, plan);
    return plan;
}

// One unit: a tile of filters times a chunk of blocks of x over a slice.
class ChannelGradientRun {
  public:
    ChannelGradientRun(const Machine &machine, const ChannelGradientPlan &plan, const float *x,
                       const float *dy, float *sums, int64_t n)
        : kernels_(*machine.simd.convolution), plan_(plan), x_(x), dy_(dy), sums_(sums), n_(n) {}

    // Gives the blocks of a slice whose sums these are.
    Range run(int64_t unit);

  private:
    void run_block(int64_t block);
    void run_kernel_row(int64_t row, int64_t channel_block, float *sums);
    void run_piece(const ScalarPiece &piece, int64_t channel_block, float *sums);
    void run_columns(const ScalarPiece &piece, Range columns, const float *x, float *sums,
                     bool first);

    const ConvolutionKernels &kernels_;
    const ChannelGradientPlan &plan_;
    const float *x_, *dy_;
    float *sums_;
    int64_t n_;
    int64_t group_ = 0, filter_ = 0, vectors_ = 1;  // the first block of filters, and how many
    float *out_ = nullptr;                          // of the chunk's first block
    Range channels_{0, 0}, samples_{0, 0}, rows_{0, 0}, valid_rows_{0, 0};
    bool first_ = false;
};

Range ChannelGradientRun::run(int64_t unit) {
    const int64_t chunk = unit % plan_.chunks;
    const int64_t tile = unit / plan_.chunks % plan_.filter_tiles;
    const int64_t outer = unit / (plan_.chunks * plan_.filter_tiles);
    group_ = outer % plan_.shape.groups;
    const int64_t slice = outer / plan_.shape.groups;
    const Range filters = part_range(plan_.filter_blocks, plan_.filter_tiles, tile);
    filter_ = filters.begin;
    vectors_ = filters.end - filters.begin;
    channels_ = {chunk * plan_.chunk, std::min(plan_.channel_blocks, (chunk + 1) * plan_.chunk)};
    const int64_t first_block =
        (group_ * plan_.filter_tiles + tile) * plan_.channel_blocks + channels_.begin;
    out_ = sums_ + slice * plan_.slice_floats() + first_block * plan_.block_floats();
    // Slices are of all blocks that the plan's batch has, so that sums don't depend on n.
    const Range blocks = part_range(plan_.blocks(), plan_.slices, slice);
    first_ = true;
    for (int64_t b = blocks.begin; b < blocks.end; ++b) run_block(b);
    if (first_) {
        std::fill_n(out_, (channels_.end - channels_.begin) * plan_.block_floats(), 0.0f);
    }
    return {first_block, first_block + channels_.end - channels_.begin};
}

void ChannelGradientRun::run_block(int64_t block) {
    const int64_t sample = block / plan_.row_blocks * plan_.sample_block;
    samples_ = {sample, std::min(n_, sample + plan_.sample_block)};
    if (samples_.begin >= samples_.end) return;
    const int64_t row = block % plan_.row_blocks * plan_.row_block;
    rows_ = {row, std::min(plan_.shape.out[1], row + plan_.row_block)};
    float *sums = out_;
    for (int64_t c = channels_.begin; c < channels_.end; ++c, sums += plan_.block_floats()) {
        for (int64_t row = 0; row < plan_.shape.kernel[1]; ++row) run_kernel_row(row, c, sums);
    }
    first_ = false;
}

void ChannelGradientRun::run_kernel_row(int64_t row, int64_t channel_block, float *sums) {
    const bool last = channel_block + 1 == plan_.channel_blocks;
    const auto &pieces = last ? plan_.last_pieces : plan_.pieces;
    const bool plain = plan_.lanes == 1;
    for (int64_t column = 0; column < (plain ? 1 : plan_.shape.kernel[2]); ++column) {
        for (const Range &piece : pieces) {
            const int64_t size = piece.end - piece.begin;
            run_piece(plain ? ScalarPiece{row, piece.begin, 0, size}
                            : ScalarPiece{row, column, piece.begin, size},
                      channel_block, sums);
        }
    }
}

void ChannelGradientRun::run_piece(const ScalarPiece &piece, int64_t channel_block, float *sums) {
    const ConvolutionShape &s = plan_.shape;
    valid_rows_ = outputs_inside(s, 1, piece.row, rows_);
    const int64_t block = group_ * plan_.channel_blocks + channel_block;
    const float *const x = x_ + block * s.in_plane() * plan_.lanes + piece.lane;
    float *const out = sums + (piece.lane * s.taps() + piece.row * s.kernel[2] + piece.column) *
                                  plan_.row_floats();
    // Taps side by side: the columns that all of them read through, then what each has beside.
    const int64_t taps = plan_.lanes > 1 ? 1 : piece.count;
    const Range common = columns_inside(s, {piece.column, piece.column + taps});
    run_columns(piece, common, x, out, first_);
    for (int64_t k = 0; taps > 1 && k < taps; ++k) {
        const ScalarPiece tap{piece.row, piece.column + k, 0, 1};
        const Range own = columns_inside(s, {tap.column, tap.column + 1});
        float *const sum = out + k * plan_.row_floats();
        const Range before{own.begin, std::min(own.end, common.begin)};
        const Range after{std::max(own.begin, common.end), own.end};
        if (before.begin < before.end) run_columns(tap, before, x, sum, false);
        if (after.begin < after.end) run_columns(tap, after, x, sum, false);
    }
}

void ChannelGradientRun::run_columns(const ScalarPiece &piece, Range columns, const float *x,
                                     float *sums, bool first) {
    const ConvolutionShape &s = plan_.shape;
    const int64_t w = plan_.width, lanes = plan_.lanes;
    const int64_t x_sample = s.groups * plan_.channel_blocks * s.in_plane() * lanes;
    const int64_t dy_sample = s.groups * plan_.filter_blocks * s.out_plane() * w;
    const int64_t in_row = valid_rows_.begin * s.stride[1] - s.pad[1] + piece.row * s.dilation[1];
    const int64_t in_column = columns.begin * s.stride[2] - s.pad[2] + piece.column * s.dilation[2];
    const int64_t filter = group_ * plan_.filter_blocks + filter_;
    ProductTile t;
    t.scalars = x + samples_.begin * x_sample + (in_row * s.in[2] + in_column) * lanes;
    t.vectors = dy_ + samples_.begin * dy_sample +
                (filter * s.out_plane() + valid_rows_.begin * s.out[2] + columns.begin) * w;
    t.out = sums;
    t.scalar_stride = lanes > 1 ? 1 : s.dilation[2];
    t.vector_stride = s.out_plane() * w;
    t.out_scalar_stride = (lanes > 1 ? s.taps() : 1) * plan_.row_floats();
    t.out_vector_stride = w;
    t.loops[1] = {samples_.end - samples_.begin, x_sample, dy_sample};
    t.loops[2] = {valid_rows_.end - valid_rows_.begin, s.stride[1] * s.in[2] * lanes, s.out[2] * w};
    t.loops[3] = {columns.end - columns.begin, s.stride[2] * lanes, w};
    t.first = first;
    t.last = false;
    t.lanes = w;
    kernels_.product[piece.count - 1][vectors_ - 1](t);
}

void add_gradient(const Machine &machine, const ConvolutionGroup &group, bool plain_input,
                  std::vector<Candidate> &out) {
    const ConvolutionShape &s = group.shape;
    const int64_t w = machine.width();
    if (s.groups > 1 && (s.filters % w != 0 || (!plain_input && s.channels % w != 0))) return;
    const ChannelGradientPlan plan = channel_gradient_plan(machine, s, plain_input);
    const Layout blocked = machine.c_blocked();
    const Layout x = plain_input ? Layout::plain() : blocked;
    const double elements = static_cast<double>(x.elements(group.x) + blocked.elements(group.y) +
                                                s.weights() + plan.slices * plan.slice_floats());
    Candidate candidate =
        make_candidate(group, plain_input ? kPlainToChannels : kChannels, x, Layout::plain(),
                       blocked, seconds_with_traffic(machine, plan.seconds, elements));
    candidate.workspace = plan.slices * plan.slice_floats() * 4;
    out.push_back(std::move(candidate));
}

void gradient_candidates(const Machine &machine, const ConvolutionGroup &group,
                         std::vector<Candidate> &out) {
    if (!group.shape.is_planar()) return;
    add_gradient(machine, group, false, out);
    add_gradient(machine, group, true, out);
}

std::unique_ptr<Kernel> prepare_gradient(Machine &machine, const ConvolutionGroup &group,
                                         const Candidate &candidate) {
    const bool plain_input = candidate.algorithm == kPlainToChannels;
    if (!plain_input && candidate.algorithm != kChannels) return nullptr;
    return make_kernel(
        [&machine, group,
         plan = channel_gradient_plan(machine, group.shape, plain_input)](const Launch &launch) {
            float *const sums = at(launch.workspace), *const dw = operand(launch, group.w_operand);
            for_ranges(machine, plan.units(), plan.seconds, [&](int64_t begin, int64_t end) {
                ChannelGradientRun run(machine, plan, operand(launch, group.x_operand),
                                       operand(launch, group.y_operand), sums, launch.n);
                for (int64_t unit = begin; unit < end; ++unit) {
                    const Range blocks = run.run(unit);
                    for (int64_t i = blocks.begin; plan.slices == 1 && i < blocks.end; ++i)
                        gather_block(machine, plan, i, sums, dw);
                }
            });
            if (plan.slices > 1) gather_blocks(machine, plan, sums, dw);
        });
}

}  // namespace

const ConvolutionWay kChannelsBackwardWeights = {gradient_candidates, prepare_gradient};

}  // namespace cnn::cpu

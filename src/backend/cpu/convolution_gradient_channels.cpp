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
    int64_t vectors = 1;                     // blocks of filters of a product
    int64_t chunk = 1, chunks = 1;           // blocks of x whose sums are made at once
    int64_t sample_block = 1, sample_blocks = 1, row_block = 1, row_blocks = 1;
    double seconds = 0;

    // Rows and columns of plain x are copied with the zeros around them, blocks of rows at a time.
    bool pads = false;
    int64_t pad_rows = 0, pad_columns = 0;
    int64_t parts = 1;  // each with a copy of its own

    int64_t pad_plane() const { return pad_rows * pad_columns; }
    int64_t pad_floats() const {
        return pads ? round_up(sample_block * chunk * pad_plane(), 16) : 0;
    }
    int64_t workspace() const { return slices * slice_floats() + parts * pad_floats(); }
    int64_t units() const { return shape.groups * filter_tiles * chunks * slices; }
    int64_t blocks() const { return sample_blocks * row_blocks; }
};

// Scalars and vectors of a product's tile: its cycles over a block of lanes (or a kernel's row) and
// all blocks of filters, each cut evenly. Gives the scalars.
int64_t choose_tile(const Machine &machine, ChannelGradientPlan &plan) {
    const ConvolutionKernels &kernels = *machine.simd.convolution;
    const int64_t line =
        plan.lanes > 1 ? std::min(plan.lanes, plan.shape.channels) : plan.shape.kernel[2];
    const double far = machine.width() * 4 / 32.0;  // as far_cycles has it
    double best = 0;
    int64_t scalars = 1;
    for (int64_t s = 1; s <= ConvolutionKernels::kMaxScalars; ++s) {
        for (int64_t v = 1; v <= ConvolutionKernels::kMaxVectors; ++v) {
            if (kernels.product[s - 1][v - 1] == nullptr) continue;
            const auto lines = static_cast<double>(pieces_of(line, s));
            const auto tiles = static_cast<double>(pieces_of(plan.filter_blocks, v));
            const double across = static_cast<double>(line) / lines;
            const double along = static_cast<double>(plan.filter_blocks) / tiles;
            const double cycles =
                lines * tiles *
                (std::max({0.5 * across * along, 0.5 * (across + along), far * along, 4.0}) + 0.4);
            // Of equals the later: the more scalars, the less often vectors are read.
            if (best != 0 && cycles > best * 1.0001) continue;
            best = cycles;
            scalars = s;
            plan.vectors = v;
        }
    }
    const ConvolutionShape &s = plan.shape;
    const double rows = static_cast<double>(s.groups * plan.channel_blocks * s.kernel[1]) *
                        static_cast<double>(plan.lanes > 1 ? s.kernel[2] : 1);
    // Sums are written to the weights' rows, as many side by side as there are taps and lanes.
    const double gather = 0.5 + 2 / static_cast<double>(s.taps());
    plan.seconds = (1.05 * best * rows * static_cast<double>(s.batch * s.out_plane()) +
                    gather * static_cast<double>(s.weights())) *
                   cycle_seconds(machine);
    return scalars;
}

std::vector<Range> pieces_of_line(int64_t line, int64_t scalars) {
    std::vector<Range> all;
    const int64_t count = pieces_of(line, scalars);
    for (int64_t i = 0; i < count; ++i) all.push_back(part_range(line, count, i));
    return all;
}

// Blocks of samples and rows: what products read of dy and x should stay in L2 while taps and
// blocks of x pass. Smaller ones would stay in L1, but each begins by fetching all it sums up to.
void choose_visit(const Machine &machine, ChannelGradientPlan &plan) {
    const ConvolutionShape &s = plan.shape;
    const int64_t dy_row = plan.vectors * plan.width * s.out[2];
    const int64_t row = (dy_row + plan.lanes * s.stride[1] * s.in[2]) * 4;
    const int64_t overlap = (s.kernel[1] - 1) * s.dilation[1] * s.in[2] * plan.lanes * 4;
    const int64_t size = std::max(machine.l1 / 2, machine.l2 / 4);
    const int64_t room = std::max<int64_t>(size - overlap, 0);
    plan.row_block = std::clamp<int64_t>(room / row, 1, s.out[1]);
    // A visit to the sums must be worth it.
    const int64_t least = divide_up(48, s.out[2]);
    plan.row_block = std::clamp(plan.row_block, std::min(least, s.out[1]), s.out[1]);
    plan.row_blocks = divide_up(s.out[1], plan.row_block);
    plan.row_block = divide_up(s.out[1], plan.row_blocks);
    if (plan.row_blocks == 1) {
        const int64_t plane = std::max<int64_t>(row * s.out[1] + overlap, 1);
        const int64_t few = divide_up(48, s.out_plane());
        plan.sample_block = std::clamp<int64_t>(size / plane, few, s.batch + few);
        plan.sample_block = std::min(plan.sample_block, s.batch);
    }
    plan.sample_blocks = divide_up(s.batch, plan.sample_block);
}

// Chunks of blocks of x and of filters whose sums and what a visit reads for them stay in L2: those
// that read x and dy the least often from beyond it.
void choose_chunks(const Machine &machine, ChannelGradientPlan &plan) {
    const ConvolutionShape &s = plan.shape;
    const int64_t pixels = plan.sample_block * plan.row_block;
    const int64_t x = pixels * s.stride[1] * s.in[2] * plan.lanes * 4;  // of a block
    const int64_t dy = pixels * s.out[2] * plan.width * 4;
    const int64_t sums = s.taps() * plan.lanes * plan.width * 4;  // of a pair of blocks
    const auto x_all = static_cast<double>(plan.channel_blocks * s.in_plane() * plan.lanes);
    const auto dy_all = static_cast<double>(plan.filter_blocks * s.out_plane() * plan.width);
    // Threads share chunks first: slices are to be added.
    const int64_t wanted = divide_up(part_count(kMaxParts / 4, plan.seconds), plan.blocks());
    const int64_t pairs = plan.channel_blocks * plan.filter_blocks * s.groups / wanted;
    double least = 0;
    for (int64_t f = plan.vectors;; f += plan.vectors) {
        const int64_t filters = std::min(f, plan.filter_blocks);
        const int64_t room = machine.l2 * 2 / 3 - filters * dy;
        const int64_t fits = std::min(room / (x + filters * sums), pairs / filters);
        const int64_t most = std::clamp<int64_t>(fits, 1, plan.channel_blocks);
        const int64_t chunks = divide_up(plan.channel_blocks, most);
        const int64_t tiles = divide_up(plan.filter_blocks, filters);
        const double floats =
            x_all * static_cast<double>(tiles) + dy_all * static_cast<double>(chunks);
        if (least == 0 || floats < least) {
            least = floats;
            plan.filter_tiles = tiles;
            plan.chunks = chunks;
        }
        if (f >= plan.filter_blocks) break;
    }
    plan.filter_tile = divide_up(plan.filter_blocks, plan.filter_tiles);
    plan.chunk = divide_up(plan.channel_blocks, plan.chunks);
    plan.chunks = divide_up(plan.channel_blocks, plan.chunk);
}

void choose_slices(const Machine &machine, ChannelGradientPlan &plan) {
    const int64_t wanted = part_count(kMaxParts / 4, plan.seconds);
    plan.slices = std::clamp<int64_t>(divide_up(wanted, plan.units()), 1, plan.blocks());
    // Sums that don't fit a cache cost more than an idle thread.
    const int64_t most = std::max<int64_t>(1, machine.l3 / 2 / (plan.slice_floats() * 4));
    const int64_t enough = divide_up(2 * machine.pool.threads(), plan.units());
    plan.slices = std::min(plan.slices, std::max(most, enough));
}

// Only where something lies outside.
void choose_padding(const Machine &machine, ChannelGradientPlan &plan) {
    const ConvolutionShape &s = plan.shape;
    plan.parts = std::min(part_count(4 * machine.pool.threads(), plan.seconds), plan.units());
    const Range columns = columns_inside(s, {0, s.kernel[2]});
    Range rows{0, s.out[1]};
    for (int64_t k = 0; k < s.kernel[1]; ++k) rows = outputs_inside(s, 1, k, rows);
    plan.pads = plan.lanes == 1 &&
                (rows.end - rows.begin < s.out[1] || columns.end - columns.begin < s.out[2]);
    plan.pad_rows = (plan.row_block - 1) * s.stride[1] + (s.kernel[1] - 1) * s.dilation[1] + 1;
    plan.pad_columns = (s.out[2] - 1) * s.stride[2] + (s.kernel[2] - 1) * s.dilation[2] + 1;
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
    const int64_t last = shape.channels - (plan.channel_blocks - 1) * plan.lanes;
    plan.pieces = pieces_of_line(plain_input ? shape.kernel[2] : plan.lanes, scalars);
    plan.last_pieces = plain_input ? plan.pieces : pieces_of_line(last, scalars);
    choose_visit(machine, plan);
    choose_chunks(machine, plan);
    choose_slices(machine, plan);
    choose_padding(machine, plan);
    return plan;
}

// A block of channels of x: its pixels from row `top` and column `left` of the first sample on.
struct XPixels {
    const float *at;
    int64_t sample, row;  // from one to the next, in floats
    int64_t top, left;
};

// One unit: a tile of filters times a chunk of blocks of x over a slice.
class ChannelGradientRun {
  public:
    ChannelGradientRun(const Machine &machine, const ChannelGradientPlan &plan, const float *x,
                       const float *dy, float *sums, float *padded, int64_t n)
        : kernels_(*machine.simd.convolution),
          plan_(plan),
          x_(x),
          dy_(dy),
          sums_(sums),
          padded_(padded),
          n_(n) {}

    // Gives the blocks of a slice whose sums these are.
    Range run(int64_t unit);

  private:
    void run_block(int64_t block);
    void pad() const;
    void run_kernel_row(int64_t row, int64_t channel_block, float *sums);
    void run_piece(const ScalarPiece &piece, int64_t channel_block, float *sums);
    void run_columns(const ScalarPiece &piece, Range columns, const XPixels &x, float *sums,
                     bool first);
    XPixels pixels_of(int64_t channel_block) const;

    const ConvolutionKernels &kernels_;
    const ChannelGradientPlan &plan_;
    const float *x_, *dy_;
    float *sums_, *padded_;
    int64_t n_;
    int64_t group_ = 0;
    int64_t filter_ = 0, vectors_ = 1;  // of a product: its first block of filters, and how many
    float *out_ = nullptr;              // of the chunk's first block
    Range filters_{0, 0}, channels_{0, 0}, samples_{0, 0}, rows_{0, 0}, valid_rows_{0, 0};
    bool first_ = false;
};

Range ChannelGradientRun::run(int64_t unit) {
    const int64_t chunk = unit % plan_.chunks;
    const int64_t tile = unit / plan_.chunks % plan_.filter_tiles;
    const int64_t outer = unit / (plan_.chunks * plan_.filter_tiles);
    group_ = outer % plan_.shape.groups;
    const int64_t slice = outer / plan_.shape.groups;
    filters_ = part_range(plan_.filter_blocks, plan_.filter_tiles, tile);
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
    if (plan_.pads) pad();
    const int64_t count = filters_.end - filters_.begin, pieces = pieces_of(count, plan_.vectors);
    for (int64_t i = 0; i < pieces; ++i) {
        const Range filters = part_range(count, pieces, i);
        filter_ = filters_.begin + filters.begin;
        vectors_ = filters.end - filters.begin;
        float *sums = out_ + filters.begin * plan_.width;
        for (int64_t c = channels_.begin; c < channels_.end; ++c, sums += plan_.block_floats()) {
            for (int64_t k = 0; k < plan_.shape.kernel[1]; ++k) run_kernel_row(k, c, sums);
        }
    }
    first_ = false;
}

// Copies what the block reads, [sample][channel][row][column].
void ChannelGradientRun::pad() const {
    const ConvolutionShape &s = plan_.shape;
    const int64_t left = std::min(s.pad[2], plan_.pad_columns);
    const int64_t inside = std::min(s.in[2], plan_.pad_columns - left);
    const int64_t first = rows_.begin * s.stride[1] - s.pad[1];
    float *out = padded_;
    for (int64_t n = samples_.begin; n < samples_.end; ++n) {
        for (int64_t c = channels_.begin; c < channels_.end; ++c) {
            const int64_t channel = (n * s.groups + group_) * s.channels + c;
            const float *const plane = x_ + channel * s.in_plane();
            for (int64_t r = first; r < first + plan_.pad_rows; ++r, out += plan_.pad_columns) {
                std::fill_n(out, plan_.pad_columns, 0.0f);
                if (r >= 0 && r < s.in[1]) std::copy_n(plane + r * s.in[2], inside, out + left);
            }
        }
    }
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

XPixels ChannelGradientRun::pixels_of(int64_t channel_block) const {
    const ConvolutionShape &s = plan_.shape;
    if (plan_.pads) {
        const int64_t channels = channels_.end - channels_.begin;
        return {padded_ + (channel_block - channels_.begin) * plan_.pad_plane(),
                channels * plan_.pad_plane(), plan_.pad_columns,
                rows_.begin * s.stride[1] - s.pad[1], -s.pad[2]};
    }
    const int64_t plane = s.in_plane() * plan_.lanes, blocks = s.groups * plan_.channel_blocks;
    const int64_t block = samples_.begin * blocks + group_ * plan_.channel_blocks + channel_block;
    return {x_ + block * plane, blocks * plane, s.in[2] * plan_.lanes, 0, 0};
}

void ChannelGradientRun::run_piece(const ScalarPiece &piece, int64_t channel_block, float *sums) {
    const ConvolutionShape &s = plan_.shape;
    const XPixels x = pixels_of(channel_block);
    float *const out = sums + (piece.lane * s.taps() + piece.row * s.kernel[2] + piece.column) *
                                  plan_.row_floats();
    if (plan_.pads) {
        valid_rows_ = rows_;
        return run_columns(piece, {0, s.out[2]}, x, out, first_);
    }
    valid_rows_ = outputs_inside(s, 1, piece.row, rows_);
    // Taps side by side: all read through all columns where there is nothing to pad.
    const int64_t taps = plan_.lanes > 1 ? 1 : piece.count;
    run_columns(piece, columns_inside(s, {piece.column, piece.column + taps}), x, out, first_);
}

// Rows that follow one another in both operands are one long row.
void join_rows(ProductTile &t) {
    TileLoop &rows = t.loops[2], &columns = t.loops[3];
    if (rows.scalar_step != columns.count * columns.scalar_step ||
        rows.vector_step != columns.count * columns.vector_step)
        return;
    columns.count *= rows.count;
    rows = {1, 0, 0};
}

void ChannelGradientRun::run_columns(const ScalarPiece &piece, Range columns, const XPixels &x,
                                     float *sums, bool first) {
    const ConvolutionShape &s = plan_.shape;
    const int64_t w = plan_.width, lanes = plan_.lanes;
    const int64_t dy_sample = s.groups * plan_.filter_blocks * s.out_plane() * w;
    const int64_t in_row = valid_rows_.begin * s.stride[1] - s.pad[1] + piece.row * s.dilation[1];
    const int64_t in_column = columns.begin * s.stride[2] - s.pad[2] + piece.column * s.dilation[2];
    const int64_t filter = group_ * plan_.filter_blocks + filter_;
    ProductTile t;
    t.scalars = x.at + (in_row - x.top) * x.row + (in_column - x.left) * lanes + piece.lane;
    t.vectors = dy_ + samples_.begin * dy_sample +
                (filter * s.out_plane() + valid_rows_.begin * s.out[2] + columns.begin) * w;
    t.out = sums;
    t.scalar_stride = lanes > 1 ? 1 : s.dilation[2];
    t.vector_stride = s.out_plane() * w;
    t.out_scalar_stride = (lanes > 1 ? s.taps() : 1) * plan_.row_floats();
    t.out_vector_stride = w;
    t.loops[1] = {samples_.end - samples_.begin, x.sample, dy_sample};
    t.loops[2] = {valid_rows_.end - valid_rows_.begin, s.stride[1] * x.row, s.out[2] * w};
    t.loops[3] = {columns.end - columns.begin, s.stride[2] * lanes, w};
    join_rows(t);
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
    const double elements =
        static_cast<double>(x.elements(group.x) + blocked.elements(group.y) + s.weights() +
                            (plan.slices > 1 ? plan.slices : 0) * plan.slice_floats());
    Candidate candidate =
        make_candidate(group, plain_input ? kPlainToChannels : kChannels, x, Layout::plain(),
                       blocked, seconds_with_traffic(machine, plan.seconds, elements));
    candidate.workspace = plan.workspace() * 4;
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
            float *const padded = sums + plan.slices * plan.slice_floats();
            for_parts(machine, plan.parts, [&](int64_t part) {
                ChannelGradientRun run(machine, plan, operand(launch, group.x_operand),
                                       operand(launch, group.y_operand), sums,
                                       padded + part * plan.pad_floats(), launch.n);
                const Range units = part_range(plan.units(), plan.parts, part);
                for (int64_t unit = units.begin; unit < units.end; ++unit) {
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

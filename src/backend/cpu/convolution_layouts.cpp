// Direct convolution and its data gradient in the layouts of the CPU: samples in the lanes,
// channels in the lanes, and from a plain input to channels in the lanes.
#include "backend/cpu/convolution_direct.h"

namespace cnn::cpu {
namespace {

constexpr const char *kSamples = "direct_n";
constexpr const char *kChannels = "direct_c";
constexpr const char *kPlainToChannels = "direct_plain_c";

// With outputs of one pixel, tiles run over samples (or blocks of them).
void fold_batch(DirectPlan &plan) {
    if (positions_of(plan.rows) != 1 || positions_of(plan.columns) != 1) return;
    Segment &column = plan.columns[0];
    plan.batch_is_column = true;
    column.count = plan.batches;
    column.in_step = plan.in_batch / plan.in_column;
    column.out_step = plan.out_batch / plan.out_column;
    plan.batches = 1;
}

// So much of it that its lines wouldn't stay in a cache until the next layer.
bool is_beyond_caches(const Machine &machine, const DirectPlan &plan) {
    return 4 * plan.batches * plan.out_batch > machine.l3;
}

void set_weights(DirectPlan &plan, const ConvolutionShape &s, bool forward) {
    const int64_t taps = s.taps();
    plan.w_filter = forward ? s.channels * taps : taps;
    plan.w_reduction = forward ? taps : s.channels * taps;
    plan.w_group = s.filters * s.channels * taps;
    plan.w_row = s.kernel[2];
    plan.w_column = 1;
    // The backward pass reads a few weights out of each filter's: the same lines serve the next
    // tiles.
    if (!forward && taps == 1) plan.w_ahead = 32;
}

// Pixels of 1x1 filters follow one another in both maps, so that rows may be of any length: long
// ones fill tiles best, short ones share among threads and stay in a cache.
ConvolutionShape with_even_rows(ConvolutionShape s) {
    constexpr int64_t kLeast = 96;
    if (s.taps() != 1 || s.stride[1] != 1 || s.stride[2] != 1 || s.pad[1] != 0 || s.pad[2] != 0 ||
        s.in_plane() != s.out_plane())
        return s;
    const int64_t plane = s.in[1] * s.in[2];
    int64_t columns = std::min(std::max(kLeast, s.in[2]), plane);
    while (plane % columns != 0) ++columns;
    s.in[1] = s.out[1] = plane / columns;
    s.in[2] = s.out[2] = columns;
    return s;
}

// [N/W][C][H][W][W n], weights plain. The backward pass is the forward one with the segments of
// backward_segments, the roles of channels and filters exchanged.
DirectPlan samples_plan(const Machine &machine, const ConvolutionShape &shape, bool forward) {
    const ConvolutionShape s = with_even_rows(shape.is_dense() ? shape.flattened() : shape);
    const int64_t w = machine.width();
    const int64_t in_plane = forward ? s.in_plane() : s.out_plane();
    const int64_t out_plane = forward ? s.out_plane() : s.in_plane();
    const int64_t in_width = forward ? s.in[2] : s.out[2];
    const int64_t out_width = forward ? s.out[2] : s.in[2];
    DirectPlan plan;
    plan.batches = divide_up(s.batch, w);
    plan.groups = s.groups;
    plan.filters = forward ? s.filters : s.channels;
    plan.reductions = forward ? s.channels : s.filters;
    plan.rows = forward ? forward_segments(s, 1) : backward_segments(s, 1);
    plan.columns = forward ? forward_segments(s, 2) : backward_segments(s, 2);
    plan.in_column = w;
    plan.in_row = in_width * w;
    plan.in_reduction = in_plane * w;
    plan.in_group = plan.reductions * plan.in_reduction;
    plan.in_batch = s.groups * plan.in_group;
    plan.out_column = w;
    plan.out_row = out_width * w;
    plan.out_filter = out_plane * w;
    plan.out_group = plan.filters * plan.out_filter;
    plan.out_batch = s.groups * plan.out_group;
    plan.bias_group = plan.filters;
    plan.bias_filter = 1;
    plan.out_lanes = w;
    set_weights(plan, s, forward);
    plan.stream = is_beyond_caches(machine, plan);
    fold_batch(plan);
    choose_tiles(machine, plan);
    return plan;
}

// To [N][O/W][H][W][W o], from [N][C/W][H][W][W c] with weights [O/W][C/W][kH][kW][W c][W o], or
// from plain input with weights [O/W][C][kH][kW][W o]. The backward pass is the forward one with
// the segments of backward_segments, the roles of channels and filters exchanged, and weights
// [O/W][C/W][kH][kW][W o][W c].
DirectPlan channels_plan(const Machine &machine, const ConvolutionShape &shape, bool forward,
                         bool plain_input) {
    const ConvolutionShape s =
        with_even_rows(plain_input && shape.is_dense() ? shape.flattened() : shape);
    const int64_t w = machine.width();
    const int64_t block = plain_input ? 1 : w;
    const int64_t channels = forward ? s.channels : s.filters;
    const int64_t filters = forward ? s.filters : s.channels;
    DirectPlan plan;
    plan.positions_are_vectors = false;
    plan.batches = s.batch;
    plan.groups = s.groups;
    plan.filters = divide_up(filters, w);
    plan.reductions = divide_up(channels, block);
    plan.lanes = block;
    plan.last_lanes = channels - (plan.reductions - 1) * block;
    plan.rows = forward ? forward_segments(s, 1) : backward_segments(s, 1);
    plan.columns = forward ? forward_segments(s, 2) : backward_segments(s, 2);
    plan.in_lane = 1;
    plan.in_column = block;
    plan.in_row = (forward ? s.in[2] : s.out[2]) * block;
    plan.in_reduction = (forward ? s.in_plane() : s.out_plane()) * block;
    plan.in_group = plan.reductions * plan.in_reduction;
    plan.in_batch = s.groups * plan.in_group;
    plan.out_column = w;
    plan.out_row = (forward ? s.out[2] : s.in[2]) * w;
    plan.out_filter = (forward ? s.out_plane() : s.in_plane()) * w;
    plan.out_group = plan.filters * plan.out_filter;
    plan.out_batch = s.groups * plan.out_group;
    plan.w_lane = w;
    plan.w_column = block * w;
    plan.w_row = s.kernel[2] * plan.w_column;
    const int64_t inner = s.taps() * plan.w_column;
    plan.w_reduction = forward ? inner : plan.filters * inner;
    plan.w_filter = forward ? plan.reductions * inner : inner;
    plan.w_group = plan.filters * plan.reductions * inner;
    plan.bias_group = filters;
    plan.bias_filter = w;
    plan.out_lanes = filters - (plan.filters - 1) * w;
    plan.stream = is_beyond_caches(machine, plan);
    fold_batch(plan);
    choose_tiles(machine, plan);
    return plan;
}

// What reading sums along planes of samples costs beside products: planes lie far apart, so that
// little is read ahead and sets of the cache collide. Found by measuring.
double distance_factor(const DirectPlan &plan, bool forward) {
    if (plan.reductions < 8) return 1;
    const double bytes = static_cast<double>(plan.in_reduction) * 4;
    return forward ? 1 + 0.7 * std::min(1.0, bytes / (32 << 10))
                   : 1 + 1.1 * std::min(1.0, bytes / (16 << 10));
}

double elements_of(const ConvolutionGroup &group, const Layout &x, const Layout &w,
                   const Layout &y) {
    return static_cast<double>(x.elements(group.x) + w.elements(group.w) + y.elements(group.y));
}

// Blocks of channels may not straddle groups.
bool blocks_fit(int64_t groups, int64_t channels, int64_t block) {
    return groups == 1 || channels % block == 0;
}

void add_samples(const Machine &machine, const ConvolutionGroup &group, bool forward,
                 std::vector<Candidate> &out) {
    if (!group.shape.is_planar() && !group.shape.is_dense()) return;
    const Layout blocked = machine.n_blocked(), plain = Layout::plain();
    const DirectPlan plan = samples_plan(machine, group.shape, forward);
    const double elements = elements_of(group, blocked, plain, blocked);
    const double seconds = plan.seconds * distance_factor(plan, forward);
    out.push_back(make_candidate(group, kSamples, blocked, plain, blocked,
                                 seconds_with_traffic(machine, seconds, elements)));
}

void add_channels(const Machine &machine, const ConvolutionGroup &group, bool plain_input,
                  std::vector<Candidate> &out) {
    const ConvolutionShape &s = group.shape;
    const int w = machine.width();
    if (!s.is_planar() && !(plain_input && s.is_dense())) return;
    if (!blocks_fit(s.groups, s.filters, w)) return;
    if (!plain_input && !blocks_fit(s.groups, s.channels, w)) return;
    const Layout y = machine.c_blocked();
    const Layout x = plain_input ? Layout::plain() : y;
    const Layout weights = plain_input ? Layout::blocked(0, w) : Layout::blocked(1, w, 0, w);
    const DirectPlan plan = channels_plan(machine, s, true, plain_input);
    // Of plain input each scalar lies in a line of its own.
    const double seconds = plan.seconds * (plain_input ? 1.15 : 1);
    out.push_back(
        make_candidate(group, plain_input ? kPlainToChannels : kChannels, x, weights, y,
                       seconds_with_traffic(machine, seconds, elements_of(group, x, weights, y))));
}

void forward_candidates(const Machine &machine, const ConvolutionGroup &group,
                        std::vector<Candidate> &out) {
    add_samples(machine, group, true, out);
    add_channels(machine, group, false, out);
    add_channels(machine, group, true, out);
}

void backward_candidates(const Machine &machine, const ConvolutionGroup &group,
                         std::vector<Candidate> &out) {
    add_samples(machine, group, false, out);
    const ConvolutionShape &s = group.shape;
    const int w = machine.width();
    if (!s.is_planar() || !blocks_fit(s.groups, s.filters, w) ||
        !blocks_fit(s.groups, s.channels, w)) {
        return;
    }
    const Layout blocked = machine.c_blocked(), weights = Layout::blocked(0, w, 1, w);
    const DirectPlan plan = channels_plan(machine, s, false, false);
    const double elements = elements_of(group, blocked, weights, blocked);
    out.push_back(make_candidate(group, kChannels, blocked, weights, blocked,
                                 seconds_with_traffic(machine, plan.seconds, elements)));
}

std::unique_ptr<Kernel> prepare_forward(Machine &machine, const ConvolutionGroup &group,
                                        const Candidate &candidate) {
    const bool samples = candidate.algorithm == kSamples;
    const bool plain_input = candidate.algorithm == kPlainToChannels;
    if (!samples && !plain_input && candidate.algorithm != kChannels) return nullptr;
    const int64_t block = samples ? machine.width() : 1;
    ConvolutionGroup bound = group;
    bound.epilogue.channels = samples ? TileChannels::scalars : TileChannels::vectors;
    return make_kernel([&machine, bound, block,
                        plan = samples ? samples_plan(machine, group.shape, true)
                                       : channels_plan(machine, group.shape, true, plain_input)](
                           const Launch &launch) {
        run_direct(machine, plan,
                   {divide_up(launch.n, block), operand(launch, bound.x_operand),
                    operand(launch, bound.w_operand), operand(launch, bound.y_operand),
                    bound.epilogue_at(launch)});
    });
}

std::unique_ptr<Kernel> prepare_backward(Machine &machine, const ConvolutionGroup &group,
                                         const Candidate &candidate) {
    const bool samples = candidate.algorithm == kSamples;
    if (!samples && candidate.algorithm != kChannels) return nullptr;
    const int64_t block = samples ? machine.width() : 1;
    return make_kernel(
        [&machine, group, block,
         plan = samples ? samples_plan(machine, group.shape, false)
                        : channels_plan(machine, group.shape, false, false)](const Launch &launch) {
            run_direct(machine, plan,
                       {divide_up(launch.n, block),
                        operand(launch, group.y_operand),
                        operand(launch, group.w_operand),
                        operand(launch, group.x_operand),
                        {}});
        });
}

}  // namespace

const ConvolutionWay kDirectForward = {forward_candidates, prepare_forward};
const ConvolutionWay kDirectBackwardData = {backward_candidates, prepare_backward};

}  // namespace cnn::cpu

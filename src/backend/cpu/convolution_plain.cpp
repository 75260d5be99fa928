// Convolutions of any shape and rank in plain layouts: one row of pixels at a time. The way of last
// resort, so short rather than fast.
#include "backend/cpu/convolution_plan.h"

namespace cnn::cpu {
namespace {

constexpr const char *kPlain = "plain";

// Outputs [begin, end) of an axis read through tap k inside the input.
Range outputs_of(const ConvolutionShape &s, int axis, int64_t k) {
    const int64_t offset = k * s.dilation[axis] - s.pad[axis];
    const int64_t begin = offset < 0 ? divide_up(-offset, s.stride[axis]) : 0;
    const int64_t end = s.in[axis] > offset ? (s.in[axis] - 1 - offset) / s.stride[axis] + 1 : 0;
    return {std::min(begin, s.out[axis]), std::min(end, s.out[axis])};
}

// Calls fn(tap, x's offset, y's offset, columns) for every row of pixels that a tap joins: columns
// pixels of a channel's plane of x (stride[2] apart) and of a filter's plane of y.
template <class Fn>
void for_rows(const ConvolutionShape &s, Fn fn) {
    for (int64_t tap = 0; tap < s.taps(); ++tap) {
        const int64_t k[3] = {tap / (s.kernel[1] * s.kernel[2]), tap / s.kernel[2] % s.kernel[1],
                              tap % s.kernel[2]};
        const Range depth = outputs_of(s, 0, k[0]), rows = outputs_of(s, 1, k[1]);
        const Range columns = outputs_of(s, 2, k[2]);
        if (columns.begin >= columns.end) continue;
        for (int64_t d = depth.begin; d < depth.end; ++d) {
            for (int64_t r = rows.begin; r < rows.end; ++r) {
                const int64_t in_d = d * s.stride[0] - s.pad[0] + k[0] * s.dilation[0];
                const int64_t in_r = r * s.stride[1] - s.pad[1] + k[1] * s.dilation[1];
                const int64_t in_c = columns.begin * s.stride[2] - s.pad[2] + k[2] * s.dilation[2];
                fn(tap, (in_d * s.in[1] + in_r) * s.in[2] + in_c,
                   (d * s.out[1] + r) * s.out[2] + columns.begin, columns.end - columns.begin);
            }
        }
    }
}

struct Operands {
    float *x, *w, *y;
};
Operands operands_of(const ConvolutionGroup &group, const Launch &launch) {
    return {operand(launch, group.x_operand), operand(launch, group.w_operand),
            operand(launch, group.y_operand)};
}

void forward_plane(const Machine &machine, const ConvolutionShape &s, const Operands &o,
                   const TileEpilogue &epilogue, int64_t plane) {
    const int64_t filters = s.groups * s.filters;
    const int64_t n = plane / filters, filter = plane % filters, group = filter / s.filters;
    float *const y = o.y + plane * s.out_plane();
    std::fill_n(y, s.out_plane(), 0.0f);
    for (int64_t c = 0; c < s.channels; ++c) {
        const float *const x = o.x + ((n * s.groups + group) * s.channels + c) * s.in_plane();
        const float *const w = o.w + (filter * s.channels + c) * s.taps();
        for_rows(s, [&](int64_t tap, int64_t in, int64_t out, int64_t count) {
            machine.simd.convolution->axpy(w[tap], x + in, s.stride[2], y + out, 1, count);
        });
    }
    machine.simd.convolution->finish(y, s.out_plane(), epilogue.at(filter, plane * s.out_plane()));
}

void backward_plane(const Machine &machine, const ConvolutionShape &s, const Operands &o,
                    int64_t plane) {
    const int64_t channels = s.groups * s.channels;
    const int64_t n = plane / channels, channel = plane % channels;
    const int64_t group = channel / s.channels, c = channel % s.channels;
    float *const dx = o.x + plane * s.in_plane();
    std::fill_n(dx, s.in_plane(), 0.0f);
    for (int64_t f = group * s.filters; f < (group + 1) * s.filters; ++f) {
        const float *const dy = o.y + (n * s.groups * s.filters + f) * s.out_plane();
        const float *const w = o.w + (f * s.channels + c) * s.taps();
        for_rows(s, [&](int64_t tap, int64_t in, int64_t out, int64_t count) {
            machine.simd.convolution->axpy(w[tap], dy + out, 1, dx + in, s.stride[2], count);
        });
    }
}

// Weights of filter `pair` / channels and channel `pair` % channels.
void gradient_taps(const Machine &machine, const ConvolutionShape &s, const Operands &o, int64_t n,
                   int64_t pair) {
    const int64_t filter = pair / s.channels, c = pair % s.channels, group = filter / s.filters;
    float *const dw = o.w + pair * s.taps();
    std::fill_n(dw, s.taps(), 0.0f);
    for (int64_t i = 0; i < n; ++i) {
        const float *const x = o.x + ((i * s.groups + group) * s.channels + c) * s.in_plane();
        const float *const dy = o.y + (i * s.groups * s.filters + filter) * s.out_plane();
        for_rows(s, [&](int64_t tap, int64_t in, int64_t out, int64_t count) {
            dw[tap] += machine.simd.convolution->dot(x + in, s.stride[2], dy + out, 1, count);
        });
    }
}

// One core: rows in vectors, a call each. Batch and all.
double seconds_of(const Machine &machine, const ConvolutionShape &s) {
    const double calls = static_cast<double>(s.batch * s.weights() * s.out[0] * s.out[1]);
    const double columns = static_cast<double>(s.out[2]);
    const double each = s.stride[2] == 1 ? columns / machine.width() + 8 : columns;
    return calls * (20 + 2 * each) * cycle_seconds(machine);
}

void candidates(const Machine &machine, const ConvolutionGroup &group,
                std::vector<Candidate> &out) {
    const double seconds = seconds_of(machine, group.shape);
    const Layout plain = Layout::plain();
    out.push_back(
        make_candidate(group, kPlain, plain, plain, plain,
                       seconds < kForkSeconds ? seconds : seconds / machine.pool.threads()));
}

// Runs body(operands, launch, piece) for every piece of launch.n * per_sample + fixed.
template <class Body>
std::unique_ptr<Kernel> prepare(Machine &machine, const ConvolutionGroup &group,
                                const Candidate &candidate, int64_t per_sample, int64_t fixed,
                                Body body) {
    if (candidate.algorithm != kPlain) return nullptr;
    return make_kernel(
        [=, &machine, seconds = seconds_of(machine, group.shape)](const Launch &launch) {
            const Operands operands = operands_of(group, launch);
            for_ranges(machine, launch.n * per_sample + fixed, seconds,
                       [&](int64_t begin, int64_t end) {
                           for (int64_t i = begin; i < end; ++i) body(group, operands, launch, i);
                       });
        });
}

std::unique_ptr<Kernel> prepare_forward(Machine &machine, const ConvolutionGroup &group,
                                        const Candidate &candidate) {
    return prepare(
        machine, group, candidate, group.shape.groups * group.shape.filters, 0,
        [&machine](const ConvolutionGroup &g, const Operands &o, const Launch &launch, int64_t i) {
            forward_plane(machine, g.shape, o, g.epilogue_at(launch), i);
        });
}

std::unique_ptr<Kernel> prepare_backward(Machine &machine, const ConvolutionGroup &group,
                                         const Candidate &candidate) {
    return prepare(machine, group, candidate, group.shape.groups * group.shape.channels, 0,
                   [&machine](const ConvolutionGroup &g, const Operands &o, const Launch &,
                              int64_t i) { backward_plane(machine, g.shape, o, i); });
}

std::unique_ptr<Kernel> prepare_gradient(Machine &machine, const ConvolutionGroup &group,
                                         const Candidate &candidate) {
    const ConvolutionShape &s = group.shape;
    return prepare(machine, group, candidate, 0, s.groups * s.filters * s.channels,
                   [&machine](const ConvolutionGroup &g, const Operands &o, const Launch &launch,
                              int64_t i) { gradient_taps(machine, g.shape, o, launch.n, i); });
}

}  // namespace

const ConvolutionWay kPlainForward = {candidates, prepare_forward};
const ConvolutionWay kPlainBackwardData = {candidates, prepare_backward};
const ConvolutionWay kPlainBackwardWeights = {candidates, prepare_gradient};

}  // namespace cnn::cpu

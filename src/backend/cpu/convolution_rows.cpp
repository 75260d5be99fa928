// Dense layers of a few plain samples, whose weights are read once.
#include "backend/cpu/convolution_plan.h"

namespace cnn::cpu {
namespace {

constexpr const char *kRows = "dense_rows";

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
    out.push_back(
        make_candidate(group, kRows, plain, plain, plain,
                       seconds_with_traffic(machine, rows_seconds(machine, flat), elements)));
}

// Rows of weights that are multiplied together, from row `first` of all groups' on, by all samples.
void run_rows(const Machine &machine, const ConvolutionGroup &group, const ConvolutionShape &flat,
              const Launch &launch, int64_t first, int64_t rows) {
    constexpr int64_t kSamples = ConvolutionKernels::kMaxSamples;
    const float *const x = operand(launch, group.x_operand) + first / flat.filters * flat.channels;
    float *const y = operand(launch, group.y_operand) + first;
    // Made in place: copies of what was just written would wait for the writes.
    RowsProduct t{.epilogue = group.epilogue_at(launch)};
    if (t.epilogue.bias != nullptr) t.epilogue.bias += first;
    if (t.epilogue.scale != nullptr) t.epilogue.scale += first, t.epilogue.shift += first;
    t.w = operand(launch, group.w_operand) + first * flat.channels;
    t.depth = t.w_stride = flat.channels;
    t.x_stride = flat.groups * flat.channels;
    t.y_stride = flat.groups * flat.filters;
    for (int64_t i = 0; i < launch.n;) {
        t.x = x + i * t.x_stride;
        t.y = y + i * t.y_stride;
        const int64_t left = launch.n - i, samples = left == 3 ? 2 : std::min(kSamples, left);
        machine.simd.convolution->rows_product[rows - 1][samples - 1](t);
        i += samples;
    }
}

std::unique_ptr<Kernel> prepare_rows(Machine &machine, const ConvolutionGroup &group,
                                     const Candidate &candidate) {
    if (candidate.algorithm != kRows) return nullptr;
    const ConvolutionShape flat = group.shape.flattened();
    return make_kernel(
        [&machine, group, flat, seconds = rows_seconds(machine, flat)](const Launch &launch) {
            constexpr int64_t kRowsAtOnce = ConvolutionKernels::kMaxRows;
            const int64_t tiles = divide_up(flat.filters, kRowsAtOnce);
            for_ranges(machine, flat.groups * tiles, seconds, [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; ++i) {
                    const int64_t g = i / tiles, f = i % tiles * kRowsAtOnce;
                    const int64_t rows = std::min(kRowsAtOnce, flat.filters - f);
                    run_rows(machine, group, flat, launch, g * flat.filters + f, rows);
                }
            });
        });
}

}  // namespace

const ConvolutionWay kRowsForward = {rows_candidates, prepare_rows};

}  // namespace cnn::cpu

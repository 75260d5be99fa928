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

const ConvolutionWay kRowsForward = {rows_candidates, prepare_rows};

}  // namespace cnn::cpu

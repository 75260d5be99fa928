// Sparse sums over parameters: plain loops, since no table is large beside what reads its result.
#include "backend/cpu/operations.h"

namespace cnn::cpu {

namespace {

void gather_candidates(const Machine &machine, const FusedOp &op, std::vector<Candidate> &out) {
    Candidate candidate;
    candidate.algorithm = "gather";
    candidate.layouts.assign(static_cast<size_t>(op.operands()), Layout::plain());
    const auto &table = *std::get<GatherAttributes>(op.head().attributes).table;
    const auto entries = static_cast<double>(table.columns.size());
    candidate.seconds = Machine::kLaunchSeconds + entries * 1e-9 +
                        static_cast<double>(table.rows()) * 1e-9 +
                        machine.seconds_of_bytes(bytes_of(op, 4));
    out.push_back(std::move(candidate));
}

std::unique_ptr<Kernel> prepare_gather(Machine &machine, const FusedOp &op,
                                       const Candidate &candidate) {
    const auto table = std::get<GatherAttributes>(op.head().attributes).table;
    const TensorId x = op.head().inputs[0], y = op.head().outputs[0];
    const double seconds = candidate.seconds;
    return make_kernel([&machine, table, x, y, seconds](const Launch &launch) {
        const float *const from = operand(launch, x);
        float *const to = operand(launch, y);
        const int32_t *const starts = table->starts.data();
        const int32_t *const columns = table->columns.data();
        for_ranges(machine, table->rows(), seconds, [&](int64_t begin, int64_t end) {
            for (int64_t row = begin; row < end; ++row) {
                double sum = 0;
                for (int32_t k = starts[row]; k < starts[row + 1]; ++k) {
                    sum += static_cast<double>(from[columns[k]]);
                }
                to[row] = static_cast<float>(sum);
            }
        });
    });
}

}  // namespace

const Implementation kGather = {gather_candidates, prepare_gather};

}  // namespace cnn::cpu

// The choice among the device's candidates for every group of a program, and with it of every
// tensor's layout, minimising predicted time plus the reorders between them.
#pragma once

#include <vector>

#include "backend/tuning.h"
#include "graph/program.h"

namespace cnn {

struct Selection {
    std::vector<Candidate> chosen;  // a group each
    double seconds = 0;             // predicted, reorders included
};

// groups and operands as fuse gives them; tuning: what was measured, null for nothing. Throws
// Error(unsupported) naming the node of a group that the device can't run. theta_changes: packed
// copies of parameters are made anew each time.
Selection select(const Net &net, const Program &program, const Device &device,
                 const std::vector<FusedOp> &groups,
                 const std::vector<std::vector<TensorId>> &operands, bool theta_changes,
                 const TuningTable *tuning);

}  // namespace cnn

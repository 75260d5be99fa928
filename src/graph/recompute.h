// Activations that are dropped after the forward pass and computed again in the backward pass, each
// once, so that a plan takes less memory.
#pragma once

#include <functional>

#include "graph/timeline.h"

namespace cnn {

struct Recomputation {
    // What runs now, in order; values that the original hasn't are those that are computed again.
    Timeline timeline;
    std::vector<size_t> origins;  // by step, that of the original
    int64_t arena_bytes = 0;
    double seconds = 0;  // predicted, of what is computed again
    size_t repeats() const;
};

// The cheapest that was found whose arena `fits`, or the smallest that was found where none does,
// which is the same whatever `fits` says; that one fits where as much is allowed.
Recomputation recompute(const Timeline &timeline, const std::function<bool(int64_t)> &fits);

}  // namespace cnn

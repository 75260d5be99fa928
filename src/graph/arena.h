// Offsets in one arena for values that live through intervals of time, so that values alive at the
// same time never overlap.
#pragma once

#include <cstdint>
#include <vector>

namespace cnn {

struct Interval {
    int64_t bytes = 0;
    int64_t first = 0, last = 0;  // inclusive
};

// Fills offsets (multiples of 64) and returns the arena's size: the largest value first, each into
// the lowest gap that it fits.
int64_t assign_offsets(const std::vector<Interval> &intervals, std::vector<int64_t> &offsets);

}  // namespace cnn

// What a point of a sweep over sizes should cost, by its neighbours, two on either side: no more
// than a smaller one in proportion to the work, and no more than a larger one does. The least of
// those is its trend. So a fixed cost that work grows into is no fault, but a step up is, and so is
// a range of sizes that a larger one overtakes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cnn::bench {

struct SweepPoint {
    int64_t size = 0;
    double work = 0, seconds = 0;
};

// Of point i of a sweep, smallest first; infinite where it has no neighbours.
double trend(const std::vector<SweepPoint> &sweep, size_t i);

// Of more threads: what one takes divided among them, where that is `forking` seconds or more;
// anything less may stay on one.
double trend_of_threads(double one_thread, int threads, double forking);

}  // namespace cnn::bench

// Greedy assignment by size.
#include "graph/arena.h"

#include <algorithm>
#include <numeric>

namespace cnn {

namespace {

constexpr int64_t kAlignment = 64;

int64_t aligned(int64_t bytes) {
    return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

}  // namespace

int64_t assign_offsets(const std::vector<Interval> &intervals, std::vector<int64_t> &offsets) {
    std::vector<size_t> order(intervals.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return intervals[a].bytes > intervals[b].bytes; });
    offsets.assign(intervals.size(), 0);
    int64_t total = 0;
    std::vector<size_t> placed;  // by offset
    for (size_t i : order) {
        const Interval &mine = intervals[i];
        int64_t offset = 0;
        for (size_t other : placed) {
            const Interval &theirs = intervals[other];
            if (theirs.last < mine.first || mine.last < theirs.first) continue;
            if (offset + mine.bytes <= offsets[other]) break;
            offset = std::max(offset, offsets[other] + aligned(theirs.bytes));
        }
        offsets[i] = offset;
        total = std::max(total, offset + aligned(mine.bytes));
        const auto place = std::find_if(placed.begin(), placed.end(),
                                        [&](size_t other) { return offsets[other] > offset; });
        placed.insert(place, i);
    }
    return total;
}

}  // namespace cnn

// Clusters of points, for centres that start from data.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace cnn {

struct Clusters {
    std::vector<float> centers;   // [count, elements]
    std::vector<double> spread;   // of each: the mean squared distance of its points; 0 for none
    std::vector<double> nearest;  // squared distance to the closest other centre; 0 for one alone
};

// k-means++ (Arthur, Vassilvitskii 2007) by Philox under `seed`, then Lloyd's iteration until
// nothing changes, at most `iterations` times. points is [n, elements], n at least count. The same
// seed and points give the same clusters. pause is called between passes over the points, and may
// throw.
Clusters find_clusters(std::span<const float> points, int64_t elements, int64_t count,
                       uint64_t seed, int iterations, const std::function<void()> &pause);

}  // namespace cnn

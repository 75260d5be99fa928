#include "support/trend.h"

#include <algorithm>
#include <limits>

namespace cnn::bench {

double trend(const std::vector<SweepPoint> &sweep, size_t i) {
    constexpr size_t reach = 2;
    double least = std::numeric_limits<double>::infinity();
    for (size_t k = i - std::min(i, reach); k < i; ++k)
        least = std::min(least, sweep[k].seconds * sweep[i].work / sweep[k].work);
    for (size_t k = i + 1; k < std::min(sweep.size(), i + 1 + reach); ++k)
        least = std::min(least, sweep[k].seconds);
    return least;
}

double trend_of_threads(double one_thread, int threads, double forking) {
    return one_thread >= forking ? one_thread / threads : one_thread;
}

}  // namespace cnn::bench

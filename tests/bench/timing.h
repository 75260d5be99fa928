// How benchmarks take time: medians of many short series.
#pragma once

#include <algorithm>
#include <chrono>
#include <vector>

namespace cnn::bench {

inline double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

// The median seconds of a call of function over about `seconds`, five calls at least, after two
// that aren't counted. Calls too short for the clock are timed several at once. Past `limit`
// seconds none is begun: the least that is returned is one call's time.
template <class Function>
double median_seconds(const Function &function, double seconds, double limit = 1e9) {
    const double start = now();
    function();
    const double warm = now();
    if (warm - start > limit) return warm - start;
    function();
    const double began = now();
    const int calls = std::clamp(static_cast<int>(50e-6 / (began - warm + 1e-9)), 1, 1000);
    const auto over = [&](double length, double since) { return now() - since > length; };
    std::vector<double> times;
    while (times.empty() || (!over(limit, start) && (times.size() < 5 || (!over(seconds, began) &&
                                                                          times.size() < 20000)))) {
        const double before = now();
        for (int i = 0; i < calls; ++i) function();
        times.push_back((now() - before) / calls);
    }
    const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
    std::nth_element(times.begin(), middle, times.end());
    return *middle;
}

}  // namespace cnn::bench

#include "support/ratios.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace cnn::bench {

void Ratios::add(const std::string &what, double ratio) {
    if (ratio > 0) ratios_.emplace_back(ratio, what);
}

std::vector<std::pair<double, std::string>> Ratios::sorted() const {
    auto ratios = ratios_;
    std::sort(ratios.begin(), ratios.end());
    return ratios;
}

void Ratios::print(const char *what, const char *who, double floor) const {
    if (empty()) return;
    double logarithms = 0;
    int under = 0;
    for (const auto &[ratio, name] : ratios_) {
        logarithms += std::log(ratio);
        under += ratio < floor;
    }
    const auto &[least, name] = *std::min_element(ratios_.begin(), ratios_.end());
    std::printf("%-23s %-16s geometric mean %5.2f of %3zu, %3d under %.1f, least %5.2f: %s\n", what,
                who, std::exp(logarithms / static_cast<double>(ratios_.size())), ratios_.size(),
                under, floor, least, name.c_str());
}

void Ratios::print_worst(size_t count) const {
    const auto ratios = sorted();
    for (size_t i = 0; i < std::min(count, ratios.size()); ++i)
        std::printf("  %5.2f %s\n", ratios[i].first, ratios[i].second.c_str());
}

}  // namespace cnn::bench

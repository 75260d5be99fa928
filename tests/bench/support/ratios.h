// How one's times compare with another's over many cases: geometric mean, and which are worst.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace cnn::bench {

class Ratios {
  public:
    // Their time over ours. What isn't positive was not measured, and doesn't count.
    void add(const std::string &what, double ratio);
    bool empty() const { return ratios_.empty(); }
    // One line: the mean, the least, and how many are under `floor`.
    void print(const char *what, const char *who, double floor) const;
    // A line each, the worst first.
    void print_worst(size_t count) const;

  private:
    std::vector<std::pair<double, std::string>> sorted() const;
    std::vector<std::pair<double, std::string>> ratios_;
};

}  // namespace cnn::bench

// The elements of an objective's vectors that may move, as dense doubles on the host.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "optim/objective.h"

namespace cnn {

class FreeElements {
  public:
    explicit FreeElements(Objective &objective)
        : space_(objective.space()), free_(objective.free()) {
        all_.resize(static_cast<size_t>(space_.size()));
    }

    size_t count() const { return free_.empty() ? all_.size() : free_.size(); }

    void gather(const Vector &x, std::span<double> values) {
        if (free_.empty()) return space_.read(x, values);
        space_.read(x, all_);
        for (size_t i = 0; i < free_.size(); ++i) values[i] = all_[static_cast<size_t>(free_[i])];
    }

    // The others become zero.
    void scatter(std::span<const double> values, Vector &x) {
        if (free_.empty()) return space_.write(x, values);
        std::fill(all_.begin(), all_.end(), 0.0);
        for (size_t i = 0; i < free_.size(); ++i) all_[static_cast<size_t>(free_[i])] = values[i];
        space_.write(x, all_);
    }

  private:
    VectorSpace &space_;
    std::span<const int64_t> free_;
    std::vector<double> all_;
};

}  // namespace cnn

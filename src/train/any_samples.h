// Samples for measurements, where no value matters.
#pragma once

#include <cnn/cnn.h>

#include <cstdint>
#include <vector>

#include "graph/net.h"

namespace cnn {

// Samples of a net, of all inputs and targets, with values that mean nothing.
class AnySamples {
  public:
    AnySamples(const Net &net, int64_t n, bool targets);
    const cnn_samples &get() const { return samples_; }
    const std::vector<cnn_view> &inputs() const { return inputs_; }

  private:
    cnn_view reals(int64_t elements);

    std::vector<std::vector<float>> values_;
    std::vector<std::vector<int32_t>> labels_;
    std::vector<cnn_view> inputs_, targets_;
    cnn_samples samples_{};
};

}  // namespace cnn

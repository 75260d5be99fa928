// Who else convolves: other libraries, those that were there at build time, beside which ours is
// timed.
#pragma once

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "support/conv_shape.h"

namespace cnn::bench {

class Peer {
  public:
    virtual ~Peer() = default;
    virtual std::string name() const = 0;
    // The median seconds of one call, measured for about `seconds`; NaN for what it doesn't do.
    virtual double time(const ConvShape &shape, Direction direction, double seconds) = 0;
};

// Adds the library's ways to convolve, on so many threads.
void add_onednn(std::vector<std::unique_ptr<Peer>> &peers, int threads);
void add_openblas(std::vector<std::unique_ptr<Peer>> &peers, int threads);

}  // namespace cnn::bench

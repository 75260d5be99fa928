// This library's convolutions outside of any net: each way of a device's to run one, timed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "support/conv_shape.h"

namespace cnn::bench {

struct Measured {
    std::string algorithm;
    double seconds = 0;
    double predicted = 0;  // by the device's model, seconds
};

// The group of one operation that is this convolution.
FusedOp group_of(const ConvShape &shape, Direction direction);

// For how long one is timed: about `usual` seconds, and no longer than `limit` unless a single
// call is.
struct Duration {
    double usual = 0.2, limit = 1e9;
};

// The candidate that the device's model likes best, or every one, best first; on operands in the
// layouts that it wants. Nothing where the device can't do it. accept: the less accurate ways that
// take part.
std::vector<Measured> measure_convolution(Device &device, Queue &queue, const ConvShape &shape,
                                          Direction direction, const Duration &duration,
                                          bool all = false, int64_t accept = 0);

// Opens a device with so many threads, 0 for one a core.
std::shared_ptr<Device> open_with(const std::string &spec, int threads);

}  // namespace cnn::bench

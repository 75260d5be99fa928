// Whether a net's gradient is its loss's: on the net's own device, against differences of the loss
// in float64.
#pragma once

#include <string>

#include "train/session.h"

namespace cnn {

struct GradientCheckOptions {
    bool training = false;
    int64_t entries = 1000;  // of theta, at most
    int64_t directions = 4;  // random ones over all of theta
    uint64_t seed = 0;
};

// One comparison. The error is |analytic - numeric| / max(|analytic|, |numeric|, floor).
struct GradientComparison {
    int64_t index = -1;  // in theta, or of the direction
    double analytic = 0, numeric = 0, error = 0;
};

struct GradientReport {
    double loss = 0;                     // on the reference
    GradientComparison worst;            // of the entries; index -1: none was compared
    GradientComparison worst_direction;  // likewise
    int64_t entries = 0, skipped = 0;    // compared, and left out for a kink
    int64_t directions = 0, skipped_directions = 0;
};

// Leaves the gradient in the net's vector. `reference` is a device of float64 reals, on which a
// clone of the net is compiled. Throws Error(not_finite) where the loss isn't finite.
GradientReport check_gradient(Session &session, const Samples &samples,
                              const std::shared_ptr<Device> &reference,
                              const GradientCheckOptions &options);

// "conv2d_1/weight[3,0,1,1]" of an index in theta.
std::string entry_name(const Net &net, int64_t index);

}  // namespace cnn

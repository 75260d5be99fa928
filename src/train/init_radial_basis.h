// Radial basis layers that start from data.
#pragma once

#include "train/session.h"

namespace cnn {

// Sets the centres and betas of the node of that name from what its input is for the samples. The
// session is compiled. Throws Error and leaves all as it was.
void init_radial_basis(Session &session, const char *name, const cnn_samples &samples,
                       uint64_t seed);

}  // namespace cnn

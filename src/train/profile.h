// How long each launch of a compiled net takes.
#pragma once

#include <cnn/cnn.h>

#include <vector>

#include "train/session.h"

namespace cnn {

struct ProfileOptions {
    int64_t n = 1;
    int runs = 10;
    bool training = false;  // loss and gradient in training mode in place of a run
};

// A row a launch, in their order; without `measured` no time is known, and nothing runs.
std::vector<cnn_node_time> profile(Session &session, const ProfileOptions &options, bool measured);

}  // namespace cnn

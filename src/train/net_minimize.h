// Minimising a net's loss over all of its samples, and the loss along a direction.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "optim/minimize.h"
#include "train/session.h"

namespace cnn {

// Moves theta to the best point found, also where this throws Error: cancelled, not finite. The
// penalties are the optimizer's, also after a hand-over. tensors: as NetObjective takes them.
void minimize_net(Session &session, const Optimizer &optimizer, const Samples &samples,
                  const MinimizeOptions &options, const std::vector<std::string> &tensors,
                  MinimizeReport &report);

// values[i] = the loss at theta + alphas[i] times the direction, which is minus the gradient where
// none is given. theta stays.
void error_curve(Session &session, const Samples &samples, std::span<const float> direction,
                 std::span<const double> alphas, std::span<double> values);

}  // namespace cnn

// Nets from nets.
#pragma once

#include "train/session.h"

namespace cnn {

// Gives an empty net the nodes of `from`, with values of its own and no output declared.
void clone_nodes(Session &from, Session &to);

// Gives an empty net the nodes, parameters, state, rates and step count of `from`.
void clone_into(Session &from, Session &to);

// Theta and s of `from`, whose tensors have the same names and shapes. Throws Error(shape_mismatch)
// naming the first that hasn't.
void copy_parameters(Session &from, Session &to);

}  // namespace cnn

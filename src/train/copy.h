// Nets from nets.
#pragma once

#include "train/session.h"

namespace cnn {

// Adds a node as another net has it, on these inputs.
int32_t add_like(const Node &node, std::vector<int32_t> inputs, Net &to);
// The rates and regularisation factors of tensors, by name.
void copy_factors(const Net &from, Net &to);

// Gives an empty net the nodes of `from`, with values of its own and no output declared.
void clone_nodes(Session &from, Session &to);

// Gives an empty net the nodes, parameters, state, rates and step count of `from`.
void clone_into(Session &from, Session &to);

// Theta and s of `from`, whose tensors have the same names and shapes. Throws Error(shape_mismatch)
// naming the first that hasn't.
void copy_parameters(Session &from, Session &to);

// A net of the same nodes for running on a set of shared parameters: of `from`'s, or a new one that
// starts with its values.
Net shared_net(Session &from);

// Theta and s of `from` become those of all nets that share with `to`. Errors as above, and
// Error(bad_state) where `to` doesn't share. Other threads may run `to`.
void hand_over(Session &from, const Session &to);

}  // namespace cnn

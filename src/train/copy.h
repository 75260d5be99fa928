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

}  // namespace cnn

// A convolution of a net as the dense layer that it is a special case of.
#pragma once

#include "train/session.h"

namespace cnn {

// Gives an empty net what `from` has, with the conv2d `node` as a dense layer of the same name and
// activation, its weight the convolution's matrix, and a reshape to the convolution's output.
void unroll_into(Session &from, int32_t node, Session &to);

}  // namespace cnn

// The convolution that a node of a net is, as its matrix forms want it.
#pragma once

#include "graph/net.h"
#include "ops/convolution_matrix.h"

namespace cnn {

// Throws Error naming the call and the node where that isn't a conv2d.
Convolution convolution_of(const Net &net, int32_t node, const char *call);

// Its weight among the parameters.
const NetTensor &weight_of(const Net &net, int32_t node);

}  // namespace cnn

// A net as a table of text.
#pragma once

#include <string>

#include "graph/net.h"

namespace cnn {

// Elements of theta that a node owns.
int64_t parameter_elements(const Net &net, int32_t node);

// A row a node: name, kind, output shape, parameters, inputs; totals below.
std::string summary(const Net &net);

}  // namespace cnn

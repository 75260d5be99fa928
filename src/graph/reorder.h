// The kernel that copies a tensor from one layout to another.
#pragma once

#include <memory>

#include "backend/backend.h"

namespace cnn {

std::unique_ptr<Kernel> reorder_kernel(Device &device, const Tensor &tensor, const Layout &from,
                                       const Layout &to);

// Predicted: it reads and writes the tensor once, with what its layouts add to it.
double reorder_seconds(const Device &device, const Tensor &tensor, const Layout &from,
                       const Layout &to);

}  // namespace cnn

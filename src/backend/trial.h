// Whether a device computes at all.
#pragma once

#include "backend/backend.h"

namespace cnn {

// Feeds a few samples to the device and reads them back, by the kernels that every net begins with.
// Throws Error(device_error) where a value is wrong, and what the device throws.
void try_out(Device &device);

}  // namespace cnn

// What the tuning database holds before anything is measured, and by what names a device looks
// itself up there.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "backend/opencl/device.h"

namespace cnn::opencl {

// This device with this driver and these kernels; its vendor's of its class; its class.
std::vector<std::string> tuning_keys(const Description &description, bool cpu_class);

// Rows as tuning.h has them in its file.
std::string_view shipped_tuning();

}  // namespace cnn::opencl

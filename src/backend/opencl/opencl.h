// The OpenCL backend's row of the registry.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backend/backend.h"

namespace cnn::opencl {

// Every usable device of every driver; none without a loader or driver.
std::vector<DeviceInfo> list();

// which: "" (the first, GPUs first), "gpu", "cpu" or "<platform>.<device>". Followed by "!gpu", the
// kernels for GPUs run whatever the device's type: that is how they are tested without one.
std::shared_ptr<Device> open(const std::string &which, const DeviceOptions &options);

// On the host's context, device and, unless it is null, queue. Throws Error(invalid_argument) where
// they don't belong together.
std::shared_ptr<Device> adopt(const LentDevice &lent, const DeviceOptions &options);

// The same with a loader of the caller's choice; null: the system's.
std::vector<DeviceInfo> list_with(const char *library);
std::shared_ptr<Device> open_with(const char *library, const std::string &which,
                                  const DeviceOptions &options);
std::shared_ptr<Device> adopt_with(const char *library, const LentDevice &lent,
                                   const DeviceOptions &options, bool force_gpu_class = false);

}  // namespace cnn::opencl

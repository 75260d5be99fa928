// The backends this build has, in the order in which devices are listed, and opening by a string.
#pragma once

#include <span>

#include "backend/backend.h"

namespace cnn {

// The first is the one that every machine has.
std::span<const Backend> backends();

// What can be opened, by every backend.
std::vector<DeviceInfo> list_devices();

// Opens "backend", "backend:which", or "auto": the first GPU that opens, else the first backend.
// Throws Error(not_found) with what there is.
std::shared_ptr<Device> open_device(const std::string &spec, const DeviceOptions &options);

// Opens a device of the named backend on what the host lends. Throws Error(unsupported) where this
// build hasn't it.
std::shared_ptr<Device> adopt_device(const char *backend, const LentDevice &lent,
                                     const DeviceOptions &options);

}  // namespace cnn

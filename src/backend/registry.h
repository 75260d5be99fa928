// The backends this build has, in the order in which devices are listed.
#pragma once

#include <span>

#include "backend/backend.h"

namespace cnn {

std::span<const Backend> backends();

}  // namespace cnn

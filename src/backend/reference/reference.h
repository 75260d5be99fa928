// The reference backend: the plain reference of each operation as a device, one operation a kernel,
// in float64 by default. Slow, and what every other backend is compared with.
#pragma once

#include "backend/backend.h"

namespace cnn::reference {

// The registry's row. Specs are "reference" and "reference:float32".
Backend backend();

}  // namespace cnn::reference

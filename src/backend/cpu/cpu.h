// The native CPU backend's row in the registry.
#pragma once

#include "backend/backend.h"

namespace cnn::cpu {

// "" opens the processor with its best instruction set; "baseline", "avx2" and "avx512" a lesser
// one, for tests.
Backend backend();

}  // namespace cnn::cpu

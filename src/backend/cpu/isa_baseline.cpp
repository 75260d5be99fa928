// The kernels for any processor of the architecture. Compiled without instruction-set flags and,
// like its siblings, with -ffp-contract=fast -fno-math-errno.
#define CNN_ISA baseline
#define CNN_SIMD kSimdBaseline
#define CNN_WIDTH 4
#include "backend/cpu/kernels.inl"

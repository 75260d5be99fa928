// The kernels for AVX2. Compiled on x86-64 alone, with -mavx2 -mfma -ffp-contract=fast
// -fno-math-errno.
#define CNN_ISA avx2
#define CNN_SIMD kSimdAvx2
#define CNN_WIDTH 8
#include "backend/cpu/kernels.inl"

// The kernels for AVX-512. Compiled on x86-64 alone, with -mavx512f -mavx512vl -mavx512bw
// -mavx512dq -mavx2 -mfma -mprefer-vector-width=512 -ffp-contract=fast -fno-math-errno.
#define CNN_ISA avx512
#define CNN_SIMD kSimdAvx512
#define CNN_WIDTH 16
#include "backend/cpu/kernels.inl"

// What the processor offers: instruction sets, cores and caches.
#pragma once

#include <cstddef>

namespace cnn {

struct CpuInfo {
    bool avx2 = false;    // AVX2 and FMA, registers saved by the system
    bool avx512 = false;  // AVX-512 F, VL, BW and DQ, likewise; implies avx2
    int cores = 1;        // that this process may run on
    size_t l1d_bytes = 32u << 10;
    size_t l2_bytes = 512u << 10;
    size_t l3_bytes = 4u << 20;
};

CpuInfo detect_cpu() noexcept;

}  // namespace cnn

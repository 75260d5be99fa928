// What the processor offers: instruction sets, cores and caches.
#include "base/cpu_info.h"

#if defined(_WIN32)
#include <windows.h>
#else
#include <unistd.h>
#endif

#include <bit>
#include <cstdint>

#if defined(__linux__)
#include <sched.h>
#endif
#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace cnn {
namespace {

#if defined(__x86_64__)

struct Registers {
    uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

// All zero for a leaf that the processor does not have.
Registers cpuid(uint32_t leaf, uint32_t subleaf) noexcept {
    Registers r;
    __get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx);
    return r;
}

constexpr bool bit(uint32_t word, int index) {
    return ((word >> index) & 1u) != 0;
}

// The register states that the system saves; by name the instruction would need a compiler flag.
uint64_t saved_states() noexcept {
    uint32_t low, high;
    __asm__ __volatile__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t{high} << 32) | low;
}

void detect_instructions(CpuInfo &info) noexcept {
    constexpr uint64_t kYmm = 0x06;  // XMM and upper YMM
    constexpr uint64_t kZmm = 0xe6;  // these, masks, upper ZMM and ZMM16-31
    const Registers basic = cpuid(1, 0);
    const bool fma = bit(basic.ecx, 12), osxsave = bit(basic.ecx, 27), avx = bit(basic.ecx, 28);
    if (!osxsave || !avx || !fma) return;
    const uint64_t states = saved_states();
    const Registers extended = cpuid(7, 0);
    info.avx2 = bit(extended.ebx, 5) && (states & kYmm) == kYmm;
    const bool avx512 = bit(extended.ebx, 16) && bit(extended.ebx, 17) && bit(extended.ebx, 30) &&
                        bit(extended.ebx, 31);
    info.avx512 = info.avx2 && avx512 && (states & kZmm) == kZmm;
}

// Intel describes its caches in leaf 4, AMD the same way in another.
void detect_caches(CpuInfo &info) noexcept {
    const Registers vendor = cpuid(0, 0);
    const bool amd = vendor.ebx == 0x68747541u || vendor.ebx == 0x6f677948u;  // "Auth", "Hygo"
    const uint32_t leaf = amd ? 0x8000001du : 4u;
    for (uint32_t index = 0; index < 16; ++index) {
        const Registers r = cpuid(leaf, index);
        const uint32_t type = r.eax & 31, level = (r.eax >> 5) & 7;
        if (type == 0) return;
        if (type == 2) continue;  // instructions
        const size_t ways = (r.ebx >> 22) + 1, partitions = ((r.ebx >> 12) & 0x3ff) + 1;
        const size_t line = (r.ebx & 0xfff) + 1, sets = size_t{r.ecx} + 1;
        const size_t bytes = ways * partitions * line * sets;
        if (level == 1) info.l1d_bytes = bytes;
        if (level == 2) info.l2_bytes = bytes;
        if (level == 3) info.l3_bytes = bytes;
    }
}

#elif defined(_WIN32)

void detect_instructions(CpuInfo &) noexcept {}

void detect_caches(CpuInfo &) noexcept {}

#else

void detect_instructions(CpuInfo &) noexcept {}

void detect_caches(CpuInfo &info) noexcept {
    const auto ask = [](int name, size_t &bytes) {
        const long answer = sysconf(name);
        if (answer > 0) bytes = static_cast<size_t>(answer);
    };
#if defined(_SC_LEVEL1_DCACHE_SIZE)
    ask(_SC_LEVEL1_DCACHE_SIZE, info.l1d_bytes);
    ask(_SC_LEVEL2_CACHE_SIZE, info.l2_bytes);
    ask(_SC_LEVEL3_CACHE_SIZE, info.l3_bytes);
#else
    static_cast<void>(ask);
    static_cast<void>(info);
#endif
}

#endif

#if defined(_WIN32)

int detect_cores() noexcept {
    DWORD_PTR own = 0, all = 0;
    if (GetProcessAffinityMask(GetCurrentProcess(), &own, &all) != 0 && own != 0) {
        return std::popcount(static_cast<uint64_t>(own));
    }
    SYSTEM_INFO system;
    GetSystemInfo(&system);
    return static_cast<int>(system.dwNumberOfProcessors);
}

#else

int detect_cores() noexcept {
#if defined(__linux__)
    // The kernel refuses a set smaller than its own: this one is beyond any kernel's limit.
    cpu_set_t set[16];
    CPU_ZERO_S(sizeof set, set);
    if (sched_getaffinity(0, sizeof set, set) == 0) {
        const int count = CPU_COUNT_S(sizeof set, set);
        if (count > 0) return count;
    }
#endif
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? static_cast<int>(online) : 1;
}

#endif

}  // namespace

CpuInfo detect_cpu() noexcept {
    CpuInfo info;
    detect_instructions(info);
    detect_caches(info);
    info.cores = detect_cores();
    return info;
}

}  // namespace cnn

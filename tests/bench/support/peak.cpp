#include "support/peak.h"

#include <numeric>
#include <thread>
#include <vector>

#include "backend/cpu/convolution.h"
#include "backend/cpu/simd.h"
#include "base/cpu_info.h"
#include "timing.h"

namespace cnn::bench {
namespace {

const cpu::Simd &widest() {
#if defined(__x86_64__)
    const CpuInfo cpu = detect_cpu();
    if (cpu.avx512) return cpu::kSimdAvx512;
    if (cpu.avx2) return cpu::kSimdAvx2;
#endif
    return cpu::kSimdBaseline;
}

// As many scalars and vectors as make use of all accumulators.
struct Tile {
    int scalars, vectors;
};

Tile tile_of(const cpu::Simd &simd) {
    const int scalars = simd.convolution->accumulators >= 24 ? 6 : 4;
    return {scalars, simd.convolution->accumulators / scalars};
}

constexpr int64_t kRounds = 20000;

// Of one thread.
double flops_a_second(const cpu::Simd &simd, double seconds) {
    const Tile size = tile_of(simd);
    std::vector<float> scalars(64, 1e-3F), vectors(256, 1e-3F), out(25 * 16 + 64);
    cpu::ProductTile tile;
    tile.scalars = scalars.data();
    tile.vectors = vectors.data();
    tile.out = out.data();
    tile.scalar_stride = 1;
    tile.vector_stride = simd.width;
    tile.out_vector_stride = simd.width;
    tile.out_scalar_stride = size.vectors * simd.width;
    tile.lanes = simd.width;
    tile.loops[3].count = kRounds;
    const auto kernel = simd.convolution->product[size.scalars - 1][size.vectors - 1];
    return 2.0 * size.scalars * size.vectors * simd.width * kRounds /
           median_seconds([&] { kernel(tile); }, seconds);
}

}  // namespace

double multiply_add_peak(int threads, double seconds) {
    const cpu::Simd &simd = widest();
    std::vector<double> rates(static_cast<size_t>(threads));
    std::vector<std::thread> workers;
    for (double &rate : rates)
        workers.emplace_back([&simd, &rate, seconds] { rate = flops_a_second(simd, seconds); });
    for (std::thread &worker : workers) worker.join();
    return 1e-9 * std::accumulate(rates.begin(), rates.end(), 0.0);
}

}  // namespace cnn::bench

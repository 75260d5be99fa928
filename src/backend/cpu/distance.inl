// Squared distances and their gradients, from the differences themselves.
#include "backend/cpu/distance.h"

namespace cnn::cpu::CNN_ISA {

// Terms that one accumulator adds before a second level of sums takes over, so that rounding grows
// with the root of the count.
inline constexpr int64_t kDistanceChunk = 1024;

// --- Samples in the lanes.

// The points of a block and the centres, and, for the tangent, how they move.
struct DistanceBlock {
    const float *x, *c, *dx, *dc;
    int64_t elements;
};

template <int Units, bool Tangent>
static void distance_units(const DistanceBlock &b, int64_t unit, float *y) {
    const float *const c = b.c + unit * b.elements;
    const float *const dc = Tangent ? b.dc + unit * b.elements : nullptr;
    vec total[Units];
#pragma GCC unroll 8
    for (int u = 0; u < Units; ++u) total[u] = zero();
    for (int64_t first = 0; first < b.elements; first += kDistanceChunk) {
        const int64_t last =
            first + kDistanceChunk < b.elements ? first + kDistanceChunk : b.elements;
        vec sum[Units];
#pragma GCC unroll 8
        for (int u = 0; u < Units; ++u) sum[u] = zero();
        for (int64_t k = first; k < last; ++k) {
            const vec at = load(b.x + k * kWidth);
            const vec moves = Tangent ? load(b.dx + k * kWidth) : at;
#pragma GCC unroll 8
            for (int u = 0; u < Units; ++u) {
                const vec d = at - broadcast(c[u * b.elements + k]);
                const vec e = Tangent ? moves - broadcast(dc[u * b.elements + k]) : d;
                sum[u] = fma(d, e, sum[u]);
            }
        }
#pragma GCC unroll 8
        for (int u = 0; u < Units; ++u) total[u] += sum[u];
    }
#pragma GCC unroll 8
    for (int u = 0; u < Units; ++u) {
        store(y + (unit + u) * kWidth, Tangent ? total[u] + total[u] : total[u]);
    }
}

template <bool Tangent>
static void distance_block(const DistanceArguments &a, int64_t outer, int64_t begin, int64_t end) {
    const int64_t offset = outer * a.elements * kWidth;
    const DistanceBlock block = {a.x + offset, a.c, Tangent ? a.dx + offset : nullptr, a.dc,
                                 a.elements};
    float *const y = a.out + outer * a.units * kWidth;
    int64_t j = begin;
    for (; j + 8 <= end; j += 8) distance_units<8, Tangent>(block, j, y);
    for (; j < end; ++j) distance_units<1, Tangent>(block, j, y);
}

template <int Elements>
static void distance_elements(const float *dy, const float *x, const float *c, int64_t units,
                              int64_t elements, float *dx) {
    vec at[Elements], sum[Elements];
#pragma GCC unroll 8
    for (int k = 0; k < Elements; ++k) {
        at[k] = load(x + k * kWidth);
        sum[k] = zero();
    }
    for (int64_t j = 0; j < units; ++j) {
        const vec g = load(dy + j * kWidth);
#pragma GCC unroll 8
        for (int k = 0; k < Elements; ++k) {
            sum[k] = fma(g, at[k] - broadcast(c[j * elements + k]), sum[k]);
        }
    }
#pragma GCC unroll 8
    for (int k = 0; k < Elements; ++k) store(dx + k * kWidth, sum[k] + sum[k]);
}

static void distance_block_data(const DistanceArguments &a, int64_t outer, int64_t begin,
                                int64_t end) {
    const float *const dy = a.dy + outer * a.units * kWidth;
    const float *const x = a.x + outer * a.elements * kWidth;
    float *const dx = a.out + outer * a.elements * kWidth;
    int64_t k = begin;
    for (; k + 8 <= end; k += 8) {
        distance_elements<8>(dy, x + k * kWidth, a.c + k, a.units, a.elements, dx + k * kWidth);
    }
    for (; k < end; ++k) {
        distance_elements<1>(dy, x + k * kWidth, a.c + k, a.units, a.elements, dx + k * kWidth);
    }
}

// dc of one unit and a vector of elements, over all samples; padding lanes of dy are zero. The sums
// over lanes are made of whole vectors, after a transpose.
static void distance_weights(const DistanceArguments &a, int64_t unit, int64_t first) {
    const float *const c = a.c + unit * a.elements + first;
    const int64_t blocks = (a.n + kWidth - 1) / kWidth;
    vec sum[kWidth];
#pragma GCC unroll 16
    for (int k = 0; k < kWidth; ++k) sum[k] = zero();
    for (int64_t b = 0; b < blocks; ++b) {
        const vec g = load(a.dy + (b * a.units + unit) * kWidth);
        const float *const x = a.x + (b * a.elements + first) * kWidth;
#pragma GCC unroll 16
        for (int k = 0; k < kWidth; ++k) {
            sum[k] = fma(g, load(x + k * kWidth) - broadcast(c[k]), sum[k]);
        }
    }
    transpose_stage<1>(sum);
    vec total = zero();
#pragma GCC unroll 16
    for (int k = 0; k < kWidth; ++k) total += sum[k];
    store(a.out + unit * a.elements + first, broadcast(-2.0f) * total);
}

static void distance_weight(const DistanceArguments &a, int64_t unit, int64_t element) {
    const vec c = broadcast(a.c[unit * a.elements + element]);
    const int64_t blocks = (a.n + kWidth - 1) / kWidth;
    vec sum = zero();
    for (int64_t b = 0; b < blocks; ++b) {
        const vec g = load(a.dy + (b * a.units + unit) * kWidth);
        sum = fma(g, load(a.x + (b * a.elements + element) * kWidth) - c, sum);
    }
    a.out[unit * a.elements + element] = -2.0f * sum_of_lanes(sum);
}

static void distance_block_weights(const DistanceArguments &a, int64_t, int64_t begin,
                                   int64_t end) {
    for (int64_t j = 0; j < a.units; ++j) {
        int64_t k = begin;
        for (; k + kWidth <= end; k += kWidth) distance_weights(a, j, k);
        for (; k < end; ++k) distance_weight(a, j, k);
    }
}

// --- Plain rows.

CNN_INLINE int64_t lanes_left(int64_t i, int64_t count) {
    return count - i < kWidth ? count - i : kWidth;
}

template <bool Tangent>
static void distance_row(const DistanceArguments &a, int64_t outer, int64_t begin, int64_t end) {
    const float *const x = a.x + outer * a.elements;
    const float *const dx = Tangent ? a.dx + outer * a.elements : nullptr;
    for (int64_t j = begin; j < end; ++j) {
        const float *const c = a.c + j * a.elements;
        vec sum = zero();
        for (int64_t k = 0; k < a.elements; k += kWidth) {
            const int64_t lanes = lanes_left(k, a.elements);
            const vec d = load_first(x + k, lanes) - load_first(c + k, lanes);
            vec e = d;
            if constexpr (Tangent) {
                e = load_first(dx + k, lanes) - load_first(a.dc + j * a.elements + k, lanes);
            }
            sum = fma(d, e, sum);
        }
        a.out[outer * a.units + j] = (Tangent ? 2.0f : 1.0f) * sum_of_lanes(sum);
    }
}

static void distance_row_data(const DistanceArguments &a, int64_t outer, int64_t begin,
                              int64_t end) {
    for (int64_t k = begin; k < end; k += kWidth) {
        const int64_t lanes = lanes_left(k, end);
        const vec at = load_first(a.x + outer * a.elements + k, lanes);
        vec sum = zero();
        for (int64_t j = 0; j < a.units; ++j) {
            const vec d = at - load_first(a.c + j * a.elements + k, lanes);
            sum = fma(broadcast(a.dy[outer * a.units + j]), d, sum);
        }
        store_first(a.out + outer * a.elements + k, sum + sum, lanes);
    }
}

static void distance_row_weights(const DistanceArguments &a, int64_t, int64_t begin, int64_t end) {
    for (int64_t j = 0; j < a.units; ++j) {
        for (int64_t k = begin; k < end; k += kWidth) {
            const int64_t lanes = lanes_left(k, end);
            const vec at = load_first(a.c + j * a.elements + k, lanes);
            vec sum = zero();
            for (int64_t s = 0; s < a.n; ++s) {
                const vec d = load_first(a.x + s * a.elements + k, lanes) - at;
                sum = fma(broadcast(a.dy[s * a.units + j]), d, sum);
            }
            store_first(a.out + j * a.elements + k, broadcast(-2.0f) * sum, lanes);
        }
    }
}

static const DistanceKernels kDistanceKernels = {
    distance_block<false>, distance_block<true>, distance_block_data, distance_block_weights,
    distance_row<false>,   distance_row<true>,   distance_row_data,   distance_row_weights};

}  // namespace cnn::cpu::CNN_ISA

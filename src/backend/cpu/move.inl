// Transposes between rows and lanes, and the conversion of fed elements.
#include "backend/cpu/move.h"

namespace cnn::cpu::CNN_ISA {

// Of a and b, rows `Step` apart: exchanges a's lanes whose index has the bit with b's that lack it.
template <int Step, int... I>
CNN_INLINE void exchange(vec &a, vec &b, Indices<I...>) {
    const vec low = __builtin_shufflevector(a, b, ((I & Step) ? I - Step + kWidth : I)...);
    const vec high = __builtin_shufflevector(a, b, ((I & Step) ? I + kWidth : I + Step)...);
    a = low;
    b = high;
}

template <int Step>
CNN_INLINE void transpose_stage(vec *r) {
    if constexpr (Step < kWidth) {
#pragma GCC unroll 16
        for (int i = 0; i < kWidth; ++i) {
            if ((i & Step) == 0) exchange<Step>(r[i], r[i + Step], AllLanes{});
        }
        transpose_stage<Step * 2>(r);
    }
}

static void rows_to_lanes(const float *const *rows, int64_t count, int64_t columns, float *to) {
    int64_t c = 0;
    for (; c + kWidth <= columns; c += kWidth) {
        vec r[kWidth];
        for (int l = 0; l < kWidth; ++l) r[l] = l < count ? load(rows[l] + c) : zero();
        transpose_stage<1>(r);
        for (int l = 0; l < kWidth; ++l) store(to + (c + l) * kWidth, r[l]);
    }
    for (; c < columns; ++c) {
        for (int64_t l = 0; l < kWidth; ++l) to[c * kWidth + l] = l < count ? rows[l][c] : 0.0f;
    }
}

static void lanes_to_rows(const float *from, int64_t step, float *const *rows, int64_t count,
                          int64_t columns) {
    int64_t c = 0;
    for (; c + kWidth <= columns; c += kWidth) {
        vec r[kWidth];
        for (int l = 0; l < kWidth; ++l) r[l] = load(from + (c + l) * step);
        transpose_stage<1>(r);
        for (int l = 0; l < kWidth; ++l) {
            if (l < count) store(rows[l] + c, r[l]);
        }
    }
    for (; c < columns; ++c) {
        for (int64_t l = 0; l < count; ++l) rows[l][c] = from[c * step + l];
    }
}

static void from_bytes(const uint8_t *from, int64_t stride, int64_t count, float mean, float scale,
                       float *to) {
    if (stride == 1) {
        for (int64_t i = 0; i < count; ++i) to[i] = (static_cast<float>(from[i]) - mean) * scale;
        return;
    }
    for (int64_t i = 0; i < count; ++i) {
        to[i] = (static_cast<float>(from[i * stride]) - mean) * scale;
    }
}

static void from_floats(const float *from, int64_t stride, int64_t count, float mean, float scale,
                        float *to) {
    if (stride == 1) {
        for (int64_t i = 0; i < count; ++i) to[i] = (from[i] - mean) * scale;
        return;
    }
    for (int64_t i = 0; i < count; ++i) to[i] = (from[i * stride] - mean) * scale;
}

static const MoveKernels kMoveKernels = {rows_to_lanes, lanes_to_rows, from_bytes, from_floats};

}  // namespace cnn::cpu::CNN_ISA

// Gradients of weights: sums of dy times x over pixels, samples in the lanes.
namespace cnn::cpu::CNN_ISA::conv {

template <int S, int V>
CNN_INLINE void add_column(vec (&sums)[S][V], const Family<S> &dy, const Family<V> &x) {
    vec a[S];
#pragma GCC unroll 16
    for (int s = 0; s < S; ++s) a[s] = load(dy[s]);
#pragma GCC unroll 16
    for (int v = 0; v < V; ++v) {
        const vec b = load(x[v]);
#pragma GCC unroll 16
        for (int s = 0; s < S; ++s) sums[s][v] = fma(a[s], b, sums[s][v]);
    }
}

// The same where some taps lie outside the input; `column` is that of tap 0.
template <int S, int V>
CNN_INLINE void add_border_column(const WeightsTile &t, vec (&sums)[S][V], const float *dy,
                                  int64_t row, int64_t column, int64_t offset) {
#pragma GCC unroll 16
    for (int v = 0; v < V; ++v) {
        const uint64_t in_column = static_cast<uint64_t>(column + v * t.tap_step);
        if (in_column >= static_cast<uint64_t>(t.in_columns)) continue;
        const vec b = load(t.x + (row + offset + v * t.x_stride));
#pragma GCC unroll 16
        for (int s = 0; s < S; ++s) {
            sums[s][v] = fma(load(dy + s * t.dy_stride), b, sums[s][v]);
        }
    }
}

template <int S, int V>
void weights(const WeightsTile &t) {
    vec sums[S][V];
#pragma GCC unroll 16
    for (int s = 0; s < S; ++s) {
#pragma GCC unroll 16
        for (int v = 0; v < V; ++v) {
            sums[s][v] = t.first ? zero() : load(t.sums + (s * V + v) * kWidth);
        }
    }
    for (int64_t r = 0; r < t.rows; ++r) {
        const float *const dy_row = t.dy + r * t.dy_row;
        const int64_t x_row = r * t.x_row;
        const auto border = [&](int64_t begin, int64_t end) __attribute__((always_inline)) {
            for (int64_t c = begin; c < end; ++c) {
                add_border_column<S, V>(t, sums, dy_row + c * kWidth, x_row,
                                        t.first_column + c * t.column_step, c * t.x_column);
            }
        };
        border(0, t.inner_begin);
        if (t.inner_begin < t.inner_end) {
            Family<S> dy(dy_row + t.inner_begin * kWidth, t.dy_stride);
            Family<V> x(t.x + (x_row + t.inner_begin * t.x_column), t.x_stride);
            const int64_t x_column = t.x_column;
            for (int64_t c = t.inner_end - t.inner_begin; c > 0; --c) {
                add_column<S, V>(sums, dy, x);
                dy.advance(kWidth);
                x.advance(x_column);
            }
        }
        border(t.inner_end, t.columns);
    }
#pragma GCC unroll 16
    for (int s = 0; s < S; ++s) {
#pragma GCC unroll 16
        for (int v = 0; v < V; ++v) store(t.sums + (s * V + v) * kWidth, sums[s][v]);
    }
}

// Halves are added until one lane is left: a fixed order, and few instructions.
CNN_INLINE float tree_sum(vec v) {
#if CNN_WIDTH == 16
    const auto eight = __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) +
                       __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
#elif CNN_WIDTH == 8
    const vec eight = v;
#endif
#if CNN_WIDTH >= 8
    const auto four = __builtin_shufflevector(eight, eight, 0, 1, 2, 3) +
                      __builtin_shufflevector(eight, eight, 4, 5, 6, 7);
#else
    const vec four = v;
#endif
    return (four[0] + four[2]) + (four[1] + four[3]);
}

void sum_lanes(const float *vectors, int64_t count, float *out, int64_t step) {
    for (int64_t i = 0; i < count; ++i) out[i * step] = tree_sum(load(vectors + i * kWidth));
}

}  // namespace cnn::cpu::CNN_ISA::conv

// Depthwise tiles, products of a few rows, and the pieces of the plain fallback.
namespace cnn::cpu::CNN_ISA::conv {

template <int V>
CNN_INLINE void finish_whole_pixels(const DepthwiseTile &t, const vec (&sums)[V]) {
    const ChannelValues channel = all_channels(t.epilogue, 0);
    const float *const residual = t.epilogue.residual;
    const vec floor = floor_of(t.epilogue);
#pragma GCC unroll 16
    for (int v = 0; v < V; ++v) {
        vec y = (sums[v] + channel.bias) * channel.scale + channel.shift;
        if (residual != nullptr) y += load(residual + v * t.out_stride);
        store(t.out + v * t.out_stride, at_least(y, floor));
    }
}

template <int V>
void depthwise(const DepthwiseTile &t) {
    vec sums[V];
#pragma GCC unroll 16
    for (int v = 0; v < V; ++v) sums[v] = zero();
    for (int64_t i = 0; i < t.row_taps; ++i) {
        const float *w = t.w + i * t.w_row;
        Family<V> x(t.x + i * t.x_row, t.x_stride);
        for (int64_t j = 0; j < t.column_taps; ++j) {
            const vec a = load(w);
#pragma GCC unroll 16
            for (int v = 0; v < V; ++v) sums[v] = fma(a, load(x[v]), sums[v]);
            w += t.w_column;
            x.advance(t.x_column);
        }
    }
    if (t.lanes >= kWidth && is_floor(t.epilogue)) return finish_whole_pixels<V>(t, sums);
    const bool partial = t.lanes < kWidth;
    const int64_t lanes = partial ? t.lanes : kWidth;
    const ChannelValues channel = channels_in_lanes(t.epilogue, 0, lanes);
    const float *const residual = t.epilogue.residual;
    const ivec kept = first_lanes(t.lanes);
#pragma GCC unroll 16
    for (int v = 0; v < V; ++v) {
        vec y = (sums[v] + channel.bias) * channel.scale + channel.shift;
        if (residual != nullptr) y += load(residual + v * t.out_stride);
        y = activated(y, t.epilogue);
        store(t.out + v * t.out_stride, partial ? select(kept, y, zero()) : y);
    }
}

// Weights stay in registers, and each of a row's columns is read once.
template <int Step>
void depthwise_row(const DepthwiseRow &t) {
    constexpr int kPixels = ConvolutionKernels::kDepthwisePixels;
    vec w[3][3];
#pragma GCC unroll 3
    for (int r = 0; r < 3; ++r) {
#pragma GCC unroll 3
        for (int c = 0; c < 3; ++c) w[r][c] = load(t.w + r * t.w_row + c * t.w_column);
    }
    const ChannelValues channel = all_channels(t.epilogue, 0);
    const vec floor = floor_of(t.epilogue);
    for (int64_t p = 0; p < t.pixels; p += kPixels) {
        vec sums[kPixels];
#pragma GCC unroll 4
        for (int i = 0; i < kPixels; ++i) sums[i] = zero();
#pragma GCC unroll 3
        for (int r = 0; r < 3; ++r) {
            const float *const row = t.x + r * t.x_row + p * Step * kWidth;
            vec x[(kPixels - 1) * Step + 3];
#pragma GCC unroll 9
            for (int c = 0; c < (kPixels - 1) * Step + 3; ++c) x[c] = load(row + c * kWidth);
#pragma GCC unroll 3
            for (int c = 0; c < 3; ++c) {
#pragma GCC unroll 4
                for (int i = 0; i < kPixels; ++i) sums[i] = fma(w[r][c], x[i * Step + c], sums[i]);
            }
        }
#pragma GCC unroll 4
        for (int i = 0; i < kPixels; ++i) {
            const int64_t at = (p + i) * kWidth;
            vec y = (sums[i] + channel.bias) * channel.scale + channel.shift;
            if (t.epilogue.residual != nullptr) y += load(t.epilogue.residual + at);
            store(t.out + at, at_least(y, floor));
        }
    }
}

template <int O, int N>
CNN_INLINE void add_depth(vec (&sums)[O][N], const vec (&w)[O], const vec (&x)[N]) {
#pragma GCC unroll 4
    for (int o = 0; o < O; ++o) {
#pragma GCC unroll 4
        for (int n = 0; n < N; ++n) sums[o][n] = fma(w[o], x[n], sums[o][n]);
    }
}

template <int O, int N>
void rows_product(const RowsProduct &t) {
    vec sums[O][N];
#pragma GCC unroll 4
    for (int o = 0; o < O; ++o) {
#pragma GCC unroll 4
        for (int n = 0; n < N; ++n) sums[o][n] = zero();
    }
    vec w[O], x[N];
    int64_t k = 0;
    for (; k + kWidth <= t.depth; k += kWidth) {
#pragma GCC unroll 4
        for (int o = 0; o < O; ++o) w[o] = load(t.w + o * t.w_stride + k);
#pragma GCC unroll 4
        for (int n = 0; n < N; ++n) x[n] = load(t.x + n * t.x_stride + k);
        add_depth<O, N>(sums, w, x);
    }
    if (k < t.depth) {
#pragma GCC unroll 4
        for (int o = 0; o < O; ++o) w[o] = load_first(t.w + o * t.w_stride + k, t.depth - k);
#pragma GCC unroll 4
        for (int n = 0; n < N; ++n) x[n] = load_first(t.x + n * t.x_stride + k, t.depth - k);
        add_depth<O, N>(sums, w, x);
    }
    const ChannelValues channel = channels_in_lanes(t.epilogue, 0, O);
    for (int n = 0; n < N; ++n) {
        vec y = zero();
#pragma GCC unroll 4
        for (int o = 0; o < O; ++o) y[o] = tree_sum(sums[o][n]);
        y = activated((y + channel.bias) * channel.scale + channel.shift, t.epilogue);
        store_first(t.y + n * t.y_stride, y, O);
    }
}

// a0 b0 a1 b1 ... of the lower and of the upper halves.
CNN_INLINE vec interleave_low(vec a, vec b) {
#if CNN_WIDTH == 16
    return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
#elif CNN_WIDTH == 8
    return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
#else
    return __builtin_shufflevector(a, b, 0, 4, 1, 5);
#endif
}
CNN_INLINE vec interleave_high(vec a, vec b) {
#if CNN_WIDTH == 16
    return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15,
                                   31);
#elif CNN_WIDTH == 8
    return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
#else
    return __builtin_shufflevector(a, b, 2, 6, 3, 7);
#endif
}

// Each round interleaves the rows' first half with their second; log2(W) rounds transpose.
void transpose(const float *in, int64_t rows, float *out) {
    constexpr int half = kWidth / 2;
    vec a[kWidth], b[kWidth];
#pragma GCC unroll 16
    for (int i = 0; i < kWidth; ++i) a[i] = i < rows ? load(in + i * kWidth) : zero();
#pragma GCC unroll 4
    for (int round = kWidth; round > 1; round /= 2) {
#pragma GCC unroll 8
        for (int i = 0; i < half; ++i) {
            b[2 * i] = interleave_low(a[i], a[i + half]);
            b[2 * i + 1] = interleave_high(a[i], a[i + half]);
        }
#pragma GCC unroll 16
        for (int i = 0; i < kWidth; ++i) a[i] = b[i];
    }
#pragma GCC unroll 16
    for (int i = 0; i < kWidth; ++i) store(out + i * kWidth, a[i]);
}

void axpy(float a, const float *x, int64_t x_step, float *y, int64_t y_step, int64_t count) {
    int64_t i = 0;
    if (x_step == 1 && y_step == 1) {
        for (; i + kWidth <= count; i += kWidth) {
            store(y + i, fma(broadcast(a), load(x + i), load(y + i)));
        }
    }
    for (; i < count; ++i) y[i * y_step] += a * x[i * x_step];
}

void finish_channel(float *y, int64_t count, const TileEpilogue &e) {
    const ChannelValues channel = one_channel(e, 0);
    for (int64_t i = 0; i < count; i += kWidth) {
        const int64_t lanes = count - i < kWidth ? count - i : kWidth;
        vec v = (load_first(y + i, lanes) + channel.bias) * channel.scale + channel.shift;
        if (e.residual != nullptr) v += load_first(e.residual + i, lanes);
        store_first(y + i, activated(v, e), lanes);
    }
}

float dot(const float *x, int64_t x_step, const float *y, int64_t y_step, int64_t count) {
    vec sums = zero();
    int64_t i = 0;
    if (x_step == 1 && y_step == 1) {
        for (; i + kWidth <= count; i += kWidth) sums = fma(load(x + i), load(y + i), sums);
    }
    float sum = tree_sum(sums);
    for (; i < count; ++i) sum += x[i * x_step] * y[i * y_step];
    return sum;
}

}  // namespace cnn::cpu::CNN_ISA::conv

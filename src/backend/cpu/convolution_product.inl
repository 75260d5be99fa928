// Sums of scalar times vector on a tile of registers.
namespace cnn::cpu::CNN_ISA::conv {

template <int S, int V>
CNN_INLINE void multiply_add(vec (&sums)[S][V], const Family<S> &scalars,
                             const Family<V> &vectors) {
    vec b[V];
#pragma GCC unroll 16
    for (int v = 0; v < V; ++v) b[v] = load(vectors[v]);
#pragma GCC unroll 16
    for (int s = 0; s < S; ++s) {
        const vec a = broadcast(*scalars[s]);
#pragma GCC unroll 16
        for (int v = 0; v < V; ++v) sums[s][v] = fma(a, b[v], sums[s][v]);
    }
}

// How far the pointers move between the rounds of loop i, its inner loops done.
struct Rewind {
    int64_t scalar, vector;
};
CNN_INLINE Rewind rewind(const ProductTile &t, int i) {
    const TileLoop &outer = t.loops[i];
    const TileLoop &inner = t.loops[i + 1];
    return {outer.scalar_step - inner.count * inner.scalar_step,
            outer.vector_step - inner.count * inner.vector_step};
}

template <int S, int V>
CNN_INLINE void sum_products(const ProductTile &t, vec (&sums)[S][V]) {
    Family<S> scalars(t.scalars, t.scalar_stride);
    Family<V> vectors(t.vectors, t.vector_stride);
    const Rewind r0 = rewind(t, 0), r1 = rewind(t, 1), r2 = rewind(t, 2);
    const int64_t scalar_step = t.loops[3].scalar_step, vector_step = t.loops[3].vector_step;
    const int64_t scalar_ahead = t.scalar_ahead;
    const auto move = [&](int64_t scalar, int64_t vector) __attribute__((always_inline)) {
        scalars.advance(scalar);
        vectors.advance(vector);
    };
    for (int64_t i0 = t.loops[0].count; i0 > 0; --i0, move(r0.scalar, r0.vector)) {
        for (int64_t i1 = t.loops[1].count; i1 > 0; --i1, move(r1.scalar, r1.vector)) {
            for (int64_t i2 = t.loops[2].count; i2 > 0; --i2, move(r2.scalar, r2.vector)) {
                for (int64_t i3 = t.loops[3].count; i3 > 0; --i3) {
                    if constexpr (S * V >= 16) __builtin_prefetch(scalars[0] + scalar_ahead);
                    multiply_add<S, V>(sums, scalars, vectors);
                    move(scalar_step, vector_step);
                }
            }
        }
    }
}

// Bias, activation and partial vectors of a tile's sums, [s][v][W]: out of line and in loops, since
// they are a small part of the work and would be most of the code.
__attribute__((noinline)) void finish(const ProductTile &t, const float *sums, int scalars,
                                      int vectors) {
    const TileEpilogue &e = t.epilogue;
    const bool in_lanes = e.channels == TileChannels::vectors;
    for (int v = 0; v < vectors; ++v) {
        const int64_t lanes = v == vectors - 1 && t.lanes < kWidth ? t.lanes : kWidth;
        ChannelValues channel;
        if (t.last && in_lanes) channel = channels_in_lanes(e, v * kWidth, lanes);
        for (int s = 0; s < scalars; ++s) {
            vec y = load(sums + (s * vectors + v) * kWidth);
            const int64_t at = s * t.out_scalar_stride + v * t.out_vector_stride;
            if (t.last) {
                if (!in_lanes) channel = one_channel(e, s);
                y = (y + channel.bias) * channel.scale + channel.shift;
                if (e.residual != nullptr) y += load_first(e.residual + at, lanes);
                y = activated(y, e);
            }
            float *const out = t.out + at;
            if (lanes == kWidth) {
                store(out, y);
            } else if (t.trim) {
                store_first(out, y, lanes);
            } else {
                store(out, select(first_lanes(lanes), y, zero()));
            }
        }
    }
}

CNN_INLINE bool is_raw(const ProductTile &t) {
    return t.lanes >= kWidth && (!t.last || t.epilogue.is_identity());
}

template <int S, int V>
void product(const ProductTile &t) {
    vec sums[S][V];
#pragma GCC unroll 16
    for (int s = 0; s < S; ++s) {
#pragma GCC unroll 16
        for (int v = 0; v < V; ++v) {
            sums[s][v] =
                t.first ? zero() : load(t.out + s * t.out_scalar_stride + v * t.out_vector_stride);
        }
    }
    sum_products<S, V>(t, sums);
    const bool raw = is_raw(t);
    alignas(64) float buffer[S * V * kWidth];
    float *const out = raw ? t.out : buffer;
    const int64_t scalar_stride = raw ? t.out_scalar_stride : V * kWidth;
    const int64_t vector_stride = raw ? t.out_vector_stride : kWidth;
#pragma GCC unroll 16
    for (int s = 0; s < S; ++s) {
#pragma GCC unroll 16
        for (int v = 0; v < V; ++v) store(out + s * scalar_stride + v * vector_stride, sums[s][v]);
    }
    if (!raw) finish(t, buffer, S, V);
}

}  // namespace cnn::cpu::CNN_ISA::conv

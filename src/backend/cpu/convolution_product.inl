// Sums of scalar times vector on a tile of registers.
namespace cnn::cpu::CNN_ISA::conv {

// The products of a round; the scalars and vectors lie so far ahead of the pointers.
template <int S, int V>
CNN_INLINE void multiply_add(vec (&sums)[S][V], const Family<S> &scalars, const Family<V> &vectors,
                             int scalar_ahead = 0, int vector_ahead = 0) {
    vec b[V];
#pragma GCC unroll 16
    for (int v = 0; v < V; ++v) b[v] = load(vectors[v] + vector_ahead);
#pragma GCC unroll 16
    for (int s = 0; s < S; ++s) {
        const vec a = broadcast(scalars[s][scalar_ahead]);
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

// Rounds from which to which scalars move by ScalarStep and vectors by one, several at a time with
// no arithmetic between them: processors whose cores two threads share decode little more than the
// products and their loads. Gives the rounds left.
template <int ScalarStep, int S, int V>
CNN_INLINE int64_t sum_unrolled(int64_t rounds, vec (&sums)[S][V], Family<S> &scalars,
                                Family<V> &vectors) {
    constexpr int kUnrolled = ScalarStep == 1 ? 4 : 2;
    for (; rounds >= kUnrolled; rounds -= kUnrolled) {
#pragma GCC unroll 4
        for (int i = 0; i < kUnrolled; ++i)
            multiply_add<S, V>(sums, scalars, vectors, i * ScalarStep, i * kWidth);
        scalars.advance(kUnrolled * ScalarStep);
        vectors.advance(kUnrolled * kWidth);
    }
    return rounds;
}

template <int N>
CNN_INLINE void prefetch(const Family<N> &members, int64_t ahead) {
#pragma GCC unroll 16
    for (int i = 0; i < N; ++i) __builtin_prefetch(members[i] + ahead);
}

template <int S, int V>
CNN_INLINE void sum_products(const ProductTile &t, vec (&sums)[S][V]) {
    Family<S> scalars(t.scalars, t.scalar_stride);
    Family<V> vectors(t.vectors, t.vector_stride);
    const TileLoop &inner = t.loops[3];
    // (Not for narrow vectors, nor for small tiles, of edges: there the size of the code counts
    // more.)
    constexpr bool unrolls = kWidth > 4 && 2 * S * V > kAccumulators;
    const int64_t known_step = unrolls && inner.vector_step == kWidth ? inner.scalar_step : 0;
    const Rewind r0 = rewind(t, 0), r1 = rewind(t, 1), r2 = rewind(t, 2);
    const auto move = [&](const Rewind &by) __attribute__((always_inline)) {
        scalars.advance(by.scalar);
        vectors.advance(by.vector);
    };
    for (int64_t i0 = t.loops[0].count; i0 > 0; --i0, move(r0)) {
        for (int64_t i1 = t.loops[1].count; i1 > 0; --i1, move(r1)) {
            for (int64_t i2 = t.loops[2].count; i2 > 0; --i2, move(r2)) {
                int64_t rounds = inner.count;
                if (known_step == 1) {
                    if (t.scalar_ahead != 0) prefetch(scalars, t.scalar_ahead);
                    rounds = sum_unrolled<1>(rounds, sums, scalars, vectors);
                } else if (known_step == kWidth) {
                    rounds = sum_unrolled<kWidth>(rounds, sums, scalars, vectors);
                }
                for (; rounds > 0; --rounds) {
                    if constexpr (S * V >= 16) __builtin_prefetch(scalars[0] + t.scalar_ahead);
                    multiply_add<S, V>(sums, scalars, vectors);
                    scalars.advance(inner.scalar_step);
                    vectors.advance(inner.vector_step);
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

// The same for whole vectors and the usual activations: with few channels to sum over, what
// follows the sum is a good part of the time.
template <bool InLanes, bool Stream>
__attribute__((noinline)) void finish_whole(const ProductTile &t, const float *sums, int scalars,
                                            int vectors) {
    const TileEpilogue &e = t.epilogue;
    const vec floor = floor_of(e);
    const int outer = InLanes ? vectors : scalars, inner = InLanes ? scalars : vectors;
    const int64_t outer_sums = (InLanes ? 1 : vectors) * kWidth;
    const int64_t inner_sums = (InLanes ? vectors : 1) * kWidth;
    const int64_t outer_out = InLanes ? t.out_vector_stride : t.out_scalar_stride;
    const int64_t inner_out = InLanes ? t.out_scalar_stride : t.out_vector_stride;
    for (int i = 0; i < outer; ++i) {
        const ChannelValues channel =
            InLanes ? all_channels(e, int64_t{i} * kWidth) : one_channel(e, i);
        const float *from = sums + i * outer_sums;
        int64_t at = i * outer_out;
        for (int j = 0; j < inner; ++j, from += inner_sums, at += inner_out) {
            vec y = (load(from) + channel.bias) * channel.scale + channel.shift;
            if (e.residual != nullptr) y += load(e.residual + at);
            if constexpr (Stream)
                stream(t.out + at, at_least(y, floor));
            else
                store(t.out + at, at_least(y, floor));
        }
    }
}

CNN_INLINE void finish_tile(const ProductTile &t, const float *sums, int scalars, int vectors) {
    if (!t.last || t.lanes < kWidth || !is_floor(t.epilogue)) {
        finish(t, sums, scalars, vectors);
    } else if (t.epilogue.channels == TileChannels::vectors) {
        t.stream ? finish_whole<true, true>(t, sums, scalars, vectors)
                 : finish_whole<true, false>(t, sums, scalars, vectors);
    } else {
        t.stream ? finish_whole<false, true>(t, sums, scalars, vectors)
                 : finish_whole<false, false>(t, sums, scalars, vectors);
    }
}

CNN_INLINE bool is_raw(const ProductTile &t) {
    return t.lanes >= kWidth && !t.stream && (!t.last || t.epilogue.is_identity());
}

// Whether a tile ends in the usual way: whole vectors of channels, of which a bias, or a scale and
// a shift, are all that follows, and a floor.
CNN_INLINE bool ends_simply(const ProductTile &t) {
    const TileEpilogue &e = t.epilogue;
    return t.last && t.lanes >= kWidth && !t.stream && e.channels == TileChannels::vectors &&
           e.residual == nullptr && (e.bias == nullptr || e.scale == nullptr) && is_floor(e);
}

// As finish_whole does it, to the bit, from registers.
template <int S, int V>
CNN_INLINE void finish_in_registers(const ProductTile &t, const vec (&sums)[S][V]) {
    const TileEpilogue &e = t.epilogue;
    const float *const added = e.scale != nullptr ? e.shift : e.bias;
    const vec floor = floor_of(e);
#pragma GCC unroll 16
    for (int v = 0; v < V; ++v) {
        const vec factor = e.scale != nullptr ? load(e.scale + v * kWidth) : broadcast(1.0f);
        const vec shift = added != nullptr ? load(added + v * kWidth) : zero();
#pragma GCC unroll 16
        for (int s = 0; s < S; ++s)
            store(t.out + s * t.out_scalar_stride + v * t.out_vector_stride,
                  at_least(fma(sums[s][v], factor, shift), floor));
    }
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
    sum_products(t, sums);
    // (Not for narrow vectors, nor for small tiles, of edges: the code would be large.)
    if constexpr (kWidth > 4 && 3 * S * V > 2 * kAccumulators) {
        if (ends_simply(t)) return finish_in_registers(t, sums);
    }
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
    if (!raw) finish_tile(t, buffer, S, V);
}

}  // namespace cnn::cpu::CNN_ISA::conv

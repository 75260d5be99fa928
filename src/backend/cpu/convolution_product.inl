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

template <int S, int V>
CNN_INLINE void add_bias(const ProductTile &t, vec (&sums)[S][V]) {
    const TileEpilogue &e = t.epilogue;
    if (e.bias_kind == TileBias::per_scalar) {
#pragma GCC unroll 16
        for (int s = 0; s < S; ++s) {
            const vec bias = broadcast(e.bias[s]);
#pragma GCC unroll 16
            for (int v = 0; v < V; ++v) sums[s][v] += bias;
        }
    } else if (e.bias_kind == TileBias::per_vector) {
#pragma GCC unroll 16
        for (int v = 0; v < V; ++v) {
            const float *const p = e.bias + v * kWidth;
            const vec bias = v == V - 1 && t.lanes < kWidth ? load_first(p, t.lanes) : load(p);
#pragma GCC unroll 16
            for (int s = 0; s < S; ++s) sums[s][v] += bias;
        }
    }
}

template <int S, int V>
CNN_INLINE void activate(const ProductTile &t, vec (&sums)[S][V]) {
    if (t.epilogue.activation == TileActivation::linear) return;
#pragma GCC unroll 16
    for (int s = 0; s < S; ++s) {
#pragma GCC unroll 16
        for (int v = 0; v < V; ++v) sums[s][v] = activated(sums[s][v], t.epilogue);
    }
}

template <int S, int V>
CNN_INLINE void store_sums(const ProductTile &t, vec (&sums)[S][V]) {
    const bool partial = t.lanes < kWidth;
#pragma GCC unroll 16
    for (int s = 0; s < S; ++s) {
#pragma GCC unroll 16
        for (int v = 0; v < V; ++v) {
            float *const p = t.out + s * t.out_scalar_stride + v * t.out_vector_stride;
            if (v < V - 1 || !partial) {
                store(p, sums[s][v]);
            } else if (t.trim) {
                store_first(p, sums[s][v], t.lanes);
            } else {
                store(p, select(first_lanes(t.lanes), sums[s][v], zero()));
            }
        }
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
    sum_products<S, V>(t, sums);
    if (t.last) {
        add_bias<S, V>(t, sums);
        activate<S, V>(t, sums);
    }
    store_sums<S, V>(t, sums);
}

}  // namespace cnn::cpu::CNN_ISA::conv

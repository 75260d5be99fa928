// Max and average pooling, forward and backward. Each output gathers, or scatters to, the taps of
// its window that lie inside.
#include "backend/cpu/pool.h"

namespace cnn::cpu::CNN_ISA {

// Pixels of a vector, and pixels of one float, to the same templates.
struct ManyLanes {
    typedef vec Value;
    typedef ivec Index;
    static constexpr int64_t kSize = kWidth;
    CNN_INLINE vec get(const float *p) { return load(p); }
    CNN_INLINE void put(float *p, vec v) { store(p, v); }
    CNN_INLINE vec all(float x) { return broadcast(x); }
    CNN_INLINE ivec number(int32_t k) { return broadcast(k); }
    CNN_INLINE ivec replaces(vec x, vec best) { return (x > best) | (is_nan(x) & ~is_nan(best)); }
    CNN_INLINE vec pick(ivec m, vec a, vec b) { return select(m, a, b); }
    CNN_INLINE ivec pick(ivec m, ivec a, ivec b) { return select(m, a, b); }
    CNN_INLINE ivec equal(ivec a, ivec b) { return a == b; }
};
struct OneLane {
    typedef float Value;
    typedef int32_t Index;
    static constexpr int64_t kSize = 1;
    CNN_INLINE float get(const float *p) { return *p; }
    CNN_INLINE void put(float *p, float v) { *p = v; }
    CNN_INLINE float all(float x) { return x; }
    CNN_INLINE int32_t number(int32_t k) { return k; }
    CNN_INLINE bool replaces(float x, float best) { return x > best || (x != x && best == best); }
    CNN_INLINE float pick(bool m, float a, float b) { return m ? a : b; }
    CNN_INLINE int32_t pick(bool m, int32_t a, int32_t b) { return m ? a : b; }
    CNN_INLINE bool equal(int32_t a, int32_t b) { return a == b; }
};

// Taps [begin, end) of an axis that lie inside the input, and the position of tap 0.
struct Taps {
    int64_t begin, end, base;
};
CNN_INLINE Taps taps_of(const PoolGeometry &g, int axis, int64_t out) {
    Taps t{0, g.kernel[axis], out * g.stride[axis] - g.pad_begin[axis]};
    while (t.begin < t.end && t.base + t.begin * g.dilation[axis] < 0) ++t.begin;
    while (t.end > t.begin && t.base + (t.end - 1) * g.dilation[axis] >= g.in[axis]) --t.end;
    return t;
}

// Taps of an axis that an average counts.
CNN_INLINE int64_t counted(const PoolGeometry &g, int axis, const Taps &t) {
    if (!g.include_padding) return t.end - t.begin;
    int64_t count = 0;
    for (int64_t k = 0; k < g.kernel[axis]; ++k) {
        const int64_t at = t.base + k * g.dilation[axis];
        if (at >= -g.pad_begin[axis] && at < g.in[axis] + g.pad_end[axis]) ++count;
    }
    return count;
}

CNN_INLINE int64_t pixels(const int64_t size[3]) {
    return size[0] * size[1] * size[2];
}

// body(taps of the three axes, output pixel)
template <class Body>
CNN_INLINE void for_outputs(const PoolGeometry &g, Body body) {
    int64_t out = 0;
    for (int64_t a = 0; a < g.out[0]; ++a) {
        const Taps ta = taps_of(g, 0, a);
        for (int64_t b = 0; b < g.out[1]; ++b) {
            const Taps tb = taps_of(g, 1, b);
            for (int64_t c = 0; c < g.out[2]; ++c) {
                const Taps t[3] = {ta, tb, taps_of(g, 2, c)};
                body(t, out++);
            }
        }
    }
}

// body(input pixel), in row-major order
template <class Body>
CNN_INLINE void for_taps(const PoolGeometry &g, const Taps t[3], Body body) {
    for (int64_t i = t[0].begin; i < t[0].end; ++i) {
        const int64_t a = (t[0].base + i * g.dilation[0]) * g.in[1];
        for (int64_t j = t[1].begin; j < t[1].end; ++j) {
            const int64_t b = (a + t[1].base + j * g.dilation[1]) * g.in[2] + t[2].base;
            for (int64_t k = t[2].begin; k < t[2].end; ++k) body(b + k * g.dilation[2]);
        }
    }
}

// The largest of four, NaN above all.
template <class L>
CNN_INLINE typename L::Value larger(typename L::Value a, typename L::Value b) {
    return L::pick(L::replaces(b, a), b, a);
}

template <class L>
static void max_halves(const PoolGeometry &g, const float *x, float *y) {
    for (int64_t b = 0; b < g.out[1]; ++b) {
        const float *upper = x + 2 * b * g.in[2] * L::kSize, *lower = upper + g.in[2] * L::kSize;
        for (int64_t c = 0; c < g.out[2]; ++c, upper += 2 * L::kSize, lower += 2 * L::kSize) {
            const auto first = larger<L>(L::get(upper), L::get(upper + L::kSize));
            const auto second = larger<L>(L::get(lower), L::get(lower + L::kSize));
            L::put(y, larger<L>(first, second));
            y += L::kSize;
        }
    }
}

template <class L>
static void max_plane(const PoolGeometry &g, const float *x, float *y) {
    if (g.halves) return max_halves<L>(g, x, y);
    for_outputs(g, [&](const Taps *t, int64_t out) {
        auto best = L::all(-__builtin_inff());
        for_taps(g, t, [&](int64_t in) { best = larger<L>(best, L::get(x + in * L::kSize)); });
        L::put(y + out * L::kSize, best);
    });
}

CNN_INLINE void set_zero(float *p, int64_t count) {
    __builtin_memset(p, 0, static_cast<size_t>(count) * sizeof(float));
}

template <class L>
static void max_halves_backward(const PoolGeometry &g, const float *dy, const float *x, float *dx) {
    const int64_t row = g.in[2] * L::kSize;
    const auto none = L::all(0.0f);
    for (int64_t b = 0; b < g.out[1]; ++b) {
        const int64_t start = 2 * b * row;
        for (int64_t c = 0; c < g.out[2]; ++c, dy += L::kSize) {
            const int64_t at[4] = {start + 2 * c * L::kSize, start + (2 * c + 1) * L::kSize,
                                   start + row + 2 * c * L::kSize,
                                   start + row + (2 * c + 1) * L::kSize};
            auto best = L::get(x + at[0]);
            auto winner = L::number(0);
            for (int32_t k = 1; k < 4; ++k) {
                const auto value = L::get(x + at[k]);
                const auto better = L::replaces(value, best);
                best = L::pick(better, value, best);
                winner = L::pick(better, L::number(k), winner);
            }
            const auto gradient = L::get(dy);
            for (int32_t k = 0; k < 4; ++k) {
                L::put(dx + at[k], L::pick(L::equal(winner, L::number(k)), gradient, none));
            }
        }
        if (g.in[2] % 2 != 0) {
            set_zero(dx + start + row - L::kSize, L::kSize);
            set_zero(dx + start + 2 * row - L::kSize, L::kSize);
        }
    }
    if (g.in[1] % 2 != 0) set_zero(dx + (g.in[1] - 1) * row, row);
}

template <class L>
static void max_plane_backward(const PoolGeometry &g, const float *dy, const float *x, float *dx) {
    if (g.halves) return max_halves_backward<L>(g, dy, x, dx);
    set_zero(dx, pixels(g.in) * L::kSize);
    for_outputs(g, [&](const Taps *t, int64_t out) {
        auto best = L::all(-__builtin_inff());
        auto winner = L::number(0);  // by the order of taps, from 0; the first where all are -inf
        int32_t k = 0;
        for_taps(g, t, [&](int64_t in) {
            const auto value = L::get(x + in * L::kSize);
            const auto better = L::replaces(value, best);
            best = L::pick(better, value, best);
            winner = L::pick(better, L::number(k), winner);
            ++k;
        });
        const auto gradient = L::get(dy + out * L::kSize);
        k = 0;
        for_taps(g, t, [&](int64_t in) {
            float *const to = dx + in * L::kSize;
            const auto mine = L::pick(L::equal(winner, L::number(k)), gradient, L::all(0.0f));
            L::put(to, L::get(to) + mine);
            ++k;
        });
    });
}

template <class L>
static void max_plane_tangent(const PoolGeometry &g, const float *dx, const float *x, float *dy) {
    for_outputs(g, [&](const Taps *t, int64_t out) {
        auto best = L::all(-__builtin_inff());
        auto tangent = L::all(0.0f);
        bool first = true;  // wins also where all are -inf
        for_taps(g, t, [&](int64_t in) {
            const auto value = L::get(x + in * L::kSize), d = L::get(dx + in * L::kSize);
            const auto better = L::replaces(value, best);
            best = first ? value : L::pick(better, value, best);
            tangent = first ? d : L::pick(better, d, tangent);
            first = false;
        });
        L::put(dy + out * L::kSize, tangent);
    });
}

CNN_INLINE float divisor_of(const PoolGeometry &g, const Taps t[3]) {
    const int64_t count = counted(g, 0, t[0]) * counted(g, 1, t[1]) * counted(g, 2, t[2]);
    return static_cast<float>(count > 1 ? count : 1);
}

template <class L>
static void average_plane(const PoolGeometry &g, const float *x, float *y) {
    for_outputs(g, [&](const Taps *t, int64_t out) {
        auto sum = L::all(0.0f);
        for_taps(g, t, [&](int64_t in) { sum += L::get(x + in * L::kSize); });
        L::put(y + out * L::kSize, sum / L::all(divisor_of(g, t)));
    });
}

template <class L>
static void average_plane_backward(const PoolGeometry &g, const float *dy, float *dx) {
    set_zero(dx, pixels(g.in) * L::kSize);
    for_outputs(g, [&](const Taps *t, int64_t out) {
        const auto share = L::get(dy + out * L::kSize) / L::all(divisor_of(g, t));
        for_taps(g, t, [&](int64_t in) {
            float *const to = dx + in * L::kSize;
            L::put(to, L::get(to) + share);
        });
    });
}

// --- Planes of either kind.

static void max_pool(const PoolGeometry &g, bool lanes, const float *x, float *y, int64_t begin,
                     int64_t end) {
    const int64_t size = lanes ? kWidth : 1, in = pixels(g.in) * size, out = pixels(g.out) * size;
    for (int64_t i = begin; i < end; ++i) {
        lanes ? max_plane<ManyLanes>(g, x + i * in, y + i * out)
              : max_plane<OneLane>(g, x + i * in, y + i * out);
    }
}

static void max_pool_backward(const PoolGeometry &g, bool lanes, const float *dy, const float *x,
                              float *dx, int64_t begin, int64_t end) {
    const int64_t size = lanes ? kWidth : 1, in = pixels(g.in) * size, out = pixels(g.out) * size;
    for (int64_t i = begin; i < end; ++i) {
        lanes ? max_plane_backward<ManyLanes>(g, dy + i * out, x + i * in, dx + i * in)
              : max_plane_backward<OneLane>(g, dy + i * out, x + i * in, dx + i * in);
    }
}

static void max_pool_tangent(const PoolGeometry &g, bool lanes, const float *dx, const float *x,
                             float *dy, int64_t begin, int64_t end) {
    const int64_t size = lanes ? kWidth : 1, in = pixels(g.in) * size, out = pixels(g.out) * size;
    for (int64_t i = begin; i < end; ++i) {
        lanes ? max_plane_tangent<ManyLanes>(g, dx + i * in, x + i * in, dy + i * out)
              : max_plane_tangent<OneLane>(g, dx + i * in, x + i * in, dy + i * out);
    }
}

static void average_pool(const PoolGeometry &g, bool lanes, const float *x, float *y, int64_t begin,
                         int64_t end) {
    const int64_t size = lanes ? kWidth : 1, in = pixels(g.in) * size, out = pixels(g.out) * size;
    for (int64_t i = begin; i < end; ++i) {
        lanes ? average_plane<ManyLanes>(g, x + i * in, y + i * out)
              : average_plane<OneLane>(g, x + i * in, y + i * out);
    }
}

static void average_pool_backward(const PoolGeometry &g, bool lanes, const float *dy, float *dx,
                                  int64_t begin, int64_t end) {
    const int64_t size = lanes ? kWidth : 1, in = pixels(g.in) * size, out = pixels(g.out) * size;
    for (int64_t i = begin; i < end; ++i) {
        lanes ? average_plane_backward<ManyLanes>(g, dy + i * out, dx + i * in)
              : average_plane_backward<OneLane>(g, dy + i * out, dx + i * in);
    }
}

static const PoolKernels kPoolKernels = {max_pool, max_pool_backward, max_pool_tangent,
                                         average_pool, average_pool_backward};

}  // namespace cnn::cpu::CNN_ISA

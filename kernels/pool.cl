// Maxima and averages over windows. Options: Ka, Sa, Da, Pa, Ea: kernel, stride, dilation, padding at
// the begin and the end of axis a = 0, 1, 2; CLIP: 0 when every window lies inside the input;
// INCLUDE_PADDING; and which kernel.

// The taps of output o along an axis that lie in [low, high): [*first, *last).
inline void taps(int o, int kernel_size, int stride, int dilation, int pad, int low, int high,
                 int *first, int *last) {
    const int base = o * stride - pad;
    *first = base < low ? (low - base + dilation - 1) / dilation : 0;
    *last = high <= base ? 0 : min(kernel_size, (high - 1 - base) / dilation + 1);
}

inline int tap_count(int o, int kernel_size, int stride, int dilation, int pad, int low, int high) {
    int first, last;
    taps(o, kernel_size, stride, dilation, pad, low, high, &first, &last);
    return max(0, last - first);
}

// What the average of output (o0, o1, o2) divides by.
inline float divisor_of(int o0, int o1, int o2, int i0, int i1, int i2) {
#if INCLUDE_PADDING
    const int count = tap_count(o0, K0, S0, D0, P0, -P0, i0 + E0) *
                      tap_count(o1, K1, S1, D1, P1, -P1, i1 + E1) *
                      tap_count(o2, K2, S2, D2, P2, -P2, i2 + E2);
#else
    const int count = tap_count(o0, K0, S0, D0, P0, 0, i0) *
                      tap_count(o1, K1, S1, D1, P1, 0, i1) *
                      tap_count(o2, K2, S2, D2, P2, 0, i2);
#endif
    return (float)max(count, 1);
}

// Runs BODY with k0, k1, k2 at every tap inside and `at`, where it lies in the plane of i1 by i2.
#if CLIP
#define TAP_BOUNDS                                     \
    int first0, last0, first1, last1, first2, last2;   \
    taps(o0, K0, S0, D0, P0, 0, i0, &first0, &last0);  \
    taps(o1, K1, S1, D1, P1, 0, i1, &first1, &last1);  \
    taps(o2, K2, S2, D2, P2, 0, i2, &first2, &last2);
#else
#define TAP_BOUNDS const int first0 = 0, last0 = K0, first1 = 0, last1 = K1, first2 = 0, last2 = K2;
#endif
#define FOR_TAPS(BODY)                                                            \
    {                                                                             \
        TAP_BOUNDS                                                                \
        for (int k0 = first0; k0 < last0; ++k0)                                   \
            for (int k1 = first1; k1 < last1; ++k1)                               \
                for (int k2 = first2; k2 < last2; ++k2) {                         \
                    const int at = ((o0 * S0 - P0 + k0 * D0) * i1 +               \
                                    (o1 * S1 - P1 + k1 * D1)) * i2 +              \
                                   (o2 * S2 - P2 + k2 * D2);                      \
                    BODY                                                          \
                }                                                                 \
    }

// The first maximum, NaN above all, of x's plane under the window, and its place.
#define FIND_MAXIMUM(x, plane)                                             \
    real_t best = (real_t)(-INFINITY);                                     \
    int_t where = (int_t)(-1);                                             \
    bool found = false;                                                    \
    FOR_TAPS({                                                             \
        const real_t v = LOAD(x, (plane) + at);                            \
        if (!found) {                                                      \
            best = v;                                                      \
            where = (int_t)(at);                                           \
            found = true;                                                  \
        } else {                                                           \
            const int_t more = (v > best) | ((v != v) & (best == best));   \
            best = more ? v : best;                                        \
            where = more ? (int_t)(at) : where;                            \
        }                                                                  \
    })

// Element `begin` of planes of s0 by s1 by s2, and the step to the next.
#define PLANE_POSITION(a, s0, s1, s2)                                         \
    int a##2 = begin % (s2), a##1 = begin / (s2) % (s1);                      \
    int a##0 = begin / (s2) / (s1) % (s0), plane = begin / (s2) / (s1) / (s0);
#define PLANE_STEP(a, s0, s1, s2)       \
    if (++a##2 == (s2)) {               \
        a##2 = 0;                       \
        if (++a##1 == (s1)) {           \
            a##1 = 0;                   \
            if (++a##0 == (s0)) {       \
                a##0 = 0;               \
                ++plane;                \
            }                           \
        }                               \
    }

#ifdef MAX_POOL
ITEMS __kernel void pool(__global const float *x, long x_offset, __global float *y, long y_offset,
                         int total, int chunk, int i0, int i1, int i2, int n0, int n1, int n2) {
    x += x_offset;
    y += y_offset;
    ITEM_RANGE(total, chunk)
    PLANE_POSITION(o, n0, n1, n2)
    for (int i = begin; i < end; ++i) {
        real_t best = (real_t)(-INFINITY);
        FOR_TAPS({
            const real_t v = LOAD(x, plane * i0 * i1 * i2 + at);
            best = ((v > best) | (v != v)) ? v : best;
        })
        STORE(best, i, y);
        PLANE_STEP(o, n0, n1, n2)
    }
}
#endif

#ifdef MAX_POOL_TANGENT
ITEMS __kernel void pool(__global const float *dx, long dx_offset, __global const float *x,
                         long x_offset, __global float *dy, long dy_offset, int total, int chunk,
                         int i0, int i1, int i2, int n0, int n1, int n2) {
    dx += dx_offset;
    x += x_offset;
    dy += dy_offset;
    ITEM_RANGE(total, chunk)
    PLANE_POSITION(o, n0, n1, n2)
    for (int i = begin; i < end; ++i) {
        const int start = plane * i0 * i1 * i2;
        FIND_MAXIMUM(x, start)
        real_t tangent = ZERO;
        FOR_TAPS({
            const real_t d = LOAD(dx, start + at);
            tangent = (where == (int_t)(at)) ? d : tangent;
        })
        STORE(tangent, i, dy);
        PLANE_STEP(o, n0, n1, n2)
    }
}
#endif

#ifdef AVERAGE_POOL
ITEMS __kernel void pool(__global const float *x, long x_offset, __global float *y, long y_offset,
                         int total, int chunk, int i0, int i1, int i2, int n0, int n1, int n2) {
    x += x_offset;
    y += y_offset;
    ITEM_RANGE(total, chunk)
    PLANE_POSITION(o, n0, n1, n2)
    for (int i = begin; i < end; ++i) {
        real_t high = ZERO;
        real_t low = ZERO;
        FOR_TAPS({
            const real_t v = LOAD(x, plane * i0 * i1 * i2 + at);
            ADD_TO_SUM(real_t, high, low, v)
        })
        // Beyond float's range there is nothing to mend.
        low = (fabs(high) < (real_t)(INFINITY)) ? low : ZERO;
        STORE((high + low) / (real_t)(divisor_of(o0, o1, o2, i0, i1, i2)), i, y);
        PLANE_STEP(o, n0, n1, n2)
    }
}
#endif

// The outputs of an axis whose windows may hold input i: [*first, *last).
inline void outputs_of(int i, int kernel_size, int stride, int dilation, int pad, int outputs,
                       int *first, int *last) {
    const int furthest = i + pad - (kernel_size - 1) * dilation;
    *first = furthest <= 0 ? 0 : (furthest + stride - 1) / stride;
    *last = min(outputs, (i + pad) / stride + 1);
}

// Runs BODY for every output (o0, o1, o2) whose window holds input (q0, q1, q2).
#define FOR_OUTPUTS(BODY)                                                              \
    {                                                                                  \
        int first0, last0, first1, last1, first2, last2;                               \
        outputs_of(q0, K0, S0, D0, P0, n0, &first0, &last0);                           \
        outputs_of(q1, K1, S1, D1, P1, n1, &first1, &last1);                           \
        outputs_of(q2, K2, S2, D2, P2, n2, &first2, &last2);                           \
        for (int o0 = first0; o0 < last0; ++o0) {                                      \
            if ((q0 + P0 - o0 * S0) % D0 != 0) continue;                               \
            for (int o1 = first1; o1 < last1; ++o1) {                                  \
                if ((q1 + P1 - o1 * S1) % D1 != 0) continue;                           \
                for (int o2 = first2; o2 < last2; ++o2) {                              \
                    if ((q2 + P2 - o2 * S2) % D2 != 0) continue;                       \
                    const int out = ((plane * n0 + o0) * n1 + o1) * n2 + o2;           \
                    BODY                                                               \
                }                                                                      \
            }                                                                          \
        }                                                                              \
    }

#ifdef AVERAGE_POOL_BACKWARD
ITEMS __kernel void pool(__global const float *dy, long dy_offset, __global float *dx,
                         long dx_offset, int total, int chunk, int i0, int i1, int i2, int n0,
                         int n1, int n2) {
    dy += dy_offset;
    dx += dx_offset;
    ITEM_RANGE(total, chunk)
    PLANE_POSITION(q, i0, i1, i2)
    for (int i = begin; i < end; ++i) {
        real_t sum = ZERO;
        FOR_OUTPUTS({ sum += LOAD(dy, out) / (real_t)(divisor_of(o0, o1, o2, i0, i1, i2)); })
        STORE(sum, i, dx);
        PLANE_STEP(q, i0, i1, i2)
    }
}
#endif

#ifdef MAX_POOL_BACKWARD
#ifdef CPU_CLASS
// An item takes whole planes: each window adds its gradient where its maximum is.
ITEMS __kernel void pool(__global const float *dy, long dy_offset, __global const float *x,
                         long x_offset, __global float *dx, long dx_offset, int total, int chunk,
                         int i0, int i1, int i2, int n0, int n1, int n2) {
    dy += dy_offset;
    x += x_offset;
    dx += dx_offset;
    ITEM_RANGE(total, chunk)
    const int size = i0 * i1 * i2;
    for (int i = begin * size; i < end * size; ++i) STORE(ZERO, i, dx);
    for (int plane = begin; plane < end; ++plane) {
        int out = plane * n0 * n1 * n2;
        for (int o0 = 0; o0 < n0; ++o0)
            for (int o1 = 0; o1 < n1; ++o1)
                for (int o2 = 0; o2 < n2; ++o2, ++out) {
                    FIND_MAXIMUM(x, plane * size)
                    const real_t gradient = LOAD(dy, out);
                    FOR_TAPS({
                        const real_t before = LOAD(dx, plane * size + at);
                        STORE(before + ((where == (int_t)(at)) ? gradient : ZERO),
                              plane * size + at, dx);
                    })
                }
    }
}
#else
// An item gathers for one input from the windows whose maximum it is.
ITEMS __kernel void pool(__global const float *dy, long dy_offset, __global const float *x,
                         long x_offset, __global float *dx, long dx_offset, int total, int chunk,
                         int i0, int i1, int i2, int n0, int n1, int n2) {
    dy += dy_offset;
    x += x_offset;
    dx += dx_offset;
    ITEM_RANGE(total, chunk)
    const int size = i0 * i1 * i2;
    PLANE_POSITION(q, i0, i1, i2)
    for (int i = begin; i < end; ++i) {
        real_t sum = ZERO;
        FOR_OUTPUTS({
            FIND_MAXIMUM(x, plane * size)
            if (where == i - plane * size) sum += dy[out];
        })
        dx[i] = sum;
        PLANE_STEP(q, i0, i1, i2)
    }
}
#endif
#endif

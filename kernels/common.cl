// What every program begins with.
#pragma OPENCL FP_CONTRACT OFF

#define LANES 16
// Work-groups of one item: the CPU class's form.
#define SINGLE __attribute__((reqd_work_group_size(1, 1, 1)))
#ifdef CPU_CLASS
#define ITEMS SINGLE
#else
#define ITEMS
#endif

// What kernels that serve both layouts call an element: a float of a plain tensor, or a block of
// samples, so that [N / 16][C][S] blocks look like a plain [N][C][S].
#ifdef BLOCKED
typedef float16 real_t;
typedef int16 int_t;
typedef uint16 uint_t;
#define WIDTH LANES
#define LANE_INDEX ((int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15))
#define LOAD(p, i) vload16((i), (p))
#define STORE(v, i, p) vstore16((v), (i), (p))
#else
typedef float real_t;
typedef int int_t;
typedef uint uint_t;
#define WIDTH 1
#define LOAD(p, i) ((p)[i])
#define STORE(v, i, p) ((p)[i] = (v))
#endif
#define ZERO ((real_t)(0.0f))
#define ONE ((real_t)(1.0f))

// A range [begin, end) of `total` elements for this item, `chunk` at most.
#define ITEM_RANGE(total, chunk)                                      \
    const int begin = min((int)get_global_id(0), (total)) * (chunk); \
    const int end = min(begin + (chunk), (total));

// Adds v to the sum high + low, where low gathers what rounding loses.
#define ADD_TO_SUM(type, high, low, v)                     \
    {                                                      \
        const type next_ = (high) + (v);                   \
        const type part_ = next_ - (high);                 \
        (low) += ((high) - (next_ - part_)) + ((v)-part_); \
        (high) = next_;                                    \
    }

// Stores high + low at y[index]; as a pair when wide. Beyond float's range there is nothing to mend.
#define STORE_SUM(high, low, y, index, wide)                                    \
    {                                                                           \
        const float sum_ = fabs(high) < INFINITY ? (high) + (low) : (high);     \
        const float rest_ = fabs(sum_) < INFINITY ? ((high)-sum_) + (low) : 0.0f; \
        if (wide) {                                                             \
            (y)[2 * (index)] = sum_;                                            \
            (y)[2 * (index) + 1] = rest_;                                       \
        } else {                                                                \
            (y)[index] = sum_;                                                  \
        }                                                                       \
    }

#ifdef CONVOLUTION
// What follows a convolution's finished sum, of one channel: activation((sum + bias) * scale +
// shift + residual), each where the flags or the activation have it. A residual lies as y does.
#define HAS_BIAS 1
#define HAS_AFFINE 2
#define HAS_RESIDUAL 4
#ifdef BLOCKS
typedef float16 sum_t;
#else
typedef float sum_t;
#endif

// 0 linear, 1 relu, 2 leaky relu; with SMOOTH also 3 sigmoid, 4 tanh.
static sum_t activate(sum_t v, int activation, float slope) {
#ifdef SMOOTH
    if (activation == 3) return 1.0f / (1.0f + exp(-v));
    if (activation == 4) return tanh(v);
#endif
    const sum_t low = activation == 2 ? v * slope : (sum_t)(0.0f);
    return activation == 0 ? v : select(v, low, v < (sum_t)(0.0f));
}

static sum_t finish(sum_t v, int flags, int channel, long at, __global const float *bias,
                    __global const float *scale, __global const float *shift,
                    __global const sum_t *residual, int activation, float slope) {
    if (flags & HAS_BIAS) v += bias[channel];
    if (flags & HAS_AFFINE) v = v * scale[channel] + shift[channel];
    if (flags & HAS_RESIDUAL) v += residual[at];
    return activate(v, activation, slope);
}

#ifdef WINOGRAD
// Winograd's F(2x2, 3x3) (Lavin and Gray 2015, section 4.1), Y = A^T [(G g G^T) . (B^T d B)] A:
//   B^T = 1  0 -1  0    A^T = 1  1  1  0
//         0  1  1  0          0  1 -1 -1
//         0 -1  1  0
//         0  1  0 -1
static void winograd_side(sum_t *a, sum_t *b, sum_t *c, sum_t *d) {
    const sum_t b_ = *b, c_ = *c;
    *a -= c_;
    *b = b_ + c_;
    *c = c_ - b_;
    *d = b_ - *d;
}

// B^T d B in place of d, row by row.
static void winograd_input(sum_t *d) {
#pragma unroll
    for (int i = 0; i < 4; ++i) winograd_side(d + i, d + 4 + i, d + 8 + i, d + 12 + i);
#pragma unroll
    for (int i = 0; i < 16; i += 4) winograd_side(d + i, d + i + 1, d + i + 2, d + i + 3);
}

// A^T m A.
static void winograd_output(const sum_t *m, sum_t *y) {
    sum_t s[8];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        s[i] = m[i] + m[4 + i] + m[8 + i];
        s[4 + i] = m[4 + i] - m[8 + i] - m[12 + i];
    }
#pragma unroll
    for (int i = 0; i < 2; ++i) {
        y[2 * i] = s[4 * i] + s[4 * i + 1] + s[4 * i + 2];
        y[2 * i + 1] = s[4 * i + 1] - s[4 * i + 2] - s[4 * i + 3];
    }
}
#endif

// How a convolution gathers along an axis, in both directions of data: output i of a phase reads
// the inputs i * scale + origin + t * step, t counting the taps tap0 + t * tap_step that count:
//   forward        one phase, input i * stride - pad + k * dilation, every tap;
//   backward data  a phase for each remainder r of the position by the stride; with dx's position
//                  i * stride + r the taps k = k0 + t * period have (r + pad - k * dilation)
//                  divisible by the stride; the first is of dy's i + (r + pad - k0 * dilation) /
//                  stride and step = -period * dilation / stride, period = stride / gcd(stride,
//                  dilation).
typedef struct {
    int size;      // outputs
    int out_step, phase;
    int scale;     // h = i * scale + origin
    int origin;
    int step;      // of the input a tap
    int taps, tap0, tap_step;
} Axis;

static Axis axis_of(int phase, int backward, int out, int kernel_size, int stride, int dilation,
                    int pad) {
    Axis a;
    if (!backward) {
        a.size = out;
        a.out_step = 1;
        a.phase = 0;
        a.scale = stride;
        a.origin = -pad;
        a.step = dilation;
        a.taps = kernel_size;
        a.tap0 = 0;
        a.tap_step = 1;
        return a;
    }
    int period = 1;
    while (period * dilation % stride != 0) ++period;
    int first = 0;
    while (first < period && (phase + pad - first * dilation) % stride != 0) ++first;
    a.size = (out - phase + stride - 1) / stride;
    a.out_step = stride;
    a.phase = phase;
    a.scale = 1;
    a.origin = first < period ? (phase + pad - first * dilation) / stride : 0;
    a.step = -(period * dilation / stride);
    a.taps = 0;
    if (first < period && first < kernel_size)
        a.taps = (kernel_size - first + period - 1) / period;
    a.tap0 = first;
    a.tap_step = period;
    return a;
}
#endif

#ifdef TILE_M
// A work-group computes TILE_M x TILE_Q of a product C[m, q] = sum over k of A[m, k] B[k, q], in
// slabs of TILE_K; an item ITEM_M x ITEM_Q, in pieces of VEC neighbours:
//
//                  q: ITEMS_Q pieces of VEC, then again
//              +---+---+---+---+---+---+---+---+
//   m: ITEMS_M |0  |1  |2  |3  |0  |1  |2  |3  |    in local memory  a[k][m], TILE_M + PAD wide,
//   pieces of  +---+---+---+---+---+---+---+---+                     b[k][q], TILE_Q + PAD wide
//   VEC, again |4  |5  |6  |7  |4  |5  |6  |7  |
#define ITEMS_M (TILE_M / ITEM_M)
#define ITEMS_Q (TILE_Q / ITEM_Q)
#define GROUP (ITEMS_M * ITEMS_Q)
#define ROW_A (TILE_M + PAD)
#define ROW_B (TILE_Q + PAD)
#if VEC == 4
#define LOCAL_LOAD(to, from)                \
    {                                       \
        const float4 four_ = vload4(0, from); \
        (to)[0] = four_.x;                  \
        (to)[1] = four_.y;                  \
        (to)[2] = four_.z;                  \
        (to)[3] = four_.w;                  \
    }
#elif VEC == 2
#define LOCAL_LOAD(to, from)                \
    {                                       \
        const float2 two_ = vload2(0, from); \
        (to)[0] = two_.x;                   \
        (to)[1] = two_.y;                   \
    }
#else
#define LOCAL_LOAD(to, from) (to)[0] = *(from);
#endif

// Place of an item's element i among its tile's rows or columns.
#define AT_M(i) ((((i) / VEC) * ITEMS_M + item_m) * VEC + (i) % VEC)
#define AT_Q(i) ((((i) / VEC) * ITEMS_Q + item_q) * VEC + (i) % VEC)
#define UNROLL _Pragma("unroll")

// Of the work-group, and of an item.
#define TILES                                                                        \
    __local float a[TILE_K * ROW_A], b[TILE_K * ROW_B];                              \
    const int item = (int)get_local_id(0);                                           \
    const int item_m = item / ITEMS_Q, item_q = item - item_m * ITEMS_Q;             \
    float sum[ITEM_M * ITEM_Q];                                                      \
    UNROLL for (int i = 0; i < ITEM_M * ITEM_Q; ++i) sum[i] = 0.0f;

// One slab's products, after all of it was read and before any of it is overwritten.
#define MULTIPLY                                                                     \
    barrier(CLK_LOCAL_MEM_FENCE);                                                    \
    for (int k = 0; k < TILE_K; ++k) {                                               \
        float row[ITEM_M], column[ITEM_Q];                                           \
        UNROLL for (int i = 0; i < ITEM_M; i += VEC)                                 \
            LOCAL_LOAD(row + i, a + k * ROW_A + AT_M(i))                             \
        UNROLL for (int i = 0; i < ITEM_Q; i += VEC)                                 \
            LOCAL_LOAD(column + i, b + k * ROW_B + AT_Q(i))                          \
        UNROLL for (int i = 0; i < ITEM_M; ++i)                                      \
            UNROLL for (int j = 0; j < ITEM_Q; ++j)                                  \
                sum[i * ITEM_Q + j] = fma(row[i], column[j], sum[i * ITEM_Q + j]);   \
    }                                                                                \
    barrier(CLK_LOCAL_MEM_FENCE);
#endif

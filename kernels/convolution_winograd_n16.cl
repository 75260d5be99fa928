// Winograd's F(2x2, 3x3) with 16 samples in the lanes: convolutions of 3x3 filters with stride 1,
// and their gradients with respect to the input, which are convolutions of dy with the filters
// turned. The transforms are in common.cl.
//
// Tensors are [blocks of 16 samples][channels][height][width][16]. Tiles of 2x2 outputs are counted
// over (block, row, column), t; of every point p of 16, channel c and output f
//   V[p][c][t] = (B^T d(c, t) B)[p],  d the 4x4 inputs from (2 * row - pad_h, 2 * column - pad_w),
//   M[p][f][t] = sum over c of  u[p][f][c] V[p][c][t],
//   y(f, t) = A^T M[.][f][t] A.
// u is [16][outputs / FILTERS][inputs][FILTERS].
//
// An item has `rows` of the tiles of ROWS outputs, and runs over chunks of `chunk` x COLUMNS tiles
// t. Of a chunk it keeps V and, for `panel` of its tiles of outputs at a time, M in memory of its
// own that its nearer caches should hold:
//   V  v[p * v_point + ((t / COLUMNS) * inputs + c) * COLUMNS + t % COLUMNS]
//   M  m[p * m_point + f * width + t],  f from the panel's first, width = chunk * COLUMNS
// Points lie an odd number of vectors apart, not to compete for the same sets of a cache.

#define UNROLL _Pragma("unroll")

// Where t's tile is.
typedef struct {
    int block, h, v;  // of its outputs
} Place;

static Place place_of(int t, int tiles_h, int tiles_w) {
    Place p;
    p.block = t / (tiles_h * tiles_w);
    const int rest = t - p.block * (tiles_h * tiles_w);
    p.h = rest / tiles_w * 2;
    p.v = (rest - rest / tiles_w * tiles_w) * 2;
    return p;
}

// One tile's inputs of all channels, from the corner (h, v), which may lie outside.
static void transform_in(__global const float16 *x, __global float16 *to, int point, int inputs,
                         int h, int v, int in_h, int in_w) {
    const int plane = in_h * in_w;
    const int inside = h >= 0 && v >= 0 && h + 4 <= in_h && v + 4 <= in_w;
    x += h * in_w + v;
    for (int c = 0; c < inputs; ++c, x += plane, to += COLUMNS) {
        float16 d[16];
        if (inside) {
            UNROLL for (int i = 0; i < 16; ++i) d[i] = x[(i / 4) * in_w + i % 4];
        } else {
            UNROLL for (int i = 0; i < 16; ++i) {
                d[i] = (float16)(0.0f);
                if ((uint)(h + i / 4) < (uint)in_h && (uint)(v + i % 4) < (uint)in_w)
                    d[i] = x[(i / 4) * in_w + i % 4];
            }
        }
        winograd_input(d);
        UNROLL for (int i = 0; i < 16; ++i) to[i * point] = d[i];
    }
}

// ROWS outputs of COLUMNS tiles, of one point.
static void multiply(__global const float *u, __global const float16 *v, __global float16 *m,
                     int inputs, int width) {
    float16 sum[ROWS][COLUMNS];
    UNROLL for (int o = 0; o < ROWS; ++o)
        UNROLL for (int c = 0; c < COLUMNS; ++c) sum[o][c] = (float16)(0.0f);
    for (int k = 0; k < inputs; ++k, u += FILTERS, v += COLUMNS) {
        float16 a[COLUMNS];
        UNROLL for (int c = 0; c < COLUMNS; ++c) a[c] = v[c];
        UNROLL for (int o = 0; o < ROWS; ++o) {
            const float16 f = (float16)(u[o]);
            UNROLL for (int c = 0; c < COLUMNS; ++c) sum[o][c] = fma(f, a[c], sum[o][c]);
        }
    }
    UNROLL for (int o = 0; o < ROWS; ++o)
        UNROLL for (int c = 0; c < COLUMNS; ++c) m[o * width + c] = sum[o][c];
}

__kernel SINGLE void convolution_winograd_n16(
    __global const float16 *x, long x_at, __global const float *u, long u_at,
    __global const float *bias, long bias_at, __global float16 *y, long y_at,
    __global float16 *scratch, long scratch_at, int blocks, int outputs, int inputs, int in_h,
    int in_w, int out_h, int out_w, int pad_h, int pad_w, int chunk, int panel, int rows,
    int v_point, int m_point, int flags, int activation, float slope, __global const float *scale,
    long scale_at, __global const float *shift, long shift_at, __global const float16 *residual,
    long residual_at) {
    const int tiles_h = (out_h + 1) / 2, tiles_w = (out_w + 1) / 2;
    const int tiles = blocks * tiles_h * tiles_w, width = chunk * COLUMNS;
    const int chunks = (tiles + width - 1) / width;
    const int item = (int)get_global_id(1), items = (int)get_global_size(1);
    const int last_chunk = (int)((long)chunks * (item + 1) / items);
    const int row_tiles = (outputs + ROWS - 1) / ROWS;
    const int first_row = (int)get_global_id(0) * rows;
    const int last_row = min(first_row + rows, row_tiles);
    const int plane = in_h * in_w, out_plane = out_h * out_w;
    const int u_point = (outputs + FILTERS - 1) / FILTERS * FILTERS * inputs;
    const int slot = item * (int)get_global_size(0) + (int)get_global_id(0);
    __global float16 *vs = scratch + scratch_at + (long)slot * 16 * (v_point + m_point);
    __global float16 *ms = vs + 16 * v_point;
    x += x_at;
    u += u_at;
    y += y_at;
    bias += bias_at;
    scale += scale_at;
    shift += shift_at;
    residual += residual_at;

    for (int at = (int)((long)chunks * item / items); at < last_chunk; ++at) {
        const int first = at * width, count = min(width, tiles - first);
        const int column_tiles = (count + COLUMNS - 1) / COLUMNS;
        // What the last tile of columns has too many repeats the last one.
        for (int t = 0; t < column_tiles * COLUMNS; ++t) {
            const Place p = place_of(first + min(t, count - 1), tiles_h, tiles_w);
            transform_in(x + (long)p.block * inputs * plane,
                         vs + (t / COLUMNS) * inputs * COLUMNS + t % COLUMNS, v_point, inputs,
                         p.h - pad_h, p.v - pad_w, in_h, in_w);
        }
        for (int row0 = first_row; row0 < last_row; row0 += panel) {
            const int end = min(row0 + panel, last_row);
            for (int p = 0; p < 16; ++p) {
                for (int row = row0; row < end; ++row) {
                    const int f = row * ROWS;
                    __global const float *ur =
                        u + (long)p * u_point + f / FILTERS * FILTERS * inputs + f % FILTERS;
                    for (int c = 0; c < column_tiles; ++c)
                        multiply(ur, vs + p * v_point + c * inputs * COLUMNS,
                                 ms + p * m_point + (row - row0) * ROWS * width + c * COLUMNS,
                                 inputs, width);
                }
            }
            const int f0 = row0 * ROWS, f_end = min(end * ROWS, outputs);
            for (int t = 0; t < count; ++t) {
                const Place p = place_of(first + t, tiles_h, tiles_w);
                const int corner = p.block * outputs * out_plane + p.h * out_w + p.v;
                for (int f = f0; f < f_end; ++f) {
                    float16 m[16], out[4];
                    UNROLL for (int i = 0; i < 16; ++i)
                        m[i] = ms[i * m_point + (f - f0) * width + t];
                    winograd_output(m, out);
                    UNROLL for (int i = 0; i < 4; ++i) {
                        if (p.h + i / 2 < out_h && p.v + i % 2 < out_w) {
                            const int to = corner + f * out_plane + i / 2 * out_w + i % 2;
                            y[to] = finish(out[i], flags, f, to, bias, scale, shift, residual,
                                           activation, slope);
                        }
                    }
                }
            }
        }
    }
}

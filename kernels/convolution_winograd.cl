// Winograd's F(2x2, 3x3) for GPUs over plain tensors: convolutions of 3x3 filters with stride 1, and
// their gradients with respect to the input, which are convolutions of dy with the filters turned.
// The transforms are in common.cl. Three kernels take `count` tiles of 2x2 outputs, counted over
// (sample, row, column), from `first` on; for every point p of 16, channel c, output f and tile t
//   convolution_winograd_in    V[p][c][t] = (B^T d(c, t) B)[p],
//                              d the 4x4 inputs from (2 * row - pad_h, 2 * column - pad_w)
//   convolution_winograd       M[p][f][t] = sum over c of  u[p][f][c] V[p][c][t]
//   convolution_winograd_out   y(f, t) = A^T M[.][f][t] A
// V is [16][inputs][width] and M [16][outputs][width], width >= count; u is
// [16][outputs / FILTERS][inputs][FILTERS].

// Where a tile's outputs are.
typedef struct {
    int sample, h, v;
} Place;

static Place place_of(int t, int out_h, int out_w) {
    const int tiles_h = (out_h + 1) / 2, tiles_w = (out_w + 1) / 2;
    Place p;
    p.sample = t / (tiles_h * tiles_w);
    const int rest = t - p.sample * (tiles_h * tiles_w);
    p.h = rest / tiles_w * 2;
    p.v = (rest - rest / tiles_w * tiles_w) * 2;
    return p;
}

#ifdef TILE_M
#define LANES_M (TILE_M < FILTERS ? TILE_M : FILTERS)

// The third dimension is the points. TILE_M and FILTERS divide one another.
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void convolution_winograd(
    __global const float *u, long u_at, __global const float *v, long v_at, __global float *m,
    long m_at, int outputs, int inputs, int width, int count) {
    TILES
    const int p = (int)get_group_id(2);
    const int m0 = (int)get_group_id(1) * TILE_M, q0 = (int)get_group_id(0) * TILE_Q;
    const int filters = (outputs + FILTERS - 1) / FILTERS * FILTERS;
    u += u_at + (long)p * filters * inputs;
    v += v_at + (long)p * inputs * width + q0;
    m += m_at + (long)p * outputs * width;

    for (int k0 = 0; k0 < inputs; k0 += TILE_K) {
        for (int e = item; e < TILE_M * TILE_K; e += GROUP) {
            const int lane = e % LANES_M, k = e / LANES_M % TILE_K;
            const int row = e / (LANES_M * TILE_K) * LANES_M + lane, f = m0 + row;
            const int at = (f / FILTERS * inputs + k0 + k) * FILTERS + f % FILTERS;
            a[k * ROW_A + row] = f < filters && k0 + k < inputs ? u[at] : 0.0f;
        }
        for (int e = item; e < TILE_Q * TILE_K; e += GROUP) {
            const int k = e / TILE_Q, q = e - k * TILE_Q;
            b[k * ROW_B + q] = q0 + q < count && k0 + k < inputs ? v[(k0 + k) * width + q] : 0.0f;
        }
        MULTIPLY
    }
    UNROLL for (int i = 0; i < ITEM_M; ++i) {
        const int f = m0 + AT_M(i);
        if (f < outputs) {
            UNROLL for (int j = 0; j < ITEM_Q; ++j) {
                const int q = q0 + AT_Q(j);
                if (q < count) m[f * width + q] = sum[i * ITEM_Q + j];
            }
        }
    }
}
#else

// The first dimension is the tiles, the second the channels.
__kernel void convolution_winograd_in(__global const float *x, long x_at, __global float *v,
                                      long v_at, int first, int count, int width, int inputs,
                                      int in_h, int in_w, int out_h, int out_w, int pad_h,
                                      int pad_w) {
    const int t = (int)get_global_id(0), c = (int)get_global_id(1);
    if (t >= count) return;
    const Place p = place_of(first + t, out_h, out_w);
    const int h0 = p.h - pad_h, v0 = p.v - pad_w;
    x += x_at + ((long)p.sample * inputs + c) * in_h * in_w;
    float d[16];
#pragma unroll
    for (int i = 0; i < 16; ++i) {
        const int h = h0 + i / 4, w = v0 + i % 4;
        d[i] = (uint)h < (uint)in_h && (uint)w < (uint)in_w ? x[h * in_w + w] : 0.0f;
    }
    winograd_input(d);
    v += v_at + (long)c * width + t;
#pragma unroll
    for (int i = 0; i < 16; ++i) v[(long)i * inputs * width] = d[i];
}

// The first dimension is the tiles, the second the outputs.
__kernel void convolution_winograd_out(__global const float *m, long m_at,
                                       __global const float *bias, long bias_at, __global float *y,
                                       long y_at, int first, int count, int width, int outputs,
                                       int out_h, int out_w, int flags, int activation, float slope,
                                       __global const float *scale, long scale_at,
                                       __global const float *shift, long shift_at,
                                       __global const float *residual, long residual_at) {
    const int t = (int)get_global_id(0), f = (int)get_global_id(1);
    if (t >= count) return;
    const Place p = place_of(first + t, out_h, out_w);
    float d[16], out[4];
    m += m_at + (long)f * width + t;
#pragma unroll
    for (int i = 0; i < 16; ++i) d[i] = m[(long)i * outputs * width];
    winograd_output(d, out);
    const long corner = (((long)p.sample * outputs + f) * out_h + p.h) * out_w + p.v;
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        if (p.h + i / 2 < out_h && p.v + i % 2 < out_w) {
            const long at = corner + i / 2 * out_w + i % 2;
            y[y_at + at] = finish(out[i], flags, f, at, bias + bias_at, scale + scale_at,
                                  shift + shift_at, residual + residual_at, activation, slope);
        }
    }
}
#endif

// Gradient of a convolution with respect to its weights, 16 samples in the lanes:
//   dw[o, q] = sum over n, i, j of  dy[n, o, i, j] x[n, c, i * stride - pad + kh * dilation, ...]
// where q = (c, kh, kw) counts the weights of an output channel. Tensors are [blocks of 16
// samples][channels][height][width][16]; the lanes are summed at the end.
//
// A tile is ROWS channels o x TAPS consecutive q in registers; an item has `item_tiles` tiles of
// the same channels, at most TILES, whose sums wait in private memory while a row of dy serves
// each of them. For weight q the rows [row_lo, row_hi) and columns [column_lo, column_hi) of dy
// meet x inside; where all of a tile's do, nothing is tested.
//
// The third dimension splits the sum over blocks of samples: part s goes to out + s * all
// weights, for convolution_reduce to add in order.

#define TILES 16
#define WEIGHTS (TAPS * TILES)
#define SPAN 64  // columns of dy at a time, so that its rows stay in the nearest cache

// First output whose input position i * stride + offset is at least `least`.
static int first_output(int least, int offset, int stride) {
    const int distance = least - offset;
    return distance <= 0 ? 0 : (distance + stride - 1) / stride;
}

static float sum_of(float16 v) {
    const float8 a = v.lo + v.hi;
    const float4 b = a.lo + a.hi;
    const float2 c = b.lo + b.hi;
    return c.x + c.y;
}

__kernel SINGLE void convolution_weights_n16(
    __global const float16 *x, long x_at, __global const float16 *dy, long dy_at,
    __global float *out, long out_at, int blocks, int groups, int outputs, int inputs, int in_h,
    int in_w, int out_h, int out_w, int kernel_h, int kernel_w, int stride_h, int stride_w,
    int dilation_h, int dilation_w, int pad_h, int pad_w, int row_tiles,
    int item_tiles) {
    const int group = (int)get_global_id(0) / row_tiles;
    const int row0 = ((int)get_global_id(0) - group * row_tiles) * ROWS;
    const int weights = inputs * kernel_h * kernel_w;
    const int q0 = (int)get_global_id(1) * item_tiles * TAPS;
    const int tiles = min(item_tiles, (weights - q0 + TAPS - 1) / TAPS);
    const int part = (int)get_global_id(2), parts = (int)get_global_size(2);
    const int plane = in_h * in_w, out_plane = out_h * out_w;

    int at[WEIGHTS];
    int row_lo[WEIGHTS], row_hi[WEIGHTS], column_lo[WEIGHTS], column_hi[WEIGHTS];
    for (int i = 0; i < tiles * TAPS; ++i) {
        const int q = min(q0 + i, weights - 1);
        const int c = q / (kernel_h * kernel_w), k = q - c * (kernel_h * kernel_w);
        const int kh = k / kernel_w, kw = k - kh * kernel_w;
        const int h = kh * dilation_h - pad_h, v = kw * dilation_w - pad_w;
        at[i] = c * plane + h * in_w + v;
        row_lo[i] = first_output(0, h, stride_h);
        row_hi[i] = q0 + i < weights ? min(out_h, first_output(in_h, h, stride_h)) : 0;
        column_lo[i] = first_output(0, v, stride_w);
        column_hi[i] = min(out_w, first_output(in_w, v, stride_w));
    }
    int channel[ROWS];
#pragma unroll
    for (int o = 0; o < ROWS; ++o) channel[o] = min(row0 + o, outputs - 1) * out_plane;

    float16 total[TILES][ROWS * TAPS];
    for (int t = 0; t < tiles; ++t) {
#pragma unroll
        for (int i = 0; i < ROWS * TAPS; ++i) total[t][i] = (float16)(0.0f);
    }
    const int end = (int)((long)blocks * (part + 1) / parts);
    for (int block = (int)((long)blocks * part / parts); block < end; ++block) {
        __global const float16 *xb = x + x_at + (long)(block * groups + group) * inputs * plane;
        __global const float16 *db =
            dy + dy_at + (long)(block * groups + group) * outputs * out_plane;
        for (int i = 0; i < out_h; ++i) {
            for (int first = 0; first < out_w; first += SPAN) {
                for (int t = 0; t < tiles; ++t) {
                    int lo[TAPS], hi[TAPS], from[TAPS];
                    int every_lo = 0, every_hi = out_w;
#pragma unroll
                    for (int q = 0; q < TAPS; ++q) {
                        const int e = t * TAPS + q;
                        const int inside = i >= row_lo[e] && i < row_hi[e];
                        lo[q] = column_lo[e];
                        hi[q] = inside ? column_hi[e] : 0;
                        from[q] = at[e] + i * stride_h * in_w;
                        every_lo = max(every_lo, lo[q]);
                        every_hi = min(every_hi, hi[q]);
                    }
                    const int last = min(first + SPAN, out_w);
                    float16 sum[ROWS][TAPS];
#pragma unroll
                    for (int o = 0; o < ROWS; ++o) {
#pragma unroll
                        for (int q = 0; q < TAPS; ++q) sum[o][q] = total[t][o * TAPS + q];
                    }
                    for (int j = first; j < last; ++j) {
                        float16 d[ROWS];
#pragma unroll
                        for (int o = 0; o < ROWS; ++o) d[o] = db[channel[o] + i * out_w + j];
                        __global const float16 *xj = xb + j * stride_w;
                        if (j >= every_lo && j < every_hi) {
#pragma unroll
                            for (int q = 0; q < TAPS; ++q) {
                                const float16 a = xj[from[q]];
#pragma unroll
                                for (int o = 0; o < ROWS; ++o) sum[o][q] = fma(d[o], a, sum[o][q]);
                            }
                        } else {
#pragma unroll
                            for (int q = 0; q < TAPS; ++q) {
                                if (j >= lo[q] && j < hi[q]) {
                                    const float16 a = xj[from[q]];
#pragma unroll
                                    for (int o = 0; o < ROWS; ++o)
                                        sum[o][q] = fma(d[o], a, sum[o][q]);
                                }
                            }
                        }
                    }
#pragma unroll
                    for (int o = 0; o < ROWS; ++o) {
#pragma unroll
                        for (int q = 0; q < TAPS; ++q) total[t][o * TAPS + q] = sum[o][q];
                    }
                }
            }
        }
    }
    out += out_at + ((long)part * groups + group) * outputs * weights;
    for (int t = 0; t < tiles; ++t) {
        for (int o = 0; o < ROWS && row0 + o < outputs; ++o) {
            for (int q = 0; q < TAPS; ++q) {
                const int weight = q0 + t * TAPS + q;
                if (weight < weights)
                    out[(long)(row0 + o) * weights + weight] = sum_of(total[t][o * TAPS + q]);
            }
        }
    }
}

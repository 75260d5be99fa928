// Convolution with 16 neighbouring pixels in the lanes, over plain tensors, and for stride 1 its
// gradient with respect to the input: for few samples, which wouldn't fill the lanes themselves.
//
// The picture is read from a copy with its padding around it, so that nothing is tested, and taken
// apart by the stride, [n][channels][row % stride][column % stride][sub_h][pitch], so that
// neighbouring outputs read neighbours (or from x itself where it would be the same). Positions are
// counted through a part's rows, p = i * pitch + j, also those with j from the output's width on,
// which are computed and not stored: so 16 of them follow each other in memory under every tap,
//   sum[o][p] = sum over c, t, u of  x[c][tap_at[t, u] + p] w[o][c][tap],
// where tap is (t, u), or backwards (kernel - 1 - t, ...). A tile is ROWS channels x COLUMNS vectors
// of positions; an item runs over `tiles` tiles of positions and, for each, over `rows` of the
// group's tiles of channels. The last vector ends with the last position and overlaps the one
// before it.

// Copies planes begin to end with zeros around them.
__kernel SINGLE void convolution_pad(__global const float *x, long x_at, __global float *to,
                                     long to_at, int planes, int chunk, int in_h, int in_w,
                                     int pad_h, int pad_w, int stride_h, int stride_w,
                                     int sub_h, int pitch) {
    ITEM_RANGE(planes, chunk)
    for (int plane = begin; plane < end; ++plane) {
        __global const float *from = x + x_at + (long)plane * in_h * in_w;
        __global float *out = to + to_at + (long)plane * stride_h * stride_w * sub_h * pitch;
        for (int part = 0; part < stride_h * stride_w; ++part) {
            const int row0 = part / stride_w - pad_h, column0 = part % stride_w - pad_w;
            for (int i = 0; i < sub_h; ++i, out += pitch) {
                const int row = i * stride_h + row0, there = row >= 0 && row < in_h;
                for (int j = 0; j < pitch; ++j) {
                    const int column = j * stride_w + column0;
                    out[j] =
                        there && column >= 0 && column < in_w ? from[row * in_w + column] : 0.0f;
                }
            }
        }
    }
}

#define MAX_TAPS 128

// Dimensions: items of channels, items of positions, samples times groups. Channel counts are a
// group's; plane is the padded one's size. w_output and w_input are w's strides along y's and x's
// channels.
__kernel SINGLE void convolution_pixels(
    __global const float *x, long x_at, __global const float *w, long w_at,
    __global const float *bias, long bias_at, __global float *y, long y_at, int groups,
    int outputs, int inputs, int plane, int pitch, int positions, int out_h, int out_w,
    int kernel_h, int kernel_w, int stride_h, int stride_w, int dilation_h, int dilation_w,
    int w_output, int w_input, int flipped,
    int tiles, int rows, int flags, int activation, float slope, __global const float *scale,
    long scale_at, __global const float *shift, long shift_at, __global const float *residual,
    long residual_at) {
    const int row_tiles = (outputs + ROWS - 1) / ROWS;
    const int first_row = (int)get_global_id(0) * rows;
    const int last_row = min(first_row + rows, row_tiles);
    const int image = (int)get_global_id(2), group = image % groups;
    const int taps = kernel_h * kernel_w, out_plane = out_h * out_w;
    x += x_at + (long)image * inputs * plane;
    w += w_at + (long)group * outputs * inputs * taps;
    const long y_first = (long)image * outputs * out_plane;
    int tap_at[MAX_TAPS];
    for (int t = 0; t < kernel_h; ++t) {
        for (int u = 0; u < kernel_w; ++u) {
            const int h = t * dilation_h, v = u * dilation_w;
            const int part = h % stride_h * stride_w + v % stride_w;
            tap_at[t * kernel_w + u] = part * (plane / (stride_h * stride_w)) +
                                       h / stride_h * pitch + v / stride_w;
        }
    }
    const int vectors = (positions + LANES - 1) / LANES;
    const int first_vector = (int)get_global_id(1) * tiles * COLUMNS;
    const int last_vector = min(vectors, first_vector + tiles * COLUMNS);
    for (int vector = first_vector; vector < last_vector; vector += COLUMNS) {
        int at[COLUMNS];
#pragma unroll
        for (int c = 0; c < COLUMNS; ++c)
            at[c] = min(min(vector + c, vectors - 1) * LANES, positions - LANES);
        for (int row_tile = first_row; row_tile < last_row; ++row_tile) {
            const int row0 = row_tile * ROWS;
            int row_at[ROWS];
            float16 sum[ROWS][COLUMNS];
#pragma unroll
            for (int o = 0; o < ROWS; ++o) {
                row_at[o] = min(row0 + o, outputs - 1) * w_output;
#pragma unroll
                for (int c = 0; c < COLUMNS; ++c) sum[o][c] = (float16)(0.0f);
            }
            for (int channel = 0; channel < inputs; ++channel) {
                __global const float *xc = x + channel * plane, *wc = w + channel * w_input;
                for (int tap = 0; tap < taps; ++tap) {
                    __global const float *xt = xc + tap_at[tap];
                    __global const float *wt = wc + (flipped ? taps - 1 - tap : tap);
                    float16 f[ROWS];
#pragma unroll
                    for (int o = 0; o < ROWS; ++o) f[o] = (float16)(wt[row_at[o]]);
#pragma unroll
                    for (int c = 0; c < COLUMNS; ++c) {
                        const float16 a = vload16(0, xt + at[c]);
#pragma unroll
                        for (int o = 0; o < ROWS; ++o) sum[o][c] = fma(f[o], a, sum[o][c]);
                    }
                }
            }
            // Rolled up from here: code that runs once a tile is not worth compiling many times.
            float16 result[ROWS * COLUMNS];
#pragma unroll
            for (int o = 0; o < ROWS; ++o) {
#pragma unroll
                for (int c = 0; c < COLUMNS; ++c) result[o * COLUMNS + c] = sum[o][c];
            }
            const int valid_rows = min(ROWS, outputs - row0);
            const int valid_columns = min(COLUMNS, vectors - vector);
#pragma unroll 1
            for (int o = 0; o < valid_rows; ++o) {
                const int out_channel = group * outputs + row0 + o;
                const long to = y_first + (long)(row0 + o) * out_plane;
#pragma unroll 1
                for (int c = 0; c < valid_columns; ++c) {
                    const int p0 = min((vector + c) * LANES, positions - LANES);
                    // Those before belong to the vector before.
                    const int skipped = (vector + c) * LANES - p0;
                    const int i0 = p0 / pitch, j0 = p0 - i0 * pitch;
                    float lanes[LANES];
                    float16 v = result[o * COLUMNS + c];
                    if (flags & HAS_BIAS) v += bias[bias_at + out_channel];
                    if (flags & HAS_AFFINE)
                        v = v * scale[scale_at + out_channel] + shift[shift_at + out_channel];
                    if (flags & HAS_RESIDUAL) {
                        for (int l = 0, i = i0, j = j0; l < LANES; ++l) {
                            lanes[l] = j < out_w ? residual[residual_at + to + i * out_w + j] : 0.0f;
                            if (++j == pitch) j = 0, ++i;
                        }
                        v += vload16(0, lanes);
                    }
                    v = activate(v, activation, slope);
                    if (pitch == out_w && skipped == 0) {
                        vstore16(v, 0, y + y_at + to + p0);
                        continue;
                    }
                    vstore16(v, 0, lanes);
                    for (int l = 0, i = i0, j = j0; l < LANES; ++l) {
                        if (j < out_w && l >= skipped) y[y_at + to + i * out_w + j] = lanes[l];
                        if (++j == pitch) j = 0, ++i;
                    }
                }
            }
        }
    }
}

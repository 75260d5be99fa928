// Convolution with 16 samples in the lanes, and its gradient with respect to the input.
//
// Tensors are [blocks of 16 samples][channels][height][width][16]; weights are read one by one
// from their plain form. One kernel serves both directions, as a sum over taps of
//   y[n, o, i * out_step + phase, ...] = sum over c, t of  x[n, c, h + t * step, ...] w[...],
// where t counts the taps that count for the phase (Axis, in common.cl).
//
// Columns are all (block, row, column) of one phase, flattened; a tile is ROWS channels x COLUMNS
// columns in registers. An item runs over `tiles` tiles of columns and, for each, over `rows` of
// the groups' tiles of channels. Whether tap (t, u) lies inside the input is row_bits[t] &
// column_bits[u], a bit per column of the tile.

#define ALL ((1u << COLUMNS) - 1u)
#define NEVER (-(1 << 28))
#define MAX_TAPS 32  // along an axis

// Channel counts are a group's. w_output and w_input are w's strides along y's and x's channels.
__kernel SINGLE void convolution_n16(
    __global const float16 *x, long x_at, __global const float *w, long w_at,
    __global const float *bias, long bias_at, __global float16 *y, long y_at, int blocks,
    int groups, int outputs, int inputs, int in_h, int in_w, int out_h, int out_w, int kernel_h,
    int kernel_w, int stride_h, int stride_w, int dilation_h, int dilation_w, int pad_h, int pad_w,
    int w_output, int w_input, int backward, int tiles, int rows, int flags, int activation,
    float slope, __global const float *scale, long scale_at, __global const float *shift,
    long shift_at, __global const float16 *residual, long residual_at) {
    const int row_tiles = (outputs + ROWS - 1) / ROWS;
    const int first_row = (int)get_global_id(0) * rows;
    const int last_row = min(first_row + rows, groups * row_tiles);
    const int phase_h = backward ? (int)get_global_id(2) / stride_w : 0;
    const int phase_w = backward ? (int)get_global_id(2) - phase_h * stride_w : 0;
    const Axis ah = axis_of(phase_h, backward, out_h, kernel_h, stride_h, dilation_h, pad_h);
    const Axis aw = axis_of(phase_w, backward, out_w, kernel_w, stride_w, dilation_w, pad_w);
    const int plane = in_h * in_w, out_plane = out_h * out_w;
    const int columns = blocks * ah.size * aw.size;
    const int w_row = ah.tap_step * kernel_w, w_column = aw.tap_step;
    x += x_at;
    w += w_at + ah.tap0 * kernel_w + aw.tap0;
    bias += bias_at;
    scale += scale_at;
    shift += shift_at;
    residual += residual_at;
    y += y_at;

    int column = (int)get_global_id(1) * tiles * COLUMNS;
    const int end = min(columns, column + tiles * COLUMNS);
    if (column >= end) return;
    int block = column / (ah.size * aw.size);
    int rest = column - block * (ah.size * aw.size);
    int i = rest / aw.size, j = rest - i * aw.size;
    for (; column < end; column += COLUMNS) {
        int h[COLUMNS], v[COLUMNS];
        int in_at[COLUMNS], out_at[COLUMNS];
#pragma unroll
        for (int c = 0; c < COLUMNS; ++c) {
            h[c] = i * ah.scale + ah.origin;
            v[c] = j * aw.scale + aw.origin;
            in_at[c] = block * groups * inputs * plane + h[c] * in_w + v[c];
            if (column + c >= columns) h[c] = NEVER;
            out_at[c] = block * groups * outputs * out_plane +
                        (i * ah.out_step + ah.phase) * out_w + j * aw.out_step + aw.phase;
            j += 1;
            const int wrap = j == aw.size;
            j = wrap ? 0 : j;
            i += wrap;
            const int turn = i == ah.size;
            i = turn ? 0 : i;
            block += turn;
        }
        uint row_bits[MAX_TAPS], column_bits[MAX_TAPS];
        for (int t = 0; t < ah.taps; ++t) {
            uint bits = 0;
#pragma unroll
            for (int c = 0; c < COLUMNS; ++c)
                bits |= (uint)((uint)(h[c] + t * ah.step) < (uint)in_h) << c;
            row_bits[t] = bits;
        }
        for (int t = 0; t < aw.taps; ++t) {
            uint bits = 0;
#pragma unroll
            for (int c = 0; c < COLUMNS; ++c)
                bits |= (uint)((uint)(v[c] + t * aw.step) < (uint)in_w) << c;
            column_bits[t] = bits;
        }
        for (int tile = first_row; tile < last_row; ++tile) {
            const int group = tile / row_tiles, row0 = (tile - group * row_tiles) * ROWS;
            __global const float16 *xg = x + (long)group * inputs * plane;
            __global const float *wg = w + (long)group * outputs * inputs * kernel_h * kernel_w;
            float16 sum[ROWS][COLUMNS];
            int w_of[ROWS];
#pragma unroll
            for (int o = 0; o < ROWS; ++o) {
                w_of[o] = min(row0 + o, outputs - 1) * w_output;
#pragma unroll
                for (int c = 0; c < COLUMNS; ++c) sum[o][c] = (float16)(0.0f);
            }
            for (int k = 0; k < inputs; ++k) {
                for (int t = 0; t < ah.taps; ++t) {
                    const uint row = row_bits[t];
                    if (row == 0) continue;
                    __global const float16 *xt = xg + (long)k * plane + t * ah.step * in_w;
                    __global const float *wt = wg + (long)k * w_input + t * w_row;
                    for (int u = 0; u < aw.taps; ++u, xt += aw.step, wt += w_column) {
                        const uint bits = row & column_bits[u];
                        float16 f[ROWS];
#pragma unroll
                        for (int o = 0; o < ROWS; ++o) f[o] = (float16)(wt[w_of[o]]);
                        if (bits == ALL) {
#pragma unroll
                            for (int c = 0; c < COLUMNS; ++c) {
                                const float16 a = xt[in_at[c]];
#pragma unroll
                                for (int o = 0; o < ROWS; ++o) sum[o][c] = fma(f[o], a, sum[o][c]);
                            }
                        } else {
#pragma unroll
                            for (int c = 0; c < COLUMNS; ++c) {
                                if ((bits >> c) & 1u) {
                                    const float16 a = xt[in_at[c]];
#pragma unroll
                                    for (int o = 0; o < ROWS; ++o)
                                        sum[o][c] = fma(f[o], a, sum[o][c]);
                                }
                            }
                        }
                    }
                }
            }
            // Rolled up from here: code that runs once a tile is not worth compiling 24 times.
            float16 result[ROWS * COLUMNS];
#pragma unroll
            for (int o = 0; o < ROWS; ++o) {
#pragma unroll
                for (int c = 0; c < COLUMNS; ++c) result[o * COLUMNS + c] = sum[o][c];
            }
            const int valid_rows = min(ROWS, outputs - row0);
            const int valid_columns = min(COLUMNS, columns - column);
#pragma unroll 1
            for (int o = 0; o < valid_rows; ++o) {
                const int channel = group * outputs + row0 + o;
#pragma unroll 1
                for (int c = 0; c < valid_columns; ++c) {
                    const int at = out_at[c] + channel * out_plane;
                    y[at] = finish(result[o * COLUMNS + c], flags, channel, at, bias, scale, shift,
                                   residual, activation, slope);
                }
            }
        }
    }
}

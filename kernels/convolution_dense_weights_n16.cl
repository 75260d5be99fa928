// Gradient of a dense layer's weights, dw[o, k] = sum over n of dy[n, o] x[n, k], from tensors
// with 16 samples in the lanes: x is [blocks][inputs][16], dy is [blocks][outputs][16]. The lanes
// are what is summed over, so an item first turns 64 inputs' samples around in private memory, 64
// samples at a time, and then computes its rows of dw with the inputs in the lanes, ROWS x 64 in
// registers.

#define PANEL 64    // inputs of an item
#define SAMPLES 64  // turned around at a time

__kernel SINGLE void convolution_dense_weights_n16(__global const float16 *x, long x_at,
                                                   __global const float16 *dy, long dy_at,
                                                   __global float *dw, long dw_at, int n,
                                                   int inputs, int outputs, int rows) {
    const int k0 = (int)get_global_id(0) * PANEL;
    const int row0 = (int)get_global_id(1) * rows, row_end = min(row0 + rows, outputs);
    const int width = min(PANEL, inputs - k0);
    x += x_at;
    dy += dy_at;
    dw += dw_at;
    float16 turned[SAMPLES * PANEL / LANES];
    float *scalars = (float *)turned;
    for (int i = 0; i < SAMPLES * PANEL / LANES; ++i) turned[i] = (float16)(0.0f);
    for (int n0 = 0; n0 < n; n0 += SAMPLES) {
        const int count = min(SAMPLES, n - n0);
        for (int b = 0; b * LANES < count; ++b) {
            __global const float *from =
                (__global const float *)(x + (long)(n0 / LANES + b) * inputs + k0);
            for (int l = 0; l < LANES; ++l) {
                for (int k = 0; k < width; ++k)
                    scalars[(b * LANES + l) * PANEL + k] = from[k * LANES + l];
            }
        }
        for (int row = row0; row < row_end; row += ROWS) {
            float16 sum[ROWS][PANEL / LANES];
#pragma unroll
            for (int o = 0; o < ROWS; ++o) {
#pragma unroll
                for (int k = 0; k < PANEL / LANES; ++k) sum[o][k] = (float16)(0.0f);
            }
            for (int b = 0; b * LANES < count; ++b) {
                __global const float *d =
                    (__global const float *)(dy + (long)(n0 / LANES + b) * outputs);
                int at[ROWS];
#pragma unroll
                for (int o = 0; o < ROWS; ++o) at[o] = min(row + o, outputs - 1) * LANES;
                const int samples = min(LANES, count - b * LANES);
                const float16 *t = turned + b * LANES * (PANEL / LANES);
                for (int l = 0; l < samples; ++l, ++d, t += PANEL / LANES) {
                    float16 a[PANEL / LANES];
#pragma unroll
                    for (int k = 0; k < PANEL / LANES; ++k) a[k] = t[k];
#pragma unroll
                    for (int o = 0; o < ROWS; ++o) {
                        const float16 f = (float16)(d[at[o]]);
#pragma unroll
                        for (int k = 0; k < PANEL / LANES; ++k)
                            sum[o][k] = fma(f, a[k], sum[o][k]);
                    }
                }
            }
            float16 result[ROWS * PANEL / LANES];
#pragma unroll
            for (int o = 0; o < ROWS; ++o) {
#pragma unroll
                for (int k = 0; k < PANEL / LANES; ++k) result[o * (PANEL / LANES) + k] = sum[o][k];
            }
            const int valid_rows = min(ROWS, row_end - row);
#pragma unroll 1
            for (int o = 0; o < valid_rows; ++o) {
                __global float *to = dw + (long)(row + o) * inputs + k0;
                const float16 *from = result + o * (PANEL / LANES);
                const int whole = width / LANES;
#pragma unroll 1
                for (int k = 0; k < whole; ++k)
                    vstore16(n0 > 0 ? from[k] + vload16(k, to) : from[k], k, to);
                const float *rest = (const float *)from;
#pragma unroll 1
                for (int k = whole * LANES; k < width; ++k)
                    to[k] = n0 > 0 ? to[k] + rest[k] : rest[k];
            }
        }
    }
}

// Gradient of a dense layer's input, dx[n, k] = sum over o of dy[n, o] w[o, k], from dy with 16
// samples in the lanes, [blocks][outputs][16], to dx, [blocks][inputs][16]. Large weights want to
// be read along their rows: the sums have the inputs in the lanes, SAMPLES x PANEL of them in
// registers, and are turned around through private memory. An item has PANEL inputs and takes
// blocks in turn with the others of its panel.
//
// The last panel ends with the inputs: it begins inside its neighbour's and leaves those alone.

#define VECTORS 6
#define PANEL (VECTORS * LANES)
#define SAMPLES 4

__kernel SINGLE void convolution_dense_data_n16(__global const float16 *dy, long dy_at,
                                                __global const float *w, long w_at,
                                                __global float16 *dx, long dx_at, int blocks,
                                                int inputs, int outputs) {
    const int first = (int)get_global_id(0) * PANEL;
    const int k0 = min(first, inputs - PANEL);
    float16 turned[LANES * VECTORS];
    float16 result[PANEL];
    const float *from = (const float *)turned;
    float *to = (float *)result;
    w += w_at + k0;
    dx += dx_at + k0;
    for (int block = (int)get_global_id(1); block < blocks; block += (int)get_global_size(1)) {
        for (int sample = 0; sample < LANES; sample += SAMPLES) {
            float16 sum[SAMPLES][VECTORS];
#pragma unroll
            for (int s = 0; s < SAMPLES; ++s) {
#pragma unroll
                for (int v = 0; v < VECTORS; ++v) sum[s][v] = (float16)(0.0f);
            }
            __global const float *d =
                (__global const float *)(dy + dy_at + (long)block * outputs) + sample;
            __global const float *row = w;
            for (int o = 0; o < outputs; ++o, d += LANES, row += inputs) {
                float16 f[SAMPLES];
#pragma unroll
                for (int s = 0; s < SAMPLES; ++s) f[s] = (float16)(d[s]);
#pragma unroll
                for (int v = 0; v < VECTORS; ++v) {
                    const float16 a = vload16(v, row);
#pragma unroll
                    for (int s = 0; s < SAMPLES; ++s) sum[s][v] = fma(f[s], a, sum[s][v]);
                }
            }
#pragma unroll
            for (int s = 0; s < SAMPLES; ++s) {
#pragma unroll
                for (int v = 0; v < VECTORS; ++v) turned[(sample + s) * VECTORS + v] = sum[s][v];
            }
        }
#pragma unroll 1
        for (int k = 0; k < PANEL; ++k) {
#pragma unroll
            for (int l = 0; l < LANES; ++l) to[k * LANES + l] = from[l * PANEL + k];
        }
#pragma unroll 1
        for (int k = first - k0; k < PANEL; ++k) dx[(long)block * inputs + k] = result[k];
    }
}

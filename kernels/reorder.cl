// Between row-major rows of samples and blocks of 16 of them: [n][features] and
// [n / 16][features][16]. Options: TO_BLOCKS or FROM_BLOCKS. An item takes tiles of 16 features.
// Lanes past n are written as zeros, and never read.

SINGLE __kernel void reorder(__global const float *x, long x_offset, __global float *y,
                             long y_offset, int total, int chunk, int n, int features) {
    x += x_offset;
    y += y_offset;
    ITEM_RANGE(total, chunk)
    const int tiles = (features + 15) / 16;
    for (int tile = begin; tile < end; ++tile) {
        const int first = tile / tiles * 16, f0 = tile % tiles * 16;
        const int lanes = min(16, n - first), width = min(16, features - f0);
#ifdef TO_BLOCKS
        __global const float *from = x + first * features + f0;
        __global float *to = y + (first * features + f0 * 16);
        for (int f = 0; f < width; ++f) {
            for (int lane = 0; lane < lanes; ++lane) to[f * 16 + lane] = from[lane * features + f];
            for (int lane = lanes; lane < 16; ++lane) to[f * 16 + lane] = 0.0f;
        }
#else
        __global const float *from = x + (first * features + f0 * 16);
        __global float *to = y + first * features + f0;
        for (int lane = 0; lane < lanes; ++lane) {
            for (int f = 0; f < width; ++f) to[lane * features + f] = from[f * 16 + lane];
        }
#endif
    }
}

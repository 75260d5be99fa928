// Samples as the host has them, row after row, into a tensor: (raw - mean[c]) * scale[c] as floats, or
// integers as they are. One program serves both, so that labels cost no build of their own. `raw` is
// what was sent, or the host's own buffer; with by_rows, sample k is row rows[k] of it.

#define RAW_FLOAT 0
#define RAW_BYTE 1
#define RAW_INT 2
#define RAW_LONG 3

inline float pick(float4 values, int c) {
    return c == 0 ? values.s0 : c == 1 ? values.s1 : c == 2 ? values.s2 : values.s3;
}

// Elements count [samples][channels][inner] as in plain tensors; with BLOCKED, blocks of samples.
ITEMS __kernel void feed(__global const uchar *raw, long raw_offset, __global const long *rows,
                         int by_rows, __global int *y, long y_offset, int total, int chunk,
                         int batch, int channels, int inner, int integers, int type, int nhwc,
                         float scale0, float scale1, float scale2, float scale3,
                         float mean0, float mean1, float mean2, float mean3) {
    raw += raw_offset;
    y += y_offset;
    const float4 scales = (float4)(scale0, scale1, scale2, scale3);
    const float4 means = (float4)(mean0, mean1, mean2, mean3);
    const int features = channels * inner;
    ITEM_RANGE(total, chunk)
    for (int i = begin; i < end; ++i) {
        const int sample = i / features, feature = i % features;
        const int c = feature / inner;
        const int within = nhwc ? feature % inner * channels + c : feature;
        const float scale = pick(scales, c), mean = pick(means, c);
#ifdef BLOCKED
        const int first = sample * LANES, lanes = min(LANES, batch - first);
#else
        const int first = sample, lanes = 1;
#endif
        __global int *to = y + i * WIDTH;
        // Unrolled, this would be slow to compile.
#pragma unroll 1
        for (int lane = 0; lane < lanes; ++lane) {
            const long row = by_rows ? rows[first + lane] : first + lane;
            const long at = row * features + within;
            if (integers) {
                // What no int holds is no label either.
                to[lane] = type == RAW_BYTE   ? (int)raw[at]
                           : type == RAW_INT  ? ((__global const int *)raw)[at]
                           : type == RAW_LONG ? convert_int_sat(((__global const long *)raw)[at])
                                              : (int)((__global const float *)raw)[at];
            } else {
                const float v = type == RAW_BYTE   ? (float)raw[at]
                                : type == RAW_INT  ? (float)((__global const int *)raw)[at]
                                : type == RAW_LONG ? (float)((__global const long *)raw)[at]
                                                   : ((__global const float *)raw)[at];
                to[lane] = as_int((v - mean) * scale);
            }
        }
        for (int lane = lanes; lane < WIDTH; ++lane) to[lane] = 0;
    }
}

// Dropout, and copies of parts along channels. Options: which kernel.

#ifdef DROPOUT
// The upper half of a product; mul_hi() is far slower on some drivers for CPUs.
#ifdef BLOCKED
#define TIMES_HIGH(a, b) convert_uint16((convert_ulong16(a) * (ulong16)(b)) >> (ulong16)(32))
#else
#define TIMES_HIGH(a, b) ((uint)(((ulong)(a) * (b)) >> 32))
#endif

// Philox4x32-10: four random words for counters (low, 0, stream) under the key `seed`.
inline void draw(uint_t low, ulong stream, ulong seed, uint_t words[4]) {
    uint_t c0 = low;
    uint_t c1 = (uint_t)(0u);
    uint_t c2 = (uint_t)((uint)stream);
    uint_t c3 = (uint_t)((uint)(stream >> 32));
    uint key0 = (uint)seed, key1 = (uint)(seed >> 32);
    for (int round = 0; round < 10; ++round) {
        const uint_t h0 = TIMES_HIGH(c0, 0xD2511F53u);
        const uint_t h1 = TIMES_HIGH(c2, 0xCD9E8D57u);
        const uint_t l0 = c0 * (uint_t)(0xD2511F53u);
        const uint_t l1 = c2 * (uint_t)(0xCD9E8D57u);
        c0 = h1 ^ c1 ^ (uint_t)(key0);
        c1 = l1;
        c2 = h0 ^ c3 ^ (uint_t)(key1);
        c3 = l0;
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
    words[0] = c0;
    words[1] = c1;
    words[2] = c2;
    words[3] = c3;
}

// The logical index of element i, of each lane in a block of samples.
inline uint_t logical(int i, int features) {
#ifdef BLOCKED
    const uint sample = (uint)(i / features) * LANES;
    return (convert_uint16(LANE_INDEX) + (uint16)(sample)) * (uint16)((uint)features) +
           (uint16)((uint)(i % features));
#else
    return (uint)i;
#endif
}

// y = x scale where kept, that is, where 24 random bits are at least `threshold`; else 0. `features`
// elements a sample. QUADS: that is a multiple of 4, so that four elements share a draw; `total`
// and `chunk` then count fours.
ITEMS __kernel void dropout(__global const float *x, long x_offset, __global float *y,
                            long y_offset, int total, int chunk, int features, uint threshold,
                            float scale, ulong seed, ulong stream) {
    x += x_offset;
    y += y_offset;
    ITEM_RANGE(total, chunk)
    uint_t words[4];
    for (int i = begin; i < end; ++i) {
#ifdef QUADS
        draw(logical(4 * i, features) >> 2, stream, seed, words);
        for (int k = 0; k < 4; ++k) {
            const real_t v = LOAD(x, 4 * i + k);
            STORE(((words[k] >> 8) >= (uint_t)(threshold)) ? v * (real_t)(scale) : ZERO, 4 * i + k,
                  y);
        }
#else
        const uint_t index = logical(i, features);
        draw(index >> 2, stream, seed, words);
        const uint_t place = index & (uint_t)(3u);
        uint_t word = words[0];
        for (int k = 1; k < 4; ++k) word = (place == (uint_t)((uint)k)) ? words[k] : word;
        const real_t v = LOAD(x, i);
        STORE(((word >> 8) >= (uint_t)(threshold)) ? v * (real_t)(scale) : ZERO, i, y);
#endif
    }
}
#endif

#ifdef COPY_ROWS
// Rows of `length` elements: x's are x_stride apart from x_first on, y's likewise.
ITEMS __kernel void copy_rows(__global const float *x, long x_offset, __global float *y,
                              long y_offset, int total, int chunk, int length, int x_stride,
                              int x_first, int y_stride, int y_first) {
    x += x_offset;
    y += y_offset;
    ITEM_RANGE(total, chunk)
    int row = begin / length, at = begin % length;
    for (int i = begin; i < end; ++row, at = 0) {
        __global const float *from = x + (row * x_stride + x_first) * WIDTH;
        __global float *to = y + (row * y_stride + y_first) * WIDTH;
        const int last = min(length, at + end - i);
        i += last - at;
#if defined(CPU_CLASS) && !defined(BLOCKED)
        for (; at + 16 <= last; at += 16) vstore16(vload16(0, from + at), 0, to + at);
#endif
        for (; at < last; ++at) STORE(LOAD(from, at), at, to);
    }
}
#endif

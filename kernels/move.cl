// Dropout, and copies of parts along channels. Options: which kernel.

#ifdef DROPOUT
// Words of Philox4x32-10 for counters (index / 4, high) under the key, one a lane: word index % 4.
inline uint_t draw(uint_t index, uint high0, uint high1, uint key0, uint key1) {
    uint_t c0 = index >> 2;
    uint_t c1 = (uint_t)(0u);
    uint_t c2 = (uint_t)(high0);
    uint_t c3 = (uint_t)(high1);
    for (int round = 0; round < 10; ++round) {
        const uint_t p0 = (uint_t)(0xD2511F53u);
        const uint_t p1 = (uint_t)(0xCD9E8D57u);
        const uint_t h0 = mul_hi(p0, c0);
        const uint_t h1 = mul_hi(p1, c2);
        const uint_t l0 = p0 * c0;
        const uint_t l1 = p1 * c2;
        c0 = h1 ^ c1 ^ (uint_t)(key0);
        c1 = l1;
        c2 = h0 ^ c3 ^ (uint_t)(key1);
        c3 = l0;
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
    const uint_t word = index & (uint_t)(3u);
    return (word == (uint_t)(0u))   ? c0
           : (word == (uint_t)(1u)) ? c1
           : (word == (uint_t)(2u)) ? c2
                                    : c3;
}

// y = x scale where kept, that is, where 24 random bits are at least `threshold`; else 0. `features`
// elements a sample.
ITEMS __kernel void dropout(__global const float *x, long x_offset, __global float *y,
                            long y_offset, int total, int chunk, int features, uint threshold,
                            float scale, ulong seed, ulong stream) {
    x += x_offset;
    y += y_offset;
    ITEM_RANGE(total, chunk)
    for (int i = begin; i < end; ++i) {
#ifdef BLOCKED
        // The logical index of lane l of block i / features.
        const uint16 index =
            (convert_uint16(LANE_INDEX) + (uint16)((uint)(i / features) * LANES)) *
                (uint16)((uint)features) +
            (uint16)((uint)(i % features));
#else
        const uint index = (uint)i;
#endif
        const uint_t word = draw(index, (uint)stream, (uint)(stream >> 32), (uint)seed,
                                 (uint)(seed >> 32));
        const real_t v = LOAD(x, i);
        STORE(((word >> 8) >= (uint_t)(threshold)) ? v * (real_t)(scale) : ZERO, i, y);
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
    for (int i = begin; i < end; ++i) {
        STORE(LOAD(x, row * x_stride + x_first + at), row * y_stride + y_first + at, y);
        if (++at == length) {
            at = 0;
            ++row;
        }
    }
}
#endif

// Squared distances of samples to centres, and their gradients, from the differences themselves.
// Options: FORWARD, TANGENT (where dy is dx, and dc is how c moves), DATA or WEIGHTS. Of blocked tensors `n` is the number of blocks; an item takes
// `chunk` of `total` outputs (of WEIGHTS floats, of the others elements of n x units or n x elements).

ITEMS __kernel void distances(__global const float *dy, long dy_offset, __global const float *x,
                             long x_offset, __global const float *c, long c_offset,
                             __global const float *dc,
                             long dc_offset, __global float *y, long y_offset, int total, int chunk, int n,
                             int units, int elements) {
    dy += dy_offset;
    x += x_offset;
    c += c_offset;
    dc += dc_offset;
    y += y_offset;
    ITEM_RANGE(total, chunk)
    for (int i = begin; i < end; ++i) {
        real_t sum = ZERO, part = ZERO;
#if defined(FORWARD)
        const int sample = i / units, unit = i % units;
        for (int k = 0; k < elements; ++k) {
            const real_t d = LOAD(x, sample * elements + k) - (real_t)(c[unit * elements + k]);
            part += d * d;
            if ((k & 255) == 255) {
                sum += part;
                part = ZERO;
            }
        }
        STORE(sum + part, i, y);
#elif defined(TANGENT)
        const int sample = i / units, unit = i % units;
        for (int k = 0; k < elements; ++k) {
            const real_t d = LOAD(x, sample * elements + k) - (real_t)(c[unit * elements + k]);
            part += d * (LOAD(dy, sample * elements + k) - (real_t)(dc[unit * elements + k]));
            if ((k & 255) == 255) {
                sum += part;
                part = ZERO;
            }
        }
        sum += part;
        STORE(sum + sum, i, y);
#elif defined(DATA)
        const int sample = i / elements, k = i % elements;
        const real_t at = LOAD(x, i);
        for (int j = 0; j < units; ++j) {
            part += LOAD(dy, sample * units + j) * (at - (real_t)(c[j * elements + k]));
            if ((j & 255) == 255) {
                sum += part;
                part = ZERO;
            }
        }
        sum += part;
        STORE(sum + sum, i, y);
#else
        const int unit = i / elements, k = i % elements;
        const real_t at = (real_t)(c[i]);
        for (int s = 0; s < n; ++s) {
            part += LOAD(dy, s * units + unit) * (LOAD(x, s * elements + k) - at);
            if ((s & 255) == 255) {
                sum += part;
                part = ZERO;
            }
        }
        sum += part;
#ifdef BLOCKED
        const float8 half_sum = sum.lo + sum.hi;
        const float4 quarter = half_sum.lo + half_sum.hi;
        y[i] = -2.0f * ((quarter.x + quarter.y) + (quarter.z + quarter.w));
#else
        y[i] = -2.0f * sum;
#endif
#endif
    }
}

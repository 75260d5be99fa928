// Weights [O][I][3][3] into Winograd's transform of them by F(2x2, 3x3) (Lavin and Gray 2015,
// section 4.1), U = G g G^T:
//   G = 1    0   0
//       1/2  1/2 1/2
//       1/2 -1/2 1/2
//       0    0   1
// as [16][lanes / BLOCK][rows][BLOCK], where lanes are outputs and rows inputs, or with TURNED, of
// the filters turned by half a circle, the other way round. Lanes past the last are 0. An item takes
// a block of lanes of one row in processors, and elsewhere one lane.

#ifdef CPU_CLASS
#if BLOCK != 8
#error "a vector of 8"
#endif
typedef float8 lanes_t;
#else
typedef float lanes_t;
#endif

static void filter_side(lanes_t a, lanes_t b, lanes_t c, lanes_t *out, int step) {
    const lanes_t ends = (a + c) * 0.5f, middle = b * 0.5f;
    out[0] = a;
    out[step] = ends + middle;
    out[2 * step] = ends - middle;
    out[3 * step] = c;
}

// One tap of a lane, or of all that are in the block.
static lanes_t tap_of(__global const float *w, int lane_step, int lanes) {
#ifdef CPU_CLASS
    float g[BLOCK];
    for (int lane = 0; lane < BLOCK; ++lane) g[lane] = lane < lanes ? w[lane * lane_step] : 0.0f;
    return vload8(0, g);
#else
    return lanes > 0 ? w[0] : 0.0f;
#endif
}

ITEMS __kernel void reorder_winograd(__global const float *x, long x_at, __global float *y,
                                     long y_at, int total, int chunk, int lanes, int rows) {
#ifdef CPU_CLASS
    const int width = 1;
#else
    const int width = BLOCK;
#endif
#ifdef TURNED
    const int lane_step = 9, row_step = 9 * lanes;
#else
    const int lane_step = 9 * rows, row_step = 9;
#endif
    const long point = (long)((lanes + BLOCK - 1) / BLOCK) * rows * BLOCK;
    x += x_at;
    y += y_at;
    ITEM_RANGE(total, chunk)
    for (int i = begin; i < end; ++i) {
        const int piece = i / width, block = piece / rows, row = piece - block * rows;
        const int lane = block * BLOCK + i % width;
        lanes_t g[9], sides[12], u[16];
#pragma unroll
        for (int tap = 0; tap < 9; ++tap) {
#ifdef TURNED
            const int from = 8 - tap;
#else
            const int from = tap;
#endif
            g[tap] = tap_of(x + (long)lane * lane_step + (long)row * row_step + from, lane_step,
                            lanes - lane);
        }
#pragma unroll
        for (int r = 0; r < 3; ++r)
            filter_side(g[3 * r], g[3 * r + 1], g[3 * r + 2], sides + 4 * r, 1);
#pragma unroll
        for (int c = 0; c < 4; ++c) filter_side(sides[c], sides[4 + c], sides[8 + c], u + c, 4);
#pragma unroll
        for (int p = 0; p < 16; ++p) {
            __global float *to = y + p * point + (long)piece * BLOCK + i % width;
#ifdef CPU_CLASS
            vstore8(u[p], 0, to);
#else
            *to = u[p];
#endif
        }
    }
}

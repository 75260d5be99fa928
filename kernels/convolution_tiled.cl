// Convolutions for GPUs over plain tensors, all three directions, as one matrix product whose
// second factor is gathered while it is read (implicit GEMM):
//   C[m, q] = sum over k of  A[m, k] B[k, q]
//   forward        m = output channel, q = (sample, i, j), k = (c, tap);
//                  A = w[m, k],  B = x[sample, c, i * stride - pad + kh * dilation, ...]
//   backward data  likewise, with the sides exchanged and a phase for each remainder of a position
//                  by the stride (Axis, in common.cl)
//   weights        m = output channel, q = (c, kh, kw), k = (sample, i, j);
//                  A = dy[sample, m, i, j],  B = x as above
// Where B's element lies is base_q[q] + at_k[k], where it is inside the picture h_q[q] + h_k[k] and
// v_q[q] + v_k[k] tell, and A's element is at m * a_row + a_k[k]: so each is looked up in local
// memory, a table of q for the work-group and one of k for every slab, and nothing is divided where
// elements are read.
//
// Tiles are common.cl's. The third dimension is the groups' number times phases (data), or parts of
// the samples and pixels (weights): part s goes to out + s * all weights, for convolution_reduce to
// add in order.

#define NEVER (-(1 << 28))

#define TABLES                                                      \
    TILES                                                           \
    __local int a_k[TILE_K], at_k[TILE_K], h_k[TILE_K], v_k[TILE_K]; \
    __local int base_q[TILE_Q], h_q[TILE_Q], v_q[TILE_Q];

// An element of A past the slab's end, or past the last row, is 0; so is one of B past the slab's
// end: 0 * B would be none where B isn't finite.
static void read_a(__local float *a, __local const int *a_k, __global const float *from, int item,
                   int rows, int row) {
    for (int e = item; e < TILE_M * TILE_K; e += GROUP) {
        const int m = e / TILE_K, k = e - m * TILE_K, at = a_k[k];
        a[k * ROW_A + m] = at >= 0 && m < rows ? from[m * row + at] : 0.0f;
    }
}

static float element_b(__global const float *from, int at, int h, int v, int in_h, int in_w) {
    const int inside = (uint)h < (uint)in_h && (uint)v < (uint)in_w;
    return inside ? from[at] : 0.0f;
}

// Channel counts are a group's; of backward data inputs and in_h are dy's, outputs and out_h dx's.
// w_output and w_input are w's strides along y's and x's channels.
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void convolution_tiled(
    __global const float *x, long x_at, __global const float *w, long w_at,
    __global const float *bias, long bias_at, __global float *y, long y_at, int n, int groups,
    int outputs, int inputs, int in_h, int in_w, int out_h, int out_w, int kernel_h, int kernel_w,
    int stride_h, int stride_w, int dilation_h, int dilation_w, int pad_h, int pad_w, int w_output,
    int w_input, int backward, int flags, int activation, float slope, __global const float *scale,
    long scale_at, __global const float *shift, long shift_at, __global const float *residual,
    long residual_at) {
    TABLES
    const int phases_w = backward ? stride_w : 1;
    const int phase = (int)get_group_id(2) / groups;
    const int group = (int)get_group_id(2) - phase * groups;
    const int phase_h = phase / phases_w, phase_v = phase - phase_h * phases_w;
    const Axis ah = axis_of(phase_h, backward, out_h, kernel_h, stride_h, dilation_h, pad_h);
    const Axis av = axis_of(phase_v, backward, out_w, kernel_w, stride_w, dilation_w, pad_w);
    const int m0 = (int)get_group_id(1) * TILE_M, q0 = (int)get_group_id(0) * TILE_Q;
    const int pixels = ah.size * av.size, columns = n * pixels;
    const int plane = in_h * in_w, out_plane = out_h * out_w;
    const int taps = ah.taps * av.taps, depth = inputs * taps;
    if (q0 >= columns) return;
    x += x_at;
    w += w_at + (long)group * outputs * inputs * kernel_h * kernel_w + m0 * w_output;

    for (int q = item; q < TILE_Q; q += GROUP) {
        const int column = min(q0 + q, columns - 1);
        const int sample = column / pixels, pixel = column - sample * pixels;
        const int i = pixel / av.size, j = pixel - i * av.size;
        h_q[q] = i * ah.scale + ah.origin;
        v_q[q] = j * av.scale + av.origin;
        base_q[q] = (sample * groups + group) * inputs * plane + h_q[q] * in_w + v_q[q];
    }
    for (int k0 = 0; k0 < depth; k0 += TILE_K) {
        for (int e = item; e < TILE_K; e += GROUP) {
            const int k = k0 + e, within = k < depth;
            const int c = within ? k / taps : 0, tap = within ? k - c * taps : 0;
            const int t = tap / av.taps, u = tap - t * av.taps;
            h_k[e] = within ? t * ah.step : NEVER;
            v_k[e] = u * av.step;
            at_k[e] = c * plane + t * ah.step * in_w + v_k[e];
            a_k[e] = within ? c * w_input + (ah.tap0 + t * ah.tap_step) * kernel_w + av.tap0 +
                                  u * av.tap_step
                            : -1;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        read_a(a, a_k, w, item, outputs - m0, w_output);
        for (int e = item; e < TILE_Q * TILE_K; e += GROUP) {
            const int k = e / TILE_Q, q = e - k * TILE_Q;
            b[k * ROW_B + q] = element_b(x, base_q[q] + at_k[k], h_q[q] + h_k[k],
                                         v_q[q] + v_k[k], in_h, in_w);
        }
        MULTIPLY
    }
    UNROLL for (int j = 0; j < ITEM_Q; ++j) {
        const int column = q0 + AT_Q(j);
        if (column < columns) {
            const int sample = column / pixels, pixel = column - sample * pixels;
            const int row = pixel / av.size, at_v = pixel - row * av.size;
            const long first = (long)(sample * groups + group) * outputs * out_plane +
                               (row * ah.out_step + ah.phase) * out_w + at_v * av.out_step +
                               av.phase;
            UNROLL for (int i = 0; i < ITEM_M; ++i) {
                const int m = m0 + AT_M(i);
                if (m < outputs) {
                    const long at = first + m * out_plane;
                    y[y_at + at] = finish(sum[i * ITEM_Q + j], flags, group * outputs + m, at,
                                          bias + bias_at, scale + scale_at, shift + shift_at,
                                          residual + residual_at, activation, slope);
                }
            }
        }
    }
}

// The third dimension is part * groups + group of `parts` parts.
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void convolution_weights_tiled(
    __global const float *x, long x_at, __global const float *dy, long dy_at, __global float *out,
    long out_at, int n, int groups, int outputs, int inputs, int in_h, int in_w, int out_h,
    int out_w, int kernel_h, int kernel_w, int stride_h, int stride_w, int dilation_h,
    int dilation_w, int pad_h, int pad_w, int parts) {
    TABLES
    const int part = (int)get_group_id(2) / groups;
    const int group = (int)get_group_id(2) - part * groups;
    const int m0 = (int)get_group_id(1) * TILE_M, q0 = (int)get_group_id(0) * TILE_Q;
    const int plane = in_h * in_w, out_plane = out_h * out_w, kernel_plane = kernel_h * kernel_w;
    const int weights = inputs * kernel_plane;
    const long depth = (long)n * out_plane;
    const int first = (int)(depth * part / parts), last = (int)(depth * (part + 1) / parts);
    x += x_at + (long)group * inputs * plane;
    dy += dy_at + ((long)group * outputs + m0) * out_plane;

    for (int q = item; q < TILE_Q; q += GROUP) {
        const int at = min(q0 + q, weights - 1);
        const int c = at / kernel_plane, tap = at - c * kernel_plane;
        const int kh = tap / kernel_w, kw = tap - kh * kernel_w;
        h_q[q] = kh * dilation_h - pad_h;
        v_q[q] = kw * dilation_w - pad_w;
        base_q[q] = c * plane + h_q[q] * in_w + v_q[q];
    }
    for (int k0 = first; k0 < last; k0 += TILE_K) {
        for (int e = item; e < TILE_K; e += GROUP) {
            const int k = k0 + e, within = k < last;
            const int sample = within ? k / out_plane : 0;
            const int pixel = within ? k - sample * out_plane : 0;
            const int i = pixel / out_w, j = pixel - i * out_w;
            h_k[e] = within ? i * stride_h : NEVER;
            v_k[e] = j * stride_w;
            at_k[e] = sample * groups * inputs * plane + i * stride_h * in_w + v_k[e];
            a_k[e] = within ? sample * groups * outputs * out_plane + pixel : -1;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        read_a(a, a_k, dy, item, outputs - m0, out_plane);
        for (int e = item; e < TILE_Q * TILE_K; e += GROUP) {
            const int q = e / TILE_K, k = e - q * TILE_K;
            b[k * ROW_B + q] = element_b(x, base_q[q] + at_k[k], h_q[q] + h_k[k],
                                         v_q[q] + v_k[k], in_h, in_w);
        }
        MULTIPLY
    }
    out += out_at + ((long)part * groups + group) * outputs * weights;
    UNROLL for (int i = 0; i < ITEM_M; ++i) {
        const int m = m0 + AT_M(i);
        if (m < outputs) {
            UNROLL for (int j = 0; j < ITEM_Q; ++j) {
                const int q = q0 + AT_Q(j);
                if (q < weights) out[(long)m * weights + q] = sum[i * ITEM_Q + j];
            }
        }
    }
}

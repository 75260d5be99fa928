// Depthwise convolution, one input channel a group, and its gradient with respect to the input:
//   y[n, o, i * out_step + phase, ...] = sum over c, t of  x[n, c, h + t * step, ...] w[...],
// where t counts the taps that count for the phase (Axis, in common.cl), and c the group's channels
// of x: one forward, as many as the group has outputs backward.
//
// Elements are floats of plain tensors, or with BLOCKS 16 samples of one. A unit is COLUMNS outputs
// beside each other; units are counted through a row's tiles, a plane's rows and the planes, so
// that an item, which takes `chunk` of them, runs through memory as it lies. Items are `items` a
// phase.

// Channel counts are a group's. w_output and w_input are w's strides along y's and x's channels.
__kernel ITEMS void convolution_depthwise(
    __global const sum_t *x, long x_at, __global const float *w, long w_at,
    __global const float *bias, long bias_at, __global sum_t *y, long y_at, int n, int groups,
    int outputs, int inputs, int in_h, int in_w, int out_h, int out_w, int kernel_h, int kernel_w,
    int stride_h, int stride_w, int dilation_h, int dilation_w, int pad_h, int pad_w, int w_output,
    int w_input, int backward, int items, int chunk, int flags, int activation, float slope,
    __global const float *scale, long scale_at, __global const float *shift, long shift_at,
    __global const sum_t *residual, long residual_at) {
    const int phases_h = backward ? stride_h : 1, phases_w = backward ? stride_w : 1;
    const int phase = (int)get_global_id(0) / items;
    if (phase >= phases_h * phases_w) return;
    const int phase_h = phase / phases_w, phase_w = phase - phase_h * phases_w;
    const Axis ah = axis_of(phase_h, backward, out_h, kernel_h, stride_h, dilation_h, pad_h);
    const Axis aw = axis_of(phase_w, backward, out_w, kernel_w, stride_w, dilation_w, pad_w);
    const int channels = groups * outputs, plane = in_h * in_w, out_plane = out_h * out_w;
    const int tiles = (aw.size + COLUMNS - 1) / COLUMNS;
    const int units = n * channels * ah.size * tiles;
    int unit = ((int)get_global_id(0) - phase * items) * chunk;
    const int end = min(unit + chunk, units);
    if (unit >= end) return;
    int tile = unit % tiles, row = unit / tiles % ah.size, image = unit / tiles / ah.size;
    for (; unit < end; ++unit) {
        const int sample = image / channels, channel = image - sample * channels;
        const int group = channel / outputs, o = channel - group * outputs;
        __global const sum_t *xg = x + x_at + (long)(sample * groups + group) * inputs * plane;
        __global const float *wg = w + w_at + (long)group * outputs * inputs * kernel_h * kernel_w +
                                   o * w_output + ah.tap0 * kernel_w + aw.tap0;
        const int first = row * ah.scale + ah.origin, j = tile * COLUMNS;
        const int left = j * aw.scale + aw.origin;
        sum_t sum[COLUMNS];
#pragma unroll
        for (int c = 0; c < COLUMNS; ++c) sum[c] = (sum_t)(0.0f);
        for (int k = 0; k < inputs; ++k) {
            for (int t = 0; t < ah.taps; ++t) {
                const int h = first + t * ah.step;
                if (h < 0 || h >= in_h) continue;
                __global const sum_t *xr = xg + k * plane + h * in_w;
                __global const float *wr = wg + k * w_input + t * ah.tap_step * kernel_w;
                for (int u = 0; u < aw.taps; ++u) {
                    const sum_t f = (sum_t)(wr[u * aw.tap_step]);
                    const int v = left + u * aw.step;
                    if (v >= 0 && v + (COLUMNS - 1) * aw.scale < in_w) {
#pragma unroll
                        for (int c = 0; c < COLUMNS; ++c)
                            sum[c] = fma(f, xr[v + c * aw.scale], sum[c]);
                    } else {
#pragma unroll
                        for (int c = 0; c < COLUMNS; ++c)
                            if ((uint)(v + c * aw.scale) < (uint)in_w)
                                sum[c] = fma(f, xr[v + c * aw.scale], sum[c]);
                    }
                }
            }
        }
        // Rolled up: code that runs once a unit is not worth compiling many times.
        const int valid = min(COLUMNS, aw.size - j);
        int at = image * out_plane + (row * ah.out_step + ah.phase) * out_w + j * aw.out_step +
                 aw.phase;
#pragma unroll 1
        for (int c = 0; c < valid; ++c, at += aw.out_step)
            y[y_at + at] = finish(sum[c], flags, channel, at, bias + bias_at, scale + scale_at,
                                  shift + shift_at, residual + residual_at, activation, slope);
        if (++tile == tiles) {
            tile = 0;
            if (++row == ah.size) row = 0, ++image;
        }
    }
}

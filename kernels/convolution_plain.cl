// Convolution over plain tensors [n][channels][height][width]: an item an output element, an input
// element for its gradient, and a work-group of GROUP items a weight for the weights' gradient.
//
//   y[n, o, i, j] = sum over c, kh, kw of
//                   x[n, c, i * stride - pad + kh * dilation, ...] w[o, c, kh, kw]
//   dx[n, c, h, v] = sum over o, kh, kw with (h + pad - kh * dilation) = i * stride and
//                    0 <= i < out_h (likewise j) of  dy[n, o, i, j] w[o, c, kh, kw]
//   dw[o, c, kh, kw] = sum over n, i, j of
//                      dy[n, o, i, j] x[n, c, i * stride - pad + kh * dilation, ...]
//
// Terms outside x are left out. Channel counts are a group's. out_elements is what y or dx has.

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void convolution_plain(
    __global const float *x, long x_at, __global const float *w, long w_at,
    __global const float *bias, long bias_at, __global float *y, long y_at, long out_elements,
    int groups, int outputs, int inputs, int in_h, int in_w, int out_h, int out_w, int kernel_h,
    int kernel_w, int stride_h, int stride_w, int dilation_h, int dilation_w, int pad_h, int pad_w,
    int flags, int activation, float slope, __global const float *scale, long scale_at,
    __global const float *shift, long shift_at, __global const float *residual, long residual_at) {
    const long id = (long)get_global_id(0);
    if (id >= out_elements) return;
    const int out_plane = out_h * out_w;
    const long image = id / out_plane;
    const int pixel = (int)(id - image * out_plane), i = pixel / out_w, j = pixel - i * out_w;
    const long n = image / (groups * outputs);
    const int o = (int)(image - n * (groups * outputs)), group = o / outputs;
    const int h0 = i * stride_h - pad_h, v0 = j * stride_w - pad_w;
    x += x_at + (n * groups + group) * inputs * in_h * in_w;
    w += w_at + (long)o * inputs * kernel_h * kernel_w;
    float sum = 0.0f;
    for (int c = 0; c < inputs; ++c, x += in_h * in_w, w += kernel_h * kernel_w) {
        for (int kh = 0; kh < kernel_h; ++kh) {
            const int h = h0 + kh * dilation_h;
            if (h < 0 || h >= in_h) continue;
            for (int kw = 0; kw < kernel_w; ++kw) {
                const int v = v0 + kw * dilation_w;
                if (v >= 0 && v < in_w) sum = fma(x[h * in_w + v], w[kh * kernel_w + kw], sum);
            }
        }
    }
    y[y_at + id] = finish(sum, flags, o, id, bias + bias_at, scale + scale_at, shift + shift_at,
                          residual + residual_at, activation, slope);
}

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void convolution_data_plain(
    __global const float *dy, long dy_at, __global const float *w, long w_at, __global float *dx,
    long dx_at, long out_elements, int groups, int outputs, int inputs, int in_h, int in_w,
    int out_h, int out_w, int kernel_h, int kernel_w, int stride_h, int stride_w, int dilation_h,
    int dilation_w, int pad_h, int pad_w) {
    const long id = (long)get_global_id(0);
    if (id >= out_elements) return;
    const int plane = in_h * in_w, kernel_plane = kernel_h * kernel_w;
    const long image = id / plane;
    const int pixel = (int)(id - image * plane), h = pixel / in_w, v = pixel - h * in_w;
    const long n = image / (groups * inputs);
    const int channel = (int)(image - n * (groups * inputs)), group = channel / inputs;
    const int c = channel - group * inputs;
    dy += dy_at + (n * groups + group) * outputs * out_h * out_w;
    w += w_at + ((long)group * outputs * inputs + c) * kernel_plane;
    float sum = 0.0f;
    for (int kh = 0; kh < kernel_h; ++kh) {
        const int row = h + pad_h - kh * dilation_h, i = row / stride_h;
        if (row < 0 || i * stride_h != row || i >= out_h) continue;
        for (int kw = 0; kw < kernel_w; ++kw) {
            const int column = v + pad_w - kw * dilation_w, j = column / stride_w;
            if (column < 0 || j * stride_w != column || j >= out_w) continue;
            __global const float *d = dy + i * out_w + j;
            __global const float *f = w + kh * kernel_w + kw;
            for (int o = 0; o < outputs; ++o, d += out_h * out_w, f += (long)inputs * kernel_plane)
                sum = fma(*d, *f, sum);
        }
    }
    dx[dx_at + id] = sum;
}

// Group g of the first dimension has weight g; part s of the second sums its share of the samples
// into out + s * all weights, for convolution_reduce to add in order.
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void convolution_weights_plain(
    __global const float *x, long x_at, __global const float *dy, long dy_at, __global float *out,
    long out_at, int n, int groups, int outputs, int inputs, int in_h, int in_w, int out_h,
    int out_w, int kernel_h, int kernel_w, int stride_h, int stride_w, int dilation_h,
    int dilation_w, int pad_h, int pad_w) {
    __local float sums[GROUP];
    const int weight = (int)get_group_id(0), item = (int)get_local_id(0);
    const int part = (int)get_group_id(1), parts = (int)get_num_groups(1);
    const int kernel_plane = kernel_h * kernel_w;
    const int kw = weight % kernel_w, kh = weight / kernel_w % kernel_h;
    const int c = weight / kernel_plane % inputs, o = weight / kernel_plane / inputs;
    const int group = o / outputs, out_plane = out_h * out_w, plane = in_h * in_w;
    const int begin = (int)((long)n * part / parts), end = (int)((long)n * (part + 1) / parts);
    const long terms = (long)(end - begin) * out_plane;
    dy += dy_at + ((long)begin * groups * outputs + o) * out_plane;
    x += x_at + (((long)begin * groups + group) * inputs + c) * plane;
    float sum = 0.0f;
    for (long term = item; term < terms; term += GROUP) {
        const int s = (int)(term / out_plane), pixel = (int)(term - (long)s * out_plane);
        const int i = pixel / out_w, j = pixel - i * out_w;
        const int h = i * stride_h - pad_h + kh * dilation_h;
        const int v = j * stride_w - pad_w + kw * dilation_w;
        if (h >= 0 && h < in_h && v >= 0 && v < in_w)
            sum = fma(dy[(long)s * groups * outputs * out_plane + pixel],
                      x[(long)s * groups * inputs * plane + h * in_w + v], sum);
    }
    sums[item] = sum;
    for (int width = GROUP / 2; width > 0; width /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (item < width) sums[item] += sums[item + width];
    }
    if (item == 0) out[out_at + (long)part * get_num_groups(0) + weight] = sums[0];
}

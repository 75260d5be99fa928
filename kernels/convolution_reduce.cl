// Sums of the parts of a weights' gradient, in order: out[i] = sum over s of parts[s * size + i].

__kernel void convolution_reduce(__global const float *parts, long parts_at, __global float *out,
                                 long out_at, int size, int count) {
    parts += parts_at;
    for (int i = (int)get_global_id(0); i < size; i += (int)get_global_size(0)) {
        float sum = parts[i];
        for (int s = 1; s < count; ++s) sum += parts[(long)s * size + i];
        out[out_at + i] = sum;
    }
}

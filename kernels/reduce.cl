// The second stage of sums: the parts' results, added in order. A part is a pair, its sum and what
// that lost to rounding.

// Output `item` has `parts` consecutive pairs. wide: it is a pair itself.
ITEMS __kernel void finish_sums(__global const float *pairs, long pairs_offset, __global float *y,
                                long y_offset, int outputs, int parts, int wide) {
    const int item = get_global_id(0);
    if (item >= outputs) return;
    pairs += pairs_offset + (long)item * parts * 2;
    float high = 0.0f, low = 0.0f;
    for (int p = 0; p < parts; ++p) {
        ADD_TO_SUM(float, high, low, pairs[2 * p]);
        low += pairs[2 * p + 1];
    }
    STORE_SUM(high, low, y + y_offset, item, wide);
}

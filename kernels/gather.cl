// Sparse sums: y[row] = sum of x[columns[k]], k from starts[row] to starts[row + 1].

ITEMS __kernel void gather(__global const float *x, long x_offset, __global float *y, long y_offset,
                           __global const int *starts, __global const int *columns, int total,
                           int chunk) {
    x += x_offset;
    y += y_offset;
    ITEM_RANGE(total, chunk)
    for (int row = begin; row < end; ++row) {
        float high = 0.0f, low = 0.0f;
        for (int k = starts[row]; k < starts[row + 1]; ++k) {
            const float v = x[columns[k]];
            ADD_TO_SUM(float, high, low, v)
        }
        STORE_SUM(high, low, y, row, 0)
    }
}

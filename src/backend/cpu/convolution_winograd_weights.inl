// Winograd's F(3x3, 2x2) for gradients of weights, on vectors whose lanes are channels: the
// transpose of F(2x2, 3x3) (Lavin and Gray 2015, section 4.1) in its filter, with the signs of its
// last row turned in both factors:
//   dw = G^T [(A dy A^T) . (B^T d B)] G
//   A = 1  0   B^T = 1  0 -1  0   G^T = 1  1/2  1/2  0
//       1  1         0  1  1  0         0  1/2 -1/2  0
//       1 -1         0 -1  1  0         0  1/2  1/2  1
//       0  1         0 -1  0  1
namespace cnn::cpu::CNN_ISA::conv {

CNN_INLINE void gradient_input_side(vec (&d)[4]) {
    const vec a = d[0] - d[2], b = d[1] + d[2], c = d[2] - d[1], e = d[3] - d[1];
    d[0] = a, d[1] = b, d[2] = c, d[3] = e;
}

template <bool Inside>
CNN_INLINE vec gradient_pixel(const WinogradTiles &t, const float *in, int64_t left, int64_t right,
                              int r, int c) {
    const bool inside = Inside || (r >= t.top && r < t.bottom && c >= left && c < right);
    return inside ? load(in + r * t.row + c * kWidth) : zero();
}

// B^T d B of the tile whose columns [left, right) lie inside.
template <bool Inside>
CNN_INLINE void gradient_input_tile(const WinogradTiles &t, const float *in, int64_t left,
                                    int64_t right, float *out) {
    vec d[4][4];
#pragma GCC unroll 4
    for (int c = 0; c < 4; ++c) {
        vec column[4];
#pragma GCC unroll 4
        for (int r = 0; r < 4; ++r) column[r] = gradient_pixel<Inside>(t, in, left, right, r, c);
        gradient_input_side(column);
#pragma GCC unroll 4
        for (int r = 0; r < 4; ++r) d[r][c] = column[r];
    }
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) {
        gradient_input_side(d[r]);
#pragma GCC unroll 4
        for (int c = 0; c < 4; ++c) store(out + (4 * r + c) * t.point, d[r][c]);
    }
}

// A dy A^T.
template <bool Inside>
CNN_INLINE void gradient_output_tile(const WinogradTiles &t, const float *in, int64_t left,
                                     int64_t right, float *out) {
    vec d[4][2];
#pragma GCC unroll 2
    for (int c = 0; c < 2; ++c) {
        const vec a = gradient_pixel<Inside>(t, in, left, right, 0, c);
        const vec b = gradient_pixel<Inside>(t, in, left, right, 1, c);
        d[0][c] = a, d[1][c] = a + b, d[2][c] = a - b, d[3][c] = b;
    }
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) {
        float *const at = out + 4 * r * t.point;
        store(at, d[r][0]);
        store(at + t.point, d[r][0] + d[r][1]);
        store(at + 2 * t.point, d[r][0] - d[r][1]);
        store(at + 3 * t.point, d[r][1]);
    }
}

void winograd_gradient_input(const WinogradTiles &t) {
    const bool rows_inside = t.top <= 0 && t.bottom >= 4;
    for (int64_t b = 0; b < t.blocks; ++b) {
        const float *in = t.in + b * t.in_block;
        float *out = t.out + b * t.out_block;
        for (int64_t i = 0; i < t.tiles; ++i, in += 2 * kWidth, out += kWidth) {
            const int64_t left = t.left - 2 * i, right = t.right - 2 * i;
            if (rows_inside && left <= 0 && right >= 4) {
                gradient_input_tile<true>(t, in, left, right, out);
            } else {
                gradient_input_tile<false>(t, in, left, right, out);
            }
        }
    }
}

void winograd_gradient_output(const WinogradTiles &t) {
    for (int64_t b = 0; b < t.blocks; ++b) {
        const float *in = t.in + b * t.in_block;
        float *out = t.out + b * t.out_block;
        for (int64_t i = 0; i < t.tiles; ++i, in += 2 * kWidth, out += kWidth) {
            const int64_t right = t.right - 2 * i;
            if (t.bottom >= 2 && right >= 2) {
                gradient_output_tile<true>(t, in, 0, right, out);
            } else {
                gradient_output_tile<false>(t, in, 0, right, out);
            }
        }
    }
}

// G^T of a column.
CNN_INLINE void gradient_filter_side(const vec (&m)[4], vec (&out)[3]) {
    const vec half = broadcast(0.5f), sum = (m[1] + m[2]) * half;
    out[0] = m[0] + sum;
    out[1] = (m[1] - m[2]) * half;
    out[2] = sum + m[3];
}

void winograd_gradient_filter(const WinogradSums &t) {
    for (int64_t i = 0; i < t.rows; ++i) {
        for (int64_t v = 0; v < t.vectors; ++v) {
            const float *const in = t.in + i * t.in_row + v * kWidth;
            float *const out = t.out + i * t.out_row + v * kWidth;
            vec rows[3][4];
#pragma GCC unroll 4
            for (int c = 0; c < 4; ++c) {
                vec m[4], done[3];
#pragma GCC unroll 4
                for (int r = 0; r < 4; ++r) m[r] = load(in + (4 * r + c) * t.point);
                gradient_filter_side(m, done);
#pragma GCC unroll 3
                for (int r = 0; r < 3; ++r) rows[r][c] = done[r];
            }
#pragma GCC unroll 3
            for (int r = 0; r < 3; ++r) {
                vec taps[3];
                gradient_filter_side(rows[r], taps);
#pragma GCC unroll 3
                for (int c = 0; c < 3; ++c) store(out + (3 * r + c) * t.tap, taps[c]);
            }
        }
    }
}

}  // namespace cnn::cpu::CNN_ISA::conv

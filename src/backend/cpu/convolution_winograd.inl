// Winograd's F(2x2, 3x3) (Lavin and Gray 2015, section 4.1) on vectors whose lanes are channels:
//   Y = A^T [(G g G^T) . (B^T d B)] A
//   B^T = 1  0 -1  0   G = 1    0   0     A^T = 1  1  1  0
//         0  1  1  0       1/2  1/2 1/2         0  1 -1 -1
//         0 -1  1  0       1/2 -1/2 1/2
//         0  1  0 -1       0    0   1
namespace cnn::cpu::CNN_ISA::conv {

CNN_INLINE void input_side(vec (&d)[4]) {
    const vec a = d[0] - d[2], b = d[1] + d[2], c = d[2] - d[1], e = d[1] - d[3];
    d[0] = a, d[1] = b, d[2] = c, d[3] = e;
}

template <bool Inside>
CNN_INLINE void input_tile(const WinogradInput &t, const float *x, float *out) {
    vec d[4][4];
#pragma GCC unroll 4
    for (int c = 0; c < 4; ++c) {
        vec column[4];
#pragma GCC unroll 4
        for (int r = 0; r < 4; ++r) {
            const bool inside =
                Inside || (r >= t.top && r < t.bottom && c >= t.left && c < t.right);
            column[r] = inside ? load(x + r * t.row + c * t.column) : zero();
        }
        input_side(column);
#pragma GCC unroll 4
        for (int r = 0; r < 4; ++r) d[r][c] = column[r];
    }
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) {
        input_side(d[r]);
#pragma GCC unroll 4
        for (int c = 0; c < 4; ++c) store(out + (4 * r + c) * t.point, d[r][c]);
    }
}

void winograd_input(const WinogradInput &t) {
    const bool inside = t.top <= 0 && t.left <= 0 && t.bottom >= 4 && t.right >= 4;
    for (int64_t i = 0; i < t.blocks; ++i) {
        if (inside) {
            input_tile<true>(t, t.x + i * t.x_block, t.out + i * kWidth);
        } else {
            input_tile<false>(t, t.x + i * t.x_block, t.out + i * kWidth);
        }
    }
}

void winograd_output(const WinogradOutput &t) {
    for (int64_t i = 0; i < t.blocks; ++i) {
        vec sums[2][4];
#pragma GCC unroll 4
        for (int c = 0; c < 4; ++c) {
            vec m[4];
#pragma GCC unroll 4
            for (int r = 0; r < 4; ++r) m[r] = load(t.in + (4 * r + c) * t.point + i * kWidth);
            sums[0][c] = m[0] + m[1] + m[2];
            sums[1][c] = m[1] - m[2] - m[3];
        }
        const int64_t lanes = i + 1 == t.blocks ? t.lanes : kWidth;
        const TileEpilogue e = t.epilogue.at(i * kWidth, i * t.out_block);
        const ChannelValues channel =
            lanes < kWidth ? channels_in_lanes(e, 0, lanes) : all_channels(e, 0);
        const ivec kept = first_lanes(lanes);
#pragma GCC unroll 2
        for (int r = 0; r < 2; ++r) {
            const vec *const s = sums[r];
            const vec pair[2] = {s[0] + s[1] + s[2], s[1] - s[2] - s[3]};
#pragma GCC unroll 2
            for (int c = 0; c < 2; ++c) {
                if (r >= t.rows || c >= t.columns) continue;
                const int64_t at = r * t.row + c * t.column;
                vec y = (pair[c] + channel.bias) * channel.scale + channel.shift;
                if (e.residual != nullptr) y += load(e.residual + at);
                y = activated(y, e);
                store(t.out + i * t.out_block + at, lanes < kWidth ? select(kept, y, zero()) : y);
            }
        }
    }
}

CNN_INLINE void filter_side(const vec (&g)[3], vec (&out)[4]) {
    const vec half = broadcast(0.5f), ends = (g[0] + g[2]) * half, middle = g[1] * half;
    out[0] = g[0];
    out[1] = ends + middle;
    out[2] = ends - middle;
    out[3] = g[2];
}

void winograd_filter(const WinogradFilter &t) {
    vec g[3][3], rows[3][4], u[4][4];
    for (int r = 0; r < 3; ++r) {
        for (int c = 0; c < 3; ++c) {
            const int64_t tap = t.flipped ? 8 - (3 * r + c) : 3 * r + c;
            g[r][c] = zero();
            for (int64_t l = 0; l < t.lanes; ++l) g[r][c][l] = t.w[l * t.w_lane + tap];
        }
        filter_side(g[r], rows[r]);
    }
    for (int c = 0; c < 4; ++c) {
        const vec column[3] = {rows[0][c], rows[1][c], rows[2][c]};
        vec done[4];
        filter_side(column, done);
        for (int r = 0; r < 4; ++r) u[r][c] = done[r];
    }
    for (int r = 0; r < 4; ++r) {
        for (int c = 0; c < 4; ++c) store(t.out + (4 * r + c) * t.point, u[r][c]);
    }
}

}  // namespace cnn::cpu::CNN_ISA::conv

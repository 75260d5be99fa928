// Winograd's F(m x m, 3x3) (Lavin and Gray 2015, equation 8) on vectors whose lanes are channels:
//   Y = A^T [(G g G^T) . (B^T d B)] A
// A tile size m is three products with one side: B^T d of m + 2 pixels, G g of 3 taps, A^T M of
// m + 2 points.
namespace cnn::cpu::CNN_ISA::conv {

template <int Tile>
struct Winograd;

// Points 0, 1, -1 and infinity (ibid., section 4.1):
//   B^T = 1  0 -1  0   G = 1    0   0     A^T = 1  1  1  0
//         0  1  1  0       1/2  1/2 1/2         0  1 -1 -1
//         0 -1  1  0       1/2 -1/2 1/2
//         0  1  0 -1       0    0   1
template <>
struct Winograd<2> {
    CNN_INLINE void input(vec (&d)[4]) {
        const vec a = d[0] - d[2], b = d[1] + d[2], c = d[2] - d[1], e = d[1] - d[3];
        d[0] = a, d[1] = b, d[2] = c, d[3] = e;
    }
    CNN_INLINE void filter(const vec (&g)[3], vec (&out)[4]) {
        const vec half = broadcast(0.5f), ends = (g[0] + g[2]) * half, middle = g[1] * half;
        out[0] = g[0];
        out[1] = ends + middle;
        out[2] = ends - middle;
        out[3] = g[2];
    }
    CNN_INLINE void output(const vec (&m)[4], vec (&y)[2]) {
        y[0] = m[0] + m[1] + m[2];
        y[1] = m[1] - m[2] - m[3];
    }
};

// Points 0, a, -a, b, -b and infinity by Toom and Cook's method (Barabasz et al. 2018, section 3):
//   B^T = a2 b2  0     -a2-b2  0      1  0     G = 1/(a2 b2)  0    0      p = 1 / (2 a2 (a2 - b2))
//         0     -a b2  -b2     a      1  0         p          p a  p a2   q = 1 / (2 b2 (b2 - a2))
//         0      a b2  -b2    -a      1  0         p         -p a  p a2
//         0     -b a2  -a2     b      1  0         q          q b  q b2
//         0      b a2  -a2    -b      1  0         q         -q b  q b2
//         0      a2 b2  0     -a2-b2  0  1         0          0    1
//   A^T = 1  1   1   1   1   0
//         0  a  -a   b  -b   0
//         0  a2  a2  b2  b2  0
//         0  a3 -a3  b3 -b3  1
// a = 5/8 and b = 3/2, whose powers floats hold exactly, round half as much as the usual 1 and 2:
// on uniform data 1.7 to 2.6 times the direct kernel's rms error, where those have 3.5 to 5.0.
template <>
struct Winograd<4> {
    static constexpr float kA = 0.625f, kB = 1.5f, kA2 = kA * kA, kB2 = kB * kB;

    CNN_INLINE void input(vec (&d)[6]) {
        const vec product = broadcast(kA2 * kB2), sum = broadcast(kA2 + kB2);
        const vec a2 = broadcast(kA2), b2 = broadcast(kB2);
        const vec first = product * d[0] + (d[4] - sum * d[2]);
        const vec last = product * d[1] + (d[5] - sum * d[3]);
        const vec even_a = d[4] - b2 * d[2], odd_a = broadcast(kA) * (d[3] - b2 * d[1]);
        const vec even_b = d[4] - a2 * d[2], odd_b = broadcast(kB) * (d[3] - a2 * d[1]);
        d[0] = first, d[5] = last;
        d[1] = even_a + odd_a, d[2] = even_a - odd_a;
        d[3] = even_b + odd_b, d[4] = even_b - odd_b;
    }
    CNN_INLINE void filter(const vec (&g)[3], vec (&out)[6]) {
        constexpr float kP = 1 / (2 * kA2 * (kA2 - kB2)), kQ = 1 / (2 * kB2 * (kB2 - kA2));
        const vec even_a = broadcast(kP) * (g[0] + broadcast(kA2) * g[2]);
        const vec even_b = broadcast(kQ) * (g[0] + broadcast(kB2) * g[2]);
        const vec odd_a = broadcast(kP * kA) * g[1], odd_b = broadcast(kQ * kB) * g[1];
        out[0] = g[0] * broadcast(1 / (kA2 * kB2));
        out[1] = even_a + odd_a, out[2] = even_a - odd_a;
        out[3] = even_b + odd_b, out[4] = even_b - odd_b;
        out[5] = g[2];
    }
    CNN_INLINE void output(const vec (&m)[6], vec (&y)[4]) {
        const vec even_a = m[1] + m[2], odd_a = m[1] - m[2];
        const vec even_b = m[3] + m[4], odd_b = m[3] - m[4];
        y[0] = m[0] + (even_a + even_b);
        y[1] = broadcast(kA) * odd_a + broadcast(kB) * odd_b;
        y[2] = broadcast(kA2) * even_a + broadcast(kB2) * even_b;
        y[3] = broadcast(kA2 * kA) * odd_a + (broadcast(kB2 * kB) * odd_b + m[5]);
    }
};

template <int Tile>
CNN_INLINE void input_tile(const WinogradInput &t, const float *x, int64_t row, int64_t column,
                           float *out) {
    constexpr int kSide = Tile + 2;
    vec d[kSide][kSide];
#pragma GCC unroll 6
    for (int c = 0; c < kSide; ++c) {
        vec pixels[kSide];
#pragma GCC unroll 6
        for (int r = 0; r < kSide; ++r) pixels[r] = load(x + r * row + c * column);
        Winograd<Tile>::input(pixels);
#pragma GCC unroll 6
        for (int r = 0; r < kSide; ++r) d[r][c] = pixels[r];
    }
#pragma GCC unroll 6
    for (int r = 0; r < kSide; ++r) {
        Winograd<Tile>::input(d[r]);
#pragma GCC unroll 6
        for (int c = 0; c < kSide; ++c) store(out + (kSide * r + c) * t.point, d[r][c]);
    }
}

template <int Tile>
void winograd_input(const WinogradInput &t) {
    constexpr int kSide = Tile + 2;
    const bool inside = t.bottom - t.top == kSide && t.right - t.left == kSide;
    if (inside) {
        for (int64_t i = 0; i < t.blocks; ++i)
            input_tile<Tile>(t, t.x + i * t.x_block, t.row, t.column, t.out + i * kWidth);
        return;
    }
    // Of an edge: a copy with zeros around what lies inside, which stay for all blocks.
    alignas(64) float copy[kSide * kSide * kWidth] = {};
    for (int64_t i = 0; i < t.blocks; ++i) {
        const float *const x = t.x + i * t.x_block;
        for (int64_t r = t.top; r < t.bottom; ++r) {
            for (int64_t c = t.left; c < t.right; ++c)
                store(copy + (r * kSide + c) * kWidth, load(x + r * t.row + c * t.column));
        }
        input_tile<Tile>(t, copy, kSide * kWidth, kWidth, t.out + i * kWidth);
    }
}

template <int Tile>
void winograd_output(const WinogradOutput &t) {
    constexpr int kSide = Tile + 2;
    for (int64_t i = 0; i < t.blocks; ++i) {
        vec sums[Tile][kSide];
#pragma GCC unroll 6
        for (int c = 0; c < kSide; ++c) {
            vec m[kSide], column[Tile];
#pragma GCC unroll 6
            for (int r = 0; r < kSide; ++r)
                m[r] = load(t.in + (kSide * r + c) * t.point + i * kWidth);
            Winograd<Tile>::output(m, column);
#pragma GCC unroll 4
            for (int r = 0; r < Tile; ++r) sums[r][c] = column[r];
        }
        const int64_t lanes = i + 1 == t.blocks ? t.lanes : kWidth;
        const TileEpilogue e = t.epilogue.at(i * kWidth, i * t.out_block);
        const ChannelValues channel =
            lanes < kWidth ? channels_in_lanes(e, 0, lanes) : all_channels(e, 0);
        const ivec kept = first_lanes(lanes);
        for (int r = 0; r < Tile && r < t.rows; ++r) {
            vec pixels[Tile];
            Winograd<Tile>::output(sums[r], pixels);
#pragma GCC unroll 4
            for (int c = 0; c < Tile; ++c) {
                if (c >= t.columns) continue;
                const int64_t at = r * t.row + c * t.column;
                vec y = (pixels[c] + channel.bias) * channel.scale + channel.shift;
                if (e.residual != nullptr) y += load(e.residual + at);
                y = activated(y, e);
                store(t.out + i * t.out_block + at, lanes < kWidth ? select(kept, y, zero()) : y);
            }
        }
    }
}

template <int Tile>
void winograd_filter(const WinogradFilter &t) {
    constexpr int kSide = Tile + 2;
    vec g[3][3], rows[3][kSide], u[kSide][kSide];
    for (int r = 0; r < 3; ++r) {
        for (int c = 0; c < 3; ++c) {
            const int64_t tap = t.flipped ? 8 - (3 * r + c) : 3 * r + c;
            g[r][c] = zero();
            for (int64_t l = 0; l < t.lanes; ++l) g[r][c][l] = t.w[l * t.w_lane + tap];
        }
        Winograd<Tile>::filter(g[r], rows[r]);
    }
    for (int c = 0; c < kSide; ++c) {
        const vec column[3] = {rows[0][c], rows[1][c], rows[2][c]};
        vec done[kSide];
        Winograd<Tile>::filter(column, done);
        for (int r = 0; r < kSide; ++r) u[r][c] = done[r];
    }
    for (int r = 0; r < kSide; ++r) {
        for (int c = 0; c < kSide; ++c) store(t.out + (kSide * r + c) * t.point, u[r][c]);
    }
}

template <int Tile>
constexpr WinogradKernels winograd_kernels() {
    return {winograd_input<Tile>, winograd_output<Tile>, winograd_filter<Tile>};
}

}  // namespace cnn::cpu::CNN_ISA::conv

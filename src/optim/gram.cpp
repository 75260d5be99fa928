// J^T J of a block of rows, by tiles of dot products of columns, in the widest vectors there are.
#include "optim/gram.h"

#include "base/cpu_info.h"

namespace cnn {

namespace {

// Columns of a tile: its sums and the columns' vectors stay in registers.
constexpr int kTall = 4, kWide = 3;

template <int W>
struct Lanes {
    typedef double Vector __attribute__((vector_size(W * sizeof(double)), aligned(8), may_alias));
};

// Columns i.. by columns j.., those beyond n repeated and left out.
template <int W>
[[gnu::always_inline]] inline void add_tile(int64_t rows, int64_t n, const double *a, double *sum,
                                            int64_t i, int64_t j) {
    using Vector = typename Lanes<W>::Vector;
    const double *left[kTall], *right[kWide];
    for (int k = 0; k < kTall; ++k) left[k] = a + rows * (i + k < n ? i + k : n - 1);
    for (int k = 0; k < kWide; ++k) right[k] = a + rows * (j + k < n ? j + k : n - 1);
    Vector sums[kTall][kWide] = {};
    int64_t row = 0;
    for (; row + W <= rows; row += W)
        for (int p = 0; p < kTall; ++p) {
            const Vector x = *reinterpret_cast<const Vector *>(left[p] + row);
            for (int q = 0; q < kWide; ++q)
                sums[p][q] += x * *reinterpret_cast<const Vector *>(right[q] + row);
        }
    for (int p = 0; p < kTall; ++p)
        for (int q = 0; q < kWide; ++q) {
            double total = 0;
            for (int lane = 0; lane < W; ++lane) total += sums[p][q][lane];
            for (int64_t rest = row; rest < rows; ++rest) total += left[p][rest] * right[q][rest];
            if (i + p < n && j + q < n && i + p >= j + q) sum[(j + q) * n + i + p] += total;
        }
}

template <int W>
[[gnu::always_inline]] inline void add_tiles(int64_t rows, int64_t n, const double *a,
                                             double *sum) {
    for (int64_t i = 0; i < n; i += kTall)
        for (int64_t j = 0; j < n && j < i + kTall; j += kWide) add_tile<W>(rows, n, a, sum, i, j);
}

void add_gram_plain(int64_t rows, int64_t n, const double *a, double *sum) {
    add_tiles<2>(rows, n, a, sum);
}

#if defined(__x86_64__)
[[gnu::target("avx512f,fma")]] void add_gram_avx512(int64_t rows, int64_t n, const double *a,
                                                    double *sum) {
    add_tiles<8>(rows, n, a, sum);
}
[[gnu::target("avx2,fma")]] void add_gram_avx2(int64_t rows, int64_t n, const double *a,
                                               double *sum) {
    add_tiles<4>(rows, n, a, sum);
}
#endif

}  // namespace

AddGram find_gram() {
#if defined(__x86_64__)
    const CpuInfo cpu = detect_cpu();
    if (cpu.avx512) return add_gram_avx512;
    if (cpu.avx2) return add_gram_avx2;
#endif
    return add_gram_plain;
}

}  // namespace cnn

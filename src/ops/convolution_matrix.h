// A convolution of one sample written as matrices: the patches it sees, the map from input to
// output, and back from such a map to the nearest kernel.
#pragma once

#include <cstdint>
#include <vector>

#include "ops/matrix.h"
#include "ops/op.h"

namespace cnn {

struct Convolution {
    Window window;  // of two axes
    int64_t groups = 1;
    Shape input, output;  // [C, H, W] and [O, H', W']
    // Where an element of the dense weights [O, C / groups, kernel] is among the entries that there
    // are, -1 where nothing connects; empty: each is its own entry.
    std::vector<int32_t> entry;
    int64_t entries = 0;

    // [O, C / groups, kernel]
    Shape weight() const;
    int64_t entry_of(int64_t element) const {
        return entry.empty() ? element : entry[static_cast<size_t>(element)];
    }
    // Of phi: C times the kernel's taps, and the output's places.
    int64_t patch_rows() const { return input[0] * window.kernel[0] * window.kernel[1]; }
    int64_t positions() const { return output[1] * output[2]; }
};

// How a vector runs through an image [C, H, W].
enum class ImageOrder : int32_t {
    chw = 0,  // (c H + y) W + x, as everywhere else
    hwc = 1,  // (y W + x) C + c: Lin's vec of [C, HW], columns one after the other
};

// phi(Z) of each sample, [n, patch_rows, positions], rows (c, u, v) and columns (y, x) row-major.
void patches(const Convolution &conv, int64_t n, const float *z, float *phi);

// The 0/1 matrix P with vec(phi(Z)) = P vec(Z). Its columns run as `order` says; its rows are phi's
// elements, row by row with chw, column by column with hwc. A row in the padding is empty.
Matrix patch_matrix(const Convolution &conv, ImageOrder order);

// M with vec(Y) = M vec(X), both in that order; a sparse one keeps every connection, also one whose
// weight is 0.
Matrix convolution_matrix(const Convolution &conv, const std::vector<float> &weight,
                          ImageOrder order, bool dense);

// In how many places of the matrix each entry is: n_uv, at how many places of the output its tap
// meets the input, for each pair of maps that shares it.
std::vector<int64_t> position_counts(const Convolution &conv);

// The kernel whose matrix is nearest to M (in the sum of squares): each entry the mean of M over
// the entry's places. Entries without a place keep what `weight` had. Returns |M - M(weight)| /
// |M|, the norms Frobenius's; 0 where M is 0.
double project_to_kernel(const Convolution &conv, const Matrix &m, ImageOrder order,
                         std::vector<float> &weight);

}  // namespace cnn

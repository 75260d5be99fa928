// Real matrices, dense or in compressed sparse rows: what a layer's linear map looks like written
// out. Immutable, so that any number of threads may use one.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace cnn {

class Matrix {
  public:
    // Row-major.
    static Matrix dense(int64_t rows, int64_t columns, std::vector<float> values);
    // Compressed sparse rows: row r has the entries offsets[r] to offsets[r + 1], columns
    // ascending. Throws Error where they don't describe such a matrix.
    static Matrix sparse(int64_t rows, int64_t columns, std::vector<int64_t> offsets,
                         std::vector<int64_t> column_of, std::vector<float> values);

    int64_t rows() const { return rows_; }
    int64_t columns() const { return columns_; }
    bool is_sparse() const { return !offsets_.empty(); }
    // Entries that a sparse one keeps, elements of a dense one that aren't zero.
    int64_t nonzeros() const;

    // Calls f(row, column, value) for each entry kept, or element, row by row.
    template <class F>
    void for_each(const F &f) const {
        for (int64_t r = 0; r < rows_; ++r) {
            if (is_sparse()) {
                for (int64_t k = offsets_[index(r)]; k < offsets_[index(r) + 1]; ++k)
                    f(r, column_of_[index(k)], values_[index(k)]);
            } else {
                for (int64_t c = 0; c < columns_; ++c) f(r, c, values_[index(r * columns_ + c)]);
            }
        }
    }

    // y_k = A x_k for each of `count` vectors, one after the other in memory, or A' x_k. Each
    // element of y is one sum in double, its terms in order: nothing is scattered, also by A'.
    void multiply(bool transposed, int64_t count, const float *x, float *y) const;

  private:
    Matrix() = default;
    static size_t index(int64_t i) { return static_cast<size_t>(i); }
    void transpose();
    void multiply_dense(bool transposed, const float *x, float *y) const;
    void multiply_sparse(bool transposed, const float *x, float *y) const;

    int64_t rows_ = 0, columns_ = 0;
    std::vector<float> values_;
    std::vector<int64_t> offsets_, column_of_;
    // The entries column by column: which row each is of, and its place among the values.
    std::vector<int64_t> column_offsets_, row_of_, place_of_;
};

// Refuses what has more elements than a matrix may.
int64_t checked_matrix_elements(int64_t rows, int64_t columns);

}  // namespace cnn

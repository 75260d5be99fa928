// Products and checks.
#include "ops/matrix.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace cnn {

namespace {

constexpr int64_t kMostElements = int64_t{1} << 32;

void check_sizes(int64_t rows, int64_t columns) {
    constexpr int64_t kMost = int64_t{1} << 40;
    if (rows < 1 || columns < 1 || rows > kMost || columns > kMost)
        fail(Status::shape_mismatch,
             text("the matrix is ", rows, " x ", columns, ", but sizes must be 1 to 2^40"));
}

}  // namespace

int64_t checked_matrix_elements(int64_t rows, int64_t columns) {
    check_sizes(rows, columns);
    if (rows > kMostElements / columns)
        fail(Status::limit_exceeded, text("a dense matrix of ", rows, " x ", columns,
                                          " has more than 2^32 elements: take it sparse"));
    return rows * columns;
}

Matrix Matrix::dense(int64_t rows, int64_t columns, std::vector<float> values) {
    if (checked_matrix_elements(rows, columns) != static_cast<int64_t>(values.size()))
        fail(Status::shape_mismatch,
             text("a matrix of ", rows, " x ", columns, " got ", values.size(), " elements"));
    Matrix matrix;
    matrix.rows_ = rows;
    matrix.columns_ = columns;
    matrix.values_ = std::move(values);
    return matrix;
}

Matrix Matrix::sparse(int64_t rows, int64_t columns, std::vector<int64_t> offsets,
                      std::vector<int64_t> column_of, std::vector<float> values) {
    check_sizes(rows, columns);
    const auto entries = static_cast<int64_t>(values.size());
    if (static_cast<int64_t>(offsets.size()) != rows + 1 || offsets.front() != 0 ||
        offsets.back() != entries || column_of.size() != values.size())
        fail(Status::shape_mismatch, text("row offsets of ", rows, " rows must be ", rows + 1,
                                          ", from 0 to the ", entries, " entries"));
    for (int64_t r = 0; r < rows; ++r) {
        if (offsets[index(r)] > offsets[index(r) + 1] || offsets[index(r) + 1] > entries)
            fail(Status::out_of_range, text("row offset ", r + 1, " is ", offsets[index(r) + 1],
                                            ", but must ascend to ", entries));
        for (int64_t k = offsets[index(r)]; k < offsets[index(r) + 1]; ++k) {
            const int64_t column = column_of[index(k)];
            const bool ascends = k == offsets[index(r)] || column_of[index(k) - 1] < column;
            if (column < 0 || column >= columns || !ascends)
                fail(Status::out_of_range,
                     text("column ", column, " of row ", r, " must ascend below ", columns));
        }
    }
    Matrix matrix;
    matrix.rows_ = rows;
    matrix.columns_ = columns;
    matrix.offsets_ = std::move(offsets);
    matrix.column_of_ = std::move(column_of);
    matrix.values_ = std::move(values);
    matrix.transpose();
    return matrix;
}

void Matrix::transpose() {
    column_offsets_.assign(index(columns_) + 1, 0);
    for (int64_t column : column_of_) ++column_offsets_[index(column) + 1];
    for (size_t c = 0; c < index(columns_); ++c) column_offsets_[c + 1] += column_offsets_[c];
    std::vector<int64_t> next(column_offsets_.begin(), column_offsets_.end() - 1);
    row_of_.resize(values_.size());
    place_of_.resize(values_.size());
    for (int64_t r = 0; r < rows_; ++r)
        for (int64_t k = offsets_[index(r)]; k < offsets_[index(r) + 1]; ++k) {
            const auto to = index(next[index(column_of_[index(k)])]++);
            row_of_[to] = r;
            place_of_[to] = k;
        }
}

int64_t Matrix::nonzeros() const {
    if (is_sparse()) return static_cast<int64_t>(values_.size());
    return std::count_if(values_.begin(), values_.end(), [](float v) { return v != 0; });
}

void Matrix::multiply(bool transposed, int64_t count, const float *x, float *y) const {
    const int64_t from = transposed ? rows_ : columns_, to = transposed ? columns_ : rows_;
    for (int64_t k = 0; k < count; ++k) {
        if (is_sparse())
            multiply_sparse(transposed, x + k * from, y + k * to);
        else
            multiply_dense(transposed, x + k * from, y + k * to);
    }
}

void Matrix::multiply_dense(bool transposed, const float *x, float *y) const {
    const int64_t outer = transposed ? columns_ : rows_, inner = transposed ? rows_ : columns_;
    const int64_t step = transposed ? columns_ : 1, row = transposed ? 1 : columns_;
    for (int64_t i = 0; i < outer; ++i) {
        double sum = 0;
        for (int64_t j = 0; j < inner; ++j)
            sum +=
                static_cast<double>(values_[index(i * row + j * step)]) * static_cast<double>(x[j]);
        y[i] = static_cast<float>(sum);
    }
}

void Matrix::multiply_sparse(bool transposed, const float *x, float *y) const {
    const auto &offsets = transposed ? column_offsets_ : offsets_;
    const auto &from = transposed ? row_of_ : column_of_;
    for (size_t i = 0; i + 1 < offsets.size(); ++i) {
        double sum = 0;
        for (int64_t k = offsets[i]; k < offsets[i + 1]; ++k) {
            const int64_t place = transposed ? place_of_[index(k)] : k;
            sum +=
                static_cast<double>(values_[index(place)]) * static_cast<double>(x[from[index(k)]]);
        }
        y[i] = static_cast<float>(sum);
    }
}

}  // namespace cnn

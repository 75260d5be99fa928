// Dense linear algebra of the small second-order solves; the one place that knows Eigen.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "optim/gram.h"
#include "optim/objective.h"

namespace cnn {

// A symmetric matrix's eigenvalues, increasing, and its eigenvectors as columns, column-major. Only
// the lower triangle is read. False where it doesn't converge (an element isn't finite).
bool symmetric_eigen(int64_t n, std::span<const double> matrix, std::vector<double> &values,
                     std::vector<double> &vectors);

// J^T J and J^T r, summed up block by block.
class NormalEquations {
  public:
    explicit NormalEquations(int64_t n);

    void reset();
    void add(const ResidualBlock &block);

    std::span<const double> gradient() const { return gradient_; }  // J^T r
    double diagonal(int64_t i) const { return matrix_[static_cast<size_t>(i * (n_ + 1))]; }
    bool finite() const;
    // step = -(J^T J + lambda S^2)^-1 J^T r, S = diag(scale) > 0, by Cholesky of the matrix scaled
    // to S^-1 (.) S^-1. Gives the reciprocal of that one's condition number, estimated; 0, and no
    // step, where it isn't positive definite.
    double solve(double lambda, std::span<const double> scale, std::span<double> step);

  private:
    int64_t n_;
    AddGram add_gram_;
    std::vector<double> matrix_;  // column-major, the lower triangle
    std::vector<double> gradient_, work_;
};

// The triangular factor of J and Q^T r, by Householder reflections of block after block: J's own
// condition, where the normal equations have its square.
class TriangularFactor {
  public:
    explicit TriangularFactor(int64_t n);

    void add(const ResidualBlock &block);

    // step = -(J^T J + lambda S^2)^+ J^T r by the singular values of J S^-1, of which those below
    // `least` times the largest count as zero (Hedberg 116-117).
    void decompose(std::span<const double> scale, double least);
    void solve(double lambda, std::span<double> step) const;
    double condition() const { return condition_; }  // infinite where a singular value is zero
    int64_t rank() const { return rank_; }

  private:
    int64_t n_, rows_ = 0;
    std::vector<double> factor_;  // column-major, up to n x (n + 1), the last column Q^T r
    std::vector<double> scale_, values_, vectors_, right_;
    double least_ = 0, condition_ = 0;
    int64_t rank_ = 0;
};

}  // namespace cnn

// Dense linear algebra, by Eigen.
#include "optim/dense.h"

#include <algorithm>
#include <cmath>
#include <limits>

// Its assertions abort; what they would find is checked here.
#define EIGEN_NO_DEBUG
#define EIGEN_MPL2_ONLY
#define EIGEN_NO_IO
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <Eigen/SVD>

namespace cnn {

namespace {

using Matrix = Eigen::MatrixXd;
using Column = Eigen::VectorXd;
using MatrixMap = Eigen::Map<Matrix>;
using ConstMatrixMap = Eigen::Map<const Matrix>;
using ColumnMap = Eigen::Map<Column>;
using ConstColumnMap = Eigen::Map<const Column>;

ConstColumnMap column(std::span<const double> values) {
    return {values.data(), static_cast<Eigen::Index>(values.size())};
}
ColumnMap column(std::span<double> values) {
    return {values.data(), static_cast<Eigen::Index>(values.size())};
}

}  // namespace

bool symmetric_eigen(int64_t n, std::span<const double> matrix, std::vector<double> &values,
                     std::vector<double> &vectors) {
    const ConstMatrixMap from(matrix.data(), n, n);
    const Eigen::SelfAdjointEigenSolver<Matrix> solver(from);
    if (solver.info() != Eigen::Success) return false;
    values.resize(static_cast<size_t>(n));
    vectors.resize(matrix.size());
    column(std::span<double>(values)) = solver.eigenvalues();
    MatrixMap(vectors.data(), n, n) = solver.eigenvectors();
    return true;
}

NormalEquations::NormalEquations(int64_t n)
    : n_(n),
      add_gram_(find_gram()),
      matrix_(static_cast<size_t>(n * n)),
      gradient_(static_cast<size_t>(n)),
      work_(static_cast<size_t>(n * n)) {}

void NormalEquations::reset() {
    std::fill(matrix_.begin(), matrix_.end(), 0.0);
    std::fill(gradient_.begin(), gradient_.end(), 0.0);
}

void NormalEquations::add(const ResidualBlock &block) {
    const ConstMatrixMap jacobian(block.jacobian.data(), block.rows, n_);
    add_gram_(block.rows, n_, block.jacobian.data(), matrix_.data());
    column(std::span<double>(gradient_)).noalias() +=
        jacobian.transpose() * column(block.residuals);
}

bool NormalEquations::finite() const {
    double sum = 0;
    for (int64_t i = 0; i < n_; ++i) sum += diagonal(i) + gradient_[static_cast<size_t>(i)];
    return std::isfinite(sum);
}

double NormalEquations::solve(double lambda, std::span<const double> scale,
                              std::span<double> step) {
    MatrixMap scaled(work_.data(), n_, n_);
    const ConstColumnMap s = column(scale);
    for (int64_t j = 0; j < n_; ++j)
        for (int64_t i = j; i < n_; ++i)
            work_[static_cast<size_t>(j * n_ + i)] =
                matrix_[static_cast<size_t>(j * n_ + i)] / (s[i] * s[j]);
    scaled.diagonal().array() += lambda;
    const Eigen::LLT<Eigen::Ref<Matrix>, Eigen::Lower> cholesky(scaled);
    if (cholesky.info() != Eigen::Success) return 0;
    // The factor is in work_ already; rcond wants the matrix's norm, which the factorisation kept.
    const double reciprocal = cholesky.rcond();
    Column right = -column(std::span<const double>(gradient_)).cwiseQuotient(s);
    cholesky.solveInPlace(right);
    column(step) = right.cwiseQuotient(s);
    return std::isfinite(reciprocal) ? reciprocal : 0;
}

TriangularFactor::TriangularFactor(int64_t n) : n_(n) {}

void TriangularFactor::add(const ResidualBlock &block) {
    Matrix stacked(rows_ + block.rows, n_ + 1);
    stacked.topRows(rows_) = ConstMatrixMap(factor_.data(), rows_, n_ + 1);
    stacked.bottomLeftCorner(block.rows, n_) =
        ConstMatrixMap(block.jacobian.data(), block.rows, n_);
    stacked.bottomRightCorner(block.rows, 1) = column(block.residuals);
    const Eigen::HouseholderQR<Eigen::Ref<Matrix>> qr(stacked);
    rows_ = std::min<int64_t>(stacked.rows(), n_);
    factor_.assign(static_cast<size_t>(rows_ * (n_ + 1)), 0.0);
    MatrixMap kept(factor_.data(), rows_, n_ + 1);
    kept = stacked.topRows(rows_).triangularView<Eigen::Upper>();
}

void TriangularFactor::decompose(std::span<const double> scale, double least) {
    scale_.assign(scale.begin(), scale.end());
    least_ = least;
    const ConstMatrixMap factor(factor_.data(), rows_, n_ + 1);
    const Matrix scaled =
        factor.leftCols(n_) * column(scale).cwiseInverse().asDiagonal().toDenseMatrix();
    const Eigen::JacobiSVD<Matrix> svd(scaled, Eigen::ComputeThinU | Eigen::ComputeThinV);
    const Eigen::Index count = svd.singularValues().size();
    values_.resize(static_cast<size_t>(count));
    column(std::span<double>(values_)) = svd.singularValues();
    vectors_.resize(static_cast<size_t>(n_ * count));
    MatrixMap(vectors_.data(), n_, count) = svd.matrixV();
    right_.resize(static_cast<size_t>(count));
    column(std::span<double>(right_)) = svd.matrixU().transpose() * factor.col(n_);
    const double largest = count > 0 ? svd.singularValues()[0] : 0;
    rank_ = 0;
    for (double w : values_)
        if (w > least * largest) ++rank_;
    const double smallest = count == n_ ? svd.singularValues()[count - 1] : 0;
    condition_ = smallest > 0 ? largest / smallest : std::numeric_limits<double>::infinity();
}

void TriangularFactor::solve(double lambda, std::span<double> step) const {
    const auto count = static_cast<Eigen::Index>(values_.size());
    Column along(count);
    for (Eigen::Index i = 0; i < count; ++i) {
        const double w = values_[static_cast<size_t>(i)];
        const bool counts = i < rank_;
        along[i] = counts ? -w * right_[static_cast<size_t>(i)] / (w * w + lambda) : 0;
    }
    const ConstMatrixMap v(vectors_.data(), n_, count);
    column(step) = (v * along).cwiseQuotient(column(std::span<const double>(scale_)));
}

}  // namespace cnn

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

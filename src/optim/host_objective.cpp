// A host's own function as an objective.
#include "optim/host_objective.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace cnn {

namespace {

// Rows handed on at once: a block of a hundred columns stays in the second cache.
constexpr int64_t kBlockRows = 256;

}  // namespace

HostObjective::HostObjective(HostProblem problem)
    : problem_(std::move(problem)), space_(problem_.parameters) {
    residuals_.resize(static_cast<size_t>(residuals()));
}

double HostObjective::call_value(const double *x, double *gradient) {
    double value = std::numeric_limits<double>::quiet_NaN();
    if (!problem_.value(x, &value, gradient))
        fail(Status::cancelled, "minimize: cancelled by the problem's function");
    return value;
}

void HostObjective::call_residual(const double *x, double *residuals, double *jacobian) {
    if (!problem_.residual(x, residuals, jacobian))
        fail(Status::cancelled, "minimize: cancelled by the problem's residual_function");
}

double HostObjective::half_square() const {
    double sum = 0;
    for (double r : residuals_) sum += r * r;
    return sum / 2;
}

double HostObjective::difference_step(std::span<const double> x, size_t i) {
    if (typical_.empty())
        for (double v : x) typical_.push_back(v != 0 ? std::abs(v) : 1);
    return std::cbrt(std::numeric_limits<double>::epsilon()) *
           std::max(std::abs(x[i]), 1e-2 * typical_[i]);
}

void HostObjective::difference_gradient(std::span<const double> x, std::span<double> gradient) {
    std::vector<double> moved(x.begin(), x.end());
    for (size_t i = 0; i < moved.size(); ++i) {
        const double h = difference_step(x, i);
        const double above = x[i] + h, below = x[i] - h;
        moved[i] = above;
        const double up = call_value(moved.data(), nullptr);
        moved[i] = below;
        const double down = call_value(moved.data(), nullptr);
        moved[i] = x[i];
        gradient[i] = (up - down) / (above - below);
    }
}

void HostObjective::difference_jacobian(std::span<const double> x) {
    std::vector<double> moved(x.begin(), x.end());
    std::vector<double> up(residuals_.size()), down(residuals_.size());
    for (size_t p = 0; p < moved.size(); ++p) {
        const double h = difference_step(x, p);
        const double above = x[p] + h, below = x[p] - h;
        moved[p] = above;
        call_residual(moved.data(), up.data(), nullptr);
        moved[p] = below;
        call_residual(moved.data(), down.data(), nullptr);
        moved[p] = x[p];
        for (size_t i = 0; i < up.size(); ++i)
            jacobian_[i * moved.size() + p] = (up[i] - down[i]) / (above - below);
    }
}

void HostObjective::evaluate_residuals(const Vector &x, bool jacobian) {
    const auto at = elements(x);
    if (!jacobian) return call_residual(at.data(), residuals_.data(), nullptr);
    jacobian_at_.clear();
    jacobian_.resize(residuals_.size() * at.size());
    call_residual(at.data(), residuals_.data(), problem_.numeric ? nullptr : jacobian_.data());
    if (problem_.numeric) difference_jacobian(at);
    jacobian_at_.assign(at.begin(), at.end());
}

double HostObjective::value(const Vector &x) {
    if (!problem_.residual) return call_value(elements(x).data(), nullptr);
    evaluate_residuals(x, false);
    return half_square();
}

double HostObjective::value_and_gradient(const Vector &x, Vector &gradient) {
    const auto g = elements(gradient);
    if (!problem_.residual) {
        const auto at = elements(x);
        if (!problem_.numeric) return call_value(at.data(), g.data());
        const double value = call_value(at.data(), nullptr);
        difference_gradient(at, g);
        return value;
    }
    evaluate_residuals(x, true);
    std::fill(g.begin(), g.end(), 0.0);
    for (size_t i = 0; i < residuals_.size(); ++i) {
        const double *row = jacobian_.data() + i * g.size();
        for (size_t p = 0; p < g.size(); ++p) g[p] += residuals_[i] * row[p];
    }
    return half_square();
}

double HostObjective::residual_blocks(const Vector &x, bool jacobian,
                                      const std::function<void(const ResidualBlock &)> &take) {
    evaluate_residuals(x, jacobian);
    const int64_t columns = space_.size();
    const int64_t group = problem_.group;
    const int64_t most = std::max<int64_t>(1, kBlockRows / group) * group;
    for (int64_t first = 0; first < problem_.residuals; first += most) {
        const int64_t rows = std::min(most, problem_.residuals - first);
        ResidualBlock block;
        block.rows = rows;
        block.group = group;
        block.residuals = std::span<const double>(residuals_)
                              .subspan(static_cast<size_t>(first), static_cast<size_t>(rows));
        if (jacobian) {
            block_.resize(static_cast<size_t>(rows * columns));
            const double *from = jacobian_.data() + first * columns;
            for (int64_t p = 0; p < columns; ++p)
                for (int64_t row = 0; row < rows; ++row)
                    block_[static_cast<size_t>(p * rows + row)] = from[row * columns + p];
            block.jacobian = block_;
        }
        take(block);
    }
    return half_square();
}

// J^T J v over the rows of the part, weighed up to all of them. A part of a Jacobian that is there
// as a whole saves arithmetic, not evaluations.
void HostObjective::product(const Vector &x, const Vector &v, double fraction, uint64_t part,
                            Vector &out) {
    const auto at = elements(x);
    if (!std::equal(at.begin(), at.end(), jacobian_at_.begin(), jacobian_at_.end()))
        evaluate_residuals(x, true);
    const auto from = elements(v);
    const auto to = elements(out);
    std::vector<double> sums(to.size(), 0.0);
    const auto rows = static_cast<double>(residuals_.size());
    const double wanted = std::clamp(std::ceil(fraction * rows), 1.0, rows);
    // Evenly spaced rows, from a place that the part decides.
    const double spacing = rows / wanted;
    const double offset = std::ldexp(static_cast<double>((part * 0x9E3779B97F4A7C15u) >> 11), -53);
    for (double k = 0; k < wanted; ++k) {
        const auto i = static_cast<size_t>(std::min((k + offset) * spacing, rows - 1));
        const double *row = jacobian_.data() + i * to.size();
        double along = 0;
        for (size_t p = 0; p < to.size(); ++p) along += row[p] * from[p];
        for (size_t p = 0; p < to.size(); ++p) sums[p] += row[p] * along;
    }
    const double weight = spacing;
    for (size_t p = 0; p < to.size(); ++p) to[p] = weight * sums[p];
}

}  // namespace cnn

// A host's own function as an objective, in double: a value with its gradient, or residuals with
// their Jacobian. Derivatives the host hasn't are central differences.
#pragma once

#include <functional>
#include <vector>

#include "optim/host_space.h"

namespace cnn {

// One of value and residual is set. Each returns false to cancel.
struct HostProblem {
    int64_t parameters = 0;
    std::function<bool(const double *x, double *value, double *gradient)> value;
    int64_t residuals = 0;
    // jacobian: row-major, or null.
    std::function<bool(const double *x, double *residuals, double *jacobian)> residual;
    int64_t group = 1;
    bool numeric = false;  // never ask for derivatives
};

class HostObjective final : public Objective {
  public:
    explicit HostObjective(HostProblem problem);

    VectorSpace &space() override { return space_; }
    double value(const Vector &x) override;
    double value_and_gradient(const Vector &x, Vector &gradient) override;
    int64_t residuals() const override { return problem_.residual ? problem_.residuals : 0; }
    double residual_blocks(const Vector &x, bool jacobian,
                           const std::function<void(const ResidualBlock &)> &take) override;
    void product(const Vector &x, const Vector &v, double fraction, uint64_t part,
                 Vector &out) override;

  private:
    double call_value(const double *x, double *gradient);
    void call_residual(const double *x, double *residuals, double *jacobian);
    double half_square() const;
    // residuals_ and, where asked for, jacobian_ at x.
    void evaluate_residuals(const Vector &x, bool jacobian);
    void difference_gradient(std::span<const double> x, std::span<double> gradient);
    void difference_jacobian(std::span<const double> x);
    double difference_step(std::span<const double> x, size_t i);

    HostProblem problem_;
    HostVectorSpace space_;
    std::vector<double> residuals_, jacobian_, block_;
    std::vector<double> jacobian_at_;  // where jacobian_ is from; empty: nowhere
    std::vector<double> typical_;      // magnitudes of the first x
};

}  // namespace cnn

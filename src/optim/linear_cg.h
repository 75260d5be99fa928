// Linear conjugate gradients on a matrix that is known by its products.
#pragma once

#include <functional>

#include "optim/minimize.h"

namespace cnn {

struct LinearSystem {
    // y = A v, A symmetric and positive definite.
    std::function<void(const Vector &v, Vector &y)> product;
    // y = M^-1 v; empty: the identity.
    std::function<void(const Vector &v, Vector &y)> preconditioner;
};

enum class LinearEnd {
    converged,
    iterations,
    indefinite,  // d^T A d <= 0 for a direction d, or r^T M^-1 r <= 0
    not_finite,
};

// How a solve stands. value: x^T A x / 2 - b^T x, from where the solve began.
struct LinearStep {
    int64_t iteration;
    double residual_norm, value;
};

struct LinearLimits {
    double residual_norm = 0;  // converged at or below
    int64_t iterations = 0;
    std::function<void(const LinearStep &)> watch;  // after each; may throw
};

// What the solve works in, each as long as x. z only with a preconditioner.
struct LinearWork {
    Vector *r, *d, *q, *z;
};

// On entry work.r is b - A x; it stays so, by recursion, as x moves.
LinearEnd conjugate_gradient(VectorSpace &space, const LinearSystem &system,
                             const LinearLimits &limits, const LinearWork &work, Vector &x,
                             LinearStep &step);

// A whole solve with the options' limits, from x.
void solve_linear(VectorSpace &space, const LinearSystem &system, const Vector &b,
                  const MinimizeOptions &options, Vector &x, MinimizeReport &report);

}  // namespace cnn

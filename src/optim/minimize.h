// Minimising an objective: what a minimizer is, and the driver that counts evaluations, judges when
// to stop, reports, and hands over from one optimizer to another.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "optim/objective.h"
#include "optim/optimizer.h"

namespace cnn {

// By the numbers of cnn_stop.
enum class StopReason : int32_t {
    none = 0,
    gradient = 1,
    step = 2,
    value = 3,
    no_decrease = 4,
    iterations = 5,
    evaluations = 6,
    time = 7,
    cancelled = 8,
    not_finite = 9,
    failed = 10,
    stalled = 11,  // between the two optimizers only
};

struct MinimizeReport {
    StopReason reason = StopReason::none;
    int64_t iterations = 0;
    int64_t evaluations = 0;           // of the value, also where the gradient came with it
    int64_t gradient_evaluations = 0;  // of gradients and Jacobians
    int64_t products = 0;
    int64_t restarts = 0;
    int64_t handed_over = -1;  // the iteration at which the second optimizer took over
    int64_t rank = -1;         // of the Jacobian; -1: unknown
    double start_value = 0;
    double value = 0;          // at x as returned, as is all below
    double gradient_norm = 0;  // largest magnitude
    double step_norm = 0;      // 2-norm of the last step
    double damping = 0;
    double condition = 0;  // of the scaled Jacobian; 0: unknown
    double seconds = 0;
};

struct MinimizeProgress {
    int64_t iteration, evaluations, gradient_evaluations;
    double value, gradient_norm, step_norm, damping, seconds;
};

// Zero is the default, a negative number a literal zero: never met, or no limit.
struct MinimizeOptions {
    double gradient_tolerance = 0;
    double step_tolerance = 0;
    double value_tolerance = 0;
    int64_t max_iterations = 0;
    int64_t max_evaluations = 0;
    double seconds = 0;
    std::function<bool(const MinimizeProgress &)> progress;  // false cancels
    const Optimizer *then = nullptr;  // takes over where the first one stalls
    int64_t stall_iterations = 0;
    double stall_tolerance = 0;
};

// Unwinds a minimizer where the run ends.
struct Stopped {
    StopReason reason;
};

// Where an iteration came to.
struct Iterate {
    double value;
    double gradient_norm;
    double step_norm;  // 2-norms
    double x_norm;
    double damping = 0;
    // What gradient_tolerance is held against where that isn't gradient_norm.
    double gradient_test = -1;
    // The length of the step along the gradient alone, where other terms may cancel it.
    double gradient_step = 0;
    // The gradient shows the step's progress, in the value rounding may hide it.
    bool by_gradient = false;
};

// A run as its minimizer sees it. Evaluations are counted here, and here a limit ends the run by
// throwing Stopped.
class Minimization {
  public:
    Minimization(Objective &objective, const MinimizeOptions &options, MinimizeReport &report);

    // From here on this optimizer runs.
    void begin(const OptimizerKind &kind);

    Objective &objective() { return objective_; }
    VectorSpace &space() { return objective_.space(); }
    MinimizeReport &report() { return report_; }

    double value(const Vector &x);
    double value_and_gradient(const Vector &x, Vector &gradient);
    double residual_blocks(const Vector &x, bool jacobian,
                           const std::function<void(const ResidualBlock &)> &take);
    void product(const Vector &x, const Vector &v, double fraction, uint64_t part, Vector &out);

    // At the first point: throws Error(not_finite) where it isn't finite.
    void start(const Iterate &at);
    // After each iteration, at the point it accepted. Stops the run where a criterion is met.
    void iterate(const Iterate &at);
    // At a point where no better one was found.
    [[noreturn]] static void stop(StopReason reason) { throw Stopped{reason}; }

    double seconds() const;
    void set_stall(int64_t iterations, double tolerance);

  private:
    void count(bool gradient);
    void show(const Iterate &at);
    void judge(const Iterate &at, double before);
    void judge_stall(double value);

    Objective &objective_;
    const MinimizeOptions &options_;
    MinimizeReport &report_;
    double gradient_tolerance_ = 0, step_tolerance_, value_tolerance_;
    int64_t max_iterations_;
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
    bool started_ = false;
    int small_decreases_ = 0;
    int64_t stall_iterations_ = 0, stall_since_ = 0;
    double stall_tolerance_ = 0, stall_value_ = 0;
};

// An optimizer that sees a whole problem at once.
class Minimizer : public OptimizerKind {
  public:
    const Minimizer *minimizer() const final { return this; }
    // Throws Error(unsupported) for an objective that lacks what it needs.
    virtual void check(const Objective &) const {}
    // The default, for vectors of that epsilon.
    virtual double gradient_tolerance(double epsilon) const;
    // Moves x to better points until the run stops it. At any time x is the best point accepted so
    // far, and the report's value and norms are those at x.
    virtual void minimize(Minimization &run, const HyperParameters &keys,
                          std::unique_ptr<Vector> &x) const = 0;
};

// Rows of the registry, each in its file.
const Minimizer *gradient_descent_minimizer();
const Minimizer *heun_minimizer();
const Minimizer *nonlinear_cg_minimizer();
const Minimizer *bfgs_minimizer();
const Minimizer *lbfgs_minimizer();
const Minimizer *levenberg_marquardt_minimizer();
const Minimizer *gauss_newton_cg_minimizer();
const Minimizer *full_adagrad_minimizer();
const Minimizer *full_rmsprop_minimizer();

// Minimises with either sort of optimizer. x becomes the best point found and the report is
// filled, also where this throws Error: cancelled, not finite, or a failed evaluation.
void minimize(Objective &objective, const Optimizer &optimizer, const MinimizeOptions &options,
              std::unique_ptr<Vector> &x, MinimizeReport &report);

// The first-order rules as minimizers, on the whole objective; x ends as the best point seen.
void minimize_by_rule(Minimization &run, const OptimizerRule &rule, const HyperParameters &keys,
                      std::unique_ptr<Vector> &x);

// NaN counts as not finite; a sum that overflowed does too.
bool all_finite(double a, double b);
double norm(VectorSpace &space, const Vector &x);

}  // namespace cnn

// The driver of a run: limits, stop criteria, progress, the hand-over between two optimizers.
#include "optim/minimize.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/text.h"
#include "optim/line_search.h"

namespace cnn {

namespace {

constexpr int64_t kIterations = 1000;
constexpr int64_t kStallIterations = 10;
constexpr double kStallTolerance = 1e-3;
// A decrease must be small as often in a row before it counts as the end.
constexpr int kSmallDecreases = 3;
// A step that is this much shorter than its gradient asks for doesn't tell of a minimum.
constexpr double kCancels = 1e3;

double default_gradient_tolerance(double epsilon) {
    return std::max(1e-8, 10 * epsilon);
}

template <class T>
T given_or(T given, T otherwise) {
    if (given == 0) return otherwise;
    return given < 0 ? 0 : given;
}

}  // namespace

bool all_finite(double a, double b) {
    return std::isfinite(a) && std::isfinite(b);
}

double norm(VectorSpace &space, const Vector &x) {
    return std::sqrt(space.dot(x, x));
}

double Minimizer::gradient_tolerance(double epsilon) const {
    return default_gradient_tolerance(epsilon);
}

double Objective::residual_blocks(const Vector &, bool,
                                  const std::function<void(const ResidualBlock &)> &) {
    fail(Status::unsupported, "minimize: the objective has no residuals");
}

void Objective::product(const Vector &, const Vector &, double, uint64_t, Vector &) {
    fail(Status::unsupported, "minimize: the objective has no Gauss-Newton products");
}

Minimization::Minimization(Objective &objective, const MinimizeOptions &options,
                           MinimizeReport &report)
    : objective_(objective),
      options_(options),
      report_(report),
      step_tolerance_(given_or(options.step_tolerance, objective.space().epsilon())),
      value_tolerance_(given_or(options.value_tolerance, objective.space().epsilon())),
      max_iterations_(options.max_iterations == 0 ? kIterations : options.max_iterations) {}

void Minimization::begin(const OptimizerKind &kind) {
    const double epsilon = space().epsilon();
    gradient_tolerance_ = given_or(options_.gradient_tolerance,
                                   kind.minimizer() ? kind.minimizer()->gradient_tolerance(epsilon)
                                                    : default_gradient_tolerance(epsilon));
}

double Minimization::seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
}

void Minimization::set_stall(int64_t iterations, double tolerance) {
    stall_iterations_ = iterations;
    stall_tolerance_ = tolerance;
    stall_since_ = report_.iterations;
    stall_value_ = report_.value;
}

void Minimization::count(bool gradient) {
    if (options_.max_evaluations > 0 && report_.evaluations >= options_.max_evaluations)
        stop(StopReason::evaluations);
    if (options_.seconds > 0 && report_.evaluations > 0 && seconds() >= options_.seconds)
        stop(StopReason::time);
    ++report_.evaluations;
    if (gradient) ++report_.gradient_evaluations;
}

double Minimization::value(const Vector &x) {
    count(false);
    return objective_.value(x);
}

double Minimization::value_and_gradient(const Vector &x, Vector &gradient) {
    count(true);
    return objective_.value_and_gradient(x, gradient);
}

double Minimization::residual_blocks(const Vector &x, bool jacobian,
                                     const std::function<void(const ResidualBlock &)> &take) {
    count(jacobian);
    return objective_.residual_blocks(x, jacobian, take);
}

void Minimization::product(const Vector &x, const Vector &v, double fraction, uint64_t part,
                           Vector &out) {
    if (options_.seconds > 0 && seconds() >= options_.seconds) stop(StopReason::time);
    ++report_.products;
    objective_.product(x, v, fraction, part, out);
}

void Minimization::show(const Iterate &at) {
    report_.value = at.value;
    report_.gradient_norm = at.gradient_norm;
    report_.step_norm = at.step_norm;
    report_.damping = at.damping;
    if (!options_.progress) return;
    const MinimizeProgress progress{report_.iterations,
                                    report_.evaluations,
                                    report_.gradient_evaluations,
                                    at.value,
                                    at.gradient_norm,
                                    at.step_norm,
                                    at.damping,
                                    seconds()};
    if (!options_.progress(progress))
        fail(Status::cancelled, text("minimize: cancelled by progress after iteration ",
                                     report_.iterations, ", value ", at.value));
}

void Minimization::start(const Iterate &at) {
    if (!started_) report_.start_value = at.value;
    stall_since_ = report_.iterations;
    stall_value_ = at.value;
    small_decreases_ = 0;
    if (!all_finite(at.value, at.gradient_norm)) {
        report_.value = at.value;
        report_.gradient_norm = at.gradient_norm;
        fail(Status::not_finite, text("minimize: at the start the value is ", at.value,
                                      " and the largest element of the gradient ", at.gradient_norm,
                                      ", but both must be finite"));
    }
    // The second of two optimizers begins where the first one's last call already was.
    if (!started_) show(at);
    started_ = true;
    report_.value = at.value;
    report_.gradient_norm = at.gradient_norm;
    const double test = at.gradient_test >= 0 ? at.gradient_test : at.gradient_norm;
    if (test <= gradient_tolerance_ && gradient_tolerance_ > 0) stop(StopReason::gradient);
    if (max_iterations_ < 0) return;
    if (report_.iterations >= max_iterations_) stop(StopReason::iterations);
}

void Minimization::iterate(const Iterate &at) {
    const double before = report_.value;
    ++report_.iterations;
    show(at);
    judge(at, before);
    judge_stall(at.value);
}

void Minimization::judge(const Iterate &at, double before) {
    const double test = at.gradient_test >= 0 ? at.gradient_test : at.gradient_norm;
    if (test <= gradient_tolerance_ && gradient_tolerance_ > 0) stop(StopReason::gradient);
    const bool cancelled = at.gradient_step > kCancels * at.step_norm &&
                           at.gradient_step > kCancels * step_tolerance_ * at.x_norm;
    if (at.step_norm <= step_tolerance_ * at.x_norm)
        stop(cancelled ? StopReason::no_decrease : StopReason::step);
    const double decrease = before - at.value;
    const bool hidden = at.by_gradient && value_tolerance_ <= space().epsilon();
    const bool small = !hidden && std::abs(decrease) <= value_tolerance_ * std::abs(at.value);
    small_decreases_ = small && value_tolerance_ > 0 ? small_decreases_ + 1 : 0;
    if (small_decreases_ >= kSmallDecreases)
        stop(cancelled ? StopReason::no_decrease : StopReason::value);
    if (max_iterations_ >= 0 && report_.iterations >= max_iterations_) stop(StopReason::iterations);
    if (options_.seconds > 0 && seconds() >= options_.seconds) stop(StopReason::time);
}

void Minimization::judge_stall(double value) {
    if (stall_iterations_ <= 0 || report_.iterations - stall_since_ < stall_iterations_) return;
    if (stall_value_ - value < stall_tolerance_ * std::abs(value)) stop(StopReason::stalled);
    stall_since_ = report_.iterations;
    stall_value_ = value;
}

namespace {

void check(const Objective &objective, const Optimizer &optimizer) {
    const Minimizer *minimizer = optimizer.kind().minimizer();
    if (!minimizer) return;
    minimizer->check(objective);
    check_line_search(optimizer);
    if (!objective.penalized() &&
        (optimizer.value_or_zero(Key::l2) != 0 || optimizer.value_or_zero(Key::l1) != 0))
        fail(Status::unsupported,
             text("minimize: ", optimizer.name(), " penalises the parameters of nets alone (l2 is ",
                  optimizer.value_or_zero(Key::l2), ", l1 is ", optimizer.value_or_zero(Key::l1),
                  "); a problem's value has its own"));
}

StopReason run_one(Minimization &run, const Optimizer &optimizer, std::unique_ptr<Vector> &x) {
    run.begin(optimizer.kind());
    try {
        if (const Minimizer *minimizer = optimizer.kind().minimizer())
            minimizer->minimize(run, optimizer, x);
        else
            minimize_by_rule(run, *optimizer.kind().rule(), optimizer, x);
    } catch (const Stopped &stopped) {
        return stopped.reason;
    }
    return StopReason::no_decrease;
}

// What ends the first of two optimizers alone.
bool hands_over(StopReason reason) {
    return reason == StopReason::stalled || reason == StopReason::no_decrease ||
           reason == StopReason::value || reason == StopReason::step;
}

StopReason run_both(Minimization &run, const Optimizer &optimizer, const MinimizeOptions &options,
                    std::unique_ptr<Vector> &x, MinimizeReport &report) {
    if (!options.then) return run_one(run, optimizer, x);
    run.set_stall(given_or(options.stall_iterations, kStallIterations),
                  given_or(options.stall_tolerance, kStallTolerance));
    const StopReason reason = run_one(run, optimizer, x);
    if (!hands_over(reason)) return reason;
    report.handed_over = report.iterations;
    run.set_stall(0, 0);
    return run_one(run, *options.then, x);
}

StopReason reason_of(Status status) {
    if (status == Status::cancelled) return StopReason::cancelled;
    return status == Status::not_finite ? StopReason::not_finite : StopReason::failed;
}

}  // namespace

void minimize(Objective &objective, const Optimizer &optimizer, const MinimizeOptions &options,
              std::unique_ptr<Vector> &x, MinimizeReport &report) {
    report = {};
    report.reason = StopReason::failed;
    check(objective, optimizer);
    if (options.then) check(objective, *options.then);
    Minimization run(objective, options, report);
    try {
        report.reason = run_both(run, optimizer, options, x, report);
    } catch (const Error &error) {
        report.reason = reason_of(error.status);
        report.seconds = run.seconds();
        throw;
    } catch (...) {
        report.seconds = run.seconds();
        throw;
    }
    report.seconds = run.seconds();
}

}  // namespace cnn

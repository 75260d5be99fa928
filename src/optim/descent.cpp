// What the optimizers by line search share.
#include "optim/descent.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/text.h"

namespace cnn {

Descent::Descent(Minimization &run, std::unique_ptr<Vector> &x)
    : run_(run), space_(run.space()), x_(x), gradient_(space_.create()) {}

void Descent::start() {
    value_ = run_.value_and_gradient(*x_, *gradient_);
    run_.start({value_, space_.max_abs(*gradient_), 0, 0});
}

double Descent::first_step() {
    const double length = norm(space_, *gradient_);
    return length > 1 ? 1 / length : 1;
}

double Descent::step_like_latest(double slope) const {
    const double a = latest_.a * latest_.slope / slope;
    return std::isfinite(a) && a > 0 ? a : 1;
}

LineResult Descent::search(const Vector &d, double slope, double first,
                           const LineSettings &settings, std::unique_ptr<Vector> &trial,
                           std::unique_ptr<Vector> &trial_gradient) {
    Line line(run_, *x_, d, *trial, *trial_gradient);
    const LineResult result = search_line(line, settings, {0, value_, slope}, first);
    if (result.outcome != LineOutcome::found && result.outcome != LineOutcome::lower) return result;
    x_.swap(trial);
    gradient_.swap(trial_gradient);
    latest_ = {result.point.a, value_ - result.point.value, slope};
    value_ = result.point.value;
    return result;
}

void Descent::iterate(const Vector &d, double a) {
    run_.iterate({value_, space_.max_abs(*gradient_), a * norm(space_, d), norm(space_, *x_)});
}

void Descent::give_up(const LineResult &result) {
    if (result.outcome != LineOutcome::not_finite) Minimization::stop(StopReason::no_decrease);
    fail(Status::not_finite,
         text("minimize: no step along the gradient leads to a finite value and gradient, after ",
              run_.report().iterations, " iterations; x is the best point so far"));
}

}  // namespace cnn

// A walk that keeps the best point it saw.
#include "optim/walk.h"

#include "base/error.h"
#include "base/text.h"

namespace cnn {

Walk::Walk(Minimization &run, const char *name, double rate, std::unique_ptr<Vector> &x)
    : run_(run),
      space_(run.space()),
      x_(x),
      gradient_(space_.create()),
      name_(name),
      rate_(rate),
      best_(space_.create()),
      step_(space_.create()) {
    space_.copy(*best_, *x_);
}

void Walk::run() {
    try {
        steps();
    } catch (...) {
        x_.swap(best_);
        if (kept_.gradient_norm >= 0) {
            run_.report().value = kept_.value;
            run_.report().gradient_norm = kept_.gradient_norm;
        }
        throw;
    }
}

Iterate Walk::evaluate() {
    Iterate at{};
    at.value = run_.value_and_gradient(*x_, *gradient_);
    at.gradient_norm = space_.max_abs(*gradient_);
    return at;
}

void Walk::keep(const Iterate &at) {
    if (kept_.gradient_norm >= 0 && !(at.value < kept_.value)) return;
    space_.copy(*best_, *x_);
    kept_ = at;
}

void Walk::lost(const Iterate &at) const {
    fail(Status::not_finite,
         text("minimize: by ", name_, " the value is ", at.value,
              " and the largest element of the gradient ", at.gradient_norm, " at iteration ",
              run_.report().iterations + 1,
              "; x is the best point before; try a smaller learning_rate (now ", rate_, ")"));
}

void Walk::steps() {
    Iterate at = evaluate();
    if (all_finite(at.value, at.gradient_norm)) keep(at);
    run_.start(at);
    for (int64_t t = 1;; ++t) {
        space_.copy(*step_, *x_);
        move(t);
        at = evaluate();
        if (!all_finite(at.value, at.gradient_norm)) lost(at);
        keep(at);
        space_.combine(*step_, 1, *x_, -1, *step_);
        at.step_norm = norm(space_, *step_);
        at.x_norm = norm(space_, *x_);
        at.gradient_step = gradient_step();
        run_.iterate(at);
    }
}

}  // namespace cnn

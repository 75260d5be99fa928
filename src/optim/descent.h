// What the optimizers by line search share: a point with its gradient that moves along directions.
#pragma once

#include "optim/line_search.h"

namespace cnn {

class Descent {
  public:
    Descent(Minimization &run, std::unique_ptr<Vector> &x);

    // Evaluates the first point.
    void start();
    const Vector &x() const { return *x_; }
    const Vector &gradient() const { return *gradient_; }
    double value() const { return value_; }

    // How long the first step along -g is: to a point one away, or less.
    double first_step();
    // The step that lowers f as much, by its slope, as the latest one did.
    double step_like_latest(double slope) const;

    // Searches along d. Where a lower point is found it becomes this one, and trial and
    // trial_gradient hold the one before; else nothing changes but those two.
    LineResult search(const Vector &d, double slope, double first, const LineSettings &settings,
                      std::unique_ptr<Vector> &trial, std::unique_ptr<Vector> &trial_gradient);
    // After a search that found a point along d: the iteration is done. May stop the run.
    void iterate(const Vector &d, double a);
    // After a search along -g that found none: the run ends.
    [[noreturn]] void give_up(const LineResult &result);

    double latest_step() const { return latest_.a; }

  private:
    Minimization &run_;
    VectorSpace &space_;
    std::unique_ptr<Vector> &x_;
    std::unique_ptr<Vector> gradient_;
    double value_ = 0;
    LinePoint latest_{0, 0, 0};  // a, decrease, slope of the latest step
};

// Keys that several of them have.
constexpr KeyInfo kLineSearchKey{Key::line_search, "line_search", 0, 0, 5, true};
constexpr KeyInfo kC1Key{Key::c1, "c1", 1e-4, 0, 0.5};
constexpr KeyInfo kCurvatureEpsilonKey{Key::epsilon, "epsilon", 1e-10, 0, 1};
constexpr KeyInfo kCurvatureGuardKey{Key::curvature_guard, "curvature_guard", 0, 0, 1, true};

constexpr KeyInfo c2_key(double value) {
    return {Key::c2, "c2", value, 0, 1};
}

}  // namespace cnn

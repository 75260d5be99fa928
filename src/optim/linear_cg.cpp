// Linear conjugate gradients (Hedberg 156-161), plain and preconditioned.
#include "optim/linear_cg.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/text.h"

namespace cnn {

namespace {

constexpr double kTolerance = 1e-10;
// r^T r that can't be divided by.
constexpr double kTiny =
    std::numeric_limits<double>::min() / std::numeric_limits<double>::epsilon();

}  // namespace

LinearEnd conjugate_gradient(VectorSpace &space, const LinearSystem &system,
                             const LinearLimits &limits, const LinearWork &work, Vector &x,
                             LinearStep &step) {
    const bool preconditioned = static_cast<bool>(system.preconditioner);
    Vector &r = *work.r, &d = *work.d, &q = *work.q;
    Vector &z = preconditioned ? *work.z : r;
    step = {0, norm(space, r), 0};
    double rz = 0;
    while (true) {
        if (!std::isfinite(step.residual_norm)) return LinearEnd::not_finite;
        if (step.residual_norm <= limits.residual_norm ||
            step.residual_norm * step.residual_norm < kTiny)
            return LinearEnd::converged;
        if (step.iteration >= limits.iterations) return LinearEnd::iterations;
        if (preconditioned) system.preconditioner(r, z);
        const double rz_before = rz;
        rz = preconditioned ? space.dot(r, z) : step.residual_norm * step.residual_norm;
        if (!std::isfinite(rz)) return LinearEnd::not_finite;
        if (rz <= 0) return LinearEnd::indefinite;
        if (step.iteration == 0)
            space.copy(d, z);
        else
            space.combine(d, 1, z, rz / rz_before, d);
        system.product(d, q);
        const double curvature = space.dot(d, q);
        if (!std::isfinite(curvature)) return LinearEnd::not_finite;
        if (curvature <= 0) return LinearEnd::indefinite;
        const double a = rz / curvature;
        space.add(x, a, d);
        space.add(r, -a, q);
        step = {step.iteration + 1, norm(space, r), step.value - a * rz / 2};
        if (limits.watch) limits.watch(step);
    }
}

namespace {

class Solve {
  public:
    Solve(VectorSpace &space, const LinearSystem &system, const MinimizeOptions &options,
          MinimizeReport &report)
        : space_(space), system_(system), options_(options), report_(report) {}

    void run(const Vector &b, Vector &x) {
        const auto r = space_.create(), d = space_.create(), q = space_.create();
        const auto z = system_.preconditioner ? space_.create() : nullptr;
        LinearSystem counted = system_;
        counted.product = [this](const Vector &v, Vector &y) { product(v, y); };
        counted.product(x, *r);
        space_.combine(*r, 1, b, -1, *r);
        LinearLimits limits;
        const double tolerance =
            options_.gradient_tolerance == 0 ? kTolerance : options_.gradient_tolerance;
        limits.residual_norm = std::max(0.0, tolerance) * norm(space_, b);
        limits.iterations = options_.max_iterations == 0  ? 2 * space_.size()
                            : options_.max_iterations < 0 ? std::numeric_limits<int64_t>::max()
                                                          : options_.max_iterations;
        limits.watch = [this](const LinearStep &step) { watch(step); };
        LinearStep step{0, norm(space_, *r), 0};
        report_.gradient_norm = step.residual_norm;
        const LinearEnd end = conjugate_gradient(space_, counted, limits,
                                                 {r.get(), d.get(), q.get(), z.get()}, x, step);
        report_.reason = reason(end);
        if (end == LinearEnd::not_finite)
            fail(Status::not_finite, text("conjugate gradient: a product isn't finite after ",
                                          report_.iterations, " iterations"));
    }

  private:
    static StopReason reason(LinearEnd end) {
        switch (end) {
            case LinearEnd::converged:
                return StopReason::gradient;
            case LinearEnd::iterations:
                return StopReason::iterations;
            case LinearEnd::indefinite:
                return StopReason::no_decrease;
            case LinearEnd::not_finite:
                return StopReason::not_finite;
        }
        return StopReason::failed;
    }

    void product(const Vector &v, Vector &y) {
        system_.product(v, y);
        ++report_.products;
    }

    double seconds() const {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
    }

    void watch(const LinearStep &step) {
        report_.iterations = step.iteration;
        report_.gradient_norm = step.residual_norm;
        report_.value = step.value;
        report_.seconds = seconds();
        if (options_.progress) {
            MinimizeProgress progress{};
            progress.iteration = step.iteration;
            progress.value = step.value;
            progress.gradient_norm = step.residual_norm;
            progress.seconds = report_.seconds;
            if (!options_.progress(progress))
                fail(Status::cancelled,
                     text("conjugate gradient: cancelled by progress after iteration ",
                          step.iteration));
        }
        if (options_.seconds > 0 && report_.seconds >= options_.seconds)
            throw Stopped{StopReason::time};
    }

    VectorSpace &space_;
    const LinearSystem &system_;
    const MinimizeOptions &options_;
    MinimizeReport &report_;
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace

void solve_linear(VectorSpace &space, const LinearSystem &system, const Vector &b,
                  const MinimizeOptions &options, Vector &x, MinimizeReport &report) {
    report = {};
    report.reason = StopReason::failed;
    try {
        Solve(space, system, options, report).run(b, x);
    } catch (const Stopped &stopped) {
        report.reason = stopped.reason;
    } catch (const Error &error) {
        report.reason =
            error.status == Status::cancelled ? StopReason::cancelled : StopReason::not_finite;
        throw;
    }
}

}  // namespace cnn

// Minimising a host's function, and solving a host's linear system.
#include "api/minimize.h"

#include <algorithm>
#include <cmath>

#include "optim/host_objective.h"
#include "optim/linear_cg.h"

using namespace cnn;
using namespace cnn::api;

namespace cnn::api {

MinimizeOptions minimize_options(const cnn_minimize_options *given, const char *call) {
    MinimizeOptions options;
    if (!given) return options;
    check_reserved(given->reserved, call);
    for (double value : {given->gradient_tolerance, given->step_tolerance, given->value_tolerance,
                         given->seconds, given->stall_tolerance})
        if (std::isnan(value)) fail(Status::out_of_range, text(call, ": a tolerance is NaN"));
    options.gradient_tolerance = given->gradient_tolerance;
    options.step_tolerance = given->step_tolerance;
    options.value_tolerance = given->value_tolerance;
    options.max_iterations = given->max_iterations;
    options.max_evaluations = given->max_evaluations;
    options.seconds = given->seconds;
    options.stall_iterations = given->stall_iterations;
    options.stall_tolerance = given->stall_tolerance;
    if (given->then) options.then = &given->then->optimizer;
    if (given->progress)
        options.progress = [function = given->progress,
                            user = given->user](const MinimizeProgress &from) {
            cnn_minimize_progress progress{};
            progress.iteration = from.iteration;
            progress.evaluations = from.evaluations;
            progress.gradient_evaluations = from.gradient_evaluations;
            progress.value = from.value;
            progress.gradient_norm = from.gradient_norm;
            progress.step_norm = from.step_norm;
            progress.damping = from.damping;
            progress.seconds = from.seconds;
            return function(&progress, user) == 0;
        };
    return options;
}

void write_report(const MinimizeReport &from, cnn_minimize_report *report) {
    if (!report) return;
    *report = {};
    report->reason = static_cast<cnn_stop>(from.reason);
    report->iterations = from.iterations;
    report->evaluations = from.evaluations;
    report->gradient_evaluations = from.gradient_evaluations;
    report->products = from.products;
    report->restarts = from.restarts;
    report->handed_over = from.handed_over;
    report->rank = from.rank;
    report->start_value = from.start_value;
    report->value = from.value;
    report->gradient_norm = from.gradient_norm;
    report->step_norm = from.step_norm;
    report->damping = from.damping;
    report->condition = from.condition;
    report->seconds = from.seconds;
}

InCallback::InCallback(Optimizer *optimizer)
    : optimizer_(optimizer && !optimizer->minimizing() ? optimizer : nullptr),
      within_another_(optimizer && optimizer->in_callback()) {
    if (!optimizer_) return;
    optimizer_->set_in_callback(true);
    optimizer_->set_minimizing(true);
}

InCallback::~InCallback() {
    if (!optimizer_) return;
    optimizer_->set_in_callback(within_another_);
    optimizer_->set_minimizing(false);
}

void out_of_memory(const char *call, int64_t n) {
    fail(Status::out_of_memory, text(call, ": out of memory with ", n, " parameters"));
}

}  // namespace cnn::api

namespace {

// Half a tebibyte a vector; more is no size to ask an allocator for.
constexpr int64_t kMostParameters = int64_t{1} << 36;

HostProblem host_problem(const cnn_problem &given) {
    check_reserved(given.reserved, "minimize");
    check_reserved(given.reserved32, "minimize");
    if (given.parameters < 1 || given.parameters > kMostParameters)
        fail(Status::out_of_range, text("minimize: parameters is ", given.parameters,
                                        ", but must be 1 to ", kMostParameters));
    if (!given.function == !given.residual_function)
        fail(Status::invalid_argument,
             text("minimize: function and residual_function are both ",
                  given.function ? "given" : "NULL", ", but one of them must be given"));
    HostProblem problem;
    problem.parameters = given.parameters;
    problem.numeric = given.numeric_derivatives != 0;
    if (given.function) {
        problem.value = [function = given.function, n = given.parameters, user = given.user](
                            const double *x, double *value, double *gradient) {
            return function(n, x, value, gradient, user) == 0;
        };
        return problem;
    }
    problem.residuals = given.residuals;
    problem.group = given.residual_group == 0 ? 1 : given.residual_group;
    if (given.residuals < 1 || given.residuals > kMostParameters)
        fail(Status::out_of_range, text("minimize: residuals is ", given.residuals,
                                        ", but must be 1 to ", kMostParameters));
    if (problem.group < 1 || given.residuals % problem.group != 0)
        fail(Status::out_of_range, text("minimize: residual_group is ", given.residual_group,
                                        ", but must divide residuals, ", given.residuals));
    problem.residual = [function = given.residual_function, m = given.residuals,
                        n = given.parameters,
                        user = given.user](const double *x, double *residuals, double *jacobian) {
        return function(m, n, x, residuals, jacobian, user) == 0;
    };
    return problem;
}

void minimize_host(HostProblem problem, const Optimizer &optimizer, const MinimizeOptions &options,
                   double *x, cnn_minimize_report *report) {
    HostObjective objective(std::move(problem));
    VectorSpace &space = objective.space();
    auto point = space.create();
    const std::span<double> values(x, static_cast<size_t>(space.size()));
    space.write(*point, values);
    MinimizeReport result;
    try {
        minimize(objective, optimizer, options, point, result);
    } catch (...) {
        space.read(*point, values);
        write_report(result, report);
        throw;
    }
    space.read(*point, values);
    write_report(result, report);
}

void solve_host(int64_t n, const LinearSystem &system, const double *b, double *x,
                const MinimizeOptions &options, cnn_minimize_report *report) {
    HostVectorSpace space(n);
    const auto right = space.create(), solution = space.create();
    const std::span<double> values(x, static_cast<size_t>(n));
    space.write(*right, {b, static_cast<size_t>(n)});
    space.write(*solution, values);
    MinimizeReport result;
    try {
        solve_linear(space, system, *right, options, *solution, result);
    } catch (...) {
        space.read(*solution, values);
        write_report(result, report);
        throw;
    }
    space.read(*solution, values);
    write_report(result, report);
}

}  // namespace

extern "C" {

cnn_status cnn_minimize(cnn_optimizer *optimizer, const cnn_problem *problem, double *x,
                        const cnn_minimize_options *options, cnn_minimize_report *report,
                        cnn_error *error) {
    return guard(error, [&] {
        Optimizer &first = need(optimizer, "minimize", "optimizer").optimizer;
        HostProblem host = host_problem(need(problem, "minimize", "problem"));
        need(x, "minimize", "x");
        if (options && (options->tensors || options->tensor_count != 0))
            fail(Status::invalid_argument, "minimize: a problem has no tensors to name");
        const MinimizeOptions checked = minimize_options(options, "minimize");
        const InCallback first_busy(&first);
        const InCallback then_busy(options && options->then ? &options->then->optimizer : nullptr);
        naming_memory("minimize", host.parameters,
                      [&] { minimize_host(std::move(host), first, checked, x, report); });
    });
}

cnn_status cnn_conjugate_gradient(int64_t n, cnn_product_function product,
                                  cnn_product_function preconditioner, void *user, const double *b,
                                  double *x, const cnn_minimize_options *options,
                                  cnn_minimize_report *report, cnn_error *error) {
    constexpr const char *kCall = "conjugate gradient";
    return guard(error, [&] {
        if (n < 1 || n > kMostParameters)
            fail(Status::out_of_range,
                 text(kCall, ": n is ", n, ", but must be 1 to ", kMostParameters));
        if (!product) fail(Status::invalid_argument, text(kCall, ": product is NULL"));
        need(b, kCall, "b");
        need(x, kCall, "x");
        const MinimizeOptions checked = minimize_options(options, kCall);
        const auto call = [&](cnn_product_function function, const char *name) {
            return [=](const Vector &v, Vector &y) {
                if (function(n, elements(v).data(), elements(y).data(), user) != 0)
                    fail(Status::cancelled, text(kCall, ": cancelled by ", name));
            };
        };
        LinearSystem system;
        system.product = call(product, "product");
        if (preconditioner) system.preconditioner = call(preconditioner, "preconditioner");
        naming_memory(kCall, n, [&] { solve_host(n, system, b, x, checked, report); });
    });
}

}  // extern "C"

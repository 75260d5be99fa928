// Evaluations that L-BFGS, BFGS and nonlinear CG take on the functions of More, Garbow and
// Hillstrom, beside liblbfgs where that is installed: all until the same test on the gradient,
// max |g_i| <= 1e-5, or their own end.
//
//   minimize_mgh [history]    of both L-BFGS, default 6
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <cnn/cnn.h>

#include "mgh.h"
#ifdef CNN_BENCH_LBFGS
#include <lbfgs.h>
#endif

namespace {

constexpr double kTolerance = 1e-5;
constexpr int kMostEvaluations = 20000;

struct Outcome {
    int64_t evaluations = 0;
    double value = 0;
    bool converged = false;  // by the test
};

struct Call {
    const mgh::Function *function;
    Outcome outcome;

    double operator()(const double *x, double *gradient) {
        const double value = mgh::evaluate(*function, x, gradient);
        ++outcome.evaluations;
        return value;
    }
    // What the run is stopped by.
    bool judge(double value, double steepest) {
        outcome.value = value;
        outcome.converged = steepest <= kTolerance;
        return outcome.converged;
    }
};

Outcome by_libcnn(const mgh::Function &function, cnn_optimizer_kind kind, int history) {
    Call call{&function, {}};
    cnn_problem problem{};
    problem.parameters = static_cast<int64_t>(function.start.size());
    problem.user = &call;
    problem.function = [](int64_t, const double *x, double *value, double *gradient, void *user) {
        *value = (*static_cast<Call *>(user))(x, gradient);
        return 0;
    };
    cnn_minimize_options options{};
    options.gradient_tolerance = -1;
    options.max_iterations = -1;
    options.max_evaluations = kMostEvaluations;
    options.user = &call;
    options.progress = [](const cnn_minimize_progress *at, void *user) {
        return static_cast<Call *>(user)->judge(at->value, at->gradient_norm) ? 1 : 0;
    };
    std::vector<double> x = function.start;
    cnn_optimizer *optimizer = cnn_optimizer_create(kind);
    cnn_optimizer_set(optimizer, CNN_HISTORY, history, nullptr);
    cnn_minimize(optimizer, &problem, x.data(), &options, nullptr, nullptr);
    cnn_optimizer_destroy(optimizer);
    return call.outcome;
}

#ifdef CNN_BENCH_LBFGS
Outcome by_liblbfgs(const mgh::Function &function, int history) {
    Call call{&function, {}};
    lbfgs_parameter_t parameters;
    lbfgs_parameter_init(&parameters);
    parameters.m = history;
    parameters.epsilon = 0;
    parameters.max_iterations = 0;
    std::vector<double> x = function.start;
    const auto evaluate = [](void *user, const lbfgsfloatval_t *at, lbfgsfloatval_t *gradient,
                             const int, const lbfgsfloatval_t) -> lbfgsfloatval_t {
        return (*static_cast<Call *>(user))(at, gradient);
    };
    const auto progress = [](void *user, const lbfgsfloatval_t *, const lbfgsfloatval_t *g,
                             const lbfgsfloatval_t value, const lbfgsfloatval_t,
                             const lbfgsfloatval_t, const lbfgsfloatval_t, int n, int, int) -> int {
        double steepest = 0;
        for (int i = 0; i < n; ++i) steepest = std::max(steepest, std::abs(g[i]));
        auto &run = *static_cast<Call *>(user);
        return run.judge(value, steepest) || run.outcome.evaluations >= kMostEvaluations ? 1 : 0;
    };
    lbfgs(static_cast<int>(x.size()), x.data(), nullptr, evaluate, progress, &call, &parameters);
    return call.outcome;
}
#else
Outcome by_liblbfgs(const mgh::Function &, int) {
    return {};
}
#endif

bool near_minimum(const mgh::Function &function, double value) {
    return std::any_of(function.minima.begin(), function.minima.end(), [&](double minimum) {
        return std::abs(value - minimum) <= 1e-4 * minimum + 1e-7;
    });
}

}  // namespace

int main(int argc, char **argv) {
    const int history = argc > 1 ? std::max(1, std::atoi(argv[1])) : 6;
    const char *names[] = {"lbfgs", "liblbfgs", "bfgs", "cg"};
    std::printf("%-24s", "evaluations (value)");
    for (const char *name : names) std::printf("%18s", name);
    std::printf("\n");
    int64_t totals[4] = {}, both[2] = {};
    int solved[4] = {};
    for (const mgh::Function &function : mgh::functions()) {
        const Outcome outcomes[] = {
            by_libcnn(function, CNN_LBFGS, history), by_liblbfgs(function, history),
            by_libcnn(function, CNN_BFGS, history), by_libcnn(function, CNN_NONLINEAR_CG, history)};
        std::printf("%2d %-21s", function.number, function.name.c_str());
        for (int i = 0; i < 4; ++i) {
            const bool good = outcomes[i].converged;
            std::printf("%6lld%c(%9.3g)", static_cast<long long>(outcomes[i].evaluations),
                        !good                                       ? '!'
                        : near_minimum(function, outcomes[i].value) ? ' '
                                                                    : '*',
                        outcomes[i].value);
            totals[i] += outcomes[i].evaluations;
            solved[i] += good;
        }
        if (outcomes[0].converged && outcomes[1].converged)
            for (int i = 0; i < 2; ++i) both[i] += outcomes[i].evaluations;
        std::printf("\n");
    }
    std::printf("%-24s", "total");
    for (int64_t total : totals) std::printf("%18lld", static_cast<long long>(total));
    std::printf("\n%-24s", "solved");
    for (int count : solved) std::printf("%18d", count);
    std::printf("\n%-24s%18lld%18lld\n", "total where both do", static_cast<long long>(both[0]),
                static_cast<long long>(both[1]));
    std::printf("! the gradient's test isn't met   * met elsewhere than at a published minimum\n");
}

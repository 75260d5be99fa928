// BFGS, L-BFGS and nonlinear CG on the functions of More, Garbow and Hillstrom: the published
// minima.
#include <algorithm>
#include <cmath>
#include <vector>

#include "mgh.h"
#include "real_data.h"

namespace {

int32_t call(int64_t, const double *x, double *value, double *gradient, void *user) {
    *value = mgh::evaluate(*static_cast<const mgh::Function *>(user), x, gradient);
    return 0;
}

// Any of the published minima will do, also one that is the least in its region alone.
bool published(const mgh::Function &function, double value) {
    return std::any_of(function.minima.begin(), function.minima.end(), [&](double minimum) {
        return std::abs(value - minimum) <= 1e-4 * minimum + 1e-9;
    });
}

struct Missed {
    cnn_optimizer_kind kind;
    int number;
    double value;  // where it ends instead, to a factor of 10
    cnn_stop reason;
};

// Rows that don't come as near to a published minimum as `published` wants. Gulf (11) has its
// minimum 0 in a valley so flat that the gradient is within its tolerance at 5e-8; CG is still on
// its way there after 5000 iterations. The others are CG's alone, in valleys too narrow for it: the
// minimum 0 of Powell's (3) and Brown's (4) badly scaled functions, Meyer's (10) 87.9458 and
// Osborne's first (17) 5.46489e-5, each the only one published.
const std::vector<Missed> kMissed = {
    {CNN_BFGS, 11, 4.8e-8, CNN_STOP_GRADIENT},
    {CNN_LBFGS, 11, 4.7e-8, CNN_STOP_GRADIENT},
    {CNN_NONLINEAR_CG, 11, 9.8e-8, CNN_STOP_ITERATIONS},
    {CNN_NONLINEAR_CG, 3, 7.9e-9, CNN_STOP_STEP},
    {CNN_NONLINEAR_CG, 4, 8e-6, CNN_STOP_STEP},
    {CNN_NONLINEAR_CG, 10, 86531.6, CNN_STOP_ITERATIONS},
    {CNN_NONLINEAR_CG, 17, 5.475e-5, CNN_STOP_ITERATIONS},
};

const Missed *missed(cnn_optimizer_kind kind, int number) {
    const auto row = std::find_if(kMissed.begin(), kMissed.end(), [&](const Missed &m) {
        return m.kind == kind && m.number == number;
    });
    return row == kMissed.end() ? nullptr : &*row;
}

// It is where the table says: at a published minimum unless it's known to miss them, and then still
// there, so that getting better takes a row away, and getting worse shows.
bool as_expected(cnn_optimizer_kind kind, const mgh::Function &function,
                 const cnn_minimize_report &report) {
    const bool there = published(function, report.value);
    const Missed *row = missed(kind, function.number);
    if (!row) return there;
    return !there && report.reason == row->reason && report.value >= row->value / 10 &&
           report.value <= row->value * 10;
}

void reaches_published_minima(cnn_optimizer_kind kind) {
    cnn_optimizer *optimizer = cnn_optimizer_create(kind);
    bool good = true;
    for (const mgh::Function &function : mgh::functions()) {
        cnn_problem problem{};
        problem.parameters = static_cast<int64_t>(function.start.size());
        problem.function = call;
        problem.user = const_cast<mgh::Function *>(&function);
        cnn_minimize_options options{};
        options.max_iterations = 5000;
        std::vector<double> x = function.start;
        cnn_minimize_report report{};
        cnn_error error{};
        check(cnn_minimize(optimizer, &problem, x.data(), &options, &report, &error), &error);
        // The report tells the truth of x.
        const double value = mgh::evaluate(function, x.data(), nullptr);
        if (value != report.value)
            fail_msg("%s: %g is not %g", function.name.c_str(), value, report.value);
        if (as_expected(kind, function, report)) continue;
        printf("%s: %.12g after %lld evaluations, stopped by %d\n", function.name.c_str(),
               report.value, static_cast<long long>(report.evaluations), report.reason);
        good = false;
    }
    cnn_optimizer_destroy(optimizer);
    assert_true(good);
}

void mgh_bfgs_reaches_published_minima(void **) {
    reaches_published_minima(CNN_BFGS);
}
void mgh_lbfgs_reaches_published_minima(void **) {
    reaches_published_minima(CNN_LBFGS);
}
void mgh_cg_reaches_published_minima(void **) {
    reaches_published_minima(CNN_NONLINEAR_CG);
}

// The functions themselves: central differences agree with the derivatives they carry.
void mgh_gradients_are_right(void **) {
    for (const mgh::Function &function : mgh::functions()) {
        std::vector<double> x = function.start, g(x.size());
        for (size_t i = 0; i < x.size(); ++i) x[i] += 1e-3 * static_cast<double>(i + 1);
        mgh::evaluate(function, x.data(), g.data());
        const double steepest = std::abs(*std::max_element(
            g.begin(), g.end(), [](double a, double b) { return std::abs(a) < std::abs(b); }));
        for (size_t i = 0; i < x.size(); ++i) {
            const double at = x[i], h = 1e-5 * std::max(1e-2, std::abs(at));
            x[i] = at + h;
            const double up = mgh::evaluate(function, x.data(), nullptr);
            x[i] = at - h;
            const double down = mgh::evaluate(function, x.data(), nullptr);
            x[i] = at;
            if (std::abs((up - down) / (2 * h) - g[i]) > 1e-4 * steepest)
                fail_msg("%s, %d", function.name.c_str(), static_cast<int>(i));
        }
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(mgh_gradients_are_right),
        cmocka_unit_test(mgh_bfgs_reaches_published_minima),
        cmocka_unit_test(mgh_lbfgs_reaches_published_minima),
        cmocka_unit_test(mgh_cg_reaches_published_minima),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}

/* Optimizers of a host's function: line searches, conjugate gradients, quasi-Newton and least
 * squares methods on problems whose answers are known, and every kind of trouble. */
#include <math.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "public.h"

static cnn_optimizer *make(cnn_optimizer_kind kind) {
    cnn_optimizer *optimizer = cnn_optimizer_create(kind);
    assert_non_null(optimizer);
    return optimizer;
}

static void set(cnn_optimizer *optimizer, cnn_key key, double value) {
    OK(cnn_optimizer_set(optimizer, key, value, &err));
}

/* ---- Problems ---- */

static int32_t rosenbrock(int64_t n, const double *x, double *value, double *gradient, void *user) {
    (void)n, (void)user;
    const double a = 1 - x[0], b = x[1] - x[0] * x[0];
    *value = a * a + 100 * b * b;
    if (gradient) {
        gradient[0] = -2 * a - 400 * x[0] * b;
        gradient[1] = 200 * b;
    }
    return 0;
}

static int32_t rosenbrock_residuals(int64_t m, int64_t n, const double *x, double *r, double *j,
                                    void *user) {
    (void)m, (void)n, (void)user;
    r[0] = 10 * (x[1] - x[0] * x[0]);
    r[1] = 1 - x[0];
    if (j) {
        j[0] = -20 * x[0];
        j[1] = 10;
        j[2] = -1;
        j[3] = 0;
    }
    return 0;
}

/* x^T A x / 2 - b^T x with a tridiagonal A: diagonal i + 3, beside it -1; b all ones. */
enum { SIZE = 8 };

static int32_t product(int64_t n, const double *v, double *y, void *user) {
    (void)user;
    for (int64_t i = 0; i < n; i++)
        y[i] = (double)(i + 3) * v[i] - (i > 0 ? v[i - 1] : 0) - (i + 1 < n ? v[i + 1] : 0);
    return 0;
}

static int32_t quadratic(int64_t n, const double *x, double *value, double *gradient, void *user) {
    double y[SIZE];
    product(n, x, y, user);
    *value = 0;
    for (int64_t i = 0; i < n; i++) {
        *value += x[i] * y[i] / 2 - x[i];
        if (gradient) gradient[i] = y[i] - 1;
    }
    return 0;
}

static cnn_problem of(int64_t n,
                      int32_t (*function)(int64_t, const double *, double *, double *, void *)) {
    cnn_problem problem;
    memset(&problem, 0, sizeof problem);
    problem.parameters = n;
    problem.function = function;
    return problem;
}

static cnn_problem of_residuals(int64_t m, int64_t n,
                                int32_t (*function)(int64_t, int64_t, const double *, double *,
                                                    double *, void *)) {
    cnn_problem problem;
    memset(&problem, 0, sizeof problem);
    problem.parameters = n;
    problem.residuals = m;
    problem.residual_function = function;
    return problem;
}

/* ---- Line searches ---- */

/* sin(x) + x^2 / 20 has its minimum in (-pi, 0) at -1.42755... */
static int32_t wave(int64_t n, const double *x, double *value, double *gradient, void *user) {
    (void)n, (void)user;
    *value = sin(x[0]) + x[0] * x[0] / 20;
    if (gradient) gradient[0] = cos(x[0]) + x[0] / 10;
    return 0;
}

static void h119_exact_searches_find_the_minimum_along_the_gradient(void **state) {
    (void)state;
    const double starts[] = {-2.8, -0.9, 0.3, -1.5};
    for (cnn_line_search search = CNN_SEARCH_GOLDEN; search <= CNN_SEARCH_BRENT_SLOPE; search++)
        for (int i = 0; i < LENGTH(starts); i++) {
            cnn_optimizer *descent = make(CNN_GRADIENT_DESCENT);
            set(descent, CNN_LINE_SEARCH, search);
            const cnn_problem problem = of(1, wave);
            double x = starts[i];
            OK(cnn_minimize(descent, &problem, &x, &(cnn_minimize_options){.max_iterations = 1},
                            NULL, &err));
            NEAR(cos(x) + x / 10, 0, 2e-3);
            NEAR(x, -1.42755, 2e-3);
            cnn_optimizer_destroy(descent);
        }
}

static void h187_190_inexact_searches_keep_their_conditions(void **state) {
    (void)state;
    const cnn_line_search searches[] = {CNN_SEARCH_STRONG_WOLFE, CNN_SEARCH_WOLFE,
                                        CNN_SEARCH_ARMIJO};
    for (int s = 0; s < LENGTH(searches); s++)
        for (double start = -6; start < 6; start += 0.37)
            for (int tight = 0; tight < 2; tight++) {
                const double c1 = tight ? 1e-2 : 1e-4, c2 = tight ? 0.05 : 0.9;
                cnn_optimizer *descent = make(CNN_GRADIENT_DESCENT);
                set(descent, CNN_LINE_SEARCH, searches[s]);
                set(descent, CNN_C1, c1);
                set(descent, CNN_C2, c2);
                const cnn_problem problem = of(1, wave);
                double x = start, f0, g0, f1, g1;
                wave(1, &x, &f0, &g0, NULL);
                OK(cnn_minimize(descent, &problem, &x, &(cnn_minimize_options){.max_iterations = 1},
                                NULL, &err));
                wave(1, &x, &f1, &g1, NULL);
                const double a = (x - start) / -g0, slope = -g0 * g0;
                assert_true(a > 0);
                assert_true(f1 <= f0 + c1 * a * slope + 1e-15);
                if (searches[s] == CNN_SEARCH_WOLFE) assert_true(-g1 * g0 >= c2 * slope - 1e-12);
                if (searches[s] == CNN_SEARCH_STRONG_WOLFE)
                    assert_true(fabs(g1 * g0) <= c2 * fabs(slope) + 1e-12);
                cnn_optimizer_destroy(descent);
            }
}

/* ---- Conjugate gradients ---- */

static int32_t divide_by_diagonal(int64_t n, const double *v, double *y, void *user) {
    (void)user;
    for (int64_t i = 0; i < n; i++) y[i] = v[i] / (double)(i + 3);
    return 0;
}

static int32_t indefinite(int64_t n, const double *v, double *y, void *user) {
    (void)user;
    for (int64_t i = 0; i < n; i++) y[i] = i == 2 ? -v[i] : v[i];
    return 0;
}

static int32_t cancel_product(int64_t n, const double *v, double *y, void *user) {
    (void)n, (void)v, (void)y, (void)user;
    return 1;
}

static void h156_161_linear_cg_is_exact_in_n_steps(void **state) {
    (void)state;
    double b[SIZE], x[SIZE] = {3, -1}, y[SIZE];
    for (int i = 0; i < SIZE; i++) b[i] = 1;
    cnn_minimize_report report, preconditioned;
    OK(cnn_conjugate_gradient(SIZE, product, NULL, NULL, b, x,
                              &(cnn_minimize_options){.gradient_tolerance = 1e-13}, &report, &err));
    assert_int_equal(report.reason, CNN_STOP_GRADIENT);
    assert_true(report.iterations <= SIZE);
    assert_int_equal(report.products, report.iterations + 1);
    product(SIZE, x, y, NULL);
    for (int i = 0; i < SIZE; i++) NEAR(y[i], 1, 1e-12);

    /* With the diagonal it needs fewer steps to the same residual. */
    memset(x, 0, sizeof x);
    OK(cnn_conjugate_gradient(SIZE, product, NULL, NULL, b, x,
                              &(cnn_minimize_options){.gradient_tolerance = 1e-6}, &report, &err));
    memset(x, 0, sizeof x);
    OK(cnn_conjugate_gradient(SIZE, product, divide_by_diagonal, NULL, b, x,
                              &(cnn_minimize_options){.gradient_tolerance = 1e-6}, &preconditioned,
                              &err));
    assert_true(preconditioned.iterations < report.iterations);
}

static void linear_cg_in_trouble(void **state) {
    (void)state;
    double b[SIZE], x[SIZE] = {0};
    for (int i = 0; i < SIZE; i++) b[i] = i == 2 ? 5 : 1;
    cnn_minimize_report report;
    OK(cnn_conjugate_gradient(SIZE, indefinite, NULL, NULL, b, x, NULL, &report, &err));
    assert_int_equal(report.reason, CNN_STOP_NO_DECREASE);
    FAILS(CNN_CANCELLED,
          cnn_conjugate_gradient(SIZE, cancel_product, NULL, NULL, b, x, NULL, &report, &err));
    assert_int_equal(report.reason, CNN_STOP_CANCELLED);
    OK(cnn_conjugate_gradient(SIZE, product, NULL, NULL, b, x,
                              &(cnn_minimize_options){.max_iterations = 2}, &report, &err));
    assert_int_equal(report.reason, CNN_STOP_ITERATIONS);
    b[3] = NAN;
    FAILS(CNN_NOT_FINITE,
          cnn_conjugate_gradient(SIZE, product, NULL, NULL, b, x, NULL, &report, &err));
    memset(b, 0, sizeof b);
    memset(x, 0, sizeof x);
    OK(cnn_conjugate_gradient(SIZE, product, NULL, NULL, b, x, NULL, &report, &err));
    assert_int_equal(report.iterations, 0);
    FAILS(CNN_INVALID_ARGUMENT,
          cnn_conjugate_gradient(SIZE, NULL, NULL, NULL, b, x, NULL, &report, &err));
    FAILS(CNN_OUT_OF_RANGE,
          cnn_conjugate_gradient(0, product, NULL, NULL, b, x, NULL, &report, &err));
}

static void h164_169_cg_on_a_quadratic_takes_n_steps(void **state) {
    (void)state;
    for (int update = 0; update < 2; update++) {
        cnn_optimizer *cg = make(CNN_NONLINEAR_CG);
        set(cg, CNN_CG_UPDATE, update);
        set(cg, CNN_LINE_SEARCH, CNN_SEARCH_BRENT_SLOPE);
        set(cg, CNN_RESTART, 1000);
        const cnn_problem problem = of(SIZE, quadratic);
        double x[SIZE] = {0};
        cnn_minimize_report report;
        OK(cnn_minimize(cg, &problem, x, &(cnn_minimize_options){.gradient_tolerance = 1e-5},
                        &report, &err));
        assert_int_equal(report.reason, CNN_STOP_GRADIENT);
        assert_true(report.iterations <= SIZE + 1);
        cnn_optimizer_destroy(cg);
    }
}

/* ---- All of them ---- */

static void every_optimizer_solves_rosenbrock_by_every_search(void **state) {
    (void)state;
    const cnn_optimizer_kind kinds[] = {CNN_NONLINEAR_CG, CNN_BFGS, CNN_LBFGS,
                                        CNN_LEVENBERG_MARQUARDT, CNN_GAUSS_NEWTON_CG};
    for (int k = 0; k < LENGTH(kinds); k++)
        for (cnn_line_search search = 0; search <= CNN_SEARCH_BRENT_SLOPE; search++) {
            cnn_optimizer *optimizer = make(kinds[k]);
            const int has = !cnn_optimizer_set(optimizer, CNN_LINE_SEARCH, search, NULL);
            cnn_problem problem = of_residuals(2, 2, rosenbrock_residuals);
            double x[] = {-1.2, 1};
            cnn_minimize_report report;
            /* Without a condition on the slope CG's directions are poor. */
            if ((has || search == 0) && !(k == 0 && search == CNN_SEARCH_ARMIJO)) {
                OK(cnn_minimize(optimizer, &problem, x, NULL, &report, &err));
                assert_int_equal(report.reason, CNN_STOP_GRADIENT);
                NEAR(x[0], 1, 1e-6);
                NEAR(x[1], 1, 1e-6);
                NEAR(report.value, 0, 1e-14);
                NEAR(report.start_value, 12.1, 1e-12);
            }
            cnn_optimizer_destroy(optimizer);
        }
}

static void options_of_the_optimizers_lead_to_the_same_minimum(void **state) {
    (void)state;
    const struct {
        cnn_optimizer_kind kind;
        cnn_key key;
        double value;
    } rows[] = {
        {CNN_BFGS, CNN_INITIAL_HESSIAN, 1},
        {CNN_BFGS, CNN_INITIAL_HESSIAN, 2},
        {CNN_BFGS, CNN_CURVATURE_GUARD, 1},
        {CNN_LBFGS, CNN_CURVATURE_GUARD, 1},
        {CNN_LBFGS, CNN_HISTORY, 1},
        {CNN_LBFGS, CNN_HISTORY, 100},
        {CNN_NONLINEAR_CG, CNN_CG_UPDATE, 1},
        {CNN_NONLINEAR_CG, CNN_PRECONDITIONER, 1},
        {CNN_NONLINEAR_CG, CNN_RESTART, 3},
        {CNN_GAUSS_NEWTON_CG, CNN_CG_TOLERANCE, 1e-10},
        {CNN_GAUSS_NEWTON_CG, CNN_DAMPING, 10},
        {CNN_LEVENBERG_MARQUARDT, CNN_DAMPING, 100},
        {CNN_LEVENBERG_MARQUARDT, CNN_NORM_RESIDUAL, 1},
    };
    for (int i = 0; i < LENGTH(rows); i++) {
        cnn_optimizer *optimizer = make(rows[i].kind);
        set(optimizer, rows[i].key, rows[i].value);
        const cnn_problem problem = of_residuals(2, 2, rosenbrock_residuals);
        double x[] = {-1.2, 1};
        OK(cnn_minimize(optimizer, &problem, x, &(cnn_minimize_options){.max_iterations = 5000},
                        NULL, &err));
        NEAR(x[0], 1, 1e-5);
        NEAR(x[1], 1, 1e-5);
        cnn_optimizer_destroy(optimizer);
    }
}

/* Negative curvature on the way: backtracking leads quasi-Newton updates into y^T s < 0. */
static int32_t double_well(int64_t n, const double *x, double *value, double *gradient,
                           void *user) {
    (void)n, (void)user;
    *value = pow(x[0] * x[0] - 1, 2) + x[1] * x[1];
    if (gradient) {
        gradient[0] = 4 * x[0] * (x[0] * x[0] - 1);
        gradient[1] = 2 * x[1];
    }
    return 0;
}

static void h177_updates_without_curvature_are_skipped_or_damped(void **state) {
    (void)state;
    const cnn_optimizer_kind kinds[] = {CNN_BFGS, CNN_LBFGS};
    for (int k = 0; k < 2; k++)
        for (int guard = 0; guard < 2; guard++) {
            cnn_optimizer *optimizer = make(kinds[k]);
            set(optimizer, CNN_LINE_SEARCH, CNN_SEARCH_ARMIJO);
            set(optimizer, CNN_CURVATURE_GUARD, guard);
            const cnn_problem problem = of(2, double_well);
            double x[] = {1e-3, 2};
            OK(cnn_minimize(optimizer, &problem, x, NULL, NULL, &err));
            NEAR(fabs(x[0]), 1, 1e-6);
            NEAR(x[1], 0, 1e-6);
            cnn_optimizer_destroy(optimizer);
        }
}

static void h8_options_of_gradient_descent(void **state) {
    (void)state;
    const cnn_problem problem = of(SIZE, quadratic);
    cnn_minimize_report plain, averaged, periodic;
    cnn_optimizer *descent = make(CNN_GRADIENT_DESCENT);
    double x[SIZE] = {0};
    OK(cnn_minimize(descent, &problem, x, NULL, &plain, &err));
    assert_int_equal(plain.reason, CNN_STOP_GRADIENT);
    set(descent, CNN_AVERAGE, 0.5);
    memset(x, 0, sizeof x);
    OK(cnn_minimize(descent, &problem, x, NULL, &averaged, &err));
    NEAR(averaged.value, plain.value, 1e-12);
    set(descent, CNN_AVERAGE, 0);
    set(descent, CNN_SEARCH_PERIOD, 5);
    memset(x, 0, sizeof x);
    OK(cnn_minimize(descent, &problem, x, NULL, &periodic, &err));
    NEAR(periodic.value, plain.value, 1e-12);
    cnn_optimizer_destroy(descent);
}

static void h8_one_optimizer_hands_over_to_another(void **state) {
    (void)state;
    cnn_optimizer *first = make(CNN_GRADIENT_DESCENT), *then = make(CNN_BFGS);
    const cnn_problem problem = of(2, rosenbrock);
    double x[] = {-1.2, 1};
    cnn_minimize_report report;
    const cnn_minimize_options options = {
        .then = then, .stall_iterations = 5, .stall_tolerance = 0.5};
    OK(cnn_minimize(first, &problem, x, &options, &report, &err));
    assert_true(report.handed_over >= 5);
    assert_true(report.iterations > report.handed_over);
    assert_int_equal(report.reason, CNN_STOP_GRADIENT);
    NEAR(x[0], 1, 1e-6);
    cnn_optimizer_destroy(first);
    cnn_optimizer_destroy(then);
}

/* f = c x^2 / 2 */
static int32_t parabola(int64_t n, const double *x, double *value, double *gradient, void *user) {
    const double c = *(const double *)user;
    (void)n;
    *value = c * x[0] * x[0] / 2;
    if (gradient) gradient[0] = c * x[0];
    return 0;
}

static void n12_heun_is_stable_as_gradient_descent_is(void **state) {
    (void)state;
    cnn_optimizer *heun = make(CNN_HEUN);
    set(heun, CNN_LEARNING_RATE, 0.1);
    for (int unstable = 0; unstable < 2; unstable++) {
        double c = unstable ? 20.5 : 19.5, x = 1; /* a c of 2.05 or 1.95 */
        cnn_problem problem = of(1, parabola);
        problem.user = &c;
        cnn_minimize_report report;
        OK(cnn_minimize(heun, &problem, &x, &(cnn_minimize_options){.max_iterations = 400}, &report,
                        &err));
        /* x grows by 1 - ac + (ac)^2 / 2 a step, and the best point is kept. */
        if (unstable) assert_true(x == 1);
        if (!unstable) assert_true(x < 1e-7);
    }
    cnn_optimizer_destroy(heun);
}

/* g(x - a g(x)) = -g(x): no step, and no minimum. */
static void n12_heun_tells_gradients_that_cancel_from_a_minimum(void **state) {
    (void)state;
    cnn_optimizer *heun = make(CNN_HEUN);
    set(heun, CNN_LEARNING_RATE, 0.125);
    double c = 16, x = 1;
    cnn_problem problem = of(1, parabola);
    problem.user = &c;
    cnn_minimize_report report;
    OK(cnn_minimize(heun, &problem, &x, NULL, &report, &err));
    assert_int_equal(report.reason, CNN_STOP_NO_DECREASE);
    NEAR(report.gradient_norm, 16, 0);
    /* By its step alone it ends at a minimum. */
    c = 8;
    x = 1;
    OK(cnn_minimize(heun, &problem, &x,
                    &(cnn_minimize_options){.gradient_tolerance = -1, .step_tolerance = 2}, &report,
                    &err));
    assert_int_equal(report.reason, CNN_STOP_STEP);
    cnn_optimizer_destroy(heun);
}

/* rosenbrock of x turned by the angle *user */
static int32_t turned(int64_t n, const double *x, double *value, double *gradient, void *user) {
    const double c = cos(*(double *)user), s = sin(*(double *)user);
    const double inner[] = {c * x[0] - s * x[1], s * x[0] + c * x[1]};
    double g[2];
    rosenbrock(n, inner, value, g, NULL);
    if (gradient) {
        gradient[0] = c * g[0] + s * g[1];
        gradient[1] = -s * g[0] + c * g[1];
    }
    return 0;
}

static void n10_full_matrix_rules_know_no_axes(void **state) {
    (void)state;
    const cnn_optimizer_kind kinds[] = {CNN_FULL_ADAGRAD, CNN_FULL_RMSPROP};
    for (int k = 0; k < 2; k++) {
        cnn_optimizer *optimizer = make(kinds[k]);
        double values[2];
        for (int i = 0; i < 2; i++) {
            double angle = i * 0.7;
            double x[] = {-1.2 * cos(angle) + sin(angle), 1.2 * sin(angle) + cos(angle)};
            cnn_problem problem = of(2, turned);
            problem.user = &angle;
            cnn_minimize_report report;
            OK(cnn_minimize(optimizer, &problem, x, &(cnn_minimize_options){.max_iterations = 50},
                            &report, &err));
            values[i] = report.value;
        }
        assert_true(values[0] < 10);
        NEAR(values[0], values[1], 1e-6);
        cnn_optimizer_destroy(optimizer);
    }
    /* Of one parameter the matrix is its diagonal. */
    double c = 2, one = 3, other = 3;
    cnn_problem problem = of(1, parabola);
    problem.user = &c;
    cnn_optimizer *full = make(CNN_FULL_ADAGRAD), *plain = make(CNN_ADAGRAD);
    const cnn_minimize_options options = {.max_iterations = 30};
    OK(cnn_minimize(full, &problem, &one, &options, NULL, &err));
    OK(cnn_minimize(plain, &problem, &other, &options, NULL, &err));
    NEAR(one, other, 1e-12);
    cnn_optimizer_destroy(full);
    cnn_optimizer_destroy(plain);
}

static void first_order_rules_minimise_too(void **state) {
    (void)state;
    const cnn_optimizer_kind kinds[] = {CNN_SGD, CNN_ADAM, CNN_ADAGRAD, CNN_RMSPROP,
                                        CNN_ADAMS_BASHFORTH};
    for (int k = 0; k < LENGTH(kinds); k++) {
        cnn_optimizer *rule = make(kinds[k]);
        set(rule, CNN_LEARNING_RATE, kinds[k] == CNN_ADAGRAD ? 0.5 : 0.02);
        const cnn_problem problem = of(SIZE, quadratic);
        double x[SIZE] = {0}, y[SIZE];
        OK(cnn_minimize(rule, &problem, x, &(cnn_minimize_options){.max_iterations = 3000}, NULL,
                        &err));
        product(SIZE, x, y, NULL);
        for (int i = 0; i < SIZE; i++) NEAR(y[i], 1, kinds[k] == CNN_RMSPROP ? 0.3 : 1e-4);
        assert_int_equal(cnn_optimizer_steps(rule), 0);
        cnn_optimizer_destroy(rule);
    }
}

/* ---- Trouble ---- */

static int32_t plane(int64_t m, int64_t n, const double *x, double *r, double *j, void *user) {
    (void)user;
    for (int64_t i = 0; i < m; i++) {
        r[i] = x[0] + 2 * x[1] - 3;
        for (int64_t k = 0; j && k < n; k++) j[i * n + k] = k == 0 ? 1 : k == 1 ? 2 : 0;
    }
    return 0;
}

static void h116_fewer_residuals_than_parameters_and_a_singular_jacobian(void **state) {
    (void)state;
    for (int64_t m = 1; m <= 4; m += 3) {
        cnn_optimizer *lm = make(CNN_LEVENBERG_MARQUARDT);
        const cnn_problem problem = of_residuals(m, 3, plane);
        double x[] = {5, 7, 9};
        cnn_minimize_report report;
        OK(cnn_minimize(lm, &problem, x, NULL, &report, &err));
        NEAR(x[0] + 2 * x[1], 3, 1e-9);
        NEAR(x[2], 9, 0); /* nothing depends on it */
        assert_int_equal(report.rank, 1);
        assert_true(report.condition > 1e15);
        cnn_optimizer_destroy(lm);
    }
}

static int32_t nearly_parallel(int64_t m, int64_t n, const double *x, double *r, double *j,
                               void *user) {
    (void)user;
    for (int64_t i = 0; i < m; i++) {
        const double t = (double)i;
        const double row[] = {1 + t, (1 + t) * (1 + 1e-9 * t), t * t};
        r[i] = row[0] * x[0] + row[1] * x[1] + row[2] * x[2] - t * t;
        for (int64_t k = 0; j && k < n; k++) j[i * n + k] = row[k];
    }
    return 0;
}

static void h116_an_ill_conditioned_jacobian_is_reported(void **state) {
    (void)state;
    cnn_optimizer *lm = make(CNN_LEVENBERG_MARQUARDT);
    const cnn_problem problem = of_residuals(9, 3, nearly_parallel);
    double x[] = {1, 1, 5};
    cnn_minimize_report report;
    OK(cnn_minimize(lm, &problem, x, NULL, &report, &err));
    NEAR(x[2], 1, 1e-6);
    assert_int_equal(report.rank, 3);
    assert_true(report.condition > 1e8 && report.condition < 1e11);
    cnn_optimizer_destroy(lm);
}

static int32_t two_a_sample(int64_t m, int64_t n, const double *x, double *r, double *j,
                            void *user) {
    (void)user;
    /* Samples (t, exp(0.3 t)) and (t, 2 t): both are met exactly. */
    for (int64_t i = 0; i < m; i += 2) {
        const double t = (double)i / 4;
        r[i] = exp(x[0] * t) - exp(0.3 * t);
        r[i + 1] = x[1] * t - 2 * t;
        if (j) {
            j[i * n] = t * exp(x[0] * t);
            j[i * n + 1] = 0;
            j[(i + 1) * n] = 0;
            j[(i + 1) * n + 1] = t;
        }
    }
    return 0;
}

static void h106_the_norm_residual_descends_but_the_rows_themselves_solve(void **state) {
    (void)state;
    cnn_optimizer *lm = make(CNN_LEVENBERG_MARQUARDT);
    set(lm, CNN_NORM_RESIDUAL, 1);
    cnn_problem problem = of_residuals(12, 2, two_a_sample);
    problem.residual_group = 2;
    double x[] = {0, 0};
    cnn_minimize_report report;
    OK(cnn_minimize(lm, &problem, x, NULL, &report, &err));
    /* Where both rows of a sample vanish it has no derivative, and J^T J knows nothing of a row
     * that does beside one that doesn't: it descends, but crawls. */
    assert_true(report.value < report.start_value);
    assert_true(isfinite(x[0]) && isfinite(x[1]));
    set(lm, CNN_NORM_RESIDUAL, 0);
    OK(cnn_minimize(lm, &problem, x, NULL, NULL, &err));
    NEAR(x[0], 0.3, 1e-9);
    NEAR(x[1], 2, 1e-9);
    problem.residual_group = 5;
    FAILS(CNN_OUT_OF_RANGE, cnn_minimize(lm, &problem, x, NULL, NULL, &err));
    SAID("residual_group is 5");
    cnn_optimizer_destroy(lm);
}

/* x - log(x), NaN for x <= 0; *user counts calls down to a cancellation. */
static int32_t guarded(int64_t n, const double *x, double *value, double *gradient, void *user) {
    int *left = user;
    (void)n;
    if (left && --*left < 0) return 1;
    *value = x[0] > 0 ? x[0] - log(x[0]) : NAN;
    if (gradient) gradient[0] = x[0] > 0 ? 1 - 1 / x[0] : NAN;
    return 0;
}

static int32_t guarded_residual(int64_t m, int64_t n, const double *x, double *r, double *j,
                                void *user) {
    (void)m, (void)n, (void)user;
    r[0] = x[0] > 0 ? log(x[0]) - 20 : NAN;
    if (j) j[0] = x[0] > 0 ? 1 / x[0] : NAN;
    return 0;
}

static void a_step_out_of_the_domain_is_shortened(void **state) {
    (void)state;
    const cnn_optimizer_kind kinds[] = {CNN_GRADIENT_DESCENT, CNN_NONLINEAR_CG, CNN_BFGS,
                                        CNN_LBFGS};
    for (int k = 0; k < LENGTH(kinds); k++)
        for (cnn_line_search search = 0; search <= CNN_SEARCH_BRENT_SLOPE; search++) {
            cnn_optimizer *optimizer = make(kinds[k]);
            set(optimizer, CNN_LINE_SEARCH, search);
            const cnn_problem problem = of(1, guarded);
            double x = 1.9;
            OK(cnn_minimize(optimizer, &problem, &x, NULL, NULL, &err));
            NEAR(x, 1, 1e-6);
            x = 1e-3;
            OK(cnn_minimize(optimizer, &problem, &x, NULL, NULL, &err));
            NEAR(x, 1, 1e-6);
            cnn_optimizer_destroy(optimizer);
        }
    cnn_optimizer *lm = make(CNN_LEVENBERG_MARQUARDT);
    const cnn_problem problem = of_residuals(1, 1, guarded_residual);
    double x = 1e12;
    OK(cnn_minimize(lm, &problem, &x, NULL, NULL, &err));
    NEAR(log(x), 20, 1e-9);
    cnn_optimizer_destroy(lm);
}

/* Finite at one point alone. */
static int32_t needle(int64_t n, const double *x, double *value, double *gradient, void *user) {
    (void)n, (void)user;
    *value = x[0] == 2 ? 1 : NAN;
    if (gradient) gradient[0] = 1;
    return 0;
}

static int32_t needle_residual(int64_t m, int64_t n, const double *x, double *r, double *j,
                               void *user) {
    (void)m, (void)n, (void)user;
    r[0] = x[0] == 2 ? 1 : NAN;
    if (j) j[0] = 1;
    return 0;
}

static void nan_that_cannot_be_escaped_is_a_status(void **state) {
    (void)state;
    const cnn_optimizer_kind kinds[] = {
        CNN_GRADIENT_DESCENT, CNN_NONLINEAR_CG, CNN_BFGS, CNN_LBFGS, CNN_HEUN, CNN_SGD,
        CNN_FULL_ADAGRAD,     CNN_FULL_RMSPROP};
    for (int k = 0; k < LENGTH(kinds); k++) {
        cnn_optimizer *optimizer = make(kinds[k]);
        const cnn_problem problem = of(1, needle);
        double x = 3;
        cnn_minimize_report report;
        FAILS(CNN_NOT_FINITE, cnn_minimize(optimizer, &problem, &x, NULL, &report, &err));
        SAID("at the start");
        assert_int_equal(report.reason, CNN_STOP_NOT_FINITE);
        assert_true(x == 3);
        x = 2;
        FAILS(CNN_NOT_FINITE, cnn_minimize(optimizer, &problem, &x, NULL, &report, &err));
        assert_int_equal(report.reason, CNN_STOP_NOT_FINITE);
        assert_true(x == 2);
        assert_true(report.value == 1);
        cnn_optimizer_destroy(optimizer);
    }
    const cnn_optimizer_kind squares[] = {CNN_LEVENBERG_MARQUARDT, CNN_GAUSS_NEWTON_CG};
    for (int k = 0; k < 2; k++) {
        cnn_optimizer *optimizer = make(squares[k]);
        const cnn_problem problem = of_residuals(1, 1, needle_residual);
        double x = 2;
        cnn_minimize_report report;
        FAILS(CNN_NOT_FINITE, cnn_minimize(optimizer, &problem, &x, NULL, &report, &err));
        assert_true(x == 2);
        assert_true(report.value == 0.5);
        cnn_optimizer_destroy(optimizer);
    }
}

/* The gradient's sign is wrong: no direction that it gives descends. */
static int32_t uphill(int64_t n, const double *x, double *value, double *gradient, void *user) {
    quadratic(n, x, value, gradient, user);
    for (int64_t i = 0; gradient && i < n; i++) gradient[i] = -gradient[i];
    return 0;
}

static void a_search_that_finds_no_point_ends_the_run(void **state) {
    (void)state;
    const cnn_optimizer_kind kinds[] = {CNN_GRADIENT_DESCENT, CNN_NONLINEAR_CG, CNN_BFGS,
                                        CNN_LBFGS};
    for (int k = 0; k < LENGTH(kinds); k++)
        for (cnn_line_search search = 0; search <= CNN_SEARCH_BRENT_SLOPE; search++) {
            cnn_optimizer *optimizer = make(kinds[k]);
            set(optimizer, CNN_LINE_SEARCH, search);
            const cnn_problem problem = of(SIZE, uphill);
            double x[SIZE] = {1, 2, 3};
            cnn_minimize_report report;
            OK(cnn_minimize(optimizer, &problem, x, NULL, &report, &err));
            assert_int_equal(report.reason, CNN_STOP_NO_DECREASE);
            assert_true(x[0] == 1 && x[1] == 2 && x[2] == 3 && x[3] == 0);
            cnn_optimizer_destroy(optimizer);
        }
}

static void a_limit_is_success(void **state) {
    (void)state;
    const cnn_optimizer_kind kinds[] = {
        CNN_GRADIENT_DESCENT,    CNN_NONLINEAR_CG,    CNN_BFGS, CNN_LBFGS,       CNN_HEUN,
        CNN_LEVENBERG_MARQUARDT, CNN_GAUSS_NEWTON_CG, CNN_ADAM, CNN_FULL_ADAGRAD};
    for (int k = 0; k < LENGTH(kinds); k++) {
        cnn_optimizer *optimizer = make(kinds[k]);
        cnn_optimizer_set(optimizer, CNN_LEARNING_RATE, 1e-3, NULL);
        const cnn_problem problem = of_residuals(2, 2, rosenbrock_residuals);
        cnn_minimize_report report;
        double x[] = {-1.2, 1};
        OK(cnn_minimize(optimizer, &problem, x, &(cnn_minimize_options){.max_iterations = 3},
                        &report, &err));
        assert_int_equal(report.reason, CNN_STOP_ITERATIONS);
        assert_int_equal(report.iterations, 3);
        assert_true(report.value < report.start_value);
        double again[] = {-1.2, 1}, value;
        OK(cnn_minimize(optimizer, &problem, again, &(cnn_minimize_options){.max_evaluations = 5},
                        &report, &err));
        assert_int_equal(report.reason, CNN_STOP_EVALUATIONS);
        assert_int_equal(report.evaluations, 5);
        /* What is reported is what x gives. */
        rosenbrock(2, again, &value, NULL, NULL);
        NEAR(report.value, value / 2, 1e-12);
        OK(cnn_minimize(optimizer, &problem, again, &(cnn_minimize_options){.seconds = 1e-9},
                        &report, &err));
        assert_int_equal(report.reason, CNN_STOP_TIME);
        cnn_optimizer_destroy(optimizer);
    }
}

static void a_callback_cancels_and_the_best_point_stays(void **state) {
    (void)state;
    const cnn_optimizer_kind kinds[] = {
        CNN_GRADIENT_DESCENT, CNN_NONLINEAR_CG, CNN_BFGS, CNN_LBFGS, CNN_HEUN, CNN_ADAM};
    for (int k = 0; k < LENGTH(kinds); k++)
        for (int calls = 0; calls < 6; calls++) {
            cnn_optimizer *optimizer = make(kinds[k]);
            int left = calls;
            cnn_problem problem = of(1, guarded);
            problem.user = &left;
            double x = 30, value;
            cnn_minimize_report report;
            FAILS(CNN_CANCELLED, cnn_minimize(optimizer, &problem, &x, NULL, &report, &err));
            assert_int_equal(report.reason, CNN_STOP_CANCELLED);
            guarded(1, &x, &value, NULL, NULL);
            if (calls > 0) NEAR(report.value, value, 0);
            if (calls > 2 && (kinds[k] == CNN_HEUN || kinds[k] == CNN_ADAM)) assert_true(x < 30);
            cnn_optimizer_destroy(optimizer);
        }
}

typedef struct watch {
    cnn_optimizer *optimizer;
    int64_t next;
    double value;
    int64_t cancel_at;
} watch;

static int32_t show(const cnn_minimize_progress *p, void *user) {
    watch *w = user;
    assert_int_equal(p->iteration, w->next);
    assert_true(p->value <= w->value);
    w->next++;
    w->value = p->value;
    /* The optimizer is in use. */
    assert_int_equal(cnn_optimizer_set(w->optimizer, CNN_C2, 0.5, NULL), CNN_BUSY);
    assert_int_equal(cnn_optimizer_reset(w->optimizer, NULL), CNN_BUSY);
    cnn_optimizer_destroy(w->optimizer);
    return p->iteration == w->cancel_at;
}

static void progress_sees_each_iteration_and_cancels(void **state) {
    (void)state;
    cnn_optimizer *optimizer = make(CNN_LBFGS);
    watch w = {optimizer, 0, HUGE_VAL, 7};
    const cnn_problem problem = of(2, rosenbrock);
    double x[] = {-1.2, 1};
    cnn_minimize_report report;
    FAILS(CNN_CANCELLED,
          cnn_minimize(optimizer, &problem, x,
                       &(cnn_minimize_options){.progress = show, .user = &w}, &report, &err));
    assert_int_equal(report.iterations, 7);
    assert_int_equal(w.next, 8);
    set(optimizer, CNN_C2, 0.5);
    OK(cnn_optimizer_reset(optimizer, &err));
    cnn_optimizer_destroy(optimizer);
}

static void numeric_derivatives_serve_who_has_none(void **state) {
    (void)state;
    cnn_optimizer *bfgs = make(CNN_BFGS), *lm = make(CNN_LEVENBERG_MARQUARDT);
    cnn_problem problem = of(2, rosenbrock), squares = of_residuals(2, 2, rosenbrock_residuals);
    problem.numeric_derivatives = squares.numeric_derivatives = 1;
    double x[] = {-1.2, 1}, y[] = {-1.2, 1};
    OK(cnn_minimize(bfgs, &problem, x, &(cnn_minimize_options){.gradient_tolerance = 1e-6}, NULL,
                    &err));
    NEAR(x[0], 1, 1e-5);
    OK(cnn_minimize(lm, &squares, y, NULL, NULL, &err));
    NEAR(y[0], 1, 1e-8);
    cnn_optimizer_destroy(bfgs);
    cnn_optimizer_destroy(lm);
}

static void gauss_newton_cg_on_a_part_of_the_rows(void **state) {
    (void)state;
    cnn_optimizer *gn = make(CNN_GAUSS_NEWTON_CG);
    set(gn, CNN_SAMPLE_FRACTION, 0.34);
    const cnn_problem problem = of_residuals(30, 2, two_a_sample);
    double x[] = {0, 0};
    cnn_minimize_report report;
    OK(cnn_minimize(gn, &problem, x, NULL, &report, &err));
    NEAR(x[0], 0.3, 1e-6);
    NEAR(x[1], 2, 1e-6);
    assert_true(report.products > 0);
    cnn_optimizer_destroy(gn);
}

static void refusals_say_what_is_wrong(void **state) {
    (void)state;
    cnn_optimizer *lm = make(CNN_LEVENBERG_MARQUARDT), *lbfgs = make(CNN_LBFGS);
    cnn_problem problem = of(2, rosenbrock);
    double x[] = {-1.2, 1};
    FAILS(CNN_UNSUPPORTED, cnn_minimize(lm, &problem, x, NULL, NULL, &err));
    SAID("needs residuals");
    FAILS(CNN_INVALID_ARGUMENT, cnn_minimize(NULL, &problem, x, NULL, NULL, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_minimize(lbfgs, NULL, x, NULL, NULL, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_minimize(lbfgs, &problem, NULL, NULL, NULL, &err));
    problem.residual_function = rosenbrock_residuals;
    FAILS(CNN_INVALID_ARGUMENT, cnn_minimize(lbfgs, &problem, x, NULL, NULL, &err));
    SAID("both given");
    problem.function = NULL;
    FAILS(CNN_OUT_OF_RANGE, cnn_minimize(lbfgs, &problem, x, NULL, NULL, &err));
    SAID("residuals is 0");
    problem = of(0, rosenbrock);
    FAILS(CNN_OUT_OF_RANGE, cnn_minimize(lbfgs, &problem, x, NULL, NULL, &err));
    problem = of(2, rosenbrock);
    problem.reserved[3] = 1;
    FAILS(CNN_INCOMPATIBLE, cnn_minimize(lbfgs, &problem, x, NULL, NULL, &err));
    problem.reserved[3] = 0;
    FAILS(CNN_OUT_OF_RANGE,
          cnn_minimize(lbfgs, &problem, x, &(cnn_minimize_options){.step_tolerance = NAN}, NULL,
                       &err));
    problem.parameters = (int64_t)1 << 40;
    FAILS(CNN_OUT_OF_RANGE, cnn_minimize(lbfgs, &problem, x, NULL, NULL, &err));
    SAID("minimize: parameters is 1099511627776");
    FAILS(CNN_OUT_OF_RANGE,
          cnn_conjugate_gradient((int64_t)1 << 40, product, NULL, NULL, x, x, NULL, NULL, &err));
    SAID("conjugate gradient: n is 1099511627776");
    problem.parameters = 2;
    /* No point need meet conditions that cross. */
    set(lbfgs, CNN_C1, 0.4);
    set(lbfgs, CNN_C2, 0.3);
    FAILS(CNN_OUT_OF_RANGE, cnn_minimize(lbfgs, &problem, x, NULL, NULL, &err));
    SAID("c1 is 0.4 and c2 is 0.3");
    FAILS(CNN_OUT_OF_RANGE, cnn_minimize(lm,
                                         &(cnn_problem){.parameters = 2,
                                                        .residuals = 2,
                                                        .residual_function = rosenbrock_residuals},
                                         x, &(cnn_minimize_options){.then = lbfgs}, NULL, &err));
    set(lbfgs, CNN_LINE_SEARCH, CNN_SEARCH_ARMIJO);
    OK(cnn_minimize(lbfgs, &problem, x, NULL, NULL, &err));
    FAILS(CNN_OUT_OF_RANGE, cnn_optimizer_set(lbfgs, CNN_HISTORY, 2.5, &err));
    SAID("whole");
    FAILS(CNN_OUT_OF_RANGE, cnn_optimizer_set(lbfgs, CNN_LINE_SEARCH, 6, &err));
    FAILS(CNN_NOT_FOUND, cnn_optimizer_set(lbfgs, CNN_LEARNING_RATE, 1, &err));
    cnn_optimizer_destroy(lm);
    cnn_optimizer_destroy(lbfgs);
}

/* The matrix of a million parameters: eight tebibytes. */
static void want_of_memory_names_the_call_and_the_size(void **state) {
    (void)state;
#ifdef SANITIZED
    skip();
#endif
    enum { n = 1 << 20 };
    struct rlimit old, limit;
    assert_int_equal(getrlimit(RLIMIT_AS, &old), 0);
    limit = old;
    limit.rlim_cur = (rlim_t)1 << 42;
    if (old.rlim_cur > limit.rlim_cur) assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
    double *x = calloc(n, sizeof *x);
    assert_non_null(x);
    cnn_optimizer *lm = make(CNN_LEVENBERG_MARQUARDT);
    const cnn_problem problem = of_residuals(2, n, rosenbrock_residuals);
    FAILS(CNN_OUT_OF_MEMORY, cnn_minimize(lm, &problem, x, NULL, NULL, &err));
    SAID("minimize: out of memory with 1048576 parameters");
    cnn_optimizer_destroy(lm);
    free(x);
    assert_int_equal(setrlimit(RLIMIT_AS, &old), 0);
}

static void training_steps_refuse_minimizers(void **state) {
    (void)state;
    cnn_net *net = seeded_net(1);
    cnn_node n = cnn_net_input(net, "x", 1, (int64_t[]){2});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = 1});
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_MSE});
    cnn_device *device = open_device("cpu");
    OK(cnn_net_compile(net, device, &(cnn_compile){.max_batch = 1}, &err));
    const float x[] = {1, 2}, y[] = {1};
    const cnn_samples samples = {
        .inputs = x, .input_elements = 2, .targets = y, .target_elements = 1};
    cnn_optimizer *lbfgs = make(CNN_LBFGS);
    FAILS(CNN_UNSUPPORTED, cnn_net_train_step(net, lbfgs, &samples, NULL, &err));
    SAID("cnn_net_minimize");
    FAILS(CNN_UNSUPPORTED, cnn_net_fit(net, lbfgs, &samples, NULL, NULL, &err));
    cnn_optimizer_destroy(lbfgs);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(h119_exact_searches_find_the_minimum_along_the_gradient),
        cmocka_unit_test(h187_190_inexact_searches_keep_their_conditions),
        cmocka_unit_test(h156_161_linear_cg_is_exact_in_n_steps),
        cmocka_unit_test(linear_cg_in_trouble),
        cmocka_unit_test(h164_169_cg_on_a_quadratic_takes_n_steps),
        cmocka_unit_test(every_optimizer_solves_rosenbrock_by_every_search),
        cmocka_unit_test(options_of_the_optimizers_lead_to_the_same_minimum),
        cmocka_unit_test(h177_updates_without_curvature_are_skipped_or_damped),
        cmocka_unit_test(h8_options_of_gradient_descent),
        cmocka_unit_test(h8_one_optimizer_hands_over_to_another),
        cmocka_unit_test(n12_heun_is_stable_as_gradient_descent_is),
        cmocka_unit_test(n12_heun_tells_gradients_that_cancel_from_a_minimum),
        cmocka_unit_test(n10_full_matrix_rules_know_no_axes),
        cmocka_unit_test(first_order_rules_minimise_too),
        cmocka_unit_test(h116_fewer_residuals_than_parameters_and_a_singular_jacobian),
        cmocka_unit_test(h116_an_ill_conditioned_jacobian_is_reported),
        cmocka_unit_test(h106_the_norm_residual_descends_but_the_rows_themselves_solve),
        cmocka_unit_test(a_step_out_of_the_domain_is_shortened),
        cmocka_unit_test(nan_that_cannot_be_escaped_is_a_status),
        cmocka_unit_test(a_search_that_finds_no_point_ends_the_run),
        cmocka_unit_test(a_limit_is_success),
        cmocka_unit_test(a_callback_cancels_and_the_best_point_stays),
        cmocka_unit_test(progress_sees_each_iteration_and_cancels),
        cmocka_unit_test(numeric_derivatives_serve_who_has_none),
        cmocka_unit_test(gauss_newton_cg_on_a_part_of_the_rows),
        cmocka_unit_test(refusals_say_what_is_wrong),
        cmocka_unit_test(want_of_memory_names_the_call_and_the_size),
        cmocka_unit_test(training_steps_refuse_minimizers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

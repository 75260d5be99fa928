/* Activations against their formulas in double: values and derivatives from tiny to huge x, and the
 * start of the weights before them. */
#include "public.h"

#include <math.h>

static const double kPi = 3.14159265358979323846;

static double sigmoid(double x) {
    return 1 / (1 + exp(-x));
}

static double normal(double x) {
    return erfc(-x / sqrt(2)) / 2;
}

/* The function and its derivative; alpha of ELU is 0.75. */
static double value(cnn_activation_kind kind, double x) {
    switch (kind) {
        case CNN_SCALED_TANH:
            return 1.7159 * tanh(2 * x / 3);
        case CNN_ELU:
            return x > 0 ? x : 0.75 * expm1(x);
        case CNN_GELU:
            return x * normal(x);
        case CNN_SILU:
            return x * sigmoid(x);
        case CNN_SOFT_LOGISTIC:
            return x < 0 ? 1 / (2 - 2 * x) : 1 - 1 / (2 + 2 * x);
        case CNN_SOFTSIGN:
            return x / (1 + fabs(x));
        default:
            return x / hypot(x, 1);
    }
}

static double slope(cnn_activation_kind kind, double x) {
    const double a = 1 + fabs(x), s = sigmoid(x);
    switch (kind) {
        case CNN_SCALED_TANH:
            return 1.7159 * 2 / 3 / pow(cosh(2 * x / 3), 2);
        case CNN_ELU:
            return x > 0 ? 1 : 0.75 * exp(x);
        case CNN_GELU:
            return normal(x) + x * exp(-x * x / 2) / sqrt(2 * kPi);
        case CNN_SILU:
            return s + x * s * sigmoid(-x);
        case CNN_SOFT_LOGISTIC:
            return 1 / (2 * a * a);
        case CNN_SOFTSIGN:
            return 1 / (a * a);
        default:
            return pow(hypot(x, 1), -3);
    }
}

enum { kPoints = 1203 };

/* relative: where values near their limits keep their digits, however small. */
static const struct {
    cnn_activation_kind kind;
    const char *name;
    int relative_value, relative_slope;
} kRows[] = {
    {CNN_SCALED_TANH, "LeCun scaled tanh", 1, 0},
    {CNN_ELU, "ELU", 1, 0},
    {CNN_GELU, "GELU", 0, 0},
    {CNN_SILU, "SiLU", 1, 0},
    {CNN_SOFT_LOGISTIC, "N soft logistic", 1, 1},
    {CNN_SOFTSIGN, "softsign", 1, 1},
    {CNN_ALGEBRAIC, "x / sqrt(x^2 + 1)", 1, 1},
};

static void make_points(float *x) {
    for (int i = 0; i < 601; i++) x[i] = (float)(i - 300) / 32;
    for (int i = 0; i < 300; i++) {
        x[601 + i] = ldexpf(1 + (float)i / 300, i / 3 - 60);
        x[901 + i] = -x[601 + i];
    }
    x[1201] = 0;
    x[1202] = 1e-30f;
}

static double allowed(double exact, int relative) {
    return 3e-6 * fabs(exact) + (relative ? 1e-37 : 4e-7);
}

static void activations_follow_their_formulas(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    float x[kPoints], y[kPoints], dy[kPoints], dx[kPoints];
    make_points(x);
    for (int i = 0; i < kPoints; i++) dy[i] = 1;
    for (int r = 0; r < LENGTH(kRows); r++) {
        cnn_net *net = seeded_net(0);
        cnn_node n = cnn_net_input(net, NULL, 1, (const int64_t[]){kPoints});
        n = cnn_net_activation(net, n, &(cnn_activation){.kind = kRows[r].kind, .slope = 0.75f});
        OK(cnn_net_compile(net, device, NULL, &err));
        OK(cnn_net_run(net, x, kPoints, y, kPoints, &err));
        const cnn_view to_output = {.data = dy, .elements = kPoints};
        const cnn_view of_input = {.data = dx, .elements = kPoints};
        OK(cnn_net_backward(net, &(cnn_samples){.inputs = x, .input_elements = kPoints}, &to_output,
                            1, &of_input, 1, NULL, &err));
        for (int i = 0; i < kPoints; i++) {
            const double f = value(kRows[r].kind, x[i]), df = slope(kRows[r].kind, x[i]);
            const double room = allowed(f, kRows[r].relative_value);
            const double slope_room = allowed(df, kRows[r].relative_slope);
            if (!(fabs(y[i] - f) <= room && fabs(dx[i] - df) <= slope_room))
                print_error("%s at %g\n", kRows[r].name, (double)x[i]);
            NEAR(y[i], f, room);
            NEAR(dx[i], df, slope_room);
        }
        /* The limits. */
        const float ends[] = {-3e38f, 3e38f, -INFINITY, INFINITY, NAN};
        for (int i = 0; i < LENGTH(ends); i++) x[i] = ends[i];
        OK(cnn_net_run(net, x, kPoints, y, kPoints, &err));
        make_points(x);
        assert_true(isnan(y[4]));
        for (int i = 0; i < 4; i += 1 + 2 * (kRows[r].kind == CNN_GELU)) {
            if (kRows[r].kind == CNN_SILU && i > 1) break;
            const double f = value(kRows[r].kind, i % 2 ? 3e38 : -3e38);
            if (i < 2 || fabs(f) < 10) NEAR(y[i], f, 1e-6 * fabs(f) + 1e-12);
        }
        cnn_net_destroy(net);
    }
    cnn_device_destroy(device);
}

static double deviation_of(cnn_activation_kind kind) {
    cnn_net *net = seeded_net(3);
    cnn_node n = cnn_net_input(net, NULL, 1, (const int64_t[]){100});
    cnn_net_dense(net, n, &(cnn_dense){.units = 100, .activation = kind, .no_bias = 1});
    float *weights = vector_of(net, CNN_PARAMETERS);
    double squares = 0;
    for (int i = 0; i < 10000; i++) squares += (double)weights[i] * (double)weights[i];
    free(weights);
    cnn_net_destroy(net);
    return sqrt(squares / 10000);
}

/* He's deviation is sqrt(2 / 100), Xavier's sqrt(2 / 200). */
static void weights_start_by_the_activation(void **state) {
    (void)state;
    static const int rectified[] = {0, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0};
    for (int kind = 0; kind < LENGTH(rectified); kind++)
        NEAR(deviation_of(kind), rectified[kind] ? sqrt(0.02) : 0.1, 0.004);
}

/* ELU's alpha is the slope field: 1 by default, 0 for a negative one. */
static void elu_s_alpha_is_the_slope(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    static const float slopes[] = {0, 0.5f, 2, -1}, alphas[] = {1, 0.5f, 2, 0};
    for (int k = 0; k < LENGTH(slopes); k++) {
        cnn_net *net = seeded_net(0);
        cnn_node n = cnn_net_input(net, NULL, 1, (const int64_t[]){2});
        cnn_net_activation(net, n, &(cnn_activation){.kind = CNN_ELU, .slope = slopes[k]});
        OK(cnn_net_compile(net, device, NULL, &err));
        const float x[] = {-2, 3};
        float y[2];
        OK(cnn_net_run(net, x, 2, y, 2, &err));
        NEAR(y[0], (double)alphas[k] * expm1(-2), 1e-6);
        NEAR(y[1], 3, 0);
        cnn_net_destroy(net);
    }
    cnn_device_destroy(device);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(activations_follow_their_formulas),
        cmocka_unit_test(elu_s_alpha_is_the_slope),
    };
    const struct CMUnitTest once[] = {cmocka_unit_test(weights_start_by_the_activation)};
    return run_on_devices("activations", tests, LENGTH(tests)) +
           cmocka_run_group_tests_name("initializers", once, NULL, NULL);
}

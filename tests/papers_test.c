/* What the papers say of layers and optimizers that no other test is named after, against sums
 * written out here. */
#include "public.h"

#include <math.h>

/* A net of one input and one layer, compiled, run forward and backward on the spot. */
struct layer {
    cnn_net *net;
    cnn_node x;
};

static struct layer begin(int64_t c, int64_t h, int64_t w) {
    struct layer l = {.net = seeded_net(1)};
    l.x = cnn_net_input(l.net, "x", 3, (const int64_t[]){c, h, w});
    return l;
}

static void compile(cnn_net *net, cnn_device *device, int64_t n) {
    OK(cnn_net_compile(net, device, &(cnn_compile){.max_batch = n}, &err));
}

static void run(cnn_net *net, const float *x, int64_t x_elements, float *y, int64_t y_elements) {
    OK(cnn_net_run(net, x, x_elements, y, y_elements, &err));
}

static void backward(cnn_net *net, const float *x, const float *dy, int64_t y_elements, float *dx,
                     int64_t x_elements) {
    const cnn_samples samples = {.inputs = x, .input_elements = x_elements};
    const cnn_view of_y = {.data = dy, .elements = y_elements};
    const cnn_view of_x = {.data = dx, .elements = x_elements};
    OK(cnn_net_backward(net, &samples, &of_y, 1, &of_x, 1, NULL, &err));
}

static void set(cnn_net *net, const char *name, const float *values, int64_t count) {
    OK(cnn_net_set_tensor(net, CNN_PARAMETERS, name, values, count, &err));
}

/* ---- Layers ---- */

static void H98_100_max_pooling_sends_ties_to_the_first_maximum(void **state) {
    skip_without(state);
    /* Windows: all alike; a tie in a column; in a diagonal; no tie, of negative numbers. */
    const float x[16] = {3, 3, 1, 7, 3, 3, 2, 7, 0, 5, -4, -2, 5, 1, -3, -1};
    const float dy[4] = {1, 10, 100, 1000}, most[4] = {3, 7, 5, -1};
    const float wanted[16] = {1, 0, 0, 10, 0, 0, 0, 0, 0, 100, 0, 0, 0, 0, 0, 1000};
    float y[4], dx[16];
    cnn_device *device = open_device(*state);
    const struct layer l = begin(1, 4, 4);
    assert_true(cnn_net_max_pool2d(l.net, l.x, &(cnn_pool2d){.window = {2}}) > 0);
    compile(l.net, device, 1);
    run(l.net, x, 16, y, 4);
    for (int i = 0; i < 4; i++) NEAR(y[i], most[i], 0);
    backward(l.net, x, dy, 4, dx, 16);
    for (int i = 0; i < 16; i++) NEAR(dx[i], wanted[i], 0);
    cnn_net_destroy(l.net);
    cnn_device_destroy(device);
}

/* Each window gives to its own first, which is also the last of the window before. */
static void H98_100_ties_in_windows_that_overlap(void **state) {
    skip_without(state);
    const float x[5] = {2, 2, 2, 2, 2}, dy[4] = {1, 10, 100, 1000};
    float dx[5];
    cnn_device *device = open_device(*state);
    const struct layer l = begin(1, 1, 5);
    assert_true(cnn_net_max_pool2d(l.net, l.x, &(cnn_pool2d){.window = {1, 2}, .stride = {1, 1}}) >
                0);
    compile(l.net, device, 1);
    backward(l.net, x, dy, 4, dx, 5);
    for (int i = 0; i < 5; i++) NEAR(dx[i], i < 4 ? dy[i] : 0, 0);
    cnn_net_destroy(l.net);
    cnn_device_destroy(device);
}

static void W_average_pooling_is_the_mean_and_gives_each_its_share(void **state) {
    skip_without(state);
    enum { kC = 3, kH = 4, kW = 6, kIn = kC * kH * kW, kOut = kC * 2 * 2 };
    float x[kIn], dy[kOut], y[kOut], dx[kIn];
    fill(x, kIn, 3);
    fill(dy, kOut, 4);
    cnn_device *device = open_device(*state);
    const struct layer l = begin(kC, kH, kW);
    assert_true(cnn_net_average_pool2d(l.net, l.x, &(cnn_pool2d){.window = {2, 3}}) > 0);
    compile(l.net, device, 1);
    run(l.net, x, kIn, y, kOut);
    backward(l.net, x, dy, kOut, dx, kIn);
    double sums[kOut] = {0};
    for (int i = 0; i < kIn; i++) {
        const int c = i / (kH * kW), row = i / kW % kH, column = i % kW;
        const int o = (c * 2 + row / 2) * 2 + column / 3;
        sums[o] += (double)x[i] / 6;
        NEAR(dx[i], (double)dy[o] / 6, 1e-7);
    }
    for (int o = 0; o < kOut; o++) NEAR(y[o], sums[o], 1e-6);
    cnn_net_destroy(l.net);
    cnn_device_destroy(device);
}

/* z = exp(x) / sum exp(x), and dL/dx = z o (g - g^T z). */
static void H25_N20_softmax_N31_33_its_backward_is_z_o_g_less_g_z(void **state) {
    skip_without(state);
    enum { kN = 7, kK = 5 };
    float x[kN * kK], g[kN * kK], z[kN * kK], dx[kN * kK];
    fill(x, kN * kK, 8);
    fill(g, kN * kK, 9);
    /* One of differences that exp alone would overflow at. */
    for (int i = 0; i < kN * kK; i++) x[i] *= i < kK ? 300 : 4;
    cnn_device *device = open_device(*state);
    cnn_net *net = seeded_net(1);
    const cnn_node in = cnn_net_input(net, "x", 1, (const int64_t[]){kK});
    assert_true(cnn_net_softmax(net, in, NULL) > 0);
    compile(net, device, kN);
    run(net, x, kN * kK, z, kN * kK);
    backward(net, x, g, kN * kK, dx, kN * kK);
    for (int n = 0; n < kN; n++) {
        double most = -INFINITY, sum = 0, gz = 0, exact[kK];
        for (int i = 0; i < kK; i++) most = fmax(most, (double)x[n * kK + i]);
        for (int i = 0; i < kK; i++) sum += exact[i] = exp((double)x[n * kK + i] - most);
        for (int i = 0; i < kK; i++) gz += (double)g[n * kK + i] * (exact[i] /= sum);
        for (int i = 0; i < kK; i++) {
            NEAR(z[n * kK + i], exact[i], 1e-6);
            NEAR(dx[n * kK + i], exact[i] * ((double)g[n * kK + i] - gz), 1e-6);
        }
    }
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

/* Dense weights see map c, row y, column x of the convolution at (c H + y) W + x. */
static void N40_convolution_into_dense(void **state) {
    skip_without(state);
    enum { kC = 2, kH = 5, kW = 4, kF = 3, kR = 3, kS = 2, kU = 4, kIn = kC * kH * kW };
    enum { kK = kC * 3 * 3, kMap = kR * kS, kFlat = kF * kMap };
    float x[kIn], w[kF * kK], b[kF], v[kU * kFlat], y[kU], dy[kU], dx[kIn];
    fill(x, kIn, 1);
    fill(w, kF * kK, 2);
    fill(b, kF, 3);
    fill(v, kU * kFlat, 4);
    fill(dy, kU, 5);
    cnn_device *device = open_device(*state);
    const struct layer l = begin(kC, kH, kW);
    const cnn_node conv =
        cnn_net_conv2d(l.net, l.x, &(cnn_conv2d){.name = "c", .filters = kF, .kernel = {3}});
    assert_true(cnn_net_dense(l.net, conv, &(cnn_dense){.name = "d", .units = kU, .no_bias = 1}) >
                0);
    set(l.net, "c/weight", w, kF * kK);
    set(l.net, "c/bias", b, kF);
    set(l.net, "d/weight", v, kU * kFlat);
    compile(l.net, device, 1);
    run(l.net, x, kIn, y, kU);
    backward(l.net, x, dy, kU, dx, kIn);
    double out[kU] = {0}, exact[kIn] = {0};
    for (int i = 0; i < kFlat; i++) {
        const int f = i / kMap, row = i / kS % kR, column = i % kS;
        double z = (double)b[f], delta = 0;
        for (int u = 0; u < kU; u++) delta += (double)dy[u] * (double)v[u * kFlat + i];
        for (int k = 0; k < kK; k++) {
            const int at = (k / 9 * kH + row + k / 3 % 3) * kW + column + k % 3;
            z += (double)w[f * kK + k] * (double)x[at];
            exact[at] += delta * (double)w[f * kK + k];
        }
        for (int u = 0; u < kU; u++) out[u] += (double)v[u * kFlat + i] * z;
    }
    for (int u = 0; u < kU; u++) NEAR(y[u], out[u], 2e-5);
    for (int i = 0; i < kIn; i++) NEAR(dx[i], exact[i], 2e-5);
    cnn_net_destroy(l.net);
    cnn_device_destroy(device);
}

/* What a kernel gives at (row, column) of a map of `width` columns. */
static double tap_sum(const float *map, int width, const float *kernel, int kh, int kw, int row,
                      int column) {
    double sum = 0;
    for (int i = 0; i < kh; i++)
        for (int j = 0; j < kw; j++)
            sum += (double)kernel[i * kw + j] * (double)map[(row + i) * width + column + j];
    return sum;
}

static void H_remark_2_one_kernel_per_map_on_the_sum_of_its_inputs(void **state) {
    skip_without(state);
    enum { kC = 3, kH = 4, kW = 5, kF = 2, kIn = kC * kH * kW, kOut = kF * 3 * 4 };
    const int32_t pairs[] = {0, 0, 2, 0, 1, 1, 2, 1};
    const cnn_connections c = {
        .kind = CNN_CONNECT_CUSTOM, .pairs = pairs, .pair_count = 4, .shared_kernel = 1};
    float x[kIn], w[kF * 4], y[kOut], dy[kOut], dx[kIn], dw[kF * 4];
    fill(x, kIn, 1);
    fill(w, kF * 4, 2);
    fill(dy, kOut, 3);
    cnn_device *device = open_device(*state);
    const struct layer l = begin(kC, kH, kW);
    assert_true(
        cnn_net_conv2d(
            l.net, l.x,
            &(cnn_conv2d){
                .name = "c", .filters = kF, .kernel = {2}, .no_bias = 1, .connections = &c}) > 0);
    set(l.net, "c/weight", w, kF * 4);
    compile(l.net, device, 1);
    run(l.net, x, kIn, y, kOut);
    backward(l.net, x, dy, kOut, dx, kIn);
    OK(cnn_net_get_tensor(l.net, CNN_GRADIENT, "c/weight", dw, kF * 4, &err));
    double exact[kF * 4] = {0};
    for (int f = 0; f < kF; f++) {
        /* Exact: multiples of 2^-14. */
        float sum[kH * kW];
        for (int i = 0; i < kH * kW; i++) sum[i] = x[f * kH * kW + i] + x[2 * kH * kW + i];
        for (int o = 0; o < 12; o++) {
            NEAR(y[f * 12 + o], tap_sum(sum, kW, w + 4 * f, 2, 2, o / 4, o % 4), 2e-6);
            for (int k = 0; k < 4; k++)
                exact[4 * f + k] +=
                    (double)dy[f * 12 + o] * (double)sum[(o / 4 + k / 2) * kW + o % 4 + k % 2];
        }
    }
    for (int k = 0; k < kF * 4; k++) NEAR(dw[k], exact[k], 1e-5);
    cnn_net_destroy(l.net);
    cnn_device_destroy(device);
}

static void H_remark_3_kernels_of_mixed_sizes(void **state) {
    skip_without(state);
    enum { kH = 5, kW = 6, kPlace = 3 * 4, kTaps = 1 + 6 + 9 };
    static const int64_t kSizes[] = {1, 1, 2, 3, 3, 3};
    static const int32_t kPairs[] = {0, 0, 1, 0, 1, 1};
    const cnn_connections c = {.kind = CNN_CONNECT_CUSTOM,
                               .pairs = kPairs,
                               .pair_count = 3,
                               .kernel_sizes = kSizes,
                               .kernel_size_count = 3};
    float x[2 * kH * kW], w[kTaps], y[2 * kPlace];
    fill(x, 2 * kH * kW, 1);
    fill(w, kTaps, 2);
    cnn_device *device = open_device(*state);
    const struct layer l = begin(2, kH, kW);
    assert_true(cnn_net_conv2d(
                    l.net, l.x,
                    &(cnn_conv2d){.name = "c", .filters = 2, .no_bias = 1, .connections = &c}) > 0);
    set(l.net, "c/weight", w, kTaps);
    compile(l.net, device, 1);
    run(l.net, x, 2 * kH * kW, y, 2 * kPlace);
    for (int o = 0; o < kPlace; o++) {
        const int row = o / 4, column = o % 4;
        NEAR(y[o],
             tap_sum(x, kW, w, 1, 1, row, column) +
                 tap_sum(x + kH * kW, kW, w + 1, 2, 3, row, column),
             3e-6);
        NEAR(y[kPlace + o], tap_sum(x + kH * kW, kW, w + 7, 3, 3, row, column), 3e-6);
    }
    cnn_net_destroy(l.net);
    cnn_device_destroy(device);
}

/* floor((n - 1) / K) + 1, each element x[y K, x K]. */
static void H101_vanilla_sub_sampling_s_size(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    for (int n = 1; n <= 9; n++)
        for (int k = 1; k <= 4; k++) {
            const int wanted = (n - 1) / k + 1;
            float x[2 * 9], y[2 * 9];
            fill(x, 2 * n, 6);
            const struct layer l = begin(1, 2, n);
            const cnn_node node =
                cnn_net_subsample2d(l.net, l.x, &(cnn_subsample2d){.factor = {1, k}});
            cnn_node_info info;
            OK(cnn_net_describe_node(l.net, node, &info, &err));
            assert_int_equal(info.shape[1], 2);
            assert_int_equal(info.shape[2], wanted);
            compile(l.net, device, 1);
            run(l.net, x, 2 * n, y, 2 * wanted);
            for (int i = 0; i < 2 * wanted; i++) NEAR(y[i], x[i / wanted * n + i % wanted * k], 0);
            cnn_net_destroy(l.net);
        }
    cnn_device_destroy(device);
}

static void H54_gaussian_of_the_squared_distance_and_no_gradient_at_d_0(void **state) {
    skip_without(state);
    const float x[4] = {0.5f, -1, 2, 0.25f}, center[2] = {0.5f, -1}, log_beta = -0.5f;
    const double beta = exp(-0.5), d2 = 1.5 * 1.5 + 1.25 * 1.25;
    const float dy[2] = {1, 1};
    cnn_device *device = open_device(*state);
    for (int unsquared = 0; unsquared < 2; unsquared++) {
        float y[2], dx[4];
        cnn_net *net = seeded_net(1);
        const cnn_node in = cnn_net_input(net, "x", 1, (const int64_t[]){2});
        const cnn_radial_basis basis = {
            .name = "r",
            .units = 1,
            .kind = unsquared ? CNN_RADIAL_UNSQUARED : CNN_RADIAL_GAUSSIAN};
        assert_true(cnn_net_radial_basis(net, in, &basis) > 0);
        set(net, "r/center", center, 2);
        set(net, "r/log_beta", &log_beta, 1);
        compile(net, device, 2);
        run(net, x, 4, y, 2);
        backward(net, x, dy, 2, dx, 4);
        const double z = exp(-beta * (unsquared ? sqrt(d2) : d2));
        /* The factor of x - c in dz/dx. */
        const double slope = -beta * z * (unsquared ? 1 / sqrt(d2) : 2);
        NEAR(y[0], 1, 0);
        NEAR(y[1], z, 1e-6);
        NEAR(dx[0], 0, 0);
        NEAR(dx[1], 0, 0);
        NEAR(dx[2], slope * 1.5, 1e-6);
        NEAR(dx[3], slope * 1.25, 1e-6);
        cnn_net_destroy(net);
    }
    cnn_device_destroy(device);
}

/* ---- Optimizers ---- */

/* Whatever the size of the gradient: alpha g / (|g| + epsilon), which the uncorrected moments would
 * make ten times as long. */
static void N11_adam_s_first_step_is_alpha_g_by_g_and_eps(void **state) {
    skip_without(state);
    enum { kIn = 6 };
    const double rate = 0.125, epsilon = 1e-3;
    cnn_device *device = open_device(*state);
    cnn_net *net = seeded_net(2);
    const cnn_node in = cnn_net_input(net, "x", 1, (const int64_t[]){kIn});
    const cnn_node out = cnn_net_dense(net, in, &(cnn_dense){.units = 1, .no_bias = 1});
    cnn_net_loss(net, out, &(cnn_loss){.kind = CNN_LOSS_HALF_MSE});
    compile(net, device, 1);
    const float x[kIn] = {1, -1, 0.01f, -0.001f, 1e-4f, 0}, y = 3;
    const cnn_samples sample = {
        .inputs = x, .input_elements = kIn, .targets = &y, .target_elements = 1};
    OK(cnn_net_loss_gradient(net, &sample, NULL, NULL, &err));
    float *before = vector_of(net, CNN_PARAMETERS), *g = vector_of(net, CNN_GRADIENT);
    cnn_optimizer *adam = cnn_optimizer_create(CNN_ADAM);
    OK(cnn_optimizer_set(adam, CNN_LEARNING_RATE, rate, &err));
    OK(cnn_optimizer_set(adam, CNN_EPSILON, epsilon, &err));
    OK(cnn_net_train_step(net, adam, &sample, NULL, &err));
    float *after = vector_of(net, CNN_PARAMETERS);
    for (int i = 0; i < kIn; i++) {
        const double step = rate * (double)g[i] / (fabs((double)g[i]) + epsilon);
        NEAR((double)before[i] - (double)after[i], step, 2e-7);
    }
    assert_true(g[0] != 0 && g[4] != 0);
    free(before);
    free(after);
    free(g);
    cnn_optimizer_destroy(adam);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

/* Logistic regression on x, y, or on x, y, x^2, x y, y^2: its accuracy inside and outside of an
 * ellipse. */
static double accuracy_on_an_ellipse(cnn_device *device, int features) {
    enum { kSamples = 400 };
    float x[kSamples * 5];
    uint8_t labels[kSamples];
    uint32_t stream = 12;
    int samples = 0;
    while (samples < kSamples) {
        const float u = noise(&stream), v = noise(&stream);
        const float distance = u * u / 0.64f + u * v / 2 + v * v / 0.36f;
        /* With room between the classes. */
        if (distance > 0.9f && distance < 1.1f) continue;
        const float all[5] = {u, v, u * u, u * v, v * v};
        memcpy(x + samples * features, all, (size_t)features * sizeof *all);
        labels[samples++] = distance < 1;
    }
    cnn_net *net = seeded_net(3);
    const cnn_node in = cnn_net_input(net, "x", 1, (const int64_t[]){features});
    const cnn_node out = cnn_net_dense(net, in, &(cnn_dense){.units = 2});
    cnn_net_loss(net, out, &(cnn_loss){.kind = CNN_LOSS_SOFTMAX_CROSS_ENTROPY});
    compile(net, device, kSamples);
    const cnn_samples data = {.inputs = x,
                              .input_elements = (int64_t)kSamples * features,
                              .labels = labels,
                              .label_type = CNN_UINT8,
                              .label_elements = kSamples};
    cnn_optimizer *optimizer = cnn_optimizer_create(CNN_LBFGS);
    cnn_evaluation result;
    OK(cnn_net_minimize(net, optimizer, &data, &(cnn_minimize_options){.max_iterations = 60}, NULL,
                        &err));
    OK(cnn_net_evaluate(net, &data, &result, &err));
    cnn_optimizer_destroy(optimizer);
    cnn_net_destroy(net);
    return result.accuracy;
}

static void N15_16_feature_maps_let_logistic_regression_separate_an_ellipse(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    NEAR(accuracy_on_an_ellipse(device, 5), 1, 0);
    assert_true(accuracy_on_an_ellipse(device, 2) < 0.8);
    cnn_device_destroy(device);
}

enum { kDimensions = 6 };

/* x^T A x / 2 - b^T x, A = diag(1, 4, ...) and a rank-one term. */
static int32_t quadratic(int64_t n, const double *x, double *value, double *gradient, void *user) {
    double sum = 0;
    (void)user;
    for (int64_t i = 0; i < n; i++) sum += x[i];
    *value = sum * sum / 4;
    for (int64_t i = 0; i < n; i++) {
        const double curvature = (double)((i + 1) * (i + 1));
        *value += curvature * x[i] * x[i] / 2 - x[i];
        if (gradient) gradient[i] = curvature * x[i] + sum / 2 - 1;
    }
    return 0;
}

static int32_t rosenbrock(int64_t n, const double *x, double *value, double *gradient, void *user) {
    const double u = x[1] - x[0] * x[0], v = 1 - x[0];
    (void)user;
    (void)n;
    *value = 100 * u * u + v * v;
    if (gradient) {
        gradient[0] = -400 * x[0] * u - 2 * v;
        gradient[1] = 200 * u;
    }
    return 0;
}

typedef int32_t function(int64_t n, const double *x, double *value, double *gradient, void *user);

/* `iterations` of an optimizer, which is left to itself but for accurate line searches. */
static cnn_minimize_report iterate(cnn_optimizer_kind kind, function *f, int64_t n, double *x,
                                   int64_t iterations, double history, int accurate) {
    cnn_optimizer *optimizer = cnn_optimizer_create(kind);
    if (accurate) OK(cnn_optimizer_set(optimizer, CNN_LINE_SEARCH, CNN_SEARCH_BRENT_SLOPE, &err));
    if (kind == CNN_LBFGS) OK(cnn_optimizer_set(optimizer, CNN_HISTORY, history, &err));
    const cnn_problem problem = {.parameters = n, .function = f};
    const cnn_minimize_options options = {.max_iterations = iterations,
                                          .gradient_tolerance = 1e-6,
                                          .step_tolerance = -1,
                                          .value_tolerance = -1};
    cnn_minimize_report report;
    OK(cnn_minimize(optimizer, &problem, x, &options, &report, &err));
    cnn_optimizer_destroy(optimizer);
    return report;
}

/* Exact line searches give conjugate directions, of which there are n. One fewer isn't enough. */
static void H179_182_bfgs_ends_on_a_quadratic_in_n_steps(void **state) {
    (void)state;
    double x[kDimensions] = {3, -2, 1, 1, -1, 2}, y[kDimensions] = {3, -2, 1, 1, -1, 2};
    cnn_minimize_report report = iterate(CNN_BFGS, quadratic, kDimensions, x, kDimensions, 0, 1);
    assert_true(report.gradient_norm < 1e-5);
    report = iterate(CNN_BFGS, quadratic, kDimensions, y, kDimensions - 1, 0, 1);
    assert_true(report.gradient_norm > 1e-3);
}

/* BFGS keeps the H0 that its first pair gave, L-BFGS takes each latest pair's. Up to the second
 * step these are one, and so are the steps, whatever the line search; on a quadratic with exact
 * searches the steps don't depend on H0 at all. */
static void H_algorithms_2_3_lbfgs_with_full_history_is_bfgs_while_H0_is_held(void **state) {
    (void)state;
    for (int steps = 1; steps <= 3; steps++) {
        double x[2] = {-1.2, 1}, y[2] = {-1.2, 1};
        iterate(CNN_BFGS, rosenbrock, 2, x, steps, 0, 0);
        iterate(CNN_LBFGS, rosenbrock, 2, y, steps, 50, 0);
        const double apart = hypot(x[0] - y[0], x[1] - y[1]);
        if (steps <= 2)
            NEAR(apart, 0, 1e-12);
        else
            assert_true(apart > 1e-6);
    }
    for (int steps = 1; steps <= kDimensions; steps++) {
        double x[kDimensions] = {3, -2, 1, 1, -1, 2}, y[kDimensions] = {3, -2, 1, 1, -1, 2};
        iterate(CNN_BFGS, quadratic, kDimensions, x, steps, 0, 1);
        iterate(CNN_LBFGS, quadratic, kDimensions, y, steps, 50, 1);
        for (int i = 0; i < kDimensions; i++) NEAR(x[i], y[i], 1e-6);
    }
}

int main(void) {
    const struct CMUnitTest layers[] = {
        cmocka_unit_test(H98_100_max_pooling_sends_ties_to_the_first_maximum),
        cmocka_unit_test(H98_100_ties_in_windows_that_overlap),
        cmocka_unit_test(W_average_pooling_is_the_mean_and_gives_each_its_share),
        cmocka_unit_test(H25_N20_softmax_N31_33_its_backward_is_z_o_g_less_g_z),
        cmocka_unit_test(N40_convolution_into_dense),
        cmocka_unit_test(H_remark_2_one_kernel_per_map_on_the_sum_of_its_inputs),
        cmocka_unit_test(H_remark_3_kernels_of_mixed_sizes),
        cmocka_unit_test(H101_vanilla_sub_sampling_s_size),
        cmocka_unit_test(H54_gaussian_of_the_squared_distance_and_no_gradient_at_d_0),
        cmocka_unit_test(N11_adam_s_first_step_is_alpha_g_by_g_and_eps),
        cmocka_unit_test(N15_16_feature_maps_let_logistic_regression_separate_an_ellipse),
    };
    /* On functions of the host's, without a device. */
    const struct CMUnitTest minimizers[] = {
        cmocka_unit_test(H179_182_bfgs_ends_on_a_quadratic_in_n_steps),
        cmocka_unit_test(H_algorithms_2_3_lbfgs_with_full_history_is_bfgs_while_H0_is_held),
    };
    return cmocka_run_group_tests(minimizers, NULL, NULL) +
           run_on_devices("papers", layers, LENGTH(layers));
}

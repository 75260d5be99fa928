/* Minimising a net's loss on all of its samples: every kind of optimizer on small fits, the same
 * value whatever the batch, penalties, tensors that stay, cancelling, the error curve. */
#include <math.h>

#include "public.h"

/* ---- Nets and data ---- */

static const float xor_x[] = {0, 0, 0, 1, 1, 0, 1, 1}, xor_y[] = {0, 1, 1, 0};

static const cnn_samples xor_samples = {
    .inputs = xor_x, .input_elements = 8, .targets = xor_y, .target_elements = 4};

static cnn_net *compiled(cnn_net *net, const char *spec, int64_t max_batch) {
    cnn_device *device = NULL;
    OK(cnn_device_open(spec, NULL, &device, &err));
    OK(cnn_net_compile(net, device, &(cnn_compile){.max_batch = max_batch}, &err));
    cnn_device_destroy(device);
    return net;
}

static cnn_net *layers(uint64_t seed, int64_t inputs, int64_t hidden, int64_t outputs,
                       cnn_activation_kind last, cnn_loss_kind loss) {
    cnn_net *net = cnn_net_create(&(cnn_net_options){.seed = seed});
    cnn_node n = cnn_net_input(net, "x", 1, (int64_t[]){inputs});
    n = cnn_net_dense(net, n,
                      &(cnn_dense){.name = "hidden", .units = hidden, .activation = CNN_TANH});
    n = cnn_net_dense(net, n, &(cnn_dense){.name = "out", .units = outputs, .activation = last});
    cnn_net_loss(net, n, &(cnn_loss){.kind = loss});
    return net;
}

static cnn_net *xor_net(const char *spec, int64_t max_batch) {
    return compiled(layers(3, 2, 4, 1, CNN_SIGMOID, CNN_LOSS_MSE), spec, max_batch);
}

#define SINES 200

static struct { float x[SINES], y[SINES]; } sine;

static cnn_samples sine_samples(void) {
    for (int i = 0; i < SINES; i++) {
        sine.x[i] = -3 + 6 * (float)i / (SINES - 1);
        sine.y[i] = sinf(2 * sine.x[i]);
    }
    return (cnn_samples){
        .inputs = sine.x, .input_elements = SINES, .targets = sine.y, .target_elements = SINES};
}

static cnn_optimizer *made(cnn_optimizer_kind kind) {
    cnn_optimizer *optimizer = cnn_optimizer_create(kind);
    assert_non_null(optimizer);
    return optimizer;
}

static cnn_optimizer *adam(double rate) {
    cnn_optimizer *optimizer = made(CNN_ADAM);
    OK(cnn_optimizer_set(optimizer, CNN_LEARNING_RATE, rate, &err));
    return optimizer;
}

static double loss_of(cnn_net *net, const cnn_samples *samples) {
    cnn_evaluation e;
    OK(cnn_net_evaluate(net, samples, &e, &err));
    return e.loss;
}

/* ---- Rules ---- */

static void rules_fit_xor(void **state) {
    skip_without(state);
    static const struct {
        cnn_optimizer_kind kind;
        double rate;
    } rows[] = {{CNN_SGD, 0.5},     {CNN_ADAM, 0.05},    {CNN_ADAMW, 0.05},
                {CNN_ADAGRAD, 0.3}, {CNN_RMSPROP, 0.02}, {CNN_ADAMS_BASHFORTH, 2}};
    for (int i = 0; i < LENGTH(rows); i++) {
        cnn_net *net = xor_net(*state, 4);
        cnn_optimizer *optimizer = made(rows[i].kind);
        OK(cnn_optimizer_set(optimizer, CNN_LEARNING_RATE, rows[i].rate, &err));
        if (rows[i].kind == CNN_ADAMW)
            OK(cnn_optimizer_set(optimizer, CNN_WEIGHT_DECAY, 1e-4, &err));
        cnn_minimize_report report;
        OK(cnn_net_minimize(net, optimizer, &xor_samples,
                            &(cnn_minimize_options){.max_iterations = 1500}, &report, &err));
        const double loss = loss_of(net, &xor_samples);
        if (loss > 0.02) fail_msg("optimizer %d: loss %g", rows[i].kind, loss);
        assert_true(fabs(loss - report.value) <= 1e-5 * loss + 1e-9);
        assert_true(report.start_value > 0.1);
        /* Left as it was, and free for another net. */
        assert_int_equal(cnn_optimizer_steps(optimizer), 0);
        cnn_net *other = xor_net(*state, 2);
        OK(cnn_net_minimize(other, optimizer, &xor_samples,
                            &(cnn_minimize_options){.max_iterations = 1}, NULL, &err));
        cnn_net_destroy(other);
        cnn_optimizer_destroy(optimizer);
        cnn_net_destroy(net);
    }
}

/* A step of a rule is that of train_step, rates, decay, factors and centre included. */
static void a_rule_steps_as_in_training(void **state) {
    skip_without(state);
    float center[17], theta[2][17];
    for (int i = 0; i < 17; i++) center[i] = 0.1f * (float)i;
    for (int side = 0; side < 2; side++) {
        cnn_net *net = xor_net(*state, 4);
        assert_int_equal(cnn_net_vector_elements(net, CNN_PARAMETERS), 17);
        OK(cnn_net_set_rate(net, "hidden/weight", 0.5, &err));
        OK(cnn_net_set_rate(net, "out/bias", 0, &err));
        OK(cnn_net_set_regularization(net, "hidden/bias", 0.25, &err));
        OK(cnn_net_set_center(net, center, 17, &err));
        cnn_optimizer *sgd = made(CNN_SGD);
        OK(cnn_optimizer_set(sgd, CNN_LEARNING_RATE, 0.3, &err));
        OK(cnn_optimizer_set(sgd, CNN_L2, 0.1, &err));
        OK(cnn_optimizer_set(sgd, CNN_L1, 0.05, &err));
        OK(cnn_optimizer_set(sgd, CNN_WEIGHT_DECAY, 0.2, &err));
        if (side == 0)
            for (int i = 0; i < 3; i++) OK(cnn_net_train_step(net, sgd, &xor_samples, NULL, &err));
        else
            /* Up and down, so that no criterion stops it; the best point is the last. */
            OK(cnn_net_minimize(net, sgd, &xor_samples,
                                &(cnn_minimize_options){.max_iterations = 3,
                                                        .gradient_tolerance = -1,
                                                        .step_tolerance = -1,
                                                        .value_tolerance = -1},
                                NULL, &err));
        OK(cnn_net_get_vector(net, CNN_PARAMETERS, theta[side], 17, &err));
        cnn_optimizer_destroy(sgd);
        cnn_net_destroy(net);
    }
    for (int i = 0; i < 17; i++)
        if (!(fabsf(theta[0][i] - theta[1][i]) < 2e-6f))
            fail_msg("element %d: %.8g by train_step, %.8g", i, (double)theta[0][i],
                     (double)theta[1][i]);
}

/* ---- Minimizers ---- */

static void minimizers_fit_xor(void **state) {
    skip_without(state);
    static const struct {
        cnn_optimizer_kind kind;
        double rate;
        int64_t iterations;
        double loss;
    } rows[] = {
        {CNN_GRADIENT_DESCENT, 0, 400, 0.05},
        {CNN_HEUN, 2, 800, 0.05},
        {CNN_NONLINEAR_CG, 0, 300, 1e-3},
        {CNN_BFGS, 0, 300, 1e-5},
        {CNN_LBFGS, 0, 300, 1e-5},
        {CNN_LEVENBERG_MARQUARDT, 0, 300, 1e-5},
        {CNN_GAUSS_NEWTON_CG, 0, 300, 1e-5},
        {CNN_FULL_ADAGRAD, 0.5, 300, 0.05},
        {CNN_FULL_RMSPROP, 0.02, 300, 0.05},
    };
    for (int i = 0; i < LENGTH(rows); i++) {
        cnn_net *net = xor_net(*state, 4);
        cnn_optimizer *optimizer = made(rows[i].kind);
        if (rows[i].rate > 0)
            OK(cnn_optimizer_set(optimizer, CNN_LEARNING_RATE, rows[i].rate, &err));
        cnn_minimize_report report;
        OK(cnn_net_minimize(net, optimizer, &xor_samples,
                            &(cnn_minimize_options){.max_iterations = rows[i].iterations}, &report,
                            &err));
        const double loss = loss_of(net, &xor_samples);
        if (!(loss <= rows[i].loss))
            fail_msg("optimizer %d: loss %g, stopped by %d", rows[i].kind, loss, report.reason);
        assert_true(fabs(loss - report.value) <= 1e-5 * loss + 1e-9);
        cnn_optimizer_destroy(optimizer);
        cnn_net_destroy(net);
    }
}

/* A linear net has one minimum, which all that see curvature find, penalties included. */
static void minimizers_agree_on_linear_nets(void **state) {
    skip_without(state);
    static const cnn_optimizer_kind kinds[] = {CNN_LEVENBERG_MARQUARDT, CNN_BFGS, CNN_LBFGS,
                                               CNN_NONLINEAR_CG, CNN_GAUSS_NEWTON_CG};
    static const cnn_loss_kind losses[] = {CNN_LOSS_MSE, CNN_LOSS_SOFTMAX_CROSS_ENTROPY,
                                           CNN_LOSS_SIGMOID_CROSS_ENTROPY};
    enum { samples = 40, inputs = 3, outputs = 2 };
    float x[samples * inputs], y[samples * outputs];
    for (int i = 0; i < samples * inputs; i++) x[i] = sinf(1.7f * (float)(i * i % 101));
    for (int i = 0; i < samples; i++) {
        y[2 * i] = x[3 * i] + 0.3f * x[3 * i + 1] > 0.1f * sinf((float)i) ? 1.0f : 0.0f;
        y[2 * i + 1] = 1 - y[2 * i];
    }
    const cnn_samples data = {.inputs = x,
                              .input_elements = samples * inputs,
                              .targets = y,
                              .target_elements = samples * outputs};
    for (int l = 0; l < LENGTH(losses); l++) {
        double first = 0;
        for (int k = 0; k < LENGTH(kinds); k++) {
            cnn_net *net = cnn_net_create(NULL);
            cnn_node n = cnn_net_input(net, "x", 1, (int64_t[]){inputs});
            n = cnn_net_dense(net, n, &(cnn_dense){.name = "out", .units = outputs});
            cnn_net_loss(net, n, &(cnn_loss){.kind = losses[l]});
            compiled(net, *state, 16);
            OK(cnn_net_set_regularization(net, "out/bias", 0.5, &err));
            cnn_optimizer *optimizer = made(kinds[k]);
            OK(cnn_optimizer_set(optimizer, CNN_L2, 0.05, &err));
            cnn_minimize_report report;
            const cnn_status status = cnn_net_minimize(net, optimizer, &data, NULL, &report, &err);
            if (kinds[k] == CNN_LEVENBERG_MARQUARDT && losses[l] != CNN_LOSS_MSE) {
                assert_int_equal(status, CNN_UNSUPPORTED);
                SAID("is no sum of squares");
            } else {
                OK(status);
                if (first == 0) first = report.value;
                if (!(fabs(report.value - first) <= 2e-6 * first))
                    fail_msg("loss %d, optimizer %d: %.9g, not %.9g, stopped by %d", losses[l],
                             kinds[k], report.value, first, report.reason);
                assert_true(report.value < report.start_value);
            }
            cnn_optimizer_destroy(optimizer);
            cnn_net_destroy(net);
        }
    }
}

/* H 8: one optimizer hands over to another where it stalls. */
static void a_stalled_optimizer_hands_over(void **state) {
    skip_without(state);
    cnn_net *net = xor_net(*state, 4);
    cnn_optimizer *slow = adam(0.003), *lm = made(CNN_LEVENBERG_MARQUARDT);
    cnn_minimize_report report;
    OK(cnn_net_minimize(
        net, slow, &xor_samples,
        &(cnn_minimize_options){.then = lm, .stall_iterations = 5, .stall_tolerance = 0.05},
        &report, &err));
    assert_true(report.handed_over >= 5);
    assert_true(report.iterations > report.handed_over);
    assert_true(loss_of(net, &xor_samples) < 1e-5);
    cnn_optimizer_destroy(slow);
    cnn_optimizer_destroy(lm);
    cnn_net_destroy(net);
}

static void what_is_no_square_is_named(void **state) {
    skip_without(state);
    cnn_optimizer *lm = made(CNN_LEVENBERG_MARQUARDT);
    OK(cnn_optimizer_set(lm, CNN_L1, 0.25, &err));
    cnn_net *net = xor_net(*state, 4);
    FAILS(CNN_UNSUPPORTED, cnn_net_minimize(net, lm, &xor_samples, NULL, NULL, &err));
    SAID("l1 is 0.25");
    cnn_net_destroy(net);
    cnn_optimizer_destroy(lm);
    lm = made(CNN_LEVENBERG_MARQUARDT);
    net = compiled(layers(3, 2, 4, 1, CNN_SIGMOID, CNN_LOSS_BINARY_CROSS_ENTROPY), *state, 4);
    FAILS(CNN_UNSUPPORTED, cnn_net_minimize(net, lm, &xor_samples, NULL, NULL, &err));
    SAID("no sum of squares");
    assert_int_equal(err.node, 3);
    cnn_net_destroy(net);
    cnn_optimizer_destroy(lm);
}

static void squares_have_weights_of_at_least_zero(void **state) {
    skip_without(state);
    cnn_net *net = xor_net(*state, 3);
    cnn_optimizer *lm = made(CNN_LEVENBERG_MARQUARDT), *bfgs = made(CNN_BFGS);
    cnn_samples samples = xor_samples;
    samples.weight_elements = 4;
    samples.weights = (const float[]){1, 0, -0.5f, 2};
    FAILS(CNN_OUT_OF_RANGE, cnn_net_minimize(net, lm, &samples, NULL, NULL, &err));
    SAID("minimize: levenberg_marquardt");
    SAID("weight -0.5 of sample 2");
    const cnn_minimize_options few = {.max_iterations = 2};
    OK(cnn_net_minimize(net, bfgs, &samples, &few, NULL, &err));
    samples.weights = (const float[]){1, 0, 0.5f, 2};
    OK(cnn_net_minimize(net, lm, &samples, &few, NULL, &err));
    cnn_optimizer_destroy(lm);
    cnn_optimizer_destroy(bfgs);
    cnn_net_destroy(net);
}

static int32_t twice(const cnn_host_call *call, void *user) {
    (void)user;
    for (int64_t i = 0; i < call->n * 4; i++) call->output[i] = 2 * call->inputs[0][i];
    return 0;
}

static int32_t twice_back(const cnn_host_call *call, void *user) {
    (void)user;
    for (int64_t i = 0; call->input_gradients[0] && i < call->n * 4; i++)
        call->input_gradients[0][i] = 2 * call->output_gradient[i];
    return 0;
}

/* Before anything is computed: at zero, a stationary point, too. */
static void a_host_layer_without_direction_is_named(void **state) {
    skip_without(state);
    cnn_net *net = cnn_net_create(&(cnn_net_options){.seed = 5});
    cnn_node n = cnn_net_input(net, "x", 1, (int64_t[]){2});
    n = cnn_net_dense(net, n, &(cnn_dense){.name = "hidden", .units = 4});
    const cnn_node own = n = cnn_net_host_layer(
        net, &n, 1,
        &(cnn_host_layer){
            .name = "own", .kind = "twice", .forward = twice, .backward = twice_back});
    n = cnn_net_dense(net, n, &(cnn_dense){.name = "out", .units = 1});
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_MSE});
    compiled(net, *state, 4);
    cnn_samples samples = xor_samples;
    samples.targets = (const float[]){0, 0, 0, 0};
    const cnn_optimizer_kind kinds[] = {CNN_LEVENBERG_MARQUARDT, CNN_GAUSS_NEWTON_CG};
    for (int zero = 0; zero < 2; zero++) {
        const float zeros[17] = {0};
        if (zero) OK(cnn_net_set_vector(net, CNN_PARAMETERS, zeros, 17, &err));
        for (int k = 0; k < LENGTH(kinds); k++) {
            cnn_optimizer *optimizer = made(kinds[k]);
            FAILS(CNN_UNSUPPORTED, cnn_net_minimize(net, optimizer, &samples, NULL, NULL, &err));
            SAID("minimize: ");
            SAID("twice \"own\" (node 2)");
            assert_int_equal(err.node, own);
            cnn_optimizer_destroy(optimizer);
        }
    }
    /* What moves is behind it alone. */
    cnn_optimizer *lm = made(CNN_LEVENBERG_MARQUARDT), *gn = made(CNN_GAUSS_NEWTON_CG);
    const char *out[] = {"out"};
    const cnn_minimize_options options = {.tensors = out, .tensor_count = 1, .max_iterations = 2};
    OK(cnn_net_minimize(net, lm, &samples, &options, NULL, &err));
    OK(cnn_net_set_rate(net, "hidden/weight", 0, &err));
    OK(cnn_net_set_rate(net, "hidden/bias", 0, &err));
    OK(cnn_net_minimize(net, gn, &samples, &options, NULL, &err));
    cnn_optimizer_destroy(lm);
    cnn_optimizer_destroy(gn);
    cnn_net_destroy(net);
}

/* The 2-3-1 network on values of one like it: zero can be reached. */
static void second_order_reaches_zero(void **state) {
    skip_without(state);
    enum { samples = 36 };
    float x[2 * samples], y[samples];
    for (int i = 0; i < samples; i++) {
        const double a = -1 + 0.4 * (i % 6), b = -1 + 0.4 * (i / 6);
        x[2 * i] = (float)a;
        x[2 * i + 1] = (float)b;
        y[i] = (float)(1.2 * tanh(2 * a - b + 0.5) - 0.7 * tanh(2 * b - 1.5 * a - 0.3) + 0.1);
    }
    const cnn_samples data = {
        .inputs = x, .input_elements = 2 * samples, .targets = y, .target_elements = samples};
    cnn_optimizer *lm = made(CNN_LEVENBERG_MARQUARDT);
    /* Some starts lead to a local minimum. */
    double best = INFINITY;
    for (uint64_t seed = 1; seed <= 6 && best > 1e-9; seed++) {
        cnn_net *net =
            compiled(layers(seed, 2, 3, 1, CNN_LINEAR, CNN_LOSS_HALF_MSE), *state, samples);
        OK(cnn_net_minimize(net, lm, &data, &(cnn_minimize_options){.max_iterations = 300}, NULL,
                            &err));
        best = fmin(best, loss_of(net, &data));
        cnn_net_destroy(net);
    }
    if (!(best < 1e-9)) fail_msg("loss %g", best);
    cnn_optimizer_destroy(lm);
}

/* ---- Batches, penalties, tensors ---- */

static void the_value_is_the_same_in_any_batches(void **state) {
    skip_without(state);
    const cnn_samples samples = sine_samples();
    static const int64_t batches[] = {200, 64, 7, 1};
    double first[3] = {0};
    for (int b = 0; b < LENGTH(batches); b++) {
        cnn_net *net = compiled(layers(5, 1, 8, 1, CNN_LINEAR, CNN_LOSS_MSE), *state, batches[b]);
        double values[3];
        const double alphas[3] = {0, 0.1, 0.5};
        OK(cnn_net_error_curve(net, &samples, NULL, 0, alphas, values, 3, &err));
        assert_true(fabs(values[0] - loss_of(net, &samples)) <= 1e-6 * values[0]);
        assert_true(values[1] < values[0]);
        for (int i = 0; i < 3; i++) {
            if (b == 0) first[i] = values[i];
            assert_true(fabs(values[i] - first[i]) <= 2e-6 * first[i]);
        }
        cnn_net_destroy(net);
    }
}

static void penalties_are_in_the_value(void **state) {
    skip_without(state);
    cnn_net *net = xor_net(*state, 4);
    float theta[17], center[17];
    OK(cnn_net_get_vector(net, CNN_PARAMETERS, theta, 17, &err));
    for (int i = 0; i < 17; i++) center[i] = 0.2f - 0.03f * (float)i;
    OK(cnn_net_set_center(net, center, 17, &err));
    OK(cnn_net_set_regularization(net, "hidden/bias", 3, &err));
    double want = loss_of(net, &xor_samples);
    for (int i = 0; i < 17; i++) {
        const double d = (double)theta[i] - (double)center[i];
        /* hidden/weight, hidden/bias, out/weight, out/bias */
        const double factor = i < 8 ? 1 : i < 12 ? 3 : i < 16 ? 1 : 0;
        want += factor * (0.5 * 0.3 * d * d + 0.07 * fabs(d));
    }
    cnn_optimizer *optimizer = adam(0);
    OK(cnn_optimizer_set(optimizer, CNN_L2, 0.3, &err));
    OK(cnn_optimizer_set(optimizer, CNN_L1, 0.07, &err));
    cnn_minimize_report report;
    OK(cnn_net_minimize(net, optimizer, &xor_samples, &(cnn_minimize_options){.max_iterations = 1},
                        &report, &err));
    if (!(fabs(report.start_value - want) < 1e-6 * want))
        fail_msg("%.9g, not %.9g", report.start_value, want);
    cnn_optimizer_destroy(optimizer);
    cnn_net_destroy(net);
}

static void named_tensors_alone_move(void **state) {
    skip_without(state);
    cnn_net *net = xor_net(*state, 4);
    float before[17], after[17];
    OK(cnn_net_get_vector(net, CNN_PARAMETERS, before, 17, &err));
    cnn_optimizer *optimizer = adam(0.05);
    const char *names[] = {"out", "hidden/bias"};
    OK(cnn_net_minimize(
        net, optimizer, &xor_samples,
        &(cnn_minimize_options){.max_iterations = 20, .tensors = names, .tensor_count = 2}, NULL,
        &err));
    OK(cnn_net_get_vector(net, CNN_PARAMETERS, after, 17, &err));
    for (int i = 0; i < 17; i++) assert_true((before[i] == after[i]) == (i < 8));
    const char *wrong[] = {"out", "hid"};
    FAILS(
        CNN_NOT_FOUND,
        cnn_net_minimize(net, optimizer, &xor_samples,
                         &(cnn_minimize_options){.tensors = wrong, .tensor_count = 2}, NULL, &err));
    SAID("\"hid\"");
    FAILS(CNN_INVALID_ARGUMENT,
          cnn_net_minimize(net, optimizer, &xor_samples, &(cnn_minimize_options){.tensor_count = 2},
                           NULL, &err));
    OK(cnn_net_set_rate(net, "hidden", 0, &err));
    OK(cnn_net_set_rate(net, "out", 0, &err));
    FAILS(CNN_BAD_STATE, cnn_net_minimize(net, optimizer, &xor_samples, NULL, NULL, &err));
    SAID("may move");
    const char *out[] = {"out"};
    FAILS(CNN_INVALID_ARGUMENT,
          cnn_net_minimize(net, optimizer, &xor_samples, &(cnn_minimize_options){.tensors = out},
                           NULL, &err));
    SAID("tensor_count is 0");
    FAILS(CNN_INVALID_ARGUMENT,
          cnn_net_minimize(net, optimizer, &xor_samples, &(cnn_minimize_options){.tensor_count = 2},
                           NULL, &err));
    SAID("is NULL");
    cnn_optimizer_destroy(optimizer);
    cnn_net_destroy(net);
}

/* ---- The error curve ---- */

static void the_error_curve_follows_the_direction(void **state) {
    skip_without(state);
    cnn_net *net = xor_net(*state, 3);
    float theta[17], moved[17], d[17];
    OK(cnn_net_get_vector(net, CNN_PARAMETERS, theta, 17, &err));
    for (int i = 0; i < 17; i++) d[i] = i % 3 == 0 ? 0.5f : -0.25f;
    const double alphas[] = {-2, -0.5, 0, 1, 3};
    double values[5];
    OK(cnn_net_error_curve(net, &xor_samples, d, 17, alphas, values, 5, &err));
    OK(cnn_net_get_vector(net, CNN_PARAMETERS, moved, 17, &err));
    assert_memory_equal(theta, moved, sizeof theta);
    for (int a = 0; a < 5; a++) {
        for (int i = 0; i < 17; i++) moved[i] = theta[i] + (float)alphas[a] * d[i];
        OK(cnn_net_set_vector(net, CNN_PARAMETERS, moved, 17, &err));
        const double want = loss_of(net, &xor_samples);
        assert_true(fabs(values[a] - want) <= 1e-6 * want);
    }
    FAILS(CNN_SHAPE_MISMATCH,
          cnn_net_error_curve(net, &xor_samples, d, 16, alphas, values, 5, &err));
    FAILS(CNN_INVALID_ARGUMENT,
          cnn_net_error_curve(net, &xor_samples, d, 17, NULL, values, 5, &err));
    FAILS(CNN_OUT_OF_RANGE,
          cnn_net_error_curve(net, &xor_samples, d, 17, (const double[]){0, NAN}, values, 2, &err));
    SAID("alphas[1] is nan");
    cnn_net_destroy(net);
}

/* ---- Stopping ---- */

struct watcher {
    cnn_net *net;
    cnn_optimizer *optimizer;
    int64_t calls;
    double value;
};

static int32_t stop_at_five(const cnn_minimize_progress *p, void *user) {
    struct watcher *w = user;
    w->calls++;
    assert_int_equal(p->iteration, w->calls - 1);
    /* Parameters are those of the value that it tells. */
    assert_true(fabs(loss_of(w->net, &xor_samples) - p->value) <= 1e-5 * p->value);
    float y[4];
    FAILS(CNN_BUSY, cnn_net_run(w->net, xor_x, 8, y, 4, &err));
    FAILS(CNN_BUSY, cnn_net_error_curve(w->net, &xor_samples, NULL, 0, NULL, NULL, 0, &err));
    FAILS(CNN_BUSY, cnn_optimizer_set(w->optimizer, CNN_LEARNING_RATE, 1, &err));
    SAID("adam");
    w->value = p->value;
    return p->iteration == 5;
}

static int32_t cancel_the_net(const cnn_minimize_progress *p, void *user) {
    struct watcher *w = user;
    w->calls++;
    if (p->iteration == 3) cnn_net_cancel(w->net);
    w->value = p->value;
    return 0;
}

static void cancelling_leaves_the_best(void **state) {
    skip_without(state);
    cnn_net *net = xor_net(*state, 4);
    cnn_optimizer *optimizer = adam(0.02);
    struct watcher w = {net, optimizer, 0, 0};
    cnn_minimize_report report;
    FAILS(CNN_CANCELLED,
          cnn_net_minimize(net, optimizer, &xor_samples,
                           &(cnn_minimize_options){.progress = stop_at_five, .user = &w}, &report,
                           &err));
    assert_int_equal(report.reason, CNN_STOP_CANCELLED);
    assert_int_equal(report.iterations, 5);
    assert_true(fabs(loss_of(net, &xor_samples) - report.value) <= 1e-5 * report.value);
    assert_true(report.value < report.start_value);
    w.calls = 0;
    FAILS(CNN_CANCELLED,
          cnn_net_minimize(net, optimizer, &xor_samples,
                           &(cnn_minimize_options){.progress = cancel_the_net, .user = &w}, &report,
                           &err));
    assert_int_equal(report.reason, CNN_STOP_CANCELLED);
    assert_int_equal(w.calls, 4);
    OK(cnn_optimizer_set(optimizer, CNN_LEARNING_RATE, 0.01, &err));
    assert_true(fabs(loss_of(net, &xor_samples) - report.value) <= 1e-5 * report.value);
    cnn_optimizer_destroy(optimizer);
    cnn_net_destroy(net);
}

static void what_is_not_finite_ends_it(void **state) {
    skip_without(state);
    cnn_net *net = xor_net(*state, 4);
    cnn_optimizer *optimizer = adam(0.02);
    float theta[17];
    OK(cnn_net_get_vector(net, CNN_PARAMETERS, theta, 17, &err));
    theta[3] = NAN;
    OK(cnn_net_set_vector(net, CNN_PARAMETERS, theta, 17, &err));
    cnn_minimize_report report;
    FAILS(CNN_NOT_FINITE, cnn_net_minimize(net, optimizer, &xor_samples, NULL, &report, &err));
    assert_int_equal(report.reason, CNN_STOP_NOT_FINITE);
    cnn_optimizer_destroy(optimizer);
    cnn_net_destroy(net);
}

static void calls_out_of_order_are_refused(void **state) {
    skip_without(state);
    cnn_optimizer *optimizer = adam(0.02);
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_minimize(NULL, optimizer, &xor_samples, NULL, NULL, &err));
    cnn_net *net = layers(3, 2, 4, 1, CNN_SIGMOID, CNN_LOSS_MSE);
    FAILS(CNN_BAD_STATE, cnn_net_minimize(net, optimizer, &xor_samples, NULL, NULL, &err));
    compiled(net, *state, 4);
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_minimize(net, NULL, &xor_samples, NULL, NULL, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_minimize(net, optimizer, NULL, NULL, NULL, &err));
    cnn_minimize_options options = {.reserved = {1}};
    FAILS(CNN_INCOMPATIBLE, cnn_net_minimize(net, optimizer, &xor_samples, &options, NULL, &err));
    cnn_net_destroy(net);
    cnn_optimizer_destroy(optimizer);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_fit_xor),
        cmocka_unit_test(a_rule_steps_as_in_training),
        cmocka_unit_test(minimizers_fit_xor),
        cmocka_unit_test(minimizers_agree_on_linear_nets),
        cmocka_unit_test(a_stalled_optimizer_hands_over),
        cmocka_unit_test(what_is_no_square_is_named),
        cmocka_unit_test(squares_have_weights_of_at_least_zero),
        cmocka_unit_test(a_host_layer_without_direction_is_named),
        cmocka_unit_test(second_order_reaches_zero),
        cmocka_unit_test(the_value_is_the_same_in_any_batches),
        cmocka_unit_test(penalties_are_in_the_value),
        cmocka_unit_test(named_tensors_alone_move),
        cmocka_unit_test(the_error_curve_follows_the_direction),
        cmocka_unit_test(cancelling_leaves_the_best),
        cmocka_unit_test(what_is_not_finite_ends_it),
        cmocka_unit_test(calls_out_of_order_are_refused),
    };
    return run_on_devices("net_minimize", tests, LENGTH(tests));
}

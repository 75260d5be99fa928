/* Regularisers as the papers have them, and the higher-order steps: each step of training against
 * its formula in double. */
#include "public.h"

#include <math.h>

enum { kSamples = 5, kParameters = 13 };

struct frame {
    cnn_device *device;
    cnn_net *net;
    float x[kSamples * 2], t[kSamples];
    cnn_samples samples;
    float theta[kParameters], gradient[kParameters];
};

/* The 2-3-1 network. */
static cnn_net *small_net(void) {
    cnn_net *net = seeded_net(4);
    cnn_node n = cnn_net_input(net, NULL, 1, (const int64_t[]){2});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = 3, .activation = CNN_TANH, .name = "h"});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = 1, .name = "o"});
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_MSE});
    return net;
}

static void start(struct frame *f, const char *spec) {
    memset(f, 0, sizeof *f);
    f->device = open_device(spec);
    f->net = small_net();
    OK(cnn_net_compile(f->net, f->device, &(cnn_compile){.max_batch = kSamples}, &err));
    fill(f->x, LENGTH(f->x), 5);
    fill(f->t, LENGTH(f->t), 6);
    f->samples = (cnn_samples){.inputs = f->x,
                               .input_elements = LENGTH(f->x),
                               .targets = f->t,
                               .target_elements = LENGTH(f->t)};
    fill(f->theta, kParameters, 7);
    f->theta[1] = 0; /* where L1 has its kink */
    OK(cnn_net_set_vector(f->net, CNN_PARAMETERS, f->theta, kParameters, &err));
    OK(cnn_net_loss_gradient(f->net, &f->samples, NULL, NULL, &err));
    OK(cnn_net_get_vector(f->net, CNN_GRADIENT, f->gradient, kParameters, &err));
}

static void end(struct frame *f) {
    cnn_net_destroy(f->net);
    cnn_device_destroy(f->device);
}

static cnn_optimizer *descent(double rate) {
    cnn_optimizer *sgd = cnn_optimizer_create(CNN_SGD);
    OK(cnn_optimizer_set(sgd, CNN_MOMENTUM, 0, &err));
    OK(cnn_optimizer_set(sgd, CNN_LEARNING_RATE, rate, &err));
    return sgd;
}

/* One step from f->theta; what it comes to. */
static void stepped(struct frame *f, cnn_optimizer *o, float *after) {
    OK(cnn_net_set_vector(f->net, CNN_PARAMETERS, f->theta, kParameters, &err));
    OK(cnn_net_train_step(f->net, o, &f->samples, NULL, &err));
    OK(cnn_net_get_vector(f->net, CNN_PARAMETERS, after, kParameters, &err));
}

/* f = theta^T theta / (2C) + mean loss: lambda is 1 / C, biases included. */
static void lin_regularizes_by_one_over_2c_biases_included(void **state) {
    skip_without(state);
    struct frame f;
    start(&f, *state);
    const double rate = 0.125, c = 4;
    cnn_optimizer *sgd = descent(rate);
    OK(cnn_optimizer_set(sgd, CNN_L2, 1 / c, &err));
    OK(cnn_net_set_regularization(f.net, "h/bias", 1, &err));
    OK(cnn_net_set_regularization(f.net, "o/bias", 1, &err));
    float after[kParameters];
    stepped(&f, sgd, after);
    for (int i = 0; i < kParameters; i++)
        NEAR(after[i], f.theta[i] - rate * ((double)f.gradient[i] + f.theta[i] / c), 1e-6);
    cnn_optimizer_destroy(sgd);
    end(&f);
}

/* lambda |w|^2 has the gradient 2 lambda w, with a lambda for each group. */
static void worked_gradients_have_a_lambda_per_group(void **state) {
    skip_without(state);
    struct frame f;
    start(&f, *state);
    const double rate = 0.25, lambda = 0.05, factors[] = {1, 0.5, 3, 0};
    cnn_optimizer *sgd = descent(rate);
    OK(cnn_optimizer_set(sgd, CNN_L2, 2 * lambda, &err));
    OK(cnn_net_set_regularization(f.net, "h/bias", 0.5, &err));
    OK(cnn_net_set_regularization(f.net, "o", 3, &err));
    OK(cnn_net_set_regularization(f.net, "o/bias", 0, &err));
    float after[kParameters];
    stepped(&f, sgd, after);
    for (int k = 0; k < 4; k++) {
        cnn_tensor_info info;
        OK(cnn_net_describe_tensor(f.net, CNN_PARAMETERS, k, &info, &err));
        NEAR(info.regularization, factors[k], 0);
        for (int64_t i = info.offset; i < info.offset + info.elements; i++)
            NEAR(after[i],
                 f.theta[i] - rate * ((double)f.gradient[i] + 2 * lambda * factors[k] * f.theta[i]),
                 1e-6);
    }
    cnn_optimizer_destroy(sgd);
    end(&f);
}

static int sign_of(double x) {
    return x < 0 ? -1 : x > 0;
}

/* (lambda / 2) |q - q0|^2, and the 1-norm as the other norm, with derivative 0 at 0. */
static void n3_regularizers_pull_to_a_center(void **state) {
    skip_without(state);
    struct frame f;
    start(&f, *state);
    const double rate = 0.125, l2 = 0.5, l1 = 0.25;
    float center[kParameters], after[kParameters], read[kParameters];
    fill(center, kParameters, 9);
    center[2] = f.theta[2];
    for (int norm = 0; norm < 3; norm++) {
        /* Weight decay pulls the same way. */
        cnn_optimizer *sgd = descent(rate);
        const cnn_key keys[] = {CNN_L2, CNN_L1, CNN_WEIGHT_DECAY};
        OK(cnn_optimizer_set(sgd, keys[norm], norm == 1 ? l1 : l2, &err));
        for (int centered = 0; centered < 2; centered++) {
            OK(cnn_net_set_center(f.net, centered ? center : NULL, centered ? kParameters : 0,
                                  &err));
            OK(cnn_net_get_center(f.net, read, kParameters, &err));
            stepped(&f, sgd, after);
            for (int i = 0; i < kParameters; i++) {
                const int weight = i < 6 || (i >= 9 && i < 12);
                const double q0 = centered ? (double)center[i] : 0, away = f.theta[i] - q0;
                NEAR(read[i], q0, 0);
                const double pull = norm == 1 ? l1 * sign_of(away) : l2 * away;
                NEAR(after[i], f.theta[i] - rate * ((double)f.gradient[i] + weight * pull), 1e-6);
            }
        }
        cnn_optimizer_destroy(sgd);
    }
    end(&f);
}

/* (1 - alpha lambda) q - alpha J is the step of the penalty for plain gradient descent, and not
 * with momentum nor for Adam. */
static void n4_decay_equals_the_penalty_for_plain_descent_only(void **state) {
    skip_without(state);
    struct frame f;
    start(&f, *state);
    static const struct {
        cnn_optimizer_kind penalty, decay;
        double momentum;
        int equal;
    } rows[] = {{CNN_SGD, CNN_SGD, 0, 1}, {CNN_SGD, CNN_SGD, 0.9, 0}, {CNN_ADAM, CNN_ADAMW, 0, 0}};
    for (int r = 0; r < LENGTH(rows); r++) {
        float result[2][kParameters];
        for (int decay = 0; decay < 2; decay++) {
            cnn_optimizer *o = cnn_optimizer_create(decay ? rows[r].decay : rows[r].penalty);
            if (rows[r].penalty == CNN_SGD)
                OK(cnn_optimizer_set(o, CNN_MOMENTUM, rows[r].momentum, &err));
            OK(cnn_optimizer_set(o, CNN_LEARNING_RATE, 0.125, &err));
            OK(cnn_optimizer_set(o, decay ? CNN_WEIGHT_DECAY : CNN_L2, 0.5, &err));
            OK(cnn_net_set_vector(f.net, CNN_PARAMETERS, f.theta, kParameters, &err));
            for (int step = 0; step < 4; step++)
                OK(cnn_net_train_step(f.net, o, &f.samples, NULL, &err));
            OK(cnn_net_get_vector(f.net, CNN_PARAMETERS, result[decay], kParameters, &err));
            cnn_optimizer_destroy(o);
        }
        double distance = 0;
        for (int i = 0; i < kParameters; i++)
            distance = fmax(distance, fabs((double)result[0][i] - (double)result[1][i]));
        assert_true(rows[r].equal ? distance < 1e-6 : distance > 1e-2);
    }
    end(&f);
}

/* v <- (1 - gamma alpha) v - alpha J, q <- q + alpha v is momentum 1 - gamma alpha at alpha^2. */
static void n7_is_momentum_at_another_rate(void **state) {
    skip_without(state);
    struct frame f;
    start(&f, *state);
    const double alpha = 0.25, gamma = 0.8;
    double q[kParameters], v[kParameters] = {0};
    for (int i = 0; i < kParameters; i++) q[i] = f.theta[i];
    cnn_optimizer *sgd = descent(alpha * alpha);
    OK(cnn_optimizer_set(sgd, CNN_MOMENTUM, 1 - gamma * alpha, &err));
    for (int step = 0; step < 8; step++) {
        float now[kParameters], gradient[kParameters];
        OK(cnn_net_train_step(f.net, sgd, &f.samples, NULL, &err));
        OK(cnn_net_get_vector(f.net, CNN_GRADIENT, gradient, kParameters, &err));
        OK(cnn_net_get_vector(f.net, CNN_PARAMETERS, now, kParameters, &err));
        for (int i = 0; i < kParameters; i++) {
            v[i] = (1 - gamma * alpha) * v[i] - alpha * (double)gradient[i];
            q[i] += alpha * v[i];
            NEAR(now[i], q[i], 1e-5);
        }
    }
    cnn_optimizer_destroy(sgd);
    end(&f);
}

static void n9_mean_is_adagrad_at_a_growing_rate(void **state) {
    skip_without(state);
    struct frame f;
    start(&f, *state);
    cnn_optimizer *usual = cnn_optimizer_create(CNN_ADAGRAD);
    cnn_optimizer *mean = cnn_optimizer_create(CNN_ADAGRAD);
    OK(cnn_optimizer_set(mean, CNN_MEAN_SQUARES, 1, &err));
    OK(cnn_optimizer_set(mean, CNN_LEARNING_RATE, 0.0625, &err));
    cnn_net *other = NULL;
    OK(cnn_net_clone(f.net, &other, &err));
    OK(cnn_net_compile(other, f.device, &(cnn_compile){.max_batch = kSamples}, &err));
    for (int t = 1; t <= 6; t++) {
        OK(cnn_optimizer_set(usual, CNN_LEARNING_RATE, 0.0625 * sqrt(t), &err));
        OK(cnn_net_train_step(f.net, mean, &f.samples, NULL, &err));
        OK(cnn_net_train_step(other, usual, &f.samples, NULL, &err));
    }
    float *a = vector_of(f.net, CNN_PARAMETERS), *b = vector_of(other, CNN_PARAMETERS);
    for (int i = 0; i < kParameters; i++) NEAR(a[i], b[i], 1e-5);
    free(a);
    free(b);
    cnn_optimizer_destroy(usual);
    cnn_optimizer_destroy(mean);
    cnn_net_destroy(other);
    end(&f);
}

/* ---- Higher-order steps on V = (lambda / 2) w^2, the gradient being the library's ---- */

struct quadratic {
    cnn_device *device;
    cnn_net *net;
    float x, zero;
    cnn_samples samples;
};

static void start_quadratic(struct quadratic *q, const char *spec, double lambda) {
    memset(q, 0, sizeof *q);
    q->device = open_device(spec);
    q->net = seeded_net(1);
    cnn_node n = cnn_net_input(q->net, NULL, 1, (const int64_t[]){1});
    n = cnn_net_dense(q->net, n, &(cnn_dense){.units = 1, .no_bias = 1});
    cnn_net_loss(q->net, n, &(cnn_loss){.kind = CNN_LOSS_HALF_MSE});
    OK(cnn_net_compile(q->net, q->device, NULL, &err));
    q->x = (float)sqrt(lambda);
    q->samples = (cnn_samples){
        .inputs = &q->x, .input_elements = 1, .targets = &q->zero, .target_elements = 1};
}

static void end_quadratic(struct quadratic *q) {
    cnn_net_destroy(q->net);
    cnn_device_destroy(q->device);
}

static double slope_at(struct quadratic *q, double w) {
    const float value = (float)w;
    float slope;
    OK(cnn_net_set_vector(q->net, CNN_PARAMETERS, &value, 1, &err));
    OK(cnn_net_loss_gradient(q->net, &q->samples, NULL, NULL, &err));
    OK(cnn_net_get_vector(q->net, CNN_GRADIENT, &slope, 1, &err));
    return slope;
}

/* q_(n+1) = q_(n-1) - 2 alpha J_n has the spectral radius alpha lambda + sqrt(1 + (alpha
 * lambda)^2), at every rate above 1: it leaves the minimum that it begins beside. */
static void n13_diverges_at_every_rate(void **state) {
    skip_without(state);
    struct quadratic q;
    start_quadratic(&q, *state, 1);
    const double rates[] = {0.05, 0.3, 1};
    for (int r = 0; r < LENGTH(rates); r++) {
        double before = 1e-3, now = before - rates[r] * slope_at(&q, before), last = 0;
        for (int n = 0; n < 900 && fabs(now) < 1e6; n++) {
            const double next = before - 2 * rates[r] * slope_at(&q, now);
            before = now;
            now = next;
            last = fabs(now / before);
        }
        assert_true(fabs(now) > 1e4);
        NEAR(last, rates[r] + sqrt(1 + rates[r] * rates[r]), 1e-3);
    }
    end_quadratic(&q);
}

/* q_(n+1) = -3/2 q_n + 3 q_(n-1) - 1/2 q_(n-2) - 3 alpha J_n has the roots 1, 0.186 and -2.686 even
 * at alpha 0. */
static void n14_diverges_at_every_rate(void **state) {
    skip_without(state);
    struct quadratic q;
    start_quadratic(&q, *state, 1);
    const double rates[] = {1e-6, 0.05, 0.3};
    for (int r = 0; r < LENGTH(rates); r++) {
        double w[3] = {1e-3, 1.01e-3, 1.02e-3}, last = 0;
        for (int n = 0; n < 60 && fabs(w[2]) < 1e6; n++) {
            const double next =
                -1.5 * w[2] + 3 * w[1] - 0.5 * w[0] - 3 * rates[r] * slope_at(&q, w[2]);
            last = next / w[2];
            w[0] = w[1];
            w[1] = w[2];
            w[2] = next;
        }
        assert_true(fabs(w[2]) > 1e4);
        assert_true(last < -2.68);
        if (r == 0) NEAR(last, -2.686, 1e-3);
    }
    end_quadratic(&q);
}

/* Where Euler takes alpha lambda in (0, 2), Adams-Bashforth takes (0, 1) alone. */
static void adams_bashforth_is_stable_below_one(void **state) {
    skip_without(state);
    static const struct {
        double rate;
        int adams_bashforth, euler;
    } rows[] = {{0.01, 1, 1}, {0.5, 1, 1}, {0.95, 1, 1}, {1.05, 0, 1}, {1.9, 0, 1}, {2.1, 0, 0}};
    struct quadratic q;
    start_quadratic(&q, *state, 1);
    for (int r = 0; r < LENGTH(rows); r++)
        for (int euler = 0; euler < 2; euler++) {
            cnn_optimizer *o =
                euler ? descent(rows[r].rate) : cnn_optimizer_create(CNN_ADAMS_BASHFORTH);
            OK(cnn_optimizer_set(o, CNN_LEARNING_RATE, rows[r].rate, &err));
            const float begin = 1;
            float w = begin;
            OK(cnn_net_set_vector(q.net, CNN_PARAMETERS, &begin, 1, &err));
            for (int n = 0; n < 700 && fabsf(w) < 1e6f; n++) {
                OK(cnn_net_train_step(q.net, o, &q.samples, NULL, &err));
                OK(cnn_net_get_vector(q.net, CNN_PARAMETERS, &w, 1, &err));
            }
            const int stable = euler ? rows[r].euler : rows[r].adams_bashforth;
            assert_true(stable ? fabsf(w) < 1e-2f : fabsf(w) > 1e3f);
            cnn_optimizer_destroy(o);
        }
    end_quadratic(&q);
}

/* ---- Keeping ---- */

static void copies_keep_factors_and_center(void **state) {
    skip_without(state);
    struct frame f;
    start(&f, *state);
    float center[kParameters], read[kParameters];
    fill(center, kParameters, 9);
    OK(cnn_net_set_center(f.net, center, kParameters, &err));
    OK(cnn_net_set_regularization(f.net, "o", 0.75, &err));
    OK(cnn_net_set_regularization(f.net, "h", 0, &err));
    size_t bytes = 0;
    FAILS(CNN_LIMIT_EXCEEDED, cnn_net_save_memory(f.net, NULL, 0, &bytes, &err));
    void *data = malloc(bytes);
    OK(cnn_net_save_memory(f.net, data, bytes, &bytes, &err));
    cnn_net *copies[2] = {NULL, NULL};
    OK(cnn_net_load_memory(data, bytes, &copies[0], &err));
    OK(cnn_net_clone(f.net, &copies[1], &err));
    float expected[kParameters], after[kParameters];
    cnn_optimizer *sgd = descent(0.125);
    OK(cnn_optimizer_set(sgd, CNN_L2, 0.5, &err));
    stepped(&f, sgd, expected);
    for (int k = 0; k < 2; k++) {
        OK(cnn_net_get_center(copies[k], read, kParameters, &err));
        assert_memory_equal(read, center, sizeof center);
        /* Twice, so that it moves from a device to a device too. */
        for (int i = 0; i < 2; i++)
            OK(cnn_net_compile(copies[k], f.device, &(cnn_compile){.max_batch = kSamples}, &err));
        cnn_net_destroy(f.net);
        f.net = copies[k];
        OK(cnn_optimizer_reset(sgd, &err));
        stepped(&f, sgd, after);
        assert_memory_equal(after, expected, sizeof after);
    }
    free(data);
    cnn_optimizer_destroy(sgd);
    end(&f);
}

static int32_t set_l1(const cnn_progress *progress, void *user) {
    if (progress->step == 1) return cnn_optimizer_set(user, CNN_L1, 0.5, NULL);
    return 0;
}

/* A key takes effect at the next step, also within a fit. */
static void l1_may_begin_within_a_fit(void **state) {
    skip_without(state);
    struct frame f;
    start(&f, *state);
    cnn_optimizer *sgd = descent(0.125);
    float once[kParameters], expected[kParameters], after[kParameters];
    stepped(&f, sgd, once);
    OK(cnn_optimizer_set(sgd, CNN_L1, 0.5, &err));
    OK(cnn_net_train_step(f.net, sgd, &f.samples, NULL, &err));
    OK(cnn_net_get_vector(f.net, CNN_PARAMETERS, expected, kParameters, &err));
    OK(cnn_optimizer_set(sgd, CNN_L1, 0, &err));
    OK(cnn_net_set_vector(f.net, CNN_PARAMETERS, f.theta, kParameters, &err));
    const cnn_fit fit = {
        .epochs = 2, .no_shuffle = 1, .progress = set_l1, .user = sgd, .progress_interval = -1};
    OK(cnn_net_fit(f.net, sgd, &f.samples, &fit, NULL, &err));
    OK(cnn_net_get_vector(f.net, CNN_PARAMETERS, after, kParameters, &err));
    assert_memory_equal(after, expected, sizeof after);
    cnn_optimizer_destroy(sgd);
    end(&f);
}

static void what_makes_no_sense_is_refused(void **state) {
    (void)state;
    cnn_net *net = small_net();
    float center[kParameters] = {0};
    FAILS(CNN_NOT_FOUND, cnn_net_set_regularization(net, "x", 1, &err));
    SAID("\"x\"");
    FAILS(CNN_OUT_OF_RANGE, cnn_net_set_regularization(net, "h", -1, &err));
    FAILS(CNN_OUT_OF_RANGE, cnn_net_set_regularization(net, "h", NAN, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_set_regularization(NULL, "h", 1, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_set_regularization(net, NULL, 1, &err));
    FAILS(CNN_SHAPE_MISMATCH, cnn_net_set_center(net, center, kParameters - 1, &err));
    FAILS(CNN_SHAPE_MISMATCH, cnn_net_set_center(net, center, 0, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_set_center(net, NULL, kParameters, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_set_center(NULL, NULL, 0, &err));
    center[3] = INFINITY;
    FAILS(CNN_OUT_OF_RANGE, cnn_net_set_center(net, center, kParameters, &err));
    SAID("value 3");
    FAILS(CNN_SHAPE_MISMATCH, cnn_net_get_center(net, center, 1, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_get_center(net, NULL, kParameters, &err));
    OK(cnn_net_get_center(net, center, kParameters, &err));
    NEAR(center[3], 0, 0);
    /* What is added later has its centre at zero. */
    center[3] = 1;
    OK(cnn_net_set_center(net, center, kParameters, &err));
    cnn_net_dense(net, 1, &(cnn_dense){.units = 2});
    float more[kParameters + 8];
    OK(cnn_net_get_center(net, more, LENGTH(more), &err));
    NEAR(more[3], 1, 0);
    for (int i = kParameters; i < LENGTH(more); i++) NEAR(more[i], 0, 0);
    cnn_net_destroy(net);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lin_regularizes_by_one_over_2c_biases_included),
        cmocka_unit_test(worked_gradients_have_a_lambda_per_group),
        cmocka_unit_test(n3_regularizers_pull_to_a_center),
        cmocka_unit_test(n4_decay_equals_the_penalty_for_plain_descent_only),
        cmocka_unit_test(n7_is_momentum_at_another_rate),
        cmocka_unit_test(n9_mean_is_adagrad_at_a_growing_rate),
        cmocka_unit_test(n13_diverges_at_every_rate),
        cmocka_unit_test(n14_diverges_at_every_rate),
        cmocka_unit_test(adams_bashforth_is_stable_below_one),
        cmocka_unit_test(copies_keep_factors_and_center),
        cmocka_unit_test(l1_may_begin_within_a_fit),
    };
    const struct CMUnitTest once[] = {cmocka_unit_test(what_makes_no_sense_is_refused)};
    return run_on_devices("regularization", tests, LENGTH(tests)) +
           cmocka_run_group_tests_name("refusals", once, NULL, NULL);
}

/* Training: steps against the formulas in double, schedules, and what fit promises. */
#include "public.h"

#include <math.h>
#include <pthread.h>
#include <time.h>

enum { kIn = 12, kOut = 3, kSamples = 22, kBatch = 4, kSteps = 6, kMost = 4096 };

/* conv - batch norm - dropout - dense, so that every kind of tensor and both streams take part. */
static cnn_net *learner(void) {
    cnn_net *net = seeded_net(9);
    cnn_node n = cnn_net_input(net, NULL, 3, (const int64_t[]){1, 3, 4});
    n = cnn_net_conv2d(net, n, &(cnn_conv2d){.filters = 4, .kernel = {2, 2}, .name = "c"});
    n = cnn_net_batch_norm(net, n, &(cnn_batch_norm){.activation = CNN_TANH, .name = "b"});
    n = cnn_net_dropout(net, n, &(cnn_dropout){.rate = 0.125f});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = kOut, .name = "d"});
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_SOFTMAX_CROSS_ENTROPY});
    return net;
}

struct frame {
    cnn_device *device;
    cnn_net *net;
    cnn_optimizer *optimizer;
    float x[kIn * kSamples];
    uint8_t labels[kSamples];
    cnn_samples samples, four;
};

static struct frame *start_with(const char *spec, int32_t threads, cnn_optimizer_kind kind) {
    struct frame *f = calloc(1, sizeof *f);
    assert_non_null(f);
    OK(cnn_device_open(spec, &(cnn_device_options){.threads = threads}, &f->device, &err));
    f->net = learner();
    OK(cnn_net_compile(f->net, f->device, &(cnn_compile){.max_batch = kBatch}, &err));
    f->optimizer = cnn_optimizer_create(kind);
    assert_non_null(f->optimizer);
    fill(f->x, LENGTH(f->x), 3);
    for (int i = 0; i < kSamples; i++) f->labels[i] = (uint8_t)(f->x[i * kIn] > 0 ? 1 + i % 2 : 0);
    f->samples = (cnn_samples){.inputs = f->x,
                               .input_elements = LENGTH(f->x),
                               .labels = f->labels,
                               .label_type = CNN_UINT8,
                               .label_elements = kSamples};
    f->four = f->samples;
    f->four.input_elements = kIn * kBatch;
    f->four.label_elements = kBatch;
    return f;
}

static struct frame *start(void **state, cnn_optimizer_kind kind) {
    skip_without(state);
    return start_with(*state, 0, kind);
}

static void end(struct frame *f) {
    cnn_optimizer_destroy(f->optimizer);
    cnn_net_destroy(f->net);
    cnn_device_destroy(f->device);
    free(f);
}

/* ---- Steps ---- */

struct setting {
    cnn_key key;
    double value;
};

struct rule {
    const char *name;
    cnn_optimizer_kind kind;
    struct setting settings[6];
    int rates; /* some tensors frozen, some slower */
};

static double key_of(const cnn_optimizer *optimizer, cnn_key key) {
    double value = 0;
    return cnn_optimizer_get(optimizer, key, &value, NULL) ? 0 : value;
}

/* theta after a step, by the formulas of cnn.h. */
static void step(const struct frame *f, int t, double *theta, const float *gradient, double *m,
                 double *v) {
    const cnn_optimizer *o = f->optimizer;
    const double a = key_of(o, CNN_LEARNING_RATE), p = key_of(o, CNN_MOMENTUM);
    const double b1 = key_of(o, CNN_BETA1), b2 = key_of(o, CNN_BETA2);
    const double clip = key_of(o, CNN_CLIP_NORM), epsilon = key_of(o, CNN_EPSILON);
    const cnn_optimizer_kind kind = cnn_optimizer_get_kind(o);
    const int64_t count = cnn_net_vector_elements(f->net, CNN_PARAMETERS);
    double squares = 0;
    for (int64_t i = 0; i < count; i++) squares += (double)gradient[i] * gradient[i];
    const double factor = clip > 0 && sqrt(squares) > clip ? clip / sqrt(squares) : 1;
    for (int32_t k = 0; k < cnn_net_tensor_count(f->net, CNN_PARAMETERS); k++) {
        cnn_tensor_info info;
        OK(cnn_net_describe_tensor(f->net, CNN_PARAMETERS, k, &info, &err));
        if (info.rate == 0) continue;
        for (int64_t i = info.offset; i < info.offset + info.elements; i++) {
            const double rate = a * info.rate, sign = theta[i] < 0 ? -1 : theta[i] > 0;
            const double penalty = key_of(o, CNN_L2) * theta[i] + key_of(o, CNN_L1) * sign;
            const double g = factor * (double)gradient[i] + info.regularization * penalty;
            theta[i] -= rate * info.regularization * key_of(o, CNN_WEIGHT_DECAY) * theta[i];
            if (kind == CNN_SGD) {
                m[i] = p * m[i] + g;
                theta[i] -= rate * (key_of(o, CNN_NESTEROV) != 0 ? g + p * m[i] : m[i]);
            } else if (kind == CNN_ADAGRAD) {
                v[i] += g * g;
                const double mean = key_of(o, CNN_MEAN_SQUARES) != 0 ? v[i] / t : v[i];
                theta[i] -= rate * g / (sqrt(mean) + epsilon);
            } else if (kind == CNN_RMSPROP) {
                v[i] = b2 * v[i] + (1 - b2) * g * g;
                const double biased = key_of(o, CNN_BIAS_CORRECTION) != 0 ? 1 - pow(b2, t) : 1;
                m[i] = p * m[i] + g / (sqrt(v[i] / biased) + epsilon);
                theta[i] -= rate * m[i];
            } else if (kind == CNN_ADAMS_BASHFORTH) {
                theta[i] -= rate * (t == 1 ? g : 1.5 * g - 0.5 * m[i]);
                m[i] = g;
            } else {
                m[i] = b1 * m[i] + (1 - b1) * g;
                v[i] = b2 * v[i] + (1 - b2) * g * g;
                theta[i] -=
                    rate * m[i] / (1 - pow(b1, t)) / (sqrt(v[i] / (1 - pow(b2, t))) + epsilon);
            }
        }
    }
}

static void steps_follow_their_formulas(void **state) {
    static const struct rule rules[] = {
        {"sgd", CNN_SGD, {{CNN_MOMENTUM, 0}, {CNN_LEARNING_RATE, 0.5}}, 0},
        {"momentum", CNN_SGD, {{CNN_LEARNING_RATE, 0.1}}, 1},
        {"nesterov", CNN_SGD, {{CNN_NESTEROV, 1}, {CNN_MOMENTUM, 0.8}, {CNN_L2, 0.03}}, 0},
        {"sgd, clip", CNN_SGD, {{CNN_CLIP_NORM, 0.05}, {CNN_LEARNING_RATE, 0.3}, {CNN_L2, 0.1}}, 1},
        {"sgd, idle clip", CNN_SGD, {{CNN_CLIP_NORM, 1e9}}, 0},
        {"adam", CNN_ADAM, {{CNN_LEARNING_RATE, 0.01}}, 1},
        {"adam, all",
         CNN_ADAM,
         {{CNN_BETA1, 0.8},
          {CNN_BETA2, 0.9},
          {CNN_EPSILON, 1e-3},
          {CNN_L2, 0.05},
          {CNN_CLIP_NORM, 0.2}},
         0},
        {"adamw", CNN_ADAMW, {{CNN_LEARNING_RATE, 0.02}, {CNN_WEIGHT_DECAY, 0.3}}, 1},
        {"adamw, all",
         CNN_ADAMW,
         {{CNN_WEIGHT_DECAY, 0.5}, {CNN_L2, 0.05}, {CNN_CLIP_NORM, 0.1}, {CNN_EPSILON, 1e-4}},
         0},
        {"sgd, decay, L1", CNN_SGD, {{CNN_WEIGHT_DECAY, 0.4}, {CNN_L1, 0.02}, {CNN_L2, 0.1}}, 1},
        {"adam, L1", CNN_ADAM, {{CNN_L1, 0.3}, {CNN_EPSILON, 1e-3}}, 0},
        {"adagrad", CNN_ADAGRAD, {{CNN_LEARNING_RATE, 0.05}, {CNN_EPSILON, 1e-4}}, 1},
        {"adagrad, all (Delmas 9)",
         CNN_ADAGRAD,
         {{CNN_MEAN_SQUARES, 1},
          {CNN_L2, 0.05},
          {CNN_L1, 0.01},
          {CNN_CLIP_NORM, 0.2},
          {CNN_EPSILON, 1e-3}},
         1},
        {"rmsprop (Delmas 10)", CNN_RMSPROP, {{CNN_LEARNING_RATE, 0.01}, {CNN_EPSILON, 1e-4}}, 1},
        {"rmsprop, all",
         CNN_RMSPROP,
         {{CNN_BIAS_CORRECTION, 1},
          {CNN_MOMENTUM, 0.8},
          {CNN_BETA2, 0.95},
          {CNN_L2, 0.05},
          {CNN_CLIP_NORM, 0.2},
          {CNN_EPSILON, 1e-3}},
         0},
        {"adams-bashforth", CNN_ADAMS_BASHFORTH, {{CNN_LEARNING_RATE, 0.2}}, 1},
        {"adams-bashforth, all",
         CNN_ADAMS_BASHFORTH,
         {{CNN_L2, 0.3}, {CNN_L1, 0.02}, {CNN_CLIP_NORM, 0.5}},
         0},
    };
    skip_without(state);
    for (int r = 0; r < LENGTH(rules); r++) {
        struct frame *f = start(state, rules[r].kind);
        for (int k = 0; k < 6 && rules[r].settings[k].key; k++)
            OK(cnn_optimizer_set(f->optimizer, rules[r].settings[k].key, rules[r].settings[k].value,
                                 &err));
        if (rules[r].rates) {
            OK(cnn_net_set_rate(f->net, "c/weight", 0, &err));
            OK(cnn_net_set_rate(f->net, "b/shift", 0.25, &err));
            OK(cnn_net_set_rate(f->net, "d", 2, &err));
        }
        const int64_t count = cnn_net_vector_elements(f->net, CNN_PARAMETERS);
        assert_true(count < kMost);
        double theta[kMost], m[kMost] = {0}, v[kMost] = {0};
        float *now = vector_of(f->net, CNN_PARAMETERS);
        for (int t = 1; t <= kSteps; t++) {
            float before[kMost];
            memcpy(before, now, (size_t)count * 4);
            for (int64_t i = 0; i < count; i++) theta[i] = (double)now[i];
            double expected, loss;
            OK(cnn_net_loss_gradient(f->net, &f->four, &(cnn_gradient_options){.training = 1},
                                     &expected, &err));
            float *gradient = vector_of(f->net, CNN_GRADIENT);
            OK(cnn_net_train_step(f->net, f->optimizer, &f->four, &loss, &err));
            NEAR(loss, expected, 1e-6);
            assert_int_equal(cnn_optimizer_steps(f->optimizer), t);
            step(f, t, theta, gradient, m, v);
            free(gradient);
            free(now);
            now = vector_of(f->net, CNN_PARAMETERS);
            double error = 0, size = 0;
            for (int64_t i = 0; i < count; i++) {
                error += pow((double)now[i] - theta[i], 2);
                size += pow(theta[i] - (double)before[i], 2);
            }
            if (sqrt(error) > 1e-4 * sqrt(size) + 1e-6) print_error("%s\n", rules[r].name);
            NEAR(sqrt(error), 0, 1e-4 * sqrt(size) + 1e-6);
            if (rules[r].rates) assert_memory_equal(now, before, 4 * 4 * sizeof(float));
        }
        free(now);
        end(f);
    }
}

/* running += momentum (batch - running), the variance unbiased. */
static void running_statistics_move(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    cnn_net *net = seeded_net(0);
    cnn_node n = cnn_net_input(net, NULL, 1, (const int64_t[]){2});
    n = cnn_net_batch_norm(net, n, &(cnn_batch_norm){.momentum = 0.25f});
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_MSE});
    OK(cnn_net_compile(net, device, &(cnn_compile){.max_batch = 8}, &err));
    const float x[] = {1, 10, 2, 20, 6, 60};
    cnn_optimizer *sgd = cnn_optimizer_create(CNN_SGD);
    OK(cnn_net_train_step(
        net, sgd,
        &(cnn_samples){.inputs = x, .input_elements = 6, .targets = x, .target_elements = 6}, NULL,
        &err));
    float s[4];
    OK(cnn_net_get_vector(net, CNN_STATE, s, 4, &err));
    /* Mean 3, unbiased variance (4 + 1 + 9) / 2 = 7. */
    NEAR(s[0], 0.75, 1e-6);
    NEAR(s[1], 7.5, 1e-5);
    NEAR(s[2], 0.75 + 0.25 * 7, 1e-5);
    NEAR(s[3], 0.75 + 0.25 * 700, 1e-3);
    cnn_optimizer_destroy(sgd);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

static void keys_can_be_listed_and_are_bounded(void **state) {
    (void)state;
    assert_null(cnn_optimizer_create(0));
    assert_null(cnn_optimizer_create(99));
    for (cnn_optimizer_kind kind = CNN_SGD; kind <= CNN_ADAMS_BASHFORTH; kind++) {
        cnn_optimizer *o = cnn_optimizer_create(kind);
        assert_int_equal(cnn_optimizer_get_kind(o), kind);
        const int32_t count = cnn_optimizer_key_count(o);
        assert_true(count >= 4);
        cnn_key_info info;
        for (int32_t i = 0; i < count; i++) {
            OK(cnn_optimizer_describe_key(o, i, &info, &err));
            assert_true(info.name[0] != 0);
            assert_true(info.minimum <= info.default_value && info.default_value <= info.maximum);
            NEAR(info.value, info.default_value, 0);
            const double bad[] = {NAN, -1e300, 1e300, nextafter(info.minimum, -INFINITY),
                                  nextafter(info.maximum, INFINITY)};
            for (int k = 0; k < LENGTH(bad); k++) {
                FAILS(CNN_OUT_OF_RANGE, cnn_optimizer_set(o, info.key, bad[k], &err));
                SAID(info.name);
            }
            OK(cnn_optimizer_set(o, info.key, info.minimum, &err));
            OK(cnn_optimizer_set(o, info.key, info.maximum, &err));
            double value = -1;
            OK(cnn_optimizer_get(o, info.key, &value, &err));
            NEAR(value, info.maximum, 0);
        }
        FAILS(CNN_OUT_OF_RANGE, cnn_optimizer_describe_key(o, count, &info, &err));
        FAILS(CNN_OUT_OF_RANGE, cnn_optimizer_describe_key(o, -1, &info, &err));
        FAILS(CNN_NOT_FOUND, cnn_optimizer_set(o, 77, 0, &err));
        FAILS(CNN_NOT_FOUND,
              cnn_optimizer_set(
                  o, kind == CNN_SGD || kind == CNN_RMSPROP ? CNN_BETA1 : CNN_MOMENTUM, 0, &err));
        double value;
        FAILS(CNN_NOT_FOUND, cnn_optimizer_get(o, 77, &value, &err));
        FAILS(CNN_INVALID_ARGUMENT, cnn_optimizer_get(o, CNN_LEARNING_RATE, NULL, &err));
        cnn_optimizer_destroy(o);
    }
    cnn_optimizer *sgd = cnn_optimizer_create(CNN_SGD);
    FAILS(CNN_OUT_OF_RANGE, cnn_optimizer_set(sgd, CNN_NESTEROV, 0.5, &err));
    cnn_optimizer_destroy(sgd);
    assert_int_equal(cnn_optimizer_key_count(NULL), 0);
    assert_int_equal(cnn_optimizer_get_kind(NULL), 0);
    assert_int_equal(cnn_optimizer_steps(NULL), -1);
    FAILS(CNN_INVALID_ARGUMENT, cnn_optimizer_set(NULL, CNN_L2, 0, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_optimizer_reset(NULL, &err));
}

static void an_optimizer_serves_one_net_until_reset(void **state) {
    struct frame *f = start(state, CNN_ADAM);
    cnn_net *other = NULL;
    OK(cnn_net_train_step(f->net, f->optimizer, &f->four, NULL, &err));
    OK(cnn_net_clone(f->net, &other, &err));
    FAILS(CNN_BAD_STATE, cnn_net_train_step(other, f->optimizer, &f->four, NULL, &err));
    OK(cnn_net_compile(other, f->device, &(cnn_compile){.max_batch = kBatch}, &err));
    float *theta = vector_of(other, CNN_PARAMETERS);
    FAILS(CNN_BAD_STATE, cnn_net_train_step(other, f->optimizer, &f->four, NULL, &err));
    SAID("bound");
    FAILS(CNN_BAD_STATE, cnn_net_fit(other, f->optimizer, &f->four, NULL, NULL, &err));
    assert_int_equal(cnn_optimizer_steps(f->optimizer), 1);
    assert_true(same_vector(f->net, other, CNN_PARAMETERS));
    OK(cnn_optimizer_set(f->optimizer, CNN_LEARNING_RATE, 0.25, &err));
    OK(cnn_optimizer_reset(f->optimizer, &err));
    assert_int_equal(cnn_optimizer_steps(f->optimizer), 0);
    NEAR(key_of(f->optimizer, CNN_LEARNING_RATE), 0.25, 0);
    OK(cnn_net_train_step(other, f->optimizer, &f->four, NULL, &err));
    FAILS(CNN_BAD_STATE, cnn_net_train_step(f->net, f->optimizer, &f->four, NULL, &err));
    free(theta);
    cnn_net_destroy(other);
    end(f);
}

static void copies_are_equal_and_apart(void **state) {
    struct frame *f = start(state, CNN_ADAM);
    cnn_net *clone = NULL;
    OK(cnn_net_set_rate(f->net, "c", 0, &err));
    OK(cnn_net_train_step(f->net, f->optimizer, &f->four, NULL, &err));
    OK(cnn_net_clone(f->net, &clone, &err));
    assert_true(same_vector(f->net, clone, CNN_PARAMETERS));
    assert_true(same_vector(f->net, clone, CNN_STATE));
    cnn_tensor_info info;
    OK(cnn_net_describe_tensor(clone, CNN_PARAMETERS, 0, &info, &err));
    NEAR(info.rate, 0, 0);
    OK(cnn_net_train_step(f->net, f->optimizer, &f->four, NULL, &err));
    assert_false(same_vector(f->net, clone, CNN_PARAMETERS));
    OK(cnn_net_copy_parameters(clone, f->net, &err));
    assert_true(same_vector(f->net, clone, CNN_PARAMETERS));
    assert_true(same_vector(f->net, clone, CNN_STATE));
    OK(cnn_net_copy_parameters(clone, clone, &err));
    cnn_net *different = seeded_net(0);
    cnn_node n = cnn_net_input(different, NULL, 1, (const int64_t[]){2});
    cnn_net_dense(different, n, &(cnn_dense){.units = 2});
    FAILS(CNN_SHAPE_MISMATCH, cnn_net_copy_parameters(clone, different, &err));
    assert_true(same_vector(f->net, clone, CNN_PARAMETERS));
    cnn_net_destroy(different);
    cnn_net_destroy(clone);
    end(f);
}

/* ---- fit ---- */

struct watch {
    int calls, ended;
    double rates[256], losses[256];
    cnn_progress last;
    int cancel_at;
};

static int32_t watch(const cnn_progress *p, void *user) {
    struct watch *w = user;
    if (w->calls < 256) {
        w->rates[w->calls] = p->learning_rate;
        w->losses[w->calls] = p->loss;
    }
    w->calls++;
    w->ended += p->epoch_ended;
    w->last = *p;
    return w->cancel_at != 0 && w->calls == w->cancel_at;
}

static void schedules_give_their_rates(void **state) {
    skip_without(state);
    enum { kEpochs = 3, kPerEpoch = 6 };
    for (int row = 0; row < 6; row++) {
        struct frame *f = start(state, CNN_SGD);
        const double a = 0.02;
        OK(cnn_optimizer_set(f->optimizer, CNN_LEARNING_RATE, a, &err));
        struct watch w = {0};
        cnn_fit fit = {.epochs = kEpochs, .progress = watch, .user = &w, .progress_interval = -1};
        if (row == 1) fit.schedule = CNN_SCHEDULE_STEP;
        if (row == 2) {
            fit.schedule = CNN_SCHEDULE_STEP;
            fit.schedule_factor = 0.5f;
            fit.schedule_period = 1.5;
        }
        if (row == 3) fit.schedule = CNN_SCHEDULE_EXPONENTIAL;
        if (row >= 4) {
            fit.schedule = CNN_SCHEDULE_COSINE;
            fit.schedule_floor = 0.001;
        }
        if (row == 5) fit.warmup_steps = 5;
        OK(cnn_net_fit(f->net, f->optimizer, &f->samples, &fit, NULL, &err));
        assert_int_equal(w.calls, kEpochs * kPerEpoch);
        assert_int_equal(w.ended, kEpochs);
        for (int i = 0; i < w.calls; i++) {
            const double e = (double)i / kPerEpoch;
            const double rates[] = {a, a * pow(0.1, floor(e)), a * pow(0.5, floor(e / 1.5)),
                                    a * pow((double)0.9f, e),
                                    0.001 + (a - 0.001) * (1 + cos(acos(-1) * e / kEpochs)) / 2};
            double rate = rates[row == 5 ? 4 : row];
            if (row == 5 && i < 5) rate *= (i + 1) / 5.0;
            NEAR(w.rates[i], rate, 1e-7 * a);
        }
        end(f);
    }
}

static void fit_is_steps_over_shuffled_epochs(void **state) {
    struct frame *f = start(state, CNN_SGD);
    struct frame *g = start(state, CNN_SGD);
    /* Unshuffled, it is train_step on one batch after the other, the last with 2 samples. */
    cnn_report report;
    const cnn_fit fit = {.epochs = 2, .batch = 4, .no_shuffle = 1};
    OK(cnn_net_fit(f->net, f->optimizer, &f->samples, &fit, &report, &err));
    double mean = 0;
    for (int epoch = 0; epoch < 2; epoch++) {
        mean = 0;
        for (int first = 0; first < kSamples; first += 4) {
            const int64_t n = kSamples - first < 4 ? kSamples - first : 4;
            cnn_samples part = g->samples;
            part.inputs = g->x + first * kIn;
            part.input_elements = n * kIn;
            part.labels = g->labels + first;
            part.label_elements = n;
            double loss;
            OK(cnn_net_train_step(g->net, g->optimizer, &part, &loss, &err));
            mean += loss / 6;
        }
    }
    assert_true(same_vector(f->net, g->net, CNN_PARAMETERS));
    assert_true(same_vector(f->net, g->net, CNN_STATE));
    assert_int_equal(report.epochs, 2);
    assert_int_equal(report.steps, 12);
    NEAR(report.loss, mean, 1e-6 * mean);
    assert_true(isnan(report.validation_loss));
    NEAR(report.validation_accuracy, -1, 0);
    assert_true(report.seconds > 0 && report.samples_per_second > 0);
    assert_int_equal(cnn_optimizer_steps(f->optimizer), 12);
    end(f);
    end(g);
}

static void seeds_choose_the_order(void **state) {
    static const uint64_t seeds[] = {1, 1, 2, 0};
    struct frame *f[4];
    skip_without(state);
    for (int i = 0; i < 4; i++) {
        f[i] = start(state, CNN_ADAM);
        OK(cnn_net_fit(f[i]->net, f[i]->optimizer, &f[i]->samples,
                       &(cnn_fit){.epochs = 3, .seed = seeds[i]}, NULL, &err));
    }
    assert_true(same_vector(f[0]->net, f[1]->net, CNN_PARAMETERS));
    assert_true(same_vector(f[0]->net, f[1]->net, CNN_STATE));
    assert_false(same_vector(f[0]->net, f[2]->net, CNN_PARAMETERS));
    assert_false(same_vector(f[0]->net, f[3]->net, CNN_PARAMETERS));
    for (int i = 0; i < 4; i++) end(f[i]);
}

static void threads_do_not_change_the_bits(void **state) {
    skip_without(state);
    struct frame *one = start_with(*state, 1, CNN_ADAM), *two = start_with(*state, 2, CNN_ADAM);
    struct frame *f[] = {one, two};
    for (int i = 0; i < 2; i++)
        OK(cnn_net_fit(f[i]->net, f[i]->optimizer, &f[i]->samples, &(cnn_fit){.epochs = 2}, NULL,
                       &err));
    assert_true(same_vector(one->net, two->net, CNN_PARAMETERS));
    assert_true(same_vector(one->net, two->net, CNN_STATE));
    end(one);
    end(two);
}

static void validation_is_evaluated_after_each_epoch(void **state) {
    struct frame *f = start(state, CNN_ADAM);
    struct watch w = {0};
    cnn_report report;
    const cnn_fit fit = {.epochs = 2,
                         .validation = &f->four,
                         .progress = watch,
                         .user = &w,
                         .progress_interval = 1000};
    OK(cnn_net_fit(f->net, f->optimizer, &f->samples, &fit, &report, &err));
    cnn_evaluation now;
    OK(cnn_net_evaluate(f->net, &f->four, &now, &err));
    NEAR(report.validation_loss, now.loss, 1e-9);
    NEAR(report.validation_accuracy, now.accuracy, 0);
    NEAR(w.last.validation_loss, now.loss, 1e-9);
    assert_int_equal(w.calls, 2);
    assert_int_equal(w.last.epoch, 1);
    assert_int_equal(w.last.epochs, 2);
    assert_int_equal(w.last.step, 12);
    assert_int_equal(w.last.steps, 12);
    NEAR(w.last.fraction, 1, 0);
    end(f);
}

static void bad_options_are_refused(void **state) {
    struct frame *f = start(state, CNN_SGD);
    const cnn_samples bad_validation = {.inputs = f->x, .input_elements = kIn};
    const struct {
        cnn_fit fit;
        cnn_status status;
        const char *part;
    } rows[] = {
        {{.epochs = -1}, CNN_OUT_OF_RANGE, "epochs is -1"},
        {{.batch = -4}, CNN_OUT_OF_RANGE, "batch is -4"},
        {{.batch = 5}, CNN_LIMIT_EXCEEDED, "batch is 5"},
        {{.warmup_steps = -2}, CNN_OUT_OF_RANGE, "warmup_steps is -2"},
        {{.schedule = 4}, CNN_INVALID_ARGUMENT, "schedule is 4"},
        {{.schedule_factor = NAN}, CNN_OUT_OF_RANGE, "schedule_factor is nan"},
        {{.schedule_factor = -1}, CNN_OUT_OF_RANGE, "schedule_factor is -1"},
        {{.schedule_period = -1}, CNN_OUT_OF_RANGE, "schedule_period is -1"},
        {{.schedule_floor = INFINITY}, CNN_OUT_OF_RANGE, "schedule_floor is inf"},
        {{.progress_interval = NAN}, CNN_OUT_OF_RANGE, "progress_interval"},
        {{.validation = &bad_validation}, CNN_INVALID_ARGUMENT, "validation"},
        {{.reserved = {1}}, CNN_INCOMPATIBLE, "reserved"},
    };
    for (int i = 0; i < LENGTH(rows); i++) {
        FAILS(rows[i].status,
              cnn_net_fit(f->net, f->optimizer, &f->samples, &rows[i].fit, NULL, &err));
        SAID("fit");
        SAID(rows[i].part);
    }
    assert_int_equal(cnn_optimizer_steps(f->optimizer), 0);
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_fit(f->net, NULL, &f->samples, NULL, NULL, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_fit(f->net, f->optimizer, NULL, NULL, NULL, &err));
    OK(cnn_net_fit(f->net, f->optimizer, &f->samples, NULL, NULL, &err));
    end(f);
}

/* ---- Stopping and going on ---- */

/* The same bits; on the reference, whose reals are wider than what is read and written, close. */
static void assert_same_nets(const char *spec, cnn_net *a, cnn_net *b) {
    for (cnn_vector which = CNN_PARAMETERS; which <= CNN_STATE; which += 2) {
        float *x = vector_of(a, which), *y = vector_of(b, which);
        const int64_t elements = cnn_net_vector_elements(a, which);
        if (strcmp(spec, "reference") == 0)
            for (int64_t i = 0; i < elements; i++) NEAR(x[i], y[i], 1e-5);
        else
            assert_memory_equal(x, y, (size_t)elements * sizeof *x);
        free(x);
        free(y);
    }
}

static void a_cancelled_fit_resumes_to_the_same_bits(void **state) {
    skip_without(state);
    for (int cancel_at = 1; cancel_at <= 18; cancel_at += 1 + cancel_at / 3) {
        struct frame *whole = start(state, CNN_ADAM), *parts = start(state, CNN_ADAM);
        cnn_fit fit = {.epochs = 3, .seed = 4, .schedule = CNN_SCHEDULE_COSINE, .warmup_steps = 2};
        OK(cnn_net_fit(whole->net, whole->optimizer, &whole->samples, &fit, NULL, &err));
        struct watch w = {.cancel_at = cancel_at};
        fit.progress = watch;
        fit.user = &w;
        fit.progress_interval = -1;
        cnn_report report;
        FAILS(CNN_CANCELLED,
              cnn_net_fit(parts->net, parts->optimizer, &parts->samples, &fit, &report, &err));
        assert_int_equal(report.steps, cancel_at);
        assert_int_equal(cnn_optimizer_steps(parts->optimizer), cancel_at);
        fit.resume = 1;
        OK(cnn_net_fit(parts->net, parts->optimizer, &parts->samples, &fit, &report, &err));
        assert_int_equal(report.steps, 18 - cancel_at);
        assert_int_equal(cnn_optimizer_steps(parts->optimizer), 18);
        assert_true(same_vector(whole->net, parts->net, CNN_PARAMETERS));
        assert_true(same_vector(whole->net, parts->net, CNN_STATE));
        end(whole);
        end(parts);
    }
}

static void a_checkpoint_resumes_to_the_same_bits(void **state) {
    struct frame *whole = start(state, CNN_ADAM), *parts = start(state, CNN_ADAM);
    cnn_fit fit = {.epochs = 3, .seed = 4, .schedule = CNN_SCHEDULE_EXPONENTIAL};
    OK(cnn_net_fit(whole->net, whole->optimizer, &whole->samples, &fit, NULL, &err));
    struct watch w = {.cancel_at = 8};
    fit.progress = watch;
    fit.user = &w;
    fit.progress_interval = -1;
    FAILS(CNN_CANCELLED,
          cnn_net_fit(parts->net, parts->optimizer, &parts->samples, &fit, NULL, &err));
    size_t bytes = 0;
    FAILS(CNN_LIMIT_EXCEEDED,
          cnn_checkpoint_save_memory(parts->net, parts->optimizer, NULL, 0, &bytes, &err));
    void *file = malloc(bytes);
    assert_non_null(file);
    OK(cnn_checkpoint_save_memory(parts->net, parts->optimizer, file, bytes, &bytes, &err));
    cnn_net *net = NULL;
    cnn_optimizer *optimizer = NULL;
    OK(cnn_checkpoint_load_memory(file, bytes, &net, &optimizer, &err));
    free(file);
    assert_int_equal(cnn_optimizer_steps(optimizer), 8);
    OK(cnn_net_compile(net, parts->device, &(cnn_compile){.max_batch = kBatch}, &err));
    fit.resume = 1;
    OK(cnn_net_fit(net, optimizer, &parts->samples, &fit, NULL, &err));
    assert_int_equal(cnn_optimizer_steps(optimizer), 18);
    assert_same_nets(*state, whole->net, net);
    cnn_optimizer_destroy(optimizer);
    cnn_net_destroy(net);
    end(whole);
    end(parts);
}

static void compiling_between_steps_keeps_the_optimizer(void **state) {
    struct frame *f = start(state, CNN_ADAM), *g = start(state, CNN_ADAM);
    for (int i = 0; i < 6; i++) {
        OK(cnn_net_train_step(f->net, f->optimizer, &f->four, NULL, &err));
        if (i == 3) {
            cnn_device *fresh = open_device(*state);
            OK(cnn_net_compile(g->net, fresh, &(cnn_compile){.max_batch = kBatch}, &err));
            cnn_device_destroy(fresh);
        }
        OK(cnn_net_train_step(g->net, g->optimizer, &g->four, NULL, &err));
    }
    assert_same_nets(*state, f->net, g->net);
    end(f);
    end(g);
}

struct inside {
    struct frame *f;
    cnn_status run, step, fit, gradient, backward, compile, set, rate, copy, reset, get, evaluate,
        save;
    cnn_net *clone;
};

static int32_t try_everything(const cnn_progress *p, void *user) {
    struct inside *in = user;
    struct frame *f = in->f;
    float y[kOut], theta[kMost];
    cnn_evaluation result;
    const int64_t count = cnn_net_vector_elements(f->net, CNN_PARAMETERS);
    const cnn_view dy = {.data = y, .elements = kOut};
    size_t bytes = 0;
    if (p->step != 2) return 0;
    in->run = cnn_net_run(f->net, f->x, kIn, y, kOut, NULL);
    in->step = cnn_net_train_step(f->net, f->optimizer, &f->four, NULL, NULL);
    in->fit = cnn_net_fit(f->net, f->optimizer, &f->four, NULL, NULL, NULL);
    in->gradient = cnn_net_loss_gradient(f->net, &f->four, NULL, NULL, NULL);
    in->backward = cnn_net_backward(f->net, &f->four, &dy, 1, NULL, 0, NULL, NULL);
    in->compile = cnn_net_compile(f->net, f->device, NULL, NULL);
    in->get = cnn_net_get_vector(f->net, CNN_PARAMETERS, theta, count, NULL);
    in->set = cnn_net_set_vector(f->net, CNN_PARAMETERS, theta, count, NULL);
    in->rate = cnn_net_set_rate(f->net, "c", 0, NULL);
    in->copy = cnn_net_copy_parameters(f->net, f->net, NULL);
    in->reset = cnn_optimizer_reset(f->optimizer, NULL);
    in->evaluate = cnn_net_evaluate(f->net, &f->samples, &result, NULL);
    in->save = cnn_net_save_memory(f->net, NULL, 0, &bytes, NULL);
    cnn_net_destroy(f->net);
    cnn_optimizer_destroy(f->optimizer);
    cnn_device_destroy(f->device);
    f->device = NULL;
    return 0;
}

static void a_callback_reads_but_does_not_train(void **state) {
    struct frame *f = start(state, CNN_ADAM), *g = start(state, CNN_ADAM);
    struct inside in = {.f = f};
    cnn_fit fit = {.epochs = 2, .progress_interval = -1};
    OK(cnn_net_fit(g->net, g->optimizer, &g->samples, &fit, NULL, &err));
    fit.progress = try_everything;
    fit.user = &in;
    OK(cnn_net_fit(f->net, f->optimizer, &f->samples, &fit, NULL, &err));
    const cnn_status busy[] = {in.run,     in.step, in.fit,  in.gradient, in.backward,
                               in.compile, in.set,  in.rate, in.copy,     in.reset};
    for (int i = 0; i < LENGTH(busy); i++) assert_int_equal(busy[i], CNN_BUSY);
    assert_int_equal(in.get, CNN_OK);
    assert_int_equal(in.evaluate, CNN_OK);
    assert_int_equal(in.save, CNN_LIMIT_EXCEEDED);
    assert_true(same_vector(f->net, g->net, CNN_PARAMETERS));
    assert_true(same_vector(f->net, g->net, CNN_STATE));
    end(f);
    end(g);
}

struct canceller {
    cnn_net *net;
    pthread_mutex_t lock;
    int stop;
};

/* Again and again, for one that comes before the call begins does nothing. */
static void *cancel_soon(void *user) {
    struct canceller *c = user;
    for (int stop = 0; !stop;) {
        const struct timespec pause = {0, 9000000};
        nanosleep(&pause, NULL);
        cnn_net_cancel(c->net);
        pthread_mutex_lock(&c->lock);
        stop = c->stop;
        pthread_mutex_unlock(&c->lock);
    }
    return NULL;
}

static void another_thread_cancels(void **state) {
    struct frame *f = start(state, CNN_ADAM);
    /* With no call in progress it does nothing. */
    cnn_net_cancel(f->net);
    OK(cnn_net_train_step(f->net, f->optimizer, &f->four, NULL, &err));
    struct canceller c = {.net = f->net, .lock = PTHREAD_MUTEX_INITIALIZER};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, &c), 0);
    cnn_report report;
    FAILS(CNN_CANCELLED, cnn_net_fit(f->net, f->optimizer, &f->samples,
                                     &(cnn_fit){.epochs = 100000000}, &report, &err));
    pthread_mutex_lock(&c.lock);
    c.stop = 1;
    pthread_mutex_unlock(&c.lock);
    pthread_join(thread, NULL);
    assert_int_equal(cnn_optimizer_steps(f->optimizer), report.steps + 1);
    /* The bits are those of as many steps. */
    struct frame *g = start(state, CNN_ADAM);
    OK(cnn_net_train_step(g->net, g->optimizer, &g->four, NULL, &err));
    if (report.steps > 0) {
        struct watch w = {.cancel_at = (int)report.steps};
        FAILS(CNN_CANCELLED,
              cnn_net_fit(
                  g->net, g->optimizer, &g->samples,
                  &(cnn_fit){
                      .epochs = 100000000, .progress = watch, .user = &w, .progress_interval = -1},
                  NULL, &err));
    }
    assert_true(same_vector(f->net, g->net, CNN_PARAMETERS));
    assert_true(same_vector(f->net, g->net, CNN_STATE));
    OK(cnn_net_train_step(f->net, f->optimizer, &f->four, NULL, &err));
    end(f);
    end(g);
}

static void what_is_not_finite_changes_nothing(void **state) {
    skip_without(state);
    for (int fit = 0; fit < 3; fit++) {
        struct frame *f = start(state, CNN_ADAM), *g = start(state, CNN_ADAM);
        /* Sample 9 is bad: step 3 of an unshuffled epoch. */
        f->x[9 * kIn + 5] = NAN;
        for (int i = 0; i < 2; i++) {
            cnn_samples part = g->samples;
            part.inputs = g->x + i * kBatch * kIn;
            part.input_elements = kBatch * kIn;
            part.labels = g->labels + i * kBatch;
            part.label_elements = kBatch;
            OK(cnn_net_train_step(g->net, g->optimizer, &part, NULL, &err));
            if (fit == 2) {
                part.inputs = f->x + i * kBatch * kIn;
                double loss;
                OK(cnn_net_train_step(f->net, f->optimizer, &part, &loss, &err));
            }
        }
        if (fit == 2) {
            cnn_samples bad = f->four;
            bad.inputs = f->x + 8 * kIn;
            double loss;
            FAILS(CNN_NOT_FINITE, cnn_net_train_step(f->net, f->optimizer, &bad, &loss, &err));
            SAID("step 3");
            SAID("train_step");
            /* Unasked, it tells at the next step that asks; none in between changes anything. */
            OK(cnn_net_train_step(f->net, f->optimizer, &bad, NULL, &err));
            FAILS(CNN_NOT_FINITE, cnn_net_train_step(f->net, f->optimizer, &f->four, &loss, &err));
        } else {
            cnn_report report;
            FAILS(CNN_NOT_FINITE,
                  cnn_net_fit(f->net, f->optimizer, &f->samples,
                              &(cnn_fit){.no_shuffle = 1, .progress_interval = fit ? -1 : 1000},
                              &report, &err));
            SAID("step 3");
            SAID("epoch 1");
            assert_int_equal(report.steps, 2);
        }
        assert_true(same_vector(f->net, g->net, CNN_PARAMETERS));
        assert_true(same_vector(f->net, g->net, CNN_STATE));
        assert_int_equal(cnn_optimizer_steps(f->optimizer), 2);
        /* Optimizer and dropout stand where they stood: the next good steps are the same. */
        for (int i = 0; i < 2; i++) {
            OK(cnn_net_train_step(f->net, f->optimizer, &f->four, NULL, &err));
            OK(cnn_net_train_step(g->net, g->optimizer, &g->four, NULL, &err));
        }
        assert_true(same_vector(f->net, g->net, CNN_PARAMETERS));
        end(f);
        end(g);
    }
}

static void a_rate_that_diverges_is_told(void **state) {
    struct frame *f = start(state, CNN_SGD), *g = start(state, CNN_SGD);
    struct frame *both[] = {f, g};
    for (int i = 0; i < 2; i++) {
        OK(cnn_optimizer_set(both[i]->optimizer, CNN_LEARNING_RATE, 1e6, &err));
        OK(cnn_optimizer_set(both[i]->optimizer, CNN_L2, 1e6, &err));
    }
    cnn_report report;
    cnn_fit fit = {.epochs = 100};
    FAILS(CNN_NOT_FINITE, cnn_net_fit(f->net, f->optimizer, &f->samples, &fit, &report, &err));
    SAID("learning_rate");
    assert_true(report.steps > 0);
    struct watch w = {.cancel_at = (int)report.steps};
    fit.progress = watch;
    fit.user = &w;
    fit.progress_interval = -1;
    FAILS(CNN_CANCELLED, cnn_net_fit(g->net, g->optimizer, &g->samples, &fit, NULL, &err));
    assert_true(same_vector(f->net, g->net, CNN_PARAMETERS));
    assert_true(same_vector(f->net, g->net, CNN_STATE));
    end(f);
    end(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_follow_their_formulas),
        cmocka_unit_test(running_statistics_move),
        cmocka_unit_test(an_optimizer_serves_one_net_until_reset),
        cmocka_unit_test(copies_are_equal_and_apart),
        cmocka_unit_test(schedules_give_their_rates),
        cmocka_unit_test(fit_is_steps_over_shuffled_epochs),
        cmocka_unit_test(seeds_choose_the_order),
        cmocka_unit_test(threads_do_not_change_the_bits),
        cmocka_unit_test(validation_is_evaluated_after_each_epoch),
        cmocka_unit_test(bad_options_are_refused),
        cmocka_unit_test(a_cancelled_fit_resumes_to_the_same_bits),
        cmocka_unit_test(a_checkpoint_resumes_to_the_same_bits),
        cmocka_unit_test(compiling_between_steps_keeps_the_optimizer),
        cmocka_unit_test(a_callback_reads_but_does_not_train),
        cmocka_unit_test(another_thread_cancels),
        cmocka_unit_test(what_is_not_finite_changes_nothing),
        cmocka_unit_test(a_rate_that_diverges_is_told),
    };
    const struct CMUnitTest once[] = {cmocka_unit_test(keys_can_be_listed_and_are_bounded)};
    return run_on_devices("training", tests, LENGTH(tests)) +
           cmocka_run_group_tests_name("optimizers", once, NULL, NULL);
}

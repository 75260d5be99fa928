/* Losses against their formulas in double: the pairs of Hedberg's table 3, Delmas's weights of
 * outputs, and losses on maps. */
#include "public.h"

#include <math.h>

enum { kIn = 3, kOut = 4 };

/* ---- Hedberg's table 3 ---- */

typedef double (*function)(double);

static double linear(double z) {
    return z;
}
static double one(double z) {
    (void)z;
    return 1;
}
static double sigmoid(double z) {
    return 1 / (1 + exp(-z));
}
static double sigmoid_slope(double z) {
    return sigmoid(z) * sigmoid(-z);
}
static double soft_logistic(double z) {
    return (fabs(z) + z + 1) / (2 * fabs(z) + 2);
}
static double soft_logistic_slope(double z) {
    return 1 / (2 * (1 + fabs(z)) * (1 + fabs(z)));
}
static double tanh_slope(double z) {
    return 1 / (cosh(z) * cosh(z));
}

static const struct pair {
    const char *name;
    cnn_loss_kind loss;
    cnn_activation_kind activation;
    function f, slope;
} kPairs[] = {
    {"CE, softmax", CNN_LOSS_SOFTMAX_CROSS_ENTROPY, CNN_LINEAR, linear, one},
    {"CE - binary, sigmoid", CNN_LOSS_SIGMOID_CROSS_ENTROPY, CNN_LINEAR, sigmoid, one},
    {"MSE, linear", CNN_LOSS_HALF_MSE, CNN_LINEAR, linear, one},
    {"MSE, any: tanh", CNN_LOSS_HALF_MSE, CNN_TANH, tanh, tanh_slope},
    {"MSE, any: sigmoid", CNN_LOSS_HALF_MSE, CNN_SIGMOID, sigmoid, sigmoid_slope},
    {"CE, any: sigmoid", CNN_LOSS_CROSS_ENTROPY, CNN_SIGMOID, sigmoid, sigmoid_slope},
    {"CE, any: soft logistic", CNN_LOSS_CROSS_ENTROPY, CNN_SOFT_LOGISTIC, soft_logistic,
     soft_logistic_slope},
    {"CE - binary, any: sigmoid", CNN_LOSS_BINARY_CROSS_ENTROPY, CNN_SIGMOID, sigmoid,
     sigmoid_slope},
    {"CE - binary, any: soft logistic", CNN_LOSS_BINARY_CROSS_ENTROPY, CNN_SOFT_LOGISTIC,
     soft_logistic, soft_logistic_slope},
};

/* An element's value and delta, the derivative by z. y of softmax is of all z. */
static double value_of(cnn_loss_kind kind, double y, double t) {
    switch (kind) {
        case CNN_LOSS_HALF_MSE:
            return (y - t) * (y - t) / 2;
        case CNN_LOSS_SIGMOID_CROSS_ENTROPY:
        case CNN_LOSS_BINARY_CROSS_ENTROPY:
            return -t * log(y) - (1 - t) * log(1 - y);
        default:
            return -t * log(y);
    }
}

static double delta_of(const struct pair *p, double y, double t, double z) {
    switch (p->loss) {
        case CNN_LOSS_CROSS_ENTROPY:
            return -t / y * p->slope(z);
        case CNN_LOSS_BINARY_CROSS_ENTROPY:
            return -(t - y) / (y * (1 - y)) * p->slope(z);
        default:
            return -(t - y) * p->slope(z);
    }
}

static void h_table_3_gives_the_output_deltas(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    for (int p = 0; p < LENGTH(kPairs); p++)
        for (uint32_t seed = 1; seed <= 5; seed++) {
            cnn_net *net = seeded_net(seed);
            cnn_node n = cnn_net_input(net, NULL, 1, (const int64_t[]){kIn});
            n = cnn_net_dense(net, n,
                              &(cnn_dense){.units = kOut, .activation = kPairs[p].activation});
            cnn_net_loss(net, n, &(cnn_loss){.kind = kPairs[p].loss});
            OK(cnn_net_compile(net, device, NULL, &err));
            float theta[kOut * kIn + kOut], gradient[kOut * kIn + kOut], x[kIn], t[kOut];
            fill(theta, LENGTH(theta), seed);
            fill(x, kIn, seed + 50);
            float sum = 0;
            for (int i = 0; i < kOut; i++) sum += t[i] = (float)((seed + (uint32_t)i * 3) % 5);
            for (int i = 0; i < kOut; i++) t[i] /= sum;
            OK(cnn_net_set_vector(net, CNN_PARAMETERS, theta, LENGTH(theta), &err));
            double z[kOut], y[kOut], total = 0, value = 0, loss;
            for (int i = 0; i < kOut; i++) {
                z[i] = theta[kOut * kIn + i];
                for (int k = 0; k < kIn; k++) z[i] += (double)theta[i * kIn + k] * (double)x[k];
                total += exp(z[i]);
            }
            const int softmax = kPairs[p].loss == CNN_LOSS_SOFTMAX_CROSS_ENTROPY;
            for (int i = 0; i < kOut; i++) {
                y[i] = softmax ? exp(z[i]) / total : kPairs[p].f(z[i]);
                value += value_of(kPairs[p].loss, y[i], t[i]);
            }
            OK(cnn_net_loss_gradient(
                net,
                &(cnn_samples){
                    .inputs = x, .input_elements = kIn, .targets = t, .target_elements = kOut},
                NULL, &loss, &err));
            OK(cnn_net_get_vector(net, CNN_GRADIENT, gradient, LENGTH(gradient), &err));
            NEAR(loss, value, 3e-6 * (1 + fabs(value)));
            for (int i = 0; i < kOut; i++) {
                const double delta = delta_of(&kPairs[p], y[i], t[i], z[i]);
                if (fabs(gradient[kOut * kIn + i] - delta) > 3e-6 * (1 + fabs(delta)))
                    print_error("%s\n", kPairs[p].name);
                NEAR(gradient[kOut * kIn + i], delta, 3e-6 * (1 + fabs(delta)));
                for (int k = 0; k < kIn; k++)
                    NEAR(gradient[i * kIn + k], delta * (double)x[k], 3e-6 * (1 + fabs(delta)));
            }
            cnn_net_destroy(net);
        }
    cnn_device_destroy(device);
}

/* A loss on [C, H, W] after a convolution by 1. */
static cnn_net *bare_net(cnn_device *device, const int64_t *shape, const cnn_loss *loss,
                         int64_t batch) {
    cnn_net *net = seeded_net(0);
    cnn_node n = cnn_net_input(net, NULL, 3, shape);
    /* One weight a channel, 1, so that there is a gradient. */
    n = cnn_net_conv2d(net, n,
                       &(cnn_conv2d){.filters = shape[0],
                                     .kernel = {1},
                                     .groups = shape[0],
                                     .initializer = CNN_INIT_CONSTANT,
                                     .initializer_scale = 1,
                                     .name = "id"});
    cnn_net_loss(net, n, loss);
    OK(cnn_net_compile(net, device, &(cnn_compile){.max_batch = batch}, &err));
    return net;
}

/* The fused delta at z = -120, t = 1 is -1; that of the clamped probability 0, since the sigmoid's
 * derivative has vanished. Values stay finite, and 0 log 0 is 0. */
static void h26_and_h27_are_clamped_where_probabilities_end(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    const double edge = log(pow(2, -24));
    static const struct {
        cnn_loss_kind kind;
        float y, t;
        double logs; /* in units of -log 2^-24 */
    } rows[] = {
        {CNN_LOSS_BINARY_CROSS_ENTROPY, 0, 0, 0},
        {CNN_LOSS_BINARY_CROSS_ENTROPY, 1, 1, 0},
        {CNN_LOSS_BINARY_CROSS_ENTROPY, 0, 1, 1},
        {CNN_LOSS_BINARY_CROSS_ENTROPY, 1, 0, 1},
        {CNN_LOSS_BINARY_CROSS_ENTROPY, -3, 0.5f, 0.5},
        {CNN_LOSS_BINARY_CROSS_ENTROPY, 7, 0.25f, 0.75},
        {CNN_LOSS_CROSS_ENTROPY, 0, 0, 0},
        {CNN_LOSS_CROSS_ENTROPY, 0, 1, 1},
        {CNN_LOSS_CROSS_ENTROPY, 1, 1, 0},
        {CNN_LOSS_CROSS_ENTROPY, -1, 0.5f, 0.5},
    };
    for (int r = 0; r < LENGTH(rows); r++) {
        cnn_net *net =
            bare_net(device, (const int64_t[]){1, 1, 1}, &(cnn_loss){.kind = rows[r].kind}, 1);
        double loss;
        OK(cnn_net_loss_gradient(net,
                                 &(cnn_samples){.inputs = &rows[r].y,
                                                .input_elements = 1,
                                                .targets = &rows[r].t,
                                                .target_elements = 1},
                                 NULL, &loss, &err));
        NEAR(loss, -rows[r].logs * edge, 2e-6);
        float *gradient = vector_of(net, CNN_GRADIENT);
        assert_true(isfinite(gradient[0]));
        free(gradient);
        cnn_net_destroy(net);
    }
    for (int fused = 0; fused < 2; fused++) {
        cnn_net *net = seeded_net(0);
        cnn_node n = cnn_net_input(net, NULL, 1, (const int64_t[]){1});
        n = cnn_net_dense(net, n,
                          &(cnn_dense){.units = 1, .activation = fused ? CNN_LINEAR : CNN_SIGMOID});
        cnn_net_loss(net, n,
                     &(cnn_loss){.kind = fused ? CNN_LOSS_SIGMOID_CROSS_ENTROPY
                                               : CNN_LOSS_BINARY_CROSS_ENTROPY});
        OK(cnn_net_compile(net, device, NULL, &err));
        const float theta[] = {0, -120}, x = 1, t = 1;
        float gradient[2];
        OK(cnn_net_set_vector(net, CNN_PARAMETERS, theta, 2, &err));
        OK(cnn_net_loss_gradient(
            net,
            &(cnn_samples){.inputs = &x, .input_elements = 1, .targets = &t, .target_elements = 1},
            NULL, NULL, &err));
        OK(cnn_net_get_vector(net, CNN_GRADIENT, gradient, 2, &err));
        NEAR(gradient[1], fused ? -1 : 0, 1e-6);
        cnn_net_destroy(net);
    }
    cnn_device_destroy(device);
}

/* ---- Weights of outputs ---- */

static double term_of(cnn_loss_kind kind, double y, double t) {
    switch (kind) {
        case CNN_LOSS_SIGMOID_CROSS_ENTROPY:
            return fmax(y, 0) - y * t + log1p(exp(-fabs(y)));
        case CNN_LOSS_BINARY_CROSS_ENTROPY:
            return -t * log(y) - (1 - t) * log(1 - y);
        case CNN_LOSS_CROSS_ENTROPY:
            return -t * log(y);
        case CNN_LOSS_HALF_MSE:
            return (y - t) * (y - t) / 2;
        default:
            return (y - t) * (y - t);
    }
}

static const cnn_loss_kind kSums[] = {
    CNN_LOSS_SIGMOID_CROSS_ENTROPY,
    CNN_LOSS_MSE,
    CNN_LOSS_HALF_MSE,
    CNN_LOSS_SUM_OF_SQUARES,
    CNN_LOSS_BINARY_CROSS_ENTROPY,
    CNN_LOSS_CROSS_ENTROPY,
};

/* (1/n) sum over samples (N19) of s_k, and 1/n_out (N22) or not, of sum over outputs of w_i l_i, on
 * vectors and on maps. */
static void n22_weighs_outputs_and_averages_them(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    static const int64_t shapes[][3] = {{6, 1, 1}, {3, 2, 4}, {1, 3, 5}, {1, 1, 1}};
    enum { kN = 3, kMost = 24 };
    float y[kN * kMost], t[kN * kMost], w[kMost], s[kN] = {1, 0.5f, 2};
    fill(y, LENGTH(y), 3);
    fill(t, LENGTH(t), 4);
    for (int i = 0; i < LENGTH(y); i++) {
        y[i] = 0.5f + 0.4f * y[i];
        t[i] = 0.5f + 0.5f * t[i];
    }
    fill(w, kMost, 5);
    for (int i = 0; i < kMost; i++) w[i] = i == 1 ? 0 : 1 + 0.75f * w[i];
    for (int row = 0; row < LENGTH(shapes); row++)
        for (int k = 0; k < LENGTH(kSums); k++)
            for (int form = 0; form < 6; form++) {
                const int64_t c = shapes[row][0], places = shapes[row][1] * shapes[row][2];
                const int64_t elements = c * places;
                const int64_t counts[] = {0, c, elements};
                const int64_t count = counts[form % 3];
                const int average = form / 3;
                cnn_net *net = bare_net(device, shapes[row],
                                        &(cnn_loss){.kind = kSums[k],
                                                    .output_weights = count ? w : NULL,
                                                    .output_weight_count = count,
                                                    .average_outputs = average},
                                        kN);
                double loss, expected = 0;
                OK(cnn_net_loss_gradient(net,
                                         &(cnn_samples){.inputs = y,
                                                        .input_elements = kN * elements,
                                                        .targets = t,
                                                        .target_elements = kN * elements,
                                                        .weights = s,
                                                        .weight_elements = kN},
                                         NULL, &loss, &err));
                double slopes[kMost] = {0};
                const double divisor = average || kSums[k] == CNN_LOSS_MSE  ? (double)elements
                                       : kSums[k] == CNN_LOSS_CROSS_ENTROPY ? (double)places
                                                                            : 1;
                for (int64_t i = 0; i < kN * elements; i++) {
                    const int64_t at = i % elements;
                    const double weight = count == 0          ? 1
                                          : count == elements ? (double)w[at]
                                                              : (double)w[at / places];
                    const double share = weight * (double)s[i / elements] / kN / divisor, h = 1e-5;
                    expected += share * term_of(kSums[k], y[i], t[i]);
                    slopes[at / places] +=
                        share * y[i] *
                        (term_of(kSums[k], y[i] + h, t[i]) - term_of(kSums[k], y[i] - h, t[i])) /
                        (2 * h);
                }
                NEAR(loss, expected, 3e-6 * (1 + fabs(expected)));
                /* The weight of channel c multiplies y: its gradient is the sum of y dL/dy. */
                float *gradient = vector_of(net, CNN_GRADIENT);
                for (int64_t i = 0; i < c; i++)
                    NEAR(gradient[i], slopes[i], 2e-5 * (1 + fabs(slopes[i])));
                free(gradient);
                cnn_net_destroy(net);
            }
    cnn_device_destroy(device);
}

/* Weights of outputs are state: they are kept in files and clones, and may be changed. */
static void output_weights_are_kept(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    const float w[] = {0.5f, 2, 0.25f}, y[] = {1, 2, 3}, t[] = {0, 0, 0};
    const cnn_samples samples = {
        .inputs = y, .input_elements = 3, .targets = t, .target_elements = 3};
    cnn_net *net = bare_net(device, (const int64_t[]){3, 1, 1},
                            &(cnn_loss){.kind = CNN_LOSS_HALF_MSE,
                                        .name = "l",
                                        .output_weights = w,
                                        .output_weight_count = 3,
                                        .average_outputs = 1},
                            1);
    size_t bytes = 0;
    FAILS(CNN_LIMIT_EXCEEDED, cnn_net_save_memory(net, NULL, 0, &bytes, &err));
    void *data = malloc(bytes);
    OK(cnn_net_save_memory(net, data, bytes, &bytes, &err));
    cnn_net *copies[2] = {NULL, NULL};
    OK(cnn_net_load_memory(data, bytes, &copies[0], &err));
    OK(cnn_net_clone(net, &copies[1], &err));
    for (int k = 0; k < 2; k++) {
        cnn_evaluation result;
        OK(cnn_net_compile(copies[k], device, NULL, &err));
        OK(cnn_net_evaluate(copies[k], &samples, &result, &err));
        NEAR(result.loss, (0.5 + 2 * 4 + 0.25 * 9) / 2 / 3, 1e-6);
        const float other[] = {0, 1, 0};
        OK(cnn_net_set_tensor(copies[k], CNN_STATE, "l/output_weights", other, 3, &err));
        OK(cnn_net_evaluate(copies[k], &samples, &result, &err));
        NEAR(result.loss, 4.0 / 2 / 3, 1e-6);
        NEAR(result.accuracy, -1, 0);
        cnn_net_destroy(copies[k]);
    }
    free(data);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

/* ---- A class for each place ---- */

enum { kClasses = 5, kMaps = 19, kMostPlaces = 63 };

struct maps {
    int64_t shape[3], places;
    float y[kMaps * kClasses * kMostPlaces], t[kMaps * kClasses * kMostPlaces], s[kMaps];
    uint8_t labels[kMaps * kMostPlaces];
    cnn_samples samples;
};

static struct maps *make_maps(int64_t h, int64_t w, int64_t n) {
    struct maps *m = calloc(1, sizeof *m);
    assert_non_null(m);
    m->places = h * w;
    m->shape[0] = kClasses;
    m->shape[1] = h;
    m->shape[2] = w;
    fill(m->y, kMaps * kClasses * m->places, 7);
    for (int64_t i = 0; i < kMaps * kClasses * m->places; i++) m->y[i] *= 3;
    fill(m->s, kMaps, 8);
    for (int k = 0; k < kMaps; k++) m->s[k] = 1 + 0.5f * m->s[k];
    for (int64_t i = 0; i < n * m->places; i++) {
        m->labels[i] = (uint8_t)((i * 7 + i / 5) % kClasses);
        const int64_t sample = i / m->places, place = i % m->places;
        m->t[(sample * kClasses + m->labels[i]) * m->places + place] = 1;
    }
    m->samples = (cnn_samples){.inputs = m->y,
                               .input_elements = n * kClasses * m->places,
                               .labels = m->labels,
                               .label_elements = n * m->places,
                               .label_type = CNN_UINT8,
                               .weights = m->s,
                               .weight_elements = n};
    return m;
}

static void softmax_cross_entropy_on_maps_is_the_mean_over_places(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    static const int64_t sizes[][2] = {{1, 1}, {3, 2}, {1, 17}, {9, 7}};
    static const int64_t counts[] = {1, 3, 16, kMaps};
    const cnn_loss loss = {.kind = CNN_LOSS_SOFTMAX_CROSS_ENTROPY};
    for (int r = 0; r < LENGTH(sizes); r++)
        for (int k = 0; k < LENGTH(counts); k++) {
            const int64_t n = counts[k];
            struct maps *m = make_maps(sizes[r][0], sizes[r][1], n);
            double expected = 0, slopes[kClasses] = {0};
            int64_t correct = 0;
            for (int64_t i = 0; i < n * m->places; i++) {
                const float *y = m->y + i / m->places * kClasses * m->places + i % m->places;
                double total = 0;
                int64_t best = 0;
                for (int64_t c = 0; c < kClasses; c++) {
                    total += exp((double)y[c * m->places]);
                    if (y[c * m->places] > y[best * m->places]) best = c;
                }
                correct += best == m->labels[i];
                const double share = m->s[i / m->places] / (double)(n * m->places);
                for (int64_t c = 0; c < kClasses; c++) {
                    const double at = y[c * m->places], p = exp(at) / total;
                    const int truth = c == m->labels[i];
                    if (truth) expected -= share * log(p);
                    slopes[c] += share * at * (p - truth);
                }
            }
            cnn_net *net = bare_net(device, m->shape, &loss, kMaps);
            for (int form = 0; form < 4; form++) {
                int32_t narrow[kMaps * kMostPlaces];
                int64_t wide[kMaps * kMostPlaces];
                for (int64_t i = 0; i < n * m->places; i++) wide[i] = narrow[i] = m->labels[i];
                cnn_samples s = m->samples;
                if (form == 1) s.labels = narrow, s.label_type = CNN_INT32;
                if (form == 2) s.labels = wide, s.label_type = CNN_INT64;
                if (form == 3) {
                    s.labels = NULL;
                    s.targets = m->t;
                    s.target_elements = n * kClasses * m->places;
                }
                double value;
                OK(cnn_net_loss_gradient(net, &s, NULL, &value, &err));
                NEAR(value, expected, 3e-6 * fabs(expected));
                float *gradient = vector_of(net, CNN_GRADIENT);
                for (int c = 0; c < kClasses; c++) NEAR(gradient[c], slopes[c], 1e-5);
                free(gradient);
                cnn_evaluation result;
                OK(cnn_net_evaluate(net, &s, &result, &err));
                NEAR(result.loss, expected, 3e-6 * fabs(expected));
                assert_int_equal(result.samples, n);
                assert_int_equal(result.correct, correct);
                NEAR(result.accuracy, (double)correct / (double)(n * m->places), 1e-12);
            }
            cnn_net_destroy(net);
            /* In parts, too. */
            net = bare_net(device, m->shape, &loss, 4);
            cnn_evaluation result;
            OK(cnn_net_evaluate(net, &m->samples, &result, &err));
            NEAR(result.loss, expected, 3e-6 * fabs(expected));
            assert_int_equal(result.correct, correct);
            cnn_net_destroy(net);
            free(m);
        }
    cnn_device_destroy(device);
}

/* A net of convolutions learns which places are bright. */
static void a_net_learns_a_class_for_each_place(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    enum { kSide = 8, kImages = 24 };
    static float x[kImages * kSide * kSide];
    static uint8_t labels[kImages * kSide * kSide];
    fill(x, LENGTH(x), 11);
    for (int i = 0; i < LENGTH(x); i++) labels[i] = x[i] > 0.25f ? 2 : x[i] > -0.25f;
    cnn_net *net = seeded_net(5);
    cnn_node n = cnn_net_input(net, NULL, 3, (const int64_t[]){1, kSide, kSide});
    n = cnn_net_conv2d(
        net, n,
        &(cnn_conv2d){
            .filters = 6, .kernel = {3}, .padding_mode = CNN_SAME, .activation = CNN_GELU});
    n = cnn_net_conv2d(net, n, &(cnn_conv2d){.filters = 3, .kernel = {1}});
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_SOFTMAX_CROSS_ENTROPY});
    OK(cnn_net_compile(net, device, &(cnn_compile){.max_batch = 8}, &err));
    const cnn_samples samples = {.inputs = x,
                                 .input_elements = LENGTH(x),
                                 .labels = labels,
                                 .label_elements = LENGTH(labels),
                                 .label_type = CNN_UINT8};
    cnn_optimizer *adam = cnn_optimizer_create(CNN_ADAM);
    OK(cnn_optimizer_set(adam, CNN_LEARNING_RATE, 0.02, &err));
    cnn_report report;
    OK(cnn_net_fit(net, adam, &samples, &(cnn_fit){.epochs = 60, .validation = &samples}, &report,
                   &err));
    assert_true(report.validation_accuracy > 0.9 && report.validation_accuracy <= 1);
    cnn_optimizer_destroy(adam);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

static void what_makes_no_sense_is_refused(void **state) {
    (void)state;
    const float w[] = {1, 2, 3, 4};
    static const struct {
        cnn_loss loss;
        int64_t count;
        float first;
        cnn_status status;
        const char *said;
    } rows[] = {
        {{.kind = CNN_LOSS_MSE}, 3, 1, CNN_SHAPE_MISMATCH, "output_weight_count is 3"},
        {{.kind = CNN_LOSS_MSE}, -4, 1, CNN_INVALID_ARGUMENT, "output_weight_count is -4"},
        {{.kind = CNN_LOSS_MSE}, 0, 1, CNN_INVALID_ARGUMENT, "output_weight_count is 0"},
        {{.kind = CNN_LOSS_MSE}, 4, -1, CNN_OUT_OF_RANGE, "output weight 0 is -1"},
        {{.kind = CNN_LOSS_MSE}, 4, NAN, CNN_OUT_OF_RANGE, "output weight 0"},
        {{.kind = CNN_LOSS_SOFTMAX_CROSS_ENTROPY}, 4, 1, CNN_UNSUPPORTED, "output_weights"},
    };
    for (int r = 0; r < LENGTH(rows); r++) {
        cnn_net *net = seeded_net(0);
        float values[4];
        memcpy(values, w, sizeof w);
        values[0] = rows[r].first;
        const cnn_node x = cnn_net_input(net, NULL, 3, (const int64_t[]){4, 2, 2});
        cnn_loss loss = rows[r].loss;
        loss.output_weights = values;
        loss.output_weight_count = rows[r].count;
        assert_int_equal(cnn_net_loss(net, x, &loss), -rows[r].status);
        FAILS(rows[r].status, cnn_net_error(net, &err));
        SAID(rows[r].said);
        cnn_net_destroy(net);
    }
    cnn_net *net = seeded_net(0);
    const cnn_node x = cnn_net_input(net, NULL, 1, (const int64_t[]){4});
    assert_int_equal(
        cnn_net_loss(net, x,
                     &(cnn_loss){.kind = CNN_LOSS_SOFTMAX_CROSS_ENTROPY, .average_outputs = 1}),
        -CNN_UNSUPPORTED);
    cnn_net_destroy(net);

    /* Labels of places: their count, and the one that no class has. */
    cnn_device *device = open_device("cpu");
    struct maps *m = make_maps(3, 2, 2);
    net = bare_net(device, m->shape, &(cnn_loss){.kind = CNN_LOSS_SOFTMAX_CROSS_ENTROPY}, 2);
    m->labels[7] = kClasses;
    FAILS(CNN_OUT_OF_RANGE, cnn_net_loss_gradient(net, &m->samples, NULL, NULL, &err));
    SAID("label 5 of place 1 of sample 1");
    m->samples.label_elements = 2;
    FAILS(CNN_SHAPE_MISMATCH, cnn_net_loss_gradient(net, &m->samples, NULL, NULL, &err));
    SAID("2 samples need 12");
    cnn_net_destroy(net);
    free(m);
    cnn_device_destroy(device);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(h_table_3_gives_the_output_deltas),
        cmocka_unit_test(h26_and_h27_are_clamped_where_probabilities_end),
        cmocka_unit_test(n22_weighs_outputs_and_averages_them),
        cmocka_unit_test(output_weights_are_kept),
        cmocka_unit_test(softmax_cross_entropy_on_maps_is_the_mean_over_places),
        cmocka_unit_test(a_net_learns_a_class_for_each_place),
    };
    const struct CMUnitTest once[] = {cmocka_unit_test(what_makes_no_sense_is_refused)};
    return run_on_devices("losses", tests, LENGTH(tests)) +
           cmocka_run_group_tests_name("refusals", once, NULL, NULL);
}

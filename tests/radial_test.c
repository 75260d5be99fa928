/* Radial basis layers against their formulas in double, and centres that start from data. */
#include "public.h"

#include <math.h>

enum { kInputs = 5, kUnits = 4, kSamples = 19 };

static double value_of(cnn_radial_kind kind, double beta, double q) {
    switch (kind) {
        case CNN_RADIAL_GAUSSIAN:
            return exp(-beta * q);
        case CNN_RADIAL_UNSQUARED:
            return exp(-beta * sqrt(q));
        case CNN_RADIAL_MULTIQUADRIC:
            return sqrt(1 + beta * q);
        case CNN_RADIAL_INVERSE_MULTIQUADRIC:
            return 1 / sqrt(1 + beta * q);
        case CNN_RADIAL_INVERSE_QUADRATIC:
            return 1 / (1 + beta * q);
        default:
            return beta * q;
    }
}

static double squared(const float *a, const float *b) {
    double sum = 0;
    for (int k = 0; k < kInputs; k++) sum += pow((double)a[k] - (double)b[k], 2);
    return sum;
}

static cnn_node features(cnn_net *net) {
    return cnn_net_input(net, "x", 1, (const int64_t[]){kInputs});
}

struct layer {
    cnn_net *net;
    float x[kSamples * kInputs], c[kUnits * kInputs], rho[kUnits], dy[kSamples * kUnits];
    float y[kSamples * kUnits], dx[kSamples * kInputs], dc[kUnits * kInputs], drho[kUnits];
};

static void make(struct layer *l, cnn_device *device, cnn_radial_kind kind) {
    memset(l, 0, sizeof *l);
    l->net = seeded_net(4);
    const cnn_node y = cnn_net_radial_basis(
        l->net, features(l->net), &(cnn_radial_basis){.name = "r", .units = kUnits, .kind = kind});
    if (y < 0) OK(cnn_net_error(l->net, &err));
    OK(cnn_net_compile(l->net, device, &(cnn_compile){.max_batch = kSamples}, &err));
    fill(l->x, kSamples * kInputs, 1);
    fill(l->c, kUnits * kInputs, 2);
    fill(l->rho, kUnits, 3);
    fill(l->dy, kSamples * kUnits, 4);
    /* A point upon a centre. */
    memcpy(l->x + 3 * kInputs, l->c + 2 * kInputs, kInputs * sizeof *l->x);
}

static void run(struct layer *l) {
    OK(cnn_net_set_tensor(l->net, CNN_PARAMETERS, "r/center", l->c, kUnits * kInputs, &err));
    OK(cnn_net_set_tensor(l->net, CNN_PARAMETERS, "r/log_beta", l->rho, kUnits, &err));
    OK(cnn_net_run(l->net, l->x, kSamples * kInputs, l->y, kSamples * kUnits, &err));
    const cnn_samples samples = {.inputs = l->x, .input_elements = kSamples * kInputs};
    const cnn_view dy = {.data = l->dy, .elements = kSamples * kUnits};
    const cnn_view dx = {.data = l->dx, .elements = kSamples * kInputs};
    OK(cnn_net_backward(l->net, &samples, &dy, 1, &dx, 1, NULL, &err));
    OK(cnn_net_get_tensor(l->net, CNN_GRADIENT, "r/center", l->dc, kUnits * kInputs, &err));
    OK(cnn_net_get_tensor(l->net, CNN_GRADIENT, "r/log_beta", l->drho, kUnits, &err));
}

static void H54_values_are_rho_of_the_distance(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    for (cnn_radial_kind kind = 0; kind <= CNN_RADIAL_DISTANCE; kind++) {
        struct layer l;
        make(&l, device, kind);
        run(&l);
        for (int s = 0; s < kSamples; s++)
            for (int j = 0; j < kUnits; j++) {
                const double q = squared(l.x + s * kInputs, l.c + j * kInputs);
                const double want = value_of(kind, exp((double)l.rho[j]), q);
                NEAR(l.y[s * kUnits + j], want, 2e-6 * (1 + want));
            }
        cnn_net_destroy(l.net);
    }
    cnn_device_destroy(device);
}

/* The corrected formulas: dy = -2 beta d z, dc = 2 beta d z, drho = -beta |d|^2 z. */
static void H54_gradients_of_the_gaussian_are_the_closed_forms(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    struct layer l;
    make(&l, device, CNN_RADIAL_GAUSSIAN);
    run(&l);
    double dx[kSamples * kInputs] = {0}, dc[kUnits * kInputs] = {0}, drho[kUnits] = {0};
    for (int s = 0; s < kSamples; s++)
        for (int j = 0; j < kUnits; j++) {
            const double beta = exp((double)l.rho[j]);
            const double q = squared(l.x + s * kInputs, l.c + j * kInputs);
            const double g = (double)l.dy[s * kUnits + j] * exp(-beta * q);
            drho[j] -= beta * q * g;
            for (int k = 0; k < kInputs; k++) {
                const double d = (double)l.x[s * kInputs + k] - (double)l.c[j * kInputs + k];
                dx[s * kInputs + k] -= 2 * beta * d * g;
                dc[j * kInputs + k] += 2 * beta * d * g;
            }
        }
    for (int i = 0; i < kSamples * kInputs; i++) NEAR(l.dx[i], dx[i], 1e-5);
    for (int i = 0; i < kUnits * kInputs; i++) NEAR(l.dc[i], dc[i], 2e-5);
    for (int i = 0; i < kUnits; i++) NEAR(l.drho[i], drho[i], 2e-5);
    cnn_net_destroy(l.net);
    cnn_device_destroy(device);
}

/* Every kind's gradients against differences of its formula in double; the unsquared one where no
 * point lies upon a centre. */
static void H52_to_53_gradients_are_those_of_the_formula(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    for (cnn_radial_kind kind = 0; kind <= CNN_RADIAL_DISTANCE; kind++) {
        struct layer l;
        make(&l, device, kind);
        if (kind == CNN_RADIAL_UNSQUARED) l.x[3 * kInputs] += 0.5f;
        run(&l);
        const double step = 1e-6;
        for (int j = 0; j < kUnits; j++) {
            double rho = 0;
            for (int s = 0; s < kSamples; s++) {
                const double q = squared(l.x + s * kInputs, l.c + j * kInputs);
                rho += (double)l.dy[s * kUnits + j] *
                       (value_of(kind, exp((double)l.rho[j] + step), q) -
                        value_of(kind, exp((double)l.rho[j] - step), q)) /
                       (2 * step);
            }
            NEAR(l.drho[j], rho, 1e-4);
            for (int k = 0; k < kInputs; k++) {
                double center = 0;
                for (int s = 0; s < kSamples; s++) {
                    const double q = squared(l.x + s * kInputs, l.c + j * kInputs);
                    const double d = (double)l.x[s * kInputs + k] - (double)l.c[j * kInputs + k];
                    const double ahead = q - d * d + (d - step) * (d - step);
                    const double behind = q - d * d + (d + step) * (d + step);
                    const double beta = exp((double)l.rho[j]);
                    center += (double)l.dy[s * kUnits + j] *
                              (value_of(kind, beta, ahead) - value_of(kind, beta, behind)) /
                              (2 * step);
                }
                NEAR(l.dc[j * kInputs + k], center, 2e-4);
            }
        }
        /* What moves every point and every centre alike moves nothing. */
        for (int k = 0; k < kInputs; k++) {
            double sum = 0;
            for (int s = 0; s < kSamples; s++) sum += (double)l.dx[s * kInputs + k];
            for (int j = 0; j < kUnits; j++) sum += (double)l.dc[j * kInputs + k];
            NEAR(sum, 0, 1e-4);
        }
        cnn_net_destroy(l.net);
    }
    cnn_device_destroy(device);
}

static void H54_the_unsquared_norm_has_gradient_zero_at_its_center(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    struct layer l;
    make(&l, device, CNN_RADIAL_UNSQUARED);
    for (int i = 0; i < kSamples * kUnits; i++) l.dy[i] = 0;
    l.dy[3 * kUnits + 2] = 1;
    run(&l);
    NEAR(l.y[3 * kUnits + 2], 1, 0);
    for (int i = 0; i < kSamples * kInputs; i++) NEAR(l.dx[i], 0, 0);
    for (int i = 0; i < kUnits * kInputs; i++) NEAR(l.dc[i], 0, 0);
    for (int i = 0; i < kUnits; i++) NEAR(l.drho[i], 0, 0);
    cnn_net_destroy(l.net);
    cnn_device_destroy(device);
}

/* At 4096 from the origin |y|^2 - 2yc + |c|^2 would be noise. */
static void distances_far_from_the_origin_lose_no_digits(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    struct layer l;
    make(&l, device, CNN_RADIAL_DISTANCE);
    for (int i = 0; i < kSamples * kInputs; i++) l.x[i] = 4096 + roundf(l.x[i] * 64) / 64;
    for (int i = 0; i < kUnits * kInputs; i++) l.c[i] = 4096 + roundf(l.c[i] * 64) / 64;
    for (int i = 0; i < kUnits; i++) l.rho[i] = 0;
    run(&l);
    for (int s = 0; s < kSamples; s++)
        for (int j = 0; j < kUnits; j++) {
            const double q = squared(l.x + s * kInputs, l.c + j * kInputs);
            NEAR(l.y[s * kUnits + j], q, 1e-6 * q);
        }
    cnn_net_destroy(l.net);
    cnn_device_destroy(device);
}

/* A general rho is an activation after the distance: here a sigmoid of beta d^2. */
static void H54_a_general_rho_follows_the_distance(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    cnn_net *net = seeded_net(4);
    cnn_node n = cnn_net_radial_basis(
        net, features(net),
        &(cnn_radial_basis){
            .name = "r", .units = kUnits, .kind = CNN_RADIAL_DISTANCE, .beta = 0.25f});
    n = cnn_net_activation(net, n, &(cnn_activation){.kind = CNN_SIGMOID});
    assert_true(n > 0);
    OK(cnn_net_compile(net, device, &(cnn_compile){.max_batch = 3}, &err));
    float x[3 * kInputs], c[kUnits * kInputs], y[3 * kUnits];
    fill(x, 3 * kInputs, 8);
    OK(cnn_net_get_tensor(net, CNN_PARAMETERS, "r/center", c, kUnits * kInputs, &err));
    OK(cnn_net_run(net, x, 3 * kInputs, y, 3 * kUnits, &err));
    for (int s = 0; s < 3; s++)
        for (int j = 0; j < kUnits; j++) {
            const double q = squared(x + s * kInputs, c + j * kInputs);
            NEAR(y[s * kUnits + j], 1 / (1 + exp(-0.25 * q)), 1e-5);
        }
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

/* The linear output is a dense layer: a_ij times the values, summed. */
static void H55_the_linear_output_is_a_dense_layer(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    cnn_net *net = seeded_net(4);
    cnn_node n =
        cnn_net_radial_basis(net, features(net), &(cnn_radial_basis){.name = "r", .units = kUnits});
    n = cnn_net_dense(net, n, &(cnn_dense){.name = "a", .units = 2, .no_bias = 1});
    assert_true(n > 0);
    OK(cnn_net_compile(net, device, &(cnn_compile){.max_batch = kSamples}, &err));
    float x[kSamples * kInputs], c[kUnits * kInputs], rho[kUnits], a[2 * kUnits];
    float y[kSamples * 2];
    fill(x, kSamples * kInputs, 8);
    OK(cnn_net_get_tensor(net, CNN_PARAMETERS, "r/center", c, kUnits * kInputs, &err));
    OK(cnn_net_get_tensor(net, CNN_PARAMETERS, "r/log_beta", rho, kUnits, &err));
    OK(cnn_net_get_tensor(net, CNN_PARAMETERS, "a/weight", a, 2 * kUnits, &err));
    NEAR(rho[0], log(1.0 / kInputs), 1e-6);
    OK(cnn_net_run(net, x, kSamples * kInputs, y, kSamples * 2, &err));
    for (int s = 0; s < kSamples; s++)
        for (int i = 0; i < 2; i++) {
            double sum = 0;
            for (int j = 0; j < kUnits; j++)
                sum += (double)a[i * kUnits + j] *
                       exp(-exp((double)rho[j]) * squared(x + s * kInputs, c + j * kInputs));
            NEAR(y[s * 2 + i], sum, 1e-5);
        }
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

/* ---- Centres from data ---- */

/* Points around three corners far apart, scattered within 0.5. */
static void cloud(float *x, int64_t n) {
    static const float kCorners[3][2] = {{-20, 4}, {8, 16}, {12, -12}};
    uint32_t stream = 9;
    for (int64_t i = 0; i < n; i++)
        for (int k = 0; k < 2; k++) x[2 * i + k] = kCorners[i % 3][k] + 0.5f * noise(&stream);
}

/* Behind a dense layer of the identity plus one, so that the net has to be run. */
static cnn_net *cloud_net(cnn_device *device, int64_t units, cnn_radial_kind kind) {
    cnn_net *net = seeded_net(6);
    cnn_node n = cnn_net_input(net, "x", 1, (const int64_t[]){2});
    n = cnn_net_dense(net, n, &(cnn_dense){.name = "d", .units = 2});
    n = cnn_net_radial_basis(net, n,
                             &(cnn_radial_basis){.name = "r", .units = units, .kind = kind});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = 1});
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_MSE});
    const float weight[] = {1, 0, 0, 1}, bias[] = {1, 1};
    OK(cnn_net_set_tensor(net, CNN_PARAMETERS, "d/weight", weight, 4, &err));
    OK(cnn_net_set_tensor(net, CNN_PARAMETERS, "d/bias", bias, 2, &err));
    if (device) OK(cnn_net_compile(net, device, &(cnn_compile){.max_batch = 16}, &err));
    return net;
}

static void centers_from_data_are_the_clusters(void **state) {
    skip_without(state);
    enum { kPoints = 90 };
    cnn_device *device = open_device(*state);
    float x[2 * kPoints];
    cloud(x, kPoints);
    const cnn_samples samples = {.inputs = x, .input_elements = 2 * kPoints};
    double means[3][2] = {{0}}, spread[3] = {0};
    for (int i = 0; i < kPoints; i++)
        for (int k = 0; k < 2; k++) means[i % 3][k] += ((double)x[2 * i + k] + 1) / 30;
    for (int i = 0; i < kPoints; i++)
        for (int k = 0; k < 2; k++)
            spread[i % 3] += pow((double)x[2 * i + k] + 1 - means[i % 3][k], 2) / 30;
    for (cnn_radial_kind kind = 0; kind < 2; kind++) {
        cnn_net *net = cloud_net(device, 3, kind);
        float *before = vector_of(net, CNN_PARAMETERS);
        OK(cnn_net_init_radial_basis(net, "r", &samples, 1, &err));
        float c[6], rho[3];
        OK(cnn_net_get_tensor(net, CNN_PARAMETERS, "r/center", c, 6, &err));
        OK(cnn_net_get_tensor(net, CNN_PARAMETERS, "r/log_beta", rho, 3, &err));
        int found[3] = {0};
        for (int j = 0; j < 3; j++)
            for (int m = 0; m < 3; m++) {
                if (fabs((double)c[2 * j] - means[m][0]) > 1) continue;
                found[m]++;
                NEAR(c[2 * j], means[m][0], 1e-5);
                NEAR(c[2 * j + 1], means[m][1], 1e-5);
                double nearest = 1e9;
                for (int o = 0; o < 3; o++)
                    if (o != m)
                        nearest = fmin(nearest, pow(means[o][0] - means[m][0], 2) +
                                                    pow(means[o][1] - means[m][1], 2));
                assert_true(nearest / 4 > spread[m]);
                const double s2 = nearest / 4;
                NEAR(rho[j], -log(2 * (kind == CNN_RADIAL_UNSQUARED ? sqrt(s2) : s2)), 1e-4);
            }
        for (int m = 0; m < 3; m++) assert_int_equal(found[m], 1);
        /* The rest is as it was, and the net goes on. */
        float *after = vector_of(net, CNN_PARAMETERS);
        assert_memory_equal(before, after, 6 * sizeof *before);
        NEAR(before[15], after[15], 0);
        float y[kPoints];
        OK(cnn_net_run(net, x, 2 * kPoints, y, kPoints, &err));
        free(before);
        free(after);
        cnn_net_destroy(net);
    }
    cnn_device_destroy(device);
}

static void centers_from_data_are_the_seed_s(void **state) {
    skip_without(state);
    enum { kPoints = 60 };
    cnn_device *device = open_device(*state);
    float x[2 * kPoints];
    fill(x, 2 * kPoints, 12);
    const cnn_samples samples = {.inputs = x, .input_elements = 2 * kPoints};
    cnn_net *nets[3];
    for (int i = 0; i < 3; i++) {
        nets[i] = cloud_net(device, 7, CNN_RADIAL_GAUSSIAN);
        OK(cnn_net_init_radial_basis(nets[i], "r", &samples, i == 2 ? 5 : 4, &err));
    }
    assert_true(same_vector(nets[0], nets[1], CNN_PARAMETERS));
    assert_false(same_vector(nets[0], nets[2], CNN_PARAMETERS));
    /* No two centres are the same, each is among the points' hull, and widths are positive. */
    float c[14], rho[7];
    OK(cnn_net_get_tensor(nets[0], CNN_PARAMETERS, "r/center", c, 14, &err));
    OK(cnn_net_get_tensor(nets[0], CNN_PARAMETERS, "r/log_beta", rho, 7, &err));
    for (int j = 0; j < 7; j++) {
        assert_true(isfinite(rho[j]) && rho[j] > 0);
        for (int k = 0; k < 2; k++) assert_true(c[2 * j + k] >= 0 && c[2 * j + k] <= 2);
        for (int o = 0; o < j; o++)
            assert_true(fabs((double)c[2 * j] - (double)c[2 * o]) +
                            fabs((double)c[2 * j + 1] - (double)c[2 * o + 1]) >
                        0.05);
    }
    for (int i = 0; i < 3; i++) cnn_net_destroy(nets[i]);
    cnn_device_destroy(device);
}

static void init_from_data_is_refused_by_name(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    cnn_net *net = cloud_net(NULL, 3, CNN_RADIAL_GAUSSIAN);
    float x[10] = {0, 1, 2, 3, 4, 5};
    cnn_samples samples = {.inputs = x, .input_elements = 6};
    FAILS(CNN_BAD_STATE, cnn_net_init_radial_basis(net, "r", &samples, 0, &err));
    SAID("init radial basis: the net isn't compiled");
    OK(cnn_net_compile(net, device, &(cnn_compile){.max_batch = 4}, &err));
    FAILS(CNN_NOT_FOUND, cnn_net_init_radial_basis(net, "q", &samples, 0, &err));
    SAID("\"q\"");
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_init_radial_basis(net, "d", &samples, 0, &err));
    SAID("dense \"d\"");
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_init_radial_basis(net, NULL, &samples, 0, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_init_radial_basis(net, "r", NULL, 0, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_init_radial_basis(NULL, "r", &samples, 0, &err));
    float *before = vector_of(net, CNN_PARAMETERS);
    samples.input_elements = 4;
    FAILS(CNN_OUT_OF_RANGE, cnn_net_init_radial_basis(net, "r", &samples, 0, &err));
    SAID("3 units, but there are 2 samples");
    samples.input_elements = 7;
    FAILS(CNN_SHAPE_MISMATCH, cnn_net_init_radial_basis(net, "r", &samples, 0, &err));
    samples.input_elements = 10;
    x[3] = NAN;
    FAILS(CNN_NOT_FINITE, cnn_net_init_radial_basis(net, "r", &samples, 0, &err));
    float *after = vector_of(net, CNN_PARAMETERS);
    assert_memory_equal(before, after,
                        (size_t)cnn_net_vector_elements(net, CNN_PARAMETERS) * sizeof *after);
    /* All points alike: centres are that point, betas 1. */
    for (int i = 0; i < 10; i++) x[i] = 2;
    OK(cnn_net_init_radial_basis(net, "r", &samples, 0, &err));
    OK(cnn_net_get_tensor(net, CNN_PARAMETERS, "r/log_beta", x, 3, &err));
    for (int j = 0; j < 3; j++) NEAR(x[j], 0, 0);
    free(before);
    free(after);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

static void refuses(cnn_status status, const char *said, const cnn_radial_basis *d) {
    cnn_net *net = seeded_net(1);
    assert_int_equal(cnn_net_radial_basis(net, features(net), d), -status);
    FAILS(status, cnn_net_error(net, &err));
    SAID(said);
    cnn_net_destroy(net);
}

static void descriptors_that_contradict_are_refused_by_name(void **state) {
    skip_without(state);
    refuses(CNN_OUT_OF_RANGE, "units is 0", NULL);
    refuses(CNN_OUT_OF_RANGE, "units is -1", &(cnn_radial_basis){.name = "r", .units = -1});
    refuses(CNN_INVALID_ARGUMENT, "radial_basis \"r\" (node 1): kind is 6",
            &(cnn_radial_basis){.name = "r", .units = 2, .kind = 6});
    refuses(CNN_OUT_OF_RANGE, "beta is -1", &(cnn_radial_basis){.units = 2, .beta = -1});
    refuses(CNN_OUT_OF_RANGE, "beta is nan", &(cnn_radial_basis){.units = 2, .beta = NAN});
    refuses(CNN_INVALID_ARGUMENT, "initializer is 6",
            &(cnn_radial_basis){.units = 2, .initializer = 6});
    refuses(CNN_INCOMPATIBLE, "reserved", &(cnn_radial_basis){.units = 2, .reserved = {1}});
}

static void settings_survive_files_and_clones(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    cnn_net *nets[3] = {cloud_net(NULL, 3, CNN_RADIAL_INVERSE_QUADRATIC), NULL, NULL};
    static char file[1 << 16];
    size_t bytes;
    OK(cnn_net_save_memory(nets[0], file, sizeof file, &bytes, &err));
    OK(cnn_net_load_memory(file, bytes, &nets[1], &err));
    OK(cnn_net_clone(nets[0], &nets[2], &err));
    float x[12], y[3][6];
    fill(x, 12, 3);
    char tables[3][1024];
    for (int i = 0; i < 3; i++) {
        OK(cnn_net_compile(nets[i], device, &(cnn_compile){.max_batch = 6}, &err));
        OK(cnn_net_run(nets[i], x, 12, y[i], 6, &err));
        assert_memory_equal(y[i], y[0], sizeof y[0]);
        OK(cnn_net_summary(nets[i], tables[i], sizeof tables[i], NULL, &err));
        assert_string_equal(tables[i], tables[0]);
    }
    for (int i = 0; i < 3; i++) cnn_net_destroy(nets[i]);
    cnn_device_destroy(device);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(H54_values_are_rho_of_the_distance),
        cmocka_unit_test(H54_gradients_of_the_gaussian_are_the_closed_forms),
        cmocka_unit_test(H52_to_53_gradients_are_those_of_the_formula),
        cmocka_unit_test(H54_the_unsquared_norm_has_gradient_zero_at_its_center),
        cmocka_unit_test(distances_far_from_the_origin_lose_no_digits),
        cmocka_unit_test(H54_a_general_rho_follows_the_distance),
        cmocka_unit_test(H55_the_linear_output_is_a_dense_layer),
        cmocka_unit_test(centers_from_data_are_the_clusters),
        cmocka_unit_test(centers_from_data_are_the_seed_s),
        cmocka_unit_test(init_from_data_is_refused_by_name),
        cmocka_unit_test(descriptors_that_contradict_are_refused_by_name),
        cmocka_unit_test(settings_survive_files_and_clones),
    };
    return run_on_devices("radial basis", tests, LENGTH(tests));
}

/* cnn_net_check_gradient: that it passes what is right on every device, in both modes, and names
 * what is wrong. */
#include "public.h"

#include <math.h>

enum { kN = 6 };

struct data {
    float x[kN * 2 * 8 * 8], t[kN * 8];
    uint8_t labels[kN];
    cnn_samples samples;
};

static void make_data(struct data *d, int64_t inputs, int64_t targets) {
    fill(d->x, LENGTH(d->x), 3);
    fill(d->t, LENGTH(d->t), 4);
    for (int i = 0; i < kN; i++) d->labels[i] = (uint8_t)(i % 3);
    d->samples = (cnn_samples){.inputs = d->x, .input_elements = kN * inputs};
    if (targets > 0) {
        d->samples.targets = d->t;
        d->samples.target_elements = kN * targets;
    } else {
        d->samples.labels = d->labels;
        d->samples.label_type = CNN_UINT8;
        d->samples.label_elements = kN;
    }
}

static cnn_net *image_net(void) {
    cnn_net *net = seeded_net(5);
    cnn_node n = cnn_net_input(net, NULL, 3, (const int64_t[]){2, 8, 8});
    n = cnn_net_conv2d(net, n,
                       &(cnn_conv2d){.filters = 4, .kernel = {3, 3}, .activation = CNN_LEAKY_RELU});
    n = cnn_net_batch_norm(net, n, NULL);
    n = cnn_net_max_pool2d(net, n, &(cnn_pool2d){.window = {2, 2}});
    n = cnn_net_dropout(net, n, &(cnn_dropout){.rate = 0.25f});
    n = cnn_net_conv2d(net, n, &(cnn_conv2d){.filters = 6, .kernel = {2, 2}, .groups = 2});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = 5, .activation = CNN_RELU});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = 3});
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_SOFTMAX_CROSS_ENTROPY});
    return net;
}

static cnn_status compile(cnn_net *net, cnn_device *device) {
    return cnn_net_compile(net, device, &(cnn_compile){.max_batch = kN}, &err);
}

static void gradients_of_the_library_pass(void **state) {
    skip_without(state);
    struct data d;
    make_data(&d, 2 * 8 * 8, 0);
    cnn_device *device = open_device(*state);
    cnn_net *net = image_net();
    OK(compile(net, device));
    const int64_t count = cnn_net_vector_elements(net, CNN_PARAMETERS);
    float *theta = vector_of(net, CNN_PARAMETERS);
    for (int training = 0; training < 2; training++) {
        cnn_gradient_report report;
        const cnn_gradient_check check = {.training = training, .tolerance = 1e-3};
        OK(cnn_net_check_gradient(net, &d.samples, &check, &report, &err));
        print_message(
            "%s, training %d: %g at %s, directions %g; %lld and %lld compared, %lld and "
            "%lld skipped\n",
            (char *)*state, training, report.error, report.worst, report.direction_error,
            (long long)report.entries, (long long)report.directions, (long long)report.skipped,
            (long long)report.skipped_directions);
        assert_true(report.entries + report.skipped == count);
        assert_true(report.skipped < count / 20);
        assert_true(report.directions >= 2);
        assert_true(report.error < 1e-3 && report.direction_error < 1e-3);
        if (strcmp(*state, "reference") == 0) assert_true(report.error < 1e-5);
        double loss;
        OK(cnn_net_loss_gradient(net, &d.samples, &(cnn_gradient_options){.training = training},
                                 &loss, &err));
        NEAR(loss, report.loss, 1e-5);
        float *g = vector_of(net, CNN_GRADIENT);
        assert_true((double)g[report.index] == report.analytic);
        free(g);
    }
    /* Nothing of the net has changed. */
    float *after = vector_of(net, CNN_PARAMETERS);
    assert_memory_equal(theta, after, (size_t)count * sizeof *theta);
    free(theta);
    free(after);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

/* z = x^2 w of each feature, w shared by all samples; `wrong` spoils one thing of backward. */
struct fault {
    int kind;
    int forwards;
};

enum { kFeatures = 4 };

static int32_t scaled_square(const cnn_host_call *call, void *user) {
    ((struct fault *)user)->forwards++;
    for (int64_t i = 0; i < call->n * kFeatures; i++)
        call->output[i] =
            call->inputs[0][i] * call->inputs[0][i] * call->parameters[0][i % kFeatures];
    return 0;
}

static int32_t scaled_square_backward(const cnn_host_call *call, void *user) {
    const struct fault *fault = user;
    for (int64_t i = 0; i < call->n * kFeatures; i++) {
        const float x = call->inputs[0][i], dy = call->output_gradient[i],
                    w = call->parameters[0][i % kFeatures];
        call->input_gradients[0][i] = (fault->kind == 1 ? 1 : 2) * x * w * dy;
        if (fault->kind == 2) continue;
        if (fault->kind == 3 && i % kFeatures == 2 && i < kFeatures) continue;
        call->parameter_gradients[0][i % kFeatures] += x * x * dy;
    }
    return 0;
}

static cnn_net *hosted_net(struct fault *fault) {
    cnn_net *net = seeded_net(5);
    const cnn_host_parameter weight = {.name = "w", .shape = {kFeatures}, .rank = 1};
    cnn_node n = cnn_net_input(net, NULL, 1, (const int64_t[]){3});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = kFeatures, .activation = CNN_TANH});
    n = cnn_net_host_layer(net, &n, 1,
                           &(cnn_host_layer){.kind = "scaled_square",
                                             .parameters = &weight,
                                             .parameter_count = 1,
                                             .forward = scaled_square,
                                             .backward = scaled_square_backward,
                                             .user = fault});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = 2});
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_MSE});
    return net;
}

static void a_wrong_backward_of_the_host_is_found(void **state) {
    skip_without(state);
    struct data d;
    make_data(&d, 3, 2);
    cnn_device *device = open_device(*state);
    for (int kind = 0; kind < 4; kind++) {
        struct fault fault = {.kind = kind};
        cnn_net *net = hosted_net(&fault);
        OK(compile(net, device));
        cnn_gradient_report report;
        const cnn_gradient_check check = {.tolerance = 1e-2};
        if (kind == 0) {
            OK(cnn_net_check_gradient(net, &d.samples, &check, &report, &err));
            print_message("%s: %g, along directions %g\n", (char *)*state, report.error,
                          report.direction_error);
            assert_true(report.error < 3e-3);
            assert_int_equal(report.skipped, 0);
            assert_int_equal(report.entries, cnn_net_vector_elements(net, CNN_PARAMETERS));
        } else {
            FAILS(CNN_OUT_OF_RANGE, cnn_net_check_gradient(net, &d.samples, &check, &report, &err));
            SAID(report.worst);
            SAID("more than the tolerance 0.01");
            assert_true(report.error > 0.1);
            assert_true(report.direction_error > 1e-2);
            assert_non_null(strstr(report.tensor, kind == 1 ? "dense_1/" : "scaled_square_1/w"));
            if (kind == 3) assert_string_equal(report.worst, "scaled_square_1/w[2]");
            /* Without a tolerance that is for the caller to judge. */
            OK(cnn_net_check_gradient(net, &d.samples, NULL, &report, &err));
            assert_true(report.error > 0.1);
        }
        assert_true(fault.forwards > 100);
        cnn_net_destroy(net);
    }
    cnn_device_destroy(device);
}

/* An absolute value whose inputs are 0 for one unit: a ReLU with no slope there. */
static void kinks_are_skipped_and_counted(void **state) {
    skip_without(state);
    struct data d;
    make_data(&d, 3, 4);
    cnn_device *device = open_device(*state);
    cnn_net *net = seeded_net(5);
    cnn_node n = cnn_net_input(net, NULL, 1, (const int64_t[]){3});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = 4, .activation = CNN_RELU});
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_MSE});
    OK(compile(net, device));
    float *theta = vector_of(net, CNN_PARAMETERS);
    /* Unit 1 is 0 for every sample. */
    for (int i = 3; i < 6; i++) theta[i] = 0;
    OK(cnn_net_set_vector(net, CNN_PARAMETERS, theta, 16, &err));
    cnn_gradient_report report;
    OK(cnn_net_check_gradient(net, &d.samples, &(cnn_gradient_check){.tolerance = 1e-3}, &report,
                              &err));
    assert_int_equal(report.skipped, 4);
    assert_int_equal(report.entries, 12);
    assert_int_equal(report.directions, 0);
    assert_int_equal(report.skipped_directions, 4);
    assert_true(report.direction_error == -1);
    /* Frozen, its tensors are left out, so nothing is left to compare. */
    OK(cnn_net_set_rate(net, "dense_1", 0, &err));
    FAILS(CNN_OUT_OF_RANGE,
          cnn_net_check_gradient(net, &d.samples, &(cnn_gradient_check){.tolerance = 1e-3}, &report,
                                 &err));
    SAID("nothing could be compared");
    OK(cnn_net_check_gradient(net, &d.samples, NULL, &report, &err));
    assert_int_equal(report.entries, 0);
    assert_int_equal(report.index, -1);
    assert_string_equal(report.worst, "");
    free(theta);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

static void a_choice_of_entries_has_one_of_each_tensor(void **state) {
    skip_without(state);
    struct data d;
    make_data(&d, 2 * 8 * 8, 0);
    cnn_device *device = open_device(*state);
    cnn_net *net = image_net();
    OK(compile(net, device));
    cnn_gradient_report a, b;
    cnn_gradient_check check = {.entries = 20, .directions = -1, .seed = 7};
    OK(cnn_net_check_gradient(net, &d.samples, &check, &a, &err));
    OK(cnn_net_check_gradient(net, &d.samples, &check, &b, &err));
    assert_memory_equal(&a, &b, sizeof a);
    assert_int_equal(a.entries + a.skipped, 20);
    assert_int_equal(a.directions, 0);
    check.entries = -1;
    check.directions = 1;
    OK(cnn_net_check_gradient(net, &d.samples, &check, &a, &err));
    assert_int_equal(a.entries + a.skipped, 0);
    assert_int_equal(a.directions + a.skipped_directions, 1);
    /* With a limit of 1 for each of many seeds every tensor has its turn. */
    check.entries = 1;
    check.directions = -1;
    int seen = 0;
    for (check.seed = 0; check.seed < 24; check.seed++) {
        OK(cnn_net_check_gradient(net, &d.samples, &check, &a, &err));
        if (a.index >= 0) seen |= 1 << (a.index % 16);
    }
    assert_true((seen & (seen - 1)) != 0);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

static void mistakes_are_told(void **state) {
    skip_without(state);
    struct data d;
    make_data(&d, 3, 2);
    struct fault fault = {0};
    cnn_device *device = open_device(*state);
    cnn_net *net = hosted_net(&fault);
    cnn_gradient_report report;
    FAILS(CNN_BAD_STATE, cnn_net_check_gradient(net, &d.samples, NULL, &report, &err));
    OK(cnn_net_compile(net, device, &(cnn_compile){.max_batch = kN - 1}, &err));
    FAILS(CNN_LIMIT_EXCEEDED, cnn_net_check_gradient(net, &d.samples, NULL, &report, &err));
    OK(cnn_net_compile(net, device, &(cnn_compile){.max_batch = kN, .inference_only = 1}, &err));
    FAILS(CNN_BAD_STATE, cnn_net_check_gradient(net, &d.samples, NULL, &report, &err));
    OK(compile(net, device));
    FAILS(CNN_OUT_OF_RANGE,
          cnn_net_check_gradient(net, &d.samples, &(cnn_gradient_check){.tolerance = -1}, &report,
                                 &err));
    FAILS(CNN_INCOMPATIBLE,
          cnn_net_check_gradient(net, &d.samples, &(cnn_gradient_check){.reserved = {1}}, &report,
                                 &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_check_gradient(net, NULL, NULL, &report, &err));
    assert_int_equal(cnn_net_check_gradient(NULL, &d.samples, NULL, NULL, NULL),
                     CNN_INVALID_ARGUMENT);
    d.x[0] = NAN;
    FAILS(CNN_NOT_FINITE, cnn_net_check_gradient(net, &d.samples, NULL, &report, &err));
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_of_the_library_pass),
        cmocka_unit_test(a_wrong_backward_of_the_host_is_found),
        cmocka_unit_test(kinks_are_skipped_and_counted),
        cmocka_unit_test(a_choice_of_entries_has_one_of_each_tensor),
        cmocka_unit_test(mistakes_are_told),
    };
    return run_on_devices("check_gradient", tests, LENGTH(tests));
}

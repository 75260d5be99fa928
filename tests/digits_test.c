// Real digits: the small LeNet reaches its accuracy on every backend, and the backends agree step
// by step. Needs CNN_TEST_DATA/mnist.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../examples/data.h"
#include "../examples/nets.h"
#include "real_data.h"

static struct dataset train, test;

static cnn_samples part(const struct dataset *set, int64_t first, int64_t count) {
    const int64_t pixels = set->height * set->width;
    cnn_samples samples = {0};
    samples.inputs = set->images + first * pixels;
    samples.input_type = CNN_UINT8;
    samples.input_elements = count * pixels;
    samples.scale[0] = 1 / 255.f;
    samples.labels = set->labels + first;
    samples.label_type = CNN_UINT8;
    samples.label_elements = count;
    return samples;
}

static int set_up(void **state) {
    char path[1024], message[256];
    (void)state;
    if (!data_path(path, sizeof path, "mnist")) return 0;
    if (dataset_read_mnist(&train, &test, path, message, sizeof message)) {
        fprintf(stderr, "%s\n", message);
        return -1;
    }
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    dataset_free(&train);
    dataset_free(&test);
    return 0;
}

static void learns(const char *spec) {
    need_data(train.count > 0, "mnist");
    cnn_device *device = open_or_skip(spec);
    cnn_net *net = small_net(28, 28, 1);
    cnn_optimizer *adam = cnn_optimizer_create(CNN_ADAM);
    cnn_error error = {0};
    const cnn_compile compile = {.max_batch = 64};
    check(cnn_net_compile(net, device, &compile, &error), &error);
    check(cnn_optimizer_set(adam, CNN_LEARNING_RATE, 2e-3, &error), &error);
    const cnn_samples digits = part(&train, 0, train.count);
    const cnn_fit fit = {.epochs = 3, .schedule = CNN_SCHEDULE_COSINE};
    check(cnn_net_fit(net, adam, &digits, &fit, NULL, &error), &error);
    const cnn_samples unseen = part(&test, 0, test.count);
    cnn_evaluation result;
    check(cnn_net_evaluate(net, &unseen, &result, &error), &error);
    printf("%s: accuracy %.4f after 3 epochs\n", spec, result.accuracy);
    assert_int_equal(result.samples, 10000);
    assert_true(result.accuracy >= 0.985);
    cnn_optimizer_destroy(adam);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

static void cpu_learns_digits(void **state) {
    (void)state;
    learns("cpu");
}

static void opencl_learns_digits(void **state) {
    (void)state;
    learns("opencl");
}

static double distance(const float *a, const float *b, int64_t count) {
    double difference = 0, norm = 0;
    for (int64_t i = 0; i < count; i++) {
        const double d = (double)a[i] - (double)b[i];
        difference += d * d;
        norm += (double)b[i] * (double)b[i];
    }
    return sqrt(difference / norm);
}

// From the same parameters at each of 100 steps of training, every backend gives the same loss and
// gradient; running free, the same first losses.
static void backends_agree(void **state) {
    enum { kBackends = 2, kSteps = 100, kFree = 5, kBatch = 64 };
    static const char *const specs[kBackends] = {"cpu", "opencl"};
    (void)state;
    need_data(train.count > 0, "mnist");
    cnn_error error = {0};
    cnn_net *nets[kBackends];
    cnn_device *devices[kBackends];
    cnn_optimizer *optimizers[kBackends];
    const cnn_compile compile = {.max_batch = kBatch};
    for (int b = kBackends - 1; b >= 0; b--) {
        devices[b] = open_or_skip(specs[b]);
        nets[b] = small_net(28, 28, 7);
        optimizers[b] = cnn_optimizer_create(CNN_ADAM);
        check(cnn_net_compile(nets[b], devices[b], &compile, &error), &error);
    }
    const int64_t count = cnn_net_vector_elements(nets[0], CNN_PARAMETERS);
    float *gradients[kBackends];
    for (int b = 0; b < kBackends; b++) gradients[b] = malloc((size_t)count * sizeof(float));

    for (int step = 0; step < kFree; step++) {
        double losses[kBackends];
        const cnn_samples batch = part(&train, step * kBatch, kBatch);
        for (int b = 0; b < kBackends; b++)
            check(cnn_net_train_step(nets[b], optimizers[b], &batch, &losses[b], &error), &error);
        assert_true(fabs(losses[0] - losses[1]) <= 1e-4 * fabs(losses[0]));
    }
    double worst_loss = 0, worst_gradient = 0;
    for (int step = 0; step < kSteps; step++) {
        double losses[kBackends];
        const cnn_samples batch = part(&train, (kFree + step) * kBatch, kBatch);
        check(cnn_net_copy_parameters(nets[1], nets[0], &error), &error);
        for (int b = 0; b < kBackends; b++) {
            check(cnn_net_loss_gradient(nets[b], &batch, NULL, &losses[b], &error), &error);
            check(cnn_net_get_vector(nets[b], CNN_GRADIENT, gradients[b], count, &error), &error);
        }
        worst_loss = fmax(worst_loss, fabs(losses[0] - losses[1]) / fabs(losses[0]));
        worst_gradient = fmax(worst_gradient, distance(gradients[1], gradients[0], count));
        check(cnn_net_train_step(nets[0], optimizers[0], &batch, NULL, &error), &error);
    }
    printf("worst of %d steps: loss %.2g, gradient %.2g\n", kSteps, worst_loss, worst_gradient);
    assert_true(worst_loss <= 1e-5);
    assert_true(worst_gradient <= 1e-4);
    for (int b = 0; b < kBackends; b++) {
        free(gradients[b]);
        cnn_optimizer_destroy(optimizers[b]);
        cnn_net_destroy(nets[b]);
        cnn_device_destroy(devices[b]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cpu_learns_digits),
        cmocka_unit_test(opencl_learns_digits),
        cmocka_unit_test(backends_agree),
    };
    return cmocka_run_group_tests_name("digits", tests, set_up, tear_down);
}

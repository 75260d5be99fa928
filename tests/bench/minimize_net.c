// What minimising a net costs beside its evaluations: an iteration of Levenberg-Marquardt on a net
// of 101 parameters and 10,000 samples; and L-BFGS on the 32c5-64c5-1024 network with all of 10,000
// digits, its time beside the gradient's and its memory in vectors as long as theta.
//
//   minimize_net [MNIST-FOLDER] [DEVICE] [BATCH]
#include <cnn/cnn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "data.h"

enum { kSamples = 10000, kPixels = 28 * 28 };

static void check(cnn_status status, const cnn_error *error) {
    if (!status) return;
    fprintf(stderr, "%s\n", error->message);
    exit(1);
}

// Processor time, so that other programs don't count.
static double now(void) {
    return (double)clock() / CLOCKS_PER_SEC;
}

static const cnn_minimize_options kUntilLimit = {
    .gradient_tolerance = -1, .step_tolerance = -1, .value_tolerance = -1};

// ---- Levenberg-Marquardt ----

static void levenberg_marquardt(cnn_device *device, int64_t batch) {
    cnn_error error;
    cnn_net *net = cnn_net_create(NULL);
    cnn_node n = cnn_net_input(net, "x", 1, (int64_t[]){2});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = 25, .activation = CNN_TANH});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = 1});
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_MSE});
    check(cnn_net_compile(net, device, &(cnn_compile){.max_batch = batch}, &error), &error);
    float *x = malloc(2 * kSamples * sizeof *x), *y = malloc(kSamples * sizeof *y);
    if (!x || !y) exit(1);
    for (int i = 0; i < kSamples; i++) {
        x[2 * i] = (float)(i % 100) / 50 - 1;
        x[2 * i + 1] = (float)(i / 100) / 50 - 1;
        y[i] = sinf(3 * x[2 * i]) * cosf(2 * x[2 * i + 1]);
    }
    const cnn_samples samples = {
        .inputs = x, .input_elements = 2 * kSamples, .targets = y, .target_elements = kSamples};
    cnn_optimizer *lm = cnn_optimizer_create(CNN_LEVENBERG_MARQUARDT);
    cnn_minimize_options options = kUntilLimit;
    cnn_minimize_report report;
    options.max_iterations = 3;
    check(cnn_net_minimize(net, lm, &samples, &options, &report, &error), &error);
    options.max_iterations = 40;
    check(cnn_net_minimize(net, lm, &samples, &options, &report, &error), &error);
    printf(
        "Levenberg-Marquardt, %lld parameters, %d samples: %.1f ms an iteration "
        "(%lld iterations, %lld evaluations, loss %.3g to %.3g)\n",
        (long long)cnn_net_vector_elements(net, CNN_PARAMETERS), kSamples,
        1e3 * report.seconds / (double)report.iterations, (long long)report.iterations,
        (long long)report.evaluations, report.start_value, report.value);
    free(x);
    free(y);
    cnn_optimizer_destroy(lm);
    cnn_net_destroy(net);
}

// ---- L-BFGS ----

static cnn_net *digits_net(cnn_device *device, int64_t batch) {
    cnn_error error;
    cnn_net *net = cnn_net_create(NULL);
    cnn_node n = cnn_net_input(net, "image", 3, (int64_t[]){1, 28, 28});
    for (int i = 0; i < 2; i++) {
        n = cnn_net_conv2d(net, n,
                           &(cnn_conv2d){.filters = i ? 64 : 32,
                                         .kernel = {5},
                                         .padding_mode = CNN_SAME,
                                         .activation = CNN_RELU});
        n = cnn_net_max_pool2d(net, n, &(cnn_pool2d){.window = {2}});
    }
    n = cnn_net_dense(net, n, &(cnn_dense){.units = 1024, .activation = CNN_RELU});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = 10});
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_SOFTMAX_CROSS_ENTROPY});
    check(cnn_net_compile(net, device, &(cnn_compile){.max_batch = batch}, &error), &error);
    return net;
}

static cnn_device_info info_of(const cnn_device *device) {
    cnn_device_info info;
    cnn_error error;
    check(cnn_device_get_info(device, &info, &error), &error);
    return info;
}

// A net that is gone leaves its peak, so each is measured on a device of its own.
static void lbfgs(const char *spec, const char *folder, int64_t batch) {
    cnn_error error;
    cnn_device *device = NULL;
    check(cnn_device_open(spec, NULL, &device, &error), &error);
    struct dataset train = {0}, digits = {0};
    char message[256];
    if (dataset_read_mnist(&train, &digits, folder, message, sizeof message)) {
        fprintf(stderr, "%s\n", message);
        exit(1);
    }
    dataset_free(&train);
    uint8_t *const images = digits.images, *const labels = digits.labels;
    cnn_net *net = digits_net(device, batch);
    const int64_t parameters = cnn_net_vector_elements(net, CNN_PARAMETERS);
    const cnn_samples samples = {.inputs = images,
                                 .input_elements = (int64_t)kSamples * kPixels,
                                 .input_type = CNN_UINT8,
                                 .scale = {1 / 255.0f},
                                 .labels = labels,
                                 .label_elements = kSamples,
                                 .label_type = CNN_UINT8};
    cnn_minimize_options options = kUntilLimit;
    cnn_minimize_report report;

    // The gradient of all samples, without an optimizer: descent at rate 0, whose step is nothing.
    cnn_optimizer *descent = cnn_optimizer_create(CNN_SGD);
    check(cnn_optimizer_set(descent, CNN_LEARNING_RATE, 0, &error), &error);
    check(cnn_optimizer_set(descent, CNN_MOMENTUM, 0, &error), &error);
    double gradient = 0;
    for (int64_t evaluations = 1; evaluations < 8; evaluations += 5) {
        options.max_evaluations = evaluations;  // the first is the warm-up
        gradient = now();
        check(cnn_net_minimize(net, descent, &samples, &options, &report, &error), &error);
        gradient = (now() - gradient) / (double)report.evaluations;
    }
    cnn_optimizer_destroy(descent);
    // All that the net itself takes is there by now.
    const int64_t before = info_of(device).memory_used;
    cnn_optimizer *optimizer = cnn_optimizer_create(CNN_LBFGS);
    options.max_evaluations = 16;  // enough to fill the history
    double run = now();
    check(cnn_net_minimize(net, optimizer, &samples, &options, &report, &error), &error);
    run = now() - run;
    double history = 0;
    check(cnn_optimizer_get(optimizer, CNN_HISTORY, &history, &error), &error);
    const double evaluations = (double)report.evaluations;
    const double vectors =
        (double)(info_of(device).memory_peak - before) / (4.0 * (double)parameters);
    printf(
        "L-BFGS, %lld parameters, %d digits in batches of %lld: %lld iterations, %.0f evaluations "
        "(%lld with gradient), loss %.4f to %.4f\n",
        (long long)parameters, kSamples, (long long)batch, (long long)report.iterations,
        evaluations, (long long)report.gradient_evaluations, report.start_value, report.value);
    printf(
        "  gradient alone %.3f s of the processors; an evaluation in the run %.3f s: %+.2f%%; "
        "memory beyond the "
        "net's: %.2f vectors, 2m + 4 being %.0f\n",
        gradient, run / evaluations, 100 * (run / evaluations / gradient - 1), vectors,
        2 * history + 4);
    dataset_free(&digits);
    cnn_optimizer_destroy(optimizer);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

int main(int argc, char **argv) {
    const char *spec = argc > 2 ? argv[2] : "cpu";
    const int64_t batch = argc > 3 ? strtoll(argv[3], NULL, 10) : 500;
    cnn_error error;
    cnn_device *device = NULL;
    check(cnn_device_open(spec, NULL, &device, &error), &error);
    levenberg_marquardt(device, batch);
    cnn_device_destroy(device);
    if (argc > 1) lbfgs(spec, argv[1], batch);
    return 0;
}

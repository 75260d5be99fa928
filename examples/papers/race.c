// A race of all optimizers on one small real problem: a convolutional network learns to tell the
// digits 3, 5 and 8 apart as this machine's fonts draw them; it is tested on fonts it hasn't seen.
// Each starts from the same parameters and may use as many evaluations of loss and gradient over
// all samples. Prints a table, and writes the curves as FOLDER/race.csv and FOLDER/race.svg.
//
//   race [FOLDER] [EVALUATIONS] [DEVICE]    by default ., 1000 and "auto"
#include "race.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../glyphs.h"

enum { kSide = 7, kPixels = kSide * kSide, kClasses = 3, kTrain = 300, kTest = 900 };

// ---- The problem ----

struct samples {
    int count;
    float *inputs;   // [count][7][7]
    float *targets;  // [count][3], one of them 1
};

// Digits are averaged over squares of 4x4 pixels.
static void add_sample(struct samples *to, const uint8_t *picture, int class) {
    float *const input = to->inputs + to->count * kPixels;
    for (int y = 0; y < GLYPH_SIDE; y++)
        for (int x = 0; x < GLYPH_SIDE; x++)
            input[y / 4 * kSide + x / 4] += (float)picture[y * GLYPH_SIDE + x] / (16 * 255.0f);
    to->targets[to->count++ * kClasses + class] = 1;
}

static int draw_samples(struct samples *to, const struct glyph_fonts *fonts, enum glyph_side side,
                        int count, uint64_t seed) {
    static const int kClassOf[10] = {-1, -1, -1, 0, -1, 1, -1, -1, 2, -1};
    struct dataset set;
    to->count = 0;
    to->inputs = calloc((size_t)count, kPixels * sizeof(float));
    to->targets = calloc((size_t)count, kClasses * sizeof(float));
    if (!to->inputs || !to->targets) return -1;
    // Digits come in equal numbers: three in ten are used.
    if (glyph_render(fonts, side, (int64_t)count * 10 / kClasses + 10, seed, &set)) return -1;
    for (int64_t i = 0; i < set.count && to->count < count; i++)
        if (kClassOf[set.labels[i]] >= 0)
            add_sample(to, set.images + i * GLYPH_SIDE * GLYPH_SIDE, kClassOf[set.labels[i]]);
    dataset_free(&set);
    return to->count == count ? 0 : -1;
}

static void free_samples(struct samples *samples) {
    free(samples->inputs);
    free(samples->targets);
}

static cnn_samples view_of(const struct samples *samples) {
    const cnn_samples view = {.inputs = samples->inputs,
                              .input_elements = (int64_t)samples->count * kPixels,
                              .targets = samples->targets,
                              .target_elements = (int64_t)samples->count * kClasses};
    return view;
}

// 4 kernels of 3x3 with stride 2, then a unit a class: 151 parameters. Squared errors, for
// Levenberg-Marquardt needs residuals.
static cnn_net *build(void) {
    const cnn_net_options options = {.name = "race", .seed = 1};
    const int64_t shape[3] = {1, kSide, kSide};
    const cnn_conv2d conv = {.filters = 4, .kernel = {3}, .stride = {2}, .activation = CNN_TANH};
    const cnn_dense classes = {.units = kClasses, .activation = CNN_SIGMOID};
    const cnn_loss loss = {.kind = CNN_LOSS_HALF_MSE};
    cnn_net *net = cnn_net_create(&options);
    cnn_node n = cnn_net_input(net, "glyph", 3, shape);
    n = cnn_net_conv2d(net, n, &conv);
    n = cnn_net_dense(net, n, &classes);
    cnn_net_loss(net, n, &loss);
    return net;
}

// The share of samples whose class isn't that of the largest output.
static cnn_status test_error(cnn_net *net, const struct samples *test, double *share,
                             cnn_error *error) {
    float *const y = calloc((size_t)test->count, kClasses * sizeof(float));
    cnn_status status = y ? cnn_net_run(net, test->inputs, (int64_t)test->count * kPixels, y,
                                        (int64_t)test->count * kClasses, error)
                          : CNN_OUT_OF_MEMORY;
    int wrong = 0;
    for (int i = 0; !status && i < test->count; i++) {
        int best = 0;
        for (int c = 1; c < kClasses; c++)
            if (y[i * kClasses + c] > y[i * kClasses + best]) best = c;
        wrong += test->targets[i * kClasses + best] == 0;
    }
    *share = (double)wrong / test->count;
    free(y);
    return status;
}

// ---- The racers ----

struct racer {
    const char *name;
    cnn_optimizer_kind kind;
    struct {
        cnn_key key;
        double value;
    } settings[2];  // a key of 0 ends them
};

// Rates are for each the best of 0.001, 0.003, 0.01 and so on to 30, by the loss reached here.
static const struct racer kRacers[] = {
    {"gradient descent", CNN_SGD, {{CNN_LEARNING_RATE, 10}, {CNN_MOMENTUM, 0}}},
    {"momentum", CNN_SGD, {{CNN_LEARNING_RATE, 3}, {CNN_MOMENTUM, 0.9}}},
    {"AdaGrad", CNN_ADAGRAD, {{CNN_LEARNING_RATE, 0.3}}},
    {"RMSProp", CNN_RMSPROP, {{CNN_LEARNING_RATE, 0.03}}},
    {"Adam", CNN_ADAM, {{CNN_LEARNING_RATE, 0.03}}},
    {"Adams-Bashforth", CNN_ADAMS_BASHFORTH, {{CNN_LEARNING_RATE, 3}}},
    {"Heun", CNN_HEUN, {{CNN_LEARNING_RATE, 10}}},
    {"full-matrix AdaGrad", CNN_FULL_ADAGRAD, {{CNN_LEARNING_RATE, 1}}},
    {"full-matrix RMSProp", CNN_FULL_RMSPROP, {{CNN_LEARNING_RATE, 0.1}}},
    {"descent, line search", CNN_GRADIENT_DESCENT, {{0, 0}}},
    {"nonlinear CG", CNN_NONLINEAR_CG, {{0, 0}}},
    {"L-BFGS", CNN_LBFGS, {{0, 0}}},
    {"BFGS", CNN_BFGS, {{0, 0}}},
    {"Gauss-Newton-CG", CNN_GAUSS_NEWTON_CG, {{0, 0}}},
    {"Levenberg-Marquardt", CNN_LEVENBERG_MARQUARDT, {{0, 0}}},
};
enum { kRacerCount = sizeof kRacers / sizeof *kRacers };

static int32_t note_progress(const cnn_minimize_progress *progress, void *user) {
    return curve_add(user, (double)progress->evaluations, progress->seconds, progress->value);
}

static cnn_optimizer *optimizer_of(const struct racer *racer, cnn_status *status,
                                   cnn_error *error) {
    cnn_optimizer *optimizer = cnn_optimizer_create(racer->kind);
    for (int i = 0; i < 2 && racer->settings[i].key && !*status; i++)
        *status =
            cnn_optimizer_set(optimizer, racer->settings[i].key, racer->settings[i].value, error);
    return optimizer;
}

static cnn_status run(const struct racer *racer, cnn_net *net, const float *start,
                      const struct samples *train, const struct samples *test, int64_t evaluations,
                      struct curve *curve, cnn_error *error) {
    const cnn_samples samples = view_of(train);
    const cnn_minimize_options options = {.max_evaluations = evaluations,
                                          .max_iterations = -1,
                                          .gradient_tolerance = 1e-7,
                                          .step_tolerance = -1,
                                          .value_tolerance = -1,
                                          .progress = note_progress,
                                          .user = curve};
    cnn_minimize_report report;
    double wrong = 0;
    cnn_status status = cnn_net_set_vector(net, CNN_PARAMETERS, start,
                                           cnn_net_vector_elements(net, CNN_PARAMETERS), error);
    cnn_optimizer *optimizer = optimizer_of(racer, &status, error);
    curve->name = racer->name;
    if (!status) status = cnn_net_minimize(net, optimizer, &samples, &options, &report, error);
    if (!status) status = test_error(net, test, &wrong, error);
    if (!status)
        printf("%-21s %10d %11d %9d %9d %8.2f  %.3e %8.2f %%\n", racer->name,
               (int)report.iterations, (int)report.evaluations, (int)report.gradient_evaluations,
               (int)report.products, report.seconds, report.value, 100 * wrong);
    cnn_optimizer_destroy(optimizer);
    return status;
}

static cnn_status race(cnn_device *device, const struct samples *train, const struct samples *test,
                       int64_t evaluations, struct curve *curves, cnn_error *error) {
    const cnn_compile compile = {.max_batch = kTrain};
    cnn_net *net = build();
    cnn_status status = cnn_net_compile(net, device, &compile, error);
    const int64_t parameters = cnn_net_vector_elements(net, CNN_PARAMETERS);
    float *const start = calloc((size_t)(parameters > 0 ? parameters : 1), sizeof *start);
    if (!status) status = cnn_net_get_vector(net, CNN_PARAMETERS, start, parameters, error);
    printf("%d parameters, %d samples to learn from, %d of other fonts to test\n\n",
           (int)parameters, train->count, test->count);
    printf("%-21s %10s %11s %9s %9s %8s  %-9s %10s\n", "optimizer", "iterations", "evaluations",
           "gradients", "products", "seconds", "loss", "test error");
    for (int i = 0; i < kRacerCount && !status; i++)
        status = run(&kRacers[i], net, start, train, test, evaluations, &curves[i], error);
    free(start);
    cnn_net_destroy(net);
    return status;
}

int main(int argc, char **argv) {
    const char *const folder = argc > 1 ? argv[1] : ".";
    const int64_t evaluations = argc > 2 ? strtoll(argv[2], NULL, 10) : 1000;
    char message[512];
    if (argc > 4 || folder[0] == '-' || evaluations < 2)
        return fprintf(stderr, "usage: %s [FOLDER] [EVALUATIONS] [DEVICE]\n", argv[0]), 2;
    // Better now than after the race.
    if (curves_write(folder, NULL, 0)) return 1;
    cnn_error error = {.message = "out of memory"};
    cnn_device *device = NULL;
    struct samples train = {0}, test = {0};
    struct curve curves[kRacerCount] = {{0}};

    struct glyph_fonts *fonts = glyph_fonts_load(NULL, message, sizeof message);
    if (!fonts) return fprintf(stderr, "%s\n", message), 1;
    cnn_status status = cnn_device_open(argc > 3 ? argv[3] : "auto", NULL, &device, &error);
    if (!status && (draw_samples(&train, fonts, GLYPHS_TRAIN, kTrain, 1) ||
                    draw_samples(&test, fonts, GLYPHS_TEST, kTest, 2)))
        status = CNN_OUT_OF_MEMORY;
    if (!status) status = race(device, &train, &test, evaluations, curves, &error);
    int failed = status != CNN_OK;
    if (failed) fprintf(stderr, "%s\n", error.message);
    if (!failed) failed = curves_write(folder, curves, kRacerCount);

    for (int i = 0; i < kRacerCount; i++) curve_free(&curves[i]);
    free_samples(&train);
    free_samples(&test);
    glyph_fonts_free(fonts);
    cnn_device_destroy(device);
    return failed;
}

// Logistic regression with feature maps (Delmas 15-16): p(x) = sigma(w phi(x) + b) tells two
// classes apart at p = 1/2. With the points as they are, with monomials, with sines and cosines,
// and with a feature map that is learnt, on three problems; draws what each calls which class.
//
//   logistic [DEVICE]    DEVICE as cnn_device_open takes it, by default "auto"
#include <cnn/cnn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kTrain = 400, kTest = 2000, kMost = 16, kColumns = 44, kRows = 18 };

static const double kPi = 3.14159265358979323846;

// ---- Problems: the class of a point of the square [-1, 1] x [-1, 1] ----

static int half_plane(double x, double y) {
    return 0.8 * x + 0.6 * y > 0.1;
}
static int ellipse(double x, double y) {
    return x * x / 0.36 + (x - y) * (x - y) / 0.81 < 1;
}
static int checkers(double x, double y) {
    return sin(kPi * x) * sin(kPi * y) > 0;
}

static const struct problem {
    const char *name;
    int (*is_one)(double x, double y);
} kProblems[] = {{"half-plane", half_plane}, {"ellipse", ellipse}, {"checkers", checkers}};

// ---- Feature maps ----

static int64_t plain(double x, double y, float *phi) {
    phi[0] = (float)x;
    phi[1] = (float)y;
    return 2;
}

// Delmas's own example.
static int64_t monomials(double x, double y, float *phi) {
    phi[0] = (float)x;
    phi[1] = (float)y;
    phi[2] = (float)(x * x);
    phi[3] = (float)(x * y);
    phi[4] = (float)(y * y);
    return 5;
}

// Products of 1, cos pi x, sin pi x with 1, cos pi y, sin pi y, but for the constant.
static int64_t trigonometric(double x, double y, float *phi) {
    const double a[3] = {1, cos(kPi * x), sin(kPi * x)}, b[3] = {1, cos(kPi * y), sin(kPi * y)};
    int64_t count = 0;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            if (i + j > 0) phi[count++] = (float)(a[i] * b[j]);
    return count;
}

static const struct feature_map {
    const char *name;
    int64_t (*map)(double x, double y, float *phi);
    int64_t learnt;  // units of a feature map that is fitted too (Delmas 16)
} kMaps[] = {{"as they are", plain, 0},
             {"monomials to degree 2", monomials, 0},
             {"sines and cosines", trigonometric, 0},
             {"learnt: 12 logistic units", plain, 12}};

// ---- Fitting ----

static double uniform(uint32_t *stream) {  // in [-1, 1)
    *stream = *stream * 1664525u + 1013904223u;
    return (double)(*stream >> 8) / 8388608.0 - 1;
}

// Draws points and gives their features and classes; returns the features a point has.
static int64_t draw_points(const struct problem *problem, const struct feature_map *map, int count,
                           uint32_t stream, float *features, float *classes) {
    int64_t width = 0;
    for (int i = 0; i < count; i++) {
        const double x = uniform(&stream), y = uniform(&stream);
        width = map->map(x, y, features);
        features += width;
        classes[i] = (float)problem->is_one(x, y);
    }
    return width;
}

// The output is the logit w phi(x) + b: p > 1/2 where it is positive.
static cnn_net *build(const struct feature_map *map, int64_t width) {
    cnn_net *net = cnn_net_create(NULL);
    cnn_node n = cnn_net_input(net, "phi", 1, &width);
    const cnn_dense learnt = {.units = map->learnt, .activation = CNN_SIGMOID};
    const cnn_dense logit = {.units = 1};
    const cnn_loss loss = {.kind = CNN_LOSS_SIGMOID_CROSS_ENTROPY};
    if (map->learnt > 0) n = cnn_net_dense(net, n, &learnt);
    cnn_net_loss(net, cnn_net_dense(net, n, &logit), &loss);
    return net;
}

static void draw_classes(const float *logits) {
    for (int row = 0; row < kRows; row++) {
        char line[kColumns + 1] = {0};
        for (int column = 0; column < kColumns; column++)
            line[column] = logits[row * kColumns + column] > 0 ? '#' : '.';
        printf("    %s\n", line);
    }
}

static cnn_status show_map(cnn_net *net, const struct feature_map *map, int64_t width,
                           cnn_error *error) {
    float features[kRows * kColumns * kMost], logits[kRows * kColumns];
    for (int i = 0; i < kRows * kColumns; i++) {
        const double x = 2.0 * (i % kColumns + 0.5) / kColumns - 1;
        const double y = 1 - 2.0 * (i / kColumns + 0.5) / kRows;
        map->map(x, y, features + i * width);
    }
    const cnn_status status =
        cnn_net_run(net, features, kRows * kColumns * width, logits, kRows * kColumns, error);
    if (!status) draw_classes(logits);
    return status;
}

static cnn_status fit(const struct problem *problem, const struct feature_map *map,
                      cnn_device *device, cnn_error *error) {
    float features[kTest * kMost], classes[kTest], logits[kTest];
    int64_t width = draw_points(problem, map, kTrain, 1, features, classes);
    const cnn_samples samples = {.inputs = features,
                                 .input_elements = kTrain * width,
                                 .targets = classes,
                                 .target_elements = kTrain};
    const cnn_compile compile = {.max_batch = kTrain};
    // Weights may grow without end where the classes don't overlap: a little weight decay stops it.
    const double decay = 1e-4;
    cnn_net *net = build(map, width);
    cnn_optimizer *bfgs = cnn_optimizer_create(CNN_BFGS);
    cnn_minimize_report report;
    cnn_status status = cnn_net_compile(net, device, &compile, error);
    if (!status) status = cnn_optimizer_set(bfgs, CNN_L2, decay, error);
    if (!status) status = cnn_net_minimize(net, bfgs, &samples, NULL, &report, error);
    if (!status) {
        width = draw_points(problem, map, kTest, 2, features, classes);
        status = cnn_net_run(net, features, kTest * width, logits, kTest, error);
    }
    if (!status) {
        int right = 0;
        for (int i = 0; i < kTest; i++) right += (logits[i] > 0) == (classes[i] > 0.5f);
        printf("  %s: %d of %d new points right; cross-entropy %.4f after %d iterations\n",
               map->name, right, kTest, report.value, (int)report.iterations);
        status = show_map(net, map, width, error);
    }
    cnn_optimizer_destroy(bfgs);
    cnn_net_destroy(net);
    return status;
}

int main(int argc, char **argv) {
    cnn_error error;
    cnn_device *device = NULL;
    cnn_status status = cnn_device_open(argc > 1 ? argv[1] : "auto", NULL, &device, &error);
    for (size_t p = 0; !status && p < sizeof kProblems / sizeof *kProblems; p++) {
        printf("%s\n", kProblems[p].name);
        for (size_t m = 0; !status && m < sizeof kMaps / sizeof *kMaps; m++)
            status = fit(&kProblems[p], &kMaps[m], device, &error);
    }
    if (status) fprintf(stderr, "%s\n", error.message);
    cnn_device_destroy(device);
    return status != CNN_OK;
}

// Small fits by Levenberg-Marquardt, BFGS and L-BFGS beside Adam with a hundred times the
// evaluations and the best of four rates. All start from the same parameters, of
// several seeds; the table has each one's best loss, and that run's evaluations and time.
//
//   small_fits [IRIS.CSV] [DEVICE]
#include <cnn/cnn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kSeeds = 5, kMostSamples = 256, kEvaluations = 2000 };

// ---- Problems ----

struct problem {
    const char *name;
    int inputs, outputs, samples;
    int hidden[2];  // units; 0: no such layer
    cnn_activation_kind last;
    float x[kMostSamples * 4], y[kMostSamples * 3];
};

static void make_xor(struct problem *p) {
    for (int i = 0; i < 4; i++) {
        p->x[2 * i] = (float)(i / 2);
        p->x[2 * i + 1] = (float)(i % 2);
        p->y[i] = (float)(i / 2 != i % 2);
    }
    p->samples = 4;
}

// 97 points a spiral, three turns and a half (Lang, Witbrock 1988).
static void make_spirals(struct problem *p) {
    for (int i = 0; i < 97; i++) {
        const double angle = i * 3.14159265358979 / 16, radius = (104 - i) / 104.0;
        for (int k = 0; k < 2; k++) {
            const int at = 2 * i + k;
            p->x[2 * at] = (float)((k ? -1 : 1) * radius * sin(angle));
            p->x[2 * at + 1] = (float)((k ? -1 : 1) * radius * cos(angle));
            p->y[at] = k ? -1.0f : 1.0f;
        }
    }
    p->samples = 194;
}

static void make_sine(struct problem *p) {
    p->samples = 200;
    for (int i = 0; i < p->samples; i++) {
        p->x[i] = 3.14159265f * (2.0f * (float)i / 199.0f - 1);
        p->y[i] = sinf(p->x[i]);
    }
}

// What a net of its own kind gives, so that zero can be reached.
static void make_teacher(struct problem *p) {
    static const double w[3][3] = {{2, -1, 0.5}, {-1.5, 2, -0.3}, {1, 1, -1}};
    static const double v[4] = {1.2, -0.7, 0.9, 0.1};
    p->samples = 64;
    for (int i = 0; i < p->samples; i++) {
        const double a = -1 + 2.0 * (i % 8) / 7, b = -1 + 2.0 * (i / 8) / 7;
        double y = v[3];
        for (int k = 0; k < 3; k++) y += v[k] * tanh(w[k][0] * a + w[k][1] * b + w[k][2]);
        p->x[2 * i] = (float)a;
        p->x[2 * i + 1] = (float)b;
        p->y[i] = (float)y;
    }
}

static int read_iris(struct problem *p, const char *path) {
    FILE *file = fopen(path, "r");
    if (!file) return 0;
    char name[64];
    float *x = p->x;
    p->samples = 0;
    while (p->samples < 150 &&
           fscanf(file, "%f,%f,%f,%f,%63s", x, x + 1, x + 2, x + 3, name) == 5) {
        const int class = strstr(name, "setosa") ? 0 : strstr(name, "versicolor") ? 1 : 2;
        for (int k = 0; k < 3; k++) p->y[3 * p->samples + k] = k == class ? 1.0f : 0.0f;
        for (int k = 0; k < 4; k++) x[k] = (x[k] - 4) / 3;
        x += 4;
        p->samples++;
    }
    fclose(file);
    return p->samples == 150;
}

// ---- Runs ----

struct result {
    double loss, seconds;
    long long evaluations;
};

static void check(cnn_status status, const cnn_error *error) {
    if (!status) return;
    fprintf(stderr, "%s\n", error->message);
    exit(1);
}

static struct result fit(const struct problem *p, cnn_device *device, cnn_optimizer_kind kind,
                         double rate, long long evaluations, uint64_t seed) {
    cnn_error error;
    cnn_net *net = cnn_net_create(&(cnn_net_options){.seed = seed});
    cnn_node n = cnn_net_input(net, "x", 1, (int64_t[]){p->inputs});
    for (int i = 0; i < 2 && p->hidden[i] > 0; i++)
        n = cnn_net_dense(net, n, &(cnn_dense){.units = p->hidden[i], .activation = CNN_TANH});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = p->outputs, .activation = p->last});
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_MSE});
    check(cnn_net_compile(net, device, &(cnn_compile){.max_batch = p->samples}, &error), &error);
    cnn_optimizer *optimizer = cnn_optimizer_create(kind);
    if (rate > 0) check(cnn_optimizer_set(optimizer, CNN_LEARNING_RATE, rate, &error), &error);
    const cnn_samples samples = {.inputs = p->x,
                                 .input_elements = p->samples * p->inputs,
                                 .targets = p->y,
                                 .target_elements = p->samples * p->outputs};
    // Only the limit ends a run, or that no lower point is found.
    const cnn_minimize_options options = {.max_iterations = -1,
                                          .max_evaluations = evaluations,
                                          .gradient_tolerance = -1,
                                          .step_tolerance = -1,
                                          .value_tolerance = -1};
    cnn_minimize_report report;
    check(cnn_net_minimize(net, optimizer, &samples, &options, &report, &error), &error);
    cnn_optimizer_destroy(optimizer);
    cnn_net_destroy(net);
    return (struct result){report.value, report.seconds, report.evaluations};
}

static struct result best_of(const struct problem *p, cnn_device *device, cnn_optimizer_kind kind,
                             double rate, long long evaluations) {
    struct result best = {INFINITY, 0, 0};
    for (int seed = 1; seed <= kSeeds; seed++) {
        const struct result r = fit(p, device, kind, rate, evaluations, (uint64_t)seed);
        if (r.loss < best.loss) best = r;
    }
    return best;
}

static struct result best_adam(const struct problem *p, cnn_device *device) {
    static const double rates[] = {0.003, 0.01, 0.03, 0.1};
    struct result best = {INFINITY, 0, 0};
    for (int i = 0; i < 4; i++) {
        const struct result r = best_of(p, device, CNN_ADAM, rates[i], 100LL * kEvaluations);
        if (r.loss < best.loss) best = r;
    }
    return best;
}

static void print(const char *name, const struct result *r) {
    printf(" | %s %.1e, %lld, %.3f s", name, r->loss, r->evaluations, r->seconds);
}

int main(int argc, char **argv) {
    static struct problem problems[] = {
        {.name = "XOR, 2-3-1", .inputs = 2, .outputs = 1, .hidden = {3}, .last = CNN_SIGMOID},
        {.name = "a 2-3-1 network's own values", .inputs = 2, .outputs = 1, .hidden = {3}},
        {.name = "sin, 1-4-1", .inputs = 1, .outputs = 1, .hidden = {4}},
        {.name = "two spirals, 2-30-30-1", .inputs = 2, .outputs = 1, .hidden = {30, 30}},
        {.name = "Iris, 4-20-3", .inputs = 4, .outputs = 3, .hidden = {20}},
    };
    make_xor(&problems[0]);
    make_teacher(&problems[1]);
    make_sine(&problems[2]);
    make_spirals(&problems[3]);
    int count = 4;
    if (argc > 1 && read_iris(&problems[4], argv[1])) count++;
    cnn_device *device = NULL;
    cnn_error error;
    check(cnn_device_open(argc > 2 ? argv[2] : "cpu", NULL, &device, &error), &error);
    printf("loss, evaluations, time: the best of %d starts\n", kSeeds);
    for (int i = 0; i < count; i++) {
        const struct problem *p = &problems[i];
        printf("%-30s", p->name);
        struct result r = best_of(p, device, CNN_LEVENBERG_MARQUARDT, 0, kEvaluations);
        print("LM", &r);
        r = best_of(p, device, CNN_BFGS, 0, kEvaluations);
        print("BFGS", &r);
        r = best_of(p, device, CNN_LBFGS, 0, kEvaluations);
        print("L-BFGS", &r);
        r = best_adam(p, device);
        print("Adam", &r);
        printf("\n");
        fflush(stdout);
    }
    cnn_device_destroy(device);
    return 0;
}

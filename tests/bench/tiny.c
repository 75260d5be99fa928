/* What a call costs where there is hardly anything to compute: a run of a 2-3-1 network, a
 * full-batch step on XOR's four patterns, and 784-100-10 at batch 64; beside FANN where it was
 * there at build time. Medians of many short series. */
#include <cnn/cnn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#ifdef CNN_BENCH_FANN
#include <floatfann.h>
#endif

enum { kSeries = 401 };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Seconds of one call, the median over series of `calls`. */
static double median_of(void (*call)(void *), void *user, int calls) {
    double times[kSeries];
    for (int s = 0; s < kSeries; s++) {
        const double begin = now();
        for (int i = 0; i < calls; i++) call(user);
        times[s] = (now() - begin) / calls;
    }
    qsort(times, kSeries, sizeof *times, compare);
    return times[kSeries / 2];
}

static void check(cnn_status status, const cnn_error *error) {
    if (!status) return;
    fprintf(stderr, "%s\n", error->message);
    exit(1);
}

/* ---- libcnn ---- */

struct subject {
    cnn_net *net;
    cnn_optimizer *sgd;
    cnn_samples samples;
    float output[64 * 10];
};

static struct subject make(cnn_device *device, int64_t inputs, int64_t hidden, int64_t outputs,
                           int64_t batch, const float *x, const float *y) {
    struct subject s = {0};
    cnn_error error;
    s.net = cnn_net_create(NULL);
    const cnn_dense first = {.units = hidden, .activation = CNN_SIGMOID};
    const cnn_dense second = {.units = outputs, .activation = CNN_SIGMOID};
    const cnn_loss loss = {.kind = CNN_LOSS_MSE};
    cnn_node n = cnn_net_dense(s.net, cnn_net_input(s.net, NULL, 1, &inputs), &first);
    n = cnn_net_dense(s.net, n, &second);
    cnn_net_loss(s.net, n, &loss);
    const cnn_compile compile = {.max_batch = batch};
    check(cnn_net_compile(s.net, device, &compile, &error), &error);
    s.sgd = cnn_optimizer_create(CNN_SGD);
    check(cnn_optimizer_set(s.sgd, CNN_LEARNING_RATE, 1e-3, &error), &error);
    check(cnn_optimizer_set(s.sgd, CNN_MOMENTUM, 0, &error), &error);
    s.samples.inputs = x;
    s.samples.input_elements = batch * inputs;
    s.samples.targets = y;
    s.samples.target_elements = batch * outputs;
    return s;
}

static void destroy(struct subject *s) {
    cnn_optimizer_destroy(s->sgd);
    cnn_net_destroy(s->net);
}

static void run_one(void *user) {
    struct subject *s = user;
    cnn_error error;
    check(cnn_net_run(s->net, s->samples.inputs, 2, s->output, 1, &error), &error);
}

static void step(void *user) {
    struct subject *s = user;
    cnn_error error;
    check(cnn_net_train_step(s->net, s->sgd, &s->samples, NULL, &error), &error);
}

/* ---- FANN ---- */

#ifdef CNN_BENCH_FANN
struct peer {
    struct fann *ann;
    struct fann_train_data *data;
};

static struct peer make_peer(unsigned inputs, unsigned hidden, unsigned outputs, unsigned batch,
                             const float *x, const float *y) {
    struct peer p = {fann_create_standard(3, inputs, hidden, outputs),
                     fann_create_train(batch, inputs, outputs)};
    fann_set_activation_function_hidden(p.ann, FANN_SIGMOID);
    fann_set_activation_function_output(p.ann, FANN_SIGMOID);
    fann_set_training_algorithm(p.ann, FANN_TRAIN_BATCH);
    fann_set_learning_rate(p.ann, 1e-3f);
    for (unsigned i = 0; i < batch; i++) {
        for (unsigned k = 0; k < inputs; k++) p.data->input[i][k] = x[i * inputs + k];
        for (unsigned k = 0; k < outputs; k++) p.data->output[i][k] = y[i * outputs + k];
    }
    return p;
}

static void destroy_peer(struct peer *p) {
    fann_destroy_train(p->data);
    fann_destroy(p->ann);
}

static void peer_run(void *user) {
    struct peer *p = user;
    fann_run(p->ann, p->data->input[1]);
}

static void peer_epoch(void *user) {
    struct peer *p = user;
    fann_train_epoch(p->ann, p->data);
}
#endif

static void compare_nets(cnn_device *device, int64_t inputs, int64_t hidden, int64_t outputs,
                         int64_t batch, const float *x, const float *y, int calls, int runs) {
    struct subject s = make(device, inputs, hidden, outputs, batch, x, y);
    printf("%d-%d-%d, batch %d\n", (int)inputs, (int)hidden, (int)outputs, (int)batch);
    const double step_time = median_of(step, &s, calls);
    const double run_time = runs ? median_of(run_one, &s, calls) : 0;
#ifdef CNN_BENCH_FANN
    struct peer p =
        make_peer((unsigned)inputs, (unsigned)hidden, (unsigned)outputs, (unsigned)batch, x, y);
    const double epoch_time = median_of(peer_epoch, &p, calls);
    printf("  step %10.3f us, FANN %10.3f us: %.2f times\n", step_time * 1e6, epoch_time * 1e6,
           epoch_time / step_time);
    if (runs) {
        const double peer_time = median_of(peer_run, &p, calls);
        printf("  run  %10.3f us, FANN %10.3f us\n", run_time * 1e6, peer_time * 1e6);
    }
    destroy_peer(&p);
#else
    printf("  step %10.3f us\n", step_time * 1e6);
    if (runs) printf("  run  %10.3f us\n", run_time * 1e6);
#endif
    destroy(&s);
}

int main(void) {
    static const float xor_x[] = {0, 0, 0, 1, 1, 0, 1, 1}, xor_y[] = {0, 1, 1, 0};
    static float x[64 * 784], y[64 * 10];
    uint32_t random = 1;
    for (int i = 0; i < 64 * 784; i++)
        x[i] = (float)((random = random * 1664525u + 1013904223u) >> 8) * 0x1p-24f;
    for (int i = 0; i < 64; i++) y[i * 10 + i % 10] = 1;
    cnn_error error;
    cnn_device *device = NULL;
    check(cnn_device_open("cpu", NULL, &device, &error), &error);
    compare_nets(device, 2, 3, 1, 4, xor_x, xor_y, 2000, 1);
    compare_nets(device, 784, 100, 10, 64, x, y, 4, 0);
    cnn_device_destroy(device);
    return 0;
}

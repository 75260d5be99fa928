/* A cancel from another thread ends every computing call within the layer that is running: layers
 * count their calls, and the thread that cancels does so while one of them runs. */
#include "public.h"

#include <pthread.h>

enum { kIn = 6, kOut = 2, kBatch = 4, kSamples = 10, kLayers = 8 };

/* Cancels, from another thread, in the middle of call number `at`. */
struct counter {
    cnn_net *net;
    int calls, at;
};

static void *cancel(void *user) {
    cnn_net_cancel(((struct counter *)user)->net);
    return NULL;
}

static void count(struct counter *c) {
    pthread_t thread;
    if (++c->calls != c->at) return;
    if (pthread_create(&thread, NULL, cancel, c)) abort();
    pthread_join(thread, NULL);
}

static int32_t forward(int64_t elements, const float *x, float *y, void *user) {
    for (int64_t i = 0; i < elements; i++) y[i] = 0.5f * x[i];
    count(user);
    return 0;
}

static int32_t backward(int64_t elements, const float *x, const float *y, const float *dy,
                        float *dx, void *user) {
    (void)x, (void)y;
    for (int64_t i = 0; i < elements; i++) dx[i] = 0.5f * dy[i];
    count(user);
    return 0;
}

struct work {
    cnn_device *device;
    cnn_net *net;
    cnn_optimizer *adam, *lm;
    int compiles;
    float x[kIn * kSamples], t[kOut * kSamples], y[kOut * kSamples];
    cnn_samples samples, few;
};

enum {
    kRun,
    kRunFor,
    kAsync,
    kEvaluate,
    kGradient,
    kStep,
    kFit,
    kFitFor,
    kBackward,
    kMinimize,
    kCurve,
    kRadial,
    kTune,
    kCompile,
    kCalls
};

static cnn_status call(int which, struct work *w) {
    cnn_evaluation evaluation;
    cnn_event *event = NULL;
    double loss, value;
    const double alpha = 0;
    const cnn_view in = {.data = w->x, .elements = kIn * kSamples};
    const cnn_view out = {.data = w->y, .elements = kOut * kSamples};
    const cnn_view dy = {.data = w->t, .elements = kOut * kBatch};
    cnn_status status;
    switch (which) {
        case kRun:
            return cnn_net_run(w->net, w->x, kIn * kSamples, w->y, kOut * kSamples, &err);
        case kRunFor:
            return cnn_net_run_for(w->net, &in, 1, &out, 1, &(cnn_run){.restart = 1}, -1, NULL,
                                   &err);
        case kAsync:
            status = cnn_net_run_async(w->net, &in, 1, &out, 1, NULL, &event, &err);
            if (!status) status = cnn_event_wait(event, -1, &err);
            cnn_event_destroy(event);
            return status;
        case kEvaluate:
            return cnn_net_evaluate(w->net, &w->samples, &evaluation, &err);
        case kGradient:
            return cnn_net_loss_gradient(w->net, &w->few, NULL, &loss, &err);
        case kStep:
            return cnn_net_train_step(w->net, w->adam, &w->few, &loss, &err);
        case kFit:
            return cnn_net_fit(w->net, w->adam, &w->samples, &(cnn_fit){.epochs = 2}, NULL, &err);
        case kFitFor:
            return cnn_net_fit_for(w->net, w->adam, &w->samples,
                                   &(cnn_fit){.epochs = 2, .restart = 1}, -1, NULL, &err);
        case kBackward:
            return cnn_net_backward(w->net, &w->few, &dy, 1, NULL, 0, NULL, &err);
        case kMinimize:
            return cnn_net_minimize(w->net, w->lm, &w->samples,
                                    &(cnn_minimize_options){.max_iterations = 2}, NULL, &err);
        case kCurve:
            return cnn_net_error_curve(w->net, &w->samples, NULL, 0, &alpha, &value, 1, &err);
        case kRadial:
            return cnn_net_init_radial_basis(w->net, "radial", &w->samples, 1, &err);
        case kTune:
            return cnn_device_tune(w->device, w->net,
                                   &(cnn_tune){.compile = {.max_batch = kBatch}, .seconds = 1e-3},
                                   NULL, &err);
        default:
            return cnn_net_compile(
                w->net, w->device,
                &(cnn_compile){.max_batch = kBatch + w->compiles++, .tune_seconds = 1e-3}, &err);
    }
}

static void not_one_layer_more(void **state) {
    skip_without(state);
    struct counter counter = {0};
    struct work w;
    memset(&w, 0, sizeof w);
    fill(w.x, LENGTH(w.x), 1);
    fill(w.t, LENGTH(w.t), 2);
    w.samples = (cnn_samples){.inputs = w.x,
                              .input_elements = LENGTH(w.x),
                              .targets = w.t,
                              .target_elements = LENGTH(w.t)};
    w.few = w.samples;
    w.few.input_elements = kIn * kBatch;
    w.few.target_elements = kOut * kBatch;
    cnn_device *device = NULL;
    OK(cnn_device_open(*state, &(cnn_device_options){.threads = 2}, &device, &err));
    w.device = device;
    w.net = counter.net = seeded_net(1);
    w.adam = cnn_optimizer_create(CNN_ADAM);
    w.lm = cnn_optimizer_create(CNN_LBFGS);
    cnn_node n = cnn_net_input(w.net, NULL, 1, (const int64_t[]){kIn});
    for (int i = 0; i < kLayers; i++)
        n = cnn_net_host_activation(
            w.net, n,
            &(cnn_host_activation){
                .kind = "half", .forward = forward, .backward = backward, .user = &counter});
    n = cnn_net_radial_basis(w.net, n, &(cnn_radial_basis){.name = "radial", .units = 3});
    n = cnn_net_dense(w.net, n, &(cnn_dense){.units = kOut});
    cnn_net_loss(w.net, n, &(cnn_loss){.kind = CNN_LOSS_MSE});
    OK(cnn_net_compile(w.net, device, &(cnn_compile){.max_batch = kBatch}, &err));
    /* The reference has nothing to tune. */
    const int calls = strcmp(*state, "reference") == 0 ? kTune : kCalls;
    for (int which = 0; which < calls; which++) {
        counter.at = 0;
        /* The first also measures, where there is a budget. */
        OK(call(which, &w));
        counter.calls = 0;
        OK(call(which, &w));
        const int all = counter.calls;
        assert_true(all >= kLayers);
        /* How often a tuning runs the net is a matter of time, but for the first runs. */
        const int last = which < kTune ? all : 3 * kLayers;
        for (int at = 1; at < last; at += 1 + last / 7) {
            counter.calls = 0;
            counter.at = at;
            const cnn_status status = call(which, &w);
            if (status != CNN_CANCELLED || counter.calls != at)
                print_error("call %d, cancelled in layer %d of %d: %s after %d\n", which, at, all,
                            cnn_status_name(status), counter.calls);
            assert_int_equal(status, CNN_CANCELLED);
            assert_int_equal(counter.calls, at);
        }
    }
    cnn_optimizer_destroy(w.lm);
    cnn_optimizer_destroy(w.adam);
    cnn_net_destroy(w.net);
    cnn_device_destroy(device);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(not_one_layer_more)};
    return run_on_devices("cancel", tests, LENGTH(tests));
}

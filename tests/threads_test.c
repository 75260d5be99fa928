/* Several threads: a net each on one device, and cancels from elsewhere. */
#include "public.h"

#include <pthread.h>
#include <time.h>

enum { kIn = 72, kOut = 3, kSamples = 24, kMostThreads = 8 };

static cnn_net *make_net(uint64_t seed) {
    cnn_net *net = cnn_net_create(&(cnn_net_options){.seed = seed});
    cnn_node n = cnn_net_input(net, NULL, 3, (const int64_t[]){2, 6, 6});
    n = cnn_net_conv2d(net, n,
                       &(cnn_conv2d){.filters = 5, .kernel = {3, 3}, .activation = CNN_RELU});
    n = cnn_net_batch_norm(net, n, NULL);
    n = cnn_net_dropout(net, n, &(cnn_dropout){.rate = 0.25f});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = kOut});
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_SOFTMAX_CROSS_ENTROPY});
    return net;
}

/* What one thread does, told by its status: cmocka's assertions are for the main thread alone. */
struct job {
    cnn_device *device;
    uint64_t seed;
    cnn_status status;
    int64_t count;
    float theta[2048], y[kOut * kSamples];
    cnn_error error;
};

static void *work(void *user) {
    struct job *job = user;
    float x[kIn * kSamples];
    uint8_t labels[kSamples];
    fill(x, LENGTH(x), (uint32_t)job->seed);
    for (int i = 0; i < kSamples; i++) labels[i] = (uint8_t)(i % kOut);
    const cnn_samples samples = {.inputs = x,
                                 .input_elements = LENGTH(x),
                                 .labels = labels,
                                 .label_type = CNN_UINT8,
                                 .label_elements = kSamples};
    cnn_net *net = make_net(job->seed);
    cnn_optimizer *adam = cnn_optimizer_create(CNN_ADAM);
    cnn_error *e = &job->error;
    job->count = cnn_net_vector_elements(net, CNN_PARAMETERS);
    job->status = cnn_net_compile(net, job->device, &(cnn_compile){.max_batch = 16}, e);
    if (!job->status)
        job->status = cnn_net_fit(net, adam, &samples, &(cnn_fit){.epochs = 4}, NULL, e);
    if (!job->status) job->status = cnn_net_run(net, x, LENGTH(x), job->y, LENGTH(job->y), e);
    if (!job->status && job->count <= LENGTH(job->theta))
        job->status = cnn_net_get_vector(net, CNN_PARAMETERS, job->theta, job->count, e);
    cnn_optimizer_destroy(adam);
    cnn_net_destroy(net);
    return NULL;
}

static void run_at_once(const char *spec, int count, int32_t device_threads) {
    cnn_device *device = NULL;
    OK(cnn_device_open(spec, &(cnn_device_options){.threads = device_threads}, &device, &err));
    struct job *alone = calloc((size_t)count * 2, sizeof *alone), *together = alone + count;
    assert_non_null(alone);
    for (int i = 0; i < count; i++) {
        alone[i].device = together[i].device = device;
        alone[i].seed = together[i].seed = (uint64_t)i + 1;
        work(&alone[i]);
        assert_int_equal(alone[i].status, CNN_OK);
        assert_in_range(alone[i].count, 1, LENGTH(alone[i].theta));
    }
    pthread_t threads[kMostThreads];
    for (int i = 0; i < count; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, &together[i]), 0);
    for (int i = 0; i < count; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < count; i++) {
        if (together[i].status) print_error("%s\n", together[i].error.message);
        assert_int_equal(together[i].status, CNN_OK);
        assert_memory_equal(alone[i].theta, together[i].theta, sizeof alone[i].theta);
        assert_memory_equal(alone[i].y, together[i].y, sizeof alone[i].y);
    }
    free(alone);
    cnn_device_destroy(device);
}

static void two_threads_with_a_net_each(void **state) {
    skip_without(state);
    run_at_once(*state, 2, 0);
    run_at_once(*state, 2, 1);
}

static void eight_threads_on_one_device(void **state) {
    skip_without(state);
    run_at_once(*state, 8, 2);
    run_at_once(*state, 8, 3);
}

/* A device that its handle no longer holds serves threads until the last net ends. */
static void *open_run_close(void *user) {
    struct job *job = user;
    job->status = cnn_device_open((const char *)job->y, &(cnn_device_options){.threads = 2},
                                  &job->device, &job->error);
    if (job->status) return NULL;
    cnn_device *device = job->device;
    work(job);
    cnn_device_destroy(device);
    return NULL;
}

static void devices_open_and_close_at_once(void **state) {
    skip_without(state);
    struct job *jobs = calloc(4, sizeof *jobs);
    assert_non_null(jobs);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        jobs[i].seed = 3;
        snprintf((char *)jobs[i].y, 16, "%s", (const char *)*state);
        assert_int_equal(pthread_create(&threads[i], NULL, open_run_close, &jobs[i]), 0);
    }
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(jobs[i].status, CNN_OK);
        assert_memory_equal(jobs[i].theta, jobs[0].theta, sizeof jobs[0].theta);
    }
    free(jobs);
}

struct canceller {
    cnn_net *net;
    pthread_mutex_t lock;
    int stop;
};

static void *cancel_often(void *user) {
    struct canceller *c = user;
    for (int stop = 0; !stop;) {
        cnn_net_cancel(c->net);
        const struct timespec pause = {0, 20000};
        nanosleep(&pause, NULL);
        pthread_mutex_lock(&c->lock);
        stop = c->stop;
        pthread_mutex_unlock(&c->lock);
    }
    return NULL;
}

/* Whatever a cancel meets, a call ends with success or CNN_CANCELLED, and steps are whole. */
static void cancels_meet_every_call(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    float x[kIn * kSamples], y[kOut * kSamples];
    uint8_t labels[kSamples] = {0};
    fill(x, LENGTH(x), 8);
    const cnn_samples samples = {.inputs = x,
                                 .input_elements = LENGTH(x),
                                 .labels = labels,
                                 .label_type = CNN_UINT8,
                                 .label_elements = kSamples};
    cnn_net *net = make_net(1), *quiet = make_net(1);
    cnn_optimizer *adam = cnn_optimizer_create(CNN_ADAM), *other = cnn_optimizer_create(CNN_ADAM);
    const cnn_compile options = {.max_batch = kSamples};
    OK(cnn_net_compile(net, device, &options, &err));
    OK(cnn_net_compile(quiet, device, &options, &err));
    struct canceller c = {.net = net, .lock = PTHREAD_MUTEX_INITIALIZER};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, cancel_often, &c), 0);
    cnn_evaluation result;
    int bad = 0, cancelled = 0;
    for (int i = 0; i < 60; i++) {
        const cnn_status got[] = {
            cnn_net_run(net, x, LENGTH(x), y, LENGTH(y), NULL),
            cnn_net_evaluate(net, &samples, &result, NULL),
            cnn_net_loss_gradient(net, &samples, NULL, NULL, NULL),
            cnn_net_train_step(net, adam, &samples, NULL, NULL),
            cnn_net_fit(net, adam, &samples, &(cnn_fit){.epochs = 3, .batch = 8}, NULL, NULL),
            i % 20 ? CNN_OK : cnn_net_compile(net, device, &options, NULL),
        };
        for (int k = 0; k < LENGTH(got); k++) {
            bad += got[k] != CNN_OK && got[k] != CNN_CANCELLED;
            cancelled += got[k] == CNN_CANCELLED;
        }
    }
    pthread_mutex_lock(&c.lock);
    c.stop = 1;
    pthread_mutex_unlock(&c.lock);
    pthread_join(thread, NULL);
    print_message("%d calls were cancelled\n", cancelled);
    assert_int_equal(bad, 0);
    /* A cancel that came too late doesn't stop the next call. */
    cnn_net_cancel(net);
    OK(cnn_net_train_step(net, adam, &samples, NULL, &err));
    OK(cnn_net_train_step(quiet, other, &samples, NULL, &err));
    cnn_optimizer_destroy(adam);
    cnn_optimizer_destroy(other);
    cnn_net_destroy(net);
    cnn_net_destroy(quiet);
    cnn_device_destroy(device);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_threads_with_a_net_each),
        cmocka_unit_test(eight_threads_on_one_device),
        cmocka_unit_test(devices_open_and_close_at_once),
        cmocka_unit_test(cancels_meet_every_call),
    };
    return run_on_devices("threads", tests, LENGTH(tests));
}

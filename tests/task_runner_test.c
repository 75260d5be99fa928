/* The host's own threads: whoever runs the tasks, in whatever order, the bits are the same. */
#define _GNU_SOURCE
#include "public.h"

#include <dirent.h>
#include <pthread.h>
#include <time.h>
#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

enum { kIn = 8 * 24 * 24, kOut = 10, kBatch = 16, kThreads = 4, kMostTasks = 64 };

typedef void (*task_function)(void *context, int32_t index);

/* What a host's runner was asked to do. */
struct host {
    void (*order)(struct host *, int32_t, task_function, void *);
    pthread_mutex_t lock;
    int calls, tasks, largest, released;
};

static void forward(struct host *host, int32_t count, task_function task, void *context) {
    (void)host;
    for (int32_t i = 0; i < count; i++) task(context, i);
}

static void backward(struct host *host, int32_t count, task_function task, void *context) {
    (void)host;
    for (int32_t i = count; i-- > 0;) task(context, i);
}

struct share {
    task_function task;
    void *context;
    int32_t index;
};

static void *run_share(void *user) {
    const struct share *s = user;
#if defined(__SSE2__)
    /* An engine's thread flushes denormals. */
    _mm_setcsr(_mm_getcsr() | 0x8040);
#endif
    s->task(s->context, s->index);
#if defined(__SSE2__)
    if ((_mm_getcsr() & 0x8040) != 0x8040) abort();
#endif
    return NULL;
}

static void at_once(struct host *host, int32_t count, task_function task, void *context) {
    pthread_t threads[kMostTasks];
    struct share shares[kMostTasks];
    (void)host;
    for (int32_t i = 0; i < count; i++) {
        shares[i] = (struct share){task, context, i};
        if (pthread_create(&threads[i], NULL, run_share, &shares[i])) abort();
    }
    for (int32_t i = 0; i < count; i++) pthread_join(threads[i], NULL);
}

/* A host that breaks its promise: still no work is left undone. */
static void none(struct host *host, int32_t count, task_function task, void *context) {
    (void)host, (void)count, (void)task, (void)context;
}

static void run_tasks(void *user, int32_t count, task_function task, void *context) {
    struct host *host = user;
    pthread_mutex_lock(&host->lock);
    host->calls++;
    host->tasks += count;
    if (count > host->largest) host->largest = count;
    pthread_mutex_unlock(&host->lock);
    host->order(host, count, task, context);
}

static void on_released(void *user) {
    ((struct host *)user)->released++;
}

static cnn_device *open_with(struct host *host, int32_t threads) {
    cnn_device *device = NULL;
    const cnn_device_options options = {.threads = threads,
                                        .released = host ? on_released : NULL,
                                        .released_user = host,
                                        .parallel_for = host ? run_tasks : NULL,
                                        .parallel_for_user = host};
    OK(cnn_device_open("cpu", &options, &device, &err));
    return device;
}

struct result {
    cnn_device *device;
    cnn_status status;
    uint64_t seed;
    double loss;
    float *theta, y[kOut * kBatch];
    int64_t count;
};

/* Trains and runs a net large enough that its work is split. */
static void *use(void *user) {
    struct result *r = user;
    cnn_net *net = cnn_net_create(&(cnn_net_options){.seed = r->seed});
    cnn_node n = cnn_net_input(net, NULL, 3, (const int64_t[]){8, 24, 24});
    n = cnn_net_conv2d(net, n,
                       &(cnn_conv2d){.filters = 24, .kernel = {3, 3}, .activation = CNN_RELU});
    n = cnn_net_batch_norm(net, n, NULL);
    n = cnn_net_max_pool2d(net, n, &(cnn_pool2d){.window = {2, 2}});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = kOut});
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_MSE});
    float *x = calloc((size_t)kIn * kBatch, sizeof *x), t[kOut * kBatch];
    if (!x) return NULL;
    fill(x, kIn * kBatch, (uint32_t)r->seed);
    fill(t, LENGTH(t), 7);
    for (int i = 0; i < kIn * kBatch; i += 5) x[i] *= 1e-39f;
    const cnn_samples samples = {
        .inputs = x, .input_elements = kIn * kBatch, .targets = t, .target_elements = LENGTH(t)};
    cnn_optimizer *adam = cnn_optimizer_create(CNN_ADAM);
    r->count = cnn_net_vector_elements(net, CNN_PARAMETERS);
    r->theta = calloc((size_t)r->count, sizeof *r->theta);
    r->status = cnn_net_compile(net, r->device, &(cnn_compile){.max_batch = kBatch}, NULL);
    for (int i = 0; i < 3 && !r->status; i++)
        r->status = cnn_net_train_step(net, adam, &samples, &r->loss, NULL);
    if (!r->status) r->status = cnn_net_run(net, x, kIn * kBatch, r->y, LENGTH(r->y), NULL);
    if (!r->status) r->status = cnn_net_get_vector(net, CNN_PARAMETERS, r->theta, r->count, NULL);
    cnn_optimizer_destroy(adam);
    cnn_net_destroy(net);
    free(x);
    return NULL;
}

static void assert_same(const struct result *a, const struct result *b) {
    assert_int_equal(b->status, CNN_OK);
    assert_int_equal(a->count, b->count);
    assert_memory_equal(&a->loss, &b->loss, sizeof a->loss);
    assert_memory_equal(a->y, b->y, sizeof a->y);
    assert_memory_equal(a->theta, b->theta, (size_t)a->count * sizeof *a->theta);
}

static int threads_of_the_process(void) {
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    for (struct dirent *entry; tasks && (entry = readdir(tasks));) count += entry->d_name[0] != '.';
    if (tasks) closedir(tasks);
    return count;
}

/* How many are left, when the kernel is done with those that were joined: it may still list them.
 */
static int threads_come_to(int count) {
    for (int wait = 0; wait < 10000 && threads_of_the_process() > count; wait++)
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    return threads_of_the_process();
}

static void any_runner_gives_the_same_bits(void **state) {
    (void)state;
    static void (*const orders[])(struct host *, int32_t, task_function, void *) = {
        forward, backward, at_once, none};
    struct result own = {.seed = 1};
    const int before = threads_of_the_process();
    own.device = open_with(NULL, kThreads);
    use(&own);
    assert_int_equal(own.status, CNN_OK);
    cnn_device_destroy(own.device);
    for (int i = 0; i < LENGTH(orders); i++) {
        struct host host = {.order = orders[i], .lock = PTHREAD_MUTEX_INITIALIZER};
        struct result r = {.seed = 1};
        r.device = open_with(&host, kThreads);
        use(&r);
        assert_int_equal(threads_come_to(before), before);
        assert_same(&own, &r);
        cnn_device_destroy(r.device);
        assert_true(host.calls > 0);
        assert_true(host.tasks > host.calls);
        assert_int_equal(host.largest, kThreads);
        assert_int_equal(host.released, 1);
        free(r.theta);
    }
    free(own.theta);
}

static void one_thread_asks_for_none(void **state) {
    (void)state;
    struct host host = {.order = forward, .lock = PTHREAD_MUTEX_INITIALIZER};
    struct result r = {.seed = 1};
    r.device = open_with(&host, 1);
    use(&r);
    assert_int_equal(r.status, CNN_OK);
    cnn_device_destroy(r.device);
    assert_int_equal(host.calls, 0);
    free(r.theta);
}

static void several_nets_use_the_runner_at_once(void **state) {
    (void)state;
    struct host host = {.order = at_once, .lock = PTHREAD_MUTEX_INITIALIZER};
    struct result alone[kThreads] = {{0}}, together[kThreads] = {{0}};
    cnn_device *plain = open_with(NULL, 1), *device = open_with(&host, 3);
    pthread_t threads[kThreads];
    for (int i = 0; i < kThreads; i++) {
        alone[i] = (struct result){.device = plain, .seed = (uint64_t)i};
        together[i] = (struct result){.device = device, .seed = (uint64_t)i};
        use(&alone[i]);
    }
    for (int i = 0; i < kThreads; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use, &together[i]), 0);
    for (int i = 0; i < kThreads; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < kThreads; i++) {
        assert_same(&alone[i], &together[i]);
        free(alone[i].theta);
        free(together[i].theta);
    }
    assert_true(host.calls > 0);
    assert_int_equal(host.largest, 3);
    cnn_device_destroy(plain);
    cnn_device_destroy(device);
    assert_int_equal(host.released, 1);
}

static void a_user_without_a_runner_is_refused(void **state) {
    (void)state;
    cnn_device *device = NULL;
    int user = 0;
    FAILS(CNN_INVALID_ARGUMENT,
          cnn_device_open("cpu", &(cnn_device_options){.parallel_for_user = &user}, &device, &err));
    SAID("parallel_for");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_runner_gives_the_same_bits),
        cmocka_unit_test(one_thread_asks_for_none),
        cmocka_unit_test(several_nets_use_the_runner_at_once),
        cmocka_unit_test(a_user_without_a_runner_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

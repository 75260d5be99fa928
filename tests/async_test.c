/* Runs that go on while the host does something else: the same bits, at most the device's threads,
 * and every end of them. */
#define _GNU_SOURCE
#include "public.h"

#include <dirent.h>
#include <math.h>
#include <pthread.h>
#include <time.h>

enum { kIn = 2 * 12 * 12, kOut = 5, kBatch = 8, kSamples = 21, kNets = 6 };

/* A layer that holds a run up: it passes x on when the gate is open. */
struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int open, calls, result;
};

#define GATE(is_open) \
    { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .open = (is_open) }

static int32_t pass(int64_t count, const float *x, float *y, void *user) {
    struct gate *g = user;
    memcpy(y, x, (size_t)count * sizeof *y);
    pthread_mutex_lock(&g->lock);
    g->calls++;
    pthread_cond_broadcast(&g->changed);
    while (!g->open) pthread_cond_wait(&g->changed, &g->lock);
    const int32_t result = g->result;
    pthread_mutex_unlock(&g->lock);
    return result;
}

static int32_t pass_back(int64_t count, const float *x, const float *y, const float *dy, float *dx,
                         void *user) {
    (void)x, (void)y, (void)user;
    memcpy(dx, dy, (size_t)count * sizeof *dx);
    return 0;
}

static void open_gate(struct gate *g) {
    pthread_mutex_lock(&g->lock);
    g->open = 1;
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->lock);
}

static void wait_for_calls(struct gate *g, int calls) {
    pthread_mutex_lock(&g->lock);
    while (g->calls < calls) pthread_cond_wait(&g->changed, &g->lock);
    pthread_mutex_unlock(&g->lock);
}

static int calls_of(struct gate *g) {
    pthread_mutex_lock(&g->lock);
    const int calls = g->calls;
    pthread_mutex_unlock(&g->lock);
    return calls;
}

struct host {
    int released;
    int64_t taken;
};

static void on_released(void *user) {
    ((struct host *)user)->released++;
}

static void *take(void *user, size_t size, size_t align) {
    ((struct host *)user)->taken++;
    return take_aligned(size, align);
}

static void give(void *user, void *memory, size_t size, size_t align) {
    (void)user, (void)size, (void)align;
    give_aligned(memory);
}

static void in_turn(void *user, int32_t count, void (*task)(void *, int32_t), void *context) {
    (void)user;
    for (int32_t i = 0; i < count; i++) task(context, i);
}

static cnn_device *open_with(const char *spec, int32_t threads, struct host *host, int runner) {
    cnn_device *device = NULL;
    cnn_device_options options = {.threads = threads};
    if (host) {
        options.released = on_released;
        options.released_user = host;
        options.allocator = (cnn_allocator){.user = host, .alloc = take, .free = give};
    }
    if (runner) options.parallel_for = in_turn;
    OK(cnn_device_open(spec, &options, &device, &err));
    return device;
}

static cnn_net *make_net(cnn_device *device, uint64_t seed, struct gate *gate) {
    cnn_net *net = seeded_net(seed);
    cnn_node n = cnn_net_input(net, NULL, 3, (const int64_t[]){2, 12, 12});
    n = cnn_net_conv2d(net, n,
                       &(cnn_conv2d){.filters = 6, .kernel = {3, 3}, .activation = CNN_RELU});
    if (gate)
        n = cnn_net_host_activation(
            net, n,
            &(cnn_host_activation){
                .kind = "pass", .forward = pass, .backward = pass_back, .user = gate});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = kOut});
    OK(cnn_net_output(net, n, &err));
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_MSE});
    OK(cnn_net_compile(net, device,
                       &(cnn_compile){.max_batch = kBatch, .inference_only = gate != NULL}, &err));
    return net;
}

struct data {
    float x[kIn * kSamples], y[kOut * kSamples], expected[kOut * kSamples];
    cnn_view in, out;
};

static void make_data(struct data *d) {
    memset(d, 0, sizeof *d);
    fill(d->x, LENGTH(d->x), 3);
    d->in = (cnn_view){.data = d->x, .elements = LENGTH(d->x)};
    d->out = (cnn_view){.data = d->y, .elements = LENGTH(d->y)};
}

static void expect_of(cnn_net *net, struct data *d) {
    OK(cnn_net_run(net, d->x, LENGTH(d->x), d->expected, LENGTH(d->expected), &err));
}

static cnn_event *start(cnn_net *net, struct data *d) {
    cnn_event *event = NULL;
    memset(d->y, 0xFF, sizeof d->y);
    OK(cnn_net_run_async(net, &d->in, 1, &d->out, 1, NULL, &event, &err));
    assert_non_null(event);
    return event;
}

static void pause_briefly(void) {
    nanosleep(&(struct timespec){0, 200000}, NULL);
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

/* Whether a run of that device goes on without anyone waiting. */
static int runs_by_itself(const char *spec, int32_t threads, int runner) {
    if (strcmp(spec, "opencl") == 0) return 1;
    return strcmp(spec, "cpu") == 0 && threads > 1 && !runner;
}

static void the_bits_of_run_many(void **state) {
    skip_without(state);
    static const int32_t threads[] = {1, 2, 3, 2};
    struct data d;
    make_data(&d);
    for (int i = 0; i < LENGTH(threads); i++) {
        const int runner = i == 3;
        struct host host = {0};
        cnn_device *device = open_with(*state, threads[i], &host, runner);
        cnn_net *net = make_net(device, 1, NULL);
        expect_of(net, &d);
        const int64_t taken = host.taken;
        cnn_event *event = start(net, &d);
        if (runs_by_itself(*state, threads[i], runner)) {
            while (!cnn_event_is_done(event)) pause_briefly();
        } else {
            for (int k = 0; k < 5; k++) pause_briefly();
            assert_int_equal(cnn_event_is_done(event), 0);
            FAILS(CNN_BUSY, cnn_event_wait(event, 0, &err));
            OK(cnn_event_wait(event, 1, &err));
        }
        assert_int_equal(cnn_event_is_done(event), 1);
        OK(cnn_event_wait(event, 0, &err));
        OK(cnn_event_wait(event, -1, &err));
        assert_memory_equal(d.y, d.expected, sizeof d.y);
        cnn_event_destroy(event);
        /* Again, by who waits without limit, and by who only destroys. */
        event = start(net, &d);
        OK(cnn_event_wait(event, -1, &err));
        assert_memory_equal(d.y, d.expected, sizeof d.y);
        cnn_event_destroy(event);
        event = start(net, &d);
        cnn_event_destroy(event);
        assert_memory_equal(d.y, d.expected, sizeof d.y);
        assert_int_equal(host.taken, taken);
        /* With options. */
        float p[kOut * kSamples];
        const cnn_view out = {.data = p, .elements = LENGTH(p)};
        OK(cnn_net_run_many(net, &d.in, 1, &out, 1, &(cnn_run){.softmax = 1}, &err));
        OK(cnn_net_run_async(net, &d.in, 1, &d.out, 1, &(cnn_run){.softmax = 1}, &event, &err));
        OK(cnn_event_wait(event, -1, &err));
        assert_memory_equal(d.y, p, sizeof p);
        cnn_event_destroy(event);
        cnn_net_destroy(net);
        cnn_device_destroy(device);
        assert_int_equal(host.released, 1);
    }
}

static void mistakes_are_told_at_the_call(void **state) {
    skip_without(state);
    struct data d;
    make_data(&d);
    cnn_device *device = open_with(*state, 2, NULL, 0);
    cnn_net *net = make_net(device, 1, NULL), *raw = seeded_net(1);
    cnn_event *event = NULL;
    cnn_view bad = d.out;
    bad.elements--;
    FAILS(CNN_SHAPE_MISMATCH, cnn_net_run_async(net, &d.in, 1, &bad, 1, NULL, &event, &err));
    SAID("run_async");
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_run_async(net, &d.in, 1, &d.out, 1, NULL, NULL, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_run_async(net, &d.in, 1, NULL, 0, NULL, &event, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_run_async(NULL, &d.in, 1, &d.out, 1, NULL, &event, &err));
    FAILS(CNN_BAD_STATE, cnn_net_run_async(raw, &d.in, 1, &d.out, 1, NULL, &event, &err));
    FAILS(CNN_INCOMPATIBLE,
          cnn_net_run_async(net, &d.in, 1, &d.out, 1, &(cnn_run){.reserved = {1}}, &event, &err));
    assert_null(event);
    FAILS(CNN_INVALID_ARGUMENT, cnn_event_wait(NULL, 0, &err));
    assert_int_equal(cnn_event_is_done(NULL), -1);
    cnn_event_destroy(NULL);
    /* Nothing is in progress. */
    expect_of(net, &d);
    cnn_net_destroy(raw);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

/* Deterministically in progress: with one thread nothing happens before someone waits; with two the
 * gate holds the run up. */
static void a_net_in_flight_is_busy(void **state) {
    if (strcmp(*state, "opencl") == 0) skip();
    skip_without(state);
    for (int32_t threads = 1; threads <= 2; threads++) {
        struct gate gate = GATE(1);
        struct data d;
        make_data(&d);
        cnn_device *device = open_with(*state, threads, NULL, 0);
        cnn_net *net = make_net(device, 1, &gate), *other = NULL;
        cnn_optimizer *adam = cnn_optimizer_create(CNN_ADAM);
        expect_of(net, &d);
        float *theta = vector_of(net, CNN_PARAMETERS);
        const int64_t elements = cnn_net_vector_elements(net, CNN_PARAMETERS);
        const cnn_samples samples = {.inputs = d.x,
                                     .input_elements = LENGTH(d.x),
                                     .targets = d.expected,
                                     .target_elements = LENGTH(d.expected)};
        gate.open = 0;
        gate.calls = 0;
        cnn_event *event = start(net, &d), *none = NULL;
        if (runs_by_itself(*state, threads, 0)) wait_for_calls(&gate, 1);
        cnn_evaluation result;
        double loss;
        FAILS(CNN_BUSY, cnn_net_run(net, d.x, kIn, d.expected, kOut, &err));
        SAID("run_async");
        FAILS(CNN_BUSY, cnn_net_run_async(net, &d.in, 1, &d.out, 1, NULL, &none, &err));
        FAILS(CNN_BUSY, cnn_net_evaluate(net, &samples, &result, &err));
        FAILS(CNN_BUSY, cnn_net_loss_gradient(net, &samples, NULL, &loss, &err));
        FAILS(CNN_BUSY, cnn_net_train_step(net, adam, &samples, &loss, &err));
        FAILS(CNN_BUSY, cnn_net_fit(net, adam, &samples, NULL, NULL, &err));
        FAILS(CNN_BUSY, cnn_net_minimize(net, adam, &samples, NULL, NULL, &err));
        FAILS(CNN_BUSY, cnn_net_check_gradient(net, &samples, NULL, NULL, &err));
        FAILS(CNN_BUSY, cnn_net_compile(net, device, NULL, &err));
        FAILS(CNN_BUSY, cnn_net_set_vector(net, CNN_PARAMETERS, theta, elements, &err));
        FAILS(CNN_BUSY, cnn_net_set_rate(net, "dense_1", 0, &err));
        FAILS(CNN_BUSY, cnn_net_set_center(net, NULL, 0, &err));
        FAILS(CNN_BUSY, cnn_net_copy_parameters(net, net, &err));
        FAILS(CNN_BUSY, cnn_net_get_vector(net, CNN_GRADIENT, theta, elements, &err));
        assert_null(none);
        OK(cnn_net_get_vector(net, CNN_PARAMETERS, theta, elements, &err));
        static char file[1 << 17];
        size_t bytes = 0;
        OK(cnn_net_save_memory(net, file, sizeof file, &bytes, &err));
        OK(cnn_net_clone(net, &other, &err));
        FAILS(CNN_BUSY, cnn_event_wait(event, 0, &err));
        open_gate(&gate);
        OK(cnn_event_wait(event, -1, &err));
        assert_memory_equal(d.y, d.expected, sizeof d.y);
        /* Done, though the event still lives. */
        OK(cnn_net_run(net, d.x, LENGTH(d.x), d.y, LENGTH(d.y), &err));
        cnn_event_destroy(event);
        free(theta);
        cnn_optimizer_destroy(adam);
        cnn_net_destroy(other);
        cnn_net_destroy(net);
        cnn_device_destroy(device);
    }
}

static void a_wait_has_its_limit(void **state) {
    if (strcmp(*state, "cpu") != 0) skip();
    skip_without(state);
    struct gate gate = GATE(1);
    struct data d;
    make_data(&d);
    cnn_device *device = open_with(*state, 2, NULL, 0);
    cnn_net *net = make_net(device, 1, &gate);
    expect_of(net, &d);
    gate.open = 0;
    gate.calls = 0;
    cnn_event *event = start(net, &d);
    wait_for_calls(&gate, 1);
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    FAILS(CNN_BUSY, cnn_event_wait(event, 20000, &err));
    clock_gettime(CLOCK_MONOTONIC, &b);
    const double waited =
        1e6 * (double)(b.tv_sec - a.tv_sec) + 1e-3 * (double)(b.tv_nsec - a.tv_nsec);
    assert_true(waited >= 20000);
    FAILS(CNN_OUT_OF_RANGE, cnn_event_wait(event, (double)NAN, &err));
    assert_int_equal(cnn_event_is_done(event), 0);
    open_gate(&gate);
    OK(cnn_event_wait(event, 60e6, &err));
    assert_memory_equal(d.y, d.expected, sizeof d.y);
    cnn_event_destroy(event);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

static void a_cancelled_run_says_so_each_time(void **state) {
    if (strcmp(*state, "opencl") == 0) skip();
    skip_without(state);
    for (int32_t threads = 1; threads <= 2; threads++) {
        struct gate gate = GATE(1);
        struct data d;
        make_data(&d);
        cnn_device *device = open_with(*state, threads, NULL, 0);
        cnn_net *net = make_net(device, 1, &gate);
        expect_of(net, &d);
        gate.calls = 0;
        gate.open = 0;
        cnn_event *event = start(net, &d);
        const int begun = runs_by_itself(*state, threads, 0);
        if (begun) wait_for_calls(&gate, 1);
        cnn_net_cancel(net);
        open_gate(&gate);
        for (int i = 0; i < 3; i++) FAILS(CNN_CANCELLED, cnn_event_wait(event, -1, &err));
        SAID("cnn_net_cancel");
        assert_int_equal(cnn_event_is_done(event), 1);
        /* Not one layer more than the one that was running. */
        assert_int_equal(calls_of(&gate), begun);
        cnn_event_destroy(event);
        event = start(net, &d);
        OK(cnn_event_wait(event, -1, &err));
        assert_memory_equal(d.y, d.expected, sizeof d.y);
        cnn_event_destroy(event);
        cnn_net_destroy(net);
        cnn_device_destroy(device);
    }
}

static void an_error_is_the_event_s(void **state) {
    skip_without(state);
    struct gate gate = GATE(1);
    struct data d;
    make_data(&d);
    cnn_device *device = open_with(*state, 2, NULL, 0);
    cnn_net *net = make_net(device, 1, &gate);
    expect_of(net, &d);
    gate.result = 7;
    cnn_event *event = start(net, &d);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
    for (int i = 0; i < 2; i++) {
        FAILS(CNN_CANCELLED, cnn_event_wait(event, -1, &err));
        SAID("returned 7");
        assert_int_equal(err.node, 2);
    }
    cnn_event_destroy(event);
}

/* Device, net and event end in every order while the run is in progress. */
static void handles_end_in_any_order(void **state) {
    skip_without(state);
    static const int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                    {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (int32_t threads = 1; threads <= 3; threads++)
        for (int i = 0; i < LENGTH(orders); i++) {
            struct host host = {0};
            struct data d;
            make_data(&d);
            cnn_device *device = open_with(*state, threads, &host, 0);
            cnn_net *net = make_net(device, 1, NULL);
            expect_of(net, &d);
            cnn_event *event = start(net, &d);
            for (int k = 0; k < 3; k++) {
                assert_int_equal(host.released, 0);
                if (orders[i][k] == 0) {
                    cnn_device_destroy(device);
                } else if (orders[i][k] == 1) {
                    cnn_net_destroy(net);
                } else {
                    cnn_event_destroy(event);
                    assert_memory_equal(d.y, d.expected, sizeof d.y);
                }
            }
            assert_int_equal(host.released, 1);
        }
}

static void several_nets_are_in_flight(void **state) {
    skip_without(state);
    static struct data d[kNets];
    const int before = threads_of_the_process();
    for (int32_t threads = 1; threads <= 3; threads++) {
        cnn_device *device = open_with(*state, threads, NULL, 0);
        cnn_net *nets[kNets];
        cnn_event *events[kNets];
        for (int i = 0; i < kNets; i++) {
            make_data(&d[i]);
            nets[i] = make_net(device, (uint64_t)i, NULL);
            expect_of(nets[i], &d[i]);
        }
        for (int round = 0; round < 10; round++) {
            for (int i = 1; i < kNets; i++) events[i] = start(nets[i], &d[i]);
            OK(cnn_net_run(nets[0], d[0].x, LENGTH(d[0].x), d[0].y, LENGTH(d[0].y), &err));
            if (strcmp(*state, "opencl") != 0) /* One of before may still have been ending. */
                assert_in_range(threads_of_the_process(), 1, before + threads - 1);
            for (int i = kNets - 1; i > 0; i--) OK(cnn_event_wait(events[i], -1, &err));
            for (int i = 1; i < kNets; i++) cnn_event_destroy(events[i]);
            for (int i = 0; i < kNets; i++)
                assert_memory_equal(d[i].y, d[i].expected, sizeof d[i].y);
        }
        for (int i = 0; i < kNets; i++) cnn_net_destroy(nets[i]);
        cnn_device_destroy(device);
        if (strcmp(*state, "opencl") != 0) assert_in_range(threads_come_to(before), 1, before);
    }
}

struct waiter {
    cnn_event *event;
    cnn_status status;
};

static void *wait_for_event(void *user) {
    struct waiter *w = user;
    w->status = cnn_event_wait(w->event, -1, NULL);
    return NULL;
}

static void many_threads_wait_for_one_run(void **state) {
    skip_without(state);
    for (int32_t threads = 1; threads <= 2; threads++) {
        struct data d;
        make_data(&d);
        cnn_device *device = open_with(*state, threads, NULL, 0);
        cnn_net *net = make_net(device, 1, NULL);
        expect_of(net, &d);
        for (int round = 0; round < 20; round++) {
            cnn_event *event = start(net, &d);
            struct waiter waiters[4];
            pthread_t ids[4];
            for (int i = 0; i < 4; i++) {
                waiters[i] = (struct waiter){event, CNN_INTERNAL};
                assert_int_equal(pthread_create(&ids[i], NULL, wait_for_event, &waiters[i]), 0);
            }
            for (int i = 0; i < 4; i++) pthread_join(ids[i], NULL);
            for (int i = 0; i < 4; i++) assert_int_equal(waiters[i].status, CNN_OK);
            assert_memory_equal(d.y, d.expected, sizeof d.y);
            cnn_event_destroy(event);
        }
        cnn_net_destroy(net);
        cnn_device_destroy(device);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bits_of_run_many),
        cmocka_unit_test(mistakes_are_told_at_the_call),
        cmocka_unit_test(a_net_in_flight_is_busy),
        cmocka_unit_test(a_wait_has_its_limit),
        cmocka_unit_test(a_cancelled_run_says_so_each_time),
        cmocka_unit_test(an_error_is_the_event_s),
        cmocka_unit_test(handles_end_in_any_order),
        cmocka_unit_test(several_nets_are_in_flight),
        cmocka_unit_test(many_threads_wait_for_one_run),
    };
    return run_on_devices("async", tests, LENGTH(tests));
}

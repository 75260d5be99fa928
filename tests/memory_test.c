/* The device's memory: what is allocated when, all of it given back, and every failure survived. */
#include "failures.h"
#include "heap.h"
#include "public.h"

#include <dirent.h>
#include <pthread.h>
#include <unistd.h>

enum { kIn = 72, kOut = 3, kBatch = 8, kMostFailures = 4000 };

#if defined(__GLIBC__) && !defined(SANITIZED)
/* The process's malloc, watched for large blocks. */
#define WATCHES_MALLOC 1
void *__libc_malloc(size_t size);

static int watched;
static size_t largest;

void *malloc(size_t size) {
    if (__atomic_load_n(&watched, __ATOMIC_RELAXED) && size > largest) largest = size;
    return __libc_malloc(size);
}
#endif

static void on_released(void *user) {
    ((struct heap *)user)->released++;
}

/* Built programs, so that the many devices opened here don't each build them anew. */
static char programs[256];

static int make_programs(void) {
    const char *temporary = getenv("TMPDIR");
    snprintf(programs, sizeof programs, "%.200s/memory_test_XXXXXX",
             temporary ? temporary : "/tmp");
    return mkdtemp(programs) != NULL;
}

static void remove_programs(void) {
    DIR *folder = opendir(programs);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        char path[sizeof programs + sizeof entry->d_name + 1];
        snprintf(path, sizeof path, "%s/%s", programs, entry->d_name);
        if (entry->d_name[0] != '.') unlink(path);
    }
    if (folder) closedir(folder);
    rmdir(programs);
}

static cnn_status open_on(struct heap *heap, const char *spec, int64_t limit, cnn_device **device) {
    const cnn_device_options options = {
        .cache_directory = programs,
        .allocator = {.user = heap, .alloc = take, .free = give},
        .released = on_released,
        .released_user = heap,
        .memory_limit = limit,
        .threads = 2,
    };
    return cnn_device_open(spec, &options, device, &err);
}

static int32_t square(int64_t count, const float *x, float *y, void *user) {
    (void)user;
    for (int64_t i = 0; i < count; i++) y[i] = x[i] * x[i];
    return 0;
}

static int32_t square_backward(int64_t count, const float *x, const float *y, const float *dy,
                               float *dx, void *user) {
    (void)y, (void)user;
    for (int64_t i = 0; i < count; i++) dx[i] = 2 * x[i] * dy[i];
    return 0;
}

static cnn_net *make_net(void) {
    cnn_net *net = seeded_net(5);
    cnn_node n = cnn_net_input(net, NULL, 3, (const int64_t[]){2, 6, 6});
    n = cnn_net_conv2d(net, n,
                       &(cnn_conv2d){.filters = 3, .kernel = {3, 3}, .activation = CNN_RELU});
    n = cnn_net_max_pool2d(net, n, &(cnn_pool2d){.window = {2, 2}});
    n = cnn_net_batch_norm(net, n, NULL);
    n = cnn_net_host_activation(
        net, n,
        &(cnn_host_activation){.kind = "square", .forward = square, .backward = square_backward});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = kOut});
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_SOFTMAX_CROSS_ENTROPY});
    return net;
}

struct work {
    float x[kIn * kBatch], y[kOut * kBatch];
    uint8_t labels[kBatch];
    cnn_samples samples;
};

static void make_work(struct work *w) {
    fill(w->x, LENGTH(w->x), 1);
    for (int i = 0; i < kBatch; i++) w->labels[i] = (uint8_t)(i % kOut);
    w->samples = (cnn_samples){.inputs = w->x,
                               .input_elements = LENGTH(w->x),
                               .labels = w->labels,
                               .label_type = CNN_UINT8,
                               .label_elements = kBatch};
}

static cnn_status run(cnn_net *net, struct work *w) {
    return cnn_net_run(net, w->x, LENGTH(w->x), w->y, LENGTH(w->y), &err);
}

static cnn_status run_for(cnn_net *net, struct work *w) {
    const cnn_view in = {.data = w->x, .elements = LENGTH(w->x)};
    const cnn_view out = {.data = w->y, .elements = LENGTH(w->y)};
    return cnn_net_run_for(net, &in, 1, &out, 1, NULL, -1, NULL, &err);
}

static void a_warm_net_allocates_nothing(void **state) {
    skip_without(state);
    struct heap heap = {.lock = PTHREAD_MUTEX_INITIALIZER};
    struct work w;
    make_work(&w);
    cnn_device *device = NULL;
    OK(open_on(&heap, *state, 0, &device));
    cnn_net *net = make_net();
    cnn_optimizer *adam = cnn_optimizer_create(CNN_ADAM);
    OK(cnn_net_compile(net, device, &(cnn_compile){.max_batch = kBatch}, &err));
    double loss;
    cnn_evaluation result;
    const cnn_fit for_fit = {.batch = 3, .epochs = 2, .validation = &w.samples};
    for (int round = 0; round < 5; round++) {
        const int64_t calls = heap.calls;
        OK(run(net, &w));
        OK(cnn_net_train_step(net, adam, &w.samples, &loss, &err));
        OK(cnn_net_evaluate(net, &w.samples, &result, &err));
        OK(cnn_net_loss_gradient(net, &w.samples, NULL, &loss, &err));
        OK(cnn_net_fit(net, adam, &w.samples, &(cnn_fit){.batch = 3}, NULL, &err));
        OK(run_for(net, &w));
        OK(cnn_net_fit_for(net, adam, &w.samples, &for_fit, 1000, NULL, &err));
        OK(cnn_net_fit_for(net, adam, &w.samples, &for_fit, -1, NULL, &err));
        if (round > 0) assert_int_equal(heap.calls, calls);
    }
    if (strcmp(*state, "opencl") != 0) assert_true(heap.calls > 0);
    cnn_device_info info;
    OK(cnn_device_get_info(device, &info, &err));
    assert_true(info.memory_used > 0);
    assert_true(info.memory_peak >= info.memory_used);
    cnn_optimizer_destroy(adam);
    cnn_net_destroy(net);
    OK(cnn_device_get_info(device, &info, &err));
    cnn_device_destroy(device);
    assert_int_equal(heap.live, 0);
    assert_int_equal(heap.bytes, 0);
    assert_int_equal(heap.released, 1);
    assert_int_equal(heap.late + heap.wrong, 0);
}

/* Device, two nets and an optimizer end in every order. */
static void handles_end_in_any_order(void **state) {
    skip_without(state);
    for (int order = 0; order < 24; order++) {
        struct heap heap = {.lock = PTHREAD_MUTEX_INITIALIZER};
        struct work w;
        make_work(&w);
        cnn_device *device = NULL;
        OK(open_on(&heap, *state, 0, &device));
        cnn_net *a = make_net(), *b = make_net();
        cnn_optimizer *adam = cnn_optimizer_create(CNN_ADAM);
        OK(cnn_net_compile(a, device, &(cnn_compile){.max_batch = kBatch}, &err));
        OK(cnn_net_compile(b, device, &(cnn_compile){.max_batch = kBatch}, &err));
        OK(cnn_net_train_step(a, adam, &w.samples, NULL, &err));
        int left[] = {0, 1, 2, 3}, rest = order;
        for (int k = 4; k > 0; k--) {
            const int pick = rest % k, what = left[pick];
            rest /= k;
            left[pick] = left[k - 1];
            assert_int_equal(heap.released, 0);
            if (what == 0)
                cnn_device_destroy(device);
            else if (what == 1)
                cnn_net_destroy(a), a = NULL;
            else if (what == 2)
                cnn_net_destroy(b), b = NULL;
            else
                cnn_optimizer_destroy(adam);
            /* What is left works on. */
            if (a) OK(run(a, &w));
            if (b) OK(run(b, &w));
        }
        assert_int_equal(heap.released, 1);
        assert_int_equal(heap.live, 0);
        assert_int_equal(heap.late + heap.wrong, 0);
    }
}

static void a_failed_open_releases_nothing_it_was_lent(void **state) {
    (void)state;
    struct heap heap = {.lock = PTHREAD_MUTEX_INITIALIZER};
    cnn_device *device = NULL;
    FAILS(CNN_NOT_FOUND, open_on(&heap, "nothing", 0, &device));
    assert_int_equal(heap.live, 0);
    assert_int_equal(heap.released, 0);
    FAILS(
        CNN_INVALID_ARGUMENT,
        cnn_device_open("cpu", &(cnn_device_options){.allocator = {.alloc = take}}, &device, &err));
    SAID("allocator");
}

/* Everything once, failing at the heap's chosen call; what fails is tried once more. */
static int once(struct heap *heap, const char *spec, struct work *w) {
    int failures = 0;
    cnn_device *device = NULL;
    cnn_status status;
#define TRY(call)                                            \
    do {                                                     \
        status = (call);                                     \
        if (status) {                                        \
            assert_int_equal(status, CNN_OUT_OF_MEMORY);     \
            assert_int_equal(err.status, CNN_OUT_OF_MEMORY); \
            failures++;                                      \
            OK(call);                                        \
        }                                                    \
    } while (0)
    TRY(open_on(heap, spec, 0, &device));
    cnn_net *net = make_net();
    cnn_optimizer *adam = cnn_optimizer_create(CNN_ADAM);
    const cnn_compile small = {.max_batch = 2}, large = {.max_batch = kBatch};
    TRY(cnn_net_compile(net, device, &small, &err));
    OK(cnn_net_run(net, w->x, kIn, w->y, kOut, &err));
    /* A failed second compile leaves the first in use. */
    status = cnn_net_compile(net, device, &large, &err);
    if (status) {
        assert_int_equal(status, CNN_OUT_OF_MEMORY);
        failures++;
        TRY(cnn_net_run(net, w->x, kIn, w->y, kOut, &err));
        OK(cnn_net_compile(net, device, &large, &err));
    }
    TRY(run(net, w));
    double loss;
    cnn_evaluation result;
    TRY(cnn_net_train_step(net, adam, &w->samples, &loss, &err));
    TRY(cnn_net_train_step(net, adam, &w->samples, &loss, &err));
    assert_int_equal(cnn_optimizer_steps(adam), 2);
    TRY(cnn_net_evaluate(net, &w->samples, &result, &err));
    TRY(cnn_net_loss_gradient(net, &w->samples, NULL, &loss, &err));
    TRY(cnn_net_fit(net, adam, &w->samples, NULL, NULL, &err));
    TRY(run_for(net, w));
    TRY(cnn_net_fit_for(net, adam, &w->samples, &(cnn_fit){.epochs = 1}, -1, NULL, &err));
    size_t bytes = 0;
    static char file[1 << 16];
    TRY(cnn_checkpoint_save_memory(net, adam, file, sizeof file, &bytes, &err));
    cnn_optimizer_destroy(adam);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
#undef TRY
    return failures;
}

static void every_failure_of_the_allocator_is_survived(void **state) {
    skip_without(state);
    struct work w;
    make_work(&w);
    struct heap good = {.lock = PTHREAD_MUTEX_INITIALIZER};
    assert_int_equal(once(&good, *state, &w), 0);
    float y[kOut * kBatch];
    memcpy(y, w.y, sizeof y);
    assert_true(good.calls < kMostFailures);
    for (int64_t n = 1; n <= good.calls; n += failure_stride()) {
        struct heap heap = {.lock = PTHREAD_MUTEX_INITIALIZER, .fail_at = n};
        const int failures = once(&heap, *state, &w);
        if (failures > 1) print_error("call %d\n", (int)n);
        /* A failure may also only have cost a faster way. */
        assert_true(failures <= 1);
        assert_memory_equal(y, w.y, sizeof y);
        assert_int_equal(heap.live, 0);
        assert_int_equal(heap.released, 1);
        assert_int_equal(heap.late + heap.wrong, 0);
    }
}

static void the_limit_of_a_device_holds(void **state) {
    skip_without(state);
    struct work w;
    make_work(&w);
    struct heap heap = {.lock = PTHREAD_MUTEX_INITIALIZER};
    cnn_device *device = NULL;
    OK(open_on(&heap, *state, 0, &device));
    cnn_net *net = make_net();
    OK(cnn_net_compile(net, device, &(cnn_compile){.max_batch = kBatch}, &err));
    cnn_device_info info;
    OK(cnn_device_get_info(device, &info, &err));
    const int64_t needed = info.memory_peak;
    cnn_net_destroy(net);
    cnn_device_destroy(device);

    for (int part = 1; part <= 4; part++) {
        heap = (struct heap){.lock = PTHREAD_MUTEX_INITIALIZER};
        OK(open_on(&heap, *state, needed * part / 4, &device));
        net = make_net();
        const cnn_compile options = {.max_batch = kBatch};
        /* With less it may compute activations again. */
        if (cnn_net_compile(net, device, &options, &err)) {
            assert_int_equal(err.status, CNN_LIMIT_EXCEEDED);
            assert_true(part < 4);
            char limit[32];
            snprintf(limit, sizeof limit, "%lld", (long long)(needed * part / 4));
            SAID(limit);
            FAILS(CNN_BAD_STATE, run(net, &w));
        } else {
            assert_true(part > 1);
            OK(run(net, &w));
        }
        OK(cnn_device_get_info(device, &info, &err));
        assert_true(info.memory_peak <= needed * part / 4);
        cnn_net_destroy(net);
        cnn_device_destroy(device);
        assert_int_equal(heap.live, 0);
        assert_int_equal(heap.released, 1);
    }
}

/* What was used, where the process's memory is all that the device has. */
static void assert_counted(const struct heap *heap, cnn_device *device) {
    cnn_device_info info;
    OK(cnn_device_get_info(device, &info, &err));
    if (info.kind == CNN_DEVICE_CPU) {
        assert_int_equal(info.memory_used, heap->bytes);
        assert_int_equal(info.memory_peak, heap->peak);
    } else {
        assert_true(info.memory_used >= heap->bytes);
    }
}

static void the_count_is_what_the_allocator_gave(void **state) {
    skip_without(state);
    struct heap heap = {.lock = PTHREAD_MUTEX_INITIALIZER};
    struct work w;
    make_work(&w);
    cnn_device *device = NULL;
    OK(open_on(&heap, *state, 0, &device));
    assert_counted(&heap, device);
    cnn_net *net = make_net(), *other = make_net();
    cnn_optimizer *adam = cnn_optimizer_create(CNN_ADAM);
    OK(cnn_net_compile(net, device, &(cnn_compile){.max_batch = 2}, &err));
    assert_counted(&heap, device);
    OK(cnn_net_compile(net, device, &(cnn_compile){.max_batch = kBatch}, &err));
    assert_counted(&heap, device);
    const int64_t one = heap.bytes;
    OK(cnn_net_compile(other, device, &(cnn_compile){.max_batch = kBatch}, &err));
    assert_counted(&heap, device);
    assert_true(heap.bytes > one);
    cnn_net_destroy(other);
    if (strcmp(*state, "opencl") != 0) assert_int_equal(heap.bytes, one);
    OK(cnn_net_train_step(net, adam, &w.samples, NULL, &err));
    assert_counted(&heap, device);
    OK(cnn_net_loss_gradient(net, &w.samples, NULL, NULL, &err));
    assert_counted(&heap, device);
    const int64_t before_check = heap.calls;
    OK(cnn_net_check_gradient(net, &w.samples, &(cnn_gradient_check){.tolerance = 1}, NULL, &err));
    assert_counted(&heap, device);
    /* Its float64 copy is served too. */
    assert_true(heap.calls > before_check);
    cnn_net_destroy(net);
    cnn_optimizer_destroy(adam);
    assert_counted(&heap, device);
    assert_int_equal(heap.bytes, 0);
    cnn_device_destroy(device);
    assert_int_equal(heap.late + heap.wrong, 0);
}

#ifdef WATCHES_MALLOC
/* With tensors of megabytes nothing but the host's allocator gives a large block, from compile on.
 */
static void large_blocks_are_the_allocator_s(void **state) {
    if (strcmp(*state, "cpu") != 0) skip();
    skip_without(state);
    enum { kSide = 64, kPixels = kSide * kSide, kImages = 128 };
    struct heap heap = {.lock = PTHREAD_MUTEX_INITIALIZER};
    cnn_device *device = NULL;
    float *x = floats(kPixels * kImages), *t = floats(kImages * 128), *y = floats(kImages * 128);
    fill(x, kPixels * kImages, 1);
    fill(t, kImages * 128, 2);
    const cnn_samples samples = {.inputs = x,
                                 .input_elements = kPixels * kImages,
                                 .targets = t,
                                 .target_elements = kImages * 128};
    cnn_net *net = seeded_net(1);
    cnn_node n = cnn_net_input(net, NULL, 3, (const int64_t[]){1, kSide, kSide});
    n = cnn_net_conv2d(net, n, &(cnn_conv2d){.filters = 4, .kernel = {3, 3}});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = 128});
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_MSE});
    cnn_optimizer *adam = cnn_optimizer_create(CNN_ADAM);
    largest = 0;
    __atomic_store_n(&watched, 1, __ATOMIC_RELAXED);
    OK(open_on(&heap, *state, 0, &device));
    OK(cnn_net_compile(net, device, &(cnn_compile){.max_batch = kImages}, &err));
    OK(cnn_net_train_step(net, adam, &samples, NULL, &err));
    OK(cnn_net_run(net, x, kPixels * kImages, y, kImages * 128, &err));
    OK(cnn_net_fit(net, adam, &samples, &(cnn_fit){.batch = 32}, NULL, &err));
    __atomic_store_n(&watched, 0, __ATOMIC_RELAXED);
    assert_counted(&heap, device);
    assert_true(heap.bytes > 20 << 20);
    assert_in_range(largest, 1, 512 << 10);
    cnn_optimizer_destroy(adam);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
    assert_int_equal(heap.live, 0);
    free(x);
    free(t);
    free(y);
}
#endif

/* Steps that take memory, each more than those before. */
static cnn_status step(int which, cnn_net *net, cnn_device *device, cnn_optimizer *adam,
                       struct work *w) {
    switch (which) {
        case 0:
            return cnn_net_compile(net, device, &(cnn_compile){.max_batch = kBatch}, &err);
        case 1:
            return cnn_net_train_step(net, adam, &w->samples, NULL, &err);
        default:
            return cnn_net_compile(net, device, &(cnn_compile){.max_batch = kBatch * 4}, &err);
    }
}

static void said_bytes(int64_t bytes) {
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)bytes);
    SAID(text);
}

enum { kSteps = 3 };

/* Runs the steps under a limit. With one byte less than it takes a step computes activations again,
 * or fails and leaves all as it was. */
static void a_limit_of_exactly_the_peak_holds(void **state) {
    skip_without(state);
    struct work w;
    make_work(&w);
    int64_t peaks[kSteps];
    struct heap heap = {.lock = PTHREAD_MUTEX_INITIALIZER};
    cnn_device *device = NULL;
    cnn_device_info info;
    OK(open_on(&heap, *state, 0, &device));
    cnn_net *net = make_net();
    cnn_optimizer *adam = cnn_optimizer_create(CNN_ADAM);
    /* What a net gives after each step: another batch may be planned otherwise. */
    float y[kSteps][kOut * kBatch];
    for (int i = 0; i < kSteps; i++) {
        OK(step(i, net, device, adam, &w));
        OK(run(net, &w));
        memcpy(y[i], w.y, sizeof y[i]);
        OK(cnn_device_get_info(device, &info, &err));
        peaks[i] = info.memory_peak;
        assert_true(i == 0 || peaks[i] > peaks[i - 1]);
    }
    cnn_optimizer_destroy(adam);
    cnn_net_destroy(net);
    cnn_device_destroy(device);

    for (int last = 0; last < kSteps; last++)
        for (int less = 0; less < 2; less++) {
            heap = (struct heap){.lock = PTHREAD_MUTEX_INITIALIZER};
            OK(open_on(&heap, *state, peaks[last] - less, &device));
            net = make_net();
            adam = cnn_optimizer_create(CNN_ADAM);
            for (int i = 0; i < last; i++) OK(step(i, net, device, adam, &w));
            OK(cnn_device_get_info(device, &info, &err));
            const int64_t used = info.memory_used, steps = cnn_optimizer_steps(adam);
            if (step(last, net, device, adam, &w) == CNN_OK) {
                OK(cnn_device_get_info(device, &info, &err));
                assert_true(less ? info.memory_peak < peaks[last]
                                 : info.memory_peak == peaks[last]);
                OK(run(net, &w));
                assert_memory_equal(y[last], w.y, sizeof w.y);
            } else {
                assert_true(less);
                for (int again = 0; again < 2; again++) {
                    FAILS(CNN_LIMIT_EXCEEDED, step(last, net, device, adam, &w));
                    said_bytes(peaks[last]);
                    said_bytes(peaks[last] - 1);
                    assert_counted(&heap, device);
                    OK(cnn_device_get_info(device, &info, &err));
                    assert_int_equal(info.memory_used, used);
                    assert_true(info.memory_peak < peaks[last]);
                    assert_int_equal(cnn_optimizer_steps(adam), steps);
                }
                if (last > 0) {
                    OK(run(net, &w));
                    assert_memory_equal(y[last - 1], w.y, sizeof w.y);
                }
            }
            cnn_optimizer_destroy(adam);
            cnn_net_destroy(net);
            cnn_device_destroy(device);
            assert_int_equal(heap.live, 0);
            assert_int_equal(heap.released, 1);
        }
}

/* The same of compile's own limit, for what compile plans and for what is planned later. */
static void the_limit_of_a_plan_is_exact(void **state) {
    skip_without(state);
    struct work w;
    make_work(&w);
    struct heap heap = {.lock = PTHREAD_MUTEX_INITIALIZER};
    cnn_device *device = NULL;
    cnn_device_info info;
    OK(open_on(&heap, *state, 0, &device));
    cnn_net *net = make_net();
    cnn_compile options = {.max_batch = kBatch};
    OK(cnn_net_compile(net, device, &options, &err));
    OK(cnn_device_get_info(device, &info, &err));
    const int64_t compiled = info.memory_used;
    assert_int_equal(info.memory_peak, compiled);
    OK(cnn_net_loss_gradient(net, &w.samples, &(cnn_gradient_options){0}, NULL, &err));
    OK(cnn_device_get_info(device, &info, &err));
    const int64_t later = info.memory_peak;
    cnn_net_destroy(net);

    net = make_net();
    options.memory_limit = 1;
    FAILS(CNN_LIMIT_EXCEEDED, cnn_net_compile(net, device, &options, &err));
    SAID("takes ");
    const int64_t least = strtoll(strstr(err.message, "takes ") + 6, NULL, 10);
    assert_true(least <= compiled);
    options.memory_limit = least - 1;
    FAILS(CNN_LIMIT_EXCEEDED, cnn_net_compile(net, device, &options, &err));
    said_bytes(least);
    said_bytes(least - 1);
    FAILS(CNN_BAD_STATE, run(net, &w));
    OK(cnn_device_get_info(device, &info, &err));
    assert_int_equal(info.memory_used, 0);
    options.memory_limit = least;
    OK(cnn_net_compile(net, device, &options, &err));
    OK(cnn_device_get_info(device, &info, &err));
    assert_int_equal(info.memory_used, least);
    cnn_net_destroy(net);
    net = make_net();
    options.memory_limit = compiled;
    OK(cnn_net_compile(net, device, &options, &err));
    OK(run(net, &w));
    float y[kOut * kBatch];
    memcpy(y, w.y, sizeof y);
    if (later > compiled) {
        options.memory_limit = later - 1;
        OK(cnn_net_compile(net, device, &options, &err));
        for (int again = 0; again < 2; again++) {
            if (!cnn_net_loss_gradient(net, &w.samples, NULL, NULL, &err)) break;
            assert_int_equal(err.status, CNN_LIMIT_EXCEEDED);
            said_bytes(later);
            OK(cnn_device_get_info(device, &info, &err));
            assert_int_equal(info.memory_used, compiled);
        }
        OK(run(net, &w));
        assert_memory_equal(y, w.y, sizeof y);
        options.memory_limit = later;
        OK(cnn_net_compile(net, device, &options, &err));
        OK(cnn_net_loss_gradient(net, &w.samples, NULL, NULL, &err));
    } else {
        OK(cnn_net_loss_gradient(net, &w.samples, NULL, NULL, &err));
    }
    cnn_net_destroy(net);
    cnn_device_destroy(device);
    assert_int_equal(heap.live, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_count_is_what_the_allocator_gave),
#ifdef WATCHES_MALLOC
        cmocka_unit_test(large_blocks_are_the_allocator_s),
#endif
        cmocka_unit_test(a_limit_of_exactly_the_peak_holds),
        cmocka_unit_test(the_limit_of_a_plan_is_exact),
        cmocka_unit_test(a_warm_net_allocates_nothing),
        cmocka_unit_test(handles_end_in_any_order),
        cmocka_unit_test(every_failure_of_the_allocator_is_survived),
        cmocka_unit_test(the_limit_of_a_device_holds),
    };
    const struct CMUnitTest plain[] = {
        cmocka_unit_test(a_failed_open_releases_nothing_it_was_lent)};
    if (!make_programs()) return 1;
    const int failed = run_on_devices("memory", tests, LENGTH(tests)) +
                       cmocka_run_group_tests_name("opening", plain, NULL, NULL);
    remove_programs();
    return failed;
}

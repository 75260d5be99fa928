/* The device's memory: what is allocated when, all of it given back, and every failure survived. */
#include "public.h"

#include <dirent.h>
#include <pthread.h>
#include <unistd.h>

enum { kIn = 72, kOut = 3, kBatch = 8, kMostFailures = 4000, kMostBlocks = 512, kGuard = 256 };

/* An allocator that counts, and fails at one call. */
struct heap {
    pthread_mutex_t lock;
    int64_t calls, frees, live, bytes;
    int64_t fail_at; /* from 1; 0: never */
    int released, late, wrong;
    struct {
        void *memory;
        size_t size, align;
    } blocks[kMostBlocks];
};

static void *take(void *user, size_t size, size_t align) {
    struct heap *h = user;
    void *memory = NULL;
    pthread_mutex_lock(&h->lock);
    h->late += h->released;
    if (++h->calls != h->fail_at &&
        posix_memalign(&memory, align < 8 ? 8 : align, size + kGuard) == 0) {
        memset(memory, 0xA5, size + kGuard);
        int i = 0;
        while (i < kMostBlocks - 1 && h->blocks[i].memory) i++;
        h->blocks[i].memory = memory;
        h->blocks[i].size = size;
        h->blocks[i].align = align;
        h->live++;
        h->bytes += (int64_t)size;
    }
    pthread_mutex_unlock(&h->lock);
    return memory;
}

static void give(void *user, void *memory, size_t size, size_t align) {
    struct heap *h = user;
    pthread_mutex_lock(&h->lock);
    h->late += h->released;
    int i = 0;
    while (i < kMostBlocks - 1 && h->blocks[i].memory != memory) i++;
    const int known =
        h->blocks[i].memory == memory && h->blocks[i].size == size && h->blocks[i].align == align;
    h->wrong += !known;
    if (known) h->blocks[i].memory = NULL;
    h->frees++;
    h->live--;
    h->bytes -= (int64_t)size;
    for (size_t k = size; known && k < size + kGuard; k++)
        if (((unsigned char *)memory)[k] != 0xA5) {
            print_error("written past the end of %zu bytes, at %zu\n", size, k);
            h->wrong++;
            break;
        }
    if (known) {
        memset(memory, 0x5A, size);
        free(memory);
    }
    pthread_mutex_unlock(&h->lock);
}

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
    for (int round = 0; round < 5; round++) {
        const int64_t calls = heap.calls;
        OK(run(net, &w));
        OK(cnn_net_train_step(net, adam, &w.samples, &loss, &err));
        OK(cnn_net_evaluate(net, &w.samples, &result, &err));
        OK(cnn_net_loss_gradient(net, &w.samples, NULL, &loss, &err));
        OK(cnn_net_fit(net, adam, &w.samples, &(cnn_fit){.batch = 3}, NULL, &err));
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
    for (int64_t n = 1; n <= good.calls; n++) {
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
        if (part < 4) {
            FAILS(CNN_LIMIT_EXCEEDED, cnn_net_compile(net, device, &options, &err));
            char limit[32];
            snprintf(limit, sizeof limit, "%lld", (long long)(needed * part / 4));
            SAID(limit);
            FAILS(CNN_BAD_STATE, run(net, &w));
        } else {
            OK(cnn_net_compile(net, device, &options, &err));
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

int main(void) {
    const struct CMUnitTest tests[] = {
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

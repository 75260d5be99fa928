/* Tuning a device for a net by the public interface: it changes no result but by rounding, is kept
 * for later and for others, obeys its time and its callback, and refuses what makes no sense. */
#define _GNU_SOURCE
#include "public.h"

#include <math.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { kBatch = 20, kSide = 12, kIn = kSide * kSide, kOut = 5 };

static char folder[256];

static int set_up(void **state) {
    (void)state;
    const char *temporary = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/cnn-tune-XXXXXX", temporary ? temporary : "/tmp");
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    char command[300];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

static void path_of(char *path, size_t size) {
    snprintf(path, size, "%s/tuning-1.txt", folder);
}

static cnn_net *small_net(void) {
    cnn_net *net = cnn_net_create(&(cnn_net_options){.seed = 5});
    cnn_node n = cnn_net_input(net, NULL, 3, (const int64_t[]){1, kSide, kSide});
    n = cnn_net_conv2d(net, n, &(cnn_conv2d){.filters = 6, .kernel = {5}, .activation = CNN_RELU});
    n = cnn_net_max_pool2d(net, n, &(cnn_pool2d){.window = {2}});
    n = cnn_net_conv2d(net, n, &(cnn_conv2d){.filters = 9, .kernel = {3}, .activation = CNN_TANH});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = kOut});
    (void)cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_SOFTMAX_CROSS_ENTROPY});
    return net;
}

/* What tuning tells the log. */
static void count_tunings(void *user, cnn_log_level level, const char *message) {
    (void)level;
    *(int *)user += strncmp(message, "tune: ", 6) == 0;
}

static cnn_device *opened_with(const char *spec, const char *cache, cnn_log log) {
    cnn_device *device = NULL;
    OK(cnn_device_open(spec, &(cnn_device_options){.cache_directory = cache, .log = log}, &device,
                       &err));
    return device;
}

static cnn_device *opened(const char *spec, const char *cache) {
    return opened_with(spec, cache, (cnn_log){0});
}

static void results_of(cnn_net *net, cnn_device *device, float y[kBatch * kOut]) {
    static float x[kBatch * kIn];
    for (int i = 0; i < kBatch * kIn; i++) x[i] = sinf((float)i);
    OK(cnn_net_compile(net, device, &(cnn_compile){.max_batch = kBatch}, &err));
    OK(cnn_net_run(net, x, kBatch * kIn, y, kBatch * kOut, &err));
}

static const cnn_tune kShort = {.compile = {.max_batch = kBatch}, .seconds = 1};

static void results_stay_and_findings_are_kept(void **state) {
    skip_without(state);
    char path[300];
    path_of(path, sizeof path);
    remove(path);
    cnn_device *device = opened(*state, folder), *other;
    cnn_net *net = small_net();
    float before[kBatch * kOut], after[kBatch * kOut], again[kBatch * kOut];
    results_of(net, device, before);
    cnn_tune_report report;
    OK(cnn_device_tune(device, net, &kShort, &report, &err));
    assert_true(report.operations > 0 && report.operations <= 8);
    assert_true(report.measured >= report.operations);
    assert_true(report.seconds > 0 && report.seconds_before > 0);
    assert_true(report.seconds_after > 0 && report.seconds_after <= report.seconds_before);
    results_of(net, device, after);
    for (int i = 0; i < kBatch * kOut; i++)
        assert_true(fabsf(after[i] - before[i]) <= 1e-4f * (1 + fabsf(before[i])));
    /* Another process would find it so, and plan the same. */
    assert_int_equal(access(path, R_OK), 0);
    other = opened(*state, folder);
    results_of(net, other, again);
    assert_memory_equal(after, again, sizeof after);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
    cnn_device_destroy(other);
}

static void compile_tunes_once(void **state) {
    skip_without(state);
    char path[300];
    path_of(path, sizeof path);
    remove(path);
    int tunings = 0;
    cnn_device *device = opened_with(
        *state, folder, (cnn_log){.user = &tunings, .write = count_tunings, .level = CNN_LOG_INFO});
    cnn_net *net = small_net();
    struct stat first, second;
    const cnn_compile options = {.max_batch = kBatch, .tune_seconds = 1};
    OK(cnn_net_compile(net, device, &options, &err));
    assert_int_equal(stat(path, &first), 0);
    assert_true(tunings > 0);
    tunings = 0;
    OK(cnn_net_compile(net, device, &options, &err));
    assert_int_equal(tunings, 0);
    assert_int_equal(stat(path, &second), 0);
    assert_true(first.st_ino == second.st_ino);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

struct calls {
    int count, stop_at;
    cnn_net *net;
    cnn_device *device;
};

static int32_t watch(const cnn_tune_progress *progress, void *user) {
    struct calls *calls = user;
    assert_true(progress->operation <= progress->operations);
    assert_true(progress->fraction >= 0 && progress->fraction <= 1);
    assert_true(progress->name[0] != 0);
    if (calls->count == 0) {
        FAILS(CNN_BUSY, cnn_net_compile(calls->net, calls->device, NULL, &err));
        FAILS(CNN_BUSY, cnn_device_tune(calls->device, calls->net, NULL, NULL, &err));
    }
    return ++calls->count == calls->stop_at;
}

static void a_callback_watches_and_cancels(void **state) {
    skip_without(state);
    char path[300];
    path_of(path, sizeof path);
    remove(path);
    cnn_device *device = opened(*state, folder);
    cnn_net *net = small_net();
    struct calls calls = {0, 3, net, device};
    cnn_tune options = kShort;
    options.progress = watch;
    options.user = &calls;
    cnn_tune_report report;
    FAILS(CNN_CANCELLED, cnn_device_tune(device, net, &options, &report, &err));
    assert_int_equal(calls.count, 3);
    assert_int_equal(report.kept, 0);
    assert_int_not_equal(access(path, R_OK), 0);
    OK(cnn_net_compile(net, device, NULL, &err));
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

static void what_makes_no_sense_is_refused(void **state) {
    (void)state;
    cnn_device *device = opened("cpu", NULL), *reference = opened("reference", NULL);
    cnn_net *net = small_net(), *empty = cnn_net_create(NULL);
    cnn_tune options = kShort;
    FAILS(CNN_INVALID_ARGUMENT, cnn_device_tune(NULL, net, NULL, NULL, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_device_tune(device, NULL, NULL, NULL, &err));
    FAILS(CNN_BAD_STATE, cnn_device_tune(device, empty, NULL, NULL, &err));
    options.seconds = -1;
    FAILS(CNN_OUT_OF_RANGE, cnn_device_tune(device, net, &options, NULL, &err));
    options.seconds = (double)NAN;
    FAILS(CNN_OUT_OF_RANGE, cnn_device_tune(device, net, &options, NULL, &err));
    options = kShort;
    options.compile.tune_seconds = 1;
    FAILS(CNN_INVALID_ARGUMENT, cnn_device_tune(device, net, &options, NULL, &err));
    options = kShort;
    options.reserved[7] = 1;
    FAILS(CNN_INCOMPATIBLE, cnn_device_tune(device, net, &options, NULL, &err));
    options = kShort;
    options.compile.max_batch = -1;
    FAILS(CNN_OUT_OF_RANGE, cnn_device_tune(device, net, &options, NULL, &err));
    FAILS(CNN_OUT_OF_RANGE, cnn_net_compile(net, device, &(cnn_compile){.tune_seconds = -1}, &err));
    /* The reference has nothing to choose. */
    cnn_tune_report report;
    OK(cnn_device_tune(reference, net, NULL, &report, &err));
    assert_true(report.operations == 0 && report.measured == 0);
    OK(cnn_net_compile(net, reference, &(cnn_compile){.tune_seconds = 1}, &err));
    cnn_net_destroy(net);
    cnn_net_destroy(empty);
    cnn_device_destroy(device);
    cnn_device_destroy(reference);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        {"results_stay_and_findings_are_kept_on_cpu", results_stay_and_findings_are_kept, NULL,
         NULL, "cpu"},
        {"results_stay_and_findings_are_kept_on_opencl", results_stay_and_findings_are_kept, NULL,
         NULL, "opencl"},
        {"compile_tunes_once_on_cpu", compile_tunes_once, NULL, NULL, "cpu"},
        {"compile_tunes_once_on_opencl", compile_tunes_once, NULL, NULL, "opencl"},
        {"a_callback_watches_and_cancels_on_cpu", a_callback_watches_and_cancels, NULL, NULL,
         "cpu"},
        {"a_callback_watches_and_cancels_on_opencl", a_callback_watches_and_cancels, NULL, NULL,
         "opencl"},
        cmocka_unit_test(what_makes_no_sense_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* Drivers that fail. The library under test finds stub.c in place of OpenCL's (LD_LIBRARY_PATH says
 * so): calls fail one after the other, objects are NULL, limits are odd, functions are missing.
 * Never a crash, a leak or success with a wrong answer, and "auto" is the CPU where the GPU is of
 * no use. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>

#include "../failures.h"
#include "../public.h"
#include "stub.h"

static stub_begin_function *begin;
static stub_calls_function *calls;
static stub_objects_function *objects;
static stub_failed_function *failed;
static stub_can_forward_function *can_forward;

/* ---- Functions that the library doesn't have ---- */

static const char *missing;

typedef void *dlsym_function(void *, const char *);

#ifdef SANITIZED
/* Its run time looks for functions before it can serve what it has instrumented or replaced. */
#define BEFORE_SANITIZERS __attribute__((no_sanitize("address", "undefined", "thread")))
#else
#define BEFORE_SANITIZERS
#endif

BEFORE_SANITIZERS static int same(const char *a, const char *b) {
    while (*a && *a == *b) a++, b++;
    return *a == *b;
}

/* The program's own comes before the C library's. */
__attribute__((visibility("default"))) void *dlsym(void *library, const char *name);

BEFORE_SANITIZERS void *dlsym(void *library, const char *name) {
    static dlsym_function *next;
    static const char *const versions[] = {"GLIBC_2.34", "GLIBC_2.2.5", "GLIBC_2.17"};
    for (int i = 0; !next && i < LENGTH(versions); i++) {
        void *address = dlvsym(RTLD_NEXT, "dlsym", versions[i]);
        memcpy(&next, &address, sizeof address);
    }
    if (!next || (missing && same(name, missing))) return NULL;
    return next(library, name);
}

static void find(void *library, const char *name, void *to) {
    void *address = dlsym(library, name);
    memcpy(to, &address, sizeof address);
}

/* Whether what would be opened is the stub. */
static int find_stub(void) {
    void *library = dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!library) return 0;
    find(library, "stub_begin", &begin);
    find(library, "stub_calls", &calls);
    find(library, "stub_objects", &objects);
    find(library, "stub_failed", &failed);
    find(library, "stub_can_forward", &can_forward);
    return begin && calls && objects && failed && can_forward;
}

/* ---- What a program does ---- */

enum { N = 4, SIDE = 6, OUT = 3, STEPS = 2 };

static const float *pictures(void) {
    static float x[N * SIDE * SIDE];
    if (x[0] == 0) fill(x, N * SIDE * SIDE, 3);
    return x;
}

static const cnn_samples *samples(void) {
    static const int32_t labels[N] = {0, 2, 1, 2};
    static cnn_samples s;
    s.inputs = pictures();
    s.input_elements = N * SIDE * SIDE;
    s.labels = labels;
    s.label_type = CNN_INT32;
    s.label_elements = N;
    return &s;
}

static cnn_net *small_net(void) {
    cnn_net *net = seeded_net(5);
    cnn_node n = cnn_net_input(net, "x", 3, (const int64_t[]){1, SIDE, SIDE});
    n = cnn_net_conv2d(net, n,
                       &(cnn_conv2d){.filters = 4, .kernel = {3, 3}, .activation = CNN_RELU});
    n = cnn_net_max_pool2d(net, n, &(cnn_pool2d){.window = {2, 2}});
    n = cnn_net_dropout(net, n, &(cnn_dropout){.rate = 0.25f});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = OUT});
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_SOFTMAX_CROSS_ENTROPY});
    return net;
}

/* What each call came to; values only of those that succeeded. */
typedef struct outcome {
    cnn_status open, compile, run, train[STEPS], evaluate, get;
    int on_cpu, tried[STEPS];
    float y[N * OUT];
    double loss[STEPS], evaluated;
    float theta[512];
    int64_t parameters;
    /* Whether it told its parameters and ran on them, and that was what the CPU makes of them. */
    int told, consistent;
} outcome;

static void check_status(cnn_status status, const cnn_error *error, const char *call) {
    if (status == CNN_OK) return;
    const int known =
        status == CNN_DEVICE_ERROR || status == CNN_OUT_OF_MEMORY || status == CNN_NOT_FOUND;
    if (known && error->status == status && error->message[0]) return;
    print_error("%s, with %s failing, gave %s \"%s\"\n", call, failed() ? failed() : "nothing",
                cnn_status_name(status), error->message);
    _fail(__FILE__, __LINE__);
}

static int close_to(const float *a, const float *b, int64_t count, float tolerance) {
    for (int64_t i = 0; i < count; i++)
        if (!(a[i] - b[i] <= tolerance && b[i] - a[i] <= tolerance)) return 0;
    return 1;
}

static void run_on_cpu(const float *theta, int64_t count, float *y) {
    cnn_device *cpu = open_device("cpu");
    cnn_net *net = small_net();
    OK(cnn_net_compile(net, cpu, &(cnn_compile){.max_batch = N}, &err));
    OK(cnn_net_set_vector(net, CNN_PARAMETERS, theta, count, &err));
    OK(cnn_net_run(net, pictures(), N * SIDE * SIDE, y, N * OUT, &err));
    cnn_net_destroy(net);
    cnn_device_destroy(cpu);
}

/* Each call once more if it fails: then a driver that fails a single time succeeds. */
#define TWICE(status, call)                      \
    {                                            \
        status = (call);                         \
        check_status(status, &error, #call);     \
        tried = status != CNN_OK;                \
        if (status && again) {                   \
            status = (call);                     \
            check_status(status, &error, #call); \
        }                                        \
    }

static outcome program(const char *spec, int again, const char *cache) {
    outcome o;
    memset(&o, 0, sizeof o);
    int tried;
    cnn_error error = {0};
    cnn_device *device = NULL;
    cnn_device_info info;
    const int32_t count = cnn_device_count(&error);
    assert_true(count >= 1);
    for (int32_t i = 0; i < count; i++) {
        /* There may be fewer than a moment ago. */
        const cnn_status status = cnn_device_describe(i, &info, &error);
        assert_true(status == CNN_OK || status == CNN_OUT_OF_RANGE);
    }
    TWICE(o.open,
          cnn_device_open(spec, &(cnn_device_options){.cache_directory = cache}, &device, &error))
    if (o.open) return o;
    OK(cnn_device_get_info(device, &info, &err));
    o.on_cpu = strcmp(info.backend, "cpu") == 0;

    cnn_net *net = small_net();
    cnn_optimizer *adam = cnn_optimizer_create(CNN_ADAM);
    cnn_evaluation evaluation = {0};
    TWICE(o.compile, cnn_net_compile(net, device, &(cnn_compile){.max_batch = N}, &error))
    if (!o.compile) {
        TWICE(o.run, cnn_net_run(net, pictures(), N * SIDE * SIDE, o.y, N * OUT, &error))
        for (int i = 0; i < STEPS; i++) {
            TWICE(o.train[i], cnn_net_train_step(net, adam, samples(), &o.loss[i], &error))
            o.tried[i] = tried;
        }
        TWICE(o.evaluate, cnn_net_evaluate(net, samples(), &evaluation, &error))
        o.evaluated = evaluation.loss;
        o.parameters = cnn_net_vector_elements(net, CNN_PARAMETERS);
        assert_true(o.parameters <= LENGTH(o.theta));
        TWICE(o.get, cnn_net_get_vector(net, CNN_PARAMETERS, o.theta, o.parameters, &error))
        float now[N * OUT], expected[N * OUT];
        cnn_status run;
        TWICE(run, cnn_net_run(net, pictures(), N * SIDE * SIDE, now, N * OUT, &error))
        o.told = !o.get && !run;
        if (o.told) {
            run_on_cpu(o.theta, o.parameters, expected);
            o.consistent = close_to(now, expected, N * OUT, 1e-4f);
        }
    }
    cnn_net_destroy(net);
    cnn_optimizer_destroy(adam);
    cnn_device_destroy(device);
    return o;
}

static stub_settings working(int forward) {
    return (stub_settings){.forward = forward,
                           .error = CL_OUT_OF_RESOURCES,
                           .has_type = 1,
                           .type = CL_DEVICE_TYPE_GPU,
                           .platforms = 1,
                           .devices = 1};
}

static outcome program_on(const stub_settings *settings, const char *spec) {
    begin(settings);
    const outcome o = program(spec, !settings->sticky, NULL);
    if (objects() != 0) {
        print_error("%ld objects left with %s, call %ld, failing\n", objects(),
                    failed() ? failed() : "nothing", settings->fail_at);
        _fail(__FILE__, __LINE__);
    }
    return o;
}

/* Every answer that is given is right. */
static void check_answers(const outcome *o, const outcome *good, const stub_settings *settings) {
    int right = 1;
    if (!o->open && !o->compile) {
        right = (o->run || close_to(o->y, good->y, N * OUT, 1e-5f));
        /* A step that failed may have changed parameters before it did. */
        int known = 1;
        for (int i = 0; i < STEPS; i++) {
            const double d = o->loss[i] - good->loss[i];
            known = known && !o->tried[i];
            right = right && (o->train[i] || !known || (d < 1e-5 && d > -1e-5));
        }
        right = right && (!o->told || o->consistent);
    }
    if (right) return;
    print_error(
        "a wrong answer with %s, call %ld, failing: losses %g %g, not %g %g; %s; %d %d %d %d\n",
        failed() ? failed() : "nothing", settings->fail_at, o->loss[0], o->loss[1], good->loss[0],
        good->loss[1], o->consistent ? "parameters fit" : "parameters don't fit", o->run,
        o->train[0], o->train[1], o->get);
    _fail(__FILE__, __LINE__);
}

/* Where each call that fails needs a real driver's time. */
static long driver_stride(void) {
    return 17 * failure_stride();
}

/* ---- Calls that fail ---- */

/* Memory works and kernels do nothing, so that there is time for every call. */
static void every_call_fails_once(void **state) {
    (void)state;
    static const cl_int errors[] = {CL_OUT_OF_RESOURCES, CL_MEM_OBJECT_ALLOCATION_FAILURE, -9999};
    for (int kind = 0; kind < 4; kind++) { /* own memory or the host's, once or for good */
        stub_settings settings = working(0);
        settings.unified = kind & 1;
        settings.sticky = kind >> 1;
        const outcome good = program_on(&settings, "opencl");
        assert_int_equal(good.open + good.compile + good.run, CNN_OK);
        const long all = calls();
        assert_true(all > 300);
        for (long n = 1; n <= all; n += failure_stride()) {
            settings.fail_at = n;
            settings.error = errors[n % LENGTH(errors)];
            const outcome o = program_on(&settings, "opencl");
            /* Once is mended by trying again. */
            if (!settings.sticky) assert_int_equal(o.open + o.compile + o.run + o.get, CNN_OK);
        }
    }
}

static void every_object_is_null_once(void **state) {
    (void)state;
    stub_settings settings = working(0);
    program_on(&settings, "opencl");
    const long all = calls();
    settings.null_object = 1;
    for (long n = 1; n <= all; n += failure_stride()) {
        settings.fail_at = n;
        program_on(&settings, "opencl");
    }
}

/* The same with the program cache, which asks more of the driver. */
static void failures_with_a_cache(void **state) {
    (void)state;
    char folder[] = "/tmp/cnn-stub-XXXXXX", command[64];
    assert_non_null(mkdtemp(folder));
    stub_settings settings = working(0);
    for (int warm = 0; warm < 2; warm++) {
        begin(&settings);
        program("opencl", 1, folder);
        const long all = calls();
        for (long n = 1; n <= all; n += 3 * failure_stride()) {
            settings.fail_at = n;
            begin(&settings);
            const outcome o = program("opencl", 1, folder);
            assert_int_equal(o.open + o.compile, CNN_OK);
            assert_int_equal(objects(), 0);
        }
        settings.fail_at = 0;
    }
    snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

/* With a driver that computes: what succeeds in spite of it is right. */
static void answers_are_right_whatever_fails(void **state) {
    (void)state;
    if (!can_forward()) skip();
    for (int sticky = 0; sticky < 2; sticky++) {
        stub_settings settings = working(1);
        settings.sticky = sticky;
        const outcome good = program_on(&settings, "opencl");
        assert_int_equal(good.open + good.compile + good.run + good.train[1], CNN_OK);
        assert_true(good.consistent);
        const long all = calls();
        for (long n = 1 + sticky; n <= all; n += driver_stride()) {
            settings.fail_at = n;
            const outcome o = program_on(&settings, "opencl");
            check_answers(&o, &good, &settings);
        }
    }
}

/* ---- "auto" ---- */

static void auto_takes_a_gpu_that_works(void **state) {
    (void)state;
    if (!can_forward()) skip();
    const stub_settings settings = working(1);
    const outcome o = program_on(&settings, "auto");
    assert_false(o.on_cpu);
    assert_true(o.consistent);
}

static void auto_passes_over_a_gpu_that_computes_nothing(void **state) {
    (void)state;
    const stub_settings settings = working(0);
    const outcome o = program_on(&settings, "auto");
    assert_true(o.on_cpu && o.consistent);
}

static void auto_falls_back_to_the_cpu(void **state) {
    (void)state;
    for (int forward = 0; forward <= can_forward(); forward++) {
        stub_settings settings = working(forward);
        settings.sticky = 1;
        begin(&settings);
        cnn_device *device = open_device("auto");
        cnn_device_destroy(device);
        const long opening = calls();
        for (long n = 1; n <= opening; n += forward ? driver_stride() : failure_stride()) {
            settings.fail_at = n;
            begin(&settings);
            cnn_device_info info;
            device = open_device("auto");
            OK(cnn_device_get_info(device, &info, &err));
            /* Of the last calls some only release. */
            if (strcmp(info.backend, "cpu") != 0) assert_true(forward && n > opening - 12);
            cnn_device_destroy(device);
            assert_int_equal(objects(), 0);
        }
    }
}

/* ---- Odd drivers ---- */

static void nothing_is_found(void **state) {
    (void)state;
    stub_settings settings = working(0);
    settings.platforms = 0;
    for (int i = 0; i < 2; i++) {
        begin(&settings);
        cnn_device *device = NULL;
        assert_int_equal(cnn_device_count(&err), 1);
        FAILS(CNN_NOT_FOUND, cnn_device_open("opencl", NULL, &device, &err));
        SAID("found: cpu");
        const outcome o = program_on(&settings, "auto");
        assert_true(o.on_cpu && o.consistent);
        settings.platforms = 1;
        settings.devices = 0;
    }
}

/* Counts that are not to be believed. */
static void too_many_are_found(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++) {
        stub_settings settings = working(0);
        if (i)
            settings.devices = -1;
        else
            settings.platforms = -1;
        const outcome o = program_on(&settings, "opencl");
        assert_int_equal(o.open + o.compile, CNN_OK);
    }
}

/* An older driver's table lacks functions that would be called. */
static void old_drivers_are_left_alone(void **state) {
    (void)state;
    static const char *const versions[] = {
        "OpenCL 1.1 old", "OpenCL 1.0", "OpenCL 0.9", "OpenCL ",
        "OpenCL 1",       "banana",     "1.2",        "OpenCL x.y"};
    for (int i = 0; i < LENGTH(versions); i++) {
        stub_settings settings = working(0);
        settings.version = versions[i];
        begin(&settings);
        assert_int_equal(cnn_device_count(&err), 1);
    }
    static const char *const recent[] = {"OpenCL 1.2", "OpenCL 2.0 x", "OpenCL 3.0 PoCL"};
    for (int i = 0; i < LENGTH(recent); i++) {
        stub_settings settings = working(0);
        settings.version = recent[i];
        begin(&settings);
        assert_int_equal(cnn_device_count(&err), 2);
    }
}

static void odd_strings(void **state) {
    (void)state;
    for (int text = STUB_TEXT_EMPTY; text <= STUB_TEXT_HUGE; text++) {
        stub_settings settings = working(0);
        settings.text = (enum stub_text)text;
        settings.version = "OpenCL 1.2 stub";
        begin(&settings);
        const int32_t count = cnn_device_count(&err);
        /* Without a version nobody knows what can be called. */
        assert_int_equal(count, text == STUB_TEXT_UNTERMINATED ? 2 : 1);
        if (count > 1) {
            cnn_device_info info;
            OK(cnn_device_describe(1, &info, &err));
            assert_int_equal(strlen(info.name), sizeof info.name - 1);
            assert_int_equal(strlen(info.vendor), sizeof info.vendor - 1);
            const outcome o = program_on(&settings, "opencl");
            assert_int_equal(o.open + o.compile + o.run, CNN_OK);
        }
        const outcome o = program_on(&settings, "auto");
        assert_true(o.on_cpu && o.consistent);
    }
}

/* Whatever a driver says of itself, answers are right or there is an error. */
static void odd_limits(void **state) {
    (void)state;
    if (!can_forward()) skip();
    stub_settings settings = working(1);
    const outcome good = program_on(&settings, "opencl");
    settings.limits = 1;
    const stub_settings plain = settings;
    const struct {
        size_t work_group;
        cl_ulong local_bytes, buffer_bytes, memory_bytes;
        cl_uint units;
        int works;
    } cases[] = {
        {1, 32768, 1 << 28, 1 << 30, 4, 1}, /* work-groups of one item */
        {0, 32768, 1 << 28, 1 << 30, 4, 1}, /* none at all */
        {7, 16, 1 << 28, 1 << 30, 1, 1},    /* an odd one, and no local memory */
        {64, 0, 0, 0, 0, 1},                /* knows nothing */
        {64, 32768, 64, 1 << 30, 4, 0},     /* buffers of 64 bytes */
        {64, 32768, 1, 1, 1, 0},            /* of one */
        {SIZE_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT32_MAX, 1},
    };
    for (int i = 0; i < LENGTH(cases); i++)
        for (int cpu = 0; cpu < 2; cpu++) {
            settings = plain;
            settings.type = cpu ? CL_DEVICE_TYPE_CPU : CL_DEVICE_TYPE_GPU;
            settings.work_group = cases[i].work_group;
            settings.local_bytes = cases[i].local_bytes;
            settings.buffer_bytes = cases[i].buffer_bytes;
            settings.memory_bytes = cases[i].memory_bytes;
            settings.compute_units = cases[i].units;
            const outcome o = program_on(&settings, "opencl");
            check_answers(&o, &good, &settings);
            if (cases[i].works != (!o.open && !o.compile && !o.run && !o.train[1])) {
                print_error("case %d: %s: %d %d %d %d\n", i, cases[i].works ? "fails" : "works",
                            o.open, o.compile, o.run, o.train[1]);
                _fail(__FILE__, __LINE__);
            }
            const outcome automatic = program_on(&settings, "auto");
            assert_true(automatic.open == CNN_OK && (cases[i].works || automatic.on_cpu));
            check_answers(&automatic, &good, &settings);
        }
}

static void functions_are_missing(void **state) {
    (void)state;
    static const char *const names[] = {"clGetPlatformIDs", "clEnqueueFillBuffer",
                                        "clGetMemObjectInfo", "clFinish",
                                        "clEnqueueMarkerWithWaitList"};
    const stub_settings settings = working(0);
    begin(&settings);
    assert_int_equal(cnn_device_count(&err), 2);
    for (int i = 0; i < LENGTH(names); i++) {
        missing = names[i];
        cnn_device *device = NULL;
        assert_int_equal(cnn_device_count(&err), 1);
        FAILS(CNN_NOT_FOUND, cnn_device_open("opencl", NULL, &device, &err));
        SAID(names[i]);
        device = open_device("auto");
        cnn_device_destroy(device);
        missing = NULL;
    }
    assert_int_equal(cnn_device_count(&err), 2);
}

int main(void) {
    if (!find_stub()) {
        print_message("libOpenCL.so.1 isn't the stub: skipped\n");
        return 77;
    }
    alarm(800); /* a hang is a failure */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_fails_once),
        cmocka_unit_test(every_object_is_null_once),
        cmocka_unit_test(failures_with_a_cache),
        cmocka_unit_test(answers_are_right_whatever_fails),
        cmocka_unit_test(auto_takes_a_gpu_that_works),
        cmocka_unit_test(auto_passes_over_a_gpu_that_computes_nothing),
        cmocka_unit_test(auto_falls_back_to_the_cpu),
        cmocka_unit_test(nothing_is_found),
        cmocka_unit_test(too_many_are_found),
        cmocka_unit_test(old_drivers_are_left_alone),
        cmocka_unit_test(odd_strings),
        cmocka_unit_test(odd_limits),
        cmocka_unit_test(functions_are_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

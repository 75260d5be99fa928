/* What the tests of the public interface share: devices by their spec, errors, small numbers. */
#ifndef CNN_TESTS_PUBLIC_H
#define CNN_TESTS_PUBLIC_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(_WIN32)
#include <malloc.h>
#endif

#include <cmocka.h>

#include <cnn/cnn.h>

#define LENGTH(array) ((int)(sizeof(array) / sizeof(array)[0]))

/* The error of the latest call that was given it. */
static cnn_error err;

static inline void expect(cnn_status wanted, cnn_status got, const char *call, const char *file,
                          int line) {
    if (got == wanted && (got == CNN_OK || err.status == got)) return;
    print_error("%s:%d: %s\n  gave %s \"%s\", not %s\n", file, line, call, cnn_status_name(got),
                got == CNN_OK ? "" : err.message, cnn_status_name(wanted));
    _fail(file, line);
}

/* The call, whose last argument is &err, succeeds, or fails with that status. */
#define OK(call) expect(CNN_OK, (call), #call, __FILE__, __LINE__)
#define FAILS(status, call) expect(status, (call), #call, __FILE__, __LINE__)

static inline void said_at(const char *part, const char *file, int line) {
    if (strstr(err.message, part)) return;
    print_error("%s:%d: the message is \"%s\", without \"%s\"\n", file, line, err.message, part);
    _fail(file, line);
}

/* The latest error's message has that in it. */
#define SAID(part) said_at(part, __FILE__, __LINE__)

/* ---- Devices ---- */

static inline int device_exists(const char *spec) {
    cnn_device_info info;
    if (strcmp(spec, "opencl") != 0) return 1;
    const int32_t count = cnn_device_count(NULL);
    for (int32_t i = 0; i < count; i++)
        if (!cnn_device_describe(i, &info, NULL) && strcmp(info.backend, spec) == 0) return 1;
    return 0;
}

/* Each test of the table runs on every device, named "<test>_on_<spec>", its state the spec.
 * CNN_TEST_DEVICES="reference cpu" leaves the others out. */
static inline void skip_without(void **state) {
    const char *wanted = getenv("CNN_TEST_DEVICES");
    if ((wanted && !strstr(wanted, *state)) || !device_exists(*state)) skip();
}

static inline int run_on_devices(const char *name, const struct CMUnitTest *tests, int count) {
    static char *specs[] = {"reference", "cpu", "opencl"};
    struct CMUnitTest *all = calloc((size_t)count * 3, sizeof *all);
    if (!all) return 1;
    int total = 0;
    for (int t = 0; t < count; t++)
        for (int d = 0; d < 3; d++) {
            const size_t size = strlen(tests[t].name) + 32;
            char *full = malloc(size);
            if (!full) return 1;
            snprintf(full, size, "%s_on_%s", tests[t].name, specs[d]);
            all[total] = tests[t];
            all[total].name = full;
            all[total++].initial_state = specs[d];
        }
    const int failed = _cmocka_run_group_tests(name, all, (size_t)total, NULL, NULL);
    for (int t = 0; t < total; t++) free((char *)(uintptr_t)all[t].name);
    free(all);
    return failed;
}

static inline cnn_device *open_device(const char *spec) {
    cnn_device *device = NULL;
    OK(cnn_device_open(spec, NULL, &device, &err));
    return device;
}

/* ---- Numbers ---- */

/* The next of a stream of multiples of 2^-14 in [-1, 1). */
static inline float noise(uint32_t *stream) {
    *stream = *stream * 1664525u + 1013904223u;
    return (float)(int32_t)(*stream >> 17) / 16384.0f - 1.0f;
}

static inline void fill(float *values, int64_t count, uint32_t seed) {
    for (int64_t i = 0; i < count; i++) values[i] = noise(&seed);
}

static inline float *floats(int64_t count) {
    float *values = calloc((size_t)(count > 0 ? count : 1), sizeof *values);
    assert_non_null(values);
    return values;
}

static inline void near_at(double a, double b, double tolerance, const char *file, int line) {
    const double difference = a > b ? a - b : b - a;
    if (difference <= tolerance) return;
    print_error("%s:%d: %.12g is not %.12g to %g\n", file, line, a, b, tolerance);
    _fail(file, line);
}

#define NEAR(a, b, tolerance) near_at(a, b, tolerance, __FILE__, __LINE__)

/* ---- Memory ---- */

/* For a host's allocator. */
static inline void *take_aligned(size_t size, size_t align) {
#if defined(_WIN32)
    return _aligned_malloc(size, align);
#else
    void *memory = NULL;
    if (align < sizeof memory) align = sizeof memory;
    return posix_memalign(&memory, align, size) ? NULL : memory;
#endif
}

static inline void give_aligned(void *memory) {
#if defined(_WIN32)
    _aligned_free(memory);
#else
    free(memory);
#endif
}

/* ---- Nets ---- */

static inline cnn_net *seeded_net(uint64_t seed) {
    cnn_net *net = cnn_net_create(&(cnn_net_options){.seed = seed});
    assert_non_null(net);
    return net;
}

/* A copy of a vector of the net's, to be freed. */
static inline float *vector_of(cnn_net *net, cnn_vector which) {
    const int64_t elements = cnn_net_vector_elements(net, which);
    float *values = floats(elements);
    OK(cnn_net_get_vector(net, which, values, elements, &err));
    return values;
}

static inline int same_vector(cnn_net *a, cnn_net *b, cnn_vector which) {
    const int64_t elements = cnn_net_vector_elements(a, which);
    if (elements != cnn_net_vector_elements(b, which)) return 0;
    float *x = vector_of(a, which), *y = vector_of(b, which);
    const int same = memcmp(x, y, (size_t)elements * sizeof *x) == 0;
    free(x);
    free(y);
    return same;
}

#endif

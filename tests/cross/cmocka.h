/* What the tests use of cmocka, for targets that have no package of it: a failed check leaves its
 * test by longjmp, and the group goes on with the next. */
#ifndef CNN_TESTS_CROSS_CMOCKA_H
#define CNN_TESTS_CROSS_CMOCKA_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void (*CMUnitTestFunction)(void **state);
typedef int (*CMFixtureFunction)(void **state);

struct CMUnitTest {
    const char *name;
    CMUnitTestFunction test_func;
    CMFixtureFunction setup_func;
    CMFixtureFunction teardown_func;
    void *initial_state;
};

#define cmocka_unit_test(f) \
    { #f, f, NULL, NULL, NULL }
#define cmocka_unit_test_setup_teardown(f, setup, teardown) \
    { #f, f, setup, teardown, NULL }
#define cmocka_run_group_tests(tests, setup, teardown) \
    _cmocka_run_group_tests(#tests, tests, sizeof(tests) / sizeof(tests)[0], setup, teardown)
#define cmocka_run_group_tests_name(name, tests, setup, teardown) \
    _cmocka_run_group_tests(name, tests, sizeof(tests) / sizeof(tests)[0], setup, teardown)

enum { cmocka_failed = 1, cmocka_skipped = 2 };

typedef struct cmocka_runner {
    jmp_buf end;
    const char *filter;
} cmocka_runner;

/* Of this program: its one file includes this header once. */
static cmocka_runner cmocka_current;

static inline void cmocka_set_test_filter(const char *pattern) {
    cmocka_current.filter = pattern;
}

/* Whether the name is of the pattern, in which * stands for any text and ? for any character. */
static inline int cmocka_matches(const char *name, const char *pattern) {
    if (*pattern == '*') {
        return cmocka_matches(name, pattern + 1) || (*name && cmocka_matches(name + 1, pattern));
    }
    if (!*pattern || !*name) return *pattern == *name;
    return (*pattern == '?' || *pattern == *name) && cmocka_matches(name + 1, pattern + 1);
}

static inline void cmocka_print(FILE *to, const char *format, va_list arguments) {
    vfprintf(to, format, arguments);
    fflush(to);
}

static inline void print_message(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    cmocka_print(stdout, format, arguments);
    va_end(arguments);
}

static inline void print_error(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    cmocka_print(stderr, format, arguments);
    va_end(arguments);
}

#if defined(__GNUC__)
__attribute__((noreturn))
#endif
static inline void
cmocka_end(int how) {
    longjmp(cmocka_current.end, how);
}

#if defined(__GNUC__)
__attribute__((noreturn))
#endif
static inline void
_fail(const char *file, int line) {
    print_error("%s:%d: error: failure\n", file, line);
    cmocka_end(cmocka_failed);
}

#define fail() _fail(__FILE__, __LINE__)
#define fail_msg(...)              \
    do {                           \
        print_error("ERROR: ");    \
        print_error(__VA_ARGS__);  \
        print_error("\n");         \
        _fail(__FILE__, __LINE__); \
    } while (0)
#define skip() cmocka_end(cmocka_skipped)

/* ---- Checks ---- */

static inline void cmocka_true(int holds, const char *text, const char *file, int line) {
    if (holds) return;
    print_error("%s\n", text);
    _fail(file, line);
}

static inline void cmocka_equal(uint64_t a, uint64_t b, int equal, const char *file, int line) {
    if ((a == b) == equal) return;
    print_error("0x%llx %s 0x%llx\n", (unsigned long long)a,
                equal ? "!=" : "==", (unsigned long long)b);
    _fail(file, line);
}

static inline void cmocka_text(const char *a, const char *b, int equal, const char *file,
                               int line) {
    if ((strcmp(a, b) == 0) == equal) return;
    print_error("\"%s\" %s \"%s\"\n", a, equal ? "!=" : "==", b);
    _fail(file, line);
}

static inline void cmocka_memory(const void *a, const void *b, size_t size, int equal,
                                 const char *file, int line) {
    if ((size == 0 || memcmp(a, b, size) == 0) == equal) return;
    print_error("%llu bytes are %s\n", (unsigned long long)size, equal ? "different" : "the same");
    _fail(file, line);
}

static inline void cmocka_near(float a, float b, float epsilon, const char *file, int line) {
    if (fabsf(a - b) <= epsilon) return;
    print_error("%g != %g\n", (double)a, (double)b);
    _fail(file, line);
}

static inline void cmocka_range(uint64_t value, uint64_t low, uint64_t high, const char *file,
                                int line) {
    if (value >= low && value <= high) return;
    print_error("%llu is not within %llu-%llu\n", (unsigned long long)value,
                (unsigned long long)low, (unsigned long long)high);
    _fail(file, line);
}

#define assert_true(c) cmocka_true((c) ? 1 : 0, #c, __FILE__, __LINE__)
#define assert_false(c) cmocka_true((c) ? 0 : 1, "not (" #c ")", __FILE__, __LINE__)
#define assert_non_null(p) cmocka_true((p) != NULL, #p " is NULL", __FILE__, __LINE__)
#define assert_null(p) cmocka_true((p) == NULL, #p " isn't NULL", __FILE__, __LINE__)
#define assert_int_equal(a, b) cmocka_equal((uint64_t)(a), (uint64_t)(b), 1, __FILE__, __LINE__)
#define assert_int_not_equal(a, b) cmocka_equal((uint64_t)(a), (uint64_t)(b), 0, __FILE__, __LINE__)
#define assert_ptr_equal(a, b) \
    cmocka_equal((uint64_t)(uintptr_t)(a), (uint64_t)(uintptr_t)(b), 1, __FILE__, __LINE__)
#define assert_string_equal(a, b) cmocka_text(a, b, 1, __FILE__, __LINE__)
#define assert_string_not_equal(a, b) cmocka_text(a, b, 0, __FILE__, __LINE__)
#define assert_memory_equal(a, b, size) cmocka_memory(a, b, size, 1, __FILE__, __LINE__)
#define assert_memory_not_equal(a, b, size) cmocka_memory(a, b, size, 0, __FILE__, __LINE__)
#define assert_float_equal(a, b, epsilon) \
    cmocka_near((float)(a), (float)(b), (float)(epsilon), __FILE__, __LINE__)
#define assert_in_range(value, low, high) \
    cmocka_range((uint64_t)(value), (uint64_t)(low), (uint64_t)(high), __FILE__, __LINE__)

/* ---- Groups ---- */

/* How the test ended: 0, cmocka_failed or cmocka_skipped. */
static inline int cmocka_run_one(const struct CMUnitTest *test, void **state) {
    const int how = setjmp(cmocka_current.end);
    if (how != 0) return how;
    if (test->setup_func && test->setup_func(state) != 0) return cmocka_failed;
    test->test_func(state);
    return 0;
}

/* The count of tests that failed. */
static inline int _cmocka_run_group_tests(const char *name, const struct CMUnitTest *tests,
                                          size_t count, CMFixtureFunction setup,
                                          CMFixtureFunction teardown) {
    int failed = 0, passed = 0, skipped = 0;
    void *shared = NULL;
    if (setup && setup(&shared) != 0) {
        print_error("%s: setting up failed\n", name);
        return 1;
    }
    for (size_t i = 0; i < count; i++) {
        if (cmocka_current.filter && !cmocka_matches(tests[i].name, cmocka_current.filter))
            continue;
        void *state = tests[i].initial_state ? tests[i].initial_state : shared;
        const int how = cmocka_run_one(&tests[i], &state);
        if (tests[i].teardown_func) tests[i].teardown_func(&state);
        if (how == 0) passed++;
        if (how == cmocka_failed) failed++;
        if (how == cmocka_skipped) skipped++;
        if (how == cmocka_failed) print_error("[  FAILED  ] %s\n", tests[i].name);
        if (how == cmocka_skipped) print_message("[  SKIPPED ] %s\n", tests[i].name);
    }
    if (teardown) teardown(&shared);
    print_message("%s: %d passed, %d failed, %d skipped\n", name, passed, failed, skipped);
    return failed;
}

#endif

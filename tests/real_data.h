// What the tests on real data share: finding the data, and devices that may not be there.
#pragma once

// cmocka needs these before it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#include <cmocka.h>
#ifdef __cplusplus
}
#endif

#include <cnn/cnn.h>
#include <stdio.h>
#include <stdlib.h>

// The path of a folder or file below CNN_TEST_DATA; 0 where that isn't set.
static inline int data_path(char *path, size_t size, const char *name) {
    const char *folder = getenv("CNN_TEST_DATA");
    if (!folder || !*folder) return 0;
    const int length = snprintf(path, size, "%s/%s", folder, name);
    return length > 0 && (size_t)length < size;
}

static inline void need_data(int there, const char *name) {
    if (there) return;
    printf("skipped: %s isn't there (CNN_TEST_DATA)\n", name);
    skip();
}

static inline void check(cnn_status status, const cnn_error *error) {
    if (status) fail_msg("%s: %s", cnn_status_name(status), error->message);
}

// An open device; skips the test where there is none of that kind.
static inline cnn_device *open_or_skip(const char *spec) {
    cnn_device *device = NULL;
    cnn_error error = {CNN_OK, -1, {0}};
    const cnn_status status = cnn_device_open(spec, NULL, &device, &error);
    if (status == CNN_NOT_FOUND) {
        printf("skipped: no device \"%s\"\n", spec);
        skip();
    }
    check(status, &error);
    return device;
}

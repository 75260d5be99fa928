/* Preloaded: a dlopen that finds no OpenCL library, as on a machine without one. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

__attribute__((visibility("default"))) int no_opencl_refusals = 0;

__attribute__((visibility("default"))) void *dlopen(const char *file, int mode) {
    static void *(*next)(const char *, int);
    if (file && strstr(file, "OpenCL")) {
        no_opencl_refusals++;
        file = "/nonexistent/libOpenCL.so";
    }
    if (!next) {
        void *address = dlsym(RTLD_NEXT, "dlopen");
        if (!address) abort();
        memcpy(&next, &address, sizeof address);
    }
    return next(file, mode);
}

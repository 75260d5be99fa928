/* From dlopen to the first classified digit: first_digit LIBCNN.SO MODEL [DEVICE]. Prints
 * milliseconds. MODEL takes 28 x 28 pictures. The program itself links nothing of libcnn. */
#define _POSIX_C_SOURCE 200809L
#include <cnn/cnn.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* ISO C has no cast from an object's address to a function's. */
static void find(void *library, const char *name, void *function) {
    void *address = dlsym(library, name);
    if (!address) {
        fprintf(stderr, "no %s\n", name);
        exit(1);
    }
    memcpy(function, &address, sizeof address);
}

int main(int argc, char **argv) {
    cnn_status (*open)(const char *, const cnn_device_options *, cnn_device **, cnn_error *);
    cnn_status (*load)(const char *, cnn_net **, cnn_error *);
    cnn_status (*compile)(cnn_net *, cnn_device *, const cnn_compile *, cnn_error *);
    cnn_status (*run)(cnn_net *, const float *, int64_t, float *, int64_t, cnn_error *);
    float picture[784] = {0}, digits[10];
    cnn_net *net = NULL;
    cnn_device *device = NULL;
    cnn_error error = {0};
    const cnn_compile inference = {.inference_only = 1};
    if (argc < 3) return 2;

    const double start = now();
    void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    const double opened = now();
    find(library, "cnn_device_open", &open);
    find(library, "cnn_net_load", &load);
    find(library, "cnn_net_compile", &compile);
    find(library, "cnn_net_run", &run);
    if (open(argc > 3 ? argv[3] : "cpu", NULL, &device, &error) || load(argv[2], &net, &error) ||
        compile(net, device, &inference, &error) || run(net, picture, 784, digits, 10, &error)) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    printf("dlopen %.2f ms, first digit after %.2f ms\n", opened - start, now() - start);
    return 0;
}

/* A copy of libcnn that is opened at run time, and a small use of it. */
#ifndef CNN_TESTS_PLUGIN_LIBRARY_H
#define CNN_TESTS_PLUGIN_LIBRARY_H

#include <stdio.h>
#include <string.h>

#include <dlfcn.h>

#include <cnn/cnn.h>

struct library {
    void *handle;
    cnn_status (*device_open)(const char *, const cnn_device_options *, cnn_device **, cnn_error *);
    void (*device_destroy)(cnn_device *);
    cnn_net *(*net_create)(const cnn_net_options *);
    void (*net_destroy)(cnn_net *);
    cnn_node (*net_input)(cnn_net *, const char *, int32_t, const int64_t *);
    cnn_node (*net_conv2d)(cnn_net *, cnn_node, const cnn_conv2d *);
    cnn_node (*net_dense)(cnn_net *, cnn_node, const cnn_dense *);
    cnn_node (*net_loss)(cnn_net *, cnn_node, const cnn_loss *);
    cnn_status (*net_compile)(cnn_net *, cnn_device *, const cnn_compile *, cnn_error *);
    cnn_status (*net_run)(cnn_net *, const float *, int64_t, float *, int64_t, cnn_error *);
    cnn_status (*net_train_step)(cnn_net *, cnn_optimizer *, const cnn_samples *, double *,
                                 cnn_error *);
    cnn_optimizer *(*optimizer_create)(cnn_optimizer_kind);
    void (*optimizer_destroy)(cnn_optimizer *);
};

/* 1 when all of it was found. */
static inline int open_library(struct library *l, const char *path) {
    const struct {
        const char *name;
        void *place;
    } functions[] = {{"cnn_device_open", &l->device_open},
                     {"cnn_device_destroy", &l->device_destroy},
                     {"cnn_net_create", &l->net_create},
                     {"cnn_net_destroy", &l->net_destroy},
                     {"cnn_net_input", &l->net_input},
                     {"cnn_net_conv2d", &l->net_conv2d},
                     {"cnn_net_dense", &l->net_dense},
                     {"cnn_net_loss", &l->net_loss},
                     {"cnn_net_compile", &l->net_compile},
                     {"cnn_net_run", &l->net_run},
                     {"cnn_net_train_step", &l->net_train_step},
                     {"cnn_optimizer_create", &l->optimizer_create},
                     {"cnn_optimizer_destroy", &l->optimizer_destroy}};
    l->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!l->handle) {
        fprintf(stderr, "%s\n", dlerror());
        return 0;
    }
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        void *address = dlsym(l->handle, functions[i].name);
        if (!address) return 0;
        memcpy(functions[i].place, &address, sizeof address);
    }
    return 1;
}

enum {
    kLibrarySide = 24,
    kLibraryIn = 4 * kLibrarySide * kLibrarySide,
    kLibraryOut = 6,
    kLibraryBatch = 16
};

/* Trains and runs a net, with images of kLibrarySide large enough to keep the device's threads at
 * work; what it came to is in y. Called from any thread. */
static inline cnn_status use_library(const struct library *l, const char *spec, int32_t threads,
                                     int64_t side, int steps, float y[kLibraryOut * kLibraryBatch],
                                     cnn_error *error) {
    static float x[kLibraryIn * kLibraryBatch];
    static const float t[kLibraryOut * kLibraryBatch] = {1, 0, -1};
    const int64_t in = 4 * side * side * kLibraryBatch;
    cnn_device *device = NULL;
    cnn_status status =
        l->device_open(spec, &(cnn_device_options){.threads = threads}, &device, error);
    if (status) return status;
    cnn_net *net = l->net_create(NULL);
    cnn_node n = l->net_input(net, NULL, 3, (const int64_t[]){4, side, side});
    n = l->net_conv2d(net, n,
                      &(cnn_conv2d){.filters = 24, .kernel = {5, 5}, .activation = CNN_TANH});
    n = l->net_dense(net, n, &(cnn_dense){.units = kLibraryOut});
    l->net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_MSE});
    cnn_optimizer *adam = l->optimizer_create(CNN_ADAM);
    const cnn_samples samples = {.inputs = x,
                                 .input_elements = in,
                                 .targets = t,
                                 .target_elements = kLibraryOut * kLibraryBatch};
    status = l->net_compile(net, device, &(cnn_compile){.max_batch = kLibraryBatch}, error);
    for (int i = 0; i < steps && !status; i++)
        status = l->net_train_step(net, adam, &samples, NULL, error);
    if (!status) status = l->net_run(net, x, in, y, kLibraryOut * kLibraryBatch, error);
    /* One that fails, without looking for drivers. */
    cnn_device *none = NULL;
    if (!status && l->device_open("cpu:nothing", NULL, &none, NULL) != CNN_NOT_FOUND)
        status = CNN_INTERNAL;
    l->device_destroy(device);
    l->net_destroy(net);
    l->optimizer_destroy(adam);
    return status;
}

#endif

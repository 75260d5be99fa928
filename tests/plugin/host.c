/* A C program that opens libcnn at run time, trains with it, and then opens a plugin in C++: malloc
 * and operator new must stay the host's. Not linked with libcnn nor with the C++ run time. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dlfcn.h>

#include <cnn/cnn.h>

static void *library;

/* Writes the address of libcnn's function of that name where `function`, a pointer to a function
 * pointer, points. */
static void look_up(const char *name, void *function) {
    void *address = dlsym(library, name);
    if (!address) fail_msg("%s: %s", name, dlerror());
    memcpy(function, &address, sizeof address);
}

/* Whether a file with that in its name is mapped into the process. */
static int is_loaded(const char *name) {
    char line[4096];
    int found = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps)) found |= strstr(line, name) != NULL;
    fclose(maps);
    return found;
}

static void assert_malloc_is_the_hosts_own(void) {
    static const char *const names[] = {"malloc", "free", "calloc", "realloc", "aligned_alloc"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        Dl_info info;
        assert_int_not_equal(dladdr(dlsym(RTLD_DEFAULT, names[i]), &info), 0);
        if (!strstr(info.dli_fname, "libc.so") && !strstr(info.dli_fname, "libc-2")) {
            fail_msg("%s is that of %s", names[i], info.dli_fname);
        }
    }
}

static void train_xor(void) {
    static const float x[] = {0, 0, 0, 1, 1, 0, 1, 1}, y[] = {0, 1, 1, 0};
    cnn_net *(*net_create)(const cnn_net_options *);
    cnn_node (*net_input)(cnn_net *, const char *, int32_t, const int64_t *);
    cnn_node (*net_dense)(cnn_net *, cnn_node, const cnn_dense *);
    cnn_node (*net_loss)(cnn_net *, cnn_node, const cnn_loss *);
    cnn_status (*net_compile)(cnn_net *, cnn_device *, const cnn_compile *, cnn_error *);
    cnn_status (*net_train_step)(cnn_net *, cnn_optimizer *, const cnn_samples *, double *,
                                 cnn_error *);
    cnn_status (*device_open)(const char *, const cnn_device_options *, cnn_device **, cnn_error *);
    cnn_optimizer *(*optimizer_create)(cnn_optimizer_kind);
    void (*net_destroy)(cnn_net *);
    void (*optimizer_destroy)(cnn_optimizer *);
    void (*device_destroy)(cnn_device *);
    look_up("cnn_net_create", &net_create);
    look_up("cnn_net_input", &net_input);
    look_up("cnn_net_dense", &net_dense);
    look_up("cnn_net_loss", &net_loss);
    look_up("cnn_net_compile", &net_compile);
    look_up("cnn_net_train_step", &net_train_step);
    look_up("cnn_device_open", &device_open);
    look_up("cnn_optimizer_create", &optimizer_create);
    look_up("cnn_net_destroy", &net_destroy);
    look_up("cnn_optimizer_destroy", &optimizer_destroy);
    look_up("cnn_device_destroy", &device_destroy);

    cnn_error error;
    memset(&error, 0, sizeof error);
    cnn_device *device = NULL;
    if (device_open("cpu", NULL, &device, &error)) fail_msg("%s", error.message);
    cnn_net *net = net_create(NULL);
    cnn_optimizer *sgd = optimizer_create(CNN_SGD);
    cnn_node n = net_input(net, "x", 1, (const int64_t[]){2});
    n = net_dense(net, n, &(cnn_dense){.units = 8, .activation = CNN_TANH});
    n = net_dense(net, n, &(cnn_dense){.units = 1});
    net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_SIGMOID_CROSS_ENTROPY});
    const cnn_samples samples = {
        .inputs = x, .input_elements = 8, .targets = y, .target_elements = 4};
    double first = 0, loss = 0;
    if (net_compile(net, device, &(cnn_compile){.max_batch = 4}, &error) ||
        net_train_step(net, sgd, &samples, &first, &error)) {
        fail_msg("%s", error.message);
    }
    for (int i = 0; i < 20; i++) {
        if (net_train_step(net, sgd, &samples, &loss, &error)) fail_msg("%s", error.message);
    }
    assert_true(loss < first);
    /* The device goes first: any order of destruction is legal. */
    device_destroy(device);
    net_destroy(net);
    optimizer_destroy(sgd);
}

static void open_and_run_plugin(void) {
    void *plugin = dlopen(CNN_TEST_PLUGIN, RTLD_NOW | RTLD_GLOBAL);
    if (!plugin) fail_msg("%s", dlerror());
    void *address = dlsym(plugin, "plugin_run");
    assert_non_null(address);
    int (*run)(void);
    memcpy(&run, &address, sizeof address);
    assert_int_equal(run(), 0);
    assert_int_equal(dlclose(plugin), 0);
}

static void plugin_works_after_libcnn(void **state) {
    (void)state;
    assert_false(is_loaded("libstdc++"));
    assert_malloc_is_the_hosts_own();
    library = dlopen(CNN_TEST_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!library) fail_msg("%s", dlerror());
    train_xor();
    print_message("mimalloc is %s\n", is_loaded("libmimalloc") ? "in use" : "not installed");
#ifndef CNN_TEST_OPENCL_LINK
    /* The CPU backend has no need of a driver. */
    assert_false(is_loaded("libOpenCL"));
#endif
    assert_malloc_is_the_hosts_own();
    open_and_run_plugin();
    train_xor();
    assert_malloc_is_the_hosts_own();
}

static void host_goes_on_after_unloading(void **state) {
    (void)state;
    assert_int_equal(dlclose(library), 0);
    open_and_run_plugin();
    void *blocks[100];
    for (size_t i = 0; i < 100; i++) {
        blocks[i] = malloc(i * 1000 + 1);
        assert_non_null(blocks[i]);
    }
    for (size_t i = 0; i < 100; i++) free(blocks[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plugin_works_after_libcnn),
        cmocka_unit_test(host_goes_on_after_unloading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

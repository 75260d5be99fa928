/* On a machine without any OpenCL library (no_opencl.c is preloaded) the CPU backend works, and
 * asking for OpenCL says clearly what is missing. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <dlfcn.h>

#include <cnn/cnn.h>

/* How often an OpenCL library was refused; -1 where no_opencl.c isn't preloaded. */
static int refusals(void) {
    const int *count = dlsym(RTLD_DEFAULT, "no_opencl_refusals");
    return count ? *count : -1;
}

static void opencl_is_not_found(void **state) {
    (void)state;
    if (refusals() < 0) skip();
    cnn_error error;
    cnn_device *device = NULL;
    assert_int_equal(cnn_device_open("opencl", NULL, &device, &error), CNN_NOT_FOUND);
    assert_null(device);
    assert_int_equal(error.status, CNN_NOT_FOUND);
    assert_non_null(strstr(error.message, "opencl"));
#ifdef CNN_TEST_OPENCL
    assert_true(refusals() > 0);
#endif
}

static void the_cpu_alone_is_listed(void **state) {
    (void)state;
    if (refusals() < 0) skip();
    cnn_device_info info;
    assert_int_equal(cnn_device_count(NULL), 1);
    assert_int_equal(cnn_device_describe(0, &info, NULL), CNN_OK);
    assert_string_equal(info.backend, "cpu");
}

static void auto_trains_on_the_cpu(void **state) {
    (void)state;
    if (refusals() < 0) skip();
    static const float x[] = {0, 0, 0, 1, 1, 0, 1, 1}, y[] = {0, 1, 1, 0};
    cnn_error error;
    cnn_device *device = NULL;
    cnn_device_info info;
    if (cnn_device_open("auto", NULL, &device, &error)) fail_msg("%s", error.message);
    assert_int_equal(cnn_device_get_info(device, &info, NULL), CNN_OK);
    assert_string_equal(info.backend, "cpu");

    cnn_net *net = cnn_net_create(NULL);
    cnn_optimizer *adam = cnn_optimizer_create(CNN_ADAM);
    cnn_node n = cnn_net_input(net, "x", 1, (const int64_t[]){2});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = 8, .activation = CNN_TANH});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = 1});
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_SIGMOID_CROSS_ENTROPY});
    const cnn_samples samples = {
        .inputs = x, .input_elements = 8, .targets = y, .target_elements = 4};
    double first = 0, loss = 0;
    if (cnn_net_compile(net, device, &(cnn_compile){.max_batch = 4}, &error) ||
        cnn_net_train_step(net, adam, &samples, &first, &error)) {
        fail_msg("%s", error.message);
    }
    for (int i = 0; i < 50; i++) {
        if (cnn_net_train_step(net, adam, &samples, &loss, &error)) fail_msg("%s", error.message);
    }
    assert_true(loss < first);
    cnn_optimizer_destroy(adam);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opencl_is_not_found),
        cmocka_unit_test(the_cpu_alone_is_listed),
        cmocka_unit_test(auto_trains_on_the_cpu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

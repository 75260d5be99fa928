/* A profile by the public interface: a row for each launch, with times and arithmetic, of a run and
 * of a training step; it changes no parameter and no statistic, and refuses what makes no sense. */
#include "public.h"

enum { kBatch = 6, kSide = 12, kIn = kSide * kSide, kOut = 5, kMostRows = 200 };

static cnn_net *small_net(void) {
    cnn_net *net = cnn_net_create(&(cnn_net_options){.seed = 5});
    cnn_node n = cnn_net_input(net, NULL, 3, (const int64_t[]){1, kSide, kSide});
    n = cnn_net_conv2d(net, n, &(cnn_conv2d){.name = "conv", .filters = 6, .kernel = {5}});
    n = cnn_net_batch_norm(net, n, NULL);
    n = cnn_net_dense(net, n, &(cnn_dense){.units = kOut});
    (void)cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_SOFTMAX_CROSS_ENTROPY});
    return net;
}

static cnn_net *compiled_on(const char *spec) {
    cnn_device *device = NULL;
    OK(cnn_device_open(spec, NULL, &device, &err));
    cnn_net *net = small_net();
    OK(cnn_net_compile(net, device, &(cnn_compile){.max_batch = kBatch}, &err));
    cnn_device_destroy(device);
    return net;
}

static cnn_node_time rows[kMostRows];

static int64_t profiled(cnn_net *net, const cnn_profile *options) {
    int64_t needed = -1, again = -1;
    OK(cnn_net_profile(net, options, NULL, 0, &needed, &err));
    assert_in_range(needed, 1, kMostRows);
    memset(rows, 0xff, sizeof rows);
    OK(cnn_net_profile(net, options, rows, kMostRows, &again, &err));
    assert_int_equal(again, needed);
    double seconds = 0;
    for (int64_t i = 0; i < needed; i++) {
        assert_true(rows[i].node >= -1 && rows[i].node < cnn_net_node_count(net));
        assert_true(rows[i].second_pass == 0 || rows[i].second_pass == 1);
        assert_true(rows[i].seconds >= 0 && rows[i].flops >= 0 && rows[i].bytes >= 0);
        assert_in_range(strlen(rows[i].operation), 1, sizeof rows[i].operation - 1);
        for (int k = 0; k < LENGTH(rows[i].reserved); k++) assert_true(rows[i].reserved[k] == 0);
        seconds += rows[i].seconds;
    }
    assert_true(seconds > 0 && seconds < 60);
    return needed;
}

/* The row of the node's forward or backward convolution. */
static const cnn_node_time *convolution_of(cnn_net *net, int64_t count, int32_t second_pass) {
    const cnn_node node = cnn_net_find_node(net, "conv");
    for (int64_t i = 0; i < count; i++)
        if (rows[i].node == node && rows[i].second_pass == second_pass &&
            strncmp(rows[i].operation, "convolution", 11) == 0)
            return &rows[i];
    fail_msg("no row of the convolution");
    return NULL;
}

static void a_run_is_timed(void **state) {
    skip_without(state);
    cnn_net *net = compiled_on(*state);
    static float x[kBatch * kIn], before[kBatch * kOut], after[kBatch * kOut];
    for (int i = 0; i < kBatch * kIn; i++) x[i] = (float)(i % 17) / 17;
    OK(cnn_net_run(net, x, kBatch * kIn, before, kBatch * kOut, &err));
    int64_t count = profiled(net, NULL);
    const cnn_node_time all = *convolution_of(net, count, 0);
    const double outputs = 6.0 * (kSide - 4) * (kSide - 4);
    assert_true(all.flops >= kBatch * 2 * 25 * outputs);
    count = profiled(net, &(cnn_profile){.samples = 2, .runs = 3});
    const cnn_node_time two = *convolution_of(net, count, 0);
    assert_true(two.flops > all.flops / 3 * 0.999 && two.flops < all.flops / 3 * 1.001);
    assert_true(two.bytes < all.bytes && two.bytes > all.bytes / 3);
    /* Those that have room. */
    memset(rows, 0, sizeof rows);
    OK(cnn_net_profile(net, NULL, rows, 1, NULL, &err));
    assert_true(rows[0].operation[0] != 0 && rows[1].operation[0] == 0);
    OK(cnn_net_run(net, x, kBatch * kIn, after, kBatch * kOut, &err));
    assert_memory_equal(before, after, sizeof before);
    cnn_net_destroy(net);
}

static void a_step_is_timed_and_changes_nothing(void **state) {
    skip_without(state);
    static const cnn_vector kVectors[2] = {CNN_PARAMETERS, CNN_STATE};
    cnn_net *net = compiled_on(*state);
    float *values[2][2];
    int64_t elements[2];
    for (int time = 0; time < 2; time++) {
        for (int which = 0; which < 2; which++) {
            elements[which] = cnn_net_vector_elements(net, kVectors[which]);
            assert_true(elements[which] > 0);
            values[time][which] = malloc((size_t)elements[which] * sizeof(float));
            OK(cnn_net_get_vector(net, kVectors[which], values[time][which], elements[which],
                                  &err));
        }
        if (time == 0) {
            const int64_t count = profiled(net, &(cnn_profile){.training = 1, .runs = 2});
            assert_int_equal(rows[0].node, -1);
            (void)convolution_of(net, count, 0);
            (void)convolution_of(net, count, 1);
        }
    }
    for (int which = 0; which < 2; which++) {
        assert_memory_equal(values[0][which], values[1][which],
                            (size_t)elements[which] * sizeof(float));
        free(values[0][which]);
        free(values[1][which]);
    }
    cnn_net_destroy(net);
}

static void what_makes_no_sense_is_refused(void **state) {
    (void)state;
    int64_t needed;
    cnn_net *net = small_net();
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_profile(NULL, NULL, NULL, 0, &needed, &err));
    FAILS(CNN_BAD_STATE, cnn_net_profile(net, NULL, NULL, 0, &needed, &err));
    cnn_net_destroy(net);
    net = compiled_on("cpu");
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_profile(net, NULL, NULL, 1, &needed, &err));
    FAILS(CNN_OUT_OF_RANGE, cnn_net_profile(net, NULL, rows, -1, &needed, &err));
    const cnn_profile wrong[] = {{.samples = -1}, {.samples = kBatch + 1}, {.runs = -1}};
    for (int i = 0; i < LENGTH(wrong); i++)
        FAILS(CNN_OUT_OF_RANGE, cnn_net_profile(net, &wrong[i], rows, kMostRows, NULL, &err));
    FAILS(CNN_INCOMPATIBLE,
          cnn_net_profile(net, &(cnn_profile){.reserved = {[7] = 1}}, rows, kMostRows, NULL, &err));
    cnn_device *device = NULL;
    OK(cnn_device_open("cpu", NULL, &device, &err));
    OK(cnn_net_compile(net, device, &(cnn_compile){.inference_only = 1}, &err));
    FAILS(CNN_BAD_STATE,
          cnn_net_profile(net, &(cnn_profile){.training = 1}, rows, kMostRows, NULL, &err));
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        {"a_run_is_timed_on_reference", a_run_is_timed, NULL, NULL, "reference"},
        {"a_run_is_timed_on_cpu", a_run_is_timed, NULL, NULL, "cpu"},
        {"a_run_is_timed_on_opencl", a_run_is_timed, NULL, NULL, "opencl"},
        {"a_step_is_timed_and_changes_nothing_on_reference", a_step_is_timed_and_changes_nothing,
         NULL, NULL, "reference"},
        {"a_step_is_timed_and_changes_nothing_on_cpu", a_step_is_timed_and_changes_nothing, NULL,
         NULL, "cpu"},
        {"a_step_is_timed_and_changes_nothing_on_opencl", a_step_is_timed_and_changes_nothing, NULL,
         NULL, "opencl"},
        cmocka_unit_test(what_makes_no_sense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

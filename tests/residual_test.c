// A small residual network (batch norm, add, depthwise convolution, dropout) on real pictures: it
// learns on both backends, and a run that is saved in the middle and resumed gives the same bits as
// one that isn't. Needs CNN_TEST_DATA/cifar-10-subset.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../examples/data.h"
#include "real_data.h"

enum { kBatch = 50, kPixels = 3 * 32 * 32 };

static struct dataset train, test;

static int set_up(void **state) {
    char path[1024], message[256];
    (void)state;
    if (!data_path(path, sizeof path, "cifar-10-subset/train5k.bin.gz")) return 0;
    if (dataset_read_cifar10(&train, path, message, sizeof message) == 0 &&
        data_path(path, sizeof path, "cifar-10-subset/test1k.bin.gz") &&
        dataset_read_cifar10(&test, path, message, sizeof message) == 0)
        return 0;
    fprintf(stderr, "%s\n", message);
    return -1;
}

static int tear_down(void **state) {
    (void)state;
    dataset_free(&train);
    dataset_free(&test);
    return 0;
}

static cnn_samples samples_of(const struct dataset *set, int64_t count) {
    cnn_samples samples = {0};
    samples.inputs = set->images;
    samples.input_type = CNN_UINT8;
    samples.input_elements = count * kPixels;
    samples.scale[0] = 1 / 64.f;
    const float mean[4] = {125.3f, 123.0f, 113.9f, 0};
    memcpy(samples.mean, mean, sizeof mean);
    samples.labels = set->labels;
    samples.label_type = CNN_UINT8;
    samples.label_elements = count;
    return samples;
}

// Depthwise 3×3 and 1×1 with batch norm around a shortcut; a strided 1×1 where the size changes.
static cnn_node block(cnn_net *net, cnn_node x, int64_t filters, int64_t stride, int64_t channels) {
    const cnn_conv2d depthwise = {.filters = channels,
                                  .kernel = {3},
                                  .stride = {stride},
                                  .groups = channels,
                                  .padding_mode = CNN_SAME,
                                  .no_bias = 1};
    const cnn_conv2d pointwise = {.filters = filters, .kernel = {1}, .no_bias = 1};
    const cnn_conv2d shorten = {
        .filters = filters, .kernel = {1}, .stride = {stride}, .no_bias = 1};
    const cnn_batch_norm rectified = {.activation = CNN_RELU};
    cnn_node y = cnn_net_conv2d(net, x, &depthwise);
    y = cnn_net_batch_norm(net, y, &rectified);
    y = cnn_net_conv2d(net, y, &pointwise);
    y = cnn_net_batch_norm(net, y, NULL);
    if (stride != 1 || filters != channels) x = cnn_net_conv2d(net, x, &shorten);
    const cnn_node both[2] = {x, y};
    const cnn_add add = {.activation = CNN_RELU};
    return cnn_net_add(net, both, 2, &add);
}

static cnn_net *residual_net(void) {
    const cnn_net_options options = {.name = "residual", .seed = 3};
    const int64_t shape[3] = {3, 32, 32};
    cnn_net *net = cnn_net_create(&options);
    cnn_node n = cnn_net_input(net, "picture", 3, shape);
    const cnn_conv2d stem = {
        .filters = 16, .kernel = {3}, .stride = {2}, .padding_mode = CNN_SAME, .no_bias = 1};
    n = cnn_net_conv2d(net, n, &stem);
    const cnn_batch_norm rectified = {.activation = CNN_RELU};
    n = cnn_net_batch_norm(net, n, &rectified);
    n = block(net, n, 16, 1, 16);
    n = block(net, n, 32, 2, 16);
    n = block(net, n, 48, 2, 32);
    n = cnn_net_global_average_pool2d(net, n, NULL);
    const cnn_dropout dropout = {.rate = 0.1f};
    n = cnn_net_dropout(net, n, &dropout);
    const cnn_dense classes = {.units = 10};
    n = cnn_net_dense(net, n, &classes);
    const cnn_loss loss = {.kind = CNN_LOSS_SOFTMAX_CROSS_ENTROPY};
    cnn_net_loss(net, n, &loss);
    return net;
}

struct keeper {
    cnn_net *net;
    cnn_optimizer *optimizer;
    int64_t at_step;
    void *checkpoint;
    size_t bytes;
};

static int32_t keep_checkpoint(const cnn_progress *progress, void *user) {
    struct keeper *keeper = user;
    if (progress->step != keeper->at_step) return 0;
    cnn_checkpoint_save_memory(keeper->net, keeper->optimizer, NULL, 0, &keeper->bytes, NULL);
    keeper->checkpoint = malloc(keeper->bytes);
    return cnn_checkpoint_save_memory(keeper->net, keeper->optimizer, keeper->checkpoint,
                                      keeper->bytes, &keeper->bytes, NULL);
}

struct vectors {
    float *values;
    int64_t parameters, state;
};

static struct vectors vectors_of(cnn_net *net) {
    cnn_error error = {0};
    struct vectors v = {NULL, cnn_net_vector_elements(net, CNN_PARAMETERS),
                        cnn_net_vector_elements(net, CNN_STATE)};
    v.values = malloc((size_t)(v.parameters + v.state) * sizeof(float));
    check(cnn_net_get_vector(net, CNN_PARAMETERS, v.values, v.parameters, &error), &error);
    check(cnn_net_get_vector(net, CNN_STATE, v.values + v.parameters, v.state, &error), &error);
    return v;
}

static void learns_and_resumes(const char *spec, int64_t count, int64_t epochs, double accuracy) {
    need_data(train.count > 0, "cifar-10-subset");
    cnn_device *device = open_or_skip(spec);
    cnn_net *net = residual_net();
    cnn_optimizer *adam = cnn_optimizer_create(CNN_ADAM);
    cnn_error error = {0};
    const cnn_compile compile = {.max_batch = kBatch};
    check(cnn_net_compile(net, device, &compile, &error), &error);
    const cnn_samples pictures = samples_of(&train, count);
    struct keeper keeper = {net, adam, count / kBatch + 7, NULL, 0};
    cnn_fit fit = {.epochs = epochs,
                   .seed = 5,
                   .schedule = CNN_SCHEDULE_COSINE,
                   .progress = keep_checkpoint,
                   .user = &keeper,
                   .progress_interval = -1};
    check(cnn_optimizer_set(adam, CNN_LEARNING_RATE, 1e-2, &error), &error);
    check(cnn_net_fit(net, adam, &pictures, &fit, NULL, &error), &error);
    const struct vectors whole = vectors_of(net);
    const cnn_samples unseen = samples_of(&test, test.count);
    cnn_evaluation result;
    check(cnn_net_evaluate(net, &unseen, &result, &error), &error);
    printf("%s: accuracy %.3f on unseen pictures\n", spec, result.accuracy);
    assert_true(result.accuracy >= accuracy);

    cnn_net *again = NULL;
    cnn_optimizer *its_adam = NULL;
    assert_non_null(keeper.checkpoint);
    check(cnn_checkpoint_load_memory(keeper.checkpoint, keeper.bytes, &again, &its_adam, &error),
          &error);
    check(cnn_net_compile(again, device, &compile, &error), &error);
    fit.resume = 1;
    fit.progress = NULL;
    check(cnn_net_fit(again, its_adam, &pictures, &fit, NULL, &error), &error);
    const struct vectors resumed = vectors_of(again);
    assert_int_equal(cnn_optimizer_steps(its_adam), cnn_optimizer_steps(adam));
    assert_memory_equal(whole.values, resumed.values,
                        (size_t)(whole.parameters + whole.state) * sizeof(float));
    free(whole.values);
    free(resumed.values);
    free(keeper.checkpoint);
    cnn_optimizer_destroy(its_adam);
    cnn_net_destroy(again);
    cnn_optimizer_destroy(adam);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

static void cpu_learns_and_resumes(void **state) {
    (void)state;
    learns_and_resumes("cpu", 5000, 8, 0.42);
}

static void opencl_learns_and_resumes(void **state) {
    (void)state;
    learns_and_resumes("opencl", 5000, 8, 0.42);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cpu_learns_and_resumes),
        cmocka_unit_test(opencl_learns_and_resumes),
    };
    return cmocka_run_group_tests_name("residual", tests, set_up, tear_down);
}

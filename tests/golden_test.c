/* Files of earlier versions, in golden/, load and give what they gave then: a net of every layer
 * and activation, one of every loss, and a checkpoint of every optimizer, which goes on. Given
 * --write FOLDER it writes those of this version. */
#include "public.h"

#include <math.h>

enum { kSamples = 6, kImage = 2 * 8 * 8, kHead = 3, kHeads = 7, kKinds = 64 };

static const char *const versions[] = {"0.1.0"};

/* The same numbers everywhere, in [-1, 1]. */
static void numbers(float *x, int count, int seed) {
    for (int i = 0; i < count; i++) x[i] = (float)((i * 37 + seed * 11) % 41 - 20) / 20.0f;
}

/* ---- The nets ---- */

static cnn_net *net_of_layers(void) {
    cnn_net *net = cnn_net_create(&(cnn_net_options){.seed = 5});
    const cnn_node image = cnn_net_input(net, "image", 3, (const int64_t[]){2, 8, 8});
    cnn_node n = cnn_net_conv2d(net, image,
                                &(cnn_conv2d){.filters = 4,
                                              .kernel = {3, 2},
                                              .groups = 2,
                                              .padding_mode = CNN_SAME,
                                              .activation = CNN_RELU});
    n = cnn_net_batch_norm(net, n, &(cnn_batch_norm){.activation = CNN_LEAKY_RELU});
    const cnn_node pooled = cnn_net_max_pool2d(net, n, &(cnn_pool2d){.window = {2, 2}});
    const cnn_node averaged = cnn_net_average_pool2d(net, n, &(cnn_pool2d){.window = {2, 2}});
    const cnn_node weighted = cnn_net_weighted_subsample2d(
        net, n, &(cnn_weighted_subsample2d){.factor = {2, 2}, .activation = CNN_TANH});
    n = cnn_net_add(net, (const cnn_node[]){pooled, averaged, weighted}, 3,
                    &(cnn_add){.activation = CNN_ELU});
    n = cnn_net_concat(net, (const cnn_node[]){n, pooled}, 2, NULL);
    const cnn_node mean = cnn_net_global_average_pool2d(net, n, NULL);
    n = cnn_net_conv2d(net, n,
                       &(cnn_conv2d){.filters = 3,
                                     .kernel = {2, 2},
                                     .connections = &(cnn_connections){
                                         .kind = CNN_CONNECT_RANDOM, .fan_in = 3, .seed = 9}});
    n = cnn_net_subsample2d(net, n, &(cnn_subsample2d){.factor = {2, 2}});
    n = cnn_net_flatten(net, n, NULL);
    n = cnn_net_concat(net, (const cnn_node[]){n, cnn_net_flatten(net, mean, NULL)}, 2, NULL);
    n = cnn_net_dropout(net, n, &(cnn_dropout){.rate = 0.25f});
    cnn_node parts[32];
    int32_t count = 0;
    for (cnn_activation_kind kind = CNN_LINEAR; kind <= CNN_ALGEBRAIC; kind++) {
        const cnn_node part = cnn_net_dense(net, n, &(cnn_dense){.units = 2});
        parts[count++] = cnn_net_activation(net, part, &(cnn_activation){.kind = kind});
    }
    for (cnn_radial_kind kind = CNN_RADIAL_GAUSSIAN; kind <= CNN_RADIAL_DISTANCE; kind++)
        parts[count++] =
            cnn_net_radial_basis(net, n, &(cnn_radial_basis){.units = 2, .kind = kind});
    n = cnn_net_concat(net, parts, count, NULL);
    n = cnn_net_reshape(net, n, &(cnn_reshape){.rank = 2, .shape = {6, 6}});
    n = cnn_net_flatten(net, n, NULL);
    cnn_net_softmax(net, cnn_net_dense(net, n, &(cnn_dense){.units = kHead}), NULL);
    return net;
}

static cnn_net *net_of_losses(void) {
    cnn_net *net = cnn_net_create(&(cnn_net_options){.seed = 6});
    const cnn_node x = cnn_net_input(net, "x", 1, (const int64_t[]){4});
    for (cnn_loss_kind kind = CNN_LOSS_SOFTMAX_CROSS_ENTROPY; kind <= CNN_LOSS_CROSS_ENTROPY;
         kind++) {
        cnn_node n = cnn_net_dense(net, x, &(cnn_dense){.units = kHead});
        if (kind == CNN_LOSS_BINARY_CROSS_ENTROPY)
            n = cnn_net_activation(net, n, &(cnn_activation){.kind = CNN_SIGMOID});
        if (kind == CNN_LOSS_CROSS_ENTROPY) n = cnn_net_softmax(net, n, NULL);
        const float weights[] = {1, 0.5f, 2};
        const int weighted = kind == CNN_LOSS_MSE || kind == CNN_LOSS_HALF_MSE;
        cnn_net_loss(net, n,
                     &(cnn_loss){.kind = kind,
                                 .weight = 1.0f / (float)kind,
                                 .output_weights = weighted ? weights : NULL,
                                 .output_weight_count = weighted ? kHead : 0});
    }
    return net;
}

static cnn_net *net_to_train(void) {
    cnn_net *net = cnn_net_create(&(cnn_net_options){.seed = 7});
    cnn_node n = cnn_net_input(net, "x", 1, (const int64_t[]){4});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = 3, .activation = CNN_TANH});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = 1});
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_MSE});
    return net;
}

/* ---- What they give ---- */

static void results_of_layers(cnn_net *net, cnn_device *device, double *results) {
    float x[kSamples * kImage], y[kSamples * kHead];
    numbers(x, LENGTH(x), 1);
    OK(cnn_net_compile(net, device, &(cnn_compile){.max_batch = kSamples}, &err));
    OK(cnn_net_run(net, x, LENGTH(x), y, LENGTH(y), &err));
    for (int i = 0; i < LENGTH(y); i++) results[i] = (double)y[i];
}

static double result_of_losses(cnn_net *net, cnn_device *device) {
    float x[kSamples * 4], y[kSamples * kHead] = {0};
    cnn_view targets[kHeads];
    numbers(x, LENGTH(x), 2);
    for (int i = 0; i < kSamples; i++) y[i * kHead + i % kHead] = 1;
    for (int i = 0; i < kHeads; i++) targets[i] = (cnn_view){.data = y, .elements = LENGTH(y)};
    cnn_evaluation evaluation;
    OK(cnn_net_compile(net, device, &(cnn_compile){.max_batch = kSamples}, &err));
    OK(cnn_net_evaluate(net,
                        &(cnn_samples){.inputs = x,
                                       .input_elements = LENGTH(x),
                                       .target_views = targets,
                                       .target_view_count = kHeads},
                        &evaluation, &err));
    return evaluation.loss;
}

/* The loss as the net comes, and after a few steps of a rule or iterations of a minimizer. */
typedef struct losses {
    double before;
    double after;
} losses;

static losses train(cnn_net *net, cnn_optimizer *optimizer, cnn_device *device) {
    float x[kSamples * 4], y[kSamples];
    numbers(x, LENGTH(x), 3);
    numbers(y, LENGTH(y), 4);
    const cnn_samples samples = {
        .inputs = x, .input_elements = LENGTH(x), .targets = y, .target_elements = LENGTH(y)};
    cnn_evaluation before, after;
    OK(cnn_net_compile(net, device, &(cnn_compile){.max_batch = kSamples}, &err));
    OK(cnn_net_evaluate(net, &samples, &before, &err));
    if (cnn_net_train_step(net, optimizer, &samples, NULL, &err)) {
        OK(cnn_net_minimize(net, optimizer, &samples, &(cnn_minimize_options){.max_iterations = 3},
                            NULL, &err));
    } else {
        OK(cnn_net_train_step(net, optimizer, &samples, NULL, &err));
        OK(cnn_net_train_step(net, optimizer, &samples, NULL, &err));
    }
    OK(cnn_net_evaluate(net, &samples, &after, &err));
    return (losses){before.loss, after.loss};
}

/* ---- Files ---- */

static void path_of(char *path, size_t size, const char *folder, const char *what,
                    const char *version) {
    snprintf(path, size, "%s/%s-%s.%s", folder, what, version,
             strcmp(what, "results") == 0 ? "txt" : "safetensors");
}

static int kind_exists(int kind) {
    cnn_optimizer *optimizer = cnn_optimizer_create(kind);
    cnn_optimizer_destroy(optimizer);
    return optimizer != NULL;
}

static void optimizer_name(char *name, size_t size, int kind) {
    snprintf(name, size, "optimizer-%d", kind);
}

static void write_all(const char *folder) {
    const char *version = cnn_version_string();
    char path[512], name[32];
    cnn_device *device = open_device("reference");
    path_of(path, sizeof path, folder, "results", version);
    FILE *results = fopen(path, "w");
    double outputs[kSamples * kHead];

    cnn_net *net = net_of_layers();
    results_of_layers(net, device, outputs);
    path_of(path, sizeof path, folder, "layers", version);
    OK(cnn_net_save(net, path, &err));
    for (int i = 0; i < LENGTH(outputs); i++) fprintf(results, "layers %.9g\n", outputs[i]);
    cnn_net_destroy(net);

    net = net_of_losses();
    fprintf(results, "losses %.9g\n", result_of_losses(net, device));
    path_of(path, sizeof path, folder, "losses", version);
    OK(cnn_net_save(net, path, &err));
    cnn_net_destroy(net);

    for (int kind = 1; kind < kKinds; kind++) {
        if (!kind_exists(kind)) continue;
        cnn_optimizer *optimizer = cnn_optimizer_create(kind);
        net = net_to_train();
        train(net, optimizer, device);
        optimizer_name(name, sizeof name, kind);
        path_of(path, sizeof path, folder, name, version);
        OK(cnn_checkpoint_save(net, optimizer, path, &err));
        const losses l = train(net, optimizer, device);
        fprintf(results, "%s %.9g\n%s %.9g\n", name, l.before, name, l.after);
        cnn_net_destroy(net);
        cnn_optimizer_destroy(optimizer);
    }
    fclose(results);
    cnn_device_destroy(device);
}

static double next_result(FILE *results, const char *what) {
    char name[32];
    double value = 0;
    if (fscanf(results, "%31s %lf", name, &value) != 2) fail_msg("no result of %s", what);
    assert_string_equal(name, what);
    return value;
}

static void near(double wanted, double got, const char *what) {
    if (!(fabs(got - wanted) <= 1e-4 * fabs(wanted) + 1e-6))
        fail_msg("%s gives %.9g, not %.9g", what, got, wanted);
}

static void check(const char *version, cnn_device *device) {
    const char *folder = CNN_TEST_DIR "/golden";
    char path[512], name[32];
    double outputs[kSamples * kHead];
    cnn_net *net = NULL;
    path_of(path, sizeof path, folder, "results", version);
    FILE *results = fopen(path, "r");
    assert_non_null(results);

    path_of(path, sizeof path, folder, "layers", version);
    OK(cnn_net_load(path, &net, &err));
    results_of_layers(net, device, outputs);
    for (int i = 0; i < LENGTH(outputs); i++)
        near(next_result(results, "layers"), outputs[i], "the net of layers");
    cnn_net_destroy(net);

    path_of(path, sizeof path, folder, "losses", version);
    OK(cnn_net_load(path, &net, &err));
    near(next_result(results, "losses"), result_of_losses(net, device), "the net of losses");
    cnn_net_destroy(net);

    for (int kind = 1; kind < kKinds; kind++) {
        cnn_optimizer *optimizer = NULL;
        optimizer_name(name, sizeof name, kind);
        path_of(path, sizeof path, folder, name, version);
        FILE *there = fopen(path, "rb");
        if (!there) continue;
        fclose(there);
        OK(cnn_checkpoint_load(path, &net, &optimizer, &err));
        assert_int_equal(cnn_optimizer_get_kind(optimizer), kind);
        const losses l = train(net, optimizer, device);
        near(next_result(results, name), l.before, name);
        const double after = next_result(results, name);
        /* A minimizer's decisions hang on the last bits, which devices differ in. */
        if (kind < CNN_GRADIENT_DESCENT) near(after, l.after, name);
        assert_true(l.after < l.before);
        cnn_net_destroy(net);
        cnn_optimizer_destroy(optimizer);
    }
    assert_int_equal(fscanf(results, "%31s", name), EOF);
    fclose(results);
}

static void files_of_every_version_load_and_give_what_they_gave(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    for (int i = 0; i < LENGTH(versions); i++) check(versions[i], device);
    cnn_device_destroy(device);
}

int main(int count, char **arguments) {
    if (count == 3 && strcmp(arguments[1], "--write") == 0) {
        write_all(arguments[2]);
        return 0;
    }
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_of_every_version_load_and_give_what_they_gave),
    };
    return run_on_devices("golden", tests, LENGTH(tests));
}

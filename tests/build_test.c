/* Building nets: shapes, names, defaults, and what every mistake gets. */
#include "public.h"

#include <math.h>

/* Rows say what differs from a descriptor that is valid. */
#pragma GCC diagnostic ignored "-Woverride-init"

/* ---- Shapes ---- */

static cnn_node image(cnn_net *net, int64_t c, int64_t h, int64_t w) {
    return cnn_net_input(net, NULL, 3, (const int64_t[]){c, h, w});
}

static void assert_shape(cnn_net *net, cnn_node node, int32_t rank, int64_t a, int64_t b,
                         int64_t c) {
    cnn_node_info info;
    OK(cnn_net_error(net, &err));
    OK(cnn_net_describe_node(net, node, &info, &err));
    assert_int_equal(info.rank, rank);
    assert_int_equal(info.shape[0], a);
    if (rank > 1) assert_int_equal(info.shape[1], b);
    if (rank > 2) assert_int_equal(info.shape[2], c);
}

static void convolutions_have_the_sizes_of_the_formula(void **state) {
    (void)state;
    static const struct {
        int64_t c, h, w;
        cnn_conv2d conv;
        int64_t out_h, out_w, parameters;
    } rows[] = {
        {1, 28, 28, {.filters = 6, .kernel = {5, 5}}, 24, 24, 6 * 25 + 6},
        {1, 28, 28, {.filters = 6, .kernel = {5}}, 24, 24, 6 * 25 + 6},
        {3, 7, 11, {.filters = 4, .kernel = {3, 2}}, 5, 10, 4 * 3 * 6 + 4},
        {3, 7, 11, {.filters = 4, .kernel = {3, 2}, .no_bias = 1}, 5, 10, 4 * 3 * 6},
        {3, 7, 11, {.filters = 4, .kernel = {3, 3}, .stride = {2, 3}}, 3, 3, 4 * 27 + 4},
        {3, 7, 11, {.filters = 4, .kernel = {3, 3}, .stride = {2}}, 3, 5, 4 * 27 + 4},
        {2, 9, 9, {.filters = 1, .kernel = {3, 3}, .dilation = {2, 4}}, 5, 1, 2 * 9 + 1},
        {2, 9, 9, {.filters = 1, .kernel = {3, 3}, .dilation = {3}}, 3, 3, 2 * 9 + 1},
        {2, 5, 5, {.filters = 1, .kernel = {3, 3}, .padding = {1, 2, 0, 1}}, 4, 6, 19},
        {2, 5, 6, {.filters = 1, .kernel = {4, 4}, .padding_mode = CNN_SAME}, 5, 6, 33},
        {2,
         5,
         6,
         {.filters = 1, .kernel = {3, 3}, .stride = {2, 4}, .padding_mode = CNN_SAME},
         3,
         2,
         19},
        {2,
         5,
         5,
         {.filters = 1, .kernel = {1, 1}, .stride = {3, 3}, .padding_mode = CNN_SAME},
         2,
         2,
         3},
        {2,
         5,
         5,
         {.filters = 1, .kernel = {3, 3}, .dilation = {2, 2}, .padding_mode = CNN_SAME},
         5,
         5,
         19},
        {6, 4, 4, {.filters = 4, .kernel = {3, 3}, .groups = 2}, 2, 2, 4 * 3 * 9 + 4},
        {6, 4, 4, {.filters = 6, .kernel = {3, 3}, .groups = 6}, 2, 2, 6 * 9 + 6},
        {6, 4, 4, {.filters = 12, .kernel = {1, 1}, .groups = 6}, 4, 4, 12 + 12},
        {1, 1, 1, {.filters = 1, .kernel = {1, 1}}, 1, 1, 2},
        {1, 3, 3, {.filters = 2, .kernel = {3, 3}}, 1, 1, 20},
    };
    for (int i = 0; i < LENGTH(rows); i++) {
        cnn_net *net = seeded_net(0);
        const cnn_node x = image(net, rows[i].c, rows[i].h, rows[i].w);
        const cnn_node y = cnn_net_conv2d(net, x, &rows[i].conv);
        assert_shape(net, y, 3, rows[i].conv.filters, rows[i].out_h, rows[i].out_w);
        cnn_node_info info;
        OK(cnn_net_describe_node(net, y, &info, &err));
        assert_int_equal(info.parameters, rows[i].parameters);
        assert_int_equal(cnn_net_vector_elements(net, CNN_PARAMETERS), rows[i].parameters);
        cnn_net_destroy(net);
    }
}

static void pools_have_the_sizes_of_the_formula(void **state) {
    (void)state;
    static const struct {
        int64_t h, w;
        cnn_pool2d pool;
        int64_t out_h, out_w;
    } rows[] = {
        {28, 28, {.window = {2, 2}}, 14, 14},
        {28, 28, {.window = {2}}, 14, 14},
        {7, 9, {.window = {2, 3}}, 3, 3},
        {7, 9, {.window = {2, 3}, .ceil_mode = 1}, 4, 3},
        {7, 9, {.window = {3, 3}, .stride = {2, 2}}, 3, 4},
        {7, 9, {.window = {3, 3}, .stride = {2}}, 3, 4},
        {8, 8, {.window = {3, 3}, .stride = {2, 2}}, 3, 3},
        {8, 8, {.window = {3, 3}, .stride = {2, 2}, .ceil_mode = 1}, 4, 4},
        {8, 8, {.window = {3, 3}, .stride = {2, 2}, .padding = {1, 1, 1, 1}}, 4, 4},
        {8, 8, {.window = {3, 3}, .stride = {2, 2}, .padding_mode = CNN_SAME}, 4, 4},
        /* ceil((4 - 1) / 3) + 1 = 2, and the second window begins inside. */
        {4, 4, {.window = {1, 1}, .stride = {3, 3}, .ceil_mode = 1}, 2, 2},
        /* ceil((5 - 1) / 3) + 1 = 3 rows, but the third would begin at row 6 of 5. */
        {5, 5, {.window = {1, 1}, .stride = {3, 3}, .ceil_mode = 1}, 2, 2},
        {5, 6, {.window = {4, 4}, .stride = {1, 1}, .padding_mode = CNN_SAME}, 5, 6},
        {3, 3, {.window = {3, 3}}, 1, 1},
        {5, 5, {.window = {5, 1}, .stride = {1, 2}}, 1, 3},
    };
    for (int i = 0; i < LENGTH(rows); i++) {
        cnn_net *net = seeded_net(0);
        const cnn_node x = image(net, 3, rows[i].h, rows[i].w);
        assert_shape(net, cnn_net_max_pool2d(net, x, &rows[i].pool), 3, 3, rows[i].out_h,
                     rows[i].out_w);
        assert_shape(net, cnn_net_average_pool2d(net, x, &rows[i].pool), 3, 3, rows[i].out_h,
                     rows[i].out_w);
        assert_int_equal(cnn_net_vector_elements(net, CNN_PARAMETERS), 0);
        cnn_net_destroy(net);
    }
}

static void other_layers_have_their_sizes(void **state) {
    (void)state;
    cnn_net *net = seeded_net(0);
    const cnn_node a = image(net, 3, 4, 5);
    const cnn_node b = image(net, 2, 4, 5);
    const cnn_node line = cnn_net_input(net, NULL, 2, (const int64_t[]){7, 9});
    const cnn_node flat = cnn_net_input(net, NULL, 1, (const int64_t[]){60});
    assert_shape(net, line, 2, 7, 9, 0);
    assert_shape(net, cnn_net_flatten(net, a, NULL), 1, 60, 0, 0);
    assert_shape(net, cnn_net_flatten(net, line, NULL), 1, 63, 0, 0);
    assert_shape(net, cnn_net_flatten(net, flat, NULL), 1, 60, 0, 0);
    assert_shape(net, cnn_net_global_average_pool2d(net, a, NULL), 3, 3, 1, 1);
    assert_shape(net, cnn_net_activation(net, a, &(cnn_activation){.kind = CNN_TANH}), 3, 3, 4, 5);
    assert_shape(net, cnn_net_softmax(net, line, NULL), 2, 7, 9, 0);
    assert_shape(net, cnn_net_dropout(net, a, &(cnn_dropout){.rate = 0.5f}), 3, 3, 4, 5);
    const cnn_node norm = cnn_net_batch_norm(net, a, NULL);
    assert_shape(net, norm, 3, 3, 4, 5);
    assert_int_equal(cnn_net_vector_elements(net, CNN_PARAMETERS), 6);
    assert_int_equal(cnn_net_vector_elements(net, CNN_STATE), 6);
    assert_shape(net, cnn_net_batch_norm(net, line, NULL), 2, 7, 9, 0);
    assert_shape(net, cnn_net_add(net, (const cnn_node[]){a, norm, a}, 3, NULL), 3, 3, 4, 5);
    assert_shape(net, cnn_net_concat(net, (const cnn_node[]){a, b, a}, 3, NULL), 3, 8, 4, 5);
    assert_shape(net, cnn_net_concat(net, &a, 1, NULL), 3, 3, 4, 5);
    assert_shape(net, cnn_net_concat(net, (const cnn_node[]){flat, flat}, 2, NULL), 1, 120, 0, 0);
    assert_shape(net, cnn_net_dense(net, a, &(cnn_dense){.units = 2}), 1, 2, 0, 0);
    const cnn_node loss = cnn_net_loss(net, a, &(cnn_loss){.kind = CNN_LOSS_MSE});
    assert_shape(net, loss, 0, 0, 0, 0);
    cnn_net_destroy(net);
}

/* ---- Names, tensors, summary ---- */

static void default_names_count_by_kind(void **state) {
    (void)state;
    cnn_net *net = seeded_net(0);
    cnn_node n = image(net, 1, 12, 12);
    const cnn_conv2d conv = {.filters = 2, .kernel = {3, 3}};
    n = cnn_net_conv2d(net, n, &conv);
    n = cnn_net_max_pool2d(net, n, &(cnn_pool2d){.window = {2, 2}});
    n = cnn_net_conv2d(net, n, &conv);
    n = cnn_net_dense(net, n, &(cnn_dense){.units = 4, .name = "head"});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = 3});
    OK(cnn_net_error(net, &err));
    assert_int_equal(n, 5);
    static const char *const names[] = {"input_1",  "conv2d_1", "max_pool2d_1",
                                        "conv2d_2", "head",     NULL};
    for (int i = 0; names[i]; i++) {
        cnn_node_info info;
        OK(cnn_net_describe_node(net, i, &info, &err));
        assert_string_equal(info.name, names[i]);
        assert_int_equal(cnn_net_find_node(net, names[i]), i);
    }
    assert_int_equal(cnn_net_find_node(net, "nobody"), -CNN_NOT_FOUND);

    static const char *const tensors[] = {"conv2d_1/weight", "conv2d_1/bias", "conv2d_2/weight",
                                          "conv2d_2/bias",   "head/weight",   "head/bias"};
    int64_t offset = 0;
    assert_int_equal(cnn_net_tensor_count(net, CNN_PARAMETERS), 8);
    for (int i = 0; i < LENGTH(tensors); i++) {
        cnn_tensor_info info;
        OK(cnn_net_describe_tensor(net, CNN_PARAMETERS, i, &info, &err));
        assert_string_equal(info.name, tensors[i]);
        assert_int_equal(info.offset, offset);
        NEAR(info.rate, 1, 0);
        offset += info.elements;
    }
    cnn_tensor_info info;
    OK(cnn_net_describe_tensor(net, CNN_PARAMETERS, 2, &info, &err));
    assert_int_equal(info.rank, 4);
    assert_int_equal(info.shape[0], 2);
    assert_int_equal(info.shape[1], 2);
    assert_int_equal(info.shape[2], 3);
    assert_int_equal(info.shape[3], 3);
    assert_int_equal(info.node, 3);
    FAILS(CNN_OUT_OF_RANGE, cnn_net_describe_tensor(net, CNN_PARAMETERS, 8, &info, &err));
    FAILS(CNN_OUT_OF_RANGE, cnn_net_describe_tensor(net, CNN_PARAMETERS, -1, &info, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_describe_tensor(net, 3, 0, &info, &err));
    assert_int_equal(cnn_net_tensor_count(net, 3), -1);
    assert_int_equal(cnn_net_vector_elements(net, -1), -1);
    cnn_net_destroy(net);
}

static void a_default_name_avoids_a_taken_one(void **state) {
    (void)state;
    cnn_net *net = seeded_net(0);
    cnn_node n = cnn_net_input(net, "dense_1", 1, (const int64_t[]){2});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = 2});
    cnn_node_info info;
    OK(cnn_net_describe_node(net, n, &info, &err));
    assert_string_not_equal(info.name, "dense_1");
    cnn_net_destroy(net);
}

static void the_summary_is_cut_to_fit(void **state) {
    (void)state;
    cnn_net *net = cnn_net_create(&(cnn_net_options){.name = "thing"});
    cnn_net_dense(net, image(net, 1, 2, 2), &(cnn_dense){.units = 3, .name = "über"});
    size_t needed = 0;
    OK(cnn_net_summary(net, NULL, 0, &needed, &err));
    assert_true(needed > 40);
    char *whole = malloc(needed);
    assert_non_null(whole);
    OK(cnn_net_summary(net, whole, needed, NULL, &err));
    assert_int_equal(strlen(whole), needed - 1);
    assert_non_null(strstr(whole, "thing"));
    assert_non_null(strstr(whole, "über"));
    assert_non_null(strstr(whole, "15"));
    char small[10];
    memset(small, 'x', sizeof small);
    size_t again = 0;
    OK(cnn_net_summary(net, small, 8, &again, &err));
    assert_int_equal(again, needed);
    assert_true(strlen(small) <= 7);
    assert_int_equal(small[8], 'x');
    assert_memory_equal(small, whole, strlen(small));
    OK(cnn_net_summary(net, small, 1, NULL, &err));
    assert_int_equal(small[0], 0);
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_summary(net, NULL, 10, NULL, &err));
    free(whole);
    cnn_net_destroy(net);
}

/* ---- Defaults: a row for each field that has one ---- */

enum layer {
    CONV2D,
    DENSE,
    MAX_POOL,
    AVERAGE_POOL,
    ACTIVATION,
    BATCH_NORM,
    ADD,
    CONCAT,
    LOSS,
    DROPOUT,
    SOFTMAX,
    FLATTEN,
    WEIGHTED,
    VANILLA,
    RADIAL,
    GLOBAL_POOL
};

static cnn_node add_layer(cnn_net *net, enum layer layer, cnn_node x, const void *descriptor) {
    const cnn_node two[] = {x, x};
    switch (layer) {
        case CONV2D:
            return cnn_net_conv2d(net, x, descriptor);
        case DENSE:
            return cnn_net_dense(net, x, descriptor);
        case MAX_POOL:
            return cnn_net_max_pool2d(net, x, descriptor);
        case AVERAGE_POOL:
            return cnn_net_average_pool2d(net, x, descriptor);
        case ACTIVATION:
            return cnn_net_activation(net, x, descriptor);
        case BATCH_NORM:
            return cnn_net_batch_norm(net, x, descriptor);
        case ADD:
            return cnn_net_add(net, two, 2, descriptor);
        case CONCAT:
            return cnn_net_concat(net, two, 2, descriptor);
        case LOSS:
            return cnn_net_loss(net, x, descriptor);
        case DROPOUT:
            return cnn_net_dropout(net, x, descriptor);
        case SOFTMAX:
            return cnn_net_softmax(net, x, descriptor);
        case FLATTEN:
            return cnn_net_flatten(net, x, descriptor);
        case WEIGHTED:
            return cnn_net_weighted_subsample2d(net, x, descriptor);
        case VANILLA:
            return cnn_net_subsample2d(net, x, descriptor);
        case RADIAL:
            return cnn_net_radial_basis(net, x, descriptor);
        default:
            return cnn_net_global_average_pool2d(net, x, descriptor);
    }
}

enum { kDefaultBatch = 3, kMostOutputs = 4096 };

/* What a one-layer net comes to: parameters and state at the start, a training-mode output, the
 * loss of a step and what the step makes of parameters and state. */
struct outcome {
    int64_t count;
    float values[kMostOutputs];
};

static void take(struct outcome *o, cnn_net *net, cnn_vector which) {
    const int64_t elements = cnn_net_vector_elements(net, which);
    assert_true(o->count + elements <= kMostOutputs);
    OK(cnn_net_get_vector(net, which, o->values + o->count, elements, &err));
    o->count += elements;
}

static void outcome_of(enum layer layer, const void *descriptor, struct outcome *o) {
    cnn_device *device = open_device("reference");
    cnn_net *net = seeded_net(7);
    cnn_node x = image(net, 2, 7, 6);
    x = cnn_net_conv2d(net, x, &(cnn_conv2d){.name = "first", .filters = 2, .kernel = {1, 1}});
    const cnn_node y = add_layer(net, layer, x, descriptor);
    if (layer != LOSS) cnn_net_loss(net, y, &(cnn_loss){.kind = CNN_LOSS_MSE});
    OK(cnn_net_compile(net, device, &(cnn_compile){.max_batch = kDefaultBatch}, &err));
    memset(o, 0, sizeof *o);
    take(o, net, CNN_PARAMETERS);
    take(o, net, CNN_STATE);

    cnn_node_info info;
    OK(cnn_net_describe_node(net, layer == LOSS ? x : y, &info, &err));
    int64_t outputs = kDefaultBatch;
    for (int i = 0; i < info.rank; i++) outputs *= info.shape[i];
    float input[kDefaultBatch * 2 * 7 * 6];
    float *target = floats(outputs), *out = floats(outputs);
    fill(input, LENGTH(input), 3);
    fill(target, outputs, 5);
    const cnn_view in = {.data = input, .elements = LENGTH(input)};
    const cnn_view result = {.data = out, .elements = outputs};
    OK(cnn_net_run_many(net, &in, 1, &result, 1, &(cnn_run){.training = 1}, &err));
    for (int64_t i = 0; i < outputs && i < 600; i++) o->values[o->count++] = out[i];

    cnn_optimizer *sgd = cnn_optimizer_create(CNN_SGD);
    double loss = 0;
    OK(cnn_net_train_step(net, sgd,
                          &(cnn_samples){.inputs = input,
                                         .input_elements = LENGTH(input),
                                         .targets = target,
                                         .target_elements = outputs},
                          &loss, &err));
    o->values[o->count++] = (float)loss;
    take(o, net, CNN_PARAMETERS);
    take(o, net, CNN_STATE);
    OK(cnn_net_run(net, input, LENGTH(input), out, outputs, &err));
    for (int64_t i = 0; i < outputs && i < 600; i++) o->values[o->count++] = out[i];

    free(target);
    free(out);
    cnn_optimizer_destroy(sgd);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

/* The default and the same said in full give the same; `other` says something else. */
struct row {
    const char *field;
    enum layer layer;
    const void *defaults, *explicit, *other;
};

#define CONV(...)                                   \
    &(const cnn_conv2d) {                           \
        .filters = 4, .kernel = {3, 2}, __VA_ARGS__ \
    }
#define FULL(...)               \
    &(const cnn_dense) {        \
        .units = 4, __VA_ARGS__ \
    }
#define POOL(...)                     \
    &(const cnn_pool2d) {             \
        .window = {3, 2}, __VA_ARGS__ \
    }
#define LEAKY(...)                          \
    &(const cnn_activation) {               \
        .kind = CNN_LEAKY_RELU, __VA_ARGS__ \
    }
#define NORM(...)             \
    &(const cnn_batch_norm) { \
        __VA_ARGS__           \
    }
#define ALPHAS(...)                     \
    &(const cnn_weighted_subsample2d) { \
        .factor = {3, 2}, __VA_ARGS__   \
    }
#define CENTERS(...)            \
    &(const cnn_radial_basis) { \
        .units = 3, __VA_ARGS__ \
    }
#define SUM(...)       \
    &(const cnn_add) { \
        __VA_ARGS__    \
    }

static void every_default_is_the_documented_value(void **state) {
    (void)state;
    const struct row rows[] = {
        {"conv2d.kernel[1]", CONV2D, CONV(.kernel = {3}), CONV(.kernel = {3, 3}),
         CONV(.no_bias = 0)},
        {"conv2d.stride", CONV2D, CONV(.no_bias = 0), CONV(.stride = {1, 1}),
         CONV(.stride = {2, 2})},
        {"conv2d.stride[1]", CONV2D, CONV(.stride = {2}), CONV(.stride = {2, 2}),
         CONV(.stride = {2, 1})},
        {"conv2d.dilation", CONV2D, CONV(.no_bias = 0), CONV(.dilation = {1, 1}),
         CONV(.dilation = {2, 2})},
        {"conv2d.dilation[1]", CONV2D, CONV(.dilation = {2}), CONV(.dilation = {2, 2}),
         CONV(.dilation = {2, 1})},
        {"conv2d.padding", CONV2D, CONV(.no_bias = 0), CONV(.padding = {0, 0, 0, 0}),
         CONV(.padding = {1, 0, 0, 0})},
        {"conv2d.groups", CONV2D, CONV(.no_bias = 0), CONV(.groups = 1), CONV(.groups = 2)},
        {"conv2d.padding_mode", CONV2D, CONV(.no_bias = 0), CONV(.padding_mode = CNN_EXPLICIT),
         CONV(.padding_mode = CNN_SAME)},
        {"conv2d.no_bias", CONV2D, CONV(.groups = 0), CONV(.no_bias = 0), CONV(.no_bias = 1)},
        {"conv2d.activation", CONV2D, CONV(.groups = 0), CONV(.activation = CNN_LINEAR),
         CONV(.activation = CNN_RELU)},
        {"conv2d.slope", CONV2D, CONV(.activation = CNN_LEAKY_RELU),
         CONV(.activation = CNN_LEAKY_RELU, .slope = 0.01f),
         CONV(.activation = CNN_LEAKY_RELU, .slope = 0.2f)},
        {"conv2d.slope negative", CONV2D,
         CONV(.activation = CNN_LEAKY_RELU, .slope = -1, .initializer = CNN_INIT_HE),
         CONV(.activation = CNN_RELU), CONV(.activation = CNN_LEAKY_RELU)},
        {"conv2d.initializer", CONV2D, CONV(.no_bias = 0), CONV(.initializer = CNN_INIT_XAVIER),
         CONV(.initializer = CNN_INIT_HE)},
        {"conv2d.initializer relu", CONV2D, CONV(.activation = CNN_RELU),
         CONV(.activation = CNN_RELU, .initializer = CNN_INIT_HE),
         CONV(.activation = CNN_RELU, .initializer = CNN_INIT_XAVIER)},
        {"conv2d.initializer_scale", CONV2D, CONV(.initializer = CNN_INIT_UNIFORM),
         CONV(.initializer = CNN_INIT_UNIFORM, .initializer_scale = 1),
         CONV(.initializer = CNN_INIT_UNIFORM, .initializer_scale = 0.5f)},
        {"conv2d.initializer_scale of a constant", CONV2D,
         CONV(.initializer = CNN_INIT_CONSTANT, .initializer_scale = 0.25f),
         CONV(.initializer = CNN_INIT_CONSTANT, .initializer_scale = 0.25f),
         CONV(.initializer = CNN_INIT_CONSTANT, .initializer_scale = -0.f)},
        {"dense.no_bias", DENSE, FULL(.reserved32 = 0), FULL(.no_bias = 0), FULL(.no_bias = 1)},
        {"dense.activation", DENSE, FULL(.no_bias = 0), FULL(.activation = CNN_LINEAR),
         FULL(.activation = CNN_SIGMOID)},
        {"dense.slope", DENSE, FULL(.activation = CNN_LEAKY_RELU),
         FULL(.activation = CNN_LEAKY_RELU, .slope = 0.01f),
         FULL(.activation = CNN_LEAKY_RELU, .slope = -1)},
        {"dense.initializer", DENSE, FULL(.no_bias = 0), FULL(.initializer = CNN_INIT_XAVIER),
         FULL(.initializer = CNN_INIT_HE)},
        {"dense.initializer leaky", DENSE, FULL(.activation = CNN_LEAKY_RELU),
         FULL(.activation = CNN_LEAKY_RELU, .initializer = CNN_INIT_HE),
         FULL(.activation = CNN_LEAKY_RELU, .initializer = CNN_INIT_XAVIER)},
        {"dense.initializer_scale", DENSE, FULL(.initializer = CNN_INIT_NORMAL),
         FULL(.initializer = CNN_INIT_NORMAL, .initializer_scale = 1),
         FULL(.initializer = CNN_INIT_NORMAL, .initializer_scale = 0.5f)},
        {"max_pool2d.window[1]", MAX_POOL, POOL(.window = {3}), POOL(.window = {3, 3}),
         POOL(.ceil_mode = 0)},
        {"max_pool2d.stride", MAX_POOL, POOL(.ceil_mode = 0), POOL(.stride = {3, 2}),
         POOL(.stride = {1, 1})},
        {"max_pool2d.stride[1]", MAX_POOL, POOL(.stride = {2}), POOL(.stride = {2, 2}),
         POOL(.stride = {2, 1})},
        {"max_pool2d.padding", MAX_POOL, POOL(.ceil_mode = 0), POOL(.padding = {0}),
         POOL(.padding = {2, 1, 2, 1})},
        {"max_pool2d.padding_mode", MAX_POOL, POOL(.stride = {1, 1}),
         POOL(.stride = {1, 1}, .padding_mode = CNN_EXPLICIT),
         POOL(.stride = {1, 1}, .padding_mode = CNN_SAME)},
        {"max_pool2d.ceil_mode", MAX_POOL, POOL(.include_padding = 0), POOL(.ceil_mode = 0),
         POOL(.ceil_mode = 1)},
        {"average_pool2d.include_padding", AVERAGE_POOL, POOL(.padding = {1, 1, 1, 1}),
         POOL(.padding = {1, 1, 1, 1}, .include_padding = 0),
         POOL(.padding = {1, 1, 1, 1}, .include_padding = 1)},
        {"weighted_subsample2d.filters", WEIGHTED, ALPHAS(.no_bias = 0), ALPHAS(.filters = 2),
         ALPHAS(.no_bias = 1)},
        {"weighted_subsample2d.factor[1]", WEIGHTED, ALPHAS(.factor = {2}),
         ALPHAS(.factor = {2, 2}), ALPHAS(.factor = {2, 3})},
        {"weighted_subsample2d.activation", WEIGHTED, ALPHAS(.no_bias = 0),
         ALPHAS(.activation = CNN_LINEAR), ALPHAS(.activation = CNN_TANH)},
        {"weighted_subsample2d.slope", WEIGHTED, ALPHAS(.activation = CNN_LEAKY_RELU),
         ALPHAS(.activation = CNN_LEAKY_RELU, .slope = 0.01f),
         ALPHAS(.activation = CNN_LEAKY_RELU, .slope = -1)},
        {"weighted_subsample2d.initializer", WEIGHTED, ALPHAS(.no_bias = 0),
         ALPHAS(.initializer = CNN_INIT_XAVIER), ALPHAS(.initializer = CNN_INIT_HE)},
        {"weighted_subsample2d.initializer_scale", WEIGHTED,
         ALPHAS(.initializer = CNN_INIT_UNIFORM),
         ALPHAS(.initializer = CNN_INIT_UNIFORM, .initializer_scale = 1),
         ALPHAS(.initializer = CNN_INIT_UNIFORM, .initializer_scale = 0.5f)},
        {"subsample2d.factor[1]", VANILLA, &(const cnn_subsample2d){.factor = {2}},
         &(const cnn_subsample2d){.factor = {2, 2}}, &(const cnn_subsample2d){.factor = {2, 1}}},
        {"radial_basis.kind", RADIAL, CENTERS(.beta = 0), CENTERS(.kind = CNN_RADIAL_GAUSSIAN),
         CENTERS(.kind = CNN_RADIAL_INVERSE_QUADRATIC)},
        {"radial_basis.initializer", RADIAL, CENTERS(.beta = 0),
         CENTERS(.initializer = CNN_INIT_NORMAL), CENTERS(.initializer = CNN_INIT_UNIFORM)},
        {"radial_basis.initializer_scale", RADIAL, CENTERS(.beta = 0),
         CENTERS(.initializer_scale = 1), CENTERS(.initializer_scale = 2)},
        {"activation.kind", ACTIVATION, &(const cnn_activation){.slope = 0},
         &(const cnn_activation){.kind = CNN_LINEAR}, LEAKY(.slope = 0)},
        {"activation.slope", ACTIVATION, LEAKY(.slope = 0), LEAKY(.slope = 0.01f),
         LEAKY(.slope = -1)},
        {"batch_norm.momentum", BATCH_NORM, NORM(.no_scale = 0), NORM(.momentum = 0.1f),
         NORM(.momentum = -1)},
        {"batch_norm.epsilon", BATCH_NORM, NORM(.no_scale = 0), NORM(.epsilon = 1e-5f),
         NORM(.epsilon = 0.1f)},
        {"batch_norm.no_scale", BATCH_NORM, NORM(.momentum = 0), NORM(.no_scale = 0),
         NORM(.no_scale = 1)},
        {"batch_norm.no_shift", BATCH_NORM, NORM(.momentum = 0), NORM(.no_shift = 0),
         NORM(.no_shift = 1)},
        {"batch_norm.activation", BATCH_NORM, NORM(.momentum = 0), NORM(.activation = CNN_LINEAR),
         NORM(.activation = CNN_TANH)},
        {"batch_norm.slope", BATCH_NORM, NORM(.activation = CNN_LEAKY_RELU),
         NORM(.activation = CNN_LEAKY_RELU, .slope = 0.01f),
         NORM(.activation = CNN_LEAKY_RELU, .slope = 0.3f)},
        {"add.activation", ADD, NULL, SUM(.activation = CNN_LINEAR), SUM(.activation = CNN_RELU)},
        {"add.slope", ADD, SUM(.activation = CNN_LEAKY_RELU),
         SUM(.activation = CNN_LEAKY_RELU, .slope = 0.01f),
         SUM(.activation = CNN_LEAKY_RELU, .slope = -1)},
        {"dropout.rate", DROPOUT, NULL, &(const cnn_dropout){.rate = 0},
         &(const cnn_dropout){.rate = 0.5f}},
        {"loss.weight", LOSS, &(const cnn_loss){.kind = CNN_LOSS_MSE},
         &(const cnn_loss){.kind = CNN_LOSS_MSE, .weight = 1},
         &(const cnn_loss){.kind = CNN_LOSS_MSE, .weight = -1}},
    };
    struct outcome *o = calloc(3, sizeof *o);
    assert_non_null(o);
    for (int i = 0; i < LENGTH(rows); i++) {
        outcome_of(rows[i].layer, rows[i].defaults, &o[0]);
        outcome_of(rows[i].layer, rows[i].explicit, &o[1]);
        outcome_of(rows[i].layer, rows[i].other, &o[2]);
        /* Fields are floats, defaults exact: 0.01f and 0.01 differ in the eighth digit. */
        int same = o[0].count == o[1].count;
        for (int64_t k = 0; same && k < o[0].count; k++)
            same =
                fabsf(o[0].values[k] - o[1].values[k]) <= 1e-6f * (1e-3f + fabsf(o[0].values[k]));
        const int differs = memcmp(&o[0], &o[2], sizeof o[0]) != 0;
        if (!same || !differs) print_error("%s\n", rows[i].field);
        assert_true(same);
        assert_true(differs);
    }
    free(o);
}

static void the_net_s_defaults(void **state) {
    (void)state;
    cnn_net *a = cnn_net_create(NULL);
    cnn_net *b = cnn_net_create(&(cnn_net_options){.name = "net", .seed = 0});
    cnn_net *c = cnn_net_create(&(cnn_net_options){.seed = 1});
    cnn_net *nets[] = {a, b, c};
    for (int i = 0; i < 3; i++)
        cnn_net_dense(nets[i], image(nets[i], 1, 2, 2), &(cnn_dense){.units = 3});
    assert_true(same_vector(a, b, CNN_PARAMETERS));
    assert_false(same_vector(a, c, CNN_PARAMETERS));
    char text[64];
    OK(cnn_net_summary(a, text, sizeof text, NULL, &err));
    assert_memory_equal(text, "net\n", 4);
    for (int i = 0; i < 3; i++) cnn_net_destroy(nets[i]);
    assert_null(cnn_net_create(&(cnn_net_options){.reserved = {1}}));
    assert_null(cnn_net_create(&(cnn_net_options){.reserved = {0, 0, 0, 0, 0, 0, 0, 1}}));
}

static void initial_weights_have_their_distribution(void **state) {
    (void)state;
    enum { kUnits = 400, kInputs = 100 };
    static const struct {
        cnn_initializer initializer;
        float scale;
        double deviation, bound;
    } rows[] = {
        {CNN_INIT_HE, 0, 0.14142, 1},
        {CNN_INIT_HE, 2, 0.28284, 2},
        {CNN_INIT_XAVIER, 0, 0.109545 / 1.7320508, 0.109545},
        {CNN_INIT_UNIFORM, 0.5f, 0.5 / 1.7320508, 0.5},
        {CNN_INIT_NORMAL, 0.25f, 0.25, 2},
        {CNN_INIT_CONSTANT, 0.25f, 0.25, 0.25},
    };
    for (int r = 0; r < LENGTH(rows); r++) {
        cnn_net *net = seeded_net(11);
        const cnn_node x = cnn_net_input(net, NULL, 1, (const int64_t[]){kInputs});
        cnn_net_dense(net, x,
                      &(cnn_dense){.units = kUnits,
                                   .initializer = rows[r].initializer,
                                   .initializer_scale = rows[r].scale});
        float *w = vector_of(net, CNN_PARAMETERS);
        double sum = 0, squares = 0, most = 0;
        for (int i = 0; i < kUnits * kInputs; i++) {
            sum += w[i];
            squares += (double)w[i] * w[i];
            most = fmax(most, fabs(w[i]));
        }
        const double n = kUnits * kInputs;
        NEAR(sqrt(squares / n), rows[r].deviation, 0.02 * rows[r].deviation);
        if (rows[r].initializer != CNN_INIT_CONSTANT) NEAR(sum / n, 0, 0.03 * rows[r].deviation);
        assert_true(most <= rows[r].bound * 1.00001);
        for (int i = 0; i < kUnits; i++) NEAR(w[kUnits * kInputs + i], 0, 0);
        free(w);
        cnn_net_destroy(net);
    }
}

/* ---- Mistakes ---- */

/* The latest add was refused: this node, status and parts of the message; the net stays whole. */
static void assert_mistake(cnn_net *net, cnn_node returned, cnn_status status, cnn_node node,
                           const char *const *parts) {
    assert_int_equal(returned, -status);
    FAILS(status, cnn_net_error(net, &err));
    for (; *parts; parts++) SAID(*parts);
    assert_int_equal(err.node, node);
    assert_true(strlen(err.message) < sizeof err.message);
    const cnn_error first = err;

    /* Passed on by every later add, and the first stays. */
    const int32_t nodes = cnn_net_node_count(net);
    assert_int_equal(cnn_net_dense(net, returned, &(cnn_dense){.units = -5}), -status);
    assert_int_equal(cnn_net_input(net, "later", 9, NULL), -status);
    assert_int_equal(cnn_net_loss(net, returned, NULL), -status);
    assert_int_equal(cnn_net_node_count(net), nodes);
    FAILS(status, cnn_net_error(net, &err));
    assert_string_equal(err.message, first.message);

    /* And is what compile returns. */
    cnn_device *device = open_device("reference");
    FAILS(status, cnn_net_compile(net, device, NULL, &err));
    assert_string_equal(err.message, first.message);
    assert_int_equal(err.node, first.node);
    cnn_device_destroy(device);

    /* What was built before can be looked at. */
    size_t needed = 0;
    OK(cnn_net_summary(net, NULL, 0, &needed, &err));
    float *theta = vector_of(net, CNN_PARAMETERS);
    free(theta);
}

static void mistakes_in_layers_are_named(void **state) {
    (void)state;
    const struct {
        enum layer layer;
        const void *descriptor;
        cnn_status status;
        const char *parts[6];
    } rows[] = {
#define BAD_CONV(...) CONV2D, CONV(.name = "bad", __VA_ARGS__)
#define BAD_POOL(...) MAX_POOL, POOL(.name = "bad", __VA_ARGS__)
#define NAMED "conv2d \"bad\" (node 1)"
        {BAD_CONV(.groups = 3),
         CNN_SHAPE_MISMATCH,
         {NAMED, "groups is 3", "4 input channels", "input_1"}},
        {BAD_CONV(.groups = 4, .filters = 6),
         CNN_SHAPE_MISMATCH,
         {NAMED, "groups is 4", "6 filters"}},
        {BAD_CONV(.groups = -1), CNN_OUT_OF_RANGE, {NAMED, "groups is -1"}},
        {BAD_CONV(.filters = 0), CNN_OUT_OF_RANGE, {NAMED, "filters is 0", "1 to"}},
        {BAD_CONV(.filters = -7), CNN_OUT_OF_RANGE, {NAMED, "filters is -7"}},
        {BAD_CONV(.filters = INT64_MAX),
         CNN_OUT_OF_RANGE,
         {NAMED, "filters is 9223372036854775807"}},
        {BAD_CONV(.kernel = {0, 3}), CNN_OUT_OF_RANGE, {NAMED, "kernel's height is 0"}},
        {BAD_CONV(.kernel = {-3, 3}), CNN_OUT_OF_RANGE, {NAMED, "kernel's height is -3"}},
        {BAD_CONV(.kernel = {3, -1}), CNN_OUT_OF_RANGE, {NAMED, "kernel's width is -1"}},
        {BAD_CONV(.kernel = {9, 3}), CNN_SHAPE_MISMATCH, {NAMED, "height is 9", "8", "input_1"}},
        {BAD_CONV(.kernel = {3, 8}), CNN_SHAPE_MISMATCH, {NAMED, "width is 8", "7"}},
        {BAD_CONV(.kernel = {3, 3}, .dilation = {4, 1}),
         CNN_SHAPE_MISMATCH,
         {NAMED, "height is 9"}},
        {BAD_CONV(.kernel = {2147483647, 2147483647}, .padding = {2147483647, 2147483647, 0, 0}),
         CNN_SHAPE_MISMATCH,
         {NAMED, "2^40"}},
        {BAD_CONV(.stride = {-1, 1}), CNN_OUT_OF_RANGE, {NAMED, "stride's height is -1"}},
        {BAD_CONV(.stride = {1, INT64_MIN}), CNN_OUT_OF_RANGE, {NAMED, "stride's width"}},
        {BAD_CONV(.dilation = {1, -2}), CNN_OUT_OF_RANGE, {NAMED, "dilation's width is -2"}},
        {BAD_CONV(.padding = {0, 0, -1, 0}), CNN_OUT_OF_RANGE, {NAMED, "padding is -1"}},
        {BAD_CONV(.padding = {INT64_MAX}), CNN_OUT_OF_RANGE, {NAMED, "padding is"}},
        {BAD_CONV(.padding = {1}, .padding_mode = CNN_SAME),
         CNN_INVALID_ARGUMENT,
         {NAMED, "CNN_SAME"}},
        {BAD_CONV(.padding_mode = 2), CNN_INVALID_ARGUMENT, {NAMED, "padding_mode is 2"}},
        {BAD_CONV(.activation = 12), CNN_INVALID_ARGUMENT, {NAMED, "activation is 12"}},
        {BAD_CONV(.activation = -1), CNN_INVALID_ARGUMENT, {NAMED, "activation is -1"}},
        {BAD_CONV(.slope = NAN), CNN_OUT_OF_RANGE, {NAMED, "slope is nan"}},
        {BAD_CONV(.slope = INFINITY), CNN_OUT_OF_RANGE, {NAMED, "slope is inf"}},
        {BAD_CONV(.initializer = 6), CNN_INVALID_ARGUMENT, {NAMED, "initializer is 6"}},
        {BAD_CONV(.initializer_scale = NAN), CNN_OUT_OF_RANGE, {NAMED, "initializer_scale is nan"}},
        {BAD_CONV(.initializer_scale = -1), CNN_OUT_OF_RANGE, {NAMED, "initializer_scale is -1"}},
        {BAD_CONV(.reserved = {1}), CNN_INCOMPATIBLE, {"conv2d \"bad\"", "reserved"}},
        {BAD_CONV(.reserved = {0, 0, 0, 0, 0, 0, 0, 1}),
         CNN_INCOMPATIBLE,
         {"conv2d \"bad\"", "reserved"}},
        {DENSE, FULL(.units = 0), CNN_OUT_OF_RANGE, {"dense \"dense_1\" (node 1)", "units is 0"}},
        {DENSE, FULL(.units = 2147483648), CNN_OUT_OF_RANGE, {"units is 2147483648"}},
        {DENSE, FULL(.slope = NAN), CNN_OUT_OF_RANGE, {"slope is nan"}},
        {DENSE, FULL(.activation = 99), CNN_INVALID_ARGUMENT, {"activation is 99"}},
        {DENSE, FULL(.reserved32 = 1), CNN_INCOMPATIBLE, {"dense", "reserved"}},
        {DENSE, FULL(.reserved = {0, 1}), CNN_INCOMPATIBLE, {"dense", "reserved"}},
        {BAD_POOL(.window = {0, 0}),
         CNN_OUT_OF_RANGE,
         {"max_pool2d \"bad\" (node 1)", "window's height is 0"}},
        {BAD_POOL(.window = {9, 1}), CNN_SHAPE_MISMATCH, {"height is 9", "8"}},
        {BAD_POOL(.padding = {3, 0, 0, 0}), CNN_INVALID_ARGUMENT, {"padding is 3", "window's 3"}},
        {BAD_POOL(.stride = {-2, 0}), CNN_OUT_OF_RANGE, {"stride's height is -2"}},
        {BAD_POOL(.padding_mode = -1), CNN_INVALID_ARGUMENT, {"padding_mode is -1"}},
        {BAD_POOL(.reserved = {-1}), CNN_INCOMPATIBLE, {"max_pool2d \"bad\"", "reserved"}},
        {AVERAGE_POOL, POOL(.reserved = {-1}), CNN_INCOMPATIBLE, {"average_pool2d", "reserved"}},
        {ACTIVATION,
         &(const cnn_activation){.kind = 17},
         CNN_INVALID_ARGUMENT,
         {"activation is 17"}},
        {ACTIVATION, LEAKY(.slope = NAN), CNN_OUT_OF_RANGE, {"slope is nan"}},
        {ACTIVATION, LEAKY(.reserved = {1}), CNN_INCOMPATIBLE, {"activation", "reserved"}},
        {DROPOUT,
         &(const cnn_dropout){.rate = 1},
         CNN_OUT_OF_RANGE,
         {"dropout_1", "rate is 1", "[0, 1)"}},
        {DROPOUT, &(const cnn_dropout){.rate = -0.5f}, CNN_OUT_OF_RANGE, {"rate is -0.5"}},
        {DROPOUT, &(const cnn_dropout){.rate = NAN}, CNN_OUT_OF_RANGE, {"rate is nan"}},
        {DROPOUT, &(const cnn_dropout){.reserved32 = 1}, CNN_INCOMPATIBLE, {"dropout", "reserved"}},
        {DROPOUT, &(const cnn_dropout){.reserved = {1}}, CNN_INCOMPATIBLE, {"dropout", "reserved"}},
        {BATCH_NORM, NORM(.momentum = NAN), CNN_OUT_OF_RANGE, {"batch_norm_1", "momentum is nan"}},
        {BATCH_NORM, NORM(.momentum = 1.5f), CNN_OUT_OF_RANGE, {"momentum is 1.5", "0 to 1"}},
        {BATCH_NORM, NORM(.epsilon = NAN), CNN_OUT_OF_RANGE, {"epsilon is nan"}},
        {BATCH_NORM, NORM(.epsilon = INFINITY), CNN_OUT_OF_RANGE, {"epsilon is inf"}},
        {BATCH_NORM, NORM(.slope = NAN), CNN_OUT_OF_RANGE, {"slope is nan"}},
        {BATCH_NORM, NORM(.activation = 60), CNN_INVALID_ARGUMENT, {"activation is 60"}},
        {BATCH_NORM, NORM(.reserved = {1}), CNN_INCOMPATIBLE, {"batch_norm", "reserved"}},
        {ADD, SUM(.activation = -2), CNN_INVALID_ARGUMENT, {"add_1", "activation is -2"}},
        {ADD, SUM(.slope = NAN), CNN_OUT_OF_RANGE, {"slope is nan"}},
        {ADD, SUM(.reserved = {2}), CNN_INCOMPATIBLE, {"add", "reserved"}},
        {CONCAT, &(const cnn_plain){.reserved = {2}}, CNN_INCOMPATIBLE, {"concat", "reserved"}},
        {SOFTMAX, &(const cnn_plain){.reserved = {2}}, CNN_INCOMPATIBLE, {"softmax", "reserved"}},
        {FLATTEN, &(const cnn_plain){.reserved = {2}}, CNN_INCOMPATIBLE, {"flatten", "reserved"}},
        {GLOBAL_POOL,
         &(const cnn_plain){.reserved = {2}},
         CNN_INCOMPATIBLE,
         {"global_average_pool2d", "reserved"}},
        {LOSS, NULL, CNN_INVALID_ARGUMENT, {"loss", "kind is 0"}},
        {LOSS, &(const cnn_loss){.kind = 8}, CNN_INVALID_ARGUMENT, {"kind is 8"}},
        {LOSS, &(const cnn_loss){.kind = -1}, CNN_INVALID_ARGUMENT, {"kind is -1"}},
        {LOSS,
         &(const cnn_loss){.kind = CNN_LOSS_MSE, .weight = NAN},
         CNN_OUT_OF_RANGE,
         {"weight is nan"}},
        {LOSS,
         &(const cnn_loss){.kind = CNN_LOSS_MSE, .weight = INFINITY},
         CNN_OUT_OF_RANGE,
         {"weight is inf"}},
        {LOSS,
         &(const cnn_loss){.kind = CNN_LOSS_MSE, .reserved = {1}},
         CNN_INCOMPATIBLE,
         {"loss", "reserved"}},
        {FLATTEN, &(const cnn_plain){.name = "a/b"}, CNN_INVALID_ARGUMENT, {"flatten", "\"/\""}},
        {FLATTEN, &(const cnn_plain){.name = "\xff"}, CNN_INVALID_ARGUMENT, {"flatten", "UTF-8"}},
    };
    for (int i = 0; i < LENGTH(rows); i++) {
        cnn_net *net = seeded_net(0);
        const cnn_node x = image(net, 4, 8, 7);
        const cnn_node bad = add_layer(net, rows[i].layer, x, rows[i].descriptor);
        if (bad != -rows[i].status) print_error("row %d: %s\n", i, rows[i].parts[0]);
        assert_mistake(net, bad, rows[i].status, 1, rows[i].parts);
        cnn_net_destroy(net);
    }
}

static void mistakes_in_inputs_are_named(void **state) {
    (void)state;
    const struct {
        const char *name;
        int32_t rank;
        const int64_t *shape;
        const char *parts[4];
        cnn_status status;
    } rows[] = {
        {"in", 0, (const int64_t[]){1}, {"input \"in\"", "rank is 0"}, CNN_SHAPE_MISMATCH},
        {"in", -1, (const int64_t[]){1}, {"input \"in\"", "rank is -1"}, CNN_SHAPE_MISMATCH},
        {"in", 4, (const int64_t[]){1, 1, 1, 1}, {"rank is 4", "1 to 3"}, CNN_SHAPE_MISMATCH},
        {"in", 2, NULL, {"input \"in\"", "NULL"}, CNN_INVALID_ARGUMENT},
        {"in", 2, (const int64_t[]){3, 0}, {"[3, 0]"}, CNN_SHAPE_MISMATCH},
        {"in", 2, (const int64_t[]){-3, 4}, {"[-3, 4]"}, CNN_SHAPE_MISMATCH},
        {NULL, 3, (const int64_t[]){1 << 20, 1 << 20, 2}, {"input_1", "2^40"}, CNN_SHAPE_MISMATCH},
        {"in", 3, (const int64_t[]){INT64_MAX, INT64_MAX, 2}, {"2^40"}, CNN_SHAPE_MISMATCH},
        {"x/y", 1, (const int64_t[]){1}, {"input", "\"/\""}, CNN_INVALID_ARGUMENT},
    };
    for (int i = 0; i < LENGTH(rows); i++) {
        cnn_net *net = seeded_net(0);
        const cnn_node bad = cnn_net_input(net, rows[i].name, rows[i].rank, rows[i].shape);
        assert_mistake(net, bad, rows[i].status, 0, rows[i].parts);
        cnn_net_destroy(net);
    }
}

static void nodes_that_the_net_never_returned(void **state) {
    (void)state;
    static const cnn_node ids[] = {1, 2, 1000, INT32_MAX, -1, -200, INT32_MIN};
    for (int i = 0; i < LENGTH(ids); i++)
        for (int layer = 0; layer <= GLOBAL_POOL; layer++) {
            cnn_net *net = seeded_net(0);
            image(net, 4, 8, 7);
            const cnn_conv2d conv = {.filters = 1, .kernel = {1, 1}};
            const cnn_dense dense = {.units = 1};
            const cnn_pool2d pool = {.window = {1, 1}};
            const cnn_loss loss = {.kind = CNN_LOSS_MSE};
            const void *descriptor = layer == CONV2D         ? (const void *)&conv
                                     : layer == DENSE        ? (const void *)&dense
                                     : layer == LOSS         ? (const void *)&loss
                                     : layer <= AVERAGE_POOL ? (const void *)&pool
                                                             : NULL;
            const cnn_node bad = add_layer(net, (enum layer)layer, ids[i], descriptor);
            char id[16];
            snprintf(id, sizeof id, "node %d", ids[i]);
            assert_mistake(net, bad, CNN_INVALID_ARGUMENT, 1,
                           (const char *[]){id, "never returned", NULL});
            cnn_net_destroy(net);
        }
}

static void names_are_unique(void **state) {
    (void)state;
    cnn_net *net = seeded_net(0);
    const cnn_node x = cnn_net_input(net, "stem", 1, (const int64_t[]){3});
    const cnn_node bad = cnn_net_dense(net, x, &(cnn_dense){.units = 2, .name = "stem"});
    assert_mistake(net, bad, CNN_INVALID_ARGUMENT, 1,
                   (const char *[]){"dense", "stem", "taken", "node 0", NULL});
    cnn_net_destroy(net);

    char name[1100];
    memset(name, 'n', sizeof name);
    name[1025] = 0;
    net = seeded_net(0);
    assert_mistake(net, cnn_net_input(net, name, 1, (const int64_t[]){3}), CNN_INVALID_ARGUMENT, 0,
                   (const char *[]){"input", "1025", "1024", NULL});
    cnn_net_destroy(net);
    name[1024] = 0;
    net = seeded_net(0);
    assert_int_equal(cnn_net_input(net, name, 1, (const int64_t[]){3}), 0);
    cnn_node_info info;
    OK(cnn_net_describe_node(net, 0, &info, &err));
    assert_int_equal(strlen(info.name), 255);
    assert_int_equal(cnn_net_find_node(net, name), 0);
    cnn_net_destroy(net);
}

static void joins_want_fitting_shapes(void **state) {
    (void)state;
    for (int i = 0; i < 9; i++) {
        cnn_net *net = seeded_net(0);
        const cnn_node a = image(net, 3, 4, 5), b = image(net, 2, 4, 5), c = image(net, 3, 5, 4);
        const cnn_node flat = cnn_net_input(net, NULL, 1, (const int64_t[]){60});
        cnn_node bad = 0;
        cnn_status status = CNN_SHAPE_MISMATCH;
        const char *parts[4] = {NULL};
        switch (i) {
            case 0:
                bad = cnn_net_add(net, (const cnn_node[]){a, b}, 2, NULL);
                parts[0] = "add \"add_1\" (node 4)", parts[1] = "[2, 4, 5]", parts[2] = "[3, 4, 5]";
                break;
            case 1:
                bad = cnn_net_add(net, (const cnn_node[]){a, flat}, 2, NULL);
                parts[0] = "[60]";
                break;
            case 2:
                bad = cnn_net_add(net, &a, 1, NULL);
                status = CNN_INVALID_ARGUMENT;
                parts[0] = "add_1", parts[1] = "at least 2";
                break;
            case 3:
                bad = cnn_net_add(net, NULL, 2, &(cnn_add){.name = "sum"});
                status = CNN_INVALID_ARGUMENT;
                parts[0] = "add \"sum\"", parts[1] = "inputs is NULL";
                break;
            case 4:
                bad = cnn_net_concat(net, &a, 0, NULL);
                status = CNN_INVALID_ARGUMENT;
                parts[0] = "concat", parts[1] = "count is 0", parts[2] = "at least 1";
                break;
            case 5:
                bad = cnn_net_concat(net, &a, -4, NULL);
                status = CNN_INVALID_ARGUMENT;
                parts[0] = "concat", parts[1] = "count is -4";
                break;
            case 6:
                bad = cnn_net_concat(net, (const cnn_node[]){a, c}, 2, NULL);
                parts[0] = "concat \"concat_1\" (node 4)", parts[1] = "[3, 5, 4]";
                break;
            case 7:
                bad = cnn_net_conv2d(net, flat, &(cnn_conv2d){.filters = 1, .kernel = {1, 1}});
                parts[0] = "conv2d_1", parts[1] = "[60]", parts[2] = "[C, H, W]";
                break;
            default:
                bad = cnn_net_global_average_pool2d(net, flat, NULL);
                parts[0] = "[60]", parts[1] = "[C, H, W]";
        }
        assert_mistake(net, bad, status, 4, parts);
        cnn_net_destroy(net);
    }
}

static void losses_are_ends(void **state) {
    (void)state;
    cnn_net *net = seeded_net(0);
    const cnn_node x = cnn_net_input(net, NULL, 1, (const int64_t[]){3});
    const cnn_node loss = cnn_net_loss(net, x, &(cnn_loss){.kind = CNN_LOSS_MSE, .name = "end"});
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_output(net, loss, &err));
    SAID("end");
    OK(cnn_net_error(net, &err));
    assert_mistake(net, cnn_net_dense(net, loss, &(cnn_dense){.units = 1}), CNN_INVALID_ARGUMENT, 2,
                   (const char *[]){"dense_1", "end", "loss", NULL});
    cnn_net_destroy(net);

    net = seeded_net(0);
    const cnn_node one = cnn_net_input(net, NULL, 1, (const int64_t[]){1});
    assert_mistake(net, cnn_net_loss(net, one, &(cnn_loss){.kind = CNN_LOSS_SOFTMAX_CROSS_ENTROPY}),
                   CNN_SHAPE_MISMATCH, 1,
                   (const char *[]){"softmax_cross_entropy_1", "[1]", "2", NULL});
    cnn_net_destroy(net);
}

static void outputs_are_checked(void **state) {
    (void)state;
    cnn_net *net = seeded_net(0);
    const cnn_node x = cnn_net_input(net, NULL, 1, (const int64_t[]){3});
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_output(net, 1, &err));
    SAID("node 1");
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_output(net, -3, &err));
    OK(cnn_net_output(net, x, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_output(net, x, &err));
    SAID("input_1");
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_output(NULL, x, &err));
    OK(cnn_net_error(net, &err));
    cnn_node_info info;
    OK(cnn_net_describe_node(net, x, &info, &err));
    assert_int_equal(info.is_output, 1);
    const cnn_node y = cnn_net_flatten(net, x, NULL), z = cnn_net_flatten(net, y, NULL);
    OK(cnn_net_output(net, z, &err));
    OK(cnn_net_describe_node(net, z, &info, &err));
    assert_int_equal(info.is_output, 2);
    OK(cnn_net_describe_node(net, y, &info, &err));
    assert_int_equal(info.is_output, 0);
    FAILS(CNN_OUT_OF_RANGE, cnn_net_describe_node(net, 3, &info, &err));
    FAILS(CNN_OUT_OF_RANGE, cnn_net_describe_node(net, -1, &info, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_describe_node(net, 0, NULL, &err));
    cnn_net_destroy(net);
}

static void a_null_net_is_refused_everywhere(void **state) {
    (void)state;
    const cnn_node bad = -CNN_INVALID_ARGUMENT;
    for (int layer = 0; layer <= GLOBAL_POOL; layer++)
        assert_int_equal(add_layer(NULL, (enum layer)layer, 0, NULL), bad);
    assert_int_equal(cnn_net_input(NULL, NULL, 1, NULL), bad);
    assert_int_equal(cnn_net_find_node(NULL, "x"), bad);
    assert_int_equal(cnn_net_node_count(NULL), -1);
    assert_int_equal(cnn_net_tensor_count(NULL, CNN_STATE), -1);
    assert_int_equal(cnn_net_vector_elements(NULL, CNN_STATE), -1);
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_error(NULL, &err));
    SAID("net is NULL");
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_compile(NULL, NULL, NULL, &err));
    SAID("net is NULL");
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_summary(NULL, NULL, 0, NULL, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_get_vector(NULL, 0, NULL, 0, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_set_vector(NULL, 0, NULL, 0, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_get_tensor(NULL, 0, "x", NULL, 0, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_set_tensor(NULL, 0, "x", NULL, 0, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_set_rate(NULL, "x", 1, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_describe_tensor(NULL, 0, 0, NULL, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_describe_node(NULL, 0, NULL, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_clone(NULL, NULL, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_copy_parameters(NULL, NULL, &err));
    cnn_net_cancel(NULL);
    cnn_net_destroy(NULL);
    cnn_device_destroy(NULL);
    cnn_optimizer_destroy(NULL);
    assert_int_equal(cnn_net_error(NULL, NULL), CNN_INVALID_ARGUMENT);
}

static void a_net_without_input_isn_t_compiled(void **state) {
    (void)state;
    cnn_device *device = open_device("reference");
    cnn_net *net = seeded_net(0);
    FAILS(CNN_BAD_STATE, cnn_net_compile(net, device, NULL, &err));
    /* And can be gone on with. */
    cnn_net_dense(net, image(net, 1, 2, 2), &(cnn_dense){.units = 1});
    OK(cnn_net_compile(net, device, NULL, &err));
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

static void vectors_and_tensors_are_checked(void **state) {
    (void)state;
    cnn_net *net = seeded_net(0);
    cnn_node n = cnn_net_dense(net, image(net, 1, 2, 2), &(cnn_dense){.units = 2, .name = "d"});
    cnn_net_batch_norm(net, n, &(cnn_batch_norm){.name = "b"});
    float v[32] = {0};
    FAILS(CNN_SHAPE_MISMATCH, cnn_net_get_vector(net, CNN_PARAMETERS, v, 13, &err));
    SAID("14");
    SAID("13");
    FAILS(CNN_SHAPE_MISMATCH, cnn_net_set_vector(net, CNN_PARAMETERS, v, 15, &err));
    FAILS(CNN_SHAPE_MISMATCH, cnn_net_set_vector(net, CNN_PARAMETERS, v, -1, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_get_vector(net, CNN_PARAMETERS, NULL, 14, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_get_vector(net, 7, v, 14, &err));
    FAILS(CNN_BAD_STATE, cnn_net_get_vector(net, CNN_GRADIENT, v, 14, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_set_vector(net, CNN_GRADIENT, v, 14, &err));
    FAILS(CNN_NOT_FOUND, cnn_net_get_tensor(net, CNN_PARAMETERS, "d/nothing", v, 1, &err));
    SAID("d/nothing");
    FAILS(CNN_NOT_FOUND, cnn_net_get_tensor(net, CNN_PARAMETERS, "b/running_mean", v, 2, &err));
    FAILS(CNN_SHAPE_MISMATCH, cnn_net_get_tensor(net, CNN_PARAMETERS, "d/weight", v, 7, &err));
    SAID("d/weight");
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_get_tensor(net, CNN_PARAMETERS, NULL, v, 7, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_set_tensor(net, CNN_PARAMETERS, "d/bias", NULL, 2, &err));
    const float two[] = {3, 4};
    OK(cnn_net_set_tensor(net, CNN_PARAMETERS, "d/bias", two, 2, &err));
    OK(cnn_net_set_tensor(net, CNN_STATE, "b/running_mean", two, 2, &err));
    OK(cnn_net_get_vector(net, CNN_PARAMETERS, v, 14, &err));
    NEAR(v[8], 3, 0);
    NEAR(v[9], 4, 0);
    NEAR(v[10], 1, 0); /* scale */
    NEAR(v[12], 0, 0); /* shift */
    OK(cnn_net_get_vector(net, CNN_STATE, v, 4, &err));
    NEAR(v[0], 3, 0);
    NEAR(v[2], 1, 0); /* running_variance */
    FAILS(CNN_OUT_OF_RANGE, cnn_net_set_rate(net, "d", -1, &err));
    FAILS(CNN_OUT_OF_RANGE, cnn_net_set_rate(net, "d", NAN, &err));
    FAILS(CNN_OUT_OF_RANGE, cnn_net_set_rate(net, "d", INFINITY, &err));
    FAILS(CNN_NOT_FOUND, cnn_net_set_rate(net, "e", 1, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_set_rate(net, NULL, 1, &err));
    OK(cnn_net_set_rate(net, "d", 0.5, &err));
    OK(cnn_net_set_rate(net, "d/bias", 0, &err));
    cnn_tensor_info info;
    OK(cnn_net_describe_tensor(net, CNN_PARAMETERS, 0, &info, &err));
    NEAR(info.rate, 0.5, 0);
    OK(cnn_net_describe_tensor(net, CNN_PARAMETERS, 1, &info, &err));
    NEAR(info.rate, 0, 0);
    OK(cnn_net_describe_tensor(net, CNN_PARAMETERS, 2, &info, &err));
    NEAR(info.rate, 1, 0);
    cnn_net_destroy(net);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions_have_the_sizes_of_the_formula),
        cmocka_unit_test(pools_have_the_sizes_of_the_formula),
        cmocka_unit_test(other_layers_have_their_sizes),
        cmocka_unit_test(default_names_count_by_kind),
        cmocka_unit_test(a_default_name_avoids_a_taken_one),
        cmocka_unit_test(the_summary_is_cut_to_fit),
        cmocka_unit_test(every_default_is_the_documented_value),
        cmocka_unit_test(the_net_s_defaults),
        cmocka_unit_test(initial_weights_have_their_distribution),
        cmocka_unit_test(mistakes_in_layers_are_named),
        cmocka_unit_test(mistakes_in_inputs_are_named),
        cmocka_unit_test(nodes_that_the_net_never_returned),
        cmocka_unit_test(names_are_unique),
        cmocka_unit_test(joins_want_fitting_shapes),
        cmocka_unit_test(losses_are_ends),
        cmocka_unit_test(outputs_are_checked),
        cmocka_unit_test(a_null_net_is_refused_everywhere),
        cmocka_unit_test(a_net_without_input_isn_t_compiled),
        cmocka_unit_test(vectors_and_tensors_are_checked),
    };
    return cmocka_run_group_tests_name("building", tests, NULL, NULL);
}

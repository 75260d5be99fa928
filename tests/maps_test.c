/* Connections between maps, and sub-sampling: each against sums written out here, and against dense
 * convolutions whose weights are zero where nothing connects. */
#include "public.h"

#include <math.h>

enum { kMostPairs = 64 };

static cnn_node image(cnn_net *net, int64_t c, int64_t h, int64_t w) {
    return cnn_net_input(net, "x", 3, (const int64_t[]){c, h, w});
}

static int64_t elements_of(cnn_net *net, cnn_node node) {
    cnn_node_info info;
    OK(cnn_net_describe_node(net, node, &info, &err));
    int64_t elements = 1;
    for (int i = 0; i < info.rank; i++) elements *= info.shape[i];
    return elements;
}

static int64_t tensor_elements(cnn_net *net, const char *name) {
    cnn_tensor_info info;
    for (int32_t i = 0; i < cnn_net_tensor_count(net, CNN_PARAMETERS); i++) {
        OK(cnn_net_describe_tensor(net, CNN_PARAMETERS, i, &info, &err));
        if (strcmp(info.name, name) == 0) return info.elements;
    }
    return -1;
}

static void compile(cnn_net *net, cnn_device *device, int64_t n) {
    OK(cnn_net_compile(net, device, &(cnn_compile){.max_batch = n}, &err));
}

/* A net, compiled, with what it gives for inputs and dL/dy drawn from fixed streams. */
struct outcome {
    int64_t n, y_elements, x_elements;
    float *x, *y, *dy, *dx;
};

static struct outcome outcome_of(cnn_net *net, cnn_node x, cnn_node y, int64_t n) {
    struct outcome o = {n,   n * elements_of(net, y), n * elements_of(net, x), NULL, NULL, NULL,
                        NULL};
    o.x = floats(o.x_elements);
    o.dx = floats(o.x_elements);
    o.y = floats(o.y_elements);
    o.dy = floats(o.y_elements);
    fill(o.x, o.x_elements, 5);
    fill(o.dy, o.y_elements, 6);
    const cnn_view in = {.data = o.x, .elements = o.x_elements};
    const cnn_view out = {.data = o.y, .elements = o.y_elements};
    OK(cnn_net_run_view(net, &in, &out, &err));
    const cnn_samples samples = {.inputs = o.x, .input_elements = o.x_elements};
    const cnn_view dy = {.data = o.dy, .elements = o.y_elements};
    const cnn_view dx = {.data = o.dx, .elements = o.x_elements};
    OK(cnn_net_backward(net, &samples, &dy, 1, &dx, 1, NULL, &err));
    return o;
}

static void free_outcome(struct outcome *o) {
    free(o->x);
    free(o->y);
    free(o->dy);
    free(o->dx);
}

static void same_values(const float *a, const float *b, int64_t count, double tolerance) {
    for (int64_t i = 0; i < count; i++) NEAR(a[i], b[i], tolerance);
}

/* ---- Connections ---- */

/* A table, the kernels it has by hand, and the convolution it is of. */
struct table {
    const char *name;
    cnn_connections connections;
    int channels, filters, kernel[2];
    int pair_count; /* 0: to be found out */
    int32_t pairs[2 * kMostPairs];
};

static const int32_t kPairs[] = {2, 0, 0, 1, 3, 1, 1, 2, 0, 0, 4, 2};
static const int32_t kBlocks[] = {1, 0, 0, 0, 0, 1, 3, 2, 2, 3};
static const int64_t kSizes[] = {1, 1, 3, 2, 2, 2, 1, 3, 2, 1, 3, 3};
static const int64_t kSizesByMap[] = {2, 3, 1, 1, 3, 2};

static const struct table kTables[] = {
    {"single", {.kind = CNN_CONNECT_SINGLE}, 4, 4, {3, 2}, 4, {0, 0, 1, 1, 2, 2, 3, 3}},
    {"full, shared", {.shared_kernel = 1}, 3, 2, {2, 3}, 6, {0, 0, 1, 0, 2, 0, 0, 1, 1, 1, 2, 1}},
    {"full, sizes by map",
     {.kernel_sizes = kSizesByMap, .kernel_size_count = 3, .kernel_sizes_by_map = 1},
     2,
     3,
     {3, 3},
     6,
     {0, 0, 1, 0, 0, 1, 1, 1, 0, 2, 1, 2}},
    {"custom",
     {.kind = CNN_CONNECT_CUSTOM, .pairs = kPairs, .pair_count = 6},
     5,
     3,
     {3, 3},
     6,
     {2, 0, 0, 1, 3, 1, 1, 2, 0, 0, 4, 2}},
    {"custom, shared",
     {.kind = CNN_CONNECT_CUSTOM, .pairs = kPairs, .pair_count = 6, .shared_kernel = 1},
     5,
     3,
     {2, 2},
     6,
     {2, 0, 0, 1, 3, 1, 1, 2, 0, 0, 4, 2}},
    {"custom, sizes",
     {.kind = CNN_CONNECT_CUSTOM,
      .pairs = kPairs,
      .pair_count = 6,
      .kernel_sizes = kSizes,
      .kernel_size_count = 6},
     5,
     3,
     {3, 3},
     6,
     {2, 0, 0, 1, 3, 1, 1, 2, 0, 0, 4, 2}},
    {"custom, shared, sizes",
     {.kind = CNN_CONNECT_CUSTOM,
      .pairs = kPairs,
      .pair_count = 6,
      .shared_kernel = 1,
      .kernel_sizes = kSizesByMap,
      .kernel_size_count = 3},
     5,
     3,
     {3, 3},
     6,
     {2, 0, 0, 1, 3, 1, 1, 2, 0, 0, 4, 2}},
    {"custom, in two blocks",
     {.kind = CNN_CONNECT_CUSTOM, .pairs = kBlocks, .pair_count = 5},
     4,
     4,
     {3, 1},
     5,
     {1, 0, 0, 0, 0, 1, 3, 2, 2, 3}},
    {"random", {.kind = CNN_CONNECT_RANDOM, .fan_in = 3, .seed = 11}, 7, 5, {2, 2}, 0, {0}},
    {"random, shared",
     {.kind = CNN_CONNECT_RANDOM, .fan_in = 2, .shared_kernel = 1},
     6,
     4,
     {1, 3},
     0,
     {0}},
};

/* Which inputs reach which filter: ones on one channel, kernels of ones. Ordered by filter. */
static void find_pairs(cnn_device *device, struct table *t) {
    cnn_net *net = seeded_net(1);
    const cnn_node y = cnn_net_conv2d(net, image(net, t->channels, 1, 1),
                                      &(cnn_conv2d){.name = "c",
                                                    .filters = t->filters,
                                                    .kernel = {1},
                                                    .connections = &t->connections,
                                                    .initializer = CNN_INIT_CONSTANT,
                                                    .initializer_scale = 1});
    assert_true(y >= 0);
    compile(net, device, t->channels);
    float *x = floats((int64_t)t->channels * t->channels);
    float *reached = floats((int64_t)t->channels * t->filters);
    for (int c = 0; c < t->channels; c++) x[c * t->channels + c] = 1;
    const cnn_view in = {.data = x, .elements = (int64_t)t->channels * t->channels};
    const cnn_view out = {.data = reached, .elements = (int64_t)t->channels * t->filters};
    OK(cnn_net_run_view(net, &in, &out, &err));
    t->pair_count = 0;
    for (int o = 0; o < t->filters; o++)
        for (int c = 0; c < t->channels; c++) {
            if (reached[c * t->filters + o] == 0) continue;
            NEAR(reached[c * t->filters + o], 1, 0);
            assert_true(t->pair_count < kMostPairs);
            t->pairs[2 * t->pair_count] = c;
            t->pairs[2 * t->pair_count++ + 1] = o;
        }
    free(x);
    free(reached);
    cnn_net_destroy(net);
}

/* Calls that place each tap of the compact weights in dense ones, or adds these up there. */
static int64_t spread(const struct table *t, float *compact, float *dense, int back) {
    const cnn_connections *c = &t->connections;
    int64_t offsets[kMostPairs + 1] = {0}, sizes[2 * kMostPairs];
    const int kernels = c->shared_kernel ? t->filters : t->pair_count;
    for (int k = 0; k < kernels; k++) {
        const int map = c->shared_kernel ? k : t->pairs[2 * k + 1];
        const int64_t *given = c->kernel_sizes;
        if (given) given += 2 * (c->kernel_sizes_by_map ? map : k);
        sizes[2 * k] = given ? given[0] : t->kernel[0];
        sizes[2 * k + 1] = given ? given[1] : t->kernel[1];
        offsets[k + 1] = offsets[k] + sizes[2 * k] * sizes[2 * k + 1];
    }
    for (int p = 0; p < t->pair_count; p++) {
        const int input = t->pairs[2 * p], output = t->pairs[2 * p + 1];
        const int k = c->shared_kernel ? output : p;
        for (int64_t i = 0; i < sizes[2 * k]; i++)
            for (int64_t j = 0; j < sizes[2 * k + 1]; j++) {
                const int64_t to =
                    ((output * t->channels + input) * t->kernel[0] + i) * t->kernel[1] + j;
                const int64_t from = offsets[k] + i * sizes[2 * k + 1] + j;
                if (back)
                    compact[from] += dense[to];
                else
                    dense[to] = compact[from];
            }
    }
    return offsets[kernels];
}

static cnn_net *conv_net(const struct table *t, int dense, int64_t stride, cnn_node *x,
                         cnn_node *y) {
    cnn_net *net = seeded_net(3);
    *x = image(net, t->channels, 7, 8);
    cnn_conv2d d = {.name = "c",
                    .filters = t->filters,
                    .kernel = {t->kernel[0], t->kernel[1]},
                    .stride = {stride},
                    .padding = {1, 0, 1, 1},
                    .activation = CNN_TANH};
    if (!dense) {
        d.connections = &t->connections;
        /* Left to the largest of the sizes. */
        if (t->connections.kernel_sizes) d.kernel[0] = d.kernel[1] = 0;
    }
    *y = cnn_net_conv2d(net, *x, &d);
    if (*y < 0) OK(cnn_net_error(net, &err));
    return net;
}

static void check_table(cnn_device *device, struct table t, int64_t n, int64_t stride) {
    if (t.pair_count == 0) {
        find_pairs(device, &t);
        assert_int_equal(t.pair_count, t.filters * t.connections.fan_in);
    }
    cnn_node x, y;
    cnn_net *net = conv_net(&t, 0, stride, &x, &y), *dense = conv_net(&t, 1, stride, &x, &y);
    compile(net, device, n);
    compile(dense, device, n);
    const int64_t count = tensor_elements(net, "c/weight");
    const int64_t dense_count = tensor_elements(dense, "c/weight");
    float *w = floats(count), *full = floats(dense_count), *bias = floats(t.filters);
    OK(cnn_net_get_tensor(net, CNN_PARAMETERS, "c/weight", w, count, &err));
    fill(bias, t.filters, 9);
    assert_int_equal(spread(&t, w, full, 0), count);
    OK(cnn_net_set_tensor(dense, CNN_PARAMETERS, "c/weight", full, dense_count, &err));
    OK(cnn_net_set_tensor(net, CNN_PARAMETERS, "c/bias", bias, t.filters, &err));
    OK(cnn_net_set_tensor(dense, CNN_PARAMETERS, "c/bias", bias, t.filters, &err));

    struct outcome got = outcome_of(net, x, y, n), want = outcome_of(dense, x, y, n);
    same_values(got.y, want.y, got.y_elements, 2e-6);
    same_values(got.dx, want.dx, got.x_elements, 1e-5);
    OK(cnn_net_get_tensor(net, CNN_GRADIENT, "c/weight", w, count, &err));
    OK(cnn_net_get_tensor(dense, CNN_GRADIENT, "c/weight", full, dense_count, &err));
    float *sums = floats(count);
    spread(&t, sums, full, 1);
    same_values(w, sums, count, 2e-4);
    free(sums);
    free(w);
    free(full);
    free(bias);
    free_outcome(&got);
    free_outcome(&want);
    cnn_net_destroy(net);
    cnn_net_destroy(dense);
}

static void H60_connections_are_a_dense_convolution_with_zeros(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    for (int i = 0; i < LENGTH(kTables); i++) {
        print_message("%s\n", kTables[i].name);
        check_table(device, kTables[i], 3, 1);
        check_table(device, kTables[i], 17, 2);
    }
    cnn_device_destroy(device);
}

/* A table of kind full with kernels of its own is no table at all. */
static void H60_full_connections_are_a_convolution(void **state) {
    skip_without(state);
    cnn_net *net = seeded_net(3), *plain = seeded_net(3);
    const cnn_connections full = {.kind = CNN_CONNECT_FULL};
    cnn_conv2d d = {.filters = 4, .kernel = {3}, .connections = &full};
    assert_true(cnn_net_conv2d(net, image(net, 6, 5, 5), &d) > 0);
    d.connections = NULL;
    assert_true(cnn_net_conv2d(plain, image(plain, 6, 5, 5), &d) > 0);
    assert_true(same_vector(net, plain, CNN_PARAMETERS));
    cnn_tensor_info info;
    OK(cnn_net_describe_tensor(net, CNN_PARAMETERS, 0, &info, &err));
    assert_int_equal(info.rank, 4);
    cnn_net_destroy(net);
    cnn_net_destroy(plain);
}

/* The stream is the seed's alone, and each filter has its own. */
static void H_table_1_random_connections_are_the_seed_s(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    struct table t = {.connections = {.kind = CNN_CONNECT_RANDOM, .fan_in = 4, .seed = 77},
                      .channels = 12,
                      .filters = 9};
    struct table again = t, other = t;
    other.connections.seed = 78;
    find_pairs(device, &t);
    find_pairs(device, &again);
    find_pairs(device, &other);
    assert_memory_equal(t.pairs, again.pairs, sizeof t.pairs);
    assert_true(memcmp(t.pairs, other.pairs, sizeof t.pairs) != 0);
    int different = 0;
    for (int j = 1; j < t.filters; j++)
        for (int k = 0; k < 4; k++)
            different += t.pairs[2 * (4 * j + k)] != t.pairs[2 * (4 * (j - 1) + k)];
    assert_true(different > 8);
    cnn_device_destroy(device);
}

/* Filter 0 takes one map and filter 1 thirty-two: deviations of He differ by sqrt(32). */
static void initial_kernels_go_by_the_inputs_there_are(void **state) {
    skip_without(state);
    int32_t pairs[2 * 33] = {0, 0};
    for (int i = 0; i < 32; i++) {
        pairs[2 * i + 2] = i;
        pairs[2 * i + 3] = 1;
    }
    const cnn_connections c = {.kind = CNN_CONNECT_CUSTOM, .pairs = pairs, .pair_count = 33};
    cnn_net *net = seeded_net(3);
    const cnn_node y = cnn_net_conv2d(
        net, image(net, 32, 40, 40),
        &(cnn_conv2d){.filters = 2, .kernel = {30}, .connections = &c, .initializer = CNN_INIT_HE});
    assert_true(y > 0);
    float *w = vector_of(net, CNN_PARAMETERS);
    double squares[2] = {0, 0};
    for (int i = 0; i < 33 * 900; i++) squares[i >= 900] += (double)w[i] * w[i];
    NEAR(squares[0] / 900 * 900 / 2, 1, 0.15);
    NEAR(squares[1] / (32 * 900) * (32 * 900) / 2, 1, 0.05);
    free(w);
    cnn_net_destroy(net);
}

static void refuses(cnn_status status, const char *said, const cnn_connections *c,
                    const cnn_conv2d *like) {
    cnn_net *net = seeded_net(3);
    cnn_conv2d d = *like;
    d.name = "c";
    d.connections = c;
    assert_int_equal(cnn_net_conv2d(net, image(net, 4, 6, 6), &d), -status);
    FAILS(status, cnn_net_error(net, &err));
    SAID(said);
    cnn_net_destroy(net);
}

static void a_table_without_a_name_is_told_by_the_default_one(void **state) {
    skip_without(state);
    const int32_t pairs[] = {0, 0};
    cnn_net *net = seeded_net(3);
    const cnn_connections c = {.pairs = pairs, .pair_count = 1};
    cnn_net_conv2d(net, image(net, 4, 6, 6),
                   &(cnn_conv2d){.filters = 3, .kernel = {2}, .connections = &c});
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_error(net, &err));
    SAID("conv2d \"conv2d_1\": connections' pairs are of CNN_CONNECT_CUSTOM alone");
    cnn_net_destroy(net);
}

static void tables_that_contradict_are_refused_by_name(void **state) {
    skip_without(state);
    const cnn_conv2d three = {.filters = 3, .kernel = {2}}, four = {.filters = 4, .kernel = {2}};
    const int32_t twice[] = {0, 0, 1, 1, 2, 2, 1, 1}, outside[] = {0, 0, 4, 1, 0, 2};
    const int32_t negative[] = {0, 0, -1, 1, 0, 2}, lacks[] = {0, 0, 1, 2}, late[] = {0, 3, 0, 0};
    const int64_t sizes[] = {2, 2, 1, 1, 2, 1, 0, 1};
    refuses(CNN_INVALID_ARGUMENT, "(1, 1) is there twice",
            &(cnn_connections){.kind = CNN_CONNECT_CUSTOM, .pairs = twice, .pair_count = 4},
            &three);
    refuses(CNN_OUT_OF_RANGE, "connection 1 is (4, 1)",
            &(cnn_connections){.kind = CNN_CONNECT_CUSTOM, .pairs = outside, .pair_count = 3},
            &three);
    refuses(CNN_OUT_OF_RANGE, "connection 1 is (-1, 1)",
            &(cnn_connections){.kind = CNN_CONNECT_CUSTOM, .pairs = negative, .pair_count = 3},
            &three);
    refuses(CNN_INVALID_ARGUMENT, "filter 1 has no connection",
            &(cnn_connections){.kind = CNN_CONNECT_CUSTOM, .pairs = lacks, .pair_count = 2},
            &three);
    refuses(CNN_OUT_OF_RANGE, "connection 0 is (0, 3)",
            &(cnn_connections){.kind = CNN_CONNECT_CUSTOM, .pairs = late, .pair_count = 2}, &three);
    refuses(CNN_INVALID_ARGUMENT, "no pairs", &(cnn_connections){.kind = CNN_CONNECT_CUSTOM},
            &three);
    refuses(CNN_INVALID_ARGUMENT, "pair",
            &(cnn_connections){.kind = CNN_CONNECT_CUSTOM, .pairs = lacks, .pair_count = -2},
            &three);
    refuses(CNN_INVALID_ARGUMENT, "CNN_CONNECT_CUSTOM alone",
            &(cnn_connections){.pairs = lacks, .pair_count = 2}, &three);
    refuses(CNN_INVALID_ARGUMENT, "kind is 4", &(cnn_connections){.kind = 4}, &three);
    refuses(CNN_SHAPE_MISMATCH, "4 channels and there are 3 filters",
            &(cnn_connections){.kind = CNN_CONNECT_SINGLE}, &three);
    refuses(CNN_OUT_OF_RANGE, "fan_in is 5",
            &(cnn_connections){.kind = CNN_CONNECT_RANDOM, .fan_in = 5}, &three);
    refuses(CNN_OUT_OF_RANGE, "fan_in is 0", &(cnn_connections){.kind = CNN_CONNECT_RANDOM},
            &three);
    refuses(CNN_INVALID_ARGUMENT, "fan_in is 2",
            &(cnn_connections){.kind = CNN_CONNECT_SINGLE, .fan_in = 2}, &four);
    refuses(CNN_INVALID_ARGUMENT, "groups is 2", &(cnn_connections){.shared_kernel = 1},
            &(cnn_conv2d){.filters = 4, .kernel = {2}, .groups = 2});
    refuses(CNN_INVALID_ARGUMENT, "groups is 2", &(cnn_connections){.kind = CNN_CONNECT_FULL},
            &(cnn_conv2d){.filters = 4, .kernel = {2}, .groups = 2});
    refuses(CNN_OUT_OF_RANGE,
            "conv2d \"c\": connections' pair_count is 9223372036854775807, but input channels and "
            "filters make 12 pairs",
            &(cnn_connections){.kind = CNN_CONNECT_CUSTOM, .pairs = lacks, .pair_count = INT64_MAX},
            &three);
    refuses(CNN_SHAPE_MISMATCH, "has 3 sizes, but there are 4",
            &(cnn_connections){
                .kind = CNN_CONNECT_SINGLE, .kernel_sizes = sizes, .kernel_size_count = 3},
            &four);
    refuses(CNN_OUT_OF_RANGE, "entry 3 height",
            &(cnn_connections){
                .kind = CNN_CONNECT_SINGLE, .kernel_sizes = sizes, .kernel_size_count = 4},
            &four);
    refuses(
        CNN_INVALID_ARGUMENT, "kernel is 3 x 3, but the largest of kernel_sizes 2 x 2",
        &(cnn_connections){.kernel_sizes = sizes, .kernel_size_count = 3, .kernel_sizes_by_map = 1},
        &(cnn_conv2d){.filters = 3, .kernel = {3}});
    refuses(CNN_INCOMPATIBLE, "reserved", &(cnn_connections){.reserved = {[7] = 1}}, &three);
    refuses(CNN_INCOMPATIBLE, "reserved", &(cnn_connections){.reserved32 = 1}, &three);
}

/* ---- Sub-sampling ---- */

struct subsampling {
    const char *name;
    cnn_weighted_subsample2d d;
    int channels, maps;
    int pair_count;
    int32_t pairs[2 * kMostPairs];
};

static const cnn_connections kAll = {.kind = CNN_CONNECT_FULL};
static const cnn_connections kAllShared = {.kind = CNN_CONNECT_FULL, .shared_kernel = 1};
static const cnn_connections kSome = {.kind = CNN_CONNECT_CUSTOM, .pairs = kPairs, .pair_count = 6};
static const cnn_connections kSomeShared = {
    .kind = CNN_CONNECT_CUSTOM, .pairs = kPairs, .pair_count = 6, .shared_kernel = 1};

static const struct subsampling kSubsamplings[] = {
    {"map to map", {.factor = {2, 3}, .activation = CNN_TANH}, 3, 3, 3, {0, 0, 1, 1, 2, 2}},
    {"no bias, no activation", {.factor = {2}, .no_bias = 1}, 2, 2, 2, {0, 0, 1, 1}},
    {"all",
     {.factor = {3, 2}, .filters = 2, .connections = &kAll},
     2,
     2,
     4,
     {0, 0, 1, 0, 0, 1, 1, 1}},
    {"all, shared",
     {.factor = {2}, .filters = 2, .connections = &kAllShared, .activation = CNN_SIGMOID},
     2,
     2,
     4,
     {0, 0, 1, 0, 0, 1, 1, 1}},
    {"some",
     {.factor = {2, 4}, .filters = 3, .connections = &kSome, .activation = CNN_TANH, .no_bias = 1},
     5,
     3,
     6,
     {2, 0, 0, 1, 3, 1, 1, 2, 0, 0, 4, 2}},
    {"some, shared",
     {.factor = {3}, .filters = 3, .connections = &kSomeShared, .activation = CNN_TANH},
     5,
     3,
     6,
     {2, 0, 0, 1, 3, 1, 1, 2, 0, 0, 4, 2}},
};

static double activated(cnn_activation_kind kind, double z) {
    return kind == CNN_TANH ? tanh(z) : kind == CNN_SIGMOID ? 1 / (1 + exp(-z)) : z;
}

static double slope_at(cnn_activation_kind kind, double y) {
    return kind == CNN_TANH ? 1 - y * y : kind == CNN_SIGMOID ? y * (1 - y) : 1;
}

enum { kRows = 7, kColumns = 9 };

/* Sum of a window of map `input` of sample s. */
static double window_sum(const struct subsampling *t, const float *x, int64_t s, int input, int row,
                         int column) {
    const int kv = (int)t->d.factor[0], ku = (int)(t->d.factor[1] ? t->d.factor[1] : kv);
    double sum = 0;
    for (int v = 0; v < kv; v++)
        for (int u = 0; u < ku; u++)
            sum += (double)
                x[((s * t->channels + input) * kRows + row * kv + v) * kColumns + column * ku + u];
    return sum;
}

static void check_subsampling(cnn_device *device, const struct subsampling *t, int64_t n) {
    const int shared = t->d.connections && t->d.connections->shared_kernel;
    const int kv = (int)t->d.factor[0], ku = (int)(t->d.factor[1] ? t->d.factor[1] : kv);
    const int rows = kRows / kv, columns = kColumns / ku;
    cnn_net *net = seeded_net(8);
    const cnn_node x = image(net, t->channels, kRows, kColumns);
    cnn_weighted_subsample2d d = t->d;
    d.name = "s";
    const cnn_node y = cnn_net_weighted_subsample2d(net, x, &d);
    if (y < 0) OK(cnn_net_error(net, &err));
    compile(net, device, n);
    const int64_t alphas = tensor_elements(net, "s/alpha");
    assert_int_equal(alphas, shared ? t->maps : t->pair_count);
    float alpha[kMostPairs], bias[8] = {0}, got[kMostPairs];
    fill(alpha, alphas, 4);
    OK(cnn_net_set_tensor(net, CNN_PARAMETERS, "s/alpha", alpha, alphas, &err));
    if (!d.no_bias) {
        fill(bias, t->maps, 7);
        OK(cnn_net_set_tensor(net, CNN_PARAMETERS, "s/bias", bias, t->maps, &err));
    }
    struct outcome o = outcome_of(net, x, y, n);
    assert_int_equal(o.y_elements, n * t->maps * rows * columns);

    /* H86 and H97, then H92 and H95-96 from the same loops. */
    double *dx = calloc((size_t)o.x_elements, sizeof *dx), da[kMostPairs] = {0}, db[8] = {0};
    assert_non_null(dx);
    for (int64_t s = 0; s < n; s++)
        for (int i = 0; i < t->maps; i++)
            for (int r = 0; r < rows; r++)
                for (int c = 0; c < columns; c++) {
                    double z = (double)bias[i];
                    for (int p = 0; p < t->pair_count; p++)
                        if (t->pairs[2 * p + 1] == i)
                            z += (double)alpha[shared ? i : p] *
                                 window_sum(t, o.x, s, t->pairs[2 * p], r, c);
                    const int64_t at = ((s * t->maps + i) * rows + r) * columns + c;
                    const double value = activated(d.activation, z);
                    NEAR(o.y[at], value, 1e-5);
                    const double delta = (double)o.dy[at] * slope_at(d.activation, value);
                    db[i] += delta;
                    for (int p = 0; p < t->pair_count; p++) {
                        if (t->pairs[2 * p + 1] != i) continue;
                        const int input = t->pairs[2 * p];
                        da[shared ? i : p] += delta * window_sum(t, o.x, s, input, r, c);
                        for (int v = 0; v < kv; v++)
                            for (int u = 0; u < ku; u++)
                                dx[((s * t->channels + input) * kRows + r * kv + v) * kColumns +
                                   c * ku + u] += delta * (double)alpha[shared ? i : p];
                    }
                }
    for (int64_t i = 0; i < o.x_elements; i++) NEAR(o.dx[i], dx[i], 1e-5);
    OK(cnn_net_get_tensor(net, CNN_GRADIENT, "s/alpha", got, alphas, &err));
    for (int64_t i = 0; i < alphas; i++) NEAR(got[i], da[i], 1e-4 * (double)n);
    if (!d.no_bias) {
        OK(cnn_net_get_tensor(net, CNN_GRADIENT, "s/bias", got, t->maps, &err));
        for (int i = 0; i < t->maps; i++) NEAR(got[i], db[i], 1e-4 * (double)n);
    }
    free(dx);
    free_outcome(&o);
    cnn_net_destroy(net);
}

static void H86_to_97_weighted_subsampling_multiplies_the_sum(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    for (int i = 0; i < LENGTH(kSubsamplings); i++) {
        print_message("%s\n", kSubsamplings[i].name);
        check_subsampling(device, &kSubsamplings[i], 2);
        check_subsampling(device, &kSubsamplings[i], 18);
    }
    cnn_device_destroy(device);
}

/* Maps of 6 x 6 and of 4 x 9, under factors of 3 x 2 and 2 x 3, meet in one of 2 x 3. */
static void H86_factors_differ_between_connected_maps(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    cnn_net *net = seeded_net(2);
    const cnn_node a = cnn_net_input(net, NULL, 3, (const int64_t[]){2, 6, 6});
    const cnn_node b = cnn_net_input(net, NULL, 3, (const int64_t[]){1, 4, 9});
    const cnn_node of_a = cnn_net_weighted_subsample2d(
        net, a,
        &(cnn_weighted_subsample2d){
            .name = "a", .factor = {3, 2}, .filters = 1, .connections = &kAll, .exact = 1});
    const cnn_node of_b = cnn_net_weighted_subsample2d(
        net, b,
        &(cnn_weighted_subsample2d){.name = "b", .factor = {2, 3}, .no_bias = 1, .exact = 1});
    const cnn_node y =
        cnn_net_add(net, (const cnn_node[]){of_a, of_b}, 2, &(cnn_add){.activation = CNN_TANH});
    assert_true(y > 0);
    compile(net, device, 1);
    const float alpha[] = {0.125f, -0.25f}, beta = 0.5f, bias = 0.0625f;
    OK(cnn_net_set_tensor(net, CNN_PARAMETERS, "a/alpha", alpha, 2, &err));
    OK(cnn_net_set_tensor(net, CNN_PARAMETERS, "b/alpha", &beta, 1, &err));
    OK(cnn_net_set_tensor(net, CNN_PARAMETERS, "a/bias", &bias, 1, &err));
    float xa[72], xb[36], out[6], dxa[72], dxb[36];
    fill(xa, 72, 1);
    fill(xb, 36, 2);
    const cnn_view in[] = {{.data = xa, .elements = 72}, {.data = xb, .elements = 36}};
    const cnn_view result = {.data = out, .elements = 6};
    OK(cnn_net_run_many(net, in, 2, &result, 1, NULL, &err));
    const float ones[6] = {1, 1, 1, 1, 1, 1};
    const cnn_samples samples = {.input_views = in, .input_view_count = 2};
    const cnn_view dy = {.data = ones, .elements = 6};
    const cnn_view dx[] = {{.data = dxa, .elements = 72}, {.data = dxb, .elements = 36}};
    OK(cnn_net_backward(net, &samples, &dy, 1, dx, 2, NULL, &err));
    for (int r = 0; r < 2; r++)
        for (int c = 0; c < 3; c++) {
            double z = (double)bias;
            for (int m = 0; m < 2; m++)
                for (int v = 0; v < 3; v++)
                    for (int u = 0; u < 2; u++)
                        z += (double)alpha[m] * (double)xa[(m * 6 + r * 3 + v) * 6 + c * 2 + u];
            for (int v = 0; v < 2; v++)
                for (int u = 0; u < 3; u++)
                    z += (double)beta * (double)xb[(r * 2 + v) * 9 + c * 3 + u];
            NEAR(out[r * 3 + c], tanh(z), 1e-6);
            const double slope = 1 - tanh(z) * tanh(z);
            NEAR(dxa[(6 + r * 3) * 6 + c * 2], (double)alpha[1] * slope, 1e-6);
            NEAR(dxb[(r * 2 + 1) * 9 + c * 3 + 2], (double)beta * slope, 1e-6);
        }
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

static void H101_to_103_vanilla_subsampling_keeps_every_kth(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    static const int64_t kCases[][4] = {{7, 9, 2, 3}, {6, 8, 2, 2}, {5, 5, 1, 1}, {4, 3, 9, 2}};
    for (int i = 0; i < LENGTH(kCases); i++) {
        const int64_t h = kCases[i][0], w = kCases[i][1], kv = kCases[i][2], ku = kCases[i][3];
        cnn_net *net = seeded_net(2);
        const cnn_node x = image(net, 3, h, w);
        const cnn_node y =
            cnn_net_subsample2d(net, x, &(cnn_subsample2d){.factor = {kv, ku == kv ? 0 : ku}});
        compile(net, device, 17);
        struct outcome o = outcome_of(net, x, y, 17);
        const int64_t rows = (h - 1) / kv + 1, columns = (w - 1) / ku + 1;
        assert_int_equal(o.y_elements, 17 * 3 * rows * columns);
        for (int64_t m = 0; m < 17 * 3; m++)
            for (int64_t r = 0; r < h; r++)
                for (int64_t c = 0; c < w; c++) {
                    const int64_t to = (m * rows + r / kv) * columns + c / ku;
                    const int kept = r % kv == 0 && c % ku == 0;
                    if (kept) NEAR(o.y[to], o.x[(m * h + r) * w + c], 0);
                    NEAR(o.dx[(m * h + r) * w + c], kept ? o.dy[to] : 0, 0);
                }
        free_outcome(&o);
        cnn_net_destroy(net);
    }
    cnn_device_destroy(device);
}

/* A convolution with strides, and the same with strides of one, sub-sampled. */
static void H_remarks_4_and_5_a_stride_is_vanilla_subsampling(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    static const int64_t kCases[][4] = {{9, 8, 2, 3}, {10, 7, 3, 2}, {6, 6, 4, 4}};
    for (int i = 0; i < LENGTH(kCases); i++) {
        cnn_net *nets[2];
        struct outcome o[2];
        for (int k = 0; k < 2; k++) {
            cnn_conv2d d = {.filters = 4, .kernel = {3, 2}, .activation = CNN_TANH};
            if (k == 0) memcpy(d.stride, kCases[i] + 2, sizeof d.stride);
            nets[k] = seeded_net(12);
            const cnn_node x = image(nets[k], 2, kCases[i][0], kCases[i][1]);
            cnn_node y = cnn_net_conv2d(nets[k], x, &d);
            if (k == 1)
                y = cnn_net_subsample2d(nets[k], y,
                                        &(cnn_subsample2d){.factor = {kCases[i][2], kCases[i][3]}});
            compile(nets[k], device, 5);
            o[k] = outcome_of(nets[k], x, y, 5);
        }
        assert_int_equal(o[0].y_elements, o[1].y_elements);
        same_values(o[0].y, o[1].y, o[0].y_elements, 1e-6);
        same_values(o[0].dx, o[1].dx, o[0].x_elements, 1e-5);
        float *g = vector_of(nets[0], CNN_GRADIENT), *h = vector_of(nets[1], CNN_GRADIENT);
        same_values(g, h, cnn_net_vector_elements(nets[0], CNN_PARAMETERS), 1e-4);
        free(g);
        free(h);
        for (int k = 0; k < 2; k++) {
            free_outcome(&o[k]);
            cnn_net_destroy(nets[k]);
        }
    }
    cnn_device_destroy(device);
}

static void N35_exact_sizes_divide_or_are_refused(void **state) {
    skip_without(state);
    static const char *kSaid[] = {"width 8", "less the window's 3 is 5", "the stride 2"};
    for (int kind = 0; kind < 5; kind++)
        for (int exact = 0; exact < 2; exact++)
            for (int fits = 0; fits < 2; fits++) {
                cnn_net *net = seeded_net(1);
                const int64_t kernel = kind == 3 ? 2 : 3, odd = kind == 3 ? 1 : 0;
                const cnn_node x = image(net, 2, 7 - odd, 8 - fits + (kind == 3 ? 1 : 0));
                cnn_node y = 0;
                const cnn_pool2d pool = {.window = {3}, .stride = {2}, .exact = exact};
                if (kind == 0)
                    y = cnn_net_conv2d(
                        net, x,
                        &(cnn_conv2d){
                            .filters = 2, .kernel = {kernel}, .stride = {2}, .exact = exact});
                if (kind == 1) y = cnn_net_max_pool2d(net, x, &pool);
                if (kind == 2) y = cnn_net_average_pool2d(net, x, &pool);
                if (kind == 3)
                    y = cnn_net_weighted_subsample2d(
                        net, x, &(cnn_weighted_subsample2d){.factor = {2}, .exact = exact});
                if (kind == 4)
                    y = cnn_net_subsample2d(net, x,
                                            &(cnn_subsample2d){.factor = {2}, .exact = exact});
                if (fits || !exact) {
                    assert_true(y > 0);
                } else {
                    FAILS(CNN_SHAPE_MISMATCH, cnn_net_error(net, &err));
                    if (kind < 3)
                        for (int s = 0; s < LENGTH(kSaid); s++) SAID(kSaid[s]);
                    else
                        SAID(kind == 3 ? "width 9" : "width 8");
                }
                cnn_net_destroy(net);
            }
}

/* ---- Files ---- */

static void build_everything(cnn_net *net) {
    cnn_node n = image(net, 5, 12, 12);
    const struct table *t = kTables;
    n = cnn_net_conv2d(net, n,
                       &(cnn_conv2d){.filters = 3, .connections = &t[5].connections, .exact = 1});
    n = cnn_net_conv2d(net, n,
                       &(cnn_conv2d){.filters = 4,
                                     .kernel = {2},
                                     .connections = &(cnn_connections){.kind = CNN_CONNECT_RANDOM,
                                                                       .fan_in = 2,
                                                                       .seed = UINT64_MAX - 4,
                                                                       .shared_kernel = 1}});
    n = cnn_net_conv2d(
        net, n,
        &(cnn_conv2d){.filters = 4,
                      .kernel = {2},
                      .connections = &(cnn_connections){.kind = CNN_CONNECT_SINGLE}});
    n = cnn_net_weighted_subsample2d(
        net, n, &(cnn_weighted_subsample2d){.factor = {2}, .filters = 2, .connections = &kAll});
    n = cnn_net_weighted_subsample2d(net, n,
                                     &(cnn_weighted_subsample2d){.factor = {1, 2}, .exact = 1});
    n = cnn_net_max_pool2d(net, n, &(cnn_pool2d){.window = {2}, .stride = {2}, .exact = 1});
    n = cnn_net_subsample2d(net, n, &(cnn_subsample2d){.factor = {2}});
    if (n < 0) OK(cnn_net_error(net, &err));
}

static void tables_survive_files_and_clones(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    cnn_net *nets[3] = {seeded_net(5), NULL, NULL};
    build_everything(nets[0]);
    size_t bytes = 0;
    FAILS(CNN_LIMIT_EXCEEDED, cnn_net_save_memory(nets[0], NULL, 0, &bytes, &err));
    void *file = malloc(bytes);
    assert_non_null(file);
    OK(cnn_net_save_memory(nets[0], file, bytes, &bytes, &err));
    OK(cnn_net_load_memory(file, bytes, &nets[1], &err));
    OK(cnn_net_clone(nets[0], &nets[2], &err));
    char tables[3][2048];
    struct outcome o[3];
    for (int i = 0; i < 3; i++) {
        compile(nets[i], device, 3);
        o[i] = outcome_of(nets[i], 0, cnn_net_node_count(nets[i]) - 1, 3);
        OK(cnn_net_summary(nets[i], tables[i], sizeof tables[i], NULL, &err));
        assert_string_equal(tables[i], tables[0]);
        assert_memory_equal(o[i].y, o[0].y, (size_t)o[0].y_elements * 4);
        assert_memory_equal(o[i].dx, o[0].dx, (size_t)o[0].x_elements * 4);
        assert_true(same_vector(nets[i], nets[0], CNN_GRADIENT));
    }
    assert_non_null(strstr(tables[0], "weighted_subsample2d_2"));
    for (int i = 0; i < 3; i++) {
        free_outcome(&o[i]);
        cnn_net_destroy(nets[i]);
    }
    free(file);
    cnn_device_destroy(device);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(H60_connections_are_a_dense_convolution_with_zeros),
        cmocka_unit_test(H60_full_connections_are_a_convolution),
        cmocka_unit_test(H_table_1_random_connections_are_the_seed_s),
        cmocka_unit_test(initial_kernels_go_by_the_inputs_there_are),
        cmocka_unit_test(a_table_without_a_name_is_told_by_the_default_one),
        cmocka_unit_test(tables_that_contradict_are_refused_by_name),
        cmocka_unit_test(H86_to_97_weighted_subsampling_multiplies_the_sum),
        cmocka_unit_test(H86_factors_differ_between_connected_maps),
        cmocka_unit_test(H101_to_103_vanilla_subsampling_keeps_every_kth),
        cmocka_unit_test(H_remarks_4_and_5_a_stride_is_vanilla_subsampling),
        cmocka_unit_test(N35_exact_sizes_divide_or_are_refused),
        cmocka_unit_test(tables_survive_files_and_clones),
    };
    return run_on_devices("maps", tests, LENGTH(tests));
}

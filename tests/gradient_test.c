/* Gradients of whole nets against central differences of the loss, in float64 on the reference, and
 * losses against their formulas. */
#include "public.h"

#include <math.h>

/* Parameters and inputs are multiples of 2^-14 below 1, so that a step of 2^-20 is exact in
 * float32; one so small seldom crosses the kink of a ReLU. */
static const float kStep = 1.0f / 1048576;

static cnn_node image(cnn_net *net, int64_t c, int64_t h, int64_t w) {
    return cnn_net_input(net, NULL, 3, (const int64_t[]){c, h, w});
}

static cnn_node flat(cnn_net *net, int64_t elements) {
    return cnn_net_input(net, NULL, 1, &elements);
}

static cnn_node conv(cnn_net *net, cnn_node n, int64_t filters, int64_t kernel,
                     cnn_activation_kind activation) {
    return cnn_net_conv2d(net, n,
                          &(cnn_conv2d){.filters = filters,
                                        .kernel = {kernel},
                                        .padding_mode = CNN_SAME,
                                        .activation = activation});
}

/* ---- The nets ---- */

static void plain_net(cnn_net *net) {
    cnn_node n = image(net, 2, 9, 8);
    n = cnn_net_conv2d(net, n,
                       &(cnn_conv2d){.filters = 4,
                                     .kernel = {5, 3},
                                     .stride = {2, 1},
                                     .padding = {2, 1, 1, 0},
                                     .activation = CNN_RELU});
    n = cnn_net_max_pool2d(net, n,
                           &(cnn_pool2d){.window = {2, 3}, .stride = {2, 1}, .ceil_mode = 1});
    n = cnn_net_conv2d(
        net, n, &(cnn_conv2d){.filters = 6, .kernel = {2, 2}, .groups = 2, .activation = CNN_TANH});
    n = cnn_net_average_pool2d(
        net, n, &(cnn_pool2d){.window = {2, 2}, .padding = {1, 1, 0, 0}, .ceil_mode = 1});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = 5, .activation = CNN_SIGMOID});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = 3, .no_bias = 1});
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_SOFTMAX_CROSS_ENTROPY});
}

static void residual_net(cnn_net *net) {
    cnn_node n = image(net, 3, 6, 5);
    const cnn_node stem = conv(net, n, 4, 3, CNN_LINEAR);
    n = cnn_net_batch_norm(net, stem, &(cnn_batch_norm){.activation = CNN_TANH});
    n = cnn_net_conv2d(
        net, n,
        &(cnn_conv2d){
            .filters = 4, .kernel = {3, 3}, .groups = 4, .padding_mode = CNN_SAME, .no_bias = 1});
    n = cnn_net_batch_norm(net, n, &(cnn_batch_norm){.no_shift = 1, .epsilon = 0.01f});
    const cnn_node sum = cnn_net_add(net, (const cnn_node[]){stem, n}, 2,
                                     &(cnn_add){.activation = CNN_LEAKY_RELU, .slope = 0.2f});
    n = cnn_net_batch_norm(net, sum, &(cnn_batch_norm){.no_scale = 1});
    n = cnn_net_concat(net, (const cnn_node[]){sum, n, stem}, 3, NULL);
    n = cnn_net_dropout(net, n, &(cnn_dropout){.rate = 0.25f});
    n = cnn_net_global_average_pool2d(net, n, NULL);
    n = cnn_net_dense(net, n, &(cnn_dense){.units = 4});
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_SOFTMAX_CROSS_ENTROPY});
}

static void layers_net(cnn_net *net) {
    cnn_node n = image(net, 2, 7, 7);
    n = cnn_net_conv2d(
        net, n,
        &(cnn_conv2d){
            .filters = 3, .kernel = {3, 2}, .dilation = {2, 3}, .activation = CNN_LEAKY_RELU});
    n = cnn_net_activation(net, n, &(cnn_activation){.kind = CNN_SIGMOID});
    n = cnn_net_average_pool2d(
        net, n,
        &(cnn_pool2d){
            .window = {3, 3}, .stride = {1, 1}, .padding_mode = CNN_SAME, .include_padding = 1});
    n = cnn_net_max_pool2d(
        net, n, &(cnn_pool2d){.window = {2, 2}, .stride = {1, 1}, .padding_mode = CNN_SAME});
    n = cnn_net_activation(net, n, &(cnn_activation){.kind = CNN_LINEAR});
    n = cnn_net_softmax(net, n, NULL);
    n = cnn_net_flatten(net, n, NULL);
    n = cnn_net_dense(net, n,
                      &(cnn_dense){.units = 6, .activation = CNN_LEAKY_RELU, .slope = 0.3f});
    n = cnn_net_activation(net, n, &(cnn_activation){.kind = CNN_TANH});
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_MSE});
}

/* Every activation that is no ReLU, sigmoid or tanh, in every kind of layer that has one. */
static void activations_net(cnn_net *net) {
    cnn_node n = image(net, 2, 5, 6);
    n = conv(net, n, 4, 3, CNN_GELU);
    n = conv(net, n, 4, 3, CNN_SCALED_TANH);
    const cnn_node shortcut = n;
    n = cnn_net_batch_norm(net, n, &(cnn_batch_norm){.activation = CNN_SILU});
    n = cnn_net_conv2d(net, n,
                       &(cnn_conv2d){.filters = 4,
                                     .kernel = {3},
                                     .padding_mode = CNN_SAME,
                                     .activation = CNN_ELU,
                                     .slope = 0.7f,
                                     .no_bias = 1});
    n = cnn_net_add(net, (const cnn_node[]){n, shortcut}, 2,
                    &(cnn_add){.activation = CNN_SOFTSIGN});
    n = cnn_net_activation(net, n, &(cnn_activation){.kind = CNN_ALGEBRAIC});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = 7, .activation = CNN_SOFT_LOGISTIC});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = 5, .activation = CNN_ELU});
    n = cnn_net_activation(net, n, &(cnn_activation){.kind = CNN_GELU});
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_HALF_MSE});
}

static void losses_net(cnn_net *net) {
    const cnn_node a = flat(net, 6), b = cnn_net_input(net, NULL, 2, (const int64_t[]){2, 5});
    const cnn_node h = cnn_net_dense(net, a, &(cnn_dense){.units = 5, .activation = CNN_TANH});
    const cnn_node norm = cnn_net_batch_norm(net, b, NULL);
    const cnn_node g = cnn_net_dense(net, norm, &(cnn_dense){.units = 5});
    const cnn_node both = cnn_net_concat(net, (const cnn_node[]){h, g, a}, 3, NULL);
    const cnn_node y = cnn_net_dense(net, both, &(cnn_dense){.units = 3});
    cnn_net_loss(net, h, &(cnn_loss){.kind = CNN_LOSS_MSE, .weight = 0.7f});
    cnn_net_loss(net, y, &(cnn_loss){.kind = CNN_LOSS_HALF_MSE, .weight = 2});
    cnn_net_loss(net, g, &(cnn_loss){.kind = CNN_LOSS_SIGMOID_CROSS_ENTROPY});
    cnn_net_loss(net, norm, &(cnn_loss){.kind = CNN_LOSS_HALF_MSE, .weight = 0.125f});
    cnn_net_loss(net, y, &(cnn_loss){.kind = CNN_LOSS_SOFTMAX_CROSS_ENTROPY, .weight = 0.5f});
    cnn_net_loss(net, y, &(cnn_loss){.kind = CNN_LOSS_MSE, .weight = -1});
}

static void maps_net(cnn_net *net) {
    static const int32_t kPairs[] = {1, 0, 0, 1, 2, 1, 1, 2, 0, 0};
    static const int64_t kSizes[] = {2, 3, 1, 1, 3, 2, 3, 1, 2, 2};
    cnn_node n = image(net, 3, 9, 8);
    n = cnn_net_conv2d(net, n,
                       &(cnn_conv2d){.filters = 3,
                                     .connections = &(cnn_connections){.kind = CNN_CONNECT_CUSTOM,
                                                                       .pairs = kPairs,
                                                                       .pair_count = 5,
                                                                       .kernel_sizes = kSizes,
                                                                       .kernel_size_count = 5},
                                     .activation = CNN_TANH});
    n = cnn_net_weighted_subsample2d(
        net, n, &(cnn_weighted_subsample2d){.factor = {2, 1}, .activation = CNN_SIGMOID});
    n = cnn_net_conv2d(
        net, n,
        &(cnn_conv2d){.filters = 4,
                      .kernel = {2},
                      .connections = &(cnn_connections){
                          .kind = CNN_CONNECT_RANDOM, .fan_in = 2, .shared_kernel = 1}});
    n = cnn_net_subsample2d(net, n, &(cnn_subsample2d){.factor = {1, 2}});
    n = cnn_net_weighted_subsample2d(
        net, n,
        &(cnn_weighted_subsample2d){
            .filters = 2,
            .factor = {2},
            .connections = &(cnn_connections){.kind = CNN_CONNECT_RANDOM, .fan_in = 3},
            .activation = CNN_TANH});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = 3});
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_MSE});
}

static void radial_net(cnn_net *net) {
    cnn_node n = image(net, 2, 3, 2), all[6];
    n = conv(net, n, 2, 3, CNN_TANH);
    for (cnn_radial_kind kind = 0; kind <= CNN_RADIAL_DISTANCE; kind++)
        all[kind] =
            cnn_net_radial_basis(net, n, &(cnn_radial_basis){.units = 3 + kind, .kind = kind});
    n = cnn_net_concat(net, all, 6, NULL);
    n = cnn_net_dense(net, n, &(cnn_dense){.units = 3});
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_MSE});
}

static void image_of_classes_net(cnn_net *net) {
    cnn_node n = image(net, 2, 4, 5);
    n = conv(net, n, 5, 3, CNN_TANH);
    n = conv(net, n, 3, 1, CNN_LINEAR);
    n = cnn_net_global_average_pool2d(net, n, NULL);
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_SOFTMAX_CROSS_ENTROPY});
}

/* Convolution and pooling as the output layers. */
static void map_losses_net(cnn_net *net) {
    cnn_node n = image(net, 2, 6, 5);
    static const float weights[] = {0.5f, 2, 0.75f};
    float each[36];
    for (int i = 0; i < 36; i++) each[i] = (float)(i % 7) / 4;
    n = conv(net, n, 4, 3, CNN_TANH);
    const cnn_node logits = conv(net, n, 3, 1, CNN_LINEAR);
    const cnn_node shares = conv(net, n, 3, 3, CNN_SIGMOID);
    const cnn_node pooled =
        cnn_net_average_pool2d(net, shares, &(cnn_pool2d){.window = {2, 2}, .ceil_mode = 1});
    const cnn_node most = cnn_net_max_pool2d(net, n, &(cnn_pool2d){.window = {2}});
    cnn_net_loss(net, logits, &(cnn_loss){.kind = CNN_LOSS_SOFTMAX_CROSS_ENTROPY});
    cnn_net_loss(net, shares, &(cnn_loss){.kind = CNN_LOSS_BINARY_CROSS_ENTROPY});
    cnn_net_loss(net, pooled, &(cnn_loss){.kind = CNN_LOSS_CROSS_ENTROPY, .weight = 0.5f});
    cnn_net_loss(net, most, &(cnn_loss){.kind = CNN_LOSS_SUM_OF_SQUARES, .weight = 0.25f});
    cnn_net_loss(net, most, &(cnn_loss){.kind = CNN_LOSS_SOFTMAX_CROSS_ENTROPY});
    cnn_net_loss(net, logits,
                 &(cnn_loss){.kind = CNN_LOSS_SIGMOID_CROSS_ENTROPY,
                             .output_weights = weights,
                             .output_weight_count = 3,
                             .average_outputs = 1});
    cnn_net_loss(
        net, pooled,
        &(cnn_loss){.kind = CNN_LOSS_HALF_MSE, .output_weights = each, .output_weight_count = 27});
    cnn_net_loss(
        net, pooled,
        &(cnn_loss){.kind = CNN_LOSS_MSE, .output_weights = each, .output_weight_count = 27});
}

struct task {
    const char *name;
    void (*build)(cnn_net *net);
    int labels, training, weights;
    int64_t n;
};

static const struct task kTasks[] = {
    {"plain", plain_net, 1, 0, 0, 5},
    {"plain, weights", plain_net, 0, 1, 1, 17},
    {"residual", residual_net, 1, 0, 1, 3},
    {"residual, training", residual_net, 0, 1, 0, 6},
    {"layers", layers_net, 0, 0, 0, 4},
    {"activations", activations_net, 0, 0, 0, 5},
    {"activations, training", activations_net, 0, 1, 1, 18},
    {"losses", losses_net, 0, 0, 1, 7},
    {"losses, training", losses_net, 0, 1, 1, 7},
    {"losses on maps", map_losses_net, 0, 0, 1, 3},
    {"losses on maps, a batch", map_losses_net, 0, 1, 1, 18},
    {"image of classes", image_of_classes_net, 0, 0, 1, 3},
    {"radial", radial_net, 0, 0, 0, 19},
    {"maps", maps_net, 0, 0, 0, 18},
};

/* ---- Samples for any net ---- */

enum { kMostViews = 8 };

struct data {
    cnn_view inputs[kMostViews], targets[kMostViews];
    int input_count, target_count;
    uint8_t *labels;
    float *weights;
    cnn_samples samples;
};

static int64_t elements_of(const cnn_node_info *info) {
    int64_t elements = 1;
    for (int i = 0; i < info->rank; i++) elements *= info->shape[i];
    return elements;
}

static cnn_view numbers(int64_t elements, uint32_t seed, float scale, float shift) {
    float *values = floats(elements);
    fill(values, elements, seed);
    for (int64_t i = 0; i < elements; i++) values[i] = values[i] * scale + shift;
    return (cnn_view){.data = values, .elements = elements};
}

static void make_data(const cnn_net *net, const struct task *task, struct data *d) {
    memset(d, 0, sizeof *d);
    for (cnn_node node = 0; node < cnn_net_node_count(net); node++) {
        cnn_node_info info, of;
        OK(cnn_net_describe_node(net, node, &info, &err));
        const uint32_t seed = (uint32_t)node * 77 + 5;
        if (strcmp(info.kind, "input") == 0) {
            d->inputs[d->input_count++] = numbers(task->n * elements_of(&info), seed, 1, 0);
        } else if (info.rank == 0) {
            OK(cnn_net_describe_node(net, info.inputs[0], &of, &err));
            /* Cross-entropy targets from 0 to 1, of whatever sum. */
            const int positive = strstr(info.kind, "entropy") != NULL;
            d->targets[d->target_count++] =
                numbers(task->n * elements_of(&of), seed, positive ? 0.5f : 1, positive ? 0.5f : 0);
        }
    }
    d->samples.input_views = d->inputs;
    d->samples.input_view_count = d->input_count;
    if (task->labels) {
        d->labels = malloc((size_t)task->n);
        assert_non_null(d->labels);
        for (int64_t k = 0; k < task->n; k++) d->labels[k] = (uint8_t)(k % 3);
        d->samples.labels = d->labels;
        d->samples.label_elements = task->n;
        d->samples.label_type = CNN_UINT8;
    } else {
        d->samples.target_views = d->targets;
        d->samples.target_view_count = d->target_count;
    }
    if (task->weights) {
        const cnn_view view = numbers(task->n, 99, 0.75f, 1);
        d->weights = (float *)(uintptr_t)view.data;
        d->weights[task->n - 1] = 0;
        d->samples.weights = d->weights;
        d->samples.weight_elements = task->n;
    }
}

static void free_data(struct data *d) {
    for (int i = 0; i < d->input_count; i++) free((void *)(uintptr_t)d->inputs[i].data);
    for (int i = 0; i < d->target_count; i++) free((void *)(uintptr_t)d->targets[i].data);
    free(d->labels);
    free(d->weights);
}

/* ---- Differences ---- */

struct frame {
    cnn_device *reference, *device;
    cnn_net *truth, *net;
    struct data data;
    cnn_gradient_options options;
    int64_t count;
    float *theta, *gradient;
};

static double loss_at(struct frame *f, const float *theta) {
    double loss = 0;
    OK(cnn_net_set_vector(f->truth, CNN_PARAMETERS, theta, f->count, &err));
    OK(cnn_net_loss_gradient(f->truth, &f->data.samples, &f->options, &loss, &err));
    return loss;
}

static double norm_of(const float *values, int64_t count) {
    double squares = 0;
    for (int64_t i = 0; i < count; i++) squares += (double)values[i] * values[i];
    return sqrt(squares);
}

static void start(struct frame *f, const char *spec, const struct task *task) {
    memset(f, 0, sizeof *f);
    f->reference = open_device("reference");
    f->device = open_device(spec);
    cnn_net **nets[] = {&f->truth, &f->net};
    for (int i = 0; i < 2; i++) {
        *nets[i] = seeded_net(21);
        task->build(*nets[i]);
        OK(cnn_net_compile(*nets[i], i ? f->device : f->reference,
                           &(cnn_compile){.max_batch = task->n}, &err));
    }
    make_data(f->net, task, &f->data);
    f->options.training = task->training;
    f->count = cnn_net_vector_elements(f->net, CNN_PARAMETERS);
    f->theta = floats(f->count);
    fill(f->theta, f->count, 31);
    for (int64_t i = 0; i < f->count; i++) f->theta[i] = roundf(f->theta[i] * 16384 * 0.6f) / 16384;
    OK(cnn_net_set_vector(f->net, CNN_PARAMETERS, f->theta, f->count, &err));
    const int64_t states = cnn_net_vector_elements(f->net, CNN_STATE);
    float *s = floats(states);
    for (int64_t i = 0; i < states; i++) s[i] = 0.5f + 0.03125f * (float)(i % 7);
    OK(cnn_net_set_vector(f->net, CNN_STATE, s, states, &err));
    OK(cnn_net_set_vector(f->truth, CNN_STATE, s, states, &err));
    free(s);
}

static void end(struct frame *f) {
    free_data(&f->data);
    free(f->theta);
    free(f->gradient);
    cnn_net_destroy(f->truth);
    cnn_net_destroy(f->net);
    cnn_device_destroy(f->reference);
    cnn_device_destroy(f->device);
}

static void check_along(struct frame *f, const float *direction, double tolerance,
                        const char *name) {
    float *moved = floats(f->count);
    double slope = 0, loss[2];
    for (int side = 0; side < 2; side++) {
        for (int64_t i = 0; i < f->count; i++)
            moved[i] = f->theta[i] + (side ? kStep : -kStep) * direction[i];
        loss[side] = loss_at(f, moved);
    }
    for (int64_t i = 0; i < f->count; i++) slope += (double)f->gradient[i] * direction[i];
    const double difference = (loss[1] - loss[0]) / (2 * (double)kStep);
    if (fabs(difference - slope) > tolerance) print_error("%s\n", name);
    NEAR(slope, difference, tolerance);
    free(moved);
}

static void gradients_are_those_of_the_loss(void **state) {
    skip_without(state);
    const int exact = strcmp(*state, "reference") == 0;
    for (int t = 0; t < LENGTH(kTasks); t++) {
        struct frame f;
        start(&f, *state, &kTasks[t]);
        double loss = 0;
        float *before = vector_of(f.net, CNN_STATE);
        OK(cnn_net_loss_gradient(f.net, &f.data.samples, &f.options, &loss, &err));
        f.gradient = vector_of(f.net, CNN_GRADIENT);
        const double truth = loss_at(&f, f.theta);
        NEAR(loss, truth, (exact ? 1e-12 : 1e-5) * (fabs(truth) + 1e-3));
        float *expected = vector_of(f.truth, CNN_GRADIENT);
        double squares = 0;
        for (int64_t i = 0; i < f.count; i++)
            squares += pow((double)f.gradient[i] - (double)expected[i], 2);
        const double norm = norm_of(expected, f.count);
        if (sqrt(squares) > 1e-4 * norm) print_error("%s\n", kTasks[t].name);
        NEAR(sqrt(squares) / norm, 0, exact ? 1e-7 : 1e-4);

        const double tolerance = 1e-4 * norm + 1e-7;
        float *direction = floats(f.count);
        uint32_t stream = 17;
        for (int r = 0; r < 12; r++) {
            for (int64_t i = 0; i < f.count; i++) direction[i] = noise(&stream) < 0 ? -1 : 1;
            check_along(&f, direction, tolerance, kTasks[t].name);
        }
        memset(direction, 0, (size_t)f.count * sizeof *direction);
        for (int64_t i = 0; i < f.count; i += 1 + f.count / 40) {
            direction[i] = 1;
            check_along(&f, direction, tolerance, kTasks[t].name);
            direction[i] = 0;
        }
        /* Neither parameters nor state were written. */
        float *theta = vector_of(f.net, CNN_PARAMETERS), *after = vector_of(f.net, CNN_STATE);
        assert_memory_equal(theta, f.theta, (size_t)f.count * 4);
        assert_memory_equal(before, after, (size_t)cnn_net_vector_elements(f.net, CNN_STATE) * 4);
        free(theta);
        free(before);
        free(after);
        free(direction);
        free(expected);
        end(&f);
    }
}

/* The first half of a loss's batch gives what all of it gives where the other half weighs nothing.
 */
static void weights_of_samples_scale_their_share(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    cnn_net *net = seeded_net(2);
    cnn_node n = cnn_net_dense(net, flat(net, 3), &(cnn_dense){.units = 2});
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_HALF_MSE});
    OK(cnn_net_compile(net, device, &(cnn_compile){.max_batch = 4}, &err));
    float x[12], t[8];
    const float weights[] = {1, 2, 0, 0};
    fill(x, 12, 1);
    fill(t, 8, 2);
    double weighted, first, second;
    cnn_samples s = {.inputs = x,
                     .input_elements = 12,
                     .targets = t,
                     .target_elements = 8,
                     .weights = weights,
                     .weight_elements = 4};
    OK(cnn_net_loss_gradient(net, &s, NULL, &weighted, &err));
    s = (cnn_samples){.inputs = x, .input_elements = 3, .targets = t, .target_elements = 2};
    OK(cnn_net_loss_gradient(net, &s, NULL, &first, &err));
    s.inputs = x + 3;
    s.targets = t + 2;
    OK(cnn_net_loss_gradient(net, &s, NULL, &second, &err));
    NEAR(weighted, (first + 2 * second) / 4, 1e-6);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

/* backward, fed with dL/dy of the mean squared error, is loss_gradient; and its input gradients are
 * central differences. */
static void backward_is_the_gradient_of_the_host_s_loss(void **state) {
    skip_without(state);
    enum { kN = 5, kOut = 6 };
    const struct task task = {"layers", layers_net, 0, 0, 1, kN};
    struct frame f;
    start(&f, *state, &task);
    double loss;
    OK(cnn_net_loss_gradient(f.net, &f.data.samples, NULL, &loss, &err));
    f.gradient = vector_of(f.net, CNN_GRADIENT);

    float y[kN * kOut], dy[kN * kOut];
    const float *x = f.data.inputs[0].data, *t = f.data.targets[0].data;
    const int64_t inputs = f.data.inputs[0].elements;
    OK(cnn_net_run(f.net, x, inputs, y, kN * kOut, &err));
    for (int i = 0; i < kN * kOut; i++) dy[i] = 2 * (y[i] - t[i]) / (kN * kOut);
    float *dx = floats(inputs);
    const cnn_view given = {.data = dy, .elements = kN * kOut};
    const cnn_view wanted = {.data = dx, .elements = inputs};
    OK(cnn_net_backward(f.net, &f.data.samples, &given, 1, &wanted, 1, NULL, &err));
    float *gradient = vector_of(f.net, CNN_GRADIENT);
    const double norm = norm_of(f.gradient, f.count);
    for (int64_t i = 0; i < f.count; i++) NEAR(gradient[i], f.gradient[i], 2e-5 * norm);
    free(gradient);

    float *moved = floats(inputs);
    memcpy(moved, x, (size_t)inputs * 4);
    f.data.inputs[0].data = moved;
    const double scale = norm_of(dx, inputs);
    assert_true(scale > 0);
    for (int64_t i = 0; i < inputs; i += 7) {
        double side[2];
        for (int k = 0; k < 2; k++) {
            moved[i] = x[i] + (k ? kStep : -kStep);
            side[k] = loss_at(&f, f.theta);
        }
        moved[i] = x[i];
        NEAR(dx[i], (side[1] - side[0]) / (2 * (double)kStep), 1e-4 * scale);
    }
    f.data.inputs[0].data = x;
    free(moved);

    /* Without input gradients, and what doesn't fit. */
    OK(cnn_net_backward(f.net, &f.data.samples, &given, 1, NULL, 0, NULL, &err));
    const cnn_view none = {.data = NULL};
    OK(cnn_net_backward(f.net, &f.data.samples, &given, 1, &none, 1, NULL, &err));
    const cnn_view less = {.data = dy, .elements = kN * kOut - 1};
    FAILS(CNN_SHAPE_MISMATCH,
          cnn_net_backward(f.net, &f.data.samples, &less, 1, NULL, 0, NULL, &err));
    SAID("backward");
    SAID("29");
    const cnn_view small = {.data = dx, .elements = 3};
    FAILS(CNN_SHAPE_MISMATCH,
          cnn_net_backward(f.net, &f.data.samples, &given, 1, &small, 1, NULL, &err));
    FAILS(CNN_INVALID_ARGUMENT,
          cnn_net_backward(f.net, &f.data.samples, &given, 2, NULL, 0, NULL, &err));
    FAILS(CNN_INVALID_ARGUMENT,
          cnn_net_backward(f.net, &f.data.samples, NULL, 1, NULL, 0, NULL, &err));
    FAILS(CNN_INVALID_ARGUMENT,
          cnn_net_backward(f.net, &f.data.samples, &given, 1, &wanted, 2, NULL, &err));
    free(dx);
    end(&f);
}

static void frozen_tensors_have_a_gradient_of_zero(void **state) {
    skip_without(state);
    struct frame f;
    start(&f, *state, &kTasks[0]);
    OK(cnn_net_loss_gradient(f.net, &f.data.samples, NULL, NULL, &err));
    f.gradient = vector_of(f.net, CNN_GRADIENT);
    OK(cnn_net_set_rate(f.net, "conv2d_1", 0, &err));
    OK(cnn_net_set_rate(f.net, "dense_1/bias", 0, &err));
    for (int pass = 0; pass < 2; pass++) {
        OK(cnn_net_loss_gradient(f.net, &f.data.samples, NULL, NULL, &err));
        float *gradient = vector_of(f.net, CNN_GRADIENT);
        for (int32_t i = 0; i < cnn_net_tensor_count(f.net, CNN_PARAMETERS); i++) {
            cnn_tensor_info info;
            OK(cnn_net_describe_tensor(f.net, CNN_PARAMETERS, i, &info, &err));
            for (int64_t k = info.offset; k < info.offset + info.elements; k++)
                NEAR(gradient[k], info.rate == 0 ? 0 : f.gradient[k], 1e-6);
        }
        free(gradient);
        OK(cnn_net_set_rate(f.net, "conv2d_1", 1, &err));
        OK(cnn_net_set_rate(f.net, "dense_1/bias", 0.5, &err));
    }
    end(&f);
}

/* ---- Losses by hand ---- */

static double loss_of(cnn_device *device, cnn_loss_kind kind, int64_t k, int64_t n, const float *y,
                      const float *t, const int64_t *labels) {
    cnn_net *net = seeded_net(0);
    cnn_node x = flat(net, k);
    x = cnn_net_activation(net, x, NULL);
    cnn_net_loss(net, x, &(cnn_loss){.kind = kind});
    OK(cnn_net_compile(net, device, &(cnn_compile){.max_batch = n}, &err));
    const cnn_samples s = {.inputs = y,
                           .input_elements = n * k,
                           .targets = t,
                           .target_elements = t ? n * k : 0,
                           .labels = labels,
                           .label_elements = labels ? n : 0,
                           .label_type = CNN_INT64};
    cnn_evaluation result;
    OK(cnn_net_evaluate(net, &s, &result, &err));
    double loss = 0;
    OK(cnn_net_loss_gradient(net, &s, NULL, &loss, &err));
    NEAR(loss, result.loss, 1e-6 * (1 + fabs(loss)));
    cnn_net_destroy(net);
    return loss;
}

static void losses_are_their_formulas(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    const float y[] = {1, 2, 3, -1, 0.5f, 4}, t[] = {0, 1, 5, -2, 0.5f, 2};
    /* Squares: 1, 1, 4 and 1, 0, 4. */
    NEAR(loss_of(device, CNN_LOSS_MSE, 3, 2, y, t, NULL), 11.0 / 6, 1e-6);
    NEAR(loss_of(device, CNN_LOSS_HALF_MSE, 3, 2, y, t, NULL), 11.0 / 4, 1e-6);

    const int64_t labels[] = {2, 0};
    const float one_hot[] = {0, 0, 1, 1, 0, 0};
    double expected = 0;
    for (int k = 0; k < 2; k++) {
        double sum = 0;
        for (int c = 0; c < 3; c++) sum += exp((double)y[3 * k + c]);
        expected += (log(sum) - (double)y[3 * k + labels[k]]) / 2;
    }
    NEAR(loss_of(device, CNN_LOSS_SOFTMAX_CROSS_ENTROPY, 3, 2, y, NULL, labels), expected, 1e-6);
    NEAR(loss_of(device, CNN_LOSS_SOFTMAX_CROSS_ENTROPY, 3, 2, y, one_hot, NULL), expected, 1e-6);
    const float soft[] = {0.25f, 0.25f, 0.5f, 0, 0, 0};
    double sum = 0;
    for (int c = 0; c < 3; c++) sum += exp((double)y[c]);
    NEAR(loss_of(device, CNN_LOSS_SOFTMAX_CROSS_ENTROPY, 3, 2, y, soft, NULL),
         (log(sum) - 0.25 - 0.5 - 1.5) / 2, 1e-6);
    /* Logits that overflow exp. */
    const float huge[] = {1000, 0, -1000, -1000, 1000, 999};
    NEAR(loss_of(device, CNN_LOSS_SOFTMAX_CROSS_ENTROPY, 3, 2, huge, NULL, labels),
         (2000.0 + 2000.0 + log(1 + exp(-1.0))) / 2, 1e-3);

    const float z[] = {0, 100, -100, 100, -100, 1}, targets[] = {0.5f, 1, 0, 0, 1, 0.25f};
    const double by_element[] = {log(2.0), 0, 0, 100, 100, 1 - 0.25 + log(1 + exp(-1.0))};
    expected = 0;
    for (int i = 0; i < 6; i++) expected += by_element[i] / 2;
    NEAR(loss_of(device, CNN_LOSS_SIGMOID_CROSS_ENTROPY, 3, 2, z, targets, NULL), expected, 1e-4);
    cnn_device_destroy(device);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_are_those_of_the_loss),
        cmocka_unit_test(weights_of_samples_scale_their_share),
        cmocka_unit_test(backward_is_the_gradient_of_the_host_s_loss),
        cmocka_unit_test(frozen_tensors_have_a_gradient_of_zero),
        cmocka_unit_test(losses_are_their_formulas),
    };
    return run_on_devices("gradients", tests, LENGTH(tests));
}

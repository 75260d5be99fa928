/* Under a memory limit below what training wants, activations are computed again: to the same bits,
 * within the limit by the host's own count, and refused with the least that would do. */
#include "heap.h"
#include "public.h"

enum { kSide = 10, kPlanes = 3, kIn = kPlanes * kSide * kSide, kOut = 4, kBatch = 5, kSteps = 3 };

/* Of the log, what was computed again. */
static void count_again(void *user, int32_t level, const char *message) {
    (void)level;
    if (strstr(message, ": again ")) ++*(int *)user;
}

struct setup {
    struct heap heap;
    int again;
    float x[kIn * kBatch];
    uint8_t labels[kBatch];
    cnn_samples samples;
    cnn_device *device;
};

static void set_up(struct setup *s, const char *spec, int64_t limit) {
    *s = (struct setup){.heap = {.lock = PTHREAD_MUTEX_INITIALIZER}};
    fill(s->x, LENGTH(s->x), 1);
    for (int i = 0; i < kBatch; i++) s->labels[i] = (uint8_t)(i % kOut);
    s->samples = (cnn_samples){.inputs = s->x,
                               .input_elements = LENGTH(s->x),
                               .labels = s->labels,
                               .label_type = CNN_UINT8,
                               .label_elements = kBatch};
    const cnn_device_options options = {
        .allocator = {.user = &s->heap, .alloc = take, .free = give},
        .log = {.user = &s->again, .write = count_again, .level = CNN_LOG_DEBUG},
        .memory_limit = limit,
        .threads = 2,
    };
    OK(cnn_device_open(spec, &options, &s->device, &err));
}

static void tear_down(struct setup *s) {
    cnn_device_destroy(s->device);
    assert_int_equal(s->heap.bytes, 0);
}

static cnn_node block(cnn_net *net, cnn_node from, int32_t filters, int32_t stride) {
    const cnn_conv2d first = {.filters = filters,
                              .kernel = {3, 3},
                              .stride = {stride, stride},
                              .padding_mode = CNN_SAME,
                              .no_bias = 1};
    const cnn_conv2d second = {.filters = filters, .kernel = {3, 3}, .padding_mode = CNN_SAME};
    cnn_node n = cnn_net_conv2d(net, from, &first);
    n = cnn_net_batch_norm(net, n, &(cnn_batch_norm){.activation = CNN_RELU});
    n = cnn_net_dropout(net, n, &(cnn_dropout){.rate = 0.2f});
    n = cnn_net_conv2d(net, n, &second);
    n = cnn_net_batch_norm(net, n, NULL);
    if (stride != 1)
        from = cnn_net_conv2d(
            net, from,
            &(cnn_conv2d){.filters = filters, .kernel = {1, 1}, .stride = {stride, stride}});
    return cnn_net_add(net, (cnn_node[]){n, from}, 2, &(cnn_add){.activation = CNN_SILU});
}

/* Residual blocks, then layers that work in place or on the same memory. */
static cnn_net *make_net(void) {
    cnn_net *net = seeded_net(5);
    cnn_node n = cnn_net_input(net, NULL, 3, (const int64_t[]){kPlanes, kSide, kSide});
    n = cnn_net_conv2d(
        net, n,
        &(cnn_conv2d){
            .filters = 6, .kernel = {3, 3}, .padding_mode = CNN_SAME, .activation = CNN_GELU});
    for (int i = 0; i < 4; i++) n = block(net, n, 6, 1);
    n = cnn_net_max_pool2d(net, n, &(cnn_pool2d){.window = {2, 2}, .stride = {1, 1}});
    n = block(net, n, 8, 2);
    const cnn_node branches[] = {n, block(net, n, 8, 1)};
    n = cnn_net_concat(net, branches, 2, NULL);
    n = cnn_net_dense(net, n, &(cnn_dense){.units = 16, .activation = CNN_TANH});
    n = cnn_net_dropout(net, n, &(cnn_dropout){.rate = 0.3f});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = kOut});
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_SOFTMAX_CROSS_ENTROPY});
    return net;
}

/* Everything that a training gives. */
struct outcome {
    double losses[kSteps];
    float *theta, *state, *gradient, *input_gradient;
};

static void drop(struct outcome *o) {
    free(o->theta);
    free(o->state);
    free(o->gradient);
    free(o->input_gradient);
}

/* The optimizer's states are not the net's. */
static int64_t optimizer_bytes(cnn_net *net) {
    return cnn_net_vector_elements(net, CNN_PARAMETERS) * 16 + 4096;
}

static struct outcome train(struct setup *s, cnn_net *net) {
    struct outcome o = {.input_gradient = floats(kIn * kBatch)};
    cnn_optimizer *sgd = cnn_optimizer_create(CNN_SGD);
    for (int i = 0; i < kSteps; i++) {
        const int64_t calls = s->heap.calls;
        OK(cnn_net_train_step(net, sgd, &s->samples, &o.losses[i], &err));
        if (i > 0) assert_int_equal(s->heap.calls, calls);
    }
    cnn_optimizer_destroy(sgd);
    o.theta = vector_of(net, CNN_PARAMETERS);
    o.state = vector_of(net, CNN_STATE);
    o.gradient = vector_of(net, CNN_GRADIENT);
    return o;
}

/* The gradients that are planned later, of which the second takes room of its own. */
static void differentiate(struct setup *s, cnn_net *net, struct outcome *o) {
    const cnn_gradient_options training = {.training = 1};
    OK(cnn_net_loss_gradient(net, &s->samples, &training, &o->losses[0], &err));
    free(o->gradient);
    o->gradient = vector_of(net, CNN_GRADIENT);
}

static cnn_status differentiate_inputs(struct setup *s, cnn_net *net, struct outcome *o) {
    const cnn_gradient_options training = {.training = 1};
    float dy[kOut * kBatch];
    fill(dy, LENGTH(dy), 9);
    const cnn_view given = {.data = dy, .elements = LENGTH(dy)};
    const cnn_view wanted = {.data = o->input_gradient, .elements = kIn * kBatch};
    return cnn_net_backward(net, &s->samples, &given, 1, &wanted, 1, &training, &err);
}

static void assert_same(cnn_net *net, const struct outcome *a, const struct outcome *b) {
    const size_t theta = (size_t)cnn_net_vector_elements(net, CNN_PARAMETERS);
    const size_t state = (size_t)cnn_net_vector_elements(net, CNN_STATE);
    assert_memory_equal(a->losses, b->losses, sizeof a->losses);
    assert_memory_equal(a->theta, b->theta, theta * sizeof(float));
    assert_memory_equal(a->gradient, b->gradient, theta * sizeof(float));
    assert_memory_equal(a->state, b->state, state * sizeof(float));
    assert_memory_equal(a->input_gradient, b->input_gradient, sizeof(float) * kIn * kBatch);
}

static int64_t used(const struct setup *s) {
    cnn_device_info info;
    OK(cnn_device_get_info(s->device, &info, &err));
    if (info.kind == CNN_DEVICE_CPU) assert_int_equal(info.memory_used, s->heap.bytes);
    return info.memory_used;
}

static cnn_status compile(const struct setup *s, cnn_net *net, int64_t limit) {
    return cnn_net_compile(net, s->device,
                           &(cnn_compile){.max_batch = kBatch, .memory_limit = limit}, &err);
}

/* The number that the latest error tells after `before`. */
static int64_t said_number(const char *before) {
    SAID(before);
    return strtoll(strstr(err.message, before) + strlen(before), NULL, 10);
}

/* The least that compile says it needs. */
static int64_t least_of(const struct setup *s, cnn_net *net) {
    FAILS(CNN_LIMIT_EXCEEDED, compile(s, net, 1));
    SAID("computed again");
    return said_number("takes ");
}

/* Trains without a limit; the least that compile would do with, and what it took. */
static struct outcome train_unlimited(struct setup *s, int64_t *least, int64_t *most) {
    cnn_net *net = make_net();
    *least = least_of(s, net);
    assert_int_equal(used(s), 0);
    OK(compile(s, net, 0));
    *most = used(s);
    struct outcome o = train(s, net);
    cnn_net_destroy(net);
    return o;
}

static void the_same_bits_in_less_memory(void **state) {
    skip_without(state);
    enum { kLimits = 5 };
    struct setup s;
    set_up(&s, *state, 0);
    int64_t least, most;
    struct outcome wanted = train_unlimited(&s, &least, &most);
    assert_true(least < most * 3 / 4);
    int again = 0;
    for (int i = 0; i <= kLimits; i++) {
        const int64_t limit = most - (most - least) * i / kLimits;
        cnn_net *net = make_net();
        s.again = 0;
        s.heap.peak = 0;
        OK(compile(&s, net, limit));
        assert_true(i == 0 ? s.again == 0 && used(&s) == most : s.again > 0);
        assert_true(i < kLimits || s.again > again);
        again = s.again;
        assert_in_range(used(&s), 1, limit);
        assert_in_range(s.heap.peak, 0, limit);
        struct outcome got = train(&s, net);
        assert_same(net, &wanted, &got);
        assert_in_range(s.heap.peak, 0, limit + optimizer_bytes(net));
        drop(&got);
        cnn_net_destroy(net);
    }
    cnn_net *net = make_net();
    for (int once = 0; once < 2; once++) {
        FAILS(CNN_LIMIT_EXCEEDED, compile(&s, net, least - 1));
        assert_int_equal(said_number("takes "), least);
        assert_int_equal(said_number("memory_limit is "), least - 1);
        assert_int_equal(used(&s), 0);
    }
    /* With more it may be compiled again. */
    OK(compile(&s, net, least));
    OK(compile(&s, net, 0));
    assert_int_equal(used(&s), most);
    cnn_net_destroy(net);
    drop(&wanted);
    tear_down(&s);
}

/* The device's limit counts like compile's own. */
static void a_limit_of_the_device_counts_too(void **state) {
    skip_without(state);
    struct setup s;
    set_up(&s, *state, 0);
    int64_t least, most;
    struct outcome wanted = train_unlimited(&s, &least, &most);
    const int64_t limit = (least + most) / 2;
    tear_down(&s);
    set_up(&s, *state, limit);
    cnn_net *net = make_net();
    const int64_t optimizer = optimizer_bytes(net);
    OK(compile(&s, net, 0));
    assert_true(s.again > 0);
    assert_in_range(used(&s), 1, limit);
    cnn_net_destroy(net);
    net = make_net();
    FAILS(CNN_LIMIT_EXCEEDED, compile(&s, net, least - 1));
    OK(compile(&s, net, limit - optimizer > least ? limit - optimizer : least));
    struct outcome got = train(&s, net);
    assert_same(net, &wanted, &got);
    cnn_device_info info;
    OK(cnn_device_get_info(s.device, &info, &err));
    assert_in_range(info.memory_peak, 1, limit);
    cnn_net_destroy(net);
    drop(&wanted);
    drop(&got);
    tear_down(&s);
}

/* What is planned later computes again too; where it takes more than is left it is refused, and all
 * is as it was. */
static void later_plans_fit_too(void **state) {
    skip_without(state);
    struct setup s;
    set_up(&s, *state, 0);
    cnn_net *net = make_net();
    const int64_t least = least_of(&s, net);
    OK(compile(&s, net, 0));
    const int64_t limit = (2 * least + used(&s)) / 3;
    struct outcome wanted = train(&s, net);
    differentiate(&s, net, &wanted);
    OK(differentiate_inputs(&s, net, &wanted));
    cnn_net_destroy(net);
    net = make_net();
    OK(compile(&s, net, limit));
    struct outcome got = train(&s, net);
    s.again = 0;
    differentiate(&s, net, &got);
    assert_true(s.again > 0);
    assert_in_range(used(&s), 1, limit);
    const int64_t held = used(&s);
    if (differentiate_inputs(&s, net, &got)) {
        assert_int_equal(err.status, CNN_LIMIT_EXCEEDED);
        assert_true(said_number("takes ") > limit);
        assert_int_equal(used(&s), held);
        const size_t bytes = sizeof(float) * kIn * kBatch;
        memcpy(got.input_gradient, wanted.input_gradient, bytes);
    }
    assert_same(net, &wanted, &got);
    assert_in_range(used(&s), 1, limit);
    drop(&wanted);
    drop(&got);
    cnn_net_destroy(net);
    tear_down(&s);
}

/* The parameters then, and the bytes that the net held. */
static float *fit_for(struct setup *s, int64_t limit, int64_t *held) {
    cnn_net *net = make_net();
    cnn_optimizer *sgd = cnn_optimizer_create(CNN_SGD);
    OK(compile(s, net, limit));
    cnn_progress progress = {0};
    const cnn_fit options = {.epochs = 2, .batch = kBatch};
    for (int call = 0; call < 1000 && !progress.done; call++)
        OK(cnn_net_fit_for(net, sgd, &s->samples, &options, call ? 300 : 0, &progress, &err));
    while (!progress.done)
        OK(cnn_net_fit_for(net, sgd, &s->samples, &options, -1, &progress, &err));
    *held = used(s);
    float *theta = vector_of(net, CNN_PARAMETERS);
    cnn_net_destroy(net);
    *held -= used(s);
    cnn_optimizer_destroy(sgd);
    return theta;
}

/* A fit in instalments has an arena of its own. */
static void a_fit_in_instalments_fits_too(void **state) {
    skip_without(state);
    struct setup s;
    set_up(&s, *state, 0);
    cnn_net *net = make_net();
    const int64_t least = least_of(&s, net);
    OK(compile(&s, net, 0));
    const int64_t compiled = used(&s);
    const size_t bytes = (size_t)cnn_net_vector_elements(net, CNN_PARAMETERS) * sizeof(float);
    cnn_net_destroy(net);
    int64_t most, held;
    float *wanted = fit_for(&s, 0, &most);
    const int64_t limit = most - (compiled - least) * 2 / 3;
    s.again = 0;
    float *got = fit_for(&s, limit, &held);
    assert_true(s.again > 0);
    assert_in_range(held, 1, limit);
    assert_memory_equal(wanted, got, bytes);
    free(wanted);
    free(got);
    tear_down(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_bits_in_less_memory),
        cmocka_unit_test(a_limit_of_the_device_counts_too),
        cmocka_unit_test(later_plans_fit_too),
        cmocka_unit_test(a_fit_in_instalments_fits_too),
    };
    return run_on_devices("recompute", tests, LENGTH(tests));
}

/* Layers and activations of the host's own: what callbacks see, what they may do, files and clones,
 * against layers of the library that compute the same. */
#include "public.h"

#include <fenv.h>
#include <math.h>
#include <pthread.h>

enum { kN = 5, kIn = 6, kUnits = 4 };

/* What callbacks leave for the tests. */
struct seen {
    int forwards, backwards, released;
    int64_t n;
    int inside, overlapped;
    pthread_t thread;
    int wants_rounding;
    int fail_forward, fail_backward;
    int input_gradient, weight_gradient, bias_gradient; /* given in the latest backward */
    int dirty;                                          /* a gradient didn't start as zeros */
    cnn_net *net;                                       /* to call from within */
    cnn_status within[6];
};

static void enter(struct seen *seen) {
    seen->overlapped += seen->inside;
    seen->inside = 1;
    seen->thread = pthread_self();
}

static void call_from_within(struct seen *s) {
    float x[kIn * kN] = {0}, y[kUnits * kN], theta[kIn * kUnits + kUnits];
    if (!s->net) return;
    cnn_evaluation result;
    cnn_samples samples = {
        .inputs = x, .input_elements = LENGTH(x), .targets = y, .target_elements = LENGTH(y)};
    s->within[0] = cnn_net_run(s->net, x, LENGTH(x), y, LENGTH(y), &err);
    s->within[1] = cnn_net_evaluate(s->net, &samples, &result, &err);
    s->within[2] = cnn_net_compile(s->net, NULL, NULL, &err);
    s->within[3] = cnn_net_get_vector(s->net, CNN_PARAMETERS, theta, LENGTH(theta), &err);
    s->within[4] = cnn_net_set_vector(s->net, CNN_PARAMETERS, theta, LENGTH(theta), &err);
    s->within[5] = cnn_net_loss_gradient(s->net, &samples, NULL, NULL, &err);
    cnn_net_destroy(s->net);
}

/* y = W x + b of each sample, with the sums of cnn_net_dense. */
static int32_t dense_forward(const cnn_host_call *call, void *user) {
    struct seen *seen = user;
    enter(seen);
    seen->forwards++;
    seen->n = call->n;
    const float *x = call->inputs[0], *w = call->parameters[0], *b = call->parameters[1];
    for (int64_t k = 0; k < call->n; k++)
        for (int64_t o = 0; o < kUnits; o++) {
            double sum = b[o];
            for (int64_t i = 0; i < kIn; i++) sum += (double)w[o * kIn + i] * x[k * kIn + i];
            call->output[k * kUnits + o] = (float)sum;
        }
    call_from_within(seen);
    if (seen->wants_rounding) fesetround(FE_UPWARD);
    seen->inside = 0;
    return seen->fail_forward;
}

static int32_t dense_backward(const cnn_host_call *call, void *user) {
    struct seen *seen = user;
    enter(seen);
    seen->backwards++;
    float *dx = call->input_gradients[0], *dw = call->parameter_gradients[0],
          *db = call->parameter_gradients[1];
    seen->input_gradient = dx != NULL;
    seen->weight_gradient = dw != NULL;
    seen->bias_gradient = db != NULL;
    for (int64_t i = 0; dw && i < kIn * kUnits; i++) seen->dirty += dw[i] != 0;
    for (int64_t i = 0; db && i < kUnits; i++) seen->dirty += db[i] != 0;
    for (int64_t i = 0; dx && i < call->n * kIn; i++) seen->dirty += dx[i] != 0;
    const float *x = call->inputs[0], *w = call->parameters[0];
    for (int64_t k = 0; k < call->n; k++)
        for (int64_t o = 0; o < kUnits; o++) {
            const float dy = call->output_gradient[k * kUnits + o];
            if (db) db[o] += dy;
            for (int64_t i = 0; i < kIn; i++) {
                if (dw) dw[o * kIn + i] += dy * x[k * kIn + i];
                if (dx) dx[k * kIn + i] += dy * w[o * kIn + i];
            }
        }
    seen->inside = 0;
    return seen->fail_backward;
}

static void on_released(void *user) {
    ((struct seen *)user)->released++;
}

static const cnn_host_parameter kParameters[] = {
    {.name = "weight", .shape = {kUnits, kIn}, .rank = 2, .decays = 1},
    {.name = "bias", .shape = {kUnits}, .rank = 1, .initializer = CNN_INIT_CONSTANT},
};

static cnn_host_layer host_dense(struct seen *seen) {
    return (cnn_host_layer){.kind = "my_dense",
                            .output_shape = {kUnits},
                            .output_rank = 1,
                            .parameters = kParameters,
                            .parameter_count = 2,
                            .forward = dense_forward,
                            .backward = dense_backward,
                            .user = seen,
                            .released = on_released};
}

static int32_t softsign_forward(int64_t count, const float *x, float *y, void *user) {
    struct seen *seen = user;
    enter(seen);
    seen->forwards++;
    for (int64_t i = 0; i < count; i++) y[i] = x[i] / (1 + fabsf(x[i]));
    seen->inside = 0;
    return seen->fail_forward;
}

static int32_t softsign_backward(int64_t count, const float *x, const float *y, const float *dy,
                                 float *dx, void *user) {
    struct seen *seen = user;
    (void)y;
    enter(seen);
    seen->backwards++;
    for (int64_t i = 0; i < count; i++) {
        const float scale = 1 + fabsf(x[i]);
        dx[i] = dy[i] / (scale * scale);
    }
    seen->inside = 0;
    return seen->fail_backward;
}

static cnn_host_activation host_softsign(struct seen *seen) {
    return (cnn_host_activation){.kind = "my_softsign",
                                 .forward = softsign_forward,
                                 .backward = softsign_backward,
                                 .user = seen,
                                 .released = on_released};
}

static cnn_net *dense_net(struct seen *seen, int hosted) {
    cnn_net *net = seeded_net(9);
    cnn_node n = cnn_net_input(net, "x", 1, (const int64_t[]){kIn});
    const cnn_host_layer layer = host_dense(seen);
    n = hosted ? cnn_net_host_layer(net, &n, 1, &layer)
               : cnn_net_dense(net, n, &(cnn_dense){.units = kUnits});
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_MSE});
    return net;
}

struct work {
    float x[kIn * kN], t[kUnits * kN], y[kUnits * kN];
    cnn_samples samples;
};

static void make_work(struct work *w) {
    fill(w->x, LENGTH(w->x), 3);
    fill(w->t, LENGTH(w->t), 4);
    w->samples = (cnn_samples){.inputs = w->x,
                               .input_elements = LENGTH(w->x),
                               .targets = w->t,
                               .target_elements = LENGTH(w->t)};
}

static cnn_status compile(cnn_net *net, cnn_device *device) {
    return cnn_net_compile(net, device, &(cnn_compile){.max_batch = 8}, &err);
}

static cnn_status run(cnn_net *net, struct work *w) {
    return cnn_net_run(net, w->x, LENGTH(w->x), w->y, LENGTH(w->y), &err);
}

/* ---- Computing ---- */

/* Outputs, gradients and ten steps of training. */
static void same_as(cnn_net *a, cnn_net *b, struct work *w, double tolerance) {
    float first[kUnits * kN];
    double loss[2];
    cnn_net *nets[] = {a, b};
    cnn_optimizer *adam[] = {cnn_optimizer_create(CNN_ADAMW), cnn_optimizer_create(CNN_ADAMW)};
    for (int step = 0; step < 10; step++) {
        OK(run(a, w));
        memcpy(first, w->y, sizeof first);
        OK(run(b, w));
        for (int i = 0; i < LENGTH(first); i++) NEAR(first[i], w->y[i], tolerance);
        for (int k = 0; k < 2; k++)
            OK(cnn_net_loss_gradient(nets[k], &w->samples, NULL, &loss[k], &err));
        NEAR(loss[0], loss[1], tolerance);
        float *g = vector_of(a, CNN_GRADIENT), *h = vector_of(b, CNN_GRADIENT);
        for (int64_t i = 0; i < cnn_net_vector_elements(a, CNN_GRADIENT); i++)
            NEAR(g[i], h[i], tolerance);
        free(g);
        free(h);
        for (int k = 0; k < 2; k++) {
            OK(cnn_optimizer_set(adam[k], CNN_WEIGHT_DECAY, 0.1, &err));
            OK(cnn_net_train_step(nets[k], adam[k], &w->samples, &loss[k], &err));
        }
    }
    for (int k = 0; k < 2; k++) cnn_optimizer_destroy(adam[k]);
}

static void a_host_layer_is_what_it_computes(void **state) {
    skip_without(state);
    struct seen seen = {0};
    struct work w;
    make_work(&w);
    cnn_device *device = open_device(*state);
    cnn_net *host = dense_net(&seen, 1), *own = dense_net(NULL, 0);
    OK(compile(host, device));
    OK(compile(own, device));
    /* The initial weights are a function of seed, position and fans alone. */
    assert_true(same_vector(host, own, CNN_PARAMETERS));
    same_as(host, own, &w, 2e-6);
    assert_int_equal(seen.n, kN);
    assert_true(seen.forwards >= 30);
    assert_int_equal(seen.overlapped, 0);
    assert_int_equal(seen.dirty, 0);
    assert_true(pthread_equal(seen.thread, pthread_self()));
    cnn_node_info info;
    OK(cnn_net_describe_node(host, 1, &info, &err));
    assert_string_equal(info.kind, "my_dense");
    assert_string_equal(info.name, "my_dense_1");
    assert_int_equal(info.parameters, kIn * kUnits + kUnits);
    cnn_net_destroy(host);
    assert_int_equal(seen.released, 1);
    cnn_net_destroy(own);
    cnn_device_destroy(device);
}

/* x_0 o x_1 + p x_0, an input used twice, on images, between layers of the library. */
static int32_t product_forward(const cnn_host_call *call, void *user) {
    const int64_t count = call->n * *(const int64_t *)user;
    for (int64_t i = 0; i < count; i++)
        call->output[i] = call->inputs[0][i] * (call->inputs[1][i] + call->parameters[0][0]);
    return call->input_count == 2 && call->parameter_count == 1 ? 0 : 1;
}

static int32_t product_backward(const cnn_host_call *call, void *user) {
    const int64_t count = call->n * *(const int64_t *)user;
    const float *dy = call->output_gradient;
    double sum = 0;
    for (int64_t i = 0; i < count; i++) {
        call->input_gradients[0][i] = dy[i] * (call->inputs[1][i] + call->parameters[0][0]);
        call->input_gradients[1][i] = dy[i] * call->inputs[0][i];
        sum += (double)dy[i] * call->inputs[0][i];
        if (call->output[i] != call->inputs[0][i] * (call->inputs[1][i] + call->parameters[0][0]))
            return 2;
    }
    call->parameter_gradients[0][0] = (float)sum;
    return 0;
}

static void several_inputs_one_of_them_twice(void **state) {
    skip_without(state);
    int64_t sample = 3 * 4 * 5;
    cnn_device *device = open_device(*state);
    const cnn_host_parameter scale = {.name = "p",
                                      .shape = {1},
                                      .rank = 1,
                                      .initializer = CNN_INIT_CONSTANT,
                                      .initializer_scale = 0.5f};
    const cnn_host_layer product = {.kind = "product",
                                    .parameters = &scale,
                                    .parameter_count = 1,
                                    .forward = product_forward,
                                    .backward = product_backward,
                                    .user = &sample};
    float x[2 * 60 * 17], t[2 * 17];
    fill(x, LENGTH(x), 5);
    fill(t, LENGTH(t), 6);
    for (int same = 0; same < 2; same++) {
        cnn_net *net = seeded_net(2);
        const cnn_node image = cnn_net_input(net, NULL, 3, (const int64_t[]){2, 4, 5});
        const cnn_conv2d conv = {
            .filters = 3, .kernel = {3, 3}, .padding_mode = CNN_SAME, .activation = CNN_TANH};
        const cnn_node a = cnn_net_conv2d(net, image, &conv);
        const cnn_node b = same ? a : cnn_net_conv2d(net, image, &conv);
        cnn_node n = cnn_net_host_layer(net, (const cnn_node[]){a, b}, 2, &product);
        n = cnn_net_dense(net, n, &(cnn_dense){.units = 2});
        cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_HALF_MSE});
        OK(cnn_net_compile(net, device, &(cnn_compile){.max_batch = 20}, &err));
        const cnn_samples samples = {
            .inputs = x, .input_elements = 40 * 17, .targets = t, .target_elements = 2 * 17};
        double loss, up, down;
        OK(cnn_net_loss_gradient(net, &samples, NULL, &loss, &err));
        float *g = vector_of(net, CNN_GRADIENT), *theta = vector_of(net, CNN_PARAMETERS);
        const int64_t count = cnn_net_vector_elements(net, CNN_PARAMETERS);
        const float step = 1.0f / 128;
        for (int64_t i = 0; i < count; i += same ? 3 : 5) {
            const float kept = theta[i];
            theta[i] = kept + step;
            OK(cnn_net_set_vector(net, CNN_PARAMETERS, theta, count, &err));
            OK(cnn_net_loss_gradient(net, &samples, NULL, &up, &err));
            theta[i] = kept - step;
            OK(cnn_net_set_vector(net, CNN_PARAMETERS, theta, count, &err));
            OK(cnn_net_loss_gradient(net, &samples, NULL, &down, &err));
            theta[i] = kept;
            NEAR(g[i], (up - down) / (2 * (double)step), 3e-4);
        }
        free(g);
        free(theta);
        cnn_net_destroy(net);
    }
    cnn_device_destroy(device);
}

static cnn_net *softsign_net(const cnn_host_activation *activation) {
    cnn_net *net = seeded_net(9);
    cnn_node n = cnn_net_input(net, "x", 1, (const int64_t[]){kIn});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = kUnits});
    n = cnn_net_host_activation(net, n, activation);
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_MSE});
    return net;
}

static void an_activation_by_callbacks_or_by_opencl_c(void **state) {
    skip_without(state);
    const int opencl = strcmp(*state, "opencl") == 0;
    cnn_device *device = open_device(*state);
    struct work w;
    make_work(&w);
    struct seen by_callback = {0}, by_expression = {0};
    cnn_host_activation activation = host_softsign(&by_callback);
    cnn_net *a = softsign_net(&activation);
    activation = host_softsign(&by_expression);
    activation.opencl_forward = "x / (1 + fabs(x))";
    /* A double, had it been taken as one, and y, which 1 - |y| = 1 / (1 + |x|) allows. */
    activation.opencl_derivative = "pow(1.0 - fabs(y), 2.0)";
    cnn_net *b = softsign_net(&activation);
    OK(compile(a, device));
    OK(compile(b, device));
    same_as(a, b, &w, 2e-6);
    assert_true(by_callback.forwards > 0 && by_callback.backwards > 0);
    assert_int_equal(by_expression.forwards > 0, !opencl);
    assert_int_equal(by_expression.backwards > 0, !opencl);
    /* f itself: the net's loss by hand. */
    float *theta = vector_of(a, CNN_PARAMETERS);
    OK(run(a, &w));
    for (int k = 0; k < kN; k++)
        for (int o = 0; o < kUnits; o++) {
            double z = theta[kIn * kUnits + o];
            for (int i = 0; i < kIn; i++) z += (double)theta[o * kIn + i] * w.x[k * kIn + i];
            NEAR(w.y[k * kUnits + o], z / (1 + fabs(z)), 1e-6);
        }
    free(theta);
    cnn_net_destroy(a);
    cnn_net_destroy(b);

    activation.opencl_forward = "x / (1 + fabs(";
    struct seen unused = {0};
    activation.user = &unused;
    cnn_net *wrong = softsign_net(&activation);
    if (opencl) {
        FAILS(CNN_DEVICE_ERROR, compile(wrong, device));
        SAID("my_softsign_1");
        SAID("forward");
    } else {
        OK(compile(wrong, device));
    }
    cnn_net_destroy(wrong);
    assert_int_equal(unused.released, 1);
    cnn_device_destroy(device);
}

static void gradients_that_nobody_wants_are_null(void **state) {
    skip_without(state);
    struct seen seen = {0};
    struct work w;
    make_work(&w);
    cnn_device *device = open_device(*state);
    cnn_net *net = dense_net(&seen, 1);
    OK(compile(net, device));
    OK(cnn_net_loss_gradient(net, &w.samples, NULL, NULL, &err));
    /* The net's input wants none, but of backward. */
    assert_false(seen.input_gradient);
    assert_true(seen.weight_gradient && seen.bias_gradient);
    float dx[kIn * kN], *g = vector_of(net, CNN_GRADIENT);
    OK(cnn_net_backward(net, &w.samples, &(cnn_view){.data = w.t, .elements = LENGTH(w.t)}, 1,
                        &(cnn_view){.data = dx, .elements = LENGTH(dx)}, 1, NULL, &err));
    assert_true(seen.input_gradient);
    OK(cnn_net_set_rate(net, "my_dense_1/weight", 0, &err));
    OK(cnn_net_loss_gradient(net, &w.samples, NULL, NULL, &err));
    assert_false(seen.weight_gradient);
    assert_true(seen.bias_gradient);
    float *frozen = vector_of(net, CNN_GRADIENT);
    for (int i = 0; i < kIn * kUnits; i++) assert_true(frozen[i] == 0 && g[i] != 0);
    for (int i = kIn * kUnits; i < kIn * kUnits + kUnits; i++) assert_true(frozen[i] == g[i]);
    free(frozen);
    free(g);
    assert_int_equal(seen.dirty, 0);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

/* ---- What callbacks may do ---- */

static void non_zero_cancels_and_changes_nothing(void **state) {
    skip_without(state);
    struct seen seen = {0};
    struct work w;
    make_work(&w);
    cnn_device *device = open_device(*state);
    cnn_net *net = dense_net(&seen, 1);
    cnn_optimizer *adam = cnn_optimizer_create(CNN_ADAM);
    OK(compile(net, device));
    double loss;
    OK(cnn_net_train_step(net, adam, &w.samples, &loss, &err));
    float *before = vector_of(net, CNN_PARAMETERS);
    for (int forward = 0; forward < 2; forward++) {
        seen.fail_forward = forward ? 7 : 0;
        seen.fail_backward = forward ? 0 : -3;
        FAILS(CNN_CANCELLED, cnn_net_train_step(net, adam, &w.samples, &loss, &err));
        SAID("my_dense \"my_dense_1\" (node 1)");
        SAID(forward ? "forward returned 7" : "backward returned -3");
        assert_int_equal(err.node, 1);
        FAILS(CNN_CANCELLED, cnn_net_fit(net, adam, &w.samples, NULL, NULL, &err));
        if (forward) FAILS(CNN_CANCELLED, run(net, &w));
    }
    seen.fail_forward = seen.fail_backward = 0;
    float *after = vector_of(net, CNN_PARAMETERS);
    assert_memory_equal(before, after, (kIn + 1) * kUnits * sizeof *before);
    assert_int_equal(cnn_optimizer_steps(adam), 1);
    free(before);
    free(after);
    OK(cnn_net_train_step(net, adam, &w.samples, &loss, &err));
    OK(run(net, &w));
    cnn_optimizer_destroy(adam);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

static void computing_from_within_is_busy(void **state) {
    skip_without(state);
    struct seen seen = {0};
    struct work w;
    make_work(&w);
    cnn_device *device = open_device(*state);
    cnn_net *net = dense_net(&seen, 1);
    OK(compile(net, device));
    OK(run(net, &w));
    float kept[kUnits * kN];
    memcpy(kept, w.y, sizeof kept);
    seen.net = net;
    OK(run(net, &w));
    const cnn_status wanted[] = {CNN_BUSY, CNN_BUSY, CNN_BUSY, CNN_OK, CNN_BUSY, CNN_BUSY};
    for (int i = 0; i < LENGTH(wanted); i++) assert_int_equal(seen.within[i], wanted[i]);
    assert_memory_equal(kept, w.y, sizeof kept);
    seen.net = NULL;
    OK(run(net, &w));
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

static void the_floating_point_environment_is_the_default(void **state) {
    skip_without(state);
    struct seen seen = {.wants_rounding = 1};
    struct work w;
    make_work(&w);
    cnn_device *device = open_device(*state);
    cnn_net *net = dense_net(&seen, 1);
    OK(compile(net, device));
    OK(run(net, &w));
    float kept[kUnits * kN];
    memcpy(kept, w.y, sizeof kept);
    fesetround(FE_DOWNWARD);
    const cnn_status status = run(net, &w);
    const int after = fegetround();
    fesetround(FE_TONEAREST);
    OK(status);
    assert_int_equal(after, FE_DOWNWARD);
    assert_memory_equal(kept, w.y, sizeof kept);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

/* ---- Files, clones, mistakes ---- */

static void files_keep_everything_but_the_code(void **state) {
    skip_without(state);
    struct seen first = {0}, second = {0}, other = {0};
    struct work w;
    make_work(&w);
    cnn_device *device = open_device(*state);
    cnn_net *net = seeded_net(9);
    cnn_node n = cnn_net_input(net, "x", 1, (const int64_t[]){kIn});
    cnn_host_layer layer = host_dense(&first);
    cnn_host_activation activation = host_softsign(&first);
    activation.opencl_forward = "x / (1 + fabs(x))";
    activation.opencl_derivative = "1 / ((1 + fabs(x)) * (1 + fabs(x)))";
    n = cnn_net_host_layer(net, &n, 1, &layer);
    n = cnn_net_host_activation(net, n, &activation);
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_MSE});
    cnn_optimizer *adam = cnn_optimizer_create(CNN_ADAM);
    OK(compile(net, device));
    double loss;
    OK(cnn_net_train_step(net, adam, &w.samples, &loss, &err));
    OK(run(net, &w));
    float kept[kUnits * kN];
    memcpy(kept, w.y, sizeof kept);

    static char file[1 << 15];
    size_t bytes;
    OK(cnn_net_save_memory(net, file, sizeof file, &bytes, &err));
    cnn_net *loaded = NULL, *clone = NULL;
    OK(cnn_net_load_memory(file, bytes, &loaded, &err));
    FAILS(CNN_UNSUPPORTED, compile(loaded, device));
    SAID("my_dense \"my_dense_1\" (node 1)");
    SAID("cnn_net_bind_host_layer");
    /* It can be looked at, saved and cloned all the same. */
    assert_true(same_vector(net, loaded, CNN_PARAMETERS));
    static char again[1 << 15];
    size_t more;
    OK(cnn_net_save_memory(loaded, again, sizeof again, &more, &err));
    assert_int_equal(more, bytes);
    assert_memory_equal(file, again, bytes);

    layer = host_dense(&other);
    FAILS(CNN_NOT_FOUND, cnn_net_bind_host_layer(loaded, "nothing", &layer, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_bind_host_layer(loaded, "my_softsign_1", &layer, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_bind_host_layer(loaded, "x", &layer, &err));
    layer.kind = "your_dense";
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_bind_host_layer(loaded, "my_dense_1", &layer, &err));
    SAID("your_dense");
    layer = host_dense(&other);
    layer.output_shape[0] = kUnits + 1;
    FAILS(CNN_SHAPE_MISMATCH, cnn_net_bind_host_layer(loaded, "my_dense_1", &layer, &err));
    layer = host_dense(&other);
    cnn_host_parameter changed[] = {kParameters[0], kParameters[1]};
    layer.parameters = changed;
    changed[1].decays = 1;
    FAILS(CNN_SHAPE_MISMATCH, cnn_net_bind_host_layer(loaded, "my_dense_1", &layer, &err));
    SAID("\"bias\"");
    layer.parameter_count = 1;
    FAILS(CNN_SHAPE_MISMATCH, cnn_net_bind_host_layer(loaded, "my_dense_1", &layer, &err));
    assert_int_equal(other.released, 0);

    layer = host_dense(&second);
    activation.user = &second;
    OK(cnn_net_bind_host_layer(loaded, "my_dense_1", &layer, &err));
    FAILS(CNN_UNSUPPORTED, compile(loaded, device));
    SAID("cnn_net_bind_host_activation");
    OK(cnn_net_bind_host_activation(loaded, "my_softsign_1", &activation, &err));
    OK(cnn_net_clone(loaded, &clone, &err));
    OK(compile(loaded, device));
    FAILS(CNN_BAD_STATE, cnn_net_bind_host_layer(loaded, "my_dense_1", &layer, &err));
    OK(run(loaded, &w));
    assert_memory_equal(kept, w.y, sizeof kept);
    cnn_net_destroy(loaded);
    assert_int_equal(second.released, 0);
    OK(compile(clone, device));
    OK(run(clone, &w));
    assert_memory_equal(kept, w.y, sizeof kept);
    cnn_net_destroy(clone);
    assert_int_equal(second.released, 2);
    cnn_optimizer_destroy(adam);
    cnn_net_destroy(net);
    assert_int_equal(first.released, 2);
    cnn_device_destroy(device);
}

/* The message of a net whose one addition is wrong. */
static void refused(cnn_status wanted, const cnn_host_layer *layer, const char *part) {
    cnn_net *net = seeded_net(1);
    const cnn_node x = cnn_net_input(net, "x", 1, (const int64_t[]){kIn});
    assert_int_equal(cnn_net_host_layer(net, &x, 1, layer), -wanted);
    FAILS(wanted, cnn_net_error(net, &err));
    SAID(part);
    cnn_net_destroy(net);
}

static void mistakes_are_told(void **state) {
    (void)state;
    struct seen seen = {0};
    cnn_host_layer layer = host_dense(&seen);
    layer.kind = NULL;
    refused(CNN_INVALID_ARGUMENT, &layer, "host_layer \"host_layer_1\": kind is missing");
    layer = host_dense(&seen);
    layer.forward = NULL;
    refused(CNN_INVALID_ARGUMENT, &layer, "forward is NULL");
    layer = host_dense(&seen);
    layer.backward = NULL;
    refused(CNN_INVALID_ARGUMENT, &layer, "backward is NULL");
    layer = host_dense(&seen);
    layer.output_rank = 4;
    refused(CNN_SHAPE_MISMATCH, &layer, "output_rank is 4");
    layer = host_dense(&seen);
    layer.output_shape[0] = 0;
    refused(CNN_SHAPE_MISMATCH, &layer, "[0]");
    layer = host_dense(&seen);
    layer.parameters = NULL;
    refused(CNN_INVALID_ARGUMENT, &layer, "parameter_count is 2");
    layer = host_dense(&seen);
    layer.reserved[7] = 1;
    refused(CNN_INCOMPATIBLE, &layer, "reserved");
    cnn_host_parameter wrong[] = {kParameters[0], kParameters[1]};
    layer = host_dense(&seen);
    layer.parameters = wrong;
    wrong[1].name = "weight";
    refused(CNN_INVALID_ARGUMENT, &layer, "parameters 0 and 1 are both \"weight\"");
    wrong[1].name = "a/b";
    refused(CNN_INVALID_ARGUMENT, &layer, "parameter 1");
    wrong[1] = kParameters[1];
    wrong[0].rank = 5;
    refused(CNN_SHAPE_MISMATCH, &layer, "rank is 5");
    wrong[0] = kParameters[0];
    wrong[0].shape[1] = 0;
    refused(CNN_SHAPE_MISMATCH, &layer,
            "add host_layer \"my_dense_1\": parameter 0 \"weight\": the shape [4, 0]");
    wrong[0] = kParameters[0];
    wrong[0].initializer = 77;
    refused(CNN_INVALID_ARGUMENT, &layer, "initializer is 77");
    refused(CNN_INVALID_ARGUMENT, NULL, "forward is NULL");
    assert_int_equal(seen.released, 0);

    cnn_host_activation activation = host_softsign(&seen);
    activation.opencl_forward = "x";
    cnn_net *net = seeded_net(1);
    const cnn_node x = cnn_net_input(net, "x", 1, (const int64_t[]){kIn});
    assert_int_equal(cnn_net_host_activation(net, x, &activation), -CNN_INVALID_ARGUMENT);
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_error(net, &err));
    SAID("both or neither");
    cnn_net_destroy(net);
    assert_int_equal(cnn_net_host_layer(NULL, &x, 1, &layer), -CNN_INVALID_ARGUMENT);
    assert_int_equal(cnn_net_bind_host_layer(NULL, "x", &layer, NULL), CNN_INVALID_ARGUMENT);
}

/* ---- Reshape ---- */

/* Delmas 41-42: I = o_v o_h i + o_h j + k, there and back, in batches whole and partial. */
static void D41_flatten_and_reshape_are_the_usual_bijection(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    const int64_t od = 3, ov = 4, oh = 5;
    cnn_net *net = seeded_net(1);
    cnn_node n = cnn_net_input(net, NULL, 3, (const int64_t[]){od, ov, oh});
    const cnn_node flat = cnn_net_flatten(net, n, NULL);
    n = cnn_net_reshape(net, flat, &(cnn_reshape){.shape = {od, ov, oh}, .rank = 3});
    /* Shifted by a convolution that reads the places: left neighbours. */
    const cnn_node conv = cnn_net_conv2d(net, n,
                                         &(cnn_conv2d){.filters = od,
                                                       .kernel = {1, 2},
                                                       .padding = {0, 1, 0, 0},
                                                       .groups = od,
                                                       .no_bias = 1,
                                                       .initializer = CNN_INIT_CONSTANT,
                                                       .initializer_scale = 1});
    OK(cnn_net_output(net, flat, &err));
    OK(cnn_net_output(net, conv, &err));
    OK(cnn_net_output(net, cnn_net_reshape(net, conv, &(cnn_reshape){.shape = {6, 10}, .rank = 2}),
                      &err));
    float x[60 * 33], y[3][60 * 33];
    fill(x, LENGTH(x), 8);
    OK(cnn_net_compile(net, device, &(cnn_compile){.max_batch = 33}, &err));
    for (int samples = 33; samples > 0; samples -= 16) {
        cnn_view out[3];
        for (int i = 0; i < 3; i++) out[i] = (cnn_view){.data = y[i], .elements = 60 * samples};
        OK(cnn_net_run_many(net, &(cnn_view){.data = x, .elements = 60 * samples}, 1, out, 3, NULL,
                            &err));
        for (int s = 0; s < samples; s++)
            for (int64_t i = 0; i < od; i++)
                for (int64_t j = 0; j < ov; j++)
                    for (int64_t k = 0; k < oh; k++) {
                        const int64_t I = ov * oh * i + oh * j + k;
                        const float left = k > 0 ? x[s * 60 + I - 1] : 0;
                        assert_true(y[0][s * 60 + I] == x[s * 60 + I]);
                        NEAR(y[1][s * 60 + I], x[s * 60 + I] + left, 1e-6);
                        assert_true(y[2][s * 60 + I] == y[1][s * 60 + I]);
                    }
    }
    cnn_net_destroy(net);
    net = seeded_net(1);
    n = cnn_net_input(net, NULL, 3, (const int64_t[]){od, ov, oh});
    assert_int_equal(cnn_net_reshape(net, n, &(cnn_reshape){.shape = {7, 7}, .rank = 2}),
                     -CNN_SHAPE_MISMATCH);
    FAILS(CNN_SHAPE_MISMATCH, cnn_net_error(net, &err));
    SAID("[7, 7] has 49 elements, but the input has 60");
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_layer_is_what_it_computes),
        cmocka_unit_test(several_inputs_one_of_them_twice),
        cmocka_unit_test(an_activation_by_callbacks_or_by_opencl_c),
        cmocka_unit_test(gradients_that_nobody_wants_are_null),
        cmocka_unit_test(non_zero_cancels_and_changes_nothing),
        cmocka_unit_test(computing_from_within_is_busy),
        cmocka_unit_test(the_floating_point_environment_is_the_default),
        cmocka_unit_test(files_keep_everything_but_the_code),
        cmocka_unit_test(D41_flatten_and_reshape_are_the_usual_bijection),
    };
    const struct CMUnitTest once[] = {cmocka_unit_test(mistakes_are_told)};
    const int failed = cmocka_run_group_tests_name("host, mistakes", once, NULL, NULL);
    return failed + run_on_devices("host", tests, LENGTH(tests));
}

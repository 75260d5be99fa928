/* Running nets: samples in every form, several inputs and outputs, batches, and compiling again. */
#include "public.h"

#include <math.h>

static cnn_node image(cnn_net *net, int64_t c, int64_t h, int64_t w) {
    return cnn_net_input(net, NULL, 3, (const int64_t[]){c, h, w});
}

/* A net whose output is its input. */
static cnn_net *identity(cnn_device *device, int64_t c, int64_t h, int64_t w, int64_t max_batch) {
    cnn_net *net = seeded_net(0);
    cnn_net_activation(net, image(net, c, h, w), NULL);
    OK(cnn_net_compile(net, device, &(cnn_compile){.max_batch = max_batch}, &err));
    return net;
}

/* conv 3x3 - pool - dense, max_batch samples of [2, 6, 6] to 3 numbers. */
static cnn_net *small_net(void) {
    cnn_net *net = seeded_net(5);
    cnn_node n = image(net, 2, 6, 6);
    n = cnn_net_conv2d(net, n,
                       &(cnn_conv2d){.filters = 3, .kernel = {3, 3}, .activation = CNN_RELU});
    n = cnn_net_max_pool2d(net, n, &(cnn_pool2d){.window = {2, 2}});
    n = cnn_net_batch_norm(net, n, NULL);
    n = cnn_net_dense(net, n, &(cnn_dense){.units = 3});
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_SOFTMAX_CROSS_ENTROPY});
    return net;
}

enum { kIn = 72, kOut = 3, kMost = 64 };

struct frame {
    cnn_device *device;
    cnn_net *net;
    float x[kIn * kMost], y[kOut * kMost];
};

static struct frame *start(void **state, int64_t max_batch) {
    skip_without(state);
    struct frame *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->device = open_device(*state);
    f->net = small_net();
    OK(cnn_net_compile(f->net, f->device, &(cnn_compile){.max_batch = max_batch}, &err));
    fill(f->x, LENGTH(f->x), 1);
    return f;
}

static void end(struct frame *f) {
    cnn_net_destroy(f->net);
    cnn_device_destroy(f->device);
    free(f);
}

static void a_small_net_gives_what_is_computed_by_hand(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    cnn_net *net = seeded_net(0);
    cnn_node n = image(net, 1, 3, 3);
    n = cnn_net_conv2d(net, n, &(cnn_conv2d){.filters = 1, .kernel = {2, 2}, .name = "c"});
    n = cnn_net_max_pool2d(net, n, &(cnn_pool2d){.window = {2, 2}, .stride = {1, 1}});
    cnn_net_dense(net, n, &(cnn_dense){.units = 2, .name = "d", .activation = CNN_RELU});
    const float w[] = {1, -1, 2, 0.5f}, b[] = {0.25f}, dw[] = {2, -3}, db[] = {1, 1};
    OK(cnn_net_set_tensor(net, CNN_PARAMETERS, "c/weight", w, 4, &err));
    OK(cnn_net_compile(net, device, NULL, &err));
    OK(cnn_net_set_tensor(net, CNN_PARAMETERS, "c/bias", b, 1, &err));
    OK(cnn_net_set_tensor(net, CNN_PARAMETERS, "d/weight", dw, 2, &err));
    OK(cnn_net_set_tensor(net, CNN_PARAMETERS, "d/bias", db, 2, &err));
    /* 1 2 3 / 4 5 6 / 7 8 9: at (0,0) 1-2+8+2.5 = 9.5, and each step right or down adds 2.5 or 7.5.
     */
    const float x[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    float y[2];
    OK(cnn_net_run(net, x, 9, y, 2, &err));
    NEAR(y[0], 2 * 19.75 + 1, 1e-5);
    NEAR(y[1], 0, 0);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

/* value = (raw - mean[c]) * scale[c], checked against the identity. */
static void bytes_in_both_layouts_are_scaled_by_channel(void **state) {
    skip_without(state);
    enum { kH = 3, kW = 4, kN = 3 };
    cnn_device *device = open_device(*state);
    static const struct {
        float scale[4], mean[4];
        double s[5], m[5];
    } rows[] = {
        {{0}, {0}, {1, 1, 1, 1, 1}, {0}},
        {{1 / 255.f}, {0}, {1 / 255., 1 / 255., 1 / 255., 1 / 255., 1 / 255.}, {0}},
        {{0.5f}, {10}, {.5, .5, .5, .5, .5}, {10, 10, 10, 10, 10}},
        {{1, 2, 3, 4}, {5, 6, 7, 8}, {1, 2, 3, 4, 4}, {5, 6, 7, 8, 8}},
        {{2, 0, 3, 0}, {0, 6, 0, 0}, {2, 1, 3, 1, 1}, {0, 6, 0, 0, 0}},
    };
    for (int64_t channels = 1; channels <= 5; channels++) {
        const int64_t one = channels * kH * kW;
        uint8_t bytes[5 * kH * kW * kN];
        float reals[5 * kH * kW * kN], y[5 * kH * kW * kN];
        cnn_net *net = identity(device, channels, kH, kW, 2);
        for (int r = 0; r < LENGTH(rows); r++)
            for (int form = 0; form < 4; form++) {
                const int nhwc = form & 1, as_bytes = form >> 1;
                for (int64_t i = 0; i < one * kN; i++) {
                    bytes[i] = (uint8_t)(i * 37 + 11);
                    reals[i] = (float)bytes[i] * 0.5f;
                }
                cnn_view in = {.data = as_bytes ? (const void *)bytes : (const void *)reals,
                               .elements = one * kN,
                               .type = as_bytes ? CNN_UINT8 : CNN_FLOAT32,
                               .layout = nhwc ? CNN_NHWC : CNN_NCHW};
                memcpy(in.scale, rows[r].scale, sizeof in.scale);
                memcpy(in.mean, rows[r].mean, sizeof in.mean);
                OK(cnn_net_run_view(net, &in, &(cnn_view){.data = y, .elements = one * kN}, &err));
                for (int64_t k = 0; k < kN; k++)
                    for (int64_t c = 0; c < channels; c++)
                        for (int64_t p = 0; p < kH * kW; p++) {
                            const int64_t at =
                                k * one + (nhwc ? p * channels + c : c * kH * kW + p);
                            const double raw = as_bytes ? bytes[at] : (double)reals[at];
                            NEAR(y[k * one + c * kH * kW + p], (raw - rows[r].m[c]) * rows[r].s[c],
                                 1e-6 * (raw + 10) * 4);
                        }
            }
        cnn_net_destroy(net);
    }
    cnn_device_destroy(device);
}

static void any_count_is_run_in_parts(void **state) {
    struct frame *f = start(state, 5);
    float one[kOut];
    OK(cnn_net_run(f->net, f->x, kIn * 23, f->y, kOut * 23, &err));
    for (int k = 0; k < 23; k++) {
        OK(cnn_net_run(f->net, f->x + k * kIn, kIn, one, kOut, &err));
        for (int i = 0; i < kOut; i++) NEAR(f->y[k * kOut + i], one[i], 1e-5);
    }
    end(f);
}

static void listed_batches_give_the_same(void **state) {
    struct frame *f = start(state, 33);
    float again[kOut * 33];
    static const int64_t batches[] = {16, 1, 4, 33};
    cnn_net *net = small_net();
    OK(cnn_net_compile(net, f->device,
                       &(cnn_compile){.max_batch = 33, .batches = batches, .batch_count = 4},
                       &err));
    for (int n = 1; n <= 33; n += n < 6 ? 1 : 9) {
        OK(cnn_net_run(f->net, f->x, kIn * n, f->y, kOut * n, &err));
        OK(cnn_net_run(net, f->x, kIn * n, again, kOut * n, &err));
        for (int i = 0; i < kOut * n; i++) NEAR(f->y[i], again[i], 1e-5);
    }
    cnn_net_destroy(net);
    end(f);
}

static void the_softmax_option_gives_probabilities(void **state) {
    struct frame *f = start(state, 4);
    float logits[kOut * 4];
    OK(cnn_net_run(f->net, f->x, kIn * 4, logits, kOut * 4, &err));
    const cnn_view in = {.data = f->x, .elements = kIn * 4};
    const cnn_view out = {.data = f->y, .elements = kOut * 4};
    OK(cnn_net_run_many(f->net, &in, 1, &out, 1, &(cnn_run){.softmax = 1}, &err));
    for (int k = 0; k < 4; k++) {
        double sum = 0;
        for (int i = 0; i < kOut; i++) sum += exp((double)logits[k * kOut + i]);
        for (int i = 0; i < kOut; i++)
            NEAR(f->y[k * kOut + i], exp((double)logits[k * kOut + i]) / sum, 1e-6);
    }
    end(f);
}

static void several_inputs_and_outputs_are_in_order(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    cnn_net *net = seeded_net(0);
    const cnn_node a = cnn_net_input(net, "a", 1, (const int64_t[]){2});
    const cnn_node b = image(net, 1, 2, 3);
    const cnn_node flat = cnn_net_flatten(net, b, NULL);
    const cnn_node both = cnn_net_concat(net, (const cnn_node[]){flat, a}, 2, NULL);
    const cnn_node twice = cnn_net_add(net, (const cnn_node[]){a, a}, 2, NULL);
    cnn_net_dense(net, both, &(cnn_dense){.units = 7});
    OK(cnn_net_output(net, twice, &err));
    OK(cnn_net_output(net, both, &err));
    OK(cnn_net_output(net, b, &err));
    OK(cnn_net_compile(net, device, &(cnn_compile){.max_batch = 2}, &err));

    const float xa[] = {1, 2, 3, 4, 5, 6};
    const uint8_t xb[] = {10, 11, 12, 13, 14, 15, 20, 21, 22, 23, 24, 25, 30, 31, 32, 33, 34, 35};
    const cnn_view in[] = {{.data = xa, .elements = 6},
                           {.data = xb, .elements = 18, .type = CNN_UINT8}};
    float y0[6], y1[24], y2[18];
    const cnn_view out[] = {
        {.data = y0, .elements = 6}, {.data = y1, .elements = 24}, {.data = y2, .elements = 18}};
    OK(cnn_net_run_many(net, in, 2, out, 3, NULL, &err));
    for (int k = 0; k < 3; k++) {
        for (int i = 0; i < 2; i++) NEAR(y0[2 * k + i], 2 * xa[2 * k + i], 0);
        for (int i = 0; i < 6; i++) {
            NEAR(y1[8 * k + i], xb[6 * k + i], 0);
            NEAR(y2[6 * k + i], xb[6 * k + i], 0);
        }
        for (int i = 0; i < 2; i++) NEAR(y1[8 * k + 6 + i], xa[2 * k + i], 0);
    }
    /* The first outputs alone. */
    memset(y0, 0, sizeof y0);
    OK(cnn_net_run_many(net, in, 2, out, 1, NULL, &err));
    NEAR(y0[5], 12, 0);

    FAILS(CNN_INVALID_ARGUMENT, cnn_net_run_many(net, in, 1, out, 3, NULL, &err));
    SAID("2");
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_run_many(net, in, 2, out, 4, NULL, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_run_many(net, in, 2, out, 0, NULL, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_run_many(net, in, 2, out, -1, NULL, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_run_many(net, NULL, 2, out, 3, NULL, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_run_many(net, in, 2, NULL, 3, NULL, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_run(net, xa, 6, y0, 6, &err));
    const cnn_view fewer[] = {in[0], {.data = xb, .elements = 12, .type = CNN_UINT8}};
    FAILS(CNN_SHAPE_MISMATCH, cnn_net_run_many(net, fewer, 2, out, 3, NULL, &err));
    SAID("2 samples");
    SAID("3");
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

/* A call that fails, with the node it blames and what it says, leaves the net in use. */
static void bad_views_are_refused(void **state) {
    struct frame *f = start(state, 4);
    const cnn_view in = {.data = f->x, .elements = kIn * 2};
    const cnn_view out = {.data = f->y, .elements = kOut * 2};
    const struct {
        cnn_view in, out;
        cnn_status status;
        const char *parts[3];
    } rows[] = {
        {{.data = f->x, .elements = kIn + 1}, out, CNN_SHAPE_MISMATCH, {"input_1", "73", "72"}},
        {{.data = f->x, .elements = 0}, out, CNN_SHAPE_MISMATCH, {"input_1", "0 samples", "run"}},
        {{.data = f->x, .elements = -kIn}, out, CNN_SHAPE_MISMATCH, {"input_1", "-72", "run"}},
        {{.data = NULL, .elements = kIn * 2},
         out,
         CNN_INVALID_ARGUMENT,
         {"input_1", "NULL", "run"}},
        {{.data = f->x, .elements = kIn, .type = 4},
         out,
         CNN_INVALID_ARGUMENT,
         {"input_1", "type is 4", "run"}},
        {{.data = f->x, .elements = kIn, .type = -1},
         out,
         CNN_INVALID_ARGUMENT,
         {"input_1", "type is -1", "run"}},
        {{.data = f->x, .elements = kIn, .type = CNN_INT64},
         out,
         CNN_UNSUPPORTED,
         {"input_1", "CNN_FLOAT32", "CNN_UINT8"}},
        {{.data = f->x, .elements = kIn, .layout = 2},
         out,
         CNN_INVALID_ARGUMENT,
         {"input_1", "layout is 2", "run"}},
        {{.data = f->x, .elements = kIn, .reserved = {1}},
         out,
         CNN_INCOMPATIBLE,
         {"input_1", "reserved", "run"}},
        {{.data = f->x, .elements = kIn, .scale = {NAN}},
         out,
         CNN_OUT_OF_RANGE,
         {"input_1", "scale", "nan"}},
        {{.data = f->x, .elements = kIn, .mean = {0, INFINITY}},
         out,
         CNN_OUT_OF_RANGE,
         {"input_1", "mean", "inf"}},
        {in, {.data = f->y, .elements = kOut}, CNN_SHAPE_MISMATCH, {"dense_1", "3", "6"}},
        {in, {.data = f->y, .elements = kOut * 3}, CNN_SHAPE_MISMATCH, {"dense_1", "9", "6"}},
        {in, {.data = f->y, .elements = -1}, CNN_SHAPE_MISMATCH, {"dense_1", "-1", "6"}},
        {in,
         {.data = NULL, .elements = kOut * 2},
         CNN_INVALID_ARGUMENT,
         {"dense_1", "NULL", "run"}},
        {in,
         {.data = f->y, .elements = kOut * 2, .type = CNN_UINT8},
         CNN_UNSUPPORTED,
         {"dense_1", "CNN_FLOAT32", "run"}},
        {in,
         {.data = f->y, .elements = kOut * 2, .reserved = {0, 1}},
         CNN_INCOMPATIBLE,
         {"dense_1", "reserved", "run"}},
    };
    for (int i = 0; i < LENGTH(rows); i++) {
        const cnn_status got = cnn_net_run_view(f->net, &rows[i].in, &rows[i].out, &err);
        if (got != rows[i].status) print_error("row %d (%s)\n", i, rows[i].parts[0]);
        FAILS(rows[i].status, got);
        for (int k = 0; k < 3; k++) SAID(rows[i].parts[k]);
        OK(cnn_net_run_view(f->net, &in, &out, &err));
    }
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_run_view(f->net, NULL, &out, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_run_view(f->net, &in, NULL, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_run(NULL, f->x, kIn, f->y, kOut, &err));
    SAID("net is NULL");
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_run(f->net, NULL, kIn, f->y, kOut, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_run(f->net, f->x, kIn, NULL, kOut, &err));
    FAILS(CNN_INCOMPATIBLE,
          cnn_net_run_many(f->net, &in, 1, &out, 1, &(cnn_run){.reserved = {1}}, &err));
    end(f);
}

static void bad_samples_are_refused(void **state) {
    struct frame *f = start(state, 4);
    const uint8_t labels[] = {0, 1, 2, 3, 0};
    const int32_t wide[] = {0, -1};
    const int64_t huge[] = {0, INT64_MIN};
    const float targets[6] = {0}, weights[2] = {1, 1};
    const cnn_view one = {.data = targets, .elements = 6};
#define SAMPLES(...) \
    { .inputs = f->x, .input_elements = kIn * 2, __VA_ARGS__ }
    const struct {
        cnn_samples samples;
        cnn_status status;
        const char *part;
    } rows[] = {
        {SAMPLES(.labels = labels + 2, .label_type = CNN_UINT8, .label_elements = 2),
         CNN_OUT_OF_RANGE, "label 3 of sample 1"},
        {SAMPLES(.labels = wide, .label_type = CNN_INT32, .label_elements = 2), CNN_OUT_OF_RANGE,
         "label -1 of sample 1"},
        {SAMPLES(.labels = huge, .label_type = CNN_INT64, .label_elements = 2), CNN_OUT_OF_RANGE,
         "0 to 2"},
        {SAMPLES(.labels = labels, .label_type = CNN_UINT8, .label_elements = 1),
         CNN_SHAPE_MISMATCH, "1 labels"},
        {SAMPLES(.labels = labels, .label_type = CNN_FLOAT32, .label_elements = 2), CNN_UNSUPPORTED,
         "integers"},
        {SAMPLES(.labels = labels, .label_type = 9, .label_elements = 2), CNN_INVALID_ARGUMENT,
         "type is 9"},
        {SAMPLES(.targets = targets, .target_elements = 5), CNN_SHAPE_MISMATCH, "5 elements"},
        {SAMPLES(.targets = targets, .target_elements = 6, .labels = labels, .label_elements = 2,
                 .label_type = CNN_UINT8),
         CNN_INVALID_ARGUMENT, "both"},
        {SAMPLES(.target_elements = 6), CNN_INVALID_ARGUMENT, "neither"},
        {SAMPLES(.targets = targets, .target_elements = 6, .weights = weights,
                 .weight_elements = 1),
         CNN_SHAPE_MISMATCH, "1 weights"},
        {SAMPLES(.target_views = &one, .target_view_count = 2), CNN_INVALID_ARGUMENT, "2 targets"},
        {SAMPLES(.targets = targets, .target_elements = 6, .reserved = {1}), CNN_INCOMPATIBLE,
         "reserved"},
        {SAMPLES(.targets = targets, .target_elements = 6, .reserved32 = 1), CNN_INCOMPATIBLE,
         "reserved"},
        {{.targets = targets, .target_elements = 6}, CNN_INVALID_ARGUMENT, "NULL"},
        {{.inputs = f->x, .input_elements = 0, .targets = targets, .target_elements = 0},
         CNN_SHAPE_MISMATCH,
         "0 samples"},
    };
    cnn_optimizer *sgd = cnn_optimizer_create(CNN_SGD);
    float *before = vector_of(f->net, CNN_PARAMETERS);
    const int64_t elements = cnn_net_vector_elements(f->net, CNN_PARAMETERS);
    for (int i = 0; i < LENGTH(rows); i++) {
        cnn_evaluation result;
        double loss;
        const cnn_samples *s = &rows[i].samples;
        const cnn_status got[] = {
            cnn_net_evaluate(f->net, s, &result, &err),
            cnn_net_loss_gradient(f->net, s, NULL, &loss, &err),
            cnn_net_train_step(f->net, sgd, s, &loss, &err),
            cnn_net_fit(f->net, sgd, s, NULL, NULL, &err),
        };
        for (int k = 0; k < 4; k++) {
            if (got[k] != rows[i].status) print_error("row %d, call %d\n", i, k);
            assert_int_equal(got[k], rows[i].status);
        }
        SAID("fit");
        SAID(rows[i].part);
    }
    cnn_evaluation result;
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_evaluate(f->net, NULL, &result, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_evaluate(f->net, &rows[0].samples, NULL, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_loss_gradient(f->net, NULL, NULL, NULL, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_train_step(f->net, NULL, &rows[0].samples, NULL, &err));
    SAID("optimizer is NULL");
    float *after = vector_of(f->net, CNN_PARAMETERS);
    assert_memory_equal(before, after, (size_t)elements * 4);
    assert_int_equal(cnn_optimizer_steps(sgd), 0);
    free(before);
    free(after);
    cnn_optimizer_destroy(sgd);
    end(f);
}

static void counts_above_max_batch_are_split_or_refused(void **state) {
    struct frame *f = start(state, 4);
    uint8_t labels[9] = {0, 1, 2, 0, 1, 2, 0, 1, 2};
    const cnn_samples nine = {.inputs = f->x,
                              .input_elements = kIn * 9,
                              .labels = labels,
                              .label_type = CNN_UINT8,
                              .label_elements = 9};
    cnn_optimizer *sgd = cnn_optimizer_create(CNN_SGD);
    double loss = 0;
    FAILS(CNN_LIMIT_EXCEEDED, cnn_net_loss_gradient(f->net, &nine, NULL, &loss, &err));
    SAID("loss_gradient");
    SAID("9");
    SAID("4");
    FAILS(CNN_LIMIT_EXCEEDED, cnn_net_train_step(f->net, sgd, &nine, &loss, &err));
    SAID("train_step");
    SAID("9");
    const cnn_view dy = {.data = f->y, .elements = kOut * 9};
    FAILS(CNN_LIMIT_EXCEEDED, cnn_net_backward(f->net, &nine, &dy, 1, NULL, 0, NULL, &err));
    SAID("backward");
    FAILS(CNN_LIMIT_EXCEEDED, cnn_net_fit(f->net, sgd, &nine, &(cnn_fit){.batch = 5}, NULL, &err));
    SAID("batch is 5");

    /* evaluate is the mean over all of them. */
    cnn_evaluation all;
    OK(cnn_net_evaluate(f->net, &nine, &all, &err));
    assert_int_equal(all.samples, 9);
    double sum = 0;
    int64_t correct = 0;
    for (int k = 0; k < 9; k++) {
        cnn_evaluation one;
        OK(cnn_net_evaluate(f->net,
                            &(cnn_samples){.inputs = f->x + kIn * k,
                                           .input_elements = kIn,
                                           .labels = labels + k,
                                           .label_type = CNN_UINT8,
                                           .label_elements = 1},
                            &one, &err));
        sum += one.loss;
        correct += one.correct;
    }
    NEAR(all.loss, sum / 9, 1e-5 * sum);
    assert_int_equal(all.correct, correct);
    NEAR(all.accuracy, (double)correct / 9, 1e-12);

    /* Which classes are right, from run. */
    OK(cnn_net_run(f->net, f->x, kIn * 9, f->y, kOut * 9, &err));
    int64_t right = 0;
    for (int k = 0; k < 9; k++) {
        int best = 0;
        for (int i = 1; i < kOut; i++)
            if (f->y[k * kOut + i] > f->y[k * kOut + best]) best = i;
        right += best == labels[k];
    }
    assert_int_equal(all.correct, right);
    cnn_optimizer_destroy(sgd);
    end(f);
}

static void what_is_not_compiled_does_not_run(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    cnn_net *net = small_net();
    float x[kIn] = {0}, y[kOut];
    const uint8_t label = 1;
    const cnn_samples samples = {.inputs = x,
                                 .input_elements = kIn,
                                 .labels = &label,
                                 .label_type = CNN_UINT8,
                                 .label_elements = 1};
    cnn_optimizer *sgd = cnn_optimizer_create(CNN_SGD);
    cnn_evaluation result;
    const cnn_view dy = {.data = y, .elements = kOut};
    for (int pass = 0; pass < 2; pass++) {
        if (pass == 0) {
            FAILS(CNN_BAD_STATE, cnn_net_run(net, x, kIn, y, kOut, &err));
            SAID("compile");
        } else {
            OK(cnn_net_compile(net, device, &(cnn_compile){.inference_only = 1}, &err));
            OK(cnn_net_run(net, x, kIn, y, kOut, &err));
        }
        FAILS(CNN_BAD_STATE, cnn_net_evaluate(net, &samples, &result, &err));
        SAID("evaluate");
        FAILS(CNN_BAD_STATE, cnn_net_loss_gradient(net, &samples, NULL, NULL, &err));
        FAILS(CNN_BAD_STATE, cnn_net_backward(net, &samples, &dy, 1, NULL, 0, NULL, &err));
        FAILS(CNN_BAD_STATE, cnn_net_train_step(net, sgd, &samples, NULL, &err));
        FAILS(CNN_BAD_STATE, cnn_net_fit(net, sgd, &samples, NULL, NULL, &err));
        if (pass == 1) SAID("inference");
        float gradient[512];
        FAILS(CNN_BAD_STATE, cnn_net_get_vector(net, CNN_GRADIENT, gradient,
                                                cnn_net_vector_elements(net, CNN_GRADIENT), &err));
        cnn_net_cancel(net);
    }
    /* Compiled again for training it trains. */
    OK(cnn_net_compile(net, device, NULL, &err));
    OK(cnn_net_train_step(net, sgd, &samples, NULL, &err));
    cnn_optimizer_destroy(sgd);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

static void a_net_without_loss_runs_but_does_not_train(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    cnn_net *net = identity(device, 1, 1, 1, 1);
    cnn_optimizer *sgd = cnn_optimizer_create(CNN_SGD);
    const float x = 3;
    float y = 0;
    OK(cnn_net_run(net, &x, 1, &y, 1, &err));
    NEAR(y, 3, 0);
    const cnn_samples samples = {
        .inputs = &x, .input_elements = 1, .targets = &x, .target_elements = 1};
    cnn_evaluation result;
    FAILS(CNN_BAD_STATE, cnn_net_evaluate(net, &samples, &result, &err));
    SAID("loss");
    FAILS(CNN_BAD_STATE, cnn_net_train_step(net, sgd, &samples, NULL, &err));
    OK(cnn_net_get_vector(net, CNN_GRADIENT, NULL, 0, &err));
    OK(cnn_net_set_vector(net, CNN_PARAMETERS, NULL, 0, &err));
    cnn_optimizer_destroy(sgd);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

static void compiling_is_bounded(void **state) {
    struct frame *f = start(state, 4);
    static const int64_t bad[] = {1, 5}, zero[] = {0}, good[] = {4, 1, 1};
    static const struct {
        cnn_compile options;
        cnn_status status;
        const char *part;
    } rows[] = {
        {{.max_batch = -1}, CNN_OUT_OF_RANGE, "max_batch is -1"},
        {{.max_batch = INT64_MAX}, CNN_OUT_OF_RANGE, "max_batch is 9223372036854775807"},
        {{.max_batch = 4, .batches = bad, .batch_count = 2}, CNN_OUT_OF_RANGE, "batches[1] is 5"},
        {{.max_batch = 4, .batches = zero, .batch_count = 1}, CNN_OUT_OF_RANGE, "batches[0] is 0"},
        {{.max_batch = 4, .batches = NULL, .batch_count = 1}, CNN_INVALID_ARGUMENT, "NULL"},
        {{.max_batch = 4, .batches = good, .batch_count = -1},
         CNN_INVALID_ARGUMENT,
         "batch_count is -1"},
        {{.memory_limit = -1}, CNN_OUT_OF_RANGE, "memory_limit is -1"},
        {{.memory_limit = 100}, CNN_LIMIT_EXCEEDED, "100"},
        {{.tune_seconds = -1}, CNN_OUT_OF_RANGE, "seconds to tune are -1"},
        {{.accept = 2}, CNN_INVALID_ARGUMENT, "accept is 2"},
        {{.accept = INT64_MIN | CNN_ACCEPT_WINOGRAD_4X4}, CNN_INVALID_ARGUMENT, "accept is -"},
        {{.reserved = {0, 0, 0, 0, 0, 1}}, CNN_INCOMPATIBLE, "reserved"},
    };
    for (int i = 0; i < LENGTH(rows); i++) {
        FAILS(rows[i].status, cnn_net_compile(f->net, f->device, &rows[i].options, &err));
        SAID("compile");
        SAID(rows[i].part);
        /* What it was compiled for before still holds. */
        OK(cnn_net_run(f->net, f->x, kIn * 4, f->y, kOut * 4, &err));
    }
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_compile(f->net, NULL, NULL, &err));
    SAID("device is NULL");
    OK(cnn_net_compile(f->net, f->device,
                       &(cnn_compile){.max_batch = 4, .batches = good, .batch_count = 3}, &err));
    OK(cnn_net_run(f->net, f->x, kIn * 4, f->y, kOut * 4, &err));
    end(f);
}

/* A 3x3 convolution wide enough that Winograd's F(4x4, 3x3) pays, accepted or not. */
enum { kMaps = 64, kSide = 28, kPixels = kMaps * kSide * kSide };

static void run_wide_convolution(const char *spec, int64_t accept, const float *x, float *y) {
    cnn_device *device = open_device(spec);
    cnn_net *net = seeded_net(3);
    cnn_net_conv2d(net, image(net, kMaps, kSide, kSide),
                   &(cnn_conv2d){.filters = kMaps,
                                 .kernel = {3, 3},
                                 .padding_mode = CNN_EXPLICIT,
                                 .padding = {1, 1, 1, 1}});
    OK(cnn_net_compile(net, device, &(cnn_compile){.accept = accept}, &err));
    OK(cnn_net_run(net, x, kPixels, y, kPixels, &err));
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

static double rms_difference(const float *a, const float *b) {
    double squares = 0;
    for (int i = 0; i < kPixels; i++) squares += pow((double)a[i] - (double)b[i], 2);
    return sqrt(squares / kPixels);
}

static void a_less_accurate_way_is_taken_where_it_is_accepted(void **state) {
    skip_without(state);
    float *values = calloc(5 * (size_t)kPixels, sizeof *values);
    assert_non_null(values);
    float *x = values, *exact = x + kPixels, *before = exact + kPixels;
    float *accepted = before + kPixels, *after = accepted + kPixels;
    fill(x, kPixels, 1);
    run_wide_convolution("reference", 0, x, exact);
    run_wide_convolution(*state, 0, x, before);
    run_wide_convolution(*state, CNN_ACCEPT_WINOGRAD_4X4, x, accepted);
    run_wide_convolution(*state, 0, x, after);
    assert_memory_equal(before, after, kPixels * sizeof *before);
    const double usual = rms_difference(before, exact), less = rms_difference(accepted, exact);
    print_message("%s: rms error %.2g, accepted %.2g\n", (const char *)*state, usual, less);
    /* The usual way may be F(2x2, 3x3), whose error is below the direct kernel's. */
    assert_true(less <= 6 * usual);
    if (strcmp(*state, "cpu") == 0) assert_true(less > usual);
    free(values);
}

static void adding_after_compiling_is_refused(void **state) {
    struct frame *f = start(state, 1);
    const int32_t nodes = cnn_net_node_count(f->net);
    assert_int_equal(cnn_net_dense(f->net, 0, &(cnn_dense){.units = 1}), -CNN_BAD_STATE);
    assert_int_equal(cnn_net_dense(f->net, -9, NULL), -CNN_BAD_STATE);
    assert_int_equal(cnn_net_dense(f->net, 0, &(cnn_dense){.reserved32 = 1}), -CNN_BAD_STATE);
    assert_int_equal(cnn_net_input(f->net, "late", 1, (const int64_t[]){1}), -CNN_BAD_STATE);
    assert_int_equal(cnn_net_loss(f->net, 0, NULL), -CNN_BAD_STATE);
    FAILS(CNN_BAD_STATE, cnn_net_output(f->net, 1, &err));
    SAID("compiled");
    assert_int_equal(cnn_net_node_count(f->net), nodes);
    OK(cnn_net_error(f->net, &err));
    OK(cnn_net_run(f->net, f->x, kIn, f->y, kOut, &err));
    OK(cnn_net_compile(f->net, f->device, NULL, &err));
    end(f);
}

/* theta and s go with the net from device to device. */
static void compiling_elsewhere_keeps_parameters_and_state(void **state) {
    static char *specs[] = {"reference", "cpu", "opencl"};
    struct frame *f = start(state, 4);
    const uint8_t labels[] = {2, 0, 1, 1};
    const cnn_samples samples = {.inputs = f->x,
                                 .input_elements = kIn * 4,
                                 .labels = labels,
                                 .label_type = CNN_UINT8,
                                 .label_elements = 4};
    cnn_optimizer *adam = cnn_optimizer_create(CNN_ADAM);
    OK(cnn_net_train_step(f->net, adam, &samples, NULL, &err));
    OK(cnn_net_run(f->net, f->x, kIn * 4, f->y, kOut * 4, &err));
    float *theta = vector_of(f->net, CNN_PARAMETERS), *s = vector_of(f->net, CNN_STATE);
    for (int d = 0; d < 3; d++) {
        if (!device_exists(specs[d])) continue;
        cnn_device *other = open_device(specs[d]);
        OK(cnn_net_compile(f->net, other, &(cnn_compile){.max_batch = 2 + d}, &err));
        float *theta2 = vector_of(f->net, CNN_PARAMETERS), *s2 = vector_of(f->net, CNN_STATE);
        assert_memory_equal(theta, theta2,
                            (size_t)cnn_net_vector_elements(f->net, CNN_PARAMETERS) * 4);
        assert_memory_equal(s, s2, (size_t)cnn_net_vector_elements(f->net, CNN_STATE) * 4);
        free(theta2);
        free(s2);
        float y[kOut * 4];
        OK(cnn_net_run(f->net, f->x, kIn * 4, y, kOut * 4, &err));
        for (int i = 0; i < kOut * 4; i++) NEAR(y[i], f->y[i], 2e-5);
        cnn_device_destroy(other);
    }
    /* The optimizer's state goes too. */
    OK(cnn_net_compile(f->net, f->device, &(cnn_compile){.max_batch = 4}, &err));
    OK(cnn_net_train_step(f->net, adam, &samples, NULL, &err));
    assert_int_equal(cnn_optimizer_steps(adam), 2);
    free(theta);
    free(s);
    cnn_optimizer_destroy(adam);
    end(f);
}

static void new_parameters_are_used_at_once(void **state) {
    struct frame *f = start(state, 2);
    const int64_t elements = cnn_net_vector_elements(f->net, CNN_PARAMETERS);
    float *theta = vector_of(f->net, CNN_PARAMETERS);
    float y[kOut];
    OK(cnn_net_run(f->net, f->x, kIn, f->y, kOut, &err));
    for (int64_t i = 0; i < elements; i++) theta[i] = -theta[i];
    OK(cnn_net_set_vector(f->net, CNN_PARAMETERS, theta, elements, &err));
    OK(cnn_net_run(f->net, f->x, kIn, y, kOut, &err));
    assert_memory_not_equal(y, f->y, sizeof y);
    for (int64_t i = 0; i < elements; i++) theta[i] = -theta[i];
    OK(cnn_net_set_vector(f->net, CNN_PARAMETERS, theta, elements, &err));
    OK(cnn_net_run(f->net, f->x, kIn, y, kOut, &err));
    assert_memory_equal(y, f->y, sizeof y);
    const float mean[3] = {1, 2, 3};
    OK(cnn_net_set_tensor(f->net, CNN_STATE, "batch_norm_1/running_mean", mean, 3, &err));
    OK(cnn_net_run(f->net, f->x, kIn, y, kOut, &err));
    assert_memory_not_equal(y, f->y, sizeof y);
    free(theta);
    end(f);
}

/* The same as a copy that never ran gives: what a device keeps of parameters and state is made
 * anew. */
static void expect_as_a_fresh_copy(struct frame *f) {
    float y[kOut], fresh[kOut];
    cnn_net *copy = NULL;
    OK(cnn_net_clone(f->net, &copy, &err));
    OK(cnn_net_compile(copy, f->device, &(cnn_compile){.max_batch = 2}, &err));
    OK(cnn_net_run(copy, f->x, kIn, fresh, kOut, &err));
    cnn_net_destroy(copy);
    OK(cnn_net_run(f->net, f->x, kIn, y, kOut, &err));
    /* (The reference device's parameters are float64, a copy's of float32.) */
    for (int i = 0; i < kOut; i++)
        assert_true(fabsf(y[i] - fresh[i]) <= 1e-6f * (1 + fabsf(fresh[i])));
}

static void folded_normalisations_follow_parameters_and_state(void **state) {
    struct frame *f = start(state, 2);
    cnn_net_destroy(f->net);
    f->net = seeded_net(9);
    cnn_node n = image(f->net, 2, 6, 6);
    n = cnn_net_conv2d(f->net, n, &(cnn_conv2d){.filters = 5, .kernel = {3}, .no_bias = 1});
    n = cnn_net_batch_norm(f->net, n, &(cnn_batch_norm){.activation = CNN_RELU});
    n = cnn_net_dense(f->net, n, &(cnn_dense){.units = kOut});
    cnn_net_loss(f->net, n, &(cnn_loss){.kind = CNN_LOSS_SOFTMAX_CROSS_ENTROPY});
    OK(cnn_net_compile(f->net, f->device, &(cnn_compile){.max_batch = 2}, &err));
    expect_as_a_fresh_copy(f);
    const uint8_t labels[2] = {0, 2};
    const cnn_samples samples = {.inputs = f->x,
                                 .input_elements = 2 * kIn,
                                 .labels = labels,
                                 .label_type = CNN_UINT8,
                                 .label_elements = 2};
    cnn_optimizer *sgd = cnn_optimizer_create(CNN_SGD);
    OK(cnn_net_train_step(f->net, sgd, &samples, NULL, &err));
    expect_as_a_fresh_copy(f);
    const float values[5] = {0.5f, 1, 2, 3, 4};
    OK(cnn_net_set_tensor(f->net, CNN_STATE, "batch_norm_1/running_variance", values, 5, &err));
    expect_as_a_fresh_copy(f);
    OK(cnn_net_set_tensor(f->net, CNN_PARAMETERS, "batch_norm_1/scale", values, 5, &err));
    expect_as_a_fresh_copy(f);
    cnn_optimizer_destroy(sgd);
    end(f);
}

static void training_mode_drops_and_uses_the_batch(void **state) {
    skip_without(state);
    enum { kWidth = 4096 };
    cnn_device *device = open_device(*state);
    cnn_net *net = seeded_net(3);
    cnn_node n = cnn_net_input(net, NULL, 1, (const int64_t[]){kWidth});
    cnn_net_dropout(net, n, &(cnn_dropout){.rate = 0.25f});
    OK(cnn_net_compile(net, device, NULL, &err));
    static float x[kWidth], y[kWidth], again[kWidth];
    for (int i = 0; i < kWidth; i++) x[i] = 3;
    OK(cnn_net_run(net, x, kWidth, y, kWidth, &err));
    assert_memory_equal(x, y, sizeof x);
    const cnn_view in = {.data = x, .elements = kWidth}, out = {.data = y, .elements = kWidth};
    OK(cnn_net_run_many(net, &in, 1, &out, 1, &(cnn_run){.training = 1}, &err));
    int dropped = 0;
    for (int i = 0; i < kWidth; i++) {
        if (y[i] == 0)
            dropped++;
        else
            NEAR(y[i], 4, 1e-5);
    }
    assert_in_range(dropped, kWidth / 4 - 120, kWidth / 4 + 120);
    /* The stream stands still until a step is taken. */
    const cnn_view out2 = {.data = again, .elements = kWidth};
    OK(cnn_net_run_many(net, &in, 1, &out2, 1, &(cnn_run){.training = 1}, &err));
    assert_memory_equal(y, again, sizeof y);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

static void devices_are_found_by_their_spec(void **state) {
    (void)state;
    static const char *const bad[] = {"",
                                      "gpu",
                                      "opencl:9.9",
                                      "opencl:x",
                                      "opencl:0",
                                      "opencl:0.0.0",
                                      "opencl:0.0x",
                                      "cpu:1",
                                      "opencl:-1.0",
                                      "OPENCL",
                                      "opencl:",
                                      "reference:2"};
    cnn_device *device = NULL;
    for (int i = 0; i < LENGTH(bad); i++) {
        const cnn_status got = cnn_device_open(bad[i], NULL, &device, &err);
        if (got != CNN_NOT_FOUND) print_error("\"%s\"\n", bad[i]);
        FAILS(CNN_NOT_FOUND, got);
        SAID(bad[i]);
        assert_null(device);
    }
    /* What there is instead is listed. */
    FAILS(CNN_NOT_FOUND, cnn_device_open("gpu", NULL, &device, &err));
    SAID("cpu");
    FAILS(CNN_INVALID_ARGUMENT, cnn_device_open("cpu", NULL, NULL, &err));
    static const struct {
        cnn_device_options options;
        cnn_status status;
        const char *part;
    } rows[] = {
        {{.threads = -1}, CNN_OUT_OF_RANGE, "threads is -1"},
        {{.threads = 1 << 20}, CNN_OUT_OF_RANGE, "threads is 1048576"},
        {{.memory_limit = -5}, CNN_OUT_OF_RANGE, "memory_limit is -5"},
        {{.reserved32 = 1}, CNN_INCOMPATIBLE, "reserved"},
        {{.reserved = {1}}, CNN_INCOMPATIBLE, "reserved"},
        {{.log = {.reserved = 1}}, CNN_INCOMPATIBLE, "reserved"},
        {{.log = {.level = 9}}, CNN_INVALID_ARGUMENT, "level is 9"},
        {{.log = {.level = -1}}, CNN_INVALID_ARGUMENT, "level is -1"},
    };
    for (int i = 0; i < LENGTH(rows); i++) {
        FAILS(rows[i].status, cnn_device_open("cpu", &rows[i].options, &device, &err));
        SAID("open");
        SAID(rows[i].part);
    }
    assert_null(device);

    const int32_t count = cnn_device_count(&err);
    assert_true(count >= 1);
    cnn_device_info info, open;
    for (int32_t i = 0; i < count; i++) {
        OK(cnn_device_describe(i, &info, &err));
        assert_true(info.name[0] != 0);
        OK(cnn_device_open(info.spec, NULL, &device, &err));
        OK(cnn_device_get_info(device, &open, &err));
        assert_string_equal(open.spec, info.spec);
        assert_string_equal(open.name, info.name);
        cnn_device_destroy(device);
    }
    FAILS(CNN_OUT_OF_RANGE, cnn_device_describe(count, &info, &err));
    FAILS(CNN_OUT_OF_RANGE, cnn_device_describe(-1, &info, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_device_describe(0, NULL, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_device_get_info(NULL, &info, &err));
    for (int i = 0; i < 2; i++) {
        OK(cnn_device_open(i ? "auto" : NULL, NULL, &device, &err));
        OK(cnn_device_get_info(device, &info, &err));
        assert_true(info.kind == CNN_DEVICE_GPU || strcmp(info.backend, "cpu") == 0);
        cnn_device_destroy(device);
    }
    OK(cnn_device_open("cpu", &(cnn_device_options){.threads = 3}, &device, &err));
    OK(cnn_device_get_info(device, &info, &err));
    assert_int_equal(info.compute_units, 3);
    cnn_device_destroy(device);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_net_gives_what_is_computed_by_hand),
        cmocka_unit_test(bytes_in_both_layouts_are_scaled_by_channel),
        cmocka_unit_test(any_count_is_run_in_parts),
        cmocka_unit_test(listed_batches_give_the_same),
        cmocka_unit_test(the_softmax_option_gives_probabilities),
        cmocka_unit_test(several_inputs_and_outputs_are_in_order),
        cmocka_unit_test(bad_views_are_refused),
        cmocka_unit_test(bad_samples_are_refused),
        cmocka_unit_test(counts_above_max_batch_are_split_or_refused),
        cmocka_unit_test(what_is_not_compiled_does_not_run),
        cmocka_unit_test(a_net_without_loss_runs_but_does_not_train),
        cmocka_unit_test(compiling_is_bounded),
        cmocka_unit_test(a_less_accurate_way_is_taken_where_it_is_accepted),
        cmocka_unit_test(adding_after_compiling_is_refused),
        cmocka_unit_test(compiling_elsewhere_keeps_parameters_and_state),
        cmocka_unit_test(new_parameters_are_used_at_once),
        cmocka_unit_test(folded_normalisations_follow_parameters_and_state),
        cmocka_unit_test(training_mode_drops_and_uses_the_batch),
    };
    const struct CMUnitTest once[] = {cmocka_unit_test(devices_are_found_by_their_spec)};
    return run_on_devices("running", tests, LENGTH(tests)) +
           cmocka_run_group_tests_name("devices", once, NULL, NULL);
}

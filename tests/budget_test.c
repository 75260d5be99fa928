/* Time budgets: runs and fits in instalments give the bits of uninterrupted ones, whatever runs in
 * between, and start no work that there is no time for. */
#include "public.h"

#include <math.h>
#include <time.h>

enum { kIn = 12, kOut = 3, kSamples = 22, kBatch = 8, kMostCalls = 200000, kFile = 1 << 18 };

/* Every kind of tensor, both random streams and several packed and unpacked weights take part. */
static cnn_net *learner(void) {
    cnn_net *net = seeded_net(9);
    cnn_node n = cnn_net_input(net, NULL, 3, (const int64_t[]){1, 3, 4});
    n = cnn_net_conv2d(net, n, &(cnn_conv2d){.filters = 4, .kernel = {2, 2}, .name = "c"});
    n = cnn_net_batch_norm(net, n, &(cnn_batch_norm){.activation = CNN_TANH, .name = "b"});
    n = cnn_net_dropout(net, n, &(cnn_dropout){.rate = 0.125f});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = 33, .activation = CNN_RELU, .name = "h"});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = kOut, .name = "d"});
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_SOFTMAX_CROSS_ENTROPY});
    return net;
}

struct frame {
    cnn_device *device;
    cnn_net *net;
    cnn_optimizer *optimizer;
    float x[kIn * kSamples], y[kOut * kSamples];
    uint8_t labels[kSamples];
    cnn_samples samples, seven;
    cnn_view in, out;
    uint32_t random;
};

/* An epoch's and a run's last parts have a plan of their own. */
static void compile(struct frame *f) {
    const cnn_compile options = {
        .max_batch = kBatch, .batches = (const int64_t[]){3}, .batch_count = 1};
    OK(cnn_net_compile(f->net, f->device, &options, &err));
}

static struct frame *start(void **state) {
    skip_without(state);
    struct frame *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->device = open_device(*state);
    f->net = learner();
    compile(f);
    f->optimizer = cnn_optimizer_create(CNN_ADAM);
    assert_non_null(f->optimizer);
    fill(f->x, LENGTH(f->x), 3);
    for (int i = 0; i < kSamples; i++) f->labels[i] = (uint8_t)(f->x[i * kIn] > 0 ? 1 + i % 2 : 0);
    f->samples = (cnn_samples){.inputs = f->x,
                               .input_elements = LENGTH(f->x),
                               .labels = f->labels,
                               .label_type = CNN_UINT8,
                               .label_elements = kSamples};
    f->seven = f->samples;
    f->seven.input_elements = kIn * 7;
    f->seven.label_elements = 7;
    f->in = (cnn_view){.data = f->x, .elements = LENGTH(f->x)};
    f->out = (cnn_view){.data = f->y, .elements = LENGTH(f->y)};
    f->random = 1;
    return f;
}

static void end(struct frame *f) {
    cnn_optimizer_destroy(f->optimizer);
    cnn_net_destroy(f->net);
    cnn_device_destroy(f->device);
    free(f);
}

/* Between half and twice of what the next piece wants, sometimes much more. */
static double some_budget(struct frame *f, double next) {
    const double u = (double)noise(&f->random) + 1;
    return u > 1.9 ? 4 * next : (0.5 + 0.75 * u) * next + 0.1;
}

static void assert_same_nets(struct frame *a, struct frame *b) {
    assert_true(same_vector(a->net, b->net, CNN_PARAMETERS));
    assert_true(same_vector(a->net, b->net, CNN_STATE));
    assert_int_equal(cnn_optimizer_steps(a->optimizer), cnn_optimizer_steps(b->optimizer));
}

/* Other work on the net that changes neither parameters nor state. */
static void other_work(struct frame *f) {
    float y[kOut * 7];
    double loss;
    cnn_evaluation result;
    const int what = (int)(f->random >> 20) % 5;
    if (what == 0) OK(cnn_net_run(f->net, f->x, kIn * 7, y, LENGTH(y), &err));
    if (what == 1) OK(cnn_net_evaluate(f->net, &f->samples, &result, &err));
    if (what == 2)
        OK(cnn_net_loss_gradient(f->net, &f->seven, &(cnn_gradient_options){.training = 1}, &loss,
                                 &err));
    if (what == 3) {
        /* A run of other samples in instalments, which a fit's have nothing to do with. */
        cnn_run_progress p;
        const cnn_view in = {.data = f->x, .elements = kIn * 7};
        const cnn_view out = {.data = y, .elements = LENGTH(y)};
        OK(cnn_net_run_for(f->net, &in, 1, &out, 1, NULL, 3, &p, &err));
    }
}

/* ---- Runs ---- */

static void a_run_in_instalments_gives_the_bits_of_a_whole_one(void **state) {
    struct frame *f = start(state);
    const cnn_run modes[] = {{0}, {.softmax = 1}, {.training = 1}};
    float whole[kOut * kSamples];
    const cnn_view out = {.data = whole, .elements = LENGTH(whole)};
    for (int m = 0; m < LENGTH(modes); m++) {
        OK(cnn_net_run_many(f->net, &f->in, 1, &out, 1, &modes[m], &err));
        memset(f->y, 0, sizeof f->y);
        cnn_run_progress p;
        OK(cnn_net_run_for(f->net, &f->in, 1, &f->out, 1, &modes[m], 0, &p, &err));
        assert_int_equal(p.done, 0);
        assert_true(p.fraction == 0 && p.next_microseconds > 0 && p.microseconds > 0);
        for (int i = 0; i < LENGTH(f->y); i++) assert_true(f->y[i] == 0);
        int calls = 0;
        for (int round = 0; round < 3; round++) {
            double before = 0;
            do {
                const double budget = some_budget(f, p.next_microseconds);
                OK(cnn_net_run_for(f->net, &f->in, 1, &f->out, 1, &modes[m], budget, &p, &err));
                assert_true(p.fraction >= before * 0.5 && p.fraction <= 1);
                before = p.fraction;
                double loss;
                if (calls % 3 == 1) OK(cnn_net_loss_gradient(f->net, &f->seven, NULL, &loss, &err));
                float y[kOut * 7];
                if (calls % 3 == 2)
                    OK(cnn_net_run(f->net, f->x + kIn, kIn * 7, y, LENGTH(y), &err));
                assert_true(++calls < kMostCalls);
            } while (!p.done);
            assert_true(p.fraction == 1 && p.next_microseconds == 0);
            assert_memory_equal(f->y, whole, sizeof whole);
            memset(f->y, 0, sizeof f->y);
        }
        assert_true(calls > 3);
    }
    end(f);
}

/* As far as a piece or some. */
static void run_a_little(struct frame *f, cnn_run_progress *p) {
    OK(cnn_net_run_for(f->net, &f->in, 1, &f->out, 1, NULL, 0, p, &err));
    double budget = p->next_microseconds / 8;
    for (int calls = 0; p->fraction == 0 || p->done; calls++) {
        assert_true(calls < kMostCalls);
        OK(cnn_net_run_for(f->net, &f->in, 1, &f->out, 1, NULL, budget, p, &err));
        budget *= p->done ? 0.5 : 1.1;
    }
}

static void a_run_begins_anew_after_a_change(void **state) {
    struct frame *f = start(state);
    float whole[kOut * kSamples];
    cnn_run_progress p;
    for (int change = 0; change < 5; change++) {
        run_a_little(f, &p);
        cnn_run options = {0};
        float *values = vector_of(f->net, CNN_PARAMETERS);
        const int64_t count = cnn_net_vector_elements(f->net, CNN_PARAMETERS);
        for (int64_t i = 0; i < count; i++) values[i] *= 0.5f;
        if (change == 0) OK(cnn_net_set_vector(f->net, CNN_PARAMETERS, values, count, &err));
        if (change == 1) OK(cnn_net_train_step(f->net, f->optimizer, &f->seven, NULL, &err));
        if (change == 2)
            OK(cnn_net_compile(f->net, f->device, &(cnn_compile){.max_batch = 5}, &err));
        if (change == 3) options.restart = 1;
        if (change == 4) options.softmax = 1;
        free(values);
        /* Its inputs are read anew. */
        if (change > 2) f->x[0] += 1;
        OK(cnn_net_run_for(f->net, &f->in, 1, &f->out, 1, &options, -1, &p, &err));
        assert_int_equal(p.done, 1);
        const cnn_view out = {.data = whole, .elements = LENGTH(whole)};
        OK(cnn_net_run_many(f->net, &f->in, 1, &out, 1, &options, &err));
        assert_memory_equal(f->y, whole, sizeof whole);
    }
    end(f);
}

static void what_there_is_no_time_for_is_not_begun(void **state) {
    struct frame *f = start(state);
    cnn_run_progress p;
    run_a_little(f, &p);
    const double fraction = p.fraction;
    for (int i = 0; i < 5; i++) {
        const double budget = p.next_microseconds / 20;
        OK(cnn_net_run_for(f->net, &f->in, 1, &f->out, 1, NULL, budget, &p, &err));
        assert_int_equal(p.done, 0);
        assert_true(p.fraction <= fraction * 1.2 && p.fraction >= fraction / 1.2);
        assert_true(p.next_microseconds > budget);
    }
    cnn_progress q;
    OK(cnn_net_fit_for(f->net, f->optimizer, &f->samples, NULL, 0, &q, &err));
    assert_true(q.next_microseconds > 0);
    for (int i = 0; i < 5; i++) {
        OK(cnn_net_fit_for(f->net, f->optimizer, &f->samples, NULL, 1e-3, &q, &err));
        assert_int_equal(q.step, 0);
        assert_int_equal(q.done, 0);
    }
    assert_int_equal(cnn_optimizer_steps(f->optimizer), 0);
    end(f);
}

static void mistakes_of_a_run_are_told(void **state) {
    struct frame *f = start(state);
    cnn_run_progress p;
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_run_for(NULL, &f->in, 1, &f->out, 1, NULL, 1, &p, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_run_for(f->net, NULL, 1, &f->out, 1, NULL, 1, &p, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_run_for(f->net, &f->in, 1, NULL, 1, NULL, 1, &p, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_run_for(f->net, &f->in, 1, &f->out, 2, NULL, 1, &p, &err));
    FAILS(CNN_OUT_OF_RANGE,
          cnn_net_run_for(f->net, &f->in, 1, &f->out, 1, NULL, (double)NAN, &p, &err));
    SAID("run_for: microseconds is NaN");
    FAILS(CNN_INCOMPATIBLE,
          cnn_net_run_for(f->net, &f->in, 1, &f->out, 1, &(cnn_run){.reserved32 = 1}, 1, &p, &err));
    cnn_view small = f->out;
    small.elements--;
    FAILS(CNN_SHAPE_MISMATCH, cnn_net_run_for(f->net, &f->in, 1, &small, 1, NULL, 1, &p, &err));
    SAID("run_for: output");
    /* Without progress, for inference only, and not compiled. */
    OK(cnn_net_run_for(f->net, &f->in, 1, &f->out, 1, NULL, -1, NULL, &err));
    OK(cnn_net_compile(f->net, f->device, &(cnn_compile){.max_batch = kBatch, .inference_only = 1},
                       &err));
    OK(cnn_net_run_for(f->net, &f->in, 1, &f->out, 1, NULL, -1, NULL, &err));
    FAILS(CNN_BAD_STATE, cnn_net_fit_for(f->net, f->optimizer, &f->samples, NULL, 1, NULL, &err));
    SAID("fit_for: the net is compiled for inference only");
    cnn_net *raw = learner();
    FAILS(CNN_BAD_STATE, cnn_net_run_for(raw, &f->in, 1, &f->out, 1, NULL, 1, &p, &err));
    SAID("run_for: the net isn't compiled");
    FAILS(CNN_BAD_STATE, cnn_net_fit_for(raw, f->optimizer, &f->samples, NULL, 1, NULL, &err));
    cnn_net_destroy(raw);
    end(f);
}

/* ---- Fits ---- */

static const cnn_fit *a_fit(const struct frame *f) {
    static cnn_fit fit;
    fit = (cnn_fit){.epochs = 4,
                    .batch = 5,
                    .seed = 3,
                    .validation = &f->samples,
                    .schedule = CNN_SCHEDULE_EXPONENTIAL,
                    .warmup_steps = 4};
    return &fit;
}

static void a_fit_in_instalments_gives_the_bits_of_a_whole_one(void **state) {
    struct frame *whole = start(state), *f = start(state);
    for (int again = 0; again < 2; again++) {
        cnn_report report;
        OK(cnn_net_fit(whole->net, whole->optimizer, &whole->samples, a_fit(whole), &report, &err));
        cnn_progress p;
        OK(cnn_net_fit_for(f->net, f->optimizer, &f->samples, a_fit(f), 0, &p, &err));
        int64_t calls = 0, steps = 0, within = 0;
        double fraction = 0;
        do {
            const double budget = some_budget(f, p.next_microseconds);
            OK(cnn_net_fit_for(f->net, f->optimizer, &f->samples, a_fit(f), budget, &p, &err));
            steps += p.step;
            within += p.step == 0;
            assert_true(p.fraction >= fraction);
            fraction = p.fraction;
            assert_true(++calls < kMostCalls);
            other_work(f);
        } while (!p.done);
        assert_true(within > 0);
        assert_int_equal(steps, report.steps);
        assert_int_equal(p.epoch, 4);
        NEAR(p.loss, report.loss, 1e-6);
        assert_true(p.validation_loss == report.validation_loss);
        assert_true(p.validation_accuracy == report.validation_accuracy);
        assert_same_nets(whole, f);
    }
    end(f);
    end(whole);
}

/* Calls until at least so many steps are done, however many more, and, when it may, one is half
 * done. Without end, for a call that comes back late may have done much. */
static void fit_some(struct frame *f, const cnn_fit *finite, int64_t steps) {
    cnn_progress p;
    cnn_fit endless = *finite, *fit = &endless;
    endless.epochs = 0;
    OK(cnn_net_fit_for(f->net, f->optimizer, &f->samples, fit, 0, &p, &err));
    double next = p.next_microseconds;
    for (int calls = 0; cnn_optimizer_steps(f->optimizer) < steps; calls++) {
        assert_true(calls < kMostCalls);
        OK(cnn_net_fit_for(f->net, f->optimizer, &f->samples, fit, next, &p, &err));
        assert_int_equal(p.done, 0);
        next = p.next_microseconds * 1.25;
    }
    OK(cnn_net_fit_for(f->net, f->optimizer, &f->samples, fit, next, &p, &err));
}

/* Some epochs more than what is done; 5 steps make one. */
static int64_t epochs_after(const struct frame *f) {
    return cnn_optimizer_steps(f->optimizer) / 5 + 3;
}

static int32_t stop_at(const cnn_progress *p, void *user) {
    return p->step >= *(const int64_t *)user;
}

static void a_change_makes_the_step_under_way_begin_anew(void **state) {
    for (int change = 0; change < 4; change++) {
        struct frame *whole = start(state), *f = start(state);
        cnn_fit fit = *a_fit(f);
        fit_some(f, &fit, 7);
        int64_t steps = cnn_optimizer_steps(f->optimizer);
        const int64_t epochs = epochs_after(f);
        fit.epochs = epochs;
        fit.progress = stop_at;
        fit.progress_interval = -1;
        fit.user = &steps;
        fit.validation = NULL;
        FAILS(CNN_CANCELLED,
              cnn_net_fit(whole->net, whole->optimizer, &whole->samples, &fit, NULL, &err));
        assert_same_nets(whole, f);
        struct frame *both[] = {whole, f};
        for (int i = 0; i < 2; i++) {
            cnn_net *net = both[i]->net;
            if (change == 0) {
                const int64_t count = cnn_net_vector_elements(net, CNN_PARAMETERS);
                float *values = vector_of(net, CNN_PARAMETERS);
                for (int64_t k = 0; k < count; k++) values[k] *= 0.5f;
                OK(cnn_net_set_vector(net, CNN_PARAMETERS, values, count, &err));
                free(values);
            }
            if (change == 1) OK(cnn_net_train_step(net, both[i]->optimizer, &f->seven, NULL, &err));
            if (change == 2) OK(cnn_net_set_rate(net, "h", 0, &err));
            if (change == 3)
                OK(cnn_net_compile(net, both[i]->device, &(cnn_compile){.max_batch = 6}, &err));
        }
        fit = *a_fit(f);
        fit.epochs = epochs;
        fit.resume = 1;
        OK(cnn_net_fit(whole->net, whole->optimizer, &whole->samples, &fit, NULL, &err));
        fit.resume = 0;
        cnn_progress p;
        OK(cnn_net_fit_for(f->net, f->optimizer, &f->samples, &fit, -1, &p, &err));
        assert_int_equal(p.done, 1);
        assert_same_nets(whole, f);
        end(f);
        end(whole);
    }
}

static void planning_a_fit_changes_nothing(void **state) {
    struct frame *f = start(state);
    OK(cnn_net_train_step(f->net, f->optimizer, &f->seven, NULL, &err));
    static char before[kFile], after[kFile];
    size_t bytes = 0, again = 0;
    OK(cnn_checkpoint_save_memory(f->net, f->optimizer, before, sizeof before, &bytes, &err));
    float *gradient = vector_of(f->net, CNN_GRADIENT);
    for (int i = 0; i < 3; i++) {
        cnn_progress p;
        OK(cnn_net_fit_for(f->net, f->optimizer, &f->samples, a_fit(f), 0, &p, &err));
        assert_true(p.step == 0 && p.epoch == 0 && p.done == 0 && p.next_microseconds > 0);
    }
    OK(cnn_checkpoint_save_memory(f->net, f->optimizer, after, sizeof after, &again, &err));
    assert_int_equal(again, bytes);
    assert_memory_equal(after, before, bytes);
    float *now = vector_of(f->net, CNN_GRADIENT);
    assert_memory_equal(now, gradient,
                        (size_t)cnn_net_vector_elements(f->net, CNN_GRADIENT) * sizeof *now);
    free(gradient);
    free(now);
    end(f);
}

static void a_checkpoint_between_instalments_resumes(void **state) {
    struct frame *whole = start(state), *f = start(state);
    cnn_fit fit = *a_fit(f);
    fit_some(f, &fit, 7);
    fit.epochs = epochs_after(f);
    OK(cnn_net_fit(whole->net, whole->optimizer, &whole->samples, &fit, NULL, &err));
    static char file[kFile];
    size_t bytes = 0;
    OK(cnn_checkpoint_save_memory(f->net, f->optimizer, file, sizeof file, &bytes, &err));
    cnn_optimizer_destroy(f->optimizer);
    cnn_net_destroy(f->net);
    OK(cnn_checkpoint_load_memory(file, bytes, &f->net, &f->optimizer, &err));
    compile(f);
    fit.resume = 1;
    cnn_progress p;
    do OK(cnn_net_fit_for(f->net, f->optimizer, &f->samples, &fit, 1e4, &p, &err));
    while (!p.done);
    /* Files hold float32, which the reference rounds to. */
    if (strcmp(*state, "reference") != 0) assert_same_nets(whole, f);
    /* All epochs are done: a resumed fit has nothing to do, a restarted one all. */
    const int64_t steps = cnn_optimizer_steps(f->optimizer);
    OK(cnn_net_fit_for(f->net, f->optimizer, &f->samples, &fit, -1, &p, &err));
    assert_true(p.done == 1 && p.step == 0);
    fit.resume = 0;
    OK(cnn_net_fit_for(f->net, f->optimizer, &f->samples, &fit, -1, &p, &err));
    assert_true(p.done == 1);
    assert_int_equal(cnn_optimizer_steps(f->optimizer), 2 * steps);
    end(f);
    end(whole);
}

static void a_fit_restarts_when_asked_to(void **state) {
    struct frame *f = start(state);
    cnn_fit fit = *a_fit(f);
    fit_some(f, &fit, 7);
    cnn_progress p;
    fit.restart = 1;
    OK(cnn_net_fit_for(f->net, f->optimizer, &f->samples, &fit, 1e-3, &p, &err));
    assert_true(p.epoch == 0 && p.fraction == 0);
    /* Also where the optimizer was reset, and where a whole fit used it. */
    fit.restart = 0;
    fit_some(f, &fit, 14);
    OK(cnn_optimizer_reset(f->optimizer, &err));
    OK(cnn_net_fit_for(f->net, f->optimizer, &f->samples, &fit, 1e-3, &p, &err));
    assert_true(p.epoch == 0 && p.fraction == 0);
    fit_some(f, &fit, 7);
    OK(cnn_net_fit(f->net, f->optimizer, &f->samples, &fit, NULL, &err));
    OK(cnn_net_fit_for(f->net, f->optimizer, &f->samples, &fit, 1e-3, &p, &err));
    assert_true(p.epoch == 0 && p.fraction == 0);
    end(f);
}

struct stop {
    cnn_net *net;
    cnn_optimizer *optimizer;
    const cnn_samples *samples;
    int64_t at, calls, epochs;
};

/* Tries what a callback may not do, and cancels at the at-th call. */
static int32_t busy_and_stop(const cnn_progress *p, void *user) {
    struct stop *s = user;
    cnn_run_progress r;
    float x[kIn] = {0}, y[kOut];
    const cnn_view in = {.data = x, .elements = kIn}, out = {.data = y, .elements = kOut};
    FAILS(CNN_BUSY, cnn_net_run_for(s->net, &in, 1, &out, 1, NULL, 1, &r, &err));
    FAILS(CNN_BUSY, cnn_net_fit_for(s->net, s->optimizer, s->samples, NULL, 1, NULL, &err));
    cnn_evaluation result;
    OK(cnn_net_evaluate(s->net, s->samples, &result, &err));
    s->epochs += p->epoch_ended;
    return ++s->calls == s->at;
}

static void callbacks_of_a_fit_in_instalments(void **state) {
    struct frame *whole = start(state), *f = start(state);
    OK(cnn_net_fit(whole->net, whole->optimizer, &whole->samples, a_fit(whole), NULL, &err));
    struct stop stop = {f->net, f->optimizer, &f->samples, 6, 0, 0};
    cnn_fit fit = *a_fit(f);
    fit.progress = busy_and_stop;
    fit.user = &stop;
    fit.progress_interval = -1;
    cnn_progress p;
    FAILS(CNN_CANCELLED, cnn_net_fit_for(f->net, f->optimizer, &f->samples, &fit, -1, &p, &err));
    SAID("the progress callback after step 6");
    assert_int_equal(p.step, 6);
    assert_int_equal(cnn_optimizer_steps(f->optimizer), 6);
    OK(cnn_net_fit_for(f->net, f->optimizer, &f->samples, &fit, -1, &p, &err));
    assert_int_equal(p.done, 1);
    assert_int_equal(stop.epochs, 4);
    assert_int_equal(stop.calls, 4 * 5);
    assert_same_nets(whole, f);
    end(f);
    end(whole);
}

/* A replay buffer that fills while a fit without end goes on. */
static void samples_may_grow(void **state) {
    struct frame *f = start(state);
    const cnn_fit fit = {.batch = 4};
    cnn_progress p;
    int64_t epoch = 0;
    for (int n = 4; n <= kSamples; n++) {
        f->samples.input_elements = kIn * n;
        f->samples.label_elements = n;
        int calls = 0;
        do {
            OK(cnn_net_fit_for(f->net, f->optimizer, &f->samples, &fit, n == 4 ? 0 : 1e4, &p,
                               &err));
            assert_true(p.done == 0 && p.epochs == 0 && p.fraction == 0 && p.steps == 0);
            assert_true(++calls < kMostCalls);
        } while (n > 4 && p.epoch == epoch);
        epoch = p.epoch;
    }
    assert_true(cnn_optimizer_steps(f->optimizer) > 0);
    FAILS(CNN_INVALID_ARGUMENT,
          cnn_net_fit_for(f->net, f->optimizer, &f->samples,
                          &(cnn_fit){.schedule = CNN_SCHEDULE_COSINE}, 1, &p, &err));
    SAID("CNN_SCHEDULE_COSINE");
    end(f);
}

static void only_the_samples_of_a_step_are_looked_at(void **state) {
    struct frame *f = start(state);
    const cnn_fit fit = {.epochs = 1, .batch = 4, .no_shuffle = 1};
    cnn_progress p;
    f->labels[13] = kOut;
    FAILS(CNN_OUT_OF_RANGE, cnn_net_fit_for(f->net, f->optimizer, &f->samples, &fit, -1, &p, &err));
    SAID("label 3 of sample 13 must be 0 to 2");
    assert_int_equal(p.step, 3);
    assert_int_equal(cnn_optimizer_steps(f->optimizer), 3);
    f->labels[13] = 0;
    OK(cnn_net_fit_for(f->net, f->optimizer, &f->samples, &fit, -1, &p, &err));
    assert_true(p.done == 1 && p.step == 3);
    /* As a whole fit on the same. */
    struct frame *whole = start(state);
    whole->labels[13] = 0;
    OK(cnn_net_fit(whole->net, whole->optimizer, &whole->samples, &fit, NULL, &err));
    assert_same_nets(whole, f);
    end(whole);
    end(f);
}

static void a_step_that_is_not_finite_changes_nothing(void **state) {
    struct frame *f = start(state);
    const cnn_fit fit = {.batch = 4, .no_shuffle = 1};
    cnn_progress p;
    const float kept = f->x[9 * kIn];
    f->x[9 * kIn] = (float)NAN;
    FAILS(CNN_NOT_FINITE, cnn_net_fit_for(f->net, f->optimizer, &f->samples, &fit, -1, &p, &err));
    SAID("fit: loss or gradient isn't finite at step 3 (epoch 1); parameters are those of step 2");
    assert_int_equal(p.step, 2);
    assert_int_equal(cnn_optimizer_steps(f->optimizer), 2);
    float *theta = vector_of(f->net, CNN_PARAMETERS);
    FAILS(CNN_NOT_FINITE, cnn_net_fit_for(f->net, f->optimizer, &f->samples, &fit, -1, &p, &err));
    float *same = vector_of(f->net, CNN_PARAMETERS);
    assert_memory_equal(theta, same,
                        (size_t)cnn_net_vector_elements(f->net, CNN_PARAMETERS) * sizeof *theta);
    free(theta);
    free(same);
    f->x[9 * kIn] = kept;
    const cnn_fit one = {.epochs = 1, .batch = 4, .no_shuffle = 1};
    OK(cnn_net_fit_for(f->net, f->optimizer, &f->samples, &one, -1, &p, &err));
    assert_true(p.done == 1);
    struct frame *whole = start(state);
    OK(cnn_net_fit(whole->net, whole->optimizer, &whole->samples, &one, NULL, &err));
    assert_same_nets(whole, f);
    end(whole);
    end(f);
}

/* ---- What a call brings is measured before it is begun ---- */

enum { kSlow = 1000000, kFrame = 300 }; /* nanoseconds, and microseconds that it doesn't fit in */

static int32_t be_slow(int64_t count, const float *x, float *y, void *user) {
    ++*(int *)user;
    nanosleep(&(struct timespec){.tv_nsec = kSlow}, NULL);
    memcpy(y, x, (size_t)count * sizeof *y);
    return 0;
}

static int32_t be_quick(int64_t count, const float *x, const float *y, const float *dy, float *dx,
                        void *user) {
    (void)x, (void)y, (void)user;
    memcpy(dx, dy, (size_t)count * sizeof *dx);
    return 0;
}

/* No piece of its forward pass fits into a frame; counts how often one is run. */
static struct frame *start_slow(void **state, int *runs) {
    struct frame *f = start(state);
    cnn_net_destroy(f->net);
    f->net = seeded_net(5);
    cnn_node n = cnn_net_input(f->net, NULL, 1, (const int64_t[]){kIn});
    for (int i = 0; i < 2; i++)
        n = cnn_net_host_activation(
            f->net, n,
            &(cnn_host_activation){
                .kind = "slow", .forward = be_slow, .backward = be_quick, .user = runs});
    n = cnn_net_dense(f->net, n, &(cnn_dense){.units = kOut});
    cnn_net_loss(f->net, n, &(cnn_loss){.kind = CNN_LOSS_SOFTMAX_CROSS_ENTROPY});
    OK(cnn_net_compile(f->net, f->device, &(cnn_compile){.max_batch = kSamples}, &err));
    return f;
}

static void frame_by(struct frame *f, cnn_optimizer *optimizer, const cnn_fit *fit, double budget,
                     cnn_progress *p) {
    OK(cnn_net_fit_for(f->net, optimizer, &f->samples, fit, budget, p, &err));
}

/* Nothing is begun in the frame that brings something new but its measurement, nor in the next. */
static void is_measured_now(struct frame *f, cnn_optimizer *optimizer, const cnn_fit *fit,
                            const int *runs) {
    cnn_progress p;
    const int before = *runs;
    frame_by(f, optimizer, fit, kFrame, &p);
    assert_true(*runs >= before + 3 * 2);
    assert_true(p.step == 0 && p.next_microseconds >= kSlow / 1000.0);
    const int measured = *runs;
    frame_by(f, optimizer, fit, kFrame, &p);
    assert_int_equal(*runs, measured);
}

static void samples_of_another_form_are_measured_first(void **state) {
    int runs[2] = {0, 0};
    struct frame *f = start_slow(state, &runs[0]), *whole = start_slow(state, &runs[1]);
    const cnn_fit fit = {.epochs = 2, .batch = kSamples / 2};
    cnn_progress p;
    frame_by(f, f->optimizer, &fit, 0, &p);
    frame_by(f, f->optimizer, &fit, kFrame, &p);
    float targets[kOut * kSamples] = {0};
    for (int i = 0; i < kSamples; i++) targets[i * kOut + f->labels[i]] = 1;
    f->samples = (cnn_samples){.inputs = f->x,
                               .input_elements = LENGTH(f->x),
                               .targets = targets,
                               .target_elements = LENGTH(targets)};
    is_measured_now(f, f->optimizer, &fit, &runs[0]);
    frame_by(f, f->optimizer, &fit, -1, &p);
    assert_int_equal(p.done, 1);
    OK(cnn_net_fit(whole->net, whole->optimizer, &f->samples, &fit, NULL, &err));
    assert_same_nets(whole, f);
    end(whole);
    end(f);
}

static void validation_that_is_new_is_measured_first(void **state) {
    int runs[2] = {0, 0};
    struct frame *f = start_slow(state, &runs[0]), *whole = start_slow(state, &runs[1]);
    cnn_fit fit = {.epochs = 2, .batch = kSamples / 2};
    cnn_progress p;
    cnn_report report;
    frame_by(f, f->optimizer, &fit, 0, &p);
    /* A step is half done, unless the time went elsewhere. */
    frame_by(f, f->optimizer, &fit, p.next_microseconds * 1.125, &p);
    fit.validation = &f->seven;
    is_measured_now(f, f->optimizer, &fit, &runs[0]);
    frame_by(f, f->optimizer, &fit, -1, &p);
    assert_int_equal(p.done, 1);
    OK(cnn_net_fit(whole->net, whole->optimizer, &whole->samples, &fit, &report, &err));
    assert_true(p.validation_loss == report.validation_loss);
    assert_same_nets(whole, f);
    end(whole);
    end(f);
}

/* Also where it has the address of one that is gone. */
static void another_optimizer_is_measured_first(void **state) {
    int runs = 0;
    struct frame *f = start_slow(state, &runs);
    const cnn_fit fit = {.epochs = 2, .batch = kSamples / 2};
    cnn_progress p;
    for (int i = 0; i < 4; i++) {
        cnn_optimizer *sgd = cnn_optimizer_create(CNN_SGD);
        is_measured_now(f, sgd, &fit, &runs);
        frame_by(f, sgd, &fit, -1, &p);
        assert_int_equal(p.done, 1);
        cnn_optimizer_destroy(sgd);
    }
    end(f);
}

static void mistakes_of_a_fit_are_told(void **state) {
    struct frame *f = start(state);
    cnn_progress p;
    FAILS(CNN_INVALID_ARGUMENT,
          cnn_net_fit_for(NULL, f->optimizer, &f->samples, NULL, 1, &p, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_fit_for(f->net, NULL, &f->samples, NULL, 1, &p, &err));
    SAID("fit_for: optimizer is NULL");
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_fit_for(f->net, f->optimizer, NULL, NULL, 1, &p, &err));
    FAILS(CNN_OUT_OF_RANGE,
          cnn_net_fit_for(f->net, f->optimizer, &f->samples, NULL, (double)NAN, &p, &err));
    FAILS(CNN_OUT_OF_RANGE, cnn_net_fit_for(f->net, f->optimizer, &f->samples,
                                            &(cnn_fit){.epochs = -1}, 1, &p, &err));
    FAILS(CNN_INCOMPATIBLE, cnn_net_fit_for(f->net, f->optimizer, &f->samples,
                                            &(cnn_fit){.reserved32 = 1}, 1, &p, &err));
    FAILS(CNN_LIMIT_EXCEEDED, cnn_net_fit_for(f->net, f->optimizer, &f->samples,
                                              &(cnn_fit){.batch = kBatch + 1}, 1, &p, &err));
    cnn_optimizer *minimizer = cnn_optimizer_create(CNN_LBFGS);
    FAILS(CNN_UNSUPPORTED, cnn_net_fit_for(f->net, minimizer, &f->samples, NULL, 1, &p, &err));
    cnn_optimizer_destroy(minimizer);
    cnn_samples unlabelled = f->samples;
    unlabelled.labels = NULL;
    FAILS(CNN_INVALID_ARGUMENT,
          cnn_net_fit_for(f->net, f->optimizer, &unlabelled, NULL, 1, &p, &err));
    SAID("fit_for: neither targets nor labels are given");
    end(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_in_instalments_gives_the_bits_of_a_whole_one),
        cmocka_unit_test(a_run_begins_anew_after_a_change),
        cmocka_unit_test(what_there_is_no_time_for_is_not_begun),
        cmocka_unit_test(mistakes_of_a_run_are_told),
        cmocka_unit_test(a_fit_in_instalments_gives_the_bits_of_a_whole_one),
        cmocka_unit_test(a_change_makes_the_step_under_way_begin_anew),
        cmocka_unit_test(planning_a_fit_changes_nothing),
        cmocka_unit_test(a_checkpoint_between_instalments_resumes),
        cmocka_unit_test(a_fit_restarts_when_asked_to),
        cmocka_unit_test(callbacks_of_a_fit_in_instalments),
        cmocka_unit_test(samples_may_grow),
        cmocka_unit_test(only_the_samples_of_a_step_are_looked_at),
        cmocka_unit_test(a_step_that_is_not_finite_changes_nothing),
        cmocka_unit_test(samples_of_another_form_are_measured_first),
        cmocka_unit_test(validation_that_is_new_is_measured_first),
        cmocka_unit_test(another_optimizer_is_measured_first),
        cmocka_unit_test(mistakes_of_a_fit_are_told),
    };
    return run_on_devices("budget", tests, LENGTH(tests));
}

/* Nets that share parameters: as an ordinary net's, held once, handed over whole. */
#include "public.h"

#include <pthread.h>

enum { kIn = 2 * 6 * 6, kOut = 3, kSamples = 10, kThreads = 8, kVersions = 100 };

static float x[kIn * kSamples];

/* Its forward pass has packed weights, weights as they are, a bias, and state that a hand-over must
 * not mix with older parameters. */
static cnn_net *make_net(uint64_t seed) {
    cnn_net *net = seeded_net(seed);
    cnn_node n = cnn_net_input(net, NULL, 3, (const int64_t[]){2, 6, 6});
    n = cnn_net_conv2d(net, n,
                       &(cnn_conv2d){.filters = 16, .kernel = {3, 3}, .activation = CNN_RELU});
    n = cnn_net_batch_norm(net, n, NULL);
    n = cnn_net_conv2d(net, n, &(cnn_conv2d){.filters = 16, .kernel = {3, 3}});
    n = cnn_net_batch_norm(net, n, NULL);
    n = cnn_net_dense(net, n, &(cnn_dense){.units = kOut});
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_SOFTMAX_CROSS_ENTROPY});
    OK(cnn_net_error(net, &err));
    return net;
}

static cnn_samples all_samples(void) {
    static uint8_t labels[kSamples];
    for (int i = 0; i < kSamples; i++) labels[i] = (uint8_t)(i % kOut);
    return (cnn_samples){.inputs = x,
                         .input_elements = LENGTH(x),
                         .labels = labels,
                         .label_type = CNN_UINT8,
                         .label_elements = kSamples};
}

static cnn_net *share(cnn_net *net) {
    cnn_net *shared = NULL;
    OK(cnn_net_share(net, &shared, &err));
    return shared;
}

static void compile_to_run(cnn_net *net, cnn_device *device, int64_t batch) {
    OK(cnn_net_compile(net, device, &(cnn_compile){.max_batch = batch, .inference_only = 1}, &err));
}

static void run_all(cnn_net *net, float *y) {
    OK(cnn_net_run(net, x, LENGTH(x), y, kOut * kSamples, &err));
}

static int64_t used_of(cnn_device *device) {
    cnn_device_info info;
    OK(cnn_device_get_info(device, &info, &err));
    return info.memory_used;
}

/* What an ordinary net with the parameters of `net` gives, compiled for that batch. */
static void expected(cnn_net *net, cnn_device *device, int64_t batch, float *y) {
    cnn_net *clone = NULL;
    OK(cnn_net_clone(net, &clone, &err));
    compile_to_run(clone, device, batch);
    run_all(clone, y);
    cnn_net_destroy(clone);
}

/* A net whose parameters and state have been trained a little. */
static cnn_net *trained_net(cnn_device *device, uint64_t seed) {
    cnn_net *net = make_net(seed);
    cnn_optimizer *adam = cnn_optimizer_create(CNN_ADAM);
    const cnn_samples samples = all_samples();
    OK(cnn_net_compile(net, device, &(cnn_compile){.max_batch = kSamples}, &err));
    OK(cnn_net_train_step(net, adam, &samples, NULL, &err));
    cnn_optimizer_destroy(adam);
    return net;
}

static void the_bits_are_an_ordinary_nets(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    cnn_net *net = trained_net(device, 3), *other = trained_net(device, 4);
    float wanted[kOut * kSamples], next[kOut * kSamples], y[kOut * kSamples];
    const int64_t batches[] = {1, 3, 16, kSamples};
    cnn_net *shared[LENGTH(batches)];
    for (int i = 0; i < LENGTH(batches); i++) {
        /* Of the net, then of one that shares: the same set. */
        shared[i] = share(i == 0 ? net : shared[i - 1]);
        compile_to_run(shared[i], device, batches[i]);
    }
    for (int i = 0; i < LENGTH(batches); i++) {
        expected(net, device, batches[i], wanted);
        run_all(shared[i], y);
        assert_memory_equal(wanted, y, sizeof y);
    }
    OK(cnn_net_hand_over(shared[1], other, &err));
    for (int i = 0; i < LENGTH(batches); i++) {
        assert_true(same_vector(shared[i], other, CNN_PARAMETERS));
        assert_true(same_vector(shared[i], other, CNN_STATE));
        expected(other, device, batches[i], next);
        assert_memory_not_equal(next, wanted, sizeof next);
        run_all(shared[i], y);
        assert_memory_equal(next, y, sizeof y);
    }
    for (int i = 0; i < LENGTH(batches); i++) cnn_net_destroy(shared[i]);
    cnn_net_destroy(other);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

static void a_shared_net_evaluates(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    const cnn_samples samples = all_samples();
    cnn_net *net = trained_net(device, 5), *shared = share(net), *late = share(shared);
    OK(cnn_net_compile(shared, device, &(cnn_compile){.max_batch = 8}, &err));
    compile_to_run(late, device, 8);
    OK(cnn_net_compile(net, device, &(cnn_compile){.max_batch = 8}, &err));
    cnn_evaluation wanted, got[2];
    OK(cnn_net_evaluate(net, &samples, &wanted, &err));
    OK(cnn_net_evaluate(shared, &samples, &got[0], &err));
    OK(cnn_net_evaluate(late, &samples, &got[1], &err));
    for (int i = 0; i < 2; i++) {
        NEAR(wanted.loss, got[i].loss, 1e-5);
        assert_int_equal(wanted.correct, got[i].correct);
    }
    assert_true(got[0].loss == got[1].loss);
    cnn_net_destroy(net);
    cnn_net_destroy(shared);
    cnn_net_destroy(late);
    cnn_device_destroy(device);
}

/* ---- Threads ---- */

struct runner {
    cnn_net *net;
    const float *versions; /* the outputs that versions give, one after the other */
    int version;           /* of the latest run */
    int runs, changes;
    int *stop;
    pthread_mutex_t *lock;
    cnn_status status;
    cnn_error error;
};

static int version_of(const struct runner *r, const float *y) {
    const size_t size = kOut * kSamples;
    for (int v = 0; v <= kVersions; v++)
        if (!memcmp(y, r->versions + (size_t)v * size, size * sizeof *y)) return v;
    return -1;
}

static void *run_until_stopped(void *user) {
    struct runner *r = user;
    float y[kOut * kSamples];
    for (int stop = 0; !stop && !r->status; r->runs++) {
        /* Looked at before the run, so that the last one is after the last hand-over. */
        pthread_mutex_lock(r->lock);
        stop = *r->stop;
        pthread_mutex_unlock(r->lock);
        r->status = cnn_net_run(r->net, x, LENGTH(x), y, LENGTH(y), &r->error);
        const int version = version_of(r, y);
        /* None is mixed of two, and none goes back. */
        if (version < r->version) r->status = CNN_INTERNAL;
        r->changes += version != r->version;
        r->version = version;
    }
    return NULL;
}

/* Each version's outputs, as an ordinary net gives them, and the nets that train to it again. */
static float *outputs_of_versions(cnn_device *device, int64_t batch) {
    cnn_net *net = trained_net(device, 6);
    cnn_optimizer *sgd = cnn_optimizer_create(CNN_SGD);
    const cnn_samples samples = all_samples();
    float *versions = floats((int64_t)(kVersions + 1) * kOut * kSamples);
    cnn_net *clone = NULL;
    OK(cnn_net_clone(net, &clone, &err));
    compile_to_run(clone, device, batch);
    for (int v = 0; v <= kVersions; v++) {
        if (v > 0) OK(cnn_net_train_step(net, sgd, &samples, NULL, &err));
        OK(cnn_net_copy_parameters(clone, net, &err));
        run_all(clone, versions + (int64_t)v * kOut * kSamples);
        if (v > 0)
            assert_memory_not_equal(versions + (int64_t)v * kOut * kSamples,
                                    versions + (int64_t)(v - 1) * kOut * kSamples,
                                    sizeof(float) * kOut * kSamples);
    }
    cnn_net_destroy(clone);
    cnn_optimizer_destroy(sgd);
    cnn_net_destroy(net);
    return versions;
}

/* The samples don't divide by it, so that runs have a part of another plan. */
static const int64_t kBatch = 4;

static void eight_threads_run_while_a_ninth_trains_and_hands_over(void **state) {
    skip_without(state);
    cnn_device *device = NULL;
    OK(cnn_device_open(*state, &(cnn_device_options){.threads = 2}, &device, &err));
    float *versions = outputs_of_versions(device, kBatch);
    cnn_net *net = trained_net(device, 6);
    cnn_optimizer *sgd = cnn_optimizer_create(CNN_SGD);
    const cnn_samples samples = all_samples();
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_t threads[kThreads];
    struct runner *runners = calloc(kThreads, sizeof *runners);
    assert_non_null(runners);
    int stop = 0;
    for (int i = 0; i < kThreads; i++) {
        runners[i].net = share(i == 0 ? net : runners[0].net);
        runners[i].versions = versions;
        runners[i].stop = &stop;
        runners[i].lock = &lock;
        compile_to_run(runners[i].net, device, kBatch);
    }
    for (int i = 0; i < kThreads; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_until_stopped, &runners[i]), 0);
    /* In this thread, for cmocka's assertions are for it alone. */
    for (int v = 1; v <= kVersions; v++) {
        OK(cnn_net_train_step(net, sgd, &samples, NULL, &err));
        OK(cnn_net_hand_over(runners[v % kThreads].net, net, &err));
    }
    pthread_mutex_lock(&lock);
    stop = 1;
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < kThreads; i++) pthread_join(threads[i], NULL);
    int changes = 0;
    for (int i = 0; i < kThreads; i++) {
        if (runners[i].status)
            print_error("thread %d, run %d, version %d: %s \"%s\"\n", i, runners[i].runs,
                        runners[i].version, cnn_status_name(runners[i].status),
                        runners[i].error.message);
        assert_int_equal(runners[i].status, CNN_OK);
        assert_int_equal(runners[i].version, kVersions);
        changes += runners[i].changes;
    }
    assert_true(changes >= kThreads);
    for (int i = 0; i < kThreads; i++) cnn_net_destroy(runners[i].net);
    free(runners);
    free(versions);
    cnn_optimizer_destroy(sgd);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

/* ---- A hand-over in the middle of a run ---- */

static void *take(void *user, size_t size, size_t align) {
    (void)user;
    return take_aligned(size, align);
}

/* What is freed is NaN. */
static void give(void *user, void *memory, size_t size, size_t align) {
    (void)user, (void)align;
    memset(memory, 0xff, size);
    give_aligned(memory);
}

struct middle {
    cnn_net *shared, *source;
    cnn_device *device;
    int64_t used_within;
    cnn_status status;
};

static int32_t hand_over_within(const cnn_host_call *call, void *user) {
    struct middle *m = user;
    memcpy(call->output, call->inputs[0], (size_t)call->n * 16 * 4 * 4 * sizeof(float));
    cnn_device_info info;
    for (int i = 0; m->source && i < 2; i++)
        m->status = cnn_net_hand_over(m->shared, m->source, NULL);
    m->source = NULL;
    if (!m->used_within && !cnn_device_get_info(m->device, &info, NULL))
        m->used_within = info.memory_used;
    return 0;
}

static int32_t unused_backward(const cnn_host_call *call, void *user) {
    (void)call, (void)user;
    return 1;
}

static void a_run_keeps_the_version_that_it_began_with(void **state) {
    skip_without(state);
    cnn_device *device = NULL;
    OK(cnn_device_open(*state, &(cnn_device_options){.allocator = {NULL, take, give}}, &device,
                       &err));
    struct middle middle = {.device = device};
    cnn_net *nets[2];
    float wanted[2][kOut * kSamples], y[kOut * kSamples];
    for (int i = 0; i < 2; i++) {
        nets[i] = seeded_net((uint64_t)i + 1);
        cnn_node n = cnn_net_input(nets[i], NULL, 3, (const int64_t[]){2, 6, 6});
        n = cnn_net_conv2d(nets[i], n, &(cnn_conv2d){.filters = 16, .kernel = {3, 3}});
        n = cnn_net_host_layer(nets[i], &n, 1,
                               &(cnn_host_layer){.kind = "middle",
                                                 .forward = hand_over_within,
                                                 .backward = unused_backward,
                                                 .user = &middle});
        n = cnn_net_conv2d(nets[i], n, &(cnn_conv2d){.filters = 16, .kernel = {3, 3}});
        cnn_net_dense(nets[i], n, &(cnn_dense){.units = kOut});
        OK(cnn_net_error(nets[i], &err));
        expected(nets[i], device, kBatch, wanted[i]);
    }
    cnn_net *shared = share(nets[0]);
    middle.shared = share(shared);
    compile_to_run(shared, device, kBatch);
    const int64_t used = used_of(device);
    middle.used_within = 0;
    middle.source = nets[1];
    run_all(shared, y);
    assert_int_equal(middle.status, CNN_OK);
    /* Also in its second and third part, after the hand-over. */
    assert_memory_equal(y, wanted[0], sizeof y);
    assert_true(middle.used_within > used);
    assert_int_equal(used_of(device), used);
    run_all(shared, y);
    assert_memory_equal(y, wanted[1], sizeof y);
    cnn_net_destroy(middle.shared);
    cnn_net_destroy(shared);
    cnn_net_destroy(nets[0]);
    cnn_net_destroy(nets[1]);
    cnn_device_destroy(device);
}

/* ---- Several hand over, read and compile at once ---- */

struct mixer {
    cnn_net *shared, *source;
    cnn_device *device;
    cnn_status status;
    int mixed;
    cnn_error error;
};

/* Sources are constant vectors, so that a reading of two versions shows. */
static int constant(const float *values, int64_t count) {
    for (int64_t i = 1; i < count; i++)
        if (values[i] != values[0]) return 0;
    return 1;
}

static void *mix(void *user) {
    struct mixer *m = user;
    const int64_t count = cnn_net_vector_elements(m->shared, CNN_PARAMETERS);
    float *theta = malloc((size_t)count * sizeof *theta), y[kOut * kSamples];
    for (int i = 0; i < 20 && theta && !m->status; i++) {
        m->status = cnn_net_hand_over(m->shared, m->source, &m->error);
        if (!m->status)
            m->status = cnn_net_get_vector(m->shared, CNN_PARAMETERS, theta, count, &m->error);
        m->mixed += !constant(theta, count);
        cnn_net *clone = NULL, *other = NULL;
        if (!m->status) m->status = cnn_net_clone(m->shared, &clone, &m->error);
        if (!m->status)
            m->status = cnn_net_get_vector(clone, CNN_PARAMETERS, theta, count, &m->error);
        m->mixed += !constant(theta, count);
        if (!m->status) m->status = cnn_net_share(m->shared, &other, &m->error);
        if (!m->status)
            m->status =
                cnn_net_compile(other, m->device, &(cnn_compile){.max_batch = i + 1}, &m->error);
        if (!m->status) m->status = cnn_net_run(other, x, LENGTH(x), y, LENGTH(y), &m->error);
        cnn_net_destroy(clone);
        cnn_net_destroy(other);
    }
    free(theta);
    return NULL;
}

static void all_calls_at_once(void **state) {
    skip_without(state);
    cnn_device *devices[2] = {open_device(*state), open_device("cpu")};
    cnn_net *net = make_net(1);
    struct mixer mixers[4];
    memset(mixers, 0, sizeof mixers);
    pthread_t threads[LENGTH(mixers)];
    const int64_t count = cnn_net_vector_elements(net, CNN_PARAMETERS);
    float *values = floats(count);
    for (int i = 0; i < LENGTH(mixers); i++) {
        for (int64_t k = 0; k < count; k++) values[k] = (float)(i + 1) / 16;
        OK(cnn_net_set_vector(net, CNN_PARAMETERS, values, count, &err));
        OK(cnn_net_clone(net, &mixers[i].source, &err));
        mixers[i].shared = share(i == 0 ? net : mixers[0].shared);
        mixers[i].device = devices[i % 2];
    }
    for (int i = 0; i < LENGTH(mixers); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, mix, &mixers[i]), 0);
    for (int i = 0; i < LENGTH(mixers); i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < LENGTH(mixers); i++) {
        if (mixers[i].status) print_error("%s\n", mixers[i].error.message);
        assert_int_equal(mixers[i].status, CNN_OK);
        assert_int_equal(mixers[i].mixed, 0);
        cnn_net_destroy(mixers[i].shared);
        cnn_net_destroy(mixers[i].source);
    }
    free(values);
    cnn_net_destroy(net);
    cnn_device_destroy(devices[0]);
    cnn_device_destroy(devices[1]);
}

/* ---- Memory ---- */

static void parameters_are_held_once(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    /* Parameters are nearly all it has. */
    cnn_net *net = seeded_net(1);
    cnn_node n = cnn_net_input(net, NULL, 3, (const int64_t[]){32, 4, 4});
    n = cnn_net_conv2d(net, n, &(cnn_conv2d){.filters = 256, .kernel = {3, 3}});
    n = cnn_net_conv2d(net, n, &(cnn_conv2d){.filters = 256, .kernel = {3, 3}, .padding = {1, 1}});
    OK(cnn_net_error(net, &err));
    const int64_t theta = cnn_net_vector_elements(net, CNN_PARAMETERS) * (int64_t)sizeof(float);
    const int64_t before = used_of(device);
    cnn_net *shared[kThreads];
    float in[512], y[256];
    fill(in, LENGTH(in), 1);
    int64_t one = 0;
    for (int i = 0; i < kThreads; i++) {
        shared[i] = share(i == 0 ? net : shared[0]);
        compile_to_run(shared[i], device, 1);
        OK(cnn_net_run(shared[i], in, LENGTH(in), y, LENGTH(y), &err));
        if (i == 0) one = used_of(device);
    }
    const int64_t eight = used_of(device);
    assert_true(one - before >= theta);
    /* The seven others have activations alone. */
    assert_true(eight - one < theta);
    /* Old versions go as the new ones come, also where nets sharing them don't run. */
    for (int i = 0; i < 5; i++) {
        OK(cnn_net_hand_over(shared[i], net, &err));
        assert_int_equal(used_of(device), eight);
    }
    /* In any order; the set stays where it is while a net is left. */
    cnn_net_destroy(net);
    for (int i = 0; i < kThreads; i += 2) cnn_net_destroy(shared[i]);
    const int64_t four = used_of(device);
    assert_true(four < eight && four - before >= theta);
    cnn_net *last = share(shared[1]);
    for (int i = 1; i < kThreads; i += 2) cnn_net_destroy(shared[i]);
    assert_true(used_of(device) - before >= theta);
    /* What failed to compile leaves nothing. */
    cnn_device *other = open_device(*state);
    const int64_t other_before = used_of(other);
    FAILS(CNN_LIMIT_EXCEEDED,
          cnn_net_compile(last, other,
                          &(cnn_compile){.inference_only = 1, .memory_limit = theta / 2}, &err));
    assert_int_equal(used_of(other), other_before);
    /* With it, the set moves. */
    compile_to_run(last, other, 1);
    assert_int_equal(used_of(device), before);
    assert_true(used_of(other) - other_before >= theta);
    float again[256];
    OK(cnn_net_run(last, in, LENGTH(in), again, LENGTH(again), &err));
    assert_memory_equal(again, y, sizeof y);
    cnn_net_destroy(last);
    assert_int_equal(used_of(other), other_before);
    cnn_device_destroy(other);
    cnn_device_destroy(device);
}

static void a_set_serves_several_devices(void **state) {
    skip_without(state);
    cnn_device *devices[] = {open_device(*state), open_device("cpu"), open_device("reference")};
    cnn_net *first = trained_net(devices[0], 8), *second = trained_net(devices[1], 9);
    cnn_net *shared[LENGTH(devices)];
    float wanted[kOut * kSamples], y[kOut * kSamples];
    for (int i = 0; i < LENGTH(devices); i++) {
        shared[i] = share(i == 0 ? first : shared[i - 1]);
        compile_to_run(shared[i], devices[i], kBatch);
    }
    for (int round = 0; round < 2; round++) {
        cnn_net *net = round == 0 ? first : second;
        if (round > 0) OK(cnn_net_hand_over(shared[2], net, &err));
        for (int i = 0; i < LENGTH(devices); i++) {
            expected(net, devices[i], kBatch, wanted);
            run_all(shared[i], y);
            assert_memory_equal(wanted, y, sizeof y);
            assert_true(same_vector(shared[i], net, CNN_STATE));
        }
    }
    /* A net moves, and the device it was the only one on keeps nothing. */
    compile_to_run(shared[0], devices[1], kSamples);
    expected(second, devices[1], kSamples, wanted);
    run_all(shared[0], y);
    assert_memory_equal(wanted, y, sizeof y);
    cnn_net_destroy(first);
    assert_int_equal(used_of(devices[0]), 0);
    for (int i = 0; i < LENGTH(devices); i++) {
        cnn_net_destroy(shared[i]);
        /* The set holds its devices. */
        cnn_device_destroy(devices[i]);
    }
    cnn_net_destroy(second);
}

/* ---- Uses and errors ---- */

static void it_is_described_read_saved_and_cloned(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    cnn_net *net = trained_net(device, 12), *other = trained_net(device, 13);
    float *center = vector_of(net, CNN_PARAMETERS);
    const int64_t count = cnn_net_vector_elements(net, CNN_PARAMETERS);
    OK(cnn_net_set_center(net, center, count, &err));
    OK(cnn_net_set_rate(net, "dense_1", 0.5, &err));
    cnn_net *shared = share(net), *loaded = NULL, *clone = NULL;
    /* Compiled or not. */
    for (int compiled = 0; compiled < 2; compiled++) {
        if (compiled) compile_to_run(shared, device, 4);
        assert_int_equal(cnn_net_node_count(shared), cnn_net_node_count(net));
        assert_true(same_vector(shared, compiled ? other : net, CNN_PARAMETERS));
        assert_true(same_vector(shared, compiled ? other : net, CNN_STATE));
        OK(cnn_net_clone(shared, &clone, &err));
        assert_true(same_vector(shared, clone, CNN_PARAMETERS));
        size_t saved = 0, wanted = 0;
        static unsigned char file[1 << 18], same[1 << 18];
        OK(cnn_net_save_memory(shared, file, sizeof file, &saved, &err));
        OK(cnn_net_save_memory(clone, same, sizeof same, &wanted, &err));
        assert_int_equal(saved, wanted);
        assert_memory_equal(file, same, saved);
        OK(cnn_net_load_memory(file, saved, &loaded, &err));
        assert_true(same_vector(shared, loaded, CNN_PARAMETERS));
        float *kept = floats(count);
        OK(cnn_net_get_center(shared, kept, count, &err));
        assert_memory_equal(kept, center, (size_t)count * sizeof *kept);
        free(kept);
        cnn_tensor_info info;
        OK(cnn_net_describe_tensor(shared, CNN_PARAMETERS,
                                   cnn_net_tensor_count(shared, CNN_PARAMETERS) - 1, &info, &err));
        assert_true(info.rate == 0.5);
        /* The clone is a net of its own. */
        const cnn_samples samples = all_samples();
        cnn_optimizer *sgd = cnn_optimizer_create(CNN_SGD);
        OK(cnn_net_compile(clone, device, &(cnn_compile){.max_batch = kSamples}, &err));
        OK(cnn_net_train_step(clone, sgd, &samples, NULL, &err));
        assert_false(same_vector(shared, clone, CNN_PARAMETERS));
        cnn_optimizer_destroy(sgd);
        cnn_net_destroy(clone);
        cnn_net_destroy(loaded);
        OK(cnn_net_hand_over(shared, other, &err));
    }
    cnn_net_destroy(shared);
    cnn_net_destroy(other);
    cnn_net_destroy(net);
    free(center);
    cnn_device_destroy(device);
}

static void what_would_change_it_is_refused(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    const cnn_samples samples = all_samples();
    cnn_net *net = make_net(14), *shared = share(net), *unwritten = NULL;
    cnn_optimizer *sgd = cnn_optimizer_create(CNN_SGD);
    OK(cnn_net_compile(shared, device, &(cnn_compile){.max_batch = kSamples}, &err));
    float *theta = vector_of(net, CNN_PARAMETERS);
    const int64_t count = cnn_net_vector_elements(net, CNN_PARAMETERS);
    float bias[kOut] = {0};
    const char *shares = "shares its parameters";
#define REFUSED(call, name) (FAILS(CNN_BAD_STATE, call), SAID(name), SAID(shares))
    REFUSED(cnn_net_train_step(shared, sgd, &samples, NULL, &err), "train_step");
    REFUSED(cnn_net_fit(shared, sgd, &samples, NULL, NULL, &err), "fit");
    REFUSED(cnn_net_minimize(shared, sgd, &samples, NULL, NULL, &err), "minimize");
    REFUSED(cnn_net_loss_gradient(shared, &samples, NULL, NULL, &err), "loss_gradient");
    REFUSED(cnn_net_check_gradient(shared, &samples, NULL, NULL, &err), "check_gradient");
    REFUSED(cnn_net_set_vector(shared, CNN_PARAMETERS, theta, count, &err), "set vector");
    REFUSED(cnn_net_set_tensor(shared, CNN_PARAMETERS, "dense_1/bias", bias, kOut, &err),
            "set tensor");
    REFUSED(cnn_net_set_center(shared, theta, count, &err), "set center");
    REFUSED(cnn_net_set_rate(shared, "dense_1", 0, &err), "set rate");
    REFUSED(cnn_net_set_regularization(shared, "dense_1", 0, &err), "set regularization");
    REFUSED(cnn_net_copy_parameters(shared, net, &err), "copy parameters");
    REFUSED(cnn_net_get_vector(shared, CNN_GRADIENT, theta, count, &err), "get gradient");
#undef REFUSED
    assert_int_equal(cnn_net_dense(shared, 0, &(cnn_dense){.units = 1}), -CNN_BAD_STATE);
    FAILS(CNN_BAD_STATE, cnn_net_output(shared, 1, &err));
    OK(cnn_net_error(shared, &err));

    FAILS(CNN_INVALID_ARGUMENT, cnn_net_share(NULL, &unwritten, &err));
    SAID("share: net is NULL");
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_share(net, NULL, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_hand_over(NULL, net, &err));
    SAID("hand over: shared is NULL");
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_hand_over(shared, NULL, &err));
    FAILS(CNN_BAD_STATE, cnn_net_hand_over(net, shared, &err));
    SAID("shares its parameters with none");
    cnn_net *wrong = seeded_net(1);
    cnn_node n = cnn_net_input(wrong, NULL, 3, (const int64_t[]){2, 6, 6});
    cnn_net_conv2d(wrong, n, &(cnn_conv2d){.filters = 17, .kernel = {3, 3}});
    FAILS(CNN_SHAPE_MISMATCH, cnn_net_hand_over(shared, wrong, &err));
    SAID("hand over: the source has 2 tensors");
    cnn_net_destroy(wrong);
    wrong = seeded_net(1);
    cnn_net_dense(wrong, 7, &(cnn_dense){.units = 1});
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_share(wrong, &unwritten, &err));
    cnn_net_destroy(wrong);
    assert_null(unwritten);
    assert_true(same_vector(shared, net, CNN_PARAMETERS));
    /* A set to itself, and what it gave to a net of another. */
    OK(cnn_net_hand_over(shared, shared, &err));
    cnn_net *other = share(net);
    OK(cnn_net_hand_over(other, shared, &err));
    assert_true(same_vector(shared, other, CNN_PARAMETERS));
    cnn_net_destroy(other);
    free(theta);
    cnn_optimizer_destroy(sgd);
    cnn_net_destroy(shared);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

/* A hand-over that finds no memory changes nothing. */
static void a_hand_over_without_memory_is_refused(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state), *small = NULL;
    cnn_net *net = trained_net(device, 15), *other = trained_net(device, 16), *shared = share(net);
    compile_to_run(shared, device, kSamples);
    const int64_t used = used_of(device);
    cnn_net_destroy(shared);
    shared = share(net);
    const int64_t needed = used - used_of(device);
    OK(cnn_device_open(*state, &(cnn_device_options){.memory_limit = needed + needed / 8}, &small,
                       &err));
    compile_to_run(shared, small, kSamples);
    float wanted[kOut * kSamples], y[kOut * kSamples];
    run_all(shared, wanted);
    const int64_t held = used_of(small);
    const int64_t theta = cnn_net_vector_elements(net, CNN_PARAMETERS) * (int64_t)sizeof(float);
    if (theta > needed / 8) {
        FAILS(CNN_LIMIT_EXCEEDED, cnn_net_hand_over(shared, other, &err));
        assert_int_equal(used_of(small), held);
        run_all(shared, y);
        assert_memory_equal(wanted, y, sizeof y);
        assert_true(same_vector(shared, net, CNN_PARAMETERS));
    }
    cnn_net_destroy(shared);
    cnn_net_destroy(other);
    cnn_net_destroy(net);
    cnn_device_destroy(small);
    cnn_device_destroy(device);
}

struct handing {
    cnn_net *shared, *net;
};

static int32_t hand_over_each_epoch(const cnn_progress *progress, void *user) {
    (void)progress;
    struct handing *h = user;
    OK(cnn_net_hand_over(h->shared, h->net, &err));
    return 0;
}

static void a_callback_of_fit_may_hand_over(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    const cnn_samples samples = all_samples();
    cnn_net *net = trained_net(device, 17);
    struct handing handing = {share(net), net};
    compile_to_run(handing.shared, device, kSamples);
    cnn_optimizer *sgd = cnn_optimizer_create(CNN_SGD);
    const cnn_fit fit = {.epochs = 3, .progress = hand_over_each_epoch, .user = &handing};
    OK(cnn_net_fit(net, sgd, &samples, &fit, NULL, &err));
    assert_true(same_vector(handing.shared, net, CNN_PARAMETERS));
    assert_true(same_vector(handing.shared, net, CNN_STATE));
    cnn_optimizer_destroy(sgd);
    cnn_net_destroy(handing.shared);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

static void run_softmax(cnn_net *net, int32_t training, float *y) {
    const cnn_view in = {.data = x, .elements = LENGTH(x)};
    const cnn_view out = {.data = y, .elements = kOut * kSamples};
    const cnn_run options = {.softmax = 1, .training = training};
    OK(cnn_net_run_many(net, &in, 1, &out, 1, &options, &err));
}

/* Without a hand-over in between, which would bind every plan. */
static void what_is_planned_after_a_run_has_its_weights(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    cnn_net *net = trained_net(device, 23), *shared = share(net), *plain = NULL;
    OK(cnn_net_clone(net, &plain, &err));
    cnn_net *const nets[] = {shared, plain};
    float first[kOut * kSamples], y[2][3][kOut * kSamples];
    cnn_evaluation quality[2];
    const cnn_samples samples = all_samples();
    for (int i = 0; i < 2; i++) {
        compile_to_run(nets[i], device, kSamples);
        run_all(nets[i], first);
        run_softmax(nets[i], 0, y[i][0]);
        run_softmax(nets[i], 1, y[i][1]);
        run_all(nets[i], y[i][2]);
    }
    assert_memory_equal(y[0], y[1], sizeof y[0]);
    OK(cnn_net_evaluate(shared, &samples, &quality[0], &err));
    OK(cnn_net_compile(plain, device, &(cnn_compile){.max_batch = kSamples}, &err));
    OK(cnn_net_evaluate(plain, &samples, &quality[1], &err));
    NEAR(quality[1].loss, quality[0].loss, 1e-5);
    cnn_net_destroy(plain);
    cnn_net_destroy(shared);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

int main(void) {
    fill(x, LENGTH(x), 2);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bits_are_an_ordinary_nets),
        cmocka_unit_test(a_shared_net_evaluates),
        cmocka_unit_test(eight_threads_run_while_a_ninth_trains_and_hands_over),
        cmocka_unit_test(a_run_keeps_the_version_that_it_began_with),
        cmocka_unit_test(all_calls_at_once),
        cmocka_unit_test(parameters_are_held_once),
        cmocka_unit_test(a_set_serves_several_devices),
        cmocka_unit_test(it_is_described_read_saved_and_cloned),
        cmocka_unit_test(what_would_change_it_is_refused),
        cmocka_unit_test(a_hand_over_without_memory_is_refused),
        cmocka_unit_test(a_callback_of_fit_may_hand_over),
        cmocka_unit_test(what_is_planned_after_a_run_has_its_weights),
    };
    return run_on_devices("share", tests, LENGTH(tests));
}

/* Saving and loading: what survives, what is refused, and that no file, however bad, does harm.
 * Given --golden FOLDER it writes the files of this version that later ones must load. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cnn/cnn.h>

#define PATH "files_test.safetensors"
/* Of the checkpoint in golden/ on the samples below. */
#define GOLDEN_LOSS 0.743887389

/* Metadata is JSON within JSON's strings. */
#define Q "\\\""

static cnn_error err;

#define OK(call) expect_status(call, CNN_OK, __LINE__)
#define FAILS(call, status) expect_status(call, status, __LINE__)

static void expect_status(cnn_status got, cnn_status wanted, int line) {
    if (got != wanted)
        fail_msg("line %d: %s instead of %s: %s", line, cnn_status_name(got),
                 cnn_status_name(wanted), got ? err.message : "");
}

static void expect_message(const char *part) {
    if (!strstr(err.message, part)) fail_msg("\"%s\" is not in: %s", part, err.message);
}

/* ---- Nets and files to work with ---- */

typedef struct bytes {
    unsigned char *data;
    size_t size;
} bytes;

static cnn_net *make_net(void) {
    const cnn_net_options options = {.name = "a \"net\" é", .seed = UINT64_MAX};
    cnn_net *net = cnn_net_create(&options);
    cnn_node n = cnn_net_input(net, NULL, 3, (const int64_t[]){1, 6, 6});
    n = cnn_net_conv2d(net, n,
                       &(cnn_conv2d){.filters = 2, .kernel = {3}, .activation = CNN_LEAKY_RELU});
    const cnn_node shortcut = n = cnn_net_batch_norm(net, n, &(cnn_batch_norm){.name = "norm"});
    n = cnn_net_conv2d(net, n,
                       &(cnn_conv2d){.filters = 2, .kernel = {3}, .padding_mode = CNN_SAME});
    n = cnn_net_add(net, (const cnn_node[]){n, shortcut}, 2, &(cnn_add){.name = "sum"});
    n = cnn_net_max_pool2d(net, n, &(cnn_pool2d){.window = {2}});
    n = cnn_net_dropout(net, n, &(cnn_dropout){.rate = 0.25f});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = 3});
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_SOFTMAX_CROSS_ENTROPY, .weight = 0.5f});
    OK(cnn_net_output(net, n, &err));
    OK(cnn_net_output(net, shortcut, &err));
    OK(cnn_net_set_rate(net, "conv2d_1/weight", 0.1, &err));
    OK(cnn_net_set_regularization(net, "conv2d_2", 0.25, &err));
    float center[512];
    const int64_t parameters = cnn_net_vector_elements(net, CNN_PARAMETERS);
    assert_true(parameters <= 512);
    for (int64_t i = 0; i < parameters; i++) center[i] = 0.5f - 0.0078125f * (float)i;
    OK(cnn_net_set_center(net, center, parameters, &err));
    OK(cnn_net_error(net, &err));
    return net;
}

static bytes saved(cnn_net *net, cnn_optimizer *optimizer) {
    bytes b = {NULL, 0};
    FAILS(optimizer ? cnn_checkpoint_save_memory(net, optimizer, NULL, 0, &b.size, &err)
                    : cnn_net_save_memory(net, NULL, 0, &b.size, &err),
          CNN_LIMIT_EXCEEDED);
    b.data = malloc(b.size);
    OK(optimizer ? cnn_checkpoint_save_memory(net, optimizer, b.data, b.size, &b.size, &err)
                 : cnn_net_save_memory(net, b.data, b.size, &b.size, &err));
    return b;
}

static bytes saved_model(void) {
    cnn_net *net = make_net();
    const bytes b = saved(net, NULL);
    cnn_net_destroy(net);
    return b;
}

static bytes saved_checkpoint(void) {
    cnn_net *net = make_net();
    cnn_optimizer *adam = cnn_optimizer_create(CNN_ADAM);
    const bytes b = saved(net, adam);
    cnn_net_destroy(net);
    cnn_optimizer_destroy(adam);
    return b;
}

static void assert_same_bytes(bytes a, bytes b) {
    assert_int_equal(a.size, b.size);
    assert_memory_equal(a.data, b.data, a.size);
}

/* The net says the same when it is saved again. */
static void assert_saves_as(cnn_net *net, cnn_optimizer *optimizer, bytes expected) {
    bytes again = saved(net, optimizer);
    assert_same_bytes(again, expected);
    free(again.data);
}

static bytes file_of(const char *path) {
    bytes b = {malloc(1 << 20), 0};
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    b.size = fread(b.data, 1, 1 << 20, file);
    fclose(file);
    return b;
}

/* A file with this header, its length before it, and data of that size after it. */
static bytes file_with(const char *header, size_t data) {
    const size_t length = strlen(header);
    bytes b = {calloc(1, 8 + length + data), 8 + length + data};
    for (int i = 0; i < 8; ++i) b.data[i] = (unsigned char)((uint64_t)length >> (8 * i));
    memcpy(b.data + 8, header, length);
    return b;
}

static size_t header_length(bytes b) {
    size_t length = 0;
    for (int i = 0; i < 8; ++i) length |= (size_t)b.data[i] << (8 * i);
    return length;
}

/* The file with the first `from` in its header replaced. */
static bytes edited(bytes b, const char *from, const char *to) {
    const size_t length = header_length(b);
    char *header = calloc(1, length + strlen(to) + 1);
    memcpy(header, b.data + 8, length);
    char *at = strstr(header, from);
    if (!at) fail_msg("\"%s\" is not in the header: %s", from, header);
    memmove(at + strlen(to), at + strlen(from), strlen(at + strlen(from)) + 1);
    memcpy(at, to, strlen(to));
    const size_t data = b.size - 8 - length;
    const bytes result = file_with(header, data);
    memcpy(result.data + result.size - data, b.data + b.size - data, data);
    free(header);
    return result;
}

/* Refused, saying `part`, with the handles left alone. */
static void assert_refused(bytes b, cnn_status status, const char *part) {
    cnn_net *const no_net = (cnn_net *)&err;
    cnn_optimizer *const no_optimizer = (cnn_optimizer *)&err;
    cnn_net *net = no_net;
    cnn_optimizer *optimizer = no_optimizer;
    FAILS(cnn_checkpoint_load_memory(b.data, b.size, &net, &optimizer, &err), status);
    expect_message(part);
    assert_ptr_equal(net, no_net);
    assert_ptr_equal(optimizer, no_optimizer);
}

/* Loads or is refused; what loads is a net like any other. */
static void load_whatever(const unsigned char *data, size_t size) {
    cnn_net *net = NULL;
    cnn_optimizer *optimizer = NULL;
    cnn_status status = cnn_checkpoint_load_memory(data, size, &net, &optimizer, &err);
    if (status == CNN_OK) {
        bytes again = saved(net, optimizer);
        free(again.data);
        cnn_net_destroy(net);
        cnn_optimizer_destroy(optimizer);
    } else if (status != CNN_BAD_FILE && status != CNN_INCOMPATIBLE && status != CNN_NOT_FOUND) {
        fail_msg("%s: %s", cnn_status_name(status), err.message);
    }
    net = NULL;
    if (cnn_net_load_memory(data, size, &net, &err) == CNN_OK) cnn_net_destroy(net);
}

/* ---- What survives ---- */

static void a_model_survives_memory(void **state) {
    (void)state;
    bytes b = saved_model();
    cnn_net *net = NULL;
    OK(cnn_net_load_memory(b.data, b.size, &net, &err));
    assert_saves_as(net, NULL, b);
    cnn_net_destroy(net);
    free(b.data);
}

/* As one does who trains a new end on what was learnt. */
static void a_loaded_net_grows(void **state) {
    (void)state;
    bytes b = saved_model();
    cnn_net *net = NULL;
    OK(cnn_net_load_memory(b.data, b.size, &net, &err));
    const int64_t before = cnn_net_vector_elements(net, CNN_PARAMETERS);
    float *const old = malloc(sizeof(float) * (size_t)before);
    OK(cnn_net_get_vector(net, CNN_PARAMETERS, old, before, &err));
    const cnn_node sum = cnn_net_find_node(net, "sum");
    cnn_node n = cnn_net_conv2d(net, sum, &(cnn_conv2d){.filters = 3, .kernel = {1}});
    n = cnn_net_batch_norm(net, n, NULL);
    OK(cnn_net_output(net, n, &err));
    OK(cnn_net_error(net, &err));
    const int64_t after = cnn_net_vector_elements(net, CNN_PARAMETERS);
    assert_int_equal(after, before + 3 * 2 + 3 + 2 * 3);
    float *const grown = malloc(sizeof(float) * (size_t)after);
    OK(cnn_net_get_vector(net, CNN_PARAMETERS, grown, after, &err));
    assert_memory_equal(grown, old, sizeof(float) * (size_t)before);
    float drawn = 0;
    for (int64_t i = before; i < before + 6; i++) drawn += fabsf(grown[i]);
    assert_true(drawn > 0);
    bytes again = saved(net, NULL);
    load_whatever(again.data, again.size);
    free(again.data);
    free(old);
    free(grown);
    cnn_net_destroy(net);
    free(b.data);
}

static void a_model_survives_a_path(void **state) {
    (void)state;
    cnn_net *net = make_net(), *loaded = NULL;
    bytes b = saved(net, NULL);
    OK(cnn_net_save(net, PATH, &err));
    OK(cnn_net_save(net, PATH, &err)); /* over an old one */
    bytes file = file_of(PATH);
    assert_same_bytes(file, b);
    OK(cnn_net_load(PATH, &loaded, &err));
    assert_saves_as(loaded, NULL, b);
    cnn_net_destroy(net);
    cnn_net_destroy(loaded);
    free(file.data);
    free(b.data);
    remove(PATH);
}

typedef struct stream {
    bytes b;
    size_t at;
    size_t chunk;
    size_t fail_at; /* 0: never */
} stream;

static int32_t give(void *user, void *buffer, size_t size, size_t *got) {
    stream *s = user;
    size_t n = s->b.size - s->at;
    if (n > s->chunk) n = s->chunk;
    if (n > size) n = size;
    memcpy(buffer, s->b.data + s->at, n);
    s->at += n;
    *got = n;
    return s->fail_at && s->at >= s->fail_at ? 7 : 0;
}

static int32_t give_too_much(void *user, void *buffer, size_t size, size_t *got) {
    (void)user, (void)buffer;
    *got = size + 1;
    return 0;
}

static int32_t take(void *user, const void *data, size_t size) {
    stream *s = user;
    if (s->fail_at && s->at + size >= s->fail_at) return 9;
    s->b.data = realloc(s->b.data, s->at + size);
    memcpy(s->b.data + s->at, data, size);
    s->b.size = s->at += size;
    return 0;
}

static void a_checkpoint_survives_streams(void **state) {
    (void)state;
    cnn_net *net = make_net();
    cnn_optimizer *adam = cnn_optimizer_create(CNN_ADAM);
    bytes b = saved(net, adam);
    stream out = {{NULL, 0}, 0, 0, 0};
    OK(cnn_checkpoint_save_writer(net, adam, &(cnn_writer){&out, take}, &err));
    assert_same_bytes(out.b, b);
    for (size_t chunk = 1; chunk < 12; chunk += 5) {
        stream in = {b, 0, chunk, 0};
        cnn_net *loaded = NULL;
        cnn_optimizer *optimizer = NULL;
        OK(cnn_checkpoint_load_reader(&(cnn_reader){&in, give}, &loaded, &optimizer, &err));
        assert_saves_as(loaded, optimizer, b);
        cnn_net_destroy(loaded);
        cnn_optimizer_destroy(optimizer);
    }
    cnn_net_destroy(net);
    cnn_optimizer_destroy(adam);
    free(out.b.data);
    free(b.data);
}

static void failing_streams_are_told(void **state) {
    (void)state;
    bytes b = saved_model();
    cnn_net *net = NULL;
    stream in = {b, 0, 64, 200};
    FAILS(cnn_net_load_reader(&(cnn_reader){&in, give}, &net, &err), CNN_IO_ERROR);
    expect_message("7");
    FAILS(cnn_net_load_reader(&(cnn_reader){NULL, give_too_much}, &net, &err), CNN_IO_ERROR);
    FAILS(cnn_net_load_reader(&(cnn_reader){NULL, NULL}, &net, &err), CNN_INVALID_ARGUMENT);
    FAILS(cnn_net_load_reader(NULL, &net, &err), CNN_INVALID_ARGUMENT);
    assert_null(net);
    OK(cnn_net_load_memory(b.data, b.size, &net, &err));
    stream out = {{NULL, 0}, 0, 0, 100};
    FAILS(cnn_net_save_writer(net, &(cnn_writer){&out, take}, &err), CNN_IO_ERROR);
    expect_message("9");
    cnn_net_destroy(net);
    free(out.b.data);
    free(b.data);
}

static void saving_to_memory_tells_the_size(void **state) {
    (void)state;
    cnn_net *net = make_net();
    bytes b = saved(net, NULL);
    unsigned char *room = malloc(b.size);
    memset(room, 77, b.size);
    size_t needed = 0;
    FAILS(cnn_net_save_memory(net, room, b.size - 1, &needed, &err), CNN_LIMIT_EXCEEDED);
    assert_int_equal(needed, b.size);
    assert_int_equal(room[0], 77);
    FAILS(cnn_net_save_memory(net, NULL, b.size, &needed, &err), CNN_LIMIT_EXCEEDED);
    FAILS(cnn_net_save_memory(net, room, b.size, NULL, &err), CNN_INVALID_ARGUMENT);
    FAILS(cnn_net_save_memory(NULL, room, b.size, &needed, &err), CNN_INVALID_ARGUMENT);
    FAILS(cnn_checkpoint_save_memory(net, NULL, room, b.size, &needed, &err), CNN_INVALID_ARGUMENT);
    cnn_net_destroy(net);
    free(room);
    free(b.data);
}

static void a_loaded_net_looks_the_same(void **state) {
    (void)state;
    cnn_net *net = make_net(), *loaded = NULL;
    bytes b = saved(net, NULL);
    OK(cnn_net_load_memory(b.data, b.size, &loaded, &err));
    const int32_t nodes = cnn_net_node_count(net);
    assert_int_equal(cnn_net_node_count(loaded), nodes);
    for (cnn_node i = 0; i < nodes; ++i) {
        cnn_node_info one, other;
        OK(cnn_net_describe_node(net, i, &one, &err));
        OK(cnn_net_describe_node(loaded, i, &other, &err));
        assert_memory_equal(&one, &other, sizeof one);
    }
    for (cnn_vector which = CNN_PARAMETERS; which <= CNN_STATE; which += CNN_STATE) {
        const int32_t tensors = cnn_net_tensor_count(net, which);
        assert_int_equal(cnn_net_tensor_count(loaded, which), tensors);
        for (int32_t i = 0; i < tensors; ++i) {
            cnn_tensor_info one, other;
            OK(cnn_net_describe_tensor(net, which, i, &one, &err));
            OK(cnn_net_describe_tensor(loaded, which, i, &other, &err));
            assert_memory_equal(&one, &other, sizeof one);
        }
    }
    char one[4096], other[4096];
    OK(cnn_net_summary(net, one, sizeof one, NULL, &err));
    OK(cnn_net_summary(loaded, other, sizeof other, NULL, &err));
    assert_string_equal(one, other);
    cnn_net_destroy(net);
    cnn_net_destroy(loaded);
    free(b.data);
}

static void any_weights_survive(void **state) {
    (void)state;
    cnn_net *net = make_net(), *loaded = NULL;
    const float odd[3] = {NAN, -INFINITY, 1e-45f};
    float got[3];
    OK(cnn_net_set_tensor(net, CNN_PARAMETERS, "dense_1/bias", odd, 3, &err));
    bytes b = saved(net, NULL);
    OK(cnn_net_load_memory(b.data, b.size, &loaded, &err));
    OK(cnn_net_get_tensor(loaded, CNN_PARAMETERS, "dense_1/bias", got, 3, &err));
    assert_memory_equal(got, odd, sizeof odd);
    cnn_net_destroy(net);
    cnn_net_destroy(loaded);
    free(b.data);
}

static void an_optimizer_survives(void **state) {
    (void)state;
    for (cnn_optimizer_kind kind = CNN_SGD; kind <= CNN_ADAMW; ++kind) {
        cnn_net *net = make_net(), *loaded = NULL;
        cnn_optimizer *made = cnn_optimizer_create(kind), *optimizer = NULL;
        OK(cnn_optimizer_set(made, CNN_LEARNING_RATE, 0.1 + 0.2, &err));
        bytes b = saved(net, made);
        OK(cnn_checkpoint_load_memory(b.data, b.size, &loaded, &optimizer, &err));
        assert_int_equal(cnn_optimizer_get_kind(optimizer), kind);
        for (int32_t i = 0; i < cnn_optimizer_key_count(made); ++i) {
            cnn_key_info one, other;
            OK(cnn_optimizer_describe_key(made, i, &one, &err));
            OK(cnn_optimizer_describe_key(optimizer, i, &other, &err));
            assert_memory_equal(&one, &other, sizeof one);
        }
        assert_saves_as(loaded, optimizer, b);
        size_t size;
        FAILS(cnn_checkpoint_save_memory(net, optimizer, NULL, 0, &size, &err), CNN_BAD_STATE);
        cnn_net_destroy(net);
        cnn_net_destroy(loaded);
        cnn_optimizer_destroy(made);
        cnn_optimizer_destroy(optimizer);
        free(b.data);
    }
}

static void each_kind_loads_as_the_other(void **state) {
    (void)state;
    bytes model = saved_model(), checkpoint = saved_checkpoint();
    assert_refused(model, CNN_NOT_FOUND, "no optimizer");
    cnn_net *net = NULL;
    OK(cnn_net_load_memory(checkpoint.data, checkpoint.size, &net, &err));
    assert_saves_as(net, NULL, model);
    cnn_net_destroy(net);
    free(model.data);
    free(checkpoint.data);
}

/* Those that make_net leaves out. */
static void every_layer_survives(void **state) {
    (void)state;
    cnn_net *net = cnn_net_create(NULL), *loaded = NULL;
    const cnn_node x = cnn_net_input(net, NULL, 3, (const int64_t[]){1, 6, 6});
    cnn_node n = cnn_net_average_pool2d(net, x, &(cnn_pool2d){.window = {2}});
    n = cnn_net_activation(net, n, &(cnn_activation){.kind = CNN_TANH});
    n = cnn_net_concat(net, (const cnn_node[]){n, n}, 2, NULL);
    n = cnn_net_global_average_pool2d(net, n, NULL);
    n = cnn_net_flatten(net, n, NULL);
    cnn_net_softmax(net, n, NULL);
    bytes b = saved(net, NULL);
    OK(cnn_net_load_memory(b.data, b.size, &loaded, &err));
    assert_saves_as(loaded, NULL, b);
    bytes unknown = edited(b, Q "settings" Q ":{}", Q "settings" Q ":{" Q "axis" Q ":1}");
    assert_refused(unknown, CNN_BAD_FILE, "\"axis\", which");
    cnn_net_destroy(net);
    cnn_net_destroy(loaded);
    free(b.data);
    free(unknown.data);
}

static void an_empty_net_survives(void **state) {
    (void)state;
    cnn_net *net = cnn_net_create(NULL), *loaded = NULL;
    bytes b = saved(net, NULL);
    OK(cnn_net_load_memory(b.data, b.size, &loaded, &err));
    assert_int_equal(cnn_net_node_count(loaded), 0);
    cnn_net_destroy(net);
    cnn_net_destroy(loaded);
    free(b.data);
}

static void a_mistaken_net_is_not_saved(void **state) {
    (void)state;
    cnn_net *net = cnn_net_create(NULL);
    cnn_net_dense(net, 5, NULL);
    FAILS(cnn_net_save(net, PATH, &err), CNN_INVALID_ARGUMENT);
    assert_null(fopen(PATH, "rb"));
    cnn_net_destroy(net);
}

/* ---- Training goes on ---- */

enum { SAMPLES = 12 };

typedef struct training {
    cnn_device *device;
    float x[SAMPLES * 36];
    unsigned char labels[SAMPLES];
    cnn_samples samples;
} training;

static training *make_training(void) {
    training *t = calloc(1, sizeof *t);
    OK(cnn_device_open("cpu", NULL, &t->device, &err));
    for (int i = 0; i < SAMPLES * 36; ++i) t->x[i] = (float)(i * 37 % 101) / 101;
    for (int i = 0; i < SAMPLES; ++i) t->labels[i] = (unsigned char)(i % 3);
    t->samples.inputs = t->x;
    t->samples.input_elements = SAMPLES * 36;
    t->samples.labels = t->labels;
    t->samples.label_elements = SAMPLES;
    t->samples.label_type = CNN_UINT8;
    return t;
}

static void end_training(training *t) {
    cnn_device_destroy(t->device);
    free(t);
}

static void compile(cnn_net *net, training *t) {
    OK(cnn_net_compile(net, t->device, &(cnn_compile){.max_batch = 4}, &err));
}

typedef struct saver {
    cnn_net *net;
    cnn_optimizer *optimizer;
    int64_t at_step;
    bytes saved;
} saver;

static int32_t save_at_step(const cnn_progress *progress, void *user) {
    saver *s = user;
    if (progress->step == s->at_step && !s->saved.data) s->saved = saved(s->net, s->optimizer);
    return 0;
}

/* Saved in the middle of an epoch, from the callback, and resumed from the file. */
static void a_resumed_fit_gives_the_same_bits(void **state) {
    (void)state;
    training *t = make_training();
    cnn_net *net = make_net();
    cnn_optimizer *adam = cnn_optimizer_create(CNN_ADAM);
    compile(net, t);
    saver s = {net, adam, 4, {NULL, 0}};
    cnn_fit fit = {.epochs = 3, .seed = 5, .progress = save_at_step, .user = &s};
    fit.progress_interval = -1;
    OK(cnn_net_fit(net, adam, &t->samples, &fit, NULL, &err));
    assert_non_null(s.saved.data);

    cnn_net *loaded = NULL;
    cnn_optimizer *optimizer = NULL;
    OK(cnn_checkpoint_load_memory(s.saved.data, s.saved.size, &loaded, &optimizer, &err));
    assert_int_equal(cnn_optimizer_steps(optimizer), 4);
    compile(loaded, t);
    fit.progress = NULL;
    fit.progress_interval = 0;
    fit.resume = 1;
    OK(cnn_net_fit(loaded, optimizer, &t->samples, &fit, NULL, &err));
    assert_int_equal(cnn_optimizer_steps(optimizer), 9);
    bytes whole = saved(net, adam);
    assert_saves_as(loaded, optimizer, whole);

    cnn_net_destroy(net);
    cnn_net_destroy(loaded);
    cnn_optimizer_destroy(adam);
    cnn_optimizer_destroy(optimizer);
    free(s.saved.data);
    free(whole.data);
    end_training(t);
}

/* ---- Bad files ---- */

static void every_truncation_is_refused(void **state) {
    (void)state;
    bytes b = saved_checkpoint();
    for (size_t size = 0; size < b.size; ++size) {
        unsigned char *part = malloc(size + 1); /* so that reading past it shows */
        memcpy(part, b.data, size);
        cnn_net *net = NULL;
        FAILS(cnn_net_load_memory(part, size, &net, &err), CNN_BAD_FILE);
        assert_null(net);
        free(part);
    }
    free(b.data);
}

static void every_wrong_byte_is_harmless(void **state) {
    (void)state;
    static const unsigned char flips[] = {0x01, 0x10, 0x80, 0xff};
    bytes b = saved_checkpoint();
    const size_t end = 8 + header_length(b) + 64;
    for (size_t i = 0; i < end; ++i)
        for (size_t k = 0; k < sizeof flips; ++k) {
            b.data[i] ^= flips[k];
            load_whatever(b.data, b.size);
            b.data[i] ^= flips[k];
        }
    free(b.data);
}

static void every_wrong_byte_of_data_is_refused(void **state) {
    (void)state;
    bytes b = saved_checkpoint();
    for (size_t i = 8 + header_length(b); i < b.size; ++i) {
        b.data[i] ^= (unsigned char)(1 << i % 8);
        assert_refused(b, CNN_BAD_FILE, "libcnn_checksum");
        b.data[i] ^= (unsigned char)(1 << i % 8);
    }
    free(b.data);
}

/* Other programs may edit the weights: they drop the key, and the next save has it again. */
static void a_file_without_a_checksum_loads(void **state) {
    (void)state;
    bytes b = saved_model();
    bytes dropped = edited(b, "\"libcnn_checksum\"", "\"other\"");
    cnn_net *net = NULL;
    OK(cnn_net_load_memory(dropped.data, dropped.size, &net, &err));
    assert_saves_as(net, NULL, b);
    cnn_net_destroy(net);
    net = NULL;
    dropped.data[dropped.size - 1] ^= 0x01;
    OK(cnn_net_load_memory(dropped.data, dropped.size, &net, &err));
    cnn_net_destroy(net);
    free(dropped.data);
    free(b.data);
}

typedef struct edit {
    const char *from, *to;
    cnn_status status;
    const char *message;
} edit;

static const edit edits[] = {
    {"\"F32\"", "\"F16\"", CNN_BAD_FILE, "F16"},
    {"\"F32\"", "\"F33\"", CNN_BAD_FILE, "unknown dtype"},
    {"\"F32\"", "32", CNN_BAD_FILE, "dtype"},
    {"\"F32\"", "\"I32\"", CNN_BAD_FILE, "must be F32"},
    {"[2,1,3,3]", "[2,1,9]", CNN_BAD_FILE, "must have [2, 1, 3, 3]"},
    {"[2,1,3,3]", "[-2,1,-3,3]", CNN_BAD_FILE, "negative"},
    {"[2,1,3,3]", "[4294967296,4294967296,4294967296]", CNN_BAD_FILE, "too large"},
    {"[2,1,3,3]", "[2,1,3,4]", CNN_BAD_FILE, "takes 96"},
    {"[2,1,3,3]", "[2.0,1,3,3]", CNN_BAD_FILE, "integers"},
    {"[2,1,3,3]", "{}", CNN_BAD_FILE, "shape"},
    {"[0,72]", "[0,4096200]", CNN_BAD_FILE, "\"conv2d_1/weight\" claims bytes 0–4096200, but"},
    {"[0,72]", "[0,9223372036854775807]", CNN_BAD_FILE, "claims"},
    {"[0,72]", "[0,9223372036854775808]", CNN_BAD_FILE, "too large"},
    {"[0,72]", "[72,0]", CNN_BAD_FILE, "start and an end"},
    {"[0,72]", "[4,76]", CNN_BAD_FILE, "bytes 0–4 belong to none"},
    {"[72,80]", "[68,76]", CNN_BAD_FILE, "within the one before"},
    {"\"conv2d_1/bias\"", "\"conv2d_1/weight\"", CNN_BAD_FILE, "there twice"},
    {"\"conv2d_1/bias\"", "\"conv2d_9/bias\"", CNN_BAD_FILE, "belongs to no node"},
    {"\"norm/running_mean\"", "\"optimizer/mean\"", CNN_BAD_FILE, "is missing"},
    {"\"optimizer/state_1\"", "\"optimizer/state_7\"", CNN_BAD_FILE, "state_1\" is missing"},
    {"\"libcnn\"", "\"pt\"", CNN_BAD_FILE, "libcnn"},
    {"\"format_version\":\"1\"", "\"format_version\":\"2\"", CNN_INCOMPATIBLE, "version is 2"},
    {"\"format_version\":\"1\"", "\"format_version\":\"x\"", CNN_BAD_FILE, "version"},
    {"\"format_version\":\"1\"", "\"format_version\":1", CNN_BAD_FILE, "string"},
    {"\"network\"", "\"netwerk\"", CNN_BAD_FILE, "network"},
    {"\"optimizer\"", "\"optimiser\"", CNN_NOT_FOUND, "no optimizer"},
    {Q "18446744073709551615" Q, Q "18446744073709551616" Q, CNN_BAD_FILE, "seed"},
    {Q "18446744073709551615" Q, Q "-1" Q, CNN_BAD_FILE, "seed"},
    {Q "18446744073709551615" Q, "5", CNN_BAD_FILE, "seed"},
    {Q "conv2d" Q, Q "conv9d" Q, CNN_BAD_FILE, "conv9d"},
    {Q "conv2d" Q, Q "mse" Q, CNN_BAD_FILE, "settings"},
    {Q "conv2d_1" Q, Q "norm" Q, CNN_BAD_FILE, "taken"},
    {Q "conv2d_1" Q, Q "a/b" Q, CNN_BAD_FILE, "/"},
    {Q "conv2d_1" Q, Q Q, CNN_BAD_FILE, "empty"},
    {Q "conv2d_1" Q, Q "a\\\\u0000b" Q, CNN_BAD_FILE, "zero byte"},
    {Q "filters" Q ":2", Q "filters" Q ":-2", CNN_BAD_FILE, "filters"},
    {Q "filters" Q ":2", Q "filters" Q ":2000000000", CNN_BAD_FILE, "but the file has"},
    {Q "filters" Q ":2", Q "filters" Q ":2.5", CNN_BAD_FILE, "integer"},
    {Q "filters" Q ":2", Q "filters" Q ":1e999", CNN_BAD_FILE, "JSON"},
    {Q "filters" Q ":2", Q "filters" Q ":null", CNN_BAD_FILE, "number"},
    {Q "filters" Q ":2", Q "folters" Q ":2", CNN_BAD_FILE, "folters"},
    {Q "filters" Q ":2,", "", CNN_BAD_FILE, "filters"},
    {Q "rate" Q ":0.25", Q "rate" Q ":0.25," Q "slope" Q ":0", CNN_BAD_FILE, "\"slope\", which"},
    {Q "slope" Q ":0.01", Q "slope" Q ":1e300", CNN_BAD_FILE, "slope is 1e+300"},
    {Q "slope" Q ":0.01", Q "slope" Q ":-1", CNN_BAD_FILE, "finite and not negative"},
    {Q "initializer_scale" Q ":1.0", Q "initializer_scale" Q ":1e300", CNN_BAD_FILE, "1e+300"},
    {Q "epsilon" Q ":1e-05", Q "epsilon" Q ":1e300", CNN_BAD_FILE, "epsilon is 1e+300"},
    {Q "weight" Q ":0.5", Q "weight" Q ":1e300", CNN_BAD_FILE, "weight is 1e+300"},
    {Q "units" Q ":3", Q "units" Q ":9223372036854775807", CNN_BAD_FILE, "units"},
    {Q "units" Q ":3", Q "units" Q ":2147483647", CNN_BAD_FILE, "but the file has"},
    {Q "rate" Q ":0.25", Q "rate" Q ":" Q "nan" Q, CNN_BAD_FILE, "rate"},
    {Q "weight" Q ":0.5", Q "weight" Q ":" Q "nan" Q, CNN_BAD_FILE, "weight"},
    {Q "weight" Q ":0.5", Q "weight" Q ":-1", CNN_BAD_FILE, "weight"},
    {Q "shape" Q ":[1,6,6]", Q "shape" Q ":[1,-6,6]", CNN_BAD_FILE, "shape"},
    {Q "shape" Q ":[1,6,6]", Q "shape" Q ":[1,1099511627776,6]", CNN_BAD_FILE, "shape"},
    {Q "shape" Q ":[1,6,6]", Q "shape" Q ":[]", CNN_BAD_FILE, "rank"},
    {Q "shape" Q ":[1,6,6]", Q "shape" Q ":[1,1,1,6,6,1,1,1]", CNN_BAD_FILE, "shape"},
    {Q "inputs" Q ":[0]", Q "inputs" Q ":[1]", CNN_BAD_FILE, "isn't before it"},
    {Q "inputs" Q ":[0]", Q "inputs" Q ":[7]", CNN_BAD_FILE, "isn't before it"},
    {Q "inputs" Q ":[0]", Q "inputs" Q ":[-1]", CNN_BAD_FILE, "isn't before it"},
    {Q "inputs" Q ":[0]", Q "inputs" Q ":[4294967296]", CNN_BAD_FILE, "isn't before it"},
    {Q "inputs" Q ":[0]", Q "inputs" Q ":[]", CNN_BAD_FILE, "0 inputs"},
    {Q "inputs" Q ":[0]", Q "inputs" Q ":[0,0]", CNN_BAD_FILE, "2 inputs"},
    {Q "inputs" Q ":[7]", Q "inputs" Q ":[7,7]", CNN_BAD_FILE, "2 inputs"},
    {Q "outputs" Q ":[7,2]", Q "outputs" Q ":[99]", CNN_BAD_FILE, "node 99"},
    {Q "outputs" Q ":[7,2]", Q "outputs" Q ":[8]", CNN_BAD_FILE, "loss"},
    {Q "outputs" Q ":[7,2]", Q "outputs" Q ":[7,7]", CNN_BAD_FILE, "already"},
    {Q "conv2d_1/weight" Q ":0.1", Q "conv2d_1/weight" Q ":-1", CNN_BAD_FILE, "rate"},
    {Q "conv2d_1/weight" Q ":0.1", Q "conv2d_1/wat" Q ":1", CNN_BAD_FILE, "conv2d_1/wat"},
    {Q "steps" Q ":0", Q "steps" Q ":-1", CNN_BAD_FILE, "steps"},
    {Q "steps" Q ":0", Q "steps" Q ":9223372036854775807", CNN_BAD_FILE, "steps"},
    {Q "nodes" Q ":[", Q "nodes" Q ":[7,", CNN_BAD_FILE, "node 0"},
    {Q "adam" Q, Q "odom" Q, CNN_BAD_FILE, "odom"},
    {Q "beta1" Q ":0.9", Q "beta1" Q ":2", CNN_BAD_FILE, "beta1"},
    {Q "beta1" Q ":0.9", Q "beta1" Q ":" Q "nan" Q, CNN_BAD_FILE, "beta1"},
    {Q "beta1" Q, Q "beta9" Q, CNN_BAD_FILE, "beta9"},
    {Q "epoch" Q ":0", Q "epoch" Q ":-3", CNN_BAD_FILE, "epoch"},
    {Q "step_in_epoch" Q ":0", Q "step_in_epoch" Q ":4611686018427387904", CNN_BAD_FILE, "step"},
};

static void hostile_edits_are_refused(void **state) {
    (void)state;
    bytes b = saved_checkpoint();
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; ++i) {
        bytes bad = edited(b, edits[i].from, edits[i].to);
        assert_refused(bad, edits[i].status, edits[i].message);
        free(bad.data);
    }
    free(b.data);
}

static void what_a_newer_library_wrote_is_told(void **state) {
    (void)state;
    bytes b = saved_checkpoint();
    bytes newer = edited(b, "\"libcnn_version\":\"", "\"libcnn_version\":\"9");
    cnn_net *net = NULL;
    OK(cnn_net_load_memory(newer.data, newer.size, &net, &err)); /* it uses nothing new */
    cnn_net_destroy(net);
    bytes unknown = edited(newer, Q "conv2d" Q, Q "conv9d" Q);
    assert_refused(unknown, CNN_INCOMPATIBLE, "conv9d");
    bytes setting = edited(newer, Q "filters" Q ":2", Q "filters" Q ":2," Q "axis" Q ":1");
    assert_refused(setting, CNN_INCOMPATIBLE, "axis");
    free(b.data);
    free(newer.data);
    free(unknown.data);
    free(setting.data);
}

static void hostile_headers_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *header;
        size_t data;
        const char *message;
    } rows[] = {
        {"", 0, "{"},
        {"[]", 0, "{"},
        {" {}", 0, "{"},
        {"{", 0, "JSON"},
        {"{}{}", 0, "JSON"},
        {"{}", 0, "libcnn"},
        {"{}", 4, "end at byte 0"},
        {"{\"a\":1}", 0, "object"},
        {"{\"__metadata__\":[]}", 0, "object"},
        {"{\"__metadata__\":{\"a\":1}}", 0, "string"},
        {"{\"\xff\":1}", 0, "JSON"},
        {"{\"a\":{},\"a\":{}}", 0, "\"a\""},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"x\":1}}", 4, "\"x\""},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}", 5, "end at byte 4"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; ++i) {
        bytes b = file_with(rows[i].header, rows[i].data);
        assert_refused(b, CNN_BAD_FILE, rows[i].message);
        free(b.data);
    }
}

static void hostile_lengths_are_refused(void **state) {
    (void)state;
    bytes b = saved_model();
    static const uint64_t lengths[] = {0, 1, 1 << 20, 100000001, UINT64_MAX, UINT64_MAX - 7};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; ++i) {
        for (int k = 0; k < 8; ++k) b.data[k] = (unsigned char)(lengths[i] >> (8 * k));
        assert_refused(b, CNN_BAD_FILE, "header");
    }
    free(b.data);
    cnn_net *net = NULL;
    FAILS(cnn_net_load_memory(NULL, 8, &net, &err), CNN_INVALID_ARGUMENT);
    FAILS(cnn_net_load_memory(NULL, 0, &net, &err), CNN_BAD_FILE);
}

static void megabytes_of_nesting_are_refused(void **state) {
    (void)state;
    enum { DEPTH = 4 << 20 };
    static const char *const openings[] = {"[", "{\"a\":"};
    for (int i = 0; i < 2; ++i) {
        const size_t size = strlen(openings[i]);
        char *header = malloc(5 + DEPTH * size + 1), *at = header;
        memcpy(at, "{\"a\":", 6);
        at += 5;
        for (int k = 0; k < DEPTH; ++k, at += size) memcpy(at, openings[i], size + 1);
        bytes b = file_with(header, 0);
        assert_refused(b, CNN_BAD_FILE, "nested");
        free(b.data);
        free(header);
    }
}

/* ---- The file system ---- */

static void paths_that_fail_are_told(void **state) {
    (void)state;
    cnn_net *net = make_net(), *loaded = NULL;
    FAILS(cnn_net_save(net, "no/such/folder/" PATH, &err), CNN_IO_ERROR);
    expect_message("no/such/folder");
    assert_true(cnn_net_save(net, ".", &err) != CNN_OK);
    FAILS(cnn_net_load("no/such/file", &loaded, &err), CNN_IO_ERROR);
    expect_message("load \"no/such/file\"");
    FAILS(cnn_net_save(net, NULL, &err), CNN_INVALID_ARGUMENT);
    FAILS(cnn_net_load(NULL, &loaded, &err), CNN_INVALID_ARGUMENT);
    FAILS(cnn_net_load("x", NULL, &err), CNN_INVALID_ARGUMENT);
    assert_null(loaded);
    cnn_net_destroy(net);
}

static void a_failed_save_leaves_the_old_file(void **state) {
    (void)state;
    FILE *old = fopen(PATH, "wb");
    fputs("old", old);
    fclose(old);
    cnn_net *net = make_net();
    struct rlimit before, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 100;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    const cnn_status status = cnn_net_save(net, PATH, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    FAILS(status, CNN_IO_ERROR);
    bytes b = file_of(PATH);
    assert_int_equal(b.size, 3);
    assert_memory_equal(b.data, "old", 3);
    free(b.data);
    cnn_net_destroy(net);
    remove(PATH);
}

static void write_golden(const char *folder) {
    training *t = make_training();
    cnn_net *net = make_net(), *loaded = NULL;
    cnn_optimizer *adam = cnn_optimizer_create(CNN_ADAM);
    char path[512];
    snprintf(path, sizeof path, "%s/model-%s.safetensors", folder, cnn_version_string());
    OK(cnn_net_save(net, path, &err));
    compile(net, t);
    saver s = {net, adam, 4, {NULL, 0}};
    cnn_fit fit = {.epochs = 2, .progress = save_at_step, .user = &s, .progress_interval = -1};
    OK(cnn_net_fit(net, adam, &t->samples, &fit, NULL, &err));
    snprintf(path, sizeof path, "%s/checkpoint-%s.safetensors", folder, cnn_version_string());
    FILE *file = fopen(path, "wb");
    fwrite(s.saved.data, 1, s.saved.size, file);
    fclose(file);
    OK(cnn_net_load(path, &loaded, &err));
    compile(loaded, t);
    cnn_evaluation evaluation;
    OK(cnn_net_evaluate(loaded, &t->samples, &evaluation, &err));
    printf("GOLDEN_LOSS %.9f\n", evaluation.loss);
    cnn_net_destroy(net);
    cnn_net_destroy(loaded);
    cnn_optimizer_destroy(adam);
    free(s.saved.data);
    end_training(t);
}

/* Files of every released version load. */
static void golden_files_load(void **state) {
    (void)state;
    cnn_net *net = NULL;
    cnn_optimizer *optimizer = NULL;
    OK(cnn_net_load(CNN_TEST_DIR "/golden/model-0.1.0.safetensors", &net, &err));
    assert_int_equal(cnn_net_node_count(net), 9);
    cnn_net_destroy(net);
    OK(cnn_checkpoint_load(CNN_TEST_DIR "/golden/checkpoint-0.1.0.safetensors", &net, &optimizer,
                           &err));
    assert_int_equal(cnn_optimizer_get_kind(optimizer), CNN_ADAM);
    assert_int_equal(cnn_optimizer_steps(optimizer), 4);

    training *t = make_training();
    compile(net, t);
    cnn_evaluation evaluation;
    OK(cnn_net_evaluate(net, &t->samples, &evaluation, &err));
    if (!(fabs(evaluation.loss - GOLDEN_LOSS) < 1e-5)) fail_msg("loss %.9f", evaluation.loss);
    cnn_fit fit = {.epochs = 2, .resume = 1};
    OK(cnn_net_fit(net, optimizer, &t->samples, &fit, NULL, &err));
    assert_int_equal(cnn_optimizer_steps(optimizer), 6);
    end_training(t);
    cnn_net_destroy(net);
    cnn_optimizer_destroy(optimizer);
}

/* Gives a header, if any, then zeros without end. */
struct endless {
    size_t given;
    const char *header;
};

static int32_t read_endless(void *user, void *buffer, size_t bytes, size_t *got) {
    struct endless *e = user;
    memset(buffer, 0, bytes);
    if (e->given == 0 && e->header) {
        const size_t length = strlen(e->header);
        *(unsigned char *)buffer = (unsigned char)length;
        memcpy((char *)buffer + 8, e->header, length);
    }
    *got = bytes;
    e->given += bytes;
    return 0;
}

static void a_stream_without_end_is_refused_early(void **state) {
    static const char *const headers[] = {
        NULL, "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}"};
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct endless endless = {0, headers[i]};
        const cnn_reader reader = {&endless, read_endless};
        cnn_net *net = NULL;
        cnn_error error = {0};
        assert_int_equal(cnn_net_load_reader(&reader, &net, &error), CNN_BAD_FILE);
        assert_true(endless.given <= 4 << 20);
        assert_null(net);
    }
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "--golden") == 0) {
        write_golden(argv[2]);
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_without_end_is_refused_early),
        cmocka_unit_test(a_model_survives_memory),
        cmocka_unit_test(a_loaded_net_grows),
        cmocka_unit_test(a_model_survives_a_path),
        cmocka_unit_test(a_checkpoint_survives_streams),
        cmocka_unit_test(failing_streams_are_told),
        cmocka_unit_test(saving_to_memory_tells_the_size),
        cmocka_unit_test(a_loaded_net_looks_the_same),
        cmocka_unit_test(any_weights_survive),
        cmocka_unit_test(an_optimizer_survives),
        cmocka_unit_test(each_kind_loads_as_the_other),
        cmocka_unit_test(every_layer_survives),
        cmocka_unit_test(an_empty_net_survives),
        cmocka_unit_test(a_mistaken_net_is_not_saved),
        cmocka_unit_test(a_resumed_fit_gives_the_same_bits),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(every_wrong_byte_is_harmless),
        cmocka_unit_test(every_wrong_byte_of_data_is_refused),
        cmocka_unit_test(a_file_without_a_checksum_loads),
        cmocka_unit_test(hostile_edits_are_refused),
        cmocka_unit_test(what_a_newer_library_wrote_is_told),
        cmocka_unit_test(hostile_headers_are_refused),
        cmocka_unit_test(hostile_lengths_are_refused),
        cmocka_unit_test(megabytes_of_nesting_are_refused),
        cmocka_unit_test(paths_that_fail_are_told),
        cmocka_unit_test(a_failed_save_leaves_the_old_file),
        cmocka_unit_test(golden_files_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Every function of the interface leaves the process around it as it was: locale, floating-point
 * control words, signals, standard output and error, environment, working directory, umask. A
 * function of tests/abi/symbols.txt that isn't called here is a failure. */
#define _GNU_SOURCE
#include "public.h"

#include <fenv.h>
#include <locale.h>
#include <math.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>
#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

enum { kChannels = 2, kSide = 8, kIn = kChannels * kSide * kSide, kOut = 3, kBatch = 4 };
enum { kSignals = 64, kMostNames = 512, kName = 64 };

extern char **environ;

struct surroundings {
    char locale[256], directory[1024];
    void (*handlers[kSignals + 1])(int);
    int flags[kSignals + 1], masked[kSignals + 1];
    stack_t stack;
    unsigned sse, x87;
    int rounding;
    mode_t mask;
    char **environment;
    size_t environment_hash;
    off_t written[2];
};

static unsigned sse_word(void) {
#if defined(__SSE2__)
    return _mm_getcsr() & ~0x3Fu; /* the flags below are those of any arithmetic */
#else
    return 0;
#endif
}

static unsigned x87_word(void) {
#if defined(__x86_64__) || defined(__i386__)
    unsigned short word;
    __asm__ __volatile__("fnstcw %0" : "=m"(word));
    return word;
#else
    return 0;
#endif
}

static void look(struct surroundings *s) {
    memset(s, 0, sizeof *s);
    snprintf(s->locale, sizeof s->locale, "%s", setlocale(LC_ALL, NULL));
    if (!getcwd(s->directory, sizeof s->directory)) abort();
    sigset_t mask;
    sigprocmask(SIG_SETMASK, NULL, &mask);
    for (int i = 1; i <= kSignals; i++) {
        struct sigaction action;
        if (sigaction(i, NULL, &action)) continue;
        s->handlers[i] = action.sa_handler;
        s->flags[i] = action.sa_flags;
        s->masked[i] = sigismember(&mask, i);
    }
    sigaltstack(NULL, &s->stack);
    s->sse = sse_word();
    s->x87 = x87_word();
    s->rounding = fegetround();
    s->mask = umask(0);
    umask(s->mask);
    s->environment = environ;
    for (char **e = environ; *e; e++)
        for (const char *c = *e; *c; c++)
            s->environment_hash = s->environment_hash * 31 + (size_t)*c;
    fflush(NULL);
    for (int i = 0; i < 2; i++) s->written[i] = lseek(i + 1, 0, SEEK_END);
}

/* ---- Calling ---- */

static struct surroundings before;
static char called[kMostNames][kName];
static int calls;
static char trouble[4096];

static void begin(const char *name) {
    int i = 0;
    while (i < calls && strcmp(called[i], name) != 0) i++;
    if (i == calls && calls < kMostNames) snprintf(called[calls++], kName, "%s", name);
    look(&before);
}

static void complain(const char *name, const char *what) {
    const size_t length = strlen(trouble);
    snprintf(trouble + length, sizeof trouble - length, "%s: %s\n", name, what);
}

static void end(const char *name) {
    struct surroundings after;
    look(&after);
    if (strcmp(before.locale, after.locale) != 0) complain(name, "another locale");
    if (strcmp(before.directory, after.directory) != 0) complain(name, "another directory");
    if (memcmp(before.handlers, after.handlers, sizeof after.handlers) != 0 ||
        memcmp(before.flags, after.flags, sizeof after.flags) != 0)
        complain(name, "another signal handler");
    if (memcmp(before.masked, after.masked, sizeof after.masked) != 0)
        complain(name, "another signal mask");
    if (before.stack.ss_sp != after.stack.ss_sp) complain(name, "another signal stack");
    if (before.sse != after.sse) complain(name, "another MXCSR");
    if (before.x87 != after.x87) complain(name, "another x87 control word");
    if (before.rounding != after.rounding) complain(name, "another rounding");
    if (before.mask != after.mask) complain(name, "another umask");
    if (before.environment != after.environment ||
        before.environment_hash != after.environment_hash)
        complain(name, "another environment");
    if (before.written[0] != after.written[0]) complain(name, "standard output was written");
    if (before.written[1] != after.written[1]) complain(name, "standard error was written");
}

/* A call with something to give, without arguments or with, and one without. */
#define CALL_PLAIN(name)                    \
    __extension__({                         \
        begin(#name);                       \
        __typeof__(name()) given_ = name(); \
        end(#name);                         \
        given_;                             \
    })
#define CALL(name, ...)                                           \
    __extension__({                                               \
        begin(#name);                                             \
        __typeof__(name(__VA_ARGS__)) given_ = name(__VA_ARGS__); \
        end(#name);                                               \
        given_;                                                   \
    })
#define DO(name, ...)      \
    do {                   \
        begin(#name);      \
        name(__VA_ARGS__); \
        end(#name);        \
    } while (0)

static void expect_status(cnn_status wanted, cnn_status got, const char *name, int line) {
    char text[600];
    if (wanted == got) return;
    snprintf(text, sizeof text, "line %d gave %s: %s", line, cnn_status_name(got),
             got ? err.message : "");
    complain(name, text);
}

#define GOOD(name, ...) expect_status(CNN_OK, CALL(name, __VA_ARGS__), #name, __LINE__)
#define BAD(status, name, ...) expect_status(status, CALL(name, __VA_ARGS__), #name, __LINE__)

/* ---- The host's part ---- */

static int32_t twice(int64_t count, const float *x, float *y, void *user) {
    (void)user;
    for (int64_t i = 0; i < count; i++) y[i] = 2 * x[i];
    return 0;
}

static int32_t twice_backward(int64_t count, const float *x, const float *y, const float *dy,
                              float *dx, void *user) {
    (void)x, (void)y, (void)user;
    for (int64_t i = 0; i < count; i++) dx[i] = 2 * dy[i];
    return 0;
}

static int32_t layer(const cnn_host_call *call, void *user) {
    (void)call, (void)user;
    return 0;
}

static int32_t product(int64_t n, const double *v, double *y, void *user) {
    (void)user;
    for (int64_t i = 0; i < n; i++) y[i] = (double)(i + 1) * v[i];
    return 0;
}

static int32_t bowl(int64_t n, const double *x, double *value, double *gradient, void *user) {
    (void)user;
    *value = 0;
    for (int64_t i = 0; i < n; i++) {
        *value += x[i] * x[i];
        if (gradient) gradient[i] = 2 * x[i];
    }
    return 0;
}

static char file[1 << 18];
static size_t file_bytes, file_at;

static int32_t write_file(void *user, const void *data, size_t bytes) {
    (void)user;
    if (file_bytes + bytes > sizeof file) return 1;
    memcpy(file + file_bytes, data, bytes);
    file_bytes += bytes;
    return 0;
}

static int32_t read_file(void *user, void *buffer, size_t bytes, size_t *got) {
    (void)user;
    *got = bytes < file_bytes - file_at ? bytes : file_bytes - file_at;
    memcpy(buffer, file + file_at, *got);
    file_at += *got;
    return 0;
}

static void log_line(void *user, cnn_log_level level, const char *message) {
    (void)user, (void)level, (void)message;
}

static void in_turn(void *user, int32_t count, void (*task)(void *, int32_t), void *context) {
    (void)user;
    for (int32_t i = 0; i < count; i++) task(context, i);
}

/* ---- All calls ---- */

static void look_around(void) {
    cnn_device_info info;
    (void)CALL_PLAIN(cnn_version);
    (void)CALL_PLAIN(cnn_version_string);
    (void)CALL(cnn_status_name, CNN_BUSY);
    (void)CALL(cnn_device_count, &err);
    GOOD(cnn_device_describe, 0, &info, &err);
    cnn_device *none = NULL;
    BAD(CNN_INVALID_ARGUMENT, cnn_device_open_opencl, NULL, NULL, &none, &err);
    BAD(CNN_NOT_FOUND, cnn_device_open, "nothing", NULL, &none, &err);
}

/* Every layer that there is, in a net that isn't compiled. */
static void build_all_layers(void) {
    cnn_net *net = CALL(cnn_net_create, NULL);
    const cnn_node x = CALL(cnn_net_input, net, NULL, 3, (const int64_t[]){2, 8, 8});
    const cnn_node c = CALL(cnn_net_conv2d, net, x, &(cnn_conv2d){.filters = 2, .kernel = {3, 3}});
    const cnn_pool2d pool = {.window = {2, 2}};
    (void)CALL(cnn_net_max_pool2d, net, c, &pool);
    (void)CALL(cnn_net_average_pool2d, net, c, &pool);
    (void)CALL(cnn_net_weighted_subsample2d, net, c, &(cnn_weighted_subsample2d){.factor = {2, 2}});
    (void)CALL(cnn_net_subsample2d, net, c, &(cnn_subsample2d){.factor = {2, 2}});
    (void)CALL(cnn_net_global_average_pool2d, net, c, NULL);
    const cnn_node f = CALL(cnn_net_flatten, net, c, NULL);
    (void)CALL(cnn_net_reshape, net, f, &(cnn_reshape){.rank = 1, .shape = {72}});
    (void)CALL(cnn_net_radial_basis, net, f, &(cnn_radial_basis){.units = 3});
    (void)CALL(cnn_net_dense, net, f, &(cnn_dense){.units = 2});
    (void)CALL(cnn_net_activation, net, f, &(cnn_activation){.kind = CNN_GELU});
    (void)CALL(cnn_net_softmax, net, f, NULL);
    (void)CALL(cnn_net_dropout, net, f, NULL);
    (void)CALL(cnn_net_batch_norm, net, c, NULL);
    (void)CALL(cnn_net_add, net, (const cnn_node[]){c, c}, 2, NULL);
    (void)CALL(cnn_net_concat, net, (const cnn_node[]){c, c}, 2, NULL);
    const cnn_host_layer host = {.kind = "own", .forward = layer, .backward = layer};
    (void)CALL(cnn_net_host_layer, net, &c, 1, &host);
    const cnn_host_activation own = {.kind = "twice", .forward = twice, .backward = twice_backward};
    const cnn_node a = CALL(cnn_net_host_activation, net, f, &own);
    (void)CALL(cnn_net_loss, net, a, &(cnn_loss){.kind = CNN_LOSS_MSE});
    GOOD(cnn_net_output, net, a, &err);
    GOOD(cnn_net_error, net, &err);
    BAD(CNN_NOT_FOUND, cnn_net_bind_host_layer, net, "nobody", &host, &err);
    BAD(CNN_NOT_FOUND, cnn_net_bind_host_activation, net, "nobody", &own, &err);
    cnn_net *unrolled = NULL;
    GOOD(cnn_net_unroll_conv2d, net, c, &unrolled, &err);
    DO(cnn_net_destroy, unrolled);
    DO(cnn_net_destroy, net);
}

static void use_matrices(cnn_net *net, cnn_node conv) {
    cnn_matrix *dense = NULL, *sparse = NULL, *of_net = NULL;
    float values[4] = {1, 2, 3, 4};
    int64_t offsets[3] = {0, 1, 2}, columns[4] = {0, 1};
    GOOD(cnn_matrix_mat, values, 4, 2, 2, CNN_VEC_ROWS, &dense, &err);
    GOOD(cnn_matrix_vec, dense, CNN_VEC_COLUMNS, values, 4, &err);
    GOOD(cnn_matrix_csr, 2, 2, offsets, columns, values, 2, &sparse, &err);
    GOOD(cnn_matrix_get_csr, sparse, offsets, 3, columns, values, 2, &err);
    cnn_matrix_info info;
    GOOD(cnn_matrix_get_info, sparse, &info, &err);
    GOOD(cnn_matrix_multiply, sparse, 0, values, 2, values + 2, 2, &err);
    DO(cnn_matrix_destroy, sparse);
    DO(cnn_matrix_destroy, dense);
    cnn_convolution_info of;
    GOOD(cnn_net_describe_convolution, net, conv, &of, &err);
    float *z = floats(kIn), *phi = floats(of.patch_rows * of.positions);
    GOOD(cnn_net_patches, net, conv, z, kIn, phi, of.patch_rows * of.positions, &err);
    GOOD(cnn_net_patch_matrix, net, conv, CNN_ORDER_CHW, &of_net, &err);
    DO(cnn_matrix_destroy, of_net);
    of_net = NULL;
    GOOD(cnn_net_conv_matrix, net, conv, NULL, &of_net, &err);
    const int64_t weights = of.output[0] * of.patch_rows;
    int64_t *counts = calloc((size_t)weights, sizeof *counts);
    GOOD(cnn_net_conv_positions, net, conv, counts, weights, &err);
    double residual;
    GOOD(cnn_net_set_conv_matrix, net, conv, of_net, NULL, &residual, &err);
    DO(cnn_matrix_destroy, of_net);
    free(counts);
    free(phi);
    free(z);
}

static void minimise(void) {
    cnn_optimizer *lbfgs = CALL(cnn_optimizer_create, CNN_LBFGS);
    double x[2] = {1, -2}, b[2] = {1, 2};
    GOOD(cnn_minimize, lbfgs, &(cnn_problem){.parameters = 2, .function = bowl}, x, NULL, NULL,
         &err);
    GOOD(cnn_conjugate_gradient, 2, product, NULL, NULL, b, x, NULL, NULL, &err);
    DO(cnn_optimizer_destroy, lbfgs);
}

struct work {
    float x[kIn * kBatch], t[kOut * kBatch], y[kOut * kBatch], dx[kIn * kBatch];
    cnn_samples samples;
    cnn_view in, out, gradient, input_gradient;
};

static void train(cnn_net *net, cnn_optimizer *adam, struct work *w) {
    double loss, value;
    cnn_evaluation evaluation;
    GOOD(cnn_net_train_step, net, adam, &w->samples, &loss, &err);
    GOOD(cnn_net_fit, net, adam, &w->samples, &(cnn_fit){.batch = 3}, NULL, &err);
    cnn_progress progress;
    GOOD(cnn_net_fit_for, net, adam, &w->samples, &(cnn_fit){.epochs = 1}, -1, &progress, &err);
    GOOD(cnn_net_evaluate, net, &w->samples, &evaluation, &err);
    GOOD(cnn_net_loss_gradient, net, &w->samples, NULL, &loss, &err);
    GOOD(cnn_net_backward, net, &w->samples, &w->gradient, 1, &w->input_gradient, 1, NULL, &err);
    GOOD(cnn_net_check_gradient, net, &w->samples, &(cnn_gradient_check){.tolerance = 1}, NULL,
         &err);
    GOOD(cnn_optimizer_set, adam, CNN_LEARNING_RATE, 1e-3, &err);
    GOOD(cnn_optimizer_get, adam, CNN_LEARNING_RATE, &value, &err);
    cnn_key_info key;
    (void)CALL(cnn_optimizer_key_count, adam);
    GOOD(cnn_optimizer_describe_key, adam, 0, &key, &err);
    (void)CALL(cnn_optimizer_get_kind, adam);
    (void)CALL(cnn_optimizer_steps, adam);
    cnn_optimizer *lm = CALL(cnn_optimizer_create, CNN_LEVENBERG_MARQUARDT);
    GOOD(cnn_net_minimize, net, lm, &w->samples, &(cnn_minimize_options){.max_iterations = 2}, NULL,
         &err);
    DO(cnn_optimizer_destroy, lm);
    const double alphas[2] = {0, 1e-3};
    double values[2];
    GOOD(cnn_net_error_curve, net, &w->samples, NULL, 0, alphas, values, 2, &err);
}

static void run(cnn_net *net, struct work *w) {
    GOOD(cnn_net_run, net, w->x, LENGTH(w->x), w->y, LENGTH(w->y), &err);
    GOOD(cnn_net_run_view, net, &w->in, &w->out, &err);
    GOOD(cnn_net_run_many, net, &w->in, 1, &w->out, 1, NULL, &err);
    BAD(CNN_SHAPE_MISMATCH, cnn_net_run, net, w->x, 1, w->y, 1, &err);
    cnn_run_progress progress;
    GOOD(cnn_net_run_for, net, &w->in, 1, &w->out, 1, NULL, -1, &progress, &err);
    cnn_event *event = NULL;
    GOOD(cnn_net_run_async, net, &w->in, 1, &w->out, 1, NULL, &event, &err);
    (void)CALL(cnn_event_is_done, event);
    GOOD(cnn_event_wait, event, -1, &err);
    DO(cnn_event_destroy, event);
    DO(cnn_net_cancel, net);
}

static void inspect(cnn_net *net) {
    const int64_t count = CALL(cnn_net_vector_elements, net, CNN_PARAMETERS);
    float *theta = floats(count);
    GOOD(cnn_net_get_vector, net, CNN_PARAMETERS, theta, count, &err);
    GOOD(cnn_net_set_vector, net, CNN_PARAMETERS, theta, count, &err);
    (void)CALL(cnn_net_tensor_count, net, CNN_PARAMETERS);
    cnn_tensor_info tensor;
    GOOD(cnn_net_describe_tensor, net, CNN_PARAMETERS, 0, &tensor, &err);
    GOOD(cnn_net_get_tensor, net, CNN_PARAMETERS, tensor.name, theta, tensor.elements, &err);
    GOOD(cnn_net_set_tensor, net, CNN_PARAMETERS, tensor.name, theta, tensor.elements, &err);
    GOOD(cnn_net_set_rate, net, tensor.name, 0.5, &err);
    GOOD(cnn_net_set_regularization, net, tensor.name, 0.5, &err);
    GOOD(cnn_net_set_center, net, theta, count, &err);
    GOOD(cnn_net_get_center, net, theta, count, &err);
    free(theta);
    (void)CALL(cnn_net_node_count, net);
    cnn_node_info node;
    GOOD(cnn_net_describe_node, net, 0, &node, &err);
    (void)CALL(cnn_net_find_node, net, "conv2d_1");
    char text[2048];
    size_t needed;
    GOOD(cnn_net_summary, net, text, sizeof text, &needed, &err);
    cnn_node_time times[4];
    int64_t launches;
    GOOD(cnn_net_profile, net, &(cnn_profile){.runs = 1}, times, 4, &launches, &err);
    cnn_net *clone = NULL;
    GOOD(cnn_net_clone, net, &clone, &err);
    GOOD(cnn_net_copy_parameters, net, clone, &err);
    cnn_net *shared = NULL;
    GOOD(cnn_net_share, clone, &shared, &err);
    GOOD(cnn_net_hand_over, shared, net, &err);
    DO(cnn_net_destroy, shared);
    DO(cnn_net_destroy, clone);
}

static void use_files(cnn_net *net, cnn_optimizer *adam) {
    char path[1024];
    const char *temporary = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/surroundings_test_%ld", temporary ? temporary : "/tmp",
             (long)getpid());
    static char memory[1 << 18];
    size_t bytes;
    const cnn_writer writer = {.write = write_file};
    const cnn_reader reader = {.read = read_file};
    cnn_net *loaded[6] = {NULL};
    cnn_optimizer *optimizers[3] = {NULL};
    GOOD(cnn_net_save, net, path, &err);
    GOOD(cnn_net_load, path, &loaded[0], &err);
    GOOD(cnn_net_save_memory, net, memory, sizeof memory, &bytes, &err);
    GOOD(cnn_net_load_memory, memory, bytes, &loaded[1], &err);
    file_bytes = file_at = 0;
    GOOD(cnn_net_save_writer, net, &writer, &err);
    GOOD(cnn_net_load_reader, &reader, &loaded[2], &err);
    GOOD(cnn_checkpoint_save, net, adam, path, &err);
    GOOD(cnn_checkpoint_load, path, &loaded[3], &optimizers[0], &err);
    GOOD(cnn_checkpoint_save_memory, net, adam, memory, sizeof memory, &bytes, &err);
    GOOD(cnn_checkpoint_load_memory, memory, bytes, &loaded[4], &optimizers[1], &err);
    file_bytes = file_at = 0;
    GOOD(cnn_checkpoint_save_writer, net, adam, &writer, &err);
    GOOD(cnn_checkpoint_load_reader, &reader, &loaded[5], &optimizers[2], &err);
    for (int i = 0; i < 6; i++) DO(cnn_net_destroy, loaded[i]);
    for (int i = 0; i < 3; i++) DO(cnn_optimizer_destroy, optimizers[i]);
    BAD(CNN_IO_ERROR, cnn_net_load, "/nonexistent/net", &loaded[0], &err);
    unlink(path);
}

static void call_everything(const char *spec, int runner) {
    struct work w;
    memset(&w, 0, sizeof w);
    fill(w.x, LENGTH(w.x), 1);
    fill(w.t, LENGTH(w.t), 2);
    w.samples = (cnn_samples){.inputs = w.x,
                              .input_elements = LENGTH(w.x),
                              .targets = w.t,
                              .target_elements = LENGTH(w.t)};
    w.in = (cnn_view){.data = w.x, .elements = LENGTH(w.x)};
    w.out = (cnn_view){.data = w.y, .elements = LENGTH(w.y)};
    w.gradient = (cnn_view){.data = w.t, .elements = LENGTH(w.t)};
    w.input_gradient = (cnn_view){.data = w.dx, .elements = LENGTH(w.dx)};
    look_around();
    build_all_layers();
    minimise();
    cnn_device *device = NULL;
    cnn_device_info info;
    const cnn_device_options options = {.threads = 2,
                                        .log = {.write = log_line, .level = CNN_LOG_DEBUG},
                                        .parallel_for = runner ? in_turn : NULL};
    GOOD(cnn_device_open, spec, &options, &device, &err);
    GOOD(cnn_device_get_info, device, &info, &err);
    cnn_net *net = CALL(cnn_net_create, NULL);
    cnn_node n = CALL(cnn_net_input, net, NULL, 3, (const int64_t[]){kChannels, kSide, kSide});
    const cnn_node conv =
        CALL(cnn_net_conv2d, net, n, &(cnn_conv2d){.filters = 3, .kernel = {3, 3}});
    n = CALL(cnn_net_host_activation, net, conv,
             &(cnn_host_activation){.kind = "twice", .forward = twice, .backward = twice_backward});
    n = CALL(cnn_net_radial_basis, net, n, &(cnn_radial_basis){.name = "centres", .units = 3});
    n = CALL(cnn_net_dense, net, n, &(cnn_dense){.units = kOut});
    (void)CALL(cnn_net_loss, net, n, &(cnn_loss){.kind = CNN_LOSS_MSE});
    GOOD(cnn_device_tune, device, net,
         &(cnn_tune){.compile = {.max_batch = kBatch}, .seconds = 0.05}, NULL, &err);
    GOOD(cnn_net_compile, net, device, &(cnn_compile){.max_batch = kBatch}, &err);
    GOOD(cnn_net_init_radial_basis, net, "centres", &w.samples, 1, &err);
    cnn_optimizer *adam = CALL(cnn_optimizer_create, CNN_ADAM);
    run(net, &w);
    train(net, adam, &w);
    inspect(net);
    use_matrices(net, conv);
    use_files(net, adam);
    GOOD(cnn_optimizer_reset, adam, &err);
    DO(cnn_optimizer_destroy, adam);
    DO(cnn_device_destroy, device);
    DO(cnn_net_destroy, net);
}

/* ---- The process ---- */

static void on_signal(int number) {
    (void)number;
}

/* A host with settings of its own. */
static void set_up_the_host(int odd) {
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR1);
    sigprocmask(SIG_BLOCK, &mask, NULL);
    for (int i = 1; i < 32; i++)
        if (i == SIGSEGV || i == SIGPIPE || i == SIGFPE || i == SIGALRM || i == SIGUSR2)
            sigaction(i, &(struct sigaction){.sa_handler = on_signal}, NULL);
    umask(027);
    if (!odd) return;
#if defined(__SSE2__)
    _mm_setcsr((_mm_getcsr() & ~0xE07Fu) | 0xC040); /* flush, denormals are zero, towards zero */
#endif
#if defined(__x86_64__) || defined(__i386__)
    const unsigned short word = 0x0A7F; /* 53 bits, upwards */
    __asm__ __volatile__("fldcw %0" : : "m"(word));
#endif
}

static void check_all_were_called(void) {
    char line[256];
    FILE *symbols = fopen(CNN_TEST_DIR "/abi/symbols.txt", "r");
    assert_non_null(symbols);
    while (fgets(line, sizeof line, symbols)) {
        line[strcspn(line, "\n")] = 0;
        int i = 0;
        while (i < calls && strcmp(called[i], line) != 0) i++;
        if (i == calls) complain(line, "isn't called by surroundings_test.c");
    }
    fclose(symbols);
}

/* With what would be printed in files. */
static void nothing_changes(const char *spec, int odd, int runner) {
    FILE *files[2] = {tmpfile(), tmpfile()};
    int saved[2];
    fflush(NULL);
    for (int i = 0; i < 2; i++) {
        assert_non_null(files[i]);
        saved[i] = dup(i + 1);
        dup2(fileno(files[i]), i + 1);
    }
    fenv_t floats_of_the_test;
    fegetenv(&floats_of_the_test);
    const mode_t mask = umask(0);
    umask(mask);
    calls = 0;
    trouble[0] = 0;
    set_up_the_host(odd);
    call_everything(spec, runner);
    fesetenv(&floats_of_the_test);
    umask(mask);
    fflush(NULL);
    for (int i = 0; i < 2; i++) {
        dup2(saved[i], i + 1);
        close(saved[i]);
        fclose(files[i]);
    }
    check_all_were_called();
    if (trouble[0]) fail_msg("%s", trouble);
}

static void every_call_leaves_the_process_as_it_was(void **state) {
    skip_without(state);
    /* Drivers do what they do when they are loaded. */
    cnn_device_count(NULL);
    nothing_changes(*state, 0, 0);
}

static void in_a_host_with_its_own_float_settings(void **state) {
    skip_without(state);
    cnn_device_count(NULL);
    nothing_changes(*state, 1, 0);
}

static void with_the_host_s_threads(void **state) {
    if (strcmp(*state, "cpu") != 0) skip();
    skip_without(state);
    nothing_changes(*state, 1, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_leaves_the_process_as_it_was),
        cmocka_unit_test(in_a_host_with_its_own_float_settings),
        cmocka_unit_test(with_the_host_s_threads),
    };
    return run_on_devices("surroundings", tests, LENGTH(tests));
}

/* A guest in its host's process: nothing that is the host's is changed by any call, and nothing of
 * the host's changes a result. */
#define _GNU_SOURCE
#include "public.h"

#include <fenv.h>
#include <locale.h>
#include <math.h>
#include <signal.h>
#include <unistd.h>
#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

enum { kIn = 48, kOut = 4, kBatch = 8 };

extern char **environ;

/* Everything of the process that a library could touch. */
struct process {
    char locale[256], directory[1024];
    struct sigaction handlers[32];
    sigset_t mask;
    unsigned csr;
    fenv_t floats;
    int rounding;
    char **environment;
    size_t environment_hash;
    off_t written[2];
};

static unsigned control_word(void) {
#if defined(__SSE2__)
    /* The bits below are flags that any arithmetic sets. */
    return _mm_getcsr() & ~0x3Fu;
#else
    return 0;
#endif
}

static void look(struct process *p) {
    memset(p, 0, sizeof *p);
    snprintf(p->locale, sizeof p->locale, "%s", setlocale(LC_ALL, NULL));
    assert_non_null(getcwd(p->directory, sizeof p->directory));
    for (int i = 1; i < 32; i++) sigaction(i, NULL, &p->handlers[i]);
    sigprocmask(SIG_SETMASK, NULL, &p->mask);
    p->csr = control_word();
    p->rounding = fegetround();
    p->environment = environ;
    for (char **e = environ; *e; e++)
        for (const char *c = *e; *c; c++)
            p->environment_hash = p->environment_hash * 31 + (size_t)*c;
    fflush(NULL);
    for (int i = 0; i < 2; i++) p->written[i] = lseek(i + 1, 0, SEEK_CUR);
}

static void same(const struct process *a) {
    struct process b;
    look(&b);
    assert_string_equal(a->locale, b.locale);
    assert_string_equal(a->directory, b.directory);
    for (int i = 1; i < 32; i++) {
        assert_ptr_equal((void *)(uintptr_t)a->handlers[i].sa_handler,
                         (void *)(uintptr_t)b.handlers[i].sa_handler);
        assert_int_equal(a->handlers[i].sa_flags, b.handlers[i].sa_flags);
    }
    for (int i = 1; i < 32; i++)
        assert_int_equal(sigismember(&a->mask, i), sigismember(&b.mask, i));
    assert_int_equal(a->csr, b.csr);
    assert_int_equal(a->rounding, b.rounding);
    assert_ptr_equal(a->environment, b.environment);
    assert_int_equal(a->environment_hash, b.environment_hash);
    assert_int_equal(a->written[0], b.written[0]);
    assert_int_equal(a->written[1], b.written[1]);
}

struct result {
    float y[kOut * kBatch], theta[2048];
    double loss, evaluated;
};

/* Inputs so small that products are denormal take part. */
static void use_everything(const char *spec, struct result *r, void (*check)(const void *),
                           const void *with) {
    float x[kIn * kBatch], t[kOut * kBatch], dx[kIn * kBatch], dy[kOut * kBatch];
    memset(r, 0, sizeof *r);
    fill(x, LENGTH(x), 1);
    fill(t, LENGTH(t), 2);
    fill(dy, LENGTH(dy), 3);
    for (int i = 0; i < LENGTH(x); i += 3) x[i] *= 1e-39f;
    for (int i = 0; i < LENGTH(t); i += 2) t[i] *= 1e-40f;
    cnn_device *device = NULL;
    OK(cnn_device_open(spec, &(cnn_device_options){.threads = 2}, &device, &err));
    check(with);
    cnn_net *net = seeded_net(4), *loaded = NULL;
    cnn_node n = cnn_net_input(net, NULL, 3, (const int64_t[]){3, 4, 4});
    n = cnn_net_conv2d(
        net, n,
        &(cnn_conv2d){
            .filters = 6, .kernel = {3, 3}, .padding_mode = CNN_SAME, .activation = CNN_RELU});
    n = cnn_net_batch_norm(net, n, NULL);
    n = cnn_net_max_pool2d(net, n, &(cnn_pool2d){.window = {2, 2}});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = kOut});
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_MSE});
    check(with);
    const cnn_samples samples = {
        .inputs = x, .input_elements = LENGTH(x), .targets = t, .target_elements = LENGTH(t)};
    const int64_t count = cnn_net_vector_elements(net, CNN_PARAMETERS);
    assert_in_range(count, 1, LENGTH(r->theta));
    OK(cnn_net_compile(net, device, &(cnn_compile){.max_batch = kBatch}, &err));
    check(with);
    cnn_optimizer *adam = cnn_optimizer_create(CNN_ADAM);
    OK(cnn_net_train_step(net, adam, &samples, &r->loss, &err));
    check(with);
    OK(cnn_net_fit(net, adam, &samples, &(cnn_fit){.epochs = 3, .batch = 3}, NULL, &err));
    check(with);
    OK(cnn_net_run(net, x, LENGTH(x), r->y, LENGTH(r->y), &err));
    check(with);
    cnn_evaluation e;
    OK(cnn_net_evaluate(net, &samples, &e, &err));
    r->evaluated = e.loss;
    check(with);
    const cnn_view given = {.data = dy, .elements = LENGTH(dy)};
    const cnn_view wanted = {.data = dx, .elements = LENGTH(dx)};
    OK(cnn_net_backward(net, &samples, &given, 1, &wanted, 1, NULL, &err));
    check(with);
    FAILS(CNN_SHAPE_MISMATCH, cnn_net_run(net, x, 1, r->y, 1, &err));
    FAILS(CNN_NOT_FOUND, cnn_device_open("nothing", NULL, &device, &err));
    check(with);
    static char file[1 << 16];
    size_t bytes = 0;
    OK(cnn_checkpoint_save_memory(net, adam, file, sizeof file, &bytes, &err));
    OK(cnn_net_load_memory(file, bytes, &loaded, &err));
    check(with);
    OK(cnn_net_get_vector(net, CNN_PARAMETERS, r->theta, count, &err));
    cnn_net_destroy(loaded);
    cnn_optimizer_destroy(adam);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
    check(with);
}

static void unchanged(const void *process) {
    same(process);
}

static void nothing(const void *unused) {
    (void)unused;
}

static void calls_leave_the_process_as_it_was(void **state) {
    skip_without(state);
    struct result r;
    struct process before;
    /* OpenCL's drivers do what they do when they are loaded. */
    cnn_device_count(NULL);
    if (strcmp(*state, "opencl") == 0) use_everything(*state, &r, nothing, NULL);
    look(&before);
    use_everything(*state, &r, unchanged, &before);
}

static void a_locale_with_commas_changes_nothing(void **state) {
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "pt_BR.UTF-8"};
    skip_without(state);
    int set = 0;
    for (int i = 0; i < LENGTH(names) && !set; i++) set = setlocale(LC_ALL, names[i]) != NULL;
    if (!set) skip();
    struct process before;
    struct result r;
    look(&before);
    use_everything(*state, &r, unchanged, &before);
    cnn_net *net = seeded_net(0);
    const cnn_node x = cnn_net_input(net, NULL, 1, (const int64_t[]){2});
    cnn_net_dropout(net, x, &(cnn_dropout){.rate = 1.5f});
    FAILS(CNN_OUT_OF_RANGE, cnn_net_error(net, &err));
    SAID("1.5");
    cnn_net_destroy(net);
    setlocale(LC_ALL, "C");
}

#if defined(__SSE2__)
static void the_host_s_float_environment_changes_no_result(void **state) {
    /* Flush to zero, denormals are zero, and each rounding. */
    static const unsigned words[] = {0x8040, 0x2000, 0x4000, 0xE040};
    skip_without(state);
    struct result usual, r;
    use_everything(*state, &usual, nothing, NULL);
    const unsigned host = _mm_getcsr();
    for (int i = 0; i < LENGTH(words); i++) {
        struct process before;
        _mm_setcsr((host & ~0xE07Fu) | words[i]);
        look(&before);
        use_everything(*state, &r, unchanged, &before);
        const unsigned after = _mm_getcsr() & ~0x3Fu;
        _mm_setcsr(host);
        assert_int_equal(after, ((host & ~0xE07Fu) | words[i]) & ~0x3Fu);
        assert_memory_equal(&usual, &r, sizeof r);
    }
}
#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_leave_the_process_as_it_was),
        cmocka_unit_test(a_locale_with_commas_changes_nothing),
#if defined(__SSE2__)
        cmocka_unit_test(the_host_s_float_environment_changes_no_result),
#endif
    };
    return run_on_devices("guest", tests, LENGTH(tests));
}

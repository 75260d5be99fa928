// operator new, replaced: counted, as locks are, while a warm net runs, and failing at every call
// of a session of building, training, sharing, saving and loading.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

extern "C" {
#include <cmocka.h>
}

#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <new>

#include <cnn/cnn.h>

#include "failures.h"

namespace {

std::atomic<int64_t> calls{0}, live{0}, fail_at{0};
// Blocks of at least `large` bytes that are held, and the most there were; 0: not counted.
std::atomic<size_t> large{0};
std::atomic<int64_t> large_live{0}, large_most{0};

int is_large(void *memory) noexcept {
    const size_t least = large.load();
    return least > 0 && malloc_usable_size(memory) >= least;
}

void *take(size_t size, size_t align) noexcept {
    if (++calls == fail_at.load()) return nullptr;
    void *memory = nullptr;
    if (posix_memalign(&memory, align < sizeof(void *) ? sizeof(void *) : align,
                       size > 0 ? size : 1) != 0)
        return nullptr;
    ++live;
    large_live += is_large(memory);
    if (large_live > large_most) large_most = large_live.load();
    return memory;
}

void *take_or_throw(size_t size, size_t align) {
    if (void *memory = take(size, align)) return memory;
    throw std::bad_alloc();
}

void give(void *memory) noexcept {
    if (!memory) return;
    --live;
    large_live -= is_large(memory);
    std::free(memory);
}

constexpr size_t kAlign = __STDCPP_DEFAULT_NEW_ALIGNMENT__;

size_t of(std::align_val_t align) {
    return static_cast<size_t>(align);
}

std::atomic<int64_t> locks{0};

}  // namespace

// Counts locks, as the library takes them.
extern "C" int pthread_mutex_lock(pthread_mutex_t *mutex) noexcept {
    using Lock = int (*)(pthread_mutex_t *);
    static const auto real = reinterpret_cast<Lock>(dlsym(RTLD_NEXT, "pthread_mutex_lock"));
    ++locks;
    return real(mutex);
}

void *operator new(size_t size) {
    return take_or_throw(size, kAlign);
}
void *operator new[](size_t size) {
    return take_or_throw(size, kAlign);
}
void *operator new(size_t size, const std::nothrow_t &) noexcept {
    return take(size, kAlign);
}
void *operator new[](size_t size, const std::nothrow_t &) noexcept {
    return take(size, kAlign);
}
void *operator new(size_t size, std::align_val_t align) {
    return take_or_throw(size, of(align));
}
void *operator new[](size_t size, std::align_val_t align) {
    return take_or_throw(size, of(align));
}
void operator delete(void *memory) noexcept {
    give(memory);
}
void operator delete[](void *memory) noexcept {
    give(memory);
}
void operator delete(void *memory, size_t) noexcept {
    give(memory);
}
void operator delete[](void *memory, size_t) noexcept {
    give(memory);
}
void operator delete(void *memory, std::align_val_t) noexcept {
    give(memory);
}
void operator delete[](void *memory, std::align_val_t) noexcept {
    give(memory);
}
void operator delete(void *memory, size_t, std::align_val_t) noexcept {
    give(memory);
}
void operator delete[](void *memory, size_t, std::align_val_t) noexcept {
    give(memory);
}

namespace {

constexpr int64_t kIn = 72, kOut = 3, kBatch = 8;
float x[kIn * kBatch], y[kOut * kBatch];
uint8_t labels[kBatch];
char file[1 << 16];
cnn_error error;

cnn_samples all_samples() {
    cnn_samples samples{};
    samples.inputs = x;
    samples.input_elements = kIn * kBatch;
    samples.labels = labels;
    samples.label_type = CNN_UINT8;
    samples.label_elements = kBatch;
    return samples;
}

int32_t scale(const cnn_host_call *call, void *) {
    for (int64_t i = 0; i < call->n * 12; ++i)
        call->output[i] = call->inputs[0][i] * call->parameters[0][i % 12];
    return 0;
}

int32_t scale_backward(const cnn_host_call *call, void *) {
    for (int64_t i = 0; i < call->n * 12; ++i) {
        call->input_gradients[0][i] = call->output_gradient[i] * call->parameters[0][i % 12];
        call->parameter_gradients[0][i % 12] += call->output_gradient[i] * call->inputs[0][i];
    }
    return 0;
}

cnn_host_layer host_scale() {
    static const cnn_host_parameter parameter = [] {
        cnn_host_parameter p{};
        p.name = "scale";
        p.rank = 1;
        p.shape[0] = 12;
        return p;
    }();
    cnn_host_layer layer{};
    layer.kind = "scale";
    layer.parameters = &parameter;
    layer.parameter_count = 1;
    layer.forward = scale;
    layer.backward = scale_backward;
    return layer;
}

// The status of building: what cnn_net_error tells, or want of memory for the net itself.
cnn_net *build() {
    cnn_net *net = cnn_net_create(nullptr);
    const int64_t shape[] = {2, 6, 6};
    cnn_conv2d conv{};
    conv.filters = 3;
    conv.kernel[0] = 3;
    conv.activation = CNN_RELU;
    cnn_pool2d pool{};
    pool.window[0] = 2;
    cnn_dense dense{};
    dense.units = kOut;
    cnn_loss loss{};
    loss.kind = CNN_LOSS_SOFTMAX_CROSS_ENTROPY;
    cnn_node n = cnn_net_input(net, nullptr, 3, shape);
    n = cnn_net_conv2d(net, n, &conv);
    n = cnn_net_max_pool2d(net, n, &pool);
    n = cnn_net_batch_norm(net, n, nullptr);
    const cnn_host_layer layer = host_scale();
    n = cnn_net_host_layer(net, &n, 1, &layer);
    n = cnn_net_dense(net, n, &dense);
    cnn_net_loss(net, n, &loss);
    return net;
}

cnn_device *open(const char *spec) {
    cnn_device *device = nullptr;
    cnn_device_options options{};
    options.threads = 2;
    cnn_device_open(spec, &options, &device, &error);
    return device;
}

cnn_compile batch() {
    cnn_compile options{};
    options.max_batch = kBatch;
    return options;
}

// A session in which a call fails, and the same call then succeeds. Returns how many failed.
int session(const char *spec) {
    int failures = 0;
    const auto attempt = [&](const char *name, auto call) {
        const cnn_status status = call();
        if (status == CNN_OK) return;
        ++failures;
        const cnn_status again = status == CNN_OUT_OF_MEMORY ? call() : status;
        if (again != CNN_OK) {
            std::fprintf(stderr, "%s, new %lld: %s, then %s: %s\n", name,
                         static_cast<long long>(fail_at.load()), cnn_status_name(status),
                         cnn_status_name(again), error.message);
            fail();
        }
    };
    const cnn_samples samples = all_samples();
    cnn_device *device = nullptr;
    cnn_net *net = nullptr, *loaded = nullptr;
    cnn_optimizer *adam = nullptr, *restored = nullptr;
    attempt("open", [&] {
        device = open(spec);
        return device ? CNN_OK : error.status;
    });
    attempt("build", [&] {
        net = build();
        if (!net) return cnn_status{CNN_OUT_OF_MEMORY};
        const cnn_status status = cnn_net_error(net, &error);
        if (status) cnn_net_destroy(net), net = nullptr;
        return status;
    });
    attempt("create optimizer", [&] {
        adam = cnn_optimizer_create(CNN_ADAM);
        return adam ? CNN_OK : CNN_OUT_OF_MEMORY;
    });
    const cnn_compile options = batch();
    double loss;
    cnn_evaluation evaluation;
    size_t bytes = 0;
    attempt("compile", [&] { return cnn_net_compile(net, device, &options, &error); });
    attempt("run", [&] { return cnn_net_run(net, x, kIn * kBatch, y, kOut * kBatch, &error); });
    attempt("train_step", [&] { return cnn_net_train_step(net, adam, &samples, &loss, &error); });
    attempt("fit", [&] { return cnn_net_fit(net, adam, &samples, nullptr, nullptr, &error); });
    attempt("run_for", [&] {
        cnn_view in{}, out{};
        in.data = x, in.elements = kIn * kBatch;
        out.data = y, out.elements = kOut * kBatch;
        return cnn_net_run_for(net, &in, 1, &out, 1, nullptr, -1, nullptr, &error);
    });
    attempt("fit_for", [&] {
        cnn_fit once{};
        once.epochs = 1;
        once.validation = &samples;
        return cnn_net_fit_for(net, adam, &samples, &once, -1, nullptr, &error);
    });
    attempt("evaluate", [&] { return cnn_net_evaluate(net, &samples, &evaluation, &error); });
    attempt("loss_gradient",
            [&] { return cnn_net_loss_gradient(net, &samples, nullptr, &loss, &error); });
    cnn_gradient_check check{};
    check.entries = 2;
    check.directions = 1;
    attempt("check_gradient",
            [&] { return cnn_net_check_gradient(net, &samples, &check, nullptr, &error); });
    attempt("compile again", [&] { return cnn_net_compile(net, device, &options, &error); });
    attempt("run again",
            [&] { return cnn_net_run(net, x, kIn * kBatch, y, kOut * kBatch, &error); });
    attempt("save", [&] {
        return cnn_checkpoint_save_memory(net, adam, file, sizeof file, &bytes, &error);
    });
    attempt("load",
            [&] { return cnn_checkpoint_load_memory(file, bytes, &loaded, &restored, &error); });
    const cnn_host_layer layer = host_scale();
    attempt("bind", [&] { return cnn_net_bind_host_layer(loaded, "scale_1", &layer, &error); });
    cnn_net *unrolled = nullptr;
    cnn_matrix *matrix = nullptr, *patches = nullptr;
    attempt("unroll", [&] { return cnn_net_unroll_conv2d(net, 1, &unrolled, &error); });
    attempt("conv matrix", [&] { return cnn_net_conv_matrix(net, 1, nullptr, &matrix, &error); });
    attempt("set conv matrix",
            [&] { return cnn_net_set_conv_matrix(net, 1, matrix, nullptr, nullptr, &error); });
    attempt("patch matrix",
            [&] { return cnn_net_patch_matrix(net, 1, CNN_ORDER_HWC, &patches, &error); });
    cnn_matrix_destroy(patches);
    cnn_matrix_destroy(matrix);
    cnn_net_destroy(unrolled);
    cnn_net *clone = nullptr;
    attempt("clone", [&] { return cnn_net_clone(net, &clone, &error); });
    attempt("copy", [&] { return cnn_net_copy_parameters(clone, net, &error); });
    cnn_net *shared = nullptr;
    attempt("share", [&] { return cnn_net_share(net, &shared, &error); });
    attempt("compile shared", [&] { return cnn_net_compile(shared, device, &options, &error); });
    attempt("hand over", [&] { return cnn_net_hand_over(shared, net, &error); });
    attempt("run shared",
            [&] { return cnn_net_run(shared, x, kIn * kBatch, y, kOut * kBatch, &error); });
    cnn_net_destroy(shared);
    if (cnn_optimizer_steps(adam) != 3) fail();
    cnn_net_destroy(clone);
    cnn_net_destroy(loaded);
    cnn_optimizer_destroy(restored);
    cnn_optimizer_destroy(adam);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
    return failures;
}

void every_failure_is_survived(void **) {
    fail_at = 0;
    session("cpu");
    float usual[kOut * kBatch];
    for (int i = 0; i < kOut * kBatch; ++i) usual[i] = y[i];
    const int64_t before = calls;
    session("cpu");
    const int64_t total = calls - before;
    assert_true(total > 0);
    for (int64_t n = 1; n <= total; n += failure_stride()) {
        calls = 0;
        const int64_t held = live;
        fail_at = n;
        const int failures = session("cpu");
        fail_at = 0;
        // A failure may also only have cost a message or a faster way.
        assert_true(failures <= 1);
        assert_int_equal(live.load(), held);
        for (int i = 0; i < kOut * kBatch; ++i) assert_true(usual[i] == y[i]);
    }
    std::printf("%lld failures\n", static_cast<long long>(total));
}

void a_warm_net_allocates_nothing(void **) {
    const cnn_compile options = batch();
    cnn_device *device = open("cpu");
    cnn_net *net = build();
    assert_int_equal(cnn_net_compile(net, device, &options, &error), CNN_OK);
    for (int round = 0; round < 4; ++round) {
        const int64_t before = calls;
        assert_int_equal(cnn_net_run(net, x, kIn * kBatch, y, kOut * kBatch, &error), CNN_OK);
        if (round > 0) assert_int_equal(calls - before, 0);
    }
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

// Nor does it take a lock while nothing is handed over, nor pack when something was.
void a_warm_shared_net_allocates_nothing(void **) {
    const cnn_compile options = batch();
    cnn_device *device = open("cpu");
    cnn_net *net = build(), *shared = nullptr, *other = nullptr;
    assert_int_equal(cnn_net_share(net, &shared, &error), CNN_OK);
    assert_int_equal(cnn_net_share(shared, &other, &error), CNN_OK);
    assert_int_equal(cnn_net_compile(shared, device, &options, &error), CNN_OK);
    assert_int_equal(cnn_net_compile(other, device, &options, &error), CNN_OK);
    const auto run = [&](cnn_net *which) {
        assert_int_equal(cnn_net_run(which, x, kIn * kBatch, y, kOut * kBatch, &error), CNN_OK);
    };
    run(shared);
    run(other);
    for (int round = 0; round < 4; ++round) {
        assert_int_equal(cnn_net_hand_over(other, net, &error), CNN_OK);
        int64_t before = calls;
        run(shared);
        assert_int_equal(calls - before, 0);
        before = calls;
        const int64_t locked = locks;
        run(shared);
        run(shared);
        assert_int_equal(calls - before, 0);
        assert_int_equal(locks - locked, 0);
    }
    // The count isn't of nothing.
    const int64_t locked = locks;
    assert_int_equal(cnn_net_hand_over(other, net, &error), CNN_OK);
    assert_true(locks > locked);
    cnn_net_destroy(net);
    cnn_net_destroy(shared);
    cnn_net_destroy(other);
    cnn_device_destroy(device);
}

void a_warm_step_allocates_nothing(void **) {
    const cnn_samples samples = all_samples();
    const cnn_compile options = batch();
    cnn_device *device = open("cpu");
    cnn_net *net = build();
    cnn_optimizer *adam = cnn_optimizer_create(CNN_ADAM);
    assert_int_equal(cnn_net_compile(net, device, &options, &error), CNN_OK);
    double loss;
    for (int round = 0; round < 4; ++round) {
        const int64_t before = calls;
        assert_int_equal(cnn_net_train_step(net, adam, &samples, &loss, &error), CNN_OK);
        if (round > 0) assert_int_equal(calls - before, 0);
    }
    cnn_optimizer_destroy(adam);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

int32_t valley(int64_t m, int64_t n, const double *at, double *r, double *jacobian, void *) {
    for (int64_t i = 0; i < m; ++i) {
        const double next = at[(i + 1) % n];
        r[i] = i % 2 == 0 ? 10 * (next - at[i] * at[i]) : 1 - at[i];
        if (!jacobian) continue;
        for (int64_t k = 0; k < n; ++k) jacobian[i * n + k] = 0;
        jacobian[i * n + i] = i % 2 == 0 ? -20 * at[i] : -1;
        if (i % 2 == 0) jacobian[i * n + (i + 1) % n] = 10;
    }
    return 0;
}

int32_t scaled(int64_t n, const double *v, double *to, void *) {
    for (int64_t i = 0; i < n; ++i) to[i] = (1 + static_cast<double>(i)) * v[i];
    return 0;
}

// Minimises by that kind, or solves a linear system by 0.
cnn_status minimise(cnn_optimizer_kind kind) {
    double at[] = {-1.2, 1, -1.2, 1};
    cnn_minimize_options options{};
    options.max_iterations = 12;
    if (kind == 0) {
        const double b[] = {1, 2, 3, 4};
        return cnn_conjugate_gradient(4, scaled, scaled, nullptr, b, at, &options, nullptr, &error);
    }
    cnn_problem problem{};
    problem.parameters = problem.residuals = 4;
    problem.residual_function = valley;
    cnn_optimizer *optimizer = cnn_optimizer_create(kind);
    if (!optimizer) return CNN_OUT_OF_MEMORY;
    cnn_optimizer_set(optimizer, CNN_LEARNING_RATE, 1e-4, nullptr);
    cnn_optimizer_set(optimizer, CNN_PRECONDITIONER, 1, nullptr);
    const cnn_status status = cnn_minimize(optimizer, &problem, at, &options, nullptr, &error);
    cnn_optimizer_destroy(optimizer);
    return status;
}

void every_failure_while_minimising_is_survived(void **) {
    for (cnn_optimizer_kind kind = 0; kind <= CNN_FULL_RMSPROP; ++kind) {
        cnn_optimizer *known = cnn_optimizer_create(kind);
        cnn_optimizer_destroy(known);
        if (kind > 0 && !known) continue;
        fail_at = 0;
        calls = 0;
        assert_int_equal(minimise(kind), CNN_OK);
        const int64_t total = calls;
        for (int64_t n = 1; n <= total; ++n) {
            const int64_t held = live;
            calls = 0;
            fail_at = n;
            const cnn_status status = minimise(kind);
            fail_at = 0;
            assert_true(status == CNN_OUT_OF_MEMORY || status == CNN_OK);
            assert_int_equal(live.load(), held);
        }
    }
}

int32_t bowl(int64_t n, const double *at, double *value, double *gradient, void *) {
    *value = 0;
    for (int64_t i = 0; i < n; ++i) {
        const double curvature = 1 + static_cast<double>(i % 97);
        *value += curvature * at[i] * at[i] * (1 + at[i] * at[i]) / 2;
        if (gradient) gradient[i] = curvature * (at[i] + 2 * at[i] * at[i] * at[i]);
    }
    return 0;
}

void lbfgs_holds_two_vectors_a_pair_and_three(void **) {
    constexpr int64_t kSize = 20000;
    auto *at = static_cast<double *>(std::malloc(kSize * sizeof(double)));
    for (const int history : {1, 3, 8}) {
        for (int64_t i = 0; i < kSize; ++i) at[i] = 1 + static_cast<double>(i % 7);
        cnn_optimizer *lbfgs = cnn_optimizer_create(CNN_LBFGS);
        assert_int_equal(cnn_optimizer_set(lbfgs, CNN_HISTORY, history, &error), CNN_OK);
        cnn_problem problem{};
        problem.parameters = kSize;
        problem.function = bowl;
        large_most = large_live = 0;
        large = kSize * sizeof(double);
        assert_int_equal(cnn_minimize(lbfgs, &problem, at, nullptr, nullptr, &error), CNN_OK);
        large = 0;
        assert_true(large_most == 2 * history + 3);
        assert_true(at[5] < 1e-6);
        cnn_optimizer_destroy(lbfgs);
    }
    std::free(at);
}

}  // namespace

int main() {
    for (int64_t i = 0; i < kIn * kBatch; ++i) x[i] = static_cast<float>(i * 37 % 101) / 101;
    for (int64_t i = 0; i < kBatch; ++i) labels[i] = static_cast<uint8_t>(i % kOut);
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_warm_net_allocates_nothing),
        cmocka_unit_test(a_warm_shared_net_allocates_nothing),
        cmocka_unit_test(a_warm_step_allocates_nothing),
        cmocka_unit_test(every_failure_while_minimising_is_survived),
        cmocka_unit_test(lbfgs_holds_two_vectors_a_pair_and_three),
        cmocka_unit_test(every_failure_is_survived),
    };
    return cmocka_run_group_tests_name("operator new", tests, nullptr, nullptr);
}

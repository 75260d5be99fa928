// The CPU backend's promises that comparing operations with the reference doesn't show: accuracy of
// its elementary functions, the same bits for any number of threads, no allocation in a launch, and
// what a small launch costs.
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>
#include <random>

#include "backend/cpu/cpu.h"
#include "base/error.h"
#include "ops/dropout.h"

// Last: cmocka takes the name `fail` for a macro.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

extern "C" {
#include <cmocka.h>
}

namespace {

std::atomic<int64_t> allocations{0};

}  // namespace

void *operator new(size_t size) {
    allocations.fetch_add(1, std::memory_order_relaxed);
    if (void *const memory = std::malloc(size != 0 ? size : 1)) return memory;
    throw std::bad_alloc();
}
void operator delete(void *memory) noexcept {
    std::free(memory);
}
void operator delete(void *memory, size_t) noexcept {
    std::free(memory);
}

namespace {

using namespace cnn;

constexpr const char *kSets[] = {"baseline", "avx2", "avx512"};

// Null where the processor lacks the instruction set.
std::shared_ptr<Device> open_device(const std::string &which, int threads = 1) {
    DeviceOptions options;
    options.allocator = std::make_shared<Allocator>();
    options.threads = threads;
    try {
        return cpu::backend().open(which, options);
    } catch (const Error &error) {
        assert_int_equal(static_cast<int32_t>(error.status),
                         static_cast<int32_t>(Status::not_found));
        return nullptr;
    }
}

// A group prepared on a device, with buffers for its operands.
class Prepared {
  public:
    Prepared(Device &device, const Op &op, const std::vector<Tensor> &tensors, size_t choice = 0,
             int64_t accept = 0)
        : group_(single(op, tensors)), queue_(device.create_queue()) {
        group_.accept = accept;
        std::vector<Candidate> candidates;
        device.candidates(group_, candidates);
        assert_true(choice < candidates.size());
        candidate_ = candidates[choice];
        kernel_ = device.prepare(group_, candidate_);
        kernel_->take_memory();
        for (int32_t i = 0; i < group_.operands(); ++i) {
            const Tensor &tensor = group_.tensors[static_cast<size_t>(i)];
            const int64_t count = candidate_.layouts[static_cast<size_t>(i)].elements(tensor.shape);
            sizes_.push_back(count * size_of(tensor.type, 4));
            buffers_.push_back(device.allocate(sizes_.back()));
            operands_.push_back({buffers_.back().get(), 0});
            std::memset(buffers_.back()->host(), 0, static_cast<size_t>(sizes_.back()));
        }
        workspace_ = device.allocate(std::max<int64_t>(candidate_.workspace, 64));
        scalars_.assign(kSlotCount, 0.5);
    }

    float *data(size_t operand) { return static_cast<float *>(buffers_[operand]->host()); }
    int64_t bytes(size_t operand) const { return sizes_[operand]; }
    size_t output() const { return static_cast<size_t>(group_.inputs); }
    double predicted() const { return candidate_.seconds; }
    const Candidate &candidate() const { return candidate_; }

    void launch(int64_t n) {
        Launch launch;
        launch.n = n;
        launch.operands = operands_.data();
        launch.workspace = {workspace_.get(), 0};
        launch.scalars = scalars_.data();
        kernel_->launch(*queue_, launch);
    }

  private:
    FusedOp group_;
    std::unique_ptr<Queue> queue_;
    Candidate candidate_;
    std::unique_ptr<Kernel> kernel_;
    std::vector<int64_t> sizes_;
    std::vector<std::unique_ptr<Buffer>> buffers_;
    std::unique_ptr<Buffer> workspace_;
    std::vector<Ref> operands_;
    std::vector<double> scalars_;
};

Tensor vector_of(int64_t count) {
    Tensor tensor;
    tensor.shape = {count};
    tensor.space = Space::parameter;
    return tensor;
}
Tensor batch_of(const Shape &shape) {
    Tensor tensor;
    tensor.shape = shape;
    tensor.batched = true;
    return tensor;
}
Op make_op(OpKind kind, std::vector<TensorId> inputs, std::vector<TensorId> outputs,
           Attributes attributes) {
    return {kind, -1, std::move(inputs), std::move(outputs), std::move(attributes)};
}

// --- Accuracy.

float with_bits(uint32_t word) {
    float value;
    std::memcpy(&value, &word, sizeof value);
    return value;
}

// Of `got` from the exact value, in units of the last place there.
double units_off(float got, double exact) {
    const auto rounded = static_cast<float>(exact);
    if (std::isnan(exact)) return std::isnan(got) ? 0 : 1e9;
    if (std::isinf(rounded) || std::isinf(got)) return got == rounded ? 0 : 1e9;
    const int exponent = std::max(std::ilogb(exact == 0 ? 1e-45 : std::abs(exact)), -126);
    return std::abs(static_cast<double>(got) - exact) / std::ldexp(1.0, exponent - 23);
}

void check_function(Device &device, const char *set, Fn fn, double (*exact)(double)) {
    constexpr int64_t kCount = 1 << 18;
    ExpressionBuilder e;
    e.result(e.call(fn, e.operand(0)));
    PointwiseAttributes attributes;
    attributes.expression = e.take();
    Prepared op(device, make_op(OpKind::pointwise, {0}, {1}, attributes),
                {vector_of(kCount), vector_of(kCount)});
    // All exponents, both signs, infinities and NaN among them.
    for (int64_t i = 0; i < kCount; ++i) {
        op.data(0)[i] =
            with_bits(static_cast<uint32_t>(i) * 16384u + static_cast<uint32_t>(i) % 9973u);
    }
    const float special[] = {0.0f,    -0.0f, 1.0f,  -1.0f,  INFINITY, -INFINITY, NAN,     1e-45f,
                             -1e-45f, 88.7f, 88.8f, -87.5f, -103.9f,  -104.1f,   3.4e38f, -3.4e38f};
    std::memcpy(op.data(0), special, sizeof special);
    op.launch(kCount);
    double worst = 0;
    for (int64_t i = 0; i < kCount; ++i) {
        const double off = units_off(op.data(1)[i], exact(static_cast<double>(op.data(0)[i])));
        if (off > 4) {
            print_error("%s: function %d of %g gives %g\n", set, static_cast<int>(fn),
                        static_cast<double>(op.data(0)[i]), static_cast<double>(op.data(1)[i]));
        }
        worst = std::max(worst, off);
    }
    print_message("%s: function %d within %.2f ulp\n", set, static_cast<int>(fn), worst);
    assert_true(worst <= 4);
}

void functions_are_accurate(void **) {
    for (const char *set : kSets) {
        const auto device = open_device(set);
        if (device == nullptr) continue;
        check_function(*device, set, Fn::exp, [](double x) { return std::exp(x); });
        check_function(*device, set, Fn::log, [](double x) { return std::log(x); });
        check_function(*device, set, Fn::log1p, [](double x) { return std::log1p(x); });
        check_function(*device, set, Fn::tanh, [](double x) { return std::tanh(x); });
        check_function(*device, set, Fn::sqrt, [](double x) { return std::sqrt(x); });
        check_function(*device, set, Fn::erf, [](double x) { return std::erf(x); });
        check_function(*device, set, Fn::sigmoid, [](double x) { return 1 / (1 + std::exp(-x)); });
    }
}

// --- The same bits for any number of threads.

void fill(Prepared &op, size_t operands) {
    uint32_t state = 1;
    for (size_t k = 0; k < operands; ++k) {
        for (int64_t i = 0; i < op.bytes(k) / 4; ++i) {
            state = state * 1664525u + 1013904223u;
            op.data(k)[i] = static_cast<float>(state >> 8) * 0x1p-23f - 1.0f;
        }
    }
}

PointwiseAttributes product() {
    ExpressionBuilder e;
    e.result(e.times(e.operand(0), e.operand(1)));
    PointwiseAttributes attributes;
    attributes.expression = e.take();
    return attributes;
}

struct Case {
    const char *name;
    Op op;
    std::vector<Tensor> tensors;
    size_t inputs;
};

std::vector<Case> large_cases() {
    const Tensor image = batch_of({48, 24, 28, 28}), half = batch_of({48, 24, 14, 14});
    const Tensor classes = batch_of({4096, 100});
    Tensor channels = vector_of(24), total = vector_of(1);
    total.type = Type::wide;
    PoolAttributes pool;
    pool.window.kernel = pool.window.stride = {2, 2, 1};
    DropoutAttributes dropout;
    dropout.rate = 0.4;
    dropout.seed = 7;
    return {
        {"product", make_op(OpKind::pointwise, {0, 1}, {2}, product()), {image, image, image}, 2},
        {"channel_sum",
         make_op(OpKind::channel_sum, {0, 1}, {2}, product()),
         {image, image, channels},
         2},
        {"sum", make_op(OpKind::sum, {0, 1}, {2}, product()), {image, image, total}, 2},
        {"max_pool", make_op(OpKind::max_pool, {0}, {1}, pool), {image, half}, 1},
        {"max_pool_backward",
         make_op(OpKind::max_pool_backward, {0, 1}, {2}, pool),
         {half, image, image},
         2},
        {"softmax", make_op(OpKind::softmax, {0}, {1}, {}), {classes, classes}, 1},
        {"dropout", make_op(OpKind::dropout, {0}, {1}, dropout), {image, image}, 1},
    };
}

void threads_give_the_same_bits(void **) {
    const auto one = open_device("", 1), three = open_device("", 3);
    for (const Case &c : large_cases()) {
        for (size_t choice = 0; choice < 2; ++choice) {
            Prepared a(*one, c.op, c.tensors, choice), b(*three, c.op, c.tensors, choice);
            fill(a, c.inputs);
            fill(b, c.inputs);
            const int64_t n = c.tensors[0].shape[0] - 3;
            a.launch(n);
            b.launch(n);
            if (std::memcmp(a.data(a.output()), b.data(b.output()),
                            static_cast<size_t>(a.bytes(a.output()))) != 0)
                fail_msg("%s (candidate %zu) differs", c.name, choice);
        }
    }
}

void launches_allocate_nothing(void **) {
    const auto device = open_device("", 2);
    for (const Case &c : large_cases()) {
        Prepared op(*device, c.op, c.tensors, 1);
        op.launch(c.tensors[0].shape[0]);
        const int64_t before = allocations.load();
        for (int64_t n : {1, 5, 17}) op.launch(n);
        op.launch(c.tensors[0].shape[0]);
        if (allocations.load() != before) fail_msg("%s allocates", c.name);
    }
}

// --- Dropout's definition, in every layout's order of work.

void dropout_follows_its_formula(void **) {
    DropoutAttributes attributes;
    attributes.rate = 0.25;
    attributes.seed = 0x123456789abcdefu;
    attributes.stream = 3;
    constexpr int64_t kN = 21, kChannels = 19, kSpatial = 5;
    const Tensor tensor = batch_of({kN, kChannels, kSpatial});
    for (const char *set : kSets) {
        const auto device = open_device(set);
        if (device == nullptr) continue;
        Prepared op(*device, make_op(OpKind::dropout, {0}, {1}, attributes), {tensor, tensor});
        for (int64_t i = 0; i < op.bytes(0) / 4; ++i) op.data(0)[i] = 1;
        op.launch(kN);
        for (int64_t i = 0; i < kN * kChannels * kSpatial; ++i) {
            const bool kept = dropout_keeps(attributes, 0, static_cast<uint64_t>(i));
            assert_true(op.data(1)[i] == (kept ? static_cast<float>(1 / 0.75) : 0.0f));
        }
    }
}

// --- Winograd: its weights are the transform, and its error is what cnn.h says of it.

// Uniform from -1 to 1. Not by a linear rule: errors of such values aren't those of random ones.
std::vector<float> random_values(const Tensor &tensor, unsigned seed) {
    std::mt19937 generator(seed);
    std::vector<float> values(static_cast<size_t>(tensor.shape.elements()));
    for (float &value : values) value = static_cast<float>(generator() >> 8) * 0x1p-23f - 1.0f;
    return values;
}

struct Convolution {
    int64_t n = 3, in = 48, out = 40, height = 13, width = 10;
    Tensor x, y, w;
    std::vector<float> x_values, y_values, w_values;
    Op op;

    Convolution(int64_t batch, int64_t channels)
        : n(batch),
          in(channels),
          x(batch_of({n, in, height, width})),
          y(batch_of({n, out, height, width})) {
        w.shape = {out, in, 3, 3};
        w.space = Space::parameter;
        x_values = random_values(x, 1);
        y_values = random_values(y, 2);
        w_values = random_values(w, 3);
        ConvolutionAttributes attributes;
        attributes.window.kernel = {3, 3, 1};
        attributes.window.pad_begin = attributes.window.pad_end = {1, 1, 0};
        op = make_op(OpKind::convolution, {0, 1}, {2}, attributes);
    }

    // Calls visit(places in x, w and y) of every product in y, or in the gradient of w.
    template <class Visit>
    void for_each_product(Visit &&visit) const;
};

template <class Visit>
void Convolution::for_each_product(Visit &&visit) const {
    for (int64_t map = 0; map < n * out * in * 9; ++map) {
        const int64_t tap = map % 9, i = map / 9 % in, o = map / (9 * in) % out;
        const int64_t sample = map / (9 * in * out);
        for (int64_t pixel = 0; pixel < height * width; ++pixel) {
            const int64_t r = pixel / width + tap / 3 - 1, q = pixel % width + tap % 3 - 1;
            if (r < 0 || r >= height || q < 0 || q >= width) continue;
            visit(static_cast<size_t>(((sample * in + i) * height + r) * width + q),
                  static_cast<size_t>((o * in + i) * 9 + tap),
                  static_cast<size_t>((sample * out + o) * height * width + pixel));
        }
    }
}

std::vector<double> exact_outputs(const Convolution &c) {
    std::vector<double> y(c.y_values.size());
    c.for_each_product([&](size_t at_x, size_t at_w, size_t at_y) {
        y[at_y] += static_cast<double>(c.x_values[at_x]) * static_cast<double>(c.w_values[at_w]);
    });
    return y;
}

std::vector<double> exact_gradient(const Convolution &c) {
    std::vector<double> dw(c.w_values.size());
    c.for_each_product([&](size_t at_x, size_t at_w, size_t at_y) {
        dw[at_w] += static_cast<double>(c.x_values[at_x]) * static_cast<double>(c.y_values[at_y]);
    });
    return dw;
}

// The operand in the candidate's layout, from what the device's own reorder makes of plain floats.
void bring(Device &device, Prepared &op, size_t operand, const Tensor &tensor,
           const std::vector<float> &values) {
    FusedOp group = single(make_op(OpKind::reorder, {0}, {1}, {}), {tensor, tensor});
    Candidate candidate;
    candidate.algorithm = "reorder";
    candidate.layouts = {Layout::plain(), op.candidate().layouts[operand]};
    const auto plain = device.allocate(static_cast<int64_t>(values.size()) * 4);
    const auto packed = device.allocate(op.bytes(operand));
    std::memcpy(plain->host(), values.data(), values.size() * sizeof(float));
    const Ref refs[2] = {{plain.get(), 0}, {packed.get(), 0}};
    Launch launch;
    launch.n = tensor.shape[0];
    launch.operands = refs;
    const auto queue = device.create_queue();
    device.prepare(group, candidate)->launch(*queue, launch);
    std::memcpy(op.data(operand), packed->host(), static_cast<size_t>(op.bytes(operand)));
}

size_t choice_of(const Device &device, const FusedOp &group, const char *algorithm) {
    std::vector<Candidate> candidates;
    device.candidates(group, candidates);
    size_t choice = 0;
    while (choice < candidates.size() && candidates[choice].algorithm != algorithm) ++choice;
    assert_true(choice < candidates.size());
    return choice;
}

// The root of the mean squared error of a candidate of that name.
double rms_error(Device &device, const Convolution &c, const char *algorithm,
                 const std::vector<double> &exact) {
    FusedOp group = single(c.op, {c.x, c.w, c.y});
    group.accept = kAcceptAll;
    Prepared op(device, c.op, {c.x, c.w, c.y}, choice_of(device, group, algorithm), kAcceptAll);
    bring(device, op, 0, c.x, c.x_values);
    bring(device, op, 1, c.w, c.w_values);
    op.launch(c.n);
    double squares = 0;
    for (size_t k = 0; k < exact.size(); ++k) {
        const auto i = static_cast<int64_t>(k);
        const int64_t at[4] = {i / (c.out * c.height * c.width), i / (c.height * c.width) % c.out,
                               i / c.width % c.height, i % c.width};
        const float got = op.data(2)[op.candidate().layouts[2].index(c.y.shape, at)];
        squares += std::pow(static_cast<double>(got) - exact[k], 2);
    }
    return std::sqrt(squares / static_cast<double>(exact.size()));
}

// Of the direct kernel's error, what cnn.h states of F(2x2, 3x3), F(4x4, 3x3) and, of gradients of
// weights, F(3x3, 2x2); gradients less what takes more samples than are here.
constexpr double kMostOf2x2 = 1, kMostOf4x4 = 2.9, kMostOfGradients = 2;

void winograd_rounds_as_the_header_says(void **) {
    for (int64_t channels : {16, 48, 200, 512}) {
        const Convolution c(3, channels);
        const std::vector<double> exact = exact_outputs(c);
        for (const char *set : kSets) {
            const auto device = open_device(set, 2);
            if (device == nullptr) continue;
            const double direct = rms_error(*device, c, "direct_c", exact);
            const double of_2x2 = rms_error(*device, c, "winograd_c", exact) / direct;
            const double of_4x4 = rms_error(*device, c, "winograd4_c", exact) / direct;
            print_message(
                "%s, %d channels: rms error of direct convolution %.2g; times that, of "
                "F(2x2, 3x3) %.2f, of F(4x4, 3x3) %.2f\n",
                set, static_cast<int>(channels), direct, of_2x2, of_4x4);
            assert_true(direct < 4e-5 && of_2x2 <= kMostOf2x2 && of_4x4 <= kMostOf4x4);
        }
    }
}

// Likewise of the gradient of the weights; a second launch must give the same bits.
double gradient_rms_error(Device &device, const Convolution &c, const char *algorithm,
                          const std::vector<double> &exact) {
    Op op = c.op;
    op.kind = OpKind::convolution_backward_weights;
    const size_t choice = choice_of(device, single(op, {c.x, c.y, c.w}), algorithm);
    Prepared prepared(device, op, {c.x, c.y, c.w}, choice);
    bring(device, prepared, 0, c.x, c.x_values);
    bring(device, prepared, 1, c.y, c.y_values);
    prepared.launch(c.n);
    const float *const dw = prepared.data(2);
    const std::vector<float> first(dw, dw + exact.size());
    prepared.launch(c.n);
    assert_memory_equal(first.data(), dw, exact.size() * sizeof(float));
    double squares = 0;
    for (size_t i = 0; i < exact.size(); ++i)
        squares += std::pow(static_cast<double>(dw[i]) - exact[i], 2);
    return std::sqrt(squares / static_cast<double>(exact.size()));
}

// Enough work for several slices of sums and visits to each.
void winograd_gradients_round_as_the_header_says(void **) {
    const Convolution c(24, 48);
    const std::vector<double> exact = exact_gradient(c);
    for (const char *set : kSets) {
        const auto device = open_device(set, 2);
        if (device == nullptr) continue;
        const double direct = gradient_rms_error(*device, c, "direct_c", exact);
        const double winograd = gradient_rms_error(*device, c, "winograd_c", exact);
        print_message("%s: rms error of direct gradients %.2g, of Winograd's %.2g\n", set, direct,
                      winograd);
        assert_true(winograd < 1e-4 && winograd <= kMostOfGradients * direct);
    }
}

// --- Speed, held to a generous bound.

// theta, m and v by the gradient, as Adam does.
PointwiseAttributes adam() {
    ExpressionBuilder e;
    const auto theta = e.operand(0), g = e.operand(1), m = e.operand(2), v = e.operand(3);
    const auto b1 = e.constant(0.9), b2 = e.constant(0.999);
    const auto m1 = e.plus(m, e.times(e.minus(e.constant(1), b1), e.minus(g, m)));
    const auto v1 = e.plus(v, e.times(e.minus(e.constant(1), b2), e.minus(e.times(g, g), v)));
    const auto root = e.plus(e.call(Fn::sqrt, e.times(v1, e.scalar(3))), e.constant(1e-8));
    e.result(e.minus(theta, e.times(e.scalar(kSlotUpdate), e.over(m1, root))));
    e.result(m1);
    e.result(v1);
    PointwiseAttributes attributes;
    attributes.expression = e.take();
    return attributes;
}

// Of this thread's own, so that what else the machine does hardly counts.
double processor_seconds() {
    timespec t{};
    assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t), 0);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

void small_updates_are_cheap(void **) {
    const auto device = open_device("", 2);
    const Tensor t = vector_of(13);
    Prepared op(*device, make_op(OpKind::pointwise, {0, 1, 2, 3}, {0, 2, 3}, adam()), {t, t, t, t});
    double least = 1;
    constexpr int kLaunches = 10000;
    for (int round = 0; round < 5; ++round) {
        const double start = processor_seconds();
        for (int i = 0; i < kLaunches; ++i) op.launch(1);
        least = std::min(least, (processor_seconds() - start) / kLaunches);
    }
    print_message("adam of 13: %.0f ns, predicted %.0f ns\n", least * 1e9, op.predicted() * 1e9);
    assert_true(least < 5e-6);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(functions_are_accurate),
        cmocka_unit_test(threads_give_the_same_bits),
        cmocka_unit_test(launches_allocate_nothing),
        cmocka_unit_test(dropout_follows_its_formula),
        cmocka_unit_test(winograd_rounds_as_the_header_says),
        cmocka_unit_test(winograd_gradients_round_as_the_header_says),
        cmocka_unit_test(small_updates_are_cheap),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}

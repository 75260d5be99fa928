// cnn.hpp as a C++ user writes it: the shortest whole program, errors as exceptions, files.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
extern "C" {
#include <cmocka.h>
}
#undef fail

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cnn/cnn.hpp>
#include <cstdio>
#include <functional>
#include <memory>
#include <memory_resource>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

const std::vector<float> kInputs{0, 0, 0, 1, 1, 0, 1, 1};
const std::vector<float> kTargets{0, 1, 1, 0};

cnn::Net xor_net() {
    cnn::Net net;
    auto n = net.input("x", {2});
    n = net.dense(n, {.units = 8, .activation = CNN_TANH});
    n = net.dense(n, {.units = 1, .activation = CNN_SIGMOID});
    net.loss(n, {.kind = CNN_LOSS_MSE});
    return net;
}

void learns_xor(void **) {
    cnn::Net net = xor_net();
    const cnn::Device device("cpu");
    net.compile(device, {.max_batch = 4});
    cnn::Optimizer adam(CNN_ADAM);
    adam.set(CNN_LEARNING_RATE, 0.05);
    const auto samples = cnn::Samples(kInputs).targets(kTargets);
    int calls = 0;
    const cnn_report report =
        net.fit(adam, samples, {.epochs = 500, .progress_interval = -1}, [&](const cnn_progress &) {
            ++calls;
            return true;
        });
    assert_int_equal(report.steps, 500);
    assert_true(calls >= 500);
    std::array<float, 4> y{};
    net.run(kInputs, y);
    for (size_t i = 0; i < y.size(); ++i) assert_true(std::fabs(y[i] - kTargets[i]) < 0.1F);
    assert_true(net.evaluate(samples).loss < 0.01);
    assert_true(net.summary().find("dense_1") != std::string::npos);
}

void tunes(void **) {
    cnn::Net net = xor_net();
    const cnn::Device device("cpu");
    int calls = 0;
    const cnn_tune_report report = net.tune(device, {.compile = {.max_batch = 4}, .seconds = 0.05},
                                            [&](const cnn_tune_progress &) { return ++calls > 0; });
    assert_true(report.operations > 0 && calls > 0);
    const cnn_tune short_one{.compile = {}, .seconds = 0.05};
    cnn_tune_report also{};
    cnn_status status = CNN_OK;
    try {
        net.tune(
            device, short_one, [](const cnn_tune_progress &) { return false; }, &also);
    } catch (const cnn::Exception &error) {
        status = error.status();
    }
    assert_int_equal(status, CNN_CANCELLED);
}

void profiles(void **) {
    cnn::Net net = xor_net();
    net.compile(cnn::Device("cpu"), {.max_batch = 4});
    double flops = 0;
    for (const cnn_node_time &row : net.profile()) flops += row.flops;
    assert_true(flops > 0);
    cnn_profile step{};
    step.training = 1;
    assert_int_equal(net.profile(step).front().node, -1);
}

// Four units on the four points, and their linear output.
void learns_xor_by_radial_basis(void **) {
    cnn::Net net;
    auto n = net.input("x", {2});
    n = net.radial_basis(n, {.name = "r", .units = 4});
    net.loss(net.dense(n, {.units = 1}), {.kind = CNN_LOSS_MSE});
    const cnn::Device device("cpu");
    net.compile(device, {.max_batch = 4});
    const auto samples = cnn::Samples(kInputs).targets(kTargets);
    net.init_radial_basis("r", samples, 3);
    cnn::Optimizer adam(CNN_ADAM);
    adam.set(CNN_LEARNING_RATE, 0.05);
    net.fit(adam, samples, {.epochs = 300});
    assert_true(net.evaluate(samples).loss < 0.001);
}

void builds_tables_of_connections(void **) {
    const std::vector<std::int32_t> pairs{0, 0, 2, 1};
    cnn_connections table{};
    table.kind = CNN_CONNECT_CUSTOM;
    table.pairs = pairs.data();
    table.pair_count = 2;
    cnn::Net net;
    auto n = net.input("x", {3, 8, 8});
    n = net.conv2d(n, {.filters = 2, .kernel = {3}, .connections = &table});
    n = net.weighted_subsample2d(n, {.factor = {2}, .exact = 1});
    n = net.subsample2d(n, {.factor = {2}});
    net.compile(cnn::Device("cpu"));
    assert_int_equal(net.vector().size(), 2 * 9 + 2 + 2 + 2);
}

void convolutions_are_matrices(void **) {
    cnn::Net net;
    const auto x = net.input("x", {12});
    const auto image = net.reshape(x, {1, 3, 4}, "image");
    const auto conv = net.conv2d(image, {.filters = 2, .kernel = {2, 2}});
    auto n = net.host_activation(
        conv, cnn::HostActivation::of(
                  "twice", [](float v) { return 2 * v; }, [](float, float) { return 2.0F; }));
    n = net.dense(n, {.units = 1});
    net.loss(n, {.kind = CNN_LOSS_MSE});
    const cnn::Matrix m = net.conv_matrix(conv);
    assert_int_equal(m.info().rows, 2 * 2 * 3);
    assert_int_equal(m.info().nonzeros, 2 * 2 * 3 * 4);
    cnn::Net unrolled = net.unroll_conv2d(conv);
    assert_true(net.set_conv_matrix(conv, cnn::Matrix::mat(m.vec(), 12, 12)) == 0);
    const cnn::Device device("cpu");
    net.compile(device);
    unrolled.compile(device);
    const std::vector<float> in{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    std::array<float, 1> a{}, b{};
    net.run(in, a);
    unrolled.run(in, b);
    assert_true(std::fabs(a[0] - b[0]) < 1e-4F);
    assert_true(m.multiply(in).size() == 12);
    const std::vector<float> target{1};
    const cnn_gradient_report report =
        net.check_gradient(cnn::Samples(in).targets(target), {.tolerance = 0.01});
    assert_int_equal(report.entries, 2 * 4 + 2 + 13);
}

void errors_are_exceptions(void **) {
    cnn::Net net;
    net.dense(net.input("x", {3}), {.name = "wrong", .units = -1});
    const cnn::Device device("cpu");
    try {
        net.compile(device);
        assert_true(false);
    } catch (const cnn::Exception &e) {
        assert_int_equal(e.status(), CNN_OUT_OF_RANGE);
        assert_non_null(std::string(e.what()).find("wrong") != std::string::npos ? e.what()
                                                                                 : nullptr);
    }
}

void a_throwing_callback_cancels(void **) {
    cnn::Net net = xor_net();
    const cnn::Device device("cpu");
    net.compile(device, {.max_batch = 4});
    cnn::Optimizer sgd(CNN_SGD);
    bool caught = false;
    try {
        net.fit(sgd, cnn::Samples(kInputs).targets(kTargets), {.epochs = 10},
                [](const cnn_progress &) -> bool { throw std::out_of_range("enough"); });
    } catch (const std::out_of_range &) {
        caught = true;
    }
    assert_true(caught);
}

int64_t calls_of(const std::vector<cnn_key_info> &keys, cnn_key key) {
    return std::count_if(keys.begin(), keys.end(), [&](const auto &k) { return k.key == key; });
}

void optimizers_tell_their_keys(void **) {
    cnn::Optimizer sgd(CNN_SGD);
    sgd.set(CNN_LEARNING_RATE, 0.5).set(CNN_MOMENTUM, 0.25);
    assert_true(sgd.get(CNN_MOMENTUM) == 0.25);
    assert_int_equal(calls_of(sgd.keys(), CNN_MOMENTUM), 1);
    assert_int_equal(sgd.kind(), CNN_SGD);
    bool caught = false;
    try {
        cnn::Optimizer unknown(12345);
    } catch (const cnn::Exception &e) {
        caught = std::string(e.status_name()) == "CNN_INVALID_ARGUMENT";
    }
    assert_true(caught);
}

void devices_take_hooks_that_live_as_long_as_they(void **) {
    struct Counting : std::pmr::memory_resource {
        std::atomic<int64_t> held{0}, served{0};
        void *do_allocate(size_t bytes, size_t align) override {
            held += static_cast<int64_t>(bytes);
            ++served;
            return std::pmr::new_delete_resource()->allocate(bytes, align);
        }
        void do_deallocate(void *p, size_t bytes, size_t align) override {
            held -= static_cast<int64_t>(bytes);
            std::pmr::new_delete_resource()->deallocate(p, bytes, align);
        }
        bool do_is_equal(const memory_resource &other) const noexcept override {
            return this == &other;
        }
    } memory;
    int released = 0;
    auto lines = std::make_shared<std::atomic<int>>(0);
    {
        cnn::Net net = xor_net();
        {
            const cnn::Device device("cpu",
                                     {.memory = &memory,
                                      .log = [lines](cnn_log_level, const char *) { ++*lines; },
                                      .log_level = CNN_LOG_DEBUG,
                                      .threads = 1,
                                      .released = [&] { ++released; }});
            assert_string_equal(device.info().spec, "cpu");
            net.compile(device, {.max_batch = 4});
        }
        assert_int_equal(released, 0);
        std::array<float, 4> y{};
        net.run(kInputs, y);
        assert_true(memory.held > 0);
    }
    assert_int_equal(released, 1);
    assert_int_equal(lines.use_count(), 1);
    assert_true(*lines > 0);
    assert_true(memory.served > 0);
    assert_int_equal(memory.held, 0);
    assert_true(!cnn::Device::list().empty());
}

void tasks_run_on_the_hosts_threads(void **) {
    std::atomic<int> ran{0};
    cnn::Net net;
    net.dense(net.input("x", {512}), {.units = 512});
    net.compile(
        cnn::Device("cpu", {.threads = 4,
                            .parallel_for =
                                [&](int32_t count, const std::function<void(int32_t)> &task) {
                                    for (int32_t i = count; i-- > 0; ++ran) task(i);
                                }}),
        {.max_batch = 64});
    const std::vector<float> x(64 * 512, 0.5F);
    std::vector<float> y(64 * 512), z(64 * 512);
    net.run(x, y);
    assert_true(ran > 0);
    net.compile(cnn::Device("cpu", {.threads = 1}), {.max_batch = 64});
    net.run(x, z);
    assert_true(y == z);
}

void a_lent_opencl_of_nothing_is_refused(void **) {
    bool caught = false;
    try {
        cnn::Device::open(cnn_opencl{});
    } catch (const cnn::Exception &e) {
        caught = e.status() == CNN_INVALID_ARGUMENT || e.status() == CNN_UNSUPPORTED;
    }
    assert_true(caught);
    cnn::Net net = xor_net();
    net.compile(cnn::Device("cpu"));
    float y = 0;
    int memory = 0;
    caught = false;
    try {
        net.run(cnn::View::of_memory(&memory, 2), cnn::View(std::span(&y, 1)));
    } catch (const cnn::Exception &e) {
        caught = e.status() == CNN_UNSUPPORTED;
    }
    assert_true(caught);
}

void runs_go_on_beside_the_caller(void **) {
    cnn::Net net = xor_net();
    net.compile(cnn::Device("cpu"), {.max_batch = 4});
    std::array<float, 4> y{}, z{};
    net.run(kInputs, y);
    cnn::Event event = net.run_async({cnn::View(kInputs)}, {cnn::View(z)});
    event.wait();
    assert_true(event.is_done());
    assert_true(event.wait_for(std::chrono::milliseconds(1)));
    assert_true(y == z);
    cnn::Net failing;
    const auto x = failing.input("x", {1});
    failing.host_layer({x}, {.kind = "failing",
                             .output_shape = {},
                             .forward = [](const cnn_host_call &) { return false; },
                             .backward = [](const cnn_host_call &) { return false; }});
    failing.compile(cnn::Device("cpu"), {.inference_only = 1});
    const std::array<float, 1> one{1};
    cnn::Event failed = failing.run_async({cnn::View(one)}, {cnn::View(std::span(y).first(1))});
    bool caught = false;
    try {
        failed.wait();
    } catch (const cnn::Exception &e) {
        caught = e.status() == CNN_CANCELLED;
    }
    assert_true(caught);
}

template <class Thrown>
bool waiting_throws(cnn::Event &event) {
    try {
        event.wait();
    } catch (const Thrown &) {
        return true;
    } catch (...) {
    }
    return false;
}

// Of a thread of the library's, of the one that waits, and of a relative of the net that was built.
void what_a_run_beside_the_caller_throws_comes_out_of_its_wait(void **) {
    for (const std::int32_t threads : {2, 1}) {
        cnn::DeviceOptions options;
        options.threads = threads;
        cnn::Device device("cpu", options);
        enum { kGood, kThrows, kFails, kCancels } what = kThrows;
        cnn::Net net, *in_use = &net;
        auto n = net.host_activation(
            net.input("x", {1}), cnn::HostActivation{"own",
                                                     [&](std::int64_t, const float *x, float *y) {
                                                         if (what == kThrows)
                                                             throw std::domain_error("mine");
                                                         if (what == kCancels) in_use->cancel();
                                                         *y = *x;
                                                         return what != kFails;
                                                     },
                                                     [](auto...) { return true; }});
        for (int i = 0; i < 4; ++i) n = net.dense(n, {.units = 1});
        const cnn_compile compiled{.inference_only = 1, .accept = CNN_ACCEPT_WINOGRAD_4X4};
        net.compile(device, compiled);
        cnn::Net clone = net.clone();
        clone.compile(device, compiled);
        for (cnn::Net *one : {&net, &clone}) {
            in_use = one;
            std::array<float, 1> x{1}, y{};
            const auto run = [&] {
                cnn::Event event = one->run_async({cnn::View(x)}, {cnn::View(y)});
                while (threads > 1 && !event.is_done()) std::this_thread::yield();
                return event;
            };
            what = kThrows;
            cnn::Event thrown = run();
            assert_true(waiting_throws<std::domain_error>(thrown));
            what = kFails;
            cnn::Event failed = run();
            assert_true(waiting_throws<cnn::Exception>(failed));
            // What a run threw isn't taken for a later one's, nor lost by it.
            what = kThrows;
            std::optional<cnn::Event> unwaited;
            if (threads > 1) unwaited = run();
            what = kCancels;
            cnn::Event cancelled = run();
            assert_true(waiting_throws<cnn::Exception>(cancelled));
            what = kGood;
            cnn::Event good = run();
            good.wait();
            assert_true(waiting_throws<std::domain_error>(thrown));
            if (unwaited) assert_true(waiting_throws<std::domain_error>(*unwaited));
        }
    }
}

// Of a device without threads the run is computed as its event ends.
void what_an_unwaited_run_throws_is_dropped(void **) {
    cnn::DeviceOptions options;
    options.threads = 1;
    cnn::Net net;
    const auto throwing = [](float) -> float { throw std::domain_error("mine"); };
    net.host_activation(net.input("x", {1}),
                        cnn::HostActivation::of("bad", throwing, [](float, float) { return 0.F; }));
    net.compile(cnn::Device("cpu", options), {.inference_only = 1});
    std::array<float, 1> x{1}, y{};
    { const cnn::Event event = net.run_async({cnn::View(x)}, {cnn::View(y)}); }
    bool caught = false;
    try {
        const cnn::Device nothing("nothing");
    } catch (const cnn::Exception &e) {
        caught = e.status() == CNN_NOT_FOUND;
    }
    assert_true(caught);
}

void work_goes_on_from_frame_to_frame(void **) {
    cnn::Net net = xor_net(), whole = xor_net();
    const cnn::Device device("cpu");
    net.compile(device, {.max_batch = 4});
    whole.compile(device, {.max_batch = 4});
    const auto samples = cnn::Samples(kInputs).targets(kTargets);
    cnn::Optimizer sgd(CNN_SGD), other(CNN_SGD);
    using namespace std::chrono_literals;
    assert_int_equal(net.fit_for(sgd, samples, 0us, {.epochs = 20}).step, 0);
    assert_int_equal(sgd.steps(), 0);
    int calls = 0;
    while (!net.fit_for(sgd, samples, 50us, {.epochs = 20}).done) assert_true(++calls < 100000);
    whole.fit(other, samples, {.epochs = 20});
    assert_true(net.vector() == whole.vector());

    std::array<float, 4> y{}, z{};
    net.run(kInputs, y);
    cnn_run_progress progress = net.run_for({cnn::View(kInputs)}, {cnn::View(z)}, 0us);
    assert_int_equal(progress.done, 0);
    progress = net.run_for({cnn::View(kInputs)}, {cnn::View(z)}, -1us);
    assert_int_equal(progress.done, 1);
    assert_true(y == z);
}

void nets_share_parameters(void **) {
    cnn::Net net = xor_net();
    cnn::Net a = net.share(), b = a.share();
    const cnn::Device device("cpu");
    a.compile(device, {.max_batch = 4, .inference_only = 1});
    b.compile(device, {.max_batch = 4, .inference_only = 1});
    std::array<float, 4> before{}, y{}, z{};
    a.run(kInputs, before);
    net.set_vector(std::vector<float>(33, 0.5F));
    b.hand_over(net);
    a.run(kInputs, y);
    b.run(kInputs, z);
    assert_true(y == z);
    assert_true(y != before);
}

// y = w x by a layer of the host's, with what it throws.
void layers_of_the_hosts_own_are_lambdas(void **) {
    auto counted = std::make_shared<int>(0);
    bool throws = false;
    {
        cnn::Net net;
        const auto x = net.input("x", {2});
        cnn_host_parameter weight{};
        weight.name = "w";
        weight.rank = 1;
        weight.shape[0] = 1;
        weight.initializer = CNN_INIT_CONSTANT;
        weight.initializer_scale = 3;
        const auto y =
            net.host_layer({x}, {.kind = "scaled",
                                 .output_shape = {2},
                                 .parameters = {weight},
                                 .forward =
                                     [&throws, counted](const cnn_host_call &c) {
                                         if (throws) throw std::domain_error("mine");
                                         ++*counted;
                                         for (int64_t i = 0; i < 2 * c.n; ++i)
                                             c.output[i] = c.parameters[0][0] * c.inputs[0][i];
                                         return true;
                                     },
                                 .backward =
                                     [](const cnn_host_call &c) {
                                         for (int64_t i = 0; i < 2 * c.n; ++i) {
                                             if (c.input_gradients[0])
                                                 c.input_gradients[0][i] =
                                                     c.parameters[0][0] * c.output_gradient[i];
                                             if (c.parameter_gradients[0])
                                                 c.parameter_gradients[0][0] +=
                                                     c.output_gradient[i] * c.inputs[0][i];
                                         }
                                         return true;
                                     },
                                 .name = "layer"});
        assert_true(y >= 0);
        net.loss(y, {.kind = CNN_LOSS_HALF_MSE});
        net.compile(cnn::Device("cpu"));
        const std::vector<float> in{1, 2}, target{0, 0};
        std::array<float, 2> out{};
        net.run(in, out);
        assert_true(out[0] == 3 && out[1] == 6);
        // L = (3^2 + 6^2) / 2; dL/dw = 3 * 1 + 6 * 2.
        assert_true(net.loss_gradient(cnn::Samples(in).targets(target)) == 22.5);
        assert_true(net.vector(CNN_GRADIENT).at(0) == 15);
        throws = true;
        bool caught = false;
        try {
            net.run(in, out);
        } catch (const std::domain_error &) {
            caught = true;
        }
        assert_true(caught);
        throws = false;
        net.run(in, out);
        assert_true(net.find_node("layer") == y);
        assert_true(net.nodes().at(static_cast<size_t>(y)).parameters == 1);
    }
    assert_int_equal(counted.use_count(), 1);
}

void several_inputs_and_outputs_are_views(void **) {
    cnn::Net net;
    const auto a = net.input("a", {1, 2, 2});
    const auto b = net.input("b", {4});
    const auto sum = net.add({net.flatten(a), b});
    net.output(sum);
    net.output(b);
    net.compile(cnn::Device("cpu"), {.max_batch = 2});
    const std::vector<uint8_t> pixels{0, 51, 102, 255};
    const std::array<float, 4> offset{1, 2, 3, 4};
    std::array<float, 4> y{}, z{};
    net.run_many({cnn::View(pixels).scaled(1 / 51.0F), cnn::View(offset)},
                 {cnn::View(y), cnn::View(z)});
    const std::array<float, 4> wanted{1, 3, 5, 9};
    for (size_t i = 0; i < 4; ++i) assert_true(std::fabs(y[i] - wanted[i]) < 1e-6F);
    assert_true(z == offset);
    const std::vector<cnn_view> inputs{cnn::View(std::span(pixels)), cnn::View(offset)};
    const std::vector<cnn_view> outputs{cnn::View(std::span(y))};
    net.run_many(inputs, outputs);
    assert_true(std::fabs(y[0] - 1 + 0.0F) < 1e-6F);  // unscaled 0 + 1
    assert_true(y[3] == 259);
}

void gradients_reach_the_inputs(void **) {
    cnn::Net net;
    const auto x = net.input("x", {3});
    net.dense(x, {.name = "d", .units = 1, .no_bias = 1});
    net.compile(cnn::Device("cpu"), {.max_batch = 2});
    net.set_tensor("d/weight", std::vector<float>{2, 3, 4});
    const std::vector<float> in{1, 1, 1, 0, 1, 2}, dy{1, 10};
    std::array<float, 6> dx{};
    net.backward(cnn::Samples(in), {cnn::View(dy)}, {cnn::View(dx)});
    assert_true((dx == std::array<float, 6>{2, 3, 4, 20, 30, 40}));
    assert_true((net.vector(CNN_GRADIENT) == std::vector<float>{1, 11, 21}));
    assert_true((net.tensor("d/weight") == std::vector<float>{2, 3, 4}));
    assert_string_equal(net.tensors().at(0).name, "d/weight");
    net.set_rate("d", 0);
    assert_true(net.tensors().at(0).rate == 0);
    net.set_regularization("d/weight", 0.5);
    net.set_center(std::vector<float>{1, 1, 1});
    assert_true((net.center() == std::vector<float>{1, 1, 1}));
}

// Rosenbrock's valley and a line through four points.
void functions_are_minimised(void **) {
    cnn::Optimizer bfgs(CNN_BFGS);
    std::array<double, 2> x{-1.2, 1};
    int64_t seen = 0;
    const auto report = cnn::minimize(
        bfgs,
        [](const double *p, double *g) {
            const double a = 1 - p[0], b = p[1] - p[0] * p[0];
            if (g) {
                g[0] = -2 * a - 400 * p[0] * b;
                g[1] = 200 * b;
            }
            return a * a + 100 * b * b;
        },
        x, {}, [&](const cnn_minimize_progress &p) { seen = p.iteration; });
    assert_true(std::fabs(x[0] - 1) < 1e-6 && std::fabs(x[1] - 1) < 1e-6);
    assert_true(seen == report.iterations && seen > 5);

    std::array<double, 2> again{-1.2, 1};
    cnn::minimize_by_differences(
        bfgs,
        [](const double *p) {
            const double a = 1 - p[0], b = p[1] - p[0] * p[0];
            return a * a + 100 * b * b;
        },
        again);
    assert_true(std::fabs(again[0] - 1) < 1e-4);

    cnn::Optimizer lm(CNN_LEVENBERG_MARQUARDT);
    std::vector<double> line{0, 0};
    cnn::minimize_residuals(
        lm, 4,
        [](const double *p, double *r, double *j) {
            for (int i = 0; i < 4; ++i) {
                r[i] = p[0] + p[1] * i - (1 + 2 * i);
                if (j) {
                    j[2 * i] = 1;
                    j[2 * i + 1] = i;
                }
            }
        },
        line);
    assert_true(std::fabs(line[0] - 1) < 1e-10 && std::fabs(line[1] - 2) < 1e-10);

    const std::array<double, 2> b{1, 4};
    std::array<double, 2> solution{};
    const auto solved = cnn::conjugate_gradient(
        [](const double *v, double *y) {
            y[0] = v[0];
            y[1] = 2 * v[1];
        },
        b, solution);
    assert_true(std::fabs(solution[0] - 1) < 1e-9 && std::fabs(solution[1] - 2) < 1e-9);
    assert_true(solved.products > 0);

    bool caught = false;
    try {
        cnn::minimize(
            bfgs, [](const double *, double *) -> double { throw std::domain_error("mine"); }, x);
    } catch (const std::domain_error &) {
        caught = true;
    }
    assert_true(caught);
}

void nets_are_minimised_and_their_curve_drawn(void **) {
    cnn::Net net = xor_net();
    net.compile(cnn::Device("cpu"), {.max_batch = 4});
    const auto samples = cnn::Samples(kInputs).targets(kTargets);
    const auto curve = net.error_curve(samples, {0, 0.01});
    assert_true(curve.at(1) < curve.at(0));
    cnn::Optimizer lm(CNN_LEVENBERG_MARQUARDT);
    cnn_minimize_report report{};
    assert_true(net.minimize(lm, samples, {}, nullptr, &report).value < 1e-6);
    assert_true(report.value < 1e-6);
    cnn::Optimizer sgd(CNN_SGD);
    cnn_report partial{};
    try {
        net.fit(
            sgd, samples, samples, {.epochs = 10, .progress_interval = -1},
            [](const cnn_progress &p) { return p.step < 3; }, &partial);
        assert_true(false);
    } catch (const cnn::Exception &e) {
        assert_int_equal(e.status(), CNN_CANCELLED);
    }
    assert_int_equal(partial.steps, 3);
    net.train_step_unread(sgd, samples);
    assert_true(net.train_step(sgd, samples) >= 0);
    assert_int_equal(sgd.steps(), 5);
    sgd.reset();
    assert_int_equal(sgd.steps(), 0);
}

void matrices_have_rows(void **) {
    const auto a = cnn::Matrix::csr(3, {{0, 2, 3}, {0, 2, 1}, {1, 2, 3}});
    assert_true((a.vec() == std::vector<float>{1, 0, 2, 0, 3, 0}));
    assert_true((a.csr().column_indices == std::vector<int64_t>{0, 2, 1}));
    cnn::Net net;
    const auto conv =
        net.conv2d(net.input("x", {1, 3, 3}), {.name = "c", .filters = 1, .kernel = {2}});
    const std::vector<float> z{1, 2, 3, 4, 5, 6, 7, 8, 9};
    const auto phi = net.patches(conv, z);
    assert_true(net.patch_matrix(conv).multiply(z) == phi);
    assert_int_equal(net.describe_convolution(conv).positions, 4);
    assert_true((net.conv_positions(conv, 4) == std::vector<int64_t>{4, 4, 4, 4}));
}

void copies_and_files_keep_parameters(void **) {
    cnn::Net net = xor_net();
    const std::string path = "hpp_test.safetensors";
    net.save(path);
    const cnn::Net loaded = cnn::Net::load(path);
    assert_int_equal(std::remove(path.c_str()), 0);
    assert_true(loaded.vector() == net.vector());
    assert_true(net.clone().vector() == net.vector());
    const std::vector<std::byte> bytes = net.save();
    assert_true(cnn::Net::load(bytes.data(), bytes.size()).vector() == net.vector());
    std::vector<std::byte> written(bytes.size());
    assert_int_equal(net.save_into(written), bytes.size());
    assert_true(written == bytes);
    written.clear();
    net.save_to([&](const void *data, size_t size) {
        const auto *from = static_cast<const std::byte *>(data);
        written.insert(written.end(), from, from + size);
        return true;
    });
    assert_true(written == bytes);
    size_t at = 0;
    const auto reread = cnn::Net::load_from([&](void *to, size_t size) {
        const size_t got = std::min<size_t>({size, 100, bytes.size() - at});
        std::copy_n(bytes.begin() + static_cast<ptrdiff_t>(at), got, static_cast<std::byte *>(to));
        at += got;
        return got;
    });
    assert_true(reread.vector() == net.vector());
    cnn::Net other = xor_net();
    other.copy_parameters(net);
    assert_int_equal(net.elements(), 33);
    net.error();
}

void checkpoints_hold_the_optimizer(void **) {
    cnn::Net net = xor_net();
    net.compile(cnn::Device("cpu"), {.max_batch = 4});
    cnn::Optimizer adam(CNN_ADAM);
    net.train_step(adam, cnn::Samples(kInputs).targets(kTargets));
    const auto bytes = net.save_checkpoint(adam);
    const auto loaded = cnn::Net::load_checkpoint(bytes.data(), bytes.size());
    assert_int_equal(loaded.optimizer.steps(), 1);
    assert_true(loaded.net.vector() == net.vector());
    const std::string path = "hpp_test_checkpoint.safetensors";
    net.save_checkpoint(adam, path);
    assert_int_equal(cnn::Net::load_checkpoint(path).optimizer.kind(), CNN_ADAM);
    assert_int_equal(std::remove(path.c_str()), 0);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(learns_xor),
        cmocka_unit_test(tunes),
        cmocka_unit_test(profiles),
        cmocka_unit_test(learns_xor_by_radial_basis),
        cmocka_unit_test(builds_tables_of_connections),
        cmocka_unit_test(convolutions_are_matrices),
        cmocka_unit_test(errors_are_exceptions),
        cmocka_unit_test(a_throwing_callback_cancels),
        cmocka_unit_test(optimizers_tell_their_keys),
        cmocka_unit_test(devices_take_hooks_that_live_as_long_as_they),
        cmocka_unit_test(tasks_run_on_the_hosts_threads),
        cmocka_unit_test(a_lent_opencl_of_nothing_is_refused),
        cmocka_unit_test(runs_go_on_beside_the_caller),
        cmocka_unit_test(what_a_run_beside_the_caller_throws_comes_out_of_its_wait),
        cmocka_unit_test(what_an_unwaited_run_throws_is_dropped),
        cmocka_unit_test(work_goes_on_from_frame_to_frame),
        cmocka_unit_test(nets_share_parameters),
        cmocka_unit_test(layers_of_the_hosts_own_are_lambdas),
        cmocka_unit_test(several_inputs_and_outputs_are_views),
        cmocka_unit_test(gradients_reach_the_inputs),
        cmocka_unit_test(functions_are_minimised),
        cmocka_unit_test(nets_are_minimised_and_their_curve_drawn),
        cmocka_unit_test(matrices_have_rows),
        cmocka_unit_test(copies_and_files_keep_parameters),
        cmocka_unit_test(checkpoints_hold_the_optimizer),
    };
    return cmocka_run_group_tests_name("hpp", tests, nullptr, nullptr);
}

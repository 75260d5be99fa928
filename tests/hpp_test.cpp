// cnn.hpp as a C++ user writes it: the shortest whole program, errors as exceptions, files.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
extern "C" {
#include <cmocka.h>
}
#undef fail

#include <array>
#include <cmath>
#include <cnn/cnn.hpp>
#include <cstdio>
#include <string>
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

int32_t twice(int64_t count, const float *x, float *y, void *) {
    for (int64_t i = 0; i < count; ++i) y[i] = 2 * x[i];
    return 0;
}

int32_t twice_backward(int64_t count, const float *, const float *, const float *dy, float *dx,
                       void *) {
    for (int64_t i = 0; i < count; ++i) dx[i] = 2 * dy[i];
    return 0;
}

void convolutions_are_matrices(void **) {
    cnn::Net net;
    const auto x = net.input("x", {12});
    const auto image = net.reshape(x, {1, 3, 4}, "image");
    const auto conv = net.conv2d(image, {.filters = 2, .kernel = {2, 2}});
    auto n =
        net.host_activation(conv, {.kind = "twice", .forward = twice, .backward = twice_backward});
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

void copies_and_files_keep_parameters(void **) {
    cnn::Net net = xor_net();
    const std::string path = "hpp_test.safetensors";
    net.save(path);
    const cnn::Net loaded = cnn::Net::load(path);
    assert_int_equal(std::remove(path.c_str()), 0);
    assert_true(loaded.vector() == net.vector());
    assert_true(net.clone().vector() == net.vector());
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(learns_xor),
        cmocka_unit_test(learns_xor_by_radial_basis),
        cmocka_unit_test(builds_tables_of_connections),
        cmocka_unit_test(convolutions_are_matrices),
        cmocka_unit_test(errors_are_exceptions),
        cmocka_unit_test(a_throwing_callback_cancels),
        cmocka_unit_test(copies_and_files_keep_parameters),
    };
    return cmocka_run_group_tests_name("hpp", tests, nullptr, nullptr);
}

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
        cmocka_unit_test(errors_are_exceptions),
        cmocka_unit_test(a_throwing_callback_cancels),
        cmocka_unit_test(copies_and_files_keep_parameters),
    };
    return cmocka_run_group_tests_name("hpp", tests, nullptr, nullptr);
}

// cnn.hpp without exceptions: the classes of cnn::expected, as a program built with
// -fno-exceptions uses them.
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
#include <string>
#include <vector>

namespace {

namespace ex = cnn::expected;

const std::vector<float> kInputs{0, 0, 0, 1, 1, 0, 1, 1};
const std::vector<float> kTargets{0, 1, 1, 0};

ex::Net xor_net() {
    ex::Net net;
    auto n = net.input("x", {2});
    n = net.dense(n, {.units = 8, .activation = CNN_TANH});
    n = net.dense(n, {.units = 1, .activation = CNN_SIGMOID});
    net.loss(n, {.kind = CNN_LOSS_MSE});
    return net;
}

void learns_xor(void **) {
    auto device = ex::Device::open("cpu");
    assert_true(device.has_value());
    ex::Net net = xor_net();
    assert_true(bool(net.compile(*device, {.max_batch = 4})));
    auto lm = ex::Optimizer::create(CNN_LEVENBERG_MARQUARDT);
    assert_true(bool(lm));
    const auto samples = cnn::Samples(kInputs).targets(kTargets);
    const auto report = net.minimize(*lm, samples);
    assert_true(report && report->value < 1e-6);
    std::array<float, 4> y{};
    assert_true(bool(net.run(kInputs, y)));
    for (size_t i = 0; i < y.size(); ++i) assert_true(std::fabs(y[i] - kTargets[i]) < 0.1F);
    assert_true(net.evaluate(samples).value().loss < 1e-6);
}

void failures_are_values(void **) {
    const auto none = ex::Device::open("toaster");
    assert_false(none.has_value());
    assert_int_equal(none.error().status, CNN_NOT_FOUND);
    assert_true(std::string(none.error().message).find("toaster") != std::string::npos);

    ex::Net net;
    net.dense(net.input("x", {3}), {.name = "wrong", .units = -1});
    const auto device = ex::Device::open("cpu");
    const auto compiled = net.compile(*device);
    assert_false(compiled.has_value());
    assert_int_equal(compiled.error().status, CNN_OUT_OF_RANGE);
    assert_int_equal(net.error().error().status, CNN_OUT_OF_RANGE);
    assert_int_equal(net.vector().error().status, CNN_OK);
    assert_false(ex::Net::load("/nowhere/at/all").has_value());
    assert_false(ex::Optimizer::create(12345).has_value());
    auto sgd = ex::Optimizer::create(CNN_SGD);
    assert_int_equal(sgd->set(CNN_LEARNING_RATE, -1).error().status, CNN_OUT_OF_RANGE);
    assert_true(sgd->get(CNN_BETA1).value_or(7) == 7);
    assert_true(sgd->set(CNN_LEARNING_RATE, 0.5).has_value());
    assert_true(sgd->get(CNN_LEARNING_RATE).value_or(7) == 0.5);
}

void callbacks_cancel(void **) {
    ex::Net net = xor_net();
    const auto device = ex::Device::open("cpu");
    assert_true(bool(net.compile(*device, {.max_batch = 4})));
    auto sgd = ex::Optimizer::create(CNN_SGD);
    cnn_report partial{};
    const auto report = net.fit(
        *sgd, cnn::Samples(kInputs).targets(kTargets), {.epochs = 10, .progress_interval = -1},
        [](const cnn_progress &p) { return p.step < 2; }, &partial);
    assert_int_equal(report.error().status, CNN_CANCELLED);
    assert_int_equal(partial.steps, 2);
    const auto bytes = net.save();
    assert_true(ex::Net::load(bytes->data(), bytes->size())->vector().value() ==
                net.vector().value());
    const std::array<double, 1> b{2};
    std::array<double, 1> x{};
    const auto solved = cnn::conjugate_gradient<ex::Returning>(
        [](const double *v, double *y) { y[0] = 4 * v[0]; }, b, x);
    assert_true(solved.has_value() && std::fabs(x[0] - 0.5) < 1e-12);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(learns_xor),
        cmocka_unit_test(failures_are_values),
        cmocka_unit_test(callbacks_cancel),
    };
    return cmocka_run_group_tests_name("hpp_expected", tests, nullptr, nullptr);
}

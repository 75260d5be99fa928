// A net as an objective: the algebra of device vectors, and what least squares and Gauss-Newton
// products come to, against sums over single samples and explicit matrices.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "api/shim.h"
#include "base/philox.h"
#include "train/net_objective.h"

// Last, for cmocka defines `fail`.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

extern "C" {
#include <cmocka.h>
}

namespace {

using namespace cnn;
using Values = std::vector<double>;

const char *const kSpecs[] = {"reference", "cpu", "opencl"};

std::shared_ptr<Device> open(const char *spec) {
    const char *devices = std::getenv("CNN_TEST_DEVICES");
    if (devices && std::string(devices).find(spec) == std::string::npos) return nullptr;
    cnn_device *device = nullptr;
    if (cnn_device_open(spec, nullptr, &device, nullptr) != CNN_OK) return nullptr;
    auto shared = device->device;
    cnn_device_destroy(device);
    return shared;
}

Values noise(uint64_t seed, size_t count) {
    const RandomStream stream(seed, 5);
    Values values(count);
    // Values that floats hold.
    for (size_t i = 0; i < count; ++i) values[i] = static_cast<double>(2 * stream.uniform(i) - 1);
    return values;
}

std::vector<float> floats(const Values &values) {
    return {values.begin(), values.end()};
}

double dot(const Values &a, const Values &b) {
    double sum = 0;
    for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
}

double distance(const Values &a, const Values &b) {
    if (a.size() != b.size() || a.empty()) return INFINITY;
    double most = 0, scale = 0;
    for (size_t i = 0; i < a.size(); ++i) {
        most = std::max(most, std::abs(a[i] - b[i]));
        scale = std::max(scale, std::abs(b[i]));
    }
    return most / scale;
}

Values read(VectorSpace &space, const Vector &x) {
    Values values(static_cast<size_t>(space.size()));
    space.read(x, values);
    return values;
}

std::unique_ptr<Vector> vector_of(VectorSpace &space, const Values &values) {
    auto x = space.create();
    space.write(*x, values);
    return x;
}

// --- Vectors.

void check_algebra(Device &device, Queue &queue, int64_t size) {
    DeviceVectorSpace space(device, queue, size);
    const double near = 4 * space.epsilon();
    const auto n = static_cast<size_t>(size);
    const Values a = noise(1, n), b = noise(2, n);
    const auto x = vector_of(space, a), z = vector_of(space, b);
    auto y = space.create();
    assert_true(read(space, *y) == Values(n, 0.0));
    assert_true(read(space, *x) == a);
    const auto expect = [&](const Vector &got, double ka, double kb) {
        Values want(n);
        for (size_t i = 0; i < n; ++i) want[i] = ka * a[i] + kb * b[i];
        const double off = distance(read(space, got), want);
        if (!(off < near))
            fail_msg("%g x + %g z of %d elements: off by %g", ka, kb, static_cast<int>(size), off);
    };
    space.combine(*y, 2, *x, -3, *z);
    expect(*y, 2, -3);
    space.copy(*y, *x);
    space.add(*y, 0.5, *z);
    expect(*y, 1, 0.5);
    space.scale(*y, -4);
    expect(*y, -4, -2);
    // Outputs among the inputs.
    space.combine(*y, 1, *x, 0.25, *y);
    expect(*y, 0, -0.5);
    space.combine(*y, 2, *y, 3, *z);
    expect(*y, 0, 2);
    space.copy(*y, *x);
    space.combine(*y, 2, *y, 1, *y);
    expect(*y, 3, 0);
    space.add(*y, -2, *y);
    expect(*y, -3, 0);
    // Products are rounded as the device's reals, their sum isn't.
    const double near_sum = 1e-12 + space.epsilon();
    assert_true(std::abs(space.dot(*x, *z) - dot(a, b)) <=
                near_sum * std::sqrt(dot(a, a) * dot(b, b)));
    assert_true(std::abs(space.dot(*x, *x) - dot(a, a)) <= near_sum * dot(a, a));
    double most = 0;
    for (double v : a) most = std::max(most, std::abs(v));
    assert_true(space.max_abs(*x) == most);
    Values spoilt = a;
    spoilt[n / 2] = std::nan("");
    space.write(*y, spoilt);
    assert_true(std::isnan(space.max_abs(*y)));
    spoilt[n / 2] = -INFINITY;
    space.write(*y, spoilt);
    assert_true(space.max_abs(*y) == INFINITY);
    // Two results, of which one is an operand: operands are as they were before.
    ExpressionBuilder e;
    e.result(e.plus(e.operand(0), e.operand(1)));
    e.result(e.times(e.operand(0), e.scalar(3)));
    space.copy(*y, *x);
    auto w = vector_of(space, b);
    const Vector *operands[] = {y.get(), w.get()};
    Vector *results[] = {y.get(), w.get()};
    const double scalars[] = {0, 0, 0, 7};
    space.apply(e.take(), operands, scalars, results);
    expect(*y, 1, 1);
    expect(*w, 7, 0);
}

void vectors_compute(void **) {
    for (const char *spec : kSpecs) {
        const auto device = open(spec);
        if (!device) continue;
        const auto queue = device->create_queue();
        for (int64_t size : {1, 7, 64, 1000, 70001}) check_algebra(*device, *queue, size);
    }
}

// --- Least squares.

constexpr int64_t kSamples = 53;

struct Data {
    std::vector<float> x, t, weights;
    cnn_samples samples{};

    Data() : x(floats(noise(3, kSamples * 3))), t(floats(noise(4, kSamples * 2))) {
        weights = floats(noise(5, kSamples));
        for (float &w : weights) w = std::abs(w);
        samples.inputs = x.data();
        samples.input_elements = kSamples * 3;
        samples.targets = t.data();
        samples.target_elements = kSamples * 2;
        samples.weights = weights.data();
        samples.weight_elements = kSamples;
    }
};

struct Destroy {
    void operator()(cnn_net *net) const { cnn_net_destroy(net); }
};

// 3-4-2, with a centre and a factor.
std::unique_ptr<cnn_net, Destroy> subject(const char *spec, int64_t batch) {
    std::unique_ptr<cnn_net, Destroy> net(cnn_net_create(nullptr));
    const int64_t shape[1] = {3};
    cnn_node n = cnn_net_input(net.get(), "x", 1, shape);
    cnn_dense d{};
    d.name = "hidden";
    d.units = 4;
    d.activation = CNN_TANH;
    n = cnn_net_dense(net.get(), n, &d);
    d = {};
    d.name = "out";
    d.units = 2;
    n = cnn_net_dense(net.get(), n, &d);
    cnn_loss loss{};
    loss.kind = CNN_LOSS_MSE;
    loss.weight = 0.6f;
    cnn_net_loss(net.get(), n, &loss);
    cnn_device *device = nullptr;
    cnn_compile options{};
    options.max_batch = batch;
    cnn_error error{};
    if (cnn_device_open(spec, nullptr, &device, &error) != CNN_OK ||
        cnn_net_compile(net.get(), device, &options, &error) != CNN_OK)
        fail_msg("%s", error.message);
    cnn_device_destroy(device);
    const auto count = net->session.net().theta().elements();
    const std::vector<float> center = floats(noise(6, static_cast<size_t>(count)));
    cnn_net_set_center(net.get(), center.data(), count, nullptr);
    cnn_net_set_regularization(net.get(), "hidden/bias", 2.5, nullptr);
    return net;
}

// All rows, J by columns.
struct System {
    double value = 0;
    Values residuals;
    std::vector<Values> columns;
};

System system_of(NetObjective &objective, const Vector &x, size_t free) {
    System system;
    system.columns.resize(free);
    system.value = objective.residual_blocks(x, true, [&](const ResidualBlock &block) {
        assert_true(block.jacobian.size() == static_cast<size_t>(block.rows) * free);
        system.residuals.insert(system.residuals.end(), block.residuals.begin(),
                                block.residuals.end());
        for (size_t p = 0; p < free; ++p) {
            const auto *column = block.jacobian.data() + p * static_cast<size_t>(block.rows);
            system.columns[p].insert(system.columns[p].end(), column, column + block.rows);
        }
    });
    return system;
}

void check_least_squares(const char *spec, int64_t batch, const std::vector<std::string> &tensors) {
    const auto net = subject(spec, batch);
    const Data data;
    const Samples samples(net->session.net(), net->session.executable("test").device(), "test",
                          data.samples);
    NetObjective objective("test", net->session, samples, {0.3, 0}, tensors);
    VectorSpace &space = objective.space();
    const double near = 200 * space.epsilon();
    const auto n = static_cast<size_t>(space.size());
    const auto x = objective.current();
    std::vector<size_t> elements(objective.free().begin(), objective.free().end());
    if (elements.empty())
        for (size_t i = 0; i < n; ++i) elements.push_back(i);
    assert_true(elements.size() == (tensors.empty() ? 26u : 14u));

    const System system = system_of(objective, *x, elements.size());
    assert_true(static_cast<int64_t>(system.residuals.size()) == objective.residuals());
    auto gradient = space.create();
    const double value = objective.value_and_gradient(*x, *gradient);
    assert_true(std::abs(objective.value(*x) - value) <= near * value);
    assert_true(std::abs(system.value - value) <= near * value);
    assert_true(std::abs(dot(system.residuals, system.residuals) / 2 - value) <= near * value);

    // g = J^T r and G v = J^T J v, zero where nothing may move.
    Values v = noise(8, n), want_gradient(n), want_product(n), jv(system.residuals.size());
    for (size_t i = 0; i < n; ++i)
        if (std::find(elements.begin(), elements.end(), i) == elements.end()) v[i] = 0;
    for (size_t p = 0; p < elements.size(); ++p)
        for (size_t row = 0; row < jv.size(); ++row)
            jv[row] += system.columns[p][row] * v[elements[p]];
    for (size_t p = 0; p < elements.size(); ++p) {
        want_gradient[elements[p]] = dot(system.columns[p], system.residuals);
        want_product[elements[p]] = dot(system.columns[p], jv);
    }
    assert_true(distance(read(space, *gradient), want_gradient) < near);
    auto product = space.create();
    const auto direction = vector_of(space, v);
    objective.product(*x, *direction, 1, 0, *product);
    const double off = distance(read(space, *product), want_product);
    if (!(off < near)) fail_msg("product on %s: off by %g", spec, off);
    for (size_t i = 0; i < n; ++i)
        if (want_product[i] == 0) assert_true(read(space, *product)[i] == 0);
}

void least_squares_fit_together(void **) {
    for (const char *spec : kSpecs) {
        if (!open(spec)) continue;
        for (int64_t batch : {53, 16, 1}) check_least_squares(spec, batch, {});
        check_least_squares(spec, 20, {"hidden/bias", "out"});
    }
}

// A part of the data is the net on those samples alone, and stays the same part.
void products_of_a_part(void **) {
    const auto net = subject("reference", 8);
    const Data data;
    const Samples samples(net->session.net(), net->session.executable("test").device(), "test",
                          data.samples);
    NetObjective objective("test", net->session, samples, {}, {});
    VectorSpace &space = objective.space();
    const auto x = objective.current();
    const auto v = vector_of(space, noise(9, static_cast<size_t>(space.size())));
    const auto product = [&](double fraction, uint64_t part) {
        auto out = space.create();
        objective.product(*x, *v, fraction, part, *out);
        return read(space, *out);
    };
    const Values whole = product(1, 0), first = product(0.2, 1), second = product(0.2, 2);
    assert_true(product(0.2, 1) == first);
    assert_true(distance(first, second) > 1e-3);
    assert_true(distance(first, whole) > 1e-3);

    std::vector<int64_t> rows(kSamples);
    RandomStream(net->session.net().seed(), 1).permutation(rows);
    const size_t count = 11;  // 0.2 of 53, upwards
    Data part;
    for (size_t k = 0; k < count; ++k) {
        const auto row = static_cast<size_t>(rows[k]);
        std::copy_n(data.x.begin() + static_cast<int64_t>(row * 3), 3,
                    part.x.begin() + static_cast<int64_t>(k * 3));
        std::copy_n(data.t.begin() + static_cast<int64_t>(row * 2), 2,
                    part.t.begin() + static_cast<int64_t>(k * 2));
        part.weights[k] = data.weights[row];
    }
    part.samples.input_elements = count * 3;
    part.samples.target_elements = count * 2;
    part.samples.weight_elements = count;
    const Samples few(net->session.net(), net->session.executable("test").device(), "test",
                      part.samples);
    NetObjective alone("test", net->session, few, {}, {});
    auto out = alone.space().create();
    const auto same_v = vector_of(alone.space(), noise(9, static_cast<size_t>(space.size())));
    alone.product(*x, *same_v, 1, 0, *out);
    assert_true(distance(first, read(alone.space(), *out)) < 1e-13);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(vectors_compute),
        cmocka_unit_test(least_squares_fit_together),
        cmocka_unit_test(products_of_a_part),
    };
    return cmocka_run_group_tests_name("net_objective", tests, nullptr, nullptr);
}

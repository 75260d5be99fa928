// Derivatives along a direction: every layer's against differences in float64, the backends against
// the reference, and Gauss-Newton products against what they are made of.
#include <cmath>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "api/shim.h"
#include "base/philox.h"

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

constexpr int64_t kSamples = 19, kBatch = 24;

Values noise(uint64_t seed, size_t count) {
    const RandomStream stream(seed, 5);
    Values values(count);
    for (size_t i = 0; i < count; ++i) values[i] = 2 * double{stream.uniform(i)} - 1;
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

// The largest difference, over the largest value.
double distance(const Values &a, const Values &b) {
    if (a.size() != b.size() || a.empty()) return INFINITY;
    double most = 0, scale = 0;
    for (size_t i = 0; i < a.size(); ++i) {
        most = std::max(most, std::abs(a[i] - b[i]));
        scale = std::max(scale, std::abs(b[i]));
    }
    return most / scale;
}

// A net on a device with samples, at the level where programs run.
class Subject {
  public:
    using Build = cnn_node (*)(cnn_net *, cnn_node);

    Subject(Build build, cnn_loss_kind loss, const char *spec, bool labels = false)
        : net_(cnn_net_create(nullptr)) {
        const int64_t shape[3] = {3, 6, 7};
        const cnn_node input = cnn_net_input(net_.get(), "x", 3, shape);
        const cnn_node last = build(net_.get(), input);
        cnn_loss description{};
        description.kind = loss;
        description.weight = 0.7f;
        cnn_net_loss(net_.get(), last, &description);
        cnn_device *device = nullptr;
        cnn_error error{};
        cnn_compile options{};
        options.max_batch = kBatch;
        if (cnn_device_open(spec, nullptr, &device, &error) != CNN_OK ||
            cnn_net_compile(net_.get(), device, &options, &error) != CNN_OK)
            fail_msg("%s", error.message);
        cnn_device_destroy(device);
        exe_ = &net_->session.executable("test");
        real_ = exe_->device().real_bytes();
        const auto parameters = static_cast<size_t>(net_->session.net().theta().elements());
        theta_ = noise(1, parameters);
        direction_ = exe_->device().allocate(static_cast<int64_t>(parameters) * real_);
        exe_->set_direction({direction_.get(), 0});
        // Running statistics that aren't those of the start.
        if (const int64_t state = cnn_net_vector_elements(net_.get(), CNN_STATE); state > 0) {
            std::vector<float> s = floats(noise(2, static_cast<size_t>(state)));
            for (float &v : s) v = std::abs(v) + 0.5f;
            cnn_net_set_vector(net_.get(), CNN_STATE, s.data(), state, nullptr);
        }
        x_ = floats(noise(3, kSamples * 3 * 6 * 7));
        outputs_ = net_->session.net().node(last).shape.elements();
        t_ = floats(noise(4, static_cast<size_t>(kSamples * outputs_)));
        for (float &v : t_) v = std::abs(v);
        for (int64_t i = 0; i < kSamples; ++i)
            labels_.push_back(static_cast<int32_t>(i % outputs_));
        weights_ = floats(noise(5, kSamples));
        for (float &v : weights_) v = std::abs(v) + 0.1f;
        cnn_samples samples{};
        samples.inputs = x_.data();
        samples.input_elements = static_cast<int64_t>(x_.size());
        if (labels) {
            samples.labels = labels_.data();
            samples.label_type = CNN_INT32;
            samples.label_elements = kSamples;
        } else {
            samples.targets = t_.data();
            samples.target_elements = static_cast<int64_t>(t_.size());
        }
        samples.weights = weights_.data();
        samples.weight_elements = kSamples;
        samples_.assign(net_->session.net(), exe_->device(), "test", samples, true);
    }

    Net &net() { return net_->session.net(); }
    const Values &theta() const { return theta_; }

    struct Residuals {
        Values residuals, tangents;
    };
    // Twice along the direction, the second time repeated, which must not differ.
    Residuals jacobian(const Values &theta, const Values &direction, int32_t tensor = -1) {
        Plan &plan = launch(Purpose::jacobian, theta, Values(theta.size(), 1.0), tensor);
        write({direction_.get(), 0}, direction);
        exe_->repeat(plan, kSamples);
        exe_->repeat(plan, kSamples);
        const auto count = static_cast<size_t>(kSamples * outputs_);
        return {read(plan.residuals(0), count), read(plan.residual_tangents(0), count)};
    }

    Values gradient(const Values &theta) {
        launch(Purpose::gradient, theta, {}, -1);
        return read(exe_->gradient(), theta.size());
    }

    Values product(const Values &theta, const Values &direction) {
        launch(Purpose::product, theta, direction, -1);
        return read(exe_->gradient(), theta.size());
    }

  private:
    Plan &launch(Purpose purpose, const Values &theta, const Values &direction, int32_t tensor) {
        write(net().theta().at(), theta);
        net().theta_changed();
        if (!direction.empty()) write({direction_.get(), 0}, direction);
        ProgramKey key;
        key.purpose = purpose;
        key.tensor = tensor;
        key.label_targets = samples_.label_targets();
        Plan &plan = exe_->plan(key, kSamples);
        samples_.fill(plan, 0, nullptr, exe_->ones());
        exe_->scalars()[kSlotInverseCount] = 1.0 / kSamples;
        exe_->launch(plan, kSamples, 0);
        return plan;
    }

    void write(Ref to, const Values &values) {
        const auto count = static_cast<int64_t>(values.size());
        if (real_ == 8)
            exe_->queue().write(to, values.data(), count * 8);
        else
            exe_->queue().write(to, floats(values).data(), count * 4);
    }

    Values read(Ref from, size_t count) {
        Values values(count);
        if (real_ == 8) {
            exe_->queue().read(values.data(), from, static_cast<int64_t>(count) * 8);
            return values;
        }
        std::vector<float> narrow(count);
        exe_->queue().read(narrow.data(), from, static_cast<int64_t>(count) * 4);
        return {narrow.begin(), narrow.end()};
    }

    struct Destroy {
        void operator()(cnn_net *net) const { cnn_net_destroy(net); }
    };
    std::unique_ptr<cnn_net, Destroy> net_;
    Executable *exe_ = nullptr;
    std::unique_ptr<Buffer> direction_;
    int64_t real_ = 4, outputs_ = 0;
    std::vector<float> x_, t_, weights_;
    std::vector<int32_t> labels_;
    Values theta_;
    Samples samples_;
};

// --- The nets: each layer behind one with parameters, so that its input has a tangent.

cnn_node conv(cnn_net *net, cnn_node x, int64_t filters, cnn_activation_kind activation) {
    cnn_conv2d c{};
    c.filters = filters;
    c.kernel[0] = c.kernel[1] = 3;
    c.padding_mode = CNN_SAME;
    c.activation = activation;
    return cnn_net_conv2d(net, x, &c);
}

cnn_node dense(cnn_net *net, cnn_node x, int64_t units, cnn_activation_kind activation) {
    cnn_dense d{};
    d.units = units;
    d.activation = activation;
    return cnn_net_dense(net, x, &d);
}

// Every function of the distance; the first on the input, which has no tangent.
cnn_node radial(cnn_net *net, cnn_node x) {
    cnn_radial_basis d{};
    d.units = 4;
    d.beta = 0.1f;
    cnn_node nodes[7];
    nodes[0] = cnn_net_radial_basis(net, x, &d);
    x = dense(net, x, 5, CNN_TANH);
    for (cnn_radial_kind kind = 0; kind <= CNN_RADIAL_DISTANCE; ++kind) {
        d.kind = kind;
        nodes[kind + 1] = cnn_net_radial_basis(net, x, &d);
    }
    return dense(net, cnn_net_concat(net, nodes, 7, nullptr), 3, CNN_LINEAR);
}

// Kernels gathered, shared, and as they are; alphas by map and by connection.
cnn_node connected(cnn_net *net, cnn_node x) {
    const int32_t pairs[] = {1, 0, 0, 1, 2, 1, 1, 2, 0, 0};
    const int64_t sizes[] = {2, 3, 1, 1, 3, 2, 3, 1, 2, 2};
    cnn_connections table{};
    table.kind = CNN_CONNECT_CUSTOM;
    table.pairs = pairs;
    table.pair_count = 5;
    table.kernel_sizes = sizes;
    table.kernel_size_count = 5;
    cnn_conv2d c{};
    c.filters = 3;
    c.activation = CNN_TANH;
    c.connections = &table;
    x = cnn_net_conv2d(net, x, &c);
    cnn_connections single{};
    single.kind = CNN_CONNECT_SINGLE;
    c.kernel[0] = 2;
    c.connections = &single;
    x = cnn_net_conv2d(net, x, &c);
    cnn_weighted_subsample2d s{};
    s.factor[0] = 1;
    s.factor[1] = 2;
    s.activation = CNN_SIGMOID;
    x = cnn_net_weighted_subsample2d(net, x, &s);
    cnn_connections random{};
    random.kind = CNN_CONNECT_RANDOM;
    random.fan_in = 2;
    random.shared_kernel = 1;
    s.filters = 4;
    s.connections = &random;
    x = cnn_net_weighted_subsample2d(net, x, &s);
    cnn_subsample2d v{};
    v.factor[0] = 2;
    return dense(net, cnn_net_subsample2d(net, x, &v), 3, CNN_LINEAR);
}

template <cnn_activation_kind activation>
cnn_node activated(cnn_net *net, cnn_node x) {
    return dense(net, dense(net, x, 5, activation), 3, activation);
}

cnn_node map_net(cnn_net *net, cnn_node x) {
    return conv(net, x, 3, CNN_LINEAR);
}

cnn_node linear_net(cnn_net *net, cnn_node x) {
    return dense(net, x, 4, CNN_LINEAR);
}

cnn_node windows(cnn_net *net, cnn_node x) {
    x = conv(net, x, 4, CNN_TANH);
    cnn_conv2d c{};
    c.filters = 6;
    c.kernel[0] = 3;
    c.kernel[1] = 2;
    c.stride[0] = 2;
    c.dilation[1] = 2;
    c.padding[1] = 1;
    c.groups = 2;
    c.no_bias = 1;
    c.activation = CNN_SIGMOID;
    return cnn_net_conv2d(net, x, &c);
}

template <bool maximum>
cnn_node pools(cnn_net *net, cnn_node x) {
    x = conv(net, x, 4, CNN_TANH);
    cnn_pool2d p{};
    p.window[0] = 3;
    p.window[1] = 2;
    p.stride[0] = p.stride[1] = 2;
    p.padding[0] = 1;
    p.ceil_mode = 1;
    cnn_node y = maximum ? cnn_net_max_pool2d(net, x, &p) : cnn_net_average_pool2d(net, x, &p);
    p = {};
    p.window[0] = p.window[1] = 2;
    y = maximum ? cnn_net_max_pool2d(net, y, &p) : cnn_net_average_pool2d(net, y, &p);
    return dense(net, y, 3, CNN_LINEAR);
}

cnn_node global_average(cnn_net *net, cnn_node x) {
    return cnn_net_global_average_pool2d(net, conv(net, x, 3, CNN_SIGMOID), nullptr);
}

cnn_node batch_norms(cnn_net *net, cnn_node x) {
    cnn_batch_norm b{};
    b.activation = CNN_TANH;
    x = cnn_net_batch_norm(net, x, &b);  // its own parameters alone move
    x = conv(net, x, 3, CNN_LINEAR);
    b.no_scale = 1;
    x = cnn_net_batch_norm(net, x, &b);
    b.no_shift = 1;
    x = cnn_net_batch_norm(net, x, &b);
    b = {};
    return cnn_net_batch_norm(net, x, &b);
}

cnn_node joins(cnn_net *net, cnn_node x) {
    const cnn_node a = conv(net, x, 3, CNN_TANH), b = conv(net, x, 3, CNN_SIGMOID);
    cnn_add add{};
    add.activation = CNN_TANH;
    const cnn_node three[3] = {a, b, x};
    const cnn_node sum = cnn_net_add(net, three, 3, &add);
    const cnn_node parts[3] = {x, sum, a};
    const cnn_node all = cnn_net_concat(net, parts, 3, nullptr);
    cnn_dropout drop{};
    drop.rate = 0.5f;
    x = cnn_net_dropout(net, cnn_net_flatten(net, all, nullptr), &drop);
    cnn_activation act{};
    act.kind = CNN_TANH;
    return dense(net, cnn_net_activation(net, x, &act), 2, CNN_LINEAR);
}

cnn_node softmaxes(cnn_net *net, cnn_node x) {
    x = cnn_net_softmax(net, dense(net, x, 5, CNN_LINEAR), nullptr);
    return cnn_net_softmax(net, dense(net, x, 4, CNN_TANH), nullptr);
}

struct Row {
    const char *name;
    Subject::Build build;
};

const Row kRows[] = {
    {"linear", activated<CNN_LINEAR>},
    {"relu", activated<CNN_RELU>},
    {"leaky_relu", activated<CNN_LEAKY_RELU>},
    {"sigmoid", activated<CNN_SIGMOID>},
    {"tanh", activated<CNN_TANH>},
    {"scaled tanh", activated<CNN_SCALED_TANH>},
    {"elu", activated<CNN_ELU>},
    {"gelu", activated<CNN_GELU>},
    {"silu", activated<CNN_SILU>},
    {"soft logistic", activated<CNN_SOFT_LOGISTIC>},
    {"softsign", activated<CNN_SOFTSIGN>},
    {"x / sqrt(x^2 + 1)", activated<CNN_ALGEBRAIC>},
    {"conv2d", windows},
    {"max_pool2d", pools<true>},
    {"average_pool2d", pools<false>},
    {"global_average_pool2d", global_average},
    {"batch_norm", batch_norms},
    {"add, concat, flatten, dropout, activation", joins},
    {"connections, sub-sampling", connected},
    {"radial_basis", radial},
    {"softmax", softmaxes},
};

// --- Tests.

Values moved(const Values &theta, const Values &direction, double step) {
    Values result = theta;
    for (size_t i = 0; i < result.size(); ++i) result[i] += step * direction[i];
    return result;
}

void layers_agree_with_differences(void **) {
    for (const Row &row : kRows) {
        Subject subject(row.build, CNN_LOSS_MSE, "reference");
        const Values v = noise(7, subject.theta().size());
        const double step = 1e-6;
        const Values after = subject.jacobian(moved(subject.theta(), v, step), v).residuals;
        const Values before = subject.jacobian(moved(subject.theta(), v, -step), v).residuals;
        Values differences(after.size());
        for (size_t i = 0; i < after.size(); ++i)
            differences[i] = (after[i] - before[i]) / (2 * step);
        const double off = distance(subject.jacobian(subject.theta(), v).tangents, differences);
        if (!(off < 1e-7)) fail_msg("%s: off by %g", row.name, off);
    }
}

void tensors_sum_to_the_whole(void **) {
    for (const Row &row : kRows) {
        Subject subject(row.build, CNN_LOSS_MSE, "reference");
        const Values v = noise(7, subject.theta().size());
        const Values whole = subject.jacobian(subject.theta(), v).tangents;
        Values sum(whole.size());
        for (size_t t = 0; t < subject.net().parameters().size(); ++t) {
            const Values part =
                subject.jacobian(subject.theta(), v, static_cast<int32_t>(t)).tangents;
            for (size_t i = 0; i < sum.size(); ++i) sum[i] += part[i];
        }
        const double off = distance(sum, whole);
        if (!(off < 1e-13)) fail_msg("%s: off by %g", row.name, off);
    }
}

bool wanted(const char *spec) {
    const char *devices = std::getenv("CNN_TEST_DEVICES");
    if (devices && std::string(devices).find(spec) == std::string::npos) return false;
    cnn_device *device = nullptr;
    if (cnn_device_open(spec, nullptr, &device, nullptr) != CNN_OK) return false;
    cnn_device_destroy(device);
    return true;
}

void backends_agree_with_the_reference(void **) {
    for (const char *spec : {"cpu", "opencl"}) {
        if (!wanted(spec)) continue;
        for (const Row &row : kRows) {
            Subject truth(row.build, CNN_LOSS_MSE, "reference");
            Subject subject(row.build, CNN_LOSS_MSE, spec);
            const Values v = noise(7, subject.theta().size());
            const auto want = truth.jacobian(truth.theta(), v);
            const auto got = subject.jacobian(subject.theta(), v);
            const double off = std::max(distance(got.residuals, want.residuals),
                                        distance(got.tangents, want.tangents));
            const double product_off =
                distance(subject.product(subject.theta(), v), truth.product(truth.theta(), v));
            if (!(off < 1e-5 && product_off < 1e-5))
                fail_msg("%s on %s: off by %g, product by %g", row.name, spec, off, product_off);
        }
    }
}

// Of squares H is the residuals' own: u.J^T J v = (J u).(J v), the gradient is J^T r.
void products_of_squares_are_of_jacobians(void **) {
    for (const Row &row : kRows) {
        Subject subject(row.build, CNN_LOSS_MSE, "reference");
        const Values u = noise(8, subject.theta().size()), v = noise(9, subject.theta().size());
        const auto at_u = subject.jacobian(subject.theta(), u);
        const auto at_v = subject.jacobian(subject.theta(), v);
        const double got = dot(u, subject.product(subject.theta(), v));
        const double want = dot(at_u.tangents, at_v.tangents);
        if (!(std::abs(got - want) < 1e-11 * std::abs(want)))
            fail_msg("%s: %.15g, but must be %.15g", row.name, got, want);
        const double slope = dot(u, subject.gradient(subject.theta()));
        const double wanted_slope = dot(at_u.residuals, at_u.tangents);
        if (!(std::abs(slope - wanted_slope) < 1e-11 * std::abs(wanted_slope) + 1e-13))
            fail_msg("%s: slope %.15g, but must be %.15g", row.name, slope, wanted_slope);
    }
}

// With predictions linear in theta, J^T H J is the Hessian: the gradient's derivative.
void products_are_hessians_of_linear_nets(void **) {
    struct LossRow {
        const char *name;
        cnn_loss_kind kind;
        bool labels;
        Subject::Build build = linear_net;
    };
    const LossRow rows[] = {
        {"softmax_cross_entropy of maps", CNN_LOSS_SOFTMAX_CROSS_ENTROPY, false, map_net},
        {"sum_of_squares", CNN_LOSS_SUM_OF_SQUARES, false},
        {"half_mse of maps", CNN_LOSS_HALF_MSE, false, map_net},
        {"softmax_cross_entropy of labels", CNN_LOSS_SOFTMAX_CROSS_ENTROPY, true},
        {"softmax_cross_entropy of distributions", CNN_LOSS_SOFTMAX_CROSS_ENTROPY, false},
        {"sigmoid_cross_entropy", CNN_LOSS_SIGMOID_CROSS_ENTROPY, false},
        {"mse", CNN_LOSS_MSE, false},
        {"half_mse", CNN_LOSS_HALF_MSE, false},
    };
    for (const LossRow &row : rows) {
        Subject truth(row.build, row.kind, "reference", row.labels);
        const Values v = noise(7, truth.theta().size());
        const double step = 1e-5;
        const Values after = truth.gradient(moved(truth.theta(), v, step));
        const Values before = truth.gradient(moved(truth.theta(), v, -step));
        Values differences(after.size());
        for (size_t i = 0; i < after.size(); ++i)
            differences[i] = (after[i] - before[i]) / (2 * step);
        const Values product = truth.product(truth.theta(), v);
        if (!(distance(product, differences) < 1e-8))
            fail_msg("%s: off by %g", row.name, distance(product, differences));
        for (const char *spec : {"cpu", "opencl"}) {
            if (!wanted(spec)) continue;
            Subject subject(row.build, row.kind, spec, row.labels);
            const double off = distance(subject.product(subject.theta(), v), product);
            if (!(off < 1e-5)) fail_msg("%s on %s: off by %g", row.name, spec, off);
        }
    }
}

void frozen_tensors_stay(void **) {
    Subject subject(pools<true>, CNN_LOSS_MSE, "reference");
    const NetTensor &frozen = subject.net().parameters()[0];
    const Values v = noise(7, subject.theta().size());
    Values still = v;
    for (int64_t i = 0; i < frozen.shape.elements(); ++i)
        still[static_cast<size_t>(frozen.offset + i)] = 0;
    const Values want = subject.jacobian(subject.theta(), still).tangents;
    subject.net().set_rate(frozen.name, 0);
    assert_true(distance(subject.jacobian(subject.theta(), v).tangents, want) < 1e-15);
    const Values product = subject.product(subject.theta(), v);
    for (int64_t i = 0; i < frozen.shape.elements(); ++i)
        assert_true(product[static_cast<size_t>(frozen.offset + i)] == 0);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(layers_agree_with_differences),
        cmocka_unit_test(tensors_sum_to_the_whole),
        cmocka_unit_test(backends_agree_with_the_reference),
        cmocka_unit_test(products_of_squares_are_of_jacobians),
        cmocka_unit_test(products_are_hessians_of_linear_nets),
        cmocka_unit_test(frozen_tensors_stay),
    };
    return cmocka_run_group_tests_name("tangent", tests, nullptr, nullptr);
}

// The first-order rules against published values: the 2-3-1 network of PyTorch's baseline, whose
// parameters are on record after steps 1, 101, ... 1001 of each rule.
#include <array>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "backend/registry.h"
#include "optim/optimizer.h"

// After the standard library, whose names its macros take.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

extern "C" {
#include <cmocka.h>
}

namespace {

using namespace cnn;

constexpr size_t kParameters = 13;
using Values = std::vector<double>;

double sigmoid(double x) {
    return 1 / (1 + std::exp(-x));
}

// The gradient of the sum of the outputs: W1 [3, 2], b1 [3], W2 [1, 3], b2 [1].
Values gradient_at(const Values &theta) {
    constexpr double kInputs[3][2] = {{0.1, 0.2}, {0.3, 0.4}, {0.5, 0.6}};
    Values gradient(kParameters, 0.0);
    for (const auto &x : kInputs) {
        std::array<double, 3> h{};
        double z = theta[12];
        for (size_t i = 0; i < 3; ++i) {
            h[i] = sigmoid(theta[2 * i] * x[0] + theta[2 * i + 1] * x[1] + theta[6 + i]);
            z += theta[9 + i] * h[i];
        }
        const double y = sigmoid(z), dz = y * (1 - y);
        gradient[12] += dz;
        for (size_t i = 0; i < 3; ++i) {
            const double d = dz * theta[9 + i] * h[i] * (1 - h[i]);
            gradient[9 + i] += dz * h[i];
            gradient[6 + i] += d;
            for (size_t k = 0; k < 2; ++k) gradient[2 * i + k] += d * x[k];
        }
    }
    return gradient;
}

// Reals of a device, whatever their size.
class Vector {
  public:
    Vector(Device &device, Queue &queue, size_t elements)
        : queue_(queue),
          double_(device.real_bytes() == 8),
          elements_(elements),
          buffer_(device.allocate(static_cast<int64_t>(elements) * device.real_bytes())) {}

    Ref at() const { return {buffer_.get(), 0}; }
    void write(const Values &values) {
        if (double_)
            queue_.write(at(), values.data(), static_cast<int64_t>(elements_ * 8));
        else
            queue_.write(at(), std::vector<float>(values.begin(), values.end()).data(),
                         static_cast<int64_t>(elements_ * 4));
    }
    Values read() const {
        Values values(elements_);
        if (double_) {
            queue_.read(values.data(), at(), static_cast<int64_t>(elements_ * 8));
            return values;
        }
        std::vector<float> reals(elements_);
        queue_.read(reals.data(), at(), static_cast<int64_t>(elements_ * 4));
        return {reals.begin(), reals.end()};
    }

  private:
    Queue &queue_;
    bool double_;
    size_t elements_;
    std::unique_ptr<Buffer> buffer_;
};

struct Rule {
    const char *name;
    const OptimizerRule *rule;
    std::vector<std::pair<Key, double>> values;
};

// The largest difference from the record.
double worst_difference(const std::string &spec, const Rule &rule, const nlohmann::json &json) {
    DeviceOptions options;
    options.allocator = std::make_shared<Allocator>();
    const std::shared_ptr<Device> device = open_device(spec, options);
    const std::unique_ptr<Queue> queue = device->create_queue();
    Optimizer optimizer(*rule.rule);
    for (const auto &[key, value] : rule.values) optimizer.set(key, value);
    optimizer.bind(std::make_shared<char>(), kParameters);
    const Segment all{0, kParameters, 1, 0};
    optimizer.prepare(device, {&all, 1}, false);
    Vector theta(*device, *queue, kParameters), gradient(*device, *queue, kParameters);
    Vector gate(*device, *queue, 1), norm(*device, *queue, 1);
    theta.write(json.at("init_full").get<Values>());
    gate.write({1});
    double worst = 0;
    for (int step = 0; step < 1001; ++step) {
        gradient.write(gradient_at(theta.read()));
        norm.write({1});
        optimizer.step(*queue, {theta.at(), gradient.at(), gate.at(), norm.at(), {}},
                       optimizer[Key::learning_rate]);
        if (step % 100 != 0) continue;
        const Values now = theta.read();
        const Values expected =
            json.at("samples").at(rule.name).at(static_cast<size_t>(step / 100)).get<Values>();
        for (size_t i = 0; i < kParameters; ++i)
            worst = std::max(worst, std::abs(now[i] - expected[i]));
    }
    return worst;
}

void rules_follow_the_published_values(void **) {
    const char *folder = std::getenv("CNN_TEST_DATA");
    if (folder == nullptr) skip();
    std::ifstream stream(std::string(folder) + "/cases/optimizers.json");
    if (!stream) skip();
    const auto json = nlohmann::json::parse(stream);
    const std::array rules{
        Rule{"SGD", sgd_rule(), {{Key::learning_rate, 0.1}, {Key::momentum, 0}}},
        Rule{"Adam", adam_rule(), {{Key::learning_rate, 1}}},
        Rule{"Adagrad", adagrad_rule(), {{Key::learning_rate, 1}, {Key::epsilon, 1e-10}}},
        Rule{"RMSprop", rmsprop_rule(), {{Key::learning_rate, 0.1}, {Key::beta2, 0.99}}},
    };
    for (const Rule &rule : rules) {
        const double exact = worst_difference("reference", rule, json);
        const double rounded = worst_difference("cpu", rule, json);
        print_message("%s: %.1e in float64, %.1e in float32\n", rule.name, exact, rounded);
        assert_true(exact < 1e-12);
        assert_true(rounded < 1e-4);
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {cmocka_unit_test(rules_follow_the_published_values)};
    return cmocka_run_group_tests_name("optimizer cases", tests, nullptr, nullptr);
}

// Operations on every device against published cases with explicit tensors,
// whose expected values come from PyTorch: the files of cases/ in the folder
// that CNN_TEST_DATA names.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

extern "C" {
#include <cmocka.h>
}
#undef fail  // cmocka's macro would hide cnn::fail

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/text.h"
#include "conformance/cases.h"
#include "conformance/harness.h"
#include "ops/op.h"

namespace {

using namespace cnn;
using namespace cnn::conformance;
using Json = nlohmann::json;
using Values = std::vector<double>;

// PyTorch computed in float32, in an order of its own.
constexpr double kTolerance = 4e-6;

std::vector<std::unique_ptr<OpenedDevice>> &devices() {
    static std::vector<std::unique_ptr<OpenedDevice>> opened;
    if (opened.empty())
        for (const std::string &spec : device_specs())
            opened.push_back(std::make_unique<OpenedDevice>(open_device(spec)));
    return opened;
}

std::string data_folder() {
    const char *folder = std::getenv("CNN_TEST_DATA");
    return folder == nullptr ? "" : text(folder, "/cases/");
}

// --- Reading.

Values flat(const Json &json) {
    Values values;
    if (json.is_array()) {
        for (const Json &part : json) {
            const Values more = flat(part);
            values.insert(values.end(), more.begin(), more.end());
        }
    } else {
        values.push_back(json.get<double>());
    }
    return values;
}

Shape shape_of(const Json &json) {
    Shape shape;
    for (const Json &size : json) shape[shape.rank++] = size.get<int64_t>();
    return shape;
}

// A size for both axes, or one each.
std::array<int64_t, 3> pair_of(const Json &json, int64_t rest) {
    if (json.is_array()) return {json.at(0).get<int64_t>(), json.at(1).get<int64_t>(), rest};
    return {json.get<int64_t>(), json.get<int64_t>(), rest};
}

// --- One operation with what it is given and what it must give.

class Known {
  public:
    Known(std::string name, OpKind kind, Attributes attributes = {}) : name_(std::move(name)) {
        op_.kind = kind;
        op_.attributes = std::move(attributes);
    }
    Known &reads(const Shape &shape, Values values, bool batched = true, bool gradient = false) {
        op_.inputs.push_back(add(shape, std::move(values), batched, gradient, Type::real));
        return *this;
    }
    Known &gives(const Shape &shape, Values values, bool batched = true, bool gradient = false,
                 Type type = Type::real) {
        op_.outputs.push_back(add(shape, std::move(values), batched, gradient, type));
        return *this;
    }

    void check(std::vector<std::string> &failures, double tolerance = kTolerance) const {
        Case c;
        c.name = name_;
        c.group = single(op_, tensors_);
        c.operands = operands_;
        c.scalars.fill(1);
        for (const Tensor &tensor : tensors_)
            if (tensor.batched) c.counts = {tensor.shape[0]};
        if (c.counts.empty()) c.counts = {1};
        for (auto &opened : devices()) {
            if (opened->device == nullptr) continue;
            Outcome outcome;
            check_values(*opened, c, values_, tolerance, outcome);
            failures.insert(failures.end(), outcome.failures.begin(), outcome.failures.end());
        }
    }

  private:
    TensorId add(const Shape &shape, Values values, bool batched, bool gradient, Type type) {
        tensors_.push_back({shape, type, Space::activation, batched, 0});
        operands_.push_back({gradient ? Padding::zero : Padding::finite, Fill::signed_unit, 0});
        values_.push_back(std::move(values));
        return static_cast<TensorId>(tensors_.size()) - 1;
    }

    std::string name_;
    Op op_;
    std::vector<Tensor> tensors_;
    std::vector<OperandData> operands_;
    std::vector<Values> values_;
};

PointwiseAttributes taken(ExpressionBuilder &e) {
    PointwiseAttributes attributes;
    attributes.expression = e.take();
    return attributes;
}

PointwiseAttributes identity() {
    ExpressionBuilder e;
    e.result(e.operand(0));
    return taken(e);
}

// --- The files.

using Failures = std::vector<std::string>;

void check_convolution(const Json &c, Failures &failures) {
    if (c.at("nd") != 2 || c.at("transposed") == true) return;
    const auto number = [&](const char *key) { return c.at(key).get<int64_t>(); };
    ConvolutionAttributes a;
    a.groups = number("groups");
    a.window.kernel = pair_of(c.at("kernel"), 1);
    a.window.stride = pair_of(c.at("stride"), 1);
    a.window.dilation = pair_of(c.at("dilation"), 1);
    a.window.pad_begin = a.window.pad_end = pair_of(c.at("padding"), 0);
    const auto size = pair_of(c.at("size"), 1);
    const Shape x{number("batch"), number("in_channels"), size[0], size[1]};
    const Shape w{number("out_channels"), x[1] / a.groups, a.window.kernel[0], a.window.kernel[1]};
    const Shape y = shape_of(c.at("output_shape"));
    const auto counting = [](const Shape &shape) {
        Values values(static_cast<size_t>(shape.elements()));
        for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i);
        return values;
    };
    const Values ones(static_cast<size_t>(y.elements()), 1.0);
    const std::string name = c.at("name").get<std::string>();
    // Integers: exact.
    Known(name, OpKind::convolution_backward_data, a)
        .reads(y, ones, true, true)
        .reads(w, counting(w), false)
        .gives(x, flat(c.at("grad_x")), true, true)
        .check(failures, 0);
    Known(name, OpKind::convolution_backward_weights, a)
        .reads(x, counting(x))
        .reads(y, ones, true, true)
        .gives(w, flat(c.at("grad_weight")), false, true)
        .check(failures, 0);
    Known(name, OpKind::channel_sum, identity())
        .reads(y, ones, true, true)
        .gives({w[0]}, flat(c.at("grad_bias")), false, true)
        .check(failures, 0);
}

void check_pool(const std::string &name, const Json &c, bool maximum, const PoolAttributes &a,
                Failures &failures) {
    const Shape x = shape_of(c.at("in_shapes").at(0)), y = shape_of(c.at("out_shapes").at(0));
    const Values in = flat(c.at("in_tensors").at(0));
    Known(name, maximum ? OpKind::max_pool : OpKind::average_pool, a)
        .reads(x, in)
        .gives(y, flat(c.at("out_tensors").at(0)))
        .check(failures);
    Known backward(name, maximum ? OpKind::max_pool_backward : OpKind::average_pool_backward, a);
    backward.reads(y, flat(c.at("out_diffs").at(0)), true, true);
    if (maximum) backward.reads(x, in);
    backward.gives(x, flat(c.at("in_diffs").at(0)), true, true).check(failures);
}

void check_pooling(const std::string &name, const Json &test, const Json &c, Failures &failures) {
    const Json &options = test.at("options");
    PoolAttributes a;
    a.window.kernel = pair_of(options.at("kernel"), 1);
    a.window.stride = pair_of(options.at("stride"), 1);
    a.window.pad_begin = a.window.pad_end = pair_of(options.at("pad"), 0);
    a.include_padding = options.at("count_include_pad").get<bool>();
    const Shape x = shape_of(c.at("in_shapes").at(0)), y = shape_of(c.at("out_shapes").at(0));
    for (int axis = 0; axis < 2; ++axis)
        if (window_output(a.window, axis, x[2 + axis], options.at("ceil_mode").get<bool>()) !=
            y[2 + axis])
            failures.push_back(text(name, ": output size along axis ", 2 + axis, " of ", to_text(x),
                                    " is not ", y[2 + axis]));
    check_pool(name, c, options.at("mode") == "max", a, failures);
}

void check_global_pooling(const std::string &name, const Json &test, const Json &c,
                          Failures &failures) {
    const Shape x = shape_of(c.at("in_shapes").at(0));
    PoolAttributes a;
    a.window.kernel = {x[2], x[3], 1};
    check_pool(name, c, test.at("options").at("mode") == "max", a, failures);
}

Activation activation_of(const std::string &name) {
    if (name == "relu") return Activation::relu;
    if (name == "tanh") return Activation::tanh;
    if (name == "sigmoid") return Activation::sigmoid;
    return Activation::linear;
}

// min(max(x, 0), 6) and its gradient from y: no activation of ours, but an
// expression.
PointwiseAttributes relu6(bool backward) {
    ExpressionBuilder e;
    const auto zero = e.constant(0), six = e.constant(6);
    if (backward) {
        const auto y = e.operand(1);
        const auto inside = e.times(e.call(Fn::less, zero, y), e.call(Fn::less, y, six));
        e.result(e.select(inside, e.operand(0), zero));
    } else {
        e.result(e.call(Fn::min, e.call(Fn::max, e.operand(0), zero), six));
    }
    return taken(e);
}

void check_activation(const std::string &name, const Json &test, const Json &c,
                      Failures &failures) {
    const std::string function = test.at("options").at("activation").get<std::string>();
    const bool six = function == "relu6";
    const Activation activation = activation_of(function);
    const Shape shape = shape_of(c.at("in_shapes").at(0));
    const Values y = flat(c.at("out_tensors").at(0));
    Known(name, OpKind::pointwise, six ? relu6(false) : activation_attributes(activation, 0))
        .reads(shape, flat(c.at("in_tensors").at(0)))
        .gives(shape, y)
        .check(failures);
    // A saturated y has lost what its derivative needs, in PyTorch as well:
    // relative to the largest.
    Known(name, OpKind::pointwise,
          six ? relu6(true) : activation_backward_attributes(activation, 0))
        .reads(shape, flat(c.at("out_diffs").at(0)), true, true)
        .reads(shape, y)
        .gives(shape, flat(c.at("in_diffs").at(0)), true, true)
        .check(failures);
}

// dz of y = relu(z) or y = z.
Values before_activation(const Json &options, const Values &y, Values dy) {
    if (options.at("activation") == "relu")
        for (size_t i = 0; i < dy.size(); ++i)
            if (!(y[i] > 0)) dy[i] = 0;
    return dy;
}

void check_inner_product(const std::string &name, const Json &test, const Json &c,
                         Failures &failures) {
    const Json &options = test.at("options");
    const int64_t n = c.at("in_shapes").at(0).at(0).get<int64_t>();
    const Shape x{n, options.at("inputs").get<int64_t>(), 1, 1};
    const Shape y{n, options.at("outputs").get<int64_t>(), 1, 1};
    const Shape w{y[1], x[1], 1, 1};
    const bool bias = options.at("bias").get<bool>();
    const Json &parameters = test.at("param_tensors");
    const Values weights = flat(parameters.at(0));
    const Values out = flat(c.at("out_tensors").at(0));
    const ConvolutionAttributes a;
    if (options.at("activation") == "identity") {
        Values product = out;
        if (bias) {
            const Values b = flat(parameters.at(1));
            for (size_t i = 0; i < product.size(); ++i) product[i] -= b[i % b.size()];
        }
        Known(name, OpKind::convolution, a)
            .reads(x, flat(c.at("in_tensors").at(0)))
            .reads(w, weights, false)
            .gives(y, product)
            .check(failures);
    }
    const Values dz = before_activation(options, out, flat(c.at("out_diffs").at(0)));
    Known(name, OpKind::convolution_backward_data, a)
        .reads(y, dz, true, true)
        .reads(w, weights, false)
        .gives(x, flat(c.at("in_diffs").at(0)), true, true)
        .check(failures);
    Known(name, OpKind::convolution_backward_weights, a)
        .reads(x, flat(c.at("in_tensors").at(0)))
        .reads(y, dz, true, true)
        .gives(w, flat(c.at("params_diffs").at(0)), false, true)
        .check(failures);
    if (bias)
        Known(name, OpKind::channel_sum, identity())
            .reads(y, dz, true, true)
            .gives({y[1]}, flat(c.at("params_diffs").at(1)), false, true)
            .check(failures);
}

void check_concat(const std::string &name, const Json &test, const Json &c, Failures &failures) {
    if (test.at("options").at("dim") != 1) return;
    const Shape y = shape_of(c.at("out_shapes").at(0));
    Known forward(name, OpKind::concat);
    int64_t offset = 0;
    for (size_t i = 0; i < c.at("in_shapes").size(); ++i) {
        const Shape x = shape_of(c.at("in_shapes").at(i));
        forward.reads(x, flat(c.at("in_tensors").at(i)));
        Known(name, OpKind::slice, SliceAttributes{offset})
            .reads(y, flat(c.at("out_diffs").at(0)), true, true)
            .gives(x, flat(c.at("in_diffs").at(i)), true, true)
            .check(failures);
        offset += x[1];
    }
    forward.gives(y, flat(c.at("out_tensors").at(0))).check(failures);
}

// y = c1 a + c2 b, c1 a c2 b or max(c1 a, c2 b), then perhaps relu; b may be a
// value a channel or a sample.
class Elementwise {
  public:
    explicit Elementwise(const Json &options)
        : operation_(options.at("operation").get<std::string>()),
          relu_(options.at("activation") == "relu"),
          c1_(options.at("coef1").get<double>()),
          c2_(options.at("coef2").get<double>()) {}

    PointwiseAttributes forward() const {
        ExpressionBuilder e;
        const auto a = e.times(e.constant(c1_), e.operand(0));
        const auto b = e.times(e.constant(c2_), e.operand(1));
        const Fn fn = operation_ == "sum" ? Fn::add : operation_ == "prod" ? Fn::mul : Fn::max;
        const auto y = e.call(fn, a, b);
        e.result(relu_ ? e.call(Fn::max, y, e.constant(0)) : y);
        return taken(e);
    }

    // Of operand k, from a, b, dy and y.
    PointwiseAttributes backward(size_t k) const {
        ExpressionBuilder e;
        const auto zero = e.constant(0), c1 = e.constant(c1_), c2 = e.constant(c2_);
        const auto a = e.times(c1, e.operand(0)), b = e.times(c2, e.operand(1));
        auto dz = e.operand(2);
        if (relu_) dz = e.select(e.call(Fn::less, zero, e.operand(3)), dz, zero);
        const auto own = k == 0 ? c1 : c2;
        if (operation_ == "sum")
            e.result(e.times(dz, own));
        else if (operation_ == "prod")
            e.result(e.times(e.times(dz, own), k == 0 ? b : a));
        else
            e.result(e.select(k == 0 ? e.call(Fn::less, b, a) : e.call(Fn::less, a, b),
                              e.times(dz, own), zero));
        return taken(e);
    }

  private:
    std::string operation_;
    bool relu_;
    double c1_, c2_;
};

void check_elementwise(const std::string &name, const Json &test, const Json &c,
                       Failures &failures) {
    const Elementwise function(test.at("options"));
    const Shape shape = shape_of(c.at("in_shapes").at(0));
    Shape other = shape_of(c.at("in_shapes").at(1));
    if (shape_of(c.at("out_shapes").at(0)) != shape) return;
    const bool same = other == shape;
    const bool channel = other.rank == 1 && shape.rank == 2 && other[0] == shape[1];
    const bool sample = other.rank == 2 && other[0] == shape[0] && other[1] == 1 && !same;
    if (!same && !channel && !sample) return;
    if (sample) other = {shape[0]};
    const Values a = flat(c.at("in_tensors").at(0)), b = flat(c.at("in_tensors").at(1));
    const Values y = flat(c.at("out_tensors").at(0)), dy = flat(c.at("out_diffs").at(0));
    Known(name, OpKind::pointwise, function.forward())
        .reads(shape, a)
        .reads(other, b, !channel)
        .gives(shape, y, true, true)
        .check(failures);
    for (size_t k = 0; k < 2; ++k) {
        if (k == 1 && sample) continue;
        const bool reduced = k == 1 && channel;
        Known(name, reduced ? OpKind::channel_sum : OpKind::pointwise, function.backward(k))
            .reads(shape, a)
            .reads(other, b, !channel)
            .reads(shape, dy, true, true)
            .reads(shape, y)
            .gives(reduced ? other : shape, flat(c.at("in_diffs").at(k)), !reduced, true)
            .check(failures);
    }
}

// (a - b)^2, its sum or mean, and dy 2 (a - b) or that over the number of
// elements.
void check_mse(const std::string &name, const Json &test, const Json &c, Failures &failures) {
    const std::string reduce = test.at("options").at("reduce").get<std::string>();
    Shape shape = shape_of(c.at("in_shapes").at(0));
    const Values a = flat(c.at("in_tensors").at(0)), b = flat(c.at("in_tensors").at(1));
    const double count = static_cast<double>(shape.elements());
    const double factor = reduce == "mean" ? 1 / count : 1;
    const auto difference = [](ExpressionBuilder &e) {
        return e.minus(e.operand(0), e.operand(1));
    };
    ExpressionBuilder loss;
    const auto d = difference(loss);
    loss.result(loss.times(loss.times(d, d), loss.constant(factor)));
    Known forward(name, reduce == "none" ? OpKind::pointwise : OpKind::sum, taken(loss));
    forward.reads(shape, a).reads(shape, b);
    const Values out = flat(c.at("out_tensors").at(0));
    if (reduce == "none")
        forward.gives(shape, out, true, true).check(failures);
    else
        forward.gives({1}, out, false, false, Type::wide).check(failures);

    ExpressionBuilder gradient;
    gradient.result(gradient.times(gradient.times(difference(gradient), gradient.operand(2)),
                                   gradient.constant(2 * factor)));
    const Values dy = flat(c.at("out_diffs").at(0));
    Known backward(name, OpKind::pointwise, taken(gradient));
    backward.reads(shape, a).reads(shape, b);
    if (reduce == "none")
        backward.reads(shape, dy, true, true);
    else
        backward.reads({1}, dy, false);
    backward.gives(shape, flat(c.at("in_diffs").at(0)), true, true).check(failures);
}

using Check = void (*)(const std::string &name, const Json &test, const Json &c,
                       Failures &failures);

bool check_file(const std::string &file, Check check) {
    Failures failures;
    int64_t cases = 0;
    std::ifstream stream(data_folder() + file);
    const Json json = Json::parse(stream);
    if (json.contains("tests")) {
        for (size_t t = 0; t < json.at("tests").size(); ++t) {
            const Json &test = json.at("tests").at(t);
            for (size_t i = 0; i < test.at("cases").size(); ++i) {
                const Json &c = test.at("cases").at(i);
                if (!c.contains("in_tensors")) continue;
                check(text(file, " test ", t, " case ", i), test, c, failures);
                ++cases;
            }
        }
    } else {
        for (const Json &c : json.at("cases")) {
            check_convolution(c, failures);
            ++cases;
        }
    }
    print_message("%s: %lld cases\n", file.c_str(), static_cast<long long>(cases));
    for (size_t i = 0; i < std::min<size_t>(failures.size(), 12); ++i)
        print_error("%s\n", failures[i].c_str());
    if (failures.size() > 12) print_error("and %zu more\n", failures.size() - 12);
    return failures.empty() && cases > 0;
}

bool present(const std::string &file) {
    if (data_folder().empty()) {
        print_message("%s: CNN_TEST_DATA is not set\n", file.c_str());
        return false;
    }
    if (std::ifstream(data_folder() + file)) return true;
    print_message("%s: not in %s\n", file.c_str(), data_folder().c_str());
    return false;
}

struct File {
    const char *name;
    Check check;
};

constexpr std::array kFiles{
    File{"conv2d_gradients.json", nullptr},
    File{"dlprim_pooling2d.json", check_pooling},
    File{"dlprim_global_pooling.json", check_global_pooling},
    File{"dlprim_activation.json", check_activation},
    File{"dlprim_inner_product.json", check_inner_product},
    File{"dlprim_concat.json", check_concat},
    File{"dlprim_elementwise_grad.json", check_elementwise},
    File{"dlprim_mse_loss.json", check_mse},
};

void run_file(void **state) {
    const auto *file = static_cast<const File *>(*state);
    if (!present(file->name)) skip();
    assert_true(check_file(file->name, file->check));
}

}  // namespace

int main() {
    std::vector<CMUnitTest> tests;
    for (const File &file : kFiles)
        tests.push_back({file.name, run_file, nullptr, nullptr, const_cast<File *>(&file)});
    const int failed =
        _cmocka_run_group_tests("cases", tests.data(), tests.size(), nullptr, nullptr);
    devices().clear();
    return failed;
}

// Every operation on every backend against the float64 reference, and the
// reference's gradients against differences of its own values: one table of
// cases, conformance/cases.h.
//
// CNN_CONFORMANCE_CASES    random cases a kind of operation; 6 by default
// CNN_CONFORMANCE_VARIANTS whole variants of each candidate a case, others in each; by default as
//                          many as have each value of each parameter once (100: every variant)
// CNN_CONFORMANCE_DEVICES  specs joined by commas, instead of every device here
// CNN_CONFORMANCE_ONLY     a pattern of test names with *
// CNN_CONFORMANCE_CASE     one case's name, instead of all
//
// Races and accesses out of bounds in OpenCL kernels Oclgrind finds, case by case, for it is slow;
// with a folder whose oclgrind.icd holds the path of liboclgrind-rt-icd.so:
//   OCLGRIND_DATA_RACES=1 OCL_ICD_VENDORS=FOLDER CNN_CONFORMANCE_DEVICES='opencl:0.0!gpu'
//   CNN_CONFORMANCE_ONLY='convolution* on opencl*' CNN_CONFORMANCE_CASE=groups conformance_test
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
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/philox.h"
#include "base/text.h"
#include "conformance/cases.h"
#include "conformance/harness.h"
#include "ops/reference.h"

namespace {

using namespace cnn;
using namespace cnn::conformance;

constexpr size_t kShown = 12;

int random_cases() {
    const char *text = std::getenv("CNN_CONFORMANCE_CASES");
    const auto count = text != nullptr ? parse_int(text) : std::nullopt;
    return count ? static_cast<int>(std::clamp<int64_t>(*count, 0, 1000000)) : 6;
}

// Prints failures; false if there are any.
bool report(const std::vector<std::string> &failures) {
    for (size_t i = 0; i < std::min(failures.size(), kShown); ++i)
        print_error("%s\n", failures[i].c_str());
    if (failures.size() > kShown) print_error("and %zu more\n", failures.size() - kShown);
    return failures.empty();
}

// --- Devices.

constexpr int kFused = -1;

// A test of one kind of operation, or of the fused groups, on one device.
struct DeviceTest {
    std::string name;
    OpenedDevice *opened;
    int kind;

    bool run() const {
        Outcome outcome;
        const char *only = std::getenv("CNN_CONFORMANCE_CASE");
        for (const Case &c :
             kind == kFused ? fused_cases() : cases_of(static_cast<OpKind>(kind), random_cases())) {
            if (only && c.name != only) continue;
            if (kind == kFused)
                check_fused(*opened, c, outcome);
            else if (c.group.head().kind == OpKind::reorder)
                check_reorder(*opened, c, outcome);
            else
                check_case(*opened, c, outcome);
        }
        for (const std::string &value : take_untried(*opened))
            if (!only) outcome.failures.push_back(text(name, ": no case ran ", value));
        print_message("%s: %lld cases, %lld launches, %zu refused\n", name.c_str(),
                      static_cast<long long>(outcome.cases),
                      static_cast<long long>(outcome.launches), outcome.refused.size());
        return report(outcome.failures);
    }
};

void run_device_test(void **state) {
    const auto *test = static_cast<const DeviceTest *>(*state);
    if (test->opened->device == nullptr) {
        print_message("%s: %s\n", test->opened->spec.c_str(), test->opened->reason.c_str());
        skip();
    }
    assert_true(test->run());
}

// --- Gradients.

using Values = std::vector<double>;

double dot(const Values &a, const Values &b) {
    double sum = 0;
    for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
}

// The reference's tensors for a whole batch.
class Computation {
  public:
    explicit Computation(const Case &c) : c_(c), values_(c.group.tensors.size()) {
        for (size_t i = 0; i < values_.size(); ++i) {
            const Tensor &tensor = c.group.tensors[i];
            const bool read = i < static_cast<size_t>(c.group.inputs);
            values_[i] = read ? data_of(c, i)
                              : Values(static_cast<size_t>(tensor.shape.elements() *
                                                           (tensor.type == Type::wide ? 2 : 1)));
        }
    }

    Values &at(TensorId id) { return values_[static_cast<size_t>(id)]; }
    const Tensor &tensor(TensorId id) const { return c_.group.tensors[static_cast<size_t>(id)]; }

    void run() { run(c_.group.head(), c_.group.tensors, values_); }

    // Another operation over its own tensors.
    void run(const Op &op, const std::vector<Tensor> &tensors, std::vector<Values> &values) const {
        std::vector<std::vector<int32_t>> integers(tensors.size());
        std::vector<void *> data;
        for (size_t i = 0; i < tensors.size(); ++i) {
            data.push_back(values[i].data());
            if (tensors[i].type != Type::i32) continue;
            for (double v : values[i]) integers[i].push_back(static_cast<int32_t>(v));
            data.back() = integers[i].data();
        }
        reference::run<double>(op, tensors, data, {c_.counts.front(), c_.scalars.data(), c_.step});
    }

    // The output of a backward operation whose operands are inputs, then one
    // output.
    Values backward(OpKind kind, const std::vector<TensorId> &like, std::vector<Values> inputs,
                    TensorId output, const Attributes &attributes) const {
        Op op;
        op.kind = kind;
        op.attributes = attributes;
        std::vector<Tensor> tensors;
        for (size_t i = 0; i < like.size(); ++i) {
            op.inputs.push_back(static_cast<TensorId>(i));
            tensors.push_back(tensor(like[i]));
        }
        op.outputs = {static_cast<TensorId>(like.size())};
        tensors.push_back(tensor(output));
        inputs.emplace_back(static_cast<size_t>(tensor(output).shape.elements()));
        run(op, tensors, inputs);
        return inputs.back();
    }

  private:
    const Case &c_;
    std::vector<Values> values_;
};

// The gradient of dot(dy, y) with respect to input k of a case's operation;
// empty if none is made.
using Gradient = std::function<Values(Computation &, const Op &, const Values &dy, size_t k)>;

Values noise(uint64_t seed, size_t count) {
    const RandomStream stream(seed, 3);
    Values values(count);
    for (size_t i = 0; i < count; ++i) values[i] = 2 * double{stream.uniform(i)} - 1;
    return values;
}

// What a case's outputs are worth: dot(dy, first output).
double worth(Computation &computation, const Op &op, const Values &dy) {
    computation.run();
    return dot(dy, computation.at(op.outputs[0]));
}

// Central differences along a random direction against the gradient's product
// with it.
void check_gradient(const Case &c, const Gradient &gradient, double step,
                    std::vector<std::string> &failures) {
    const Op &op = c.group.head();
    Computation computation(c);
    computation.run();
    const Values dy = noise(c.seed, computation.at(op.outputs[0]).size());
    for (size_t k = 0; k < op.inputs.size(); ++k) {
        const Values g = gradient(computation, op, dy, k);
        if (g.empty()) continue;
        const Values x = computation.at(op.inputs[k]);
        const Values direction = noise(c.seed + k + 1, x.size());
        double sides[2];
        for (int side : {0, 1}) {
            Values &moved = computation.at(op.inputs[k]);
            for (size_t i = 0; i < x.size(); ++i)
                moved[i] = x[i] + (side == 0 ? -step : step) * direction[i];
            sides[side] = worth(computation, op, dy);
            moved = x;
        }
        computation.run();
        const double want = (sides[1] - sides[0]) / (2 * step), got = dot(g, direction);
        double scale = std::abs(sides[0]) * 1e-8;
        for (size_t i = 0; i < g.size(); ++i) scale += std::abs(g[i] * direction[i]);
        if (g.size() != x.size() || !(std::abs(got - want) <= 2e-7 * scale + 1e-9))
            failures.push_back(text(name_of(op.kind), " case ", c.name, " input ", k, ": gradient ",
                                    got, ", differences ", want));
    }
}

Values convolution_gradient(Computation &t, const Op &op, const Values &dy, size_t k) {
    const TensorId x = op.inputs[0], w = op.inputs[1], y = op.outputs[0];
    if (k == 0)
        return t.backward(OpKind::convolution_backward_data, {y, w}, {dy, t.at(w)}, x,
                          op.attributes);
    return t.backward(OpKind::convolution_backward_weights, {x, y}, {t.at(x), dy}, w,
                      op.attributes);
}

Values max_pool_gradient(Computation &t, const Op &op, const Values &dy, size_t) {
    const TensorId x = op.inputs[0];
    return t.backward(OpKind::max_pool_backward, {op.outputs[0], x}, {dy, t.at(x)}, x,
                      op.attributes);
}

// Linear in the tangent, whose gradient is the pool's own.
Values max_pool_tangent_gradient(Computation &t, const Op &op, const Values &dy, size_t k) {
    if (k != 0) return {};
    const TensorId x = op.inputs[1];
    return t.backward(OpKind::max_pool_backward, {op.outputs[0], x}, {dy, t.at(x)}, x,
                      op.attributes);
}

Values average_pool_gradient(Computation &t, const Op &op, const Values &dy, size_t) {
    return t.backward(OpKind::average_pool_backward, {op.outputs[0]}, {dy}, op.inputs[0],
                      op.attributes);
}

Values softmax_gradient(Computation &t, const Op &op, const Values &dy, size_t) {
    const TensorId y = op.outputs[0];
    return t.backward(OpKind::softmax_backward, {y, y}, {dy, t.at(y)}, op.inputs[0], {});
}

Values dropout_gradient(Computation &t, const Op &op, const Values &dy, size_t) {
    return t.backward(OpKind::dropout, {op.outputs[0]}, {dy}, op.inputs[0], op.attributes);
}

Values reshape_gradient(Computation &t, const Op &op, const Values &dy, size_t) {
    return t.backward(OpKind::reshape, {op.outputs[0]}, {dy}, op.inputs[0], {});
}

Values gather_gradient(Computation &t, const Op &op, const Values &dy, size_t) {
    const auto &table = *std::get<GatherAttributes>(op.attributes).table;
    return t.backward(OpKind::gather, {op.outputs[0]}, {dy}, op.inputs[0],
                      GatherAttributes{std::make_shared<const SparseTable>(table.transposed())});
}

Values distance_gradient(Computation &t, const Op &op, const Values &dy, size_t k) {
    const TensorId x = op.inputs[0], c = op.inputs[1];
    return t.backward(k == 0 ? OpKind::distance_backward_data : OpKind::distance_backward_weights,
                      {op.outputs[0], x, c}, {dy, t.at(x), t.at(c)}, op.inputs[k], {});
}

Values distance_tangent_gradient(Computation &t, const Op &op, const Values &dy, size_t k) {
    // Along a point it is twice the other difference, and so are the distance's gradients.
    const TensorId x = op.inputs[k < 2 ? 2 : 0], c = op.inputs[k < 2 ? 3 : 1];
    return t.backward(
        k % 2 == 0 ? OpKind::distance_backward_data : OpKind::distance_backward_weights,
        {op.outputs[0], x, c}, {dy, t.at(x), t.at(c)}, op.inputs[k], {});
}

Values concat_gradient(Computation &t, const Op &op, const Values &dy, size_t k) {
    int64_t offset = 0;
    for (size_t i = 0; i < k; ++i) offset += t.tensor(op.inputs[i]).shape[1];
    return t.backward(OpKind::slice, {op.outputs[0]}, {dy}, op.inputs[k], SliceAttributes{offset});
}

// Activations give their own gradients; a bias's is the channel sum; a sum
// passes them on.
Values pointwise_gradient(Computation &t, const Op &op, const Values &dy, size_t k) {
    const auto &attributes = std::get<PointwiseAttributes>(op.attributes);
    const TensorId x = op.inputs[k], y = op.outputs[0];
    switch (attributes.form) {
        case PointwiseForm::activation: {
            const TensorId from = derives_from_input(attributes.activation) ? x : y;
            return t.backward(
                OpKind::pointwise, {y, from}, {dy, t.at(from)}, x,
                activation_backward_attributes(attributes.activation, attributes.slope));
        }
        case PointwiseForm::add:
            return dy;
        case PointwiseForm::bias: {
            if (k == 0) return dy;
            ExpressionBuilder e;
            e.result(e.operand(0));
            PointwiseAttributes sum;
            sum.expression = e.take();
            return t.backward(OpKind::channel_sum, {y}, {dy}, x, sum);
        }
        default:
            return {};
    }
}

// The operation's own third output has a factor and a slot in it, the loss has
// not: here dy is constant, so the gradient is a multiple of that output.
Values cross_entropy_gradient(Computation &t, const Op &op, const Values &dy, size_t k) {
    if (k != 0 || op.outputs[2] == kNoTensor) return {};
    const Shape &shape = t.tensor(op.inputs[0]).shape;
    Values g = t.at(op.outputs[2]);
    const auto places = static_cast<size_t>(shape.elements_after(1));
    const auto elements = static_cast<size_t>(shape.elements_after(0));
    for (size_t i = 0; i < g.size(); ++i) g[i] *= dy[i / elements * places + i % places];
    return g;
}

// Cross-entropy's case with factor and scalar 1.
Case unscaled(Case c) {
    auto &attributes = std::get<CrossEntropyAttributes>(c.group.ops[0].attributes);
    attributes.factor = 1;
    c.scalars[static_cast<size_t>(attributes.slot)] = 1;
    return c;
}

bool gradients_agree(OpKind kind, const Gradient &gradient, double step) {
    std::vector<std::string> failures;
    for (const Case &c : cases_of(kind, random_cases())) {
        bool moderate = c.smooth;
        for (const OperandData &operand : c.operands)
            moderate = moderate && operand.fill != Fill::special && operand.fill != Fill::huge &&
                       operand.fill != Fill::tiny && operand.fill != Fill::large;
        if (!moderate) continue;
        const bool entropy = kind == OpKind::softmax_cross_entropy;
        check_gradient(entropy ? unscaled(c) : c, gradient, step, failures);
    }
    return report(failures);
}

void convolution_gradients(void **) {
    assert_true(gradients_agree(OpKind::convolution, convolution_gradient, 0.5));
}

void max_pool_gradients(void **) {
    assert_true(gradients_agree(OpKind::max_pool, max_pool_gradient, 1e-8));
}

void max_pool_tangent_gradients(void **) {
    assert_true(gradients_agree(OpKind::max_pool_tangent, max_pool_tangent_gradient, 0.5));
}

void average_pool_gradients(void **) {
    assert_true(gradients_agree(OpKind::average_pool, average_pool_gradient, 0.5));
}

void pointwise_gradients(void **) {
    assert_true(gradients_agree(OpKind::pointwise, pointwise_gradient, 1e-6));
}

void softmax_gradients(void **) {
    assert_true(gradients_agree(OpKind::softmax, softmax_gradient, 1e-5));
}

void cross_entropy_gradients(void **) {
    assert_true(gradients_agree(OpKind::softmax_cross_entropy, cross_entropy_gradient, 1e-5));
}

void dropout_gradients(void **) {
    assert_true(gradients_agree(OpKind::dropout, dropout_gradient, 0.5));
}

void concat_gradients(void **) {
    assert_true(gradients_agree(OpKind::concat, concat_gradient, 0.5));
}

void gather_gradients(void **) {
    assert_true(gradients_agree(OpKind::gather, gather_gradient, 0.5));
}

void distance_gradients(void **) {
    assert_true(gradients_agree(OpKind::distance, distance_gradient, 1e-4));
}

void distance_tangent_gradients(void **) {
    assert_true(gradients_agree(OpKind::distance_tangent, distance_tangent_gradient, 1e-4));
}

void reshape_gradients(void **) {
    assert_true(gradients_agree(OpKind::reshape, reshape_gradient, 0.5));
}

// --- Values known by hand, where the reference could agree with itself and be wrong.

// One operation over tensors given with their values; the last `outputs` of them are written.
std::vector<Values> run_by_hand(Op op, const std::vector<std::pair<Shape, Values>> &operands,
                                size_t outputs, Type last = Type::real) {
    std::vector<Tensor> tensors;
    std::vector<Values> values;
    std::vector<std::vector<int32_t>> integers(operands.size());
    std::vector<void *> data;
    for (size_t i = 0; i < operands.size(); ++i) {
        const bool written = i + outputs >= operands.size();
        const bool label = op.kind == OpKind::softmax_cross_entropy && i == 1;
        tensors.push_back({operands[i].first,
                           label     ? Type::i32
                           : written ? last
                                     : Type::real,
                           Space::activation, false, 0});
        values.push_back(operands[i].second);
        (written ? op.outputs : op.inputs).push_back(static_cast<TensorId>(i));
    }
    for (size_t i = 0; i < operands.size(); ++i) {
        if (tensors[i].type == Type::i32)
            for (double v : values[i]) integers[i].push_back(static_cast<int32_t>(v));
        data.push_back(tensors[i].type == Type::i32 ? static_cast<void *>(integers[i].data())
                                                    : values[i].data());
    }
    Values scalars(kSlotCount, 0.5);
    reference::run<double>(op, tensors, data, {operands[0].first[0], scalars.data(), 0});
    return {values.end() - static_cast<std::ptrdiff_t>(outputs), values.end()};
}

Op make_op(OpKind kind, Attributes attributes) {
    Op op;
    op.kind = kind;
    op.attributes = std::move(attributes);
    return op;
}

PoolAttributes row_pool(int64_t kernel, int64_t stride, int64_t pad, bool include) {
    PoolAttributes a;
    a.window.kernel = {1, kernel, 1};
    a.window.stride = {1, stride, 1};
    a.window.pad_begin = a.window.pad_end = {0, pad, 0};
    a.include_padding = include;
    return a;
}

void known_pools(void **) {
    const Shape one{1, 1, 1, 1}, four{1, 1, 1, 4}, three{1, 1, 1, 3};
    const double nan = std::nan("");
    // Ties: the first maximum alone has the gradient.
    const PoolAttributes whole = row_pool(4, 1, 0, false);
    assert_true(run_by_hand(make_op(OpKind::max_pool_backward, whole),
                            {{one, {5}}, {four, {1, 2, 2, 2}}, {four, Values(4)}},
                            1)[0] == (Values{0, 5, 0, 0}));
    assert_true(std::isnan(run_by_hand(make_op(OpKind::max_pool, whole),
                                       {{four, {1, nan, 3, 2}}, {one, {0}}}, 1)[0][0]));
    assert_true(run_by_hand(make_op(OpKind::max_pool_tangent, whole),
                            {{four, {5, 6, 7, 8}}, {four, {1, 2, 2, 2}}, {one, {0}}},
                            1)[0] == Values{6});
    // Padding never wins over what is negative.
    assert_true(run_by_hand(make_op(OpKind::max_pool, row_pool(3, 2, 1, false)),
                            {{four, {-1, -2, -3, -4}}, {three, Values(3)}},
                            1)[0] == (Values{-1, -2, -4}));
    // In ceil mode the last window, at 3, reaches past the padded input's end at 5.
    assert_true(run_by_hand(make_op(OpKind::average_pool, row_pool(3, 2, 1, true)),
                            {{four, {6, 12, 18, 24}}, {three, Values(3)}},
                            1)[0] == (Values{6, 18, 12}));
    assert_true(run_by_hand(make_op(OpKind::average_pool, row_pool(3, 2, 1, false)),
                            {{four, {6, 12, 18, 24}}, {three, Values(3)}},
                            1)[0] == (Values{9, 18, 24}));
}

void known_convolution(void **) {
    // Not flipped: 1*10 + 2*20 and 2*10 + 3*20; with padding before, 1*20 first.
    ConvolutionAttributes a;
    a.window.kernel = {1, 2, 1};
    a.window.pad_begin = {0, 1, 0};
    const auto y = run_by_hand(
        make_op(OpKind::convolution, a),
        {{{1, 1, 1, 3}, {1, 2, 3}}, {{1, 1, 1, 2}, {10, 20}}, {{1, 1, 1, 3}, Values(3)}}, 1)[0];
    assert_true(y == (Values{20, 50, 80}));
}

void known_cross_entropy(void **) {
    CrossEntropyAttributes a;
    a.factor = 4;
    const Shape one{1};
    const auto out = run_by_hand(
        make_op(OpKind::softmax_cross_entropy, a),
        {{{1, 2}, {0, 0}}, {one, {1}}, {one, {3}}, {one, {0}}, {one, {0}}, {{1, 2}, {0, 0}}}, 3);
    // weight log 2; the first of equals is the guess; weight factor scalar (softmax - target).
    assert_true(std::abs(out[0][0] - 3 * std::log(2.0)) < 1e-15);
    assert_true(out[1][0] == 0);
    assert_true(out[2] == (Values{3, -3}));
}

void known_expressions(void **) {
    ExpressionBuilder e;
    const auto x = e.operand(0);
    e.result(e.call(Fn::sigmoid, x));
    e.result(e.call(Fn::max, x, e.constant(0)));
    e.result(e.select(e.call(Fn::less, x, e.constant(0)), e.constant(7), x));
    PointwiseAttributes a;
    a.expression = e.take();
    const Shape three{3};
    const auto out = run_by_hand(make_op(OpKind::pointwise, a),
                                 {{three, {-1000, 0, std::nan("")}},
                                  {three, Values(3)},
                                  {three, Values(3)},
                                  {three, Values(3)}},
                                 3);
    assert_true(out[0][0] == 0 && out[0][1] == 0.5 && std::isnan(out[0][2]));
    assert_true(out[1][0] == 0 && std::isnan(out[1][2]));
    assert_true(out[2][0] == 7 && out[2][1] == 0 && std::isnan(out[2][2]));
}

void known_sum(void **) {
    ExpressionBuilder e;
    e.result(e.operand(0));
    PointwiseAttributes a;
    a.expression = e.take();
    // 1 is lost in the first part and kept in the second.
    const auto out = run_by_hand(make_op(OpKind::sum, a), {{{3}, {1e20, 1, 0}}, {{1}, Values(2)}},
                                 1, Type::wide)[0];
    assert_true(out[0] == 1e20 && out[1] == 1);
}

void known_gather(void **) {
    SparseTable table;
    table.column_count = 3;
    table.starts = {0, 2, 2, 3};
    table.columns = {0, 2, 1};
    const GatherAttributes a{std::make_shared<const SparseTable>(table)};
    const auto y =
        run_by_hand(make_op(OpKind::gather, a), {{{3}, {1, 10, 100}}, {{3}, Values(3)}}, 1)[0];
    assert_true(y == (Values{101, 0, 10}));
    // Equal by content; transposed twice it is itself.
    assert_true(a == GatherAttributes{
                         std::make_shared<const SparseTable>(table.transposed().transposed())});
    assert_false(a == GatherAttributes{std::make_shared<const SparseTable>(table.transposed())});
}

void known_distance(void **) {
    const Shape x{1, 2, 1, 1}, c{2, 2, 1, 1};
    const Values at{1, 2}, centers{4, 6, 1, 2};
    const auto d = run_by_hand(make_op(OpKind::distance, {}),
                               {{x, at}, {c, centers}, {{1, 2, 1, 1}, Values(2)}}, 1)[0];
    assert_true(d == (Values{25, 0}));
    const auto dx =
        run_by_hand(make_op(OpKind::distance_backward_data, {}),
                    {{{1, 2, 1, 1}, {1, 1}}, {x, at}, {c, centers}, {x, Values(2)}}, 1)[0];
    assert_true(dx == (Values{-6, -8}));
    const auto dc =
        run_by_hand(make_op(OpKind::distance_backward_weights, {}),
                    {{{1, 2, 1, 1}, {1, 1}}, {x, at}, {c, centers}, {c, Values(4)}}, 1)[0];
    assert_true(dc == (Values{6, 8, 0, 0}));
}

// Owns what cmocka's table points to.
struct Tests {
    std::vector<std::unique_ptr<OpenedDevice>> devices;
    std::vector<std::unique_ptr<DeviceTest>> rows;
    std::vector<CMUnitTest> table{
        cmocka_unit_test(convolution_gradients),
        cmocka_unit_test(max_pool_gradients),
        cmocka_unit_test(average_pool_gradients),
        cmocka_unit_test(pointwise_gradients),
        cmocka_unit_test(softmax_gradients),
        cmocka_unit_test(cross_entropy_gradients),
        cmocka_unit_test(dropout_gradients),
        cmocka_unit_test(concat_gradients),
        cmocka_unit_test(reshape_gradients),
        cmocka_unit_test(known_pools),
        cmocka_unit_test(known_convolution),
        cmocka_unit_test(known_cross_entropy),
        cmocka_unit_test(known_expressions),
        cmocka_unit_test(known_sum),
        cmocka_unit_test(max_pool_tangent_gradients),
        cmocka_unit_test(gather_gradients),
        cmocka_unit_test(known_gather),
        cmocka_unit_test(distance_tangent_gradients),
        cmocka_unit_test(distance_gradients),
        cmocka_unit_test(known_distance),
    };

    void add_device(const std::string &spec) {
        devices.push_back(std::make_unique<OpenedDevice>(open_device(spec)));
        OpenedDevice *opened = devices.back().get();
        if (opened->device == nullptr) {
            add_row(text("skipped on ", spec), opened, 0);
            return;
        }
        for (int kind = 0; kind <= static_cast<int>(OpKind::feed); ++kind)
            add_row(text(name_of(static_cast<OpKind>(kind)), " on ", spec), opened, kind);
        add_row(text("fused on ", spec), opened, kFused);
    }

    void add_row(const std::string &name, OpenedDevice *opened, int kind) {
        rows.push_back(std::make_unique<DeviceTest>(DeviceTest{name, opened, kind}));
        table.push_back(
            {rows.back()->name.c_str(), run_device_test, nullptr, nullptr, rows.back().get()});
    }
};

}  // namespace

int main() {
    Tests tests;
    for (const std::string &spec : device_specs()) tests.add_device(spec);
    if (const char *only = std::getenv("CNN_CONFORMANCE_ONLY")) cmocka_set_test_filter(only);
    return _cmocka_run_group_tests("conformance", tests.table.data(), tests.table.size(), nullptr,
                                   nullptr);
}

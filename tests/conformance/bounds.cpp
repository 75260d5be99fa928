// Running error analysis beside the float64 reference.
#include "bounds.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/reference.h"

namespace cnn::conformance {

namespace {

constexpr double kAny = std::numeric_limits<double>::infinity();

using Values = std::vector<double>;

Values magnitude(const Values &values) {
    Values result(values.size());
    std::transform(values.begin(), values.end(), result.begin(),
                   [](double v) { return std::abs(v); });
    return result;
}

bool any(const Values &values) {
    return std::any_of(values.begin(), values.end(), [](double v) { return v != 0; });
}

// One operation of a case on whatever stands for its tensors' values.
class Runner {
  public:
    Runner(const Case &c, const Op &op, int64_t n, const Precision &precision)
        : c_(c), op_(op), n_(n), precision_(precision) {}

    void run(std::vector<Bounded> &tensors) {
        tensors_ = &tensors;
        switch (op_.kind) {
            case OpKind::convolution:
            case OpKind::convolution_backward_data:
            case OpKind::convolution_backward_weights:
                return products();
            case OpKind::max_pool:
            case OpKind::dropout:
            case OpKind::concat:
            case OpKind::slice:
            case OpKind::reshape:
            case OpKind::reorder:
            case OpKind::host:
                return moves();
            case OpKind::max_pool_backward:
            case OpKind::max_pool_tangent:
            case OpKind::average_pool:
            case OpKind::average_pool_backward:
                return linear();
            case OpKind::pointwise:
            case OpKind::channel_sum:
            case OpKind::sum:
                return expression();
            case OpKind::gather:
                return linear();
            case OpKind::distance:
            case OpKind::distance_tangent:
            case OpKind::distance_backward_data:
            case OpKind::distance_backward_weights:
                return distances();
            case OpKind::softmax:
                return softmax();
            case OpKind::softmax_backward:
                return softmax_backward();
            case OpKind::softmax_cross_entropy:
                return cross_entropy();
            case OpKind::feed:
                return;  // given
        }
    }

  private:
    const Tensor &tensor(TensorId id) const { return c_.group.tensors[static_cast<size_t>(id)]; }
    Bounded &at(TensorId id) const { return (*tensors_)[static_cast<size_t>(id)]; }
    Shape shape(TensorId id) const { return reference::shape_for(tensor(id), n_); }
    double eps() const { return precision_.epsilon; }

    // The reference's outputs when input k holds inputs[k].
    std::vector<Values> reference(const std::vector<Values> &inputs) const {
        std::vector<Values> reals(c_.group.tensors.size());
        std::vector<std::vector<int32_t>> integers(reals.size());
        std::vector<void *> data(reals.size(), nullptr);
        const auto place = [&](TensorId id, const Values *values) {
            if (id == kNoTensor) return;
            const auto i = static_cast<size_t>(id);
            const auto elements = static_cast<size_t>(shape(id).elements());
            if (tensor(id).type == Type::i32) {
                integers[i].resize(elements);
                for (size_t k = 0; k < elements; ++k)
                    integers[i][k] = static_cast<int32_t>((*values)[k]);
                data[i] = integers[i].data();
                return;
            }
            const size_t parts = tensor(id).type == Type::wide ? 2 : 1;
            if (values != nullptr || reals[i].empty()) reals[i].assign(elements * parts, 0.0);
            if (values != nullptr)
                for (size_t k = 0; k < elements; ++k) reals[i][k * parts] = (*values)[k];
            data[i] = reals[i].data();
        };
        for (size_t k = 0; k < op_.inputs.size(); ++k) place(op_.inputs[k], &inputs[k]);
        for (TensorId id : op_.outputs) place(id, nullptr);
        cnn::reference::run<double>(op_, c_.group.tensors, data, {n_, c_.scalars.data(), c_.step});
        std::vector<Values> outputs;
        for (TensorId id : op_.outputs) {
            outputs.emplace_back();
            if (id == kNoTensor) continue;
            const Values &result = reals[static_cast<size_t>(id)];
            const size_t parts = tensor(id).type == Type::wide ? 2 : 1;
            for (size_t k = 0; k < result.size(); k += parts)
                outputs.back().push_back(parts == 2 ? result[k] + result[k + 1] : result[k]);
        }
        return outputs;
    }

    std::vector<Values> input_values() const {
        std::vector<Values> values;
        for (TensorId id : op_.inputs) values.push_back(id == kNoTensor ? Values{} : at(id).value);
        return values;
    }

    // Terms that the longest sum of a convolution or a pool has.
    double terms() const {
        if (const auto *gather = std::get_if<GatherAttributes>(&op_.attributes)) {
            int32_t longest = 1;
            for (size_t row = 0; row + 1 < gather->table->starts.size(); ++row)
                longest =
                    std::max(longest, gather->table->starts[row + 1] - gather->table->starts[row]);
            return longest;
        }
        if (op_.kind == OpKind::convolution_backward_weights)
            return static_cast<double>(shape(op_.inputs[1]).elements() / shape(op_.inputs[1])[1]);
        if (const auto *pool = std::get_if<PoolAttributes>(&op_.attributes)) {
            double taps = 1;
            for (int64_t k : pool->window.kernel) taps *= static_cast<double>(k);
            return taps;
        }
        const Shape w = shape(op_.inputs[1]);
        const auto groups =
            static_cast<double>(std::get<ConvolutionAttributes>(op_.attributes).groups);
        if (op_.kind == OpKind::convolution) return static_cast<double>(w.elements_after(0));
        return static_cast<double>(w.elements()) / static_cast<double>(w[1]) / groups;
    }

    double sum_factor(double count) const { return (4 + std::sqrt(count)) * eps(); }

    // Bilinear: rounding by the sum of magnitudes, inputs' errors by the other's magnitude.
    void products() {
        const TensorId a = op_.inputs[0], b = op_.inputs[1];
        Bounded &out = at(op_.outputs[0]);
        out.value = reference(input_values())[0];
        const Values ma = magnitude(at(a).value), mb = magnitude(at(b).value);
        const Values total = reference({ma, mb})[0];
        const double count = terms();
        out.error.resize(total.size());
        for (size_t i = 0; i < total.size(); ++i)
            out.error[i] = sum_factor(count) * total[i] + count * precision_.smallest;
        const auto add = [&](const Values &x, const Values &y) {
            const Values extra = reference({x, y})[0];
            for (size_t i = 0; i < extra.size(); ++i) out.error[i] += extra[i];
        };
        if (any(at(a).error)) add(at(a).error, mb);
        if (any(at(b).error)) add(ma, at(b).error);
        overflow(out, total);
    }

    // Sums of products that have the rounded difference x - c in them, once or squared.
    void distances() {
        const bool tangent = op_.kind == OpKind::distance_tangent;
        const bool forward = op_.kind == OpKind::distance || tangent;
        const TensorId x = op_.inputs[forward ? 0 : 1], c = op_.inputs[forward ? 1 : 2];
        const int64_t units = shape(c)[0], elements = shape(c).elements_after(0), n = shape(x)[0];
        Bounded &out = at(op_.outputs[0]);
        out.value = reference(input_values())[0];
        Values total(out.value.size(), 0);
        const auto between = [&](TensorId points, TensorId centers, int64_t s, int64_t j,
                                 int64_t k) {
            return std::abs(at(points).value[static_cast<size_t>(s * elements + k)] -
                            at(centers).value[static_cast<size_t>(j * elements + k)]);
        };
        for (int64_t s = 0; s < n; ++s)
            for (int64_t j = 0; j < units; ++j)
                for (int64_t k = 0; k < elements; ++k) {
                    const double d = between(x, c, s, j, k);
                    const auto unit = static_cast<size_t>(s * units + j);
                    const double g = tangent   ? 2 * between(op_.inputs[2], op_.inputs[3], s, j, k)
                                     : forward ? d
                                               : 2 * std::abs(at(op_.inputs[0]).value[unit]);
                    const int64_t to = forward ? s * units + j
                                       : op_.kind == OpKind::distance_backward_data
                                           ? s * elements + k
                                           : j * elements + k;
                    total[static_cast<size_t>(to)] += d * g;
                }
        const double count =
            static_cast<double>(forward                                      ? elements
                                : op_.kind == OpKind::distance_backward_data ? units
                                                                             : n);
        out.error.resize(total.size());
        for (size_t i = 0; i < total.size(); ++i)
            out.error[i] = (sum_factor(count) + 3 * eps()) * total[i] + count * precision_.smallest;
        overflow(out, total);
    }

    void overflow(Bounded &out, const Values &total) const {
        for (size_t i = 0; i < total.size(); ++i)
            if (total[i] > precision_.largest / 2) out.error[i] = kAny;
    }

    // Elements pass, dropout's times a constant.
    void moves() {
        Bounded &out = at(op_.outputs[0]);
        out.value = reference(input_values())[0];
        std::vector<Values> errors;
        for (TensorId id : op_.inputs) errors.push_back(at(id).error);
        out.error = reference(errors)[0];
        if (op_.kind != OpKind::dropout) return;
        for (size_t i = 0; i < out.value.size(); ++i)
            out.error[i] += 2 * eps() * std::abs(out.value[i]) + precision_.smallest;
    }

    // Linear in the first input; a maximum's place is given by the second, exactly.
    void linear() {
        std::vector<Values> inputs = input_values();
        Bounded &out = at(op_.outputs[0]);
        out.value = reference(inputs)[0];
        inputs[0] = at(op_.inputs[0]).error;
        out.error = reference(inputs)[0];
        inputs[0] = magnitude(at(op_.inputs[0]).value);
        const Values total = reference(inputs)[0];
        for (size_t i = 0; i < total.size(); ++i)
            out.error[i] += sum_factor(terms()) * total[i] + terms() * precision_.smallest;
        overflow(out, total);
    }

    struct Number {
        double v = 0, e = 0;
    };

    double rounded(double ulps, double v) const {
        return ulps * eps() * std::abs(v) + precision_.smallest;
    }

    Number finish(double v, double e) const {
        if (std::isfinite(v) && std::abs(v) > precision_.largest) return {v, kAny};
        if (std::isnan(e)) e = std::isfinite(v) ? kAny : 0;
        return {v, e};
    }

    double exact_or_rounded(double v) const {
        return eps() > 1e-10 && double{static_cast<float>(v)} != v ? eps() * std::abs(v) : 0;
    }

    Number step(const Instruction &i, const std::vector<Number> &values, Number operand) const {
        const auto get = [&](int32_t id) { return values[static_cast<size_t>(id)]; };
        const auto use = [&](bool yes, int32_t id) { return yes ? get(id) : Number{}; };
        const bool leaf = i.fn == Fn::operand || i.fn == Fn::scalar || i.fn == Fn::constant;
        const Number a = use(!leaf, i.a), b = use(i.fn >= Fn::add, i.b);
        switch (i.fn) {
            case Fn::operand:
                return operand;
            case Fn::scalar: {
                const double v = c_.scalars[static_cast<size_t>(i.a)];
                return {v, exact_or_rounded(v)};
            }
            case Fn::constant:
                return {i.value, exact_or_rounded(i.value)};
            case Fn::add:
                return finish(a.v + b.v, a.e + b.e + rounded(1, std::abs(a.v + b.v) + a.e + b.e));
            case Fn::sub:
                return finish(a.v - b.v, a.e + b.e + rounded(1, std::abs(a.v - b.v) + a.e + b.e));
            case Fn::mul:
                return finish(a.v * b.v, std::abs(a.v) * b.e + std::abs(b.v) * a.e + a.e * b.e +
                                             rounded(1, a.v * b.v));
            case Fn::div: {
                const double v = a.v / b.v, room = std::abs(b.v) - b.e;
                if (b.e > 0 && room <= 0) return {v, kAny};
                const double e = room == 0 ? 0 : (a.e + std::abs(v) * b.e) / room;
                return finish(v, e + rounded(3, v));
            }
            case Fn::min:
                return {std::isnan(a.v) || a.v < b.v ? a.v : b.v, std::max(a.e, b.e)};
            case Fn::max:
                return {std::isnan(a.v) || a.v > b.v ? a.v : b.v, std::max(a.e, b.e)};
            case Fn::negate:
                return {-a.v, a.e};
            case Fn::abs:
                return {std::abs(a.v), a.e};
            case Fn::less:
                return {a.v < b.v ? 1.0 : 0.0, std::abs(a.v - b.v) < a.e + b.e ? 1.0 : 0.0};
            case Fn::select: {
                const Number c = get(i.c);
                if (a.e > 0 && a.e >= std::abs(a.v))
                    return {a.v != 0 ? b.v : c.v, std::abs(b.v - c.v) + std::max(b.e, c.e)};
                return a.v != 0 ? b : c;
            }
            case Fn::finite:
                return {std::isfinite(a.v) ? 1.0 : 0.0, a.e == kAny ? 1.0 : 0.0};
            default:
                return transcendental(i.fn, a);
        }
    }

    Number transcendental(Fn fn, Number a) const {
        switch (fn) {
            case Fn::sqrt: {
                const double v = std::sqrt(a.v);
                if (a.e > 0 && a.v < a.e) return {v, kAny};
                return finish(v, (v > 0 ? a.e / v : 0) + rounded(3, v));
            }
            case Fn::exp: {
                const double v = std::exp(a.v);
                return finish(v, v * std::expm1(a.e) + rounded(4, v));
            }
            case Fn::log: {
                const double v = std::log(a.v);
                if (a.e > 0 && a.v <= a.e) return {v, kAny};
                return finish(v, (a.e > 0 ? a.e / (a.v - a.e) : 0) + rounded(4, v));
            }
            case Fn::log1p: {
                const double v = std::log1p(a.v);
                if (a.e > 0 && 1 + a.v <= a.e) return {v, kAny};
                return finish(v, (a.e > 0 ? a.e / (1 + a.v - a.e) : 0) + rounded(4, v));
            }
            case Fn::tanh: {
                const double v = std::tanh(a.v);
                return finish(v, std::min(a.e, 2.0) + rounded(6, v));
            }
            case Fn::erf: {
                // OpenCL allows 16 units in the last place.
                const double v = std::erf(a.v);
                return finish(v, std::min(1.13 * a.e, 2.0) + rounded(17, v));
            }
            default: {
                const double e = std::exp(-std::abs(a.v));
                const double v = a.v < 0 ? e / (1 + e) : 1 / (1 + e);
                return finish(v, std::min(a.e * 0.25, 1.0) + rounded(6, v));
            }
        }
    }

    // Calls body(element, channel, results) for each element of the full shape.
    template <class Body>
    void for_each_element(Body &&body) const {
        const TensorId full = reference::full_operand(op_, c_.group.tensors);
        const Shape full_shape = shape(full);
        const auto &code = std::get<PointwiseAttributes>(op_.attributes).expression;
        std::vector<Number> values(code.code.size());
        for (int64_t i = 0; i < full_shape.elements(); ++i) {
            const int64_t channel =
                full_shape.rank > 1 ? i / full_shape.elements_after(1) % full_shape[1] : 0;
            for (size_t j = 0; j < values.size(); ++j) {
                Number operand;
                if (code.code[j].fn == Fn::operand) {
                    const TensorId id = op_.inputs[static_cast<size_t>(code.code[j].a)];
                    size_t k = 0;
                    switch (access_of(tensor(id), tensor(full))) {
                        case Access::element:
                            k = static_cast<size_t>(i);
                            break;
                        case Access::channel:
                            k = static_cast<size_t>(channel);
                            break;
                        case Access::sample:
                            k = static_cast<size_t>(i / full_shape.elements_after(0));
                            break;
                        case Access::scalar:
                            break;
                    }
                    operand = {at(id).value[k], at(id).error[k]};
                }
                values[j] = step(code.code[j], values, operand);
            }
            body(static_cast<size_t>(i), static_cast<size_t>(channel), values, code.results);
        }
    }

    void expression() {
        const std::vector<Values> want = reference(input_values());
        std::vector<Values> error(want.size()), total(want.size());
        for (size_t r = 0; r < want.size(); ++r) {
            error[r].assign(want[r].size(), 0);
            total[r].assign(want[r].size(), 0);
        }
        for_each_element([&](size_t i, size_t channel, const auto &values, const auto &results) {
            for (size_t r = 0; r < want.size(); ++r) {
                const Number n = values[static_cast<size_t>(results[r])];
                const size_t k = op_.kind == OpKind::pointwise     ? i
                                 : op_.kind == OpKind::channel_sum ? channel
                                                                   : 0;
                error[r][k] += n.e;
                total[r][k] += std::abs(n.v);
            }
        });
        const TensorId full = reference::full_operand(op_, c_.group.tensors);
        const double count = static_cast<double>(shape(full).elements());
        for (size_t r = 0; r < want.size(); ++r) {
            Bounded &out = at(op_.outputs[r]);
            out.value = want[r];
            out.error = error[r];
            // Channel sums are stored as one real; sums add in double and are stored as two.
            const double factor = op_.kind == OpKind::pointwise ? 0
                                  : op_.kind == OpKind::sum     ? std::max(0x1p-44, eps() * 0x1p-21)
                                                                : sum_factor(count);
            for (size_t k = 0; k < out.error.size() && factor > 0; ++k)
                out.error[k] += factor * total[r][k] + precision_.smallest;
        }
    }

    // exp(x - max) has the relative error of the difference; the quotient adds the sum's.
    void softmax() {
        const TensorId x = op_.inputs[0];
        at(op_.outputs[0]).value = reference(input_values())[0];
        softmax_errors(at(x), shape(x), at(op_.outputs[0]));
    }

    void softmax_errors(const Bounded &x, const Shape &s, Bounded &y) const {
        y.error.assign(y.value.size(), 0);
        const int64_t places = s.elements_after(1);
        const double sums = sum_factor(static_cast<double>(s[1]));
        for (int64_t row = 0; row < s[0] * places; ++row) {
            const auto k = [&](int64_t c) {
                return static_cast<size_t>((row / places * s[1] + c) * places + row % places);
            };
            double largest = -kAny, largest_error = 0, mixed = 0;
            for (int64_t c = 0; c < s[1]; ++c) {
                largest = std::max(largest, x.value[k(c)]);
                largest_error = std::max(largest_error, x.error[k(c)]);
            }
            const auto relative = [&](int64_t c) {
                return eps() * (4 + largest - x.value[k(c)]) + x.error[k(c)] + largest_error;
            };
            for (int64_t c = 0; c < s[1]; ++c) mixed += y.value[k(c)] * relative(c);
            for (int64_t c = 0; c < s[1]; ++c)
                y.error[k(c)] =
                    y.value[k(c)] * (relative(c) + mixed + sums) + 4 * precision_.smallest;
        }
    }

    void softmax_backward() {
        const Bounded &dy = at(op_.inputs[0]), &y = at(op_.inputs[1]);
        Bounded &dx = at(op_.outputs[0]);
        const Shape s = shape(op_.inputs[1]);
        dx.value = reference(input_values())[0];
        dx.error.assign(dx.value.size(), 0);
        const int64_t places = s.elements_after(1);
        for (int64_t row = 0; row < s[0] * places; ++row) {
            const auto k = [&](int64_t c) {
                return static_cast<size_t>((row / places * s[1] + c) * places + row % places);
            };
            double total = 0, propagated = 0;
            for (int64_t c = 0; c < s[1]; ++c) {
                const double m = std::abs(dy.value[k(c)]), w = std::abs(y.value[k(c)]);
                total += m * w;
                propagated += dy.error[k(c)] * w + m * y.error[k(c)];
            }
            for (int64_t c = 0; c < s[1]; ++c) {
                const double m = std::abs(dy.value[k(c)]) + total, w = std::abs(y.value[k(c)]);
                dx.error[k(c)] = sum_factor(static_cast<double>(s[1])) * w * m +
                                 w * (dy.error[k(c)] + propagated) + y.error[k(c)] * m +
                                 precision_.smallest;
            }
        }
    }

    void cross_entropy() {
        const Bounded &x = at(op_.inputs[0]), &t = at(op_.inputs[1]), &w = at(op_.inputs[2]);
        const Shape s = shape(op_.inputs[0]);
        const int64_t classes = s[1], places = s.elements_after(1);
        const bool labels = tensor(op_.inputs[1]).type == Type::i32;
        const auto &attributes = std::get<CrossEntropyAttributes>(op_.attributes);
        const double factor =
            std::abs(attributes.factor * c_.scalars[static_cast<size_t>(attributes.slot)]);
        const std::vector<Values> want = reference(input_values());
        for (size_t r = 0; r < want.size(); ++r) {
            if (op_.outputs[r] == kNoTensor) continue;
            at(op_.outputs[r]).value = want[r];
            at(op_.outputs[r]).error.assign(want[r].size(), 0);
        }
        Bounded y;
        softmax_values(x, s, y);
        const double sums = sum_factor(static_cast<double>(classes));
        for (int64_t place = 0; place < s[0] * places; ++place) {
            const int64_t n = place / places;
            const auto k = [&](int64_t c) {
                return static_cast<size_t>((n * classes + c) * places + place % places);
            };
            const auto target = [&](int64_t c) {
                return labels
                           ? (t.value[static_cast<size_t>(place)] == static_cast<double>(c) ? 1.0
                                                                                            : 0.0)
                           : t.value[k(c)];
            };
            double largest = -kAny, total = 0, spread = 0;
            for (int64_t c = 0; c < classes; ++c) largest = std::max(largest, x.value[k(c)]);
            for (int64_t c = 0; c < classes; ++c) {
                total += target(c);
                spread += target(c) * (largest - x.value[k(c)]);
            }
            const double weight = std::abs(w.value[static_cast<size_t>(n)]);
            const double log_sum = std::log(static_cast<double>(classes));
            // Sums of logarithm and logit may be formed with the maximum left in.
            const double scale = total * (1 + log_sum) + spread;
            at(op_.outputs[0]).error[static_cast<size_t>(place)] =
                weight * sums * scale + precision_.smallest;
            if (op_.outputs[2] == kNoTensor) continue;
            for (int64_t c = 0; c < classes; ++c) {
                const double p = y.value[k(c)];
                at(op_.outputs[2]).error[k(c)] =
                    weight * factor *
                        (total * y.error[k(c)] + sums * (p * total + std::abs(target(c)))) +
                    4 * precision_.smallest;
            }
        }
    }

    void softmax_values(const Bounded &x, const Shape &s, Bounded &y) const {
        y.value.resize(x.value.size());
        const int64_t places = s.elements_after(1);
        for (int64_t row = 0; row < s[0] * places; ++row) {
            const auto k = [&](int64_t c) {
                return static_cast<size_t>((row / places * s[1] + c) * places + row % places);
            };
            double largest = -kAny, total = 0;
            for (int64_t c = 0; c < s[1]; ++c) largest = std::max(largest, x.value[k(c)]);
            for (int64_t c = 0; c < s[1]; ++c) total += std::exp(x.value[k(c)] - largest);
            for (int64_t c = 0; c < s[1]; ++c)
                y.value[k(c)] = std::exp(x.value[k(c)] - largest) / total;
        }
        softmax_errors(x, s, y);
    }

    const Case &c_;
    const Op &op_;
    int64_t n_;
    Precision precision_;
    std::vector<Bounded> *tensors_ = nullptr;
};

}  // namespace

Precision precision_of(int64_t real_bytes) {
    if (real_bytes == 8)
        return {std::numeric_limits<double>::epsilon(), std::numeric_limits<double>::max(),
                std::numeric_limits<double>::min()};
    return {std::numeric_limits<float>::epsilon(), std::numeric_limits<float>::max(),
            std::numeric_limits<float>::min()};
}

std::vector<Bounded> evaluate(const Case &c, const std::vector<std::vector<double>> &data,
                              int64_t n, const Precision &precision) {
    std::vector<Bounded> tensors(c.group.tensors.size());
    for (size_t i = 0; i < data.size(); ++i) {
        const Tensor &tensor = c.group.tensors[i];
        const size_t parts = tensor.type == Type::wide ? 2 : 1;
        const auto elements = static_cast<size_t>(reference::shape_for(tensor, n).elements());
        if (data[i].empty()) continue;
        // Operands of type wide are read by their first part.
        for (size_t k = 0; k < elements; ++k) tensors[i].value.push_back(data[i][k * parts]);
        tensors[i].error.assign(elements, 0);
    }
    for (const Op &op : c.group.ops) Runner(c, op, n, precision).run(tensors);
    return tensors;
}

bool acceptable(double got, double want, double error, const Precision &precision) {
    if (error == kAny) return true;
    if (std::isnan(want)) return std::isnan(got);
    if (std::isinf(want)) return got == want;
    if (!(error >= 0)) return false;
    return std::abs(got - want) <= error ||
           (std::abs(want) + error > precision.largest && std::isinf(got));
}

}  // namespace cnn::conformance

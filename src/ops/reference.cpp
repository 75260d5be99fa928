// The plain reference of every operation.
#include "ops/reference.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "ops/dropout.h"

namespace cnn::reference {

namespace {

// A sum in double that keeps what rounding loses (Neumaier's form of Kahan's).
class Sum {
  public:
    void add(double term) {
        const double next = total_ + term;
        lost_ +=
            std::abs(total_) >= std::abs(term) ? (total_ - next) + term : (term - next) + total_;
        total_ = next;
    }
    double value() const { return std::isfinite(total_) ? total_ + lost_ : total_; }
    // What is missing from `rounded` to the sum.
    double value_without(double rounded) const {
        return std::isfinite(total_) ? (total_ - rounded) + lost_ : 0;
    }

  private:
    double total_ = 0, lost_ = 0;
};

// An operation's tensors at run time.
template <class Real>
class Operands {
  public:
    Operands(std::span<const Tensor> tensors, std::span<void *const> data, int64_t n)
        : tensors_(tensors), data_(data), n_(n) {}

    int64_t n() const { return n_; }
    const Tensor &tensor(TensorId id) const { return tensors_[static_cast<size_t>(id)]; }
    Shape shape(TensorId id) const { return shape_for(tensor(id), n_); }
    Real *real(TensorId id) const { return static_cast<Real *>(data(id)); }
    int32_t *integer(TensorId id) const { return static_cast<int32_t *>(data(id)); }
    void *data(TensorId id) const { return data_[static_cast<size_t>(id)]; }

    // Element i as a number, whatever the type.
    Real value(TensorId id, int64_t i) const {
        if (tensor(id).type == Type::i32) return static_cast<Real>(integer(id)[i]);
        return real(id)[tensor(id).type == Type::wide ? 2 * i : i];
    }

  private:
    std::span<const Tensor> tensors_;
    std::span<void *const> data_;
    int64_t n_;
};

// --- Windows. Spatial axes are always three; those a tensor lacks have size 1.

using Position = std::array<int64_t, 3>;

Position spatial_sizes(const Shape &shape) {
    Position size{1, 1, 1};
    for (int axis = 2; axis < shape.rank; ++axis) size[static_cast<size_t>(axis - 2)] = shape[axis];
    return size;
}

// Calls body with every position in row-major order.
template <class Body>
void for_each(const Position &size, Body &&body) {
    Position at{};
    for (at[0] = 0; at[0] < size[0]; ++at[0])
        for (at[1] = 0; at[1] < size[1]; ++at[1])
            for (at[2] = 0; at[2] < size[2]; ++at[2]) body(at);
}

// Row-major offset of a position in channel c of sample n.
int64_t offset(int64_t n, int64_t channels, int64_t c, const Position &size, const Position &at) {
    return (((n * channels + c) * size[0] + at[0]) * size[1] + at[1]) * size[2] + at[2];
}

bool inside(const Position &size, const Position &at) {
    for (size_t i = 0; i < 3; ++i)
        if (at[i] < 0 || at[i] >= size[i]) return false;
    return true;
}

// Where tap k of the window of output `out` lies; may be in the padding.
Position input_of(const Window &window, const Position &out, const Position &k) {
    Position at;
    for (size_t i = 0; i < 3; ++i)
        at[i] = out[i] * window.stride[i] - window.pad_begin[i] + k[i] * window.dilation[i];
    return at;
}

// The output whose window has `in` under tap k; false if there is none.
bool output_of(const Window &window, const Position &out_size, const Position &in,
               const Position &k, Position &out) {
    for (size_t i = 0; i < 3; ++i) {
        const int64_t scaled = in[i] + window.pad_begin[i] - k[i] * window.dilation[i];
        if (scaled < 0 || scaled % window.stride[i] != 0) return false;
        out[i] = scaled / window.stride[i];
    }
    return inside(out_size, out);
}

// --- Convolutions.

struct Convolution {
    const Window &window;
    Position in, out, kernel;
    int64_t n, in_channels, out_channels, group_in, group_out;

    Convolution(const ConvolutionAttributes &a, const Shape &x, const Shape &w, const Shape &y)
        : window(a.window),
          in(spatial_sizes(x)),
          out(spatial_sizes(y)),
          kernel(spatial_sizes(w)),
          n(x[0]),
          in_channels(x[1]),
          out_channels(y[1]),
          group_in(x[1] / a.groups),
          group_out(y[1] / a.groups) {}

    int64_t x_at(int64_t s, int64_t c, const Position &at) const {
        return offset(s, in_channels, c, in, at);
    }
    int64_t y_at(int64_t s, int64_t o, const Position &at) const {
        return offset(s, out_channels, o, out, at);
    }
    // c counts within the group.
    int64_t w_at(int64_t o, int64_t c, const Position &k) const {
        return offset(o, group_in, c, kernel, k);
    }
    int64_t first_input_of(int64_t o) const { return o / group_out * group_in; }
};

// Calls term(x, w) for y[n, o, p] = sum over c, k of x[n, c, p s - pad + k d] w[o, c, k].
template <class Real, class Term>
void forward_terms(const Convolution &g, const Real *x, const Real *w, int64_t n, int64_t o,
                   const Position &out, Term &&term) {
    for (int64_t c = 0; c < g.group_in; ++c)
        for_each(g.kernel, [&](const Position &k) {
            const Position in = input_of(g.window, out, k);
            if (inside(g.in, in))
                term(x[g.x_at(n, g.first_input_of(o) + c, in)], w[g.w_at(o, c, k)]);
        });
}

// Calls term(dy, w) for dx[n, c, q] = sum over o, k, where p s - pad + k d = q, of
// dy[n, o, p] w[o, c, k].
template <class Real, class Term>
void data_terms(const Convolution &g, const Real *dy, const Real *w, int64_t n, int64_t c,
                const Position &in, Term &&term) {
    const int64_t group = c / g.group_in;
    for (int64_t o = group * g.group_out; o < (group + 1) * g.group_out; ++o)
        for_each(g.kernel, [&](const Position &k) {
            Position out;
            if (output_of(g.window, g.out, in, k, out))
                term(dy[g.y_at(n, o, out)], w[g.w_at(o, c % g.group_in, k)]);
        });
}

// Calls term(x, dy) for dw[o, c, k] = sum over n, p of x[n, c, p s - pad + k d] dy[n, o, p].
template <class Real, class Term>
void weights_terms(const Convolution &g, const Real *x, const Real *dy, int64_t o, int64_t c,
                   const Position &k, Term &&term) {
    for (int64_t n = 0; n < g.n; ++n)
        for_each(g.out, [&](const Position &out) {
            const Position in = input_of(g.window, out, k);
            if (inside(g.in, in))
                term(x[g.x_at(n, g.first_input_of(o) + c, in)], dy[g.y_at(n, o, out)]);
        });
}

template <class Real>
Convolution convolution_of(const Op &op, const Operands<Real> &t) {
    const TensorId in0 = op.inputs[0], in1 = op.inputs[1], out = op.outputs[0];
    const auto &attributes = std::get<ConvolutionAttributes>(op.attributes);
    switch (op.kind) {
        case OpKind::convolution_backward_data:
            return {attributes, t.shape(out), t.shape(in1), t.shape(in0)};
        case OpKind::convolution_backward_weights:
            return {attributes, t.shape(in0), t.shape(out), t.shape(in1)};
        default:
            return {attributes, t.shape(in0), t.shape(in1), t.shape(out)};
    }
}

template <class Real>
void convolution(const Op &op, const Operands<Real> &t) {
    const Convolution g = convolution_of(op, t);
    for (int64_t n = 0; n < g.n; ++n)
        for (int64_t o = 0; o < g.out_channels; ++o)
            for_each(g.out, [&](const Position &out) {
                Sum sum;
                forward_terms(g, t.real(op.inputs[0]), t.real(op.inputs[1]), n, o, out,
                              [&](Real x, Real w) { sum.add(double{x} * double{w}); });
                t.real(op.outputs[0])[g.y_at(n, o, out)] = static_cast<Real>(sum.value());
            });
}

template <class Real>
void convolution_backward_data(const Op &op, const Operands<Real> &t) {
    const Convolution g = convolution_of(op, t);
    for (int64_t n = 0; n < g.n; ++n)
        for (int64_t c = 0; c < g.in_channels; ++c)
            for_each(g.in, [&](const Position &in) {
                Sum sum;
                data_terms(g, t.real(op.inputs[0]), t.real(op.inputs[1]), n, c, in,
                           [&](Real dy, Real w) { sum.add(double{dy} * double{w}); });
                t.real(op.outputs[0])[g.x_at(n, c, in)] = static_cast<Real>(sum.value());
            });
}

template <class Real>
void convolution_backward_weights(const Op &op, const Operands<Real> &t) {
    const Convolution g = convolution_of(op, t);
    for (int64_t o = 0; o < g.out_channels; ++o)
        for (int64_t c = 0; c < g.group_in; ++c)
            for_each(g.kernel, [&](const Position &k) {
                Sum sum;
                weights_terms(g, t.real(op.inputs[0]), t.real(op.inputs[1]), o, c, k,
                              [&](Real x, Real dy) { sum.add(double{x} * double{dy}); });
                t.real(op.outputs[0])[g.w_at(o, c, k)] = static_cast<Real>(sum.value());
            });
}

// The place of a row-major element among planes of that size; `element` becomes the plane's number.
Position take_position(const Position &size, int64_t &element) {
    Position at{};
    for (size_t i = 3; i-- > 0;) {
        at[i] = element % size[i];
        element /= size[i];
    }
    return at;
}

// --- Pooling.

struct Pooling {
    const PoolAttributes &attributes;
    Position in, out, kernel;
    int64_t n, channels;

    Pooling(const PoolAttributes &a, const Shape &x, const Shape &y)
        : attributes(a), in(spatial_sizes(x)), out(spatial_sizes(y)), n(x[0]), channels(x[1]) {
        kernel = {1, 1, 1};
        for (size_t i = 0; i < static_cast<size_t>(a.window.spatial); ++i)
            kernel[i] = a.window.kernel[i];
    }

    // Calls body with the input positions under the window of `out`, padding left out.
    template <class Body>
    void for_window(const Position &at, Body &&body) const {
        for_each(kernel, [&](const Position &k) {
            const Position position = input_of(attributes.window, at, k);
            if (inside(in, position)) body(position);
        });
    }

    // What an average divides by: the taps inside, or those inside the padded input too. A window
    // of ceil mode reaches beyond even that.
    int64_t divisor(const Position &at) const {
        int64_t count = 0;
        for_each(kernel, [&](const Position &k) {
            const Position position = input_of(attributes.window, at, k);
            bool counts = true;
            for (size_t i = 0; i < 3; ++i) {
                const int64_t pad = attributes.include_padding ? attributes.window.pad_end[i] : 0;
                const int64_t first =
                    attributes.include_padding ? -attributes.window.pad_begin[i] : 0;
                counts = counts && position[i] >= first && position[i] < in[i] + pad;
            }
            count += counts ? 1 : 0;
        });
        return count;
    }
};

// The window's first maximum; a NaN is larger than everything. -1 for a window of padding alone.
template <class Real>
int64_t maximum(const Pooling &g, const Real *x, int64_t n, int64_t c, const Position &out) {
    int64_t best = -1;
    g.for_window(out, [&](const Position &in) {
        const int64_t at = offset(n, g.channels, c, g.in, in);
        if (best < 0 || x[at] > x[best] || (std::isnan(x[at]) && !std::isnan(x[best]))) best = at;
    });
    return best;
}

template <class Real>
void max_pool(const Op &op, const Operands<Real> &t) {
    const TensorId x = op.inputs[0], y = op.outputs[0];
    const Pooling g(std::get<PoolAttributes>(op.attributes), t.shape(x), t.shape(y));
    for (int64_t n = 0; n < g.n; ++n)
        for (int64_t c = 0; c < g.channels; ++c)
            for_each(g.out, [&](const Position &out) {
                const int64_t best = maximum(g, t.real(x), n, c, out);
                t.real(y)[offset(n, g.channels, c, g.out, out)] =
                    best < 0 ? -std::numeric_limits<Real>::infinity() : t.real(x)[best];
            });
}

// dx[q] = sum of dy[p] over the windows p whose maximum is q
template <class Real>
void max_pool_backward(const Op &op, const Operands<Real> &t) {
    const TensorId dy = op.inputs[0], x = op.inputs[1], dx = op.outputs[0];
    const Pooling g(std::get<PoolAttributes>(op.attributes), t.shape(dx), t.shape(dy));
    std::vector<Sum> sums(static_cast<size_t>(t.shape(dx).elements()));
    for (int64_t n = 0; n < g.n; ++n)
        for (int64_t c = 0; c < g.channels; ++c)
            for_each(g.out, [&](const Position &out) {
                const int64_t best = maximum(g, t.real(x), n, c, out);
                if (best < 0) return;
                const double gradient = t.real(dy)[offset(n, g.channels, c, g.out, out)];
                sums[static_cast<size_t>(best)].add(gradient);
            });
    for (size_t i = 0; i < sums.size(); ++i) t.real(dx)[i] = static_cast<Real>(sums[i].value());
}

// dy[p] = dx at the maximum of window p
template <class Real>
void max_pool_tangent(const Op &op, const Operands<Real> &t) {
    const TensorId dx = op.inputs[0], x = op.inputs[1], dy = op.outputs[0];
    const Pooling g(std::get<PoolAttributes>(op.attributes), t.shape(x), t.shape(dy));
    for (int64_t n = 0; n < g.n; ++n)
        for (int64_t c = 0; c < g.channels; ++c)
            for_each(g.out, [&](const Position &out) {
                const int64_t best = maximum(g, t.real(x), n, c, out);
                t.real(dy)[offset(n, g.channels, c, g.out, out)] =
                    best < 0 ? Real{0} : t.real(dx)[best];
            });
}

template <class Real>
void average_pool(const Op &op, const Operands<Real> &t) {
    const TensorId x = op.inputs[0], y = op.outputs[0];
    const Pooling g(std::get<PoolAttributes>(op.attributes), t.shape(x), t.shape(y));
    for (int64_t n = 0; n < g.n; ++n)
        for (int64_t c = 0; c < g.channels; ++c)
            for_each(g.out, [&](const Position &out) {
                Sum sum;
                g.for_window(out, [&](const Position &in) {
                    sum.add(t.real(x)[offset(n, g.channels, c, g.in, in)]);
                });
                const int64_t divisor = std::max<int64_t>(g.divisor(out), 1);
                t.real(y)[offset(n, g.channels, c, g.out, out)] =
                    static_cast<Real>(sum.value() / static_cast<double>(divisor));
            });
}

// dx[q] = sum of dy[p] / divisor(p) over the windows p that hold q
template <class Real>
void average_pool_backward(const Op &op, const Operands<Real> &t) {
    const TensorId dy = op.inputs[0], dx = op.outputs[0];
    const Pooling g(std::get<PoolAttributes>(op.attributes), t.shape(dx), t.shape(dy));
    for (int64_t n = 0; n < g.n; ++n)
        for (int64_t c = 0; c < g.channels; ++c)
            for_each(g.in, [&](const Position &in) {
                Sum sum;
                for_each(g.kernel, [&](const Position &k) {
                    Position out;
                    if (!output_of(g.attributes.window, g.out, in, k, out)) return;
                    sum.add(double{t.real(dy)[offset(n, g.channels, c, g.out, out)]} /
                            static_cast<double>(g.divisor(out)));
                });
                t.real(dx)[offset(n, g.channels, c, g.in, in)] = static_cast<Real>(sum.value());
            });
}

// --- Sparse sums and distances.

template <class Real>
void gather(const Op &op, const Operands<Real> &t) {
    const SparseTable &table = *std::get<GatherAttributes>(op.attributes).table;
    for (size_t row = 0; row + 1 < table.starts.size(); ++row) {
        Sum sum;
        for (int32_t k = table.starts[row]; k < table.starts[row + 1]; ++k)
            sum.add(t.real(op.inputs[0])[table.columns[static_cast<size_t>(k)]]);
        t.real(op.outputs[0])[row] = static_cast<Real>(sum.value());
    }
}

// Samples, units and elements of each, and x[n, k] - c[j, k].
template <class Real>
struct Distances {
    const Real *x, *c;
    int64_t n, units, elements;

    Distances(const Operands<Real> &t, TensorId x_id, TensorId c_id)
        : x(t.real(x_id)),
          c(t.real(c_id)),
          n(t.shape(x_id)[0]),
          units(t.shape(c_id)[0]),
          elements(t.shape(c_id).elements_after(0)) {}

    double difference(int64_t s, int64_t j, int64_t k) const {
        return double{x[s * elements + k]} - double{c[j * elements + k]};
    }
};

template <class Real>
void distance(const Op &op, const Operands<Real> &t) {
    const Distances<Real> g(t, op.inputs[0], op.inputs[1]);
    for (int64_t s = 0; s < g.n; ++s)
        for (int64_t j = 0; j < g.units; ++j) {
            Sum sum;
            for (int64_t k = 0; k < g.elements; ++k)
                sum.add(g.difference(s, j, k) * g.difference(s, j, k));
            t.real(op.outputs[0])[s * g.units + j] = static_cast<Real>(sum.value());
        }
}

template <class Real>
void distance_tangent(const Op &op, const Operands<Real> &t) {
    const Distances<Real> g(t, op.inputs[0], op.inputs[1]);
    const Distances<Real> moved(t, op.inputs[2], op.inputs[3]);
    for (int64_t s = 0; s < g.n; ++s)
        for (int64_t j = 0; j < g.units; ++j) {
            Sum sum;
            for (int64_t k = 0; k < g.elements; ++k)
                sum.add(2 * g.difference(s, j, k) * moved.difference(s, j, k));
            t.real(op.outputs[0])[s * g.units + j] = static_cast<Real>(sum.value());
        }
}

template <class Real>
void distance_backward_data(const Op &op, const Operands<Real> &t) {
    const Distances<Real> g(t, op.inputs[1], op.inputs[2]);
    const Real *dy = t.real(op.inputs[0]);
    for (int64_t s = 0; s < g.n; ++s)
        for (int64_t k = 0; k < g.elements; ++k) {
            Sum sum;
            for (int64_t j = 0; j < g.units; ++j)
                sum.add(2 * double{dy[s * g.units + j]} * g.difference(s, j, k));
            t.real(op.outputs[0])[s * g.elements + k] = static_cast<Real>(sum.value());
        }
}

template <class Real>
void distance_backward_weights(const Op &op, const Operands<Real> &t) {
    const Distances<Real> g(t, op.inputs[1], op.inputs[2]);
    const Real *dy = t.real(op.inputs[0]);
    for (int64_t j = 0; j < g.units; ++j)
        for (int64_t k = 0; k < g.elements; ++k) {
            Sum sum;
            for (int64_t s = 0; s < g.n; ++s)
                sum.add(-2 * double{dy[s * g.units + j]} * g.difference(s, j, k));
            t.real(op.outputs[0])[j * g.elements + k] = static_cast<Real>(sum.value());
        }
}

// --- Expressions.

template <class Real>
Real evaluate(const Instruction &i, const std::vector<Real> &value, Real operand,
              const double *scalars) {
    const auto at = [&](int32_t id) { return value[static_cast<size_t>(id)]; };
    switch (i.fn) {
        case Fn::operand:
            return operand;
        case Fn::scalar:
            return static_cast<Real>(scalars[i.a]);
        case Fn::constant:
            return static_cast<Real>(i.value);
        case Fn::add:
            return at(i.a) + at(i.b);
        case Fn::sub:
            return at(i.a) - at(i.b);
        case Fn::mul:
            return at(i.a) * at(i.b);
        case Fn::div:
            return at(i.a) / at(i.b);
        case Fn::min:
            return std::isnan(at(i.a)) || at(i.a) < at(i.b) ? at(i.a) : at(i.b);
        case Fn::max:
            return std::isnan(at(i.a)) || at(i.a) > at(i.b) ? at(i.a) : at(i.b);
        case Fn::negate:
            return -at(i.a);
        case Fn::abs:
            return std::abs(at(i.a));
        case Fn::sqrt:
            return std::sqrt(at(i.a));
        case Fn::exp:
            return std::exp(at(i.a));
        case Fn::log:
            return std::log(at(i.a));
        case Fn::log1p:
            return std::log1p(at(i.a));
        case Fn::tanh:
            return std::tanh(at(i.a));
        case Fn::sigmoid: {
            const Real e = std::exp(-std::abs(at(i.a)));
            return at(i.a) < 0 ? e / (1 + e) : 1 / (1 + e);
        }
        case Fn::erf:
            return std::erf(at(i.a));
        case Fn::less:
            return at(i.a) < at(i.b) ? Real{1} : Real{0};
        case Fn::select:
            return at(i.a) != 0 ? at(i.b) : at(i.c);
        case Fn::finite:
            return std::isfinite(at(i.a)) ? Real{1} : Real{0};
    }
    fail(Status::internal, "reference: unknown function");
}

// Runs an expression for every element of the full shape: body(element, channel, results), where
// results are in the expression's order.
template <class Real, class Body>
void for_each_element(const Op &op, TensorId full, const Operands<Real> &t, const double *scalars,
                      Body &&body) {
    const Expression &expression = std::get<PointwiseAttributes>(op.attributes).expression;
    const Shape shape = t.shape(full);
    const int64_t per_channel = shape.elements_after(1);
    const int64_t per_sample = shape.elements_after(0);
    std::vector<Real> value(expression.code.size());
    std::vector<Real> results(expression.results.size());
    for (int64_t i = 0; i < shape.elements(); ++i) {
        const int64_t sample = i / per_sample;
        const int64_t channel = shape.rank > 1 ? i / per_channel % shape[1] : 0;
        for (size_t j = 0; j < value.size(); ++j) {
            const Instruction &instruction = expression.code[j];
            Real operand = 0;
            if (instruction.fn == Fn::operand) {
                const TensorId id = op.inputs[static_cast<size_t>(instruction.a)];
                const Access access = access_of(t.tensor(id), t.tensor(full));
                operand = t.value(id, access == Access::element   ? i
                                      : access == Access::channel ? channel
                                      : access == Access::sample  ? sample
                                                                  : 0);
            }
            value[j] = evaluate(instruction, value, operand, scalars);
        }
        for (size_t r = 0; r < results.size(); ++r)
            results[r] = value[static_cast<size_t>(expression.results[r])];
        body(i, channel, results);
    }
}

template <class Real>
void pointwise(const Op &op, TensorId full, const Operands<Real> &t, const double *scalars) {
    for_each_element(op, full, t, scalars,
                     [&](int64_t i, int64_t, const std::vector<Real> &results) {
                         for (size_t r = 0; r < op.outputs.size(); ++r) {
                             const TensorId out = op.outputs[r];
                             if (t.tensor(out).type == Type::wide) {
                                 t.real(out)[2 * i] = results[r];
                                 t.real(out)[2 * i + 1] = 0;
                             } else {
                                 t.real(out)[i] = results[r];
                             }
                         }
                     });
}

template <class Real>
void channel_sum(const Op &op, TensorId full, const Operands<Real> &t, const double *scalars) {
    std::vector<std::vector<Sum>> sums(op.outputs.size());
    for (size_t r = 0; r < sums.size(); ++r)
        sums[r].resize(static_cast<size_t>(t.shape(op.outputs[r]).elements()));
    for_each_element(op, full, t, scalars,
                     [&](int64_t, int64_t channel, const std::vector<Real> &results) {
                         for (size_t r = 0; r < sums.size(); ++r)
                             sums[r][static_cast<size_t>(channel)].add(results[r]);
                     });
    for (size_t r = 0; r < sums.size(); ++r)
        for (size_t c = 0; c < sums[r].size(); ++c)
            t.real(op.outputs[r])[c] = static_cast<Real>(sums[r][c].value());
}

template <class Real>
void sum(const Op &op, TensorId full, const Operands<Real> &t, const double *scalars) {
    std::vector<Sum> sums(op.outputs.size());
    for_each_element(op, full, t, scalars, [&](int64_t, int64_t, const std::vector<Real> &results) {
        for (size_t r = 0; r < sums.size(); ++r) sums[r].add(results[r]);
    });
    for (size_t r = 0; r < sums.size(); ++r) {
        const Real rounded = static_cast<Real>(sums[r].value());
        t.real(op.outputs[r])[0] = rounded;
        t.real(op.outputs[r])[1] = static_cast<Real>(sums[r].value_without(double{rounded}));
    }
}

// --- Softmax. `at(c)` is where class c of a sample (and place) lies.

template <class Real, class At>
void softmax_of(int64_t classes, const Real *x, At &&at, std::vector<double> &y) {
    Real largest = x[at(0)];
    for (int64_t c = 1; c < classes; ++c) largest = std::max(largest, x[at(c)]);
    Sum sum;
    y.resize(static_cast<size_t>(classes));
    for (int64_t c = 0; c < classes; ++c) {
        y[static_cast<size_t>(c)] = std::exp(double{x[at(c)]} - double{largest});
        sum.add(y[static_cast<size_t>(c)]);
    }
    for (double &value : y) value /= sum.value();
}

// Calls body with at(c) for every sample and place.
template <class Body>
void for_each_place(const Shape &shape, Body &&body) {
    const int64_t places = shape.elements_after(1);
    for (int64_t n = 0; n < shape[0]; ++n)
        for (int64_t p = 0; p < places; ++p)
            body([=](int64_t c) { return (n * shape[1] + c) * places + p; });
}

template <class Real>
void softmax(const Op &op, const Operands<Real> &t) {
    const Shape shape = t.shape(op.inputs[0]);
    std::vector<double> y;
    for_each_place(shape, [&](auto at) {
        softmax_of(shape[1], t.real(op.inputs[0]), at, y);
        for (int64_t c = 0; c < shape[1]; ++c)
            t.real(op.outputs[0])[at(c)] = static_cast<Real>(y[static_cast<size_t>(c)]);
    });
}

template <class Real>
void softmax_backward(const Op &op, const Operands<Real> &t) {
    const Real *dy = t.real(op.inputs[0]);
    const Real *y = t.real(op.inputs[1]);
    const Shape shape = t.shape(op.inputs[1]);
    for_each_place(shape, [&](auto at) {
        Sum sum;
        for (int64_t c = 0; c < shape[1]; ++c) sum.add(double{dy[at(c)]} * double{y[at(c)]});
        for (int64_t c = 0; c < shape[1]; ++c)
            t.real(op.outputs[0])[at(c)] =
                static_cast<Real>(double{y[at(c)]} * (double{dy[at(c)]} - sum.value()));
    });
}

template <class Value>
int64_t first_maximum(int64_t count, Value &&value) {
    int64_t best = 0;
    for (int64_t i = 1; i < count; ++i)
        if (value(i) > value(best)) best = i;
    return best;
}

// loss[n, p] = weight[n] sum over c of t[c, p] (log(sum over k of exp x[k, p]) - x[c, p])
template <class Real>
void softmax_cross_entropy(const Op &op, const Operands<Real> &t, const double *scalars) {
    const auto &attributes = std::get<CrossEntropyAttributes>(op.attributes);
    const TensorId logits = op.inputs[0], target = op.inputs[1], weights = op.inputs[2];
    const TensorId loss = op.outputs[0], correct = op.outputs[1], gradient = op.outputs[2];
    const bool labels = t.tensor(target).type == Type::i32;
    const int64_t classes = t.shape(logits)[1], places = t.shape(logits).elements_after(1);
    const double factor = attributes.factor * scalars[attributes.slot];

    std::vector<double> y;
    for (int64_t place = 0; place < t.n() * places; ++place) {
        const int64_t n = place / places, first = n * classes * places + place % places;
        const auto at = [&](int64_t c) { return first + c * places; };
        const Real *x = t.real(logits);
        const auto target_of = [&](int64_t c) {
            if (labels) return t.integer(target)[place] == c ? 1.0 : 0.0;
            return double{t.real(target)[at(c)]};
        };
        softmax_of(classes, x, at, y);
        const int64_t guess = first_maximum(classes, [&](int64_t c) { return x[at(c)]; });
        const double largest = x[at(guess)];
        Sum exponentials, terms, total;
        for (int64_t c = 0; c < classes; ++c)
            exponentials.add(std::exp(double{x[at(c)]} - largest));
        for (int64_t c = 0; c < classes; ++c) {
            const double weight = target_of(c);
            total.add(weight);
            // Where the target is zero, an infinite logarithm counts nothing.
            if (weight == 0) continue;
            terms.add(weight * (std::log(exponentials.value()) - (double{x[at(c)]} - largest)));
        }
        const double weight = weights == kNoTensor ? 1 : double{t.real(weights)[n]};
        t.real(loss)[place] = static_cast<Real>(weight * terms.value());
        t.real(correct)[place] = guess == first_maximum(classes, target_of) ? Real{1} : Real{0};
        if (gradient == kNoTensor) continue;
        for (int64_t c = 0; c < classes; ++c)
            t.real(gradient)[at(c)] = static_cast<Real>(
                (y[static_cast<size_t>(c)] * total.value() - target_of(c)) * weight * factor);
    }
}

// --- Moving elements.

template <class Real>
void dropout(const Op &op, const Operands<Real> &t, uint64_t step) {
    const auto &a = std::get<DropoutAttributes>(op.attributes);
    const Real scale = static_cast<Real>(1 / (1 - a.rate));
    const int64_t elements = t.shape(op.outputs[0]).elements();
    for (int64_t i = 0; i < elements; ++i) {
        const bool keep = dropout_keeps(a, step, static_cast<uint64_t>(i));
        t.real(op.outputs[0])[i] = keep ? t.real(op.inputs[0])[i] * scale : Real{0};
    }
}

template <class Real>
void concat(const Op &op, const Operands<Real> &t) {
    const Shape to = t.shape(op.outputs[0]);
    const int64_t inner = to.elements_after(1);
    int64_t first = 0;
    for (TensorId input : op.inputs) {
        const Shape from = t.shape(input);
        for (int64_t n = 0; n < from[0]; ++n)
            for (int64_t c = 0; c < from[1]; ++c)
                for (int64_t i = 0; i < inner; ++i)
                    t.real(op.outputs[0])[(n * to[1] + first + c) * inner + i] =
                        t.real(input)[(n * from[1] + c) * inner + i];
        first += from[1];
    }
}

template <class Real>
void slice(const Op &op, const Operands<Real> &t) {
    const Shape from = t.shape(op.inputs[0]);
    const Shape to = t.shape(op.outputs[0]);
    const int64_t first = std::get<SliceAttributes>(op.attributes).offset;
    const int64_t inner = to.elements_after(1);
    for (int64_t n = 0; n < to[0]; ++n)
        for (int64_t c = 0; c < to[1]; ++c)
            for (int64_t i = 0; i < inner; ++i)
                t.real(op.outputs[0])[(n * to[1] + c) * inner + i] =
                    t.real(op.inputs[0])[(n * from[1] + first + c) * inner + i];
}

template <class Real>
void copy(const Op &op, const Operands<Real> &t) {
    const Tensor &tensor = t.tensor(op.outputs[0]);
    const int64_t bytes =
        t.shape(op.outputs[0]).elements() * size_of(tensor.type, int64_t{sizeof(Real)});
    if (bytes > 0 && t.data(op.outputs[0]) != t.data(op.inputs[0]))
        std::memcpy(t.data(op.outputs[0]), t.data(op.inputs[0]), static_cast<size_t>(bytes));
}

// The host's code computes in float.
template <class Real>
void host(const Op &op, const Operands<Real> &t, int64_t n) {
    std::vector<std::vector<float>> values;
    std::vector<const float *> inputs;
    std::vector<float *> outputs;
    values.reserve(op.inputs.size() + op.outputs.size());
    for (TensorId id : op.inputs) {
        const Real *from = t.real(id);
        const int64_t elements = t.shape(id).elements();
        auto &copy = values.emplace_back(static_cast<size_t>(elements));
        std::transform(from, from + elements, copy.begin(),
                       [](Real v) { return static_cast<float>(v); });
        inputs.push_back(copy.data());
    }
    for (TensorId id : op.outputs) {
        outputs.push_back(nullptr);
        if (id == kNoTensor) continue;
        outputs.back() =
            values.emplace_back(static_cast<size_t>(t.shape(id).elements()), 0.0f).data();
    }
    const HostFunction &function = *std::get<HostAttributes>(op.attributes).function;
    if (const int32_t code = function.call(n, inputs, outputs))
        fail_at(op.node, Status::cancelled, text(function.name(), " returned ", code));
    for (size_t i = 0; i < outputs.size(); ++i)
        if (outputs[i])
            std::copy_n(outputs[i], t.shape(op.outputs[i]).elements(), t.real(op.outputs[i]));
}

}  // namespace

Shape shape_for(const Tensor &tensor, int64_t n) {
    Shape shape = tensor.shape;
    if (tensor.batched) shape[0] = n;
    return shape;
}

Sampled convolution_element(const Op &op, std::span<const Tensor> tensors,
                            std::span<void *const> data, int64_t n, int64_t element) {
    const Operands<double> t(tensors, data, n);
    const Convolution g = convolution_of(op, t);
    const double *a = t.real(op.inputs[0]), *b = t.real(op.inputs[1]);
    Sampled sampled;
    Sum sum;
    const auto term = [&](double x, double y) {
        sum.add(x * y);
        sampled.magnitude += std::abs(x * y);
        ++sampled.terms;
    };
    if (op.kind == OpKind::convolution) {
        const Position at = take_position(g.out, element);
        forward_terms(g, a, b, element / g.out_channels, element % g.out_channels, at, term);
    } else if (op.kind == OpKind::convolution_backward_data) {
        const Position at = take_position(g.in, element);
        data_terms(g, a, b, element / g.in_channels, element % g.in_channels, at, term);
    } else {
        const Position at = take_position(g.kernel, element);
        weights_terms(g, a, b, element / g.group_in, element % g.group_in, at, term);
    }
    sampled.value = sum.value();
    return sampled;
}

TensorId full_operand(const Op &op, std::span<const Tensor> tensors) {
    if (op.kind == OpKind::pointwise) return op.outputs[0];
    const auto elements = [&](TensorId id) {
        return tensors[static_cast<size_t>(id)].shape.elements();
    };
    return *std::max_element(op.inputs.begin(), op.inputs.end(),
                             [&](TensorId a, TensorId b) { return elements(a) < elements(b); });
}

template <class Real>
void run(const Op &op, std::span<const Tensor> tensors, std::span<void *const> data,
         const Values &values) {
    const Operands<Real> t(tensors, data, values.n);
    switch (op.kind) {
        case OpKind::convolution:
            return convolution(op, t);
        case OpKind::convolution_backward_data:
            return convolution_backward_data(op, t);
        case OpKind::convolution_backward_weights:
            return convolution_backward_weights(op, t);
        case OpKind::max_pool:
            return max_pool(op, t);
        case OpKind::max_pool_backward:
            return max_pool_backward(op, t);
        case OpKind::max_pool_tangent:
            return max_pool_tangent(op, t);
        case OpKind::average_pool:
            return average_pool(op, t);
        case OpKind::average_pool_backward:
            return average_pool_backward(op, t);
        case OpKind::pointwise:
            return pointwise(op, full_operand(op, tensors), t, values.scalars);
        case OpKind::channel_sum:
            return channel_sum(op, full_operand(op, tensors), t, values.scalars);
        case OpKind::sum:
            return sum(op, full_operand(op, tensors), t, values.scalars);
        case OpKind::softmax:
            return softmax(op, t);
        case OpKind::softmax_backward:
            return softmax_backward(op, t);
        case OpKind::softmax_cross_entropy:
            return softmax_cross_entropy(op, t, values.scalars);
        case OpKind::dropout:
            return dropout(op, t, values.step);
        case OpKind::concat:
            return concat(op, t);
        case OpKind::slice:
            return slice(op, t);
        case OpKind::gather:
            return gather(op, t);
        case OpKind::distance:
            return distance(op, t);
        case OpKind::distance_tangent:
            return distance_tangent(op, t);
        case OpKind::distance_backward_data:
            return distance_backward_data(op, t);
        case OpKind::distance_backward_weights:
            return distance_backward_weights(op, t);
        case OpKind::reshape:
        case OpKind::reorder:
            return copy(op, t);
        case OpKind::host:
            return host(op, t, values.n);
        case OpKind::feed:
            break;
    }
    fail(Status::internal, "reference: a feed needs the host's memory");
}

template void run<float>(const Op &, std::span<const Tensor>, std::span<void *const>,
                         const Values &);
template void run<double>(const Op &, std::span<const Tensor>, std::span<void *const>,
                          const Values &);

namespace {

// G of Winograd's F(2x2, 3x3) by the points 0, 1, -1 and infinity, and of F(4x4, 3x3) by 0, a, -a,
// b, -b and infinity with a = 5/8 and b = 3/2.
constexpr double kWinograd2[][3] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};
constexpr double kA = 0.625, kA2 = kA * kA, kB = 1.5, kB2 = kB * kB;
constexpr double kP = 1 / (2 * kA2 * (kA2 - kB2)), kQ = 1 / (2 * kB2 * (kB2 - kA2));
constexpr double kWinograd4[][3] = {{1 / (kA2 * kB2), 0, 0}, {kP, kP *kA, kP *kA2},
                                    {kP, -kP *kA, kP *kA2},  {kQ, kQ *kB, kQ *kB2},
                                    {kQ, -kQ *kB, kQ *kB2},  {0, 0, 1}};

// U = G g G^T of filters [O, I, 3, 3], at every place of a layout of Layout::winograd().
template <class Real>
void transform_filters(const Shape &shape, const Real *filters, const Layout &layout, Real *to) {
    const int side = layout.tile + 2;
    const auto *const g_rows = layout.tile == 2 ? kWinograd2 : kWinograd4;
    const bool turned = layout.filters == FilterForm::winograd_turned;
    const int64_t lanes = shape[turned ? 1 : 0], rows = shape[turned ? 0 : 1];
    const int64_t width = layout.block_of(turned ? 1 : 0);
    const int64_t blocks = (lanes + width - 1) / width;
    for (int64_t i = 0; i < layout.points() * blocks * rows * width; ++i) {
        const int64_t lane = i / (width * rows) % blocks * width + i % width;
        const int64_t row = i / width % rows, point = i / (width * rows * blocks);
        const Real *const g =
            filters + 9 * (turned ? row * shape[1] + lane : lane * shape[1] + row);
        double sum = 0;
        for (int tap = 0; lane < lanes && tap < 9; ++tap)
            sum += g_rows[point / side][tap / 3] * g_rows[point % side][tap % 3] *
                   static_cast<double>(g[turned ? 8 - tap : tap]);
        to[i] = static_cast<Real>(sum);
    }
}

}  // namespace

void reorder(const Shape &shape, int64_t element_bytes, const Layout &from_layout, const void *from,
             const Layout &to_layout, void *to) {
    if (to_layout.filters != FilterForm::taps) {
        if (element_bytes == 8)
            transform_filters(shape, static_cast<const double *>(from), to_layout,
                              static_cast<double *>(to));
        else
            transform_filters(shape, static_cast<const float *>(from), to_layout,
                              static_cast<float *>(to));
        return;
    }
    const auto bytes = static_cast<size_t>(element_bytes);
    const auto *source = static_cast<const std::byte *>(from);
    auto *target = static_cast<std::byte *>(to);
    std::memset(target, 0, static_cast<size_t>(to_layout.elements(shape)) * bytes);
    std::array<int64_t, kMaxRank> at{};
    const std::span<const int64_t> logical(at.data(), static_cast<size_t>(shape.rank));
    for (int64_t i = 0; i < shape.elements(); ++i) {
        int64_t rest = i;
        for (int axis = shape.rank - 1; axis >= 0; --axis) {
            at[static_cast<size_t>(axis)] = rest % shape[axis];
            rest /= shape[axis];
        }
        std::memcpy(target + static_cast<size_t>(to_layout.index(shape, logical)) * bytes,
                    source + static_cast<size_t>(from_layout.index(shape, logical)) * bytes, bytes);
    }
}

}  // namespace cnn::reference

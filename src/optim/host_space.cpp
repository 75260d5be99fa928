// Vectors of doubles on the host: plain loops that the compiler vectorises.
#include "optim/host_space.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace cnn {

namespace {

// Elements an expression is evaluated for at once: a block of each value stays in the first cache.
constexpr size_t kBlock = 128;

using Block = std::array<double, kBlock>;

template <class Function>
void each(Block &out, size_t count, const Function &function) {
    for (size_t i = 0; i < count; ++i) out[i] = function(i);
}

double sigmoid(double x) {
    const double e = std::exp(-std::abs(x));
    return x < 0 ? e / (1 + e) : 1 / (1 + e);
}

// One instruction that isn't an operand, on a block of values.
void evaluate(const Instruction &in, std::span<const double> scalars, std::vector<Block> &values,
              Block &out, size_t n) {
    // Where an instruction takes no values its numbers mean something else.
    const bool takes = in.fn != Fn::scalar && in.fn != Fn::constant;
    const Block &a = values[takes ? static_cast<size_t>(in.a) : 0];
    const Block &b = values[takes ? static_cast<size_t>(in.b) : 0];
    const Block &c = values[takes ? static_cast<size_t>(in.c) : 0];
    switch (in.fn) {
        case Fn::operand:
            return;
        case Fn::scalar:
            return each(out, n, [&](size_t) { return scalars[static_cast<size_t>(in.a)]; });
        case Fn::constant:
            return each(out, n, [&](size_t) { return in.value; });
        case Fn::add:
            return each(out, n, [&](size_t i) { return a[i] + b[i]; });
        case Fn::sub:
            return each(out, n, [&](size_t i) { return a[i] - b[i]; });
        case Fn::mul:
            return each(out, n, [&](size_t i) { return a[i] * b[i]; });
        case Fn::div:
            return each(out, n, [&](size_t i) { return a[i] / b[i]; });
        case Fn::min:
            return each(out, n,
                        [&](size_t i) { return std::isnan(a[i]) || a[i] < b[i] ? a[i] : b[i]; });
        case Fn::max:
            return each(out, n,
                        [&](size_t i) { return std::isnan(a[i]) || a[i] > b[i] ? a[i] : b[i]; });
        case Fn::negate:
            return each(out, n, [&](size_t i) { return -a[i]; });
        case Fn::abs:
            return each(out, n, [&](size_t i) { return std::abs(a[i]); });
        case Fn::sqrt:
            return each(out, n, [&](size_t i) { return std::sqrt(a[i]); });
        case Fn::exp:
            return each(out, n, [&](size_t i) { return std::exp(a[i]); });
        case Fn::log:
            return each(out, n, [&](size_t i) { return std::log(a[i]); });
        case Fn::log1p:
            return each(out, n, [&](size_t i) { return std::log1p(a[i]); });
        case Fn::tanh:
            return each(out, n, [&](size_t i) { return std::tanh(a[i]); });
        case Fn::sigmoid:
            return each(out, n, [&](size_t i) { return sigmoid(a[i]); });
        case Fn::erf:
            return each(out, n, [&](size_t i) { return std::erf(a[i]); });
        case Fn::less:
            return each(out, n, [&](size_t i) { return a[i] < b[i] ? 1.0 : 0.0; });
        case Fn::select:
            return each(out, n, [&](size_t i) { return a[i] != 0 ? b[i] : c[i]; });
        case Fn::finite:
            return each(out, n, [&](size_t i) { return std::isfinite(a[i]) ? 1.0 : 0.0; });
    }
}

// Sums in lanes, so that it vectorises without reordering one running sum.
constexpr size_t kLanes = 8;

}  // namespace

double HostVectorSpace::epsilon() const {
    return std::numeric_limits<double>::epsilon();
}

std::unique_ptr<Vector> HostVectorSpace::create() {
    return std::make_unique<HostVector>(size_);
}

void HostVectorSpace::copy(Vector &y, const Vector &x) {
    if (&y == &x) return;
    const auto from = elements(x);
    std::copy(from.begin(), from.end(), elements(y).begin());
}

void HostVectorSpace::scale(Vector &y, double a) {
    for (double &v : elements(y)) v *= a;
}

void HostVectorSpace::add(Vector &y, double a, const Vector &x) {
    const auto to = elements(y);
    const auto from = elements(x);
    for (size_t i = 0; i < to.size(); ++i) to[i] += a * from[i];
}

void HostVectorSpace::combine(Vector &y, double a, const Vector &x, double b, const Vector &z) {
    const auto to = elements(y);
    const auto first = elements(x);
    const auto second = elements(z);
    for (size_t i = 0; i < to.size(); ++i) to[i] = a * first[i] + b * second[i];
}

double HostVectorSpace::dot(const Vector &x, const Vector &y) {
    const auto a = elements(x);
    const auto b = elements(y);
    std::array<double, kLanes> sums{};
    size_t i = 0;
    for (; i + kLanes <= a.size(); i += kLanes)
        for (size_t lane = 0; lane < kLanes; ++lane) sums[lane] += a[i + lane] * b[i + lane];
    for (size_t lane = 0; i < a.size(); ++i, ++lane) sums[lane] += a[i] * b[i];
    double sum = 0;
    for (double part : sums) sum += part;
    return sum;
}

double HostVectorSpace::max_abs(const Vector &x) {
    double most = 0;
    for (double v : elements(x)) {
        if (std::isnan(v)) return v;
        most = std::max(most, std::abs(v));
    }
    return most;
}

void HostVectorSpace::apply(const Expression &expression, std::span<const Vector *const> operands,
                            std::span<const double> scalars, std::span<Vector *const> results) {
    const auto size = static_cast<size_t>(size_);
    std::vector<Block> values(expression.code.size());
    for (size_t begin = 0; begin < size; begin += kBlock) {
        const size_t count = std::min(kBlock, size - begin);
        for (size_t i = 0; i < values.size(); ++i) {
            const Instruction &in = expression.code[i];
            if (in.fn == Fn::operand) {
                const double *from = elements(*operands[static_cast<size_t>(in.a)]).data() + begin;
                std::copy(from, from + count, values[i].begin());
            } else {
                evaluate(in, scalars, values, values[i], count);
            }
        }
        for (size_t i = 0; i < results.size(); ++i) {
            const Block &from = values[static_cast<size_t>(expression.results[i])];
            std::copy_n(from.begin(), count,
                        elements(*results[i]).begin() + static_cast<std::ptrdiff_t>(begin));
        }
    }
}

void HostVectorSpace::read(const Vector &x, std::span<double> values) {
    const auto from = elements(x);
    std::copy(from.begin(), from.end(), values.begin());
}

void HostVectorSpace::write(Vector &x, std::span<const double> values) {
    std::copy(values.begin(), values.end(), elements(x).begin());
}

}  // namespace cnn

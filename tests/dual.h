// Numbers that carry their derivatives by up to twelve parameters, for test problems whose
// derivatives are to be exact.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>

namespace dual {

constexpr size_t kMost = 12;

// A number and its derivatives by the parameters.
struct Dual {
    double v = 0;
    std::array<double, kMost> d{};

    Dual(double value = 0) : v(value) {}  // NOLINT: numbers mix freely in formulas
};

// f(a) with derivative slope.
inline Dual chain(const Dual &a, double value, double slope) {
    Dual out(value);
    for (size_t i = 0; i < kMost; ++i) out.d[i] = slope * a.d[i];
    return out;
}

inline Dual operator+(const Dual &a, const Dual &b) {
    Dual out(a.v + b.v);
    for (size_t i = 0; i < kMost; ++i) out.d[i] = a.d[i] + b.d[i];
    return out;
}
inline Dual operator-(const Dual &a) {
    return chain(a, -a.v, -1);
}
inline Dual operator-(const Dual &a, const Dual &b) {
    return a + -b;
}
inline Dual operator*(const Dual &a, const Dual &b) {
    Dual out(a.v * b.v);
    for (size_t i = 0; i < kMost; ++i) out.d[i] = a.d[i] * b.v + a.v * b.d[i];
    return out;
}
inline Dual operator/(const Dual &a, const Dual &b) {
    return a * chain(b, 1 / b.v, -1 / (b.v * b.v));
}
inline Dual exp(const Dual &a) {
    return chain(a, std::exp(a.v), std::exp(a.v));
}
inline Dual log(const Dual &a) {
    return chain(a, std::log(a.v), 1 / a.v);
}
inline Dual pow(const Dual &a, const Dual &b) {
    return exp(b * log(a));
}
inline Dual sin(const Dual &a) {
    return chain(a, std::sin(a.v), std::cos(a.v));
}
inline Dual cos(const Dual &a) {
    return chain(a, std::cos(a.v), -std::sin(a.v));
}
inline Dual atan(const Dual &a) {
    return chain(a, std::atan(a.v), 1 / (1 + a.v * a.v));
}
inline Dual square(const Dual &a) {
    return a * a;
}
inline Dual sqrt(const Dual &a) {
    return chain(a, std::sqrt(a.v), 0.5 / std::sqrt(a.v));
}
inline Dual abs(const Dual &a) {
    return a.v < 0 ? -a : a;
}

}  // namespace dual

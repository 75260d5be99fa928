// What a group of operations gives in exact arithmetic, and how far rounding may take a device from
// it.
#pragma once

#include <cstdint>
#include <vector>

#include "cases.h"

namespace cnn::conformance {

// A device's arithmetic.
struct Precision {
    double epsilon = 0;   // spacing of reals at 1
    double largest = 0;   // beyond it lies infinity
    double smallest = 0;  // below it zero may be
};

Precision precision_of(int64_t real_bytes);

// A tensor's values in float64, row-major, and a bound on each one's error. Pairs of type wide are
// joined into one value.
struct Bounded {
    std::vector<double> value, error;
};

// The values of all of a group's tensors for n samples. `data` is of the operands that are read, as
// data_of gives it; that of the others is empty.
std::vector<Bounded> evaluate(const Case &c, const std::vector<std::vector<double>> &data,
                              int64_t n, const Precision &precision);

// Whether `got` may stand for `want`.
bool acceptable(double got, double want, double error, const Precision &precision);

}  // namespace cnn::conformance

// The 35 test functions of More, Garbow and Hillstrom (ACM Transactions on Mathematical Software 7,
// 1981), each the sum of the squares of its residuals.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "dual.h"

namespace mgh {

using dual::Dual;
using Point = std::vector<Dual>;

struct Function {
    int number;
    std::string name;
    std::vector<double> start;
    // Published values of minima, each the least in some region.
    std::vector<double> minima;
    std::function<void(const Point &x, Point &r)> residuals;
};

const std::vector<Function> &functions();

// The sum of squares and, where gradient isn't null, its derivatives.
double evaluate(const Function &function, const double *x, double *gradient);

}  // namespace mgh

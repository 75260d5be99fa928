// What optimizers that see a whole problem at once minimise: a function of a flat vector with its
// gradient and, where it has them, residuals and Gauss-Newton products. A net with its data is one,
// a host's callback another. The vectors are doubles on the host or reals on a device: the
// optimizers are written once, on VectorSpace.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/error.h"
#include "ops/expression.h"

namespace cnn {

// A flat vector in its space's memory and precision.
class Vector {
  public:
    virtual ~Vector() = default;
};

// Linear algebra on the vectors it creates. Sums accumulate in double. An output may be one of the
// inputs.
class VectorSpace {
  public:
    virtual ~VectorSpace() = default;
    virtual int64_t size() const = 0;
    // Distance from 1 to the next element value: 2.2e-16 or 1.2e-7.
    virtual double epsilon() const = 0;
    virtual std::unique_ptr<Vector> create() = 0;  // zeros

    virtual void copy(Vector &y, const Vector &x) = 0;
    virtual void scale(Vector &y, double a) = 0;
    virtual void add(Vector &y, double a, const Vector &x) = 0;  // y += a x
    virtual void combine(Vector &y, double a, const Vector &x, double b,
                         const Vector &z) = 0;  // y = a x + b z
    virtual double dot(const Vector &x, const Vector &y) = 0;
    virtual double max_abs(const Vector &x) = 0;  // NaN if an element is
    // The expression for every element: results[i] becomes result i, operands as they are before.
    virtual void apply(const Expression &expression, std::span<const Vector *const> operands,
                       std::span<const double> scalars, std::span<Vector *const> results) = 0;

    virtual void read(const Vector &x, std::span<double> values) = 0;
    virtual void write(Vector &x, std::span<const double> values) = 0;
};

// A block of rows of the residuals r and their Jacobian J, which is column-major: entry (row, p) is
// at jacobian[p * rows + row]; empty where it wasn't asked for. Parameters are the free ones only.
struct ResidualBlock {
    int64_t rows = 0;
    // Rows come in runs of as many, a sample's outputs each; 1: every row stands alone.
    int64_t group = 1;
    std::span<const double> residuals;
    std::span<const double> jacobian;
};

// What an objective hasn't, for a refusal's message; an empty reason: it has it.
struct Lack {
    std::string why;
    Status status = Status::unsupported;
    int32_t node = -1;  // to blame; -1: none
};

// Every evaluation may throw Error (cancelled, a host's failure). What isn't finite is returned,
// not thrown.
class Objective {
  public:
    virtual ~Objective() = default;
    virtual VectorSpace &space() = 0;

    virtual double value(const Vector &x) = 0;
    virtual double value_and_gradient(const Vector &x, Vector &gradient) = 0;

    // Elements of x that may move, in increasing order; empty: all of them. Gradients and products
    // are zero elsewhere.
    virtual std::span<const int64_t> free() const { return {}; }

    // Whether the value has the optimizer's penalties (L2, L1) in it, so that first-order rules add
    // none of their own.
    virtual bool penalized() const { return false; }
    // What first-order rules treat apart; null where there is nothing to.
    struct RuleFactors {
        const Vector *rate = nullptr;    // of the learning rate, each element's; 0: it stays
        const Vector *decay = nullptr;   // of weight decay
        const Vector *center = nullptr;  // where decay pulls to; else to zero
    };
    virtual RuleFactors rule_factors() { return {}; }

    // Least squares: value = 1/2 |r|^2 (regularisers being residuals too). 0: it isn't one.
    virtual int64_t residuals() const { return 0; }
    virtual Lack lacks_residuals() const {
        return {residuals() > 0 ? "" : "the problem is a value alone"};
    }
    // Gives all rows, a block at a time, and returns 1/2 |r|^2.
    virtual double residual_blocks(const Vector &x, bool jacobian,
                                   const std::function<void(const ResidualBlock &)> &take);

    // Gauss-Newton products: J^T H J v with J the Jacobian of what the loss is put on and H the
    // loss's Hessian there, plus the regulariser's Hessian.
    virtual Lack lacks_products() const { return lacks_residuals(); }
    // On a part of the data where fraction < 1, the same part for equal `part`.
    virtual void product(const Vector &x, const Vector &v, double fraction, uint64_t part,
                         Vector &out);
};

}  // namespace cnn

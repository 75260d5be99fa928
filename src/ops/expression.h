// Scalar expressions: what a pointwise operation or a reduction computes for each element, as a
// small program that every backend evaluates: vector code on the CPU, generated source on OpenCL,
// plain recursion in the reference. A new activation or optimizer is an expression, not a kernel.
#pragma once

#include <cstdint>
#include <vector>

namespace cnn {

// NaN passes through every function but `less` and `select`'s condition, `finite` excepted.
enum class Fn : uint8_t {
    operand,   // element of operand a (see Access)
    scalar,    // run-time value in slot a (see slots below)
    constant,  // value
    add,       // a + b
    sub,
    mul,
    div,
    min,  // NaN if either is
    max,  // NaN if either is
    negate,
    abs,
    sqrt,
    exp,
    log,
    log1p,
    tanh,
    sigmoid,  // 1 / (1 + exp(-a)), without overflow
    erf,      // 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to a
    less,     // a < b ? 1 : 0
    select,   // a != 0 ? b : c (only the chosen one matters: the other may be NaN)
    finite,   // 1 when a is finite, else 0
};

struct Instruction {
    Fn fn = Fn::constant;
    // Earlier instructions (those a function doesn't take repeat the last it takes), or, in a, the
    // index of an operand or slot.
    int32_t a = 0, b = 0, c = 0;
    double value = 0;

    bool operator==(const Instruction &) const = default;
};

// Straight-line code in single-assignment form: instruction i defines value i.
struct Expression {
    std::vector<Instruction> code;
    std::vector<int32_t> results;  // the values it gives, in order of the operation's outputs

    bool operator==(const Expression &) const = default;
};

// Run-time values that a plan's launches carry (Launch::scalars), by slot.
enum Slot : int32_t {
    kSlotInverseCount = 0,  // 1 / n of a step, or of all samples of an evaluation
    kSlotInverseBatch = 1,  // 1 / n of this launch
    kSlotUpdate = 2,        // the optimizer's own from here: rate, corrections, ...
    kSlotCount = 16,
};

// Builds expressions so that they read like formulas:
//   ExpressionBuilder e; auto x = e.operand(0); e.result(e.max(x, e.constant(0)));
// Equal instructions are merged.
class ExpressionBuilder {
  public:
    struct Value {
        int32_t id;
    };

    Value operand(int index) { return add({Fn::operand, index, 0, 0, 0}); }
    Value scalar(int slot) { return add({Fn::scalar, slot, 0, 0, 0}); }
    Value constant(double value) { return add({Fn::constant, 0, 0, 0, value}); }
    Value call(Fn fn, Value a) { return add({fn, a.id, a.id, a.id, 0}); }
    Value call(Fn fn, Value a, Value b) { return add({fn, a.id, b.id, b.id, 0}); }
    Value select(Value condition, Value yes, Value no) {
        return add({Fn::select, condition.id, yes.id, no.id, 0});
    }
    void result(Value value) { expression_.results.push_back(value.id); }
    // Leaves out what no result depends on.
    Expression take();

    Value plus(Value a, Value b) { return call(Fn::add, a, b); }
    Value minus(Value a, Value b) { return call(Fn::sub, a, b); }
    Value times(Value a, Value b) { return call(Fn::mul, a, b); }
    Value over(Value a, Value b) { return call(Fn::div, a, b); }

  private:
    Value add(const Instruction &instruction);

    Expression expression_;
};

// Appends `tail` to `head` where tail's operand `operand` is head's result `result`: the expression
// of two pointwise operations run as one. tail's other operands keep order and are numbered from
// `first`; head's operands keep their numbers. The results are tail's.
Expression compose(const Expression &head, int result, const Expression &tail, int operand,
                   int first);

}  // namespace cnn

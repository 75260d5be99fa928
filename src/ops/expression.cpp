// Building and joining expressions.
#include "ops/expression.h"

#include <algorithm>

namespace cnn {

namespace {

bool uses_values(Fn fn) {
    return fn != Fn::operand && fn != Fn::scalar && fn != Fn::constant;
}

}  // namespace

ExpressionBuilder::Value ExpressionBuilder::add(const Instruction &instruction) {
    auto &code = expression_.code;
    const auto same = std::find(code.begin(), code.end(), instruction);
    if (same != code.end()) return {static_cast<int32_t>(same - code.begin())};
    code.push_back(instruction);
    return {static_cast<int32_t>(code.size()) - 1};
}

Expression ExpressionBuilder::take() {
    std::vector<bool> used(expression_.code.size(), false);
    for (int32_t id : expression_.results) used[static_cast<size_t>(id)] = true;
    std::vector<int32_t> place(used.size(), 0);
    for (size_t i = used.size(); i-- > 0;) {
        const Instruction &instruction = expression_.code[i];
        if (!used[i] || !uses_values(instruction.fn)) continue;
        for (int32_t id : {instruction.a, instruction.b, instruction.c})
            used[static_cast<size_t>(id)] = true;
    }
    Expression taken;
    for (size_t i = 0; i < used.size(); ++i) {
        if (!used[i]) continue;
        Instruction instruction = expression_.code[i];
        if (uses_values(instruction.fn))
            for (int32_t *id : {&instruction.a, &instruction.b, &instruction.c})
                *id = place[static_cast<size_t>(*id)];
        place[i] = static_cast<int32_t>(taken.code.size());
        taken.code.push_back(instruction);
    }
    for (int32_t id : expression_.results) taken.results.push_back(place[static_cast<size_t>(id)]);
    expression_ = {};
    return taken;
}

Expression compose(const Expression &head, int result, const Expression &tail, int operand,
                   int first) {
    Expression joined{head.code, {}};
    const int32_t value = head.results[static_cast<size_t>(result)];
    // Where each of tail's values is found in the joined code.
    std::vector<int32_t> place(tail.code.size());
    for (size_t i = 0; i < tail.code.size(); ++i) {
        Instruction instruction = tail.code[i];
        if (instruction.fn == Fn::operand && instruction.a == operand) {
            place[i] = value;
            continue;
        }
        if (instruction.fn == Fn::operand) {
            instruction.a = first + (instruction.a > operand ? instruction.a - 1 : instruction.a);
        } else if (uses_values(instruction.fn)) {
            instruction.a = place[static_cast<size_t>(instruction.a)];
            instruction.b = place[static_cast<size_t>(instruction.b)];
            instruction.c = place[static_cast<size_t>(instruction.c)];
        }
        place[i] = static_cast<int32_t>(joined.code.size());
        joined.code.push_back(instruction);
    }
    for (int32_t id : tail.results) joined.results.push_back(place[static_cast<size_t>(id)]);
    return joined;
}

}  // namespace cnn

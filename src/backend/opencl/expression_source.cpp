// OpenCL C for expressions.
#include "backend/opencl/expression_source.h"

#include <algorithm>
#include <bit>

#include "base/error.h"
#include "base/text.h"

namespace cnn::opencl {
namespace {

void add_once(std::vector<int32_t> &list, int32_t value) {
    const auto at = std::lower_bound(list.begin(), list.end(), value);
    if (at == list.end() || *at != value) list.insert(at, value);
}

bool uses_values(Fn fn) {
    return fn != Fn::operand && fn != Fn::scalar && fn != Fn::constant;
}

const Tensor &tensor_of(const FusedOp &group, TensorId id) {
    return group.tensors[static_cast<size_t>(id)];
}

// The operand that a reduction runs over, or the first output.
TensorId full_of(const FusedOp &group) {
    const Op &op = group.head();
    if (op.kind == OpKind::pointwise) return op.outputs[0];
    return *std::max_element(op.inputs.begin(), op.inputs.end(), [&](TensorId a, TensorId b) {
        return tensor_of(group, a).shape.elements() < tensor_of(group, b).shape.elements();
    });
}

// Joins operations, one after the other, into a GroupExpression.
class Joiner {
  public:
    explicit Joiner(const FusedOp &group) : group_(group), value_of_(group.tensors.size(), -1) {}

    GroupExpression join() {
        for (const Op &op : group_.ops) append(op);
        out_.full = full_of(group_);
        for (TensorId id = group_.inputs; id < group_.operands(); ++id) {
            out_.stores.push_back({id, value_of_[static_cast<size_t>(id)]});
        }
        for (const Instruction &instruction : out_.code) {
            if (instruction.fn == Fn::operand) add_once(out_.operands, instruction.a);
            if (instruction.fn == Fn::scalar) add_once(out_.slots, instruction.a);
        }
        for (const auto &store : out_.stores) add_once(out_.operands, store.operand);
        return std::move(out_);
    }

  private:
    void append(const Op &op) {
        const Expression &expression = std::get<PointwiseAttributes>(op.attributes).expression;
        std::vector<int32_t> place(expression.code.size());
        for (size_t i = 0; i < place.size(); ++i) place[i] = append(op, expression.code[i], place);
        for (size_t r = 0; r < op.outputs.size(); ++r) {
            value_of_[static_cast<size_t>(op.outputs[r])] =
                place[static_cast<size_t>(expression.results[r])];
        }
    }

    int32_t append(const Op &op, Instruction instruction, const std::vector<int32_t> &place) {
        if (instruction.fn == Fn::operand) {
            instruction.a = op.inputs[static_cast<size_t>(instruction.a)];
            const int32_t known = value_of_[static_cast<size_t>(instruction.a)];
            if (known >= 0) return known;
        } else if (uses_values(instruction.fn)) {
            instruction.a = place[static_cast<size_t>(instruction.a)];
            instruction.b = place[static_cast<size_t>(instruction.b)];
            instruction.c = place[static_cast<size_t>(instruction.c)];
        }
        const auto same = std::find(out_.code.begin(), out_.code.end(), instruction);
        if (same != out_.code.end()) return static_cast<int32_t>(same - out_.code.begin());
        out_.code.push_back(instruction);
        return static_cast<int32_t>(out_.code.size()) - 1;
    }

    const FusedOp &group_;
    std::vector<int32_t> value_of_;
    GroupExpression out_;
};

std::string hex_bits(float value) {
    const auto bits = std::bit_cast<uint32_t>(value);
    std::string out = "0x";
    for (int shift = 28; shift >= 0; shift -= 4) out += "0123456789abcdef"[(bits >> shift) & 15];
    return out + "u";
}

// The right side of a value's definition. Comparisons are true in all bits of a lane, so the same
// text serves floats and vectors.
std::string formula(const Instruction &i, const char *type) {
    const std::string a = text("v", i.a), b = text("v", i.b), c = text("v", i.c);
    const auto constant = [&](const char *value) { return text("(", type, ")(", value, ")"); };
    switch (i.fn) {
        case Fn::operand:
        case Fn::scalar:
        case Fn::constant:
            break;
        case Fn::add:
            return text(a, " + ", b);
        case Fn::sub:
            return text(a, " - ", b);
        case Fn::mul:
            return text(a, " * ", b);
        case Fn::div:
            return text(a, " / ", b);
        case Fn::min:
            return text("((", a, " < ", b, ") | (", a, " != ", a, ")) ? ", a, " : ", b);
        case Fn::max:
            return text("((", a, " > ", b, ") | (", a, " != ", a, ")) ? ", a, " : ", b);
        case Fn::negate:
            return text("-", a);
        case Fn::abs:
            return text("fabs(", a, ")");
        case Fn::sqrt:
            return text("sqrt(", a, ")");
        case Fn::exp:
            return text("exp(", a, ")");
        case Fn::log:
            return text("log(", a, ")");
        case Fn::log1p:
            return text("log1p(", a, ")");
        case Fn::tanh:
            return text("tanh(", a, ")");
        case Fn::erf:
            return text("erf(", a, ")");
        case Fn::sigmoid:
            return text("((", a, " < ", constant("0.0f"), ") ? exp(-fabs(", a,
                        ")) : ", constant("1.0f"), ") / (", constant("1.0f"), " + exp(-fabs(", a,
                        ")))");
        case Fn::less:
            return text("(", a, " < ", b, ") ? ", constant("1.0f"), " : ", constant("0.0f"));
        case Fn::select:
            return text("(", a, " != ", constant("0.0f"), ") ? ", b, " : ", c);
        case Fn::finite:
            return text("(fabs(", a, ") < ", constant("INFINITY"), ") ? ", constant("1.0f"), " : ",
                        constant("0.0f"));
    }
    fail(Status::internal, "OpenCL: unknown function in an expression");
}

}  // namespace

bool GroupExpression::reads(TensorId operand) const {
    return std::any_of(code.begin(), code.end(),
                       [&](const Instruction &i) { return i.fn == Fn::operand && i.a == operand; });
}

GroupExpression group_expression(const FusedOp &group) {
    return Joiner(group).join();
}

Access ExpressionSource::access(TensorId operand) const {
    return access_of(tensor_of(group, operand), tensor_of(group, expression.full));
}

bool ExpressionSource::indexed() const {
    return std::any_of(expression.operands.begin(), expression.operands.end(), [&](TensorId id) {
        if (!expression.reads(id)) return false;
        const Access a = access(id);
        return a == Access::channel || a == Access::sample;
    });
}

std::string ExpressionSource::parameters() const {
    std::string out;
    for (const TensorId id : expression.operands) {
        const char *type = tensor_of(group, id).type == Type::i32 ? "int" : "float";
        out += text("__global ", type, " *x", id, ", long x", id, "_offset, ");
    }
    for (const int32_t slot : expression.slots) out += text("float s", slot, ", ");
    return out;
}

std::string ExpressionSource::offsets() const {
    std::string out;
    for (const TensorId id : expression.operands) out += text("x", id, " += x", id, "_offset;\n");
    return out;
}

std::string ExpressionSource::load(TensorId operand, bool vector) const {
    const Tensor &tensor = tensor_of(group, operand);
    const bool integer = tensor.type == Type::i32;
    const char *width = vector ? "float16" : "float";
    const auto as_float = [&](const std::string &value) {
        return integer ? text("convert_", width, "(", value, ")") : value;
    };
    const auto spread = [&](const char *index) {
        const std::string value = text("x", operand, "[", index, "]");
        return text("(", width, ")(", integer ? text("(float)", value) : value, ")");
    };
    const bool blocked = walk == Walk::block;
    switch (access(operand)) {
        case Access::element:
            if (tensor.type == Type::wide) return text("x", operand, "[2 * i]");
            if (!vector) return as_float(text("x", operand, "[i]"));
            if (blocked) return as_float(text("vload16(i, x", operand, ")"));
            return as_float(text("vload16(0, x", operand, " + i)"));
        case Access::channel:
            return spread("c");
        case Access::sample:
            return blocked ? as_float(text("vload16(a, x", operand, ")")) : spread("a");
        case Access::scalar:
            return spread("0");
    }
    fail(Status::internal, "OpenCL: unknown access");
}

std::string ExpressionSource::values(const char *type) const {
    const bool vector = std::string_view(type) == "float16";
    std::string out;
    for (size_t i = 0; i < expression.code.size(); ++i) {
        const Instruction &instruction = expression.code[i];
        std::string right;
        if (instruction.fn == Fn::operand) {
            right = load(instruction.a, vector);
        } else if (instruction.fn == Fn::scalar) {
            right = text("(", type, ")(s", instruction.a, ")");
        } else if (instruction.fn == Fn::constant) {
            right = text("(", type, ")(as_float(", hex_bits(static_cast<float>(instruction.value)),
                         "))");
        } else {
            right = formula(instruction, type);
        }
        out += text("const ", type, " v", i, " = ", right, ";\n");
    }
    // Only results are masked, so each has a variable of its own.
    for (size_t r = 0; r < expression.stores.size(); ++r) {
        out += text(type, " r", r, " = v", expression.stores[r].value, ";\n");
    }
    if (walk == Walk::block) out += mask_values();
    return out;
}

std::string ExpressionSource::mask_values() const {
    std::string out = "if (i >= partial_begin) {\n";
    for (size_t r = 0; r < expression.stores.size(); ++r) {
        out += text("r", r, " = (LANE_INDEX < (int16)(partial_lanes)) ? r", r,
                    " : (float16)(0.0f);\n");
    }
    return out + "}\n";
}

std::string ExpressionSource::stores(const char *type) const {
    const bool vector = std::string_view(type) == "float16";
    std::string out;
    for (size_t r = 0; r < expression.stores.size(); ++r) {
        const TensorId id = expression.stores[r].operand;
        if (tensor_of(group, id).type == Type::wide) {
            out += text("x", id, "[2 * i] = r", r, ";\nx", id, "[2 * i + 1] = 0.0f;\n");
        } else if (!vector) {
            out += text("x", id, "[i] = r", r, ";\n");
        } else if (walk == Walk::block) {
            out += text("vstore16(r", r, ", i, x", id, ");\n");
        } else {
            out += text("vstore16(r", r, ", 0, x", id, " + i);\n");
        }
    }
    return out;
}

cl_uint set_arguments(Function &function, const GroupExpression &expression, const Launch &launch) {
    cl_uint index = 0;
    for (const TensorId id : expression.operands) {
        function.set(index, launch.operands[id]);
        index += 2;
    }
    for (const int32_t slot : expression.slots) {
        function.set(index++, static_cast<float>(launch.scalars[slot]));
    }
    return index;
}

Extent extent_of(const Tensor &tensor, int64_t n, bool blocked) {
    const Shape &shape = tensor.shape;
    Extent out;
    out.samples = shape.rank == 0 ? 1 : tensor.batched ? n : shape[0];
    if (blocked) out.samples = ceil_div(out.samples, OpenClDevice::kLanes);
    if (shape.rank > 1) out.channels = shape[1];
    if (shape.rank > 1) out.inner = shape.elements_after(1);
    return out;
}

bool fits(const FusedOp &group) {
    return std::all_of(group.tensors.begin(), group.tensors.end(), [](const Tensor &tensor) {
        return Layout::blocked(0, OpenClDevice::kLanes).elements(tensor.shape) <= kMaxElements;
    });
}

}  // namespace cnn::opencl

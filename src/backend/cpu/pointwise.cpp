// Pointwise operations, alone or in a chain, and the reductions: compiles their expressions into
// programs of steps (pointwise.h) and runs them in parts.
#include "backend/cpu/pointwise.h"

#include <cmath>
#include <map>

#include "backend/cpu/operations.h"
#include "backend/cpu/view.h"

namespace cnn::cpu {

namespace {

constexpr int kLanes = 16;  // of the widest vectors: scratch offsets are multiples of it
constexpr int kMinChunk = 64, kMaxChunk = 512;

const PointwiseAttributes &attributes_of(const Op &op) {
    return std::get<PointwiseAttributes>(op.attributes);
}

// The operand whose shape the expression runs over.
TensorId full_of(const FusedOp &group) {
    const Op &head = group.head();
    // A chain's last output is one of the group's, earlier ones may live only inside.
    if (head.kind == OpKind::pointwise) return group.ops.back().outputs[0];
    TensorId best = head.inputs[0];
    for (TensorId id : head.inputs) {
        const auto elements = [&](TensorId t) {
            return group.tensors[static_cast<size_t>(t)].shape.elements();
        };
        if (elements(id) > elements(best)) best = id;
    }
    return best;
}

// Whether a tensor's first part of a wide pair, or its integers, must be read apart.
bool needs_scalar_code(const FusedOp &group) {
    const Tensor &full = group.tensors[static_cast<size_t>(full_of(group))];
    for (const Op &op : group.ops) {
        if (op.kind != OpKind::pointwise) continue;
        for (TensorId id : op.outputs)
            if (group.tensors[static_cast<size_t>(id)].type != Type::real) return true;
        for (TensorId id : op.inputs) {
            const Tensor &tensor = group.tensors[static_cast<size_t>(id)];
            if (tensor.type == Type::real) continue;
            if (tensor.type != Type::wide || access_of(tensor, full) != Access::scalar) return true;
        }
    }
    return false;
}

// --- A group's expressions as one list of values.

enum class Source : uint8_t { operand, slot, constant, step };

struct Value {
    Source source = Source::step;
    Code code = Code::copy;
    int32_t arguments[4] = {-1, -1, -1, -1};
    int32_t index = 0;  // operand or slot
    float constant = 0;
    bool uniform = false;  // the same for all elements
    int32_t uses = 0;
    int32_t last_use = -1;  // the last value that reads it
    int16_t place = -1;
};

Code code_of(Fn fn) {
    switch (fn) {
        case Fn::add:
            return Code::add;
        case Fn::sub:
            return Code::sub;
        case Fn::mul:
            return Code::mul;
        case Fn::div:
            return Code::div;
        case Fn::min:
            return Code::min;
        case Fn::max:
            return Code::max;
        case Fn::negate:
            return Code::negate;
        case Fn::abs:
            return Code::abs;
        case Fn::sqrt:
            return Code::sqrt;
        case Fn::exp:
            return Code::exp;
        case Fn::log:
            return Code::log;
        case Fn::log1p:
            return Code::log1p;
        case Fn::tanh:
            return Code::tanh;
        case Fn::sigmoid:
            return Code::sigmoid;
        case Fn::erf:
            return Code::erf;
        case Fn::less:
            return Code::less;
        case Fn::select:
            return Code::select;
        case Fn::finite:
            return Code::finite;
        case Fn::operand:
        case Fn::scalar:
        case Fn::constant:
            break;
    }
    return Code::copy;
}

int arity(Code code) {
    switch (code) {
        case Code::add:
        case Code::sub:
        case Code::mul:
        case Code::div:
        case Code::min:
        case Code::max:
        case Code::less:
            return 2;
        case Code::select:
        case Code::multiply_add:
        case Code::multiply_subtract:
        case Code::subtract_product:
            return 3;
        case Code::select_less:
            return 4;
        default:
            return 1;
    }
}

// Steps, places and results of a group, and the memory they live in.
class Compiled {
  public:
    Compiled(const FusedOp &group, bool in_place);

    Program program() const {
        Program p{};
        p.steps = steps_.data();
        p.uniform_steps = uniform_steps_;
        p.step_count = static_cast<int32_t>(steps_.size());
        p.places = places_.data();
        p.place_count = static_cast<int32_t>(places_.size());
        p.chunk = chunk_;
        p.results = results_.data();
        p.result_count = static_cast<int32_t>(results_.size());
        p.finish = finish_;
        return p;
    }
    bool fits() const {
        return static_cast<int>(places_.size()) <= kMaxPlaces && chunk_ >= kMinChunk;
    }
    // Predicted cycles an element, by instruction set alike.
    double work() const { return work_; }

  private:
    void flatten();
    int32_t operand_value(TensorId id);
    int32_t append(const Value &value);
    void count_uses();
    void merge_steps();
    void merge(Value &value);
    void find_last_uses();
    void assign_places();
    int16_t add_place(PlaceKind kind, int32_t index, float value);
    int16_t element_place(int32_t operand);
    int16_t temporary();
    bool writes_directly(int32_t value, int32_t output) const;
    void release_arguments(int32_t value);
    void emit(int32_t value);
    void place_scratch();
    Value &at(int32_t id) { return values_[static_cast<size_t>(id)]; }
    const Value &at(int32_t id) const { return values_[static_cast<size_t>(id)]; }

    const FusedOp &group_;
    const Tensor &full_;
    bool in_place_;
    Finish finish_ = Finish::write;
    std::vector<Value> values_;
    std::vector<int32_t> result_values_;    // of each output
    std::vector<int32_t> result_operands_;  // the operand each is written to
    std::map<TensorId, int32_t> current_;   // values of tensors read or computed so far
    std::vector<int16_t> free_;
    std::map<int32_t, int16_t> elements_;  // places of element operands
    std::vector<Step> steps_, chunk_steps_;
    std::vector<Place> places_;
    std::vector<int16_t> results_;
    int32_t uniform_steps_ = 0;
    int32_t chunk_ = 0;
    double work_ = 0;
};

Compiled::Compiled(const FusedOp &group, bool in_place)
    : group_(group),
      full_(group.tensors[static_cast<size_t>(full_of(group))]),
      in_place_(in_place) {
    if (group.head().kind == OpKind::channel_sum) finish_ = Finish::channel_sum;
    if (group.head().kind == OpKind::sum) finish_ = Finish::sum;
    flatten();
    count_uses();
    merge_steps();
    find_last_uses();
    assign_places();
    place_scratch();
}

int32_t Compiled::append(const Value &value) {
    values_.push_back(value);
    return static_cast<int32_t>(values_.size()) - 1;
}

int32_t Compiled::operand_value(TensorId id) {
    const auto found = current_.find(id);
    if (found != current_.end()) return found->second;
    Value value;
    value.source = Source::operand;
    value.index = id;
    value.uniform = access_of(group_.tensors[static_cast<size_t>(id)], full_) == Access::scalar;
    return current_[id] = append(value);
}

void Compiled::flatten() {
    for (const Op &op : group_.ops) {
        const Expression &expression = attributes_of(op).expression;
        std::vector<int32_t> value_of(expression.code.size());
        for (size_t i = 0; i < expression.code.size(); ++i) {
            const Instruction &instruction = expression.code[i];
            Value value;
            switch (instruction.fn) {
                case Fn::operand:
                    value_of[i] = operand_value(op.inputs[static_cast<size_t>(instruction.a)]);
                    continue;
                case Fn::scalar:
                    value.source = Source::slot;
                    value.index = instruction.a;
                    value.uniform = true;
                    break;
                case Fn::constant:
                    value.source = Source::constant;
                    value.constant = static_cast<float>(instruction.value);
                    value.uniform = true;
                    break;
                default: {
                    value.code = code_of(instruction.fn);
                    const int32_t from[3] = {instruction.a, instruction.b, instruction.c};
                    value.uniform = true;
                    for (int k = 0; k < arity(value.code); ++k) {
                        value.arguments[k] = value_of[static_cast<size_t>(from[k])];
                        value.uniform = value.uniform && at(value.arguments[k]).uniform;
                    }
                }
            }
            value_of[i] = append(value);
        }
        for (size_t r = 0; r < op.outputs.size(); ++r) {
            current_[op.outputs[r]] = value_of[static_cast<size_t>(expression.results[r])];
        }
    }
    for (int32_t id = group_.inputs; id < group_.operands(); ++id) {
        result_operands_.push_back(id);
        result_values_.push_back(current_.at(id));
    }
}

// Counts what results need, so that the rest is left out.
void Compiled::count_uses() {
    for (Value &value : values_) value.uses = 0;
    for (int32_t id : result_values_) ++at(id).uses;
    for (size_t i = values_.size(); i-- > 0;) {
        if (values_[i].uses == 0) continue;
        for (int32_t argument : values_[i].arguments)
            if (argument >= 0) ++at(argument).uses;
    }
}

void Compiled::merge(Value &value) {
    const auto only_here = [&](int32_t id, Code code) {
        const Value &v = at(id);
        return v.source == Source::step && v.code == code && v.uses == 1 && !v.uniform;
    };
    const int32_t a = value.arguments[0], b = value.arguments[1], c = value.arguments[2];
    const auto become = [&](Code code, int32_t product, int32_t other) {
        const Value &p = at(product);
        value.code = code;
        value.arguments[0] = p.arguments[0];
        value.arguments[1] = p.arguments[1];
        value.arguments[2] = other;
    };
    if (value.code == Code::add && only_here(a, Code::mul)) return become(Code::multiply_add, a, b);
    if (value.code == Code::add && only_here(b, Code::mul)) return become(Code::multiply_add, b, a);
    if (value.code == Code::sub && only_here(a, Code::mul)) {
        return become(Code::multiply_subtract, a, b);
    }
    if (value.code == Code::sub && only_here(b, Code::mul)) {
        return become(Code::subtract_product, b, a);
    }
    if (value.code == Code::select && only_here(a, Code::less)) {
        const Value &less = at(a);
        value.code = Code::select_less;
        value.arguments[0] = less.arguments[0];
        value.arguments[1] = less.arguments[1];
        value.arguments[2] = b;
        value.arguments[3] = c;
    }
}

void Compiled::merge_steps() {
    for (size_t i = 0; i < values_.size(); ++i) {
        if (values_[i].uses == 0 || values_[i].source != Source::step) continue;
        merge(values_[i]);
        count_uses();
    }
}

void Compiled::find_last_uses() {
    for (size_t i = 0; i < values_.size(); ++i) {
        if (values_[i].uses == 0) continue;
        for (int32_t argument : values_[i].arguments)
            if (argument >= 0) at(argument).last_use = static_cast<int32_t>(i);
    }
    // Results are copied out at the end.
    for (int32_t id : result_values_) at(id).last_use = static_cast<int32_t>(values_.size());
}

int16_t Compiled::add_place(PlaceKind kind, int32_t index, float value) {
    places_.push_back({kind, static_cast<int16_t>(index), 0, value});
    return static_cast<int16_t>(places_.size() - 1);
}

int16_t Compiled::element_place(int32_t operand) {
    const auto found = elements_.find(operand);
    if (found != elements_.end()) return found->second;
    return elements_[operand] = add_place(PlaceKind::element, operand, 0);
}

int16_t Compiled::temporary() {
    if (free_.empty()) return add_place(PlaceKind::temporary, 0, 0);
    const int16_t place = free_.back();
    free_.pop_back();
    return place;
}

// Whether a value may go straight to its output's memory: no later step reads an operand there.
bool Compiled::writes_directly(int32_t value, int32_t output) const {
    const int32_t target = result_operands_[static_cast<size_t>(output)];
    for (const Value &v : values_) {
        if (v.source != Source::operand || v.uses == 0 || v.last_use <= value) continue;
        const bool same = v.index == target || (in_place_ && output == 0 && v.index == 0);
        if (same) return false;
    }
    return true;
}

void Compiled::release_arguments(int32_t value) {
    for (int32_t argument : at(value).arguments) {
        if (argument < 0 || at(argument).last_use != value) continue;
        Value &v = at(argument);
        const bool is_temporary =
            v.place >= 0 && places_[static_cast<size_t>(v.place)].kind == PlaceKind::temporary;
        if (!is_temporary) continue;
        free_.push_back(v.place);
        v.last_use = -1;  // an argument twice is freed once
    }
}

void Compiled::emit(int32_t id) {
    Value &value = at(id);
    Step step{value.code, 0, 0, 0, 0, 0};
    int16_t *const slots[4] = {&step.a, &step.b, &step.c, &step.e};
    for (int k = 0; k < 4; ++k)
        if (value.arguments[k] >= 0) *slots[k] = at(value.arguments[k]).place;
    if (value.uniform) {
        value.place = step.d = add_place(PlaceKind::uniform, 0, 0);
        steps_.push_back(step);
        return;
    }
    for (size_t r = 0; r < result_values_.size() && finish_ == Finish::write; ++r) {
        if (result_values_[r] == id && value.place < 0 &&
            writes_directly(id, static_cast<int32_t>(r))) {
            value.place = element_place(result_operands_[r]);
        }
    }
    // Steps read a vector before they write it, so a result may take an argument's place.
    release_arguments(id);
    if (value.place < 0) value.place = temporary();
    step.d = value.place;
    chunk_steps_.push_back(step);
    const bool heavy = value.code >= Code::exp && value.code <= Code::erf;
    const bool slow = value.code == Code::div || value.code == Code::sqrt;
    work_ += heavy ? 20 : slow ? 8 : 1.5;
}

void Compiled::assign_places() {
    for (size_t i = 0; i < values_.size(); ++i) {
        Value &value = values_[i];
        if (value.uses == 0) continue;
        if (value.source == Source::slot) {
            value.place = add_place(PlaceKind::slot, value.index, 0);
        } else if (value.source == Source::constant) {
            value.place = add_place(PlaceKind::constant, 0, value.constant);
        } else if (value.source == Source::operand) {
            const Tensor &tensor = group_.tensors[static_cast<size_t>(value.index)];
            switch (access_of(tensor, full_)) {
                case Access::element:
                    value.place = element_place(value.index);
                    break;
                case Access::channel:
                    value.place = add_place(PlaceKind::channel, value.index, 0);
                    break;
                case Access::sample:
                    value.place = add_place(PlaceKind::sample, value.index, 0);
                    break;
                case Access::scalar:
                    value.place = add_place(PlaceKind::scalar, value.index, 0);
                    break;
            }
        } else {
            emit(static_cast<int32_t>(i));
        }
    }
    for (size_t r = 0; r < result_values_.size(); ++r) {
        results_.push_back(finish_ == Finish::write ? element_place(result_operands_[r])
                                                    : add_place(PlaceKind::temporary, 0, 0));
    }
    // What is read from operands goes first: another copy may end in the same memory.
    for (const bool operands : {true, false}) {
        for (size_t r = 0; r < results_.size(); ++r) {
            const Value &value = at(result_values_[r]);
            if ((value.source == Source::operand) != operands || value.place == results_[r])
                continue;
            chunk_steps_.push_back({Code::copy, results_[r], value.place, 0, 0, 0});
        }
    }
    uniform_steps_ = static_cast<int32_t>(steps_.size());
    steps_.insert(steps_.end(), chunk_steps_.begin(), chunk_steps_.end());
}

void Compiled::place_scratch() {
    int32_t chunks = 0, vectors = 0;
    const auto is_chunk = [](const Place &p) {
        return p.kind == PlaceKind::channel || p.kind == PlaceKind::sample ||
               p.kind == PlaceKind::temporary;
    };
    const auto is_vector = [&](const Place &p) {
        return p.kind != PlaceKind::element && !is_chunk(p);
    };
    for (const Place &place : places_) {
        chunks += is_chunk(place);
        vectors += is_vector(place);
    }
    // Each chunk has a vector's room behind it.
    const int32_t room = kScratchFloats - vectors * kLanes - chunks * kLanes;
    const int32_t most = chunks == 0 ? kMaxChunk : room / chunks;
    chunk_ = std::min(most, kMaxChunk) / kMinChunk * kMinChunk;
    int32_t offset = 0;
    for (Place &place : places_) {
        place.offset = offset;
        offset += is_chunk(place) ? chunk_ + kLanes : is_vector(place) ? kLanes : 0;
    }
}

// --- Kernels.

double predicted_seconds(const Machine &machine, double count, double bytes, double work) {
    const double vectors = count / machine.width();
    return std::max(vectors * work / 3.5e9, machine.seconds_of_bytes(bytes));
}

struct Shared {
    Machine &machine;
    FusedOp group;
    Compiled compiled;
    Program program;
    Form form;
    int32_t full;
    double bytes_per_float;  // operands' bytes for each float of the view

    Shared(Machine &m, const FusedOp &g, const Candidate &candidate)
        : machine(m),
          group(g),
          compiled(group, candidate.in_place),
          program(compiled.program()),
          form(form_of(m, candidate.layouts[static_cast<size_t>(full_operand())])
                   .value_or(Form::plain)),
          full(full_operand()),
          bytes_per_float(4.0 * group.operands()) {}

    int32_t full_operand() const { return full_of(group); }
    // What n samples are: kept from launch to launch, which mostly are of as many.
    struct Extent {
        int64_t n = -1;
        View view{};
        double seconds = 0;
    };
    const Extent &extent(int64_t n) {
        if (extent_.n == n) return extent_;
        extent_.view = view_of(machine, form, group.tensors[static_cast<size_t>(full)], n);
        const auto count = static_cast<double>(extent_.view.count);
        extent_.seconds =
            predicted_seconds(machine, count, count * bytes_per_float, compiled.work());
        extent_.n = n;
        return extent_;
    }

  private:
    Extent extent_;
};

using Operands = std::array<float *, kMaxPlaces>;

void get_operands(const Launch &launch, int32_t count, Operands &operands) {
    for (int32_t i = 0; i < count; ++i) operands[static_cast<size_t>(i)] = operand(launch, i);
}

class PointwiseKernel final : public Kernel {
  public:
    PointwiseKernel(Machine &machine, const FusedOp &group, const Candidate &candidate)
        : shared_(machine, group, candidate) {}

    void launch(Queue &, const Launch &launch) override {
        Operands operands;
        get_operands(launch, shared_.group.operands(), operands);
        const Shared::Extent &extent = shared_.extent(launch.n);
        const View &view = extent.view;
        const ProgramArguments all{operands.data(), launch.scalars, 0, view.count, nullptr};
        const auto run = shared_.machine.simd.pointwise->run;
        const int64_t chunk = shared_.program.chunk;
        for_ranges(shared_.machine, divide_up(view.count, chunk), extent.seconds,
                   [&](int64_t begin, int64_t end) {
                       ProgramArguments part = all;
                       part.begin = begin * chunk;
                       part.end = std::min(end * chunk, view.count);
                       run(shared_.program, view, part);
                   });
    }

  private:
    Shared shared_;
};

class ReductionKernel final : public Kernel {
  public:
    // Partial sums cost memory and a pass of their own.
    static constexpr int64_t kMaxReductionParts = 16;

    ReductionKernel(Machine &machine, const FusedOp &group, const Candidate &candidate)
        : shared_(machine, group, candidate) {}

    static int64_t sums_per_part(const FusedOp &group) {
        const Tensor &full = group.tensors[static_cast<size_t>(full_of(group))];
        const bool by_channel = group.head().kind == OpKind::channel_sum;
        return group.outputs * (by_channel && full.shape.rank > 1 ? full.shape[1] : 1);
    }

    void launch(Queue &, const Launch &launch) override {
        Operands operands;
        get_operands(launch, shared_.group.operands(), operands);
        const Shared::Extent &extent = shared_.extent(launch.n);
        const View &view = extent.view;
        auto *const sums = at<double>(launch.workspace);
        const int64_t chunk = shared_.program.chunk, units = divide_up(view.count, chunk);
        const int64_t parts = std::min(part_count(units, extent.seconds), kMaxReductionParts);
        const int64_t each = sums_per_part(shared_.group);
        for_parts(shared_.machine, parts, [&](int64_t part) {
            const Range range = part_range(units, parts, part);
            double *const own = sums + part * each;
            std::fill(own, own + each, 0.0);
            const ProgramArguments arguments{operands.data(), launch.scalars, range.begin * chunk,
                                             std::min(range.end * chunk, view.count), own};
            shared_.machine.simd.pointwise->run(shared_.program, view, arguments);
        });
        for (int64_t part = 1; part < parts; ++part)
            for (int64_t i = 0; i < each; ++i) sums[i] += sums[part * each + i];
        write(operands, sums, each / std::max(shared_.group.outputs, 1));
    }

  private:
    void write(const Operands &operands, const double *sums, int64_t each) const {
        const FusedOp &group = shared_.group;
        for (int32_t r = 0; r < group.outputs; ++r) {
            const auto output = static_cast<size_t>(group.inputs + r);
            float *const to = operands[output];
            for (int64_t i = 0; i < each; ++i) to[i] = static_cast<float>(sums[r * each + i]);
            if (group.tensors[output].type == Type::wide) {
                const double lost = sums[r] - static_cast<double>(to[0]);
                to[1] = std::isfinite(to[0]) ? static_cast<float>(lost) : 0.0f;
            }
        }
    }

    Shared shared_;
};

// Few elements of other types: one after the other, in double.
class ScalarPointwiseKernel final : public Kernel {
  public:
    explicit ScalarPointwiseKernel(const FusedOp &group) : group_(group) {
        const FusedOp &g = group_;
        for (const Op &op : g.ops)
            values_.resize(std::max(values_.size(), attributes_of(op).expression.code.size()));
    }

    void launch(Queue &, const Launch &launch) override {
        const Tensor &full = group_.tensors[static_cast<size_t>(full_of(group_))];
        const int64_t per_sample = full.shape.elements_after(0);
        const int64_t count = samples_of(full, launch.n) * per_sample;
        const Op &op = group_.head();
        for (int64_t i = 0; i < count; ++i) {
            evaluate(op, full, launch, i);
            for (size_t r = 0; r < op.outputs.size(); ++r) {
                const auto result = attributes_of(op).expression.results[r];
                write(launch, op.outputs[r], i, values_[static_cast<size_t>(result)]);
            }
        }
    }

  private:
    double read(const Launch &launch, TensorId id, int64_t i) const {
        switch (group_.tensors[static_cast<size_t>(id)].type) {
            case Type::real:
                return static_cast<double>(operand(launch, id)[i]);
            case Type::wide:
                return static_cast<double>(operand(launch, id)[2 * i]) +
                       static_cast<double>(operand(launch, id)[2 * i + 1]);
            case Type::i32:
                return operand<int32_t>(launch, id)[i];
            case Type::u8:
                return operand<uint8_t>(launch, id)[i];
        }
        return 0;
    }

    void write(const Launch &launch, TensorId id, int64_t i, double value) const {
        const auto rounded = static_cast<float>(value);
        if (group_.tensors[static_cast<size_t>(id)].type != Type::wide) {
            operand(launch, id)[i] = rounded;
            return;
        }
        operand(launch, id)[2 * i] = rounded;
        const double lost = value - static_cast<double>(rounded);
        operand(launch, id)[2 * i + 1] = std::isfinite(rounded) ? static_cast<float>(lost) : 0.0f;
    }

    void evaluate(const Op &op, const Tensor &full, const Launch &launch, int64_t i) {
        const auto &code = attributes_of(op).expression.code;
        const int64_t spatial = full.shape.elements_after(1);
        for (size_t j = 0; j < code.size(); ++j) {
            double read_value = 0;
            if (code[j].fn == Fn::operand) {
                const TensorId id = op.inputs[static_cast<size_t>(code[j].a)];
                const Access access = access_of(group_.tensors[static_cast<size_t>(id)], full);
                const int64_t channels = full.shape.rank > 1 ? full.shape[1] : 1;
                const int64_t index = access == Access::element   ? i
                                      : access == Access::channel ? i / spatial % channels
                                      : access == Access::sample  ? i / (spatial * channels)
                                                                  : 0;
                read_value = read(launch, id, index);
            }
            values_[j] = value_of(code[j], read_value, launch.scalars);
        }
    }

    double value_of(const Instruction &i, double read_value, const double *scalars) const;

    FusedOp group_;
    std::vector<double> values_;
};

double ScalarPointwiseKernel::value_of(const Instruction &i, double read_value,
                                       const double *scalars) const {
    const auto value = [&](int32_t id) { return values_[static_cast<size_t>(id)]; };
    const auto a = [&] { return value(i.a); };
    const auto b = [&] { return value(i.b); };
    switch (i.fn) {
        case Fn::operand:
            return read_value;
        case Fn::scalar:
            return scalars[i.a];
        case Fn::constant:
            return i.value;
        case Fn::add:
            return a() + b();
        case Fn::sub:
            return a() - b();
        case Fn::mul:
            return a() * b();
        case Fn::div:
            return a() / b();
        case Fn::min:
            return std::isnan(a()) || a() < b() ? a() : b();
        case Fn::max:
            return std::isnan(a()) || a() > b() ? a() : b();
        case Fn::negate:
            return -a();
        case Fn::abs:
            return std::abs(a());
        case Fn::sqrt:
            return std::sqrt(a());
        case Fn::exp:
            return std::exp(a());
        case Fn::log:
            return std::log(a());
        case Fn::log1p:
            return std::log1p(a());
        case Fn::tanh:
            return std::tanh(a());
        case Fn::sigmoid: {
            const double e = std::exp(-std::abs(a()));
            return a() < 0 ? e / (1 + e) : 1 / (1 + e);
        }
        case Fn::erf:
            return std::erf(a());
        case Fn::less:
            return a() < b() ? 1 : 0;
        case Fn::select:
            return a() != 0 ? b() : value(i.c);
        case Fn::finite:
            return std::isfinite(a()) ? 1 : 0;
    }
    return 0;
}

// --- Candidates.

// The layouts of all operands where full ones have the form.
std::vector<Layout> layouts_for(const Machine &machine, const FusedOp &group, Form form) {
    const Tensor &full = group.tensors[static_cast<size_t>(full_of(group))];
    std::vector<Layout> layouts;
    for (int32_t i = 0; i < group.operands(); ++i) {
        const Tensor &tensor = group.tensors[static_cast<size_t>(i)];
        const bool element = access_of(tensor, full) == Access::element;
        layouts.push_back(element ? layout_of(machine, form) : Layout::plain());
    }
    return layouts;
}

// Whether the first output may take the first input's memory.
bool may_be_in_place(const FusedOp &group) {
    if (group.inputs == 0 || group.head().kind != OpKind::pointwise) return false;
    const Tensor &full = group.tensors[static_cast<size_t>(full_of(group))];
    const Tensor &first = group.tensors[0];
    return access_of(first, full) == Access::element && first.type == Type::real;
}

void candidates(const Machine &machine, const FusedOp &group, std::vector<Candidate> &out) {
    const Tensor &full = group.tensors[static_cast<size_t>(full_of(group))];
    const bool scalar = needs_scalar_code(group);
    if (scalar && group.ops.size() > 1) return;
    if (!scalar && !Compiled(group, false).fits()) return;
    const double work = scalar ? 200 : Compiled(group, false).work();
    for (Form form : forms_of(full)) {
        if (scalar && form != Form::plain) continue;
        Candidate candidate;
        candidate.algorithm = scalar                    ? "scalar"
                              : form == Form::n_blocked ? "vector_n"
                              : form == Form::c_blocked ? "vector_c"
                                                        : "vector";
        candidate.layouts = layouts_for(machine, group, form);
        double bytes = 0;
        for (size_t i = 0; i < candidate.layouts.size(); ++i) {
            bytes += bytes_in(group.tensors[i], candidate.layouts[i]);
        }
        const auto count = static_cast<double>(view_of(machine, form, full, full.shape[0]).count);
        candidate.seconds =
            Machine::kLaunchSeconds + predicted_seconds(machine, count, bytes, work);
        candidate.in_place = !scalar && may_be_in_place(group);
        if (group.head().kind != OpKind::pointwise) {
            candidate.workspace =
                ReductionKernel::kMaxReductionParts * 8 * ReductionKernel::sums_per_part(group);
        }
        out.push_back(std::move(candidate));
    }
}

std::unique_ptr<Kernel> prepare(Machine &machine, const FusedOp &group,
                                const Candidate &candidate) {
    if (group.head().kind != OpKind::pointwise) {
        return std::make_unique<ReductionKernel>(machine, group, candidate);
    }
    if (candidate.algorithm == "scalar") return std::make_unique<ScalarPointwiseKernel>(group);
    return std::make_unique<PointwiseKernel>(machine, group, candidate);
}

}  // namespace

const Implementation kPointwise = {candidates, prepare};

// Chains over one shape: each step saved a pass over memory.
bool fuses_pointwise(const FusedOp &group) {
    constexpr int32_t kMaxOperands = 16;
    for (const Op &op : group.ops)
        if (op.kind != OpKind::pointwise) return false;
    const Tensor &full = group.tensors[static_cast<size_t>(full_of(group))];
    for (const Op &op : group.ops) {
        for (TensorId id : op.outputs) {
            const Tensor &tensor = group.tensors[static_cast<size_t>(id)];
            if (tensor.shape != full.shape || tensor.batched != full.batched) return false;
        }
    }
    return group.operands() <= kMaxOperands && !needs_scalar_code(group) &&
           Compiled(group, false).fits();
}

}  // namespace cnn::cpu

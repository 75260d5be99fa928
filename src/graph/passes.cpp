// Passes over a program: what can be left out, and what runs as one kernel.
#include <algorithm>
#include <iterator>

#include "graph/program.h"

namespace cnn {

std::vector<TensorId> Program::kept() const {
    std::vector<TensorId> ids = outputs;
    ids.insert(ids.end(), input_gradients.begin(), input_gradients.end());
    ids.insert(ids.end(), losses.begin(), losses.end());
    ids.push_back(correct);
    ids.insert(ids.end(), residuals.begin(), residuals.end());
    ids.insert(ids.end(), residual_tangents.begin(), residual_tangents.end());
    std::erase(ids, kNoTensor);
    return ids;
}

namespace {

// Readers of tensors see `to` wherever they saw `from`.
void replace(Program &program, TensorId from, TensorId to) {
    const auto in = [&](std::vector<TensorId> &ids) {
        std::replace(ids.begin(), ids.end(), from, to);
    };
    for (Op &op : program.ops) in(op.inputs);
    in(program.outputs);
    in(program.input_gradients);
    in(program.losses);
    in(program.residuals);
    in(program.residual_tangents);
}

void remove_identities(Program &program) {
    for (Op &op : program.ops) {
        if (op.kind != OpKind::reshape) continue;
        const auto &tensors = program.tensors;
        if (tensors[static_cast<size_t>(op.inputs[0])].shape !=
            tensors[static_cast<size_t>(op.outputs[0])].shape)
            continue;
        replace(program, op.outputs[0], op.inputs[0]);
    }
}

void remove_unread(Program &program) {
    std::vector<bool> read(program.tensors.size(), false);
    for (TensorId id : program.kept()) read[static_cast<size_t>(id)] = true;
    const auto matters = [&](TensorId id) {
        return id != kNoTensor &&
               (read[static_cast<size_t>(id)] ||
                program.tensors[static_cast<size_t>(id)].space != Space::activation);
    };
    std::vector<Op> kept;
    size_t before = 0;  // of the kept, how many aren't repeated
    for (size_t i = program.ops.size(); i-- > 0;) {
        Op &op = program.ops[i];
        if (!std::any_of(op.outputs.begin(), op.outputs.end(), matters)) continue;
        for (TensorId id : op.inputs) read[static_cast<size_t>(id)] = true;
        kept.push_back(std::move(op));
        if (i < program.repeated) ++before;
    }
    if (program.repeated < program.ops.size()) program.repeated = before;
    std::reverse(kept.begin(), kept.end());
    program.ops = std::move(kept);
    const auto forget = [&](TensorId &id) {
        if (id != kNoTensor && !read[static_cast<size_t>(id)]) id = kNoTensor;
    };
    for (TensorId &id : program.inputs) forget(id);
    for (TensorId &id : program.targets) forget(id);
    for (TensorId &id : program.output_gradients) forget(id);
    forget(program.weights);
}

// The operation that alone reads what op i alone writes, or -1; readers are counted by tensor.
int64_t only_reader(const Program &program, const std::vector<int> &readers, size_t i) {
    const Op &op = program.ops[i];
    if (op.outputs.size() != 1) return -1;
    const TensorId result = op.outputs[0];
    if (readers[static_cast<size_t>(result)] != 1 ||
        program.tensors[static_cast<size_t>(result)].space != Space::activation)
        return -1;
    for (size_t j = i + 1; j < program.ops.size(); ++j)
        for (TensorId id : program.ops[j].inputs)
            if (id == result) return static_cast<int64_t>(j);
    return -1;
}

std::vector<int> count_readers(const Program &program) {
    std::vector<int> readers(program.tensors.size(), 0);
    for (const Op &op : program.ops)
        for (TensorId id : op.inputs) ++readers[static_cast<size_t>(id)];
    for (TensorId id : program.kept()) ++readers[static_cast<size_t>(id)];
    return readers;
}

PointwiseForm form_of(const Op &op) {
    const auto *pointwise = std::get_if<PointwiseAttributes>(&op.attributes);
    return op.kind == OpKind::pointwise && pointwise ? pointwise->form : PointwiseForm::other;
}

// What backward passes through max pooling do after it and could do before it, on the windows'
// elements instead of the image's. The pool's input x, an activation's result, has its gradient
// where its windows' maxima y are, so times the activation's derivative there, which depends on y.
class BeforePools {
  public:
    explicit BeforePools(Program &program) : program_(program) {}

    void run();

  private:
    Op *writer(TensorId id, OpKind kind);
    void move_derivative(Op &derivative, Op &pool);
    static bool is_plain_sum(const Op &op);

    Program &program_;
};

Op *BeforePools::writer(TensorId id, OpKind kind) {
    for (Op &op : program_.ops)
        if (op.kind == kind && op.outputs[0] == id) return &op;
    return nullptr;
}

// dy, x -> dx; dx, x -> dz becomes dy, y -> t; t, x -> dz.
void BeforePools::move_derivative(Op &derivative, Op &pool) {
    const TensorId x = pool.inputs[1];
    for (const Op &forward : program_.ops) {
        if (forward.kind != OpKind::max_pool || forward.inputs[0] != x ||
            forward.attributes != pool.attributes)
            continue;
        const TensorId dz = derivative.outputs[0];
        derivative.inputs = {pool.inputs[0], forward.outputs[0]};
        derivative.outputs = {static_cast<TensorId>(program_.tensors.size())};
        pool.inputs[0] = derivative.outputs[0];
        pool.outputs[0] = dz;
        Tensor like = program_.tensors[static_cast<size_t>(forward.outputs[0])];
        like.space = Space::activation;
        like.offset = 0;
        program_.tensors.push_back(like);
        std::swap(derivative, pool);  // where they stand
        return;
    }
}

bool BeforePools::is_plain_sum(const Op &op) {
    if (op.kind != OpKind::channel_sum || op.inputs.size() != 1) return false;
    const auto &code = std::get<PointwiseAttributes>(op.attributes).expression.code;
    return code.size() == 1 && code[0].fn == Fn::operand;
}

void BeforePools::run() {
    const std::vector<int> readers = count_readers(program_);
    for (Op &op : program_.ops) {
        if (form_of(op) != PointwiseForm::activation_backward) continue;
        Op *const pool = writer(op.inputs[0], OpKind::max_pool_backward);
        if (pool != nullptr && pool->inputs[1] == op.inputs[1] &&
            readers[static_cast<size_t>(op.inputs[0])] == 1)
            move_derivative(op, *pool);
    }
    // Each element of dy is in the sum of dx once.
    for (Op &op : program_.ops) {
        if (!is_plain_sum(op)) continue;
        const Op *const pool = writer(op.inputs[0], OpKind::max_pool_backward);
        if (pool != nullptr &&
            std::get<PoolAttributes>(pool->attributes).window.dilation == Window{}.dilation)
            op.inputs[0] = pool->inputs[0];
    }
}

class Folding {
  public:
    Folding(Program &program, const Device &device) : program_(program), device_(device) {}

    void run();

  private:
    const Tensor &tensor(TensorId id) const { return program_.tensors[static_cast<size_t>(id)]; }
    TensorId add(const Tensor &tensor) {
        program_.tensors.push_back(tensor);
        return static_cast<TensorId>(program_.tensors.size()) - 1;
    }
    void hoist();
    bool device_fuses(const Op &convolution) const;
    void fold(Op &normalise);

    Program &program_;
    const Device &device_;
    std::vector<Op> early_;
    size_t before_repeated_ = 0;  // operations that now stand there and didn't
};

// Puts what depends on theta and s alone before all else.
void Folding::hoist() {
    std::vector<bool> known(program_.tensors.size(), false);
    const auto is_known = [&](TensorId id) {
        const Space space = tensor(id).space;
        return space == Space::parameter || space == Space::state || known[static_cast<size_t>(id)];
    };
    std::vector<Op> late;
    for (size_t i = 0; i < program_.ops.size(); ++i) {
        Op &op = program_.ops[i];
        const auto made = [&](TensorId id) {
            return id != kNoTensor && tensor(id).space == Space::activation;
        };
        const bool early = op.kind == OpKind::pointwise &&
                           std::all_of(op.inputs.begin(), op.inputs.end(), is_known) &&
                           std::all_of(op.outputs.begin(), op.outputs.end(), made);
        if (early) {
            for (TensorId id : op.outputs) known[static_cast<size_t>(id)] = true;
            if (i >= program_.repeated) ++before_repeated_;
        }
        (early ? early_ : late).push_back(std::move(op));
    }
    program_.ops = std::move(late);
}

bool Folding::device_fuses(const Op &convolution) const {
    FusedOp group;
    const Tensor &y = tensor(convolution.outputs[0]);
    Tensor channels;
    channels.shape = {y.shape[1]};
    group.tensors = {
        tensor(convolution.inputs[0]), tensor(convolution.inputs[1]), channels, channels, y, y};
    group.inputs = 4;
    group.outputs = 1;
    group.ops = {convolution, Op{OpKind::pointwise, -1, {5, 2, 3}, {4}, affine_attributes()}};
    group.ops[0].inputs = {0, 1};
    group.ops[0].outputs = {5};
    return device_.fuses(group);
}

// a = inverse_deviation scale, b = shift - mean a.
void Folding::fold(Op &normalise) {
    // Its operands are x, mean, inverse deviation, and scale and shift where it has them.
    const size_t count = normalise.inputs.size();
    const auto &code = std::get<PointwiseAttributes>(normalise.attributes).expression.code;
    const bool adds = code.back().fn == Fn::add;
    const bool scales = count == (adds ? 5u : 4u);
    ExpressionBuilder e;
    std::vector<TensorId> inputs(normalise.inputs.begin() + 1, normalise.inputs.end());
    const auto a = scales ? e.times(e.operand(1), e.operand(2)) : e.operand(1);
    const auto moved = e.times(e.operand(0), a);
    const int shift = static_cast<int>(count) - 2;
    e.result(a);
    e.result(adds ? e.minus(e.operand(shift), moved) : e.call(Fn::negate, moved));
    Tensor channels = tensor(normalise.inputs[2]);
    channels.space = Space::activation;
    channels.offset = 0;
    const TensorId scale = add(channels), offset = add(channels);
    ++before_repeated_;
    early_.push_back({OpKind::pointwise,
                      normalise.node,
                      std::move(inputs),
                      {scale, offset},
                      PointwiseAttributes{e.take()}});
    normalise.inputs = {normalise.inputs[0], scale, offset};
    normalise.attributes = affine_attributes();
}

void Folding::run() {
    const auto normalises = [](const Op &op) { return form_of(op) == PointwiseForm::normalise; };
    if (std::none_of(program_.ops.begin(), program_.ops.end(), normalises)) return;
    const bool repeats = program_.repeated < program_.ops.size();
    hoist();
    const std::vector<int> readers = count_readers(program_);
    for (size_t i = 0; i < program_.ops.size(); ++i) {
        if (program_.ops[i].kind != OpKind::convolution || !device_fuses(program_.ops[i])) continue;
        int64_t next = only_reader(program_, readers, i);
        if (next >= 0 && form_of(program_.ops[static_cast<size_t>(next)]) == PointwiseForm::bias)
            next = only_reader(program_, readers, static_cast<size_t>(next));
        if (next >= 0 && normalises(program_.ops[static_cast<size_t>(next)]))
            fold(program_.ops[static_cast<size_t>(next)]);
    }
    std::move(program_.ops.begin(), program_.ops.end(), std::back_inserter(early_));
    program_.ops = std::move(early_);
    if (repeats) program_.repeated += before_repeated_;
}

class Fusion {
  public:
    Fusion(const Program &program, const Device &device) : program_(program), device_(device) {}

    std::vector<FusedOp> run(std::vector<std::vector<TensorId>> &operands);

  private:
    using Members = std::vector<size_t>;  // indices of operations, in order

    void find_writers();
    bool ready_before(size_t op, size_t first, const Members &members) const;
    FusedOp group_of(const Members &members, std::vector<TensorId> &operands) const;

    const Program &program_;
    const Device &device_;
    std::vector<int64_t> writer_;
};

void Fusion::find_writers() {
    writer_.assign(program_.tensors.size(), -1);
    for (size_t i = 0; i < program_.ops.size(); ++i)
        for (TensorId id : program_.ops[i].outputs)
            if (id != kNoTensor) writer_[static_cast<size_t>(id)] = static_cast<int64_t>(i);
}

// Whether what `op` reads is there where the group's first member stands.
bool Fusion::ready_before(size_t op, size_t first, const Members &members) const {
    for (TensorId id : program_.ops[op].inputs) {
        const int64_t writer = writer_[static_cast<size_t>(id)];
        const bool inside =
            std::find(members.begin(), members.end(), static_cast<size_t>(writer)) != members.end();
        if (writer >= static_cast<int64_t>(first) && !inside) return false;
    }
    return true;
}

FusedOp Fusion::group_of(const Members &members, std::vector<TensorId> &operands) const {
    std::vector<TensorId> inputs, outputs, inner;
    const auto has = [](const std::vector<TensorId> &ids, TensorId id) {
        return std::find(ids.begin(), ids.end(), id) != ids.end();
    };
    for (size_t m : members)
        for (TensorId id : program_.ops[m].outputs)
            if (id != kNoTensor) (m == members.back() ? outputs : inner).push_back(id);
    for (size_t m : members)
        for (TensorId id : program_.ops[m].inputs)
            if (!has(inner, id) && !has(outputs, id) && !has(inputs, id)) inputs.push_back(id);

    operands = inputs;
    operands.insert(operands.end(), outputs.begin(), outputs.end());
    std::vector<TensorId> order = operands;
    order.insert(order.end(), inner.begin(), inner.end());
    const auto local = [&](TensorId id) {
        if (id == kNoTensor) return kNoTensor;
        return static_cast<TensorId>(std::find(order.begin(), order.end(), id) - order.begin());
    };
    FusedOp group;
    group.inputs = static_cast<int32_t>(inputs.size());
    group.outputs = static_cast<int32_t>(outputs.size());
    for (TensorId id : order) group.tensors.push_back(program_.tensors[static_cast<size_t>(id)]);
    for (size_t m : members) {
        Op op = program_.ops[m];
        for (TensorId &id : op.inputs) id = local(id);
        for (TensorId &id : op.outputs) id = local(id);
        group.ops.push_back(std::move(op));
    }
    return group;
}

std::vector<FusedOp> Fusion::run(std::vector<std::vector<TensorId>> &operands) {
    find_writers();
    const std::vector<int> readers = count_readers(program_);
    const auto reader_of = [&](size_t op) { return only_reader(program_, readers, op); };
    std::vector<bool> taken(program_.ops.size(), false);
    std::vector<FusedOp> groups;
    operands.clear();
    for (size_t i = 0; i < program_.ops.size(); ++i) {
        if (taken[i]) continue;
        Members members{i};
        std::vector<TensorId> ids;
        FusedOp group = group_of(members, ids);
        for (int64_t next = reader_of(i); next >= 0; next = reader_of(members.back())) {
            const auto op = static_cast<size_t>(next);
            if (i < program_.repeated && op >= program_.repeated) break;
            members.push_back(op);
            std::vector<TensorId> longer_ids;
            if (taken[op] || !ready_before(op, i, members)) break;
            FusedOp longer = group_of(members, longer_ids);
            if (!device_.fuses(longer)) break;
            taken[op] = true;
            group = std::move(longer);
            ids = std::move(longer_ids);
        }
        groups.push_back(std::move(group));
        operands.push_back(std::move(ids));
    }
    return groups;
}

}  // namespace

void fold_normalisations(Program &program, const Device &device) {
    Folding(program, device).run();
}

void simplify(Program &program) {
    remove_identities(program);
    BeforePools(program).run();
    remove_unread(program);
}

std::vector<FusedOp> fuse(const Program &program, const Device &device, int64_t accept,
                          std::vector<std::vector<TensorId>> &operands) {
    std::vector<FusedOp> groups = Fusion(program, device).run(operands);
    for (FusedOp &group : groups) group.accept = accept & device.less_accurate_ways(group);
    return groups;
}

}  // namespace cnn

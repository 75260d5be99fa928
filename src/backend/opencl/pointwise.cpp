// Pointwise operations: a program an expression, generated, shared by all shapes.
#include <algorithm>

#include "backend/opencl/expression_source.h"
#include "backend/opencl/operations.h"
#include "base/text.h"

namespace cnn::opencl {
namespace {

const Tensor &tensor_of(const FusedOp &group, TensorId id) {
    return group.tensors[static_cast<size_t>(id)];
}

bool has_wide(const FusedOp &group) {
    return std::any_of(group.tensors.begin(), group.tensors.end(),
                       [](const Tensor &tensor) { return tensor.type == Type::wide; });
}

Walk walk_of(const OpenClDevice &device, const ExpressionSource &source, bool blocked) {
    if (blocked) return Walk::block;
    if (!device.is_cpu_class() || has_wide(source.group)) return Walk::element;
    if (!source.indexed()) return Walk::flat;
    const Extent extent = extent_of(tensor_of(source.group, source.expression.full), 1, false);
    return extent.inner >= OpenClDevice::kLanes ? Walk::rows : Walk::element;
}

std::string vectors_and_rest(const ExpressionSource &source) {
    return text("for (; i + 16 <= last; i += 16) {\n", source.values("float16"),
                source.stores("float16"), "}\nfor (; i < last; ++i) {\n", source.values("float"),
                source.stores("float"), "}\n");
}

std::string loop_of(const ExpressionSource &source) {
    switch (source.walk) {
        case Walk::flat:
            return text("int i = begin;\nconst int last = end;\n", vectors_and_rest(source));
        case Walk::rows:
            return text("for (int row = begin; row < end; ++row) {\n",
                        "const int c = row % channels, a = row / channels;\n",
                        "int i = row * inner;\nconst int last = i + inner;\n",
                        vectors_and_rest(source), "}\n");
        case Walk::element:
        case Walk::block:
            break;
    }
    const char *type = source.walk == Walk::block ? "float16" : "float";
    return text("int j = begin % inner, a = begin / inner / channels;\n",
                "int c = begin / inner % channels;\nfor (int i = begin; i < end; ++i) {\n",
                source.values(type), source.stores(type),
                "if (++j == inner) { j = 0; if (++c == channels) { c = 0; ++a; } }\n}\n");
}

std::string kernel_of(const ExpressionSource &source) {
    return text("ITEMS __kernel void pointwise(", source.parameters(),
                "int total, int chunk, int inner, int channels, int partial_begin, "
                "int partial_lanes) {\n",
                source.offsets(), "ITEM_RANGE(total, chunk)\n", loop_of(source), "}\n");
}

class PointwiseKernel final : public Kernel {
  public:
    PointwiseKernel(OpenClDevice &device, const FusedOp &group, const Candidate &candidate) {
        const bool blocked = candidate.algorithm == "pointwise_n16";
        ExpressionSource source{group, group_expression(group)};
        source.walk = walk_of(device, source, blocked);
        walk_ = source.walk;
        full_ = tensor_of(group, source.expression.full);
        function_ = Function(device,
                             device.programs().source("pointwise", kernel_of(source),
                                                      class_options(device, blocked)),
                             "pointwise");
        const int64_t most = units(extent_of(full_, full_.shape[0], blocked));
        chunk_ = chunk_for(device, most,
                           walk_ == Walk::flat      ? 4096
                           : walk_ == Walk::element ? 1024
                           : walk_ == Walk::block   ? 256
                                                    : ceil_div(4096, full_inner()));
        if (walk_ == Walk::flat) chunk_ = ceil_div(chunk_, 16) * 16;
        expression_ = std::move(source.expression);
    }

    void launch(Queue &queue, const Launch &launch) override {
        const bool blocked = walk_ == Walk::block;
        const Extent extent = extent_of(full_, launch.n, blocked);
        const int64_t total = units(extent);
        if (total == 0) return;
        const int64_t lanes = launch.n % OpenClDevice::kLanes;
        const int64_t partial =
            lanes == 0 ? extent.elements() : extent.elements() - extent.channels * extent.inner;
        cl_uint index = set_arguments(function_, expression_, launch);
        function_.set(index++, to_int(total));
        function_.set(index++, to_int(chunk_));
        function_.set(index++, to_int(extent.inner));
        function_.set(index++, to_int(extent.channels));
        function_.set(index++, to_int(partial));
        function_.set(index++, to_int(lanes));
        function_.launch_items(queue, ceil_div(total, chunk_));
    }

  private:
    int64_t full_inner() const { return extent_of(full_, 1, false).inner; }
    int64_t units(const Extent &extent) const {
        return walk_ == Walk::rows ? extent.rows() : extent.elements();
    }

    Function function_;
    GroupExpression expression_;
    Tensor full_;
    Walk walk_ = Walk::element;
    int64_t chunk_ = 1;
};

}  // namespace

void pointwise_candidates(const OpenClDevice &device, const FusedOp &group, Candidates &out) {
    if (!fits(group)) return;
    const ExpressionSource source{group, group_expression(group)};
    const Tensor &full = tensor_of(group, source.expression.full);
    const auto add = [&](const char *algorithm, bool blocked, double efficiency) {
        Candidate candidate;
        candidate.algorithm = algorithm;
        for (TensorId id = 0; id < group.operands(); ++id) {
            const Access access = source.access(id);
            const bool samples = access == Access::element || access == Access::sample;
            candidate.layouts.push_back(
                blocked && samples ? Layout::blocked(0, OpenClDevice::kLanes) : Layout::plain());
        }
        const double padding = blocked ? padding_of(full) : 1;
        candidate.seconds =
            device.predict(flops_of(group) * padding, bytes_of(group, 4) * padding, efficiency);
        candidate.in_place = group.inputs > 0 && group.tensors[0].type == Type::real &&
                             source.access(0) == Access::element;
        out.push_back(std::move(candidate));
    };
    const bool scalar = walk_of(device, source, false) == Walk::element;
    add("pointwise", false, device.is_cpu_class() && scalar ? 0.01 : 0.1);
    if (device.is_cpu_class() && full.batched && !has_wide(group)) {
        add("pointwise_n16", true, 0.1);
    }
}

std::unique_ptr<Kernel> prepare_pointwise(OpenClDevice &device, const FusedOp &group,
                                          const Candidate &candidate) {
    return std::make_unique<PointwiseKernel>(device, group, candidate);
}

// A chain is one kernel when every part runs over the same shape: what one gives, the next reads
// element by element.
bool fuses_pointwise(const FusedOp &group) {
    const Shape &shape = tensor_of(group, group.head().outputs[0]).shape;
    const auto same = [&](TensorId id) { return tensor_of(group, id).shape == shape; };
    std::vector<TensorId> made;
    for (const Op &op : group.ops) {
        if (op.kind != OpKind::pointwise) return false;
        if (!std::all_of(op.outputs.begin(), op.outputs.end(), same)) return false;
        for (const TensorId id : op.inputs) {
            const bool inside = std::find(made.begin(), made.end(), id) != made.end();
            if (inside && !same(id)) return false;
        }
        made.insert(made.end(), op.outputs.begin(), op.outputs.end());
    }
    return !has_wide(group);
}

}  // namespace cnn::opencl

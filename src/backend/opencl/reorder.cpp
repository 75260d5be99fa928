// A tensor into another layout: N-blocks and row-major by tiles, filters into their transform by
// Winograd, every other pair element by element through generated index arithmetic.
#include <algorithm>

#include "backend/opencl/expression_source.h"
#include "backend/opencl/operations.h"
#include "base/text.h"

namespace cnn::opencl {
namespace {

// Tiles of 16 samples by 16 features.
class TileKernel final : public Kernel {
  public:
    TileKernel(OpenClDevice &device, const Tensor &tensor, bool to_blocks) : tensor_(tensor) {
        function_ = device.function(
            "reorder.cl", "reorder",
            text(class_options(device, false), to_blocks ? " -DTO_BLOCKS" : " -DFROM_BLOCKS"));
        chunk_ = chunk_for(device, tiles(tensor.shape[0]), 4);
    }

    void launch(Queue &queue, const Launch &launch) override {
        const int64_t n = tensor_.batched ? launch.n : tensor_.shape[0];
        const int64_t total = tiles(n);
        if (total == 0) return;
        function_.set(0, launch.operands[0]);
        function_.set(2, launch.operands[1]);
        function_.set(4, to_int(total));
        function_.set(5, to_int(chunk_));
        function_.set(6, to_int(n));
        function_.set(7, to_int(tensor_.shape.elements_after(0)));
        function_.launch_single(queue, ceil_div(total, chunk_));
    }

  private:
    int64_t tiles(int64_t n) const {
        return ceil_div(n, 16) * ceil_div(tensor_.shape.elements_after(0), 16);
    }

    Tensor tensor_;
    int64_t chunk_ = 1;
    Function function_;
};

// Weights [O, I, 3, 3] from plain to Winograd's transform of them.
class WinogradKernel final : public Kernel {
  public:
    WinogradKernel(OpenClDevice &device, const Tensor &tensor, const Layout &to) {
        const bool turned = to.filters == FilterForm::winograd_turned;
        const int64_t lanes = tensor.shape[turned ? 1 : 0], rows = tensor.shape[turned ? 0 : 1];
        const int64_t block = to.block_of(turned ? 1 : 0);
        function_ = device.function(
            "reorder_winograd.cl", "reorder_winograd",
            text(class_options(device, false), " -DBLOCK=", block, turned ? " -DTURNED" : ""));
        const int64_t total = ceil_div(lanes, block) * rows * (device.is_cpu_class() ? 1 : block);
        const int64_t chunk = chunk_for(device, total, 16);
        items_ = ceil_div(total, chunk);
        function_.set(4, to_int(total));
        function_.set(5, to_int(chunk));
        function_.set(6, to_int(lanes));
        function_.set(7, to_int(rows));
    }
    void launch(Queue &queue, const Launch &launch) override {
        function_.set(0, launch.operands[0]);
        function_.set(2, launch.operands[1]);
        function_.launch_items(queue, items_);
    }

  private:
    int64_t items_ = 1;
    Function function_;
};

// "const int d0 = ..., d1 = ...": the logical index of memory element i of a layout, and `inside`,
// whether it is no padding.
std::string logical_of(const Layout &layout, int rank) {
    std::string out = "int rest = i;\n";
    for (int b = layout.block_count - 1; b >= 0; --b) {
        const int size = layout.blocks[static_cast<size_t>(b)].size;
        out += text("const int b", b, " = rest % ", size, "; rest /= ", size, ";\n");
    }
    std::string inside = "true";
    for (int at = kMaxRank - 1; at >= 0; --at) {
        const int axis = layout.order[static_cast<size_t>(at)];
        if (axis >= rank) continue;
        const int64_t block = layout.block_of(axis);
        const std::string blocks = text("((s", axis, " + ", block - 1, ") / ", block, ")");
        std::string value = text("rest % ", blocks);
        for (int b = 0; b < layout.block_count; ++b) {
            const auto &cut = layout.blocks[static_cast<size_t>(b)];
            if (cut.axis == axis) value = text("(", value, ") * ", cut.size, " + b", b);
        }
        out += text("const int d", axis, " = ", value, "; rest /= ", blocks, ";\n");
        inside += text(" && d", axis, " < s", axis);
    }
    return text(out, "const bool inside = ", inside, ";\n");
}

// The memory element of logical index d0, d1, ... in a layout.
std::string index_in(const Layout &layout, int rank) {
    std::string out = "0";
    for (const int axis : layout.order) {
        if (axis >= rank) continue;
        const int64_t block = layout.block_of(axis);
        out = text("(", out, ") * ((s", axis, " + ", block - 1, ") / ", block, ") + d", axis, " / ",
                   block);
    }
    for (int b = 0; b < layout.block_count; ++b) {
        const auto &cut = layout.blocks[static_cast<size_t>(b)];
        int64_t within = 1;
        for (int later = b + 1; later < layout.block_count; ++later) {
            const auto &inner = layout.blocks[static_cast<size_t>(later)];
            if (inner.axis == cut.axis) within *= inner.size;
        }
        out = text("(", out, ") * ", cut.size, " + d", static_cast<int>(cut.axis), " / ", within,
                   " % ", cut.size);
    }
    return out;
}

std::string source_of(const Layout &from, const Layout &to, int rank) {
    std::string sizes;
    for (int axis = 0; axis < rank; ++axis) sizes += text(", int s", axis);
    return text(
        "ITEMS __kernel void reorder(__global const TYPE *x, long x_offset, __global TYPE *y, "
        "long y_offset, int total, int chunk",
        sizes, ") {\nx += x_offset;\ny += y_offset;\nITEM_RANGE(total, chunk)\n",
        "for (int i = begin; i < end; ++i) {\n", logical_of(to, rank), "y[i] = inside ? x[",
        index_in(from, rank), "] : 0;\n}\n}\n");
}

const char *type_name(Type type) {
    switch (type) {
        case Type::i32:
            return "int";
        case Type::u8:
            return "uchar";
        case Type::wide:
            return "long";  // two floats, moved as one
        case Type::real:
            break;
    }
    return "float";
}

class GeneralKernel final : public Kernel {
  public:
    GeneralKernel(OpenClDevice &device, const Tensor &tensor, const Layout &from, const Layout &to)
        : tensor_(tensor), to_(to), element_bytes_(size_of(tensor.type, 4)) {
        const std::string options =
            text(class_options(device, false), " -DTYPE=", type_name(tensor.type));
        function_ = Function(
            device,
            device.programs().source("reorder", source_of(from, to, tensor.shape.rank), options),
            "reorder");
        chunk_ = chunk_for(device, to.elements(tensor.shape), 512);
    }

    void launch(Queue &queue, const Launch &launch) override {
        Shape shape = tensor_.shape;
        if (tensor_.batched) shape[0] = launch.n;
        const int64_t total = to_.elements(shape);
        if (total == 0) return;
        function_.set(0, launch.operands[0], element_bytes_);
        function_.set(2, launch.operands[1], element_bytes_);
        function_.set(4, to_int(total));
        function_.set(5, to_int(chunk_));
        for (int axis = 0; axis < shape.rank; ++axis) {
            function_.set(static_cast<cl_uint>(6 + axis), to_int(shape[axis]));
        }
        function_.launch_items(queue, ceil_div(total, chunk_));
    }

  private:
    Tensor tensor_;
    Layout to_;
    int64_t element_bytes_;
    int64_t chunk_ = 1;
    Function function_;
};

}  // namespace

std::unique_ptr<Kernel> prepare_reorder(OpenClDevice &device, const FusedOp &group,
                                        const Candidate &candidate) {
    const Tensor &tensor = group.tensors[0];
    const Layout &from = candidate.layouts[0], &to = candidate.layouts[1];
    if (to.filters != FilterForm::taps) return std::make_unique<WinogradKernel>(device, tensor, to);
    const bool by_tiles =
        device.is_cpu_class() && tensor.type == Type::real && tensor.shape.rank > 0 &&
        ((from.is_plain() && is_blocked(to)) || (is_blocked(from) && to.is_plain()));
    if (by_tiles) return std::make_unique<TileKernel>(device, tensor, is_blocked(to));
    return std::make_unique<GeneralKernel>(device, tensor, from, to);
}

}  // namespace cnn::opencl

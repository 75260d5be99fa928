// Operations that move elements: dropout, concat, slice, reshape.
#include <algorithm>
#include <cmath>

#include "backend/opencl/expression_source.h"
#include "backend/opencl/operations.h"
#include "base/error.h"
#include "base/text.h"

namespace cnn::opencl {
namespace {

const Tensor &tensor_of(const FusedOp &group, TensorId id) {
    return group.tensors[static_cast<size_t>(id)];
}

class DropoutKernel final : public Kernel {
  public:
    DropoutKernel(OpenClDevice &device, const FusedOp &group, bool blocked)
        : attributes_(std::get<DropoutAttributes>(group.head().attributes)), blocked_(blocked) {
        x_ = group.head().inputs[0];
        y_ = group.head().outputs[0];
        tensor_ = tensor_of(group, y_);
        function_ =
            device.function("move.cl", "dropout", class_options(device, blocked) + " -DDROPOUT");
        const int64_t most = extent_of(tensor_, tensor_.shape[0], blocked).elements();
        chunk_ = chunk_for(device, most, blocked ? 64 : 512);
    }

    void launch(Queue &queue, const Launch &launch) override {
        const Extent extent = extent_of(tensor_, launch.n, blocked_);
        const int64_t total = extent.elements() / per_unit_;
        if (total == 0) return;
        // Uniform draws are multiples of 2^-24, so this compares as real numbers do.
        const int64_t threshold = static_cast<int64_t>(std::ceil(attributes_.rate * 0x1p24));
        function_.set(0, launch.operands[x_]);
        function_.set(2, launch.operands[y_]);
        function_.set(4, to_int(total));
        function_.set(5, to_int(chunk_));
        function_.set(6, to_int(extent.channels * extent.inner));
        function_.set(7, to_int(threshold));
        function_.set(8, static_cast<float>(1 / (1 - attributes_.rate)));
        function_.set(9, attributes_.seed);
        function_.set(10, (uint64_t{attributes_.stream} << 40) ^ launch.step);
        function_.launch_items(queue, ceil_div(total, chunk_));
    }

  private:
    DropoutAttributes attributes_;
    bool blocked_;
    TensorId x_ = 0, y_ = 0;
    Tensor tensor_;
    int64_t per_unit_ = 1;  // elements that share a draw
    int64_t chunk_ = 1;
    Function function_;
};

// Copies parts of rows, a row being a sample (or a block of them): concat and slice.
class PartsKernel final : public Kernel {
  public:
    PartsKernel(OpenClDevice &device, const FusedOp &group, bool blocked) : blocked_(blocked) {
        const Op &op = group.head();
        const TensorId y = op.outputs[0];
        const int64_t y_row = row_of(tensor_of(group, y));
        tensor_ = tensor_of(group, y);
        int64_t first = 0;
        for (const TensorId x : op.inputs) {
            Part part;
            const int64_t x_row = row_of(tensor_of(group, x));
            part.x = x;
            part.y = y;
            part.x_stride = x_row;
            part.y_stride = y_row;
            if (op.kind == OpKind::concat) {
                part.length = x_row;
                part.y_first = first;
                first += x_row;
            } else {
                part.length = y_row;
                part.x_first = std::get<SliceAttributes>(op.attributes).offset *
                               extent_of(tensor_, 1, false).inner;
            }
            const int64_t most = part.length * rows(tensor_.shape[0]);
            part.chunk = chunk_for(device, most, blocked ? 256 : 1024);
            part.function = device.function("move.cl", "copy_rows",
                                            class_options(device, blocked) + " -DCOPY_ROWS");
            parts_.push_back(std::move(part));
        }
    }

    void launch(Queue &queue, const Launch &launch) override {
        for (Part &part : parts_) {
            const int64_t total = rows(launch.n) * part.length;
            if (total == 0) continue;
            part.function.set(0, launch.operands[part.x]);
            part.function.set(2, launch.operands[part.y]);
            cl_uint index = 4;
            for (const int64_t value : {total, part.chunk, part.length, part.x_stride, part.x_first,
                                        part.y_stride, part.y_first}) {
                part.function.set(index++, to_int(value));
            }
            part.function.launch_items(queue, ceil_div(total, part.chunk));
        }
    }

  private:
    struct Part {
        TensorId x = 0, y = 0;
        int64_t length = 0, x_stride = 0, x_first = 0, y_stride = 0, y_first = 0, chunk = 1;
        Function function;
    };

    static int64_t row_of(const Tensor &tensor) { return tensor.shape.elements_after(0); }
    int64_t rows(int64_t n) const { return extent_of(tensor_, n, blocked_).samples; }

    bool blocked_;
    Tensor tensor_;
    std::vector<Part> parts_;
};

// Its output is its input's memory; copies where a caller gives it another.
class ReshapeKernel final : public Kernel {
  public:
    ReshapeKernel(const FusedOp &group, const Layout &layout)
        : x_(group.head().inputs[0]),
          y_(group.head().outputs[0]),
          tensor_(tensor_of(group, x_)),
          layout_(layout) {}

    void launch(Queue &queue, const Launch &launch) override {
        const Ref x = launch.operands[x_], y = launch.operands[y_];
        if (x.buffer == y.buffer && x.offset == y.offset) return;
        Shape shape = tensor_.shape;
        if (tensor_.batched) shape[0] = launch.n;
        queue.copy(y, x, layout_.elements(shape) * size_of(tensor_.type, 4));
    }

  private:
    TensorId x_, y_;
    Tensor tensor_;
    Layout layout_;
};

}  // namespace

void move_candidates(const OpenClDevice &device, const FusedOp &group, Candidates &out) {
    if (!fits(group) || group.ops.size() != 1) return;
    const Op &op = group.head();
    const Tensor &x = tensor_of(group, op.inputs[0]);
    const double elements = static_cast<double>(tensor_of(group, op.outputs[0]).shape.elements());
    const double work = elements * (op.kind == OpKind::dropout ? 100 : 4);
    const auto add = [&](bool blocked, double efficiency) {
        Candidate candidate;
        candidate.algorithm = text(name_of(op.kind), blocked ? "_n16" : "");
        const Layout layout = blocked ? Layout::blocked(0, OpenClDevice::kLanes) : Layout::plain();
        candidate.layouts.assign(static_cast<size_t>(group.operands()), layout);
        const double padding = blocked ? padding_of(x) : 1;
        candidate.seconds =
            device.predict(work * padding, bytes_of(group, 4) * padding, efficiency);
        candidate.seconds += device.launch_seconds() * static_cast<double>(op.inputs.size() - 1);
        candidate.in_place = op.kind == OpKind::dropout;
        if (op.kind == OpKind::reshape) {
            candidate.alias = true;
            candidate.seconds = 0;
        }
        out.push_back(std::move(candidate));
    };
    add(false, device.is_cpu_class() ? 0.03 : 0.1);
    if (device.is_cpu_class() && x.batched) add(true, 0.3);
}

std::unique_ptr<Kernel> prepare_move(OpenClDevice &device, const FusedOp &group,
                                     const Candidate &candidate) {
    const bool blocked = is_blocked(candidate.layouts[0]);
    switch (group.head().kind) {
        case OpKind::dropout:
            return std::make_unique<DropoutKernel>(device, group, blocked);
        case OpKind::reshape:
            return std::make_unique<ReshapeKernel>(group, candidate.layouts[0]);
        default:
            return std::make_unique<PartsKernel>(device, group, blocked);
    }
}

}  // namespace cnn::opencl

// Pooling: maxima and averages over windows, both directions; a program a window.
#include <algorithm>
#include <array>

#include "backend/opencl/expression_source.h"
#include "backend/opencl/operations.h"
#include "base/text.h"

namespace cnn::opencl {
namespace {

const char *option_of(OpKind kind) {
    switch (kind) {
        case OpKind::max_pool:
            return " -DMAX_POOL";
        case OpKind::max_pool_backward:
            return " -DMAX_POOL_BACKWARD";
        case OpKind::max_pool_tangent:
            return " -DMAX_POOL_TANGENT";
        case OpKind::average_pool:
            return " -DAVERAGE_POOL";
        default:
            return " -DAVERAGE_POOL_BACKWARD";
    }
}

bool is_backward(OpKind kind) {
    return kind == OpKind::max_pool_backward || kind == OpKind::average_pool_backward;
}

// The tensors on the input's and on the output's side; backward writes the former.
struct Sides {
    const Tensor &input, &output;
};

Sides sides_of(const FusedOp &group) {
    const Op &op = group.head();
    const auto at = [&](TensorId id) -> const Tensor & {
        return group.tensors[static_cast<size_t>(id)];
    };
    if (is_backward(op.kind)) return {at(op.outputs[0]), at(op.inputs[0])};
    return {at(op.inputs[0]), at(op.outputs[0])};
}

std::array<int64_t, 3> sizes_of(const Tensor &tensor) {
    std::array<int64_t, 3> sizes{1, 1, 1};
    for (int axis = 2; axis < tensor.shape.rank && axis < 5; ++axis) {
        sizes[static_cast<size_t>(axis - 2)] = tensor.shape[axis];
    }
    return sizes;
}

std::string window_options(const PoolAttributes &attributes, const Sides &sides) {
    const Window &w = attributes.window;
    const auto in = sizes_of(sides.input), out = sizes_of(sides.output);
    std::string options;
    bool clip = false;
    for (size_t a = 0; a < 3; ++a) {
        const bool used = a < static_cast<size_t>(w.spatial);
        const int64_t kernel = used ? w.kernel[a] : 1, stride = used ? w.stride[a] : 1;
        const int64_t dilation = used ? w.dilation[a] : 1;
        const int64_t pad = used ? w.pad_begin[a] : 0, pad_end = used ? w.pad_end[a] : 0;
        options += text(" -DK", a, "=", kernel, " -DS", a, "=", stride, " -DD", a, "=", dilation,
                        " -DP", a, "=", pad, " -DE", a, "=", pad_end);
        clip = clip || pad > 0 || (out[a] - 1) * stride + (kernel - 1) * dilation >= in[a];
    }
    return text(options, " -DCLIP=", clip ? 1 : 0,
                " -DINCLUDE_PADDING=", attributes.include_padding ? 1 : 0);
}

class PoolKernel final : public Kernel {
  public:
    PoolKernel(OpenClDevice &device, const FusedOp &group, bool blocked) : blocked_(blocked) {
        const Op &op = group.head();
        const Sides sides = sides_of(group);
        input_ = sizes_of(sides.input);
        output_ = sizes_of(sides.output);
        written_ = is_backward(op.kind) ? sides.input : sides.output;
        by_plane_ = device.is_cpu_class() && op.kind == OpKind::max_pool_backward;
        for (const TensorId id : op.inputs) order_.push_back(id);
        for (const TensorId id : op.outputs) order_.push_back(id);
        function_ =
            device.function("pool.cl", "pool",
                            text(class_options(device, blocked), option_of(op.kind),
                                 window_options(std::get<PoolAttributes>(op.attributes), sides)));
        const int64_t most = units(written_.shape[0]);
        chunk_ = chunk_for(device, most, by_plane_ ? 1 : blocked ? 64 : 512);
    }

    void launch(Queue &queue, const Launch &launch) override {
        const int64_t total = units(launch.n);
        if (total == 0) return;
        cl_uint index = 0;
        for (const TensorId id : order_) {
            function_.set(index, launch.operands[id]);
            index += 2;
        }
        function_.set(index++, to_int(total));
        function_.set(index++, to_int(chunk_));
        for (const int64_t size : input_) function_.set(index++, to_int(size));
        for (const int64_t size : output_) function_.set(index++, to_int(size));
        function_.launch_items(queue, ceil_div(total, chunk_));
    }

  private:
    int64_t units(int64_t n) const {
        const Extent extent = extent_of(written_, n, blocked_);
        return by_plane_ ? extent.rows() : extent.elements();
    }

    bool blocked_, by_plane_ = false;
    std::vector<TensorId> order_;
    std::array<int64_t, 3> input_{}, output_{};
    Tensor written_;
    int64_t chunk_ = 1;
    Function function_;
};

}  // namespace

void pool_candidates(const OpenClDevice &device, const FusedOp &group, Candidates &out) {
    if (!fits(group) || group.ops.size() != 1) return;
    const Op &op = group.head();
    const Sides sides = sides_of(group);
    const Window &window = std::get<PoolAttributes>(op.attributes).window;
    double taps = 1;
    for (int a = 0; a < window.spatial; ++a) {
        taps *= static_cast<double>(window.kernel[static_cast<size_t>(a)]);
    }
    const double work = static_cast<double>(sides.output.shape.elements()) * taps *
                        (op.inputs.size() > 1 || is_backward(op.kind) ? 6 : 3);
    const auto add = [&](const char *algorithm, bool blocked, double efficiency) {
        Candidate candidate;
        candidate.algorithm = algorithm;
        const Layout layout = blocked ? Layout::blocked(0, OpenClDevice::kLanes) : Layout::plain();
        candidate.layouts.assign(static_cast<size_t>(group.operands()), layout);
        const double padding = blocked ? padding_of(sides.input) : 1;
        candidate.seconds =
            device.predict(work * padding, bytes_of(group, 4) * padding, efficiency);
        out.push_back(std::move(candidate));
    };
    add("pool", false, device.is_cpu_class() ? 0.01 : 0.1);
    if (device.is_cpu_class() && sides.input.batched) add("pool_n16", true, 0.15);
}

std::unique_ptr<Kernel> prepare_pool(OpenClDevice &device, const FusedOp &group,
                                     const Candidate &candidate) {
    return std::make_unique<PoolKernel>(device, group, is_blocked(candidate.layouts[0]));
}

}  // namespace cnn::opencl

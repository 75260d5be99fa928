// Softmax, alone, backward, and with cross-entropy.
#include <algorithm>

#include "backend/opencl/expression_source.h"
#include "backend/opencl/operations.h"
#include "base/text.h"

namespace cnn::opencl {
namespace {

const Tensor &tensor_of(const FusedOp &group, TensorId id) {
    return group.tensors[static_cast<size_t>(id)];
}

bool has_labels(const FusedOp &group) {
    return tensor_of(group, group.head().inputs[1]).type == Type::i32;
}

std::string options_of(const FusedOp &group) {
    const Op &op = group.head();
    if (op.kind == OpKind::softmax) return " -DSOFTMAX";
    if (op.kind == OpKind::softmax_backward) return " -DSOFTMAX_BACKWARD";
    return text(" -DCROSS_ENTROPY", has_labels(group) ? " -DLABELS" : "",
                op.inputs[2] != kNoTensor ? " -DWEIGHTS" : "",
                op.outputs[2] != kNoTensor ? " -DGRADIENT" : "");
}

class SoftmaxKernel final : public Kernel {
  public:
    SoftmaxKernel(OpenClDevice &device, const FusedOp &group, bool blocked)
        : cross_entropy_(group.head().kind == OpKind::softmax_cross_entropy), blocked_(blocked) {
        const Op &op = group.head();
        x_ = tensor_of(group, op.inputs[0]);
        if (cross_entropy_) attributes_ = std::get<CrossEntropyAttributes>(op.attributes);
        for (const auto &list : {op.inputs, op.outputs}) {
            std::copy_if(list.begin(), list.end(), std::back_inserter(order_),
                         [](TensorId id) { return id != kNoTensor; });
        }
        function_ = device.function("softmax.cl", "softmax",
                                    class_options(device, blocked) + options_of(group));
        const Extent most = extent(x_.shape[0]);
        chunk_ = chunk_for(device, most.samples * most.inner,
                           ceil_div(blocked ? 32 : 256, most.channels));
    }

    void launch(Queue &queue, const Launch &launch) override {
        const Extent now = extent(launch.n);
        const int64_t total = now.samples * now.inner;
        if (total == 0) return;
        cl_uint index = 0;
        for (const TensorId id : order_) {
            function_.set(index, launch.operands[id]);
            index += 2;
        }
        function_.set(index++, to_int(total));
        function_.set(index++, to_int(chunk_));
        function_.set(index++, to_int(now.channels));
        function_.set(index++, to_int(now.inner));
        if (cross_entropy_) {
            function_.set(index++, to_int(launch.n));
            function_.set(
                index++, static_cast<float>(attributes_.factor * launch.scalars[attributes_.slot]));
        }
        function_.launch_items(queue, ceil_div(total, chunk_));
    }

  private:
    Extent extent(int64_t n) const { return extent_of(x_, n, blocked_); }

    bool cross_entropy_, blocked_;
    Tensor x_;
    CrossEntropyAttributes attributes_;
    std::vector<TensorId> order_;
    int64_t chunk_ = 1;
    Function function_;
};

}  // namespace

void softmax_candidates(const OpenClDevice &device, const FusedOp &group, Candidates &out) {
    if (!fits(group) || group.ops.size() != 1) return;
    const Tensor &x = tensor_of(group, group.head().inputs[0]);
    const double work = static_cast<double>(x.shape.elements()) * 40;
    const auto add = [&](const char *algorithm, bool blocked, double efficiency) {
        Candidate candidate;
        candidate.algorithm = algorithm;
        const Layout layout = blocked ? Layout::blocked(0, OpenClDevice::kLanes) : Layout::plain();
        candidate.layouts.assign(static_cast<size_t>(group.operands()), layout);
        const double padding = blocked ? padding_of(x) : 1;
        candidate.seconds =
            device.predict(work * padding, bytes_of(group, 4) * padding, efficiency);
        out.push_back(std::move(candidate));
    };
    add("softmax", false, 0.02);
    if (device.is_cpu_class() && x.batched) add("softmax_n16", true, 0.2);
}

std::unique_ptr<Kernel> prepare_softmax(OpenClDevice &device, const FusedOp &group,
                                        const Candidate &candidate) {
    return std::make_unique<SoftmaxKernel>(device, group, is_blocked(candidate.layouts[0]));
}

}  // namespace cnn::opencl

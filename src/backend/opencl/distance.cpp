// Squared distances of samples to centres, and both gradients.
#include "backend/opencl/expression_source.h"
#include "backend/opencl/operations.h"
#include "base/text.h"

namespace cnn::opencl {
namespace {

const Tensor &tensor_of(const FusedOp &group, TensorId id) {
    return group.tensors[static_cast<size_t>(id)];
}

const char *options_of(OpKind kind) {
    switch (kind) {
        case OpKind::distance:
            return " -DFORWARD";
        case OpKind::distance_tangent:
            return " -DTANGENT";
        case OpKind::distance_backward_data:
            return " -DDATA";
        default:
            return " -DWEIGHTS";
    }
}

class DistanceKernel final : public Kernel {
  public:
    DistanceKernel(OpenClDevice &device, const FusedOp &group, bool blocked)
        : kind_(group.head().kind), blocked_(blocked) {
        const Op &op = group.head();
        const bool tangent = kind_ == OpKind::distance_tangent;
        const size_t first = tangent || kind_ == OpKind::distance ? 0 : 1;
        x_ = op.inputs[first];
        c_ = op.inputs[first + 1];
        // Arguments that a form doesn't read want some memory all the same.
        dy_ = tangent ? op.inputs[2] : first == 0 ? x_ : op.inputs[0];
        dc_ = tangent ? op.inputs[3] : c_;
        out_ = op.outputs[0];
        const Shape &centers = tensor_of(group, c_).shape;
        units_ = centers[0];
        elements_ = centers.elements_after(0);
        function_ = device.function("distance.cl", "distances",
                                    class_options(device, blocked) + options_of(kind_));
        chunk_ = chunk_for(device, total(samples(tensor_of(group, x_).shape[0])),
                           ceil_div(blocked ? 64 : 512, 1 + elements_));
    }

    void launch(Queue &queue, const Launch &launch) override {
        const int64_t n = samples(launch.n), items = total(n);
        if (items == 0) return;
        cl_uint index = 0;
        for (const TensorId id : {dy_, x_, c_, dc_, out_}) {
            function_.set(index, launch.operands[id]);
            index += 2;
        }
        for (const int64_t value : {items, chunk_, n, units_, elements_})
            function_.set(index++, to_int(value));
        function_.launch_items(queue, ceil_div(items, chunk_));
    }

  private:
    int64_t samples(int64_t n) const { return blocked_ ? ceil_div(n, OpenClDevice::kLanes) : n; }
    int64_t total(int64_t n) const {
        switch (kind_) {
            case OpKind::distance:
            case OpKind::distance_tangent:
                return n * units_;
            case OpKind::distance_backward_data:
                return n * elements_;
            default:
                return units_ * elements_;
        }
    }

    OpKind kind_;
    bool blocked_;
    TensorId dy_ = 0, x_ = 0, c_ = 0, dc_ = 0, out_ = 0;
    int64_t units_ = 1, elements_ = 1, chunk_ = 1;
    Function function_;
};

}  // namespace

void distance_candidates(const OpenClDevice &device, const FusedOp &group, Candidates &out) {
    if (!fits(group) || group.ops.size() != 1) return;
    const auto add = [&](bool blocked, double efficiency) {
        Candidate candidate;
        candidate.algorithm = text(name_of(group.head().kind), blocked ? "_n16" : "");
        double padding = 1;
        for (int32_t i = 0; i < group.operands(); ++i) {
            const Tensor &tensor = tensor_of(group, i);
            const bool lanes = blocked && tensor.batched;
            candidate.layouts.push_back(lanes ? Layout::blocked(0, OpenClDevice::kLanes)
                                              : Layout::plain());
            if (lanes) padding = padding_of(tensor);
        }
        candidate.seconds =
            device.predict(flops_of(group) * padding, bytes_of(group, 4) * padding, efficiency);
        out.push_back(std::move(candidate));
    };
    add(false, device.is_cpu_class() ? 0.03 : 0.1);
    if (device.is_cpu_class()) add(true, 0.3);
}

std::unique_ptr<Kernel> prepare_distance(OpenClDevice &device, const FusedOp &group,
                                         const Candidate &candidate) {
    return std::make_unique<DistanceKernel>(device, group, candidate.algorithm.ends_with("_n16"));
}

}  // namespace cnn::opencl

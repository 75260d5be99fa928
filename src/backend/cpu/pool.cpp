// Max and average pooling in all three layouts.
#include "backend/cpu/pool.h"

#include "backend/cpu/operations.h"
#include "backend/cpu/view.h"

namespace cnn::cpu {

namespace {

bool is_backward(OpKind kind) {
    return kind == OpKind::max_pool_backward || kind == OpKind::average_pool_backward;
}

// The unpooled tensor and the pooled one.
const Tensor &large_of(const FusedOp &op) {
    const Op &head = op.head();
    const TensorId id = is_backward(head.kind) ? head.outputs[0] : head.inputs[0];
    return op.tensors[static_cast<size_t>(id)];
}
const Tensor &small_of(const FusedOp &op) {
    const Op &head = op.head();
    const TensorId id = is_backward(head.kind) ? head.inputs[0] : head.outputs[0];
    return op.tensors[static_cast<size_t>(id)];
}

PoolGeometry geometry_of(const FusedOp &op) {
    const auto &attributes = std::get<PoolAttributes>(op.head().attributes);
    const Window &window = attributes.window;
    const Shape &large = large_of(op).shape, &small = small_of(op).shape;
    PoolGeometry g{};
    g.include_padding = attributes.include_padding;
    const int missing = 3 - window.spatial;
    for (int i = 0; i < 3; ++i) {
        const bool there = i >= missing;
        const auto w = static_cast<size_t>(there ? i - missing : 0);
        const int axis = 2 + i - missing;
        g.in[i] = there ? large[axis] : 1;
        g.out[i] = there ? small[axis] : 1;
        g.kernel[i] = there ? window.kernel[w] : 1;
        g.stride[i] = there ? window.stride[w] : 1;
        g.dilation[i] = there ? window.dilation[w] : 1;
        g.pad_begin[i] = there ? window.pad_begin[w] : 0;
        g.pad_end[i] = there ? window.pad_end[w] : 0;
    }
    g.halves = g.in[0] == 1 && g.kernel[0] == 1 && g.out[0] == 1;
    for (int i = 1; i < 3; ++i) {
        g.halves = g.halves && g.kernel[i] == 2 && g.stride[i] == 2 && g.dilation[i] == 1 &&
                   g.pad_begin[i] == 0 && g.out[i] == g.in[i] / 2;
    }
    return g;
}

double predicted_seconds(const Machine &machine, const FusedOp &op, Form form, double pixels) {
    const auto &window = std::get<PoolAttributes>(op.head().attributes).window;
    double taps = 1;
    for (size_t i = 0; i < static_cast<size_t>(window.spatial); ++i) {
        taps *= static_cast<double>(window.kernel[i]);
    }
    // A tap costs a few cycles: of a vector, or of one float.
    const double lanes = form == Form::plain ? 1 : machine.width();
    // One float at a time it also branches on what cannot be foreseen.
    const double cycles = (op.head().inputs.size() > 1 || is_backward(op.head().kind) ? 5 : 2) *
                          (form == Form::plain ? 3 : 1);
    return pixels / lanes * (taps * cycles + 8) / 3.5e9;
}

void candidates(const Machine &machine, const FusedOp &op, std::vector<Candidate> &out) {
    for (Form form : forms_of(large_of(op))) {
        const Layout layout = layout_of(machine, form);
        Candidate candidate;
        candidate.algorithm = form == Form::n_blocked   ? "vector_n"
                              : form == Form::c_blocked ? "vector_c"
                                                        : "plain";
        candidate.layouts.assign(static_cast<size_t>(op.operands()), layout);
        double bytes = 0;
        for (const Tensor &tensor : op.tensors) bytes += bytes_in(tensor, layout);
        const auto pixels = static_cast<double>(layout.elements(small_of(op).shape));
        candidate.seconds =
            Machine::kLaunchSeconds +
            std::max(predicted_seconds(machine, op, form, pixels), machine.seconds_of_bytes(bytes));
        out.push_back(std::move(candidate));
    }
}

class PoolKernel final : public Kernel {
  public:
    PoolKernel(Machine &machine, const FusedOp &op, const Candidate &candidate)
        : machine_(machine),
          geometry_(geometry_of(op)),
          head_(op.head()),
          small_(small_of(op)),
          form_(form_of(machine, candidate.layouts[0]).value_or(Form::plain)),
          seconds_per_sample_(candidate.seconds /
                              static_cast<double>(std::max<int64_t>(small_.shape[0], 1))) {}

    void launch(Queue &, const Launch &launch) override {
        const View view = view_of(machine_, form_, small_, launch.n);
        const bool lanes = form_ != Form::plain;
        const int64_t planes = view.count / (view.spatial * (lanes ? machine_.width() : 1));
        const float *const first = operand(launch, head_.inputs[0]);
        const float *const second =
            head_.inputs.size() > 1 ? operand(launch, head_.inputs[1]) : nullptr;
        float *const output = operand(launch, head_.outputs[0]);
        const PoolKernels &kernels = *machine_.simd.pool;
        for_ranges(machine_, planes, seconds_per_sample_ * static_cast<double>(launch.n),
                   [&](int64_t begin, int64_t end) {
                       run(kernels, lanes, first, second, output, begin, end);
                   });
    }

  private:
    void run(const PoolKernels &kernels, bool lanes, const float *first, const float *second,
             float *output, int64_t begin, int64_t end) const {
        switch (head_.kind) {
            case OpKind::max_pool:
                return kernels.max(geometry_, lanes, first, output, begin, end);
            case OpKind::max_pool_backward:
                return kernels.max_backward(geometry_, lanes, first, second, output, begin, end);
            case OpKind::max_pool_tangent:
                return kernels.max_tangent(geometry_, lanes, first, second, output, begin, end);
            case OpKind::average_pool:
                return kernels.average(geometry_, lanes, first, output, begin, end);
            default:
                return kernels.average_backward(geometry_, lanes, first, output, begin, end);
        }
    }

    Machine &machine_;
    PoolGeometry geometry_;
    Op head_;
    Tensor small_;
    Form form_;
    double seconds_per_sample_;
};

std::unique_ptr<Kernel> prepare(Machine &machine, const FusedOp &op, const Candidate &candidate) {
    return std::make_unique<PoolKernel>(machine, op, candidate);
}

}  // namespace

const Implementation kPool = {candidates, prepare};

}  // namespace cnn::cpu

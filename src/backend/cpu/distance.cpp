// Squared distances of samples to centres, and their gradients.
#include "backend/cpu/distance.h"

#include "backend/cpu/operations.h"
#include "backend/cpu/view.h"

namespace cnn::cpu {

namespace {

// The parts of a distance or of one of its gradients.
struct Parts {
    TensorId dy = kNoTensor, x = 0, c = 0, dx = kNoTensor, dc = kNoTensor, out;

    explicit Parts(const Op &op) : out(op.outputs[0]) {
        const bool tangent = op.kind == OpKind::distance_tangent;
        const size_t first = tangent || op.kind == OpKind::distance ? 0 : 1;
        x = op.inputs[first];
        c = op.inputs[first + 1];
        if (first == 1) dy = op.inputs[0];
        if (!tangent) return;
        dx = op.inputs[2];
        dc = op.inputs[3];
    }
};

void add_candidate(const Machine &machine, const FusedOp &op, Form form, double efficiency,
                   std::vector<Candidate> &out) {
    Candidate candidate;
    candidate.algorithm = form == Form::plain ? "rows" : "vector_n";
    double bytes = 0;
    for (int32_t i = 0; i < op.operands(); ++i) {
        const Tensor &tensor = op.tensors[static_cast<size_t>(i)];
        candidate.layouts.push_back(tensor.batched ? layout_of(machine, form) : Layout::plain());
        bytes += bytes_in(tensor, candidate.layouts.back());
    }
    const Tensor &x = op.tensors[static_cast<size_t>(Parts(op.head()).x)];
    const double padding = static_cast<double>(candidate.layouts[0].elements(x.shape)) /
                           static_cast<double>(std::max<int64_t>(x.shape.elements(), 1));
    const double compute = flops_of(op) * (form == Form::plain ? 1 : padding) /
                           (machine.flops_per_second * efficiency);
    candidate.seconds =
        Machine::kLaunchSeconds + std::max(compute, machine.seconds_of_bytes(bytes));
    out.push_back(std::move(candidate));
}

void distance_candidates(const Machine &machine, const FusedOp &op, std::vector<Candidate> &out) {
    // Rows shorter than a vector leave its lanes empty.
    const Tensor &c = op.tensors[static_cast<size_t>(Parts(op.head()).c)];
    const auto elements = static_cast<double>(c.shape.elements_after(0));
    add_candidate(machine, op, Form::plain, 0.2 * elements / (elements + machine.width()), out);
    add_candidate(machine, op, Form::n_blocked, 0.5, out);
}

class DistanceRunner final : public Kernel {
  public:
    DistanceRunner(Machine &machine, const FusedOp &op, const Candidate &candidate)
        : machine_(machine),
          kind_(op.head().kind),
          parts_(op.head()),
          blocked_(candidate.algorithm != "rows") {
        const Tensor &x = op.tensors[static_cast<size_t>(parts_.x)];
        const Shape &c = op.tensors[static_cast<size_t>(parts_.c)].shape;
        units_ = c[0];
        elements_ = c.elements_after(0);
        seconds_per_sample_ =
            candidate.seconds / static_cast<double>(std::max<int64_t>(x.shape[0], 1));
    }

    void launch(Queue &, const Launch &launch) override {
        DistanceArguments a{};
        if (parts_.dy != kNoTensor) a.dy = operand(launch, parts_.dy);
        if (parts_.dx != kNoTensor) a.dx = operand(launch, parts_.dx);
        if (parts_.dc != kNoTensor) a.dc = operand(launch, parts_.dc);
        a.x = operand(launch, parts_.x);
        a.c = operand(launch, parts_.c);
        a.out = operand(launch, parts_.out);
        a.n = launch.n;
        a.units = units_;
        a.elements = elements_;
        const DistanceKernel run = kernel();
        const bool weights = kind_ == OpKind::distance_backward_weights;
        const int64_t outer = weights ? 1 : blocked_ ? divide_up(a.n, machine_.width()) : a.n;
        const bool backward = weights || kind_ == OpKind::distance_backward_data;
        const int64_t inner = backward ? elements_ : units_;
        const int64_t tiles = divide_up(inner, kTile);
        for_ranges(machine_, outer * tiles, seconds_per_sample_ * static_cast<double>(a.n),
                   [&](int64_t begin, int64_t end) {
                       for (int64_t i = begin; i < end; ++i) {
                           // A tile's part of the centres serves all samples while it is near.
                           const int64_t first = i / outer * kTile;
                           run(a, i % outer, first, std::min(first + kTile, inner));
                       }
                   });
    }

  private:
    // Units or elements that a call takes; a multiple of every vector's width.
    static constexpr int64_t kTile = 64;

    DistanceKernel kernel() const {
        const DistanceKernels &k = *machine_.simd.distance;
        switch (kind_) {
            case OpKind::distance:
                return blocked_ ? k.block : k.row;
            case OpKind::distance_tangent:
                return blocked_ ? k.block_tangent : k.row_tangent;
            case OpKind::distance_backward_data:
                return blocked_ ? k.block_data : k.row_data;
            default:
                return blocked_ ? k.block_weights : k.row_weights;
        }
    }

    Machine &machine_;
    OpKind kind_;
    Parts parts_;
    bool blocked_;
    int64_t units_ = 0, elements_ = 0;
    double seconds_per_sample_ = 0;
};

std::unique_ptr<Kernel> prepare_distance(Machine &machine, const FusedOp &op,
                                         const Candidate &candidate) {
    return std::make_unique<DistanceRunner>(machine, op, candidate);
}

}  // namespace

const Implementation kDistance = {distance_candidates, prepare_distance};

}  // namespace cnn::cpu

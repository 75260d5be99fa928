// Softmax, its gradient and softmax cross-entropy, in plain layout and with samples in the lanes.
#include "backend/cpu/softmax.h"

#include "backend/cpu/operations.h"
#include "backend/cpu/view.h"

namespace cnn::cpu {

namespace {

// Cycles an element of each, mostly the exponential's.
constexpr double kCycles = 25, kCyclesBackward = 6;

void add_candidate(const Machine &machine, const FusedOp &op, Form form, const Tensor &logits,
                   double cycles, std::vector<Candidate> &out) {
    Candidate candidate;
    candidate.algorithm = form == Form::plain ? "plain" : "vector_n";
    double bytes = 0;
    for (int32_t i = 0; i < op.operands(); ++i) {
        const Tensor &tensor = op.tensors[static_cast<size_t>(i)];
        const bool like = tensor.shape.rank == logits.shape.rank && tensor.type == Type::real;
        candidate.layouts.push_back(like ? layout_of(machine, form) : Layout::plain());
        bytes += bytes_in(tensor, candidate.layouts.back());
    }
    const bool rows = form == Form::plain && logits.shape.elements_after(1) == 1;
    const auto count = static_cast<double>(layout_of(machine, form).elements(logits.shape));
    const double classes = static_cast<double>(std::max<int64_t>(logits.shape[1], 1));
    // Rows work in whole vectors, and sum across their lanes once each.
    const double padded = rows ? count * (1 + machine.width() / classes) : count;
    const double compute =
        padded / machine.width() * cycles / 3.5e9 + count / classes * (rows ? 10e-9 : 0);
    candidate.seconds =
        Machine::kLaunchSeconds + std::max(compute, machine.seconds_of_bytes(bytes));
    out.push_back(std::move(candidate));
}

void add_candidates(const Machine &machine, const FusedOp &op, double cycles,
                    std::vector<Candidate> &out) {
    const Tensor &logits = op.tensors[static_cast<size_t>(op.head().inputs[0])];
    add_candidate(machine, op, Form::plain, logits, cycles, out);
    if (logits.batched && logits.shape.rank > 1) {
        add_candidate(machine, op, Form::n_blocked, logits, cycles, out);
    }
}

// One call of `row` or `column` for each distribution of a tensor.
struct Distributions {
    View view;
    int64_t width;

    Distributions(const Machine &machine, Form form, const Tensor &tensor, int64_t n)
        : view(view_of(machine, form, tensor, n)), width(machine.width()) {}

    bool rows() const { return view.form == Form::plain && view.spatial == 1; }
    int64_t stride() const {
        return view.form == Form::plain ? view.spatial : view.spatial * width;
    }
    // Vectors of places side by side in each outer step (a sample, or a block of them).
    int64_t columns() const {
        return view.form == Form::plain ? divide_up(view.spatial, width) : view.spatial;
    }
    int64_t outer() const { return view.form == Form::plain ? view.n : divide_up(view.n, width); }
    int64_t units() const { return rows() ? view.n : outer() * columns(); }
    int64_t offset(int64_t unit) const {
        if (rows()) return unit * view.channels;
        return unit / columns() * stride() * view.channels + unit % columns() * width;
    }
    int64_t lanes(int64_t unit) const {
        if (view.form != Form::plain) return width;
        return std::min(width, view.spatial - unit % columns() * width);
    }
};

class SoftmaxKernel final : public Kernel {
  public:
    SoftmaxKernel(Machine &machine, const FusedOp &op, const Candidate &candidate)
        : machine_(machine),
          head_(op.head()),
          tensor_(op.tensors[static_cast<size_t>(op.head().outputs[0])]),
          form_(form_of(machine, candidate.layouts[0]).value_or(Form::plain)),
          seconds_per_sample_(candidate.seconds /
                              static_cast<double>(std::max<int64_t>(tensor_.shape[0], 1))) {}

    void launch(Queue &, const Launch &launch) override {
        const Distributions d(machine_, form_, tensor_, launch.n);
        const bool backward = head_.kind == OpKind::softmax_backward;
        const float *const first = operand(launch, head_.inputs[0]);
        const float *const second = backward ? operand(launch, head_.inputs[1]) : nullptr;
        float *const output = operand(launch, head_.outputs[0]);
        for_ranges(machine_, d.units(), seconds_per_sample_ * static_cast<double>(launch.n),
                   [&](int64_t begin, int64_t end) {
                       for (int64_t i = begin; i < end; ++i) {
                           backward ? run_backward(d, i, first, second, output)
                                    : run(d, i, first, output);
                       }
                   });
    }

  private:
    void run(const Distributions &d, int64_t unit, const float *x, float *y) const {
        const SoftmaxKernels &k = *machine_.simd.softmax;
        const int64_t at = d.offset(unit), classes = d.view.channels;
        d.rows() ? k.row(x + at, y + at, classes)
                 : k.columns(x + at, y + at, classes, d.stride(), d.lanes(unit));
    }
    void run_backward(const Distributions &d, int64_t unit, const float *dy, const float *y,
                      float *dx) const {
        const SoftmaxKernels &k = *machine_.simd.softmax;
        const int64_t at = d.offset(unit), classes = d.view.channels;
        d.rows() ? k.row_backward(dy + at, y + at, dx + at, classes)
                 : k.columns_backward(dy + at, y + at, dx + at, classes, d.stride(), d.lanes(unit));
    }

    Machine &machine_;
    Op head_;
    Tensor tensor_;
    Form form_;
    double seconds_per_sample_;
};

std::unique_ptr<Kernel> prepare_softmax(Machine &machine, const FusedOp &op,
                                        const Candidate &candidate) {
    return std::make_unique<SoftmaxKernel>(machine, op, candidate);
}

class CrossEntropyKernel final : public Kernel {
  public:
    CrossEntropyKernel(Machine &machine, const FusedOp &op, const Candidate &candidate)
        : machine_(machine),
          head_(op.head()),
          attributes_(std::get<CrossEntropyAttributes>(op.head().attributes)),
          logits_(op.tensors[static_cast<size_t>(head_.inputs[0])]),
          labels_(op.tensors[static_cast<size_t>(head_.inputs[1])].type == Type::i32),
          form_(candidate.algorithm == "plain" ? Form::plain : Form::n_blocked),
          seconds_per_sample_(candidate.seconds /
                              static_cast<double>(std::max<int64_t>(logits_.shape[0], 1))) {}

    void launch(Queue &, const Launch &launch) override {
        const Distributions d(machine_, form_, logits_, launch.n);
        CrossEntropyArguments a{};
        a.logits = pointer(launch, head_.inputs, 0);
        if (labels_) {
            a.labels = operand<int32_t>(launch, head_.inputs[1]);
        } else {
            a.targets = pointer(launch, head_.inputs, 1);
        }
        a.weights = pointer(launch, head_.inputs, 2);
        a.loss = pointer(launch, head_.outputs, 0);
        a.correct = pointer(launch, head_.outputs, 1);
        a.gradient = pointer(launch, head_.outputs, 2);
        a.classes = d.view.channels;
        // Only the gradient is scaled; who wants none may bring no slots.
        const double share = a.gradient == nullptr ? 1 : launch.scalars[attributes_.slot];
        a.factor = static_cast<float>(attributes_.factor * share);
        const SoftmaxKernels &kernels = *machine_.simd.softmax;
        for_ranges(machine_, d.units(), seconds_per_sample_ * static_cast<double>(launch.n),
                   [&](int64_t begin, int64_t end) {
                       if (d.rows()) return kernels.cross_entropy_rows(a, begin, end);
                       for (int64_t i = begin; i < end; ++i)
                           kernels.cross_entropy_column(a, column(d, i));
                   });
    }

  private:
    CrossEntropyColumn column(const Distributions &d, int64_t unit) const {
        const int64_t places = d.view.spatial, width = machine_.width();
        const int64_t outer = unit / d.columns(), inner = unit % d.columns();
        CrossEntropyColumn c{};
        c.at = d.offset(unit);
        c.stride = d.stride();
        c.memory = d.lanes(unit);
        c.samples = form_ != Form::plain;
        if (c.samples) {
            c.sample = outer * width;
            c.lanes = std::min(width, d.view.n - c.sample);
            // Results of one place are [N], without lanes beyond.
            c.stored = places == 1 ? c.lanes : width;
            c.results = unit * width;
            c.label = c.sample * places + inner;
            c.label_step = places;
        } else {
            c.sample = outer;
            c.lanes = c.stored = c.memory;
            c.results = c.label = outer * places + inner * width;
            c.label_step = 1;
        }
        return c;
    }

    // Null for an operand that is not there.
    static float *pointer(const Launch &launch, const std::vector<TensorId> &ids, size_t index) {
        if (index >= ids.size() || ids[index] == kNoTensor) return nullptr;
        return operand(launch, ids[index]);
    }

    Machine &machine_;
    Op head_;
    CrossEntropyAttributes attributes_;
    Tensor logits_;
    bool labels_;
    Form form_;
    double seconds_per_sample_;
};

}  // namespace

const Implementation kSoftmax = {
    [](const Machine &machine, const FusedOp &op, std::vector<Candidate> &out) {
        add_candidates(machine, op, kCycles, out);
    },
    prepare_softmax};

const Implementation kSoftmaxBackward = {
    [](const Machine &machine, const FusedOp &op, std::vector<Candidate> &out) {
        add_candidates(machine, op, kCyclesBackward, out);
    },
    prepare_softmax};

const Implementation kSoftmaxCrossEntropy = {
    [](const Machine &machine, const FusedOp &op, std::vector<Candidate> &out) {
        add_candidates(machine, op, kCycles + kCyclesBackward, out);
    },
    [](Machine &machine, const FusedOp &op, const Candidate &candidate) -> std::unique_ptr<Kernel> {
        return std::make_unique<CrossEntropyKernel>(machine, op, candidate);
    }};

}  // namespace cnn::cpu

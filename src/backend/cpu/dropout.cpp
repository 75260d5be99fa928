// Dropout in all three layouts.
#include "ops/dropout.h"

#include <cmath>

#include "backend/cpu/dropout.h"
#include "backend/cpu/operations.h"
#include "backend/cpu/view.h"

namespace cnn::cpu {

namespace {

// Cycles an element: of the generator, whose counters serve four elements each where they can.
double cycles_of(Form form, const Shape &shape) {
    const int64_t row = shape.elements_after(form == Form::n_blocked ? 0 : 1);
    return form == Form::plain || row % 4 == 0 ? 40 : 150;
}

double seconds_of(const Machine &machine, Form form, const Tensor &tensor, double count) {
    const double compute = count / machine.width() * cycles_of(form, tensor.shape) / 3.5e9;
    return std::max(compute, machine.seconds_of_bytes(8 * count));
}

void candidates(const Machine &machine, const FusedOp &op, std::vector<Candidate> &out) {
    const Tensor &tensor = op.tensors[static_cast<size_t>(op.head().outputs[0])];
    for (Form form : forms_of(tensor)) {
        const Layout layout = layout_of(machine, form);
        Candidate candidate;
        candidate.algorithm = form == Form::plain       ? "plain"
                              : form == Form::n_blocked ? "vector_n"
                                                        : "vector_c";
        candidate.layouts.assign(static_cast<size_t>(op.operands()), layout);
        const auto count = static_cast<double>(layout.elements(tensor.shape));
        candidate.seconds = Machine::kLaunchSeconds + seconds_of(machine, form, tensor, count);
        candidate.in_place = true;
        out.push_back(std::move(candidate));
    }
}

std::unique_ptr<Kernel> prepare(Machine &machine, const FusedOp &op, const Candidate &candidate) {
    const Op &head = op.head();
    const TensorId from = head.inputs[0], to = head.outputs[0];
    const Tensor tensor = op.tensors[static_cast<size_t>(to)];
    const auto attributes = std::get<DropoutAttributes>(head.attributes);
    const Form form = form_of(machine, candidate.layouts[0]).value_or(Form::plain);
    return make_kernel([&machine, tensor, attributes, form, from, to](const Launch &launch) {
        DropoutArguments a{};
        a.view = view_of(machine, form, tensor, launch.n);
        a.key = attributes.seed;
        a.counter_hi = dropout_counter_hi(attributes, launch.step);
        a.threshold = static_cast<uint32_t>(std::ceil(attributes.rate * 0x1p24));
        a.scale = static_cast<float>(1 / (1 - attributes.rate));
        a.x = operand(launch, from);
        a.y = operand(launch, to);
        const int64_t units = divide_up(a.view.count, int64_t{4} * machine.width());
        const double seconds = seconds_of(machine, form, tensor, static_cast<double>(a.view.count));
        for_ranges(machine, units, seconds,
                   [&](int64_t begin, int64_t end) { machine.simd.dropout->run(a, begin, end); });
    });
}

}  // namespace

const Implementation kDropout = {candidates, prepare};

}  // namespace cnn::cpu

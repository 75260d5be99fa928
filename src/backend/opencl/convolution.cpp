// Convolutions on OpenCL, all three directions: the table of the ways to run them, and what it is
// for. Dense layers are convolutions whose kernel covers the input.
#include <array>
#include <limits>
#include <optional>
#include <vector>

#include "backend/opencl/convolution_form.h"
#include "base/error.h"
#include "base/text.h"

namespace cnn::opencl {

// --- Shapes.

namespace {

int64_t axis_size(const Shape &shape, int axis) {
    return axis < shape.rank ? shape[axis] : 1;
}

ConvolutionShape::Axis axis_of(const Window &window, int axis, const Shape &x, const Shape &y) {
    const auto a = static_cast<size_t>(axis);
    return {axis_size(x, 2 + axis), axis_size(y, 2 + axis), window.kernel[a],
            window.stride[a],       window.dilation[a],     window.pad_begin[a]};
}

// Whether an axis's kernel takes the whole input to one output.
bool covers(const ConvolutionShape::Axis &axis) {
    return axis.out == 1 && axis.pad == 0 && axis.kernel == axis.in &&
           (axis.dilation == 1 || axis.kernel == 1);
}

bool is_pointwise(const ConvolutionShape::Axis &axis) {
    return axis.kernel == 1 && axis.stride == 1 && axis.pad == 0 && axis.in == axis.out;
}

}  // namespace

Tensors tensors_of(const FusedOp &group) {
    const Op &op = group.head();
    const auto input = [&](size_t i) -> const Tensor & {
        return group.tensors[static_cast<size_t>(op.inputs[i])];
    };
    const Tensor &output = group.tensors[static_cast<size_t>(op.outputs[0])];
    switch (op.kind) {
        case OpKind::convolution_backward_data:
            return {output, input(1), input(0)};
        case OpKind::convolution_backward_weights:
            return {input(0), output, input(1)};
        default:
            return {input(0), input(1), output};
    }
}

ConvolutionShape shape_of(const FusedOp &group) {
    const auto &attributes = std::get<ConvolutionAttributes>(group.head().attributes);
    const Tensors tensors = tensors_of(group);
    const Shape &x = tensors.x.shape, &y = tensors.y.shape;
    ConvolutionShape s;
    s.batch = x[0];
    s.groups = attributes.groups;
    s.outputs = y[1] / s.groups;
    s.inputs = x[1] / s.groups;
    if (attributes.window.spatial == 1) {
        s.w = axis_of(attributes.window, 0, x, y);
    } else {
        s.h = axis_of(attributes.window, 0, x, y);
        s.w = axis_of(attributes.window, 1, x, y);
    }
    // The same arithmetic on the same memory with fewer axes: every input of a dense layer is a
    // channel, and a kernel of one pixel sees an image of one row.
    if (covers(s.h) && covers(s.w)) {
        s.inputs *= s.in_plane();
        s.h = s.w = {};
    } else if (is_pointwise(s.h) && is_pointwise(s.w)) {
        s.w.in *= s.h.in;
        s.w.out *= s.h.out;
        s.h = {};
    }
    return s;
}

bool fits(int64_t value) {
    return value <= std::numeric_limits<int32_t>::max() / 2;
}

// Whether the kernels' int arithmetic holds the sizes.
bool indexable(const ConvolutionShape &s, int64_t lanes) {
    const int64_t images = divide_up(s.batch, lanes) * s.groups;
    return fits(s.weights()) && fits(images * s.inputs * s.in_plane()) &&
           fits(images * s.outputs * s.out_plane());
}

bool is_dense(const ConvolutionShape &s) {
    return s.groups == 1 && s.in_plane() == 1 && s.out_plane() == 1 && s.kernel_plane() == 1;
}

void set_ints(Function &function, cl_uint index, std::initializer_list<int64_t> values) {
    for (const int64_t value : values) function.set(index++, static_cast<int32_t>(value));
}

void set_gather(Function &function, const Gather &gather, std::initializer_list<int64_t> own,
                const Epilogue &epilogue) {
    const ConvolutionShape &s = gather.shape;
    constexpr cl_uint kFirst = 9, kShape = 18;
    set_ints(function, kFirst,
             {s.groups, s.outputs, s.inputs, s.h.in, s.w.in, s.h.out, s.w.out, s.h.kernel,
              s.w.kernel, s.h.stride, s.w.stride, s.h.dilation, s.w.dilation, s.h.pad, s.w.pad,
              gather.w_output, gather.w_input, gather.backward});
    set_ints(function, kFirst + kShape, own);
    const cl_uint last = kFirst + kShape + static_cast<cl_uint>(own.size());
    set_ints(function, last, {epilogue.flags, epilogue.activation});
    function.set(last + 2, epilogue.slope);
}

int64_t reduction_workspace(int64_t size, int64_t parts) {
    return parts > 1 ? size * parts * 4 : 0;
}

double predict(const OpenClDevice &device, const FusedOp &group, double seconds) {
    return device.launch_seconds() +
           std::max(seconds, bytes_of(group, 4) / device.bytes_per_second());
}

// --- Fusion.

namespace {

bool is_of_channels(const FusedOp &group, TensorId id) {
    const Tensor &tensor = group.tensors[static_cast<size_t>(id)];
    return !tensor.batched && tensor.shape.rank == 1;
}

bool runs_activation(Activation kind) {
    switch (kind) {
        case Activation::linear:
        case Activation::relu:
        case Activation::leaky_relu:
        case Activation::sigmoid:
        case Activation::tanh:
            return true;
        default:
            return false;
    }
}

// The other operand of an addition, or none where it isn't one of tensors that lie alike.
std::optional<TensorId> residual_of(const FusedOp &group, const Op &op, TensorId sum) {
    if (op.inputs.size() != 2 || op.inputs[0] == op.inputs[1]) return {};
    const TensorId other = op.inputs[op.inputs[0] == sum ? 1 : 0];
    const Tensor &a = group.tensors[static_cast<size_t>(sum)];
    const Tensor &b = group.tensors[static_cast<size_t>(other)];
    if (a.shape != b.shape || a.batched != b.batched || b.space != Space::activation) return {};
    return other;
}

// The place of a pointwise operation in the order that an epilogue has, 0 for one that has none.
int stage_of(const FusedOp &group, const Op &op, TensorId sum) {
    if (op.kind != OpKind::pointwise || op.outputs.size() != 1) return 0;
    const auto &attributes = std::get<PointwiseAttributes>(op.attributes);
    switch (attributes.form) {
        case PointwiseForm::bias:
            return op.inputs[0] == sum && is_of_channels(group, op.inputs[1]) ? 1 : 0;
        case PointwiseForm::affine:
            return op.inputs[0] == sum && is_of_channels(group, op.inputs[1]) &&
                           is_of_channels(group, op.inputs[2])
                       ? 2
                       : 0;
        case PointwiseForm::add:
            return residual_of(group, op, sum) ? 3 : 0;
        case PointwiseForm::activation:
            return op.inputs[0] == sum && runs_activation(attributes.activation) ? 4 : 0;
        default:
            return 0;
    }
}

}  // namespace

Epilogue epilogue_of(const FusedOp &group) {
    const auto at = [](TensorId id) { return static_cast<size_t>(id); };
    Epilogue epilogue;
    epilogue.x = epilogue.residual = at(group.head().inputs[0]);
    epilogue.w = epilogue.bias = at(group.head().inputs[1]);
    epilogue.scale = epilogue.shift = epilogue.w;
    TensorId sum = group.head().outputs[0];
    for (size_t i = 1; i < group.ops.size(); ++i) {
        const Op &op = group.ops[i];
        const auto &attributes = std::get<PointwiseAttributes>(op.attributes);
        switch (stage_of(group, op, sum)) {
            case 1:
                epilogue.bias = at(op.inputs[1]);
                epilogue.flags |= Epilogue::kBias;
                break;
            case 2:
                epilogue.scale = at(op.inputs[1]);
                epilogue.shift = at(op.inputs[2]);
                epilogue.flags |= Epilogue::kAffine;
                break;
            case 3:
                epilogue.residual = at(*residual_of(group, op, sum));
                epilogue.flags |= Epilogue::kResidual;
                break;
            default:
                epilogue.activation = static_cast<int32_t>(attributes.activation);
                epilogue.slope = static_cast<float>(attributes.slope);
        }
        sum = op.outputs[0];
    }
    epilogue.y = at(sum);
    return epilogue;
}

bool fuses_convolution(const OpenClDevice &, const FusedOp &group) {
    if (group.head().kind != OpKind::convolution || group.outputs != 1) return false;
    int stage = 0;
    for (size_t i = 1; i < group.ops.size(); ++i) {
        const int next = stage_of(group, group.ops[i], group.ops[i - 1].outputs[0]);
        if (next <= stage) return false;
        stage = next;
    }
    return true;
}

Gather gather_of(const FusedOp &group) {
    Gather gather;
    ConvolutionShape &s = gather.shape = shape_of(group);
    const int64_t outer = s.weights_per_output(), inner = s.kernel_plane();
    gather.backward = group.head().kind == OpKind::convolution_backward_data;
    gather.w_output = gather.backward ? inner : outer;
    gather.w_input = gather.backward ? outer : inner;
    if (gather.backward) {
        std::swap(s.inputs, s.outputs);
        std::swap(s.h.in, s.h.out);
        std::swap(s.w.in, s.w.out);
        gather.phases_h = s.h.stride;
        gather.phases_w = s.w.stride;
    }
    return gather;
}

// --- The table.

namespace {

constexpr size_t kMostVariants = 200;

// Calls visit with every form that runs the group.
template <class Visit>
void for_each_form(const OpenClDevice &device, const FusedOp &group, Visit &&visit) {
    if (std::get<ConvolutionAttributes>(group.head().attributes).window.spatial > 2) return;
    const bool weights = group.head().kind == OpKind::convolution_backward_weights;
    using Forms = std::span<const ConvolutionForm>;
    const std::array<Forms, 6> data{depthwise_forms(), n16_forms(),      pixels_forms(),
                                    tiled_forms(),     winograd_forms(), plain_forms()};
    const std::array<Forms, 6> gradient{n16_weights_forms(), tiled_weights_forms(),
                                        plain_weights_forms()};
    for (const Forms &forms : weights ? gradient : data)
        for (const ConvolutionForm &form : forms)
            if (form.runs(device, group)) visit(form);
}

const ConvolutionForm *form_named(const OpenClDevice &device, const FusedOp &group,
                                  std::string_view algorithm) {
    const ConvolutionForm *found = nullptr;
    for_each_form(device, group, [&](const ConvolutionForm &form) {
        if (form.algorithm == algorithm) found = &form;
    });
    return found;
}

void take_cost(const OpenClDevice &device, const FusedOp &group, const ConvolutionForm &form,
               const Setting &setting, Candidate &candidate) {
    const Cost cost = form.cost(device, group, setting);
    candidate.seconds = cost.seconds;
    candidate.workspace = cost.workspace;
}

// Batched operands in blocks of samples, all others plain, but for the filters' transform.
Candidate candidate_of(const OpenClDevice &device, const FusedOp &group,
                       const ConvolutionForm &form) {
    const Layout activations =
        form.blocked ? Layout::blocked(0, OpenClDevice::kLanes) : Layout::plain();
    Candidate candidate;
    candidate.algorithm = form.algorithm;
    for (int32_t i = 0; i < group.operands(); ++i) {
        const bool batched = group.tensors[static_cast<size_t>(i)].batched;
        candidate.layouts.push_back(batched ? activations : Layout::plain());
    }
    if (form.winograd_block > 0)
        candidate.layouts[static_cast<size_t>(group.head().inputs[1])] = Layout::winograd(
            2, form.winograd_block, group.head().kind == OpKind::convolution_backward_data);
    take_cost(device, group, form, form.standard(device, group), candidate);
    return candidate;
}

// The setting that the text is, where it is one of the form's that is valid here.
std::optional<Setting> setting_of(const OpenClDevice &device, const FusedOp &group,
                                  const ConvolutionForm &form, std::string_view parameters) {
    if (parameters.empty()) return form.standard(device, group);
    auto setting = parse_setting(form.parameters, parameters);
    if (setting && !form.valid(device, group, *setting)) setting.reset();
    return setting;
}

}  // namespace

void convolution_candidates(const OpenClDevice &device, const FusedOp &group, Candidates &out) {
    for_each_form(device, group, [&](const ConvolutionForm &form) {
        out.push_back(candidate_of(device, group, form));
    });
}

void convolution_variants(const OpenClDevice &device, const FusedOp &group,
                          const Candidate &candidate, Candidates &out) {
    const ConvolutionForm *form = form_named(device, group, candidate.algorithm);
    if (!form || form->parameters.empty()) return;
    const size_t first = out.size();
    const Setting standard = form->standard(device, group);
    for (const Setting &setting : all_settings(form->parameters)) {
        if (setting == standard || !form->valid(device, group, setting)) continue;
        Candidate variant = candidate;
        variant.parameters = to_text(form->parameters, setting);
        take_cost(device, group, *form, setting, variant);
        out.push_back(std::move(variant));
    }
    std::stable_sort(out.begin() + static_cast<std::ptrdiff_t>(first), out.end(),
                     [](const Candidate &a, const Candidate &b) { return a.seconds < b.seconds; });
    if (out.size() - first > kMostVariants) out.resize(first + kMostVariants);
}

bool configure_convolution(const OpenClDevice &device, const FusedOp &group, Candidate &candidate,
                           std::string_view parameters) {
    const ConvolutionForm *form = form_named(device, group, candidate.algorithm);
    const auto setting = form ? setting_of(device, group, *form, parameters) : std::nullopt;
    if (!setting) return false;
    candidate.parameters = parameters;
    take_cost(device, group, *form, *setting, candidate);
    return true;
}

std::unique_ptr<Kernel> prepare_convolution(OpenClDevice &device, const FusedOp &group,
                                            const Candidate &candidate) {
    const ConvolutionForm *form = form_named(device, group, candidate.algorithm);
    const auto setting =
        form ? setting_of(device, group, *form, candidate.parameters) : std::nullopt;
    if (!setting)
        fail(Status::internal,
             text("OpenCL: no algorithm ", candidate.algorithm, " ", candidate.parameters));
    return form->prepare(device, group, *setting);
}

}  // namespace cnn::opencl

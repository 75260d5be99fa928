// Tensors of batched data as the backend's three layouts lay them out.
#pragma once

#include <optional>

#include "backend/cpu/machine.h"
#include "backend/cpu/pointwise.h"

namespace cnn::cpu {

// The form of a layout, none when it is not one of the three.
inline std::optional<Form> form_of(const Machine &machine, const Layout &layout) {
    if (layout.is_plain()) return Form::plain;
    if (layout == machine.n_blocked()) return Form::n_blocked;
    if (layout == machine.c_blocked()) return Form::c_blocked;
    return std::nullopt;
}
inline Layout layout_of(const Machine &machine, Form form) {
    return form == Form::plain       ? Layout::plain()
           : form == Form::n_blocked ? machine.n_blocked()
                                     : machine.c_blocked();
}

// The memory of a tensor with n samples.
inline View view_of(const Machine &machine, Form form, const Tensor &tensor, int64_t n) {
    const int64_t width = machine.width();
    View view{};
    view.form = form;
    view.n = samples_of(tensor, n);
    view.channels = tensor.shape.rank > 1 ? tensor.shape[1] : 1;
    view.spatial = tensor.shape.elements_after(1);
    view.blocks = form == Form::c_blocked ? divide_up(view.channels, width) : view.channels;
    const int64_t rows = form == Form::n_blocked ? divide_up(view.n, width) : view.n;
    view.count = rows * view.blocks * view.spatial * (form == Form::plain ? 1 : width);
    return view;
}

// Which forms a tensor can have: blocks only where there is a batch and an axis beside it.
inline std::vector<Form> forms_of(const Tensor &tensor) {
    if (!tensor.batched || tensor.shape.rank < 2 || tensor.type != Type::real) return {Form::plain};
    return {Form::plain, Form::n_blocked, Form::c_blocked};
}

// Bytes in memory of an operand in a layout, for costs.
inline double bytes_in(const Tensor &tensor, const Layout &layout) {
    return static_cast<double>(layout.elements(tensor.shape) * size_of(tensor.type, 4));
}

}  // namespace cnn::cpu

// Settings of layers that slide a window over images, and the sizes that follow.
#pragma once

#include <string_view>

#include "layers/layer.h"

namespace cnn {

enum class Padding : int64_t { given = 0, same = 1 };

// What window_of reads of any layer.
inline constexpr std::array kWindowSettings{"stride", "padding", "padding_mode"};

// The window that "stride", "padding" (top, left, bottom, right), "padding_mode", the sizes under
// kernel_name, and "dilation" where dilated, give over an input [C, H, W]. Throws Error naming the
// setting.
Window window_of(const Settings &settings, std::string_view kernel_name, bool dilated,
                 const Shape &input);

// [channels, H', W'] after the window. Throws Error(shape_mismatch) where the window doesn't fit,
// or, when `exact`, where its strides leave something over.
Shape window_shape(const Window &window, const Shape &input, int64_t channels, bool ceil_mode,
                   bool exact);

// Throws Error(shape_mismatch) unless the input is [C, H, W].
void check_image(const Shape &input);

}  // namespace cnn

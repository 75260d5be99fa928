// Windows over images.
#include "layers/window.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/text.h"

namespace cnn {

namespace {

constexpr std::array<const char *, 2> kAxis = {"height", "width"};

// SAME_UPPER of ONNX: the output is ceil(input / stride), the odd one goes below and right.
void pad_same(Window &window, size_t axis, int64_t input) {
    const int64_t stride = window.stride[axis];
    const int64_t span = window.dilation[axis] * (window.kernel[axis] - 1) + 1;
    const int64_t output = (input + stride - 1) / stride;
    const int64_t total = std::max<int64_t>(0, (output - 1) * stride + span - input);
    window.pad_begin[axis] = total / 2;
    window.pad_end[axis] = total - total / 2;
}

}  // namespace

void check_image(const Shape &input) {
    if (input.rank != 3)
        fail(Status::shape_mismatch,
             text("the input's shape is ", to_text(input), ", but must be [C, H, W]"));
}

Window window_of(const Settings &settings, std::string_view kernel_name, bool dilated,
                 const Shape &input) {
    check_image(input);
    Window window;
    const auto &kernel = settings.sizes(kernel_name, 2);
    const auto &stride = settings.sizes("stride", 2);
    const auto &padding = settings.sizes("padding", 4);
    const int64_t mode = settings.integer("padding_mode");
    if (mode != static_cast<int64_t>(Padding::given) && mode != static_cast<int64_t>(Padding::same))
        fail(Status::invalid_argument,
             text("padding_mode is ", mode, ", which is none of cnn_padding"));
    for (size_t axis = 0; axis < 2; ++axis) {
        check_size(text(kernel_name, "'s ", kAxis[axis]), kernel[axis], 1);
        check_size(text("stride's ", kAxis[axis]), stride[axis], 1);
        check_size("padding", padding[axis], 0);
        check_size("padding", padding[axis + 2], 0);
        window.kernel[axis] = kernel[axis];
        window.stride[axis] = stride[axis];
        if (dilated) {
            const int64_t dilation = settings.sizes("dilation", 2)[axis];
            check_size(text("dilation's ", kAxis[axis]), dilation, 1);
            window.dilation[axis] = dilation;
        }
        if (mode == static_cast<int64_t>(Padding::same)) {
            if (padding[axis] != 0 || padding[axis + 2] != 0)
                fail(Status::invalid_argument, "padding is given, but padding_mode is CNN_SAME");
            pad_same(window, axis, input[static_cast<int>(axis) + 1]);
        } else {
            window.pad_begin[axis] = padding[axis];
            window.pad_end[axis] = padding[axis + 2];
        }
    }
    return window;
}

Shape window_shape(const Window &window, const Shape &input, int64_t channels, bool ceil_mode,
                   bool exact) {
    Shape output{channels, 0, 0};
    for (int axis = 0; axis < 2; ++axis) {
        const auto i = static_cast<size_t>(axis);
        output[axis + 1] = window_output(window, axis, input[axis + 1], ceil_mode);
        const int64_t span = window.dilation[i] * (window.kernel[i] - 1) + 1;
        const int64_t padded = input[axis + 1] + window.pad_begin[i] + window.pad_end[i];
        if (output[axis + 1] < 1)
            fail(Status::shape_mismatch, text("the window's ", kAxis[i], " is ", span,
                                              ", but the input with its padding has ", padded));
        if (exact && (padded - span) % window.stride[i] != 0)
            fail(Status::shape_mismatch,
                 text("exact: the ", kAxis[i], " ", padded,
                      ", padding included, less the window's ", span, " is ", padded - span,
                      ", which the stride ", window.stride[i], " doesn't divide"));
    }
    return output;
}

}  // namespace cnn

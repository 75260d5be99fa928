// A convolution of some shape as an operation, in each direction, for the benchmarks of kernels.
#pragma once

#include <cstdint>

#include "backend/backend.h"

struct ConvolutionCase {
    const char *name;
    int64_t batch, inputs, height, width, outputs, kernel, stride, pad, groups;

    // A kernel of 0 covers the input: a dense layer.
    int64_t kernel_h() const { return kernel > 0 ? kernel : height; }
    int64_t kernel_w() const { return kernel > 0 ? kernel : width; }
};

inline cnn::FusedOp group_of(const ConvolutionCase &c, cnn::OpKind kind) {
    cnn::ConvolutionAttributes attributes;
    attributes.groups = c.groups;
    attributes.window.kernel = {c.kernel_h(), c.kernel_w(), 1};
    attributes.window.stride = {c.stride, c.stride, 1};
    attributes.window.pad_begin = attributes.window.pad_end = {c.pad, c.pad, 0};
    cnn::Tensor x, w, y;
    x.shape = {c.batch, c.inputs, c.height, c.width};
    w.shape = {c.outputs, c.inputs / c.groups, c.kernel_h(), c.kernel_w()};
    y.shape = {c.batch, c.outputs, window_output(attributes.window, 0, c.height),
               window_output(attributes.window, 1, c.width)};
    x.batched = y.batched = true;
    w.space = cnn::Space::parameter;
    cnn::Op op;
    op.kind = kind;
    op.inputs = {0, 1};
    op.outputs = {2};
    op.attributes = attributes;
    cnn::FusedOp group;
    group.ops = {op};
    group.inputs = 2;
    group.outputs = 1;
    if (kind == cnn::OpKind::convolution)
        group.tensors = {x, w, y};
    else if (kind == cnn::OpKind::convolution_backward_data)
        group.tensors = {y, w, x};
    else
        group.tensors = {x, y, w};
    return group;
}

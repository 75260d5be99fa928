// Softmax kernels: over columns, where neighbouring floats belong to different samples or places,
// and over rows, where they are the classes of one.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace cnn::cpu {

struct CrossEntropyArguments {
    const float *logits;
    const int32_t *labels;  // or null, with
    const float *targets;   // of the logits' shape and layout
    const float *weights;   // null: all 1
    float *loss, *correct;
    float *gradient;  // may be null
    int64_t classes;
    float factor;  // of the gradient
    int64_t n;
};

struct SoftmaxKernels {
    // `lanes` neighbours, at most a vector, each with its classes `stride` floats apart.
    void (*columns)(const float *x, float *y, int64_t classes, int64_t stride, int64_t lanes);
    void (*columns_backward)(const float *dy, const float *y, float *dx, int64_t classes,
                             int64_t stride, int64_t lanes);
    void (*row)(const float *x, float *y, int64_t classes);
    void (*row_backward)(const float *dy, const float *y, float *dx, int64_t classes);
    // Samples [begin, end) of plain data, or blocks of a vector of samples.
    void (*cross_entropy_rows)(const CrossEntropyArguments &a, int64_t begin, int64_t end);
    void (*cross_entropy_blocks)(const CrossEntropyArguments &a, int64_t begin, int64_t end);
};

}  // namespace cnn::cpu

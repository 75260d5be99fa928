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
};

// Up to a vector of neighbouring places.
struct CrossEntropyColumn {
    int64_t at, stride;         // of the first class of the first of them; from class to class
    int64_t memory;             // how many floats may be touched
    int64_t lanes;              // how many of them count
    int64_t results, stored;    // of the first in loss and correct, and how many are written
    int64_t label, label_step;  // of the first, from place to place
    int64_t sample;             // of the first
    bool samples;               // each is a sample of its own, else all are of one
};

struct SoftmaxKernels {
    // `lanes` neighbours, at most a vector, each with its classes `stride` floats apart.
    void (*columns)(const float *x, float *y, int64_t classes, int64_t stride, int64_t lanes);
    void (*columns_backward)(const float *dy, const float *y, float *dx, int64_t classes,
                             int64_t stride, int64_t lanes);
    void (*row)(const float *x, float *y, int64_t classes);
    void (*row_backward)(const float *dy, const float *y, float *dx, int64_t classes);
    // Samples [begin, end) of plain data with one place each.
    void (*cross_entropy_rows)(const CrossEntropyArguments &a, int64_t begin, int64_t end);
    void (*cross_entropy_column)(const CrossEntropyArguments &a, const CrossEntropyColumn &column);
};

}  // namespace cnn::cpu

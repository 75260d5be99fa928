// Softmax, its gradient, and cross-entropy on logits.
#include "backend/cpu/softmax.h"

namespace cnn::cpu::CNN_ISA {

CNN_INLINE vec minus_infinity() {
    return from_bits(broadcast(static_cast<int32_t>(0xff800000u)));
}

// --- Columns.

CNN_INLINE void columns_of(const float *x, float *y, int64_t classes, int64_t stride,
                           int64_t lanes) {
    vec largest = load_first(x, lanes);
    for (int64_t c = 1; c < classes; ++c) {
        largest = max_fast(load_first(x + c * stride, lanes), largest);
    }
    vec sum = zero();
    for (int64_t c = 0; c < classes; ++c) {
        const vec e = exp(load_first(x + c * stride, lanes) - largest);
        sum += e;
        store_first(y + c * stride, e, lanes);
    }
    const vec scale = broadcast(1.0f) / sum;
    for (int64_t c = 0; c < classes; ++c) {
        store_first(y + c * stride, load_first(y + c * stride, lanes) * scale, lanes);
    }
}

static void softmax_columns(const float *x, float *y, int64_t classes, int64_t stride,
                            int64_t lanes) {
    // Whole vectors need no masks once the count is known.
    lanes == kWidth ? columns_of(x, y, classes, stride, kWidth)
                    : columns_of(x, y, classes, stride, lanes);
}

static void softmax_columns_backward(const float *dy, const float *y, float *dx, int64_t classes,
                                     int64_t stride, int64_t lanes) {
    vec sum = zero();
    for (int64_t c = 0; c < classes; ++c) {
        sum += load_first(dy + c * stride, lanes) * load_first(y + c * stride, lanes);
    }
    for (int64_t c = 0; c < classes; ++c) {
        const vec d = load_first(dy + c * stride, lanes) - sum;
        store_first(dx + c * stride, load_first(y + c * stride, lanes) * d, lanes);
    }
}

// --- Rows.

CNN_INLINE int64_t lanes_at(int64_t i, int64_t count) {
    return count - i < kWidth ? count - i : kWidth;
}

static float largest_of(const float *x, int64_t count) {
    float largest = x[0];
    for (int64_t i = 1; i < count; ++i) largest = x[i] > largest ? x[i] : largest;
    return largest;
}

// y = e^(x - shift), and their sum.
static float exponentials(const float *x, float *y, int64_t count, float shift) {
    vec sum = zero();
    for (int64_t i = 0; i < count; i += kWidth) {
        const int64_t lanes = lanes_at(i, count);
        const vec e = exp(load_first(x + i, lanes) - broadcast(shift));
        sum += select(first_lanes(lanes), e, zero());
        if (y != nullptr) store_first(y + i, e, lanes);
    }
    return sum_of_lanes(sum);
}

static void softmax_row(const float *x, float *y, int64_t classes) {
    const float sum = exponentials(x, y, classes, largest_of(x, classes));
    const vec scale = broadcast(1.0f / sum);
    for (int64_t i = 0; i < classes; i += kWidth) {
        const int64_t lanes = lanes_at(i, classes);
        store_first(y + i, load_first(y + i, lanes) * scale, lanes);
    }
}

static void softmax_row_backward(const float *dy, const float *y, float *dx, int64_t classes) {
    vec sums = zero();
    for (int64_t i = 0; i < classes; i += kWidth) {
        const int64_t lanes = lanes_at(i, classes);
        sums += load_first(dy + i, lanes) * load_first(y + i, lanes);
    }
    const vec sum = broadcast(sum_of_lanes(sums));
    for (int64_t i = 0; i < classes; i += kWidth) {
        const int64_t lanes = lanes_at(i, classes);
        store_first(dx + i, load_first(y + i, lanes) * (load_first(dy + i, lanes) - sum), lanes);
    }
}

// --- Cross-entropy.

static int64_t index_of_largest(const float *x, int64_t count) {
    int64_t best = 0;
    for (int64_t i = 1; i < count; ++i)
        if (x[i] > x[best]) best = i;
    return best;
}

static void cross_entropy_row(const CrossEntropyArguments &a, int64_t n) {
    const float *const x = a.logits + n * a.classes;
    const float *const t = a.targets == nullptr ? nullptr : a.targets + n * a.classes;
    float *const g = a.gradient == nullptr ? nullptr : a.gradient + n * a.classes;
    const int64_t label = a.labels == nullptr ? -1 : a.labels[n];
    const int64_t guess = index_of_largest(x, a.classes);
    const float sum = exponentials(x, g, a.classes, x[guess]);
    const float log_sum = log(broadcast(sum))[0];
    const float weight = a.weights == nullptr ? 1.0f : a.weights[n];

    float total = 0, terms = 0;
    int64_t truth = 0;
    if (t == nullptr) {
        const bool inside = label >= 0 && label < a.classes;
        total = inside ? 1.0f : 0.0f;
        terms = inside ? log_sum - (x[label] - x[guess]) : 0.0f;
        truth = inside ? label : 0;
    } else {
        truth = index_of_largest(t, a.classes);
        for (int64_t c = 0; c < a.classes; ++c) {
            total += t[c];
            if (t[c] != 0) terms += t[c] * (log_sum - (x[c] - x[guess]));
        }
    }
    a.loss[n] = weight * terms;
    a.correct[n] = guess == truth ? 1.0f : 0.0f;
    if (g == nullptr) return;
    const float share = total / sum, scale = weight * a.factor;
    for (int64_t c = 0; c < a.classes; ++c) {
        const float target = t != nullptr ? t[c] : c == label ? 1.0f : 0.0f;
        g[c] = (g[c] * share - target) * scale;
    }
}

static void cross_entropy_rows(const CrossEntropyArguments &a, int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) cross_entropy_row(a, n);
}

// The first largest value of each lane, and its class.
struct Largest {
    vec value;
    ivec index;
    CNN_INLINE void add(Largest &l, vec v, int64_t c) {
        const ivec better = v > l.value;
        l.value = select(better, v, l.value);
        l.index = select(better, broadcast(static_cast<int32_t>(c)), l.index);
    }
};

CNN_INLINE vec load_memory(const float *p, int64_t memory) {
    return memory == kWidth ? load(p) : load_first(p, memory);
}

// The targets of a class at all places.
CNN_INLINE vec target_of(const CrossEntropyArguments &a, const CrossEntropyColumn &column,
                         ivec label, int64_t c, int64_t memory) {
    if (a.targets != nullptr) return load_memory(a.targets + column.at + c * column.stride, memory);
    return select(label == broadcast(static_cast<int32_t>(c)), broadcast(1.0f), zero());
}

static void cross_entropy_column(const CrossEntropyArguments &a, const CrossEntropyColumn &column) {
    const int64_t memory = column.memory;
    const float *const x = a.logits + column.at;
    float *const g = a.gradient == nullptr ? nullptr : a.gradient + column.at;
    const int64_t stride = column.stride;
    ivec label = ivec{} - 1;
    if (a.labels != nullptr) {
        for (int64_t lane = 0; lane < column.lanes; ++lane)
            label[lane] = a.labels[column.label + lane * column.label_step];
    }
    Largest guess{load_memory(x, memory), ivec{}};
    Largest truth{target_of(a, column, label, 0, memory), ivec{}};
    for (int64_t c = 1; c < a.classes; ++c)
        Largest::add(guess, load_memory(x + c * stride, memory), c);
    vec sum = zero();
    for (int64_t c = 0; c < a.classes; ++c) {
        const vec e = exp(load_memory(x + c * stride, memory) - guess.value);
        sum += e;
        if (g != nullptr) store_first(g + c * stride, e, memory);
    }
    const vec log_sum = log(sum);
    vec total = zero(), terms = zero();
    for (int64_t c = 0; c < a.classes; ++c) {
        const vec t = target_of(a, column, label, c, memory);
        Largest::add(truth, t, c);
        total += t;
        const vec term = t * (log_sum - (load_memory(x + c * stride, memory) - guess.value));
        terms += select(t != zero(), term, zero());
    }
    vec weight = broadcast(1.0f);
    if (a.weights != nullptr)
        weight = column.samples ? load_first(a.weights + column.sample, column.lanes)
                                : broadcast(a.weights[column.sample]);
    const ivec kept = first_lanes(column.lanes);
    store_first(a.loss + column.results, select(kept, weight * terms, zero()), column.stored);
    const vec correct = select(guess.index == truth.index, broadcast(1.0f), zero());
    store_first(a.correct + column.results, select(kept, correct, zero()), column.stored);
    if (g == nullptr) return;
    const vec share = total / sum, scale = weight * broadcast(a.factor);
    for (int64_t c = 0; c < a.classes; ++c) {
        const vec t = target_of(a, column, label, c, memory);
        const vec d = (load_memory(g + c * stride, memory) * share - t) * scale;
        store_first(g + c * stride, select(kept, d, zero()), memory);
    }
}

static const SoftmaxKernels kSoftmaxKernels = {softmax_columns,    softmax_columns_backward,
                                               softmax_row,        softmax_row_backward,
                                               cross_entropy_rows, cross_entropy_column};

}  // namespace cnn::cpu::CNN_ISA

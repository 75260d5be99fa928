// Softmax over channels, its backward, and softmax with cross-entropy. An item takes whole places: a
// position of a sample, or of a block of samples. Options: which kernel; LABELS, WEIGHTS, GRADIENT.

// Whether sums stay finite decides if what rounding lost may be added.
#define TOTAL(high, low) ((fabs(high) < (real_t)(INFINITY)) ? (high) + (low) : (high))

#ifdef SOFTMAX
ITEMS __kernel void softmax(__global const float *x, long x_offset, __global float *y,
                            long y_offset, int total, int chunk, int channels, int inner) {
    x += x_offset;
    y += y_offset;
    ITEM_RANGE(total, chunk)
    for (int i = begin; i < end; ++i) {
        const int first = i / inner * channels * inner + i % inner;
        real_t largest = LOAD(x, first);
        for (int c = 1; c < channels; ++c) {
            const real_t v = LOAD(x, first + c * inner);
            largest = (v > largest) ? v : largest;
        }
        real_t high = ZERO;
        real_t low = ZERO;
        for (int c = 0; c < channels; ++c) {
            const real_t e = exp(LOAD(x, first + c * inner) - largest);
            STORE(e, first + c * inner, y);
            ADD_TO_SUM(real_t, high, low, e)
        }
        const real_t sum = TOTAL(high, low);
        for (int c = 0; c < channels; ++c) {
            STORE(LOAD(y, first + c * inner) / sum, first + c * inner, y);
        }
    }
}
#endif

#ifdef SOFTMAX_BACKWARD
ITEMS __kernel void softmax(__global const float *dy, long dy_offset, __global const float *y,
                            long y_offset, __global float *dx, long dx_offset, int total, int chunk,
                            int channels, int inner) {
    dy += dy_offset;
    y += y_offset;
    dx += dx_offset;
    ITEM_RANGE(total, chunk)
    for (int i = begin; i < end; ++i) {
        const int first = i / inner * channels * inner + i % inner;
        real_t high = ZERO;
        real_t low = ZERO;
        for (int c = 0; c < channels; ++c) {
            const real_t g = LOAD(dy, first + c * inner);
            const real_t p = LOAD(y, first + c * inner);
            const real_t product = g * p;
            low += fma(g, p, -product);
            ADD_TO_SUM(real_t, high, low, product)
        }
        const real_t sum = TOTAL(high, low);
        for (int c = 0; c < channels; ++c) {
            const int at = first + c * inner;
            STORE(LOAD(y, at) * (LOAD(dy, at) - sum), at, dx);
        }
    }
}
#endif

#ifdef CROSS_ENTROPY
#ifdef LABELS
#define TARGET(c) ((label == (int_t)(c)) ? ONE : ZERO)
#else
#define TARGET(c) LOAD(target, first + (c)*inner)
#endif

// inner: places of a sample. factor: the gradient's, but for the sample's weight. batch: samples.
ITEMS __kernel void softmax(__global const float *x, long x_offset,
#ifdef LABELS
                            __global const int *target,
#else
                            __global const float *target,
#endif
                            long target_offset,
#ifdef WEIGHTS
                            __global const float *weights, long weights_offset,
#endif
                            __global float *loss, long loss_offset, __global float *correct,
                            long correct_offset,
#ifdef GRADIENT
                            __global float *gradient, long gradient_offset,
#endif
                            int total, int chunk, int channels, int inner, int batch,
                            float factor) {
    x += x_offset;
    target += target_offset;
    loss += loss_offset;
    correct += correct_offset;
#ifdef WEIGHTS
    weights += weights_offset;
#endif
#ifdef GRADIENT
    gradient += gradient_offset;
#endif
    ITEM_RANGE(total, chunk)
    for (int i = begin; i < end; ++i) {
        const int sample = i / inner, first = sample * channels * inner + i % inner;
#ifdef BLOCKED
        // All ones in the lanes of samples, none past the batch.
        const int16 inside = LANE_INDEX < (int16)(batch - sample * LANES);
#endif
#ifdef LABELS
        const int_t label = LOAD(target, i);
#endif
        real_t largest = LOAD(x, first);
        int_t guess = (int_t)(0);
        real_t most = TARGET(0);
        int_t truth = (int_t)(0);
        for (int c = 1; c < channels; ++c) {
            const real_t v = LOAD(x, first + c * inner);
            const real_t t = TARGET(c);
            guess = (v > largest) ? (int_t)(c) : guess;
            largest = (v > largest) ? v : largest;
            truth = (t > most) ? (int_t)(c) : truth;
            most = (t > most) ? t : most;
        }
        real_t high = ZERO;
        real_t low = ZERO;
        for (int c = 0; c < channels; ++c) {
            const real_t e = exp(LOAD(x, first + c * inner) - largest);
            ADD_TO_SUM(real_t, high, low, e)
        }
        const real_t sum = TOTAL(high, low);
        const real_t log_sum = log(sum);
        real_t terms = ZERO;
        real_t terms_low = ZERO;
        real_t mass = ZERO;
        for (int c = 0; c < channels; ++c) {
            const real_t t = TARGET(c);
            const real_t term = (t != ZERO) ? t * (log_sum - (LOAD(x, first + c * inner) - largest)) : ZERO;
            mass += t;
            ADD_TO_SUM(real_t, terms, terms_low, term)
        }
#ifdef WEIGHTS
        const real_t weight = LOAD(weights, sample);
#else
        const real_t weight = ONE;
#endif
        real_t value = weight * TOTAL(terms, terms_low);
#ifdef LABELS
        // A label of no class, which only one in the host's own buffer can be.
        value = (mass != ZERO) ? value : (real_t)(NAN);
#endif
        real_t right = (guess == truth) ? ONE : ZERO;
#ifdef BLOCKED
        value = inside ? value : ZERO;
        right = inside ? right : ZERO;
#endif
        STORE(value, i, loss);
        STORE(right, i, correct);
#ifdef GRADIENT
        for (int c = 0; c < channels; ++c) {
            const real_t y = exp(LOAD(x, first + c * inner) - largest) / sum;
            real_t g = (y * mass - TARGET(c)) * weight * (real_t)(factor);
#ifdef BLOCKED
            g = inside ? g : ZERO;
#endif
            STORE(g, first + c * inner, gradient);
        }
#endif
    }
}
#endif

// Dropout with Philox4x32-10 on as many counters as a vector has lanes.
#include "backend/cpu/dropout.h"

namespace cnn::cpu::CNN_ISA {

typedef uint64_t long_uvec __attribute__((vector_size(CNN_WIDTH * 8)));

struct Words {
    uvec word[4];
};

CNN_INLINE uvec high_product(uvec a, uint32_t b) {
    const long_uvec product = __builtin_convertvector(a, long_uvec) * uint64_t{b};
    return __builtin_convertvector(product >> 32, uvec);
}

static inline Words philox(uint64_t key, const long_uvec &counter, uint64_t counter_hi) {
    uvec c0 = __builtin_convertvector(counter, uvec);
    uvec c1 = __builtin_convertvector(counter >> 32, uvec);
    uvec c2 = uvec{} + static_cast<uint32_t>(counter_hi);
    uvec c3 = uvec{} + static_cast<uint32_t>(counter_hi >> 32);
    uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
    for (int round = 0; round < 10; ++round) {
        const uvec h0 = high_product(c0, 0xD2511F53u), l0 = c0 * 0xD2511F53u;
        const uvec h1 = high_product(c2, 0xCD9E8D57u), l1 = c2 * 0xCD9E8D57u;
        c0 = h1 ^ c1 ^ k0;
        c1 = l1;
        c2 = h0 ^ c3 ^ k1;
        c3 = l0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return {{c0, c1, c2, c3}};
}

// By reference: vectors wider than the instruction set's are passed so without a warning.
CNN_INLINE void number_lanes(long_uvec &v) {
    for (int i = 0; i < kWidth; ++i) v[i] = static_cast<uint64_t>(i);
}

CNN_INLINE vec dropped(const DropoutArguments &a, uvec word, vec x) {
    const ivec kept = reinterpret_cast<ivec>((word >> 8) >= a.threshold);
    return select(kept, x * broadcast(a.scale), zero());
}

// a0 b0 a1 b1 ... of the lower halves, and of the upper ones.
template <int... I>
CNN_INLINE uvec zip_low(uvec a, uvec b, Indices<I...>) {
    return __builtin_shufflevector(a, b, (I / 2 + (I % 2) * kWidth)...);
}
template <int... I>
CNN_INLINE uvec zip_high(uvec a, uvec b, Indices<I...>) {
    return __builtin_shufflevector(a, b, (kWidth / 2 + I / 2 + (I % 2) * kWidth)...);
}

// Words lane by lane: 0 to 3 of the first counter, then of the second, ...
CNN_INLINE Words in_order(const Words &w) {
    const AllLanes lanes{};
    const uvec even_low = zip_low(w.word[0], w.word[2], lanes);
    const uvec even_high = zip_high(w.word[0], w.word[2], lanes);
    const uvec odd_low = zip_low(w.word[1], w.word[3], lanes);
    const uvec odd_high = zip_high(w.word[1], w.word[3], lanes);
    return {{zip_low(even_low, odd_low, lanes), zip_high(even_low, odd_low, lanes),
             zip_low(even_high, odd_high, lanes), zip_high(even_high, odd_high, lanes)}};
}

// Neighbours in memory are neighbours in logical order: a counter serves four of them.
static void dropout_plain(const DropoutArguments &a, int64_t begin, int64_t end) {
    long_uvec lane_numbers;
    number_lanes(lane_numbers);
    for (int64_t unit = begin; unit < end; ++unit) {
        const long_uvec counter = lane_numbers + static_cast<uint64_t>(unit * kWidth);
        const Words words = in_order(philox(a.key, counter, a.counter_hi));
        for (int64_t j = 0; j < 4; ++j) {
            const int64_t at = (unit * 4 + j) * kWidth, left = a.view.count - at;
            if (left <= 0) return;
            const int64_t lanes = left < kWidth ? left : kWidth;
            store_first(a.y + at, dropped(a, words.word[j], load_first(a.x + at, lanes)), lanes);
        }
    }
}

// Lane l of the vector at position r of row q has logical index (first(q) + l) length + r.
static void dropout_blocked(const DropoutArguments &a, int64_t begin, int64_t end) {
    const View &v = a.view;
    const bool samples = v.form == Form::n_blocked;
    const int64_t length = samples ? v.channels * v.spatial : v.spatial;
    const int64_t total = v.count / kWidth;
    const int64_t last = end * 4 < total ? end * 4 : total;
    Words words{};
    long_uvec lane_numbers;
    number_lanes(lane_numbers);
    int64_t row = begin * 4 / length, r = begin * 4 % length;
    for (int64_t i = begin * 4; i < last; ++i) {
        uvec word;
        if (length % 4 == 0 && r % 4 != 0 && i != begin * 4) {
            word = words.word[r % 4];  // of the same counters as the vector before
        } else {
            const int64_t first =
                samples ? row * kWidth : row / v.blocks * v.channels + row % v.blocks * kWidth;
            const long_uvec index =
                (lane_numbers + static_cast<uint64_t>(first)) * static_cast<uint64_t>(length) +
                static_cast<uint64_t>(r);
            words = philox(a.key, index >> 2, a.counter_hi);
            const uvec which = __builtin_convertvector(index & 3, uvec);
            word = words.word[0];
            for (uint32_t j = 1; j < 4; ++j) word = which == j ? words.word[j] : word;
        }
        store(a.y + i * kWidth, dropped(a, word, load(a.x + i * kWidth)));
        if (++r == length) {
            r = 0;
            ++row;
        }
    }
}

static void run_dropout(const DropoutArguments &a, int64_t begin, int64_t end) {
    a.view.form == Form::plain ? dropout_plain(a, begin, end) : dropout_blocked(a, begin, end);
}

static const DropoutKernels kDropoutKernels = {run_dropout};

}  // namespace cnn::cpu::CNN_ISA

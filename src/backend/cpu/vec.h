// Vectors of CNN_WIDTH floats by the compilers' vector extensions. Included once by each file
// compiled for an instruction set.
#pragma once

#include <stddef.h>
#include <stdint.h>

#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

namespace cnn::cpu::CNN_ISA {

inline constexpr int kWidth = CNN_WIDTH;

typedef float vec __attribute__((vector_size(CNN_WIDTH * 4)));
typedef int32_t ivec __attribute__((vector_size(CNN_WIDTH * 4)));  // masks too: 0 or -1
typedef uint32_t uvec __attribute__((vector_size(CNN_WIDTH * 4)));
typedef float vec_unaligned __attribute__((vector_size(CNN_WIDTH * 4), aligned(4), may_alias));
typedef int32_t ivec_unaligned __attribute__((vector_size(CNN_WIDTH * 4), aligned(4), may_alias));

#define CNN_INLINE static inline __attribute__((always_inline))

CNN_INLINE vec load(const float *p) {
    return *reinterpret_cast<const vec_unaligned *>(p);
}
CNN_INLINE void store(float *p, vec v) {
    *reinterpret_cast<vec_unaligned *>(p) = v;
}
// Past the caches; p is a multiple of a vector's size.
CNN_INLINE void stream(float *p, vec v) {
#if CNN_WIDTH == 16 && defined(__AVX512F__)
    _mm512_stream_ps(p, reinterpret_cast<__m512>(v));
#elif CNN_WIDTH == 8 && defined(__AVX2__)
    _mm256_stream_ps(p, reinterpret_cast<__m256>(v));
#else
    store(p, v);
#endif
}
CNN_INLINE ivec load(const int32_t *p) {
    return *reinterpret_cast<const ivec_unaligned *>(p);
}
CNN_INLINE void store(int32_t *p, ivec v) {
    *reinterpret_cast<ivec_unaligned *>(p) = v;
}

CNN_INLINE vec broadcast(float x) {
    return x - vec{};
}
CNN_INLINE ivec broadcast(int32_t x) {
    return x - ivec{};
}
CNN_INLINE vec zero() {
    return vec{};
}

CNN_INLINE ivec bits(vec v) {
    return reinterpret_cast<ivec>(v);
}
CNN_INLINE vec from_bits(ivec v) {
    return reinterpret_cast<vec>(v);
}
CNN_INLINE vec to_float(ivec v) {
    return __builtin_convertvector(v, vec);
}
CNN_INLINE ivec to_int(vec v) {
    return __builtin_convertvector(v, ivec);
}  // towards zero

CNN_INLINE vec select(ivec mask, vec yes, vec no) {
    return mask ? yes : no;
}
CNN_INLINE ivec select(ivec mask, ivec yes, ivec no) {
    return mask ? yes : no;
}

CNN_INLINE ivec is_nan(vec v) {
    return v != v;
}
// a * b + c in one rounding where the instruction set has it.
CNN_INLINE vec fma(vec a, vec b, vec c) {
    return a * b + c;
}
// NaN if either is.
CNN_INLINE vec max_nan(vec a, vec b) {
    return select((a > b) | is_nan(a), a, b);
}
CNN_INLINE vec min_nan(vec a, vec b) {
    return select((a < b) | is_nan(a), a, b);
}
// b where either is NaN: one instruction on x86.
CNN_INLINE vec max_fast(vec a, vec b) {
    return select(a > b, a, b);
}
CNN_INLINE vec abs(vec v) {
    return from_bits(bits(v) & 0x7fffffff);
}
CNN_INLINE ivec is_finite(vec v) {
    return (bits(v) & 0x7f800000) != 0x7f800000;
}

CNN_INLINE vec sqrt(vec v) {
#if CNN_WIDTH == 16 && defined(__AVX512F__)
    return reinterpret_cast<vec>(_mm512_maskz_sqrt_ps(0xffff, reinterpret_cast<__m512>(v)));
#elif CNN_WIDTH == 8 && defined(__AVX__)
    return reinterpret_cast<vec>(_mm256_sqrt_ps(reinterpret_cast<__m256>(v)));
#elif CNN_WIDTH == 4 && defined(__SSE2__)
    return reinterpret_cast<vec>(_mm_sqrt_ps(reinterpret_cast<__m128>(v)));
#else
    for (int i = 0; i < kWidth; ++i) v[i] = __builtin_sqrtf(v[i]);
    return v;
#endif
}

// 0, 1, 2, ...
CNN_INLINE ivec lane_index() {
    ivec v;
    for (int i = 0; i < kWidth; ++i) v[i] = i;
    return v;
}
// True in the first `count` lanes.
CNN_INLINE ivec first_lanes(int64_t count) {
    const int32_t limit = static_cast<int32_t>(count < kWidth ? count : kWidth);
    return lane_index() < broadcast(limit);
}

// The first `count` (at most kWidth) floats, zero in the other lanes; nothing past them is touched.
CNN_INLINE vec load_first(const float *p, int64_t count) {
#if CNN_WIDTH == 16 && defined(__AVX512F__)
    const __mmask16 mask = static_cast<__mmask16>((1u << static_cast<unsigned>(count)) - 1u);
    return reinterpret_cast<vec>(_mm512_maskz_loadu_ps(mask, p));
#elif CNN_WIDTH == 8 && defined(__AVX2__)
    return reinterpret_cast<vec>(
        _mm256_maskload_ps(p, reinterpret_cast<__m256i>(first_lanes(count))));
#else
    vec v{};
    for (int64_t i = 0; i < count; ++i) v[i] = p[i];
    return v;
#endif
}
CNN_INLINE void store_first(float *p, vec v, int64_t count) {
#if CNN_WIDTH == 16 && defined(__AVX512F__)
    const __mmask16 mask = static_cast<__mmask16>((1u << static_cast<unsigned>(count)) - 1u);
    _mm512_mask_storeu_ps(p, mask, reinterpret_cast<__m512>(v));
#elif CNN_WIDTH == 8 && defined(__AVX2__)
    _mm256_maskstore_ps(p, reinterpret_cast<__m256i>(first_lanes(count)),
                        reinterpret_cast<__m256>(v));
#else
    for (int64_t i = 0; i < count; ++i) p[i] = v[i];
#endif
}

CNN_INLINE float sum_of_lanes(vec v) {
    float sum = 0;
    for (int i = 0; i < kWidth; ++i) sum += v[i];
    return sum;
}

// Compile-time numbers 0 to kWidth - 1, for shuffles.
template <int... I>
struct Indices {};
template <int N, int... I>
struct CountTo : CountTo<N - 1, N - 1, I...> {};
template <int... I>
struct CountTo<0, I...> {
    typedef Indices<I...> Type;
};
typedef CountTo<kWidth>::Type AllLanes;

}  // namespace cnn::cpu::CNN_ISA

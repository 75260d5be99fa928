// The table of vector kernels that one instruction set offers. Included by the files compiled for
// an instruction set, so it includes no standard C++ header (an inline function of one, compiled
// there, could be the copy that the whole library runs).
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace cnn::cpu {

enum class Isa : uint8_t { baseline, avx2, avx512 };

// Plain records of function pointers, each in the header of its family.
struct ConvolutionKernels;  // convolution.h
struct PointwiseKernels;    // pointwise.h
struct PoolKernels;         // pool.h
struct SoftmaxKernels;      // softmax.h
struct DropoutKernels;      // dropout.h
struct MoveKernels;         // move.h
struct DistanceKernels;     // distance.h

struct Simd {
    Isa isa;
    const char *name;
    int width;  // floats in a vector: W of the layouts
    const PointwiseKernels *pointwise;
    const PoolKernels *pool;
    const SoftmaxKernels *softmax;
    const DropoutKernels *dropout;
    const MoveKernels *move;
    const DistanceKernels *distance;
    const ConvolutionKernels *convolution;
};

extern const Simd kSimdBaseline;
#if defined(__x86_64__)
extern const Simd kSimdAvx2;
extern const Simd kSimdAvx512;
#endif

}  // namespace cnn::cpu

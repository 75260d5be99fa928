// Every kernel family for one instruction set: the file that includes this names the set in
// CNN_ISA, its table in CNN_SIMD and its vector width in CNN_WIDTH. What is included here includes
// no standard C++ header and defines functions in namespace cnn::cpu::CNN_ISA only. The order
// matters: each needs those before it.
// clang-format off
#include "backend/cpu/simd.h"
#include "backend/cpu/vec.h"
#include "backend/cpu/math.inl"
#include "backend/cpu/pointwise.inl"
#include "backend/cpu/pool.inl"
#include "backend/cpu/softmax.inl"
#include "backend/cpu/dropout.inl"
#include "backend/cpu/move.inl"
#include "backend/cpu/distance.inl"
#include "backend/cpu/convolution.inl"
// clang-format on

namespace cnn::cpu {

const Simd CNN_SIMD = {
    Isa::CNN_ISA,
    CNN_WIDTH == 16  ? "avx512"
    : CNN_WIDTH == 8 ? "avx2"
                     : "baseline",
    CNN_WIDTH,
    &CNN_ISA::kPointwiseKernels,
    &CNN_ISA::kPoolKernels,
    &CNN_ISA::kSoftmaxKernels,
    &CNN_ISA::kDropoutKernels,
    &CNN_ISA::kMoveKernels,
    &CNN_ISA::kDistanceKernels,
    &CNN_ISA::kConvolutionKernels,
};

}  // namespace cnn::cpu

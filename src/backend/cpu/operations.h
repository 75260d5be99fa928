// The operations of the CPU backend, one record a family.
#pragma once

#include "backend/cpu/machine.h"

namespace cnn::cpu {

extern const Implementation kPointwise;  // and both reductions
bool fuses_pointwise(const FusedOp &group);

extern const Implementation kPool;  // both kinds, forward and backward
extern const Implementation kSoftmax;
extern const Implementation kSoftmaxBackward;
extern const Implementation kSoftmaxCrossEntropy;
extern const Implementation kDropout;
extern const Implementation kConcat;
extern const Implementation kSlice;
extern const Implementation kGather;
extern const Implementation kDistance;  // and both gradients
extern const Implementation kReshape;
extern const Implementation kReorder;
extern const Implementation kFeed;

}  // namespace cnn::cpu

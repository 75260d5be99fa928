// The operations of the OpenCL backend: one pair of functions a kind, for the variants table.
#pragma once

#include <memory>
#include <vector>

#include "backend/opencl/device.h"

namespace cnn::opencl {

using Candidates = std::vector<Candidate>;

// convolution.cpp; all three directions.
void convolution_candidates(const OpenClDevice &device, const FusedOp &group, Candidates &out);
std::unique_ptr<Kernel> prepare_convolution(OpenClDevice &device, const FusedOp &group,
                                            const Candidate &candidate);
// Whether a group whose head is a convolution of any direction runs as one kernel.
bool fuses_convolution(const OpenClDevice &device, const FusedOp &group);

}  // namespace cnn::opencl

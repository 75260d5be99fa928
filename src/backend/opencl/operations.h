// The operations of the OpenCL backend: one pair of functions a kind, for the variants table, and
// what they share.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "backend/opencl/device.h"

namespace cnn::opencl {

using Candidates = std::vector<Candidate>;

// convolution.cpp; all three directions.
void convolution_candidates(const OpenClDevice &device, const FusedOp &group, Candidates &out);
std::unique_ptr<Kernel> prepare_convolution(OpenClDevice &device, const FusedOp &group,
                                            const Candidate &candidate);
// As Device's variants and configure.
void convolution_variants(const OpenClDevice &device, const FusedOp &group,
                          const Candidate &candidate, Candidates &out);
bool configure_convolution(const OpenClDevice &device, const FusedOp &group, Candidate &candidate,
                           std::string_view parameters);
// Whether a group whose head is a convolution of any direction runs as one kernel.
bool fuses_convolution(const OpenClDevice &device, const FusedOp &group);

// pointwise.cpp
void pointwise_candidates(const OpenClDevice &device, const FusedOp &group, Candidates &out);
std::unique_ptr<Kernel> prepare_pointwise(OpenClDevice &device, const FusedOp &group,
                                          const Candidate &candidate);
bool fuses_pointwise(const FusedOp &group);

// reduction.cpp: channel_sum and sum
void reduction_candidates(const OpenClDevice &device, const FusedOp &group, Candidates &out);
std::unique_ptr<Kernel> prepare_reduction(OpenClDevice &device, const FusedOp &group,
                                          const Candidate &candidate);

// pool.cpp: maxima and averages, both directions
void pool_candidates(const OpenClDevice &device, const FusedOp &group, Candidates &out);
std::unique_ptr<Kernel> prepare_pool(OpenClDevice &device, const FusedOp &group,
                                     const Candidate &candidate);

// softmax.cpp: softmax, its backward, and with cross-entropy
void softmax_candidates(const OpenClDevice &device, const FusedOp &group, Candidates &out);
std::unique_ptr<Kernel> prepare_softmax(OpenClDevice &device, const FusedOp &group,
                                        const Candidate &candidate);

// move.cpp: dropout, concat, slice, reshape
void move_candidates(const OpenClDevice &device, const FusedOp &group, Candidates &out);
std::unique_ptr<Kernel> prepare_move(OpenClDevice &device, const FusedOp &group,
                                     const Candidate &candidate);

// gather.cpp
void gather_candidates(const OpenClDevice &device, const FusedOp &group, Candidates &out);
std::unique_ptr<Kernel> prepare_gather(OpenClDevice &device, const FusedOp &group,
                                       const Candidate &candidate);

// distance.cpp: squared distances and both gradients
void distance_candidates(const OpenClDevice &device, const FusedOp &group, Candidates &out);
std::unique_ptr<Kernel> prepare_distance(OpenClDevice &device, const FusedOp &group,
                                         const Candidate &candidate);

// reorder.cpp
std::unique_ptr<Kernel> prepare_reorder(OpenClDevice &device, const FusedOp &group,
                                        const Candidate &candidate);

// feed.cpp
void feed_candidates(const OpenClDevice &device, const FusedOp &group, Candidates &out);
std::unique_ptr<Kernel> prepare_feed(OpenClDevice &device, const FusedOp &group,
                                     const Candidate &candidate);

// host.cpp: the host's own code, as an expression where it gives one
void code_candidates(const OpenClDevice &device, const FusedOp &group, Candidates &out);
std::unique_ptr<Kernel> prepare_code(OpenClDevice &device, const FusedOp &group,
                                     const Candidate &candidate);

// Options that common.cl knows.
inline std::string class_options(const OpenClDevice &device, bool blocked) {
    std::string out = device.is_cpu_class() ? "-DCPU_CLASS" : "-DGPU_CLASS";
    return blocked ? out + " -DBLOCKED" : out;
}

// How much larger whole blocks of samples are than the batch.
inline double padding_of(const Tensor &tensor) {
    const int64_t n = std::max<int64_t>(1, tensor.shape[0]);
    const int64_t lanes = OpenClDevice::kLanes;
    return static_cast<double>((n + lanes - 1) / lanes * lanes) / static_cast<double>(n);
}

// Elements an item takes of `total`: one on GPUs; else enough to be worth a work-group, and few
// enough to give every compute unit several.
inline int64_t chunk_for(const OpenClDevice &device, int64_t total, int64_t least) {
    if (!device.is_cpu_class()) return 1;
    const int64_t parts = 4 * std::max(1, device.compute_units());
    return std::max<int64_t>({1, least, (total + parts - 1) / parts});
}

// Whether the first operand's layout is N-blocked, which candidates here use for all or none.
inline bool is_blocked(const Layout &layout) {
    return layout == Layout::blocked(0, OpenClDevice::kLanes);
}

}  // namespace cnn::opencl

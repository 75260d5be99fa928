// The kernel of a host operation for every backend: it calls the host's code on tensors in the
// host's memory, and brings them there and back where the device computes elsewhere.
#pragma once

#include "backend/backend.h"

namespace cnn {

// The one way to run it: on plain tensors.
void host_candidates(const Device &device, const FusedOp &group, std::vector<Candidate> &out);

// For a device whose buffers are the host's memory and whose reals are float: the host's code sees
// the tensors themselves.
std::unique_ptr<Kernel> prepare_host_in_place(const FusedOp &group);

// For any other: it sees copies, read before and written after the call. Their memory is taken
// here, none at a launch.
std::unique_ptr<Kernel> prepare_host_staged(const FusedOp &group, int64_t real_bytes,
                                            const std::shared_ptr<Allocator> &allocator);

}  // namespace cnn

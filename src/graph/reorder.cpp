// Reorders as groups of one operation.
#include "graph/reorder.h"

namespace cnn {

std::unique_ptr<Kernel> reorder_kernel(Device &device, const Tensor &tensor, const Layout &from,
                                       const Layout &to) {
    FusedOp group;
    group.ops.push_back({OpKind::reorder, -1, {0}, {1}, {}});
    group.tensors = {tensor, tensor};
    group.inputs = 1;
    group.outputs = 1;
    Candidate candidate;
    candidate.algorithm = "reorder";
    candidate.layouts = {from, to};
    return device.prepare(group, candidate);
}

double reorder_seconds(const Device &device, const Tensor &tensor, const Layout &from,
                       const Layout &to) {
    const int64_t elements = from.elements(tensor.shape) + to.elements(tensor.shape);
    const auto bytes = static_cast<double>(elements * size_of(tensor.type, device.real_bytes()));
    return device.launch_seconds() + bytes / device.bytes_per_second();
}

}  // namespace cnn

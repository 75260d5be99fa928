// The variants table: which files run which operations, and what is fused.
#include "backend/opencl/operations.h"

namespace cnn::opencl {

Implementation implementation_of(OpKind kind) {
    switch (kind) {
        case OpKind::convolution:
        case OpKind::convolution_backward_data:
        case OpKind::convolution_backward_weights:
            return {convolution_candidates, prepare_convolution};
        case OpKind::max_pool:
        case OpKind::max_pool_backward:
        case OpKind::max_pool_tangent:
        case OpKind::average_pool:
        case OpKind::average_pool_backward:
            return {pool_candidates, prepare_pool};
        case OpKind::pointwise:
            return {pointwise_candidates, prepare_pointwise};
        case OpKind::channel_sum:
        case OpKind::sum:
            return {reduction_candidates, prepare_reduction};
        case OpKind::softmax:
        case OpKind::softmax_backward:
        case OpKind::softmax_cross_entropy:
            return {softmax_candidates, prepare_softmax};
        case OpKind::dropout:
        case OpKind::concat:
        case OpKind::slice:
        case OpKind::reshape:
            return {move_candidates, prepare_move};
        case OpKind::gather:
            return {gather_candidates, prepare_gather};
        case OpKind::distance:
        case OpKind::distance_tangent:
        case OpKind::distance_backward_data:
        case OpKind::distance_backward_weights:
            return {distance_candidates, prepare_distance};
        case OpKind::reorder:
            return {nullptr, prepare_reorder};
        case OpKind::feed:
            return {feed_candidates, prepare_feed};
        case OpKind::host:
            return {code_candidates, prepare_code};
    }
    return {};
}

void OpenClDevice::variants(const FusedOp &group, const Candidate &candidate,
                            std::vector<Candidate> &out) const {
    if (is_tunable(group)) convolution_variants(*this, group, candidate, out);
}

bool OpenClDevice::configure(const FusedOp &group, Candidate &candidate,
                             std::string_view parameters) const {
    return is_tunable(group) && configure_convolution(*this, group, candidate, parameters);
}

bool OpenClDevice::fuses(const FusedOp &group) const {
    switch (group.head().kind) {
        case OpKind::convolution:
        case OpKind::convolution_backward_data:
        case OpKind::convolution_backward_weights:
            return fuses_convolution(*this, group);
        case OpKind::pointwise:
            return fuses_pointwise(group);
        default:
            return false;
    }
}

}  // namespace cnn::opencl

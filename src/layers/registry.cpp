// The layers there are, a row each.
#include "layers/registry.h"

#include <array>

namespace cnn {

std::span<const Layer *const> layers() {
    static const std::array rows = {
        activation_layer(),      add_layer(),
        average_pool2d_layer(),  batch_norm_layer(),
        concat_layer(),          conv2d_layer(),
        dense_layer(),           dropout_layer(),
        flatten_layer(),         global_average_pool2d_layer(),
        host_activation_layer(), host_layer(),
        max_pool2d_layer(),      reshape_layer(),
        radial_basis_layer(),    softmax_layer(),
        subsample2d_layer(),     weighted_subsample2d_layer(),
    };
    return rows;
}

}  // namespace cnn

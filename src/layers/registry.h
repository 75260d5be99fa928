// The layers there are. To add one: its file, its row in registry.cpp.
#pragma once

#include <span>

#include "layers/layer.h"

namespace cnn {

std::span<const Layer *const> layers();

const Layer *activation_layer();
const Layer *add_layer();
const Layer *average_pool2d_layer();
const Layer *batch_norm_layer();
const Layer *concat_layer();
const Layer *conv2d_layer();
const Layer *dense_layer();
const Layer *dropout_layer();
const Layer *flatten_layer();
const Layer *global_average_pool2d_layer();
const Layer *host_activation_layer();
const Layer *host_layer();
const Layer *max_pool2d_layer();
const Layer *reshape_layer();
const Layer *radial_basis_layer();
const Layer *softmax_layer();
const Layer *subsample2d_layer();
const Layer *weighted_subsample2d_layer();

}  // namespace cnn

// What others know of radial basis layers: their kind, and which function of the distance.
#pragma once

#include <cstdint>

namespace cnn {

inline constexpr const char *kRadialBasisKind = "radial_basis";

// By the numbers of cnn_radial_kind.
enum class Radial : int64_t {
    gaussian = 0,
    unsquared = 1,
    multiquadric = 2,
    inverse_multiquadric = 3,
    inverse_quadratic = 4,
    distance = 5,
};

}  // namespace cnn

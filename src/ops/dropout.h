// Which elements dropout keeps: a function of the seed, the layer, the step and the element's
// logical position alone, so that every backend and layout drops the same ones.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/philox.h"
#include "ops/op.h"

namespace cnn {

// The upper half of the generator's counter, the same for all elements of a launch.
constexpr uint64_t dropout_counter_hi(const DropoutAttributes &attributes, uint64_t step) {
    return (uint64_t{attributes.stream} << 40) ^ step;
}

// Whether element `index` (row-major in the logical tensor, batch included) of step `step` is kept:
// word index % 4 of philox(seed, index / 4, stream << 40 ^ step) as a number in [0, 1) reaches the
// rate.
constexpr bool dropout_keeps(const DropoutAttributes &attributes, uint64_t step, uint64_t index) {
    const uint32_t word =
        philox(attributes.seed, index / 4,
               dropout_counter_hi(attributes, step))[static_cast<size_t>(index % 4)];
    return static_cast<double>(uniform01(word)) >= attributes.rate;
}

}  // namespace cnn

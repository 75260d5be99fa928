// The kernels of convolution.h for one instruction set.
#include "backend/cpu/convolution.h"

namespace cnn::cpu::CNN_ISA {
namespace conv {

// Registers: the accumulators, the tile's vectors and one broadcast.
#if CNN_WIDTH == 16 || defined(__aarch64__)
inline constexpr int kAccumulators = 25;
#else
inline constexpr int kAccumulators = 12;
#endif

// A family of pointers p, p + stride, ... kept as one base for every three members, so that each
// member is a base plus 0, 1 or 2 strides: few registers, no arithmetic in the loop.
template <int N>
struct Family {
    static constexpr int kBases = (N + 2) / 3;

    const float *base[kBases];
    int64_t stride;

    [[gnu::always_inline]] Family(const float *p, int64_t stride_of_members)
        : stride(stride_of_members) {
        for (int i = 0; i < kBases; ++i) base[i] = p + 3 * i * stride;
    }
    [[gnu::always_inline]] const float *operator[](int i) const {
        return base[i / 3] + (i % 3) * stride;
    }
    [[gnu::always_inline]] void advance(int64_t step) {
        for (int i = 0; i < kBases; ++i) base[i] += step;
    }
};

// Those that take many instructions, once for all kernels.
__attribute__((noinline)) static vec activated_slowly(vec v, TileActivation activation) {
    return activation == TileActivation::sigmoid ? sigmoid(v) : tanh(v);
}

CNN_INLINE vec activated(vec v, const TileEpilogue &e) {
    switch (e.activation) {
        case TileActivation::linear:
            return v;
        case TileActivation::relu:
            return select(v < zero(), zero(), v);
        case TileActivation::leaky_relu:
            return select(v > zero(), v, v * broadcast(e.slope));
        default:
            return activated_slowly(v, e.activation);
    }
}

// What an epilogue does to channels: those in the lanes of a vector, or one, in all lanes.
struct ChannelValues {
    vec bias = zero(), scale = broadcast(1.0f), shift = zero();
};

CNN_INLINE ChannelValues channels_in_lanes(const TileEpilogue &e, int64_t from, int64_t lanes) {
    ChannelValues values;
    if (e.bias != nullptr) values.bias = load_first(e.bias + from, lanes);
    if (e.scale != nullptr) {
        values.scale = load_first(e.scale + from, lanes);
        values.shift = load_first(e.shift + from, lanes);
    }
    return values;
}

// Those of a whole vector's channels.
CNN_INLINE ChannelValues all_channels(const TileEpilogue &e, int64_t from) {
    ChannelValues values;
    if (e.bias != nullptr) values.bias = load(e.bias + from);
    if (e.scale != nullptr) {
        values.scale = load(e.scale + from);
        values.shift = load(e.shift + from);
    }
    return values;
}

// Activations that only keep values from falling below something, which most are: no branch then.
CNN_INLINE bool is_floor(const TileEpilogue &e) {
    return e.activation == TileActivation::linear || e.activation == TileActivation::relu;
}
CNN_INLINE vec floor_of(const TileEpilogue &e) {
    return broadcast(e.activation == TileActivation::relu ? 0.0f : -__builtin_inff());
}
CNN_INLINE vec at_least(vec v, vec floor) {
    return select(v < floor, floor, v);
}

CNN_INLINE ChannelValues one_channel(const TileEpilogue &e, int64_t channel) {
    ChannelValues values;
    if (e.bias != nullptr) values.bias = broadcast(e.bias[channel]);
    if (e.scale != nullptr) {
        values.scale = broadcast(e.scale[channel]);
        values.shift = broadcast(e.shift[channel]);
    }
    return values;
}

}  // namespace conv
}  // namespace cnn::cpu::CNN_ISA

// The order matters.
// clang-format off
#include "backend/cpu/convolution_product.inl"
#include "backend/cpu/convolution_weights.inl"
#include "backend/cpu/convolution_simple.inl"
#include "backend/cpu/convolution_winograd.inl"
#include "backend/cpu/convolution_winograd_weights.inl"
#include "backend/cpu/convolution_table.inl"
// clang-format on

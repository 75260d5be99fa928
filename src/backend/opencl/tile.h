// Tiles of matrix products on GPUs, in local memory and registers (common.cl): their parameters,
// and what they cost. convolution_tiled.cpp has the code.
#pragma once

#include "backend/opencl/convolution_form.h"

namespace cnn::opencl {

// Of the table's parameters.
enum : size_t { kTileM, kTileQ, kTileK, kItemM, kItemQ, kVec, kPad, kParts };

inline constexpr int64_t kTileMValues[] = {16, 32, 64, 96, 128};
inline constexpr int64_t kTileQValues[] = {32, 64, 96, 128, 256};
inline constexpr int64_t kTileKValues[] = {8, 16, 32};
inline constexpr int64_t kItemMValues[] = {2, 4, 8};
inline constexpr int64_t kItemQValues[] = {4, 8};
inline constexpr int64_t kVecValues[] = {1, 4};
inline constexpr int64_t kPadValues[] = {0, 1, 4};
inline constexpr int64_t kPartsValues[] = {1, 2, 4, 8, 16, 32};
inline constexpr Parameter kTileParameters[] = {{"TILE_M", kTileMValues}, {"TILE_Q", kTileQValues},
                                                {"TILE_K", kTileKValues}, {"ITEM_M", kItemMValues},
                                                {"ITEM_Q", kItemQValues}, {"VEC", kVecValues},
                                                {"PAD", kPadValues},      {"PARTS", kPartsValues}};
inline constexpr size_t kTileDefines = 7;
inline constexpr std::span<const Parameter> kWithoutParts{kTileParameters, kTileDefines};

// A product's sizes: rows and columns of the result, terms of each sum, and how many products.
struct Product {
    double m = 1, q = 1, depth = 1, count = 1;
};

// Items of a work-group.
inline int64_t group_items(const Setting &s) {
    return (s[kTileM] / s[kItemM]) * (s[kTileQ] / s[kItemQ]);
}

// Whether the device is able to run such a tile.
bool fits_device(const OpenClDevice &device, const Setting &s);
// Whether no tile is more than half empty.
bool fills(const Product &p, const Setting &setting);
// Seconds of the product with each sum in so many parts.
double tile_seconds(const OpenClDevice &device, const Product &p, const Setting &s, int64_t parts);
// The best of the standard tiles, without the number of parts; empty where the device can't run
// any.
Setting best_tile(const OpenClDevice &device, const Product &p, bool parts);

}  // namespace cnn::opencl

// The vector kernels that convolutions are made of. Included by the files compiled for an
// instruction set, so it includes no standard C++ header.
//
// Three kernels carry nearly all of the work, each on a tile of accumulators held in registers:
//   product:   out[s][v] = sum over loops of scalar[s] * vector[v]       (s broadcast, v a vector)
//   weights:   acc[s][v] += sum over rows, columns of dy[s] * x[v]       (both vectors)
//   depthwise: out[v] = sum over taps of w * x[v]                        (both vectors)
// With samples in the lanes (N-blocked) weights are the scalars and pixels the vectors; with
// channels in the lanes (C-blocked) pixels are the scalars and packed weights the vectors.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace cnn::cpu {

// A loop of a product's sum, and how far each of its rounds moves the two operands, in floats.
struct TileLoop {
    int64_t count = 1, scalar_step = 0, vector_step = 0;
};

// Where a tile's channels are: one for each of its scalars, or in the lanes of its vectors.
enum class TileChannels : uint8_t { scalars, vectors };
enum class TileActivation : uint8_t { linear, relu, leaky_relu, sigmoid, tanh };

// What happens to a finished sum: activation((sum + bias) * scale + shift + residual), each where
// it isn't null. Bias, scale and shift start at the tile's first channel; residual lies as out
// does.
struct TileEpilogue {
    const float *bias = nullptr, *scale = nullptr, *shift = nullptr;
    const float *residual = nullptr;
    TileChannels channels = TileChannels::scalars;
    TileActivation activation = TileActivation::linear;
    float slope = 0;

    bool is_identity() const {
        return bias == nullptr && scale == nullptr && residual == nullptr &&
               activation == TileActivation::linear;
    }
    // As it is `channels_on` channels and `elements` floats of out further.
    TileEpilogue at(int64_t channels_on, int64_t elements) const {
        TileEpilogue e = *this;
        if (bias != nullptr) e.bias += channels_on;
        if (scale != nullptr) e.scale += channels_on, e.shift += channels_on;
        if (residual != nullptr) e.residual += elements;
        return e;
    }
};

// Strides and offsets are in floats.
struct ProductTile {
    static constexpr int kLoops = 4;

    const float *scalars = nullptr;
    const float *vectors = nullptr;
    float *out = nullptr;
    int64_t scalar_stride = 0, vector_stride = 0;          // from s to s + 1, from v to v + 1
    int64_t out_scalar_stride = 0, out_vector_stride = 0;  // likewise
    TileLoop loops[kLoops];                                // the last is innermost
    int64_t scalar_ahead = 0;                              // where large tiles prefetch
    bool first = true;                                     // sums start at zero, else at out
    bool last = true;                                      // the epilogue follows
    // Lanes in use of the last vector, kWidth for all. The others are stored as zero, or not at all
    // when trim is set.
    int64_t lanes = 0;
    bool trim = false;
    // Whole vectors are written past the caches; then out and its strides are whole vectors too.
    bool stream = false;
    TileEpilogue epilogue;
};

// Output columns [inner_begin, inner_end) have all taps v inside the input; for the others, tap v
// of column c reads input column first_column + c * column_step + v * tap_step if that exists.
struct WeightsTile {
    const float *dy = nullptr;
    const float *x = nullptr;  // of output column 0's tap 0, which may lie outside
    float *sums = nullptr;     // [s][v][W]
    int64_t dy_stride = 0, x_stride = 0;
    int64_t rows = 0, dy_row = 0, x_row = 0;
    int64_t columns = 0, inner_begin = 0, inner_end = 0, x_column = 0;
    int64_t first_column = 0, column_step = 1, tap_step = 1, in_columns = 0;
    bool first = true;  // sums start at zero
};

struct DepthwiseTile {
    const float *w = nullptr;  // [row tap][column tap][W], from the first valid tap
    const float *x = nullptr;
    float *out = nullptr;
    int64_t x_stride = 0, out_stride = 0;
    int64_t row_taps = 0, column_taps = 0;
    int64_t w_row = 0, w_column = 0, x_row = 0, x_column = 0;
    int64_t lanes = 0;  // as in ProductTile, zeros past them
    TileEpilogue epilogue;
};

// A 3x3 window's pixels side by side, each one or two columns of x after the one before; columns of
// x and out lie a vector apart. All taps lie inside, all lanes are in use, and the activation keeps
// values from falling below something.
struct DepthwiseRow {
    const float *w = nullptr;  // [row tap][column tap][W]
    const float *x = nullptr;
    float *out = nullptr;
    int64_t w_row = 0, w_column = 0, x_row = 0;
    int64_t pixels = 0;  // a multiple of kDepthwisePixels
    TileEpilogue epilogue;
};

// y[n][o] = sum over k of w[o][k] x[n][k].
struct RowsProduct {
    const float *w = nullptr, *x = nullptr;
    float *y = nullptr;
    int64_t depth = 0, w_stride = 0, x_stride = 0, y_stride = 0;
    TileEpilogue epilogue;  // no residual; channels are the rows of w
};

// Transforms of Winograd's F(m x m, 3x3), of `blocks` blocks of channels; the (m + 2)^2 points of a
// transform lie `point` floats apart, blocks next to each other.
struct WinogradInput {
    const float *x = nullptr;  // of the tile's first pixel, which may lie outside
    float *out = nullptr;
    int64_t blocks = 0, x_block = 0, row = 0, column = 0, point = 0;
    int64_t top = 0, bottom = 0, left = 0, right = 0;  // what of the tile lies inside
};
struct WinogradOutput {
    const float *in = nullptr;
    float *out = nullptr;
    int64_t blocks = 0, out_block = 0, row = 0, column = 0, point = 0;
    int64_t rows = 0, columns = 0;  // of the tile that exist
    int64_t lanes = 0;              // in use of the last block; zeros past them
    TileEpilogue epilogue;
};
// Of the 3x3 filters that `lanes` lanes have, zero in the others.
struct WinogradFilter {
    const float *w = nullptr;
    float *out = nullptr;
    int64_t w_lane = 0, lanes = 0, point = 0;
    bool flipped = false;
};

// Of one tile size m.
struct WinogradKernels {
    void (*input)(const WinogradInput &);
    void (*output)(const WinogradOutput &);
    void (*filter)(const WinogradFilter &);
};
// What gradients of weights take, a run of 2x2 tiles side by side, in `blocks` blocks of channels:
// the transform's 16 points lie `point` floats apart, tiles a vector.
struct WinogradTiles {
    const float *in = nullptr;  // of the first tile's first pixel, which may lie outside
    float *out = nullptr;
    int64_t tiles = 0, blocks = 0;
    int64_t in_block = 0, out_block = 0, row = 0, point = 0;
    int64_t top = 0, bottom = 0, left = 0, right = 0;  // what lies inside, from the first pixel on
};
// Sums by point, [row][vector], to be brought to 3x3 taps `tap` floats apart.
struct WinogradSums {
    const float *in = nullptr;
    float *out = nullptr;
    int64_t rows = 0, vectors = 0, in_row = 0, out_row = 0, point = 0, tap = 0;
};

struct ConvolutionKernels {
    static constexpr int kMaxScalars = 12, kMaxVectors = 8, kMaxPixels = 6, kDepthwisePixels = 4;
    static constexpr int kMaxRows = 4, kMaxSamples = 4;

    int accumulators;  // s * v of the largest product; tiles larger than that are null
    void (*product[kMaxScalars][kMaxVectors])(const ProductTile &);  // [s - 1][v - 1]
    void (*weights[kMaxScalars][kMaxVectors])(const WeightsTile &);
    void (*depthwise[kMaxPixels])(const DepthwiseTile &);
    void (*depthwise_row[2])(const DepthwiseRow &);  // by the columns from pixel to pixel, less 1
    void (*rows_product[kMaxRows][kMaxSamples])(
        const RowsProduct &);     // [o - 1][n - 1], none of 3 samples
    WinogradKernels winograd[2];  // of tiles 2x2 and 4x4
    const WinogradKernels &winograd_of(int64_t tile) const { return winograd[tile / 2 - 1]; }
    void (*winograd_gradient_input)(const WinogradTiles &);   // of x
    void (*winograd_gradient_output)(const WinogradTiles &);  // of dy
    void (*winograd_gradient_filter)(const WinogradSums &);
    // out[i * step] = sum of the lanes of vectors[i].
    void (*sum_lanes)(const float *vectors, int64_t count, float *out, int64_t step);
    // out[j][i] = in[i][j] for i < rows, else 0; W by W.
    void (*transpose)(const float *in, int64_t rows, float *out);
    void (*axpy)(float a, const float *x, int64_t x_step, float *y, int64_t y_step, int64_t count);
    // The epilogue of one channel's sums, in place.
    void (*finish)(float *y, int64_t count, const TileEpilogue &epilogue);
    float (*dot)(const float *x, int64_t x_step, const float *y, int64_t y_step, int64_t count);
};

}  // namespace cnn::cpu

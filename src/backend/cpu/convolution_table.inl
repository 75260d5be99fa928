// The table of an instruction set's convolution kernels.
namespace cnn::cpu::CNN_ISA {
namespace conv {

using Product = void (*)(const ProductTile &);
using Weights = void (*)(const WeightsTile &);

// Of a product; gradients of weights have a tile of 25, which a 5x5 kernel takes.
constexpr int kLargestProduct = kAccumulators < 24 ? kAccumulators : 24;

template <int S, int V>
constexpr Product product_of() {
    if constexpr (S * V <= kLargestProduct) {
        return product<S, V>;
    } else {
        return nullptr;
    }
}
template <int S, int V>
constexpr Weights weights_of() {
    if constexpr (S * V <= kAccumulators && S + V <= 13) {
        return weights<S, V>;
    } else {
        return nullptr;
    }
}
template <int S>
constexpr void fill_row(ConvolutionKernels &table) {
    const Product products[] = {product_of<S, 1>(), product_of<S, 2>(), product_of<S, 3>(),
                                product_of<S, 4>(), product_of<S, 5>(), product_of<S, 6>(),
                                product_of<S, 7>(), product_of<S, 8>()};
    const Weights sums[] = {weights_of<S, 1>(), weights_of<S, 2>(), weights_of<S, 3>(),
                            weights_of<S, 4>(), weights_of<S, 5>(), weights_of<S, 6>(),
                            weights_of<S, 7>(), weights_of<S, 8>()};
    for (int v = 0; v < ConvolutionKernels::kMaxVectors; ++v) {
        table.product[S - 1][v] = products[v];
        table.weights[S - 1][v] = sums[v];
    }
}
template <int S>
constexpr void fill_rows(ConvolutionKernels &table) {
    fill_row<S>(table);
    if constexpr (S > 1) fill_rows<S - 1>(table);
}

constexpr ConvolutionKernels table() {
    ConvolutionKernels table{};
    table.accumulators = kLargestProduct;
    fill_rows<ConvolutionKernels::kMaxScalars>(table);
    void (*const pixels[])(const DepthwiseTile &) = {depthwise<1>, depthwise<2>, depthwise<3>,
                                                     depthwise<4>, depthwise<5>, depthwise<6>};
    for (int v = 0; v < ConvolutionKernels::kMaxPixels; ++v) table.depthwise[v] = pixels[v];
    table.depthwise_row[0] = depthwise_row<1>;
    table.depthwise_row[1] = depthwise_row<2>;
    void (*const rows[4][4])(const RowsProduct &) = {
        {rows_product<1, 1>, rows_product<1, 2>, nullptr, rows_product<1, 4>},
        {rows_product<2, 1>, rows_product<2, 2>, nullptr, rows_product<2, 4>},
        {rows_product<3, 1>, rows_product<3, 2>, nullptr, rows_product<3, 4>},
        {rows_product<4, 1>, rows_product<4, 2>, nullptr, rows_product<4, 4>}};
    for (int o = 0; o < 4; ++o) {
        for (int n = 0; n < 4; ++n) table.rows_product[o][n] = rows[o][n];
    }
    table.winograd[0] = winograd_kernels<2>();
    table.winograd[1] = winograd_kernels<4>();
    table.winograd_gradient_input = winograd_gradient_input;
    table.winograd_gradient_output = winograd_gradient_output;
    table.winograd_gradient_filter = winograd_gradient_filter;
    table.sum_lanes = sum_lanes;
    table.transpose = transpose;
    table.axpy = axpy;
    table.dot = dot;
    table.finish = finish_channel;
    return table;
}

}  // namespace conv

constexpr ConvolutionKernels kConvolutionKernels = conv::table();

}  // namespace cnn::cpu::CNN_ISA

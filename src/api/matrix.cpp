// Matrices, and the matrix forms of a net's convolutions.
#include "ops/matrix.h"

#include <cmath>
#include <vector>

#include "api/shim.h"
#include "base/fpenv.h"
#include "graph/convolution.h"
#include "train/unroll.h"

using namespace cnn;
using namespace cnn::api;

struct cnn_matrix {
    Matrix matrix;
};

namespace {

constexpr double kTolerance = 1e-5;

void check_count(const char *call, const char *what, int64_t got, int64_t wanted) {
    if (got != wanted)
        fail(Status::shape_mismatch,
             text(call, ": ", what, " has ", got, " elements, but must have ", wanted));
}

template <class T>
std::vector<T> copied(const T *values, int64_t count, const char *call, const char *what) {
    if (count < 0) fail(Status::out_of_range, text(call, ": ", what, " has ", count, " elements"));
    if (count == 0) return {};
    need(values, call, what);
    return {values, values + count};
}

// What is wrong with a matrix is told under the call's name.
template <class Body>
void labelled(const char *call, const Body &body) {
    try {
        body();
    } catch (const Error &error) {
        fail_at(error.node, error.status, text(call, ": ", error.message));
    }
}

void give(cnn_matrix **to, Matrix matrix) {
    *to = new cnn_matrix{std::move(matrix)};
}

ImageOrder order_of(cnn_order order, const char *call) {
    if (order != CNN_ORDER_CHW && order != CNN_ORDER_HWC)
        fail(Status::invalid_argument,
             text(call, ": order is ", order, ", which is none of cnn_order"));
    return static_cast<ImageOrder>(order);
}

bool by_columns(cnn_vec_order order, const char *call) {
    if (order != CNN_VEC_ROWS && order != CNN_VEC_COLUMNS)
        fail(Status::invalid_argument,
             text(call, ": order is ", order, ", which is none of cnn_vec_order"));
    return order == CNN_VEC_COLUMNS;
}

// The side of a perfect square.
int64_t side_of(int64_t elements, const char *call) {
    const auto side = static_cast<int64_t>(std::llround(std::sqrt(static_cast<double>(elements))));
    if (elements < 1 || side > int64_t{1} << 16 || side * side != elements)
        fail(Status::shape_mismatch,
             text(call, ": without a shape the elements must be a perfect square, but are ",
                  elements));
    return side;
}

cnn_conv_matrix options_of(const cnn_conv_matrix *given, const char *call) {
    const cnn_conv_matrix options = given ? *given : cnn_conv_matrix{};
    check_reserved(options.reserved, call);
    check_reserved(options.reserved32, call);
    order_of(options.order, call);
    return options;
}

std::vector<float> weight_values(Session &session, cnn_node node) {
    const NetTensor &tensor = weight_of(session.net(), node);
    std::vector<float> values(static_cast<size_t>(tensor.shape.elements()));
    session.read(VectorKind::parameters, tensor.offset, values.data(),
                 static_cast<int64_t>(values.size()));
    return values;
}

void describe(const Convolution &conv, cnn_convolution_info &info) {
    info = {};
    std::copy_n(conv.input.dim.begin(), 3, info.input);
    std::copy_n(conv.output.dim.begin(), 3, info.output);
    for (size_t axis = 0; axis < 2; ++axis) {
        info.kernel[axis] = conv.window.kernel[axis];
        info.stride[axis] = conv.window.stride[axis];
        info.dilation[axis] = conv.window.dilation[axis];
        info.padding[axis] = conv.window.pad_begin[axis];
        info.padding[axis + 2] = conv.window.pad_end[axis];
    }
    info.groups = conv.groups;
    info.patch_rows = conv.patch_rows();
    info.positions = conv.positions();
}

void set_matrix(Session &session, cnn_node node, const Matrix &matrix,
                const cnn_conv_matrix &options, double *residual) {
    constexpr const char *kCall = "set conv matrix";
    const Net &net = session.net();
    const Convolution conv = convolution_of(net, node, kCall);
    if (!(options.tolerance >= 0 || options.tolerance < 0))
        fail(Status::out_of_range, text(kCall, ": tolerance is ", options.tolerance));
    std::vector<float> weight = weight_values(session, node);
    double far = 0;
    labelled(kCall, [&] {
        far = project_to_kernel(conv, matrix, order_of(options.order, kCall), weight);
    });
    if (residual) *residual = far;
    const double tolerance = options.tolerance == 0 ? kTolerance : std::max(0.0, options.tolerance);
    // NaN is as far as can be.
    if (!options.unchecked && !(far <= tolerance))
        fail_at(
            node, Status::out_of_range,
            text(kCall, ": ", net.describe(node), ": no kernel has this matrix: the nearest ",
                 "one's differs by ", far, " of its norm, more than the tolerance ", tolerance));
    session.write(VectorKind::parameters, weight_of(net, node).offset, weight.data(),
                  static_cast<int64_t>(weight.size()));
}

}  // namespace

extern "C" {

cnn_status cnn_matrix_mat(const float *values, int64_t elements, int64_t rows, int64_t columns,
                          cnn_vec_order order, cnn_matrix **matrix, cnn_error *error) {
    constexpr const char *kCall = "mat";
    return guard(error, [&] {
        need(matrix, kCall, "matrix");
        const bool columnwise = by_columns(order, kCall);
        if (rows == 0 && columns == 0) rows = columns = side_of(elements, kCall);
        labelled(kCall, [&] {
            check_count(kCall, "the vector", elements, checked_matrix_elements(rows, columns));
        });
        std::vector<float> own = copied(values, elements, kCall, "values");
        if (columnwise)
            for (int64_t i = 0; i < elements; ++i)
                own[static_cast<size_t>(i % rows * columns + i / rows)] = values[i];
        give(matrix, Matrix::dense(rows, columns, std::move(own)));
    });
}

cnn_status cnn_matrix_csr(int64_t rows, int64_t columns, const int64_t *row_offsets,
                          const int64_t *column_indices, const float *values, int64_t nonzeros,
                          cnn_matrix **matrix, cnn_error *error) {
    constexpr const char *kCall = "csr";
    return guard(error, [&] {
        need(matrix, kCall, "matrix");
        need(row_offsets, kCall, "row_offsets");
        if (rows < 1 || rows > int64_t{1} << 40)
            fail(Status::shape_mismatch,
                 text(kCall, ": rows is ", rows, ", but must be 1 to 2^40"));
        labelled(kCall, [&] {
            give(matrix,
                 Matrix::sparse(rows, columns, copied(row_offsets, rows + 1, kCall, "row_offsets"),
                                copied(column_indices, nonzeros, kCall, "column_indices"),
                                copied(values, nonzeros, kCall, "values")));
        });
    });
}

void cnn_matrix_destroy(cnn_matrix *matrix) {
    delete matrix;
}

cnn_status cnn_matrix_get_info(const cnn_matrix *matrix, cnn_matrix_info *info, cnn_error *error) {
    return guard(error, [&] {
        const Matrix &m = need(matrix, "matrix info", "matrix").matrix;
        need(info, "matrix info", "info");
        *info = {};
        info->rows = m.rows();
        info->columns = m.columns();
        info->nonzeros = m.nonzeros();
        info->sparse = m.is_sparse();
    });
}

cnn_status cnn_matrix_vec(const cnn_matrix *matrix, cnn_vec_order order, float *values,
                          int64_t elements, cnn_error *error) {
    constexpr const char *kCall = "vec";
    return guard(error, [&] {
        const Matrix &m = need(matrix, kCall, "matrix").matrix;
        const bool columnwise = by_columns(order, kCall);
        labelled(kCall, [&] {
            check_count(kCall, "the matrix", elements,
                        checked_matrix_elements(m.rows(), m.columns()));
        });
        std::fill_n(&need(values, kCall, "values"), elements, 0.0f);
        m.for_each([&](int64_t row, int64_t column, float value) {
            values[columnwise ? column * m.rows() + row : row * m.columns() + column] = value;
        });
    });
}

cnn_status cnn_matrix_get_csr(const cnn_matrix *matrix, int64_t *row_offsets, int64_t offsets,
                              int64_t *column_indices, float *values, int64_t nonzeros,
                              cnn_error *error) {
    constexpr const char *kCall = "get csr";
    return guard(error, [&] {
        const Matrix &m = need(matrix, kCall, "matrix").matrix;
        check_count(kCall, "row_offsets", offsets, m.rows() + 1);
        check_count(kCall, "values", nonzeros, m.nonzeros());
        need(row_offsets, kCall, "row_offsets");
        if (nonzeros > 0) need(column_indices, kCall, "column_indices");
        if (nonzeros > 0) need(values, kCall, "values");
        std::fill_n(row_offsets, offsets, 0);
        int64_t k = 0;
        m.for_each([&](int64_t row, int64_t column, float value) {
            if (!m.is_sparse() && value == 0) return;
            column_indices[k] = column;
            values[k++] = value;
            row_offsets[row + 1] = k;
        });
        // Rows without an entry end where the one before did.
        for (int64_t r = 1; r < offsets; ++r)
            row_offsets[r] = std::max(row_offsets[r], row_offsets[r - 1]);
    });
}

cnn_status cnn_matrix_multiply(const cnn_matrix *matrix, int32_t transposed, const float *x,
                               int64_t x_elements, float *y, int64_t y_elements, cnn_error *error) {
    constexpr const char *kCall = "multiply";
    return guard(error, [&] {
        const Matrix &m = need(matrix, kCall, "matrix").matrix;
        const int64_t from = transposed ? m.rows() : m.columns();
        const int64_t to = transposed ? m.columns() : m.rows();
        if (x_elements < 0 || x_elements % from != 0)
            fail(Status::shape_mismatch,
                 text(kCall, ": x has ", x_elements, " elements, which is no multiple of ", from));
        check_count(kCall, "y", y_elements, x_elements / from * to);
        if (x_elements == 0) return;
        need(x, kCall, "x");
        need(y, kCall, "y");
        const DefaultFloatEnvironment environment;
        m.multiply(transposed != 0, x_elements / from, x, y);
    });
}

cnn_status cnn_net_describe_convolution(const cnn_net *net, cnn_node node,
                                        cnn_convolution_info *info, cnn_error *error) {
    constexpr const char *kCall = "describe convolution";
    return guard(error, [&] {
        const Net &graph = need(net, kCall, "net").session.net();
        describe(convolution_of(graph, node, kCall), need(info, kCall, "info"));
    });
}

cnn_status cnn_net_patches(const cnn_net *net, cnn_node node, const float *z, int64_t z_elements,
                           float *phi, int64_t phi_elements, cnn_error *error) {
    constexpr const char *kCall = "patches";
    return guard(error, [&] {
        const Net &graph = need(net, kCall, "net").session.net();
        const Convolution conv = convolution_of(graph, node, kCall);
        const int64_t sample = conv.input.elements();
        if (z_elements < 0 || z_elements % sample != 0)
            fail_at(node, Status::shape_mismatch,
                    text(kCall, ": z has ", z_elements, " elements, which is no multiple of the ",
                         sample, " of one sample ", to_text(conv.input)));
        const int64_t n = z_elements / sample;
        check_count(kCall, "phi", phi_elements, n * conv.patch_rows() * conv.positions());
        if (n > 0) patches(conv, n, &need(z, kCall, "z"), &need(phi, kCall, "phi"));
    });
}

cnn_status cnn_net_patch_matrix(const cnn_net *net, cnn_node node, cnn_order order,
                                cnn_matrix **matrix, cnn_error *error) {
    constexpr const char *kCall = "patch matrix";
    return guard(error, [&] {
        const Net &graph = need(net, kCall, "net").session.net();
        need(matrix, kCall, "matrix");
        const Convolution conv = convolution_of(graph, node, kCall);
        give(matrix, patch_matrix(conv, order_of(order, kCall)));
    });
}

cnn_status cnn_net_conv_positions(const cnn_net *net, cnn_node node, int64_t *counts,
                                  int64_t elements, cnn_error *error) {
    constexpr const char *kCall = "conv positions";
    return guard(error, [&] {
        const Net &graph = need(net, kCall, "net").session.net();
        const std::vector<int64_t> all = position_counts(convolution_of(graph, node, kCall));
        check_count(kCall, "counts", elements, static_cast<int64_t>(all.size()));
        std::copy(all.begin(), all.end(), &need(counts, kCall, "counts"));
    });
}

cnn_status cnn_net_conv_matrix(cnn_net *net, cnn_node node, const cnn_conv_matrix *options,
                               cnn_matrix **matrix, cnn_error *error) {
    constexpr const char *kCall = "conv matrix";
    return guard(error, [&] {
        Session &session = need(net, kCall, "net").session;
        need(matrix, kCall, "matrix");
        const cnn_conv_matrix given = options_of(options, kCall);
        const Convolution conv = convolution_of(session.net(), node, kCall);
        labelled(kCall, [&] {
            give(matrix, convolution_matrix(conv, weight_values(session, node),
                                            order_of(given.order, kCall), given.dense != 0));
        });
    });
}

cnn_status cnn_net_set_conv_matrix(cnn_net *net, cnn_node node, const cnn_matrix *matrix,
                                   const cnn_conv_matrix *options, double *residual,
                                   cnn_error *error) {
    constexpr const char *kCall = "set conv matrix";
    return guard(error, [&] {
        Session &session = need(net, kCall, "net").session;
        session.check_changeable(kCall);
        const Matrix &m = need(matrix, kCall, "matrix").matrix;
        const DefaultFloatEnvironment environment;
        set_matrix(session, node, m, options_of(options, kCall), residual);
    });
}

cnn_status cnn_net_unroll_conv2d(cnn_net *net, cnn_node node, cnn_net **unrolled,
                                 cnn_error *error) {
    constexpr const char *kCall = "unroll";
    return guard(error, [&] {
        need(unrolled, kCall, "unrolled");
        Session &session = need(net, kCall, "net").session;
        auto copy = std::make_unique<cnn_net>(session.net().name(), session.net().seed());
        unroll_into(session, node, copy->session);
        *unrolled = copy.release();
    });
}

}  // extern "C"

/* Matrix forms: Lin's phi and P, D's M of a kernel K and back, Delmas's dense layer of a
 * convolution, each against its definition and the layers themselves. */
#include "public.h"

#include <math.h>

enum { kN = 3 };

struct geometry {
    int64_t c, h, w, filters, kernel[2], stride[2], dilation[2], padding[4], groups;
};

static const struct geometry kGeometries[] = {
    {1, 5, 5, 1, {3, 3}, {1, 1}, {1, 1}, {0, 0, 0, 0}, 1},
    {2, 7, 6, 3, {3, 2}, {1, 1}, {1, 1}, {1, 1, 1, 0}, 1},
    {3, 8, 5, 2, {2, 3}, {2, 1}, {1, 1}, {0, 2, 1, 0}, 1},
    {2, 9, 9, 4, {3, 2}, {2, 3}, {2, 1}, {2, 0, 1, 1}, 1},
    {4, 6, 7, 6, {3, 3}, {1, 2}, {1, 2}, {1, 2, 1, 2}, 2},
    {3, 5, 4, 3, {2, 2}, {2, 2}, {1, 1}, {0, 0, 0, 0}, 3},
    {2, 1, 1, 3, {1, 1}, {1, 1}, {1, 1}, {0, 0, 0, 0}, 1},
    /* Taps that never meet the input: all of the first row, and the last column. */
    {1, 2, 3, 2, {3, 3}, {4, 1}, {1, 3}, {2, 0, 0, 4}, 1},
    {1, 1, 4, 1, {3, 1}, {1, 1}, {2, 1}, {2, 0, 2, 0}, 1},
};

struct conv {
    cnn_net *net;
    cnn_node node;
    cnn_convolution_info info;
    int64_t in, out, taps, weights;
    float *k;
};

static struct conv make_conv(const struct geometry *g, uint64_t seed, cnn_activation_kind f) {
    struct conv conv = {.net = seeded_net(seed)};
    const cnn_node x = cnn_net_input(conv.net, "x", 3, (const int64_t[]){g->c, g->h, g->w});
    conv.node = cnn_net_conv2d(
        conv.net, x,
        &(cnn_conv2d){.name = "conv",
                      .filters = g->filters,
                      .kernel = {g->kernel[0], g->kernel[1]},
                      .stride = {g->stride[0], g->stride[1]},
                      .dilation = {g->dilation[0], g->dilation[1]},
                      .padding = {g->padding[0], g->padding[1], g->padding[2], g->padding[3]},
                      .groups = g->groups,
                      .activation = f});
    OK(cnn_net_error(conv.net, &err));
    OK(cnn_net_describe_convolution(conv.net, conv.node, &conv.info, &err));
    const cnn_convolution_info *i = &conv.info;
    conv.in = i->input[0] * i->input[1] * i->input[2];
    conv.out = i->output[0] * i->output[1] * i->output[2];
    conv.taps = i->kernel[0] * i->kernel[1];
    conv.weights = i->output[0] * i->input[0] / i->groups * conv.taps;
    /* Biases are drawn as well. */
    const int64_t count = cnn_net_vector_elements(conv.net, CNN_PARAMETERS);
    float *theta = floats(count);
    fill(theta, count, (uint32_t)seed + 77);
    OK(cnn_net_set_vector(conv.net, CNN_PARAMETERS, theta, count, &err));
    free(theta);
    conv.k = floats(conv.weights);
    OK(cnn_net_get_tensor(conv.net, CNN_PARAMETERS, "conv/weight", conv.k, conv.weights, &err));
    return conv;
}

static void end_conv(struct conv *conv) {
    cnn_net_destroy(conv->net);
    free(conv->k);
}

static float *dense_of(const cnn_matrix *matrix, cnn_vec_order order) {
    cnn_matrix_info info;
    OK(cnn_matrix_get_info(matrix, &info, &err));
    float *values = floats(info.rows * info.columns);
    OK(cnn_matrix_vec(matrix, order, values, info.rows * info.columns, &err));
    return values;
}

/* y = A x or A' x. */
static float *product(const cnn_matrix *matrix, int transposed, const float *x, int64_t n) {
    cnn_matrix_info info;
    OK(cnn_matrix_get_info(matrix, &info, &err));
    const int64_t from = transposed ? info.rows : info.columns;
    const int64_t to = transposed ? info.columns : info.rows;
    float *y = floats(n * to);
    OK(cnn_matrix_multiply(matrix, transposed, x, n * from, y, n * to, &err));
    return y;
}

/* The place of (c, y, x) in Lin's vec. */
static int64_t hwc(const int64_t *image, int64_t c, int64_t y, int64_t x) {
    return (y * image[2] + x) * image[0] + c;
}

static int64_t chw(const int64_t *image, int64_t c, int64_t y, int64_t x) {
    return (c * image[1] + y) * image[2] + x;
}

/* An image into Lin's order. */
static void to_hwc(const int64_t *image, const float *from, float *to) {
    for (int64_t c = 0; c < image[0]; c++)
        for (int64_t y = 0; y < image[1]; y++)
            for (int64_t x = 0; x < image[2]; x++)
                to[hwc(image, c, y, x)] = from[chw(image, c, y, x)];
}

/* ---- Lin ---- */

/* S = W phi(Z) + b 1', for every geometry with one group, on every device. */
static void L1_the_convolution_is_W_phi_of_Z_plus_b(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    for (int g = 0; g < LENGTH(kGeometries); g++) {
        if (kGeometries[g].groups != 1) continue;
        struct conv conv = make_conv(&kGeometries[g], 3, CNN_LINEAR);
        const int64_t rows = conv.info.patch_rows, places = conv.info.positions;
        float *z = floats(kN * conv.in), *s = floats(kN * conv.out);
        float *phi = floats(kN * rows * places), *b = floats(conv.info.output[0]);
        fill(z, kN * conv.in, 9);
        OK(cnn_net_compile(conv.net, device, &(cnn_compile){.max_batch = kN}, &err));
        OK(cnn_net_run(conv.net, z, kN * conv.in, s, kN * conv.out, &err));
        OK(cnn_net_get_tensor(conv.net, CNN_PARAMETERS, "conv/bias", b, conv.info.output[0], &err));
        OK(cnn_net_patches(conv.net, conv.node, z, kN * conv.in, phi, kN * rows * places, &err));
        for (int64_t n = 0; n < kN; n++)
            for (int64_t o = 0; o < conv.info.output[0]; o++)
                for (int64_t p = 0; p < places; p++) {
                    double sum = b[o];
                    for (int64_t r = 0; r < rows; r++)
                        sum += (double)conv.k[o * rows + r] * phi[(n * rows + r) * places + p];
                    NEAR(s[n * conv.out + o * places + p], sum, 1e-5);
                }
        free(z);
        free(s);
        free(phi);
        free(b);
        end_conv(&conv);
    }
    cnn_device_destroy(device);
}

/* vec(phi(Z)) = P vec(Z) in both orders, P of zeros and ones, one at most a row. */
static void L4_P_is_phi_as_a_sparse_matrix(void **state) {
    (void)state;
    for (int g = 0; g < LENGTH(kGeometries); g++) {
        struct conv conv = make_conv(&kGeometries[g], 3, CNN_LINEAR);
        const int64_t rows = conv.info.patch_rows, places = conv.info.positions;
        float *z = floats(conv.in), *zl = floats(conv.in), *phi = floats(rows * places);
        fill(z, conv.in, 9);
        to_hwc(conv.info.input, z, zl);
        OK(cnn_net_patches(conv.net, conv.node, z, conv.in, phi, rows * places, &err));
        cnn_matrix *p = NULL, *lin = NULL;
        OK(cnn_net_patch_matrix(conv.net, conv.node, CNN_ORDER_CHW, &p, &err));
        OK(cnn_net_patch_matrix(conv.net, conv.node, CNN_ORDER_HWC, &lin, &err));
        cnn_matrix_info info;
        OK(cnn_matrix_get_info(p, &info, &err));
        assert_int_equal(info.rows, rows * places);
        assert_int_equal(info.columns, conv.in);
        assert_true(info.sparse && info.nonzeros <= info.rows);
        int64_t *offsets = calloc((size_t)info.rows + 1, sizeof *offsets);
        int64_t *columns = calloc((size_t)info.nonzeros + 1, sizeof *columns);
        float *values = floats(info.nonzeros);
        OK(cnn_matrix_get_csr(p, offsets, info.rows + 1, columns, values, info.nonzeros, &err));
        for (int64_t k = 0; k < info.nonzeros; k++) assert_true(values[k] == 1);
        for (int64_t r = 0; r < info.rows; r++) assert_true(offsets[r + 1] - offsets[r] <= 1);
        float *a = product(p, 0, z, 1), *b = product(lin, 0, zl, 1);
        for (int64_t r = 0; r < rows; r++)
            for (int64_t q = 0; q < places; q++) {
                assert_true(a[r * places + q] == phi[r * places + q]);
                /* Lin 5: column after column. */
                assert_true(b[q * rows + r] == phi[r * places + q]);
            }
        /* P' is the adjoint, the sum of what each patch adds, and the same bits each time. */
        float *v = floats(rows * places), *added = floats(conv.in);
        fill(v, rows * places, 11);
        for (int64_t r = 0; r < info.rows; r++)
            for (int64_t k = offsets[r]; k < offsets[r + 1]; k++) added[columns[k]] += v[r];
        float *gathered = product(p, 1, v, 1), *again = product(p, 1, v, 1);
        for (int64_t i = 0; i < conv.in; i++) NEAR(gathered[i], added[i], 1e-5);
        assert_memory_equal(gathered, again, (size_t)conv.in * sizeof *again);
        cnn_matrix_destroy(p);
        cnn_matrix_destroy(lin);
        free(z);
        free(zl);
        free(phi);
        free(offsets);
        free(columns);
        free(values);
        free(a);
        free(b);
        free(v);
        free(added);
        free(gathered);
        free(again);
        end_conv(&conv);
    }
}

static void L5_vec_and_mat_and_the_sqr_of_D(void **state) {
    (void)state;
    const float v[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    float w[9];
    cnn_matrix *m = NULL;
    OK(cnn_matrix_mat(v, 6, 2, 3, CNN_VEC_COLUMNS, &m, &err));
    /* (v_1 v_3 v_5; v_2 v_4 v_6) */
    OK(cnn_matrix_vec(m, CNN_VEC_ROWS, w, 6, &err));
    const float rows[] = {1, 3, 5, 2, 4, 6};
    assert_memory_equal(w, rows, sizeof rows);
    OK(cnn_matrix_vec(m, CNN_VEC_COLUMNS, w, 6, &err));
    assert_memory_equal(w, v, sizeof rows);
    cnn_matrix_destroy(m);
    /* D: vec(sqr(x)) = x. */
    OK(cnn_matrix_mat(v, 9, 0, 0, CNN_VEC_ROWS, &m, &err));
    cnn_matrix_info info;
    OK(cnn_matrix_get_info(m, &info, &err));
    assert_int_equal(info.rows, 3);
    assert_int_equal(info.columns, 3);
    assert_int_equal(info.sparse, 0);
    OK(cnn_matrix_vec(m, CNN_VEC_ROWS, w, 9, &err));
    assert_memory_equal(w, v, sizeof v);
    cnn_matrix_destroy(m);
    m = NULL;
    FAILS(CNN_SHAPE_MISMATCH, cnn_matrix_mat(v, 8, 0, 0, CNN_VEC_ROWS, &m, &err));
    SAID("perfect square, but are 8");
    FAILS(CNN_SHAPE_MISMATCH, cnn_matrix_mat(v, 0, 0, 0, CNN_VEC_ROWS, &m, &err));
    FAILS(CNN_SHAPE_MISMATCH, cnn_matrix_mat(v, 9, 2, 3, CNN_VEC_ROWS, &m, &err));
    FAILS(CNN_SHAPE_MISMATCH, cnn_matrix_mat(v, 9, -3, -3, CNN_VEC_ROWS, &m, &err));
    FAILS(CNN_LIMIT_EXCEEDED,
          cnn_matrix_mat(v, 9, INT64_C(1) << 20, INT64_C(1) << 20, CNN_VEC_ROWS, &m, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_matrix_mat(v, 9, 3, 3, 2, &m, &err));
    assert_null(m);
}

static void sparse_matrices_are_checked(void **state) {
    (void)state;
    /* (0 2 0 1; 0 0 0 0; 3 0 0 4) */
    const int64_t offsets[] = {0, 2, 2, 4}, columns[] = {1, 3, 0, 3};
    const float values[] = {2, 1, 3, 4}, x[] = {1, 2, 3, 4, 5, 6, 7, 8};
    cnn_matrix *m = NULL, *d = NULL;
    OK(cnn_matrix_csr(3, 4, offsets, columns, values, 4, &m, &err));
    float *dense = dense_of(m, CNN_VEC_ROWS);
    const float expected[] = {0, 2, 0, 1, 0, 0, 0, 0, 3, 0, 0, 4};
    assert_memory_equal(dense, expected, sizeof expected);
    OK(cnn_matrix_mat(dense, 12, 3, 4, CNN_VEC_ROWS, &d, &err));
    cnn_matrix *both[] = {m, d};
    for (int i = 0; i < 2; i++) {
        float *y = product(both[i], 0, x, 2), *t = product(both[i], 1, x, 2);
        const float ax[] = {8, 0, 19, 20, 0, 47}, atx[] = {9, 2, 0, 13, 18, 8, 0, 28};
        assert_memory_equal(y, ax, sizeof ax);
        assert_memory_equal(t, atx, sizeof atx);
        int64_t o[4], c[4];
        float v[4];
        OK(cnn_matrix_get_csr(both[i], o, 4, c, v, 4, &err));
        assert_memory_equal(o, offsets, sizeof o);
        assert_memory_equal(c, columns, sizeof c);
        assert_memory_equal(v, values, sizeof v);
        FAILS(CNN_SHAPE_MISMATCH, cnn_matrix_get_csr(both[i], o, 4, c, v, 3, &err));
        FAILS(CNN_SHAPE_MISMATCH, cnn_matrix_multiply(both[i], 0, x, 7, y, 6, &err));
        FAILS(CNN_SHAPE_MISMATCH, cnn_matrix_multiply(both[i], 0, x, 8, y, 5, &err));
        free(y);
        free(t);
        cnn_matrix_destroy(both[i]);
    }
    free(dense);
    m = NULL;
    const int64_t falling[] = {0, 3, 2, 4}, twice[] = {1, 1, 0, 3}, beyond[] = {1, 4, 0, 3};
    const int64_t late[] = {1, 2, 2, 4}, huge[] = {0, INT64_MAX, 2, 4};
    FAILS(CNN_OUT_OF_RANGE, cnn_matrix_csr(3, 4, falling, columns, values, 4, &m, &err));
    FAILS(CNN_OUT_OF_RANGE, cnn_matrix_csr(3, 4, huge, columns, values, 4, &m, &err));
    FAILS(CNN_OUT_OF_RANGE, cnn_matrix_csr(3, 4, offsets, twice, values, 4, &m, &err));
    FAILS(CNN_OUT_OF_RANGE, cnn_matrix_csr(3, 4, offsets, beyond, values, 4, &m, &err));
    FAILS(CNN_SHAPE_MISMATCH, cnn_matrix_csr(3, 4, late, columns, values, 4, &m, &err));
    FAILS(CNN_SHAPE_MISMATCH, cnn_matrix_csr(3, 4, offsets, columns, values, 3, &m, &err));
    FAILS(CNN_OUT_OF_RANGE, cnn_matrix_csr(3, 4, offsets, columns, values, -1, &m, &err));
    FAILS(CNN_SHAPE_MISMATCH, cnn_matrix_csr(0, 4, offsets, columns, values, 4, &m, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_matrix_csr(3, 4, NULL, columns, values, 4, &m, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_matrix_csr(3, 4, offsets, NULL, values, 4, &m, &err));
    assert_null(m);
    cnn_matrix_destroy(NULL);
}

/* ---- D and Delmas ---- */

/* w_{ijk,abc} = f_{i a, b - j s_v, c - k s_h}, 0 out of range; with padding and dilation in
 * general, and between groups 0. */
static float N37_entry(const struct conv *conv, int64_t row, int64_t column) {
    const cnn_convolution_info *g = &conv->info;
    const int64_t i = row / (g->output[1] * g->output[2]), j = row / g->output[2] % g->output[1],
                  k = row % g->output[2];
    const int64_t a = column / (g->input[1] * g->input[2]), b = column / g->input[2] % g->input[1],
                  c = column % g->input[2];
    const int64_t inputs = g->input[0] / g->groups, outputs = g->output[0] / g->groups;
    const int64_t u = b + g->padding[0] - j * g->stride[0];
    const int64_t v = c + g->padding[1] - k * g->stride[1];
    if (a / inputs != i / outputs || u % g->dilation[0] != 0 || v % g->dilation[1] != 0 || u < 0 ||
        v < 0 || u / g->dilation[0] >= g->kernel[0] || v / g->dilation[1] >= g->kernel[1])
        return 0;
    return conv->k[((i * inputs + a % inputs) * g->kernel[0] + u / g->dilation[0]) * g->kernel[1] +
                   v / g->dilation[1]];
}

static void N37_the_matrix_of_a_convolution(void **state) {
    (void)state;
    for (int g = 0; g < LENGTH(kGeometries); g++) {
        struct conv conv = make_conv(&kGeometries[g], 3, CNN_LINEAR);
        cnn_matrix *sparse = NULL, *dense = NULL, *lin[2] = {NULL, NULL};
        OK(cnn_net_conv_matrix(conv.net, conv.node, NULL, &sparse, &err));
        OK(cnn_net_conv_matrix(conv.net, conv.node, &(cnn_conv_matrix){.dense = 1}, &dense, &err));
        for (int d = 0; d < 2; d++)
            OK(cnn_net_conv_matrix(conv.net, conv.node,
                                   &(cnn_conv_matrix){.dense = d, .order = CNN_ORDER_HWC}, &lin[d],
                                   &err));
        float *m = dense_of(sparse, CNN_VEC_ROWS), *same = dense_of(dense, CNN_VEC_ROWS);
        float *l = dense_of(lin[0], CNN_VEC_ROWS), *l1 = dense_of(lin[1], CNN_VEC_ROWS);
        const size_t bytes = (size_t)(conv.in * conv.out) * sizeof *m;
        assert_memory_equal(m, same, bytes);
        assert_memory_equal(l, l1, bytes);
        const int64_t *in = conv.info.input, *out = conv.info.output;
        for (int64_t row = 0; row < conv.out; row++)
            for (int64_t column = 0; column < conv.in; column++) {
                const float value = m[row * conv.in + column];
                assert_true(value == N37_entry(&conv, row, column));
                /* The documented permutation. */
                const int64_t r =
                    hwc(out, row / (out[1] * out[2]), row / out[2] % out[1], row % out[2]);
                const int64_t c =
                    hwc(in, column / (in[1] * in[2]), column / in[2] % in[1], column % in[2]);
                assert_true(l[r * conv.in + c] == value);
            }
        cnn_matrix_destroy(sparse);
        cnn_matrix_destroy(dense);
        cnn_matrix_destroy(lin[0]);
        cnn_matrix_destroy(lin[1]);
        free(m);
        free(same);
        free(l);
        free(l1);
        end_conv(&conv);
    }
}

/* sqr, convolve, vec is the product with M, on every device. */
static void D_M_x_is_the_vec_of_K_convolved(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    for (int g = 0; g < LENGTH(kGeometries); g++) {
        struct conv conv = make_conv(&kGeometries[g], 5, CNN_LINEAR);
        float *x = floats(kN * conv.in), *y = floats(kN * conv.out);
        float *b = floats(conv.info.output[0]);
        fill(x, kN * conv.in, 6);
        OK(cnn_net_compile(conv.net, device, &(cnn_compile){.max_batch = kN}, &err));
        OK(cnn_net_run(conv.net, x, kN * conv.in, y, kN * conv.out, &err));
        OK(cnn_net_get_tensor(conv.net, CNN_PARAMETERS, "conv/bias", b, conv.info.output[0], &err));
        cnn_matrix *m = NULL;
        OK(cnn_net_conv_matrix(conv.net, conv.node, NULL, &m, &err));
        float *mx = product(m, 0, x, kN);
        for (int64_t i = 0; i < kN * conv.out; i++)
            NEAR(mx[i] + b[i % conv.out / conv.info.positions], y[i], 1e-5);
        cnn_matrix_destroy(m);
        free(x);
        free(y);
        free(b);
        free(mx);
        end_conv(&conv);
    }
    cnn_device_destroy(device);
}

static void D_K_comes_back_from_its_matrix(void **state) {
    (void)state;
    for (int g = 0; g < LENGTH(kGeometries); g++)
        for (int form = 0; form < 4; form++) {
            struct conv conv = make_conv(&kGeometries[g], 5, CNN_LINEAR);
            const cnn_conv_matrix options = {.dense = form % 2,
                                             .order = form / 2 ? CNN_ORDER_HWC : CNN_ORDER_CHW};
            cnn_matrix *m = NULL;
            OK(cnn_net_conv_matrix(conv.net, conv.node, &options, &m, &err));
            int64_t counts[256];
            OK(cnn_net_conv_positions(conv.net, conv.node, counts, conv.weights, &err));
            /* Another kernel in its place. */
            float *other = floats(conv.weights), *back = floats(conv.weights);
            fill(other, conv.weights, 4);
            OK(cnn_net_set_tensor(conv.net, CNN_PARAMETERS, "conv/weight", other, conv.weights,
                                  &err));
            double residual = -1;
            OK(cnn_net_set_conv_matrix(conv.net, conv.node, m, &options, &residual, &err));
            OK(cnn_net_get_tensor(conv.net, CNN_PARAMETERS, "conv/weight", back, conv.weights,
                                  &err));
            assert_true(residual < 1e-7);
            for (int64_t i = 0; i < conv.weights; i++) {
                /* An entry without a place keeps its value. */
                const int unused = counts[i] == 0;
                NEAR(back[i], unused ? other[i] : conv.k[i], 1e-6);
            }
            cnn_matrix_destroy(m);
            free(other);
            free(back);
            end_conv(&conv);
        }
}

/* n_uv = #{y: 0 <= y s + u d - p < H} #{x: ...}. */
static void D_counts_the_places_of_each_entry(void **state) {
    (void)state;
    int unused = 0;
    for (int g = 0; g < LENGTH(kGeometries); g++) {
        const struct geometry *k = &kGeometries[g];
        struct conv conv = make_conv(k, 5, CNN_LINEAR);
        int64_t counts[256];
        assert_true(conv.weights < LENGTH(counts));
        OK(cnn_net_conv_positions(conv.net, conv.node, counts, conv.weights, &err));
        for (int64_t i = conv.taps; i < conv.weights; i++)
            assert_int_equal(counts[i], counts[i % conv.taps]);
        for (int64_t u = 0; u < k->kernel[0]; u++)
            for (int64_t v = 0; v < k->kernel[1]; v++) {
                int64_t ny = 0, nx = 0;
                for (int64_t y = 0; y < conv.info.output[1]; y++) {
                    const int64_t at = y * k->stride[0] + u * k->dilation[0] - k->padding[0];
                    ny += at >= 0 && at < k->h;
                }
                for (int64_t x = 0; x < conv.info.output[2]; x++) {
                    const int64_t at = x * k->stride[1] + v * k->dilation[1] - k->padding[1];
                    nx += at >= 0 && at < k->w;
                }
                assert_int_equal(counts[u * k->kernel[1] + v], ny * nx);
                unused += ny * nx == 0;
            }
        FAILS(CNN_SHAPE_MISMATCH,
              cnn_net_conv_positions(conv.net, conv.node, counts, conv.weights + 1, &err));
        end_conv(&conv);
    }
    assert_true(unused > 0);
}

static double distance(const float *a, const float *b, int64_t count) {
    double squares = 0;
    for (int64_t i = 0; i < count; i++) squares += pow((double)a[i] - (double)b[i], 2);
    return sqrt(squares);
}

/* No kernel's matrix is nearer than the projection, whose residual is told and refused. */
static void D_projects_to_the_nearest_kernel_or_refuses(void **state) {
    (void)state;
    for (int g = 0; g < LENGTH(kGeometries); g++) {
        struct conv conv = make_conv(&kGeometries[g], 5, CNN_LINEAR);
        const int64_t count = conv.in * conv.out;
        float *a = floats(count), *k = floats(conv.weights), *zero = floats(count);
        fill(a, count, 12);
        cnn_matrix *m = NULL, *near = NULL;
        OK(cnn_matrix_mat(a, count, conv.out, conv.in, CNN_VEC_ROWS, &m, &err));
        double residual = -1, unchecked = -1;
        const cnn_status status =
            cnn_net_set_conv_matrix(conv.net, conv.node, m, NULL, &residual, &err);
        if (conv.in > 2) {
            assert_int_equal(status, CNN_OUT_OF_RANGE);
            SAID("no kernel has this matrix");
            assert_int_equal(err.node, conv.node);
            OK(cnn_net_get_tensor(conv.net, CNN_PARAMETERS, "conv/weight", k, conv.weights, &err));
            assert_memory_equal(k, conv.k, (size_t)conv.weights * sizeof *k);
        }
        OK(cnn_net_set_conv_matrix(conv.net, conv.node, m, &(cnn_conv_matrix){.unchecked = 1},
                                   &unchecked, &err));
        assert_true(residual == unchecked);
        OK(cnn_net_set_conv_matrix(conv.net, conv.node, m,
                                   &(cnn_conv_matrix){.tolerance = residual * 1.0001 + 1e-9}, NULL,
                                   &err));
        OK(cnn_net_get_tensor(conv.net, CNN_PARAMETERS, "conv/weight", k, conv.weights, &err));
        OK(cnn_net_conv_matrix(conv.net, conv.node, NULL, &near, &err));
        float *nearest = dense_of(near, CNN_VEC_ROWS);
        const double least = distance(a, nearest, count), norm = distance(a, zero, count);
        NEAR(least / norm, residual, 1e-6);
        free(nearest);
        cnn_matrix_destroy(near);
        for (int64_t i = 0; i < conv.weights; i++)
            for (int side = -1; side <= 1; side += 2) {
                const float kept = k[i];
                k[i] = kept + 0.01f * (float)side;
                OK(cnn_net_set_tensor(conv.net, CNN_PARAMETERS, "conv/weight", k, conv.weights,
                                      &err));
                k[i] = kept;
                near = NULL;
                OK(cnn_net_conv_matrix(conv.net, conv.node, NULL, &near, &err));
                float *moved = dense_of(near, CNN_VEC_ROWS);
                assert_true(distance(a, moved, count) >= least);
                free(moved);
                cnn_matrix_destroy(near);
            }
        cnn_matrix_destroy(m);
        free(a);
        free(k);
        free(zero);
        end_conv(&conv);
    }
}

/* What a sparse matrix leaves out is zero, also where a kernel has an entry. */
static void D_projects_sparse_matrices_as_dense_ones(void **state) {
    (void)state;
    for (int g = 0; g < LENGTH(kGeometries); g++) {
        struct conv conv = make_conv(&kGeometries[g], 5, CNN_LINEAR);
        const int64_t count = conv.in * conv.out;
        float *a = floats(count), *k[2] = {floats(conv.weights), floats(conv.weights)};
        fill(a, count, 12);
        for (int64_t i = 1; i < count; i++)
            if (a[i] < 0.5f) a[i] = 0;
        cnn_matrix *m[2] = {NULL, NULL};
        OK(cnn_matrix_mat(a, count, conv.out, conv.in, CNN_VEC_ROWS, &m[0], &err));
        cnn_matrix_info info;
        OK(cnn_matrix_get_info(m[0], &info, &err));
        int64_t *offsets = calloc((size_t)info.rows + 1, sizeof *offsets);
        int64_t *columns = calloc((size_t)info.nonzeros + 1, sizeof *columns);
        float *values = floats(info.nonzeros);
        OK(cnn_matrix_get_csr(m[0], offsets, info.rows + 1, columns, values, info.nonzeros, &err));
        OK(cnn_matrix_csr(info.rows, info.columns, offsets, columns, values, info.nonzeros, &m[1],
                          &err));
        double residual[2];
        for (int i = 0; i < 2; i++) {
            OK(cnn_net_set_conv_matrix(conv.net, conv.node, m[i],
                                       &(cnn_conv_matrix){.unchecked = 1}, &residual[i], &err));
            OK(cnn_net_get_tensor(conv.net, CNN_PARAMETERS, "conv/weight", k[i], conv.weights,
                                  &err));
            cnn_matrix_destroy(m[i]);
        }
        NEAR(residual[0], residual[1], 1e-12);
        assert_memory_equal(k[0], k[1], (size_t)conv.weights * sizeof **k);
        free(a);
        free(k[0]);
        free(k[1]);
        free(offsets);
        free(columns);
        free(values);
        end_conv(&conv);
    }
}

static void mistakes_are_told(void **state) {
    (void)state;
    struct conv conv = make_conv(&kGeometries[1], 5, CNN_LINEAR);
    cnn_matrix *m = NULL;
    cnn_net *unrolled = NULL;
    float z[4] = {0};
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_conv_matrix(conv.net, 0, NULL, &m, &err));
    SAID("input \"x\" (node 0) is no conv2d");
    FAILS(CNN_OUT_OF_RANGE, cnn_net_conv_matrix(conv.net, 7, NULL, &m, &err));
    FAILS(CNN_OUT_OF_RANGE, cnn_net_unroll_conv2d(conv.net, -1, &unrolled, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_unroll_conv2d(conv.net, 0, &unrolled, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_patch_matrix(conv.net, conv.node, 2, &m, &err));
    FAILS(CNN_INCOMPATIBLE,
          cnn_net_conv_matrix(conv.net, conv.node, &(cnn_conv_matrix){.reserved = {1}}, &m, &err));
    FAILS(CNN_SHAPE_MISMATCH, cnn_net_patches(conv.net, conv.node, z, 4, z, 4, &err));
    OK(cnn_matrix_mat(z, 4, 2, 2, CNN_VEC_ROWS, &m, &err));
    FAILS(CNN_SHAPE_MISMATCH, cnn_net_set_conv_matrix(conv.net, conv.node, m, NULL, NULL, &err));
    SAID("2 x 2, but the convolution's is");
    FAILS(CNN_INVALID_ARGUMENT,
          cnn_net_set_conv_matrix(conv.net, conv.node, NULL, NULL, NULL, &err));
    cnn_matrix_destroy(m);
    assert_null(unrolled);
    end_conv(&conv);
}

/* ---- A convolution as a dense layer ---- */

static void same_outputs(cnn_net *a, cnn_net *b, cnn_device *device, int64_t in, int64_t out,
                         double tolerance) {
    float *x = floats(kN * in), *y = floats(kN * out), *z = floats(kN * out);
    fill(x, kN * in, 21);
    OK(cnn_net_compile(a, device, &(cnn_compile){.max_batch = kN}, &err));
    OK(cnn_net_compile(b, device, &(cnn_compile){.max_batch = kN}, &err));
    OK(cnn_net_run(a, x, kN * in, y, kN * out, &err));
    OK(cnn_net_run(b, x, kN * in, z, kN * out, &err));
    for (int64_t i = 0; i < kN * out; i++) NEAR(y[i], z[i], tolerance);
    free(x);
    free(y);
    free(z);
}

static void N36_any_convolution_is_a_dense_layer(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    for (int g = 0; g < LENGTH(kGeometries); g++) {
        struct conv conv = make_conv(&kGeometries[g], 8, g % 2 ? CNN_TANH : CNN_SIGMOID);
        cnn_net *dense = NULL;
        OK(cnn_net_unroll_conv2d(conv.net, conv.node, &dense, &err));
        cnn_node_info info;
        OK(cnn_net_describe_node(dense, 1, &info, &err));
        assert_string_equal(info.kind, "dense");
        assert_string_equal(info.name, "conv");
        OK(cnn_net_describe_node(dense, 2, &info, &err));
        assert_string_equal(info.kind, "reshape");
        assert_memory_equal(info.shape, conv.info.output, sizeof conv.info.output);
        same_outputs(conv.net, dense, device, conv.in, conv.out, 1e-5);
        cnn_net_destroy(dense);
        end_conv(&conv);
    }
    cnn_device_destroy(device);
}

/* In the midst of a net, with all that a net has: rates, outputs, several readers, running
 * statistics. */
/* Both are compiled. */
static void same_losses(cnn_net *a, cnn_net *b, int64_t inputs, int64_t outputs) {
    float x[96 * 2], y[3 * 2];
    cnn_evaluation one, other;
    fill(x, 2 * inputs, 8);
    fill(y, 2 * outputs, 9);
    const cnn_samples samples = {
        .inputs = x, .input_elements = 2 * inputs, .targets = y, .target_elements = 2 * outputs};
    OK(cnn_net_evaluate(a, &samples, &one, &err));
    OK(cnn_net_evaluate(b, &samples, &other, &err));
    NEAR(one.loss, other.loss, 1e-5 * one.loss);
}

static void N36_within_a_net_all_else_stays(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    cnn_net *net = seeded_net(31), *dense = NULL;
    const cnn_node x = cnn_net_input(net, "x", 3, (const int64_t[]){2, 8, 6});
    const cnn_conv2d first = {.name = "first",
                              .filters = 4,
                              .kernel = {3, 3},
                              .no_bias = 1,
                              .padding_mode = CNN_SAME,
                              .stride = {2, 1}},
                     second = {.name = "second",
                               .filters = 4,
                               .kernel = {3, 3},
                               .groups = 2,
                               .padding_mode = CNN_SAME,
                               .activation = CNN_LEAKY_RELU,
                               .slope = 0.3f};
    const cnn_node a = cnn_net_conv2d(net, x, &first);
    const cnn_node b = cnn_net_conv2d(net, cnn_net_batch_norm(net, a, NULL), &second);
    cnn_node n = cnn_net_add(net, (const cnn_node[]){a, b}, 2, NULL);
    n = cnn_net_dense(net, n, &(cnn_dense){.units = 3});
    OK(cnn_net_output(net, n, &err));
    const float output_weights[3] = {1, 5, 0.5f};
    cnn_net_loss(net, n,
                 &(cnn_loss){.kind = CNN_LOSS_HALF_MSE,
                             .weight = 0.7f,
                             .average_outputs = 1,
                             .output_weights = output_weights,
                             .output_weight_count = 3});
    OK(cnn_net_set_rate(net, "second", 0.5, &err));
    OK(cnn_net_set_regularization(net, "second", 0.25, &err));
    float mean_and_variance[8];
    fill(mean_and_variance, 4, 3);
    for (int i = 4; i < 8; i++) mean_and_variance[i] = 0.5f + (float)i / 8;
    OK(cnn_net_set_tensor(net, CNN_STATE, "batch_norm_1/running_mean", mean_and_variance, 4, &err));
    OK(cnn_net_set_tensor(net, CNN_STATE, "batch_norm_1/running_variance", mean_and_variance + 4, 4,
                          &err));
    for (int which = 0; which < 2; which++) {
        dense = NULL;
        OK(cnn_net_unroll_conv2d(net, which ? a : b, &dense, &err));
        same_outputs(net, dense, device, 96, 3, 1e-4);
        cnn_tensor_info info;
        OK(cnn_net_describe_tensor(dense, CNN_PARAMETERS, which ? 3 : 4, &info, &err));
        assert_string_equal(info.name, which ? "second/weight" : "second/bias");
        assert_true(info.rate == 0.5 && info.regularization == 0.25);
        same_losses(net, dense, 96, 3);
        cnn_net_destroy(dense);
    }
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

/* N34: w_abcd = W_ac d_bd and b_ab = B_a is a convolution of one by one over maps a, c and places
 * b, d. */
static void N34_a_factor_times_delta_is_a_convolution_of_one_by_one(void **state) {
    skip_without(state);
    enum { kA = 3, kC = 4, kB = 5 };
    cnn_device *device = open_device(*state);
    const struct geometry g = {kC, 1, kB, kA, {1, 1}, {1, 1}, {1, 1}, {0}, 1};
    struct conv conv = make_conv(&g, 2, CNN_SIGMOID);
    cnn_net *dense = NULL;
    OK(cnn_net_unroll_conv2d(conv.net, conv.node, &dense, &err));
    float w[kA * kB * kC * kB], bias[kA * kB], maps[kA];
    OK(cnn_net_get_tensor(dense, CNN_PARAMETERS, "conv/weight", w, LENGTH(w), &err));
    OK(cnn_net_get_tensor(dense, CNN_PARAMETERS, "conv/bias", bias, LENGTH(bias), &err));
    OK(cnn_net_get_tensor(conv.net, CNN_PARAMETERS, "conv/bias", maps, kA, &err));
    for (int a = 0; a < kA; a++)
        for (int b = 0; b < kB; b++) {
            assert_true(bias[a * kB + b] == maps[a]);
            for (int c = 0; c < kC; c++)
                for (int d = 0; d < kB; d++)
                    assert_true(w[((a * kB + b) * kC + c) * kB + d] ==
                                (b == d ? conv.k[a * kC + c] : 0));
        }
    /* And the other way: a dense layer so built is that convolution. */
    cnn_matrix *m = NULL;
    OK(cnn_matrix_mat(w, LENGTH(w), kA * kB, kC * kB, CNN_VEC_ROWS, &m, &err));
    double residual;
    OK(cnn_net_set_conv_matrix(conv.net, conv.node, m, NULL, &residual, &err));
    assert_true(residual == 0);
    same_outputs(conv.net, dense, device, kC * kB, kA * kB, 1e-6);
    cnn_matrix_destroy(m);
    cnn_net_destroy(dense);
    end_conv(&conv);
    cnn_device_destroy(device);
}

/* Hedberg's tables: single, custom with kernels of mixed sizes, random, and one kernel for each
 * output map, whose entries D counts once for each of its inputs. */
static void H60_connected_maps_are_matrices_too(void **state) {
    skip_without(state);
    const int32_t pairs[] = {0, 0, 1, 0, 3, 1, 2, 2, 0, 2, 3, 2};
    const int64_t sizes[] = {3, 3, 1, 2, 2, 2, 3, 1, 2, 3, 1, 1};
    const cnn_connections tables[] = {
        {.kind = CNN_CONNECT_SINGLE},
        {.kind = CNN_CONNECT_CUSTOM, .pairs = pairs, .pair_count = 6},
        {.kind = CNN_CONNECT_CUSTOM, .pairs = pairs, .pair_count = 6, .shared_kernel = 1},
        {.kind = CNN_CONNECT_CUSTOM,
         .pairs = pairs,
         .pair_count = 6,
         .kernel_sizes = sizes,
         .kernel_size_count = 6},
        {.kind = CNN_CONNECT_RANDOM, .fan_in = 2, .seed = 3, .shared_kernel = 1},
    };
    cnn_device *device = open_device(*state);
    for (int t = 0; t < LENGTH(tables); t++) {
        cnn_net *net = seeded_net(4), *dense = NULL;
        const cnn_node x = cnn_net_input(net, "x", 3, (const int64_t[]){4, 6, 5});
        const cnn_node node = cnn_net_conv2d(net, x,
                                             &(cnn_conv2d){.name = "conv",
                                                           .filters = t == 0 ? 4 : 3,
                                                           .kernel = {3, 3},
                                                           .stride = {2, 1},
                                                           .padding = {1, 1, 0, 1},
                                                           .activation = CNN_TANH,
                                                           .connections = &tables[t]});
        OK(cnn_net_error(net, &err));
        cnn_convolution_info info;
        OK(cnn_net_describe_convolution(net, node, &info, &err));
        OK(cnn_net_unroll_conv2d(net, node, &dense, &err));
        const int64_t in = 120, out = info.output[0] * info.positions, count = in * out;
        same_outputs(net, dense, device, in, out, 1e-5);
        cnn_net_destroy(dense);

        /* There and back. */
        cnn_tensor_info weight;
        OK(cnn_net_describe_tensor(net, CNN_PARAMETERS, 0, &weight, &err));
        const int64_t entries = weight.elements;
        float *k = floats(entries), *back = floats(entries);
        int64_t *counts = calloc((size_t)entries, sizeof *counts), total = 0;
        OK(cnn_net_get_tensor(net, CNN_PARAMETERS, "conv/weight", k, entries, &err));
        cnn_matrix *m = NULL, *near = NULL;
        OK(cnn_net_conv_matrix(net, node, NULL, &m, &err));
        cnn_matrix_info size;
        OK(cnn_matrix_get_info(m, &size, &err));
        OK(cnn_net_conv_positions(net, node, counts, entries, &err));
        for (int64_t i = 0; i < entries; i++) total += counts[i];
        assert_int_equal(total, size.nonzeros);
        OK(cnn_net_set_tensor(net, CNN_PARAMETERS, "conv/weight", back, entries, &err));
        double residual;
        OK(cnn_net_set_conv_matrix(net, node, m, NULL, &residual, &err));
        OK(cnn_net_get_tensor(net, CNN_PARAMETERS, "conv/weight", back, entries, &err));
        for (int64_t i = 0; i < entries; i++) NEAR(back[i], k[i], 1e-6);
        cnn_matrix_destroy(m);

        /* A far matrix to the nearest: what is left has no part along any kernel's matrix. */
        float *far = floats(count), *zero = floats(count), *rest = floats(count);
        fill(far, count, 3);
        OK(cnn_matrix_mat(far, count, out, in, CNN_VEC_ROWS, &m, &err));
        OK(cnn_net_set_conv_matrix(net, node, m, &(cnn_conv_matrix){.unchecked = 1}, &residual,
                                   &err));
        OK(cnn_net_conv_matrix(net, node, NULL, &near, &err));
        float *nearest = dense_of(near, CNN_VEC_ROWS);
        NEAR(distance(far, nearest, count) / distance(far, zero, count), residual, 1e-6);
        for (int64_t i = 0; i < count; i++) rest[i] = far[i] - nearest[i];
        for (int64_t i = 0; i < entries; i++) {
            for (int64_t j = 0; j < entries; j++) back[j] = i == j;
            OK(cnn_net_set_tensor(net, CNN_PARAMETERS, "conv/weight", back, entries, &err));
            cnn_matrix *basis = NULL;
            OK(cnn_net_conv_matrix(net, node, NULL, &basis, &err));
            float *e = dense_of(basis, CNN_VEC_ROWS);
            double along = 0;
            for (int64_t j = 0; j < count; j++) along += (double)e[j] * rest[j];
            NEAR(along, 0, 1e-4);
            free(e);
            cnn_matrix_destroy(basis);
        }
        cnn_matrix_destroy(m);
        cnn_matrix_destroy(near);
        free(k);
        free(back);
        free(counts);
        free(far);
        free(zero);
        free(rest);
        free(nearest);
        cnn_net_destroy(net);
    }
    cnn_device_destroy(device);
}

/* ---- D's training loop ---- */

/* One step on K from its gradient. */
static void step_on_kernel(struct conv *conv, const cnn_samples *samples, float rate) {
    OK(cnn_net_loss_gradient(conv->net, samples, NULL, NULL, &err));
    float *dk = floats(conv->weights), *k = floats(conv->weights);
    OK(cnn_net_get_tensor(conv->net, CNN_GRADIENT, "conv/weight", dk, conv->weights, &err));
    OK(cnn_net_get_tensor(conv->net, CNN_PARAMETERS, "conv/weight", k, conv->weights, &err));
    for (int64_t i = 0; i < conv->weights; i++) k[i] -= rate * dk[i];
    OK(cnn_net_set_tensor(conv->net, CNN_PARAMETERS, "conv/weight", k, conv->weights, &err));
    free(dk);
    free(k);
}

/* How many places each element of M shares its entry with: M of the counts as a kernel. */
static float *shared_places(const struct conv *conv) {
    cnn_net *counted = NULL;
    int64_t counts[256];
    OK(cnn_net_clone(conv->net, &counted, &err));
    OK(cnn_net_conv_positions(conv->net, conv->node, counts, conv->weights, &err));
    float *k = floats(conv->weights);
    for (int64_t i = 0; i < conv->weights; i++) k[i] = (float)counts[i];
    OK(cnn_net_set_tensor(counted, CNN_PARAMETERS, "conv/weight", k, conv->weights, &err));
    cnn_matrix *m = NULL;
    OK(cnn_net_conv_matrix(counted, conv->node, NULL, &m, &err));
    float *all = dense_of(m, CNN_VEC_ROWS);
    cnn_matrix_destroy(m);
    cnn_net_destroy(counted);
    free(k);
    return all;
}

/* Steps 2 to 5: M of K, its gradient by the dense layer, descent on M (each element's step times
 * `scale`, NULL: 1), and K from M. Returns how far the step leaves the kernels' matrices, of it. */
static double step_on_matrix(struct conv *conv, cnn_device *device, const cnn_samples *samples,
                             float rate, const float *scale) {
    const int64_t count = conv->in * conv->out;
    cnn_net *dense = NULL;
    OK(cnn_net_unroll_conv2d(conv->net, conv->node, &dense, &err));
    OK(cnn_net_compile(dense, device, &(cnn_compile){.max_batch = kN}, &err));
    OK(cnn_net_loss_gradient(dense, samples, NULL, NULL, &err));
    float *dm = floats(count), *m = floats(count);
    OK(cnn_net_get_tensor(dense, CNN_GRADIENT, "conv/weight", dm, count, &err));
    OK(cnn_net_get_tensor(dense, CNN_PARAMETERS, "conv/weight", m, count, &err));
    double step = 0, norm = 0, residual;
    for (int64_t i = 0; i < count; i++) {
        const float by = rate * dm[i] * (scale ? scale[i] : 1);
        m[i] -= by;
        step += (double)by * by;
        norm += (double)m[i] * m[i];
    }
    cnn_matrix *moved = NULL;
    OK(cnn_matrix_mat(m, count, conv->out, conv->in, CNN_VEC_ROWS, &moved, &err));
    /* Checked, it is refused: the zeros have moved. */
    if (!scale)
        FAILS(CNN_OUT_OF_RANGE,
              cnn_net_set_conv_matrix(conv->net, conv->node, moved, NULL, NULL, &err));
    OK(cnn_net_set_conv_matrix(conv->net, conv->node, moved, &(cnn_conv_matrix){.unchecked = 1},
                               &residual, &err));
    cnn_matrix_destroy(moved);
    cnn_net_destroy(dense);
    free(dm);
    free(m);
    return residual * sqrt(norm / step);
}

static double kernel_distance(struct conv *a, struct conv *b) {
    float *k = floats(a->weights), *l = floats(a->weights);
    OK(cnn_net_get_tensor(a->net, CNN_PARAMETERS, "conv/weight", k, a->weights, &err));
    OK(cnn_net_get_tensor(b->net, CNN_PARAMETERS, "conv/weight", l, a->weights, &err));
    const double far = distance(k, l, a->weights);
    free(k);
    free(l);
    return far;
}

static struct conv training_conv(const struct geometry *g, cnn_device *device) {
    struct conv conv = make_conv(g, 14, CNN_TANH);
    cnn_net_loss(conv.net, conv.node, &(cnn_loss){.kind = CNN_LOSS_HALF_MSE});
    OK(cnn_net_compile(conv.net, device, &(cnn_compile){.max_batch = kN}, &err));
    return conv;
}

static const struct geometry kDiagrams[] = {
    {1, 6, 6, 1, {3, 3}, {1, 1}, {1, 1}, {0, 0, 0, 0}, 1},
    {1, 6, 6, 1, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}, 1},
    {2, 7, 5, 3, {3, 2}, {2, 1}, {1, 2}, {1, 0, 2, 1}, 1},
};

static void D_descent_on_M_follows_descent_on_K(void **state) {
    skip_without(state);
    enum { kSteps = 25 };
    const float rate = 0.02f;
    cnn_device *device = open_device(*state);
    for (int g = 0; g < LENGTH(kDiagrams); g++) {
        struct conv k = training_conv(&kDiagrams[g], device);
        struct conv m = training_conv(&kDiagrams[g], device);
        struct conv start = training_conv(&kDiagrams[g], device);
        float *x = floats(kN * k.in), *t = floats(kN * k.out), *scale = shared_places(&m);
        fill(x, kN * k.in, 5);
        fill(t, kN * k.out, 6);
        const cnn_samples samples = {
            .inputs = x, .input_elements = kN * k.in, .targets = t, .target_elements = kN * k.out};
        for (int step = 0; step < kSteps; step++) {
            step_on_kernel(&k, &samples, rate);
            step_on_matrix(&m, device, &samples, rate, scale);
            assert_true(kernel_distance(&k, &m) < 2e-5);
        }
        assert_true(kernel_distance(&k, &start) > 0.05);
        free(x);
        free(t);
        free(scale);
        end_conv(&k);
        end_conv(&m);
        end_conv(&start);
    }
    cnn_device_destroy(device);
}

/* On record, of the text: "gradient descent on M keeps its structure" is false. A step on M moves
 * the zeros, by 0.4 to 1.0 of itself; what its projection leaves is 1/n of the step on K. */
static void D_the_naive_path_does_neither(void **state) {
    skip_without(state);
    const float rate = 0.02f;
    cnn_device *device = open_device(*state);
    for (int g = 0; g < LENGTH(kDiagrams); g++) {
        struct conv k = training_conv(&kDiagrams[g], device);
        struct conv naive = training_conv(&kDiagrams[g], device);
        struct conv start = training_conv(&kDiagrams[g], device);
        float *x = floats(kN * k.in), *t = floats(kN * k.out);
        fill(x, kN * k.in, 5);
        fill(t, kN * k.out, 6);
        const cnn_samples samples = {
            .inputs = x, .input_elements = kN * k.in, .targets = t, .target_elements = kN * k.out};
        const double away = step_on_matrix(&naive, device, &samples, rate, NULL);
        assert_true(away > 0.4 && away < 1.0);
        step_on_kernel(&k, &samples, rate);
        const double whole = kernel_distance(&k, &start), part = kernel_distance(&naive, &start);
        assert_true(part < 0.5 * whole);
        /* Without padding, exactly K - (rate / n) dK. */
        if (kDiagrams[g].padding[0] == 0) NEAR(part * (double)k.info.positions / whole, 1, 1e-2);
        free(x);
        free(t);
        end_conv(&k);
        end_conv(&naive);
        end_conv(&start);
    }
    cnn_device_destroy(device);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(L1_the_convolution_is_W_phi_of_Z_plus_b),
        cmocka_unit_test(D_M_x_is_the_vec_of_K_convolved),
        cmocka_unit_test(N36_any_convolution_is_a_dense_layer),
        cmocka_unit_test(N36_within_a_net_all_else_stays),
        cmocka_unit_test(N34_a_factor_times_delta_is_a_convolution_of_one_by_one),
        cmocka_unit_test(H60_connected_maps_are_matrices_too),
        cmocka_unit_test(D_descent_on_M_follows_descent_on_K),
        cmocka_unit_test(D_the_naive_path_does_neither),
    };
    const struct CMUnitTest once[] = {
        cmocka_unit_test(L4_P_is_phi_as_a_sparse_matrix),
        cmocka_unit_test(L5_vec_and_mat_and_the_sqr_of_D),
        cmocka_unit_test(sparse_matrices_are_checked),
        cmocka_unit_test(N37_the_matrix_of_a_convolution),
        cmocka_unit_test(D_K_comes_back_from_its_matrix),
        cmocka_unit_test(D_counts_the_places_of_each_entry),
        cmocka_unit_test(D_projects_to_the_nearest_kernel_or_refuses),
        cmocka_unit_test(D_projects_sparse_matrices_as_dense_ones),
        cmocka_unit_test(mistakes_are_told),
    };
    const int failed = cmocka_run_group_tests_name("matrices", once, NULL, NULL);
    return failed + run_on_devices("matrices", tests, LENGTH(tests));
}

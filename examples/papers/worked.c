// W's networks and their closed forms. Throughout r = (the network's output) - y, and
// z' = z (1 - z) is the derivative of the sigmoid by its value z.
#include "worked.h"

#include <math.h>

// Window k of a 3x3 image holds the pixels kWindows[k], under the weights c1 ... c4.
static const int kWindows[4][4] = {{0, 1, 3, 4}, {1, 2, 4, 5}, {3, 4, 6, 7}, {4, 5, 7, 8}};

static double sigmoid(double x) {
    return 1 / (1 + exp(-x));
}

// ---- Building ----

static cnn_node image_of(cnn_net *net) {
    const int64_t shape[3] = {1, 3, 3};
    return cnn_net_input(net, "p", 3, shape);
}

static cnn_node filters_of(cnn_net *net, cnn_node input, int64_t count) {
    const cnn_conv2d conv = {
        .name = "c", .filters = count, .kernel = {2}, .no_bias = 1, .activation = CNN_SIGMOID};
    return cnn_net_conv2d(net, input, &conv);
}

static cnn_node linear_of(cnn_net *net, cnn_node input) {
    const cnn_dense dense = {.name = "w", .units = 1, .no_bias = 1};
    return cnn_net_dense(net, input, &dense);
}

// For one output and one sample the mean squared error is W's f = r^2.
static cnn_net *with_loss(cnn_net *net, cnn_node output) {
    const cnn_loss loss = {.name = "f", .kind = CNN_LOSS_MSE};
    cnn_net_loss(net, output, &loss);
    return net;
}

static cnn_net *build_231(void) {
    cnn_net *net = cnn_net_create(NULL);
    const int64_t two = 2;
    const cnn_node x = cnn_net_input(net, "x", 1, &two);
    const cnn_dense hidden = {.name = "suv", .units = 3, .no_bias = 1, .activation = CNN_SIGMOID};
    return with_loss(net, linear_of(net, cnn_net_dense(net, x, &hidden)));
}

static cnn_net *build_averaged(void) {
    cnn_net *net = cnn_net_create(NULL);
    const cnn_node z = filters_of(net, image_of(net), 1);
    return with_loss(net, cnn_net_global_average_pool2d(net, z, NULL));
}

static cnn_net *build_flattened(int64_t filters) {
    cnn_net *net = cnn_net_create(NULL);
    return with_loss(net, linear_of(net, filters_of(net, image_of(net), filters)));
}

static cnn_net *build_exercise1(void) {
    return build_flattened(1);
}
static cnn_net *build_exercise4(void) {
    return build_flattened(2);
}

// The average over the two filters is a linear node of two weights 1/2 that don't learn.
static cnn_net *build_exercise2(void) {
    cnn_net *net = cnn_net_create(NULL);
    const cnn_node z = filters_of(net, image_of(net), 2);
    const cnn_node averages = cnn_net_global_average_pool2d(net, z, NULL);
    const cnn_dense half = {.name = "average",
                            .units = 1,
                            .no_bias = 1,
                            .initializer = CNN_INIT_CONSTANT,
                            .initializer_scale = 0.5f};
    with_loss(net, cnn_net_dense(net, averages, &half));
    cnn_net_set_rate(net, "average", 0, NULL);
    return net;
}

static cnn_net *build_exercise3(void) {
    cnn_net *net = cnn_net_create(NULL);
    const cnn_node z = filters_of(net, image_of(net), 2);
    return with_loss(net, linear_of(net, cnn_net_global_average_pool2d(net, z, NULL)));
}

// ---- Closed forms ----

// z of the four windows under one filter.
static void convolve(const double *p, const double *c, double *z) {
    for (int k = 0; k < 4; k++) {
        double sum = 0;
        for (int i = 0; i < 4; i++) sum += c[i] * p[kWindows[k][i]];
        z[k] = sigmoid(sum);
    }
}

// gradient[i] = sum over the windows of weight[k] z'_k p_ki: how every c enters.
static void through_filter(const double *p, const double *z, const double *weight,
                           double *gradient) {
    for (int i = 0; i < 4; i++) {
        gradient[i] = 0;
        for (int k = 0; k < 4; k++)
            gradient[i] += weight[k] * z[k] * (1 - z[k]) * p[kWindows[k][i]];
    }
}

static void fill4(double *values, double value) {
    for (int k = 0; k < 4; k++) values[k] = value;
}

static double mean4(const double *z) {
    return (z[0] + z[1] + z[2] + z[3]) / 4;
}

static double closed_231(const double *x, double y, const double *theta, double *gradient) {
    double z[3], r = -y;
    const double *w = theta + 6;
    for (int i = 0; i < 3; i++) {
        z[i] = sigmoid(theta[2 * i] * x[0] + theta[2 * i + 1] * x[1]);
        r += w[i] * z[i];
    }
    for (int i = 0; i < 3; i++) {
        const double dz = 2 * r * w[i] * z[i] * (1 - z[i]);
        gradient[2 * i] = dz * x[0];
        gradient[2 * i + 1] = dz * x[1];
        gradient[6 + i] = 2 * r * z[i];
    }
    return r * r;
}

static double closed_averaged(const double *p, double y, const double *c, double *gradient) {
    double z[4], weight[4];
    convolve(p, c, z);
    const double r = mean4(z) - y;
    fill4(weight, r / 2);
    through_filter(p, z, weight, gradient);
    return r * r;
}

// `filters` filters flattened under weights w: exercises 1 and 4.
static double closed_flattened(int filters, const double *p, double y, const double *theta,
                               double *gradient) {
    double z[8], weight[8], r = -y;
    const double *w = theta + 4 * filters;
    for (int f = 0; f < filters; f++) convolve(p, theta + 4 * f, z + 4 * f);
    for (int i = 0; i < 4 * filters; i++) r += w[i] * z[i];
    for (int i = 0; i < 4 * filters; i++) {
        weight[i] = 2 * r * w[i];
        gradient[4 * filters + i] = 2 * r * z[i];
    }
    for (int f = 0; f < filters; f++)
        through_filter(p, z + 4 * f, weight + 4 * f, gradient + 4 * f);
    return r * r;
}

static double closed_exercise1(const double *p, double y, const double *theta, double *gradient) {
    return closed_flattened(1, p, y, theta, gradient);
}

static double closed_exercise4(const double *p, double y, const double *theta, double *gradient) {
    return closed_flattened(2, p, y, theta, gradient);
}

static double closed_exercise2(const double *p, double y, const double *theta, double *gradient) {
    double z[8], weight[4], r = -y;
    for (int f = 0; f < 2; f++) {
        convolve(p, theta + 4 * f, z + 4 * f);
        r += mean4(z + 4 * f) / 2;
    }
    fill4(weight, r / 4);
    for (int f = 0; f < 2; f++) through_filter(p, z + 4 * f, weight, gradient + 4 * f);
    gradient[8] = gradient[9] = 0;
    return r * r;
}

static double closed_exercise3(const double *p, double y, const double *theta, double *gradient) {
    double z[8], weight[4], r = -y;
    const double *w = theta + 8;
    for (int f = 0; f < 2; f++) {
        convolve(p, theta + 4 * f, z + 4 * f);
        r += w[f] * mean4(z + 4 * f);
    }
    for (int f = 0; f < 2; f++) {
        fill4(weight, r * w[f] / 2);
        through_filter(p, z + 4 * f, weight, gradient + 4 * f);
        gradient[8 + f] = 2 * r * mean4(z + 4 * f);
    }
    return r * r;
}

// ---- The table ----

static const char *const kLabels231[] = {"s1", "s2", "u1", "u2", "v1", "v2", "w1", "w2", "w3"};
static const char *const kLabelsOne[] = {"c1", "c2", "c3", "c4", "w1", "w2", "w3", "w4"};
static const char *const kLabelsTwo[] = {"c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8",
                                         "w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8"};

const struct worked_network worked_networks[kWorkedNetworks] = {
    {"2-3-1, sigmoid then linear", "f = (w.z - y)^2",
     "dw_i = 2 r z_i;  ds, du, dv = 2 r w_i z_i' x", 2, 9, 0, kLabels231, build_231, closed_231},
    {"convolution, averaged", "f = ((z1 + z2 + z3 + z4) / 4 - y)^2", "dc = r/2 sum z_i' p", 9, 4, 0,
     kLabelsOne, build_averaged, closed_averaged},
    {"exercise 1: convolution, flattened, linear", "f = (w.z - y)^2",
     "dc = 2 r sum w_i z_i' p;  dw_i = 2 r z_i", 9, 8, 0, kLabelsOne, build_exercise1,
     closed_exercise1},
    {"exercise 2: two filters, averaged twice", "f = ((mean z_1..4 + mean z_5..8) / 2 - y)^2",
     "dc = r/4 sum z_i' p", 9, 10, 2, kLabelsTwo, build_exercise2, closed_exercise2},
    {"exercise 3: two filters, averaged, linear", "f = (w1 mean z_1..4 + w2 mean z_5..8 - y)^2",
     "dc = r/2 w_f sum z_i' p;  dw_f = 2 r mean z_f", 9, 10, 0, kLabelsTwo, build_exercise3,
     closed_exercise3},
    {"exercise 4: two filters, flattened, linear", "f = (sum w_i z_i - y)^2",
     "dc = 2 r sum w_i z_i' p;  dw_i = 2 r z_i", 9, 16, 0, kLabelsTwo, build_exercise4,
     closed_exercise4},
};

// The commutative diagram of training a convolution: down one side a kernel K slides over an image,
// down the other a matrix M multiplies the image as a vector, vec(K * sqr(x)) = M x. The five
// steps:
//   1. y from x and K            2. the M of K
//   3. dM = (y - t) x'           4. descent on M           5. a new K from M
// A step on M moves its structural zeros, and each entry of K is in n places of M, so that the mean
// over them (5) keeps 1/n of the step. Scaled by n (in padded images by each entry's own n) the
// path by M follows the path by K, which is printed beside it.
#include <cnn/cnn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { kSide = 6, kTaps = 3, kIn = kSide * kSide, kKernel = kTaps * kTaps, kSteps = 60 };

static const float kRate = 0.02f;
// An edge detector to be found again from what it makes of one image.
static const float kTarget[kKernel] = {1, 0, -1, 2, 0, -2, 1, 0, -1};

static cnn_error error;

static void check(cnn_status status) {
    if (status == CNN_OK) return;
    fprintf(stderr, "%s\n", error.message);
    exit(1);
}

// K * sqr(x) as a net: one convolution without bias, and 1/2 |y - t|^2.
static cnn_net *make_net(cnn_device *device, int64_t padding, const float *kernel) {
    cnn_net *net = cnn_net_create(NULL);
    const cnn_node x = cnn_net_input(net, "x", 3, (const int64_t[]){1, kSide, kSide});
    const cnn_conv2d conv = {.name = "K",
                             .filters = 1,
                             .kernel = {kTaps},
                             .padding = {padding, padding, padding, padding},
                             .no_bias = 1};
    cnn_net_loss(net, cnn_net_conv2d(net, x, &conv), &(cnn_loss){.kind = CNN_LOSS_HALF_MSE});
    check(cnn_net_compile(net, device, NULL, &error));
    check(cnn_net_set_tensor(net, CNN_PARAMETERS, "K/weight", kernel, kKernel, &error));
    return net;
}

static cnn_matrix *matrix_of(cnn_net *net, cnn_node node) {
    cnn_matrix *matrix = NULL;
    check(cnn_net_conv_matrix(net, node, NULL, &matrix, &error));
    return matrix;
}

// How many places of M each element shares its entry of K with: the M of the counts as a kernel.
static void shared_places(cnn_net *net, cnn_node node, float *places, int64_t elements) {
    int64_t counts[kKernel];
    float kernel[kKernel];
    cnn_net *counted = NULL;
    check(cnn_net_conv_positions(net, node, counts, kKernel, &error));
    for (int i = 0; i < kKernel; i++) kernel[i] = (float)counts[i];
    check(cnn_net_clone(net, &counted, &error));
    check(cnn_net_set_tensor(counted, CNN_PARAMETERS, "K/weight", kernel, kKernel, &error));
    cnn_matrix *matrix = matrix_of(counted, node);
    check(cnn_matrix_vec(matrix, CNN_VEC_ROWS, places, elements, &error));
    cnn_matrix_destroy(matrix);
    cnn_net_destroy(counted);
}

static double loss_of(const float *y, const float *t, int64_t count) {
    double sum = 0;
    for (int64_t i = 0; i < count; i++) sum += 0.5 * pow((double)y[i] - (double)t[i], 2);
    return sum;
}

// A step on K by the net's own gradient; the loss before it.
static double step_on_kernel(cnn_net *net, const cnn_samples *samples) {
    double loss;
    float k[kKernel], dk[kKernel];
    check(cnn_net_loss_gradient(net, samples, NULL, &loss, &error));
    check(cnn_net_get_tensor(net, CNN_PARAMETERS, "K/weight", k, kKernel, &error));
    check(cnn_net_get_tensor(net, CNN_GRADIENT, "K/weight", dk, kKernel, &error));
    for (int i = 0; i < kKernel; i++) k[i] -= kRate * dk[i];
    check(cnn_net_set_tensor(net, CNN_PARAMETERS, "K/weight", k, kKernel, &error));
    return loss;
}

// The five steps; `places` NULL: the step as it is, for the record.
static double step_on_matrix(cnn_net *net, cnn_node node, const float *x, const float *t,
                             int64_t out, const float *places, float *y, float *m) {
    cnn_matrix *matrix = matrix_of(net, node);
    check(cnn_matrix_multiply(matrix, 0, x, kIn, y, out, &error));
    check(cnn_matrix_vec(matrix, CNN_VEC_ROWS, m, out * kIn, &error));
    cnn_matrix_destroy(matrix);
    for (int64_t i = 0; i < out; i++)
        for (int64_t j = 0; j < kIn; j++) {
            const float dm = (y[i] - t[i]) * x[j];
            m[i * kIn + j] -= kRate * (places ? places[i * kIn + j] : 1) * dm;
        }
    check(cnn_matrix_mat(m, out * kIn, out, kIn, CNN_VEC_ROWS, &matrix, &error));
    check(cnn_net_set_conv_matrix(net, node, matrix, &(cnn_conv_matrix){.unchecked = 1}, NULL,
                                  &error));
    cnn_matrix_destroy(matrix);
    return loss_of(y, t, out);
}

static double kernel_distance(cnn_net *a, cnn_net *b) {
    float k[kKernel], l[kKernel];
    double most = 0;
    check(cnn_net_get_tensor(a, CNN_PARAMETERS, "K/weight", k, kKernel, &error));
    check(cnn_net_get_tensor(b, CNN_PARAMETERS, "K/weight", l, kKernel, &error));
    for (int i = 0; i < kKernel; i++) most = fmax(most, fabs((double)k[i] - (double)l[i]));
    return most;
}

static void train(cnn_device *device, int64_t padding) {
    const float start[kKernel] = {0};
    cnn_net *teacher = make_net(device, padding, kTarget);
    cnn_net *by_k = make_net(device, padding, start), *by_m = make_net(device, padding, start);
    cnn_net *naive = make_net(device, padding, start);
    const cnn_node node = cnn_net_find_node(by_m, "K");
    cnn_convolution_info info;
    check(cnn_net_describe_convolution(by_m, node, &info, &error));
    const int64_t out = info.positions;
    float x[kIn], t[kIn], y[kIn];
    static float m[kIn * kIn], places[kIn * kIn];
    for (int i = 0; i < kIn; i++) x[i] = sinf((float)(i * i)) * 0.5f;
    check(cnn_net_run(teacher, x, kIn, t, out, &error));
    shared_places(by_m, node, places, out * kIn);
    const cnn_samples samples = {
        .inputs = x, .input_elements = kIn, .targets = t, .target_elements = out};

    printf("%s zero padding, M is %d x %d:\n", padding ? "with" : "without", (int)out, kIn);
    printf("  step   loss by K   loss by M   |K - K of M|   loss by M, unscaled\n");
    for (int step = 0; step <= kSteps; step++) {
        const double k = step_on_kernel(by_k, &samples);
        const double l = step_on_matrix(by_m, node, x, t, out, places, y, m);
        const double n = step_on_matrix(naive, node, x, t, out, NULL, y, m);
        if (step % 10 == 0)
            printf("  %4d  %10.6f  %10.6f        %7.1e  %20.6f\n", step, k, l,
                   kernel_distance(by_k, by_m), n);
    }
    float found[kKernel];
    check(cnn_net_get_tensor(by_m, CNN_PARAMETERS, "K/weight", found, kKernel, &error));
    printf("  K:");
    for (int i = 0; i < kKernel; i++)
        printf("%s %5.2f", i % kTaps == 0 && i > 0 ? " /" : "", (double)found[i]);
    printf("\n\n");
    cnn_net_destroy(teacher);
    cnn_net_destroy(by_k);
    cnn_net_destroy(by_m);
    cnn_net_destroy(naive);
}

int main(int argc, char **argv) {
    cnn_device *device = NULL;
    check(cnn_device_open(argc > 1 ? argv[1] : "auto", NULL, &device, &error));
    train(device, 0);
    train(device, 1);
    cnn_device_destroy(device);
    return 0;
}

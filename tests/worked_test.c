/* The six networks of "worked gradients" (W): the library's gradients equal the closed forms. */
#include <math.h>

#include "../examples/papers/worked.h"
#include "public.h"

enum { kPoints = 400 };

static const struct worked_network *network_of(int index) {
    return &worked_networks[index];
}

static cnn_net *compiled(const struct worked_network *network, cnn_device *device) {
    cnn_net *net = network->build();
    OK(cnn_net_compile(net, device, NULL, &err));
    assert_int_equal(cnn_net_vector_elements(net, CNN_PARAMETERS), network->parameters);
    return net;
}

struct point {
    float x[kWorkedInputs], theta[kWorkedParameters], y;
    double exact_x[kWorkedInputs], exact_theta[kWorkedParameters];
    double f, gradient[kWorkedParameters];
};

static void draw(const struct worked_network *network, const float *fixed, uint32_t *stream,
                 struct point *point) {
    const int learning = network->parameters - network->fixed;
    for (int i = 0; i < network->inputs; i++) point->exact_x[i] = point->x[i] = noise(stream);
    for (int i = 0; i < network->parameters; i++)
        point->exact_theta[i] = point->theta[i] = i < learning ? noise(stream) : fixed[i];
    point->y = 2 * noise(stream);
    point->f = network->closed_form(point->exact_x, point->y, point->exact_theta, point->gradient);
}

/* How a network is put together: out = sum of a_k z_k over the windows k of each filter, a_k being
 * a weight of its own, a filter's weight times `share`, or `share` itself. */
enum { kOwn, kFilters, kNone };

static const struct makeup {
    int filters, windows, taps, weights;
    double share;
} kMakeups[kWorkedNetworks] = {{3, 1, 2, kOwn, 1},        {1, 4, 4, kNone, 0.25},
                               {1, 4, 4, kOwn, 1},        {2, 4, 4, kNone, 0.125},
                               {2, 4, 4, kFilters, 0.25}, {2, 4, 4, kOwn, 1}};

/* The closed forms again with every term's magnitude in place of the term: r is |y| + sum |a_k z_k|
 * here. The gradient's into sums, the loss's is returned. */
static double magnitudes(const struct makeup *m, const struct point *point, double *sums) {
    static const int kFirst[4] = {0, 1, 3, 4}, kTaps[4] = {0, 1, 3, 4};
    const double *w = point->exact_theta + m->filters * m->taps;
    double z[8], a[8], r = fabs(point->y);
    for (int i = 0; i < kWorkedParameters; i++) sums[i] = 0;
    for (int k = 0; k < m->filters * m->windows; k++) {
        const int f = k / m->windows;
        double s = 0;
        for (int t = 0; t < m->taps; t++)
            s += point->exact_theta[f * m->taps + t] *
                 point->exact_x[kFirst[k % m->windows] + kTaps[t]];
        z[k] = 1 / (1 + exp(-s));
        a[k] = m->share * (m->weights == kNone ? 1 : fabs(w[m->weights == kOwn ? k : f]));
        r += a[k] * z[k];
    }
    for (int k = 0; k < m->filters * m->windows; k++) {
        const int f = k / m->windows;
        for (int t = 0; t < m->taps; t++)
            sums[f * m->taps + t] += 2 * r * a[k] * z[k] * (1 - z[k]) *
                                     fabs(point->exact_x[kFirst[k % m->windows] + kTaps[t]]);
        if (m->weights == kNone) continue;
        sums[m->filters * m->taps + (m->weights == kOwn ? k : f)] += 2 * r * m->share * z[k];
    }
    return r * r;
}

/* Each entry is held to 1e-6 of the sum of the magnitudes of the terms that make it up: r is a
 * difference, and where its terms, or those of a sum over windows, cancel, what is left of them has
 * no digits to be compared relative to itself, in any arithmetic. */
static void gradients_equal_the_closed_forms(cnn_device *device, int index) {
    const struct worked_network *network = network_of(index);
    cnn_net *net = compiled(network, device);
    float *fixed = vector_of(net, CNN_PARAMETERS);
    uint32_t stream = 77 + (uint32_t)index;
    for (int n = 0; n < kPoints; n++) {
        struct point point;
        float gradient[kWorkedParameters];
        double f = 0;
        draw(network, fixed, &stream, &point);
        const cnn_samples sample = {.inputs = point.x,
                                    .input_elements = network->inputs,
                                    .targets = &point.y,
                                    .target_elements = 1};
        OK(cnn_net_set_vector(net, CNN_PARAMETERS, point.theta, network->parameters, &err));
        OK(cnn_net_loss_gradient(net, &sample, NULL, &f, &err));
        OK(cnn_net_get_vector(net, CNN_GRADIENT, gradient, network->parameters, &err));
        double sums[kWorkedParameters];
        NEAR(f, point.f, 1e-6 * magnitudes(&kMakeups[index], &point, sums));
        for (int i = 0; i < network->parameters; i++)
            NEAR((double)gradient[i], point.gradient[i], 1e-6 * sums[i]);
    }
    free(fixed);
    cnn_net_destroy(net);
}

static void w_gradients_equal_the_closed_forms(void **state) {
    skip_without(state);
    cnn_device *device = open_device(*state);
    for (int i = 0; i < kWorkedNetworks; i++) gradients_equal_the_closed_forms(device, i);
    cnn_device_destroy(device);
}

/* The regularised gradient of the 2-3-1 network has 2 lambda theta more: an optimizer's L2 of
 * 2 lambda, seen in the step of plain gradient descent. */
static void w_regularised_gradient_adds_two_lambda_theta(void **state) {
    skip_without(state);
    const double lambda = 0.05, rate = 0.125;
    const struct worked_network *network = network_of(0);
    cnn_device *device = open_device(*state);
    cnn_net *net = compiled(network, device);
    cnn_optimizer *descent = cnn_optimizer_create(CNN_SGD);
    OK(cnn_optimizer_set(descent, CNN_LEARNING_RATE, rate, &err));
    OK(cnn_optimizer_set(descent, CNN_MOMENTUM, 0, &err));
    OK(cnn_optimizer_set(descent, CNN_L2, 2 * lambda, &err));
    uint32_t stream = 5;
    for (int n = 0; n < kPoints; n++) {
        struct point point;
        float after[kWorkedParameters];
        draw(network, NULL, &stream, &point);
        const cnn_samples sample = {
            .inputs = point.x, .input_elements = 2, .targets = &point.y, .target_elements = 1};
        OK(cnn_net_set_vector(net, CNN_PARAMETERS, point.theta, network->parameters, &err));
        OK(cnn_net_train_step(net, descent, &sample, NULL, &err));
        OK(cnn_net_get_vector(net, CNN_PARAMETERS, after, network->parameters, &err));
        for (int i = 0; i < network->parameters; i++) {
            const double theta = point.exact_theta[i];
            const double wanted = theta - rate * (point.gradient[i] + 2 * lambda * theta);
            NEAR((double)after[i], wanted, 1e-6 * (1 + fabs(theta) + fabs(wanted)));
        }
    }
    cnn_optimizer_destroy(descent);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(w_gradients_equal_the_closed_forms),
        cmocka_unit_test(w_regularised_gradient_adds_two_lambda_theta),
    };
    return run_on_devices("worked", tests, LENGTH(tests));
}

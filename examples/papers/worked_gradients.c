// W's networks and exercises: prints the gradient of each at a random point as the library computes
// it, beside the closed form, then lets each learn with a rate that falls from 0.1.
//
//   worked_gradients [DEVICE]    DEVICE as cnn_device_open takes it, by default "auto"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "worked.h"

static int failed(const cnn_error *error) {
    fprintf(stderr, "%s\n", error->message);
    return 1;
}

static double uniform(uint32_t *stream) {  // in [-1, 1)
    *stream = *stream * 1664525u + 1013904223u;
    return (double)(*stream >> 8) / 8388608.0 - 1;
}

static int print_gradient(const struct worked_network *network, cnn_net *net, uint32_t *stream) {
    cnn_error error;
    float x[kWorkedInputs], theta[kWorkedParameters], gradient[kWorkedParameters];
    double inputs[kWorkedInputs], point[kWorkedParameters], closed[kWorkedParameters], f = 0;
    const int learning = network->parameters - network->fixed;

    if (cnn_net_get_vector(net, CNN_PARAMETERS, theta, network->parameters, &error))
        return failed(&error);
    for (int i = 0; i < network->inputs; i++) inputs[i] = x[i] = (float)uniform(stream);
    for (int i = 0; i < learning; i++) theta[i] = (float)(2 * uniform(stream));
    for (int i = 0; i < network->parameters; i++) point[i] = theta[i];
    const float y = (float)uniform(stream);
    const cnn_samples sample = {
        .inputs = x, .input_elements = network->inputs, .targets = &y, .target_elements = 1};
    if (cnn_net_set_vector(net, CNN_PARAMETERS, theta, network->parameters, &error) ||
        cnn_net_loss_gradient(net, &sample, NULL, &f, &error) ||
        cnn_net_get_vector(net, CNN_GRADIENT, gradient, network->parameters, &error))
        return failed(&error);

    const double exact = network->closed_form(inputs, y, point, closed);
    printf("  f = %.7f, closed form %.7f\n", f, exact);
    printf("        %12s %12s %12s\n", "library", "closed form", "difference");
    for (int i = 0; i < learning; i++)
        printf("    d%s %12.7f %12.7f %12.1e\n", network->labels[i], (double)gradient[i], closed[i],
               (double)gradient[i] - closed[i]);
    return 0;
}

// Learns y = 1 where the first input is larger than the last, else 0, from random weights.
static int learn(const struct worked_network *network, cnn_net *net, uint32_t *stream) {
    enum { kSamples = 64, kEpochs = 300 };
    cnn_error error;
    float x[kSamples * kWorkedInputs], y[kSamples], theta[kWorkedParameters];
    const int inputs = network->inputs, learning = network->parameters - network->fixed;
    for (int i = 0; i < kSamples * inputs; i++) x[i] = (float)uniform(stream);
    for (int i = 0; i < kSamples; i++)
        y[i] = x[i * inputs] > x[i * inputs + inputs - 1] ? 1.0f : 0.0f;
    const cnn_samples samples = {.inputs = x,
                                 .input_elements = kSamples * inputs,
                                 .targets = y,
                                 .target_elements = kSamples};

    cnn_evaluation before, after;
    cnn_optimizer *descent = cnn_optimizer_create(CNN_SGD);
    const cnn_fit fit = {.epochs = kEpochs,
                         .batch = 8,
                         .schedule = CNN_SCHEDULE_EXPONENTIAL,
                         .schedule_factor = 0.99f};
    cnn_status status = cnn_net_get_vector(net, CNN_PARAMETERS, theta, network->parameters, &error);
    for (int i = 0; i < learning; i++) theta[i] = (float)uniform(stream);
    if (status || cnn_net_set_vector(net, CNN_PARAMETERS, theta, network->parameters, &error) ||
        cnn_optimizer_set(descent, CNN_LEARNING_RATE, 0.1, &error) ||
        cnn_optimizer_set(descent, CNN_MOMENTUM, 0, &error) ||
        cnn_net_evaluate(net, &samples, &before, &error) ||
        cnn_net_fit(net, descent, &samples, &fit, NULL, &error) ||
        cnn_net_evaluate(net, &samples, &after, &error))
        status = failed(&error);
    else
        printf("  learning %d samples: mean f from %.4f to %.4f in %d epochs\n\n", kSamples,
               before.loss, after.loss, kEpochs);
    cnn_optimizer_destroy(descent);
    return status != CNN_OK;
}

int main(int argc, char **argv) {
    cnn_error error;
    cnn_device *device = NULL;
    uint32_t stream = 1;
    int status = 0;
    if (cnn_device_open(argc > 1 ? argv[1] : "auto", NULL, &device, &error)) return failed(&error);
    for (int i = 0; i < kWorkedNetworks && !status; i++) {
        const struct worked_network *network = &worked_networks[i];
        const cnn_compile compile = {.max_batch = 8};
        cnn_net *net = network->build();
        printf("%s\n  %s\n  %s\n", network->name, network->loss, network->gradient);
        status = cnn_net_compile(net, device, &compile, &error)
                     ? failed(&error)
                     : print_gradient(network, net, &stream) || learn(network, net, &stream);
        cnn_net_destroy(net);
    }
    cnn_device_destroy(device);
    return status;
}

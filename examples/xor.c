// The shortest whole program: a network learns exclusive or.
#include <cnn/cnn.h>
#include <stdio.h>

int main(void) {
    const float x[] = {0, 0, 0, 1, 1, 0, 1, 1}, y[] = {0, 1, 1, 0};
    float p[4];
    cnn_error error;

    cnn_net *net = cnn_net_create(NULL);
    cnn_node n = cnn_net_input(net, "x", 1, (int64_t[]){2});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = 8, .activation = CNN_TANH});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = 1, .activation = CNN_SIGMOID});
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_MSE});

    cnn_device *device = NULL;
    cnn_optimizer *lm = cnn_optimizer_create(CNN_LEVENBERG_MARQUARDT);
    const cnn_samples samples = {
        .inputs = x, .input_elements = 8, .targets = y, .target_elements = 4};
    if (cnn_device_open("auto", NULL, &device, &error) ||
        cnn_net_compile(net, device, &(cnn_compile){.max_batch = 4}, &error) ||
        cnn_net_minimize(net, lm, &samples, NULL, NULL, &error) ||
        cnn_net_run(net, x, 8, p, 4, &error))
        return fprintf(stderr, "%s\n", error.message), 1;

    for (int i = 0; i < 4; i++)
        printf("%g xor %g = %.3f\n", (double)x[2 * i], (double)x[2 * i + 1], (double)p[i]);

    cnn_optimizer_destroy(lm);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
    return 0;
}

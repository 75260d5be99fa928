/* A program as a user of an installed libcnn writes it: trains exclusive or for a few steps. */
#include <cnn/cnn.h>
#include <stdio.h>

int main(void) {
    static const float x[] = {0, 0, 0, 1, 1, 0, 1, 1}, y[] = {0, 1, 1, 0};
    cnn_error error;
    cnn_device *device = NULL;
    cnn_optimizer *adam = cnn_optimizer_create(CNN_ADAM);
    cnn_net *net = cnn_net_create(NULL);
    cnn_node n = cnn_net_input(net, "x", 1, (const int64_t[]){2});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = 8, .activation = CNN_TANH});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = 1});
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_SIGMOID_CROSS_ENTROPY});
    const cnn_samples samples = {
        .inputs = x, .input_elements = 8, .targets = y, .target_elements = 4};
    double loss = 0;
    if (cnn_device_open("cpu", NULL, &device, &error) ||
        cnn_net_compile(net, device, &(cnn_compile){.max_batch = 4}, &error)) {
        return fprintf(stderr, "%s\n", error.message), 1;
    }
    for (int i = 0; i < 50; i++) {
        if (cnn_net_train_step(net, adam, &samples, &loss, &error)) {
            return fprintf(stderr, "%s\n", error.message), 1;
        }
    }
    printf("libcnn %s: loss %g\n", cnn_version_string(), loss);
    cnn_optimizer_destroy(adam);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
    return 0;
}

// A small and a large network for pictures of digits.
#include "nets.h"

static cnn_node conv(cnn_net *net, cnn_node input, int64_t filters, cnn_padding padding) {
    return cnn_net_conv2d(
        net, input,
        &(cnn_conv2d){
            .filters = filters, .kernel = {5, 5}, .padding_mode = padding, .activation = CNN_RELU});
}

static cnn_node pool(cnn_net *net, cnn_node input) {
    return cnn_net_max_pool2d(net, input, &(cnn_pool2d){.window = {2, 2}});
}

static cnn_node dense(cnn_net *net, cnn_node input, int64_t units, cnn_activation_kind activation) {
    return cnn_net_dense(net, input, &(cnn_dense){.units = units, .activation = activation});
}

static void classes(cnn_net *net, cnn_node input) {
    const cnn_node logits = dense(net, input, 10, CNN_LINEAR);
    cnn_net_loss(net, logits, &(cnn_loss){.kind = CNN_LOSS_SOFTMAX_CROSS_ENTROPY});
}

cnn_net *small_net(int64_t height, int64_t width, uint64_t seed) {
    cnn_net *net = cnn_net_create(&(cnn_net_options){.name = "small", .seed = seed});
    cnn_node n = cnn_net_input(net, "image", 3, (int64_t[]){1, height, width});
    n = pool(net, conv(net, n, 6, CNN_EXPLICIT));  // and no sizes given: no padding
    n = pool(net, conv(net, n, 16, CNN_EXPLICIT));
    n = dense(net, n, 120, CNN_RELU);
    n = dense(net, n, 84, CNN_RELU);
    classes(net, n);
    return net;
}

cnn_net *large_net(int64_t height, int64_t width, uint64_t seed) {
    cnn_net *net = cnn_net_create(&(cnn_net_options){.name = "large", .seed = seed});
    cnn_node n = cnn_net_input(net, "image", 3, (int64_t[]){1, height, width});
    n = pool(net, conv(net, n, 32, CNN_SAME));
    n = pool(net, conv(net, n, 64, CNN_SAME));
    n = dense(net, n, 1024, CNN_RELU);
    n = cnn_net_dropout(net, n, &(cnn_dropout){.rate = 0.5f});
    classes(net, n);
    return net;
}

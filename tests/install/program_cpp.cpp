// program.c as a user of C++ writes it.
#include <cnn/cnn.hpp>

#include <cstdio>

int main() {
    static const float x[] = {0, 0, 0, 1, 1, 0, 1, 1}, y[] = {0, 1, 1, 0};
    try {
        cnn::Net net;
        cnn_node n = net.input("x", {2});
        n = net.dense(n, {.units = 8, .activation = CNN_TANH});
        net.loss(net.dense(n, {.units = 1}), {.kind = CNN_LOSS_SIGMOID_CROSS_ENTROPY});
        net.compile(cnn::Device("cpu"), {.max_batch = 4});
        cnn::Optimizer adam(CNN_ADAM);
        double loss = 0;
        for (int i = 0; i < 50; i++) loss = net.train_step(adam, cnn::Samples(x).targets(y));
        std::printf("libcnn %s from C++: loss %g\n", cnn_version_string(), loss);
    } catch (const cnn::Exception &e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}

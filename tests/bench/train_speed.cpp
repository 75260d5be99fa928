// How fast a network trains: train_speed NET DEVICE [SECONDS] [sgd|adam], with NET small
// (6c5-pool-16c5-pool-120-84-10) or large (32c5-pool-64c5-pool-1024-10, no dropout, as the peer's).
// Batches of 64 random pictures; prints the median step, images a second and the peak of resident
// memory.
#include <cnn/cnn.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

constexpr int kBatch = 64, kPixels = 28 * 28;

[[noreturn]] void give_up(const cnn_error &error) {
    std::fprintf(stderr, "%s\n", error.message);
    std::exit(1);
}

cnn_node conv(cnn_net *net, cnn_node n, int64_t filters, cnn_padding padding) {
    cnn_conv2d conv{};
    conv.filters = filters;
    conv.kernel[0] = 5;
    conv.padding_mode = padding;
    conv.activation = CNN_RELU;
    n = cnn_net_conv2d(net, n, &conv);
    cnn_pool2d pool{};
    pool.window[0] = 2;
    return cnn_net_max_pool2d(net, n, &pool);
}

cnn_node dense(cnn_net *net, cnn_node n, int64_t units, cnn_activation_kind activation) {
    cnn_dense dense{};
    dense.units = units;
    dense.activation = activation;
    return cnn_net_dense(net, n, &dense);
}

cnn_net *make_net(const std::string &name) {
    cnn_net *net = cnn_net_create(nullptr);
    const int64_t shape[] = {1, 28, 28};
    cnn_node n = cnn_net_input(net, nullptr, 3, shape);
    if (name == "small") {
        n = conv(net, conv(net, n, 6, CNN_EXPLICIT), 16, CNN_EXPLICIT);
        n = dense(net, dense(net, n, 120, CNN_RELU), 84, CNN_RELU);
    } else {
        n = conv(net, conv(net, n, 32, CNN_SAME), 64, CNN_SAME);
        n = dense(net, n, 1024, CNN_RELU);
    }
    n = dense(net, n, 10, CNN_LINEAR);
    cnn_loss loss{};
    loss.kind = CNN_LOSS_SOFTMAX_CROSS_ENTROPY;
    cnn_net_loss(net, n, &loss);
    return net;
}

}  // namespace

int main(int argc, char **argv) {
    const std::string name = argc > 1 ? argv[1] : "small";
    const char *spec = argc > 2 ? argv[2] : "cpu";
    const double seconds = argc > 3 ? std::atof(argv[3]) : 5;
    const bool adam = argc > 4 && std::string(argv[4]) == "adam";

    std::vector<float> x(kBatch * kPixels);
    std::vector<uint8_t> labels(kBatch);
    uint32_t random = 1;
    const auto draw = [&] { return (random = random * 1664525u + 1013904223u) >> 8; };
    for (float &v : x) v = static_cast<float>(draw()) * 0x1p-23f - 1;
    for (uint8_t &v : labels) v = static_cast<uint8_t>(draw() % 10);
    cnn_samples batch{};
    batch.inputs = x.data();
    batch.input_elements = kBatch * kPixels;
    batch.labels = labels.data();
    batch.label_type = CNN_UINT8;
    batch.label_elements = kBatch;

    cnn_error error{};
    cnn_device *device = nullptr;
    cnn_net *net = make_net(name);
    cnn_optimizer *optimizer = cnn_optimizer_create(adam ? CNN_ADAM : CNN_SGD);
    cnn_compile compile{};
    compile.max_batch = kBatch;
    cnn_device_options options{};
    if (std::getenv("CNN_PLAN")) {
        options.log.level = CNN_LOG_DEBUG;
        options.log.write = [](void *, cnn_log_level, const char *m) { std::puts(m); };
    }
    if (cnn_device_open(spec, &options, &device, &error) ||
        cnn_net_compile(net, device, &compile, &error))
        give_up(error);

    using Clock = std::chrono::steady_clock;
    std::vector<double> times;
    const auto start = Clock::now();
    const auto since = [](Clock::time_point from) {
        return std::chrono::duration<double>(Clock::now() - from).count();
    };
    for (int i = 0; i < 5 || since(start) < seconds; ++i) {
        const auto begin = Clock::now();
        double loss;
        if (cnn_net_train_step(net, optimizer, &batch, i % 16 ? nullptr : &loss, &error))
            give_up(error);
        if (i >= 3) times.push_back(since(begin));
    }
    std::sort(times.begin(), times.end());
    const double median = times[times.size() / 2];
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    std::printf("%s %s %s: median %.3f ms a step, %.0f images/s, %zu steps, peak RSS %.1f MB\n",
                name.c_str(), spec, adam ? "adam" : "sgd", median * 1e3, kBatch / median,
                times.size(), static_cast<double>(usage.ru_maxrss) / 1024);
    cnn_optimizer_destroy(optimizer);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

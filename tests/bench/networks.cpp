// How fast whole networks train and run: networks NET [DEVICE] [SECONDS]. NET is one of the table
// at the end, or "all". Random pictures; prints the median step, pictures a second, what share of
// the multiply-add rate measured in the same run the convolutions' arithmetic comes to, and the
// memory the device held. networks_torch.py does the same with PyTorch. CNN_PLAN=1 prints the
// plans.
#include <cnn/cnn.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point from) {
    return std::chrono::duration<double>(Clock::now() - from).count();
}

[[noreturn]] void give_up(const cnn_error &error) {
    std::fprintf(stderr, "%s\n", error.message);
    std::exit(1);
}

// ---- Building ----

// A net under construction, with the arithmetic of its convolutions and dense layers counted.
class Builder {
  public:
    Builder(int64_t channels, int64_t size) : net_(cnn_net_create(nullptr)) {
        const int64_t shape[] = {channels, size, size};
        node_ = cnn_net_input(net_, nullptr, 3, shape);
    }
    cnn_net *net() const { return net_; }
    double flops() const { return flops_; }
    cnn_node node() const { return node_; }
    void set_node(cnn_node node) { node_ = node; }

    struct Conv {
        int64_t filters, kernel, stride = 1, pad = 0, groups = 1;
        bool bias = true;
        cnn_activation_kind activation = CNN_LINEAR;
    };
    void conv(const Conv &c) {
        cnn_conv2d d{};
        d.filters = c.filters;
        d.kernel[0] = c.kernel;
        d.stride[0] = c.stride;
        d.groups = c.groups;
        for (int64_t &p : d.padding) p = c.pad;
        d.no_bias = !c.bias;
        d.activation = c.activation;
        const int64_t inputs = shape(node_).shape[0];
        node_ = cnn_net_conv2d(net_, node_, &d);
        const cnn_node_info y = shape(node_);
        flops_ += 2.0 * static_cast<double>(y.shape[0] * y.shape[1] * y.shape[2] * c.kernel *
                                            c.kernel * inputs / c.groups);
    }
    void norm(cnn_activation_kind activation) {
        cnn_batch_norm d{};
        d.activation = activation;
        node_ = cnn_net_batch_norm(net_, node_, &d);
    }
    // Convolution without bias, batch norm, activation.
    void conv_norm(int64_t filters, int64_t kernel, int64_t stride, cnn_activation_kind activation,
                   int64_t groups = 1) {
        conv({filters, kernel, stride, kernel / 2, groups, false, CNN_LINEAR});
        norm(activation);
    }
    void max_pool(int64_t window, int64_t stride, int64_t pad = 0) {
        cnn_pool2d d{};
        d.window[0] = window;
        d.stride[0] = stride;
        for (int64_t &p : d.padding) p = pad;
        node_ = cnn_net_max_pool2d(net_, node_, &d);
    }
    void global_average() { node_ = cnn_net_global_average_pool2d(net_, node_, nullptr); }
    void dense(int64_t units, cnn_activation_kind activation) {
        const cnn_node_info x = shape(node_);
        cnn_dense d{};
        d.units = units;
        d.activation = activation;
        node_ = cnn_net_dense(net_, node_, &d);
        double inputs = 1;
        for (int i = 0; i < x.rank; ++i) inputs *= static_cast<double>(x.shape[i]);
        flops_ += 2 * inputs * static_cast<double>(units);
    }
    void add(cnn_node other, cnn_activation_kind activation) {
        const cnn_node both[] = {other, node_};
        cnn_add d{};
        d.activation = activation;
        node_ = cnn_net_add(net_, both, 2, &d);
    }
    void classify() {
        cnn_loss d{};
        d.kind = CNN_LOSS_SOFTMAX_CROSS_ENTROPY;
        cnn_net_loss(net_, node_, &d);
    }
    int64_t channels() const { return shape(node_).shape[0]; }

  private:
    cnn_node_info shape(cnn_node node) const {
        cnn_node_info info{};
        cnn_error error{};
        if (cnn_net_describe_node(net_, node, &info, &error)) give_up(error);
        return info;
    }

    cnn_net *net_;
    cnn_node node_ = 0;
    double flops_ = 0;
};

void small(Builder &b) {
    for (int64_t filters : {6, 16}) {
        b.conv({filters, 5, 1, 0, 1, true, CNN_RELU});
        b.max_pool(2, 2);
    }
    b.dense(120, CNN_RELU);
    b.dense(84, CNN_RELU);
    b.dense(10, CNN_LINEAR);
}

void large(Builder &b) {
    for (int64_t filters : {32, 64}) {
        b.conv({filters, 5, 1, 2, 1, true, CNN_RELU});
        b.max_pool(2, 2);
    }
    b.dense(1024, CNN_RELU);
    b.dense(10, CNN_LINEAR);
}

void perceptron(Builder &b) {
    b.dense(100, CNN_SIGMOID);
    b.dense(10, CNN_LINEAR);
}

void resnet20(Builder &b) {
    b.conv_norm(16, 3, 1, CNN_RELU);
    for (int64_t filters : {16, 32, 64})
        for (int block = 0; block < 3; ++block) {
            const int64_t stride = filters != 16 && block == 0 ? 2 : 1;
            const cnn_node from = b.node();
            const int64_t channels = b.channels();
            b.conv_norm(filters, 3, stride, CNN_RELU);
            b.conv_norm(filters, 3, 1, CNN_LINEAR);
            const cnn_node deep = b.node();
            cnn_node shortcut = from;
            if (stride != 1 || channels != filters) {
                b.set_node(from);
                b.conv_norm(filters, 1, stride, CNN_LINEAR);
                shortcut = b.node();
            }
            b.set_node(deep);
            b.add(shortcut, CNN_RELU);
        }
    b.global_average();
    b.dense(10, CNN_LINEAR);
}

void bottleneck(Builder &b, int64_t filters, int64_t stride) {
    const cnn_node from = b.node();
    const int64_t channels = b.channels();
    b.conv_norm(filters, 1, 1, CNN_RELU);
    b.conv_norm(filters, 3, stride, CNN_RELU);
    b.conv_norm(4 * filters, 1, 1, CNN_LINEAR);
    const cnn_node deep = b.node();
    cnn_node shortcut = from;
    if (stride != 1 || channels != 4 * filters) {
        b.set_node(from);
        b.conv_norm(4 * filters, 1, stride, CNN_LINEAR);
        shortcut = b.node();
    }
    b.set_node(deep);
    b.add(shortcut, CNN_RELU);
}

void resnet50(Builder &b) {
    b.conv_norm(64, 7, 2, CNN_RELU);
    b.max_pool(3, 2, 1);
    constexpr struct {
        int64_t filters;
        int blocks;
    } stages[] = {{64, 3}, {128, 4}, {256, 6}, {512, 3}};
    for (const auto &stage : stages)
        for (int i = 0; i < stage.blocks; ++i)
            bottleneck(b, stage.filters, stage.filters != 64 && i == 0 ? 2 : 1);
    b.global_average();
    b.dense(1000, CNN_LINEAR);
}

void inverted_residual(Builder &b, int64_t filters, int64_t stride, int64_t expansion) {
    const cnn_node from = b.node();
    const int64_t channels = b.channels(), hidden = channels * expansion;
    if (expansion != 1) b.conv_norm(hidden, 1, 1, CNN_RELU);
    b.conv_norm(hidden, 3, stride, CNN_RELU, hidden);
    b.conv_norm(filters, 1, 1, CNN_LINEAR);
    if (stride == 1 && channels == filters) b.add(from, CNN_LINEAR);
}

void mobilenet_v2(Builder &b) {
    b.conv_norm(32, 3, 2, CNN_RELU);
    constexpr struct {
        int64_t expansion, filters;
        int blocks;
        int64_t stride;
    } stages[] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                  {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
    for (const auto &stage : stages)
        for (int i = 0; i < stage.blocks; ++i)
            inverted_residual(b, stage.filters, i == 0 ? stage.stride : 1, stage.expansion);
    b.conv_norm(1280, 1, 1, CNN_RELU);
    b.global_average();
    b.dense(1000, CNN_LINEAR);
}

void vgg16(Builder &b) {
    constexpr struct {
        int64_t filters;
        int layers;
    } stages[] = {{64, 2}, {128, 2}, {256, 3}, {512, 3}, {512, 3}};
    for (const auto &stage : stages) {
        for (int i = 0; i < stage.layers; ++i) b.conv({stage.filters, 3, 1, 1, 1, true, CNN_RELU});
        b.max_pool(2, 2);
    }
    b.dense(4096, CNN_RELU);
    b.dense(4096, CNN_RELU);
    b.dense(1000, CNN_LINEAR);
}

// ---- Measuring ----

struct Case {
    const char *name;
    void (*build)(Builder &);
    int64_t channels, size, classes, batch;
    bool training;
};

constexpr Case kCases[] = {
    {"small", small, 1, 28, 10, 64, true},
    {"large", large, 1, 28, 10, 64, true},
    {"perceptron", perceptron, 1, 28, 10, 64, true},
    {"resnet20", resnet20, 3, 32, 10, 128, true},
    {"resnet50-b1", resnet50, 3, 224, 1000, 1, false},
    {"resnet50-b8", resnet50, 3, 224, 1000, 8, false},
    {"mobilenet_v2-b1", mobilenet_v2, 3, 224, 1000, 1, false},
    {"mobilenet_v2-b8", mobilenet_v2, 3, 224, 1000, 8, false},
    {"vgg16-b1", vgg16, 3, 224, 1000, 1, false},
};

struct Data {
    std::vector<float> x, y;
    std::vector<uint8_t> labels;
};

Data random_data(const Case &c) {
    Data data;
    data.x.resize(static_cast<size_t>(c.batch * c.channels * c.size * c.size));
    data.y.resize(static_cast<size_t>(c.batch * c.classes));
    data.labels.resize(static_cast<size_t>(c.batch));
    uint32_t random = 1;
    const auto draw = [&] { return (random = random * 1664525u + 1013904223u) >> 8; };
    for (float &v : data.x) v = static_cast<float>(draw()) * 0x1p-23f - 1;
    for (uint8_t &v : data.labels) v = static_cast<uint8_t>(draw() % 10);
    return data;
}

// Calls `once` for so many seconds; returns the median time of a call.
template <class Once>
double median_time(double seconds, const Once &once) {
    std::vector<double> times;
    const auto start = Clock::now();
    for (int i = 0; i < 8 || since(start) < seconds; ++i) {
        const auto begin = Clock::now();
        once(i);
        if (i >= 3) times.push_back(since(begin));
    }
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
}

double train(cnn_net *net, const Case &c, const Data &data, double seconds) {
    cnn_samples batch{};
    batch.inputs = data.x.data();
    batch.input_elements = static_cast<int64_t>(data.x.size());
    batch.labels = data.labels.data();
    batch.label_type = CNN_UINT8;
    batch.label_elements = c.batch;
    cnn_optimizer *sgd = cnn_optimizer_create(CNN_SGD);
    cnn_error error{};
    if (cnn_optimizer_set(sgd, CNN_LEARNING_RATE, 0.01, &error) ||
        cnn_optimizer_set(sgd, CNN_MOMENTUM, 0.9, &error))
        give_up(error);
    const double time = median_time(seconds, [&](int i) {
        double loss;
        if (cnn_net_train_step(net, sgd, &batch, i % 16 ? nullptr : &loss, &error)) give_up(error);
    });
    cnn_optimizer_destroy(sgd);
    return time;
}

double infer(cnn_net *net, Data &data, double seconds) {
    cnn_error error{};
    return median_time(seconds, [&](int) {
        if (cnn_net_run(net, data.x.data(), static_cast<int64_t>(data.x.size()), data.y.data(),
                        static_cast<int64_t>(data.y.size()), &error))
            give_up(error);
    });
}

// Seconds from opening the device to the end of the first run of a net that is loaded from memory.
double first_run(cnn_net *net, const Case &c, const char *spec, Data &data) {
    cnn_error error{};
    size_t bytes = 0;
    cnn_net_save_memory(net, nullptr, 0, &bytes, nullptr);
    std::vector<char> file(bytes);
    if (cnn_net_save_memory(net, file.data(), bytes, &bytes, &error)) give_up(error);
    cnn_device *device = nullptr;
    cnn_net *loaded = nullptr;
    cnn_compile compile{};
    compile.max_batch = c.batch;
    compile.inference_only = 1;
    const auto begin = Clock::now();
    if (cnn_device_open(spec, nullptr, &device, &error) ||
        cnn_net_load_memory(file.data(), bytes, &loaded, &error) ||
        cnn_net_compile(loaded, device, &compile, &error) ||
        cnn_net_run(loaded, data.x.data(), static_cast<int64_t>(data.x.size()), data.y.data(),
                    static_cast<int64_t>(data.y.size()), &error))
        give_up(error);
    const double seconds = since(begin);
    cnn_net_destroy(loaded);
    cnn_device_destroy(device);
    return seconds;
}

void measure(const Case &c, cnn_device *device, double seconds) {
    Builder builder(c.channels, c.size);
    c.build(builder);
    if (c.training) builder.classify();
    cnn_net *net = builder.net();
    Data data = random_data(c);
    cnn_error error{};
    cnn_compile compile{};
    compile.max_batch = c.batch;
    compile.inference_only = !c.training;
    if (cnn_net_compile(net, device, &compile, &error)) give_up(error);
    const double time = c.training ? train(net, c, data, seconds) : infer(net, data, seconds);
    cnn_device_info info{};
    if (cnn_device_get_info(device, &info, &error)) give_up(error);
    const double first = first_run(net, c, info.spec, data);
    const double flops = builder.flops() * static_cast<double>(c.batch) * (c.training ? 3 : 1);
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    std::printf(
        "%-16s %-8s median %9.3f ms, %9.1f pictures/s, %6.1f GFLOP/s; loaded and first run after "
        "%.0f ms; device %.1f MB, peak RSS %.1f MB\n",
        c.name, info.spec, time * 1e3, static_cast<double>(c.batch) / time, 1e-9 * flops / time,
        first * 1e3, 1e-6 * static_cast<double>(info.memory_used),
        static_cast<double>(usage.ru_maxrss) / 1024);
    std::fflush(stdout);
    cnn_net_destroy(net);
}

}  // namespace

int main(int argc, char **argv) {
    const std::string name = argc > 1 ? argv[1] : "all";
    const char *spec = argc > 2 ? argv[2] : "cpu";
    const double seconds = argc > 3 ? std::atof(argv[3]) : 5;
    cnn_device_options options{};
    if (std::getenv("CNN_PLAN")) {
        options.log.level = CNN_LOG_DEBUG;
        options.log.write = [](void *, cnn_log_level, const char *m) { std::puts(m); };
    }
    cnn_error error{};
    bool found = false;
    for (const Case &c : kCases) {
        if (name != "all" && name != c.name) continue;
        found = true;
        cnn_device *device = nullptr;
        if (cnn_device_open(spec, &options, &device, &error)) give_up(error);
        measure(c, device, seconds);
        cnn_device_destroy(device);
    }
    if (!found) std::fprintf(stderr, "no network \"%s\"\n", name.c_str());
    return found ? 0 : 1;
}

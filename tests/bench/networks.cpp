// How fast whole networks train and run: networks NET [DEVICE] [SECONDS]. NET is one of the table
// at the end, or "all". Random pictures; prints the median step, pictures a second, what share of
// the CPU's multiply-add rate, measured beside it, the convolutions' arithmetic comes to, and the
// memory the device held. networks_torch.py does the same with PyTorch, networks_onnx.py with ONNX
// Runtime. CNN_PLAN=1 prints the plans; CNN_TUNE=20 tunes for so many seconds before, and prints
// what that found; CNN_ACCEPT=1 accepts less accurate ways, the bits of CNN_ACCEPT_*; CNN_CACHE is
// the device's cache directory.
#include <cnn/cnn.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "base/cpu_info.h"
#include "support/net_builder.h"
#include "support/net_steps.h"
#include "support/peak.h"

namespace {

using namespace cnn::bench;
using Clock = std::chrono::steady_clock;

double since(Clock::time_point from) {
    return std::chrono::duration<double>(Clock::now() - from).count();
}

// ---- The networks ----

void small(NetBuilder &b) {
    for (int64_t filters : {6, 16}) {
        b.conv({filters, 5, 1, 0, 1, true, CNN_RELU});
        b.max_pool(2, 2);
    }
    b.dense(120, CNN_RELU);
    b.dense(84, CNN_RELU);
    b.dense(10, CNN_LINEAR);
}

void large(NetBuilder &b) {
    for (int64_t filters : {32, 64}) {
        b.conv({filters, 5, 1, 2, 1, true, CNN_RELU});
        b.max_pool(2, 2);
    }
    b.dense(1024, CNN_RELU);
    b.dense(10, CNN_LINEAR);
}

void perceptron(NetBuilder &b) {
    b.dense(100, CNN_SIGMOID);
    b.dense(10, CNN_LINEAR);
}

void exclusive_or(NetBuilder &b) {
    b.dense(3, CNN_TANH);
    b.dense(1, CNN_LINEAR);
}

void resnet20(NetBuilder &b) {
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

void bottleneck(NetBuilder &b, int64_t filters, int64_t stride) {
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

void resnet50(NetBuilder &b) {
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

void inverted_residual(NetBuilder &b, int64_t filters, int64_t stride, int64_t expansion) {
    const cnn_node from = b.node();
    const int64_t channels = b.channels(), hidden = channels * expansion;
    if (expansion != 1) b.conv_norm(hidden, 1, 1, CNN_RELU);
    b.conv_norm(hidden, 3, stride, CNN_RELU, hidden);
    b.conv_norm(filters, 1, 1, CNN_LINEAR);
    if (stride == 1 && channels == filters) b.add(from, CNN_LINEAR);
}

void mobilenet_v2(NetBuilder &b) {
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

void vgg16(NetBuilder &b) {
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
    void (*build)(NetBuilder &);
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
    {"xor-b1", exclusive_or, 2, 1, 1, 1, false},
};

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

int64_t accepted() {
    const char *bits = std::getenv("CNN_ACCEPT");
    return bits ? std::atoll(bits) : 0;
}

// Seconds from opening the device to the end of the first run of a net that is loaded from memory.
double first_run(cnn_net *net, const Case &c, const char *spec, NetSteps &steps) {
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
    compile.accept = accepted();
    const auto begin = Clock::now();
    if (cnn_device_open(spec, nullptr, &device, &error) ||
        cnn_net_load_memory(file.data(), bytes, &loaded, &error) ||
        cnn_net_compile(loaded, device, &compile, &error))
        give_up(error);
    steps.run(loaded);
    const double seconds = since(begin);
    cnn_net_destroy(loaded);
    cnn_device_destroy(device);
    return seconds;
}

void tune(cnn_net *net, cnn_device *device, const cnn_compile &compile, double seconds) {
    cnn_error error{};
    cnn_tune options{};
    options.compile = compile;
    options.seconds = seconds;
    cnn_tune_report report{};
    if (cnn_device_tune(device, net, &options, &report, &error)) give_up(error);
    std::printf(
        "tuned %d operations in %.1f s: %d measured, %d rejected, %d kept; %.3f -> %.3f ms\n",
        static_cast<int>(report.operations), report.seconds, static_cast<int>(report.measured),
        static_cast<int>(report.rejected), static_cast<int>(report.kept),
        report.seconds_before * 1e3, report.seconds_after * 1e3);
}

void measure(const Case &c, cnn_device *device, double seconds) {
    NetBuilder builder(c.channels, c.size);
    c.build(builder);
    if (c.training) builder.classify();
    cnn_net *net = builder.net();
    cnn_error error{};
    cnn_compile compile{};
    compile.max_batch = c.batch;
    compile.inference_only = !c.training;
    compile.accept = accepted();
    if (const char *budget = std::getenv("CNN_TUNE")) tune(net, device, compile, std::atof(budget));
    if (cnn_net_compile(net, device, &compile, &error)) give_up(error);
    NetSteps steps(net, {c.channels, c.size}, c.classes, c.batch);
    const double time = median_time(seconds, [&](int i) {
        if (c.training)
            steps.train(i % 16 == 0);
        else
            steps.run();
    });
    cnn_device_info info{};
    if (cnn_device_get_info(device, &info, &error)) give_up(error);
    const double first = first_run(net, c, info.spec, steps);
    const double flops = builder.flops() * static_cast<double>(c.batch) * (c.training ? 3 : 1);
    const double rate = 1e-9 * flops / time;
    const double peak = cnn::bench::multiply_add_peak(cnn::detect_cpu().cores, 0.3);
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    std::printf(
        "%-16s %-8s median %9.4f ms, %9.1f pictures/s, %6.1f GFLOP/s, %4.1f%% of %.0f; "
        "loaded and first run after %.0f ms; device %.1f MB, peak RSS %.1f MB\n",
        c.name, info.spec, time * 1e3, static_cast<double>(c.batch) / time, rate, 100 * rate / peak,
        peak, first * 1e3, 1e-6 * static_cast<double>(info.memory_used),
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
    options.cache_directory = std::getenv("CNN_CACHE");
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

// How fast the CPU backend's convolutions are, each candidate in each direction, against the
// multiply-add rate measured in the same run, and what the cost model expected.
//   conv_cpu [part of a shape's name] [threads] [instruction set]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "backend/cpu/convolution.h"
#include "backend/cpu/cpu.h"
#include "backend/cpu/simd.h"
#include "base/error.h"

namespace {

using namespace cnn;

double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

double processor_now() {
    timespec t{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

// Seconds of a call; `processor` of all threads together, the least, which others on the machine
// disturb less.
struct Times {
    double best = 0, median = 0, processor = 1e9;
};

template <class Function>
Times time_of(const Function &function) {
    function();
    const double first = now();
    function();
    // Enough calls at once that reading the clocks doesn't count.
    const int calls = std::clamp(static_cast<int>(50e-6 / (now() - first + 1e-9)), 1, 1000);
    std::vector<double> times;
    Times result;
    const double start = now();
    while (times.size() < 7 || (now() - start < 0.3 && times.size() < 20000)) {
        const double before = now(), processor = processor_now();
        for (int i = 0; i < calls; ++i) function();
        times.push_back((now() - before) / calls);
        result.processor = std::min(result.processor, (processor_now() - processor) / calls);
    }
    std::sort(times.begin(), times.end());
    result.best = times.front();
    result.median = times[times.size() / 2];
    return result;
}

const cpu::Simd &simd_of(const std::string &driver) {
#if defined(__x86_64__)
    if (driver == cpu::kSimdAvx512.name) return cpu::kSimdAvx512;
    if (driver == cpu::kSimdAvx2.name) return cpu::kSimdAvx2;
#endif
    return cpu::kSimdBaseline;
}

// Multiply-adds on registers from operands in L1, a tile a thread: GFLOP/s.
double peak(const cpu::Simd &simd, int threads) {
    const int s = simd.convolution->accumulators >= 24 ? 6 : 4;
    const int v = simd.convolution->accumulators / s;
    constexpr int64_t rounds = 20000;
    const auto best = [&](double &seconds) {
        std::vector<float> scalars(64, 1e-3f), vectors(256, 1e-3f), out(25 * 16 + 64);
        cpu::ProductTile tile;
        tile.scalars = scalars.data();
        tile.vectors = vectors.data();
        tile.out = out.data();
        tile.scalar_stride = 1;
        tile.vector_stride = simd.width;
        tile.out_vector_stride = simd.width;
        tile.out_scalar_stride = v * simd.width;
        tile.lanes = simd.width;
        tile.loops[3].count = rounds;
        seconds = time_of([&] { simd.convolution->product[s - 1][v - 1](tile); }).best;
    };
    std::vector<double> seconds(static_cast<size_t>(threads));
    std::vector<std::thread> workers;
    for (double &each : seconds) workers.emplace_back([&best, &each] { best(each); });
    for (std::thread &worker : workers) worker.join();
    double rate = 0;
    for (double each : seconds) rate += 2e-9 * s * v * simd.width * rounds / each;
    return rate;
}

struct Case {
    const char *name;
    int64_t n, groups, in, out, size, kernel, stride, pad;
};

constexpr Case kCases[] = {
    {"1-6 5x5 28 b64", 64, 1, 1, 6, 28, 5, 1, 0},
    {"6-16 5x5 14 valid b64", 64, 1, 6, 16, 14, 5, 1, 0},
    {"1-32 5x5 28 same b64", 64, 1, 1, 32, 28, 5, 1, 2},
    {"32-64 5x5 14 same b64", 64, 1, 32, 64, 14, 5, 1, 2},
    {"16-16 3x3 32 b128", 128, 1, 16, 16, 32, 3, 1, 1},
    {"64-64 3x3 56 b16", 16, 1, 64, 64, 56, 3, 1, 1},
    {"3-64 7x7 s2 224 b16", 16, 1, 3, 64, 224, 7, 2, 3},
    {"256-256 3x3 14 b16", 16, 1, 256, 256, 14, 3, 1, 1},
    {"256-1024 1x1 14 b16", 16, 1, 256, 1024, 14, 1, 1, 0},
    {"depthwise 96 3x3 112 b16", 16, 96, 96, 96, 112, 3, 1, 1},
    {"dense 3136-1024 b64", 64, 1, 64, 1024, 7, 7, 1, 0},
    {"dense 256-120 b64", 64, 1, 16, 120, 4, 4, 1, 0},
    {"dense 120-84 b64", 64, 1, 120, 84, 1, 1, 1, 0},
    {"dense 84-10 b64", 64, 1, 84, 10, 1, 1, 1, 0},
    {"dense 2-3 b4", 4, 1, 2, 3, 1, 1, 1, 0},
    {"dense 3136-1024 b1", 1, 1, 64, 1024, 7, 7, 1, 0},
    {"64-64 3x3 56 b1", 1, 1, 64, 64, 56, 3, 1, 1},
    {"3-64 7x7 s2 224 b1", 1, 1, 3, 64, 224, 7, 2, 3},
    {"256-256 3x3 14 b1", 1, 1, 256, 256, 14, 3, 1, 1},
    {"512-512 3x3 7 b1", 1, 1, 512, 512, 7, 3, 1, 1},
    {"256-64 1x1 56 b1", 1, 1, 256, 64, 56, 1, 1, 0},
    {"depthwise 96 3x3 112 b1", 1, 96, 96, 96, 112, 3, 1, 1},
    {"1-32 5x5 28 same b1", 1, 1, 1, 32, 28, 5, 1, 2},
};

FusedOp group_of(OpKind kind, const Case &c) {
    const int64_t size = (c.size + 2 * c.pad - c.kernel) / c.stride + 1;
    Tensor x, w, y;
    x.shape = Shape{c.n, c.in, c.size, c.size};
    w.shape = Shape{c.out, c.in / c.groups, c.kernel, c.kernel};
    y.shape = Shape{c.n, c.out, size, size};
    x.batched = y.batched = true;
    ConvolutionAttributes attributes;
    attributes.groups = c.groups;
    attributes.window.kernel = {c.kernel, c.kernel, 1};
    attributes.window.stride = {c.stride, c.stride, 1};
    attributes.window.pad_begin = attributes.window.pad_end = {c.pad, c.pad, 0};
    FusedOp group;
    group.tensors = kind == OpKind::convolution                 ? std::vector<Tensor>{x, w, y}
                    : kind == OpKind::convolution_backward_data ? std::vector<Tensor>{y, w, x}
                                                                : std::vector<Tensor>{x, y, w};
    group.inputs = 2;
    group.outputs = 1;
    Op op;
    op.kind = kind;
    op.inputs = {0, 1};
    op.outputs = {2};
    op.attributes = attributes;
    group.ops = {op};
    return group;
}

void fill(Buffer &buffer, int64_t floats) {
    float *const p = static_cast<float *>(buffer.host());
    for (int64_t i = 0; i < floats; ++i) p[i] = static_cast<float>(i * 37 % 101 - 50) * 0.01f;
}

void measure(Device &device, const FusedOp &group, const Candidate &candidate, double peak_rate) {
    std::vector<std::unique_ptr<Buffer>> buffers;
    std::vector<Ref> refs;
    for (size_t i = 0; i < 3; ++i) {
        const int64_t floats = candidate.layouts[i].elements(group.tensors[i].shape);
        buffers.push_back(device.allocate(floats * 4));
        fill(*buffers.back(), floats);
        refs.push_back({buffers.back().get(), 0});
    }
    const auto workspace = device.allocate(std::max<int64_t>(candidate.workspace, 64));
    const auto queue = device.create_queue();
    const auto kernel = device.prepare(group, candidate);
    Launch launch;
    launch.n = group.tensors[0].shape[0];
    launch.operands = refs.data();
    launch.workspace = {workspace.get(), 0};
    const Times times = time_of([&] { kernel->launch(*queue, launch); });
    const double rate = 1e-9 * flops_of(group) / times.best;
    const double core = 1e-9 * flops_of(group) / times.processor;
    std::printf(
        "    %-16s %7.1f GFLOP/s %5.1f%%, %5.1f a core; best %9.2f us, median %9.2f, "
        "predicted %9.2f\n",
        candidate.algorithm.c_str(), rate, 100 * rate / peak_rate, core, 1e6 * times.best,
        1e6 * times.median, 1e6 * candidate.seconds);
}

void run(Device &device, const char *filter, double peak_rate) {
    for (const Case &c : kCases) {
        if (std::strstr(c.name, filter) == nullptr) continue;
        std::printf("%s\n", c.name);
        for (OpKind kind : {OpKind::convolution, OpKind::convolution_backward_data,
                            OpKind::convolution_backward_weights}) {
            const FusedOp group = group_of(kind, c);
            std::printf("  %s\n", name_of(kind));
            std::vector<Candidate> candidates;
            device.candidates(group, candidates);
            for (const Candidate &candidate : candidates) {
                const bool hopeless = candidate.seconds > 0.5 || candidate.algorithm == "plain";
                if (!hopeless) measure(device, group, candidate, peak_rate);
            }
        }
    }
}

}  // namespace

int main(int argc, char **argv) {
    DeviceOptions options;
    options.allocator = std::make_shared<Allocator>();
    options.threads = argc > 2 ? std::atoi(argv[2]) : 0;
    try {
        const auto device = cpu::backend().open(argc > 3 ? argv[3] : "", options);
        const double rate = peak(simd_of(device->info().driver), device->info().compute_units);
        std::printf("%s, %d threads: peak %.0f GFLOP/s\n", device->info().driver.c_str(),
                    device->info().compute_units, rate);
        run(*device, argc > 1 ? argv[1] : "", rate);
    } catch (const Error &error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
    return 0;
}

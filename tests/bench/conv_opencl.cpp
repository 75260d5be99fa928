// How fast the OpenCL backend's convolutions are on a device, in each direction, against the
// float16 FMA rate measured between them: by the time that passed (the median call), and by the
// processor time of all calls, which other programs on the machine disturb less. "prepare" and
// "first" are processor time of the first call: compiling, cold with a fresh POCL_CACHE_DIR.
// Where CLBlast was found, its Convgemm runs between them, and SGEMM against a 1x1 convolution that
// is the same product: "x CLBlast" is how many times as fast as that ours is.
//   conv_opencl [device, "0.0" or "cpu"] [part of a shape's name] [all: every candidate; or
//   parameters, "ROWS=6 COLUMNS=4 ITEMS=6", for the candidates that have such]
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "backend/opencl/device.h"
#include "backend/opencl/opencl.h"
#include "backend/opencl/operations.h"
#include "base/error.h"
#include "convolution_group.h"
#include "peers/clblast.h"

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

struct Times {
    double median = 0;     // seconds of a call
    double processor = 0;  // seconds of a call, all threads
};

template <class Function>
Times time_of(const Function &function) {
    function();
    std::vector<double> times;
    const double start = now(), processor = processor_now();
    while (times.size() < 7 || (now() - start < 0.25 && times.size() < 5000)) {
        const double before = now();
        function();
        times.push_back(now() - before);
    }
    Times result;
    result.processor = (processor_now() - processor) / static_cast<double>(times.size());
    const auto middle = times.begin() + static_cast<long>(times.size() / 2);
    std::nth_element(times.begin(), middle, times.end());
    result.median = *middle;
    return result;
}

class Peak {
    static constexpr int kChains = 16;
    static constexpr int64_t kItems = 64;

  public:
    Peak(opencl::OpenClDevice &device, Queue &queue) : queue_(queue) {
        std::string source = "__kernel SINGLE void peak(__global float16 *o, long at, float s) {\n";
        for (int i = 0; i < kChains; ++i)
            source += "float16 a" + std::to_string(i) + " = (float16)(s);\n";
        source += "const float16 x = (float16)(s);\nfor (int k = 0; k < 4096; ++k) {\n";
        for (int i = 0; i < kChains; ++i) {
            const std::string a = "a" + std::to_string(i);
            source += a + " = fma(" + a + ", x, x);\n";
        }
        source += "}\no[at + get_global_id(0)] = a0";
        for (int i = 1; i < kChains; ++i) source += " + a" + std::to_string(i);
        source += ";\n}\n";
        source = "#define SINGLE __attribute__((reqd_work_group_size(1, 1, 1)))\n" + source;
        function_ = opencl::Function(device, device.programs().source("peak", source, ""), "peak");
        buffer_ = device.allocate(kItems * 64);
        function_.set(0, Ref{buffer_.get(), 0}, 64);
        function_.set(2, 0.999f);
    }
    static constexpr double kFlops = 2.0 * 16 * kChains * 4096 * kItems;
    Times times() {
        return time_of([&] {
            function_.launch_single(queue_, kItems);
            queue_.finish();
        });
    }

  private:
    Queue &queue_;
    opencl::Function function_;
    std::unique_ptr<Buffer> buffer_;
};

using Case = ConvolutionCase;

const Case kCases[] = {
    {"1-32 5x5 28", 64, 1, 28, 28, 32, 5, 1, 2, 1},
    {"32-64 5x5 14", 64, 32, 14, 14, 64, 5, 1, 2, 1},
    {"dense 3136-1024", 64, 64, 7, 7, 1024, 0, 1, 0, 1},
    {"dense 1024-10", 64, 1024, 1, 1, 10, 0, 1, 0, 1},
    {"1-6 5x5 28", 64, 1, 28, 28, 6, 5, 1, 2, 1},
    {"6-16 5x5 14", 64, 6, 14, 14, 16, 5, 1, 0, 1},
    {"dense 400-120", 64, 16, 5, 5, 120, 0, 1, 0, 1},
    {"dense 120-84", 64, 120, 1, 1, 84, 0, 1, 0, 1},
    {"16-16 3x3 32", 128, 16, 32, 32, 16, 3, 1, 1, 1},
    {"16-32 3x3 32 s2", 128, 16, 32, 32, 32, 3, 2, 1, 1},
    {"64-64 3x3 8", 128, 64, 8, 8, 64, 3, 1, 1, 1},
    {"256-256 3x3 14", 16, 256, 14, 14, 256, 3, 1, 1, 1},
    {"64-64 3x3 56", 16, 64, 56, 56, 64, 3, 1, 1, 1},
    {"128-128 3x3 112", 16, 128, 112, 112, 128, 3, 1, 1, 1},
    {"512-512 3x3 7", 16, 512, 7, 7, 512, 3, 1, 1, 1},
    {"512-512 3x3 14", 16, 512, 14, 14, 512, 3, 1, 1, 1},
    {"1x1 64-256 56", 16, 64, 56, 56, 256, 1, 1, 0, 1},
    {"1x1 256-1024 14", 16, 256, 14, 14, 1024, 1, 1, 0, 1},
    {"3-64 7x7 s2 224", 16, 3, 224, 224, 64, 7, 2, 3, 1},
    {"depthwise 96 3x3 56", 16, 96, 56, 56, 96, 3, 1, 1, 96},
    // SGEMM of N by N by N: N samples of N channels.
    {"gemm 512", 512, 512, 1, 1, 512, 1, 1, 0, 1},
    {"gemm 1024", 1024, 1024, 1, 1, 1024, 1, 1, 0, 1},
    {"gemm 2048", 2048, 2048, 1, 1, 2048, 1, 1, 0, 1},
};

class Bench {
  public:
    Bench(opencl::OpenClDevice &device)
        : device_(device), queue_(device.create_queue()), peak_(device, *queue_) {}

    // choice: empty, "all", or parameters.
    void run(const Case &c, const std::string &choice) {
        const Times peak = peak_.times();
        const bool all = choice == "all";
        std::printf("%-20s peak %.0f GFLOP/s\n", c.name, Peak::kFlops / peak.median * 1e-9);
        const std::pair<OpKind, const char *> directions[] = {
            {OpKind::convolution, "forward"},
            {OpKind::convolution_backward_data, "backward data"},
            {OpKind::convolution_backward_weights, "backward weights"}};
        for (const auto &[kind, name] : directions) {
            const FusedOp group = group_of(c, kind);
            std::vector<Candidate> candidates;
            opencl::convolution_candidates(device_, group, candidates);
            if (choice.empty()) keep_quickest(candidates);
            for (Candidate &candidate : candidates) {
                if (choice.empty() || all ||
                    opencl::configure_convolution(device_, group, candidate, choice))
                    measure(group, candidate, name, peak);
            }
            if (kind == OpKind::convolution && clblast::runs(peer(c))) measure_peer(c, peak);
        }
    }

  private:
    // By prediction, as plans have it where nothing was measured.
    static void keep_quickest(std::vector<Candidate> &candidates) {
        const auto quickest = std::min_element(
            candidates.begin(), candidates.end(),
            [](const Candidate &a, const Candidate &b) { return a.seconds < b.seconds; });
        candidates = {*quickest};
    }

    static clblast::Shape peer(const Case &c) {
        return {c.batch,      c.inputs,     c.height, c.width, c.outputs,
                c.kernel_h(), c.kernel_w(), c.stride, c.pad,   c.groups};
    }

    // On memory of its own, the same queue and the latest forward time.
    void measure_peer(const Case &c, const Times &peak) {
        const clblast::Shape shape = peer(c);
        std::vector<std::unique_ptr<Buffer>> buffers;
        for (const int64_t elements : {shape.x(), shape.w(), shape.y()}) {
            buffers.push_back(device_.allocate(elements * 4));
            queue_->zero({buffers.back().get(), 0}, elements * 4);
        }
        const auto memory = [&](size_t i) { return opencl::memory_of({buffers[i].get(), 0}); };
        bool ran = true;
        const Times times = time_of([&] {
            ran = ran && clblast::run(shape, memory(0), memory(1), memory(2),
                                      static_cast<opencl::OpenClQueue &>(*queue_).get());
            queue_->finish();
        });
        const double work = shape.flops() / Peak::kFlops;
        std::printf("  %-17s %-10s %9.3f ms %7.1f GFLOP/s %5.1f%%; ours %.1f x CLBlast%s\n",
                    "forward", "CLBlast", times.median * 1e3, shape.flops() / times.median * 1e-9,
                    100 * work * peak.median / times.median, times.median / forward_,
                    ran ? "" : " (which FAILED)");
        std::fflush(stdout);
    }

    void measure(const FusedOp &group, const Candidate &candidate, const char *name,
                 const Times &peak) {
        const double before = processor_now();
        const std::unique_ptr<Kernel> kernel =
            opencl::prepare_convolution(device_, group, candidate);
        const double built = processor_now() - before;
        std::vector<std::unique_ptr<Buffer>> buffers;
        std::vector<Ref> refs;
        for (int32_t i = 0; i < group.operands(); ++i) {
            const auto at = static_cast<size_t>(i);
            const int64_t elements = candidate.layouts[at].elements(group.tensors[at].shape);
            std::vector<float> values(static_cast<size_t>(elements));
            for (size_t e = 0; e < values.size(); ++e)
                values[e] = static_cast<float>(e * 2654435761u % 1000u) / 500.0f - 1.0f;
            buffers.push_back(device_.allocate(elements * 4));
            refs.push_back({buffers.back().get(), 0});
            queue_->write(refs.back(), values.data(), elements * 4);
        }
        const std::unique_ptr<Buffer> workspace =
            device_.allocate(std::max<int64_t>(candidate.workspace, 64));
        Launch launch;
        launch.n = group.tensors[0].shape[0];
        launch.operands = refs.data();
        launch.workspace = {workspace.get(), 0};
        kernel->take_memory();
        const double start = processor_now();
        kernel->launch(*queue_, launch);
        queue_->finish();
        const double first = processor_now() - start;
        const Times times = time_of([&] {
            kernel->launch(*queue_, launch);
            queue_->finish();
        });
        if (group.head().kind == OpKind::convolution) forward_ = times.median;
        const double work = flops_of(group) / Peak::kFlops;
        std::printf(
            "  %-17s %-10s %9.3f ms %7.1f GFLOP/s %5.1f%%, by processor time %5.1f%%; "
            "predicted %9.3f ms; prepare %.0f ms, first %.0f ms\n",
            name, candidate.algorithm.c_str(), times.median * 1e3,
            flops_of(group) / times.median * 1e-9, 100 * work * peak.median / times.median,
            100 * work * peak.processor / times.processor, candidate.seconds * 1e3, built * 1e3,
            first * 1e3);
        std::fflush(stdout);
    }

    opencl::OpenClDevice &device_;
    std::unique_ptr<Queue> queue_;
    Peak peak_;
    double forward_ = 0;  // seconds, of the latest forward convolution
};

}  // namespace

int main(int count, char **arguments) {
    try {
        cnn::DeviceOptions options;
        options.allocator = std::make_shared<cnn::Allocator>();
        const std::string which = count > 1 ? arguments[1] : "cpu";
        const auto device = cnn::opencl::open(which, options);
        Bench bench(static_cast<cnn::opencl::OpenClDevice &>(*device));
        for (const Case &c : kCases) {
            if (count > 2 && std::strstr(c.name, arguments[2]) == nullptr) continue;
            bench.run(c, count > 3 ? arguments[3] : "");
        }
    } catch (const cnn::Error &error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
    return 0;
}

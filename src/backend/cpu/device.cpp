// The processor as a device: memory, a queue that runs at once, and the table of operations.
#include <algorithm>
#include <cstdio>
#include <cstring>

#include "backend/cpu/cpu.h"
#include "backend/cpu/operations.h"
#include "backend/host_kernel.h"
#include "backend/tuning.h"
#include "base/cpu_info.h"
#include "base/error.h"
#include "base/text.h"

namespace cnn::cpu {

double Machine::seconds_of_bytes(double bytes) const {
    const double cached = bytes < static_cast<double>(l2) / 2   ? 4
                          : bytes < static_cast<double>(l3) / 2 ? 2
                                                                : 1;
    return bytes / (bytes_per_second * cached);
}

namespace {

// --- What processor this is.

const Simd *best_simd(const CpuInfo &info) {
#if defined(__x86_64__)
    if (info.avx512) return &kSimdAvx512;
    if (info.avx2) return &kSimdAvx2;
#endif
    static_cast<void>(info);
    return &kSimdBaseline;
}

const Simd *simd_named(const CpuInfo &info, const std::string &which) {
    if (which.empty()) return best_simd(info);
    if (which == kSimdBaseline.name) return &kSimdBaseline;
#if defined(__x86_64__)
    if (which == kSimdAvx2.name && info.avx2) return &kSimdAvx2;
    if (which == kSimdAvx512.name && info.avx512) return &kSimdAvx512;
#endif
    fail(Status::not_found,
         text("device \"cpu:", which, "\" is not there; \"cpu\" is, with ", best_simd(info)->name));
}

// Text after the colon of the line that starts with `key`.
std::string line_of(const char *path, std::string_view key) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE *)> file(std::fopen(path, "re"),
                                                                std::fclose);
    std::string line;
    for (int c; file != nullptr && (c = std::fgetc(file.get())) != EOF;) {
        if (c != '\n') {
            line.push_back(static_cast<char>(c));
            continue;
        }
        const size_t start = line.find_first_not_of(" \t", line.find(':') + 1);
        if (line.compare(0, key.size(), key) == 0 && start != std::string::npos) {
            return line.substr(start);
        }
        line.clear();
    }
    return {};
}

int64_t memory_bytes() {
    const std::string text = line_of("/proc/meminfo", "MemTotal");
    return parse_int(std::string_view(text).substr(0, text.find(' '))).value_or(0) * 1024;
}

DeviceInfo describe(const CpuInfo &info, const Simd &simd) {
    DeviceInfo d;
    d.spec = &simd == best_simd(info) ? std::string("cpu") : text("cpu:", simd.name);
    d.backend = "cpu";
    d.name = line_of("/proc/cpuinfo", "model name");
    if (d.name.empty()) d.name = "processor";
    d.vendor = line_of("/proc/cpuinfo", "vendor_id");
    d.driver = simd.name;
    d.kind = kDeviceCpu;
    d.compute_units = info.cores;
    d.memory = memory_bytes();
    return d;
}

// --- Queue: everything has happened when a call returns.

class HostQueue final : public Queue {
  public:
    explicit HostQueue(ThreadPool &pool) : pool_(pool) {}

    void write(Ref to, const void *from, int64_t bytes) override {
        copy(at<void>(to), from, bytes);
    }
    void read(void *to, Ref from, int64_t bytes) override { copy(to, at<void>(from), bytes); }
    void copy(Ref to, Ref from, int64_t bytes) override {
        copy(at<void>(to), at<void>(from), bytes);
    }
    void zero(Ref to, int64_t bytes) override {
        if (bytes > 0) std::memset(at<void>(to), 0, static_cast<size_t>(bytes));
    }
    void finish() override {}

  private:
    // As large as a net's parameters it is fresh memory, whose pages the system makes as they are
    // written, which threads share.
    void copy(void *to, const void *from, int64_t bytes) {
        if (bytes <= 0 || to == from) return;
        constexpr int64_t kPart = 4 << 20;
        if (bytes < 2 * kPart || overlap(to, from, bytes)) {
            std::memmove(to, from, static_cast<size_t>(bytes));
            return;
        }
        const int64_t parts = divide_up(bytes, kPart);
        pool_.parallel_for(parts, [&](int64_t part) {
            const Range range{part * kPart, std::min(bytes, (part + 1) * kPart)};
            std::memcpy(static_cast<std::byte *>(to) + range.begin,
                        static_cast<const std::byte *>(from) + range.begin,
                        static_cast<size_t>(range.end - range.begin));
        });
    }
    static bool overlap(const void *a, const void *b, int64_t bytes) {
        const auto x = reinterpret_cast<uintptr_t>(a), y = reinterpret_cast<uintptr_t>(b);
        return std::max(x, y) - std::min(x, y) < static_cast<uintptr_t>(bytes);
    }

    ThreadPool &pool_;
};

// This processor, and how it is used; to be raised when kernels become faster or slower.
constexpr int kKernels = 1;
std::string tuning_key(const DeviceInfo &info) {
    return tuning_field(text("cpu, ", info.name, ", ", info.driver, ", ", info.compute_units,
                             " threads, kernels ", kKernels));
}

bool is_reduction_or_pointwise(OpKind kind) {
    return kind == OpKind::pointwise || kind == OpKind::channel_sum || kind == OpKind::sum;
}

class CpuDevice final : public Device {
  public:
    CpuDevice(const CpuInfo &info, const Simd &simd, const DeviceOptions &options)
        : info_(describe(info, simd)),
          allocator_(options.allocator),
          pool_(options.threads > 0 ? options.threads : info.cores, options.runner),
          machine_{pool_, simd} {
        machine_.l1 = static_cast<int64_t>(info.l1d_bytes);
        machine_.l2 = static_cast<int64_t>(info.l2_bytes);
        // Of a large server's L3 a few cores have but a share.
        machine_.l3 =
            std::min<int64_t>(static_cast<int64_t>(info.l3_bytes), int64_t{info.cores} * (8 << 20));
        // Two fused multiply-adds of a vector a cycle, near 4 GHz; without FMA half of it. Fixed
        // numbers, so that plans do not depend on what else the machine does.
        const double per_cycle = simd.isa == Isa::baseline ? 8.0 : 4.0 * simd.width;
        machine_.flops_per_second = per_cycle * 4.2e9;
        machine_.bytes_per_second = 25e9;
        info_.compute_units = pool_.threads();
        tuning_ = std::make_unique<TuningDatabase>(std::vector{tuning_key(info_)}, "",
                                                   options.cache_directory, options.log);
    }

    const DeviceInfo &info() const override { return info_; }
    double launch_seconds() const override { return Machine::kLaunchSeconds; }
    double bytes_per_second() const override { return machine_.bytes_per_second; }

    std::unique_ptr<Buffer> allocate(int64_t bytes) override {
        return std::make_unique<HostBuffer>(Memory(allocator_, static_cast<size_t>(bytes)));
    }
    const std::shared_ptr<Allocator> &allocator() const override { return allocator_; }
    std::unique_ptr<Queue> create_queue() override { return std::make_unique<HostQueue>(pool_); }

    bool post(Job &job) noexcept override { return pool_.post(job); }
    bool withdraw(Job &job) noexcept override { return pool_.withdraw(job); }
    bool forked() const noexcept override { return pool_.forked(); }

    bool fuses(const FusedOp &group) const override {
        return fuses_pointwise(group) || fuses_convolution(group);
    }
    void candidates(const FusedOp &group, std::vector<Candidate> &out) const override {
        if (group.head().kind == OpKind::host) return host_candidates(*this, group, out);
        if (const Implementation *found = implementation_of(group)) {
            found->candidates(machine_, group, out);
        }
    }
    int64_t less_accurate_ways(const FusedOp &group) const override {
        return cpu::less_accurate_ways(group);
    }
    TuningDatabase *tuning() const override { return tuning_.get(); }
    std::unique_ptr<Kernel> prepare(const FusedOp &group, const Candidate &candidate) override {
        if (group.head().kind == OpKind::host) return prepare_host_in_place(group);
        const Implementation *const found = implementation_of(group);
        if (found == nullptr) {
            fail(Status::unsupported, text("cpu: no kernel for ", name_of(group.head().kind)));
        }
        return found->prepare(machine_, group, candidate);
    }

  private:
    DeviceInfo info_;
    std::shared_ptr<Allocator> allocator_;
    ThreadPool pool_;
    Machine machine_;
    std::unique_ptr<TuningDatabase> tuning_;
};

std::vector<DeviceInfo> list() {
    const CpuInfo info = detect_cpu();
    return {describe(info, *best_simd(info))};
}

std::shared_ptr<Device> open(const std::string &which, const DeviceOptions &options) {
    const CpuInfo info = detect_cpu();
    return std::make_shared<CpuDevice>(info, *simd_named(info, which), options);
}

}  // namespace

const Implementation *implementation_of(const FusedOp &op) {
    if (is_reduction_or_pointwise(op.head().kind)) return &kPointwise;
    switch (op.head().kind) {
        case OpKind::convolution:
            return &kConvolution;
        case OpKind::convolution_backward_data:
            return &kConvolutionBackwardData;
        case OpKind::convolution_backward_weights:
            return &kConvolutionBackwardWeights;
        case OpKind::max_pool:
        case OpKind::max_pool_backward:
        case OpKind::max_pool_tangent:
        case OpKind::average_pool:
        case OpKind::average_pool_backward:
            return &kPool;
        case OpKind::softmax:
            return &kSoftmax;
        case OpKind::softmax_backward:
            return &kSoftmaxBackward;
        case OpKind::softmax_cross_entropy:
            return &kSoftmaxCrossEntropy;
        case OpKind::dropout:
            return &kDropout;
        case OpKind::concat:
            return &kConcat;
        case OpKind::slice:
            return &kSlice;
        case OpKind::gather:
            return &kGather;
        case OpKind::distance:
        case OpKind::distance_tangent:
        case OpKind::distance_backward_data:
        case OpKind::distance_backward_weights:
            return &kDistance;
        case OpKind::reshape:
            return &kReshape;
        case OpKind::reorder:
            return &kReorder;
        case OpKind::feed:
            return &kFeed;
        default:
            return nullptr;
    }
}

Backend backend() {
    return {"cpu", list, open};
}

}  // namespace cnn::cpu

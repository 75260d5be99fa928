// What an operation of the CPU backend knows of the device it runs on, and the interface between
// the device and its operations.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "backend/backend.h"
#include "backend/cpu/simd.h"
#include "base/alloc.h"
#include "base/thread_pool.h"

namespace cnn::cpu {

struct Machine {
    ThreadPool &pool;
    const Simd &simd;
    int64_t l1 = 32 << 10, l2 = 512 << 10, l3 = 4 << 20;  // bytes
    double flops_per_second = 0;                          // one core's peak in float
    double bytes_per_second = 0;                          // of a large copy, read and written

    int width() const { return simd.width; }
    Layout n_blocked() const { return Layout::blocked(0, simd.width); }
    Layout c_blocked() const { return Layout::blocked(1, simd.width); }
    // Predicted seconds to stream `bytes` read and written: faster while they fit a cache.
    double seconds_of_bytes(double bytes) const;
    // Seconds that any launch takes.
    static constexpr double kLaunchSeconds = 30e-9;
};

// One operation kind. `prepare` gets one of the candidates that `candidates` gave (or, for reorder,
// any two layouts); `machine` outlives the kernel.
struct Implementation {
    void (*candidates)(const Machine &machine, const FusedOp &op, std::vector<Candidate> &out);
    std::unique_ptr<Kernel> (*prepare)(Machine &machine, const FusedOp &op,
                                       const Candidate &candidate);
};

// The implementation of a group, by its first operation; null where there is none.
const Implementation *implementation_of(const FusedOp &op);

// Of convolution.cpp: the three kinds, and which groups they run as one kernel.
extern const Implementation kConvolution;
extern const Implementation kConvolutionBackwardData;
extern const Implementation kConvolutionBackwardWeights;
bool fuses_convolution(const FusedOp &op);
// Of convolution_winograd.cpp: as Device has it.
int64_t less_accurate_ways(const FusedOp &op);

// Memory of this backend.
class HostBuffer final : public Buffer {
  public:
    explicit HostBuffer(Memory memory)
        : memory_(std::move(memory)), bytes_(memory_.as<std::byte>()) {}

    void *host() override { return bytes_; }
    std::byte *bytes() const { return bytes_; }

  private:
    Memory memory_;
    std::byte *bytes_;
};

// A place's bytes. Every buffer that a kernel of this backend gets is a HostBuffer.
template <class T = float>
T *at(Ref ref) {
    std::byte *const bytes = static_cast<HostBuffer *>(ref.buffer)->bytes();
    return reinterpret_cast<T *>(bytes + ref.offset);
}
template <class T = float>
T *operand(const Launch &launch, int index) {
    return at<T>(launch.operands[index]);
}

// Batch-dependent sizes of a tensor at a launch.
inline int64_t samples_of(const Tensor &tensor, int64_t n) {
    return tensor.batched ? n : (tensor.shape.rank > 0 ? tensor.shape[0] : 1);
}
inline int64_t round_up(int64_t value, int64_t multiple) {
    return (value + multiple - 1) / multiple * multiple;
}
inline int64_t divide_up(int64_t value, int64_t divisor) {
    return (value + divisor - 1) / divisor;
}

// Work is split into parts by its size alone, so that the same shapes give the same partial sums
// whoever computes them. Below kForkSeconds a second thread costs more than it brings.
inline constexpr double kForkSeconds = 20e-6;
inline constexpr double kPartSeconds = 10e-6;
inline constexpr int64_t kMaxParts = 64;

// Into how many parts to cut `units` indivisible pieces that take `seconds` together.
inline int64_t part_count(int64_t units, double seconds) {
    if (seconds < kForkSeconds) return 1;
    const double wanted = std::min(seconds / kPartSeconds, static_cast<double>(kMaxParts));
    return std::clamp<int64_t>(static_cast<int64_t>(wanted), 1, std::max<int64_t>(units, 1));
}

// Units [begin, end) of a part.
struct Range {
    int64_t begin, end;
};
inline Range part_range(int64_t units, int64_t parts, int64_t part) {
    const int64_t each = units / parts, more = units % parts;
    const int64_t begin = part * each + std::min(part, more);
    return {begin, begin + each + (part < more ? 1 : 0)};
}

// Runs body(part) for each part: by the pool when there is more than one.
template <class Body>
void for_parts(Machine &machine, int64_t parts, Body &&body) {
    if (parts == 1) {
        body(int64_t{0});
    } else {
        machine.pool.parallel_for(parts, body);
    }
}

// Cuts `units` taking `seconds` together and runs body(begin, end) over them.
template <class Body>
void for_ranges(Machine &machine, int64_t units, double seconds, Body &&body) {
    const int64_t threads = machine.pool.threads(), wanted = part_count(units, seconds);
    // As many for each thread.
    const int64_t parts = wanted == 1 ? 1 : std::min(units, divide_up(wanted, threads) * threads);
    for_parts(machine, parts, [&](int64_t part) {
        const Range range = part_range(units, parts, part);
        if (range.begin < range.end) body(range.begin, range.end);
    });
}

// A kernel that is a callable over its launch.
template <class Body>
class FunctionKernel final : public Kernel {
  public:
    explicit FunctionKernel(Body body) : body_(std::move(body)) {}
    void launch(Queue &, const Launch &launch) override { body_(launch); }

  private:
    Body body_;
};
template <class Body>
std::unique_ptr<Kernel> make_kernel(Body body) {
    return std::make_unique<FunctionKernel<Body>>(std::move(body));
}

}  // namespace cnn::cpu

// What a backend is: a device that holds memory, offers kernels for (groups of) operations, and
// queues that run them. The graph plans against this interface alone; only the registry names a
// backend.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/alloc.h"
#include "base/log.h"
#include "ops/op.h"

namespace cnn {

// Memory of a device. Lives no longer than its device.
class Buffer {
  public:
    virtual ~Buffer() = default;
    // The bytes themselves where the device computes in the host's memory, else null.
    virtual void *host() { return nullptr; }
};

// A place in a buffer, in bytes; aligned to the element only (a tensor within theta), but to at
// least 64 bytes for activations and workspaces.
struct Ref {
    Buffer *buffer = nullptr;
    int64_t offset = 0;
};

enum class HostType : uint8_t { f32, u8, i32, i64 };

// Samples in the host's memory for a feed operation. Row k of the launch is row rows[k] (k when
// rows is null) of data; a row has the elements of one sample of the fed tensor, channels last when
// nhwc. Real outputs are (raw - mean[c]) * scale[c], c at most 3; i32 outputs (labels) take them as
// they are. data and rows are the host's again when the launch returns, though the device may be
// behind.
struct Feed {
    const std::byte *data = nullptr;
    const int64_t *rows = nullptr;
    HostType type = HostType::f32;
    bool nhwc = false;
    float scale[4] = {1, 1, 1, 1};
    float mean[4] = {0, 0, 0, 0};
};

// What a kernel gets at each launch. Everything else was fixed when it was prepared.
struct Launch {
    int64_t n = 0;                    // samples, at most the batch it was prepared for
    const Ref *operands = nullptr;    // FusedOp::operands() of them
    Ref workspace;                    // Candidate::workspace bytes
    const double *scalars = nullptr;  // by Slot
    uint64_t step = 0;                // dropout's
    const Feed *feed = nullptr;       // a feed's
};

// Runs work in order. Belongs to one thread at a time. Nothing in it allocates after warm-up.
class Queue {
  public:
    virtual ~Queue() = default;
    virtual void write(Ref to, const void *from,
                       int64_t bytes) = 0;                     // from may be reused at return
    virtual void read(void *to, Ref from, int64_t bytes) = 0;  // waits
    virtual void copy(Ref to, Ref from, int64_t bytes) = 0;
    virtual void zero(Ref to, int64_t bytes) = 0;
    virtual void finish() = 0;
};

// A prepared group: a function with its parameters bound, or a driver's kernel object.
class Kernel {
  public:
    virtual ~Kernel() = default;
    virtual void launch(Queue &queue, const Launch &launch) = 0;
};

// One way to run a group.
struct Candidate {
    std::string algorithm;        // "direct_n16", for logs, tuning and tests
    std::vector<Layout> layouts;  // of each operand; θ, ∇θ and s operands written are always plain
    int64_t workspace = 0;        // bytes
    double seconds = 0;           // predicted for the batch in the tensors' shapes
    // The first output may be given the memory of the first input (of the same size) when nothing
    // reads that afterwards.
    bool in_place = false;
    // The output is the input's memory: nothing is launched (reshape).
    bool alias = false;
};

// By the numbers of cnn_device_kind.
inline constexpr int32_t kDeviceCpu = 1, kDeviceGpu = 2, kDeviceOther = 3;

struct DeviceInfo {
    std::string spec, backend, name, vendor, driver;
    int32_t kind = 0;
    int32_t compute_units = 0;
    int64_t memory = 0;
};

// A device is used by many threads at once. Its children hold it by shared_ptr.
class Device {
  public:
    virtual ~Device() = default;

    virtual const DeviceInfo &info() const = 0;
    virtual int64_t real_bytes() const { return 4; }
    // Predicted seconds of a launch without work, and bytes a second of a large copy (read +
    // write).
    virtual double launch_seconds() const = 0;
    virtual double bytes_per_second() const = 0;

    virtual std::unique_ptr<Buffer> allocate(int64_t bytes) = 0;  // contents undefined; 64-aligned
    virtual std::unique_ptr<Queue> create_queue() = 0;

    // Whether the backend runs this group, whose last operation is newly joined, as one kernel: its
    // pattern table. Groups of one are never asked for.
    virtual bool fuses(const FusedOp &group) const = 0;
    // Adds every way to run the group, none when it can't be run. A reorder group is prepared for
    // whichever two layouts the device's candidates use; it has no candidates of its own.
    virtual void candidates(const FusedOp &group, std::vector<Candidate> &out) const = 0;
    // May build programs; throws Error(device_error) naming the operation when that fails.
    virtual std::unique_ptr<Kernel> prepare(const FusedOp &group, const Candidate &candidate) = 0;
};

// How the host wants a device opened.
struct DeviceOptions {
    std::shared_ptr<Allocator> allocator;  // never null here
    Log log;
    std::string cache_directory;  // empty: nothing is written
    int threads = 0;              // 0: one per core
};

// One row of the registry.
struct Backend {
    const char *name;
    // Devices there are now; never throws for want of a driver.
    std::vector<DeviceInfo> (*list)();
    // Opens by the spec's part after "name:" (empty: the first, GPUs first). Throws
    // Error(not_found) with what there is.
    std::shared_ptr<Device> (*open)(const std::string &which, const DeviceOptions &options);
};

}  // namespace cnn

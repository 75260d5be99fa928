// What a backend is: a device that holds memory, offers kernels for (groups of) operations, and
// queues that run them. The graph plans against this interface alone; only the registry names a
// backend.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/alloc.h"
#include "base/job.h"
#include "base/log.h"
#include "base/task_runner.h"
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

// Memory on the device that the host made, by the driver's handle (a cl_mem), from `offset` bytes
// on. Never released here.
struct LentMemory {
    void *handle = nullptr;
    int64_t offset = 0;
};

// Samples in the host's memory for a feed operation, or in memory that it lends. Row k of the
// launch is row rows[k] (k when rows is null) of data; a row has the elements of one sample of the
// fed tensor, channels last when nhwc. Real outputs are (raw - mean[c]) * scale[c], c at most 3;
// i32 outputs (labels) take them as they are. data and rows are the host's again when the launch
// returns, though the device may be behind; lent memory is read in the queue's order.
struct Feed {
    const std::byte *data = nullptr;
    LentMemory lent;  // in place of data
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

// A point in the work of a queue that works on after its calls return. Any thread.
class Mark {
  public:
    virtual ~Mark() = default;
    virtual bool reached() const noexcept = 0;
    // Waits up to so many microseconds, without limit where negative; whether it is reached.
    virtual bool wait(double microseconds) const noexcept = 0;
    // Throws Error(device_error) where the work before a reached mark failed.
    virtual void check() const = 0;
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
    // Whether work goes on when calls have returned; then marks tell how far it is.
    virtual bool works_on() const { return false; }
    // read() that need not wait: `to` belongs to the queue until a mark after it is reached.
    virtual void read_later(void *to, Ref from, int64_t bytes) { read(to, from, bytes); }
    // After all that came before, which begins to work at the latest now. Null where it is done.
    virtual std::unique_ptr<Mark> mark() { return nullptr; }
    // Copies into memory that the host lent and check_lent() accepted; zeros where from is none.
    virtual void put(const LentMemory &to, Ref from, int64_t bytes);
    // After put(): returns when the host finds the bytes there, which is at once where its own
    // commands follow in the same queue.
    virtual void settle() { finish(); }
};

// Measures the work given to a queue of its own, in parts.
class Stopwatch {
  public:
    virtual ~Stopwatch() = default;
    virtual Queue &queue() = 0;
    // Ends a part.
    virtual void lap() = 0;
    // The seconds of each part since the last call. Waits.
    virtual std::vector<double> laps() = 0;
};

// A prepared group: a function with its parameters bound, or a driver's kernel object.
class Kernel {
  public:
    virtual ~Kernel() = default;
    // Memory of its own: how much it takes of the device, and taking it, once before the first
    // launch. So what a plan needs is known before any of it is taken.
    virtual int64_t memory() const { return 0; }
    virtual void take_memory() {}
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
    // What the algorithm is built with, "ROWS=6 COLUMNS=4"; empty: what the backend thinks best.
    std::string parameters;
};

class TuningDatabase;

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
    // What allocate takes of the device's memory for that many bytes.
    virtual int64_t footprint(int64_t bytes) const { return bytes; }
    // Counts and limits all of the device's memory.
    virtual const std::shared_ptr<Allocator> &allocator() const = 0;
    virtual std::unique_ptr<Queue> create_queue() = 0;
    // Without the driver's help it waits for each part.
    virtual std::unique_ptr<Stopwatch> create_stopwatch();

    // Threads of the device's own that compute for the host while it does something else: as
    // ThreadPool's.
    virtual bool post(Job &) noexcept { return false; }
    virtual bool withdraw(Job &) noexcept { return false; }
    virtual bool forked() const noexcept { return false; }
    // Throws Error unless kernels here are able to read (write) `bytes` of it, in elements of
    // `align` bytes.
    virtual void check_lent(const LentMemory &memory, int64_t bytes, int64_t align,
                            bool written) const;

    // Whether the backend runs this group, whose last operation is newly joined, as one kernel: its
    // pattern table. Groups of one are never asked for.
    virtual bool fuses(const FusedOp &group) const = 0;
    // Adds every way to run the group, none when it can't be run. A reorder group is prepared for
    // whichever two layouts the device's candidates use; it has no candidates of its own.
    virtual void candidates(const FusedOp &group, std::vector<Candidate> &out) const = 0;
    // The less accurate ways that some candidate of the group needs to be accepted.
    virtual int64_t less_accurate_ways(const FusedOp &) const { return 0; }
    // What else one of those may be built with: its search space under its rules of validity,
    // likeliest first. Nothing where there is nothing to choose.
    virtual void variants(const FusedOp &, const Candidate &, std::vector<Candidate> &) const {}
    // Gives a candidate other parameters, and what depends on them. False, and no change, where
    // there is no such variant of it: the text is another version's, or a device's.
    virtual bool configure(const FusedOp &, Candidate &, std::string_view) const { return false; }
    // What was measured of this device; null where nothing is kept.
    virtual TuningDatabase *tuning() const { return nullptr; }
    // May build programs; throws Error(device_error) naming the operation when that fails.
    virtual std::unique_ptr<Kernel> prepare(const FusedOp &group, const Candidate &candidate) = 0;
};

// How the host wants a device opened.
struct DeviceOptions {
    std::shared_ptr<Allocator> allocator;  // never null here
    Log log;
    std::string cache_directory;  // empty: nothing is written
    int threads = 0;              // 0: one per core
    TaskRunner runner;            // the host's threads, for who would start its own
};

// A driver's objects that the host made and lends; queue may be null.
struct LentDevice {
    void *context = nullptr;
    void *device = nullptr;
    void *queue = nullptr;
};

// One row of the registry.
struct Backend {
    const char *name;
    // Devices there are now; never throws for want of a driver.
    std::vector<DeviceInfo> (*list)();
    // Opens by the spec's part after "name:" (empty: the first, GPUs first). Throws
    // Error(not_found) with what there is.
    std::shared_ptr<Device> (*open)(const std::string &which, const DeviceOptions &options);
    // Opens a device on what the host lends; null where there is no such thing.
    std::shared_ptr<Device> (*adopt)(const LentDevice &lent,
                                     const DeviceOptions &options) = nullptr;
};

}  // namespace cnn

// An OpenCL device: its context, what it is able to do, its memory, queues and programs. It owns
// every OpenCL object, directly or through what it gives out; nothing is static.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "backend/opencl/api.h"
#include "backend/opencl/program.h"
#include "backend/tuning.h"

namespace cnn::opencl {

// What was found of a device when it was opened or listed.
struct Description {
    cl_platform_id platform = nullptr;
    cl_device_id device = nullptr;
    DeviceInfo info;
    std::string platform_version, device_version, extensions;
    cl_device_type type = 0;
    bool available = false;     // able to compile, and of OpenCL 1.2 at least
    bool host_unified = false;  // computes in the host's memory
    bool has_double = false;    // cl_khr_fp64
    int64_t local_bytes = 0;
    int64_t largest_buffer = 0;
    int64_t largest_work_group = 1;
    int64_t vector_floats = 1;  // floats of the vectors that the hardware has
};

class OpenClDevice final : public Device {
  public:
    // force_gpu_class runs the forms for GPUs whatever the device's type; for tests. With `lent`
    // everything is made in the host's context, and run on its queue if there is one.
    OpenClDevice(std::shared_ptr<const Api> api, Description description,
                 const DeviceOptions &options, bool force_gpu_class, const LentDevice &lent = {});
    ~OpenClDevice() override;

    const DeviceInfo &info() const override { return description_.info; }
    double launch_seconds() const override { return is_cpu_class() ? 3e-6 : 5e-6; }
    double bytes_per_second() const override { return is_cpu_class() ? 2e10 : 3e11; }
    std::unique_ptr<Buffer> allocate(int64_t bytes) override;
    int64_t footprint(int64_t bytes) const override;
    std::unique_ptr<Queue> create_queue() override;
    // By events, but on a queue of the host's that has no profiling.
    std::unique_ptr<Stopwatch> create_stopwatch() override;
    void check_lent(const LentMemory &memory, int64_t bytes, int64_t align,
                    bool written) const override;
    bool fuses(const FusedOp &group) const override;
    void candidates(const FusedOp &group, std::vector<Candidate> &out) const override;
    void variants(const FusedOp &group, const Candidate &candidate,
                  std::vector<Candidate> &out) const override;
    bool configure(const FusedOp &group, Candidate &candidate,
                   std::string_view parameters) const override;
    TuningDatabase *tuning() const override { return &tuning_; }
    std::unique_ptr<Kernel> prepare(const FusedOp &group, const Candidate &candidate) override;

    // CPU class: work-groups of one item (reqd_work_group_size(1, 1, 1)), explicit float16 code
    // over blocked layouts, an item doing a thousand elements or more. GPU class: plain layout,
    // consecutive items on consecutive elements.
    bool is_cpu_class() const { return cpu_class_; }
    // Floats in a vector of the CPU class's kernels, and samples or channels in a block.
    static constexpr int kLanes = 16;
    // Items in a work-group of the GPU class's forms: a power of two, 64 where the device is able
    // to.
    int64_t group_items() const;
    int compute_units() const { return description_.info.compute_units; }
    // Peak float32 rate, for predictions.
    double flops_per_second() const;
    // Predicted seconds of a kernel that does this much, its launch included.
    double predict(double flops, double bytes, double efficiency = 1) const;

    const Description &description() const { return description_; }
    const Api &api() const { return *api_; }
    cl_context context() const { return context_.get(); }
    // The host's queue, on which every OpenClQueue then enqueues; else null.
    cl_command_queue lent_queue() const { return lent_queue_; }
    const Log &log() const { return log_; }
    const std::string &cache_directory() const { return cache_directory_; }
    const std::shared_ptr<Allocator> &allocator() const override { return allocator_; }
    ProgramCache &programs() { return programs_; }

    // The kernel `name` of kernels/<file>, built with options such as "-DSTRIDE=2 -DK=3" at most
    // once a device. Throws Error(device_error) with the compiler's log.
    Function function(std::string_view file, const char *name, const std::string &options = {});

    uint64_t next_buffer_id() { return ++buffer_ids_; }

    void add(cl_command_queue queue);
    void remove(cl_command_queue queue) noexcept;
    // Throws Error(device_error) where a small command isn't done in time: the driver was in use
    // when the process was forked, and its threads aren't here.
    void check_answers() const;
    // Waits for every command that was enqueued before the call, on any queue. Any thread.
    void wait_for_queues() noexcept;
    // Waits for all that is in the queue, and not for the first time where the driver fails: what
    // commands still use is about to be freed. Of a lost device there is nothing to wait for.
    void drain(cl_command_queue queue) noexcept;

  private:
    std::shared_ptr<const Api> api_;
    Description description_;
    std::shared_ptr<Allocator> allocator_;
    Log log_;
    std::string cache_directory_;
    bool cpu_class_ = false;
    Handle<cl_context> context_;
    bool lent_ = false;
    cl_command_queue lent_queue_ = nullptr;
    std::atomic<uint64_t> buffer_ids_{0};
    std::mutex queues_mutex_;
    std::vector<cl_command_queue> queues_;  // those that live: the host's, or each OpenClQueue's
    ProgramCache programs_;
    mutable TuningDatabase tuning_;
};

// Device memory. With host_unified it is the allocator's own memory, used in place.
class OpenClBuffer final : public Buffer {
  public:
    OpenClBuffer(OpenClDevice &device, int64_t bytes);
    ~OpenClBuffer() override;

    cl_mem get() const noexcept { return memory_.get(); }
    uint64_t id() const noexcept { return id_; }  // no two buffers of a device have the same
    int64_t bytes() const noexcept { return bytes_; }

  private:
    OpenClDevice &device_;
    uint64_t id_;
    int64_t bytes_;
    size_t counted_ = 0;  // bytes reserved in the allocator
    Memory host_;
    Handle<cl_mem> memory_;
};

inline cl_mem memory_of(const Ref &ref) {
    return static_cast<OpenClBuffer *>(ref.buffer)->get();
}

inline cl_mem object_of(const LentMemory &memory) {
    return static_cast<cl_mem>(memory.handle);
}

// An in-order command queue, or what one user enqueues on the host's. Drivers let threads enqueue
// on one queue at once; each command is whole by itself, so it doesn't matter whose come in
// between.
class OpenClQueue final : public Queue {
  public:
    explicit OpenClQueue(OpenClDevice &device, bool profiling = false);
    ~OpenClQueue() override;

    void write(Ref to, const void *from, int64_t bytes) override;
    void read(void *to, Ref from, int64_t bytes) override;
    void copy(Ref to, Ref from, int64_t bytes) override;
    void zero(Ref to, int64_t bytes) override;
    void finish() override;
    bool works_on() const override { return true; }
    void read_later(void *to, Ref from, int64_t bytes) override;
    std::unique_ptr<Mark> mark() override;
    void put(const LentMemory &to, Ref from, int64_t bytes) override;
    void settle() override;

    cl_command_queue get() const noexcept { return queue_.get(); }
    // Where the next command's event goes; null unless it is timed.
    cl_event *event() { return profiling_ ? &events_.emplace_back() : nullptr; }
    size_t event_count() const { return events_.size(); }
    // Seconds that the device took for the commands of those events; then forgets all events.
    std::vector<double> seconds(const std::vector<size_t> &ends);

  private:
    void release_events() noexcept;
    void fill(cl_mem to, int64_t offset, int64_t bytes);

    OpenClDevice &device_;
    Handle<cl_command_queue> queue_;
    bool profiling_;
    std::deque<cl_event> events_;
};

// What the backend knows of one kind of operation; a group is its head's.
struct Implementation {
    void (*candidates)(const OpenClDevice &device, const FusedOp &group,
                       std::vector<Candidate> &out) = nullptr;
    std::unique_ptr<Kernel> (*prepare)(OpenClDevice &device, const FusedOp &group,
                                       const Candidate &candidate) = nullptr;
};

// The variants table: a row an operation.
Implementation implementation_of(OpKind kind);

}  // namespace cnn::opencl

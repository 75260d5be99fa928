// An OpenCL device: its context, what it is able to do, its memory, queues and programs. It owns
// every OpenCL object, directly or through what it gives out; nothing is static.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "backend/opencl/api.h"
#include "backend/opencl/program.h"

namespace cnn::opencl {

// What was found of a device when it was opened or listed.
struct Description {
    cl_platform_id platform = nullptr;
    cl_device_id device = nullptr;
    DeviceInfo info;
    std::string platform_version, device_version, extensions;
    cl_device_type type = 0;
    bool available = false;     // and able to compile
    bool host_unified = false;  // computes in the host's memory
    bool has_double = false;    // cl_khr_fp64
    int64_t local_bytes = 0;
    int64_t largest_buffer = 0;
    int64_t largest_work_group = 1;
};

class OpenClDevice final : public Device {
  public:
    // force_gpu_class runs the forms for GPUs whatever the device's type; for tests.
    OpenClDevice(std::shared_ptr<const Api> api, Description description,
                 const DeviceOptions &options, bool force_gpu_class);
    ~OpenClDevice() override;

    const DeviceInfo &info() const override { return description_.info; }
    double launch_seconds() const override { return is_cpu_class() ? 3e-6 : 5e-6; }
    double bytes_per_second() const override { return is_cpu_class() ? 2e10 : 3e11; }
    std::unique_ptr<Buffer> allocate(int64_t bytes) override;
    std::unique_ptr<Queue> create_queue() override;
    bool fuses(const FusedOp &group) const override;
    void candidates(const FusedOp &group, std::vector<Candidate> &out) const override;
    std::unique_ptr<Kernel> prepare(const FusedOp &group, const Candidate &candidate) override;

    // CPU class: work-groups of one item (reqd_work_group_size(1, 1, 1)), explicit float16 code
    // over blocked layouts, an item doing a thousand elements or more. GPU class: plain layout,
    // consecutive items on consecutive elements.
    bool is_cpu_class() const { return cpu_class_; }
    // Floats in a vector of the CPU class's kernels, and samples or channels in a block.
    static constexpr int kLanes = 16;
    int compute_units() const { return description_.info.compute_units; }
    // Peak float32 rate, for predictions.
    double flops_per_second() const;
    // Predicted seconds of a kernel that does this much, its launch included.
    double predict(double flops, double bytes, double efficiency = 1) const;

    const Description &description() const { return description_; }
    const Api &api() const { return *api_; }
    cl_context context() const { return context_.get(); }
    const Log &log() const { return log_; }
    const std::string &cache_directory() const { return cache_directory_; }
    const std::shared_ptr<Allocator> &allocator() const { return allocator_; }
    ProgramCache &programs() { return programs_; }

    // The kernel `name` of kernels/<file>, built with options such as "-DSTRIDE=2 -DK=3" at most
    // once a device. Throws Error(device_error) with the compiler's log.
    Function function(std::string_view file, const char *name, const std::string &options = {});

    uint64_t next_buffer_id() { return ++buffer_ids_; }

    void add(cl_command_queue queue);
    void remove(cl_command_queue queue) noexcept;
    // Waits for every command that was enqueued before the call, on any queue. Any thread.
    void wait_for_queues() noexcept;

  private:
    std::shared_ptr<const Api> api_;
    Description description_;
    std::shared_ptr<Allocator> allocator_;
    Log log_;
    std::string cache_directory_;
    bool cpu_class_ = false;
    Handle<cl_context> context_;
    std::atomic<uint64_t> buffer_ids_{0};
    std::mutex queues_mutex_;
    std::vector<cl_command_queue> queues_;  // those that live, each its OpenClQueue's
    ProgramCache programs_;
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

// An in-order command queue.
class OpenClQueue final : public Queue {
  public:
    explicit OpenClQueue(OpenClDevice &device);
    ~OpenClQueue() override;

    void write(Ref to, const void *from, int64_t bytes) override;
    void read(void *to, Ref from, int64_t bytes) override;
    void copy(Ref to, Ref from, int64_t bytes) override;
    void zero(Ref to, int64_t bytes) override;
    void finish() override;

    cl_command_queue get() const noexcept { return queue_.get(); }

  private:
    OpenClDevice &device_;
    Handle<cl_command_queue> queue_;
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

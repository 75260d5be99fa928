// The OpenCL device's memory, queues and dispatch of operations.
#include "backend/opencl/device.h"

#include <algorithm>
#include <cstring>

#include "backend/opencl/operations.h"
#include "base/error.h"
#include "base/text.h"

namespace cnn::opencl {
namespace {

constexpr size_t kPage = 4096;       // what drivers want of memory that they use in place
constexpr int64_t kBufferUnit = 64;  // likewise of its size
// Above this a transfer on a host-sharing device maps; below, one command is quicker than two.
constexpr int64_t kMapBytes = int64_t{256} << 10;
constexpr int64_t kFillBytes = int64_t{256} << 20;

size_t to_size(int64_t value) {
    return static_cast<size_t>(value);
}

cl_context create_context(const Api &api, const Description &description) {
    const cl_context_properties properties[] = {
        CL_CONTEXT_PLATFORM, reinterpret_cast<cl_context_properties>(description.platform), 0};
    cl_int status = CL_SUCCESS;
    cl_context context =
        api.clCreateContext(properties, 1, &description.device, nullptr, nullptr, &status);
    check(status, "clCreateContext");
    return context;
}

}  // namespace

OpenClDevice::OpenClDevice(std::shared_ptr<const Api> api, Description description,
                           const DeviceOptions &options, bool force_gpu_class)
    : api_(std::move(api)),
      description_(std::move(description)),
      allocator_(options.allocator),
      log_(options.log),
      cache_directory_(options.cache_directory),
      cpu_class_((description_.type & CL_DEVICE_TYPE_CPU) != 0 && !force_gpu_class),
      context_(create_context(*api_, description_), api_->clReleaseContext),
      programs_(*this) {
    if (log_.enabled(kLogInfo)) {
        log_.write(kLogInfo, text("OpenCL: opened ", description_.info.spec, " (",
                                  description_.info.name, ", ", description_.info.driver,
                                  "), kernels of class ", cpu_class_ ? "CPU" : "GPU"));
    }
}

OpenClDevice::~OpenClDevice() = default;

std::unique_ptr<Buffer> OpenClDevice::allocate(int64_t bytes) {
    return std::make_unique<OpenClBuffer>(*this, bytes);
}

std::unique_ptr<Queue> OpenClDevice::create_queue() {
    return std::make_unique<OpenClQueue>(*this);
}

void OpenClDevice::candidates(const FusedOp &group, std::vector<Candidate> &out) const {
    const Implementation implementation = implementation_of(group.head().kind);
    if (implementation.candidates != nullptr) implementation.candidates(*this, group, out);
}

std::unique_ptr<Kernel> OpenClDevice::prepare(const FusedOp &group, const Candidate &candidate) {
    const Implementation implementation = implementation_of(group.head().kind);
    if (implementation.prepare == nullptr) {
        fail_at(group.head().node, Status::unsupported,
                text("OpenCL: no kernel for ", name_of(group.head().kind)));
    }
    try {
        return implementation.prepare(*this, group, candidate);
    } catch (const Error &error) {
        fail_at(group.head().node, error.status,
                text(name_of(group.head().kind), ": ", error.message));
    }
}

double OpenClDevice::flops_per_second() const {
    const double per_unit = is_cpu_class() ? 1.2e11 : 1e11;
    return per_unit * std::max(1, compute_units());
}

double OpenClDevice::predict(double flops, double bytes, double efficiency) const {
    const double compute = flops / (flops_per_second() * efficiency);
    return launch_seconds() + std::max(compute, bytes / bytes_per_second());
}

Function OpenClDevice::function(std::string_view file, const char *name,
                                const std::string &options) {
    return Function(*this, programs_.embedded(file, options), name);
}

void OpenClDevice::add(cl_command_queue queue) {
    const std::lock_guard<std::mutex> lock(queues_mutex_);
    queues_.push_back(queue);
}

void OpenClDevice::remove(cl_command_queue queue) noexcept {
    const std::lock_guard<std::mutex> lock(queues_mutex_);
    std::erase(queues_, queue);
}

// Markers, not clFinish: another thread may keep its queue from ever being empty.
void OpenClDevice::wait_for_queues() noexcept {
    const std::lock_guard<std::mutex> lock(queues_mutex_);
    for (const cl_command_queue queue : queues_) {
        cl_event reached = nullptr;
        if (api_->clEnqueueMarkerWithWaitList(queue, 0, nullptr, &reached) != CL_SUCCESS) {
            api_->clFinish(queue);
            continue;
        }
        api_->clWaitForEvents(1, &reached);
        api_->clReleaseEvent(reached);
    }
}

OpenClBuffer::OpenClBuffer(OpenClDevice &device, int64_t bytes)
    : device_(device), id_(device.next_buffer_id()), bytes_(bytes) {
    const Description &description = device.description();
    const int64_t size =
        (std::max<int64_t>(bytes, 1) + kBufferUnit - 1) / kBufferUnit * kBufferUnit;
    if (description.largest_buffer > 0 && size > description.largest_buffer) {
        fail(Status::out_of_memory,
             text("OpenCL: a buffer of ", bytes, " bytes is larger than ", description.info.spec,
                  " allows (", description.largest_buffer, ")"));
    }
    cl_mem_flags flags = CL_MEM_READ_WRITE;
    if (description.host_unified) {
        host_ = Memory(device.allocator(), to_size(size), kPage);
        flags |= CL_MEM_USE_HOST_PTR;
    } else {
        device.allocator()->reserve(to_size(size));
        counted_ = to_size(size);
    }
    cl_int status = CL_SUCCESS;
    memory_ = {
        device.api().clCreateBuffer(device.context(), flags, to_size(size), host_.data(), &status),
        device.api().clReleaseMemObject};
    if (status != CL_SUCCESS) {
        if (counted_ != 0) device.allocator()->unreserve(counted_);
        check(status, text("clCreateBuffer of ", bytes, " bytes").c_str());
    }
}

// Commands retain the OpenCL object, but not the host's memory under it; and they may be on the
// queue of another owner, as an optimizer's states are on the queue of the net it trains.
OpenClBuffer::~OpenClBuffer() {
    if (host_) device_.wait_for_queues();
    memory_.reset();
    if (counted_ != 0) device_.allocator()->unreserve(counted_);
}

OpenClQueue::OpenClQueue(OpenClDevice &device) : device_(device) {
    cl_int status = CL_SUCCESS;
    queue_ = {device.api().clCreateCommandQueue(device.context(), device.description().device, 0,
                                                &status),
              device.api().clReleaseCommandQueue};
    check(status, "clCreateCommandQueue");
    device.add(queue_.get());
}

// Buffers may be freed as soon as their queue is gone, so what is under way ends first.
OpenClQueue::~OpenClQueue() {
    device_.api().clFinish(queue_.get());
    device_.remove(queue_.get());
}

void OpenClQueue::write(Ref to, const void *from, int64_t bytes) {
    if (bytes <= 0) return;
    const Api &api = device_.api();
    if (!device_.description().host_unified || bytes < kMapBytes) {
        check(api.clEnqueueWriteBuffer(queue_.get(), memory_of(to), CL_TRUE, to_size(to.offset),
                                       to_size(bytes), from, 0, nullptr, nullptr),
              "clEnqueueWriteBuffer");
        return;
    }
    cl_int status = CL_SUCCESS;
    void *mapped =
        api.clEnqueueMapBuffer(queue_.get(), memory_of(to), CL_TRUE, CL_MAP_WRITE_INVALIDATE_REGION,
                               to_size(to.offset), to_size(bytes), 0, nullptr, nullptr, &status);
    check(status, "clEnqueueMapBuffer");
    std::memcpy(mapped, from, to_size(bytes));
    check(api.clEnqueueUnmapMemObject(queue_.get(), memory_of(to), mapped, 0, nullptr, nullptr),
          "clEnqueueUnmapMemObject");
}

void OpenClQueue::read(void *to, Ref from, int64_t bytes) {
    if (bytes <= 0) {
        finish();
        return;
    }
    const Api &api = device_.api();
    if (!device_.description().host_unified || bytes < kMapBytes) {
        check(api.clEnqueueReadBuffer(queue_.get(), memory_of(from), CL_TRUE, to_size(from.offset),
                                      to_size(bytes), to, 0, nullptr, nullptr),
              "clEnqueueReadBuffer");
        return;
    }
    cl_int status = CL_SUCCESS;
    void *mapped =
        api.clEnqueueMapBuffer(queue_.get(), memory_of(from), CL_TRUE, CL_MAP_READ,
                               to_size(from.offset), to_size(bytes), 0, nullptr, nullptr, &status);
    check(status, "clEnqueueMapBuffer");
    std::memcpy(to, mapped, to_size(bytes));
    check(api.clEnqueueUnmapMemObject(queue_.get(), memory_of(from), mapped, 0, nullptr, nullptr),
          "clEnqueueUnmapMemObject");
}

void OpenClQueue::copy(Ref to, Ref from, int64_t bytes) {
    if (bytes <= 0) return;
    check(device_.api().clEnqueueCopyBuffer(queue_.get(), memory_of(from), memory_of(to),
                                            to_size(from.offset), to_size(to.offset),
                                            to_size(bytes), 0, nullptr, nullptr),
          "clEnqueueCopyBuffer");
}

void OpenClQueue::zero(Ref to, int64_t bytes) {
    const cl_uint word = 0;
    const cl_uchar byte = 0;
    while (bytes > 0) {
        // Words where the range allows; single bytes (u8 tensors) else.
        const bool words = (to.offset | bytes) % 4 == 0;
        const int64_t part = std::min(bytes, kFillBytes);
        check(device_.api().clEnqueueFillBuffer(
                  queue_.get(), memory_of(to), words ? static_cast<const void *>(&word) : &byte,
                  words ? sizeof word : sizeof byte, to_size(to.offset), to_size(part), 0, nullptr,
                  nullptr),
              "clEnqueueFillBuffer");
        to.offset += part;
        bytes -= part;
    }
}

void OpenClQueue::finish() {
    check(device_.api().clFinish(queue_.get()), "clFinish");
}

}  // namespace cnn::opencl

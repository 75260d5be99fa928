// The OpenCL device's memory, queues and dispatch of operations.
#include "backend/opencl/device.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "backend/opencl/operations.h"
#include "backend/opencl/shipped_tuning.h"
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

Handle<cl_context> context_for(const Api &api, const Description &description,
                               const LentDevice &lent) {
    if (lent.context != nullptr) return {static_cast<cl_context>(lent.context), nullptr};
    const cl_context_properties properties[] = {
        CL_CONTEXT_PLATFORM, reinterpret_cast<cl_context_properties>(description.platform), 0};
    cl_int status = CL_SUCCESS;
    cl_context context =
        api.clCreateContext(properties, 1, &description.device, nullptr, nullptr, &status);
    check_made(status, context, "clCreateContext");
    return {context, api.clReleaseContext};
}

// Throws unless the driver knows; 0 wouldn't tell the host what is wrong with its memory.
template <class T>
T memory_value(const Api &api, cl_mem memory, cl_mem_info what) {
    T value{};
    check(api.clGetMemObjectInfo(memory, what, sizeof value, &value, nullptr),
          "clGetMemObjectInfo of memory");
    return value;
}

// An event of the queue's. Drivers let any thread ask for it.
class EventMark final : public Mark {
  public:
    explicit EventMark(const Api &api) : api_(api) {}
    ~EventMark() override {
        if (event_ != nullptr) api_.clReleaseEvent(event_);
    }
    EventMark(const EventMark &) = delete;
    EventMark &operator=(const EventMark &) = delete;

    cl_event *place() { return &event_; }
    void leave() { event_ = nullptr; }

    // A failure ends it too.
    bool reached() const noexcept override { return status() <= CL_COMPLETE; }

    bool wait(double microseconds) const noexcept override {
        if (microseconds < 0) {
            api_.clWaitForEvents(1, &event_);
            return true;
        }
        using Clock = std::chrono::steady_clock;
        constexpr std::chrono::microseconds kFirst{20}, kLongest{500};
        constexpr double kMost = 1e12;
        const auto start = Clock::now();
        const std::chrono::duration<double, std::micro> limit(std::min(microseconds, kMost));
        // OpenCL has no wait with a limit.
        for (auto pause = kFirst; !reached(); pause = std::min(2 * pause, kLongest)) {
            const auto left = limit - (Clock::now() - start);
            if (left.count() <= 0) return false;
            std::this_thread::sleep_for(
                std::min<std::chrono::duration<double, std::micro>>(left, pause));
        }
        return true;
    }

    void check() const override {
        const cl_int now = status();
        if (now < 0) opencl::check(now, "the run");
    }

  private:
    cl_int status() const noexcept {
        cl_int value = CL_QUEUED;
        const cl_int asked = api_.clGetEventInfo(event_, CL_EVENT_COMMAND_EXECUTION_STATUS,
                                                 sizeof value, &value, nullptr);
        return asked == CL_SUCCESS ? value : asked;
    }

    const Api &api_;
    cl_event event_ = nullptr;
};

// The queue is kept full; events tell afterwards when each command ran.
class EventStopwatch final : public Stopwatch {
  public:
    explicit EventStopwatch(OpenClDevice &device) : queue_(device, true) {}

    Queue &queue() override { return queue_; }
    void lap() override { ends_.push_back(queue_.event_count()); }
    std::vector<double> laps() override {
        queue_.finish();
        return queue_.seconds(std::exchange(ends_, {}));
    }

  private:
    OpenClQueue queue_;
    std::vector<size_t> ends_;
};

}  // namespace

OpenClDevice::OpenClDevice(std::shared_ptr<const Api> api, Description description,
                           const DeviceOptions &options, bool force_gpu_class,
                           const LentDevice &lent)
    : api_(std::move(api)),
      description_(std::move(description)),
      allocator_(options.allocator),
      log_(options.log),
      cache_directory_(options.cache_directory),
      cpu_class_((description_.type & CL_DEVICE_TYPE_CPU) != 0 && !force_gpu_class),
      context_(context_for(*api_, description_, lent)),
      lent_(lent.context != nullptr),
      lent_queue_(static_cast<cl_command_queue>(lent.queue)),
      programs_(*this),
      tuning_(tuning_keys(description_, cpu_class_), shipped_tuning(), cache_directory_, log_) {
    if (lent_queue_ != nullptr) queues_.push_back(lent_queue_);
    if (log_.enabled(kLogInfo)) {
        log_.write(kLogInfo,
                   text("OpenCL: opened ", lent_ ? "the host's " : "", description_.info.spec, " (",
                        description_.info.name, ", ", description_.info.driver,
                        "), kernels of class ", cpu_class_ ? "CPU" : "GPU"));
    }
}

OpenClDevice::~OpenClDevice() = default;

std::unique_ptr<Buffer> OpenClDevice::allocate(int64_t bytes) {
    return std::make_unique<OpenClBuffer>(*this, bytes);
}

int64_t OpenClDevice::footprint(int64_t bytes) const {
    return (std::max<int64_t>(bytes, 1) + kBufferUnit - 1) / kBufferUnit * kBufferUnit;
}

std::unique_ptr<Queue> OpenClDevice::create_queue() {
    return std::make_unique<OpenClQueue>(*this);
}

std::unique_ptr<Stopwatch> OpenClDevice::create_stopwatch() {
    cl_command_queue_properties properties = CL_QUEUE_PROFILING_ENABLE;
    if (lent_queue_ != nullptr)
        check(api_->clGetCommandQueueInfo(lent_queue_, CL_QUEUE_PROPERTIES, sizeof properties,
                                          &properties, nullptr),
              "clGetCommandQueueInfo");
    if ((properties & CL_QUEUE_PROFILING_ENABLE) == 0) return Device::create_stopwatch();
    return std::make_unique<EventStopwatch>(*this);
}

void OpenClDevice::check_lent(const LentMemory &memory, int64_t bytes, int64_t align,
                              bool written) const {
    if (!lent_)
        fail(Status::invalid_argument,
             text("memory is given, but the net is compiled for ", description_.info.spec,
                  " in a context of libcnn's own; open the device with cnn_device_open_opencl"));
    const cl_mem object = object_of(memory);
    if (memory_value<cl_context>(*api_, object, CL_MEM_CONTEXT) != context())
        fail(Status::invalid_argument,
             "memory belongs to another cl_context than the one the device was opened with");
    if (memory_value<cl_mem_object_type>(*api_, object, CL_MEM_TYPE) != CL_MEM_OBJECT_BUFFER)
        fail(Status::unsupported, "memory is an image or a pipe, but must be a buffer");
    if (memory.offset < 0)
        fail(Status::out_of_range, text("memory_offset is ", memory.offset, ", but must be >= 0"));
    if (memory.offset % align != 0)
        fail(Status::invalid_argument,
             text("memory_offset is ", memory.offset, ", but must be a multiple of the ", align,
                  " bytes of an element"));
    const auto size = static_cast<int64_t>(memory_value<size_t>(*api_, object, CL_MEM_SIZE));
    if (memory.offset > size || bytes > size - memory.offset)
        fail(Status::shape_mismatch, text("memory has ", size, " bytes, but ", bytes,
                                          " are needed from memory_offset ", memory.offset, " on"));
    const auto flags = memory_value<cl_mem_flags>(*api_, object, CL_MEM_FLAGS);
    if (written && (flags & CL_MEM_READ_ONLY) != 0)
        fail(Status::invalid_argument, "memory is CL_MEM_READ_ONLY, but is to be written");
    if (!written && (flags & CL_MEM_WRITE_ONLY) != 0)
        fail(Status::invalid_argument, "memory is CL_MEM_WRITE_ONLY, but is to be read");
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

int64_t OpenClDevice::group_items() const {
    int64_t items = Function::kGroup;
    while (items > 1 && items > description_.largest_work_group) items /= 2;
    return items;
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

// What a driver that doesn't answer was given stays with it: it can't be waited for.
void OpenClDevice::check_answers() const {
    constexpr double kLongest = 5e6;  // microseconds
    constexpr size_t kBytes = 64;
    cl_int status = CL_SUCCESS;
    cl_command_queue queue = api_->clCreateCommandQueue(context(), description_.device, 0, &status);
    check(status, "clCreateCommandQueue");
    cl_mem memory = api_->clCreateBuffer(context(), CL_MEM_READ_WRITE, kBytes, nullptr, &status);
    check(status, "clCreateBuffer");
    const cl_uint zero = 0;
    EventMark done(*api_);
    check(api_->clEnqueueFillBuffer(queue, memory, &zero, sizeof zero, 0, kBytes, 0, nullptr,
                                    done.place()),
          "clEnqueueFillBuffer");
    check(api_->clFlush(queue), "clFlush");
    if (!done.wait(kLongest)) {
        done.leave();
        fail(Status::device_error,
             text("open \"", description_.info.spec,
                  "\": the driver doesn't answer: it was in use when this process was forked, and "
                  "drivers don't survive that"));
    }
    api_->clReleaseMemObject(memory);
    api_->clReleaseCommandQueue(queue);
}

void OpenClDevice::drain(cl_command_queue queue) noexcept {
    constexpr int kTries = 3;
    for (int i = 0; i < kTries; ++i)
        if (api_->clFinish(queue) == CL_SUCCESS) return;
}

// Markers, not clFinish: another thread may keep its queue from ever being empty.
void OpenClDevice::wait_for_queues() noexcept {
    const std::lock_guard<std::mutex> lock(queues_mutex_);
    for (const cl_command_queue queue : queues_) {
        cl_event reached = nullptr;
        if (api_->clEnqueueMarkerWithWaitList(queue, 0, nullptr, &reached) != CL_SUCCESS ||
            reached == nullptr) {
            drain(queue);
            continue;
        }
        if (api_->clWaitForEvents(1, &reached) != CL_SUCCESS) drain(queue);
        api_->clReleaseEvent(reached);
    }
}

OpenClBuffer::OpenClBuffer(OpenClDevice &device, int64_t bytes)
    : device_(device), id_(device.next_buffer_id()), bytes_(bytes) {
    const Description &description = device.description();
    const int64_t size = device.footprint(bytes);
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
    if (status != CL_SUCCESS || !memory_) {
        if (counted_ != 0) device.allocator()->unreserve(counted_);
        check_made(status, memory_.get(), text("clCreateBuffer of ", bytes, " bytes").c_str());
    }
}

// Commands retain the OpenCL object, but not the host's memory under it; and they may be on the
// queue of another owner, as an optimizer's states are on the queue of the net it trains.
OpenClBuffer::~OpenClBuffer() {
    if (host_) device_.wait_for_queues();
    memory_.reset();
    if (counted_ != 0) device_.allocator()->unreserve(counted_);
}

OpenClQueue::OpenClQueue(OpenClDevice &device, bool profiling)
    : device_(device), profiling_(profiling) {
    if (device.lent_queue() != nullptr) {
        queue_ = {device.lent_queue(), nullptr};
        return;
    }
    cl_int status = CL_SUCCESS;
    const cl_command_queue_properties properties = profiling ? CL_QUEUE_PROFILING_ENABLE : 0;
    queue_ = {device.api().clCreateCommandQueue(device.context(), device.description().device,
                                                properties, &status),
              device.api().clReleaseCommandQueue};
    check_made(status, queue_.get(), "clCreateCommandQueue");
    device.add(queue_.get());
}

// Buffers may be freed as soon as their queue is gone, so what is under way ends first.
OpenClQueue::~OpenClQueue() {
    device_.drain(queue_.get());
    release_events();
    if (device_.lent_queue() == nullptr) device_.remove(queue_.get());
}

void OpenClQueue::release_events() noexcept {
    for (const cl_event event : events_)
        if (event != nullptr) device_.api().clReleaseEvent(event);
    events_.clear();
}

std::vector<double> OpenClQueue::seconds(const std::vector<size_t> &ends) {
    const auto time_of = [&](cl_event event, cl_profiling_info what) {
        cl_ulong nanoseconds = 0;
        check(device_.api().clGetEventProfilingInfo(event, what, sizeof nanoseconds, &nanoseconds,
                                                    nullptr),
              "clGetEventProfilingInfo");
        return nanoseconds;
    };
    std::vector<double> result;
    size_t i = 0;
    for (const size_t end : ends) {
        cl_ulong nanoseconds = 0;
        for (; i < end; ++i)
            nanoseconds += time_of(events_[i], CL_PROFILING_COMMAND_END) -
                           time_of(events_[i], CL_PROFILING_COMMAND_START);
        result.push_back(static_cast<double>(nanoseconds) * 1e-9);
    }
    release_events();
    return result;
}

void OpenClQueue::write(Ref to, const void *from, int64_t bytes) {
    if (bytes <= 0) return;
    const Api &api = device_.api();
    if (!device_.description().host_unified || bytes < kMapBytes) {
        check(api.clEnqueueWriteBuffer(queue_.get(), memory_of(to), CL_TRUE, to_size(to.offset),
                                       to_size(bytes), from, 0, nullptr, event()),
              "clEnqueueWriteBuffer");
        return;
    }
    cl_int status = CL_SUCCESS;
    void *mapped =
        api.clEnqueueMapBuffer(queue_.get(), memory_of(to), CL_TRUE, CL_MAP_WRITE_INVALIDATE_REGION,
                               to_size(to.offset), to_size(bytes), 0, nullptr, nullptr, &status);
    check_made(status, mapped, "clEnqueueMapBuffer");
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
                                      to_size(bytes), to, 0, nullptr, event()),
              "clEnqueueReadBuffer");
        return;
    }
    cl_int status = CL_SUCCESS;
    void *mapped =
        api.clEnqueueMapBuffer(queue_.get(), memory_of(from), CL_TRUE, CL_MAP_READ,
                               to_size(from.offset), to_size(bytes), 0, nullptr, nullptr, &status);
    check_made(status, mapped, "clEnqueueMapBuffer");
    std::memcpy(to, mapped, to_size(bytes));
    check(api.clEnqueueUnmapMemObject(queue_.get(), memory_of(from), mapped, 0, nullptr, nullptr),
          "clEnqueueUnmapMemObject");
}

void OpenClQueue::read_later(void *to, Ref from, int64_t bytes) {
    if (bytes <= 0) return;
    check(device_.api().clEnqueueReadBuffer(queue_.get(), memory_of(from), CL_FALSE,
                                            to_size(from.offset), to_size(bytes), to, 0, nullptr,
                                            nullptr),
          "clEnqueueReadBuffer");
}

std::unique_ptr<Mark> OpenClQueue::mark() {
    const Api &api = device_.api();
    auto mark = std::make_unique<EventMark>(api);
    check(api.clEnqueueMarkerWithWaitList(queue_.get(), 0, nullptr, mark->place()),
          "clEnqueueMarkerWithWaitList");
    check(api.clFlush(queue_.get()), "clFlush");
    return mark;
}

void OpenClQueue::copy(Ref to, Ref from, int64_t bytes) {
    if (bytes <= 0) return;
    check(device_.api().clEnqueueCopyBuffer(queue_.get(), memory_of(from), memory_of(to),
                                            to_size(from.offset), to_size(to.offset),
                                            to_size(bytes), 0, nullptr, event()),
          "clEnqueueCopyBuffer");
}

void OpenClQueue::fill(cl_mem to, int64_t offset, int64_t bytes) {
    const cl_uint word = 0;
    const cl_uchar byte = 0;
    while (bytes > 0) {
        // Words where the range allows; single bytes (u8 tensors) else.
        const bool words = (offset | bytes) % 4 == 0;
        const int64_t part = std::min(bytes, kFillBytes);
        check(device_.api().clEnqueueFillBuffer(queue_.get(), to,
                                                words ? static_cast<const void *>(&word) : &byte,
                                                words ? sizeof word : sizeof byte, to_size(offset),
                                                to_size(part), 0, nullptr, event()),
              "clEnqueueFillBuffer");
        offset += part;
        bytes -= part;
    }
}

void OpenClQueue::zero(Ref to, int64_t bytes) {
    fill(memory_of(to), to.offset, bytes);
}

void OpenClQueue::put(const LentMemory &to, Ref from, int64_t bytes) {
    if (bytes <= 0) return;
    if (from.buffer == nullptr) return fill(object_of(to), to.offset, bytes);
    check(device_.api().clEnqueueCopyBuffer(queue_.get(), memory_of(from), object_of(to),
                                            to_size(from.offset), to_size(to.offset),
                                            to_size(bytes), 0, nullptr, nullptr),
          "clEnqueueCopyBuffer to memory");
}

void OpenClQueue::settle() {
    if (device_.lent_queue() == nullptr) finish();
}

void OpenClQueue::finish() {
    check(device_.api().clFinish(queue_.get()), "clFinish");
}

}  // namespace cnn::opencl

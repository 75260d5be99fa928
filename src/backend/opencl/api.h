// The OpenCL 1.2 entry points that the backend calls, found in the system's loader at run time.
#pragma once

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#include <cstddef>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>

#include "base/process.h"

namespace cnn::opencl {

// One list serves the table's members, their look-up and the linked build.
#define CNN_OPENCL_FUNCTIONS(X)    \
    X(clGetPlatformIDs)            \
    X(clGetPlatformInfo)           \
    X(clGetDeviceIDs)              \
    X(clGetDeviceInfo)             \
    X(clCreateContext)             \
    X(clGetContextInfo)            \
    X(clReleaseContext)            \
    X(clCreateCommandQueue)        \
    X(clGetCommandQueueInfo)       \
    X(clReleaseCommandQueue)       \
    X(clCreateBuffer)              \
    X(clGetMemObjectInfo)          \
    X(clReleaseMemObject)          \
    X(clCreateProgramWithSource)   \
    X(clCreateProgramWithBinary)   \
    X(clBuildProgram)              \
    X(clGetProgramInfo)            \
    X(clGetProgramBuildInfo)       \
    X(clReleaseProgram)            \
    X(clCreateKernel)              \
    X(clReleaseKernel)             \
    X(clSetKernelArg)              \
    X(clGetKernelWorkGroupInfo)    \
    X(clEnqueueNDRangeKernel)      \
    X(clEnqueueReadBuffer)         \
    X(clEnqueueWriteBuffer)        \
    X(clEnqueueCopyBuffer)         \
    X(clEnqueueFillBuffer)         \
    X(clEnqueueMapBuffer)          \
    X(clEnqueueUnmapMemObject)     \
    X(clEnqueueMarkerWithWaitList) \
    X(clWaitForEvents)             \
    X(clReleaseEvent)              \
    X(clGetEventInfo)              \
    X(clGetEventProfilingInfo)     \
    X(clFlush)                     \
    X(clFinish)

// What functions give in a process that was forked after the loader was opened: no driver survives
// that, and waiting for its threads, which the child lacks, would never end.
inline constexpr cl_int kForked = -9900;

// A driver's function, which is called only in the process that opened the loader.
template <class F>
class Entry;

template <class R, class... Arguments>
class Entry<R(CL_API_CALL *)(Arguments...)> {
  public:
    using Function = R(CL_API_CALL *)(Arguments...);

    Entry() = default;
    Entry(std::nullptr_t) {}
    Entry(Function function, const ProcessMark &process)
        : function_(function), process_(&process) {}

    explicit operator bool() const noexcept { return function_ != nullptr; }

    R operator()(Arguments... arguments) const {
        if (!process_->forked()) return function_(arguments...);
        if constexpr (std::is_same_v<R, cl_int>) {
            return kForked;
        } else {
            // What makes an object tells its status through its last argument.
            cl_int *const status = std::get<sizeof...(Arguments) - 1>(std::tie(arguments...));
            if (status != nullptr) *status = kForked;
            return nullptr;
        }
    }

  private:
    Function function_ = nullptr;
    const ProcessMark *process_ = nullptr;
};

struct Api {
    ProcessMark process;
#define CNN_OPENCL_MEMBER(name) Entry<decltype(&::name)> name;
    CNN_OPENCL_FUNCTIONS(CNN_OPENCL_MEMBER)
#undef CNN_OPENCL_MEMBER
};

// The loader's functions, or null where there is no usable loader; `why` then says what was
// missing. `library` names one file to try instead of the system's names.
std::shared_ptr<const Api> load_api(std::string &why, const char *library = nullptr);

// "CL_OUT_OF_RESOURCES"; "CL error -9999" for a value without a name.
std::string error_name(cl_int status);

// Throws Error(device_error), or out_of_memory for want of device memory, unless status is
// CL_SUCCESS. `operation` is what was tried: "clEnqueueNDRangeKernel of max_pool".
void check(cl_int status, const char *operation);
// The same of a call that gives an object: NULL is a failure whatever the status says.
void check_made(cl_int status, const void *object, const char *operation);

// An OpenCL object and the function that releases it; null for what the host lent.
template <class T>
class Handle {
  public:
    using Release = Entry<cl_int(CL_API_CALL *)(T)>;

    Handle() = default;
    Handle(T object, Release release) : object_(object), release_(release) {}
    ~Handle() { reset(); }
    Handle(Handle &&other) noexcept : object_(other.object_), release_(other.release_) {
        other.object_ = nullptr;
    }
    Handle &operator=(Handle &&other) noexcept {
        if (this != &other) {
            reset();
            object_ = other.object_;
            release_ = other.release_;
            other.object_ = nullptr;
        }
        return *this;
    }
    Handle(const Handle &) = delete;
    Handle &operator=(const Handle &) = delete;

    T get() const noexcept { return object_; }
    explicit operator bool() const noexcept { return object_ != nullptr; }
    void reset() noexcept {
        if (object_ != nullptr && release_) release_(object_);
        object_ = nullptr;
    }

  private:
    T object_ = nullptr;
    Release release_;
};

}  // namespace cnn::opencl

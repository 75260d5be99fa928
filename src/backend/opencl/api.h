// The OpenCL 1.2 entry points that the backend calls, found in the system's loader at run time.
#pragma once

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#include <memory>
#include <string>

namespace cnn::opencl {

// One list serves the table's members, their look-up and the linked build.
#define CNN_OPENCL_FUNCTIONS(X)    \
    X(clGetPlatformIDs)            \
    X(clGetPlatformInfo)           \
    X(clGetDeviceIDs)              \
    X(clGetDeviceInfo)             \
    X(clCreateContext)             \
    X(clReleaseContext)            \
    X(clCreateCommandQueue)        \
    X(clReleaseCommandQueue)       \
    X(clCreateBuffer)              \
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
    X(clFlush)                     \
    X(clFinish)

struct Api {
#define CNN_OPENCL_MEMBER(name) decltype(&::name) name = nullptr;
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

// An OpenCL object and the function that releases it.
template <class T>
class Handle {
  public:
    using Release = cl_int(CL_API_CALL *)(T);

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
        if (object_ != nullptr) release_(object_);
        object_ = nullptr;
    }

  private:
    T object_ = nullptr;
    Release release_ = nullptr;
};

}  // namespace cnn::opencl

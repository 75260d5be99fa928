// Finds the OpenCL loader's functions and names its errors.
#include "backend/opencl/api.h"

#include "base/error.h"
#include "base/text.h"

#ifndef CNN_OPENCL_LINK
#include "base/library.h"
#endif

namespace cnn::opencl {
namespace {

#ifndef CNN_OPENCL_LINK

// The table with the library it came from.
struct LoadedApi {
    LoadedApi() = default;
    ~LoadedApi() {
        if (library != nullptr) close_library(library);
    }
    LoadedApi(const LoadedApi &) = delete;
    LoadedApi &operator=(const LoadedApi &) = delete;

    void *library = nullptr;
    Api api;
};

void *open_loader(const char *library, std::string &why) {
    if (library != nullptr) return open_library(std::span(&library, 1), why);
#if defined(__APPLE__)
    static constexpr const char *kNames[] = {"/System/Library/Frameworks/OpenCL.framework/OpenCL"};
#elif defined(_WIN32)
    static constexpr const char *kNames[] = {"OpenCL.dll"};
#else
    static constexpr const char *kNames[] = {"libOpenCL.so.1", "libOpenCL.so"};
#endif
    return open_library(kNames, why);
}

template <class F>
bool resolve(Entry<F> &entry, const ProcessMark &process, void *library, const char *name,
             std::string &why) {
    const auto function = reinterpret_cast<F>(library_symbol(library, name));
    if (function == nullptr && why.empty()) why = text("the OpenCL loader lacks ", name);
    entry = {function, process};
    return function != nullptr;
}

#endif

}  // namespace

#ifdef CNN_OPENCL_LINK

std::shared_ptr<const Api> load_api(std::string &why, const char *library) {
    if (library != nullptr) {
        why = text("built with a linked OpenCL loader: \"", library, "\" isn't opened");
        return nullptr;
    }
    auto api = std::make_shared<Api>();
#define CNN_OPENCL_LINKED(name) api->name = {&::name, api->process};
    CNN_OPENCL_FUNCTIONS(CNN_OPENCL_LINKED)
#undef CNN_OPENCL_LINKED
    return api;
}

#else

std::shared_ptr<const Api> load_api(std::string &why, const char *library) {
    why.clear();
    auto loaded = std::make_shared<LoadedApi>();
    loaded->library = open_loader(library, why);
    if (loaded->library == nullptr) return nullptr;
    why.clear();
    bool complete = true;
#define CNN_OPENCL_RESOLVE(name) \
    complete =                   \
        resolve(loaded->api.name, loaded->api.process, loaded->library, #name, why) && complete;
    CNN_OPENCL_FUNCTIONS(CNN_OPENCL_RESOLVE)
#undef CNN_OPENCL_RESOLVE
    if (!complete) return nullptr;
    return {loaded, &loaded->api};
}

#endif

std::string error_name(cl_int status) {
    struct Name {
        cl_int status;
        const char *name;
    };
#define CNN_OPENCL_ERROR(name) \
    Name {                     \
        name, #name            \
    }
    static constexpr Name kNames[] = {
        CNN_OPENCL_ERROR(CL_SUCCESS),
        CNN_OPENCL_ERROR(CL_DEVICE_NOT_FOUND),
        CNN_OPENCL_ERROR(CL_DEVICE_NOT_AVAILABLE),
        CNN_OPENCL_ERROR(CL_COMPILER_NOT_AVAILABLE),
        CNN_OPENCL_ERROR(CL_MEM_OBJECT_ALLOCATION_FAILURE),
        CNN_OPENCL_ERROR(CL_OUT_OF_RESOURCES),
        CNN_OPENCL_ERROR(CL_OUT_OF_HOST_MEMORY),
        CNN_OPENCL_ERROR(CL_PROFILING_INFO_NOT_AVAILABLE),
        CNN_OPENCL_ERROR(CL_MEM_COPY_OVERLAP),
        CNN_OPENCL_ERROR(CL_BUILD_PROGRAM_FAILURE),
        CNN_OPENCL_ERROR(CL_MAP_FAILURE),
        CNN_OPENCL_ERROR(CL_MISALIGNED_SUB_BUFFER_OFFSET),
        CNN_OPENCL_ERROR(CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST),
        CNN_OPENCL_ERROR(CL_COMPILE_PROGRAM_FAILURE),
        CNN_OPENCL_ERROR(CL_LINKER_NOT_AVAILABLE),
        CNN_OPENCL_ERROR(CL_LINK_PROGRAM_FAILURE),
        CNN_OPENCL_ERROR(CL_INVALID_VALUE),
        CNN_OPENCL_ERROR(CL_INVALID_DEVICE_TYPE),
        CNN_OPENCL_ERROR(CL_INVALID_PLATFORM),
        CNN_OPENCL_ERROR(CL_INVALID_DEVICE),
        CNN_OPENCL_ERROR(CL_INVALID_CONTEXT),
        CNN_OPENCL_ERROR(CL_INVALID_QUEUE_PROPERTIES),
        CNN_OPENCL_ERROR(CL_INVALID_COMMAND_QUEUE),
        CNN_OPENCL_ERROR(CL_INVALID_HOST_PTR),
        CNN_OPENCL_ERROR(CL_INVALID_MEM_OBJECT),
        CNN_OPENCL_ERROR(CL_INVALID_BINARY),
        CNN_OPENCL_ERROR(CL_INVALID_BUILD_OPTIONS),
        CNN_OPENCL_ERROR(CL_INVALID_PROGRAM),
        CNN_OPENCL_ERROR(CL_INVALID_PROGRAM_EXECUTABLE),
        CNN_OPENCL_ERROR(CL_INVALID_KERNEL_NAME),
        CNN_OPENCL_ERROR(CL_INVALID_KERNEL_DEFINITION),
        CNN_OPENCL_ERROR(CL_INVALID_KERNEL),
        CNN_OPENCL_ERROR(CL_INVALID_ARG_INDEX),
        CNN_OPENCL_ERROR(CL_INVALID_ARG_VALUE),
        CNN_OPENCL_ERROR(CL_INVALID_ARG_SIZE),
        CNN_OPENCL_ERROR(CL_INVALID_KERNEL_ARGS),
        CNN_OPENCL_ERROR(CL_INVALID_WORK_DIMENSION),
        CNN_OPENCL_ERROR(CL_INVALID_WORK_GROUP_SIZE),
        CNN_OPENCL_ERROR(CL_INVALID_WORK_ITEM_SIZE),
        CNN_OPENCL_ERROR(CL_INVALID_GLOBAL_OFFSET),
        CNN_OPENCL_ERROR(CL_INVALID_EVENT_WAIT_LIST),
        CNN_OPENCL_ERROR(CL_INVALID_EVENT),
        CNN_OPENCL_ERROR(CL_INVALID_OPERATION),
        CNN_OPENCL_ERROR(CL_INVALID_BUFFER_SIZE),
        CNN_OPENCL_ERROR(CL_INVALID_GLOBAL_WORK_SIZE),
        CNN_OPENCL_ERROR(CL_INVALID_PROPERTY),
        CNN_OPENCL_ERROR(CL_INVALID_COMPILER_OPTIONS),
        CNN_OPENCL_ERROR(CL_INVALID_LINKER_OPTIONS),
    };
#undef CNN_OPENCL_ERROR
    for (const Name &row : kNames) {
        if (row.status == status) return row.name;
    }
    return text("CL error ", status);
}

void check(cl_int status, const char *operation) {
    if (status == CL_SUCCESS) return;
    if (status == kForked) {
        fail(Status::device_error, text("OpenCL: ", operation,
                                        ": this process was forked after the device was opened, "
                                        "and drivers don't survive that"));
    }
    const bool memory =
        status == CL_MEM_OBJECT_ALLOCATION_FAILURE || status == CL_OUT_OF_HOST_MEMORY;
    fail(memory ? Status::out_of_memory : Status::device_error,
         text("OpenCL: ", operation, " failed with ", error_name(status)));
}

void check_made(cl_int status, const void *object, const char *operation) {
    check(status, operation);
    if (object == nullptr)
        fail(Status::device_error, text("OpenCL: ", operation, " gave NULL without an error"));
}

}  // namespace cnn::opencl

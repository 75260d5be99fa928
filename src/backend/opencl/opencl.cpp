// Finding and opening OpenCL devices.
#include "backend/opencl/opencl.h"

#include <algorithm>
#include <string_view>

#include "backend/opencl/device.h"
#include "base/error.h"
#include "base/text.h"

namespace cnn::opencl {
namespace {

std::string platform_text(const Api &api, cl_platform_id platform, cl_platform_info what) {
    size_t bytes = 0;
    if (api.clGetPlatformInfo(platform, what, 0, nullptr, &bytes) != CL_SUCCESS || bytes == 0) {
        return {};
    }
    std::string value(bytes, '\0');
    if (api.clGetPlatformInfo(platform, what, bytes, value.data(), nullptr) != CL_SUCCESS)
        return {};
    value.resize(std::min(value.find('\0'), bytes));
    return value;
}

std::string device_text(const Api &api, cl_device_id device, cl_device_info what) {
    size_t bytes = 0;
    if (api.clGetDeviceInfo(device, what, 0, nullptr, &bytes) != CL_SUCCESS || bytes == 0)
        return {};
    std::string value(bytes, '\0');
    if (api.clGetDeviceInfo(device, what, bytes, value.data(), nullptr) != CL_SUCCESS) return {};
    value.resize(std::min(value.find('\0'), bytes));
    return value;
}

// Zero where the driver doesn't say.
template <class T>
T device_value(const Api &api, cl_device_id device, cl_device_info what) {
    T value{};
    if (api.clGetDeviceInfo(device, what, sizeof value, &value, nullptr) != CL_SUCCESS) return T{};
    return value;
}

int32_t kind_of(cl_device_type type) {
    if ((type & CL_DEVICE_TYPE_GPU) != 0) return kDeviceGpu;
    return (type & CL_DEVICE_TYPE_CPU) != 0 ? kDeviceCpu : kDeviceOther;
}

const char *kind_name(int32_t kind) {
    return kind == kDeviceGpu ? "GPU" : kind == kDeviceCpu ? "CPU" : "other";
}

Description describe(const Api &api, cl_platform_id platform, cl_device_id device,
                     std::string spec) {
    Description out;
    out.platform = platform;
    out.device = device;
    out.platform_version = platform_text(api, platform, CL_PLATFORM_VERSION);
    out.device_version = device_text(api, device, CL_DEVICE_VERSION);
    out.extensions = device_text(api, device, CL_DEVICE_EXTENSIONS);
    out.type = device_value<cl_device_type>(api, device, CL_DEVICE_TYPE);
    out.available = device_value<cl_bool>(api, device, CL_DEVICE_AVAILABLE) == CL_TRUE &&
                    device_value<cl_bool>(api, device, CL_DEVICE_COMPILER_AVAILABLE) == CL_TRUE;
    out.host_unified = device_value<cl_bool>(api, device, CL_DEVICE_HOST_UNIFIED_MEMORY) == CL_TRUE;
    out.has_double = text(" ", out.extensions, " ").find(" cl_khr_fp64 ") != std::string::npos;
    out.local_bytes =
        static_cast<int64_t>(device_value<cl_ulong>(api, device, CL_DEVICE_LOCAL_MEM_SIZE));
    out.largest_buffer =
        static_cast<int64_t>(device_value<cl_ulong>(api, device, CL_DEVICE_MAX_MEM_ALLOC_SIZE));
    out.largest_work_group =
        static_cast<int64_t>(device_value<size_t>(api, device, CL_DEVICE_MAX_WORK_GROUP_SIZE));
    DeviceInfo &info = out.info;
    info.spec = std::move(spec);
    info.backend = "opencl";
    info.name = device_text(api, device, CL_DEVICE_NAME);
    info.vendor = device_text(api, device, CL_DEVICE_VENDOR);
    info.driver = text(platform_text(api, platform, CL_PLATFORM_NAME), " ",
                       device_text(api, device, CL_DRIVER_VERSION));
    info.kind = kind_of(out.type);
    info.compute_units =
        static_cast<int32_t>(device_value<cl_uint>(api, device, CL_DEVICE_MAX_COMPUTE_UNITS));
    info.memory =
        static_cast<int64_t>(device_value<cl_ulong>(api, device, CL_DEVICE_GLOBAL_MEM_SIZE));
    return out;
}

void add_platform(const Api &api, cl_platform_id platform, size_t index,
                  std::vector<Description> &out) {
    cl_uint count = 0;
    if (api.clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, nullptr, &count) != CL_SUCCESS) return;
    std::vector<cl_device_id> devices(count);
    if (count == 0 || api.clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, count, devices.data(),
                                         nullptr) != CL_SUCCESS) {
        return;
    }
    for (size_t d = 0; d < devices.size(); ++d) {
        Description found = describe(api, platform, devices[d], text("opencl:", index, ".", d));
        if (found.available) out.push_back(std::move(found));
    }
}

std::vector<Description> find_devices(const Api &api) {
    std::vector<Description> out;
    cl_uint count = 0;
    if (api.clGetPlatformIDs(0, nullptr, &count) != CL_SUCCESS || count == 0) return out;
    std::vector<cl_platform_id> platforms(count);
    if (api.clGetPlatformIDs(count, platforms.data(), nullptr) != CL_SUCCESS) return out;
    for (size_t p = 0; p < platforms.size(); ++p) add_platform(api, platforms[p], p, out);
    return out;
}

// "found: cpu, opencl:0.0 (name, CPU)"
std::string found_text(const std::vector<Description> &devices) {
    std::string out = "found: cpu";
    for (const Description &device : devices) {
        out += text(", ", device.info.spec, " (", device.info.name, ", ",
                    kind_name(device.info.kind), ")");
    }
    return out;
}

const Description *first_of(const std::vector<Description> &devices, int32_t kind) {
    for (const Description &device : devices) {
        if (device.info.kind == kind) return &device;
    }
    return nullptr;
}

// The device that the spec names, or null with what is missing in `why`.
const Description *choose(const std::vector<Description> &devices, const std::string &which,
                          std::string &why) {
    if (which == "gpu" || which == "cpu") {
        const int32_t kind = which == "gpu" ? kDeviceGpu : kDeviceCpu;
        why = text("no OpenCL device of type ", kind_name(kind));
        return first_of(devices, kind);
    }
    if (which.empty()) {
        why = "no OpenCL device";
        const Description *gpu = first_of(devices, kDeviceGpu);
        return gpu != nullptr || devices.empty() ? gpu : &devices.front();
    }
    why = text("no such OpenCL device");
    for (const Description &device : devices) {
        if (device.info.spec == text("opencl:", which)) return &device;
    }
    return nullptr;
}

}  // namespace

std::vector<DeviceInfo> list_with(const char *library) {
    std::vector<DeviceInfo> out;
    std::string why;
    const auto api = load_api(why, library);
    if (api == nullptr) return out;
    for (Description &device : find_devices(*api)) out.push_back(std::move(device.info));
    return out;
}

std::shared_ptr<Device> open_with(const char *library, const std::string &which,
                                  const DeviceOptions &options) {
    constexpr std::string_view kGpuForms = "!gpu";
    const bool force_gpu_class = which.ends_with(kGpuForms);
    const std::string name =
        force_gpu_class ? which.substr(0, which.size() - kGpuForms.size()) : which;
    const std::string spec = which.empty() ? "opencl" : text("opencl:", which);
    std::string why;
    auto api = load_api(why, library);
    if (api == nullptr) {
        fail(Status::not_found,
             text("open \"", spec, "\": no OpenCL loader (", why, "); found: cpu"));
    }
    std::vector<Description> devices = find_devices(*api);
    const Description *chosen = choose(devices, name, why);
    if (chosen == nullptr) {
        fail(Status::not_found, text("open \"", spec, "\": ", why, "; ", found_text(devices)));
    }
    return std::make_shared<OpenClDevice>(std::move(api), *chosen, options, force_gpu_class);
}

std::vector<DeviceInfo> list() {
    return list_with(nullptr);
}

std::shared_ptr<Device> open(const std::string &which, const DeviceOptions &options) {
    return open_with(nullptr, which, options);
}

}  // namespace cnn::opencl

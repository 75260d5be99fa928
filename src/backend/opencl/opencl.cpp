// Finding and opening OpenCL devices.
#include "backend/opencl/opencl.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <string_view>

#include "backend/opencl/device.h"
#include "base/error.h"
#include "base/process.h"
#include "base/text.h"

namespace cnn::opencl {
namespace {

// More than any machine has; a driver that tells of more is not to be believed.
constexpr cl_uint kMostDevices = 256;
constexpr cl_uint kMostUnits = 1 << 16;
constexpr size_t kLongestText = size_t{1} << 20;

// What `ask` gives; empty where the driver doesn't say.
template <class Ask>
std::string text_of(const Ask &ask) {
    size_t bytes = 0;
    if (ask(0, nullptr, &bytes) != CL_SUCCESS || bytes == 0 || bytes > kLongestText) return {};
    std::string value(bytes, '\0');
    if (ask(bytes, value.data(), nullptr) != CL_SUCCESS) return {};
    value.resize(std::min(value.find('\0'), bytes));
    return value;
}

std::string platform_text(const Api &api, cl_platform_id platform, cl_platform_info what) {
    return text_of([&](size_t bytes, void *value, size_t *needed) {
        return api.clGetPlatformInfo(platform, what, bytes, value, needed);
    });
}

std::string device_text(const Api &api, cl_device_id device, cl_device_info what) {
    return text_of([&](size_t bytes, void *value, size_t *needed) {
        return api.clGetDeviceInfo(device, what, bytes, value, needed);
    });
}

// "OpenCL <major>.<minor> ..." from 1.2 on; an older driver lacks functions that are called.
bool is_recent(const std::string &version) {
    constexpr std::string_view kBegin = "OpenCL ";
    if (!version.starts_with(kBegin) || version.size() < kBegin.size() + 3) return false;
    const std::string_view number = std::string_view(version).substr(kBegin.size(), 3);
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    if (!digit(number[0]) || number[0] == '0') return false;
    return number[0] > '1' || number[1] != '.' || (digit(number[2]) && number[2] >= '2');
}

// Zero where the driver doesn't say.
template <class T>
T device_value(const Api &api, cl_device_id device, cl_device_info what) {
    T value{};
    if (api.clGetDeviceInfo(device, what, sizeof value, &value, nullptr) != CL_SUCCESS) return T{};
    return value;
}

int64_t clamped(cl_ulong value) {
    return static_cast<int64_t>(std::min(value, cl_ulong{1} << 62));
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
                    device_value<cl_bool>(api, device, CL_DEVICE_COMPILER_AVAILABLE) == CL_TRUE &&
                    is_recent(out.device_version) && is_recent(out.platform_version);
    out.host_unified = device_value<cl_bool>(api, device, CL_DEVICE_HOST_UNIFIED_MEMORY) == CL_TRUE;
    out.has_double = text(" ", out.extensions, " ").find(" cl_khr_fp64 ") != std::string::npos;
    out.local_bytes = clamped(device_value<cl_ulong>(api, device, CL_DEVICE_LOCAL_MEM_SIZE));
    out.largest_buffer = clamped(device_value<cl_ulong>(api, device, CL_DEVICE_MAX_MEM_ALLOC_SIZE));
    out.largest_work_group =
        clamped(device_value<size_t>(api, device, CL_DEVICE_MAX_WORK_GROUP_SIZE));
    out.vector_floats = device_value<cl_uint>(api, device, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT);
    DeviceInfo &info = out.info;
    info.spec = std::move(spec);
    info.backend = "opencl";
    info.name = device_text(api, device, CL_DEVICE_NAME);
    info.vendor = device_text(api, device, CL_DEVICE_VENDOR);
    info.driver = text(platform_text(api, platform, CL_PLATFORM_NAME), " ",
                       device_text(api, device, CL_DRIVER_VERSION));
    info.kind = kind_of(out.type);
    // Work is cut by it, so it is no more than any device has.
    info.compute_units = static_cast<int32_t>(
        std::min(kMostUnits, device_value<cl_uint>(api, device, CL_DEVICE_MAX_COMPUTE_UNITS)));
    info.memory = clamped(device_value<cl_ulong>(api, device, CL_DEVICE_GLOBAL_MEM_SIZE));
    return out;
}

void add_platform(const Api &api, cl_platform_id platform, size_t index,
                  std::vector<Description> &out) {
    cl_uint count = 0;
    if (api.clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, nullptr, &count) != CL_SUCCESS) return;
    count = std::min(count, kMostDevices);
    std::vector<cl_device_id> devices(count);
    if (count == 0 || api.clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, count, devices.data(),
                                         nullptr) != CL_SUCCESS) {
        return;
    }
    for (size_t d = 0; d < devices.size(); ++d) {
        if (devices[d] == nullptr) continue;
        Description found = describe(api, platform, devices[d], text("opencl:", index, ".", d));
        if (found.available) out.push_back(std::move(found));
    }
}

// The only state of this process that libcnn has. PoCL falls over where several threads are the
// first to look for devices; and where a driver was in use before a fork, its locks may be held for
// good in the child.
std::mutex finding;
std::atomic<int> first_user{0};

// Whether a process of which this one is a fork used the drivers; else it is their user now.
bool used_before_fork() noexcept {
    int user = 0;
    return !first_user.compare_exchange_strong(user, process_id()) && user != process_id();
}

void check_not_used_before_fork(const std::string &what) {
    if (used_before_fork())
        fail(Status::device_error,
             text(what,
                  ": OpenCL was in use when this process was forked, and drivers don't "
                  "survive that"));
}

std::vector<Description> find_devices(const Api &api) {
    const std::lock_guard<std::mutex> one_at_a_time(finding);
    std::vector<Description> out;
    cl_uint count = 0;
    if (api.clGetPlatformIDs(0, nullptr, &count) != CL_SUCCESS || count == 0) return out;
    count = std::min(count, kMostDevices);
    std::vector<cl_platform_id> platforms(count);
    if (api.clGetPlatformIDs(count, platforms.data(), nullptr) != CL_SUCCESS) return out;
    for (size_t p = 0; p < platforms.size(); ++p)
        if (platforms[p] != nullptr) add_platform(api, platforms[p], p, out);
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

constexpr const char *kAdopt = "open OpenCL";

void check_context(const Api &api, cl_context context, cl_device_id device) {
    size_t bytes = 0;
    check(api.clGetContextInfo(context, CL_CONTEXT_DEVICES, 0, nullptr, &bytes),
          "clGetContextInfo");
    std::vector<cl_device_id> devices(std::min<size_t>(bytes / sizeof(cl_device_id), kMostDevices));
    check(api.clGetContextInfo(context, CL_CONTEXT_DEVICES, devices.size() * sizeof(cl_device_id),
                               devices.data(), nullptr),
          "clGetContextInfo");
    if (std::find(devices.begin(), devices.end(), device) == devices.end())
        fail(Status::invalid_argument, text(kAdopt, ": device is none of context's devices"));
}

template <class T>
T queue_value(const Api &api, cl_command_queue queue, cl_command_queue_info what) {
    T value{};
    check(api.clGetCommandQueueInfo(queue, what, sizeof value, &value, nullptr),
          "clGetCommandQueueInfo");
    return value;
}

void check_queue(const Api &api, cl_command_queue queue, cl_context context, cl_device_id device) {
    if (queue_value<cl_context>(api, queue, CL_QUEUE_CONTEXT) != context)
        fail(Status::invalid_argument, text(kAdopt, ": queue is of another context"));
    if (queue_value<cl_device_id>(api, queue, CL_QUEUE_DEVICE) != device)
        fail(Status::invalid_argument, text(kAdopt, ": queue is of another device"));
    const auto properties =
        queue_value<cl_command_queue_properties>(api, queue, CL_QUEUE_PROPERTIES);
    if ((properties & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE) != 0)
        fail(Status::unsupported, text(kAdopt, ": queue runs out of order, but must run in order"));
}

// As the list of all devices has it, so that it is named alike; a sub-device isn't in that list.
Description describe_lent(const Api &api, cl_device_id device) {
    for (Description &found : find_devices(api))
        if (found.device == device) return std::move(found);
    const auto platform = device_value<cl_platform_id>(api, device, CL_DEVICE_PLATFORM);
    if (platform == nullptr)
        fail(Status::device_error, text(kAdopt, ": the driver doesn't tell device's platform"));
    return describe(api, platform, device, "opencl:lent");
}

}  // namespace

std::vector<DeviceInfo> list_with(const char *library) {
    std::vector<DeviceInfo> out;
    if (used_before_fork()) return out;
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
    check_not_used_before_fork(text("open \"", spec, "\""));
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
    auto device = std::make_shared<OpenClDevice>(std::move(api), *chosen, options, force_gpu_class);
    // The host itself may have used the driver before.
    if (is_forked_process()) device->check_answers();
    return device;
}

std::shared_ptr<Device> adopt_with(const char *library, const LentDevice &lent,
                                   const DeviceOptions &options, bool force_gpu_class) {
    if (lent.context == nullptr || lent.device == nullptr)
        fail(Status::invalid_argument,
             text(kAdopt, ": ", lent.context == nullptr ? "context" : "device", " is NULL"));
    check_not_used_before_fork(kAdopt);
    std::string why;
    auto api = load_api(why, library);
    if (api == nullptr) fail(Status::not_found, text(kAdopt, ": no OpenCL loader (", why, ")"));
    const auto device = static_cast<cl_device_id>(lent.device);
    const auto context = static_cast<cl_context>(lent.context);
    check_context(*api, context, device);
    if (lent.queue != nullptr)
        check_queue(*api, static_cast<cl_command_queue>(lent.queue), context, device);
    Description description = describe_lent(*api, device);
    if (!description.available)
        fail(Status::unsupported, text(kAdopt, ": ", description.info.name,
                                       " isn't available, has no compiler, or is older than "
                                       "OpenCL 1.2"));
    return std::make_shared<OpenClDevice>(std::move(api), std::move(description), options,
                                          force_gpu_class, lent);
}

std::shared_ptr<Device> adopt(const LentDevice &lent, const DeviceOptions &options) {
    return adopt_with(nullptr, lent, options);
}

std::vector<DeviceInfo> list() {
    return list_with(nullptr);
}

std::shared_ptr<Device> open(const std::string &which, const DeviceOptions &options) {
    return open_with(nullptr, which, options);
}

}  // namespace cnn::opencl

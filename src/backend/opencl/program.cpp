// Building, caching and launching OpenCL programs.
#include "backend/opencl/program.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <vector>

#include "backend/opencl/device.h"
#include "backend/opencl/embedded.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"

namespace cnn::opencl {
namespace {

// Precision is what OpenCL promises without options: nothing assumes finite values.
// Warnings (loops that are left rolled) some drivers print.
constexpr char kBaseOptions[] = "-cl-std=CL1.2 -w";
constexpr size_t kLogLimit = 4000;

std::string digest(std::string_view of) {
    const std::span bytes(reinterpret_cast<const uint8_t *>(of.data()), of.size());
    return hash_text(hash_bytes(bytes)) + hash_text(hash_bytes(bytes, 1));
}

std::string_view embedded_source(std::string_view file) {
    for (const EmbeddedKernel &kernel : embedded_kernels()) {
        if (file == kernel.name) return {kernel.data, kernel.size};
    }
    fail(Status::internal, text("no embedded kernel source \"", file, "\""));
}

// A cached binary's file: header, key, binary.
struct CacheHeader {
    char magic[8];
    uint32_t version;
    uint32_t key_bytes;
    uint64_t binary_bytes;
    uint64_t checksum;  // of the binary
};
constexpr char kMagic[8] = {'c', 'n', 'n', 'c', 'l', 'b', 'i', 'n'};
constexpr uint32_t kCacheVersion = 1;
constexpr size_t kLargestFile = size_t{256} << 20;

std::string_view as_view(std::span<const uint8_t> bytes) {
    return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

// The binary within a cache file, or nothing with the reason in `why`.
std::span<const uint8_t> binary_of(std::span<const uint8_t> file, std::string_view key,
                                   std::string &why) {
    CacheHeader header{};
    if (file.size() < sizeof header) {
        why = "it is cut short";
        return {};
    }
    std::memcpy(&header, file.data(), sizeof header);
    if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0) {
        why = "it is no program cache file";
        return {};
    }
    if (header.version != kCacheVersion) {
        why = "it has another version";
        return {};
    }
    const size_t rest = file.size() - sizeof header;
    if (header.key_bytes > rest || header.binary_bytes != rest - header.key_bytes) {
        why = "its length is wrong";
        return {};
    }
    if (as_view(file.subspan(sizeof header, header.key_bytes)) != key) {
        why = "it is another program's, device's or driver's";
        return {};
    }
    const auto binary = file.subspan(sizeof header + header.key_bytes);
    if (binary.empty() || hash_bytes(binary) != header.checksum) {
        why = "its checksum is wrong";
        return {};
    }
    return binary;
}

size_t count_of_devices(const Api &api, cl_program program) {
    constexpr cl_uint kMost = 256;
    cl_uint count = 0;
    const cl_int status =
        api.clGetProgramInfo(program, CL_PROGRAM_NUM_DEVICES, sizeof count, &count, nullptr);
    return status == CL_SUCCESS ? std::min(count, kMost) : 0;
}

}  // namespace

Function::Function(const OpenClDevice &device, std::shared_ptr<const Program> program,
                   const char *name)
    : device_(&device), program_(std::move(program)), name_(name) {
    cl_int status = CL_SUCCESS;
    const Api &api = device.api();
    kernel_ = {api.clCreateKernel(program_->program.get(), name, &status), api.clReleaseKernel};
    if (status != CL_SUCCESS || !kernel_) {
        check_made(status, kernel_.get(),
                   text("clCreateKernel of ", name, " in ", program_->name).c_str());
    }
    ask_max_work_group();
}

bool Function::changes(cl_uint index, uint64_t bits, size_t bytes) {
    if (index >= kTracked) return true;
    Value &value = values_[index];
    if (value.bytes == bytes && value.bits == bits) return false;
    value = {bits, static_cast<uint8_t>(bytes)};
    return true;
}

void Function::check_argument(cl_int status, cl_uint index) {
    if (status == CL_SUCCESS) return;
    if (index < kTracked) values_[index] = {};
    check(status, text("clSetKernelArg ", index, " of ", name_).c_str());
}

void Function::set_bytes(cl_uint index, const void *value, size_t bytes) {
    uint64_t bits = 0;
    std::memcpy(&bits, value, bytes);
    if (!changes(index, bits, bytes)) return;
    check_argument(device_->api().clSetKernelArg(kernel_.get(), index, bytes, value), index);
}

void Function::set(cl_uint index, const Ref &ref, int64_t element_bytes) {
    set_buffer(index, *ref.buffer);
    set(index + 1, ref.offset / element_bytes);
}

void Function::set_buffer(cl_uint index, const Buffer &buffer) {
    const auto &memory = static_cast<const OpenClBuffer &>(buffer);
    // By identity: a driver may give a new buffer a freed one's handle.
    if (!changes(index, memory.id(), 255)) return;
    const cl_mem handle = memory.get();
    check_argument(device_->api().clSetKernelArg(kernel_.get(), index, sizeof handle, &handle),
                   index);
}

void Function::set_lent(cl_uint index, cl_mem memory) {
    if (index < kTracked) values_[index] = {};
    check_argument(device_->api().clSetKernelArg(kernel_.get(), index, sizeof memory, &memory),
                   index);
}

void Function::set_local(cl_uint index, size_t bytes) {
    check_argument(device_->api().clSetKernelArg(kernel_.get(), index, bytes, nullptr), index);
}

void Function::launch(Queue &queue, cl_uint dimensions, const size_t *global, const size_t *local) {
    auto &commands = static_cast<OpenClQueue &>(queue);
    const cl_int status =
        device_->api().clEnqueueNDRangeKernel(commands.get(), kernel_.get(), dimensions, nullptr,
                                              global, local, 0, nullptr, commands.event());
    if (status != CL_SUCCESS) check(status, text("clEnqueueNDRangeKernel of ", name_).c_str());
}

void Function::launch_single(Queue &queue, int64_t items) {
    const auto global = static_cast<size_t>(items);
    const size_t local = 1;
    launch(queue, 1, &global, &local);
}

void Function::launch_single(Queue &queue, int64_t items0, int64_t items1) {
    const size_t global[2] = {static_cast<size_t>(items0), static_cast<size_t>(items1)};
    const size_t local[2] = {1, 1};
    launch(queue, 2, global, local);
}

void Function::launch_items(Queue &queue, int64_t items) {
    if (device_->is_cpu_class()) return launch_single(queue, items);
    const size_t local = std::min(kGroup, max_work_group_);
    const size_t global = (static_cast<size_t>(items) + local - 1) / local * local;
    launch(queue, 1, &global, &local);
}

void Function::ask_max_work_group() {
    const cl_int status = device_->api().clGetKernelWorkGroupInfo(
        kernel_.get(), device_->description().device, CL_KERNEL_WORK_GROUP_SIZE,
        sizeof max_work_group_, &max_work_group_, nullptr);
    if (status != CL_SUCCESS) check(status, text("clGetKernelWorkGroupInfo of ", name_).c_str());
    max_work_group_ = std::max<size_t>(max_work_group_, 1);
}

std::shared_ptr<const Program> ProgramCache::embedded(std::string_view file,
                                                      const std::string &options) {
    return find_or_build(file, embedded_source(file), options);
}

std::shared_ptr<const Program> ProgramCache::source(std::string_view name,
                                                    const std::string &source,
                                                    const std::string &options) {
    return find_or_build(name, source, options);
}

std::shared_ptr<const Program> ProgramCache::find_or_build(std::string_view name,
                                                           std::string_view source,
                                                           const std::string &options) {
    const std::string whole = text(embedded_source("common.cl"), source);
    const std::string all_options =
        options.empty() ? std::string(kBaseOptions) : text(kBaseOptions, " ", options);
    const Description &what = device_.description();
    const std::string key =
        text("source ", digest(whole), " ", whole.size(), "\noptions ", all_options, "\ndevice ",
             what.info.name, "\ndriver ", what.info.driver, "\nplatform ", what.platform_version,
             "\ncompiler ", what.device_version, "\n");
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = programs_.find(key);
    if (found != programs_.end()) return found->second;
    auto program = std::make_shared<Program>();
    program->name = name;
    if (!device_.cache_directory().empty())
        program->program = from_cache(name, all_options, key);
    else if (device_.log().enabled(kLogInfo))
        device_.log().write(kLogInfo, text("OpenCL: building ", name, " from source"));
    program->cached = static_cast<bool>(program->program);
    if (!program->cached) program->program = from_source(name, whole, all_options);
    programs_.emplace(key, program);
    return program;
}

ProgramCache::~ProgramCache() {
    if (device_.cache_directory().empty() || device_.api().process.forked()) return;
    try {
        for (const auto &[key, program] : programs_)
            if (!program->cached) save(program->name, program->program.get(), key);
    } catch (const std::exception &) {
        // The next start builds again.
    }
}

Handle<cl_program> ProgramCache::from_source(std::string_view name, std::string_view source,
                                             const std::string &options) {
    const Api &api = device_.api();
    const cl_device_id device = device_.description().device;
    const char *pointer = source.data();
    const size_t length = source.size();
    cl_int status = CL_SUCCESS;
    Handle<cl_program> program(
        api.clCreateProgramWithSource(device_.context(), 1, &pointer, &length, &status),
        api.clReleaseProgram);
    check_made(status, program.get(), "clCreateProgramWithSource");
    status = api.clBuildProgram(program.get(), 1, &device, options.c_str(), nullptr, nullptr);
    if (status == CL_SUCCESS) {
        if (device_.log().enabled(kLogDebug)) {
            device_.log().write(kLogDebug, text("OpenCL: built ", name, " ", options));
        }
        return program;
    }
    fail(Status::device_error,
         text("OpenCL: clBuildProgram of ", name, " (", options, ") failed with ",
              error_name(status), ": ", build_log(program.get())));
}

std::string ProgramCache::build_log(cl_program program) const {
    const Api &api = device_.api();
    const cl_device_id device = device_.description().device;
    size_t bytes = 0;
    if (api.clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, 0, nullptr, &bytes) !=
            CL_SUCCESS ||
        bytes == 0) {
        return "no log";
    }
    std::string log(bytes, '\0');
    if (api.clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, bytes, log.data(),
                                  nullptr) != CL_SUCCESS) {
        return "no log";
    }
    log.resize(std::min(log.find('\0'), std::min(bytes, kLogLimit)));
    return log;
}

std::string ProgramCache::path_of(const std::string &key) const {
    return text(device_.cache_directory(), "/opencl-", digest(key), ".bin");
}

Handle<cl_program> ProgramCache::from_cache(std::string_view name, const std::string &options,
                                            const std::string &key) {
    const std::string path = path_of(key);
    auto built_instead = [&](const std::string &why) -> Handle<cl_program> {
        if (device_.log().enabled(kLogInfo)) {
            device_.log().write(
                kLogInfo, text("OpenCL: building ", name, " from source: cached program \"", path,
                               "\": ", why));
        }
        return {};
    };
    std::vector<uint8_t> file;
    try {
        file = read_file(path, kLargestFile);
    } catch (const Error &error) {
        return built_instead(error.message);
    }
    std::string why;
    const auto binary = binary_of(file, key, why);
    if (binary.empty()) return built_instead(why);

    const Api &api = device_.api();
    const cl_device_id device = device_.description().device;
    const unsigned char *pointer = binary.data();
    const size_t length = binary.size();
    cl_int status = CL_SUCCESS;
    cl_int binary_status = CL_SUCCESS;
    Handle<cl_program> program(api.clCreateProgramWithBinary(device_.context(), 1, &device, &length,
                                                             &pointer, &binary_status, &status),
                               api.clReleaseProgram);
    if (status == CL_SUCCESS) status = binary_status;
    if (status == CL_SUCCESS && !program) status = CL_INVALID_PROGRAM;
    if (status == CL_SUCCESS) {
        status = api.clBuildProgram(program.get(), 1, &device, options.c_str(), nullptr, nullptr);
    }
    if (status != CL_SUCCESS) return built_instead(text("the driver says ", error_name(status)));
    return program;
}

void ProgramCache::save(std::string_view name, cl_program program, const std::string &key) {
    const Api &api = device_.api();
    // The program is of all the context's devices, of which a lent one may have several.
    std::vector<cl_device_id> devices(count_of_devices(api, program));
    const size_t list = devices.size() * sizeof(cl_device_id);
    cl_int status =
        api.clGetProgramInfo(program, CL_PROGRAM_DEVICES, list, devices.data(), nullptr);
    const auto own = static_cast<size_t>(
        std::find(devices.begin(), devices.end(), device_.description().device) - devices.begin());
    std::vector<size_t> sizes(devices.size());
    if (status == CL_SUCCESS)
        status = api.clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES,
                                      sizes.size() * sizeof(size_t), sizes.data(), nullptr);
    const size_t bytes = own < sizes.size() ? sizes[own] : 0;
    std::string why = "the driver gives no binary";
    if (status == CL_SUCCESS && bytes > 0 && bytes < kLargestFile) {
        CacheHeader header{};
        std::memcpy(header.magic, kMagic, sizeof kMagic);
        header.version = kCacheVersion;
        header.key_bytes = static_cast<uint32_t>(key.size());
        header.binary_bytes = bytes;
        std::vector<uint8_t> file(sizeof header + key.size() + bytes);
        unsigned char *binary = file.data() + sizeof header + key.size();
        std::vector<unsigned char *> binaries(devices.size());
        binaries[own] = binary;
        status = api.clGetProgramInfo(program, CL_PROGRAM_BINARIES,
                                      binaries.size() * sizeof(unsigned char *), binaries.data(),
                                      nullptr);
        if (status == CL_SUCCESS) {
            header.checksum = hash_bytes({binary, bytes});
            std::memcpy(file.data(), &header, sizeof header);
            std::memcpy(file.data() + sizeof header, key.data(), key.size());
            try {
                write_file_atomic(path_of(key), file);
                return;
            } catch (const Error &error) {
                why = error.message;
            }
        }
    }
    if (device_.log().enabled(kLogWarning)) {
        device_.log().write(kLogWarning, text("OpenCL: program ", name, " isn't cached: ", why));
    }
}

}  // namespace cnn::opencl

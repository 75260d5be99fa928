// Devices: listing, opening, describing.
#include "api/shim.h"
#include "backend/registry.h"

using namespace cnn;
using namespace cnn::api;

namespace {

void describe(const DeviceInfo &from, cnn_device_info &to) {
    to = {};
    copy_text(to.spec, from.spec);
    copy_text(to.backend, from.backend);
    copy_text(to.name, from.name);
    copy_text(to.vendor, from.vendor);
    copy_text(to.driver, from.driver);
    to.kind = from.kind;
    to.compute_units = from.compute_units;
    to.memory = from.memory;
}

void check(const cnn_device_options &options) {
    check_reserved(options.reserved, "open");
    check_reserved(options.reserved32, "open");
    check_reserved(options.log.reserved, "open");
    if (options.log.level < CNN_LOG_SILENT || options.log.level > CNN_LOG_DEBUG)
        fail(Status::invalid_argument,
             text("open: log.level is ", options.log.level, ", which is none of cnn_log_level"));
    if (!options.allocator.alloc != !options.allocator.free)
        fail(Status::invalid_argument, "open: allocator needs both alloc and free, or neither");
    if (!options.parallel_for && options.parallel_for_user)
        fail(Status::invalid_argument, "open: parallel_for_user without parallel_for");
    if (options.threads < 0 || options.threads > 1024)
        fail(Status::out_of_range,
             text("open: threads is ", options.threads, ", but must be 0 to 1024"));
    if (options.memory_limit < 0)
        fail(Status::out_of_range,
             text("open: memory_limit is ", options.memory_limit, ", but must be >= 0"));
}

// The host's wish to be told when nothing of a device is left; kept only for a device that it got.
struct Lease {
    void (*released)(void *user) = nullptr;
    void *user = nullptr;
};

// Every child of a device holds its allocator, so that the allocator's end is the device's.
std::shared_ptr<Allocator> make_allocator(const cnn_device_options &options,
                                          const std::shared_ptr<Lease> &lease) {
    AllocatorHooks hooks;
    hooks.user = options.allocator.user;
    hooks.alloc = options.allocator.alloc;
    hooks.free = options.allocator.free;
    return {new Allocator(hooks, static_cast<size_t>(options.memory_limit)),
            [lease](Allocator *allocator) {
                delete allocator;
                if (lease->released) lease->released(lease->user);
            }};
}

// Opens by open(DeviceOptions) what the host's options and hooks are for.
template <class Open>
cnn_device *open_with(const cnn_device_options *options, const Open &open) {
    const cnn_device_options given = options ? *options : cnn_device_options{};
    check(given);
    auto handle = std::make_unique<cnn_device>();
    const auto lease = std::make_shared<Lease>();
    handle->allocator = make_allocator(given, lease);
    handle->log = Log(LogSink{given.log.user, given.log.write, given.log.level});
    DeviceOptions wanted;
    wanted.allocator = handle->allocator;
    wanted.log = handle->log;
    wanted.cache_directory = text_or(given.cache_directory, "");
    wanted.threads = given.threads;
    wanted.runner = {given.parallel_for, given.parallel_for_user};
    handle->device = open(wanted);
    lease->user = given.released_user;
    lease->released = given.released;
    return handle.release();
}

}  // namespace

extern "C" {

int32_t cnn_device_count(cnn_error *error) {
    int32_t count = 0;
    const cnn_status status =
        guard(error, [&] { count = static_cast<int32_t>(list_devices().size()); });
    return status ? -status : count;
}

cnn_status cnn_device_describe(int32_t index, cnn_device_info *info, cnn_error *error) {
    return guard(error, [&] {
        need(info, "describe device", "info");
        const std::vector<DeviceInfo> devices = list_devices();
        if (index < 0 || static_cast<size_t>(index) >= devices.size())
            fail(Status::out_of_range, text("describe device: index is ", index,
                                            ", but must be 0 to ", devices.size() - 1));
        describe(devices[static_cast<size_t>(index)], *info);
    });
}

cnn_status cnn_device_open(const char *spec, const cnn_device_options *options, cnn_device **device,
                           cnn_error *error) {
    return guard(error, [&] {
        need(device, "open", "device");
        *device = open_with(options, [&](const DeviceOptions &wanted) {
            return open_device(text_or(spec, "auto"), wanted);
        });
    });
}

cnn_status cnn_device_open_opencl(const cnn_opencl *lent, const cnn_device_options *options,
                                  cnn_device **device, cnn_error *error) {
    constexpr const char *kCall = "open OpenCL";
    return guard(error, [&] {
        need(lent, kCall, "lent");
        need(device, kCall, "device");
        check_reserved(lent->reserved, kCall);
        *device = open_with(options, [&](const DeviceOptions &wanted) {
            return adopt_device("opencl", {lent->context, lent->device, lent->queue}, wanted);
        });
    });
}

cnn_status cnn_device_get_info(const cnn_device *device, cnn_device_info *info, cnn_error *error) {
    return guard(error, [&] {
        need(device, "get device info", "device");
        describe(device->device->info(), need(info, "get device info", "info"));
        info->memory_used = static_cast<int64_t>(device->allocator->in_use());
        info->memory_peak = static_cast<int64_t>(device->allocator->peak());
    });
}

void cnn_device_destroy(cnn_device *device) {
    delete device;
}

}  // extern "C"

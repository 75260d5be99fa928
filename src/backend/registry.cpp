// The backends this build has: one line each.
#include "backend/registry.h"

#include <string_view>

#include "backend/cpu/cpu.h"
#include "backend/reference/reference.h"
#include "backend/trial.h"
#include "base/error.h"
#include "base/text.h"
#if CNN_OPENCL
#include "backend/opencl/opencl.h"
#endif

namespace cnn {

std::span<const Backend> backends() {
    static const Backend rows[] = {
        cpu::backend(),
#if CNN_OPENCL
        {"opencl", opencl::list, opencl::open, opencl::adopt},
#endif
        reference::backend(),
    };
    return rows;
}

std::vector<DeviceInfo> list_devices() {
    std::vector<DeviceInfo> devices;
    for (const Backend &backend : backends())
        for (DeviceInfo &info : backend.list()) devices.push_back(std::move(info));
    return devices;
}

namespace {

// A GPU whose driver fails, or computes nothing, is passed over: a program that left the choice to
// us still runs.
std::shared_ptr<Device> open_auto(const DeviceOptions &options) {
    for (const DeviceInfo &info : list_devices()) {
        if (info.kind != kDeviceGpu) continue;
        try {
            auto device = open_device(info.spec, options);
            try_out(*device);
            return device;
        } catch (const Error &error) {
            options.log.write(kLogWarning,
                              text("open \"auto\": passing over ", info.spec, ": ", error.message));
        }
    }
    return backends().front().open("", options);
}

}  // namespace

std::shared_ptr<Device> open_device(const std::string &spec, const DeviceOptions &options) {
    if (spec == "auto") return open_auto(options);
    const size_t colon = spec.find(':');
    const std::string which = colon == std::string::npos ? "" : spec.substr(colon + 1);
    for (const Backend &backend : backends())
        if (spec.substr(0, colon) == backend.name && !spec.ends_with(":"))
            return backend.open(which, options);
    std::string found;
    for (const DeviceInfo &info : list_devices())
        found += text(found.empty() ? "" : ", ", info.spec, " (", info.name, ")");
    fail(Status::not_found, text("open \"", spec, "\": no such device; found: ", found));
}

std::shared_ptr<Device> adopt_device(const char *name, const LentDevice &lent,
                                     const DeviceOptions &options) {
    for (const Backend &backend : backends())
        if (std::string_view(name) == backend.name && backend.adopt)
            return backend.adopt(lent, options);
    fail(Status::unsupported, text("open ", name, ": this libcnn was built without it"));
}

}  // namespace cnn

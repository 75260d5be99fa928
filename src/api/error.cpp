// cnn_version, cnn_status_name, and filling cnn_error.
#include "api/shim.h"

namespace cnn::api {

cnn_status report(cnn_error *error, Status status, int32_t node, const char *message) noexcept {
    const auto code = static_cast<cnn_status>(status);
    if (!error) return code;
    error->status = code;
    error->node = node;
    size_t length = std::strlen(message);
    if (length >= sizeof error->message) {
        length = sizeof error->message - 1;
        while (length > 0 && (static_cast<unsigned char>(message[length]) & 0xC0) == 0x80) --length;
    }
    std::memcpy(error->message, message, length);
    std::memset(error->message + length, 0, sizeof error->message - length);
    return code;
}

cnn_status run_guarded(cnn_error *error, void (*body)(const void *data),
                       const void *data) noexcept {
    try {
        body(data);
        return CNN_OK;
    } catch (const Error &e) {
        return report(error, e.status, e.node, e.message.c_str());
    } catch (const std::bad_alloc &) {
        return report(error, Status::out_of_memory, -1, "out of memory");
    } catch (const std::exception &e) {
        return report(error, Status::internal, -1, e.what());
    } catch (...) {
        return report(error, Status::internal, -1, "an unknown exception");
    }
}

}  // namespace cnn::api

extern "C" {

uint32_t cnn_version(void) {
    return CNN_VERSION_MAJOR * 1000000 + CNN_VERSION_MINOR * 1000 + CNN_VERSION_PATCH;
}

const char *cnn_version_string(void) {
    return "0.1.0";
}

const char *cnn_status_name(cnn_status status) {
    static constexpr const char *kNames[] = {"CNN_OK",
                                             "CNN_INVALID_ARGUMENT",
                                             "CNN_OUT_OF_MEMORY",
                                             "CNN_NOT_FOUND",
                                             "CNN_SHAPE_MISMATCH",
                                             "CNN_UNSUPPORTED",
                                             "CNN_BAD_STATE",
                                             "CNN_BUSY",
                                             "CNN_CANCELLED",
                                             "CNN_IO_ERROR",
                                             "CNN_BAD_FILE",
                                             "CNN_NOT_FINITE",
                                             "CNN_DEVICE_ERROR",
                                             "CNN_LIMIT_EXCEEDED",
                                             "CNN_OUT_OF_RANGE",
                                             "CNN_INTERNAL",
                                             "CNN_INCOMPATIBLE"};
    const auto count = static_cast<cnn_status>(std::size(kNames));
    return status >= 0 && status < count ? kNames[status] : "CNN_UNKNOWN";
}

}  // extern "C"

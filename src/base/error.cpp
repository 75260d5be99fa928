// Throwing errors and naming statuses.
#include "base/error.h"

#include <utility>

namespace cnn {

const char *status_name(Status status) noexcept {
    switch (status) {
        case Status::ok:
            return "ok";
        case Status::invalid_argument:
            return "invalid_argument";
        case Status::out_of_memory:
            return "out_of_memory";
        case Status::not_found:
            return "not_found";
        case Status::shape_mismatch:
            return "shape_mismatch";
        case Status::unsupported:
            return "unsupported";
        case Status::bad_state:
            return "bad_state";
        case Status::busy:
            return "busy";
        case Status::cancelled:
            return "cancelled";
        case Status::io_error:
            return "io_error";
        case Status::bad_file:
            return "bad_file";
        case Status::not_finite:
            return "not_finite";
        case Status::device_error:
            return "device_error";
        case Status::limit_exceeded:
            return "limit_exceeded";
        case Status::out_of_range:
            return "out_of_range";
        case Status::internal:
            return "internal";
        case Status::incompatible:
            return "incompatible";
    }
    return "unknown";
}

void fail(Status status, std::string message) {
    throw Error(status, -1, std::move(message));
}

void fail_at(int32_t node, Status status, std::string message) {
    throw Error(status, node, std::move(message));
}

}  // namespace cnn

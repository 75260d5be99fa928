// The library's one exception type, carrying the status a public call returns.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <utility>

namespace cnn {

// The values are part of the stable ABI.
enum class Status : int32_t {
    ok = 0,
    invalid_argument = 1,
    out_of_memory = 2,
    not_found = 3,  // a device string, name or key that matches nothing
    shape_mismatch = 4,
    unsupported = 5,
    bad_state = 6,  // calls in the wrong order: not compiled, already compiled
    busy = 7,
    cancelled = 8,
    io_error = 9,
    bad_file = 10,        // damaged or hostile
    not_finite = 11,      // the loss is NaN or infinite
    device_error = 12,    // a driver failed
    limit_exceeded = 13,  // memory limit, batch larger than compiled for
    out_of_range = 14,    // label, index or hyper-parameter
    internal = 15,
    incompatible = 16,  // written by a newer library, or a reserved field is used
};

// The status's name as a literal, "unknown" for a value that is none.
const char *status_name(Status status) noexcept;

class Error : public std::exception {
  public:
    Error(Status status, int32_t node, std::string message)
        : status(status), node(node), message(std::move(message)) {}

    const char *what() const noexcept override { return message.c_str(); }

    Status status;
    int32_t node;  // -1: no node is to blame
    std::string message;
};

[[noreturn]] void fail(Status status, std::string message);
[[noreturn]] void fail_at(int32_t node, Status status, std::string message);

}  // namespace cnn

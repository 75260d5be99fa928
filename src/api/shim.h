// What every extern "C" function is made of: handles, and the guard that turns exceptions into
// statuses.
#pragma once

#include <cnn/cnn.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <string>

#include "base/error.h"
#include "base/text.h"
#include "train/session.h"

struct cnn_device {
    std::shared_ptr<cnn::Device> device;
    std::shared_ptr<cnn::Allocator> allocator;
    cnn::Log log;
};

struct cnn_net {
    cnn_net(std::string name, uint64_t seed) : session(std::move(name), seed) {}
    explicit cnn_net(cnn::Net net) : session(std::move(net)) {}

    void retain() { references_.fetch_add(1, std::memory_order_relaxed); }
    void release() {
        if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
    }

    cnn::Session session;

  private:
    std::atomic<int32_t> references_{1};  // the handle, and events of its runs
};

struct cnn_optimizer {
    cnn::Optimizer optimizer;
};

namespace cnn::api {

// Keeps a net whose handle may end meanwhile.
class NetHold {
  public:
    explicit NetHold(cnn_net &net) : net_(net) { net_.retain(); }
    ~NetHold() { net_.release(); }
    NetHold(const NetHold &) = delete;
    NetHold &operator=(const NetHold &) = delete;

  private:
    cnn_net &net_;
};

// Fills a nullable error; messages are cut at a whole UTF-8 character.
cnn_status report(cnn_error *error, Status status, int32_t node, const char *message) noexcept;

// Runs body(data); whatever it throws becomes the status and the error.
cnn_status run_guarded(cnn_error *error, void (*body)(const void *data), const void *data) noexcept;

// The same of a call's body; the handlers are in one place, for there are many calls.
template <class Body>
cnn_status guard(cnn_error *error, const Body &body) noexcept {
    return run_guarded(
        error, [](const void *data) { (*static_cast<const Body *>(data))(); }, &body);
}

// Throws Error(invalid_argument) naming the call and its argument where a pointer is NULL.
template <class T>
T &need(T *pointer, const char *call, const char *argument) {
    if (!pointer) fail(Status::invalid_argument, text(call, ": ", argument, " is NULL"));
    return *pointer;
}

// Throws Error(incompatible) where a descriptor's reserved fields aren't zero: a newer caller.
template <size_t N>
void check_reserved(const int64_t (&reserved)[N], const char *call) {
    if (std::any_of(std::begin(reserved), std::end(reserved), [](int64_t v) { return v != 0; }))
        fail(Status::incompatible,
             text(call, ": reserved must be zero; this is libcnn ", cnn_version_string()));
}

inline void check_reserved(int32_t reserved, const char *call) {
    const int64_t value[1] = {reserved};
    check_reserved(value, call);
}

template <size_t N>
void copy_text(char (&to)[N], const std::string &from) {
    const size_t length = std::min(from.size(), N - 1);
    std::memcpy(to, from.data(), length);
    std::memset(to + length, 0, N - length);
}

inline std::string text_or(const char *given, const char *otherwise) {
    return given ? given : otherwise;
}

}  // namespace cnn::api

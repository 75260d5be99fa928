// Messages for the host, through its callback and at its level; silent without one.
#pragma once

#include <cstdint>
#include <string>

namespace cnn {

inline constexpr int32_t kLogSilent = 0;
inline constexpr int32_t kLogError = 1;
inline constexpr int32_t kLogWarning = 2;
inline constexpr int32_t kLogInfo = 3;
inline constexpr int32_t kLogDebug = 4;

struct LogSink {
    void *user = nullptr;
    void (*write)(void *user, int32_t level, const char *message) = nullptr;
    int32_t level = kLogSilent;
};

class Log {
  public:
    Log() = default;
    explicit Log(const LogSink &sink) : sink_(sink) {}

    // Ask before building a message.
    bool enabled(int32_t level) const noexcept {
        return sink_.write != nullptr && level > kLogSilent && level <= sink_.level;
    }
    // May be called from any thread.
    void write(int32_t level, const std::string &message) const {
        if (enabled(level)) sink_.write(sink_.user, level, message.c_str());
    }

  private:
    LogSink sink_;
};

}  // namespace cnn

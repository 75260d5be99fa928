// Sleeping until a 32-bit word changes, and waking who sleeps on it.
#pragma once

#include <atomic>
#include <cstdint>

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace cnn {

#if defined(__linux__)

// The futex itself: std::atomic::wait counts its waiters in a table that is global to the process,
// and a condition variable destroyed in a forked child waits for threads that do not exist there.

// Returns at once if `word` is not `expected`; may return for no reason.
inline void park(std::atomic<uint32_t> &word, uint32_t expected) noexcept {
    syscall(SYS_futex, reinterpret_cast<uint32_t *>(&word), FUTEX_WAIT_PRIVATE, expected, nullptr,
            nullptr, 0);
}

inline void unpark(std::atomic<uint32_t> &word, int count) noexcept {
    syscall(SYS_futex, reinterpret_cast<uint32_t *>(&word), FUTEX_WAKE_PRIVATE, count, nullptr,
            nullptr, 0);
}

#else

inline void park(std::atomic<uint32_t> &word, uint32_t expected) noexcept {
    word.wait(expected);
}

inline void unpark(std::atomic<uint32_t> &word, int) noexcept {
    word.notify_all();
}

#endif

}  // namespace cnn

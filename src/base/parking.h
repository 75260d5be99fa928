// Sleeping until a 32-bit word changes, and waking who sleeps on it.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#elif defined(_WIN32)
#include <windows.h>

#include <synchapi.h>
#else
#include <thread>
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

// The same for no longer than that.
inline void park_for(std::atomic<uint32_t> &word, uint32_t expected,
                     std::chrono::nanoseconds longest) noexcept {
    timespec limit{};
    limit.tv_sec = static_cast<time_t>(longest.count() / 1000000000);
    limit.tv_nsec = static_cast<long>(longest.count() % 1000000000);
    syscall(SYS_futex, reinterpret_cast<uint32_t *>(&word), FUTEX_WAIT_PRIVATE, expected, &limit,
            nullptr, 0);
}

inline void unpark(std::atomic<uint32_t> &word, int count) noexcept {
    syscall(SYS_futex, reinterpret_cast<uint32_t *>(&word), FUTEX_WAKE_PRIVATE, count, nullptr,
            nullptr, 0);
}

#elif defined(_WIN32)

inline void park(std::atomic<uint32_t> &word, uint32_t expected) noexcept {
    WaitOnAddress(&word, &expected, sizeof expected, INFINITE);
}

inline void park_for(std::atomic<uint32_t> &word, uint32_t expected,
                     std::chrono::nanoseconds longest) noexcept {
    const int64_t milliseconds = std::min<int64_t>(longest.count() / 1000000 + 1, 1000000000);
    WaitOnAddress(&word, &expected, sizeof expected, static_cast<DWORD>(milliseconds));
}

inline void unpark(std::atomic<uint32_t> &word, int count) noexcept {
    if (count == 1) {
        WakeByAddressSingle(&word);
    } else {
        WakeByAddressAll(&word);
    }
}

#else

inline void park(std::atomic<uint32_t> &word, uint32_t expected) noexcept {
    word.wait(expected);
}

// Looks now and then: the standard has no such wait.
inline void park_for(std::atomic<uint32_t> &word, uint32_t expected,
                     std::chrono::nanoseconds longest) noexcept {
    if (word.load() != expected) return;
    std::this_thread::sleep_for(
        std::min<std::chrono::nanoseconds>(longest, std::chrono::milliseconds(1)));
}

inline void unpark(std::atomic<uint32_t> &word, int) noexcept {
    word.notify_all();
}

#endif

}  // namespace cnn

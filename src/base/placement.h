// Which processor a thread runs on, and moving it off some of them.
#pragma once

#if defined(__linux__)
#include <sched.h>
#endif

namespace cnn {

// The processor that runs the calling thread, or -1 where the system doesn't tell cheaply.
inline int current_processor() noexcept {
#if defined(__linux__)
    return sched_getcpu();
#else
    return -1;
#endif
}

// Moves the calling thread to a processor for which `taken` is false, if it may run on one; whether
// it did. What it may run on afterwards is what it might before.
template <class Taken>
bool leave_processors(Taken taken) noexcept {
#if defined(__linux__)
    // As large as any kernel's own: it refuses a smaller one.
    cpu_set_t allowed[16], free[16];
    if (sched_getaffinity(0, sizeof allowed, allowed) != 0) return false;
    CPU_ZERO_S(sizeof free, free);
    for (int i = 0; i < static_cast<int>(8 * sizeof free); ++i) {
        const auto processor = static_cast<size_t>(i);
        if (CPU_ISSET_S(processor, sizeof allowed, allowed) && !taken(i)) {
            CPU_SET_S(processor, sizeof free, free);
        }
    }
    if (CPU_COUNT_S(sizeof free, free) == 0) return false;
    if (sched_setaffinity(0, sizeof free, free) != 0) return false;
    return sched_setaffinity(0, sizeof allowed, allowed) == 0;
#else
    static_cast<void>(taken);
    return false;
#endif
}

}  // namespace cnn

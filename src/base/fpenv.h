// The default floating-point environment for a scope: computing calls and pool threads.
#pragma once

#include <cstdint>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace cnn {

// Hosts run with flush-to-zero or other rounding; results must not depend on it. The host's
// environment, sticky flags included, comes back at the end of the scope.
class DefaultFloatEnvironment {
  public:
    DefaultFloatEnvironment() noexcept : saved_(read()) {
        if ((saved_ & kControlMask) != kDefault) write(kDefault);
    }
    ~DefaultFloatEnvironment() {
        if (read() != saved_) write(saved_);
    }
    DefaultFloatEnvironment(const DefaultFloatEnvironment &) = delete;
    DefaultFloatEnvironment &operator=(const DefaultFloatEnvironment &) = delete;

  private:
#if defined(__SSE__)
    using Word = uint32_t;
    static constexpr Word kDefault = 0x1f80;      // exceptions masked, nearest, no FTZ, no DAZ
    static constexpr Word kControlMask = 0xffc0;  // all but the sticky flags
    static Word read() noexcept {
        return _mm_getcsr();
    }
    static void write(Word word) noexcept {
        _mm_setcsr(word);
    }
#elif defined(__aarch64__)
    using Word = uint64_t;
    static constexpr Word kDefault = 0;
    static constexpr Word kControlMask = ~Word{0};
    static Word read() noexcept {
        Word word;
        __asm__ __volatile__("mrs %0, fpcr" : "=r"(word));
        return word;
    }
    static void write(Word word) noexcept {
        __asm__ __volatile__("msr fpcr, %0" : : "r"(word));
    }
#else
    using Word = uint32_t;
    static constexpr Word kDefault = 0;
    static constexpr Word kControlMask = 0;
    static Word read() noexcept {
        return 0;
    }
    static void write(Word) noexcept {}
#endif

    Word saved_;
};

}  // namespace cnn

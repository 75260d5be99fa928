// What a library's threads must know of the process around them: forks and signals.
#pragma once

#if defined(_WIN32)
#include <process.h>
#else
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>
#endif

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace cnn {

// Whether this process is a fork of another and hasn't started a program of its own: libraries that
// were in use then may lack their threads. False where the system doesn't tell.
inline bool is_forked_process() noexcept {
#if defined(__linux__)
    constexpr unsigned long kForkedNoExec = 0x40;  // PF_FORKNOEXEC, of the ninth field
    std::FILE *const file = std::fopen("/proc/self/stat", "re");
    if (file == nullptr) return false;
    char line[1024];
    const char *field = std::fgets(line, sizeof line, file) ? std::strrchr(line, ')') : nullptr;
    std::fclose(file);
    // The second field, in parentheses, is a name with anything in it.
    for (int i = 2; i < 9 && field != nullptr; ++i) field = std::strchr(field + 1, ' ');
    return field != nullptr && (std::strtoul(field, nullptr, 10) & kForkedNoExec) != 0;
#else
    return false;
#endif
}

// Of this process; never zero.
inline int process_id() noexcept {
#if defined(_WIN32)
    return _getpid();
#else
    return getpid();
#endif
}

#if defined(_WIN32)

// No process forks, and signals are delivered to threads of the system's own.
class ProcessMark {
  public:
    bool forked() const noexcept { return false; }
};

class SignalsBlocked {
  public:
    SignalsBlocked() noexcept {}
    SignalsBlocked(const SignalsBlocked &) = delete;
    SignalsBlocked &operator=(const SignalsBlocked &) = delete;
};

#else

// Tells a forked child from the process that made the mark, without a system call where the
// kernel can clear a page at fork.
class ProcessMark {
  public:
    ProcessMark() noexcept : owner_(getpid()) {
#if defined(MADV_WIPEONFORK)
        const size_t size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
        void *const page =
            mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (page == MAP_FAILED) return;
        if (madvise(page, size, MADV_WIPEONFORK) != 0) {
            munmap(page, size);
            return;
        }
        size_ = size;
        flag_ = static_cast<volatile int *>(page);
        *flag_ = 1;
#endif
    }
    ~ProcessMark() {
        if (flag_ != nullptr) munmap(const_cast<int *>(flag_), size_);
    }
    ProcessMark(const ProcessMark &) = delete;
    ProcessMark &operator=(const ProcessMark &) = delete;

    bool forked() const noexcept {
        return flag_ != nullptr ? *flag_ == 0 : getpid() != owner_;
    }

  private:
    pid_t owner_;
    size_t size_ = 0;
    volatile int *flag_ = nullptr;
};

// Blocks signals while it lives, so that threads started meanwhile never run a host's handler.
// Faults stay open: they belong to the thread that makes them, and a host's crash reporter must
// see them. So do the signals by which runtimes with a collector (Mono, .NET, Unity, Go) stop
// every thread that has called into them, as a callback does: one that blocks them would stop the
// whole program for good. What the caller itself blocks stays blocked in every case: a host that
// takes a signal by sigwait or signalfd would else be ended by the default action of a thread of
// ours.
class SignalsBlocked {
  public:
    SignalsBlocked() noexcept {
        sigset_t all;
        sigfillset(&all);
        for (int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS}) {
            sigdelset(&all, fault);
        }
        for (int stop : {SIGXCPU, SIGURG}) sigdelset(&all, stop);
#ifdef SIGPWR
        sigdelset(&all, SIGPWR);
#endif
#ifdef SIGRTMIN
        for (int stop = SIGRTMIN; stop <= SIGRTMAX; ++stop) sigdelset(&all, stop);
#endif
        pthread_sigmask(SIG_BLOCK, &all, &saved_);
    }
    ~SignalsBlocked() {
        pthread_sigmask(SIG_SETMASK, &saved_, nullptr);
    }
    SignalsBlocked(const SignalsBlocked &) = delete;
    SignalsBlocked &operator=(const SignalsBlocked &) = delete;

  private:
    sigset_t saved_;
};

#endif

}  // namespace cnn

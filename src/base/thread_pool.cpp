// Workers that share the parts of one job with the thread that brings it.
#include "base/thread_pool.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <vector>

#include "base/error.h"
#include "base/fpenv.h"
#include "base/parking.h"
#include "base/text.h"

namespace cnn {
namespace {

constexpr std::chrono::microseconds kSpin{20};

void pause_briefly() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

// Waits for at most kSpin; whether `done` came true.
template <class Done>
bool spin_until(Done done) noexcept {
    const auto end = std::chrono::steady_clock::now() + kSpin;
    do {
        for (int i = 0; i < 32; ++i) {
            if (done()) return true;
            pause_briefly();
        }
    } while (std::chrono::steady_clock::now() < end);
    return done();
}

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
// see them.
class SignalsBlocked {
  public:
    SignalsBlocked() noexcept {
        sigset_t all;
        sigfillset(&all);
        for (int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS}) {
            sigdelset(&all, fault);
        }
        pthread_sigmask(SIG_SETMASK, &all, &saved_);
    }
    ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &saved_, nullptr); }
    SignalsBlocked(const SignalsBlocked &) = delete;
    SignalsBlocked &operator=(const SignalsBlocked &) = delete;

  private:
    sigset_t saved_;
};

}  // namespace

// A run opens the gate, wakes workers by a new epoch, takes parts with them, closes the gate and
// waits until nobody is inside. A worker that comes late finds the gate closed and waits on, so a
// run never waits for a worker to wake, and a job is never read while the next is written.
struct ThreadPool::Workers {
    static constexpr uint32_t kOpen = 1u << 31;
    static constexpr uint32_t kCallerWaits = 1u << 30;  // the lower bits count who is inside

    explicit Workers(int count);
    ~Workers();

    void run(int64_t part_count, void (*function)(void *, int64_t), void *context) noexcept;
    void take_parts() noexcept;
    bool enter() noexcept;
    void leave() noexcept;
    void wait_for_work(uint32_t seen) noexcept;
    void work() noexcept;
    void stop() noexcept;

    // The job: written while the gate is closed and nobody inside.
    void (*fn)(void *, int64_t) = nullptr;
    void *ctx = nullptr;
    int64_t parts = 0;

    std::vector<pthread_t> threads;
    ProcessMark process;
    // Apart, so that taking parts does not disturb who watches the epoch.
    alignas(64) std::atomic<int64_t> next{0};
    alignas(64) std::atomic<uint32_t> gate{0};
    alignas(64) std::atomic<uint32_t> epoch{0};
    std::atomic<uint32_t> sleepers{0};
    std::atomic<bool> stopping{false};
};

ThreadPool::Workers::Workers(int count) {
    threads.reserve(static_cast<size_t>(count));
    const SignalsBlocked blocked;
    const auto entry = [](void *self) -> void * {
        static_cast<Workers *>(self)->work();
        return nullptr;
    };
    for (int i = 0; i < count; ++i) {
        pthread_t thread;
        const int error = pthread_create(&thread, nullptr, entry, this);
        if (error != 0) {
            stop();
            fail(Status::out_of_memory, text("threads: the system refused worker ", i + 1, " of ",
                                             count, " (error ", error, ")"));
        }
        threads.push_back(thread);
    }
}

ThreadPool::Workers::~Workers() {
    if (!process.forked()) stop();
}

void ThreadPool::Workers::stop() noexcept {
    stopping.store(true);
    epoch.fetch_add(1);
    unpark(epoch, INT_MAX);
    for (pthread_t thread : threads) pthread_join(thread, nullptr);
}

void ThreadPool::Workers::run(int64_t part_count, void (*function)(void *, int64_t),
                              void *context) noexcept {
    fn = function;
    ctx = context;
    parts = part_count;
    next.store(0, std::memory_order_relaxed);
    gate.store(kOpen, std::memory_order_release);
    // Sequentially consistent against wait_for_work(): either we see the sleeper or it sees the
    // new epoch.
    epoch.fetch_add(1);
    if (sleepers.load() != 0) {
        const int64_t helpers = std::min<int64_t>(part_count - 1, std::ssize(threads));
        unpark(epoch, static_cast<int>(helpers));
    }

    take_parts();

    uint32_t inside = gate.fetch_and(~kOpen, std::memory_order_acq_rel) & ~kOpen;
    if (inside == 0) return;
    const auto empty = [this] { return gate.load(std::memory_order_acquire) == 0; };
    if (spin_until(empty)) return;
    inside = gate.fetch_or(kCallerWaits, std::memory_order_acq_rel) | kCallerWaits;
    while (inside != kCallerWaits) {
        park(gate, inside);
        inside = gate.load(std::memory_order_acquire);
    }
    gate.store(0, std::memory_order_relaxed);
}

void ThreadPool::Workers::take_parts() noexcept {
    for (;;) {
        const int64_t part = next.fetch_add(1, std::memory_order_relaxed);
        if (part >= parts) return;
        fn(ctx, part);
    }
}

bool ThreadPool::Workers::enter() noexcept {
    uint32_t value = gate.load(std::memory_order_relaxed);
    while ((value & kOpen) != 0) {
        if (gate.compare_exchange_weak(value, value + 1, std::memory_order_acquire,
                                       std::memory_order_relaxed)) {
            return true;
        }
    }
    return false;
}

void ThreadPool::Workers::leave() noexcept {
    if (gate.fetch_sub(1, std::memory_order_acq_rel) - 1 == kCallerWaits) unpark(gate, 1);
}

void ThreadPool::Workers::wait_for_work(uint32_t seen) noexcept {
    const auto changed = [this, seen] { return epoch.load(std::memory_order_acquire) != seen; };
    if (spin_until(changed)) return;
    sleepers.fetch_add(1);
    while (epoch.load() == seen) park(epoch, seen);
    sleepers.fetch_sub(1);
}

void ThreadPool::Workers::work() noexcept {
    const DefaultFloatEnvironment environment;
    // Epochs count from 0, so a job begun before this thread came up is seen as new.
    uint32_t seen = 0;
    for (;;) {
        wait_for_work(seen);
        seen = epoch.load(std::memory_order_acquire);
        if (stopping.load()) return;
        if (!enter()) continue;
        take_parts();
        leave();
    }
}

ThreadPool::ThreadPool(int threads) : threads_(threads) {
    if (threads < 1) fail(Status::invalid_argument, text("threads: ", threads, " is less than 1"));
}

ThreadPool::~ThreadPool() = default;

void ThreadPool::run(int64_t parts, void (*fn)(void *ctx, int64_t part), void *ctx) {
    if (parts > 1 && threads_ > 1 && !busy_.exchange(true, std::memory_order_acquire)) {
        run_shared(parts, fn, ctx);
        return;
    }
    for (int64_t part = 0; part < parts; ++part) fn(ctx, part);
}

void ThreadPool::run_shared(int64_t parts, void (*fn)(void *, int64_t), void *ctx) {
    struct Release {
        std::atomic<bool> &busy;
        ~Release() { busy.store(false, std::memory_order_release); }
    } const release{busy_};

    if (workers_ == nullptr) workers_ = std::make_unique<Workers>(threads_ - 1);
    if (workers_->process.forked()) {
        for (int64_t part = 0; part < parts; ++part) fn(ctx, part);
        return;
    }
    workers_->run(parts, fn, ctx);
}

}  // namespace cnn

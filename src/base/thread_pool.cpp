// Workers that share the parts of one job with the thread that brings it.
#include "base/thread_pool.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <vector>

#include "base/error.h"
#include "base/fpenv.h"
#include "base/parking.h"
#include "base/placement.h"
#include "base/process.h"
#include "base/text.h"

namespace cnn {
namespace {

// Longer than most serial parts of a small network's step, after which sleepers have to be woken.
constexpr std::chrono::microseconds kSpin{100};

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

}  // namespace

// A run opens the gate, wakes workers by a new epoch, takes parts with them, closes the gate and
// waits until nobody is inside. A worker that comes late finds the gate closed and waits on, so a
// run never waits for a worker to wake, and a job is never read while the next is written.
struct ThreadPool::Workers {
    static constexpr uint32_t kOpen = 1u << 31;
    static constexpr uint32_t kCallerWaits = 1u << 30;  // the lower bits count who is inside

    explicit Workers(int count);
    ~Workers();

    struct Seat;

    void run(int64_t part_count, void (*function)(void *, int64_t), void *context) noexcept;
    void share(int64_t part_count) noexcept;
    void take_parts(size_t seat) noexcept;
    void run_parts_of(Seat &owner, size_t seat) noexcept;
    bool move_apart(size_t seat) noexcept;
    bool enter() noexcept;
    void leave() noexcept;
    void wait_for_work(uint32_t seen) noexcept;
    void work(size_t seat) noexcept;
    void stop() noexcept;

    void post(Job &job) noexcept;
    bool withdraw(Job &job) noexcept;
    Job *take_job() noexcept;

    // A run: written while the gate is closed and nobody inside.
    void (*fn)(void *, int64_t) = nullptr;
    void *ctx = nullptr;

    // A participant's, the caller's first.
    struct Seat {
        // Its parts that nobody took yet: the first in the upper half, the end in the lower.
        alignas(64) std::atomic<uint64_t> left{0};
        // Where it runs, -1 while it takes no parts; apart, since the others watch it.
        alignas(64) std::atomic<int> processor{-1};

        // The first, or the last; -1 where there are none.
        int64_t take(bool first) noexcept;
    };
    std::vector<Seat> seats;
    std::atomic<size_t> started{0};

    std::vector<pthread_t> threads;
    ProcessMark process;
    alignas(64) std::atomic<uint32_t> gate{0};
    alignas(64) std::atomic<uint32_t> epoch{0};
    std::atomic<uint32_t> sleepers{0};
    std::atomic<bool> stopping{false};

    // Posted jobs, the first to come first.
    std::atomic<bool> has_jobs{false};
    std::mutex jobs_mutex;
    Job *jobs = nullptr;
};

ThreadPool::Workers::Workers(int count) : seats(static_cast<size_t>(count) + 1) {
    threads.reserve(static_cast<size_t>(count));
    const SignalsBlocked blocked;
    const auto entry = [](void *self) -> void * {
#if defined(__linux__)
        pthread_setname_np(pthread_self(), "libcnn worker");
#endif
        Workers *const workers = static_cast<Workers *>(self);
        workers->work(workers->started.fetch_add(1) + 1);
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
    share(part_count);
    gate.store(kOpen, std::memory_order_release);
    // Sequentially consistent against wait_for_work(): either we see the sleeper or it sees the
    // new epoch.
    epoch.fetch_add(1);
    if (sleepers.load() != 0) {
        const int64_t helpers = std::min<int64_t>(part_count - 1, std::ssize(threads));
        unpark(epoch, static_cast<int>(helpers));
    }

    take_parts(0);

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

// To each as many, side by side: who takes the same share of one run after the other finds in its
// own caches what it wrote.
void ThreadPool::Workers::share(int64_t part_count) noexcept {
    const auto count = static_cast<uint64_t>(part_count), people = uint64_t{seats.size()};
    for (uint64_t i = 0; i < people; ++i) {
        const uint64_t first = count * i / people, end = count * (i + 1) / people;
        seats[i].left.store(first << 32 | end, std::memory_order_relaxed);
    }
}

int64_t ThreadPool::Workers::Seat::take(bool first) noexcept {
    uint64_t range = left.load(std::memory_order_relaxed);
    for (;;) {
        const uint64_t begin = range >> 32, end = range & UINT32_MAX;
        if (begin >= end) return -1;
        const uint64_t rest = first ? range + (uint64_t{1} << 32) : range - 1;
        if (left.compare_exchange_weak(range, rest, std::memory_order_relaxed))
            return static_cast<int64_t>(first ? begin : end - 1);
    }
}

// Its own, then those that others haven't come to.
void ThreadPool::Workers::take_parts(size_t seat) noexcept {
    for (size_t i = 0; i < seats.size(); ++i) run_parts_of(seats[(seat + i) % seats.size()], seat);
    seats[seat].processor.store(-1, std::memory_order_relaxed);
}

void ThreadPool::Workers::run_parts_of(Seat &owner, size_t seat) noexcept {
    const bool own = &owner == &seats[seat];
    std::atomic<int> &place = seats[seat].processor;
    bool moves = seat != 0;  // the caller's thread is the host's
    for (int64_t part = owner.take(own); part >= 0; part = owner.take(own)) {
        const int processor = current_processor();
        if (processor != place.load(std::memory_order_relaxed))
            place.store(processor, std::memory_order_relaxed);
        if (moves) moves = move_apart(seat);
        fn(ctx, part);
    }
}

// Systems let threads of one run share a processor for tenths of a second, beside another that is
// idle or has less to do, and the run takes twice its time. False where there is no place to go.
bool ThreadPool::Workers::move_apart(size_t seat) noexcept {
    const auto taken = [this, seat](int processor) {
        for (size_t i = 0; i < seats.size(); ++i) {
            if (i == seat) continue;
            if (seats[i].processor.load(std::memory_order_relaxed) == processor) return true;
        }
        return false;
    };
    std::atomic<int> &place = seats[seat].processor;
    const int processor = place.load(std::memory_order_relaxed);
    if (processor < 0 || !taken(processor)) return processor >= 0;
    if (!leave_processors(taken)) return false;
    place.store(current_processor(), std::memory_order_relaxed);
    return true;
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

void ThreadPool::Workers::work(size_t seat) noexcept {
    const DefaultFloatEnvironment environment;
    // Epochs count from 0, so a job begun before this thread came up is seen as new.
    uint32_t seen = 0;
    for (;;) {
        wait_for_work(seen);
        seen = epoch.load(std::memory_order_acquire);
        if (stopping.load()) return;
        if (enter()) {
            take_parts(seat);
            leave();
        }
        while (Job *job = take_job()) job->run(*job);
    }
}

void ThreadPool::Workers::post(Job &job) noexcept {
    job.next = nullptr;
    {
        const std::lock_guard lock(jobs_mutex);
        Job **end = &jobs;
        while (*end != nullptr) end = &(*end)->next;
        *end = &job;
        has_jobs.store(true, std::memory_order_relaxed);
    }
    epoch.fetch_add(1);
    if (sleepers.load() != 0) unpark(epoch, 1);
}

bool ThreadPool::Workers::withdraw(Job &job) noexcept {
    const std::lock_guard lock(jobs_mutex);
    for (Job **link = &jobs; *link != nullptr; link = &(*link)->next) {
        if (*link != &job) continue;
        *link = job.next;
        has_jobs.store(jobs != nullptr, std::memory_order_relaxed);
        return true;
    }
    return false;
}

Job *ThreadPool::Workers::take_job() noexcept {
    if (!has_jobs.load(std::memory_order_relaxed)) return nullptr;
    const std::lock_guard lock(jobs_mutex);
    Job *const first = jobs;
    if (first != nullptr) jobs = first->next;
    has_jobs.store(jobs != nullptr, std::memory_order_relaxed);
    return first;
}

namespace {

// A run by the host's threads. Each takes parts until there are none, so that a host with fewer
// threads than tasks loses nothing by it.
struct HostJob {
    int64_t parts;
    void (*fn)(void *, int64_t);
    void *ctx;
    std::atomic<int64_t> next{0};

    void take_parts() noexcept {
        for (;;) {
            const int64_t part = next.fetch_add(1, std::memory_order_relaxed);
            if (part >= parts) return;
            fn(ctx, part);
        }
    }
};

}  // namespace

ThreadPool::ThreadPool(int threads, const TaskRunner &host) : threads_(threads), host_(host) {
    if (threads < 1) fail(Status::invalid_argument, text("threads: ", threads, " is less than 1"));
}

ThreadPool::~ThreadPool() = default;

void ThreadPool::run(int64_t parts, void (*fn)(void *ctx, int64_t part), void *ctx) {
    constexpr int64_t kMost = UINT32_MAX;  // parts that a seat can count
    if (parts > 1 && parts <= kMost && threads_ > 1) {
        if (host_.run != nullptr) return run_by_host(parts, fn, ctx);
        if (!busy_.exchange(true, std::memory_order_acquire)) return run_shared(parts, fn, ctx);
    }
    for (int64_t part = 0; part < parts; ++part) fn(ctx, part);
}

void ThreadPool::run_by_host(int64_t parts, void (*fn)(void *, int64_t), void *ctx) const {
    HostJob job{parts, fn, ctx};
    const auto count = static_cast<int32_t>(std::min<int64_t>(parts, threads_));
    const auto task = [](void *context, int32_t) {
        const DefaultFloatEnvironment environment;
        static_cast<HostJob *>(context)->take_parts();
    };
    host_.run(host_.user, count, task, &job);
    // A host that left tasks out must not leave work undone.
    job.take_parts();
}

void ThreadPool::run_shared(int64_t parts, void (*fn)(void *, int64_t), void *ctx) {
    struct Release {
        std::atomic<bool> &busy;
        ~Release() { busy.store(false, std::memory_order_release); }
    } const release{busy_};

    Workers *const helpers = workers();
    if (helpers == nullptr || helpers->process.forked()) {
        for (int64_t part = 0; part < parts; ++part) fn(ctx, part);
        return;
    }
    helpers->run(parts, fn, ctx);
}

// Null while another thread starts them, or in a process that was forked meanwhile.
ThreadPool::Workers *ThreadPool::workers() {
    Workers *found = workers_.load(std::memory_order_acquire);
    if (found != nullptr) return found;
    const std::unique_lock lock(starting_, std::try_to_lock);
    if (!lock) return nullptr;
    if (!owned_) owned_ = std::make_unique<Workers>(threads_ - 1);
    workers_.store(owned_.get(), std::memory_order_release);
    return owned_.get();
}

bool ThreadPool::post(Job &job) noexcept {
    if (threads_ == 1 || host_.run != nullptr) return false;
    try {
        Workers *const all = workers();
        if (all == nullptr || all->process.forked()) return false;
        all->post(job);
        return true;
    } catch (const std::exception &) {
        return false;  // the system refused threads: who waits for the job runs it
    }
}

bool ThreadPool::withdraw(Job &job) noexcept {
    Workers *const all = workers_.load(std::memory_order_acquire);
    return all != nullptr && all->withdraw(job);
}

bool ThreadPool::forked() const noexcept {
    const Workers *const all = workers_.load(std::memory_order_acquire);
    return all != nullptr && all->process.forked();
}

}  // namespace cnn

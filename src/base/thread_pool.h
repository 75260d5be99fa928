// Workers that share the parts of one job with the thread that brings it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <type_traits>

#include "base/job.h"
#include "base/task_runner.h"

namespace cnn {

// Each thread begins with a share of the parts, the same in every run of as many, and goes on with
// what others haven't come to; what a part is, is the caller's, so results do not depend on timing.
// A run() that finds the pool busy (another thread's job, or a run() inside a part) runs all its
// parts itself. Parts must not throw.
class ThreadPool {
  public:
    // `threads` counts the caller, so one thread starts none. Workers start at the first run()
    // that has use for them; where the host runs tasks itself there are none.
    explicit ThreadPool(int threads, const TaskRunner &host = {});
    ~ThreadPool();
    ThreadPool(const ThreadPool &) = delete;
    ThreadPool &operator=(const ThreadPool &) = delete;

    int threads() const noexcept { return threads_; }

    // Calls fn(ctx, part) once for each part in [0, parts) and returns when all have returned.
    // Throws only where the workers cannot be started, before any part ran.
    void run(int64_t parts, void (*fn)(void *ctx, int64_t part), void *ctx);

    // run() of anything callable with a part's index.
    template <class F>
    void parallel_for(int64_t parts, F &&body) {
        using Body = std::remove_reference_t<F>;
        run(
            parts, [](void *ctx, int64_t part) { (*static_cast<Body *>(ctx))(part); },
            const_cast<void *>(static_cast<const void *>(std::addressof(body))));
    }

    // Leaves a job to a worker, after those before it. False where there are none, and nobody will
    // run it. Whoever posts keeps the pool alive until it has run.
    bool post(Job &job) noexcept;
    // Takes back a posted job that no worker has begun.
    bool withdraw(Job &job) noexcept;
    // Whether this process is a fork of the one that started the workers, and so has none.
    bool forked() const noexcept;

  private:
    struct Workers;

    Workers *workers();

    void run_shared(int64_t parts, void (*fn)(void *ctx, int64_t part), void *ctx);
    void run_by_host(int64_t parts, void (*fn)(void *ctx, int64_t part), void *ctx) const;

    int threads_;
    TaskRunner host_;
    std::atomic<bool> busy_{false};
    std::mutex starting_;
    std::unique_ptr<Workers> owned_;  // under starting_
    std::atomic<Workers *> workers_{nullptr};
};

}  // namespace cnn

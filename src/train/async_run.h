// A run in progress: computed by a thread of the device's, by a queue that works on by itself, or
// by whoever waits for it.
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "base/job.h"
#include "train/session.h"

namespace cnn {

// The session must outlive it. Everything but start() may be called from any thread, also from
// several at once. Ends only once it is done.
class AsyncRun final : private Job {
  public:
    explicit AsyncRun(Session &session);
    ~AsyncRun();
    AsyncRun(const AsyncRun &) = delete;
    AsyncRun &operator=(const AsyncRun &) = delete;

    // Begins what the session has prepared.
    void start() noexcept;
    bool is_done() const noexcept;
    // Waits up to so many microseconds, or without limit where negative; whether it is done.
    // Throws Error(bad_state) in a forked process that lacks the thread which computed it.
    bool wait(double microseconds);
    // Throws what the run ended with; only when it is done.
    void check() const;

  private:
    enum State : uint32_t { kPending, kRunning, kDone };

    void enqueue() noexcept;
    bool claim() noexcept;
    void compute() noexcept;
    template <class Body>
    void keep_error(const Body &body) noexcept;
    void finish() noexcept;
    bool wait_for_state(double microseconds);

    Session &session_;
    std::shared_ptr<Device> device_;
    bool posted_ = false;  // a thread of the device's will take it
    // Of a queue that works on; then the state stays kRunning.
    std::shared_ptr<const Mark> mark_;
    std::optional<Error> error_;  // before kDone
    std::atomic<uint32_t> state_{kPending};
};

}  // namespace cnn

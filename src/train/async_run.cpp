// Runs that go on while the host does something else.
#include "train/async_run.h"

#include <chrono>
#include <climits>

#include "base/parking.h"

namespace cnn {

AsyncRun::AsyncRun(Session &session)
    : Job{[](Job &job) { static_cast<AsyncRun &>(job).compute(); }},
      session_(session),
      device_(session.executable("run_async").shared_device()) {}

AsyncRun::~AsyncRun() {
    session_.land(*this);
}

void AsyncRun::start() noexcept {
    session_.take_off(*this);
    if (session_.works_on())
        enqueue();
    else
        posted_ = device_->post(*this);
}

template <class Body>
void AsyncRun::keep_error(const Body &body) noexcept {
    try {
        body();
    } catch (const Error &error) {
        if (!error_) error_.emplace(error);
    } catch (const std::exception &) {
        if (!error_) error_.emplace(Status::out_of_memory, -1, "out of memory");
    }
}

// Where that fails the run ends once all that was enqueued before is through: nothing of the host's
// is used any more.
void AsyncRun::enqueue() noexcept {
    state_.store(kRunning, std::memory_order_relaxed);
    keep_error([&] { mark_ = session_.enqueue_run(); });
    if (mark_) return session_.leave_mark(mark_);
    keep_error([&] { session_.wait_for_queue(); });
    finish();
}

void AsyncRun::compute() noexcept {
    state_.store(kRunning, std::memory_order_relaxed);
    keep_error([&] { session_.compute_run(); });
    finish();
}

// The last that is done to this object: who waits may end it at once.
void AsyncRun::finish() noexcept {
    session_.land(*this);
    state_.store(kDone, std::memory_order_release);
    unpark(state_, INT_MAX);
}

bool AsyncRun::is_done() const noexcept {
    if (state_.load(std::memory_order_acquire) == kDone) return true;
    return mark_ && mark_->reached();
}

// A forked process has no other thread that could begin it.
bool AsyncRun::claim() noexcept {
    if (posted_ && !device_->forked() && !device_->withdraw(*this)) return false;
    uint32_t pending = kPending;
    return state_.compare_exchange_strong(pending, kRunning, std::memory_order_acquire);
}

bool AsyncRun::wait(double microseconds) {
    if (is_done()) return true;
    if (mark_) return mark_->wait(microseconds);
    if (microseconds == 0) return false;
    const bool nobody_else = !posted_ || device_->forked();
    if ((microseconds < 0 || nobody_else) && claim()) {
        compute();
        return true;
    }
    return wait_for_state(microseconds);
}

bool AsyncRun::wait_for_state(double microseconds) {
    using Clock = std::chrono::steady_clock;
    constexpr double kLongest = 1e12;  // some days
    const auto limit = std::chrono::duration<double, std::micro>(std::min(microseconds, kLongest));
    const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(limit);
    for (;;) {
        const uint32_t state = state_.load(std::memory_order_acquire);
        if (state == kDone) return true;
        if (posted_ && device_->forked())
            fail(Status::bad_state,
                 "event: the run was in progress when this process was forked, in a thread that "
                 "it doesn't have");
        if (microseconds < 0) {
            park(state_, state);
            continue;
        }
        const auto left = end - Clock::now();
        if (left <= Clock::duration::zero()) return false;
        park_for(state_, state, std::chrono::duration_cast<std::chrono::nanoseconds>(left));
    }
}

void AsyncRun::check() const {
    if (error_) throw Error(*error_);
    if (mark_) mark_->check();
}

}  // namespace cnn

// What backends do whose devices can't use memory that a host lends, nor time what they do.
#include "backend/backend.h"

#include <chrono>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace cnn {
namespace {

class Clock final : public Stopwatch {
  public:
    explicit Clock(std::unique_ptr<Queue> queue) : queue_(std::move(queue)) {}

    Queue &queue() override { return *queue_; }
    void lap() override {
        queue_->finish();
        const auto now = std::chrono::steady_clock::now();
        laps_.push_back(std::chrono::duration<double>(now - last_).count());
        last_ = now;
    }
    std::vector<double> laps() override {
        last_ = std::chrono::steady_clock::now();
        return std::exchange(laps_, {});
    }

  private:
    std::unique_ptr<Queue> queue_;
    std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
    std::vector<double> laps_;
};

}  // namespace

std::unique_ptr<Stopwatch> Device::create_stopwatch() {
    return std::make_unique<Clock>(create_queue());
}

void Queue::put(const LentMemory &, Ref, int64_t) {
    fail(Status::unsupported, "this device can't write to the host's OpenCL memory");
}

void Device::check_lent(const LentMemory &, int64_t, int64_t, bool) const {
    fail(Status::unsupported,
         text("memory is an OpenCL buffer, but the net is compiled for \"", info().spec, "\""));
}

}  // namespace cnn

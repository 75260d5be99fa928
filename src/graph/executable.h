// A net compiled for a device: its vectors there, its plans, and the memory they share.
#pragma once

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <vector>

#include "graph/plan.h"

namespace cnn {

struct CompileOptions {
    int64_t max_batch = 1;
    std::vector<int64_t> batches;  // smaller sizes with plans of their own
    bool inference_only = false;
    int64_t memory_limit = 0;  // 0: none
};

class Executable {
  public:
    // Moves theta and s to the device (from `previous`'s, when there is one) and plans what the
    // options ask for. On failure net and previous are as they were.
    Executable(Net &net, std::shared_ptr<Device> device, Log log, const CompileOptions &options,
               Executable *previous);
    Executable(const Executable &) = delete;
    ~Executable();

    Device &device() { return *device_; }
    const std::shared_ptr<Device> &shared_device() const { return device_; }
    Queue &queue() { return *queue_; }
    int64_t max_batch() const { return options_.max_batch; }
    bool inference_only() const { return options_.inference_only; }

    // The plan for n samples (n <= max_batch): of the smallest planned batch that holds them.
    // Planned at first use where compile didn't. key.batch is ignored.
    Plan &plan(ProgramKey key, int64_t n);
    // Scalars hold what the caller set; kSlotInverseBatch is filled in here.
    void launch(Plan &plan, int64_t n, uint64_t step);
    // Whether a launch is in progress: the caller is code of the host's that it runs.
    bool launching() const { return launching_; }
    std::array<double, kSlotCount> &scalars() { return scalars_; }
    // Weights of 1 for who gives none.
    const std::vector<float> &ones() const { return ones_; }

    double read_loss(const Plan &plan);
    double read_single(Ref wide);
    Ref gradient() const { return {gradient_.get(), 0}; }
    // Where programs find the direction, a vector as theta's, from the next launch on.
    void set_direction(Ref direction);
    // Plan::repeat after a launch.
    void repeat(Plan &plan, int64_t n);
    Ref status() const { return {status_.get(), 0}; }
    double status_value(StatusIndex index);
    // Opens the gate and clears the running loss.
    void reset_status();

    void cancel() { cancelled_.store(true, std::memory_order_relaxed); }
    void clear_cancel() { cancelled_.store(false, std::memory_order_relaxed); }
    bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }

    // Bytes held on the device for this net.
    int64_t bytes() const;

  private:
    Plan &make_plan(const ProgramKey &key);
    void check_limit(int64_t arena) const;
    PlanMemory memory() const;

    Net &net_;
    std::shared_ptr<Device> device_;
    Log log_;
    CompileOptions options_;
    std::unique_ptr<Queue> queue_;
    std::unique_ptr<Buffer> gradient_, status_, arena_;
    Ref direction_;
    int64_t arena_bytes_ = 0;
    std::unique_ptr<PackedParameters> packed_;
    std::map<ProgramKey, std::unique_ptr<Plan>> plans_;
    uint64_t frozen_version_ = 0;  // of the net when the plans were made
    std::vector<float> ones_;
    std::array<double, kSlotCount> scalars_{};
    std::atomic<bool> cancelled_{false};
    bool launching_ = false;
};

// Which losses of the net take labels where the caller hasn't said, as ProgramKey::label_targets.
uint64_t default_label_targets(const Net &net);

}  // namespace cnn

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
    int64_t accept = 0;        // the less accurate ways that the host accepts
    // By what plans are made, also later ones; null: what the device's database knows at compile.
    std::shared_ptr<const TuningTable> tuning;
};

// The programs that compile plans, for the largest batch and those with plans of their own.
std::vector<ProgramKey> first_programs(const Net &net, const CompileOptions &options, bool shared);

// Whose memory a program works in: those in instalments have some of their own, so that what runs
// between two of them doesn't disturb them.
enum class Lane : uint8_t { whole, run, fit };

inline Lane lane_of(const ProgramKey &key) {
    if (!key.instalments) return Lane::whole;
    return key.purpose == Purpose::run ? Lane::run : Lane::fit;
}

class Executable {
  public:
    // Moves theta and s to the device (from `previous`'s, when there is one) and plans what the
    // options ask for. On failure net and previous are as they were. A net on shared parameters is
    // always for inference only; where the options aren't, evaluation is planned.
    // `cancelled`, which any thread may set, ends launches.
    Executable(Net &net, std::shared_ptr<Device> device, Log log, const CompileOptions &options,
               const std::atomic<bool> &cancelled, Executable *previous);
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
    // That plan where it is there, else null.
    Plan *find_plan(ProgramKey key, int64_t n);
    // Scalars hold what the caller set; kSlotInverseBatch is filled in here.
    void launch(Plan &plan, int64_t n, uint64_t step);
    // Seconds of the parts that Plan::launch_timed has. Waits for the device.
    std::vector<double> launch_timed(Plan &plan, int64_t n, uint64_t step, Stopwatch &watch);
    // A piece of a plan's launch in instalments, which waits for the device, and its end.
    void launch_piece(Plan &plan, size_t piece, int64_t n, uint64_t step);
    void finish(Plan &plan, int64_t n, uint64_t step);
    // Batches that compile planned for, but the largest.
    const std::vector<int64_t> &batches() const { return options_.batches; }
    // Whether a launch is in progress: the caller is code of the host's that it runs.
    bool launching() const { return launching_; }
    std::array<double, kSlotCount> &scalars() { return scalars_; }
    // Weights of 1 for who gives none.
    const std::vector<float> &ones() const { return ones_; }

    double read_loss(const Plan &plan);
    double read_single(Ref wide);
    Ref gradient(Lane lane = Lane::whole) const { return {own(lane).gradient.get(), 0}; }
    // Where programs find the direction, a vector as theta's, from the next launch on.
    void set_direction(Ref direction);
    // Plan::repeat after a launch.
    void repeat(Plan &plan, int64_t n);
    Ref status(Lane lane = Lane::whole) const { return {own(lane).status.get(), 0}; }
    double status_value(StatusIndex index, Lane lane = Lane::whole);
    // Opens the gate, or closes it, and clears the running loss.
    void reset_status(Lane lane = Lane::whole, bool open = true);

    bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }

    // Bytes held on the device for this net; what it shares is counted whole.
    int64_t bytes() const;
    // Throws Error(limit_exceeded) telling the need, where `more` bytes beside those `held` for
    // this net go beyond its limit or its device's. least: plans were shrunk for it.
    void check_room(const char *operation, int64_t more, int64_t held, bool least = false) const;

    // Makes the plans for so many samples, in parts of max_batch.
    void prepare(const ProgramKey &key, int64_t samples);

    // What launches of a net on shared parameters are within: from its beginning to its end they
    // are those that were the latest as it began, and plans, which may want more packed copies, are
    // made before. It waits for the device. Nothing where the net has parameters of its own.
    class Use {
      public:
        explicit Use(Executable &executable);
        ~Use();
        Use(const Use &) = delete;

      private:
        Executable *executable_;  // null: nothing to end
    };

  private:
    // What the plans of a lane share.
    struct Own {
        std::unique_ptr<Buffer> gradient, status, arena;
        int64_t arena_bytes = 0;
    };

    Own &own(Lane lane) { return own_[static_cast<size_t>(lane)]; }
    const Own &own(Lane lane) const { return own_[static_cast<size_t>(lane)]; }
    std::unique_ptr<Plan> planned(const ProgramKey &key);
    // What the limits leave beside what is held for this net.
    int64_t room(int64_t held) const;
    // Has a plan compute activations again where its arena takes more than that, or than there is.
    // Whether it has to.
    bool shrink(Plan &plan, int64_t room, int64_t there);
    void log_plan(const Plan &plan) const;
    Plan &make_plan(const ProgramKey &key);
    // The smallest planned batch that holds n samples.
    int64_t batch_for(int64_t n) const;
    void drop_stale_plans();
    // The vectors that programs of the lane write: for those of a training.
    void add_vectors(Own &own);
    void take_memory(int64_t arena);
    void take_arena(Own &own, int64_t bytes);
    void move_vectors(Executable *previous);
    int64_t vector_bytes() const;
    int64_t vector_bytes(int64_t elements) const;
    PlanMemory memory(Lane lane) const;
    Plan::Context context(uint64_t step);
    // Binds plans to shared parameters.
    void take(const SharedParameters::Version &version);
    uint64_t theta_version() const;

    Net &net_;
    std::shared_ptr<Device> device_;
    Log log_;
    CompileOptions options_;
    std::unique_ptr<Queue> queue_;
    std::array<Own, 3> own_;
    Ref direction_;
    std::unique_ptr<SharedParameters::Reader> shared_;    // null: the net's parameters are its own
    const SharedParameters::Version *version_ = nullptr;  // that is in use
    uint64_t bound_version_ = 0;                          // that plans are bound to; 0: none
    std::unique_ptr<PackedParameters> packed_;
    std::map<ProgramKey, std::unique_ptr<Plan>> plans_;
    uint64_t frozen_version_ = 0;  // of the net when the plans were made
    std::vector<float> ones_;
    std::array<double, kSlotCount> scalars_{};
    const std::atomic<bool> &cancelled_;
    bool launching_ = false;
};

// Which losses of the net take labels where the caller hasn't said, as ProgramKey::label_targets.
uint64_t default_label_targets(const Net &net);

}  // namespace cnn

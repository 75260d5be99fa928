// Training for a number of epochs, at once or in instalments, written on the primitives.
#pragma once

#include "base/philox.h"
#include "train/session.h"

namespace cnn {

struct FitOptions {
    static constexpr int64_t kEndless = 0;  // of epochs

    int64_t epochs = 1;
    int64_t batch = 1;
    uint64_t seed = 0;
    const Samples *validation = nullptr;
    cnn_progress_function progress = nullptr;
    void *user = nullptr;
    double progress_interval = 0.1;  // seconds; negative: every step
    bool shuffle = true;
    bool resume = false;
    bool restart = false;
    cnn_schedule schedule = CNN_SCHEDULE_CONSTANT;
    double schedule_factor = 1, schedule_period = 1, schedule_floor = 0;
    int64_t warmup_steps = 0;
};

// Checks the host's options against the compiled net and fills in defaults; of a fit in
// instalments, whose epochs may be endless.
FitOptions fit_options(const cnn_fit &fit, int64_t max_batch, bool instalments);

// The learning rate at a step: epoch counts from 0, its fraction too.
double scheduled_rate(const FitOptions &options, double rate, double epoch, int64_t step);

// Epochs, step by step: where a fit stands. Without a budget it goes on to its end.
class Fit {
  public:
    explicit Fit(Session &session) : session_(session) {}

    // Report is written also when an Error is thrown for a cancel or a loss that isn't finite.
    void run(Optimizer &optimizer, const Samples &samples, const FitOptions &options,
             cnn_report &report);
    // As far as the budget goes, on from where the last call came to. Labels and weights of the
    // samples are looked at as they are used.
    void run_for(Optimizer &optimizer, const Samples &samples, const FitOptions &options,
                 Budget &budget, cnn_progress &progress);
    // What is kept for calls in instalments.
    Samples &samples() { return kept_samples_; }
    Samples &validation() { return kept_validation_; }
    // What is half done begins anew: the net was compiled again.
    void drop_launch();

  private:
    enum class Phase : uint8_t { order, steps, validation };

    FitPosition &position() const { return optimizer_->position(); }
    Lane lane() const { return budget_ ? Lane::fit : Lane::whole; }
    bool unfinished() const;
    void use(Optimizer &optimizer, const Samples &samples, const FitOptions &options,
             Budget *budget);
    void begin();
    void adopt();
    bool go_on();
    bool order();
    bool step();
    bool step_in_pieces(int64_t first, int64_t n);
    void end_step(int64_t n);
    void end_epoch();
    void observe();
    void check_gate();
    void add_losses();
    void collect();
    void call_progress(bool epoch_ended);
    bool validate();
    bool validate_in_pieces();
    void prepare();
    template <class Measure>
    void prepare_plans(ProgramKey key, int64_t n, bool anew, const Measure &measure);
    void measure_order();
    void measure_steps(Plan &plan, int64_t n);
    void measure_validation(Plan &plan, int64_t n);
    double scheduled() const;
    double seconds() const;
    double rate_of_samples() const;
    double fraction() const;
    cnn_progress progress() const;
    [[noreturn]] void cancelled(const char *by);

    Session &session_;
    // Of the call in progress.
    Executable *exe_ = nullptr;
    Optimizer *optimizer_ = nullptr;
    const Samples *samples_ = nullptr;
    const FitOptions *options_ = nullptr;
    Budget *budget_ = nullptr;
    Budget::Clock::time_point call_began_;

    Phase phase_ = Phase::order;
    int64_t count_ = 0, batch_ = 0, batches_ = 0;  // samples, those of a step, steps of an epoch
    std::vector<int64_t> order_;
    Permutation permutation_;
    bool ordering_ = false;
    int64_t first_step_ = 0;      // since the first epoch began
    int64_t steps_at_reset_ = 0;  // steps done when the status was last cleared
    int64_t samples_done_ = 0;
    cnn_report report_{};
    double rate_ = 0;
    double before_ = 0;  // seconds of the calls before this one
    double aside_ = 0;   // of all, in validation and callbacks
    Budget::Clock::time_point last_progress_;

    // In instalments.
    bool active_ = false;
    std::shared_ptr<const void> used_;  // by the last call: an optimizer's identity
    FitPosition reached_;               // by the last call
    PlanLaunch launch_;
    Session::Evaluation evaluation_;
    int64_t evaluated_ = 0;         // samples
    uint64_t evaluated_theta_ = 0;  // its version
    double longest_piece_ = 0;      // seconds, as measured last
    Prediction order_prediction_;
    std::shared_ptr<const void> measured_;  // for this optimizer
    Samples kept_samples_, kept_validation_;
};

}  // namespace cnn

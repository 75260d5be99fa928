// Epochs, shuffling, schedules, progress.
#include "train/fit.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "base/fpenv.h"
#include "base/philox.h"
#include "base/text.h"

namespace cnn {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

void check_finite(const char *name, double value, double minimum) {
    if (!(value >= minimum) || !std::isfinite(value))
        fail(Status::out_of_range,
             text("fit: ", name, " is ", value, ", but must be finite and at least ", minimum));
}

void check_count(const char *name, int64_t value) {
    if (value < 0)
        fail(Status::out_of_range, text("fit: ", name, " is ", value, ", but must be >= 0"));
}

class Fit {
  public:
    Fit(Session &session, Optimizer &optimizer, const Samples &samples, const FitOptions &options,
        cnn_report &report)
        : session_(session),
          exe_(session.executable("fit")),
          optimizer_(optimizer),
          position_(optimizer.position()),
          samples_(samples),
          options_(options),
          report_(report),
          batches_((samples.count() + options.batch - 1) / options.batch),
          order_(static_cast<size_t>(samples.count())) {}

    void run();

  private:
    void begin();
    void epoch();
    void order();
    void step();
    void observe();
    void check_gate();
    void collect();
    void call_progress(bool epoch_ended);
    void validate();
    [[noreturn]] void cancelled(const char *by);
    int64_t steps_to_do() const {
        return options_.epochs * batches_ - first_epoch_ * batches_ - first_step_;
    }

    Session &session_;
    Executable &exe_;
    Optimizer &optimizer_;
    FitPosition &position_;
    const Samples &samples_;
    const FitOptions &options_;
    cnn_report &report_;
    int64_t batches_;
    std::vector<int64_t> order_;
    int64_t first_epoch_ = 0, first_step_ = 0, first_optimizer_step_ = 0, first_session_step_ = 0;
    int64_t steps_at_reset_ = 0;  // steps done when the status was last cleared
    int64_t samples_done_ = 0;
    double rate_ = 0;
    double aside_ = 0;  // seconds in validation and callbacks
    Clock::time_point start_ = Clock::now(), last_progress_ = start_;
};

void Fit::begin() {
    if (!options_.resume) position_ = {};
    report_ = {};
    report_.validation_loss = std::numeric_limits<double>::quiet_NaN();
    report_.validation_accuracy = -1;
    report_.loss = std::numeric_limits<double>::quiet_NaN();
    first_epoch_ = position_.epoch;
    first_step_ = position_.step_in_epoch;
    if (first_step_ >= batches_ && first_step_ > 0)
        fail(Status::invalid_argument,
             text("fit: resume at step ", first_step_, " of an epoch, but these samples have ",
                  batches_, " batches"));
    session_.prepare_training(optimizer_, "fit");
    session_.check_gate(optimizer_, "fit");
    first_optimizer_step_ = optimizer_.steps();
    first_session_step_ = session_.steps();
    session_.reset_status();
}

void Fit::order() {
    if (!options_.shuffle) {
        std::iota(order_.begin(), order_.end(), int64_t{0});
        return;
    }
    const RandomStream stream(options_.seed, static_cast<uint64_t>(position_.epoch));
    stream.permutation(order_);
}

void Fit::step() {
    const int64_t first = position_.step_in_epoch * options_.batch;
    const int64_t n = std::min(options_.batch, samples_.count() - first);
    const double epoch =
        static_cast<double>(position_.epoch) +
        static_cast<double>(position_.step_in_epoch) / static_cast<double>(batches_);
    rate_ = scheduled_rate(options_, optimizer_[Key::learning_rate], epoch,
                           position_.epoch * batches_ + position_.step_in_epoch);
    session_.step(optimizer_, samples_, n, order_.data() + first, rate_);
    ++position_.step_in_epoch;
    ++report_.steps;
    samples_done_ += n;
}

void Fit::check_gate() {
    if (exe_.status_value(kStatusGate) != 0) return;
    const int64_t good =
        steps_at_reset_ + static_cast<int64_t>(exe_.status_value(kStatusGoodSteps));
    session_.reset_status();
    report_.steps = good;
    optimizer_.set_steps(first_optimizer_step_ + good);
    session_.set_steps(first_session_step_ + good);
    const int64_t done = first_epoch_ * batches_ + first_step_ + good;
    position_ = {done / batches_, done % batches_, 0};
    fail(Status::not_finite,
         text("fit: loss or gradient isn't finite at step ", optimizer_.steps() + 1, " (epoch ",
              position_.epoch + 1, "); parameters are those of step ", optimizer_.steps(),
              "; try a smaller learning_rate (now ", rate_, ")"));
}

// Waits for the device: the steps since the last time passed the gate, and their losses join the
// epoch's.
void Fit::collect() {
    check_gate();
    position_.loss_sum += exe_.status_value(kStatusLoss) + exe_.status_value(kStatusLossRest);
    steps_at_reset_ = report_.steps;
    session_.reset_status();
    report_.loss =
        position_.loss_sum / static_cast<double>(std::max<int64_t>(1, position_.step_in_epoch));
}

void Fit::cancelled(const char *by) {
    fail(Status::cancelled, text("fit: cancelled by ", by, " after step ", report_.steps,
                                 " (epoch ", position_.epoch + 1, ")"));
}

void Fit::call_progress(bool epoch_ended) {
    const auto started = Clock::now();
    cnn_progress p{};
    const int64_t to_do = steps_to_do();
    p.epoch = epoch_ended ? position_.epoch - 1 : position_.epoch;
    p.epochs = options_.epochs;
    p.step = report_.steps;
    p.steps = to_do;
    p.fraction = to_do > 0 ? static_cast<double>(p.step) / static_cast<double>(to_do) : 1;
    p.loss = report_.loss;
    p.learning_rate = rate_;
    p.validation_loss = report_.validation_loss;
    p.validation_accuracy = report_.validation_accuracy;
    p.seconds = seconds_since(start_);
    const double training = std::max(p.seconds - aside_, 1e-9);
    p.samples_per_second = static_cast<double>(samples_done_) / training;
    p.seconds_left = p.fraction > 0 ? p.seconds * (1 - p.fraction) / p.fraction : 0;
    p.epoch_ended = epoch_ended;
    session_.set_in_callback(true);
    optimizer_.set_in_callback(true);
    const int32_t stop = options_.progress(&p, options_.user);
    optimizer_.set_in_callback(false);
    session_.set_in_callback(false);
    // It may have changed a key that steps are compiled for.
    session_.prepare_training(optimizer_, "fit");
    last_progress_ = Clock::now();
    aside_ += seconds_since(started);
    if (stop != 0) cancelled("the progress callback");
}

void Fit::observe() {
    if (options_.progress_interval >= 0 &&
        seconds_since(last_progress_) < options_.progress_interval)
        return;
    collect();
    last_progress_ = Clock::now();
    if (options_.progress) call_progress(false);
}

void Fit::validate() {
    if (!options_.validation) return;
    const auto started = Clock::now();
    const Session::Evaluation result = session_.evaluate(*options_.validation);
    report_.validation_loss = result.loss;
    report_.validation_accuracy = result.accuracy();
    aside_ += seconds_since(started);
}

void Fit::epoch() {
    order();
    while (position_.step_in_epoch < batches_) {
        if (exe_.cancelled()) cancelled("cnn_net_cancel");
        step();
        if (position_.step_in_epoch < batches_) observe();
    }
    collect();
    ++report_.epochs;
    position_ = {position_.epoch + 1, 0, 0};
    validate();
    if (options_.progress) call_progress(true);
}

void Fit::run() {
    begin();
    const auto finish = [&] {
        report_.seconds = seconds_since(start_);
        report_.samples_per_second =
            static_cast<double>(samples_done_) / std::max(report_.seconds - aside_, 1e-9);
    };
    try {
        while (position_.epoch < options_.epochs) epoch();
    } catch (const Error &error) {
        if (error.status == Status::cancelled) collect();
        finish();
        throw;
    }
    finish();
}

}  // namespace

FitOptions fit_options(const cnn_fit &fit, int64_t max_batch) {
    check_count("epochs", fit.epochs);
    check_count("batch", fit.batch);
    check_count("warmup_steps", fit.warmup_steps);
    if (fit.batch > max_batch)
        fail(Status::limit_exceeded, text("fit: batch is ", fit.batch,
                                          ", but the net is compiled for at most ", max_batch));
    if (fit.schedule < CNN_SCHEDULE_CONSTANT || fit.schedule > CNN_SCHEDULE_COSINE)
        fail(Status::invalid_argument,
             text("fit: schedule is ", fit.schedule, ", which is none of cnn_schedule"));
    check_finite("schedule_factor", static_cast<double>(fit.schedule_factor), 0);
    check_finite("schedule_period", fit.schedule_period, 0);
    check_finite("schedule_floor", fit.schedule_floor, 0);
    if (std::isnan(fit.progress_interval))
        fail(Status::out_of_range, "fit: progress_interval is NaN");
    FitOptions options;
    options.epochs = fit.epochs > 0 ? fit.epochs : 1;
    options.batch = fit.batch > 0 ? fit.batch : max_batch;
    options.seed = fit.seed;
    options.progress = fit.progress;
    options.user = fit.user;
    if (fit.progress_interval != 0) options.progress_interval = fit.progress_interval;
    options.shuffle = fit.no_shuffle == 0;
    options.resume = fit.resume != 0;
    options.schedule = fit.schedule;
    options.schedule_factor = static_cast<double>(fit.schedule_factor);
    if (options.schedule_factor == 0)
        options.schedule_factor = fit.schedule == CNN_SCHEDULE_STEP ? 0.1 : 0.9;
    options.schedule_period = fit.schedule_period > 0 ? fit.schedule_period : 1;
    options.schedule_floor = fit.schedule_floor;
    options.warmup_steps = fit.warmup_steps;
    return options;
}

double scheduled_rate(const FitOptions &options, double rate, double epoch, int64_t step) {
    const double periods = epoch / options.schedule_period;
    switch (options.schedule) {
        case CNN_SCHEDULE_STEP:
            rate *= std::pow(options.schedule_factor, std::floor(periods));
            break;
        case CNN_SCHEDULE_EXPONENTIAL:
            rate *= std::pow(options.schedule_factor, periods);
            break;
        case CNN_SCHEDULE_COSINE: {
            const double turn = epoch / static_cast<double>(options.epochs);
            rate = options.schedule_floor +
                   (rate - options.schedule_floor) * (1 + std::cos(std::numbers::pi * turn)) / 2;
            break;
        }
        default:
            break;
    }
    if (step < options.warmup_steps)
        rate *= static_cast<double>(step + 1) / static_cast<double>(options.warmup_steps);
    return rate;
}

void fit(Session &session, Optimizer &optimizer, const Samples &samples, const FitOptions &options,
         cnn_report &report) {
    const DefaultFloatEnvironment environment;
    Fit(session, optimizer, samples, options, report).run();
}

}  // namespace cnn

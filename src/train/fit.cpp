// Epochs, shuffling, schedules, progress.
#include "train/fit.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "base/fpenv.h"
#include "base/philox.h"
#include "base/text.h"

namespace cnn {

namespace {

// Elements of a permutation that are made at a time.
constexpr size_t kOrderAtOnce = 512;

double between(Budget::Clock::time_point from, Budget::Clock::time_point to) {
    return std::chrono::duration<double>(to - from).count();
}

double seconds_since(Budget::Clock::time_point start) {
    return between(start, Budget::Clock::now());
}

int64_t batches_of(int64_t count, int64_t batch) {
    return (count + batch - 1) / batch;
}

}  // namespace

// ---- A call.

void Fit::use(Optimizer &optimizer, const Samples &samples, const FitOptions &options,
              Budget *budget) {
    exe_ = &session_.executable("fit");
    optimizer_ = &optimizer;
    samples_ = &samples;
    options_ = &options;
    budget_ = budget;
    call_began_ = Budget::Clock::now();
}

void Fit::begin() {
    if (!options_->resume) position() = {};
    count_ = samples_->count();
    batch_ = options_->batch;
    batches_ = batches_of(count_, batch_);
    if (position().step_in_epoch >= batches_ && position().step_in_epoch > 0)
        fail(Status::invalid_argument,
             text("fit: resume at step ", position().step_in_epoch,
                  " of an epoch, but these samples have ", batches_, " batches"));
    report_ = {};
    report_.validation_loss = std::numeric_limits<double>::quiet_NaN();
    report_.validation_accuracy = -1;
    report_.loss = std::numeric_limits<double>::quiet_NaN();
    session_.prepare_training(*optimizer_, "fit");
    session_.check_gate(*optimizer_, "fit");
    first_step_ = position().epoch * batches_ + position().step_in_epoch;
    samples_done_ = steps_at_reset_ = 0;
    before_ = aside_ = 0;
    last_progress_ = call_began_;
    phase_ = Phase::order;
    ordering_ = false;
    launch_.drop();
}

void Fit::run(Optimizer &optimizer, const Samples &samples, const FitOptions &options,
              cnn_report &report) {
    const DefaultFloatEnvironment environment;
    use(optimizer, samples, options, nullptr);
    begin();
    session_.reset_status(Lane::whole);
    const auto finish = [&] {
        report_.seconds = seconds();
        report_.samples_per_second = rate_of_samples();
        report = report_;
    };
    try {
        go_on();
    } catch (const Error &error) {
        if (error.status == Status::cancelled) collect();
        finish();
        throw;
    }
    finish();
}

void Fit::run_for(Optimizer &optimizer, const Samples &samples, const FitOptions &options,
                  Budget &budget, cnn_progress &progress) {
    const DefaultFloatEnvironment environment;
    use(optimizer, samples, options, &budget);
    const auto same = [&](const FitPosition &other) {
        return position().epoch == other.epoch && position().step_in_epoch == other.step_in_epoch;
    };
    if (!active_ || options.restart || used_ != optimizer.identity() || !same(reached_)) {
        active_ = false;
        begin();
        active_ = true;
    } else {
        session_.prepare_training(optimizer, "fit");
    }
    used_ = optimizer.identity();
    report_.steps = report_.epochs = 0;
    steps_at_reset_ = 0;
    const auto leave = [&](bool done) {
        reached_ = position();
        before_ += seconds_since(call_began_);
        call_began_ = Budget::Clock::now();
        active_ = !done;
        progress = this->progress();
        progress.done = done ? 1 : 0;
        if (done) progress.fraction = 1;
        progress.next_microseconds = budget.next() * 1e6;
    };
    try {
        prepare();
        budget.seconds();
        leave(go_on());
        if (budget.is_empty()) progress.next_microseconds = longest_piece_ * 1e6;
    } catch (...) {
        drop_launch();
        leave(false);
        throw;
    }
}

void Fit::drop_launch() {
    launch_.drop();
    evaluated_ = 0;
    evaluation_ = {};
}

// ---- Predictions.

// All that this call may come to is planned and measured before it counts on it, also within a
// launch: the samples' form and validation may be new.
void Fit::prepare() {
    launch_.drop_if_stale(session_.net());
    const bool anew = budget_->is_empty() || measured_ != optimizer_->identity();
    if (anew) {
        drop_launch();
        measure_order();
        longest_piece_ = order_prediction_.seconds();
    }
    prepare_plans(session_.training_key(*samples_), options_->batch, anew,
                  [&](Plan &plan, int64_t n) { measure_steps(plan, n); });
    measured_ = optimizer_->identity();
    if (!options_->validation) return;
    prepare_plans(session_.evaluation_key(*options_->validation),
                  std::min(options_->validation->count(), exe_->max_batch()), anew,
                  [&](Plan &plan, int64_t n) { measure_validation(plan, n); });
}

// Measuring takes the memory that a launch under way works in, which therefore begins anew.
template <class Measure>
void Fit::prepare_plans(ProgramKey key, int64_t n, bool anew, const Measure &measure) {
    key.instalments = true;
    session_.for_batches(n, [&](int64_t batch) {
        const Plan *const found = exe_->find_plan(key, batch);
        if (!anew && found && found->finish_prediction().known()) return;
        launch_.drop();
        measure(exe_->plan(key, batch), batch);
    });
}

namespace {

std::vector<int64_t> cycling_rows(int64_t n, int64_t count) {
    std::vector<int64_t> rows(static_cast<size_t>(n));
    for (int64_t i = 0; i < n; ++i) rows[static_cast<size_t>(i)] = i % count;
    return rows;
}

}  // namespace

void Fit::measure_order() {
    std::vector<int64_t> rows(8 * kOrderAtOnce);
    Permutation permutation(RandomStream(0, 0), rows);
    Measured measured;
    Budget clock(-1);
    bool done = false;
    while (!done) {
        const double begin = clock.seconds();
        done = permutation.advance(kOrderAtOnce);
        measured.add(clock.seconds() - begin);
    }
    measured.predict(order_prediction_);
}

// Steps behind a closed gate, which change nothing.
void Fit::measure_steps(Plan &plan, int64_t n) {
    struct Closed {
        Executable &exe;
        Optimizer &optimizer;
        int64_t steps;
        ~Closed() { optimizer.set_steps(steps); }
    } const closed{*exe_, *optimizer_, optimizer_->steps()};
    exe_->reset_status(Lane::fit, false);
    const std::vector<int64_t> rows = cycling_rows(n, samples_->count());
    launch_.begin(session_.net(), plan, n, 1, 1 / static_cast<double>(n));
    launch_.measure(
        *exe_,
        [&](Plan &p) {
            samples_->check_rows(session_.net(), 0, rows.data(), n);
            samples_->fill(p, 0, rows.data(), exe_->ones());
        },
        [&] {
            launch_.finish(*exe_);
            session_.update(*optimizer_, 0, Lane::fit);
            exe_->status_value(kStatusGate, Lane::fit);
            exe_->reset_status(Lane::fit, false);
        });
    longest_piece_ = std::max(longest_piece_, PlanLaunch::longest_piece(plan));
    launch_.drop();
}

void Fit::measure_validation(Plan &plan, int64_t n) {
    const Samples &samples = *options_->validation;
    const std::vector<int64_t> rows = cycling_rows(n, samples.count());
    Session::Evaluation unwanted;
    launch_.begin(session_.net(), plan, n, 0, 1 / static_cast<double>(samples.count()));
    launch_.measure(
        *exe_,
        [&](Plan &p) {
            samples.check_rows(session_.net(), 0, rows.data(), n);
            samples.fill(p, 0, rows.data(), exe_->ones());
        },
        [&] {
            launch_.finish(*exe_);
            session_.add_part(plan, unwanted);
        });
    longest_piece_ = std::max(longest_piece_, PlanLaunch::longest_piece(plan));
    launch_.drop();
}

// ---- Epochs and steps.

bool Fit::unfinished() const {
    return phase_ == Phase::validation || options_->epochs == FitOptions::kEndless ||
           position().epoch < options_->epochs;
}

// Whether all epochs are done; else time is up.
bool Fit::go_on() {
    while (unfinished()) {
        if (exe_->cancelled()) cancelled("cnn_net_cancel");
        switch (phase_) {
            case Phase::order:
                adopt();
                if (!order()) return false;
                phase_ = Phase::steps;
                break;
            case Phase::steps:
                adopt();
                if (phase_ == Phase::order) break;
                if (!step()) return false;
                if (position().step_in_epoch < batches_)
                    observe();
                else
                    end_epoch();
                break;
            case Phase::validation:
                if (!validate()) return false;
                phase_ = Phase::order;
                if (options_->progress) call_progress(true);
        }
    }
    return true;
}

// Between two steps the samples' count and the batch may change: what follows is a new epoch.
void Fit::adopt() {
    if (launch_.begun() || (count_ == samples_->count() && batch_ == options_->batch)) return;
    count_ = samples_->count();
    batch_ = options_->batch;
    batches_ = batches_of(count_, batch_);
    if (position().step_in_epoch > 0) position() = {position().epoch + 1, 0, 0};
    ordering_ = false;
    phase_ = Phase::order;
}

bool Fit::order() {
    if (!ordering_) {
        order_.resize(static_cast<size_t>(count_));
        permutation_ = Permutation(
            RandomStream(options_->seed, static_cast<uint64_t>(position().epoch)), order_);
        if (!options_->shuffle) permutation_.keep_order();
        ordering_ = true;
    }
    bool done = false;
    const auto some = [&] { done = permutation_.advance(kOrderAtOnce); };
    while (!done) {
        if (!budget_)
            some();
        else if (!budget_->spend(order_prediction_, some))
            return false;
    }
    ordering_ = false;
    return true;
}

double Fit::scheduled() const {
    const FitPosition &at = position();
    const double epoch = static_cast<double>(at.epoch) +
                         static_cast<double>(at.step_in_epoch) / static_cast<double>(batches_);
    return scheduled_rate(*options_, (*optimizer_)[Key::learning_rate], epoch,
                          at.epoch * batches_ + at.step_in_epoch);
}

bool Fit::step() {
    const int64_t first = position().step_in_epoch * batch_;
    const int64_t n = std::min(batch_, count_ - first);
    if (budget_) return step_in_pieces(first, n);
    rate_ = scheduled();
    session_.step(*optimizer_, *samples_, n, order_.data() + first, rate_);
    end_step(n);
    return true;
}

void Fit::end_step(int64_t n) {
    ++position().step_in_epoch;
    ++report_.steps;
    samples_done_ += n;
}

bool Fit::step_in_pieces(int64_t first, int64_t n) {
    const int64_t *rows = order_.data() + first;
    if (!launch_.begun()) {
        ProgramKey key = session_.training_key(*samples_);
        key.instalments = true;
        launch_.begin(session_.net(), exe_->plan(key, n), n,
                      static_cast<uint64_t>(session_.steps()) + 1, 1 / static_cast<double>(n));
    }
    const auto fill = [&](Plan &plan) {
        samples_->check_rows(session_.net(), 0, rows, n);
        samples_->fill(plan, 0, rows, exe_->ones());
    };
    if (!launch_.advance(*exe_, *budget_, fill)) return false;
    const auto finish = [&] {
        exe_->reset_status(Lane::fit);
        launch_.finish(*exe_);
        rate_ = scheduled();
        session_.update(*optimizer_, rate_, Lane::fit);
        session_.count_step(Lane::fit);
        end_step(n);
        launch_.drop();
        collect();
    };
    return budget_->spend(launch_.plan().finish_prediction(), finish);
}

void Fit::end_epoch() {
    if (!budget_) collect();
    ++report_.epochs;
    position() = {position().epoch + 1, 0, 0};
    phase_ = Phase::validation;
}

// Steps since the last reset of the status that weren't finite changed nothing: they are taken
// back.
void Fit::check_gate() {
    if (exe_->status_value(kStatusGate, lane()) != 0) return;
    const int64_t good =
        steps_at_reset_ + static_cast<int64_t>(exe_->status_value(kStatusGoodSteps, lane()));
    const int64_t undone = report_.steps - good;
    add_losses();
    session_.reset_status(lane());
    report_.steps = good;
    optimizer_->set_steps(optimizer_->steps() - undone);
    session_.set_steps(session_.steps() - undone);
    position().step_in_epoch -= undone;
    fail(Status::not_finite,
         text("fit: loss or gradient isn't finite at step ", optimizer_->steps() + 1, " (epoch ",
              position().epoch + 1, "); parameters are those of step ", optimizer_->steps(),
              "; try a smaller learning_rate (now ", rate_, ")"));
}

void Fit::add_losses() {
    position().loss_sum +=
        exe_->status_value(kStatusLoss, lane()) + exe_->status_value(kStatusLossRest, lane());
}

// Waits for the device: the steps since the last time passed the gate, and their losses join the
// epoch's.
void Fit::collect() {
    check_gate();
    add_losses();
    steps_at_reset_ = report_.steps;
    session_.reset_status(lane());
    report_.loss =
        position().loss_sum / static_cast<double>(std::max<int64_t>(1, position().step_in_epoch));
}

bool Fit::validate() {
    if (!options_->validation) return true;
    const auto started = Budget::Clock::now();
    bool done = true;
    if (budget_)
        done = validate_in_pieces();
    else
        evaluation_ = session_.evaluate(*options_->validation);
    if (done) {
        report_.validation_loss = evaluation_.loss;
        report_.validation_accuracy = evaluation_.accuracy();
    }
    aside_ += seconds_since(started);
    return done;
}

bool Fit::validate_in_pieces() {
    const Samples &samples = *options_->validation;
    if (evaluated_theta_ != session_.net().theta_version() ||
        evaluation_.samples != samples.count())
        drop_launch();
    if (!launch_.under_way() && evaluated_ == 0) evaluation_ = session_.no_evaluation(samples);
    evaluated_theta_ = session_.net().theta_version();
    ProgramKey key = session_.evaluation_key(samples);
    key.instalments = true;
    for (; evaluated_ < samples.count(); evaluated_ += launch_.n(), launch_.drop()) {
        if (!launch_.begun()) {
            const int64_t n = std::min(exe_->max_batch(), samples.count() - evaluated_);
            launch_.begin(session_.net(), exe_->plan(key, n), n, 0,
                          1 / static_cast<double>(samples.count()));
        }
        const auto fill = [&](Plan &plan) {
            samples.check_rows(session_.net(), evaluated_, nullptr, launch_.n());
            samples.fill(plan, evaluated_, nullptr, exe_->ones());
        };
        if (!launch_.advance(*exe_, *budget_, fill)) return false;
        const auto finish = [&] {
            launch_.finish(*exe_);
            session_.add_part(launch_.plan(), evaluation_);
        };
        if (!budget_->spend(launch_.plan().finish_prediction(), finish)) return false;
    }
    evaluated_ = 0;
    return true;
}

// ---- Progress.

double Fit::seconds() const {
    return before_ + seconds_since(call_began_);
}

double Fit::rate_of_samples() const {
    return static_cast<double>(samples_done_) / std::max(seconds() - aside_, 1e-9);
}

double Fit::fraction() const {
    if (options_->epochs == FitOptions::kEndless) return 0;
    const int64_t to_do = options_->epochs * batches_ - first_step_;
    const int64_t done = position().epoch * batches_ + position().step_in_epoch - first_step_;
    if (to_do <= 0) return 1;
    return std::clamp(static_cast<double>(done) / static_cast<double>(to_do), 0.0, 1.0);
}

cnn_progress Fit::progress() const {
    cnn_progress p{};
    p.epoch = position().epoch;
    p.epochs = options_->epochs;
    p.step = report_.steps;
    p.steps =
        options_->epochs == FitOptions::kEndless ? 0 : options_->epochs * batches_ - first_step_;
    p.fraction = fraction();
    p.loss = report_.loss;
    p.learning_rate = rate_;
    p.validation_loss = report_.validation_loss;
    p.validation_accuracy = report_.validation_accuracy;
    p.seconds = seconds();
    p.samples_per_second = rate_of_samples();
    p.seconds_left = p.fraction > 0 ? p.seconds * (1 - p.fraction) / p.fraction : 0;
    return p;
}

void Fit::cancelled(const char *by) {
    fail(Status::cancelled, text("fit: cancelled by ", by, " after step ", report_.steps,
                                 " (epoch ", position().epoch + 1, ")"));
}

void Fit::call_progress(bool epoch_ended) {
    const auto started = Budget::Clock::now();
    cnn_progress p = progress();
    if (epoch_ended) --p.epoch;
    p.epoch_ended = epoch_ended;
    session_.set_in_callback(true);
    optimizer_->set_in_callback(true);
    const int32_t stop = options_->progress(&p, options_->user);
    optimizer_->set_in_callback(false);
    session_.set_in_callback(false);
    // It may have changed a key that steps are compiled for.
    session_.prepare_training(*optimizer_, "fit");
    last_progress_ = Budget::Clock::now();
    aside_ += between(started, last_progress_);
    if (budget_) budget_->seconds();
    if (stop != 0) cancelled("the progress callback");
}

void Fit::observe() {
    if (options_->progress_interval >= 0 &&
        seconds_since(last_progress_) < options_->progress_interval)
        return;
    if (!budget_) collect();
    last_progress_ = Budget::Clock::now();
    if (options_->progress) call_progress(false);
}

namespace {

void check_finite(const char *name, double value, double minimum) {
    if (!(value >= minimum) || !std::isfinite(value))
        fail(Status::out_of_range,
             text("fit: ", name, " is ", value, ", but must be finite and at least ", minimum));
}

void check_count(const char *name, int64_t value) {
    if (value < 0)
        fail(Status::out_of_range, text("fit: ", name, " is ", value, ", but must be >= 0"));
}

}  // namespace

FitOptions fit_options(const cnn_fit &fit, int64_t max_batch, bool instalments) {
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
    options.epochs = fit.epochs == 0 && !instalments ? 1 : fit.epochs;
    if (options.epochs == FitOptions::kEndless && fit.schedule == CNN_SCHEDULE_COSINE)
        fail(Status::invalid_argument,
             "fit_for: CNN_SCHEDULE_COSINE is over all epochs, but epochs is 0, without end");
    options.batch = fit.batch > 0 ? fit.batch : max_batch;
    options.seed = fit.seed;
    options.progress = fit.progress;
    options.user = fit.user;
    if (fit.progress_interval != 0) options.progress_interval = fit.progress_interval;
    options.shuffle = fit.no_shuffle == 0;
    options.resume = fit.resume != 0;
    options.restart = fit.restart != 0;
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

}  // namespace cnn

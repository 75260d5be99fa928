// Training for a number of epochs, written on the primitives.
#pragma once

#include "train/session.h"

namespace cnn {

struct FitOptions {
    int64_t epochs = 1;
    int64_t batch = 1;
    uint64_t seed = 0;
    const Samples *validation = nullptr;
    cnn_progress_function progress = nullptr;
    void *user = nullptr;
    double progress_interval = 0.1;  // seconds; negative: every step
    bool shuffle = true;
    bool resume = false;
    cnn_schedule schedule = CNN_SCHEDULE_CONSTANT;
    double schedule_factor = 1, schedule_period = 1, schedule_floor = 0;
    int64_t warmup_steps = 0;
};

// Checks the host's options against the compiled net and fills in defaults.
FitOptions fit_options(const cnn_fit &fit, int64_t max_batch);

// The learning rate at a step: epoch counts from 0, its fraction too.
double scheduled_rate(const FitOptions &options, double rate, double epoch, int64_t step);

// report is written also when an Error is thrown for a cancel or a loss that isn't finite.
void fit(Session &session, Optimizer &optimizer, const Samples &samples, const FitOptions &options,
         cnn_report &report);

}  // namespace cnn

// Tuning a device for a net: measured choices for its operations, kept in the device's database
// where they make the whole net faster.
#pragma once

#include <vector>

#include "base/log.h"
#include "train/session.h"

namespace cnn {

struct TuneOptions {
    CompileOptions compile;  // what the net will be compiled with
    double seconds = 20;
    cnn_tune_function progress = nullptr;
    void *user = nullptr;
};

// What one table makes of a program, relative to another.
struct Comparison {
    double ratio = 1;     // the median of b's seconds by a's
    double a = 0, b = 0;  // the least seconds
    bool sure = false;    // b was faster nearly always
};

// Whether b is the table to keep, by all programs: surely faster in one, in none slower beyond
// noise, and not in their sum.
bool is_gain(const std::vector<Comparison> &programs);

// Whether the device's database knows every operation that a plan of the net has, be it that
// nothing is better than what is planned anyway.
bool is_tuned(const Net &net, const Device &device, const CompileOptions &options);

// Measures what the net's programs consist of, on a clone of it that is compiled for the device.
// Throws Error(cancelled) where the callback or cnn_net_cancel asks for it; what was measured until
// then is dropped.
void tune(Session &net, const std::shared_ptr<Device> &device, const Log &log,
          const TuneOptions &options, cnn_tune_report &report);

}  // namespace cnn

// What tuning gains on convolutions of shapes that the defaults were not made for, each direction:
// the way that would be planned without it against the one with it, which run in turn. "gain" is
// the median of their ratios; the last line has the geometric mean. A tuned choice is one of the
// tuner's: below 1 it was wrong to be sure of it.
//   tune_convolutions [device, "opencl" or "opencl:0.0"] [seconds an operation] [part of a name]
//                     [cache directory, to keep what was found]
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "backend/measure.h"
#include "backend/registry.h"
#include "backend/tuning.h"
#include "base/error.h"
#include "convolution_group.h"
#include "graph/tuner.h"

namespace {

using namespace cnn;
using Clock = std::chrono::steady_clock;

const ConvolutionCase kCases[] = {
    {"3-5 3x3 24", 16, 3, 24, 24, 5, 3, 1, 1, 1},
    {"7-11 5x5 20", 32, 7, 20, 20, 11, 5, 1, 2, 1},
    {"1x1 12-20 28", 16, 12, 28, 28, 20, 1, 1, 0, 1},
    {"3-2 7x7 s2 33", 16, 3, 33, 33, 2, 7, 2, 3, 1},
    {"17-19 3x3 s2 15", 16, 17, 15, 15, 19, 3, 2, 1, 1},
    {"2-2 3x3 40", 16, 2, 40, 40, 2, 3, 1, 1, 1},
    {"9-9 9x9 16", 16, 9, 16, 16, 9, 9, 1, 4, 1},
    {"1x1 13-3 50", 16, 13, 50, 50, 3, 1, 1, 0, 1},
    {"5-10 11x11 s4 67", 4, 5, 67, 67, 10, 11, 4, 0, 1},
    {"b1 24-40 3x3 19", 1, 24, 19, 19, 40, 3, 1, 1, 1},
    {"b1 3-7 5x5 31", 1, 3, 31, 31, 7, 5, 1, 2, 1},
    {"b1 1x1 33-65 10", 1, 33, 10, 10, 65, 1, 1, 0, 1},
    {"24-24 3x3 14 g8", 16, 24, 14, 14, 24, 3, 1, 1, 8},
    {"dense 50-7", 32, 50, 1, 1, 7, 0, 1, 0, 1},
};

constexpr int kRounds = 21;
constexpr double kRoundSeconds = 4e-3;

void print_rejected(void *, int32_t, const char *message) {
    if (std::strstr(message, "rejected")) std::printf("  %s\n", message);
}

std::shared_ptr<Device> opened(const std::string &spec, const std::string &cache) {
    const size_t colon = std::min(spec.find(':'), spec.size());
    DeviceOptions options;
    options.allocator = std::make_shared<Allocator>();
    options.cache_directory = cache;
    for (const Backend &backend : backends())
        if (spec.substr(0, colon) == backend.name)
            return backend.open(spec.substr(std::min(colon + 1, spec.size())), options);
    std::fprintf(stderr, "no backend for %s\n", spec.c_str());
    std::exit(1);
}

// What a plan takes.
Candidate planned(const Device &device, const FusedOp &group, const TuningTable &table) {
    std::vector<Candidate> candidates;
    device.candidates(group, candidates);
    apply_tuning(device, table, group, candidates);
    return *std::min_element(
        candidates.begin(), candidates.end(),
        [](const Candidate &a, const Candidate &b) { return a.seconds < b.seconds; });
}

struct Gain {
    double ratio = 1, before = 0, after = 0;
};

Gain compare(Device &device, const FusedOp &group, const Candidate &a, const Candidate &b) {
    Measurement measurement(device, group);
    Contender before = measurement.contender(a), after = measurement.contender(b);
    std::vector<double> ratios;
    for (int round = 0; round < kRounds; ++round) {
        const double seconds = measurement.time(before, kRoundSeconds);
        ratios.push_back(seconds / measurement.time(after, kRoundSeconds));
    }
    std::nth_element(ratios.begin(), ratios.begin() + kRounds / 2, ratios.end());
    return {ratios[kRounds / 2], before.seconds, after.seconds};
}

class Bench {
  public:
    Bench(std::shared_ptr<Device> device, double seconds)
        : device_(std::move(device)), seconds_(seconds) {}

    void run(const ConvolutionCase &c) {
        const std::pair<OpKind, const char *> directions[] = {
            {OpKind::convolution, "forward"},
            {OpKind::convolution_backward_data, "data"},
            {OpKind::convolution_backward_weights, "weights"}};
        for (const auto &[kind, name] : directions) run(c, group_of(c, kind), name);
    }

    void print_mean() const {
        std::printf("geometric mean %.2f of %d, least %.2f\n", std::exp(logs_ / count_), count_,
                    least_);
    }

  private:
    void run(const ConvolutionCase &c, const FusedOp &group, const char *name) {
        const auto start = Clock::now();
        const Log log({nullptr, print_rejected, kLogInfo});
        GroupTuner tuner(*device_, group, c.name, log, [] {});
        const GroupTuning tuning = tuner.tune(start + std::chrono::duration_cast<Clock::duration>(
                                                          std::chrono::duration<double>(seconds_)));
        const double spent = std::chrono::duration<double>(Clock::now() - start).count();
        device_->tuning()->add(tuning.rows);
        TuningTable table;
        for (const TuningRow &row : tuning.rows) table.put(row);
        const Candidate before = planned(*device_, group, {});
        const Candidate after = planned(*device_, group, table);
        const bool same =
            before.algorithm == after.algorithm && before.parameters == after.parameters;
        const Gain gain = same ? Gain{} : compare(*device_, group, before, after);
        std::printf(
            "%-17s %-8s gain %.2f (%.1f -> %.1f us) %s -> %s %s; %d measured, %d "
            "rejected, %.1f s\n",
            c.name, name, gain.ratio, gain.before * 1e6, gain.after * 1e6, before.algorithm.c_str(),
            after.algorithm.c_str(), after.parameters.c_str(), static_cast<int>(tuning.measured),
            static_cast<int>(tuning.rejected), spent);
        std::fflush(stdout);
        logs_ += std::log(gain.ratio);
        least_ = std::min(least_, gain.ratio);
        ++count_;
    }

    std::shared_ptr<Device> device_;
    double seconds_, logs_ = 0, least_ = 1;
    int count_ = 0;
};

}  // namespace

int main(int count, char **arguments) {
    try {
        Bench bench(opened(count > 1 ? arguments[1] : "opencl", count > 4 ? arguments[4] : ""),
                    count > 2 ? std::atof(arguments[2]) : 10);
        for (const ConvolutionCase &c : kCases)
            if (count <= 3 || std::strstr(c.name, arguments[3]) != nullptr) bench.run(c);
        bench.print_mean();
    } catch (const Error &error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
    return 0;
}

// Choosing by measurement among the ways that a device has to run one group.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "backend/measure.h"
#include "backend/tuning.h"

namespace cnn {

struct GroupTuning {
    // What is to be known of the group: for each way its best parameters and its seconds.
    std::vector<TuningRow> rows;
    int64_t measured = 0, rejected = 0;
};

class GroupTuner {
  public:
    using Clock = std::chrono::steady_clock;

    // `name` is for messages. `pause` is called between measurements and may throw.
    GroupTuner(Device &device, const FusedOp &group, std::string name, const Log &log,
               std::function<void()> pause);

    // Measures the planned way, every other as the backend builds it while `last` isn't reached,
    // then variants until `end`; begins nothing else that is likely to end later. Another way than
    // the planned one, and other parameters, are taken only where they were faster by a twentieth
    // again and again. Once.
    GroupTuning tune(Clock::time_point end, Clock::time_point last);
    GroupTuning tune(Clock::time_point end) { return tune(end, end); }

  private:
    // One of the device's candidates.
    struct Way {
        Candidate candidate;
        std::optional<Contender> standard, best;
        size_t rank = 0;  // of the best among all variants by prediction, from 1
        std::vector<Candidate> variants;
        std::optional<double> first;  // seconds of the variant that prediction has first

        std::optional<Contender> &chosen() { return best ? best : standard; }
        const std::optional<Contender> &chosen() const { return best ? best : standard; }
    };
    struct Promise {
        size_t way, rank;
        double seconds;
    };

    void report(const Candidate &candidate, const std::string &what) const;
    bool has_time(Clock::time_point end) const;
    std::optional<Contender> make(const Candidate &candidate);
    void measure_standard(Clock::time_point last);
    std::vector<Promise> promises();
    void measure_variant(const Promise &promise);
    int rounds_won(Contender &before, Contender &after);
    void confirm(Way &way);
    void confirm_choice();
    void add_row(const Way &way);

    Device &device_;
    const FusedOp &group_;
    std::string name_;
    const Log &log_;
    std::function<void()> pause_;
    Measurement measurement_;
    std::vector<Way> ways_;
    double least_ = 0;  // of the ways as the backend builds them
    double step_ = 0;   // seconds that trying one took at most
    GroupTuning tuning_;
};

}  // namespace cnn

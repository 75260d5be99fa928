// Tuning one group: its ways as they are, then their variants by what they promise, then the best
// of each against what it would replace.
#include "graph/tuner.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/text.h"

namespace cnn {
namespace {

constexpr double kShortSeconds = 3e-3;  // of a first measurement
constexpr double kRoundSeconds = 6e-3;  // of one in a comparison
constexpr int kRounds = 5;              // of a comparison
constexpr double kGain = 0.95;          // what a variant must come to
constexpr double kHopeless = 8;         // times the fastest: not worth running
constexpr double kSlower = 2;           // how much slower what wasn't run is taken to be

std::string microseconds(double seconds) {
    return text(std::round(seconds * 1e7) / 10, " us");
}

}  // namespace

GroupTuner::GroupTuner(Device &device, const FusedOp &group, std::string name, const Log &log,
                       std::function<void()> pause)
    : device_(device),
      group_(group),
      name_(std::move(name)),
      log_(log),
      pause_(std::move(pause)),
      measurement_(device, group) {}

void GroupTuner::report(const Candidate &candidate, const std::string &what) const {
    if (log_.enabled(kLogInfo))
        log_.write(kLogInfo,
                   text("tune: ", name_, ": ", candidate.algorithm,
                        candidate.parameters.empty() ? "" : " ", candidate.parameters, ": ", what));
}

GroupTuning GroupTuner::tune(Clock::time_point end, Clock::time_point last) {
    measure_standard(last);
    if (least_ <= 0) return std::move(tuning_);
    for (const Promise &promise : promises()) {
        if (!has_time(end)) break;
        measure_variant(promise);
    }
    for (Way &way : ways_)
        if (way.best) confirm(way);
    confirm_choice();
    for (const Way &way : ways_) add_row(way);
    return std::move(tuning_);
}

// A driver's compiler can't be interrupted.
bool GroupTuner::has_time(Clock::time_point end) const {
    return std::chrono::duration<double>(end - Clock::now()).count() > step_;
}

// Ready and right, or nothing, having told why.
std::optional<Contender> GroupTuner::make(const Candidate &candidate) {
    pause_();
    const auto start = Clock::now();
    std::string wrong;
    try {
        Contender contender = measurement_.contender(candidate);
        wrong = measurement_.verdict(contender);
        ++tuning_.measured;
        step_ = std::max(step_, std::chrono::duration<double>(Clock::now() - start).count());
        if (wrong.empty()) return contender;
    } catch (const Error &error) {
        wrong = error.message;
    }
    ++tuning_.rejected;
    report(candidate, text("rejected: ", wrong));
    return {};
}

void GroupTuner::measure_standard(Clock::time_point last) {
    std::vector<Candidate> candidates;
    device_.candidates(group_, candidates);
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const Candidate &a, const Candidate &b) { return a.seconds < b.seconds; });
    for (const Candidate &candidate : candidates) {
        Way &way = ways_.emplace_back();
        way.candidate = candidate;
        if (least_ > 0 && candidate.seconds > kHopeless * candidates[0].seconds) {
            report(candidate, "passed over: predicted to be far slower");
            continue;
        }
        if (ways_.size() > 1 && !has_time(last)) continue;
        way.standard = make(candidate);
        if (!way.standard) continue;
        const double seconds = measurement_.time(*way.standard, kShortSeconds);
        least_ = least_ > 0 ? std::min(least_, seconds) : seconds;
    }
}

// Variants of all ways, by what the prediction makes of the measurement.
std::vector<GroupTuner::Promise> GroupTuner::promises() {
    std::vector<Promise> all;
    for (size_t i = 0; i < ways_.size(); ++i) {
        Way &way = ways_[i];
        if (!way.standard || way.standard->seconds > kHopeless * least_) continue;
        device_.variants(group_, way.candidate, way.variants);
        const double factor = way.standard->seconds / way.candidate.seconds;
        for (size_t k = 0; k < way.variants.size(); ++k)
            all.push_back({i, k, way.variants[k].seconds * factor});
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const Promise &a, const Promise &b) { return a.seconds < b.seconds; });
    return all;
}

void GroupTuner::measure_variant(const Promise &promise) {
    Way &way = ways_[promise.way];
    std::optional<Contender> contender = make(way.variants[promise.rank]);
    if (!contender) return;
    const double seconds = measurement_.time(*contender, kShortSeconds);
    if (log_.enabled(kLogDebug)) report(contender->candidate, microseconds(seconds));
    if (promise.rank == 0) way.first = seconds;
    if (seconds >= (way.best ? way.best->seconds : way.standard->seconds)) return;
    way.best = std::move(contender);
    way.rank = promise.rank + 1;
}

// Neither is believed to be faster for having met a quiet moment: they run in turn.
int GroupTuner::rounds_won(Contender &before, Contender &after) {
    pause_();
    int won = 0;
    for (int round = 0; round < kRounds; ++round) {
        const double seconds = measurement_.time(before, kRoundSeconds);
        won += measurement_.time(after, kRoundSeconds) < kGain * seconds;
    }
    return won;
}

void GroupTuner::confirm(Way &way) {
    const int won = rounds_won(*way.standard, *way.best);
    if (won >= kRounds - 1) {
        report(way.best->candidate,
               text(microseconds(way.best->seconds), ", as built before ",
                    microseconds(way.standard->seconds), "; prediction had it at ", way.rank,
                    " of ", way.variants.size(),
                    way.first ? text(", and its first came to ", microseconds(*way.first)) : ""));
        return;
    }
    report(way.best->candidate, text("no sure gain: faster in ", won, " of ", kRounds));
    way.best.reset();
}

// The way that is planned without a measurement, which comes first, is left for one that is surely
// faster.
void GroupTuner::confirm_choice() {
    std::optional<Contender> &planned = ways_[0].chosen();
    if (!planned) return;
    for (size_t i = 1; i < ways_.size(); ++i) {
        std::optional<Contender> &other = ways_[i].chosen();
        if (!other || other->seconds >= planned->seconds) continue;
        const int won = rounds_won(*planned, *other);
        if (won >= kRounds - 1) continue;
        report(other->candidate, text("no sure gain over ", planned->candidate.algorithm,
                                      ": faster in ", won, " of ", kRounds));
        other->seconds = std::max(other->seconds, planned->seconds / kGain);
    }
}

// What wasn't run, or was wrong, is slower than what was: its prediction may be of another scale.
void GroupTuner::add_row(const Way &way) {
    TuningRow row;
    row.device = device_.tuning()->devices().front();
    row.operation = operation_key(group_);
    row.candidate = candidate_key(group_, way.candidate);
    if (const std::optional<Contender> &chosen = way.chosen()) {
        row.parameters = chosen->candidate.parameters;
        row.seconds = chosen->seconds;
    } else {
        row.seconds = std::max(way.candidate.seconds, kSlower * least_);
    }
    tuning_.rows.push_back(std::move(row));
}

}  // namespace cnn

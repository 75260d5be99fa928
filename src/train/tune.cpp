// Tuning for a net: its distinct operations, those that take longest first, and then the whole of
// it with and without what they taught.
#include "train/tune.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>

#include "base/fpenv.h"
#include "base/text.h"
#include "graph/tuner.h"
#include "train/any_samples.h"
#include "train/copy.h"

namespace cnn {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kWholeShare = 0.2;  // of the time, for comparing whole nets
constexpr double kRebuilt = 0.3;     // of a net's first compile, what another of it takes
constexpr double kGain = 0.98;       // what the whole must come to
constexpr double kNoise = 1.02;      // no program may come to more
constexpr int kLeastRounds = 5;      // fewer would be luck
constexpr int kMostRounds = 41;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

Clock::time_point after(Clock::time_point start, double seconds) {
    return start + std::chrono::duration_cast<Clock::duration>(
                       std::chrono::duration<double>(std::min(seconds, 1e9)));
}

// An operation that the net has, and what its best way is predicted to take, over all places.
struct Work {
    FusedOp group;
    std::string name;
    double seconds = 0;
};

// Calls visit(group, candidates) for what there is to choose of all programs.
template <class Visit>
void for_each_choice(const Net &net, const Device &device, const CompileOptions &options,
                     Visit &&visit) {
    for (const ProgramKey &key : first_programs(net, options, false)) {
        for (FusedOp &group : groups_of(net, key, device, options.accept)) {
            std::vector<Candidate> candidates;
            if (is_tunable(group)) device.candidates(group, candidates);
            if (!candidates.empty()) visit(group, candidates);
        }
    }
}

// Whether the table has a row of just this operation on just this device.
bool knows(const Device &device, const TuningTable &table, const FusedOp &group,
           const Candidate &candidate) {
    const std::vector<std::string> &devices = device.tuning()->devices();
    const TuningRow *row = table.find({devices.front()}, group, candidate);
    return row && row->operation == operation_key(group);
}

// A clone of the net, compiled by a table, and a run of each program that counts.
class Whole {
  public:
    Whole(Session &from, const std::shared_ptr<Device> &device, CompileOptions options,
          std::shared_ptr<const TuningTable> table);

    size_t programs() const { return trains_ ? 2 : 1; }
    // Seconds of a run of the first program, inference, or the second, a training step without its
    // update.
    double seconds(size_t program);

  private:
    Session session_;
    bool trains_;
    AnySamples samples_;
    std::vector<std::vector<float>> results_;
    std::vector<cnn_view> outputs_;
};

Whole::Whole(Session &from, const std::shared_ptr<Device> &device, CompileOptions options,
             std::shared_ptr<const TuningTable> table)
    : session_(from.net().name(), from.net().seed()),
      trains_(!options.inference_only && !from.net().losses().empty()),
      samples_(from.net(), options.max_batch, trains_) {
    session_.hear_cancels_of(from);
    clone_into(from, session_);
    options.tuning = std::move(table);
    session_.compile(device, {}, options);
    for (int32_t node : session_.net().outputs()) {
        auto &values = results_.emplace_back(
            static_cast<size_t>(options.max_batch * session_.net().node(node).shape.elements()));
        cnn_view view{};
        view.data = values.data();
        view.elements = static_cast<int64_t>(values.size());
        outputs_.push_back(view);
    }
}

double Whole::seconds(size_t program) {
    const auto start = Clock::now();
    session_.begin_call();
    if (program == 0) {
        session_.run(samples_.inputs().data(), static_cast<int32_t>(samples_.inputs().size()),
                     outputs_.data(), static_cast<int32_t>(outputs_.size()), false, false);
    } else {
        double loss = 0;
        session_.loss_gradient(session_.checked("tune", samples_.get(), true), true, &loss);
    }
    return seconds_since(start);
}

// What compiling it took, and what a comparison with another needs at the least.
struct WholeCost {
    double compile = 0, rounds = 0;
};

// They run in turn, for whatever slows the machine slows both.
Comparison compare(Whole &a, Whole &b, size_t program, double seconds) {
    Comparison result;
    result.a = a.seconds(program);
    result.b = b.seconds(program);
    std::vector<double> ratios;
    const auto end = after(Clock::now(), seconds);
    int faster = 0;
    for (int round = 0; round < kMostRounds && (round < kLeastRounds || Clock::now() < end);
         ++round) {
        const double first = a.seconds(program), second = b.seconds(program);
        result.a = std::min(result.a, first);
        result.b = std::min(result.b, second);
        faster += second < first;
        ratios.push_back(second / first);
    }
    std::nth_element(ratios.begin(),
                     ratios.begin() + static_cast<std::ptrdiff_t>(ratios.size() / 2), ratios.end());
    result.ratio = ratios[ratios.size() / 2];
    result.sure = faster * 10 >= static_cast<int>(ratios.size()) * 7;
    return result;
}

class NetTuner {
  public:
    NetTuner(Session &net, const std::shared_ptr<Device> &device, const Log &log,
             const TuneOptions &options, cnn_tune_report &report)
        : net_(net), device_(device), log_(log), options_(options), report_(report) {}

    void run();

  private:
    void collect();
    void pause(size_t done, const std::string &name);
    void build_whole();
    double left() const { return options_.seconds - seconds_since(start_); }
    void tune_groups();
    bool improves(const std::vector<TuningRow> &rows);
    std::vector<TuningRow> parameters_only() const;
    std::vector<TuningRow> remaining(const std::vector<TuningRow> &found) const;

    Session &net_;
    const std::shared_ptr<Device> &device_;
    const Log &log_;
    const TuneOptions &options_;
    cnn_tune_report &report_;
    Clock::time_point start_ = Clock::now();
    std::vector<Work> work_;
    std::vector<TuningRow> rows_;
    std::shared_ptr<const TuningTable> before_;
    std::optional<Whole> as_is_;
    WholeCost whole_cost_;
};

// The tunable groups of all programs, those alike once.
void NetTuner::collect() {
    std::map<std::string, size_t> known;
    const auto add = [&](FusedOp &group, const std::vector<Candidate> &candidates) {
        const auto best = std::min_element(
            candidates.begin(), candidates.end(),
            [](const Candidate &a, const Candidate &b) { return a.seconds < b.seconds; });
        const auto [at, added] = known.emplace(operation_key(group), work_.size());
        const int32_t node = group.head().node;
        if (added)
            work_.push_back(
                {std::move(group), node < 0 ? std::string("?") : net_.net().node(node).name, 0});
        work_[at->second].seconds += best->seconds;
    };
    for_each_choice(net_.net(), *device_, options_.compile, add);
    std::stable_sort(work_.begin(), work_.end(),
                     [](const Work &a, const Work &b) { return a.seconds > b.seconds; });
}

void NetTuner::pause(size_t done, const std::string &name) {
    net_.check_cancelled("tune");
    if (!options_.progress) return;
    cnn_tune_progress progress{};
    progress.operations = static_cast<int64_t>(work_.size());
    progress.operation = static_cast<int64_t>(done);
    progress.seconds = seconds_since(start_);
    progress.fraction = std::min(1.0, progress.seconds / options_.seconds);
    const size_t length = std::min(name.size(), sizeof progress.name - 1);
    std::copy_n(name.data(), length, progress.name);
    net_.set_in_callback(true);
    const bool cancelled = options_.progress(&progress, options_.user) != 0;
    net_.set_in_callback(false);
    if (cancelled) fail(Status::cancelled, "tune: cancelled by its callback");
}

// As it is without what will be found: first, so that what a comparison takes is known.
void NetTuner::build_whole() {
    pause(0, "the whole net");
    const auto start = Clock::now();
    before_ = device_->tuning()->table();
    as_is_.emplace(net_, device_, options_.compile, before_);
    for (size_t program = 0; program < as_is_->programs(); ++program) as_is_->seconds(program);
    whole_cost_.compile = seconds_since(start);
    for (size_t program = 0; program < as_is_->programs(); ++program)
        report_.seconds_before += as_is_->seconds(program);
    report_.seconds_after = report_.seconds_before;
    whole_cost_.rounds = 2 * (kLeastRounds + 1) * report_.seconds_before;
}

// Each operation's time is its share of what is left; what it leaves is the others'. The end is for
// the comparison of whole nets, the new one of which is built of programs that are there by then.
void NetTuner::tune_groups() {
    double left = 0;
    for (const Work &work : work_) left += work.seconds;
    const double reserve = std::max(options_.seconds * kWholeShare,
                                    kRebuilt * whole_cost_.compile + whole_cost_.rounds);
    const auto end = after(start_, options_.seconds - reserve);
    for (size_t i = 0; i < work_.size(); ++i) {
        const Work &work = work_[i];
        const auto now = Clock::now();
        if (i > 0 && now >= end) break;
        const auto rest = std::chrono::duration<double>(end - now).count();
        GroupTuner tuner(*device_, work.group, work.name, log_, [&] { pause(i, work.name); });
        GroupTuning tuning = tuner.tune(after(now, rest * work.seconds / left), end);
        left -= work.seconds;
        report_.measured += tuning.measured;
        report_.rejected += tuning.rejected;
        ++report_.operations;
        for (TuningRow &row : tuning.rows) rows_.push_back(std::move(row));
    }
}

bool NetTuner::improves(const std::vector<TuningRow> &rows) {
    auto table = std::make_shared<TuningTable>(*before_);
    for (const TuningRow &row : rows) table->put(row);
    Whole &as_is = *as_is_;
    Whole tuned(net_, device_, options_.compile, table);
    const double time = std::min(left(), options_.seconds * kWholeShare / 2);
    std::vector<Comparison> programs;
    double total_before = 0, total_after = 0;
    for (size_t program = 0; program < as_is.programs(); ++program) {
        pause(work_.size(), "the whole net");
        const double share = time / static_cast<double>(as_is.programs());
        const Comparison result = compare(as_is, tuned, program, share);
        programs.push_back(result);
        total_before += result.a;
        total_after += result.a * result.ratio;
        if (log_.enabled(kLogInfo))
            log_.write(kLogInfo,
                       text("tune: ", program == 0 ? "a run" : "a training step", " takes ",
                            result.ratio, " of the time before, ", result.a * 1e3, " ms"));
    }
    const bool gain = is_gain(programs);
    report_.seconds_before = total_before;
    report_.seconds_after = gain ? total_after : total_before;
    return gain;
}

// Without the seconds, by which plans would choose other ways.
std::vector<TuningRow> NetTuner::parameters_only() const {
    std::vector<TuningRow> rows = rows_;
    for (TuningRow &row : rows) row.seconds = 0;
    return rows;
}

// That there is nothing to be found for what has no row otherwise, so that a compile doesn't look
// again: it was no better, or there was no time.
std::vector<TuningRow> NetTuner::remaining(const std::vector<TuningRow> &found) const {
    TuningTable known = *device_->tuning()->table();
    for (const TuningRow &row : found) known.put(row);
    std::vector<TuningRow> rows;
    for (const Work &work : work_) {
        std::vector<Candidate> candidates;
        device_->candidates(work.group, candidates);
        for (const Candidate &candidate : candidates) {
            TuningRow row;
            row.device = device_->tuning()->devices().front();
            row.operation = operation_key(work.group);
            row.candidate = candidate_key(work.group, candidate);
            if (!known.has(row)) rows.push_back(std::move(row));
        }
    }
    return rows;
}

void NetTuner::run() {
    collect();
    build_whole();
    tune_groups();
    const auto is_choice = [](const TuningRow &row) {
        return row.seconds > 0 || !row.parameters.empty();
    };
    std::vector<TuningRow> kept = rows_;
    if (!kept.empty() && !improves(kept)) {
        kept = parameters_only();
        const bool late = left() < kRebuilt * whole_cost_.compile + whole_cost_.rounds;
        if (late || std::none_of(kept.begin(), kept.end(), is_choice) || !improves(kept))
            kept.clear();
    }
    report_.kept = std::count_if(kept.begin(), kept.end(), is_choice);
    for (TuningRow &row : remaining(kept)) kept.push_back(std::move(row));
    device_->tuning()->add(kept);
    report_.seconds = seconds_since(start_);
    if (log_.enabled(kLogInfo))
        log_.write(kLogInfo, text("tune: ", report_.operations, " operations, ", report_.measured,
                                  " ways measured, ", report_.rejected, " rejected, ", report_.kept,
                                  " choices kept, ", report_.seconds, " s"));
}

}  // namespace

bool is_gain(const std::vector<Comparison> &programs) {
    bool faster = false;
    double before = 0, after = 0;
    for (const Comparison &program : programs) {
        if (program.ratio > kNoise) return false;
        faster = faster || (program.ratio < kGain && program.sure);
        before += program.a;
        after += program.a * program.ratio;
    }
    return faster && after < before;
}

bool is_tuned(const Net &net, const Device &device, const CompileOptions &options) {
    const std::shared_ptr<const TuningTable> table = device.tuning()->table();
    bool all = true;
    for_each_choice(net, device, options,
                    [&](const FusedOp &group, const std::vector<Candidate> &candidates) {
                        all = all && knows(device, *table, group, candidates.front());
                    });
    return all;
}

void tune(Session &net, const std::shared_ptr<Device> &device, const Log &log,
          const TuneOptions &options, cnn_tune_report &report) {
    net.net().throw_mistake();
    net.net().check_bound("tune");
    if (net.net().nodes().empty() || net.net().inputs().empty())
        fail(Status::bad_state, "tune: the net has no input");
    // The reference has one way for everything.
    if (!device->tuning()) return;
    const DefaultFloatEnvironment environment;
    NetTuner(net, device, log, options, report).run();
}

}  // namespace cnn

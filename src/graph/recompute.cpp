// A search among sets of dropped activations, each judged by the whole plan that it makes:
// segments of the forward pass between activations that are kept, of several lengths, then one
// activation after the other.
#include "graph/recompute.h"

#include <algorithm>
#include <limits>

namespace cnn {

namespace {

size_t index(int64_t value) {
    return static_cast<size_t>(value);
}

// Whether each value is dropped, by those who own their memory.
using Dropped = std::vector<bool>;

// The uses of values that may be dropped, by owner.
class Uses {
  public:
    explicit Uses(const Timeline &timeline);

    struct Activation {
        int64_t value = -1;
        size_t writer = 0;   // its step
        size_t last = 0;     // that reads it in the forward pass
        bool saved = false;  // for the backward pass
        // No other activation is wanted by the rest of the forward pass at some time.
        bool alone = false;
    };

    const std::vector<Activation> &activations() const { return activations_; }
    int64_t owner(int64_t value) const { return owner_[index(value)]; }
    size_t writer(int64_t owner) const { return writer_[index(owner)]; }

  private:
    void find_writers(const Timeline &timeline);
    bool reads_changing(const Timeline::Step &step) const;
    void find_activations(const Timeline &timeline);
    void find_readers(const Timeline &timeline);
    void find_alone();

    std::vector<int64_t> owner_;
    std::vector<size_t> writer_;
    std::vector<int> writes_;
    std::vector<Activation> activations_;  // in the order of their writers
};

Uses::Uses(const Timeline &timeline) : owner_(owners(timeline)) {
    find_writers(timeline);
    find_activations(timeline);
    find_readers(timeline);
    find_alone();
}

void Uses::find_writers(const Timeline &timeline) {
    writer_.assign(timeline.values.size(), 0);
    writes_.assign(timeline.values.size(), 0);
    for (size_t s = 0; s < timeline.steps.size(); ++s) {
        const Timeline::Step &step = timeline.steps[s];
        for (size_t i = step.inputs; i < step.operands.size(); ++i) {
            if (step.operands[i] < 0) continue;
            writer_[index(owner(step.operands[i]))] = s;
            ++writes_[index(owner(step.operands[i]))];
        }
    }
}

bool Uses::reads_changing(const Timeline::Step &step) const {
    return std::any_of(step.operands.begin(), step.operands.end(), [&](int64_t value) {
        return value >= 0 && writes_[index(owner(value))] > 1;
    });
}

void Uses::find_activations(const Timeline &timeline) {
    std::vector<bool> kept(timeline.values.size(), false);
    int64_t largest = 0;
    for (size_t i = 0; i < timeline.values.size(); ++i) {
        if (timeline.values[i].kept) kept[index(owner_[i])] = true;
        largest = std::max(largest, timeline.values[i].bytes);
    }
    // What is smaller is not worth a launch.
    const int64_t least = largest / 256;
    for (size_t s = 0; s < timeline.second_pass; ++s) {
        const Timeline::Step &step = timeline.steps[s];
        if (!step.repeatable || step.operands.size() != step.inputs + 1 || reads_changing(step))
            continue;
        const int64_t made = owner(step.operands.back());
        if (kept[index(made)] || timeline.values[index(made)].bytes < least) continue;
        activations_.push_back({made, s, s});
    }
}

void Uses::find_readers(const Timeline &timeline) {
    std::vector<Activation *> of(timeline.values.size(), nullptr);
    for (Activation &activation : activations_) of[index(activation.value)] = &activation;
    for (size_t s = 0; s < timeline.steps.size(); ++s)
        for (size_t i = 0; i < timeline.steps[s].inputs; ++i) {
            const int64_t value = timeline.steps[s].operands[i];
            Activation *const read = value < 0 ? nullptr : of[index(owner(value))];
            if (!read) continue;
            if (s < timeline.second_pass)
                read->last = s;
            else
                read->saved = true;
        }
}

void Uses::find_alone() {
    size_t others = 0;  // until when those before are wanted
    for (size_t i = 0; i < activations_.size(); ++i) {
        const bool last = i + 1 == activations_.size();
        const size_t next = last ? activations_[i].last + 1 : activations_[i + 1].writer;
        activations_[i].alone = others < next;
        others = std::max(others, activations_[i].last);
    }
}

class Search {
  public:
    Search(const Timeline &timeline, const std::function<bool(int64_t)> &fits)
        : timeline_(timeline),
          fits_(fits),
          uses_(timeline),
          tries_(std::clamp<size_t>(kWork / std::max<size_t>(1, timeline.steps.size()), kFewest,
                                    kMost)) {}

    Recomputation run();

  private:
    // So that a plan of thousands of steps doesn't take minutes.
    static constexpr size_t kWork = 4'000'000, kFewest = 400, kMost = 4000;

    struct Found {
        Dropped dropped;
        Recomputation plan;
    };

    Recomputation with(const Dropped &dropped) const;
    void run_again(Recomputation &plan, int64_t wanted, const Dropped &dropped,
                   std::vector<int64_t> &made) const;
    std::vector<size_t> steps_again(int64_t wanted, const Dropped &dropped,
                                    const std::vector<int64_t> &made) const;
    void append(Recomputation &plan, size_t step, const std::vector<int64_t> &made) const;
    bool attempt(const Dropped &dropped);
    double density(const Uses::Activation &activation) const;
    std::vector<double> densities() const;
    Dropped segments(int64_t length, double most_density, bool at_alone) const;
    void try_segments();
    void shrink();
    void keep_more();

    const Timeline &timeline_;
    const std::function<bool(int64_t)> &fits_;
    Uses uses_;
    size_t tries_;
    Found cheapest_, smallest_;  // that fits; of all
    bool found_ = false;         // the cheapest
};

void Search::append(Recomputation &plan, size_t step, const std::vector<int64_t> &made) const {
    plan.timeline.steps.push_back(timeline_.steps[step]);
    plan.origins.push_back(step);
    for (int64_t &value : plan.timeline.steps.back().operands)
        if (value >= 0 && made[index(uses_.owner(value))] >= 0)
            value = made[index(uses_.owner(value))];
}

// The steps that give it from what is there.
std::vector<size_t> Search::steps_again(int64_t wanted, const Dropped &dropped,
                                        const std::vector<int64_t> &made) const {
    std::vector<bool> wants(uses_.writer(wanted) + 1, false);
    wants.back() = true;
    std::vector<size_t> steps;
    size_t open = 1;
    for (size_t s = wants.size(); open > 0 && s-- > 0;) {
        if (!wants[s]) continue;
        --open;
        steps.push_back(s);
        for (size_t i = 0; i < timeline_.steps[s].inputs; ++i) {
            const int64_t value = timeline_.steps[s].operands[i];
            if (value < 0) continue;
            const int64_t owner = uses_.owner(value);
            if (!dropped[index(owner)] || made[index(owner)] >= 0 || wants[uses_.writer(owner)])
                continue;
            wants[uses_.writer(owner)] = true;
            ++open;
        }
    }
    std::reverse(steps.begin(), steps.end());
    return steps;
}

void Search::run_again(Recomputation &plan, int64_t wanted, const Dropped &dropped,
                       std::vector<int64_t> &made) const {
    for (size_t step : steps_again(wanted, dropped, made)) {
        const int64_t owner = uses_.owner(timeline_.steps[step].operands.back());
        made[index(owner)] = plan.timeline.add({timeline_.values[index(owner)].bytes});
        append(plan, step, made);
        plan.seconds += timeline_.steps[step].seconds;
        int64_t &workspace = plan.timeline.steps.back().workspace;
        if (workspace >= 0)
            workspace = plan.timeline.add({timeline_.values[index(workspace)].bytes});
    }
}

Recomputation Search::with(const Dropped &dropped) const {
    Recomputation plan;
    plan.timeline.values = timeline_.values;
    plan.timeline.second_pass = timeline_.second_pass;
    std::vector<int64_t> made(timeline_.values.size(), -1);
    for (size_t s = 0; s < timeline_.steps.size(); ++s) {
        const Timeline::Step &step = timeline_.steps[s];
        if (s == timeline_.repeated) plan.timeline.repeated = plan.timeline.steps.size();
        for (size_t i = 0; s >= timeline_.second_pass && i < step.inputs; ++i) {
            if (step.operands[i] < 0) continue;
            const int64_t owner = uses_.owner(step.operands[i]);
            if (dropped[index(owner)] && made[index(owner)] < 0)
                run_again(plan, owner, dropped, made);
        }
        append(plan, s, made);
    }
    return plan;
}

// Whether it fits and is cheaper than all before that do.
bool Search::attempt(const Dropped &dropped) {
    if (tries_ == 0) return false;
    --tries_;
    Recomputation plan = with(dropped);
    const Lifetimes living = lifetimes(plan.timeline);
    const bool first = smallest_.dropped.empty();
    const int64_t bound = peak(plan.timeline, living);
    if (!first && !fits_(bound) && bound >= smallest_.plan.arena_bytes) return false;
    std::vector<int64_t> offsets;
    plan.arena_bytes = place(plan.timeline, living, offsets);
    const bool cheaper =
        fits_(plan.arena_bytes) &&
        (!found_ || plan.seconds < cheapest_.plan.seconds ||
         (plan.seconds == cheapest_.plan.seconds && plan.repeats() < cheapest_.plan.repeats()));
    if (cheaper) {
        found_ = true;
        cheapest_ = {dropped, plan};
    }
    if (first || plan.arena_bytes < smallest_.plan.arena_bytes)
        smallest_ = {dropped, std::move(plan)};
    return cheaper;
}

double Search::density(const Uses::Activation &activation) const {
    return timeline_.steps[activation.writer].seconds /
           static_cast<double>(timeline_.values[index(activation.value)].bytes);
}

// Quartiles of seconds a byte.
std::vector<double> Search::densities() const {
    std::vector<double> all;
    for (const Uses::Activation &activation : uses_.activations())
        if (activation.saved) all.push_back(density(activation));
    std::sort(all.begin(), all.end());
    std::vector<double> chosen{std::numeric_limits<double>::infinity()};
    for (size_t quarter = 1; quarter < 4 && !all.empty(); ++quarter)
        chosen.push_back(all[all.size() * quarter / 4]);
    return chosen;
}

// Drops so many bytes of what takes no longer for each byte, and keeps the next, or the next that
// stands alone.
Dropped Search::segments(int64_t length, double most_density, bool at_alone) const {
    Dropped dropped(timeline_.values.size(), false);
    int64_t bytes = 0;
    for (const Uses::Activation &activation : uses_.activations()) {
        const int64_t more = activation.saved ? timeline_.values[index(activation.value)].bytes : 0;
        const bool ends = activation.saved && bytes + more > length;
        if (density(activation) > most_density || (ends && (activation.alone || !at_alone))) {
            bytes = 0;
            continue;
        }
        dropped[index(activation.value)] = true;
        bytes += more;
    }
    return dropped;
}

void Search::try_segments() {
    constexpr int kLengths = 24;
    int64_t total = 0;
    for (const Uses::Activation &activation : uses_.activations())
        if (activation.saved) total += timeline_.values[index(activation.value)].bytes;
    for (double density : densities())
        for (bool at_alone : {false, true}) {
            auto length = static_cast<double>(total);
            for (int i = 0; i < kLengths; ++i, length /= 1.4142)
                attempt(segments(static_cast<int64_t>(length), density, at_alone));
        }
}

// Drops or keeps one after the other as long as that takes less memory, until it fits.
void Search::shrink() {
    for (bool better = true; better && !found_ && tries_ > 0;) {
        better = false;
        for (const Uses::Activation &activation : uses_.activations()) {
            Dropped other = smallest_.dropped;
            other[index(activation.value)] = !other[index(activation.value)];
            const int64_t before = smallest_.plan.arena_bytes;
            attempt(other);
            better = better || smallest_.plan.arena_bytes < before;
            if (found_) return;
        }
    }
}

// Keeps what takes longest while it still fits.
void Search::keep_more() {
    std::vector<Uses::Activation> order = uses_.activations();
    std::stable_sort(
        order.begin(), order.end(), [&](const Uses::Activation &a, const Uses::Activation &b) {
            return timeline_.steps[a.writer].seconds > timeline_.steps[b.writer].seconds;
        });
    for (const Uses::Activation &activation : order) {
        if (!cheapest_.dropped[index(activation.value)]) continue;
        Dropped other = cheapest_.dropped;
        other[index(activation.value)] = false;
        attempt(other);
    }
}

Recomputation Search::run() {
    attempt(Dropped(timeline_.values.size(), false));
    try_segments();
    if (!found_) shrink();
    if (!found_) return std::move(smallest_.plan);
    keep_more();
    return std::move(cheapest_.plan);
}

}  // namespace

size_t Recomputation::repeats() const {
    std::vector<bool> ran(origins.size(), false);
    size_t count = 0;
    for (size_t origin : origins) {
        if (ran[origin]) ++count;
        ran[origin] = true;
    }
    return count;
}

Recomputation recompute(const Timeline &timeline, const std::function<bool(int64_t)> &fits) {
    return Search(timeline, fits).run();
}

}  // namespace cnn

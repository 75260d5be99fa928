// Lifetimes from first to last use, and their places in the arena.
#include "graph/timeline.h"

#include <algorithm>

#include "graph/arena.h"

namespace cnn {

namespace {

size_t index(int64_t value) {
    return static_cast<size_t>(value);
}

int64_t owner_of(const std::vector<int64_t> &owner, int64_t value) {
    while (owner[index(value)] != value) value = owner[index(value)];
    return value;
}

class Living {
  public:
    explicit Living(const Timeline &timeline)
        : timeline_(timeline),
          end_(static_cast<int64_t>(timeline.steps.size())),
          found_{owners(timeline), std::vector<int64_t>(timeline.values.size(), end_),
                 std::vector<int64_t>(timeline.values.size(), -1)} {}

    Lifetimes run();

  private:
    void touch(int64_t value, int64_t step) {
        if (value < 0) return;
        const size_t i = index(found_.owner[index(value)]);
        if (timeline_.values[i].constant) return;
        found_.first[i] = std::min(found_.first[i], step);
        found_.last[i] = std::max(found_.last[i], step);
    }
    void find_uses();
    void keep_for_repetition();
    void share_in_place();

    const Timeline &timeline_;
    const int64_t end_;
    Lifetimes found_;
};

void Living::find_uses() {
    for (int64_t i = 0; i < end_; ++i) {
        const Timeline::Step &step = timeline_.steps[index(i)];
        for (int64_t value : step.operands) touch(value, i);
        touch(step.workspace, i);
    }
    for (size_t i = 0; i < timeline_.values.size(); ++i)
        if (timeline_.values[i].kept) touch(static_cast<int64_t>(i), end_);
}

// What a repetition reads and doesn't make anew outlives it.
void Living::keep_for_repetition() {
    const auto repeated =
        static_cast<int64_t>(std::min(timeline_.repeated, timeline_.steps.size()));
    for (size_t i = 0; i < found_.last.size(); ++i)
        if (found_.first[i] < repeated && found_.last[i] >= repeated) found_.last[i] = end_;
}

void Living::share_in_place() {
    auto &owner = found_.owner;
    for (int64_t i = 0; i < end_; ++i) {
        const Timeline::Step &step = timeline_.steps[index(i)];
        if (!step.in_place) continue;
        const int64_t from = owner_of(owner, step.operands[0]);
        const int64_t to = owner_of(owner, step.operands[step.inputs]);
        if (from == to || found_.last[index(from)] != i ||
            timeline_.values[index(from)].bytes != timeline_.values[index(to)].bytes)
            continue;
        owner[index(to)] = from;
        found_.last[index(from)] = std::max(i, found_.last[index(to)]);
    }
    for (int64_t &value : owner) value = owner_of(owner, value);
}

Lifetimes Living::run() {
    find_uses();
    keep_for_repetition();
    share_in_place();
    return std::move(found_);
}

template <class Visit>
void for_owners(const Lifetimes &lifetimes, const Visit &visit) {
    for (size_t i = 0; i < lifetimes.owner.size(); ++i)
        if (index(lifetimes.owner[i]) == i && lifetimes.last[i] >= lifetimes.first[i]) visit(i);
}

}  // namespace

std::vector<int64_t> owners(const Timeline &timeline) {
    std::vector<int64_t> owner(timeline.values.size());
    for (size_t i = 0; i < owner.size(); ++i) {
        const int64_t same_as = timeline.values[i].same_as;
        owner[i] = same_as >= 0 ? owner[index(same_as)] : static_cast<int64_t>(i);
    }
    return owner;
}

Lifetimes lifetimes(const Timeline &timeline) {
    return Living(timeline).run();
}

int64_t peak(const Timeline &timeline, const Lifetimes &lifetimes) {
    std::vector<int64_t> change(timeline.steps.size() + 2, 0);
    for_owners(lifetimes, [&](size_t i) {
        change[index(lifetimes.first[i])] += timeline.values[i].bytes;
        change[index(lifetimes.last[i]) + 1] -= timeline.values[i].bytes;
    });
    int64_t now = 0, most = 0;
    for (int64_t bytes : change) most = std::max(most, now += bytes);
    return most;
}

int64_t place(const Timeline &timeline, const Lifetimes &lifetimes, std::vector<int64_t> &offsets) {
    std::vector<Interval> intervals;
    std::vector<size_t> placed;
    for_owners(lifetimes, [&](size_t i) {
        intervals.push_back({timeline.values[i].bytes, lifetimes.first[i], lifetimes.last[i]});
        placed.push_back(i);
    });
    std::vector<int64_t> found;
    const int64_t bytes = assign_offsets(intervals, found);
    offsets.assign(timeline.values.size(), 0);
    for (size_t k = 0; k < placed.size(); ++k) offsets[placed[k]] = found[k];
    for (size_t i = 0; i < offsets.size(); ++i) offsets[i] = offsets[index(lifetimes.owner[i])];
    return bytes;
}

}  // namespace cnn

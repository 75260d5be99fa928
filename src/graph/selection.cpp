// Choosing candidates: coordinate descent from several starts. A tensor has the layout that its
// writer chose; every other layout that a reader wants costs one reorder, shared by all who want
// it.
#include "graph/selection.h"

#include <algorithm>
#include <limits>

#include "base/text.h"
#include "graph/reorder.h"

namespace cnn {

namespace {

// The place where a group reads or writes a tensor.
struct Use {
    size_t group;
    size_t operand;
};

class Chooser {
  public:
    Chooser(const Net &net, const Program &program, const Device &device,
            const std::vector<FusedOp> &groups, const std::vector<std::vector<TensorId>> &operands,
            bool theta_changes, const TuningTable *tuning);

    Selection run();

  private:
    void collect(const Net &net, size_t group);
    const Layout &layout(const Use &use) const {
        return candidates_[use.group][choice_[use.group]].layouts[use.operand];
    }
    double reorder_seconds(TensorId id, const Layout &from, const Layout &to) const;
    double tensor_seconds(TensorId id) const;
    double group_seconds(size_t group) const;
    double total_seconds() const;
    void start_cheapest();
    void start_from(const Layout &layout);
    void descend();

    const Program &program_;
    const Device &device_;
    const std::vector<FusedOp> &groups_;
    const std::vector<std::vector<TensorId>> &operands_;
    bool theta_changes_;
    const TuningTable *tuning_;
    std::vector<std::vector<Candidate>> candidates_;
    std::vector<std::vector<Use>> readers_;  // by tensor
    std::vector<Use> writer_;                // by tensor; group is npos where there is none
    std::vector<bool> fetched_;              // read by the host, in plain layout
    std::vector<size_t> choice_;
};

constexpr size_t kNone = std::numeric_limits<size_t>::max();

Chooser::Chooser(const Net &net, const Program &program, const Device &device,
                 const std::vector<FusedOp> &groups,
                 const std::vector<std::vector<TensorId>> &operands, bool theta_changes,
                 const TuningTable *tuning)
    : program_(program),
      device_(device),
      groups_(groups),
      operands_(operands),
      theta_changes_(theta_changes),
      tuning_(tuning),
      candidates_(groups.size()),
      readers_(program.tensors.size()),
      writer_(program.tensors.size(), Use{kNone, 0}),
      fetched_(program.tensors.size(), false),
      choice_(groups.size(), 0) {
    for (size_t group = 0; group < groups.size(); ++group) collect(net, group);
    for (TensorId id : program.kept()) fetched_[static_cast<size_t>(id)] = true;
}

void Chooser::collect(const Net &net, size_t group) {
    const FusedOp &op = groups_[group];
    device_.candidates(op, candidates_[group]);
    if (candidates_[group].empty()) {
        const int32_t node = op.head().node;
        fail_at(
            node, Status::unsupported,
            text("compile: ", node >= 0 ? net.describe(node) : std::string("the net"), " needs ",
                 name_of(op.head().kind), ", which ", device_.info().spec, " can't do"));
    }
    if (tuning_) apply_tuning(device_, *tuning_, op, candidates_[group]);
    for (size_t i = 0; i < operands_[group].size(); ++i) {
        const auto id = static_cast<size_t>(operands_[group][i]);
        if (i < static_cast<size_t>(op.inputs))
            readers_[id].push_back({group, i});
        else if (program_.tensors[id].space == Space::activation)
            writer_[id] = {group, i};
    }
}

double Chooser::reorder_seconds(TensorId id, const Layout &from, const Layout &to) const {
    const Tensor &tensor = program_.tensors[static_cast<size_t>(id)];
    if (tensor.space == Space::parameter && !theta_changes_) return 0;
    return cnn::reorder_seconds(device_, tensor, from, to);
}

double Chooser::tensor_seconds(TensorId id) const {
    const auto i = static_cast<size_t>(id);
    const Layout home = writer_[i].group == kNone ? Layout::plain() : layout(writer_[i]);
    std::array<const Layout *, 8> seen{};
    size_t count = 0;
    const auto wants = [&](const Layout &wanted) {
        if (wanted == home) return;
        for (size_t k = 0; k < count; ++k)
            if (*seen[k] == wanted) return;
        if (count < seen.size()) seen[count++] = &wanted;
    };
    static constexpr Layout kPlain{};
    for (const Use &use : readers_[i]) wants(layout(use));
    if (fetched_[i]) wants(kPlain);
    double seconds = 0;
    for (size_t k = 0; k < count; ++k) seconds += reorder_seconds(id, home, *seen[k]);
    return seconds;
}

// What depends on a group's choice: itself and the reorders of what it touches.
double Chooser::group_seconds(size_t group) const {
    double seconds = candidates_[group][choice_[group]].seconds;
    for (TensorId id : operands_[group]) seconds += tensor_seconds(id);
    return seconds;
}

double Chooser::total_seconds() const {
    double seconds = 0;
    for (size_t group = 0; group < groups_.size(); ++group)
        seconds += candidates_[group][choice_[group]].seconds;
    for (size_t id = 0; id < program_.tensors.size(); ++id)
        seconds += tensor_seconds(static_cast<TensorId>(id));
    return seconds;
}

void Chooser::start_cheapest() {
    for (size_t group = 0; group < groups_.size(); ++group) {
        const auto &from = candidates_[group];
        const auto best = std::min_element(
            from.begin(), from.end(),
            [](const Candidate &a, const Candidate &b) { return a.seconds < b.seconds; });
        choice_[group] = static_cast<size_t>(best - from.begin());
    }
}

// The cheapest candidate of those that use the layout most.
void Chooser::start_from(const Layout &layout) {
    for (size_t group = 0; group < groups_.size(); ++group) {
        const auto &from = candidates_[group];
        const auto uses = [&](const Candidate &c) {
            return std::count(c.layouts.begin(), c.layouts.end(), layout);
        };
        const auto best =
            std::min_element(from.begin(), from.end(), [&](const Candidate &a, const Candidate &b) {
                return uses(a) != uses(b) ? uses(a) > uses(b) : a.seconds < b.seconds;
            });
        choice_[group] = static_cast<size_t>(best - from.begin());
    }
}

void Chooser::descend() {
    constexpr int kSweeps = 16;
    for (int sweep = 0; sweep < kSweeps; ++sweep) {
        bool changed = false;
        for (size_t group = 0; group < groups_.size(); ++group) {
            if (candidates_[group].size() == 1) continue;
            const size_t old = choice_[group];
            size_t best = old;
            double least = group_seconds(group);
            for (size_t c = 0; c < candidates_[group].size(); ++c) {
                choice_[group] = c;
                const double seconds = group_seconds(group);
                // A real gain, so that equal choices don't alternate.
                if (seconds < least * (1 - 1e-9)) {
                    least = seconds;
                    best = c;
                }
            }
            choice_[group] = best;
            changed = changed || best != old;
        }
        if (!changed) return;
    }
}

Selection Chooser::run() {
    std::vector<Layout> starts;
    for (const auto &from : candidates_)
        for (const Candidate &candidate : from)
            for (const Layout &layout : candidate.layouts)
                if (std::find(starts.begin(), starts.end(), layout) == starts.end())
                    starts.push_back(layout);
    start_cheapest();
    descend();
    std::vector<size_t> best = choice_;
    double least = total_seconds();
    for (const Layout &layout : starts) {
        start_from(layout);
        descend();
        const double seconds = total_seconds();
        if (seconds < least) {
            least = seconds;
            best = choice_;
        }
    }
    Selection selection;
    selection.seconds = least;
    for (size_t group = 0; group < groups_.size(); ++group)
        selection.chosen.push_back(candidates_[group][best[group]]);
    return selection;
}

}  // namespace

Selection select(const Net &net, const Program &program, const Device &device,
                 const std::vector<FusedOp> &groups,
                 const std::vector<std::vector<TensorId>> &operands, bool theta_changes,
                 const TuningTable *tuning) {
    return Chooser(net, program, device, groups, operands, theta_changes, tuning).run();
}

}  // namespace cnn

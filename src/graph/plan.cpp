// Planning: items from groups, reorders between them, memory for their values; and running them.
#include "graph/plan.h"

#include <algorithm>
#include <atomic>

#include "base/text.h"
#include "graph/arena.h"
#include "graph/selection.h"

namespace cnn {

namespace {

FusedOp reorder_group(const Tensor &tensor) {
    FusedOp group;
    group.ops.push_back({OpKind::reorder, -1, {0}, {1}, {}});
    group.tensors = {tensor, tensor};
    group.inputs = 1;
    group.outputs = 1;
    return group;
}

Candidate reorder_candidate(const Layout &from, const Layout &to) {
    Candidate candidate;
    candidate.algorithm = "reorder";
    candidate.layouts = {from, to};
    return candidate;
}

}  // namespace

size_t PackedParameters::find(const Tensor &tensor, const Layout &layout) {
    for (size_t i = 0; i < packed_.size(); ++i)
        if (packed_[i]->tensor == tensor && packed_[i]->layout == layout) return i;
    auto packed = std::make_unique<PackedParameter>();
    packed->tensor = tensor;
    packed->layout = layout;
    packed->kernel =
        device_.prepare(reorder_group(tensor), reorder_candidate(Layout::plain(), layout));
    packed->offset = tensor.offset * device_.real_bytes();
    packed->bytes = layout.elements(tensor.shape) * size_of(tensor.type, device_.real_bytes());
    packed->buffer = device_.allocate(packed->bytes);
    packed_.push_back(std::move(packed));
    return packed_.size() - 1;
}

int64_t PackedParameters::bytes() const {
    int64_t total = 0;
    for (const auto &packed : packed_) total += packed->bytes;
    return total;
}

Program lowered(const Net &net, const ProgramKey &key, const Device &device) {
    Program program = lower(net, key);
    fold_normalisations(program, device);
    return program;
}

// Turns a program into a plan's items and values.
class PlanBuilder {
  public:
    PlanBuilder(Plan &plan, const Net &net, Device &device, bool theta_changes)
        : plan_(plan),
          net_(net),
          device_(device),
          program_(lowered(net, plan.key_, device)),
          groups_(fuse(program_, device, operands_)),
          selection_(select(net, program_, device, groups_, operands_, theta_changes)) {}

    void build();

  private:
    // A tensor in a layout, and the value that holds it.
    struct Copy {
        Layout layout;
        int64_t value;
    };

    int64_t new_value(TensorId id, const Layout &layout);
    int64_t now() const { return static_cast<int64_t>(plan_.items_.size()); }
    void touch(int64_t value) { plan_.values_[static_cast<size_t>(value)].last = now(); }
    Plan::Location read(TensorId id, const Layout &layout);
    Plan::Location write(TensorId id, const Layout &layout);
    Plan::Location in_vector(const Tensor &tensor) const;
    int64_t activation_value(TensorId id, const Layout &layout);
    Plan::Location direction(TensorId id, const Layout &layout);
    void add_reorder(const Tensor &tensor, const Layout &from_layout, const Plan::Location &from,
                     const Layout &to_layout, const Plan::Location &to);
    void keep_for_repetition();
    void add_group(size_t group);
    void add_alias(size_t group, const Candidate &candidate);
    void note_feed(Plan::Item &item, TensorId id);
    void share_in_place();
    void place();
    void results();
    void find_unwritten();
    void describe(size_t group, const Candidate &candidate);

    Plan &plan_;
    const Net &net_;
    Device &device_;
    Program program_;
    std::vector<std::vector<TensorId>> operands_;
    std::vector<FusedOp> groups_;
    Selection selection_;
    std::vector<std::vector<Copy>> copies_;
    struct InPlace {
        int64_t item, input, output;
    };
    std::vector<InPlace> in_place_;
};

int64_t PlanBuilder::new_value(TensorId id, const Layout &layout) {
    const Tensor &tensor = program_.tensors[static_cast<size_t>(id)];
    Plan::Value value;
    value.bytes = layout.elements(tensor.shape) * size_of(tensor.type, device_.real_bytes());
    value.first = value.last = now();
    plan_.values_.push_back(value);
    const auto index = static_cast<int64_t>(plan_.values_.size()) - 1;
    copies_[static_cast<size_t>(id)].push_back({layout, index});
    return index;
}

Plan::Location PlanBuilder::in_vector(const Tensor &tensor) const {
    Plan::Location location;
    location.space = tensor.space;
    location.offset = tensor.offset * device_.real_bytes();
    return location;
}

// A direction changes from launch to launch, so nothing keeps its parts in other layouts.
Plan::Location PlanBuilder::direction(TensorId id, const Layout &layout) {
    const Tensor &tensor = program_.tensors[static_cast<size_t>(id)];
    const Plan::Location source = in_vector(tensor);
    if (layout.is_plain()) return source;
    Plan::Location location;
    for (const Copy &copy : copies_[static_cast<size_t>(id)])
        if (copy.layout == layout) location.value = copy.value;
    if (location.value >= 0) return location;
    location.value = new_value(id, layout);
    add_reorder(tensor, Layout::plain(), source, layout, location);
    return location;
}

int64_t PlanBuilder::activation_value(TensorId id, const Layout &layout) {
    auto &copies = copies_[static_cast<size_t>(id)];
    for (const Copy &copy : copies)
        if (copy.layout == layout) return copy.value;
    const Copy home = copies.at(0);
    const int64_t value = new_value(id, layout);
    Plan::Location from, to;
    from.value = home.value;
    to.value = value;
    add_reorder(program_.tensors[static_cast<size_t>(id)], home.layout, from, layout, to);
    return value;
}

void PlanBuilder::add_reorder(const Tensor &tensor, const Layout &from_layout,
                              const Plan::Location &from, const Layout &to_layout,
                              const Plan::Location &to) {
    Plan::Item item;
    item.kernel = device_.prepare(reorder_group(tensor), reorder_candidate(from_layout, to_layout));
    item.operands = {from, to};
    item.commits = !plan_.items_.empty() && plan_.items_.back().commits;
    for (const Plan::Location &location : item.operands)
        if (location.value >= 0) touch(location.value);
    plan_.items_.push_back(std::move(item));
    plan_.description_.push_back(text("reorder ", to_text(from_layout, tensor.shape), " to ",
                                      to_text(to_layout, tensor.shape)));
}

Plan::Location PlanBuilder::read(TensorId id, const Layout &layout) {
    const Tensor &tensor = program_.tensors[static_cast<size_t>(id)];
    Plan::Location location;
    if (tensor.space == Space::direction) return direction(id, layout);
    if (tensor.space != Space::activation) {
        location = in_vector(tensor);
        if (layout.is_plain()) return location;
        const size_t packed = plan_.packed_.find(tensor, layout);
        if (std::find(plan_.packs_.begin(), plan_.packs_.end(), packed) == plan_.packs_.end())
            plan_.packs_.push_back(packed);
        location.packed = static_cast<int64_t>(packed);
        return location;
    }
    location.value = activation_value(id, layout);
    return location;
}

Plan::Location PlanBuilder::write(TensorId id, const Layout &layout) {
    const Tensor &tensor = program_.tensors[static_cast<size_t>(id)];
    if (tensor.space != Space::activation) return in_vector(tensor);
    Plan::Location location;
    location.value = new_value(id, layout);
    return location;
}

void PlanBuilder::note_feed(Plan::Item &item, TensorId id) {
    item.feed = static_cast<int32_t>(plan_.feeds_.size());
    plan_.feeds_.emplace_back();
    const auto note = [&](const std::vector<TensorId> &ids, std::vector<int32_t> &feeds) {
        feeds.resize(ids.size(), -1);
        for (size_t i = 0; i < ids.size(); ++i)
            if (ids[i] == id) feeds[i] = item.feed;
    };
    note(program_.inputs, plan_.inputs_);
    note(program_.targets, plan_.targets_);
    note({program_.weights}, plan_.weights_);
    note(program_.output_gradients, plan_.output_gradients_);
}

void PlanBuilder::add_alias(size_t group, const Candidate &candidate) {
    const TensorId from = operands_[group][0];
    const TensorId to = operands_[group][1];
    const int64_t source = activation_value(from, candidate.layouts[0]);
    const int64_t value = new_value(to, candidate.layouts[1]);
    plan_.values_[static_cast<size_t>(value)].same_as = source;
}

void PlanBuilder::describe(size_t group, const Candidate &candidate) {
    const FusedOp &op = groups_[group];
    const int32_t node = op.head().node;
    std::string line = node >= 0 ? text(net_.node(node).name, ": ") : std::string();
    for (size_t i = 0; i < op.ops.size(); ++i) line += text(i ? "+" : "", name_of(op.ops[i].kind));
    line += text(" ", candidate.algorithm);
    for (size_t i = 0; i < candidate.layouts.size(); ++i)
        line += text(" ", to_text(candidate.layouts[i], op.tensors[i].shape));
    plan_.description_.push_back(std::move(line));
}

void PlanBuilder::add_group(size_t group) {
    const FusedOp &op = groups_[group];
    const Candidate &candidate = selection_.chosen[group];
    if (candidate.alias) {
        add_alias(group, candidate);
        return;
    }
    std::vector<Plan::Location> locations;
    for (size_t i = 0; i < operands_[group].size(); ++i)
        if (i < static_cast<size_t>(op.inputs))
            locations.push_back(read(operands_[group][i], candidate.layouts[i]));
    for (size_t i = static_cast<size_t>(op.inputs); i < operands_[group].size(); ++i)
        locations.push_back(write(operands_[group][i], candidate.layouts[i]));
    for (const Plan::Location &location : locations)
        if (location.value >= 0) touch(location.value);

    Plan::Item item;
    if (op.head().kind == OpKind::feed) note_feed(item, operands_[group][0]);
    item.kernel = device_.prepare(op, candidate);
    if (candidate.workspace > 0) {
        Plan::Value workspace;
        workspace.bytes = candidate.workspace;
        workspace.first = workspace.last = now();
        plan_.values_.push_back(workspace);
        item.workspace_value = static_cast<int64_t>(plan_.values_.size()) - 1;
    }
    if (candidate.in_place && op.inputs > 0 && locations[0].value >= 0 &&
        locations[static_cast<size_t>(op.inputs)].value >= 0)
        in_place_.push_back(
            {now(), locations[0].value, locations[static_cast<size_t>(op.inputs)].value});
    const auto keeps = [](const Plan::Location &location) {
        return location.space == Space::status || location.space == Space::state;
    };
    item.commits = (!plan_.items_.empty() && plan_.items_.back().commits) ||
                   std::any_of(locations.begin() + op.inputs, locations.end(), keeps);
    item.operands = std::move(locations);
    plan_.items_.push_back(std::move(item));
    describe(group, candidate);
}

// What the host reads must be plain and live to the end.
void PlanBuilder::results() {
    const auto fetch = [&](const std::vector<TensorId> &ids, std::vector<int64_t> &values) {
        for (TensorId id : ids)
            values.push_back(id == kNoTensor ? -1 : activation_value(id, Layout::plain()));
    };
    fetch(program_.outputs, plan_.outputs_);
    fetch(program_.input_gradients, plan_.input_gradients_);
    fetch(program_.losses, plan_.losses_);
    fetch({program_.correct}, plan_.correct_);
    fetch(program_.residuals, plan_.residuals_);
    fetch(program_.residual_tangents, plan_.residual_tangents_);
    for (const auto *values : {&plan_.outputs_, &plan_.input_gradients_, &plan_.losses_,
                               &plan_.correct_, &plan_.residuals_, &plan_.residual_tangents_})
        for (int64_t value : *values)
            if (value >= 0) touch(value);
}

// An output takes its input's memory where nothing reads the input later.
void PlanBuilder::share_in_place() {
    auto &values = plan_.values_;
    // Lifetimes of what aliases join first.
    for (size_t i = 0; i < values.size(); ++i)
        if (values[i].same_as >= 0) {
            auto &owner = values[static_cast<size_t>(plan_.root(static_cast<int64_t>(i)))];
            owner.last = std::max(owner.last, values[i].last);
        }
    keep_for_repetition();
    for (const InPlace &pair : in_place_) {
        const int64_t input = plan_.root(pair.input);
        const int64_t output = plan_.root(pair.output);
        auto &from = values[static_cast<size_t>(input)];
        auto &to = values[static_cast<size_t>(output)];
        if (input == output || from.last != pair.item || from.bytes != to.bytes) continue;
        to.same_as = input;
        from.last = std::max(from.last, to.last);
    }
}

// What a repetition reads and doesn't make anew outlives it.
void PlanBuilder::keep_for_repetition() {
    const auto first = static_cast<int64_t>(plan_.repeated_);
    for (Plan::Value &value : plan_.values_)
        if (value.first < first && value.last >= first) value.last = now();
}

void PlanBuilder::place() {
    std::vector<Interval> intervals;
    std::vector<size_t> owners;
    for (size_t i = 0; i < plan_.values_.size(); ++i) {
        const Plan::Value &value = plan_.values_[i];
        if (value.same_as >= 0) continue;
        intervals.push_back({value.bytes, value.first, value.last});
        owners.push_back(i);
    }
    std::vector<int64_t> offsets;
    plan_.arena_bytes_ = assign_offsets(intervals, offsets);
    for (size_t i = 0; i < owners.size(); ++i) plan_.values_[owners[i]].offset = offsets[i];
}

void PlanBuilder::find_unwritten() {
    if (plan_.key_.purpose < Purpose::gradient) return;
    for (const NetTensor &parameter : net_.parameters()) {
        const auto writes = [&](const Op &op) {
            return std::any_of(op.outputs.begin(), op.outputs.end(), [&](TensorId id) {
                if (id == kNoTensor) return false;
                const Tensor &tensor = program_.tensors[static_cast<size_t>(id)];
                return tensor.space == Space::gradient && tensor.offset == parameter.offset;
            });
        };
        if (std::none_of(program_.ops.begin(), program_.ops.end(), writes))
            plan_.unwritten_.push_back({parameter.offset * device_.real_bytes(),
                                        parameter.shape.elements() * device_.real_bytes()});
    }
}

void PlanBuilder::build() {
    copies_.resize(program_.tensors.size());
    // The operations' number where groups begin, to find the repeated ones.
    size_t ops = 0;
    plan_.repeated_ = static_cast<size_t>(-1);
    for (size_t group = 0; group < groups_.size(); ++group) {
        if (ops >= program_.repeated && plan_.repeated_ > plan_.items_.size())
            plan_.repeated_ = plan_.items_.size();
        ops += groups_[group].ops.size();
        add_group(group);
    }
    plan_.repeated_ = std::min(plan_.repeated_, plan_.items_.size());
    plan_.inputs_.resize(program_.inputs.size(), -1);
    plan_.targets_.resize(program_.targets.size(), -1);
    plan_.weights_.resize(1, -1);
    plan_.output_gradients_.resize(program_.output_gradients.size(), -1);
    results();
    share_in_place();
    place();
    find_unwritten();
    plan_.predicted_seconds_ = selection_.seconds;
    for (auto &item : plan_.items_) item.refs.resize(item.operands.size());
}

Plan::Plan(const Net &net, const ProgramKey &key, Device &device, PackedParameters &packed,
           bool theta_changes)
    : key_(key), packed_(packed) {
    PlanBuilder(*this, net, device, theta_changes).build();
}

int64_t Plan::root(int64_t value) const {
    while (values_[static_cast<size_t>(value)].same_as >= 0)
        value = values_[static_cast<size_t>(value)].same_as;
    return value;
}

Feed *Plan::feed(const std::vector<int32_t> &index, size_t i) {
    if (i >= index.size() || index[i] < 0) return nullptr;
    return &feeds_[static_cast<size_t>(index[i])];
}

Ref Plan::result(const std::vector<int64_t> &values, size_t i) const {
    if (i >= values.size() || values[i] < 0) return {};
    Location location;
    location.value = values[i];
    return resolve(location, memory_);
}

Ref Plan::resolve(const Location &location, const PlanMemory &memory) const {
    const auto shifted = [](Ref ref, int64_t bytes) { return Ref{ref.buffer, ref.offset + bytes}; };
    if (location.packed >= 0)
        return {packed_[static_cast<size_t>(location.packed)].buffer.get(), 0};
    switch (location.space) {
        case Space::activation:
            return shifted(memory.arena, values_[static_cast<size_t>(root(location.value))].offset);
        case Space::parameter:
            return shifted(memory.theta, location.offset);
        case Space::gradient:
            return shifted(memory.gradient, location.offset);
        case Space::state:
            return shifted(memory.state, location.offset);
        case Space::status:
            return shifted(memory.status, location.offset);
        case Space::direction:
            return shifted(memory.direction, location.offset);
    }
    return {};
}

void Plan::bind(const PlanMemory &memory) {
    memory_ = memory;
    for (Item &item : items_) {
        for (size_t i = 0; i < item.operands.size(); ++i)
            item.refs[i] = resolve(item.operands[i], memory);
        if (item.workspace_value >= 0) {
            Location location;
            location.value = item.workspace_value;
            item.workspace = resolve(location, memory);
        }
    }
}

void Plan::launch(int64_t n, const Context &context) {
    Launch launch;
    launch.n = n;
    launch.scalars = context.scalars;
    launch.step = context.step;
    for (size_t index : packs_) {
        PackedParameter &packed = packed_[index];
        if (packed.theta_version == context.theta_version) continue;
        const Ref refs[2] = {{memory_.theta.buffer, memory_.theta.offset + packed.offset},
                             {packed.buffer.get(), 0}};
        launch.operands = refs;
        packed.kernel->launch(context.queue, launch);
        packed.theta_version = context.theta_version;
    }
    for (const Range &range : unwritten_)
        context.queue.zero({memory_.gradient.buffer, memory_.gradient.offset + range.offset},
                           range.bytes);
    launch_items(0, n, context);
}

void Plan::repeat(int64_t n, const Context &context) {
    launch_items(repeated_, n, context);
}

void Plan::launch_items(size_t first, int64_t n, const Context &context) {
    Launch launch;
    launch.n = n;
    launch.scalars = context.scalars;
    launch.step = context.step;
    for (size_t i = first; i < items_.size(); ++i) {
        Item &item = items_[i];
        if (!item.commits && context.cancelled.load(std::memory_order_relaxed))
            fail(Status::cancelled, "cancelled by cnn_net_cancel");
        launch.operands = item.refs.data();
        launch.workspace = item.workspace;
        launch.feed = item.feed >= 0 ? &feeds_[static_cast<size_t>(item.feed)] : nullptr;
        item.kernel->launch(context.queue, launch);
    }
}

}  // namespace cnn

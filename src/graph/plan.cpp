// Planning: items from groups, reorders between them, memory for their values; and running them.
#include "graph/plan.h"

#include <algorithm>
#include <atomic>

#include "base/text.h"
#include "graph/recompute.h"
#include "graph/reorder.h"
#include "graph/selection.h"

namespace cnn {

size_t PackedParameters::find(const Tensor &tensor, const Layout &layout) {
    for (size_t i = 0; i < packed_.size(); ++i)
        if (packed_[i]->tensor == tensor && packed_[i]->layout == layout) return i;
    auto packed = std::make_unique<PackedParameter>();
    packed->tensor = tensor;
    packed->layout = layout;
    packed->offset = tensor.offset * device_.real_bytes();
    packed->bytes = layout.elements(tensor.shape) * size_of(tensor.type, device_.real_bytes());
    if (!shared_) packed->kernel = reorder_kernel(device_, tensor, Layout::plain(), layout);
    packed_.push_back(std::move(packed));
    return packed_.size() - 1;
}

void PackedParameters::take_memory() {
    if (shared_) {
        want_shared();
        return;
    }
    for (const auto &packed : packed_) {
        if (packed->buffer) continue;
        packed->own = device_.allocate(packed->bytes);
        packed->buffer = packed->own.get();
    }
}

void PackedParameters::want_shared() {
    std::vector<SharedParameters::Reader::Wish> wishes;
    const auto first = packed_.begin() + static_cast<std::ptrdiff_t>(numbers_.size());
    for (auto at = first; at != packed_.end(); ++at)
        wishes.emplace_back((*at)->tensor, (*at)->layout);
    numbers_.reserve(packed_.size());
    for (size_t number : shared_->want(wishes)) numbers_.push_back(number);
}

void PackedParameters::take(const SharedParameters::Version &version) {
    for (size_t i = 0; i < numbers_.size(); ++i) {
        packed_[i]->buffer = version.packed[numbers_[i]].get();
        packed_[i]->theta_version = version.number;
    }
}

void PackedParameters::resize(size_t count) {
    packed_.resize(count);
    numbers_.resize(std::min(numbers_.size(), count));
}

bool PackedParameters::is_taken(const PackedParameter &packed) const {
    return shared_ ? shared_->has({packed.tensor, packed.layout}) : packed.buffer != nullptr;
}

int64_t PackedParameters::bytes(bool taken) const {
    int64_t total = 0;
    for (const auto &packed : packed_)
        if (is_taken(*packed) == taken) total += device_.footprint(packed->bytes);
    return total;
}

namespace {

Program lowered(const Net &net, const ProgramKey &key, const Device &device) {
    Program program = lower(net, key);
    fold_normalisations(program, device);
    return program;
}

}  // namespace

std::vector<FusedOp> groups_of(const Net &net, const ProgramKey &key, const Device &device,
                               int64_t accept) {
    std::vector<std::vector<TensorId>> operands;
    return fuse(lowered(net, key, device), device, accept, operands);
}

// Turns a program into a plan's items and values.
class PlanBuilder {
  public:
    PlanBuilder(Plan &plan, const Net &net, Device &device, const PlanOptions &options)
        : plan_(plan),
          net_(net),
          device_(device),
          program_(lowered(net, plan.key_, device)),
          groups_(fuse(program_, device, options.accept, operands_)),
          selection_(select(net, program_, device, groups_, operands_, options.theta_changes,
                            options.tuning)) {}

    void build();

  private:
    // A tensor in a layout, and the value that holds it.
    struct Copy {
        Layout layout;
        int64_t value;
    };

    int64_t new_value(TensorId id, const Layout &layout);
    Plan::Location read(TensorId id, const Layout &layout);
    Plan::Location write(TensorId id, const Layout &layout);
    Plan::Location in_vector(const Tensor &tensor) const;
    int64_t activation_value(TensorId id, const Layout &layout);
    Plan::Location direction(TensorId id, const Layout &layout);
    void add_reorder(const Tensor &tensor, const Layout &from_layout, const Plan::Location &from,
                     const Layout &to_layout, const Plan::Location &to);
    bool is_constant(const FusedOp &op, const std::vector<Plan::Location> &locations) const;
    bool is_repeatable(const FusedOp &op, const std::vector<Plan::Location> &locations) const;
    void add_group(size_t group);
    void add_item(Plan::Item item, std::unique_ptr<Kernel> kernel, Timeline::Step step);
    void add_alias(size_t group, const Candidate &candidate);
    void note_feed(Plan::Item &item, TensorId id);
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
};

int64_t PlanBuilder::new_value(TensorId id, const Layout &layout) {
    const Tensor &tensor = program_.tensors[static_cast<size_t>(id)];
    Timeline::Value value;
    value.bytes = layout.elements(tensor.shape) * size_of(tensor.type, device_.real_bytes());
    const int64_t index = plan_.timeline_.add(value);
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
    item.operands = {from, to};
    Timeline::Step step;
    step.inputs = 1;
    step.repeatable = true;
    step.seconds = reorder_seconds(device_, tensor, from_layout, to_layout);
    add_item(std::move(item), reorder_kernel(device_, tensor, from_layout, to_layout),
             std::move(step));
    LaunchNote note;
    note.bytes = static_cast<double>(2 * tensor.shape.elements() *
                                     size_of(tensor.type, device_.real_bytes()));
    if (tensor.batched) note.bytes_of_batch = note.bytes;
    note.text = text("reorder ", to_text(from_layout, tensor.shape), " to ",
                     to_text(to_layout, tensor.shape));
    plan_.notes_.push_back(std::move(note));
}

void PlanBuilder::add_item(Plan::Item item, std::unique_ptr<Kernel> kernel, Timeline::Step step) {
    for (const Plan::Location &location : item.operands) step.operands.push_back(location.value);
    step.workspace = item.workspace_value;
    item.commits = item.commits || (!plan_.items_.empty() && plan_.items_.back().commits);
    item.kernel = kernel.get();
    plan_.kernels_.push_back(std::move(kernel));
    plan_.items_.push_back(std::move(item));
    plan_.timeline_.steps.push_back(std::move(step));
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
    plan_.timeline_.values[static_cast<size_t>(value)].same_as = source;
}

void PlanBuilder::describe(size_t group, const Candidate &candidate) {
    const FusedOp &op = groups_[group];
    LaunchNote note;
    note.node = op.head().node;
    note.second_pass = op.head().second_pass;
    note.flops = flops_of(op);
    note.bytes = bytes_of(op, device_.real_bytes());
    FusedOp of_batch = op;
    for (Tensor &tensor : of_batch.tensors)
        if (!tensor.batched) tensor.shape = {0};
    note.bytes_of_batch = bytes_of(of_batch, device_.real_bytes());
    std::string &line = note.text;
    for (size_t i = 0; i < op.ops.size(); ++i) line += text(i ? "+" : "", name_of(op.ops[i].kind));
    line += text(" ", candidate.algorithm);
    if (!candidate.parameters.empty()) line += text(" (", candidate.parameters, ")");
    for (size_t i = 0; i < candidate.layouts.size(); ++i)
        line += text(" ", to_text(candidate.layouts[i], op.tensors[i].shape));
    plan_.notes_.push_back(std::move(note));
}

// What neither involves the host nor reads or writes a vector that changes during a launch.
bool PlanBuilder::is_repeatable(const FusedOp &op,
                                const std::vector<Plan::Location> &locations) const {
    if (op.head().kind == OpKind::feed || op.head().kind == OpKind::host) return false;
    const bool state_stands = plan_.key_.purpose != Purpose::train;
    const auto stands = [&](const Plan::Location &location) {
        return location.space != Space::gradient && location.space != Space::status &&
               (location.space != Space::state || state_stands);
    };
    const auto in_arena = [](const Plan::Location &location) { return location.value >= 0; };
    return std::all_of(locations.begin(), locations.end(), stands) &&
           std::all_of(locations.begin() + op.inputs, locations.end(), in_arena);
}

// What folding put first, from parameters and state alone; where those stand from launch to launch.
bool PlanBuilder::is_constant(const FusedOp &op,
                              const std::vector<Plan::Location> &locations) const {
    if (plan_.key_.purpose > Purpose::evaluate || plan_.key_.instalments ||
        plan_.constant_items_ != plan_.items_.size() || op.head().kind != OpKind::pointwise)
        return false;
    const auto is_made = [&](const Plan::Location &location) { return location.value >= 0; };
    const auto stands = [&](const Plan::Location &location) {
        if (is_made(location))
            return plan_.timeline_.values[static_cast<size_t>(location.value)].constant;
        return location.packed >= 0 || location.space == Space::parameter ||
               location.space == Space::state;
    };
    const auto outputs = locations.begin() + op.inputs;
    return std::all_of(locations.begin(), outputs, stands) &&
           std::all_of(outputs, locations.end(), is_made);
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
    Plan::Item item;
    if (op.head().kind == OpKind::feed) note_feed(item, operands_[group][0]);
    if (is_constant(op, locations)) {
        for (size_t i = static_cast<size_t>(op.inputs); i < locations.size(); ++i)
            plan_.timeline_.values[static_cast<size_t>(locations[i].value)].constant = true;
        ++plan_.constant_items_;
    }
    Timeline::Step step;
    step.inputs = static_cast<size_t>(op.inputs);
    step.seconds = candidate.seconds;
    step.repeatable = is_repeatable(op, locations);
    step.in_place = candidate.in_place && op.inputs > 0 && locations[0].value >= 0 &&
                    locations[step.inputs].value >= 0;
    if (candidate.workspace > 0) {
        Timeline::Value workspace;
        workspace.bytes = candidate.workspace;
        item.workspace_value = plan_.timeline_.add(workspace);
    }
    const auto keeps = [](const Plan::Location &location) {
        return location.space == Space::status || location.space == Space::state;
    };
    item.commits = std::any_of(locations.begin() + op.inputs, locations.end(), keeps);
    item.operands = std::move(locations);
    add_item(std::move(item), device_.prepare(op, candidate), std::move(step));
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
            if (value >= 0) plan_.timeline_.values[static_cast<size_t>(value)].kept = true;
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
    size_t &repeated = plan_.timeline_.repeated;
    const auto is_feed = [&](size_t group) { return groups_[group].head().kind == OpKind::feed; };
    const bool feeds_first = plan_.key_.instalments;
    for (size_t group = 0; feeds_first && group < groups_.size(); ++group)
        if (is_feed(group)) add_group(group);
    plan_.feed_items_ = plan_.items_.size();
    for (size_t group = 0; group < groups_.size(); ++group) {
        if (feeds_first && is_feed(group)) continue;
        if (ops >= program_.repeated) repeated = std::min(repeated, plan_.items_.size());
        ops += groups_[group].ops.size();
        add_group(group);
        if (!groups_[group].head().second_pass) plan_.timeline_.second_pass = plan_.items_.size();
    }
    plan_.inputs_.resize(program_.inputs.size(), -1);
    plan_.targets_.resize(program_.targets.size(), -1);
    plan_.weights_.resize(1, -1);
    plan_.output_gradients_.resize(program_.output_gradients.size(), -1);
    results();
    find_unwritten();
    plan_.predicted_seconds_ = selection_.seconds;
    for (auto &item : plan_.items_) item.refs.resize(item.operands.size());
    plan_.lay_out();
}

Plan::Plan(const Net &net, const ProgramKey &key, Device &device, PackedParameters &packed,
           const PlanOptions &options)
    : key_(key), device_(device), packed_(packed) {
    PlanBuilder(*this, net, device, options).build();
}

int64_t Plan::kernel_bytes() const {
    int64_t total = constant_bytes_ > 0 ? device_.footprint(constant_bytes_) : 0;
    for (const auto &kernel : kernels_) total += kernel->memory();
    return total;
}

void Plan::take_memory() {
    for (const auto &kernel : kernels_) kernel->take_memory();
    if (constant_bytes_ > 0) constants_ = device_.allocate(constant_bytes_);
}

void Plan::place_constants() {
    constexpr int64_t kAlign = 64;
    constant_bytes_ = 0;
    const std::vector<int64_t> owner = owners(timeline_);
    for (size_t i = 0; i < owner.size(); ++i) {
        const auto of = static_cast<size_t>(owner[i]);
        const Timeline::Value &value = timeline_.values[of];
        if (!value.constant) continue;
        if (of != i) {
            offsets_[i] = offsets_[of];
            continue;
        }
        offsets_[i] = -1 - constant_bytes_;
        constant_bytes_ += (value.bytes + kAlign - 1) / kAlign * kAlign;
    }
}

void Plan::lay_out() {
    arena_bytes_ = place(timeline_, lifetimes(timeline_), offsets_);
    place_constants();
    if (key_.instalments) cut_into_pieces();
}

void Plan::shrink(const std::function<bool(int64_t)> &fits) {
    if (key_.purpose < Purpose::jacobian) return;
    Recomputation found = recompute(timeline_, fits);
    repeats_ = found.repeats();
    if (repeats_ == 0) return;
    timeline_ = std::move(found.timeline);
    predicted_seconds_ += found.seconds;
    run_in_order(found.origins);
    lay_out();
}

// Items by their numbers before, each with the values of its step.
void Plan::run_in_order(const std::vector<size_t> &origins) {
    std::vector<Item> items;
    std::vector<LaunchNote> notes;
    std::vector<bool> ran(items_.size(), false);
    bool commits = false;
    for (size_t k = 0; k < origins.size(); ++k) {
        Item item = items_[origins[k]];
        for (size_t i = 0; i < item.operands.size(); ++i)
            item.operands[i].value = timeline_.steps[k].operands[i];
        item.workspace_value = timeline_.steps[k].workspace;
        item.commits = commits = commits || item.commits;
        items.push_back(std::move(item));
        LaunchNote note = notes_[origins[k]];
        if (ran[origins[k]]) note.text = text("again ", note.text);
        notes.push_back(std::move(note));
        ran[origins[k]] = true;
    }
    items_ = std::move(items);
    notes_ = std::move(notes);
}

void Plan::cut_into_pieces() {
    using Kind = Piece::Kind;
    pieces_.clear();
    pieces_.push_back({Kind::feeds, 0, {}});
    for (size_t packed : packs_) pieces_.push_back({Kind::pack, packed, {}});
    if (!unwritten_.empty()) pieces_.push_back({Kind::zeros, 0, {}});
    size_t i = feed_items_;
    for (; i < items_.size() && !items_[i].commits; ++i) pieces_.push_back({Kind::item, i, {}});
    committing_ = i;
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
    if (location.packed >= 0) return {packed_[static_cast<size_t>(location.packed)].buffer, 0};
    switch (location.space) {
        case Space::activation: {
            const int64_t offset = offsets_[static_cast<size_t>(location.value)];
            if (offset < 0) return {constants_.get(), -1 - offset};
            return shifted(memory.arena, offset);
        }
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

void Plan::refresh(PackedParameter &packed, const Launch &launch, const Context &context) {
    if (packed.theta_version == context.theta_version) return;
    const Ref refs[2] = {{memory_.theta.buffer, memory_.theta.offset + packed.offset},
                         {packed.buffer, 0}};
    Launch copy = launch;
    copy.operands = refs;
    packed.kernel->launch(context.queue, copy);
    packed.theta_version = context.theta_version;
}

void Plan::zero_unwritten(Queue &queue) {
    for (const Range &range : unwritten_)
        queue.zero({memory_.gradient.buffer, memory_.gradient.offset + range.offset}, range.bytes);
}

namespace {

Launch launch_of(int64_t n, const Plan::Context &context) {
    Launch launch;
    launch.n = n;
    launch.scalars = context.scalars;
    launch.step = context.step;
    return launch;
}

}  // namespace

void Plan::launch_first(int64_t n, const Context &context) {
    const Launch launch = launch_of(n, context);
    for (size_t index : packs_) refresh(packed_[index], launch, context);
    zero_unwritten(context.queue);
    if (constant_items_ == 0 || constant_version_ == context.theta_version) return;
    // So that padding that no kernel writes is finite.
    if (constant_version_ == 0) context.queue.zero({constants_.get(), 0}, constant_bytes_);
    launch_items(0, constant_items_, n, context);
    constant_version_ = context.theta_version;
}

void Plan::launch(int64_t n, const Context &context) {
    launch_first(n, context);
    launch_items(constant_items_, items_.size(), n, context);
}

void Plan::launch_timed(int64_t n, const Context &context, Stopwatch &watch) {
    launch_first(n, context);
    watch.lap();
    for (size_t i = constant_items_; i < items_.size(); ++i) {
        launch_items(i, i + 1, n, context);
        watch.lap();
    }
}

void Plan::launch_piece(size_t piece, int64_t n, const Context &context) {
    const size_t index = pieces_[piece].index;
    switch (pieces_[piece].kind) {
        case Piece::Kind::feeds:
            return launch_items(0, feed_items_, n, context);
        case Piece::Kind::pack:
            return refresh(packed_[index], launch_of(n, context), context);
        case Piece::Kind::zeros:
            return zero_unwritten(context.queue);
        case Piece::Kind::item:
            return launch_items(index, index + 1, n, context);
    }
}

void Plan::finish(int64_t n, const Context &context) {
    launch_items(committing_, items_.size(), n, context);
}

void Plan::forget_packed() {
    for (size_t index : packs_) packed_[index].theta_version = 0;
    constant_version_ = 0;
}

void Plan::repeat(int64_t n, const Context &context) {
    launch_items(std::min(timeline_.repeated, items_.size()), items_.size(), n, context);
}

void Plan::launch_items(size_t first, size_t last, int64_t n, const Context &context) {
    Launch launch = launch_of(n, context);
    for (size_t i = first; i < last; ++i) {
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

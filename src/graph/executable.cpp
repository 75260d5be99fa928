// Compiling and launching.
#include "graph/executable.h"

#include <algorithm>
#include <limits>

#include "base/text.h"

namespace cnn {

uint64_t default_label_targets(const Net &net) {
    uint64_t labels = 0;
    for (size_t i = 0; i < net.losses().size(); ++i) {
        const Node &node = net.node(net.losses()[i]);
        const Shape &prediction = net.node(node.inputs[0]).shape;
        if (node.loss->default_form() == TargetForm::labels &&
            node.loss->takes(TargetForm::labels, prediction))
            labels |= uint64_t{1} << i;
    }
    return labels;
}

Executable::Executable(Net &net, std::shared_ptr<Device> device, Log log,
                       const CompileOptions &options, const std::atomic<bool> &cancelled,
                       Executable *previous)
    : net_(net),
      device_(std::move(device)),
      log_(log),
      options_(options),
      queue_(device_->create_queue()),
      shared_(net.shared() ? std::make_unique<SharedParameters::Reader>(net.shared(), device_)
                           : nullptr),
      packed_(std::make_unique<PackedParameters>(*device_, shared_.get())),
      frozen_version_(net.frozen_version()),
      ones_(static_cast<size_t>(options.max_batch), 1.0f),
      cancelled_(cancelled) {
    std::sort(options_.batches.begin(), options_.batches.end());
    if (const TuningDatabase *tuning = device_->tuning(); tuning && !options_.tuning)
        options_.tuning = tuning->table();
    const std::vector<ProgramKey> keys = first_programs(net_, options_, shared_ != nullptr);
    if (shared_) options_.inference_only = true;
    // All is planned before any memory is taken, so that what it needs is known.
    int64_t arena = 0, kernels = 0;
    for (const ProgramKey &key : keys) {
        std::unique_ptr<Plan> plan = planned(key);
        kernels += plan->kernel_bytes();
        plans_[key] = std::move(plan);
    }
    const int64_t there =
        shared_ ? vector_bytes() - vector_bytes(kStatusCount) + packed_->bytes(true) : 0;
    const int64_t others =
        vector_bytes() + packed_->bytes(true) + packed_->bytes(false) + kernels - there;
    bool shrunk = false;
    for (auto &[unused, plan] : plans_) {
        shrunk = shrink(*plan, room(there) - others, 0) || shrunk;
        arena = std::max(arena, plan->arena_bytes());
    }
    check_room("compile", others + device_->footprint(arena), there, shrunk);
    take_memory(arena);
    // Plans refer to theta and s by offset alone, so those may move last, when nothing can fail.
    if (shared_)
        shared_->settle();
    else
        move_vectors(previous);
    for (auto &[unused, plan] : plans_) plan->bind(memory(Lane::whole));
}

std::vector<ProgramKey> first_programs(const Net &net, const CompileOptions &options, bool shared) {
    ProgramKey key;
    std::vector<ProgramKey> purposes{key}, keys;
    if (!options.inference_only && !net.losses().empty()) {
        key.label_targets = default_label_targets(net);
        key.purpose = Purpose::evaluate;
        purposes.push_back(key);
        key.purpose = Purpose::train;
        key.training = true;
        if (!shared) purposes.push_back(key);
    }
    for (ProgramKey &wanted : purposes) {
        wanted.batch = options.max_batch;
        keys.push_back(wanted);
        for (int64_t batch : options.batches) {
            wanted.batch = batch;
            if (batch < options.max_batch) keys.push_back(wanted);
        }
    }
    return keys;
}

std::unique_ptr<Plan> Executable::planned(const ProgramKey &key) {
    return std::make_unique<Plan>(
        net_, key, *device_, *packed_,
        PlanOptions{!options_.inference_only, options_.accept, options_.tuning.get()});
}

bool Executable::shrink(Plan &plan, int64_t room, int64_t there) {
    const int64_t wanted = plan.arena_bytes();
    const double seconds = plan.predicted_seconds();
    // Where it has to be smaller anyway, as much is left as the kernels of a like plan take: a
    // gradient's, which is made at its first use.
    const int64_t left = room - plan.kernel_bytes();
    if (wanted > there && device_->footprint(wanted) > room)
        plan.shrink(
            [&](int64_t bytes) { return bytes <= there || device_->footprint(bytes) <= left; });
    log_plan(plan);
    if (plan.repeats() > 0 && log_.enabled(kLogInfo))
        log_.write(kLogInfo, text("plan for ", plan.key().batch, ": activations take ",
                                  plan.arena_bytes(), " bytes in place of ", wanted, ", for ",
                                  plan.repeats(), " launches compute some again, by prediction ",
                                  100 * (plan.predicted_seconds() / seconds - 1), " % longer"));
    return plan.repeats() > 0;
}

void Executable::log_plan(const Plan &plan) const {
    if (!log_.enabled(kLogDebug)) return;
    for (const LaunchNote &note : plan.notes())
        log_.write(kLogDebug,
                   text("plan for ", plan.key().batch, ": ",
                        note.node >= 0 ? text(net_.node(note.node).name, ": ") : "", note.text));
}

void Executable::take_memory(int64_t arena) {
    add_vectors(own(Lane::whole));
    reset_status();
    packed_->take_memory();
    for (auto &[unused, plan] : plans_) plan->take_memory();
    take_arena(own(Lane::whole), arena);
}

void Executable::add_vectors(Own &own) {
    const int64_t real = device_->real_bytes();
    const int64_t bytes = std::max<int64_t>(1, net_.theta().elements()) * real;
    if (!own.gradient && !options_.inference_only) {
        own.gradient = device_->allocate(bytes);
        queue_->zero({own.gradient.get(), 0}, bytes);
    }
    if (!own.status) own.status = device_->allocate(kStatusCount * real);
}

void Executable::take_arena(Own &own, int64_t bytes) {
    auto arena = device_->allocate(bytes);
    // So that padding that no kernel writes is finite.
    queue_->zero({arena.get(), 0}, bytes);
    own.arena = std::move(arena);
    own.arena_bytes = bytes;
}

void Executable::move_vectors(Executable *previous) {
    Queue *from = previous ? previous->queue_.get() : nullptr;
    FlatVector center;
    FlatVector theta = net_.theta().copied_to(device_, *queue_, from);
    FlatVector s = net_.s().copied_to(device_, *queue_, from);
    if (net_.center().elements() > 0) center = net_.center().copied_to(device_, *queue_, from);
    net_.theta() = std::move(theta);
    net_.s() = std::move(s);
    net_.center() = std::move(center);
    net_.theta_changed();
}

Executable::~Executable() {
    try {
        queue_->finish();
    } catch (const Error &) {
        // The device is lost; there is nothing left to wait for.
    }
}

PlanMemory Executable::memory(Lane lane) const {
    const Ref theta = version_ ? Ref{version_->theta.get(), 0} : net_.theta().at();
    const Ref s = version_ ? Ref{version_->s.get(), 0} : net_.s().at();
    return {{own(lane).arena.get(), 0}, theta, gradient(lane), s, status(lane), direction_};
}

int64_t Executable::vector_bytes(int64_t elements) const {
    return device_->footprint(std::max<int64_t>(1, elements) * device_->real_bytes());
}

// Gradient, status, parameters, state and centre; of launches in instalments nothing.
int64_t Executable::vector_bytes() const {
    const int64_t theta = vector_bytes(net_.theta().elements());
    return (options_.inference_only ? theta : 2 * theta) + vector_bytes(kStatusCount) +
           vector_bytes(net_.s().elements()) +
           (net_.center().elements() > 0 && !shared_ ? vector_bytes(net_.center().elements()) : 0);
}

int64_t Executable::bytes() const {
    int64_t total = vector_bytes() + packed_->bytes(true);
    for (const auto &[unused, plan] : plans_) total += plan->kernel_bytes();
    for (const Own &own : own_)
        if (own.arena) total += device_->footprint(own.arena_bytes);
    const Own &fit = own(Lane::fit);
    if (fit.gradient) total += vector_bytes(net_.theta().elements());
    if (fit.status) total += vector_bytes(kStatusCount);
    return total;
}

int64_t Executable::room(int64_t held) const {
    const Allocator &allocator = *device_->allocator();
    const auto limit = static_cast<int64_t>(allocator.limit());
    int64_t room = std::numeric_limits<int64_t>::max();
    if (options_.memory_limit > 0) room = options_.memory_limit - held;
    if (limit > 0) room = std::min(room, limit - static_cast<int64_t>(allocator.in_use()));
    return room;
}

void Executable::check_room(const char *operation, int64_t more, int64_t held, bool least) const {
    const char *const how = least ? ", though activations are computed again," : ",";
    if (options_.memory_limit > 0 && held + more > options_.memory_limit)
        fail(Status::limit_exceeded, text(operation, ": the plan takes ", held + more, " bytes",
                                          how, " but memory_limit is ", options_.memory_limit));
    const Allocator &allocator = *device_->allocator();
    const auto limit = static_cast<int64_t>(allocator.limit());
    const auto in_use = static_cast<int64_t>(allocator.in_use());
    if (limit > 0 && in_use + more > limit)
        fail(Status::limit_exceeded,
             text(operation, ": ", more, " bytes more", how, " with ", in_use, " in use, take ",
                  in_use + more, ", but the device's memory_limit is ", limit));
}

Plan &Executable::make_plan(const ProgramKey &key) {
    // What a failure leaves behind goes.
    struct Undo {
        PackedParameters &packed;
        size_t count = packed.size();
        bool done = false;
        ~Undo() {
            if (!done) packed.resize(count);
        }
    } undo{*packed_};
    std::unique_ptr<Plan> plan = planned(key);
    const Lane lane = lane_of(key);
    Own &own = this->own(lane);
    const bool trains = lane == Lane::fit && !own.status;
    const int64_t others =
        packed_->bytes(false) + plan->kernel_bytes() +
        (trains ? vector_bytes(net_.theta().elements()) + vector_bytes(kStatusCount) : 0);
    const bool shrunk = shrink(*plan, room(bytes()) - others, own.arena_bytes);
    const bool grows = plan->arena_bytes() > own.arena_bytes;
    check_room("plan", others + (grows ? device_->footprint(plan->arena_bytes()) : 0), bytes(),
               shrunk);
    plan->take_memory();
    packed_->take_memory();
    if (trains) {
        add_vectors(own);
        reset_status(lane);
    }
    if (grows) {
        queue_->finish();
        take_arena(own, plan->arena_bytes());
        for (auto &[other_key, other] : plans_)
            if (lane_of(other_key) == lane) other->bind(memory(lane));
    }
    plan->bind(memory(lane));
    Plan &made = *(plans_[key] = std::move(plan));
    // Of shared parameters the next use binds it, with the copies that it alone wants.
    bound_version_ = 0;
    undo.done = true;
    return made;
}

int64_t Executable::batch_for(int64_t n) const {
    if (n > options_.max_batch)
        fail(Status::limit_exceeded,
             text(n, " samples, but the net is compiled for at most ", options_.max_batch));
    for (int64_t batch : options_.batches)
        if (batch >= n) return std::min(batch, options_.max_batch);
    return options_.max_batch;
}

// What is frozen is left out of a Jacobian.
void Executable::drop_stale_plans() {
    if (frozen_version_ == net_.frozen_version()) return;
    queue_->finish();
    std::erase_if(plans_,
                  [](const auto &entry) { return entry.first.purpose >= Purpose::jacobian; });
    frozen_version_ = net_.frozen_version();
}

Plan *Executable::find_plan(ProgramKey key, int64_t n) {
    key.batch = batch_for(n);
    drop_stale_plans();
    const auto found = plans_.find(key);
    return found != plans_.end() ? found->second.get() : nullptr;
}

Plan &Executable::plan(ProgramKey key, int64_t n) {
    if (Plan *const found = find_plan(key, n)) return *found;
    key.batch = batch_for(n);
    return make_plan(key);
}

namespace {

class FlagScope {
  public:
    explicit FlagScope(bool &flag) : flag_(flag) { flag_ = true; }
    ~FlagScope() { flag_ = false; }
    FlagScope(const FlagScope &) = delete;
    FlagScope &operator=(const FlagScope &) = delete;

  private:
    bool &flag_;
};

}  // namespace

void Executable::take(const SharedParameters::Version &version) {
    version_ = &version;
    if (bound_version_ == version.number) return;
    packed_->take(version);
    for (auto &[key, plan] : plans_) plan->bind(memory(lane_of(key)));
    bound_version_ = version.number;
}

void Executable::prepare(const ProgramKey &key, int64_t samples) {
    const int64_t rest = samples % options_.max_batch;
    if (samples >= options_.max_batch) plan(key, options_.max_batch);
    if (rest > 0) plan(key, rest);
}

uint64_t Executable::theta_version() const {
    if (!shared_) return net_.theta_version();
    if (!version_) fail(Status::internal, "launch: outside of a use of shared parameters");
    return version_->number;
}

Executable::Use::Use(Executable &executable)
    : executable_(executable.shared_ ? &executable : nullptr) {
    if (executable_) executable.take(executable.shared_->acquire());
}

Executable::Use::~Use() {
    if (!executable_) return;
    try {
        // After a failure launches may still be under way.
        executable_->queue_->finish();
    } catch (const Error &) {
        // The device is lost.
    }
    executable_->version_ = nullptr;
    executable_->shared_->release();
}

Plan::Context Executable::context(uint64_t step) {
    return {*queue_, cancelled_, theta_version(), step, scalars_.data()};
}

void Executable::launch(Plan &plan, int64_t n, uint64_t step) {
    const FlagScope launching(launching_);
    scalars_[kSlotInverseBatch] = 1.0 / static_cast<double>(n);
    plan.launch(n, context(step));
}

std::vector<double> Executable::launch_timed(Plan &plan, int64_t n, uint64_t step,
                                             Stopwatch &watch) {
    const FlagScope launching(launching_);
    scalars_[kSlotInverseBatch] = 1.0 / static_cast<double>(n);
    queue_->finish();
    watch.laps();
    plan.launch_timed(n, {watch.queue(), cancelled_, theta_version(), step, scalars_.data()},
                      watch);
    return watch.laps();
}

void Executable::launch_piece(Plan &plan, size_t piece, int64_t n, uint64_t step) {
    const FlagScope launching(launching_);
    scalars_[kSlotInverseBatch] = 1.0 / static_cast<double>(n);
    plan.launch_piece(piece, n, context(step));
    queue_->finish();
}

void Executable::finish(Plan &plan, int64_t n, uint64_t step) {
    const FlagScope launching(launching_);
    scalars_[kSlotInverseBatch] = 1.0 / static_cast<double>(n);
    plan.finish(n, context(step));
}

void Executable::repeat(Plan &plan, int64_t n) {
    plan.repeat(n, context(0));
}

void Executable::set_direction(Ref direction) {
    if (direction.buffer == direction_.buffer && direction.offset == direction_.offset) return;
    direction_ = direction;
    for (auto &[key, plan] : plans_)
        if (key.purpose == Purpose::jacobian || key.purpose == Purpose::product)
            plan->bind(memory(Lane::whole));
}

double Executable::read_single(Ref wide) {
    return read_wide(*queue_, wide, device_->real_bytes());
}

double Executable::read_loss(const Plan &plan) {
    double total = 0;
    for (size_t i = 0; i < plan.loss_count(); ++i) total += read_single(plan.loss(i));
    return total;
}

double Executable::status_value(StatusIndex index, Lane lane) {
    float value = 0;
    const int64_t real = device_->real_bytes();
    read_reals(*queue_, {own(lane).status.get(), index * real}, real, &value, 1);
    return static_cast<double>(value);
}

void Executable::reset_status(Lane lane, bool open) {
    float values[kStatusCount] = {};
    values[kStatusGate] = open ? 1 : 0;
    write_reals(*queue_, status(lane), device_->real_bytes(), values, kStatusCount);
}

}  // namespace cnn

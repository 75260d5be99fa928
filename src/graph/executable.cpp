// Compiling and launching.
#include "graph/executable.h"

#include <algorithm>

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
                       const CompileOptions &options, Executable *previous)
    : net_(net),
      device_(std::move(device)),
      log_(log),
      options_(options),
      queue_(device_->create_queue()),
      packed_(std::make_unique<PackedParameters>(*device_)),
      frozen_version_(net.frozen_version()),
      ones_(static_cast<size_t>(options.max_batch), 1.0f) {
    std::sort(options_.batches.begin(), options_.batches.end());
    const int64_t real = device_->real_bytes();
    const int64_t parameters = std::max<int64_t>(1, net.theta().elements());
    if (!options_.inference_only) {
        gradient_ = device_->allocate(parameters * real);
        queue_->zero({gradient_.get(), 0}, parameters * real);
    }
    status_ = device_->allocate(kStatusCount * real);
    reset_status();
    // Plans refer to theta and s by offset alone, so those may move last, when nothing can fail.
    ProgramKey key;
    std::vector<ProgramKey> keys{key};
    if (!options_.inference_only && !net.losses().empty()) {
        key.label_targets = default_label_targets(net);
        key.purpose = Purpose::evaluate;
        keys.push_back(key);
        key.purpose = Purpose::train;
        key.training = true;
        keys.push_back(key);
    }
    for (ProgramKey &wanted : keys) {
        wanted.batch = options_.max_batch;
        make_plan(wanted);
        for (int64_t batch : options_.batches) {
            wanted.batch = batch;
            if (batch < options_.max_batch) make_plan(wanted);
        }
    }
    Queue *from = previous ? previous->queue_.get() : nullptr;
    FlatVector theta, s, center;
    const auto copy = [&](const FlatVector &source, FlatVector &target) {
        std::vector<float> values(static_cast<size_t>(source.elements()));
        source.read(from, 0, values.data(), source.elements());
        target.append(values);
        target.move_to(device_, *queue_, nullptr);
    };
    copy(net.theta(), theta);
    copy(net.s(), s);
    if (net.center().elements() > 0) copy(net.center(), center);
    net.theta() = std::move(theta);
    net.s() = std::move(s);
    net.center() = std::move(center);
    net.theta_changed();
    for (auto &[unused, plan] : plans_) plan->bind(memory());
}

Executable::~Executable() {
    try {
        queue_->finish();
    } catch (const Error &) {
        // The device is lost; there is nothing left to wait for.
    }
}

PlanMemory Executable::memory() const {
    return {{arena_.get(), 0}, net_.theta().at(), gradient(), net_.s().at(), status(), direction_};
}

int64_t Executable::bytes() const {
    const int64_t real = device_->real_bytes();
    return arena_bytes_ + packed_->bytes() +
           real * (net_.theta().elements() * (options_.inference_only ? 1 : 2) +
                   net_.s().elements() + net_.center().elements());
}

void Executable::check_limit(int64_t arena) const {
    const int64_t needed = bytes() - arena_bytes_ + arena;
    if (options_.memory_limit > 0 && needed > options_.memory_limit)
        fail(Status::limit_exceeded, text("compile: the plan takes ", needed,
                                          " bytes, but memory_limit is ", options_.memory_limit));
}

Plan &Executable::make_plan(const ProgramKey &key) {
    auto plan = std::make_unique<Plan>(net_, key, *device_, *packed_, !options_.inference_only);
    check_limit(std::max(arena_bytes_, plan->arena_bytes()));
    if (plan->arena_bytes() > arena_bytes_) {
        queue_->finish();
        auto arena = device_->allocate(plan->arena_bytes());
        // So that padding that no kernel writes is finite.
        queue_->zero({arena.get(), 0}, plan->arena_bytes());
        arena_ = std::move(arena);
        arena_bytes_ = plan->arena_bytes();
        for (auto &[unused, other] : plans_) other->bind(memory());
    }
    plan->bind(memory());
    if (log_.enabled(kLogDebug))
        for (const std::string &line : plan->description())
            log_.write(kLogDebug, text("plan for ", key.batch, ": ", line));
    return *(plans_[key] = std::move(plan));
}

Plan &Executable::plan(ProgramKey key, int64_t n) {
    if (n > options_.max_batch)
        fail(Status::limit_exceeded,
             text(n, " samples, but the net is compiled for at most ", options_.max_batch));
    key.batch = options_.max_batch;
    for (int64_t batch : options_.batches)
        if (batch >= n) {
            key.batch = std::min(batch, options_.max_batch);
            break;
        }
    if (frozen_version_ != net_.frozen_version()) {
        queue_->finish();
        std::erase_if(plans_,
                      [](const auto &entry) { return entry.first.purpose >= Purpose::jacobian; });
        frozen_version_ = net_.frozen_version();
    }
    const auto found = plans_.find(key);
    return found != plans_.end() ? *found->second : make_plan(key);
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

void Executable::launch(Plan &plan, int64_t n, uint64_t step) {
    const FlagScope launching(launching_);
    scalars_[kSlotInverseBatch] = 1.0 / static_cast<double>(n);
    const Plan::Context context{*queue_, cancelled_, net_.theta_version(), step, scalars_.data()};
    plan.launch(n, context);
}

void Executable::repeat(Plan &plan, int64_t n) {
    const Plan::Context context{*queue_, cancelled_, net_.theta_version(), 0, scalars_.data()};
    plan.repeat(n, context);
}

void Executable::set_direction(Ref direction) {
    if (direction.buffer == direction_.buffer && direction.offset == direction_.offset) return;
    direction_ = direction;
    for (auto &[key, plan] : plans_)
        if (key.purpose == Purpose::jacobian || key.purpose == Purpose::product)
            plan->bind(memory());
}

double Executable::read_single(Ref wide) {
    return read_wide(*queue_, wide, device_->real_bytes());
}

double Executable::read_loss(const Plan &plan) {
    double total = 0;
    for (size_t i = 0; i < plan.loss_count(); ++i) total += read_single(plan.loss(i));
    return total;
}

double Executable::status_value(StatusIndex index) {
    float value = 0;
    const int64_t real = device_->real_bytes();
    read_reals(*queue_, {status_.get(), index * real}, real, &value, 1);
    return static_cast<double>(value);
}

void Executable::reset_status() {
    float values[kStatusCount] = {};
    values[kStatusGate] = 1;
    write_reals(*queue_, {status_.get(), 0}, device_->real_bytes(), values, kStatusCount);
}

}  // namespace cnn

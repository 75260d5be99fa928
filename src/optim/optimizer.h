// Optimizers, of two sorts. First-order rules turn a gradient into a step, as expressions over flat
// vectors, so that every backend runs them in one pass; minimizers (minimize.h) see a whole problem
// at once. Knows neither nets nor layers.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "backend/flat_vector.h"

namespace cnn {

// Hyper-parameters by the numbers of cnn_key.
enum class Key : int32_t {
    learning_rate = 1,
    momentum = 2,
    nesterov = 3,
    beta1 = 4,
    beta2 = 5,
    epsilon = 6,
    weight_decay = 7,
    l2 = 8,
    clip_norm = 9,
    l1 = 10,
    mean_squares = 11,
    bias_correction = 12,
    line_search = 20,
    c1 = 21,
    c2 = 22,
    history = 23,
    cg_update = 24,
    restart = 25,
    preconditioner = 26,
    initial_hessian = 27,
    curvature_guard = 28,
    damping = 29,
    norm_residual = 30,
    cg_iterations = 31,
    cg_tolerance = 32,
    sample_fraction = 33,
    average = 34,
    search_period = 35,
};

inline constexpr size_t kKeyNumbers = 64;  // above every key's

struct KeyInfo {
    Key key;
    const char *name;
    double default_value, minimum, maximum;
    bool whole = false;  // an integer
};

// Of minimizers: penalties that the objective of a net puts into its value.
inline constexpr KeyInfo kL2Key{Key::l2, "l2", 0, 0, 1e6}, kL1Key{Key::l1, "l1", 0, 0, 1e6};

class HyperParameters {
  public:
    virtual ~HyperParameters() = default;
    virtual double operator[](Key key) const = 0;
};

class OptimizerRule;
class Minimizer;

// What every optimizer is.
class OptimizerKind {
  public:
    virtual ~OptimizerKind() = default;
    virtual int32_t kind() const = 0;  // cnn_optimizer_kind
    virtual const char *name() const = 0;
    // All of its keys; a rule's include learning_rate, l2, l1 and clip_norm, and weight_decay where
    // it has it.
    virtual std::span<const KeyInfo> keys() const = 0;
    // Which sort it is: null for the other.
    virtual const OptimizerRule *rule() const { return nullptr; }
    virtual const Minimizer *minimizer() const { return nullptr; }
};

// What a first-order optimizer adds to the frame below, which does clipping, L2, L1, weight decay
// and the gate.
class OptimizerRule : public OptimizerKind {
  public:
    using Value = ExpressionBuilder::Value;

    const OptimizerRule *rule() const final { return this; }
    virtual int state_count() const = 0;  // flat vectors as long as theta
    // Values that change from step to step (from 1), at most kOptimizerScalars.
    virtual void scalars(const HyperParameters &values, int64_t step, double rate,
                         std::span<double> out) const = 0;
    struct Operands {
        Value theta;     // what the step is taken off: weight decay has acted on it
        Value gradient;  // clipped, with the penalties' own
        std::vector<Value> states;
        std::vector<Value> scalars;
        Value rate;  // of this segment
    };
    // The new theta and the new states.
    virtual void update(ExpressionBuilder &b, const Operands &in, Value &theta,
                        std::vector<Value> &states) const = 0;
};

inline constexpr int kOptimizerScalars = 8;

// The optimizers there are. To add one: its file, its row in registry.cpp.
std::span<const OptimizerKind *const> optimizer_kinds();
const OptimizerKind *find_optimizer(int32_t kind);
const OptimizerKind *find_optimizer(std::string_view name);
const OptimizerRule *sgd_rule();
const OptimizerRule *adam_rule();
const OptimizerRule *adamw_rule();
const OptimizerRule *adagrad_rule();
const OptimizerRule *rmsprop_rule();
const OptimizerRule *adams_bashforth_rule();

// A run of theta whose elements are treated alike.
struct Segment {
    int64_t offset = 0, count = 0;
    double rate = 1;            // factor of the learning rate; 0: left alone
    double regularization = 0;  // factor of the lambdas of L2, L1 and weight decay
    bool operator==(const Segment &) const = default;
};

// Where a step finds things on the device. gate: 1, or 0 for a step that must change nothing;
// squared_norm: of the gradient, replaced by the clipping factor where one is set; center: where
// there is one.
struct StepMemory {
    Ref theta, gradient, gate, squared_norm, center;
};

// Where a fit stopped, for one that resumes.
struct FitPosition {
    int64_t epoch = 0;
    int64_t step_in_epoch = 0;
    double loss_sum = 0;  // of the epoch's steps so far
};

class Optimizer final : public HyperParameters {
  public:
    explicit Optimizer(const OptimizerKind &kind);

    const OptimizerKind &kind() const { return kind_; }
    const char *name() const { return kind_.name(); }
    // Throws Error(unsupported), naming the operation, for a minimizer.
    const OptimizerRule &rule(const char *operation) const;
    const KeyInfo &info(Key key) const;  // throws Error(not_found)
    double operator[](Key key) const override;
    void set(Key key, double value);
    bool has(Key key) const;
    double value_or_zero(Key key) const {
        const size_t place = place_of(key);
        return place > 0 ? values_[place - 1] : 0;
    }

    // Tells it from every other; whoever holds it may compare it also when the optimizer is gone.
    const std::shared_ptr<const void> &identity() const { return identity_; }
    int64_t steps() const { return steps_; }
    void set_steps(int64_t steps) { steps_ = steps; }
    FitPosition &position() { return position_; }
    const FitPosition &position() const { return position_; }
    void reset();

    // Flat vectors as long as theta that live from step to step; a minimizer has none.
    int state_count() const { return kind_.rule() ? kind_.rule()->state_count() : 0; }
    // Binds to an owner, told apart by its address; throws Error(bad_state) when bound to another.
    void bind(const std::shared_ptr<const void> &owner, int64_t parameters);
    const std::shared_ptr<const void> &owner() const { return owner_; }
    // While a host's callback runs within a fit, what would take the optimizer from it is refused.
    void set_in_callback(bool value) { in_callback_ = value; }
    bool in_callback() const { return in_callback_; }
    // While a minimisation runs by it, its keys stay.
    void set_minimizing(bool value) { minimizing_ = value; }
    bool minimizing() const { return minimizing_; }
    std::vector<FlatVector> &states() { return states_; }
    // The queue of the device its states are on; null for the host.
    Queue *states_queue() { return device_ ? queue_.get() : nullptr; }

    // Everything that may fail or allocate: states onto the device, kernels for the segments.
    // centered: the regularisers pull to a centre, not to zero.
    void prepare(const std::shared_ptr<Device> &device, std::span<const Segment> segments,
                 bool centered);
    // One step, enqueued. rate: the scheduled learning rate.
    void step(Queue &queue, const StepMemory &memory, double rate);

  private:
    struct Update {
        Segment segment;
        std::unique_ptr<Kernel> kernel;
    };
    // What an update does beside its rule's own; each takes time.
    struct Terms {
        bool centered = false, l1 = false;
        bool operator==(const Terms &) const = default;
    };
    size_t place_of(Key key) const {
        const auto number = static_cast<size_t>(key);
        return number < kKeyNumbers ? static_cast<size_t>(places_[number]) : 0;
    }
    FusedOp update_group(int64_t count, const Terms &terms) const;
    Expression update_expression(const Terms &terms) const;

    const OptimizerKind &kind_;
    std::shared_ptr<const void> identity_ = std::make_shared<char>();
    std::vector<double> values_;
    std::array<int8_t, kKeyNumbers> places_{};  // by number of key, from 1 on; 0: it has none
    int64_t steps_ = 0;
    FitPosition position_;
    std::shared_ptr<const void> owner_;
    std::vector<FlatVector> states_;
    std::shared_ptr<Device> device_;
    std::unique_ptr<Queue> queue_;
    std::vector<Update> updates_;
    Terms terms_;
    std::unique_ptr<Kernel> clip_;
    std::vector<Ref> refs_;
    bool in_callback_ = false, minimizing_ = false;
};

}  // namespace cnn

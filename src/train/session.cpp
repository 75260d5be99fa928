// The primitives: run, evaluate, loss_gradient, backward, train_step.
#include "train/session.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/fpenv.h"
#include "base/text.h"
#include "train/async_run.h"
#include "train/fit.h"

namespace cnn {

Session::Session(Net net) : net_(std::move(net)) {}

Session::Session(std::string name, uint64_t seed) : net_(std::move(name), seed) {}
Session::~Session() = default;

void Session::compile(std::shared_ptr<Device> device, Log log, const CompileOptions &options) {
    net_.throw_mistake();
    if (net_.nodes().empty()) fail(Status::bad_state, "compile: the net has no nodes");
    if (net_.inputs().empty()) fail(Status::bad_state, "compile: the net has no input");
    net_.check_bound("compile");
    const DefaultFloatEnvironment environment;
    auto executable = std::make_unique<Executable>(net_, std::move(device), log, options, *heard_,
                                                   executable_.get());
    net_.seal();
    ahead_mark_.reset();
    cancelled_.store(false, std::memory_order_relaxed);
    executable_ = std::move(executable);
    unchecked_steps_ = 0;
    instalments_.active = false;
    instalments_.launch.drop();
    if (fit_) fit_->drop_launch();
}

Executable &Session::executable(const char *operation) {
    check_landed(operation);
    net_.throw_mistake();
    if (!executable_) fail(Status::bad_state, text(operation, ": the net isn't compiled"));
    if (executable_->launching())
        fail(Status::busy,
             text(operation, ": not allowed from within a host-defined layer of the same net"));
    return *executable_;
}

void Session::check_landed(const char *operation) const {
    if (in_flight())
        fail(Status::busy, text(operation, ": a run of cnn_net_run_async is in progress"));
}

void Session::check_not_busy(const char *operation) const {
    check_landed(operation);
    if (in_callback())
        fail(Status::busy, text(operation, ": not allowed from within a callback of the same net"));
}

void Session::check_changeable(const char *operation) const {
    check_not_busy(operation);
    check_own(operation);
}

void Session::begin_call() {
    if (!in_flight() && !in_callback()) cancelled_.store(false, std::memory_order_relaxed);
}

void Session::check_cancelled(const char *operation) const {
    if (heard_->load(std::memory_order_relaxed))
        fail(Status::cancelled, text(operation, ": cancelled by cnn_net_cancel"));
}

void Session::check_own(const char *operation) const {
    if (net_.shared())
        fail(Status::bad_state, text(operation,
                                     ": the net shares its parameters with others, for running "
                                     "only; do it with the net that it was shared from, or a "
                                     "clone, and hand that over"));
}

void Session::check_training(const char *operation) {
    check_own(operation);
    if (executable(operation).inference_only())
        fail(Status::bad_state, text(operation, ": the net is compiled for inference only"));
}

void Session::check_count(const char *operation, int64_t count) {
    const int64_t most = executable(operation).max_batch();
    if (count > most)
        fail(Status::limit_exceeded, text(operation, ": got ", count,
                                          " samples, but the net is compiled for at most ", most));
}

const Samples &Session::checked(const char *operation, const cnn_samples &samples, bool targets) {
    samples_.assign(net_, executable(operation).device(), operation, samples, targets);
    return samples_;
}

void Session::check_output(int32_t node, const cnn_view &view, int64_t samples,
                           const char *operation) const {
    const Culprit culprit{net_, node};
    feed_of(view, operation, culprit);
    const int64_t wanted = samples * net_.node(node).shape.elements();
    if (view.type != CNN_FLOAT32 || view.layout != CNN_NCHW)
        fail_at(node, Status::unsupported,
                text(operation, ": output ", culprit.name(), " must be CNN_FLOAT32 and CNN_NCHW"));
    if (view.elements != wanted)
        fail_at(node, Status::shape_mismatch,
                text(operation, ": output ", culprit.name(), " got room for ", view.elements,
                     " elements, but ", samples, " samples give ", wanted));
    if (view.memory) lent_of(executable_->device(), view, true, operation, culprit);
}

// Results into a view's elements from `first` on; zeros where `from` is none. Waits for them unless
// they go into lent memory.
void Session::give(Executable &exe, const cnn_view &view, int64_t first, Ref from, int64_t count) {
    if (view.memory) {
        const LentMemory to{view.memory, view.memory_offset + first * 4};
        return exe.queue().put(to, from, count * 4);
    }
    auto *to = static_cast<float *>(const_cast<void *>(view.data)) + first;
    if (from.buffer)
        read_reals(exe.queue(), from, exe.device().real_bytes(), to, count);
    else
        std::fill_n(to, count, 0.0f);
}

void Session::run(const cnn_view *inputs, int32_t input_count, const cnn_view *outputs,
                  int32_t output_count, bool softmax, bool training) {
    prepare_run(inputs, input_count, outputs, output_count, softmax, training, "run");
    compute_run();
}

void Session::check_run(const cnn_view *inputs, int32_t input_count, const cnn_view *outputs,
                        int32_t output_count, const char *operation) {
    samples_.assign(net_, executable(operation).device(), operation, inputs, input_count);
    const std::vector<int32_t> &nodes = net_.outputs();
    if (output_count < 1 || output_count > static_cast<int32_t>(nodes.size()) || !outputs)
        fail(Status::invalid_argument,
             text(operation, ": got ", output_count, " outputs, but the net has ", nodes.size()));
    for (size_t i = 0; i < static_cast<size_t>(output_count); ++i)
        check_output(nodes[i], outputs[i], samples_.count(), operation);
}

void Session::prepare_run(const cnn_view *inputs, int32_t input_count, const cnn_view *outputs,
                          int32_t output_count, bool softmax, bool training,
                          const char *operation) {
    check_run(inputs, input_count, outputs, output_count, operation);
    Executable &exe = *executable_;
    run_.outputs.assign(outputs, outputs + output_count);
    run_.key = {};
    run_.key.training = training;
    run_.key.softmax = softmax;
    const DefaultFloatEnvironment environment;
    exe.prepare(run_.key, samples_.count());
}

// Launches all parts; `give(view, first, from, count)` hands over results.
template <class Give>
void Session::launch_run(const Give &give) {
    Executable &exe = *executable_;
    const DefaultFloatEnvironment environment;
    const Executable::Use use(exe);
    for (int64_t first = 0; first < samples_.count(); first += exe.max_batch()) {
        const int64_t n = std::min(exe.max_batch(), samples_.count() - first);
        Plan &plan = exe.plan(run_.key, n);
        samples_.fill(plan, first, nullptr, exe.ones());
        exe.launch(plan, n, static_cast<uint64_t>(steps_) + 1);
        for (size_t i = 0; i < run_.outputs.size(); ++i) {
            const int64_t size = net_.node(net_.outputs()[i]).shape.elements();
            give(run_.outputs[i], first * size, plan.output(i), n * size);
        }
    }
}

void Session::compute_run() {
    Executable &exe = *executable_;
    launch_run([&](const cnn_view &view, int64_t first, Ref from, int64_t count) {
        give(exe, view, first, from, count);
    });
    const auto lent = [](const cnn_view &view) { return view.memory != nullptr; };
    if (std::any_of(run_.outputs.begin(), run_.outputs.end(), lent)) exe.queue().settle();
}

std::unique_ptr<Mark> Session::enqueue_run() {
    Executable &exe = *executable_;
    launch_run([&](const cnn_view &view, int64_t first, Ref from, int64_t count) {
        if (view.memory || !from.buffer || exe.device().real_bytes() != 4)
            return give(exe, view, first, from, count);
        auto *to = static_cast<float *>(const_cast<void *>(view.data)) + first;
        exe.queue().read_later(to, from, count * 4);
    });
    return exe.queue().mark();
}

void Session::take_off(AsyncRun &run) {
    ahead_mark_.reset();
    ahead_.store(&run, std::memory_order_release);
}

// A later run may have taken off since.
void Session::land(AsyncRun &run) noexcept {
    const AsyncRun *ahead = &run;
    ahead_.compare_exchange_strong(ahead, nullptr, std::memory_order_release,
                                   std::memory_order_relaxed);
}

bool Session::in_flight() const {
    if (ahead_.load(std::memory_order_acquire) == nullptr) return false;
    return !ahead_mark_ || !ahead_mark_->reached();
}

// Those of n samples, to the places of the first and those after it.
void Session::read_outputs(Plan &plan, const cnn_view *outputs, size_t count, int64_t first,
                           int64_t n) {
    Executable &exe = *executable_;
    for (size_t i = 0; i < count; ++i) {
        const int64_t size = net_.node(net_.outputs()[i]).shape.elements();
        give(exe, outputs[i], first * size, plan.output(i), n * size);
    }
}

// The host sees what it lent, whether or not the device is done.
void Session::settle(const cnn_view *outputs, size_t count) {
    if (std::any_of(outputs, outputs + count, [](const cnn_view &view) { return view.memory; }))
        executable_->queue().settle();
}

namespace {

// Views have no padding.
bool same_views(const std::vector<cnn_view> &held, const cnn_view *given, int32_t count) {
    return held.size() == static_cast<size_t>(count) &&
           (held.empty() || std::memcmp(held.data(), given, held.size() * sizeof(cnn_view)) == 0);
}

}  // namespace

void Session::run_for(const cnn_view *inputs, int32_t input_count, const cnn_view *outputs,
                      int32_t output_count, const RunMode &mode, bool restart, Budget &budget,
                      cnn_run_progress &progress) {
    if (net_.shared())
        fail(Status::unsupported,
             "run_for: the net shares its parameters with others; cnn_net_run_many runs it whole");
    check_run(inputs, input_count, outputs, output_count, "run_for");
    const DefaultFloatEnvironment environment;
    ProgramKey key;
    key.training = mode.training;
    key.softmax = mode.softmax;
    key.instalments = true;
    if (restart || budget.is_empty() || instalments_.theta_version != net_.theta_version() ||
        instalments_.mode != mode || !same_views(instalments_.inputs, inputs, input_count) ||
        !same_views(instalments_.outputs, outputs, output_count))
        instalments_.active = false;
    if (!instalments_.active) {
        instalments_.launch.drop();
        instalments_.inputs.assign(inputs, inputs + input_count);
        instalments_.outputs.assign(outputs, outputs + output_count);
        instalments_.mode = mode;
        instalments_.theta_version = net_.theta_version();
        instalments_.first = 0;
        instalments_.seconds_done = 0;
        measure_run(key, instalments_.outputs.size(), budget.is_empty());
    }
    // Only when nothing fails does it stay under way.
    instalments_.active = false;
    budget.seconds();
    const bool done = !budget.is_empty() && advance_run(key, budget);
    instalments_.active = !done && !budget.is_empty();
    progress.done = done ? 1 : 0;
    progress.fraction = done ? 1 : run_fraction();
    progress.next_microseconds =
        (budget.is_empty() ? instalments_.longest_piece : budget.next()) * 1e6;
    progress.microseconds = budget.seconds() * 1e6;
}

// The plans for these samples, whose pieces are measured where they aren't yet.
void Session::measure_run(const ProgramKey &key, size_t outputs, bool anew) {
    Executable &exe = *executable_;
    std::vector<int64_t> rows;
    std::vector<float> unwanted;
    instalments_.longest_piece = 0;
    for_batches(std::min(samples_.count(), exe.max_batch()), [&](int64_t n) {
        Plan &plan = exe.plan(key, n);
        if (plan.finish_prediction().known() && !anew) return;
        rows.resize(static_cast<size_t>(n));
        for (int64_t i = 0; i < n; ++i) rows[static_cast<size_t>(i)] = i % samples_.count();
        instalments_.launch.begin(net_, plan, n, 1, 1);
        instalments_.launch.measure(
            exe, [&](Plan &p) { samples_.fill(p, 0, rows.data(), exe.ones()); },
            [&] {
                for (size_t i = 0; i < outputs; ++i) {
                    const int64_t size = n * net_.node(net_.outputs()[i]).shape.elements();
                    unwanted.resize(static_cast<size_t>(size));
                    read_reals(exe.queue(), plan.output(i), exe.device().real_bytes(),
                               unwanted.data(), size);
                }
            });
        instalments_.launch.drop();
        instalments_.longest_piece =
            std::max(instalments_.longest_piece, PlanLaunch::longest_piece(plan));
    });
}

// Whether all is done.
bool Session::advance_run(const ProgramKey &key, Budget &budget) {
    Executable &exe = *executable_;
    PlanLaunch &launch = instalments_.launch;
    for (; instalments_.first < samples_.count(); instalments_.first += launch.n(), launch.drop()) {
        if (!launch.under_way()) {
            const int64_t n = std::min(exe.max_batch(), samples_.count() - instalments_.first);
            launch.begin(net_, exe.plan(key, n), n, static_cast<uint64_t>(steps_) + 1, 1);
        }
        const auto fill = [&](Plan &plan) {
            samples_.fill(plan, instalments_.first, nullptr, exe.ones());
        };
        if (!launch.advance(exe, budget, fill)) return false;
        const auto finish = [&] {
            launch.finish(exe);
            read_outputs(launch.plan(), instalments_.outputs.data(), instalments_.outputs.size(),
                         instalments_.first, launch.n());
            settle(instalments_.outputs.data(), instalments_.outputs.size());
        };
        if (!budget.spend(launch.plan().finish_prediction(), finish)) return false;
        instalments_.seconds_done += PlanLaunch::seconds(launch.plan());
    }
    return true;
}

// Parts that haven't begun are taken to be as the one that has.
double Session::run_fraction() const {
    const PlanLaunch &launch = instalments_.launch;
    if (!launch.under_way()) return 0;
    const double part = launch.seconds_of_plan(),
                 parts = static_cast<double>(samples_.count() - instalments_.first) /
                         static_cast<double>(launch.n());
    const double left = part * std::ceil(parts) - launch.seconds_done();
    const double done = instalments_.seconds_done + launch.seconds_done();
    return done / (done + std::max(left, 1e-12));
}

ProgramKey Session::evaluation_key(const Samples &samples) const {
    ProgramKey key;
    key.purpose = Purpose::evaluate;
    key.label_targets = samples.label_targets();
    return key;
}

Session::Evaluation Session::no_evaluation(const Samples &samples) const {
    Evaluation result;
    result.samples = samples.count();
    // The counts are the first's that classifies.
    for (const int32_t id : net_.losses()) {
        const Node &node = net_.node(id);
        if (result.labels == 0)
            result.labels = samples.count() * node.loss->labels(net_.node(node.inputs[0]).shape);
    }
    return result;
}

void Session::add_part(Plan &plan, Evaluation &evaluation) {
    Executable &exe = *executable_;
    evaluation.loss += exe.read_loss(plan);
    if (plan.correct().buffer)
        evaluation.correct = std::max<int64_t>(0, evaluation.correct) +
                             std::llround(exe.read_single(plan.correct()));
}

Session::Evaluation Session::evaluate(const Samples &samples) {
    Executable &exe = executable("evaluate");
    if (!net_.shared()) check_training("evaluate");
    const DefaultFloatEnvironment environment;
    const ProgramKey key = evaluation_key(samples);
    Evaluation result = no_evaluation(samples);
    exe.scalars()[kSlotInverseCount] = 1.0 / static_cast<double>(samples.count());
    exe.prepare(key, samples.count());
    const Executable::Use use(exe);
    for (int64_t first = 0; first < samples.count(); first += exe.max_batch()) {
        const int64_t n = std::min(exe.max_batch(), samples.count() - first);
        Plan &plan = exe.plan(key, n);
        samples.fill(plan, first, nullptr, exe.ones());
        exe.launch(plan, n, 0);
        add_part(plan, result);
    }
    return result;
}

void Session::loss_gradient(const Samples &samples, bool training, double *loss) {
    check_training("loss_gradient");
    check_count("loss_gradient", samples.count());
    Executable &exe = *executable_;
    const DefaultFloatEnvironment environment;
    ProgramKey key;
    key.purpose = Purpose::gradient;
    key.training = training;
    key.label_targets = samples.label_targets();
    Plan &plan = exe.plan(key, samples.count());
    samples.fill(plan, 0, nullptr, exe.ones());
    exe.scalars()[kSlotInverseCount] = 1.0 / static_cast<double>(samples.count());
    exe.launch(plan, samples.count(), static_cast<uint64_t>(steps_) + 1);
    if (loss) *loss = exe.read_loss(plan);
}

namespace {

void check_gradient_view(const Device &device, const cnn_view &view, bool written,
                         const Culprit &culprit, int64_t samples) {
    const int64_t expected = samples * culprit.net.node(culprit.node).shape.elements();
    if (view.type != CNN_FLOAT32)
        fail_at(culprit.node, Status::unsupported,
                text("backward: ", culprit.name(), " must be CNN_FLOAT32"));
    if (view.elements != expected)
        fail_at(culprit.node, Status::shape_mismatch,
                text("backward: ", culprit.name(), " got ", view.elements,
                     " elements, but must have ", expected));
    feed_of(view, "backward", culprit);
    if (view.memory) lent_of(device, view, written, "backward", culprit);
}

constexpr const char *kGradientOf = "the gradient of ";

}  // namespace

void Session::backward(const Samples &samples, const cnn_view *output_gradients,
                       int32_t output_count, const cnn_view *input_gradients, int32_t input_count,
                       bool training) {
    check_training("backward");
    check_count("backward", samples.count());
    Executable &exe = *executable_;
    const std::vector<int32_t> &outputs = net_.outputs();
    if (output_count != static_cast<int32_t>(outputs.size()) || !output_gradients)
        fail(Status::invalid_argument,
             text("backward: got ", output_count, " output gradients, but the net has ",
                  outputs.size(), " outputs"));
    if (input_count < 0 || input_count > static_cast<int32_t>(net_.inputs().size()) ||
        (input_count > 0 && !input_gradients))
        fail(Status::invalid_argument,
             text("backward: got ", input_count, " input gradients, but the net has ",
                  net_.inputs().size(), " inputs"));
    const int64_t n = samples.count();
    for (size_t i = 0; i < outputs.size(); ++i) {
        const Culprit culprit{net_, outputs[i], kGradientOf};
        check_gradient_view(exe.device(), output_gradients[i], false, culprit, n);
    }
    const auto wanted = [](const cnn_view &view) { return view.data || view.memory; };
    for (size_t i = 0; i < static_cast<size_t>(input_count); ++i)
        if (wanted(input_gradients[i]))
            check_gradient_view(exe.device(), input_gradients[i], true,
                                {net_, net_.inputs()[i], kGradientOf}, n);

    const DefaultFloatEnvironment environment;
    ProgramKey key;
    key.purpose = Purpose::backward;
    key.training = training;
    Plan &plan = exe.plan(key, n);
    samples.fill(plan, 0, nullptr, exe.ones());
    for (size_t i = 0; i < outputs.size(); ++i)
        if (Feed *feed = plan.output_gradient_feed(i))
            *feed = feed_of(output_gradients[i], "backward", {net_, outputs[i], kGradientOf});
    exe.launch(plan, n, static_cast<uint64_t>(steps_) + 1);
    bool lent = false;
    for (size_t i = 0; i < static_cast<size_t>(input_count); ++i) {
        if (!wanted(input_gradients[i])) continue;
        give(exe, input_gradients[i], 0, plan.input_gradient(i), input_gradients[i].elements);
        lent = lent || input_gradients[i].memory;
    }
    if (lent)
        exe.queue().settle();
    else
        exe.queue().finish();
}

// Neighbouring tensors that are treated alike make one segment.
const std::vector<Segment> &Session::segments() {
    segments_.clear();
    for (const NetTensor &tensor : net_.parameters()) {
        if (tensor.rate == 0) continue;
        const Segment next{tensor.offset, tensor.shape.elements(), tensor.rate,
                           tensor.regularization};
        if (!segments_.empty()) {
            Segment &last = segments_.back();
            if (last.offset + last.count == next.offset && last.rate == next.rate &&
                last.regularization == next.regularization) {
                last.count += next.count;
                continue;
            }
        }
        segments_.push_back(next);
    }
    return segments_;
}

void Session::prepare_training(Optimizer &optimizer, const char *operation) {
    optimizer.rule(operation);
    check_training(operation);
    if (net_.theta().elements() == 0)
        fail(Status::bad_state, text(operation, ": the net has no parameters"));
    optimizer.bind(identity_, net_.theta().elements());
    optimizer.prepare(executable_->shared_device(), segments(), net_.center().elements() > 0);
}

ProgramKey Session::training_key(const Samples &samples) const {
    ProgramKey key;
    key.purpose = Purpose::train;
    key.training = true;
    key.label_targets = samples.label_targets();
    return key;
}

void Session::update(Optimizer &optimizer, double rate, Lane lane) {
    Executable &exe = *executable_;
    const int64_t real = exe.device().real_bytes();
    const auto status = [&](StatusIndex index) {
        return Ref{exe.status(lane).buffer, index * real};
    };
    // Before, for a step that fails half-way has changed it too.
    net_.theta_changed();
    optimizer.step(exe.queue(),
                   {net_.theta().at(), exe.gradient(lane), status(kStatusGate),
                    status(kStatusScale), net_.center().at()},
                   rate);
}

void Session::count_step(Lane lane) {
    net_.theta_changed();
    ++steps_;
    if (lane == Lane::whole) ++unchecked_steps_;
}

Plan &Session::step(Optimizer &optimizer, const Samples &samples, int64_t n, const int64_t *rows,
                    double rate) {
    Executable &exe = *executable_;
    Plan &plan = exe.plan(training_key(samples), n);
    samples.fill(plan, 0, rows, exe.ones());
    exe.scalars()[kSlotInverseCount] = 1.0 / static_cast<double>(n);
    exe.launch(plan, n, static_cast<uint64_t>(steps_) + 1);
    update(optimizer, rate, Lane::whole);
    count_step(Lane::whole);
    return plan;
}

void Session::train_step(Optimizer &optimizer, const Samples &samples, double *loss) {
    prepare_training(optimizer, "train_step");
    Executable &exe = *executable_;
    check_count("train_step", samples.count());
    const DefaultFloatEnvironment environment;
    Plan &plan = step(optimizer, samples, samples.count(), nullptr, optimizer[Key::learning_rate]);
    if (!loss) return;
    *loss = exe.read_loss(plan);
    check_gate(optimizer, "train_step");
}

Fit &Session::fit_in_instalments() {
    if (!fit_) fit_ = std::make_unique<Fit>(*this);
    return *fit_;
}

void Session::reset_status(Lane lane) {
    executable_->reset_status(lane);
    if (lane == Lane::whole) unchecked_steps_ = 0;
}

void Session::check_gate(Optimizer &optimizer, const char *operation) {
    Executable &exe = *executable_;
    // The device counts in float32.
    constexpr int64_t kMostCounted = int64_t{1} << 20;
    if (exe.status_value(kStatusGate) != 0) {
        if (unchecked_steps_ >= kMostCounted) reset_status();
        return;
    }
    const auto good = static_cast<int64_t>(exe.status_value(kStatusGoodSteps));
    const int64_t undone = std::max<int64_t>(0, unchecked_steps_ - good);
    reset_status();
    optimizer.set_steps(std::max<int64_t>(0, optimizer.steps() - undone));
    steps_ -= undone;
    fail(Status::not_finite,
         text(operation, ": loss or gradient isn't finite at step ", optimizer.steps() + 1,
              "; parameters are those of step ", optimizer.steps(),
              "; try a smaller learning_rate (now ", optimizer[Key::learning_rate], ")"));
}

int64_t Session::elements(VectorKind which) const {
    return which == VectorKind::state ? net_.s().elements() : net_.theta().elements();
}

const std::vector<NetTensor> &Session::tensors(VectorKind which) const {
    return which == VectorKind::state ? net_.state() : net_.parameters();
}

void Session::read(VectorKind which, int64_t offset, float *values, int64_t count) {
    const DefaultFloatEnvironment environment;
    if (which == VectorKind::gradient) {
        check_training("get gradient");
        const int64_t real = executable_->device().real_bytes();
        read_reals(executable_->queue(), {executable_->gradient().buffer, offset * real}, real,
                   values, count);
        return;
    }
    if (net_.shared())
        net_.shared()->read(which == VectorKind::state ? Space::state : Space::parameter, offset,
                            values, count);
    else
        (which == VectorKind::state ? net_.s() : net_.theta()).read(queue(), offset, values, count);
}

SharedParameters::Values Session::read_values() {
    const DefaultFloatEnvironment environment;
    if (net_.shared()) return net_.shared()->read();
    SharedParameters::Values values{
        std::vector<float>(static_cast<size_t>(net_.theta().elements())),
        std::vector<float>(static_cast<size_t>(net_.s().elements()))};
    net_.theta().read(queue(), 0, values.theta.data(), net_.theta().elements());
    net_.s().read(queue(), 0, values.s.data(), net_.s().elements());
    return values;
}

void Session::write(VectorKind which, int64_t offset, const float *values, int64_t count) {
    const DefaultFloatEnvironment environment;
    if (which == VectorKind::gradient)
        fail(Status::invalid_argument, "set gradient: it is only computed, never set");
    check_own("set vector");
    (which == VectorKind::state ? net_.s() : net_.theta()).write(queue(), offset, values, count);
    net_.theta_changed();
}

void Session::set_center(const float *values) {
    const DefaultFloatEnvironment environment;
    FlatVector center;
    if (values) center.append({values, values + net_.theta().elements()});
    if (values && executable_) {
        Device &device = executable_->device();
        executable_->check_room("set center",
                                device.footprint(center.elements() * device.real_bytes()),
                                executable_->bytes());
        center = center.copied_to(executable_->shared_device(), *queue(), nullptr);
    }
    // A step under way may still read the old one.
    if (executable_) queue()->finish();
    net_.center() = std::move(center);
}

void Session::read_center(float *values) {
    const DefaultFloatEnvironment environment;
    const int64_t elements = net_.center().elements();
    if (elements == 0)
        std::fill_n(values, net_.theta().elements(), 0.0f);
    else
        net_.center().read(queue(), 0, values, elements);
}

}  // namespace cnn

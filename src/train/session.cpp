// The primitives: run, evaluate, loss_gradient, backward, train_step.
#include "train/session.h"

#include <algorithm>
#include <cmath>

#include "base/fpenv.h"
#include "base/text.h"

namespace cnn {

void Session::compile(std::shared_ptr<Device> device, Log log, const CompileOptions &options) {
    net_.throw_mistake();
    if (net_.nodes().empty()) fail(Status::bad_state, "compile: the net has no nodes");
    if (net_.inputs().empty()) fail(Status::bad_state, "compile: the net has no input");
    net_.check_bound();
    const DefaultFloatEnvironment environment;
    auto executable =
        std::make_unique<Executable>(net_, std::move(device), log, options, executable_.get());
    net_.seal();
    const std::lock_guard lock(executable_mutex_);
    executable_ = std::move(executable);
    unchecked_steps_ = 0;
}

Executable &Session::executable(const char *operation) {
    net_.throw_mistake();
    if (!executable_) fail(Status::bad_state, text(operation, ": the net isn't compiled"));
    if (executable_->launching())
        fail(Status::busy,
             text(operation, ": not allowed from within a host-defined layer of the same net"));
    return *executable_;
}

void Session::cancel() {
    const std::lock_guard lock(executable_mutex_);
    if (executable_) executable_->cancel();
}

void Session::check_not_busy(const char *operation) const {
    if (in_callback())
        fail(Status::busy, text(operation, ": not allowed from within a callback of the same net"));
}

void Session::begin_call() {
    if (executable_ && !in_callback()) executable_->clear_cancel();
}

void Session::check_training(const char *operation) {
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
    executable(operation);
    samples_.assign(net_, operation, samples, targets);
    return samples_;
}

void Session::check_output(int32_t node, const cnn_view &view, int64_t samples) const {
    const Culprit culprit{net_, node};
    feed_of(view, "run", culprit);
    const int64_t wanted = samples * net_.node(node).shape.elements();
    if (view.type != CNN_FLOAT32 || view.layout != CNN_NCHW)
        fail_at(node, Status::unsupported,
                text("run: output ", culprit.name(), " must be CNN_FLOAT32 and CNN_NCHW"));
    if (view.elements != wanted)
        fail_at(node, Status::shape_mismatch,
                text("run: output ", culprit.name(), " got room for ", view.elements,
                     " elements, but ", samples, " samples give ", wanted));
}

void Session::run(const cnn_view *inputs, int32_t input_count, const cnn_view *outputs,
                  int32_t output_count, bool softmax, bool training) {
    Executable &exe = executable("run");
    samples_.assign(net_, "run", inputs, input_count);
    const Samples &samples = samples_;
    const std::vector<int32_t> &nodes = net_.outputs();
    if (output_count < 1 || output_count > static_cast<int32_t>(nodes.size()) || !outputs)
        fail(Status::invalid_argument,
             text("run: got ", output_count, " outputs, but the net has ", nodes.size()));
    const auto count = static_cast<size_t>(output_count);
    for (size_t i = 0; i < count; ++i) check_output(nodes[i], outputs[i], samples.count());
    const DefaultFloatEnvironment environment;
    ProgramKey key;
    key.training = training;
    key.softmax = softmax;
    for (int64_t first = 0; first < samples.count(); first += exe.max_batch()) {
        const int64_t n = std::min(exe.max_batch(), samples.count() - first);
        Plan &plan = exe.plan(key, n);
        samples.fill(plan, first, nullptr, exe.ones());
        exe.launch(plan, n, static_cast<uint64_t>(steps_) + 1);
        for (size_t i = 0; i < count; ++i) {
            const int64_t size = net_.node(nodes[i]).shape.elements();
            auto *to = static_cast<float *>(const_cast<void *>(outputs[i].data));
            read_reals(exe.queue(), plan.output(i), exe.device().real_bytes(), to + first * size,
                       n * size);
        }
    }
}

Session::Evaluation Session::evaluate(const Samples &samples) {
    check_training("evaluate");
    Executable &exe = *executable_;
    const DefaultFloatEnvironment environment;
    ProgramKey key;
    key.purpose = Purpose::evaluate;
    key.label_targets = samples.label_targets();
    Evaluation result;
    result.samples = samples.count();
    // The counts are the first's that classifies.
    for (const int32_t id : net_.losses()) {
        const Node &node = net_.node(id);
        if (result.labels == 0)
            result.labels = samples.count() * node.loss->labels(net_.node(node.inputs[0]).shape);
    }
    exe.scalars()[kSlotInverseCount] = 1.0 / static_cast<double>(samples.count());
    for (int64_t first = 0; first < samples.count(); first += exe.max_batch()) {
        const int64_t n = std::min(exe.max_batch(), samples.count() - first);
        Plan &plan = exe.plan(key, n);
        samples.fill(plan, first, nullptr, exe.ones());
        exe.launch(plan, n, 0);
        result.loss += exe.read_loss(plan);
        if (plan.correct().buffer)
            result.correct = std::max<int64_t>(0, result.correct) +
                             std::llround(exe.read_single(plan.correct()));
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

void check_gradient_view(const cnn_view &view, const Culprit &culprit, int64_t samples) {
    const int64_t expected = samples * culprit.net.node(culprit.node).shape.elements();
    if (view.type != CNN_FLOAT32)
        fail_at(culprit.node, Status::unsupported,
                text("backward: ", culprit.name(), " must be CNN_FLOAT32"));
    if (view.elements != expected)
        fail_at(culprit.node, Status::shape_mismatch,
                text("backward: ", culprit.name(), " got ", view.elements,
                     " elements, but must have ", expected));
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
        check_gradient_view(output_gradients[i], culprit, n);
        feed_of(output_gradients[i], "backward", culprit);
    }
    for (size_t i = 0; i < static_cast<size_t>(input_count); ++i)
        if (input_gradients[i].data)
            check_gradient_view(input_gradients[i], {net_, net_.inputs()[i], kGradientOf}, n);

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
    for (size_t i = 0; i < static_cast<size_t>(input_count); ++i) {
        if (!input_gradients[i].data) continue;
        auto *to = static_cast<float *>(const_cast<void *>(input_gradients[i].data));
        const Ref from = plan.input_gradient(i);
        if (from.buffer)
            read_reals(exe.queue(), from, exe.device().real_bytes(), to,
                       input_gradients[i].elements);
        else
            std::fill_n(to, input_gradients[i].elements, 0.0f);
    }
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

Plan &Session::step(Optimizer &optimizer, const Samples &samples, int64_t n, const int64_t *rows,
                    double rate) {
    Executable &exe = *executable_;
    ProgramKey key;
    key.purpose = Purpose::train;
    key.training = true;
    key.label_targets = samples.label_targets();
    Plan &plan = exe.plan(key, n);
    samples.fill(plan, 0, rows, exe.ones());
    exe.scalars()[kSlotInverseCount] = 1.0 / static_cast<double>(n);
    exe.launch(plan, n, static_cast<uint64_t>(steps_) + 1);
    const int64_t real = exe.device().real_bytes();
    const auto status = [&](StatusIndex index) { return Ref{exe.status().buffer, index * real}; };
    optimizer.step(exe.queue(),
                   {net_.theta().at(), exe.gradient(), status(kStatusGate), status(kStatusScale),
                    net_.center().at()},
                   rate);
    net_.theta_changed();
    ++steps_;
    ++unchecked_steps_;
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

void Session::reset_status() {
    executable_->reset_status();
    unchecked_steps_ = 0;
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
    (which == VectorKind::state ? net_.s() : net_.theta()).read(queue(), offset, values, count);
}

void Session::write(VectorKind which, int64_t offset, const float *values, int64_t count) {
    const DefaultFloatEnvironment environment;
    if (which == VectorKind::gradient)
        fail(Status::invalid_argument, "set gradient: it is only computed, never set");
    (which == VectorKind::state ? net_.s() : net_.theta()).write(queue(), offset, values, count);
    net_.theta_changed();
}

void Session::set_center(const float *values) {
    const DefaultFloatEnvironment environment;
    FlatVector center;
    if (values) {
        center.append({values, values + net_.theta().elements()});
        if (executable_) center.move_to(executable_->shared_device(), *queue(), nullptr);
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

// A net in use: the graph, what it was compiled to, and the computing calls that everything else is
// written on.
#pragma once

#include <cnn/cnn.h>

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "graph/executable.h"
#include "optim/optimizer.h"
#include "train/instalments.h"
#include "train/samples.h"

namespace cnn {

class AsyncRun;

// A flat vector of the net, by the numbers of cnn_vector.
enum class VectorKind : int32_t { parameters = 0, gradient = 1, state = 2 };

class Fit;

// What a run in instalments gives, by cnn_run.
struct RunMode {
    bool softmax = false, training = false;
    bool operator==(const RunMode &) const = default;
};

class Session {
  public:
    Session(std::string name, uint64_t seed);
    explicit Session(Net net);
    ~Session();

    Net &net() { return net_; }
    const Net &net() const { return net_; }

    void compile(std::shared_ptr<Device> device, Log log, const CompileOptions &options);
    bool compiled() const { return executable_ != nullptr; }
    // Throws Error(bad_state) before compile.
    Executable &executable(const char *operation);

    // Throws Error(bad_state) where the net runs on shared parameters, which nothing changes.
    void check_own(const char *operation) const;
    // Throws Error(bad_state) where it isn't compiled for training.
    void check_training(const char *operation);

    // The host's samples, checked against the net; valid until the next call.
    const Samples &checked(const char *operation, const cnn_samples &samples, bool targets);

    void run(const cnn_view *inputs, int32_t input_count, const cnn_view *outputs,
             int32_t output_count, bool softmax, bool training);
    // Its two steps: what can be refused, and what is planned; then the computing, on any thread.
    void prepare_run(const cnn_view *inputs, int32_t input_count, const cnn_view *outputs,
                     int32_t output_count, bool softmax, bool training, const char *operation);
    void compute_run();
    // Or, where the queue works on by itself, no more than enqueueing.
    bool works_on() const { return executable_->queue().works_on(); }
    std::unique_ptr<Mark> enqueue_run();
    void wait_for_queue() { executable_->queue().finish(); }
    // The run that goes on while the host does something else: it lands at its end, on any thread,
    // or is as good as landed once the mark that it left is reached.
    void take_off(AsyncRun &run);
    void leave_mark(std::shared_ptr<const Mark> mark) { ahead_mark_ = std::move(mark); }
    void land(AsyncRun &run) noexcept;
    bool in_flight() const;
    // As far as the budget goes, on from where the last call with the same views and mode came to.
    void run_for(const cnn_view *inputs, int32_t input_count, const cnn_view *outputs,
                 int32_t output_count, const RunMode &mode, bool restart, Budget &budget,
                 cnn_run_progress &progress);
    struct Evaluation {
        double loss = 0;
        int64_t samples = 0;
        int64_t correct = -1;  // -1: no loss classifies
        int64_t labels = 0;    // of which those are right
        double accuracy() const {
            return correct < 0 ? -1 : static_cast<double>(correct) / static_cast<double>(labels);
        }
    };
    Evaluation evaluate(const Samples &samples);
    // What it is written on: the program, the result before any sample, and a launch's samples'
    // part in it.
    Evaluation no_evaluation(const Samples &samples) const;
    void add_part(Plan &plan, Evaluation &evaluation);
    ProgramKey evaluation_key(const Samples &samples) const;
    // Waits for the device only when loss isn't null.
    void loss_gradient(const Samples &samples, bool training, double *loss);
    void backward(const Samples &samples, const cnn_view *output_gradients, int32_t output_count,
                  const cnn_view *input_gradients, int32_t input_count, bool training);
    void train_step(Optimizer &optimizer, const Samples &samples, double *loss);

    // The parts of a training step that fit is written on. prepare_training binds the optimizer and
    // does all that may allocate; step enqueues one step on the given rows.
    void prepare_training(Optimizer &optimizer, const char *operation);
    Plan &step(Optimizer &optimizer, const Samples &samples, int64_t n, const int64_t *rows,
               double rate);

    ProgramKey training_key(const Samples &samples) const;
    // The update of theta by the gradient of that lane, as its gate allows.
    void update(Optimizer &optimizer, double rate, Lane lane);
    // What follows it: theta is new.
    void count_step(Lane lane);
    // Calls visit(batch) with the batches of the plans that serve up to n samples.
    template <class Visit>
    void for_batches(int64_t n, const Visit &visit) {
        for (int64_t batch : executable_->batches())
            if (batch < n) visit(batch);
        visit(n);
    }

    // Opens the gate and forgets what passed it.
    void reset_status(Lane lane = Lane::whole);
    // Waits for the device. Where a step since the last reset wasn't finite, it and those after it
    // changed nothing: their counts are taken back, and Error(not_finite) is thrown.
    void check_gate(Optimizer &optimizer, const char *operation);

    // Training steps taken: dropout's position in its stream.
    int64_t steps() const { return steps_; }
    void set_steps(int64_t steps) { steps_ = steps; }

    int64_t elements(VectorKind which) const;
    const std::vector<NetTensor> &tensors(VectorKind which) const;
    void read(VectorKind which, int64_t offset, float *values, int64_t count);
    // Theta and s; on shared parameters, of one version.
    SharedParameters::Values read_values();
    void write(VectorKind which, int64_t offset, const float *values, int64_t count);
    // The regularisers' centre, as long as theta; null: zero.
    void set_center(const float *values);
    // Copies it; zeros where there is none.
    void read_center(float *values);
    // The fit in instalments; made at the first call.
    Fit &fit_in_instalments();
    // An optimizer's state; it must be bound to this net.
    const std::shared_ptr<const void> &identity() const { return identity_; }

    // From any thread.
    void cancel() { cancelled_.store(true, std::memory_order_relaxed); }
    // A copy that computes for another net is cancelled with it. Before the copy's compile.
    void hear_cancels_of(const Session &other) { heard_ = other.heard_; }
    // Throws Error(cancelled) where it was asked for since the call began.
    void check_cancelled(const char *operation) const;
    // While the host's callback runs, what it must not call is refused.
    void set_in_callback(bool value) { in_callback_ = value; }
    bool in_callback() const {
        return in_callback_ || (executable_ && !in_flight() && executable_->launching());
    }
    void check_not_busy(const char *operation) const;
    // That, and check_own: for calls that set something.
    void check_changeable(const char *operation) const;
    // At the start of every computing call: a cancel before it has no effect.
    void begin_call();

  private:
    Queue *queue() { return executable_ ? &executable_->queue() : nullptr; }
    void check_count(const char *operation, int64_t count);
    const std::vector<Segment> &segments();
    void check_output(int32_t node, const cnn_view &view, int64_t samples,
                      const char *operation) const;
    template <class Give>
    void launch_run(const Give &give);
    void check_landed(const char *operation) const;
    void check_run(const cnn_view *inputs, int32_t input_count, const cnn_view *outputs,
                   int32_t output_count, const char *operation);
    void read_outputs(Plan &plan, const cnn_view *outputs, size_t count, int64_t first, int64_t n);
    void settle(const cnn_view *outputs, size_t count);
    void measure_run(const ProgramKey &key, size_t outputs, bool anew);
    bool advance_run(const ProgramKey &key, Budget &budget);
    double run_fraction() const;
    void give(Executable &exe, const cnn_view &view, int64_t first, Ref from, int64_t count);

    Net net_;
    std::atomic<bool> cancelled_{false};  // not the executable's, which compile replaces
    const std::atomic<bool> *heard_ = &cancelled_;
    std::unique_ptr<Executable> executable_;
    std::shared_ptr<const void> identity_ = std::make_shared<char>();
    Samples samples_;  // of the call in progress, kept for its memory
    // A run in instalments, and the samples that are done.
    struct RunUnderWay {
        bool active = false;
        std::vector<cnn_view> inputs, outputs;
        RunMode mode;
        uint64_t theta_version = 0;
        int64_t first = 0;
        double seconds_done = 0;
        double longest_piece = 0;  // seconds, as measured last
        PlanLaunch launch;
    } instalments_;
    std::unique_ptr<Fit> fit_;  // in instalments
    std::vector<Segment> segments_;
    int64_t steps_ = 0;
    int64_t unchecked_steps_ = 0;  // enqueued since the status was reset
    bool in_callback_ = false;

    struct Run {
        ProgramKey key;
        std::vector<cnn_view> outputs;
    } run_;  // prepared; kept for its memory
    // Without a lock: a process forked while another thread held it would wait for it forever. Only
    // told apart, never looked at, for its event may end it meanwhile.
    std::atomic<const AsyncRun *> ahead_{nullptr};
    std::shared_ptr<const Mark> ahead_mark_;
};

}  // namespace cnn

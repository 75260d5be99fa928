// A net in use: the graph, what it was compiled to, and the computing calls that everything else is
// written on.
#pragma once

#include <cnn/cnn.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "graph/executable.h"
#include "optim/optimizer.h"
#include "train/samples.h"

namespace cnn {

// A flat vector of the net, by the numbers of cnn_vector.
enum class VectorKind : int32_t { parameters = 0, gradient = 1, state = 2 };

class Session {
  public:
    Session(std::string name, uint64_t seed) : net_(std::move(name), seed) {}

    Net &net() { return net_; }
    const Net &net() const { return net_; }

    void compile(std::shared_ptr<Device> device, Log log, const CompileOptions &options);
    bool compiled() const { return executable_ != nullptr; }
    // Throws Error(bad_state) before compile.
    Executable &executable(const char *operation);

    // Throws Error(bad_state) where it isn't compiled for training.
    void check_training(const char *operation);

    // The host's samples, checked against the net; valid until the next call.
    const Samples &checked(const char *operation, const cnn_samples &samples, bool targets);

    void run(const cnn_view *inputs, int32_t input_count, const cnn_view *outputs,
             int32_t output_count, bool softmax, bool training);
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

    // Opens the gate and forgets what passed it.
    void reset_status();
    // Waits for the device. Where a step since the last reset wasn't finite, it and those after it
    // changed nothing: their counts are taken back, and Error(not_finite) is thrown.
    void check_gate(Optimizer &optimizer, const char *operation);

    // Training steps taken: dropout's position in its stream.
    int64_t steps() const { return steps_; }
    void set_steps(int64_t steps) { steps_ = steps; }

    int64_t elements(VectorKind which) const;
    const std::vector<NetTensor> &tensors(VectorKind which) const;
    void read(VectorKind which, int64_t offset, float *values, int64_t count);
    void write(VectorKind which, int64_t offset, const float *values, int64_t count);
    // The regularisers' centre, as long as theta; null: zero.
    void set_center(const float *values);
    // Copies it; zeros where there is none.
    void read_center(float *values);
    // An optimizer's state; it must be bound to this net.
    const std::shared_ptr<const void> &identity() const { return identity_; }

    // From any thread.
    void cancel();
    // While the host's callback runs, what it must not call is refused.
    void set_in_callback(bool value) { in_callback_ = value; }
    bool in_callback() const { return in_callback_ || (executable_ && executable_->launching()); }
    void check_not_busy(const char *operation) const;
    // At the start of every computing call: a cancel before it has no effect.
    void begin_call();

  private:
    Queue *queue() { return executable_ ? &executable_->queue() : nullptr; }
    void check_count(const char *operation, int64_t count);
    const std::vector<Segment> &segments();
    void check_output(int32_t node, const cnn_view &view, int64_t samples) const;

    Net net_;
    std::unique_ptr<Executable> executable_;
    std::mutex executable_mutex_;  // only so that cancel meets no executable being replaced
    std::shared_ptr<const void> identity_ = std::make_shared<char>();
    Samples samples_;  // of the call in progress, kept for its memory
    std::vector<Segment> segments_;
    int64_t steps_ = 0;
    int64_t unchecked_steps_ = 0;  // enqueued since the status was reset
    bool in_callback_ = false;
};

}  // namespace cnn

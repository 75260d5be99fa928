// A program planned for a device: kernels in order, where each operand lies, and the arena they
// share.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "graph/program.h"

namespace cnn {

// A copy of a parameter in a layout that some kernel wants, kept until theta changes.
struct PackedParameter {
    Tensor tensor;
    Layout layout;
    std::unique_ptr<Kernel> kernel;
    std::unique_ptr<Buffer> buffer;
    int64_t offset = 0;  // of the parameter in theta, in bytes
    int64_t bytes = 0;
    uint64_t theta_version = 0;  // of theta when it was packed; 0: never
};

// The packed parameters that all plans of a net share.
class PackedParameters {
  public:
    explicit PackedParameters(Device &device) : device_(device) {}
    // The index of that copy, made on demand.
    size_t find(const Tensor &tensor, const Layout &layout);
    PackedParameter &operator[](size_t index) { return *packed_[index]; }
    int64_t bytes() const;

  private:
    Device &device_;
    std::vector<std::unique_ptr<PackedParameter>> packed_;
};

// The memory that plans refer to.
struct PlanMemory {
    Ref arena, theta, gradient, state, status, direction;
};

class Plan {
  public:
    // Throws Error(unsupported) naming the node that the device can't run.
    Plan(const Net &net, const ProgramKey &key, Device &device, PackedParameters &packed,
         bool theta_changes);

    const ProgramKey &key() const { return key_; }
    int64_t arena_bytes() const { return arena_bytes_; }
    double predicted_seconds() const { return predicted_seconds_; }
    // One line a launch: node, algorithm, layouts, for logs.
    const std::vector<std::string> &description() const { return description_; }

    void bind(const PlanMemory &memory);

    // The feeds to fill before a launch; null for what the program doesn't read.
    Feed *input_feed(size_t i) { return feed(inputs_, i); }
    Feed *target_feed(size_t i) { return feed(targets_, i); }
    Feed *weight_feed() { return feed(weights_, 0); }
    Feed *output_gradient_feed(size_t i) { return feed(output_gradients_, i); }

    // Where results lie after a launch, plain; a null buffer where there is none.
    Ref output(size_t i) const { return result(outputs_, i); }
    Ref input_gradient(size_t i) const { return result(input_gradients_, i); }
    size_t loss_count() const { return losses_.size(); }
    Ref loss(size_t i) const { return result(losses_, i); }
    Ref correct() const { return result(correct_, 0); }
    Ref residuals(size_t i) const { return result(residuals_, i); }
    Ref residual_tangents(size_t i) const { return result(residual_tangents_, i); }

    struct Context {
        Queue &queue;
        const std::atomic<bool> &cancelled;
        uint64_t theta_version;
        uint64_t step;          // dropout's
        const double *scalars;  // by Slot
    };
    // Runs n samples, n <= key().batch. Throws Error(cancelled) between two launches when asked to.
    void launch(int64_t n, const Context &context);
    // As the latest launch, which ran on the same samples and theta, along another direction.
    void repeat(int64_t n, const Context &context);

  private:
    friend class PlanBuilder;

    // Where an operand lies.
    struct Location {
        Space space = Space::activation;
        int64_t value = -1;   // of the arena's values, for activations
        int64_t packed = -1;  // a packed parameter
        int64_t offset = 0;   // bytes within its vector
    };
    struct Item {
        std::unique_ptr<Kernel> kernel;
        std::vector<Location> operands;
        std::vector<Ref> refs;
        int64_t workspace_value = -1;
        Ref workspace;
        int32_t feed = -1;
        bool commits = false;  // from here on a step is no longer cancelled
    };
    // Memory in the arena for a tensor in one layout, while items first to last run.
    struct Value {
        int64_t bytes = 0;
        int64_t first = 0, last = 0;
        int64_t offset = 0;
        int64_t same_as = -1;  // shares this other value's memory
    };

    void launch_items(size_t first, int64_t n, const Context &context);
    Feed *feed(const std::vector<int32_t> &index, size_t i);
    Ref result(const std::vector<int64_t> &values, size_t i) const;
    Ref resolve(const Location &location, const PlanMemory &memory) const;
    int64_t root(int64_t value) const;

    ProgramKey key_;
    PackedParameters &packed_;
    std::vector<Item> items_;
    std::vector<Value> values_;
    std::vector<size_t> packs_;
    struct Range {
        int64_t offset, bytes;
    };
    std::vector<Range> unwritten_;  // parts of the gradient that no operation writes
    std::vector<Feed> feeds_;
    std::vector<int32_t> inputs_, targets_, weights_, output_gradients_;  // feeds
    std::vector<int64_t> outputs_, input_gradients_, losses_, correct_;   // values
    std::vector<int64_t> residuals_, residual_tangents_;                  // values
    size_t repeated_ = 0;  // the first item that a repetition runs
    int64_t arena_bytes_ = 0;
    double predicted_seconds_ = 0;
    std::vector<std::string> description_;
    PlanMemory memory_;
};

}  // namespace cnn

// A program planned for a device: kernels in order, where each operand lies, and the arena they
// share.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "backend/tuning.h"
#include "base/budget.h"
#include "graph/program.h"
#include "graph/shared_parameters.h"
#include "graph/timeline.h"

namespace cnn {

// A copy of a parameter in a layout that some kernel wants, kept until theta changes.
struct PackedParameter {
    Tensor tensor;
    Layout layout;
    std::unique_ptr<Kernel> kernel;  // null where it is shared, for it is packed already
    std::unique_ptr<Buffer> own;
    Buffer *buffer = nullptr;  // own's, or of a version of shared parameters
    int64_t offset = 0;        // of the parameter in theta, in bytes
    int64_t bytes = 0;
    uint64_t theta_version = 0;  // of theta when it was packed; 0: never
};

// The packed parameters that all plans of a net share.
class PackedParameters {
  public:
    // Without a reader they are the net's own.
    PackedParameters(Device &device, SharedParameters::Reader *shared)
        : device_(device), shared_(shared) {}
    // The index of that copy, made on demand, without memory yet.
    size_t find(const Tensor &tensor, const Layout &layout);
    // The copies of that version, in place of those there were.
    void take(const SharedParameters::Version &version);
    PackedParameter &operator[](size_t index) { return *packed_[index]; }
    // Bytes of the device that copies have taken, those that are shared with others too, or that
    // those without memory still will.
    int64_t bytes(bool taken) const;
    void take_memory();
    // Forgets the copies that were made after there were so many.
    size_t size() const { return packed_.size(); }
    void resize(size_t count);

  private:
    void want_shared();
    bool is_taken(const PackedParameter &packed) const;

    Device &device_;
    SharedParameters::Reader *shared_;
    std::vector<std::unique_ptr<PackedParameter>> packed_;
    std::vector<size_t> numbers_;  // the reader's, of the first so many
};

// The memory that plans refer to.
struct PlanMemory {
    Ref arena, theta, gradient, state, status, direction;
};

// The operations that a program has, joined as the device runs them; accept as fuse has it.
std::vector<FusedOp> groups_of(const Net &net, const ProgramKey &key, const Device &device,
                               int64_t accept);

struct PlanOptions {
    bool theta_changes = true;
    int64_t accept = 0;                   // as fuse has it
    const TuningTable *tuning = nullptr;  // what was measured; null: nothing
};

// What a launch does: for logs and profiles.
struct LaunchNote {
    int32_t node = -1;
    bool second_pass = false;
    double flops = 0;                      // for the batch planned for
    double bytes = 0, bytes_of_batch = 0;  // of its operands; of these, those that grow with n
    std::string text;                      // operations, algorithm, layouts
};

class Plan {
  public:
    // Throws Error(unsupported) naming the node that the device can't run.
    Plan(const Net &net, const ProgramKey &key, Device &device, PackedParameters &packed,
         const PlanOptions &options);

    const ProgramKey &key() const { return key_; }
    int64_t arena_bytes() const { return arena_bytes_; }
    // Before the first launch: computes activations again so that its arena fits, or, where it
    // can't, is as small as was found. To the same bits.
    void shrink(const std::function<bool(int64_t)> &fits);
    // Launches that compute something again.
    size_t repeats() const { return repeats_; }
    // The kernels' own memory: how much it is, and taking it.
    int64_t kernel_bytes() const;
    void take_memory();
    double predicted_seconds() const { return predicted_seconds_; }
    // One a launch.
    const std::vector<LaunchNote> &notes() const { return notes_; }

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
    // Its first launches, which run only where theta or s changed.
    size_t constant_launches() const { return constant_items_; }
    // The same in parts that are timed, on the stopwatch's queue, which the context has: what comes
    // before the notes' launches, and then each of these.
    void launch_timed(int64_t n, const Context &context, Stopwatch &watch);
    // Of a plan in instalments: its launch is pieces 0 to pieces() - 1, of which the first reads
    // the feeds, and then finish, which changes state and status and is nothing for most purposes.
    size_t pieces() const { return pieces_.size(); }
    void launch_piece(size_t piece, int64_t n, const Context &context);
    void finish(int64_t n, const Context &context);
    Prediction &prediction(size_t piece) { return pieces_[piece].prediction; }
    const Prediction &prediction(size_t piece) const { return pieces_[piece].prediction; }
    // Of finish together with what the caller does then.
    Prediction &finish_prediction() { return finish_prediction_; }
    const Prediction &finish_prediction() const { return finish_prediction_; }
    // So that a measurement includes them: the packed parameters are made anew.
    void forget_packed();
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
        Kernel *kernel = nullptr;
        std::vector<Location> operands;
        std::vector<Ref> refs;
        int64_t workspace_value = -1;
        Ref workspace;
        int32_t feed = -1;
        bool commits = false;  // from here on a step is no longer cancelled
    };
    // A piece of a launch in instalments: the feeds, a packed parameter, the zeros of what nothing
    // writes, or one item.
    struct Piece {
        enum class Kind : uint8_t { feeds, pack, zeros, item } kind;
        size_t index = 0;
        Prediction prediction;
    };

    void refresh(PackedParameter &packed, const Launch &launch, const Context &context);
    void zero_unwritten(Queue &queue);
    // Packed parameters, zeros, and the constant items.
    void launch_first(int64_t n, const Context &context);
    void place_constants();
    void launch_items(size_t first, size_t last, int64_t n, const Context &context);
    Feed *feed(const std::vector<int32_t> &index, size_t i);
    Ref result(const std::vector<int64_t> &values, size_t i) const;
    Ref resolve(const Location &location, const PlanMemory &memory) const;
    void lay_out();
    void run_in_order(const std::vector<size_t> &origins);
    void cut_into_pieces();

    ProgramKey key_;
    Device &device_;
    PackedParameters &packed_;
    std::vector<std::unique_ptr<Kernel>> kernels_;
    std::vector<Item> items_;
    Timeline timeline_;             // its steps are the items
    std::vector<int64_t> offsets_;  // of its values, in the arena; of constants -1 - theirs
    // The first items depend on theta and s alone, and what they make is kept.
    size_t constant_items_ = 0;
    std::unique_ptr<Buffer> constants_;
    int64_t constant_bytes_ = 0;
    uint64_t constant_version_ = 0;  // of theta when they ran; 0: never
    std::vector<Piece> pieces_;
    Prediction finish_prediction_;
    size_t feed_items_ = 0, committing_ = 0;  // of pieces: the first items, and where finish begins
    std::vector<size_t> packs_;
    struct Range {
        int64_t offset, bytes;
    };
    std::vector<Range> unwritten_;  // parts of the gradient that no operation writes
    std::vector<Feed> feeds_;
    std::vector<int32_t> inputs_, targets_, weights_, output_gradients_;  // feeds
    std::vector<int64_t> outputs_, input_gradients_, losses_, correct_;   // values
    std::vector<int64_t> residuals_, residual_tangents_;                  // values
    size_t repeats_ = 0;
    int64_t arena_bytes_ = 0;
    double predicted_seconds_ = 0;
    std::vector<LaunchNote> notes_;
    PlanMemory memory_;
};

}  // namespace cnn

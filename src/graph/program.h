// A net lowered to a list of operations for one purpose: what the planner turns into launches.
#pragma once

#include <compare>
#include <vector>

#include "graph/net.h"
#include "ops/op.h"

namespace cnn {

enum class Purpose : uint8_t {
    run,       // outputs
    evaluate,  // losses and counts of right classes
    jacobian,  // residuals of the losses, and their derivatives along the direction
    gradient,  // losses, and the gradient of theta
    train,     // as gradient, then the gate and the running statistics
    backward,  // from the host's dL/dy: the gradients of theta and of the inputs
    product,   // in the gradient's place J^T H J v: J the predictions' Jacobian, H the losses'
               // Hessians by them, v the direction
};

// Which program. Each is lowered and planned once, for each batch size that has a plan.
struct ProgramKey {
    Purpose purpose = Purpose::run;
    bool training = false;       // batch statistics and dropout
    bool softmax = false;        // of the outputs of a run
    uint64_t label_targets = 0;  // bit i: loss i takes labels; else values
    int32_t tensor = -1;         // of a jacobian: of theta's tensors only this one moves; -1: all
    // For a launch in pieces over several calls, in memory that others between don't disturb.
    bool instalments = false;
    int64_t batch = 1;

    auto operator<=>(const ProgramKey &) const = default;
};

// The net's status vector, in reals: what steps leave on the device for later ones and for the
// host.
enum StatusIndex : int64_t {
    kStatusGate = 0,       // 1, and 0 for good once a loss or gradient wasn't finite
    kStatusGoodSteps = 1,  // steps that passed the gate
    kStatusLoss = 2,       // sum of their losses since the host cleared it
    kStatusLossRest = 3,   // what its rounding lost
    kStatusScale = 4,      // factor that clips the gradient of the latest step
    kStatusCount = 8,
};

struct Program {
    std::vector<Tensor> tensors;
    std::vector<Op> ops;

    // Fed by the host, in order; kNoTensor for what the program doesn't read.
    std::vector<TensorId> inputs;
    std::vector<TensorId> targets;
    TensorId weights = kNoTensor;
    std::vector<TensorId> output_gradients;
    // Read by the host: whole tensors in plain layout, and single values.
    std::vector<TensorId> outputs;
    std::vector<TensorId> input_gradients;  // kNoTensor where an input has none
    std::vector<TensorId> losses;
    TensorId correct = kNoTensor;  // of the first loss that classifies
    // A loss each; kNoTensor for tangents that are zero.
    std::vector<TensorId> residuals, residual_tangents;
    // From this operation on they may run again along another direction, those before standing.
    size_t repeated = static_cast<size_t>(-1);

    // Tensors that must survive to the program's end.
    std::vector<TensorId> kept() const;
};

Program lower(const Net &net, const ProgramKey &key);

// Removes reshapes to the same shape, and operations whose results nobody reads; what a backward
// pass does after max pooling it does before, where that comes to the same.
void simplify(Program &program);

// Turns normalisations by running statistics that follow convolutions into y a[c] + b[c], a and b
// computed before all else, where the device fuses that to the convolution.
void fold_normalisations(Program &program, const Device &device);

// Joins operations as the device's pattern table allows. Operations stay in order; a group stands
// where its first member stood.
// accept: the less accurate ways that the host accepts; a group gets those that the device has.
std::vector<FusedOp> fuse(const Program &program, const Device &device, int64_t accept,
                          std::vector<std::vector<TensorId>> &operands);

}  // namespace cnn

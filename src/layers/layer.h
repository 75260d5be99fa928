// What a layer is: how it infers its output's shape, which tensors it owns, and how it lowers
// itself to operations. A layer never sees a graph, a backend or a layout.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "layers/settings.h"
#include "ops/op.h"

namespace cnn {

struct HostRecord;  // layers/host.h

enum class InitKind : int32_t {
    automatic = 0,
    he = 1,
    xavier = 2,
    uniform = 3,
    normal = 4,
    constant = 5
};

// How a tensor of theta or s starts.
struct Initializer {
    InitKind kind = InitKind::constant;
    double scale = 0;  // of a constant, its value
    int64_t fan_in = 1, fan_out = 1;

    // Fans of a number of elements, one part after the other, where not all are alike.
    struct Part {
        int64_t elements, fan_in, fan_out;
    };
    std::vector<Part> parts{};
};

struct TensorSpec {
    std::string name;  // within its layer: "weight"
    Shape shape;
    Initializer initializer;
    bool decays = false;  // L2 and weight decay act on it
};

// What a layer is asked when it is added. Shapes leave the batch out.
struct Inference {
    const Settings &settings;
    std::span<const Shape> inputs;
    const HostRecord *host;  // of a host-defined layer, else null
    // To be filled:
    Shape output;
    std::vector<TensorSpec> parameters;
    std::vector<TensorSpec> state;
};

// How a layer emits its operations. Activations here are always [N, C, H, W]: {K} is [N, K, 1, 1]
// and {C, L} is [N, C, 1, L] (see lifted).
class Emitter {
  public:
    virtual ~Emitter() = default;

    virtual const Settings &settings() const = 0;
    // Batch statistics and dropout, or running statistics and none.
    virtual bool training() const = 0;
    // The net's seed, and the layer's own stream of it.
    virtual uint64_t seed() const = 0;
    virtual int32_t node() const = 0;
    // "conv2d "stem" (node 3)", for messages.
    virtual std::string describe() const = 0;
    // Of a host-defined layer; its callbacks are there.
    virtual std::shared_ptr<const HostRecord> host() const = 0;

    virtual int input_count() const = 0;
    virtual TensorId input(int i) = 0;
    virtual TensorId output() = 0;  // forward emits operations that write it
    // Parameter i, seen under another shape of as many elements where `shape` has a rank.
    virtual TensorId parameter(int i, const Shape &shape = {}) = 0;
    virtual TensorId state(int i) = 0;
    virtual Tensor tensor(TensorId id) const = 0;

    virtual TensorId temporary(const Tensor &like) = 0;
    virtual void emit(OpKind kind, std::vector<TensorId> inputs, std::vector<TensorId> outputs,
                      Attributes attributes = {}) = 0;

    // What state i is to become when the step succeeds; without effect where state isn't to change.
    virtual void update_state(int i, TensorId value) = 0;

    // A tensor that forward leaves for backward under a small number of the layer's own.
    virtual void save(int key, TensorId id) = 0;
    virtual TensorId saved(int key) = 0;

    // Backward: the gradient of the output; where parameter i's is to be written; whether input i's
    // is wanted, and, if so, giving it.
    virtual TensorId output_gradient() = 0;
    virtual TensorId parameter_gradient(int i, const Shape &shape = {}) = 0;
    virtual bool wants_input_gradient(int i) = 0;
    virtual void give_input_gradient(int i, TensorId gradient) = 0;

    // Tangent: the derivatives of input i and of parameter i along the program's direction;
    // kNoTensor where they are zero. A layer gives its output's, of the output's shape, or nothing
    // where it is zero.
    virtual TensorId input_tangent(int i) = 0;
    virtual TensorId parameter_tangent(int i, const Shape &shape = {}) = 0;
    virtual void give_tangent(TensorId tangent) = 0;
};

class Layer {
  public:
    virtual ~Layer() = default;
    virtual const char *kind() const = 0;
    // The settings it knows. What they hold is infer's to check.
    virtual std::span<const char *const> setting_names() const { return {}; }
    // A host defines it: its nodes have a HostRecord.
    virtual bool hosted() const { return false; }
    // It takes a number of inputs that infer checks; else exactly one, which the graph checks.
    virtual bool takes_many() const { return false; }
    // Throws Error; the graph prefixes the message with the layer's kind and name.
    virtual void infer(Inference &inference) const = 0;
    virtual void forward(Emitter &emitter) const = 0;
    virtual void backward(Emitter &emitter) const = 0;
    // The derivative of the output along a direction (forward mode), on running statistics and
    // without dropout; asked for only where an input or a parameter has one. Throws
    // Error(unsupported) where the layer has none.
    virtual void tangent(Emitter &emitter) const;
    virtual bool has_tangent() const { return true; }
};

// The layer of that kind, or null.
const Layer *find_layer(std::string_view kind);

// The shape that operations see for a batch of samples of a net's shape.
Shape lifted(const Shape &sample, int64_t batch);

// Names of settings that layers share, and lists of them put together.
inline constexpr std::array kActivationSettings{"activation", "slope"};
inline constexpr std::array kInitializerSettings{"initializer", "initializer_scale"};
template <size_t... N>
constexpr auto joined(const std::array<const char *, N> &...lists) {
    std::array<const char *, (N + ...)> all{};
    auto end = all.begin();
    ((end = std::copy(lists.begin(), lists.end(), end)), ...);
    return all;
}

// Shared by layers whose descriptors have an activation: checks the settings "activation" and
// "slope"; emits f after `from`, giving the layer's output; emits its backward, giving the gradient
// before f.
void check_activation(const Settings &settings);
Activation activation_of(const Settings &settings);
void emit_activation(Emitter &emitter, TensorId from);
TensorId emit_activation_backward(Emitter &emitter);
// What activation_backward_attributes takes beside the gradient: the output, or what came before.
TensorId activation_reference(Emitter &emitter);
// Where to write what comes before the activation: the output itself when there is none.
TensorId before_activation(Emitter &emitter, const Tensor &like);

// The output's tangent from the one before the activation; kNoTensor stands for zero.
void give_activation_tangent(Emitter &emitter, TensorId before);
// The sum of what isn't kNoTensor, of shape `like`; a [C] tensor is broadcast.
TensorId emit_tangent_sum(Emitter &emitter, const Tensor &like, std::vector<TensorId> terms);

// db = the sum of dz over batch and space.
void emit_bias_gradient(Emitter &emitter, TensorId dz, TensorId db);

// The initializer of weights by the settings "initializer", "initializer_scale" and the activation.
Initializer weight_initializer(const Settings &settings, int64_t fan_in, int64_t fan_out);

// Checks a size: at least `minimum`, at most 2^31 - 1.
void check_size(std::string_view name, int64_t value, int64_t minimum);
// Throw Error(out_of_range) for what isn't finite as a float, and what is negative as well.
void check_finite(std::string_view name, double value);
void check_not_negative(std::string_view name, double value);
// The number of elements; throws Error(shape_mismatch) over 2^40.
int64_t checked_elements(const Shape &shape);

}  // namespace cnn

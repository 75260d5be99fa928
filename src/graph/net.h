// The graph of a net: its nodes with inferred shapes, the tensors they own in theta and s, and the
// first mistake made while building it. Knows no device.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/flat_vector.h"
#include "base/error.h"
#include "layers/host.h"
#include "layers/layer.h"
#include "losses/loss.h"

namespace cnn {

class SharedParameters;

struct Node {
    std::string name;
    std::string kind;
    const Layer *layer = nullptr;  // null for inputs and losses
    const Loss *loss = nullptr;
    double loss_weight = 1;
    LossSettings loss_settings;
    Settings settings;
    std::shared_ptr<const HostRecord> host;  // of a host-defined layer
    std::vector<int32_t> inputs;
    Shape shape;  // without the batch; rank 0 for a loss
    int32_t first_parameter = 0, parameter_count = 0;
    int32_t first_state = 0, state_count = 0;

    bool is_input() const { return !layer && !loss; }
};

// A tensor within theta or s.
struct NetTensor {
    std::string name;  // "conv2d_1/weight"
    int32_t node = -1;
    Shape shape;
    int64_t offset = 0;
    double default_regularization = 0;
    double regularization = 0;  // factor of every regulariser's lambda
    double rate = 1;
};

// A program is known by which of its losses take labels, a bit each.
inline constexpr size_t kMostLosses = 64;

class Net {
  public:
    Net(std::string name, uint64_t seed);
    // The same nodes, sealed, on theta and s that other nets run on too. The centre is zero.
    Net sharing(std::shared_ptr<SharedParameters> values) const;

    const std::string &name() const { return name_; }
    uint64_t seed() const { return seed_; }

    // Each returns the new node, or a negative status after recording the first mistake. Once the
    // net is sealed nothing is recorded, for it stays in use.
    int32_t add_input(std::string_view name, int32_t rank, const int64_t *shape);
    int32_t add_input(std::string_view name, const Shape &shape) {
        return add_input(name, shape.rank, shape.dim.data());
    }
    int32_t add_layer(const Layer &layer, std::string_view name, Settings settings,
                      std::vector<int32_t> inputs,
                      std::shared_ptr<const HostRecord> host = nullptr);
    // Gives the host-defined node of that name, of such a layer, its callbacks. The record must
    // describe what the node is.
    void bind_host(std::string_view name, const Layer &layer,
                   std::shared_ptr<const HostRecord> host);
    // Throws Error(unsupported) naming a host-defined node without callbacks.
    void check_bound(const char *operation) const;
    // output_weights: as many as the settings say; none: zeros.
    int32_t add_loss(const Loss &loss, std::string_view name, double weight, int32_t input,
                     const LossSettings &settings = {}, std::span<const float> output_weights = {});
    void add_output(int32_t node);
    // Records a mistake found before a node could be asked for (a bad descriptor).
    int32_t record(Error error) noexcept;
    int32_t record_out_of_memory() noexcept;
    void throw_mistake() const;
    // For a net whose values come from a file: tensors start as zeros, and the net is refused
    // (bad_file) before it takes more than `elements` in theta or in s; nothing: as any other
    // again.
    void expect_values(std::optional<int64_t> elements) { expected_ = elements; }
    // After it adding is refused.
    void seal() { sealed_ = true; }
    bool sealed() const { return sealed_; }

    const std::vector<Node> &nodes() const { return nodes_; }
    const Node &node(int32_t id) const { return nodes_[static_cast<size_t>(id)]; }
    const std::vector<int32_t> &inputs() const { return inputs_; }
    const std::vector<int32_t> &losses() const { return losses_; }
    // As declared, or the last node that isn't a loss.
    const std::vector<int32_t> &outputs() const { return outputs_.empty() ? last_node_ : outputs_; }
    const std::vector<int32_t> &declared_outputs() const { return outputs_; }
    // What a node of that kind is called for want of a name: "conv2d_1".
    std::string default_name(std::string_view kind) const;
    // -1 when there is none.
    int32_t find(std::string_view name) const;

    const std::vector<NetTensor> &parameters() const { return parameters_; }
    const std::vector<NetTensor> &state() const { return state_tensors_; }
    void set_rate(std::string_view name, double rate);
    void set_regularization(std::string_view name, double factor);
    // Where regularisers pull theta to; of no elements: to zero. On the device once compiled.
    FlatVector &center() { return center_; }
    const FlatVector &center() const { return center_; }

    // theta and s; on the device once compiled.
    FlatVector &theta() { return theta_; }
    FlatVector &s() { return s_; }
    const FlatVector &theta() const { return theta_; }
    const FlatVector &s() const { return s_; }
    // What theta and s are part of, in place of vectors of the net's own; null: they are its own.
    const std::shared_ptr<SharedParameters> &shared() const { return shared_; }
    // Moved on by every change of theta, so that packed copies know they are stale.
    uint64_t theta_version() const { return theta_version_; }
    void theta_changed() { ++theta_version_; }
    // Moved on when a tensor is frozen or thawed, for then gradients are computed otherwise.
    uint64_t frozen_version() const { return frozen_version_; }

    // "conv2d "stem" (node 3)", for messages.
    std::string describe(int32_t node) const;

  private:
    template <class Build>
    int32_t attempt(const Build &build);
    int32_t add(Node node);
    void check_building(std::string_view kind, std::string_view name) const;
    std::string unique_name(std::string_view kind, std::string_view name) const;
    void check_input(int32_t input) const;
    struct Owned {
        std::vector<NetTensor> tensors;
        std::vector<float> values;  // none where they come from a file: zeros until then
        int64_t elements = 0;
    };
    static void reserve(FlatVector &vector, const Owned &owned);
    static void append(FlatVector &vector, const Owned &owned);
    // Calls set with the tensors of that name: one, or all of a node.
    template <class Set>
    void set_parameters(const char *call, std::string_view name, double value, const Set &set);
    Owned own(const Node &node, const std::vector<TensorSpec> &specs, size_t first,
              int64_t offset) const;

    std::string name_;
    uint64_t seed_;
    bool sealed_ = false;
    std::optional<int64_t> expected_;
    std::vector<Node> nodes_;
    std::vector<int32_t> inputs_, outputs_, losses_;
    std::vector<int32_t> last_node_;  // that isn't a loss; empty or one
    std::vector<NetTensor> parameters_, state_tensors_;
    FlatVector theta_, s_, center_;
    std::shared_ptr<SharedParameters> shared_;
    uint64_t theta_version_ = 1, frozen_version_ = 1;
    std::optional<Error> mistake_;
};

// Initial values of tensor number `index` of theta, a function of the seed, the number and the
// logical position alone.
std::vector<float> initial_values(const TensorSpec &spec, uint64_t seed, int64_t index);

}  // namespace cnn

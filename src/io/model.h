// Models and checkpoints: a net, and an optimizer with its place in a fit, as a safetensors file
// whose metadata describes them:
//
//   format           "libcnn", with format_version and the libcnn_version that wrote it
//   network          JSON: name, seed (as text), steps, outputs, rates of tensors other than 1,
//                    regularization of tensors other than the default (a file may lack it), and
//                    nodes in order, each with kind, name, inputs and its shape, settings, or a
//                    loss's weight, average_outputs and count of output_weights (the last two where
//                    they aren't zero)
//   optimizer        JSON, in a checkpoint: kind, steps, values by name, position within a fit
//   libcnn_checksum  base/hash.h's of all the data in 16 hexadecimal digits; a program that edits
//                    the weights drops it, for a file without it isn't checked
//
// Tensors of theta and s are under their names, the regularisers' centre, where there is one, under
// center, as long as theta, the optimizer's states under optimizer/state_0, ...
// as long as theta. A reader refuses what it doesn't know.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "io/json.h"
#include "io/safetensors.h"
#include "train/session.h"

namespace cnn {

// A file about to be written: a copy of all it says.
class ModelImage {
  public:
    using Sink = std::function<void(std::span<const uint8_t> bytes)>;

    // A model, or a checkpoint where there is an optimizer, which is bound to the net. Throws
    // Error(bad_state) for one that is bound to another.
    ModelImage(Session &session, Optimizer *optimizer);

    size_t bytes() const;
    void write(const Sink &sink) const;

  private:
    void add(std::string name, const Shape &shape);
    void add_vector(const std::vector<NetTensor> &tensors, std::vector<float> values);
    void add_states(Optimizer &optimizer, int64_t parameters);

    std::vector<TensorHeading> headings_;
    std::vector<std::vector<float>> vectors_;  // theta, s, and the optimizer's states
    std::string header_;
};

// A file being read. What it says is checked as it is asked for; nothing it doesn't have room for
// is allocated. Throws Error(bad_file), or incompatible for what a newer library wrote.
class ModelFile {
  public:
    // Reads all but the data; the source must outlive it.
    explicit ModelFile(ByteSource &source);
    ModelFile(const ModelFile &) = delete;
    ModelFile &operator=(const ModelFile &) = delete;

    const std::string &name() const { return name_; }
    uint64_t seed() const { return seed_; }
    bool has_optimizer() const { return optimizer_.as<Json::Object>() != nullptr; }

    // Into a session just made with name() and seed(), and with the optimizer, bound to it, where
    // it is wanted: throws Error(not_found) where the file has none. Once; a session that failed is
    // of no use any more.
    void load(Session &session, std::optional<Optimizer> *optimizer);

  private:
    void build(Session &session);
    Optimizer make_optimizer(Session &session);
    [[noreturn]] void refuse_unknown(const std::string &what) const;
    void check_format();
    void read_data();
    void check_members(const Json &json, std::initializer_list<std::string_view> known,
                       const std::string &of) const;
    void build_node(Net &net, const Json &node, const std::string &what) const;
    Settings settings_of(const Layer &layer, const Json *json, const std::string &what) const;
    std::shared_ptr<const HostRecord> host_of(const Json *json, const std::string &what) const;
    void build_outputs(Net &net) const;
    void build_rates(Net &net) const;
    void build_regularization(Net &net) const;
    void check_tensors(const Net &net) const;
    void place(const std::string &name, std::span<const int64_t> shape, float *to);
    int64_t elements_of_net() const;
    void read_values(Optimizer &optimizer) const;
    void read_position(Optimizer &optimizer) const;

    ByteSource &source_;
    SafeTensors file_;
    std::unordered_map<std::string_view, size_t> by_name_;  // indices of the file's tensors
    std::vector<float *> places_;                           // where each is read to, if anywhere
    std::string version_;                                   // of the library that wrote it
    Json network_, optimizer_;
    std::string name_;
    uint64_t seed_ = 0;
};

}  // namespace cnn

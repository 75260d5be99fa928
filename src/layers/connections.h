// Tables of connections: which input maps an output map takes (Hedberg table 1: D), with a kernel
// for each connection or one for each output map, of one size or of several. What is trained are
// the kernels alone, one after the other ("compact"); a convolution gets them gathered into its
// dense weights, zeros where nothing connects.
#pragma once

#include <memory>
#include <vector>

#include "layers/layer.h"

namespace cnn {

// By the numbers of cnn_connection_kind.
enum class ConnectionKind : int64_t { full = 0, single = 1, random = 2, custom = 3 };

inline constexpr std::array kConnectionSettings{
    "connections",   "connection_fan_in", "connection_seed",    "connection_pairs",
    "shared_kernel", "kernel_sizes",      "kernel_sizes_by_map"};

class Connections {
  public:
    // Whether a layer's settings speak of connections; without, every map connects to every other.
    static bool given(const Settings &settings) { return settings.has("connections"); }

    // The settings' table between channels and filters, kernels being kernel[0] x kernel[1] at
    // most. Throws Error naming what is wrong. Takes no memory that the settings didn't take.
    // `settings` must outlive it.
    Connections(const Settings &settings, int64_t channels, int64_t filters,
                std::array<int64_t, 2> kernel);

    // Of the compact weights: [kernels, h, w], flat where sizes are mixed.
    Shape weight() const;
    // `like` with the fans of each kernel, each tap counting `taps` inputs.
    Initializer initializer(Initializer like, int64_t taps = 1) const;

    struct Pair {
        int64_t input, output;
    };
    // In the order of their kernels.
    std::vector<Pair> pairs() const;

    // The largest number of groups that no connection crosses.
    int64_t groups() const { return groups_; }
    // Of the convolution's weights: [filters, channels / groups, h, w].
    Shape dense() const;
    // What a dense weight is of the compact ones; null where they are the same elements in the same
    // order.
    std::shared_ptr<const SparseTable> table() const;
    bool gathers() const { return table() != nullptr; }

  private:
    void check_kind(const Settings &settings);
    void check_pairs();
    void check_sizes(const Settings &settings);
    void find_groups();
    int64_t output_of(int64_t connection) const;
    int64_t connections() const;
    int64_t kernels() const { return shared_ ? filters_ : connections(); }
    // Of the kernel of a connection that ends in `output`.
    std::array<int64_t, 2> size(int64_t connection, int64_t output) const;
    int64_t taps(int64_t connection, int64_t output) const;
    std::vector<int64_t> taps_by_map() const;
    std::vector<int64_t> kernel_offsets(const std::vector<Pair> &pairs) const;

    ConnectionKind kind_ = ConnectionKind::full;
    bool shared_ = false, by_map_ = false;
    int64_t channels_, filters_, per_map_ = 0, groups_ = 1;
    uint64_t seed_ = 0;
    std::array<int64_t, 2> kernel_;
    std::vector<int64_t> none_;
    const std::vector<int64_t> *pairs_ = &none_, *sizes_ = &none_;
};

// Emits the convolution's weights, gathered or seen anew from compact ones; and the gradient of the
// compact weights from theirs.
TensorId emit_dense_weights(Emitter &emitter, const Connections &connections, TensorId compact);
void emit_compact_gradient(Emitter &emitter, const Connections &connections, TensorId dense,
                           TensorId compact);

}  // namespace cnn

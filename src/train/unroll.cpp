// The nodes of a net with one replaced, and its values.
#include "train/unroll.h"

#include "base/text.h"
#include "graph/convolution.h"
#include "layers/registry.h"
#include "train/copy.h"

namespace cnn {

namespace {

constexpr const char *kCall = "unroll";

class Unroll {
  public:
    Unroll(Session &from, int32_t node, Session &to)
        : from_(from), to_(to), node_(node), conv_(convolution_of(from.net(), node, kCall)) {}

    void run() {
        checked_matrix_elements(conv_.output.elements(), conv_.input.elements());
        add_nodes();
        Net &net = to_.net();
        for (int32_t output : from_.net().declared_outputs()) net.add_output(now(output));
        net.throw_mistake();
        copy_factors(from_.net(), net);
        to_.set_steps(from_.steps());
        copy_values();
    }

  private:
    int32_t now(int32_t id) const { return place_[static_cast<size_t>(id)]; }

    void add_nodes() {
        Net &net = to_.net();
        for (size_t i = 0; i < from_.net().nodes().size(); ++i) {
            const Node &node = from_.net().nodes()[i];
            std::vector<int32_t> inputs;
            for (int32_t input : node.inputs) inputs.push_back(now(input));
            const bool is_it = static_cast<int32_t>(i) == node_;
            place_.push_back(is_it ? add_unrolled(node, std::move(inputs))
                                   : add_like(node, std::move(inputs), net));
            net.throw_mistake();
        }
    }

    int32_t add_unrolled(const Node &node, std::vector<int32_t> inputs) {
        Net &net = to_.net();
        // What both layers know under the same names stays as it was.
        Settings settings;
        settings.set("units", conv_.output.elements());
        for (const auto &[name, value] : node.settings.entries())
            for (const char *known : dense_layer()->setting_names())
                if (name == known) settings.set(name, value);
        // The values come from the convolution.
        settings.set("initializer", static_cast<int64_t>(InitKind::constant));
        settings.set("initializer_scale", 0.0);
        const int32_t dense =
            net.add_layer(*dense_layer(), node.name, std::move(settings), std::move(inputs));
        Settings shape;
        const auto sizes = conv_.output.sizes();
        shape.set("shape", std::vector<int64_t>(sizes.begin(), sizes.end()));
        return net.add_layer(*reshape_layer(), free_name(node.name), std::move(shape), {dense});
    }

    std::string free_name(const std::string &name) const {
        std::string candidate = name + "_image";
        while (from_.net().find(candidate) >= 0) candidate += "_";
        return candidate;
    }

    // A vector as long as theta, as the unrolled net lays it out.
    std::vector<float> unrolled(const std::vector<float> &values) const {
        std::vector<float> all;
        all.reserve(static_cast<size_t>(to_.net().theta().elements()));
        const NetTensor &weight = weight_of(from_.net(), node_);
        for (const NetTensor &tensor : from_.net().parameters()) {
            const auto first = values.begin() + tensor.offset;
            const std::vector<float> own(first, first + tensor.shape.elements());
            if (&tensor == &weight) {
                convolution_matrix(conv_, own, ImageOrder::chw, true)
                    .for_each([&](int64_t, int64_t, float value) { all.push_back(value); });
            } else if (tensor.node == node_) {
                for (float bias : own)
                    all.insert(all.end(), static_cast<size_t>(conv_.positions()), bias);
            } else {
                all.insert(all.end(), own.begin(), own.end());
            }
        }
        return all;
    }

    void copy_values() {
        auto [theta, state] = from_.read_values();
        const std::vector<float> values = unrolled(theta);
        to_.write(VectorKind::parameters, 0, values.data(), static_cast<int64_t>(values.size()));
        if (from_.net().center().elements() > 0) {
            from_.read_center(theta.data());
            to_.set_center(unrolled(theta).data());
        }
        to_.write(VectorKind::state, 0, state.data(), static_cast<int64_t>(state.size()));
    }

    Session &from_, &to_;
    int32_t node_;
    Convolution conv_;
    std::vector<int32_t> place_;  // of each node in the new net
};

}  // namespace

void unroll_into(Session &from, int32_t node, Session &to) {
    Unroll(from, node, to).run();
}

}  // namespace cnn

// Values that differ, and labels of the first class.
#include "train/any_samples.h"

#include "graph/executable.h"

namespace cnn {

cnn_view AnySamples::reals(int64_t elements) {
    auto &values = values_.emplace_back(static_cast<size_t>(elements));
    for (size_t i = 0; i < values.size(); ++i)
        values[i] = static_cast<float>(i * 7919 % 1009) / 1009;
    cnn_view view{};
    view.data = values.data();
    view.elements = elements;
    return view;
}

AnySamples::AnySamples(const Net &net, int64_t n, bool targets) {
    for (int32_t input : net.inputs())
        inputs_.push_back(reals(n * net.node(input).shape.elements()));
    const uint64_t labelled = default_label_targets(net);
    for (size_t i = 0; targets && i < net.losses().size(); ++i) {
        const Shape &prediction = net.node(net.node(net.losses()[i]).inputs[0]).shape;
        if ((labelled >> i & 1) == 0) {
            targets_.push_back(reals(n * prediction.elements()));
            continue;
        }
        auto &labels = labels_.emplace_back(static_cast<size_t>(n * prediction.elements_after(0)));
        cnn_view view{};
        view.data = labels.data();
        view.elements = static_cast<int64_t>(labels.size());
        view.type = CNN_INT32;
        targets_.push_back(view);
    }
    samples_.input_views = inputs_.data();
    samples_.input_view_count = static_cast<int32_t>(inputs_.size());
    samples_.target_views = targets_.data();
    samples_.target_view_count = static_cast<int32_t>(targets_.size());
}

}  // namespace cnn

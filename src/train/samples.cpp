// Checking samples.
#include "train/samples.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/text.h"

namespace cnn {

namespace {

int64_t bytes_of(HostType type) {
    switch (type) {
        case HostType::u8:
            return 1;
        case HostType::i64:
            return 8;
        default:
            return 4;
    }
}

// The first value serves all where the others are zero, else each zero is `missing`.
void repeat(const float (&from)[4], float (&to)[4], float missing) {
    const bool alone = from[1] == 0 && from[2] == 0 && from[3] == 0;
    for (size_t c = 0; c < 4; ++c) {
        const float value = alone ? from[0] : from[c];
        to[c] = value == 0 ? missing : value;
    }
}

void check_finite(const char *operation, const Culprit &culprit, const char *name,
                  const float (&values)[4]) {
    for (float value : values)
        if (!std::isfinite(value))
            fail_at(culprit.node, Status::out_of_range,
                    text(operation, ": ", culprit.name(), ": ", name, " has ", value,
                         ", but must be finite"));
}

int64_t label_at(const std::byte *data, HostType type, int64_t i) {
    switch (type) {
        case HostType::u8:
            return std::to_integer<int64_t>(data[i]);
        case HostType::i32: {
            int32_t label;
            std::memcpy(&label, data + i * 4, 4);
            return label;
        }
        default: {
            int64_t label;
            std::memcpy(&label, data + i * 8, 8);
            return label;
        }
    }
}

bool reserved_set(const int64_t (&reserved)[8]) {
    return std::any_of(std::begin(reserved), std::end(reserved), [](int64_t v) { return v != 0; });
}

}  // namespace

Feed feed_of(const cnn_view &view, const char *operation, const Culprit &culprit) {
    if (!view.data && !view.memory)
        fail_at(culprit.node, Status::invalid_argument,
                text(operation, ": ", culprit.name(), ": data is NULL"));
    if (view.data && view.memory)
        fail_at(culprit.node, Status::invalid_argument,
                text(operation, ": ", culprit.name(), ": both data and memory are given"));
    if (!view.memory && view.memory_offset != 0)
        fail_at(culprit.node, Status::invalid_argument,
                text(operation, ": ", culprit.name(), ": memory_offset is ", view.memory_offset,
                     ", but memory is NULL"));
    if (view.type < CNN_FLOAT32 || view.type > CNN_INT64)
        fail_at(culprit.node, Status::invalid_argument,
                text(operation, ": ", culprit.name(), ": type is ", view.type,
                     ", which is none of cnn_type"));
    if (view.layout != CNN_NCHW && view.layout != CNN_NHWC)
        fail_at(culprit.node, Status::invalid_argument,
                text(operation, ": ", culprit.name(), ": layout is ", view.layout,
                     ", which is none of cnn_layout"));
    if (reserved_set(view.reserved))
        fail_at(culprit.node, Status::incompatible,
                text(operation, ": ", culprit.name(), ": reserved must be zero"));
    check_finite(operation, culprit, "scale", view.scale);
    check_finite(operation, culprit, "mean", view.mean);
    Feed feed;
    feed.data = static_cast<const std::byte *>(view.data);
    feed.lent = {view.memory, view.memory_offset};
    feed.type = static_cast<HostType>(view.type);
    feed.nhwc = view.layout == CNN_NHWC;
    repeat(view.scale, feed.scale, 1);
    repeat(view.mean, feed.mean, 0);
    return feed;
}

LentMemory lent_of(const Device &device, const cnn_view &view, bool written, const char *operation,
                   const Culprit &culprit) {
    const int64_t element = bytes_of(static_cast<HostType>(view.type));
    try {
        // Counts so large fit into no memory.
        const bool huge = view.elements > std::numeric_limits<int64_t>::max() / 8;
        const int64_t bytes = huge ? view.elements : view.elements * element;
        device.check_lent({view.memory, view.memory_offset}, bytes, element, written);
    } catch (const Error &error) {
        fail_at(culprit.node, error.status,
                text(operation, ": ", culprit.name(), ": ", error.message));
    }
    return {view.memory, view.memory_offset};
}

Samples::Source Samples::source_of(const cnn_view &view, const Culprit &culprit,
                                   int64_t row_elements) const {
    Source source{feed_of(view, operation_, culprit), 0};
    source.row_bytes = row_elements * bytes_of(source.feed.type);
    return source;
}

bool Samples::lent() const {
    const auto is_lent = [](const Source &source) { return source.feed.lent.handle != nullptr; };
    return std::any_of(inputs_.begin(), inputs_.end(), is_lent) ||
           std::any_of(targets_.begin(), targets_.end(), is_lent);
}

void Samples::set_count(int64_t count, const Culprit &culprit) {
    if (count < 1)
        fail_at(culprit.node, Status::shape_mismatch,
                text(operation_, ": ", culprit.name(), " has 0 samples"));
    if (count_ >= 0 && count != count_)
        fail_at(culprit.node, Status::shape_mismatch,
                text(operation_, ": ", culprit.name(), " has ", count, " samples, but input 0 has ",
                     count_));
    count_ = count;
}

void Samples::add_input(const Net &net, const cnn_view &view, size_t index) {
    const int32_t id = net.inputs()[index];
    const Culprit culprit{net, id};
    const int64_t elements = net.node(id).shape.elements();
    const Source source = source_of(view, culprit, elements);
    if (source.feed.type != HostType::f32 && source.feed.type != HostType::u8)
        fail_at(id, Status::unsupported,
                text(operation_, ": ", culprit.name(), ": type must be CNN_FLOAT32 or CNN_UINT8"));
    if (view.elements < 0 || view.elements % elements != 0)
        fail_at(id, Status::shape_mismatch,
                text(operation_, ": ", culprit.name(), " got ", view.elements,
                     " elements, which is no multiple of the ", elements, " of one sample ",
                     to_text(net.node(id).shape)));
    set_count(view.elements / elements, culprit);
    if (view.memory) lent_of(*device_, view, false, operation_, culprit);
    inputs_.push_back(source);
}

void Samples::check_labels(const Net &net, size_t index, int64_t begin, int64_t end) const {
    // Lent memory isn't the host's to read.
    if ((label_targets_ >> index & 1) == 0 || targets_[index].feed.lent.handle) return;
    const Culprit culprit{net, net.losses()[index]};
    const Node &loss = net.node(culprit.node);
    const Shape &prediction = net.node(loss.inputs[0]).shape;
    const int64_t per_sample = loss.loss->labels(prediction), classes = prediction[0];
    const Source &source = targets_[index];
    for (int64_t i = begin * per_sample; i < end * per_sample; ++i) {
        const int64_t label = label_at(source.feed.data, source.feed.type, i);
        if (label >= 0 && label < classes) continue;
        const std::string place =
            per_sample > 1 ? text("place ", i % per_sample, " of sample ", i / per_sample)
                           : text("sample ", i);
        fail_at(culprit.node, Status::out_of_range,
                text(operation_, ": ", culprit.name(), ": label ", label, " of ", place,
                     " must be 0 to ", classes - 1));
    }
}

// A weight that isn't finite would look like a diverging loss.
void Samples::check_weights(int64_t begin, int64_t end) const {
    for (int64_t i = begin; weights_.feed.data && i < end; ++i)
        if (!std::isfinite(weight(i)))
            fail(Status::out_of_range,
                 text(operation_, ": weight ", weight(i), " of sample ", i, " must be finite"));
}

void Samples::check_rows(const Net &net, int64_t first, const int64_t *rows, int64_t n) const {
    for (int64_t k = 0; k < n; ++k) {
        const int64_t sample = rows ? rows[k] : first + k;
        check_weights(sample, sample + 1);
        for (size_t i = 0; i < targets_.size(); ++i) check_labels(net, i, sample, sample + 1);
    }
}

float Samples::weight(int64_t sample) const {
    if (!weights_.feed.data) return 1;
    float value;
    std::memcpy(&value, weights_.feed.data + sample * weights_.row_bytes, sizeof value);
    return value;
}

int64_t Samples::first_negative_weight() const {
    for (int64_t i = 0; weights_.feed.data && i < count_; ++i)
        if (weight(i) < 0) return i;
    return -1;
}

void Samples::add_target(const Net &net, const cnn_view &view, bool labels, size_t index) {
    const int32_t id = net.losses()[index];
    const Node &loss = net.node(id);
    const Shape &prediction = net.node(loss.inputs[0]).shape;
    const Culprit culprit{net, id};
    const TargetForm form = labels ? TargetForm::labels : TargetForm::values;
    if (!loss.loss->takes(form, prediction))
        fail_at(id, Status::invalid_argument,
                text(operation_, ": ", culprit.name(), " takes ", labels ? "targets" : "labels",
                     " of shape ", to_text(prediction), ", not ", labels ? "labels" : "targets"));
    const int64_t elements = labels ? loss.loss->labels(prediction) : prediction.elements();
    const Source source = source_of(view, culprit, elements);
    if (labels ? source.feed.type == HostType::f32 : source.feed.type != HostType::f32)
        fail_at(id, Status::unsupported,
                text(operation_, ": ", culprit.name(), ": ",
                     labels ? "labels must be integers" : "targets must be CNN_FLOAT32"));
    if (view.elements != count_ * elements)
        fail_at(id, Status::shape_mismatch,
                text(operation_, ": ", culprit.name(), " got ", view.elements,
                     labels ? " labels" : " elements", ", but ", count_, " samples need ",
                     count_ * elements));
    if (view.memory) lent_of(*device_, view, false, operation_, culprit);
    if (labels) label_targets_ |= uint64_t{1} << index;
    targets_.push_back(source);
}

void Samples::assign(const Net &net, const Device &device, const char *operation,
                     const cnn_view *inputs, int32_t count) {
    device_ = &device;
    operation_ = operation;
    count_ = -1;
    label_targets_ = 0;
    inputs_.clear();
    targets_.clear();
    weights_ = {};
    const auto wanted = static_cast<int32_t>(net.inputs().size());
    if (count != wanted || (count > 0 && !inputs))
        fail(Status::invalid_argument,
             text(operation, ": got ", count, " inputs, but the net has ", wanted));
    if (wanted == 0) fail(Status::bad_state, text(operation, ": the net has no input"));
    for (size_t i = 0; i < net.inputs().size(); ++i) add_input(net, inputs[i], i);
}

void Samples::assign(const Net &net, const Device &device, const char *operation,
                     const cnn_samples &samples, bool targets, Check check) {
    if (samples.reserved32 != 0 || reserved_set(samples.reserved))
        fail(Status::incompatible, text(operation, ": samples: reserved must be zero"));
    cnn_view input{};
    input.data = samples.inputs;
    input.elements = samples.input_elements;
    input.type = samples.input_type;
    input.layout = samples.input_layout;
    std::copy_n(samples.scale, 4, input.scale);
    std::copy_n(samples.mean, 4, input.mean);
    const bool several = samples.input_views != nullptr;
    const cnn_view *inputs = several ? samples.input_views : &input;
    assign(net, device, operation, inputs, several ? samples.input_view_count : 1);

    if (samples.weights) {
        if (samples.weight_elements != count_)
            fail(Status::shape_mismatch, text(operation, ": got ", samples.weight_elements,
                                              " weights for ", count_, " samples"));
        weights_.feed.data = reinterpret_cast<const std::byte *>(samples.weights);
        weights_.row_bytes = 4;
        if (check == Check::all) check_weights(0, count_);
    }
    if (!targets) return;
    assign_targets(net, samples);
    for (size_t i = 0; check == Check::all && i < targets_.size(); ++i)
        check_labels(net, i, 0, count_);
}

void Samples::assign_targets(const Net &net, const cnn_samples &samples) {
    const char *operation = operation_;

    const size_t losses = net.losses().size();
    if (losses == 0) fail(Status::bad_state, text(operation, ": the net has no loss"));
    if (samples.target_views) {
        if (samples.target_view_count != static_cast<int32_t>(losses))
            fail(Status::invalid_argument, text(operation, ": got ", samples.target_view_count,
                                                " targets, but the net has ", losses, " losses"));
        for (size_t i = 0; i < losses; ++i)
            add_target(net, samples.target_views[i], samples.target_views[i].type != CNN_FLOAT32,
                       i);
        return;
    }
    if (losses > 1)
        fail(Status::invalid_argument,
             text(operation, ": the net has ", losses, " losses, which need target_views"));
    if (samples.targets && samples.labels)
        fail(Status::invalid_argument, text(operation, ": both targets and labels are given"));
    if (!samples.targets && !samples.labels)
        fail(Status::invalid_argument, text(operation, ": neither targets nor labels are given"));
    cnn_view target{};
    target.data = samples.labels ? samples.labels : samples.targets;
    target.elements = samples.labels ? samples.label_elements : samples.target_elements;
    target.type = samples.labels ? samples.label_type : CNN_FLOAT32;
    add_target(net, target, samples.labels != nullptr, 0);
}

Feed Samples::at(const Source &source, int64_t first, const int64_t *rows) {
    Feed feed = source.feed;
    if (rows)
        feed.rows = rows;
    else if (feed.lent.handle)
        feed.lent.offset += first * source.row_bytes;
    else
        feed.data += first * source.row_bytes;
    return feed;
}

void Samples::fill(Plan &plan, int64_t first, const int64_t *rows,
                   const std::vector<float> &ones) const {
    for (size_t i = 0; i < inputs_.size(); ++i)
        if (Feed *feed = plan.input_feed(i)) *feed = at(inputs_[i], first, rows);
    for (size_t i = 0; i < targets_.size(); ++i)
        if (Feed *feed = plan.target_feed(i)) *feed = at(targets_[i], first, rows);
    if (Feed *feed = plan.weight_feed()) {
        if (weights_.feed.data) {
            *feed = at(weights_, first, rows);
        } else {
            *feed = Feed{};
            feed->data = reinterpret_cast<const std::byte *>(ones.data());
        }
    }
}

}  // namespace cnn

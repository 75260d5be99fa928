// A host's samples and views, checked against a net, as feeds for a plan.
#pragma once

#include <cnn/cnn.h>

#include <vector>

#include "graph/executable.h"

namespace cnn {

// A node as messages name it; the text is made only where there is a message.
struct Culprit {
    const Net &net;
    int32_t node;
    const char *before = "";

    std::string name() const { return before + net.describe(node); }
};

// A view's data as feeds take it; throws Error naming the culprit.
Feed feed_of(const cnn_view &view, const char *operation, const Culprit &culprit);

// What the view lends in place of data; throws Error naming the culprit unless the device is able
// to read (write) its elements there.
LentMemory lent_of(const Device &device, const cnn_view &view, bool written, const char *operation,
                   const Culprit &culprit);

// Borrows the samples' memory. Assigned anew it allocates nothing that it has held before.
class Samples {
  public:
    Samples() = default;
    Samples(const Net &net, const Device &device, const char *operation,
            const cnn_samples &samples) {
        assign(net, device, operation, samples, true);
    }
    // Which labels and weights `assign` looks at: all, or none, for who calls check_rows.
    enum class Check : uint8_t { all, later };
    // Both throw Error with the operation, the culprit and the constraint. Without targets only
    // inputs and weights are looked at.
    void assign(const Net &net, const Device &device, const char *operation,
                const cnn_samples &samples, bool targets, Check check = Check::all);
    // Inputs alone, a view each.
    void assign(const Net &net, const Device &device, const char *operation, const cnn_view *inputs,
                int32_t count);

    // Looks at the labels and weights of samples first, first + 1, ... or of those of these
    // indices.
    void check_rows(const Net &net, int64_t first, const int64_t *rows, int64_t n) const;

    int64_t count() const { return count_; }
    // As in ProgramKey.
    uint64_t label_targets() const { return label_targets_; }
    // A sample's weight, 1 unless given; and the first sample of a negative one, or -1.
    float weight(int64_t sample) const;
    // Some are in memory that the host lends, which only the net's own device reads.
    bool lent() const;
    int64_t first_negative_weight() const;
    // Points the plan's feeds at samples first, first + 1, ... or, where rows isn't null, at those
    // of these indices. `ones` serves where there are no weights.
    void fill(Plan &plan, int64_t first, const int64_t *rows, const std::vector<float> &ones) const;

  private:
    struct Source {
        Feed feed;
        int64_t row_bytes = 0;
    };
    void assign_targets(const Net &net, const cnn_samples &samples);
    void add_input(const Net &net, const cnn_view &view, size_t index);
    void add_target(const Net &net, const cnn_view &view, bool labels, size_t index);
    void check_labels(const Net &net, size_t index, int64_t begin, int64_t end) const;
    void check_weights(int64_t begin, int64_t end) const;
    void set_count(int64_t count, const Culprit &culprit);
    Source source_of(const cnn_view &view, const Culprit &culprit, int64_t row_elements) const;
    static Feed at(const Source &source, int64_t first, const int64_t *rows);

    const Device *device_ = nullptr;  // during assign
    const char *operation_ = "";
    int64_t count_ = -1;
    std::vector<Source> inputs_, targets_;
    Source weights_;
    uint64_t label_targets_ = 0;
};

}  // namespace cnn

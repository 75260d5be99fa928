// A host's samples and views, checked against a net, as feeds for a plan.
#pragma once

#include <cnn/cnn.h>

#include <vector>

#include "graph/executable.h"

namespace cnn {

// A view's data as feeds take it, for an input or target of `shape`; throws Error naming `what`.
Feed feed_of(const cnn_view &view, const char *operation, const std::string &what);

class Samples {
  public:
    // Borrows the samples' memory. Throws Error with the operation, the culprit and the constraint.
    // Without targets only inputs and weights are looked at.
    Samples(const Net &net, const char *operation, const cnn_samples &samples, bool targets);
    // Inputs alone, a view each.
    Samples(const Net &net, const char *operation, const cnn_view *inputs, int32_t count);

    int64_t count() const { return count_; }
    const std::vector<TargetForm> &forms() const { return forms_; }
    // Points the plan's feeds at samples first, first + 1, ... or, where rows isn't null, at those
    // of these indices. `ones` serves where there are no weights.
    void fill(Plan &plan, int64_t first, const int64_t *rows, const std::vector<float> &ones) const;

  private:
    struct Source {
        Feed feed;
        int64_t row_bytes = 0;
    };
    void add_input(const Net &net, const cnn_view &view, size_t index);
    void add_target(const Net &net, const cnn_view &view, bool labels, size_t index);
    void check_labels(const Source &source, const std::string &what, int64_t classes) const;
    void set_count(int64_t count, const std::string &what);
    static Feed at(const Source &source, int64_t first, const int64_t *rows);

    const char *operation_;
    int64_t count_ = -1;
    std::vector<Source> inputs_, targets_;
    Source weights_;
    std::vector<TargetForm> forms_;
};

}  // namespace cnn

// Options and reports of a minimisation, between the public structs and the driver's.
#pragma once

#include "api/shim.h"
#include "optim/minimize.h"

namespace cnn::api {

// Checked; nullable. The optimizer `then` must live as long.
MinimizeOptions minimize_options(const cnn_minimize_options *given, const char *call);

// report is nullable.
void write_report(const MinimizeReport &from, cnn_minimize_report *report);

// While it lives, callbacks can't destroy or reset the optimizer.
class InCallback {
  public:
    explicit InCallback(Optimizer *optimizer);
    ~InCallback();
    InCallback(const InCallback &) = delete;
    InCallback &operator=(const InCallback &) = delete;

  private:
    Optimizer *optimizer_;  // null: nothing to restore
};

}  // namespace cnn::api

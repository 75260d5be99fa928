// Options and reports of a minimisation, between the public structs and the driver's.
#pragma once

#include <new>
#include <stdexcept>

#include "api/shim.h"
#include "optim/minimize.h"

namespace cnn::api {

// Checked; nullable. The optimizer `then` must live as long.
MinimizeOptions minimize_options(const cnn_minimize_options *given, const char *call);

// report is nullable.
void write_report(const MinimizeReport &from, cnn_minimize_report *report);

// While it lives, callbacks can't set, destroy or reset the optimizer.
class InCallback {
  public:
    explicit InCallback(Optimizer *optimizer);
    ~InCallback();
    InCallback(const InCallback &) = delete;
    InCallback &operator=(const InCallback &) = delete;

  private:
    Optimizer *optimizer_;  // null: nothing to restore
    bool within_another_;
};

[[noreturn]] void out_of_memory(const char *call, int64_t n);

// body(); want of memory is named by the call and its number of parameters.
template <class Body>
void naming_memory(const char *call, int64_t n, const Body &body) {
    try {
        body();
    } catch (const std::bad_alloc &) {
        out_of_memory(call, n);
    } catch (const std::length_error &) {
        out_of_memory(call, n);
    }
}

}  // namespace cnn::api

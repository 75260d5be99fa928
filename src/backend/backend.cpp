// What backends do whose devices can't use memory that a host lends.
#include "backend/backend.h"

#include "base/error.h"
#include "base/text.h"

namespace cnn {

void Queue::put(const LentMemory &, Ref, int64_t) {
    fail(Status::unsupported, "this device can't write to the host's OpenCL memory");
}

void Device::check_lent(const LentMemory &, int64_t, int64_t, bool) const {
    fail(Status::unsupported,
         text("memory is an OpenCL buffer, but the net is compiled for \"", info().spec, "\""));
}

}  // namespace cnn

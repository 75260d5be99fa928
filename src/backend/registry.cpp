// The backends this build has: one line each.
#include "backend/registry.h"

#include "backend/cpu/cpu.h"
#include "backend/reference/reference.h"
#if CNN_OPENCL
#include "backend/opencl/opencl.h"
#endif

namespace cnn {

std::span<const Backend> backends() {
    static const Backend rows[] = {
        cpu::backend(),
#if CNN_OPENCL
        {"opencl", opencl::list, opencl::open},
#endif
        reference::backend(),
    };
    return rows;
}

}  // namespace cnn

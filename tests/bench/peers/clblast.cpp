// CLBlast by its C interface.
#include "peers/clblast.h"

#include <clblast_c.h>

namespace clblast {

bool run(const Shape &shape, cl_mem x, cl_mem w, cl_mem y, cl_command_queue queue) {
    const auto size = [](int64_t value) { return static_cast<size_t>(value); };
    if (shape.is_product()) {
        // y[n, o] = sum over c of x[n, c] w[o, c]
        return CLBlastSgemm(CLBlastLayoutRowMajor, CLBlastTransposeNo, CLBlastTransposeYes,
                            size(shape.batch), size(shape.filters), size(shape.channels), 1, x, 0,
                            size(shape.channels), w, 0, size(shape.channels), 0, y, 0,
                            size(shape.filters), &queue, nullptr) == CLBlastSuccess;
    }
    return CLBlastSconvgemm(CLBlastKernelModeCrossCorrelation, size(shape.channels),
                            size(shape.height), size(shape.width), size(shape.kernel_h),
                            size(shape.kernel_w), size(shape.pad), size(shape.pad),
                            size(shape.stride), size(shape.stride), 1, 1, size(shape.filters),
                            size(shape.batch), x, 0, w, 0, y, 0, &queue, nullptr) == CLBlastSuccess;
}

}  // namespace clblast

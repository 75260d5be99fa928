// The heaviest loop of least squares: J^T J of a block of rows.
#pragma once

#include <cstdint>

namespace cnn {

// sum += A^T A, the lower triangle alone. A is rows x n and sum n x n, both column-major.
using AddGram = void (*)(int64_t rows, int64_t n, const double *a, double *sum);

// The fastest for this processor.
AddGram find_gram();

}  // namespace cnn

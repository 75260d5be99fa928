// The limit that arithmetic on this machine's CPU has.
#pragma once

namespace cnn::bench {

// Multiply-adds on registers from operands in L1, a tile a thread, with the widest instructions
// that the library uses here: GFLOP/s of all threads, measured for about `seconds`.
double multiply_add_peak(int threads, double seconds);

}  // namespace cnn::bench

// The convolutions that are timed: cases of our own, and lists of shapes read from files.
#pragma once

#include <string>
#include <vector>

#include "support/conv_shape.h"

namespace cnn::bench {

// Layers of usual networks, training and at batch 1.
std::vector<ConvShape> usual_cases();

// What DeepBench's or benchdnn's lists hold (CSV, the columns named in the first line), each shape
// once: path is one, or a folder, of which all that end in .csv are read. Without what isn't a
// convolution of one or two dimensions. Throws Error(io_error).
std::vector<ConvShape> listed_cases(const std::string &path);

}  // namespace cnn::bench

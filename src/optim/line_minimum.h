// Exact line searches: a bracket around a minimum, then the minimum.
#pragma once

#include "optim/line_search.h"

namespace cnn {

// By golden sections, by Brent's method, or by Brent's with derivatives, as the settings' kind
// says.
LineResult line_minimum(Line &line, const LineSettings &settings, const LinePoint &start,
                        double first);

}  // namespace cnn

// Line searches: how far to go along a direction.
#pragma once

#include "optim/minimize.h"

namespace cnn {

// By the numbers of cnn_line_search.
enum class LineSearch : int32_t {
    strong_wolfe = 0,
    wolfe = 1,
    armijo = 2,
    golden = 3,
    brent = 4,
    brent_slope = 5,
};

struct LinePoint {
    double a, value, slope;  // slope: of f along d, NaN where it wasn't evaluated
};

// f on x + a d. trial becomes x + a d, and gradient f's there.
class Line {
  public:
    Line(Minimization &run, const Vector &x, const Vector &d, Vector &trial, Vector &gradient)
        : run_(run), x_(x), d_(d), trial_(trial), gradient_(gradient) {}

    LinePoint at(double a);     // with the slope
    LinePoint value(double a);  // without
    // Makes trial and gradient those at the point.
    LinePoint hold(const LinePoint &point);
    double epsilon() { return run_.space().epsilon(); }

  private:
    Minimization &run_;
    const Vector &x_, &d_;
    Vector &trial_, &gradient_;
    LinePoint held_{-1, 0, 0};
};

struct LineSettings {
    LineSearch kind = LineSearch::strong_wolfe;
    double c1 = 1e-4, c2 = 0.9;
    // How exact the searches for a minimum are, relative to a.
    double tolerance = 1e-4;
};

enum class LineOutcome {
    found,       // as the conditions want it, or a minimum
    lower,       // lower than the start, no more
    none,        // no lower point
    not_finite,  // no finite point
};

struct LineResult {
    LineOutcome outcome;
    LinePoint point;  // held by the line where the outcome is found or lower
};

// From start, at a = 0 with a negative slope, trying `first` first.
LineResult search_line(Line &line, const LineSettings &settings, const LinePoint &start,
                       double first);

// The optimizers' keys for it.
LineSettings line_settings(const HyperParameters &keys);
// Throws Error(out_of_range) for conditions that no point may meet.
void check_line_search(const Optimizer &optimizer);

}  // namespace cnn

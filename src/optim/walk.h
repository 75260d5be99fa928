// What optimizers share whose values may rise: a walk that keeps the best point it saw.
#pragma once

#include "optim/minimize.h"

namespace cnn {

class Walk {
  public:
    Walk(Minimization &run, const char *name, double rate, std::unique_ptr<Vector> &x);
    virtual ~Walk() = default;
    Walk(const Walk &) = delete;
    Walk &operator=(const Walk &) = delete;

    // Walks until the run stops it; then x is the best point.
    void run();

  protected:
    // Moves x by step t, from 1; gradient_ is that at x and may be overwritten.
    virtual void move(int64_t t) = 0;
    // As in Iterate, of the latest move.
    virtual double gradient_step() const { return 0; }

    Minimization &run_;
    VectorSpace &space_;
    std::unique_ptr<Vector> &x_;
    std::unique_ptr<Vector> gradient_;

  private:
    void steps();
    Iterate evaluate();
    void keep(const Iterate &at);
    [[noreturn]] void lost(const Iterate &at) const;

    const char *name_;
    double rate_;
    std::unique_ptr<Vector> best_, step_;
    Iterate kept_{0, -1, 0, 0};  // a gradient_norm below 0: nothing is kept yet
};

}  // namespace cnn

// AdaGrad and RMSProp with the whole matrix of g g^T in place of its diagonal (Delmas, the note
// after 10): x -= a (S^(1/2) + epsilon)^-1 g. For few parameters.
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "optim/dense.h"
#include "optim/free_elements.h"
#include "optim/walk.h"

namespace cnn {

namespace {

constexpr KeyInfo kRate{Key::learning_rate, "learning_rate", 0.01, 0, 1e6};
constexpr KeyInfo kEpsilon{Key::epsilon, "epsilon", 1e-8, 1e-16, 1};
constexpr std::array kAdagradKeys = {kRate, kEpsilon, kL2Key, kL1Key};
constexpr std::array kRmspropKeys = {kRate, KeyInfo{Key::beta2, "beta2", 0.9, 0, 0.999999999},
                                     kEpsilon, kL2Key, kL1Key};

class MatrixWalk final : public Walk {
  public:
    // S = kept S + added g g^T
    MatrixWalk(Minimization &run, const char *name, const HyperParameters &keys, double kept,
               double added, std::unique_ptr<Vector> &x)
        : Walk(run, name, keys[Key::learning_rate], x),
          rate_(keys[Key::learning_rate]),
          epsilon_(keys[Key::epsilon]),
          kept_(kept),
          added_(added),
          free_(run.objective()),
          sum_(free_.count() * free_.count()),
          g_(free_.count()),
          step_(free_.count()) {}

  private:
    void move(int64_t) override {
        const size_t n = g_.size();
        free_.gather(*gradient_, g_);
        for (size_t i = 0; i < n; ++i)
            for (size_t j = 0; j < n; ++j)
                sum_[i * n + j] = kept_ * sum_[i * n + j] + added_ * g_[i] * g_[j];
        if (!symmetric_eigen(static_cast<int64_t>(n), sum_, values_, vectors_))
            fail(Status::not_finite, "minimize: the matrix of squared gradients isn't finite");
        std::fill(step_.begin(), step_.end(), 0.0);
        for (size_t k = 0; k < n; ++k) {
            const double *vector = vectors_.data() + k * n;
            double along = 0;
            for (size_t i = 0; i < n; ++i) along += vector[i] * g_[i];
            along /= std::sqrt(std::max(values_[k], 0.0)) + epsilon_;
            for (size_t i = 0; i < n; ++i) step_[i] += along * vector[i];
        }
        free_.scatter(step_, *gradient_);
        space_.add(*x_, -rate_, *gradient_);
    }

    double rate_, epsilon_, kept_, added_;
    FreeElements free_;
    std::vector<double> sum_, g_, step_, values_, vectors_;
};

class FullAdagrad final : public Minimizer {
  public:
    int32_t kind() const override { return 27; }
    const char *name() const override { return "full_adagrad"; }
    std::span<const KeyInfo> keys() const override { return kAdagradKeys; }
    void minimize(Minimization &run, const HyperParameters &keys,
                  std::unique_ptr<Vector> &x) const override {
        MatrixWalk(run, name(), keys, 1, 1, x).run();
    }
};

class FullRmsprop final : public Minimizer {
  public:
    int32_t kind() const override { return 28; }
    const char *name() const override { return "full_rmsprop"; }
    std::span<const KeyInfo> keys() const override { return kRmspropKeys; }
    void minimize(Minimization &run, const HyperParameters &keys,
                  std::unique_ptr<Vector> &x) const override {
        const double b2 = keys[Key::beta2];
        MatrixWalk(run, name(), keys, b2, 1 - b2, x).run();
    }
};

}  // namespace

const Minimizer *full_adagrad_minimizer() {
    static const FullAdagrad minimizer;
    return &minimizer;
}

const Minimizer *full_rmsprop_minimizer() {
    static const FullRmsprop minimizer;
    return &minimizer;
}

}  // namespace cnn

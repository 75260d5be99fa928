// BFGS with a dense inverse Hessian (Hedberg 179-182, algorithm 1 corrected: the first step is
// learnt from too).
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "optim/dense.h"
#include "optim/descent.h"
#include "optim/free_elements.h"

namespace cnn {

namespace {

constexpr std::array kKeys = {
    KeyInfo{Key::initial_hessian, "initial_hessian", 0, 0, 2, true},
    kLineSearchKey,
    kC1Key,
    c2_key(0.9),
    kCurvatureEpsilonKey,
    kCurvatureGuardKey,
    kL2Key,
    kL1Key,
};

// Of the largest eigenvalue of a Hessian by differences: smaller ones count as this.
constexpr double kLeastEigenvalue = 1e-8;

double dot(std::span<const double> a, std::span<const double> b) {
    double sum = 0;
    for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
}

// A symmetric matrix, all of it stored.
class Symmetric {
  public:
    explicit Symmetric(size_t n) : n_(n), values_(n * n) { set_identity(1); }

    double *row(size_t i) { return values_.data() + i * n_; }
    std::vector<double> &values() { return values_; }

    void set_identity(double value) {
        std::fill(values_.begin(), values_.end(), 0.0);
        for (size_t i = 0; i < n_; ++i) row(i)[i] = value;
    }

    // y = a H x, by columns, which are rows too.
    void multiply(double a, std::span<const double> x, std::span<double> y) {
        std::fill(y.begin(), y.end(), 0.0);
        for (size_t i = 0; i < n_; ++i) {
            const double factor = a * x[i];
            const double *column = row(i);
            for (size_t j = 0; j < n_; ++j) y[j] += factor * column[j];
        }
    }

    // H += a p p^T + b (p q^T + q p^T)
    void update(double a, std::span<const double> p, double b, std::span<const double> q) {
        for (size_t i = 0; i < n_; ++i) {
            const double pp = a * p[i] + b * q[i], pq = b * p[i];
            double *to = row(i);
            for (size_t j = 0; j < n_; ++j) to[j] += pp * p[j] + pq * q[j];
        }
    }

  private:
    size_t n_;
    std::vector<double> values_;
};

class Run {
  public:
    Run(Minimization &run, const HyperParameters &keys, std::unique_ptr<Vector> &x)
        : run_(run),
          keys_(keys),
          space_(run.space()),
          at_(run, x),
          free_(run.objective()),
          d_(space_.create()),
          trial_(space_.create()),
          trial_gradient_(space_.create()),
          inverse_(free_.count()),
          s_(free_.count()),
          y_(free_.count()),
          hy_(free_.count()) {}

    [[noreturn]] void loop() {
        const LineSettings settings = line_settings(keys_);
        at_.start();
        if (keys_[Key::initial_hessian] == 2) difference_hessian();
        while (true) {
            double slope = direct();
            if (!(slope < 0) && !fresh_) {
                restart();
                slope = direct();
            }
            const double first = fresh_ ? at_.first_step() : 1;
            const LineResult result =
                at_.search(*d_, slope, first, settings, trial_, trial_gradient_);
            if (result.outcome == LineOutcome::none || result.outcome == LineOutcome::not_finite) {
                if (fresh_) at_.give_up(result);
                restart();
                continue;
            }
            learn(result.point.a, slope);
            at_.iterate(*d_, result.point.a);
        }
    }

  private:
    // d = -H g; gives the slope.
    double direct() {
        free_.gather(at_.gradient(), y_);
        inverse_.multiply(-1, y_, s_);
        free_.scatter(s_, *d_);
        return space_.dot(*d_, at_.gradient());
    }

    void restart() {
        ++run_.report().restarts;
        inverse_.set_identity(1);
        fresh_ = true;
    }

    void learn(double a, double slope) {
        space_.combine(*trial_, 1, at_.x(), -1, *trial_);
        free_.gather(*trial_, s_);
        space_.combine(*trial_gradient_, 1, at_.gradient(), -1, *trial_gradient_);
        free_.gather(*trial_gradient_, y_);
        if (keys_[Key::curvature_guard] != 0) damp(a, slope);
        const double ys = dot(y_, s_), yy = dot(y_, y_);
        if (!(ys > keys_[Key::epsilon] * std::sqrt(yy * dot(s_, s_))) || !std::isfinite(ys)) return;
        if (fresh_ && keys_[Key::initial_hessian] == 0) inverse_.set_identity(ys / yy);
        fresh_ = false;
        inverse_.multiply(1, y_, hy_);
        inverse_.update((1 + dot(y_, hy_) / ys) / ys, s_, -1 / ys, hy_);
    }

    // Powell's: y becomes so much of B s that y^T s is a fifth of s^T B s. As s = -a H g before it,
    // B s is -a g.
    void damp(double a, double slope) {
        const double sbs = -a * a * slope, ys = dot(y_, s_);
        if (ys >= 0.2 * sbs) return;
        const double part = 0.8 * sbs / (sbs - ys);
        free_.gather(at_.gradient(), hy_);
        for (size_t i = 0; i < y_.size(); ++i)
            y_[i] = part * y_[i] - (1 - part) * a * (hy_[i] - y_[i]);
    }

    // H0: the inverse of the Hessian by forward differences of gradients, its eigenvalues made
    // positive.
    void difference_hessian() {
        const size_t n = free_.count();
        std::vector<double> x(n), g(n), moved(n), values, vectors;
        free_.gather(at_.x(), x);
        free_.gather(at_.gradient(), g);
        Symmetric hessian(n);
        for (size_t i = 0; i < n; ++i) {
            moved.assign(n, 0.0);
            moved[i] = std::sqrt(space_.epsilon()) * std::max(std::abs(x[i]), 1.0);
            free_.scatter(moved, *d_);
            space_.combine(*trial_, 1, at_.x(), 1, *d_);
            run_.value_and_gradient(*trial_, *trial_gradient_);
            free_.gather(*trial_gradient_, y_);
            for (size_t j = 0; j < n; ++j) hessian.row(i)[j] = (y_[j] - g[j]) / moved[i];
        }
        for (size_t i = 0; i < n; ++i)
            for (size_t j = 0; j < i; ++j)
                hessian.row(i)[j] = hessian.row(j)[i] = (hessian.row(i)[j] + hessian.row(j)[i]) / 2;
        if (!symmetric_eigen(static_cast<int64_t>(n), hessian.values(), values, vectors)) return;
        double largest = 0;
        for (double &v : values) largest = std::max(largest, v = std::abs(v));
        if (!(largest > 0) || !std::isfinite(largest)) return;
        inverse_.set_identity(0);
        for (size_t k = 0; k < n; ++k) {
            const std::span<const double> vector(vectors.data() + k * n, n);
            inverse_.update(1 / std::max(values[k], kLeastEigenvalue * largest), vector, 0, vector);
        }
        fresh_ = false;
    }

    Minimization &run_;
    const HyperParameters &keys_;
    VectorSpace &space_;
    Descent at_;
    FreeElements free_;
    std::unique_ptr<Vector> d_, trial_, trial_gradient_;
    Symmetric inverse_;
    std::vector<double> s_, y_, hy_;
    bool fresh_ = true;  // nothing is learnt: d = -g
};

class Bfgs final : public Minimizer {
  public:
    int32_t kind() const override { return 23; }
    const char *name() const override { return "bfgs"; }
    std::span<const KeyInfo> keys() const override { return kKeys; }
    void minimize(Minimization &run, const HyperParameters &keys,
                  std::unique_ptr<Vector> &x) const override {
        Run(run, keys, x).loop();
    }
};

}  // namespace

const Minimizer *bfgs_minimizer() {
    static const Bfgs minimizer;
    return &minimizer;
}

}  // namespace cnn

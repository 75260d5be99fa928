// Vectors of doubles on the host.
#pragma once

#include <vector>

#include "optim/objective.h"

namespace cnn {

class HostVector final : public Vector {
  public:
    explicit HostVector(int64_t size) : values(static_cast<size_t>(size), 0.0) {}

    std::vector<double> values;
};

class HostVectorSpace final : public VectorSpace {
  public:
    explicit HostVectorSpace(int64_t size) : size_(size) {}

    int64_t size() const override { return size_; }
    double epsilon() const override;
    std::unique_ptr<Vector> create() override;
    void copy(Vector &y, const Vector &x) override;
    void scale(Vector &y, double a) override;
    void add(Vector &y, double a, const Vector &x) override;
    void combine(Vector &y, double a, const Vector &x, double b, const Vector &z) override;
    double dot(const Vector &x, const Vector &y) override;
    double max_abs(const Vector &x) override;
    void apply(const Expression &expression, std::span<const Vector *const> operands,
               std::span<const double> scalars, std::span<Vector *const> results) override;
    void read(const Vector &x, std::span<double> values) override;
    void write(Vector &x, std::span<const double> values) override;

  private:
    int64_t size_;
};

// The elements of a vector of a HostVectorSpace.
inline std::span<double> elements(Vector &x) {
    return static_cast<HostVector &>(x).values;
}
inline std::span<const double> elements(const Vector &x) {
    return static_cast<const HostVector &>(x).values;
}

}  // namespace cnn

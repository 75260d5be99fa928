// Vectors of a device's reals, their algebra as expressions that its kernels run.
#pragma once

#include <memory>
#include <vector>

#include "backend/backend.h"
#include "optim/objective.h"

namespace cnn {

// The cheapest kernel of a group whose operands are all plain; throws Error(unsupported) naming
// `what` where the device has none.
struct PlainKernel {
    std::unique_ptr<Kernel> kernel;
    int64_t workspace = 0;  // bytes it needs
};
PlainKernel prepare_plain(Device &device, const FusedOp &group, const char *what);

// In memory of its own, or in some that is lent.
class DeviceVector final : public Vector {
  public:
    explicit DeviceVector(Ref lent) : at_(lent) {}
    explicit DeviceVector(std::unique_ptr<Buffer> buffer)
        : buffer_(std::move(buffer)), at_{buffer_.get(), 0} {}

    Ref at() const { return at_; }

  private:
    std::unique_ptr<Buffer> buffer_;
    Ref at_;
};

inline Ref at(const Vector &x) {
    return static_cast<const DeviceVector &>(x).at();
}

// Keeps the kernels it has made, by their expressions; after the first time nothing in it
// allocates. Uses a queue that must outlive it.
class DeviceVectorSpace final : public VectorSpace {
  public:
    DeviceVectorSpace(Device &device, Queue &queue, int64_t size);

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
    // The sum over all elements of the expression's one result.
    double sum(const Expression &expression, std::span<const Vector *const> operands,
               std::span<const double> scalars);

    void read(const Vector &x, std::span<double> values) override;
    void write(Vector &x, std::span<const double> values) override;
    void set_zero(Vector &x);

  private:
    // A kernel for an expression, and which of its operands are the same vector.
    struct Prepared {
        Expression expression;
        bool reduces;
        std::vector<int32_t> inputs, outputs;  // by place among the kernel's operands
        PlainKernel kernel;
    };
    Prepared &prepared(const Expression &expression, bool reduces);
    void place(std::span<const Vector *const> operands, std::span<Vector *const> results);
    int32_t place_of(const Vector &x);
    void launch(PlainKernel &kernel, std::span<const double> scalars);
    // Calls take(first, count, values) with parts of x in order, as floats or doubles.
    template <class Real, class Take>
    void parts(const Vector &x, const Take &take);

    Device &device_;
    Queue &queue_;
    int64_t size_;
    int64_t real_;
    std::vector<std::unique_ptr<Prepared>> prepared_;
    std::unique_ptr<Buffer> total_;  // of a sum
    std::unique_ptr<Buffer> workspace_;
    int64_t workspace_bytes_ = 0;
    Expression scale_, add_, combine_, product_;
    // Of the call in progress: the kernel's operands, and where the expression's are among them.
    std::vector<Ref> refs_;
    std::vector<int32_t> inputs_, outputs_;
    std::vector<double> stage_;
};

}  // namespace cnn

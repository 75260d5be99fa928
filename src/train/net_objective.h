// A net and all of its samples as a function of theta to be minimised: the mean loss on running
// statistics and without dropout, plus an optimizer's penalties, evaluated in batches.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "optim/device_space.h"
#include "train/session.h"

namespace cnn {

// (l2 / 2) |theta - center|^2 + l1 |theta - center|_1, each tensor's times its own factor.
struct Penalties {
    double l2 = 0, l1 = 0;
};

class NetObjective final : public Objective {
  public:
    // tensors: names of those that move (a node's: all of its own); empty: all. Those that the net
    // has frozen never do. Throws Error(not_found). The session and the samples must outlive it.
    NetObjective(const char *operation, Session &session, const Samples &samples,
                 const Penalties &penalties, const std::vector<std::string> &tensors);

    VectorSpace &space() override { return space_; }
    // A vector that holds theta; and theta set to a vector's values.
    std::unique_ptr<Vector> current();
    void assign(const Vector &x);

    double value(const Vector &x) override;
    double value_and_gradient(const Vector &x, Vector &gradient) override;
    std::span<const int64_t> free() const override { return free_; }

    bool penalized() const override { return true; }
    RuleFactors rule_factors() override;

    int64_t residuals() const override;
    Lack lacks_residuals() const override;
    double residual_blocks(const Vector &x, bool jacobian,
                           const std::function<void(const ResidualBlock &)> &take) override;

    Lack lacks_products() const override;
    void product(const Vector &x, const Vector &v, double fraction, uint64_t part,
                 Vector &out) override;

  private:
    // A run of theta under penalties of one factor.
    struct Penalized {
        int64_t offset;
        double factor;
        std::unique_ptr<DeviceVectorSpace> space;
    };
    void choose_tensors(const char *operation, const std::vector<std::string> &names);
    void make_penalties();
    void find_residuals();
    // A layer between what moves and a loss that has no derivative along a direction.
    template <class Moves>
    Lack lacks_tangent(const Moves &moves) const;
    Executable &exe() { return session_.executable("minimize"); }
    Ref theta();
    Ref part(Ref whole, int64_t offset) const;
    int64_t batch(int64_t first, int64_t count) const;
    // The plan of a key, its feeds at samples first to first + n (of rows where it isn't null).
    Plan &feed(ProgramKey key, int64_t first, int64_t n, const int64_t *rows);
    // Runs a gradient's or a product's program over the samples, summing what it leaves; the value
    // where it has one.
    double accumulate(Purpose purpose, const std::vector<int64_t> *rows, Vector &out);
    void clear_fixed(Vector &x);
    double penalty(const Vector &x);
    void add_penalty_gradient(const Vector &x, Vector &gradient);
    const std::vector<int64_t> &subset(double fraction, uint64_t part);

    double residual_block(int64_t first, int64_t n, bool jacobian,
                          const std::function<void(const ResidualBlock &)> &take);
    void columns(int32_t tensor, size_t column, int64_t first, int64_t n);
    void set_direction(int64_t element, double value);
    template <class Take>
    void read_samples(Plan &plan, bool tangents, int64_t n, const Take &take);
    double penalty_blocks(const Vector &x, bool jacobian,
                          const std::function<void(const ResidualBlock &)> &take);

    Session &session_;
    const Samples &samples_;
    Penalties penalties_;
    int64_t real_;
    DeviceVectorSpace space_;
    std::vector<bool> moves_;  // a tensor each
    std::vector<int64_t> free_;
    std::vector<Penalized> penalized_;
    std::unique_ptr<Vector> rates_, decays_, center_;  // null: nothing apart
    Expression penalty_value_, penalty_gradient_, penalty_product_;

    // A loss each: elements of a sample.
    std::vector<int64_t> outputs_;
    int64_t sample_rows_ = 0;  // 0: not least squares
    int64_t penalty_rows_ = 0;
    std::vector<int64_t> columns_;  // the elements that move, in order
    std::unique_ptr<Vector> direction_;
    std::vector<double> residuals_, jacobian_;
    std::vector<float> stage_;
    std::vector<double> wide_stage_;

    std::vector<int64_t> subset_;
    double subset_fraction_ = 0;
    uint64_t subset_part_ = 0;
};

}  // namespace cnn

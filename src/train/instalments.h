// A plan's launch in instalments: where it stands between calls, and how long its pieces take.
#pragma once

#include <vector>

#include "base/budget.h"
#include "graph/executable.h"

namespace cnn {

class PlanLaunch {
  public:
    bool under_way() const { return plan_ != nullptr; }
    void drop() { plan_ = nullptr; }
    // Drops it where parameters, state or what is frozen have changed since it began.
    void drop_if_stale(const Net &net) {
        if (theta_version_ != net.theta_version() || frozen_version_ != net.frozen_version())
            drop();
    }
    // step: dropout's. inverse_count: for kSlotInverseCount.
    void begin(const Net &net, Plan &plan, int64_t n, uint64_t step, double inverse_count) {
        plan_ = &plan;
        piece_ = 0;
        n_ = n;
        step_ = step;
        inverse_count_ = inverse_count;
        theta_version_ = net.theta_version();
        frozen_version_ = net.frozen_version();
    }
    // Whether the feeds are read, so that the samples no longer matter.
    bool begun() const { return plan_ != nullptr && piece_ > 0; }
    Plan &plan() { return *plan_; }
    int64_t n() const { return n_; }

    // Runs pieces while there is time; whether only the plan's finish remains. fill(plan) points
    // the feeds at the samples, right before they are read.
    template <class Fill>
    bool advance(Executable &exe, Budget &budget, const Fill &fill) {
        for (; piece_ < plan_->pieces(); ++piece_) {
            const auto run = [&] { launch(exe, fill); };
            if (!budget.spend(plan_->prediction(piece_), run)) return false;
        }
        return true;
    }
    void finish(Executable &exe) {
        exe.scalars()[kSlotInverseCount] = inverse_count_;
        exe.finish(*plan_, n_, step_);
    }
    // Predicts a plan's pieces, and `end` (the finish and what follows it), by launches whose
    // results are dropped. Allocates.
    template <class Fill, class End>
    void measure(Executable &exe, const Fill &fill, const End &end);

    // Predicted seconds of the pieces that are done, and of all of a plan.
    double seconds_done() const { return plan_ ? seconds(*plan_, piece_) : 0; }
    double seconds_of_plan() const { return plan_ ? seconds(*plan_) : 0; }
    static double seconds(const Plan &plan) {
        return seconds(plan, plan.pieces()) + plan.finish_prediction().seconds();
    }
    static double longest_piece(const Plan &plan) {
        double longest = plan.finish_prediction().seconds();
        for (size_t i = 0; i < plan.pieces(); ++i)
            longest = std::max(longest, plan.prediction(i).seconds());
        return longest;
    }

  private:
    template <class Fill>
    void launch(Executable &exe, const Fill &fill) {
        if (piece_ == 0) fill(*plan_);
        exe.scalars()[kSlotInverseCount] = inverse_count_;
        exe.launch_piece(*plan_, piece_, n_, step_);
    }
    static double seconds(const Plan &plan, size_t pieces) {
        double total = 0;
        for (size_t i = 0; i < pieces; ++i) total += plan.prediction(i).seconds();
        return total;
    }

    Plan *plan_ = nullptr;
    size_t piece_ = 0;
    int64_t n_ = 0;
    uint64_t step_ = 0, theta_version_ = 0, frozen_version_ = 0;
    double inverse_count_ = 0;
};

// Times of a piece over several launches.
class Measured {
  public:
    void add(double seconds) {
        if (count_++ == 0 || seconds < least_) least_ = seconds;
        second_ = std::max(second_, std::min(seconds, most_));
        most_ = std::max(most_, seconds);
    }
    // The longest may have lost the processor meanwhile.
    void predict(Prediction &prediction) const {
        prediction.set(least_, kCaution * (second_ > 0 ? second_ : most_));
    }

  private:
    // Within a frame caches are colder than in a loop.
    static constexpr double kCaution = 1.5;

    int64_t count_ = 0;
    double least_ = 0, second_ = 0, most_ = 0;
};

template <class Fill, class End>
void PlanLaunch::measure(Executable &exe, const Fill &fill, const End &end) {
    constexpr int kFewest = 3, kMost = 12;
    constexpr double kEnough = 0.05;  // seconds
    std::vector<Measured> pieces(plan_->pieces());
    Measured finish;
    Budget clock(-1);
    // The first round only warms up.
    for (int round = 0; round < kFewest || (round < kMost && clock.spent() < kEnough); ++round) {
        plan_->forget_packed();
        double begin = clock.seconds();
        const auto lap = [&](Measured &measured) {
            const double took = clock.seconds() - begin;
            begin += took;
            if (round > 0) measured.add(took);
        };
        for (piece_ = 0; piece_ < plan_->pieces(); ++piece_) {
            launch(exe, fill);
            lap(pieces[piece_]);
        }
        end();
        lap(finish);
    }
    for (size_t i = 0; i < pieces.size(); ++i) pieces[i].predict(plan_->prediction(i));
    finish.predict(plan_->finish_prediction());
}

}  // namespace cnn

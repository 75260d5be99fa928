// Ways to run a group on its device: whether they compute it, and how long they take.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backend/backend.h"

namespace cnn {

// A candidate made ready to run, on data of the measurement's.
struct Contender {
    Candidate candidate;
    std::unique_ptr<Kernel> kernel;
    double seconds = 0;  // the least of those measured
};

// Of one tunable group (tuning.h). Takes the memory of its operands in every layout that is tried.
class Measurement {
  public:
    Measurement(Device &device, const FusedOp &group);
    ~Measurement();

    // Builds it. Throws what prepare and allocate throw.
    Contender contender(const Candidate &candidate);
    // Runs it on random data, with the whole batch and with a part of it, into poisoned memory.
    // Empty where every element of a sample is within 4 sqrt(K) epsilon sum |ab| of the float64
    // reference, the others are as those of the first of its layouts that passed, nothing lies
    // outside, and a second run gives the same bits; else what is wrong.
    std::string verdict(Contender &contender);
    // Runs it for about so long and at least once; returns the seconds of a launch and keeps the
    // least of them in the contender.
    double time(Contender &contender, double seconds);

  private:
    struct Expected;
    struct Memory;

    Memory &memory(const Candidate &candidate);
    std::vector<float> data_of(size_t i, int64_t n) const;
    Ref place(Memory &memory, size_t i, int64_t n);
    void launch(Contender &contender, int64_t n);
    std::vector<float> result(const Contender &contender, int64_t n, std::string &wrong);
    void poison(const Contender &contender);
    std::string difference(const Expected &expected, const Contender &contender,
                           const std::vector<float> &got);
    Expected expect(int64_t n) const;
    size_t output() const { return static_cast<size_t>(group_.inputs); }

    Device &device_;
    const FusedOp &group_;
    std::unique_ptr<Queue> queue_;
    std::vector<std::vector<float>> data_;  // of the inputs, plain
    std::vector<Expected> expected_;        // a number of samples each, the whole batch's first
    std::vector<std::unique_ptr<Memory>> memories_;
    std::unique_ptr<Buffer> workspace_;
    int64_t workspace_bytes_ = 0;
};

}  // namespace cnn

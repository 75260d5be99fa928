// A plan as its memory sees it: steps in order, the values that they read and write, how long each
// lives, and where it lies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cnn {

struct Timeline {
    // Memory for a tensor in one layout, or for a workspace.
    struct Value {
        int64_t bytes = 0;
        int64_t same_as = -1;   // the memory of this other value
        bool kept = false;      // to the end
        bool constant = false;  // outlives launches, so it lies elsewhere
    };
    struct Step {
        std::vector<int64_t> operands;  // values; -1 for what lies elsewhere
        size_t inputs = 0;              // operands that are read; the others are written
        int64_t workspace = -1;
        bool in_place = false;    // the first output may take the first input's memory
        bool repeatable = false;  // run again in the backward pass it gives the same
        double seconds = 0;       // predicted
    };

    static constexpr size_t kNever = static_cast<size_t>(-1);

    int64_t add(const Value &value) {
        values.push_back(value);
        return static_cast<int64_t>(values.size()) - 1;
    }

    std::vector<Value> values;
    std::vector<Step> steps;
    size_t second_pass = 0;  // where the backward pass begins
    // From here on steps may run again, those before not.
    size_t repeated = kNever;
};

// The value whose memory each value is.
std::vector<int64_t> owners(const Timeline &timeline);

// When memory is in use; only what owners say of values that own theirs.
struct Lifetimes {
    std::vector<int64_t> owner;
    std::vector<int64_t> first, last;  // steps, inclusive
};

// An output takes its input's memory where nothing reads the input later.
Lifetimes lifetimes(const Timeline &timeline);

// The most bytes in use at once: no arena is smaller.
int64_t peak(const Timeline &timeline, const Lifetimes &lifetimes);

// Fills the offset of each value in an arena, and returns the arena's size.
int64_t place(const Timeline &timeline, const Lifetimes &lifetimes, std::vector<int64_t> &offsets);

}  // namespace cnn

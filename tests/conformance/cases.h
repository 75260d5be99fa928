// The conformance table: for every kind of operation, and for groups that backends may fuse, the
// shapes, attributes and data that every backend is tried on.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "ops/op.h"

namespace cnn::conformance {

// What lies in an operand's padding lanes: anything finite, or zeros.
enum class Padding : uint8_t { finite, zero };

// What an operand that is read holds; always values that float represents.
enum class Fill : uint8_t {
    signed_unit,   // in (-1, 1), none zero
    positive,      // in [0.1, 1.1)
    few,           // one of five integers: ties
    huge,          // magnitudes around 1e30
    tiny,          // around 1e-38, some denormal
    special,       // signed_unit with NaN and infinities among them
    large,         // in (-1000, 1000)
    labels,        // integers below `classes`
    distribution,  // rows that sum to about 1
    wide,          // pairs
};

struct OperandData {
    Padding padding = Padding::finite;
    Fill fill = Fill::signed_unit;
    int64_t classes = 0;
};

// Samples that a feed takes.
struct HostSamples {
    int type = 0;  // backend.h's HostType
    bool nhwc = false;
    bool rows = false;  // picked out of order, some twice
    std::array<float, 4> scale{1, 1, 1, 1}, mean{};
};

struct Case {
    std::string name;
    FusedOp group;
    std::vector<OperandData> operands;  // of group's operands
    std::vector<int64_t> counts;        // samples at run time; the first is the whole batch
    uint64_t step = 0;
    std::array<double, kSlotCount> scalars{};
    HostSamples samples;
    bool optional = false;  // a backend may lack it
    // Whether differences tell derivatives: values are moderate and nowhere tied.
    bool smooth = true;
    uint64_t seed = 0;  // of the data
};

// The cases of one kind: the fixed ones, and `random` drawn ones.
std::vector<Case> cases_of(OpKind kind, int random);

// Groups of several operations; a device that does not fuse one skips it.
std::vector<Case> fused_cases();

// The group of a fused case's first `count` operations.
FusedOp prefix_of(const FusedOp &group, size_t count);

// Data of operand `index`: an element each (two of type wide), for the whole batch.
std::vector<double> data_of(const Case &c, size_t index);

}  // namespace cnn::conformance

// Runs cases on a device, in every way that it offers, and tells what differs from the reference.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "cases.h"

namespace cnn::conformance {

// A layout that some candidate has for tensors of a rank.
struct SeenLayout {
    bool batched = false;
    int rank = 0;
    Layout layout;
    bool operator==(const SeenLayout &) const = default;
};

// Of the variants that a device's candidates have: the values of their parameters and whole
// settings, "convolution tiled TILE_M=32".
struct Coverage {
    std::set<std::string> offered, tried;
};

// A device opened by its spec, "name:which".
struct OpenedDevice {
    std::string spec;
    std::shared_ptr<Device> device;  // null: not here
    std::string reason;              // why not
    std::unique_ptr<Queue> queue;
    std::vector<SeenLayout> seen;  // found when a reorder first asks
    Coverage variants;
};

// Every device that tests try, present or not; those of the environment's CNN_CONFORMANCE_DEVICES,
// joined by commas, where it is set.
std::vector<std::string> device_specs();

OpenedDevice open_device(const std::string &spec);

struct Outcome {
    std::vector<std::string> failures;
    int64_t launches = 0;
    int64_t cases = 0;
    std::vector<std::string> refused;  // optional cases and groups that the device doesn't run
};

// Every candidate at every number of samples, and some of its variants: over a table of cases each
// value of each parameter is run.
void check_case(OpenedDevice &opened, const Case &c, Outcome &outcome);

// The same with data and results that are known: of the operands in order, outputs without an
// expectation empty. `tolerance` is relative to the largest expected value of a tensor.
void check_values(OpenedDevice &opened, const Case &c,
                  const std::vector<std::vector<double>> &values, double tolerance,
                  Outcome &outcome);

// The values of variants' parameters that were offered and not run since the last call.
std::vector<std::string> take_untried(OpenedDevice &opened);

// A case of several operations, where the device fuses them one after the other.
void check_fused(OpenedDevice &opened, const Case &c, Outcome &outcome);

// Reorders between all layouts that the device's candidates have for tensors of the case's kind.
void check_reorder(OpenedDevice &opened, const Case &c, Outcome &outcome);

}  // namespace cnn::conformance

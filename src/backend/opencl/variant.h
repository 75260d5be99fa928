// Variants: ways to build one algorithm's kernels, told apart by the values of a few parameters,
// which are mostly the #defines of its source.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cnn::opencl {

// A name, and the values that are worth a try.
struct Parameter {
    const char *name;
    std::span<const int64_t> values;
};

// A value for each of an algorithm's parameters, in their order.
using Setting = std::vector<int64_t>;

// What a setting is predicted to take.
struct Cost {
    double seconds = 0;
    int64_t workspace = 0;  // bytes
};

// "ROWS=6 COLUMNS=4"
std::string to_text(std::span<const Parameter> parameters, const Setting &setting);
// Nothing where it isn't a value for each, in their order; other values than those worth a try are
// for the rule of validity.
std::optional<Setting> parse_setting(std::span<const Parameter> parameters, std::string_view text);
// " -DROWS=6 -DCOLUMNS=4" of the first `count` parameters.
std::string build_options(std::span<const Parameter> parameters, const Setting &setting,
                          size_t count);
// Every combination of values.
std::vector<Setting> all_settings(std::span<const Parameter> parameters);

}  // namespace cnn::opencl

// Looking up a layer's settings.
#include "layers/settings.h"

#include "base/error.h"
#include "base/text.h"

namespace cnn {

void Settings::set(std::string name, Setting value) {
    for (auto &[key, old] : entries_)
        if (key == name) {
            old = std::move(value);
            return;
        }
    entries_.emplace_back(std::move(name), std::move(value));
}

const Setting &Settings::find(std::string_view name) const {
    for (const auto &[key, value] : entries_)
        if (key == name) return value;
    fail(Status::bad_file, text("the setting \"", name, "\" is missing"));
}

int64_t Settings::integer(std::string_view name) const {
    if (const auto *value = std::get_if<int64_t>(&find(name))) return *value;
    fail(Status::bad_file, text("the setting \"", name, "\" must be an integer"));
}

double Settings::real(std::string_view name) const {
    const Setting &value = find(name);
    if (const auto *real = std::get_if<double>(&value)) return *real;
    if (const auto *integer = std::get_if<int64_t>(&value)) return static_cast<double>(*integer);
    fail(Status::bad_file, text("the setting \"", name, "\" must be a number"));
}

bool Settings::has(std::string_view name) const {
    for (const auto &entry : entries_)
        if (entry.first == name) return true;
    return false;
}

const std::vector<int64_t> &Settings::list(std::string_view name) const {
    if (const auto *values = std::get_if<std::vector<int64_t>>(&find(name))) return *values;
    fail(Status::bad_file, text("the setting \"", name, "\" must be integers"));
}

const std::vector<int64_t> &Settings::sizes(std::string_view name, size_t count) const {
    const std::vector<int64_t> &values = list(name);
    if (values.size() != count)
        fail(Status::bad_file, text("the setting \"", name, "\" must be ", count, " integers"));
    return values;
}

}  // namespace cnn

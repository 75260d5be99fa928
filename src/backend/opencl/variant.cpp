// Settings as text, as options, and all of them.
#include "backend/opencl/variant.h"

#include "base/text.h"

namespace cnn::opencl {

std::string to_text(std::span<const Parameter> parameters, const Setting &setting) {
    std::string out;
    for (size_t i = 0; i < parameters.size(); ++i)
        out += text(i ? " " : "", parameters[i].name, '=', setting[i]);
    return out;
}

std::optional<Setting> parse_setting(std::span<const Parameter> parameters, std::string_view text) {
    Setting setting;
    for (const Parameter &parameter : parameters) {
        const size_t space = std::min(text.find(' '), text.size());
        std::string_view part = text.substr(0, space);
        text.remove_prefix(std::min(space + 1, text.size()));
        const std::string_view name = parameter.name;
        if (!part.starts_with(name) || part.substr(name.size(), 1) != "=") return {};
        const auto value = parse_int(part.substr(name.size() + 1));
        if (!value) return {};
        setting.push_back(*value);
    }
    if (!text.empty()) return {};
    return setting;
}

std::string build_options(std::span<const Parameter> parameters, const Setting &setting,
                          size_t count) {
    std::string out;
    for (size_t i = 0; i < count; ++i) out += text(" -D", parameters[i].name, '=', setting[i]);
    return out;
}

std::vector<Setting> all_settings(std::span<const Parameter> parameters) {
    std::vector<Setting> all{{}};
    for (const Parameter &parameter : parameters) {
        std::vector<Setting> longer;
        for (const Setting &begun : all) {
            for (int64_t value : parameter.values) {
                longer.push_back(begun);
                longer.back().push_back(value);
            }
        }
        all = std::move(longer);
    }
    return all;
}

}  // namespace cnn::opencl

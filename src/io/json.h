// JSON as files need it: parsed within limits, its numbers exact, written in the order given.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace cnn {

struct JsonMember;

struct Json {
    using Array = std::vector<Json>;
    using Object = std::vector<JsonMember>;  // no name twice

    std::variant<std::nullptr_t, bool, int64_t, double, std::string, Array, Object> value;

    template <class T>
    const T *as() const {
        return std::get_if<T>(&value);
    }
    // The member of that name, or null where there is none or this is no object.
    const Json *find(std::string_view name) const;
};

struct JsonMember {
    std::string name;
    Json value;
};

// Throws Error(bad_file): bad syntax or UTF-8, nesting beyond 32, a name twice in one object, a
// number beyond int64 or double. `what` names the text in messages. No recursion, no locale.
Json parse_json(std::string_view from, std::string_view what);

// On one line. Doubles are the shortest that read back the same, and must be finite.
std::string json_text(const Json &json);

}  // namespace cnn

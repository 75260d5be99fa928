// JSON as files need it: parsed within limits, its numbers exact, written in the order given.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
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

// Writes JSON on one line, member by member.
class JsonWriter {
  public:
    void open(char bracket);
    void close(char bracket) { out_.push_back(bracket); }
    void key(std::string_view name);
    void value(int64_t value);
    // The shortest digits that read back the same; JSON has no infinities, so they become strings.
    void value(double value);
    void value(std::string_view value);
    void list(std::span<const int64_t> values);

    std::string take() { return std::move(out_); }

  private:
    void separate();
    void append_quoted(std::string_view text);

    std::string out_;
};

}  // namespace cnn

// JSON by nlohmann's parser, through its events, so that limits hold while it reads.
#include "io/json.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/text.h"

// An assertion must not end the host: the only ones that can fail are on the locale's decimal
// point, and numbers are converted again below.
#define JSON_ASSERT(condition) static_cast<void>(0)
#include <nlohmann/json.hpp>

namespace cnn {

namespace {

constexpr size_t kDeepest = 32;

class Handler {
  public:
    explicit Handler(std::string_view what) : what_(what) {}

    bool null() { return put(nullptr); }
    bool boolean(bool value) { return put(value); }
    bool number_integer(int64_t value) { return put(value); }
    bool number_unsigned(uint64_t value) {
        if (value > static_cast<uint64_t>(INT64_MAX))
            fail(Status::bad_file, text(what_, ": the number ", value, " is too large"));
        return put(static_cast<int64_t>(value));
    }
    // The parser's own value depends on the locale, and the token has the locale's decimal point.
    bool number_float(double, const std::string &token) {
        std::string plain = token;
        for (char &c : plain)
            if ((c < '0' || c > '9') && c != '-' && c != '+' && c != 'e' && c != 'E') c = '.';
        const auto value = parse_double(plain);
        if (!value || !std::isfinite(*value))
            fail(Status::bad_file, text(what_, ": a number is too large"));
        return put(*value);
    }
    bool string(std::string &value) { return put(std::move(value)); }
    template <class Binary>
    bool binary(Binary &) {
        return false;
    }
    bool start_object(size_t) {
        open(Json::Object());
        return true;
    }
    bool key(std::string &name) {
        names_.push_back(std::move(name));
        return true;
    }
    bool end_object() {
        check_names(*open_.back().as<Json::Object>());
        return close();
    }
    bool start_array(size_t) {
        open(Json::Array());
        return true;
    }
    bool end_array() { return close(); }
    template <class Exception>
    bool parse_error(size_t position, const std::string &, const Exception &) {
        fail(Status::bad_file, text(what_, " isn't valid JSON at its byte ", position));
    }

    Json take() { return std::move(root_); }

  private:
    bool put(Json json) {
        if (open_.empty()) {
            root_ = std::move(json);
        } else if (auto *array = std::get_if<Json::Array>(&open_.back().value)) {
            array->push_back(std::move(json));
        } else {
            std::get<Json::Object>(open_.back().value)
                .push_back({std::move(names_.back()), std::move(json)});
            names_.pop_back();
        }
        return true;
    }
    template <class T>
    bool put(T value) {
        return put(Json{std::move(value)});
    }
    template <class T>
    void open(T container) {
        if (open_.size() == kDeepest)
            fail(Status::bad_file, text(what_, ": its JSON is nested deeper than ", kDeepest));
        open_.push_back(Json{std::move(container)});
    }
    bool close() {
        Json json = std::move(open_.back());
        open_.pop_back();
        return put(std::move(json));
    }
    void check_names(const Json::Object &object) const {
        std::vector<std::string_view> names;
        names.reserve(object.size());
        for (const auto &[name, value] : object) names.push_back(name);
        std::sort(names.begin(), names.end());
        const auto twice = std::adjacent_find(names.begin(), names.end());
        if (twice != names.end())
            fail(Status::bad_file, text(what_, ": \"", *twice, "\" is there twice"));
    }

    std::string_view what_;
    Json root_;
    std::vector<Json> open_;
    std::vector<std::string> names_;  // of members whose values are yet to come
};

}  // namespace

const Json *Json::find(std::string_view name) const {
    if (const auto *object = as<Object>())
        for (const auto &[key, member] : *object)
            if (key == name) return &member;
    return nullptr;
}

Json parse_json(std::string_view from, std::string_view what) {
    Handler handler(what);
    if (!nlohmann::json::sax_parse(from.begin(), from.end(), &handler))
        fail(Status::bad_file, text(what, " isn't valid JSON"));
    return handler.take();
}

// Strings end in a quote, so the last character tells what came before.
void JsonWriter::separate() {
    if (!out_.empty() && out_.back() != '{' && out_.back() != '[' && out_.back() != ':')
        out_.push_back(',');
}

void JsonWriter::append_quoted(std::string_view text) {
    out_ += nlohmann::json(text).dump();
}

void JsonWriter::open(char bracket) {
    separate();
    out_.push_back(bracket);
}

void JsonWriter::key(std::string_view name) {
    separate();
    append_quoted(name);
    out_.push_back(':');
}

void JsonWriter::value(int64_t value) {
    separate();
    append_text(out_, value);
}

void JsonWriter::value(double value) {
    if (!std::isfinite(value)) return this->value(text(value));
    separate();
    const size_t start = out_.size();
    append_text(out_, value);
    // What was real reads back as real.
    if (out_.find_first_of(".e", start) == std::string::npos) out_ += ".0";
}

void JsonWriter::value(std::string_view value) {
    separate();
    append_quoted(value);
}

void JsonWriter::list(std::span<const int64_t> values) {
    open('[');
    for (const int64_t item : values) value(item);
    close(']');
}

}  // namespace cnn

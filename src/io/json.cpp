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

void append(std::string &out, const Json &json);

void append_string(std::string &out, const std::string &value) {
    out += nlohmann::json(value).dump();
}

template <class Items, class One>
void append_items(std::string &out, char first, char last, const Items &items, const One &one) {
    out.push_back(first);
    bool some = false;
    for (const auto &item : items) {
        if (some) out.push_back(',');
        some = true;
        one(item);
    }
    out.push_back(last);
}

struct Appender {
    std::string &out;

    void operator()(std::nullptr_t) const { out += "null"; }
    void operator()(bool value) const { out += value ? "true" : "false"; }
    void operator()(int64_t value) const { append_text(out, value); }
    void operator()(double value) const {
        const size_t start = out.size();
        append_text(out, value);
        // What was real reads back as real.
        if (out.find_first_of(".e", start) == std::string::npos) out += ".0";
    }
    void operator()(const std::string &value) const { append_string(out, value); }
    void operator()(const Json::Array &array) const {
        append_items(out, '[', ']', array, [&](const Json &item) { append(out, item); });
    }
    void operator()(const Json::Object &object) const {
        append_items(out, '{', '}', object, [&](const JsonMember &member) {
            append_string(out, member.name);
            out.push_back(':');
            append(out, member.value);
        });
    }
};

void append(std::string &out, const Json &json) {
    std::visit(Appender{out}, json.value);
}

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

std::string json_text(const Json &json) {
    std::string out;
    append(out, json);
    return out;
}

}  // namespace cnn

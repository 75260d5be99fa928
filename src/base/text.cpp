// Building and parsing text without the locale.
#include "base/text.h"

#include <array>
#include <charconv>
#include <system_error>

namespace cnn {
namespace {

template <class Number>
void append_number(std::string &out, Number value) {
    std::array<char, 40> digits;  // the longest shortest double has 24
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out.append(digits.data(), end);
}

template <class Number>
std::optional<Number> parse_number(std::string_view s) {
    Number value{};
    const char *const end = s.data() + s.size();
    const auto result = std::from_chars(s.data(), end, value);
    if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
    return value;
}

// The length of the well-formed sequence at the start of `s`, 0 if there is none.
size_t utf8_sequence(std::string_view s) noexcept {
    const auto byte = [s](size_t i) { return static_cast<unsigned char>(s[i]); };
    const unsigned lead = byte(0);
    if (lead < 0x80) return 1;
    const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || s.size() < length) return 0;
    // The second byte's range excludes overlong forms, surrogates and what is above U+10FFFF.
    const unsigned low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (byte(1) < low || byte(1) > high) return 0;
    for (size_t i = 2; i < length; ++i) {
        if ((byte(i) & 0xc0u) != 0x80) return 0;
    }
    return length;
}

}  // namespace

void append_text(std::string &out, int64_t value) {
    append_number(out, value);
}
void append_text(std::string &out, uint64_t value) {
    append_number(out, value);
}
void append_text(std::string &out, float value) {
    append_number(out, value);
}
void append_text(std::string &out, double value) {
    append_number(out, value);
}

std::string shape_text(std::span<const int64_t> shape) {
    std::string out = "[";
    for (size_t i = 0; i < shape.size(); ++i) {
        if (i != 0) out += ", ";
        append_text(out, shape[i]);
    }
    out += ']';
    return out;
}

std::optional<int64_t> parse_int(std::string_view s) {
    return parse_number<int64_t>(s);
}
std::optional<double> parse_double(std::string_view s) {
    return parse_number<double>(s);
}

bool valid_utf8(std::string_view s) noexcept {
    while (!s.empty()) {
        const size_t length = utf8_sequence(s);
        if (length == 0) return false;
        s.remove_prefix(length);
    }
    return true;
}

}  // namespace cnn

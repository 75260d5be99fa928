// Building and parsing text without the locale.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace cnn {

void append_text(std::string &out, int64_t value);
void append_text(std::string &out, uint64_t value);
void append_text(std::string &out, float value);   // the shortest digits that read back the same
void append_text(std::string &out, double value);  // likewise

// One piece of text(): a string, string_view, literal, char, bool, integer, enum or float.
template <class T>
void append_piece(std::string &out, const T &piece) {
    if constexpr (std::is_same_v<T, bool>) {
        out.append(piece ? "true" : "false");
    } else if constexpr (std::is_same_v<T, char>) {
        out.push_back(piece);
    } else if constexpr (std::is_enum_v<T>) {
        append_text(out, static_cast<int64_t>(piece));
    } else if constexpr (std::signed_integral<T>) {
        append_text(out, static_cast<int64_t>(piece));
    } else if constexpr (std::unsigned_integral<T>) {
        append_text(out, static_cast<uint64_t>(piece));
    } else if constexpr (std::floating_point<T>) {
        append_text(out, piece);
    } else {
        out.append(std::string_view(piece));
    }
}

// The pieces joined: text("conv2d: kernel ", 3, " is larger than input ", 2).
template <class... Pieces>
std::string text(const Pieces &...pieces) {
    std::string out;
    (append_piece(out, pieces), ...);
    return out;
}

// A shape as "[1, 28, 28]".
std::string shape_text(std::span<const int64_t> shape);

// The whole of `s` as a number, or nothing: no spaces, no '+', no trailing characters.
std::optional<int64_t> parse_int(std::string_view s);
std::optional<double> parse_double(std::string_view s);

// Well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
bool valid_utf8(std::string_view s) noexcept;

}  // namespace cnn

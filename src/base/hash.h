// A hash that tells bytes apart that differ by accident; no defence against who means harm.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace cnn {

inline constexpr uint64_t kHashStart = 0xcbf29ce484222325u;

// FNV-1a with 64 bits. What came before goes on: hash_bytes(b, hash_bytes(a)) is that of a and b
// joined. Each step is a bijection, so a single changed byte always shows.
inline uint64_t hash_bytes(std::span<const uint8_t> bytes, uint64_t hash = kHashStart) {
    for (const uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001b3u;
    return hash;
}

// 16 hexadecimal digits.
inline std::string hash_text(uint64_t hash) {
    std::string out;
    for (int shift = 60; shift >= 0; shift -= 4)
        out.push_back("0123456789abcdef"[(hash >> shift) & 15]);
    return out;
}

}  // namespace cnn

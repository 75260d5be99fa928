// A hash that tells bytes apart that differ by accident; no defence against who means harm.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

namespace cnn {

// Bytes added in any portions give the same value. Words of 8 little-endian bytes go around eight
// lanes, so that the processor works on all at once: h = rotl(h ^ word, 29) * odd. Every step is a
// bijection, of the lanes' joining too, so a single changed byte always shows.
class ByteHash {
  public:
    explicit ByteHash(uint64_t seed = 0) {
        for (size_t i = 0; i < kLanes; ++i) lanes_[i] = (seed + i + 1) * kFactor;
    }

    void add(std::span<const uint8_t> bytes) {
        length_ += bytes.size();
        if (waiting_ > 0) {
            const size_t count = std::min(kBlock - waiting_, bytes.size());
            std::copy_n(bytes.begin(), count, block_.begin() + static_cast<ptrdiff_t>(waiting_));
            waiting_ += count;
            bytes = bytes.subspan(count);
            if (waiting_ < kBlock) return;
            mix(block_.data());
        }
        for (; bytes.size() >= kBlock; bytes = bytes.subspan(kBlock)) mix(bytes.data());
        std::copy(bytes.begin(), bytes.end(), block_.begin());
        waiting_ = bytes.size();
    }

    uint64_t value() const {
        uint64_t hash = length_;
        for (uint64_t lane : lanes_) hash = step(hash, lane);
        for (size_t i = 0; i < waiting_; ++i) hash = step(hash, block_[i]);
        return hash ^ hash >> 32;
    }

  private:
    static constexpr size_t kLanes = 8, kBlock = kLanes * 8;
    static constexpr uint64_t kFactor = 0x9e3779b97f4a7c15u;

    static uint64_t step(uint64_t hash, uint64_t word) {
        return std::rotl(hash ^ word, 29) * kFactor;
    }
    void mix(const uint8_t *block) {
        for (size_t i = 0; i < kLanes; ++i) {
            uint64_t word;
            std::memcpy(&word, block + 8 * i, 8);
            if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
            lanes_[i] = step(lanes_[i], word);
        }
    }

    std::array<uint64_t, kLanes> lanes_{};
    std::array<uint8_t, kBlock> block_{};
    size_t waiting_ = 0;
    uint64_t length_ = 0;
};

inline uint64_t hash_bytes(std::span<const uint8_t> bytes, uint64_t seed = 0) {
    ByteHash hash(seed);
    hash.add(bytes);
    return hash.value();
}

// 16 hexadecimal digits.
inline std::string hash_text(uint64_t hash) {
    std::string out;
    for (int shift = 60; shift >= 0; shift -= 4)
        out.push_back("0123456789abcdef"[(hash >> shift) & 15]);
    return out;
}

}  // namespace cnn

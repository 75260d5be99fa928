// Counter-based random numbers (Philox4x32-10, Salmon et al. 2011): any draw from its index alone.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <span>
#include <utility>

namespace cnn {

// Four random words for a counter of 128 bits under a key of 64.
constexpr std::array<uint32_t, 4> philox(uint64_t key, uint64_t counter_lo, uint64_t counter_hi) {
    auto low = [](uint64_t x) { return static_cast<uint32_t>(x); };
    auto high = [](uint64_t x) { return static_cast<uint32_t>(x >> 32); };
    std::array<uint32_t, 4> c{low(counter_lo), high(counter_lo), low(counter_hi), high(counter_hi)};
    uint32_t k0 = low(key);
    uint32_t k1 = high(key);
    for (int round = 0; round < 10; ++round) {
        const uint64_t p0 = uint64_t{0xD2511F53u} * c[0];
        const uint64_t p1 = uint64_t{0xCD9E8D57u} * c[2];
        c = {high(p1) ^ c[1] ^ k0, low(p1), high(p0) ^ c[3] ^ k1, low(p0)};
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return c;
}

// In [0, 1), a multiple of 2^-24, so exact in float.
constexpr float uniform01(uint32_t word) {
    return static_cast<float>(word >> 8) * 0x1p-24f;
}

// The draws of one purpose: the same key and stream give the same values on every machine and
// backend. Words, normals and permutations come from disjoint counters, so mixing them on one
// stream repeats nothing. Indices are below 2^62.
class RandomStream {
  public:
    constexpr RandomStream(uint64_t key, uint64_t stream) : key_(key), stream_(stream) {}

    // Words 4j to 4j+3 of at(), for who wants them in bulk.
    constexpr std::array<uint32_t, 4> block(uint64_t j) const { return philox(key_, j, stream_); }
    constexpr uint32_t at(uint64_t i) const { return block(i / 4)[static_cast<size_t>(i % 4)]; }
    constexpr float uniform(uint64_t i) const { return uniform01(at(i)); }

    // Standard normal, by Box and Muller on 53-bit uniforms.
    double normal(uint64_t i) const {
        const std::array<uint32_t, 4> w = philox(key_, kNormal | (i / 2), stream_);
        const double radius = std::sqrt(-2.0 * std::log(1.0 - unit(w[0], w[1])));
        const double angle = 2.0 * std::numbers::pi * unit(w[2], w[3]);
        return radius * (i % 2 == 0 ? std::cos(angle) : std::sin(angle));
    }

    // Fisher and Yates, every order equally likely.
    template <class T>
    void shuffle(std::span<T> items) const {
        Draws draws{key_, stream_};
        for (size_t i = items.size(); i > 1; --i) {
            std::swap(items[i - 1], items[static_cast<size_t>(draws.below(i))]);
        }
    }

    // 0 to out.size() - 1 in random order.
    void permutation(std::span<int64_t> out) const {
        for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<int64_t>(i);
        shuffle(out);
    }

  private:
    friend class Permutation;

    static constexpr uint64_t kNormal = uint64_t{1} << 62;
    static constexpr uint64_t kShuffle = uint64_t{2} << 62;

    static constexpr double unit(uint32_t a, uint32_t b) {
        return static_cast<double>((uint64_t{a} << 21) ^ (b >> 11)) * 0x1p-53;
    }

    // The words of a shuffle, one after the other.
    struct Draws {
        uint64_t key, stream;
        uint64_t next = 0;
        std::array<uint32_t, 4> words{};

        uint32_t word() {
            if (next % 4 == 0) {
                words = philox(key, kShuffle | (next / 4), stream);
            }
            return words[static_cast<size_t>(next++ % 4)];
        }

        // Uniform in [0, n) without bias: a product's high half, rejecting the few low halves that
        // would come once too often.
        uint64_t below(uint64_t n) {
            if (n >> 32 != 0) return below_large(n);
            const uint64_t reject = ((uint64_t{1} << 32) - n) % n;
            for (;;) {
                const uint64_t product = uint64_t{word()} * n;
                if ((product & 0xffffffffu) >= reject) return product >> 32;
            }
        }

        // Beyond 32 bits: draw as many bits as n - 1 has until the value fits.
        uint64_t below_large(uint64_t n) {
            uint64_t mask = n - 1;
            for (int shift = 1; shift < 64; shift *= 2) mask |= mask >> shift;
            for (;;) {
                const uint64_t high = word();
                const uint64_t value = ((high << 32) | word()) & mask;
                if (value < n) return value;
            }
        }
    };

    uint64_t key_;
    uint64_t stream_;
};

// RandomStream::permutation a piece at a time.
class Permutation {
  public:
    Permutation() : Permutation(RandomStream(0, 0), {}) {}
    Permutation(const RandomStream &stream, std::span<int64_t> out)
        : out_(out), draws_{stream.key_, stream.stream_}, unshuffled_(out.size()) {}

    // Does the work of so many elements, which are written once and then shuffled; whether all of
    // it is done.
    bool advance(size_t elements) {
        for (; elements > 0 && written_ < out_.size(); --elements, ++written_)
            out_[written_] = static_cast<int64_t>(written_);
        for (; elements > 0 && unshuffled_ > 1; --elements, --unshuffled_)
            std::swap(out_[unshuffled_ - 1], out_[static_cast<size_t>(draws_.below(unshuffled_))]);
        return written_ == out_.size() && unshuffled_ <= 1;
    }
    // In order, without a shuffle.
    void keep_order() { unshuffled_ = 0; }

  private:
    std::span<int64_t> out_;
    RandomStream::Draws draws_;
    size_t written_ = 0, unshuffled_;
};

}  // namespace cnn

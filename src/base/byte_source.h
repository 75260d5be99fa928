// Bytes that are read one after another, of which it is known how many there are.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

namespace cnn {

class ByteSource {
  public:
    virtual ~ByteSource() = default;
    // How many are still to come.
    virtual uint64_t left() const = 0;
    // The next ones, at most left(). Throws Error where they don't come.
    virtual void read(std::span<uint8_t> to) = 0;
};

// Those of a memory that outlives it.
class MemorySource final : public ByteSource {
  public:
    explicit MemorySource(std::span<const uint8_t> bytes) : bytes_(bytes) {}
    uint64_t left() const override { return bytes_.size(); }
    void read(std::span<uint8_t> to) override {
        std::copy_n(bytes_.begin(), to.size(), to.begin());
        bytes_ = bytes_.subspan(to.size());
    }

  private:
    std::span<const uint8_t> bytes_;
};

}  // namespace cnn

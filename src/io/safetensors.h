// The safetensors format: named tensors one after the other, behind a JSON header that says where
// each lies.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/byte_source.h"

namespace cnn {

using Metadata = std::vector<std::pair<std::string, std::string>>;

// A tensor as a file has it.
struct StoredTensor {
    std::string name;
    std::string dtype;  // "F32"
    std::vector<int64_t> shape;
    uint64_t offset = 0, bytes = 0;  // within the data
};

struct SafeTensors {
    Metadata metadata;
    std::vector<StoredTensor> tensors;  // in the order of their data

    // The value under that name, or null.
    const std::string *find_metadata(std::string_view name) const;
};

// Reads a file up to its data, which the source has left. Throws Error(bad_file) for anything but a
// sound file whose tensors fill its data without holes or overlaps.
SafeTensors read_safetensors(ByteSource &file);

// How long the file is that begins with these bytes: 0 until they hold its header. Throws
// Error(bad_file) as read_safetensors does, so that a stream without end is refused early.
uint64_t safetensors_bytes(std::span<const uint8_t> beginning);

// A tensor of floats to be written.
struct TensorHeading {
    std::string name;
    std::vector<int64_t> shape;
};

// All that comes before the data of these tensors, which follows in their order. A multiple of 8
// bytes, so that the data is aligned.
std::string safetensors_header(const Metadata &metadata, std::span<const TensorHeading> tensors);

}  // namespace cnn

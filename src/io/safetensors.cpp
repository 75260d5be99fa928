// Reading and writing the header; every number in it is checked against the file.
#include "io/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>

#include "base/error.h"
#include "base/text.h"
#include "io/json.h"

namespace cnn {

namespace {

// Tensors are written as they lie in memory.
static_assert(std::endian::native == std::endian::little);

constexpr uint64_t kLengthBytes = 8;
constexpr uint64_t kLargestHeader = 100'000'000;
constexpr const char *kMetadata = "__metadata__";

struct Dtype {
    const char *name;
    int64_t bytes;
};

constexpr std::array<Dtype, 15> kDtypes{{{"BOOL", 1},
                                         {"U8", 1},
                                         {"I8", 1},
                                         {"F8_E5M2", 1},
                                         {"F8_E4M3", 1},
                                         {"I16", 2},
                                         {"U16", 2},
                                         {"F16", 2},
                                         {"BF16", 2},
                                         {"I32", 4},
                                         {"U32", 4},
                                         {"F32", 4},
                                         {"F64", 8},
                                         {"I64", 8},
                                         {"U64", 8}}};

// 0 for none of them.
int64_t bytes_of(const std::string &dtype) {
    for (const Dtype &known : kDtypes)
        if (dtype == known.name) return known.bytes;
    return 0;
}

template <class... Pieces>
[[noreturn]] void refuse(const Pieces &...pieces) {
    fail(Status::bad_file, text(pieces...));
}

// What the first kLengthBytes bytes say of the header.
uint64_t header_length(std::span<const uint8_t> file) {
    uint64_t length = 0;
    for (size_t i = 0; i < kLengthBytes; ++i) length |= uint64_t{file[i]} << (8 * i);
    if (length > kLargestHeader)
        refuse("the header claims ", length, " bytes, but may have at most ", kLargestHeader);
    return length;
}

// The JSON of the header, behind which the data comes.
std::string read_header(ByteSource &file) {
    if (file.left() < kLengthBytes)
        refuse("the file has ", file.left(), " bytes, but the length of its header takes ",
               kLengthBytes);
    std::array<uint8_t, kLengthBytes> first{};
    file.read(first);
    const uint64_t length = header_length(first);
    if (length > file.left())
        refuse("the header claims ", length, " bytes, but the file has ", file.left(),
               " after its length");
    std::string json(static_cast<size_t>(length), '\0');
    file.read({reinterpret_cast<uint8_t *>(json.data()), json.size()});
    if (json.empty() || json[0] != '{') refuse("the header doesn't start with \"{\"");
    return json;
}

Metadata read_metadata(const Json &json) {
    const auto *object = json.as<Json::Object>();
    if (!object) refuse("the header's ", kMetadata, " isn't an object");
    Metadata metadata;
    for (const auto &[name, value] : *object) {
        const auto *string = value.as<std::string>();
        if (!string) refuse("the metadata \"", name, "\" isn't a string");
        metadata.emplace_back(name, *string);
    }
    return metadata;
}

// A list of integers from 0.
std::vector<int64_t> sizes_of(const std::string &tensor, const char *what, const Json *json) {
    const auto *array = json ? json->as<Json::Array>() : nullptr;
    if (!array) refuse("tensor \"", tensor, "\" has no list ", what);
    std::vector<int64_t> sizes;
    for (const Json &item : *array) {
        const auto *size = item.as<int64_t>();
        if (!size) refuse("tensor \"", tensor, "\": its ", what, " must be integers");
        if (*size < 0) refuse("tensor \"", tensor, "\": its ", what, " has the negative ", *size);
        sizes.push_back(*size);
    }
    return sizes;
}

// The bytes that dtype and shape ask for.
int64_t wanted_bytes(const StoredTensor &tensor) {
    int64_t bytes = bytes_of(tensor.dtype);
    if (bytes == 0) refuse("tensor \"", tensor.name, "\" has the unknown dtype ", tensor.dtype);
    for (const int64_t size : tensor.shape)
        if (__builtin_mul_overflow(bytes, size, &bytes))
            refuse("tensor \"", tensor.name, "\": its shape ", shape_text(tensor.shape),
                   " is too large");
    return bytes;
}

StoredTensor read_tensor(const std::string &name, const Json &json, uint64_t data_bytes) {
    const auto *object = json.as<Json::Object>();
    if (!object) refuse("tensor \"", name, "\" isn't described by an object");
    for (const auto &[key, value] : *object)
        if (key != "dtype" && key != "shape" && key != "data_offsets")
            refuse("tensor \"", name, "\" has the unknown key \"", key, "\"");
    StoredTensor tensor;
    tensor.name = name;
    const Json *dtype = json.find("dtype");
    if (!dtype || !dtype->as<std::string>()) refuse("tensor \"", name, "\" has no dtype");
    tensor.dtype = *dtype->as<std::string>();
    tensor.shape = sizes_of(name, "shape", json.find("shape"));
    const std::vector<int64_t> offsets = sizes_of(name, "data_offsets", json.find("data_offsets"));
    if (offsets.size() != 2 || offsets[0] > offsets[1])
        refuse("tensor \"", name, "\": its data_offsets ", shape_text(offsets),
               " aren't a start and an end");
    if (static_cast<uint64_t>(offsets[1]) > data_bytes)
        refuse("tensor \"", name, "\" claims bytes ", offsets[0], "–", offsets[1],
               ", but the file has ", data_bytes);
    const int64_t wanted = wanted_bytes(tensor);
    if (wanted != offsets[1] - offsets[0])
        refuse("tensor \"", name, "\" claims bytes ", offsets[0], "–", offsets[1], ", but ",
               tensor.dtype, " ", shape_text(tensor.shape), " takes ", wanted);
    tensor.offset = static_cast<uint64_t>(offsets[0]);
    tensor.bytes = static_cast<uint64_t>(wanted);
    return tensor;
}

void check_cover(const std::vector<StoredTensor> &tensors, uint64_t data_bytes) {
    uint64_t end = 0;
    for (const StoredTensor &tensor : tensors) {
        if (tensor.offset < end)
            refuse("tensor \"", tensor.name, "\" starts at byte ", tensor.offset,
                   ", within the one before it, which ends at ", end);
        if (tensor.offset > end)
            refuse("tensor \"", tensor.name, "\" starts at byte ", tensor.offset, ", but bytes ",
                   end, "–", tensor.offset, " belong to none");
        end = tensor.offset + tensor.bytes;
    }
    if (end != data_bytes)
        refuse("the tensors end at byte ", end, ", but the file has ", data_bytes);
}

}  // namespace

const std::string *SafeTensors::find_metadata(std::string_view name) const {
    for (const auto &[key, value] : metadata)
        if (key == name) return &value;
    return nullptr;
}

uint64_t safetensors_bytes(std::span<const uint8_t> beginning) {
    if (beginning.size() < kLengthBytes) return 0;
    if (beginning.size() - kLengthBytes < header_length(beginning)) return 0;
    MemorySource source(beginning);
    const std::string header = read_header(source);
    const Json json = parse_json(header, "the header");
    int64_t end = 0;
    for (const auto &[name, value] : *json.as<Json::Object>()) {
        if (name == kMetadata) continue;
        for (const int64_t offset : sizes_of(name, "data_offsets", value.find("data_offsets")))
            end = std::max(end, offset);
    }
    return kLengthBytes + header.size() + static_cast<uint64_t>(end);
}

SafeTensors read_safetensors(ByteSource &file) {
    const Json json = parse_json(read_header(file), "the header");
    const uint64_t data_bytes = file.left();
    SafeTensors result;
    // It starts with a brace, so it is an object.
    for (const auto &[name, value] : *json.as<Json::Object>()) {
        if (name == kMetadata)
            result.metadata = read_metadata(value);
        else
            result.tensors.push_back(read_tensor(name, value, data_bytes));
    }
    // Empty tensors come before what starts where they do.
    std::stable_sort(result.tensors.begin(), result.tensors.end(),
                     [](const StoredTensor &a, const StoredTensor &b) {
                         return std::pair(a.offset, a.bytes) < std::pair(b.offset, b.bytes);
                     });
    check_cover(result.tensors, data_bytes);
    return result;
}

std::string safetensors_header(const Metadata &metadata, std::span<const TensorHeading> tensors) {
    JsonWriter writer;
    writer.open('{');
    writer.key(kMetadata);
    writer.open('{');
    for (const auto &[name, value] : metadata) {
        writer.key(name);
        writer.value(std::string_view(value));
    }
    writer.close('}');
    int64_t begin = 0;
    for (const TensorHeading &tensor : tensors) {
        int64_t bytes = 4;
        for (const int64_t size : tensor.shape) bytes *= size;
        const int64_t offsets[2] = {begin, begin + bytes};
        writer.key(tensor.name);
        writer.open('{');
        writer.key("dtype");
        writer.value(std::string_view("F32"));
        writer.key("shape");
        writer.list(tensor.shape);
        writer.key("data_offsets");
        writer.list(offsets);
        writer.close('}');
        begin += bytes;
    }
    writer.close('}');
    std::string json = writer.take();
    json.resize((json.size() + 7) / 8 * 8, ' ');
    if (json.size() > kLargestHeader)
        fail(Status::limit_exceeded, text("the file's header would have ", json.size(),
                                          " bytes, but may have at most ", kLargestHeader));
    std::string out;
    for (size_t i = 0; i < kLengthBytes; ++i)
        out.push_back(static_cast<char>(json.size() >> (8 * i) & 0xff));
    return out + json;
}

}  // namespace cnn

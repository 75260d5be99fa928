// The shipped rows, and keys.
#include "backend/opencl/shipped_tuning.h"

#include <algorithm>

#include "backend/opencl/embedded.h"
#include "base/hash.h"
#include "base/text.h"

namespace cnn::opencl {
namespace {

// By class and vendor, of any operation of a kind. What processors are built with is what their
// costs predict, measured on PoCL.
constexpr std::string_view kShipped = "libcnn tuning 1\n";

// All kernels' sources: a measurement holds for them alone.
std::string kernels_hash() {
    ByteHash hash;
    for (const EmbeddedKernel &kernel : embedded_kernels())
        hash.add({reinterpret_cast<const uint8_t *>(kernel.data), kernel.size});
    return hash_text(hash.value());
}

// The vendor's first word in small letters: "nvidia", "advanced", "intel(r)".
std::string vendor_word(std::string_view vendor) {
    std::string word(vendor.substr(0, vendor.find(' ')));
    std::transform(word.begin(), word.end(), word.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return tuning_field(word);
}

}  // namespace

std::vector<std::string> tuning_keys(const Description &description, bool cpu_class) {
    const DeviceInfo &info = description.info;
    const std::string type = cpu_class ? "opencl cpu" : "opencl gpu";
    return {tuning_field(text(type, ", ", info.name, ", ", info.compute_units, " units, ",
                              info.driver, ", kernels ", kernels_hash())),
            text(type, " ", vendor_word(info.vendor)), type};
}

std::string_view shipped_tuning() {
    return kShipped;
}

}  // namespace cnn::opencl

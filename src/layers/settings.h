// A layer's settings: what its descriptor said, under names, so that files, summaries and copies of
// a net treat every layer alike.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace cnn {

using Setting = std::variant<int64_t, double, std::vector<int64_t>>;

class Settings {
  public:
    Settings() = default;
    Settings(std::initializer_list<std::pair<std::string, Setting>> entries) : entries_(entries) {}

    void set(std::string name, Setting value);

    // Throw Error(bad_file) when there is no such setting of that type: only a file can lack one.
    int64_t integer(std::string_view name) const;
    double real(std::string_view name) const;  // an integer serves too
    bool flag(std::string_view name) const { return integer(name) != 0; }
    // Any number of values.
    const std::vector<int64_t> &list(std::string_view name) const;
    // Exactly count values.
    const std::vector<int64_t> &sizes(std::string_view name, size_t count) const;

    // Settings that came later than the first files: absent from these.
    bool has(std::string_view name) const;
    int64_t integer_or(std::string_view name, int64_t otherwise) const {
        return has(name) ? integer(name) : otherwise;
    }
    // In the order they were set.
    const std::vector<std::pair<std::string, Setting>> &entries() const { return entries_; }

  private:
    const Setting &find(std::string_view name) const;

    std::vector<std::pair<std::string, Setting>> entries_;
};

}  // namespace cnn

#include "support/conv_cases.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <tuple>

#include "base/error.h"

namespace cnn::bench {
namespace {

ConvShape square(const char *name, int64_t n, int64_t groups, int64_t in, int64_t out, int64_t size,
                 int64_t kernel, int64_t stride, int64_t pad) {
    ConvShape s;
    s.name = name;
    s.n = n;
    s.groups = groups;
    s.in = in;
    s.out = out;
    s.height = s.width = size;
    s.kernel_h = s.kernel_w = kernel;
    s.stride_h = s.stride_w = stride;
    s.top = s.left = s.bottom = s.right = pad;
    return s;
}

}  // namespace

std::vector<ConvShape> usual_cases() {
    return {
        square("LeNet 1-6 5x5 28 b64", 64, 1, 1, 6, 28, 5, 1, 2),
        square("LeNet 6-16 5x5 14 b64", 64, 1, 6, 16, 14, 5, 1, 0),
        square("LeNet 1-32 5x5 28 b64", 64, 1, 1, 32, 28, 5, 1, 2),
        square("LeNet 32-64 5x5 14 b64", 64, 1, 32, 64, 14, 5, 1, 2),
        square("VGG 64-64 3x3 224 b2", 2, 1, 64, 64, 224, 3, 1, 1),
        square("ResNet 3-64 7x7 s2 224 b16", 16, 1, 3, 64, 224, 7, 2, 3),
        square("64-64 3x3 56 b16", 16, 1, 64, 64, 56, 3, 1, 1),
        square("256-256 3x3 14 b16", 16, 1, 256, 256, 14, 3, 1, 1),
        square("1x1 256-1024 14 b16", 16, 1, 256, 1024, 14, 1, 1, 0),
        square("1x1 64-256 56 b16", 16, 1, 64, 256, 56, 1, 1, 0),
        square("CIFAR 16-16 3x3 32 b128", 128, 1, 16, 16, 32, 3, 1, 1),
        square("CIFAR 16-32 3x3 s2 32 b128", 128, 1, 16, 32, 32, 3, 2, 1),
        square("CIFAR 64-64 3x3 8 b128", 128, 1, 64, 64, 8, 3, 1, 1),
        square("depthwise 96 3x3 112 b16", 16, 96, 96, 96, 112, 3, 1, 1),
        square("64-64 3x3 56 b1", 1, 1, 64, 64, 56, 3, 1, 1),
        square("256-256 3x3 14 b1", 1, 1, 256, 256, 14, 3, 1, 1),
        square("512-512 3x3 7 b1", 1, 1, 512, 512, 7, 3, 1, 1),
        square("1x1 256-64 56 b1", 1, 1, 256, 64, 56, 1, 1, 0),
        square("3-64 7x7 s2 224 b1", 1, 1, 3, 64, 224, 7, 2, 3),
        square("depthwise 96 3x3 112 b1", 1, 96, 96, 96, 112, 3, 1, 1),
        square("dense 3136-1024 b64", 64, 1, 3136, 1024, 1, 1, 1, 0),
        square("dense 784-100 b64", 64, 1, 784, 100, 1, 1, 1, 0),
    };
}

namespace {

using Row = std::map<std::string, std::string>;  // by column

int64_t number(const Row &row, const char *column) {
    const auto found = row.find(column);
    return found == row.end() ? 0 : std::atoll(found->second.c_str());
}

std::string sizes_of(const ConvShape &s) {
    const auto pair = [](int64_t a, int64_t b) {
        return std::to_string(a) + "x" + std::to_string(b);
    };
    return pair(s.height, s.width) + " " + std::to_string(s.in) + "-" + std::to_string(s.out) +
           (s.groups > 1 ? " g" + std::to_string(s.groups) : "") + " " +
           pair(s.kernel_h, s.kernel_w) + " b" + std::to_string(s.n);
}

ConvShape deepbench_shape(Row &row) {
    ConvShape s;
    s.n = number(row, "n");
    s.in = number(row, "c");
    s.out = number(row, "k");
    s.height = number(row, "h");
    s.width = number(row, "w");
    s.kernel_h = number(row, "filter_h");
    s.kernel_w = number(row, "filter_w");
    s.stride_h = number(row, "hstride");
    s.stride_w = number(row, "wstride");
    s.top = s.bottom = number(row, "pad_h");
    s.left = s.right = number(row, "pad_w");
    s.name = row["set"] + " " + sizes_of(s);
    return s;
}

// In one dimension the heights are 1.
ConvShape benchdnn_shape(Row &row) {
    ConvShape s;
    s.n = number(row, "ndims") <= 2 ? number(row, "mb") : 0;
    s.groups = number(row, "g");
    s.in = number(row, "ic");
    s.out = number(row, "oc");
    s.height = number(row, "ih");
    s.width = number(row, "iw");
    s.kernel_h = number(row, "kh");
    s.kernel_w = number(row, "kw");
    s.stride_h = number(row, "sh");
    s.stride_w = number(row, "sw");
    s.dilation_h = number(row, "dilh");
    s.dilation_w = number(row, "dilw");
    s.top = number(row, "pad_l_h");
    s.left = number(row, "pad_l_w");
    s.bottom = number(row, "pad_r_h");
    s.right = number(row, "pad_r_w");
    s.name = row[row["layer"].empty() ? "net" : "layer"] + " " + sizes_of(s);
    return s;
}

bool is_convolution(const ConvShape &s) {
    return s.n > 0 && s.groups > 0 && s.stride_h > 0 && s.stride_w > 0 && s.out_height() > 0 &&
           s.out_width() > 0;
}

// All but the name.
auto values_of(const ConvShape &s) {
    return std::make_tuple(s.n, s.groups, s.in, s.out, s.height, s.width, s.kernel_h, s.kernel_w,
                           s.stride_h, s.stride_w, s.dilation_h, s.dilation_w, s.top, s.left,
                           s.bottom, s.right);
}

std::vector<std::string> fields(const std::string &line) {
    std::vector<std::string> out;
    std::stringstream rest(line);
    for (std::string field; std::getline(rest, field, ',');) out.push_back(field);
    return out;
}

Row row_of(const std::vector<std::string> &columns, const std::vector<std::string> &values) {
    Row row;
    for (size_t i = 0; i < std::min(columns.size(), values.size()); ++i)
        row[columns[i]] = values[i];
    return row;
}

[[noreturn]] void cannot_read(const std::string &path) {
    throw Error(Status::io_error, -1, "can't read " + path);
}

std::vector<ConvShape> list_in(const std::string &path) {
    std::ifstream file(path);
    std::string line;
    if (!std::getline(file, line)) cannot_read(path);
    const std::vector<std::string> columns = fields(line);
    std::vector<ConvShape> shapes;
    while (std::getline(file, line)) {
        Row row = row_of(columns, fields(line));
        shapes.push_back(row.count("filter_w") ? deepbench_shape(row) : benchdnn_shape(row));
    }
    return shapes;
}

// In the order of their names, so that a run can be repeated.
std::vector<std::string> lists_at(const std::string &path) {
    if (!std::filesystem::is_directory(path)) return {path};
    std::vector<std::string> lists;
    for (const auto &entry : std::filesystem::directory_iterator(path))
        if (entry.path().extension() == ".csv") lists.push_back(entry.path().string());
    if (lists.empty()) cannot_read(path + "/*.csv");
    std::sort(lists.begin(), lists.end());
    return lists;
}

}  // namespace

std::vector<ConvShape> listed_cases(const std::string &path) {
    std::vector<ConvShape> shapes;
    std::set<decltype(values_of(ConvShape{}))> seen;
    for (const std::string &list : lists_at(path))
        for (ConvShape &shape : list_in(list))
            if (is_convolution(shape) && seen.insert(values_of(shape)).second)
                shapes.push_back(std::move(shape));
    return shapes;
}

}  // namespace cnn::bench

// The table.
#include "graph/summary.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace cnn {

namespace {

using Row = std::array<std::string, 5>;

Row row_of(const Net &net, int32_t id) {
    const Node &node = net.node(id);
    std::string inputs;
    for (int32_t input : node.inputs)
        inputs += text(inputs.empty() ? "" : ", ", net.node(input).name);
    return {node.name, node.kind, node.loss ? "" : to_text(node.shape),
            text(parameter_elements(net, id)), inputs};
}

// Characters, not bytes.
size_t width_of(const std::string &cell) {
    return static_cast<size_t>(std::count_if(
        cell.begin(), cell.end(), [](char c) { return (static_cast<uint8_t>(c) & 0xC0) != 0x80; }));
}

}  // namespace

int64_t parameter_elements(const Net &net, int32_t id) {
    const Node &node = net.node(id);
    int64_t total = 0;
    for (int32_t i = 0; i < node.parameter_count; ++i)
        total += net.parameters()[static_cast<size_t>(node.first_parameter + i)].shape.elements();
    return total;
}

std::string summary(const Net &net) {
    std::vector<Row> rows{{"node", "kind", "output", "parameters", "inputs"}};
    for (size_t id = 0; id < net.nodes().size(); ++id)
        rows.push_back(row_of(net, static_cast<int32_t>(id)));
    std::array<size_t, 5> widths{};
    for (const Row &row : rows)
        for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], width_of(row[c]));
    std::string table = text(net.name(), "\n");
    for (const Row &row : rows) {
        std::string line;
        for (size_t c = 0; c < row.size(); ++c) {
            line += row[c];
            line.append(widths[c] - width_of(row[c]) + 2, ' ');
        }
        line.erase(line.find_last_not_of(' ') + 1);
        table += line + "\n";
    }
    int64_t frozen = 0;
    for (const NetTensor &tensor : net.parameters())
        if (tensor.rate == 0) frozen += tensor.shape.elements();
    table += text("parameters: ", net.theta().elements(), " (", frozen,
                  " frozen), state: ", net.s().elements(), "\n");
    return table;
}

}  // namespace cnn

// Shapes, types and layouts.
#include "ops/tensor.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/text.h"

namespace cnn {

Shape::Shape(std::initializer_list<int64_t> sizes)
    : Shape(std::span<const int64_t>(sizes.begin(), sizes.size())) {}

Shape::Shape(std::span<const int64_t> sizes) : rank(static_cast<int>(sizes.size())) {
    assert(rank <= kMaxRank);
    std::copy(sizes.begin(), sizes.end(), dim.begin());
}

int64_t Shape::elements() const {
    return elements_after(-1);
}

int64_t Shape::elements_after(int axis) const {
    int64_t product = 1;
    for (int i = axis + 1; i < rank; ++i) product *= (*this)[i];
    return product;
}

std::string to_text(const Shape &shape) {
    return shape_text(shape.sizes());
}

int64_t size_of(Type type, int64_t real_bytes) {
    switch (type) {
        case Type::real:
            return real_bytes;
        case Type::wide:
            return 2 * real_bytes;
        case Type::i32:
            return 4;
        case Type::u8:
            return 1;
    }
    return 0;
}

Layout Layout::blocked(int axis, int size) {
    Layout layout;
    layout.blocks[0] = {static_cast<int8_t>(axis), static_cast<int16_t>(size)};
    layout.block_count = 1;
    return layout;
}

Layout Layout::blocked(int axis, int size, int axis2, int size2) {
    Layout layout = blocked(axis, size);
    layout.blocks[1] = {static_cast<int8_t>(axis2), static_cast<int16_t>(size2)};
    layout.block_count = 2;
    return layout;
}

Layout Layout::winograd(int tile, int size, bool turned) {
    Layout layout = blocked(turned ? 1 : 0, size);
    if (turned) std::swap(layout.order[0], layout.order[1]);
    layout.filters = turned ? FilterForm::winograd_turned : FilterForm::winograd;
    layout.tile = static_cast<int8_t>(tile);
    return layout;
}

int64_t Layout::block_of(int axis) const {
    int64_t size = 1;
    for (int b = 0; b < block_count; ++b)
        if (blocks[static_cast<size_t>(b)].axis == axis)
            size *= blocks[static_cast<size_t>(b)].size;
    return size;
}

int64_t Layout::elements(const Shape &shape) const {
    const bool transformed = filters != FilterForm::taps;
    int64_t product = transformed ? points() : 1;
    for (int axis = 0; axis < (transformed ? 2 : shape.rank); ++axis) {
        const int64_t block = block_of(axis);
        product *= (shape[axis] + block - 1) / block * block;
    }
    return product;
}

int64_t Layout::index(const Shape &shape, std::span<const int64_t> logical) const {
    int64_t offset = 0;
    for (int i = 0; i < kMaxRank; ++i) {
        const int axis = order[static_cast<size_t>(i)];
        if (axis >= shape.rank) continue;
        const int64_t block = block_of(axis);
        offset = offset * ((shape[axis] + block - 1) / block) +
                 logical[static_cast<size_t>(axis)] / block;
    }
    for (int b = 0; b < block_count; ++b) {
        const Block &block = blocks[static_cast<size_t>(b)];
        // An axis may be cut twice: the outer block then counts inner blocks.
        int64_t inner = 1;
        for (int later = b + 1; later < block_count; ++later)
            if (blocks[static_cast<size_t>(later)].axis == block.axis)
                inner *= blocks[static_cast<size_t>(later)].size;
        offset =
            offset * block.size + logical[static_cast<size_t>(block.axis)] / inner % block.size;
    }
    return offset;
}

std::string to_text(const Layout &layout, const Shape &shape) {
    static constexpr char kImage[] = "NCHW";
    std::string name;
    for (int8_t axis : layout.order) {
        if (axis >= shape.rank) continue;
        name += axis < 4 ? kImage[axis] : static_cast<char>('0' + axis);
    }
    for (int b = 0; b < layout.block_count; ++b) {
        const auto &block = layout.blocks[static_cast<size_t>(b)];
        name += text(block.size);
        name += block.axis < 4 ? static_cast<char>(kImage[block.axis] + ('a' - 'A'))
                               : static_cast<char>('0' + block.axis);
    }
    if (layout.filters != FilterForm::taps)
        name += text(" winograd", layout.tile == 2 ? "" : text(int{layout.tile}));
    return name;
}

}  // namespace cnn

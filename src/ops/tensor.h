// Tensors as operations see them: logical shape, element type, where they live, and the layout that
// a plan gives them in memory.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace cnn {

inline constexpr int kMaxRank = 6;

// Sizes of a tensor, slowest axis first. Axis 0 of a batched tensor is the batch.
struct Shape {
    int rank = 0;
    std::array<int64_t, kMaxRank> dim{};

    Shape() = default;
    Shape(std::initializer_list<int64_t> sizes);
    explicit Shape(std::span<const int64_t> sizes);

    int64_t operator[](int axis) const { return dim[static_cast<size_t>(axis)]; }
    int64_t &operator[](int axis) { return dim[static_cast<size_t>(axis)]; }
    std::span<const int64_t> sizes() const { return {dim.data(), static_cast<size_t>(rank)}; }
    // 1 for rank 0. Shapes are checked for overflow where they are inferred.
    int64_t elements() const;
    // Elements per unit of axis 0.
    int64_t elements_after(int axis) const;
    bool operator==(const Shape &) const = default;
};

// "[1, 28, 28]"
std::string to_text(const Shape &shape);

// Element types. `real` is the device's own: float, or double for the float64 reference. `wide` is
// a pair of reals, a value and what its rounding lost; single values that hosts read in double have
// it.
enum class Type : uint8_t { real, wide, i32, u8 };

// Bytes of an element when a real has real_bytes.
int64_t size_of(Type type, int64_t real_bytes);

// Which memory a tensor is part of.
enum class Space : uint8_t {
    activation,  // the plan's arena
    parameter,   // theta, canonical and plain
    gradient,    // the gradient of theta, likewise
    state,       // s, likewise
    status,      // the net's few values that outlive a program: running loss, gate
    direction,   // a vector as theta, along which derivatives are taken; read only
};

struct Tensor {
    Shape shape;
    Type type = Type::real;
    Space space = Space::activation;
    bool batched = false;  // axis 0 has n elements at run time, shape[0] at most
    int64_t offset = 0;    // first element within its vector; 0 for activations

    bool operator==(const Tensor &) const = default;
};

// What a layout holds in place of a filter's taps: its transform by Winograd's F(m x m, 3x3),
// (m + 2)^2 points, which then are the slowest axis; or that of the filter turned by half a circle,
// as the gradient of a convolution's input wants it.
enum class FilterForm : int8_t { taps, winograd, winograd_turned };

// How a tensor's elements lie in memory: the axes from slowest to fastest, and blocks, cut out of
// axes, inside them. A blocked axis is padded to whole blocks. The elements past a tensor's logical
// end (padding channels, samples from n up to the block's end) are
//   zero in every tensor that backward produces, and
//   finite (if all of theta and the inputs are) in every other;
// a kernel that sums over a padded axis leaves them out.
struct Layout {
    struct Block {
        int8_t axis = -1;
        int16_t size = 1;
        bool operator==(const Block &) const = default;
    };
    std::array<int8_t, kMaxRank> order{0, 1, 2, 3, 4, 5};
    std::array<Block, 2> blocks{};  // the second is innermost
    int8_t block_count = 0;
    FilterForm filters = FilterForm::taps;
    int8_t tile = 0;  // m, of transformed filters

    // Row-major.
    static Layout plain() { return {}; }
    // Row-major with blocks of `size` along `axis` innermost: NCHW16c is blocked(1, 16).
    static Layout blocked(int axis, int size);
    // As above with a second block inside the first.
    static Layout blocked(int axis, int size, int axis2, int size2);

    // Weights [O, I, 3, 3] transformed for tiles of 2x2 or 4x4: [points][O/size][I][size o], or
    // turned: [points][I/size][O][size i].
    static Layout winograd(int tile, int size, bool turned);
    // Of a transformed filter.
    int points() const { return (tile + 2) * (tile + 2); }

    bool is_plain() const { return block_count == 0 && *this == plain(); }
    // Size of axis's blocks, 1 where it has none.
    int64_t block_of(int axis) const;
    // Elements in memory, padding included; n replaces shape[0] of a batched tensor.
    int64_t elements(const Shape &shape) const;
    // Offset in memory, in elements, of a logical index; of taps.
    int64_t index(const Shape &shape, std::span<const int64_t> logical) const;

    bool operator==(const Layout &) const = default;
};

// "NCHW", "NCHW16c" or the like, for logs.
std::string to_text(const Layout &layout, const Shape &shape);

}  // namespace cnn

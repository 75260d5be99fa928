// The conformance table.
#include "cases.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include "base/philox.h"
#include "base/text.h"

namespace cnn::conformance {

namespace {

uint64_t hash_of(const std::string &name) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (char c : name) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3u;
    return hash;
}

// Draws whatever a random case needs.
class Dice {
  public:
    explicit Dice(const std::string &name) : stream_(hash_of(name), 1) {}
    int64_t from(int64_t low, int64_t high) {
        return low +
               static_cast<int64_t>(stream_.at(next_++) % static_cast<uint64_t>(high - low + 1));
    }
    bool coin() { return from(0, 1) == 1; }
    template <class T>
    T one_of(std::initializer_list<T> choices) {
        return choices.begin()[from(0, static_cast<int64_t>(choices.size()) - 1)];
    }

  private:
    RandomStream stream_;
    uint64_t next_ = 0;
};

// Builds a case from tensors named in any order.
class CaseBuilder {
  public:
    TensorId tensor(Shape shape, bool batched, OperandData data = {}, Type type = Type::real,
                    Space space = Space::activation) {
        tensors_.push_back({shape, type, space, batched, 0});
        data_.push_back(data);
        return static_cast<TensorId>(tensors_.size()) - 1;
    }
    TensorId samples(Shape shape, OperandData data = {}) { return tensor(shape, true, data); }
    TensorId parameter(Shape shape, OperandData data = {}) {
        return tensor(shape, false, data, Type::real, Space::parameter);
    }
    TensorId gradient(Shape shape) {
        return tensor(shape, false, {Padding::zero}, Type::real, Space::gradient);
    }

    void op(OpKind kind, std::vector<TensorId> inputs, std::vector<TensorId> outputs,
            Attributes attributes = {}) {
        Op op;
        op.kind = kind;
        op.inputs = std::move(inputs);
        op.outputs = std::move(outputs);
        op.attributes = std::move(attributes);
        ops_.push_back(std::move(op));
    }

    Case build(const std::string &name, std::vector<TensorId> kept = {}) {
        Case c;
        c.name = name;
        c.seed = hash_of(name);
        for (size_t i = 0; i < c.scalars.size(); ++i)
            c.scalars[i] = 1.0 / static_cast<double>(i + 3);
        if (kept.empty())
            for (TensorId id : ops_.back().outputs)
                if (id != kNoTensor) kept.push_back(id);
        arrange(c, kept);
        c.group.accept = kAcceptAll;
        add_counts(c);
        return c;
    }

  private:
    bool written(TensorId id) const {
        return std::any_of(ops_.begin(), ops_.end(), [&](const Op &op) {
            return std::count(op.outputs.begin(), op.outputs.end(), id) > 0;
        });
    }

    // First what is only read, then what is kept, then the rest.
    void arrange(Case &c, const std::vector<TensorId> &kept) const {
        std::vector<TensorId> order;
        const auto add = [&](TensorId id) {
            if (id != kNoTensor && std::count(order.begin(), order.end(), id) == 0)
                order.push_back(id);
        };
        for (const Op &op : ops_)
            for (TensorId id : op.inputs)
                if (id != kNoTensor && !written(id)) add(id);
        c.group.inputs = static_cast<int32_t>(order.size());
        for (TensorId id : kept) add(id);
        c.group.outputs = static_cast<int32_t>(order.size()) - c.group.inputs;
        for (const Op &op : ops_)
            for (TensorId id : op.outputs) add(id);
        for (TensorId id : order) c.group.tensors.push_back(tensors_[static_cast<size_t>(id)]);
        for (size_t i = 0; i < static_cast<size_t>(c.group.operands()); ++i)
            c.operands.push_back(data_[static_cast<size_t>(order[i])]);
        c.group.ops = ops_;
        const auto renumber = [&](TensorId &id) {
            if (id == kNoTensor) return;
            id = static_cast<TensorId>(std::find(order.begin(), order.end(), id) - order.begin());
        };
        for (Op &op : c.group.ops) {
            for (TensorId &id : op.inputs) renumber(id);
            for (TensorId &id : op.outputs) renumber(id);
        }
    }

    static void add_counts(Case &c) {
        int64_t batch = 0;
        for (const Tensor &t : c.group.tensors)
            if (t.batched) batch = std::max(batch, t.shape[0]);
        c.counts.push_back(std::max<int64_t>(batch, 1));
        if (batch > 1)
            c.counts.push_back(1 + static_cast<int64_t>(c.seed % static_cast<uint64_t>(batch - 1)));
        if (batch == 17) c.counts.push_back(16);
    }

    std::vector<Tensor> tensors_;
    std::vector<OperandData> data_;
    std::vector<Op> ops_;
};

constexpr OperandData kForward{Padding::finite, Fill::signed_unit, 0};
constexpr OperandData kGradient{Padding::zero, Fill::signed_unit, 0};

OperandData filled(Fill fill) {
    return {Padding::finite, fill, 0};
}

OperandData role(bool gradient) {
    return gradient ? kGradient : kForward;
}

// --- Windows: convolutions and pools.

struct WindowCase {
    std::string name;
    int64_t n, c, o, groups;
    int spatial;
    std::array<int64_t, 3> size, kernel, stride, dilation, pad_begin, pad_end;
    bool ceil_mode = false, include_padding = false;

    Window window() const {
        Window w;
        w.spatial = spatial;
        for (size_t i = 0; i < static_cast<size_t>(spatial); ++i) {
            w.kernel[i] = kernel[i];
            w.stride[i] = stride[i];
            w.dilation[i] = dilation[i];
            w.pad_begin[i] = pad_begin[i];
            w.pad_end[i] = pad_end[i];
        }
        return w;
    }
    Shape with(int64_t first, int64_t second, const std::array<int64_t, 3> &sizes) const {
        Shape shape{first, second};
        shape.rank = 2 + spatial;
        for (int i = 0; i < spatial; ++i) shape[2 + i] = sizes[static_cast<size_t>(i)];
        return shape;
    }
    Shape x() const { return with(n, c, size); }
    Shape w() const { return with(o, c / groups, kernel); }
    Shape y(int64_t channels) const {
        std::array<int64_t, 3> out{};
        for (int i = 0; i < spatial; ++i)
            out[static_cast<size_t>(i)] =
                window_output(window(), i, size[static_cast<size_t>(i)], ceil_mode);
        return with(n, channels, out);
    }
};

struct Planar {
    std::array<int64_t, 2> size, kernel, stride{1, 1}, dilation{1, 1};
    std::array<int64_t, 4> pad{};  // top, left, bottom, right
};

WindowCase planar(const std::string &name, int64_t n, int64_t c, int64_t o, int64_t groups,
                  const Planar &p) {
    return {name,
            n,
            c,
            o,
            groups,
            2,
            {p.size[0], p.size[1], 1},
            {p.kernel[0], p.kernel[1], 1},
            {p.stride[0], p.stride[1], 1},
            {p.dilation[0], p.dilation[1], 1},
            {p.pad[0], p.pad[1], 0},
            {p.pad[2], p.pad[3], 0}};
}

// Whether every window has a tap inside the input, so that a maximum exists.
bool windows_hold_something(const WindowCase &w) {
    const Shape y = w.y(w.c);
    for (int axis = 0; axis < w.spatial; ++axis) {
        const auto i = static_cast<size_t>(axis);
        if (y[2 + axis] < 1) return false;
        for (int64_t out = 0; out < y[2 + axis]; ++out) {
            bool any = false;
            for (int64_t k = 0; k < w.kernel[i]; ++k) {
                const int64_t at = out * w.stride[i] - w.pad_begin[i] + k * w.dilation[i];
                any = any || (at >= 0 && at < w.size[i]);
            }
            if (!any) return false;
        }
    }
    return true;
}

WindowCase random_window(const std::string &name, bool pool) {
    Dice dice(name);
    for (;;) {
        WindowCase w;
        w.name = name;
        w.n = dice.one_of<int64_t>({1, 2, 3, 7, 8, 9, 16, 17, 33, 64});
        w.groups = dice.one_of<int64_t>({1, 1, 1, 2, 3, 5});
        const int64_t per_group = dice.from(1, w.n > 16 ? 5 : 9);
        w.c = w.groups * per_group;
        w.o = w.groups * (dice.from(0, 3) == 0 ? dice.from(8, 19) : dice.from(1, 7));
        w.spatial = 2;
        w.size = w.kernel = w.stride = w.dilation = {1, 1, 1};
        w.pad_begin = w.pad_end = {};
        for (size_t i = 0; i < 2; ++i) {
            w.size[i] = dice.from(1, 11);
            w.kernel[i] = dice.from(1, 5);
            w.stride[i] = dice.one_of<int64_t>({1, 1, 2, 3});
            w.dilation[i] = dice.one_of<int64_t>({1, 1, 1, 2, 3});
            const int64_t most = pool ? w.kernel[i] / 2 : w.kernel[i];
            w.pad_begin[i] = dice.from(0, most);
            w.pad_end[i] = dice.from(0, most);
        }
        if (pool) {
            w.c = dice.from(1, 19);
            w.ceil_mode = dice.coin();
            w.include_padding = dice.coin();
        }
        const Shape y = w.y(w.o);
        if (y[2] < 1 || y[3] < 1 || (pool && !windows_hold_something(w))) continue;
        return w;
    }
}

std::vector<WindowCase> convolution_windows(int random) {
    std::vector<WindowCase> list{
        planar("one", 1, 1, 1, 1, {{1, 1}, {1, 1}}),
        planar("1x1", 16, 8, 16, 1, {{5, 5}, {1, 1}}),
        planar("odd", 3, 3, 5, 1, {{7, 5}, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}}),
        planar("rectangular", 16, 5, 7, 1, {{9, 6}, {3, 2}, {2, 1}, {1, 1}, {1, 0, 0, 1}}),
        planar("strides", 17, 4, 6, 1, {{11, 13}, {3, 5}, {2, 3}, {1, 1}, {1, 2, 1, 2}}),
        planar("dilated", 3, 3, 4, 1, {{11, 10}, {3, 2}, {1, 1}, {2, 3}, {2, 1, 1, 2}}),
        planar("strided_dilated", 16, 2, 3, 1, {{11, 12}, {2, 3}, {3, 2}, {3, 2}, {1, 2, 2, 1}}),
        planar("groups", 16, 6, 9, 3, {{6, 5}, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}}),
        planar("groups_of_16", 3, 32, 32, 2, {{4, 5}, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}}),
        planar("depthwise", 16, 17, 17, 17, {{6, 7}, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}}),
        planar("depthwise_wide", 5, 6, 6, 6, {{5, 15}, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}}),
        planar("depthwise_single", 1, 16, 16, 16, {{8, 8}, {3, 3}, {2, 2}, {1, 1}, {1, 1, 1, 1}}),
        planar("depthwise_tall", 3, 19, 19, 19, {{9, 8}, {5, 3}, {1, 2}, {1, 2}, {3, 2, 0, 1}}),
        planar("depthwise_over_input", 2, 5, 5, 5, {{2, 3}, {5, 5}, {1, 1}, {1, 1}, {2, 2, 2, 2}}),
        planar("depthwise_twice", 3, 5, 10, 5, {{5, 5}, {3, 2}, {1, 2}}),
        planar("asymmetric", 1, 2, 3, 1, {{5, 5}, {4, 3}, {1, 1}, {1, 1}, {3, 0, 1, 2}}),
        planar("leftover", 3, 2, 3, 1, {{8, 9}, {2, 2}, {3, 3}}),
        planar("stride_over_kernel", 16, 3, 4, 1, {{9, 9}, {1, 1}, {3, 2}}),
        planar("kernel_over_input", 2, 2, 2, 1, {{2, 2}, {5, 5}, {1, 1}, {1, 1}, {2, 2, 2, 2}}),
        planar("stem", 3, 3, 8, 1, {{15, 15}, {7, 7}, {2, 2}, {1, 1}, {3, 3, 3, 3}}),
        planar("digits", 64, 1, 6, 1, {{12, 12}, {5, 5}}),
        planar("batch_64", 64, 3, 8, 1, {{8, 8}, {5, 5}, {1, 1}, {1, 1}, {2, 2, 2, 2}}),
        planar("square_16", 16, 16, 16, 1, {{8, 8}, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}}),
        planar("single_16_32", 1, 16, 32, 1, {{10, 10}, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}}),
        planar("single_odd", 1, 33, 35, 1, {{6, 6}, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}}),
        planar("valid_3x3", 5, 17, 18, 1, {{7, 8}, {3, 3}}),
        planar("wide_pad", 2, 19, 33, 1, {{5, 6}, {3, 3}, {1, 1}, {1, 1}, {2, 2, 2, 2}}),
        planar("wide", 3, 15, 69, 1, {{9, 7}, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}}),
        planar("tiles", 3, 17, 35, 1, {{17, 14}, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}}),
        planar("tiles_aside", 1, 16, 33, 1, {{15, 16}, {3, 3}, {1, 1}, {1, 1}, {0, 2, 2, 1}}),
        planar("row", 5, 3, 4, 1, {{1, 19}, {1, 5}, {1, 2}, {1, 1}, {0, 2, 0, 2}}),
        planar("dense", 16, 37, 11, 1, {{1, 1}, {1, 1}}),
        planar("dense_64", 64, 131, 17, 1, {{1, 1}, {1, 1}}),
        planar("dense_single", 1, 131, 10, 1, {{1, 1}, {1, 1}}),
        planar("dense_planes", 33, 3, 10, 1, {{5, 4}, {5, 4}}),
        planar("dense_out_1", 17, 19, 1, 1, {{1, 1}, {1, 1}}),
    };
    WindowCase line{"line",     3,         3,         5,         1,         1,
                    {13, 1, 1}, {3, 1, 1}, {2, 1, 1}, {2, 1, 1}, {1, 0, 0}, {2, 0, 0}};
    WindowCase cube{"cube",    2,         2,         3,         1,         3,
                    {5, 4, 3}, {3, 2, 2}, {1, 2, 1}, {1, 1, 1}, {1, 0, 1}, {1, 1, 0}};
    list.push_back(line);
    list.push_back(cube);
    for (int i = 0; i < random; ++i)
        list.push_back(random_window(text("random_convolution_", i), false));
    return list;
}

Case convolution_case(OpKind kind, const WindowCase &w, Fill fill = Fill::signed_unit) {
    CaseBuilder b;
    const ConvolutionAttributes attributes{w.window(), w.groups};
    const OperandData forward{Padding::finite, fill, 0}, gradient{Padding::zero, fill, 0};
    if (kind == OpKind::convolution) {
        const TensorId x = b.samples(w.x(), forward), k = b.parameter(w.w());
        b.op(kind, {x, k}, {b.samples(w.y(w.o))}, attributes);
    } else if (kind == OpKind::convolution_backward_data) {
        const TensorId dy = b.samples(w.y(w.o), gradient), k = b.parameter(w.w());
        b.op(kind, {dy, k}, {b.samples(w.x(), kGradient)}, attributes);
    } else {
        const TensorId x = b.samples(w.x()), dy = b.samples(w.y(w.o), gradient);
        b.op(kind, {x, dy}, {b.gradient(w.w())}, attributes);
    }
    Case c = b.build(w.name);
    c.optional = w.spatial != 2;
    return c;
}

std::vector<Case> convolution_cases(OpKind kind, int random) {
    std::vector<Case> cases;
    for (const WindowCase &w : convolution_windows(random))
        cases.push_back(convolution_case(kind, w));
    for (const auto &[name, fill] : {std::pair{"huge", Fill::huge}, {"tiny", Fill::tiny}}) {
        cases.push_back(convolution_case(
            kind, planar(name, 16, 3, 5, 1, {{6, 5}, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}}), fill));
        cases.back().smooth = false;
    }
    return cases;
}

std::vector<WindowCase> pool_windows(int random) {
    const auto ceil = [](WindowCase w, bool include) {
        w.ceil_mode = true;
        w.include_padding = include;
        return w;
    };
    const auto include = [](WindowCase w) {
        w.include_padding = true;
        return w;
    };
    std::vector<WindowCase> list{
        planar("one", 1, 1, 1, 1, {{1, 1}, {1, 1}}),
        planar("halves", 16, 8, 8, 1, {{8, 8}, {2, 2}, {2, 2}}),
        planar("halves_leftover", 17, 5, 5, 1, {{7, 5}, {2, 2}, {2, 2}}),
        planar("overlapping", 3, 17, 17, 1, {{7, 9}, {3, 3}, {2, 2}, {1, 1}, {1, 1, 1, 1}}),
        planar("rectangular", 16, 3, 3, 1, {{9, 8}, {3, 2}, {1, 3}, {1, 1}, {1, 0, 0, 1}}),
        planar("dilated", 3, 2, 2, 1, {{9, 8}, {2, 3}, {1, 2}, {3, 2}, {1, 1, 0, 1}}),
        planar("global", 64, 7, 7, 1, {{6, 5}, {6, 5}}),
        planar("global_single", 1, 19, 19, 1, {{7, 7}, {7, 7}}),
        include(planar("padded", 16, 3, 3, 1, {{6, 7}, {3, 3}, {2, 2}, {1, 1}, {1, 1, 1, 1}})),
        include(planar("padded_asymmetric", 5, 3, 3, 1,
                       {{6, 7}, {4, 3}, {1, 2}, {1, 1}, {2, 0, 1, 1}})),
        ceil(planar("ceil", 16, 3, 3, 1, {{6, 8}, {3, 3}, {2, 2}}), false),
        ceil(planar("ceil_padded", 3, 5, 5, 1, {{7, 6}, {3, 3}, {2, 3}, {1, 1}, {1, 1, 1, 1}}),
             true),
        ceil(planar("ceil_rectangular", 1, 16, 16, 1,
                    {{5, 6}, {2, 4}, {1, 3}, {1, 1}, {1, 0, 0, 1}}),
             true),
        ceil(planar("ceil_excluding", 17, 2, 2, 1, {{8, 5}, {3, 4}, {3, 3}, {1, 1}, {1, 2, 1, 0}}),
             false),
    };
    // Backends build a program a window: fewer of them.
    for (int i = 0; i < random / 3; ++i)
        list.push_back(random_window(text("random_pool_", i), true));
    return list;
}

Case pool_case(OpKind kind, const WindowCase &w, Fill fill) {
    CaseBuilder b;
    const PoolAttributes attributes{w.window(), w.include_padding};
    const Shape x = w.x(), y = w.y(w.c);
    if (kind == OpKind::max_pool || kind == OpKind::average_pool) {
        b.op(kind, {b.samples(x, filled(fill))}, {b.samples(y)}, attributes);
    } else if (kind == OpKind::max_pool_backward) {
        const TensorId dy = b.samples(y, kGradient), in = b.samples(x, filled(fill));
        b.op(kind, {dy, in}, {b.samples(x, kGradient)}, attributes);
    } else if (kind == OpKind::max_pool_tangent) {
        b.op(kind, {b.samples(x), b.samples(x, filled(fill))}, {b.samples(y)}, attributes);
    } else {
        b.op(kind, {b.samples(y, {Padding::zero, fill, 0})}, {b.samples(x, kGradient)}, attributes);
    }
    return b.build(w.name);
}

std::vector<Case> pool_cases(OpKind kind, int random) {
    std::vector<Case> cases;
    for (const WindowCase &w : pool_windows(random))
        cases.push_back(pool_case(kind, w, Fill::signed_unit));
    const auto add = [&](const char *name, Fill fill) {
        cases.push_back(pool_case(
            kind, planar(name, 16, 5, 5, 1, {{7, 8}, {3, 3}, {2, 2}, {1, 1}, {1, 1, 1, 1}}), fill));
        cases.back().smooth = false;
    };
    add("ties", Fill::few);
    add("huge", Fill::huge);
    add("tiny", Fill::tiny);
    if (kind == OpKind::max_pool || kind == OpKind::average_pool ||
        kind == OpKind::max_pool_tangent)
        add("special", Fill::special);
    return cases;
}

// --- Pointwise.

const std::vector<Shape> &element_shapes() {
    static const std::vector<Shape> shapes{{1, 1},         {3, 7},        {16, 5, 6, 7},
                                           {17, 19, 3, 5}, {64, 3, 4, 4}, {1, 16, 5, 3},
                                           {33, 1, 1, 1},  {5, 37, 1, 1}, {2, 33, 9, 11}};
    return shapes;
}

std::string shape_name(const std::string &prefix, const Shape &shape) {
    return text(prefix, "_", to_text(shape));
}

constexpr std::array kActivations{
    Activation::linear, Activation::relu,          Activation::leaky_relu, Activation::sigmoid,
    Activation::tanh,   Activation::scaled_tanh,   Activation::elu,        Activation::gelu,
    Activation::silu,   Activation::soft_logistic, Activation::softsign,   Activation::algebraic};

void add_activations(std::vector<Case> &cases) {
    for (Activation activation : kActivations) {
        for (const Shape &shape : element_shapes()) {
            CaseBuilder forward;
            forward.op(OpKind::pointwise, {forward.samples(shape)}, {forward.samples(shape)},
                       activation_attributes(activation, 0.1));
            cases.push_back(forward.build(shape_name(name_of(activation), shape)));
            CaseBuilder backward;
            const TensorId dy = backward.samples(shape, kGradient), y = backward.samples(shape);
            backward.op(OpKind::pointwise, {dy, y}, {backward.samples(shape, kGradient)},
                        activation_backward_attributes(activation, 0.1));
            cases.push_back(
                backward.build(shape_name(text(name_of(activation), "_backward"), shape)));
        }
        for (const auto &[name, fill] : {std::pair{"huge", Fill::huge},
                                         {"tiny", Fill::tiny},
                                         {"special", Fill::special},
                                         {"large", Fill::large}}) {
            CaseBuilder b;
            const Shape shape{16, 5, 3, 7};
            b.op(OpKind::pointwise, {b.samples(shape, filled(fill))}, {b.samples(shape)},
                 activation_attributes(activation, 0.1));
            cases.push_back(b.build(text(name_of(activation), "_", name)));
        }
    }
}

PointwiseAttributes taken(ExpressionBuilder &e) {
    PointwiseAttributes attributes;
    attributes.expression = e.take();
    return attributes;
}

// Every function, on operands near and away from zero.
PointwiseAttributes every_function() {
    ExpressionBuilder e;
    const auto x = e.operand(0), p = e.operand(1);
    auto sum = e.plus(e.call(Fn::exp, x), e.call(Fn::log, p));
    sum = e.plus(sum, e.call(Fn::sqrt, p));
    sum = e.plus(sum, e.call(Fn::log1p, p));
    sum = e.minus(sum, e.call(Fn::tanh, x));
    sum = e.plus(sum, e.times(e.call(Fn::sigmoid, x), e.scalar(kSlotUpdate)));
    sum = e.plus(sum, e.over(x, p));
    const auto least = e.call(Fn::min, x, e.call(Fn::negate, p));
    const auto most = e.call(Fn::max, e.call(Fn::abs, x), p);
    sum = e.plus(sum, e.select(e.call(Fn::less, x, e.constant(0.25)), least, most));
    e.result(e.select(e.call(Fn::finite, sum), sum, e.constant(0)));
    e.result(e.times(x, p));
    return taken(e);
}

// A result a function, so that a wrong value shows where.
PointwiseAttributes each_function(std::initializer_list<Fn> functions, bool binary) {
    ExpressionBuilder e;
    const auto x = e.operand(0);
    for (Fn fn : functions) e.result(binary ? e.call(fn, x, e.operand(1)) : e.call(fn, x));
    return taken(e);
}

void add_functions(std::vector<Case> &cases) {
    const Shape shape{16, 3, 5, 7};
    const auto add = [&](const std::string &name, Fill fill, std::initializer_list<Fn> functions,
                         bool binary) {
        CaseBuilder b;
        std::vector<TensorId> inputs{b.samples(shape, filled(fill))}, outputs;
        if (binary) inputs.push_back(b.samples(shape, filled(fill)));
        for (size_t i = 0; i < functions.size(); ++i)
            outputs.push_back(b.samples(shape, kGradient));
        b.op(OpKind::pointwise, inputs, outputs, each_function(functions, binary));
        cases.push_back(b.build(text(name, "_", static_cast<int>(fill))));
    };
    for (Fill fill : {Fill::signed_unit, Fill::large, Fill::special, Fill::tiny})
        add("functions", fill,
            {Fn::negate, Fn::abs, Fn::exp, Fn::tanh, Fn::sigmoid, Fn::erf, Fn::finite}, false);
    for (Fill fill : {Fill::positive, Fill::special})
        add("roots", fill, {Fn::sqrt, Fn::log, Fn::log1p}, false);
    for (Fill fill : {Fill::signed_unit, Fill::special, Fill::few})
        add("pairs", fill, {Fn::add, Fn::sub, Fn::mul, Fn::div, Fn::min, Fn::max, Fn::less}, true);
}

void add_broadcasts(std::vector<Case> &cases) {
    for (const Shape &shape : element_shapes()) {
        CaseBuilder bias;
        bias.op(OpKind::pointwise, {bias.samples(shape), bias.parameter({shape[1]})},
                {bias.samples(shape)}, bias_attributes());
        cases.push_back(bias.build(shape_name("bias", shape)));

        for (int count = 1; count <= 3; ++count) {
            for (bool gradient : {false, true}) {
                CaseBuilder b;
                std::vector<TensorId> inputs;
                for (int i = 0; i < count; ++i) inputs.push_back(b.samples(shape, role(gradient)));
                b.op(OpKind::pointwise, inputs, {b.samples(shape, role(gradient))},
                     add_attributes(count));
                cases.push_back(
                    b.build(shape_name(text("add", count, gradient ? "_gradients" : ""), shape)));
            }
        }

        // Every access at once: x scale[c] + shift[c] weight[n] rate - total.
        ExpressionBuilder e;
        const auto scaled = e.times(e.operand(0), e.operand(1));
        const auto shift = e.times(e.times(e.operand(2), e.operand(3)), e.operand(4));
        e.result(e.minus(e.plus(scaled, shift), e.operand(5)));
        CaseBuilder b;
        const TensorId x = b.samples(shape), scale = b.parameter({shape[1]});
        const TensorId offset = b.tensor({shape[1]}, false, {}), weight = b.samples({shape[0]});
        const TensorId rate = b.tensor({1}, false, {});
        const TensorId total = b.tensor({1}, false, filled(Fill::wide), Type::wide);
        b.op(OpKind::pointwise, {x, scale, offset, weight, rate, total},
             {b.samples(shape, kGradient)}, taken(e));
        cases.push_back(b.build(shape_name("accesses", shape)));

        CaseBuilder all;
        const TensorId in = all.samples(shape), p = all.samples(shape, filled(Fill::positive));
        all.op(OpKind::pointwise, {in, p},
               {all.samples(shape, kGradient), all.samples(shape, kGradient)}, every_function());
        cases.push_back(all.build(shape_name("every_function", shape)));
    }
}

// Vectors the size of theta, updated in place as optimizers do it.
void add_updates(std::vector<Case> &cases) {
    for (int64_t size : {int64_t{1}, int64_t{7}, int64_t{37}, int64_t{1000}, int64_t{20011}}) {
        // Adam: m, v and theta in place, gated by a finite gradient norm of type wide.
        ExpressionBuilder e;
        const auto theta = e.operand(0), m = e.operand(1), v = e.operand(2), g = e.operand(3);
        const auto go = e.call(Fn::finite, e.operand(4));
        const auto rate = e.scalar(kSlotUpdate), one = e.constant(1);
        const auto beta1 = e.constant(0.9), beta2 = e.constant(0.999);
        const auto m1 = e.plus(e.times(beta1, m), e.times(e.minus(one, beta1), g));
        const auto v1 = e.plus(e.times(beta2, v), e.times(e.minus(one, beta2), e.times(g, g)));
        const auto step = e.over(e.times(rate, m1), e.plus(e.call(Fn::sqrt, v1), e.constant(1e-8)));
        e.result(e.select(go, e.minus(theta, step), theta));
        e.result(e.select(go, m1, m));
        e.result(e.select(go, v1, v));
        for (bool gate : {true, false}) {
            CaseBuilder b;
            const TensorId t = b.parameter({size}), first = b.tensor({size}, false);
            const TensorId second = b.tensor({size}, false, filled(Fill::positive));
            const TensorId gradient = b.tensor({size}, false, {}, Type::real, Space::gradient);
            const TensorId norm = b.tensor({1}, false, filled(gate ? Fill::wide : Fill::special),
                                           gate ? Type::wide : Type::real, Space::status);
            PointwiseAttributes attributes;
            ExpressionBuilder copy = e;
            attributes.expression = copy.take();
            b.op(OpKind::pointwise, {t, first, second, gradient, norm}, {t, first, second},
                 attributes);
            cases.push_back(b.build(text("adam_", size, gate ? "" : "_gate")));
        }
    }
    ExpressionBuilder e;
    e.result(e.plus(e.operand(0), e.times(e.scalar(kSlotUpdate), e.operand(1))));
    const PointwiseAttributes attributes = taken(e);
    for (int64_t size : {int64_t{3}, int64_t{129}}) {
        CaseBuilder b;
        const TensorId y = b.parameter({size}), x = b.parameter({size});
        b.op(OpKind::pointwise, {y, x}, {y}, attributes);
        cases.push_back(b.build(text("axpy_", size)));
    }
}

std::vector<Case> pointwise_cases() {
    std::vector<Case> cases;
    add_activations(cases);
    add_functions(cases);
    add_broadcasts(cases);
    add_updates(cases);
    return cases;
}

// --- Reductions.

std::vector<Case> channel_sum_cases() {
    std::vector<Case> cases;
    for (const Shape &shape : element_shapes()) {
        CaseBuilder bias;
        ExpressionBuilder same;
        same.result(same.operand(0));
        bias.op(OpKind::channel_sum, {bias.samples(shape, kGradient)}, {bias.gradient({shape[1]})},
                taken(same));
        cases.push_back(bias.build(shape_name("bias", shape)));

        // Moments about a mean, and a product of two tensors; lanes past the end hold garbage.
        ExpressionBuilder e;
        const auto centred = e.minus(e.operand(0), e.operand(1));
        e.result(centred);
        e.result(e.times(centred, centred));
        e.result(e.times(e.times(e.operand(2), centred), e.operand(3)));
        CaseBuilder b;
        const TensorId x = b.samples(shape), mean = b.tensor({shape[1]}, false);
        const TensorId dy = b.samples(shape), weight = b.samples({shape[0]});
        b.op(
            OpKind::channel_sum, {x, mean, dy, weight},
            {b.tensor({shape[1]}, false), b.tensor({shape[1]}, false), b.tensor({shape[1]}, false)},
            taken(e));
        cases.push_back(b.build(shape_name("moments", shape)));
    }
    return cases;
}

Case sum_case(const std::string &name, const Shape &shape, bool batched, Fill fill) {
    ExpressionBuilder e;
    const auto x = e.operand(0);
    e.result(x);
    e.result(e.times(x, e.operand(1)));
    e.result(e.times(e.call(Fn::abs, x), e.scalar(kSlotInverseCount)));
    CaseBuilder b;
    const Space space = batched ? Space::activation : Space::parameter;
    const TensorId first = b.tensor(shape, batched, filled(fill), Type::real, space);
    const TensorId second = b.tensor(shape, batched, filled(fill), Type::real, space);
    std::vector<TensorId> results;
    for (int i = 0; i < 3; ++i)
        results.push_back(b.tensor({1}, false, {}, Type::wide, Space::status));
    b.op(OpKind::sum, {first, second}, results, taken(e));
    return b.build(name);
}

std::vector<Case> sum_cases() {
    std::vector<Case> cases;
    for (const Shape &shape : element_shapes())
        cases.push_back(sum_case(shape_name("sum", shape), shape, true, Fill::signed_unit));
    for (int64_t size : {int64_t{1}, int64_t{2}, int64_t{31}, int64_t{1000}, int64_t{50021}})
        cases.push_back(sum_case(text("vector_", size), {size}, false, Fill::signed_unit));
    cases.push_back(sum_case("loss_64", {64}, true, Fill::positive));
    cases.push_back(sum_case("large", {30011}, false, Fill::large));
    cases.push_back(sum_case("special", {1003}, false, Fill::special));
    return cases;
}

// --- Softmax and its loss.

std::vector<Case> softmax_cases(OpKind kind) {
    std::vector<Case> cases;
    const auto add = [&](const Shape &shape, Fill fill, const std::string &name) {
        CaseBuilder b;
        if (kind == OpKind::softmax) {
            b.op(kind, {b.samples(shape, filled(fill))}, {b.samples(shape)});
        } else {
            const TensorId dy = b.samples(shape, kGradient);
            const TensorId y = b.samples(shape, filled(Fill::distribution));
            b.op(kind, {dy, y}, {b.samples(shape, kGradient)});
        }
        cases.push_back(b.build(shape_name(name, shape)));
        cases.back().smooth = fill == Fill::signed_unit;
    };
    for (const Shape &shape : std::vector<Shape>{{1, 1},
                                                 {1, 10},
                                                 {3, 2},
                                                 {16, 10},
                                                 {17, 37},
                                                 {64, 10},
                                                 {5, 1000},
                                                 {16, 5, 3, 2},
                                                 {3, 17, 2, 3},
                                                 {33, 11, 1, 1}})
        add(shape, Fill::signed_unit, "softmax");
    if (kind == OpKind::softmax) {
        add({17, 11}, Fill::large, "large");
        add({17, 11}, Fill::few, "few");
        add({17, 11}, Fill::tiny, "tiny");
    }
    return cases;
}

Case cross_entropy_case(const std::string &name, const Shape &shape, bool labels, bool gradient,
                        Fill fill) {
    CaseBuilder b;
    const int64_t n = shape[0], classes = shape[1];
    Shape places{n};
    if (shape.elements_after(1) > 1) {
        places = shape;
        places[1] = 1;
    }
    const TensorId logits = b.samples(shape, filled(fill));
    const TensorId target =
        labels ? b.tensor(places, true, {Padding::finite, Fill::labels, classes}, Type::i32)
               : b.samples(shape, filled(Fill::distribution));
    const TensorId weights = b.samples({n}, filled(Fill::positive));
    std::vector<TensorId> outputs{b.samples(places), b.samples(places), kNoTensor};
    if (gradient) outputs[2] = b.samples(shape, kGradient);
    b.op(OpKind::softmax_cross_entropy, {logits, target, weights}, outputs,
         CrossEntropyAttributes{labels ? 0.75 : 1.0,
                                labels ? kSlotInverseCount : kSlotInverseBatch});
    Case c = b.build(text(shape_name(name, shape), labels ? "_labels" : "_distribution",
                          gradient ? "" : "_loss_only"));
    c.smooth = fill == Fill::signed_unit;
    return c;
}

std::vector<Case> cross_entropy_cases() {
    std::vector<Case> cases;
    for (const Shape &shape :
         {Shape{1, 1}, Shape{1, 10}, Shape{3, 2}, Shape{16, 10}, Shape{17, 37}, Shape{64, 10},
          Shape{33, 5}, Shape{5, 1000}, Shape{16, 7, 1, 1}, Shape{1, 3, 5, 7}, Shape{3, 2, 4, 4},
          Shape{17, 5, 3, 2}, Shape{33, 4, 1, 9}, Shape{2, 21, 9, 11}})
        for (bool labels : {true, false})
            for (bool gradient : {true, false})
                cases.push_back(
                    cross_entropy_case("unit", shape, labels, gradient, Fill::signed_unit));
    for (bool labels : {true, false})
        for (const Shape &shape : {Shape{17, 11}, Shape{17, 11, 2, 3}}) {
            cases.push_back(cross_entropy_case("large", shape, labels, true, Fill::large));
            cases.push_back(cross_entropy_case("ties", shape, labels, true, Fill::few));
        }
    return cases;
}

// --- Moving elements.

std::vector<Case> dropout_cases() {
    std::vector<Case> cases;
    for (double rate : {0.5, 0.3, 0.0}) {
        for (const Shape &shape : element_shapes()) {
            const bool gradient = rate == 0.3;
            CaseBuilder b;
            b.op(OpKind::dropout, {b.samples(shape, role(gradient))},
                 {b.samples(shape, role(gradient))},
                 DropoutAttributes{rate, 0x0123456789abcdefu, static_cast<uint32_t>(shape[1])});
            cases.push_back(b.build(shape_name(text("rate_", rate), shape)));
            cases.back().step = rate == 0.5 ? 7 : 0x300000005u;
        }
    }
    return cases;
}

std::vector<Case> concat_cases() {
    std::vector<Case> cases;
    for (const auto &channels : std::vector<std::vector<int64_t>>{{5},
                                                                  {1, 1},
                                                                  {16, 16},
                                                                  {3, 5},
                                                                  {17, 2, 13},
                                                                  {8, 8, 16},
                                                                  {16, 3},
                                                                  {3, 16},
                                                                  {32, 16, 5, 1}}) {
        for (const Shape &like : std::vector<Shape>{{3, 0}, {16, 0, 3, 5}, {17, 0, 2, 2}}) {
            for (bool gradient : {false, true}) {
                CaseBuilder b;
                Shape shape = like;
                std::vector<TensorId> inputs;
                std::string name = "concat";
                for (int64_t c : channels) {
                    shape[1] = c;
                    inputs.push_back(b.samples(shape, role(gradient)));
                    name += text("_", c);
                }
                shape[1] = 0;
                for (int64_t c : channels) shape[1] += c;
                b.op(OpKind::concat, inputs, {b.samples(shape, role(gradient))});
                cases.push_back(b.build(shape_name(name + (gradient ? "_gradient" : ""), shape)));
            }
        }
    }
    return cases;
}

std::vector<Case> slice_cases() {
    std::vector<Case> cases;
    for (const auto &[from, offset, to] : std::vector<std::array<int64_t, 3>>{{5, 0, 5},
                                                                              {32, 16, 16},
                                                                              {19, 16, 3},
                                                                              {17, 3, 11},
                                                                              {40, 5, 17},
                                                                              {37, 36, 1},
                                                                              {48, 0, 16}}) {
        for (const Shape &like : std::vector<Shape>{{3, 0}, {16, 0, 3, 5}, {17, 0, 2, 2}}) {
            for (bool gradient : {false, true}) {
                CaseBuilder b;
                Shape x = like, y = like;
                x[1] = from;
                y[1] = to;
                b.op(OpKind::slice, {b.samples(x, role(gradient))}, {b.samples(y, role(gradient))},
                     SliceAttributes{offset});
                cases.push_back(
                    b.build(shape_name(text("at_", offset, gradient ? "_gradient" : ""), x)));
            }
        }
    }
    return cases;
}

// A table of rows x columns with about one in `sparsity` set, or none in some rows.
std::shared_ptr<const SparseTable> random_table(const std::string &name, int64_t rows,
                                                int64_t columns, int64_t sparsity) {
    Dice dice(name);
    SparseTable table;
    table.column_count = static_cast<int32_t>(columns);
    for (int64_t row = 0; row < rows; ++row) {
        for (int64_t column = dice.from(0, 2 * sparsity); column < columns;
             column += dice.from(1, 2 * sparsity))
            table.columns.push_back(static_cast<int32_t>(column));
        table.starts.push_back(static_cast<int32_t>(table.columns.size()));
    }
    return std::make_shared<const SparseTable>(std::move(table));
}

std::vector<Case> gather_cases() {
    std::vector<Case> cases;
    for (const auto &[x, y, sparsity] :
         std::vector<std::tuple<Shape, Shape, int64_t>>{{{1}, {1}, 1},
                                                        {{7}, {3, 5}, 2},
                                                        {{5, 3, 2}, {37}, 9},
                                                        {{400}, {6, 3, 5, 5}, 400},
                                                        {{17, 4, 3, 3}, {129}, 5},
                                                        {{40000}, {33, 17, 9, 9}, 20000}}) {
        for (bool backward : {false, true}) {
            const std::string name =
                text("gather_", to_text(x), "_to_", to_text(y), backward ? "_back" : "");
            auto table = random_table(name, y.elements(), x.elements(), sparsity);
            CaseBuilder b;
            if (backward)
                b.op(OpKind::gather, {b.tensor(y, false, kGradient)}, {b.gradient(x)},
                     GatherAttributes{std::make_shared<const SparseTable>(table->transposed())});
            else
                b.op(OpKind::gather, {b.parameter(x)}, {b.tensor(y, false)},
                     GatherAttributes{table});
            cases.push_back(b.build(name));
        }
    }
    return cases;
}

std::vector<Case> distance_cases(OpKind kind) {
    std::vector<Case> cases;
    const auto add = [&](const Shape &x, int64_t units, Fill fill) {
        Shape c = x;
        c[0] = units;
        const Shape y{x[0], units, 1, 1};
        CaseBuilder b;
        const TensorId dy = b.samples(y, kGradient), samples = b.samples(x, filled(fill));
        const TensorId centers = b.parameter(c, filled(fill));
        if (kind == OpKind::distance)
            b.op(kind, {samples, centers}, {b.samples(y)});
        else if (kind == OpKind::distance_tangent)
            b.op(kind, {samples, centers, b.samples(x), b.parameter(c)}, {b.samples(y)});
        else if (kind == OpKind::distance_backward_data)
            b.op(kind, {dy, samples, centers}, {b.samples(x, kGradient)});
        else
            b.op(kind, {dy, samples, centers}, {b.gradient(c)});
        cases.push_back(b.build(shape_name(text("units_", units), x)));
        cases.back().smooth = fill == Fill::signed_unit;
    };
    for (const auto &[x, units] : std::vector<std::pair<Shape, int64_t>>{{{1, 1, 1, 1}, 1},
                                                                         {{3, 7, 1, 1}, 5},
                                                                         {{16, 2, 1, 1}, 8},
                                                                         {{17, 5, 3, 2}, 19},
                                                                         {{33, 16, 1, 1}, 1},
                                                                         {{64, 1, 1, 1}, 37},
                                                                         {{1, 37, 5, 1}, 17},
                                                                         {{5, 3, 17, 13}, 3},
                                                                         {{130, 48, 1, 1}, 70}})
        add(x, units, Fill::signed_unit);
    add({17, 5, 1, 1}, 6, Fill::few);
    add({17, 5, 1, 1}, 7, Fill::large);
    return cases;
}

std::vector<Case> reshape_cases() {
    std::vector<Case> cases;
    for (const auto &[from, to] :
         std::vector<std::pair<Shape, Shape>>{{{3, 5, 2, 7}, {3, 70}},
                                              {{16, 16, 3, 3}, {16, 144}},
                                              {{17, 70}, {17, 5, 2, 7}},
                                              {{1, 12}, {1, 3, 2, 2}},
                                              {{64, 4, 5, 1}, {64, 20}},
                                              {{5, 6, 4, 2}, {5, 3, 4, 4}},
                                              {{16, 33}, {16, 33, 1, 1}},
                                              {{7, 1, 4, 4}, {7, 16, 1, 1}}}) {
        for (bool gradient : {false, true}) {
            CaseBuilder b;
            b.op(OpKind::reshape, {b.samples(from, role(gradient))},
                 {b.samples(to, role(gradient))});
            cases.push_back(
                b.build(text(to_text(from), "_to_", to_text(to), gradient ? "_gradient" : "")));
        }
    }
    return cases;
}

// Code of a host's that moves values: an expression of x, y and dy, or whole samples and a
// parameter.
class Mover final : public HostFunction {
  public:
    Mover(int64_t sample, bool expression) : sample_(sample), expression_(expression) {}

    std::string name() const override { return "mover"; }
    int32_t call(int64_t n, std::span<const float *const> inputs,
                 std::span<float *const> outputs) const override {
        for (int64_t i = 0; i < n * sample_; ++i)
            outputs[0][i] = expression_  ? (inputs[0][i] > 0 ? inputs[1][i] : inputs[2][i])
                            : i % 2 == 0 ? inputs[0][i]
                                         : inputs[1][i % sample_];
        return outputs.size() == 2 && outputs[1] != nullptr ? 1 : 0;
    }
    std::string_view expression() const override { return expression_ ? "x > 0 ? y : dy" : ""; }

  private:
    int64_t sample_;
    bool expression_;
};

std::vector<Case> host_cases() {
    std::vector<Case> cases;
    for (const Shape &shape :
         {Shape{3, 5, 2, 7}, {16, 16, 3, 3}, {17, 70}, {1, 1}, {33, 3, 11, 13}}) {
        for (bool expression : {false, true}) {
            CaseBuilder b;
            const Shape sample{shape.elements_after(0)};
            const HostAttributes attributes{std::make_shared<Mover>(sample[0], expression)};
            const TensorId x = b.samples(shape);
            if (expression)
                b.op(OpKind::host, {x, b.samples(shape), b.samples(shape)}, {b.samples(shape)},
                     attributes);
            else
                b.op(OpKind::host, {x, b.parameter(sample)}, {b.samples(shape), kNoTensor},
                     attributes);
            cases.push_back(b.build(text(to_text(shape), expression ? "_expression" : "")));
        }
    }
    return cases;
}

// A harness gives these the layouts it has seen.
std::vector<Case> reorder_cases() {
    std::vector<Case> cases;
    const auto add = [&](const Shape &shape, bool batched, bool gradient) {
        CaseBuilder b;
        const Space space = batched ? Space::activation : Space::parameter;
        b.op(OpKind::reorder, {b.tensor(shape, batched, role(gradient), Type::real, space)},
             {b.tensor(shape, batched, role(gradient))});
        cases.push_back(b.build(text(batched ? "samples_" : "parameters_", to_text(shape),
                                     gradient ? "_gradient" : "")));
    };
    for (bool gradient : {false, true}) {
        for (const Shape &shape : std::vector<Shape>{{1, 1, 1, 1},
                                                     {3, 5, 4, 3},
                                                     {17, 19, 2, 3},
                                                     {16, 16, 3, 2},
                                                     {33, 3, 5, 4},
                                                     {2, 40, 7, 1},
                                                     {3, 7},
                                                     {17, 33},
                                                     {16, 16},
                                                     {64, 10}})
            add(shape, true, gradient);
    }
    for (const Shape &shape :
         std::vector<Shape>{{5, 3, 3, 2}, {33, 17, 3, 3}, {16, 16, 1, 1}, {10, 37}})
        add(shape, false, true);
    return cases;
}

std::vector<Case> feed_cases() {
    std::vector<Case> cases;
    for (const Shape &shape : std::vector<Shape>{
             {1, 1, 1, 1}, {3, 3, 5, 7}, {17, 1, 4, 4}, {16, 5, 3, 2}, {33, 7}, {64, 3, 4, 4}}) {
        for (int type : {0, 1}) {
            for (int form = 0; form < 4; ++form) {
                CaseBuilder b;
                b.op(OpKind::feed, {}, {b.samples(shape)});
                Case c = b.build(shape_name(text("feed_", type, "_", form), shape));
                c.samples.type = type;
                c.samples.nhwc = form % 2 == 1;
                c.samples.rows = form >= 2;
                if (form != 0) {
                    c.samples.scale = {0.5f, 2.0f, 0.0039215689f, 3.0f};
                    c.samples.mean = {1.0f, -0.5f, 127.0f, 0.25f};
                }
                cases.push_back(c);
            }
        }
    }
    for (int64_t n : {int64_t{1}, int64_t{17}, int64_t{64}}) {
        for (int type : {1, 2, 3}) {
            CaseBuilder b;
            b.op(OpKind::feed, {}, {b.tensor({n}, true, {}, Type::i32)});
            Case c = b.build(text("labels_", n, "_", type));
            c.samples.type = type;
            c.samples.rows = n != 17;
            cases.push_back(c);
        }
    }
    return cases;
}

// --- Groups.

// What follows a convolution, in this order.
struct Chain {
    bool bias = false;
    bool affine = false;  // batch norm folded into a scale and a shift a channel
    int residual = 0;     // 1: the chain's value plus another, 2: another plus it
    Activation activation = Activation::linear;
};

Case convolution_chain(const WindowCase &w, const Chain &chain) {
    CaseBuilder b;
    std::string name = text("convolution_", w.name);
    const Shape y = w.y(w.o);
    TensorId value = b.samples(y);
    b.op(OpKind::convolution, {b.samples(w.x()), b.parameter(w.w())}, {value},
         ConvolutionAttributes{w.window(), w.groups});
    const auto follow = [&](const PointwiseAttributes &attributes, std::vector<TensorId> inputs) {
        const TensorId next = b.samples(y);
        b.op(OpKind::pointwise, std::move(inputs), {next}, attributes);
        value = next;
    };
    if (chain.bias) {
        follow(bias_attributes(), {value, b.parameter({w.o})});
        name += "+bias";
    }
    if (chain.affine) {
        follow(affine_attributes(), {value, b.parameter({w.o}), b.parameter({w.o})});
        name += "+affine";
    }
    if (chain.residual != 0) {
        const TensorId other = b.samples(y);
        follow(add_attributes(2),
               chain.residual == 1 ? std::vector{value, other} : std::vector{other, value});
        name += chain.residual == 1 ? "+add" : "+added";
    }
    if (chain.activation != Activation::linear) {
        follow(activation_attributes(chain.activation, 0.1), {value});
        name += text("+", name_of(chain.activation));
    }
    return b.build(name);
}

void add_convolution_chains(std::vector<Case> &cases) {
    for (const WindowCase &w : convolution_windows(0)) {
        if (w.spatial != 2) continue;
        cases.push_back(convolution_chain(w, {.bias = true}));
        cases.push_back(convolution_chain(w, {.bias = true, .activation = Activation::relu}));
        cases.push_back(convolution_chain(
            w, {.affine = true, .residual = 1, .activation = Activation::leaky_relu}));
    }
    const auto windows = convolution_windows(0);
    for (size_t i : {size_t{2}, size_t{9}, size_t{19}, size_t{20}, size_t{24}, size_t{25}}) {
        for (Activation activation : kActivations) {
            cases.push_back(
                convolution_chain(windows[i], {.bias = true, .activation = activation}));
            if (activation != Activation::relu && activation != Activation::linear) continue;
            for (const Chain &chain :
                 {Chain{}, Chain{.bias = true, .residual = 1}, Chain{.residual = 2},
                  Chain{.affine = true}, Chain{.bias = true, .affine = true, .residual = 2}}) {
                Chain all = chain;
                all.activation = activation;
                cases.push_back(convolution_chain(windows[i], all));
            }
        }
    }
}

// What backward passes offer to join: the activation's gradient with what makes or reads it.
void add_backward_chains(std::vector<Case> &cases) {
    const auto windows = convolution_windows(0);
    for (size_t i : {size_t{2}, size_t{3}, size_t{9}, size_t{19}, size_t{24}}) {
        const WindowCase &w = windows[i];
        const ConvolutionAttributes attributes{w.window(), w.groups};
        for (Activation activation : {Activation::relu, Activation::tanh}) {
            const PointwiseAttributes derivative = activation_backward_attributes(activation, 0);
            {
                CaseBuilder b;
                const TensorId dx = b.samples(w.x(), kGradient);
                b.op(OpKind::convolution_backward_data,
                     {b.samples(w.y(w.o), kGradient), b.parameter(w.w())}, {dx}, attributes);
                b.op(OpKind::pointwise, {dx, b.samples(w.x())}, {b.samples(w.x(), kGradient)},
                     derivative);
                cases.push_back(b.build(text("convolution_backward_data_", w.name, "+",
                                             name_of(activation), "_backward")));
            }
            {
                CaseBuilder b;
                const TensorId dz = b.samples(w.y(w.o), kGradient);
                b.op(OpKind::pointwise, {b.samples(w.y(w.o), kGradient), b.samples(w.y(w.o))}, {dz},
                     derivative);
                b.op(OpKind::convolution_backward_data, {dz, b.parameter(w.w())},
                     {b.samples(w.x(), kGradient)}, attributes);
                cases.push_back(b.build(
                    text(name_of(activation), "_backward+convolution_backward_data_", w.name)));
            }
            {
                CaseBuilder b;
                const TensorId dz = b.samples(w.y(w.o), kGradient), db = b.gradient({w.o});
                b.op(OpKind::pointwise, {b.samples(w.y(w.o), kGradient), b.samples(w.y(w.o))}, {dz},
                     derivative);
                ExpressionBuilder e;
                e.result(e.operand(0));
                b.op(OpKind::channel_sum, {dz}, {db}, taken(e));
                cases.push_back(b.build(
                    text(name_of(activation), "_backward+bias_gradient_", w.name), {dz, db}));
            }
        }
        {
            CaseBuilder b;
            const TensorId dy = b.samples(w.y(w.o), kGradient);
            const TensorId dw = b.gradient(w.w()), db = b.gradient({w.o});
            ExpressionBuilder e;
            e.result(e.operand(0));
            b.op(OpKind::convolution_backward_weights, {b.samples(w.x()), dy}, {dw}, attributes);
            b.op(OpKind::channel_sum, {dy}, {db}, taken(e));
            cases.push_back(
                b.build(text("convolution_backward_weights_", w.name, "+bias_gradient"), {dw, db}));
        }
    }
}

void add_other_chains(std::vector<Case> &cases) {
    for (const Shape &shape : element_shapes()) {
        ExpressionBuilder square;
        square.result(square.times(square.operand(0), square.operand(0)));
        const PointwiseAttributes squared = taken(square);
        {
            CaseBuilder b;
            const TensorId sum = b.samples(shape);
            b.op(OpKind::pointwise, {b.samples(shape), b.samples(shape)}, {sum}, add_attributes(2));
            b.op(OpKind::pointwise, {sum}, {b.samples(shape)},
                 activation_attributes(Activation::relu, 0));
            cases.push_back(b.build(shape_name("add+relu", shape)));
        }
        {
            // The inner value is wanted outside as well.
            CaseBuilder b;
            const TensorId inner = b.samples(shape), y = b.samples(shape, kGradient);
            b.op(OpKind::pointwise, {b.samples(shape), b.parameter({shape[1]})}, {inner},
                 bias_attributes());
            b.op(OpKind::pointwise, {inner}, {y}, squared);
            cases.push_back(b.build(shape_name("bias+square_both", shape), {inner, y}));
        }
        {
            CaseBuilder b;
            const TensorId inner = b.samples(shape);
            ExpressionBuilder e;
            e.result(e.operand(0));
            b.op(OpKind::pointwise, {b.samples(shape)}, {inner}, squared);
            b.op(OpKind::sum, {inner}, {b.tensor({1}, false, {}, Type::wide, Space::status)},
                 taken(e));
            cases.push_back(b.build(shape_name("square+sum", shape)));
        }
        {
            CaseBuilder b;
            const TensorId inner = b.samples(shape);
            b.op(OpKind::pointwise, {b.samples(shape)}, {inner},
                 activation_attributes(Activation::tanh, 0));
            b.op(OpKind::dropout, {inner}, {b.samples(shape)}, DropoutAttributes{0.5, 11, 3});
            cases.push_back(b.build(shape_name("tanh+dropout", shape)));
        }
    }
    for (const WindowCase &w : pool_windows(0)) {
        const PoolAttributes attributes{w.window(), w.include_padding};
        for (OpKind kind : {OpKind::max_pool, OpKind::average_pool}) {
            CaseBuilder b;
            const TensorId inner = b.samples(w.y(w.c));
            b.op(kind, {b.samples(w.x())}, {inner}, attributes);
            b.op(OpKind::pointwise, {inner}, {b.samples(w.y(w.c))},
                 activation_attributes(Activation::relu, 0));
            cases.push_back(b.build(text(name_of(kind), "_", w.name, "+relu")));
            CaseBuilder first;
            const TensorId x = first.samples(w.x());
            first.op(OpKind::pointwise, {first.samples(w.x())}, {x},
                     activation_attributes(Activation::relu, 0));
            first.op(kind, {x}, {first.samples(w.y(w.c))}, attributes);
            cases.push_back(first.build(text("relu+", name_of(kind), "_", w.name)));
        }
        for (OpKind kind : {OpKind::max_pool_backward, OpKind::average_pool_backward}) {
            CaseBuilder b;
            const TensorId dx = b.samples(w.x(), kGradient), x = b.samples(w.x());
            std::vector<TensorId> inputs{b.samples(w.y(w.c), kGradient)};
            if (kind == OpKind::max_pool_backward) inputs.push_back(x);
            b.op(kind, inputs, {dx}, attributes);
            b.op(OpKind::pointwise, {dx, x}, {b.samples(w.x(), kGradient)},
                 activation_backward_attributes(Activation::relu, 0));
            cases.push_back(b.build(text(name_of(kind), "_", w.name, "+relu_backward")));
        }
    }
}

// --- Data.

float unit(const RandomStream &stream, uint64_t i) {
    // Odd multiples of 2^-24 below 1: never zero.
    const float magnitude = static_cast<float>((stream.at(i) >> 9) * 2 + 1) * 0x1p-24f;
    return (stream.at(i) & 1) != 0 ? magnitude : -magnitude;
}

double element(Fill fill, const RandomStream &stream, uint64_t i, int64_t classes) {
    const float u = unit(stream, i);
    const uint32_t word = stream.at(i) >> 4;
    switch (fill) {
        case Fill::signed_unit:
        case Fill::wide:
            return u;
        case Fill::positive:
            return std::abs(u) + 0.1f;
        case Fill::few:
            return static_cast<double>(word % 5) - 2;
        case Fill::huge:
            return u * 1e30f;
        case Fill::tiny:
            return u * (word % 3 == 0 ? 1e-40f : 1e-37f);
        case Fill::special:
            if (word % 7 == 0) return std::numeric_limits<double>::quiet_NaN();
            if (word % 11 == 0) return std::numeric_limits<double>::infinity();
            if (word % 13 == 0) return -std::numeric_limits<double>::infinity();
            return u;
        case Fill::large:
            return u * 1000.0f;
        case Fill::labels:
            return static_cast<double>(word % static_cast<uint64_t>(classes));
        case Fill::distribution:
            return std::abs(u);
    }
    return 0;
}

}  // namespace

std::vector<Case> cases_of(OpKind kind, int random) {
    switch (kind) {
        case OpKind::convolution:
        case OpKind::convolution_backward_data:
        case OpKind::convolution_backward_weights:
            return convolution_cases(kind, random);
        case OpKind::max_pool:
        case OpKind::max_pool_backward:
        case OpKind::max_pool_tangent:
        case OpKind::average_pool:
        case OpKind::average_pool_backward:
            return pool_cases(kind, random);
        case OpKind::pointwise:
            return pointwise_cases();
        case OpKind::channel_sum:
            return channel_sum_cases();
        case OpKind::sum:
            return sum_cases();
        case OpKind::softmax:
        case OpKind::softmax_backward:
            return softmax_cases(kind);
        case OpKind::softmax_cross_entropy:
            return cross_entropy_cases();
        case OpKind::dropout:
            return dropout_cases();
        case OpKind::concat:
            return concat_cases();
        case OpKind::slice:
            return slice_cases();
        case OpKind::gather:
            return gather_cases();
        case OpKind::distance:
        case OpKind::distance_tangent:
        case OpKind::distance_backward_data:
        case OpKind::distance_backward_weights:
            return distance_cases(kind);
        case OpKind::reshape:
            return reshape_cases();
        case OpKind::reorder:
            return reorder_cases();
        case OpKind::host:
            return host_cases();
        case OpKind::feed:
            return feed_cases();
    }
    return {};
}

std::vector<Case> fused_cases() {
    std::vector<Case> cases;
    add_convolution_chains(cases);
    add_backward_chains(cases);
    add_other_chains(cases);
    // A chain that asked for nothing beyond its head is no group.
    std::erase_if(cases, [](const Case &c) { return c.group.ops.size() < 2; });
    return cases;
}

FusedOp prefix_of(const FusedOp &group, size_t count) {
    const auto uses = [](const std::vector<TensorId> &ids, TensorId id) {
        return std::count(ids.begin(), ids.end(), id) > 0;
    };
    const auto any = [&](size_t begin, size_t end, bool inputs, TensorId id) {
        for (size_t i = begin; i < end; ++i)
            if (uses(inputs ? group.ops[i].inputs : group.ops[i].outputs, id)) return true;
        return false;
    };
    std::vector<TensorId> order[3];  // read, written, inside
    for (TensorId id = 0; id < static_cast<TensorId>(group.tensors.size()); ++id) {
        const bool read = any(0, count, true, id), written = any(0, count, false, id);
        const bool kept = id < group.operands() || any(count, group.ops.size(), true, id);
        if (written)
            order[kept ? 1 : 2].push_back(id);
        else if (read)
            order[0].push_back(id);
    }
    FusedOp prefix;
    std::vector<TensorId> ids;
    for (const auto &part : order) ids.insert(ids.end(), part.begin(), part.end());
    for (TensorId id : ids) prefix.tensors.push_back(group.tensors[static_cast<size_t>(id)]);
    prefix.inputs = static_cast<int32_t>(order[0].size());
    prefix.accept = group.accept;
    prefix.outputs = static_cast<int32_t>(order[1].size());
    prefix.ops.assign(group.ops.begin(), group.ops.begin() + static_cast<std::ptrdiff_t>(count));
    const auto renumber = [&](TensorId &id) {
        if (id == kNoTensor) return;
        id = static_cast<TensorId>(std::find(ids.begin(), ids.end(), id) - ids.begin());
    };
    for (Op &op : prefix.ops) {
        for (TensorId &id : op.inputs) renumber(id);
        for (TensorId &id : op.outputs) renumber(id);
    }
    return prefix;
}

std::vector<double> data_of(const Case &c, size_t index) {
    const Tensor &tensor = c.group.tensors[index];
    const OperandData &data = c.operands[index];
    const RandomStream stream(c.seed, index + 100);
    const int64_t parts = tensor.type == Type::wide ? 2 : 1;
    std::vector<double> values(static_cast<size_t>(tensor.shape.elements() * parts));
    for (size_t i = 0; i < values.size(); ++i)
        values[i] = element(data.fill, stream, i, data.classes);
    if (tensor.type == Type::wide)
        for (size_t i = 1; i < values.size(); i += 2)
            values[i] = static_cast<float>(values[i] * 0x1p-26);
    if (data.fill == Fill::distribution) {
        const int64_t classes = tensor.shape[1], places = tensor.shape.elements_after(1);
        for (int64_t row = 0; row < tensor.shape[0] * places; ++row) {
            const auto at = [&](int64_t k) {
                return static_cast<size_t>((row / places * classes + k) * places + row % places);
            };
            double total = 0;
            for (int64_t k = 0; k < classes; ++k) total += values[at(k)];
            for (int64_t k = 0; k < classes; ++k)
                values[at(k)] = static_cast<float>(values[at(k)] / total);
        }
    }
    return values;
}

}  // namespace cnn::conformance

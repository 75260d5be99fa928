// Operations that move elements and compute nothing: concat, slice, reshape and reorder.
#include "backend/cpu/move.h"

#include <array>
#include <cstring>

#include "backend/cpu/convolution.h"
#include "backend/cpu/operations.h"
#include "backend/cpu/view.h"
#include "base/error.h"

namespace cnn::cpu {

namespace {

constexpr size_t kMaxLanes = 16;

const Tensor &tensor_of(const FusedOp &op, TensorId id) {
    return op.tensors[static_cast<size_t>(id)];
}

// Floats of a view for one step of its outermost axis (a sample, or a block of samples), and steps.
int64_t rows_of(const Machine &machine, const View &view) {
    return view.form == Form::n_blocked ? divide_up(view.n, machine.width()) : view.n;
}
int64_t row_floats(const Machine &machine, const View &view) {
    return view.blocks * view.spatial * (view.form == Form::plain ? 1 : machine.width());
}

double copy_seconds(const Machine &machine, const FusedOp &op, const Layout &layout) {
    double bytes = 0;
    for (const Tensor &tensor : op.tensors) bytes += bytes_in(tensor, layout);
    return Machine::kLaunchSeconds + machine.seconds_of_bytes(bytes);
}

Candidate uniform_candidate(const Machine &machine, const FusedOp &op, Form form) {
    Candidate candidate;
    const Layout layout = layout_of(machine, form);
    candidate.algorithm = form == Form::plain       ? "copy"
                          : form == Form::n_blocked ? "copy_n"
                                                    : "copy_c";
    candidate.layouts.assign(static_cast<size_t>(op.operands()), layout);
    candidate.seconds = copy_seconds(machine, op, layout);
    return candidate;
}

Form form_in(const Machine &machine, const Candidate &candidate) {
    return form_of(machine, candidate.layouts[0]).value_or(Form::plain);
}

// --- Concat and slice: rows of channels end to end.

void concat_candidates(const Machine &machine, const FusedOp &op, std::vector<Candidate> &out) {
    const Op &head = op.head();
    bool whole_blocks = true;
    for (size_t i = 0; i + 1 < head.inputs.size(); ++i) {
        const int64_t channels = tensor_of(op, head.inputs[i]).shape[1];
        whole_blocks = whole_blocks && channels % machine.width() == 0;
    }
    for (Form form : forms_of(tensor_of(op, head.outputs[0]))) {
        if (form == Form::c_blocked && !whole_blocks) continue;
        out.push_back(uniform_candidate(machine, op, form));
    }
}

std::unique_ptr<Kernel> prepare_concat(Machine &machine, const FusedOp &op,
                                       const Candidate &candidate) {
    struct Part {
        TensorId id;
        int64_t begin, floats;  // in a row of the output
    };
    const Form form = form_in(machine, candidate);
    const TensorId to = op.head().outputs[0];
    const Tensor whole = tensor_of(op, to);
    const double seconds = candidate.seconds;
    std::vector<Part> parts;
    int64_t begin = 0;
    for (TensorId id : op.head().inputs) {
        const int64_t floats = row_floats(machine, view_of(machine, form, tensor_of(op, id), 1));
        parts.push_back({id, begin, floats});
        begin += floats;
    }
    return make_kernel([&machine, form, to, whole, seconds, parts](const Launch &launch) {
        const View view = view_of(machine, form, whole, launch.n);
        const int64_t row = row_floats(machine, view);
        for_ranges(machine, rows_of(machine, view), seconds, [&](int64_t first, int64_t last) {
            for (int64_t r = first; r < last; ++r) {
                for (const Part &part : parts) {
                    std::memcpy(operand(launch, to) + r * row + part.begin,
                                operand(launch, part.id) + r * part.floats,
                                static_cast<size_t>(part.floats) * sizeof(float));
                }
            }
        });
    });
}

void slice_candidates(const Machine &machine, const FusedOp &op, std::vector<Candidate> &out) {
    const int64_t offset = std::get<SliceAttributes>(op.head().attributes).offset;
    for (Form form : forms_of(tensor_of(op, op.head().outputs[0]))) {
        if (form == Form::c_blocked && offset % machine.width() != 0) continue;
        out.push_back(uniform_candidate(machine, op, form));
    }
}

std::unique_ptr<Kernel> prepare_slice(Machine &machine, const FusedOp &op,
                                      const Candidate &candidate) {
    const Form form = form_in(machine, candidate);
    const TensorId from = op.head().inputs[0], to = op.head().outputs[0];
    const Tensor whole = tensor_of(op, from), part = tensor_of(op, to);
    const double seconds = candidate.seconds;
    const int64_t channel = std::get<SliceAttributes>(op.head().attributes).offset;
    // A channel's floats in a row; channels of a block lie side by side.
    const int64_t begin =
        channel * part.shape.elements_after(1) * (form == Form::n_blocked ? machine.width() : 1);
    return make_kernel(
        [&machine, form, from, to, whole, part, seconds, begin](const Launch &launch) {
            const View in = view_of(machine, form, whole, launch.n);
            const View view = view_of(machine, form, part, launch.n);
            const int64_t in_row = row_floats(machine, in), row = row_floats(machine, view);
            const auto clear = machine.simd.pointwise->clear_padding;
            for_ranges(machine, rows_of(machine, view), seconds, [&](int64_t first, int64_t last) {
                float *const y = operand(launch, to);
                for (int64_t r = first; r < last; ++r) {
                    std::memcpy(y + r * row, operand(launch, from) + r * in_row + begin,
                                static_cast<size_t>(row) * sizeof(float));
                }
                // What follows the part in its last block is not padding in the whole.
                clear(view, y + first * row, first * row, (last - first) * row);
            });
        });
}

// --- Reshape: in both layouts the elements of a sample keep their order.

void reshape_candidates(const Machine &machine, const FusedOp &op, std::vector<Candidate> &out) {
    const Tensor &from = tensor_of(op, op.head().inputs[0]);
    const Tensor &to = tensor_of(op, op.head().outputs[0]);
    for (Form form : {Form::plain, Form::n_blocked}) {
        const bool blocks = from.batched && from.shape.rank > 1 && to.shape.rank > 1;
        if (form == Form::n_blocked && (!blocks || from.type != Type::real)) continue;
        Candidate copy = uniform_candidate(machine, op, form);
        Candidate alias = copy;
        alias.algorithm = "alias";
        alias.alias = true;
        alias.seconds = 0;
        out.push_back(std::move(alias));
        out.push_back(std::move(copy));
    }
}

std::unique_ptr<Kernel> prepare_reshape(Machine &machine, const FusedOp &op,
                                        const Candidate &candidate) {
    const Form form = form_in(machine, candidate);
    const TensorId from = op.head().inputs[0], to = op.head().outputs[0];
    const Tensor tensor = tensor_of(op, from);
    const double seconds = candidate.seconds;
    return make_kernel([&machine, form, from, to, tensor, seconds](const Launch &launch) {
        const int64_t count = view_of(machine, form, tensor, launch.n).count;
        const int64_t bytes = count * size_of(tensor.type, 4);
        auto *const y = operand<std::byte>(launch, to);
        const auto *const x = operand<std::byte>(launch, from);
        if (x == y) return;
        for_ranges(machine, divide_up(bytes, 4096), seconds, [&](int64_t first, int64_t last) {
            const int64_t begin = first * 4096, end = std::min(last * 4096, bytes);
            std::memcpy(y + begin, x + begin, static_cast<size_t>(end - begin));
        });
    });
}

// --- Reorder.

// Between plain and vectors of axis 0 or 1: tiles transposed in registers.
class TransposeKernel final : public Kernel {
  public:
    TransposeKernel(Machine &machine, const FusedOp &op, Form form, bool to_plain)
        : machine_(machine),
          from_(op.head().inputs[0]),
          to_(op.head().outputs[0]),
          tensor_(tensor_of(op, from_)),
          form_(form),
          to_plain_(to_plain) {}

    void launch(Queue &, const Launch &launch) override {
        const View view = view_of(machine_, form_, tensor_, launch.n);
        const double seconds = machine_.seconds_of_bytes(8 * static_cast<double>(view.count));
        const int64_t groups =
            form_ == Form::n_blocked ? divide_up(view.n, machine_.width()) : view.n * view.blocks;
        // A group is cut along its columns as well, as one may be all there is.
        const int64_t columns =
            form_ == Form::n_blocked ? view.channels * view.spatial : view.spatial;
        const int64_t pieces = divide_up(columns, kPiece);
        for_ranges(machine_, groups * pieces, seconds, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) {
                const int64_t column = i % pieces * kPiece;
                move(launch, view, i / pieces, columns, column, std::min(kPiece, columns - column));
            }
        });
    }

  private:
    static constexpr int64_t kPiece = 256;

    void move(const Launch &launch, const View &view, int64_t group, int64_t columns,
              int64_t column, int64_t count) const {
        const int64_t width = machine_.width();
        const bool samples = form_ == Form::n_blocked;
        const int64_t first =
            samples ? group * width
                    : group / view.blocks * view.channels + group % view.blocks * width;
        const int64_t rows =
            std::min(width, samples ? view.n - first : view.channels - group % view.blocks * width);
        float *const plain = operand(launch, to_plain_ ? to_ : from_) + first * columns + column;
        float *const lanes =
            operand(launch, to_plain_ ? from_ : to_) + (group * columns + column) * width;
        std::array<float *, kMaxLanes> row;
        for (int64_t l = 0; l < rows; ++l) row[static_cast<size_t>(l)] = plain + l * columns;
        if (to_plain_) {
            machine_.simd.move->lanes_to_rows(lanes, machine_.width(), row.data(), rows, count);
        } else {
            machine_.simd.move->rows_to_lanes(row.data(), rows, count, lanes);
        }
    }

    Machine &machine_;
    TensorId from_, to_;
    Tensor tensor_;
    Form form_;
    bool to_plain_;
};

// Between vectors of axis 0 and of axis 1: [N][C/W][P][W c] and [N/W][C][P][W n], P pixels. A tile
// is W samples' W channels at a pixel.
class TileTransposeKernel final : public Kernel {
  public:
    TileTransposeKernel(Machine &machine, const FusedOp &op, bool to_samples)
        : machine_(machine),
          from_(op.head().inputs[0]),
          to_(op.head().outputs[0]),
          tensor_(tensor_of(op, from_)),
          to_samples_(to_samples) {}

    void launch(Queue &, const Launch &launch) override {
        const View view = view_of(machine_, Form::c_blocked, tensor_, launch.n);
        const double seconds = machine_.seconds_of_bytes(8 * static_cast<double>(view.count));
        const int64_t groups = divide_up(view.n, machine_.width()) * view.blocks;
        for_ranges(machine_, groups, seconds, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i)
                move(launch, view, i / view.blocks, i % view.blocks);
        });
    }

  private:
    // Vectors of one form, `step` apart, become rows of the other.
    void move(const Launch &launch, const View &view, int64_t samples, int64_t channels) const {
        const int64_t width = machine_.width(), pixels = view.spatial * width;
        const int64_t sample = samples * width, channel = channels * width;
        const int64_t sample_count = std::min(width, view.n - sample);
        const int64_t channel_count = std::min(width, view.channels - channel);
        float *const from = operand(launch, from_), *const to = operand(launch, to_);
        const int64_t in_channels = (sample * view.blocks + channels) * pixels;
        const int64_t in_samples = (samples * view.channels + channel) * pixels;
        const int64_t apart = view.blocks * pixels;  // a sample's block from the next's
        const int64_t rows = to_samples_ ? channel_count : sample_count;
        const int64_t columns = to_samples_ ? sample_count : channel_count;
        const int64_t row_step = to_samples_ ? pixels : apart;
        const float *x = from + (to_samples_ ? in_channels : in_samples);
        float *y = to + (to_samples_ ? in_samples : in_channels);
        std::array<float *, kMaxLanes> row;
        for (int64_t p = 0; p < view.spatial; ++p, x += width, y += width) {
            for (int64_t l = 0; l < rows; ++l) {
                row[static_cast<size_t>(l)] = y + l * row_step;
                std::fill_n(y + l * row_step + columns, width - columns, 0.0f);
            }
            machine_.simd.move->lanes_to_rows(x, to_samples_ ? apart : pixels, row.data(), rows,
                                              columns);
        }
    }

    Machine &machine_;
    TensorId from_, to_;
    Tensor tensor_;
    bool to_samples_;
};

// Weights [O, I, ...] from plain to blocks of O, and maybe of I, one inside the other:
//   to[o / A][i / B][t][i % B][o % A] = from[o][i][t], t counting the taps, or
//   to[o / A][i / B][t][o % A][i % B] = from[o][i][t]
class PackKernel final : public Kernel {
  public:
    PackKernel(Machine &machine, const FusedOp &op, const Layout &layout)
        : machine_(machine),
          from_(op.head().inputs[0]),
          to_(op.head().outputs[0]),
          outputs_(tensor_of(op, from_).shape[0]),
          inputs_(tensor_of(op, from_).shape[1]),
          taps_(tensor_of(op, from_).shape.elements_after(1)),
          output_block_(layout.block_of(0)),
          input_block_(layout.block_of(1)),
          output_step_(layout.blocks[0].axis == 0 ? input_block_ : 1),
          input_step_(layout.blocks[0].axis == 0 ? 1 : output_block_) {}

    static bool packs(const Tensor &tensor, const Layout &from, const Layout &to) {
        if (tensor.batched || tensor.type != Type::real || tensor.shape.rank < 2) return false;
        const int64_t o = to.block_of(0), i = to.block_of(1);
        if (!from.is_plain() || o == 1 || o > kWidest || i > kWidest) return false;
        const auto a = static_cast<int>(o), b = static_cast<int>(i);
        if (b == 1) return to == Layout::blocked(0, a);
        return to == Layout::blocked(1, b, 0, a) || to == Layout::blocked(0, a, 1, b);
    }

    void launch(Queue &, const Launch &launch) override {
        const float *const from = operand(launch, from_);
        float *const to = operand(launch, to_);
        const int64_t blocks = divide_up(inputs_, input_block_);
        const int64_t tiles = divide_up(outputs_, output_block_) * blocks;
        const int64_t floats = taps_ * input_block_ * output_block_;
        const double seconds = static_cast<double>(tiles * floats) * 0.3e-9;
        for_ranges(machine_, tiles, seconds, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) {
                tile(from, to + i * floats, i / blocks * output_block_, i % blocks * input_block_);
            }
        });
    }

  private:
    static constexpr int64_t kWidest = 16;

    void tile(const float *from, float *to, int64_t output, int64_t input) const {
        const int64_t outputs = std::min(output_block_, outputs_ - output);
        const int64_t inputs = std::min(input_block_, inputs_ - input);
        if (outputs < output_block_ || inputs < input_block_) {
            std::fill_n(to, taps_ * input_block_ * output_block_, 0.0f);
        }
        const int64_t apart = inputs_ * taps_;
        const float *const first = from + output * apart + input * taps_;
        for (int64_t t = 0; t < taps_; ++t) {
            for (int64_t i = 0; i < inputs; ++i) {
                const float *const x = first + i * taps_ + t;
                float *const y = to + t * input_block_ * output_block_ + i * input_step_;
                for (int64_t o = 0; o < outputs; ++o) y[o * output_step_] = x[o * apart];
            }
        }
    }

    Machine &machine_;
    TensorId from_, to_;
    int64_t outputs_, inputs_, taps_, output_block_, input_block_, output_step_, input_step_;
};

// Weights [O, I, 3, 3] from plain to Winograd's transform of them.
class TransformKernel final : public Kernel {
  public:
    TransformKernel(Machine &machine, const FusedOp &op, const Layout &layout)
        : machine_(machine),
          from_(op.head().inputs[0]),
          to_(op.head().outputs[0]),
          points_(layout.points()),
          transform_(machine.simd.convolution->winograd_of(layout.tile).filter),
          turned_(layout.filters == FilterForm::winograd_turned),
          lanes_(tensor_of(op, from_).shape[turned_ ? 1 : 0]),
          rows_(tensor_of(op, from_).shape[turned_ ? 0 : 1]) {}

    void launch(Queue &, const Launch &launch) override {
        const int64_t width = machine_.width(), blocks = divide_up(lanes_, width);
        const int64_t lane = turned_ ? 9 : rows_ * 9, row = turned_ ? lanes_ * 9 : 9;
        const double seconds = static_cast<double>(blocks * width * rows_ * points_) * 0.4e-9;
        for_ranges(machine_, blocks * rows_, seconds, [&](int64_t begin, int64_t end) {
            WinogradFilter t;
            t.w_lane = lane;
            t.point = blocks * rows_ * width;
            t.flipped = turned_;
            for (int64_t i = begin; i < end; ++i) {
                const int64_t first = i / rows_ * width;
                t.w = operand(launch, from_) + first * lane + i % rows_ * row;
                t.out = operand(launch, to_) + i * width;
                t.lanes = std::min(width, lanes_ - first);
                transform_(t);
            }
        });
    }

  private:
    Machine &machine_;
    TensorId from_, to_;
    int64_t points_;
    void (*transform_)(const WinogradFilter &);
    bool turned_;
    int64_t lanes_, rows_;  // axes in the lanes and around them
};

// Any two layouts. An element's place is a sum of one term an axis, which tables hold.
class TableReorderKernel final : public Kernel {
  public:
    TableReorderKernel(Machine &machine, const FusedOp &op, const Candidate &candidate)
        : machine_(machine),
          from_(op.head().inputs[0]),
          to_(op.head().outputs[0]),
          tensor_(tensor_of(op, from_)),
          to_layout_(candidate.layouts[static_cast<size_t>(to_)]),
          bytes_(size_of(tensor_.type, 4)) {
        const Layout &from_layout = candidate.layouts[static_cast<size_t>(from_)];
        for (const Layout &layout : {from_layout, to_layout_}) {
            if (tensor_.batched && layout.order[0] != 0)
                fail(Status::unsupported, "reorder: the batch must be the slowest axis");
        }
        for (int axis = 0; axis < kMaxRank; ++axis) {
            fill(from_layout, axis, from_tables_[static_cast<size_t>(axis)]);
            fill(to_layout_, axis, to_tables_[static_cast<size_t>(axis)]);
        }
    }

    void launch(Queue &, const Launch &launch) override {
        Shape shape = tensor_.shape;
        if (shape.rank == 0) shape = Shape{1};
        if (tensor_.batched) shape[0] = launch.n;
        if (shape.elements() == 0) return;
        const int64_t in_memory = to_layout_.elements(shape);
        if (in_memory != shape.elements()) {
            std::memset(operand<std::byte>(launch, to_), 0,
                        static_cast<size_t>(in_memory * bytes_));
        }
        const int64_t inner = shape[shape.rank - 1], outer = shape.elements() / inner;
        const double seconds = static_cast<double>(shape.elements()) * 1.5e-9;
        for_ranges(machine_, outer, seconds, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) row(launch, shape, i);
        });
    }

  private:
    using Table = std::vector<int64_t>;

    void fill(const Layout &layout, int axis, Table &table) const {
        Shape shape = tensor_.shape;
        if (shape.rank == 0) shape = Shape{1};
        if (axis >= shape.rank) return;
        std::array<int64_t, kMaxRank> logical{};
        for (int64_t i = 0; i < shape[axis]; ++i) {
            logical[static_cast<size_t>(axis)] = i;
            table.push_back(layout.index(shape, logical));
        }
    }

    void row(const Launch &launch, const Shape &shape, int64_t index) const {
        int64_t from = 0, to = 0;
        for (int axis = shape.rank - 2; axis >= 0; --axis) {
            const auto at = static_cast<size_t>(index % shape[axis]);
            from += from_tables_[static_cast<size_t>(axis)][at];
            to += to_tables_[static_cast<size_t>(axis)][at];
            index /= shape[axis];
        }
        const auto last = static_cast<size_t>(shape.rank - 1);
        const auto *const x = operand<std::byte>(launch, from_) + from * bytes_;
        auto *const y = operand<std::byte>(launch, to_) + to * bytes_;
        const Table &x_at = from_tables_[last], &y_at = to_tables_[last];
        const auto count = static_cast<size_t>(shape[shape.rank - 1]);
        if (bytes_ == 4) {
            for (size_t i = 0; i < count; ++i) std::memcpy(y + 4 * y_at[i], x + 4 * x_at[i], 4);
        } else {
            for (size_t i = 0; i < count; ++i) {
                std::memcpy(y + bytes_ * y_at[i], x + bytes_ * x_at[i],
                            static_cast<size_t>(bytes_));
            }
        }
    }

    Machine &machine_;
    TensorId from_, to_;
    Tensor tensor_;
    Layout to_layout_;
    int64_t bytes_;
    std::array<Table, kMaxRank> from_tables_, to_tables_;
};

std::unique_ptr<Kernel> prepare_reorder(Machine &machine, const FusedOp &op,
                                        const Candidate &candidate) {
    const Layout &from = candidate.layouts[static_cast<size_t>(op.head().inputs[0])];
    const Layout &to = candidate.layouts[static_cast<size_t>(op.head().outputs[0])];
    const Tensor &tensor = tensor_of(op, op.head().inputs[0]);
    const auto a = form_of(machine, from), b = form_of(machine, to);
    const bool floats = tensor.type == Type::real && tensor.shape.rank > 1;
    if (floats && a && b && a != b && (*a == Form::plain || *b == Form::plain)) {
        const bool to_plain = *b == Form::plain;
        return std::make_unique<TransposeKernel>(machine, op, to_plain ? *a : *b, to_plain);
    }
    if (floats && tensor.batched && a && b && a != b)
        return std::make_unique<TileTransposeKernel>(machine, op, *b == Form::n_blocked);
    if (to.filters != FilterForm::taps) return std::make_unique<TransformKernel>(machine, op, to);
    if (PackKernel::packs(tensor, from, to)) return std::make_unique<PackKernel>(machine, op, to);
    return std::make_unique<TableReorderKernel>(machine, op, candidate);
}

void no_candidates(const Machine &, const FusedOp &, std::vector<Candidate> &) {}

}  // namespace

const Implementation kConcat = {concat_candidates, prepare_concat};
const Implementation kSlice = {slice_candidates, prepare_slice};
const Implementation kReshape = {reshape_candidates, prepare_reshape};
const Implementation kReorder = {no_candidates, prepare_reorder};

}  // namespace cnn::cpu

// Images of tensors in a device's memory, launches, and what is checked after them.
#include "harness.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <iterator>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "backend/registry.h"
#include "base/error.h"
#include "base/text.h"
#include "bounds.h"
#include "ops/reference.h"

namespace cnn::conformance {

namespace {

constexpr int64_t kGuard = 256;              // bytes before and behind every tensor
constexpr uint32_t kGuardWord = 0x7ffadead;  // a NaN, as all of what a kernel must not read
constexpr uint32_t kPoisonWord = 0x7ffbbeef;

using Bytes = std::vector<std::byte>;

enum class Place : uint8_t {
    element,  // logical
    padding,  // past the logical end, within a block that has elements
    beyond,   // of samples past the block that holds the last one
};

// Calls body(place, logical index, memory index) for all of a tensor's memory.
template <class Body>
void for_each_place(const Tensor &tensor, const Layout &layout, int64_t n, Body &&body) {
    const Shape &shape = tensor.shape;
    std::array<int64_t, kMaxRank> at{}, size{};
    int64_t total = 1;
    for (int axis = 0; axis < shape.rank; ++axis) {
        const int64_t block = layout.block_of(axis);
        size[static_cast<size_t>(axis)] = (shape[axis] + block - 1) / block * block;
        total *= size[static_cast<size_t>(axis)];
    }
    const int64_t block = layout.block_of(0);
    const int64_t used = tensor.batched ? (n + block - 1) / block * block : total;
    const int64_t samples = tensor.batched ? n : shape.rank > 0 ? shape[0] : 1;
    const std::span<const int64_t> logical(at.data(), static_cast<size_t>(shape.rank));
    for (int64_t i = 0; i < total; ++i) {
        int64_t rest = i, flat = 0;
        for (int axis = shape.rank - 1; axis >= 0; --axis) {
            at[static_cast<size_t>(axis)] = rest % size[static_cast<size_t>(axis)];
            rest /= size[static_cast<size_t>(axis)];
        }
        bool within = shape.rank == 0 || at[0] < samples;
        for (int axis = 0; axis < shape.rank; ++axis) {
            within = within && at[static_cast<size_t>(axis)] < shape[axis];
            flat = flat * shape[axis] + at[static_cast<size_t>(axis)];
        }
        const Place place = within                                              ? Place::element
                            : tensor.batched && shape.rank > 0 && at[0] >= used ? Place::beyond
                                                                                : Place::padding;
        body(place, flat, layout.index(shape, logical));
    }
}

// One element or lane of a tensor's memory.
struct Spot {
    Place place;
    int64_t logical, memory;
};

std::vector<Spot> spots_of(const Tensor &tensor, const Layout &layout, int64_t n) {
    std::vector<Spot> spots;
    spots.reserve(static_cast<size_t>(layout.elements(tensor.shape)));
    for_each_place(tensor, layout, n, [&](Place place, int64_t logical, int64_t memory) {
        spots.push_back({place, logical, memory});
    });
    return spots;
}

void fill_words(Bytes &bytes, size_t begin, size_t end, uint32_t word) {
    for (size_t i = begin; i < end; ++i)
        bytes[i] = std::byte{static_cast<uint8_t>(word >> (8 * (i % 4)))};
}

// One operand in memory.
class Image {
  public:
    Image(const Tensor &tensor, const Layout &layout, int64_t real_bytes)
        : tensor_(tensor), layout_(layout), real_bytes_(real_bytes) {
        const bool vector = tensor.space != Space::activation && layout.is_plain();
        // Within theta and the like only the element's own alignment holds.
        begin_ = kGuard + (vector ? 3 * size_of(tensor.type, real_bytes) : 0);
        end_ = begin_ + layout.elements(tensor.shape) * size_of(tensor.type, real_bytes);
        bytes_.resize(static_cast<size_t>(end_ + kGuard));
    }

    int64_t begin() const { return begin_; }
    int64_t size() const { return static_cast<int64_t>(bytes_.size()); }
    int64_t content_bytes() const { return end_ - begin_; }
    const Tensor &tensor() const { return tensor_; }
    const Layout &layout() const { return layout_; }
    const Bytes &bytes() const { return bytes_; }
    Bytes &bytes() { return bytes_; }

    void poison() {
        fill_words(bytes_, 0, bytes_.size(), kGuardWord);
        fill_words(bytes_, static_cast<size_t>(begin_), static_cast<size_t>(end_), kPoisonWord);
    }

    // Elements as given, padding by its rule, poison beyond.
    void fill(const std::vector<double> &values, const std::vector<Spot> &spots, Padding padding) {
        poison();
        if (layout_.filters != FilterForm::taps) return fill_transformed(values);
        for (const Spot &spot : spots) {
            if (spot.place == Place::element) {
                const auto i = static_cast<size_t>(spot.logical);
                if (tensor_.type == Type::wide) {
                    put(2 * spot.memory, values[2 * i]);
                    put(2 * spot.memory + 1, values[2 * i + 1]);
                } else {
                    put(spot.memory, values[i]);
                }
            } else if (spot.place == Place::padding) {
                const double garbage = static_cast<double>(spot.memory * 7919 % 1009) / 4 - 120;
                put(spot.memory, padding == Padding::zero ? 0 : garbage);
            }
        }
    }

    double value(int64_t memory) const {
        switch (tensor_.type) {
            case Type::wide:
                return get(2 * memory) + get(2 * memory + 1);
            default:
                return get(memory);
        }
    }

    // Whether what lies around the tensor is as in `before`.
    bool guards_as_in(const Image &before) const {
        const auto same = [&](int64_t from, int64_t to) {
            return std::equal(bytes_.begin() + from, bytes_.begin() + to,
                              before.bytes_.begin() + from);
        };
        return same(0, begin_) && same(end_, size());
    }

  private:
    void fill_transformed(const std::vector<double> &values) {
        std::vector<double> transformed(static_cast<size_t>(layout_.elements(tensor_.shape)));
        reference::reorder(tensor_.shape, 8, Layout::plain(), values.data(), layout_,
                           transformed.data());
        for (size_t i = 0; i < transformed.size(); ++i)
            put(static_cast<int64_t>(i), transformed[i]);
    }

    void put(int64_t index, double value) {
        std::byte *to = bytes_.data() + begin_;
        if (tensor_.type == Type::i32) {
            const auto v = static_cast<int32_t>(value);
            std::memcpy(to + index * 4, &v, 4);
        } else if (real_bytes_ == 8) {
            std::memcpy(to + index * 8, &value, 8);
        } else {
            const auto v = static_cast<float>(value);
            std::memcpy(to + index * 4, &v, 4);
        }
    }

    double get(int64_t index) const {
        const std::byte *from = bytes_.data() + begin_;
        if (tensor_.type == Type::i32) {
            int32_t v;
            std::memcpy(&v, from + index * 4, 4);
            return v;
        }
        if (real_bytes_ == 8) {
            double v;
            std::memcpy(&v, from + index * 8, 8);
            return v;
        }
        float v;
        std::memcpy(&v, from + index * 4, 4);
        return double{v};
    }

    Tensor tensor_;
    Layout layout_;
    int64_t real_bytes_;
    int64_t begin_ = 0, end_ = 0;
    Bytes bytes_;
};

// Host samples that give the wanted values of a feed, or as near as their type comes.
struct Samples {
    Bytes bytes;
    std::vector<int64_t> rows;
    Feed feed;
};

double quantised(HostType type, double value) {
    switch (type) {
        case HostType::f32:
            return double{static_cast<float>(value)};
        case HostType::u8:
            return std::clamp(std::round(std::abs(value) * 255), 0.0, 255.0);
        default:
            return std::round(std::abs(value) * 1000);
    }
}

// Fills `values` with what a feed of these samples gives, and `errors` with its rounding.
void make_samples(const Case &c, int64_t real_bytes, Samples &samples, std::vector<double> &values,
                  std::vector<double> &errors) {
    const Tensor &tensor = c.group.tensors[0];
    const std::vector<double> source = data_of(c, 0);
    const int64_t n = tensor.shape[0], row = tensor.shape.elements_after(0);
    const int64_t places = tensor.shape.elements_after(1);
    const int64_t channels = tensor.shape.rank > 1 ? tensor.shape[1] : 1;
    Feed &feed = samples.feed;
    feed.type = static_cast<HostType>(c.samples.type);
    feed.nhwc = c.samples.nhwc;
    std::copy(c.samples.scale.begin(), c.samples.scale.end(), feed.scale);
    std::copy(c.samples.mean.begin(), c.samples.mean.end(), feed.mean);
    if (c.samples.rows)
        for (int64_t k = 0; k < n; ++k) samples.rows.push_back(k * 5 % n / 2 + (n > 2 ? 1 : 0));
    const size_t bytes = feed.type == HostType::u8 ? 1 : feed.type == HostType::i64 ? 8 : 4;
    samples.bytes.resize(source.size() * bytes);
    std::vector<double> raw(source.size());
    for (size_t i = 0; i < raw.size(); ++i) {
        raw[i] = quantised(feed.type, source[i]);
        std::byte *to = samples.bytes.data() + i * bytes;
        const auto f = static_cast<float>(raw[i]);
        const auto u = static_cast<uint8_t>(feed.type == HostType::u8 ? raw[i] : 0);
        const auto i32 = static_cast<int32_t>(raw[i]);
        const auto i64 = static_cast<int64_t>(raw[i]);
        const void *from = &f;
        if (feed.type == HostType::u8) from = &u;
        if (feed.type == HostType::i32) from = &i32;
        if (feed.type == HostType::i64) from = &i64;
        std::memcpy(to, from, bytes);
    }
    feed.data = samples.bytes.data();
    feed.rows = samples.rows.empty() ? nullptr : samples.rows.data();
    const double epsilon = precision_of(real_bytes).epsilon;
    for (int64_t k = 0; k < n; ++k) {
        const int64_t from = samples.rows.empty() ? k : samples.rows[static_cast<size_t>(k)];
        for (int64_t i = 0; i < row; ++i) {
            const int64_t channel = i / places;
            const int64_t within = feed.nhwc ? i % places * channels + channel : i;
            const double x = raw[static_cast<size_t>(from * row + within)];
            const auto ch = static_cast<size_t>(std::min<int64_t>(channel, 3));
            const double mean = double{feed.mean[ch]}, scale = double{feed.scale[ch]};
            const bool real = tensor.type == Type::real;
            values.push_back(real ? (x - mean) * scale : x);
            const bool exact = !real || (mean == 0 && scale == 1);
            errors.push_back(
                exact ? 0 : 2 * epsilon * (std::abs(x) + std::abs(mean)) * std::abs(scale));
        }
    }
}

std::string index_text(const Shape &shape, int64_t flat) {
    Shape at = shape;
    for (int axis = shape.rank - 1; axis >= 0; --axis) {
        at[axis] = flat % std::max<int64_t>(shape[axis], 1);
        flat /= std::max<int64_t>(shape[axis], 1);
    }
    return to_text(at);
}

std::string layouts_text(const FusedOp &group, const Candidate &candidate) {
    std::string out;
    for (size_t i = 0; i < candidate.layouts.size() && i < group.tensors.size(); ++i)
        out += text(i == 0 ? "" : " ", to_text(candidate.layouts[i], group.tensors[i].shape));
    return out;
}

std::string operations_text(const FusedOp &group) {
    std::string out;
    for (const Op &op : group.ops) out += text(out.empty() ? "" : "+", name_of(op.kind));
    return out;
}

// One candidate of one case: buffers, launches, checks.
class Trial {
  public:
    struct Expected {
        std::vector<Bounded> operands;  // values empty where nothing is known
        int64_t n = 0;
    };

    Trial(OpenedDevice &opened, const Case &c, const std::vector<std::vector<double>> &data,
          const Samples *samples, const Candidate &candidate, Outcome &outcome)
        : opened_(opened),
          device_(*opened.device),
          c_(c),
          data_(data),
          samples_(samples),
          candidate_(candidate),
          outcome_(outcome),
          precision_(precision_of(device_.real_bytes())) {}

    void run(const std::vector<Expected> &expected) {
        if (static_cast<int32_t>(candidate_.layouts.size()) != c_.group.operands())
            return fail_case("names a layout for the wrong number of operands");
        if (candidate_.alias) return check_alias();
        kernel_ = device_.prepare(c_.group, candidate_);
        kernel_->take_memory();
        prepare_buffers();
        for (const Expected &e : expected) {
            if (!check_launch(e, false)) return;
            if (candidate_.in_place && !check_launch(e, true)) return;
        }
    }

  private:
    size_t operands() const { return static_cast<size_t>(c_.group.operands()); }
    size_t inputs() const { return static_cast<size_t>(c_.group.inputs); }
    bool is_output(size_t i) const { return i >= inputs(); }

    void fail_case(const std::string &what) {
        outcome_.failures.push_back(
            text(opened_.spec, ": ", operations_text(c_.group), " case ", c_.name, " candidate ",
                 candidate_.algorithm, candidate_.parameters.empty() ? "" : " ",
                 candidate_.parameters, " (", layouts_text(c_.group, candidate_), ") n=", n_,
                 in_place_ ? " in place" : "", ": ", what));
    }

    void check_alias() {
        const Tensor &from = c_.group.tensors[0], &to = c_.group.tensors[1];
        std::vector<int64_t> place(static_cast<size_t>(from.shape.elements()));
        const int64_t n = from.shape[0];
        for_each_place(from, candidate_.layouts[0], n,
                       [&](Place p, int64_t logical, int64_t memory) {
                           if (p == Place::element) place[static_cast<size_t>(logical)] = memory;
                       });
        for_each_place(to, candidate_.layouts[1], n, [&](Place p, int64_t logical, int64_t memory) {
            if (p != Place::element || place[static_cast<size_t>(logical)] == memory) return;
            place[static_cast<size_t>(logical)] = memory;
            if (!in_place_) fail_case(text("alias moves element ", logical));
            in_place_ = true;  // said once
        });
    }

    void prepare_buffers() {
        for (size_t i = 0; i < operands(); ++i) {
            images_.emplace_back(c_.group.tensors[i], candidate_.layouts[i], device_.real_bytes());
            buffers_.push_back(device_.allocate(images_.back().size()));
            refs_.push_back({buffers_.back().get(), images_.back().begin()});
        }
        if (candidate_.workspace > 0) {
            workspace_.resize(static_cast<size_t>(candidate_.workspace + 2 * kGuard));
            workspace_buffer_ = device_.allocate(static_cast<int64_t>(workspace_.size()));
        }
    }

    void write_workspace() {
        if (workspace_.empty()) return;
        fill_words(workspace_, 0, workspace_.size(), kGuardWord);
        opened_.queue->write({workspace_buffer_.get(), 0}, workspace_.data(),
                             static_cast<int64_t>(workspace_.size()));
    }

    bool workspace_intact() {
        if (workspace_.empty()) return true;
        Bytes now(workspace_.size());
        opened_.queue->read(now.data(), {workspace_buffer_.get(), 0},
                            static_cast<int64_t>(now.size()));
        const auto guard = static_cast<std::ptrdiff_t>(kGuard);
        return std::equal(now.begin(), now.begin() + guard, workspace_.begin()) &&
               std::equal(now.end() - guard, now.end(), workspace_.end() - guard);
    }

    // What operands hold before a launch of n samples: their data if they are read, else poison.
    void set_count(int64_t n) {
        if (n_ == n) return;
        n_ = n;
        spots_.clear();
        for (size_t i = 0; i < operands(); ++i) {
            spots_.push_back(spots_of(images_[i].tensor(), images_[i].layout(), n));
            if (data_[i].empty())
                images_[i].poison();
            else
                images_[i].fill(data_[i], spots_[i], c_.operands[i].padding);
        }
    }

    void write_operands() {
        for (size_t i = 0; i < operands(); ++i)
            opened_.queue->write({buffers_[i].get(), 0}, images_[i].bytes().data(),
                                 images_[i].size());
        write_workspace();
    }

    std::vector<Image> launch() {
        write_operands();
        std::vector<Ref> refs = refs_;
        if (in_place_) refs[inputs()] = refs[0];
        Launch launch;
        launch.n = n_;
        launch.operands = refs.data();
        if (workspace_buffer_) launch.workspace = {workspace_buffer_.get(), kGuard};
        launch.scalars = c_.scalars.data();
        launch.step = c_.step;
        if (samples_ != nullptr) launch.feed = &samples_->feed;
        kernel_->launch(*opened_.queue, launch);
        opened_.queue->finish();
        ++outcome_.launches;
        std::vector<Image> after = images_;
        for (size_t i = 0; i < operands(); ++i) {
            const size_t from = in_place_ && i == inputs() ? 0 : i;
            opened_.queue->read(after[i].bytes().data(), {buffers_[from].get(), 0},
                                after[i].size());
        }
        return after;
    }

    bool may_run_in_place() {
        const Image &in = images_[0], &out = images_[inputs()];
        if (c_.group.inputs == 0 || in.tensor().space != Space::activation ||
            out.tensor().space != Space::activation)
            return false;
        if (in.content_bytes() == out.content_bytes()) return true;
        fail_case("offers to run in place, but the sizes differ");
        return false;
    }

    // False where the rest of the case isn't worth a try.
    bool check_launch(const Expected &e, bool in_place) {
        set_count(e.n);
        in_place_ = in_place;
        if (in_place && !may_run_in_place()) return true;
        const size_t before = outcome_.failures.size();
        const std::vector<Image> first = launch();
        for (size_t i = 0; i < operands() && outcome_.failures.size() == before; ++i) {
            if (!first[i].guards_as_in(images_[i]))
                fail_case(text("writes outside operand ", i));
            else if (is_output(i))
                check_output(i, first[i], e.operands[i]);
            else if (!(in_place && i == 0) && first[i].bytes() != images_[i].bytes())
                fail_case(text("writes input ", i));
        }
        if (outcome_.failures.size() == before && !workspace_intact())
            fail_case("writes outside its workspace");
        if (outcome_.failures.size() == before) check_again(first);
        return outcome_.failures.size() == before;
    }

    void check_output(size_t i, const Image &image, const Bounded &expected) {
        if (expected.value.empty()) return;
        bool wild = false;
        for (const OperandData &operand : c_.operands)
            wild = wild || operand.fill == Fill::special || operand.fill == Fill::huge;
        const bool zero = c_.operands[i].padding == Padding::zero;
        for (const Spot &spot : spots_[i]) {
            if (spot.place == Place::beyond) continue;
            const double got = image.value(spot.memory);
            if (spot.place == Place::padding) {
                if (zero ? got == 0 : wild || std::isfinite(got)) continue;
                return fail_case(text("output ", i - inputs(), " padding lane ", spot.memory,
                                      " holds ", got, zero ? ", not zero" : ""));
            }
            const auto k = static_cast<size_t>(spot.logical);
            const Shape &shape = image.tensor().shape;
            const double error =
                tile() > 0 ? tile_error(expected, shape, spot.logical, tile()) : expected.error[k];
            if (acceptable(got, expected.value[k], error, precision_)) continue;
            return fail_case(text("output ", i - inputs(), " at ", index_text(shape, spot.logical),
                                  " of ", to_text(shape), ": got ", got, ", want ",
                                  expected.value[k], " within ", error));
        }
    }

    // The side of the tiles that outputs are computed by, from differences of all that a tile
    // reads; 0: each by itself.
    int64_t tile() const {
        const auto found =
            std::find_if(candidate_.layouts.begin(), candidate_.layouts.end(),
                         [](const Layout &l) { return l.filters != FilterForm::taps; });
        return found == candidate_.layouts.end() ? 0 : found->tile;
    }

    // The largest bound among an output's neighbours: those that may share a tile with it. What
    // isn't finite in one may spread to all.
    static double tile_error(const Bounded &expected, const Shape &shape, int64_t logical,
                             int64_t tile) {
        const int64_t apart = tile - 1;
        const int64_t height = shape[2], width = shape[3], plane = height * width;
        const int64_t row = logical % plane / width, column = logical % width;
        double error = 0;
        for (int64_t r = std::max<int64_t>(row - apart, 0); r <= std::min(row + apart, height - 1);
             ++r) {
            for (int64_t c = std::max<int64_t>(column - apart, 0);
                 c <= std::min(column + apart, width - 1); ++c) {
                const auto k = static_cast<size_t>(logical / plane * plane + r * width + c);
                if (!std::isfinite(expected.value[k]))
                    return std::numeric_limits<double>::infinity();
                error = std::max(error, expected.error[k]);
            }
        }
        return error;
    }

    // The same bits a second time.
    void check_again(const std::vector<Image> &first) {
        const std::vector<Image> second = launch();
        for (size_t i = inputs(); i < operands(); ++i) {
            for (const Spot &spot : spots_[i]) {
                if (spot.place != Place::element) continue;
                const double a = first[i].value(spot.memory), b = second[i].value(spot.memory);
                if (a == b || (std::isnan(a) && std::isnan(b))) continue;
                return fail_case(text("output ", i - inputs(), " at ",
                                      index_text(first[i].tensor().shape, spot.logical), ": first ",
                                      a, ", then ", b));
            }
        }
    }

    OpenedDevice &opened_;
    Device &device_;
    const Case &c_;
    const std::vector<std::vector<double>> &data_;
    const Samples *samples_;
    const Candidate &candidate_;
    Outcome &outcome_;
    Precision precision_;
    std::unique_ptr<Kernel> kernel_;
    std::vector<Image> images_;  // before a launch
    std::vector<std::vector<Spot>> spots_;
    std::vector<std::unique_ptr<Buffer>> buffers_;
    std::vector<Ref> refs_;
    Bytes workspace_;
    std::unique_ptr<Buffer> workspace_buffer_;
    int64_t n_ = 0;
    bool in_place_ = false;
};

bool is_read(const FusedOp &group, TensorId id) {
    return std::any_of(group.ops.begin(), group.ops.end(), [&](const Op &op) {
        return std::count(op.inputs.begin(), op.inputs.end(), id) > 0;
    });
}

// Data of the operands that are read; nothing for the others.
std::vector<std::vector<double>> operand_data(const Case &c) {
    std::vector<std::vector<double>> data(static_cast<size_t>(c.group.operands()));
    for (size_t i = 0; i < data.size(); ++i)
        if (is_read(c.group, static_cast<TensorId>(i))) data[i] = data_of(c, i);
    return data;
}

void run_candidates(OpenedDevice &opened, const Case &c,
                    const std::vector<std::vector<double>> &data, const Samples *samples,
                    const std::vector<Candidate> &candidates,
                    const std::vector<Trial::Expected> &expected, Outcome &outcome) {
    ++outcome.cases;
    for (const Candidate &candidate : candidates) {
        try {
            Trial(opened, c, data, samples, candidate, outcome).run(expected);
        } catch (const std::exception &error) {
            outcome.failures.push_back(text(opened.spec, ": ", operations_text(c.group), " case ",
                                            c.name, " candidate ", candidate.algorithm, ": throws ",
                                            error.what()));
        }
    }
}

void check_with(OpenedDevice &opened, const Case &c, const std::vector<Candidate> &candidates,
                Outcome &outcome) {
    const int64_t real_bytes = opened.device->real_bytes();
    const bool feed = c.group.head().kind == OpKind::feed;
    std::vector<std::vector<double>> data = operand_data(c);
    std::vector<Trial::Expected> expected;
    Samples samples;
    std::vector<double> values, errors;
    if (feed) make_samples(c, real_bytes, samples, values, errors);
    for (int64_t n : c.counts) {
        Trial::Expected e;
        e.n = n;
        if (feed) {
            e.operands = {{values, errors}};
        } else {
            e.operands = evaluate(c, data, n, precision_of(real_bytes));
        }
        expected.push_back(std::move(e));
    }
    run_candidates(opened, c, data, feed ? &samples : nullptr, candidates, expected, outcome);
}

std::vector<Candidate> candidates_of(const OpenedDevice &opened, const FusedOp &group) {
    std::vector<Candidate> candidates;
    opened.device->candidates(group, candidates);
    return candidates;
}

// What is counted of a variant: each value of its setting.
std::vector<std::string> values_of(const Case &c, const Candidate &variant) {
    const std::string way = text(name_of(c.group.head().kind), " ", variant.algorithm, " ");
    std::vector<std::string> values;
    std::string_view rest = variant.parameters;
    while (!rest.empty()) {
        const size_t space = std::min(rest.find(' '), rest.size());
        values.push_back(way + std::string(rest.substr(0, space)));
        rest.remove_prefix(std::min(space + 1, rest.size()));
    }
    return values;
}

// Building a variant takes far longer than running it: a case tries few.
constexpr size_t kVariantsACase = 3;

// Whole settings, so many a case, where the environment asks for them.
std::optional<size_t> variants_wanted() {
    const char *text = std::getenv("CNN_CONFORMANCE_VARIANTS");
    const auto count = text != nullptr ? parse_int(text) : std::nullopt;
    if (!count) return {};
    return static_cast<size_t>(std::max<int64_t>(*count, 0));
}

// Chooses among one candidate's variants those that have most of what wasn't tried yet.
class VariantChoice {
  public:
    VariantChoice(Coverage &coverage, const Case &c, const std::vector<Candidate> &variants,
                  bool whole)
        : coverage_(coverage), start_(c.seed) {
        for (const Candidate &variant : variants) {
            values_.push_back(values_of(c, variant));
            coverage.offered.insert(values_.back().begin(), values_.back().end());
            if (whole)
                values_.back().push_back(
                    text(name_of(c.group.head().kind), variant.algorithm, variant.parameters));
        }
    }

    // The next variant's index; none where everything was tried.
    std::optional<size_t> next() {
        size_t best = 0, most = 0;
        for (size_t i = 0; i < values_.size(); ++i) {
            const size_t at = (start_ + i) % values_.size();
            const size_t fresh = static_cast<size_t>(
                std::count_if(values_[at].begin(), values_[at].end(),
                              [&](const std::string &v) { return !coverage_.tried.contains(v); }));
            if (fresh > most) best = at, most = fresh;
        }
        if (most == 0) return {};
        coverage_.tried.insert(values_[best].begin(), values_[best].end());
        return best;
    }

  private:
    Coverage &coverage_;
    uint64_t start_;
    std::vector<std::vector<std::string>> values_;
};

void add_variants(OpenedDevice &opened, const Case &c, std::vector<Candidate> &candidates) {
    const std::optional<size_t> wanted = variants_wanted();
    const std::vector<Candidate> standard = candidates;
    for (const Candidate &candidate : standard) {
        std::vector<Candidate> variants;
        opened.device->variants(c.group, candidate, variants);
        VariantChoice choice(opened.variants, c, variants, wanted.has_value());
        for (size_t i = 0; i < wanted.value_or(kVariantsACase); ++i) {
            const std::optional<size_t> next = choice.next();
            if (!next) break;
            candidates.push_back(variants[*next]);
        }
    }
}

std::string description(const OpenedDevice &opened, const Case &c) {
    return text(opened.spec, ": ", operations_text(c.group), " case ", c.name);
}

// The layouts that candidates have for real tensors.
void find_layouts(OpenedDevice &opened) {
    for (int kind = 0; kind <= static_cast<int>(OpKind::feed); ++kind) {
        for (const Case &c : cases_of(static_cast<OpKind>(kind), 0)) {
            if (c.group.head().kind == OpKind::reorder) continue;
            for (const Candidate &candidate : candidates_of(opened, c.group)) {
                for (size_t i = 0; i < candidate.layouts.size(); ++i) {
                    const Tensor &tensor = c.group.tensors[i];
                    const SeenLayout seen{tensor.batched, tensor.shape.rank, candidate.layouts[i]};
                    if (tensor.type == Type::real &&
                        std::count(opened.seen.begin(), opened.seen.end(), seen) == 0)
                        opened.seen.push_back(seen);
                }
            }
        }
    }
}

}  // namespace

std::vector<std::string> device_specs() {
    const char *chosen = std::getenv("CNN_CONFORMANCE_DEVICES");
    if (chosen == nullptr)
        return {"reference",  "reference:float32", "cpu:baseline",  "cpu:avx2",
                "cpu:avx512", "opencl:0.0",        "opencl:0.0!gpu"};
    std::vector<std::string> specs;
    std::string_view rest = chosen;
    while (!rest.empty()) {
        const size_t comma = rest.find(',');
        specs.emplace_back(rest.substr(0, comma));
        rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    }
    return specs;
}

OpenedDevice open_device(const std::string &spec) {
    OpenedDevice opened;
    opened.spec = spec;
    const size_t colon = spec.find(':');
    const std::string name = spec.substr(0, colon);
    const std::string which = colon == std::string::npos ? "" : spec.substr(colon + 1);
    DeviceOptions options;
    options.allocator = std::make_shared<Allocator>();
    opened.reason = text("there is no backend ", name);
    for (const Backend &backend : backends()) {
        if (name != backend.name) continue;
        try {
            opened.device = backend.open(which, options);
            opened.queue = opened.device->create_queue();
            opened.reason.clear();
        } catch (const Error &error) {
            opened.device.reset();
            opened.reason = error.message;
        }
    }
    return opened;
}

void check_case(OpenedDevice &opened, const Case &c, Outcome &outcome) {
    std::vector<Candidate> candidates = candidates_of(opened, c.group);
    add_variants(opened, c, candidates);
    if (candidates.empty()) {
        (c.optional ? outcome.refused : outcome.failures)
            .push_back(description(opened, c) + ": no candidate");
        return;
    }
    check_with(opened, c, candidates, outcome);
}

std::vector<std::string> take_untried(OpenedDevice &opened) {
    const Coverage variants = std::exchange(opened.variants, {});
    std::vector<std::string> values;
    std::set_difference(variants.offered.begin(), variants.offered.end(), variants.tried.begin(),
                        variants.tried.end(), std::back_inserter(values));
    return values;
}

void check_values(OpenedDevice &opened, const Case &c,
                  const std::vector<std::vector<double>> &values, double tolerance,
                  Outcome &outcome) {
    const std::vector<Candidate> candidates = candidates_of(opened, c.group);
    if (candidates.empty()) {
        outcome.failures.push_back(description(opened, c) + ": no candidate");
        return;
    }
    std::vector<std::vector<double>> data(values.size());
    Trial::Expected expected;
    expected.n = c.counts.front();
    expected.operands.resize(values.size());
    for (size_t i = 0; i < values.size(); ++i) {
        if (i < static_cast<size_t>(c.group.inputs)) {
            data[i] = values[i];
            continue;
        }
        double largest = 0;
        for (double v : values[i]) largest = std::max(largest, std::abs(v));
        expected.operands[i].value = values[i];
        expected.operands[i].error.assign(values[i].size(), tolerance * largest);
    }
    run_candidates(opened, c, data, nullptr, candidates, {expected}, outcome);
}

void check_fused(OpenedDevice &opened, const Case &c, Outcome &outcome) {
    for (size_t count = 2; count <= c.group.ops.size(); ++count) {
        if (opened.device->fuses(prefix_of(c.group, count))) continue;
        outcome.refused.push_back(description(opened, c));
        return;
    }
    const std::vector<Candidate> candidates = candidates_of(opened, c.group);
    if (candidates.empty())
        outcome.failures.push_back(description(opened, c) + ": fuses, but has no candidate");
    check_with(opened, c, candidates, outcome);
}

void check_reorder(OpenedDevice &opened, const Case &c, Outcome &outcome) {
    if (opened.seen.empty()) find_layouts(opened);
    const Tensor &like = c.group.tensors[0];
    std::vector<Layout> layouts{Layout::plain()};
    for (const SeenLayout &seen : opened.seen)
        if (seen.batched == like.batched && seen.rank == like.shape.rank &&
            std::count(layouts.begin(), layouts.end(), seen.layout) == 0)
            layouts.push_back(seen.layout);
    std::vector<Candidate> candidates;
    for (const Layout &from : layouts) {
        for (const Layout &to : layouts) {
            // Parameters are plain where they come from.
            if (from == to || (!like.batched && !from.is_plain())) continue;
            if (to.filters != FilterForm::taps) continue;  // has a test of its own
            Candidate candidate;
            candidate.algorithm = "reorder";
            candidate.layouts = {from, to};
            candidates.push_back(candidate);
        }
    }
    check_with(opened, c, candidates, outcome);
}

}  // namespace cnn::conformance

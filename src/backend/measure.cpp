// Trying out candidates.
#include "backend/measure.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "base/text.h"
#include "ops/reference.h"

namespace cnn {
namespace {

constexpr int64_t kGuard = 256;        // bytes before and behind every tensor
constexpr uint8_t kPoison = 0xff;      // of floats a NaN
constexpr int64_t kTerms = 3'000'000;  // of the float64 check of a number of samples
constexpr double kRounding = 4;
// Launches that one wait ends are at most so many, however short.
constexpr int64_t kMostLaunches = 256;

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

// In [-1, 1), the same every time.
std::vector<float> random_data(int64_t elements, uint64_t stream) {
    std::vector<float> values(static_cast<size_t>(elements));
    uint64_t state = (stream + 1) * 0x9e3779b97f4a7c15u;
    for (float &value : values) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        value = static_cast<float>(static_cast<int32_t>(state >> 40) - (1 << 23)) / (1 << 23);
    }
    return values;
}

// Tensors within theta and the like are aligned to their elements alone.
int64_t begin_of(const Tensor &tensor, const Layout &layout) {
    return kGuard + (tensor.space != Space::activation && layout.is_plain() ? 12 : 0);
}

// Where a row-major element lies.
int64_t place_of(const Layout &layout, const Shape &shape, int64_t element) {
    std::array<int64_t, kMaxRank> at{};
    for (int axis = shape.rank - 1; axis >= 0; --axis) {
        at[static_cast<size_t>(axis)] = element % shape[axis];
        element /= shape[axis];
    }
    return layout.index(shape, {at.data(), static_cast<size_t>(shape.rank)});
}

// Whether a block holds both some of n samples and others.
bool has_lanes_beyond(const Tensor &tensor, const Layout &layout, int64_t n) {
    return tensor.batched && n % layout.block_of(0) != 0;
}

bool is_poison(const uint8_t *bytes, int64_t count) {
    return std::all_of(bytes, bytes + count, [](uint8_t b) { return b == kPoison; });
}

}  // namespace

// What a run of n samples gives at some elements, and how far off it may be.
struct Measurement::Expected {
    int64_t n = 0;
    std::vector<int64_t> elements;
    std::vector<double> values, errors;
};

// The operands in their layouts.
struct Measurement::Memory {
    std::vector<Layout> layouts;
    std::vector<std::unique_ptr<Buffer>> buffers;
    std::vector<Ref> refs;        // for the whole batch
    std::vector<Ref> part_refs;   // for the part of it that is tried, too
    std::vector<uint8_t> poison;  // of the output, guards included
    std::vector<uint8_t> image;   // what it came to
    std::vector<float> accepted;  // the whole batch's of the first that passed
};

Measurement::Measurement(Device &device, const FusedOp &group)
    : device_(device), group_(group), queue_(device.create_queue()) {
    for (size_t i = 0; i < output(); ++i)
        data_.push_back(random_data(group.tensors[i].shape.elements(), i));
    const int64_t batch = group.tensors[0].shape[0];
    expected_.push_back(expect(batch));
    if (batch > 2) expected_.push_back(expect(batch - (batch + 2) / 3));
}

Measurement::~Measurement() {
    try {
        queue_->finish();
    } catch (const Error &) {
        // The device is lost; there is nothing left to wait for.
    }
}

namespace {

// A group's tensors in float64, for n samples.
class Values {
  public:
    Values(const FusedOp &group, const std::vector<std::vector<float>> &data, int64_t n)
        : group_(group), n_(n) {
        for (size_t i = 0; i < group.tensors.size(); ++i) {
            const Shape shape = reference::shape_for(group.tensors[i], n);
            values_.emplace_back(static_cast<size_t>(shape.elements()));
            if (i < data.size())
                std::copy_n(data[i].begin(), values_[i].size(), values_[i].begin());
        }
        for (auto &values : values_) pointers_.push_back(values.data());
    }

    std::vector<double> &operator[](TensorId id) { return values_[static_cast<size_t>(id)]; }
    std::span<void *const> pointers() const { return pointers_; }
    void run(const Op &op) { reference::run<double>(op, group_.tensors, pointers_, {n_}); }
    // Magnitudes in place of values: an activation's is at most its argument's.
    void run_magnitudes(const Op &op) {
        if (std::get<PointwiseAttributes>(op.attributes).form == PointwiseForm::activation)
            (*this)[op.outputs[0]] = (*this)[op.inputs[0]];
        else
            run(op);
    }

  private:
    const FusedOp &group_;
    int64_t n_;
    std::vector<std::vector<double>> values_;
    std::vector<void *> pointers_;
};

// As many elements as the terms allow: the first, the last, and those at even distances between.
std::vector<int64_t> sampled_elements(int64_t elements, double terms_each) {
    const auto affordable = static_cast<int64_t>(static_cast<double>(kTerms) / terms_each);
    const int64_t count = std::clamp<int64_t>(affordable, 64, elements);
    std::vector<int64_t> chosen;
    if (elements == 0) return chosen;
    // An odd stride meets every residue of the powers of two that blocks have.
    for (int64_t i = 0; i < std::min(count, elements); ++i)
        chosen.push_back(count == elements ? i : (i * ((elements / count) | 1)) % elements);
    chosen.push_back(elements - 1);
    return chosen;
}

}  // namespace

Measurement::Expected Measurement::expect(int64_t n) const {
    Values values(group_, data_, n), magnitudes(group_, data_, n);
    for (size_t i = 0; i < output(); ++i)
        for (double &x : magnitudes[static_cast<TensorId>(i)]) x = std::abs(x);
    const Op &head = group_.head();
    std::vector<double> &sums = values[head.outputs[0]];
    const auto elements = static_cast<int64_t>(sums.size());
    const auto element = [&](int64_t i) {
        return reference::convolution_element(head, group_.tensors, values.pointers(), n, i);
    };
    Expected expected;
    expected.n = n;
    const double terms =
        flops_of(single(head, group_.tensors)) / 2 /
        static_cast<double>(std::max<int64_t>(
            1, group_.tensors[static_cast<size_t>(head.outputs[0])].shape.elements()));
    expected.elements = sampled_elements(elements, std::max(1.0, terms));
    constexpr double kEpsilon = std::numeric_limits<float>::epsilon();
    std::vector<double> factors;
    for (int64_t i : expected.elements) {
        const reference::Sampled sampled = element(i);
        sums[static_cast<size_t>(i)] = sampled.value;
        magnitudes[head.outputs[0]][static_cast<size_t>(i)] = sampled.magnitude;
        factors.push_back(kRounding * kEpsilon *
                          (std::sqrt(static_cast<double>(sampled.terms)) +
                           static_cast<double>(group_.ops.size())));
    }
    TensorId result = head.outputs[0];
    for (size_t i = 1; i < group_.ops.size(); ++i) {
        values.run(group_.ops[i]);
        magnitudes.run_magnitudes(group_.ops[i]);
        result = group_.ops[i].outputs[0];
    }
    for (size_t k = 0; k < expected.elements.size(); ++k) {
        const auto i = static_cast<size_t>(expected.elements[k]);
        expected.values.push_back(values[result][i]);
        expected.errors.push_back(factors[k] * magnitudes[result][i] +
                                  std::numeric_limits<float>::min());
    }
    return expected;
}

Measurement::Memory &Measurement::memory(const Candidate &candidate) {
    for (const auto &memory : memories_)
        if (memory->layouts == candidate.layouts) return *memory;
    auto memory = std::make_unique<Memory>();
    memory->layouts = candidate.layouts;
    for (size_t i = 0; i < candidate.layouts.size(); ++i) {
        const Tensor &tensor = group_.tensors[i];
        const Layout &layout = candidate.layouts[i];
        const bool input = i < output();
        const int64_t part = expected_.back().n;
        memory->refs.push_back(place(*memory, i, expected_[0].n));
        memory->part_refs.push_back(input && has_lanes_beyond(tensor, layout, part)
                                        ? place(*memory, i, part)
                                        : memory->refs.back());
    }
    memories_.push_back(std::move(memory));
    return *memories_.back();
}

// An input's elements, those of samples from n on zero: as a gradient's are in a block's lanes
// beyond the last sample.
std::vector<float> Measurement::data_of(size_t i, int64_t n) const {
    std::vector<float> data = data_[i];
    const Tensor &tensor = group_.tensors[i];
    if (!tensor.batched || n >= tensor.shape[0]) return data;
    const auto first = static_cast<std::ptrdiff_t>(n * tensor.shape.elements_after(0));
    std::fill(data.begin() + first, data.end(), 0.0f);
    return data;
}

// Operand i in new memory, between guards: n samples of data, or poison where it is written.
Ref Measurement::place(Memory &memory, size_t i, int64_t n) {
    const Tensor &tensor = group_.tensors[i];
    const Layout &layout = memory.layouts[i];
    const int64_t begin = begin_of(tensor, layout);
    const int64_t bytes = layout.elements(tensor.shape) * 4;
    std::vector<uint8_t> image(static_cast<size_t>(begin + bytes + kGuard), kPoison);
    if (i < output())
        reference::reorder(tensor.shape, 4, Layout::plain(), data_of(i, n).data(), layout,
                           image.data() + begin);
    const auto size = static_cast<int64_t>(image.size());
    Buffer *buffer = memory.buffers.emplace_back(device_.allocate(size)).get();
    queue_->write({buffer, 0}, image.data(), size);
    if (i == output()) memory.poison = memory.image = std::move(image);
    return {buffer, begin};
}

Contender Measurement::contender(const Candidate &candidate) {
    Contender contender;
    contender.candidate = candidate;
    contender.kernel = device_.prepare(group_, candidate);
    contender.kernel->take_memory();
    memory(candidate);
    if (candidate.workspace > workspace_bytes_) {
        queue_->finish();
        workspace_ = device_.allocate(candidate.workspace);
        workspace_bytes_ = candidate.workspace;
    }
    return contender;
}

void Measurement::launch(Contender &contender, int64_t n) {
    static constexpr double kScalars[kSlotCount] = {};
    Launch launch;
    launch.n = n;
    const Memory &mine = memory(contender.candidate);
    launch.operands = (n == expected_[0].n ? mine.refs : mine.part_refs).data();
    launch.workspace = {workspace_.get(), 0};
    launch.scalars = kScalars;
    contender.kernel->launch(*queue_, launch);
}

void Measurement::poison(const Contender &contender) {
    const Memory &mine = memory(contender.candidate);
    queue_->write({mine.refs[output()].buffer, 0}, mine.poison.data(),
                  static_cast<int64_t>(mine.poison.size()));
}

// The output of n samples as it lies in memory; `wrong` where something is written outside.
std::vector<float> Measurement::result(const Contender &contender, int64_t n, std::string &wrong) {
    Memory &mine = memory(contender.candidate);
    const Ref &out = mine.refs[output()];
    const auto size = static_cast<int64_t>(mine.image.size());
    queue_->read(mine.image.data(), {out.buffer, 0}, size);
    const Shape shape = reference::shape_for(group_.tensors[output()], n);
    std::vector<float> values(static_cast<size_t>(mine.layouts[output()].elements(shape)));
    const auto bytes = static_cast<int64_t>(values.size() * sizeof(float));
    const uint8_t *image = mine.image.data();
    if (!is_poison(image, out.offset) ||
        !is_poison(image + out.offset + bytes, size - out.offset - bytes))
        wrong = text("writes outside its output, with ", n, " samples");
    std::memcpy(values.data(), image + out.offset, static_cast<size_t>(bytes));
    return values;
}

std::string Measurement::difference(const Expected &expected, const Contender &contender,
                                    const std::vector<float> &got) {
    const Memory &mine = memory(contender.candidate);
    const Shape shape = reference::shape_for(group_.tensors[output()], expected.n);
    for (size_t k = 0; k < expected.elements.size(); ++k) {
        const auto at =
            static_cast<size_t>(place_of(mine.layouts[output()], shape, expected.elements[k]));
        const double error = std::abs(double{got[at]} - expected.values[k]);
        if (!(error <= expected.errors[k]))
            return text("element ", expected.elements[k], " of ", expected.n, " samples is ",
                        got[at], ", the reference's ", expected.values[k], " within ",
                        expected.errors[k]);
    }
    const double most = 2 * *std::max_element(expected.errors.begin(), expected.errors.end());
    const bool whole = expected.n == expected_[0].n && !mine.accepted.empty();
    for (size_t i = 0; i < got.size(); ++i) {
        if (!std::isfinite(got[i])) return text("place ", i, " isn't finite");
        if (whole && std::abs(double{got[i]} - double{mine.accepted[i]}) > most)
            return text("place ", i, " has ", got[i], ", another way's ", mine.accepted[i]);
    }
    return {};
}

std::string Measurement::verdict(Contender &contender) {
    std::string wrong;
    for (const Expected &expected : expected_) {
        if (expected.elements.empty()) continue;
        poison(contender);
        launch(contender, expected.n);
        std::vector<float> first = result(contender, expected.n, wrong);
        if (wrong.empty()) wrong = difference(expected, contender, first);
        if (!wrong.empty()) return wrong;
        launch(contender, expected.n);
        const std::vector<float> second = result(contender, expected.n, wrong);
        if (std::memcmp(first.data(), second.data(), first.size() * sizeof(float)) != 0)
            return "a second run gives other bits";
        std::vector<float> &accepted = memory(contender.candidate).accepted;
        if (expected.n == expected_[0].n && accepted.empty()) accepted = std::move(first);
    }
    return wrong;
}

double Measurement::time(Contender &contender, double seconds) {
    const int64_t n = expected_[0].n;
    int64_t count = 1;
    double least = std::numeric_limits<double>::infinity();
    const auto begin = Clock::now();
    // What comes first may wake threads and fill caches.
    for (int round = 0; round < 2 || seconds_since(begin) < seconds; ++round) {
        const auto start = Clock::now();
        for (int64_t i = 0; i < count; ++i) launch(contender, n);
        queue_->finish();
        const double each = seconds_since(start) / static_cast<double>(count);
        if (round > 0) least = std::min(least, each);
        if (round == 0 && each > seconds) {
            least = each;
            break;
        }
        count = std::clamp<int64_t>(static_cast<int64_t>(seconds / 4 / std::max(each, 1e-7)), 1,
                                    kMostLaunches);
    }
    contender.seconds = contender.seconds > 0 ? std::min(contender.seconds, least) : least;
    return least;
}

}  // namespace cnn

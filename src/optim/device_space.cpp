// Kernels for the algebra of device vectors.
#include "optim/device_space.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <type_traits>

#include "backend/flat_vector.h"
#include "base/error.h"
#include "base/text.h"

namespace cnn {

namespace {

constexpr int64_t kStage = 16384;  // elements that pass through the host at once

// Slots of the expressions below.
constexpr int32_t kA = 0, kB = 1;

Expression scale_expression() {
    ExpressionBuilder b;
    b.result(b.times(b.scalar(kA), b.operand(0)));
    return b.take();
}

Expression add_expression() {
    ExpressionBuilder b;
    b.result(b.plus(b.operand(0), b.times(b.scalar(kA), b.operand(1))));
    return b.take();
}

Expression combine_expression() {
    ExpressionBuilder b;
    b.result(b.plus(b.times(b.scalar(kA), b.operand(0)), b.times(b.scalar(kB), b.operand(1))));
    return b.take();
}

Expression product_expression() {
    ExpressionBuilder b;
    b.result(b.times(b.operand(0), b.operand(1)));
    return b.take();
}

bool same(Ref a, Ref b) {
    return a.buffer == b.buffer && a.offset == b.offset;
}

}  // namespace

PlainKernel prepare_plain(Device &device, const FusedOp &group, const char *what) {
    std::vector<Candidate> candidates;
    device.candidates(group, candidates);
    std::erase_if(candidates, [](const Candidate &c) {
        return !std::all_of(c.layouts.begin(), c.layouts.end(),
                            [](const Layout &l) { return l.is_plain(); });
    });
    if (candidates.empty())
        fail(Status::unsupported, text(what, ": ", device.info().spec, " can't run it"));
    const auto best = std::min_element(
        candidates.begin(), candidates.end(),
        [](const Candidate &a, const Candidate &b) { return a.seconds < b.seconds; });
    return {device.prepare(group, *best), best->workspace};
}

DeviceVectorSpace::DeviceVectorSpace(Device &device, Queue &queue, int64_t size)
    : device_(device),
      queue_(queue),
      size_(size),
      real_(device.real_bytes()),
      total_(device.allocate(2 * real_)),
      scale_(scale_expression()),
      add_(add_expression()),
      combine_(combine_expression()),
      product_(product_expression()),
      stage_(static_cast<size_t>(std::min(size, kStage))) {}

double DeviceVectorSpace::epsilon() const {
    return real_ == 8 ? std::numeric_limits<double>::epsilon()
                      : double{std::numeric_limits<float>::epsilon()};
}

std::unique_ptr<Vector> DeviceVectorSpace::create() {
    auto vector =
        std::make_unique<DeviceVector>(device_.allocate(std::max<int64_t>(1, size_) * real_));
    set_zero(*vector);
    return vector;
}

void DeviceVectorSpace::set_zero(Vector &x) {
    queue_.zero(at(x), size_ * real_);
}

void DeviceVectorSpace::copy(Vector &y, const Vector &x) {
    if (!same(at(y), at(x))) queue_.copy(at(y), at(x), size_ * real_);
}

void DeviceVectorSpace::scale(Vector &y, double a) {
    const Vector *operands[] = {&y};
    Vector *results[] = {&y};
    apply(scale_, operands, {&a, 1}, results);
}

void DeviceVectorSpace::add(Vector &y, double a, const Vector &x) {
    const Vector *operands[] = {&y, &x};
    Vector *results[] = {&y};
    apply(add_, operands, {&a, 1}, results);
}

void DeviceVectorSpace::combine(Vector &y, double a, const Vector &x, double b, const Vector &z) {
    const Vector *operands[] = {&x, &z};
    const double scalars[] = {a, b};
    Vector *results[] = {&y};
    apply(combine_, operands, scalars, results);
}

double DeviceVectorSpace::dot(const Vector &x, const Vector &y) {
    const Vector *operands[] = {&x, &y};
    return sum(product_, operands, {});
}

int32_t DeviceVectorSpace::place_of(const Vector &x) {
    for (size_t i = 0; i < refs_.size(); ++i)
        if (same(refs_[i], at(x))) return static_cast<int32_t>(i);
    refs_.push_back(at(x));
    return static_cast<int32_t>(refs_.size()) - 1;
}

// What is read alone comes first, then what is written.
void DeviceVectorSpace::place(std::span<const Vector *const> operands,
                              std::span<Vector *const> results) {
    refs_.clear();
    inputs_.clear();
    outputs_.clear();
    const auto written = [&](const Vector *x) {
        return std::any_of(results.begin(), results.end(),
                           [&](const Vector *result) { return same(at(*result), at(*x)); });
    };
    for (const Vector *x : operands)
        if (!written(x)) place_of(*x);
    for (const Vector *x : results) outputs_.push_back(place_of(*x));
    for (const Vector *x : operands) inputs_.push_back(place_of(*x));
}

DeviceVectorSpace::Prepared &DeviceVectorSpace::prepared(const Expression &expression,
                                                         bool reduces) {
    for (const auto &known : prepared_)
        if (known->reduces == reduces && known->inputs == inputs_ && known->outputs == outputs_ &&
            known->expression == expression)
            return *known;
    FusedOp group;
    Tensor vector;
    vector.shape = {size_};
    vector.space = Space::parameter;
    group.tensors.assign(refs_.size(), vector);
    group.outputs = reduces ? 1 : static_cast<int32_t>(outputs_.size());
    group.inputs = static_cast<int32_t>(refs_.size()) - (reduces ? 0 : group.outputs);
    Op op;
    op.kind = reduces ? OpKind::sum : OpKind::pointwise;
    op.inputs.assign(inputs_.begin(), inputs_.end());
    op.outputs.assign(outputs_.begin(), outputs_.end());
    if (reduces) {
        Tensor total;
        total.shape = {1};
        total.type = Type::wide;
        total.space = Space::status;
        op.outputs = {static_cast<TensorId>(group.tensors.size())};
        group.tensors.push_back(total);
    }
    op.attributes = PointwiseAttributes{expression};
    group.ops.push_back(std::move(op));
    auto made = std::make_unique<Prepared>(
        Prepared{expression, reduces, inputs_, outputs_, prepare_plain(device_, group, "vectors")});
    if (made->kernel.workspace > workspace_bytes_) {
        queue_.finish();
        workspace_ = device_.allocate(made->kernel.workspace);
        workspace_bytes_ = made->kernel.workspace;
    }
    prepared_.push_back(std::move(made));
    return *prepared_.back();
}

void DeviceVectorSpace::launch(PlainKernel &kernel, std::span<const double> scalars) {
    std::array<double, kSlotCount> slots{};
    std::copy_n(scalars.begin(), std::min(scalars.size(), slots.size()), slots.begin());
    Launch launch;
    launch.n = 1;
    launch.scalars = slots.data();
    launch.operands = refs_.data();
    launch.workspace = {workspace_.get(), 0};
    kernel.kernel->launch(queue_, launch);
}

void DeviceVectorSpace::apply(const Expression &expression, std::span<const Vector *const> operands,
                              std::span<const double> scalars, std::span<Vector *const> results) {
    if (size_ == 0) return;
    place(operands, results);
    launch(prepared(expression, false).kernel, scalars);
}

double DeviceVectorSpace::sum(const Expression &expression, std::span<const Vector *const> operands,
                              std::span<const double> scalars) {
    if (size_ == 0) return 0;
    place(operands, {});
    Prepared &known = prepared(expression, true);
    const Ref total{total_.get(), 0};
    refs_.push_back(total);
    launch(known.kernel, scalars);
    return read_wide(queue_, total, real_);
}

template <class Real, class Take>
void DeviceVectorSpace::parts(const Vector &x, const Take &take) {
    const Ref from = at(x);
    if (const void *host = from.buffer->host()) {
        queue_.finish();
        take(int64_t{0}, size_,
             reinterpret_cast<const Real *>(static_cast<const std::byte *>(host) + from.offset));
        return;
    }
    Real *stage = reinterpret_cast<Real *>(stage_.data());
    for (int64_t first = 0; first < size_; first += kStage) {
        const int64_t count = std::min(kStage, size_ - first);
        queue_.read(stage, {from.buffer, from.offset + first * real_}, count * real_);
        take(first, count, static_cast<const Real *>(stage));
    }
}

double DeviceVectorSpace::max_abs(const Vector &x) {
    double most = 0;
    bool all_numbers = true;
    const auto take = [&](int64_t, int64_t count, const auto *values) {
        auto largest = static_cast<std::remove_cvref_t<decltype(*values)>>(0);
        bool numbers = true;
        for (int64_t i = 0; i < count; ++i) {
            const auto magnitude = std::abs(values[i]);
            largest = magnitude > largest ? magnitude : largest;
            numbers = numbers & (values[i] == values[i]);
        }
        most = std::max(most, static_cast<double>(largest));
        all_numbers = all_numbers && numbers;
    };
    if (real_ == 8)
        parts<double>(x, take);
    else
        parts<float>(x, take);
    return all_numbers ? most : std::numeric_limits<double>::quiet_NaN();
}

void DeviceVectorSpace::read(const Vector &x, std::span<double> values) {
    const auto take = [&](int64_t first, int64_t count, const auto *from) {
        std::copy_n(from, count, values.begin() + first);
    };
    if (real_ == 8)
        parts<double>(x, take);
    else
        parts<float>(x, take);
}

void DeviceVectorSpace::write(Vector &x, std::span<const double> values) {
    const Ref to = at(x);
    if (real_ == 8) {
        queue_.write(to, values.data(), size_ * 8);
        return;
    }
    float *stage = reinterpret_cast<float *>(stage_.data());
    for (int64_t first = 0; first < size_; first += kStage) {
        const int64_t count = std::min(kStage, size_ - first);
        std::transform(values.begin() + first, values.begin() + first + count, stage,
                       [](double v) { return static_cast<float>(v); });
        queue_.write({to.buffer, to.offset + first * 4}, stage, count * 4);
    }
}

}  // namespace cnn

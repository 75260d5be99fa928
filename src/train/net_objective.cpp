// Batches, sums, penalties, residuals.
#include "train/net_objective.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/philox.h"
#include "base/text.h"

namespace cnn {

namespace {

// Bytes of a block's Jacobian, about.
constexpr int64_t kBlockBytes = int64_t{1} << 25;

// A program of residuals alone.
constexpr int32_t kNothingMoves = -2;

// Operands x and, second, the centre. Slots: 0 l2 times the factor, 1 l1 likewise.
Expression value_expression(bool centered) {
    ExpressionBuilder b;
    const auto x = b.operand(0);
    const auto away = centered ? b.minus(x, b.operand(1)) : x;
    const auto square = b.times(b.constant(0.5), b.times(b.scalar(0), b.times(away, away)));
    b.result(b.plus(square, b.times(b.scalar(1), b.call(Fn::abs, away))));
    return b.take();
}

// Operands g, x, centre.
Expression gradient_expression(bool centered) {
    ExpressionBuilder b;
    const auto x = b.operand(1), zero = b.constant(0), l1 = b.scalar(1);
    const auto away = centered ? b.minus(x, b.operand(2)) : x;
    const auto negative = b.select(b.call(Fn::less, away, zero), b.call(Fn::negate, l1), zero);
    const auto sign = b.select(b.call(Fn::less, zero, away), l1, negative);
    b.result(b.plus(b.operand(0), b.plus(b.times(b.scalar(0), away), sign)));
    return b.take();
}

bool names(const std::string &name, const NetTensor &tensor) {
    if (name == tensor.name) return true;
    return tensor.name.size() > name.size() && tensor.name[name.size()] == '/' &&
           tensor.name.compare(0, name.size(), name) == 0;
}

}  // namespace

NetObjective::NetObjective(const char *operation, Session &session, const Samples &samples,
                           const Penalties &penalties, const std::vector<std::string> &tensors)
    : session_(session),
      samples_(samples),
      penalties_(penalties),
      real_(session.executable(operation).device().real_bytes()),
      space_(session.executable(operation).device(), session.executable(operation).queue(),
             session.net().theta().elements()),
      penalty_value_(value_expression(session.net().center().elements() > 0)),
      penalty_gradient_(gradient_expression(session.net().center().elements() > 0)),
      penalty_product_(gradient_expression(false)) {
    choose_tensors(operation, tensors);
    make_penalties();
    find_residuals();
}

void NetObjective::choose_tensors(const char *operation, const std::vector<std::string> &names_) {
    const auto &tensors = session_.net().parameters();
    moves_.assign(tensors.size(), names_.empty());
    for (const std::string &name : names_) {
        bool found = false;
        for (size_t t = 0; t < tensors.size(); ++t)
            if (names(name, tensors[t])) moves_[t] = found = true;
        if (!found)
            fail(Status::not_found,
                 text(operation, ": no parameter tensor, nor node with any, is named \"", name,
                      "\""));
    }
    for (size_t t = 0; t < tensors.size(); ++t) moves_[t] = moves_[t] && tensors[t].rate != 0;
    if (std::none_of(moves_.begin(), moves_.end(), [](bool moves) { return moves; }))
        fail(Status::bad_state, text(operation, ": no parameter of the net may move"));
    if (std::all_of(moves_.begin(), moves_.end(), [](bool moves) { return moves; })) return;
    for (size_t t = 0; t < tensors.size(); ++t)
        for (int64_t i = 0; moves_[t] && i < tensors[t].shape.elements(); ++i)
            free_.push_back(tensors[t].offset + i);
}

void NetObjective::make_penalties() {
    if (penalties_.l2 == 0 && penalties_.l1 == 0) return;
    Executable &executable = exe();
    const auto &tensors = session_.net().parameters();
    for (size_t t = 0; t < tensors.size(); ++t) {
        if (!moves_[t] || tensors[t].regularization == 0) continue;
        const int64_t count = tensors[t].shape.elements();
        penalized_.push_back(
            {tensors[t].offset, tensors[t].regularization,
             std::make_unique<DeviceVectorSpace>(executable.device(), executable.queue(), count)});
        penalty_rows_ += count;
    }
}

void NetObjective::find_residuals() {
    const Net &net = session_.net();
    bool squares = penalties_.l1 == 0 && !net.losses().empty();
    for (int32_t id : net.losses()) {
        const Node &node = net.node(id);
        outputs_.push_back(net.node(node.inputs[0]).shape.elements());
        squares = squares && node.loss->has_residuals() && node.loss_weight >= 0;
    }
    if (squares) sample_rows_ = std::accumulate(outputs_.begin(), outputs_.end(), int64_t{0});
}

Objective::RuleFactors NetObjective::rule_factors() {
    const auto &tensors = session_.net().parameters();
    const auto make = [&](double NetTensor::*factor, std::unique_ptr<Vector> &to) {
        if (std::all_of(tensors.begin(), tensors.end(),
                        [&](const NetTensor &t) { return t.*factor == 1; }))
            return;
        std::vector<double> values;
        for (const NetTensor &t : tensors)
            values.insert(values.end(), static_cast<size_t>(t.shape.elements()), t.*factor);
        to = space_.create();
        space_.write(*to, values);
    };
    make(&NetTensor::rate, rates_);
    make(&NetTensor::regularization, decays_);
    if (const Ref center = session_.net().center().at(); center.buffer)
        center_ = std::make_unique<DeviceVector>(center);
    return {rates_.get(), decays_.get(), center_.get()};
}

Ref NetObjective::theta() {
    return session_.net().theta().at();
}

Ref NetObjective::part(Ref whole, int64_t offset) const {
    return {whole.buffer, whole.offset + offset * real_};
}

std::unique_ptr<Vector> NetObjective::current() {
    auto x = space_.create();
    space_.copy(*x, DeviceVector(theta()));
    return x;
}

void NetObjective::assign(const Vector &x) {
    DeviceVector own(theta());
    space_.copy(own, x);
    session_.net().theta_changed();
}

int64_t NetObjective::batch(int64_t first, int64_t count) const {
    return std::min(session_.executable("minimize").max_batch(), count - first);
}

Plan &NetObjective::feed(ProgramKey key, int64_t first, int64_t n, const int64_t *rows) {
    key.label_targets = samples_.label_targets();
    Plan &plan = exe().plan(key, n);
    if (rows)
        samples_.fill(plan, 0, rows + first, exe().ones());
    else
        samples_.fill(plan, first, nullptr, exe().ones());
    return plan;
}

double NetObjective::value(const Vector &x) {
    assign(x);
    Executable &executable = exe();
    ProgramKey key;
    key.purpose = Purpose::evaluate;
    const int64_t count = samples_.count();
    executable.scalars()[kSlotInverseCount] = 1.0 / static_cast<double>(count);
    double total = 0;
    for (int64_t first = 0; first < count; first += executable.max_batch()) {
        const int64_t n = batch(first, count);
        Plan &plan = feed(key, first, n, nullptr);
        executable.launch(plan, n, 0);
        total += executable.read_loss(plan);
    }
    return total + penalty(x);
}

double NetObjective::accumulate(Purpose purpose, const std::vector<int64_t> *rows, Vector &out) {
    Executable &executable = exe();
    ProgramKey key;
    key.purpose = purpose;
    const int64_t count = rows ? static_cast<int64_t>(rows->size()) : samples_.count();
    executable.scalars()[kSlotInverseCount] = 1.0 / static_cast<double>(count);
    const DeviceVector gradient(executable.gradient());
    double total = 0;
    for (int64_t first = 0; first < count; first += executable.max_batch()) {
        const int64_t n = batch(first, count);
        Plan &plan = feed(key, first, n, rows ? rows->data() : nullptr);
        executable.launch(plan, n, 0);
        total += executable.read_loss(plan);
        if (first == 0)
            space_.copy(out, gradient);
        else
            space_.add(out, 1, gradient);
    }
    clear_fixed(out);
    return total;
}

void NetObjective::clear_fixed(Vector &x) {
    if (free_.empty()) return;
    const auto &tensors = session_.net().parameters();
    for (size_t t = 0; t < tensors.size(); ++t)
        if (!moves_[t])
            exe().queue().zero(part(at(x), tensors[t].offset), tensors[t].shape.elements() * real_);
}

double NetObjective::value_and_gradient(const Vector &x, Vector &gradient) {
    assign(x);
    const double loss = accumulate(Purpose::gradient, nullptr, gradient);
    add_penalty_gradient(x, gradient);
    return loss + penalty(x);
}

double NetObjective::penalty(const Vector &x) {
    double total = 0;
    const Ref center = session_.net().center().at();
    for (const Penalized &run : penalized_) {
        const DeviceVector values(part(at(x), run.offset)), pulls(part(center, run.offset));
        const Vector *operands[] = {&values, &pulls};
        const double scalars[] = {penalties_.l2 * run.factor, penalties_.l1 * run.factor};
        total += run.space->sum(penalty_value_, {operands, center.buffer ? 2u : 1u}, scalars);
    }
    return total;
}

void NetObjective::add_penalty_gradient(const Vector &x, Vector &gradient) {
    const Ref center = session_.net().center().at();
    for (const Penalized &run : penalized_) {
        const DeviceVector values(part(at(x), run.offset)), pulls(part(center, run.offset));
        DeviceVector sum(part(at(gradient), run.offset));
        const Vector *operands[] = {&sum, &values, &pulls};
        Vector *results[] = {&sum};
        const double scalars[] = {penalties_.l2 * run.factor, penalties_.l1 * run.factor};
        run.space->apply(penalty_gradient_, {operands, center.buffer ? 3u : 2u}, scalars, results);
    }
}

const std::vector<int64_t> &NetObjective::subset(double fraction, uint64_t part) {
    const int64_t count = samples_.count();
    const auto wanted = static_cast<size_t>(std::clamp<int64_t>(
        static_cast<int64_t>(std::ceil(fraction * static_cast<double>(count))), 1, count));
    if (subset_.size() == wanted && subset_fraction_ == fraction && subset_part_ == part)
        return subset_;
    subset_.resize(static_cast<size_t>(count));
    RandomStream(session_.net().seed(), part).permutation(subset_);
    subset_.resize(wanted);
    subset_fraction_ = fraction;
    subset_part_ = part;
    return subset_;
}

void NetObjective::product(const Vector &x, const Vector &v, double fraction, uint64_t part_number,
                           Vector &out) {
    assign(x);
    exe().set_direction(at(v));
    accumulate(Purpose::product, fraction < 1 ? &subset(fraction, part_number) : nullptr, out);
    for (const Penalized &run : penalized_) {
        const DeviceVector values(part(at(v), run.offset));
        DeviceVector sum(part(at(out), run.offset));
        const Vector *operands[] = {&sum, &values};
        Vector *results[] = {&sum};
        const double scalars[] = {penalties_.l2 * run.factor, 0};
        run.space->apply(penalty_product_, operands, scalars, results);
    }
}

// --- Least squares.

int64_t NetObjective::residuals() const {
    return sample_rows_ == 0 ? 0 : sample_rows_ * samples_.count() + penalty_rows_;
}

Lack NetObjective::lacks_residuals() const {
    const Net &net = session_.net();
    if (penalties_.l1 != 0) return {text("l1 is ", penalties_.l1, ", which is no square")};
    for (int32_t id : net.losses())
        if (!net.node(id).loss->has_residuals() || net.node(id).loss_weight < 0)
            return {text(net.describe(id), " is no sum of squares"), Status::unsupported, id};
    if (sample_rows_ == 0) return {"the net has no loss"};
    if (const int64_t sample = samples_.first_negative_weight(); sample >= 0)
        return {text("weight ", samples_.weight(sample), " of sample ", sample,
                     " is negative, and squares have weights of at least 0"),
                Status::out_of_range};
    return lacks_tangent([&](size_t tensor) { return moves_[tensor]; });
}

// Products are of one program for all that isn't frozen.
Lack NetObjective::lacks_products() const {
    const auto &tensors = session_.net().parameters();
    return lacks_tangent([&](size_t tensor) { return tensors[tensor].rate != 0; });
}

template <class Moves>
Lack NetObjective::lacks_tangent(const Moves &moves) const {
    const Net &net = session_.net();
    const size_t count = net.nodes().size();
    std::vector<bool> needed(count), reached(count);
    for (size_t i = count; i-- > 0;) {
        const Node &node = net.nodes()[i];
        if (node.loss) needed[i] = true;
        for (int32_t input : node.inputs)
            if (needed[i]) needed[static_cast<size_t>(input)] = true;
    }
    for (size_t i = 0; i < count; ++i) {
        const Node &node = net.nodes()[i];
        for (int32_t p = 0; p < node.parameter_count; ++p)
            if (moves(static_cast<size_t>(node.first_parameter + p))) reached[i] = true;
        for (int32_t input : node.inputs)
            if (reached[static_cast<size_t>(input)]) reached[i] = true;
        if (!node.layer || node.layer->has_tangent() || !needed[i] || !reached[i]) continue;
        const auto id = static_cast<int32_t>(i);
        return {text(net.describe(id), " has no derivative along a direction"), Status::unsupported,
                id};
    }
    return {};
}

double NetObjective::residual_blocks(const Vector &x, bool jacobian,
                                     const std::function<void(const ResidualBlock &)> &take) {
    assign(x);
    if (columns_.empty()) {
        columns_.assign(free_.begin(), free_.end());
        if (free_.empty()) {
            columns_.resize(static_cast<size_t>(space_.size()));
            std::iota(columns_.begin(), columns_.end(), int64_t{0});
        }
    }
    if (jacobian && !direction_) direction_ = space_.create();
    if (jacobian) exe().set_direction(at(*direction_));
    const int64_t count = samples_.count();
    exe().scalars()[kSlotInverseCount] = 1.0 / static_cast<double>(count);
    const auto columns = static_cast<int64_t>(columns_.size());
    const int64_t most = std::max<int64_t>(1, kBlockBytes / (8 * columns * sample_rows_));
    double total = 0;
    for (int64_t first = 0; first < count;) {
        const int64_t n = jacobian ? std::min(most, batch(first, count)) : batch(first, count);
        total += residual_block(first, n, jacobian, take);
        first += n;
    }
    return total + penalty_blocks(x, jacobian, take);
}

// take(loss, values of n samples, plain)
template <class Take>
void NetObjective::read_samples(Plan &plan, bool tangents, int64_t n, const Take &take) {
    Queue &queue = exe().queue();
    for (size_t loss = 0; loss < outputs_.size(); ++loss) {
        const Ref from = tangents ? plan.residual_tangents(loss) : plan.residuals(loss);
        const int64_t elements = n * outputs_[loss];
        if (!from.buffer) {
            take(loss, static_cast<const float *>(nullptr));
            continue;
        }
        const auto *host = static_cast<const std::byte *>(from.buffer->host());
        if (host) {
            queue.finish();
            host += from.offset;
        }
        if (real_ == 8) {
            wide_stage_.resize(static_cast<size_t>(elements));
            if (!host) queue.read(wide_stage_.data(), from, elements * 8);
            take(loss, host ? reinterpret_cast<const double *>(host) : wide_stage_.data());
        } else {
            stage_.resize(static_cast<size_t>(elements));
            if (!host) queue.read(stage_.data(), from, elements * 4);
            take(loss, host ? reinterpret_cast<const float *>(host) : stage_.data());
        }
    }
}

double NetObjective::residual_block(int64_t first, int64_t n, bool jacobian,
                                    const std::function<void(const ResidualBlock &)> &take) {
    const auto rows = static_cast<size_t>(n * sample_rows_);
    residuals_.resize(rows);
    // A column into its place: a sample's outputs of all losses are neighbours.
    const auto place = [&](double *column) {
        return [&, column](size_t loss, const auto *values) {
            int64_t offset = 0;
            for (size_t i = 0; i < loss; ++i) offset += outputs_[i];
            const int64_t outputs = outputs_[loss];
            for (int64_t k = 0; k < n; ++k)
                for (int64_t i = 0; i < outputs; ++i)
                    column[k * sample_rows_ + offset + i] =
                        values ? static_cast<double>(values[k * outputs + i]) : 0;
        };
    };
    ProgramKey key;
    key.purpose = Purpose::jacobian;
    key.tensor = kNothingMoves;
    if (!jacobian) {
        Plan &plan = feed(key, first, n, nullptr);
        exe().launch(plan, n, 0);
        read_samples(plan, false, n, place(residuals_.data()));
    } else {
        jacobian_.resize(rows * columns_.size());
        const auto &tensors = session_.net().parameters();
        double *column = jacobian_.data();
        bool fresh = true;
        for (size_t t = 0; t < tensors.size(); ++t) {
            if (!moves_[t]) continue;
            key.tensor = static_cast<int32_t>(t);
            Plan &plan = feed(key, first, n, nullptr);
            for (int64_t i = 0; i < tensors[t].shape.elements(); ++i, column += rows) {
                set_direction(tensors[t].offset + i, 1);
                if (i == 0)
                    exe().launch(plan, n, 0);
                else
                    exe().repeat(plan, n);
                set_direction(tensors[t].offset + i, 0);
                if (fresh) read_samples(plan, false, n, place(residuals_.data()));
                fresh = false;
                read_samples(plan, true, n, place(column));
            }
        }
    }
    double squares = 0;
    for (double r : residuals_) squares += r * r;
    ResidualBlock block;
    block.rows = static_cast<int64_t>(rows);
    block.group = sample_rows_;
    block.residuals = residuals_;
    if (jacobian) block.jacobian = jacobian_;
    take(block);
    return squares / 2;
}

void NetObjective::set_direction(int64_t element, double value) {
    const auto narrow = static_cast<float>(value);
    const void *bytes = real_ == 8 ? static_cast<const void *>(&value) : &narrow;
    exe().queue().write(part(at(*direction_), element), bytes, real_);
}

// sqrt(l2) (theta - center): a diagonal, some rows at a time.
double NetObjective::penalty_blocks(const Vector &x, bool jacobian,
                                    const std::function<void(const ResidualBlock &)> &take) {
    if (penalized_.empty()) return 0;
    std::vector<double> values(static_cast<size_t>(space_.size())), center;
    space_.read(x, values);
    if (const Ref pulls = session_.net().center().at(); pulls.buffer) {
        center.resize(values.size());
        space_.read(DeviceVector(pulls), center);
    }
    constexpr int64_t kRows = 64;
    double squares = 0;
    for (const Penalized &run : penalized_) {
        const double root = std::sqrt(penalties_.l2 * run.factor);
        for (int64_t first = 0; first < run.space->size(); first += kRows) {
            const auto rows = static_cast<size_t>(std::min(kRows, run.space->size() - first));
            residuals_.assign(rows, 0.0);
            if (jacobian) jacobian_.assign(rows * columns_.size(), 0.0);
            for (size_t i = 0; i < rows; ++i) {
                const auto element = static_cast<size_t>(run.offset + first) + i;
                residuals_[i] = root * (values[element] - (center.empty() ? 0 : center[element]));
                squares += residuals_[i] * residuals_[i];
                if (!jacobian) continue;
                const auto column = std::lower_bound(columns_.begin(), columns_.end(),
                                                     static_cast<int64_t>(element));
                jacobian_[static_cast<size_t>(column - columns_.begin()) * rows + i] = root;
            }
            ResidualBlock block;
            block.rows = static_cast<int64_t>(rows);
            block.residuals = residuals_;
            if (jacobian) block.jacobian = jacobian_;
            take(block);
        }
    }
    return squares / 2;
}

}  // namespace cnn

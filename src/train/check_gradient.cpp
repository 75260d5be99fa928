// Central differences of the loss at two steps, told from each other near kinks.
#include "train/check_gradient.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "base/fpenv.h"
#include "base/philox.h"
#include "base/text.h"
#include "train/copy.h"

namespace cnn {

namespace {

constexpr uint64_t kEntryStream = uint64_t{3} << 56;
constexpr uint64_t kDirectionStream = (uint64_t{3} << 56) + 1;

// How differences are taken, by the precision of the loss.
struct Steps {
    double first;      // the largest, for |theta| <= 1
    int tries;         // each a quarter of the one before
    double noise;      // of the loss, relative
    double smooth;     // difference of slopes that curvature explains, relative to the slope
    bool extrapolate;  // to a step of 0, from two
    double floor;      // a gradient so small, relative to the loss, is none
};

constexpr Steps kDouble{0x1p-20, 3, 1e-15, 1e-6, false, 1e-6};
// A host-defined layer computes in float.
constexpr Steps kFloat{0x1p-6, 2, 1.2e-7, 1e-3, true, 1e-4};
// Gradients so small, relative to the largest, are compared with that largest.
constexpr double kSmall = 1e-3;

// The loss of a clone of the net on the reference, as a function of theta in double.
class Truth {
  public:
    Truth(Session &session, const Samples &samples, const std::shared_ptr<Device> &reference,
          bool training)
        : samples_(samples), clone_(session.net().name(), session.net().seed()) {
        clone_into(session, clone_);
        CompileOptions options;
        options.max_batch = samples.count();
        options.inference_only = true;
        clone_.compile(reference, Log{}, options);
        key_.purpose = Purpose::evaluate;
        key_.training = training;
        key_.label_targets = samples.label_targets();
        std::vector<float> theta(static_cast<size_t>(clone_.elements(VectorKind::parameters)));
        clone_.read(VectorKind::parameters, 0, theta.data(), static_cast<int64_t>(theta.size()));
        theta_.assign(theta.begin(), theta.end());
        moved_ = theta_;
        loss_ = loss();
    }

    const std::vector<double> &theta() const { return theta_; }
    double start() const { return loss_; }

    double along_entry(size_t i, double step) {
        write(i, theta_[i] + step);
        const double moved = loss();
        write(i, theta_[i]);
        return moved;
    }

    double along(const std::vector<double> &direction, double step) {
        for (size_t i = 0; i < theta_.size(); ++i) moved_[i] = theta_[i] + step * direction[i];
        write_all(moved_);
        const double moved = loss();
        write_all(theta_);
        return moved;
    }

  private:
    Executable &exe() { return clone_.executable("check_gradient"); }

    double loss() {
        Plan &plan = exe().plan(key_, samples_.count());
        samples_.fill(plan, 0, nullptr, exe().ones());
        exe().scalars()[kSlotInverseCount] = 1.0 / static_cast<double>(samples_.count());
        // The step that loss_gradient takes, for dropout's sake.
        exe().launch(plan, samples_.count(), static_cast<uint64_t>(clone_.steps()) + 1);
        return exe().read_loss(plan);
    }
    void write(size_t i, double value) {
        exe().queue().write(clone_.net().theta().at(static_cast<int64_t>(i)), &value, sizeof value);
        clone_.net().theta_changed();
    }
    void write_all(const std::vector<double> &values) {
        exe().queue().write(clone_.net().theta().at(), values.data(),
                            static_cast<int64_t>(values.size() * sizeof(double)));
        clone_.net().theta_changed();
    }

    const Samples &samples_;
    Session clone_;
    ProgramKey key_;
    std::vector<double> theta_, moved_;
    double loss_ = 0;
};

// The slope at 0 of at(step), or nothing where a kink is within every step tried. With d the
// central difference and k the difference of the one-sided ones: where the function is smooth, d(h)
// is d(h / 2) and k(h) is 2 k(h / 2), to the second order; a kink of jump J within the step makes
// one of them differ by J / 7 at least.
template <class At>
std::optional<double> slope(const Steps &steps, double step, double start, double scale,
                            const At &at) {
    for (int i = 0; i < steps.tries; ++i, step /= 4) {
        const double up = at(step), down = at(-step);
        const double near_up = at(step / 2), near_down = at(-step / 2);
        const double wide = (up - down) / (2 * step), narrow = (near_up - near_down) / step;
        const double curve = (up - 2 * start + down) / step;
        const double near_curve = (near_up - 2 * start + near_down) / (step / 2);
        const double kink = std::max(std::abs(wide - narrow), std::abs(curve - 2 * near_curve));
        const double smooth = steps.smooth * std::max(scale, std::abs(narrow)) +
                              8 * steps.noise * std::abs(start) / step;
        // NaN is no kink: it is told.
        if (!(kink > smooth)) return steps.extrapolate ? (4 * narrow - wide) / 3 : narrow;
    }
    return std::nullopt;
}

// Which entries are checked: all that are trained, or as many of them as the limit, one of each
// tensor first.
std::vector<int64_t> entries_of(const Net &net, int64_t limit, uint64_t seed) {
    const RandomStream stream(seed, kEntryStream);
    // By a random number each, a tensor's least before all others.
    std::vector<std::pair<int64_t, int64_t>> order;
    for (const NetTensor &tensor : net.parameters()) {
        if (tensor.rate == 0) continue;
        const size_t first = order.size();
        for (int64_t i = 0; i < tensor.shape.elements(); ++i) {
            const int64_t index = tensor.offset + i;
            order.emplace_back(stream.at(static_cast<uint64_t>(index)), index);
        }
        std::min_element(order.begin() + static_cast<std::ptrdiff_t>(first), order.end())->first =
            -1;
    }
    std::sort(order.begin(), order.end());
    if (static_cast<int64_t>(order.size()) > limit) order.resize(static_cast<size_t>(limit));
    std::vector<int64_t> entries;
    for (const auto &[unused, index] : order) entries.push_back(index);
    std::sort(entries.begin(), entries.end());
    return entries;
}

// While differences are taken the host's layers may be running for a net of ours.
class CallbackScope {
  public:
    explicit CallbackScope(Session &session) : session_(session) { session_.set_in_callback(true); }
    ~CallbackScope() { session_.set_in_callback(false); }
    CallbackScope(const CallbackScope &) = delete;
    CallbackScope &operator=(const CallbackScope &) = delete;

  private:
    Session &session_;
};

class Check {
  public:
    Check(Session &session, const Samples &samples, const std::shared_ptr<Device> &reference,
          const GradientCheckOptions &options)
        : session_(session), options_(options) {
        session.loss_gradient(samples, options.training, nullptr);
        gradient_.resize(static_cast<size_t>(session.elements(VectorKind::parameters)));
        session.read(VectorKind::gradient, 0, gradient_.data(),
                     static_cast<int64_t>(gradient_.size()));
        const CallbackScope scope(session);
        truth_.emplace(session, samples, reference, options.training);
        const auto &nodes = session.net().nodes();
        const bool hosted = std::any_of(nodes.begin(), nodes.end(),
                                        [](const Node &node) { return node.host != nullptr; });
        steps_ = hosted ? kFloat : kDouble;
        report_.loss = truth_->start();
        if (!std::isfinite(report_.loss))
            fail(Status::not_finite,
                 text("check_gradient: the loss is ", report_.loss, " on the reference"));
        for (float g : gradient_)
            if (std::isfinite(g)) largest_ = std::max(largest_, std::abs(static_cast<double>(g)));
    }

    GradientReport run() {
        const CallbackScope scope(session_);
        for (int64_t index : entries_of(session_.net(), options_.entries, options_.seed))
            check_entry(index);
        for (const GradientComparison &c : entries_) largest_ = std::max(largest_, finite(c));
        for (GradientComparison &c : entries_) judge(c, kSmall * largest_, report_.worst);
        report_.entries = static_cast<int64_t>(entries_.size());
        for (int64_t i = 0; i < options_.directions; ++i) check_direction(i);
        return report_;
    }

  private:
    static double finite(const GradientComparison &c) {
        return std::isfinite(c.numeric) ? std::abs(c.numeric) : 0;
    }

    void check_cancel() const {
        if (session_.executable("check_gradient").cancelled())
            fail(Status::cancelled, "cancelled by cnn_net_cancel");
    }

    void judge(GradientComparison &c, double floor, GradientComparison &worst) const {
        const double scale =
            std::max({std::abs(c.analytic), std::abs(c.numeric), floor,
                      steps_.floor * std::abs(report_.loss), std::numeric_limits<double>::min()});
        c.error = std::abs(c.analytic - c.numeric) / scale;
        if (!std::isfinite(c.error)) c.error = std::numeric_limits<double>::infinity();
        if (worst.index < 0 || c.error > worst.error) worst = c;
    }

    void check_entry(int64_t index) {
        check_cancel();
        const auto i = static_cast<size_t>(index);
        const double magnitude = std::abs(truth_->theta()[i]);
        const double step =
            magnitude > 1 ? std::ldexp(steps_.first, std::ilogb(magnitude) + 1) : steps_.first;
        const auto numeric = slope(steps_, step, report_.loss, kSmall * largest_,
                                   [&](double h) { return truth_->along_entry(i, h); });
        if (numeric)
            entries_.push_back({index, static_cast<double>(gradient_[i]), *numeric, 0});
        else
            ++report_.skipped;
    }

    // Each trained entry by +1 or -1.
    void check_direction(int64_t number) {
        check_cancel();
        const RandomStream stream(options_.seed,
                                  kDirectionStream + (static_cast<uint64_t>(number) << 1));
        std::vector<double> direction(gradient_.size(), 0.0);
        double analytic = 0, squares = 0, moved = 0;
        for (const NetTensor &tensor : session_.net().parameters()) {
            if (tensor.rate == 0) continue;
            for (int64_t k = 0; k < tensor.shape.elements(); ++k) {
                const auto i = static_cast<size_t>(tensor.offset + k);
                direction[i] = (stream.at(i) & 1) != 0 ? 1 : -1;
                const auto g = static_cast<double>(gradient_[i]);
                analytic += g * direction[i];
                squares += g * g;
                moved += 1;
            }
        }
        if (moved == 0) return;
        // Of float's larger step many entries at once would make too much.
        const double step =
            steps_.extrapolate ? steps_.first / std::sqrt(std::sqrt(moved)) : steps_.first;
        const double norm = std::sqrt(squares);
        const auto numeric = slope(steps_, step, report_.loss, kSmall * norm,
                                   [&](double h) { return truth_->along(direction, h); });
        if (!numeric) {
            ++report_.skipped_directions;
            return;
        }
        GradientComparison c{number, analytic, *numeric, 0};
        judge(c, 0.1 * norm, report_.worst_direction);
        ++report_.directions;
    }

    Session &session_;
    const GradientCheckOptions &options_;
    std::vector<float> gradient_;
    std::optional<Truth> truth_;
    Steps steps_ = kDouble;
    double largest_ = 0;  // of the gradient's entries
    std::vector<GradientComparison> entries_;
    GradientReport report_;
};

}  // namespace

GradientReport check_gradient(Session &session, const Samples &samples,
                              const std::shared_ptr<Device> &reference,
                              const GradientCheckOptions &options) {
    const DefaultFloatEnvironment environment;
    return Check(session, samples, reference, options).run();
}

std::string entry_name(const Net &net, int64_t index) {
    for (const NetTensor &tensor : net.parameters()) {
        if (index < tensor.offset || index >= tensor.offset + tensor.shape.elements()) continue;
        int64_t rest = index - tensor.offset;
        std::string place = "]";
        for (int axis = tensor.shape.rank - 1; axis >= 0; --axis) {
            place = text(axis > 0 ? "," : "[", rest % tensor.shape[axis], place);
            rest /= tensor.shape[axis];
        }
        return tensor.name + place;
    }
    return {};
}

}  // namespace cnn

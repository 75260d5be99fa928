// The driver of whole problems on a net.
#include "train/net_minimize.h"

#include <algorithm>
#include <cmath>

#include "base/fpenv.h"
#include "base/text.h"
#include "train/net_objective.h"

namespace cnn {

namespace {

// Sets theta to what x is at the end of a scope, come what may.
class Restore {
  public:
    Restore(NetObjective &objective, const std::unique_ptr<Vector> &x)
        : objective_(objective), x_(x) {}
    Restore(const Restore &) = delete;
    ~Restore() {
        try {
            objective_.assign(*x_);
        } catch (const Error &) {
            // The device is lost, and theta with it.
        }
    }

  private:
    NetObjective &objective_;
    const std::unique_ptr<Vector> &x_;
};

Executable &trainable(Session &session, const char *operation) {
    session.check_training(operation);
    if (session.net().losses().empty())
        fail(Status::bad_state, text(operation, ": the net has no loss"));
    if (session.net().theta().elements() == 0)
        fail(Status::bad_state, text(operation, ": the net has no parameters"));
    return session.executable(operation);
}

}  // namespace

void minimize_net(Session &session, const Optimizer &optimizer, const Samples &samples,
                  const MinimizeOptions &options, const std::vector<std::string> &tensors,
                  MinimizeReport &report) {
    trainable(session, "minimize");
    const DefaultFloatEnvironment environment;
    const Penalties penalties{optimizer.value_or_zero(Key::l2), optimizer.value_or_zero(Key::l1)};
    NetObjective objective("minimize", session, samples, penalties, tensors);
    auto x = objective.current();
    const Restore restore(objective, x);
    MinimizeOptions observed = options;
    if (options.progress)
        observed.progress = [&](const MinimizeProgress &progress) {
            objective.assign(*x);
            session.set_in_callback(true);
            const bool go_on = options.progress(progress);
            session.set_in_callback(false);
            return go_on;
        };
    minimize(objective, optimizer, observed, x, report);
}

void error_curve(Session &session, const Samples &samples, std::span<const float> direction,
                 std::span<const double> alphas, std::span<double> values) {
    trainable(session, "error curve");
    const DefaultFloatEnvironment environment;
    NetObjective objective("error curve", session, samples, {}, {});
    VectorSpace &space = objective.space();
    const auto x = objective.current();
    const Restore restore(objective, x);
    const auto d = space.create(), at = space.create();
    if (direction.empty()) {
        objective.value_and_gradient(*x, *d);
        space.scale(*d, -1);
    } else {
        space.write(*d, std::vector<double>(direction.begin(), direction.end()));
    }
    for (size_t i = 0; i < alphas.size(); ++i) {
        space.combine(*at, 1, *x, alphas[i], *d);
        values[i] = objective.value(*at);
    }
}

}  // namespace cnn

// Checking a net's gradient.
#include "api/shim.h"
#include "backend/registry.h"
#include "train/check_gradient.h"

using namespace cnn;
using namespace cnn::api;

namespace {

constexpr const char *kCall = "check_gradient";

GradientCheckOptions options_of(const cnn_gradient_check &given) {
    check_reserved(given.reserved, kCall);
    check_reserved(given.reserved32, kCall);
    if (!(given.tolerance >= 0))
        fail(Status::out_of_range,
             text(kCall, ": tolerance is ", given.tolerance, ", but must be >= 0"));
    GradientCheckOptions options;
    options.training = given.training != 0;
    if (given.entries != 0) options.entries = std::max<int64_t>(0, given.entries);
    if (given.directions != 0) options.directions = std::max<int64_t>(0, given.directions);
    options.seed = given.seed;
    return options;
}

void fill(cnn_gradient_report &to, const Net &net, const GradientReport &from) {
    to = {};
    to.index = from.worst.index;
    if (from.worst.index >= 0) {
        const std::string name = entry_name(net, from.worst.index);
        copy_text(to.worst, name);
        copy_text(to.tensor, name.substr(0, name.rfind('[')));
    }
    to.error = from.worst.error;
    to.analytic = from.worst.analytic;
    to.numeric = from.worst.numeric;
    to.direction_error = from.worst_direction.index >= 0 ? from.worst_direction.error : -1;
    to.loss = from.loss;
    to.entries = from.entries;
    to.skipped = from.skipped;
    to.directions = from.directions;
    to.skipped_directions = from.skipped_directions;
}

void judge(const Net &net, const GradientReport &report, double tolerance) {
    if (tolerance == 0) return;
    if (report.entries + report.directions == 0)
        fail(Status::out_of_range,
             text(kCall, ": nothing could be compared: ", report.skipped, " entries and ",
                  report.skipped_directions, " directions are too near kinks"));
    const auto refuse = [&](const std::string &where, const GradientComparison &c) {
        if (c.index < 0 || c.error <= tolerance) return;
        fail(Status::out_of_range,
             text(kCall, ": ", where, ": the gradient is ", c.analytic, ", but differences give ",
                  c.numeric, ": a relative error of ", c.error, ", more than the tolerance ",
                  tolerance));
    };
    refuse(entry_name(net, report.worst.index), report.worst);
    refuse(text("along direction ", report.worst_direction.index), report.worst_direction);
}

}  // namespace

extern "C" {

cnn_status cnn_net_check_gradient(cnn_net *net, const cnn_samples *samples,
                                  const cnn_gradient_check *options, cnn_gradient_report *report,
                                  cnn_error *error) {
    return guard(error, [&] {
        Session &session = need(net, kCall, "net").session;
        session.check_changeable(kCall);
        session.begin_call();
        const std::shared_ptr<Allocator> allocator = session.executable(kCall).device().allocator();
        const cnn_gradient_check given = options ? *options : cnn_gradient_check{};
        const GradientCheckOptions checked = options_of(given);
        const Samples own(session.net(), session.executable(kCall).device(), kCall,
                          need(samples, kCall, "samples"));
        if (own.lent())
            fail(Status::unsupported, text(kCall,
                                           ": samples must be in data, not in memory, for "
                                           "the float64 reference reads them"));
        const std::shared_ptr<Device> reference =
            open_device("reference", {allocator, {}, {}, 1, {}});
        const GradientReport result = check_gradient(session, own, reference, checked);
        if (report) fill(*report, session.net(), result);
        judge(session.net(), result, given.tolerance);
    });
}

}  // extern "C"

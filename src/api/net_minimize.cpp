// Minimising a net's loss over all samples.
#include "train/net_minimize.h"

#include <cmath>

#include "api/minimize.h"

using namespace cnn;
using namespace cnn::api;

namespace {

std::vector<std::string> tensors_of(const cnn_minimize_options *options) {
    std::vector<std::string> names;
    if (!options) return names;
    if (options->tensor_count < 0 || (options->tensor_count > 0) != (options->tensors != nullptr))
        fail(Status::invalid_argument,
             text("minimize: tensor_count is ", options->tensor_count, ", but tensors ",
                  options->tensors ? "isn't" : "is", " NULL"));
    for (int64_t i = 0; i < options->tensor_count; ++i) {
        if (!options->tensors[i])
            fail(Status::invalid_argument, text("minimize: tensors[", i, "] is NULL"));
        names.emplace_back(options->tensors[i]);
    }
    return names;
}

Session &computing(cnn_net *net, const char *call) {
    Session &session = need(net, call, "net").session;
    session.check_not_busy(call);
    session.begin_call();
    return session;
}

}  // namespace

extern "C" {

cnn_status cnn_net_minimize(cnn_net *net, cnn_optimizer *optimizer, const cnn_samples *samples,
                            const cnn_minimize_options *options, cnn_minimize_report *report,
                            cnn_error *error) {
    return guard(error, [&] {
        Session &session = computing(net, "minimize");
        Optimizer &first = need(optimizer, "minimize", "optimizer").optimizer;
        const MinimizeOptions checked = minimize_options(options, "minimize");
        const std::vector<std::string> tensors = tensors_of(options);
        const Samples given(session.net(), session.executable("minimize").device(), "minimize",
                            need(samples, "minimize", "samples"));
        const InCallback first_busy(&first);
        const InCallback then_busy(options && options->then ? &options->then->optimizer : nullptr);
        MinimizeReport result;
        try {
            naming_memory("minimize", session.net().theta().elements(),
                          [&] { minimize_net(session, first, given, checked, tensors, result); });
        } catch (...) {
            if (result.reason != StopReason::none) write_report(result, report);
            throw;
        }
        write_report(result, report);
    });
}

cnn_status cnn_net_error_curve(cnn_net *net, const cnn_samples *samples, const float *direction,
                               int64_t elements, const double *alphas, double *values,
                               int64_t count, cnn_error *error) {
    constexpr const char *kCall = "error curve";
    return guard(error, [&] {
        Session &session = computing(net, kCall);
        if (count < 0) fail(Status::out_of_range, text(kCall, ": count is ", count));
        if (count > 0) {
            need(alphas, kCall, "alphas");
            need(values, kCall, "values");
        }
        for (int64_t i = 0; i < count; ++i)
            if (!std::isfinite(alphas[i]))
                fail(Status::out_of_range,
                     text(kCall, ": alphas[", i, "] is ", alphas[i], ", but must be finite"));
        const int64_t wanted = direction ? session.net().theta().elements() : 0;
        if (elements != wanted)
            fail(Status::shape_mismatch,
                 text(kCall, ": direction has ", elements, " elements, but must have ", wanted));
        const Samples given(session.net(), session.executable(kCall).device(), kCall,
                            need(samples, kCall, "samples"));
        const auto size = static_cast<size_t>(count);
        error_curve(session, given, {direction, static_cast<size_t>(wanted)}, {alphas, size},
                    {values, size});
    });
}

}  // extern "C"

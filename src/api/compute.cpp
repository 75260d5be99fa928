// Compiling, running and training.
#include <cmath>
#include <optional>

#include "api/shim.h"
#include "train/fit.h"
#include "train/init_radial_basis.h"
#include "train/profile.h"
#include "train/tune.h"

using namespace cnn;
using namespace cnn::api;

namespace {

constexpr int64_t kLargestBatch = int64_t{1} << 20;

// A computing call: refused from within a callback, and begun.
Session &computing(cnn_net *net, const char *call) {
    Session &session = need(net, call, "net").session;
    session.check_not_busy(call);
    session.begin_call();
    return session;
}

CompileOptions compile_options(const cnn_compile &given) {
    check_reserved(given.reserved, "compile");
    CompileOptions options;
    options.max_batch = given.max_batch == 0 ? 1 : given.max_batch;
    if (options.max_batch < 1 || options.max_batch > kLargestBatch)
        fail(Status::out_of_range,
             text("compile: max_batch is ", given.max_batch, ", but must be 1 to ", kLargestBatch));
    if (given.batch_count < 0 || (given.batch_count > 0 && !given.batches))
        fail(Status::invalid_argument,
             text("compile: batch_count is ", given.batch_count, ", but batches ",
                  given.batches ? "isn't" : "is", " NULL"));
    for (int32_t i = 0; i < given.batch_count; ++i) {
        if (given.batches[i] < 1 || given.batches[i] > options.max_batch)
            fail(Status::out_of_range, text("compile: batches[", i, "] is ", given.batches[i],
                                            ", but must be 1 to max_batch, ", options.max_batch));
        options.batches.push_back(given.batches[i]);
    }
    if (given.memory_limit < 0)
        fail(Status::out_of_range,
             text("compile: memory_limit is ", given.memory_limit, ", but must be >= 0"));
    if (given.accept & ~kAcceptAll)
        fail(Status::invalid_argument,
             text("compile: accept is ", given.accept, ", but its bits must be CNN_ACCEPT_*"));
    options.inference_only = given.inference_only != 0;
    options.accept = given.accept;
    options.memory_limit = given.memory_limit;
    return options;
}

double tune_seconds(double given, const char *call) {
    if (!(given >= 0))
        fail(Status::out_of_range,
             text(call, ": seconds to tune are ", given, ", but must be >= 0"));
    return given;
}

void tune_before_compile(Session &session, cnn_device &device, const CompileOptions &options,
                         double seconds) {
    if (seconds <= 0 || !device.device->tuning() || session.net().shared()) return;
    session.net().throw_mistake();
    if (is_tuned(session.net(), *device.device, options)) return;
    TuneOptions tuning;
    tuning.compile = options;
    tuning.seconds = seconds;
    cnn_tune_report report{};
    tune(session, device.device, device.log, tuning, report);
}

cnn_view plain_view(const void *data, int64_t elements) {
    cnn_view view{};
    view.data = data;
    view.elements = elements;
    return view;
}

Budget budget_of(double microseconds, const char *call) {
    if (std::isnan(microseconds)) fail(Status::out_of_range, text(call, ": microseconds is NaN"));
    return Budget(microseconds);
}

RunMode run_mode(const cnn_run &given, const char *call) {
    check_reserved(given.reserved, call);
    check_reserved(given.reserved32, call);
    return {given.softmax != 0, given.training != 0};
}

// Without the validation.
FitOptions checked_fit(Session &session, const cnn_fit *options, bool instalments) {
    const cnn_fit given = options ? *options : cnn_fit{};
    check_reserved(given.reserved, "fit");
    check_reserved(given.reserved32, "fit");
    return fit_options(given, session.executable("fit").max_batch(), instalments);
}

ProfileOptions profile_options(Session &session, const cnn_profile &given) {
    constexpr int32_t kMostRuns = 1000000;
    const int64_t most = session.executable("profile").max_batch();
    if (given.training) session.check_training("profile");
    if (given.training && session.net().losses().empty())
        fail(Status::bad_state, "profile: the net has no loss");
    if (given.samples < 0 || given.samples > most)
        fail(Status::out_of_range,
             text("profile: samples is ", given.samples, ", but must be 0 to max_batch, ", most));
    if (given.runs < 0 || given.runs > kMostRuns)
        fail(Status::out_of_range,
             text("profile: runs is ", given.runs, ", but must be 0 to ", kMostRuns));
    ProfileOptions options;
    options.n = given.samples == 0 ? most : given.samples;
    if (given.runs > 0) options.runs = given.runs;
    options.training = given.training != 0;
    return options;
}

bool training_mode(const cnn_gradient_options *options, const char *call) {
    if (!options) return false;
    check_reserved(options->reserved, call);
    check_reserved(options->reserved32, call);
    return options->training != 0;
}

}  // namespace

extern "C" {

cnn_status cnn_net_compile(cnn_net *net, cnn_device *device, const cnn_compile *options,
                           cnn_error *error) {
    return guard(error, [&] {
        Session &session = computing(net, "compile");
        need(device, "compile", "device");
        const cnn_compile given = options ? *options : cnn_compile{};
        const CompileOptions wanted = compile_options(given);
        tune_before_compile(session, *device, wanted, tune_seconds(given.tune_seconds, "compile"));
        session.compile(device->device, device->log, wanted);
    });
}

cnn_status cnn_device_tune(cnn_device *device, cnn_net *net, const cnn_tune *options,
                           cnn_tune_report *report, cnn_error *error) {
    constexpr const char *kCall = "tune";
    cnn_tune_report made{};
    const cnn_status status = guard(error, [&] {
        need(device, kCall, "device");
        Session &session = computing(net, kCall);
        const cnn_tune given = options ? *options : cnn_tune{};
        check_reserved(given.reserved, kCall);
        if (given.compile.tune_seconds != 0)
            fail(Status::invalid_argument, "tune: compile.tune_seconds isn't 0");
        TuneOptions wanted;
        wanted.compile = compile_options(given.compile);
        if (given.seconds != 0) wanted.seconds = tune_seconds(given.seconds, kCall);
        wanted.progress = given.progress;
        wanted.user = given.user;
        tune(session, device->device, device->log, wanted, made);
    });
    if (report) *report = made;
    return status;
}

cnn_status cnn_net_profile(cnn_net *net, const cnn_profile *options, cnn_node_time *times,
                           int64_t capacity, int64_t *needed, cnn_error *error) {
    constexpr const char *kCall = "profile";
    return guard(error, [&] {
        Session &session = computing(net, kCall);
        const cnn_profile given = options ? *options : cnn_profile{};
        check_reserved(given.reserved, kCall);
        if (capacity < 0)
            fail(Status::out_of_range,
                 text(kCall, ": capacity is ", capacity, ", but must be >= 0"));
        if (capacity > 0) need(times, kCall, "times");
        const auto rows = profile(session, profile_options(session, given), capacity > 0);
        if (needed) *needed = static_cast<int64_t>(rows.size());
        std::copy_n(rows.begin(), std::min(capacity, static_cast<int64_t>(rows.size())), times);
    });
}

cnn_status cnn_net_run(cnn_net *net, const float *x, int64_t x_elements, float *y,
                       int64_t y_elements, cnn_error *error) {
    const cnn_view input = plain_view(x, x_elements);
    const cnn_view output = plain_view(y, y_elements);
    return cnn_net_run_many(net, &input, 1, &output, 1, nullptr, error);
}

cnn_status cnn_net_run_view(cnn_net *net, const cnn_view *input, const cnn_view *output,
                            cnn_error *error) {
    return cnn_net_run_many(net, input, 1, output, 1, nullptr, error);
}

cnn_status cnn_net_run_many(cnn_net *net, const cnn_view *inputs, int32_t input_count,
                            const cnn_view *outputs, int32_t output_count, const cnn_run *options,
                            cnn_error *error) {
    return guard(error, [&] {
        Session &session = computing(net, "run");
        const RunMode mode = run_mode(options ? *options : cnn_run{}, "run");
        session.run(inputs, input_count, outputs, output_count, mode.softmax, mode.training);
    });
}

cnn_status cnn_net_run_for(cnn_net *net, const cnn_view *inputs, int32_t input_count,
                           const cnn_view *outputs, int32_t output_count, const cnn_run *options,
                           double microseconds, cnn_run_progress *progress, cnn_error *error) {
    return guard(error, [&] {
        Budget budget = budget_of(microseconds, "run_for");
        Session &session = computing(net, "run_for");
        const cnn_run given = options ? *options : cnn_run{};
        cnn_run_progress made{};
        session.run_for(inputs, input_count, outputs, output_count, run_mode(given, "run_for"),
                        given.restart != 0, budget, made);
        if (progress) *progress = made;
    });
}

cnn_status cnn_net_evaluate(cnn_net *net, const cnn_samples *samples, cnn_evaluation *result,
                            cnn_error *error) {
    return guard(error, [&] {
        Session &session = need(net, "evaluate", "net").session;
        session.begin_call();
        need(result, "evaluate", "result");
        const Samples &checked =
            session.checked("evaluate", need(samples, "evaluate", "samples"), true);
        const Session::Evaluation evaluation = session.evaluate(checked);
        *result = {};
        result->loss = evaluation.loss;
        result->samples = evaluation.samples;
        result->accuracy = evaluation.accuracy();
        result->correct = std::max<int64_t>(0, evaluation.correct);
    });
}

cnn_status cnn_net_loss_gradient(cnn_net *net, const cnn_samples *samples,
                                 const cnn_gradient_options *options, double *loss,
                                 cnn_error *error) {
    return guard(error, [&] {
        Session &session = computing(net, "loss_gradient");
        const Samples &checked =
            session.checked("loss_gradient", need(samples, "loss_gradient", "samples"), true);
        session.loss_gradient(checked, training_mode(options, "loss_gradient"), loss);
    });
}

cnn_status cnn_net_backward(cnn_net *net, const cnn_samples *samples,
                            const cnn_view *output_gradients, int32_t output_count,
                            const cnn_view *input_gradients, int32_t input_count,
                            const cnn_gradient_options *options, cnn_error *error) {
    return guard(error, [&] {
        Session &session = computing(net, "backward");
        const Samples &checked =
            session.checked("backward", need(samples, "backward", "samples"), false);
        session.backward(checked, output_gradients, output_count, input_gradients, input_count,
                         training_mode(options, "backward"));
    });
}

cnn_status cnn_net_init_radial_basis(cnn_net *net, const char *name, const cnn_samples *samples,
                                     uint64_t seed, cnn_error *error) {
    return guard(error, [&] {
        constexpr const char *kCall = "init radial basis";
        Session &session = computing(net, kCall);
        init_radial_basis(session, &need(name, kCall, "name"), need(samples, kCall, "samples"),
                          seed);
    });
}

void cnn_net_cancel(cnn_net *net) {
    if (net) net->session.cancel();
}

cnn_status cnn_net_train_step(cnn_net *net, cnn_optimizer *optimizer, const cnn_samples *samples,
                              double *loss, cnn_error *error) {
    return guard(error, [&] {
        Session &session = computing(net, "train_step");
        need(optimizer, "train_step", "optimizer");
        const Samples &checked =
            session.checked("train_step", need(samples, "train_step", "samples"), true);
        session.train_step(optimizer->optimizer, checked, loss);
    });
}

cnn_status cnn_net_fit(cnn_net *net, cnn_optimizer *optimizer, const cnn_samples *samples,
                       const cnn_fit *options, cnn_report *report, cnn_error *error) {
    return guard(error, [&] {
        Session &session = computing(net, "fit");
        need(optimizer, "fit", "optimizer");
        FitOptions checked = checked_fit(session, options, false);
        const Device &device = session.executable("fit").device();
        const Samples train(session.net(), device, "fit", need(samples, "fit", "samples"));
        std::optional<Samples> validation;
        if (options && options->validation)
            validation.emplace(session.net(), device, "fit (validation)", *options->validation);
        checked.validation = validation ? &*validation : nullptr;
        cnn_report unwanted;
        Fit(session).run(optimizer->optimizer, train, checked, report ? *report : unwanted);
    });
}

cnn_status cnn_net_fit_for(cnn_net *net, cnn_optimizer *optimizer, const cnn_samples *samples,
                           const cnn_fit *options, double microseconds, cnn_progress *progress,
                           cnn_error *error) {
    return guard(error, [&] {
        constexpr auto kLater = Samples::Check::later;
        Budget budget = budget_of(microseconds, "fit_for");
        Session &session = computing(net, "fit_for");
        need(optimizer, "fit_for", "optimizer");
        need(samples, "fit_for", "samples");
        session.check_training("fit_for");
        FitOptions checked = checked_fit(session, options, true);
        Fit &fit = session.fit_in_instalments();
        const Device &device = session.executable("fit_for").device();
        fit.samples().assign(session.net(), device, "fit_for", *samples, true, kLater);
        if (options && options->validation) {
            fit.validation().assign(session.net(), device, "fit_for (validation)",
                                    *options->validation, true, kLater);
            checked.validation = &fit.validation();
        }
        cnn_progress unwanted;
        fit.run_for(optimizer->optimizer, fit.samples(), checked, budget,
                    progress ? *progress : unwanted);
    });
}

}  // extern "C"

// Compiling, running and training.
#include "api/shim.h"
#include "train/fit.h"
#include "train/init_radial_basis.h"

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
    options.inference_only = given.inference_only != 0;
    options.memory_limit = given.memory_limit;
    return options;
}

cnn_view plain_view(const void *data, int64_t elements) {
    cnn_view view{};
    view.data = data;
    view.elements = elements;
    return view;
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
        session.compile(device->device, device->log,
                        compile_options(options ? *options : cnn_compile{}));
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
        const cnn_run given = options ? *options : cnn_run{};
        check_reserved(given.reserved, "run");
        session.run(inputs, input_count, outputs, output_count, given.softmax != 0,
                    given.training != 0);
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
        const cnn_fit given = options ? *options : cnn_fit{};
        check_reserved(given.reserved, "fit");
        FitOptions checked = fit_options(given, session.executable("fit").max_batch());
        const Samples train(session.net(), "fit", need(samples, "fit", "samples"));
        std::optional<Samples> validation;
        if (given.validation)
            validation.emplace(session.net(), "fit (validation)", *given.validation);
        checked.validation = validation ? &*validation : nullptr;
        cnn_report unwanted;
        fit(session, optimizer->optimizer, train, checked, report ? *report : unwanted);
    });
}

}  // extern "C"

// Asynchronous runs: the events that tell of them.
#include <cmath>

#include "api/shim.h"
#include "train/async_run.h"

using namespace cnn;
using namespace cnn::api;

struct cnn_event {
    explicit cnn_event(cnn_net &of) : net(of), run(of.session) {}

    NetHold net;  // outlives the run
    AsyncRun run;
};

extern "C" {

cnn_status cnn_net_run_async(cnn_net *net, const cnn_view *inputs, int32_t input_count,
                             const cnn_view *outputs, int32_t output_count, const cnn_run *options,
                             cnn_event **event, cnn_error *error) {
    constexpr const char *kCall = "run_async";
    return guard(error, [&] {
        Session &session = need(net, kCall, "net").session;
        session.check_not_busy(kCall);
        session.begin_call();
        need(event, kCall, "event");
        const cnn_run given = options ? *options : cnn_run{};
        check_reserved(given.reserved, kCall);
        check_reserved(given.reserved32, kCall);
        session.prepare_run(inputs, input_count, outputs, output_count, given.softmax != 0,
                            given.training != 0, kCall);
        auto made = std::make_unique<cnn_event>(*net);
        made->run.start();
        *event = made.release();
    });
}

int32_t cnn_event_is_done(const cnn_event *event) {
    return event ? event->run.is_done() : -1;
}

cnn_status cnn_event_wait(cnn_event *event, double microseconds, cnn_error *error) {
    return guard(error, [&] {
        AsyncRun &run = need(event, "wait", "event").run;
        if (std::isnan(microseconds)) fail(Status::out_of_range, "wait: microseconds is NaN");
        if (!run.wait(microseconds)) fail(Status::busy, "wait: the run is still in progress");
        run.check();
    });
}

void cnn_event_destroy(cnn_event *event) {
    if (!event) return;
    guard(nullptr, [&] { event->run.wait(-1); });
    delete event;
}

}  // extern "C"

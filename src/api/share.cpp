// Nets that share parameters.
#include "api/shim.h"
#include "train/copy.h"

using namespace cnn;
using namespace cnn::api;

extern "C" {

cnn_status cnn_net_share(cnn_net *net, cnn_net **shared, cnn_error *error) {
    return guard(error, [&] {
        need(shared, "share", "shared");
        Session &from = need(net, "share", "net").session;
        auto made = std::make_unique<cnn_net>(shared_net(from));
        made->session.set_steps(from.steps());
        *shared = made.release();
    });
}

cnn_status cnn_net_hand_over(cnn_net *shared, cnn_net *source, cnn_error *error) {
    return guard(error, [&] {
        // Another thread may be running it.
        const Session &to = need(shared, "hand over", "shared").session;
        hand_over(need(source, "hand over", "source").session, to);
    });
}

}  // extern "C"

// Optimizers: creating, hyper-parameters.
#include "api/shim.h"

using namespace cnn;
using namespace cnn::api;

extern "C" {

cnn_optimizer *cnn_optimizer_create(cnn_optimizer_kind kind) {
    cnn_optimizer *optimizer = nullptr;
    guard(nullptr, [&] {
        if (const OptimizerKind *found = find_optimizer(kind))
            optimizer = new cnn_optimizer{Optimizer(*found)};
    });
    return optimizer;
}

void cnn_optimizer_destroy(cnn_optimizer *optimizer) {
    if (!optimizer || optimizer->optimizer.in_callback()) return;
    delete optimizer;
}

cnn_status cnn_optimizer_set(cnn_optimizer *optimizer, cnn_key key, double value,
                             cnn_error *error) {
    return guard(error, [&] {
        Optimizer &o = need(optimizer, "set key", "optimizer").optimizer;
        if (o.minimizing())
            fail(Status::busy, text("set key: not allowed from within a callback of a "
                                    "minimisation that uses the optimizer, ",
                                    o.name()));
        o.set(static_cast<Key>(key), value);
    });
}

cnn_status cnn_optimizer_get(const cnn_optimizer *optimizer, cnn_key key, double *value,
                             cnn_error *error) {
    return guard(error, [&] {
        need(optimizer, "get key", "optimizer");
        need(value, "get key", "value") = optimizer->optimizer[static_cast<Key>(key)];
    });
}

int32_t cnn_optimizer_key_count(const cnn_optimizer *optimizer) {
    return optimizer ? static_cast<int32_t>(optimizer->optimizer.kind().keys().size()) : 0;
}

cnn_status cnn_optimizer_describe_key(const cnn_optimizer *optimizer, int32_t index,
                                      cnn_key_info *info, cnn_error *error) {
    return guard(error, [&] {
        const Optimizer &o = need(optimizer, "describe key", "optimizer").optimizer;
        need(info, "describe key", "info");
        const auto keys = o.kind().keys();
        if (index < 0 || static_cast<size_t>(index) >= keys.size())
            fail(Status::out_of_range,
                 text("describe key: index is ", index, ", but must be 0 to ", keys.size() - 1));
        const KeyInfo &key = keys[static_cast<size_t>(index)];
        *info = {};
        copy_text(info->name, key.name);
        info->key = static_cast<cnn_key>(key.key);
        info->value = o[key.key];
        info->default_value = key.default_value;
        info->minimum = key.minimum;
        info->maximum = key.maximum;
    });
}

cnn_optimizer_kind cnn_optimizer_get_kind(const cnn_optimizer *optimizer) {
    return optimizer ? optimizer->optimizer.kind().kind() : 0;
}

int64_t cnn_optimizer_steps(const cnn_optimizer *optimizer) {
    return optimizer ? optimizer->optimizer.steps() : -1;
}

cnn_status cnn_optimizer_reset(cnn_optimizer *optimizer, cnn_error *error) {
    return guard(error, [&] {
        Optimizer &o = need(optimizer, "reset", "optimizer").optimizer;
        if (o.in_callback())
            fail(Status::busy, "reset: not allowed from within a callback of a fit that uses it");
        o.reset();
    });
}

}  // extern "C"

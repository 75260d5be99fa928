// The optimizers there are, a row each.
#include <array>

#include "optim/optimizer.h"

namespace cnn {

std::span<const OptimizerRule *const> optimizer_rules() {
    static const std::array rows = {sgd_rule(),     adam_rule(),    adamw_rule(),
                                    adagrad_rule(), rmsprop_rule(), adams_bashforth_rule()};
    return rows;
}

const OptimizerRule *find_optimizer(int32_t kind) {
    for (const OptimizerRule *rule : optimizer_rules())
        if (rule->kind() == kind) return rule;
    return nullptr;
}

const OptimizerRule *find_optimizer(std::string_view name) {
    for (const OptimizerRule *rule : optimizer_rules())
        if (rule->name() == name) return rule;
    return nullptr;
}

}  // namespace cnn

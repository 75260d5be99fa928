// The optimizers there are, a row each.
#include <array>

#include "optim/minimize.h"

namespace cnn {

std::span<const OptimizerKind *const> optimizer_kinds() {
    static const std::array<const OptimizerKind *, 15> rows = {
        sgd_rule(),
        adam_rule(),
        adamw_rule(),
        adagrad_rule(),
        rmsprop_rule(),
        adams_bashforth_rule(),
        gradient_descent_minimizer(),
        heun_minimizer(),
        nonlinear_cg_minimizer(),
        bfgs_minimizer(),
        lbfgs_minimizer(),
        levenberg_marquardt_minimizer(),
        gauss_newton_cg_minimizer(),
        full_adagrad_minimizer(),
        full_rmsprop_minimizer(),
    };
    return rows;
}

const OptimizerKind *find_optimizer(int32_t kind) {
    for (const OptimizerKind *row : optimizer_kinds())
        if (row->kind() == kind) return row;
    return nullptr;
}

const OptimizerKind *find_optimizer(std::string_view name) {
    for (const OptimizerKind *row : optimizer_kinds())
        if (row->name() == name) return row;
    return nullptr;
}

}  // namespace cnn

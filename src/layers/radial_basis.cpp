// radial_basis: a function of the distance to a centre for each unit (Hedberg 42-54, corrected).
#include "layers/radial_basis.h"

#include <cmath>

#include "base/error.h"
#include "base/text.h"
#include "layers/registry.h"

namespace cnn {

namespace {

constexpr auto kSettings = joined(std::array{"units", "radial", "beta"}, kInitializerSettings);

// With q = |y - c_j|^2 and beta_j = exp(rho_j) forward is z = f(beta q), or of beta sqrt(q);
// backward, with s = dz/dq:
//   dy = sum over j of 2 g (y - c), dc = sum of -2 g (y - c), g = dr/dz s, and
//   drho = sum of g q, for beta dz/dbeta = q dz/dq, or of 2 g q where z depends on sqrt(q).
class RadialBasis final : public Layer {
  public:
    const char *kind() const override { return kRadialBasisKind; }
    std::span<const char *const> setting_names() const override { return kSettings; }

    void infer(Inference &inference) const override {
        const Settings &settings = inference.settings;
        const int64_t units = settings.integer("units");
        const int64_t inputs = checked_elements(inference.inputs[0]);
        check_size("units", units, 1);
        checked_elements({units, inputs});
        const int64_t radial = settings.integer("radial");
        if (radial < 0 || radial > static_cast<int64_t>(Radial::distance))
            fail(Status::invalid_argument,
                 text("kind is ", radial, ", which is none of cnn_radial_kind"));
        double beta = settings.real("beta");
        check_not_negative("beta", beta);
        if (beta == 0) beta = 1 / static_cast<double>(inputs);
        inference.output = {units};
        inference.parameters.push_back(
            {"center", {units, inputs}, weight_initializer(settings, inputs, units), false});
        Initializer rho;
        rho.scale = std::log(beta);
        inference.parameters.push_back({"log_beta", {units}, rho, false});
    }

    void forward(Emitter &e) const override {
        Tensor like = e.tensor(e.output());
        const TensorId squared = e.temporary(like);
        e.emit(OpKind::distance, {e.input(0), e.parameter(0, center(e))}, {squared});
        e.save(kSquared, squared);
        ExpressionBuilder b;
        b.result(value(b, radial_of(e.settings())));
        e.emit(OpKind::pointwise, {squared, e.parameter(1)}, {e.output()},
               PointwiseAttributes{b.take()});
    }

    void backward(Emitter &e) const override {
        const TensorId g = slope(e, e.output_gradient());
        e.emit(OpKind::channel_sum, {g, e.saved(kSquared)}, {e.parameter_gradient(1)},
               by_log_beta(e));
        e.emit(OpKind::distance_backward_weights, {g, e.input(0), e.parameter(0, center(e))},
               {e.parameter_gradient(0, center(e))});
        if (!e.wants_input_gradient(0)) return;
        const TensorId dx = e.temporary(e.tensor(e.input(0)));
        e.emit(OpKind::distance_backward_data, {g, e.input(0), e.parameter(0, center(e))}, {dx});
        e.give_input_gradient(0, dx);
    }

    // dz = s (dq + q drho), twice the latter where z depends on sqrt(q).
    void tangent(Emitter &e) const override {
        const Tensor &like = e.tensor(e.output());
        const TensorId drho = e.parameter_tangent(1);
        std::vector<TensorId> terms;
        if (const TensorId dq = squared_tangent(e); dq != kNoTensor) terms.push_back(slope(e, dq));
        if (drho != kNoTensor) {
            // q drho, under the slope in place of dq.
            const TensorId scaled = e.temporary(like), term = e.temporary(like);
            e.emit(OpKind::pointwise, {e.saved(kSquared), drho}, {scaled}, by_log_beta(e));
            e.emit(OpKind::reshape, {slope(e, scaled)}, {term});
            terms.push_back(term);
        }
        const TensorId dz = emit_tangent_sum(e, like, terms);
        if (dz != kNoTensor) e.give_tangent(dz);
    }

  private:
    static constexpr int kSquared = 0;
    using Value = ExpressionBuilder::Value;

    static Radial radial_of(const Settings &settings) {
        return static_cast<Radial>(settings.integer("radial"));
    }

    static Shape center(Emitter &e) {
        const Shape &x = e.tensor(e.input(0)).shape;
        return {e.settings().integer("units"), x[1], x[2], x[3]};
    }

    // z of q, operand 0, and log beta, operand 1.
    static Value value(ExpressionBuilder &b, Radial radial) {
        const Value q = b.operand(0), beta = b.call(Fn::exp, b.operand(1)), one = b.constant(1);
        const Value product = b.times(beta, q);
        switch (radial) {
            case Radial::gaussian:
                return b.call(Fn::exp, b.call(Fn::negate, product));
            case Radial::unsquared:
                return b.call(Fn::exp, b.call(Fn::negate, b.times(beta, b.call(Fn::sqrt, q))));
            case Radial::multiquadric:
                return b.call(Fn::sqrt, b.plus(one, product));
            case Radial::inverse_multiquadric:
                return b.over(one, b.call(Fn::sqrt, b.plus(one, product)));
            case Radial::inverse_quadratic:
                return b.over(one, b.plus(one, product));
            case Radial::distance:
                break;
        }
        return product;
    }

    // dz/dq of q, z and log beta.
    static Value slope_of(ExpressionBuilder &b, Radial radial, Value q, Value z, Value rho) {
        const Value beta = b.call(Fn::exp, rho), half = b.times(beta, b.constant(0.5));
        const Value fall = b.times(b.constant(-0.5), beta);
        switch (radial) {
            case Radial::gaussian:
                return b.call(Fn::negate, b.times(beta, z));
            case Radial::unsquared:
                // The distance has no derivative at 0; what stands there is 0.
                return b.select(b.call(Fn::less, b.constant(0), q),
                                b.over(b.times(fall, z), b.call(Fn::sqrt, q)), b.constant(0));
            case Radial::multiquadric:
                return b.over(half, z);
            case Radial::inverse_multiquadric:
                return b.times(b.times(fall, z), b.times(z, z));
            case Radial::inverse_quadratic:
                return b.call(Fn::negate, b.times(beta, b.times(z, z)));
            case Radial::distance:
                break;
        }
        return beta;
    }

    // `of` times dz/dq.
    static TensorId slope(Emitter &e, TensorId of) {
        const TensorId g = e.temporary(e.tensor(e.output()));
        ExpressionBuilder b;
        b.result(b.times(b.operand(0), slope_of(b, radial_of(e.settings()), b.operand(1),
                                                b.operand(2), b.operand(3))));
        e.emit(OpKind::pointwise, {of, e.saved(kSquared), e.output(), e.parameter(1)}, {g},
               PointwiseAttributes{b.take()});
        return g;
    }

    static PointwiseAttributes by_log_beta(Emitter &e) {
        ExpressionBuilder b;
        Value product = b.times(b.operand(0), b.operand(1));
        if (radial_of(e.settings()) == Radial::unsquared) product = b.times(product, b.constant(2));
        b.result(product);
        return PointwiseAttributes{b.take()};
    }

    // dq = sum over k of 2 (y - c) (dy - dc).
    static TensorId squared_tangent(Emitter &e) {
        const TensorId x = e.input(0), c = e.parameter(0, center(e));
        TensorId dx = e.input_tangent(0), dc = e.parameter_tangent(0, center(e));
        if (dx == kNoTensor && dc == kNoTensor) return kNoTensor;
        if (dx == kNoTensor) dx = zeros_like(e, x);
        if (dc == kNoTensor) dc = zeros_like(e, c);
        const TensorId dq = e.temporary(e.tensor(e.output()));
        e.emit(OpKind::distance_tangent, {x, c, dx, dc}, {dq});
        return dq;
    }

    static TensorId zeros_like(Emitter &e, TensorId like) {
        const TensorId zeros = e.temporary(e.tensor(like));
        ExpressionBuilder b;
        // Also where `like` isn't finite.
        b.result(b.select(b.constant(0), b.operand(0), b.constant(0)));
        e.emit(OpKind::pointwise, {like}, {zeros}, PointwiseAttributes{b.take()});
        return zeros;
    }
};

}  // namespace

const Layer *radial_basis_layer() {
    static const RadialBasis layer;
    return &layer;
}

}  // namespace cnn

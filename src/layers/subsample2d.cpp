// weighted_subsample2d and subsample2d: the sub-sampling of Hedberg 86-97 and 101-103.
#include "base/error.h"
#include "base/text.h"
#include "layers/connections.h"
#include "layers/registry.h"
#include "layers/window.h"

namespace cnn {

namespace {

constexpr auto kWeightedSettings =
    joined(std::array{"filters", "factor", "bias", "exact"}, kConnectionSettings,
           kActivationSettings, kInitializerSettings);

// Windows of kernel height and width, each beginning where the last one ended.
Window factor_window(const Settings &settings, bool whole) {
    const auto &factor = settings.sizes("factor", 2);
    Window window;
    for (size_t axis = 0; axis < 2; ++axis) {
        check_size(axis == 0 ? "factor's height" : "factor's width", factor[axis], 1);
        window.stride[axis] = factor[axis];
        if (whole) window.kernel[axis] = factor[axis];
    }
    return window;
}

// With S the mean of each window and K its size, Z_i = K sum_j alpha_ij S_j + b_i: sums are pooled
// means, for pools have kernels of their own; alpha_i alone is a factor a channel, and a table of
// them a convolution of 1 x 1.
class WeightedSubsample2d final : public Layer {
  public:
    const char *kind() const override { return "weighted_subsample2d"; }
    std::span<const char *const> setting_names() const override { return kWeightedSettings; }

    void infer(Inference &inference) const override {
        const Settings &settings = inference.settings;
        const Shape &input = inference.inputs[0];
        check_image(input);
        const Window window = factor_window(settings, true);
        const int64_t filters = filters_of(settings, input[0]);
        check_activation(settings);
        inference.output =
            window_shape(window, input, filters, false, settings.integer_or("exact", 0) != 0);

        const int64_t taps = window.kernel[0] * window.kernel[1];
        TensorSpec alpha{"alpha", {filters}, weight_initializer(settings, taps, 1), true};
        if (Connections::given(settings)) {
            const Connections connections(settings, input[0], filters, {1, 1});
            alpha.shape = {connections.weight()[0]};
            alpha.initializer = connections.initializer(alpha.initializer, taps);
        }
        inference.parameters.push_back(std::move(alpha));
        if (settings.flag("bias")) inference.parameters.push_back({"bias", {filters}, {}, false});
    }

    void forward(Emitter &e) const override {
        const Tensor &x = e.tensor(e.input(0));
        Tensor pooled = x;
        pooled.shape[2] = e.tensor(e.output()).shape[2];
        pooled.shape[3] = e.tensor(e.output()).shape[3];
        const TensorId mean = e.temporary(pooled);
        e.emit(OpKind::average_pool, {e.input(0)}, {mean}, pool(e));
        e.save(kMean, mean);
        const TensorId before = before_activation(e, e.tensor(e.output()));
        if (Connections::given(e.settings()))
            forward_connections(e, mean, before);
        else
            forward_maps(e, mean, before);
        emit_activation(e, before);
    }

    void backward(Emitter &e) const override {
        const TensorId dz = emit_activation_backward(e);
        if (e.settings().flag("bias")) emit_bias_gradient(e, dz, e.parameter_gradient(1));
        const TensorId mean_gradient = e.temporary(e.tensor(e.saved(kMean)));
        if (Connections::given(e.settings()))
            backward_connections(e, dz, mean_gradient);
        else
            backward_maps(e, dz, mean_gradient);
        if (!e.wants_input_gradient(0)) return;
        const TensorId dx = e.temporary(e.tensor(e.input(0)));
        e.emit(OpKind::average_pool_backward, {mean_gradient}, {dx}, pool(e));
        e.give_input_gradient(0, dx);
    }

    // dz = K (dalpha mean + alpha dmean) + db
    void tangent(Emitter &e) const override {
        const TensorId mean = e.saved(kMean), dalpha = e.parameter_tangent(0);
        TensorId dmean = kNoTensor;
        if (e.input_tangent(0) != kNoTensor) {
            dmean = e.temporary(e.tensor(mean));
            e.emit(OpKind::average_pool, {e.input_tangent(0)}, {dmean}, pool(e));
        }
        const bool connected = Connections::given(e.settings());
        const TensorId alpha = connected ? e.saved(kWeights) : e.parameter(0);
        const auto product = [&](TensorId x, TensorId factors) {
            if (x == kNoTensor || factors == kNoTensor) return kNoTensor;
            const TensorId dz = e.temporary(e.tensor(e.output()));
            if (connected)
                e.emit(OpKind::convolution, {x, factors}, {dz},
                       ConvolutionAttributes{Window{}, connections(e).groups()});
            else
                e.emit(OpKind::pointwise, {x, factors}, {dz}, times(window_size(e), true));
            return dz;
        };
        const TensorId factors = connected && dalpha != kNoTensor ? weights_of(e, dalpha) : dalpha;
        const bool bias = e.settings().flag("bias");
        give_activation_tangent(e, emit_tangent_sum(e, e.tensor(e.output()),
                                                    {product(dmean, alpha), product(mean, factors),
                                                     bias ? e.parameter_tangent(1) : kNoTensor}));
    }

  private:
    static constexpr int kMean = 0, kWeights = 1;

    static int64_t filters_of(const Settings &settings, int64_t channels) {
        const int64_t given = settings.integer("filters");
        if (given != 0) check_size("filters", given, 1);
        if (given != 0 && given != channels && !Connections::given(settings))
            fail(Status::shape_mismatch,
                 text("filters is ", given, ", but without connections there is a map for each of ",
                      channels, " channels"));
        return given == 0 ? channels : given;
    }

    static PoolAttributes pool(Emitter &e) { return {factor_window(e.settings(), true), false}; }

    static double window_size(Emitter &e) {
        const auto &factor = e.settings().sizes("factor", 2);
        return static_cast<double>(factor[0] * factor[1]);
    }

    static Connections connections(Emitter &e) {
        return {e.settings(), e.tensor(e.input(0)).shape[1], e.tensor(e.output()).shape[1], {1, 1}};
    }

    static PointwiseAttributes times(double factor, bool operand) {
        ExpressionBuilder b;
        const auto x = operand ? b.times(b.operand(0), b.operand(1)) : b.operand(0);
        b.result(b.times(x, b.constant(factor)));
        return PointwiseAttributes{b.take()};
    }

    // z = K alpha mean + b, a factor a channel.
    static void forward_maps(Emitter &e, TensorId mean, TensorId z) {
        ExpressionBuilder b;
        auto value = b.times(b.operand(0), b.times(b.operand(1), b.constant(window_size(e))));
        std::vector<TensorId> inputs{mean, e.parameter(0)};
        if (e.settings().flag("bias")) {
            value = b.plus(value, b.operand(2));
            inputs.push_back(e.parameter(1));
        }
        b.result(value);
        e.emit(OpKind::pointwise, std::move(inputs), {z}, PointwiseAttributes{b.take()});
    }

    static void backward_maps(Emitter &e, TensorId dz, TensorId mean_gradient) {
        const PointwiseAttributes scaled = times(window_size(e), true);
        e.emit(OpKind::channel_sum, {dz, e.saved(kMean)}, {e.parameter_gradient(0)}, scaled);
        e.emit(OpKind::pointwise, {dz, e.parameter(0)}, {mean_gradient}, scaled);
    }

    // Those of the convolution of means.
    static TensorId weights_of(Emitter &e, TensorId alpha) {
        const TensorId scaled = e.temporary(e.tensor(alpha));
        e.emit(OpKind::pointwise, {alpha}, {scaled}, times(window_size(e), false));
        return emit_dense_weights(e, connections(e), scaled);
    }

    static void forward_connections(Emitter &e, TensorId mean, TensorId z) {
        const TensorId weights = weights_of(e, e.parameter(0));
        e.save(kWeights, weights);
        const bool bias = e.settings().flag("bias");
        const TensorId product = bias ? e.temporary(e.tensor(e.output())) : z;
        e.emit(OpKind::convolution, {mean, weights}, {product},
               ConvolutionAttributes{Window{}, connections(e).groups()});
        if (bias) e.emit(OpKind::pointwise, {product, e.parameter(1)}, {z}, bias_attributes());
    }

    static void backward_connections(Emitter &e, TensorId dz, TensorId mean_gradient) {
        const Connections table = connections(e);
        const ConvolutionAttributes attributes{Window{}, table.groups()};
        const TensorId weights = e.saved(kWeights);
        const TensorId dense = e.temporary(e.tensor(weights));
        e.emit(OpKind::convolution_backward_weights, {e.saved(kMean), dz}, {dense}, attributes);
        const TensorId gradient = e.parameter_gradient(0);
        const TensorId compact = e.temporary(e.tensor(gradient));
        emit_compact_gradient(e, table, dense, compact);
        e.emit(OpKind::pointwise, {compact}, {gradient}, times(window_size(e), false));
        e.emit(OpKind::convolution_backward_data, {dz, weights}, {mean_gradient}, attributes);
    }
};

constexpr std::array kVanillaSettings{"factor", "exact"};

// The mean of windows of one element.
class Subsample2d final : public Layer {
  public:
    const char *kind() const override { return "subsample2d"; }
    std::span<const char *const> setting_names() const override { return kVanillaSettings; }

    void infer(Inference &inference) const override {
        const Settings &settings = inference.settings;
        const Shape &input = inference.inputs[0];
        check_image(input);
        inference.output = window_shape(factor_window(settings, false), input, input[0], false,
                                        settings.integer_or("exact", 0) != 0);
    }

    void forward(Emitter &e) const override {
        e.emit(OpKind::average_pool, {e.input(0)}, {e.output()}, pool(e));
    }

    void backward(Emitter &e) const override {
        if (!e.wants_input_gradient(0)) return;
        const TensorId dx = e.temporary(e.tensor(e.input(0)));
        e.emit(OpKind::average_pool_backward, {e.output_gradient()}, {dx}, pool(e));
        e.give_input_gradient(0, dx);
    }

    void tangent(Emitter &e) const override {
        const TensorId dy = e.temporary(e.tensor(e.output()));
        e.emit(OpKind::average_pool, {e.input_tangent(0)}, {dy}, pool(e));
        e.give_tangent(dy);
    }

  private:
    static PoolAttributes pool(Emitter &e) { return {factor_window(e.settings(), false), false}; }
};

}  // namespace

const Layer *weighted_subsample2d_layer() {
    static const WeightedSubsample2d layer;
    return &layer;
}

const Layer *subsample2d_layer() {
    static const Subsample2d layer;
    return &layer;
}

}  // namespace cnn

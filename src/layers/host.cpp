// host_layer and host_activation: one operation each way, run by the host's callbacks.
#include "layers/host.h"

#include "base/error.h"
#include "base/text.h"
#include "layers/registry.h"

namespace cnn {

namespace {

// What a parameter's shape may have: as many sizes as the public descriptor.
constexpr int kMostSizes = 4;
constexpr size_t kMostParameters = 256;

// How the operands of an operation are those of a callback.
struct Counts {
    size_t inputs = 0, parameters = 0;
    int64_t elements = 0;  // of a sample of the output
};

class Forward final : public HostFunction {
  public:
    Forward(std::string name, std::shared_ptr<const HostRecord> host, const Counts &counts)
        : name_(std::move(name)), host_(std::move(host)), counts_(counts) {}

    std::string name() const override { return name_ + ": forward"; }
    int32_t call(int64_t n, std::span<const float *const> inputs,
                 std::span<float *const> outputs) const override {
        HostCall call;
        call.n = n;
        call.elements = n * counts_.elements;
        call.inputs = inputs.first(counts_.inputs);
        call.parameters = inputs.subspan(counts_.inputs);
        call.result = outputs[0];
        return host_->callbacks->forward(call);
    }
    std::string_view expression() const override { return host_->callbacks->opencl_forward(); }

  private:
    std::string name_;
    std::shared_ptr<const HostRecord> host_;
    Counts counts_;
};

// Operands: inputs, parameters, output, its gradient -> gradients of inputs and parameters.
class Backward final : public HostFunction {
  public:
    Backward(std::string name, std::shared_ptr<const HostRecord> host, const Counts &counts)
        : name_(std::move(name)), host_(std::move(host)), counts_(counts) {
        const std::string_view derivative = host_->callbacks->opencl_derivative();
        // Names of the operands of an activation's backward are x, y and dy.
        if (!derivative.empty()) expression_ = text("dy * (\n", derivative, "\n)");
    }

    std::string name() const override { return name_ + ": backward"; }
    int32_t call(int64_t n, std::span<const float *const> inputs,
                 std::span<float *const> outputs) const override {
        HostCall call;
        call.n = n;
        call.elements = n * counts_.elements;
        call.inputs = inputs.first(counts_.inputs);
        call.parameters = inputs.subspan(counts_.inputs, counts_.parameters);
        call.output = inputs[inputs.size() - 2];
        call.output_gradient = inputs[inputs.size() - 1];
        call.input_gradients = outputs.first(counts_.inputs);
        call.parameter_gradients = outputs.subspan(counts_.inputs);
        return host_->callbacks->backward(call);
    }
    std::string_view expression() const override { return expression_; }

  private:
    std::string name_;
    std::shared_ptr<const HostRecord> host_;
    Counts counts_;
    std::string expression_;
};

class Hosted : public Layer {
  public:
    bool hosted() const override { return true; }

    void forward(Emitter &e) const override {
        const Counts counts = counts_of(e);
        e.emit(OpKind::host, operands(e, counts), {e.output()},
               HostAttributes{std::make_shared<Forward>(e.describe(), e.host(), counts)});
    }

    void backward(Emitter &e) const override {
        const Counts counts = counts_of(e);
        std::vector<TensorId> inputs = operands(e, counts), outputs;
        inputs.push_back(e.output());
        inputs.push_back(e.output_gradient());
        for (int i = 0; i < e.input_count(); ++i)
            outputs.push_back(e.wants_input_gradient(i) ? e.temporary(e.tensor(e.input(i)))
                                                        : kNoTensor);
        for (size_t i = 0; i < counts.parameters; ++i) {
            const TensorId gradient = e.parameter_gradient(static_cast<int>(i));
            // A frozen one's would be written to where nobody reads.
            const bool wanted = e.tensor(gradient).space == Space::gradient;
            outputs.push_back(wanted ? gradient : kNoTensor);
        }
        e.emit(OpKind::host, inputs, outputs,
               HostAttributes{std::make_shared<Backward>(e.describe(), e.host(), counts)});
        for (int i = 0; i < e.input_count(); ++i)
            if (outputs[static_cast<size_t>(i)] != kNoTensor)
                e.give_input_gradient(i, outputs[static_cast<size_t>(i)]);
    }

  protected:
    static Counts counts_of(Emitter &e) {
        return {static_cast<size_t>(e.input_count()), e.host()->parameters.size(),
                e.tensor(e.output()).shape.elements_after(0)};
    }

  private:
    static std::vector<TensorId> operands(Emitter &e, const Counts &counts) {
        std::vector<TensorId> ids;
        for (int i = 0; i < e.input_count(); ++i) ids.push_back(e.input(i));
        for (size_t i = 0; i < counts.parameters; ++i)
            ids.push_back(e.parameter(static_cast<int>(i)));
        return ids;
    }
};

void check_kind(const HostRecord *host) {
    if (!host) fail(Status::invalid_argument, "it has no host record");
    if (host->kind.empty()) fail(Status::invalid_argument, "kind is missing");
    if (host->kind.size() > 64 || !valid_utf8(host->kind) ||
        host->kind.find('/') != std::string::npos)
        fail(Status::invalid_argument, "kind must be UTF-8 of at most 64 bytes, without \"/\"");
}

class HostLayer final : public Hosted {
  public:
    const char *kind() const override { return "host_layer"; }
    bool takes_many() const override { return true; }
    bool has_tangent() const override { return false; }

    void infer(Inference &inference) const override {
        check_kind(inference.host);
        const HostRecord &host = *inference.host;
        if (inference.inputs.empty())
            fail(Status::invalid_argument, "it has 0 inputs, but needs at least 1");
        inference.output = host.output.rank > 0 ? host.output : inference.inputs[0];
        if (inference.output.rank > 3)
            fail(Status::shape_mismatch,
                 text("output_rank is ", inference.output.rank, ", but must be 1 to 3"));
        checked_elements(inference.output);
        if (host.parameters.size() > kMostParameters)
            fail(Status::invalid_argument, text("parameter_count is ", host.parameters.size(),
                                                ", but may be ", kMostParameters));
        for (size_t i = 0; i < host.parameters.size(); ++i) check_parameter(host, i);
        inference.parameters = host.parameters;
    }

  private:
    static void check_parameter(const HostRecord &host, size_t i) {
        const TensorSpec &spec = host.parameters[i];
        if (spec.name.empty() || spec.name.size() > 64 || !valid_utf8(spec.name) ||
            spec.name.find('/') != std::string::npos)
            fail(Status::invalid_argument, text("the name of parameter ", i,
                                                " must be UTF-8 of 1 to 64 bytes, without \"/\""));
        for (size_t k = 0; k < i; ++k)
            if (host.parameters[k].name == spec.name)
                fail(Status::invalid_argument,
                     text("parameters ", k, " and ", i, " are both \"", spec.name, "\""));
        if (spec.shape.rank < 1 || spec.shape.rank > kMostSizes)
            fail(Status::shape_mismatch, text("parameter \"", spec.name, "\": rank is ",
                                              spec.shape.rank, ", but must be 1 to ", kMostSizes));
        checked_elements(spec.shape);
    }
};

class HostActivation final : public Hosted {
  public:
    const char *kind() const override { return "host_activation"; }

    void infer(Inference &inference) const override {
        check_kind(inference.host);
        if (!inference.host->parameters.empty() || inference.host->output.rank > 0)
            fail(Status::invalid_argument, "an activation has neither parameters nor a shape");
        inference.output = inference.inputs[0];
    }

    // f' is diagonal: backward's product is forward's as well.
    void tangent(Emitter &e) const override {
        const TensorId dy = e.temporary(e.tensor(e.output()));
        e.emit(OpKind::host, {e.input(0), e.output(), e.input_tangent(0)}, {dy},
               HostAttributes{std::make_shared<Backward>(e.describe(), e.host(), counts_of(e))});
        e.give_tangent(dy);
    }
};

}  // namespace

void check_same(const HostRecord &node, const HostRecord &given) {
    if (node.kind != given.kind)
        fail(Status::invalid_argument,
             text("its kind is \"", node.kind, "\", but got \"", given.kind, "\""));
    if (node.output != given.output)
        fail(Status::shape_mismatch,
             text("its output is ", to_text(node.output), ", but got ", to_text(given.output)));
    if (node.parameters.size() != given.parameters.size())
        fail(Status::shape_mismatch, text("it has ", node.parameters.size(),
                                          " parameters, but got ", given.parameters.size()));
    for (size_t i = 0; i < node.parameters.size(); ++i) {
        const TensorSpec &ours = node.parameters[i], &theirs = given.parameters[i];
        if (ours.name != theirs.name || ours.shape != theirs.shape || ours.decays != theirs.decays)
            fail(Status::shape_mismatch,
                 text("parameter ", i, " is \"", ours.name, "\" ", to_text(ours.shape),
                      ours.decays ? ", which decays" : "", ", but got \"", theirs.name, "\" ",
                      to_text(theirs.shape), theirs.decays ? ", which decays" : ""));
    }
}

const Layer *host_layer() {
    static const HostLayer layer;
    return &layer;
}

const Layer *host_activation_layer() {
    static const HostActivation layer;
    return &layer;
}

}  // namespace cnn

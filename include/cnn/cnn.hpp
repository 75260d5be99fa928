// cnn.hpp: libcnn for C++17 and later. A thin, header-only layer over cnn.h: handles that destroy
// themselves, exceptions instead of statuses, descriptors by value, and any contiguous container
// (std::vector, std::array, std::span) where C wants a pointer and a count. What a call does, its
// shapes, errors and thread rules are told in cnn.h, under the C function of the same name.
//
//   cnn::Net net;
//   auto n = net.input("x", {2});
//   n = net.dense(n, {.units = 3, .activation = CNN_TANH});
//   net.loss(net.dense(n, {.units = 1}), {.kind = CNN_LOSS_MSE});
//   cnn::Device device("auto");
//   net.compile(device, {.max_batch = 4});
//
// (Designated initialisers are C++20; before, fill in a descriptor first.)
#ifndef CNN_CNN_HPP
#define CNN_CNN_HPP

#include <cnn/cnn.h>

#include <cstdint>
#include <exception>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace cnn {
// Its own name in every symbol, so that a host never shares one with the library's inside.
inline namespace v0 {

/// What a failed call throws: the message of its cnn_error, with status and node.
class Exception : public std::runtime_error {
  public:
    explicit Exception(const cnn_error &error)
        : std::runtime_error(error.message), status_(error.status), node_(error.node) {}

    cnn_status status() const noexcept { return status_; }
    cnn_node node() const noexcept { return node_; }

  private:
    cnn_status status_;
    cnn_node node_;
};

namespace detail {

// call(&error) must give 0.
template <class Call>
void check(const Call &call) {
    cnn_error error{};
    if (call(&error)) throw Exception(error);
}

template <class Container>
std::int64_t elements(const Container &container) {
    return static_cast<std::int64_t>(std::size(container));
}

template <class Container>
using Element =
    std::remove_cv_t<std::remove_pointer_t<decltype(std::data(std::declval<Container &>()))>>;

template <class Handle, void (*destroy)(Handle *)>
struct Destroy {
    void operator()(Handle *handle) const noexcept { destroy(handle); }
};

template <class Handle, void (*destroy)(Handle *)>
using Owner = std::unique_ptr<Handle, Destroy<Handle, destroy>>;

template <class Handle>
Handle *made(Handle *handle) {
    if (!handle) throw std::bad_alloc();
    return handle;
}

}  // namespace detail

/// cnn_device: where networks compute. Movable; used by many threads at once.
class Device {
  public:
    explicit Device(const std::string &spec = "auto", const cnn_device_options &options = {}) {
        cnn_device *device = nullptr;
        detail::check(
            [&](cnn_error *e) { return cnn_device_open(spec.c_str(), &options, &device, e); });
        device_.reset(device);
    }

    cnn_device_info info() const {
        cnn_device_info info{};
        detail::check([&](cnn_error *e) { return cnn_device_get_info(get(), &info, e); });
        return info;
    }

    /// Every device that can be opened.
    static std::vector<cnn_device_info> list() {
        cnn_error error{};
        const std::int32_t count = cnn_device_count(&error);
        if (count < 0) throw Exception(error);
        std::vector<cnn_device_info> devices(static_cast<std::size_t>(count));
        for (std::int32_t i = 0; i < count; ++i)
            detail::check([&](cnn_error *e) {
                return cnn_device_describe(i, &devices[static_cast<std::size_t>(i)], e);
            });
        return devices;
    }

    cnn_device *get() const noexcept { return device_.get(); }

  private:
    detail::Owner<cnn_device, cnn_device_destroy> device_;
};

/// cnn_optimizer.
class Optimizer {
  public:
    explicit Optimizer(cnn_optimizer_kind kind) : optimizer_(cnn_optimizer_create(kind)) {
        if (!optimizer_) throw std::invalid_argument("an unknown kind of optimizer");
    }
    explicit Optimizer(cnn_optimizer *adopted) : optimizer_(detail::made(adopted)) {}

    Optimizer &set(cnn_key key, double value) {
        detail::check([&](cnn_error *e) { return cnn_optimizer_set(get(), key, value, e); });
        return *this;
    }
    double get(cnn_key key) const {
        double value = 0;
        detail::check([&](cnn_error *e) { return cnn_optimizer_get(get(), key, &value, e); });
        return value;
    }
    std::int64_t steps() const { return cnn_optimizer_steps(get()); }
    void reset() {
        detail::check([&](cnn_error *e) { return cnn_optimizer_reset(get(), e); });
    }
    cnn_optimizer *get() const noexcept { return optimizer_.get(); }

  private:
    detail::Owner<cnn_optimizer, cnn_optimizer_destroy> optimizer_;
};

/// cnn_minimize from x, any container of double, which becomes the best point found. Throws as it
/// fails: what the report then holds, only the C function gives.
template <class Container>
cnn_minimize_report minimize(Optimizer &optimizer, const cnn_problem &problem, Container &x,
                             const cnn_minimize_options &options = {}) {
    static_assert(std::is_same_v<detail::Element<Container>, double>);
    if (detail::elements(x) != problem.parameters)
        throw std::invalid_argument("minimize: x hasn't as many elements as the problem");
    cnn_minimize_report report{};
    detail::check([&](cnn_error *e) {
        return cnn_minimize(optimizer.get(), &problem, std::data(x), &options, &report, e);
    });
    return report;
}

/// Samples over containers, which must outlive their use. Inputs float or std::uint8_t; labels
/// std::uint8_t, std::int32_t or std::int64_t.
class Samples {
  public:
    template <class Inputs>
    explicit Samples(const Inputs &inputs) {
        value.inputs = std::data(inputs);
        value.input_elements = detail::elements(inputs);
        value.input_type = type_of<detail::Element<const Inputs>>();
    }
    template <class Labels>
    Samples &labels(const Labels &labels) {
        value.labels = std::data(labels);
        value.label_elements = detail::elements(labels);
        value.label_type = type_of<detail::Element<const Labels>>();
        return *this;
    }
    template <class Targets>
    Samples &targets(const Targets &targets) {
        value.targets = std::data(targets);
        value.target_elements = detail::elements(targets);
        return *this;
    }
    template <class Weights>
    Samples &weights(const Weights &weights) {
        value.weights = std::data(weights);
        value.weight_elements = detail::elements(weights);
        return *this;
    }
    /// value = (raw - mean) * scale for all channels.
    Samples &scaled(float scale, float mean = 0) {
        value.scale[0] = scale;
        value.mean[0] = mean;
        return *this;
    }

    cnn_samples value{};

  private:
    template <class T>
    static constexpr cnn_type type_of() {
        if constexpr (std::is_same_v<T, float>) return CNN_FLOAT32;
        if constexpr (std::is_same_v<T, std::uint8_t>) return CNN_UINT8;
        if constexpr (std::is_same_v<T, std::int32_t>) return CNN_INT32;
        if constexpr (std::is_same_v<T, std::int64_t>) return CNN_INT64;
    }
};

/// cnn_matrix: never changes.
class Matrix {
  public:
    explicit Matrix(cnn_matrix *adopted) : matrix_(detail::made(adopted)) {}
    /// A vector as rows x columns, row after row; both 0: a square.
    template <class Values>
    static Matrix mat(const Values &values, std::int64_t rows = 0, std::int64_t columns = 0,
                      cnn_vec_order order = CNN_VEC_ROWS) {
        cnn_matrix *matrix = nullptr;
        detail::check([&](cnn_error *e) {
            return cnn_matrix_mat(std::data(values), detail::elements(values), rows, columns, order,
                                  &matrix, e);
        });
        return Matrix(matrix);
    }
    cnn_matrix_info info() const {
        cnn_matrix_info info{};
        detail::check([&](cnn_error *e) { return cnn_matrix_get_info(get(), &info, e); });
        return info;
    }
    std::vector<float> vec(cnn_vec_order order = CNN_VEC_ROWS) const {
        const cnn_matrix_info size = info();
        std::vector<float> values(static_cast<std::size_t>(size.rows * size.columns));
        detail::check([&](cnn_error *e) {
            return cnn_matrix_vec(get(), order, values.data(), detail::elements(values), e);
        });
        return values;
    }
    /// A x, or A' x, of one vector or of several, one after the other.
    template <class Values>
    std::vector<float> multiply(const Values &x, bool transposed = false) const {
        const cnn_matrix_info size = info();
        const std::int64_t from = transposed ? size.rows : size.columns;
        const std::int64_t to = transposed ? size.columns : size.rows;
        std::vector<float> y(static_cast<std::size_t>(detail::elements(x) / from * to));
        detail::check([&](cnn_error *e) {
            return cnn_matrix_multiply(get(), transposed ? 1 : 0, std::data(x), detail::elements(x),
                                       y.data(), detail::elements(y), e);
        });
        return y;
    }
    cnn_matrix *get() const noexcept { return matrix_.get(); }

  private:
    detail::Owner<cnn_matrix, cnn_matrix_destroy> matrix_;
};

/// cnn_net.
class Net {
  public:
    explicit Net(const cnn_net_options &options = {})
        : net_(detail::made(cnn_net_create(&options))) {}
    explicit Net(cnn_net *adopted) : net_(detail::made(adopted)) {}

    static Net load(const std::string &path) {
        cnn_net *net = nullptr;
        detail::check([&](cnn_error *e) { return cnn_net_load(path.c_str(), &net, e); });
        return Net(net);
    }
    static Net load(const void *data, std::size_t bytes) {
        cnn_net *net = nullptr;
        detail::check([&](cnn_error *e) { return cnn_net_load_memory(data, bytes, &net, e); });
        return Net(net);
    }
    static std::pair<Net, Optimizer> load_checkpoint(const std::string &path) {
        cnn_net *net = nullptr;
        cnn_optimizer *optimizer = nullptr;
        detail::check(
            [&](cnn_error *e) { return cnn_checkpoint_load(path.c_str(), &net, &optimizer, e); });
        Net owned(net);
        return {std::move(owned), Optimizer(optimizer)};
    }

    // Building: a mistake is kept and thrown by compile, as in C.
    cnn_node input(const std::string &name, std::initializer_list<std::int64_t> shape) {
        return cnn_net_input(get(), name.c_str(), static_cast<std::int32_t>(shape.size()),
                             shape.begin());
    }
    template <class Sizes>
    cnn_node input(const std::string &name, const Sizes &shape) {
        return cnn_net_input(get(), name.c_str(), static_cast<std::int32_t>(std::size(shape)),
                             std::data(shape));
    }
    cnn_node conv2d(cnn_node x, const cnn_conv2d &d) { return cnn_net_conv2d(get(), x, &d); }
    cnn_node dense(cnn_node x, const cnn_dense &d) { return cnn_net_dense(get(), x, &d); }
    cnn_node max_pool2d(cnn_node x, const cnn_pool2d &d) {
        return cnn_net_max_pool2d(get(), x, &d);
    }
    cnn_node average_pool2d(cnn_node x, const cnn_pool2d &d) {
        return cnn_net_average_pool2d(get(), x, &d);
    }
    cnn_node weighted_subsample2d(cnn_node x, const cnn_weighted_subsample2d &d) {
        return cnn_net_weighted_subsample2d(get(), x, &d);
    }
    cnn_node subsample2d(cnn_node x, const cnn_subsample2d &d) {
        return cnn_net_subsample2d(get(), x, &d);
    }
    cnn_node radial_basis(cnn_node x, const cnn_radial_basis &d) {
        return cnn_net_radial_basis(get(), x, &d);
    }
    cnn_node global_average_pool2d(cnn_node x, const cnn_plain &d = {}) {
        return cnn_net_global_average_pool2d(get(), x, &d);
    }
    cnn_node flatten(cnn_node x, const cnn_plain &d = {}) { return cnn_net_flatten(get(), x, &d); }
    cnn_node reshape(cnn_node x, std::initializer_list<std::int64_t> shape,
                     const char *name = nullptr) {
        cnn_reshape d{};
        d.name = name;
        // A rank that is none is refused; sizes past the third are not read.
        d.rank = static_cast<std::int32_t>(shape.size());
        std::copy_n(shape.begin(), std::min<std::size_t>(shape.size(), 3), d.shape);
        return cnn_net_reshape(get(), x, &d);
    }
    cnn_node activation(cnn_node x, const cnn_activation &d) {
        return cnn_net_activation(get(), x, &d);
    }
    cnn_node softmax(cnn_node x, const cnn_plain &d = {}) { return cnn_net_softmax(get(), x, &d); }
    cnn_node dropout(cnn_node x, const cnn_dropout &d) { return cnn_net_dropout(get(), x, &d); }
    cnn_node batch_norm(cnn_node x, const cnn_batch_norm &d = {}) {
        return cnn_net_batch_norm(get(), x, &d);
    }
    cnn_node add(std::initializer_list<cnn_node> inputs, const cnn_add &d = {}) {
        return cnn_net_add(get(), inputs.begin(), static_cast<std::int32_t>(inputs.size()), &d);
    }
    template <class Nodes>
    cnn_node add(const Nodes &inputs, const cnn_add &d = {}) {
        return cnn_net_add(get(), std::data(inputs), static_cast<std::int32_t>(std::size(inputs)),
                           &d);
    }
    template <class Nodes>
    cnn_node concat(const Nodes &inputs, const cnn_plain &d = {}) {
        return cnn_net_concat(get(), std::data(inputs),
                              static_cast<std::int32_t>(std::size(inputs)), &d);
    }
    cnn_node concat(std::initializer_list<cnn_node> inputs, const cnn_plain &d = {}) {
        return cnn_net_concat(get(), inputs.begin(), static_cast<std::int32_t>(inputs.size()), &d);
    }
    /// Callbacks must not throw.
    cnn_node host_layer(std::initializer_list<cnn_node> inputs, const cnn_host_layer &d) {
        return cnn_net_host_layer(get(), inputs.begin(), static_cast<std::int32_t>(inputs.size()),
                                  &d);
    }
    cnn_node host_activation(cnn_node x, const cnn_host_activation &d) {
        return cnn_net_host_activation(get(), x, &d);
    }
    void bind_host_layer(const std::string &name, const cnn_host_layer &d) {
        detail::check(
            [&](cnn_error *e) { return cnn_net_bind_host_layer(get(), name.c_str(), &d, e); });
    }
    void bind_host_activation(const std::string &name, const cnn_host_activation &d) {
        detail::check(
            [&](cnn_error *e) { return cnn_net_bind_host_activation(get(), name.c_str(), &d, e); });
    }
    cnn_node loss(cnn_node x, const cnn_loss &d) { return cnn_net_loss(get(), x, &d); }
    void output(cnn_node node) {
        detail::check([&](cnn_error *e) { return cnn_net_output(get(), node, e); });
    }

    void compile(const Device &device, const cnn_compile &options = {}) {
        detail::check(
            [&](cnn_error *e) { return cnn_net_compile(get(), device.get(), &options, e); });
    }

    template <class Inputs, class Outputs>
    void run(const Inputs &x, Outputs &&y) {
        detail::check([&](cnn_error *e) {
            return cnn_net_run(get(), std::data(x), detail::elements(x), std::data(y),
                               detail::elements(y), e);
        });
    }
    void run(const cnn_view &input, const cnn_view &output) {
        detail::check([&](cnn_error *e) { return cnn_net_run_view(get(), &input, &output, e); });
    }
    cnn_evaluation evaluate(const Samples &samples) {
        cnn_evaluation result{};
        detail::check(
            [&](cnn_error *e) { return cnn_net_evaluate(get(), &samples.value, &result, e); });
        return result;
    }
    void init_radial_basis(const std::string &name, const Samples &samples,
                           std::uint64_t seed = 0) {
        detail::check([&](cnn_error *e) {
            return cnn_net_init_radial_basis(get(), name.c_str(), &samples.value, seed, e);
        });
    }
    double loss_gradient(const Samples &samples, const cnn_gradient_options &options = {}) {
        double loss = 0;
        detail::check([&](cnn_error *e) {
            return cnn_net_loss_gradient(get(), &samples.value, &options, &loss, e);
        });
        return loss;
    }
    cnn_gradient_report check_gradient(const Samples &samples,
                                       const cnn_gradient_check &options = {}) {
        cnn_gradient_report report{};
        detail::check([&](cnn_error *e) {
            return cnn_net_check_gradient(get(), &samples.value, &options, &report, e);
        });
        return report;
    }
    double train_step(Optimizer &optimizer, const Samples &samples) {
        double loss = 0;
        detail::check([&](cnn_error *e) {
            return cnn_net_train_step(get(), optimizer.get(), &samples.value, &loss, e);
        });
        return loss;
    }

    /// progress returns true to go on. What it throws cancels the fit and is thrown on.
    using Progress = std::function<bool(const cnn_progress &)>;
    cnn_report fit(Optimizer &optimizer, const Samples &samples, cnn_fit options = {},
                   const Progress &progress = {}) {
        struct Call {
            const Progress &progress;
            std::exception_ptr thrown;
            static std::int32_t run(const cnn_progress *p, void *user) {
                auto &call = *static_cast<Call *>(user);
                try {
                    return call.progress(*p) ? 0 : 1;
                } catch (...) {
                    call.thrown = std::current_exception();
                    return 1;
                }
            }
        } call{progress, nullptr};
        if (progress) {
            options.progress = Call::run;
            options.user = &call;
        }
        cnn_report report{};
        cnn_error error{};
        const cnn_status status =
            cnn_net_fit(get(), optimizer.get(), &samples.value, &options, &report, &error);
        if (call.thrown) std::rethrow_exception(call.thrown);
        if (status) throw Exception(error);
        return report;
    }
    cnn_minimize_report minimize(Optimizer &optimizer, const Samples &samples,
                                 const cnn_minimize_options &options = {}) {
        cnn_minimize_report report{};
        detail::check([&](cnn_error *e) {
            return cnn_net_minimize(get(), optimizer.get(), &samples.value, &options, &report, e);
        });
        return report;
    }
    /// The loss along a direction, as long as theta; empty: minus the gradient.
    std::vector<double> error_curve(const Samples &samples, const std::vector<double> &alphas,
                                    const std::vector<float> &direction = {}) {
        std::vector<double> values(alphas.size());
        detail::check([&](cnn_error *e) {
            return cnn_net_error_curve(get(), &samples.value,
                                       direction.empty() ? nullptr : direction.data(),
                                       detail::elements(direction), alphas.data(), values.data(),
                                       detail::elements(alphas), e);
        });
        return values;
    }
    void cancel() noexcept { cnn_net_cancel(get()); }

    std::vector<float> vector(cnn_vector which = CNN_PARAMETERS) const {
        // -1, of an unknown vector, is refused by the call.
        const std::int64_t count = cnn_net_vector_elements(get(), which);
        std::vector<float> values(static_cast<std::size_t>(count < 0 ? 0 : count));
        detail::check([&](cnn_error *e) {
            return cnn_net_get_vector(get(), which, values.data(), detail::elements(values), e);
        });
        return values;
    }
    template <class Values>
    void set_vector(const Values &values, cnn_vector which = CNN_PARAMETERS) {
        detail::check([&](cnn_error *e) {
            return cnn_net_set_vector(get(), which, std::data(values), detail::elements(values), e);
        });
    }
    void set_regularization(const std::string &name, double factor) {
        detail::check([&](cnn_error *e) {
            return cnn_net_set_regularization(get(), name.c_str(), factor, e);
        });
    }
    /// An empty container: the centre is zero again.
    template <class Values>
    void set_center(const Values &values) {
        const bool none = std::size(values) == 0;
        detail::check([&](cnn_error *e) {
            return cnn_net_set_center(get(), none ? nullptr : std::data(values),
                                      detail::elements(values), e);
        });
    }
    std::vector<float> center() const {
        std::vector<float> values(
            static_cast<std::size_t>(cnn_net_vector_elements(get(), CNN_PARAMETERS)));
        detail::check([&](cnn_error *e) {
            return cnn_net_get_center(get(), values.data(), detail::elements(values), e);
        });
        return values;
    }
    void copy_parameters(const Net &source) {
        detail::check(
            [&](cnn_error *e) { return cnn_net_copy_parameters(get(), source.get(), e); });
    }
    Net clone() const {
        cnn_net *copy = nullptr;
        detail::check([&](cnn_error *e) { return cnn_net_clone(get(), &copy, e); });
        return Net(copy);
    }

    Net unroll_conv2d(cnn_node node) const {
        cnn_net *unrolled = nullptr;
        detail::check(
            [&](cnn_error *e) { return cnn_net_unroll_conv2d(get(), node, &unrolled, e); });
        return Net(unrolled);
    }
    Matrix conv_matrix(cnn_node node, const cnn_conv_matrix &options = {}) const {
        cnn_matrix *matrix = nullptr;
        detail::check(
            [&](cnn_error *e) { return cnn_net_conv_matrix(get(), node, &options, &matrix, e); });
        return Matrix(matrix);
    }
    /// The residual.
    double set_conv_matrix(cnn_node node, const Matrix &matrix,
                           const cnn_conv_matrix &options = {}) {
        double residual = 0;
        detail::check([&](cnn_error *e) {
            return cnn_net_set_conv_matrix(get(), node, matrix.get(), &options, &residual, e);
        });
        return residual;
    }

    std::string summary() const {
        std::size_t needed = 0;
        detail::check([&](cnn_error *e) { return cnn_net_summary(get(), nullptr, 0, &needed, e); });
        std::string table(needed, '\0');
        detail::check([&](cnn_error *e) {
            return cnn_net_summary(get(), table.data(), table.size(), nullptr, e);
        });
        table.pop_back();
        return table;
    }

    void save(const std::string &path) const {
        detail::check([&](cnn_error *e) { return cnn_net_save(get(), path.c_str(), e); });
    }
    void save_checkpoint(Optimizer &optimizer, const std::string &path) const {
        detail::check([&](cnn_error *e) {
            return cnn_checkpoint_save(get(), optimizer.get(), path.c_str(), e);
        });
    }

    cnn_net *get() const noexcept { return net_.get(); }

  private:
    detail::Owner<cnn_net, cnn_net_destroy> net_;
};

}  // namespace v0
}  // namespace cnn

#endif

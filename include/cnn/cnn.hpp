// cnn.hpp: libcnn for C++17 and later, header-only over cnn.h: handles that destroy themselves,
// descriptors by value, callbacks as lambdas, and any contiguous container (std::vector,
// std::array, std::span) where C wants a pointer and a count. What a call does, its shapes, units,
// errors and thread rules are told in cnn.h, under the C function of the same name.
//
//   cnn::Net net;
//   auto n = net.input("x", {2});
//   n = net.dense(n, {.units = 3, .activation = CNN_TANH});
//   net.loss(net.dense(n, {.units = 1}), {.kind = CNN_LOSS_MSE});
//   cnn::Device device("auto");
//   net.compile(device, {.max_batch = 4});
//
// (Designated initialisers are C++20; before, fill in a descriptor first.)
//
// Errors, at your choice. The classes of namespace cnn throw cnn::Exception. Those of the same
// names in cnn::expected return cnn::Expected<T>, in the way of std::expected, and never throw but
// for want of memory; they are all there is where exceptions are switched off. A constructor that
// can fail is a static function there:
//
//   auto device = cnn::expected::Device::open("auto");
//   if (!device) return complain(device.error().message);
//
// What a callback of yours throws cancels the call and is thrown on when the library has returned;
// of an asynchronous run by who waits for it.
#ifndef CNN_CNN_HPP
#define CNN_CNN_HPP

#include <cnn/cnn.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <memory_resource>
#include <mutex>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
#define CNN_HPP_EXCEPTIONS 1
#else
#define CNN_HPP_EXCEPTIONS 0
#endif

namespace cnn {
// Its own name in every symbol, so that a host never shares one with the library's inside, nor code
// with exceptions one with code without.
#if CNN_HPP_EXCEPTIONS
inline namespace v0 {
#else
inline namespace v0_no_exceptions {
#endif

/// What a failed call throws: the message of its cnn_error, with status and node.
class Exception : public std::runtime_error {
  public:
    explicit Exception(const cnn_error &error)
        : std::runtime_error(error.message), status_(error.status), node_(error.node) {}

    cnn_status status() const noexcept { return status_; }
    const char *status_name() const noexcept { return cnn_status_name(status_); }
    cnn_node node() const noexcept { return node_; }

  private:
    cnn_status status_;
    cnn_node node_;
};

namespace detail {

[[noreturn]] inline void raise(const cnn_error &error) {
#if CNN_HPP_EXCEPTIONS
    throw Exception(error);
#else
    (void)error;
    std::abort();
#endif
}

[[noreturn]] inline void raise_bad_alloc() {
#if CNN_HPP_EXCEPTIONS
    throw std::bad_alloc();
#else
    std::abort();
#endif
}

}  // namespace detail

/// A value, or the error that there is in its place.
template <class T>
class [[nodiscard]] Expected {
  public:
    Expected(T value) : value_(std::move(value)) {}
    Expected(const cnn_error &error) : error_(error) {}

    bool has_value() const noexcept { return value_.has_value(); }
    explicit operator bool() const noexcept { return has_value(); }
    /// Without a value: throws Exception, or aborts where exceptions are switched off.
    T &value() & {
        if (!has_value()) detail::raise(error_);
        return *value_;
    }
    const T &value() const & {
        if (!has_value()) detail::raise(error_);
        return *value_;
    }
    T &&value() && { return std::move(value()); }
    /// There must be one.
    T &operator*() &noexcept { return *value_; }
    const T &operator*() const &noexcept { return *value_; }
    T &&operator*() &&noexcept { return std::move(*value_); }
    T *operator->() noexcept { return &*value_; }
    const T *operator->() const noexcept { return &*value_; }
    template <class U>
    T value_or(U &&other) const & {
        return has_value() ? *value_ : static_cast<T>(std::forward<U>(other));
    }
    /// Its status is CNN_OK where there is a value.
    const cnn_error &error() const noexcept { return error_; }

  private:
    std::optional<T> value_;
    cnn_error error_{};
};

template <>
class [[nodiscard]] Expected<void> {
  public:
    Expected() = default;
    Expected(const cnn_error &error) : error_(error) {}

    bool has_value() const noexcept { return error_.status == CNN_OK; }
    explicit operator bool() const noexcept { return has_value(); }
    void value() const {
        if (!has_value()) detail::raise(error_);
    }
    const cnn_error &error() const noexcept { return error_; }

  private:
    cnn_error error_{};
};

namespace detail {

// How the classes below tell of a failure.
struct Throwing {
    template <class T>
    using Result = T;
    template <class Self>
    using Chain = Self &;
    static constexpr bool throws = true;

    template <class T>
    static T failed(const cnn_error &error) {
        raise(error);
    }
    template <class Self>
    static Self &chained(Self &self, const cnn_error &error) {
        if (error.status) raise(error);
        return self;
    }
};

struct Returning {
    template <class T>
    using Result = Expected<T>;
    template <class Self>
    using Chain = Expected<void>;
    static constexpr bool throws = false;

    template <class T>
    static Expected<T> failed(const cnn_error &error) {
        return error;
    }
    template <class Self>
    static Expected<void> chained(Self &, const cnn_error &error) {
        return error;
    }
};

// What a function threw on whatever thread, for one that asks later.
class Aside {
  public:
    void keep(std::exception_ptr exception) noexcept {
        const std::lock_guard<std::mutex> lock(mutex_);
        std::swap(latest_, exception);
    }
    // Null where it failed without throwing.
    std::exception_ptr latest() const noexcept {
        const std::lock_guard<std::mutex> lock(mutex_);
        return latest_;
    }

  private:
    mutable std::mutex mutex_;
    std::exception_ptr latest_;
};

#if CNN_HPP_EXCEPTIONS
// What a callback threw during the call in progress on this thread.
inline std::exception_ptr &thrown() noexcept {
    static thread_local std::exception_ptr exception;
    return exception;
}

// Calls in progress on this thread: 0 on one of the library's own, where nobody would take what is
// thrown.
inline int &calls() noexcept {
    static thread_local int count = 0;
    return count;
}

struct InCall {
    InCall() noexcept { ++calls(); }
    ~InCall() { --calls(); }
    InCall(const InCall &) = delete;
    InCall &operator=(const InCall &) = delete;
};
#endif

// A callback's answer in C's terms: 0 goes on. Nothing is thrown through the library. A body that
// returns nothing goes on. How it failed is also put aside where that is wanted.
template <class Body>
std::int32_t guarded(const Body &body, Aside *aside = nullptr) noexcept {
#if CNN_HPP_EXCEPTIONS
    try {
#endif
        if constexpr (std::is_void_v<decltype(body())>) {
            body();
            return 0;
        } else {
            if (body()) return 0;
            if (aside) aside->keep(nullptr);
            return 1;
        }
#if CNN_HPP_EXCEPTIONS
    } catch (...) {
        if (aside) aside->keep(std::current_exception());
        if (!aside || calls() > 0) thrown() = std::current_exception();
        return 1;
    }
#endif
}

// The status of call(&error), after what its callbacks threw.
template <class Call>
cnn_error attempt(const Call &call) {
    cnn_error error{};
#if CNN_HPP_EXCEPTIONS
    const InCall in_call;
#endif
    const cnn_status status = call(&error);
#if CNN_HPP_EXCEPTIONS
    if (status && thrown()) std::rethrow_exception(std::exchange(thrown(), nullptr));
#endif
    error.status = status;
    return error;
}

template <class Policy, class Call>
typename Policy::template Result<void> check(const Call &call) {
    const cnn_error error = attempt(call);
    if (error.status) return Policy::template failed<void>(error);
    return typename Policy::template Result<void>();
}

// The same of call(value, &error), which fills in the value.
template <class Policy, class T, class Call>
typename Policy::template Result<T> value_of(T value, const Call &call) {
    const cnn_error error = attempt([&](cnn_error *e) { return call(value, e); });
    if (error.status) return Policy::template failed<T>(error);
    return value;
}

// The same of call(&handle, &error), which makes a handle for an Owner.
template <class Policy, class Owner, class Handle, class Call>
typename Policy::template Result<Owner> made_of(const Call &call) {
    Handle *handle = nullptr;
    const cnn_error error = attempt([&](cnn_error *e) { return call(&handle, e); });
    if (error.status) return Policy::template failed<Owner>(error);
    return Owner(handle);
}

template <class Container>
std::int64_t elements(const Container &container) {
    return static_cast<std::int64_t>(std::size(container));
}

template <class Container>
std::int32_t count(const Container &container) {
    return static_cast<std::int32_t>(std::size(container));
}

template <class Container>
using Element =
    std::remove_cv_t<std::remove_pointer_t<decltype(std::data(std::declval<Container &>()))>>;

template <class T>
constexpr cnn_type type_of() {
    static_assert(std::is_same_v<T, float> || std::is_same_v<T, std::uint8_t> ||
                      std::is_same_v<T, std::int32_t> || std::is_same_v<T, std::int64_t>,
                  "float, std::uint8_t, std::int32_t or std::int64_t");
    if constexpr (std::is_same_v<T, std::uint8_t>) return CNN_UINT8;
    if constexpr (std::is_same_v<T, std::int32_t>) return CNN_INT32;
    if constexpr (std::is_same_v<T, std::int64_t>) return CNN_INT64;
    return CNN_FLOAT32;
}

// Where nobody waited the run may be computed here: what its callbacks throw then is nobody's, and
// mustn't come out of a later call.
inline void end_event(cnn_event *event) noexcept {
    cnn_event_destroy(event);
#if CNN_HPP_EXCEPTIONS
    thrown() = nullptr;
#endif
}

template <class Handle, void (*destroy)(Handle *)>
struct Destroy {
    void operator()(Handle *handle) const noexcept { destroy(handle); }
};

template <class Handle, void (*destroy)(Handle *)>
using Owner = std::unique_ptr<Handle, Destroy<Handle, destroy>>;

template <class Handle>
Handle *made(Handle *handle) {
    if (!handle) raise_bad_alloc();
    return handle;
}

// A progress callback that C can call. Progress is called with a Report; nullptr is none.
template <class Report, class Progress>
struct Hook {
    static std::int32_t call(const Report *report, void *user) {
        auto &progress = *static_cast<std::remove_reference_t<Progress> *>(user);
        return guarded([&] { return progress(*report); });
    }
    template <class Options>
    static void set(Options &options, Progress &&progress) {
        if constexpr (!std::is_same_v<std::decay_t<Progress>, std::nullptr_t>) {
            options.progress = call;
            options.user = const_cast<void *>(static_cast<const void *>(std::addressof(progress)));
        }
    }
};

// A buffer that grows by what a writer is given.
inline std::int32_t append(void *user, const void *data, std::size_t bytes) {
    return guarded([&] {
        const auto *from = static_cast<const std::byte *>(data);
        static_cast<std::vector<std::byte> *>(user)->insert(
            static_cast<std::vector<std::byte> *>(user)->end(), from, from + bytes);
    });
}

// write(data, bytes) as C takes it; false fails.
template <class Write>
cnn_writer writer_of(Write &write) {
    cnn_writer writer{};
    writer.user = &write;
    writer.write = [](void *user, const void *data, std::size_t bytes) {
        return guarded([&] { return (*static_cast<Write *>(user))(data, bytes); });
    };
    return writer;
}

// read(buffer, bytes) gives how many bytes it gave, 0 at the end; what it throws is a failure.
template <class Read>
cnn_reader reader_of(Read &read) {
    cnn_reader reader{};
    reader.user = &read;
    reader.read = [](void *user, void *buffer, std::size_t bytes, std::size_t *got) {
        return guarded([&] { *got = (*static_cast<Read *>(user))(buffer, bytes); });
    };
    return reader;
}

}  // namespace detail

// ---- Devices ----

/// How a device is opened. What the callbacks hold is kept until the device's last child is gone.
struct DeviceOptions {
    std::string cache_directory;
    /// Serves tensors; called from any thread. Not owned. Null: `allocator`, or the default.
    std::pmr::memory_resource *memory = nullptr;
    cnn_allocator allocator{};
    std::function<void(cnn_log_level, const char *)> log;  ///< may not throw; from any thread
    cnn_log_level log_level = CNN_LOG_WARNING;
    std::int64_t memory_limit = 0;
    std::int32_t threads = 0;
    std::function<void()> released;  ///< may not throw
    /// The host's own threads: calls task(i) once for each i of [0, count) and returns when all
    /// have returned; may not throw.
    std::function<void(std::int32_t count, const std::function<void(std::int32_t)> &task)>
        parallel_for;
};

namespace detail {

// What the callbacks of an open device need. The library gives it back by `release`.
struct DeviceHooks {
    DeviceOptions options;

    static void *allocate(void *user, std::size_t bytes, std::size_t align) {
        void *pointer = nullptr;
#if CNN_HPP_EXCEPTIONS
        try {
            pointer = static_cast<DeviceHooks *>(user)->options.memory->allocate(bytes, align);
        } catch (...) {
            return nullptr;
        }
#else
        pointer = static_cast<DeviceHooks *>(user)->options.memory->allocate(bytes, align);
#endif
        return pointer;
    }
    static void free(void *user, void *pointer, std::size_t bytes, std::size_t align) {
        static_cast<DeviceHooks *>(user)->options.memory->deallocate(pointer, bytes, align);
    }
    static void write(void *user, cnn_log_level level, const char *message) {
        static_cast<DeviceHooks *>(user)->options.log(level, message);
    }
    static void parallel_for(void *user, std::int32_t count,
                             void (*task)(void *context, std::int32_t index), void *context) {
        // Two words, which std::function keeps in itself: nothing is allocated.
        static_cast<DeviceHooks *>(user)->options.parallel_for(
            count, [task, context](std::int32_t index) { task(context, index); });
    }
    static void release(void *user) {
        const std::unique_ptr<DeviceHooks> hooks(static_cast<DeviceHooks *>(user));
        if (hooks->options.released) hooks->options.released();
    }

    cnn_device_options in_c() {
        cnn_device_options c{};
        if (!options.cache_directory.empty()) c.cache_directory = options.cache_directory.c_str();
        c.allocator = options.allocator;
        if (options.memory) {
            c.allocator.user = this;
            c.allocator.alloc = allocate;
            c.allocator.free = free;
        }
        if (options.log) {
            c.log.user = this;
            c.log.write = write;
            c.log.level = options.log_level;
        }
        c.released = release;
        c.released_user = this;
        c.memory_limit = options.memory_limit;
        c.threads = options.threads;
        if (options.parallel_for) {
            c.parallel_for = parallel_for;
            c.parallel_for_user = this;
        }
        return c;
    }
};

}  // namespace detail

/// cnn_device: where networks compute. Movable; used by many threads at once.
template <class Policy>
class BasicDevice {
  public:
    template <class T>
    using Result = typename Policy::template Result<T>;

    explicit BasicDevice(const std::string &spec = "auto", DeviceOptions options = {})
        : BasicDevice(open(spec, std::move(options))) {
        static_assert(Policy::throws, "cnn::expected::Device::open");
    }
    explicit BasicDevice(cnn_device *adopted) : device_(detail::made(adopted)) {}

    static Result<BasicDevice> open(const std::string &spec = "auto", DeviceOptions options = {}) {
        return open_with(std::move(options),
                         [&](const cnn_device_options &o, cnn_device **d, cnn_error *e) {
                             return cnn_device_open(spec.c_str(), &o, d, e);
                         });
    }

    /// On the host's own OpenCL objects.
    static Result<BasicDevice> open(const cnn_opencl &lent, DeviceOptions options = {}) {
        return open_with(std::move(options),
                         [&](const cnn_device_options &o, cnn_device **d, cnn_error *e) {
                             return cnn_device_open_opencl(&lent, &o, d, e);
                         });
    }

    Result<cnn_device_info> info() const {
        return detail::value_of<Policy>(cnn_device_info{}, [&](cnn_device_info &i, cnn_error *e) {
            return cnn_device_get_info(get(), &i, e);
        });
    }

    /// Every device that can be opened.
    static Result<std::vector<cnn_device_info>> list() {
        using Infos = std::vector<cnn_device_info>;
        return detail::value_of<Policy>(Infos{}, [](Infos &infos, cnn_error *e) -> cnn_status {
            const std::int32_t count = cnn_device_count(e);
            if (count < 0) return -count;
            infos.resize(static_cast<std::size_t>(count));
            for (std::int32_t i = 0; i < count; ++i)
                if (const cnn_status status =
                        cnn_device_describe(i, &infos[static_cast<std::size_t>(i)], e))
                    return status;
            return CNN_OK;
        });
    }

    cnn_device *get() const noexcept { return device_.get(); }

  private:
    template <class Open>
    static Result<BasicDevice> open_with(DeviceOptions &&options, const Open &open) {
        auto hooks = std::make_unique<detail::DeviceHooks>();
        hooks->options = std::move(options);
        const cnn_device_options c = hooks->in_c();
        cnn_device *device = nullptr;
        const cnn_error error = detail::attempt([&](cnn_error *e) { return open(c, &device, e); });
        if (error.status) return Policy::template failed<BasicDevice>(error);
        // From now on the library's, until it calls `released`.
        (void)hooks.release();
        return BasicDevice(device);
    }

    detail::Owner<cnn_device, cnn_device_destroy> device_;
};

// ---- Data ----

/// A cnn_view of a container, which must outlive its use.
class View {
  public:
    View() = default;
    template <class Values, class = std::enable_if_t<!std::is_same_v<std::decay_t<Values>, View>>>
    explicit View(Values &&values) {
        using T = detail::Element<std::remove_reference_t<Values>>;
        value.data = std::data(values);
        value.elements = detail::elements(values);
        value.type = detail::type_of<T>();
    }
    /// So many elements of a cl_mem of the context that the device was opened with.
    static View of_memory(void *memory, std::int64_t elements, std::int64_t offset_bytes = 0,
                          cnn_type type = CNN_FLOAT32) {
        View view;
        view.value.memory = memory;
        view.value.memory_offset = offset_bytes;
        view.value.elements = elements;
        view.value.type = type;
        return view;
    }
    View &nhwc() {
        value.layout = CNN_NHWC;
        return *this;
    }
    /// value = (raw - mean) * scale of every channel, or of each; channels from the fourth on use
    /// the fourth's.
    View &scaled(float scale, float mean = 0) {
        std::fill_n(value.scale, 4, scale);
        std::fill_n(value.mean, 4, mean);
        return *this;
    }
    View &scaled(std::initializer_list<float> scale, std::initializer_list<float> mean = {}) {
        std::copy_n(scale.begin(), std::min<std::size_t>(scale.size(), 4), value.scale);
        std::copy_n(mean.begin(), std::min<std::size_t>(mean.size(), 4), value.mean);
        return *this;
    }
    operator const cnn_view &() const noexcept { return value; }

    cnn_view value{};
};

/// Samples over containers, which must outlive their use. Inputs float or std::uint8_t; labels
/// std::uint8_t, std::int32_t or std::int64_t.
class Samples {
  public:
    Samples() = default;
    template <class Inputs>
    explicit Samples(const Inputs &inputs) {
        if constexpr (std::is_same_v<detail::Element<const Inputs>, cnn_view>) {
            value.input_views = std::data(inputs);
            value.input_view_count = detail::count(inputs);
        } else {
            value.inputs = std::data(inputs);
            value.input_elements = detail::elements(inputs);
            value.input_type = detail::type_of<detail::Element<const Inputs>>();
        }
    }
    template <class Labels>
    Samples &labels(const Labels &labels) {
        value.labels = std::data(labels);
        value.label_elements = detail::elements(labels);
        value.label_type = detail::type_of<detail::Element<const Labels>>();
        return *this;
    }
    /// float, of one loss; or a container of cnn_view, one a loss.
    template <class Targets>
    Samples &targets(const Targets &targets) {
        if constexpr (std::is_same_v<detail::Element<const Targets>, cnn_view>) {
            value.target_views = std::data(targets);
            value.target_view_count = detail::count(targets);
        } else {
            value.targets = std::data(targets);
            value.target_elements = detail::elements(targets);
        }
        return *this;
    }
    template <class Weights>
    Samples &weights(const Weights &weights) {
        value.weights = std::data(weights);
        value.weight_elements = detail::elements(weights);
        return *this;
    }
    Samples &nhwc() {
        value.input_layout = CNN_NHWC;
        return *this;
    }
    /// value = (raw - mean) * scale for all channels.
    Samples &scaled(float scale, float mean = 0) {
        std::fill_n(value.scale, 4, scale);
        std::fill_n(value.mean, 4, mean);
        return *this;
    }

    cnn_samples value{};
};

// ---- Optimizers ----

/// cnn_optimizer.
template <class Policy>
class BasicOptimizer {
  public:
    template <class T>
    using Result = typename Policy::template Result<T>;

    explicit BasicOptimizer(cnn_optimizer_kind kind) : BasicOptimizer(create(kind)) {
        static_assert(Policy::throws, "cnn::expected::Optimizer::create");
    }
    explicit BasicOptimizer(cnn_optimizer *adopted) : optimizer_(detail::made(adopted)) {}

    static Result<BasicOptimizer> create(cnn_optimizer_kind kind) {
        return detail::made_of<Policy, BasicOptimizer, cnn_optimizer>(
            [&](cnn_optimizer **made, cnn_error *e) {
                *made = cnn_optimizer_create(kind);
                if (*made) return CNN_OK + 0;
                *e = {CNN_INVALID_ARGUMENT, -1, "an unknown kind of optimizer, or no memory"};
                return CNN_INVALID_ARGUMENT + 0;
            });
    }

    /// Itself, so that calls chain; in cnn::expected Expected<void>.
    typename Policy::template Chain<BasicOptimizer> set(cnn_key key, double value) {
        return Policy::chained(*this, detail::attempt([&](cnn_error *e) {
            return cnn_optimizer_set(get(), key, value, e);
        }));
    }
    Result<double> get(cnn_key key) const {
        return detail::value_of<Policy>(0.0, [&](double &value, cnn_error *e) {
            return cnn_optimizer_get(get(), key, &value, e);
        });
    }
    /// Its hyper-parameters, with names, values, defaults and bounds.
    Result<std::vector<cnn_key_info>> keys() const {
        using Infos = std::vector<cnn_key_info>;
        return detail::value_of<Policy>(Infos{}, [&](Infos &infos, cnn_error *e) -> cnn_status {
            infos.resize(static_cast<std::size_t>(cnn_optimizer_key_count(get())));
            for (std::size_t i = 0; i < infos.size(); ++i)
                if (const cnn_status status = cnn_optimizer_describe_key(
                        get(), static_cast<std::int32_t>(i), &infos[i], e))
                    return status;
            return CNN_OK;
        });
    }
    cnn_optimizer_kind kind() const noexcept { return cnn_optimizer_get_kind(get()); }
    std::int64_t steps() const noexcept { return cnn_optimizer_steps(get()); }
    Result<void> reset() {
        return detail::check<Policy>([&](cnn_error *e) { return cnn_optimizer_reset(get(), e); });
    }
    cnn_optimizer *get() const noexcept { return optimizer_.get(); }

  private:
    detail::Owner<cnn_optimizer, cnn_optimizer_destroy> optimizer_;
};

namespace detail {

template <class Policy, class X, class Progress>
typename Policy::template Result<cnn_minimize_report> minimize(BasicOptimizer<Policy> &optimizer,
                                                               cnn_problem problem, X &x,
                                                               cnn_minimize_options options,
                                                               Progress &&progress) {
    static_assert(std::is_same_v<Element<X>, double>, "x holds doubles");
    problem.parameters = elements(x);
    Hook<cnn_minimize_progress, Progress>::set(options, std::forward<Progress>(progress));
    return value_of<Policy>(cnn_minimize_report{}, [&](cnn_minimize_report &report, cnn_error *e) {
        return cnn_minimize(optimizer.get(), &problem, std::data(x), &options, &report, e);
    });
}

}  // namespace detail

/// cnn_minimize of function(x, gradient), which returns the value and, where gradient isn't null,
/// writes as many elements as x has. x, any container of double, becomes the best point found, also
/// where the call fails. progress(cnn_minimize_progress) returns true, or nothing, to go on.
template <class Policy, class Function, class X, class Progress = std::nullptr_t>
typename Policy::template Result<cnn_minimize_report> minimize(BasicOptimizer<Policy> &optimizer,
                                                               Function &&function, X &x,
                                                               cnn_minimize_options options = {},
                                                               Progress &&progress = nullptr) {
    using F = std::remove_reference_t<Function>;
    cnn_problem problem{};
    problem.user = const_cast<void *>(static_cast<const void *>(std::addressof(function)));
    problem.function = [](std::int64_t, const double *at, double *value, double *gradient,
                          void *user) {
        return detail::guarded([&] { *value = (*static_cast<F *>(user))(at, gradient); });
    };
    return detail::minimize(optimizer, problem, x, options, std::forward<Progress>(progress));
}

/// The same of a function without derivatives, value = function(x): by central differences.
template <class Policy, class Function, class X, class Progress = std::nullptr_t>
typename Policy::template Result<cnn_minimize_report> minimize_by_differences(
    BasicOptimizer<Policy> &optimizer, Function &&function, X &x, cnn_minimize_options options = {},
    Progress &&progress = nullptr) {
    using F = std::remove_reference_t<Function>;
    cnn_problem problem{};
    problem.numeric_derivatives = 1;
    problem.user = const_cast<void *>(static_cast<const void *>(std::addressof(function)));
    problem.function = [](std::int64_t, const double *at, double *value, double *, void *user) {
        return detail::guarded([&] { *value = (*static_cast<F *>(user))(at); });
    };
    return detail::minimize(optimizer, problem, x, options, std::forward<Progress>(progress));
}

/// The same of half the sum of squares of m residuals: function(x, residuals, jacobian) writes them
/// and, where jacobian isn't null, dr_i/dx_j at jacobian[i * n + j].
template <class Policy, class Function, class X, class Progress = std::nullptr_t>
typename Policy::template Result<cnn_minimize_report> minimize_residuals(
    BasicOptimizer<Policy> &optimizer, std::int64_t m, Function &&function, X &x,
    cnn_minimize_options options = {}, Progress &&progress = nullptr) {
    using F = std::remove_reference_t<Function>;
    cnn_problem problem{};
    problem.residuals = m;
    problem.user = const_cast<void *>(static_cast<const void *>(std::addressof(function)));
    problem.residual_function = [](std::int64_t, std::int64_t, const double *at, double *residuals,
                                   double *jacobian, void *user) {
        return detail::guarded([&] { return (*static_cast<F *>(user))(at, residuals, jacobian); });
    };
    return detail::minimize(optimizer, problem, x, options, std::forward<Progress>(progress));
}

// ---- Matrices ----

/// cnn_matrix: never changes.
template <class Policy>
class BasicMatrix {
  public:
    template <class T>
    using Result = typename Policy::template Result<T>;
    /// A matrix in compressed sparse rows.
    struct Csr {
        std::vector<std::int64_t> row_offsets, column_indices;
        std::vector<float> values;
    };

    explicit BasicMatrix(cnn_matrix *adopted) : matrix_(detail::made(adopted)) {}

    /// A vector as rows x columns, row after row; both 0: a square.
    template <class Values>
    static Result<BasicMatrix> mat(const Values &values, std::int64_t rows = 0,
                                   std::int64_t columns = 0, cnn_vec_order order = CNN_VEC_ROWS) {
        return make([&](cnn_matrix **matrix, cnn_error *e) {
            return cnn_matrix_mat(std::data(values), detail::elements(values), rows, columns, order,
                                  matrix, e);
        });
    }
    /// There must be one more offset than rows, and as many columns as values.
    static Result<BasicMatrix> csr(std::int64_t columns, const Csr &a) {
        return make([&](cnn_matrix **matrix, cnn_error *e) {
            return cnn_matrix_csr(
                detail::elements(a.row_offsets) - 1, columns, a.row_offsets.data(),
                a.column_indices.data(), a.values.data(),
                std::min(detail::elements(a.values), detail::elements(a.column_indices)), matrix,
                e);
        });
    }
    Result<cnn_matrix_info> info() const {
        return detail::value_of<Policy>(cnn_matrix_info{}, [&](cnn_matrix_info &i, cnn_error *e) {
            return cnn_matrix_get_info(get(), &i, e);
        });
    }
    Result<Csr> csr() const {
        return detail::value_of<Policy>(Csr{}, [&](Csr &a, cnn_error *e) -> cnn_status {
            const cnn_matrix_info size = known();
            a.row_offsets.resize(static_cast<std::size_t>(size.rows + 1));
            a.column_indices.resize(static_cast<std::size_t>(size.nonzeros));
            a.values.resize(static_cast<std::size_t>(size.nonzeros));
            return cnn_matrix_get_csr(get(), a.row_offsets.data(), size.rows + 1,
                                      a.column_indices.data(), a.values.data(), size.nonzeros, e);
        });
    }
    Result<std::vector<float>> vec(cnn_vec_order order = CNN_VEC_ROWS) const {
        using Values = std::vector<float>;
        return detail::value_of<Policy>(Values{}, [&](Values &values, cnn_error *e) {
            const cnn_matrix_info size = known();
            values.resize(static_cast<std::size_t>(size.rows * size.columns));
            return cnn_matrix_vec(get(), order, values.data(), detail::elements(values), e);
        });
    }
    /// A x, or A' x, of one vector or of several, one after the other.
    template <class Values>
    Result<std::vector<float>> multiply(const Values &x, bool transposed = false) const {
        using Floats = std::vector<float>;
        return detail::value_of<Policy>(Floats{}, [&](Floats &y, cnn_error *e) {
            const cnn_matrix_info size = known();
            const std::int64_t from = transposed ? size.rows : size.columns;
            const std::int64_t to = transposed ? size.columns : size.rows;
            y.resize(static_cast<std::size_t>(from ? detail::elements(x) / from * to : 0));
            return cnn_matrix_multiply(get(), transposed ? 1 : 0, std::data(x), detail::elements(x),
                                       y.data(), detail::elements(y), e);
        });
    }
    cnn_matrix *get() const noexcept { return matrix_.get(); }

  private:
    template <class Make>
    static Result<BasicMatrix> make(const Make &call) {
        return detail::made_of<Policy, BasicMatrix, cnn_matrix>(call);
    }
    // Of a matrix that is there it can't fail.
    cnn_matrix_info known() const {
        cnn_matrix_info info{};
        (void)cnn_matrix_get_info(get(), &info, nullptr);
        return info;
    }

    detail::Owner<cnn_matrix, cnn_matrix_destroy> matrix_;
};

// ---- Layers of your own ----

/// A layer of your own. The functions return true, or throw to cancel; they are called from the
/// thread that calls the net, but those of run_async from the one that computes it: what they throw
/// there is thrown by the event's wait. (Where several runs fail at once in layers that their nets
/// share, each may get what another's threw.)
struct HostLayer {
    std::string kind;
    std::vector<std::int64_t> output_shape;  ///< empty: as the first input
    std::vector<cnn_host_parameter> parameters{};
    std::function<bool(const cnn_host_call &)> forward;
    std::function<bool(const cnn_host_call &)> backward;
    std::string name{};
};

/// An activation of your own, of `count` elements at a time; likewise.
struct HostActivation {
    std::string kind;
    std::function<bool(std::int64_t count, const float *x, float *y)> forward;
    std::function<bool(std::int64_t count, const float *x, const float *y, const float *dy,
                       float *dx)>
        backward;
    std::string opencl_forward{};
    std::string opencl_derivative{};
    std::string name{};

    /// Of y = function(x) and its derivative(x, y), a number at a time.
    template <class Function, class Derivative>
    static HostActivation of(std::string kind, Function function, Derivative derivative) {
        HostActivation made;
        made.kind = std::move(kind);
        made.forward = [function](std::int64_t count, const float *x, float *y) {
            for (std::int64_t i = 0; i < count; ++i) y[i] = function(x[i]);
            return true;
        };
        made.backward = [derivative](std::int64_t count, const float *x, const float *y,
                                     const float *dy, float *dx) {
            for (std::int64_t i = 0; i < count; ++i) dx[i] = derivative(x[i], y[i]) * dy[i];
            return true;
        };
        return made;
    }
};

namespace detail {

// A layer on the heap until the library gives it back.
template <class Layer>
struct Lent {
    Layer layer;
    std::shared_ptr<Aside> aside;

    // Calls body(layer).
    template <class Body>
    static std::int32_t call(void *user, const Body &body) noexcept {
        auto &lent = *static_cast<Lent *>(user);
        return guarded([&] { return body(lent.layer); }, lent.aside.get());
    }
    static void end(void *user) { delete static_cast<Lent *>(user); }
};

inline cnn_host_layer in_c(Lent<HostLayer> *lent) {
    using Kept = Lent<HostLayer>;
    const HostLayer &layer = lent->layer;
    cnn_host_layer c{};
    if (!layer.name.empty()) c.name = layer.name.c_str();
    c.kind = layer.kind.c_str();
    c.output_rank = count(layer.output_shape);
    std::copy_n(layer.output_shape.begin(), std::min<std::size_t>(layer.output_shape.size(), 3),
                c.output_shape);
    c.parameters = layer.parameters.data();
    c.parameter_count = count(layer.parameters);
    c.forward = [](const cnn_host_call *call, void *user) {
        return Kept::call(user, [&](HostLayer &own) { return own.forward(*call); });
    };
    c.backward = [](const cnn_host_call *call, void *user) {
        return Kept::call(user, [&](HostLayer &own) { return own.backward(*call); });
    };
    c.user = lent;
    c.released = Kept::end;
    return c;
}

inline cnn_host_activation in_c(Lent<HostActivation> *lent) {
    using Kept = Lent<HostActivation>;
    const HostActivation &layer = lent->layer;
    cnn_host_activation c{};
    if (!layer.name.empty()) c.name = layer.name.c_str();
    c.kind = layer.kind.c_str();
    c.forward = [](std::int64_t n, const float *x, float *y, void *user) {
        return Kept::call(user, [&](HostActivation &own) { return own.forward(n, x, y); });
    };
    c.backward = [](std::int64_t n, const float *x, const float *y, const float *dy, float *dx,
                    void *user) {
        return Kept::call(user, [&](HostActivation &own) { return own.backward(n, x, y, dy, dx); });
    };
    if (!layer.opencl_forward.empty()) c.opencl_forward = layer.opencl_forward.c_str();
    if (!layer.opencl_derivative.empty()) c.opencl_derivative = layer.opencl_derivative.c_str();
    c.user = lent;
    c.released = Kept::end;
    return c;
}

// give(descriptor) is negative or an error's status where the library didn't take it.
template <class Layer, class Give>
auto lend(Layer layer, const std::shared_ptr<Aside> &aside, const Give &give) {
    std::unique_ptr<Lent<Layer>> kept(new Lent<Layer>{std::move(layer), aside});
    const auto descriptor = in_c(kept.get());
    const auto [answer, taken] = give(descriptor);
    if (taken) (void)kept.release();
    return answer;
}

}  // namespace detail

/// A time budget, std::chrono's or a number of microseconds: 2ms.
using Microseconds = std::chrono::duration<double, std::micro>;

/// cnn_event: a run in progress. Ending it waits for the run.
template <class Policy>
class BasicEvent {
  public:
    template <class T>
    using Result = typename Policy::template Result<T>;

    explicit BasicEvent(cnn_event *adopted,
                        std::shared_ptr<const detail::Aside> layers_failure = nullptr)
        : layers_failure_(std::move(layers_failure)), event_(detail::made(adopted)) {}

    bool is_done() const noexcept { return cnn_event_is_done(get()) == 1; }
    /// Waits for the run; fails as it failed, each time, and throws what a layer of yours threw.
    Result<void> wait() {
        const cnn_error error = ask(-1);
        if (error.status) return Policy::template failed<void>(error);
        return Result<void>();
    }
    /// Whether it was done in time; fails as the run failed.
    Result<bool> wait_for(Microseconds time) {
        const cnn_error error = ask(std::max(time.count(), 0.0));
        if (error.status && error.status != CNN_BUSY) return Policy::template failed<bool>(error);
        return error.status == CNN_OK;
    }
    cnn_event *get() const noexcept { return event_.get(); }

  private:
    cnn_error ask(double microseconds) {
        const auto call = [&](cnn_error *e) { return cnn_event_wait(get(), microseconds, e); };
#if CNN_HPP_EXCEPTIONS
        cnn_error error{};
        try {
            error = detail::attempt(call);
        } catch (...) {
            // It was computed here.
            failure_->keep(std::current_exception());
            throw;
        }
        // A node is named where its function failed, not where the run was cancelled.
        if (error.status != CNN_CANCELLED || error.node < 0) return error;
        std::exception_ptr failure = failure_->latest();
        if (!failure && layers_failure_) {
            failure = layers_failure_->latest();
            failure_->keep(failure);
        }
        if (failure) std::rethrow_exception(failure);
        return error;
#else
        return detail::attempt(call);
#endif
    }

    std::shared_ptr<const detail::Aside> layers_failure_;
    std::shared_ptr<detail::Aside> failure_ = std::make_shared<detail::Aside>();  // the run's own
    detail::Owner<cnn_event, detail::end_event> event_;
};

// ---- Networks ----

/// cnn_net.
template <class Policy>
class BasicNet {
  public:
    template <class T>
    using Result = typename Policy::template Result<T>;
    using Device = BasicDevice<Policy>;
    using Optimizer = BasicOptimizer<Policy>;
    using Matrix = BasicMatrix<Policy>;
    using Event = BasicEvent<Policy>;
    struct Checkpoint;

    explicit BasicNet(const cnn_net_options &options = {})
        : net_(detail::made(cnn_net_create(&options))) {}
    explicit BasicNet(cnn_net *adopted) : net_(detail::made(adopted)) {}

    // ---- Building: a mistake is kept and told by compile, as in C. ----

    template <class Sizes = std::initializer_list<std::int64_t>>
    cnn_node input(const std::string &name, const Sizes &shape) {
        return cnn_net_input(get(), name.c_str(), detail::count(shape), std::data(shape));
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
        d.rank = detail::count(shape);
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
    template <class Nodes = std::initializer_list<cnn_node>>
    cnn_node add(const Nodes &inputs, const cnn_add &d = {}) {
        return cnn_net_add(get(), std::data(inputs), detail::count(inputs), &d);
    }
    template <class Nodes = std::initializer_list<cnn_node>>
    cnn_node concat(const Nodes &inputs, const cnn_plain &d = {}) {
        return cnn_net_concat(get(), std::data(inputs), detail::count(inputs), &d);
    }
    /// The net, its clones and what was shared from it keep the layer's functions.
    template <class Nodes = std::initializer_list<cnn_node>>
    cnn_node host_layer(const Nodes &inputs, HostLayer layer) {
        return detail::lend(std::move(layer), layers_failure_, [&](const cnn_host_layer &d) {
            const cnn_node node =
                cnn_net_host_layer(get(), std::data(inputs), detail::count(inputs), &d);
            return std::pair(node, node >= 0);
        });
    }
    cnn_node host_activation(cnn_node x, HostActivation layer) {
        return detail::lend(std::move(layer), layers_failure_, [&](const cnn_host_activation &d) {
            const cnn_node node = cnn_net_host_activation(get(), x, &d);
            return std::pair(node, node >= 0);
        });
    }
    Result<void> bind_host_layer(const std::string &name, HostLayer layer) {
        return detail::check<Policy>([&](cnn_error *e) {
            return detail::lend(std::move(layer), layers_failure_, [&](const cnn_host_layer &d) {
                const cnn_status status = cnn_net_bind_host_layer(get(), name.c_str(), &d, e);
                return std::pair(status, status == CNN_OK);
            });
        });
    }
    Result<void> bind_host_activation(const std::string &name, HostActivation layer) {
        return detail::check<Policy>([&](cnn_error *e) {
            return detail::lend(std::move(layer), layers_failure_,
                                [&](const cnn_host_activation &d) {
                                    const cnn_status status =
                                        cnn_net_bind_host_activation(get(), name.c_str(), &d, e);
                                    return std::pair(status, status == CNN_OK);
                                });
        });
    }
    cnn_node loss(cnn_node x, const cnn_loss &d) { return cnn_net_loss(get(), x, &d); }
    Result<void> output(cnn_node node) {
        return check([&](cnn_error *e) { return cnn_net_output(get(), node, e); });
    }
    /// The first mistake made while building.
    Result<void> error() const {
        return check([&](cnn_error *e) { return cnn_net_error(get(), e); });
    }

    /// cnn_device_tune: finds how the device best runs the net, for compiles that follow.
    /// progress(const cnn_tune_progress &) returns true, or nothing, to go on. A report that the
    /// caller gives is written also where the call fails.
    template <class Progress = std::nullptr_t>
    Result<cnn_tune_report> tune(const Device &device, cnn_tune options = {},
                                 Progress &&progress = nullptr, cnn_tune_report *also = nullptr) {
        detail::Hook<cnn_tune_progress, Progress>::set(options, std::forward<Progress>(progress));
        return reported<cnn_tune_report>(also, [&](cnn_tune_report &report, cnn_error *e) {
            return cnn_device_tune(device.get(), get(), &options, &report, e);
        });
    }
    Result<void> compile(const Device &device, const cnn_compile &options = {}) {
        return check(
            [&](cnn_error *e) { return cnn_net_compile(get(), device.get(), &options, e); });
    }

    /// cnn_net_profile: a row for each launch.
    Result<std::vector<cnn_node_time>> profile(const cnn_profile &options = {}) {
        return detail::value_of<Policy>(
            std::vector<cnn_node_time>{},
            [&](std::vector<cnn_node_time> &rows, cnn_error *e) -> cnn_status {
                std::int64_t needed = 0;
                if (const cnn_status status =
                        cnn_net_profile(get(), &options, nullptr, 0, &needed, e))
                    return status;
                rows.resize(static_cast<std::size_t>(needed));
                return cnn_net_profile(get(), &options, rows.data(), needed, nullptr, e);
            });
    }

    // ---- Running ----

    /// Any containers of float.
    template <class Inputs, class Outputs,
              class = std::enable_if_t<!std::is_convertible_v<const Inputs &, const cnn_view &>>>
    Result<void> run(const Inputs &x, Outputs &&y) {
        return check([&](cnn_error *e) {
            return cnn_net_run(get(), std::data(x), detail::elements(x), std::data(y),
                               detail::elements(y), e);
        });
    }
    /// Bytes as a camera gives them, or the host's OpenCL buffers: cnn_view, or View.
    Result<void> run(const cnn_view &input, const cnn_view &output) {
        return check([&](cnn_error *e) { return cnn_net_run_view(get(), &input, &output, e); });
    }
    /// Several inputs and outputs, each a container of cnn_view.
    template <class Inputs = std::initializer_list<cnn_view>,
              class Outputs = std::initializer_list<cnn_view>>
    Result<void> run_many(const Inputs &inputs, const Outputs &outputs,
                          const cnn_run &options = {}) {
        return check([&](cnn_error *e) {
            return cnn_net_run_many(get(), std::data(inputs), detail::count(inputs),
                                    std::data(outputs), detail::count(outputs), &options, e);
        });
    }
    /// The same, beside the calling thread; what the views point at is borrowed until it is done.
    template <class Inputs = std::initializer_list<cnn_view>,
              class Outputs = std::initializer_list<cnn_view>>
    Result<Event> run_async(const Inputs &inputs, const Outputs &outputs,
                            const cnn_run &options = {}) {
        cnn_event *event = nullptr;
        const cnn_error error = detail::attempt([&](cnn_error *e) {
            return cnn_net_run_async(get(), std::data(inputs), detail::count(inputs),
                                     std::data(outputs), detail::count(outputs), &options, &event,
                                     e);
        });
        if (error.status) return Policy::template failed<Event>(error);
        return Event(event, layers_failure_);
    }
    /// The same in instalments: what fits into the time; 0 plans and measures, negative is no
    /// limit.
    template <class Inputs = std::initializer_list<cnn_view>,
              class Outputs = std::initializer_list<cnn_view>>
    Result<cnn_run_progress> run_for(const Inputs &inputs, const Outputs &outputs,
                                     Microseconds time, const cnn_run &options = {}) {
        return detail::value_of<Policy>(
            cnn_run_progress{}, [&](cnn_run_progress &progress, cnn_error *e) {
                return cnn_net_run_for(get(), std::data(inputs), detail::count(inputs),
                                       std::data(outputs), detail::count(outputs), &options,
                                       time.count(), &progress, e);
            });
    }
    Result<cnn_evaluation> evaluate(const Samples &samples) {
        return detail::value_of<Policy>(cnn_evaluation{}, [&](cnn_evaluation &r, cnn_error *e) {
            return cnn_net_evaluate(get(), &samples.value, &r, e);
        });
    }
    Result<double> loss_gradient(const Samples &samples, const cnn_gradient_options &options = {}) {
        return detail::value_of<Policy>(0.0, [&](double &loss, cnn_error *e) {
            return cnn_net_loss_gradient(get(), &samples.value, &options, &loss, e);
        });
    }
    /// dL/dy of each output, and where dL/dx of each input goes: containers of cnn_view.
    template <class Gradients = std::initializer_list<cnn_view>,
              class InputGradients = std::initializer_list<cnn_view>>
    Result<void> backward(const Samples &samples, const Gradients &output_gradients,
                          const InputGradients &input_gradients = {},
                          const cnn_gradient_options &options = {}) {
        return check([&](cnn_error *e) {
            return cnn_net_backward(get(), &samples.value, std::data(output_gradients),
                                    detail::count(output_gradients), std::data(input_gradients),
                                    detail::count(input_gradients), &options, e);
        });
    }
    Result<cnn_gradient_report> check_gradient(const Samples &samples,
                                               const cnn_gradient_check &options = {}) {
        return detail::value_of<Policy>(
            cnn_gradient_report{}, [&](cnn_gradient_report &r, cnn_error *e) {
                return cnn_net_check_gradient(get(), &samples.value, &options, &r, e);
            });
    }
    /// From any thread.
    void cancel() noexcept { cnn_net_cancel(get()); }

    // ---- Training ----

    Result<double> train_step(Optimizer &optimizer, const Samples &samples) {
        return detail::value_of<Policy>(0.0, [&](double &loss, cnn_error *e) {
            return cnn_net_train_step(get(), optimizer.get(), &samples.value, &loss, e);
        });
    }
    /// The same without waiting for the loss.
    Result<void> train_step_unread(Optimizer &optimizer, const Samples &samples) {
        return check([&](cnn_error *e) {
            return cnn_net_train_step(get(), optimizer.get(), &samples.value, nullptr, e);
        });
    }
    /// progress(const cnn_progress &) returns true, or nothing, to go on. A report that the caller
    /// gives is written also where the call fails.
    template <class Progress = std::nullptr_t>
    Result<cnn_report> fit(Optimizer &optimizer, const Samples &samples, cnn_fit options = {},
                           Progress &&progress = nullptr, cnn_report *also = nullptr) {
        detail::Hook<cnn_progress, Progress>::set(options, std::forward<Progress>(progress));
        return reported<cnn_report>(also, [&](cnn_report &report, cnn_error *e) {
            return cnn_net_fit(get(), optimizer.get(), &samples.value, &options, &report, e);
        });
    }
    /// With validation samples, evaluated after every epoch.
    template <class Progress = std::nullptr_t>
    Result<cnn_report> fit(Optimizer &optimizer, const Samples &samples, const Samples &validation,
                           cnn_fit options = {}, Progress &&progress = nullptr,
                           cnn_report *also = nullptr) {
        options.validation = &validation.value;
        return fit(optimizer, samples, options, std::forward<Progress>(progress), also);
    }
    /// fit in instalments, likewise. What the caller gives for `also` is written also where the
    /// call fails.
    template <class Progress = std::nullptr_t>
    Result<cnn_progress> fit_for(Optimizer &optimizer, const Samples &samples, Microseconds time,
                                 cnn_fit options = {}, Progress &&progress = nullptr,
                                 cnn_progress *also = nullptr) {
        detail::Hook<cnn_progress, Progress>::set(options, std::forward<Progress>(progress));
        return reported<cnn_progress>(also, [&](cnn_progress &report, cnn_error *e) {
            return cnn_net_fit_for(get(), optimizer.get(), &samples.value, &options, time.count(),
                                   &report, e);
        });
    }
    template <class Progress = std::nullptr_t>
    Result<cnn_minimize_report> minimize(Optimizer &optimizer, const Samples &samples,
                                         cnn_minimize_options options = {},
                                         Progress &&progress = nullptr,
                                         cnn_minimize_report *also = nullptr) {
        detail::Hook<cnn_minimize_progress, Progress>::set(options,
                                                           std::forward<Progress>(progress));
        return reported<cnn_minimize_report>(also, [&](cnn_minimize_report &report, cnn_error *e) {
            return cnn_net_minimize(get(), optimizer.get(), &samples.value, &options, &report, e);
        });
    }
    /// The loss along a direction, as long as theta; empty: minus the gradient.
    Result<std::vector<double>> error_curve(const Samples &samples,
                                            const std::vector<double> &alphas,
                                            const std::vector<float> &direction = {}) {
        return detail::value_of<Policy>(
            std::vector<double>(alphas.size()), [&](std::vector<double> &values, cnn_error *e) {
                return cnn_net_error_curve(get(), &samples.value,
                                           direction.empty() ? nullptr : direction.data(),
                                           detail::elements(direction), alphas.data(),
                                           values.data(), detail::elements(alphas), e);
            });
    }
    Result<void> init_radial_basis(const std::string &name, const Samples &samples,
                                   std::uint64_t seed = 0) {
        return check([&](cnn_error *e) {
            return cnn_net_init_radial_basis(get(), name.c_str(), &samples.value, seed, e);
        });
    }

    // ---- Parameters, gradient, state ----

    std::int64_t elements(cnn_vector which = CNN_PARAMETERS) const noexcept {
        return cnn_net_vector_elements(get(), which);
    }
    Result<std::vector<float>> vector(cnn_vector which = CNN_PARAMETERS) const {
        return floats(elements(which), [&](std::vector<float> &values, cnn_error *e) {
            return cnn_net_get_vector(get(), which, values.data(), detail::elements(values), e);
        });
    }
    /// Into memory of the caller's, any container of float.
    template <class Values>
    Result<void> get_vector(Values &&values, cnn_vector which = CNN_PARAMETERS) const {
        return check([&](cnn_error *e) {
            return cnn_net_get_vector(get(), which, std::data(values), detail::elements(values), e);
        });
    }
    template <class Values>
    Result<void> set_vector(const Values &values, cnn_vector which = CNN_PARAMETERS) {
        return check([&](cnn_error *e) {
            return cnn_net_set_vector(get(), which, std::data(values), detail::elements(values), e);
        });
    }
    Result<std::vector<cnn_tensor_info>> tensors(cnn_vector which = CNN_PARAMETERS) const {
        using Infos = std::vector<cnn_tensor_info>;
        return described<Infos>(cnn_net_tensor_count(get(), which),
                                [&](std::int32_t i, cnn_tensor_info &info, cnn_error *e) {
                                    return cnn_net_describe_tensor(get(), which, i, &info, e);
                                });
    }
    /// One tensor by its whole name, "conv2d_1/weight".
    Result<std::vector<float>> tensor(const std::string &name,
                                      cnn_vector which = CNN_PARAMETERS) const {
        std::int64_t size = 0;
        for (std::int32_t i = 0; i < cnn_net_tensor_count(get(), which); ++i) {
            cnn_tensor_info info{};
            if (!cnn_net_describe_tensor(get(), which, i, &info, nullptr) && name == info.name)
                size = info.elements;
        }
        return floats(size, [&](std::vector<float> &values, cnn_error *e) {
            return cnn_net_get_tensor(get(), which, name.c_str(), values.data(),
                                      detail::elements(values), e);
        });
    }
    template <class Values>
    Result<void> set_tensor(const std::string &name, const Values &values,
                            cnn_vector which = CNN_PARAMETERS) {
        return check([&](cnn_error *e) {
            return cnn_net_set_tensor(get(), which, name.c_str(), std::data(values),
                                      detail::elements(values), e);
        });
    }
    Result<void> set_rate(const std::string &name, double rate) {
        return check([&](cnn_error *e) { return cnn_net_set_rate(get(), name.c_str(), rate, e); });
    }
    Result<void> set_regularization(const std::string &name, double factor) {
        return check([&](cnn_error *e) {
            return cnn_net_set_regularization(get(), name.c_str(), factor, e);
        });
    }
    /// An empty container: the centre is zero again.
    template <class Values>
    Result<void> set_center(const Values &values) {
        const bool none = std::size(values) == 0;
        return check([&](cnn_error *e) {
            return cnn_net_set_center(get(), none ? nullptr : std::data(values),
                                      detail::elements(values), e);
        });
    }
    Result<std::vector<float>> center() const {
        return floats(elements(), [&](std::vector<float> &values, cnn_error *e) {
            return cnn_net_get_center(get(), values.data(), detail::elements(values), e);
        });
    }
    Result<void> copy_parameters(const BasicNet &source) {
        return check([&](cnn_error *e) { return cnn_net_copy_parameters(get(), source.get(), e); });
    }
    Result<BasicNet> clone() const {
        return relative(
            [&](cnn_net **copy, cnn_error *e) { return cnn_net_clone(get(), copy, e); });
    }

    /// A net for running beside others, of one set of parameters.
    Result<BasicNet> share() const {
        return relative(
            [&](cnn_net **shared, cnn_error *e) { return cnn_net_share(get(), shared, e); });
    }
    /// Gives this net's set, which other threads may be using, the parameters of source.
    Result<void> hand_over(const BasicNet &source) {
        return check([&](cnn_error *e) { return cnn_net_hand_over(get(), source.get(), e); });
    }

    // ---- Matrix forms ----

    Result<BasicNet> unroll_conv2d(cnn_node node) const {
        return relative([&](cnn_net **unrolled, cnn_error *e) {
            return cnn_net_unroll_conv2d(get(), node, unrolled, e);
        });
    }
    Result<cnn_convolution_info> describe_convolution(cnn_node node) const {
        return detail::value_of<Policy>(
            cnn_convolution_info{}, [&](cnn_convolution_info &info, cnn_error *e) {
                return cnn_net_describe_convolution(get(), node, &info, e);
            });
    }
    /// phi of each sample of z.
    template <class Values>
    Result<std::vector<float>> patches(cnn_node node, const Values &z) const {
        cnn_convolution_info info{};
        std::int64_t size = 0;
        if (!cnn_net_describe_convolution(get(), node, &info, nullptr))
            size = detail::elements(z) / (info.input[0] * info.input[1] * info.input[2]) *
                   info.patch_rows * info.positions;
        return floats(size, [&](std::vector<float> &phi, cnn_error *e) {
            return cnn_net_patches(get(), node, std::data(z), detail::elements(z), phi.data(),
                                   detail::elements(phi), e);
        });
    }
    Result<Matrix> patch_matrix(cnn_node node, cnn_order order = CNN_ORDER_CHW) const {
        return detail::made_of<Policy, Matrix, cnn_matrix>([&](cnn_matrix **m, cnn_error *e) {
            return cnn_net_patch_matrix(get(), node, order, m, e);
        });
    }
    Result<Matrix> conv_matrix(cnn_node node, const cnn_conv_matrix &options = {}) const {
        return detail::made_of<Policy, Matrix, cnn_matrix>([&](cnn_matrix **m, cnn_error *e) {
            return cnn_net_conv_matrix(get(), node, &options, m, e);
        });
    }
    /// As many counts as the node's weight has elements, which the caller tells.
    Result<std::vector<std::int64_t>> conv_positions(cnn_node node, std::int64_t size) const {
        using Counts = std::vector<std::int64_t>;
        return detail::value_of<Policy>(
            Counts(static_cast<std::size_t>(size)), [&](Counts &counts, cnn_error *e) {
                return cnn_net_conv_positions(get(), node, counts.data(), size, e);
            });
    }
    /// The residual.
    Result<double> set_conv_matrix(cnn_node node, const Matrix &matrix,
                                   const cnn_conv_matrix &options = {}) {
        return detail::value_of<Policy>(0.0, [&](double &residual, cnn_error *e) {
            return cnn_net_set_conv_matrix(get(), node, matrix.get(), &options, &residual, e);
        });
    }

    // ---- Looking at a net ----

    Result<std::vector<cnn_node_info>> nodes() const {
        using Infos = std::vector<cnn_node_info>;
        return described<Infos>(cnn_net_node_count(get()),
                                [&](std::int32_t i, cnn_node_info &info, cnn_error *e) {
                                    return cnn_net_describe_node(get(), i, &info, e);
                                });
    }
    /// The node of that name, or -CNN_NOT_FOUND.
    cnn_node find_node(const std::string &name) const noexcept {
        return cnn_net_find_node(get(), name.c_str());
    }
    Result<std::string> summary() const {
        return detail::value_of<Policy>(
            std::string{}, [&](std::string &table, cnn_error *e) -> cnn_status {
                std::size_t needed = 0;
                if (const cnn_status status = cnn_net_summary(get(), nullptr, 0, &needed, e))
                    return status;
                table.resize(needed);
                const cnn_status status =
                    cnn_net_summary(get(), table.data(), table.size(), nullptr, e);
                table.pop_back();
                return status;
            });
    }

    // ---- Files ----

    Result<void> save(const std::string &path) const {
        return check([&](cnn_error *e) { return cnn_net_save(get(), path.c_str(), e); });
    }
    /// Into memory.
    Result<std::vector<std::byte>> save() const {
        using Bytes = std::vector<std::byte>;
        return detail::value_of<Policy>(Bytes{}, [&](Bytes &bytes, cnn_error *e) {
            const cnn_writer writer{&bytes, detail::append};
            return cnn_net_save_writer(get(), &writer, e);
        });
    }
    /// Into memory of the caller's, any container of bytes; gives how many.
    template <class Bytes>
    Result<std::size_t> save_into(Bytes &&memory) const {
        return detail::value_of<Policy>(std::size_t{0}, [&](std::size_t &bytes, cnn_error *e) {
            return cnn_net_save_memory(get(), std::data(memory), std::size(memory), &bytes, e);
        });
    }
    /// By write(const void *data, std::size_t bytes), which returns whether it took them.
    template <class Write>
    Result<void> save_to(Write &&write) const {
        const cnn_writer writer = detail::writer_of(write);
        return check([&](cnn_error *e) { return cnn_net_save_writer(get(), &writer, e); });
    }
    Result<void> save_checkpoint(Optimizer &optimizer, const std::string &path) const {
        return check([&](cnn_error *e) {
            return cnn_checkpoint_save(get(), optimizer.get(), path.c_str(), e);
        });
    }
    Result<std::vector<std::byte>> save_checkpoint(Optimizer &optimizer) const {
        using Bytes = std::vector<std::byte>;
        return detail::value_of<Policy>(Bytes{}, [&](Bytes &bytes, cnn_error *e) {
            const cnn_writer writer{&bytes, detail::append};
            return cnn_checkpoint_save_writer(get(), optimizer.get(), &writer, e);
        });
    }
    template <class Bytes>
    Result<std::size_t> save_checkpoint_into(Optimizer &optimizer, Bytes &&memory) const {
        return detail::value_of<Policy>(std::size_t{0}, [&](std::size_t &bytes, cnn_error *e) {
            return cnn_checkpoint_save_memory(get(), optimizer.get(), std::data(memory),
                                              std::size(memory), &bytes, e);
        });
    }
    template <class Write>
    Result<void> save_checkpoint_to(Optimizer &optimizer, Write &&write) const {
        const cnn_writer writer = detail::writer_of(write);
        return check([&](cnn_error *e) {
            return cnn_checkpoint_save_writer(get(), optimizer.get(), &writer, e);
        });
    }

    static Result<BasicNet> load(const std::string &path) {
        return make(
            [&](cnn_net **net, cnn_error *e) { return cnn_net_load(path.c_str(), net, e); });
    }
    static Result<BasicNet> load(const void *data, std::size_t bytes) {
        return make(
            [&](cnn_net **net, cnn_error *e) { return cnn_net_load_memory(data, bytes, net, e); });
    }
    /// By read(void *buffer, std::size_t bytes), which returns how many bytes it gave, 0 at the
    /// end.
    template <class Read>
    static Result<BasicNet> load_from(Read &&read) {
        const cnn_reader reader = detail::reader_of(read);
        return make(
            [&](cnn_net **net, cnn_error *e) { return cnn_net_load_reader(&reader, net, e); });
    }
    static Result<Checkpoint> load_checkpoint(const std::string &path) {
        return checkpoint([&](cnn_net **net, cnn_optimizer **optimizer, cnn_error *e) {
            return cnn_checkpoint_load(path.c_str(), net, optimizer, e);
        });
    }
    static Result<Checkpoint> load_checkpoint(const void *data, std::size_t bytes) {
        return checkpoint([&](cnn_net **net, cnn_optimizer **optimizer, cnn_error *e) {
            return cnn_checkpoint_load_memory(data, bytes, net, optimizer, e);
        });
    }
    template <class Read>
    static Result<Checkpoint> load_checkpoint_from(Read &&read) {
        const cnn_reader reader = detail::reader_of(read);
        return checkpoint([&](cnn_net **net, cnn_optimizer **optimizer, cnn_error *e) {
            return cnn_checkpoint_load_reader(&reader, net, optimizer, e);
        });
    }

    cnn_net *get() const noexcept { return net_.get(); }

  private:
    template <class Call>
    static Result<void> check(const Call &call) {
        return detail::check<Policy>(call);
    }
    template <class Make>
    static Result<BasicNet> make(const Make &call) {
        return detail::made_of<Policy, BasicNet, cnn_net>(call);
    }
    // Of this one, with the same layers.
    template <class Make>
    Result<BasicNet> relative(const Make &call) const {
        Result<BasicNet> made = make(call);
        if constexpr (Policy::throws)
            made.layers_failure_ = layers_failure_;
        else if (made)
            made->layers_failure_ = layers_failure_;
        return made;
    }
    // -1, of what isn't known, is refused by the call.
    template <class Call>
    static Result<std::vector<float>> floats(std::int64_t size, const Call &call) {
        return detail::value_of<Policy>(
            std::vector<float>(static_cast<std::size_t>(std::max<std::int64_t>(size, 0))), call);
    }
    template <class Infos, class Describe>
    static Result<Infos> described(std::int32_t count, const Describe &describe) {
        return detail::value_of<Policy>(Infos(static_cast<std::size_t>(std::max(count, 0))),
                                        [&](Infos &infos, cnn_error *e) -> cnn_status {
                                            for (std::size_t i = 0; i < infos.size(); ++i)
                                                if (const cnn_status status = describe(
                                                        static_cast<std::int32_t>(i), infos[i], e))
                                                    return status;
                                            return CNN_OK;
                                        });
    }
    template <class Report, class Call>
    static Result<Report> reported(Report *also, const Call &call) {
        Report report{};
        struct Copy {
            const Report &from;
            Report *to;
            ~Copy() {
                if (to) *to = from;
            }
        } const copy{report, also};
        const cnn_error error = detail::attempt([&](cnn_error *e) { return call(report, e); });
        if (error.status) return Policy::template failed<Report>(error);
        return report;
    }
    template <class Load>
    static Result<Checkpoint> checkpoint(const Load &load);

    // How a function of a layer of one's own failed last, here or in a relative.
    std::shared_ptr<detail::Aside> layers_failure_ = std::make_shared<detail::Aside>();
    detail::Owner<cnn_net, cnn_net_destroy> net_;
};

/// A net and the optimizer that trained it.
template <class Policy>
struct BasicNet<Policy>::Checkpoint {
    BasicNet net;
    BasicOptimizer<Policy> optimizer;
};

template <class Policy>
template <class Load>
typename Policy::template Result<typename BasicNet<Policy>::Checkpoint>
BasicNet<Policy>::checkpoint(const Load &load) {
    cnn_net *net = nullptr;
    cnn_optimizer *optimizer = nullptr;
    const cnn_error error =
        detail::attempt([&](cnn_error *e) { return load(&net, &optimizer, e); });
    if (error.status) return Policy::template failed<Checkpoint>(error);
    return Checkpoint{BasicNet(net), BasicOptimizer<Policy>(optimizer)};
}

/// Solves A x = b (cnn_conjugate_gradient): product(v, y) writes y = A v, and preconditioner, where
/// it isn't nullptr, y = M^-1 v. x and b are as long as each other.
template <class Policy = detail::Throwing, class Product, class B, class X,
          class Preconditioner = std::nullptr_t>
typename Policy::template Result<cnn_minimize_report> conjugate_gradient(
    Product &&product, const B &b, X &x, const cnn_minimize_options &options = {},
    Preconditioner &&preconditioner = nullptr) {
    struct Call {
        std::remove_reference_t<Product> &product;
        std::remove_reference_t<Preconditioner> &preconditioner;
    } call{product, preconditioner};
    constexpr bool preconditioned = !std::is_same_v<std::decay_t<Preconditioner>, std::nullptr_t>;
    const cnn_product_function multiply = [](std::int64_t, const double *v, double *y, void *user) {
        return detail::guarded([&] { static_cast<Call *>(user)->product(v, y); });
    };
    cnn_product_function precondition = nullptr;
    if constexpr (preconditioned)
        precondition = [](std::int64_t, const double *v, double *y, void *user) {
            return detail::guarded([&] { static_cast<Call *>(user)->preconditioner(v, y); });
        };
    const std::int64_t n = std::min(detail::elements(b), detail::elements(x));
    return detail::value_of<Policy>(
        cnn_minimize_report{}, [&](cnn_minimize_report &report, cnn_error *e) {
            return cnn_conjugate_gradient(n, multiply, precondition, &call, std::data(b),
                                          std::data(x), &options, &report, e);
        });
}

using Device = BasicDevice<detail::Throwing>;
using Event = BasicEvent<detail::Throwing>;
using Optimizer = BasicOptimizer<detail::Throwing>;
using Matrix = BasicMatrix<detail::Throwing>;
using Net = BasicNet<detail::Throwing>;

/// The same classes, whose calls return Expected<T>.
namespace expected {
using Device = BasicDevice<detail::Returning>;
using Event = BasicEvent<detail::Returning>;
using Optimizer = BasicOptimizer<detail::Returning>;
using Matrix = BasicMatrix<detail::Returning>;
using Net = BasicNet<detail::Returning>;
using Returning = detail::Returning;
}  // namespace expected

}  // namespace
}  // namespace cnn

#undef CNN_HPP_EXCEPTIONS

#endif

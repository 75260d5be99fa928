// Samples from the host's memory: gathered into staging memory, sent without waiting, and converted
// on the device. Two stagings, so that the host fills one while the queue still sends the other.
// Samples in a buffer that the host lends are converted where they lie.
#include <algorithm>
#include <array>
#include <cstring>

#include "backend/opencl/expression_source.h"
#include "backend/opencl/operations.h"

namespace cnn::opencl {
namespace {

// What the kernel is told of the staged elements.
constexpr int32_t kRawFloat = 0;
constexpr int32_t kRawByte = 1;
constexpr int32_t kRawInt = 2;
constexpr int32_t kRawLong = 3;

int64_t bytes_of(HostType type) {
    switch (type) {
        case HostType::u8:
            return 1;
        case HostType::i64:
            return 8;
        case HostType::f32:
        case HostType::i32:
            break;
    }
    return 4;
}

// Host memory, and the command that reads it.
struct Staging {
    Memory memory;
    cl_event sent = nullptr;
};

class FeedKernel final : public Kernel {
  public:
    FeedKernel(OpenClDevice &device, const FusedOp &group, bool blocked)
        : device_(device), blocked_(blocked) {
        tensor_ = group.tensors[static_cast<size_t>(group.head().outputs[0])];
        output_ = group.head().outputs[0];
        function_ = device.function("feed.cl", "feed", class_options(device, blocked));
        chunk_ = chunk_for(device, extent_of(tensor_, tensor_.shape[0], blocked).elements(),
                           blocked ? 64 : 512);
    }

    ~FeedKernel() override {
        for (Staging &staging : stagings_)
            if (wait(staging) != CL_SUCCESS) {
                wait(staging);
                release(staging);
            }
    }

    FeedKernel(const FeedKernel &) = delete;
    FeedKernel &operator=(const FeedKernel &) = delete;

    int64_t memory() const override {
        return device_.footprint(most()) + static_cast<int64_t>(stagings_.size()) * most();
    }

    void take_memory() override {
        raw_ = device_.allocate(most());
        for (Staging &staging : stagings_) {
            staging.memory = Memory(device_.allocator(), static_cast<size_t>(most()));
        }
    }

    void launch(Queue &queue, const Launch &launch) override {
        const Extent extent = extent_of(tensor_, launch.n, blocked_);
        const int64_t total = extent.elements();
        if (total == 0) return;
        const Feed &feed = *launch.feed;
        const bool lent = feed.lent.handle != nullptr;
        if (!lent)
            send_samples(queue, feed, launch.n);
        else if (feed.rows != nullptr)
            send_rows(queue, feed.rows, launch.n);
        if (lent)
            function_.set_lent(0, object_of(feed.lent));
        else
            function_.set_buffer(0, *raw_);
        function_.set(1, lent ? feed.lent.offset : int64_t{0});
        function_.set_buffer(2, *raw_);
        function_.set(3, lent && feed.rows != nullptr ? 1 : 0);
        function_.set(4, launch.operands[output_]);
        cl_uint index = 6;
        for (const int64_t value : {total, chunk_, launch.n, extent.channels, extent.inner}) {
            function_.set(index++, to_int(value));
        }
        function_.set(index++, tensor_.type == Type::i32 ? 1 : 0);
        function_.set(index++, raw_type(feed.type, lent));
        function_.set(index++, feed.nhwc ? 1 : 0);
        for (const float scale : feed.scale) function_.set(index++, scale);
        for (const float mean : feed.mean) function_.set(index++, mean);
        function_.launch_items(queue, ceil_div(total, chunk_));
    }

  private:
    static constexpr int64_t kIndexBytes = 8;

    // Bytes of a full batch as it is sent: samples, or the indices of lent ones.
    int64_t most() const {
        return std::max({int64_t{4}, tensor_.shape.elements() * 4, tensor_.shape[0] * kIndexBytes});
    }

    // 64-bit integers are narrowed while they are gathered.
    static int32_t raw_type(HostType type, bool lent) {
        if (type == HostType::i64 && lent) return kRawLong;
        return type == HostType::f32 ? kRawFloat : type == HostType::u8 ? kRawByte : kRawInt;
    }

    // Until the memory is free to be used; where that fails it isn't, and is waited for again.
    cl_int wait(Staging &staging) const {
        if (staging.sent == nullptr) return CL_SUCCESS;
        const cl_int status = device_.api().clWaitForEvents(1, &staging.sent);
        if (status == CL_SUCCESS) release(staging);
        return status;
    }

    void release(Staging &staging) const {
        if (staging.sent != nullptr) device_.api().clReleaseEvent(staging.sent);
        staging.sent = nullptr;
    }

    // The staging whose turn it is, free to be filled.
    Staging &next_staging() {
        Staging &staging = stagings_[next_];
        next_ = (next_ + 1) % stagings_.size();
        check(wait(staging), "clWaitForEvents of samples");
        return staging;
    }

    void send_samples(Queue &queue, const Feed &feed, int64_t n) {
        Staging &staging = next_staging();
        const int64_t features = tensor_.shape.elements_after(0);
        gather(feed, n, features, staging.memory.as<std::byte>());
        send(queue, staging, n * features * (feed.type == HostType::u8 ? 1 : 4));
    }

    void send_rows(Queue &queue, const int64_t *rows, int64_t n) {
        Staging &staging = next_staging();
        std::memcpy(staging.memory.data(), rows, static_cast<size_t>(n * kIndexBytes));
        send(queue, staging, n * kIndexBytes);
    }

    void send(Queue &queue, Staging &staging, int64_t bytes) {
        check(device_.api().clEnqueueWriteBuffer(
                  static_cast<OpenClQueue &>(queue).get(), memory_of({raw_.get(), 0}), CL_FALSE, 0,
                  static_cast<size_t>(bytes), staging.memory.data(), 0, nullptr, &staging.sent),
              "clEnqueueWriteBuffer of samples");
    }

    static void gather(const Feed &feed, int64_t n, int64_t features, std::byte *to) {
        const int64_t row_bytes = features * bytes_of(feed.type);
        for (int64_t k = 0; k < n; ++k) {
            const int64_t row = feed.rows != nullptr ? feed.rows[k] : k;
            const std::byte *from = feed.data + row * row_bytes;
            if (feed.type == HostType::i64) {
                narrow(from, features, to + k * features * 4);
            } else {
                std::memcpy(to + k * row_bytes, from, static_cast<size_t>(row_bytes));
            }
        }
    }

    static void narrow(const std::byte *from, int64_t count, std::byte *to) {
        for (int64_t i = 0; i < count; ++i) {
            int64_t wide = 0;
            std::memcpy(&wide, from + i * 8, sizeof wide);
            const auto value = static_cast<int32_t>(wide);
            std::memcpy(to + i * 4, &value, sizeof value);
        }
    }

    OpenClDevice &device_;
    bool blocked_;
    Tensor tensor_;
    TensorId output_ = 0;
    std::unique_ptr<Buffer> raw_;
    std::array<Staging, 2> stagings_;
    size_t next_ = 0;
    int64_t chunk_ = 1;
    Function function_;
};

}  // namespace

void feed_candidates(const OpenClDevice &device, const FusedOp &group, Candidates &out) {
    if (!fits(group) || group.ops.size() != 1) return;
    const Tensor &tensor = group.tensors[static_cast<size_t>(group.head().outputs[0])];
    const auto add = [&](const char *algorithm, bool blocked) {
        Candidate candidate;
        candidate.algorithm = algorithm;
        candidate.layouts = {blocked ? Layout::blocked(0, OpenClDevice::kLanes) : Layout::plain()};
        const double elements = static_cast<double>(tensor.shape.elements());
        candidate.seconds =
            device.predict(elements * 20, elements * 12 * (blocked ? padding_of(tensor) : 1), 0.05);
        out.push_back(std::move(candidate));
    };
    add("feed", false);
    if (device.is_cpu_class() && tensor.batched) add("feed_n16", true);
}

std::unique_ptr<Kernel> prepare_feed(OpenClDevice &device, const FusedOp &group,
                                     const Candidate &candidate) {
    return std::make_unique<FeedKernel>(device, group, is_blocked(candidate.layouts[0]));
}

}  // namespace cnn::opencl

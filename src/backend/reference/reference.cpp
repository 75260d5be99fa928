// The reference backend.
#include "backend/reference/reference.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "backend/host_kernel.h"
#include "base/error.h"
#include "base/fpenv.h"
#include "base/text.h"
#include "ops/reference.h"

namespace cnn::reference {

namespace {

class HostBuffer : public Buffer {
  public:
    HostBuffer(const std::shared_ptr<Allocator> &allocator, int64_t bytes)
        : memory_(allocator, static_cast<size_t>(bytes)) {}

    void *host() override { return memory_.data(); }

  private:
    Memory memory_;
};

std::byte *bytes_at(const Ref &ref) {
    return static_cast<std::byte *>(ref.buffer->host()) + ref.offset;
}

// Everything happens at the call.
class HostQueue : public Queue {
  public:
    void write(Ref to, const void *from, int64_t bytes) override {
        if (bytes > 0) std::memcpy(bytes_at(to), from, static_cast<size_t>(bytes));
    }
    void read(void *to, Ref from, int64_t bytes) override {
        if (bytes > 0) std::memcpy(to, bytes_at(from), static_cast<size_t>(bytes));
    }
    void copy(Ref to, Ref from, int64_t bytes) override {
        if (bytes > 0) std::memmove(bytes_at(to), bytes_at(from), static_cast<size_t>(bytes));
    }
    void zero(Ref to, int64_t bytes) override {
        if (bytes > 0) std::memset(bytes_at(to), 0, static_cast<size_t>(bytes));
    }
    void finish() override {}
};

double raw_value(const Feed &feed, int64_t element) {
    switch (feed.type) {
        case HostType::f32: {
            float value;
            std::memcpy(&value, feed.data + element * 4, sizeof value);
            return double{value};
        }
        case HostType::u8:
            return std::to_integer<int>(feed.data[element]);
        case HostType::i32: {
            int32_t value;
            std::memcpy(&value, feed.data + element * 4, sizeof value);
            return value;
        }
        case HostType::i64: {
            int64_t value;
            std::memcpy(&value, feed.data + element * 8, sizeof value);
            return static_cast<double>(value);
        }
    }
    fail(Status::internal, "reference: unknown type of host data");
}

// Samples from the host, in their order and scaled.
template <class Real>
void run_feed(const Tensor &tensor, const Feed &feed, int64_t n, void *out) {
    const int64_t channels = tensor.shape.rank > 1 ? tensor.shape[1] : 1;
    const int64_t places = tensor.shape.elements_after(1);
    const int64_t elements = tensor.shape.elements_after(0);
    for (int64_t k = 0; k < n; ++k) {
        const int64_t row = feed.rows == nullptr ? k : feed.rows[k];
        for (int64_t i = 0; i < elements; ++i) {
            const int64_t channel = i / places, place = i % places;
            const int64_t within = feed.nhwc ? place * channels + channel : i;
            const double raw = raw_value(feed, row * elements + within);
            if (tensor.type == Type::i32) {
                static_cast<int32_t *>(out)[k * elements + i] = static_cast<int32_t>(raw);
                continue;
            }
            const auto c = static_cast<size_t>(std::min<int64_t>(channel, 3));
            static_cast<Real *>(out)[k * elements + i] =
                (static_cast<Real>(raw) - Real{feed.mean[c]}) * Real{feed.scale[c]};
        }
    }
}

template <class Real>
class ReferenceKernel : public Kernel {
  public:
    ReferenceKernel(const FusedOp &group, const Candidate &candidate)
        : op_(group.head()),
          tensors_(group.tensors),
          layouts_(candidate.layouts),
          data_(tensors_.size()) {}

    void launch(Queue &, const Launch &launch) override {
        const DefaultFloatEnvironment environment;
        for (size_t i = 0; i < data_.size(); ++i) data_[i] = bytes_at(launch.operands[i]);
        if (op_.kind == OpKind::feed) {
            run_feed<Real>(tensors_[0], *launch.feed, launch.n, data_[0]);
        } else if (op_.kind == OpKind::reorder) {
            const int64_t bytes = size_of(tensors_[1].type, int64_t{sizeof(Real)});
            reorder(shape_for(tensors_[1], launch.n), bytes, layouts_[0], data_[0], layouts_[1],
                    data_[1]);
        } else {
            run<Real>(op_, tensors_, data_, {launch.n, launch.scalars, launch.step});
        }
    }

  private:
    Op op_;
    std::vector<Tensor> tensors_;
    std::vector<Layout> layouts_;
    std::vector<void *> data_;
};

template <class Real>
class ReferenceDevice : public Device {
  public:
    ReferenceDevice(DeviceInfo info, std::shared_ptr<Allocator> allocator)
        : info_(std::move(info)), allocator_(std::move(allocator)) {}

    const DeviceInfo &info() const override { return info_; }
    int64_t real_bytes() const override { return int64_t{sizeof(Real)}; }
    double launch_seconds() const override { return 1e-7; }
    double bytes_per_second() const override { return 1e9; }

    std::unique_ptr<Buffer> allocate(int64_t bytes) override {
        return std::make_unique<HostBuffer>(allocator_, bytes);
    }
    const std::shared_ptr<Allocator> &allocator() const override { return allocator_; }
    std::unique_ptr<Queue> create_queue() override { return std::make_unique<HostQueue>(); }

    bool fuses(const FusedOp &) const override { return false; }

    void candidates(const FusedOp &group, std::vector<Candidate> &out) const override {
        if (group.ops.size() != 1 || group.head().kind == OpKind::reorder) return;
        if (group.head().kind == OpKind::host) return host_candidates(*this, group, out);
        Candidate plain;
        plain.algorithm = "reference";
        plain.layouts.assign(static_cast<size_t>(group.operands()), Layout::plain());
        plain.seconds = launch_seconds() + flops_of(group) * 1e-8 +
                        bytes_of(group, real_bytes()) / bytes_per_second();
        out.push_back(std::move(plain));
    }

    std::unique_ptr<Kernel> prepare(const FusedOp &group, const Candidate &candidate) override {
        if (group.head().kind == OpKind::host)
            return prepare_host_staged(group, real_bytes(), allocator_);
        return std::make_unique<ReferenceKernel<Real>>(group, candidate);
    }

  private:
    DeviceInfo info_;
    std::shared_ptr<Allocator> allocator_;
};

DeviceInfo describe(const char *spec, const char *name) {
    DeviceInfo info;
    info.spec = spec;
    info.backend = "reference";
    info.name = name;
    info.kind = kDeviceCpu;
    info.compute_units = 1;
    return info;
}

// A check for who asks for it by name, not a device that a host would choose from a list.
std::vector<DeviceInfo> list() {
    return {};
}

std::shared_ptr<Device> open(const std::string &which, const DeviceOptions &options) {
    if (which.empty() || which == "float64")
        return std::make_shared<ReferenceDevice<double>>(describe("reference", "float64 reference"),
                                                         options.allocator);
    if (which == "float32")
        return std::make_shared<ReferenceDevice<float>>(
            describe("reference:float32", "float32 reference"), options.allocator);
    fail(Status::not_found, text("device \"reference:", which,
                                 "\": there are \"reference\" and \"reference:float32\""));
}

}  // namespace

Backend backend() {
    return {"reference", list, open};
}

}  // namespace cnn::reference

// Calling the host's code.
#include "backend/host_kernel.h"

#include <algorithm>
#include <cfenv>

#include "base/error.h"
#include "base/fpenv.h"
#include "base/text.h"

namespace cnn {

namespace {

// What the host's code does to the floating-point environment ends with the scope. It begins as
// the default one that computing calls set.
class FloatEnvironmentGuard {
  public:
    FloatEnvironmentGuard() noexcept { std::fegetenv(&saved_); }
    ~FloatEnvironmentGuard() { std::fesetenv(&saved_); }
    FloatEnvironmentGuard(const FloatEnvironmentGuard &) = delete;
    FloatEnvironmentGuard &operator=(const FloatEnvironmentGuard &) = delete;

  private:
    std::fenv_t saved_{};
};

class HostKernel : public Kernel {
  public:
    explicit HostKernel(const FusedOp &group)
        : op_(group.head()),
          function_(std::get<HostAttributes>(op_.attributes).function),
          tensors_(group.tensors),
          inputs_(op_.inputs.size()),
          outputs_(op_.outputs.size()) {}

  protected:
    int64_t elements(size_t id, int64_t n) const {
        const Tensor &tensor = tensors_[id];
        return tensor.batched ? n * tensor.shape.elements_after(0) : tensor.shape.elements();
    }
    const std::vector<TensorId> &input_ids() const { return op_.inputs; }
    const std::vector<TensorId> &output_ids() const { return op_.outputs; }
    size_t operands() const { return tensors_.size(); }

    // `memory(id)` is where tensor id's floats lie.
    template <class Memory>
    void call(int64_t n, const Memory &memory) {
        for (size_t i = 0; i < inputs_.size(); ++i)
            inputs_[i] = memory(static_cast<size_t>(op_.inputs[i]));
        for (size_t i = 0; i < outputs_.size(); ++i) {
            outputs_[i] = nullptr;
            if (op_.outputs[i] == kNoTensor) continue;
            const auto id = static_cast<size_t>(op_.outputs[i]);
            outputs_[i] = memory(id);
            std::fill_n(outputs_[i], elements(id, n), 0.0f);
        }
        int32_t code = 0;
        {
            const FloatEnvironmentGuard guard;
            const DefaultFloatEnvironment environment;
            code = function_->call(n, inputs_, outputs_);
        }
        if (code != 0)
            fail_at(op_.node, Status::cancelled,
                    text(function_->name(), " returned ", code, ", which cancels the call"));
    }

  private:
    Op op_;
    std::shared_ptr<const HostFunction> function_;
    std::vector<Tensor> tensors_;
    std::vector<const float *> inputs_;
    std::vector<float *> outputs_;
};

class InPlaceKernel final : public HostKernel {
  public:
    using HostKernel::HostKernel;

    void launch(Queue &, const Launch &launch) override {
        call(launch.n, [&](size_t id) {
            const Ref &ref = launch.operands[id];
            return reinterpret_cast<float *>(static_cast<std::byte *>(ref.buffer->host()) +
                                             ref.offset);
        });
    }
};

class StagedKernel final : public HostKernel {
  public:
    StagedKernel(const FusedOp &group, int64_t real_bytes,
                 const std::shared_ptr<Allocator> &allocator)
        : HostKernel(group),
          real_bytes_(real_bytes),
          allocator_(allocator),
          counts_(operands()),
          floats_(operands()) {
        for (size_t id = 0; id < counts_.size(); ++id)
            counts_[id] = static_cast<size_t>(group.tensors[id].shape.elements());
    }

    int64_t memory() const override {
        size_t bytes = wide_bytes();
        for (const size_t count : counts_) bytes += count * sizeof(float);
        return static_cast<int64_t>(bytes);
    }

    void take_memory() override {
        for (size_t id = 0; id < floats_.size(); ++id)
            floats_[id] = Memory(allocator_, counts_[id] * sizeof(float));
        wide_ = Memory(allocator_, wide_bytes());
    }

    void launch(Queue &queue, const Launch &launch) override {
        for (const TensorId id : input_ids()) {
            const auto i = static_cast<size_t>(id);
            fetch(queue, launch.operands[i], floats(i), elements(i, launch.n));
        }
        call(launch.n, [&](size_t id) { return floats(id); });
        for (const TensorId id : output_ids()) {
            if (id == kNoTensor) continue;
            const auto i = static_cast<size_t>(id);
            store(queue, launch.operands[i], floats(i), elements(i, launch.n));
        }
    }

  private:
    size_t wide_bytes() const {
        if (real_bytes_ == 4) return 0;
        size_t largest = 0;
        for (const size_t count : counts_) largest = std::max(largest, count);
        return largest * sizeof(double);
    }

    float *floats(size_t id) const { return floats_[id].as<float>(); }

    void fetch(Queue &queue, const Ref &from, float *to, int64_t count) const {
        if (real_bytes_ == 4) {
            queue.read(to, from, count * 4);
            return;
        }
        auto *wide = wide_.as<double>();
        queue.read(wide, from, count * 8);
        std::transform(wide, wide + count, to, [](double v) { return static_cast<float>(v); });
    }

    void store(Queue &queue, const Ref &to, const float *from, int64_t count) const {
        if (real_bytes_ == 4) {
            queue.write(to, from, count * 4);
            return;
        }
        auto *wide = wide_.as<double>();
        std::copy_n(from, count, wide);
        queue.write(to, wide, count * 8);
    }

    int64_t real_bytes_;
    std::shared_ptr<Allocator> allocator_;
    std::vector<size_t> counts_;
    std::vector<Memory> floats_;
    Memory wide_;
};

}  // namespace

void host_candidates(const Device &device, const FusedOp &group, std::vector<Candidate> &out) {
    Candidate candidate;
    candidate.algorithm = "host";
    candidate.layouts.assign(static_cast<size_t>(group.operands()), Layout::plain());
    candidate.seconds =
        device.launch_seconds() + bytes_of(group, device.real_bytes()) / device.bytes_per_second();
    out.push_back(std::move(candidate));
}

std::unique_ptr<Kernel> prepare_host_in_place(const FusedOp &group) {
    return std::make_unique<InPlaceKernel>(group);
}

std::unique_ptr<Kernel> prepare_host_staged(const FusedOp &group, int64_t real_bytes,
                                            const std::shared_ptr<Allocator> &allocator) {
    return std::make_unique<StagedKernel>(group, real_bytes, allocator);
}

}  // namespace cnn

// Sparse sums over parameters. The table lies on the device beside the kernel.
#include <algorithm>

#include "backend/opencl/expression_source.h"
#include "backend/opencl/operations.h"

namespace cnn::opencl {
namespace {

class GatherKernel final : public Kernel {
  public:
    GatherKernel(OpenClDevice &device, const FusedOp &group)
        : device_(device),
          table_(std::get<GatherAttributes>(group.head().attributes).table),
          x_(group.head().inputs[0]),
          y_(group.head().outputs[0]) {
        rows_ = table_->rows();
        function_ = device.function("gather.cl", "gather", class_options(device, false));
        chunk_ = chunk_for(device, rows_, 256);
    }

    int64_t memory() const override {
        return device_.footprint(bytes_of(table_->starts)) +
               device_.footprint(bytes_of(table_->columns));
    }

    void take_memory() override {
        const std::unique_ptr<Queue> queue = device_.create_queue();
        starts_ = send(device_, *queue, table_->starts);
        columns_ = send(device_, *queue, table_->columns);
        queue->finish();
    }

    void launch(Queue &queue, const Launch &launch) override {
        if (rows_ == 0) return;
        function_.set(0, launch.operands[x_]);
        function_.set(2, launch.operands[y_]);
        function_.set_buffer(4, *starts_);
        function_.set_buffer(5, *columns_);
        function_.set(6, to_int(rows_));
        function_.set(7, to_int(chunk_));
        function_.launch_items(queue, ceil_div(rows_, chunk_));
    }

  private:
    static int64_t bytes_of(const std::vector<int32_t> &values) {
        return static_cast<int64_t>(values.size() * sizeof(int32_t));
    }

    static std::unique_ptr<Buffer> send(OpenClDevice &device, Queue &queue,
                                        const std::vector<int32_t> &values) {
        const int64_t bytes = bytes_of(values);
        auto buffer = device.allocate(bytes);
        if (bytes > 0) queue.write({buffer.get(), 0}, values.data(), bytes);
        return buffer;
    }

    OpenClDevice &device_;
    std::shared_ptr<const SparseTable> table_;
    TensorId x_, y_;
    int64_t rows_ = 0, chunk_ = 1;
    std::unique_ptr<Buffer> starts_, columns_;
    Function function_;
};

}  // namespace

void gather_candidates(const OpenClDevice &device, const FusedOp &group, Candidates &out) {
    if (!fits(group) || group.ops.size() != 1) return;
    Candidate candidate;
    candidate.algorithm = "gather";
    candidate.layouts.assign(static_cast<size_t>(group.operands()), Layout::plain());
    candidate.seconds = device.predict(flops_of(group), 3 * bytes_of(group, 4), 0.05);
    out.push_back(std::move(candidate));
}

std::unique_ptr<Kernel> prepare_gather(OpenClDevice &device, const FusedOp &group,
                                       const Candidate &) {
    return std::make_unique<GatherKernel>(device, group);
}

}  // namespace cnn::opencl

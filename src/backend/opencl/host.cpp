// Operations of the host's own code: its expression as a kernel where it gives one, else its
// function, called on copies in the host's memory.
#include <array>

#include "backend/host_kernel.h"
#include "backend/opencl/expression_source.h"
#include "backend/opencl/operations.h"
#include "base/error.h"
#include "base/text.h"

namespace cnn::opencl {
namespace {

constexpr std::array kNames{"x", "y", "dy"};
constexpr int64_t kLeastChunk = 1024;

const HostFunction &function_of(const FusedOp &group) {
    return *std::get<HostAttributes>(group.head().attributes).function;
}

// The host's text stands in a line of its own, so that the compiler's log tells its column.
std::string source_of(const FusedOp &group) {
    const size_t inputs = group.head().inputs.size();
    std::string parameters, values;
    for (size_t i = 0; i < inputs; ++i) {
        parameters += text("__global const float *in", i, ", long in", i, "_offset, ");
        values += text("const float ", kNames[i], " = in", i, "[in", i, "_offset + i];\n");
    }
    return text("ITEMS __kernel void host_code(", parameters,
                "__global float *out, long out_offset, int total, int chunk) {\n",
                "ITEM_RANGE(total, chunk)\nfor (int i = begin; i < end; ++i) {\n", values,
                "out[out_offset + i] = (\n", function_of(group).expression(), "\n);\n}\n}\n");
}

class CodeKernel final : public Kernel {
  public:
    CodeKernel(OpenClDevice &device, const FusedOp &group)
        : op_(group.head()),
          tensor_(group.tensors[static_cast<size_t>(op_.outputs[0])]),
          chunk_(chunk_for(device, tensor_.shape.elements(), kLeastChunk)),
          // So that "1.0" is a float, also where the device has no double.
          function_(device,
                    device.programs().source(
                        "host_code", source_of(group),
                        class_options(device, false) + " -cl-single-precision-constant"),
                    "host_code") {}

    void launch(Queue &queue, const Launch &launch) override {
        const int64_t total = launch.n * tensor_.shape.elements_after(0);
        if (total == 0) return;
        cl_uint index = 0;
        for (const TensorId id : op_.inputs) {
            function_.set(index, launch.operands[id]);
            index += 2;
        }
        function_.set(index, launch.operands[op_.outputs[0]]);
        index += 2;
        function_.set(index++, to_int(total));
        function_.set(index++, to_int(chunk_));
        function_.launch_items(queue, ceil_div(total, chunk_));
    }

  private:
    Op op_;
    Tensor tensor_;
    int64_t chunk_;
    Function function_;
};

}  // namespace

void code_candidates(const OpenClDevice &device, const FusedOp &group, Candidates &out) {
    if (function_of(group).expression().empty()) return host_candidates(device, group, out);
    if (!fits(group)) return;
    Candidate candidate;
    candidate.algorithm = "host_expression";
    candidate.layouts.assign(static_cast<size_t>(group.operands()), Layout::plain());
    candidate.seconds = device.predict(flops_of(group), bytes_of(group, 4), 0.01);
    out.push_back(std::move(candidate));
}

std::unique_ptr<Kernel> prepare_code(OpenClDevice &device, const FusedOp &group,
                                     const Candidate &) {
    if (function_of(group).expression().empty())
        return prepare_host_staged(group, device.real_bytes(), device.allocator());
    try {
        return std::make_unique<CodeKernel>(device, group);
    } catch (const Error &error) {
        fail(error.status, text(function_of(group).name(), ": ", error.message));
    }
}

}  // namespace cnn::opencl

// Sums of expressions, a channel's or all: each part is summed in a fixed order by one item (one
// group on GPUs), and the parts are added in order.
#include <algorithm>

#include "backend/opencl/expression_source.h"
#include "backend/opencl/operations.h"
#include "base/text.h"

namespace cnn::opencl {
namespace {

constexpr int64_t kMostParts = 64;
constexpr int64_t kLeastPart = 16384;  // elements worth an item of their own

const Tensor &tensor_of(const FusedOp &group, TensorId id) {
    return group.tensors[static_cast<size_t>(id)];
}

// How a reduction is cut. Depends on the prepared shape and the device alone.
struct Cut {
    Walk walk = Walk::element;
    bool by_channel = false;
    int64_t parts = 1;
    int64_t chunk = 1;  // units of a part: samples by channel, else what the walk counts
};

bool has_wide_input(const FusedOp &group) {
    return std::any_of(group.tensors.begin(), group.tensors.begin() + group.inputs,
                       [](const Tensor &tensor) { return tensor.type == Type::wide; });
}

Walk walk_of(const OpenClDevice &device, const ExpressionSource &source, bool blocked,
             bool by_channel) {
    if (blocked) return Walk::block;
    if (!device.is_cpu_class() || has_wide_input(source.group)) return Walk::element;
    if (!by_channel && !source.indexed()) return Walk::flat;
    const Extent extent = extent_of(tensor_of(source.group, source.expression.full), 1, false);
    return extent.inner >= OpenClDevice::kLanes ? Walk::rows : Walk::element;
}

int64_t units_of(const Cut &cut, const Extent &extent) {
    if (cut.by_channel) return extent.samples;
    return cut.walk == Walk::rows ? extent.rows() : extent.elements();
}

Cut cut_for(const OpenClDevice &device, const ExpressionSource &source, bool blocked) {
    Cut cut;
    cut.by_channel = source.group.head().kind == OpKind::channel_sum;
    cut.walk = walk_of(device, source, blocked, cut.by_channel);
    const Tensor &full = tensor_of(source.group, source.expression.full);
    const Extent extent = extent_of(full, full.shape[0], blocked);
    const int64_t width = cut.walk == Walk::block ? OpenClDevice::kLanes : 1;
    const int64_t channels = cut.by_channel ? extent.channels : 1;
    const int64_t wanted = device.is_cpu_class() ? 4 * device.compute_units() : kMostParts;
    const int64_t worth = extent.elements() * width / kLeastPart;
    const int64_t units = std::max<int64_t>(1, units_of(cut, extent));
    cut.parts = std::clamp<int64_t>(std::min(ceil_div(wanted, channels), worth), 1, kMostParts);
    cut.chunk = ceil_div(units, cut.parts);
    if (cut.walk == Walk::flat) cut.chunk = ceil_div(cut.chunk, 16) * 16;
    cut.parts = ceil_div(units, cut.chunk);
    return cut;
}

// "ADD_TO_SUM(...)" of every result.
std::string accumulate(const ExpressionSource &source, const char *type, char high, char low) {
    std::string out = source.values(type);
    for (size_t r = 0; r < source.expression.stores.size(); ++r) {
        out += text("ADD_TO_SUM(", type, ", ", high, r, ", ", low, r, ", r", r, ")\n");
    }
    return out;
}

std::string declare(const ExpressionSource &source, const char *type, char high, char low) {
    std::string out;
    for (size_t r = 0; r < source.expression.stores.size(); ++r) {
        out +=
            text(type, " ", high, r, " = (", type, ")(0.0f), ", low, r, " = (", type, ")(0.0f);\n");
    }
    return out;
}

std::string vectors_and_rest(const ExpressionSource &source) {
    return text("for (; i + 16 <= last; i += 16) {\n", accumulate(source, "float16", 'g', 'k'),
                "}\nfor (; i < last; ++i) {\n", accumulate(source, "float", 'h', 'l'), "}\n");
}

// The lanes of g and k into h and l, in order.
std::string join_lanes(const ExpressionSource &source) {
    std::string out;
    for (size_t r = 0; r < source.expression.stores.size(); ++r) {
        out += text("{\nfloat high[16], low[16];\nvstore16(g", r, ", 0, high);\nvstore16(k", r,
                    ", 0, low);\nfor (int lane = 0; lane < 16; ++lane) {\nADD_TO_SUM(float, h", r,
                    ", l", r, ", high[lane])\nl", r, " += low[lane];\n}\n}\n");
    }
    return out;
}

std::string accumulate_element(const ExpressionSource &source) {
    return source.walk == Walk::block ? accumulate(source, "float16", 'g', 'k')
                                      : accumulate(source, "float", 'h', 'l');
}

// Channel c's part of samples.
std::string channel_loop(const ExpressionSource &source) {
    const std::string at = "int i = (a * channels + c) * inner;\nconst int last = i + inner;\n";
    const std::string body = source.walk == Walk::rows ? vectors_and_rest(source)
                                                       : text("for (; i < last; ++i) {\n",
                                                              accumulate_element(source), "}\n");
    return text("const int c = get_global_id(0), part = get_global_id(1);\n",
                "const int begin = part * chunk, end = min(begin + chunk, total);\n",
                "for (int a = begin; a < end; ++a) {\n", at, body, "}\n");
}

std::string whole_loop(const ExpressionSource &source) {
    const std::string range =
        text("const int part = get_global_id(0);\n",
             "const int begin = part * chunk, end = min(begin + chunk, total);\n");
    if (source.walk == Walk::flat) {
        return text(range, "int i = begin;\nconst int last = end;\n", vectors_and_rest(source));
    }
    if (source.walk == Walk::rows) {
        return text(range, "for (int row = begin; row < end; ++row) {\n",
                    "const int c = row % channels, a = row / channels;\n",
                    "int i = row * inner;\nconst int last = i + inner;\n", vectors_and_rest(source),
                    "}\n");
    }
    return text(range, "int j = begin % inner, a = begin / inner / channels;\n",
                "int c = begin / inner % channels;\nfor (int i = begin; i < end; ++i) {\n",
                accumulate_element(source),
                "if (++j == inner) { j = 0; if (++c == channels) { c = 0; ++a; } }\n}\n");
}

// On GPUs a group's items take every GROUP-th element of its share, and add theirs as a tree.
std::string group_loop(const ExpressionSource &source, bool by_channel) {
    const char *index = by_channel ? "const int a = k / inner;\n"
                                     "const int i = (a * channels + c) * inner + k % inner;\n"
                                   : "const int i = k, a = k / inner / channels;\n"
                                     "const int c = k / inner % channels;\n";
    std::string out =
        text("const int item = get_local_id(0), part = get_group_id(1);\n",
             by_channel ? "const int c = get_group_id(0), count = total * inner;\n"
                        : "const int count = total;\n",
             "for (int k = part * GROUP + item; k < count; k += parts * GROUP) {\n", index,
             accumulate(source, "float", 'h', 'l'), "}\n__local float high[GROUP], low[GROUP];\n");
    for (size_t r = 0; r < source.expression.stores.size(); ++r) {
        out += text("high[item] = h", r, "; low[item] = l", r, ";\nbarrier(CLK_LOCAL_MEM_FENCE);\n",
                    "for (int reach = GROUP / 2; reach > 0; reach /= 2) {\nif (item < reach) {\n",
                    "ADD_TO_SUM(float, high[item], low[item], high[item + reach])\n",
                    "low[item] += low[item + reach];\n}\nbarrier(CLK_LOCAL_MEM_FENCE);\n}\n", "h",
                    r, " = high[0]; l", r, " = low[0];\nbarrier(CLK_LOCAL_MEM_FENCE);\n");
    }
    return out + "if (item != 0) return;\n";
}

// What a part writes: its pairs, or, being the only one, the results.
std::string ending(const ExpressionSource &source, const Cut &cut) {
    const std::string place = cut.by_channel ? "c" : "0";
    std::string out;
    for (size_t r = 0; r < source.expression.stores.size(); ++r) {
        if (cut.parts == 1) {
            const TensorId id = source.expression.stores[r].operand;
            const bool wide = tensor_of(source.group, id).type == Type::wide;
            out +=
                text("STORE_SUM(h", r, ", l", r, ", x", id, ", ", place, ", ", wide ? 1 : 0, ")\n");
        } else {
            const char *outputs = cut.by_channel ? "channels" : "1";
            out += text("{\n__global float *pair = pairs + 2 * ((", r, " * ", outputs, " + ", place,
                        ") * parts + part);\npair[0] = h", r, ";\npair[1] = fabs(h", r,
                        ") < INFINITY ? l", r, " : 0.0f;\n}\n");
        }
    }
    return out;
}

std::string kernel_of(const OpenClDevice &device, const ExpressionSource &source, const Cut &cut) {
    const bool cpu = device.is_cpu_class();
    const bool vectors = cpu && source.walk != Walk::element;
    std::string body = declare(source, "float", 'h', 'l');
    if (vectors) body += declare(source, "float16", 'g', 'k');
    if (!cpu) {
        body += group_loop(source, cut.by_channel);
    } else {
        body += cut.by_channel ? channel_loop(source) : whole_loop(source);
    }
    if (vectors) body += join_lanes(source);
    return text(cpu ? "SINGLE" : "__attribute__((reqd_work_group_size(GROUP, 1, 1)))",
                " __kernel void reduce(", source.parameters(),
                cut.parts == 1 ? "" : "__global float *pairs, long pairs_offset, ",
                "int total, int chunk, int parts, int inner, int channels, int partial_begin, "
                "int partial_lanes) {\n",
                source.offsets(), cut.parts == 1 ? "" : "pairs += pairs_offset;\n", body,
                ending(source, cut), "}\n");
}

class ReductionKernel final : public Kernel {
  public:
    ReductionKernel(OpenClDevice &device, const FusedOp &group, const Candidate &candidate)
        : cpu_class_(device.is_cpu_class()), group_(device.group_items()) {
        const bool blocked = candidate.algorithm.ends_with("_n16");
        ExpressionSource source{group, group_expression(group)};
        cut_ = cut_for(device, source, blocked);
        source.walk = cut_.walk;
        full_ = tensor_of(group, source.expression.full);
        const std::string options = text(class_options(device, blocked), " -DGROUP=", group_);
        function_ = Function(
            device, device.programs().source("reduce", kernel_of(device, source, cut_), options),
            "reduce");
        if (cut_.parts > 1) {
            finish_ = device.function("reduce.cl", "finish_sums", class_options(device, false));
        }
        for (const auto &store : source.expression.stores) {
            wide_.push_back(tensor_of(group, store.operand).type == Type::wide);
        }
        expression_ = std::move(source.expression);
    }

    void launch(Queue &queue, const Launch &launch) override {
        const Extent extent = extent_of(full_, launch.n, cut_.walk == Walk::block);
        const int64_t total = units_of(cut_, extent);
        const int64_t parts =
            std::max<int64_t>(1, std::min(cut_.parts, ceil_div(total, cut_.chunk)));
        const int64_t outputs = cut_.by_channel ? extent.channels : 1;
        set_shape(extent, total, parts, launch);
        if (cpu_class_) {
            cut_.by_channel ? function_.launch_single(queue, outputs, parts)
                            : function_.launch_single(queue, parts);
        } else {
            const auto group = static_cast<size_t>(group_);
            const size_t global[2] = {group * static_cast<size_t>(outputs),
                                      static_cast<size_t>(parts)};
            const size_t local[2] = {group, 1};
            function_.launch(queue, 2, global, local);
        }
        if (cut_.parts > 1) finish(queue, launch, outputs, parts);
    }

  private:
    void set_shape(const Extent &extent, int64_t total, int64_t parts, const Launch &launch) {
        const int64_t lanes = launch.n % OpenClDevice::kLanes;
        const int64_t partial =
            lanes == 0 ? extent.elements() : extent.elements() - extent.channels * extent.inner;
        cl_uint index = set_arguments(function_, expression_, launch);
        if (cut_.parts > 1) {
            function_.set(index, launch.workspace);
            index += 2;
        }
        for (const int64_t value :
             {total, cut_.chunk, parts, extent.inner, extent.channels, partial, lanes}) {
            function_.set(index++, to_int(value));
        }
    }

    void finish(Queue &queue, const Launch &launch, int64_t outputs, int64_t parts) {
        for (size_t r = 0; r < wide_.size(); ++r) {
            Ref pairs = launch.workspace;
            pairs.offset += static_cast<int64_t>(r) * outputs * parts * 8;
            finish_.set(0, pairs);
            finish_.set(2, launch.operands[expression_.stores[r].operand]);
            finish_.set(4, to_int(outputs));
            finish_.set(5, to_int(parts));
            finish_.set(6, wide_[r] ? 1 : 0);
            finish_.launch_items(queue, outputs);
        }
    }

    bool cpu_class_;
    int64_t group_;
    Cut cut_;
    Function function_, finish_;
    GroupExpression expression_;
    Tensor full_;
    std::vector<bool> wide_;
};

}  // namespace

void reduction_candidates(const OpenClDevice &device, const FusedOp &group, Candidates &out) {
    if (!fits(group) || group.ops.size() != 1) return;
    const ExpressionSource source{group, group_expression(group)};
    const Tensor &full = tensor_of(group, source.expression.full);
    const auto add = [&](const char *algorithm, bool blocked) {
        const Cut cut = cut_for(device, source, blocked);
        Candidate candidate;
        candidate.algorithm = algorithm;
        for (TensorId id = 0; id < group.operands(); ++id) {
            const Access access = source.access(id);
            const bool samples = access == Access::element || access == Access::sample;
            candidate.layouts.push_back(id < group.inputs && blocked && samples
                                            ? Layout::blocked(0, OpenClDevice::kLanes)
                                            : Layout::plain());
        }
        const double padding = blocked ? padding_of(full) : 1;
        const bool scalar = device.is_cpu_class() && cut.walk == Walk::element;
        candidate.seconds = device.predict(flops_of(group) * padding, bytes_of(group, 4) * padding,
                                           scalar ? 0.01 : 0.1);
        const auto results = static_cast<int64_t>(source.expression.stores.size());
        if (cut.parts > 1) {
            const int64_t outputs = cut.by_channel ? full.shape[1] : 1;
            candidate.workspace = results * outputs * cut.parts * 8;
            candidate.seconds += static_cast<double>(results) * device.launch_seconds();
        }
        out.push_back(std::move(candidate));
    };
    add("reduce", false);
    if (device.is_cpu_class() && full.batched && !has_wide_input(group)) add("reduce_n16", true);
}

std::unique_ptr<Kernel> prepare_reduction(OpenClDevice &device, const FusedOp &group,
                                          const Candidate &candidate) {
    return std::make_unique<ReductionKernel>(device, group, candidate);
}

}  // namespace cnn::opencl

#include "support/ours.h"

#include <algorithm>

#include "backend/registry.h"
#include "base/alloc.h"
#include "timing.h"

namespace cnn::bench {

FusedOp group_of(const ConvShape &s, Direction direction) {
    Tensor x, w, y;
    x.shape = Shape{s.n, s.in, s.height, s.width};
    w.shape = Shape{s.out, s.in / s.groups, s.kernel_h, s.kernel_w};
    y.shape = Shape{s.n, s.out, s.out_height(), s.out_width()};
    x.batched = y.batched = true;
    w.space = Space::parameter;
    ConvolutionAttributes attributes;
    attributes.groups = s.groups;
    attributes.window.kernel = {s.kernel_h, s.kernel_w, 1};
    attributes.window.stride = {s.stride_h, s.stride_w, 1};
    attributes.window.dilation = {s.dilation_h, s.dilation_w, 1};
    attributes.window.pad_begin = {s.top, s.left, 0};
    attributes.window.pad_end = {s.bottom, s.right, 0};
    FusedOp group;
    Op op;
    if (direction == Direction::forward) {
        group.tensors = {x, w, y};
        op.kind = OpKind::convolution;
    } else if (direction == Direction::backward_data) {
        group.tensors = {y, w, x};
        op.kind = OpKind::convolution_backward_data;
    } else {
        group.tensors = {x, y, w};
        op.kind = OpKind::convolution_backward_weights;
    }
    group.inputs = 2;
    group.outputs = 1;
    op.inputs = {0, 1};
    op.outputs = {2};
    op.attributes = attributes;
    group.ops = {op};
    return group;
}

namespace {

// Times one candidate on random operands in the layouts that it wants.
double time_of(Device &device, Queue &queue, const FusedOp &group, const Candidate &candidate,
               const Duration &duration) {
    std::vector<std::unique_ptr<Buffer>> buffers;
    std::vector<Ref> refs;
    for (size_t i = 0; i < group.tensors.size(); ++i) {
        const int64_t elements = candidate.layouts[i].elements(group.tensors[i].shape);
        std::vector<float> values(static_cast<size_t>(elements));
        fill(values.data(), elements);
        buffers.push_back(device.allocate(elements * 4));
        refs.push_back({buffers.back().get(), 0});
        queue.write(refs.back(), values.data(), elements * 4);
    }
    const auto workspace = device.allocate(std::max<int64_t>(candidate.workspace, 64));
    const auto kernel = device.prepare(group, candidate);
    Launch launch;
    launch.n = group.tensors[0].shape[0];
    launch.operands = refs.data();
    launch.workspace = {workspace.get(), 0};
    kernel->take_memory();
    return median_seconds(
        [&] {
            kernel->launch(queue, launch);
            queue.finish();
        },
        duration.usual, duration.limit);
}

}  // namespace

std::vector<Measured> measure_convolution(Device &device, Queue &queue, const ConvShape &shape,
                                          Direction direction, const Duration &duration, bool all,
                                          int64_t accept) {
    FusedOp group = group_of(shape, direction);
    group.accept = accept;
    std::vector<Candidate> candidates;
    device.candidates(group, candidates);
    std::sort(candidates.begin(), candidates.end(),
              [](const Candidate &a, const Candidate &b) { return a.seconds < b.seconds; });
    std::vector<Measured> measured;
    for (const Candidate &candidate : candidates) {
        measured.push_back({candidate.algorithm, time_of(device, queue, group, candidate, duration),
                            candidate.seconds});
        if (!all) break;
    }
    return measured;
}

std::shared_ptr<Device> open_with(const std::string &spec, int threads) {
    DeviceOptions options;
    options.allocator = std::make_shared<Allocator>();
    options.threads = threads;
    return open_device(spec, options);
}

}  // namespace cnn::bench

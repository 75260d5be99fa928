// A device's trial: bytes in, floats out.
#include "backend/trial.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/text.h"

namespace cnn {

void try_out(Device &device) {
    constexpr int64_t kSamples = 3, kFeatures = 5;
    // Less than the smallest profile of OpenCL promises would serve no net.
    constexpr int64_t kBufferBytes = int64_t{1} << 20;
    Tensor tensor;
    tensor.shape = {kSamples, kFeatures};
    tensor.batched = true;
    Op op;
    op.kind = OpKind::feed;
    op.outputs = {0};
    const FusedOp group = single(op, {tensor});
    std::vector<Candidate> candidates;
    device.candidates(group, candidates);
    for (const Candidate &candidate : candidates) {
        if (!candidate.layouts[0].is_plain()) continue;
        std::array<std::byte, kSamples * kFeatures> given{};
        for (size_t i = 0; i < given.size(); ++i) given[i] = static_cast<std::byte>(17 * i + 1);
        Feed feed;
        feed.data = given.data();
        feed.type = HostType::u8;
        feed.scale[0] = 0.5f;
        const auto buffer = device.allocate(kBufferBytes);
        const auto queue = device.create_queue();
        const auto kernel = device.prepare(group, candidate);
        kernel->take_memory();
        const Ref operand{buffer.get(), 0};
        Launch launch;
        launch.n = kSamples;
        launch.operands = &operand;
        launch.feed = &feed;
        kernel->launch(*queue, launch);
        std::array<float, kSamples * kFeatures> got{};
        queue->read(got.data(), operand, static_cast<int64_t>(sizeof got));
        for (size_t i = 0; i < got.size(); ++i) {
            // One channel's scale is that of the sample's first feature.
            const float scale = feed.scale[std::min<size_t>(i % kFeatures, 3)];
            if (got[i] != scale * static_cast<float>(std::to_integer<int>(given[i])))
                fail(Status::device_error, text("a trial gave ", got[i], " for value ", i));
        }
    }
}

}  // namespace cnn

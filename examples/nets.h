// The two networks that the examples train on pictures of digits.
#pragma once

#include <cnn/cnn.h>

#ifdef __cplusplus
extern "C" {
#endif

// Both take one channel of height × width and give ten logits under a softmax cross-entropy loss.
// A mistake, such as a picture that is too small, stays in the net and is told by cnn_net_compile.

// LeNet-5's shape, 6c5–pool–16c5–pool–120–84–10: 44 thousand parameters for 28×28, quick to train.
cnn_net *small_net(int64_t height, int64_t width, uint64_t seed);

// 32c5–pool–64c5–pool–1024–10 with dropout: 3.3 million parameters, more accurate.
cnn_net *large_net(int64_t height, int64_t width, uint64_t seed);

#ifdef __cplusplus
}
#endif

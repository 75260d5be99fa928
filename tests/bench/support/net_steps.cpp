#include "support/net_steps.h"

#include "support/net_builder.h"

namespace cnn::bench {

NetSteps::NetSteps(cnn_net *net, const PictureShape &picture, int64_t classes, int64_t batch)
    : net_(net),
      x_(static_cast<size_t>(batch * picture.channels * picture.size * picture.size)),
      y_(static_cast<size_t>(batch * classes)),
      labels_(static_cast<size_t>(batch)),
      sgd_(cnn_optimizer_create(CNN_SGD)) {
    uint32_t random = 1;
    const auto draw = [&] { return (random = random * 1664525u + 1013904223u) >> 8; };
    for (float &v : x_) v = static_cast<float>(draw()) * 0x1p-23f - 1;
    for (uint8_t &v : labels_) v = static_cast<uint8_t>(draw() % 10);
    samples_.inputs = x_.data();
    samples_.input_elements = static_cast<int64_t>(x_.size());
    samples_.labels = labels_.data();
    samples_.label_type = CNN_UINT8;
    samples_.label_elements = batch;
    cnn_error error{};
    if (cnn_optimizer_set(sgd_, CNN_LEARNING_RATE, 0.01, &error) ||
        cnn_optimizer_set(sgd_, CNN_MOMENTUM, 0.9, &error))
        give_up(error);
}

NetSteps::~NetSteps() {
    cnn_optimizer_destroy(sgd_);
}

void NetSteps::run(cnn_net *other) {
    cnn_error error;
    if (cnn_net_run(other, x_.data(), static_cast<int64_t>(x_.size()), y_.data(),
                    static_cast<int64_t>(y_.size()), &error))
        give_up(error);
}

void NetSteps::train(bool wants_loss) {
    cnn_error error;
    double loss;
    if (cnn_net_train_step(net_, sgd_, &samples_, wants_loss ? &loss : nullptr, &error))
        give_up(error);
}

}  // namespace cnn::bench

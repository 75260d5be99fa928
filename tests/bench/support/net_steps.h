// Steps of a compiled net on random pictures: training it and running it.
#pragma once

#include <cnn/cnn.h>

#include <cstdint>
#include <vector>

namespace cnn::bench {

struct PictureShape {
    int64_t channels = 1, size = 1;
};

class NetSteps {
  public:
    // The net must live as long. Labels are of ten classes.
    NetSteps(cnn_net *net, const PictureShape &picture, int64_t classes, int64_t batch);
    ~NetSteps();
    NetSteps(const NetSteps &) = delete;
    NetSteps &operator=(const NetSteps &) = delete;

    void run() { run(net_); }
    void run(cnn_net *other);     // of the same shapes
    void train(bool wants_loss);  // which costs waiting for the device

  private:
    cnn_net *net_;
    std::vector<float> x_, y_;
    std::vector<uint8_t> labels_;
    cnn_samples samples_{};
    cnn_optimizer *sgd_;
};

}  // namespace cnn::bench

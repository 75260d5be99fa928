// Builds the networks that are timed through cnn.h, and counts their arithmetic.
#pragma once

#include <cnn/cnn.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace cnn::bench {

[[noreturn]] inline void give_up(const cnn_error &error) {
    std::fprintf(stderr, "%s\n", error.message);
    std::exit(1);
}

// A net under construction, with the arithmetic of its convolutions and dense layers counted.
class NetBuilder {
  public:
    NetBuilder(int64_t channels, int64_t size) : net_(cnn_net_create(nullptr)) {
        const int64_t shape[] = {channels, size, size};
        node_ = cnn_net_input(net_, nullptr, 3, shape);
    }
    cnn_net *net() const { return net_; }
    double flops() const { return flops_; }
    cnn_node node() const { return node_; }
    void set_node(cnn_node node) { node_ = node; }

    struct Conv {
        int64_t filters, kernel, stride = 1, pad = 0, groups = 1;
        bool bias = true;
        cnn_activation_kind activation = CNN_LINEAR;
    };
    void conv(const Conv &c) {
        cnn_conv2d d{};
        d.filters = c.filters;
        d.kernel[0] = c.kernel;
        d.stride[0] = c.stride;
        d.groups = c.groups;
        for (int64_t &p : d.padding) p = c.pad;
        d.no_bias = !c.bias;
        d.activation = c.activation;
        const int64_t inputs = shape(node_).shape[0];
        node_ = cnn_net_conv2d(net_, node_, &d);
        const cnn_node_info y = shape(node_);
        flops_ += 2.0 * static_cast<double>(y.shape[0] * y.shape[1] * y.shape[2] * c.kernel *
                                            c.kernel * inputs / c.groups);
    }
    void norm(cnn_activation_kind activation) {
        cnn_batch_norm d{};
        d.activation = activation;
        node_ = cnn_net_batch_norm(net_, node_, &d);
    }
    // Convolution without bias, batch norm, activation.
    void conv_norm(int64_t filters, int64_t kernel, int64_t stride, cnn_activation_kind activation,
                   int64_t groups = 1) {
        conv({filters, kernel, stride, kernel / 2, groups, false, CNN_LINEAR});
        norm(activation);
    }
    void max_pool(int64_t window, int64_t stride, int64_t pad = 0) {
        cnn_pool2d d{};
        d.window[0] = window;
        d.stride[0] = stride;
        for (int64_t &p : d.padding) p = pad;
        node_ = cnn_net_max_pool2d(net_, node_, &d);
    }
    void global_average() { node_ = cnn_net_global_average_pool2d(net_, node_, nullptr); }
    void dense(int64_t units, cnn_activation_kind activation) {
        const cnn_node_info x = shape(node_);
        cnn_dense d{};
        d.units = units;
        d.activation = activation;
        node_ = cnn_net_dense(net_, node_, &d);
        double inputs = 1;
        for (int i = 0; i < x.rank; ++i) inputs *= static_cast<double>(x.shape[i]);
        flops_ += 2 * inputs * static_cast<double>(units);
    }
    void add(cnn_node other, cnn_activation_kind activation) {
        const cnn_node both[] = {other, node_};
        cnn_add d{};
        d.activation = activation;
        node_ = cnn_net_add(net_, both, 2, &d);
    }
    void classify() {
        cnn_loss d{};
        d.kind = CNN_LOSS_SOFTMAX_CROSS_ENTROPY;
        cnn_net_loss(net_, node_, &d);
    }
    int64_t channels() const { return shape(node_).shape[0]; }

  private:
    cnn_node_info shape(cnn_node node) const {
        cnn_node_info info{};
        cnn_error error{};
        if (cnn_net_describe_node(net_, node, &info, &error)) give_up(error);
        return info;
    }

    cnn_net *net_;
    cnn_node node_ = 0;
    double flops_ = 0;
};

}  // namespace cnn::bench

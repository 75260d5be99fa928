// oneDNN's convolutions: in the layouts that it chooses itself, reorders not counted, and with
// activations in plain NCHW. Without a bias, as ours are timed.
#include <omp.h>
#ifdef __linux__
#include <sched.h>
#endif

#include <dnnl.hpp>

#include "../timing.h"
#include "peer.h"

namespace cnn::bench {
namespace {

using dnnl::memory;
using Arguments = std::unordered_map<int, memory>;

// While it lives, OpenMP's threads have a CPU each: unbound, two may share one. The threads that
// others start meanwhile would inherit it, so the calling one is set free again.
class Bound {
#ifdef __linux__
  public:
    Bound() {
        if (sched_getaffinity(0, sizeof before_, &before_) != 0) return;
#pragma omp parallel
        bind(omp_get_thread_num());
    }
    ~Bound() {
        sched_setaffinity(0, sizeof before_, &before_);
    }
    Bound(const Bound &) = delete;
    Bound &operator=(const Bound &) = delete;

  private:
    // To the n-th of the CPUs that were allowed, or to none in particular where there are fewer.
    void bind(int n) const {
        for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
            if (!CPU_ISSET(cpu, &before_) || n-- > 0) continue;
            cpu_set_t one;
            CPU_ZERO(&one);
            CPU_SET(cpu, &one);
            sched_setaffinity(0, sizeof one, &one);
            return;
        }
    }
    cpu_set_t before_{};
#endif
};

class OneDnn : public Peer {
  public:
    OneDnn(std::string name, memory::format_tag layout, dnnl::algorithm algorithm)
        : name_(std::move(name)), layout_(layout), algorithm_(algorithm) {}

    std::string name() const override { return name_; }

    double time(const ConvShape &shape, Direction direction, double seconds) override {
        [[maybe_unused]] const Bound bound;
        try {
            return timed(shape, direction, seconds);
        } catch (const dnnl::error &) {
            return std::nan("");
        }
    }

  private:
    struct Descriptors {
        memory::desc x, w, y;
        memory::dims strides, dilates, begin, end;
    };

    Descriptors descriptors(const ConvShape &s) const {
        constexpr auto real = memory::data_type::f32;
        const memory::dims w =
            s.groups == 1
                ? memory::dims{s.out, s.in, s.kernel_h, s.kernel_w}
                : memory::dims{s.groups, s.out / s.groups, s.in / s.groups, s.kernel_h, s.kernel_w};
        return {{{s.n, s.in, s.height, s.width}, real, layout_},
                {w, real, memory::format_tag::any},
                {{s.n, s.out, s.out_height(), s.out_width()}, real, layout_},
                {s.stride_h, s.stride_w},
                {s.dilation_h - 1, s.dilation_w - 1},
                {s.top, s.left},
                {s.bottom, s.right}};
    }

    memory filled(const memory::desc &description) const {
        memory made(description, engine_);
        fill(static_cast<float *>(made.get_data_handle()),
             static_cast<int64_t>(description.get_size() / 4));
        return made;
    }

    double timed(const ConvShape &shape, Direction direction, double seconds) {
        const Descriptors d = descriptors(shape);
        using Forward = dnnl::convolution_forward;
        const Forward::primitive_desc forward({dnnl::prop_kind::forward_training, algorithm_, d.x,
                                               d.w, d.y, d.strides, d.dilates, d.begin, d.end},
                                              engine_);
        if (direction == Direction::forward)
            return run(Forward(forward),
                       {{DNNL_ARG_SRC, filled(forward.src_desc())},
                        {DNNL_ARG_WEIGHTS, filled(forward.weights_desc())},
                        {DNNL_ARG_DST, filled(forward.dst_desc())}},
                       seconds);
        if (direction == Direction::backward_data) {
            using Backward = dnnl::convolution_backward_data;
            const Backward::primitive_desc backward(
                {algorithm_, d.x, d.w, d.y, d.strides, d.dilates, d.begin, d.end}, engine_,
                forward);
            return run(Backward(backward),
                       {{DNNL_ARG_DIFF_SRC, filled(backward.diff_src_desc())},
                        {DNNL_ARG_WEIGHTS, filled(backward.weights_desc())},
                        {DNNL_ARG_DIFF_DST, filled(backward.diff_dst_desc())}},
                       seconds);
        }
        using Backward = dnnl::convolution_backward_weights;
        const Backward::primitive_desc backward(
            {algorithm_, d.x, d.w, d.y, d.strides, d.dilates, d.begin, d.end}, engine_, forward);
        return run(Backward(backward),
                   {{DNNL_ARG_SRC, filled(backward.src_desc())},
                    {DNNL_ARG_DIFF_WEIGHTS, filled(backward.diff_weights_desc())},
                    {DNNL_ARG_DIFF_DST, filled(backward.diff_dst_desc())}},
                   seconds);
    }

    double run(const dnnl::primitive &primitive, const Arguments &arguments, double seconds) {
        return median_seconds(
            [&] {
                primitive.execute(stream_, arguments);
                stream_.wait();
            },
            seconds);
    }

    std::string name_;
    memory::format_tag layout_;
    dnnl::algorithm algorithm_;
    dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
    dnnl::stream stream_{engine_};
};

}  // namespace

void add_onednn(std::vector<std::unique_ptr<Peer>> &peers, int threads) {
    omp_set_num_threads(threads);
    using dnnl::algorithm;
    using Tag = memory::format_tag;
    peers.push_back(std::make_unique<OneDnn>("dnnl", Tag::any, algorithm::convolution_direct));
    peers.push_back(std::make_unique<OneDnn>("dnnl-auto", Tag::any, algorithm::convolution_auto));
    peers.push_back(
        std::make_unique<OneDnn>("dnnl-nchw", Tag::nchw, algorithm::convolution_direct));
}

}  // namespace cnn::bench

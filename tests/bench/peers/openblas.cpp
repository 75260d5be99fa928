// Convolutions as frameworks without kernels of their own do them, in plain NCHW: im2col and
// OpenBLAS's SGEMM, image by image; what is a product already, 1x1 or dense, without im2col.
#include <cblas.h>

#include <vector>

#include "../timing.h"
#include "peer.h"

namespace cnn::bench {
namespace {

class OpenBlas : public Peer {
  public:
    std::string name() const override { return "openblas"; }

    double time(const ConvShape &shape, Direction direction, double seconds) override {
        const int64_t places = shape.out_height() * shape.out_width();
        columns_.resize(static_cast<size_t>(rows(shape) * shape.groups * places));
        x_.resize(static_cast<size_t>(shape.input_elements()));
        w_.resize(static_cast<size_t>(shape.weights()));
        y_.resize(static_cast<size_t>(shape.output_elements()));
        for (std::vector<float> *each : {&x_, &w_, &y_})
            fill(each->data(), static_cast<int64_t>(each->size()));
        if (is_dense(shape)) return median_seconds([&] { dense(shape, direction); }, seconds);
        return median_seconds(
            [&] {
                for (int64_t i = 0; i < shape.n; ++i) image(shape, direction, i);
            },
            seconds);
    }

  private:
    static bool is_unpadded(const ConvShape &s) {
        return s.top == 0 && s.left == 0 && s.bottom == 0 && s.right == 0;
    }
    // The kernel covers the image.
    static bool is_dense(const ConvShape &s) {
        return s.groups == 1 && is_unpadded(s) && s.kernel_h == s.height && s.kernel_w == s.width;
    }
    // The image is its own matrix of patches.
    static bool is_pointwise(const ConvShape &s) {
        return is_unpadded(s) && s.kernel_h == 1 && s.kernel_w == 1 && s.stride_h == 1 &&
               s.stride_w == 1;
    }
    static int64_t rows(const ConvShape &s) { return s.in / s.groups * s.kernel_h * s.kernel_w; }

    void dense(const ConvShape &s, Direction direction) {
        const auto n = static_cast<int>(s.n), out = static_cast<int>(s.out),
                   in = static_cast<int>(rows(s));
        float *const x = x_.data(), *const w = w_.data(), *const y = y_.data();
        if (direction == Direction::forward)
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, out, in, 1, x, in, w, in, 0, y,
                        out);
        else if (direction == Direction::backward_data)
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, in, out, 1, y, out, w, in, 0,
                        x, in);
        else
            cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, out, in, n, 1, y, out, x, in, 0, w,
                        in);
    }

    void image(const ConvShape &s, Direction direction, int64_t i) {
        const int64_t places = s.out_height() * s.out_width();
        float *const x = x_.data() + i * s.in * s.height * s.width;
        float *const y = y_.data() + i * s.out * places;
        if (direction == Direction::backward_weights && i == 0)
            std::fill(w_.begin(), w_.end(), 0.0F);
        const bool pointwise = is_pointwise(s);
        if (!pointwise && direction != Direction::backward_data) patches<false>(s, x);
        const auto m = static_cast<int>(s.out / s.groups), n = static_cast<int>(places),
                   k = static_cast<int>(rows(s));
        for (int64_t g = 0; g < s.groups; ++g) {
            float *const columns = (pointwise ? x : columns_.data()) + g * rows(s) * places;
            float *const w = w_.data() + g * m * k, *const out = y + g * m * places;
            if (direction == Direction::forward)
                cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1, w, k, columns, n,
                            0, out, n);
            else if (direction == Direction::backward_data)
                cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, k, n, m, 1, w, k, out, n, 0,
                            columns, n);
            else
                cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, k, n, 1, out, n, columns, n,
                            1, w, k);
        }
        if (!pointwise && direction == Direction::backward_data) {
            std::fill_n(x, s.in * s.height * s.width, 0.0F);
            patches<true>(s, x);
        }
    }

    // Image to columns, or their sum back into the image.
    template <bool kBack>
    void patches(const ConvShape &s, float *x) {
        float *column = columns_.data();
        for (int64_t c = 0; c < s.in; ++c)
            for (int64_t u = 0; u < s.kernel_h; ++u)
                for (int64_t v = 0; v < s.kernel_w; ++v)
                    for (int64_t i = 0; i < s.out_height(); ++i) {
                        const int64_t row = i * s.stride_h - s.top + u * s.dilation_h;
                        const bool inside = row >= 0 && row < s.height;
                        float *const line = x + (c * s.height + (inside ? row : 0)) * s.width;
                        for (int64_t j = 0; j < s.out_width(); ++j, ++column) {
                            const int64_t at = j * s.stride_w - s.left + v * s.dilation_w;
                            const bool there = inside && at >= 0 && at < s.width;
                            if constexpr (kBack) {
                                if (there) line[at] += *column;
                            } else {
                                *column = there ? line[at] : 0;
                            }
                        }
                    }
    }

    std::vector<float> x_, w_, y_, columns_;
};

}  // namespace

void add_openblas(std::vector<std::unique_ptr<Peer>> &peers, int threads) {
    openblas_set_num_threads(threads);
    peers.push_back(std::make_unique<OpenBlas>());
}

}  // namespace cnn::bench

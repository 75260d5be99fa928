// Index formulas: input = output * stride - pad + tap * dilation.
#include "ops/convolution_matrix.h"

#include <cmath>

#include "base/error.h"
#include "base/text.h"

namespace cnn {

namespace {

size_t at(int64_t i) {
    return static_cast<size_t>(i);
}

int64_t index_of(const Shape &image, ImageOrder order, int64_t c, int64_t y, int64_t x) {
    return order == ImageOrder::chw ? (c * image[1] + y) * image[2] + x
                                    : (y * image[2] + x) * image[0] + c;
}

struct Place {
    int64_t c, y, x;
};

Place place_of(const Shape &image, ImageOrder order, int64_t index) {
    if (order == ImageOrder::chw)
        return {index / (image[1] * image[2]), index / image[2] % image[1], index % image[2]};
    return {index % image[0], index / (image[2] * image[0]), index / image[0] % image[2]};
}

// Where a tap lands; -1 in the padding.
int64_t landing(const Window &window, size_t axis, int64_t size, int64_t output, int64_t tap) {
    const int64_t input =
        output * window.stride[axis] - window.pad_begin[axis] + tap * window.dilation[axis];
    return input >= 0 && input < size ? input : -1;
}

// The tap that joins an output and an input; -1 where none does.
int64_t tap_between(const Window &window, size_t axis, int64_t output, int64_t input) {
    const int64_t offset = input + window.pad_begin[axis] - output * window.stride[axis];
    if (offset < 0 || offset % window.dilation[axis] != 0) return -1;
    const int64_t tap = offset / window.dilation[axis];
    return tap < window.kernel[axis] ? tap : -1;
}

// The entry of the kernel that joins them; -1 for none.
int64_t entry_between(const Convolution &conv, const Place &y, const Place &x) {
    const int64_t inputs = conv.input[0] / conv.groups, outputs = conv.output[0] / conv.groups;
    if (x.c / inputs != y.c / outputs) return -1;
    const int64_t u = tap_between(conv.window, 0, y.y, x.y);
    const int64_t v = tap_between(conv.window, 1, y.x, x.x);
    if (u < 0 || v < 0) return -1;
    const auto &kernel = conv.window.kernel;
    return conv.entry_of(((y.c * inputs + x.c % inputs) * kernel[0] + u) * kernel[1] + v);
}

// Builds sparse rows from left to right.
class Rows {
  public:
    Rows(int64_t rows, int64_t columns, int64_t entries) : rows_(rows), columns_(columns) {
        offsets_.reserve(at(rows) + 1);
        offsets_.push_back(0);
        column_of_.reserve(at(entries));
        values_.reserve(at(entries));
    }
    void add(int64_t column, float value) {
        column_of_.push_back(column);
        values_.push_back(value);
    }
    void end_row() { offsets_.push_back(static_cast<int64_t>(values_.size())); }
    Matrix take() {
        return Matrix::sparse(rows_, columns_, std::move(offsets_), std::move(column_of_),
                              std::move(values_));
    }

  private:
    int64_t rows_, columns_;
    std::vector<int64_t> offsets_, column_of_;
    std::vector<float> values_;
};

// Calls f(tap y, tap x, input y, input x) for the taps that meet the input at an output's place.
template <class F>
void for_taps(const Convolution &conv, int64_t y, int64_t x, const F &f) {
    for (int64_t u = 0; u < conv.window.kernel[0]; ++u) {
        const int64_t iy = landing(conv.window, 0, conv.input[1], y, u);
        if (iy < 0) continue;
        for (int64_t v = 0; v < conv.window.kernel[1]; ++v) {
            const int64_t ix = landing(conv.window, 1, conv.input[2], x, v);
            if (ix >= 0) f(u, v, iy, ix);
        }
    }
}

int64_t connections(const Convolution &conv) {
    int64_t total = 0;
    for (int64_t n : position_counts(conv)) total += n;
    return total;
}

}  // namespace

Shape Convolution::weight() const {
    return {output[0], input[0] / groups, window.kernel[0], window.kernel[1]};
}

void patches(const Convolution &conv, int64_t n, const float *z, float *phi) {
    const int64_t size = conv.input.elements();
    for (int64_t k = 0; k < n; ++k, z += size)
        for (int64_t c = 0; c < conv.input[0]; ++c)
            for (int64_t u = 0; u < conv.window.kernel[0]; ++u)
                for (int64_t v = 0; v < conv.window.kernel[1]; ++v)
                    for (int64_t y = 0; y < conv.output[1]; ++y)
                        for (int64_t x = 0; x < conv.output[2]; ++x) {
                            const int64_t iy = landing(conv.window, 0, conv.input[1], y, u);
                            const int64_t ix = landing(conv.window, 1, conv.input[2], x, v);
                            const bool inside = iy >= 0 && ix >= 0;
                            *phi++ =
                                inside ? z[index_of(conv.input, ImageOrder::chw, c, iy, ix)] : 0.0f;
                        }
}

Matrix patch_matrix(const Convolution &conv, ImageOrder order) {
    const int64_t height = conv.patch_rows(), width = conv.positions();
    const int64_t taps = conv.window.kernel[0] * conv.window.kernel[1];
    Rows rows(height * width, conv.input.elements(), height * width);
    const auto add = [&](int64_t row, int64_t position) {
        const int64_t iy = landing(conv.window, 0, conv.input[1], position / conv.output[2],
                                   row % taps / conv.window.kernel[1]);
        const int64_t ix = landing(conv.window, 1, conv.input[2], position % conv.output[2],
                                   row % conv.window.kernel[1]);
        if (iy >= 0 && ix >= 0) rows.add(index_of(conv.input, order, row / taps, iy, ix), 1);
        rows.end_row();
    };
    if (order == ImageOrder::chw) {
        for (int64_t row = 0; row < height; ++row)
            for (int64_t position = 0; position < width; ++position) add(row, position);
    } else {
        for (int64_t position = 0; position < width; ++position)
            for (int64_t row = 0; row < height; ++row) add(row, position);
    }
    return rows.take();
}

Matrix convolution_matrix(const Convolution &conv, const std::vector<float> &weight,
                          ImageOrder order, bool dense) {
    const int64_t height = conv.output.elements(), width = conv.input.elements();
    const int64_t inputs = conv.input[0] / conv.groups, outputs = conv.output[0] / conv.groups;
    const auto &kernel = conv.window.kernel;
    std::vector<float> elements;
    if (dense) elements.resize(at(checked_matrix_elements(height, width)));
    Rows rows(dense ? 0 : height, width, dense ? 0 : connections(conv));
    for (int64_t row = 0; row < height; ++row) {
        const Place y = place_of(conv.output, order, row);
        const auto add = [&](int64_t i, int64_t u, int64_t v, int64_t iy, int64_t ix) {
            const int64_t c = y.c / outputs * inputs + i;
            const int64_t column = index_of(conv.input, order, c, iy, ix);
            const int64_t entry =
                conv.entry_of(((y.c * inputs + i) * kernel[0] + u) * kernel[1] + v);
            if (entry < 0) return;
            const float w = weight[at(entry)];
            if (dense)
                elements[at(row * width + column)] = w;
            else
                rows.add(column, w);
        };
        // Whichever order makes the columns ascend.
        if (order == ImageOrder::chw) {
            for (int64_t i = 0; i < inputs; ++i)
                for_taps(conv, y.y, y.x, [&](int64_t u, int64_t v, int64_t iy, int64_t ix) {
                    add(i, u, v, iy, ix);
                });
        } else {
            for_taps(conv, y.y, y.x, [&](int64_t u, int64_t v, int64_t iy, int64_t ix) {
                for (int64_t i = 0; i < inputs; ++i) add(i, u, v, iy, ix);
            });
        }
        if (!dense) rows.end_row();
    }
    return dense ? Matrix::dense(height, width, std::move(elements)) : rows.take();
}

std::vector<int64_t> position_counts(const Convolution &conv) {
    const auto along = [&](size_t axis, int64_t tap) {
        int64_t count = 0;
        const int sized = static_cast<int>(axis) + 1;
        for (int64_t i = 0; i < conv.output[sized]; ++i)
            if (landing(conv.window, axis, conv.input[sized], i, tap) >= 0) ++count;
        return count;
    };
    std::vector<int64_t> counts(at(conv.entries), 0);
    const auto &kernel = conv.window.kernel;
    for (int64_t u = 0; u < kernel[0]; ++u)
        for (int64_t v = 0; v < kernel[1]; ++v) {
            const int64_t places = along(0, u) * along(1, v);
            for (int64_t i = u * kernel[1] + v; i < conv.weight().elements();
                 i += kernel[0] * kernel[1])
                if (const int64_t entry = conv.entry_of(i); entry >= 0) counts[at(entry)] += places;
        }
    return counts;
}

double project_to_kernel(const Convolution &conv, const Matrix &m, ImageOrder order,
                         std::vector<float> &weight) {
    if (m.rows() != conv.output.elements() || m.columns() != conv.input.elements())
        fail(Status::shape_mismatch,
             text("the matrix is ", m.rows(), " x ", m.columns(), ", but the convolution's is ",
                  conv.output.elements(), " x ", conv.input.elements()));
    const auto entry = [&](int64_t row, int64_t column) {
        return entry_between(conv, place_of(conv.output, order, row),
                             place_of(conv.input, order, column));
    };
    std::vector<double> sums(weight.size(), 0.0);
    std::vector<int64_t> stored(weight.size(), 0);
    m.for_each([&](int64_t row, int64_t column, float value) {
        const int64_t i = entry(row, column);
        if (i < 0) return;
        sums[at(i)] += static_cast<double>(value);
        ++stored[at(i)];
    });
    const std::vector<int64_t> counts = position_counts(conv);
    // What a sparse matrix leaves out is zero.
    double missed = 0, total = 0;
    for (size_t i = 0; i < weight.size(); ++i) {
        const int64_t n = counts[i];
        if (n == 0) continue;
        weight[i] = static_cast<float>(sums[i] / static_cast<double>(n));
        const auto w = static_cast<double>(weight[i]);
        missed += static_cast<double>(n - stored[i]) * w * w;
    }
    m.for_each([&](int64_t row, int64_t column, float value) {
        const int64_t i = entry(row, column);
        const auto element = static_cast<double>(value);
        const double difference = element - (i < 0 ? 0 : static_cast<double>(weight[at(i)]));
        missed += difference * difference;
        total += element * element;
    });
    return total > 0 ? std::sqrt(missed / total) : 0;
}

}  // namespace cnn

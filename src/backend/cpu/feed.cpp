// Brings samples from the host's memory into a tensor: gathers rows, converts, normalises by
// channel and lays them out, in one pass.
#include <array>
#include <cmath>
#include <cstring>

#include "backend/cpu/move.h"
#include "backend/cpu/operations.h"
#include "backend/cpu/view.h"
#include "base/error.h"

namespace cnn::cpu {

namespace {

constexpr size_t kMaxLanes = 16;
constexpr int64_t kPiece = 128;  // pixels converted at a time, then transposed

void candidates(const Machine &machine, const FusedOp &op, std::vector<Candidate> &out) {
    const Tensor &tensor = op.tensors[static_cast<size_t>(op.head().outputs[0])];
    for (Form form : forms_of(tensor)) {
        Candidate candidate;
        candidate.algorithm = form == Form::plain       ? "plain"
                              : form == Form::n_blocked ? "vector_n"
                                                        : "vector_c";
        const Layout layout = layout_of(machine, form);
        candidate.layouts = {layout};
        // From memory that is seldom in a cache.
        const double bytes = 2 * bytes_in(tensor, layout);
        candidate.seconds = Machine::kLaunchSeconds + bytes / machine.bytes_per_second;
        out.push_back(std::move(candidate));
    }
}

int64_t size_of_host(HostType type) {
    switch (type) {
        case HostType::f32:
        case HostType::i32:
            return 4;
        case HostType::u8:
            return 1;
        case HostType::i64:
            return 8;
    }
    return 0;
}

const std::byte *row_of(const Feed &feed, int64_t sample, int64_t row_bytes) {
    return feed.data + (feed.rows == nullptr ? sample : feed.rows[sample]) * row_bytes;
}

// Reads channels of samples as floats.
struct Reader {
    const MoveKernels &kernels;
    const Feed &feed;
    const View &view;
    int64_t element, row_bytes;

    Reader(const Machine &machine, const Feed &f, const View &v)
        : kernels(*machine.simd.move),
          feed(f),
          view(v),
          element(size_of_host(f.type)),
          row_bytes(v.channels * v.spatial * element) {}

    // Pixels [begin, begin + count) of a channel.
    void read(int64_t sample, int64_t channel, int64_t begin, int64_t count, float *to) const {
        const int64_t at =
            feed.nhwc ? begin * view.channels + channel : channel * view.spatial + begin;
        const int64_t stride = feed.nhwc ? view.channels : 1;
        const std::byte *const from = row_of(feed, sample, row_bytes) + at * element;
        convert(from, stride, count, channel, to);
    }

    // Channels [begin, begin + count) of a sample of one pixel, which lie side by side.
    void read_channels(int64_t sample, int64_t begin, int64_t count, float *to) const {
        const std::byte *const from = row_of(feed, sample, row_bytes);
        for (int64_t done = 0, run; done < count; done += run) {
            const int64_t channel = begin + done;
            // All from the fourth on are normalised alike.
            for (run = 1; done + run < count && alike(channel, channel + run); ++run)
                if (channel + run >= 3) {
                    run = count - done;
                    break;
                }
            convert(from + channel * element, 1, run, channel, to + done);
        }
    }

  private:
    static size_t norm_of(int64_t channel) {
        return static_cast<size_t>(std::min<int64_t>(channel, 3));
    }
    bool alike(int64_t a, int64_t b) const {
        return feed.mean[norm_of(a)] == feed.mean[norm_of(b)] &&
               feed.scale[norm_of(a)] == feed.scale[norm_of(b)];
    }
    void convert(const std::byte *from, int64_t stride, int64_t count, int64_t channel,
                 float *to) const {
        const float mean = feed.mean[norm_of(channel)], scale = feed.scale[norm_of(channel)];
        if (feed.type == HostType::u8) {
            kernels.from_bytes(reinterpret_cast<const uint8_t *>(from), stride, count, mean, scale,
                               to);
        } else if (feed.type == HostType::f32) {
            kernels.from_floats(reinterpret_cast<const float *>(from), stride, count, mean, scale,
                                to);
        } else {
            read_integers(from, stride, count, mean, scale, to);
        }
    }
    void read_integers(const std::byte *from, int64_t stride, int64_t count, float mean,
                       float scale, float *to) const {
        for (int64_t i = 0; i < count; ++i) {
            int64_t value = 0;
            if (feed.type == HostType::i64) {
                std::memcpy(&value, from + 8 * i * stride, 8);
            } else {
                int32_t narrow;
                std::memcpy(&narrow, from + 4 * i * stride, 4);
                value = narrow;
            }
            to[i] = (static_cast<float>(value) - mean) * scale;
        }
    }
};

// One channel of a block of samples, or one block of channels of a sample, as vectors.
void feed_vectors(const Machine &machine, const Reader &reader, int64_t unit, float *to) {
    const View &v = reader.view;
    const int64_t width = machine.width();
    const bool samples = v.form == Form::n_blocked;
    const int64_t outer = unit / v.blocks, inner = unit % v.blocks;
    const int64_t rows =
        std::min(width, samples ? v.n - outer * width : v.channels - inner * width);
    alignas(64) std::array<float, kMaxLanes * kPiece> scratch;
    std::array<const float *, kMaxLanes> row;
    for (int64_t begin = 0; begin < v.spatial; begin += kPiece) {
        const int64_t count = std::min(kPiece, v.spatial - begin);
        for (int64_t l = 0; l < rows; ++l) {
            float *const piece = scratch.data() + l * kPiece;
            row[static_cast<size_t>(l)] = piece;
            reader.read(samples ? outer * width + l : outer, samples ? inner : inner * width + l,
                        begin, count, piece);
        }
        machine.simd.move->rows_to_lanes(row.data(), rows, count,
                                         to + (unit * v.spatial + begin) * width);
    }
}

// Rank 2 in blocks of samples: channels are the columns, one row a sample.
void feed_rows(const Machine &machine, const Reader &reader, int64_t block, int64_t begin,
               int64_t count, float *to) {
    const View &v = reader.view;
    const int64_t width = machine.width(), first = block * width;
    const int64_t rows = std::min(width, v.n - first);
    alignas(64) std::array<float, kMaxLanes * kPiece> scratch;
    std::array<const float *, kMaxLanes> row;
    for (int64_t l = 0; l < rows; ++l) {
        float *const piece = scratch.data() + l * kPiece;
        row[static_cast<size_t>(l)] = piece;
        reader.read_channels(first + l, begin, count, piece);
    }
    machine.simd.move->rows_to_lanes(row.data(), rows, count,
                                     to + (block * v.channels + begin) * width);
}

void feed_labels(const Feed &feed, int64_t count, int64_t per_sample, int32_t *to) {
    const int64_t element = size_of_host(feed.type);
    for (int64_t i = 0; i < count; ++i) {
        const std::byte *const from =
            row_of(feed, i / per_sample, per_sample * element) + i % per_sample * element;
        switch (feed.type) {
            case HostType::u8:
                to[i] = static_cast<int32_t>(*from);
                break;
            case HostType::i32:
                std::memcpy(to + i, from, 4);
                break;
            case HostType::i64: {
                int64_t wide;
                std::memcpy(&wide, from, 8);
                // A label that no class can have stays one.
                to[i] = static_cast<int32_t>(std::clamp<int64_t>(wide, INT32_MIN, INT32_MAX));
                break;
            }
            case HostType::f32: {
                float value;
                std::memcpy(&value, from, 4);
                to[i] = std::abs(value) < 2147483648.0f ? static_cast<int32_t>(value) : -1;
                break;
            }
        }
    }
}

class FeedKernel final : public Kernel {
  public:
    FeedKernel(Machine &machine, const FusedOp &op, const Candidate &candidate)
        : machine_(machine),
          to_(op.head().outputs[0]),
          tensor_(op.tensors[static_cast<size_t>(to_)]),
          form_(
              form_of(machine, candidate.layouts[static_cast<size_t>(to_)]).value_or(Form::plain)) {
    }

    void launch(Queue &, const Launch &launch) override {
        const Feed &feed = *launch.feed;
        const View view = view_of(machine_, form_, tensor_, launch.n);
        if (tensor_.type == Type::i32) {
            const int64_t per_sample = std::max<int64_t>(tensor_.shape.elements_after(0), 1);
            feed_labels(feed, view.n * per_sample, per_sample, operand<int32_t>(launch, to_));
            return;
        }
        const Reader reader(machine_, feed, view);
        float *const to = operand(launch, to_);
        const double seconds = static_cast<double>(view.count) * 8 / machine_.bytes_per_second;
        if (form_ == Form::plain) {
            feed_plain(reader, seconds, to);
        } else if (form_ == Form::n_blocked && view.spatial == 1) {
            feed_rank2(reader, seconds, to);
        } else {
            const int64_t units = view.count / (view.spatial * machine_.width());
            for_ranges(machine_, units, seconds, [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; ++i) feed_vectors(machine_, reader, i, to);
            });
        }
    }

  private:
    void feed_plain(const Reader &reader, double seconds, float *to) {
        const View &v = reader.view;
        for_ranges(machine_, v.n * v.channels, seconds, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin, count = 1; i < end; i += count) {
                const int64_t sample = i / v.channels, channel = i % v.channels;
                if (v.spatial == 1) {
                    count = std::min(v.channels - channel, end - i);
                    reader.read_channels(sample, channel, count, to + i);
                } else {
                    reader.read(sample, channel, 0, v.spatial, to + i * v.spatial);
                }
            }
        });
    }
    void feed_rank2(const Reader &reader, double seconds, float *to) {
        const View &v = reader.view;
        const int64_t pieces = divide_up(v.channels, kPiece);
        for_ranges(machine_, divide_up(v.n, machine_.width()) * pieces, seconds,
                   [&](int64_t first, int64_t last) {
                       for (int64_t i = first; i < last; ++i) {
                           const int64_t begin = i % pieces * kPiece;
                           feed_rows(machine_, reader, i / pieces, begin,
                                     std::min(kPiece, v.channels - begin), to);
                       }
                   });
    }

    Machine &machine_;
    TensorId to_;
    Tensor tensor_;
    Form form_;
};

std::unique_ptr<Kernel> prepare(Machine &machine, const FusedOp &op, const Candidate &candidate) {
    return std::make_unique<FeedKernel>(machine, op, candidate);
}

}  // namespace

const Implementation kFeed = {candidates, prepare};

}  // namespace cnn::cpu

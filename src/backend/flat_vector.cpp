// Flat vectors between host and device.
#include "backend/flat_vector.h"

#include <algorithm>

namespace cnn {

void read_reals(Queue &queue, Ref from, int64_t real_bytes, float *to, int64_t count) {
    if (count == 0) return;
    if (real_bytes == 4) {
        queue.read(to, from, count * 4);
        return;
    }
    std::vector<double> wide(static_cast<size_t>(count));
    queue.read(wide.data(), from, count * 8);
    std::transform(wide.begin(), wide.end(), to, [](double v) { return static_cast<float>(v); });
}

void write_reals(Queue &queue, Ref to, int64_t real_bytes, const float *from, int64_t count) {
    if (count == 0) return;
    if (real_bytes == 4) {
        queue.write(to, from, count * 4);
        return;
    }
    const std::vector<double> wide(from, from + count);
    queue.write(to, wide.data(), count * 8);
}

double read_wide(Queue &queue, Ref from, int64_t real_bytes) {
    if (real_bytes == 4) {
        float parts[2];
        queue.read(parts, from, 8);
        return static_cast<double>(parts[0]) + static_cast<double>(parts[1]);
    }
    double parts[2];
    queue.read(parts, from, 16);
    return parts[0] + parts[1];
}

void FlatVector::hold_zeros() {
    if (zeros_ == 0) return;
    host_.resize(static_cast<size_t>(zeros_), 0.0f);
    zeros_ = 0;
}

void FlatVector::reserve(int64_t elements) {
    hold_zeros();
    const auto wanted = static_cast<size_t>(elements);
    if (host_.capacity() < wanted) host_.reserve(std::max(wanted, 2 * host_.size()));
}

void FlatVector::append(const std::vector<float> &values) {
    hold_zeros();
    host_.insert(host_.end(), values.begin(), values.end());
}

void FlatVector::append_zeros(int64_t count) {
    if (host_.empty())
        zeros_ += count;
    else
        host_.resize(host_.size() + static_cast<size_t>(count), 0.0f);
}

float *FlatVector::overwrite() {
    host_.resize(static_cast<size_t>(elements()));
    zeros_ = 0;
    return host_.data();
}

void FlatVector::read(Queue *queue, int64_t offset, float *to, int64_t count) const {
    if (buffer_)
        read_reals(*queue, at(offset), real_bytes_, to, count);
    else if (zeros_ > 0)
        std::fill_n(to, count, 0.0f);
    else
        std::copy_n(host_.begin() + offset, count, to);
}

void FlatVector::write(Queue *queue, int64_t offset, const float *from, int64_t count) {
    if (buffer_) {
        write_reals(*queue, at(offset), real_bytes_, from, count);
    } else {
        hold_zeros();
        std::copy_n(from, count, host_.begin() + offset);
    }
}

// From a device or into other reals piece by piece: what the device's allocator doesn't serve stays
// small.
FlatVector FlatVector::copied_to(const std::shared_ptr<Device> &device, Queue &queue,
                                 Queue *from_queue) const {
    constexpr int64_t kPiece = 1 << 16;
    const int64_t count = elements();
    FlatVector copy;
    copy.device_ = device;
    copy.buffer_ = device->allocate(std::max<int64_t>(1, count) * device->real_bytes());
    copy.elements_ = count;
    copy.real_bytes_ = device->real_bytes();
    if (!buffer_ && zeros_ > 0) {
        queue.zero(copy.at(), count * copy.real_bytes_);
        return copy;
    }
    if (!buffer_ && copy.real_bytes_ == 4) {
        copy.write(&queue, 0, host_.data(), count);
        return copy;
    }
    std::vector<float> piece(static_cast<size_t>(std::min(count, kPiece)));
    for (int64_t first = 0; first < count; first += kPiece) {
        const int64_t size = std::min(kPiece, count - first);
        read(from_queue, first, piece.data(), size);
        copy.write(&queue, first, piece.data(), size);
    }
    return copy;
}

void FlatVector::move_to_host(Queue &from_queue) {
    if (!buffer_) return;
    UninitializedVector<float> values(static_cast<size_t>(elements_));
    read(&from_queue, 0, values.data(), elements_);
    host_ = std::move(values);
    buffer_.reset();
    device_.reset();
}

}  // namespace cnn

// A flat vector of reals that lives on the host, in float, until it is put on a device: theta, s,
// and the states of optimizers. It survives a change of device.
#pragma once

#include <memory>
#include <vector>

#include "backend/backend.h"
#include "base/uninitialized.h"

namespace cnn {

class FlatVector {
  public:
    // Zeros, which take no memory before they are on a device or something is written to them.
    explicit FlatVector(int64_t elements = 0) : zeros_(elements) {}
    FlatVector(const FlatVector &) = delete;
    FlatVector(FlatVector &&) = default;
    FlatVector &operator=(FlatVector &&) = default;

    int64_t elements() const {
        return buffer_ ? elements_ : zeros_ + static_cast<int64_t>(host_.size());
    }
    // Only on the host: appends, without fail after reserving as many elements.
    void reserve(int64_t elements);
    void append(const std::vector<float> &values);
    void append_zeros(int64_t count);
    // Only on the host: its floats, all of which the caller sets.
    float *overwrite();

    // Both use the queue of the device it is on; host vectors need none.
    void read(Queue *queue, int64_t offset, float *to, int64_t count) const;
    void write(Queue *queue, int64_t offset, const float *from, int64_t count);

    Ref at(int64_t offset = 0) const { return {buffer_.get(), offset * real_bytes_}; }
    // Onto a device, from the host or, by from_queue, from the device it is on.
    FlatVector copied_to(const std::shared_ptr<Device> &device, Queue &queue,
                         Queue *from_queue) const;
    void move_to_host(Queue &from_queue);

  private:
    void hold_zeros();

    int64_t zeros_ = 0;  // not held; then host_ is empty
    UninitializedVector<float> host_;
    std::shared_ptr<Device> device_;  // outlives the buffer
    std::unique_ptr<Buffer> buffer_;
    int64_t elements_ = 0;
    int64_t real_bytes_ = 4;
};

// Copies `count` reals between a buffer and floats, whatever the size of the device's reals.
void read_reals(Queue &queue, Ref from, int64_t real_bytes, float *to, int64_t count);
void write_reals(Queue &queue, Ref to, int64_t real_bytes, const float *from, int64_t count);
// The double value of a `wide` element.
double read_wide(Queue &queue, Ref from, int64_t real_bytes);

}  // namespace cnn

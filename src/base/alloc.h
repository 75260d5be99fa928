// Memory of a device: the host's allocator or a default one, counted and limited.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace cnn {

// All or none of alloc and free; both may be called from any thread.
struct AllocatorHooks {
    void *user = nullptr;
    void *(*alloc)(void *user, size_t size, size_t align) = nullptr;
    void (*free)(void *user, void *ptr, size_t size, size_t align) = nullptr;
};

class Allocator {
  public:
    // Without hooks the default allocator serves. A limit of 0 is no limit.
    explicit Allocator(const AllocatorHooks &hooks = {}, size_t limit = 0);
    ~Allocator();
    Allocator(const Allocator &) = delete;
    Allocator &operator=(const Allocator &) = delete;

    // Throws Error(limit_exceeded) over the limit and Error(out_of_memory) where there is no
    // memory. `align` is a power of two; size 0 gives null.
    void *allocate(size_t size, size_t align);
    // Takes what allocate got and gave.
    void free(void *ptr, size_t size, size_t align) noexcept;

    size_t in_use() const noexcept { return in_use_.load(std::memory_order_relaxed); }
    size_t peak() const noexcept { return peak_.load(std::memory_order_relaxed); }
    size_t limit() const noexcept { return limit_; }
    // "host", "mimalloc" or "system".
    const char *kind() const noexcept { return kind_; }

    // Count memory that is not allocated here, such as a driver's buffers, against the limit.
    void reserve(size_t size);
    void unreserve(size_t size) noexcept;

  private:
    struct Mimalloc {
        void *(*alloc)(size_t size, size_t align);
        void (*free)(void *ptr);
    };

    static void *mimalloc_alloc(void *user, size_t size, size_t align);
    static void mimalloc_free(void *user, void *ptr, size_t size, size_t align);
    void open_mimalloc();

    AllocatorHooks hooks_;
    [[maybe_unused]] Mimalloc mimalloc_{};  // unused where it is built without
    const char *kind_ = "system";
    [[maybe_unused]] void *library_ = nullptr;
    size_t limit_;
    std::atomic<size_t> in_use_{0};
    std::atomic<size_t> peak_{0};
};

// One block of an Allocator, which it keeps alive.
class Memory {
  public:
    static constexpr size_t kAlign = 64;

    Memory() = default;
    Memory(std::shared_ptr<Allocator> allocator, size_t size, size_t align = kAlign);
    ~Memory() { reset(); }
    Memory(Memory &&other) noexcept { swap(other); }
    Memory &operator=(Memory &&other) noexcept {
        Memory taken(std::move(other));
        swap(taken);
        return *this;
    }
    Memory(const Memory &) = delete;
    Memory &operator=(const Memory &) = delete;

    void *data() const noexcept { return data_; }
    template <class T>
    T *as() const noexcept {
        return static_cast<T *>(data_);
    }
    size_t size() const noexcept { return size_; }
    explicit operator bool() const noexcept { return data_ != nullptr; }

    void reset() noexcept;
    void swap(Memory &other) noexcept;

  private:
    std::shared_ptr<Allocator> allocator_;
    void *data_ = nullptr;
    size_t size_ = 0;
    size_t align_ = kAlign;
};

}  // namespace cnn

// Memory of a device: the host's allocator or a default one, counted and limited.
#include "base/alloc.h"

#include <cstdint>
#include <cstdlib>
#include <new>

#include "base/error.h"
#include "base/text.h"

#if defined(CNN_MIMALLOC)
#include "base/library.h"
#endif
#if defined(_WIN32)
#include <malloc.h>
#endif

namespace cnn {
namespace {

#if defined(_WIN32)

void *system_alloc(void *, size_t size, size_t align) {
    return _aligned_malloc(size, align);
}

void system_free(void *, void *ptr, size_t, size_t) {
    _aligned_free(ptr);
}

#else

void *system_alloc(void *, size_t size, size_t align) {
    if (align < sizeof(void *)) align = sizeof(void *);
    if (size > SIZE_MAX - align) return nullptr;
    // aligned_alloc wants a multiple of the alignment.
    return std::aligned_alloc(align, (size + align - 1) / align * align);
}

void system_free(void *, void *ptr, size_t, size_t) {
    std::free(ptr);
}

#endif

bool is_aligned(const void *ptr, size_t align) {
    return reinterpret_cast<uintptr_t>(ptr) % align == 0;
}

}  // namespace

Allocator::Allocator(const AllocatorHooks &hooks, size_t limit) : hooks_(hooks), limit_(limit) {
    if ((hooks.alloc == nullptr) != (hooks.free == nullptr)) {
        fail(Status::invalid_argument, "allocator: give both alloc and free, or neither");
    }
    if (hooks.alloc != nullptr) {
        kind_ = "host";
        return;
    }
    hooks_ = {nullptr, system_alloc, system_free};
    open_mimalloc();
}

void *Allocator::mimalloc_alloc(void *user, size_t size, size_t align) {
    return static_cast<Mimalloc *>(user)->alloc(size, align);
}

void Allocator::mimalloc_free(void *user, void *ptr, size_t, size_t) {
    static_cast<Mimalloc *>(user)->free(ptr);
}

#if defined(CNN_MIMALLOC)

// Its own malloc and operator new, which the library also exports, stay out of the process.
void Allocator::open_mimalloc() {
#if defined(_WIN32)
    static constexpr const char *kNames[] = {"mimalloc.dll", "libmimalloc.dll"};
#elif defined(__APPLE__)
    static constexpr const char *kNames[] = {"libmimalloc.2.dylib", "libmimalloc.dylib"};
#else
    static constexpr const char *kNames[] = {"libmimalloc.so.2", "libmimalloc.so"};
#endif
    std::string why;
    library_ = open_library(kNames, why);
    if (library_ == nullptr) return;
    mimalloc_.alloc =
        reinterpret_cast<decltype(mimalloc_.alloc)>(library_symbol(library_, "mi_malloc_aligned"));
    mimalloc_.free =
        reinterpret_cast<decltype(mimalloc_.free)>(library_symbol(library_, "mi_free"));
    if (mimalloc_.alloc != nullptr && mimalloc_.free != nullptr) {
        hooks_ = {&mimalloc_, mimalloc_alloc, mimalloc_free};
        kind_ = "mimalloc";
    }
}

Allocator::~Allocator() {
    if (library_ != nullptr) close_library(library_);
}

#else

void Allocator::open_mimalloc() {}

Allocator::~Allocator() = default;

#endif

void Allocator::reserve(size_t size) {
    const size_t limit = limit_ != 0 ? limit_ : SIZE_MAX;
    size_t before = in_use_.load(std::memory_order_relaxed);
    do {
        if (size > limit || before > limit - size) {
            fail(Status::limit_exceeded,
                 text("memory: ", size, " bytes more, with ", before, " in use, take ",
                      before + size, ", but memory_limit is ", limit));
        }
    } while (!in_use_.compare_exchange_weak(before, before + size, std::memory_order_relaxed));

    size_t peak = peak_.load(std::memory_order_relaxed);
    while (peak < before + size &&
           !peak_.compare_exchange_weak(peak, before + size, std::memory_order_relaxed)) {
    }
}

void Allocator::unreserve(size_t size) noexcept {
    in_use_.fetch_sub(size, std::memory_order_relaxed);
}

void *Allocator::allocate(size_t size, size_t align) {
    if (size == 0) return nullptr;
    reserve(size);
    void *const ptr = hooks_.alloc(hooks_.user, size, align);
    if (ptr == nullptr) {
        unreserve(size);
        fail(Status::out_of_memory,
             text("out of memory: ", size, " bytes were asked for, ", in_use(), " are in use"));
    }
    if (!is_aligned(ptr, align)) {
        free(ptr, size, align);
        fail(Status::invalid_argument, text("allocator: the ", kind_, " allocator's block of ",
                                            size, " bytes is not aligned to ", align));
    }
    return ptr;
}

void Allocator::free(void *ptr, size_t size, size_t align) noexcept {
    if (ptr == nullptr) return;
    hooks_.free(hooks_.user, ptr, size, align);
    unreserve(size);
}

Memory::Memory(std::shared_ptr<Allocator> allocator, size_t size, size_t align)
    : allocator_(std::move(allocator)),
      data_(allocator_->allocate(size, align)),
      size_(size),
      align_(align) {}

void Memory::reset() noexcept {
    if (allocator_ != nullptr) allocator_->free(data_, size_, align_);
    allocator_.reset();
    data_ = nullptr;
    size_ = 0;
}

void Memory::swap(Memory &other) noexcept {
    std::swap(allocator_, other.allocator_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(align_, other.align_);
}

}  // namespace cnn

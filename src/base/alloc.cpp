// Memory of a device: the host's allocator or a default one, counted and limited.
#include "base/alloc.h"

#include <cstdint>
#include <cstdlib>
#include <new>

#include "base/error.h"
#include "base/text.h"

#if defined(CNN_MIMALLOC)
#include <dlfcn.h>
#endif

namespace cnn {
namespace {

void *system_alloc(void *, size_t size, size_t align) {
    if (align < sizeof(void *)) align = sizeof(void *);
    if (size > SIZE_MAX - align) return nullptr;
    // aligned_alloc wants a multiple of the alignment.
    return std::aligned_alloc(align, (size + align - 1) / align * align);
}

void system_free(void *, void *ptr, size_t, size_t) {
    std::free(ptr);
}

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

// RTLD_LOCAL keeps the malloc and operator new that the library also exports out of the process.
// RTLD_NODELETE: threads that allocated call into the library when they end, which may be after
// the last Allocator is gone.
void Allocator::open_mimalloc() noexcept {
    constexpr int kFlags = RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE;
    library_ = dlopen("libmimalloc.so.2", kFlags);
    if (library_ == nullptr) library_ = dlopen("libmimalloc.so", kFlags);
    if (library_ != nullptr) {
        mimalloc_.alloc =
            reinterpret_cast<decltype(mimalloc_.alloc)>(dlsym(library_, "mi_malloc_aligned"));
        mimalloc_.free = reinterpret_cast<decltype(mimalloc_.free)>(dlsym(library_, "mi_free"));
    }
    if (mimalloc_.alloc != nullptr && mimalloc_.free != nullptr) {
        hooks_ = {&mimalloc_, mimalloc_alloc, mimalloc_free};
        kind_ = "mimalloc";
    } else {
        dlerror();  // the host must not find our failure in its own next check
    }
}

Allocator::~Allocator() {
    if (library_ != nullptr) dlclose(library_);
}

#else

void Allocator::open_mimalloc() noexcept {}

Allocator::~Allocator() = default;

#endif

void Allocator::reserve(size_t size) {
    const size_t limit = limit_ != 0 ? limit_ : SIZE_MAX;
    size_t before = in_use_.load(std::memory_order_relaxed);
    do {
        if (size > limit || before > limit - size) {
            fail(Status::limit_exceeded, text("memory: ", size, " bytes requested with ", before,
                                              " in use would exceed the limit of ", limit));
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

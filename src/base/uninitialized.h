// A vector for what is about to be overwritten: new elements without a value aren't set, so that
// large memory isn't gone through twice.
#pragma once

#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace cnn {

template <class T>
class UninitializedAllocator : public std::allocator<T> {
  public:
    template <class U>
    struct rebind {
        using other = UninitializedAllocator<U>;
    };

    template <class U>
    void construct(U *at) noexcept {
        ::new (static_cast<void *>(at)) U;
    }
    template <class U, class... Arguments>
    void construct(U *at, Arguments &&...arguments) {
        ::new (static_cast<void *>(at)) U(std::forward<Arguments>(arguments)...);
    }
};

template <class T>
using UninitializedVector = std::vector<T, UninitializedAllocator<T>>;

}  // namespace cnn

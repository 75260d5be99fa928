// The host's way to run tasks on threads of its own.
#pragma once

#include <cstdint>

namespace cnn {

// Calls task(context, i) once for each i of [0, count) and returns when all have returned. Called
// from any thread, also from several at once. Null: none was given.
struct TaskRunner {
    void (*run)(void *user, int32_t count, void (*task)(void *context, int32_t index),
                void *context) = nullptr;
    void *user = nullptr;
};

}  // namespace cnn

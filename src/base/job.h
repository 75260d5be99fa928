// Work for another thread, linked into who holds it: posting one allocates nothing.
#pragma once

namespace cnn {

struct Job {
    void (*run)(Job &job);  // must not throw; may be the last that is done to it
    Job *next = nullptr;    // of who holds it
};

}  // namespace cnn

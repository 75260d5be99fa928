// Parameters and state that several nets run on, each from a thread of its own. On every device
// they are a version: whole, never changed, with the packed copies that plans there want. A
// hand-over publishes the next, and the last run on an older one frees it.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "backend/backend.h"
#include "base/process.h"

namespace cnn {

class SharedParameters {
  public:
    struct Version {
        uint64_t number = 0;  // no other of the set has it
        std::shared_ptr<Buffer> theta, s;
        std::vector<std::shared_ptr<Buffer>> packed;  // by Reader::want's numbers
        std::unique_ptr<Version> older;               // that couldn't be freed yet either
    };
    struct Values {
        std::vector<float> theta, s;
    };
    class Reader;

    explicit SharedParameters(Values values);
    SharedParameters(const SharedParameters &) = delete;
    ~SharedParameters();

    // Of one version.
    Values read() const;
    // The part of theta or s (space is parameter or state).
    void read(Space space, int64_t offset, float *values, int64_t count) const;
    // Makes the next version wherever there is one, packed, before any run begins with it.
    void hand_over(Values values);

  private:
    struct Place;

    std::unique_ptr<Place> without(const Place *place) noexcept;
    std::unique_ptr<Place> new_place(const std::shared_ptr<Device> &device);
    std::unique_ptr<Version> new_version(Place &place, const Values &values);
    static void pack(Place &place, Version &version, const std::vector<size_t> &wanted);
    static void publish(Place &place, std::unique_ptr<Version> version) noexcept;
    void read_locked(Space space, int64_t offset, float *values, int64_t count) const;
    Values read_locked() const;

    using Lock = std::unique_lock<std::timed_mutex>;
    // Throws Error(bad_state) in a forked process whose parent was holding it.
    Lock lock() const;
    // Without it there.
    Lock lock_or_none() const noexcept;

    ProcessMark mark_;
    // Held for as long as making a version takes, and never by a run.
    mutable std::timed_mutex making_;
    const int64_t theta_elements_, s_elements_;
    uint64_t next_number_ = 1;
    std::optional<Values> host_;  // until a net is compiled
    std::vector<std::unique_ptr<Place>> places_;
};

// A compiled net's way to the latest version on its device. Belongs to the net's thread.
class SharedParameters::Reader {
  public:
    Reader(std::shared_ptr<SharedParameters> set, const std::shared_ptr<Device> &device);
    Reader(const Reader &) = delete;
    ~Reader();
    // The net is compiled: the set may now live where its nets are, alone.
    void settle() noexcept;

    // Numbers of packed copies of parameters in layouts, in the version that is then the latest and
    // in every later one, while this reader lives.
    using Wish = std::pair<Tensor, Layout>;
    std::vector<size_t> want(const std::vector<Wish> &wishes);
    // Whether the latest version has that copy.
    bool has(const Wish &wish) const;

    // The latest version, which lives until the release; neither locks nor allocates where nothing
    // was handed over meanwhile.
    const Version &acquire() noexcept;
    void release() noexcept;

  private:
    friend class SharedParameters;

    std::shared_ptr<SharedParameters> set_;
    Place *place_ = nullptr;
    std::vector<size_t> wanted_;
    const Version *held_ = nullptr;
    std::atomic<const Version *> in_use_{nullptr};
};

}  // namespace cnn

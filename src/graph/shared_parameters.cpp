// Versions of shared parameters, and when they go.
#include "graph/shared_parameters.h"

#include <algorithm>
#include <chrono>

#include "backend/flat_vector.h"
#include "base/error.h"
#include "graph/reorder.h"

namespace cnn {

// What a device holds of the set.
struct SharedParameters::Place {
    struct Packing {
        Tensor tensor;
        Layout layout;
        std::unique_ptr<Kernel> kernel;
        int64_t bytes = 0;
        int64_t readers = 0;  // that want it
    };

    ~Place() { delete current.load(); }
    // The older versions that no run is on, once readers can no longer take them.
    std::unique_ptr<Version> unused() noexcept;
    void sweep(bool forked) noexcept;
    // The number of that copy, made on demand.
    size_t find(const Tensor &tensor, const Layout &layout);

    std::shared_ptr<Device> device;  // outlives the buffers
    std::unique_ptr<Queue> queue;
    std::vector<Packing> packings;
    std::atomic<Version *> current{nullptr};
    // Held for moments alone: runs wait for it after a hand-over.
    std::mutex retiring;
    std::unique_ptr<Version> retired;
    std::vector<Reader *> readers;
};

// A reader tells what it is on and then looks whether that is still the latest; a publisher
// replaces the latest and then looks what readers are on. In the one order of these four, one sees
// the other.
std::unique_ptr<SharedParameters::Version> SharedParameters::Place::unused() noexcept {
    std::unique_ptr<Version> found;
    for (std::unique_ptr<Version> *at = &retired; *at;) {
        const auto is_on = [&](const Reader *reader) {
            return reader->in_use_.load() == at->get();
        };
        if (std::any_of(readers.begin(), readers.end(), is_on)) {
            at = &(*at)->older;
            continue;
        }
        std::unique_ptr<Version> version = std::move(*at);
        *at = std::move(version->older);
        version->older = std::move(found);
        found = std::move(version);
    }
    return found;
}

size_t SharedParameters::Place::find(const Tensor &tensor, const Layout &layout) {
    for (size_t i = 0; i < packings.size(); ++i)
        if (packings[i].tensor == tensor && packings[i].layout == layout) return i;
    const int64_t bytes =
        layout.elements(tensor.shape) * size_of(tensor.type, device->real_bytes());
    packings.push_back(
        {tensor, layout, reorder_kernel(*device, tensor, Layout::plain(), layout), bytes, 0});
    return packings.size() - 1;
}

void SharedParameters::Place::sweep(bool forked) noexcept {
    std::unique_ptr<Version> freed;  // once the lock is gone
    std::unique_lock lock(retiring, std::defer_lock);
    if (!forked)
        lock.lock();
    else if (!lock.try_lock())
        return;
    freed = unused();
}

void SharedParameters::publish(Place &place, std::unique_ptr<Version> version) noexcept {
    std::unique_ptr<Version> freed;
    const std::lock_guard lock(place.retiring);
    std::unique_ptr<Version> before(place.current.exchange(version.release()));
    if (before) {
        before->older = std::move(place.retired);
        place.retired = std::move(before);
    }
    freed = place.unused();
}

SharedParameters::SharedParameters(Values values)
    : theta_elements_(static_cast<int64_t>(values.theta.size())),
      s_elements_(static_cast<int64_t>(values.s.size())),
      host_(std::move(values)) {}

SharedParameters::~SharedParameters() = default;

// A forked process can't know whether whoever holds it is one of its own threads; those are done
// sooner than this.
SharedParameters::Lock SharedParameters::lock_or_none() const noexcept {
    constexpr std::chrono::seconds kLongest{1};
    if (!mark_.forked()) return Lock(making_);
    return Lock(making_, kLongest);
}

SharedParameters::Lock SharedParameters::lock() const {
    Lock held = lock_or_none();
    if (!held.owns_lock())
        fail(Status::bad_state,
             "shared parameters: they were being handed over in another thread when this process "
             "was forked");
    return held;
}

namespace {

std::shared_ptr<Buffer> on_device(Device &device, Queue &queue, const std::vector<float> &values) {
    const auto count = static_cast<int64_t>(values.size());
    std::shared_ptr<Buffer> buffer =
        device.allocate(std::max<int64_t>(1, count) * device.real_bytes());
    write_reals(queue, {buffer.get(), 0}, device.real_bytes(), values.data(), count);
    return buffer;
}

}  // namespace

// Makes the copies that readers want and those of these numbers, where the version lacks them.
void SharedParameters::pack(Place &place, Version &version, const std::vector<size_t> &wanted) {
    version.packed.resize(place.packings.size());
    for (size_t i = 0; i < place.packings.size(); ++i) {
        const Place::Packing &packing = place.packings[i];
        const bool wants =
            packing.readers > 0 || std::find(wanted.begin(), wanted.end(), i) != wanted.end();
        if (!wants) version.packed[i].reset();
        if (!wants || version.packed[i]) continue;
        version.packed[i] = place.device->allocate(packing.bytes);
        const Ref refs[2] = {
            {version.theta.get(), packing.tensor.offset * place.device->real_bytes()},
            {version.packed[i].get(), 0}};
        Launch launch;
        launch.n = 1;
        launch.operands = refs;
        packing.kernel->launch(*place.queue, launch);
    }
    // Readers have queues of their own.
    place.queue->finish();
}

std::unique_ptr<SharedParameters::Version> SharedParameters::new_version(Place &place,
                                                                         const Values &values) {
    auto version = std::make_unique<Version>();
    version->number = next_number_++;
    version->theta = on_device(*place.device, *place.queue, values.theta);
    version->s = on_device(*place.device, *place.queue, values.s);
    pack(place, *version, {});
    return version;
}

std::unique_ptr<SharedParameters::Place> SharedParameters::new_place(
    const std::shared_ptr<Device> &device) {
    auto place = std::make_unique<Place>();
    place->device = device;
    place->queue = device->create_queue();
    place->current = new_version(*place, read_locked()).release();
    return place;
}

void SharedParameters::read_locked(Space space, int64_t offset, float *values,
                                   int64_t count) const {
    const bool is_state = space == Space::state;
    if (host_) {
        std::copy_n((is_state ? host_->s : host_->theta).begin() + offset, count, values);
        return;
    }
    const Place &place = *places_.front();
    const Version &version = *place.current.load();
    const int64_t real = place.device->real_bytes();
    const Ref from{(is_state ? version.s : version.theta).get(), offset * real};
    read_reals(*place.queue, from, real, values, count);
}

SharedParameters::Values SharedParameters::read_locked() const {
    Values values{std::vector<float>(static_cast<size_t>(theta_elements_)),
                  std::vector<float>(static_cast<size_t>(s_elements_))};
    read_locked(Space::parameter, 0, values.theta.data(), theta_elements_);
    read_locked(Space::state, 0, values.s.data(), s_elements_);
    return values;
}

void SharedParameters::read(Space space, int64_t offset, float *values, int64_t count) const {
    const Lock held = lock();
    read_locked(space, offset, values, count);
}

SharedParameters::Values SharedParameters::read() const {
    const Lock held = lock();
    return read_locked();
}

void SharedParameters::hand_over(Values values) {
    const Lock held = lock();
    std::vector<std::unique_ptr<Version>> versions;
    for (const auto &place : places_) versions.push_back(new_version(*place, values));
    // From here on nothing fails.
    for (size_t i = 0; i < places_.size(); ++i) publish(*places_[i], std::move(versions[i]));
    if (host_) host_ = std::move(values);
}

// Takes a place out where no net uses it and the values are elsewhere too.
std::unique_ptr<SharedParameters::Place> SharedParameters::without(const Place *place) noexcept {
    std::unique_ptr<Place> taken;
    const auto at = std::find_if(places_.begin(), places_.end(),
                                 [&](const auto &other) { return other.get() == place; });
    if (at == places_.end() || !place->readers.empty() || (!host_ && places_.size() == 1))
        return taken;
    taken = std::move(*at);
    places_.erase(at);
    return taken;
}

// ---- Readers

SharedParameters::Reader::Reader(std::shared_ptr<SharedParameters> set,
                                 const std::shared_ptr<Device> &device)
    : set_(std::move(set)) {
    const Lock held = set_->lock();
    for (const auto &place : set_->places_)
        if (place->device == device) place_ = place.get();
    std::unique_ptr<Place> made;
    if (!place_) {
        made = set_->new_place(device);
        place_ = made.get();
        set_->places_.reserve(set_->places_.size() + 1);
    }
    const std::lock_guard moment(place_->retiring);
    place_->readers.push_back(this);
    if (made) set_->places_.push_back(std::move(made));
}

SharedParameters::Reader::~Reader() {
    // Goes last: a device's end is told to the host.
    std::unique_ptr<Place> left;
    const Lock held = set_->lock_or_none();
    if (!held.owns_lock()) return;
    for (size_t number : wanted_) --place_->packings[number].readers;
    {
        const std::lock_guard moment(place_->retiring);
        std::erase(place_->readers, this);
    }
    left = set_->without(place_);
}

void SharedParameters::Reader::settle() noexcept {
    std::unique_ptr<Place> left;
    const Lock held = set_->lock_or_none();
    if (!held.owns_lock()) return;
    set_->host_.reset();
    // One at most: the last to be left stays only until there is another.
    const auto at = std::find_if(set_->places_.begin(), set_->places_.end(),
                                 [](const auto &place) { return place->readers.empty(); });
    if (at != set_->places_.end()) left = set_->without(at->get());
}

std::vector<size_t> SharedParameters::Reader::want(const std::vector<Wish> &wishes) {
    const Lock held = set_->lock();
    Place &place = *place_;
    std::vector<size_t> numbers;
    for (const auto &[tensor, layout] : wishes) numbers.push_back(place.find(tensor, layout));
    wanted_.reserve(wanted_.size() + numbers.size());
    const Version &latest = *place.current.load();
    const auto lacks = [&](size_t number) {
        return number >= latest.packed.size() || !latest.packed[number];
    };
    std::unique_ptr<Version> packed;
    if (std::any_of(numbers.begin(), numbers.end(), lacks)) {
        packed = std::make_unique<Version>();
        packed->number = set_->next_number_++;
        packed->theta = latest.theta;
        packed->s = latest.s;
        packed->packed = latest.packed;
        set_->pack(place, *packed, numbers);
    }
    for (size_t number : numbers) {
        ++place.packings[number].readers;
        wanted_.push_back(number);
    }
    if (packed) publish(place, std::move(packed));
    return numbers;
}

bool SharedParameters::Reader::has(const Wish &wish) const {
    const Lock held = set_->lock();
    const Version &latest = *place_->current.load();
    for (size_t i = 0; i < latest.packed.size(); ++i)
        if (latest.packed[i] && place_->packings[i].tensor == wish.first &&
            place_->packings[i].layout == wish.second)
            return true;
    return false;
}

const SharedParameters::Version &SharedParameters::Reader::acquire() noexcept {
    const Version *latest = place_->current.load();
    for (;;) {
        in_use_.store(latest);
        const Version *now = place_->current.load();
        if (now == latest) break;
        latest = now;
    }
    held_ = latest;
    return *held_;
}

void SharedParameters::Reader::release() noexcept {
    in_use_.store(nullptr);
    if (place_->current.load() != held_) place_->sweep(set_->mark_.forked());
    held_ = nullptr;
}

}  // namespace cnn

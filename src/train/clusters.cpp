// k-means++ and Lloyd's iteration.
#include "train/clusters.h"

#include <algorithm>
#include <limits>

#include "base/philox.h"

namespace cnn {

namespace {

class Finder {
  public:
    Finder(std::span<const float> points, int64_t elements, int64_t count, uint64_t seed,
           const std::function<void()> &pause)
        : points_(points),
          elements_(static_cast<size_t>(elements)),
          count_(static_cast<size_t>(count)),
          n_(points.size() / elements_),
          pause_(pause),
          stream_(seed, 0),
          owner_(n_, 0),
          distance_(n_, 0) {
        clusters_.centers.resize(count_ * elements_);
    }

    Clusters find(int iterations) {
        choose();
        for (int i = 0; i < iterations && assign(); ++i) move();
        assign();
        measure();
        return std::move(clusters_);
    }

  private:
    const float *point(size_t i) const { return points_.data() + i * elements_; }
    float *center(size_t j) { return clusters_.centers.data() + j * elements_; }

    double squared(const float *a, const float *b) const {
        double sums[4] = {0, 0, 0, 0};
        for (size_t k = 0; k < elements_; ++k) {
            const double d = double{a[k]} - double{b[k]};
            sums[k % 4] += d * d;
        }
        return (sums[0] + sums[1]) + (sums[2] + sums[3]);
    }

    // In [0, 1), of 53 bits.
    double draw() {
        const uint64_t high = stream_.at(next_), low = stream_.at(next_ + 1);
        next_ += 2;
        return static_cast<double>((high << 21) ^ (low >> 11)) * 0x1p-53;
    }

    size_t any_point() {
        return std::min(n_ - 1, static_cast<size_t>(draw() * static_cast<double>(n_)));
    }

    // A point by its squared distance to the centres so far.
    size_t far_point() {
        double total = 0;
        for (double d : distance_) total += d;
        if (!(total > 0)) return any_point();
        double rest = draw() * total;
        size_t last = 0;
        for (size_t i = 0; i < n_; ++i) {
            if (!(distance_[i] > 0)) continue;
            last = i;
            rest -= distance_[i];
            if (rest < 0) break;
        }
        return last;
    }

    void choose() {
        for (size_t j = 0; j < count_; ++j) {
            pause_();
            const float *chosen = point(j == 0 ? any_point() : far_point());
            std::copy(chosen, chosen + elements_, center(j));
            for (size_t i = 0; i < n_; ++i) {
                const double d = squared(point(i), center(j));
                if (j == 0 || d < distance_[i]) distance_[i] = d;
            }
        }
    }

    // Gives every point to its nearest centre, the first of equals; whether that changed any.
    bool assign() {
        pause_();
        // Elements outermost, so that centres lie in neighbouring lanes.
        std::vector<float> lanes(count_ * elements_), sums(count_);
        for (size_t j = 0; j < count_; ++j)
            for (size_t k = 0; k < elements_; ++k) lanes[k * count_ + j] = center(j)[k];
        bool changed = false;
        for (size_t i = 0; i < n_; ++i) {
            std::fill(sums.begin(), sums.end(), 0.0f);
            for (size_t k = 0; k < elements_; ++k) {
                const float x = point(i)[k];
                const float *const c = lanes.data() + k * count_;
                for (size_t j = 0; j < count_; ++j) sums[j] += (x - c[j]) * (x - c[j]);
            }
            const auto nearest =
                static_cast<size_t>(std::min_element(sums.begin(), sums.end()) - sums.begin());
            changed = changed || !assigned_ || owner_[i] != nearest;
            owner_[i] = nearest;
        }
        assigned_ = true;
        return changed;
    }

    // Centres become their points' means; one without points stays.
    void move() {
        std::vector<double> sums(count_ * elements_, 0);
        std::vector<int64_t> members(count_, 0);
        for (size_t i = 0; i < n_; ++i) {
            ++members[owner_[i]];
            double *const to = sums.data() + owner_[i] * elements_;
            for (size_t k = 0; k < elements_; ++k) to[k] += double{point(i)[k]};
        }
        for (size_t j = 0; j < count_; ++j) {
            if (members[j] == 0) continue;
            for (size_t k = 0; k < elements_; ++k)
                center(j)[k] =
                    static_cast<float>(sums[j * elements_ + k] / static_cast<double>(members[j]));
        }
    }

    void measure() {
        clusters_.spread.assign(count_, 0);
        clusters_.nearest.assign(count_, 0);
        std::vector<int64_t> members(count_, 0);
        for (size_t i = 0; i < n_; ++i) {
            ++members[owner_[i]];
            clusters_.spread[owner_[i]] += squared(point(i), center(owner_[i]));
        }
        for (size_t j = 0; j < count_; ++j) {
            if (members[j] > 0) clusters_.spread[j] /= static_cast<double>(members[j]);
            double nearest = std::numeric_limits<double>::infinity();
            for (size_t other = 0; other < count_; ++other)
                if (other != j) nearest = std::min(nearest, squared(center(j), center(other)));
            if (count_ > 1) clusters_.nearest[j] = nearest;
        }
    }

    std::span<const float> points_;
    size_t elements_, count_, n_;
    const std::function<void()> &pause_;
    RandomStream stream_;
    uint64_t next_ = 0;
    bool assigned_ = false;
    std::vector<size_t> owner_;
    std::vector<double> distance_;
    Clusters clusters_;
};

}  // namespace

Clusters find_clusters(std::span<const float> points, int64_t elements, int64_t count,
                       uint64_t seed, int iterations, const std::function<void()> &pause) {
    return Finder(points, elements, count, seed, pause).find(iterations);
}

}  // namespace cnn

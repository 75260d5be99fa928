// What more work costs: times of convolutions in three directions and of a small net against batch,
// channels, side of the image and threads. Prints CSV, of which scaling_plot.py draws a picture; a
// point that takes over 1.5 times its trend (support/trend.h; `sizes` or `threads` in the column
// `flag`) is measured again twice before it is believed, and named on the standard error stream.
//   scaling [--device SPEC] [--threads N,N,...] [--points N] [--seconds S] [--limit S] [--total S]
// --points: sizes an octave, 2 by default: 8, 12, 16, 24, ...; 8 has odd ones too. --seconds: about
// how long a point is measured; --limit: past how many seconds no call is begun for it; both are
// cut to what is left of --total, 180 seconds by default, for those still to come.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <sstream>

#include "base/error.h"
#include "support/main.h"
#include "support/net_builder.h"
#include "support/net_steps.h"
#include "support/ours.h"
#include "support/trend.h"
#include "timing.h"

namespace {

using namespace cnn;
using namespace cnn::bench;

constexpr double kCliff = 1.5;
constexpr double kForking = 100e-6;  // seconds: what takes less may well stay on one thread
constexpr int kRetries = 2;

struct Settings {
    std::string device = "cpu";
    std::vector<int> threads{1, 2};
    int points = 2;
    Duration duration{0.1, 0.8};
    double total = 180;
};

// ---- What is varied ----

struct Sizes {
    int64_t batch, channels, side;
};

// From one size to another, all else as in the base, which keeps the largest within the limit.
struct Axis {
    const char *name;
    int64_t Sizes::*varied;
    int64_t first, last;
    Sizes base;
};

constexpr Axis kAxes[] = {
    {"batch", &Sizes::batch, 1, 512, {1, 32, 16}},
    {"channels", &Sizes::channels, 8, 1024, {2, 8, 14}},
    {"side", &Sizes::side, 8, 512, {1, 32, 8}},
};

// So many an octave, evenly, as whole numbers.
std::vector<int64_t> values_of(const Axis &axis, int points) {
    std::vector<int64_t> values;
    for (int64_t octave = axis.first; octave < axis.last; octave *= 2)
        for (int i = 0; i < points; ++i) {
            const int64_t value = octave + octave * i / points;
            if (values.empty() || value > values.back()) values.push_back(value);
        }
    values.push_back(axis.last);
    return values;
}

// ---- What is timed ----

// One thread count's devices: the same, inside and through cnn.h.
class Machine {
  public:
    Machine(const std::string &spec, int threads)
        : threads(threads), inside(open_with(spec, threads)), queue(inside->create_queue()) {
        cnn_device_options options{};
        options.threads = threads;
        cnn_error error{};
        if (cnn_device_open(spec.c_str(), &options, &outside, &error)) give_up(error);
    }
    ~Machine() { cnn_device_destroy(outside); }
    Machine(const Machine &) = delete;
    Machine &operator=(const Machine &) = delete;

    const int threads;
    const std::shared_ptr<Device> inside;
    const std::unique_ptr<Queue> queue;
    cnn_device *outside = nullptr;
};

class Subject {
  public:
    virtual ~Subject() = default;
    virtual const char *name() const = 0;
    virtual double flops(const Sizes &sizes) const = 0;
    // Infinite where the device can't do it.
    virtual double seconds(Machine &machine, const Sizes &sizes,
                           const Duration &duration) const = 0;
};

// 3x3, as many channels out as in, in the layouts that the kernel wants.
class Convolution : public Subject {
  public:
    explicit Convolution(Direction direction) : direction_(direction) {}
    const char *name() const override {
        constexpr const char *names[] = {"forward", "backward-data", "backward-weights"};
        return names[static_cast<int>(direction_)];
    }
    double flops(const Sizes &sizes) const override { return shape_of(sizes).flops(); }
    double seconds(Machine &machine, const Sizes &sizes, const Duration &duration) const override {
        const auto measured = measure_convolution(*machine.inside, *machine.queue, shape_of(sizes),
                                                  direction_, duration);
        return measured.empty() ? std::numeric_limits<double>::infinity()
                                : measured.front().seconds;
    }

  private:
    static ConvShape shape_of(const Sizes &sizes) {
        ConvShape s;
        s.n = sizes.batch;
        s.in = s.out = sizes.channels;
        s.height = s.width = sizes.side;
        s.kernel_h = s.kernel_w = 3;
        s.top = s.left = s.bottom = s.right = 1;
        return s;
    }
    Direction direction_;
};

// Two convolutions, a pooling between, the average of what is left, ten classes.
class SmallNet : public Subject {
  public:
    explicit SmallNet(bool training) : training_(training) {}
    const char *name() const override { return training_ ? "net-train" : "net-run"; }
    double flops(const Sizes &sizes) const override {
        NetBuilder builder(kColours, sizes.side);
        build(builder, sizes);
        cnn_net_destroy(builder.net());
        return builder.flops() * static_cast<double>(sizes.batch) * (training_ ? 3 : 1);
    }
    double seconds(Machine &machine, const Sizes &sizes, const Duration &duration) const override {
        NetBuilder builder(kColours, sizes.side);
        build(builder, sizes);
        const std::unique_ptr<cnn_net, void (*)(cnn_net *)> net(builder.net(), cnn_net_destroy);
        cnn_compile compile{};
        compile.max_batch = sizes.batch;
        compile.inference_only = !training_;
        cnn_error error{};
        if (cnn_net_compile(net.get(), machine.outside, &compile, &error)) give_up(error);
        NetSteps steps(net.get(), {kColours, sizes.side}, kClasses, sizes.batch);
        return median_seconds([&] { training_ ? steps.train(false) : steps.run(); }, duration.usual,
                              duration.limit);
    }

  private:
    static constexpr int64_t kColours = 3, kClasses = 10;

    void build(NetBuilder &b, const Sizes &sizes) const {
        b.conv({sizes.channels, 3, 1, 1, 1, true, CNN_RELU});
        b.max_pool(2, 2);
        b.conv({sizes.channels, 3, 1, 1, 1, true, CNN_RELU});
        b.global_average();
        b.dense(kClasses, CNN_LINEAR);
        if (training_) b.classify();
    }
    bool training_;
};

// ---- Sweeps ----

// Shares the time that there is among the points.
class Budget {
  public:
    Budget(double total, const Duration &wanted, size_t points)
        : end_(now() + total), wanted_(wanted), points_(points) {}
    // For the next point. A slow one may take several shares: many are done long before theirs end.
    Duration take() {
        const double share = left() / static_cast<double>(std::max<size_t>(points_, 1));
        if (points_ > 0) --points_;
        return {std::min(wanted_.usual, share), std::min(wanted_.limit, 4 * share)};
    }
    // For one more time, from what the others don't need.
    bool allows_another() const {
        return left() > wanted_.usual * static_cast<double>(points_) + wanted_.limit;
    }
    const Duration &wanted() const { return wanted_; }

  private:
    double left() const { return std::max(0.0, end_ - now()); }
    double end_;
    Duration wanted_;
    size_t points_;
};

class Scaling {
  public:
    Scaling(const Settings &settings, size_t points)
        : settings_(settings), budget_(settings.total, settings.duration, points) {
        for (int threads : settings.threads)
            machines_.push_back(std::make_unique<Machine>(settings.device, threads));
    }

    // Of one subject along one axis, with every number of threads.
    void sweep(const Axis &axis, const Subject &subject) {
        sizes_.clear();
        for (int64_t value : values_of(axis, settings_.points)) {
            sizes_.push_back(axis.base);
            sizes_.back().*axis.varied = value;
        }
        sweeps_.assign(machines_.size(), {});
        for (size_t m = 0; m < machines_.size(); ++m)
            for (const Sizes &sizes : sizes_)
                sweeps_[m].push_back({sizes.*axis.varied, subject.flops(sizes),
                                      subject.seconds(*machines_[m], sizes, budget_.take())});
        for (int i = 0; i < kRetries; ++i) retry(subject);
        for (size_t m = 0; m < machines_.size(); ++m) print(axis, subject, m);
    }

    int flagged() const { return flagged_; }

  private:
    // What it takes over what its trend is.
    double over_sizes(size_t m, size_t i) const {
        const double t = trend(sweeps_[m], i);
        return std::isinf(t) ? 0 : sweeps_[m][i].seconds / t;
    }
    double over_threads(size_t m, size_t i) const {
        if (machines_[0]->threads != 1 || m == 0) return 0;
        return sweeps_[m][i].seconds /
               trend_of_threads(sweeps_[0][i].seconds, machines_[m]->threads, kForking);
    }
    bool is_cliff(size_t m, size_t i) const {
        return over_sizes(m, i) > kCliff || over_threads(m, i) > kCliff;
    }

    // Somebody else's work on this machine makes cliffs too, but not every time.
    void retry(const Subject &subject) {
        for (size_t m = 0; m < machines_.size(); ++m)
            for (size_t i = 0; i < sizes_.size(); ++i)
                if (is_cliff(m, i) && budget_.allows_another())
                    sweeps_[m][i].seconds =
                        std::min(sweeps_[m][i].seconds,
                                 subject.seconds(*machines_[m], sizes_[i], budget_.wanted()));
    }

    void print(const Axis &axis, const Subject &subject, size_t m) {
        for (size_t i = 0; i < sizes_.size(); ++i) {
            const SweepPoint &point = sweeps_[m][i];
            const double sizes = over_sizes(m, i), threads = over_threads(m, i);
            const char *flag = sizes > kCliff ? "sizes" : threads > kCliff ? "threads" : "";
            std::printf("%s,%s,%d,%lld,%lld,%lld,%lld,%.3f,%.2f,%.3f,%.3f,%s\n", axis.name,
                        subject.name(), machines_[m]->threads, static_cast<long long>(point.size),
                        static_cast<long long>(sizes_[i].batch),
                        static_cast<long long>(sizes_[i].channels),
                        static_cast<long long>(sizes_[i].side), 1e6 * point.seconds,
                        1e-9 * point.work / point.seconds, sizes, threads, flag);
            if (!*flag) continue;
            ++flagged_;
            std::fprintf(stderr, "%s by %s, %d threads: %lld takes %.1f us, %.2f times the trend\n",
                         subject.name(), axis.name, machines_[m]->threads,
                         static_cast<long long>(point.size), 1e6 * point.seconds,
                         std::max(sizes, threads));
        }
        std::fflush(stdout);
    }

    const Settings &settings_;
    Budget budget_;
    std::vector<std::unique_ptr<Machine>> machines_;
    std::vector<Sizes> sizes_;
    std::vector<std::vector<SweepPoint>> sweeps_;  // by machine
    int flagged_ = 0;
};

void measure_all(const Settings &settings) {
    std::vector<std::unique_ptr<Subject>> subjects;
    for (const Direction direction : kDirections)
        subjects.push_back(std::make_unique<Convolution>(direction));
    for (const bool training : {false, true})
        subjects.push_back(std::make_unique<SmallNet>(training));
    std::printf(
        "axis,subject,threads,size,batch,channels,side,microseconds,gflops,over_sizes,"
        "over_threads,flag\n");
    size_t points = 0;
    for (const Axis &axis : kAxes) points += values_of(axis, settings.points).size();
    Scaling scaling(settings, points * subjects.size() * settings.threads.size());
    for (const Axis &axis : kAxes)
        for (const auto &subject : subjects) scaling.sweep(axis, *subject);
    std::fprintf(stderr, "%d points over %.1f times their trend\n", scaling.flagged(), kCliff);
}

// ---- The command line ----

std::vector<int> numbers(const char *text) {
    std::vector<int> out;
    std::stringstream rest(text);
    for (std::string each; std::getline(rest, each, ',');) out.push_back(std::atoi(each.c_str()));
    return out;
}

bool parse(int argc, char **argv, Settings &s) {
    for (int i = 1; i < argc; ++i) {
        const std::string name = argv[i];
        if (++i == argc) return false;
        if (name == "--device")
            s.device = argv[i];
        else if (name == "--threads")
            s.threads = numbers(argv[i]);
        else if (name == "--points")
            s.points = std::max(1, std::atoi(argv[i]));
        else if (name == "--seconds")
            s.duration.usual = std::atof(argv[i]);
        else if (name == "--limit")
            s.duration.limit = std::atof(argv[i]);
        else if (name == "--total")
            s.total = std::atof(argv[i]);
        else
            return false;
    }
    return !s.threads.empty() && s.threads.front() > 0;
}

}  // namespace

int main(int argc, char **argv) {
    return run_main(argc, argv, parse, measure_all, __FILE__);
}

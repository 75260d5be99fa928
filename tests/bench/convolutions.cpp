// Convolutions in three directions on any devices of ours and by the peers that were there at build
// time: median times, GFLOP/s, GB/s, the part of the peak measured beside each case, and at the end
// geometric means against each peer and the best of oneDNN's forms, and the worst cases; as a table
// and as CSV.
//   convolutions [--device SPEC]... [--threads N] [--only PART] [--shapes PATH] [--every N]
//                [--batch N] [--seconds S] [--csv FILE] [--all] [--no-peers]
//                [--accept]
// --device: the first is compared with all others, peers as well as further devices.
// --shapes reads the columns of DeepBench's or benchdnn's lists, from a file or from all *.csv of a
// folder, in place of the usual cases; --every takes each N-th of them. --all times every candidate
// of the first device and not just the one that is chosen; --accept has less accurate ways of it
// take part (CNN_ACCEPT_*), as Winograd's F(4x4, 3x3) does in dnnl-auto. Run it without
// OMP_PROC_BIND: oneDNN's threads are bound here while they are timed, and ours would inherit the
// first one's CPU.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <thread>

#include "base/cpu_info.h"
#include "base/error.h"
#include "peers/peer.h"
#include "support/conv_cases.h"
#include "support/main.h"
#include "support/ours.h"
#include "support/peak.h"
#include "support/ratios.h"

namespace {

using namespace cnn;
using namespace cnn::bench;

struct Settings {
    std::vector<std::string> devices;
    const char *only = "", *shapes = nullptr, *csv = nullptr;
    int threads = 0;
    int64_t batch = 0;
    size_t every = 1;
    double seconds = 0.2;
    bool all = false, peers = true;
    int64_t accept = 0;
};

// A further device of ours.
class DevicePeer : public Peer {
  public:
    DevicePeer(const std::string &spec, int threads)
        : spec_(spec), device_(open_with(spec, threads)), queue_(device_->create_queue()) {}
    std::string name() const override { return spec_; }
    double time(const ConvShape &shape, Direction direction, double seconds) override {
        const auto ours = measure_convolution(*device_, *queue_, shape, direction, {seconds, 1e9});
        return ours.empty() ? std::nan("") : ours.front().seconds;
    }

  private:
    std::string spec_;
    std::shared_ptr<Device> device_;
    std::unique_ptr<Queue> queue_;
};

std::vector<std::unique_ptr<Peer>> others(const Settings &settings) {
    std::vector<std::unique_ptr<Peer>> made;
    for (size_t i = 1; i < settings.devices.size(); ++i)
        made.push_back(std::make_unique<DevicePeer>(settings.devices[i], settings.threads));
    if (!settings.peers) return made;
#ifdef CNN_BENCH_ONEDNN
    add_onednn(made, settings.threads);
#endif
#ifdef CNN_BENCH_OPENBLAS
    add_openblas(made, settings.threads);
#endif
    return made;
}

// ---- The table ----

constexpr const char *kNames[] = {"forward", "bwd-data", "bwd-weights"};
constexpr const char *kOurs = "libcnn", *kBest = "best of dnnl";
constexpr double kFloor = 0.9;
constexpr size_t kWorst = 10;

using Times = std::map<std::string, double>;  // seconds, by who

// Nobody wants the gradient of a picture.
bool wanted(const ConvShape &shape, Direction direction) {
    const bool first_layer = shape.groups == 1 && (shape.in == 1 || shape.in == 3);
    return direction != Direction::backward_data || !first_layer;
}

class Table {
  public:
    explicit Table(const Settings &settings)
        : settings_(settings),
          device_(open_with(settings.devices.front(), settings.threads)),
          queue_(device_->create_queue()),
          peers_(others(settings)) {
        if (settings.csv) csv_.open(settings.csv);
        csv_ << "case,direction,who,algorithm,microseconds,gflops,gbytes,of_peak,peak_gflops,"
                "predicted_us\n";
        std::printf("%s, %d threads\n", device_->info().name.c_str(), settings.threads);
    }

    void measure_case(const ConvShape &shape) {
        peak_ = multiply_add_peak(settings_.threads, 0.1);
        std::printf("%s: %.3f GFLOP; the CPU's peak %.0f GFLOP/s\n", shape.name.c_str(),
                    1e-9 * shape.flops(), peak_);
        std::map<std::string, std::pair<double, int>> sums;  // and of how many directions
        int directions = 0;
        for (const Direction direction : kDirections) {
            const Times times = measure_direction(shape, direction);
            if (!wanted(shape, direction)) continue;
            ++directions;
            compare(directions_[static_cast<int>(direction)], shape, times);
            for (const auto &[who, seconds] : times) {
                sums[who].first += seconds;
                ++sums[who].second;
            }
        }
        // Who can't do all of it doesn't take part.
        Times whole;
        for (const auto &[who, sum] : sums)
            if (sum.second == directions) whole[who] = sum.first;
        compare(whole_, shape, whole);
    }

    void print_summary() const {
        std::printf("\ntheir time over ours\n");
        for (int i = 0; i < 3; ++i) print(kNames[i], directions_[i]);
        print("all that training wants", whole_);
        const auto best = whole_.find(kBest);
        if (best == whole_.end()) return;
        std::printf("the worst of all that training wants, beside the %s\n", kBest);
        best->second.print_worst(kWorst);
    }

  private:
    using Comparison = std::map<std::string, Ratios>;

    static void compare(Comparison &comparison, const ConvShape &shape, const Times &times) {
        const auto ours = times.find(kOurs);
        if (ours == times.end()) return;
        for (const auto &[who, seconds] : times)
            if (who != kOurs) comparison[who].add(shape.name, seconds / ours->second);
    }

    static void print(const char *what, const Comparison &comparison) {
        for (const auto &[who, ratios] : comparison) ratios.print(what, who.c_str(), kFloor);
    }

    Times measure_direction(const ConvShape &shape, Direction direction) {
        Times times;
        let_threads_sleep();
        for (const Measured &ours :
             measure_convolution(*device_, *queue_, shape, direction, {settings_.seconds, 1e9},
                                 settings_.all, settings_.accept)) {
            // The first is the one that is chosen.
            times.emplace(kOurs, ours.seconds);
            row(shape, direction, kOurs, ours);
        }
        double best = std::nan("");
        for (const auto &peer : peers_) {
            let_threads_sleep();
            const double seconds = peer->time(shape, direction, settings_.seconds);
            if (std::isnan(seconds)) continue;
            row(shape, direction, peer->name(), {"", seconds, 0});
            times[peer->name()] = seconds;
            if (peer->name() == "dnnl" || peer->name() == "dnnl-auto")
                best = std::fmin(best, seconds);
        }
        if (!std::isnan(best)) times[kBest] = best;
        return times;
    }

    // Of the one that was measured before: OpenBLAS's spin for 2^26 cycles, and would take a
    // processor from the next.
    static void let_threads_sleep() { std::this_thread::sleep_for(std::chrono::milliseconds(30)); }

    void row(const ConvShape &shape, Direction direction, const std::string &who,
             const Measured &m) {
        const double rate = 1e-9 * shape.flops() / m.seconds;
        const double moved = 1e-9 * shape.bytes() / m.seconds;
        const char *const name = kNames[static_cast<int>(direction)];
        std::printf("  %-11s %-10s %-16s %10.1f us %7.1f GFLOP/s %5.1f%% %6.1f GB/s", name,
                    who.c_str(), m.algorithm.c_str(), 1e6 * m.seconds, rate, 100 * rate / peak_,
                    moved);
        if (m.predicted > 0) std::printf("  predicted %10.1f us", 1e6 * m.predicted);
        std::printf("\n");
        std::fflush(stdout);
        csv_ << '"' << shape.name << "\"," << name << ',' << who << ',' << m.algorithm << ','
             << 1e6 * m.seconds << ',' << rate << ',' << moved << ',' << rate / peak_ << ','
             << peak_ << ',' << 1e6 * m.predicted << '\n';
    }

    const Settings &settings_;
    std::shared_ptr<Device> device_;
    std::unique_ptr<Queue> queue_;
    std::vector<std::unique_ptr<Peer>> peers_;
    std::ofstream csv_;
    double peak_ = 0;  // beside the present case
    Comparison directions_[3], whole_;
};

// ---- The command line ----

bool parse_value(const std::string &name, const char *value, Settings &s) {
    if (name == "--device")
        s.devices.emplace_back(value);
    else if (name == "--threads")
        s.threads = std::atoi(value);
    else if (name == "--only")
        s.only = value;
    else if (name == "--shapes")
        s.shapes = value;
    else if (name == "--every")
        s.every = static_cast<size_t>(std::max(1, std::atoi(value)));
    else if (name == "--batch")
        s.batch = std::atoll(value);
    else if (name == "--seconds")
        s.seconds = std::atof(value);
    else if (name == "--csv")
        s.csv = value;
    else
        return false;
    return true;
}

bool parse(int argc, char **argv, Settings &s) {
    for (int i = 1; i < argc; ++i) {
        const std::string name = argv[i];
        if (name == "--all")
            s.all = true;
        else if (name == "--no-peers")
            s.peers = false;
        else if (name == "--accept")
            s.accept = kAcceptAll;
        else if (i + 1 == argc || !parse_value(name, argv[++i], s))
            return false;
    }
    if (s.devices.empty()) s.devices.emplace_back("cpu");
    if (s.threads <= 0) s.threads = detect_cpu().cores;
    return true;
}

void measure_all(const Settings &settings) {
    Table table(settings);
    size_t position = 0;
    for (ConvShape &shape : settings.shapes ? listed_cases(settings.shapes) : usual_cases()) {
        if (shape.name.find(settings.only) == std::string::npos) continue;
        if (position++ % settings.every != 0) continue;
        if (settings.batch > 0) {
            shape.n = settings.batch;
            shape.name += " at b" + std::to_string(shape.n);
        }
        table.measure_case(shape);
    }
    table.print_summary();
}

}  // namespace

int main(int argc, char **argv) {
    return run_main(argc, argv, parse, measure_all, __FILE__);
}

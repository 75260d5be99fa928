// Profiles, by a stopwatch of the device's.
#include "train/profile.h"

#include <algorithm>

#include "base/fpenv.h"
#include "train/any_samples.h"

namespace cnn {
namespace {

void describe(const LaunchNote &note, double of_batch, cnn_node_time &row) {
    row.node = note.node;
    row.second_pass = note.second_pass;
    row.flops = note.flops * of_batch;
    row.bytes = note.bytes - note.bytes_of_batch * (1 - of_batch);
    const size_t length = std::min(note.text.size(), sizeof row.operation - 1);
    std::copy_n(note.text.data(), length, row.operation);
}

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

void measure(Session &session, Plan &plan, const ProfileOptions &options,
             std::vector<cnn_node_time> &rows) {
    Executable &exe = session.executable("profile");
    const AnySamples any(session.net(), options.n, options.training);
    const Samples &samples = session.checked("profile", any.get(), options.training);
    const auto watch = exe.device().create_stopwatch();
    const auto step = static_cast<uint64_t>(session.steps()) + 1;
    const auto run = [&] {
        // As after a step.
        if (options.training) plan.forget_packed();
        samples.fill(plan, 0, nullptr, exe.ones());
        return exe.launch_timed(plan, options.n, step, *watch);
    };
    exe.scalars()[kSlotInverseCount] = 1.0 / static_cast<double>(options.n);
    std::vector<std::vector<double>> seconds(rows.size());
    run();
    for (int i = 0; i < options.runs; ++i) {
        std::vector<double> laps = run();
        // Nothing comes before a run's launches once parameters are packed.
        if (!options.training) laps.erase(laps.begin());
        for (size_t row = 0; row < rows.size(); ++row) seconds[row].push_back(laps[row]);
    }
    for (size_t row = 0; row < rows.size(); ++row) rows[row].seconds = median(seconds[row]);
}

}  // namespace

std::vector<cnn_node_time> profile(Session &session, const ProfileOptions &options, bool measured) {
    Executable &exe = session.executable("profile");
    const DefaultFloatEnvironment environment;
    ProgramKey key;
    if (options.training) {
        key.purpose = Purpose::gradient;
        key.training = true;
        key.label_targets = default_label_targets(session.net());
    }
    Plan &plan = exe.plan(key, options.n);
    std::vector<cnn_node_time> rows;
    if (options.training) {
        LaunchNote before;
        before.text = "pack parameters";
        describe(before, 1, rows.emplace_back());
    }
    const double of_batch = static_cast<double>(options.n) / static_cast<double>(plan.key().batch);
    for (size_t i = plan.constant_launches(); i < plan.notes().size(); ++i)
        describe(plan.notes()[i], of_batch, rows.emplace_back());
    if (measured) {
        const Executable::Use use(exe);
        measure(session, plan, options, rows);
    }
    return rows;
}

}  // namespace cnn

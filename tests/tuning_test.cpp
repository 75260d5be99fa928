// The tuning database: its rows as text, look-up, merging by several at once; measurement, which
// must find out what computes wrongly; and tuning of groups.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
extern "C" {
#include <cmocka.h>
}
#undef fail  // cmocka's macro would hide cnn::fail

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "backend/measure.h"
#include "backend/registry.h"
#include "backend/tuning.h"
#include "base/error.h"
#include "base/text.h"
#include "graph/tuner.h"
#include "ops/reference.h"
#include "train/tune.h"

namespace {

using namespace cnn;
namespace fs = std::filesystem;

// A directory of its own, gone at the end.
class Folder {
  public:
    Folder() {
        std::string pattern = (fs::temp_directory_path() / "cnn-tuning-XXXXXX").string();
        assert_non_null(mkdtemp(pattern.data()));
        path_ = pattern;
    }
    ~Folder() { fs::remove_all(path_); }
    Folder(const Folder &) = delete;
    Folder &operator=(const Folder &) = delete;
    std::string path() const { return path_.string(); }
    std::string file() const { return (path_ / "tuning-1.txt").string(); }

  private:
    fs::path path_;
};

struct Messages {
    std::string all;
    static void write(void *user, int32_t, const char *message) {
        static_cast<Messages *>(user)->all += text(message, '\n');
    }
    Log log() { return Log({this, write, kLogDebug}); }
    bool have(const char *part) const { return all.find(part) != std::string::npos; }
};

std::string contents_of(const std::string &path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

// y = relu(conv(x, w) + b), 3 x 3 over 6 x 6 pictures.
FusedOp convolution(int64_t n, int64_t inputs = 3, int64_t outputs = 4) {
    FusedOp group;
    ConvolutionAttributes attributes;
    attributes.window.kernel = {3, 3, 1};
    attributes.window.pad_begin = attributes.window.pad_end = {1, 1, 0};
    group.ops.push_back({OpKind::convolution, -1, {0, 1}, {4}, attributes});
    group.ops.push_back({OpKind::pointwise, -1, {4, 2}, {5}, bias_attributes()});
    group.ops.push_back(
        {OpKind::pointwise, -1, {5}, {3}, activation_attributes(Activation::relu, 0)});
    Tensor x, w, b, y;
    x.shape = {n, inputs, 6, 6};
    y.shape = {n, outputs, 6, 6};
    x.batched = y.batched = true;
    w.shape = {outputs, inputs, 3, 3};
    b.shape = {outputs};
    w.space = b.space = Space::parameter;
    group.tensors = {x, w, b, y, y, y};
    group.inputs = 3;
    group.outputs = 1;
    return group;
}

Candidate candidate(const char *algorithm, const FusedOp &group, const char *parameters = "") {
    Candidate c;
    c.algorithm = algorithm;
    c.layouts.assign(static_cast<size_t>(group.operands()), Layout::plain());
    c.parameters = parameters;
    return c;
}

TuningRow row(const char *device, const FusedOp &group, const Candidate &c, const char *parameters,
              double seconds) {
    return {device, operation_key(group), candidate_key(group, c), parameters, seconds};
}

// --- Rows.

void rows_are_read_as_they_were_written(void **) {
    const FusedOp group = convolution(5);
    const Candidate c = candidate("direct", group);
    TuningTable table, again;
    table.put(row("device", group, c, "A=1 B=-2", 0.1));
    table.put(row("other device", group, c, "", 1e-300));
    assert_int_equal(again.add_text(table.to_text()), 0);
    assert_string_equal(again.to_text().c_str(), table.to_text().c_str());
    const TuningRow *found = again.find({"device"}, group, c);
    assert_non_null(found);
    assert_string_equal(found->parameters.c_str(), "A=1 B=-2");
    assert_true(found->seconds == 0.1);
    assert_string_equal(again.find({"other device"}, group, c)->parameters.c_str(), "");
    assert_null(again.find({"third"}, group, c));
    assert_null(again.find({"device"}, convolution(6), c));
    FusedOp accepting = group;
    accepting.accept = kAcceptWinograd4x4;
    assert_null(again.find({"device"}, accepting, c));
}

void the_nearest_row_is_found(void **) {
    const FusedOp group = convolution(5);
    const Candidate c = candidate("direct", group);
    TuningTable table;
    table.add_text(
        "libcnn tuning 1\nclass\tconvolution *\tdirect\tA=1\t0\n"
        "vendor\tconvolution *\tdirect\tA=2\t0\n");
    const std::vector<std::string> devices{"device", "vendor", "class"};
    assert_string_equal(table.find({"class"}, group, c)->parameters.c_str(), "A=1");
    assert_string_equal(table.find(devices, group, c)->parameters.c_str(), "A=2");
    table.put(row("class", group, c, "A=3", 0));
    assert_string_equal(table.find(devices, group, c)->parameters.c_str(), "A=2");
    table.put(row("vendor", group, c, "A=4", 0));
    assert_string_equal(table.find(devices, group, c)->parameters.c_str(), "A=4");
}

void damaged_files_lose_what_is_damaged(void **) {
    const char *const lines[] = {
        "a\tb\tc\td\t-1", "a\tb\tc\td\tnan",  "a\tb\tc\td",     "a\tb\tc\td\t1\textra",
        "\tb\tc\td\t1",   "a\tb\tc\t\xff\t1", "a\tb\tc\td\t1x", "",
        "\t\t\t\t"};
    for (const char *line : lines) {
        TuningTable table;
        assert_int_equal(table.add_text(text("libcnn tuning 1\n", line, "\na\tb\tc\td\t1\n")), 1);
        assert_int_equal(table.size(), 1);
    }
    TuningTable cut, other;
    assert_int_equal(cut.add_text("libcnn tuning 1\na\tb\tc\td\t1\na\tb\tx\td\t1"), 1);
    assert_int_equal(cut.size(), 1);
    assert_true(other.add_text("libcnn tuning 2\na\tb\tc\td\t1\n") > 0);
    assert_true(other.add_text("") > 0);
    assert_int_equal(other.size(), 0);
}

// --- The file.

void several_writers_lose_nothing(void **) {
    const Folder folder;
    constexpr int kWriters = 4, kRows = 12;
    const FusedOp group = convolution(1);
    std::vector<std::thread> threads;
    for (int writer = 0; writer < kWriters; ++writer)
        threads.emplace_back([&, writer] {
            TuningDatabase database({"device"}, "", folder.path(), {});
            for (int i = 0; i < kRows; ++i)
                database.add({{text("device ", writer), text("operation ", i), "way", "A=1", 1}});
        });
    for (std::thread &thread : threads) thread.join();
    const TuningDatabase database({"device"}, "", folder.path(), {});
    assert_int_equal(database.table()->size(), kWriters * kRows);
}

void what_cannot_be_kept_is_used_all_the_same(void **) {
    const FusedOp group = convolution(1);
    const Candidate c = candidate("direct", group);
    Messages messages;
    TuningDatabase nowhere({"device"}, "", "/no/such/folder", messages.log());
    nowhere.add({row("device", group, c, "A=1", 1)});
    assert_non_null(nowhere.table()->find({"device"}, group, c));
    assert_true(messages.have("tuning isn't kept"));
    TuningDatabase none({"device"}, "", "", {});
    none.add({row("device", group, c, "A=1", 1)});
    assert_non_null(none.table()->find({"device"}, group, c));
}

void shipped_rows_stay_out_of_the_file(void **) {
    const Folder folder;
    const FusedOp group = convolution(1);
    const Candidate c = candidate("direct", group);
    TuningDatabase database({"device", "class"},
                            "libcnn tuning 1\nclass\tconvolution *\tdirect\tA=1\t0\n",
                            folder.path(), {});
    assert_non_null(database.table()->find(database.devices(), group, c));
    database.add({row("device", group, c, "A=2", 1)});
    assert_true(contents_of(folder.file()).find("class") == std::string::npos);
    assert_string_equal(database.table()->find(database.devices(), group, c)->parameters.c_str(),
                        "A=2");
}

// --- A device whose ways and variants may be wrong in many ways.

enum class Fault { none, value, nothing, part, outside, forgetful, throwing, slow };

class FaultyBuffer final : public Buffer {
  public:
    explicit FaultyBuffer(int64_t bytes) : bytes_(static_cast<size_t>(bytes)) {}
    void *host() override { return bytes_.data(); }

  private:
    std::vector<std::byte> bytes_;
};

std::byte *at(const Ref &ref) {
    return static_cast<std::byte *>(ref.buffer->host()) + ref.offset;
}

class HostQueue final : public Queue {
  public:
    void write(Ref to, const void *from, int64_t bytes) override {
        std::copy_n(static_cast<const std::byte *>(from), bytes, at(to));
    }
    void read(void *to, Ref from, int64_t bytes) override {
        std::copy_n(at(from), bytes, static_cast<std::byte *>(to));
    }
    void copy(Ref to, Ref from, int64_t bytes) override { write(to, at(from), bytes); }
    void zero(Ref to, int64_t bytes) override { std::fill_n(at(to), bytes, std::byte{0}); }
    void finish() override {}
};

// Far longer than the reference takes, also where a sanitizer makes it slow.
constexpr auto kSlow = std::chrono::milliseconds(25);

class FaultyKernel final : public Kernel {
  public:
    FaultyKernel(const FusedOp &group, Fault fault) : group_(group), fault_(fault) {}

    void launch(Queue &, const Launch &launch) override {
        const auto out = static_cast<size_t>(group_.inputs);
        auto *y = reinterpret_cast<float *>(at(launch.operands[out]));
        const int64_t elements = reference::shape_for(group_.tensors[out], launch.n).elements();
        if (fault_ == Fault::nothing) return;
        compute(launch);
        ++launches_;
        if (fault_ == Fault::value) y[elements / 2] += 0.125f;
        if (fault_ == Fault::part && launch.n < group_.tensors[0].shape[0]) y[0] += 0.125f;
        if (fault_ == Fault::outside) y[-1] = 0;
        if (fault_ == Fault::forgetful && launches_ % 2 == 0) y[0] += 1e-7f + 1e-7f * y[0];
        if (fault_ == Fault::slow) std::this_thread::sleep_for(kSlow);
    }

  private:
    void compute(const Launch &launch) {
        std::vector<std::vector<float>> inner;
        std::vector<void *> data;
        for (size_t i = 0; i < group_.tensors.size(); ++i) {
            if (i < static_cast<size_t>(group_.operands())) {
                data.push_back(at(launch.operands[i]));
            } else {
                inner.emplace_back(static_cast<size_t>(group_.tensors[i].shape.elements()));
                data.push_back(inner.back().data());
            }
        }
        for (const Op &op : group_.ops)
            reference::run<float>(op, group_.tensors, data, {launch.n, launch.scalars, 0});
    }

    FusedOp group_;
    Fault fault_;
    int launches_ = 0;
};

class FaultyDevice final : public Device {
  public:
    explicit FaultyDevice(std::vector<std::pair<std::string, Fault>> ways,
                          std::vector<std::pair<std::string, Fault>> variants = {})
        : ways_(std::move(ways)), variants_(std::move(variants)) {}

    const DeviceInfo &info() const override { return info_; }
    double launch_seconds() const override { return 1e-6; }
    double bytes_per_second() const override { return 1e9; }
    std::unique_ptr<Buffer> allocate(int64_t bytes) override {
        return std::make_unique<FaultyBuffer>(bytes);
    }
    const std::shared_ptr<Allocator> &allocator() const override { return allocator_; }
    std::unique_ptr<Queue> create_queue() override { return std::make_unique<HostQueue>(); }
    bool fuses(const FusedOp &) const override { return true; }
    void candidates(const FusedOp &group, std::vector<Candidate> &out) const override {
        for (const auto &[name, fault] : ways_) {
            out.push_back(candidate(name.c_str(), group));
            out.back().seconds = 1e-6;
        }
    }
    void variants(const FusedOp &, const Candidate &from,
                  std::vector<Candidate> &out) const override {
        for (const auto &[name, fault] : variants_) {
            out.push_back(from);
            out.back().parameters = name;
        }
    }
    bool configure(const FusedOp &, Candidate &c, std::string_view parameters) const override {
        for (const auto &[name, fault] : variants_) {
            if (name != parameters) continue;
            c.parameters = name;
            return true;
        }
        return false;
    }
    TuningDatabase *tuning() const override { return &database_; }
    std::unique_ptr<Kernel> prepare(const FusedOp &group, const Candidate &c) override {
        Fault fault = Fault::none;
        for (const auto &[name, value] : ways_)
            if (name == c.algorithm) fault = value;
        for (const auto &[name, value] : variants_)
            if (name == c.parameters) fault = value;
        if (fault == Fault::throwing) fail(Status::device_error, "this one isn't built");
        return std::make_unique<FaultyKernel>(group, fault);
    }

  private:
    DeviceInfo info_;
    std::shared_ptr<Allocator> allocator_ = std::make_shared<Allocator>();
    std::vector<std::pair<std::string, Fault>> ways_, variants_;
    mutable TuningDatabase database_{{"device"}, "", "", {}};
};

std::string verdict_of(Fault fault, const FusedOp &group) {
    FaultyDevice device({{"way", fault}});
    Measurement measurement(device, group);
    Contender contender = measurement.contender(candidate("way", group));
    return measurement.verdict(contender);
}

void wrong_results_are_found(void **) {
    const FusedOp group = convolution(5);
    assert_string_equal(verdict_of(Fault::none, group).c_str(), "");
    assert_non_null(std::strstr(verdict_of(Fault::value, group).c_str(), "of 5 samples"));
    assert_non_null(std::strstr(verdict_of(Fault::part, group).c_str(), "of 3 samples"));
    assert_non_null(std::strstr(verdict_of(Fault::nothing, group).c_str(), "nan"));
    assert_non_null(std::strstr(verdict_of(Fault::outside, group).c_str(), "writes outside"));
    assert_non_null(std::strstr(verdict_of(Fault::forgetful, group).c_str(), "other bits"));
}

void all_directions_are_measured(void **) {
    Tensor x, w, y;
    x.shape = {3, 4, 7, 5};
    y.shape = {3, 6, 4, 3};
    w.shape = {6, 2, 3, 3};
    x.batched = y.batched = true;
    ConvolutionAttributes attributes;
    attributes.groups = 2;
    attributes.window.kernel = {3, 3, 1};
    attributes.window.stride = {2, 2, 1};
    attributes.window.pad_begin = attributes.window.pad_end = {1, 1, 0};
    const std::pair<OpKind, std::vector<Tensor>> directions[] = {
        {OpKind::convolution, {x, w, y}},
        {OpKind::convolution_backward_data, {y, w, x}},
        {OpKind::convolution_backward_weights, {x, y, w}}};
    for (const auto &[kind, tensors] : directions) {
        const FusedOp group = single({kind, -1, {0, 1}, {2}, attributes}, tensors);
        assert_string_equal(verdict_of(Fault::none, group).c_str(), "");
        assert_true(!verdict_of(Fault::value, group).empty());
    }
}

GroupTuning tuned(FaultyDevice &device, Messages &messages) {
    const FusedOp group = convolution(5);
    const Log log = messages.log();
    return GroupTuner(device, group, "conv", log, [] {})
        .tune(GroupTuner::Clock::now() + std::chrono::hours(1));
}

void the_faster_variant_is_taken(void **) {
    FaultyDevice device({{"way", Fault::slow}},
                        {{"A=1", Fault::value}, {"A=2", Fault::none}, {"A=3", Fault::throwing}});
    Messages messages;
    const GroupTuning tuning = tuned(device, messages);
    assert_int_equal(tuning.rejected, 2);
    assert_int_equal(tuning.rows.size(), 1);
    assert_string_equal(tuning.rows[0].parameters.c_str(), "A=2");
    assert_true(tuning.rows[0].seconds < std::chrono::duration<double>(kSlow).count());
    assert_true(messages.have("conv: way A=1: rejected: element"));
    assert_true(messages.have("conv: way A=3: rejected: this one isn't built"));
    assert_true(messages.have("prediction had it at 2 of 3"));
}

void what_is_no_faster_is_left(void **) {
    FaultyDevice device({{"way", Fault::none}}, {{"A=1", Fault::slow}, {"A=2", Fault::none}});
    Messages messages;
    const GroupTuning tuning = tuned(device, messages);
    assert_int_equal(tuning.rows.size(), 1);
    assert_string_equal(tuning.rows[0].parameters.c_str(), "");
}

void wrong_ways_are_slow_ways(void **) {
    FaultyDevice device({{"right", Fault::none}, {"wrong", Fault::value}});
    Messages messages;
    const GroupTuning tuning = tuned(device, messages);
    assert_int_equal(tuning.rows.size(), 2);
    assert_true(tuning.rows[1].seconds > 1.5 * tuning.rows[0].seconds);
    // And so it is planned.
    device.tuning()->add(tuning.rows);
    const FusedOp group = convolution(5);
    std::vector<Candidate> candidates;
    device.candidates(group, candidates);
    apply_tuning(device, *device.tuning()->table(), group, candidates);
    assert_true(candidates[0].seconds < candidates[1].seconds);
}

void unknown_parameters_are_passed_over(void **) {
    FaultyDevice device({{"way", Fault::none}}, {{"A=1", Fault::none}});
    const FusedOp group = convolution(5);
    std::vector<Candidate> candidates;
    device.candidates(group, candidates);
    device.tuning()->add({row("device", group, candidates[0], "B=1", 1)});
    apply_tuning(device, *device.tuning()->table(), group, candidates);
    assert_string_equal(candidates[0].parameters.c_str(), "");
    assert_true(candidates[0].seconds == 1e-6);
}

// --- Real devices.

void devices_configure_what_they_offer(void **) {
    for (const char *spec : {"cpu", "opencl:0.0", "opencl:0.0!gpu"}) {
        DeviceOptions options;
        options.allocator = std::make_shared<Allocator>();
        std::shared_ptr<Device> device;
        try {
            device = open_device(spec, options);
        } catch (const Error &) {
            continue;
        }
        assert_non_null(device->tuning());
        const FusedOp group = convolution(20, 5, 7);
        std::vector<Candidate> candidates;
        device->candidates(group, candidates);
        for (const Candidate &c : candidates) {
            std::vector<Candidate> variants;
            device->variants(group, c, variants);
            for (const Candidate &variant : variants) {
                Candidate made = c;
                assert_true(device->configure(group, made, variant.parameters));
                assert_true(made.workspace == variant.workspace && made.layouts == c.layouts);
                assert_string_equal(made.parameters.c_str(), variant.parameters.c_str());
                assert_true(made.seconds == variant.seconds && variant.seconds > 0);
            }
            Candidate made = c;
            for (const char *wrong : {"ROWS=1", "X=1", "ROWS=0 COLUMNS=0 ITEMS=0", "ROWS=6 "})
                assert_false(device->configure(group, made, wrong));
            assert_string_equal(made.parameters.c_str(), "");
        }
    }
}

// A small program's gain is none where a large one loses more by it.
void whole_nets_decide(void **) {
    const auto program = [](double milliseconds, double ratio, bool sure) {
        return Comparison{ratio, milliseconds * 1e-3, milliseconds * ratio * 1e-3, sure};
    };
    assert_true(is_gain({program(1, 0.9, true)}));
    assert_false(is_gain({program(1, 0.9, false)}));
    assert_false(is_gain({program(1, 0.99, true)}));
    assert_true(is_gain({program(1, 0.9, true), program(1, 1.01, false)}));
    assert_false(is_gain({program(1, 0.9, true), program(100, 1.01, false)}));
    assert_false(is_gain({program(100, 0.9, true), program(1, 1.05, false)}));
    assert_false(is_gain({}));
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_read_as_they_were_written),
        cmocka_unit_test(the_nearest_row_is_found),
        cmocka_unit_test(damaged_files_lose_what_is_damaged),
        cmocka_unit_test(several_writers_lose_nothing),
        cmocka_unit_test(what_cannot_be_kept_is_used_all_the_same),
        cmocka_unit_test(shipped_rows_stay_out_of_the_file),
        cmocka_unit_test(wrong_results_are_found),
        cmocka_unit_test(all_directions_are_measured),
        cmocka_unit_test(the_faster_variant_is_taken),
        cmocka_unit_test(what_is_no_faster_is_left),
        cmocka_unit_test(wrong_ways_are_slow_ways),
        cmocka_unit_test(unknown_parameters_are_passed_over),
        cmocka_unit_test(devices_configure_what_they_offer),
        cmocka_unit_test(whole_nets_decide),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}

// The OpenCL backend's inside: missing loaders, choice of devices, memory, and the cache of built
// programs. Operations are tested by the conformance table. Skipped where no device is found.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
extern "C" {
#include <cmocka.h>
}
#undef fail  // cmocka's macro would hide cnn::fail

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "backend/opencl/api.h"
#include "backend/opencl/device.h"
#include "backend/opencl/opencl.h"
#include "base/error.h"
#include "base/text.h"
#include "ops/reference.h"

namespace {

using namespace cnn;
namespace fs = std::filesystem;

constexpr const char *kForms[] = {"0.0", "0.0!gpu"};

// Messages of a device, for tests to look at.
struct Messages {
    std::vector<std::string> all;

    static void write(void *user, int32_t, const char *message) {
        static_cast<Messages *>(user)->all.emplace_back(message);
    }
    Log log() { return Log({this, write, kLogDebug}); }
    int count(const std::string &part) const {
        int found = 0;
        for (const std::string &message : all) found += message.find(part) != std::string::npos;
        return found;
    }
};

DeviceOptions options_for(Messages *messages = nullptr, const std::string &cache = {}) {
    DeviceOptions options;
    options.allocator = std::make_shared<Allocator>();
    options.cache_directory = cache;
    if (messages != nullptr) options.log = messages->log();
    return options;
}

bool has_device() {
    return !opencl::list().empty();
}

void skip_without_device() {
    if (!has_device()) skip();
}

Status status_of(const std::function<void()> &action, std::string *message = nullptr) {
    try {
        action();
    } catch (const Error &error) {
        if (message != nullptr) *message = error.message;
        return error.status;
    }
    return Status::ok;
}

// A directory of its own, gone at the end.
class Folder {
  public:
    Folder() {
        std::string pattern = (fs::temp_directory_path() / "cnn-opencl-XXXXXX").string();
        assert_non_null(mkdtemp(pattern.data()));
        path_ = pattern;
    }
    ~Folder() { fs::remove_all(path_); }
    Folder(const Folder &) = delete;
    Folder &operator=(const Folder &) = delete;

    std::string path() const { return path_.string(); }
    std::vector<fs::path> files() const {
        std::vector<fs::path> out;
        for (const auto &entry : fs::directory_iterator(path_)) out.push_back(entry.path());
        return out;
    }

  private:
    fs::path path_;
};

std::string contents_of(const fs::path &path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

void replace_contents(const fs::path &path, const std::string &contents) {
    std::ofstream(path, std::ios::binary)
        .write(contents.data(), static_cast<std::streamsize>(contents.size()));
}

FusedOp relu(int64_t n, int64_t features) {
    Op op;
    op.inputs = {0};
    op.outputs = {1};
    op.attributes = activation_attributes(Activation::relu, 0);
    Tensor tensor;
    tensor.shape = {n, features};
    tensor.batched = true;
    return single(op, {tensor, tensor});
}

// Runs ReLU by every candidate and checks the result.
void check_relu(Device &device, int64_t n, int64_t features) {
    const FusedOp group = relu(n, features);
    std::vector<Candidate> candidates;
    device.candidates(group, candidates);
    assert_true(!candidates.empty());
    auto queue = device.create_queue();
    for (const Candidate &candidate : candidates) {
        const auto elements =
            static_cast<size_t>(candidate.layouts[0].elements(group.tensors[0].shape));
        const auto bytes = static_cast<int64_t>(elements * sizeof(float));
        std::vector<float> x(elements), y(elements);
        for (size_t i = 0; i < elements; ++i) x[i] = static_cast<float>(i % 7) - 3;
        const auto from = device.allocate(bytes), to = device.allocate(bytes);
        const Ref operands[] = {{from.get(), 0}, {to.get(), 0}};
        Launch launch;
        launch.n = n;
        launch.operands = operands;
        queue->write(operands[0], x.data(), bytes);
        const auto kernel = device.prepare(group, candidate);
        kernel->take_memory();
        kernel->launch(*queue, launch);
        queue->read(y.data(), operands[1], bytes);
        for (size_t i = 0; i < elements; ++i) {
            if (y[i] != 0 || x[i] <= 0) assert_float_equal(y[i], x[i] > 0 ? x[i] : 0, 0);
        }
    }
}

// --- Loaders.

void missing_loader(void **) {
    std::string why;
    assert_null(opencl::load_api(why, "libno-such-opencl.so.9").get());
    assert_true(!why.empty());
    assert_int_equal(opencl::list_with("libno-such-opencl.so.9").size(), 0);
    std::string message;
    const Status status = status_of(
        [] { opencl::open_with("libno-such-opencl.so.9", "gpu", options_for()); }, &message);
    assert_int_equal(status, Status::not_found);
    assert_non_null(std::strstr(message.c_str(), "open \"opencl:gpu\": no OpenCL loader"));
}

// A library that is none of OpenCL's.
void foreign_loader(void **) {
    std::string why;
    assert_null(opencl::load_api(why, "libm.so.6").get());
    assert_int_equal(opencl::list_with("libm.so.6").size(), 0);
    assert_true(!why.empty());
}

void error_names(void **) {
    assert_string_equal(opencl::error_name(CL_OUT_OF_RESOURCES).c_str(), "CL_OUT_OF_RESOURCES");
    assert_string_equal(opencl::error_name(-9999).c_str(), "CL error -9999");
    std::string message;
    assert_int_equal(status_of([] { opencl::check(CL_INVALID_VALUE, "clFinish"); }, &message),
                     Status::device_error);
    assert_string_equal(message.c_str(), "OpenCL: clFinish failed with CL_INVALID_VALUE");
    assert_int_equal(
        status_of([] { opencl::check(CL_MEM_OBJECT_ALLOCATION_FAILURE, "clCreateBuffer"); }),
        Status::out_of_memory);
    opencl::check(CL_SUCCESS, "clFinish");
}

// --- Devices.

void devices_are_listed_and_opened(void **) {
    skip_without_device();
    for (const DeviceInfo &info : opencl::list()) {
        assert_int_equal(info.spec.rfind("opencl:", 0), 0);
        assert_string_equal(info.backend.c_str(), "opencl");
        assert_true(!info.name.empty() && !info.driver.empty());
        assert_true(info.kind >= 1 && info.kind <= 3 && info.compute_units > 0);
        const auto device = opencl::open(info.spec.substr(7), options_for());
        assert_string_equal(device->info().spec.c_str(), info.spec.c_str());
    }
    assert_non_null(opencl::open("", options_for()).get());
}

void unknown_devices_are_refused(void **) {
    skip_without_device();
    const std::string first = opencl::list().front().spec;
    for (const char *which : {"9.9", "0", "0.", "gpus", "0.0.0", "-1.0", "!gpu0"}) {
        std::string message;
        assert_int_equal(status_of([&] { opencl::open(which, options_for()); }, &message),
                         Status::not_found);
        assert_non_null(std::strstr(message.c_str(), first.c_str()));
    }
    bool gpu = false;
    for (const DeviceInfo &info : opencl::list()) gpu = gpu || info.kind == 2;
    std::string message;
    if (!gpu) {
        assert_int_equal(status_of([&] { opencl::open("gpu", options_for()); }, &message),
                         Status::not_found);
        assert_int_equal(
            message.rfind("open \"opencl:gpu\": no OpenCL device of type GPU; found: ", 0), 0);
    }
}

void both_forms_run(void **) {
    skip_without_device();
    for (const char *which : kForms) {
        const auto device = opencl::open(which, options_for());
        for (const int64_t n : {1, 3, 16, 50}) check_relu(*device, n, 37);
    }
}

// Threads share a device; each has its own queue and kernels.
void threads_share_a_device(void **) {
    skip_without_device();
    const auto device = opencl::open("", options_for());
    std::vector<std::thread> threads;
    for (int64_t t = 0; t < 3; ++t) {
        threads.emplace_back([&, t] {
            for (int64_t i = 0; i < 5; ++i) check_relu(*device, 5 + t, 20 + i);
        });
    }
    for (std::thread &thread : threads) thread.join();
}

// --- Memory.

void memory_is_the_allocators(void **) {
    skip_without_device();
    DeviceOptions options = options_for();
    options.allocator = std::make_shared<Allocator>(AllocatorHooks{}, size_t{1} << 20);
    const auto device = opencl::open("", options);
    {
        const auto buffer = device->allocate(100000);
        assert_true(options.allocator->in_use() >= 100000);
        const auto empty = device->allocate(0);
        assert_non_null(empty.get());
        assert_int_equal(status_of([&] { device->allocate(int64_t{2} << 20); }),
                         Status::limit_exceeded);
    }
    assert_int_equal(options.allocator->in_use(), 0);
}

void too_large_a_buffer_is_refused(void **) {
    skip_without_device();
    const auto device = opencl::open("", options_for());
    assert_int_equal(status_of([&] { device->allocate(int64_t{1} << 60); }), Status::out_of_memory);
}

void transfers_move_every_byte(void **) {
    skip_without_device();
    const auto device = opencl::open("", options_for());
    const auto queue = device->create_queue();
    for (const int64_t bytes : {1, 4, 1000, 300000, 600001}) {
        const auto a = device->allocate(bytes + 8), b = device->allocate(bytes + 8);
        std::vector<uint8_t> sent(static_cast<size_t>(bytes)), got(sent.size());
        for (size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<uint8_t>(i * 7 + 1);
        queue->zero({b.get(), 0}, bytes + 8);
        queue->write({a.get(), 4}, sent.data(), bytes);
        queue->copy({b.get(), 8}, {a.get(), 4}, bytes);
        queue->read(got.data(), {b.get(), 8}, bytes);
        assert_memory_equal(got.data(), sent.data(), sent.size());
        queue->zero({b.get(), 8}, bytes);
        queue->read(got.data(), {b.get(), 8}, bytes);
        for (const uint8_t byte : got) assert_int_equal(byte, 0);
        queue->write({a.get(), 0}, nullptr, 0);
        queue->finish();
    }
}

// --- The program cache.

constexpr char kSource[] =
    "ITEMS __kernel void twice(__global float *x) { x[get_global_id(0)] *= FACTOR; }\n";

// Builds kSource on a new device and runs it once; what it logged is in `messages`.
void build_and_run(const std::string &cache, Messages &messages, const std::string &factor = "2") {
    const auto device = std::static_pointer_cast<opencl::OpenClDevice>(
        opencl::open("", options_for(&messages, cache)));
    opencl::Function twice(
        *device, device->programs().source("twice", kSource, "-DFACTOR=" + factor), "twice");
    const auto queue = device->create_queue();
    const auto buffer = device->allocate(4);
    float value = 3;
    queue->write({buffer.get(), 0}, &value, 4);
    twice.set_buffer(0, *buffer);
    twice.launch(*queue, 1);
    queue->read(&value, {buffer.get(), 0}, 4);
    assert_float_equal(value, 3 * std::stof(factor), 0);
}

void programs_are_built_once(void **) {
    skip_without_device();
    Messages messages;
    const auto device =
        std::static_pointer_cast<opencl::OpenClDevice>(opencl::open("", options_for(&messages)));
    const auto a = device->programs().source("twice", kSource, "-DFACTOR=2");
    assert_true(a == device->programs().source("twice", kSource, "-DFACTOR=2"));
    assert_true(a != device->programs().source("twice", kSource, "-DFACTOR=3"));
    assert_int_equal(messages.count("built twice"), 2);
}

void broken_programs_say_why(void **) {
    skip_without_device();
    const auto device =
        std::static_pointer_cast<opencl::OpenClDevice>(opencl::open("", options_for()));
    std::string message;
    assert_int_equal(
        status_of([&] { device->programs().source("wrong", "__kernel void f( {", ""); }, &message),
        Status::device_error);
    assert_non_null(std::strstr(message.c_str(), "clBuildProgram of wrong"));
    assert_int_equal(status_of([&] {
                         opencl::Function(*device,
                                          device->programs().source("twice", kSource, "-DFACTOR=2"),
                                          "thrice");
                     }),
                     Status::device_error);
}

void binaries_are_used_again(void **) {
    skip_without_device();
    const Folder folder;
    Messages first, second, other;
    build_and_run(folder.path(), first);
    assert_int_equal(first.count("built twice"), 1);
    if (first.count("isn't cached") != 0) skip();  // a driver without binaries
    assert_int_equal(folder.files().size(), 1);
    build_and_run(folder.path(), second);
    assert_int_equal(second.count("built twice"), 0);
    build_and_run(folder.path(), other, "5");
    assert_int_equal(other.count("built twice"), 1);
    assert_int_equal(folder.files().size(), 2);
}

// Whatever lies in the cache, the program is built from source, and the file is put right.
void damaged_binaries_are_built_anew(void **) {
    skip_without_device();
    const Folder folder;
    Messages first;
    build_and_run(folder.path(), first);
    if (folder.files().empty()) skip();
    const fs::path file = folder.files().front();
    const std::string good = contents_of(file);

    std::vector<std::string> bad{"", "x", good.substr(0, 20), good.substr(0, good.size() - 1),
                                 good + "x"};
    for (const size_t at :
         {size_t{0}, size_t{8}, size_t{13}, size_t{17}, size_t{25}, size_t{60}, good.size() - 1}) {
        bad.push_back(good);
        bad.back()[at] = static_cast<char>(bad.back()[at] ^ 0x55);
    }
    for (const std::string &contents : bad) {
        replace_contents(file, contents);
        Messages messages, again;
        build_and_run(folder.path(), messages);
        assert_int_equal(messages.count("built twice"), 1);
        assert_int_equal(messages.count("from source: cached program"), 1);
        build_and_run(folder.path(), again);
        assert_int_equal(again.count("built twice"), 0);
    }
}

// A file with a right header and checksum whose binary the driver refuses.
void foreign_binaries_are_built_anew(void **) {
    skip_without_device();
    const Folder folder;
    Messages two, three, again;
    build_and_run(folder.path(), two, "2");
    if (folder.files().empty()) skip();
    const fs::path of_two = folder.files().front();
    const std::string contents = contents_of(of_two);
    build_and_run(folder.path(), three, "3");
    for (const fs::path &file : folder.files()) {
        if (file != of_two) replace_contents(file, contents);
    }
    build_and_run(folder.path(), again, "3");
    assert_int_equal(again.count("another program's"), 1);
    assert_int_equal(again.count("built twice"), 1);
}

void unwritable_directories_are_harmless(void **) {
    skip_without_device();
    const Folder folder;
    const std::string file = folder.path() + "/file";
    replace_contents(file, "");
    for (const std::string &path : {folder.path() + "/none", file}) {
        Messages messages;
        build_and_run(path, messages);
        assert_int_equal(messages.count("built twice"), 1);
        assert_int_equal(messages.count("isn't cached"), 1);
    }
}

// --- Filters transformed by Winograd are G g G^T to rounding, and 0 past the last.

float value_of(size_t i) {
    return static_cast<float>(i * 2654435761u % 1001u) / 500.0f - 1.0f;
}

void expect_winograd(Device &device, const Tensor &w, const Layout &layout) {
    const FusedOp group = single({OpKind::reorder, -1, {0}, {1}, {}}, {w, w});
    Candidate candidate;
    candidate.algorithm = "reorder";
    candidate.layouts = {Layout::plain(), layout};
    std::vector<float> plain(static_cast<size_t>(w.shape.elements()));
    for (size_t i = 0; i < plain.size(); ++i) plain[i] = value_of(i);
    std::vector<float> got(static_cast<size_t>(layout.elements(w.shape)), NAN), exact = got;
    reference::reorder(w.shape, 4, Layout::plain(), plain.data(), layout, exact.data());
    const auto bytes = [](const std::vector<float> &v) {
        return static_cast<int64_t>(v.size() * sizeof(float));
    };
    const auto from = device.allocate(bytes(plain)), to = device.allocate(bytes(got));
    const Ref refs[2] = {{from.get(), 0}, {to.get(), 0}};
    const auto queue = device.create_queue();
    queue->write(refs[0], plain.data(), bytes(plain));
    queue->write(refs[1], got.data(), bytes(got));
    Launch launch;
    launch.operands = refs;
    const auto kernel = device.prepare(group, candidate);
    kernel->launch(*queue, launch);
    queue->read(got.data(), refs[1], bytes(got));
    queue->finish();
    for (size_t i = 0; i < got.size(); ++i) assert_true(std::abs(got[i] - exact[i]) <= 4e-7f);
}

void filters_are_transformed(void **) {
    if (!has_device()) skip();
    for (const char *form : kForms) {
        const auto device = opencl::open(form, options_for());
        for (const auto &[outputs, inputs] : {std::pair{1, 1}, {8, 3}, {13, 21}, {40, 16}}) {
            Tensor w;
            w.shape = {outputs, inputs, 3, 3};
            w.space = Space::parameter;
            const int block = std::strchr(form, '!') != nullptr ? 16 : 8;
            for (const bool turned : {false, true})
                expect_winograd(*device, w, Layout::winograd(2, block, turned));
        }
    }
}

// --- Winograd's tiles, more than GPUs take at a time.

constexpr int64_t kSamples = 5, kInputs = 2, kOutputs = 1022, kSide = 30;

// Of a 3x3 kernel with a border of 1.
double convolved(const std::vector<float> &x, const std::vector<float> &w, int64_t n, int64_t o,
                 int64_t row, int64_t column) {
    double sum = 0;
    for (int64_t c = 0; c < kInputs; ++c) {
        for (int64_t tap = 0; tap < 9; ++tap) {
            const int64_t h = row + tap / 3 - 1, v = column + tap % 3 - 1;
            if (h < 0 || h >= kSide || v < 0 || v >= kSide) continue;
            sum += static_cast<double>(
                       x[static_cast<size_t>(((n * kInputs + c) * kSide + h) * kSide + v)]) *
                   static_cast<double>(w[static_cast<size_t>((o * kInputs + c) * 9 + tap)]);
        }
    }
    return sum;
}

void many_tiles_are_taken_in_turns(void **) {
    if (!has_device()) skip();
    const auto device = opencl::open("0.0!gpu", options_for());
    std::array<Tensor, 3> tensors;
    tensors[0].shape = {kSamples, kInputs, kSide, kSide};
    tensors[1].shape = {kOutputs, kInputs, 3, 3};
    tensors[1].space = Space::parameter;
    tensors[2].shape = {kSamples, kOutputs, kSide, kSide};
    tensors[0].batched = tensors[2].batched = true;
    ConvolutionAttributes attributes;
    attributes.window.kernel = {3, 3, 1};
    attributes.window.pad_begin = attributes.window.pad_end = {1, 1, 0};
    const FusedOp group = single({OpKind::convolution, -1, {0, 1}, {2}, attributes},
                                 {tensors[0], tensors[1], tensors[2]});
    std::vector<Candidate> candidates;
    device->candidates(group, candidates);
    const auto chosen = std::find_if(candidates.begin(), candidates.end(), [](const Candidate &c) {
        return c.algorithm == "winograd_tiled";
    });
    assert_true(chosen != candidates.end());

    const auto queue = device->create_queue();
    std::array<std::vector<float>, 3> values;
    std::array<std::unique_ptr<Buffer>, 3> buffers;
    std::array<Ref, 3> refs;
    for (size_t i = 0; i < 3; ++i) {
        const Layout &layout = chosen->layouts[i];
        std::vector<float> laid(static_cast<size_t>(layout.elements(tensors[i].shape)));
        values[i].resize(static_cast<size_t>(tensors[i].shape.elements()));
        for (size_t k = 0; k < values[i].size(); ++k) values[i][k] = value_of(k + i);
        reference::reorder(tensors[i].shape, 4, Layout::plain(), values[i].data(), layout,
                           laid.data());
        const auto bytes = static_cast<int64_t>(laid.size() * sizeof(float));
        buffers[i] = device->allocate(bytes);
        refs[i] = {buffers[i].get(), 0};
        queue->write(refs[i], laid.data(), bytes);
    }
    const auto workspace = device->allocate(chosen->workspace);
    Launch launch;
    launch.n = kSamples;
    launch.operands = refs.data();
    launch.workspace = {workspace.get(), 0};
    const auto kernel = device->prepare(group, *chosen);
    kernel->launch(*queue, launch);
    queue->read(values[2].data(), refs[2], static_cast<int64_t>(values[2].size() * sizeof(float)));
    queue->finish();
    for (int64_t i = 0; i < static_cast<int64_t>(values[2].size()); i += 61) {
        const double exact =
            convolved(values[0], values[1], i / (kOutputs * kSide * kSide),
                      i / (kSide * kSide) % kOutputs, i / kSide % kSide, i % kSide);
        assert_true(std::abs(static_cast<double>(values[2][static_cast<size_t>(i)]) - exact) <
                    1e-5);
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(missing_loader),
        cmocka_unit_test(foreign_loader),
        cmocka_unit_test(error_names),
        cmocka_unit_test(devices_are_listed_and_opened),
        cmocka_unit_test(unknown_devices_are_refused),
        cmocka_unit_test(both_forms_run),
        cmocka_unit_test(threads_share_a_device),
        cmocka_unit_test(memory_is_the_allocators),
        cmocka_unit_test(too_large_a_buffer_is_refused),
        cmocka_unit_test(transfers_move_every_byte),
        cmocka_unit_test(filters_are_transformed),
        cmocka_unit_test(many_tiles_are_taken_in_turns),
        cmocka_unit_test(programs_are_built_once),
        cmocka_unit_test(broken_programs_say_why),
        cmocka_unit_test(binaries_are_used_again),
        cmocka_unit_test(damaged_binaries_are_built_anew),
        cmocka_unit_test(foreign_binaries_are_built_anew),
        cmocka_unit_test(unwritable_directories_are_harmless),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}

// Programs built once a device, from source or from the cache's binaries, and the kernel objects
// made of them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "backend/backend.h"
#include "backend/opencl/api.h"

namespace cnn::opencl {

class OpenClDevice;

// A built program. Immutable; shared by the kernels made of it.
struct Program {
    Handle<cl_program> program;
    std::string name;     // for messages
    bool cached = false;  // came from the cache's file
};

// A kernel object, its arguments and its launches. Each prepared Kernel owns its own, so that
// threads don't meet. Arguments that didn't change since the last launch are not set again.
class Function {
  public:
    Function() = default;
    Function(const OpenClDevice &device, std::shared_ptr<const Program> program, const char *name);

    // Integers and floats exactly as the kernel declares them: int, long, ulong or float.
    void set(cl_uint index, int32_t value) { set_bytes(index, &value, sizeof value); }
    void set(cl_uint index, int64_t value) { set_bytes(index, &value, sizeof value); }
    void set(cl_uint index, uint64_t value) { set_bytes(index, &value, sizeof value); }
    void set(cl_uint index, float value) { set_bytes(index, &value, sizeof value); }
    // Two arguments, for the kernel's (__global T *x, long x_offset): the buffer at `index` and, at
    // index + 1, the offset in elements of element_bytes.
    void set(cl_uint index, const Ref &ref, int64_t element_bytes = 4);
    // The buffer alone.
    void set_buffer(cl_uint index, const Buffer &buffer);
    // The host's memory, whose handle may be another buffer's the next time.
    void set_lent(cl_uint index, cl_mem memory);
    // Bytes of local memory.
    void set_local(cl_uint index, size_t bytes);

    // Enqueues. local null: the runtime's choice, or what the kernel's attribute says.
    void launch(Queue &queue, cl_uint dimensions, const size_t *global,
                const size_t *local = nullptr);
    void launch(Queue &queue, int64_t global) {
        const auto size = static_cast<size_t>(global);
        launch(queue, 1, &size);
    }
    // For kernels with reqd_work_group_size(1, 1, 1): `items` work-groups of one.
    void launch_single(Queue &queue, int64_t items);
    void launch_single(Queue &queue, int64_t items0, int64_t items1);
    // For kernels of ITEMS (common.cl): groups of one in the CPU class, else of kGroup items, the
    // last ones past `items`.
    void launch_items(Queue &queue, int64_t items);
    static constexpr size_t kGroup = 64;

  private:
    static constexpr cl_uint kTracked = 48;
    struct Value {
        uint64_t bits = 0;
        uint8_t bytes = 0;  // 0: not set yet
    };

    void set_bytes(cl_uint index, const void *value, size_t bytes);
    // Whether the argument has to be set, remembering its new value.
    bool changes(cl_uint index, uint64_t bits, size_t bytes);
    // Forgets the argument's value before it throws, for the kernel may have another.
    void check_argument(cl_int status, cl_uint index);
    void ask_max_work_group();

    const OpenClDevice *device_ = nullptr;
    std::shared_ptr<const Program> program_;
    Handle<cl_kernel> kernel_;
    std::string name_;
    size_t max_work_group_ = 1;  // the largest group that the compiled kernel can run in
    std::array<Value, kTracked> values_{};
};

// Builds a device's programs and remembers them in memory and, if the host named a directory, on
// disk. Any thread.
class ProgramCache {
  public:
    explicit ProgramCache(const OpenClDevice &device) : device_(device) {}
    // Writes what was built from source to the host's directory: not before, for drivers may take
    // as long to give a binary as to build it, which the first step would wait for.
    ~ProgramCache();
    ProgramCache(const ProgramCache &) = delete;

    // kernels/<file> under "-D..." options; common.cl is put before it.
    std::shared_ptr<const Program> embedded(std::string_view file, const std::string &options);
    // The same of generated source. `name` is for messages.
    std::shared_ptr<const Program> source(std::string_view name, const std::string &source,
                                          const std::string &options);

  private:
    std::shared_ptr<const Program> find_or_build(std::string_view name, std::string_view source,
                                                 const std::string &options);
    Handle<cl_program> from_source(std::string_view name, std::string_view source,
                                   const std::string &options);
    Handle<cl_program> from_cache(std::string_view name, const std::string &options,
                                  const std::string &key);
    void save(std::string_view name, cl_program program, const std::string &key);
    std::string build_log(cl_program program) const;
    std::string path_of(const std::string &key) const;

    const OpenClDevice &device_;
    std::mutex mutex_;
    std::map<std::string, std::shared_ptr<const Program>, std::less<>> programs_;
};

}  // namespace cnn::opencl

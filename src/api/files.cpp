// Saving and loading models and checkpoints.
#include "api/shim.h"
#include "base/file.h"
#include "io/model.h"
#include "io/safetensors.h"

using namespace cnn;
using namespace cnn::api;

namespace {

constexpr size_t kReadAtOnce = size_t{1} << 20;

// Says in messages which file it was.
template <class Body>
void labelled(const std::string &label, const Body &body) {
    try {
        body();
    } catch (const Error &error) {
        fail_at(error.node, error.status, text(label, ": ", error.message));
    }
}

std::string quoted(const char *verb, const char *path) {
    return text(verb, " \"", path, "\"");
}

// What is saved: a model, or a checkpoint where there is an optimizer.
struct Saved {
    Session &session;
    Optimizer *optimizer = nullptr;
};

Saved model(cnn_net *net, const char *call) {
    return {need(net, call, "net").session};
}

Saved checkpoint(cnn_net *net, cnn_optimizer *optimizer, const char *call) {
    return {need(net, call, "net").session, &need(optimizer, call, "optimizer").optimizer};
}

void save(const Saved &what, const char *path) {
    labelled(quoted("save", path), [&] {
        const ModelImage image(what.session, what.optimizer);
        AtomicFile file(path);
        image.write([&](std::span<const uint8_t> bytes) { file.write(bytes); });
        file.commit();
    });
}

void save_memory(const Saved &what, void *data, size_t capacity, size_t &bytes) {
    labelled("save to memory", [&] {
        const ModelImage image(what.session, what.optimizer);
        bytes = image.bytes();
        if (!data || capacity < bytes)
            fail(Status::limit_exceeded,
                 text("it takes ", bytes, " bytes, but ",
                      data ? text("capacity is ", capacity) : "data is NULL"));
        auto *to = static_cast<uint8_t *>(data);
        image.write(
            [&](std::span<const uint8_t> part) { to = std::copy(part.begin(), part.end(), to); });
    });
}

void save_writer(const Saved &what, const cnn_writer &writer) {
    labelled("save to a writer", [&] {
        if (!writer.write) fail(Status::invalid_argument, "its function is NULL");
        const ModelImage image(what.session, what.optimizer);
        image.write([&](std::span<const uint8_t> bytes) {
            if (const int32_t code = writer.write(writer.user, bytes.data(), bytes.size()))
                fail(Status::io_error, text("it failed with ", code));
        });
    });
}

std::vector<uint8_t> read_all(const cnn_reader &reader) {
    if (!reader.read) fail(Status::invalid_argument, "its function is NULL");
    std::vector<uint8_t> bytes;
    uint64_t expected = 0;  // by the header, once it is there
    for (;;) {
        const size_t size = bytes.size();
        bytes.resize(size + kReadAtOnce);
        size_t got = 0;
        if (const int32_t code = reader.read(reader.user, bytes.data() + size, kReadAtOnce, &got))
            fail(Status::io_error, text("it failed with ", code));
        if (got > kReadAtOnce)
            fail(Status::io_error, text("it gave ", got, " bytes where ", kReadAtOnce, " fit"));
        bytes.resize(size + got);
        if (got == 0) return bytes;
        if (expected == 0) expected = safetensors_bytes(bytes);
        if (expected != 0 && bytes.size() > expected)
            fail(Status::bad_file,
                 text("it goes on after the ", expected, " bytes that its header tells"));
    }
}

std::span<const uint8_t> bytes_of(const void *data, size_t bytes) {
    if (!data && bytes > 0) fail(Status::invalid_argument, "data is NULL");
    return {static_cast<const uint8_t *>(data), bytes};
}

// Where a load puts what it made, once all of it is.
class Loaded {
  public:
    Loaded(cnn_net **net, const char *call) : net_(&need(net, call, "net")) {}
    Loaded(cnn_net **net, cnn_optimizer **optimizer, const char *call) : Loaded(net, call) {
        optimizer_ = &need(optimizer, call, "optimizer");
    }

    void load_path(const char *path) const {
        labelled(quoted("load", path), [&] {
            FileSource file(path);
            load(file);
        });
    }
    void load_memory(const void *data, size_t bytes) const {
        labelled("load from memory", [&] { load(bytes_of(data, bytes)); });
    }
    void load_reader(const cnn_reader &reader) const {
        labelled("load from a reader", [&] { load(read_all(reader)); });
    }

  private:
    void load(std::span<const uint8_t> bytes) const {
        MemorySource source(bytes);
        load(source);
    }
    void load(ByteSource &source) const {
        ModelFile file(source);
        auto net = std::make_unique<cnn_net>(file.name(), file.seed());
        std::optional<Optimizer> optimizer;
        file.load(net->session, optimizer_ ? &optimizer : nullptr);
        if (optimizer_) *optimizer_ = new cnn_optimizer{std::move(*optimizer)};
        *net_ = net.release();
    }

    cnn_net **net_;
    cnn_optimizer **optimizer_ = nullptr;
};

}  // namespace

extern "C" {

cnn_status cnn_net_save(cnn_net *net, const char *path, cnn_error *error) {
    return guard(error, [&] { save(model(net, "save"), &need(path, "save", "path")); });
}

cnn_status cnn_net_save_memory(cnn_net *net, void *data, size_t capacity, size_t *bytes,
                               cnn_error *error) {
    return guard(error, [&] {
        save_memory(model(net, "save"), data, capacity, need(bytes, "save", "bytes"));
    });
}

cnn_status cnn_net_save_writer(cnn_net *net, const cnn_writer *writer, cnn_error *error) {
    return guard(error, [&] { save_writer(model(net, "save"), need(writer, "save", "writer")); });
}

cnn_status cnn_net_load(const char *path, cnn_net **net, cnn_error *error) {
    return guard(error, [&] { Loaded(net, "load").load_path(&need(path, "load", "path")); });
}

cnn_status cnn_net_load_memory(const void *data, size_t bytes, cnn_net **net, cnn_error *error) {
    return guard(error, [&] { Loaded(net, "load").load_memory(data, bytes); });
}

cnn_status cnn_net_load_reader(const cnn_reader *reader, cnn_net **net, cnn_error *error) {
    return guard(error, [&] { Loaded(net, "load").load_reader(need(reader, "load", "reader")); });
}

cnn_status cnn_checkpoint_save(cnn_net *net, cnn_optimizer *optimizer, const char *path,
                               cnn_error *error) {
    return guard(error,
                 [&] { save(checkpoint(net, optimizer, "save"), &need(path, "save", "path")); });
}

cnn_status cnn_checkpoint_save_memory(cnn_net *net, cnn_optimizer *optimizer, void *data,
                                      size_t capacity, size_t *bytes, cnn_error *error) {
    return guard(error, [&] {
        save_memory(checkpoint(net, optimizer, "save"), data, capacity,
                    need(bytes, "save", "bytes"));
    });
}

cnn_status cnn_checkpoint_save_writer(cnn_net *net, cnn_optimizer *optimizer,
                                      const cnn_writer *writer, cnn_error *error) {
    return guard(error, [&] {
        save_writer(checkpoint(net, optimizer, "save"), need(writer, "save", "writer"));
    });
}

cnn_status cnn_checkpoint_load(const char *path, cnn_net **net, cnn_optimizer **optimizer,
                               cnn_error *error) {
    return guard(error,
                 [&] { Loaded(net, optimizer, "load").load_path(&need(path, "load", "path")); });
}

cnn_status cnn_checkpoint_load_memory(const void *data, size_t bytes, cnn_net **net,
                                      cnn_optimizer **optimizer, cnn_error *error) {
    return guard(error, [&] { Loaded(net, optimizer, "load").load_memory(data, bytes); });
}

cnn_status cnn_checkpoint_load_reader(const cnn_reader *reader, cnn_net **net,
                                      cnn_optimizer **optimizer, cnn_error *error) {
    return guard(
        error, [&] { Loaded(net, optimizer, "load").load_reader(need(reader, "load", "reader")); });
}

}  // extern "C"

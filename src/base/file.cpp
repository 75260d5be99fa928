// Whole files: read at once, replaced at once or not at all.
#include "base/file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/system_file.h"
#include "base/text.h"

namespace cnn {
namespace {

// strerror_r comes in two kinds: one returns the text, the other a code beside the filled buffer.
[[maybe_unused]] std::string reason_from(const char *returned, const char *) {
    return returned;
}
[[maybe_unused]] std::string reason_from(int code, const char *buffer) {
    return code == 0 ? buffer : "unknown";
}

std::string reason(int error_number) {
    std::array<char, 256> buffer{};
#if defined(_WIN32)
    return reason_from(strerror_s(buffer.data(), buffer.size(), error_number), buffer.data());
#else
    return reason_from(strerror_r(error_number, buffer.data(), buffer.size()), buffer.data());
#endif
}

[[noreturn]] void fail_io(const char *action, const std::string &path, int error_number) {
    fail(Status::io_error, text("cannot ", action, " '", path, "': ", reason(error_number)));
}

void check_path(const std::string &path) {
    if (path.find('\0') != std::string::npos) {
        fail(Status::invalid_argument, "a file path contains a zero byte");
    }
}

struct Descriptor {
    int fd;
    ~Descriptor() {
        if (fd >= 0) system_file::close(fd);
    }
};

// The kernel refuses or cuts larger requests.
constexpr size_t kMaxTransfer = size_t{1} << 30;

int opened(const std::string &path) {
    check_path(path);
    const int file = system_file::open_to_read(path);
    if (file < 0) fail_io("open", path, errno);
    return file;
}

// The size is a hint: the file may grow, or be a pipe.
std::vector<uint8_t> read_open(int file, const std::string &path, size_t max_size) {
    system_file::Info info;
    if (!system_file::info_of(file, info)) fail_io("read", path, errno);
    const size_t hint = info.regular ? static_cast<size_t>(info.size) : 0;
    std::vector<uint8_t> bytes;
    size_t used = 0;
    if (hint <= max_size) bytes.resize(hint + 1);
    for (;;) {
        if (used > max_size || hint > max_size) {
            fail(Status::limit_exceeded,
                 text("'", path, "' is larger than the ", max_size, " bytes allowed"));
        }
        if (used == bytes.size()) bytes.resize(used + std::max<size_t>(used, 4096));
        const size_t wanted = std::min(bytes.size() - used, kMaxTransfer);
        const int64_t got = system_file::read(file, bytes.data() + used, wanted);
        if (got < 0) fail_io("read", path, errno);
        if (got == 0) break;
        used += static_cast<size_t>(got);
    }
    bytes.resize(used);
    return bytes;
}

}  // namespace

std::vector<uint8_t> read_file(const std::string &path, size_t max_size) {
    const Descriptor file{opened(path)};
    return read_open(file.fd, path, max_size);
}

FileSource::FileSource(const std::string &path) : path_(path) {
    Descriptor file{opened(path)};
    system_file::Info info;
    if (!system_file::info_of(file.fd, info)) fail_io("read", path, errno);
    if (!info.regular) whole_ = read_open(file.fd, path, SIZE_MAX);
    left_ = info.regular ? info.size : whole_.size();
    file_ = std::exchange(file.fd, -1);
}

FileSource::~FileSource() {
    system_file::close(file_);
}

void FileSource::read(std::span<uint8_t> to) {
    if (!whole_.empty()) {
        std::copy_n(whole_.end() - static_cast<std::ptrdiff_t>(left_), to.size(), to.begin());
        left_ -= to.size();
        return;
    }
    while (!to.empty()) {
        const int64_t got = system_file::read(file_, to.data(), std::min(to.size(), kMaxTransfer));
        if (got < 0) fail_io("read", path_, errno);
        if (got == 0)
            fail(Status::io_error, text("cannot read '", path_, "': it was cut meanwhile, ", left_,
                                        " bytes are missing"));
        left_ -= static_cast<uint64_t>(got);
        to = to.subspan(static_cast<size_t>(got));
    }
}

AtomicFile::AtomicFile(const std::string &path) : path_(path) {
    check_path(path);
    target_ = system_file::resolved(path);
    directory_ = system_file::directory_of(target_);
    system_file::Info info;
    const bool exists = system_file::info_of(target_, info);
    if (!exists && errno != ENOENT) fail_io("write", path_, errno);
    if (exists && !info.regular) {
        fail(Status::io_error, text("cannot write '", path_, "': it is not a regular file"));
    }
    // Renaming would replace even a file that may not be written.
    if (exists && !system_file::may_write(target_)) fail_io("write", path_, errno);

    open_temporary(exists ? 0600 : 0666);
    if (exists && !system_file::take_attributes(file_, info)) {
        fail_with("set the permissions of", errno);
    }
}

AtomicFile::~AtomicFile() {
    discard();
}

// A name that does not depend on the target's, which may be as long as names can be.
void AtomicFile::open_temporary(uint32_t mode) {
    constexpr int kAttempts = 100;
    const int64_t process = system_file::process_id();
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        const int64_t now = std::chrono::steady_clock::now().time_since_epoch().count();
        temporary_ = text(directory_, ".cnn-", process, "-", now, "-", attempt, ".tmp");
        file_ = system_file::create(temporary_, mode);
        if (file_ >= 0) return;
        if (errno != EEXIST) break;
    }
    fail_io("create a temporary file beside", path_, errno);
}

void AtomicFile::write(std::span<const uint8_t> bytes) {
    if (file_ < 0) fail(Status::bad_state, text("'", path_, "' is no longer being written"));
    while (!bytes.empty()) {
        const size_t wanted = std::min(bytes.size(), kMaxTransfer);
        const int64_t put = system_file::write(file_, bytes.data(), wanted);
        if (put < 0) fail_with("write", errno);
        bytes = bytes.subspan(static_cast<size_t>(put));
    }
}

void AtomicFile::commit() {
    if (file_ < 0) fail(Status::bad_state, text("'", path_, "' is no longer being written"));
    if (!system_file::sync(file_)) fail_with("sync", errno);
    if (!system_file::close(std::exchange(file_, -1))) fail_with("close", errno);
    if (!system_file::replace(target_, temporary_)) fail_with("replace", errno);
    temporary_.clear();
    if (!system_file::sync_directory(directory_)) {
        fail_io("sync the directory, after the file was replaced, of", path_, errno);
    }
}

void AtomicFile::discard() noexcept {
    if (file_ >= 0) system_file::close(std::exchange(file_, -1));
    if (!temporary_.empty()) system_file::remove(temporary_);
    temporary_.clear();
}

void AtomicFile::fail_with(const char *action, int error_number) {
    discard();
    fail_io(action, path_, error_number);
}

FileLock::FileLock(const std::string &path) noexcept
    : file_(system_file::open_to_lock(path)), held_(file_ >= 0 && system_file::lock(file_)) {}

FileLock::~FileLock() {
    if (file_ >= 0) system_file::close(file_);
}

void write_file_atomic(const std::string &path, std::span<const uint8_t> bytes) {
    AtomicFile file(path);
    file.write(bytes);
    file.commit();
}

}  // namespace cnn

// Whole files: read at once, replaced at once or not at all.
#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

#include "base/error.h"
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
    return reason_from(strerror_r(error_number, buffer.data(), buffer.size()), buffer.data());
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
    ~Descriptor() { close(fd); }
};

int open_retrying(const char *path, int flags, mode_t mode = 0) {
    int fd;
    do {
        fd = open(path, flags | O_CLOEXEC, mode);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

// The kernel refuses or cuts larger requests.
constexpr size_t kMaxTransfer = size_t{1} << 30;

// `path` with its symbolic links followed; `path` itself if nothing is there yet.
std::string resolved(const std::string &path) {
    const std::unique_ptr<char, decltype(&std::free)> real(realpath(path.c_str(), nullptr),
                                                           &std::free);
    return real != nullptr ? std::string(real.get()) : path;
}

}  // namespace

std::vector<uint8_t> read_file(const std::string &path, size_t max_size) {
    check_path(path);
    const Descriptor file{open_retrying(path.c_str(), O_RDONLY)};
    if (file.fd < 0) fail_io("open", path, errno);
    struct stat info;
    if (fstat(file.fd, &info) != 0) fail_io("read", path, errno);

    // The size is a hint: the file may grow, or be a pipe.
    const size_t hint = S_ISREG(info.st_mode) ? static_cast<size_t>(info.st_size) : 0;
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
        const ssize_t got = read(file.fd, bytes.data() + used, wanted);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) fail_io("read", path, errno);
        if (got == 0) break;
        used += static_cast<size_t>(got);
    }
    bytes.resize(used);
    return bytes;
}

AtomicFile::AtomicFile(const std::string &path) : path_(path) {
    check_path(path);
    target_ = resolved(path);
    directory_ = target_.substr(0, target_.rfind('/') + 1);
    struct stat info;
    const bool exists = stat(target_.c_str(), &info) == 0;
    if (!exists && errno != ENOENT) fail_io("write", path_, errno);
    if (exists && !S_ISREG(info.st_mode)) {
        fail(Status::io_error, text("cannot write '", path_, "': it is not a regular file"));
    }
    // Renaming would replace even a file that may not be written.
    if (exists && access(target_.c_str(), W_OK) != 0) fail_io("write", path_, errno);

    open_temporary(exists ? 0600 : 0666);
    if (!exists) return;
    // The owner is kept where the system allows it; the permissions must be.
    [[maybe_unused]] const int owned = fchown(file_, info.st_uid, info.st_gid);
    if (fchmod(file_, info.st_mode & 0777) != 0) fail_with("set the permissions of", errno);
}

AtomicFile::~AtomicFile() {
    discard();
}

// A name that does not depend on the target's, which may be as long as names can be.
void AtomicFile::open_temporary(uint32_t mode) {
    constexpr int kAttempts = 100;
    const auto process = static_cast<int64_t>(getpid());
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        const int64_t now = std::chrono::steady_clock::now().time_since_epoch().count();
        temporary_ = text(directory_, ".cnn-", process, "-", now, "-", attempt, ".tmp");
        file_ = open_retrying(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL, mode);
        if (file_ >= 0) return;
        if (errno != EEXIST) break;
    }
    fail_io("create a temporary file beside", path_, errno);
}

void AtomicFile::write(std::span<const uint8_t> bytes) {
    if (file_ < 0) fail(Status::bad_state, text("'", path_, "' is no longer being written"));
    while (!bytes.empty()) {
        const ssize_t put = ::write(file_, bytes.data(), std::min(bytes.size(), kMaxTransfer));
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) fail_with("write", errno);
        bytes = bytes.subspan(static_cast<size_t>(put));
    }
}

void AtomicFile::commit() {
    if (file_ < 0) fail(Status::bad_state, text("'", path_, "' is no longer being written"));
    if (fsync(file_) != 0) fail_with("sync", errno);
    const int file = std::exchange(file_, -1);
    // After EINTR the descriptor is closed all the same.
    if (close(file) != 0 && errno != EINTR) fail_with("close", errno);
    if (rename(temporary_.c_str(), target_.c_str()) != 0) fail_with("replace", errno);
    temporary_.clear();
    sync_directory();
}

// Makes the new name survive a crash; a file system that cannot sync directories is let be.
void AtomicFile::sync_directory() {
    const std::string directory = directory_.empty() ? "." : directory_;
    const int fd = open_retrying(directory.c_str(), O_RDONLY | O_DIRECTORY);
    if (fd < 0) return;
    const Descriptor descriptor{fd};
    if (fsync(fd) != 0 && errno == EIO) {
        fail_io("sync the directory, after the file was replaced, of", path_, errno);
    }
}

void AtomicFile::discard() noexcept {
    if (file_ >= 0) close(std::exchange(file_, -1));
    if (!temporary_.empty()) unlink(temporary_.c_str());
    temporary_.clear();
}

void AtomicFile::fail_with(const char *action, int error_number) {
    discard();
    fail_io(action, path_, error_number);
}

void write_file_atomic(const std::string &path, std::span<const uint8_t> bytes) {
    AtomicFile file(path);
    file.write(bytes);
    file.commit();
}

}  // namespace cnn

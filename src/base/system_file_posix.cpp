// The system's calls on files, by POSIX.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "base/system_file.h"

namespace cnn::system_file {
namespace {

template <class Call>
auto retrying(Call call) noexcept {
    auto result = call();
    while (result < 0 && errno == EINTR) result = call();
    return result;
}

int open_path(const std::string &path, int flags, mode_t mode = 0) noexcept {
    return retrying([&] { return ::open(path.c_str(), flags | O_CLOEXEC, mode); });
}

Info info_from(const struct stat &status) noexcept {
    return {S_ISREG(status.st_mode), static_cast<uint64_t>(status.st_size), status.st_mode & 0777,
            status.st_uid, status.st_gid};
}

}  // namespace

int open_to_read(const std::string &path) noexcept {
    return open_path(path, O_RDONLY);
}

int create(const std::string &path, uint32_t permissions) noexcept {
    return open_path(path, O_WRONLY | O_CREAT | O_EXCL, permissions);
}

int open_to_lock(const std::string &path) noexcept {
    return open_path(path, O_RDWR | O_CREAT, 0666);
}

bool lock(int file) noexcept {
    return retrying([&] { return ::flock(file, LOCK_EX); }) == 0;
}

bool close(int file) noexcept {
    // After EINTR the descriptor is closed all the same.
    return ::close(file) == 0 || errno == EINTR;
}

int64_t read(int file, void *to, size_t size) noexcept {
    return retrying([&] { return ::read(file, to, size); });
}

int64_t write(int file, const void *from, size_t size) noexcept {
    return retrying([&] { return ::write(file, from, size); });
}

bool sync(int file) noexcept {
    return fsync(file) == 0;
}

bool info_of(int file, Info &info) noexcept {
    struct stat status;
    if (fstat(file, &status) != 0) return false;
    info = info_from(status);
    return true;
}

bool info_of(const std::string &path, Info &info) noexcept {
    struct stat status;
    if (stat(path.c_str(), &status) != 0) return false;
    info = info_from(status);
    return true;
}

bool may_write(const std::string &path) noexcept {
    return access(path.c_str(), W_OK) == 0;
}

bool take_attributes(int file, const Info &info) noexcept {
    [[maybe_unused]] const int owned = fchown(file, info.owner, info.group);
    return fchmod(file, info.permissions) == 0;
}

bool replace(const std::string &path, const std::string &by) noexcept {
    return rename(by.c_str(), path.c_str()) == 0;
}

void remove(const std::string &path) noexcept {
    unlink(path.c_str());
}

bool sync_directory(const std::string &path) noexcept {
    const int directory = open_path(path.empty() ? "." : path, O_RDONLY | O_DIRECTORY);
    if (directory < 0) return true;
    const bool synced = fsync(directory) == 0 || errno != EIO;
    ::close(directory);
    return synced;
}

std::string resolved(const std::string &path) {
    const std::unique_ptr<char, decltype(&std::free)> real(realpath(path.c_str(), nullptr),
                                                           &std::free);
    return real != nullptr ? std::string(real.get()) : path;
}

std::string directory_of(const std::string &path) {
    return path.substr(0, path.rfind('/') + 1);
}

int64_t process_id() noexcept {
    return getpid();
}

}  // namespace cnn::system_file

// The system's calls on files, by Windows, whose own paths are UTF-16.
#include <windows.h>

#include <fcntl.h>
#include <io.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "base/system_file.h"

namespace cnn::system_file {
namespace {

// Empty, which names no file, where `path` is not UTF-8 or there is no memory.
std::wstring wide(const std::string &path) noexcept {
    try {
        const int size = static_cast<int>(std::min<size_t>(path.size(), INT_MAX));
        const int count =
            MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path.data(), size, nullptr, 0);
        std::wstring text(static_cast<size_t>(count), L'\0');
        MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path.data(), size, text.data(), count);
        return text;
    } catch (...) {
        return {};
    }
}

std::string narrow(const std::wstring &path) {
    const int size = static_cast<int>(path.size());
    const int count =
        WideCharToMultiByte(CP_UTF8, 0, path.data(), size, nullptr, 0, nullptr, nullptr);
    std::string text(static_cast<size_t>(count), '\0');
    WideCharToMultiByte(CP_UTF8, 0, path.data(), size, text.data(), count, nullptr, nullptr);
    return text;
}

Info info_from(const struct _stat64 &status) noexcept {
    return {(status.st_mode & S_IFMT) == S_IFREG, static_cast<uint64_t>(status.st_size),
            static_cast<uint32_t>(status.st_mode & 0777), 0, 0};
}

unsigned transfer(size_t size) noexcept {
    return static_cast<unsigned>(std::min<size_t>(size, INT_MAX));
}

struct Handle {
    HANDLE handle;
    ~Handle() {
        if (handle != INVALID_HANDLE_VALUE) CloseHandle(handle);
    }
};

}  // namespace

int open_to_read(const std::string &path) noexcept {
    return _wopen(wide(path).c_str(), _O_RDONLY | _O_BINARY | _O_NOINHERIT);
}

int create(const std::string &path, uint32_t) noexcept {
    return _wopen(wide(path).c_str(), _O_WRONLY | _O_CREAT | _O_EXCL | _O_BINARY | _O_NOINHERIT,
                  _S_IREAD | _S_IWRITE);
}

int open_to_lock(const std::string &path) noexcept {
    return _wopen(wide(path).c_str(), _O_RDWR | _O_CREAT | _O_BINARY | _O_NOINHERIT,
                  _S_IREAD | _S_IWRITE);
}

bool lock(int file) noexcept {
    OVERLAPPED from{};
    const auto handle = reinterpret_cast<HANDLE>(_get_osfhandle(file));
    return LockFileEx(handle, LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, &from) != 0;
}

bool close(int file) noexcept {
    return _close(file) == 0;
}

int64_t read(int file, void *to, size_t size) noexcept {
    return _read(file, to, transfer(size));
}

int64_t write(int file, const void *from, size_t size) noexcept {
    return _write(file, from, transfer(size));
}

bool sync(int file) noexcept {
    return _commit(file) == 0;
}

bool info_of(int file, Info &info) noexcept {
    struct _stat64 status;
    if (_fstat64(file, &status) != 0) return false;
    info = info_from(status);
    return true;
}

bool info_of(const std::string &path, Info &info) noexcept {
    struct _stat64 status;
    if (_wstat64(wide(path).c_str(), &status) != 0) return false;
    info = info_from(status);
    return true;
}

bool may_write(const std::string &path) noexcept {
    constexpr int kWrite = 2;
    return _waccess(wide(path).c_str(), kWrite) == 0;
}

// They come from the folder.
bool take_attributes(int, const Info &) noexcept {
    return true;
}

bool replace(const std::string &path, const std::string &by) noexcept {
    constexpr DWORD kFlags = MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH;
    if (MoveFileExW(wide(by).c_str(), wide(path).c_str(), kFlags) != 0) return true;
    const DWORD error = GetLastError();
    const bool refused = error == ERROR_ACCESS_DENIED || error == ERROR_SHARING_VIOLATION;
    errno = refused ? EACCES : error == ERROR_DISK_FULL ? ENOSPC : EIO;
    return false;
}

void remove(const std::string &path) noexcept {
    _wunlink(wide(path).c_str());
}

// Moving has written the name through.
bool sync_directory(const std::string &) noexcept {
    return true;
}

std::string resolved(const std::string &path) {
    const std::wstring given = wide(path);
    const DWORD attributes = GetFileAttributesW(given.c_str());
    if (attributes == INVALID_FILE_ATTRIBUTES || (attributes & FILE_ATTRIBUTE_REPARSE_POINT) == 0) {
        return path;
    }
    const Handle file{CreateFileW(given.c_str(), 0,
                                  FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr,
                                  OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, nullptr)};
    if (file.handle == INVALID_HANDLE_VALUE) return path;
    const DWORD size = GetFinalPathNameByHandleW(file.handle, nullptr, 0, 0);
    std::wstring real(size, L'\0');
    const DWORD length = GetFinalPathNameByHandleW(file.handle, real.data(), size, 0);
    if (length == 0 || length >= size) return path;
    real.resize(length);
    return narrow(real);
}

std::string directory_of(const std::string &path) {
    const size_t end = path.find_last_of("/\\:");
    return end == std::string::npos ? std::string() : path.substr(0, end + 1);
}

int64_t process_id() noexcept {
    return GetCurrentProcessId();
}

}  // namespace cnn::system_file

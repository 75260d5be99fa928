// The system's calls on files. Paths are UTF-8; what fails gives -1 or false and sets errno.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace cnn::system_file {

struct Info {
    bool regular = false;
    uint64_t size = 0;
    uint32_t permissions = 0, owner = 0, group = 0;
};

// Descriptors that child processes don't inherit.
int open_to_read(const std::string &path) noexcept;
// Refuses a file that is there (EEXIST).
int create(const std::string &path, uint32_t permissions) noexcept;
// Made where it isn't there, for lock() alone.
int open_to_lock(const std::string &path) noexcept;
// Waits for the file to be this descriptor's alone, until it is closed or the process ends; false
// where the file system can't. Threads exclude each other too.
bool lock(int file) noexcept;
bool close(int file) noexcept;

// The count of bytes, which may be less than asked for; 0 at the end.
int64_t read(int file, void *to, size_t size) noexcept;
int64_t write(int file, const void *from, size_t size) noexcept;
bool sync(int file) noexcept;

bool info_of(int file, Info &info) noexcept;
bool info_of(const std::string &path, Info &info) noexcept;
bool may_write(const std::string &path) noexcept;
// As those of a file that `file` is to replace: the owner where the system allows it, the
// permissions surely.
bool take_attributes(int file, const Info &info) noexcept;

bool replace(const std::string &path, const std::string &by) noexcept;
void remove(const std::string &path) noexcept;
// Makes new names in it survive a crash; true where a file system cannot.
bool sync_directory(const std::string &path) noexcept;

// `path` with its symbolic links followed; `path` itself if nothing is there yet.
std::string resolved(const std::string &path);
// Up to the last separator, which it includes; empty: the current folder.
std::string directory_of(const std::string &path);
int64_t process_id() noexcept;

}  // namespace cnn::system_file

// Whole files: read at once, replaced at once or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/byte_source.h"

namespace cnn {

// Throws Error(io_error) with the path and the system's reason, limit_exceeded beyond max_size.
std::vector<uint8_t> read_file(const std::string &path, size_t max_size = SIZE_MAX);

// A file's bytes, as many as it has when it is opened, straight from the system. What doesn't tell
// how long it is, such as a pipe, is read at once.
class FileSource final : public ByteSource {
  public:
    // Throws Error(io_error) with the path and the system's reason.
    explicit FileSource(const std::string &path);
    ~FileSource() override;
    FileSource(const FileSource &) = delete;
    FileSource &operator=(const FileSource &) = delete;

    uint64_t left() const override { return left_; }
    void read(std::span<uint8_t> to) override;

  private:
    std::string path_;
    int file_;
    std::vector<uint8_t> whole_;  // of a pipe
    uint64_t left_ = 0;
};

// A file that appears under its name only at commit(), complete and synced; until then, and
// whenever something fails, what was there before stays. An existing file's permissions are kept;
// a symbolic link keeps pointing where it does; a device, pipe or directory is refused.
class AtomicFile {
  public:
    explicit AtomicFile(const std::string &path);
    ~AtomicFile();
    AtomicFile(const AtomicFile &) = delete;
    AtomicFile &operator=(const AtomicFile &) = delete;

    void write(std::span<const uint8_t> bytes);
    void commit();

  private:
    [[noreturn]] void fail_with(const char *action, int error_number);
    void open_temporary(uint32_t mode);
    void discard() noexcept;

    std::string path_;       // as the caller named it, for messages
    std::string target_;     // with symbolic links resolved
    std::string directory_;  // where target_ lies, with its final slash; empty: the current one
    std::string temporary_;
    int file_ = -1;
};

// Held from its making to its end by one of all the threads and processes that name the same file,
// which is made and stays. Where that fails (a read-only or remote file system) nothing is held.
class FileLock {
  public:
    explicit FileLock(const std::string &path) noexcept;
    ~FileLock();
    FileLock(const FileLock &) = delete;
    FileLock &operator=(const FileLock &) = delete;

    bool held() const { return held_; }

  private:
    int file_ = -1;
    bool held_ = false;
};

void write_file_atomic(const std::string &path, std::span<const uint8_t> bytes);

}  // namespace cnn

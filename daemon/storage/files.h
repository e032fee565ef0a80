// Files that are there whole or not at all, directories that are there, and one daemon for a state
// directory.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "shm/failure.h"
#include "shm/file_descriptor.h"

namespace ringside {

// Writes a temporary file in the same directory, forces it to disk, renames it over `path` and
// forces the directory: whoever opens `path`, after a crash at any instant too, finds the old bytes
// or the new ones. On failure the old file stands and the temporary one is gone. One writer for a
// path at a time.
std::optional<Failure> write_whole_file(const std::string& path, std::string_view bytes,
                                        unsigned mode);

// write_whole_file(), or what a test puts in its place.
using WriteFile = std::function<std::optional<Failure>(const std::string& path,
                                                       std::string_view bytes, unsigned mode)>;

// The file's bytes. Absent with errno ENOENT in `failure` when there is none.
std::optional<std::string> read_whole_file(const std::string& path, Failure* failure);

// Makes the directory and those above it, mode 0750.
std::optional<Failure> make_directories(const std::string& path);

std::string directory_of(const std::string& path);

// Held while it lives, and given back by the kernel when the process dies, however it dies.
class DirectoryLock {
 public:
  // Null and `failure` set when another process holds it (the message names it) or it can't be had.
  static std::unique_ptr<DirectoryLock> acquire(const std::string& directory, Failure* failure);

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  FileDescriptor fd_;
};

}  // namespace ringside

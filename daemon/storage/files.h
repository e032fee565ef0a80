// Writes files that are there whole or not at all, makes directories, and lets only one daemon use
// a state directory.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "shm/failure.h"
#include "shm/file_descriptor.h"

namespace ringside {

// Writes a WholeFile (whole_file.h): whoever opens `path` finds the old bytes or the new ones, also
// after a crash at any instant. Only one writer may write a path at a time.
std::optional<Failure> write_whole_file(const std::string& path, std::string_view bytes,
                                        unsigned mode);

// The same, with the owner, the group and the permissions of the file `like`: whoever reads that
// one reads this one. Where they may not be given to it, everybody may read it. Without a file
// `like` its mode is 0640.
std::optional<Failure> write_whole_file_like(const std::string& path, std::string_view bytes,
                                             const std::string& like);

// write_whole_file(), or what a test puts in its place.
using WriteFile = std::function<std::optional<Failure>(const std::string& path,
                                                       std::string_view bytes, unsigned mode)>;

// Writes all of it to an open file. 0, or the errno.
int write_all(int fd, std::string_view bytes);
// The same, and forces it to disk.
int write_and_sync(int fd, std::string_view bytes);

// Returns the file's bytes. When it can't be read it returns nothing and sets `failure`; the errno
// is ENOENT when there is no such file.
std::optional<std::string> read_whole_file(const std::string& path, Failure* failure);

// Makes the directory and its parents, mode 0750.
std::optional<Failure> make_directories(const std::string& path);

std::string directory_of(const std::string& path);

// The lock is held while this object lives. The kernel releases it when the process dies, however
// it dies.
class DirectoryLock {
 public:
  // Null and `failure` set when another process holds it (the message names it) or it can't be had.
  static std::unique_ptr<DirectoryLock> acquire(const std::string& directory, Failure* failure);

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  FileDescriptor fd_;
};

}  // namespace ringside

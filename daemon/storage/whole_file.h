// A file that is there whole or not at all, written piece by piece.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "shm/failure.h"
#include "shm/file_descriptor.h"

namespace ringside {

// The pieces go into a temporary file in the same directory. commit() forces it to disk, renames it
// over `path` and forces the directory to disk. Whoever opens `path` finds the old bytes or the new
// ones, also after a crash at any instant. Without a commit the old file stays, and the temporary
// one is removed. If only forcing the directory fails, the new file is already in place. Only one
// writer may write a path at a time.
class WholeFile {
 public:
  // Null, and `failure` set, when the temporary file cannot be made. It is `path`.tmp. What has
  // that name already is removed: a writer that was killed left it. So the directory must be ours.
  static std::unique_ptr<WholeFile> create(const std::string& path, unsigned mode,
                                           Failure* failure);
  // The same in a directory of somebody else's: the temporary file gets a name that is free, and
  // stays behind a writer that is killed.
  static std::unique_ptr<WholeFile> create_beside(const std::string& path, unsigned mode,
                                                  Failure* failure);
  ~WholeFile();
  WholeFile(const WholeFile&) = delete;
  WholeFile& operator=(const WholeFile&) = delete;

  // Of the temporary file, for its owner and permissions.
  int descriptor() const { return fd_.get(); }
  // After a failure nothing more can be done with the file.
  std::optional<Failure> write(std::string_view bytes);
  std::optional<Failure> commit();
  Failure cannot_write(int error) const;

 private:
  WholeFile(std::string path, std::string temporary, int fd)
      : path_(std::move(path)), temporary_(std::move(temporary)), fd_(fd) {}

  std::string path_;
  std::string temporary_;
  FileDescriptor fd_;
  bool renamed_ = false;
};

}  // namespace ringside

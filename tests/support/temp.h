// A fresh directory for a test's files. Its destructor removes the directory and all its files.
#pragma once

#include <stdlib.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>

namespace ringside::test {

class TempDir {
 public:
  // Below TMPDIR, or /tmp. `parent` is another place, for files that must not be on a disk.
  explicit TempDir(const std::string& parent = std::filesystem::temp_directory_path().string())
      : path_(parent + "/ringside-test-XXXXXX") {
    if (mkdtemp(path_.data()) == nullptr) {
      throw std::system_error(errno, std::generic_category(), path_);
    }
  }
  // Files of another user inside it may stay. They must not end the test program.
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  std::string file(const std::string& name) const { return path_ + "/" + name; }
  std::filesystem::path operator/(const std::string& name) const { return file(name); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace ringside::test

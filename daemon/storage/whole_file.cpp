#include "daemon/storage/whole_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>

#include "daemon/storage/files.h"

namespace ringside {

namespace {

int create_new(const std::string& path, unsigned mode) {
  return open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
}

}  // namespace

std::unique_ptr<WholeFile> WholeFile::create(const std::string& path, unsigned mode,
                                             Failure* failure) {
  const std::string temporary = path + ".tmp";
  // A killed predecessor may have left this file, or somebody may have put a link there.
  if (unlink(temporary.c_str()) != 0 && errno != ENOENT) {
    *failure = system_failure(temporary, "cannot remove", errno);
    return nullptr;
  }
  const int fd = create_new(temporary, mode);
  if (fd < 0) {
    *failure = system_failure(temporary, "cannot create", errno);
    return nullptr;
  }
  return std::unique_ptr<WholeFile>(new WholeFile(path, temporary, fd));
}

std::unique_ptr<WholeFile> WholeFile::create_beside(const std::string& path, unsigned mode,
                                                    Failure* failure) {
  // mkostemp() would ignore the umask: its file is for its owner alone.
  constexpr int kTries = 100;
  std::string temporary;
  for (int i = 0; i < kTries; ++i) {
    std::uint32_t number = 0;
    if (getrandom(&number, sizeof number, 0) != sizeof number) break;
    temporary = fmt::format("{}.{:08x}.tmp", path, number);
    const int fd = create_new(temporary, mode);
    if (fd >= 0) return std::unique_ptr<WholeFile>(new WholeFile(path, temporary, fd));
    if (errno != EEXIST) break;
  }
  *failure = system_failure(path, "cannot create a file beside it", errno);
  return nullptr;
}

WholeFile::~WholeFile() {
  if (!renamed_) unlink(temporary_.c_str());
}

Failure WholeFile::cannot_write(int error) const {
  return system_failure(temporary_, "cannot write", error,
                        error == ENOSPC ? "make room on its file system" : nullptr);
}

std::optional<Failure> WholeFile::write(std::string_view bytes) {
  const int error = write_all(fd_.get(), bytes);
  if (error != 0) return cannot_write(error);
  return std::nullopt;
}

std::optional<Failure> WholeFile::commit() {
  if (fsync(fd_.get()) != 0) return cannot_write(errno);
  if (rename(temporary_.c_str(), path_.c_str()) != 0)
    return system_failure(path_, "cannot replace", errno);
  renamed_ = true;
  const FileDescriptor directory(
      open(directory_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || fsync(directory.get()) != 0)
    return system_failure(directory_of(path_), "cannot sync", errno);
  return std::nullopt;
}

}  // namespace ringside

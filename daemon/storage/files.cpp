#include "daemon/storage/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <system_error>

#include "daemon/storage/whole_file.h"

namespace ringside {
int write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return 0;
}

int write_and_sync(int fd, std::string_view bytes) {
  const int error = write_all(fd, bytes);
  if (error != 0) return error;
  return fsync(fd) == 0 ? 0 : errno;
}

std::string directory_of(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

namespace {

// `prepare` gets the open file, and returns 0 or an errno.
template <typename Prepare>
std::optional<Failure> replace_file(const std::string& path, std::string_view bytes, unsigned mode,
                                    const Prepare& prepare) {
  Failure failure;
  const auto file = WholeFile::create(path, mode, &failure);
  if (file == nullptr) return failure;
  const int error = prepare(file->descriptor());
  if (error != 0) return file->cannot_write(error);
  if (auto failed = file->write(bytes)) return failed;
  return file->commit();
}

// 0, or the errno.
int take_after(int fd, const struct stat& like) {
  const bool given = fchown(fd, like.st_uid, like.st_gid) == 0;
  return fchmod(fd, given ? like.st_mode & 0666 : 0644) == 0 ? 0 : errno;
}

}  // namespace

std::optional<Failure> write_whole_file(const std::string& path, std::string_view bytes,
                                        unsigned mode) {
  return replace_file(path, bytes, mode, [](int) { return 0; });
}

std::optional<Failure> write_whole_file_like(const std::string& path, std::string_view bytes,
                                             const std::string& like) {
  struct stat status {};
  if (stat(like.c_str(), &status) != 0) return write_whole_file(path, bytes, 0640);
  return replace_file(path, bytes, 0600, [&](int fd) { return take_after(fd, status); });
}

std::optional<std::string> read_whole_file(const std::string& path, Failure* failure) {
  const FileDescriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    *failure = system_failure(path, "cannot open", errno);
    return std::nullopt;
  }
  std::string bytes;
  char buffer[65536];
  for (;;) {
    const ssize_t n = read(fd.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      *failure = system_failure(path, "cannot read", errno);
      return std::nullopt;
    }
    if (n == 0) return bytes;
    bytes.append(buffer, static_cast<std::size_t>(n));
  }
}

std::optional<Failure> make_directories(const std::string& path) {
  std::filesystem::path made;
  for (const auto& part : std::filesystem::path(path)) {
    made /= part;
    mkdir(made.c_str(), 0750);
    const int error = errno;
    // What is a directory now was made, or was there before.
    std::error_code ignored;
    if (!std::filesystem::is_directory(made, ignored)) {
      return system_failure(made.string(), "cannot make the directory", error,
                            "make it for the daemon's user, or configure another one");
    }
  }
  return std::nullopt;
}

std::unique_ptr<DirectoryLock> DirectoryLock::acquire(const std::string& directory,
                                                      Failure* failure) {
  const std::string path = directory + "/lock";
  // The lock file is never removed. If it could be replaced, two daemons could each lock a file of
  // their own.
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);
  if (fd < 0) {
    *failure = system_failure(path, "cannot open the lock", errno);
    return nullptr;
  }
  std::unique_ptr<DirectoryLock> lock(new DirectoryLock(fd));
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    if (error != EWOULDBLOCK) {
      *failure = system_failure(path, "cannot lock", error);
      return nullptr;
    }
    char text[32] = {};
    const ssize_t n = pread(fd, text, sizeof text, 0);
    long pid = 0;
    if (n > 0) std::from_chars(text, text + n, pid);
    *failure = {
        error,
        fmt::format(
            "{}: another daemon holds this state directory: {}\n  next: stop it, or give this one "
            "a directory of its own with --state-dir",
            directory, pid > 0 ? fmt::format("pid {}", pid) : "its pid is not known")};
    return nullptr;
  }
  const std::string pid = fmt::format("{}\n", getpid());
  if (ftruncate(fd, 0) != 0 ||
      pwrite(fd, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    *failure = system_failure(path, "cannot write", errno);
    return nullptr;
  }
  return lock;
}

}  // namespace ringside

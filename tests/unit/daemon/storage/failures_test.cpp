// What files and locks do when a system call fails, and what they leave behind.

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>

#include "daemon/storage/files.h"
#include "shm/file_descriptor.h"
#include "tests/support/process.h"
#include "tests/support/temp.h"
#include "tests/unit/daemon/file_limit.h"
#include "tests/unit/daemon/files_of_test.h"
#include "tests/unit/daemon/storage/faults.h"

namespace ringside {
namespace {

using test::Call;
using test::fail;

mode_t mask_of_process() {
  const mode_t mask = umask(0);
  umask(mask);
  return mask;
}

mode_t mode_of(const std::string& path) {
  struct stat info {};
  REQUIRE(stat(path.c_str(), &info) == 0);
  return info.st_mode & 07777;
}

TEST_CASE("Files: a signal during a write or a read only makes it go on") {
  const test::TempDir directory;
  const std::string path = directory.file("file");
  const std::string bytes(200'000, 'b');
  fail(Call::write, EINTR);
  CHECK_FALSE(write_whole_file(path, bytes, 0640));
  CHECK(read_text(path) == bytes);
  Failure failure;
  fail(Call::read, EINTR, 1);
  CHECK(read_whole_file(path, &failure) == bytes);
}

TEST_CASE("Files: an old errno is no failure") {
  const test::TempDir directory;
  const std::string path = directory.file("file");
  const test::FileLimit limit(1 << 20);
  for (const int old : {0, EINTR, EIO, ENOENT}) {
    CAPTURE(old);
    write_text(path + ".tmp", "left by a killed predecessor");
    errno = old;
    CHECK_FALSE(write_whole_file(path, "x", 0640));
    Failure failure;
    errno = old;
    CHECK(read_whole_file(path, &failure) == "x");
    CHECK(failure.message.empty());
  }
}

TEST_CASE("Files: a failed write or sync leaves the old file, and is said with its reason") {
  const test::TempDir directory;
  const std::string path = directory.file("report");
  REQUIRE_FALSE(write_whole_file(path, "old", 0640));
  const auto fails = [&] {
    const auto failure = write_whole_file(path, "new", 0640);
    REQUIRE(failure);
    CHECK(read_text(path) == "old");
    CHECK_FALSE(std::filesystem::exists(path + ".tmp"));
    return *failure;
  };
  fail(Call::write, ENOSPC);
  Failure failure = fails();
  CHECK(failure.error_number == ENOSPC);
  CHECK(failure.message == path +
                               ".tmp: cannot write: No space left on device\n"
                               "  next: make room on its file system");
  fail(Call::fsync, EIO);
  failure = fails();
  CHECK(failure.error_number == EIO);
  CHECK(failure.message == path + ".tmp: cannot write: Input/output error");
}

TEST_CASE("Files: when only the directory can't be synced, the new file is in place") {
  const test::TempDir directory;
  const std::string path = directory.file("report");
  REQUIRE_FALSE(write_whole_file(path, "old", 0640));
  fail(Call::fsync, EIO, 1);
  const auto failure = write_whole_file(path, "new", 0640);
  REQUIRE(failure);
  CHECK(failure->message == directory.path() + ": cannot sync: Input/output error");
  CHECK(read_text(path) == "new");
}

TEST_CASE("Files: a directory in the place of the file or of the temporary one is said") {
  const test::TempDir directory;
  const std::string path = directory.file("report");
  std::filesystem::create_directory(path);
  auto failure = write_whole_file(path, "new", 0640);
  REQUIRE(failure);
  CHECK(failure->message == path + ": cannot replace: Is a directory");
  CHECK_FALSE(std::filesystem::exists(path + ".tmp"));
  std::filesystem::create_directory(path + ".tmp");
  failure = write_whole_file(path, "new", 0640);
  REQUIRE(failure);
  CHECK(failure->message == path + ".tmp: cannot remove: Is a directory");
}

TEST_CASE("Files: a whole file is read, and what can't be read says why") {
  const test::TempDir directory;
  Failure failure;
  CHECK_FALSE(read_whole_file(directory.file("none"), &failure));
  CHECK(failure.error_number == ENOENT);
  CHECK(failure.message == directory.file("none") + ": cannot open: No such file or directory");
  CHECK_FALSE(read_whole_file(directory.path(), &failure));
  CHECK(failure.error_number == EISDIR);
  CHECK(failure.message == directory.path() + ": cannot read: Is a directory");
  for (const std::size_t bytes : {0U, 1U, 65'536U, 65'537U}) {
    write_text(directory.file("file"), std::string(bytes, 'x'));
    CHECK(read_whole_file(directory.file("file"), &failure) == std::string(bytes, 'x'));
  }
}

TEST_CASE("Files: directories are made with mode 0750, and the lock with 0640") {
  const test::TempDir directory;
  CHECK_FALSE(make_directories(directory.file("a/b/")));
  CHECK(mode_of(directory.file("a")) == (0750 & ~mask_of_process()));
  CHECK(mode_of(directory.file("a/b")) == (0750 & ~mask_of_process()));
  Failure failure;
  const auto lock = DirectoryLock::acquire(directory.file("a/b"), &failure);
  REQUIRE(lock);
  CHECK(mode_of(directory.file("a/b/lock")) == (0640 & ~mask_of_process()));
  CHECK(directory_of("name") == ".");
  CHECK(directory_of("/name") == "/");
}

TEST_CASE("Files: a directory that can't be made says which, and why") {
  const test::TempDir directory;
  write_text(directory.file("file"), "");
  const auto failure = make_directories(directory.file("file"));
  REQUIRE(failure);
  CHECK(failure->error_number == EEXIST);
  CHECK(failure->message == directory.file("file") +
                                ": cannot make the directory: File exists\n"
                                "  next: make it for the daemon's user, or configure another one");
}

TEST_CASE("Lock: its file holds the pid of the holder and nothing else") {
  const test::TempDir directory;
  write_text(directory.file("lock"), "999999999999999999 and more\n");
  Failure failure;
  const auto lock = DirectoryLock::acquire(directory.path(), &failure);
  REQUIRE(lock);
  CHECK(read_text(directory.file("lock")) == std::to_string(getpid()) + "\n");
}

TEST_CASE("Lock: a holder whose pid is not in the file is still a holder") {
  const test::TempDir directory;
  const auto refusal = [&](const std::string& text) {
    write_text(directory.file("lock"), text);
    const FileDescriptor other(open(directory.file("lock").c_str(), O_RDWR | O_CLOEXEC));
    REQUIRE(flock(other.get(), LOCK_EX | LOCK_NB) == 0);
    Failure failure;
    CHECK_FALSE(DirectoryLock::acquire(directory.path(), &failure));
    CHECK(failure.error_number == EWOULDBLOCK);
    return failure.message;
  };
  const std::string begin = directory.path() + ": another daemon holds this state directory: ";
  const std::string end =
      "\n  next: stop it, or give this one a directory of its own with --state-dir";
  CHECK(refusal("") == begin + "its pid is not known" + end);
  CHECK(refusal("1") == begin + "pid 1" + end);
  CHECK(refusal(std::string(100, '7')) == begin + "its pid is not known" + end);
}

TEST_CASE("Lock: what keeps it from being taken is said") {
  const test::TempDir directory;
  const std::string path = directory.file("lock");
  Failure failure;
  const auto refusal = [&](Call call, int error) {
    fail(call, error);
    CHECK_FALSE(DirectoryLock::acquire(directory.path(), &failure));
    return failure.message;
  };
  CHECK(refusal(Call::flock, ENOLCK) == path + ": cannot lock: No locks available");
  CHECK(refusal(Call::ftruncate, EIO) == path + ": cannot write: Input/output error");
  CHECK(refusal(Call::pwrite, ENOSPC) == path + ": cannot write: No space left on device");
  CHECK_FALSE(DirectoryLock::acquire(directory.file("none"), &failure));
  CHECK(failure.message ==
        directory.file("none/lock") + ": cannot open the lock: No such file or directory");
}

TEST_CASE("Lock: it is taken also where the file gets the number 0") {
  const test::TempDir directory;
  CHECK(test::run([&] {
          close(0);
          Failure failure;
          const auto lock = DirectoryLock::acquire(directory.path(), &failure);
          return lock != nullptr ? 0 : 1;
        }).exited(0));
}

}  // namespace
}  // namespace ringside

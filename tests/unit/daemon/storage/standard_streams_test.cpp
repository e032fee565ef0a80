#include "daemon/storage/standard_streams.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <functional>
#include <string>

#include "tests/support/process.h"
#include "tests/unit/daemon/files_of_test.h"
#include "tests/unit/daemon/storage/faults.h"

namespace ringside {
namespace {

TEST_CASE(
    "StandardStreams: what is closed is taken by /dev/null, and what is printed there fails") {
  const test::TempDir directory;
  for (int closed = 0; closed < 8; ++closed) {
    CAPTURE(closed);
    CHECK(test::run([&] {
            const int next = dup(0);  // the lowest number that is free, above the three
            close(next);
            for (const int number : {0, 1, 2}) {
              if ((closed >> number & 1) != 0) close(number);
            }
            secure_streams();
            // Nothing else was opened.
            if (open(directory.file("own").c_str(), O_WRONLY | O_CREAT, 0600) != next) return 1;
            for (const int number : {0, 1, 2}) {
              if ((closed >> number & 1) == 0) continue;
              struct stat info {};
              if (fstat(number, &info) != 0 || !S_ISCHR(info.st_mode)) return 2;
              char byte = 'x';
              const ssize_t n = number == 0 ? read(0, &byte, 1) : write(number, &byte, 1);
              if (n != -1 || errno != EBADF) return 3;
            }
            return 0;
          }).exited(0));
  }
}

TEST_CASE("StandardStreams: a write beyond the limit for file sizes fails and does not kill") {
  const test::TempDir directory;
  CHECK(test::run([&] {
          secure_streams();
          const rlimit none{0, RLIM_INFINITY};
          if (setrlimit(RLIMIT_FSIZE, &none) != 0) return 1;
          const int fd = open(directory.file("file").c_str(), O_WRONLY | O_CREAT, 0600);
          return write(fd, "x", 1) == -1 && errno == EFBIG ? 0 : 2;
        }).exited(0));
}

// The exit code of a program that prints `bytes` bytes to `path` and wants to end with `code`.
int code_of(const std::string& path, std::size_t bytes, int code) {
  const test::TempDir directory;
  const test::Ended ended = test::run([&] {
    const int out = open(path.c_str(), O_WRONLY);
    const int err = open(directory.file("err").c_str(), O_WRONLY | O_CREAT, 0600);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    std::fputs(std::string(bytes, 'x').c_str(), stdout);
    return finish_output("program", code);
  });
  const std::string said = read_text(directory.file("err"));
  const bool tells = said.starts_with("program: standard output: cannot write");
  CHECK(tells == (path == "/dev/full" && bytes > 0));
  return WEXITSTATUS(ended.status);
}

TEST_CASE("StandardStreams: output that could not be written is a failure, early or late") {
  CHECK(code_of("/dev/full", 1, 0) == 1);
  CHECK(code_of("/dev/full", 1'000'000, 0) == 1);  // fails long before the end
  CHECK(code_of("/dev/full", 1, 2) == 2);
  CHECK(code_of("/dev/full", 0, 0) == 0);  // nothing is written, so nothing is lost
  CHECK(code_of("/dev/null", 1'000'000, 0) == 0);
  CHECK(code_of("/dev/null", 1, 2) == 2);
}

// What a program says on standard error, and its exit code, when it ends after `print`.
struct Said {
  std::string text;
  int code;
};
Said said_after(const std::function<void()>& print) {
  const test::TempDir directory;
  const test::Ended ended = test::run([&] {
    dup2(open(directory.file("out").c_str(), O_WRONLY | O_CREAT, 0600), STDOUT_FILENO);
    dup2(open(directory.file("err").c_str(), O_WRONLY | O_CREAT, 0600), STDERR_FILENO);
    print();
    return finish_output("program", 0);
  });
  return {read_text(directory.file("err")), WEXITSTATUS(ended.status)};
}

TEST_CASE("StandardStreams: a failure is said with its reason, where that is still known") {
  const auto full = [] { dup2(open("/dev/full", O_WRONLY), STDOUT_FILENO); };
  Said said = said_after([&] {
    full();
    std::fputs("x", stdout);
  });
  CHECK(said.text == "program: standard output: cannot write: No space left on device\n");
  CHECK(said.code == 1);
  // The file system has room again when the rest is written.
  said = said_after([&] {
    const int good = dup(STDOUT_FILENO);
    full();
    std::fputs("x", stdout);
    std::fflush(stdout);
    dup2(good, STDOUT_FILENO);
  });
  CHECK(said.text == "program: standard output: cannot write\n");
  CHECK(said.code == 1);
  // A network file system says it at the end.
  said = said_after([] {
    std::fputs("x", stdout);
    test::fail(test::Call::close, EIO);
  });
  CHECK(said.text == "program: standard output: cannot write: Input/output error\n");
  CHECK(said.code == 1);
  // The copy that is closed may have the number 0.
  said = said_after([] {
    close(STDIN_FILENO);
    test::fail(test::Call::close, EIO);
  });
  CHECK(said.code == 1);
  said = said_after([] { std::fputs("x", stdout); });
  CHECK(said.text.empty());
  CHECK(said.code == 0);
  said = said_after([] { close(STDOUT_FILENO); });  // nothing was printed, so nothing is lost
  CHECK(said.text.empty());
  CHECK(said.code == 0);
}

}  // namespace
}  // namespace ringside

#include "daemon/outputs/line_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>

#include "tests/unit/daemon/until.h"

namespace ringside {
namespace {

using std::chrono::milliseconds;
using test::until;

// A pipe whose reader reads only when the test says so.
class Pipe {
 public:
  Pipe() {
    std::signal(SIGPIPE, SIG_IGN);
    REQUIRE(pipe2(ends_, O_CLOEXEC) == 0);
  }
  ~Pipe() { stop_reading(); }
  // The end that the writer owns.
  int into() const { return ends_[1]; }
  void fill() {
    const int flags = fcntl(ends_[1], F_GETFL);
    fcntl(ends_[1], F_SETFL, flags | O_NONBLOCK);
    for (const std::size_t size : {4096, 1}) {
      const std::string junk(size, '#');
      while (write(ends_[1], junk.data(), junk.size()) > 0) {
      }
    }
    fcntl(ends_[1], F_SETFL, flags);
  }
  // Everything that has come so far, without fill()'s bytes.
  const std::string& read_on() {
    fcntl(ends_[0], F_SETFL, fcntl(ends_[0], F_GETFL) | O_NONBLOCK);
    char buffer[65536];
    for (ssize_t n = 0; (n = read(ends_[0], buffer, sizeof buffer)) > 0;) {
      for (ssize_t i = 0; i < n; ++i) {
        if (buffer[i] != '#') read_ += buffer[i];
      }
    }
    return read_;
  }
  void stop_reading() {
    if (ends_[0] >= 0) close(ends_[0]);
    ends_[0] = -1;
  }

 private:
  int ends_[2];
  std::string read_;
};

// Waits until the thread has taken the line and is stuck in its write.
void until_stuck(const LineWriter& writer) {
  until([&] { return writer.status().stuck >= milliseconds(1); });
}

TEST_CASE("LineWriter: lines come out whole, in order, and are counted") {
  Pipe pipe;
  LineWriter writer(pipe.into(), {});
  std::string expected;
  for (int i = 0; i < 100; ++i) {
    const std::string line = "line " + std::to_string(i) + "\n";
    expected += line;
    writer.add(line);
  }
  CHECK(writer.wait_until_written(milliseconds(30'000)));
  CHECK(pipe.read_on() == expected);
  CHECK(writer.status().written == 100);
  CHECK(writer.status().waiting == 0);
  CHECK(writer.status().dropped == 0);
}

TEST_CASE(
    "LineWriter: behind a stalled reader the oldest lines go, and their place says how many") {
  Pipe pipe;
  pipe.fill();
  LineWriterOptions options;
  options.most_waiting = 3;
  options.notice = [](std::uint64_t dropped) { return std::to_string(dropped) + " dropped\n"; };
  LineWriter writer(pipe.into(), options);
  writer.add("1\n");
  until_stuck(writer);
  for (const char* line : {"2\n", "3\n", "4\n", "5\n", "6\n"}) writer.add(line);
  CHECK(writer.status().waiting == 4);
  CHECK(writer.status().dropped == 2);
  CHECK_FALSE(writer.wait_until_written(milliseconds(1)));
  until([&] { return pipe.read_on().ends_with("6\n"); });
  CHECK(pipe.read_on() == "1\n2 dropped\n4\n5\n6\n");
  writer.add("7\n");
  until([&] { return pipe.read_on().ends_with("7\n"); });
  CHECK(pipe.read_on() == "1\n2 dropped\n4\n5\n6\n7\n");
}

TEST_CASE("LineWriter: a write that fails is tried again, and counted") {
  Pipe pipe;
  pipe.fill();
  // Non-blocking, so that the write fails.
  fcntl(pipe.into(), F_SETFL, fcntl(pipe.into(), F_GETFL) | O_NONBLOCK);
  LineWriterOptions options;
  options.retry = milliseconds(2);
  LineWriter writer(pipe.into(), options);
  writer.add("kept\n");
  until([&] { return writer.status().failed_writes >= 3; });
  CHECK(writer.status().last_error == EAGAIN);
  CHECK(writer.status().waiting == 1);
  until([&] { return pipe.read_on() == "kept\n"; });
  until([&] { return writer.status().written == 1; });
  CHECK(writer.status().last_error == 0);
  CHECK(writer.status().dropped == 0);
}

TEST_CASE("LineWriter: one that is stuck can be left behind, and its lines taken along") {
  Pipe pipe;
  pipe.fill();
  {
    LineWriter writer(pipe.into(), {});
    writer.add("in hand\n");
    until_stuck(writer);
    writer.add("second\n");
    writer.add("third\n");
    const auto lines = writer.take_back();
    CHECK(std::string(lines.at(0) + lines.at(1)) == "second\nthird\n");
    CHECK(writer.status().waiting == 1);
  }
  // The destructor has returned although nobody has read.
}

}  // namespace
}  // namespace ringside

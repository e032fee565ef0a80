#include "daemon/outputs/line_writer.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <set>
#include <string>

#include "shm/file_descriptor.h"
#include "tests/unit/daemon/dies.h"
#include "tests/unit/daemon/pipe.h"
#include "tests/unit/daemon/until.h"

namespace ringside {
namespace {

using std::chrono::milliseconds;
using test::Pipe;
using test::until;

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
  pipe.block(false);
  LineWriterOptions options;
  options.retry = milliseconds(2);
  LineWriter writer(pipe.into(), options);
  writer.add("kept\n");
  until([&] { return writer.status().failed_writes >= 3; });
  CHECK(writer.status().failed_writes < 1'000'000);
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

TEST_CASE("LineWriter: one that has nothing to do has nothing to tell") {
  for (int round = 0; round < 20; ++round) {
    Pipe pipe;
    const LineWriter writer(pipe.into(), {});
    const LineWriter::Status status = writer.status();  // mostly before its thread runs
    CHECK(status.waiting == 0);
    CHECK(status.written == 0);
    CHECK(status.dropped == 0);
    CHECK(status.failed_writes == 0);
    CHECK(status.last_error == 0);
    CHECK(status.stuck == milliseconds(0));
  }
}

TEST_CASE("LineWriter: whoever waits for the end of the lines is woken by it") {
  Pipe pipe;
  LineWriter writer(pipe.into(), {});
  for (int i = 0; i < 20; ++i) {
    const auto before = std::chrono::steady_clock::now();
    writer.add("line\n");
    CHECK(writer.wait_until_written(milliseconds(30'000)));
    CHECK(std::chrono::steady_clock::now() - before < milliseconds(30'000));
  }
}

TEST_CASE("LineWriter: the line that its reader does not take is not written, and is timed") {
  Pipe pipe;
  pipe.fill();
  LineWriter writer(pipe.into(), {});
  for (int round = 1; round <= 2; ++round) {
    const auto before = std::chrono::steady_clock::now();
    writer.add("line\n");
    until_stuck(writer);
    const LineWriter::Status status = writer.status();
    CHECK(status.waiting == 1);
    CHECK(status.stuck <= std::chrono::steady_clock::now() - before);
    CHECK_FALSE(writer.wait_until_written(milliseconds(1)));
    pipe.read_on();
    CHECK(writer.wait_until_written(milliseconds(30'000)));
    CHECK(writer.status().stuck == milliseconds(0));
    pipe.fill();
  }
}

TEST_CASE("LineWriter: a single lost line is told as one, and without a notice none is told") {
  for (const bool tells : {true, false}) {
    CAPTURE(tells);
    Pipe pipe;
    pipe.fill();
    LineWriterOptions options;
    options.most_waiting = 2;
    if (tells) {
      options.notice = [](std::uint64_t dropped) { return std::to_string(dropped) + " dropped\n"; };
    }
    LineWriter writer(pipe.into(), options);
    writer.add("1\n");
    until_stuck(writer);
    for (const char* line : {"2\n", "3\n", "4\n"}) writer.add(line);
    CHECK(writer.status().dropped == 1);
    until([&] { return pipe.read_on().ends_with("4\n"); });
    CHECK(pipe.read_on() == (tells ? "1\n1 dropped\n3\n4\n" : "1\n3\n4\n"));
  }
}

TEST_CASE("LineWriter: ten thousand lines wait if nobody says otherwise") {
  Pipe pipe;
  pipe.fill();
  LineWriter writer(pipe.into(), {});
  writer.add("in hand\n");
  until_stuck(writer);
  for (int i = 0; i < 10'000; ++i) writer.add("\n");
  CHECK(writer.status().waiting == 10'001);
  CHECK(writer.status().dropped == 0);
  writer.add("\n");
  CHECK(writer.status().waiting == 10'001);
  CHECK(writer.status().dropped == 1);
}

TEST_CASE("LineWriter: between two tries of a write that fails it rests") {
  Pipe pipe;
  pipe.fill();
  pipe.block(false);
  LineWriterOptions options;
  options.retry = std::chrono::hours(1);
  LineWriter writer(pipe.into(), options);
  writer.add("kept\n");
  until([&] { return writer.status().failed_writes >= 1; });
  for (int i = 0; i < 1000; ++i) CHECK(writer.status().failed_writes == 1);
}

TEST_CASE("LineWriter: one that is gone writes nothing more and closes its end") {
  for (const bool busy : {false, true}) {
    CAPTURE(busy);
    Pipe pipe;
    {
      LineWriter writer(pipe.into(), {});
      writer.add("written\n");
      CHECK(writer.wait_until_written(milliseconds(30'000)));
      if (busy) {
        pipe.fill();
        writer.add("in hand\n");
        until_stuck(writer);
        writer.add("abandoned\n");
      }
    }
    until([&] {
      pipe.read_on();
      return pipe.ended();
    });
    CHECK(pipe.read_on() == (busy ? "written\nin hand\n" : "written\n"));
  }
}

// ThreadSanitizer delivers a signal when the thread makes its next call, so it interrupts none.
#ifndef RINGSIDE_UNDER_THREAD

std::atomic<int> signals_taken{0};

std::set<std::string> thread_ids() {
  std::set<std::string> ids;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task"))
    ids.insert(entry.path().filename());
  return ids;
}

TEST_CASE("LineWriter: a write that a signal interrupts goes on, and is no failure") {
  struct sigaction action {};
  struct sigaction action_before {};
  action.sa_handler = [](int) { ++signals_taken; };  // without SA_RESTART
  REQUIRE(sigaction(SIGUSR2, &action, &action_before) == 0);
  Pipe pipe;
  pipe.fill();
  const auto others = thread_ids();
  LineWriterOptions options;
  options.retry = milliseconds(1);
  LineWriter writer(pipe.into(), options);
  writer.add("line\n");
  until_stuck(writer);
  for (const std::string& id : thread_ids()) {
    if (others.contains(id)) continue;
    for (int i = 0; i < 3; ++i) {
      const int before = signals_taken;
      REQUIRE(tgkill(getpid(), std::stoi(id), SIGUSR2) == 0);
      until([&] { return signals_taken > before; });
    }
  }
  CHECK(signals_taken >= 3);
  CHECK(writer.status().last_error == 0);
  until([&] { return pipe.read_on() == "line\n"; });
  until([&] { return writer.status().written == 1; });
  CHECK(writer.status().failed_writes == 0);
  writer.add("next\n");
  until([&] { return pipe.read_on() == "line\nnext\n"; });
  CHECK(writer.wait_until_written(milliseconds(30'000)));
  CHECK(pipe.read_on() == "line\nnext\n");
  sigaction(SIGUSR2, &action_before, nullptr);
}
#endif

#ifdef RINGSIDE_ASSERTS

TEST_CASE("LineWriter: no descriptor, and what is no line, end the program") {
  const auto writes = [](int fd, const char* line) {
    return test::dies([&] { LineWriter(fd, {}).add(line); });
  };
  Pipe pipe;
  CHECK_FALSE(writes(pipe.into(), "line\n"));
  CHECK_FALSE(test::dies([&] {
    dup2(pipe.into(), 0);
    LineWriter(0, {}).add("line\n");
  }));
  CHECK(test::dies([] { LineWriter(-1, {}); }));
  CHECK(writes(pipe.into(), ""));
  CHECK(writes(pipe.into(), "no line end"));
  close(pipe.into());
}

#endif

TEST_CASE("LineWriter: a stream's copy is a descriptor of its own, if the stream can be written") {
  const FileDescriptor unwritable(open("/dev/null", O_RDONLY | O_CLOEXEC));
  test::CopiedPipe pipe;
  const test::StandardStream output(STDOUT_FILENO, pipe.into());
  const int copy = copy_of_stream(STDOUT_FILENO);
  REQUIRE(copy > STDERR_FILENO);
  CHECK(fcntl(copy, F_GETFD) == FD_CLOEXEC);
  CHECK(write(copy, "x", 1) == 1);
  CHECK(pipe.read_on() == "x");
  close(copy);
  for (const bool closed : {false, true}) {
    const test::StandardStream other(STDOUT_FILENO, unwritable.get());
    if (closed) close(STDOUT_FILENO);
    errno = 0;
    const int none = copy_of_stream(STDOUT_FILENO);
    const int error = errno;
    CHECK(none == -1);
    CHECK(error == EBADF);
  }
}

}  // namespace
}  // namespace ringside

// The I/O worker over time while its alert log fails and recovers.
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "daemon/outputs/io_worker.h"
#include "tests/unit/daemon/file_limit.h"
#include "tests/unit/daemon/files_of_test.h"
#include "tests/unit/daemon/outputs/disk.h"
#include "tests/unit/daemon/pipe.h"
#include "tests/unit/daemon/said.h"
#include "tests/unit/daemon/until.h"

namespace ringside {
namespace {

using std::chrono::milliseconds;
using test::CopiedPipe;
using test::Disk;
using test::lines_in;
using test::options_in;
using test::StandardStream;
using test::state_of;
using test::transition;
using test::until;

// A few more tasks are done, and so is the work that the worker does after each.
void do_tasks(IoWorker& io, Disk& disk, const std::string& name) {
  for (int i = 0; i < 3; ++i) {
    const SavedState state = state_of(name + std::to_string(i));
    until([&] { return io.save_state(state); });
    until([&] { return disk.bytes("state") == encode_state(state); });
  }
}

TEST_CASE("IoWorker: lines that wait are retried at their time, and meanwhile other work goes on") {
  const test::TempDir directory;
  const test::Said said;
  Disk disk;
  IoWorker io(disk.write());
  IoOptions options = options_in(directory);
  options.retry = std::chrono::hours(1);
  REQUIRE_FALSE(io.start(options));
  {
    const test::FileLimit full(0);
    io.tell({transition("a"), transition("b")});
    do_tasks(io, disk, "full");
  }
  CHECK(said.lines() ==
        std::vector<std::string>{"error: " + options.alert_log_path +
                                 ": cannot write: File too large; 2 alert lines wait and are tried "
                                 "again"});
  // There is room now, and no task makes the hour shorter.
  do_tasks(io, disk, "room");
  CHECK(read_text(options.alert_log_path).empty());
  io.tell({transition("c")});  // a new line is always tried
  until([&] { return lines_in(options.alert_log_path) == 3; });
  io.finish({nullptr, {}}, {});
  CHECK(io.join().nothing());
  CHECK(said.count("alerts.log: writable again after 2 failed writes, 0 lines dropped") == 1);
  CHECK(said.lines().size() == 2);
}

TEST_CASE("IoWorker: one that only waits for room tries again by itself, and nothing else again") {
  const test::TempDir directory;
  const test::Said said;
  Disk disk;
  IoWorker io(disk.write());
  const IoOptions options = options_in(directory);
  REQUIRE_FALSE(io.start(options));
  const auto size = [&] { return std::filesystem::file_size(options.alert_log_path); };
  {
    const test::FileLimit full(0);
    io.tell({transition("a")});
    until([&] { return said.count("cannot write") == 1; });
    until([&] { return io.log_failing(); });
    // Each byte of room is another try.
    for (std::size_t room = 1; room <= 3; ++room) {
      const test::FileLimit more(room);
      until([&] { return size() == room; });
    }
  }
  until([&] { return lines_in(options.alert_log_path) == 1; });
  until([&] { return said.count("writable again") == 1; });
  until([&] { return !io.log_failing(); });
  io.finish({nullptr, {}}, {});
  CHECK(io.join().nothing());
  CHECK(lines_in(options.alert_log_path) == 1);
  CHECK(said.lines().size() == 2);
}

TEST_CASE("IoWorker: messages name the log that is in use") {
  const test::TempDir directory;
  const test::Said said;
  Disk disk;
  IoWorker io(disk.write());
  IoOptions options = options_in(directory);
  REQUIRE_FALSE(io.start(options));
  options.alert_log_path = directory.file("other.log");
  options.state_path = directory.file("other-state");
  io.reopen(options);
  const auto fail_once = [&](const std::string& name) {
    {
      const test::FileLimit full(0);
      io.tell({transition("a")});
      until([&] { return said.count(name + ": cannot write: File too large; 1 alert") == 1; });
    }
    until([&] { return said.count(name + ": writable again") == 1; });
  };
  fail_once("other.log");
  std::filesystem::create_directory(directory.file("third.log"));
  options.alert_log_path = directory.file("third.log");
  io.reopen(options);
  until([&] { return said.count("stays in use: " + directory.file("other.log")) == 1; });
  until([&] { return io.save_state(state_of("1")); });
  until([&] { return !disk.bytes("other-state").empty(); });
  {
    const test::FileLimit full(0);
    io.tell({transition("a")});
    until([&] { return said.count("other.log: cannot write") == 2; });
    io.finish({nullptr, {}}, {});
    CHECK(io.join().alert_lines == 1);
  }
  CHECK(said.count("other.log: 1 alert lines could not be written: File too large") == 1);
}

struct StreamLog {
  StreamLog() : output(STDOUT_FILENO, pipe.into()) {
    options.alert_log_path = "-";
    options.patience = milliseconds(10);
  }

  const test::TempDir directory;
  const test::Said said;
  CopiedPipe pipe;
  const StandardStream output;
  Disk disk;
  IoOptions options = options_in(directory);
};

TEST_CASE("IoWorker: a reader of the log that stalls is said once, and so is its return") {
  StreamLog log;
  AlertLogLimits limits;
  limits.stuck_after = milliseconds(1);
  IoWorker io(log.disk.write(), limits);
  REQUIRE_FALSE(io.start(log.options));
  for (int round = 1; round <= 2; ++round) {
    log.pipe.fill();
    io.tell({transition("a")});
    until([&] {
      return log.said.count("-: cannot write: its reader has stalled; 1 alert") == round;
    });
    do_tasks(io, log.disk, "stalled " + std::to_string(round));
    log.pipe.read_on();
    until([&] {
      return log.said.count("-: writable again after 0 failed writes, 0 lines") == round;
    });
    do_tasks(io, log.disk, "read " + std::to_string(round));
  }
  CHECK(log.said.lines().size() == 4);
  log.pipe.fill();
  io.tell({transition("b")});
  io.finish({nullptr, {}}, {});
  CHECK(io.join().alert_lines == 1);
  CHECK(log.said.count("-: 1 alert lines could not be written: its reader has stalled") == 1);
}

TEST_CASE("IoWorker: a log that recovers says so when the last line is written, and not before") {
  StreamLog log;
  AlertLogLimits limits;
  limits.stream_retry = milliseconds(1);
  limits.stuck_after = std::chrono::hours(1);
  log.pipe.fill();
  log.pipe.block(false);
  IoWorker io(log.disk.write(), limits);
  REQUIRE_FALSE(io.start(log.options));
  AlertTransition longer = transition("a");
  longer.message = std::string(3000, 'x');
  io.tell({longer, longer});
  until([&] { return log.said.count("-: cannot write: Resource temporarily unavailable") == 1; });
  log.pipe.block(true);
  const auto bytes_in_pipe = [&] {
    int bytes = 0;
    REQUIRE(ioctl(log.pipe.from(), FIONREAD, &bytes) == 0);
    return bytes;
  };
  const int junk_left = bytes_in_pipe() - 4096;
  std::string room(4096, ' ');  // for one line and not for two
  REQUIRE(read(log.pipe.from(), room.data(), room.size()) == 4096);
  until([&] { return bytes_in_pipe() > junk_left; });
  const int line = bytes_in_pipe() - junk_left;
  do_tasks(io, log.disk, "one is written");  // the other one waits, and not for long
  const int bytes_then = bytes_in_pipe();
  const std::vector<std::string> said_then = log.said.lines();
  until([&] { return log.pipe.read_on().size() == 2 * static_cast<std::size_t>(line); });
  until([&] { return log.said.count("-: writable again after ") == 1; });
  io.finish({nullptr, {}}, {});
  CHECK(io.join().nothing());
  CHECK(bytes_then == junk_left + line);
  CHECK(said_then.size() == 1);
  CHECK(log.said.lines().size() == 2);
}

TEST_CASE("IoWorker: a stream that takes each line says nothing") {
  StreamLog log;
  IoWorker io(log.disk.write());
  REQUIRE_FALSE(io.start(log.options));
  for (int i = 0; i < 50; ++i) {
    io.tell({transition(std::to_string(i))});
    if (i % 10 == 0) do_tasks(io, log.disk, std::to_string(i));
  }
  io.finish({nullptr, {}}, {});
  CHECK(io.join().nothing());
  CHECK(log.said.lines().empty());
}

}  // namespace
}  // namespace ringside

#include "daemon/outputs/io_worker.h"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/daemon/dies.h"
#include "tests/unit/daemon/file_limit.h"
#include "tests/unit/daemon/files_of_test.h"
#include "tests/unit/daemon/outputs/disk.h"
#include "tests/unit/daemon/said.h"
#include "tests/unit/daemon/until.h"

namespace ringside {
namespace {

using test::Disk;
using test::lines_in;
using test::options_in;
using test::state_of;
using test::transition;
using test::until;

TEST_CASE(
    "IoWorker: at the end everything queued is written, whoever handed it over, and the state "
    "last") {
  for (int round = 0; round < 20; ++round) {
    const test::TempDir directory;
    const test::Said said;
    Disk disk;
    IoWorker io(disk.write());
    REQUIRE_FALSE(io.start(options_in(directory)));
    disk.hang(true);
    // As the drain thread does it: one thread fills the queue, another one finishes it.
    std::thread other([&] {
      CHECK(io.save_state(state_of("early")));
      disk.until_at_work(1);
      for (int i = 0; i < 10; ++i) io.tell({transition(std::to_string(i))});
      CHECK(io.write_report(std::make_shared<Snapshot>()));
    });
    other.join();
    io.reopen(options_in(directory));
    bool ended = false;
    io.finish({std::make_shared<Snapshot>(), state_of("last")}, [&] { ended = true; });
    disk.hang(false);
    CHECK(io.join().nothing());
    CHECK(ended);
    std::vector<std::string> names = disk.names();
    REQUIRE(names.size() == 4);
    CHECK(names.back() == "state");
    std::sort(names.begin(), names.end());
    CHECK(names == std::vector<std::string>{"report.txt", "report.txt", "state", "state"});
    CHECK(disk.bytes("state") == encode_state(state_of("last")));
    CHECK(lines_in(directory.file("alerts.log")) == 10);
  }
}

TEST_CASE("IoWorker: an end that cannot write says what is missing") {
  const test::TempDir directory;
  const test::Said said;
  Disk disk;
  IoWorker io(disk.write());
  REQUIRE_FALSE(io.start(options_in(directory)));
  disk.fail(true);
  io.finish({std::make_shared<Snapshot>(), state_of("last")}, {});
  const Unwritten unwritten = io.join();
  CHECK(unwritten.state);
  CHECK(unwritten.reports == 1);
  CHECK(unwritten.alert_lines == 0);
  CHECK_FALSE(unwritten.nothing());
  CHECK(said.count("report.txt: cannot write") == 1);
  CHECK(said.count("report written to") == 0);
  CHECK(said.count("the state is not saved") == 1);
}

TEST_CASE("IoWorker: alert lines that the end cannot write are counted") {
  const test::TempDir directory;
  const test::Said said;
  Disk disk;
  IoWorker io(disk.write());
  REQUIRE_FALSE(io.start(options_in(directory)));
  const test::FileLimit full(0);
  io.tell({transition("a"), transition("b")});
  io.finish({nullptr, state_of("last")}, {});
  const Unwritten unwritten = io.join();
  CHECK(unwritten.alert_lines == 2);
  CHECK_FALSE(unwritten.state);
  CHECK(unwritten.reports == 0);
  CHECK(said.count("2 alert lines could not be written: File too large") == 1);
}

TEST_CASE("IoWorker: while the disk hangs nobody waits, and the queue does not grow") {
  const test::TempDir directory;
  const test::Said said;
  Disk disk;
  IoWorker io(disk.write());
  REQUIRE_FALSE(io.start(options_in(directory)));
  disk.hang(true);
  CHECK(io.save_state(state_of("1")));
  disk.until_at_work(1);
  CHECK_FALSE(io.save_state(state_of("2")));
  CHECK(io.write_report(std::make_shared<Snapshot>()));
  CHECK(io.write_report(std::make_shared<Snapshot>()));
  CHECK_FALSE(io.write_report(std::make_shared<Snapshot>()));
  std::atomic<bool> ended{false};
  io.finish({nullptr, state_of("last")}, [&] { ended = true; });
  CHECK_FALSE(ended);   // finish() returns while the disk hangs
  disk.hang(false);
  CHECK(io.join().nothing());
  CHECK(ended);
  CHECK(disk.bytes("state") == encode_state(state_of("last")));
}

TEST_CASE("IoWorker: after the disk has moved on, state and reports are taken again") {
  const test::TempDir directory;
  const test::Said said;
  Disk disk;
  IoWorker io(disk.write());
  REQUIRE_FALSE(io.start(options_in(directory)));
  for (const char* text : {"1", "2", "3"}) {
    until([&] { return io.save_state(state_of(text)); });
    until([&] { return disk.bytes("state") == encode_state(state_of(text)); });
    until([&] { return io.write_report(std::make_shared<Snapshot>()); });
  }
  io.finish({nullptr, state_of("last")}, {});
  CHECK(io.join().nothing());
  CHECK(disk.names().size() == 7);
  for (const char* name : {"state", "report.txt"}) {
    CHECK(disk.mode(name) == (S_IRUSR | S_IWUSR | S_IRGRP));
  }
  CHECK(said.count("report written to") == 3);
}

TEST_CASE(
    "IoWorker: a state that fails is known to have failed until one is written, and said once") {
  const test::TempDir directory;
  const test::Said said;
  Disk disk;
  IoWorker io(disk.write());
  REQUIRE_FALSE(io.start(options_in(directory)));
  CHECK_FALSE(io.state_failed());
  disk.fail(true);
  for (int i = 1; i <= 3; ++i) {
    until([&] { return io.save_state(state_of("1")); });
    disk.until_at_work(i);
  }
  until([&] { return io.state_failed(); });
  disk.fail(false);
  until([&] { return io.save_state(state_of("2")); });
  until([&] { return !io.state_failed(); });
  io.finish({nullptr, state_of("last")}, {});
  CHECK(io.join().nothing());
  CHECK(said.count("the state is not saved") == 1);
  CHECK(said.count("state: saved again") == 1);
}

TEST_CASE(
    "IoWorker: lines that wait for room are written when there is some, however busy the queue "
    "is") {
  const test::TempDir directory;
  const test::Said said;
  Disk disk;
  IoWorker io(disk.write());
  IoOptions options = options_in(directory);
  options.retry = std::chrono::milliseconds(50);
  REQUIRE_FALSE(io.start(options));
  const std::string log = options.alert_log_path;
  // Tasks come more often than the worker retries its lines.
  const auto busy_until = [&](const std::function<bool()>& happened) {
    until([&] {
      io.save_state(state_of("busy"));
      return happened();
    });
  };
  {
    const test::FileLimit full(0);
    io.tell({transition("a"), transition("b")});
    busy_until([&] {
      return said.count("alerts.log: cannot write: File too large; 2 alert lines wait") == 1;
    });
    CHECK(read_text(log).empty());
  }
  busy_until([&] { return lines_in(log) == 2; });
  busy_until([&] { return said.count("alerts.log: writable again") == 1; });
  io.tell({transition("c")});
  busy_until([&] { return lines_in(log) == 3; });
  // A file that failed and recovered can fail again.
  {
    const test::FileLimit full(0);
    io.tell({transition("d")});
    busy_until([&] { return said.count("alerts.log: cannot write") == 2; });
  }
  busy_until([&] { return lines_in(log) == 4; });
  io.finish({nullptr, {}}, {});
  CHECK(io.join().nothing());
}

TEST_CASE("IoWorker: a log that cannot be opened anew is kept, and said") {
  const test::TempDir directory;
  const test::Said said;
  Disk disk;
  IoWorker io(disk.write());
  IoOptions options = options_in(directory);
  REQUIRE_FALSE(io.start(options));
  std::filesystem::create_directory(directory.file("other.log"));
  options.alert_log_path = directory.file("other.log");
  io.reopen(options);
  io.tell({transition("a")});
  until([&] { return lines_in(directory.file("alerts.log")) == 1; });
  CHECK(said.count("the log that was open stays in use: " + directory.file("alerts.log")) == 1);
  std::filesystem::remove(directory.file("other.log"));
  io.reopen(options);
  io.tell({transition("b")});
  until([&] { return lines_in(directory.file("other.log")) == 1; });
  CHECK(lines_in(directory.file("alerts.log")) == 1);
  io.finish({nullptr, {}}, {});
  CHECK(io.join().nothing());
}

TEST_CASE("IoWorker: one that was started and never finished still does what it has") {
  const test::TempDir directory;
  const test::Said said;
  Disk disk;
  {
    IoWorker io(disk.write());
    REQUIRE_FALSE(io.start(options_in(directory)));
    CHECK(io.save_state(state_of("1")));
    io.tell({transition("a")});
  }
  CHECK(disk.names() == std::vector<std::string>{"state"});
  CHECK(lines_in(directory.file("alerts.log")) == 1);
}

TEST_CASE("IoWorker: as many wait on a disk that hangs a second time as at the first") {
  const test::TempDir directory;
  const test::Said said;
  Disk disk;
  IoWorker io(disk.write());
  REQUIRE_FALSE(io.start(options_in(directory)));
  int writes = 0;
  for (int round = 0; round < 3; ++round) {
    disk.hang(true);
    until([&] { return io.save_state(state_of("1")); });
    disk.until_at_work(++writes);
    CHECK_FALSE(io.save_state(state_of("2")));
    // A place is free when the task is done, which is a moment after the write.
    for (int i = 0; i < 2; ++i)
      until([&] { return io.write_report(std::make_shared<Snapshot>()); });
    CHECK_FALSE(io.write_report(std::make_shared<Snapshot>()));
    disk.hang(false);
    until([&] { return io.save_state(state_of("3")); });
    until([&] { return disk.bytes("state") == encode_state(state_of("3")); });
    until([&] { return said.count("report written to") == 2 * (round + 1); });
    writes += 3;
  }
  io.finish({nullptr, {}}, {});
  CHECK(io.join().nothing());
}

TEST_CASE("IoWorker: one that has nothing to do can end") {
  for (const bool finished : {true, false}) {
    CAPTURE(finished);
    const test::TempDir directory;
    const test::Said said;
    Disk disk;
    IoWorker io(disk.write());
    REQUIRE_FALSE(io.start(options_in(directory)));
    // It has done what there was and sleeps by now, or is about to.
    CHECK(io.write_report(std::make_shared<Snapshot>()));
    until([&] { return said.count("report written to") == 1; });
    if (finished) {
      io.finish({nullptr, state_of("last")}, {});
      CHECK(io.join().nothing());
      CHECK(disk.bytes("state") == encode_state(state_of("last")));
    }
  }
}

TEST_CASE("IoWorker: what is unwritten has names, and there is nothing only when all is written") {
  CHECK(Unwritten().nothing());
  CHECK(Unwritten().text().empty());
  const auto text = [](std::uint64_t lines, std::uint64_t reports, bool state) {
    const Unwritten unwritten{lines, reports, state};
    CHECK_FALSE(unwritten.nothing());
    return unwritten.text();
  };
  CHECK(text(0, 0, true) == "the state");
  CHECK(text(0, 1, false) == "reports");
  CHECK(text(0, 4, false) == "reports");
  CHECK(text(1, 0, false) == "1 alert lines");
  CHECK(text(12, 0, false) == "12 alert lines");
  CHECK(text(3, 2, true) == "the state, reports, 3 alert lines");
}

#ifdef RINGSIDE_ASSERTS

TEST_CASE("IoWorker: calls out of order end the program") {
  const test::TempDir directory;
  const auto dies = [&](const std::function<void(IoWorker&)>& mistake) {
    return test::dies([&] {
      IoWorker io;
      mistake(io);
    });
  };
  const auto start = [&](IoWorker& io) { io.start(options_in(directory)); };
  CHECK_FALSE(dies([&](IoWorker& io) {
    start(io);
    io.finish({}, {});
    io.join();
  }));
  CHECK(dies([&](IoWorker& io) {
    start(io);
    start(io);
  }));
  CHECK(dies([](IoWorker& io) { io.join(); }));
  CHECK(dies([](IoWorker& io) { io.finish({}, {}); }));
  CHECK(dies([&](IoWorker& io) {
    start(io);
    io.finish({}, {});
    io.finish({}, {});
  }));
  CHECK(dies([&](IoWorker& io) {
    start(io);
    io.finish({}, {});
    io.tell({});
  }));
}

#endif

}  // namespace
}  // namespace ringside

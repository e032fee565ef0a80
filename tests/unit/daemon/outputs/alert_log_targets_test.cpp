// What becomes of the lines and of the counts when they can't be written and when the log moves on.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <string>
#include <system_error>

#include "daemon/outputs/alert_log.h"
#include "shm/file_descriptor.h"
#include "tests/unit/daemon/file_limit.h"
#include "tests/unit/daemon/files_of_test.h"
#include "tests/unit/daemon/pipe.h"
#include "tests/unit/daemon/until.h"

namespace ringside {
namespace {

using std::chrono::milliseconds;
using test::CopiedPipe;
using test::StandardStream;
using test::TempDir;
using test::until;

constexpr milliseconds kLong{30'000};

AlertTransition named(const std::string& id) {
  AlertTransition t;
  t.wall_ns = 1'732'356'955'123'456'789;
  t.id = id;
  t.message = "text";
  return t;
}

std::string line_of(const std::string& id) {
  return "ts=2024-11-23T10:15:55.123Z level=info alert=high_latency state=pending op=- figure=- "
         "value=0 threshold=0 unit=ms id=" +
         id + " incident=- msg=\"text\"\n";
}

// A log whose stream is stuck with the first line that it gets.
AlertLogLimits small_limits() {
  AlertLogLimits limits;
  limits.most_waiting = 2;
  limits.stuck_after = std::chrono::hours(1);
  limits.stream_retry = milliseconds(1);
  return limits;
}

// How many descriptors of this process lead to the file.
int open_ends_of(const std::string& path) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    count += std::filesystem::read_symlink(entry.path(), gone) == path;
  }
  return count;
}

TEST_CASE("AlertLog: a JSON line has all of it in this order, and letters stay letters") {
  const AlertTransition t = {1'732'356'955'123'456'789,
                             "6741a2bb",
                             AlertType::server_down,
                             AlertLevel::emergency,
                             AlertState::firing,
                             "Grüße\n",
                             "crashed",
                             "chat",
                             0.5,
                             1e9,
                             AlertUnit::crashed,
                             "it's \"down\"",
                             "",
                             "6741a2aa"};
  CHECK(format_alert_line(t, AlertLogFormat::json) ==
        "{\"ts\":\"2024-11-23T10:15:55.123Z\",\"level\":\"emergency\",\"alert\":\"server_down\","
        "\"state\":\"firing\",\"op\":\"Grüße\\\\n\",\"figure\":\"crashed\",\"value\":0.5,"
        "\"threshold\":1000000000.0,"
        "\"unit\":\"crashed\",\"id\":\"6741a2bb\",\"incident\":\"6741a2aa\",\"ring\":\"chat\","
        "\"msg\":\"it's \\\"down\\\"\"}");
}

TEST_CASE("AlertLog: lines that come before it is open wait, and the oldest go") {
  const TempDir directory;
  AlertLog log(small_limits());
  CHECK(log.status().last_error == 0);
  CHECK(log.status().failed_writes == 0);
  CHECK(log.status().written == 0);
  CHECK(log.status().dropped == 0);
  CHECK_FALSE(log.status().failing);
  CHECK(log.flush());
  for (const char* id : {"a", "b", "c"}) log.add(named(id));
  CHECK_FALSE(log.flush());
  CHECK(log.status().waiting == 2);
  CHECK(log.status().dropped == 1);
  REQUIRE_FALSE(log.open(directory.file("log"), AlertLogFormat::logfmt));
  CHECK(read_text(directory.file("log")) == line_of("b") + line_of("c"));
  CHECK(log.status().written == 2);
}

TEST_CASE("AlertLog: of the lines that a full disk refuses the oldest go, but never a begun one") {
  for (const std::size_t begun : {0U, 1U, 20U}) {
    CAPTURE(begun);
    const TempDir directory;
    const std::string path = directory.file("log");
    AlertLog log(small_limits());
    REQUIRE_FALSE(log.open(path, AlertLogFormat::logfmt));
    log.add(named("first"));
    {
      const test::FileLimit full(line_of("first").size() + begun);
      for (const char* id : {"a", "b"}) log.add(named(id));
      CHECK(log.status().dropped == 0);
      for (const char* id : {"c", "d"}) log.add(named(id));
      CHECK(log.status().waiting == 2);
      CHECK(log.status().dropped == 2);
    }
    CHECK(log.flush());
    CHECK(read_text(path) == line_of("first") + line_of(begun > 0 ? "a" : "c") + line_of("d"));
    CHECK(log.status().written == 3);
  }
}

TEST_CASE("AlertLog: a line that one file has in part is whole in the next file") {
  const TempDir directory;
  AlertLog log;
  REQUIRE_FALSE(log.open(directory.file("full"), AlertLogFormat::logfmt));
  {
    const test::FileLimit full(30);
    log.add(named("a"));
  }
  REQUIRE_FALSE(log.open(directory.file("next"), AlertLogFormat::logfmt));
  log.add(named("b"));
  CHECK(read_text(directory.file("full")) == line_of("a").substr(0, 30));
  CHECK(read_text(directory.file("next")) == line_of("a") + line_of("b"));
  CHECK(open_ends_of(directory.file("full")) == 0);
}

TEST_CASE("AlertLog: however short a file's last line is, the next one is a line of its own") {
  const TempDir directory;
  for (const std::string there : {"", "x", "\n", "xy\n", "x\ny"}) {
    CAPTURE(there);
    write_text(directory.file("log"), there);
    AlertLog log;
    REQUIRE_FALSE(log.open(directory.file("log"), AlertLogFormat::logfmt));
    log.add(named("a"));
    const bool whole = there.empty() || there.back() == '\n';
    CHECK(read_text(directory.file("log")) == there + (whole ? "" : "\n") + line_of("a"));
  }
}

TEST_CASE("AlertLog: what is refused is said, with what to do") {
  const TempDir directory;
  const auto refusal = [&](const std::string& path) {
    AlertLog log;
    const auto failure = log.open(path, AlertLogFormat::logfmt);
    REQUIRE(failure);
    return *failure;
  };
  std::filesystem::create_symlink(directory.file("target"), directory.file("link"));
  CHECK(refusal(directory.file("link")).message ==
        directory.file("link") +
            ": the alert log is a symbolic link, expected a regular file\n"
            "  next: remove the link, or configure alert_log.path");
  CHECK(refusal(directory.path()).message ==
        directory.path() +
            ": cannot open the alert log: Is a directory\n"
            "  next: make it writable, or configure alert_log.path");
  REQUIRE(mkfifo(directory.file("pipe").c_str(), 0600) == 0);
  const Failure pipe = refusal(directory.file("pipe"));
  CHECK(pipe.error_number == 0);
  CHECK(pipe.message == directory.file("pipe") +
                            ": found no regular file, expected one for the alert log\n"
                            "  next: configure alert_log.path; - is standard output");
  const FileDescriptor unwritable(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const StandardStream output(STDOUT_FILENO, unwritable.get());
  const Failure closed = refusal("-");
  CHECK(closed.error_number == EBADF);
  CHECK(closed.message ==
        "-: cannot be the alert log: it is closed\n"
        "  next: start the daemon with it open, or configure alert_log.path");
}

TEST_CASE("AlertLog: from one target to the next no line is lost, and what was is left behind") {
  const TempDir directory;
  const std::string path = directory.file("log");
  CopiedPipe out;
  CopiedPipe err;
  AlertLog log;
  REQUIRE_FALSE(log.open(path, AlertLogFormat::logfmt));
  log.add(named("a"));
  {
    const StandardStream output(STDOUT_FILENO, out.into());
    const StandardStream error(STDERR_FILENO, err.into());
    const auto add_to = [&](const char* target, const char* id) {
      REQUIRE_FALSE(log.open(target, AlertLogFormat::logfmt));
      CHECK(open_ends_of(path) == 0);
      log.add(named(id));
      CHECK(log.finish(kLong));
    };
    const auto add_to_file = [&](const char* id) {
      REQUIRE_FALSE(log.open(path, AlertLogFormat::logfmt));
      log.add(named(id));
    };
    add_to("-", "b");
    add_to("/dev/stderr", "b2");
    add_to_file("b3");
    add_to("/dev/stderr", "d2");  // the stream that was left for the file
    add_to("-", "d");
    add_to_file("d3");
    CHECK(out.read_on() == line_of("b") + line_of("d"));
    CHECK(err.read_on() == line_of("b2") + line_of("d2"));
  }
  CHECK(read_text(path) == line_of("a") + line_of("b3") + line_of("d3"));
  CHECK(log.status().written == 7);
}

// Fills a log's stream: the first of the lines is in the stream's hands.
void add_to_stuck(AlertLog& log, const std::string& ids) {
  for (const char id : ids) {
    log.add(named(std::string(1, id)));
    // The stream's thread takes the first line. Then the others wait.
    if (id == ids.front()) {
      until([&] { return log.status().last_error != 0 || !log.finish(milliseconds(2)); });
    }
  }
}

TEST_CASE("AlertLog: the counts go on over all targets") {
  const TempDir directory;
  AlertLog log(small_limits());
  REQUIRE_FALSE(log.open(directory.file("log"), AlertLogFormat::logfmt));
  log.add(named("a"));
  {
    const test::FileLimit full(0);
    for (const char* id : {"b", "c", "d"}) log.add(named(id));
  }
  CHECK(log.flush());
  AlertLog::Status before = log.status();
  CHECK(before.written == 3);
  CHECK(before.failed_writes == 3);
  CHECK(before.dropped == 1);
  for (const int number : {STDOUT_FILENO, STDERR_FILENO, STDOUT_FILENO}) {
    CopiedPipe pipe;
    const StandardStream stream(number, pipe.into());
    REQUIRE_FALSE(
        log.open(number == STDOUT_FILENO ? "/dev/stdout" : "/dev/stderr", AlertLogFormat::logfmt));
    CHECK(log.status().written == before.written);
    CHECK(log.status().failed_writes == before.failed_writes);
    CHECK(log.status().dropped == before.dropped);
    CHECK_FALSE(log.status().failing);
    CHECK(log.flush());
    log.add(named("e"));
    CHECK(log.finish(kLong));
    CHECK(log.flush());
    CHECK_FALSE(log.status().failing);
    CHECK(log.status().written == before.written + 1);
    pipe.fill();
    pipe.block(false);
    add_to_stuck(log, "fghi");
    until([&] { return log.status().failing; });
    CHECK_FALSE(log.flush());
    CHECK(log.status().last_error == EAGAIN);
    CHECK(log.status().failed_writes > before.failed_writes);
    const std::uint64_t dropped = log.status().dropped;
    CHECK((dropped == before.dropped + 1 || dropped == before.dropped + 2));
    const std::uint64_t lines = log.status().waiting;
    CHECK(lines + (dropped - before.dropped) == 4);
    const std::uint64_t failed_writes = log.status().failed_writes;
    pipe.read_on();
    CHECK(log.finish(kLong));
    before = log.status();
    CHECK(before.waiting == 0);
    CHECK(before.last_error == 0);
    CHECK(before.failed_writes >= failed_writes);
  }
  REQUIRE_FALSE(log.open(directory.file("log"), AlertLogFormat::logfmt));
  CHECK(log.status().written == before.written);
  CHECK(log.status().failed_writes == before.failed_writes);
  CHECK(log.status().dropped == before.dropped);
}

TEST_CASE("AlertLog: a stream whose reader takes nothing fails after a while, and not before") {
  for (const bool patient : {true, false}) {
    CAPTURE(patient);
    CopiedPipe pipe;
    const StandardStream output(STDOUT_FILENO, pipe.into());
    AlertLogLimits limits;
    limits.stuck_after = patient ? milliseconds(std::chrono::hours(1)) : milliseconds(2);
    AlertLog log(limits);
    REQUIRE_FALSE(log.open("-", AlertLogFormat::logfmt));
    pipe.fill();
    log.add(named("a"));
    CHECK_FALSE(log.finish(milliseconds(5)));
    if (patient) {
      CHECK_FALSE(log.status().failing);
    } else {
      until([&] { return log.status().failing; });
    }
    CHECK(log.status().last_error == 0);
    CHECK(log.status().waiting == 1);
    pipe.read_on();
    CHECK(log.finish(kLong));
    CHECK_FALSE(log.status().failing);
  }
}

}  // namespace
}  // namespace ringside

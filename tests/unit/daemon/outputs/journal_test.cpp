#include "daemon/outputs/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "daemon/outputs/alert_log.h"
#include "daemon/outputs/own_log.h"
#include "tests/unit/daemon/files_of_test.h"
#include "tests/unit/daemon/pipe.h"
#include "tests/unit/daemon/said.h"

namespace ringside {
namespace {

using test::CopiedPipe;
using test::StandardStream;

std::string name_of_stream(int fd) {
  struct stat info {};
  REQUIRE(fstat(fd, &info) == 0);
  return fmt::format("{}:{}", info.st_dev, info.st_ino);
}

// As systemd sets it for its services.
class JournalStream {
 public:
  explicit JournalStream(int fd) { setenv("JOURNAL_STREAM", name_of_stream(fd).c_str(), 1); }
  ~JournalStream() { unsetenv("JOURNAL_STREAM"); }
  JournalStream(const JournalStream&) = delete;
  JournalStream& operator=(const JournalStream&) = delete;
};

AlertTransition line(AlertLevel level, AlertState state = AlertState::begun) {
  AlertTransition t;
  t.level = level;
  t.state = state;
  t.id = name_of(level);
  return t;
}

TEST_CASE("Journal: only the stream that JOURNAL_STREAM names goes there") {
  const CopiedPipe pipe, other;
  const std::string named = name_of_stream(pipe.into());
  CHECK(goes_to_journal(pipe.into(), named.c_str()));
  CHECK_FALSE(goes_to_journal(other.into(), named.c_str()));
  CHECK_FALSE(goes_to_journal(pipe.into(), nullptr));
  CHECK_FALSE(goes_to_journal(pipe.into(), ""));
  CHECK_FALSE(goes_to_journal(pipe.into(), (named + "0").c_str()));
  CHECK_FALSE(goes_to_journal(-1, named.c_str()));
}

TEST_CASE("Journal: each line of a text has the prefix") {
  CHECK(with_priority("one\n", JournalPriority::error) == "<3>one\n");
  CHECK(with_priority("one\n  two\n", JournalPriority::warning) == "<4>one\n<4>  two\n");
  CHECK(with_priority("cut off", JournalPriority::info) == "<6>cut off");
  CHECK(with_priority("", JournalPriority::info).empty());
}

TEST_CASE("Journal: the level of an alert is its priority there, and an end is a notice") {
  CHECK(priority_of(line(AlertLevel::info)) == JournalPriority::info);
  CHECK(priority_of(line(AlertLevel::warning)) == JournalPriority::warning);
  CHECK(priority_of(line(AlertLevel::critical)) == JournalPriority::critical);
  CHECK(priority_of(line(AlertLevel::emergency)) == JournalPriority::alert);
  for (const AlertState state :
       {AlertState::ended, AlertState::resolved, AlertState::acknowledged, AlertState::cleared})
    CHECK(priority_of(line(AlertLevel::critical, state)) == JournalPriority::notice);
}

TEST_CASE("OwnLog: in the journal each line has its priority, and elsewhere none has") {
  for (const bool journal : {true, false}) {
    const test::Said restores_the_logger;
    CopiedPipe pipe, elsewhere;
    const StandardStream error(STDERR_FILENO, pipe.into());
    const JournalStream stream(journal ? pipe.into() : elsewhere.into());
    OwnLog log("p");
    spdlog::error("bad\n  next: mend it");
    spdlog::warn("w");
    spdlog::info("i");
    log.say("said");
    log.wait_until_written();
    std::string text = pipe.read_on(), starts;
    for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1)
      starts += text.substr(at, 3) + ' ';
    if (journal) {
      CHECK(starts == "<3> <3> <4> <6> <3> ");
    } else {
      CHECK(text.find('<') == std::string::npos);
    }
  }
}

TEST_CASE("AlertLog: in the journal each line has its priority, and in a file none has") {
  const test::TempDir directory;
  CopiedPipe pipe;
  const StandardStream error(STDERR_FILENO, pipe.into());
  const JournalStream stream(pipe.into());
  AlertLog log;
  REQUIRE_FALSE(log.open("/dev/stderr", AlertLogFormat::logfmt));
  const AlertTransition bad = line(AlertLevel::critical);
  log.add(bad);
  CHECK(log.finish(std::chrono::seconds(30)));
  const std::string text = format_alert_line(bad, AlertLogFormat::logfmt) + '\n';
  CHECK(pipe.read_on() == "<2>" + text);
  // What the stream has not taken goes to a file, without it. One line stays in the writer's hand.
  pipe.fill();
  log.add(bad);
  log.add(bad);
  log.add(bad);
  REQUIRE_FALSE(log.open(directory.file("alerts.log"), AlertLogFormat::logfmt));
  const std::string file = read_text(directory.file("alerts.log"));
  CHECK(file.size() >= 2 * text.size());
  for (std::size_t at = 0; at < file.size(); at += text.size())
    CHECK(file.substr(at, text.size()) == text);
}

}  // namespace
}  // namespace ringside

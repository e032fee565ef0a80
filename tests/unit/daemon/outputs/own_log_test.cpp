#include "daemon/outputs/own_log.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "report/model/format.h"
#include "shm/clock.h"
#include "shm/file_descriptor.h"
#include "tests/unit/daemon/pipe.h"
#include "tests/unit/daemon/said.h"
#include "tests/unit/daemon/until.h"

namespace ringside {
namespace {

using test::CopiedPipe;
using test::StandardStream;

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    REQUIRE(end != std::string::npos);
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

TEST_CASE("OwnLog: a line has the time in UTC, the program and the level") {
  const test::Said restores_the_logger;
  CopiedPipe pipe;
  const StandardStream error(STDERR_FILENO, pipe.into());
  const std::string before = format_wall(clock_ns(CLOCK_REALTIME));
  OwnLog log("some-program");
  spdlog::info("first {}", 1);
  log.say("as it is");
  spdlog::warn("two\n  lines");
  log.wait_until_written();
  const std::string after = format_wall(clock_ns(CLOCK_REALTIME));
  const std::vector<std::string> lines = split_lines(pipe.read_on());
  REQUIRE(lines.size() == 4);
  for (const std::size_t i : {0U, 2U}) {
    const std::string time = lines[i].substr(0, before.size());
    CHECK(before <= time);
    CHECK(time <= after);
  }
  CHECK(lines[0].substr(before.size()) == " some-program info: first 1");
  CHECK(lines[1] == "as it is");
  CHECK(lines[2].substr(before.size()) == " some-program warning: two");
  CHECK(lines[3] == "  lines");
}

TEST_CASE("OwnLog: the level stays as it was") {
  for (const auto level : {spdlog::level::debug, spdlog::level::warn}) {
    const test::Said restores_the_logger;
    spdlog::set_level(level);
    CopiedPipe pipe;
    const StandardStream error(STDERR_FILENO, pipe.into());
    OwnLog log("p");
    spdlog::debug("d");
    spdlog::info("i");
    spdlog::warn("w");
    log.wait_until_written();
    std::string said;
    for (const std::string& line : split_lines(pipe.read_on())) said += line.back();
    CHECK(said == (level == spdlog::level::debug ? "diw" : "w"));
  }
}

TEST_CASE("OwnLog: its end waits for the lines") {
  const test::Said restores_the_logger;
  CopiedPipe pipe;
  const StandardStream error(STDERR_FILENO, pipe.into());
  for (int round = 1; round <= 3; ++round) {
    {
      OwnLog log("p");
      for (int i = 0; i < 400; ++i) log.say("line");
    }
    CHECK(pipe.read_on().size() == 400U * 5U * static_cast<unsigned>(round));
  }
}

TEST_CASE("OwnLog: where standard error is closed, nothing is said and nothing breaks") {
  for (const char* closed : {"closed", "read only"}) {
    CAPTURE(closed);
    const test::Said said;
    const FileDescriptor unwritable(open("/dev/null", O_RDONLY | O_CLOEXEC));
    const StandardStream error(STDERR_FILENO, unwritable.get());
    if (closed == std::string("closed")) close(STDERR_FILENO);
    OwnLog log("p");
    spdlog::error("unheard");
    log.say("unheard");
    log.wait_until_written();
    CHECK(said.lines().empty());  // the logger is another one
  }
}

TEST_CASE("OwnLog: what a stalled reader misses is said in its place") {
  const test::Said restores_the_logger;
  CopiedPipe pipe;
  pipe.fill();
  const StandardStream error(STDERR_FILENO, pipe.into());
  OwnLog log("p");
  constexpr int kLines = 2500;
  for (int i = 0; i < kLines; ++i) log.say("line " + std::to_string(i));
  const std::string last = "line " + std::to_string(kLines - 1) + "\n";
  test::until([&] { return pipe.read_on().ends_with(last); });
  int lines = 0;
  int missed = 0;
  int number = 0;
  const std::string words = " lines of this log were dropped: nobody read it";
  for (const std::string& line : split_lines(pipe.read_on())) {
    if (line.ends_with(words)) {
      REQUIRE(line.starts_with("p: "));
      const int here = std::stoi(line.substr(3));
      CHECK(here > 0);
      missed += here;
      number += here;
    } else {
      CHECK(line == "line " + std::to_string(number));
      ++number;
      ++lines;
    }
  }
  // The thread may hold one line beside those that wait.
  CHECK((lines == 2000 || lines == 2001));
  CHECK(lines + missed == kLines);
}

}  // namespace
}  // namespace ringside

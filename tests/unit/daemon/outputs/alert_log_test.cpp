#include "daemon/outputs/alert_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/unit/daemon/file_limit.h"
#include "tests/unit/daemon/files_of_test.h"
#include "tests/unit/daemon/pipe.h"

namespace ringside {
namespace {

AlertTransition sample_transition() {
  return {1'732'356'955'123'456'789,
          "6741a2bb",
          AlertType::high_latency,
          AlertLevel::critical,
          AlertState::firing,
          "SEND_MESSAGE",
          "p95",
          "chat",
          843.25,
          400,
          AlertUnit::ms,
          "p95 843 ms over 312 calls",
          "database",
          "6741a2aa"};
}

std::size_t lines_of(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST_CASE("AlertLog: the line is as it is documented") {
  CHECK(format_alert_line(sample_transition(), AlertLogFormat::logfmt) ==
        "ts=2024-11-23T10:15:55.123Z level=critical alert=high_latency state=firing "
        "op=SEND_MESSAGE figure=p95 value=843.25 "
        "threshold=400 unit=ms id=6741a2bb incident=6741a2aa msg=\"p95 843 ms over 312 calls\"");
  AlertTransition whole = sample_transition();
  whole.operation = "";
  whole.value = 1073741824;
  whole.threshold = 1e9;
  CHECK(format_alert_line(whole, AlertLogFormat::logfmt)
            .find(" op=- figure=p95 value=1073741824 threshold=1000000000 ") != std::string::npos);
}

TEST_CASE("AlertLog: a silence is about no figure, and perhaps about no alert alone") {
  AlertTransition silence = sample_transition();
  silence.state = AlertState::silenced;
  silence.operation = silence.figure = silence.incident = "";
  silence.message = "silenced by anna, until 2024-11-23T11:00:00.000Z";
  const std::string rest =
      " state=silenced op=- figure=- value=- threshold=- unit=- id=6741a2bb incident=- "
      "msg=\"silenced by anna, until 2024-11-23T11:00:00.000Z\"";
  const std::string start = "ts=2024-11-23T10:15:55.123Z level=critical alert=";
  CHECK(format_alert_line(silence, AlertLogFormat::logfmt) == start + "high_latency" + rest);
  silence.any_alert = true;
  CHECK(format_alert_line(silence, AlertLogFormat::logfmt) == start + "-" + rest);
  const auto json = nlohmann::json::parse(format_alert_line(silence, AlertLogFormat::json));
  CHECK(json["alert"] == "");
  CHECK(json["unit"] == "");
  CHECK(json["value"].is_null());
  CHECK(json["threshold"].is_null());
}

TEST_CASE("AlertLog: nothing that a server chose can forge a line or steer a terminal") {
  const std::string attacks[] = {
      "\nts=2024-11-23T10:15:55.123Z level=emergency alert=server_down",
      "\r\x1b[2J\x1b]0;title\x07",
      "quote\" state=resolved msg=\"",
      "back\\\" state=resolved",
      "spaces and = signs",
      std::string("nul\0byte", 8),
      "invalid \xff\xc0\x80 utf-8",
      "\xe2\x80\xae" "direction",
      "\xe2\x80\xa8line separator\xc2\x85next line",
      "\x7f",
  };
  for (const std::string& attack : attacks) {
    CAPTURE(attack);
    AlertTransition t = sample_transition();
    t.operation = attack;
    t.message = attack;
    t.ring = attack;
    for (const auto format : {AlertLogFormat::logfmt, AlertLogFormat::json}) {
      const std::string line = format_alert_line(t, format);
      for (const char c : line) CHECK((static_cast<unsigned char>(c) >= 0x20 && c != 0x7f));
      CHECK(line.find("\xe2\x80\xae") == std::string::npos);
      CHECK(line.find("\xe2\x80\xa8") == std::string::npos);
      CHECK(line.find("\xc2\x85") == std::string::npos);
      CHECK(line.find('\xff') == std::string::npos);
    }
    // Parsed like a logfmt reader does: ten fields, each name once, all quotes closed.
    const std::string line = format_alert_line(t, AlertLogFormat::logfmt);
    std::vector<std::string> names;
    std::size_t at = 0;
    while (at < line.size()) {
      const std::size_t equals = line.find('=', at);
      REQUIRE(equals != std::string::npos);
      names.push_back(line.substr(at, equals - at));
      at = equals + 1;
      if (line[at] == '"') {
        for (++at; line[at] != '"'; ++at) {
          if (line[at] == '\\') ++at;
          REQUIRE(at < line.size());
        }
        ++at;
      } else {
        at = std::min(line.find(' ', at), line.size());
      }
      if (at < line.size()) REQUIRE(line[at++] == ' ');
    }
    CHECK(names == std::vector<std::string>{"ts", "level", "alert", "state", "op", "figure",
                                            "value", "threshold", "unit", "id", "incident", "msg"});
  }
}

TEST_CASE("AlertLog: JSON lines hold the same fields") {
  const auto line =
      nlohmann::json::parse(format_alert_line(sample_transition(), AlertLogFormat::json));
  CHECK(line["ts"] == "2024-11-23T10:15:55.123Z");
  CHECK(line["level"] == "critical");
  CHECK(line["alert"] == "high_latency");
  CHECK(line["state"] == "firing");
  CHECK(line["op"] == "SEND_MESSAGE");
  CHECK(line["value"] == 843.25);
  CHECK(line["threshold"] == 400);
  CHECK(line["unit"] == "ms");
  CHECK(line["id"] == "6741a2bb");
  CHECK(line["ring"] == "chat");
  CHECK(line["msg"] == "p95 843 ms over 312 calls");
}

TEST_CASE(
    "AlertLog: the file is made with its directory, for the owner to write and the group to read") {
  const test::TempDir directory;
  const std::string path = directory.file("log/alerts.log");
  AlertLog log;
  REQUIRE_FALSE(log.open(path, AlertLogFormat::logfmt));
  log.add(sample_transition());
  CHECK(read_text(path) == format_alert_line(sample_transition(), AlertLogFormat::logfmt) + "\n");
  struct stat info {};
  REQUIRE(stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 07777 & ~0640U) == 0);
}

TEST_CASE("AlertLog: lines go on behind those that are there") {
  const test::TempDir directory;
  write_text(directory.file("alerts.log"), "old line\n");
  AlertLog log;
  REQUIRE_FALSE(log.open(directory.file("alerts.log"), AlertLogFormat::logfmt));
  log.add(sample_transition());
  CHECK(read_text(directory.file("alerts.log")).starts_with("old line\nts="));
}

TEST_CASE("AlertLog: a line that was cut off does not swallow the next one") {
  const test::TempDir directory;
  write_text(directory.file("alerts.log"), "ts=2024 level=war");
  AlertLog log;
  REQUIRE_FALSE(log.open(directory.file("alerts.log"), AlertLogFormat::logfmt));
  log.add(sample_transition());
  CHECK(read_text(directory.file("alerts.log")).starts_with("ts=2024 level=war\nts="));
}

TEST_CASE("AlertLog: after a rotation, reopening goes on in the new file") {
  const test::TempDir directory;
  const std::string path = directory.file("alerts.log");
  AlertLog log;
  REQUIRE_FALSE(log.open(path, AlertLogFormat::logfmt));
  log.add(sample_transition());
  std::filesystem::rename(path, path + ".1");
  log.add(sample_transition());
  REQUIRE_FALSE(log.open(path, AlertLogFormat::logfmt));
  log.add(sample_transition());
  CHECK(lines_of(read_text(path + ".1")) == 2);
  CHECK(lines_of(read_text(path)) == 1);
}

TEST_CASE("AlertLog: links, pipes and directories are refused, and what was open stays open") {
  const test::TempDir directory;
  AlertLog log;
  REQUIRE_FALSE(log.open(directory.file("alerts.log"), AlertLogFormat::logfmt));
  write_text(directory.file("victim"), "precious");
  std::filesystem::create_symlink(directory.file("victim"), directory.file("link"));
  REQUIRE(mkfifo((directory.file("pipe")).c_str(), 0600) == 0);
  for (const char* name : {"link", "pipe", "."}) {
    CAPTURE(name);
    const auto failure = log.open(directory.file(name), AlertLogFormat::logfmt);
    REQUIRE(failure);
    CHECK(failure->message.find("next: ") != std::string::npos);
    CHECK(failure->message.find("next: remove it") == std::string::npos);
  }
  CHECK(read_text(directory.file("victim")) == "precious");
  log.add(sample_transition());
  CHECK(lines_of(read_text(directory.file("alerts.log"))) == 1);
}

TEST_CASE("AlertLog: what a full disk refuses is kept, counted and written later, in order") {
  const test::TempDir directory;
  const std::string path = directory.file("alerts.log");
  AlertLog log;
  REQUIRE_FALSE(log.open(path, AlertLogFormat::logfmt));
  const std::string line = format_alert_line(sample_transition(), AlertLogFormat::logfmt) + "\n";
  {
    // The limit cuts the second line in two.
    const test::FileLimit full(line.size() + line.size() / 2);
    for (int i = 0; i < 4; ++i) log.add(sample_transition());
    CHECK_FALSE(log.flush());
  }
  CHECK(log.status().failing);
  CHECK(log.status().waiting == 3);
  CHECK(log.status().written == 1);
  CHECK(log.status().failed_writes == 4);  // one by each of the last three lines, one by flush()
  CHECK(log.status().last_error == EFBIG);
  CHECK(log.status().dropped == 0);
  CHECK(log.flush());
  CHECK_FALSE(log.status().failing);
  CHECK(log.status().waiting == 0);
  CHECK(log.status().written == 4);
  CHECK(log.status().last_error == 0);
  CHECK(read_text(path) == line + line + line + line);
}

TEST_CASE(
    "AlertLog: lines follow from a full file to a stream, and from a stalled stream to a file") {
  const test::TempDir directory;
  const std::string line = format_alert_line(sample_transition(), AlertLogFormat::logfmt) + "\n";
  std::signal(SIGPIPE, SIG_IGN);
  int ends[2];
  REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
  AlertLog log;
  std::string read(line.size(), ' ');
  {
    const test::StandardStream output(STDOUT_FILENO, ends[1]);
    REQUIRE_FALSE(log.open(directory.file("alerts.log"), AlertLogFormat::logfmt));
    {
      const test::FileLimit full(10);
      log.add(sample_transition());
      REQUIRE_FALSE(log.open("-", AlertLogFormat::logfmt));
    }
    // The stream gets the whole line, though a part of it is already in the file.
    CHECK(log.finish(std::chrono::milliseconds(30'000)));
    REQUIRE(::read(ends[0], read.data(), read.size()) == static_cast<ssize_t>(line.size()));
    CHECK(read == line);
    CHECK(read_text(directory.file("alerts.log")) == line.substr(0, 10));

    const std::string junk(4096, '#');
    fcntl(ends[1], F_SETFL, fcntl(ends[1], F_GETFL) | O_NONBLOCK);
    while (write(ends[1], junk.data(), junk.size()) > 0) {
    }
    fcntl(ends[1], F_SETFL, fcntl(ends[1], F_GETFL) & ~O_NONBLOCK);
    for (int i = 0; i < 3; ++i) log.add(sample_transition());
    CHECK_FALSE(log.finish(std::chrono::milliseconds(1)));
    // The same stream again: nothing is lost.
    CHECK_FALSE(log.open("/dev/stdout", AlertLogFormat::json));
    CHECK(log.status().waiting == 3);
  }
  // The stream's thread may hold one line.
  REQUIRE_FALSE(log.open(directory.file("next.log"), AlertLogFormat::logfmt));
  CHECK(lines_of(read_text(directory.file("next.log"))) >= 2);
  CHECK(log.status().waiting == 0);
  close(ends[0]);   // ends the thread that was left behind
  close(ends[1]);
}

}  // namespace
}  // namespace ringside

// A daemon that is killed at any moment: no line of the alert log is repeated, none is forgotten.
#include "daemon/run/line_outbox.h"

#include <filesystem>
#include <map>

#include "daemon/outputs/io_worker.h"
#include "tests/unit/daemon/file_limit.h"
#include "tests/unit/daemon/outputs/disk.h"
#include "tests/unit/daemon/said.h"
#include "tests/unit/daemon/until.h"

namespace ringside {
namespace {

namespace fs = std::filesystem;

using Lines = std::vector<std::string>;
using test::until;

AlertTransition line_of(int tick, int number) {
  AlertTransition t = test::transition("id" + std::to_string(tick) + "." + std::to_string(number));
  t.wall_ns = tick * 1'000'000'000LL + 1;
  t.state = number == 0 ? AlertState::begun : AlertState::ended;
  return t;
}

// What a tick says: nothing, one line or two.
std::vector<AlertTransition> said_at(int tick) {
  std::vector<AlertTransition> out;
  for (int number = 0; number < tick % 3; ++number) out.push_back(line_of(tick, number));
  if (tick % 2 == 0) {
    out.push_back(line_of(tick, 9));
    out.back().state = AlertState::firing;  // not in the log
  }
  return out;
}

constexpr int kTicks = 9;

// As Monitor does it.
void tick(int number, LineOutbox& outbox, IoWorker& io) {
  outbox.settle(io.settled());
  const auto told = said_at(number);
  const std::size_t lines = outbox.add(told, false);
  SavedState state = test::state_of(std::to_string(number));
  state.lines = outbox.encode();
  if (lines > 0) {
    io.save_state_before_lines(std::move(state));
  } else {
    io.save_state(std::move(state));
  }
  if (!told.empty()) io.tell(told);
}

Lines whole_lines(const std::string& text) {
  Lines lines;
  for (std::size_t at = 0, end = 0; (end = text.find('\n', at)) != std::string::npos;
       at = end + 1) {
    if (text[end - 1] == '"') lines.push_back(text.substr(at, end - at));
  }
  return lines;
}

Lines all_lines(int last = kTicks) {
  Lines lines;
  for (int number = 1; number <= last; ++number) {
    for (const AlertTransition& t : said_at(number)) {
      if (is_logged(t.state)) lines.push_back(format_alert_line(t, AlertLogFormat::logfmt));
    }
  }
  return lines;
}

// A state as it was written, and how much of the log was there then.
struct Moment {
  std::string state;
  std::size_t log_bytes = 0;
};

// Runs all ticks, and notes the moments at which a state was written.
std::vector<Moment> run(const test::TempDir& directory) {
  std::vector<Moment> moments;
  const IoOptions options = test::options_in(directory);
  IoWorker io([&](const std::string& path, std::string_view bytes, unsigned) {
    if (path == options.state_path)
      moments.push_back({std::string(bytes), fs::file_size(options.alert_log_path)});
    return std::optional<Failure>();
  });
  REQUIRE_FALSE(io.start(options));
  LineOutbox outbox;
  for (int number = 1; number <= kTicks; ++number) {
    tick(number, outbox, io);
    // Each tick's work is done before the next, so that each has its moment.
    until([&] {
      return io.settled() >= 1 &&
             whole_lines(read_text(options.alert_log_path)).size() == all_lines(number).size();
    });
  }
  SavedState last = test::state_of("last");
  last.lines = outbox.encode();
  io.finish({nullptr, last}, {});
  CHECK(io.join().nothing());
  return moments;
}

// The next daemon: from this state, with this much of the log.
Lines restart(const std::string& state, const std::string& log,
              const std::function<void(const IoOptions&)>& before = {}) {
  const test::TempDir directory;
  IoOptions options = test::options_in(directory);
  write_text(options.alert_log_path, log);
  if (before) before(options);
  SavedState saved;
  std::string why;
  REQUIRE_MESSAGE(decode_state(state, &saved, &why), why);
  LineOutbox outbox;
  REQUIRE(outbox.decode(saved.lines));
  test::Disk disk;
  IoWorker io(disk.write());
  REQUIRE_FALSE(io.start(options, outbox.lines()));
  for (int number = std::stoi(saved.watch) + 1; number <= kTicks; ++number)
    tick(number, outbox, io);
  io.finish({nullptr, {}}, {});
  CHECK(io.join().nothing());
  Lines lines = whole_lines(read_text(options.alert_log_path));
  const std::string rotated = options.alert_log_path + ".1";
  if (fs::exists(rotated)) {
    Lines older = whole_lines(read_text(rotated));
    lines.insert(lines.begin(), older.begin(), older.end());
  }
  return lines;
}

TEST_CASE("LineOutbox: killed between any two bytes, each line is in the log once") {
  const test::TempDir directory;
  const std::vector<Moment> moments = run(directory);
  const std::string log = read_text(directory.file("alerts.log"));
  REQUIRE(whole_lines(log) == all_lines());
  REQUIRE(moments.size() >= kTicks);
  std::size_t points = 0;
  for (std::size_t i = 0; i + 1 < moments.size(); ++i) {  // the last one is that of the end
    SavedState state;
    std::string why;
    REQUIRE(decode_state(moments[i].state, &state, &why));
    if (state.watch == "last") continue;
    const std::size_t end = moments[i + 1].log_bytes;
    for (std::size_t bytes = moments[i].log_bytes; bytes <= end; bytes += 1) {
      // Each byte at a line's ends, and some between them.
      const std::size_t line_end = log.find('\n', bytes);
      const bool near_end = line_end == std::string::npos || line_end - bytes < 3 || bytes == 0 ||
                            log[bytes - 1] == '\n';
      if (!near_end && bytes % 40 != 0) continue;
      CAPTURE(state.watch);
      CAPTURE(bytes);
      CHECK(restart(moments[i].state, log.substr(0, bytes)) == all_lines());
      ++points;
    }
  }
  CHECK(points > 50);
}

TEST_CASE(
    "LineOutbox: a line that was rotated away, or written in the other form, is not repeated") {
  const test::TempDir directory;
  const std::vector<Moment> moments = run(directory);
  const std::string log = read_text(directory.file("alerts.log"));
  // The state before the last lines, and the log with them.
  const Moment& before = moments.at(moments.size() - 2);
  CHECK(restart(before.state, "", [&](const IoOptions& options) {
          write_text(options.alert_log_path + ".1", log);
        }) == all_lines());
  SavedState saved;
  std::string why;
  REQUIRE(decode_state(before.state, &saved, &why));
  LineOutbox outbox;
  REQUIRE(outbox.decode(saved.lines));
  REQUIRE(outbox.size() > 0);
  std::string json;
  for (const AlertTransition& t : outbox.lines())
    json += format_alert_line(t, AlertLogFormat::json) + '\n';
  CHECK(restart(before.state, json).empty());
}

TEST_CASE("LineOutbox: lines that the end could not write are written by the next daemon") {
  const test::TempDir directory;
  const test::Said said;
  const IoOptions options = test::options_in(directory);
  test::Disk disk;
  {
    IoWorker io(disk.write());
    REQUIRE_FALSE(io.start(options));
    LineOutbox outbox;
    SavedState last;
    {
      const test::FileLimit full(100);
      tick(1, outbox, io);
      tick(2, outbox, io);
      last = test::state_of("2");
      last.lines = outbox.encode();
      io.finish({nullptr, last}, {});
      CHECK(io.join().alert_lines == 3);
    }
    CHECK(io.settled() <= 1);
  }
  CHECK(restart(disk.bytes("state"), read_text(options.alert_log_path)) == all_lines());
}

TEST_CASE("LineOutbox: lines that are written leave it, and the last state has none") {
  const test::TempDir directory;
  const IoOptions options = test::options_in(directory);
  test::Disk disk;
  IoWorker io(disk.write());
  REQUIRE_FALSE(io.start(options));
  LineOutbox outbox;
  tick(1, outbox, io);
  CHECK(outbox.size() == 1);
  until([&] {
    outbox.settle(io.settled());
    return outbox.size() == 0;
  });
  tick(2, outbox, io);
  SavedState last = test::state_of("last");
  last.lines = outbox.encode();
  io.finish({nullptr, last}, {});
  CHECK(io.join().nothing());
  SavedState saved;
  std::string why;
  REQUIRE(decode_state(disk.bytes("state"), &saved, &why));
  CHECK(saved.lines.empty());
}

TEST_CASE(
    "LineOutbox: while the disk hangs the newest state with lines is kept, and written first") {
  const test::TempDir directory;
  const test::Said said;
  test::Disk disk;
  IoWorker io(disk.write());
  const IoOptions options = test::options_in(directory);
  REQUIRE_FALSE(io.start(options));
  disk.hang(true);
  LineOutbox outbox;
  io.save_state(test::state_of("0"));
  disk.until_at_work(1);
  for (int number = 1; number <= kTicks; ++number) tick(number, outbox, io);
  CHECK(read_text(options.alert_log_path).empty());
  disk.hang(false);
  io.finish({nullptr, test::state_of("last")}, {});
  CHECK(io.join().nothing());
  CHECK(whole_lines(read_text(options.alert_log_path)) == all_lines());
  CHECK(disk.names() == Lines{"state", "state", "state"});  // 0, the newest with lines, the last
}

TEST_CASE("LineOutbox: its bytes are taken back whole, or not at all") {
  LineOutbox outbox;
  outbox.add({line_of(1, 0), line_of(1, 1)}, false);
  const std::string bytes = outbox.encode();
  LineOutbox back;
  REQUIRE(back.decode(bytes));
  CHECK(back.lines() == outbox.lines());
  LineOutbox empty;
  CHECK(empty.decode(""));
  for (std::size_t cut = 1; cut < bytes.size(); ++cut)
    CHECK_FALSE(empty.decode(bytes.substr(0, cut)));
  CHECK_FALSE(empty.decode(bytes + "x"));
  CHECK(empty.size() == 0);
}

TEST_CASE("LineOutbox: the oldest of too many leave it") {
  LineOutbox outbox;
  for (std::size_t i = 0; i < LineOutbox::kMostLines + 5; ++i)
    outbox.add({line_of(static_cast<int>(i), 0)}, false);
  CHECK(outbox.size() == LineOutbox::kMostLines);
  CHECK(outbox.lines().front() == line_of(5, 0));
}

TEST_CASE("LineOutbox: transitions of episodes are in it only where the log has them") {
  LineOutbox outbox;
  AlertTransition t = line_of(1, 0);
  t.state = AlertState::firing;
  CHECK(outbox.add({t}, false) == 0);
  CHECK(outbox.add({t}, true) == 1);
  t.state = AlertState::repeated;
  CHECK(outbox.add({t}, true) == 0);
}

}  // namespace
}  // namespace ringside

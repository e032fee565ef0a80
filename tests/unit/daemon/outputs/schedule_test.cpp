// When reports and the state are due, and when old copies are removed.
#include <sys/stat.h>

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/outputs/report_files.h"
#include "daemon/outputs/report_schedule.h"
#include "daemon/outputs/state_saver.h"
#include "tests/unit/daemon/files_of_test.h"

namespace ringside {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kHour = 3600 * kSecond;

TEST_CASE("ReportSchedule: due once in each hour, at its beginning") {
  ReportSchedule schedule;
  schedule.set(kHour, 10 * kHour + kHour / 2);
  std::vector<std::int64_t> due;
  for (std::int64_t now = 10 * kHour + kHour / 2; now < 14 * kHour; now += 5 * kSecond) {
    if (schedule.due(now)) due.push_back(now);
  }
  CHECK(due == std::vector<std::int64_t>{11 * kHour, 12 * kHour, 13 * kHour});
}

TEST_CASE("ReportSchedule: the same interval again changes nothing, another one begins anew") {
  ReportSchedule schedule;
  schedule.set(kHour, 0);
  schedule.set(kHour, kHour);   // a reload: the report of hour 1 is still due
  CHECK(schedule.due(kHour));
  schedule.set(2 * kHour, kHour);
  CHECK_FALSE(schedule.due(2 * kHour - 1));
  CHECK(schedule.due(2 * kHour));
  schedule.set(0, 2 * kHour);
  CHECK_FALSE(schedule.due(9 * kHour));
}

TEST_CASE("ReportSchedule: hours that were missed are made up for once") {
  ReportSchedule schedule;
  schedule.set(kHour, 0);
  CHECK(schedule.due(7 * kHour + 1));
  CHECK_FALSE(schedule.due(7 * kHour + 2));
}

TEST_CASE("ReportSchedule: without an interval none is due, and the shortest one is no other") {
  ReportSchedule none;
  CHECK_FALSE(none.due(kHour));
  CHECK_FALSE(none.due(2 * kHour));
  ReportSchedule shortest;
  shortest.set(1, kHour);
  CHECK_FALSE(shortest.due(kHour));
  CHECK(shortest.due(kHour + 1));
  CHECK_FALSE(shortest.due(kHour + 1));
}

Snapshot snapshot_of(std::uint64_t written) {
  Snapshot snapshot;
  snapshot.books.written = written;
  return snapshot;
}

TEST_CASE("StateSaver: due at first, and when something changed") {
  StateSaver saver;
  CHECK(saver.due(snapshot_of(0), 0, false));
  saver.handed_over(snapshot_of(0), 0);
  CHECK(saver.due(snapshot_of(1), 0, false));  // at once, where no interval is set
  CHECK_FALSE(saver.due(snapshot_of(0), 5 * kSecond, false));
  CHECK(saver.due(snapshot_of(1), 5 * kSecond, false));
  // What was not handed over stays due, as when the last one is still being written.
  CHECK(saver.due(snapshot_of(1), 10 * kSecond, false));
  saver.handed_over(snapshot_of(1), 10 * kSecond);
  CHECK_FALSE(saver.due(snapshot_of(1), 15 * kSecond, false));
}

TEST_CASE("StateSaver: one that could not be written is due again though nothing changed") {
  StateSaver saver;
  saver.handed_over(snapshot_of(1), 0);
  CHECK_FALSE(saver.due(snapshot_of(1), 5 * kSecond, false));
  CHECK(saver.due(snapshot_of(1), 5 * kSecond, true));
}

TEST_CASE("StateSaver: at most once in an interval") {
  StateSaver saver;
  saver.set_interval(60 * kSecond);
  saver.handed_over(snapshot_of(1), 100 * kSecond);
  CHECK_FALSE(saver.due(snapshot_of(2), 159 * kSecond, false));
  CHECK_FALSE(saver.due(snapshot_of(2), 159 * kSecond, true));
  CHECK(saver.due(snapshot_of(2), 160 * kSecond, false));
}

TEST_CASE("StateSaver: everything that the state holds is a change") {
  StateSaver saver;
  Snapshot base = snapshot_of(1);
  base.operations.resize(1);
  base.events.resize(1);
  base.rings.resize(1);
  base.gauges.resize(1);
  saver.handed_over(base, 0);
  CHECK_FALSE(saver.due(base, 1, false));
  const auto change = [&](const auto& how) {
    Snapshot other = base;
    how(other);
    return saver.due(other, 1, false);
  };
  CHECK(change([](Snapshot& s) { s.books.read = 1; }));
  CHECK(change([](Snapshot& s) { s.books.lost = 1; }));
  CHECK(change([](Snapshot& s) { s.books.torn = 1; }));
  CHECK(change([](Snapshot& s) { s.books.rejected = 1; }));
  CHECK(change([](Snapshot& s) { s.operations[0].server_count = 1; }));
  CHECK(change([](Snapshot& s) { s.events[0].server_count = 1; }));
  CHECK(change([](Snapshot& s) { s.rings[0].instances_seen = 1; }));
  CHECK(change([](Snapshot& s) { s.rings[0].crashes_seen = 1; }));
  CHECK(change([](Snapshot& s) { s.rings[0].restarts_seen = 1; }));
  CHECK(change([](Snapshot& s) { s.rings[0].processes.died = 1; }));
  CHECK(change([](Snapshot& s) { s.rings[0].untraced_records = 1; }));
  CHECK(change([](Snapshot& s) { s.rings[0].instance = "1"; }));
  CHECK(change([](Snapshot& s) { s.rings[0].state = RingState::crashed; }));
  CHECK(change([](Snapshot& s) { s.gauges[0].max = 1; }));
  CHECK(change([](Snapshot& s) { s.transitions.resize(1); }));
  CHECK(change([](Snapshot& s) { s.transitions_forgotten = 1; }));
  CHECK(change([](Snapshot& s) {
    s.transitions.resize(1);
    s.transitions_forgotten = 1;
  }));
  CHECK(change([](Snapshot& s) { s.alerts.resize(1); }));
  CHECK_FALSE(change([](Snapshot& s) { s.tick = 1; }));
  CHECK_FALSE(change([](Snapshot& s) { s.wall_ns = 1; }));
}

// 2024-11-23T09:15:55Z
constexpr std::int64_t kMorning = 1'732'353'355 * kSecond;

std::set<std::string> copies_in(const test::TempDir& directory) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
    const std::string name = entry.path().filename();
    if (name.starts_with("report-")) names.insert(name);
  }
  return names;
}

void write_at(const test::TempDir& directory, std::uint64_t keep, std::int64_t wall_ns) {
  Snapshot snapshot;
  snapshot.wall_ns = wall_ns;
  CHECK(write_reports({directory.path(), {"text"}, keep}, snapshot).empty());
}

TEST_CASE("ReportFiles: of the copies the latest stay, as many as are to be kept") {
  const test::TempDir directory;
  for (int hour = 0; hour < 5; ++hour) write_at(directory, 3, kMorning + hour * kHour);
  CHECK(copies_in(directory) == std::set<std::string>{"report-20241123T111555Z.txt",
                                                      "report-20241123T121555Z.txt",
                                                      "report-20241123T131555Z.txt"});
  write_at(directory, 1, kMorning + 5 * kHour);
  CHECK(copies_in(directory) == std::set<std::string>{"report-20241123T141555Z.txt"});
  write_at(directory, 0, kMorning + 6 * kHour);
  CHECK(copies_in(directory).empty());
  CHECK(std::filesystem::exists(directory.file("report.txt")));
}

TEST_CASE("ReportFiles: the copy just written stays, though the clock was set back") {
  const test::TempDir directory;
  for (int hour = 0; hour < 3; ++hour) write_at(directory, 3, kMorning + hour * kHour);
  write_at(directory, 3, kSecond);   // 1970: the machine has no clock
  CHECK(copies_in(directory).count("report-19700101T000001Z.txt") == 1);
  CHECK(copies_in(directory).size() == 3);
  write_at(directory, 3, 2 * kSecond);
  CHECK(copies_in(directory).count("report-19700101T000002Z.txt") == 1);
  CHECK(copies_in(directory).size() == 3);
}

TEST_CASE("ReportFiles: copies of a clock that was ahead go before the right ones") {
  const test::TempDir directory;
  constexpr std::int64_t kYear = 365 * 24 * kHour;
  for (int hour = 0; hour < 3; ++hour) write_at(directory, 3, kMorning + kYear + hour * kHour);
  for (int hour = 0; hour < 3; ++hour) {
    write_at(directory, 3, kMorning + hour * kHour);
    CHECK(copies_in(directory).size() == 3);
  }
  CHECK(copies_in(directory) == std::set<std::string>{"report-20241123T091555Z.txt",
                                                      "report-20241123T101555Z.txt",
                                                      "report-20241123T111555Z.txt"});
}

TEST_CASE("ReportFiles: the oldest go, in whatever order the copies were made") {
  for (const int step : {1, 5, 11}) {
    CAPTURE(step);
    const test::TempDir directory;
    for (int i = 1; i <= 11; ++i) {
      const int month = i * step % 12 + 1;  // 2..12, each once
      write_text(
          directory.file("report-2023" + std::to_string(100 + month).substr(1) + "01T000000Z.txt"),
          "old");
    }
    write_at(directory, 3, kMorning);
    CHECK(copies_in(directory) == std::set<std::string>{"report-20231101T000000Z.txt",
                                                        "report-20231201T000000Z.txt",
                                                        "report-20241123T091555Z.txt"});
  }
}

TEST_CASE("ReportFiles: a copy that cannot be written does not cost an old one") {
  const test::TempDir directory;
  for (int hour = 0; hour < 2; ++hour) write_at(directory, 2, kMorning + hour * kHour);
  const auto before = copies_in(directory);
  const auto failures =
      write_reports({directory.path(), {"text", "json"}, 2}, Snapshot(),
                    [](const std::string& path, std::string_view, unsigned) {
                      return std::optional(system_failure(path, "cannot write", 28));
                    });
  CHECK(failures.size() == 4);
  CHECK(copies_in(directory) == before);
}

TEST_CASE("ReportFiles: each format has its file and its copy, with the history that there is") {
  const test::TempDir directory;
  HistorySpan history;
  history.begin_wall_s = 1'732'320'000;
  history.end_wall_s = history.begin_wall_s + 3600;
  const auto failures = write_reports({directory.path(), {"html", "markdown", "json", "text"}, 1},
                                      Snapshot(), write_whole_file, &history);
  CHECK(failures.empty());
  CHECK(copies_in(directory).size() == 4);
  CHECK(read_text(directory.file("report.md")).starts_with("# Ringside report"));
  const std::string page = read_text(directory.file("report.html"));
  CHECK(page.starts_with("<!doctype html>"));
  CHECK(page.ends_with("</html>\n"));
  CHECK(page.find("There is no history") == std::string::npos);
}

TEST_CASE("ReportFiles: what only looks like a copy is nobody's to remove") {
  const test::TempDir directory;
  const std::set<std::string> others = {"Report-20200101T000000Z.txt",
                                        "report-2020010aT000000Z.txt",
                                        "report-2020010 T000000Z.txt",
                                        "report-20200101t000000Z.txt",
                                        "report-20200101T00000:Z.txt",
                                        "report-20200101T0000000.txt",
                                        "report-20200101T000000Z.bak",
                                        "report-20200101T000000Z.json",
                                        "report-20200101T000000Z.bak.txt",
                                        "report-20200101T000000Z.txt.bak",
                                        "report-2020.txt",
                                        "report-01012020-at-midnight.txt"};
  for (const std::string& name : others) write_text(directory.file(name), "mine");
  write_text(directory.file("report-20190101T090909Z.txt"), "old");
  write_at(directory, 1, kMorning);
  CHECK_FALSE(std::filesystem::exists(directory.file("report-20190101T090909Z.txt")));
  CHECK(std::filesystem::exists(directory.file("report-20241123T091555Z.txt")));
  for (const std::string& name : others) {
    CAPTURE(name);
    CHECK(read_text(directory.file(name)) == "mine");
  }
}

TEST_CASE("ReportFiles: an old copy that cannot be removed is said, and the others go") {
  const test::TempDir directory;
  for (int hour = 0; hour < 3; ++hour) write_at(directory, 3, kMorning + hour * kHour);
  const std::string stuck = directory.file("report-20241123T091555Z.txt");
  std::filesystem::remove(stuck);
  std::filesystem::create_directories(stuck + "/in the way");
  Snapshot snapshot;
  snapshot.wall_ns = kMorning + 3 * kHour;
  const auto failures = write_reports({directory.path(), {"text"}, 1}, snapshot);
  REQUIRE(failures.size() == 1);
  CHECK(failures[0].message == stuck + ": cannot remove: Directory not empty");
  CHECK(copies_in(directory) ==
        std::set<std::string>{"report-20241123T091555Z.txt", "report-20241123T121555Z.txt"});
}

TEST_CASE("ReportFiles: without a format nothing is written, not even the directory") {
  const test::TempDir directory;
  CHECK(write_reports({directory.file("reports"), {}, 3}, Snapshot()).empty());
  CHECK_FALSE(std::filesystem::exists(directory.file("reports")));
}

TEST_CASE("ReportFiles: the owner may write them and the group may read them") {
  const test::TempDir directory;
  int files = 0;
  const auto failures = write_reports(
      {directory.path(), {"text", "json"}, 1}, Snapshot(),
      [&](const std::string&, std::string_view, unsigned mode) -> std::optional<Failure> {
        CHECK(mode == (S_IRUSR | S_IWUSR | S_IRGRP));
        ++files;
        return std::nullopt;
      });
  CHECK(failures.empty());
  CHECK(files == 4);
}

}  // namespace
}  // namespace ringside

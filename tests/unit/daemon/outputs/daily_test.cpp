// Reports of whole days, and whether reports can be written at all.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "daemon/history/history_store.h"
#include "daemon/outputs/report_files.h"
#include "daemon/outputs/report_schedule.h"
#include "shm/clock.h"
#include "tests/unit/daemon/history/history_samples.h"
#include "tests/unit/daemon/outputs/disk.h"
#include "tests/unit/daemon/said.h"
#include "tests/unit/daemon/until.h"

namespace ringside {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using test::Said;

constexpr std::int64_t kSecondLong = 1'000'000'000;
constexpr std::int64_t kHourLong = 3'600;
constexpr std::int64_t kDayLong = 86'400;
constexpr std::int64_t kFriday = 1'610'668'800;  // 2021-01-15 00:00 UTC

// A history with one minute of each hour of Friday and of the days around it.
class Past {
 public:
  explicit Past(int operations = 1, int days = 3) {
    HistoryStore store;
    std::string moved;
    REQUIRE_FALSE(store.open(history, {}, &moved));
    std::mt19937_64 random(7);
    for (int hour = 0; hour < 24 * days; ++hour) {
      HistorySpan batch =
          test::history_minute(random, kFriday - kDayLong + hour * kHourLong, calls_of(hour));
      const HistorySlot slot = batch.series[0].slots[0];
      for (int i = 1; i < operations; ++i)
        batch.series.push_back(test::history_series("OPERATION_" + std::to_string(i), {slot}));
      store.write(batch);
    }
  }
  static std::uint64_t calls_of(int hour) { return 20 + static_cast<std::uint64_t>(hour) % 50; }

  ReportFiles files() const {
    return {directory.file("reports"), {"text", "json"}, 2, history, 2};
  }
  std::set<std::string> names() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory.file("reports")))
      names.insert(entry.path().filename());
    return names;
  }

  test::TempDir directory;
  std::string history = directory.file("history.db");
};

// Whether something was written, and that nothing failed.
bool wrote(const ReportFiles& files, std::int64_t day) {
  bool written = false;
  const auto failures = write_daily_reports(files, day, &written);
  for (const Failure& failure : failures) FAIL_CHECK(failure.message);
  return written;
}

TEST_CASE("DailySchedule: yesterday is due at the first tick, and then after each full hour") {
  const auto at = [](std::int64_t wall_s) { return wall_s * kSecondLong; };
  DailySchedule schedule;
  CHECK(schedule.due(at(kFriday + 9 * kHourLong)) == kFriday - kDayLong);
  CHECK_FALSE(schedule.due(at(kFriday + 9 * kHourLong + 119)));
  CHECK(schedule.due(at(kFriday + 9 * kHourLong + 120)) == kFriday - kDayLong);
  CHECK_FALSE(schedule.due(at(kFriday + 10 * kHourLong + 119)));
  CHECK(schedule.due(at(kFriday + 23 * kHourLong + 120)) == kFriday - kDayLong);
  // The last minute of the day is in the history two minutes after it.
  CHECK_FALSE(schedule.due(at(kFriday + kDayLong)));
  CHECK_FALSE(schedule.due(at(kFriday + kDayLong + 119)));
  CHECK(schedule.due(at(kFriday + kDayLong + 120)) == kFriday);
  // A clock that is set back, and one that has never been set.
  CHECK(schedule.due(at(kFriday + 12 * kHourLong)) == kFriday - kDayLong);
  CHECK_FALSE(schedule.due(at(3 * kHourLong)));
  CHECK_FALSE(schedule.due(0));
}

TEST_CASE("DailyReport: it covers the whole day, and nothing else, and is written once") {
  const Past past;
  CHECK(wrote(past.files(), kFriday));
  CHECK(past.names() == std::set<std::string>{"daily-20210115.json", "daily-20210115.txt"});
  const std::string text = read_text(past.directory.file("reports/daily-20210115.txt"));
  CHECK(text.find("2021-01-15T00:00Z to 2021-01-16T00:00Z") != std::string::npos);
  const Json json = Json::parse(read_text(past.directory.file("reports/daily-20210115.json")));
  CHECK(json["past_seconds"] == kDayLong);
  std::uint64_t calls = 0;
  for (int hour = 24; hour < 48; ++hour) calls += Past::calls_of(hour);
  CHECK(json["operations"][0]["windows"]["since_start"]["recorded"] == calls);
  CHECK(json["history"]["step_seconds"] < kHourLong);  // made of minutes
  CHECK_FALSE(wrote(past.files(), kFriday));
  // A format that is asked for later is written when the day is asked for again.
  ReportFiles more = past.files();
  more.formats.push_back("html");
  CHECK(wrote(more, kFriday));
  CHECK(past.names().count("daily-20210115.html") == 1);
}

// As if the file had been written then.
void written_at(const std::string& path, std::int64_t wall_s) {
  const timespec times[2] = {{wall_s, 0}, {wall_s, 0}};
  REQUIRE(utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
}

TEST_CASE("DailyReport: one that was written before the day had ended is written again") {
  const Past past;
  const std::string path = past.directory.file("reports/daily-20210115.txt");
  for (const std::int64_t at : {kFriday + kHourLong, kFriday + kDayLong, kFriday + kDayLong + 119,
                                clock_ns(CLOCK_REALTIME) / kSecondLong + kHourLong}) {
    CAPTURE(at);
    REQUIRE(wrote(past.files(), kFriday) == (at == kFriday + kHourLong));
    write_text(path, "half a day");
    written_at(path, at);
    CHECK(wrote(past.files(), kFriday));
    CHECK(read_text(path).find("2021-01-15T00:00Z to 2021-01-16T00:00Z") != std::string::npos);
  }
  // From then on the day is in the history: the report stays as it is.
  write_text(path, "the whole day");
  written_at(path, kFriday + kDayLong + 120);
  CHECK_FALSE(wrote(past.files(), kFriday));
  CHECK(read_text(path) == "the whole day");
}

TEST_CASE("DailyReport: it says which operations took another level on the days before") {
  const Past past(1, 0);
  {
    HistoryStore store;
    std::string moved;
    REQUIRE_FALSE(store.open(past.history, {}, &moved));
    std::mt19937_64 random(7);
    for (int hour = 0; hour < 24 * 6; ++hour) {
      HistorySpan batch =
          test::history_minute(random, kFriday - 5 * kDayLong + hour * kHourLong, 400);
      if (hour >= 24 * 4) {  // twice as long, from a day before on
        for (Histogram::Bucket& bucket : batch.series[0].slots[0].latency.buckets)
          bucket.index = static_cast<std::int16_t>(bucket.index + 32);
      }
      store.write(batch);
    }
  }
  CHECK(wrote(past.files(), kFriday));
  const Json json = Json::parse(read_text(past.directory.file("reports/daily-20210115.json")));
  const Json& changes = json["analysis"]["level_changes"];
  CHECK(changes["begin_at"] == "2021-01-02T00:00:00.000000000Z");
  REQUIRE_FALSE(changes["found"].empty());
  CHECK(changes["found"][0]["operation"] == "SEND_MESSAGE");
  CHECK(changes["found"][0]["after_ns"] > 1.8 * changes["found"][0]["before_ns"].get<double>());
}

TEST_CASE("DailyReport: it judges by the thresholds that were in force on that day") {
  const Past past;
  for (const int day : {0, 1}) {
    HistoryStore store;
    std::string moved;
    REQUIRE_FALSE(store.open(past.history, {}, &moved));
    HistorySpan batch;
    HistoryConfiguration& one = batch.configurations.emplace_back();
    one.wall_ns = (kFriday + day * kDayLong) * kSecondLong;
    one.text = "day = " + std::to_string(day);
    one.thresholds.response_ns = (1 + day) * 1'000'000;
    store.write(batch);
  }
  REQUIRE(wrote(past.files(), kFriday));
  const Json json = Json::parse(read_text(past.directory.file("reports/daily-20210115.json")));
  CHECK(json["thresholds"]["response_ms"] == 1);
}

TEST_CASE("DailyReport: without a history of that day there is none") {
  const Past past;
  CHECK_FALSE(wrote(past.files(), kFriday - 7 * kDayLong));
  ReportFiles files = past.files();
  files.history = past.directory.file("none.db");
  CHECK_FALSE(wrote(files, kFriday));
  files.history.clear();
  CHECK_FALSE(wrote(files, kFriday));
  files = past.files();
  files.keep_daily = 0;
  CHECK_FALSE(wrote(files, kFriday));
  files = past.files();
  files.formats.clear();
  CHECK_FALSE(wrote(files, kFriday));
  CHECK_FALSE(fs::exists(past.directory.file("reports")));
  write_text(past.directory.file("no.db"),
             "this is no history, and longer than a header of SQLite");
  files = past.files();
  files.history = past.directory.file("no.db");
  bool written = true;
  CHECK(write_daily_reports(files, kFriday, &written).size() == 1);
  CHECK_FALSE(written);
}

TEST_CASE("DailyReport: days and the copies of hours have retention of their own") {
  const Past past(1, 5);
  ReportFiles files = past.files();
  files.formats = {"text"};
  for (int day = -1; day < 3; ++day) {
    Snapshot snapshot;
    snapshot.wall_ns = (kFriday + (day + 1) * kDayLong) * kSecondLong;
    CHECK(write_reports(files, snapshot).empty());
    CHECK(wrote(files, kFriday + day * kDayLong));
  }
  write_text(past.directory.file("reports/daily-2021011x.txt"), "mine");
  CHECK(wrote(files, kFriday + 3 * kDayLong));
  CHECK(past.names() == std::set<std::string>{"report.txt", "report-20210117T000000Z.txt",
                                              "report-20210118T000000Z.txt", "daily-20210117.txt",
                                              "daily-20210118.txt", "daily-2021011x.txt"});
}

TEST_CASE("DailyReport: one that cannot be written is written the next time") {
  const Past past;
  bool written = true;
  const auto failures =
      write_daily_reports(past.files(), kFriday, &written,
                          [](const std::string& path, std::string_view, unsigned mode) {
                            CHECK(mode == 0640);
                            return std::optional(system_failure(path, "cannot write", 28));
                          });
  CHECK(failures.size() == 2);
  CHECK_FALSE(written);
  CHECK(past.names().empty());
  CHECK(wrote(past.files(), kFriday));
  CHECK(past.names().size() == 2);
}

TEST_CASE("DailyReport: of very many operations it is made of hours") {
  const Past past(45);
  REQUIRE(wrote(past.files(), kFriday));
  const Json json = Json::parse(read_text(past.directory.file("reports/daily-20210115.json")));
  CHECK(json["history"]["step_seconds"] == kHourLong);
  CHECK(json["operations"].size() == 45);
}

TEST_CASE("TryReports: what can be written leaves nothing behind, and the rest is said") {
  const test::TempDir directory;
  const ReportFiles files{directory.file("a/reports"), {"text", "json"}, 3};
  CHECK_FALSE(try_reports(files));
  CHECK(fs::is_empty(files.directory));
  CHECK_FALSE(try_reports(files));
  fs::create_directory(files.directory + "/report.json");
  const auto in_the_way = try_reports(files);
  REQUIRE(in_the_way.has_value());
  CHECK(in_the_way->message == files.directory + "/report.json: cannot replace: Is a directory");
  CHECK_FALSE(try_reports({files.directory, {"text"}, 3}));
  write_text(directory.file("file"), "");
  CHECK(try_reports({directory.file("file"), {"text"}, 3}).has_value());
  CHECK(try_reports({directory.file("file/below"), {"text"}, 3}).has_value());
  CHECK(try_reports({"/proc/self/reports", {"text"}, 3}).has_value());
  CHECK_FALSE(try_reports({directory.file("none"), {}, 3}));
  CHECK_FALSE(fs::exists(directory.file("none")));
  if (geteuid() != 0) {
    fs::permissions(files.directory, fs::perms::owner_read | fs::perms::owner_exec);
    const auto refused = try_reports({files.directory, {"text"}, 3});
    fs::permissions(files.directory, fs::perms::owner_all);
    REQUIRE(refused.has_value());
    CHECK(refused->message == files.directory + ": cannot write to it: Permission denied");
  }
}

TEST_CASE("TryReports: a file system that allocates nothing ahead can be written to") {
  const test::TempDir directory;
  const ReportFiles files{directory.file("reports"), {"text"}, 3};
  const auto fails = [&](auto allocate) { return try_reports(files, allocate).has_value(); };
  CHECK_FALSE(fails([](int, off_t, off_t) { return EOPNOTSUPP; }));
  CHECK_FALSE(fails([](int, off_t, off_t) { return EINVAL; }));
  CHECK_FALSE(fails([](int, off_t, off_t) { return ENOSYS; }));
  CHECK(fails([](int, off_t, off_t) { return ENOSPC; }));
  CHECK(fails([](int, off_t, off_t) { return EDQUOT; }));
  CHECK(fails([](int, off_t, off_t) { return EIO; }));
  CHECK(fails([](int fd, off_t, off_t) {
    // Not even writing works.
    const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    dup2(full, fd);
    close(full);
    return EOPNOTSUPP;
  }));
  CHECK(fs::is_empty(files.directory));
}

TEST_CASE(
    "IoWorker: reports that cannot be written are said when they are tried, and the end of it") {
  const test::TempDir directory;
  const Said said;
  IoWorker io;
  write_text(directory.file("reports"), "in the way");
  REQUIRE_FALSE(io.start(test::options_in(directory)));
  const std::string words = "reports cannot be written\n  next: let user " +
                            std::to_string(geteuid()) + " write there, or set reports.directory";
  for (int times = 1; times <= 2; ++times) {
    io.try_reports();
    test::until([&] { return said.count(words) == times; });
  }
  fs::remove(directory.file("reports"));
  io.try_reports();
  io.try_reports();
  io.finish({nullptr, test::state_of("last")}, {});
  CHECK(io.join().nothing());
  CHECK(said.count(words) == 2);
  CHECK(said.count(directory.file("reports") + ": reports can be written") == 1);
}

TEST_CASE("IoWorker: the report of a day is written by its thread") {
  const Past past;
  const Said said;
  IoWorker io;
  IoOptions options = test::options_in(past.directory);
  options.reports = past.files();
  REQUIRE_FALSE(io.start(options));
  CHECK(io.write_daily_report(kFriday));
  io.finish({nullptr, test::state_of("last")}, {});
  CHECK(io.join().nothing());
  CHECK(past.names() == std::set<std::string>{"daily-20210115.json", "daily-20210115.txt"});
  CHECK(said.count("report of 2021-01-15 written to ") == 1);
}

TEST_CASE("IoWorker: while the disk hangs, one report of a day waits") {
  const Past past;
  const Said said;
  test::Disk disk;
  IoWorker io(disk.write());
  IoOptions options = test::options_in(past.directory);
  options.reports = past.files();
  REQUIRE_FALSE(io.start(options));
  disk.hang(true);
  CHECK(io.write_daily_report(kFriday));
  disk.until_at_work(1);
  CHECK_FALSE(io.write_daily_report(kFriday));
  // It takes no place of a report that is asked for.
  CHECK(io.write_report(std::make_shared<Snapshot>()));
  CHECK(io.write_report(std::make_shared<Snapshot>()));
  disk.hang(false);
  io.finish({nullptr, test::state_of("last")}, {});
  CHECK(io.join().nothing());
}

}  // namespace
}  // namespace ringside

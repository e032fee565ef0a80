// The pinned baseline beside a history.
#include "daemon/history/baseline.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tests/unit/daemon/files_of_test.h"

namespace ringside {
namespace {

constexpr std::int64_t kDayLong = 86'400;
constexpr Baseline kWeek{1'795'132'800, 1'795'132'800 + 7 * kDayLong};  // 2026-11-20 on

TEST_CASE("Baseline: what is pinned is read back, replaced and removed") {
  const test::TempDir directory;
  const std::string history = directory.file("history.db");
  CHECK(baseline_path(history) == history + ".baseline");
  CHECK_FALSE(read_baseline(history).baseline.has_value());
  CHECK_FALSE(read_baseline(history).failure.has_value());
  CHECK_FALSE(write_baseline(history, kWeek).has_value());
  CHECK(read_baseline(history).baseline == kWeek);
  CHECK(read_text(baseline_path(history)) ==
        "{\"ringside_baseline\":1,\"begin\":\"2026-11-20T00:00:00Z\",\"end\":\"2026-11-27T00:00:"
        "00Z\"}\n");
  const Baseline later{kWeek.begin_wall_s + kDayLong, kWeek.end_wall_s + kDayLong};
  CHECK_FALSE(write_baseline(history, later).has_value());
  CHECK(read_baseline(history).baseline == later);
  bool removed = false;
  CHECK_FALSE(remove_baseline(history, &removed).has_value());
  CHECK(removed);
  CHECK_FALSE(remove_baseline(history, &removed).has_value());
  CHECK_FALSE(removed);
  CHECK_FALSE(read_baseline(history).baseline.has_value());
  CHECK(std::filesystem::is_empty(directory.path()));
}

TEST_CASE("Baseline: less than two days is refused, and the one before stays") {
  const test::TempDir directory;
  const std::string history = directory.file("history.db");
  REQUIRE_FALSE(write_baseline(history, kWeek).has_value());
  const auto failure =
      write_baseline(history, {kWeek.begin_wall_s, kWeek.begin_wall_s + 2 * kDayLong - 60});
  REQUIRE(failure.has_value());
  CHECK(failure->message.find("2026-11-20T00:00:00Z to 2026-11-21T23:59:00Z is too short: two days "
                              "are needed") != std::string::npos);
  CHECK(failure->message.find("\n  next: ") != std::string::npos);
  CHECK(read_baseline(history).baseline == kWeek);
  CHECK_FALSE(
      write_baseline(history, {kWeek.begin_wall_s, kWeek.begin_wall_s + 2 * kDayLong}).has_value());
}

TEST_CASE("Baseline: a damaged, foreign or newer file is refused with what to do, and stays") {
  const test::TempDir directory;
  const std::string history = directory.file("history.db");
  for (const char* text :
       {"", "{", "[]", "7", "null", "{\"begin\": 1}", "{\"ringside_baseline\": \"1\"}",
        "{\"ringside_baseline\": 2, \"begin\": \"2026-11-20T00:00:00Z\"}",
        "{\"ringside_baseline\": 1}",
        "{\"ringside_baseline\": 1, \"begin\": 1795132800, \"end\": 1795737600}",
        "{\"ringside_baseline\": 1, \"begin\": \"2026-11-20T00:00:00Z\"}",
        "{\"ringside_baseline\": 1, \"begin\": \"2026-11-31T00:00:00Z\", \"end\": "
        "\"2026-12-20T00:00:00Z\"}",
        "{\"ringside_baseline\": 1, \"begin\": \"1960-11-30T00:00:00Z\", \"end\": "
        "\"2026-12-20T00:00:00Z\"}",
        "{\"ringside_baseline\": 1, \"begin\": \"2026-11-20T00:00:00Z\", \"end\": "
        "\"2026-11-20T00:00:00Z\"}",
        "{\"ringside_baseline\": 1, \"begin\": \"2026-11-27T00:00:00Z\", \"end\": "
        "\"2026-11-20T00:00:00Z\"}"}) {
    CAPTURE(text);
    write_text(baseline_path(history), text);
    const BaselineResult result = read_baseline(history);
    CHECK_FALSE(result.baseline.has_value());
    REQUIRE(result.failure.has_value());
    CHECK(result.failure->message.find(baseline_path(history)) == 0);
    CHECK(result.failure->message.find("\n  next: ") != std::string::npos);
    CHECK(read_text(baseline_path(history)) == text);
  }
  write_text(baseline_path(history), "{\"ringside_baseline\": 99}");
  CHECK(read_baseline(history).failure->message.find("version 99, this program reads 1") !=
        std::string::npos);
}

TEST_CASE("Baseline: where nothing can be written or read, the failure says so") {
  const test::TempDir directory;
  CHECK(write_baseline(directory.file("nowhere/history.db"), kWeek).has_value());
  const std::string history = directory.file("history.db");
  std::filesystem::create_directory(baseline_path(history));  // in the way
  const BaselineResult result = read_baseline(history);
  CHECK_FALSE(result.baseline.has_value());
  CHECK(result.failure.has_value());
  bool removed = false;
  CHECK(remove_baseline(history, &removed).has_value());
}

struct stat status_of(const std::string& path) {
  struct stat status {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  return status;
}

// As another user, where the tests run as root. Files of the present one are not its own.
class AsNobody {
 public:
  AsNobody() {
    if (!root_) return;
    REQUIRE(setegid(65534) == 0);
    REQUIRE(seteuid(65534) == 0);
  }
  ~AsNobody() {
    if (!root_) return;
    CHECK(seteuid(0) == 0);
    CHECK(setegid(0) == 0);
  }

 private:
  const bool root_ = geteuid() == 0;
};

TEST_CASE("Baseline: whoever can read the history can read what is pinned, whoever pins it") {
  const test::TempDir directory;
  const std::string history = directory.file("history.db");
  const std::string pinned = baseline_path(history);
  REQUIRE_FALSE(write_baseline(history, kWeek).has_value());
  CHECK((status_of(pinned).st_mode & 07777) == 0640);  // without a history there is nobody to ask
  write_text(history, "");
  for (const unsigned mode : {0600u, 0640u, 0664u}) {
    REQUIRE(chmod(history.c_str(), mode) == 0);
    REQUIRE_FALSE(write_baseline(history, kWeek).has_value());
    CHECK((status_of(pinned).st_mode & 07777) == mode);
  }
  if (geteuid() != 0) return;
  REQUIRE(chown(history.c_str(), 12'345, 23'456) == 0);
  REQUIRE_FALSE(write_baseline(history, kWeek).has_value());
  CHECK(status_of(pinned).st_uid == 12'345);
  CHECK(status_of(pinned).st_gid == 23'456);
  CHECK((status_of(pinned).st_mode & 07777) == 0664);
  // A user who may write there and give nothing away leaves a file that everybody can read.
  REQUIRE(chmod(history.c_str(), 0640) == 0);
  REQUIRE(chmod(directory.path().c_str(), 0777) == 0);
  {
    const AsNobody nobody;
    CHECK_FALSE(write_baseline(history, kWeek).has_value());
  }
  CHECK(status_of(pinned).st_uid == 65534);
  CHECK((status_of(pinned).st_mode & 07777) == 0644);
  CHECK(read_baseline(history).baseline == kWeek);
}

TEST_CASE("Baseline: one that may not be read is there, and the failure says what to do") {
  const test::TempDir directory;
  const std::string history = directory.file("history.db");
  const std::string pinned = baseline_path(history);
  REQUIRE_FALSE(write_baseline(history, kWeek).has_value());
  REQUIRE(chmod(directory.path().c_str(), 0755) == 0);
  REQUIRE(chmod(pinned.c_str(), 0) == 0);
  BaselineResult result;
  {
    const AsNobody nobody;
    result = read_baseline(history);
  }
  CHECK_FALSE(result.baseline.has_value());
  REQUIRE(result.failure.has_value());
  const std::string& message = result.failure->message;
  CHECK(message.find(pinned + ": cannot open: Permission denied\n") == 0);
  CHECK(message.find("needs the owner and the permissions of " + history) != std::string::npos);
  CHECK(message.find("next: chown --reference=" + history + " " + pinned) != std::string::npos);
}

}  // namespace
}  // namespace ringside

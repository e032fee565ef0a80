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

}  // namespace
}  // namespace ringside

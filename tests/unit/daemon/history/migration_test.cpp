// A history of version 1 is brought up to date: with all that it holds, or not at all.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>

#include <filesystem>
#include <string>

#include "daemon/history/history_reader.h"
#include "daemon/history/history_store.h"
#include "daemon/history/schema.h"
#include "tests/support/process.h"
#include "tests/support/temp.h"
#include "tests/unit/daemon/history/history_samples.h"
#include "tests/unit/daemon/history/version1.h"

using namespace ringside;
using namespace ringside::test;

namespace {

// Every row of every table that version 1 has, as text.
std::string rows_of(const std::string& path) {
  Database database(path, Database::Mode::read);
  std::string names;
  {
    auto row = database.query(
        "SELECT group_concat('SELECT ''' || m.name || ''' || ' || (SELECT group_concat('quote(' ||"
        " c.name || ')', '||'' ''||') FROM pragma_table_info(m.name) c) || ' AS t FROM ' || m.name,"
        " ' UNION ALL ') FROM sqlite_schema m WHERE m.type = 'table' AND m.name NOT IN"
        " ('configurations', 'operation_thresholds', 'declared_thresholds', 'builds', 'advice')");
    row.row();
    names = row.text();
  }
  const std::string all =
      "SELECT group_concat(t, char(10)) FROM (SELECT t FROM (" + names + ") ORDER BY t)";
  auto row = database.query(all.c_str());
  row.row();
  return std::string(row.text());
}

std::string tables_of(const std::string& path) {
  Database database(path, Database::Mode::read);
  auto row = database.query(
      "SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL"
      " ORDER BY name)");
  row.row();
  return std::string(row.text());
}

std::int64_t version_of(const std::string& path) {
  return Database(path, Database::Mode::read).pragma("user_version");
}

HistoryQuery minutes_of(std::int64_t begin_wall_s, std::int64_t seconds) {
  HistoryQuery query;
  query.begin_wall_s = begin_wall_s;
  query.end_wall_s = begin_wall_s + seconds;
  return query;
}

// Opens the history in a child that can't make a file longer than `bytes`: the system kills it in
// the middle of the write, or the write fails as on a full disk.
Ended migrate_within(const std::string& path, rlim_t bytes, bool killed) {
  return run([&] {
    signal(SIGXFSZ, killed ? SIG_DFL : SIG_IGN);
    const rlimit core{0, 0};
    setrlimit(RLIMIT_CORE, &core);
    const rlimit limit{bytes, bytes};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 3;
    HistoryStore store;
    std::string moved;
    const auto failure = store.open(path, {}, &moved);
    if (!moved.empty()) return 2;
    return failure ? 1 : 0;
  });
}

}  // namespace

TEST_CASE("HistoryMigration: a file of version 1 keeps all that it holds, and goes on") {
  TempDir directory;
  const std::string path = directory.file("history.db");
  make_version1(path);
  const std::string before = rows_of(path);
  REQUIRE(before.find("DATABASE_BUSY") != std::string::npos);
  {
    HistoryStore store;
    std::string moved;
    REQUIRE_FALSE(store.open(path, {}, &moved));
    CHECK(moved.empty());
    CHECK(version_of(path) == kHistoryVersion);
    CHECK(rows_of(path) == before);
    HistorySpan batch;
    HistoryConfiguration& now = batch.configurations.emplace_back();
    now.wall_ns = 1'800'003'700'000'000'000;
    now.text = "tick = \"1s\"";
    store.write(batch);
  }
  const HistoryResult minutes = read_history(path, minutes_of(kHistoryBegin + 3600, 3600));
  REQUIRE_FALSE(minutes.failure);
  const HistorySpan& span = minutes.span;
  REQUIRE(span.series.size() == 2);
  const HistorySlot& send = span.series[0].slots.at(0);
  CHECK(span.series[0].name == "SEND_MESSAGE");
  CHECK(span.series[0].stage_names[3] == "database");
  CHECK(send.recorded == 6);
  CHECK(send.skipped == 1);
  CHECK(send.stages[3].sum_ns == 4000);
  CHECK(send.latency.count() == 6);
  REQUIRE(send.errors.size() == 1);
  CHECK(send.errors[0].count == 2);
  CHECK(span.series[1].slots.at(0).value_sum == 12);
  CHECK(span.rings.at(0).slots.size() == 2);
  CHECK(span.gauges.size() == 2);
  CHECK(span.error_names.at(0).name == "DATABASE_BUSY");
  REQUIRE(span.incidents.size() == 1);
  CHECK(span.incidents[0].symptoms == version1_incident().symptoms);
  CHECK(span.incidents[0].cause.message == "the breaker is open");
  CHECK(span.transitions.at(0).message == "the breaker is open");
  CHECK(span.marks.at(0).kind == HistoryMark::Kind::reload);
  CHECK(span.marks_before.at(0).kind == HistoryMark::Kind::server_start);
  // What no version 1 could know: nothing is made up, and what is written now is read.
  REQUIRE(span.configurations.size() == 1);
  CHECK(span.configurations[0].wall_ns == 1'800'003'700'000'000'000);
  CHECK(span.declared.empty());
  HistoryQuery hours = minutes_of(kHistoryBegin, 3600);
  hours.slots = HistoryQuery::Slots::hours;
  const HistoryResult whole = read_history(path, hours);
  REQUIRE(whole.span.series.size() == 1);
  CHECK(whole.span.series[0].slots.at(0).recorded == 100);
  CHECK(whole.span.series[0].slots.at(0).errors.at(0).outcome == RecordOutcome::timeout);
  CHECK(whole.span.configurations.empty());
}

TEST_CASE(
    "HistoryMigration: killed, or on a full disk, at any byte, it leaves the file as it was") {
  for (const bool killed : {true, false}) {
    CAPTURE(killed);
    TempDir directory;
    const std::string path = directory.file("history.db");
    make_version1(path);
    const std::string rows = rows_of(path);
    const std::string tables = tables_of(path);
    // Keeps the journal's index in place, so that the limit meets the journal's own bytes.
    Database reader(path, Database::Mode::read);
    REQUIRE(reader.pragma("user_version") == 1);
    int stopped = 0;
    bool done = false;
    for (rlim_t bytes = 0; !done && bytes < (1U << 20); bytes += 1500) {
      CAPTURE(bytes);
      const Ended ended = migrate_within(path, bytes, killed);
      REQUIRE((ended.exited(0) || ended.exited(1) || (killed && ended.killed_by(SIGXFSZ))));
      done = version_of(path) == kHistoryVersion;
      REQUIRE(rows_of(path) == rows);
      if (done) break;
      ++stopped;
      REQUIRE(version_of(path) == 1);
      REQUIRE(tables_of(path) == tables);
    }
    CHECK(done);
    // The journal takes a dozen pages and more, so it stopped in each of them.
    CHECK(stopped > 10);
    HistoryStore store;
    std::string moved;
    CHECK_FALSE(store.open(path, {}, &moved));
    CHECK(moved.empty());
  }
}

TEST_CASE("HistoryMigration: a reader says that the daemon must bring the file up to date first") {
  TempDir directory;
  const std::string path = directory.file("history.db");
  make_version1(path);
  const HistoryResult result = read_history(path, minutes_of(kHistoryBegin, 60));
  REQUIRE(result.failure);
  CHECK(result.failure->message.find("of version 1, this program reads version 3\n  next: start") !=
        std::string::npos);
  CHECK(version_of(path) == 1);
}

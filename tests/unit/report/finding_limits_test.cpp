// Findings at their limits: ties, single calls, the first and the last of a list, two rings.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "report/analysis/analysis.h"
#include "report/analysis/labels.h"
#include "report/model/names.h"
#include "tests/unit/report/sample.h"
#include "tests/unit/report/server.h"

using namespace ringside;
using sample::kHour;
using sample::Server;

namespace {

ErrorStats error_of(std::uint16_t code, const char* operation, std::uint64_t count,
                    std::int64_t last_wall_ns, std::uint64_t actor) {
  ErrorStats error;
  error.code = code;
  error.operation = operation;
  error.ring = std::string("ring of ") + operation;
  error.count = {count + 1000, 0, 0, count};
  error.last_wall_ns = last_wall_ns;
  error.last_actor = {PartyKind::user, actor};
  return error;
}

Snapshot with_errors(std::vector<ErrorStats> errors) {
  Snapshot snapshot;
  snapshot.all.windows[kHour].recorded = 1;
  snapshot.errors = std::move(errors);
  return snapshot;
}

bool rises(std::uint64_t minute, std::uint64_t hour, double minute_s, double hour_s) {
  Snapshot snapshot = with_errors({error_of(1, "SEND", 0, 0, 0)});
  snapshot.errors[0].count = {hour, minute, minute, hour};
  snapshot.all.windows[1].seconds = minute_s;
  snapshot.all.windows[kHour].seconds = hour_s;
  return analyse(snapshot).error_kinds.at(0).rising;
}

// A snapshot with one event of one ring in all windows.
SeriesView& add_event(Snapshot& snapshot, std::string_view name, const char* ring,
                      std::uint64_t count) {
  SeriesView& series = snapshot.events.emplace_back();
  series.name = name;
  series.ring = ring;
  for (WindowStats& stats : series.windows) {
    stats.seconds = 10;
    stats.recorded = count;
  }
  return series;
}

RecordView move_of(std::int64_t to, std::int64_t span_ns) {
  RecordView record;
  record.start_wall_ns = 5000;
  record.duration_ns = span_ns;
  record.value = to;
  return record;
}

}  // namespace

TEST_CASE("ErrorKinds: the operation with most is named wherever it stands, the first of several") {
  struct Case {
    std::vector<std::uint64_t> counts;
    std::size_t most;
  };
  for (const Case& one :
       {Case{{5, 4, 3}, 0}, Case{{3, 5, 4}, 1}, Case{{3, 4, 5}, 2}, Case{{4, 5, 5}, 1},
        Case{{5, 5, 5}, 0}, Case{{0, 0, 0}, 0}, Case{{0, 0, 1}, 2}, Case{{0, 1, 0}, 1}}) {
    const char* names[] = {"A", "B", "C"};
    std::vector<ErrorStats> errors;
    for (std::size_t i = 0; i < 3; ++i)
      errors.push_back(error_of(7, names[i], one.counts[i], 100, i));
    const Analysis analysis = analyse(with_errors(errors));
    REQUIRE(analysis.error_kinds.size() == 1);
    const ErrorKind& kind = analysis.error_kinds[0];
    CAPTURE(one.most);
    CHECK(kind.top_operation == names[one.most]);
    CHECK(kind.top_ring == std::string("ring of ") + names[one.most]);
    CHECK(kind.top_count == one.counts[one.most]);
    CHECK(kind.operations == 3);
    CHECK(kind.last_actor == Party{PartyKind::user, 2});  // equally late: the last of the list
  }
}

TEST_CASE("ErrorKinds: the latest is known wherever it stands") {
  for (std::uint64_t latest = 0; latest < 3; ++latest) {
    std::vector<ErrorStats> errors;
    for (std::uint64_t i = 0; i < 3; ++i)
      errors.push_back(error_of(7, "A", 1, i == latest ? 900 : 100 + static_cast<int>(i), i));
    const Analysis analysis = analyse(with_errors(errors));
    CHECK(analysis.error_kinds.at(0).last_wall_ns == 900);
    CHECK(analysis.error_kinds.at(0).last_actor == Party{PartyKind::user, latest});
  }
}

TEST_CASE("ErrorKinds: code, name and outcome together make a kind") {
  std::vector<ErrorStats> errors(6);
  for (ErrorStats& error : errors) {
    error.code = 5;
    error.name = "NAME";
  }
  errors[1].code = 6;
  errors[2].name = "OTHER";
  errors[3].outcome = RecordOutcome::denied;
  errors[4].code = 6;
  errors[4].name = "OTHER";
  const Analysis analysis = analyse(with_errors(errors));
  REQUIRE(analysis.error_kinds.size() == 5);
  for (const ErrorKind& kind : analysis.error_kinds) {
    const bool first =
        kind.code == 5 && kind.name == "NAME" && kind.outcome == RecordOutcome::error;
    CHECK(kind.operations == (first ? 2 : 1));
    CHECK(kind.failure == (kind.outcome == RecordOutcome::error));
  }
}

TEST_CASE("ErrorKinds: errors of the same weight keep their order, heavier ones go before them") {
  std::vector<ErrorStats> errors;
  for (std::uint16_t i = 0; i < 40; ++i) errors.push_back(error_of(i, "A", i % 4, 0, 0));
  for (std::uint16_t i = 0; i < 40; i += 3) errors[i].outcome = RecordOutcome::rejected;
  const Analysis analysis = analyse(with_errors(errors));
  // Oracle: classes from the heaviest on, and in each the codes as they come.
  std::vector<std::uint16_t> expected;
  for (const bool failure : {true, false}) {
    for (std::uint64_t count = 4; count-- > 0;) {
      for (std::uint16_t i = 0; i < 40; ++i) {
        if ((i % 3 != 0) == failure && i % 4 == count) expected.push_back(i);
      }
    }
  }
  REQUIRE(analysis.errors.size() == 40);
  REQUIRE(analysis.error_kinds.size() == 40);
  for (std::size_t i = 0; i < 40; ++i) {
    CHECK(analysis.errors[i].error.code == expected[i]);
    CHECK(analysis.error_kinds[i].code == expected[i]);
  }
}

TEST_CASE("ErrorKinds: an error of an operation that is not there has no share") {
  Snapshot snapshot = with_errors({error_of(1, "SEND", 6, 0, 0)});
  CHECK(analyse(snapshot).errors.at(0).count == 6);
  CHECK(analyse(snapshot).errors.at(0).operations == 0);
  CHECK(analyse(snapshot).errors.at(0).share == 0);
  SeriesView& series = snapshot.operations.emplace_back();
  series.name = "SEND";
  series.ring = "ring of SEND";
  series.windows[kHour].recorded = 5;
  series.windows[kHour].skipped = 3;
  CHECK(analyse(snapshot).errors.at(0).operations == 8);
  CHECK(analyse(snapshot).errors.at(0).share == 0.75);
}

TEST_CASE("ErrorKinds: a rise is told from as much time as the minute has, and not from no time") {
  CHECK(rises(20, 20, 60, 120));
  CHECK_FALSE(rises(20, 20, 60, 119.9));
  CHECK(rises(20, 20, 0.5, 120));
  CHECK_FALSE(rises(20, 20, 0, 120));
  CHECK_FALSE(rises(20, 20, 0, 0));
  CHECK_FALSE(rises(40, 61, 60, 120));  // 21 in the minute before: 40 is not twice as many
  CHECK(rises(42, 63, 60, 120));
  CHECK_FALSE(rises(30, 29, 60, 120));  // the hour holds its minute
}

TEST_CASE("ErrorKinds: whatever is called a rise is three deviations above what was expected") {
  std::size_t rising = 0;
  for (std::uint64_t before = 0; before < 60; ++before) {
    for (const std::uint64_t minute : {before + 1, 2 * before, 2 * before + 1, before + 20}) {
      // Another minute of the same length came before.
      if (!rises(minute, minute + before, 60, 120)) continue;
      ++rising;
      const auto expected = static_cast<double>(before);
      CHECK(static_cast<double>(minute) - expected >= 3 * std::sqrt(std::max(expected, 1.0)));
    }
  }
  CHECK(rising > 100);
}

TEST_CASE("TimeShares: one call is enough for a share, and twenty for a claim") {
  Server server;
  server.operation("ONE", 1, 3, {{"database", 0.5}});
  Analysis analysis = server.analysed();
  REQUIRE(analysis.operations.size() == 1);
  CHECK(analysis.operations[0].timed == 1);
  CHECK(analysis.operations[0].stages.at(0).count == 1);
  CHECK(analysis.operations[0].unmarked == 0.5);
  CHECK_FALSE(analysis.operations[0].enough);
  CHECK(analysis.all.share_of_all == 1);
  CHECK(analysis.all.share_of_calls == 1);
  server.operation("NINETEEN", 19, 1);
  server.operation("TWENTY", 20, 1);
  server.operation("NONE", 0, 0);
  analysis = server.analysed();
  REQUIRE(analysis.operations.size() == 3);
  CHECK(analysis.operations[0].operation == "TWENTY");
  CHECK(analysis.operations[0].enough);
  CHECK(analysis.operations[1].operation == "NINETEEN");
  CHECK_FALSE(analysis.operations[1].enough);
}

TEST_CASE("TimeShares: stages without a name have their number, the marked ones alone are listed") {
  Server server;
  SeriesView& series = server.operation("SEND", 10, 1);
  WindowStats& stats = series.windows[kHour];
  stats.sum_ns = 1000;
  stats.stages = {{{4, 10, 0}, {}, {1, 990, 5}, {3, 20, 7}}};
  series.stage_names = {"", "unused", "", "named"};
  const Analysis analysis = server.analysed();
  const std::vector<StageTime>& stages = analysis.operations.at(0).stages;
  REQUIRE(stages.size() == 3);
  CHECK(stages[0].name == "stage 3");
  CHECK(stages[0].max_ns == 5);
  CHECK(stages[0].share == 0.99);
  CHECK(stages[1].name == "named");
  CHECK(stages[2].name == "stage 1");
  CHECK(stages[2].count == 4);
  CHECK(stages[2].sum_ns == 10);
  CHECK(stages[2].max_ns == 0);
  CHECK(analysis.operations[0].unmarked == 0);  // the stages are 20 ns longer than their operation
}

TEST_CASE("TimeShares: operations and stages of the same time keep their order") {
  Server server;
  for (int i = 0; i < 30; ++i) {
    server.operation(("OP_" + std::to_string(i)).c_str(), 100, 1 + i % 2,
                     {{"c", 0.125}, {"a", 0.25}, {"d", 0.125}, {"b", 0.125}});
  }
  const Analysis analysis = server.analysed();
  REQUIRE(analysis.operations.size() == 30);
  for (int i = 0; i < 30; ++i) {
    const TimeShare& time = analysis.operations[static_cast<std::size_t>(i)];
    CHECK(time.operation == "OP_" + std::to_string(i < 15 ? 2 * i + 1 : 2 * (i - 15)));
    REQUIRE(time.stages.size() == 4);
    CHECK(time.stages[0].name == "a");
    CHECK(time.stages[1].name == "c");
    CHECK(time.stages[2].name == "d");
    CHECK(time.stages[3].name == "b");
  }
}

TEST_CASE("SlowOperations: the greatest share over the threshold first, and one call is enough") {
  Server server;
  server.snapshot.thresholds.operations.clear();
  server.snapshot.thresholds.response_ns = 100'000'000;
  // Calls of 1 s among calls of 1 ms. The share that is over is the same for B and D.
  const std::pair<std::uint64_t, std::uint64_t> counts[] = {{1, 1000}, {10, 90}, {5, 5},
                                                            {20, 180}, {0, 50},  {3, 27}};
  const char* const names[] = {"A", "B", "C", "D", "E", "F"};
  for (std::size_t i = 0; i < 6; ++i) {
    SeriesView& series = server.operation(names[i], counts[i].first + counts[i].second, 1);
    WindowStats& stats = series.windows[kHour];
    stats.latency.buckets = {{Server::bucket(1), counts[i].second}};
    if (counts[i].first > 0) {
      stats.latency.buckets.push_back({Server::bucket(1000), counts[i].first});
      stats.max_ns = 1'000'000'000 + i;
    }
  }
  const Analysis analysis = server.analysed();
  std::string order;
  for (const SlowOperation& slow : analysis.slow) {
    order += slow.operation;
    const auto i = static_cast<std::size_t>(slow.operation[0] - 'A');
    CHECK(slow.over == counts[i].first);
    CHECK(slow.timed == counts[i].first + counts[i].second);
    CHECK(slow.max_ns == 1'000'000'000 + i);
    CHECK(slow.threshold_ns == 100e6);
    CHECK(slow.ring == "chat");
    CHECK(slow.p95_ns.has_value() == (slow.timed >= 100));
  }
  CHECK(order == "CBDFA");
}

TEST_CASE("SlowOperations: nothing is over a threshold of years, however long it took") {
  Server server;
  server.operation("SEND", 100, 1);
  WindowStats& stats = server.snapshot.operations[0].windows[kHour];
  stats.max_ns = 90'000'000'000'000'000;  // almost three years
  stats.latency.buckets = {{kMaxBucket, 100}};
  CHECK(server.analysed().slow.size() == 1);
  server.snapshot.thresholds.response_ns = 80'000'000'000'000'000;
  CHECK(server.analysed().slow.empty());
}

TEST_CASE("Database: a ring has one when it says a single thing of it, and none otherwise") {
  Snapshot snapshot;
  snapshot.all.windows[kHour].recorded = 1;
  for (const char* ring : {"stage", "transaction", "query", "gauge", "nothing"}) {
    snapshot.rings.emplace_back().name = ring;
    snapshot.gauges.push_back({ring, "connections", 70, 71});
    snapshot.gauges.push_back({ring, "db_transactions", 3, 5});
    snapshot.gauges.push_back({ring, "other", 80, 81});
  }
  SeriesView& series = snapshot.operations.emplace_back();
  series.ring = "stage";
  series.stage_names = {"database", "security", "", "database"};
  series.windows[kHour].stages = {{{1, 1, 1}, {1, 70, 70}, {1, 90, 90}, {1, 4, 4}}};
  add_event(snapshot, names::kDbTransaction, "transaction", 1).windows[kHour].errors = 1;
  add_event(snapshot, names::kSlowQuery, "query", 1).windows[kHour].sum_ns = 6;
  add_event(snapshot, names::kDbTransaction, "unlisted", 4).windows[kHour].sum_ns = 5'000'000'000;
  const Analysis analysis = analyse(snapshot);
  REQUIRE(analysis.databases.size() == 4);
  CHECK(analysis.databases[0].ring == "stage");
  CHECK(analysis.databases[0].stage_ns == 5);
  CHECK(analysis.databases[1].ring == "transaction");
  CHECK(analysis.databases[1].transactions == 1);
  CHECK(analysis.databases[1].rollback_share == 1);
  CHECK(analysis.databases[2].ring == "query");
  CHECK(analysis.databases[2].slow_queries == 1);
  CHECK(analysis.databases[2].slow_query_ns == 6);
  CHECK(analysis.databases[2].stage_ns == 0);
  CHECK(analysis.databases[3].ring == "unlisted");  // a ring that only its events name
  CHECK(analysis.databases[3].transaction_ns == 5'000'000'000);
  CHECK(analysis.databases[3].busy == 0.5);  // 5 s in 10 s
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(analysis.databases[i].at_once_now == 3);
    CHECK(analysis.databases[i].at_once_max == 5);
  }
  CHECK_FALSE(analysis.databases[3].at_once_now.has_value());
  snapshot.operations[0].windows[kHour].stages = {{{1, 1, 1}, {}, {}, {}}};
  CHECK(analyse(snapshot).databases.size() == 4);  // a nanosecond is something
}

TEST_CASE("Breaker: a move without a span counts, one from a state that is none does not") {
  Snapshot snapshot;
  SeriesView& series = add_event(snapshot, names::kBreaker, "chat", 5);
  // The latest first: closed, half-open, (7), open, closed.
  series.last = {move_of(0, 0), move_of(2, 100), move_of(7, 40), move_of(1, 30), move_of(0, 9)};
  Analysis analysis = analyse(snapshot);
  REQUIRE(analysis.resilience.breakers.size() == 1);
  const BreakerSummary& breaker = analysis.resilience.breakers[0];
  CHECK(breaker.ring == "chat");
  CHECK(breaker.state == BreakerState::closed);
  CHECK(breaker.since_wall_ns == 5000);
  CHECK(breaker.moves == 3);
  // Half-open for no time, open for 40, closed for 30. What was left before 100 is not known.
  CHECK(breaker.time_in_ns == std::array<std::uint64_t, kBreakerStates>{30, 40, 0});
  snapshot.events[0].last[0].duration_ns = -1;  // a clock that went back
  CHECK(analyse(snapshot).resilience.breakers[0].moves == 2);
  snapshot.events[0].last[0] = move_of(9, 0);
  CHECK(analyse(snapshot).resilience.breakers.empty());
  snapshot.events[0].last = {move_of(1, 250)};
  analysis = analyse(snapshot);
  CHECK(analysis.resilience.breakers.at(0).state == BreakerState::open);
  CHECK(analysis.resilience.breakers.at(0).moves == 0);
  CHECK(analysis.resilience.breakers.at(0).since_wall_ns == 5250);
  snapshot.events[0].last.clear();
  CHECK(analyse(snapshot).resilience.breakers.empty());
}

TEST_CASE("Labels: a ring's name stands beside a name only where there are several rings") {
  Snapshot snapshot;
  for (std::size_t rings = 0; rings < 4; ++rings) {
    CHECK(has_several_rings(snapshot) == (rings >= 2));
    CHECK(label_of(snapshot, "SEND\n", "a\tb") == (rings >= 2 ? "SEND\\n (a\\tb)" : "SEND\\n"));
    CHECK(label_of(snapshot, "SEND", "") == "SEND");
    snapshot.rings.emplace_back();
  }
  CHECK(count_of(0, "call", "calls") == "0 calls");
  CHECK(count_of(1, "call", "calls") == "1 call");
  CHECK(count_of(2, "call", "calls") == "2 calls");
  CHECK(error_label(7, "") == "code 7");
  CHECK(error_label(7, "A\nB") == "7 A\\nB");
}

TEST_CASE("Labels: each window is full when one slice is missing, and no sooner") {
  const std::pair<Window, double> limits[] = {
      {Window::minute, 55}, {Window::five_minutes, 295}, {Window::hour, 3595}};
  for (const auto& [window, full] : limits) {
    Snapshot snapshot;
    double& seconds = snapshot.all.windows[static_cast<std::size_t>(window)].seconds;
    seconds = full;
    CHECK(describe_window(snapshot, window).find("so far") == std::string::npos);
    seconds = std::nextafter(full, 0);
    CHECK(describe_window(snapshot, window).find(" so far)") != std::string::npos);
  }
  Snapshot fresh;
  fresh.all.windows[3].seconds = 12;
  CHECK(describe_window(fresh, Window::since_start) == "since start (0 ns)");
  CHECK(describe_window(fresh, Window::hour) == "the last hour (12.0 s so far)");
}

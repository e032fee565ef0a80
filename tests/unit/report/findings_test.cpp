#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "report/analysis/analysis.h"
#include "report/analysis/labels.h"
#include "report/model/names.h"
#include "tests/unit/report/numbered.h"
#include "tests/unit/report/sample.h"

using namespace ringside;
using sample::kHour;

namespace {

const TimeShare& time_of(const Analysis& analysis, std::string_view ring, std::string_view name) {
  for (const TimeShare& time : analysis.operations) {
    if (time.operation == name && time.ring == ring) return time;
  }
  FAIL("no time of ", name);
  return analysis.all;
}

}  // namespace

TEST_CASE("Analysis: shares of time add up, and stages to their operation") {
  const Snapshot snapshot = sample::busy();
  const Analysis analysis = analyse(snapshot);
  double shares = 0, calls = 0;
  for (const TimeShare& time : analysis.operations) {
    shares += time.share_of_all;
    calls += time.share_of_calls;
    double stages = time.unmarked;
    for (const StageTime& stage : time.stages) stages += stage.share;
    CHECK(stages == doctest::Approx(1).epsilon(1e-6));
    CHECK(time.enough == (time.timed >= 20));
  }
  CHECK(shares == doctest::Approx(1).epsilon(1e-9));
  CHECK(calls == doctest::Approx(1).epsilon(1e-9));
  CHECK(analysis.all.sum_ns == snapshot.all.window(Window::hour).sum_ns);
  CHECK(analysis.all.timed == snapshot.all.window(Window::hour).timed);
  CHECK(std::is_sorted(analysis.operations.begin(), analysis.operations.end(),
                       [](const TimeShare& a, const TimeShare& b) { return a.sum_ns > b.sum_ns; }));
}

TEST_CASE("Analysis: stages are added up by name, never by place") {
  const Snapshot snapshot = sample::numbered();
  const Analysis analysis = analyse(snapshot);
  struct Sum {
    std::uint64_t count = 0, sum_ns = 0, max_ns = 0;
  };
  std::map<std::string, Sum> expected;  // another way than the analysis: name by name
  for (const SeriesView& series : snapshot.operations) {
    for (std::size_t s = 0; s < kStages; ++s) {
      const StageStats& stage = series.windows[kHour].stages[s];
      if (stage.count == 0) continue;
      const std::string name =
          series.stage_names[s].empty() ? (s == 1 ? "stage 2" : "stage 5") : series.stage_names[s];
      expected[name].count += stage.count;
      expected[name].sum_ns += stage.sum_ns;
      expected[name].max_ns = std::max(expected[name].max_ns, stage.max_ns);
    }
  }
  REQUIRE(expected.size() == 10);
  REQUIRE(analysis.all.stages.size() == 10);
  for (const StageTime& stage : analysis.all.stages) {
    CAPTURE(stage.name);
    CHECK(stage.count == expected[stage.name].count);
    CHECK(stage.sum_ns == expected[stage.name].sum_ns);
    CHECK(stage.max_ns == expected[stage.name].max_ns);
    CHECK(stage.share == doctest::Approx(static_cast<double>(stage.sum_ns) /
                                         static_cast<double>(analysis.all.sum_ns)));
  }
  // Longest first. Each operation has its own stages.
  const TimeShare& west = time_of(analysis, "west", "SEND");
  REQUIRE(west.stages.size() == 6);
  CHECK(west.stages[0].name == "database");
  CHECK(west.stages[3].name == "parse");
  const SeriesView* series = find_series(snapshot.operations, "west", "SEND");
  CHECK(west.stages[0].sum_ns == series->windows[kHour].stages[3].sum_ns);
  CHECK(west.stages[0].count == series->windows[kHour].stages[3].count);
  CHECK(west.stages[0].max_ns == series->windows[kHour].stages[3].max_ns);
}

TEST_CASE("Analysis: operations of one name on two rings keep apart") {
  const Snapshot snapshot = sample::numbered();
  const Analysis analysis = analyse(snapshot);
  REQUIRE(analysis.operations.size() == 6);
  for (const SeriesView& series : snapshot.operations) {
    if (series.windows[kHour].timed == 0) continue;
    const TimeShare& time = time_of(analysis, series.ring, series.name);
    CHECK(time.timed == series.windows[kHour].timed);
    CHECK(time.sum_ns == series.windows[kHour].sum_ns);
  }
  for (const ErrorFinding& finding : analysis.errors) {
    const SeriesView* series =
        find_series(snapshot.operations, finding.error.ring, finding.error.operation);
    CAPTURE(finding.error.operation);
    CHECK(finding.operations == series->windows[kHour].count());
    CHECK(finding.count == finding.error.count[kHour]);
    CHECK(finding.share == doctest::Approx(static_cast<double>(finding.count) /
                                           static_cast<double>(finding.operations)));
    CHECK(finding.failure == is_failure(finding.error.outcome));
  }
  REQUIRE(analysis.errors.size() == snapshot.errors.size());
  CHECK(std::is_sorted(analysis.errors.begin(), analysis.errors.end(),
                       [](const ErrorFinding& a, const ErrorFinding& b) {
                         return a.failure != b.failure ? a.failure : a.count > b.count;
                       }));
}

TEST_CASE("Analysis: what is slower than its threshold is counted as the records say") {
  const Snapshot snapshot = sample::busy();
  const Analysis analysis = analyse(snapshot);
  REQUIRE(analysis.slow.size() == 2);
  // DATABASE_BUSY takes at least 760 ms. Everything else of SEND_MESSAGE takes less than 20 ms.
  std::uint64_t busy = 0;
  for (const ErrorStats& error : snapshot.errors) {
    if (error.operation == "SEND_MESSAGE" && error.code == 5001) busy = error.count[kHour];
  }
  const SlowOperation& slow = analysis.slow[0];
  const WindowStats& stats =
      find_series(snapshot.operations, "chat", "SEND_MESSAGE")->windows[kHour];
  CHECK(slow.operation == "SEND_MESSAGE");
  CHECK(slow.ring == "chat");
  CHECK(slow.over == busy);
  CHECK(slow.timed == stats.timed);
  CHECK(slow.threshold_ns == 200e6);
  CHECK(slow.max_ns == stats.max_ns);
  CHECK(slow.p95_ns == stats.quantile_ns(0.95));
  CHECK(analysis.slow[1].operation == "CREATE_ROOM");
}

TEST_CASE(
    "Analysis: a threshold on the greatest value itself, or beyond all spans, has none over it") {
  Snapshot snapshot = sample::numbered();
  // SEARCH of east has scale 3: 100 of 10,000 spans are at 48 ms and above, and ten of these at 96
  // ms.
  const auto over = [&](std::int64_t threshold_ns) {
    snapshot.thresholds.operations = {{"SEARCH", {threshold_ns, -1}}};
    for (const SlowOperation& slow : analyse(snapshot).slow) {
      if (slow.operation == "SEARCH" && slow.ring == "east") return slow.over;
    }
    return std::uint64_t{0};
  };
  CHECK(over(45'000'000) == 100);
  CHECK(over(60'000'000) == 10);
  CHECK(over(97'500'000) == 0);
  CHECK(over(97'499'999) == 0);  // the threshold's own bucket counts as within
  CHECK(over(INT64_MAX) == 0);
}

TEST_CASE(
    "Analysis: errors are gathered by kind, failures first, and a rise is told from a level") {
  Snapshot snapshot = sample::busy();
  const Analysis analysis = analyse(snapshot);
  REQUIRE(analysis.error_kinds.size() == 5);
  CHECK(analysis.error_kinds[0].name == "BREAKER_OPEN");
  CHECK(analysis.error_kinds[1].name == "DATABASE_BUSY");
  CHECK_FALSE(analysis.error_kinds[2].failure);
  for (const ErrorKind& kind : analysis.error_kinds) CHECK_FALSE(kind.rising);
  snapshot.errors[0].count = {400, 300, 350, 400};
  CHECK(analyse(snapshot).error_kinds[0].rising);
}

TEST_CASE("Analysis: a kind is the sum of its operations, and knows the worst and the latest") {
  const Snapshot snapshot = sample::numbered();
  const Analysis analysis = analyse(snapshot);
  REQUIRE(analysis.error_kinds.size() == 6);
  for (const ErrorKind& kind : analysis.error_kinds) {
    std::array<std::uint64_t, kWindows> count{};
    const ErrorStats* worst = nullptr;
    const ErrorStats* latest = nullptr;
    std::size_t operations = 0;
    for (const ErrorStats& error : snapshot.errors) {
      if (error.code != kind.code) continue;
      ++operations;
      for (std::size_t w = 0; w < kWindows; ++w) count[w] += error.count[w];
      if (worst == nullptr || error.count[kHour] > worst->count[kHour]) worst = &error;
      if (latest == nullptr || error.last_wall_ns > latest->last_wall_ns) latest = &error;
    }
    CAPTURE(kind.code);
    CHECK(kind.count == count);
    CHECK(kind.operations == operations);
    CHECK(kind.top_operation == worst->operation);
    CHECK(kind.top_ring == worst->ring);
    CHECK(kind.top_count == worst->count[kHour]);
    CHECK(kind.last_wall_ns == latest->last_wall_ns);
    CHECK(kind.last_actor == latest->last_actor);
    CHECK(kind.failure == is_failure(kind.outcome));
  }
  // The same code with another name or outcome is another kind.
  Snapshot other;
  other.errors.resize(3);
  for (ErrorStats& error : other.errors) error.code = 5;
  other.errors[1].name = "NAMED";
  other.errors[2].outcome = RecordOutcome::timeout;
  CHECK(analyse(other).error_kinds.size() == 3);
}

TEST_CASE("Analysis: a rise takes twenty in the minute, twice the level, and three deviations") {
  struct Case {
    std::uint64_t minute, hour;
    bool rising;
  };
  // The hour has 59 minutes before the last one. A minute is expected to have a 59th of their
  // errors.
  const Case cases[] = {{19, 19, false},
                        {20, 20, true},
                        {40, 40 + 59 * 20, true},
                        {39, 39 + 59 * 20, false},
                        {600, 600 + 59 * 500, false},
                        {1000, 1000 + 59 * 500, true},
                        {25, 25 + 59 * 12, true},
                        {24, 24 + 59 * 12, true},
                        {20, 20 + 59 * 10, true},
                        {21, 10, false}};
  for (const Case& one : cases) {
    Snapshot snapshot;
    snapshot.all.windows[1].seconds = 60;
    snapshot.all.windows[3].seconds = 3600;
    snapshot.errors.resize(1);
    snapshot.errors[0].count = {one.hour, one.minute, one.minute, one.hour};
    CAPTURE(one.minute);
    CAPTURE(one.hour);
    CHECK(analyse(snapshot).error_kinds[0].rising == one.rising);
    // A rise needs as much time to compare with as the compared minute has.
    snapshot.all.windows[3].seconds = 119;
    CHECK_FALSE(analyse(snapshot).error_kinds[0].rising);
  }
}

TEST_CASE("Analysis: database, breaker and blocks are read from the events") {
  const Snapshot snapshot = sample::busy();
  const Analysis analysis = analyse(snapshot);
  REQUIRE(analysis.databases.size() == 1);
  const SeriesView* transactions = find_series(snapshot.events, "chat", names::kDbTransaction);
  CHECK(analysis.databases[0].transactions == transactions->window(Window::hour).count());
  CHECK(analysis.databases[0].rollbacks == transactions->window(Window::hour).errors);
  CHECK(analysis.databases[0].at_once_now == 1);
  CHECK(analysis.databases[0].at_once_max == 4);
  REQUIRE(analysis.resilience.breakers.size() == 1);
  CHECK(analysis.resilience.breakers[0].state == BreakerState::closed);
  CHECK(analysis.resilience.breakers[0].time_in_ns[1] == 9 * 1'999'000'000ULL);
  CHECK(analysis.resilience.breakers[0].time_in_ns[2] == 9 * 800'000'000ULL);
  CHECK(analysis.resilience.breakers[0].moves == 18);
  CHECK(analysis.security.rate_limited == 38);
}

TEST_CASE("Analysis: each ring has its database, its breaker and its events") {
  const Snapshot snapshot = sample::numbered();
  const Analysis analysis = analyse(snapshot);
  REQUIRE(analysis.databases.size() == 2);
  std::uint64_t allowed = 0, limited = 0, audit_ns = 0;
  for (const char* ring : {"east", "west"}) {
    const bool east = std::string(ring) == "east";
    const DatabaseSummary& database = analysis.databases[east ? 0 : 1];
    const WindowStats& transactions =
        find_series(snapshot.events, ring, names::kDbTransaction)->windows[kHour];
    const WindowStats& slow = find_series(snapshot.events, ring, names::kSlowQuery)->windows[kHour];
    CHECK(database.ring == ring);
    CHECK(database.transactions == transactions.count());
    CHECK(database.rollbacks == transactions.errors);
    CHECK(database.rollback_share == doctest::Approx(static_cast<double>(transactions.errors) /
                                                     static_cast<double>(transactions.count())));
    CHECK(database.transaction_ns == transactions.sum_ns);
    CHECK(database.busy == doctest::Approx(static_cast<double>(transactions.sum_ns) / 1e9 / 3600));
    CHECK(database.slow_queries == slow.count());
    CHECK(database.slow_query_ns == slow.sum_ns);
    std::uint64_t stage_ns = 0;
    for (const char* name : {"SEND", "SEND_ALL", "SEARCH"}) {
      stage_ns +=
          find_series(snapshot.operations, ring, name)->windows[kHour].stages[east ? 2 : 3].sum_ns;
    }
    CHECK(database.stage_ns == stage_ns);
    const GaugeView& gauge = snapshot.gauges[east ? 1 : 3];
    REQUIRE(gauge.name == names::kDbTransactions);
    CHECK(database.at_once_now == gauge.value);
    CHECK(database.at_once_max == gauge.max);

    const WindowStats& limit =
        find_series(snapshot.events, ring, names::kRateLimit)->windows[kHour];
    limited += limit.outcomes[5];
    allowed += limit.count() - limit.outcomes[5];
    audit_ns += find_series(snapshot.events, ring, names::kAuditWrite)->windows[kHour].sum_ns;

    // Oracle of the breaker: it walks the moves from the oldest on, and adds up how long each state
    // was held.
    const SeriesView* moves = find_series(snapshot.events, ring, names::kBreaker);
    std::array<std::uint64_t, 3> held{};
    std::int64_t state = moves->last.back().value;
    for (auto move = moves->last.rbegin() + 1; move != moves->last.rend(); ++move) {
      held[static_cast<std::size_t>(state)] += static_cast<std::uint64_t>(move->duration_ns);
      state = move->value;
    }
    const BreakerSummary& breaker = analysis.resilience.breakers.at(east ? 0 : 1);
    CHECK(breaker.ring == ring);
    CHECK(breaker.time_in_ns == held);
    CHECK(breaker.moves == 11);
    CHECK(static_cast<std::int64_t>(breaker.state) == state);
    CHECK(breaker.since_wall_ns ==
          moves->last.front().start_wall_ns + moves->last.front().duration_ns);
  }
  CHECK(analysis.security.rate_limited == limited);
  CHECK(analysis.security.rate_allowed == allowed);
  CHECK(analysis.security.audit_ns == audit_ns);
  CHECK(analysis.security.stage.name == "security");
  CHECK(analysis.security.stage.count > 0);

  std::vector<EventFinding> events = analysis.security.events;
  events.insert(events.end(), analysis.resilience.events.begin(), analysis.resilience.events.end());
  CHECK(events.size() == 10);  // five kinds with a meaning here, on two rings
  for (const EventFinding& event : events) {
    const SeriesView* series = find_series(snapshot.events, event.ring, event.name);
    REQUIRE(series != nullptr);
    CAPTURE(event.name);
    CHECK(event.count == series->windows[kHour].count());
    CHECK(event.since_start == series->windows[0].count());
    CHECK(event.sum_ns == series->windows[kHour].sum_ns);
    CHECK(event.last_wall_ns == series->last[0].start_wall_ns + series->last[0].duration_ns);
    CHECK(event.last_party == series->last[0].actor);
    CHECK_FALSE(event.meaning.empty());
  }
}

TEST_CASE(
    "Analysis: an event without an actor is laid at its subject, and one never seen is left out") {
  Snapshot snapshot;
  SeriesView series;
  series.name = names::kLoginFailed;
  snapshot.events.push_back(series);
  CHECK(analyse(snapshot).security.events.empty());
  snapshot.events[0].windows[0].skipped = 1;
  REQUIRE(analyse(snapshot).security.events.size() == 1);
  CHECK(analyse(snapshot).security.events[0].last_wall_ns == 0);
  RecordView record;
  record.subject = {PartyKind::address, 7};
  snapshot.events[0].last.push_back(record);
  CHECK(analyse(snapshot).security.events[0].last_party == record.subject);
}

TEST_CASE("Analysis: the hour is shown if anything happened in it, else what was since start") {
  Snapshot snapshot = sample::numbered();
  CHECK(analyse(snapshot).window == Window::hour);
  snapshot.all.windows[kHour].recorded = snapshot.all.windows[kHour].skipped = 0;
  CHECK(analyse(snapshot).window == Window::since_start);
}

TEST_CASE("Labels: a window says how much of it there is, until it is full to one slice") {
  Snapshot snapshot;
  snapshot.all.windows[0].seconds = 7500;
  CHECK(describe_window(snapshot, Window::since_start) == "since start (2 h 05 min)");
  snapshot.all.windows[1].seconds = 55;
  CHECK(describe_window(snapshot, Window::minute) == "the last minute");
  snapshot.all.windows[1].seconds = 54.9;
  CHECK(describe_window(snapshot, Window::minute) == "the last minute (54.9 s so far)");
  snapshot.all.windows[2].seconds = 296;
  CHECK(describe_window(snapshot, Window::five_minutes) == "the last 5 min");
  snapshot.all.windows[3].seconds = 3000;
  CHECK(describe_window(snapshot, Window::hour) == "the last hour (50 min 00 s so far)");
}

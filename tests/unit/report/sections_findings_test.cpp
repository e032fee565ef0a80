// The sections that draw conclusions: bottlenecks, security, suggestions, trends.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "report/model/format.h"
#include "tests/unit/report/numbered.h"
#include "tests/unit/report/sample.h"
#include "tests/unit/report/written.h"

using namespace ringside;
using namespace sample;

TEST_CASE("Sections: where the time went, each operation with all of its own stages") {
  const Written w(sample::numbered());
  const auto tables = w.page.tables("operation|ring|n|mean|of time|of its own time");
  REQUIRE(tables.size() == 1);
  Rows expected;
  const auto add = [&](const TimeShare& time) {
    std::string stages;
    for (const StageTime& stage : time.stages)
      stages += stage.name + " " + format_percent(stage.share) + " · ";
    expected.push_back({time.operation, time.ring, format_count(time.timed),
                        span(static_cast<double>(time.sum_ns) / static_cast<double>(time.timed)),
                        format_percent(time.share_of_all),
                        stages + "no stage " + format_percent(time.unmarked)});
  };
  for (const TimeShare& time : w.report.analysis.operations) add(time);
  add(w.report.analysis.all);
  REQUIRE(expected.size() == 7);
  check_rows(tables[0], expected);

  Snapshot few = sample::numbered();
  few.operations[0].windows[kHour].timed = 19;
  few.operations[1].windows[kHour].timed = 20;
  const Written cut(few);
  CHECK(cut.page.tables("operation|ring|n|mean|of time|of its own time")[0].size() == 6);
  CHECK(cut.says("BOTTLENECKS", "Not listed: 1 operation with fewer than 20 timed calls."));
}

TEST_CASE("Sections: an operation without stages, and one that they cover whole") {
  Snapshot snapshot = sample::numbered();
  for (StageStats& stage : snapshot.operations[0].windows[kHour].stages) stage = {};
  WindowStats& whole = snapshot.operations[1].windows[kHour];
  whole.stages = {};
  whole.stages[2] = {5, whole.sum_ns, 7};
  const Written w(snapshot);
  const Rows rows = w.page.tables("operation|ring|n|mean|of time|of its own time").at(0);
  for (const Row& row : rows) {
    if (row[1] != "east") continue;
    if (row[0] == "SEND") CHECK(row[5] == "no stage 100 %");
    if (row[0] == "SEND_ALL") CHECK(row[5] == "database 100 %");
  }
}

TEST_CASE("Sections: who went over the threshold") {
  const Written w(sample::numbered());
  const auto tables = w.page.tables("operation|ring|threshold|over it|of|share|p95|max");
  REQUIRE(tables.size() == 1);
  Rows expected;
  for (const SlowOperation& slow : w.report.analysis.slow) {
    expected.push_back({slow.operation, slow.ring, span(slow.threshold_ns), format_count(slow.over),
                        format_count(slow.timed), percent(slow.over, slow.timed),
                        span(*slow.p95_ns), span(slow.max_ns)});
  }
  REQUIRE(expected.size() == 2);
  check_rows(tables[0], expected);
}

TEST_CASE("Sections: the database of each ring") {
  const Written w(sample::numbered());
  for (std::size_t i = 0; i < 2; ++i) {
    const DatabaseSummary& d = w.report.analysis.databases[i];
    const SeriesView* series = find_series(w.snapshot.events, d.ring, "DB_TRANSACTION");
    const WindowStats& hour = series->windows[kHour];
    CAPTURE(d.ring);
    CHECK(w.says("BOTTLENECKS", "Database (" + d.ring + ")"));
    CHECK(w.says("BOTTLENECKS", "transactions: " + format_count(d.transactions) + " · " +
                                    format_count(hour.outcomes[0]) + " committed, " +
                                    format_count(d.rollbacks) + " rolled back (" +
                                    format_percent(d.rollback_share) + ")"));
    CHECK(w.says("BOTTLENECKS", "took: mean " + span(static_cast<double>(hour.sum_ns) / 10'000) +
                                    ", p50 " + bucket_value(hour, 0) + ", p99 " +
                                    bucket_value(hour, 3) + ", max " + span(hour.max_ns)));
    CHECK(w.says("BOTTLENECKS", "at once: " + format_number(d.busy) + " on average, " +
                                    format_signed(*d.at_once_now) + " now, " +
                                    format_signed(*d.at_once_max) + " at most at a tick"));
    CHECK(w.says("BOTTLENECKS", "slow queries: " + format_count(d.slow_queries) + ", " +
                                    span(d.slow_query_ns) + " in all"));
  }
  Snapshot none = sample::numbered();
  none.events.clear();
  CHECK(Written(none).says("BOTTLENECKS", "No transaction was seen."));
  CHECK(Written(none).says("BOTTLENECKS", "slow queries: none"));
}

TEST_CASE("Sections: events that have a meaning, and the breakers") {
  const Written w(sample::numbered());
  const auto tables = w.page.tables("event|ring|count|mean|last|of|that is");
  REQUIRE(tables.size() == 2);
  const auto rows = [](const std::vector<EventFinding>& events) {
    Rows expected;
    for (const EventFinding& event : events) {
      expected.push_back(
          {event.name, event.ring, format_count(event.count),
           span(static_cast<double>(event.sum_ns) / static_cast<double>(event.count)),
           format_time_of_day(event.last_wall_ns).substr(0, 8), format_party(event.last_party),
           event.meaning});
    }
    return expected;
  };
  check_rows(tables[0], rows(w.report.analysis.security.events));
  check_rows(tables[1], rows(w.report.analysis.resilience.events));
  for (const BreakerSummary& breaker : w.report.analysis.resilience.breakers) {
    const auto held = [&](std::size_t state) { return span(breaker.time_in_ns[state]); };
    CHECK(w.says("BOTTLENECKS", "Breaker (" + breaker.ring + "): " + name_of(breaker.state) +
                                    " since " + format_wall(breaker.since_wall_ns) +
                                    "; over the 11 moves before that it was open for " + held(1) +
                                    ", half-open for " + held(2) + ", closed for " + held(0) +
                                    "."));
  }
}

TEST_CASE("Sections: rate limits, blocks and what the security stage costs") {
  const Written w(sample::numbered());
  const SecuritySummary& s = w.report.analysis.security;
  const char* const title = "SECURITY";
  CHECK(w.says(title, "rate limit: " + format_count(s.rate_allowed) + " allowed, " +
                          format_count(s.rate_limited) + " limited (" +
                          percent(s.rate_limited, s.rate_allowed + s.rate_limited) + ")"));
  for (std::size_t i = 0; i < 5; ++i) {
    const BlockView& block = w.snapshot.blocks[i];
    CHECK(w.says(title,
                 std::string(i == 0 ? "blocks: " : ": ") + format_party(block.address) + " (" +
                     block.ring + ")" + (i == 0 ? "" : ", block " + format_count(block.blocks)) +
                     " at " + format_time_of_day(block.blocked_wall_ns) + ": " +
                     format_count(block.attempts_before) + " attempts before, then " +
                     format_count(block.turned_away) + " turned away, " +
                     format_count(block.got_through) + " got as far as a password or token"));
  }
  CHECK(w.says(title, ": and 2 more"));
  CHECK_FALSE(w.says(title, format_count(w.snapshot.blocks[5].turned_away)));
  CHECK(w.says(title,
               "its cost: the security stage takes " + format_percent(s.stage.share) +
                   " of the time of all operations, " +
                   span(static_cast<double>(s.stage.sum_ns) / static_cast<double>(s.stage.count)) +
                   " a call (n = " + format_count(s.stage.count) + ")"));
  CHECK(w.says(title, "audit log: " + span(s.audit_ns) + " spent on writing it"));
}

TEST_CASE("Sections: attempts turned away are as many as were counted, not as are kept") {
  const Written w(sample::busy());
  CHECK(w.says("SECURITY", "10 attempts before, then 164 turned away, 0 got"));
}

TEST_CASE("Sections: suggestions, numbered") {
  const Written w(sample::numbered());
  std::vector<std::string> texts;
  std::size_t number = 0;
  for (const Suggestion& one : w.report.analysis.suggestions) {
    texts.insert(texts.end(),
                 {std::to_string(++number), one.what, "evidence", one.evidence, "gain", one.gain,
                  "confidence", std::string(confidence_name(one.confidence)) + ": " + one.why});
  }
  REQUIRE(number > 2);
  const auto all = w.page.texts("numbered");  // incidents come first
  REQUIRE(all.size() > texts.size());
  CHECK(std::vector<std::string>(all.end() - static_cast<std::ptrdiff_t>(texts.size()),
                                 all.end()) == texts);
}

TEST_CASE("Sections: trends of all and of what takes the most time") {
  const Written w(sample::numbered(), {.top = 2});
  const auto tables = w.page.tables("|ring|rate/s 1m|5m|1h|err 1m|5m|1h|p90 1m|5m|1h|");
  REQUIRE(tables.size() == 1);
  Rows expected;
  const auto add = [&](const SeriesView& series) {
    Row row = {series.name, series.ring};
    for (const std::size_t i : {1U, 2U, 3U}) row.push_back(format_number(series.windows[i].rate()));
    for (const std::size_t i : {1U, 2U, 3U})
      row.push_back(format_percent(series.windows[i].error_rate()));
    for (const std::size_t i : {1U, 2U, 3U}) row.push_back(bucket_value(series.windows[i], 1));
    row.push_back("steady");
    expected.push_back(row);
  };
  add(w.snapshot.all);
  for (std::size_t i = 0; i < 4; ++i) {
    const TimeShare& time = w.report.analysis.operations[i];
    add(*find_series(w.snapshot.operations, time.ring, time.operation));
  }
  check_rows(tables[0], expected);
}

TEST_CASE("Sections: slower and faster by half, and nothing from few") {
  const auto change = [](double factor, std::uint64_t n) {
    Snapshot snapshot = sample::numbered();
    WindowStats& minute = snapshot.all.windows[1];
    for (Histogram::Bucket& bucket : minute.latency.buckets) {
      bucket.index = static_cast<std::int16_t>(bucket.index + std::lround(32 * std::log2(factor)));
    }
    minute.min_ns = 0;
    minute.max_ns *= 10;
    minute.timed = n;
    return Written(snapshot)
        .page.tables("|ring|rate/s 1m|5m|1h|err 1m|5m|1h|p90 1m|5m|1h|")
        .at(0)
        .at(0)
        .back();
  };
  CHECK(change(1.6, 10'000) == "slower");
  CHECK(change(1.4, 10'000) == "steady");
  CHECK(change(1 / 1.4, 10'000) == "steady");
  CHECK(change(1 / 1.6, 10'000) == "faster");
  CHECK(change(1.6, 49) == "–");
  CHECK(change(1.6, 50) == "slower");
}

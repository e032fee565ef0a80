// The section on operations, cell by cell: how many, how long, the latest, the slowest.
#include <doctest/doctest.h>

#include <algorithm>

#include "report/model/format.h"
#include "tests/unit/report/numbered.h"
#include "tests/unit/report/written.h"

using namespace ringside;
using namespace sample;

namespace {

bool seen(const SeriesView& series) { return series.server_count > 0; }

// The rows of the tables of operations: the operations that were seen, each ring's categories, all.
template <class Cells>
Rows rows_of_operations(const Snapshot& snapshot, Cells cells) {
  Rows rows;
  const auto add = [&](const SeriesView& series, const std::string& name) {
    Row row = {name, series.ring};
    for (std::string& cell : cells(series)) row.push_back(std::move(cell));
    rows.push_back(row);
  };
  for (const SeriesView& series : snapshot.operations) {
    if (seen(series)) add(series, series.name);
  }
  for (const SeriesView& series : snapshot.categories) add(series, series.name);
  add(snapshot.all, "all");
  return rows;
}

}  // namespace

TEST_CASE("Sections: how many, in the window that is shown") {
  const Written w(sample::numbered());
  const auto tables = w.page.tables("operation|ring|count|rate|errors|error %|refused|refused %");
  REQUIRE(tables.size() == 1);
  check_rows(tables[0], rows_of_operations(w.snapshot, [](const SeriesView& series) {
               const WindowStats& hour = series.windows[kHour];
               const std::uint64_t count = hour.recorded + hour.skipped;
               return Row{format_count(count),
                          format_rate(static_cast<double>(count - hour.history) / 3600),
                          format_count(hour.errors),
                          percent(hour.errors, count),
                          format_count(hour.refused),
                          percent(hour.refused, count)};
             }));
  CHECK(w.says("OPERATIONS", "How many, in the last hour."));
}

TEST_CASE("Sections: how long, with min, mean, p95 and p99.9") {
  const Written w(sample::numbered());
  const auto tables = w.page.tables("operation|ring|min|mean|p50|p90|p95|p99|p99.9|max");
  REQUIRE(tables.size() == 1);
  check_rows(tables[0], rows_of_operations(w.snapshot, [](const SeriesView& series) {
               const WindowStats& hour = series.windows[kHour];
               return Row{span(hour.min_ns),     span(static_cast<double>(hour.sum_ns) / 10'000),
                          bucket_value(hour, 0), bucket_value(hour, 1),
                          bucket_value(hour, 2), bucket_value(hour, 3),
                          bucket_value(hour, 4), span(hour.max_ns)};
             }));
}

TEST_CASE("Sections: a quantile past the end of the buckets is shown as a bound") {
  Snapshot snapshot = sample::numbered();
  WindowStats& stats = snapshot.operations[0].windows[kHour];
  // Above p99, and it holds p99.9.
  stats.latency.buckets[4].index = static_cast<std::int16_t>(kMaxBucket);
  stats.latency.buckets.resize(5);
  stats.max_ns = 400'000'000'000'000;
  const Written w(snapshot);
  const Row row = w.page.tables("operation|ring|min|mean|p50|p90|p95|p99|p99.9|max").at(0).at(0);
  CHECK(row[8] == "≥ " + span(longest_told_apart_seconds() * 1e9));
  CHECK(row[7].find("≥") == std::string::npos);
  CHECK(row[9] == "4 d 15 h");
}

TEST_CASE("Sections: the last of each and the books since start") {
  const Written w(sample::numbered());
  const auto tables =
      w.page.tables("operation|ring|last|failed|p50|p90|max|server says|errors|read|lost");
  REQUIRE(tables.size() == 1);
  Rows expected;
  for (const SeriesView& series : w.snapshot.operations) {
    if (!seen(series)) continue;
    // Eleven of the twelve are timed. By nearest rank the quantiles are the 6th, 10th and 11th.
    std::vector<std::int64_t> spans;
    for (const RecordView& record : series.last) {
      if (!record.untimed) spans.push_back(record.duration_ns);
    }
    REQUIRE(spans.size() == 11);
    std::sort(spans.begin(), spans.end());
    const auto at = [&](std::size_t rank) {
      return format_span(static_cast<double>(spans[rank - 1]));
    };
    expected.push_back({series.name, series.ring, "12", "10", at(6), at(10), at(11),
                        format_count(series.server_count), format_count(series.server_errors),
                        format_count(series.books.read), format_count(series.books.lost)});
  }
  check_rows(tables[0], expected);
  CHECK(w.says("OPERATIONS", "The last 12 of each, exact"));
}

TEST_CASE("Sections: p90 of the last needs ten, the median and the greatest one") {
  Snapshot snapshot = sample::numbered();
  snapshot.operations[0].last.resize(10);  // nine of them are timed
  snapshot.operations[1].last.resize(1);
  snapshot.operations[2].last.clear();
  const Written w(snapshot);
  const Rows rows =
      w.page.tables("operation|ring|last|failed|p50|p90|max|server says|errors|read|lost").at(0);
  CHECK(rows[0][2] == "10");
  CHECK(rows[0][5] == "–");
  CHECK(rows[0][4] != "–");
  CHECK(rows[1][4] == span(static_cast<double>(snapshot.operations[1].last[0].duration_ns)));
  CHECK(rows[1][6] == rows[1][4]);
  CHECK(rows[2][4] == "–");
  CHECK(rows[2][6] == "–");
}

TEST_CASE("Sections: names that nobody uses are counted, and the first few named") {
  const Written w(sample::numbered());
  CHECK(w.says("OPERATIONS",
               "Registered, not seen so far: 8 operations (UNSEEN_0 (east), UNSEEN_1 (east), "
               "UNSEEN_2 (east), UNSEEN_3 (east), UNSEEN_0 (west) …)."));
  Snapshot few = sample::numbered();
  few.operations.resize(4);
  CHECK(Written(few).says("OPERATIONS",
                          "Registered, not seen so far: 1 operation (UNSEEN_0 (east))."));
  few.operations.resize(3);
  CHECK_FALSE(Written(few).says("OPERATIONS", "Registered"));
}

TEST_CASE(
    "Sections: the slowest, of the last hour and since start, each named and cut to the limit") {
  const Written w(sample::numbered());
  const auto tables = w.page.tables("operation|ring|took|began|outcome|who|on what");
  REQUIRE(tables.size() == 2);
  const auto rows = [](const std::vector<RecordView>& records) {
    Rows expected;
    for (std::size_t i = 0; i < 5; ++i) {
      const RecordView& record = records[i];
      expected.push_back(
          {record.operation, record.ring, span(static_cast<double>(record.duration_ns)),
           format_wall(record.start_wall_ns),
           record.error != 0 ? std::to_string(record.error) + " LATE" : "rejected",
           "user " + std::to_string(record.actor.id), "room " + std::to_string(record.subject.id)});
    }
    return expected;
  };
  check_rows(tables[0], rows(w.snapshot.slowest));
  check_rows(tables[1], rows(w.snapshot.slowest_since_start));
  CHECK(w.says("OPERATIONS", "Slowest single operations of the last hour"));
  CHECK(w.says("OPERATIONS", "Slowest single operations since start"));
  // In the first hour both lists are the same, and the report shows one.
  Snapshot young = sample::numbered();
  young.all.windows[0].seconds = young.all.windows[kHour].seconds;
  CHECK(Written(young).page.tables("operation|ring|took|began|outcome|who|on what").size() == 1);
  CHECK_FALSE(Written(young).says("OPERATIONS", "Slowest single operations of the last hour"));
}

TEST_CASE("Sections: events with their counts, spans and books") {
  Snapshot snapshot = sample::numbered();
  snapshot.events[2].windows[kHour].max_ns = 0;  // takes no time
  SeriesView never;
  never.name = "NEVER";
  snapshot.events.push_back(never);
  const Written w(snapshot);
  const auto tables = w.page.tables("event|ring|count|rate|p50|max|since start|read|lost");
  REQUIRE(tables.size() == 1);
  Rows expected;
  for (const SeriesView& series : w.snapshot.events) {
    if (series.name == "NEVER") continue;
    const WindowStats& hour = series.windows[kHour];
    const bool timed = hour.max_ns > 0;
    expected.push_back(
        {series.name, series.ring, format_count(hour.recorded + hour.skipped),
         format_rate(static_cast<double>(hour.recorded + hour.skipped - hour.history) / 3600),
         timed ? bucket_value(hour, 0) : "–", timed ? span(hour.max_ns) : "–",
         format_count(series.server_count), format_count(series.books.read),
         format_count(series.books.lost)});
  }
  check_rows(tables[0], expected);
}

// Where the time goes beside the sums: median and tail, before and after a thread takes the call,
// how many at once, and with the load.
#include "report/analysis/bottlenecks.h"

#include <doctest/doctest.h>

#include <cmath>

#include "report/analysis/analysis.h"
#include "report/analysis/over_time.h"
#include "tests/unit/report/sample.h"

using namespace ringside;

namespace {

constexpr std::int64_t kBegin = 1'732'320'000;

SeriesView send(std::uint64_t n, std::uint64_t mean_ns) {
  SeriesView series;
  series.name = "SEND";
  series.ring = "chat";
  series.stage_names = {"queue", "database"};
  WindowStats& hour = series.windows[sample::kHour];
  hour.seconds = 100;
  hour.recorded = hour.timed = n;
  hour.sum_ns = n * mean_ns;
  return series;
}

Snapshot with(const SeriesView& series) {
  Snapshot snapshot;
  snapshot.operations = {series};
  snapshot.all = series;
  return snapshot;
}

// An hour of minutes. The load goes from 10 to 40 calls a second and back, and the mean time by
// `mean_ns(load)`; the database's stage takes all above 1 ms.
template <class Mean>
HistorySpan hour_of(Mean mean_ns) {
  HistorySpan span;
  span.begin_wall_s = kBegin;
  span.end_wall_s = kBegin + 3600;
  HistorySeries series;
  series.name = "SEND";
  series.ring = "chat";
  series.stage_names = {"queue", "database"};
  for (std::int64_t m = 0; m < 60; ++m) {
    const auto load = static_cast<std::uint64_t>(25 + 15 * std::sin(static_cast<double>(m)));
    HistorySlot slot;
    slot.begin_wall_s = kBegin + m * 60;
    slot.observed_seconds = 60;
    slot.recorded = slot.timed = load * 60;
    slot.outcomes[0] = slot.recorded;
    slot.sum_ns = slot.timed * mean_ns(load);
    slot.stages[0] = {slot.timed, slot.timed * 1'000, 1'000};
    slot.stages[1] = {slot.timed, slot.sum_ns - slot.timed * 1'000, 1};
    series.slots.push_back(slot);
  }
  span.series = {series};
  return span;
}

LoadEffect effect_of(const HistorySpan& span) {
  const Snapshot snapshot = with(send(100, 1'000'000));
  return Report(snapshot, &span).analysis.bottlenecks.load.at(0);
}

}  // namespace

TEST_CASE("Bottlenecks: the stage that takes the tail need not be that of the median") {
  SeriesView series = send(100, 1'000'000);
  for (int i = 0; i < 50; ++i) {
    RecordView record;
    record.duration_ns = i < 5 ? 100'000'000 : 1'000'000 + i;
    // Slow calls wait for a thread. The others work on the database.
    record.stages_ns = {i < 5 ? 90'000'000U : 100'000U, i < 5 ? 1'000'000U : 800'000U};
    series.last.push_back(record);
  }
  const Snapshot snapshot = with(series);
  const Report report(snapshot);
  REQUIRE(report.analysis.bottlenecks.profiles.size() == 1);
  const StageProfile& profile = report.analysis.bottlenecks.profiles[0];
  CHECK(profile.records == 50);
  CHECK(profile.tail_records == 5);
  CHECK(profile.tail_ns == 100'000'000);
  CHECK(profile.median_ns == doctest::Approx(1'000'024.5));
  REQUIRE(profile.stages.size() == 2);
  CHECK(profile.stages[0].name == "queue");
  CHECK(profile.stages[0].tail_share == doctest::Approx(0.9));
  CHECK(profile.stages[0].median_share == doctest::Approx(0.1).epsilon(0.001));
  CHECK(profile.stages[1].median_share == doctest::Approx(0.8).epsilon(0.001));
  // One record fewer proves nothing.
  Snapshot few = snapshot;
  few.operations[0].last.pop_back();
  CHECK(Report(few).analysis.bottlenecks.profiles.empty());
}

TEST_CASE("Bottlenecks: clients feel the wait, and Little's law says how many run at once") {
  SeriesView series = send(5000, 4'000'000);
  series.windows[sample::kHour].stages[0] = {5000, 5'000'000'000, 1};
  series.windows[sample::kHour].stages[1] = {5000, 10'000'000'000, 1};
  const Snapshot snapshot = with(series);
  const Report report(snapshot);
  const Bottlenecks& found = report.analysis.bottlenecks;
  REQUIRE(found.felt.size() == 2);
  CHECK(found.felt[0].operation == "SEND");
  CHECK(found.felt[0].felt_ns == 4'000'000);
  CHECK(found.felt[0].waited_ns == 1'000'000);
  CHECK(found.felt[0].from_arrival);
  CHECK(found.felt[0].at_once == doctest::Approx(0.2));  // 50 a second, 4 ms each
  CHECK(found.felt[1].operation == "all");
  CHECK(found.felt[1].waited_ns == 1'000'000);
  CHECK(found.database_share == doctest::Approx(0.5));
  Snapshot unmarked = snapshot;
  unmarked.operations[0].stage_names = {"first", "database"};
  CHECK_FALSE(Report(unmarked).analysis.bottlenecks.felt[0].from_arrival);
}

TEST_CASE("Bottlenecks: what rises with the load waits for a turn, and its stage is named") {
  const LoadEffect effect =
      effect_of(hour_of([](std::uint64_t load) { return 1'000'000 + load * 100'000; }));
  CHECK(effect.kind == LoadEffect::Kind::rises);
  CHECK(effect.minutes == 60);
  CHECK(effect.correlation > 0.95);
  CHECK(effect.low_rate < 15);
  CHECK(effect.high_rate > 35);
  CHECK(effect.high_ns > effect.low_ns * 1.5);
  CHECK(effect.stage == "database");
  CHECK(effect.stage_high_ns > effect.stage_low_ns);
}

TEST_CASE(
    "Bottlenecks: slow work does not rise, caches make it fall, and few minutes say nothing") {
  CHECK(effect_of(hour_of([](std::uint64_t) { return 50'000'000; })).kind ==
        LoadEffect::Kind::steady);
  CHECK(effect_of(hour_of([](std::uint64_t load) { return 9'000'000 - load * 100'000; })).kind ==
        LoadEffect::Kind::falls);
  HistorySpan few = hour_of([](std::uint64_t load) { return load * 100'000; });
  few.series[0].slots.resize(19);
  CHECK(effect_of(few).kind == LoadEffect::Kind::unknown);
  HistorySpan idle = hour_of([](std::uint64_t load) { return load * 100'000; });
  for (HistorySlot& slot : idle.series[0].slots) slot.timed = 19;
  CHECK(effect_of(idle).minutes == 0);
  // A load that hardly changes.
  HistorySpan even = hour_of([](std::uint64_t) { return 1'000'000; });
  for (HistorySlot& slot : even.series[0].slots) slot.recorded = 600;
  CHECK(effect_of(even).kind == LoadEffect::Kind::unknown);
}

TEST_CASE("Bottlenecks: an incident is no load") {
  HistorySpan span = hour_of([](std::uint64_t) { return 1'000'000; });
  for (std::size_t m = 0; m < 60; ++m) {
    HistorySlot& slot = span.series[0].slots[m];
    if (m >= 30 && slot.recorded > 1800) slot.sum_ns *= 100;
  }
  CHECK(effect_of(span).high_ns > 10'000'000);
  IncidentView incident;
  incident.ring = "chat";
  incident.began_wall_ns = (kBegin + 1800) * sample::kSecond;
  incident.ended_wall_ns = (kBegin + 3600) * sample::kSecond;
  span.incidents = {incident};
  const LoadEffect effect = effect_of(span);
  CHECK(effect.minutes == 30);
  CHECK(effect.high_ns == doctest::Approx(1'000'000));
}

TEST_CASE("OverTime: slots become equal steps, and nothing is lost or counted twice") {
  HistorySpan span = hour_of([](std::uint64_t) { return 1'000'000; });
  HistorySeries other = span.series[0];
  other.name = "POLL";
  other.waits_for_client = true;
  span.series.push_back(other);
  std::uint64_t calls = 0, timed = 0;
  for (const HistorySlot& slot : span.series[0].slots) {
    calls += 2 * slot.count();
    timed += slot.timed;
  }
  for (const std::size_t most : {60UL, 59UL, 7UL, 1UL}) {
    CAPTURE(most);
    const auto points = points_over_time(span, "", "", most);
    CHECK(points.size() <= most);
    std::uint64_t counted = 0, with_time = 0;
    double observed = 0;
    for (const TimePoint& point : points) {
      counted += point.count;
      with_time += point.timed;
      observed += point.observed_seconds;
    }
    CHECK(counted == calls);
    CHECK(with_time == timed);  // a poll's time is its client's
    CHECK(observed == 3600);
  }
  span.series[0].slots.erase(span.series[0].slots.begin() + 5);
  const auto one = points_over_time(span, "chat", "SEND", 1000);
  REQUIRE(one.size() == 60);
  CHECK_FALSE(one[5].known());
  CHECK(one[6].known());
  CHECK(points_over_time(span, "other", "", 60)[0].count == 0);
  CHECK(points_over_time(HistorySpan{}, "", "", 60).empty());
}

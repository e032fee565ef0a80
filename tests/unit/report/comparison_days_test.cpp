// Spans of other lengths, of days, and of a past of which only hours are kept.
#include "report/analysis/comparison.h"

#include <doctest/doctest.h>

#include "tests/support/random.h"
#include "tests/unit/report/compared_days.h"
#include "tests/unit/report/compared_lookup.h"

using namespace ringside;
using namespace compared;

namespace {

constexpr std::int64_t kNightLong = 8 * kHourLong;
constexpr std::int64_t kThatDay = kMonday + 8 * kDayLong;

using Kind = ComparedOperation::Kind;

}  // namespace

TEST_CASE("Comparison: with a week each hour is held against the same hour of its days") {
  const std::uint64_t seed = ringside::test::seed();
  INFO("seed ", seed);
  Days days(seed);
  days.season = 2;
  // One of the days was a bad one.
  days.change = [](Traffic& traffic, std::int64_t at) {
    if (at / kDayLong == kMonday / kDayLong + 3) traffic.median_ms *= 3;
  };
  const HistorySpan week = days.span(kMonday, 7 * kDayLong);
  const std::int64_t noon = kThatDay + 10 * kHourLong;
  const Comparison same = compare_spans(days.span(noon, 4 * kHourLong), week);
  CAPTURE(same.verdict);
  CHECK(same.by_time_of_day);
  CHECK(changed(same) == 0);
  days.change = [](Traffic& traffic, std::int64_t) { traffic.median_ms *= 1.3; };
  const Comparison slower = compare_spans(days.span(noon, 4 * kHourLong), week);
  for (const ComparedOperation& operation : slower.operations) {
    CHECK(operation.kind == Kind::slower);
    CHECK(figure(operation, ComparedFigure::Kind::p50).effect == doctest::Approx(0.3).epsilon(0.2));
  }
  // Several days against several days, of another number.
  days.change = nullptr;
  const Comparison two = compare_spans(days.span(kThatDay, 2 * kDayLong), week);
  CHECK(two.by_time_of_day);
  CHECK(changed(two) == 0);
}

TEST_CASE("Comparison: spans of other lengths within a day are held step against step") {
  Days days(16);
  const HistorySpan before = days.span(kThatDay, 2 * kHourLong);
  days.change = [](Traffic& traffic, std::int64_t) {
    if (traffic.name == "SEND") traffic.median_ms *= 1.5;
  };
  const Comparison comparison =
      compare_spans(days.span(kThatDay + 2 * kHourLong, kHourLong), before);
  CHECK_FALSE(comparison.by_time_of_day);
  CHECK(one(comparison, "SEND").kind == Kind::slower);
  CHECK(changed(comparison) == 1);
}

namespace {

// The same span, as a history has it of which only hours are kept.
HistorySpan hours_of(const HistorySpan& span) {
  HistorySpan hours = span;
  for (HistoryRing& ring : hours.rings) {
    ring.slots.clear();
    for (std::int64_t at = span.begin_wall_s; at < span.end_wall_s; at += kHourLong)
      ring.slots.push_back({at / kHourLong * kHourLong, 3600, 0, 3600, 0});
  }
  for (HistorySeries& series : hours.series) {
    std::vector<HistorySlot> slots;
    for (const HistorySlot& minute : series.slots) {
      const std::int64_t hour = minute.begin_wall_s / kHourLong * kHourLong;
      if (slots.empty() || slots.back().begin_wall_s != hour) {
        slots.emplace_back().begin_wall_s = hour;
        slots.back().seconds = 3600;
      }
      HistorySlot& slot = slots.back();
      slot.recorded += minute.recorded;
      slot.timed += minute.timed;
      slot.sum_ns += minute.sum_ns;
      slot.latency.merge(minute.latency);
      for (std::size_t i = 0; i < kOutcomes; ++i) slot.outcomes[i] += minute.outcomes[i];
      slot.stages[1].count += minute.stages[1].count;
      slot.stages[1].sum_ns += minute.stages[1].sum_ns;
    }
    series.slots = std::move(slots);
  }
  return hours;
}

}  // namespace

TEST_CASE("Comparison: of a past with hours alone each is held against its minutes") {
  const std::uint64_t seed = ringside::test::seed();
  INFO("seed ", seed);
  Days days(seed);
  days.season = 1;
  std::size_t told = 0;
  for (int run = 0; run < 10; ++run) {
    const HistorySpan then = hours_of(days.span(kThatDay - 7 * kDayLong, kNightLong));
    const HistorySpan week = hours_of(days.span(kThatDay - 6 * kDayLong, 5 * kDayLong));
    days.change = nullptr;
    const HistorySpan same = days.span(kThatDay, kNightLong);
    told += changed(compare_spans(same, then)) + changed(compare_spans(same, week));
    days.change = [](Traffic& traffic, std::int64_t) {
      if (traffic.name == "SEND") traffic.median_ms *= 1.3;
    };
    const HistorySpan now = days.span(kThatDay, kNightLong);
    for (const HistorySpan* past : {&then, &week}) {
      const Comparison comparison = compare_spans(now, *past);
      CAPTURE(comparison.verdict);
      CHECK(one(comparison, "SEND").kind == Kind::slower);
      CHECK(changed(comparison) == 1);
    }
    days.change = nullptr;
  }
  CHECK(told <= 1);
}

TEST_CASE("Comparison: hours that a span begins and ends within are partners of its steps") {
  Days days(21);
  HistorySpan then = hours_of(days.span(kThatDay - kDayLong, kNightLong));
  const HistorySpan now = days.span(kThatDay + 1'800, 3 * kHourLong);
  then.begin_wall_s += 1'800;
  then.end_wall_s = then.begin_wall_s + 3 * kHourLong;
  const Comparison night = compare_spans(now, then);
  CHECK(figure(one(night, "SEND"), ComparedFigure::Kind::p50).steps == 48);
  HistorySpan week = hours_of(days.span(kThatDay - 7 * kDayLong, 6 * kDayLong));
  CHECK(figure(one(compare_spans(now, week), "SEND"), ComparedFigure::Kind::p50).steps == 48);
  const HistorySpan hour = days.span(kThatDay + 1'800, kHourLong);
  CHECK(figure(one(compare_spans(hour, week), "SEND"), ComparedFigure::Kind::p50).steps == 16);
  // With hours alone on both sides a night has too few of them, and two days have enough.
  CHECK_FALSE(figure(one(compare_spans(hours_of(days.span(kThatDay, kNightLong)), week), "SEND"),
                     ComparedFigure::Kind::p50)
                  .judged());
  CHECK(figure(one(compare_spans(hours_of(days.span(kThatDay, 2 * kDayLong)), week), "SEND"),
               ComparedFigure::Kind::p50)
            .judged());
}

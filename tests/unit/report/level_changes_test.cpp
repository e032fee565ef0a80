// Operations that took another level over the days of a history, in the report.
#include "report/analysis/level_changes.h"

#include <doctest/doctest.h>

#include <cmath>
#include <random>
#include <string>

#include "report/analysis/analysis.h"
#include "report/analysis/past_snapshot.h"
#include "report/render/text.h"
#include "tests/support/random.h"
#include "tests/unit/report/level_sample.h"

using namespace ringside;

using sample::kLevelsBegin;
using sample::kOneHourS;
using sample::level_hours;

TEST_CASE("LevelChanges: a deploy that made an operation faster is named with its level") {
  std::mt19937_64 engine(ringside::test::seed());
  HistorySpan span = level_hours(engine, 120, 60, 0.7);
  const std::int64_t deploy_ns = (kLevelsBegin + 60 * kOneHourS + 60) * 1'000'000'000;
  span.marks = {{deploy_ns, HistoryMark::Kind::deploy, "chat", "build 2, before 1"},
                {deploy_ns, HistoryMark::Kind::deploy, "other", "build 9, before 8"}};
  const LevelChanges changes = level_changes(span);
  CHECK(changes.slot_s == kOneHourS);
  CHECK(changes.looked_at == 2);
  REQUIRE(changes.found.size() == 2);
  for (const LevelChange& one : changes.found) {
    CHECK(one.operation == "SEND");
    CHECK(std::abs(one.change.begin_wall_s - (kLevelsBegin + 60 * kOneHourS)) <= kOneHourS);
    CHECK(one.change.after / one.change.before == doctest::Approx(0.7).epsilon(0.05));
    REQUIRE(one.change.follows);
    CHECK(one.change.follows->text == "build 2, before 1");
  }
  CHECK(changes.found[0].quantile + changes.found[1].quantile == doctest::Approx(1.45));
  const Snapshot snapshot = past_snapshot(span);
  const std::string text = render_text(Report(snapshot, &span), {.limits = {.whole = true}});
  CHECK(text.find("Operations that took another level") != std::string::npos);
  CHECK(text.find("deploy at 2026-03-04T12:01Z: build") != std::string::npos);
  // An advice about it that ended then has the change point beside it.
  HistoryAdvice& advice = span.advice.emplace_back();
  advice.key = {AdviceKind::operation, "chat", "SEND"};
  advice.last_ns = deploy_ns - kOneHourS * 1'000'000'000 / 2;
  advice.first_figure = 5e6;
  advice.absent_looks = 3;
  advice.absent_since_ns = deploy_ns + kOneHourS * 1'000'000'000 / 2;
  advice.absent_ns = deploy_ns + 40 * kOneHourS * 1'000'000'000;
  const Analysis analysis = analyse(snapshot, &span);
  CHECK(analysis.kept_advice.at(0).change_point.find("its p") == 0);
  CHECK(outcome_of(analysis.kept_advice[0]).find("Near its end its p") != std::string::npos);
}

TEST_CASE("LevelChanges: a healthy week with a slower operation is no quiet one") {
  std::mt19937_64 engine(ringside::test::seed());
  HistorySpan span = level_hours(engine, 120, 60, 2);
  const Snapshot snapshot = past_snapshot(span);
  const Report report(snapshot, &span);
  CHECK(report.analysis.verdict == Verdict::healthy);
  CHECK(render_text(report).find("Operations that took another level") != std::string::npos);
}

TEST_CASE("LevelChanges: hours without calls move no hour to another time of day") {
  std::mt19937_64 engine(ringside::test::seed());
  HistorySpan span = level_hours(engine, 168, 84, 1.4);
  std::vector<HistorySlot>& slots = span.series[0].slots;
  // By day it is busy, and slower; at night nobody calls.
  for (HistorySlot& slot : slots) {
    for (Histogram::Bucket& bucket : slot.latency.buckets)
      bucket.index = static_cast<std::int16_t>(
          bucket.index + static_cast<int>(slot.begin_wall_s / kOneHourS % 24 >= 12 ? 16 : 0));
  }
  std::erase_if(slots, [](const HistorySlot& slot) {
    const std::int64_t hour = slot.begin_wall_s / kOneHourS % 24;
    return hour >= 1 && hour < 8;
  });
  const LevelChanges changes = level_changes(span);
  REQUIRE_FALSE(changes.found.empty());
  for (const LevelChange& one : changes.found) {
    CHECK(std::abs(one.change.begin_wall_s - (kLevelsBegin + 84 * kOneHourS)) <= 2 * kOneHourS);
    CHECK(one.change.after / one.change.before == doctest::Approx(1.4).epsilon(0.1));
  }
}

TEST_CASE("LevelChanges: where nothing changes that is said, and of two days nothing is") {
  std::mt19937_64 engine(ringside::test::seed());
  HistorySpan span = level_hours(engine, 120, 0, 1);
  const LevelChanges changes = level_changes(span);
  CHECK(changes.looked_at == 2);
  CHECK(changes.found.size() <= 1);  // chance makes one in hundreds of draws
  if (changes.found.empty()) {
    const Snapshot snapshot = past_snapshot(span);
    CHECK(render_text(Report(snapshot, &span), {.limits = {.whole = true}})
              .find("No operation took another level since 2026-03-02T00:00Z (p50 and p95") !=
          std::string::npos);
  }
  span.series[0].waits_for_client = true;
  CHECK(level_changes(span).looked_at == 0);
  const HistorySpan two_days = level_hours(engine, 48, 24, 2);
  CHECK(level_changes(two_days).slot_s == 0);
  CHECK(level_changes(two_days).found.empty());
}

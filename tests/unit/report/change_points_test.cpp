// Change points of daily and hourly figures.
#include "report/analysis/change_points.h"

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>
#include <random>
#include <vector>

#include "tests/support/random.h"

using namespace ringside;

namespace {

constexpr std::int64_t kBegin = 1'772'409'600;
constexpr std::int64_t kDayLong = 86'400;

// Figures around 5 ms with a deviation of 5 %, `rise` (a logarithm) higher from `change` on.
std::vector<LevelPoint> drawn(std::mt19937_64& engine, std::size_t count, std::size_t change,
                              double rise, double curve = 0, std::int64_t slot = kDayLong) {
  std::normal_distribution<double> normal(0, 0.05);
  std::vector<LevelPoint> points;
  for (std::size_t i = 0; i < count; ++i) {
    const double day = curve * std::sin(2 * std::numbers::pi * static_cast<double>(i % 24) / 24);
    points.push_back({kBegin + static_cast<std::int64_t>(i) * slot,
                      5e6 * std::exp(normal(engine) + (i >= change ? rise : 0) + day)});
  }
  return points;
}

HistoryMark mark(HistoryMark::Kind kind, std::int64_t wall_s, const char* text) {
  return {wall_s * 1'000'000'000, kind, "chat", text};
}

}  // namespace

TEST_CASE("ChangePoints: a step of four deviations is found where it is, up or down") {
  std::mt19937_64 engine(ringside::test::seed());
  for (const double rise : {0.2, -0.2}) {
    const auto changes = change_points(drawn(engine, 60, 25, rise));
    REQUIRE(changes.size() == 1);
    CHECK(std::abs(static_cast<int>(changes[0].index) - 25) <= 1);
    CHECK(changes[0].begin_wall_s ==
          kBegin + static_cast<std::int64_t>(changes[0].index) * kDayLong);
    CHECK(changes[0].effect_percent == doctest::Approx(100 * std::expm1(rise)).epsilon(0.3));
    CHECK(changes[0].before == doctest::Approx(5e6).epsilon(0.05));
    CHECK(changes[0].chance <= 0.005);
  }
}

TEST_CASE("ChangePoints: two steps far apart are two, in a history of many windows") {
  std::mt19937_64 engine(ringside::test::seed());
  auto points = drawn(engine, 300, 100, 0.25);
  for (std::size_t i = 220; i < points.size(); ++i) points[i].value *= 1.3;
  const auto changes = change_points(points);
  REQUIRE(changes.size() == 2);
  CHECK(std::abs(static_cast<int>(changes[0].index) - 100) <= 1);
  CHECK(std::abs(static_cast<int>(changes[1].index) - 220) <= 1);
}

TEST_CASE("ChangePoints: day and night are none, and hide none") {
  std::mt19937_64 engine(ringside::test::seed());
  ChangePointOptions hourly;
  hourly.season = 24;
  const auto changes = change_points(drawn(engine, 240, 130, 0.2, 0.4, 3'600), hourly);
  REQUIRE(changes.size() == 1);
  CHECK(std::abs(static_cast<int>(changes[0].index) - 130) <= 1);
  CHECK(changes[0].effect_percent == doctest::Approx(22).epsilon(0.3));
}

TEST_CASE("ChangePoints: noise, one bad day and fewer than ten points a side are none") {
  std::mt19937_64 engine(20'260'302);
  for (int i = 0; i < 20; ++i) CHECK(change_points(drawn(engine, 60, 60, 0)).empty());
  auto spike = drawn(engine, 60, 60, 0);
  spike[30].value *= 5;
  CHECK(change_points(spike).empty());
  CHECK(change_points(drawn(engine, 19, 10, 1)).empty());
  // Nine points of the new level: it is told when the tenth is there.
  const auto late = drawn(engine, 40, 31, 0.5);
  for (const ChangePoint& change : change_points(late)) CHECK(change.index <= 30);
  const auto enough = change_points(drawn(engine, 41, 31, 0.5));
  REQUIRE(enough.size() == 1);
  CHECK(enough[0].index == 31);
  CHECK(change_points({}).empty());
}

TEST_CASE(
    "ChangePoints: the same input gives the same, and days without a figure are passed over") {
  std::mt19937_64 engine(ringside::test::seed());
  auto points = drawn(engine, 70, 40, 0.3);
  points[5].value = 0;
  points[41].value = 0;
  const auto once = change_points(points);
  const auto again = change_points(points);
  REQUIRE(once.size() == 1);
  REQUIRE(again.size() == 1);
  CHECK(std::abs(static_cast<int>(once[0].index) - 40) <= 2);
  CHECK(once[0].index == again[0].index);
  CHECK(once[0].chance == again[0].chance);
}

TEST_CASE("ChangePoints: each says which start, deploy or reload it follows") {
  ChangePoint change;
  change.begin_wall_s = kBegin + 10 * kDayLong;
  std::vector<ChangePoint> changes = {change};
  const std::int64_t day = change.begin_wall_s;
  label_changes(changes,
                {mark(HistoryMark::Kind::deploy, day - 3 * kDayLong, "too early"),
                 mark(HistoryMark::Kind::deploy, day - 3'600, "build 41"),
                 mark(HistoryMark::Kind::reload, day + 7'200, "build 42"),
                 mark(HistoryMark::Kind::gap, day + 8'000, "no cause"),
                 mark(HistoryMark::Kind::server_start, day + kDayLong, "too late")},
                kDayLong);
  REQUIRE(changes[0].follows.has_value());
  CHECK(changes[0].follows->text == "build 42");
  std::vector<ChangePoint> alone = {change};
  label_changes(alone, {mark(HistoryMark::Kind::gap, day, "no cause")}, kDayLong);
  CHECK_FALSE(alone[0].follows.has_value());
}

TEST_CASE("ChangePoints: the figure of a day is that of all its calls") {
  HistorySeries series;
  for (int hour = 0; hour < 48; ++hour) {
    HistorySlot slot;
    slot.begin_wall_s = kBegin + hour * 3'600;
    slot.seconds = 3'600;
    slot.latency.buckets = {{static_cast<std::int16_t>(hour < 24 ? -200 : -168), 10}};
    series.slots.push_back(slot);
  }
  const auto days = levels_of(series, 0.5, kDayLong, 20);
  REQUIRE(days.size() == 2);
  CHECK(days[1].begin_wall_s == kBegin + kDayLong);
  CHECK(days[1].value / days[0].value == doctest::Approx(2));
  CHECK(levels_of(series, 0.5, kDayLong, 241).empty());
  CHECK(levels_of(series, 0.5, 3'600, 10).size() == 48);
}

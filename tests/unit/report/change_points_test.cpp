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

constexpr std::int64_t kFirstDay = 1'772'409'600;
constexpr std::int64_t kSlotOfADay = 86'400;

// Figures around 5 ms with a deviation of 5 %, `rise` (a logarithm) higher from `change` on.
std::vector<LevelPoint> drawn_points(std::mt19937_64& engine, std::size_t count, std::size_t change,
                                     double rise, double curve = 0,
                                     std::int64_t slot = kSlotOfADay) {
  std::normal_distribution<double> normal(0, 0.05);
  std::vector<LevelPoint> points;
  for (std::size_t i = 0; i < count; ++i) {
    const double day = curve * std::sin(2 * std::numbers::pi * static_cast<double>(i % 24) / 24);
    points.push_back({kFirstDay + static_cast<std::int64_t>(i) * slot,
                      5e6 * std::exp(normal(engine) + (i >= change ? rise : 0) + day)});
  }
  return points;
}

// How many of twenty draws are told right. A change beside the true one, by chance, or one that is
// missed comes once in a hundred draws or so: four in twenty are no chance.
constexpr int kDraws = 20;
constexpr int kRight = 17;
template <typename Right>
int right_of(std::mt19937_64& engine, const Right& right) {
  int count = 0;
  for (int i = 0; i < kDraws; ++i) count += right(engine) ? 1 : 0;
  return count;
}
bool near(const ChangePoint& change, int index, int slots = 1) {
  return std::abs(static_cast<int>(change.index) - index) <= slots;
}

HistoryMark mark(HistoryMark::Kind kind, std::int64_t wall_s, const char* text) {
  return {wall_s * 1'000'000'000, kind, "chat", text};
}

}  // namespace

TEST_CASE("ChangePoints: a step of four deviations is found where it is, up or down") {
  std::mt19937_64 engine(ringside::test::seed());
  for (const double rise : {0.2, -0.2}) {
    CHECK(right_of(engine, [&](std::mt19937_64& draw) {
            const auto changes = change_points(drawn_points(draw, 60, 25, rise));
            if (changes.size() != 1 || !near(changes[0], 25)) return false;
            CHECK(changes[0].begin_wall_s ==
                  kFirstDay + static_cast<std::int64_t>(changes[0].index) * kSlotOfADay);
            CHECK(changes[0].effect_percent ==
                  doctest::Approx(100 * std::expm1(rise)).epsilon(0.4));
            CHECK(changes[0].before == doctest::Approx(5e6).epsilon(0.06));
            CHECK(changes[0].chance <= 0.005);
            return true;
          }) >= kRight);
  }
}

TEST_CASE("ChangePoints: two steps far apart are two, in a history of many windows") {
  std::mt19937_64 engine(ringside::test::seed());
  CHECK(right_of(engine, [](std::mt19937_64& draw) {
          auto points = drawn_points(draw, 300, 100, 0.25);
          for (std::size_t i = 220; i < points.size(); ++i) points[i].value *= 1.3;
          const auto changes = change_points(points);
          return changes.size() == 2 && near(changes[0], 100) && near(changes[1], 220);
        }) >= kRight);
}

TEST_CASE("ChangePoints: day and night are none, and hide none") {
  std::mt19937_64 engine(ringside::test::seed());
  ChangePointOptions hourly;
  hourly.season = 24;
  CHECK(right_of(engine, [&](std::mt19937_64& draw) {
          const auto changes = change_points(drawn_points(draw, 240, 130, 0.2, 0.4, 3'600), hourly);
          if (changes.size() != 1 || !near(changes[0], 130)) return false;
          CHECK(changes[0].effect_percent == doctest::Approx(22).epsilon(0.4));
          return true;
        }) >= kRight);
}

TEST_CASE("ChangePoints: noise, one bad day and fewer than ten points a side are none") {
  std::mt19937_64 engine(20'260'302);
  for (int i = 0; i < 20; ++i) CHECK(change_points(drawn_points(engine, 60, 60, 0)).empty());
  auto spike = drawn_points(engine, 60, 60, 0);
  spike[30].value *= 5;
  CHECK(change_points(spike).empty());
  CHECK(change_points(drawn_points(engine, 19, 10, 1)).empty());
  // Nine points of the new level: it is told when the tenth is there.
  const auto late = drawn_points(engine, 40, 31, 0.5);
  for (const ChangePoint& change : change_points(late)) CHECK(change.index <= 30);
  const auto enough = change_points(drawn_points(engine, 41, 31, 0.5));
  REQUIRE(enough.size() == 1);
  CHECK(enough[0].index == 31);
  CHECK(change_points({}).empty());
}

TEST_CASE(
    "ChangePoints: the same input gives the same, and days without a figure are passed over") {
  std::mt19937_64 engine(20'260'303);
  auto points = drawn_points(engine, 70, 40, 0.3);
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
  change.begin_wall_s = kFirstDay + 10 * kSlotOfADay;
  std::vector<ChangePoint> changes = {change};
  const std::int64_t day = change.begin_wall_s;
  label_changes(changes,
                {mark(HistoryMark::Kind::deploy, day - 3 * kSlotOfADay, "too early"),
                 mark(HistoryMark::Kind::deploy, day - 3'600, "build 41"),
                 mark(HistoryMark::Kind::reload, day + 7'200, "build 42"),
                 mark(HistoryMark::Kind::gap, day + 8'000, "no cause"),
                 mark(HistoryMark::Kind::server_start, day + kSlotOfADay, "too late")},
                kSlotOfADay);
  REQUIRE(changes[0].follows.has_value());
  CHECK(changes[0].follows->text == "build 42");
  std::vector<ChangePoint> alone = {change};
  label_changes(alone, {mark(HistoryMark::Kind::gap, day, "no cause")}, kSlotOfADay);
  CHECK_FALSE(alone[0].follows.has_value());
  // A deploy comes with a start of its server, at the same moment.
  for (const bool deploy_first : {true, false}) {
    std::vector<HistoryMark> marks = {mark(HistoryMark::Kind::deploy, day, "build 43"),
                                      mark(HistoryMark::Kind::server_start, day, "pid 7")};
    if (!deploy_first) std::swap(marks[0], marks[1]);
    std::vector<ChangePoint> both = {change};
    label_changes(both, marks, kSlotOfADay);
    REQUIRE(both[0].follows.has_value());
    CHECK(both[0].follows->text == "build 43");
  }
}

TEST_CASE("ChangePoints: the figure of a day is that of all its calls") {
  HistorySeries series;
  for (int hour = 0; hour < 48; ++hour) {
    HistorySlot slot;
    slot.begin_wall_s = kFirstDay + hour * 3'600;
    slot.seconds = 3'600;
    slot.latency.buckets = {{static_cast<std::int16_t>(hour < 24 ? -200 : -168), 10}};
    series.slots.push_back(slot);
  }
  const auto days = levels_of(series, 0.5, kSlotOfADay, 20);
  REQUIRE(days.size() == 2);
  CHECK(days[1].begin_wall_s == kFirstDay + kSlotOfADay);
  CHECK(days[1].value / days[0].value == doctest::Approx(2));
  CHECK(levels_of(series, 0.5, kSlotOfADay, 241).empty());
  CHECK(levels_of(series, 0.5, 3'600, 10).size() == 48);
}

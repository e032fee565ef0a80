// One figure: what is taken off, and how long a rise must last.
#include "report/analysis/figure_watch.h"

#include <doctest/doctest.h>

#include <cmath>
#include <random>

#include "tests/support/random.h"

using namespace ringside;

namespace {

constexpr std::int64_t kFedFrom = 1'772'409'600;  // a Monday
constexpr double kFedLevel = 15;

// A figure with noise of 3 % that is 3 % higher or lower from one day to the next.
class Fed {
 public:
  explicit Fed(std::uint64_t seed) : engine_(seed) {
    limits.least_effect = std::log1p(0.10);
    limits.log_run = std::log(43'200.0 * 10);
    limits.least_deviations = 4;
    for (int day = 0; day < 8; ++day) run(1'440, day % 2 == 0 ? 0.03 : -0.03);
  }
  // Points at that distance from the usual level; returns after how many it rose, 0: it did not.
  int run(int points, double distance) {
    int rose = 0;
    for (int i = 0; i < points; ++i, at += 60) {
      const double level = kFedLevel + distance + 0.03 * normal_(engine_);
      for (int minute = 0; minute < minutes; ++minute) watch.end_minute();
      const auto change = watch.add(at, level, 500, limits, true);
      if (change == FigureWatch::Change::rose && rose == 0) rose = i + 1;
    }
    return rose;
  }
  FigureWatch watch;
  FigureLimits limits;
  int minutes = 1;  // between two points
  std::int64_t at = kFedFrom;

 private:
  std::mt19937_64 engine_;
  std::normal_distribution<double> normal_;
};

}  // namespace

TEST_CASE("FigureWatch: what is common to all is taken off") {
  const std::uint64_t seed = ringside::test::seed();
  INFO("seed ", seed);
  Fed fed(seed);
  fed.limits.drift = 0.2;
  CHECK(fed.run(120, 0.2) == 0);
  CHECK(fed.watch.usual_level() == doctest::Approx(kFedLevel + 0.2).epsilon(0.005));
  fed.limits.drift = 0;
  CHECK(fed.run(30, 0.2) > 0);
}

TEST_CASE("FigureWatch: a day that is a little lower than usual makes a rise plain sooner") {
  // How often, in many worlds, is ringside-simulate's to say.
  const std::uint64_t seed = 7;
  Fed lower(seed);
  CHECK(lower.run(360, -0.03) == 0);
  CHECK(lower.run(60, 0.11) > 0);
  // A little is what the level wanders anyway. What was much faster and is back is as usual.
  Fed much(seed);
  CHECK(much.run(360, -0.3) == 0);
  CHECK(much.run(240, 0) == 0);
}

TEST_CASE("FigureWatch: a rise that the others share must last, one of its own need not") {
  const std::uint64_t seed = ringside::test::seed();
  INFO("seed ", seed);
  Fed alone(seed);
  CHECK(alone.run(10, 0.7) == 2);
  Fed far_above(seed);
  far_above.limits.common = 0.2;
  CHECK(far_above.run(10, 0.7) == 2);
  Fed with_others(seed);
  with_others.limits.common = 0.5;
  const int rose = with_others.run(60, 0.7);
  CHECK(rose >= 36);  // three quarters of 48 points, at least
  CHECK(rose <= 48);
  Fed patient(seed);
  patient.limits.least_window = 6;
  CHECK(patient.run(10, 0.7) >= 5);
}

TEST_CASE("FigureWatch: how long a shared rise lasts is counted in minutes, not in points") {
  const std::uint64_t seed = ringside::test::seed();
  INFO("seed ", seed);
  Fed few(seed);
  few.limits.common = 0.5;
  few.minutes = 10;
  const int rose = few.run(20, 0.7);
  CHECK(rose >= 4);  // three quarters of six points, at least
  CHECK(rose <= 6);
  // One point after an hour without calls does not stand for that hour.
  Fed after_a_gap(seed);
  after_a_gap.limits.common = 0.5;
  after_a_gap.minutes = 60;
  CHECK(after_a_gap.run(2, 0.7) == 0);
}

TEST_CASE("FigureWatch: what the others rise in a few minutes of a window is not held against it") {
  const std::uint64_t seed = ringside::test::seed();
  INFO("seed ", seed);
  // The mood of the host has gone in the very minute that is judged.
  Fed mood(seed);
  mood.limits.common = 0.7;
  CHECK(mood.run(8, 0.7) == 0);
  mood.limits.common = 0.1;
  CHECK(mood.run(1, 0.4) == 0);
}

TEST_CASE("FigureWatch: what is as usual does not rise above a drift downwards") {
  const std::uint64_t seed = ringside::test::seed();
  INFO("seed ", seed);
  Fed fed(seed);
  fed.limits.drift = -0.5;
  CHECK(fed.run(40, 0) == 0);
  fed.limits.drift = -0.1;  // a good day
  CHECK(fed.run(40, 0.2) > 0);
}

// A wall clock that jumps neither silences the watch nor makes it forget. What is less than ten
// ticks of a ring's clock is no change.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "report/analysis/regression_watch.h"
#include "tests/unit/report/watched_world.h"

using namespace ringside;
using namespace watched;

namespace {

constexpr std::uint64_t kClockSeed = 7;
constexpr std::int64_t kJumps = kMonday + 3 * kDay + 10 * kHour;

auto slower_from(std::int64_t from) {
  return [=](Operation& operation, std::int64_t now) {
    if (operation.name == "SEND" && now >= from) operation.median_ms *= 1.5;
  };
}

// The wall clock is ahead for some minutes, and is set back.
void jump(World& world, std::int64_t ahead_s, std::int64_t minutes) {
  world.now += ahead_s;
  world.run(world.now + minutes * 60);
  world.now -= ahead_s;
}

}  // namespace

TEST_CASE("RegressionClock: a clock that was days ahead silences nothing when it is set back") {
  World world(kClockSeed);
  world.run(kJumps);
  jump(world, 10 * kDay, 20);
  world.run(world.now + kHour);
  CHECK(world.watch.watched_figures() == 10);
  CHECK(world.seen.empty());
  const std::int64_t change = world.now;
  world.change = slower_from(change);
  world.run(change + 20 * 60);
  REQUIRE(world.seen.size() == 1);
  CHECK(world.seen[0].operation == "SEND");
  CHECK(world.seen[0].since_wall_s <= change + 10 * 60);
}

TEST_CASE("RegressionClock: a jump ahead forgets no operation and ends no finding") {
  World world(kClockSeed);
  world.change = slower_from(kJumps);
  world.run(kJumps + kHour);
  REQUIRE(world.watch.regressions().size() == 1);
  world.now += 20 * kDay;
  world.minute();
  CHECK(world.watch.watched_figures() == 10);
  REQUIRE(world.watch.regressions().size() == 1);
  CHECK(world.watch.regressions()[0].ongoing);
  world.change = {};
  world.run(world.now + 30 * 60);
  REQUIRE(world.watch.regressions().size() == 1);
  CHECK_FALSE(world.watch.regressions()[0].ongoing);
  world.now += 20 * kDay;
  world.minute();
  CHECK(world.watch.regressions().size() == 1);
}

TEST_CASE("RegressionClock: after the clock was set back no finding is from the future") {
  World world(kClockSeed);
  world.run(kJumps);
  world.now += 3 * kDay;
  world.change = slower_from(world.now);
  world.run(world.now + kHour);
  REQUIRE(world.watch.findings().size() == 1);
  world.now -= 3 * kDay;
  world.change = {};  // from the day on that the clock was set back to
  world.minute();
  const RegressionFinding& found = world.watch.findings()[0];
  CHECK(found.since_wall_s <= world.now);
  CHECK(found.found_wall_s <= world.now);
  world.now += 60;
  world.run(world.now + 30 * 60);
  REQUIRE(world.watch.findings().size() == 1);
  CHECK_FALSE(world.watch.findings()[0].ongoing());
  CHECK(world.watch.findings()[0].ended_wall_s <= world.now);
}

TEST_CASE("RegressionClock: minutes of up to two hours ago are not counted again") {
  World world(kClockSeed);
  world.run(kJumps);
  world.change = slower_from(kJumps - 2 * kHour);
  const auto again = [&](std::int64_t hours) {
    world.now = kJumps - hours * kHour;
    world.run(world.now + kHour);
    return world.watch.findings().size();
  };
  CHECK(again(1) == 0);
  CHECK(again(2) == 0);
}

TEST_CASE("RegressionClock: the minutes of one ring do not hold up those of another") {
  World world(kClockSeed);
  World other(kClockSeed);
  other.ring = "other";
  const auto both_until = [&](std::int64_t until) {
    for (; world.now < until; world.now += 60) {
      other.now = world.now + 120;  // is handed over earlier
      world.watch.add_minute(other.now, other.draw_minute());
      world.minute();
    }
  };
  both_until(kJumps);
  world.change = slower_from(kJumps);
  both_until(kJumps + 20 * 60);
  CHECK(world.watch.watched_figures() == 20);
  REQUIRE(world.watch.findings().size() == 1);
  CHECK(world.watch.findings()[0].ring == "chat");
}

TEST_CASE("RegressionClock: an operation that was not seen for eight days is forgotten") {
  World world(kClockSeed);
  for (Operation& operation : world.operations) operation.calls = 30;
  const std::int64_t gone = kMonday + 3 * kDay;
  world.change = [&](Operation& operation, std::int64_t now) {
    if (operation.name == "SEND" && now >= gone) operation.calls = -1;
  };
  world.run(gone + kDay);
  const std::size_t with_it = world.watch.watched_figures();
  world.run(gone + 8 * kDay - kHour);
  CHECK(world.watch.watched_figures() == with_it);
  world.run(gone + 8 * kDay + 2 * kHour);
  CHECK(world.watch.watched_figures() < with_it);
}

TEST_CASE("RegressionClock: a change of less than ten ticks of its ring's clock is none") {
  const auto slower_by_a_little = [](World& world) {
    world.change = [](Operation& operation, std::int64_t now) {
      if (operation.name == "SEND" && now >= kJumps) operation.median_ms *= 1.15;  // 0.8 ms
    };
    world.run(kJumps + kHour);
  };
  World world(kClockSeed);
  SUBCASE("of this ring") {
    world.watch.set_clock_resolution("chat", 300'000);  // ten ticks are 3 ms
    slower_by_a_little(world);
    CHECK(world.seen.empty());
  }
  SUBCASE("of another ring") {
    world.watch.set_clock_resolution("other", 300'000);
    slower_by_a_little(world);
    CHECK(world.seen.size() == 1);
  }
  SUBCASE("that is known only afterwards") {
    slower_by_a_little(world);
    REQUIRE(world.watch.findings().size() == 1);
    world.watch.set_clock_resolution("chat", 1);
    CHECK(world.watch.findings().size() == 1);
    world.watch.set_clock_resolution("chat", 300'000);
    CHECK(world.watch.findings().empty());
    world.run(kJumps + 3 * kHour);
    CHECK(world.watch.findings().empty());
    CHECK(world.seen.size() == 1);
  }
}

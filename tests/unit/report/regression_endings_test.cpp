// How a regression ends, and what is kept of it.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "report/analysis/regression_watch.h"
#include "tests/unit/report/watched_world.h"

using namespace ringside;
using namespace watched;

namespace {

using Ending = RegressionView::Ending;

constexpr std::uint64_t kEndsSeed = 7;
constexpr std::int64_t kBegins = kMonday + 3 * kDay + 10 * kHour;
constexpr std::int64_t kGone = kBegins + kHour;

// SEND is half as slow again from kBegins on.
void half_as_slow_again(Operation& operation, std::int64_t now) {
  if (operation.name == "SEND" && now >= kBegins) operation.median_ms *= 1.5;
}

std::vector<RegressionView> found_at(World& world, std::int64_t at) {
  world.run(at);
  return world.watch.regressions();
}

}  // namespace

TEST_CASE("RegressionEnding: an operation that is gone is not seen any more, four hours later") {
  World world(kEndsSeed);
  world.change = [](Operation& operation, std::int64_t now) {
    half_as_slow_again(operation, now);
    if (operation.name == "SEND" && now >= kGone) operation.calls = -1;
  };
  REQUIRE(found_at(world, kGone + 4 * kHour - 60).size() == 1);
  CHECK(world.watch.regressions()[0].ongoing);
  const auto ended = found_at(world, kGone + 4 * kHour + 5 * 60);
  REQUIRE(ended.size() == 1);
  CHECK_FALSE(ended[0].ongoing);
  CHECK(ended[0].ending == Ending::not_seen);
  CHECK(ended[0].text.find(", not seen since 2026-03-05 11:00 UTC: too few calls to judge by") !=
        std::string::npos);
  CHECK(found_at(world, kGone + 6 * kHour).empty());
}

TEST_CASE("RegressionEnding: a stage that is gone is not seen any more, though its calls go on") {
  World world(kEndsSeed);
  world.change = [](Operation& operation, std::int64_t now) {
    if (operation.name != "LIST" || now < kBegins) return;
    operation.database = now < kGone ? 1.4 : 0;
    operation.median_ms *= 1.02;
  };
  REQUIRE(found_at(world, kGone + 4 * kHour - 60).size() == 1);
  CHECK(world.watch.regressions()[0].ongoing);
  const auto ended = found_at(world, kGone + 4 * kHour + 5 * 60);
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].ending == Ending::not_seen);
  CHECK_FALSE(ended[0].ongoing);
}

TEST_CASE("RegressionEnding: a mix of operations that nobody uses any more is not seen") {
  World world(kEndsSeed);
  world.operations[1].median_ms = 40;
  world.change = [](Operation& operation, std::int64_t now) {
    if (now < kBegins) return;
    if (operation.name == "SEND") operation.calls = 50;
    if (operation.name == "LIST") operation.calls = 190;
    if (now >= kGone) operation.calls = 1;
  };
  REQUIRE(found_at(world, kGone + 4 * kHour - 60).size() == 1);
  CHECK(world.watch.regressions()[0].ongoing);
  const auto ended = found_at(world, kGone + 4 * kHour + 5 * 60);
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].operation.empty());
  CHECK(ended[0].ending == Ending::not_seen);
}

TEST_CASE("RegressionEnding: what nobody calls at night lasts until the morning") {
  World world(kEndsSeed);
  world.change = [](Operation& operation, std::int64_t now) {
    half_as_slow_again(operation, now);
    const std::int64_t hour = now % kDay / kHour;
    if (operation.name == "SEND" && (hour < 6 || hour >= 20)) operation.calls = -1;
  };
  REQUIRE(found_at(world, kBegins + kHour).size() == 1);
  const auto morning = found_at(world, kBegins + kDay);
  REQUIRE(morning.size() == 1);
  CHECK(morning[0].ongoing);
  CHECK(world.seen.size() == 1);
}

TEST_CASE("RegressionEnding: days in which nobody looked end nothing") {
  World world(kEndsSeed);
  world.change = half_as_slow_again;
  REQUIRE(found_at(world, kGone).size() == 1);
  world.now += 2 * kDay;
  world.run(world.now + kHour);
  CHECK(world.watch.regressions()[0].ongoing);
  CHECK(world.seen.size() == 1);
}

TEST_CASE("RegressionEnding: a second one of an operation does not replace the first") {
  World world(kEndsSeed);
  world.change = [](Operation& operation, std::int64_t now) {
    const std::int64_t since = now - kBegins;
    if (operation.name == "SEND" && since >= 0 && (since < kHour || since >= kHour + 20 * 60))
      operation.median_ms *= 1.5;
  };
  const auto both = found_at(world, kBegins + 2 * kHour);
  REQUIRE(both.size() == 2);
  CHECK(both[0].operation == "SEND");
  CHECK_FALSE(both[0].ongoing);
  CHECK(both[0].ending == Ending::went_away);
  CHECK(both[1].operation == "SEND");
  CHECK(both[1].ongoing);
  // Each leaves the list an hour after its own end.
  const auto second = found_at(world, kBegins + 3 * kHour);
  REQUIRE(second.size() == 1);
  CHECK(second[0].ongoing);
}

TEST_CASE("RegressionEnding: of those that are over the last sixteen are kept, and the ongoing") {
  KeptFindings kept;
  for (int i = 0; i < 20; ++i) {
    RegressionFinding found;
    found.since_wall_s = i;
    kept.open(found);
    if (i < 19) kept.ongoing()->end(100, Ending::went_away);
  }
  REQUIRE(kept.all().size() == KeptFindings::kMost);
  CHECK(kept.all().front().since_wall_s == 4);
  CHECK(kept.ongoing()->since_wall_s == 19);
}

TEST_CASE("RegressionEnding: how long one has lasted is counted up to where it was seen last") {
  World world(kEndsSeed);
  world.change = [](Operation& operation, std::int64_t now) {
    half_as_slow_again(operation, now);
    if (operation.name == "SEND" && now >= kGone) operation.calls = -1;
  };
  REQUIRE(found_at(world, kBegins + 20 * 60).size() == 1);
  const std::int64_t found = world.seen.at(0).found_wall_s;
  CHECK(world.watch.regressions()[0].lasted_s == world.now - found);
  CHECK(found_at(world, kGone + 2 * kHour)[0].lasted_s == kGone - found);
  CHECK(found_at(world, kGone + 5 * kHour)[0].lasted_s == 0);
}

TEST_CASE("RegressionEnding: a clock that jumps ahead makes none last longer") {
  World world(kEndsSeed);
  world.change = half_as_slow_again;
  REQUIRE(found_at(world, kBegins + 20 * 60).size() == 1);
  const std::int64_t lasted = world.watch.regressions()[0].lasted_s;
  world.now += 3 * kDay;
  world.minute();
  REQUIRE(world.watch.regressions().size() == 1);
  CHECK(world.watch.regressions()[0].lasted_s == lasted + 60);
}

// What becomes slower is found and named; what doesn't is not.
#include "report/analysis/regression_watch.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "tests/unit/report/watched_world.h"

using namespace ringside;
using namespace watched;

namespace {

using Kind = RegressionFinding::Kind;
using Ending = RegressionView::Ending;

// One world. How often and how soon a change is found in many is ringside-simulate's to say.
constexpr std::uint64_t kSeed = 7;
constexpr std::int64_t kChange = kMonday + 3 * kDay + 10 * kHour;
constexpr std::int64_t kLater = kMonday + 6 * kDay + 10 * kHour;  // what is common is known too

// SEND by this factor between two times.
auto slower(double factor, std::int64_t from = kChange, std::int64_t until = kChange + 30 * kDay) {
  return [=](Operation& operation, std::int64_t now) {
    if (operation.name == "SEND" && now >= from && now < until) operation.median_ms *= factor;
  };
}

bool any_slower(const World& world) {
  const auto found = world.watch.regressions();
  return std::any_of(found.begin(), found.end(),
                     [](const RegressionView& one) { return one.kind == Kind::slower; });
}

}  // namespace

TEST_CASE("RegressionWatch: nothing changes and nothing is said") {
  World world(kSeed);
  world.run_days(6);
  CHECK(world.watch.watched_figures() == 10);  // three of each operation, and the mean of all
  CHECK(world.seen.empty());
}

TEST_CASE("RegressionWatch: a slower operation is found, with what it was and since when") {
  World world(kSeed);
  world.change = slower(1.3);
  world.run(kChange + kHour);
  REQUIRE(world.seen.size() == 1);
  const RegressionFinding& found = world.seen[0];
  CHECK(found.kind == Kind::slower);
  CHECK(found.operation == "SEND");
  CHECK(found.ring == "chat");
  CHECK(found.figure == "p50");
  CHECK(found.found_wall_s <= kChange + 20 * 60);
  CHECK(std::abs(found.since_wall_s - kChange) <= 10 * 60);
  CHECK(found.effect_percent == doctest::Approx(30).epsilon(0.4));
  CHECK(found.before_ns == doctest::Approx(5e6).epsilon(0.08));
  const auto views = world.watch.regressions();
  REQUIRE(views.size() == 1);
  CHECK(views[0].ongoing);
  CHECK(views[0].operation == "SEND");
  CHECK(views[0].text.find("% above usual: ") != std::string::npos);
  CHECK(views[0].text.find("; since 2026-03-05 ") != std::string::npos);
}

TEST_CASE("RegressionWatch: twice as slow is found within three minutes") {
  World world(kSeed);
  for (const char* name : {"EDIT", "FIND", "READ"}) world.operations.push_back({name});
  world.operations[0].calls = 500;
  world.change = slower(2);
  world.run(kChange + 3 * 60);
  REQUIRE(world.seen.size() == 1);
  CHECK(world.seen[0].operation == "SEND");
}

TEST_CASE("RegressionWatch: a stage of a tenth of its operation is found by itself") {
  World world(kSeed);
  world.change = [](Operation& operation, std::int64_t now) {
    if (operation.name != "LIST" || now < kChange) return;
    operation.database = 1.4;
    operation.median_ms *= 1.02;
  };
  world.run(kChange + kHour);
  REQUIRE(world.seen.size() == 1);
  CHECK(world.seen[0].operation == "LIST");
  CHECK(world.seen[0].stage == "database");
  CHECK(world.seen[0].of_stage);
  CHECK(world.watch.regressions()[0].stage == "database");
  CHECK(world.watch.regressions()[0].text.find("mean of stage database ") == 0);
}

TEST_CASE("RegressionWatch: a stage that is slow for three minutes is no regression") {
  World world(kSeed);
  world.change = [](Operation& operation, std::int64_t now) {
    if (operation.name == "LIST" && now >= kChange && now < kChange + 3 * 60)
      operation.database = 3;
  };
  world.run(kChange + kHour);
  CHECK(world.seen.empty());
}

TEST_CASE("RegressionWatch: what goes away is said to be over, and leaves the list later") {
  World world(kSeed);
  world.change = slower(1.5, kChange, kChange + 2 * kHour);
  world.run(kChange + kHour);
  REQUIRE(world.watch.regressions().size() == 1);
  CHECK(world.watch.regressions()[0].ongoing);
  world.run(kChange + 2 * kHour + 20 * 60);
  REQUIRE(world.watch.regressions().size() == 1);
  CHECK_FALSE(world.watch.regressions()[0].ongoing);
  CHECK(world.watch.regressions()[0].text.find(", over since 2026-03-05 12:") != std::string::npos);
  world.run(kChange + 4 * kHour);
  CHECK(world.watch.regressions().empty());
  CHECK(world.seen.size() == 1);
}

TEST_CASE("RegressionWatch: another mix of calls is no regression, and is said") {
  World world(kSeed);
  world.operations[0].slow_share = 0.3;
  world.change = [](Operation& operation, std::int64_t now) {
    if (operation.name == "SEND" && now >= kChange) operation.slow_share = 0.65;
  };
  world.run(kChange + kHour);
  CHECK_FALSE(any_slower(world));
  const auto mixed = std::find_if(world.seen.begin(), world.seen.end(),
                                  [](const auto& found) { return found.operation == "SEND"; });
  REQUIRE(mixed != world.seen.end());
  CHECK(mixed->kind == Kind::mix_shift);
  CHECK(mixed->slow_now > mixed->slow_before + 0.2);
  CHECK(mixed->text().find("mix of calls: ") == 0);
}

TEST_CASE("RegressionWatch: a mix is judged by the minutes since the median rose") {
  World world(kSeed);
  world.operations[0].slow_share = 0.3;
  world.operations[0].calls = 500;
  world.change = [](Operation& operation, std::int64_t now) {
    if (operation.name != "SEND" || now < kChange - 30 * 60) return;
    operation.database = 1.2;  // above what is allowed for, and no rise
    if (now >= kChange) operation.slow_share = 0.65;
  };
  world.run(kChange + kHour);
  REQUIRE(world.seen.size() == 1);
  CHECK(world.seen[0].kind == Kind::mix_shift);
  CHECK(world.seen[0].slow_now > world.seen[0].slow_before + 0.2);
}

TEST_CASE("RegressionWatch: traffic that moves to a slow operation is a mix of operations") {
  World world(kSeed);
  world.operations[1].median_ms = 40;
  world.change = [](Operation& operation, std::int64_t now) {
    if (now < kChange) return;
    if (operation.name == "SEND") operation.calls = 50;
    if (operation.name == "LIST") operation.calls = 190;
  };
  world.run(kChange + kHour);
  CHECK_FALSE(any_slower(world));
  REQUIRE(world.seen.size() == 1);
  CHECK(world.watch.regressions().size() == 1);
  CHECK(world.seen[0].kind == Kind::mix_shift);
  CHECK(world.seen[0].operation.empty());
  CHECK(world.seen[0].ring == "chat");
  CHECK(world.seen[0].text().find("mix of operations: ") == 0);
  CHECK(world.seen[0].found_wall_s <= kChange + 8 * 60);
}

TEST_CASE("RegressionWatch: what happens every day at that hour is usual") {
  World world(kSeed);
  world.change = [](Operation& operation, std::int64_t now) {
    if (now % kDay >= 3 * kHour && now % kDay < 4 * kHour) operation.median_ms *= 2;
  };
  world.run_days(3);  // it has not been seen often enough before
  world.seen.clear();
  world.run_days(3);
  CHECK(world.seen.empty());
}

TEST_CASE("RegressionWatch: incidents are left out of what is usual") {
  // Every morning there is an incident. The third slow morning is none.
  const auto morning = [](std::int64_t now) {
    return now % kDay >= 10 * kHour && now % kDay < 11 * kHour;
  };
  const auto slow_mornings = [=](Operation& operation, std::int64_t now) {
    if (operation.name == "SEND" && morning(now)) operation.median_ms *= 1.4;
  };
  const std::uint64_t seed = kSeed;
  World world(seed);
  world.change = slow_mornings;
  world.incident = [=](std::int64_t now) { return morning(now) && now < kChange; };
  world.run(kChange + 30 * 60);
  // The hour itself is not known, so it is compared with nothing and nobody is called.
  CHECK(world.seen.empty());
}

TEST_CASE("RegressionWatch: a pause of the whole host is no regression, unless it lasts") {
  World world(kSeed);
  for (Operation& operation : world.operations) operation.calls = 300;
  const auto all_slower = [&](std::int64_t minutes) {
    const std::int64_t from = world.now;
    world.change = [=](Operation& operation, std::int64_t now) {
      if (now >= from && now < from + minutes * 60) operation.median_ms *= 3;
    };
    world.run(from + kHour);
  };
  world.run(kChange);
  all_slower(3);
  all_slower(30);
  CHECK(world.seen.empty());
  all_slower(60);
  CHECK(world.seen.size() == 3);
}

TEST_CASE("RegressionWatch: twice as slow is found in time though the host paused just before") {
  World world(kSeed);
  for (Operation& operation : world.operations) operation.calls = 300;
  world.change = [](Operation& operation, std::int64_t now) {
    if (now >= kChange - 60 && now < kChange) operation.median_ms *= 3;
    if (operation.name == "SEND" && now >= kChange) operation.median_ms *= 2;
  };
  world.run(kChange + 3 * 60);
  REQUIRE(world.seen.size() == 1);
  CHECK(world.seen[0].operation == "SEND");
}

TEST_CASE("RegressionWatch: what all operations have in common is taken off, while it is little") {
  World world(kSeed);
  for (const char* name : {"EDIT", "FIND", "READ", "JOIN"}) world.operations.push_back({name});
  for (Operation& operation : world.operations) operation.calls = 500;
  world.run(kLater);
  SUBCASE("an operation that is hardly slower than the others is none") {
    world.change = [](Operation& operation, std::int64_t) {
      operation.median_ms *= operation.name == "SEND" ? 1.10 : 1.05;
    };
    world.run(kLater + 3 * kHour);
    CHECK(world.seen.empty());
  }
  SUBCASE("where all are a fifth slower, all are found") {
    world.change = [](Operation& operation, std::int64_t) { operation.median_ms *= 1.2; };
    world.run(kLater + kHour);
    CHECK(world.seen.size() == world.operations.size());
  }
}

TEST_CASE("RegressionWatch: how sure a rise must be follows what is watched") {
  World world(kSeed);
  world.run(kLater);
  // One false alarm a month of each operation: 43,200 minutes of ten figures, three times.
  CHECK(world.watch.certainty().log_run == doctest::Approx(std::log(43'200.0 * 10 / 3)));
  CHECK(world.watch.patient_log_run() == doctest::Approx(std::log(43'200.0 * 10)));
  World more(kSeed);
  for (int i = 0; i < 17; ++i) more.operations.push_back({"OTHER_" + std::to_string(i)});
  more.run(kLater);
  const auto figures = static_cast<double>(more.watch.watched_figures());
  CHECK(figures == 20 * 3 + 2);
  // Of more operations, no more than four.
  CHECK(more.watch.certainty().log_run == doctest::Approx(std::log(43'200.0 * figures / 4)));
}

TEST_CASE("RegressionWatch: queueing in a burst of traffic is no regression") {
  World world(kSeed);
  world.change = [](Operation& operation, std::int64_t now) {
    if (now < kChange || now >= kChange + 10 * 60) return;
    operation.calls *= 2;
    operation.median_ms *= 1.5;
  };
  world.run(kChange + kHour);
  CHECK(world.seen.empty());
}

TEST_CASE("RegressionWatch: a pinned baseline does not move") {
  RegressionOptions pinned;
  pinned.pinned_begin_wall_s = kMonday;
  pinned.pinned_end_wall_s = kMonday + 3 * kDay;
  const std::uint64_t seed = kSeed;
  // 3 % more each day: usual for a week that moves along.
  const auto creeping = [](Operation& operation, std::int64_t now) {
    if (operation.name == "SEND" && now >= kMonday + 3 * kDay)
      operation.median_ms *= 1 + 0.03 * static_cast<double>((now - kMonday) / kDay - 2);
  };
  World fixed(seed, pinned);
  fixed.change = creeping;
  fixed.run_days(11);
  REQUIRE_FALSE(fixed.seen.empty());
  CHECK(fixed.seen[0].operation == "SEND");
}

TEST_CASE("RegressionWatch: what has lasted for a week is usual") {
  World world(kSeed);
  world.change = slower(1.5);
  world.run(kChange + 7 * kDay + kHour);
  REQUIRE(world.watch.findings().size() == 1);
  CHECK(world.watch.findings()[0].ending == Ending::usual_now);
  CHECK(world.watch.findings()[0].text().find(", taken as usual from ") != std::string::npos);
  world.run_days(1);
  CHECK(world.watch.findings().empty());
  CHECK(world.seen.size() == 1);
}

TEST_CASE("RegressionWatch: hours of before say what was usual, except with another baseline") {
  // A day of minutes alone knows no hour twice. Two days of hours before it do.
  const auto watched_after_a_day = [](const RegressionOptions& options, bool hours,
                                      const std::set<std::string>& in_trouble) {
    World world(kSeed, options);
    if (hours) {
      for (std::int64_t hour = kMonday - 2 * kDay; hour < kMonday; hour += kHour) {
        world.now = hour;
        world.operations[0].calls = world.operations[1].calls = world.operations[2].calls = 7'200;
        world.watch.learn_hour(hour, world.draw_minute(), in_trouble);
      }
      world.operations = {{"SEND"}, {"LIST"}, {"LOGIN"}};
      world.now = kMonday;
    }
    world.run_days(1.1);
    return world.watch.watched_figures();
  };
  CHECK(watched_after_a_day({}, false, {}) == 0);
  CHECK(watched_after_a_day({}, true, {}) == 10);
  CHECK(watched_after_a_day({}, true, {"other"}) == 10);
  CHECK(watched_after_a_day({}, true, {"chat"}) == 0);
  CHECK(watched_after_a_day({}, true, {""}) == 0);
  RegressionOptions pinned;
  pinned.pinned_begin_wall_s = kMonday - kDay;
  pinned.pinned_end_wall_s = kMonday + 30 * kDay;
  CHECK(watched_after_a_day(pinned, true, {}) == 0);  // one day is not two
  // A baseline of which only hours are left.
  pinned.pinned_begin_wall_s = kMonday - 2 * kDay;
  pinned.pinned_end_wall_s = kMonday;
  CHECK(watched_after_a_day(pinned, true, {}) == 10);
  // One that is weeks old.
  World late(kSeed, pinned);
  for (std::int64_t hour = kMonday - 2 * kDay; hour < kMonday; hour += kHour) {
    late.now = hour;
    late.watch.learn_hour(hour, late.draw_minute());
  }
  late.now = kMonday + 26 * kDay;
  late.run_days(1.1);
  CHECK(late.watch.watched_figures() > 0);
}

TEST_CASE("RegressionWatch: an hour that comes after a minute is not learned") {
  World world(kSeed);
  world.minute();
  for (std::int64_t hour = kMonday - 2 * kDay; hour < kMonday; hour += kHour) {
    const std::int64_t now = world.now;
    world.now = hour;
    world.watch.learn_hour(hour, world.draw_minute());
    world.now = now;
  }
  world.run_days(1.1);
  CHECK(world.watch.watched_figures() == 0);
}

TEST_CASE("RegressionWatch: too few calls, too short a past and odd minutes prove nothing") {
  World world(kSeed);
  for (Operation& operation : world.operations) operation.calls = 0.05;
  world.change = slower(10, kMonday + 6 * kHour);
  world.run_days(1);
  CHECK(world.watch.watched_figures() == 0);
  CHECK(world.seen.empty());
  // One that is older than the last, one without series, one that nobody saw.
  world.watch.add_minute(kMonday, {});
  world.watch.add_minute(world.now, {});
  HistorySeries unseen;
  unseen.ring = "chat";
  unseen.name = "SEND";
  unseen.slots.resize(1);
  unseen.slots[0].begin_wall_s = world.now + 60;
  unseen.slots[0].timed = 1'000;
  world.watch.add_minute(world.now + 60, {unseen});
  CHECK(world.watch.findings().empty());
}

TEST_CASE("RegressionWatch: what is held of a figure is small, and does not grow") {
  // Beside it: two blocks of 512 bytes and a list of them for the last points, and 256 bytes for
  // the points of the present hour.
  CHECK(sizeof(FigureWatch) + 2 * 512 + 128 + 256 <= 3'000);
  CHECK(sizeof(OperationWatch) <= 8 * sizeof(FigureWatch) + 1'000);
}

TEST_CASE("RegressionWatch: operations beyond the most are counted and not watched") {
  RegressionOptions few;
  few.most_operations = 2;
  World world(kSeed, few);
  world.run(kMonday + 600);
  CHECK(world.watch.not_watched() == 10);
}

// slo_burn: when an objective's budget burns too fast, and what is counted.
#include <utility>

#include "tests/unit/daemon/alerts/slo_world.h"

namespace ringside {
namespace {

constexpr std::int64_t kHourMinutes = 60;
constexpr std::int64_t kDayMinutes = 24 * 60;

std::string first_burn(SloWorld& world) {
  const Story burns = world.burns();
  return burns.empty() ? "none" : burns.front();
}

TEST_CASE("Slo: eight days at 90 % failure are told, whatever the target is") {
  for (const double target : {99.99, 99.9, 99.0, 95.0, 90.0, 60.0}) {
    CAPTURE(target);
    SloWorld world(errors_objective(target));
    world.run(kDayMinutes, 600, 0);
    CHECK(world.burns().empty());
    const std::int64_t minutes = world.minutes_until_firing(kHourMinutes, 600, 540);
    CHECK(minutes > 0);
    CHECK(minutes <= 10);
    world.run(8 * kDayMinutes, 600, 540);
    for (const std::string& story : world.burns()) CHECK(story.find("firing") != std::string::npos);
    REQUIRE_FALSE(world.lines.empty());
    CHECK(world.lines[0].level == AlertLevel::critical);
    world.run(40, 600, 0);
    REQUIRE_FALSE(world.log.empty());
    CHECK(world.story("slo_burn").front() == "recovering/critical");
  }
}

TEST_CASE("Slo: a day of failures at a low target needs the absolute limit") {
  ObjectiveConfig objective = errors_objective(60);
  objective.failing_percent = 0;
  CHECK_FALSE(fault_of(objective).what.empty());
  SloWorld world(objective);
  world.run(kDayMinutes, 600, 0);
  CHECK(world.minutes_until_firing(kDayMinutes, 600, 540) == -1);  // not even in a day
}

TEST_CASE("Slo: quiet nights with a failure now and then raise nothing") {
  SloWorld world;
  for (int day = 0; day < 3; ++day) {
    for (int hour = 0; hour < 24; ++hour) {
      world.run(1, 3, 1);  // one of three
      world.run(59, 3, 0);
    }
  }
  // 24 of 4,320 calls a day are more than the budget allows: that is a warning, and no page.
  for (const std::string& story : world.burns()) {
    CHECK(story.starts_with("sending.slow"));
    CHECK(story.ends_with("warning"));
  }
}

TEST_CASE("Slo: the four pairs page and warn, each after its share of the budget") {
  struct Case {
    std::uint64_t bad;  // of 10,000 calls a minute, with a budget of 10
    std::int64_t most_minutes;
    const char* first;
  };
  // A little more than 14.4, 6, 3 and 1 times the budget.
  for (const Case& one : {Case{160, 65, "sending.fast firing/critical"},
                          Case{70, 6 * 60, "sending.fast firing/critical"},
                          Case{35, kDayMinutes, "sending.slow firing/warning"},
                          Case{12, 3 * kDayMinutes, "sending.slow firing/warning"}}) {
    CAPTURE(one.bad);
    SloWorld world;
    world.run(4 * kDayMinutes, 10'000, 5);
    CHECK(world.burns().empty());
    const std::int64_t minutes = world.minutes_until_firing(one.most_minutes, 10'000, one.bad);
    CHECK(minutes > one.most_minutes / 4);
    REQUIRE_FALSE(world.log.empty());
    CHECK(first_burn(world) == one.first);
  }
  SloWorld calm;
  calm.run(8 * kDayMinutes, 10'000, 8);
  CHECK(calm.burns().empty());
}

TEST_CASE("Slo: nothing begins in a tick without a bad call") {
  SloWorld world;
  world.run(kDayMinutes, 600, 0);
  world.add(3000, 3000);  // counted in a tick in which nothing else is known
  world.tick();
  CHECK(first_burn(world) == "sending.fast firing/critical");
  SloWorld later;
  later.config.objectives[0].least_bad = 3001;
  later.engine.reconfigure(later.config);
  later.run(kDayMinutes, 600, 0);
  later.add(3000, 3000);
  later.tick();
  later.config.objectives[0].least_bad = 10;
  later.engine.reconfigure(later.config);
  later.run(1, 600, 0);
  CHECK(later.burns().empty());
  later.run(1, 600, 1);
  REQUIRE_FALSE(later.log.empty());
  CHECK(first_burn(later) == "sending.fast firing/critical");
}

TEST_CASE("Slo: the line says how many, how fast, and what is left") {
  SloWorld world;
  world.run(30 * kDayMinutes, 1000, 0);
  world.run(20, 1000, 100);
  REQUIRE_FALSE(world.lines.empty());
  CHECK(world.lines[0].figure == "sending.fast");
  CHECK(world.lines[0].suspect == "SEND_MESSAGE");
  CHECK(world.lines[0].unit == AlertUnit::burn);
  CHECK(world.lines[0].threshold == 14.4);
  CHECK(world.lines[0].message ==
        "1,100 of 61,000 calls failed in the last hour (1.8 %): 18.0 times what 99.9 % allows, "
        "2.5 % of 30 days' budget is used up, threshold 14.4 times; 100 calls have failed so far; "
        "look first at the last calls of SEND_MESSAGE");
}

TEST_CASE("Slo: a restart in between counts nothing twice and forgets nothing") {
  SloWorld straight;
  SloWorld restarted;
  for (int minute = 0; minute < 3 * kHourMinutes; ++minute) {
    for (SloWorld* world : {&straight, &restarted}) world->run(1, 1000, minute % 7 == 0 ? 9 : 0);
    if (minute % 5 == 3) restarted.restart();
  }
  CHECK(straight.engine.encode().size() == restarted.engine.encode().size());
  CHECK(straight.burns() == restarted.burns());
  // 180 minutes with 9 of 1,000 in each seventh: 1.29 times, and both worlds say so in the end.
  const auto burnt = [](SloWorld& world) {
    world.run(60, 1000, 300);
    return world.lines.back().message;
  };
  CHECK(burnt(straight) == burnt(restarted));
}

TEST_CASE("Slo: what came while the daemon was away is not counted") {
  SloWorld world;
  world.run(kDayMinutes, 1000, 0);
  world.restart();
  world.wall_ns += 6 * kHour;
  world.monotonic_ns += 6 * kHour;
  world.add(100'000, 100'000);  // all that the ring still had
  world.tick();
  world.run(60, 1000, 0);
  CHECK(world.burns().empty());
  // A restart of a minute is counted in full.
  world.restart();
  world.run(1, 1000, 1000);
  CHECK(first_burn(world) == "sending.fast firing/critical");
}

TEST_CASE("Slo: a ring that comes, goes or starts anew counts only what is news") {
  SloWorld world;
  world.add(1'000'000, 900'000);  // before the daemon came
  world.tick();
  world.run(60, 1000, 0);
  CHECK(world.burns().empty());
  const Snapshot without = [&] {
    Snapshot copy = world.snapshot;
    copy.rings.clear();
    copy.operations.clear();
    return copy;
  }();
  const Snapshot with = std::exchange(world.snapshot, without);
  world.ticks(10);
  world.snapshot = with;
  world.add(1'000'000, 900'000);  // meanwhile, elsewhere
  world.tick();
  world.run(30, 1000, 0);
  CHECK(world.burns().empty());
  // Its counts begin again at zero.
  world.series(world.snapshot.operations, "SEND_MESSAGE")
      .windows[static_cast<std::size_t>(Window::since_start)] = {};
  world.run(3, 1000, 1000);
  CHECK(first_burn(world) == "sending.fast firing/critical");
}

TEST_CASE("Slo: an operation that is registered later counts from its first call") {
  SloWorld world;
  world.run(60, 1000, 0);
  world.add(3000, 3000, "LOGIN");
  world.tick();
  CHECK(first_burn(world) == "sending.fast firing/critical");
}

TEST_CASE("Slo: an objective covers the operations and the ring that it names") {
  ObjectiveConfig objective = errors_objective();
  objective.operations = {"LOG*", "JOIN_ROO?"};
  const auto speaks = [&](const std::string& operation) {
    SloWorld world(objective);
    world.add(0, 0, operation);
    world.run(60, 1000, 0);
    world.add(3000, 3000, operation);
    world.tick();
    return !world.burns().empty();
  };
  CHECK(speaks("LOGIN"));
  CHECK(speaks("JOIN_ROOM"));
  CHECK_FALSE(speaks("SEND_MESSAGE"));
  objective.operations = {};
  CHECK(speaks("SEND_MESSAGE"));
  objective.ring = "other";
  CHECK_FALSE(speaks("SEND_MESSAGE"));
  objective.ring = "chat";
  CHECK(speaks("SEND_MESSAGE"));
}

TEST_CASE("Slo: an operation that waits for its client counts only where it is named") {
  ObjectiveConfig objective = errors_objective();
  const auto speaks = [&] {
    SloWorld world(objective);
    world.series(world.snapshot.operations, "POLL").declared.waits_for_client = true;
    world.run(60, 1000, 0);
    world.add(3000, 3000, "POLL");
    world.tick();
    return !world.burns().empty();
  };
  CHECK_FALSE(speaks());
  objective.operations = {"POLL"};
  CHECK(speaks());
}

TEST_CASE("Slo: of latency, the calls that took longer count") {
  ObjectiveConfig objective = errors_objective();
  objective.kind = "latency";
  objective.response_ns = 500 * kMillisecond;
  SloWorld world(objective);
  WindowStats& all = world.series(world.snapshot.operations, "SEND_MESSAGE")
                         .windows[static_cast<std::size_t>(Window::since_start)];
  const auto add = [&](std::uint64_t calls, double ms) {
    const WindowStats more = window_of(calls, 0, ms);
    all.recorded += more.recorded;
    all.timed += more.timed;
    all.max_ns = std::max(all.max_ns, more.max_ns);
    all.latency.merge(more.latency);
    world.tick();
  };
  for (int i = 0; i < 60; ++i) add(1000, 400);
  CHECK(world.burns().empty());
  add(1000, 600);
  REQUIRE_FALSE(world.log.empty());
  CHECK(world.log.front().message.starts_with("1,000 of 60,000 calls were too slow in the last "));
  CHECK(first_burn(world) == "sending.fast firing/critical");
}

TEST_CASE("Slo: while no ring of it is live its state is held") {
  SloWorld world;
  world.run(60, 1000, 0);
  world.run(3, 1000, 500);
  CHECK(world.burns().size() == 1);
  world.snapshot.rings[0].state = RingState::closed;
  world.ticks(30);
  CHECK(world.burns() == Story{"sending.fast firing/critical"});  // told that nothing is known
}

TEST_CASE("Slo: an objective that is defined anew begins anew, another target does not") {
  SloWorld world;
  world.run(60, 1000, 12);  // 12 times, which 14.4 is not yet
  world.burns();
  world.config.objectives[0].target_percent = 99.95;
  world.engine.reconfigure(world.config);
  world.run(1, 1000, 12);
  CHECK(first_burn(world) == "sending.fast firing/critical");
  world.config.objectives[0].operations = {"*"};
  world.engine.reconfigure(world.config);
  world.run(1, 1000, 0);
  CHECK(world.engine.encode().size() < 20'000);
  world.config.objectives.clear();
  world.engine.reconfigure(world.config);
  world.run(1, 1000, 0);
  CHECK(world.engine.encode().size() < 10'000);
}

TEST_CASE("SloState: it comes back as it was, and its size does not grow") {
  SloWorld world;
  world.run(kDayMinutes, 1000, 1);
  const std::string day = world.engine.encode();
  AlertEngine copy(world.config);
  std::string why;
  REQUIRE_MESSAGE(copy.decode(day, &why), why);
  CHECK(copy.encode() == day);
  world.run(31 * kDayMinutes, 1000, 1);
  const std::size_t month = world.engine.encode().size();
  world.run(10 * kDayMinutes, 1000, 1);
  CHECK(world.engine.encode().size() <= month + 100);
  CHECK(month < 40'000);
}

}  // namespace
}  // namespace ringside

// The flags that an alert has beside its state, and how often an incident is told again.
#include "tests/unit/daemon/alerts/handled_world.h"

namespace ringside {
namespace {

TEST_CASE("AlertFlags: a symptom is inhibited while the cause of its incident fires") {
  Handled world;
  world.fire_latency();
  CHECK_FALSE(world.alert(AlertType::high_latency).flags.inhibited);
  breaker(world, true);
  world.tick();
  CHECK(world.alert(AlertType::high_latency).flags.inhibited);
  CHECK_FALSE(world.alert(AlertType::database_issue).flags.inhibited);
  breaker(world, false);
  world.tick();
  CHECK(world.alert(AlertType::database_issue).last.state == AlertState::recovering);
  CHECK_FALSE(world.alert(AlertType::high_latency).flags.inhibited);
}

TEST_CASE("AlertFlags: one whose figure is not known is stale until it is known again") {
  Handled world;
  breaker(world, true);
  world.tick();
  CHECK_FALSE(world.alert(AlertType::database_issue).flags.stale);
  world.snapshot.rings[0].state = RingState::refused;
  world.tick();
  CHECK(world.alert(AlertType::database_issue).flags.stale);
  CHECK(world.alert(AlertType::database_issue).last.state == AlertState::firing);
  world.restart();
  CHECK(world.alert(AlertType::database_issue).flags.stale);
  world.snapshot.rings[0].state = RingState::live;
  world.tick();
  CHECK_FALSE(world.alert(AlertType::database_issue).flags.stale);
}

TEST_CASE("AlertFlags: one that comes back as often as configured is flapping, for that long") {
  Handled world;
  world.config.alerts.flapping = {2, 10 * kMinute};
  world.engine.reconfigure(world.config);
  breaker(world, true);
  world.tick();
  for (int back = 1; back <= 2; ++back) {
    CHECK_FALSE(world.alert(AlertType::database_issue).flags.flapping);
    breaker(world, false);
    world.tick();
    breaker(world, true);
    world.tick();
  }
  CHECK(world.alert(AlertType::database_issue).flags.flapping);
  world.restart();
  CHECK(world.alert(AlertType::database_issue).flags.flapping);
  world.ticks(120);
  CHECK_FALSE(world.alert(AlertType::database_issue).flags.flapping);
}

TEST_CASE("AlertFlags: one that is over is shown for 15 min, and not among those that are active") {
  Handled world;
  const std::string id = world.fire_latency();
  p95(world, 20);
  world.ticks(25);
  CHECK(world.shown().alerts.empty());
  world.restart();
  REQUIRE(world.shown().resolved_alerts.size() == 1);
  const AlertView over = world.shown().resolved_alerts[0];
  CHECK(over.last.id == id);
  CHECK(over.last.state == AlertState::resolved);
  CHECK_FALSE(over.active());
  world.ticks(15 * 12);
  CHECK(world.shown().resolved_alerts.size() == 1);
  world.tick();
  CHECK(world.shown().resolved_alerts.empty());
}

TEST_CASE("AlertFlags: one that pended and did not last is not shown as resolved") {
  Handled world;
  p95(world, 250);
  world.tick();
  p95(world, 20);
  world.ticks(5);
  CHECK(world.story("high_latency") == Story{"pending/warning", "resolved/warning"});
  CHECK(world.shown().resolved_alerts.empty());
}

TEST_CASE("AlertLife: of a ring that is no longer watched it is over at once") {
  Handled world;
  breaker(world, true);
  world.tick();
  world.snapshot.rings.clear();
  world.snapshot.operations.clear();
  world.snapshot.events.clear();
  world.log.clear();
  world.tick();
  REQUIRE(world.log.size() == 1);
  CHECK(world.log[0].state == AlertState::resolved);
  CHECK(world.log[0].message.ends_with(": over, its ring is no longer watched"));
}

// Seconds after the first line at which the incident is told again.
std::vector<std::int64_t> repeats(Handled& world, int ticks) {
  std::vector<std::int64_t> out;
  const std::int64_t begun_ns = world.lines.at(0).wall_ns;
  world.lines.clear();
  world.ticks(ticks);
  for (const AlertTransition& line : world.lines) {
    CHECK(line.state == AlertState::repeated);
    out.push_back((line.wall_ns - begun_ns) / kSecond);
  }
  return out;
}

TEST_CASE("AlertRepeats: an incident that goes on is told again as often as its level says") {
  Handled world;
  world.config.alerts.repeat_ns = {0, 10 * kMinute, 5 * kMinute, kMinute};
  world.engine.reconfigure(world.config);
  world.fire_latency();
  REQUIRE(world.lines.size() == 1);
  CHECK(repeats(world, 250) == std::vector<std::int64_t>{600, 1200});
  CHECK(world.lines[0].message.starts_with("goes on for 10 min 00 s: p95 250 ms"));
  p95(world, 500);
  world.lines.clear();
  world.tick();
  CHECK(world.lines.at(0).state == AlertState::risen);
  CHECK(repeats(world, 60) == std::vector<std::int64_t>{300});
}

TEST_CASE("AlertRepeats: one that is acknowledged, silenced or never to be repeated is not") {
  for (const char* why : {"acknowledged", "silenced", "never"}) {
    CAPTURE(why);
    Handled world;
    world.config.alerts.repeat_ns = {0, why == std::string("never") ? 0 : kMinute, 0, 0};
    world.engine.reconfigure(world.config);
    const std::string id = world.fire_latency();
    if (why == std::string("acknowledged"))
      CHECK(world.handle(AlertAction::acknowledge, AlertTarget::incident, id).done);
    if (why == std::string("silenced"))
      CHECK(world.handle(AlertAction::silence, AlertTarget::incident, id).done);
    CHECK(repeats(world, 100).empty());
  }
}

TEST_CASE("AlertRepeats: the quiet time and its doublings are configured") {
  Handled world;
  world.config.alerts.quiet_ns = 10 * kSecond;
  world.config.alerts.most_doublings = 1;
  world.config.alerts.clear_after_ns = 0;
  world.engine.reconfigure(world.config);
  const auto ends_after = [&](int times_back) {
    breaker(world, true);
    world.tick();
    for (int i = 0; i < times_back; ++i) {
      breaker(world, false);
      world.ticks(2);
      breaker(world, true);
      world.tick();
    }
    breaker(world, false);
    world.lines.clear();
    int ticks = 0;
    while (world.lines.empty()) {
      world.tick();
      ++ticks;
      REQUIRE(ticks < 100);
    }
    return ticks;
  };
  const int once = ends_after(0);
  CHECK(ends_after(1) == once + 2);
  CHECK(ends_after(3) == once + 2);
}

}  // namespace
}  // namespace ringside

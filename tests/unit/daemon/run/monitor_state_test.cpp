// What the monitor saves, when, and what a person says of an alert meanwhile.
#include <string>
#include <vector>

#include "tests/unit/daemon/run/monitor_world.h"

namespace ringside {
namespace {

TEST_CASE("Monitor: the state is saved at the first tick and when something changed") {
  World world;
  Monitor monitor = world.monitor();
  world.tick(monitor);
  CHECK(world.outputs.states.size() == 1);
  world.make_server();
  world.send(10, 1000);
  for (int i = 0; i < 3; ++i) world.tick(monitor);
  CHECK(world.outputs.states.size() == 2);
  world.send(10, 1000);
  for (int i = 0; i < 3; ++i) world.tick(monitor);
  CHECK(world.outputs.states.size() == 3);
  CHECK(world.outputs.states.back().meta.since_wall_ns == kStartWallNs);
  CHECK(world.outputs.states.back().meta.saved_wall_ns == kStartWallNs + 25 * kSecond);
}

TEST_CASE(
    "Monitor: a state that could not be written is handed over again, though nothing changed") {
  World world;
  Monitor monitor = world.monitor();
  world.tick(monitor);
  world.tick(monitor);
  CHECK(world.outputs.states.size() == 1);
  world.outputs.failed = true;
  world.tick(monitor);
  world.tick(monitor);
  CHECK(world.outputs.states.size() == 3);
  world.outputs.failed = false;
  world.tick(monitor);
  CHECK(world.outputs.states.size() == 3);
}

TEST_CASE(
    "Monitor: a state that finds the one before still waiting is handed over at a later tick") {
  World world;
  Monitor monitor = world.monitor();
  world.outputs.busy = true;
  world.tick(monitor);
  world.outputs.busy = false;
  world.tick(monitor);
  CHECK(world.outputs.states.size() == 1);
}

TEST_CASE("Monitor: of a damaged state nothing is taken") {
  World world;
  Monitor monitor = world.monitor();
  world.make_server();
  world.send(100, 300 * kMillisecond);
  CHECK(world.tick(monitor)->alerts.size() == 1);
  SavedState whole = monitor.last(world.now).state;
  for (const bool alerts : {false, true}) {
    SavedState damaged = whole;
    (alerts ? damaged.alerts : damaged.watch) = "damaged";
    World other;  // its ring does not exist
    Monitor next = other.monitor();
    std::string why;
    CHECK_FALSE(next.restore(damaged, other.now, &why));
    CHECK_FALSE(why.empty());
    CHECK(next.meta().restarts == 0);
    const auto snapshot = other.tick(next);
    CHECK(snapshot->books.read == 0);
    CHECK(snapshot->alerts.empty());
  }
}

TEST_CASE("Monitor: the state is saved no more often than its interval allows, from the start on") {
  Config config;
  config.state_interval_ns = kMinute;
  World world(config);
  Monitor monitor = world.monitor();
  world.make_server();
  std::vector<std::int64_t> saved;
  for (int i = 0; i < 30; ++i) {
    world.send(1, 1000);
    const std::size_t before = world.outputs.states.size();
    world.tick(monitor);
    if (world.outputs.states.size() > before) saved.push_back(i * 5);
  }
  CHECK(saved == std::vector<std::int64_t>{0, 60, 120});
}

TEST_CASE(
    "Monitor: what a person says of an alert is told and saved at once, lines after the state") {
  World world;
  Monitor monitor = world.monitor();
  world.make_server();
  for (int i = 0; i < 3; ++i) {
    world.send(100, 2 * kSecond);
    world.tick(monitor);
  }
  const auto snapshot = world.tick(monitor);
  REQUIRE(snapshot->incidents.size() == 1);
  AlertRequest request;
  request.target = AlertTarget::incident;
  request.id = snapshot->incidents[0].id;
  request.who = "anna";
  world.outputs.order.clear();
  world.step(kSecond);
  const AlertAnswer answer = monitor.handle(request, world.now);
  CHECK(answer.done);
  CHECK(world.outputs.order == "st");
  CHECK(world.outputs.told.back().state == AlertState::acknowledged);
  CHECK(monitor.handle(request, world.now).done);
  CHECK(world.outputs.order == "st");  // nothing has changed
  request.id = "none";
  CHECK_FALSE(monitor.handle(request, world.now).done);
  CHECK(world.outputs.order == "st");
  // The next daemon knows it, and gets the line that may not have been written.
  World other;
  other.config = world.config;
  other.now = world.now;
  Monitor next = other.monitor();
  std::string why;
  REQUIRE_MESSAGE(next.restore(world.outputs.states.back(), other.now, &why), why);
  REQUIRE(next.left_lines().size() == 1);
  CHECK(next.left_lines()[0] == world.outputs.told.back());
  CHECK(other.tick(next)->incidents.at(0).acknowledged_by == "anna");
}

TEST_CASE("Monitor: lines leave the saved state once they are written") {
  World world;
  Monitor monitor = world.monitor();
  world.make_server();
  for (int i = 0; i < 3; ++i) {
    world.outputs.order.clear();
    world.send(100, 2 * kSecond);
    world.tick(monitor);
  }
  CHECK(world.outputs.order == "st");
  CHECK_FALSE(world.outputs.states.back().lines == LineOutbox().encode());
  world.outputs.order.clear();
  world.tick(monitor);
  CHECK(world.outputs.states.back().lines == LineOutbox().encode());
}

}  // namespace
}  // namespace ringside

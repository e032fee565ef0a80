// Calls that are missing and calls that are too many, judged by what is usual.
#include <functional>

#include "tests/unit/daemon/alerts/normal_world.h"

namespace ringside {
namespace {

TEST_CASE("Traffic: calls that do not come any more are missing, until they come again") {
  Normal world;
  world.minutes(16);
  world.now(1.5);
  world.ticks(3);
  CHECK(world.fired() ==
        Story{"server_down traffic warning -: 90 of 595 usual calls came in the last minute, and "
              "none waits, threshold 75 %"});
  world.now(0);
  world.ticks(1);
  CHECK(world.fired() ==
        Story{"server_down traffic critical -: 0 of 595 usual calls came in the last minute, and "
              "none waits, threshold 95 %: risen from warning"});
  REQUIRE(world.lines.size() == 2);
  CHECK(world.lines[0].message.ends_with(
      "look first at what lies between clients and the server: network, names, proxy"));
  world.log.clear();
  world.minutes(20);
  CHECK(world.log.empty());
  world.now(8);
  world.minutes(3);
  CHECK(world.story("server_down") == Story{"recovering/critical", "resolved/critical"});
}

TEST_CASE("Traffic: few usual calls may all stay away, and a half of many may") {
  Normal few;
  few.flow("HISTORY", 1.6, 0.01);
  few.minutes(16);
  few.now(0);
  few.minutes(2);
  CHECK(few.fired() == Story{});
  Normal half;
  half.minutes(16);
  half.now(3);
  half.minutes(2);
  CHECK(half.fired() == Story{});
}

TEST_CASE("Traffic: the end of a batch that was nearly all there was in the hour is no loss") {
  Normal world;
  world.flow("HISTORY", 1, 0.05);
  world.now(10);
  world.minutes(16);
  world.now(1);
  world.minutes(2);
  CHECK(world.fired() == Story{});
}

TEST_CASE("Traffic: calls are not missing while slowness, trouble or a restart explains it") {
  const auto fired_after = [](const std::function<void(Normal&)>& change) {
    Normal world;
    world.minutes(16);
    world.now(0.6);
    change(world);
    world.minutes(3);
    return world.fired();
  };
  const Story missing = fired_after([](Normal&) {});
  REQUIRE(missing.size() == 1);
  CHECK(missing[0].starts_with("server_down traffic warning -: 36 of "));
  // As busy as before: sixteen times slower, and a sixteenth of the calls.
  CHECK(fired_after([](Normal& w) { w.now(0.6, 0.16); }) == Story{});
  const Story failing = fired_after([](Normal& w) { w.now(0.6, 0.01, 3); });
  REQUIRE(failing.size() == 2);  // of the operation, and of the ring
  CHECK(failing[0].starts_with("high_error_rate "));
  CHECK(failing[1].starts_with("high_error_rate "));
  CHECK(fired_after([](Normal& w) { w.snapshot.rings[0].instance = "another"; }) == Story{});
  CHECK(fired_after([](Normal& w) { w.snapshot.rings[0].enabled = false; }) == Story{});
  CHECK(fired_after([](Normal& w) { w.wall_ns += kHour; }) == Story{});  // the machine slept
  CHECK(fired_after([](Normal& w) {
          w.config.alerts.learn = false;
          w.engine.reconfigure(w.config);
        }) == Story{});
  const auto with_call_in_flight = [](bool waits_for_client) {
    return [waits_for_client](Normal& w) {
      w.snapshot.operations[0].declared.waits_for_client = waits_for_client;
      LaneView lane;
      lane.ring = "chat";
      lane.in_flight = "HISTORY";
      lane.in_flight_wall_ns = w.wall_ns - 3 * kSecond;
      w.snapshot.lanes = {lane};
    };
  };
  CHECK(fired_after(with_call_in_flight(false)) == Story{});
  CHECK(fired_after(with_call_in_flight(true)) == missing);
}

TEST_CASE("Traffic: many times the usual calls are told, and once nobody suffers, they are known") {
  Normal world;
  world.minutes(16);
  world.now(39);
  world.minutes(1);
  CHECK(world.fired() == Story{});
  world.now(60);
  world.ticks(3);
  CHECK(world.fired() == Story{"system_overload traffic warning -: 900 calls in the last 15 s, "
                               "where 168 are usual, threshold 400 %"});
  world.now(10);
  world.minutes(10);
  world.log.clear();
  world.now(100);
  world.minutes(1);
  CHECK(world.fired() == Story{});
  world.now(130);
  world.minutes(1);
  CHECK(world.fired().size() == 1);
}

TEST_CASE("Traffic: a burst that made calls slow is told again when it comes back") {
  Normal world;
  world.minutes(16);
  for (int time = 0; time < 2; ++time) {
    world.now(100, 3000);
    world.ticks(3);
    CHECK(world.story("system_overload") == Story{"pending/warning", "firing/warning"});
    world.minutes(5);
    world.now(10);
    world.minutes(10);
    world.log.clear();
  }
}

TEST_CASE("Traffic: a burst of few calls, of failures, or at the end of a trouble is none") {
  Normal small;
  small.flow("HISTORY", 1, 0.01);
  small.minutes(16);
  small.now(19);
  small.minutes(2);
  CHECK(small.fired() == Story{});
  Normal refused;
  refused.minutes(16);
  refused.now(60);
  for (WindowStats* window :
       {&refused.snapshot.operations[0].last_5s, &refused.snapshot.operations[0].last_15s,
        &refused.snapshot.operations[0].windows[static_cast<std::size_t>(Window::minute)]})
    window->refused = window->recorded * 9 / 10;
  const SeriesView mostly_refused = refused.snapshot.operations[0];
  refused.minutes(2);
  CHECK(refused.fired() == Story{});
  refused.now(60);
  refused.ticks(3);
  CHECK(refused.story("system_overload") == Story{"pending/warning", "firing/warning"});
  refused.snapshot.operations[0] = mostly_refused;
  refused.ticks(1);
  CHECK(refused.story("system_overload") == Story{"recovering/warning"});
  Normal queue;
  queue.minutes(16);
  queue.now(1, 5000);
  queue.minutes(2);
  CHECK(queue.fired().size() == 1);
  queue.now(60, 5000);
  queue.minutes(1);
  CHECK(queue.fired() == Story{});
}

TEST_CASE("Traffic: one operation of several that is not called any more only warns") {
  Normal world;
  world.flow("SEND_MESSAGE", 30, 0.01);
  world.minutes(16);
  world.now(0);
  world.minutes(1);
  CHECK(world.fired() ==
        Story{"server_down traffic warning HISTORY: 0 of 595 usual calls came in the last minute, "
              "and none waits, threshold 75 %"});
}

TEST_CASE("Traffic: a trouble of the database takes over the calls that are missing") {
  AlertTransition gone;
  gone.alert = AlertType::server_down;
  gone.figure = kTrafficFigure;
  gone.ring = "chat";
  AlertTransition database;
  database.alert = AlertType::database_issue;
  database.ring = "chat";
  AlertTransition down = gone;
  down.figure = "crashed";
  AlertTransition slow;
  slow.alert = AlertType::high_latency;
  slow.ring = "chat";
  slow.operation = "AUTHENTICATION";
  CHECK(explains(database, gone));
  CHECK(explains(down, gone));
  CHECK_FALSE(explains(gone, database));
  CHECK_FALSE(explains(gone, down));
  CHECK(explains(gone, slow));  // they all come back at once
}

}  // namespace
}  // namespace ringside

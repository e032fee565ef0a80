#include "daemon/alerts/emergencies.h"

#include <functional>

#include "tests/unit/daemon/alerts/alert_world.h"

namespace ringside {
namespace {

// A world whose daemon looks every second, and which goes on between two ticks.
struct Looked : World {
  Looked() {
    snapshot.gauges = {{"chat", "connections", 100, 100}};
    usual(20);
    snapshot.tick_seconds = 5;
  }
  void usual(std::uint64_t calls_per_s) {
    WindowStats& minutes =
        snapshot.operations[0].windows[static_cast<std::size_t>(Window::five_minutes)];
    minutes.seconds = 300;
    minutes.recorded = minutes.timed = 300 * calls_per_s;
  }
  RingView& ring() { return snapshot.rings[0]; }
  std::int64_t& connections() { return snapshot.gauges[0].value; }

  // A second later.
  bool look() {
    monotonic_ns += kSecond;
    wall_ns += kSecond;
    Pulse pulse{{pulse_of(snapshot, ring())}};
    pulse.rings[0].skipped.reset();
    return engine.urgent(pulse, monotonic_ns);
  }
  bool look_with_calls() {
    ++ring().calls;
    return look();
  }
  // Which look is the first that is urgent, from 1; 0: none of `most`.
  int first_urgent(int most = 100) {
    for (int i = 1; i <= most; ++i) {
      if (look()) return i;
    }
    return 0;
  }
  // A tick at the time of the latest look.
  std::vector<AlertTransition> tick_now() {
    monotonic_ns -= config.tick_ns;
    wall_ns -= config.tick_ns;
    return tick();
  }
};

}  // namespace

TEST_CASE(
    "Emergencies: a server that is silent is stuck, and fires at the tick that comes at once") {
  Looked world;
  world.ticks(2);
  CHECK_FALSE(world.look_with_calls());
  CHECK(world.first_urgent() == 3);  // 60 calls were to be expected
  const auto fired = world.tick_now();
  REQUIRE(fired.size() == 1);
  CHECK(fired[0].state == AlertState::firing);
  CHECK(fired[0].level == AlertLevel::critical);
  CHECK(fired[0].figure == "stuck");
  CHECK(fired[0].message ==
        "no call has completed in the last 3.00 s, where 60 were usual, and 100 connections are "
        "open");
  // It is known now.
  CHECK(world.first_urgent(20) == 0);
  CHECK(world.tick_now().empty());
  // What is usual is not learnt from the silence.
  world.usual(0);
  world.ticks(3);
  world.log.clear();
  world.ring().calls += 1;
  CHECK_FALSE(world.look());
  world.tick_now();
  CHECK(world.story("server_down") == Story{"recovering/critical"});
  // It falls silent again, while the alert recovers.
  world.usual(20);
  world.ring().calls += 1;
  world.tick();
  CHECK(world.first_urgent() == 3);
}

TEST_CASE("Emergencies: how long a silence must last depends on what was to be expected") {
  const auto silent_for = [](std::uint64_t calls_per_s, std::int64_t connections_now) {
    Looked world;
    world.usual(calls_per_s);
    world.tick();
    world.look_with_calls();
    world.connections() = connections_now;
    return world.first_urgent();
  };
  CHECK(silent_for(1000, 100) == 3);
  CHECK(silent_for(10, 100) == 3);  // 30 calls
  CHECK(silent_for(9, 100) == 4);
  CHECK(silent_for(2, 100) == 15);
  CHECK(silent_for(10, 50) == 6);   // half of the clients are there
  CHECK(silent_for(1000, 0) == 0);  // nobody is there
  CHECK(silent_for(0, 100) == 0);

  // A server that says nothing of its connections.
  Looked world;
  world.snapshot.gauges.clear();
  world.tick();
  world.look_with_calls();
  CHECK(world.first_urgent() == 0);
}

TEST_CASE("Emergencies: calls that are counted without a record are no silence") {
  Looked world;
  SeriesView& calls = world.snapshot.operations[0];
  WindowStats& since_start = calls.windows[static_cast<std::size_t>(Window::since_start)];
  world.tick();
  world.look_with_calls();
  CHECK(world.first_urgent() == 3);
  since_start.skipped += 30;  // the tick that comes at once sees them
  calls.last_5s.skipped = 9 * calls.last_5s.recorded;
  CHECK(world.tick_now().empty());
  // From now on one in ten is recorded: 2 a second.
  CHECK(world.first_urgent() == 15);
}

TEST_CASE("Emergencies: a stuck server that this daemon finds is known by its hour") {
  Looked world;
  world.usual(0);
  WindowStats& hour = world.snapshot.operations[0].windows[static_cast<std::size_t>(Window::hour)];
  hour.seconds = 3600;
  hour.recorded = 3600 * 5;
  world.tick();
  CHECK(world.first_urgent() == 6);
  world.restart();  // a new daemon begins to look anew
  world.tick();
  CHECK(world.first_urgent() == 6);
}

TEST_CASE("Emergencies: a time in which nobody looked is no silence") {
  Looked world;
  world.tick();
  world.look_with_calls();
  world.monotonic_ns += kHour;
  CHECK_FALSE(world.look());  // 2 s of it count
  CHECK(world.look());
}

TEST_CASE("Emergencies: a process that a signal has stopped, at the second look") {
  Looked world;
  world.snapshot.processes.resize(1);
  ProcessView& process = world.snapshot.processes[0];
  process.ring = "chat";
  process.pid = 4243;
  process.stopped = false;
  world.tick();
  CHECK_FALSE(world.look_with_calls());
  process.stopped = true;
  CHECK_FALSE(world.look_with_calls());
  process.stopped = false;  // a debugger's tool took a look
  CHECK_FALSE(world.look_with_calls());
  process.stopped = true;
  CHECK_FALSE(world.look_with_calls());
  CHECK(world.look_with_calls());
  const auto fired = world.tick_now();
  REQUIRE(fired.size() == 1);
  CHECK(fired[0].figure == "stuck");
  CHECK(fired[0].message == "chatd (pid 4243) is stopped, by a signal or a debugger");
  process.stopped = false;
  world.look_with_calls();
  world.log.clear();
  world.tick_now();
  CHECK(world.story("server_down") == Story{"recovering/critical"});
}

TEST_CASE("Emergencies: what else makes the tick come at once, and what waits for it") {
  struct Case {
    const char* name;
    std::function<void(Looked&)> happens;
    bool urgent;
  };
  const std::vector<Case> cases = {
      {"nothing", [](Looked&) {}, false},
      {"a crash", [](Looked& w) { w.ring().state = RingState::crashed; }, true},
      {"a crash and a new start", [](Looked& w) { ++w.ring().crashes_seen; }, true},
      {"an end in order", [](Looked& w) { w.ring().state = RingState::closed; }, false},
      {"a ring that is refused", [](Looked& w) { w.ring().state = RingState::refused; }, true},
      {"a breaker that is open", [](Looked& w) { w.event("BREAKER", 1, 1, 1); }, true},
      {"a breaker that was open",
       [](Looked& w) {
         w.event("BREAKER", 2, 1, 0);
         w.snapshot.events[0].windows[static_cast<std::size_t>(Window::since_start)].errors = 1;
       },
       true},
      {"a trial of the breaker", [](Looked& w) { w.event("BREAKER", 1, 0, 2); }, false},
      {"some losses", [](Looked& w) { w.ring().books.lost += 9'999; }, false},
      {"a flood of losses", [](Looked& w) { w.ring().books.lost += 10'000; }, true},
      {"a flood of torn records", [](Looked& w) { w.ring().books.torn += 10'000; }, true},
      {"a flood of rejected records", [](Looked& w) { w.ring().books.rejected += 10'000; }, true},
      {"a flood of untraced ones", [](Looked& w) { w.ring().untraced_records += 10'000; }, true},
  };
  for (const Case& one : cases) {
    CAPTURE(one.name);
    Looked world;
    world.tick();
    CHECK_FALSE(world.look_with_calls());
    one.happens(world);
    CHECK(world.look_with_calls() == one.urgent);
    if (!one.urgent) continue;
    CHECK(world.look_with_calls());  // until the tick
    const auto fired = world.tick_now();
    REQUIRE(fired.size() == 1);
    CHECK(fired[0].state == AlertState::firing);
    CHECK(fired[0].level >= AlertLevel::critical);
    CHECK_FALSE(world.look_with_calls());
  }
}

TEST_CASE("Emergencies: losses are counted since the last tick, and each level is urgent once") {
  Looked world;
  world.tick();
  world.ring().books.lost += 6'000;
  CHECK_FALSE(world.look_with_calls());
  world.ring().books.lost += 6'000;
  CHECK(world.look_with_calls());
  world.tick_now();
  world.ring().books.lost += 6'000;
  CHECK_FALSE(world.look_with_calls());
}

TEST_CASE("Emergencies: a ring that was not there at the last tick lost nothing yet") {
  Looked world;
  world.ring().books.lost = 1'000'000;
  CHECK_FALSE(world.look_with_calls());
  world.tick();
  CHECK_FALSE(world.look_with_calls());
}

}  // namespace ringside

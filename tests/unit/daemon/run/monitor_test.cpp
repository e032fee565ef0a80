// What the daemon does over time, on the test's own clock.
#include <unistd.h>

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "report/model/format.h"
#include "tests/unit/daemon/dies.h"
#include "tests/unit/daemon/run/monitor_world.h"

namespace ringside {
namespace {

TEST_CASE("Monitor: a report of each full hour, and of no other time") {
  World world;
  Monitor monitor = world.monitor();
  for (int i = 0; i < 3 * 3600 / 5; ++i) world.tick(monitor);
  std::vector<std::string> at;
  for (const std::int64_t wall_ns : world.outputs.reports)
    at.push_back(format_wall(wall_ns).substr(11, 8));
  CHECK(at == std::vector<std::string>{"10:00:00", "11:00:00", "12:00:00"});
}

TEST_CASE("Monitor: a scheduled report that cannot be handed over is left out, and said") {
  World world;
  Monitor monitor = world.monitor();
  world.outputs.busy = true;
  for (int i = 0; i < 3600 / 5; ++i) world.tick(monitor);
  CHECK(world.outputs.reports.empty());
  CHECK(world.said.count("the scheduled report is left out") == 1);
  world.outputs.busy = false;
  for (int i = 0; i < 3600 / 5; ++i) world.tick(monitor);
  CHECK(world.outputs.reports.size() == 1);
}

TEST_CASE("Monitor: a sink is told of each transition once, and of lines after their state") {
  World world;
  Monitor monitor = world.monitor();
  world.make_server();
  for (int i = 0; i < 4; ++i) {
    world.send(100, 300 * kMillisecond);
    world.tick(monitor);
  }
  std::vector<std::string> states;
  for (const AlertTransition& one : world.outputs.told) {
    states.push_back(std::string(name_of(one.level)) + " " + name_of(one.state));
  }
  CHECK(states == std::vector<std::string>{"warning pending", "warning firing", "warning begun"});
  // Pending is no line. Begun is one, so the state that knows of it comes first.
  CHECK(world.outputs.order == "tsssts");
}

TEST_CASE("Monitor: a report on request shows alerts and evaluates nothing") {
  World world;
  Monitor monitor = world.monitor();
  world.make_server();
  world.send(100, 300 * kMillisecond);
  world.tick(monitor);   // one of the three ticks that fire
  const std::size_t told = world.outputs.told.size();
  for (int i = 0; i < 10; ++i) {
    world.step(kSecond);
    CHECK(monitor.report(world.now)->alerts.size() == 1);
  }
  CHECK(world.outputs.reports.size() == 10);
  CHECK(world.outputs.told.size() == told);
  world.outputs.busy = true;
  monitor.report(world.now);
  CHECK(world.said.count("a report is asked for while two wait to be written") == 1);
}

TEST_CASE("Monitor: the last words are of the last moment, and evaluated") {
  World world;
  Monitor monitor = world.monitor();
  world.tick(monitor);
  world.make_server();
  world.send(10, 1000);
  world.step(kSecond);
  const LastWords last = monitor.last(world.now);
  CHECK(last.snapshot->books.read == 10);
  CHECK(last.state.meta.saved_wall_ns == world.now.realtime_ns);
  // The next daemon continues from the saved state.
  World other;
  other.config = world.config;
  other.now = world.now;
  other.step(kSecond);
  Monitor next = other.monitor();
  std::string why;
  REQUIRE_MESSAGE(next.restore(last.state, other.now, &why), why);
  CHECK(next.meta().restarts == 1);
  const auto snapshot = other.tick(next);
  CHECK(snapshot->books.read == 10);
  CHECK(snapshot->daemon.restarts == 1);
  CHECK(snapshot->daemon.state_since_wall_ns == kStartWallNs);
}

TEST_CASE("Monitor: what becomes of a ring is said once each time it changes") {
  World world;
  Monitor monitor = world.monitor();
  for (int i = 0; i < 3; ++i) world.tick(monitor);
  world.make_server();
  for (int i = 0; i < 3; ++i) world.tick(monitor);
  CHECK(world.said.count("ring: waiting") == 1);
  CHECK(world.said.count("ring: live: test, pid ") == 1);
  CHECK(world.said.count("ring ") == 2);
}

TEST_CASE("Monitor: a threshold for an operation that no server has is said once, after a while") {
  Config config;
  config.thresholds.operations["SEND_MESAGE"].response_ns = kSecond;
  World world(config);
  Monitor monitor = world.monitor();
  const auto said = [&] { return world.said.count("thresholds.operations.SEND_MESAGE"); };
  for (int i = 0; i < 100; ++i) world.tick(monitor);   // no server: nothing to compare with
  world.make_server();
  for (int i = 0; i < 12; ++i) world.tick(monitor);
  CHECK(said() == 0);
  world.tick(monitor);
  CHECK(said() == 1);
  CHECK(world.said.count("nearest known: SEND_MESSAGE") == 1);
  for (int i = 0; i < 100; ++i) world.tick(monitor);
  CHECK(said() == 1);
  monitor.reconfigure(world.config, world.now);
  world.tick(monitor);
  CHECK(said() == 2);
}

TEST_CASE("Monitor: a new configuration holds from the next tick on") {
  World world;
  Monitor monitor = world.monitor();
  world.make_server();
  world.send(100, 50 * kMillisecond);
  world.tick(monitor);
  CHECK(world.outputs.told.empty());
  Config config = world.config;
  config.thresholds.operations["SEND_MESSAGE"].response_ns = 10 * kMillisecond;
  config.report_interval_ns = kMinute;
  config.state_interval_ns = kHour;
  monitor.reconfigure(config, world.now);
  const std::size_t states = world.outputs.states.size();
  world.send(100, 50 * kMillisecond);
  const auto snapshot = world.tick(monitor);
  CHECK_FALSE(world.outputs.told.empty());
  CHECK(snapshot->configuration == print_config(config, Comments::without));
  for (int i = 0; i < 12; ++i) world.tick(monitor);
  CHECK(world.outputs.reports.size() == 1);
  CHECK(world.outputs.states.size() == states);
}

TEST_CASE("Monitor: a snapshot has the daemon's own figures, the first words and the last alike") {
  World world;
  Monitor monitor = world.monitor();
  for (int i = 0; i < 3; ++i) {
    world.step(kSecond / 2);
    monitor.pass(world.now);
  }
  const auto report = monitor.report(world.now);
  world.step(60 * kSecond);
  const LastWords last = monitor.last(world.now);
  for (const auto& snapshot : {report, last.snapshot}) {
    CHECK(snapshot->daemon.version == "test");
    CHECK(snapshot->daemon.pid == static_cast<std::uint32_t>(getpid()));
    CHECK(snapshot->daemon.started_wall_ns == kStartWallNs);
    CHECK(snapshot->daemon.state_since_wall_ns == kStartWallNs);
    CHECK(snapshot->daemon.restarts == 0);
    CHECK(snapshot->daemon.passes == 3);
  }
  CHECK(report->daemon.uptime_seconds == 1.5);
  CHECK(last.snapshot->daemon.uptime_seconds == 61.5);
  CHECK_FALSE(report->host.cpus);  // not sampled before the first tick
  CHECK(last.snapshot->host.cpus.value_or(0) > 0);
}

TEST_CASE("Monitor: a ring that a new configuration names is read") {
  World world;
  Monitor monitor = world.monitor();
  world.make_server();
  world.send(10, 1000);
  CHECK(world.tick(monitor)->books.read == 10);
  const auto second = test::make_ring(world.directory.file("second"), {2, 1024, 64});
  test::use_nanoseconds(*second, world.now.monotonic_ns);
  LaneWriter lane = test::claim(*second);
  for (int i = 0; i < 7; ++i) {
    write_record(lane, test::operation(0, static_cast<std::uint64_t>(world.now.monotonic_ns), 1));
  }
  CHECK(monitor.wanted_files() == std::vector<std::string>{world.directory.file("ring")});
  world.config.rings.push_back(world.directory.file("second"));
  monitor.reconfigure(world.config, world.now);
  CHECK(monitor.wanted_files() == world.config.rings);
  CHECK(world.tick(monitor)->books.read == 17);
}

#ifdef RINGSIDE_ASSERTS

TEST_CASE("Monitor: another thread, and a state after the first pass, end the program") {
  World world;
  SavedState damaged;
  damaged.alerts = "damaged";
  const auto dies = [&](const std::function<void(Monitor&)>& mistake) {
    return test::dies([&] {
      Monitor monitor = world.monitor();
      mistake(monitor);
    });
  };
  const auto elsewhere = [&](const std::function<void(Monitor&)>& call, bool taken_over = false) {
    return dies([&](Monitor& monitor) {
      std::thread([&] {
        if (taken_over) monitor.take_over();
        call(monitor);
      }).join();
    });
  };
  std::string why;
  const std::vector<std::function<void(Monitor&)>> calls = {
      [&](Monitor& monitor) { monitor.restore(damaged, world.now, &why); },
      [&](Monitor& monitor) { monitor.pass(world.now); },
      [&](Monitor& monitor) { monitor.tick(world.now); },
      [&](Monitor& monitor) { monitor.report(world.now); },
      [&](Monitor& monitor) { monitor.last(world.now); },
      [&](Monitor& monitor) { monitor.handle({}, world.now); },
      [&](Monitor& monitor) { monitor.reconfigure(world.config, world.now); }};
  for (const auto& call : calls) {
    CHECK_FALSE(dies(call));
    CHECK_FALSE(elsewhere(call, true));
    CHECK(elsewhere(call));
  }
  CHECK(dies([&](Monitor& monitor) {
    monitor.pass(world.now);
    monitor.restore(damaged, world.now, &why);
  }));
}

#endif

}  // namespace
}  // namespace ringside

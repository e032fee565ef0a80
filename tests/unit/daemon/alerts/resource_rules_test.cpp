// What a server's processes hold, its threads that hang, and the pressure on its host.
#include <algorithm>
#include <functional>

#include "tests/unit/daemon/alerts/reading_lines.h"

namespace ringside {
namespace {

struct Resources : World {
  Resources() {
    ProcessView one;
    one.ring = "chat";
    one.pid = 7;
    one.resident_bytes = 200 * kMiB;
    one.open_files = 300;
    one.open_files_limit = 1024;
    one.threads = 14;
    one.uptime_seconds = 10'000;
    snapshot.processes = {one};
    snapshot.tick_seconds = 5;
    snapshot.gauges = {{"chat", "connections", 200, 200}};
  }
  ProcessView& process() { return snapshot.processes[0]; }
  // A tick of 5 s.
  void pass() {
    process().uptime_seconds = *process().uptime_seconds + 5;
    ++snapshot.rings[0].calls;
    tick();
  }
  std::string last_of(const std::string& figure) const {
    for (auto t = log.rbegin(); t != log.rend(); ++t) {
      if (t->figure == figure)
        return std::string(name_of(t->state)) + "/" + name_of(t->level) + ": " + t->message;
    }
    return "";
  }
};

TEST_CASE("ResourceRules: open files against the soft limit, and threads") {
  Resources world;
  world.pass();
  CHECK(world.log.empty());
  world.process().open_files = 850;
  world.snapshot.gauges[0].value = 750;
  for (int i = 0; i < 3; ++i) world.pass();
  CHECK(world.last_of("open_files") ==
        "firing/warning: process 7 has 850 of 1,024 files open, threshold 80 %");
  world.process().open_files = 1000;
  world.snapshot.gauges[0].value = 900;
  world.pass();
  CHECK(world.last_of("open_files").starts_with("firing/critical: "));
  world.process().threads = 1500;
  for (int i = 0; i < 3; ++i) world.pass();
  CHECK(world.last_of("threads") ==
        "firing/warning: process 7 has 1,500 threads, threshold 1,000 threads");
  // Without a limit there is nothing to say.
  Resources unlimited;
  unlimited.process().open_files = 1'000'000;
  unlimited.process().open_files_limit.reset();
  CHECK(readings_of(unlimited, "system_overload|open_files").empty());
}

TEST_CASE("ResourceRules: descriptors that leak are told with the time that is left") {
  Resources world;
  for (int i = 0; i < 60; ++i) world.pass();
  CHECK(world.log.empty());
  for (int i = 0; i < 30; ++i) {
    world.process().open_files = *world.process().open_files + 5;
    world.pass();
  }
  // 1 a second, and 574 are left.
  CHECK(world.last_of("open_files_growth").starts_with("firing/critical: "));
  CHECK(world.last_of("open_files_growth")
            .find("open files of process 7 grow by 3,600 an hour: at "
                  "this pace the limit of 1,024 is reached in ") != std::string::npos);
  // It stops, and is over soon.
  world.log.clear();
  for (int i = 0; i < 60; ++i) world.pass();
  CHECK(world.last_of("open_files_growth").starts_with("resolved/"));
}

TEST_CASE("ResourceRules: clients that come are no leak of descriptors") {
  Resources world;
  for (int i = 0; i < 120; ++i) {
    world.process().open_files = *world.process().open_files + 5;
    world.snapshot.gauges[0].value += 5;
    world.pass();
    CHECK(world.last_of("open_files_growth").empty());
  }
}

TEST_CASE("ResourceRules: memory that grows, until the threshold or until the host has none left") {
  Resources world;
  const auto grow = [&](int ticks) {
    for (int i = 0; i < ticks; ++i) {
      world.process().resident_bytes = *world.process().resident_bytes + 10 * kMiB;
      world.pass();
    }
  };
  grow(40);
  CHECK(world.last_of("growth").starts_with("firing/critical: the resident bytes of process 7 "));
  CHECK(world.last_of("growth").find("the threshold of 1.00 GiB is reached in ") !=
        std::string::npos);
  // The host has less.
  Resources small;
  small.snapshot.host.memory_available_bytes = 100 * kMiB;
  for (int i = 0; i < 40; ++i) {
    small.process().resident_bytes = *small.process().resident_bytes + 10 * kMiB;
    small.pass();
  }
  CHECK(small.last_of("growth").find("the end of the host's memory is reached in ") !=
        std::string::npos);
}

TEST_CASE("ResourceRules: a process that has just started may grow") {
  Resources world;
  world.process().uptime_seconds = 0;
  for (int i = 0; i < 60; ++i) {
    world.process().resident_bytes = *world.process().resident_bytes + 10 * kMiB;
    world.pass();
  }
  CHECK(world.last_of("growth").empty());
  // Another process with the same figures begins anew.
  Resources restarted;
  for (int i = 0; i < 20; ++i) {
    restarted.process().resident_bytes = *restarted.process().resident_bytes + 10 * kMiB;
    restarted.pass();
  }
  restarted.process().pid = 8;
  for (int i = 0; i < 20; ++i) {
    restarted.process().resident_bytes = *restarted.process().resident_bytes + 10 * kMiB;
    restarted.pass();
  }
  CHECK(restarted.last_of("growth").empty());
}

TEST_CASE("ResourceRules: growth goes on being known after a restart of the daemon") {
  Resources world;
  for (int i = 0; i < 40; ++i) {
    world.process().resident_bytes = *world.process().resident_bytes + 10 * kMiB;
    world.pass();
  }
  const std::size_t told = world.log.size();
  world.restart();
  world.process().resident_bytes = *world.process().resident_bytes + 10 * kMiB;
  world.pass();
  CHECK(world.log.size() == told);
  // A new memory has not seen it.
  CHECK(readings_of(world, "high_memory|growth").at(0).find(" 0 per_hour ") != std::string::npos);
}

struct Hanging : World {
  Hanging() {
    snapshot.tick_seconds = 5;
    lane("reader-1");
  }
  LaneView& lane(const std::string& thread) {
    LaneView one;
    one.ring = "chat";
    one.lane = static_cast<std::uint32_t>(snapshot.lanes.size());
    one.state = LaneView::State::owned;
    one.thread = thread;
    one.tid = 77;
    one.in_flight = "SEND_MESSAGE";
    one.in_flight_wall_ns = wall_ns;
    snapshot.lanes.push_back(one);
    return snapshot.lanes.back();
  }
  LaneView& first() { return snapshot.lanes[0]; }
};

TEST_CASE("ResourceRules: an operation that does not end is told after 15 s") {
  Hanging world;
  world.ticks(3);
  CHECK(world.story("server_down").empty());
  world.tick();
  REQUIRE(world.log.size() == 1);
  CHECK(world.log[0].message ==
        "SEND_MESSAGE of thread reader-1 does not end: 15.0 s so far, and the thread writes "
        "nothing; of late the longest took 20.0 ms, threshold 15.0 s");
  CHECK(world.story("server_down") == Story{"firing/warning"});
  world.ticks(9);
  CHECK(world.story("server_down") == Story{"firing/critical"});
  world.first().in_flight.clear();
  world.ticks(25);
  CHECK(world.story("server_down") == Story{"recovering/critical", "resolved/critical"});
}

TEST_CASE("ResourceRules: a thread that writes, changes its operation or has gone does not hang") {
  const auto quiet = [](const std::function<void(Hanging&)>& happens) {
    Hanging world;
    for (int i = 0; i < 30; ++i) {
      happens(world);
      world.tick();
    }
    return world.story("server_down").empty();
  };
  CHECK_FALSE(quiet([](Hanging&) {}));
  CHECK(quiet([](Hanging& w) { ++w.first().books.written; }));
  CHECK(quiet([](Hanging& w) { ++w.first().generation; }));
  CHECK(quiet([](Hanging& w) { w.first().in_flight_wall_ns = w.wall_ns; }));
  CHECK(quiet([](Hanging& w) { w.first().state = LaneView::State::dead; }));
  CHECK(quiet([](Hanging& w) { w.first().in_flight.clear(); }));
  CHECK(quiet([](Hanging& w) {
    w.snapshot.operations[0].declared.waits_for_client = true;
    w.config.thresholds.operations.clear();
    w.engine.reconfigure(w.config);
  }));
  // A slow operation takes five times as long as of late before it hangs.
  CHECK(quiet([](Hanging& w) { w.operation("SEND_MESSAGE", 10, 0, 60'000); }));
}

TEST_CASE("ResourceRules: an operation that waited in a queue hangs no thread") {
  Hanging world;
  for (int i = 0; i < 30; ++i) {
    // Each tick another one, which began a minute ago.
    world.first().in_flight_wall_ns = world.wall_ns - 60 * kSecond + i;
    world.tick();
  }
  CHECK(world.story("server_down").empty());
}

TEST_CASE("ResourceRules: several that hang are counted, and a set clock changes nothing") {
  Hanging world;
  world.lane("reader-2");
  world.ticks(2);
  world.wall_ns += 3600 * kSecond;
  for (LaneView& lane : world.snapshot.lanes) lane.in_flight_wall_ns += 3600 * kSecond;
  world.ticks(2);
  REQUIRE(world.log.size() == 1);
  CHECK(world.log[0].message.starts_with("2 operations hang: SEND_MESSAGE of thread reader-1 "));
  world.restart();
  world.ticks(9);
  CHECK(world.story("server_down") == Story{"firing/warning", "firing/critical"});
}

TEST_CASE("ResourceRules: an event loop that lags, where the server says so") {
  World world;
  CHECK(readings_of(world, "server_down|loop_lag").empty());
  world.snapshot.gauges = {{"chat", "loop_lag_ms", 400, 4000}};
  world.ticks(10);
  CHECK(world.log.empty());
  world.snapshot.gauges[0].value = 1200;
  world.ticks(3);
  REQUIRE(world.log.size() == 2);
  CHECK(world.log[1].message ==
        "the event loop ran 1.20 s late, at worst of a second, threshold 1.00 s");
}

TEST_CASE("ResourceRules: pressure on the host is an alert with a second sign") {
  World world;
  world.snapshot.host.cpu_pressure = Pressure{80, 0};
  world.snapshot.host.io_pressure = Pressure{60, 30};
  world.snapshot.host.memory_pressure = Pressure{60, 30};
  world.ticks(10);
  CHECK(world.log.empty());
  CHECK(readings_of(world, "system_overload|cpu_pressure").size() == 1);
  // Calls are slow.
  world.operation("SEND_MESSAGE", 100, 0, 300);
  world.ticks(3);
  std::string firing;
  for (const AlertTransition& t : world.log) {
    if (t.alert == AlertType::system_overload && t.state == AlertState::firing)
      firing += t.message + "\n";
  }
  CHECK(firing ==
        "something waited for a CPU in 80 % of the last 10 s, threshold 50 %\n"
        "everything waited for memory in 30 % of the last 10 s, threshold 10 %\n"
        "everything waited for a disk in 30 % of the last 10 s, threshold 10 %\n");
  // Or the host has hardly any memory left.
  World full;
  full.snapshot.host.memory_pressure = Pressure{60, 30};
  full.snapshot.host.memory_total_bytes = 1000;
  full.snapshot.host.memory_available_bytes = 50;
  full.ticks(3);
  CHECK(full.story("system_overload") ==
        Story{"pending/warning", "pending/warning", "firing/warning", "firing/warning"});
}

}  // namespace
}  // namespace ringside

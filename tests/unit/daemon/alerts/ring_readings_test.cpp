// What the rules read of one ring: its states, its breaker, its events and its losses.
#include "tests/unit/daemon/alerts/reading_lines.h"

namespace ringside {
namespace {

TEST_CASE("Readings: each state of a ring says whether it is down, stopped or refused") {
  struct State {
    RingState state;
    std::uint64_t instances_seen, crashes_seen;
    Lines lines;
  };
  const std::string crashed = "server_down|crashed|chat| ";
  const std::string stopped = "server_down|stopped|chat| ";
  const std::string c = " crashed certain critical 1/1: ";
  const std::string s = " stopped warning 1/1: ";
  const State states[] = {
      {RingState::live,
       1,
       0,
       {crashed + "0" + c + "chatd (pid 4242) runs", stopped + "0" + s + "chatd (pid 4242) runs"}},
      {RingState::live,
       2,
       1,
       {crashed + "1" + c + "chatd crashed and was started again",
        stopped + "0" + s + "chatd (pid 4242) runs"}},
      {RingState::waiting,
       0,
       0,
       {crashed + "0" + c + "no crash", stopped + "0" + s + "no server has come yet"}},
      {RingState::waiting,
       1,
       0,
       {crashed + "0" + c + "no crash", stopped + "1" + s + "chatd has stopped"}},
      {RingState::closed,
       0,
       0,
       {crashed + "0" + c + "no crash", stopped + "1" + s + "chatd has stopped"}},
      {RingState::crashed,
       1,
       1,
       {crashed + "1" + c + "chatd (pid 4242) died without closing its ring",
        stopped + "0" + s + "chatd (pid 4242) died without closing its ring"}},
      {RingState::refused,
       1,
       1,
       {crashed + "unknown" + c + "the ring cannot be read",
        stopped + "unknown" + s + "the ring cannot be read"}},
      {RingState::refused,
       1,
       0,
       {crashed + "unknown" + c + "the ring cannot be read",
        stopped + "unknown" + s + "the ring cannot be read"}},
  };
  for (const State& one : states) {
    CAPTURE(name_of(one.state));
    CAPTURE(one.crashes_seen);
    World world;
    RingView& ring = world.snapshot.rings[0];
    ring.state = one.state;
    ring.instances_seen = one.instances_seen;
    ring.crashes_seen = one.crashes_seen;
    RuleMemory memory{{{"chat", {}}}};
    Lines found = readings_of(world, memory, "server_down|");
    std::erase_if(found, [](const std::string& line) {
      return line.find("|stuck|") != line.npos || line.find("|in_flight|") != line.npos;
    });
    check_lines(found, one.lines);
    // The next tick has seen that crash.
    const Lines next = readings_of(world, memory, "server_down|crashed");
    if (one.state == RingState::live)
      CHECK(next == Lines{crashed + "0" + c + "chatd (pid 4242) runs"});
    if (one.state == RingState::crashed) CHECK(next == Lines{one.lines[0]});
  }
}

TEST_CASE(
    "Readings: a ring that was not there at the last tick has no crash and no loss to compare") {
  World world;
  world.snapshot.rings[0].crashes_seen = 3;
  world.snapshot.rings[0].untraced_records = 5;
  RuleMemory memory{{{"other", {}}}};
  CHECK(readings_of(world, memory, "server_down|crashed").at(0).find(" 0 crashed") !=
        std::string::npos);
  CHECK(readings_of(world, memory, "telemetry_loss|untraced").size() == 1);
  // It goes for one tick. When it is back, it is new again.
  const auto rings = world.snapshot.rings;
  world.snapshot.rings.clear();
  CHECK(readings_of(world, memory, "telemetry_loss|untraced").empty());
  world.snapshot.rings = rings;
  CHECK(readings_of(world, memory, "telemetry_loss|untraced").empty());
}

TEST_CASE("Readings: a ring without a name for its program, and with a hostile one") {
  World world;
  RingView& ring = world.snapshot.rings[0];
  ring.program = "";
  CHECK(readings_of(world, "server_down|crashed").at(0).ends_with(": the server (pid 4242) runs"));
  ring.program = "a\nb";
  CHECK(readings_of(world, "server_down|crashed").at(0).ends_with(": a\\nb (pid 4242) runs"));
  ring.state = RingState::refused;
  ring.problem = "layout\n3";
  CHECK(readings_of(world, "telemetry_loss|refused") ==
        Lines{"telemetry_loss|refused|chat| 1 refused certain critical 1/1: the ring is refused: "
              "layout\\n3"});
}

TEST_CASE("Readings: the breaker's latest move, in this instance of the server") {
  World world;
  const auto breaker = [&] { return readings_of(world, "database_issue|breaker").at(0); };
  const std::string key = "database_issue|breaker|chat| ";
  const std::string levels = " open certain critical 1/0.5: the circuit breaker ";
  world.event("BREAKER", 1, 0, 0);
  RecordView& move = world.snapshot.events[0].last[0];
  const std::int64_t moved_ns = move.start_wall_ns;
  CHECK(breaker() == key + "0" + levels + "is closed since 10:15:55.000");
  move.value = 1;
  move.duration_ns = 1'500'000'000;
  CHECK(breaker() == key + "1" + levels + "is open since 10:15:56.500");
  move.value = 2;
  move.duration_ns = -1'500'000'000;
  CHECK(breaker() == key + "0.5" + levels + "is half-open since 10:15:55.000");
  move.value = 3;
  CHECK(breaker() == key + "0" + levels + "is in an unknown state since 10:15:55.000");
  // A move at the very start of this instance is its own, one before is not.
  move.value = 1;
  move.duration_ns = 0;
  world.snapshot.rings[0].created_wall_ns = moved_ns;
  CHECK(breaker() == key + "1" + levels + "is open since 10:15:55.000");
  world.snapshot.rings[0].created_wall_ns = moved_ns + 1;
  CHECK(breaker() == key + "0" + levels + "has not moved");
  world.snapshot.rings[0].created_wall_ns = 0;
  world.snapshot.events[0].last.clear();
  CHECK(breaker() == key + "0" + levels + "has not moved");
  // Another ring's breaker is not this one's.
  world.event("BREAKER", 1, 0, 1);
  world.snapshot.events[0].ring = "other";
  CHECK(breaker() == key + "0" + levels + "has not moved");
}

TEST_CASE("Readings: a breaker that opened and closed between two ticks was open") {
  World world;
  const auto breaker = [&](RuleMemory& memory) {
    return readings_of(world, memory, "database_issue|breaker").at(0);
  };
  const std::string key = "database_issue|breaker|chat| ";
  const std::string levels = " open certain critical 1/0.5: the circuit breaker ";
  const auto opened = [&](std::uint64_t times) {
    world.snapshot.events[0].windows[static_cast<std::size_t>(Window::since_start)].errors = times;
  };
  world.event("BREAKER", 4, 2, 0);
  opened(2);
  // What it did before the first tick of its ring is no news.
  RuleMemory memory;
  CHECK(breaker(memory) == key + "0" + levels + "is closed since 10:15:55.000");
  opened(3);
  CHECK(breaker(memory) ==
        key + "1" + levels + "opened once since the last tick and is closed now");
  CHECK(breaker(memory) == key + "0" + levels + "is closed since 10:15:55.000");
  opened(5);
  world.snapshot.events[0].last[0].value = 2;
  CHECK(breaker(memory) ==
        key + "1" + levels + "opened 2 times since the last tick and is half-open now");
  opened(6);
  world.snapshot.events[0].last[0].value = 1;
  CHECK(breaker(memory) == key + "1" + levels + "is open since 10:15:55.000");
}

TEST_CASE("Readings: an event names who it was only if there is one in the minute") {
  World world;
  const auto blocks = [&] { return readings_of(world, "security_threat|ip_blocks").at(0); };
  const std::string key = "security_threat|ip_blocks|chat| ";
  const std::string levels = " per_minute certain warning 1/1 critical 10/5: ";
  world.event("IP_BLOCK", 0);
  world.snapshot.events[0].last[0].subject = {PartyKind::address, 0x7f000001};
  CHECK(blocks() == key + "0" + levels + "0 blocked addresses in the last minute");
  world.snapshot.events[0].windows[1].skipped = 1;
  CHECK(blocks() ==
        key + "1" + levels + "1 blocked address in the last minute, latest: address 127.0.0.1");
  world.event("IP_BLOCK", 1);
  world.snapshot.events[0].last.clear();
  CHECK(blocks() == key + "1" + levels + "1 blocked address in the last minute");
}

TEST_CASE("Readings: losses count from the last tick, and a count that began anew counts whole") {
  World world;
  RuleMemory memory{{{"chat", {0, 100, 100, 100, 100, 0}}}};
  const auto values = [&](std::uint64_t lost, std::uint64_t rejected, std::uint64_t torn,
                          std::uint64_t untraced) {
    world.snapshot.rings[0].books.lost = lost;
    world.snapshot.rings[0].books.rejected = rejected;
    world.snapshot.rings[0].books.torn = torn;
    world.snapshot.rings[0].untraced_records = untraced;
    std::vector<double> out;
    for (const Reading& r : read_figures(world.snapshot, world.config, memory)) {
      if (r.alert == AlertType::telemetry_loss && r.figure != "refused") out.push_back(*r.value);
    }
    return out;
  };
  using Values = std::vector<double>;
  CHECK(values(100, 101, 107, 109) == Values{0, 1, 7, 9});
  CHECK(values(103, 101, 107, 109) == Values{3, 0, 0, 0});
  CHECK(values(2, 100, 107, 0) == Values{2, 100, 0, 0});
  CHECK(values(2, 100, 107, 1) == Values{0, 0, 0, 1});
}

}  // namespace
}  // namespace ringside

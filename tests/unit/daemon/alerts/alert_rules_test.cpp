#include "daemon/alerts/alert_rules.h"

#include <algorithm>

#include "tests/unit/daemon/alerts/alert_world.h"

namespace ringside {
namespace {

ProcessView process(std::uint32_t pid, double cpu_percent, std::uint64_t resident_bytes) {
  ProcessView view;
  view.ring = "chat";
  view.pid = pid;
  view.cpu_percent = cpu_percent;
  view.resident_bytes = resident_bytes;
  return view;
}

TEST_CASE("Rules: slow calls right after a server's start begin no alert, and later ones do") {
  World world;
  world.operation("SLOW", 100, 0, 3000);
  const auto begins = [&](std::int64_t age_ns) {
    world.snapshot.wall_ns = world.wall_ns;
    world.snapshot.rings[0].created_wall_ns = subtract_ns(world.wall_ns, age_ns);
    RuleMemory memory;
    for (const Reading& reading : read_figures(world.snapshot, world.config, memory)) {
      if (reading.alert == AlertType::high_latency && reading.operation == "SLOW")
        return reading.reached.has_value() && !reading.grace;
    }
    return false;
  };
  CHECK_FALSE(begins(0));
  CHECK_FALSE(begins(30 * kSecond - 1));
  CHECK(begins(30 * kSecond));
  CHECK(begins(world.wall_ns));  // not known
  CHECK(begins(-1));             // a start in the future is none
  CHECK(begins(INT64_MIN));      // nor is garbage
  world.config.alerts.start_grace_ns = 0;
  CHECK(begins(0));
}

TEST_CASE("Rules: slow calls that outlast the grace after a start are told, failed ones at once") {
  World world;
  world.snapshot.rings[0].created_wall_ns = world.wall_ns;
  world.operation("SLOW", 100, 0, 3000);
  world.operation("FAILS", 100, 80, 1);
  world.ticks(5);
  CHECK(!world.story("high_error_rate").empty());
  world.ticks(2);  // 35 s after the start: two ticks are over
  CHECK(world.story("high_latency") == Story{"pending/critical"});
  world.ticks(1);
  CHECK(world.story("high_latency") == Story{"firing/critical"});
}

TEST_CASE("Rules: a pending alert stands still while its server has just started again") {
  World world;
  world.operation("SLOW", 100, 0, 3000);
  world.snapshot.rings[0].created_wall_ns = subtract_ns(world.wall_ns, 60 * kSecond);
  world.ticks(1);
  CHECK(world.story("high_latency") == Story{"pending/critical"});
  world.snapshot.rings[0].created_wall_ns = world.wall_ns;
  world.ticks(5);  // within 30 s of the start
  CHECK(world.story("high_latency").empty());
  world.ticks(3);
  CHECK(world.story("high_latency") == Story{"firing/critical"});
}

TEST_CASE("Rules: a server's start hides neither a busy host nor an alert that is there") {
  World world;
  world.snapshot.host.cpus = 4;
  world.snapshot.host.cpu_percent = 97;
  world.operation("SLOW", 100, 0, 1500);
  world.snapshot.rings[0].created_wall_ns = world.wall_ns;
  world.ticks(3);
  CHECK(world.story("system_overload") == Story{"pending/critical", "firing/critical"});
  world.ticks(10);
  CHECK(world.story("high_latency") == Story{"pending/warning", "firing/warning"});
  world.snapshot.rings[0].created_wall_ns = world.wall_ns;  // started again
  world.operation("SLOW", 100, 0, 2500);
  world.ticks(3);
  CHECK(world.story("high_latency") == Story{"firing/critical"});
}

TEST_CASE("Rules: an operation's error rate, and that of all together") {
  World world;
  world.operation("SEND_MESSAGE", 1000, 80, 1);  // over 5 %, and surely so
  world.operation("EDIT_MESSAGE", 100, 8, 1);    // over 5 %, and perhaps by chance
  world.operation("JOIN_ROOM", 900, 9, 1);
  world.ticks(3);
  REQUIRE(world.log.size() == 2);
  CHECK(world.log[1].state == AlertState::firing);
  CHECK(world.log[1].operation == "SEND_MESSAGE");
  CHECK(world.log[1].value == doctest::Approx(8));
  CHECK(world.log[1].threshold == doctest::Approx(5));
  CHECK(world.log[1].unit == AlertUnit::percent);
  world.log.clear();
  // Many operations fail, each with too few calls. Only the figures of the whole ring show it.
  World many;
  many.snapshot.operations.clear();
  for (int i = 0; i < 20; ++i) many.operation("OP" + std::to_string(i), 1, 1, 1);
  many.ticks(3);
  REQUIRE(many.log.size() == 2);
  CHECK(many.log[1].operation.empty());
  CHECK(many.log[1].level == AlertLevel::emergency);
}

TEST_CASE("Rules: refused calls are no errors") {
  World world;
  world.operation("SEND_MESSAGE", 100, 0, 1);
  world.snapshot.operations[0].windows[1].refused = 100;
  world.ticks(10);
  CHECK(world.log.empty());
}

TEST_CASE("Rules: memory is the largest process's, against the threshold") {
  World world;
  world.snapshot.processes = {process(1, 0, 100), process(2, 0, 1200 * 1048576ULL)};
  world.ticks(3);
  CHECK(world.story("high_memory") == Story{"pending/warning", "firing/warning"});
  world.snapshot.processes[1].resident_bytes = 1600 * 1048576ULL;
  world.tick();
  CHECK(world.story("high_memory") == Story{"firing/critical"});
}

TEST_CASE("Rules: connections are the live ring's gauge") {
  World world;
  world.snapshot.gauges = {{"chat", "connections", 1000, 1000}};
  world.ticks(3);
  CHECK(world.story("high_connections") == Story{"pending/warning", "firing/warning"});
  world.snapshot.rings[0].state = RingState::waiting;  // its last gauge value is stale now
  world.snapshot.gauges[0].value = 0;
  world.ticks(30);
  CHECK(world.story("high_connections") == Story{"firing/warning"});
}

TEST_CASE("Rules: overload of the host, and the server's share in it") {
  World world;
  world.snapshot.host.cpus = 4;
  world.snapshot.host.memory_total_bytes = 1000;
  world.snapshot.host.memory_available_bytes = 500;
  world.ticks(10);
  CHECK(world.log.empty());
  world.snapshot.host.cpu_percent = 90;
  world.ticks(10);
  CHECK(world.log.empty());  // it is merely busy
  world.operation("SEND_MESSAGE", 100, 0, 300);
  world.ticks(3);
  CHECK(world.story("system_overload") == Story{"pending/warning", "firing/warning"});
  world.snapshot.host.load_1m = 16;
  world.ticks(3);
  CHECK(world.story("system_overload") == Story{"pending/critical", "firing/critical"});
  world.snapshot.host.memory_available_bytes = 50;
  world.ticks(3);
  CHECK(world.story("system_overload") == Story{"pending/warning", "firing/warning"});
  world.snapshot.processes = {process(1, 390, 100)};
  world.ticks(3);
  CHECK(world.story("system_overload") == Story{"pending/critical", "firing/critical"});
}

TEST_CASE("Rules: a busy host is not blamed for calls that wait for the database") {
  World world;
  world.snapshot.tick_seconds = 5;
  world.snapshot.host.cpus = 4;
  world.snapshot.host.cpu_percent = 97;
  world.event("BREAKER", 1, 1, 1);
  world.operation("SEND_MESSAGE", 100, 90, 300);
  world.ticks(10);
  CHECK(world.story("system_overload").empty());
  // The breaker is closed, and calls are slow still: those that waited, for half a minute.
  world.event("BREAKER", 2, 1, 0);
  world.ticks(5);
  CHECK(world.story("system_overload").empty());
  world.ticks(3);
  CHECK(world.story("system_overload") == Story{"pending/critical", "firing/critical"});
}

TEST_CASE("Rules: what a busy host does goes on while the database explains the calls, too") {
  World world;
  world.snapshot.tick_seconds = 5;
  world.snapshot.host.cpus = 4;
  world.snapshot.host.cpu_percent = 97;
  world.operation("SEND_MESSAGE", 100, 0, 300);
  world.ticks(3);
  CHECK(world.story("system_overload") == Story{"pending/critical", "firing/critical"});
  world.event("BREAKER", 1, 1, 1);
  world.ticks(60);
  CHECK(world.story("system_overload").empty());
  world.snapshot.host.cpu_percent = 10;
  world.ticks(25);
  CHECK(world.story("system_overload") == Story{"recovering/critical", "resolved/critical"});
}

TEST_CASE("Rules: an open breaker fires at the first tick, half-open holds, closed recovers") {
  World world;
  world.event("BREAKER", 1, 1, 1);
  world.tick();
  CHECK(world.story("database_issue") == Story{"firing/critical"});
  world.event("BREAKER", 2, 1, 2);
  world.ticks(100);
  CHECK(world.story("database_issue").empty());
  world.event("BREAKER", 3, 1, 0);
  world.ticks(25);
  CHECK(world.story("database_issue") == Story{"recovering/critical", "resolved/critical"});
}

TEST_CASE("Rules: a breaker that was open in a server which has gone is not open in the next one") {
  World world;
  world.event("BREAKER", 1, 1, 1);
  world.snapshot.rings[0].created_wall_ns = world.wall_ns + 1;
  world.ticks(3);
  CHECK(world.story("database_issue").empty());
}

TEST_CASE("Rules: rollbacks, slow queries and database errors") {
  World world;
  world.event("DB_TRANSACTION", 1000, 250);
  world.ticks(3);
  CHECK(world.story("database_issue") == Story{"pending/warning", "firing/warning"});
  world.event("SLOW_QUERY", 10);
  world.tick();   // what is counted is a fact
  CHECK(world.story("database_issue") == Story{"firing/warning"});
  ErrorStats busy;
  busy.name = "DATABASE_BUSY";
  busy.ring = "chat";
  ErrorStats other = busy;
  other.name = "ROOM_NOT_FOUND";
  world.snapshot.errors = {other, busy};
  const auto ticks_with = [&](ErrorStats& error, std::uint64_t added, int count) {
    for (int i = 0; i < count; ++i) {
      error.count[static_cast<std::size_t>(Window::since_start)] += added;
      error.count[static_cast<std::size_t>(Window::minute)] = 30;  // of 100 calls
      world.tick();
    }
    return world.story("database_issue");
  };
  CHECK(ticks_with(world.snapshot.errors[0], 30, 3).empty());
  CHECK(ticks_with(world.snapshot.errors[1], 30, 3) ==
        Story{"pending/critical", "firing/critical"});
  // The minute still holds them, and nothing has come.
  CHECK(ticks_with(world.snapshot.errors[1], 0, 25) ==
        Story{"recovering/critical", "resolved/critical"});
}

TEST_CASE("Rules: threats are counted by the minute, and name who it was") {
  World world;
  world.event("LOGIN_FAILED", 25);
  SeriesView& series = world.snapshot.events[0];
  series.last[0].subject = {PartyKind::address, 0x7f000002};
  world.tick();
  REQUIRE(world.log.size() == 1);
  CHECK(world.log[0].alert == AlertType::security_threat);
  CHECK(world.log[0].message ==
        "25 failed logins in the last minute, latest: address 127.0.0.2, threshold 20 a minute");
  world.log.clear();
  world.event("IP_BLOCK", 1);
  world.event("THREAT_PATTERN", 1, 0, 1);
  world.tick();
  CHECK(world.story("security_threat").size() == 2);
}

TEST_CASE(
    "Rules: lost records fire at the tick in which they are lost, and only those of that tick "
    "count") {
  World world;
  world.snapshot.rings[0].books.lost = 5;  // before the daemon looked: nothing to compare with
  world.ticks(3);
  CHECK(world.story("telemetry_loss").empty());
  world.snapshot.rings[0].books.lost = 7;
  world.tick();
  REQUIRE(world.log.size() == 1);
  CHECK(world.log[0].alert == AlertType::telemetry_loss);
  CHECK(world.log[0].state == AlertState::firing);
  CHECK(world.log[0].value == 2);
  CHECK(world.log[0].unit == AlertUnit::records);
  world.log.clear();
  world.ticks(25);
  CHECK(world.story("telemetry_loss") == Story{"recovering/warning", "resolved/warning"});
  world.snapshot.rings[0].books.lost = 20'007;
  world.restart();   // the state tells what was lost in between
  world.tick();
  CHECK(world.story("telemetry_loss") == Story{"firing/critical"});
}

TEST_CASE("Rules: rejected and untraced records and a refused ring are losses too") {
  const auto fires = [](const char* level, const char* words, auto&& change) {
    World world;
    world.tick();
    change(world.snapshot);
    world.tick();
    CAPTURE(words);
    REQUIRE(world.log.size() == 1);
    CHECK(world.log[0].alert == AlertType::telemetry_loss);
    CHECK(std::string(name_of(world.log[0].level)) == level);
    CHECK(world.log[0].message.find(words) != std::string::npos);
  };
  fires("warning", "could not be believed", [](Snapshot& s) { s.rings[0].books.rejected = 1; });
  fires("warning", "1 record of a thread without a lane was not written",
        [](Snapshot& s) { s.rings[0].untraced_records = 1; });
  fires("critical", "layout version 3", [](Snapshot& s) {
    s.rings[0].state = RingState::refused;
    s.rings[0].problem = "layout version 3, this program reads 2";
  });
}

TEST_CASE("Rules: a declared threshold is an operation's own, and one that waits has no other") {
  const auto levels_of = [](const Declared& declared, std::int64_t configured_ns) {
    World world;
    if (configured_ns > 0) world.config.thresholds.operations["POLL"].response_ns = configured_ns;
    world.operation("POLL", 100, 0, 30'000);
    world.snapshot.operations.back().declared = declared;
    RuleMemory memory;
    std::vector<double> found;
    for (const Reading& reading : read_figures(world.snapshot, world.config, memory)) {
      if (reading.alert == AlertType::high_latency && reading.operation == "POLL")
        found.push_back(reading.levels.at(AlertLevel::warning)->raise);
    }
    return found;
  };
  using Found = std::vector<double>;
  CHECK(levels_of({}, 0) == Found{1000});
  CHECK(levels_of({250'000'000, false}, 0) == Found{250});
  CHECK(levels_of({250'000'000, true}, 0) == Found{250});
  CHECK(levels_of({250'000'000, false}, 70'000'000) == Found{70});
  CHECK(levels_of({0, true}, 0).empty());
  CHECK(levels_of({0, true}, 70'000'000) == Found{70});
}

TEST_CASE("Rules: a crash fires at once, and resolves two minutes after the server is back") {
  World world;
  world.tick();
  world.snapshot.rings[0].state = RingState::crashed;
  world.snapshot.rings[0].crashes_seen = 1;
  world.tick();
  CHECK(world.story("server_down") == Story{"firing/critical"});
  world.ticks(100);
  CHECK(world.story("server_down").empty());
  world.snapshot.rings[0].state = RingState::live;
  world.ticks(25);
  CHECK(world.story("server_down") == Story{"recovering/critical", "resolved/critical"});
}

TEST_CASE("Rules: a crash between two ticks is not missed") {
  World world;
  world.tick();
  world.snapshot.rings[0].crashes_seen = 1;
  world.tick();
  CHECK(world.story("server_down") == Story{"firing/critical"});
  world.tick();
  CHECK(world.story("server_down") == Story{"recovering/critical"});
}

TEST_CASE("Rules: a server that stopped in order is down after three ticks, one that never was is not") {
  World world;
  world.snapshot.rings[0].state = RingState::closed;
  world.ticks(2);
  CHECK(world.story("server_down") == Story{"pending/warning"});
  world.tick();
  CHECK(world.story("server_down") == Story{"firing/warning"});
  World never;
  never.snapshot.rings[0].state = RingState::waiting;
  never.snapshot.rings[0].instances_seen = 0;
  never.ticks(10);
  CHECK(never.log.empty());
}

TEST_CASE("Rules: every type but the regression against a baseline has a figure in a plain snapshot") {
  World world;
  RuleMemory memory;
  read_figures(world.snapshot, world.config, memory);
  std::vector<std::string> types;
  for (const Reading& reading : read_figures(world.snapshot, world.config, memory)) {
    types.emplace_back(name_of(reading.alert));
    CHECK_FALSE(reading.text.empty());
  }
  for (const char* type :
       {"high_latency", "high_error_rate", "high_memory", "high_connections", "system_overload",
        "database_issue", "security_threat", "telemetry_loss", "server_down"}) {
    CAPTURE(type);
    CHECK(std::find(types.begin(), types.end(), type) != types.end());
  }
}

TEST_CASE("Rules: with several rings a message names its own") {
  World world;
  world.snapshot.rings.push_back(world.snapshot.rings[0]);
  world.snapshot.rings[1].name = "other";
  world.snapshot.rings[1].state = RingState::crashed;
  world.tick();
  REQUIRE(world.log.size() == 1);
  CHECK(world.log[0].ring == "other");
  CHECK(world.log[0].message.starts_with("ring other: "));
}

}  // namespace
}  // namespace ringside

// The life of an alert, tick by tick: whole transitions, and the ticks at which they come.
#include "daemon/alerts/alert_engine.h"
#include "tests/unit/daemon/alerts/alert_world.h"

namespace ringside {
namespace {

using Told = std::vector<std::string>;

Told tick_told(World& world, int ticks = 1) {
  Told out;
  for (int i = 0; i < ticks; ++i) {
    for (const AlertTransition& t : world.tick()) {
      CHECK(t.wall_ns == world.wall_ns);
      out.push_back(told(t));
    }
  }
  return out;
}

std::string p95_text(const std::string& span) {
  return "p95 " + span + " over 300 calls in the last 5 s, slowest " + span;
}

TEST_CASE("AlertLife: every transition says what, how bad, against which threshold, and why") {
  World world;
  const std::string who = "6741ab60 high_latency ";
  p95(world, 250);
  CHECK(tick_told(world) ==
        Told{who + "pending/warning SEND_MESSAGE@chat 250 200 ms: " + p95_text("250 ms") +
             ", threshold 200 ms (configured): fires when 3 of 5 ticks are over"});
  CHECK(tick_told(world).empty());
  CHECK(tick_told(world) == Told{who + "firing/warning SEND_MESSAGE@chat 250 200 ms: " +
                                 p95_text("250 ms") + ", threshold 200 ms (configured)"});
  p95(world, 500);
  CHECK(tick_told(world) ==
        Told{who + "firing/critical SEND_MESSAGE@chat 500 400 ms: " + p95_text("500 ms") +
             ", threshold 400 ms (configured): risen from warning"});
  p95(world, 250);
  CHECK(tick_told(world) ==
        Told{who + "recovering/critical SEND_MESSAGE@chat 250 320 ms: " + p95_text("250 ms") +
             ", threshold 320 ms (configured): falls after 2 min 00 s like this"});
  CHECK(tick_told(world, 24) ==
        Told{who + "firing/warning SEND_MESSAGE@chat 250 200 ms: " + p95_text("250 ms") +
             ", threshold 200 ms (configured): fallen from "
             "critical"});
  p95(world, 100);
  CHECK(tick_told(world) ==
        Told{who + "recovering/warning SEND_MESSAGE@chat 100 160 ms: " + p95_text("100 ms") +
             ", threshold 160 ms (configured): falls after 2 min 00 s like this"});
  p95(world, 300);
  CHECK(tick_told(world) ==
        Told{who + "firing/warning SEND_MESSAGE@chat 300 200 ms: " + p95_text("300 ms") +
             ", threshold 200 ms (configured): it is back"});
  p95(world, 100);
  // 3 ticks until it fired, 1 risen, 25 fallen, 2 there and back, 25 below: 55 ticks less the first
  // are 275 s.
  CHECK(tick_told(world, 25) ==
        Told{who + "recovering/warning SEND_MESSAGE@chat 100 160 ms: " + p95_text("100 ms") +
                 ", threshold 160 ms (configured): falls after 2 min 00 s like this",
             who + "resolved/warning SEND_MESSAGE@chat 100 160 ms: " + p95_text("100 ms") +
                 ", threshold 160 ms (configured): over after 4 min 35 s, at worst 500 ms"});
}

TEST_CASE("AlertLife: a fact has no threshold to name, a loss has one") {
  World world;
  world.tick();
  world.event("BREAKER", 1, 0, 1);
  world.snapshot.rings[0].books.lost = 5;
  world.snapshot.rings[0].untraced_records = 1;
  const std::string breaker = "6741ab65 database_issue ", lost = "6741ab66 telemetry_loss ",
                    untraced = "6741ab67 telemetry_loss ";
  CHECK(tick_told(world) ==
        Told{breaker + "firing/critical @chat 1 1 open: the circuit breaker is open since "
                       "10:16:00.000",
             lost + "firing/warning @chat 5 1 records: 5 records were overwritten before they were "
                    "read since the last tick, 5 in all, threshold 1 record",
             untraced + "firing/warning @chat 1 1 records: 1 record of a thread without a lane was "
                        "not written since the last tick, 1 in all, threshold 1 record"});
  world.event("BREAKER", 1, 0, 0);
  const std::string closed =
                        "/critical @chat 0 0.5 open: the circuit breaker is closed since "
                        "10:16:05.000: ",
                    no_more =
                        "/warning @chat 0 1 records: 0 records were overwritten before they "
                        "were read since the last tick, 5 in all, threshold 1 record: ",
                    none =
                        "/warning @chat 0 1 records: 0 records of threads without a lane were "
                        "not written since the last tick, 1 in all, threshold 1 record: ";
  const std::string falls = "falls after 2 min 00 s like this", over = "over after 2 min 05 s";
  CHECK(tick_told(world, 25) ==
        Told{breaker + "recovering" + closed + falls, lost + "recovering" + no_more + falls,
             untraced + "recovering" + none + falls, breaker + "resolved" + closed + over,
             lost + "resolved" + no_more + over + ", at worst 5 records",
             untraced + "resolved" + none + over + ", at worst 1 record"});
}

TEST_CASE("AlertLife: with two rings a message names its ring, but the host's has none") {
  World world;
  world.snapshot.rings.push_back(world.snapshot.rings[0]);
  world.snapshot.rings[0].name = "a\nb";
  world.snapshot.rings[0].state = RingState::crashed;
  world.snapshot.host.memory_total_bytes = 800;
  world.snapshot.host.memory_available_bytes = 40;
  CHECK(tick_told(world) ==
        Told{"6741ab60 server_down firing/critical @a\nb 1 1 crashed: ring a\\nb: chatd (pid 4242) "
             "died without closing its ring",
             "6741ab61 system_overload pending/warning @ 95 90 percent: 95 % of the host's memory "
             "is used, 40 B of 800 B are available, threshold 90 %: fires when 3 of 5 ticks are "
             "over"});
}

TEST_CASE("AlertLife: a level that is switched off while it is active has no threshold to name") {
  World world;
  p95(world, 500);
  world.ticks(3);
  world.config.alerts.latency = {};
  world.engine.reconfigure(world.config);
  CHECK(tick_told(world) ==
        Told{"6741ab60 high_latency recovering/critical SEND_MESSAGE@chat 500 0 ms: p95 500 ms "
             "over 300 calls in the last 5 minutes, slowest 500 ms: falls after 2 min 00 s like "
             "this"});
}

TEST_CASE(
    "AlertLife: fires when raise_ticks of the last of_ticks are over, and is forgotten after "
    "of_ticks without one") {
  struct Ticks {
    std::uint64_t raise, of;
  };
  for (const Ticks ticks :
       {Ticks{1, 1}, Ticks{2, 2}, Ticks{3, 5}, Ticks{2, 62}, Ticks{2, 63}, Ticks{2, 64}}) {
    CAPTURE(ticks.of);
    World world;
    world.config.alerts.raise_ticks = ticks.raise;
    world.config.alerts.of_ticks = ticks.of;
    world.engine.reconfigure(world.config);
    const int of = static_cast<int>(ticks.of);
    p95(world, 250);
    world.tick();
    const bool at_once = ticks.raise == 1;
    CHECK(world.story("high_latency") == Story{at_once ? "firing/warning" : "pending/warning"});
    if (at_once) continue;
    p95(world, 20);
    world.ticks(of - 1);
    CHECK(world.log.empty());
    world.tick();  // the one tick that was over is no longer among the last
    CHECK(world.log.size() == 1);
    CHECK(world.story("high_latency") == Story{"resolved/warning"});
    // The first and the last of of_ticks are over. That is enough when two are.
    p95(world, 250);
    world.ticks(static_cast<int>(ticks.raise) - 1);
    p95(world, 20);
    world.ticks(of - static_cast<int>(ticks.raise));
    CHECK(world.story("high_latency") == Story{"pending/warning"});
    p95(world, 250);
    world.tick();
    CHECK(world.story("high_latency") == Story{"firing/warning"});
  }
}

TEST_CASE("AlertLife: pending fires at the level that it has now, if that is higher") {
  World world;
  p95(world, 250);
  world.ticks(2);
  p95(world, 500);
  world.tick();
  CHECK(world.story("high_latency") == Story{"pending/warning", "firing/critical"});
  // But a high level that was only seen is not confirmed.
  World other;
  p95(other, 500);
  other.tick();
  p95(other, 250);
  other.ticks(2);
  CHECK(other.story("high_latency") == Story{"pending/critical", "firing/warning"});
}

TEST_CASE("AlertLife: an information has the same life as a warning, and a warning falls to one") {
  World world;
  world.config.alerts.latency.bounds[0] = LevelBounds{0.5, 0.4};  // 100/80 ms
  world.engine.reconfigure(world.config);
  p95(world, 105);
  world.ticks(3);
  CHECK(world.story("high_latency") == Story{"pending/info", "firing/info"});
  p95(world, 210);
  world.tick();
  CHECK(world.story("high_latency") == Story{"firing/warning"});
  p95(world, 90);
  world.ticks(25);
  CHECK(world.story("high_latency") == Story{"recovering/warning", "firing/info"});
  p95(world, 84);  // not below the clear threshold
  world.ticks(25);
  CHECK(world.story("high_latency").empty());
  p95(world, 76);
  world.ticks(3);
  p95(world, 105);
  world.tick();
  CHECK(world.story("high_latency") == Story{"recovering/info", "firing/info"});
  p95(world, 76);
  world.ticks(25);
  CHECK(world.story("high_latency") == Story{"recovering/info", "resolved/info"});
}

TEST_CASE("AlertLife: falls to a lower level that is on its way down as well") {
  World world;
  p95(world, 500);
  world.ticks(3);
  p95(world, 250);
  world.ticks(12);
  p95(world, 100);
  world.ticks(13);
  CHECK(world.story("high_latency") ==
        Story{"pending/critical", "firing/critical", "recovering/critical", "recovering/warning"});
  world.ticks(11);
  CHECK(world.log.empty());
  world.tick();
  CHECK(world.story("high_latency") == Story{"resolved/warning"});
}

TEST_CASE("AlertLife: of a long gap between two ticks four ticks count, of a step back none") {
  struct Gap {
    std::int64_t gap_ns, clear_after_ns;
    bool resolved;
  };
  for (const Gap gap :
       {Gap{20 * kSecond, 20 * kSecond, true}, Gap{kHour, 20 * kSecond, true},
        Gap{kHour, 20 * kSecond + 1, false}, Gap{19 * kSecond, 19 * kSecond, true},
        Gap{19 * kSecond, 19 * kSecond + 1, false}, Gap{-kHour, 1, false}, Gap{0, 1, false}}) {
    CAPTURE(gap.gap_ns);
    CAPTURE(gap.clear_after_ns);
    World world;
    world.config.alerts.clear_after_ns = gap.clear_after_ns;
    world.engine.reconfigure(world.config);
    p95(world, 250);
    world.ticks(3);
    p95(world, 20);
    world.tick();
    world.log.clear();
    world.monotonic_ns += gap.gap_ns - world.config.tick_ns;
    world.tick();
    CHECK(world.log.size() == (gap.resolved ? 1 : 0));
  }
}

TEST_CASE("AlertLife: each gap without data has its own hour") {
  World world;
  p95(world, 250);
  world.ticks(3);
  world.story("high_latency");
  const auto operations = world.snapshot.operations;
  for (int gap = 0; gap < 3; ++gap) {
    world.snapshot.operations.clear();
    world.ticks(500);
    world.snapshot.operations = operations;
    world.tick();
  }
  CHECK(world.story("high_latency") == Story{"firing/warning", "firing/warning", "firing/warning"});
  world.snapshot.operations.clear();
  world.ticks(720);
  world.log.clear();
  CHECK(tick_told(world) ==
        Told{"6741ab60 high_latency resolved/warning SEND_MESSAGE@chat 250 160 ms: no data for "
             "60 min 00 s (nothing reports it any more), threshold 160 ms (configured): given up, "
             "it is not "
             "known whether it is over"});
}

TEST_CASE("AlertLife: a gap is said once, and short gaps at most once in clear_after") {
  World world;
  p95(world, 250);
  world.ticks(3);
  const auto operations = world.snapshot.operations;
  // How often a gap of so many ticks is said, and after it there is data for one tick.
  const auto gap = [&](int ticks) {
    world.log.clear();
    world.snapshot.operations.clear();
    world.ticks(ticks);
    const std::size_t said = world.log.size();
    world.snapshot.operations = operations;
    world.tick();
    return said;
  };
  CHECK(gap(2) == 1);
  for (int i = 0; i < 7; ++i) CHECK(gap(2) == 0);
  CHECK(gap(1) == 1);    // 24 ticks, which are clear_after, since the first was said
  CHECK(gap(100) == 1);  // it is still going on after clear_after
  CHECK(gap(100) == 1);  // and that was long ago
}

TEST_CASE("AlertLife: an id is the second in hex, or the one after the last") {
  World world;
  world.event("BREAKER", 1, 0, 1);
  const auto fires_at = [&](std::int64_t wall_ns) {
    world.engine = AlertEngine(world.config);
    const auto out = episodes_in(world.engine.evaluate(world.snapshot, 0, wall_ns));
    REQUIRE(out.size() == 1);
    return out[0].id;
  };
  CHECK(fires_at(0) == "00000001");
  CHECK(fires_at(-5 * kSecond) == "00000001");
  CHECK(fires_at(kSecond - 1) == "00000001");
  CHECK(fires_at(2 * kSecond - 1) == "00000001");
  CHECK(fires_at(2 * kSecond) == "00000002");
  CHECK(fires_at(0x1'0000'0000 * kSecond) == "100000000");
}

TEST_CASE("AlertLife: the worst value is that of the whole episode, small ones too") {
  World world;
  world.snapshot.host.memory_total_bytes = 1000;
  world.config.alerts.memory_percent = Levels::of(LevelBounds{0.5, 0.25});
  world.engine.reconfigure(world.config);
  world.snapshot.host.memory_available_bytes = 995;
  world.ticks(2);
  world.snapshot.host.memory_available_bytes = 992;
  world.tick();
  world.snapshot.host.memory_available_bytes = 999;
  world.ticks(25);
  REQUIRE(world.log.size() == 4);
  CHECK(told(world.log[3]) ==
        "6741ab60 system_overload resolved/warning @ 0.1 0.25 percent: 0.10 % of the host's memory "
        "is used, 999 B of 1000 B are available, threshold 0.25 %: over after 2 min 15 s, at worst "
        "0.80 %");
}

TEST_CASE(
    "AlertLife: shown are the active ones by state, level and age, and the latest 200 "
    "transitions") {
  World world;
  world.config.alerts.raise_ticks = 2;
  world.config.alerts.of_ticks = 2;
  world.engine.reconfigure(world.config);
  const auto slow = [&](const std::string& name, double ms) { world.operation(name, 50, 0, ms); };
  // Thresholds of these: 1000/800 ms, 2000/1600, 10000/5000.
  slow("D_OLD_WARNING", 1500);
  slow("B_RECOVERING", 60'000);
  world.ticks(2);
  slow("C_NEW_WARNING", 1500);
  slow("A_NEW_WARNING", 1500);
  slow("E_CRITICAL", 2500);
  world.tick();
  slow("B_RECOVERING", 10);
  world.tick();
  slow("F_PENDING", 1500);
  slow("G_PENDING_EMERGENCY", 60'000);
  world.tick();
  Snapshot snapshot = world.snapshot;
  snapshot.alerts.resize(2);
  snapshot.transitions.resize(3);
  world.engine.show(snapshot);
  Story shown;
  for (const AlertView& view : snapshot.alerts)
    shown.push_back(view.last.operation + " " + name_of(view.last.state));
  CHECK(shown == Story{"E_CRITICAL firing", "D_OLD_WARNING firing", "A_NEW_WARNING firing",
                       "C_NEW_WARNING firing", "B_RECOVERING recovering",
                       "G_PENDING_EMERGENCY pending", "F_PENDING pending"});
  CHECK(snapshot.alerts[0].since_wall_ns == 1'732'356'970'000'000'000);
  CHECK(snapshot.alerts[1].since_wall_ns == 1'732'356'960'000'000'000);
  CHECK(snapshot.transitions_forgotten == 0);
  REQUIRE(snapshot.transitions.size() == world.log.size());
  for (std::size_t i = 0; i < world.log.size(); ++i)
    CHECK(told(snapshot.transitions[i]) == told(world.log[i]));
  // Each round leaves three transitions.
  world.ticks(100);
  while (world.log.size() < 250) {
    slow("H", 1500);
    world.ticks(2);
    slow("H", 10);
    world.ticks(25);
  }
  world.engine.show(snapshot);
  CHECK(snapshot.transitions.size() == 200);
  CHECK(snapshot.transitions_forgotten == world.log.size() - 200);
  CHECK(told(snapshot.transitions.front()) == told(world.log[world.log.size() - 200]));
  CHECK(told(snapshot.transitions.back()) == told(world.log.back()));
}

}  // namespace
}  // namespace ringside

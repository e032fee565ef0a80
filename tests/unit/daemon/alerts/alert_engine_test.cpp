#include "daemon/alerts/alert_engine.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <set>

#include "tests/unit/daemon/alerts/alert_world.h"

namespace ringside {
namespace {

constexpr const char* kLatency = "high_latency";
// Thresholds of SEND_MESSAGE: warning 200/160 ms, critical 400/320, emergency 2000/1000.
void latency(World& world, double ms) { world.operation("SEND_MESSAGE", 100, 0, ms); }

TEST_CASE("Alert: three of the last five ticks over the threshold fire, two do not") {
  World world;
  latency(world, 300);
  world.tick();
  CHECK(world.story(kLatency) == Story{"pending/warning"});
  latency(world, 20);
  world.tick();
  latency(world, 300);
  world.tick();
  latency(world, 20);
  world.tick();
  CHECK(world.story(kLatency).empty());
  latency(world, 300);
  world.tick();
  CHECK(world.story(kLatency) == Story{"firing/warning"});
}

TEST_CASE("Alert: what does not last is resolved without having fired") {
  World world;
  latency(world, 300);
  world.ticks(2);
  latency(world, 20);
  world.ticks(4);
  CHECK(world.story(kLatency) == Story{"pending/warning"});
  world.tick();
  CHECK(world.story(kLatency) == Story{"resolved/warning"});
  Snapshot snapshot;
  world.engine.show(snapshot);
  CHECK(snapshot.alerts.empty());
  CHECK(snapshot.transitions.size() == 2);
}

TEST_CASE(
    "Alert: it clears after two minutes below the clear threshold, and not while between the two") {
  World world;
  latency(world, 300);
  world.ticks(3);
  CHECK(world.story(kLatency) == Story{"pending/warning", "firing/warning"});
  latency(world, 180);   // below raise, above clear
  world.ticks(1000);
  CHECK(world.story(kLatency).empty());
  latency(world, 100);
  world.tick();
  CHECK(world.story(kLatency) == Story{"recovering/warning"});
  world.ticks(12);       // one minute
  latency(world, 180);   // not below the clear threshold: the two minutes start over
  world.tick();
  latency(world, 100);
  world.ticks(24);       // the first tick starts the two minutes
  CHECK(world.story(kLatency).empty());
  world.tick();
  CHECK(world.story(kLatency) == Story{"resolved/warning"});
}

TEST_CASE(
    "Alert: it fires again at once when it comes back while recovering, as the same episode") {
  World world;
  latency(world, 300);
  world.ticks(3);
  latency(world, 100);
  world.ticks(3);
  latency(world, 250);
  world.tick();
  std::set<std::string> ids;
  for (const auto& t : world.log) ids.insert(t.id);
  CHECK(ids.size() == 1);
  CHECK(world.story(kLatency) ==
        Story{"pending/warning", "firing/warning", "recovering/warning", "firing/warning"});
}

TEST_CASE("Alert: a level rises at once and falls only through recovering") {
  World world;
  latency(world, 300);
  world.ticks(3);
  latency(world, 500);
  world.tick();
  CHECK(world.story(kLatency) == Story{"pending/warning", "firing/warning", "firing/critical"});
  latency(world, 3000);
  world.tick();
  CHECK(world.story(kLatency) == Story{"firing/emergency"});
  latency(world, 300);   // over the warning level, below the clear threshold of critical
  world.tick();
  CHECK(world.story(kLatency) == Story{"recovering/emergency"});
  world.ticks(24);
  CHECK(world.story(kLatency) == Story{"firing/warning"});
  latency(world, 10);
  world.ticks(25);
  CHECK(world.story(kLatency) == Story{"recovering/warning", "resolved/warning"});
}

TEST_CASE("Alert: from the highest level straight to nothing when all is well at once") {
  World world;
  latency(world, 3000);
  world.ticks(3);
  latency(world, 10);
  world.ticks(25);
  CHECK(world.story(kLatency) == Story{"pending/emergency", "firing/emergency",
                                       "recovering/emergency", "resolved/emergency"});
}

TEST_CASE("Alert: a single call proves nothing, however slow, and a few prove a lot") {
  World world;
  world.operation("SEND_MESSAGE", 1, 1, 60'000);
  world.ticks(100);
  CHECK(world.log.empty());
  world.operation("SEND_MESSAGE", 4, 0, 60'000);
  world.ticks(3);
  CHECK(world.story(kLatency) == Story{"pending/emergency", "firing/emergency"});
}

TEST_CASE("Alert: few calls clear what many have raised, if they are well, and no call does too") {
  for (const int calls : {5, 0}) {
    CAPTURE(calls);
    World world;
    latency(world, 300);
    world.ticks(3);
    world.story(kLatency);
    world.operation("SEND_MESSAGE", static_cast<std::uint64_t>(calls), 0, 1);
    world.ticks(25);
    CHECK(world.story(kLatency) == Story{"recovering/warning", "resolved/warning"});
  }
}

TEST_CASE("Alert: a tick without calls says nothing, as long as the last minute had some") {
  World world;
  latency(world, 300);
  world.ticks(2);
  SeriesView& series = world.snapshot.operations[0];
  const WindowStats slow = series.last_5s;
  series.last_5s = {};
  world.ticks(20);
  CHECK(world.story(kLatency) == Story{"pending/warning"});
  series.last_5s = slow;
  world.tick();
  CHECK(world.story(kLatency) == Story{"firing/warning"});
  series.last_5s = {};
  world.ticks(100);
  CHECK(world.log.empty());
}

TEST_CASE("Alert: what is over is over now: the last 5 s, and not only the minute before") {
  World world;
  world.ticks(3);
  latency(world, 300);
  world.snapshot.operations[0].last_5s = window_of(100, 0, 1);
  world.ticks(10);
  CHECK(world.log.empty());
}

TEST_CASE("Alert: missing data holds the state, says so once, and its time does not count") {
  World world;
  latency(world, 300);
  world.ticks(3);
  latency(world, 100);
  world.ticks(12);   // recovering for a minute less one tick
  world.story(kLatency);
  const auto operations = world.snapshot.operations;
  world.snapshot.operations.clear();
  world.tick();
  REQUIRE(world.log.size() == 1);
  CHECK(world.log[0].state == AlertState::recovering);
  CHECK(world.log[0].message.find("no data (nothing reports it any more)") != std::string::npos);
  CHECK(world.log[0].message.find("held as recovering") != std::string::npos);
  world.ticks(200);
  CHECK(world.log.size() == 1);
  world.snapshot.operations = operations;
  world.ticks(12);
  CHECK(world.log.size() == 1);
  world.tick();
  REQUIRE(world.log.size() == 2);
  CHECK(world.log[1].state == AlertState::resolved);
}

TEST_CASE("Alert: pending is held as well: neither raised nor dropped by ticks without data") {
  World world;
  latency(world, 300);
  world.ticks(2);
  const auto operations = world.snapshot.operations;
  world.snapshot.operations.clear();
  world.ticks(50);
  CHECK(world.story(kLatency) == Story{"pending/warning"});
  world.snapshot.operations = operations;
  world.tick();
  CHECK(world.story(kLatency) == Story{"firing/warning"});
}

TEST_CASE("Alert: without data for hold_without_data it is resolved as unknown") {
  World world;
  latency(world, 300);
  world.ticks(3);
  world.story(kLatency);
  world.snapshot.operations.clear();
  world.ticks(720);   // the first tick starts the hour
  CHECK(world.story(kLatency) == Story{"firing/warning"});
  world.tick();
  REQUIRE(world.log.size() == 1);
  CHECK(world.log[0].state == AlertState::resolved);
  CHECK(world.log[0].message.find("not known whether it is over") != std::string::npos);
}

TEST_CASE("Alert: an episode goes on across a restart of the daemon, timers included") {
  World world;
  latency(world, 300);
  world.ticks(2);
  world.restart();
  world.tick();
  CHECK(world.story(kLatency) == Story{"pending/warning", "firing/warning"});
  latency(world, 100);
  world.ticks(12);
  world.restart();
  world.monotonic_ns = 77;   // another boot
  world.ticks(13);           // the first tick after a restart adds no time
  CHECK(world.story(kLatency) == Story{"recovering/warning"});
  world.tick();
  CHECK(world.story(kLatency) == Story{"resolved/warning"});
}

TEST_CASE("Alert: what is saved comes back as it was, whatever state the episodes are in") {
  World world;
  std::mt19937 random(20241123);
  INFO("seed 20241123");
  for (int i = 0; i < 1000; ++i) {
    latency(world, i % 400 < 200 ? std::uniform_real_distribution(10.0, 500.0)(random) : 10);
    world.operation("JOIN_ROOM", i % 60 < 30 ? 50 : 5, 25, 1);
    world.tick();
    const std::string saved = world.engine.encode();
    AlertEngine copy(world.config);
    std::string why;
    REQUIRE_MESSAGE(copy.decode(saved, &why), why);
    CHECK(copy.encode() == saved);
  }
  CHECK(world.log.size() > 20);
}

TEST_CASE("Alert: the daemon's absence is no time below the threshold") {
  World world;
  latency(world, 300);
  world.ticks(3);
  latency(world, 100);
  world.tick();
  world.story(kLatency);
  world.monotonic_ns += kHour;   // the daemon was stopped
  world.tick();
  CHECK(world.story(kLatency).empty());
}

TEST_CASE("Alert: a state that isn't one is refused and nothing is taken") {
  World world;
  latency(world, 300);
  world.ticks(3);
  const std::string good = world.engine.encode();
  std::string why;
  const auto refused = [&](const std::string& bad) {
    why.clear();
    return !world.engine.decode(bad, &why) &&
           why == "the state is damaged: its alerts are not whole";
  };
  for (std::size_t size = 0; size < good.size(); ++size) CHECK(refused(good.substr(0, size)));
  CHECK(refused(good + '\0'));
  CHECK(refused("{\"version\":2}"));
  // The episode's state follows the text of its latest reading. Two texts come later, those of its
  // latest transition and of its incident's. The byte here is a state that does not exist:
  std::string wrong = good;
  std::size_t at = std::string::npos;
  for (int text = 0; text < 3; ++text) at = wrong.rfind("p95 ", at - 1);
  REQUIRE(at != std::string::npos);
  const auto length = static_cast<unsigned char>(wrong[at - 1]);
  REQUIRE(static_cast<AlertState>(wrong[at + length]) == AlertState::firing);
  wrong[at + length] = static_cast<char>(kEpisodeStates);
  CHECK(refused(wrong));
  CHECK(world.engine.encode() == good);
}

TEST_CASE("Alert: ids differ between episodes, and go on after a restart") {
  World world;
  std::set<std::string> ids;
  for (int i = 0; i < 20; ++i) {
    latency(world, 300);
    world.ticks(3);
    latency(world, 10);
    world.ticks(30);
    if (i % 3 == 0) world.restart();
  }
  for (const auto& t : world.log) ids.insert(t.id);
  CHECK(ids.size() == 20);
  for (const auto& id : ids) CHECK(id.size() == 8);
}

TEST_CASE("Alert: episodes of different operations are apart") {
  World world;
  world.operation("CREATE_ROOM", 50, 0, 600);
  world.operation("JOIN_ROOM", 50, 0, 600);   // below its threshold of 1000 ms
  latency(world, 300);
  world.ticks(3);
  std::map<std::string, std::set<std::string>> ids;
  for (const auto& t : world.log) ids[t.operation].insert(t.id);
  CHECK(ids.size() == 2);
  CHECK(ids["CREATE_ROOM"].size() == 1);
  CHECK(ids["SEND_MESSAGE"].size() == 1);
  CHECK(ids["CREATE_ROOM"] != ids["SEND_MESSAGE"]);
}

TEST_CASE(
    "Alert: new thresholds hold from the next tick on, and end what they no longer call wrong") {
  World world;
  latency(world, 300);
  world.ticks(3);
  world.story(kLatency);
  world.config.thresholds.operations["SEND_MESSAGE"].response_ns = kSecond;
  world.engine.reconfigure(world.config);
  world.ticks(25);
  CHECK(world.story(kLatency) == Story{"recovering/warning", "resolved/warning"});
  // The level is switched off while it is active.
  latency(world, 3000);
  world.ticks(3);
  CHECK(world.story(kLatency) == Story{"pending/critical", "firing/critical"});
  world.config.alerts.latency = {};
  world.engine.reconfigure(world.config);
  world.ticks(25);
  CHECK(world.story(kLatency) == Story{"recovering/critical", "resolved/critical"});
}

TEST_CASE("Alert: a day of noise keeps every episode's order") {
  World world;
  std::mt19937 random(7);
  INFO("seed 7");
  for (int i = 0; i < 86400 / 5; ++i) {
    const int what = std::uniform_int_distribution(0, 9)(random);
    const bool rough = i / 240 % 3 == 1;   // twenty minutes of every hour
    if (what == 0) {
      world.operation("SEND_MESSAGE", 3, 0, 1);
    } else {
      latency(world,
              std::exp(std::normal_distribution(rough ? 5.3 : 3.0, rough ? 0.9 : 0.3)(random)));
    }
    world.tick();
  }
  std::map<std::string, std::vector<AlertTransition>> episodes;
  for (const auto& t : world.log) {
    if (t.alert == AlertType::high_latency) episodes[t.id].push_back(t);
  }
  REQUIRE(episodes.size() > 10);
  std::size_t open = 0;
  for (const auto& [name, life] : episodes) {
    const std::string& id = name;
    CAPTURE(id);
    CHECK(life.front().state == AlertState::pending);
    for (std::size_t i = 1; i < life.size(); ++i) {
      CHECK(life[i - 1].state != AlertState::resolved);
      CHECK(life[i].state != AlertState::pending);
      // Pending goes by a level that was only seen. Firing goes by one that was confirmed.
      if (life[i].level < life[i - 1].level) CHECK(life[i - 1].state != AlertState::firing);
      CHECK(life[i].wall_ns > life[i - 1].wall_ns);
    }
    if (life.back().state != AlertState::resolved) ++open;
  }
  CHECK(open <= 1);
  Snapshot snapshot;
  world.engine.show(snapshot);
  CHECK(snapshot.alerts.size() == open);
  CHECK(snapshot.transitions.size() == kTransitionsKept);
  CHECK(snapshot.transitions_forgotten + kTransitionsKept == world.log.size());
}

TEST_CASE("Alert: active ones are shown firing first, then by level") {
  World world;
  world.operation("CREATE_ROOM", 50, 0, 6000);
  latency(world, 300);
  world.ticks(3);
  world.operation("JOIN_ROOM", 50, 0, 60'000);
  world.tick();
  Snapshot snapshot;
  world.engine.show(snapshot);
  REQUIRE(snapshot.alerts.size() == 3);
  CHECK(snapshot.alerts[0].last.operation == "CREATE_ROOM");
  CHECK(snapshot.alerts[1].last.operation == "SEND_MESSAGE");
  CHECK(snapshot.alerts[2].last.state == AlertState::pending);
  CHECK(snapshot.alerts[0].since_wall_ns == 1'732'356'960'000'000'000);
}

}  // namespace
}  // namespace ringside

// The rivals on figures that a test sets: one gauge, connections, whose thresholds are 1000 and
// 1500.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tools/simulate/policy.h"

using namespace ringside;
using namespace ringside::simulate;

namespace {

struct Desk {
  std::unique_ptr<Policy> policy;
  Ns now = 0;
  std::vector<std::string> story = {};  // "second what/level"

  // The gauge has that value at each tick of that many seconds.
  void hold(std::int64_t connections, int seconds) {
    Snapshot snapshot;
    RingView ring;
    ring.name = "chat";
    ring.state = RingState::live;
    snapshot.rings.push_back(ring);
    snapshot.gauges.push_back({"chat", "connections", connections, connections});
    for (int passed = 0; passed < seconds; passed += 5) {
      now += 5 * kSecondNs;
      for (const Line& line : policy->tick({snapshot, now, now})) {
        constexpr const char* kWhat[] = {"pending", "raised", "recovering", "resolved"};
        REQUIRE(line.alert == AlertType::high_connections);
        story.push_back(std::to_string(now / kSecondNs) + ' ' +
                        kWhat[static_cast<std::size_t>(line.what)] + '/' +
                        ringside::name_of(line.level));
      }
    }
  }
};

using RivalStory = std::vector<std::string>;

}  // namespace

TEST_CASE("Prometheus: fires when the expression has been true for a minute, every 15 s") {
  Desk desk{make_prometheus(Config{})};
  desk.hold(100, 60);   // evaluated at 5, 20, 35, 50
  desk.hold(1200, 80);  // true at 65, 80, 95, 110, 125
  CHECK(desk.story == RivalStory{"125 raised/warning"});
  desk.hold(999, 20);  // false at 155
  CHECK(desk.story == RivalStory{"125 raised/warning", "155 resolved/warning"});
}

TEST_CASE("Prometheus: one evaluation that is false begins the minute anew") {
  Desk desk{make_prometheus(Config{})};
  desk.hold(1200, 50);  // true at 5, 20, 35, 50
  desk.hold(100, 15);   // false at 65
  desk.hold(1200, 60);  // true at 80, 95, 110, 125
  CHECK(desk.story.empty());
}

TEST_CASE("Prometheus: each level is a rule of its own") {
  Desk desk{make_prometheus(Config{})};
  desk.hold(1600, 80);
  CHECK(desk.story == RivalStory{"65 raised/warning", "65 raised/critical"});
}

TEST_CASE("Netdata: a change is told after its delay, up a minute and down five") {
  Desk desk{make_netdata(Config{})};
  desk.hold(1200, 100);  // over at 5; told at 65
  CHECK(desk.story == RivalStory{"65 raised/warning"});
  desk.hold(100, 350);  // below at 105; told at 405
  CHECK(desk.story == RivalStory{"65 raised/warning", "405 resolved/warning"});
}

TEST_CASE("Netdata: between the two thresholds the status stays as it is") {
  Desk desk{make_netdata(Config{})};
  desk.hold(1200, 100);
  desk.hold(900, 1000);  // 850 would clear it
  CHECK(desk.story == RivalStory{"65 raised/warning"});
}

TEST_CASE("Netdata: what ends before it was told is not told, and flapping makes delays longer") {
  Desk desk{make_netdata(Config{})};
  desk.hold(1200, 30);   // over at 5
  desk.hold(100, 30);    // below at 35: the delays are now 90 s and 450 s
  desk.hold(1200, 300);  // over at 65: 135 s
  CHECK(desk.story == RivalStory{"205 raised/warning"});
}

TEST_CASE("Rivals: a server that is down for long is critical for both") {
  for (const auto& make : {make_prometheus, make_netdata}) {
    const std::unique_ptr<Policy> policy = make(Config{});
    Snapshot snapshot;
    snapshot.rings.resize(1);
    snapshot.rings[0].state = RingState::crashed;
    std::vector<Line> lines;
    for (Ns now = 5 * kSecondNs; now <= 90 * kSecondNs; now += 5 * kSecondNs) {
      for (const Line& line : policy->tick({snapshot, now, now})) lines.push_back(line);
    }
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].alert == AlertType::server_down);
    CHECK(lines[0].level == AlertLevel::critical);
  }
}

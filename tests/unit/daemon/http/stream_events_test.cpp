// What the stream sends is what has happened between two ticks.
#include "daemon/http/stream_events.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "daemon/http/alert_lines.h"
#include "report/render/json_parts.h"
#include "tests/unit/daemon/http/alerted_server.h"
#include "tests/unit/report/night.h"
#include "tests/unit/report/ones.h"
#include "tests/unit/report/sample.h"

using namespace ringside;
using namespace ringside::http;
using Json = nlohmann::ordered_json;

namespace {

Present present_of(Snapshot snapshot) {
  return Present(std::make_shared<const Snapshot>(std::move(snapshot)));
}
std::string names_of(const std::vector<StreamData>& events) {
  std::string names;
  for (const StreamData& event : events)
    names += (names.empty() ? "" : " ") + std::string(event.event);
  return names;
}

}  // namespace

TEST_CASE("StreamEvents: hello says which daemon it is, and at which tick") {
  const Json nothing = Json::parse(hello_event(nullptr, sample::kNow).data);
  CHECK(nothing.at("generated_at") == "2024-11-23T10:15:55.123456789Z");
  CHECK(nothing.at("tick").is_null());
  CHECK(nothing.at("daemon_started_at").is_null());
  const Snapshot& busy = sample::busy();
  const Present present = present_of(busy);
  const Json hello = Json::parse(hello_event(&present, sample::kNow).data);
  CHECK(hello.at("tick") == busy.tick);
  CHECK(hello.at("daemon_version") == busy.daemon.version);
  CHECK(hello.at("daemon_started_at") == detail::json_at(busy.daemon.started_wall_ns));
}

TEST_CASE("StreamEvents: a tick has each operation's last minute, as metrics have it") {
  const Snapshot& busy = sample::busy();
  const auto events = events_between(nullptr, present_of(busy));
  REQUIRE(names_of(events) == "tick");
  CHECK(events[0].data.find('\n') == std::string::npos);
  const Json tick = Json::parse(events[0].data);
  CHECK(tick.at("tick") == busy.tick);
  REQUIRE(tick.at("operations").size() == busy.operations.size());
  for (std::size_t i = 0; i < busy.operations.size(); ++i) {
    const Json& shown = tick.at("operations").at(i);
    const Json window = detail::json_series(busy.operations[i], {}).at("windows").at("1m");
    CHECK(shown.at("name") == busy.operations[i].name);
    for (const char* key :
         {"count", "rate_per_s", "errors", "error_rate", "p50_ns", "p95_ns", "p99_ns", "max_ns"}) {
      CAPTURE(key);
      CHECK(shown.at(key) == window.at(key));
    }
  }
  CHECK(tick.at("gauges") == detail::json_system(busy).at("gauges"));
  Snapshot flying = sample::ones();
  flying.lanes[0].in_flight = "SEND";
  CHECK(Json::parse(events_between(nullptr, present_of(flying)).back().data).at("in_flight") == 1);
}

TEST_CASE("StreamEvents: each transition comes once, in its order, before its tick") {
  AlertedServer server;
  server.tick();
  Snapshot before = server.snapshot;
  server.breaker(true);
  server.tick();
  auto events = events_between(&before, present_of(server.snapshot));
  CHECK(names_of(events) == "alert tick");
  CHECK(Json::parse(events[0].data).at("state") == "firing");
  before = server.snapshot;
  server.tick();
  CHECK(names_of(events_between(&before, present_of(server.snapshot))) == "tick");
  AlertRequest clear;
  clear.action = AlertAction::clear;
  clear.target = AlertTarget::matching;
  clear.who = "anna";
  server.engine.handle(clear, server.wall_ns);
  server.breaker(false);
  server.tick();
  events = events_between(&before, present_of(server.snapshot));
  CHECK(names_of(events) == "alert tick");
  CHECK(Json::parse(events[0].data).at("state") == "resolved");
}

TEST_CASE("StreamEvents: more transitions than a snapshot keeps leave a gap that is counted") {
  Snapshot before = sample::busy();
  Snapshot after = before;
  after.transitions_forgotten += before.transitions.size() + 5;
  const auto events = events_between(&before, present_of(after));
  REQUIRE(events.size() == 2 + after.transitions.size());
  CHECK(events[0].event == "gap");
  CHECK(Json::parse(events[0].data).dump() == R"({"reason":"too_many_transitions","lost":5})");
  // A snapshot of an engine that was made anew has fewer: nothing of it is new.
  CHECK(names_of(events_between(&after, present_of(before))) == "tick");
}

TEST_CASE("StreamEvents: hostile names stay text in one line") {
  const Snapshot evil = sample::after_a_hostile_night();
  Snapshot before = evil;
  before.transitions.clear();
  before.transitions_forgotten = evil.transitions_forgotten;
  for (const StreamData& event : events_between(&before, present_of(evil))) {
    CHECK(event.data.find_first_of("\r\n") == std::string::npos);
    CHECK(Json::accept(event.data));
  }
}

TEST_CASE(
    "AlertLines: the lines of incidents and of people are kept, the latest of them, and told") {
  std::vector<std::string> told;
  AlertLines lines([&](const AlertTransition& line) { told.push_back(line.id); });
  std::vector<AlertTransition> transitions(kAlertStates);
  for (std::size_t s = 0; s < kAlertStates; ++s) {
    transitions[s].state = static_cast<AlertState>(s);
    transitions[s].id = kAlertStateNames[s];
  }
  lines.tell(transitions);
  CHECK(told == std::vector<std::string>{"begun", "risen", "ended", "acknowledged", "silenced",
                                         "unsilenced", "cleared"});
  REQUIRE(lines.latest()->size() == told.size());
  CHECK(lines.latest()->front().id == "begun");
  const StreamData event = line_event(lines.latest()->front());
  CHECK(event.event == "alert");
  CHECK(Json::parse(event.data).at("state") == "begun");
  for (std::size_t i = 0; i < AlertLines::kMost; ++i) lines.tell({transitions[4]});
  CHECK(lines.latest()->size() == AlertLines::kMost);
  CHECK(lines.latest()->front().id == "begun");
  lines.tell({transitions[11]});
  CHECK(lines.latest()->back().id == "cleared");
  CHECK(lines.latest()->size() == AlertLines::kMost);
}

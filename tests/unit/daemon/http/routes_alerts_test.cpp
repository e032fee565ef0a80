// GET alerts: incidents with their alerts, of now and of the past, page by page.
#include <doctest/doctest.h>

#include <set>

#include "daemon/http/incident_list.h"
#include "tests/support/temp.h"
#include "tests/unit/daemon/http/alerted_server.h"
#include "tests/unit/daemon/http/parsed.h"
#include "tests/unit/daemon/http/route_world.h"

using namespace ringside;
using namespace ringside::http;
using Json = nlohmann::ordered_json;

namespace {

constexpr std::int64_t kAtNs = 1'800'000'000'000'000'000;
constexpr std::int64_t kMinuteNs = 60'000'000'000;

IncidentView incident_at(int minute, const std::string& id, AlertLevel level, bool over,
                         const std::string& operation = "SEND_MESSAGE") {
  IncidentView incident;
  incident.id = id;
  incident.ring = "chat";
  incident.cause.id = id + "-cause";
  incident.cause.alert = AlertType::high_latency;
  incident.cause.operation = operation;
  incident.cause.incident = id;
  incident.cause.wall_ns = kAtNs + minute * kMinuteNs;
  incident.level = incident.peak = level;
  incident.began_wall_ns = kAtNs + minute * kMinuteNs;
  incident.ended_wall_ns = over ? incident.began_wall_ns + kMinuteNs / 2 : 0;
  incident.operations = {operation};
  return incident;
}

Snapshot four_incidents() {
  Snapshot snapshot;
  snapshot.wall_ns = kAtNs + 10 * kMinuteNs;
  snapshot.tick_seconds = 5;
  snapshot.incidents = {incident_at(3, "c", AlertLevel::critical, false),
                        incident_at(1, "a", AlertLevel::warning, true),
                        incident_at(2, "b", AlertLevel::warning, false, "JOIN_ROOM"),
                        incident_at(2, "bb", AlertLevel::emergency, true)};
  snapshot.incidents[1].symptoms = {"server_down stuck "};
  return snapshot;
}

std::string ids(const Response& response) {
  const Json data = data_of(response);
  std::string text;
  for (const Json& one : data.at("incidents"))
    text += (text.empty() ? "" : " ") + one.at("id").get<std::string>();
  return text;
}

}  // namespace

TEST_CASE("RouteAlerts: the latest comes first, and each filter takes its own") {
  const RouteWorld world(four_incidents());
  const auto found = [&](Fields query) { return ids(world.api("alerts", std::move(query))); };
  CHECK(found({}) == "c bb b a");
  CHECK(found({{"state", "active"}}) == "c b");
  CHECK(found({{"state", "over"}}) == "bb a");
  CHECK(found({{"level", "warning"}}) == "b a");
  CHECK(found({{"level", "critical,emergency"}}) == "c bb");
  CHECK(found({{"operation", "JOIN_ROOM"}}) == "b");
  CHECK(found({{"operation", "NONE"}}) == "");
  CHECK(found({{"alert", "server_down"}}) == "a");
  CHECK(found({{"alert", "high_memory,server_down"}}) == "a");
  CHECK(found({{"alert", "high_latency"}}) == "c bb b a");
  CHECK(found({{"ring", "chat"}}) == "c bb b a");
  CHECK(found({{"ring", "other"}}) == "");
  CHECK(found({{"state", "over"}, {"level", "warning"}}) == "a");
}

TEST_CASE("RouteAlerts: pages follow each other, whatever begins or ends meanwhile") {
  Snapshot snapshot = four_incidents();
  RouteWorld world(snapshot);
  const Json first = data_of(world.api("alerts", {{"limit", "1"}}));
  CHECK(first.at("matching") == 4);
  CHECK(first.at("incidents").at(0).at("id") == "c");
  const auto next = [](const Json& page) { return page.at("next_cursor").get<std::string>(); };
  snapshot.incidents.push_back(incident_at(5, "d", AlertLevel::info, false));
  snapshot.incidents[2].ended_wall_ns = kAtNs + 9 * kMinuteNs;
  world.show(snapshot);
  const Json second = data_of(world.api("alerts", {{"limit", "2"}, {"cursor", next(first)}}));
  REQUIRE(second.at("incidents").size() == 2);
  CHECK(second.at("incidents").at(0).at("id") == "bb");
  CHECK(second.at("incidents").at(1).at("id") == "b");
  const Json third = data_of(world.api("alerts", {{"limit", "2"}, {"cursor", next(second)}}));
  REQUIRE(third.at("incidents").size() == 1);
  CHECK(third.at("next_cursor").is_null());
  // Beyond the end there is nothing, and that is no error.
  const Json beyond = data_of(world.api("alerts", {{"cursor", write_cursor({1, "x"})}}));
  CHECK(beyond.at("incidents").empty());
  CHECK(beyond.at("matching") == 5);
}

TEST_CASE("RouteAlerts: a cursor reads back, and no other text is one") {
  for (const IncidentPlace& place :
       {IncidentPlace{0, "a"}, IncidentPlace{-5, "x:y"}, IncidentPlace{INT64_MAX, "\xff \n"}}) {
    const auto back = read_cursor(write_cursor(place));
    REQUIRE(back.has_value());
    CHECK(*back == place);
  }
  for (const char* text : {"", "z", "0", "3a", "353a", "3:61", "+3613a61", "35613a61",
                           "39393939393939393939393939393939393939393a61"}) {
    CAPTURE(text);
    CHECK_FALSE(read_cursor(text).has_value());
  }
}

TEST_CASE(
    "RouteAlerts: an incident has its alerts and its lines of the log, and what is pending has no "
    "incident") {
  AlertedServer server;
  server.breaker(true);
  server.send_latency(900);
  server.tick();
  const RouteWorld world(server.snapshot);
  const Json data = data_of(world.api("alerts"));
  REQUIRE(data.at("incidents").size() == 1);
  const Json& incident = data.at("incidents").at(0);
  CHECK(incident.at("cause").at("alert") == "database_issue");
  REQUIRE(incident.at("alerts").size() == 1);
  CHECK(incident.at("alerts").at(0).at("id") == server.alert(AlertType::database_issue));
  CHECK(incident.at("alerts").at(0).at("incident") == incident.at("id"));
  REQUIRE(data.at("pending").size() == 1);
  CHECK(data.at("pending").at(0).at("alert") == "high_latency");
  CHECK(data.at("active_alerts").at("critical") == 1);
  CHECK(data_of(world.api("alerts", {{"state", "over"}})).at("pending").empty());
  CHECK(data_of(world.api("alerts", {{"cursor", write_cursor({1, "x"})}})).at("pending").empty());
}

TEST_CASE("RouteAlerts: past incidents come from the history, and present ones once") {
  const test::TempDir directory;
  HistorySpan past;
  past.incidents = {incident_at(-600, "old", AlertLevel::critical, true),
                    incident_at(-300, "later", AlertLevel::critical, true),
                    incident_at(3, "c", AlertLevel::warning, false)};
  AlertTransition firing = past.incidents[1].cause;
  firing.ring = "chat";
  firing.state = AlertState::firing;
  AlertTransition resolved = firing;
  resolved.wall_ns += kMinuteNs;
  resolved.state = AlertState::resolved;
  AlertTransition begun = firing;
  begun.state = AlertState::begun;
  past.transitions = {firing, begun, resolved};
  RouteWorld world(four_incidents());
  CHECK(code_of(world.api("alerts", {{"since", "1d"}})) == "503 no_history");
  world.sources.history = directory.file("h.db");
  REQUIRE(write_history(world.sources.history, past) == "");
  CHECK(ids(world.api("alerts")) == "c bb b a");
  const Response all = world.api("alerts", {{"since", "1d"}});
  CHECK(ids(all) == "c bb b a later old");
  const Json data = data_of(all);
  CHECK(data.at("incidents").at(0).at("level") == "critical");  // as the snapshot has it
  const Json& later = data.at("incidents").at(4);
  REQUIRE(later.at("alerts").size() == 1);
  CHECK(later.at("alerts").at(0).at("state") == "resolved");
  CHECK(later.at("alerts").at(0).at("since_at") == later.at("began_at"));
  REQUIRE(later.at("lines").size() == 1);
  CHECK(later.at("lines").at(0).at("state") == "begun");
  CHECK(ids(world.api("alerts", {{"since", "6h"}})) == "c bb b a later");
  CHECK(ids(world.api("alerts", {{"until", "2h"}})) == "later old");
  CHECK(ids(world.api("alerts", {{"since", "6h"}, {"until", "2h"}})) == "later");
  world.sources.history = directory.path();
  CHECK(code_of(world.api("alerts", {{"since", "1d"}})) == "500 history_failed");
}

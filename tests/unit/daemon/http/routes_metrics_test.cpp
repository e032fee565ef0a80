// GET metrics and GET operations/{name}: what is shown is what the snapshot has.
#include <doctest/doctest.h>

#include "report/render/json_parts.h"
#include "tests/support/temp.h"
#include "tests/unit/daemon/http/parsed.h"
#include "tests/unit/daemon/http/route_world.h"
#include "tests/unit/report/numbered.h"
#include "tests/unit/report/ones.h"

using namespace ringside;
using namespace ringside::http;
using Json = nlohmann::ordered_json;

namespace {

const Json* named(const Json& list, const std::string& name, const std::string& ring = "") {
  for (const Json& one : list) {
    if (one.at("name") == name && (ring.empty() || one.at("ring") == ring)) return &one;
  }
  return nullptr;
}

}  // namespace

TEST_CASE("RouteMetrics: what has to be rendered is a job, and what is kept is answered at once") {
  const RouteWorld world(sample::busy());
  for (const Fields& query : {Fields{}, Fields{{"recent", "100"}}}) {
    const Request request =
        world.request(Method::get, std::string(kApi) + "metrics", query, {}, "");
    const Match found = match(request.method, request.path);
    Answer first = answer(found, request, world.sources);
    REQUIRE(std::holds_alternative<Job>(first));
    const Response made = std::get<Job>(first).run();
    CHECK(made.status == 200);
    const Answer second = answer(found, request, world.sources);
    REQUIRE(std::holds_alternative<Response>(second));
    CHECK(std::get<Response>(second).body == made.body);
  }
}

TEST_CASE("RouteMetrics: each part is the report's") {
  const Snapshot& snapshot = sample::busy();
  const RouteWorld world(snapshot);
  const Json data = data_of(world.api("metrics", {{"histograms", "true"}, {"recent", "100"}}));
  const Report report(snapshot);
  const Json whole = detail::report_json(report, {});
  for (const char* key : {"errors", "system", "top", "regressions", "thresholds",
                          "histogram_schema", "quantile_min_samples"}) {
    CAPTURE(key);
    CHECK(data.at(key) == whole.at(key));
  }
  for (const char* key :
       {"verdict", "headline", "reasons", "stories", "security", "resilience", "databases"}) {
    CAPTURE(key);
    CHECK(data.at(key) == whole.at("analysis").at(key));
  }
  for (const char* key : {"books", "rings", "lanes", "late_records", "unattributed_lost"}) {
    CAPTURE(key);
    CHECK(data.at("data_quality").at(key) == whole.at(key));
  }
  REQUIRE(data.at("operations").size() == snapshot.operations.size());
  for (std::size_t i = 0; i < snapshot.operations.size(); ++i) {
    Json shown = data.at("operations").at(i);
    CHECK(shown.erase("threshold") == 1);
    CHECK(shown == whole.at("operations").at(i));
  }
}

TEST_CASE("RouteMetrics: a window, the last calls and the buckets come where they are asked for") {
  const RouteWorld world(sample::busy());
  const Json plain = data_of(world.api("metrics"));
  const Json* send = named(plain.at("operations"), "SEND_MESSAGE");
  REQUIRE(send != nullptr);
  CHECK(send->at("windows").size() == kWindows);
  CHECK_FALSE(send->contains("last"));
  CHECK_FALSE(send->at("windows").at("1m").contains("histogram"));
  const Json asked =
      data_of(world.api("metrics", {{"window", "1h"}, {"recent", "2"}, {"histograms", "true"}}));
  send = named(asked.at("operations"), "SEND_MESSAGE");
  CHECK(send->at("windows").size() == 1);
  CHECK(send->at("windows").at("1h").at("histogram").size() > 5);
  CHECK(send->at("last").size() == 2);
}

TEST_CASE(
    "RouteMetrics: an operation alone, with its errors, and the nearest one of an unknown name") {
  const RouteWorld world(sample::busy());
  const Json data = data_of(world.api("metrics", {{"operation", "SEND_MESSAGE"}}));
  REQUIRE(data.at("operations").size() == 1);
  CHECK(data.at("operations").at(0).at("name") == "SEND_MESSAGE");
  CHECK(data.at("errors").size() > 0);
  for (const Json& error : data.at("errors")) CHECK(error.at("operation") == "SEND_MESSAGE");
  const Response unknown = world.api("metrics", {{"operation", "SEND_MESAGE"}});
  CHECK(code_of(unknown) == "404 unknown_operation");
  CHECK(detail_of(unknown) == "operation 'SEND_MESAGE': not known; nearest known: 'SEND_MESSAGE'");
  CHECK(code_of(world.api("metrics", {{"ring", "chut"}})) == "404 unknown_ring");
}

TEST_CASE("RouteMetrics: of two rings one can be asked for") {
  const Snapshot snapshot = sample::numbered();
  const RouteWorld world(snapshot);
  REQUIRE(snapshot.rings.size() > 1);
  const std::string ring = snapshot.rings[1].name;
  const Json data = data_of(world.api("metrics", {{"ring", ring}}));
  CHECK(data.at("operations").size() < snapshot.operations.size());
  CHECK(data.at("operations").size() > 0);
  for (const Json& one : data.at("operations")) CHECK(one.at("ring") == ring);
  for (const Json& one : data.at("events")) CHECK(one.at("ring") == ring);
  REQUIRE(data.at("data_quality").at("rings").size() == 1);
  CHECK(data.at("data_quality").at("rings").at(0).at("name") == ring);
}

TEST_CASE("RouteMetrics: a threshold says where it comes from") {
  Snapshot snapshot = sample::busy();
  snapshot.thresholds = {};
  snapshot.thresholds.operations["JOIN_ROOM"] = {-1, 2.5};
  for (SeriesView& series : snapshot.operations) {
    series.declared = {};
    if (series.name == "LIST_ROOMS") series.declared.response_ns = 70'000'000;
    if (series.name == "MESSAGE_HISTORY") series.declared.waits_for_client = true;
  }
  const Json data = data_of(RouteWorld(snapshot).api("metrics"));
  const auto check = [&](const char* name, const Json& response, const Json& from, double errors) {
    CAPTURE(name);
    const Json threshold = named(data.at("operations"), name)->at("threshold");
    CHECK(threshold.at("response_ms") == response);
    CHECK(threshold.at("response_from") == from);
    CHECK(threshold.at("error_rate").get<double>() == doctest::Approx(errors));
  };
  check("SEND_MESSAGE", 200.0, "configured", 0.05);
  check("LIST_ROOMS", 70.0, "declared", 0.05);
  check("LEAVE_ROOM", 1000.0, "default", 0.05);
  check("JOIN_ROOM", 1000.0, "default", 0.025);
  check("MESSAGE_HISTORY", nullptr, nullptr, 0.05);
  CHECK(data.at("all").at("threshold").at("response_ms").is_null());
  CHECK(data.at("all").at("threshold").at("error_rate") == 0.05);
  CHECK(data.at("categories").at(0).at("threshold").at("error_rate").is_null());
}

TEST_CASE("RouteMetrics: alerts that are active and incidents that last are counted by level") {
  Snapshot snapshot = sample::ones();
  snapshot.alerts.clear();
  const auto add = [&](AlertState state, AlertLevel level) {
    AlertView alert;
    alert.last.state = state;
    alert.last.level = level;
    snapshot.alerts.push_back(alert);
  };
  add(AlertState::firing, AlertLevel::critical);
  add(AlertState::recovering, AlertLevel::critical);
  add(AlertState::pending, AlertLevel::critical);
  add(AlertState::firing, AlertLevel::info);
  IncidentView incident;
  incident.level = AlertLevel::warning;
  snapshot.incidents = {incident, incident};
  snapshot.incidents[1].ended_wall_ns = 1;
  const Json data = data_of(RouteWorld(snapshot).api("metrics"));
  CHECK(data.at("active_alerts").dump() == R"({"info":1,"warning":0,"critical":2,"emergency":0})");
  CHECK(data.at("open_incidents").dump() == R"({"info":0,"warning":1,"critical":0,"emergency":0})");
}

TEST_CASE("RouteMetrics: hostile names come through as JSON text and break out of nothing") {
  const Snapshot snapshot = sample::after_a_hostile_night();
  const RouteWorld world(snapshot);
  const Json data = data_of(world.api("metrics"));
  CHECK(named(data.at("operations"), sample::kEvilName) != nullptr);
  const Json one = data_of(world.api(std::string("operations/") + sample::kEvilName));
  CHECK(one.at("name") == sample::kEvilName);
}

TEST_CASE("RouteOperation: all of it: series, worst, errors, alerts, stages") {
  const Snapshot snapshot = sample::after_the_night();
  const RouteWorld world(snapshot);
  const Json data = data_of(world.api("operations/SEND_MESSAGE"));
  CHECK(data.at("event") == false);
  REQUIRE(data.at("rings").size() == 1);
  const Json& of_ring = data.at("rings").at(0);
  const SeriesView* series = find_series(snapshot.operations, "chat", "SEND_MESSAGE");
  REQUIRE(series != nullptr);
  CHECK(of_ring.at("series").at("last").size() == series->last.size());
  CHECK(of_ring.at("series").at("windows").at("1h").at("histogram").size() ==
        series->window(Window::hour).latency.buckets.size());
  CHECK(of_ring.at("time").at("stages").size() > 2);
  CHECK(of_ring.at("errors").size() > 0);
  CHECK(of_ring.at("worst").size() > 0);
  for (const Json& record : of_ring.at("worst")) CHECK(record.at("operation") == "SEND_MESSAGE");
  CHECK(of_ring.at("history").is_null());
  CHECK(of_ring.at("sampled_one_in").is_null());
  CHECK(data_of(world.api("operations/SEND_MESSAGE", {{"recent", "3"}}))
            .at("rings")
            .at(0)
            .at("series")
            .at("last")
            .size() == 3);
}

TEST_CASE("RouteOperation: one that two rings have is told for each, or for the one asked for") {
  const Snapshot snapshot = sample::numbered();
  const RouteWorld world(snapshot);
  const std::string name = snapshot.operations[0].name;
  const Json both = data_of(world.api("operations/" + name));
  REQUIRE(both.at("rings").size() == 2);
  CHECK(both.at("rings").at(0).at("ring") != both.at("rings").at(1).at("ring"));
  const std::string second = both.at("rings").at(1).at("ring");
  const Json one = data_of(world.api("operations/" + name, {{"ring", second}}));
  REQUIRE(one.at("rings").size() == 1);
  CHECK(one.at("rings").at(0) == both.at("rings").at(1));
}

TEST_CASE("RouteOperation: an event has no threshold, and an unknown name its nearest") {
  const RouteWorld world(sample::busy());
  const Json event = data_of(world.api("operations/LOGIN_FAILED"));
  CHECK(event.at("event") == true);
  CHECK(event.at("rings").at(0).at("series").at("threshold").at("error_rate").is_null());
  const Response unknown = world.api("operations/LOGIN_FAILD");
  CHECK(code_of(unknown) == "404 unknown_operation");
  CHECK(detail_of(unknown) == "operation 'LOGIN_FAILD': not known; nearest known: 'LOGIN_FAILED'");
  CHECK(code_of(world.api("operations/SEND_MESSAGE", {{"history", "1h"}})) == "503 no_history");
}

TEST_CASE("RouteOperation: with its history, or without where there is none of it") {
  const test::TempDir directory;
  RouteWorld world(sample::busy());
  world.sources.history = directory.file("h.db");
  REQUIRE(write_history(world.sources.history, observed_night()) == "");
  const auto history = [&](const char* name) {
    return data_of(world.api(std::string("operations/") + name, {{"history", "2h"}}))
        .at("rings")
        .at(0)
        .at("history");
  };
  const Json found = history("SEND_MESSAGE");
  CHECK(found.at("step_seconds") == 60);
  REQUIRE(found.at("series").size() == 5);
  CHECK(found.at("series").at(0).at("figure") == "rate_per_s");
  CHECK(found.at("series").at(0).at("values").size() == 120);
  CHECK(found.at("series").at(0).at("ring") == "chat");
  world.sources.history = directory.file("empty.db");
  REQUIRE(write_history(world.sources.history, {}) == "");
  CHECK(history("SEND_MESSAGE").is_null());
}

// POST alerts: what a person says of alerts reaches a real engine, and the alert log.
#include <doctest/doctest.h>

#include "daemon/http/alert_body.h"
#include "tests/unit/daemon/http/alerted_server.h"
#include "tests/unit/daemon/http/parsed.h"
#include "tests/unit/daemon/http/route_world.h"

using namespace ringside;
using namespace ringside::http;
using Json = nlohmann::ordered_json;

namespace {

// A server whose breaker is open: one critical alert, and its incident.
struct HandledServer : AlertedServer, RouteWorld {
  HandledServer() : desk(engine, AlertedServer::wall_ns) {
    breaker(true);
    advance();
    id = alert(AlertType::database_issue);
    sources.desk = &desk;
    sources.idempotency = &idempotency;
  }
  void advance(int count = 1) {
    desk.log.tell(tick(count));
    sources.now_wall_ns = AlertedServer::wall_ns;
    sources.lines = desk.log.latest();
    show(snapshot);
  }
  Json done(const Json& body, Fields headers = {}) {
    return data_of(post(body.dump(), std::move(headers)));
  }
  std::string incident() const { return snapshot.incidents.at(0).id; }
  // The lines that people made, as "state: message".
  std::string log() const {
    std::string text;
    const auto lines = desk.log.latest();
    for (const AlertTransition& line : *lines) {
      if (is_of_person(line.state)) text += std::string(name_of(line.state)) + ": " + line.message;
    }
    return text;
  }

  EngineDesk desk;
  Idempotency idempotency;
  std::string id;
};

Json clear_all() { return {{"action", "clear"}, {"all", true}, {"why", "known"}}; }

}  // namespace

TEST_CASE(
    "RouteHandling: clear all: who and why are in the log, and the answer names what it meant") {
  HandledServer world;
  const Json data = world.done(clear_all());
  CHECK(data.at("action") == "clear");
  CHECK(data.at("who") == "ops");
  CHECK(data.at("dry_run") == false);
  REQUIRE(data.at("results").size() == 1);
  const Json& result = data.at("results").at(0);
  CHECK(result.at("target") == "all");
  CHECK(result.at("done") == true);
  CHECK(result.at("changed") == true);
  CHECK(result.at("text") == "cleared by ops: known");
  CHECK(result.at("alerts") == Json{world.id});
  CHECK(world.log() == "cleared: cleared by ops: known (1 active alert matches)");
  // Again: nothing is active, and nothing is wrong.
  world.engine.show(world.snapshot);
  CHECK(world.alert(AlertType::database_issue).empty());
  const Json again = world.done(clear_all());
  CHECK(again.at("results").at(0).at("done") == true);
  CHECK(again.at("results").at(0).at("changed") == false);
}

TEST_CASE("RouteHandling: a cleared alert whose cause goes on returns, and names the old one") {
  HandledServer world;
  world.done({{"action", "clear"}, {"ids", {world.id}}, {"why", "fixed"}});
  world.advance();
  const Json listed = data_of(world.api("alerts"));
  REQUIRE(listed.at("incidents").size() == 1);
  const Json& alerts = listed.at("incidents").at(0).at("alerts");
  REQUIRE(alerts.size() == 2);
  CHECK(alerts.at(0).at("id") != world.id);
  CHECK(alerts.at(0).at("returns") == world.id);
  CHECK(alerts.at(0).at("state") == "firing");
  CHECK(alerts.at(1).at("id") == world.id);
  CHECK(alerts.at(1).at("state") == "resolved");
  const Json& lines = listed.at("incidents").at(0).at("lines");
  REQUIRE(lines.size() == 2);
  CHECK(lines.at(0).at("state") == "begun");
  CHECK(lines.at(1).at("state") == "cleared");
  CHECK(lines.at(1).at("message") == "cleared by ops: fixed");
}

TEST_CASE("RouteHandling: a given name stands before the proved one, cut to what the log takes") {
  HandledServer world;
  Json body = {{"action", "acknowledge"}, {"ids", {world.id}}, {"why", "looking"}, {"who", "anna"}};
  CHECK(world.done(body).at("who") == "anna (ops)");
  CHECK(world.log() == "acknowledged: acknowledged by anna (ops): looking");
  world.who = std::string(49, 'x') + "\u00e9" + std::string(60, 'y');
  CHECK(world.done(body).at("who").get<std::string>().size() == 100);
  body["who"] = std::string(47, 'a');  // the cut would part the letter
  const std::string who = world.done(body).at("who");
  CHECK(who == std::string(47, 'a') + " (" + std::string(49, 'x') + ")");
  world.who.clear();
  body.erase("who");
  CHECK(world.done(body).at("who") == "127.0.0.1");
}

TEST_CASE("RouteHandling: an incident is acknowledged for a time, and shown so") {
  HandledServer world;
  const Json data = world.done({{"action", "acknowledge"},
                                {"incidents", {world.incident()}},
                                {"for", "30min"},
                                {"why", "mine"}});
  CHECK(data.at("until_at") == "2027-01-15T08:30:05.000000000Z");
  world.advance();
  const Json incident = data_of(world.api("alerts")).at("incidents").at(0);
  CHECK(incident.at("acknowledged") == true);
  CHECK(incident.at("acknowledged_by") == "ops: mine");
  const Json again =
      world.done({{"action", "clear"}, {"incidents", {world.incident()}}, {"why", "over"}});
  CHECK(again.at("results").at(0).at("changed") == true);
}

TEST_CASE("RouteHandling: a silence by filter holds until it is ended by its id") {
  HandledServer world;
  const Json data = world.done({{"action", "silence"},
                                {"filter", {{"alert", "database_issue"}, {"level", "critical"}}},
                                {"for", "2h"},
                                {"why", "migration"}});
  const std::string silence = data.at("results").at(0).at("silence");
  CHECK_FALSE(silence.empty());
  CHECK(data.at("results").at(0).at("target") == "filter");
  CHECK(data.at("results").at(0).at("alerts").size() == 1);
  world.advance();
  const Json listed = data_of(world.api("alerts"));
  REQUIRE(listed.at("silences").size() == 1);
  CHECK(listed.at("silences").at(0).at("id") == silence);
  CHECK(listed.at("silences").at(0).at("why") == "migration");
  CHECK(listed.at("incidents").at(0).at("silenced") == true);
  const Json ended = world.done({{"action", "unsilence"}, {"ids", {silence}}, {"why", "done"}});
  CHECK(ended.at("results").at(0).at("alerts").size() == 1);
  world.advance();
  CHECK(data_of(world.api("alerts")).at("silences").empty());
  CHECK(
      code_of(world.post(Json{{"action", "unsilence"}, {"ids", {silence}}, {"why", "x"}}.dump())) ==
      "404 unknown_alert");
}

TEST_CASE("RouteHandling: a dry run says what would be meant, and changes nothing") {
  HandledServer world;
  const std::string before = world.engine.encode();
  Json body = clear_all();
  body["dry_run"] = true;
  const Json data = world.done(body);
  CHECK(data.at("dry_run") == true);
  CHECK(data.at("results").at(0).at("text") == "clear would be done, for 1 active alert");
  CHECK(data.at("results").at(0).at("changed") == false);
  CHECK(world.engine.encode() == before);
  CHECK(world.desk.asked.empty());
  const auto dry = [&](const Json& body_of) { return code_of(world.post(body_of.dump())); };
  CHECK(dry({{"action", "clear"}, {"ids", {"no"}}, {"why", "x"}, {"dry_run", true}}) ==
        "404 unknown_alert");
  CHECK(dry({{"action", "clear"},
             {"incidents", {world.incident()}},
             {"why", "x"},
             {"dry_run", true}}) == "200");
  CHECK(dry({{"action", "unsilence"}, {"ids", {"no"}}, {"why", "x"}, {"dry_run", true}}) ==
        "404 unknown_alert");
}

TEST_CASE("RouteHandling: of several what can be done is done, and the rest is told") {
  HandledServer world;
  const Response response =
      world.post(Json{{"action", "acknowledge"}, {"ids", {world.id, "no"}}, {"why", "x"}}.dump());
  CHECK(code_of(response) == "409 partly_refused");
  const Json results = parsed(response).at("results");
  REQUIRE(results.size() == 2);
  CHECK(results.at(0).at("done") == true);
  CHECK(results.at(1).at("done") == false);
  CHECK(results.at(1).at("text") == "alert no is not known");
  // One that is over can't be acknowledged, and clearing it again is no error.
  world.done({{"action", "clear"}, {"ids", {world.id}}, {"why", "x"}});
  CHECK(code_of(world.post(
            Json{{"action", "acknowledge"}, {"ids", {world.id}}, {"why", "x"}}.dump())) ==
        "409 refused");
  CHECK(world.done({{"action", "clear"}, {"ids", {world.id}}, {"why", "x"}})
            .at("results")
            .at(0)
            .at("changed") == false);
}

TEST_CASE("RouteHandling: the same key gives the same answer, and nothing is done twice") {
  HandledServer world;
  const std::string body = clear_all().dump();
  const Response first = world.post(body, {{"idempotency-key", "key-1"}});
  CHECK(first.status == 200);
  const std::size_t asked = world.desk.asked.size();
  const Response again = world.post(body, {{"idempotency-key", "key-1"}});
  CHECK(again.body == first.body);
  REQUIRE(header(again, "Idempotency-Replayed") != nullptr);
  CHECK(world.desk.asked.size() == asked);
  CHECK(code_of(world.post(body + " ", {{"idempotency-key", "key-1"}})) ==
        "422 idempotency_key_reused");
  // Another client may have the same key.
  world.who = "other";
  CHECK(header(world.post(body, {{"idempotency-key", "key-1"}}), "Idempotency-Replayed") ==
        nullptr);
  for (const char* key : {"", "with space", "caf\xc3\xa9"})
    CHECK(code_of(world.post(body, {{"idempotency-key", key}})) == "400 invalid_parameter");
}

TEST_CASE(
    "RouteHandling: without an answer of the engine nothing is kept, and the key may come again") {
  HandledServer world;
  world.desk.hangs = true;
  const std::string body = clear_all().dump();
  const Response response = world.post(body, {{"idempotency-key", "k"}});
  CHECK(code_of(response) == "503 not_answered");
  CHECK(header(response, "Retry-After") != nullptr);
  world.desk.hangs = false;
  CHECK(world.post(body, {{"idempotency-key", "k"}}).status == 200);
}

TEST_CASE("RouteHandling: a key of a request that changed nothing may come with another one") {
  HandledServer world;
  const Fields key = {{"idempotency-key", "k"}};
  const auto body = [&](const char* id, const char* why) {
    return Json{{"action", "acknowledge"}, {"ids", {id}}, {"why", why}}.dump();
  };
  CHECK(code_of(world.post(body("no", "first"), key)) == "404 unknown_alert");
  CHECK(code_of(world.post(body("no", "second"), key)) == "404 unknown_alert");
  // It is looked at anew, not remembered.
  CHECK(world.desk.asked.size() == 2);
  const std::string both =
      Json{{"action", "acknowledge"}, {"ids", {world.id, "no"}}, {"why", "x"}}.dump();
  CHECK(code_of(world.post(both, key)) == "409 partly_refused");
  const Response again = world.post(both, key);
  CHECK(code_of(again) == "409 partly_refused");
  CHECK(header(again, "Idempotency-Replayed") != nullptr);
  CHECK(world.desk.asked.size() == 4);
  CHECK(code_of(world.post(body("no", "third"), key)) == "422 idempotency_key_reused");
}

TEST_CASE("RouteHandling: a request that ends in an exception leaves its key free") {
  HandledServer world;
  world.desk.throws = true;
  const std::string body = clear_all().dump();
  CHECK_THROWS_AS(world.post(body, {{"idempotency-key", "k"}}), std::bad_alloc);
  world.desk.throws = false;
  CHECK(world.post(body, {{"idempotency-key", "k"}}).status == 200);
}

TEST_CASE("RouteHandling: a user of the socket and a token of the same name have their own keys") {
  HandledServer world;
  const std::string body = clear_all().dump();
  const auto is_replayed = [&] {
    return header(world.post(body, {{"idempotency-key", "k"}}), "Idempotency-Replayed") != nullptr;
  };
  CHECK_FALSE(is_replayed());
  CHECK(is_replayed());
  world.uid = 1000;
  CHECK_FALSE(is_replayed());
  CHECK(is_replayed());
  world.uid = 1001;  // of another user
  CHECK_FALSE(is_replayed());
}

TEST_CASE("AlertBody: what is wrong is told with its place, and nothing is guessed") {
  struct Case {
    const char* body;
    const char* detail;
  };
  const Case cases[] = {
      {R"([])", "found a list of 0, expected an object"},
      {R"({})", "action: expected one of acknowledge, silence, unsilence, clear"},
      {R"({"action":"delete","all":true,"why":"x"})",
       "action: found 'delete', expected one of acknowledge, silence, unsilence, clear"},
      {R"({"action":1,"all":true,"why":"x"})",
       "action: found 1, expected one of acknowledge, silence, unsilence, clear"},
      {R"({"action":"clear","why":"x"})",
       "found none, expected exactly one of ids, incidents, filter and all"},
      {R"({"action":"clear","all":true,"ids":["a"],"why":"x"})",
       "found ids and all, expected exactly one of ids, incidents, filter and all"},
      {R"({"action":"clear","all":false,"why":"x"})", "all: found false, expected true"},
      {R"({"action":"clear","al":true,"why":"x"})",
       "'al': found an unknown key, nearest known: all"},
      {R"({"action":"clear","ids":[],"why":"x"})",
       "ids: found a list of 0, expected a list of 1 to 200 ids"},
      {R"({"action":"clear","ids":"a","why":"x"})",
       "ids: found 'a', expected a list of 1 to 200 ids"},
      {R"({"action":"clear","ids":["a",""],"why":"x"})",
       "ids[1]: found '', expected text of 1 to 100 bytes"},
      {R"({"action":"clear","ids":["a","b","a"],"why":"x"})", "ids[2]: found 'a' twice"},
      {R"({"action":"clear","incidents":[{}],"why":"x"})",
       "incidents[0]: found an object, expected text of 1 to 100 bytes"},
      {R"({"action":"clear","filter":{},"why":"x"})",
       "filter: found an object, expected an object with alert, operation, ring or level; for "
       "everything write \"all\": true"},
      {R"({"action":"clear","filter":{"levl":"info"},"why":"x"})",
       "filter.'levl': found an unknown key, nearest known: level"},
      {R"({"action":"clear","filter":{"level":"bad"},"why":"x"})",
       "filter.level: found 'bad', expected one of info, warning, critical, emergency"},
      {R"({"action":"clear","filter":{"operation":null},"why":"x"})",
       "filter.operation: found null, expected text of 1 to 200 bytes"},
      {R"({"action":"unsilence","all":true,"why":"x"})", "all: unsilence takes ids of silences"},
      {R"({"action":"silence","all":true,"why":"x"})",
       "for: silence needs it: how long it holds, such as \"2h\""},
      {R"({"action":"silence","all":true,"why":"x","for":"0s"})",
       "for: found '0s', expected a duration from 1s to 366d, such as \"2h\""},
      {R"({"action":"silence","all":true,"why":"x","for":"367d"})",
       "for: found '367d', expected a duration from 1s to 366d, such as \"2h\""},
      {R"({"action":"silence","all":true,"why":"x","for":7200})",
       "for: found 7200, expected a duration from 1s to 366d, such as \"2h\""},
      {R"({"action":"clear","all":true,"why":"x","for":"2h"})",
       "for: clear holds for good; leave it out"},
      {R"({"action":"clear","all":true})", "why: expected the reason, text of 1 to 500 bytes"},
      {R"({"action":"clear","all":true,"why":""})",
       "why: found '', expected text of 1 to 500 bytes"},
      {R"({"action":"clear","all":true,"why":"x","who":5})",
       "who: found 5, expected text of 1 to 60 bytes"},
      {R"({"action":"clear","all":true,"why":"x","dry_run":"yes"})",
       "dry_run: found 'yes', expected true or false"},
      {R"({"action":"clear","all":true,"why":"x","all":true})",
       "'all': found twice, expected once"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.body);
    const auto read = read_alert_body(one.body);
    const auto* problem = std::get_if<AlertBodyProblem>(&read);
    REQUIRE(problem != nullptr);
    CHECK(std::string(problem->code) == "invalid_body");
    CHECK(problem->detail == one.detail);
  }
  for (const char* body : {"", "{", "{\"action\":", "nul", "{\"a\":1}}", "\xff", "{\"a\":\"\xff\"}",
                           "{\"a\":1e999}"}) {
    CAPTURE(body);
    const auto read = read_alert_body(body);
    const auto* problem = std::get_if<AlertBodyProblem>(&read);
    REQUIRE(problem != nullptr);
    CHECK(std::string(problem->code) == "invalid_json");
  }
  const std::string deep(60'000, '[');
  CHECK(std::holds_alternative<AlertBodyProblem>(read_alert_body(deep)));
}

TEST_CASE("Idempotency: keys are kept for a day, within a number and a size") {
  Idempotency keys;
  constexpr std::int64_t kBegun = 1'800'000'000'000'000'000;
  using Is = Idempotency::Is;
  Response answer;
  answer.body = std::string(1000, 'x');
  CHECK(keys.begin("a", "body", kBegun).is == Is::fresh);
  CHECK(keys.begin("a", "body", kBegun).is == Is::under_way);
  keys.end("a", answer);
  CHECK(keys.begin("a", "body", kBegun).answer->body == answer.body);
  CHECK(keys.begin("a", "other", kBegun).is == Is::other_body);
  CHECK(keys.begin("a", "body", kBegun + Idempotency::kKeptNs + 1).is == Is::fresh);
  for (std::size_t i = 0; i < Idempotency::kMost; ++i) {
    const std::string key = "k" + std::to_string(i);
    REQUIRE(keys.begin(key, "body", kBegun).is == Is::fresh);
    keys.end(key, answer);
  }
  CHECK(keys.begin("a", "body", kBegun).is == Is::fresh);  // it had to go: the oldest
  CHECK(keys.begin("k5", "body", kBegun).is == Is::same);
  answer.body.assign(Idempotency::kMostBytes / 2, 'x');
  for (const char* key : {"x", "y", "z"}) {
    CHECK(keys.begin(key, "", kBegun).is == Is::fresh);
    keys.end(key, answer);
  }
  CHECK(keys.begin("x", "", kBegun).is == Is::fresh);
  CHECK(keys.begin("z", "", kBegun).is == Is::same);
  keys.forget("z");
  CHECK(keys.begin("z", "", kBegun).is == Is::fresh);
  keys.end("never begun", answer);
  CHECK(keys.begin("never begun", "", kBegun).is == Is::fresh);
}

// Incidents in words.
#include "tools/ringside/commands/alert_words.h"

#include <doctest/doctest.h>

using namespace ringside::tool;
using Json = nlohmann::json;

TEST_CASE("AlertWords: how long an incident lasts, or lasted") {
  Json incident = {{"began_at", "2026-11-27T12:00:00.900Z"}, {"ended_at", nullptr}};
  CHECK(span_of(incident, "2026-11-27T12:01:30.100Z") == "90.0 s");
  CHECK(span_of(incident, "2026-11-27T15:05:00Z") == "3 h 05 min");
  CHECK(span_of(incident, "not known") == "–");
  incident["ended_at"] = "2026-11-27T12:00:30.000Z";
  CHECK(span_of(incident, "2026-11-27T15:05:00Z") == "30.0 s");
  // The clock was set back.
  incident["ended_at"] = "2026-11-27T11:00:00.000Z";
  CHECK(span_of(incident, "2026-11-27T15:05:00Z") == "–");
  CHECK(second_of("2026-11-27T12:00:00.900Z") == "2026-11-27 12:00:00");
  CHECK(second_of("") == "–");
}

TEST_CASE("AlertWords: causes and handling are one line, and escaped") {
  const Json incident = {
      {"ring", "chat"},
      {"cause",
       {{"alert", "high_latency"}, {"operation", "SEND\x1b[2J"}, {"message", "p95 \u202e 3 s"}}},
      {"acknowledged", true},
      {"acknowledged_by", "anna"},
      {"silenced", true}};
  const std::string cause = cause_of(incident);
  CHECK(cause.find("high_latency SEND") == 0);
  CHECK(cause.find("(chat): p95 ") != std::string::npos);
  CHECK(cause.find('\x1b') == std::string::npos);
  CHECK(cause.find("\u202e") == std::string::npos);
  CHECK(handled_words(incident) == ", acknowledged by anna, silenced");
  CHECK(handled_words({{"acknowledged", false}}).empty());
}

TEST_CASE("AlertWords: whom it touched") {
  Json incident = {{"operations", {"SEND", "LIST"}}, {"failed_calls", 1U}, {"users", 3U}};
  CHECK(touched_words(incident) == "2 operations: SEND, LIST; 1 call failed; at least 3 users");
  incident = {{"operations", Json::array()}, {"failed_calls", 0U}, {"users", 0U}};
  CHECK(touched_words(incident) == "0 calls failed");
}

TEST_CASE("AlertWords: what lasts, in one line, and whether it is old") {
  Json alerts = {{"open_incidents", {{"critical", 1U}, {"warning", 2U}}},
                 {"active_alerts", {{"warning", 5U}}},
                 {"pending", {1, 2}}};
  Json meta = {{"age_seconds", 2.0}, {"tick_seconds", 5.0}};
  CHECK(summary_line(alerts, meta) ==
        "3 incidents last: 1 critical, 2 warning; 5 alerts are active, 2 pending");
  meta["age_seconds"] = 16.0;
  CHECK(summary_line(alerts, meta).find("\nthis is 16.0 s old: the daemon hangs") !=
        std::string::npos);
  alerts = {{"open_incidents", Json::object()},
            {"active_alerts", Json::object()},
            {"pending", Json::array()}};
  meta["age_seconds"] = 1.0;
  CHECK(summary_line(alerts, meta) == "no incident lasts; 0 alerts are active");
}
